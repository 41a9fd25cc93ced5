//! Traces: one from the caller through both processes into the component and the programs; and what a
//! receiver that is not there, or does not answer, costs: nothing.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests fail loudly"
)]

use mooring_proto::csi::v1::CreateVolumeRequest;
use mooring_tests::call::get;
use mooring_tests::config::IMAGE;
use mooring_tests::guest::guest;
use mooring_tests::life::block;
use mooring_tests::traces::{Received, Receiver};
use mooring_tests::{Host, Kind, Life, Place, Settings, case, eventually};
use opentelemetry_proto::tonic::trace::v1::span::SpanKind;
use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tonic::Request;

fn otlp(address: std::net::SocketAddr) -> String {
    format!("{{otlp: {{endpoint: 'http://{address}'}}}}")
}

const REQUESTER: &str = "requester.example.com";
const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const CALLER: &str = "00f067aa0ba902b7";

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The spans of the caller's trace, once `last` of them is there, and no other is on its way: the
/// caller's own call is the last to end.
async fn trace(receiver: &Receiver, wanted: &[&str]) -> Vec<Received> {
    eventually("the whole trace is exported", async || {
        let all = receiver.spans().into_iter();
        let ours: Vec<_> = all.filter(|it| hex(&it.span.trace_id) == TRACE).collect();
        let there = |name: &&str| ours.iter().any(|it| it.span.name == *name);
        wanted.iter().all(there).then_some(ours)
    })
    .await
}

fn named<'a>(spans: &'a [Received], name: &str) -> &'a Received {
    spans.iter().find(|it| it.span.name == name).unwrap_or_else(|| panic!("no {name}"))
}

#[test]
fn one_trace_from_the_caller_to_the_component_and_mkfs() {
    case(async |place| {
        let (receiver, address) = Receiver::start().await;
        let file = place.path("headers");
        std::fs::write(&file, "authorization: Bearer of-the-collector\n").unwrap();
        let telemetry =
            format!("{{otlp: {{endpoint: 'http://{address}', headersFile: {}}}}}", file.display());
        let settings = Settings { telemetry, log: "debug", ..Settings::default() };
        let mut host = Host::serve(place, settings).await;
        let mut life = Life::new(&host, Kind::Ext4, "pvc-1").await;
        life.create().await.unwrap();
        let mut stage = Request::new(life.stage_request());
        let caller = format!("00-{TRACE}-{CALLER}-01");
        stage.metadata_mut().insert("traceparent", caller.parse().unwrap());
        host.connect(IMAGE).await.node.node_stage_volume(stage).await.unwrap();

        let [stage, question, guest, step, program] = [
            "csi.v1.Node/NodeStageVolume",
            "mooring.internal.v1.Backend/DescribeAttachment",
            "attachments.describe",
            "make filesystem",
            "mkfs.ext4",
        ];
        let spans = trace(&receiver, &[stage, question, guest, step]).await;
        let (node, controller) = ("mooring-node", "mooring-controller");
        for (name, process, parent) in [
            (stage, node, None),
            (question, controller, Some(stage)),
            (guest, controller, Some(question)),
            (step, node, Some(stage)),
            (program, node, Some(step)),
        ] {
            let of = named(&spans, name);
            assert_eq!(of.process, process, "{name}");
            let parent =
                parent.map_or(CALLER.to_owned(), |it| hex(&named(&spans, it).span.span_id));
            assert_eq!(hex(&of.span.parent_span_id), parent, "{name}");
        }
        let call = named(&spans, stage);
        assert_eq!(call.span.kind, SpanKind::Server as i32);
        for (key, value) in [
            ("rpc.system", "grpc"),
            ("rpc.service", "csi.v1.Node"),
            ("rpc.method", "NodeStageVolume"),
            ("rpc.grpc.status_code", "0"),
            ("mooring.driver", IMAGE),
            ("mooring.volume", life.id().as_str()),
        ] {
            assert_eq!(call.attribute(key), value, "{key} of {:?}", call.span);
        }
        assert_eq!(named(&spans, guest).attribute("mooring.outcome"), "answered");
        let peak = named(&spans, guest).attribute("mooring.memory.peak");
        assert!(peak.parse::<u64>().unwrap() > 0, "{peak}");
        assert_eq!(receiver.headers().get("authorization").unwrap(), "Bearer of-the-collector");

        life.unstage().await.unwrap();
        life.delete().await.unwrap();
        host.stop().await;
        one_number_in_both_logs(&host.log());
    });
}

/// Answers each request with two bytes.
async fn web_server() -> std::net::SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut request = [0; 4096];
            let _ = stream.read(&mut request).await;
            let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\nok";
            let _ = stream.write_all(answer).await;
        }
    });
    address
}

