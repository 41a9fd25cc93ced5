use std::collections::BTreeMap;
use std::path::Path;

use mooring_volume::DriverName;

use super::*;
use crate::{DEFAULT_QUOTA, Store};

fn store(dir: &Path) -> Arc<Store> {
    Store::open(dir).unwrap()
}

fn handle(store: &Arc<Store>, driver: &str) -> Arc<Scoped> {
    store.scoped(&DriverName::new(driver).unwrap(), &BTreeMap::new(), DEFAULT_QUOTA).unwrap()
}

#[test]
fn a_key_is_one_calls_until_that_ends() {
    let dir = tempfile::tempdir().unwrap();
    let store = store(dir.path());
    let driver = handle(&store, "a.example");
    let mut first = driver.claims();
    assert_eq!(first.claim("volume/a"), Ok(()));
    assert_eq!(first.claim("volume/a"), Ok(()), "it is its own");
    // A swapped version has a handle of its own, and the same keys.
    let mut second = handle(&store, "a.example").claims();
    assert_eq!(second.claim("volume/a"), Err(StateError::Conflict));
    assert_eq!(second.claim("volume/b"), Ok(()));
    drop(first);
    assert_eq!(second.claim("volume/a"), Ok(()));
}

#[test]
fn another_drivers_keys_are_other_keys() {
    let dir = tempfile::tempdir().unwrap();
    let store = store(dir.path());
    let (one, other) = (handle(&store, "a.example"), handle(&store, "b.example"));
    let mut first = one.claims();
    assert_eq!(first.claim("volume/a"), Ok(()));
    assert_eq!(other.claims().claim("volume/a"), Ok(()));
}

#[tokio::test]
async fn a_claim_hinders_nobody_who_claims_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let driver = handle(&store(dir.path()), "a.example");
    let mut claims = driver.claims();
    assert_eq!(claims.claim("a"), Ok(()));
    let version = driver.insert("a", b"1").await.unwrap();
    assert_eq!(driver.remove("a", version).await, Ok(()));
}

#[test]
fn claims_are_keys_and_have_an_end() {
    let dir = tempfile::tempdir().unwrap();
    let driver = handle(&store(dir.path()), "a.example");
    let mut claims = driver.claims();
    for bad in ["", &"x".repeat(513)] {
        assert!(matches!(claims.claim(bad), Err(StateError::Invalid(_))), "{}", bad.len());
    }
    for number in 0..MOST {
        assert_eq!(claims.claim(&number.to_string()), Ok(()));
    }
    assert!(matches!(claims.claim("more"), Err(StateError::Invalid(_))));
    assert_eq!(claims.claim("0"), Ok(()));
}
