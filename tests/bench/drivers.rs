//! Many drivers in one process: until all are ready, and what each takes of memory.

use std::fmt::Write as _;
use std::time::Instant;

use mooring_proto::csi::v1::ProbeRequest;
use mooring_tests::guest::replace;
use mooring_tests::{Clients, Host, Place, Settings, case, eventually, kernel};

use crate::table::{Table, median};

const DRIVERS: usize = 50;
const ROUNDS: usize = 5;

pub(crate) fn measure(table: &mut Table) {
    let (sender, receiver) = std::sync::mpsc::channel();
    case(async move |place: &Place| {
        let settings = Settings { log: "warn", ..Settings::default() };
        let text = settings.yaml(&mooring_tests::config::Paths::of(place));
        let mut host = Host::serve(place, settings).await;
        let one = (resident(host.controller_pid().await), resident(host.node_pid()));
        let (many, names) = further(&text, &host);
        replace(&host.paths.config, many.as_bytes());
        let (mut took, mut controllers, mut nodes) = (Vec::new(), Vec::new(), Vec::new());
        for _ in 0..ROUNDS {
            host.stop().await;
            let started = Instant::now();
            host.serve_again().await;
            for name in &names {
                ready(&host, name).await;
            }
            took.push(started.elapsed().as_secs_f64());
            controllers.push(resident(host.controller_pid().await));
            nodes.push(resident(host.node_pid()));
        }
        host.stop().await;
        sender.send((one, median(took), median(controllers), median(nodes))).unwrap();
    });
    let (one, took, controller, node) = receiver.recv().unwrap();
    table.row(
        "`mooring serve` with 50 drivers until all are ready, compiled code cached",
        "≤ 1 s",
        format!("{took:.2} s"),
        took <= 1.0,
    );
    let each = |many: f64, one: f64| (many - one) / (DRIVERS - 1) as f64;
    let (controller, node) = (each(controller, one.0), each(node, one.1));
    table.row(
        "memory of each further driver of the same component, controller (node)",
        "≤ 2 MiB",
        format!("{controller:.2} MiB ({node:.2} MiB)"),
        controller <= 2.0,
    );
}

/// The configuration with as many drivers as wanted, and the names of the added ones.
fn further(text: &str, host: &Host) -> (String, Vec<String>) {
    let (mut text, mut names) = (text.to_owned(), Vec::new());
    for number in 1..DRIVERS {
        let name = format!("d{number}.example.com");
        let _ = write!(
            text,
            "  - name: {name}\n    backend: embedded:image-file\n    grants:\n\
             \x20     pools: {{default: {}}}\n      attachments: [image-file]\n",
            host.paths.pool().display(),
        );
        names.push(name);
    }
    (text, names)
}

async fn ready(host: &Host, name: &str) {
    let socket = host.paths.socket(name);
    eventually(&format!("{name} is ready"), async || {
        let mut clients = Clients::connect(&socket).await.ok()?;
        let answer = clients.identity.probe(ProbeRequest {}).await.ok()?;
        answer.into_inner().ready.unwrap_or(true).then_some(())
    })
    .await;
}

/// VmRSS in MiB.
fn resident(pid: u32) -> f64 {
    let status = kernel::status(pid).expect("it runs");
    let kib: f64 = status["VmRSS"].trim_end_matches(" kB").trim().parse().unwrap();
    kib / 1024.0
}
