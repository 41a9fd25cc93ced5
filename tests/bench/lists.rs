//! A page of a long list of volumes, and of snapshots.

use std::time::Instant;

use mooring_proto::csi::v1::{
    CreateSnapshotRequest, CreateVolumeRequest, ListSnapshotsRequest, ListVolumesRequest,
};
use mooring_tests::config::IMAGE;
use mooring_tests::life::{at_least, block};
use mooring_tests::{Clients, Host, Place, Settings, case};

use crate::table::{Table, median};

const THERE: u64 = 10_000;
const CALLERS: u64 = 16;
const PAGE: i32 = 500;
const GIB: i64 = 1 << 30;

pub(crate) fn measure(table: &mut Table) {
    let (sender, receiver) = std::sync::mpsc::channel();
    case(async move |place: &Place| {
        let mut host = Host::serve(place, Settings { log: "warn", ..Settings::default() }).await;
        let socket = host.paths.socket(IMAGE);
        let mut clients = Clients::connect(&socket).await.unwrap();
        let source = created(&mut clients, "volume-0".to_owned()).await;
        let mut callers = tokio::task::JoinSet::new();
        for caller in 0..CALLERS {
            let mut clients = Clients::connect(&socket).await.unwrap();
            let source = source.clone();
            callers.spawn(async move {
                for number in (caller..THERE).filter(|number| number % CALLERS == caller) {
                    created(&mut clients, format!("volume-{number}")).await;
                    let request = CreateSnapshotRequest {
                        source_volume_id: source.clone(),
                        name: format!("snapshot-{number}"),
                        ..Default::default()
                    };
                    snapshotted(&mut clients, request).await;
                }
            });
        }
        callers.join_all().await;
        sender.send((volumes(&mut clients).await, snapshots(&mut clients).await)).unwrap();
        host.stop().await;
    });
    let (volumes, snapshots) = receiver.recv().unwrap();
    for (what, took) in [("ListVolumes", volumes), ("ListSnapshots", snapshots)] {
        table.row(
            format!("{what}: a page of 500 of 10,000"),
            "≤ 5 ms",
            format!("{:.1} ms", took * 1e3),
            took <= 0.005,
        );
    }
}

async fn created(clients: &mut Clients, name: String) -> String {
    let request = CreateVolumeRequest {
        name,
        capacity_range: at_least(GIB),
        volume_capabilities: vec![block()],
        ..Default::default()
    };
    clients.controller.create_volume(request).await.unwrap().into_inner().volume.unwrap().volume_id
}

/// Repeated while another call for the same volume is under way.
async fn snapshotted(clients: &mut Clients, request: CreateSnapshotRequest) {
    loop {
        match clients.controller.create_snapshot(request.clone()).await {
            Ok(_) => return,
            Err(status) => assert_eq!(status.code(), tonic::Code::Aborted, "{status}"),
        }
    }
}

/// Seconds a page, the whole list through.
async fn volumes(clients: &mut Clients) -> f64 {
    let (mut took, mut starting_token, mut seen) = (Vec::new(), String::new(), 0);
    loop {
        let request = ListVolumesRequest { max_entries: PAGE, starting_token };
        let started = Instant::now();
        let page = clients.controller.list_volumes(request).await.unwrap().into_inner();
        took.push(started.elapsed().as_secs_f64());
        seen += page.entries.len();
        if page.next_token.is_empty() {
            assert_eq!(seen as u64, THERE);
            return median(took);
        }
        starting_token = page.next_token;
    }
}

async fn snapshots(clients: &mut Clients) -> f64 {
    let (mut took, mut starting_token, mut seen) = (Vec::new(), String::new(), 0);
    loop {
        let request =
            ListSnapshotsRequest { max_entries: PAGE, starting_token, ..Default::default() };
        let started = Instant::now();
        let page = clients.controller.list_snapshots(request).await.unwrap().into_inner();
        took.push(started.elapsed().as_secs_f64());
        seen += page.entries.len();
        if page.next_token.is_empty() {
            assert_eq!(seen as u64, THERE);
            return median(took);
        }
        starting_token = page.next_token;
    }
}
