//! The life of one controller's store, with faults on its way: whatever a call answered OK to is there
//! after each kill, and nothing is there twice, or half.

use std::collections::BTreeSet;

use anyhow::{Context as _, bail, ensure};
use mooring_proto::csi::v1::{
    CreateSnapshotRequest, DeleteSnapshotRequest, ListSnapshotsRequest, ListVolumesRequest,
    Snapshot,
};
use mooring_tests::life::{of_snapshot, of_volume};
use mooring_tests::payload::{self, Written};
use mooring_tests::{Clients, Kind, Life};
use nix::sys::signal::Signal;
use tonic::{Code, Status};

use crate::bench::Bench;
use crate::checks;
use crate::patience::{LOOK, within};
use crate::points::{Fault, Rpc, What};
use crate::trace::Traced;
use crate::volume::Lived;

/// How often a call is repeated before it counts as stuck.
const ATTEMPTS: u32 = 200;

/// What calls say of a store that takes no more writes.
const SEALED: &str = "the store cannot be used";

/// What they say of a snapshot whose copy failed.
const FAILED: &str = "delete it and take another";

/// A store that is being used: a volume, a snapshot of it, and a copy of each.
pub(crate) struct Store<'a> {
    bench: &'a mut Bench,
    clients: Clients,
    first: Life,
    restored: Life,
    cloned: Life,
    snapshot: Option<Snapshot>,
    faults: &'a [Fault],
    lived: Lived,
    /// Ids that were answered and not deleted since.
    volumes: BTreeSet<String>,
    snapshots: BTreeSet<String>,
}

impl<'a> Store<'a> {
    /// Lives it; `name` is new.
    ///
    /// # Errors
    /// What went wrong, in words: a finding.
    pub(crate) async fn live(
        bench: &'a mut Bench,
        name: &str,
        faults: &'a [Fault],
    ) -> anyhow::Result<Lived> {
        let clients = bench.connect().await?;
        // A device: what differs from file system to file system is the node's matter.
        let life = |what: &str| {
            Life::at(&bench.paths, clients.clone(), Kind::Block, &format!("{name}-{what}"))
        };
        let (first, restored, cloned) = (life("first"), life("restored"), life("cloned"));
        let (volumes, snapshots) = (BTreeSet::new(), BTreeSet::new());
        let lived = Lived::default();
        let mut store = Self {
            bench,
            clients,
            first,
            restored,
            cloned,
            snapshot: None,
            faults,
            lived,
            volumes,
            snapshots,
        };
        store.all().await?;
        Ok(store.lived)
    }

    async fn all(&mut self) -> anyhow::Result<()> {
        self.step(Rpc::Create).await?;
        // Its image is made when it is first described to a node.
        self.step(Rpc::Stage).await?;
        self.first.publish().await.context("publishing")?;
        let written = payload::write(&self.first.data(), 0, 16, 7).context("writing")?;
        self.step(Rpc::Grow).await?;
        self.first.node_expand().await.context("NodeExpandVolume")?;
        self.first.unpublish().await?;
        self.first.unstage().await?;
        for rpc in [Rpc::Snapshot, Rpc::Restore, Rpc::Clone, Rpc::Forget] {
            self.step(rpc).await?;
        }
        for life in [&mut self.first, &mut self.restored, &mut self.cloned] {
            verified(life, &written).await?;
        }
        self.step(Rpc::Delete).await?;
        for life in [&mut self.restored, &mut self.cloned] {
            life.delete().await.context("DeleteVolume of a copy")?;
        }
        if !self.faults.is_empty() {
            // What a deletion could not remove is the next start's.
            self.controller()?.signal(Signal::SIGTERM);
            self.restart().await?;
        }
        let mut last = self.cloned.clone();
        checks::nothing_left(self.bench, &mut last).await
    }

    fn controller(&self) -> anyhow::Result<&Traced> {
        self.bench.controller.as_ref().context("no controller runs")
    }

