//! The wire itself: messages that are none, deadlines, cancelled calls, too many at once.

use std::time::Duration;

use mooring_proto::csi::v1::*;
use mooring_tests::life::nothing_left;
use mooring_tests::snapshot::Snapshot;
use mooring_tests::{Clients, Host, Kind, Life, Settings, case, eventually};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;
use tokio::task::JoinSet;
use tonic::{Code, Request, Status};

const METHODS: [&str; 8] = [
    "/csi.v1.Controller/CreateVolume",
    "/csi.v1.Controller/DeleteVolume",
    "/csi.v1.Controller/ControllerExpandVolume",
    "/csi.v1.Node/NodeStageVolume",
    "/csi.v1.Node/NodeUnstageVolume",
    "/csi.v1.Node/NodePublishVolume",
    "/csi.v1.Node/NodeUnpublishVolume",
    "/csi.v1.Node/NodeGetVolumeStats",
];

/// Field 1, length 3, no UTF-8.
const NOT_UTF8: [u8; 5] = [0x0a, 3, 0xff, 0xfe, 0xfd];

#[test]
fn messages_that_are_none_are_refused() {
    case(async |place| {
        let mut host = Host::serve(place, Settings::default()).await;
        let clients = host.connect(Kind::Ext4.driver()).await;
        let before = Snapshot::take(place, &host.paths);
        // Field 1, as long as it says: just above what a message may have.
        let mut huge = vec![0x0a, 0x81, 0x80, 0x80, 0x02];
        huge.resize(huge.len() + (4 << 20) + 1, b'x');
        for method in METHODS {
            for (what, bytes) in [
                ("text that is not UTF-8", NOT_UTF8.to_vec()),
                ("cut off within a field", vec![0x0a, 16, b'a']),
                ("cut off within a number", vec![0x0a, 0xff]),
                ("a number for a text", vec![0x08, 1]),
                ("a group that never ends", vec![0x0b]),
                ("field number 0", vec![0x00, 0]),
                ("over 4 MiB", huge.clone()),
            ] {
                let status = clients.raw(method, bytes).await.expect_err(what);
                assert_eq!(status.code(), Code::InvalidArgument, "{method}, {what}: {status}");
            }
        }
        assert_eq!(before.changes(&Snapshot::take(place, &host.paths)), Vec::<String>::new());
        host.stop().await;
    });
}

#[test]
fn unknown_fields_are_passed_over() {
    case(async |place| {
        let mut host = Host::serve(place, Settings::default()).await;
        let clients = host.connect(Kind::Ext4.driver()).await;
        // Field 15000: a number, a text.
        let unknown = [0xc0, 0xa9, 0x07, 1, 0xc2, 0xa9, 0x07, 2, b'h', b'i'];
        let info = clients.raw("/csi.v1.Identity/GetPluginInfo", unknown.to_vec()).await.unwrap();
        assert!(!info.is_empty());
        let node = clients.raw("/csi.v1.Node/NodeGetInfo", unknown.to_vec()).await.unwrap();
        assert!(!node.is_empty());
        let mut delete = vec![0x0a, 1, b'x'];
        delete.extend(unknown);
        clients.raw("/csi.v1.Controller/DeleteVolume", delete).await.unwrap();
        host.stop().await;
    });
}

#[test]
fn unknown_methods_and_the_private_service_are_not_served() {
    case(async |place| {
        let mut host = Host::serve(place, Settings::default()).await;
        let clients = host.connect(Kind::Ext4.driver()).await;
        for method in [
            "/csi.v1.Node/NoSuchMethod",
            "/csi.v1.NoSuchService/Probe",
            "/mooring.internal.v1.Backend/DescribeAttachment",
            "/mooring.internal.v1.Backend/DescribeNode",
            "/a/../b",
        ] {
            let status = clients.raw(method, vec![]).await.expect_err(method);
            assert_eq!(status.code(), Code::Unimplemented, "{method}: {status}");
        }
        host.stop().await;
    });
}

#[test]
fn what_is_no_http_harms_nobody() {
    case(async |place| {
        let mut host = Host::serve(place, Settings::default()).await;
        let socket = host.paths.socket(Kind::Ext4.driver());
        let mut clients = host.connect(Kind::Ext4.driver()).await;
        let mut idle = Vec::new();
        for _ in 0..40 {
            idle.push(UnixStream::connect(&socket).await.unwrap());
        }
        for garbage in
            [&b"GET / HTTP/1.1\r\n\r\n"[..], &[0; 4096], &[0xff; 4096], b"PRI * HTTP/2.0\r\n"]
        {
            let mut stream = UnixStream::connect(&socket).await.unwrap();
            // The host may hang up while this is being written.
            let _ = stream.write_all(garbage).await;
            let _ = stream.shutdown().await;
            let mut answer = Vec::new();
            let _ = stream.read_to_end(&mut answer).await;
            clients.node.node_get_info(NodeGetInfoRequest {}).await.unwrap();
        }
        drop(idle);
        host.stop().await;
    });
}

/// The steps of a life that have effects, each with how often it is cut short.
async fn repeat(life: &mut Life, step: usize) -> Result<(), Status> {
    match step {
        0 => life.create().await,
        1 => life.stage().await,
        2 => life.publish().await,
        3 => life.unpublish().await,
        4 => life.unstage().await,
        5 => life.delete().await,
        _ => unreachable!("six steps"),
    }
}

