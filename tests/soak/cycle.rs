//! One volume's life.

use mooring_tests::life::MIB;
use mooring_tests::{Host, Kind, Life, kernel, payload};
use tonic::Code;

/// Mostly ext4, some raw, few of what takes larger images.
fn kind(number: u32) -> Kind {
    match number % 20 {
        18 => Kind::Xfs,
        19 => Kind::Btrfs,
        other if other % 5 == 0 => Kind::Block,
        _ => Kind::Ext4,
    }
}

/// From creation to deletion; what was written is read back.
pub(crate) async fn live(host: &Host, number: u32) {
    let kind = kind(number);
    let mut life = Life::new(host, kind, &format!("soak-{number}")).await;
    let at =
        |step: &str, error: &tonic::Status| format!("cycle {number}, {kind:?}, {step}: {error}");
    life.create().await.unwrap_or_else(|error| panic!("{}", at("create", &error)));
    life.stage().await.unwrap_or_else(|error| panic!("{}", at("stage", &error)));
    life.publish().await.unwrap_or_else(|error| panic!("{}", at("publish", &error)));
    life.assert_published();
    let written = payload::write(&life.data(), 0, 4, u64::from(number)).unwrap();
    let stats = life.stats().await.unwrap_or_else(|error| panic!("{}", at("stats", &error)));
    assert!(!stats.usage.is_empty(), "cycle {number}: no statistics");
    if number.is_multiple_of(10) || number % 40 > 37 {
        grow(host, &mut life, number).await;
    }
    written.verify();
    life.unpublish().await.unwrap_or_else(|error| panic!("{}", at("unpublish", &error)));
    life.unstage().await.unwrap_or_else(|error| panic!("{}", at("unstage", &error)));
    life.delete().await.unwrap_or_else(|error| panic!("{}", at("delete", &error)));
    // As kubelet takes its own directories away.
    std::fs::remove_dir_all(life.staging.parent().unwrap()).unwrap();
    std::fs::remove_dir_all(life.target.parent().unwrap()).unwrap();
}

async fn grow(host: &Host, life: &mut Life, number: u32) {
    let grown = life.expand().await.unwrap_or_else(|error| panic!("cycle {number}: {error}"));
    assert!(grown.capacity_bytes >= life.bytes + MIB, "cycle {number}: {grown:?}");
    match life.node_expand().await {
        Ok(_) => {}
        Err(refused)
            if life.kind == Kind::Ext4
                && refused.code() == Code::FailedPrecondition
                && !kernel::may_grow_mounted_ext4(host.node_pid()) => {}
        Err(error) => panic!("cycle {number}, {:?}, growing: {error}", life.kind),
    }
}