    async fn step(&mut self, rpc: Rpc) -> anyhow::Result<()> {
        let fault = self.faults.iter().position(|it| it.rpc == rpc);
        let armed = fault.and_then(|at| self.faults.get(at)).map(|it| (it.point.clone(), it.what));
        if armed.is_some() || self.faults.is_empty() {
            let kill = matches!(&armed, Some((_, What::Kill(kill))) if kill.is_of_program());
            self.controller()?.watch(armed);
            // An error answer is fine; so is OK, if it is true.
            let answer = within(rpc.name(), self.call(rpc)).await?;
            let watched = self.controller()?.unwatch();
            self.lived.hit.extend(fault.filter(|_| watched.hits > 0));
            if self.faults.is_empty() {
                self.lived.passed.insert(rpc, watched.passed);
            }
            if kill && watched.hits > 0 {
                self.restart().await.with_context(|| format!("starting again after {rpc}"))?;
            } else if let Some(how) = self.controller()?.ended() {
                bail!("the controller {how}");
            }
            if answer.is_ok() {
                self.listed(rpc).await.context("after an OK with the fault")?;
            }
        }
        self.converge(rpc).await?;
        self.listed(rpc).await.with_context(|| format!("after {rpc}"))
    }

    async fn restart(&mut self) -> anyhow::Result<()> {
        ensure!(self.controller()?.wait().is_some(), "the controller does not end");
        self.bench.controller = None;
        self.bench.start_controller().await
    }

    async fn converge(&mut self, rpc: Rpc) -> anyhow::Result<()> {
        for attempt in 0..ATTEMPTS {
            match within(rpc.name(), self.call(rpc)).await? {
                Ok(()) => {
                    self.lived.repeated = self.lived.repeated.max(attempt);
                    return Ok(());
                }
                Err(status) if attempt + 1 == ATTEMPTS => {
                    bail!("{rpc} does not succeed when it is repeated {ATTEMPTS} times: {status}")
                }
                // By its design a store takes no writes after one has failed ("fsyncgate"), until an
                // operator starts the controller again.
                Err(status) if status.message().contains(SEALED) => {
                    self.controller()?.signal(Signal::SIGTERM);
                    self.restart().await?;
                }
                Err(_) => tokio::time::sleep(LOOK * (1 + attempt / 10)).await,
            }
            if let Some(how) = self.controller()?.ended() {
                bail!("the controller {how} in {rpc}");
            }
        }
        Ok(())
    }

    async fn call(&mut self, rpc: Rpc) -> Result<(), Status> {
        match rpc {
            Rpc::Create => made(&mut self.first, &mut self.volumes).await,
            Rpc::Stage => self.first.stage().await,
            Rpc::Grow => self.first.expand().await.map(drop),
            Rpc::Snapshot => self.take().await,
            Rpc::Restore => {
                self.restored.source = self.snapshot.as_ref().map(of_snapshot);
                self.restored.bytes = self.first.kind.sizes().1;
                made(&mut self.restored, &mut self.volumes).await
            }
            Rpc::Clone => {
                self.cloned.source = Some(of_volume(&self.first));
                self.cloned.bytes = self.first.kind.sizes().1;
                made(&mut self.cloned, &mut self.volumes).await
            }
            Rpc::Forget => self.forget().await,
            Rpc::Delete => {
                self.first.delete().await?;
                self.volumes.remove(&self.first.id());
                Ok(())
            }
            Rpc::Publish
            | Rpc::Expand
            | Rpc::Unpublish
            | Rpc::Unstage
            | Rpc::Restage
            | Rpc::Damage => Err(Status::unimplemented("no call of a store's life")),
        }
    }

    /// Takes the snapshot; it counts when it is ready.
    async fn take(&mut self) -> Result<(), Status> {
        let request = CreateSnapshotRequest {
            source_volume_id: self.first.id(),
            name: format!("{}-snapshot", self.first.name),
            ..Default::default()
        };
        let answer = match self.clients.controller.create_snapshot(request).await {
            // A copy that failed is of no moment any more: its name is free again when it is deleted.
            Err(status) if status.message().contains(FAILED) => {
                self.forget().await?;
                self.snapshot = None;
                return Err(status);
            }
            answer => answer?.into_inner(),
        };
        let snapshot = answer.snapshot.ok_or_else(|| Status::internal("no snapshot"))?;
        if let Some(before) = &self.snapshot
            && before.snapshot_id != snapshot.snapshot_id
        {
            return Err(Status::data_loss("the same name, another snapshot"));
        }
        self.snapshots.insert(snapshot.snapshot_id.clone());
        let ready = snapshot.ready_to_use;
        self.snapshot = Some(snapshot);
        if ready { Ok(()) } else { Err(Status::unavailable("not ready yet")) }
    }