/// Repeats a step until it succeeds; ABORTED says that the one that was cut short still runs.
async fn settle(life: &mut Life, step: usize) {
    eventually(&format!("step {step} converges"), async || match repeat(life, step).await {
        Ok(()) => Some(()),
        Err(status) => {
            assert_eq!(status.code(), Code::Aborted, "step {step}: {status}");
            None
        }
    })
    .await;
}

#[test]
fn a_call_that_is_cancelled_at_any_time_can_be_repeated() {
    case(async |place| {
        let mut host = Host::serve(place, Settings::default()).await;
        for (round, wait) in [0, 200, 1_000, 3_000, 8_000, 20_000, 50_000].into_iter().enumerate() {
            let mut life = Life::new(&host, Kind::Ext4, &format!("pvc-{round}")).await;
            for step in 0..6 {
                let time = tokio::time::sleep(Duration::from_micros(wait));
                // Dropping the call resets its stream.
                tokio::select! { biased; () = time => {}, _ = repeat(&mut life, step) => {} }
                settle(&mut life, step).await;
                if step == 2 {
                    life.assert_published();
                }
            }
        }
        nothing_left(&host).await;
        host.stop().await;
    });
}

#[test]
fn a_deadline_of_a_millisecond_leaves_nothing_half_done() {
    case(async |place| {
        let mut host = Host::serve(place, Settings::default()).await;
        let mut clients = host.connect(Kind::Ext4.driver()).await;
        let mut life = Life::new(&host, Kind::Ext4, "pvc-1").await;
        fn soon<T>(message: T) -> Request<T> {
            let mut request = Request::new(message);
            request.set_timeout(Duration::from_millis(1));
            request
        }
        let tolerated = |outcome: Result<(), Status>| {
            if let Err(status) = outcome {
                let codes =
                    [Code::DeadlineExceeded, Code::Cancelled, Code::Aborted, Code::Unavailable];
                assert!(codes.contains(&status.code()), "{status}");
            }
        };
        let request = life.create_request();
        tolerated(clients.controller.create_volume(soon(request)).await.map(drop));
        settle(&mut life, 0).await;
        let request = life.stage_request();
        tolerated(clients.node.node_stage_volume(soon(request)).await.map(drop));
        settle(&mut life, 1).await;
        let request = life.publish_request();
        tolerated(clients.node.node_publish_volume(soon(request)).await.map(drop));
        settle(&mut life, 2).await;
        life.assert_published();
        let request = life.unpublish_request();
        tolerated(clients.node.node_unpublish_volume(soon(request)).await.map(drop));
        settle(&mut life, 3).await;
        let request = life.unstage_request();
        tolerated(clients.node.node_unstage_volume(soon(request)).await.map(drop));
        settle(&mut life, 4).await;
        settle(&mut life, 5).await;
        nothing_left(&host).await;
        host.stop().await;
    });
}

#[test]
fn a_deadline_that_is_none_is_no_harm() {
    case(async |place| {
        let mut host = Host::serve(place, Settings::default()).await;
        let mut clients = host.connect(Kind::Ext4.driver()).await;
        for timeout in ["", "x", "-1S", "99999999999999S", "1", "1Y", "99999999H"] {
            let mut request = Request::new(NodeGetInfoRequest {});
            let metadata = request.metadata_mut();
            metadata.insert("grpc-timeout", timeout.parse().unwrap());
            let outcome = clients.node.node_get_info(request).await;
            if let Err(status) = outcome {
                let codes = [Code::InvalidArgument, Code::DeadlineExceeded, Code::Cancelled];
                assert!(codes.contains(&status.code()), "{timeout:?}: {status}");
            }
        }
        clients.node.node_get_info(NodeGetInfoRequest {}).await.unwrap();
        host.stop().await;
    });
}

/// How many calls at once, on how many connections.
const CALLS: usize = 10_000;
const CONNECTIONS: usize = 10;

#[test]
fn ten_thousand_calls_at_once_are_answered_or_turned_away() {
    case(async |place| {
        let mut host = Host::serve(place, Settings::default()).await;
        let mut life = Life::new(&host, Kind::Ext4, "pvc-1").await;
        life.create().await.unwrap();
        let mut connections = Vec::new();
        for _ in 0..CONNECTIONS {
            connections.push(host.connect(Kind::Ext4.driver()).await);
        }
        let mut calls = JoinSet::new();
        for number in 0..CALLS {
            let clients = connections[number % CONNECTIONS].clone();
            calls.spawn(one_of_many(clients, number / CONNECTIONS));
        }
        let mut answered = 0;
        while let Some(outcome) = calls.join_next().await {
            match outcome.unwrap() {
                Ok(()) => answered += 1,
                Err(status) => {
                    let codes = [Code::Unavailable, Code::ResourceExhausted, Code::Aborted];
                    assert!(codes.contains(&status.code()), "{status}");
                }
            }
        }
        assert!(answered > CALLS / 100, "only {answered} of {CALLS} were answered");
        // And afterwards it works as before.
        for step in 1..6 {
            repeat(&mut life, step).await.unwrap();
        }
        nothing_left(&host).await;
        host.stop().await;
    });
}

async fn one_of_many(mut clients: Clients, number: usize) -> Result<(), Status> {
    match number % 3 {
        0 => clients.node.node_get_info(NodeGetInfoRequest {}).await.map(drop),
        1 => clients.controller.list_volumes(ListVolumesRequest::default()).await.map(drop),
        _ => clients.identity.probe(ProbeRequest {}).await.map(drop),
    }
}
