//! Destinations that no component may reach, in every form that a URL has for them. A socket
//! listens where they lead; what counts is that nothing ever connects to it.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests may fail loudly"
)]

mod stand;

use std::collections::VecDeque;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use mooring_egress::{Budget, Caps, Egress, EgressError, Resolve};
use mooring_volume::Secrets;
use mooring_volume::http::HttpGrant;
use stand::{Server, get, local, send, system, text};

/// Gives each look-up its answer, in order, and the last one from then on.
struct Script(Mutex<VecDeque<Vec<IpAddr>>>);

impl Script {
    fn new(answers: &[&[&str]]) -> Arc<Self> {
        let parse = |answer: &&[&str]| answer.iter().map(|text| text.parse().unwrap()).collect();
        Arc::new(Self(Mutex::new(answers.iter().map(parse).collect())))
    }
}

#[async_trait::async_trait]
impl Resolve for Script {
    async fn resolve(&self, _: &str, port: u16) -> std::io::Result<Vec<SocketAddr>> {
        let mut answers = self.0.lock().unwrap();
        let next = if answers.len() > 1 { answers.pop_front() } else { answers.front().cloned() };
        // A port of the resolver's own must not count.
        Ok(next.unwrap().into_iter().map(|ip| SocketAddr::new(ip, port ^ 1)).collect())
    }
}

/// This machine, its links and the metadata of clouds, as hosts of URLs.
const FORMS: [&str; 34] = [
    "127.0.0.1",
    "127.1",
    "127.0.1",
    "2130706433",
    "0x7f000001",
    "0x7f.0.0.1",
    "0x7f.1",
    "0177.0.0.1",
    "017700000001",
    "0177.1",
    "0",
    "0.0.0.0",
    "127.0.0.1.",
    "[::1]",
    "[::]",
    "[::ffff:127.0.0.1]",
    "[::ffff:7f00:1]",
    "[::127.0.0.1]",
    "[64:ff9b::7f00:1]",
    "[0:0:0:0:0:ffff:127.0.0.1]",
    "localhost",
    "LOCALHOST.",
    "169.254.169.254",
    "2852039166",
    "0xa9fea9fe",
    "0251.0376.0251.0376",
    "[::ffff:169.254.169.254]",
    "[::ffff:a9fe:a9fe]",
    "[fd00:ec2::254]",
    "[fe80::1]",
    "[64:ff9b::a9fe:a9fe]",
    "[2002:7f00:1::]",
    "169.254.169.254.",
    "255.255.255.255",
];

#[tokio::test]
async fn no_form_of_a_forbidden_address_is_connected_to() {
    let server = Server::new(None, |_| async { text(200, "reached") }).await;
    let other = system(&[HttpGrant::to("https://array.example.com")]);
    for form in FORMS {
        let url = format!("http://{form}:{}/latest/meta-data/", server.address.port());
        // A component that was granted something else.
        assert!(send(&other, &url).await.is_err(), "{url}");
        // An operator who granted just this, and every network, without naming loopback.
        let networks = vec!["0.0.0.0/0".to_owned(), "::/0".to_owned()];
        let origin = format!("http://{form}:{}", server.address.port());
        let grant = HttpGrant { networks, ..HttpGrant::to(&origin) };
        if let Ok(egress) = Egress::new(&[grant]) {
            let error = send(&egress, &url).await.unwrap_err();
            assert!(matches!(error, EgressError::DestinationIpProhibited { .. }), "{url}: {error}");
        }
    }
    assert_eq!(server.accepted(), 0);
    // The socket does listen: what named loopback reaches it.
    let egress = system(&[local(&server.http())]);
    assert!(send(&egress, &server.http()).await.is_ok());
    assert_eq!(server.accepted(), 1);
}

