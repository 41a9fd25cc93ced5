//! Staging, target and volume paths.

use mooring_proto::csi::v1::*;
use mooring_tests::life::text;
use mooring_tests::{Life, case};
use tonic::Code;

use crate::scene::{INVALID, LEFT_ALONE, Row, Scene, WRONG_STATE, row};

/// Paths that can't be meant, wherever they stand.
fn malformed(scene: &Scene<'_>) -> Vec<(&'static str, String)> {
    let inside = |below: &str| scene.target(below);
    vec![
        ("empty", String::new()),
        ("the root", "/".into()),
        ("slashes", "///".into()),
        ("relative", "foreign/real".into()),
        (".. inside", inside("foreign/../../outside/empty")),
        ("only ..", "..".into()),
        ("a NUL", inside("foreign/real\0/x")),
        ("a newline", inside("foreign/re\nal")),
        ("over 4096 bytes", inside(&"x/".repeat(2100))),
        ("a segment of 300 bytes", inside(&"x".repeat(300))),
    ]
}

/// Places that belong to others: the machine, the host itself.
fn out_of_bounds(scene: &Scene<'_>) -> Vec<(&'static str, String)> {
    let paths = &scene.host.paths;
    vec![
        ("/etc", "/etc".into()),
        ("/proc/1", "/proc/1".into()),
        ("outside the roots", text(&paths.targets.with_file_name("outside").join("empty"))),
        ("a name that starts like a root", format!("{}-2/x", text(&paths.targets))),
        ("the root of targets", text(&paths.targets)),
        ("the host's state", text(&paths.node_state())),
        ("the pool", text(&paths.pool())),
        ("the sockets", text(&paths.sockets)),
    ]
}

/// Things of others at paths that are allowed, on which nothing may be mounted.
const IN_THE_WAY: [(&str, &str); 9] = [
    ("a link at the end", "foreign/link"),
    ("a link to the inside", "foreign/link-inside"),
    ("a link in the middle", "foreign/link/below"),
    ("a link to a file", "foreign/link-to-file"),
    ("a broken link", "foreign/link-broken"),
    ("a FIFO", "foreign/fifo"),
    ("a device", "foreign/device"),
    ("a file with something in it", "foreign/file"),
    ("below a file", "foreign/file/below"),
];

fn stage_at(life: &Life, path: String) -> NodeStageVolumeRequest {
    NodeStageVolumeRequest { staging_target_path: path, ..life.stage_request() }
}

fn publish_at(life: &Life, path: String) -> NodePublishVolumeRequest {
    NodePublishVolumeRequest { target_path: path, ..life.publish_request() }
}

#[test]
fn stage_mounts_on_no_foreign_path() {
    const FIELD: &[&str] = &["staging_target_path"];
    case(async |place| {
        let mut scene = Scene::set(place).await;
        let mut rows: Vec<Row> = malformed(&scene)
            .into_iter()
            .chain(out_of_bounds(&scene))
            .map(|(what, path)| row(what, stage_at(&scene.made, path), INVALID, FIELD))
            .collect();
        scene.refuses(rows).await;
        // An image's file is made at its first stage, whatever comes of that; from here on it is
        // there.
        scene.made.stage().await.unwrap();
        scene.made.unstage().await.unwrap();
        rows = Vec::new();
        for (what, path) in IN_THE_WAY {
            let request = stage_at(&scene.made, scene.target(path));
            rows.push(row(what, request, INVALID, FIELD));
        }
        let mounted = stage_at(&scene.made, scene.target("foreign/mounted"));
        rows.push(row("mounted by another", mounted, WRONG_STATE, FIELD));
        let anothers = stage_at(&scene.made, text(&scene.live.staging));
        rows.push(row("another volume's", anothers, WRONG_STATE, FIELD));
        let elsewhere = stage_at(&scene.live, scene.target("free/staging"));
        rows.push(row("staged elsewhere", elsewhere, WRONG_STATE, FIELD));
        scene.refuses(rows).await;
        scene.strike().await;
    });
}

#[test]
fn publish_mounts_on_no_foreign_path() {
    const FIELD: &[&str] = &["target_path"];
    case(async |place| {
        let mut scene = Scene::set(place).await;
        let mut rows: Vec<Row> = malformed(&scene)
            .into_iter()
            .chain(out_of_bounds(&scene))
            .map(|(what, path)| row(what, publish_at(&scene.live, path), INVALID, FIELD))
            .collect();
        for (what, path) in IN_THE_WAY {
            let request = publish_at(&scene.live, scene.target(path));
            rows.push(row(what, request, INVALID, FIELD));
            if path != "foreign/file" {
                let request = publish_at(&scene.device, scene.target(path));
                rows.push(row(what, request, INVALID, FIELD));
            }
        }
        let file = publish_at(&scene.live, scene.target("foreign/empty-file"));
        rows.push(row("a file for a directory", file, INVALID, FIELD));
        let directory = publish_at(&scene.device, scene.target("foreign/empty"));
        rows.push(row("a directory for a file", directory, INVALID, FIELD));
        let mounted = publish_at(&scene.live, scene.target("foreign/mounted"));
        rows.push(row("mounted by another", mounted, WRONG_STATE, FIELD));
        let anothers = publish_at(&scene.live, text(&scene.device.target));
        rows.push(row("another volume's", anothers, WRONG_STATE, FIELD));
        let staging = publish_at(&scene.live, text(&scene.live.staging));
        rows.push(row("the staging path", staging, INVALID, FIELD));
        let within = publish_at(&scene.live, text(&scene.live.staging.join("within")));
        rows.push(row("within the staging path", within, INVALID, FIELD));
        scene.refuses(rows).await;
        scene.strike().await;
    });
}

