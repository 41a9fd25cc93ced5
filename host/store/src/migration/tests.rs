use std::path::Path;

use mooring_volume::DriverName;

use super::*;
use crate::{DEFAULT_QUOTA, Store};

fn open(dir: &Path, quota: u64) -> Arc<Scoped> {
    let name = DriverName::new("a.example").unwrap();
    Store::open(dir).unwrap().scoped(&name, &BTreeMap::new(), quota).unwrap()
}

fn pairs(entries: Vec<Entry>) -> Vec<(String, Vec<u8>)> {
    entries.into_iter().map(|entry| (entry.key, entry.value)).collect()
}

fn pair(key: &str, value: &str) -> (String, Vec<u8>) {
    (key.to_owned(), value.as_bytes().to_vec())
}

#[tokio::test]
async fn what_is_written_is_read_and_becomes_the_state_in_one_step() {
    let dir = tempfile::tempdir().unwrap();
    let driver = open(dir.path(), DEFAULT_QUOTA);
    for key in ["v/a", "v/b", "v/c"] {
        driver.insert(key, b"old").await.unwrap();
    }
    assert_eq!(driver.schema(), Ok(0));

    let migration = driver.migration();
    let first = migration.get("v/a").unwrap().unwrap();
    let second = migration.replace("v/a", b"new", first.version).unwrap();
    assert_eq!(migration.replace("v/a", b"x", first.version), Err(StateError::Conflict));
    assert_eq!(migration.get("v/a").unwrap().unwrap().version, second);
    let b = migration.get("v/b").unwrap().unwrap();
    migration.remove("v/b", b.version).unwrap();
    assert_eq!(migration.remove("v/b", b.version), Err(StateError::Conflict));
    migration.insert("v/bb", b"made").unwrap();
    assert_eq!(migration.insert("v/c", b"x"), Err(StateError::Conflict));

    let all = [pair("v/a", "new"), pair("v/bb", "made"), pair("v/c", "old")];
    assert_eq!(pairs(migration.scan("v/", None, 10).unwrap()), all);
    // Nothing of it is there yet.
    assert_eq!(driver.get("v/b").unwrap().unwrap().value, b"old");
    migration.commit(3).await.unwrap();
    assert_eq!(pairs(driver.scan("v/", None, 10).unwrap()), all);
    drop(driver);

    let driver = open(dir.path(), DEFAULT_QUOTA);
    assert_eq!(driver.schema(), Ok(3));
    assert_eq!(pairs(driver.scan("v/", None, 10).unwrap()), all);
}

#[tokio::test]
async fn one_that_is_dropped_has_changed_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let driver = open(dir.path(), DEFAULT_QUOTA);
    driver.insert("a", b"old").await.unwrap();
    let migration = driver.migration();
    let version = migration.get("a").unwrap().unwrap().version;
    migration.remove("a", version).unwrap();
    drop(migration);
    assert_eq!(driver.get("a").unwrap().unwrap().value, b"old");
    assert_eq!(driver.schema(), Ok(0));
}

#[tokio::test]
async fn pages_tell_every_entry_once_whatever_was_written_between() {
    let dir = tempfile::tempdir().unwrap();
    let driver = open(dir.path(), DEFAULT_QUOTA);
    for number in 0..20 {
        driver.insert(&format!("v/{number:02}"), b"old").await.unwrap();
    }
    let migration = driver.migration();
    for number in 0..10 {
        let key = format!("v/{number:02}");
        let version = migration.get(&key).unwrap().unwrap().version;
        migration.remove(&key, version).unwrap();
    }
    for number in [5, 25] {
        migration.insert(&format!("v/{number:02}"), b"new").unwrap();
    }
    let (mut seen, mut after) = (Vec::new(), None);
    loop {
        let page = migration.scan("v/", after.as_deref(), 3).unwrap();
        let Some(last) = page.last() else { break };
        after = Some(last.key.clone());
        seen.extend(page.into_iter().map(|entry| entry.key));
    }
    let mut wanted: Vec<_> = (10..20).map(|number| format!("v/{number:02}")).collect();
    wanted.extend(["v/05".to_owned(), "v/25".to_owned()]);
    wanted.sort();
    assert_eq!(seen, wanted);
}

#[tokio::test]
async fn the_quota_holds_and_counts_what_is_there_afterwards() {
    let dir = tempfile::tempdir().unwrap();
    let driver = open(dir.path(), 1_000);
    driver.insert("a", &[1; 500]).await.unwrap();
    let migration = driver.migration();
    migration.insert("b", &[2; 500]).unwrap();
    assert!(matches!(migration.commit(1).await, Err(StateError::Quota(_))));
    assert_eq!(driver.schema(), Ok(0));

    let migration = driver.migration();
    let version = migration.get("a").unwrap().unwrap().version;
    migration.remove("a", version).unwrap();
    migration.insert("b", &[2; 500]).unwrap();
    migration.commit(1).await.unwrap();
    // As much as before is in use: an entry of the same size is too much, a small one is not.
    assert!(matches!(driver.insert("c", &[3; 500]).await, Err(StateError::Quota(_))));
    driver.insert("c", &[3; 50]).await.unwrap();
}
