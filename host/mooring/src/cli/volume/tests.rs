//! Whole commands against the model: what they ask, what they print, how they end.

mod copies;

use std::time::Duration;

use clap::Parser;
use mooring_proto::csi::v1::controller_service_capability::rpc::Type as Ability;
use tonic::Status;

use super::model::{ATTACHES, Model};
use super::{Failure, Outcome, VolumeArgs, execute};

#[derive(Debug, Parser)]
struct Line {
    #[command(flatten)]
    args: VolumeArgs,
}

fn parse(line: &str) -> Result<VolumeArgs, clap::Error> {
    Line::try_parse_from(["volume"].into_iter().chain(line.split_whitespace()))
        .map(|line| line.args)
}

impl Model {
    /// One command line, `DIR` standing for the model's directory.
    async fn run(&self, line: &str) -> Result<Outcome, Failure> {
        let line = line.replace("DIR", self.directory.path().to_str().unwrap());
        let socket = self.socket.to_str().unwrap();
        execute(parse(&format!("{line} --socket {socket}")).unwrap()).await
    }

    /// What a command prints, with `DIR` in place of the model's directory.
    async fn text(&self, line: &str) -> String {
        let text = self.run(line).await.unwrap().text;
        text.replace(self.directory.path().to_str().unwrap(), "DIR")
    }

    /// How a command ends.
    async fn exit(&self, line: &str) -> u8 {
        self.run(line).await.map_or_else(|failure| failure.exit(), |outcome| outcome.exit).code()
    }
}

#[tokio::test]
async fn a_volume_is_shown_for_people_and_for_scripts() {
    let model = Model::start(&[]);
    assert_eq!(
        model.text("create data --size 1536MiB --parameter tier=gold").await,
        "ID        vol-1\n\
         CAPACITY  1.5 GiB (1610612736 bytes)\n\
         CONTEXT   tier=gold\n"
    );
    assert_eq!(
        model.text("create data --size 1536MiB -o json").await,
        r#"{
  "volumeId": "vol-1",
  "capacityBytes": 1610612736,
  "context": {
    "tier": "gold"
  },
  "source": null,
  "topology": []
}
"#
    );
    assert_eq!(model.text("create data --size 1536MiB --quiet").await, "vol-1\n");
}

#[tokio::test]
async fn a_list_is_complete_whatever_the_page() {
    let model = Model::start(&ATTACHES);
    assert_eq!(model.text("list").await, "No volumes.\n");
    assert_eq!(model.text("list -o json").await, "{\n  \"volumes\": []\n}\n");
    for name in ["a", "b", "c"] {
        model.run(&format!("create {name} --size 64MiB")).await.unwrap();
    }
    model.run("stage vol-2 --staging-path DIR/s").await.unwrap();
    model.calls();
    assert_eq!(
        model.text("list --max-entries 2").await,
        "ID     CAPACITY  PUBLISHED TO  CONDITION\n\
         vol-1  64.0 MiB\n\
         vol-2  64.0 MiB  worker-1\n\
         vol-3  64.0 MiB\n"
    );
    assert_eq!(model.calls(), ["ListVolumes", "ListVolumes"]);
    assert_eq!(model.text("list --quiet").await, "vol-1\nvol-2\nvol-3\n");
    let json: serde_json::Value = serde_json::from_str(&model.text("list -o json").await).unwrap();
    assert_eq!(json["volumes"][1]["publishedNodes"], serde_json::json!(["worker-1"]));
}

#[tokio::test]
async fn stage_does_what_an_orchestrator_does_before_and_unstage_what_it_does_after() {
    let model = Model::start(&ATTACHES);
    model.run("create data --parameter a=b").await.unwrap();
    model.calls();
    let staged = model.text("stage vol-1 --staging-path DIR/kubelet/data --fs-type xfs").await;
    assert_eq!(
        staged,
        "ID               vol-1\n\
         STATE            staged\n\
         STAGING PATH     DIR/kubelet/data\n\
         PUBLISH CONTEXT  lun=7\n"
    );
    assert_eq!(
        model.calls(),
        ["ControllerGetVolume", "NodeGetInfo", "ControllerPublishVolume", "NodeStageVolume"]
    );
    let staging = model.directory.path().join("kubelet/data");
    let mode = std::os::unix::fs::PermissionsExt::mode(&staging.metadata().unwrap().permissions());
    assert_eq!(mode & 0o777, 0o750);

    let unstaged = model.text("unstage vol-1 --staging-path DIR/kubelet/data").await;
    assert_eq!(unstaged, "vol-1 unstaged from DIR/kubelet/data\n");
    assert_eq!(model.calls(), ["NodeUnstageVolume", "NodeGetInfo", "ControllerUnpublishVolume"]);
    assert!(!staging.exists());
}

