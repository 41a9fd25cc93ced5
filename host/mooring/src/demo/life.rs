//! The life of the demo's volume, step by step.

use std::cell::{Cell, RefCell};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, ensure};
use mooring_node::os::BackingFile;
use mooring_proto::csi::v1 as csi;
use mooring_proto::csi::v1::volume_usage::Unit;
use tonic::Status;

use super::data::{self, Checksum, Writer, Written};
use super::kernel::{self, Kernel};
use super::screen::{Screen, Step, Told};
use super::workers::Workers;
use crate::cli::volume::output::human;
use crate::cli::volume::{Failure, FsType, Session, filesystem};

/// Blocks that the writer syncs before and after the growth.
const AROUND: u64 = 16;

/// Marks the demo's directories below the target root: a user may have others there.
pub(super) const PREFIX: &str = "demo-";

/// What is to be done.
pub(super) struct Plan {
    /// The volume's name: it makes the creation repeatable.
    pub(super) name: String,
    /// Bytes at first; twice as many after the growth.
    pub(super) size: i64,
    pub(super) fs_type: FsType,
    /// Below it, a directory a volume, named `demo-` and its id.
    pub(super) root: PathBuf,
}

/// One volume's life.
pub(super) struct Life<'a, K> {
    pub(super) plan: Plan,
    pub(super) session: &'a Session,
    kernel: K,
    pub(super) screen: &'a Screen,
    pub(super) workers: Workers,
    /// Known once the volume is created. It outlives a `run` that was broken off.
    pub(super) volume: RefCell<Option<Volume>>,
    /// Whether there may be something to clean up.
    pub(super) begun: Cell<bool>,
}

/// A volume and its places on this machine.
#[derive(Debug, Clone)]
pub(super) struct Volume {
    pub(super) id: String,
    directory: PathBuf,
    context: std::collections::BTreeMap<String, String>,
}

impl Volume {
    /// # Errors
    /// When the id is not fit to name a directory.
    pub(super) fn new(root: &Path, id: String) -> anyhow::Result<Self> {
        ensure!(
            !id.contains('/'),
            "the demo names a directory after the volume, and {id:?} can't be one"
        );
        Ok(Self { directory: root.join(format!("{PREFIX}{id}")), id, context: Default::default() })
    }

    fn staging(&self) -> PathBuf {
        self.directory.join("staging")
    }

    fn target(&self) -> PathBuf {
        self.directory.join("target")
    }
}

/// What the first half of the life leaves for the second to check.
struct Evidence {
    checksum: Checksum,
    written: Written,
    image: Option<BackingFile>,
}

impl<'a, K: Kernel> Life<'a, K> {
    pub(super) fn new(plan: Plan, session: &'a Session, kernel: K, screen: &'a Screen) -> Self {
        let workers = Workers::new();
        Self {
            plan,
            session,
            kernel,
            screen,
            workers,
            volume: RefCell::new(None),
            begun: Cell::new(false),
        }
    }

    /// From creation to the proof that nothing is left.
    ///
    /// # Errors
    /// The first step's that fails; `clean_up` is for what it leaves.
    pub(super) async fn run(&self) -> anyhow::Result<()> {
        self.begun.set(true);
        let screen = self.screen;
        let volume = screen.step(Step::Create, self.create()).await?;
        let image = screen.step(Step::Stage, self.stage(&volume)).await?;
        screen.step(Step::Publish, self.publish(&volume)).await?;
        let checksum = screen.step(Step::Write, self.write(&volume)).await?;
        let before = self.usage(&volume).await?.total;
        let written = screen.step(Step::Grow, self.grow(&volume)).await?;
        screen.step(Step::Stats, self.stats(&volume, before)).await?;
        let evidence = Evidence { checksum, written, image };
        screen.step(Step::Verify, self.verify(&volume, &evidence)).await?;
        screen.step(Step::Unpublish, self.unpublish(&volume)).await?;
        screen.step(Step::Unstage, self.unstage(&volume)).await?;
        screen.step(Step::Delete, self.delete(&volume)).await?;
        screen.step(Step::LookRound, self.look_round(&volume, &evidence)).await?;
        self.volume.replace(None);
        self.begun.set(false);
        Ok(())
    }

    async fn create(&self) -> anyhow::Result<Told<Volume>> {
        let created = self.create_volume().await.inspect_err(|error| {
            let sure = |failure: Failure| !failure.leaves_doubt();
            if error.downcast_ref::<Status>().is_some_and(|status| sure(status.clone().into())) {
                self.begun.set(false);
            }
        })?;
        let size = human(created.capacity_bytes);
        let mut volume = Volume::new(&self.plan.root, created.volume_id)?;
        volume.context = created.volume_context;
        self.volume.replace(Some(volume.clone()));
        let text = format!("volume {}, {size}", volume.id);
        Ok(Told::new(volume, text))
    }

