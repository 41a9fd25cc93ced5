//! Resident memory at rest: after the start and the first calls.

use mooring_tests::{Host, Kind, Life, Place, Settings, case, kernel};

use crate::table::Table;

pub(crate) fn measure(table: &mut Table) {
    let (sender, receiver) = std::sync::mpsc::channel();
    case(async move |place: &Place| {
        let mut host = Host::serve(place, Settings { log: "warn", ..Settings::default() }).await;
        let fresh = (resident(host.controller_pid().await), resident(host.node_pid()));
        let mut life = Life::new(&host, Kind::Ext4, "memory").await;
        life.create().await.unwrap();
        life.stage().await.unwrap();
        life.unstage().await.unwrap();
        life.delete().await.unwrap();
        let used = (resident(host.controller_pid().await), resident(host.node_pid()));
        host.stop().await;
        sender.send((fresh, used)).unwrap();
    });
    let ((controller, node), (controller_used, node_used)) = receiver.recv().unwrap();
    table.row(
        "memory at rest, controller with one driver (after a volume's life)",
        "≤ 40 MiB",
        format!("{controller:.1} MiB ({controller_used:.1} MiB)"),
        controller <= 40.0,
    );
    table.row(
        "memory at rest, node (after a volume's life)",
        "≤ 12 MiB",
        format!("{node:.1} MiB ({node_used:.1} MiB)"),
        node <= 12.0,
    );
}

/// VmRSS in MiB.
fn resident(pid: u32) -> f64 {
    let status = kernel::status(pid).expect("it runs");
    let kib: f64 = status["VmRSS"].trim_end_matches(" kB").trim().parse().unwrap();
    kib / 1024.0
}
