//! Requests to real servers: protocols, TLS, credentials, limits, and the pool.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests may fail loudly"
)]

mod stand;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::{Method, Request};
use http_body_util::{BodyExt as _, Full, StreamBody};
use mooring_egress::{Budget, Caps, EgressError};
use mooring_volume::Secrets;
use mooring_volume::http::{
    Basic, Bearer, ClientCertificate, Credential, CredentialFile, HttpAuth, HttpGrant, OwnHeader,
};
use stand::{
    Authority, Server, ample, egress, fetch, get, local, read, secrets, send, text, trusting, with,
};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::sync::Barrier;

fn secret(name: &str) -> Credential {
    Credential::Secret(name.to_owned())
}

#[tokio::test]
async fn http_1_and_2_are_agreed_on() {
    let authority = Authority::new();
    for (alpn, version) in
        [(&["h2", "http/1.1"][..], "HTTP/2.0"), (&["http/1.1"], "HTTP/1.1"), (&[], "HTTP/1.1")]
    {
        let server = Server::new(Some(authority.server(alpn, None)), |request| async move {
            let host = request.headers().get("host").map(|host| host.to_str().unwrap().to_owned());
            let host = host.or(request.uri().authority().map(ToString::to_string));
            text(
                200,
                &format!("{:?} {} {}", request.version(), host.unwrap(), request.uri().path()),
            )
        })
        .await;
        let egress = egress(&[trusting(&server.https(), &authority)]);
        let expected = format!("{version} localhost:{} /x", server.address.port());
        for _ in 0..3 {
            let answer = fetch(&egress, &format!("{}/x?y=z", server.https())).await.unwrap();
            assert_eq!(answer, (200, expected.clone()));
        }
        assert_eq!(server.accepted(), 1, "{version}");
    }
}

#[tokio::test]
async fn many_requests_share_one_connection_of_http_2() {
    let authority = Authority::new();
    let barrier = Arc::new(Barrier::new(8));
    let tls = authority.server(&["h2"], None);
    let server = Server::new(Some(tls), move |request| {
        let barrier = Arc::clone(&barrier);
        async move {
            if request.uri().path() == "/together" {
                barrier.wait().await;
            }
            text(200, "x")
        }
    })
    .await;
    let caps = Caps { connections: 1, ..Caps::default() };
    let egress = with(&[trusting(&server.https(), &authority)], caps);
    fetch(&egress, &server.https()).await.unwrap();
    let url = format!("{}/together", server.https());
    let all = (0..8).map(|_| fetch(&egress, &url));
    for answer in futures_util::future::join_all(all).await {
        assert_eq!(answer.unwrap().0, 200);
    }
    assert_eq!(server.accepted(), 1);
}

#[tokio::test]
async fn only_the_granted_authority_is_trusted() {
    let (authority, other) = (Authority::new(), Authority::new());
    let server =
        Server::new(Some(authority.server(&[], None)), |_| async { text(200, "secret") }).await;
    for grant in [trusting(&server.https(), &other), local(&server.https())] {
        let error = fetch(&egress(&[grant]), &server.https()).await.unwrap_err();
        assert!(matches!(error, EgressError::TlsCertificateError { .. }), "{error}");
    }
    // The certificate is for the name, not for the address.
    let origin = format!("https://{}", server.address);
    let error = fetch(&egress(&[trusting(&origin, &authority)]), &origin).await.unwrap_err();
    assert!(matches!(error, EgressError::TlsCertificateError { .. }), "{error}");
}

#[tokio::test]
async fn a_server_that_speaks_no_tls_is_no_server() {
    let server = Server::new(None, |_| async { text(200, "x") }).await;
    let error = fetch(&egress(&[local(&server.https())]), &server.https()).await.unwrap_err();
    assert!(matches!(error, EgressError::TlsProtocolError { .. }), "{error}");
}

