//! A quiet driver's calls beside a driver that misbehaves, in the same process, against the same calls beside
//! the same driver doing nothing.
//!
//! The two sides take turns, in many short rounds. The quiet driver is called by one caller that rests between
//! calls, as an orchestrator does; the neighbour by four that try again at once. The first row is the control: how
//! far the figure moves because there are four more callers, of a neighbour that does nothing wrong.

use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use mooring_proto::csi::v1::{CreateVolumeRequest, ValidateVolumeCapabilitiesRequest};
use mooring_tests::config::IMAGE;
use mooring_tests::guest::guest;
use mooring_tests::life::{at_least, block};
use mooring_tests::{Clients, Host, Place, Settings, case};
use tokio::task::JoinSet;

use crate::table::{Table, median};

const NEIGHBOUR: &str = "neighbour.example.com";
/// The guest that does it, the name of the volume that makes it do so, and how a reader calls that.
const DEEDS: [(&str, &str, &str); 6] = [
    ("hostile", CONTROL, "answers as it should"),
    ("hostile", "loop", "loops"),
    ("hostile", "panic", "traps"),
    ("hostile", "memory", "eats memory"),
    ("hostile", "flood", "floods logs"),
    ("requester", "", "hangs in HTTP"),
];
const CONTROL: &str = "nothing";
const CALLERS: usize = 4;
const ROUNDS: usize = 25;
const CALLS: usize = 300;
/// Between two calls of one caller.
const REST: Duration = Duration::from_millis(1);
/// Before a round is measured, for the neighbour to be at it, or to be done with it.
const SETTLE: Duration = Duration::from_millis(100);

pub(crate) fn measure(table: &mut Table) {
    let mut silent = Silent::listen();
    for (component, deed, what) in DEEDS {
        let deed = if deed.is_empty() { silent.url() } else { deed.to_owned() };
        let (alone, beside) = beside(component, deed.clone(), &silent.url());
        silent.hang_up();
        let ratio = beside / alone;
        let control = deed == CONTROL;
        table.row(
            format!("p99 of a quiet driver's calls while a neighbour in its process {what}"),
            if control { "none, the control" } else { "≤ 1.1 × without" },
            format!("{ratio:.2} × ({:.2} ms against {:.2} ms)", beside * 1e3, alone * 1e3),
            control || ratio <= 1.1,
        );
    }
}

/// A server that takes connections, and never answers.
struct Silent(TcpListener);

impl Silent {
    fn listen() -> Self {
        Self(TcpListener::bind("127.0.0.1:0").unwrap())
    }

    /// The kernel completes the connections, as long as its queue is long.
    fn url(&self) -> String {
        format!("http://{}/", self.0.local_addr().unwrap())
    }

    /// Ends the connections that there are.
    fn hang_up(&mut self) {
        self.0.set_nonblocking(true).unwrap();
        while self.0.accept().map(|(stream, _)| drop::<TcpStream>(stream)).is_ok() {}
    }
}

/// The p99 without and with the deed, in seconds, of a host of its own.
fn beside(component: &str, deed: String, origin: &str) -> (f64, f64) {
    let component = std::fs::read(guest(component)).unwrap();
    let grants = format!(
        "grants: {{http: [{{origin: \"{}\", paths: [/], networks: [127.0.0.0/8]}}]}}",
        origin.trim_end_matches('/')
    );
    let (sender, receiver) = std::sync::mpsc::channel();
    case(async move |place: &Place| {
        let file = place.path("neighbour.wasm");
        std::fs::write(&file, component).unwrap();
        let further_drivers = format!(
            "  - name: {NEIGHBOUR}\n    backend: {}\n    {grants}\n    \
             limits: {{memory: 64MiB, deadline: 1s, concurrency: 4}}\n",
            file.display()
        );
        let settings = Settings { log: "info", further_drivers, ..Settings::default() };
        let mut host = Host::serve(place, settings).await;
        let mut quiet = Clients::connect(&host.paths.controller_socket(IMAGE)).await.unwrap();
        let volume = made(&mut quiet).await;
        sender.send(paired(&host, &mut quiet, &volume, &deed).await).unwrap();
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

/// The p99 of both sides, each the median of its rounds, which take turns.
async fn paired(host: &Host, quiet: &mut Clients, volume: &str, deed: &str) -> (f64, f64) {
    let (mut alone, mut beside) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        tokio::time::sleep(SETTLE).await;
        alone.push(round(quiet, volume).await);
        let stop = Arc::new(AtomicBool::new(false));
        let mut at_it = JoinSet::new();
        for caller in 0..CALLERS {
            let clients = Clients::connect(&host.paths.controller_socket(NEIGHBOUR)).await.unwrap();
            // Each wants a volume of its own: the second of two that want the same one is ABORTED.
            at_it.spawn(misbehave(clients, format!("{deed}#{caller}"), Arc::clone(&stop)));
        }
        tokio::time::sleep(SETTLE).await;
        beside.push(round(quiet, volume).await);
        stop.store(true, Ordering::Release);
        at_it.join_all().await;
    }
    (median(alone), median(beside))
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

/// The p99 of a round.
async fn round(clients: &mut Clients, volume: &str) -> f64 {
    let mut took = Vec::with_capacity(CALLS);
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
    p99(took)
}

fn p99(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() * 99 / 100]
}
