//! The demo's volume lives on the model of a driver: what is left after it went well, failed at
//! some step, or was broken off in one.

use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Parser;
use mooring_node::os::BackingFile;
use tonic::Status;

use super::host::Serving;
use super::invitation::Invitation;
use super::kernel::{Kernel, Mounted, claim};
use super::life::{Life, Plan};
use super::screen::Screen;
use crate::cli::volume::model::Model;
use crate::cli::volume::{ConnectionArgs, FsType, Session, VolumeArgs};

/// A kernel whose mount table is what the model has staged and published.
struct Twin<'a> {
    model: &'a Model,
    /// Whether mounts are shown that the driver says it has made.
    honest: bool,
    /// What stays for ever.
    stuck: Vec<String>,
}

impl Kernel for Twin<'_> {
    fn mounted_at(&self, path: &Path) -> anyhow::Result<Option<Mounted>> {
        let mounted = Mounted { device: "/dev/loop3".into(), fs_type: "xfs".into(), image: None };
        Ok((self.honest && self.model.mounted(path)).then_some(mounted))
    }

    fn remains(&self, directory: &Path, _: Option<BackingFile>) -> anyhow::Result<Vec<String>> {
        let mounts = ["staging", "target"].map(|name| directory.join(name));
        let mounts = mounts.iter().filter(|path| self.model.mounted(path));
        let mounts = mounts.map(|path| path.display().to_string());
        Ok(mounts.chain(self.stuck.iter().cloned()).collect())
    }
}

struct Stage {
    model: Model,
    session: Session,
    screen: Screen,
    root: PathBuf,
}

impl Stage {
    fn new() -> Self {
        let model = Model::start(&[]);
        let root = model.directory.path().join("root");
        let session = Session::new(ConnectionArgs {
            socket: model.socket.clone(),
            controller_socket: None,
            timeout: Duration::from_secs(20),
        });
        Self { session, screen: Screen::new(|_| Ok(())), root, model }
    }

    fn life(&self) -> Life<'_, Twin<'_>> {
        self.life_with(Twin { model: &self.model, honest: true, stuck: Vec::new() })
    }

    fn life_with<'a>(&'a self, kernel: Twin<'a>) -> Life<'a, Twin<'a>> {
        let plan = Plan {
            name: "demo-1".to_owned(),
            size: 16 << 20,
            fs_type: FsType::Ext4,
            root: self.root.clone(),
        };
        Life::new(plan, &self.session, kernel, &self.screen)
    }

    /// Neither a volume, nor a directory of one.
    fn is_clean(&self) -> bool {
        let directories = std::fs::read_dir(&self.root).map_or(0, Iterator::count);
        self.model.volumes() == 0 && directories == 0
    }
}

#[tokio::test]
async fn a_life_goes_through_every_step_and_leaves_nothing() {
    let stage = Stage::new();
    stage.life().run().await.unwrap();
    assert_eq!(
        stage.model.calls(),
        [
            "CreateVolume",
            "NodeStageVolume",
            "NodePublishVolume",
            "NodeGetVolumeStats",
            "ControllerExpandVolume",
            "NodeExpandVolume",
            "NodeGetVolumeStats",
            "NodeUnpublishVolume",
            "NodeUnstageVolume",
            "DeleteVolume",
            "ListVolumes",
        ]
    );
    assert!(stage.is_clean());
}

#[tokio::test]
async fn a_failed_step_is_cleaned_up() {
    for rpc in [
        "CreateVolume",
        "NodeStageVolume",
        "NodePublishVolume",
        "NodeGetVolumeStats",
        "ControllerExpandVolume",
        "NodeExpandVolume",
        "ListVolumes",
    ] {
        let stage = Stage::new();
        stage.model.fail(rpc, Status::internal("broken"));
        let life = stage.life();
        let error = life.run().await.expect_err(rpc);
        assert_eq!(error.downcast_ref::<Status>().map(Status::message), Some("broken"), "{rpc}");
        stage.model.calls();
        life.clean_up().await;
        assert!(stage.is_clean(), "{rpc}");
        // What was surely never made is not looked for.
        assert_eq!(stage.model.calls().is_empty(), rpc == "CreateVolume");
    }
}

#[tokio::test]
async fn cleaning_up_waits_for_a_driver_that_is_still_busy() {
    let stage = Stage::new();
    stage.model.fail("NodePublishVolume", Status::internal("broken"));
    let life = stage.life();
    life.run().await.unwrap_err();
    stage.model.fail_times("NodeUnpublishVolume", Status::aborted("an operation is pending"), 2);
    stage.model.fail_times("DeleteVolume", Status::aborted("an operation is pending"), 1);
    life.clean_up().await;
    assert!(stage.is_clean());
}

#[tokio::test]
async fn a_life_that_is_broken_off_is_cleaned_up() {
    for rpc in [
        "CreateVolume",
        "NodeStageVolume",
        "NodePublishVolume",
        "NodeExpandVolume",
        "NodeUnpublishVolume",
        "NodeUnstageVolume",
        "DeleteVolume",
    ] {
        let stage = Stage::new();
        stage.model.stall(Some(rpc));
        let life = stage.life();
        tokio::select! {
            ended = life.run() => panic!("{rpc}: {ended:?}"),
            () = stage.model.pause.arrived.notified() => {}
        }
        stage.model.stall(None);
        life.clean_up().await;
        assert!(stage.is_clean(), "{rpc}");
    }
}