#[tokio::test]
async fn connections_of_one_client_certificate_are_not_anothers() {
    let (authority, clients) = (Authority::new(), Authority::new());
    let tls = authority.server(&["h2", "http/1.1"], Some(&clients));
    let server = Server::new(Some(tls), |_| async { text(200, "x") }).await;
    let certificate = ClientCertificate { certificate: secret("cert"), key: secret("key") };
    let auth = HttpAuth { client_certificate: Some(certificate), ..HttpAuth::default() };
    let egress = egress(&[HttpGrant { auth, ..trusting(&server.https(), &authority) }]);
    let as_client = |(certificate, key): (String, String)| {
        let egress = &egress;
        let url = server.https();
        async move {
            let secrets = secrets(&[("cert", &certificate), ("key", &key)]);
            egress.send(get(&url), &secrets, ample()).await
        }
    };
    let (first, second) = (clients.certificate("first"), clients.certificate("second"));
    for (client, connections) in [(&first, 1), (&first, 1), (&second, 2), (&first, 2)] {
        assert_eq!(read(as_client(client.clone()).await.unwrap()).await.unwrap(), "x");
        assert_eq!(server.accepted(), connections);
    }
    let error = as_client(authority.certificate("foreign")).await.unwrap_err();
    assert!(matches!(error, EgressError::TlsAlertReceived { .. }), "{error}");
    let error = as_client(("hunter2".into(), first.1.clone())).await.unwrap_err();
    assert!(matches!(error, EgressError::ConfigurationError { .. }), "{error}");
    assert!(!error.to_string().contains("hunter2"));
}

#[tokio::test]
async fn credentials_are_added_and_the_guests_replaced() {
    let server = Server::new(None, |request| async move {
        let header = |name| request.headers().get_all(name).iter().map(|v| v.to_str().unwrap());
        let seen: Vec<&str> = header("authorization").chain(header("x-api-key")).collect();
        text(200, &seen.join(","))
    })
    .await;
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), "from-a-file\n").unwrap();
    let token = Credential::File(CredentialFile { file: file.path().to_owned() });
    let basic = Basic { user: secret("username"), password: secret("password") };
    let own = OwnHeader { name: "X-Api-Key".to_owned(), value: secret("password") };
    for (auth, expected) in [
        (HttpAuth::default(), "guests"),
        (HttpAuth { basic: Some(basic), ..HttpAuth::default() }, "Basic YWRtaW46aHVudGVyMg=="),
        (HttpAuth { bearer: Some(Bearer { token }), ..HttpAuth::default() }, "Bearer from-a-file"),
        (HttpAuth { header: Some(own), ..HttpAuth::default() }, "guests,hunter2"),
    ] {
        let egress = egress(&[HttpGrant { auth: auth.clone(), ..local(&server.http()) }]);
        let mut request = get(&server.http());
        request.headers_mut().insert("authorization", "guests".parse().unwrap());
        let secrets = secrets(&[("username", "admin"), ("password", "hunter2")]);
        let answer = egress.send(request, &secrets, ample()).await.unwrap();
        assert_eq!(read(answer).await.unwrap(), expected);
        if auth != HttpAuth::default() && expected != "Bearer from-a-file" {
            let error = send(&egress, &server.http()).await.unwrap_err();
            assert!(matches!(error, EgressError::ConfigurationError { .. }), "{error}");
        }
    }
}

#[tokio::test]
async fn what_is_the_hosts_the_guest_cannot_set() {
    let server = Server::new(None, |request| async move {
        let mut names: Vec<&str> = request.headers().keys().map(http::HeaderName::as_str).collect();
        names.sort_unstable();
        let names = names.join(" ");
        let host = request.headers()["host"].to_str().unwrap().to_owned();
        let mut answer = text(200, &format!("{host} {names}"));
        answer.headers_mut().insert("keep-alive", "timeout=5".parse().unwrap());
        answer
    })
    .await;
    let request = Request::post(server.http())
        .header("host", "internal.example.com")
        .header("connection", "x-hop")
        .header("x-hop", "1")
        .header("proxy-authorization", "Basic x")
        .header("transfer-encoding", "chunked")
        .header("upgrade", "h2c")
        .header("te", "trailers")
        .body(Full::new(Bytes::from("body")))
        .unwrap();
    let answer = egress(&[local(&server.http())]).send(request, &Secrets::default(), ample()).await;
    let answer = answer.unwrap();
    assert!(!answer.headers().contains_key("keep-alive"));
    assert_eq!(read(answer).await.unwrap(), format!("{} content-length host", server.address));
}

