//! Snapshots and clones of a large volume, and the difference of two snapshots of a huge one, on a pool
//! that shares blocks.

use std::fs::{File, OpenOptions};
use std::os::unix::fs::FileExt;
use std::time::Instant;

use mooring_proto::csi::v1::{CreateSnapshotRequest, GetMetadataDeltaRequest, Snapshot};
use mooring_tests::config::IMAGE;
use mooring_tests::life::of_volume;
use mooring_tests::{Clients, Host, Kind, Life, Place, PoolKind, Settings, case};

use crate::table::{Table, median};

const ROUNDS: usize = 11;
const MIB: usize = 1 << 20;
const GIB: i64 = 1 << 30;
const TIB: i64 = 1 << 40;
/// Bytes of data in the volume that is copied, and of the pieces in which they are written.
const DATA: u64 = 1 << 30;
/// Pieces of 1 MiB that differ, all over the volume.
const CHANGED: u64 = 100;

/// Seconds.
struct Took {
    snapshot: f64,
    clone: f64,
    delta: f64,
    /// Bytes that the difference told.
    told: u64,
}

pub(crate) fn measure(table: &mut Table) {
    let (sender, receiver) = std::sync::mpsc::channel();
    case(async move |place: &Place| {
        let settings = Settings { log: "warn", pool: PoolKind::HugeXfs, ..Settings::default() };
        let mut host = Host::serve(place, settings).await;
        let mut clients = host.connect(IMAGE).await;
        let (snapshot, clone) = copies(&host, &mut clients).await;
        let (delta, told) = difference(&host, &mut clients).await;
        host.stop().await;
        sender.send(Took { snapshot, clone, delta, told }).unwrap();
    });
    let Took { snapshot, clone, delta, told } = receiver.recv().unwrap();
    let what = "of a 10 GiB volume with 1 GiB of data, attached, on XFS";
    for (verb, took) in [("CreateSnapshot", snapshot), ("CreateVolume as a clone", clone)] {
        let measured = format!("{:.1} ms", took * 1e3);
        table.row(format!("{verb} {what}"), "≤ 20 ms", measured, took <= 0.02);
    }
    table.row(
        "GetMetadataDelta of two snapshots of a sparse 1 TiB volume that differ in 100 MiB",
        "≤ 1 s",
        format!("{:.0} ms ({} MiB told)", delta * 1e3, told >> 20),
        delta <= 1.0,
    );
}

/// A device that is published, and the file to write to it.
async fn published(host: &Host, name: &str, bytes: i64) -> (Life, File) {
    let mut life = Life::new(host, Kind::Block, name).await;
    life.bytes = bytes;
    life.create().await.unwrap();
    life.stage().await.unwrap();
    life.publish().await.unwrap();
    let device = OpenOptions::new().write(true).open(&life.target).unwrap();
    (life, device)
}

async fn copies(host: &Host, clients: &mut Clients) -> (f64, f64) {
    let (life, device) = published(host, "large", 10 * GIB).await;
    for offset in (0..DATA).step_by(MIB) {
        device.write_all_at(&[7; MIB], offset).unwrap();
    }
    device.sync_all().unwrap();
    let (mut snapshots, mut clones) = (Vec::new(), Vec::new());
    for round in 0..ROUNDS {
        let started = Instant::now();
        taken(clients, &life, &format!("large-{round}")).await;
        snapshots.push(started.elapsed().as_secs_f64());

        let mut copy = Life::new(host, Kind::Block, &format!("copy-{round}")).await;
        copy.source = Some(of_volume(&life));
        copy.bytes = 10 * GIB;
        let started = Instant::now();
        copy.create().await.unwrap();
        clones.push(started.elapsed().as_secs_f64());
    }
    drop(device);
    life.end().await;
    (median(snapshots), median(clones))
}

async fn taken(clients: &mut Clients, life: &Life, name: &str) -> Snapshot {
    let request = CreateSnapshotRequest {
        source_volume_id: life.id(),
        name: name.to_owned(),
        ..Default::default()
    };
    let answer = clients.controller.create_snapshot(request).await.unwrap().into_inner();
    let snapshot = answer.snapshot.unwrap();
    assert!(snapshot.ready_to_use);
    snapshot
}

async fn difference(host: &Host, clients: &mut Clients) -> (f64, u64) {
    let (life, device) = published(host, "huge", TIB).await;
    device.write_all_at(&[1; MIB], 0).unwrap();
    device.sync_all().unwrap();
    let base = taken(clients, &life, "base").await;
    for piece in 0..CHANGED {
        device.write_all_at(&[2; MIB], piece * (10 << 30)).unwrap();
    }
    device.sync_all().unwrap();
    let target = taken(clients, &life, "target").await;
    let (mut took, mut told) = (Vec::new(), 0);
    for _ in 0..ROUNDS {
        let request = GetMetadataDeltaRequest {
            base_snapshot_id: base.snapshot_id.clone(),
            target_snapshot_id: target.snapshot_id.clone(),
            ..Default::default()
        };
        told = 0;
        let started = Instant::now();
        let mut pages = clients.metadata.get_metadata_delta(request).await.unwrap().into_inner();
        while let Some(page) = pages.message().await.unwrap() {
            let bytes = page.block_metadata.iter().map(|range| range.size_bytes.unsigned_abs());
            told += bytes.sum::<u64>();
        }
        took.push(started.elapsed().as_secs_f64());
    }
    assert!(told >= CHANGED << 20, "{told} bytes of {CHANGED} MiB were told");
    drop(device);
    life.end().await;
    (median(took), told)
}
