//! scratch
#![allow(clippy::unwrap_used)]
use mooring_tests::life::nothing_left;
use mooring_tests::*;
#[test]
fn times() {
    case(async |place| {
        let mut host = Host::serve(place, Settings::default()).await;
        for kind in [Kind::Ext4, Kind::Xfs] {
            let mut life = Life::new(&host, kind, "pvc-1").await;
            macro_rules! t {
                ($e:expr) => {
                    let s = std::time::Instant::now();
                    let _ = $e;
                    eprintln!("{kind:?} {} {:?}", stringify!($e), s.elapsed());
                };
            }
            t!(life.create().await);
            t!(life.stage().await);
            t!(life.publish().await);
            t!(life.expand().await);
            t!(life.node_expand().await);
            t!(life.unpublish().await);
            t!(life.unstage().await);
            t!(life.stage().await);
            t!(life.unstage().await);
            t!(life.delete().await);
        }
        host.stop().await;
    });
}
#[test]
fn must_fail_leftover_volume() {
    case(async |place| {
        let mut host = Host::serve(place, Settings::default()).await;
        let mut life = Life::new(&host, Kind::Ext4, "pvc-1").await;
        life.create().await.unwrap();
        nothing_left(&host).await;
        host.stop().await;
    });
}
#[test]
fn must_fail_no_stop_and_mounted() {
    case(async |place| {
        let host = Host::serve(place, Settings::default()).await;
        let mut life = Life::new(&host, Kind::Ext4, "pvc-1").await;
        life.create().await.unwrap();
        life.stage().await.unwrap();
    });
}
#[test]
fn must_fail_corrupt() {
    case(async |place| {
        let mut host = Host::serve(place, Settings::default()).await;
        let mut life = Life::new(&host, Kind::Block, "pvc-1").await;
        life.create().await.unwrap();
        life.stage().await.unwrap();
        life.publish().await.unwrap();
        let w = payload::write(&life.data(), 0, 8, 1).unwrap();
        life.unpublish().await.unwrap();
        life.unstage().await.unwrap();
        let image = &host.paths.images()[0];
        use std::os::unix::fs::FileExt;
        std::fs::OpenOptions::new()
            .write(true)
            .open(image)
            .unwrap()
            .write_all_at(b"x", 300_000)
            .unwrap();
        life.stage().await.unwrap();
        life.publish().await.unwrap();
        w.verify();
        host.stop().await;
    });
}
#[test]
fn must_fail_held_open() {
    case(async |place| {
        let mut host = Host::serve(place, Settings::default()).await;
        let mut life = Life::new(&host, Kind::Block, "pvc-1").await;
        life.create().await.unwrap();
        life.stage().await.unwrap();
        life.publish().await.unwrap();
        let f = std::fs::File::open(life.data()).unwrap();
        life.unpublish().await.unwrap();
        println!("unstage: {:?}", life.unstage().await);
        drop(f);
        host.stop().await;
    });
}
