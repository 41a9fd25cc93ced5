//! A quiet driver's calls beside a driver that misbehaves, in the same process, against the same calls beside
//! the same driver doing nothing.
//!
//! The two sides take turns, round by round. The quiet driver is called by one caller that rests between calls,
//! as an orchestrator does; the neighbour by four that try again at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use mooring_proto::csi::v1::{CreateVolumeRequest, ValidateVolumeCapabilitiesRequest};
use mooring_tests::config::IMAGE;
use mooring_tests::guest::guest;
use mooring_tests::life::{at_least, block};
use mooring_tests::{Clients, Host, Place, Settings, case};
use tokio::task::JoinSet;

use crate::table::Table;

const HOSTILE: &str = "hostile.example.com";
/// What the neighbour does, and how a reader calls it.
const DEEDS: [(&str, &str); 5] = [
    ("loop", "loops"),
    ("panic", "traps"),
    ("memory", "eats memory"),
    ("flood", "floods logs"),
    ("sleep", "hangs in the host"),
];
const CALLERS: usize = 4;
const ROUNDS: usize = 5;
const CALLS: usize = 400;
/// Between two calls of one caller.
const REST: Duration = Duration::from_millis(1);
/// Before a round is measured, for the neighbour to be at it.
const SETTLE: Duration = Duration::from_millis(200);

pub(crate) fn measure(table: &mut Table) {
    for (deed, what) in DEEDS {
        let (alone, beside) = beside(deed);
        let ratio = beside / alone;
        table.row(
            format!("p99 of a quiet driver's calls while a neighbour in its process {what}"),
            "≤ 1.1 × without",
            format!("{ratio:.2} × ({:.2} ms against {:.2} ms)", beside * 1e3, alone * 1e3),
            ratio <= 1.1,
        );
    }
}

/// The p99 without and with the deed, in seconds, of a host of its own.
fn beside(deed: &'static str) -> (f64, f64) {
    let hostile = std::fs::read(guest("hostile")).unwrap();
    let (sender, receiver) = std::sync::mpsc::channel();
    case(async move |place: &Place| {
        let file = place.path("hostile.wasm");
        std::fs::write(&file, hostile).unwrap();
        let further_drivers = format!(
            "  - name: {HOSTILE}\n    backend: {}\n    \
             limits: {{memory: 64MiB, deadline: 1s, concurrency: 4}}\n",
            file.display()
        );
        let settings = Settings { log: "info", further_drivers, ..Settings::default() };
        let mut host = Host::serve(place, settings).await;
        let mut quiet = Clients::connect(&host.paths.controller_socket(IMAGE)).await.unwrap();
        let volume = made(&mut quiet).await;
        sender.send(paired(&host, &mut quiet, &volume, deed).await).unwrap();
        host.stop().await;
    });
    receiver.recv().unwrap()
}

async fn made(clients: &mut Clients) -> String {
    let request = CreateVolumeRequest {
        name: "quiet".to_owned(),
        capacity_range: at_least(1 << 30),
        volume_capabilities: vec![block()],
        ..Default::default()
    };
    clients.controller.create_volume(request).await.unwrap().into_inner().volume.unwrap().volume_id
}

/// The rounds of both sides, in turn.
async fn paired(host: &Host, quiet: &mut Clients, volume: &str, deed: &str) -> (f64, f64) {
    let (mut alone, mut beside) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        round(quiet, volume, &mut alone).await;
        let stop = Arc::new(AtomicBool::new(false));
        let mut at_it = JoinSet::new();
        for _ in 0..CALLERS {
            let clients = Clients::connect(&host.paths.controller_socket(HOSTILE)).await.unwrap();
            at_it.spawn(misbehave(clients, deed.to_owned(), Arc::clone(&stop)));
        }
        tokio::time::sleep(SETTLE).await;
        round(quiet, volume, &mut beside).await;
        stop.store(true, Ordering::Release);
        at_it.join_all().await;
    }
    (p99(alone), p99(beside))
}

async fn misbehave(mut clients: Clients, deed: String, stop: Arc<AtomicBool>) {
    let request = CreateVolumeRequest {
        name: deed,
        capacity_range: at_least(8 << 20),
        volume_capabilities: vec![block()],
        ..Default::default()
    };
    while !stop.load(Ordering::Acquire) {
        // However it ends: that is the neighbour's business.
        let _ = clients.controller.create_volume(request.clone()).await;
        tokio::time::sleep(REST).await;
    }
}

async fn round(clients: &mut Clients, volume: &str, took: &mut Vec<f64>) {
    let request = ValidateVolumeCapabilitiesRequest {
        volume_id: volume.to_owned(),
        volume_capabilities: vec![block()],
        ..Default::default()
    };
    for _ in 0..CALLS {
        let started = Instant::now();
        clients.controller.validate_volume_capabilities(request.clone()).await.unwrap();
        took.push(started.elapsed().as_secs_f64());
        tokio::time::sleep(REST).await;
    }
}

fn p99(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() * 99 / 100]
}
