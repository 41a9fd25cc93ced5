//! NodeStage of a fresh 1 GiB ext4 volume, against a shell script that does the same by hand: round
//! about, in one run.

use std::path::Path;
use std::process::Command;
use std::time::Instant;

use mooring_tests::config::IMAGE;
use mooring_tests::life::at_least;
use mooring_tests::{Host, Kind, Life, Place, Settings, case};

use crate::table::{Table, median};

const ROUNDS: usize = 40;
const GIB: i64 = 1 << 30;

/// The host's options of mkfs.ext4 and mount, and nothing else that it does.
const SCRIPT: &str = r#"set -e
truncate -s 1G "$1/image"
device=$(losetup --find --show --direct-io=on "$1/image")
mkfs.ext4 -q -F -b 4096 -m 0 -E lazy_itable_init=1,lazy_journal_init=1,nodiscard "$device"
mount -t ext4 -o nosuid,nodev "$device" "$1/mount"
"#;

const UNDO: &str = r#"set -e
device=$(findmnt -n -o SOURCE "$1/mount")
umount "$1/mount"
losetup --detach "$device"
rm "$1/image"
"#;

pub(crate) fn measure(table: &mut Table) {
    let (sender, receiver) = std::sync::mpsc::channel();
    case(async move |place: &Place| {
        let mut host = Host::serve(place, Settings { log: "warn", ..Settings::default() }).await;
        let by_hand = place.directory("by-hand/mount");
        let by_hand = by_hand.parent().unwrap();
        let (mut ours, mut script) = (Vec::new(), Vec::new());
        for round in 0..=ROUNDS {
            let a = staged(&host, round).await;
            let b = scripted(by_hand);
            // The first of each warms the caches.
            if round > 0 {
                ours.push(a);
                script.push(b);
            }
        }
        host.stop().await;
        sender.send((median(ours), median(script))).unwrap();
    });
    let (ours, script) = receiver.recv().unwrap();
    let ratio = ours / script;
    table.row(
        "NodeStage of a fresh 1 GiB ext4 volume, against losetup + mkfs.ext4 + mount in a shell script",
        "≤ 1.1 ×",
        format!("{ratio:.2} × ({:.0} ms against {:.0} ms)", ours * 1e3, script * 1e3),
        ratio <= 1.1,
    );
}

/// What the other side deleted is the other side's: the file system discards it with the next commit of its
/// journal, whoever waits for that.
fn settle() {
    rustix::fs::sync();
}

async fn staged(host: &Host, round: usize) -> f64 {
    let mut life = Life::new(host, Kind::Ext4, &format!("stage-{round}")).await;
    let mut clients = host.connect(IMAGE).await;
    let mut request = life.create_request();
    request.capacity_range = at_least(GIB);
    let answer = clients.controller.create_volume(request).await.unwrap().into_inner();
    life.volume = answer.volume;
    settle();
    let started = Instant::now();
    life.stage().await.unwrap();
    let took = started.elapsed().as_secs_f64();
    life.unstage().await.unwrap();
    life.delete().await.unwrap();
    took
}

fn scripted(folder: &Path) -> f64 {
    let run = |script: &str| {
        let status = Command::new("sh").args(["-c", script, "sh"]).arg(folder).status().unwrap();
        assert!(status.success());
    };
    settle();
    let started = Instant::now();
    run(SCRIPT);
    let took = started.elapsed().as_secs_f64();
    run(UNDO);
    took
}
