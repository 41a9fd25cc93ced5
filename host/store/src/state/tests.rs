use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;

use mooring_volume::DriverName;
use proptest::prelude::*;

use super::*;
use crate::{DEFAULT_QUOTA, Store};

fn scoped(store: &Arc<Store>, driver: &str, quota: u64) -> Arc<Scoped> {
    store.scoped(&DriverName::new(driver).unwrap(), &BTreeMap::new(), quota).unwrap()
}

fn open(dir: &Path) -> Arc<Scoped> {
    scoped(&Store::open(dir).unwrap(), "a.example", DEFAULT_QUOTA)
}

fn keys(page: &[Entry]) -> Vec<&str> {
    page.iter().map(|entry| entry.key.as_str()).collect()
}

#[tokio::test]
async fn insert_replace_and_remove_go_by_version() {
    let dir = tempfile::tempdir().unwrap();
    let driver = open(dir.path());
    assert_eq!(driver.get("a"), Ok(None));
    let first = driver.insert("a", b"1").await.unwrap();
    assert_eq!(driver.insert("a", b"2").await, Err(StateError::Conflict));
    let second = driver.replace("a", b"2", first).await.unwrap();
    assert_ne!(second, first);
    assert_eq!(driver.replace("a", b"3", first).await, Err(StateError::Conflict));
    assert_eq!(driver.remove("a", first).await, Err(StateError::Conflict));
    let entry = Entry { key: "a".to_owned(), value: b"2".to_vec(), version: second };
    assert_eq!(driver.get("a"), Ok(Some(entry)));
    assert_eq!(driver.remove("a", second).await, Ok(()));
    assert_eq!(driver.get("a"), Ok(None));
    assert_eq!(driver.remove("a", second).await, Err(StateError::Conflict));
    assert_eq!(driver.replace("a", b"3", second).await, Err(StateError::Conflict));
}

#[tokio::test]
async fn a_version_is_never_used_again() {
    let dir = tempfile::tempdir().unwrap();
    let mut seen = BTreeSet::new();
    for _ in 0..3 {
        let driver = open(dir.path());
        for _ in 0..3 {
            let version = driver.insert("a", b"").await.unwrap();
            assert!(seen.insert(version));
            driver.remove("a", version).await.unwrap();
        }
    }
}

#[tokio::test]
async fn keys_and_values_have_limits() {
    let dir = tempfile::tempdir().unwrap();
    let driver = open(dir.path());
    let long = "k".repeat(512);
    assert!(driver.insert(&long, &vec![0; 64 << 10]).await.is_ok());
    assert_eq!(driver.get(&long).unwrap().unwrap().value.len(), 64 << 10);
    for bad in ["", &"k".repeat(513)] {
        assert!(matches!(driver.insert(bad, b"").await, Err(StateError::Invalid(_))));
        assert!(matches!(driver.get(bad), Err(StateError::Invalid(_))));
        assert!(matches!(driver.remove(bad, 1).await, Err(StateError::Invalid(_))));
    }
    let heavy = vec![0; (64 << 10) + 1];
    assert!(matches!(driver.insert("a", &heavy).await, Err(StateError::Invalid(_))));
    for limit in [0, 1001] {
        assert!(matches!(driver.scan("", None, limit), Err(StateError::Invalid(_))));
    }
}

#[tokio::test]
async fn scans_go_in_the_order_of_bytes_page_by_page() {
    let dir = tempfile::tempdir().unwrap();
    let driver = open(dir.path());
    for key in ["b/2", "a", "b/10", "b/", "b", "c", "b/ü", "B"] {
        driver.insert(key, key.as_bytes()).await.unwrap();
    }
    assert_eq!(
        keys(&driver.scan("", None, 1000).unwrap()),
        ["B", "a", "b", "b/", "b/10", "b/2", "b/ü", "c"]
    );
    assert_eq!(keys(&driver.scan("b/", None, 2).unwrap()), ["b/", "b/10"]);
    assert_eq!(keys(&driver.scan("b/", Some("b/10"), 2).unwrap()), ["b/2", "b/ü"]);
    assert!(driver.scan("b/", Some("b/ü"), 2).unwrap().is_empty());
    // Keys to go on from need not be there, nor lie within the prefix.
    assert_eq!(keys(&driver.scan("b/", Some("b/11"), 2).unwrap()), ["b/2", "b/ü"]);
    assert_eq!(keys(&driver.scan("b/", Some("a"), 1).unwrap()), ["b/"]);
    assert!(driver.scan("b/", Some("c"), 1).unwrap().is_empty());
}