#[tokio::test]
async fn a_proxy_tunnels() {
    let authority = Authority::new();
    let tls = authority.server(&["h2", "http/1.1"], None);
    let server = Server::new(Some(tls), |_| async { text(200, "behind") }).await;
    let proxy = Server::raw(|mut stream| async move {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(stream.read_u8().await.unwrap());
        }
        let head = String::from_utf8(head).unwrap();
        let target = head.strip_prefix("CONNECT ").and_then(|rest| rest.split(' ').next());
        match target.filter(|target| target.starts_with("localhost:")) {
            Some(target) => {
                let port: u16 = target.split(':').nth(1).unwrap().parse().unwrap();
                let mut onward = tokio::net::TcpStream::connect(("127.0.0.1", port)).await.unwrap();
                stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await.unwrap();
                let _ = tokio::io::copy_bidirectional(&mut stream, &mut onward).await;
            }
            None => {
                stream.write_all(b"HTTP/1.1 403 No\r\ncontent-length: 0\r\n\r\n").await.unwrap()
            }
        }
    })
    .await;
    let through = |grant: HttpGrant| HttpGrant { proxy: Some(proxy.http()), ..grant };
    let tunnel = egress(&[through(trusting(&server.https(), &authority))]);
    for _ in 0..2 {
        assert_eq!(fetch(&tunnel, &server.https()).await, Ok((200, "behind".to_owned())));
    }
    assert_eq!((proxy.accepted(), server.accepted()), (1, 1));
    let refused = egress(&[through(local("https://other.example.com"))]);
    let error = fetch(&refused, "https://other.example.com").await.unwrap_err();
    assert_eq!(error, EgressError::DestinationUnavailable);
}

#[tokio::test]
async fn redirects_are_handed_over() {
    let target = Server::new(None, |_| async { text(200, "followed") }).await;
    let location = target.http();
    let server = Server::new(None, move |_| {
        let location = location.clone();
        async move {
            let mut answer = text(307, "elsewhere");
            answer.headers_mut().insert("location", location.parse().unwrap());
            answer
        }
    })
    .await;
    let egress = egress(&[local(&server.http())]);
    let answer = send(&egress, &server.http()).await.unwrap();
    assert_eq!(answer.headers()["location"], target.http());
    assert_eq!(
        (answer.status().as_u16(), read(answer).await.unwrap().as_str()),
        (307, "elsewhere")
    );
    let error = send(&egress, &target.http()).await.unwrap_err();
    assert!(matches!(error, EgressError::HttpRequestDenied { .. }), "{error}");
    assert_eq!(target.accepted(), 0);
}

#[tokio::test]
async fn bodies_and_headers_are_bounded() {
    let server = Server::new(None, |request| async move {
        match request.uri().path() {
            "/fits" => text(200, &"x".repeat(1000)),
            "/long" => text(200, &"x".repeat(1001)),
            "/headers" => {
                let mut answer = text(200, "");
                answer.headers_mut().insert("x-long", "x".repeat(20_000).parse().unwrap());
                answer
            }
            _ => {
                let frame = || Ok(http_body::Frame::data(Bytes::from(vec![0; 600])));
                let endless = futures_util::stream::repeat_with(frame);
                http::Response::new(StreamBody::new(endless).boxed_unsync())
            }
        }
    })
    .await;
    let caps = Caps {
        response_body: 1000,
        request_body: 10,
        response_headers: 8 << 10,
        ..Caps::default()
    };
    let egress = with(&[local(&server.http())], caps);
    let url = |path: &str| format!("{}{path}", server.http());
    assert_eq!(fetch(&egress, &url("/fits")).await.unwrap().1.len(), 1000);
    for path in ["/long", "/endless"] {
        let error = fetch(&egress, &url(path)).await.unwrap_err();
        assert_eq!(error, EgressError::HttpResponseBodySize { most: 1000 }, "{path}");
    }
    let error = fetch(&egress, &url("/headers")).await.unwrap_err();
    assert_eq!(error, EgressError::HttpResponseHeaderSectionSize { most: 8 << 10 });
    let request = Request::put(url("/fits")).body(Full::new(Bytes::from("12345678901"))).unwrap();
    let error = egress.send(request, &Secrets::default(), ample()).await.unwrap_err();
    assert_eq!(error, EgressError::HttpRequestBodySize { most: 10 });
}