#[tokio::test]
async fn a_driver_that_does_not_attach_is_not_asked_to() {
    let model = Model::start(&[]);
    model.run("create data").await.unwrap();
    model.calls();
    model.run("stage vol-1 --staging-path DIR/s").await.unwrap();
    model.run("unstage vol-1 --staging-path DIR/s").await.unwrap();
    assert_eq!(model.calls(), ["NodeStageVolume", "NodeUnstageVolume"]);
}

#[tokio::test]
async fn given_contexts_are_taken_without_asking() {
    let model = Model::start(&ATTACHES);
    model.run("create data").await.unwrap();
    model.calls();
    let line = "stage vol-1 --staging-path DIR/s --context a=b --publish-context lun=1";
    assert!(model.text(line).await.contains("lun=1"));
    assert_eq!(model.calls(), ["NodeStageVolume"]);
}

#[tokio::test]
async fn a_refused_stage_leaves_no_directory_and_a_doubtful_one_does() {
    let model = Model::start(&[]);
    model.run("create data").await.unwrap();
    let staging = model.directory.path().join("s");
    model.fail("NodeStageVolume", Status::failed_precondition("it holds data"));
    assert_eq!(model.exit("stage vol-1 --staging-path DIR/s").await, 6);
    assert!(!staging.exists());
    model.fail("NodeStageVolume", Status::aborted("pending"));
    assert_eq!(model.exit("stage vol-1 --staging-path DIR/s").await, 5);
    assert!(staging.exists());
}

#[tokio::test]
async fn a_life_is_shown_step_by_step() {
    let model = Model::start(&ATTACHES);
    model.run("create data --size 1GiB").await.unwrap();
    model.run("stage vol-1 --staging-path DIR/s").await.unwrap();
    assert_eq!(
        model.text("publish vol-1 --staging-path DIR/s --target-path DIR/pods/t --readonly").await,
        "ID           vol-1\n\
         STATE        published\n\
         TARGET PATH  DIR/pods/t\n\
         ACCESS       read-only\n"
    );
    assert_eq!(model.exit("publish vol-1 --staging-path DIR/x --target-path DIR/t").await, 6);
    assert_eq!(
        model.text("stats vol-1 --volume-path DIR/pods/t").await,
        "OF      TOTAL    USED       AVAILABLE  USE\n\
         bytes   1.0 GiB  256.0 MiB  768.0 MiB  25%\n\
         inodes  1000     3          997        0%\n"
    );
    let json = model.text("stats vol-1 --volume-path DIR/pods/t -o json").await;
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["bytes"]["available"], 768 << 20);
    assert_eq!(
        model.text("unpublish vol-1 --target-path DIR/pods/t").await,
        "vol-1 unpublished from DIR/pods/t\n"
    );
    assert_eq!(model.exit("delete vol-1").await, 6);
    model.run("unstage vol-1 --staging-path DIR/s").await.unwrap();
    assert_eq!(model.text("delete vol-1").await, "vol-1 deleted\n");
    assert_eq!(
        model.text("delete vol-1 -o json").await,
        "{\n  \"volumeId\": \"vol-1\",\n  \"state\": \"deleted\"\n}\n"
    );
}

#[tokio::test]
async fn expansion_goes_through_the_node_where_it_has_to() {
    let model = Model::start(&[]);
    model.run("create data --size 1GiB").await.unwrap();
    model.calls();
    assert_eq!(
        model.text("expand vol-1 --size 2GiB").await,
        "ID        vol-1\n\
         CAPACITY  2.0 GiB\n\
         NODE      still to do: mooring volume expand vol-1 --node-only --volume-path PATH\n"
    );
    assert_eq!(model.calls(), ["ControllerExpandVolume"]);
    let json = model.text("expand vol-1 --size 2GiB --volume-path DIR -o json").await;
    assert_eq!(
        json,
        r#"{
  "volumeId": "vol-1",
  "capacityBytes": 2147483648,
  "nodeExpanded": true,
  "nodeExpansionRequired": false
}
"#
    );
    assert_eq!(model.calls(), ["ControllerExpandVolume", "NodeExpandVolume"]);
    model.run("expand vol-1 --node-only --volume-path DIR").await.unwrap();
    assert_eq!(model.calls(), ["NodeExpandVolume"]);
}