#[tokio::test]
async fn a_page_of_a_scan_is_bounded_in_bytes_and_the_next_goes_on() {
    let dir = tempfile::tempdir().unwrap();
    let driver = open(dir.path());
    for number in 0..100 {
        driver.insert(&format!("{number:03}"), &vec![0; 64 << 10]).await.unwrap();
    }
    let (mut after, mut seen, mut pages) = (None, 0, 0);
    loop {
        let page = driver.scan("", after.as_deref(), 1000).unwrap();
        let Some(last) = page.last() else { break };
        assert!(page.len() <= 65);
        after = Some(last.key.clone());
        seen += page.len();
        pages += 1;
    }
    assert_eq!((seen, pages), (100, 2));
}

#[tokio::test]
async fn no_driver_sees_anothers_keys() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path()).unwrap();
    let names = ["a", "a.a", "aa", "b"];
    let drivers = names.map(|name| scoped(&store, name, DEFAULT_QUOTA));
    for (driver, name) in drivers.iter().zip(names) {
        driver.insert("same", name.as_bytes()).await.unwrap();
        driver.insert(name, b"").await.unwrap();
    }
    for (driver, name) in drivers.iter().zip(names) {
        assert_eq!(driver.get("same").unwrap().unwrap().value, name.as_bytes());
        assert_eq!(keys(&driver.scan("", None, 1000).unwrap()).len(), 2);
        let other = names.iter().find(|other| **other != name).unwrap();
        assert_eq!(driver.get(other), Ok(None));
    }
}

