//! A component that asks for whatever it is told: what it was not granted is never connected to,
//! what answers slowly or without end costs it its own time alone, and of the credentials that
//! the host applies it sees nothing.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests may fail loudly"
)]

mod stand;

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use mooring_backend::{Driver, DriverConfig, HttpOutcome, Limits, LoadError};
use mooring_volume::backend::Volumes;
use mooring_volume::http::{Basic, Credential, HttpAuth, HttpGrant};
use mooring_volume::{Code, Error, Secrets};
use stand::{Stand, call, create, guest};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;

/// A server of HTTP/1.1 on 127.0.0.1, by hand: its answers are not to be relied on.
struct Server {
    address: SocketAddr,
    accepted: Arc<AtomicUsize>,
    task: tokio::task::JoinHandle<()>,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Server {
    async fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let accepted = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&accepted);
        let task = tokio::spawn(async move {
            let mut running = tokio::task::JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                count.fetch_add(1, Ordering::SeqCst);
                running.spawn(serve(stream));
            }
        });
        Self { address, accepted, task }
    }

    fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    fn accepted(&self) -> usize {
        self.accepted.load(Ordering::SeqCst)
    }
}

/// Answers requests until the other side ends, or the path says otherwise.
async fn serve(stream: TcpStream) {
    let mut stream = BufReader::new(stream);
    loop {
        let (mut path, mut authorization) = (String::new(), String::new());
        loop {
            let mut line = String::new();
            if stream.read_line(&mut line).await.unwrap_or(0) == 0 {
                return;
            }
            if let Some(rest) = line.strip_prefix("GET ") {
                path = rest.split(' ').next().unwrap_or_default().to_owned();
            }
            if let Some(value) = line.strip_prefix("authorization: ") {
                authorization = value.trim().to_owned();
            }
            if line == "\r\n" {
                break;
            }
        }
        if answer(&mut stream, &path, &authorization).await.is_err() {
            return;
        }
    }
}

