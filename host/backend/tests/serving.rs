//! Versions of a driver that take each other's place while it serves.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests may fail loudly"
)]

mod stand;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use mooring_backend::{Serving, SwapError, SwapOutcome};
use mooring_volume::backend::{Identity, Volume, Volumes};
use mooring_volume::policy::Grants;
use mooring_volume::{Code, Error, Secrets, VolumeId};
use serde_json::json;
use stand::{Stand, call, create, plugin};

const NAME: &str = "a.example.com";

async fn created(serving: &Serving, name: &str) -> Result<Volume, Error> {
    serving.create(&call(), create(name)).await
}

/// Waits until the creation of a volume runs: its entry is written first.
async fn begun(stand: &Stand, name: &str) {
    let store = stand.scoped(NAME, &stand.grants().pools);
    while store.get(&format!("volume/{name}")).unwrap().is_none() {
        tokio::task::yield_now().await;
    }
}

/// The version that made a volume, which told the same before and after its write.
fn version(volume: &Volume) -> String {
    let told = |key: &str| volume.context[key].clone();
    assert_eq!(told("before"), told("after"));
    assert_eq!(told("version"), told("before"), "code and configuration are of one version");
    told("version")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_swaps_fail_and_mix_no_call() {
    let stand = Stand::new();
    let one = stand.candidate(NAME, "versions", json!({"label": "1.0.0"}));
    let two = stand.candidate(NAME, "versions_next", json!({"label": "2.0.0"}));
    let serving = stand.serve(one.clone()).await.unwrap();
    let (over, calls) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
    let callers: Vec<_> = (0..16)
        .map(|caller| {
            let (serving, over) = (Arc::clone(&serving), Arc::clone(&over));
            let calls = Arc::clone(&calls);
            tokio::spawn(async move {
                let mut seen = std::collections::BTreeSet::new();
                let mut number = 0;
                while !over.load(Ordering::Relaxed) {
                    let name = format!("volume-{caller}-{number}");
                    let volume = created(&serving, &name).await.unwrap();
                    seen.insert(version(&volume));
                    serving.delete(&call(), volume.id, Secrets::default()).await.unwrap();
                    number += 1;
                    calls.fetch_add(1, Ordering::Relaxed);
                }
                seen
            })
        })
        .collect();
    for round in 0..100 {
        let next = if round % 2 == 0 { &two } else { &one };
        let so_far = calls.load(Ordering::Relaxed);
        let difference = serving.swap(next.clone()).await.unwrap();
        assert!(difference.component.is_some(), "{difference}");
        // Each version serves some calls before the next one comes.
        while calls.load(Ordering::Relaxed) < so_far + 16 {
            tokio::task::yield_now().await;
        }
    }
    over.store(true, Ordering::Relaxed);
    let mut seen = std::collections::BTreeSet::new();
    for caller in callers {
        seen.extend(caller.await.unwrap());
    }
    assert_eq!(seen.into_iter().collect::<Vec<_>>(), ["1.0.0", "2.0.0"]);
    assert_eq!(stand.meter.swaps.lock().unwrap().len(), 100);
    assert!(stand.meter.swaps.lock().unwrap().iter().all(|it| *it == SwapOutcome::Switched));
}

#[tokio::test(flavor = "multi_thread")]
async fn running_and_unsettled_calls_keep_their_version() {
    let stand = Stand::new();
    let serving =
        stand.serve(stand.candidate(NAME, "versions", json!({"label": "1.0.0"}))).await.unwrap();
    let unsettled = created(&serving, "unsettled").await.unwrap_err();
    assert_eq!(unsettled.code, Code::Aborted);
    let running = {
        let serving = Arc::clone(&serving);
        tokio::spawn(async move { created(&serving, "sleep").await })
    };
    begun(&stand, "sleep").await;
    let next = stand.candidate(NAME, "versions_next", json!({"label": "2.0.0"}));
    serving.swap(next).await.unwrap();
    assert_eq!(serving.description().version, "2.0.0");
    assert_eq!(version(&created(&serving, "another").await.unwrap()), "2.0.0");
    // Its repetition goes where it began; 2.0.0 would create it.
    let again = created(&serving, "unsettled").await.unwrap_err();
    assert!(again.message.contains("version 1.0.0"), "{again}");
    assert_eq!(version(&running.await.unwrap().unwrap()), "1.0.0");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bad_candidate_is_refused_while_the_old_one_serves() {
    let stand = Stand::new();
    let good = stand.candidate(NAME, "versions", json!({"label": "1.0.0"}));
    let serving = stand.serve(good.clone()).await.unwrap();

    let mut broken = good.clone();
    broken.component = vec![1, 2, 3].into();
    let mut misconfigured = good.clone();
    misconfigured.config.config = json!({"label": 5});
    let unfit = stand.candidate(NAME, "versions_next", json!({"probe": "unfit"}));
    let starting = stand.candidate(NAME, "versions_next", json!({"probe": "starting"}));
    let mut greedy = good.clone();
    greedy.component = plugin("image_file");
    greedy.config.grants = Grants::default();
    for (candidate, says) in [
        (broken, "no WebAssembly component"),
        (misconfigured, "label"),
        (unfit, "it has no array"),
        (starting, "not ready"),
        (greedy, "mooring:host/pool@0.1.0, which needs grants.pools"),
    ] {
        let rehearsed = serving.rehearse(candidate.clone()).await.unwrap_err().to_string();
        assert!(rehearsed.contains(says), "{rehearsed}");
        let refused = serving.swap(candidate).await.unwrap_err().to_string();
        assert_eq!(refused, rehearsed);
        assert_eq!(version(&created(&serving, says).await.unwrap()), "1.0.0");
    }
    let status = serving.status();
    assert_eq!(status.last_swap.unwrap().outcome, SwapOutcome::Refused);
    assert_eq!(*stand.meter.swaps.lock().unwrap(), [SwapOutcome::Refused; 5]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rehearsal_tells_the_difference_and_switches_nothing() {
    let stand = Stand::new();
    let serving =
        stand.serve(stand.candidate(NAME, "versions", json!({"label": "1.0.0"}))).await.unwrap();
    let next = stand.candidate(NAME, "versions_next", json!({"label": "2.0.0"}));
    let difference = serving.rehearse(next).await.unwrap();
    assert_eq!(difference.config, ["label"]);
    let [from, to] = difference.component.unwrap();
    assert!(from.starts_with("versions 1.0.0") && to.starts_with("versions 2.0.0"), "{from} {to}");
    assert_eq!(version(&created(&serving, "a").await.unwrap()), "1.0.0");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_fails_is_rolled_back() {
    let stand = Stand::new();
    let good = stand.candidate(NAME, "versions", json!({"label": "1.0.0"}));
    let bad = stand.candidate(NAME, "versions_next", json!({"label": "2.0.0", "trap": "yes"}));
    let serving = stand.serve(good).await.unwrap();
    created(&serving, "before").await.unwrap();
    serving.swap(bad.clone()).await.unwrap();
    assert!(serving.status().on_trial);
    for number in 0..3 {
        let failed = created(&serving, &format!("volume-{number}")).await.unwrap_err();
        assert_eq!(failed.code, Code::Unavailable);
    }
    assert_eq!(version(&created(&serving, "volume-0").await.unwrap()), "1.0.0");
    let status = serving.status();
    assert_eq!(status.version, "1.0.0");
    let last = status.last_swap.unwrap();
    assert_eq!(last.outcome, SwapOutcome::RolledBack);
    assert!(last.detail.contains("3 of its last"), "{}", last.detail);
    assert!(serving.was_rolled_back(&bad));
    assert_eq!(
        *stand.meter.swaps.lock().unwrap(),
        [SwapOutcome::Switched, SwapOutcome::RolledBack]
    );
    // What fails alike before and after is no reason.
    let also = stand.candidate("b.example.com", "versions", json!({"trap": "yes"}));
    let serving = stand.serve(also).await.unwrap();
    for number in 0..3 {
        created(&serving, &format!("volume-{number}")).await.unwrap_err();
    }
    serving
        .swap(stand.candidate("b.example.com", "versions_next", json!({"trap": "yes"})))
        .await
        .unwrap();
    for number in 0..4 {
        created(&serving, &format!("volume-{number}")).await.unwrap_err();
    }
    assert_eq!(serving.status().version, "2.0.0");
}

#[tokio::test(flavor = "multi_thread")]
async fn state_is_migrated_all_or_nothing_and_never_back() {
    let stand = Stand::new();
    let candidate = |config| stand.candidate(NAME, "migrating", config);
    let serving = stand.serve(candidate(json!({"schema": 1}))).await.unwrap();
    for number in 0..10 {
        created(&serving, &format!("volume-{number}")).await.unwrap();
    }
    let store = stand.scoped(NAME, &stand.grants().pools);
    let forms = || -> Vec<u8> {
        store.scan("volume/", None, 1000).unwrap().iter().map(|entry| entry.value[0]).collect()
    };
    assert_eq!(store.schema(), Ok(1));
    for (config, says) in [
        (json!({"schema": 2, "broken": "fail"}), "half is enough"),
        (json!({"schema": 2, "broken": "trap"}), "panicked"),
        (json!({"schema": 2, "probe": "unfit"}), "it has no array"),
    ] {
        let refused = serving.swap(candidate(config)).await.unwrap_err();
        assert!(matches!(refused, SwapError::Migration { from: 1, to: 2, .. }), "{refused}");
        assert!(refused.to_string().contains(says), "{refused}");
        assert_eq!((store.schema(), forms()), (Ok(1), vec![b'1'; 10]));
        created(&serving, "volume-0").await.unwrap();
    }
    let difference = serving.swap(candidate(json!({"schema": 3}))).await.unwrap();
    assert_eq!(difference.state_schema, Some([1, 3]));
    assert_eq!((store.schema(), forms()), (Ok(3), vec![b'3'; 10]));

    let refused = serving.swap(candidate(json!({"schema": 2}))).await.unwrap_err();
    assert!(matches!(refused, SwapError::Schema { stored: 3, own: 2 }), "{refused}");
    let without = stand.candidate(NAME, "versions", json!({}));
    let refused = serving.swap(without.clone()).await.unwrap_err();
    assert!(matches!(refused, SwapError::Schema { stored: 3, own: 0 }), "{refused}");
    // Nor is it loaded at a start.
    let refused = stand.serve(without).await.err().unwrap();
    assert!(matches!(refused, SwapError::Schema { stored: 3, own: 0 }), "{refused}");
}

#[tokio::test(flavor = "multi_thread")]
async fn there_is_no_way_back_behind_a_migration() {
    let stand = Stand::new();
    let candidate = |config| stand.candidate(NAME, "migrating", config);
    let serving = stand.serve(candidate(json!({"schema": 1}))).await.unwrap();
    serving.swap(candidate(json!({"schema": 2, "traps": true}))).await.unwrap();
    for number in 0..4 {
        created(&serving, &format!("volume-{number}")).await.unwrap_err();
    }
    assert_eq!(serving.status().state_schema, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_migration_waits_for_running_calls() {
    let stand = Stand::new();
    let serving = stand.serve(stand.candidate(NAME, "versions", json!({}))).await.unwrap();
    let running: Vec<_> = (0..4)
        .map(|number| {
            let serving = Arc::clone(&serving);
            tokio::spawn(async move { created(&serving, &format!("sleep-{number}")).await })
        })
        .collect();
    for number in 0..4 {
        begun(&stand, &format!("sleep-{number}")).await;
    }
    // The entries of `versions` are nothing to `migrating`, which says so.
    let refused = serving.swap(stand.candidate(NAME, "migrating", json!({}))).await.unwrap_err();
    assert!(refused.to_string().contains("not of schema 0"), "{refused}");
    // And the host's own probe of what serves.
    assert_eq!(serving.status().calls, 5, "the migration came behind the running calls");
    for call in running {
        call.await.unwrap().unwrap();
    }
    serving.delete(&call(), VolumeId::new("a").unwrap(), Secrets::default()).await.unwrap();
}