#[test]
fn what_a_component_asks_by_http_is_in_the_trace_and_its_path_is_not() {
    let requester = std::fs::read(guest("requester")).unwrap();
    case(async move |place| {
        let (receiver, collector) = Receiver::start().await;
        let server = web_server().await;
        let file = place.path("requester.wasm");
        std::fs::write(&file, requester).unwrap();
        let further_drivers = format!(
            "  - name: {REQUESTER}\n    backend: {}\n    grants: {{http: [{{origin: 'http://{server}', \
             paths: [/granted/], networks: [127.0.0.0/8]}}]}}\n",
            file.display()
        );
        let telemetry = otlp(collector);
        let mut host =
            Host::serve(place, Settings { telemetry, further_drivers, ..Settings::default() })
                .await;
        for (path, attribute, value) in [
            ("granted/vol-7", "http.response.status_code", "200"),
            ("elsewhere/vol-7", "error.type", "refused"),
        ] {
            let mut create = Request::new(CreateVolumeRequest {
                name: format!("http://{server}/{path}"),
                volume_capabilities: vec![block()],
                ..Default::default()
            });
            let caller = format!("00-{TRACE}-{CALLER}-01");
            create.metadata_mut().insert("traceparent", caller.parse().unwrap());
            // It tells what it got as an error.
            host.connect(REQUESTER).await.controller.create_volume(create).await.unwrap_err();
            let (request, call) = eventually("the request and its call are exported", async || {
                let spans = receiver.spans();
                let wanted =
                    |it: &&Received| it.span.name == "GET" && it.attribute(attribute) == value;
                let request = spans.iter().find(wanted)?.clone();
                let of = |it: &&Received| it.span.span_id == request.span.parent_span_id;
                Some((request.clone(), spans.iter().find(of)?.clone()))
            })
            .await;
            assert_eq!(request.span.kind, SpanKind::Client as i32);
            assert_eq!(request.attribute("server.address"), "127.0.0.1");
            assert_eq!(call.span.name, "volumes.create");
            assert_eq!(hex(&request.span.trace_id), TRACE);
        }
        let raw = receiver.raw();
        assert!(!raw.windows(5).any(|bytes| bytes == b"vol-7"), "a path is exported");
        host.stop().await;
    });
}

/// The lines of one call are found by its number and its trace, whichever process wrote them.
fn one_number_in_both_logs(log: &str) {
    let lines: Vec<Value> = log.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let answered = |method: &str| {
        let of = |line: &&Value| line["span"]["method"] == method && line["message"] == "answered";
        lines.iter().find(of).unwrap_or_else(|| panic!("no answer of {method} in {log}"))
    };
    let (stage, question) = (answered("NodeStageVolume"), answered("DescribeAttachment"));
    assert_eq!(stage["span"]["call"], question["span"]["call"], "{log}");
    assert_eq!(stage["span"]["trace"], TRACE, "{log}");
    assert_eq!(question["span"]["trace"], TRACE, "{log}");
    let create = answered("CreateVolume");
    assert_ne!(stage["span"]["call"], create["span"]["call"], "{log}");
}

/// A whole life with a receiver that takes nothing, and an orderly end in time.
async fn lives_without(place: &Place, address: std::net::SocketAddr) {
    let settings = Settings { telemetry: otlp(address), ..Settings::default() };
    let mut host = Host::serve(place, settings).await;
    let mut life = Life::new(&host, Kind::Ext4, "pvc-1").await;
    life.create().await.unwrap();
    life.stage().await.unwrap();
    life.publish().await.unwrap();
    life.unpublish().await.unwrap();
    life.unstage().await.unwrap();
    life.delete().await.unwrap();
    host.stop().await;
}

#[test]
fn a_receiver_that_hangs_fails_no_call() {
    case(async |place| {
        // Connections are made by the kernel, and nothing ever reads from them.
        let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
        lives_without(place, silent.local_addr().unwrap()).await;
    });
}

#[test]
fn a_receiver_that_is_down_fails_no_call_and_is_told() {
    case(async |place| {
        let nobody = {
            let closed = TcpListener::bind("127.0.0.1:0").await.unwrap();
            closed.local_addr().unwrap()
        };
        let settings = Settings { telemetry: otlp(nobody), ..Settings::default() };
        let mut host = Host::serve(place, settings).await;
        let mut life = Life::new(&host, Kind::Ext4, "pvc-1").await;
        life.create().await.unwrap();
        life.stage().await.unwrap();
        let socket = host.paths.sockets.join("telemetry.sock");
        eventually("both processes count what was not taken", async || {
            let text = get(&socket, "/metrics").await.body;
            let counted = |process: &str| {
                let sample = format!(
                    "mooring_trace_spans_total{{process=\"{process}\",outcome=\"refused\"}}"
                );
                text.contains(&sample)
            };
            (counted("node") && counted("controller")).then_some(())
        })
        .await;
        assert!(host.log().contains("traces are not taken"), "{}", host.log());
        life.unstage().await.unwrap();
        life.delete().await.unwrap();
        host.stop().await;
    });
}

#[test]
fn without_a_receiver_nothing_is_traced() {
    case(async |place| {
        let settings = Settings { log: "trace", ..Settings::default() };
        let mut host = Host::serve(place, settings).await;
        let mut life = Life::new(&host, Kind::Ext4, "pvc-1").await;
        life.create().await.unwrap();
        life.delete().await.unwrap();
        let text = get(&host.paths.sockets.join("telemetry.sock"), "/metrics").await.body;
        assert!(!text.contains("mooring_trace_spans_total"), "{text}");
        host.stop().await;
        // Their names and fields would stand in the lines.
        assert!(!host.log().contains("otel.name"), "{}", host.log());
    });
}
