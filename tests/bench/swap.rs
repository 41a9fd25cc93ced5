//! What callers notice of swaps: the slowest calls of 16 callers while the version changes ten times a
//! second, against those while it does not, in turns.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use mooring_proto::csi::v1::{CreateVolumeRequest, DeleteVolumeRequest};
use mooring_tests::call::post;
use mooring_tests::guest::{Driver, configure, guest};
use mooring_tests::life::{at_least, block};
use mooring_tests::{Clients, Host, Place, Settings, case, eventually};

use crate::table::{Table, median};

const NAME: &str = "versions.example.com";
const CALLERS: u64 = 16;
const ROUND: Duration = Duration::from_secs(3);
const ROUNDS: usize = 9;
const PAUSE: Duration = Duration::from_millis(100);

pub(crate) fn measure(table: &mut Table) {
    let built = [guest("versions"), guest("versions_next")];
    let (sender, receiver) = std::sync::mpsc::channel();
    case(async move |place: &Place| {
        let mut host = Host::serve(place, Settings { log: "warn", ..Settings::default() }).await;
        let drivers: Vec<Driver> = ["one.wasm", "two.wasm"]
            .iter()
            .zip(&built)
            .map(|(name, built)| {
                let file = place.path(name);
                std::fs::copy(built, &file).unwrap();
                Driver { name: NAME.to_owned(), file, config: "{}".to_owned() }
            })
            .collect();
        configure(&host.paths, &drivers[..1]);
        eventually("the driver serves", async || {
            Clients::connect(&host.paths.socket(NAME)).await.ok().map(|_| ())
        })
        .await;
        let (mut still, mut swapping, mut swaps) = (Vec::new(), Vec::new(), 0);
        round(&host).await;
        for _ in 0..ROUNDS {
            still.push(round(&host).await);
            let over = AtomicBool::new(false);
            let calls = async {
                let slowest = round(&host).await;
                over.store(true, Ordering::Relaxed);
                slowest
            };
            let changes = async {
                while !over.load(Ordering::Relaxed) {
                    swaps += 1;
                    configure(&host.paths, &[drivers[swaps % 2].clone()]);
                    let path = format!("/v1/drivers/{NAME}/swap");
                    let answer = post(&host.paths.admin_socket(), &path).await;
                    assert_eq!(answer.status, 200, "{}", answer.body);
                    tokio::time::sleep(PAUSE).await;
                }
            };
            swapping.push(tokio::join!(calls, changes).0);
        }
        host.stop().await;
        sender.send((median(still), median(swapping), swaps)).unwrap();
    });
    let (still, swapping, swaps) = receiver.recv().unwrap();
    let ratio = swapping / still;
    table.row(
        "p99 of CreateVolume + DeleteVolume, 16 callers, while the backend is swapped ten times a second",
        "≤ 1.2 × of without",
        format!("{ratio:.2} × ({:.1} ms against {:.1} ms, {swaps} swaps)", swapping * 1e3, still * 1e3),
        ratio <= 1.2,
    );
}

/// The 99th percentile of one round's pairs, in seconds.
async fn round(host: &Host) -> f64 {
    let started = Instant::now();
    let number = Arc::new(std::sync::atomic::AtomicU64::new(0));
    let mut callers = tokio::task::JoinSet::new();
    for _ in 0..CALLERS {
        let mut clients = host.connect(NAME).await;
        let number = Arc::clone(&number);
        callers.spawn(async move {
            let mut took = Vec::new();
            while started.elapsed() < ROUND {
                let begun = Instant::now();
                let request = CreateVolumeRequest {
                    name: format!("pair-{}", number.fetch_add(1, Ordering::Relaxed)),
                    capacity_range: at_least(8 << 20),
                    volume_capabilities: vec![block()],
                    ..Default::default()
                };
                let created = clients.controller.create_volume(request).await.unwrap();
                let volume_id = created.into_inner().volume.unwrap().volume_id;
                let request = DeleteVolumeRequest { volume_id, ..Default::default() };
                clients.controller.delete_volume(request).await.unwrap();
                took.push(begun.elapsed().as_secs_f64());
            }
            took
        });
    }
    let mut took: Vec<f64> = callers.join_all().await.into_iter().flatten().collect();
    took.sort_by(f64::total_cmp);
    took[took.len() * 99 / 100]
}