    async fn forget(&mut self) -> Result<(), Status> {
        let Some(snapshot) = &self.snapshot else { return Ok(()) };
        let snapshot_id = snapshot.snapshot_id.clone();
        let request = DeleteSnapshotRequest { snapshot_id, ..Default::default() };
        self.clients.controller.delete_snapshot(request).await?;
        self.snapshots.clear();
        Ok(())
    }

    /// Exactly what was answered is listed, with the sizes that were answered.
    async fn listed(&mut self, rpc: Rpc) -> anyhow::Result<()> {
        let volumes = patient(async || {
            let mut controller = self.clients.controller.clone();
            controller.list_volumes(ListVolumesRequest::default()).await
        })
        .await?;
        let volumes: Vec<_> = volumes.into_iter().filter_map(|it| it.volume).collect();
        let ids: BTreeSet<_> = volumes.iter().map(|it| it.volume_id.clone()).collect();
        ensure!(ids == self.volumes, "volumes {:?} are listed as {ids:?}", self.volumes);
        ensure!(ids.len() == volumes.len(), "a volume is listed twice: {volumes:?}");
        let grown = volumes.iter().find(|it| {
            self.first.volume.as_ref().is_some_and(|first| first.volume_id == it.volume_id)
        });
        if let Some(volume) = grown.filter(|_| rpc > Rpc::Grow) {
            ensure!(volume.capacity_bytes == self.first.kind.sizes().1, "the size of {volume:?}");
        }
        let snapshots = patient(async || {
            let mut controller = self.clients.controller.clone();
            controller.list_snapshots(ListSnapshotsRequest::default()).await
        })
        .await?;
        let listed = snapshots.into_iter().filter_map(|it| it.snapshot);
        let ids: BTreeSet<_> = listed.map(|it| it.snapshot_id).collect();
        ensure!(ids == self.snapshots, "snapshots {:?} are listed as {ids:?}", self.snapshots);
        Ok(())
    }
}

/// Lists, as soon as the controller answers again.
async fn patient<L: Listing>(
    call: impl AsyncFn() -> Result<tonic::Response<L>, Status>,
) -> anyhow::Result<Vec<L::Entry>> {
    within("listing", async {
        loop {
            match call().await {
                Ok(answer) => return Ok(answer.into_inner().entries()),
                Err(status) if status.code() == Code::Unavailable => {
                    tokio::time::sleep(LOOK).await;
                }
                Err(status) => bail!("listing: {status}"),
            }
        }
    })
    .await?
}

/// An answer that is a list.
trait Listing {
    type Entry;
    fn entries(self) -> Vec<Self::Entry>;
}

impl Listing for mooring_proto::csi::v1::ListVolumesResponse {
    type Entry = mooring_proto::csi::v1::list_volumes_response::Entry;
    fn entries(self) -> Vec<Self::Entry> {
        self.entries
    }
}

impl Listing for mooring_proto::csi::v1::ListSnapshotsResponse {
    type Entry = mooring_proto::csi::v1::list_snapshots_response::Entry;
    fn entries(self) -> Vec<Self::Entry> {
        self.entries
    }
}

async fn made(life: &mut Life, volumes: &mut BTreeSet<String>) -> Result<(), Status> {
    life.create().await?;
    volumes.insert(life.id());
    Ok(())
}

/// A copy holds what its source held.
async fn verified(life: &mut Life, written: &Written) -> anyhow::Result<()> {
    let name = life.name.clone();
    let called = async {
        life.stage().await?;
        life.publish().await?;
        written.verify_at(&life.data());
        life.unpublish().await?;
        life.unstage().await
    };
    called.await.with_context(|| format!("using {name}"))
}
