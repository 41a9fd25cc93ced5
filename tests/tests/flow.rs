//! A volume's whole life on real devices: as it should be, and with a process killed between any
//! two steps, or in the middle of one.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests fail loudly"
)]

use std::time::Duration;

use mooring_proto::csi::v1::volume_usage::Unit;
use mooring_tests::host::Victim;
use mooring_tests::life::nothing_left;
use mooring_tests::payload::{self, Stream, Writer, Written};
use mooring_tests::{Host, Kind, Life, Place, Settings, case, eventually, kernel, sweep};
use tonic::{Code, Status};

/// The steps of a life, in order. Each can be told again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    Create,
    Stage,
    Publish,
    Write,
    Grow,
    GrowOnNode,
    Stats,
    Unpublish,
    Unstage,
    StageAgain,
    PublishAgain,
    Verify,
    UnpublishAgain,
    UnstageAgain,
    Delete,
}

impl Step {
    const ALL: [Self; 15] = [
        Self::Create,
        Self::Stage,
        Self::Publish,
        Self::Write,
        Self::Grow,
        Self::GrowOnNode,
        Self::Stats,
        Self::Unpublish,
        Self::Unstage,
        Self::StageAgain,
        Self::PublishAgain,
        Self::Verify,
        Self::UnpublishAgain,
        Self::UnstageAgain,
        Self::Delete,
    ];

    /// The steps of a volume of this kind: a directory does not grow.
    fn of(kind: Kind) -> Vec<Self> {
        let grows = kind != Kind::Directory;
        let steps = Self::ALL.into_iter();
        steps.filter(|step| grows || !matches!(step, Self::Grow | Self::GrowOnNode)).collect()
    }

    /// Whether the program has a part in it.
    fn is_call(self) -> bool {
        !matches!(self, Self::Write | Self::Verify)
    }
}

/// A life being told: the host, the volume, and what must stay true of it.
struct Story {
    host: Host,
    life: Life,
    uuid: Option<String>,
    size: u64,
    written: Option<Written>,
    writer: Option<Writer>,
    stream: Option<Stream>,
}

impl Story {
    async fn begin(place: &Place, kind: Kind) -> Self {
        let settings = Settings { directory: kind == Kind::Directory, ..Settings::default() };
        let host = Host::serve(place, settings).await;
        nothing_left(&host).await;
        let life = Life::new(&host, kind, "pvc-1").await;
        Self { host, life, uuid: None, size: 0, written: None, writer: None, stream: None }
    }

    async fn tell(&mut self, step: Step) {
        self.call(step)
            .await
            .unwrap_or_else(|status| panic!("{step:?}: {status}\n{}", self.host.log()));
        self.look(step).await;
    }

    /// The step itself, without a look at its outcome.
    async fn call(&mut self, step: Step) -> Result<(), Status> {
        match step {
            Step::Create => self.life.create().await,
            Step::Stage | Step::StageAgain => self.life.stage().await,
            Step::Publish | Step::PublishAgain => self.life.publish().await,
            Step::Grow => self.grow().await,
            Step::GrowOnNode => self.grow_on_node().await,
            Step::Stats => self.stats().await,
            Step::Unpublish | Step::UnpublishAgain => {
                self.stop_writing();
                self.life.unpublish().await
            }
            Step::Unstage | Step::UnstageAgain => self.life.unstage().await,
            Step::Delete => self.life.delete().await,
            Step::Write => {
                self.write();
                Ok(())
            }
            Step::Verify => {
                self.verify();
                Ok(())
            }
        }
    }

    /// What must be true after a step, however often it was told.
    async fn look(&mut self, step: Step) {
        match step {
            Step::Stage | Step::StageAgain => {
                let uuid = self.life.uuid(&self.host);
                assert_eq!(
                    *self.uuid.get_or_insert(uuid.clone().unwrap_or_default()),
                    uuid.unwrap_or_default(),
                    "formatted twice"
                );
            }
            Step::Publish => {
                self.life.assert_published();
                self.size = self.life.visible_size();
            }
            Step::PublishAgain => self.life.assert_published(),
            Step::Unpublish | Step::UnpublishAgain => {
                assert!(!self.life.target.exists(), "the target is still there");
            }
            Step::Unstage | Step::UnstageAgain => {
                let place = self.host.paths.targets.clone();
                assert_eq!(kernel::mounts_below(&place), vec![]);
                assert!(self.life.staging.is_dir(), "the staging directory is kubelet's");
            }
            Step::Delete => nothing_left(&self.host).await,
            Step::Create
            | Step::Write
            | Step::Grow
            | Step::GrowOnNode
            | Step::Stats
            | Step::Verify => {}
        }
    }