/// What a server may do instead of answering.
async fn stubborn(path: &str) -> EgressError {
    let server = Server::raw(|mut stream| async move {
        let mut head = [0; 16];
        stream.read_exact(&mut head).await.unwrap();
        let head = String::from_utf8_lossy(&head).into_owned();
        if head.starts_with("GET /silent") {
            std::future::pending::<()>().await;
        }
        if head.starts_with("GET /gone") {
            return;
        }
        let start = b"HTTP/1.1 200 OK\r\ncontent-length: 1000000\r\n\r\n";
        stream.write_all(start).await.unwrap();
        if head.starts_with("GET /half") {
            return;
        }
        // One byte at a time, never at an end.
        loop {
            if stream.write_all(b"x").await.is_err() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    })
    .await;
    let egress = egress(&[local(&server.http())]);
    let budget = Budget::until(Instant::now() + Duration::from_millis(200));
    let url = format!("{}/{path}", server.http());
    match egress.send(get(&url), &Secrets::default(), budget).await {
        Ok(answer) => read(answer).await.unwrap_err(),
        Err(error) => error,
    }
}

#[tokio::test]
async fn slow_and_broken_answers_end() {
    assert_eq!(stubborn("silent").await, EgressError::HttpResponseTimeout);
    assert_eq!(stubborn("slow-").await, EgressError::HttpResponseTimeout);
    assert_eq!(stubborn("gone--").await, EgressError::ConnectionTerminated);
    assert_eq!(stubborn("half--").await, EgressError::HttpResponseIncomplete);
}

#[tokio::test]
async fn a_dead_port_refuses() {
    let port = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let origin = format!("http://{port}");
    let error = fetch(&egress(&[local(&origin)]), &origin).await.unwrap_err();
    assert_eq!(error, EgressError::ConnectionRefused);
}

#[tokio::test]
async fn connections_are_kept_bounded_and_shared_out() {
    let together = Arc::new(Barrier::new(2));
    let at_once = Arc::new((AtomicUsize::new(0), AtomicUsize::new(0)));
    let seen = Arc::clone(&at_once);
    let serve = move |_| {
        let (together, at_once) = (Arc::clone(&together), Arc::clone(&at_once));
        async move {
            let now = at_once.0.fetch_add(1, Ordering::SeqCst) + 1;
            at_once.1.fetch_max(now, Ordering::SeqCst);
            together.wait().await;
            at_once.0.fetch_sub(1, Ordering::SeqCst);
            text(200, "x")
        }
    };
    let (one, other) = (Server::new(None, serve.clone()).await, Server::new(None, serve).await);
    let caps = Caps { connections: 2, ..Caps::default() };
    let egress = with(&[local(&one.http()), local(&other.http())], caps);
    let (one_url, other_url) = (one.http(), other.http());
    for _ in 0..3 {
        let all = (0..10).map(|_| fetch(&egress, &one_url));
        for answer in futures_util::future::join_all(all).await {
            assert_eq!(answer.unwrap().0, 200);
        }
    }
    assert_eq!((seen.1.load(Ordering::SeqCst), one.accepted()), (2, 2));
    // The idle ones of the first make room for the second.
    let all = (0..4).map(|_| fetch(&egress, &other_url));
    for answer in futures_util::future::join_all(all).await {
        assert_eq!(answer.unwrap().0, 200);
    }
    assert_eq!(other.accepted(), 2);
    assert_eq!(egress.counts().connections, 4);
}

#[tokio::test]
async fn a_request_that_gets_no_connection_says_so() {
    let server = Server::new(None, |_| std::future::pending()).await;
    let caps = Caps { connections: 1, ..Caps::default() };
    let egress = with(&[local(&server.http())], caps);
    let url = server.http();
    let first = fetch(&egress, &url);
    let second = async {
        let budget = Budget::until(Instant::now() + Duration::from_millis(100));
        egress.send(get(&url), &Secrets::default(), budget).await.unwrap_err()
    };
    tokio::select! {
        biased;
        _ = first => panic!("it is not answered"),
        error = second => assert_eq!(error, EgressError::ConnectionLimitReached { most: 1 }),
    }
}

#[tokio::test]
async fn a_connection_that_the_server_closed_is_replaced() {
    let server = Server::new(None, |_| async {
        let mut answer = text(200, "x");
        answer.headers_mut().insert("connection", "close".parse().unwrap());
        answer
    })
    .await;
    let egress = egress(&[local(&server.http())]);
    for connections in 1..=5 {
        assert_eq!(fetch(&egress, &server.http()).await, Ok((200, "x".to_owned())));
        assert_eq!(server.accepted(), connections);
    }
}

/// Answers each request of a script with the next entry: a status, or 0 for a closed connection.
async fn scripted(script: &'static [u16]) -> (Server, Arc<AtomicUsize>) {
    let served = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&served);
    let server = Server::raw(move |mut stream| {
        let served = Arc::clone(&count);
        async move {
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") {
                let Ok(byte) = stream.read_u8().await else { return };
                head.push(byte);
            }
            let status = script[served.fetch_add(1, Ordering::SeqCst)];
            if status == 0 {
                return;
            }
            let answer = format!(
                "HTTP/1.1 {status} X\r\nretry-after: 0\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
            );
            stream.write_all(answer.as_bytes()).await.unwrap();
        }
    })
    .await;
    (server, served)
}

