//! Snapshots, restores and clones carry what was written: on pools that share blocks while the
//! volume is mounted and written, on others once it is put away.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests fail loudly"
)]

use mooring_proto::csi::v1::{
    CreateSnapshotRequest, DeleteSnapshotRequest, ListSnapshotsRequest, Snapshot,
    VolumeContentSource,
};
use mooring_tests::config::IMAGE;
use mooring_tests::life::{nothing_left, of_snapshot, of_volume};
use mooring_tests::payload::{self, Progress, Writer, Written};
use mooring_tests::{
    Clients, Host, Kind, Life, Place, PoolKind, Settings, case, eventually, kernel, sweep,
};
use tonic::{Code, Status};

/// Blocks of what is written before and after a snapshot.
const BLOCKS: u64 = 32;
/// What is written before a snapshot, and over it afterwards.
const BEFORE: u64 = 7;
const AFTER: u64 = 8;

/// A host, its clients, and the volume that copies are made of.
struct Scene {
    host: Host,
    clients: Clients,
    kind: Kind,
    source: Life,
}

impl Scene {
    /// With the source published and written to.
    async fn begin(place: &Place, kind: Kind, pool: PoolKind) -> (Self, Written) {
        let host = Host::serve(place, Settings { pool, ..Settings::default() }).await;
        let clients = host.connect(IMAGE).await;
        let mut source = Life::new(&host, kind, "source").await;
        source.create().await.unwrap();
        source.stage().await.unwrap();
        source.publish().await.unwrap();
        let written = payload::write(&source.data(), 0, BLOCKS, BEFORE).unwrap();
        (Self { host, clients, kind, source }, written)
    }

    async fn try_snapshot(&mut self, name: &str) -> Result<Snapshot, Status> {
        let request = CreateSnapshotRequest {
            source_volume_id: self.source.id(),
            name: name.to_owned(),
            ..Default::default()
        };
        let answer = self.clients.controller.create_snapshot(request).await?.into_inner();
        Ok(answer.snapshot.expect("CreateSnapshot answers a snapshot"))
    }

    /// Takes it, and waits until it is ready.
    async fn snapshot(&mut self, name: &str) -> Snapshot {
        let first = self.try_snapshot(name).await.unwrap();
        eventually("the snapshot is ready", async || {
            let now = self.try_snapshot(name).await.unwrap();
            assert_eq!(
                (&now.snapshot_id, now.creation_time),
                (&first.snapshot_id, first.creation_time)
            );
            now.ready_to_use.then_some(now)
        })
        .await
    }

    /// A volume made of something, published.
    async fn copy(&self, name: &str, source: VolumeContentSource, bytes: i64) -> Life {
        let mut life = Life::new(&self.host, self.kind, name).await;
        life.source = Some(source);
        life.bytes = bytes;
        self.made(&mut life).await;
        life.stage().await.unwrap_or_else(|status| panic!("{status}\n{}", self.host.log()));
        life.publish().await.unwrap();
        life.assert_published();
        life
    }

    /// Creates a copy; one whose bytes are still on their way is asked for again.
    async fn made(&self, life: &mut Life) {
        eventually("the copy is there", async || match life.create().await {
            Ok(()) => Some(()),
            Err(status) => {
                let passing = matches!(status.code(), Code::Aborted | Code::Unavailable);
                assert!(passing, "{status}\n{}", self.host.log());
                None
            }
        })
        .await;
    }

    async fn delete_snapshot(&mut self, snapshot: &Snapshot) {
        let request = DeleteSnapshotRequest {
            snapshot_id: snapshot.snapshot_id.clone(),
            ..Default::default()
        };
        self.clients.controller.delete_snapshot(request.clone()).await.unwrap();
        self.clients.controller.delete_snapshot(request).await.unwrap();
    }

    async fn end(mut self) {
        let listed = self.clients.controller.list_snapshots(ListSnapshotsRequest::default()).await;
        assert_eq!(listed.unwrap().into_inner().entries, vec![]);
        nothing_left(&self.host).await;
        self.host.stop().await;
    }
}

/// Both sizes of a restore: the source's and a larger one.
fn sizes(kind: Kind) -> [i64; 2] {
    [kind.sizes().0, kind.sizes().1]
}

/// The volume is as large as it was asked to be.
fn assert_grown(life: &Life, source: &Life) {
    let (old, new) = life.kind.sizes();
    let gained = u64::try_from(life.bytes - old).unwrap();
    let (before, after) = (source.visible_size(), life.visible_size());
    let what = format!("{before} bytes became {after}, {new} were asked for");
    assert!(after >= before + gained * 3 / 4, "{what}");
}