    pub(super) async fn create_volume(&self) -> anyhow::Result<csi::Volume> {
        let request = csi::CreateVolumeRequest {
            name: self.plan.name.clone(),
            capacity_range: Some(self.capacity(1)),
            volume_capabilities: vec![filesystem(self.plan.fs_type)],
            ..Default::default()
        };
        let mut controller = self.session.controller().await?;
        let answer = controller.create_volume(self.session.request(request)).await?;
        answer.into_inner().volume.context("the driver answered without a volume")
    }

    fn capacity(&self, times: i64) -> csi::CapacityRange {
        csi::CapacityRange { required_bytes: self.plan.size.saturating_mul(times), limit_bytes: 0 }
    }

    async fn stage(&self, volume: &Volume) -> anyhow::Result<Told<Option<BackingFile>>> {
        kernel::make_directory(&volume.staging())?;
        let request = csi::NodeStageVolumeRequest {
            volume_id: volume.id.clone(),
            staging_target_path: text(&volume.staging())?,
            volume_capability: Some(filesystem(self.plan.fs_type)),
            volume_context: volume.context.clone(),
            ..Default::default()
        };
        let mut node = self.session.node().await?;
        node.node_stage_volume(self.session.request(request)).await?;
        let mounted = self.mounted_at(&volume.staging())?;
        let text = format!(
            "attached as {}, formatted with {}, mounted at {}",
            mounted.device,
            mounted.fs_type,
            volume.staging().display()
        );
        Ok(Told::new(mounted.image, text))
    }

    fn mounted_at(&self, path: &Path) -> anyhow::Result<kernel::Mounted> {
        self.kernel.mounted_at(path)?.with_context(|| {
            format!("the driver said OK, but the kernel shows no mount at {}", path.display())
        })
    }

    async fn publish(&self, volume: &Volume) -> anyhow::Result<Told<()>> {
        let request = csi::NodePublishVolumeRequest {
            volume_id: volume.id.clone(),
            staging_target_path: text(&volume.staging())?,
            target_path: text(&volume.target())?,
            volume_capability: Some(filesystem(self.plan.fs_type)),
            volume_context: volume.context.clone(),
            ..Default::default()
        };
        let mut node = self.session.node().await?;
        node.node_publish_volume(self.session.request(request)).await?;
        self.mounted_at(&volume.target())?;
        Ok(Told::new((), format!("a workload would see it at {}", volume.target().display())))
    }

    /// An eighth of the volume, at most 64 MiB.
    async fn write(&self, volume: &Volume) -> anyhow::Result<Told<Checksum>> {
        let bytes = u64::try_from(self.plan.size / 8)?.min(64 << 20);
        let path = volume.target().join("data");
        let checksum = self.workers.run(move || data::write(&path, bytes)).await??;
        let size = human(i64::try_from(bytes)?);
        let text = format!("{size} of random data written and synced, sha256 {checksum}…");
        Ok(Told::new(checksum, text))
    }

    async fn grow(&self, volume: &Volume) -> anyhow::Result<Told<Written>> {
        let mut writer = Writer::start(&volume.target().join("log"), &self.workers).await?;
        writer.further(AROUND).await;
        self.expand(volume).await?;
        writer.further(AROUND).await;
        let written = writer.finish().await?;
        let text = format!(
            "{} → {} while mounted and written to\n\
             the writer synced {} blocks meanwhile; the slowest took {:.1} ms",
            human(self.plan.size),
            human(self.capacity(2).required_bytes),
            written.blocks,
            written.longest.as_secs_f64() * 1e3
        );
        Ok(Told::new(written, text))
    }

    async fn expand(&self, volume: &Volume) -> anyhow::Result<()> {
        let request = csi::ControllerExpandVolumeRequest {
            volume_id: volume.id.clone(),
            capacity_range: Some(self.capacity(2)),
            volume_capability: Some(filesystem(self.plan.fs_type)),
            ..Default::default()
        };
        let mut controller = self.session.controller().await?;
        let answer = controller.controller_expand_volume(self.session.request(request)).await?;
        if !answer.into_inner().node_expansion_required {
            return Ok(());
        }
        let request = csi::NodeExpandVolumeRequest {
            volume_id: volume.id.clone(),
            volume_path: text(&volume.target())?,
            staging_target_path: text(&volume.staging())?,
            capacity_range: Some(self.capacity(2)),
            volume_capability: Some(filesystem(self.plan.fs_type)),
            ..Default::default()
        };
        let mut node = self.session.node().await?;
        node.node_expand_volume(self.session.request(request)).await?;
        Ok(())
    }