#[tokio::test]
async fn names_that_lead_to_forbidden_addresses_are_not_connected_to() {
    let server = Server::new(None, |_| async { text(200, "reached") }).await;
    let origin = format!("http://array.example.com:{}", server.address.port());
    for answer in [
        &["127.0.0.1"][..],
        &["::1"],
        &["::ffff:127.0.0.1"],
        &["169.254.169.254"],
        &["fd00:ec2::254"],
        &["::ffff:169.254.169.254"],
        &["0.0.0.0"],
        &["10.0.0.1"],
        // One that may be reached does not open the others.
        &["93.184.216.34", "127.0.0.1"],
        &["127.0.0.1", "93.184.216.34"],
    ] {
        let script = Script::new(&[answer]);
        let egress = Egress::with(&[HttpGrant::to(&origin)], Caps::default(), script).unwrap();
        let error = send(&egress, &origin).await.unwrap_err();
        assert!(
            matches!(error, EgressError::DestinationIpProhibited { .. }),
            "{answer:?}: {error}"
        );
        assert_eq!(egress.counts().connections, 0);
    }
    assert_eq!(server.accepted(), 0);
}

#[tokio::test]
async fn a_name_that_changes_its_answer_gains_nothing() {
    let server = Server::new(None, |_| async { text(200, "reached") }).await;
    let origin = format!("http://array.example.com:{}", server.address.port());
    // First an address that is granted and not there, then this machine.
    let script = Script::new(&[&["10.255.255.1"], &["127.0.0.1"]]);
    let networks = vec!["10.255.255.0/24".to_owned()];
    let grant = HttpGrant { networks, ..HttpGrant::to(&origin) };
    let caps = Caps { connect: Duration::from_millis(100), ..Caps::default() };
    let egress = Egress::with(&[grant], caps, script).unwrap();
    let first = send(&egress, &origin).await.unwrap_err();
    assert!(!first.is_refusal(), "{first}");
    let second = send(&egress, &origin).await.unwrap_err();
    assert!(matches!(second, EgressError::DestinationIpProhibited { .. }), "{second}");
    assert_eq!(server.accepted(), 0);
    // Nor does asking for more tries: each is judged anew.
    let mut request = get(&origin);
    request.headers_mut().insert("mooring-retry", "3".parse().unwrap());
    let budget = Budget::until(Instant::now() + Duration::from_secs(5));
    assert!(egress.send(request, &Secrets::default(), budget).await.is_err());
    assert_eq!(server.accepted(), 0);
}

#[tokio::test]
async fn paths_outside_the_grant_are_not_asked_for() {
    let server = Server::new(None, |_| async { text(200, "reached") }).await;
    let grant = HttpGrant { paths: vec!["/api".to_owned()], ..local(&server.http()) };
    let egress = system(&[grant]);
    for path in [
        "/",
        "/apix",
        "/API",
        "/api/../admin",
        "/api/%2e%2e/admin",
        "/api/%2E%2E%2Fadmin",
        "/api/..%2fadmin",
        "/api/..;/admin",
        "/api/%252e%252e/admin",
        "/api/%5c..%5cadmin",
        "//api",
        "/%61pi",
        "/x/../api",
    ] {
        let error = send(&egress, &format!("{}{path}", server.http())).await.unwrap_err();
        assert!(error.is_refusal(), "{path}: {error}");
    }
    assert_eq!((server.accepted(), egress.counts().refused), (0, 13));
    assert!(send(&egress, &format!("{}/api/volumes?x=../..", server.http())).await.is_ok());
}

#[tokio::test]
async fn other_origins_and_methods_are_refused() {
    let server = Server::new(None, |_| async { text(200, "reached") }).await;
    let port = server.address.port();
    let egress = system(&[local("https://127.0.0.1:1")]);
    for url in [
        format!("http://127.0.0.1:{port}/"),
        format!("https://127.0.0.1:{port}/"),
        format!("https://127.0.0.1:1@127.0.0.1:{port}/"),
        format!("https://127.0.0.2:{port}/"),
    ] {
        assert!(send(&egress, &url).await.unwrap_err().is_refusal(), "{url}");
    }
    let egress = system(&[local(&server.http())]);
    for method in ["CONNECT", "TRACE"] {
        let mut request = get(&server.http());
        *request.method_mut() = method.parse().unwrap();
        let budget = Budget::until(Instant::now() + Duration::from_secs(5));
        let error = egress.send(request, &Secrets::default(), budget).await.unwrap_err();
        assert!(matches!(error, EgressError::HttpRequestMethodInvalid { .. }), "{error}");
    }
    assert_eq!(server.accepted(), 0);
}