fn invert_first_byte(path: &Path) {
    let mut bytes = std::fs::read(path).unwrap();
    bytes[0] = !bytes[0];
    std::fs::write(path, bytes).unwrap();
}

#[tokio::test]
async fn lost_data_is_noticed() {
    for file in ["data", "log"] {
        let stage = Stage::new();
        stage.model.stall(Some("NodeExpandVolume"));
        let life = stage.life();
        let spoil = async {
            // The statistics after the growth: the writer has stopped by then.
            for next in [Some("NodeGetVolumeStats"), None] {
                stage.model.pause.arrived.notified().await;
                if next.is_none() {
                    invert_first_byte(&stage.root.join("demo-vol-1/target").join(file));
                }
                stage.model.stall(next);
                stage.model.pause.resumed.notify_one();
            }
        };
        let (lived, ()) = tokio::join!(life.run(), spoil);
        let error = lived.unwrap_err().to_string();
        assert!(error.contains("lost"), "{error}");
        life.clean_up().await;
        assert!(stage.is_clean());
    }
}

#[tokio::test]
async fn the_kernel_is_believed_and_not_the_driver() {
    let stage = Stage::new();
    let kernel = Twin { model: &stage.model, honest: false, stuck: Vec::new() };
    let life = stage.life_with(kernel);
    let error = life.run().await.unwrap_err().to_string();
    assert!(error.contains("the kernel shows no mount"), "{error}");
    life.clean_up().await;
    assert!(stage.is_clean());

    let stuck = vec!["the loop device /dev/loop3".to_owned()];
    let life = stage.life_with(Twin { model: &stage.model, honest: true, stuck });
    let error = life.run().await.unwrap_err().to_string();
    assert_eq!(error, "left over: the loop device /dev/loop3");
}

#[tokio::test]
async fn a_killed_demo_is_cleared_away_by_the_next() {
    let stage = Stage::new();
    stage.model.stall(Some("NodeExpandVolume"));
    let killed = stage.life();
    tokio::select! {
        ended = killed.run() => panic!("{ended:?}"),
        () = stage.model.pause.arrived.notified() => {}
    }
    stage.model.stall(None);
    killed.workers.idle().await;
    let users = stage.root.join("data");
    std::fs::create_dir(&users).unwrap();
    stage.life().clear_remains().await;
    std::fs::remove_dir(users).expect("a user's own directory is left alone");
    assert!(stage.is_clean());
}

#[test]
fn one_demo_at_a_time_has_a_target_root() {
    let directory = tempfile::tempdir().unwrap();
    let root = directory.path().join("root");
    let claim = claim(&root).unwrap();
    let error = super::kernel::claim(&root).unwrap_err();
    assert!(error.to_string().starts_with("another demo mounts below"), "{error}");
    drop(claim);
    super::kernel::claim(&root).unwrap();
}

#[tokio::test]
async fn notes_explain_what_the_message_cannot() {
    let stage = Stage::new();
    stage.model.fail("NodeExpandVolume", Status::permission_denied("not permitted"));
    let life = stage.life();
    let error = life.run().await.unwrap_err();
    assert!(life.note(&error, Serving::Own).unwrap().contains("CAP_SYS_RESOURCE"));
    life.clean_up().await;

    stage.model.fail("NodeStageVolume", Status::invalid_argument("outside of the target roots"));
    let error = life.run().await.unwrap_err();
    assert_eq!(life.note(&error, Serving::Own), None);
    assert!(life.note(&error, Serving::Found).unwrap().contains("--target-root"));
    life.clean_up().await;

    stage.model.fail_times("NodeStageVolume", Status::internal("broken"), 0);
    stage.model.fail("NodeExpandVolume", Status::internal("broken"));
    let error = life.run().await.unwrap_err();
    assert_eq!(life.note(&error, Serving::Own), None);
}

#[derive(Debug, Parser)]
struct Line {
    #[command(flatten)]
    args: VolumeArgs,
}

#[test]
fn the_commands_to_copy_are_right() {
    let text = Invitation::new(
        Path::new("/run/mooring/image.mooring.dev/csi.sock"),
        Path::new("/run/mooring"),
        Path::new("/run/mooring-demo"),
    )
    .text(Serving::Own)
    .replace("\\\n", " ");
    let commands: Vec<&str> =
        text.lines().filter_map(|line| line.split_once(" volume ")).map(|(_, rest)| rest).collect();
    assert_eq!(commands.len(), 9);
    for command in commands {
        let words = command.trim_end_matches(')').split_whitespace();
        Line::try_parse_from(["volume"].into_iter().chain(words)).unwrap();
    }
    assert!(
        text.contains("curl --unix-socket /run/mooring/telemetry.sock http://localhost/metrics")
    );
}