async fn answer(
    stream: &mut BufReader<TcpStream>,
    path: &str,
    authorization: &str,
) -> std::io::Result<()> {
    let (status, header, body) = match path {
        "/api/redirect" => ("302 Found", "location: http://169.254.169.254/\r\n", ""),
        "/api/silent" => return std::future::pending().await,
        "/api/endless" => {
            stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await?;
            loop {
                stream.write_all(&[b'x'; 64 << 10]).await?;
            }
        }
        "/api/slow" => {
            stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await?;
            loop {
                stream.write_all(b"x").await?;
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        }
        "/api/volumes" if authorization == "Basic YWRtaW46aHVudGVyMg==" => ("200 OK", "", "known"),
        _ => ("200 OK", "", authorization),
    };
    let length = body.len();
    let head = format!("HTTP/1.1 {status}\r\n{header}content-length: {length}\r\n\r\n{body}");
    stream.write_all(head.as_bytes()).await
}

/// The component, granted a part of a server.
struct Requester {
    stand: Stand,
    driver: Driver,
    neighbour: Driver,
    server: Server,
}

const LIMITS: Limits =
    Limits { memory: 24 << 20, deadline: Duration::from_secs(4), concurrency: 4 };

fn config(stand: &Stand, http: Vec<HttpGrant>) -> DriverConfig {
    let mut config = stand.config("requester.example.com", LIMITS);
    config.grants.http = http;
    config
}

impl Requester {
    async fn new(auth: HttpAuth) -> Self {
        let (stand, server) = (Stand::new(), Server::new().await);
        let grant = HttpGrant {
            paths: vec!["/api".to_owned()],
            networks: vec!["127.0.0.0/8".to_owned()],
            auth,
            ..HttpGrant::to(&server.url(""))
        };
        let driver = stand.try_load(config(&stand, vec![grant]), guest("requester")).await.unwrap();
        let neighbour = stand.load("good.example.com", guest("minimal"), Limits::default()).await;
        Self { stand, driver, neighbour, server }
    }

    /// Has it ask for something; the neighbour is called all the while.
    async fn ask(&self, name: &str, secrets: &[(&str, &str)]) -> Error {
        let pairs = secrets.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let mut request = create(name);
        request.secrets = pairs.collect::<Secrets>();
        let done = Notify::new();
        let asking = async {
            let error = self.driver.create(&call(), request).await.expect_err(name);
            done.notify_one();
            error
        };
        let neighbour = async {
            loop {
                self.neighbour.create(&call(), create("a-volume")).await.unwrap();
                let ended = tokio::time::timeout(Duration::from_millis(20), done.notified()).await;
                if ended.is_ok() {
                    return;
                }
            }
        };
        tokio::join!(asking, neighbour).0
    }

    fn outcomes(&self) -> Vec<HttpOutcome> {
        self.stand.meter.requests.lock().unwrap().clone()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_granted_is_answered_and_connections_are_kept() {
    let requester = Requester::new(HttpAuth::default()).await;
    for _ in 0..3 {
        let error = requester.ask(&requester.server.url("/api/volumes"), &[]).await;
        assert_eq!(error.message, r#"Ok((200, "the guest's own")) []"#);
    }
    assert_eq!(requester.server.accepted(), 1);
    assert_eq!(requester.outcomes(), [HttpOutcome::Answered(200); 3]);
    assert_eq!(requester.driver.http_counts().unwrap().requests, 3);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_not_granted_is_not_connected_to() {
    let requester = Requester::new(HttpAuth::default()).await;
    let other = Server::new().await;
    let port = requester.server.address.port();
    let urls = [
        other.url("/api"),
        format!("http://localhost:{port}/api"),
        format!("http://2130706433:{port}/api"),
        format!("http://[::ffff:127.0.0.1]:{port}/api"),
        format!("https://127.0.0.1:{port}/api"),
        "http://169.254.169.254/latest/meta-data/".to_owned(),
        "http://[fd00:ec2::254]/latest/meta-data/".to_owned(),
        requester.server.url("/"),
        requester.server.url("/apis"),
        requester.server.url("/api/../admin"),
        requester.server.url("/api/%2e%2e/admin"),
    ];
    for url in &urls {
        let error = requester.ask(url, &[]).await;
        let refused = ["HttpRequestDenied", "HttpRequestUriInvalid"];
        assert!(refused.iter().any(|code| error.message.contains(code)), "{url}: {error}");
    }
    assert_eq!((other.accepted(), requester.server.accepted()), (0, 0));
    assert_eq!(requester.outcomes(), vec![HttpOutcome::Refused; urls.len()]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_redirect_is_the_components_to_follow() {
    let requester = Requester::new(HttpAuth::default()).await;
    let error = requester.ask(&requester.server.url("/api/redirect"), &[]).await;
    assert_eq!(error.message, r#"Ok((302, "")) []"#);
    assert_eq!(requester.driver.http_counts().unwrap().connections, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn slow_and_endless_answers_end_before_the_call_does() {
    let requester = Requester::new(HttpAuth::default()).await;
    for (path, code) in [
        ("/api/silent", "HttpResponseTimeout"),
        ("/api/slow", "HTTP response timeout"),
        // By its size or by its time, whichever is first.
        ("/api/endless", "HTTP response "),
    ] {
        let error = requester.ask(&requester.server.url(path), &[]).await;
        assert_eq!(error.code, Code::Unknown, "{path}: {error}");
        assert!(error.message.contains(code), "{path}: {error}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn asking_for_ever_ends_with_the_calls_time() {
    let requester = Requester::new(HttpAuth::default()).await;
    let url = format!("forever {}", requester.server.url("/api/x"));
    let error = requester.ask(&url, &[]).await;
    assert_eq!(error.code, Code::DeadlineExceeded, "{error}");
    assert!(requester.server.accepted() <= 32, "{}", requester.server.accepted());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn credentials_that_the_host_applies_are_withheld() {
    let secret = |name: &str| Credential::Secret(name.to_owned());
    let basic = Basic { user: secret("username"), password: secret("password") };
    let requester = Requester::new(HttpAuth { basic: Some(basic), ..HttpAuth::default() }).await;
    let url = requester.server.url("/api/volumes");
    let secrets = [("username", "admin"), ("password", "hunter2"), ("pool", "fast")];
    let error = requester.ask(&url, &secrets).await;
    assert_eq!(error.message, r#"Ok((200, "known")) ["pool"]"#);
    // A server that sends them back tells them to the component, and nobody beyond it.
    let error = requester.ask(&requester.server.url("/api/x"), &secrets).await;
    assert!(error.message.contains("Basic ") && error.message.contains("[secret]"), "{error}");
    assert!(!error.message.contains("YWRtaW46aHVudGVyMg"), "{error}");
    // Without them nothing is sent, also nothing of the guest's own.
    let error = requester.ask(&url, &[("pool", "fast")]).await;
    assert!(error.message.contains("ConfigurationError"), "{error}");
    assert_eq!(requester.server.accepted(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_grant_or_with_a_wrong_one_it_is_not_loaded() {
    let stand = Stand::new();
    let refused = stand.try_load(config(&stand, vec![]), guest("requester")).await;
    let refused = refused.err().expect("it is refused");
    assert!(matches!(&refused, LoadError::Import { grant: "grants.http", .. }), "{refused}");
    let wrong = HttpGrant::to("https://array.example.com/api");
    let refused = stand.try_load(config(&stand, vec![wrong]), guest("requester")).await;
    let refused = refused.err().expect("it is refused").to_string();
    assert!(refused.contains("grants.http[0].origin"), "{refused}");
}