    fn write(&mut self) {
        if self.writer.is_some() {
            return;
        }
        self.written = Some(payload::write(&self.life.data(), 0, 32, 7).unwrap());
        let (path, offset) = self.life.stream();
        self.writer = Some(Writer::start(&path, offset));
    }

    fn stop_writing(&mut self) {
        if let Some(writer) = self.writer.take() {
            self.stream = Some(writer.stop());
        }
    }

    fn verify(&self) {
        self.written.as_ref().expect("written").verify();
        self.stream.as_ref().expect("stopped").verify();
        let (before, after) = (self.size, self.life.visible_size());
        let (old, new) = self.life.kind.sizes();
        let gained = u64::try_from(new - old).unwrap();
        match self.life.kind {
            Kind::Directory => {}
            Kind::Block => assert_eq!(after, u64::try_from(new).unwrap()),
            Kind::Ext4 | Kind::Xfs | Kind::Btrfs => {
                assert!(after >= before + gained * 3 / 4, "{before} bytes became {after}");
            }
        }
    }

    async fn grow(&mut self) -> Result<(), Status> {
        let answer = self.life.expand().await?;
        assert_eq!(answer.capacity_bytes, self.life.kind.sizes().1);
        assert!(answer.node_expansion_required);
        Ok(())
    }

    /// While the writer writes. A mounted ext4 grows only with CAP_SYS_RESOURCE, which containers
    /// and many virtual machines withhold; the next stage then grows it.
    async fn grow_on_node(&mut self) -> Result<(), Status> {
        if let Some(writer) = &self.writer {
            writer.writes_more(1).await;
        }
        let outcome = self.life.node_expand().await;
        if let Some(writer) = &self.writer {
            writer.writes_more(1).await;
        }
        let stuck =
            self.life.kind == Kind::Ext4 && !kernel::may_grow_mounted_ext4(self.host.node_pid());
        if stuck {
            let status = outcome.expect_err("an ext4 cannot grow online without CAP_SYS_RESOURCE");
            assert_eq!(status.code(), Code::FailedPrecondition, "{status}");
            assert!(status.message().contains("CAP_SYS_RESOURCE"), "{status}");
            return Ok(());
        }
        let answer = outcome?;
        assert_eq!(answer.capacity_bytes, self.life.kind.sizes().1);
        assert!(self.life.visible_size() > self.size, "not grown while mounted");
        Ok(())
    }

    async fn stats(&mut self) -> Result<(), Status> {
        let usage = self.life.stats().await?.usage;
        let bytes = usage.iter().find(|it| it.unit() == Unit::Bytes).expect("bytes");
        let size = i64::try_from(self.life.visible_size()).unwrap();
        assert_eq!(bytes.total, size, "{usage:?}");
        let has_inodes = usage.iter().any(|it| it.unit() == Unit::Inodes);
        assert_eq!(has_inodes, self.life.kind != Kind::Block, "{usage:?}");
        if self.life.kind != Kind::Block {
            assert!(bytes.used > 0 && bytes.available > 0, "{usage:?}");
        }
        Ok(())
    }

    async fn end(mut self) {
        self.host.stop().await;
    }
}

async fn whole_life(place: &Place, kind: Kind) {
    let mut story = Story::begin(place, kind).await;
    for step in Step::of(kind) {
        story.tell(step).await;
        if step.is_call() {
            // Doing it twice is doing it once.
            story.tell(step).await;
        }
    }
    story.end().await;
}

#[test]
fn a_life_of_ext4() {
    case(async |place| whole_life(place, Kind::Ext4).await);
}

#[test]
fn a_life_of_xfs() {
    case(async |place| whole_life(place, Kind::Xfs).await);
}

#[test]
fn a_life_of_btrfs() {
    case(async |place| whole_life(place, Kind::Btrfs).await);
}

#[test]
fn a_life_of_a_device() {
    case(async |place| whole_life(place, Kind::Block).await);
}

#[test]
fn a_life_of_a_directory() {
    case(async |place| whole_life(place, Kind::Directory).await);
}