    async fn usage(&self, volume: &Volume) -> anyhow::Result<csi::VolumeUsage> {
        let request = csi::NodeGetVolumeStatsRequest {
            volume_id: volume.id.clone(),
            volume_path: text(&volume.target())?,
            staging_target_path: text(&volume.staging())?,
        };
        let mut node = self.session.node().await?;
        let answer = node.node_get_volume_stats(self.session.request(request)).await?.into_inner();
        let bytes = answer.usage.into_iter().find(|usage| usage.unit() == Unit::Bytes);
        bytes.context("the driver's statistics lack bytes")
    }

    async fn stats(&self, volume: &Volume, before: i64) -> anyhow::Result<Told<()>> {
        let usage = self.usage(volume).await?;
        let (old, new) = (human(before), human(usage.total));
        ensure!(usage.total > before, "the file system had {old} before it grew, and has {new}");
        let (used, available) = (human(usage.used), human(usage.available));
        let text = format!("file system {old} → {new}: {used} used, {available} available");
        Ok(Told::new((), text))
    }

    async fn verify(&self, volume: &Volume, evidence: &Evidence) -> anyhow::Result<Told<()>> {
        let path = volume.target().join("data");
        let found = self.workers.run(move || data::checksum(&path)).await??;
        let wanted = &evidence.checksum;
        ensure!(found == *wanted, "sha256 is {found}…, but {wanted}… was written: data was lost");
        let (path, written) = (volume.target().join("log"), evidence.written);
        let intact = self.workers.run(move || data::blocks_intact(&path, written)).await??;
        ensure!(intact, "a block that was written and synced during the growth was lost");
        let text =
            format!("sha256 {found}… read back from the device; every synced block is there");
        Ok(Told::new((), text))
    }

    pub(super) async fn unpublish(&self, volume: &Volume) -> anyhow::Result<Told<()>> {
        let request = csi::NodeUnpublishVolumeRequest {
            volume_id: volume.id.clone(),
            target_path: text(&volume.target())?,
        };
        let mut node = self.session.node().await?;
        node.node_unpublish_volume(self.session.request(request)).await?;
        Ok(Told::new((), "target unmounted and removed"))
    }

    /// The staging directory was the demo's to make, and so it is to remove.
    pub(super) async fn unstage(&self, volume: &Volume) -> anyhow::Result<Told<()>> {
        let request = csi::NodeUnstageVolumeRequest {
            volume_id: volume.id.clone(),
            staging_target_path: text(&volume.staging())?,
        };
        let mut node = self.session.node().await?;
        node.node_unstage_volume(self.session.request(request)).await?;
        for directory in [volume.staging(), volume.directory.clone()] {
            match std::fs::remove_dir(&directory) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                    return Err(error).context(format!("cannot remove {}", directory.display()));
                }
                Ok(()) | Err(_) => {}
            }
        }
        Ok(Told::new((), "unmounted, device released"))
    }

    pub(super) async fn delete(&self, volume: &Volume) -> anyhow::Result<Told<()>> {
        let request =
            csi::DeleteVolumeRequest { volume_id: volume.id.clone(), ..Default::default() };
        let mut controller = self.session.controller().await?;
        controller.delete_volume(self.session.request(request)).await?;
        Ok(Told::new((), format!("volume {} and its data deleted", volume.id)))
    }

    async fn look_round(&self, volume: &Volume, evidence: &Evidence) -> anyhow::Result<Told<()>> {
        let mut remains = self.kernel.remains(&volume.directory, evidence.image)?;
        if self.listed(volume).await? {
            remains.push("the volume in the driver's list".to_owned());
        }
        ensure!(remains.is_empty(), "left over: {}", remains.join(", "));
        Ok(Told::new((), "no mount, no loop device, no directory, no volume is left"))
    }

    async fn listed(&self, volume: &Volume) -> anyhow::Result<bool> {
        let mut controller = self.session.controller().await?;
        let mut starting_token = String::new();
        loop {
            let request = csi::ListVolumesRequest { max_entries: 0, starting_token };
            let page = controller.list_volumes(self.session.request(request)).await?;
            let csi::ListVolumesResponse { entries, next_token } = page.into_inner();
            let ids = entries.into_iter().filter_map(|entry| entry.volume);
            if ids.into_iter().any(|listed| listed.volume_id == volume.id) {
                return Ok(true);
            }
            if next_token.is_empty() {
                return Ok(false);
            }
            starting_token = next_token;
        }
    }
}

fn text(path: &Path) -> anyhow::Result<String> {
    let text = path.to_str().with_context(|| format!("{} is not UTF-8", path.display()))?;
    Ok(text.to_owned())
}