/// A volume that is mounted and written all the while is snapshotted, restored and cloned.
async fn while_it_is_written(place: &Place, kind: Kind, pool: PoolKind) {
    let (mut scene, before) = Scene::begin(place, kind, pool).await;
    let (path, offset) = scene.source.stream();
    let writer = Writer::start(&path, offset);
    writer.writes_more(100).await;

    let from = writer.progress();
    let snapshot = scene.snapshot("snapshot").await;
    let to = writer.progress();
    assert!(snapshot.ready_to_use, "constant time");
    let after = payload::write(&scene.source.data(), 0, BLOCKS, AFTER).unwrap();
    writer.writes_more(1).await;

    // A clone holds what was written last, a restore what was there before; all of them are
    // mounted beside their source.
    let clone = scene.copy("clone", of_volume(&scene.source), kind.sizes().1).await;
    after.verify_at(&clone.data());
    assert_grown(&clone, &scene.source);
    for (number, bytes) in sizes(kind).into_iter().enumerate() {
        let name = format!("restored-{number}");
        let restored = scene.copy(&name, of_snapshot(&snapshot), bytes).await;
        holds_the_moment(&restored, &before, from, to);
        assert_grown(&restored, &scene.source);
        // What is written to it changes nothing else.
        let _ = payload::write(&restored.data(), 0, BLOCKS, 9).unwrap();
        restored.end().await;
    }
    after.verify_at(&clone.data());
    clone.end().await;

    writer.stop().verify();
    after.verify();
    // A snapshot outlives its volume.
    scene.source.unpublish().await.unwrap();
    scene.source.unstage().await.unwrap();
    scene.source.delete().await.unwrap();
    let restored = scene.copy("late", of_snapshot(&snapshot), kind.sizes().0).await;
    holds_the_moment(&restored, &before, from, to);
    restored.end().await;
    scene.delete_snapshot(&snapshot).await;
    scene.end().await;
}

fn holds_the_moment(restored: &Life, before: &Written, from: Progress, to: Progress) {
    before.verify_at(&restored.data());
    let (path, offset) = restored.stream();
    let compared = payload::verify_moment(&path, offset, from, to);
    // Otherwise nothing is proven; 64 slots are written anew in about a tenth of a second.
    let window = to.written - from.synced;
    assert!(compared > 0 || window >= 64, "{from:?} {to:?}: no slot could be compared");
}

/// A volume on a pool that cannot share blocks: not while it is in use, and then a copy.
async fn once_it_is_put_away(place: &Place, kind: Kind) {
    let (mut scene, before) = Scene::begin(place, kind, PoolKind::Plain).await;
    let status = scene.try_snapshot("torn").await.unwrap_err();
    assert_eq!(status.code(), Code::FailedPrecondition, "{status}");
    assert_eq!(scene.host.paths.images().len(), 1, "a refused snapshot leaves nothing");

    scene.source.put_away().await;
    let snapshot = scene.snapshot("snapshot").await;
    scene.source.stage().await.unwrap();
    scene.source.publish().await.unwrap();
    let after = payload::write(&scene.source.data(), 0, BLOCKS, AFTER).unwrap();
    scene.source.put_away().await;

    let clone = scene.copy("clone", of_volume(&scene.source), kind.sizes().1).await;
    after.verify_at(&clone.data());
    for (number, bytes) in sizes(kind).into_iter().enumerate() {
        let name = format!("restored-{number}");
        let restored = scene.copy(&name, of_snapshot(&snapshot), bytes).await;
        before.verify_at(&restored.data());
        restored.end().await;
    }
    clone.end().await;
    scene.source.delete().await.unwrap();
    let restored = scene.copy("late", of_snapshot(&snapshot), kind.sizes().0).await;
    before.verify_at(&restored.data());
    restored.end().await;
    scene.delete_snapshot(&snapshot).await;
    scene.end().await;
}

#[test]
fn copies_of_a_volume_that_is_written_on_pools_that_share_blocks() {
    let mut cases = Vec::new();
    for pool in PoolKind::REFLINK {
        cases.extend(Kind::DEVICES.map(|kind| (kind, pool)));
    }
    sweep(cases, async |place, (kind, pool)| while_it_is_written(place, kind, pool).await);
}

#[test]
fn copies_of_a_volume_that_is_put_away_on_a_pool_that_shares_none() {
    sweep(Kind::DEVICES.to_vec(), async |place, kind| once_it_is_put_away(place, kind).await);
}

/// A clone that would be formatted would be empty; one whose file system is broken must stay so.
#[test]
fn a_copy_without_a_file_system_is_never_formatted() {
    case(async |place| {
        let settings = Settings { pool: PoolKind::Xfs, ..Settings::default() };
        let mut host = Host::serve(place, settings).await;
        let mut blank = Life::new(&host, Kind::Ext4, "blank").await;
        blank.create().await.unwrap();
        let mut copy = Life::new(&host, Kind::Ext4, "copy").await;
        copy.source = Some(of_volume(&blank));
        copy.create().await.unwrap();
        let status = copy.stage().await.unwrap_err();
        assert_eq!(status.code(), Code::FailedPrecondition, "{status}");
        assert_eq!(kernel::mounts_below(&host.paths.targets), vec![]);
        copy.delete().await.unwrap();
        blank.delete().await.unwrap();
        nothing_left(&host).await;
        host.stop().await;
    });
}