/// Kills after each step in turn, tells that step again (its answer may have been lost) and then
/// the rest.
fn killed_between_steps(kind: Kind, victim: Victim) {
    sweep(Step::of(kind), async move |place, killed_after| {
        let mut story = Story::begin(place, kind).await;
        for step in Step::of(kind) {
            story.tell(step).await;
            if step == killed_after {
                story.host.kill_and_recover(victim).await;
                story.life.reconnect(&story.host).await;
                story.tell(step).await;
            }
        }
        story.end().await;
    });
}

#[test]
fn the_controller_is_killed_between_steps_of_ext4() {
    killed_between_steps(Kind::Ext4, Victim::Controller);
}

#[test]
fn the_controller_is_killed_between_steps_of_xfs() {
    killed_between_steps(Kind::Xfs, Victim::Controller);
}

#[test]
fn the_controller_is_killed_between_steps_of_btrfs() {
    killed_between_steps(Kind::Btrfs, Victim::Controller);
}

#[test]
fn the_controller_is_killed_between_steps_of_a_device() {
    killed_between_steps(Kind::Block, Victim::Controller);
}

#[test]
fn the_node_is_killed_between_steps_of_ext4() {
    killed_between_steps(Kind::Ext4, Victim::Node);
}

#[test]
fn the_node_is_killed_between_steps_of_xfs() {
    killed_between_steps(Kind::Xfs, Victim::Node);
}

#[test]
fn the_node_is_killed_between_steps_of_btrfs() {
    killed_between_steps(Kind::Btrfs, Victim::Node);
}

#[test]
fn the_node_is_killed_between_steps_of_a_device() {
    killed_between_steps(Kind::Block, Victim::Node);
}

#[test]
fn the_node_is_killed_between_steps_of_a_directory() {
    killed_between_steps(Kind::Directory, Victim::Node);
}

/// When to kill, in microseconds after a call began. Calls take 1 ms (creating) to 50 ms (a first
/// stage); what sweeps each system call is the fault tests of the crates.
const KILLED_AFTER: [u64; 6] = [300, 1_000, 2_500, 6_000, 15_000, 35_000];

/// Kills within a call, at different times after it began, and repeats it until it succeeds.
fn killed_within_calls(kind: Kind, victim: Victim) {
    let mut cases = Vec::new();
    let calls = Step::of(kind).into_iter().filter(|it| it.is_call() && *it != Step::Stats);
    for step in calls {
        cases.extend(KILLED_AFTER.map(|microseconds| (step, microseconds)));
    }
    sweep(cases, async move |place, (killed_in, microseconds)| {
        let mut story = Story::begin(place, kind).await;
        for step in Step::of(kind) {
            if step == killed_in {
                let kill_at = tokio::time::sleep(Duration::from_micros(microseconds));
                let call = story.call(step);
                // The call may end before it; then this is a kill between steps.
                tokio::select! { _ = call => {}, () = kill_at => {} }
                story.host.kill_and_recover(victim).await;
                story.life.reconnect(&story.host).await;
                converge(&mut story, step).await;
            }
            story.tell(step).await;
        }
        story.end().await;
    });
}

/// Repeats a call while the host says that it may be in progress still.
async fn converge(story: &mut Story, step: Step) {
    eventually("the repeated call converges", async || match story.call(step).await {
        Ok(()) => Some(()),
        Err(status) => {
            let passing = matches!(status.code(), Code::Aborted | Code::Unavailable);
            assert!(passing, "{step:?} after the kill: {status}\n{}", story.host.log());
            None
        }
    })
    .await;
}

#[test]
fn the_node_is_killed_within_calls_for_ext4() {
    killed_within_calls(Kind::Ext4, Victim::Node);
}

#[test]
fn the_controller_is_killed_within_calls_for_ext4() {
    killed_within_calls(Kind::Ext4, Victim::Controller);
}

#[test]
fn the_two_processes_run_apart() {
    case(async |place| {
        let host = Host::apart(place, Settings::default()).await;
        let life = Life::new(&host, Kind::Ext4, "pvc-1").await;
        let mut story =
            Story { host, life, uuid: None, size: 0, written: None, writer: None, stream: None };
        for step in Step::of(Kind::Ext4) {
            story.tell(step).await;
        }
        story.end().await;
    });
}
