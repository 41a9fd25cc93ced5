//! From the start of `mooring serve` to the first answered RPC, with the compiled code cached.

use std::time::Instant;

use mooring_proto::csi::v1::GetCapacityRequest;
use mooring_tests::config::IMAGE;
use mooring_tests::{Host, Place, Settings, case};

use crate::table::{Table, median};

const ROUNDS: usize = 15;

pub(crate) fn measure(table: &mut Table) {
    let (sender, receiver) = std::sync::mpsc::channel();
    case(async move |place: &Place| {
        let settings = Settings { log: "warn", ..Settings::default() };
        let mut host = Host::serve(place, settings).await;
        let mut took = Vec::new();
        for _ in 0..ROUNDS {
            host.stop().await;
            let started = Instant::now();
            host.serve_again().await;
            // A call that goes through the component.
            let mut clients = host.connect(IMAGE).await;
            clients.controller.get_capacity(GetCapacityRequest::default()).await.unwrap();
            took.push(started.elapsed().as_secs_f64());
        }
        host.stop().await;
        sender.send(median(took)).unwrap();
    });
    let took = receiver.recv().unwrap() * 1e3;
    table.row(
        "`mooring serve` to the first answered RPC, compiled code cached",
        "≤ 150 ms",
        format!("{took:.0} ms"),
        took <= 150.0,
    );
}
