//! Requests that no generated client would send, byte by byte.

use http_body_util::{BodyExt as _, Full};
use hyper::body::Bytes;
use hyper::client::conn::http2;
use hyper_util::rt::{TokioExecutor, TokioIo};
use mooring_proto::csi::v1 as pb;
use prost::Message as _;
use tokio::net::UnixStream;
use tokio::task::JoinSet;
use tonic::Code;

use crate::inputs::good_create;
use crate::setup::Edge;

/// Sends a body to a path of the controller's socket; answers status and message.
async fn post(edge: &Edge, path: &str, body: Vec<u8>) -> (Code, String) {
    let stream = UnixStream::connect(edge.controller_socket()).await.unwrap();
    let (mut sender, connection) =
        http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await.unwrap();
    let connection = tokio::spawn(connection);
    let request = http::Request::post(format!("http://localhost{path}"))
        .header("content-type", "application/grpc")
        .header("te", "trailers")
        .body(Full::new(Bytes::from(body)))
        .unwrap();
    let answer = sender.send_request(request).await.unwrap();
    let mut headers = answer.headers().clone();
    let collected = answer.into_body().collect().await.unwrap();
    headers.extend(collected.trailers().cloned().unwrap_or_default());
    connection.abort();
    let status = tonic::Status::from_header_map(&headers).expect("a gRPC status");
    (status.code(), status.message().to_owned())
}

/// A message as gRPC frames it.
fn framed(message: &[u8]) -> Vec<u8> {
    let length = u32::try_from(message.len()).unwrap().to_be_bytes();
    [&[0][..], &length, message].concat()
}

const CREATE: &str = "/csi.v1.Controller/CreateVolume";

#[tokio::test]
async fn what_cannot_be_read_is_the_caller_s_fault_and_has_no_effect() {
    let edge = Edge::start().await;
    let good = good_create().encode_to_vec();
    let big = pb::CreateVolumeRequest { name: "x".repeat(5 << 20), ..good_create() };
    let not_utf8 = [&[0x0a, 2, 0xff, 0xfe][..], &good[7..]].concat();
    let cut = |length: usize| framed(&good)[..length].to_vec();
    for (what, body) in [
        ("more than 4 MiB", framed(&big.encode_to_vec())),
        ("name is not UTF-8", framed(&not_utf8)),
        ("no message", vec![]),
        ("half a frame's head", cut(3)),
        ("half a message", cut(20)),
        ("a frame that says 4 GiB", vec![0, 0xff, 0xff, 0xff, 0xff, 1, 2, 3]),
        ("no protobuf", framed(&[0xff; 64])),
        ("a message whose field is cut", framed(&good[..good.len() - 3])),
        ("groups without end", framed(&vec![0x0b; 10_000])),
    ] {
        let (code, message) = post(&edge, CREATE, body).await;
        assert_eq!(code, Code::InvalidArgument, "{what}: {message}");
        assert!(message.contains("cannot be read"), "{what}: {message}");
    }
    assert!(edge.model.stage.effects().is_empty());
}

#[tokio::test]
async fn unknown_fields_are_ignored_as_protobuf_wants() {
    let edge = Edge::start().await;
    // Field 1000, text.
    let later = [&good_create().encode_to_vec()[..], &[0xc2, 0x3e, 1, b'x']].concat();
    let (code, message) = post(&edge, CREATE, framed(&later)).await;
    assert_eq!(code, Code::Ok, "{message}");
}

#[tokio::test]
async fn unknown_services_and_methods_are_unimplemented() {
    let edge = Edge::start().await;
    for path in ["/csi.v2.Controller/CreateVolume", "/csi.v1.Controller/Format", "/", "/x", "//"] {
        let (code, message) = post(&edge, path, framed(&[])).await;
        assert_eq!(code, Code::Unimplemented, "{path}: {message}");
    }
}

#[tokio::test]
async fn ten_thousand_streams_are_all_answered() {
    let edge = Edge::start().await;
    let client = edge.identity().await;
    let mut calls = JoinSet::new();
    for _ in 0..10_000 {
        let mut client = client.clone();
        calls.spawn(async move { client.get_plugin_info(pb::GetPluginInfoRequest {}).await });
    }
    while let Some(answer) = calls.join_next().await {
        answer.unwrap().unwrap();
    }
}