#[tokio::test]
async fn room_and_verdicts() {
    let model = Model::start(&[]);
    assert_eq!(
        model.text("capacity").await,
        "AVAILABLE       100.0 GiB\n\
         LARGEST VOLUME  16.0 TiB\n"
    );
    model.run("create data").await.unwrap();
    assert_eq!(model.text("validate vol-1 --fs-type ext4").await, "vol-1 confirmed\n");
    let shared = "validate vol-1 --block --access-mode multi-node-multi-writer";
    assert_eq!(model.text(shared).await, "vol-1 refused: one node at a time\n");
    assert_eq!(model.exit(shared).await, 6);
}

#[tokio::test]
async fn failures_have_their_exit_codes() {
    let model = Model::start(&ATTACHES);
    model.run("create data --size 1GiB").await.unwrap();
    assert_eq!(model.exit("create data --size 2GiB").await, 4);
    assert_eq!(model.exit("get nowhere").await, 3);
    assert_eq!(model.exit("create x --size 2GiB --limit 1GiB").await, 2);
    assert_eq!(model.exit("create x --secret-file a=DIR/missing").await, 1);
    model.fail("ListVolumes", Status::internal("oops"));
    assert_eq!(model.exit("list").await, 1);
    let nobody = parse("list --socket /nowhere/csi.sock").unwrap();
    assert_eq!(execute(nobody).await.err().map(|failure| failure.exit().code()), Some(5));
}

#[tokio::test]
async fn the_driver_is_told_the_deadline() {
    let model = Model::start(&[]);
    model.run("list --timeout 1500ms").await.unwrap();
    assert_eq!(model.deadline().as_deref(), Some("1500000u"));
}

#[tokio::test]
async fn a_silent_driver_is_left_at_the_deadline() {
    let directory = tempfile::tempdir().unwrap();
    let socket = directory.path().join("csi.sock");
    // Connections wait in its queue and are never answered.
    let _listener = std::os::unix::net::UnixListener::bind(&socket).unwrap();
    let line = format!("list --timeout 50ms --socket {}", socket.display());
    let ended = tokio::time::timeout(Duration::from_secs(10), execute(parse(&line).unwrap())).await;
    let failure = ended.expect("the deadline ends it").err().expect("nothing answers");
    assert_eq!((failure.name(), failure.exit().code()), ("DEADLINE_EXCEEDED", 5));
}

#[tokio::test]
async fn the_controller_may_be_elsewhere() {
    let controller = Model::start(&[]);
    let node = Model::start(&[]);
    let socket = controller.socket.to_str().unwrap();
    node.run(&format!("create data --controller-socket {socket}")).await.unwrap();
    assert_eq!((controller.calls(), node.calls()), (vec!["CreateVolume"], vec![]));
}

#[tokio::test]
async fn secrets_come_from_files() {
    let model = Model::start(&[]);
    std::fs::write(model.directory.path().join("token"), "hunter2\n").unwrap();
    model.run("create data --secret-file token=DIR/token").await.unwrap();
    assert_eq!(model.secrets(), [("token".to_owned(), "hunter2".to_owned())].into());
}

#[tokio::test]
async fn copies_name_their_source() {
    let model = Model::start(&[Ability::GetVolume]);
    let text = model.text("create copy --from-volume vol-0").await;
    assert!(text.contains("SOURCE    volume vol-0\n"), "{text}");
    let json = model.text("create snap --from-snapshot s-1 -o json").await;
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["source"], serde_json::json!({"snapshotId": "s-1"}));
}

#[test]
fn contradictions_are_usage_errors() {
    for line in [
        "",
        "create",
        "create x --size 0",
        "create x --fs-type zfs",
        "create x --fs-type xfs --block",
        "create x --block --mount-flag noatime",
        "create x --from-volume a --from-snapshot b",
        "create x --parameter novalue",
        "list --max-entries -1",
        "list --timeout 0s",
        "expand x",
        "expand x --node-only",
        "expand x --size 1GiB --controller-only --node-only --volume-path /x",
        "publish x",
        "stage x",
    ] {
        let error = parse(line).expect_err(line);
        assert_eq!(error.exit_code(), 2, "{line}");
    }
}

#[test]
fn the_command_line_is_well_formed() {
    <Line as clap::CommandFactory>::command().debug_assert();
}