#[test]
fn publish_shows_what_is_staged_and_nothing_else() {
    const FIELD: &[&str] = &["staging_target_path"];
    const NOT_STAGED: &[Code] = &[Code::FailedPrecondition, Code::InvalidArgument];
    case(async |place| {
        let mut scene = Scene::set(place).await;
        let free = scene.target("free/target");
        let from = |life: &Life, path: String| NodePublishVolumeRequest {
            staging_target_path: path,
            target_path: free.clone(),
            ..life.publish_request()
        };
        let mut rows: Vec<Row> = malformed(&scene)
            .into_iter()
            .chain(out_of_bounds(&scene))
            .map(|(what, path)| row(what, from(&scene.live, path), NOT_STAGED, FIELD))
            .collect();
        for (what, path) in IN_THE_WAY {
            let request = from(&scene.live, scene.target(path));
            rows.push(row(what, request, NOT_STAGED, FIELD));
        }
        for (what, life, path) in [
            ("a plain directory", &scene.live, scene.target("foreign/full")),
            ("a foreign mount", &scene.live, scene.target("foreign/mounted")),
            ("another volume's", &scene.live, text(&scene.device.staging)),
            ("a volume that is not staged", &scene.made, text(&scene.made.staging)),
            ("its target", &scene.live, text(&scene.live.target)),
        ] {
            rows.push(row(what, from(life, path), NOT_STAGED, &["stag"]));
        }
        scene.refuses(rows).await;
        scene.strike().await;
    });
}

/// The reference driver deleted what it was pointed at.
#[test]
fn teardown_removes_nothing_foreign() {
    case(async |place| {
        let mut scene = Scene::set(place).await;
        let mut rows = Vec::new();
        let mut paths = malformed(&scene);
        let lexical = paths.len();
        paths.extend(out_of_bounds(&scene));
        paths.extend(IN_THE_WAY.map(|(what, path)| (what, scene.target(path))));
        for (what, path) in [
            ("a full directory", "foreign/full"),
            ("an empty directory", "foreign/empty"),
            ("an empty file", "foreign/empty-file"),
            ("a foreign mount", "foreign/mounted"),
            ("nothing there", "foreign/nothing"),
            ("no parent there", "foreign/nothing/below"),
        ] {
            paths.push((what, scene.target(path)));
        }
        for (number, (what, path)) in paths.into_iter().enumerate() {
            let codes = if number < lexical { INVALID } else { LEFT_ALONE };
            for life in [&scene.made, &scene.live, &scene.device] {
                let (volume_id, target_path) = (life.id(), path.clone());
                let unpublish = NodeUnpublishVolumeRequest { volume_id, target_path };
                rows.push(row(what, unpublish, codes, &["target_path"]));
                let (volume_id, staging_target_path) = (life.id(), path.clone());
                let unstage = NodeUnstageVolumeRequest { volume_id, staging_target_path };
                rows.push(row(what, unstage, codes, &["staging_target_path"]));
            }
        }
        scene.refuses(rows).await;
        scene.strike().await;
    });
}

#[test]
fn stats_and_growth_look_at_published_volumes_alone() {
    const NOT_THERE: &[Code] = &[Code::NotFound, Code::InvalidArgument, Code::FailedPrecondition];
    case(async |place| {
        let mut scene = Scene::set(place).await;
        let mut paths = malformed(&scene);
        paths.extend(out_of_bounds(&scene));
        paths.extend(IN_THE_WAY.map(|(what, path)| (what, scene.target(path))));
        paths.push(("a directory", scene.target("foreign/full")));
        paths.push(("a foreign mount", scene.target("foreign/mounted")));
        paths.push(("another volume's", text(&scene.device.target)));
        let volume_id = scene.live.id();
        let mut rows = Vec::new();
        for (what, volume_path) in paths {
            let stats = NodeGetVolumeStatsRequest {
                volume_id: volume_id.clone(),
                volume_path: volume_path.clone(),
                ..Default::default()
            };
            rows.push(row(what, stats, NOT_THERE, &["volume_path", "volume"]));
            let grow = NodeExpandVolumeRequest {
                volume_id: volume_id.clone(),
                volume_path,
                ..Default::default()
            };
            rows.push(row(what, grow, NOT_THERE, &["volume_path", "volume"]));
        }
        scene.refuses(rows).await;
        scene.strike().await;
    });
}
