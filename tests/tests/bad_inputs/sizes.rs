//! Sizes and pages.

use mooring_proto::csi::v1::*;
use mooring_tests::life::{at_least, nothing_left};
use mooring_tests::{Host, Kind, Settings, case};
use tonic::Code;

use crate::scene::{INVALID, Scene, row};

fn range(required_bytes: i64, limit_bytes: i64) -> Option<CapacityRange> {
    Some(CapacityRange { required_bytes, limit_bytes })
}

const TOO_LARGE: &[Code] = &[Code::OutOfRange, Code::ResourceExhausted];

#[test]
fn sizes_that_cannot_be_had_are_refused() {
    case(async |place| {
        let mut scene = Scene::set(place).await;
        let size = Kind::Ext4.sizes().0;
        let create = |capacity_range| CreateVolumeRequest {
            name: "never".into(),
            capacity_range,
            volume_capabilities: vec![Kind::Ext4.capability()],
            ..Default::default()
        };
        let volume_id = scene.live.id();
        let grow = |capacity_range| ControllerExpandVolumeRequest {
            volume_id: volume_id.clone(),
            capacity_range,
            ..Default::default()
        };
        let on_node = |capacity_range| NodeExpandVolumeRequest {
            capacity_range,
            ..scene.live.node_expand_request()
        };
        let mut rows = Vec::new();
        for (what, bad) in [
            ("neither bound", range(0, 0)),
            ("required above limit", range(2, 1)),
            ("required negative", range(-1, 0)),
            ("limit negative", range(0, -1)),
            ("the least number", range(i64::MIN, i64::MIN)),
        ] {
            rows.push(row(what, create(bad), INVALID, &["capacity_range"]));
            rows.push(row(what, grow(bad), INVALID, &["capacity_range"]));
            rows.push(row(what, on_node(bad), INVALID, &["capacity_range"]));
        }
        let narrow = range(0, 1);
        let beyond = NodeExpandVolumeRequest {
            capacity_range: at_least(2 * size),
            ..scene.live.node_expand_request()
        };
        const NOT_YET: &[Code] = &[Code::OutOfRange, Code::FailedPrecondition];
        rows.extend([
            row("none", grow(None), INVALID, &["capacity_range"]),
            row("8 EiB", create(at_least(i64::MAX)), TOO_LARGE, &[]),
            row("8 EiB", grow(at_least(i64::MAX)), TOO_LARGE, &[]),
            row("1 PiB", grow(at_least(1 << 50)), TOO_LARGE, &[]),
            row("at most 1 byte", create(narrow), &[Code::OutOfRange], &[]),
            row("shrunk by its limit", grow(range(1, size / 2)), &[Code::OutOfRange], &[]),
            row("smaller than it is", grow(at_least(1)), &[Code::Ok], &[]),
            row("more than the device has", beyond, NOT_YET, &[]),
        ]);
        scene.refuses(rows).await;
        scene.strike().await;
    });
}

#[test]
fn odd_sizes_are_rounded_up_within_the_limit() {
    case(async |place| {
        let mut host = Host::serve(place, Settings::default()).await;
        let mut clients = host.connect(Kind::Ext4.driver()).await;
        for (required, limit) in
            [(1, 0), (513, 0), ((1 << 20) + 1, 0), (3 << 20, 3 << 20), (1, 1 << 20)]
        {
            let request = CreateVolumeRequest {
                name: format!("odd-{required}-{limit}"),
                capacity_range: range(required, limit),
                volume_capabilities: vec![Kind::Block.capability()],
                ..Default::default()
            };
            let answer = clients.controller.create_volume(request).await.unwrap().into_inner();
            let volume = answer.volume.unwrap();
            let bytes = volume.capacity_bytes;
            assert!(
                bytes >= required && (limit == 0 || bytes <= limit) && bytes % 512 == 0,
                "{bytes}"
            );
            let request = DeleteVolumeRequest { volume_id: volume.volume_id, ..Default::default() };
            clients.controller.delete_volume(request).await.unwrap();
        }
        nothing_left(&host).await;
        host.stop().await;
    });
}

#[test]
fn pages_that_cannot_be_had_are_refused() {
    const STALE: &[Code] = &[Code::Aborted, Code::InvalidArgument];
    case(async |place| {
        let mut scene = Scene::set(place).await;
        let list = |max_entries, starting_token: String| ListVolumesRequest {
            max_entries,
            starting_token,
        };
        scene
            .refuses(vec![
                row("a negative number", list(-1, String::new()), INVALID, &["max_entries"]),
                row("the least number", list(i32::MIN, String::new()), INVALID, &["max_entries"]),
                row("a garbled token", list(0, "garbage".into()), &[Code::Aborted], &["token"]),
                row(
                    "a token like a path",
                    list(0, "../../etc".into()),
                    &[Code::Aborted],
                    &["token"],
                ),
                row("a token of 1 MiB", list(0, "x".repeat(1 << 20)), STALE, &["token"]),
                row("a NUL in the token", list(0, "a\0".into()), STALE, &["token"]),
            ])
            .await;
        scene.strike().await;
    });
}
