//! Ids and names.

use mooring_proto::csi::v1::*;
use mooring_tests::life::{at_least, nothing_left};
use mooring_tests::snapshot::Snapshot;
use mooring_tests::{Host, Kind, Settings, case};
use tonic::Code;

use crate::calls::Call;
use crate::scene::{INVALID, LEFT_ALONE, Row, Scene, UNKNOWN, row};

/// Texts that are no ids.
fn malformed() -> Vec<(&'static str, String)> {
    vec![
        ("empty", String::new()),
        ("a NUL", "a\0b".into()),
        ("a newline", "a\nb".into()),
        ("a tab", "a\tb".into()),
        ("an escape", "\u{1b}[2J".into()),
        ("a delete", "a\u{7f}".into()),
        ("129 bytes", "x".repeat(129)),
        ("64 KiB", "x".repeat(64 << 10)),
    ]
}

/// Texts that are ids, and would be trouble as paths or arguments.
const TRICKY: [&str; 11] = [
    ".",
    "..",
    "../../etc",
    "/etc/passwd",
    "/",
    "-rf",
    "--help",
    "a,b=c,rw",
    "volume/../live",
    "%s%n",
    "\u{202e}ü",
];

#[test]
fn ids_that_are_none_are_refused_by_every_call() {
    case(async |place| {
        let mut scene = Scene::set(place).await;
        let mut rows = Vec::new();
        for (what, id) in malformed() {
            let calls = scene.with_id(&id).into_iter();
            rows.extend(calls.map(|call| row(what, call, INVALID, &["volume_id"])));
        }
        scene.refuses(rows).await;
        scene.strike().await;
    });
}

#[test]
fn unknown_ids_are_not_found_or_gone_already() {
    case(async |place| {
        let mut scene = Scene::set(place).await;
        let mut rows = Vec::new();
        for id in TRICKY {
            rows.extend(scene.with_id(id).into_iter().map(|call| of_unknown(id, call)));
        }
        scene.refuses(rows).await;
        scene.strike().await;
    });
}

fn of_unknown(id: &str, call: Call) -> Row {
    const GONE: &[Code] = &[Code::Ok];
    const NOT_STAGED: &[Code] = &[Code::FailedPrecondition, Code::NotFound];
    let codes = if matches!(call, Call::Delete(_) | Call::Unpublish(_) | Call::Unstage(_)) {
        GONE
    } else if matches!(call, Call::Publish(_)) {
        NOT_STAGED
    } else {
        UNKNOWN
    };
    row(id, call, codes, &[])
}

#[test]
fn names_that_are_none_are_refused() {
    case(async |place| {
        let mut scene = Scene::set(place).await;
        let with_name = |name: &str| CreateVolumeRequest {
            name: name.to_owned(),
            volume_capabilities: vec![Kind::Ext4.capability()],
            ..Default::default()
        };
        let bad = malformed();
        let rows = bad.iter().map(|(what, name)| row(*what, with_name(name), INVALID, &["name"]));
        let rows = rows.collect();
        scene.refuses(rows).await;
        scene.strike().await;
    });
}

#[test]
fn tricky_names_make_volumes_within_the_pool_alone() {
    case(async |place| {
        let mut host = Host::serve(place, Settings::default()).await;
        let mut clients = host.connect(Kind::Ext4.driver()).await;
        let before = Snapshot::take(place, &host.paths);
        let mut ids = std::collections::BTreeSet::new();
        for name in TRICKY {
            let request = CreateVolumeRequest {
                name: name.to_owned(),
                capacity_range: at_least(1 << 20),
                volume_capabilities: vec![Kind::Ext4.capability()],
                ..Default::default()
            };
            let answer = clients.controller.create_volume(request).await.unwrap().into_inner();
            let id = answer.volume.unwrap().volume_id;
            assert!(ids.insert(id.clone()), "two names, one id");
            let after = Snapshot::take(place, &host.paths);
            let pool = host.paths.pool().to_string_lossy().into_owned();
            let astray = before.changes(&after).into_iter().filter(|it| !it.contains(&pool));
            assert_eq!(astray.collect::<Vec<_>>(), Vec::<String>::new(), "{name}");
            let request = DeleteVolumeRequest { volume_id: id, ..Default::default() };
            clients.controller.delete_volume(request).await.unwrap();
        }
        nothing_left(&host).await;
        host.stop().await;
    });
}

#[test]
fn the_same_name_with_other_wishes_exists_already() {
    const TAKEN: &[Code] = &[Code::AlreadyExists];
    const NO_SUCH_POOL: &[Code] = &[Code::AlreadyExists, Code::InvalidArgument];
    case(async |place| {
        let mut scene = Scene::set(place).await;
        let size = Kind::Ext4.sizes().0;
        let same = scene.made.create_request();
        let larger = CreateVolumeRequest { capacity_range: at_least(2 * size), ..same.clone() };
        let range = CapacityRange { required_bytes: 1, limit_bytes: size / 2 };
        let smaller = CreateVolumeRequest { capacity_range: Some(range), ..same.clone() };
        let parameters = [("pool".to_owned(), "other".to_owned())].into();
        let elsewhere = CreateVolumeRequest { parameters, ..same.clone() };
        scene
            .refuses(vec![
                row("the very same", same, &[Code::Ok], &[]),
                row("a larger size", larger, TAKEN, &["size"]),
                row("a smaller size", smaller, TAKEN, &["size"]),
                row("another pool", elsewhere, NO_SUCH_POOL, &["pool"]),
            ])
            .await;
        scene.strike().await;
    });
}

#[test]
fn another_volumes_id_takes_nothing_down() {
    case(async |place| {
        let mut scene = Scene::set(place).await;
        let unpublish = NodeUnpublishVolumeRequest {
            volume_id: scene.made.id(),
            ..scene.live.unpublish_request()
        };
        let unstage =
            NodeUnstageVolumeRequest { volume_id: scene.made.id(), ..scene.live.unstage_request() };
        let in_use = scene.live.unstage_request();
        let delete = DeleteVolumeRequest { volume_id: scene.live.id(), ..Default::default() };
        scene
            .refuses(vec![
                row("the target of another", unpublish, LEFT_ALONE, &["target_path"]),
                row("the staging path of another", unstage, LEFT_ALONE, &["staging_target_path"]),
                row(
                    "published still",
                    in_use,
                    &[Code::FailedPrecondition],
                    &["published", "mounted"],
                ),
                row("staged still", delete, &[Code::FailedPrecondition], &["use", "attached"]),
            ])
            .await;
        scene.strike().await;
    });
}
