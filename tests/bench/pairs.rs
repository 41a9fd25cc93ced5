//! CreateVolume and DeleteVolume, durable, by 16 callers at once: with nothing there, and with 10,000
//! volumes there.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use mooring_proto::csi::v1::{CreateVolumeRequest, DeleteVolumeRequest};
use mooring_tests::config::IMAGE;
use mooring_tests::life::{at_least, block};
use mooring_tests::{Clients, Host, Place, Settings, case};

use crate::table::{Table, median};

const CALLERS: u64 = 16;
const THERE: u64 = 10_000;
const ROUND: Duration = Duration::from_secs(2);
const ROUNDS: usize = 5;
const GIB: i64 = 1 << 30;

/// What one topology managed: pairs a second with none and with many volumes there.
struct Rates {
    empty: f64,
    full: f64,
}

pub(crate) fn measure(table: &mut Table) {
    for (name, private) in [("controller's own socket", true), ("socket of `serve`", false)] {
        let rates = rates(private);
        table.row(
            format!("CreateVolume + DeleteVolume pairs a second, 16 callers, durable, {name}"),
            "≥ 3,000",
            format!("{:.0}", rates.empty),
            rates.empty >= 3000.0,
        );
        let kept = rates.full / rates.empty;
        table.row(
            format!("the same with 10,000 volumes there, {name}"),
            "≥ 80 % of it",
            format!("{:.0} ({:.0} %)", rates.full, kept * 100.0),
            kept >= 0.8,
        );
    }
}

fn rates(private: bool) -> Rates {
    let (sender, receiver) = std::sync::mpsc::channel();
    case(async move |place: &Place| {
        let mut host = Host::serve(place, Settings { log: "warn", ..Settings::default() }).await;
        let socket =
            if private { host.paths.controller_socket(IMAGE) } else { host.paths.socket(IMAGE) };
        let mut empty = Vec::new();
        let mut full = Vec::new();
        let number = Arc::new(AtomicU64::new(0));
        round(&socket, &number).await;
        for _ in 0..ROUNDS {
            empty.push(round(&socket, &number).await);
        }
        fill(&socket).await;
        for _ in 0..ROUNDS {
            full.push(round(&socket, &number).await);
        }
        host.stop().await;
        sender.send(Rates { empty: median(empty), full: median(full) }).unwrap();
    });
    receiver.recv().unwrap()
}

/// Pairs a second over one round.
async fn round(socket: &std::path::Path, number: &Arc<AtomicU64>) -> f64 {
    let started = Instant::now();
    let mut callers = tokio::task::JoinSet::new();
    for _ in 0..CALLERS {
        let mut clients = Clients::connect(socket).await.unwrap();
        let number = Arc::clone(number);
        callers.spawn(async move {
            let mut pairs = 0_u32;
            while started.elapsed() < ROUND {
                let name = format!("pair-{}", number.fetch_add(1, Ordering::Relaxed));
                let id = create(&mut clients, name).await;
                let request = DeleteVolumeRequest { volume_id: id, ..Default::default() };
                clients.controller.delete_volume(request).await.unwrap();
                pairs += 1;
            }
            pairs
        });
    }
    let pairs: u32 = callers.join_all().await.into_iter().sum();
    f64::from(pairs) / started.elapsed().as_secs_f64()
}

async fn fill(socket: &std::path::Path) {
    let mut callers = tokio::task::JoinSet::new();
    for caller in 0..CALLERS {
        let mut clients = Clients::connect(socket).await.unwrap();
        callers.spawn(async move {
            for number in (caller..THERE).filter(|number| number % CALLERS == caller) {
                create(&mut clients, format!("there-{number}")).await;
            }
        });
    }
    callers.join_all().await;
}

async fn create(clients: &mut Clients, name: String) -> String {
    let request = CreateVolumeRequest {
        name,
        capacity_range: at_least(GIB),
        volume_capabilities: vec![block()],
        ..Default::default()
    };
    clients.controller.create_volume(request).await.unwrap().into_inner().volume.unwrap().volume_id
}