#[tokio::test]
async fn the_quota_counts_what_is_there() {
    let dir = tempfile::tempdir().unwrap();
    let value = [0; 1000];
    // Room for two entries of 1 + 1000 + 64 bytes.
    let quota = 2 * 1065;
    {
        let store = Store::open(dir.path()).unwrap();
        let driver = scoped(&store, "a", quota);
        let first = driver.insert("1", &value).await.unwrap();
        driver.insert("2", &value).await.unwrap();
        let refused = driver.insert("3", b"").await.unwrap_err();
        let StateError::Quota(text) = &refused else { panic!("{refused}") };
        assert!(text.contains("2130 bytes of its quota of 2130"), "{text}");
        assert!(matches!(driver.replace("1", &[0; 1001], first).await, Err(StateError::Quota(_))));
        // Another driver has its own.
        scoped(&store, "b", quota).insert("1", &value).await.unwrap();
        // What does not grow is never refused, even where the quota has shrunk meanwhile.
        let smaller = scoped(&store, "a", 10);
        let first = smaller.replace("1", &value, first).await.unwrap();
        assert!(matches!(smaller.insert("3", b"").await, Err(StateError::Quota(_))));
        smaller.remove("1", first).await.unwrap();
        driver.insert("3", &value).await.unwrap();
    }
    // It is counted anew at the next start.
    let driver = scoped(&Store::open(dir.path()).unwrap(), "a", quota);
    assert!(matches!(driver.insert("4", b"").await, Err(StateError::Quota(_))));
    let third = driver.get("3").unwrap().unwrap().version;
    driver.remove("3", third).await.unwrap();
    driver.insert("4", &value).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_many_who_replace_one_version_one_wins() {
    let dir = tempfile::tempdir().unwrap();
    let driver = open(dir.path());
    driver.insert("counter", b"0").await.unwrap();
    let tasks: Vec<_> = (0..16)
        .map(|_| {
            let driver = Arc::clone(&driver);
            tokio::spawn(async move {
                for _ in 0..20 {
                    add_one(&driver).await;
                    driver.barrier().await.unwrap();
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    assert_eq!(driver.get("counter").unwrap().unwrap().value, b"320");
}

async fn add_one(driver: &Scoped) {
    loop {
        let entry = driver.get("counter").unwrap().unwrap();
        let count: u64 = String::from_utf8(entry.value).unwrap().parse().unwrap();
        let next = (count + 1).to_string();
        match driver.replace("counter", next.as_bytes(), entry.version).await {
            Ok(_) => return,
            Err(StateError::Conflict) => {}
            Err(other) => panic!("{other}"),
        }
    }
}

#[tokio::test]
async fn one_who_read_anothers_write_waits_for_it_too() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path()).unwrap();
    let [one, other] = [(); 2].map(|()| scoped(&store, "a", DEFAULT_QUOTA));
    one.insert("a", b"").await.unwrap();
    assert!(other.get("a").unwrap().is_some());
    let before = store.syncs();
    other.barrier().await.unwrap();
    assert_eq!(store.syncs(), before + 1);
    one.barrier().await.unwrap();
    scoped(&store, "b", DEFAULT_QUOTA).barrier().await.unwrap();
    assert_eq!(store.syncs(), before + 1, "nothing was outstanding");
}

#[tokio::test]
async fn a_driver_that_floods_the_store_waits_for_the_disk() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path()).unwrap();
    let driver = scoped(&store, "a", DEFAULT_QUOTA);
    for number in 0..100 {
        driver.insert(&number.to_string(), &vec![0; 64 << 10]).await.unwrap();
    }
    // 6.4 MB in steps of 1 MiB, though nobody asked for a barrier.
    assert!((5..=8).contains(&store.syncs()), "{}", store.syncs());
}

/// Run by the test below, and killed by it. Says each number once it is on stable storage.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "runs until it is killed by the test beside it"]
async fn child_that_writes_until_it_is_killed() {
    let dir = std::env::var("MOORING_TEST_DIR").unwrap();
    let driver = open(Path::new(&dir));
    let tasks: Vec<_> = (0..8)
        .map(|task| {
            let driver = Arc::clone(&driver);
            tokio::spawn(async move {
                for number in 0_u64.. {
                    let key = format!("{task}-{number}");
                    driver.insert(&key, key.as_bytes()).await.unwrap();
                    driver.barrier().await.unwrap();
                    println!("durable {key}");
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
}

#[test]
fn what_was_acknowledged_survives_a_kill() {
    let dir = tempfile::tempdir().unwrap();
    let mut acknowledged = BTreeSet::new();
    for round in 1..=5_usize {
        let name = "state::tests::child_that_writes_until_it_is_killed";
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", name, "--ignored", "--nocapture"])
            .env("MOORING_TEST_DIR", dir.path().join(round.to_string()))
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut keys = BTreeSet::new();
        while keys.len() < 40 * round {
            let line = lines.next().expect("the child goes on until it is killed").unwrap();
            keys.extend(line.split_once("durable ").map(|(_, key)| key.to_owned()));
        }
        child.kill().unwrap();
        child.wait().unwrap();
        // What it said between the last line that was read and its end counts as well.
        let rest = lines.map_while(Result::ok);
        keys.extend(rest.filter_map(|line| Some(line.split_once("durable ")?.1.to_owned())));
        let driver = open(&dir.path().join(round.to_string()));
        for key in &keys {
            let entry = driver.get(key).unwrap();
            assert!(entry.is_some_and(|entry| entry.value == key.as_bytes()), "{key} is lost");
        }
        acknowledged.extend(keys);
    }
    assert!(acknowledged.len() >= 200);
}

#[derive(Debug, Clone)]
enum Step {
    Insert(String, Vec<u8>),
    Replace(String, Vec<u8>, bool),
    Remove(String, bool),
    Scan(String, Option<String>, u32),
    Barrier,
    Reopen,
}

fn key() -> impl Strategy<Value = String> {
    "[ab]{1,3}"
}

fn step() -> impl Strategy<Value = Step> {
    let value = || prop::collection::vec(any::<u8>(), 0..200);
    prop_oneof![
        4 => (key(), value()).prop_map(|(key, value)| Step::Insert(key, value)),
        3 => (key(), value(), any::<bool>()).prop_map(|(k, v, right)| Step::Replace(k, v, right)),
        3 => (key(), any::<bool>()).prop_map(|(key, right)| Step::Remove(key, right)),
        3 => ("[ab]{0,2}", prop::option::of("[ab]{0,3}"), 1..5_u32)
            .prop_map(|(prefix, after, limit)| Step::Scan(prefix, after, limit)),
        1 => Just(Step::Barrier),
        1 => Just(Step::Reopen),
    ]
}

type Model = BTreeMap<String, (Vec<u8>, u64)>;

const QUOTA: u64 = 1500;

fn fits(model: &Model, key: &str, value: &[u8]) -> bool {
    let other = model.iter().filter(|(other, _)| *other != key);
    let used: u64 = other.map(|(key, (value, _))| cost(key, value)).sum();
    let former = model.get(key).map_or(0, |(value, _)| cost(key, value));
    used + cost(key, value) <= QUOTA || cost(key, value) <= former
}

/// Does a step with the store and the model; they must agree.
async fn agree(driver: &Scoped, model: &mut Model, step: &Step) {
    match step {
        Step::Insert(key, value) => match driver.insert(key, value).await {
            Ok(version) => {
                assert!(fits(model, key, value));
                assert!(model.values().all(|(_, other)| *other < version));
                assert_eq!(model.insert(key.clone(), (value.clone(), version)), None);
            }
            Err(StateError::Conflict) => assert!(model.contains_key(key)),
            Err(StateError::Quota(_)) => assert!(!fits(model, key, value)),
            Err(other) => panic!("{other}"),
        },
        Step::Replace(key, value, right) => {
            let known = model.get(key).map_or(7, |(_, version)| *version);
            let version = if *right { known } else { known + 1 };
            match driver.replace(key, value, version).await {
                Ok(newer) => {
                    assert!(fits(model, key, value) && *right && newer > version);
                    assert!(model.insert(key.clone(), (value.clone(), newer)).is_some());
                }
                Err(StateError::Conflict) => assert!(!right || !model.contains_key(key)),
                Err(StateError::Quota(_)) => assert!(!fits(model, key, value)),
                Err(other) => panic!("{other}"),
            }
        }
        Step::Remove(key, right) => {
            let known = model.get(key).map_or(7, |(_, version)| *version);
            let removed = driver.remove(key, if *right { known } else { known + 1 }).await;
            if removed.is_ok() {
                assert!(*right && model.remove(key).is_some());
            } else {
                assert_eq!(removed, Err(StateError::Conflict));
                assert!(!right || !model.contains_key(key));
            }
        }
        Step::Scan(prefix, after, limit) => {
            let wanted = model.iter().filter(|(key, _)| {
                key.starts_with(prefix) && after.as_ref().is_none_or(|after| *key > after)
            });
            let wanted = wanted.take(usize::try_from(*limit).unwrap());
            let wanted: Vec<_> = wanted.map(|(k, (v, n))| (k.clone(), v.clone(), *n)).collect();
            let page = driver.scan(prefix, after.as_deref(), *limit).unwrap();
            let page: Vec<_> = page.into_iter().map(|e| (e.key, e.value, e.version)).collect();
            assert_eq!(page, wanted);
        }
        Step::Barrier => driver.barrier().await.unwrap(),
        Step::Reopen => {}
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn the_state_is_that_of_a_map(steps in prop::collection::vec(step(), 1..60)) {
        let dir = tempfile::tempdir().unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let reopen = || scoped(&Store::open(dir.path()).unwrap(), "a", QUOTA);
            let (mut driver, mut model) = (Some(reopen()), Model::new());
            for step in &steps {
                if matches!(step, Step::Reopen) {
                    driver = None;
                }
                let driver = driver.get_or_insert_with(reopen);
                agree(driver, &mut model, step).await;
            }
        });
    }
}