#[tokio::test]
async fn only_what_the_guest_asks_for_is_sent_again() {
    for (method, retries, script, expected, sent) in [
        (Method::GET, None, &[503, 200][..], Ok(503), 1),
        (Method::GET, Some("2"), &[503, 429, 200], Ok(200), 3),
        (Method::GET, Some("1"), &[503, 503, 200], Ok(503), 2),
        (Method::PUT, Some("1"), &[0, 200], Ok(200), 2),
        (Method::GET, None, &[0, 200], Err(EgressError::ConnectionTerminated), 1),
        (Method::POST, Some("3"), &[503, 200], Ok(503), 1),
        (Method::POST, Some("3"), &[0, 200], Err(EgressError::ConnectionTerminated), 1),
        (Method::GET, Some("3"), &[500, 200], Ok(500), 1),
    ] {
        let (server, served) = scripted(script).await;
        let egress = egress(&[local(&server.http())]);
        let mut request = Request::builder().method(&method).uri(server.http());
        if let Some(retries) = retries {
            request = request.header("mooring-retry", retries);
        }
        let request = request.body(Full::new(Bytes::new())).unwrap();
        let answer = egress.send(request, &Secrets::default(), ample()).await;
        let status = answer.map(|answer| answer.status().as_u16());
        assert_eq!(status, expected, "{method} {retries:?} {script:?}");
        assert_eq!(served.load(Ordering::SeqCst), sent, "{method} {retries:?} {script:?}");
    }
}

#[tokio::test]
async fn retry_after_is_not_waited_for_beyond_the_deadline() {
    let server = Server::new(None, |_| async {
        let mut answer = text(503, "busy");
        answer.headers_mut().insert("retry-after", "3600".parse().unwrap());
        answer
    })
    .await;
    let mut request = get(&server.http());
    request.headers_mut().insert("mooring-retry", "5".parse().unwrap());
    let egress = egress(&[local(&server.http())]);
    let answer = egress.send(request, &Secrets::default(), ample()).await.unwrap();
    assert_eq!(answer.status().as_u16(), 503);
    assert_eq!(egress.counts().requests, 1);
}

#[tokio::test]
async fn nothing_of_a_secret_is_shown() {
    let server = Server::new(None, |_| async { text(200, "x") }).await;
    let bearer = Bearer { token: secret("token") };
    let auth = HttpAuth { bearer: Some(bearer), ..HttpAuth::default() };
    let egress = egress(&[HttpGrant { auth, ..local(&server.http()) }]);
    for canary in ["canary\nwith a break", "canary\0"] {
        let secrets = secrets(&[("token", canary)]);
        let error = egress.send(get(&server.http()), &secrets, ample()).await.unwrap_err();
        let shown = format!("{error} {error:?} {secrets:?}");
        assert!(!shown.contains("canary") && shown.contains("bearer.token"), "{shown}");
    }
}
