use std::collections::BTreeMap;
use std::sync::Arc;

use proptest::prelude::*;

use super::*;

fn open(dir: &Path) -> Arc<Engine> {
    Engine::open(dir).unwrap()
}

fn put(engine: &Engine, key: &[u8], row: &[u8]) -> u64 {
    let put = engine.update::<_, StorageError>(|draft| {
        draft.put(key.to_vec(), row.to_vec());
        Ok(draft.generation())
    });
    put.unwrap()
}

fn remove(engine: &Engine, key: &[u8]) {
    let removed = engine.update::<_, StorageError>(|draft| {
        draft.remove(key.to_vec());
        Ok(())
    });
    removed.unwrap();
}

fn all(engine: &Engine) -> Vec<(Vec<u8>, Vec<u8>)> {
    let mut rows = Vec::new();
    engine.each(b"", |key, row| rows.push((key.to_vec(), row.to_vec()))).unwrap();
    rows
}

fn page(
    engine: &Engine,
    prefix: &[u8],
    after: Option<&[u8]>,
    limit: usize,
) -> Vec<(Vec<u8>, Vec<u8>)> {
    let mut rows = Vec::new();
    let view = engine.view(prefix, after, limit).unwrap();
    view.visit(|key, row| {
        rows.push((key.to_vec(), row.to_vec()));
        true
    })
    .unwrap();
    rows
}

/// Everything that was written before is in the file.
fn flush(engine: &Engine) {
    let written = engine.lock().written;
    engine.wait_durable(written).unwrap();
}

#[derive(Debug, Clone)]
enum Step {
    Put(Vec<u8>, u8),
    Remove(Vec<u8>),
    Flush,
    Reopen,
    Look(Vec<u8>, Option<Vec<u8>>, usize),
}

/// Few keys, with bytes at both ends of the order, so that steps meet.
fn key() -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(prop_oneof![Just(0_u8), Just(b'a'), Just(0xfe), Just(0xff)], 0..4)
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => (key(), any::<u8>()).prop_map(|(key, row)| Step::Put(key, row)),
        3 => key().prop_map(Step::Remove),
        2 => Just(Step::Flush),
        1 => Just(Step::Reopen),
        6 => (key(), prop::option::of(key()), 1..9_usize)
            .prop_map(|(prefix, after, limit)| Step::Look(prefix, after, limit)),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// Whatever of it is gathered, in the file or overwritten, the rows are those of a map.
    #[test]
    fn rows_are_those_of_a_map(steps in prop::collection::vec(step(), 1..60)) {
        let dir = tempfile::tempdir().unwrap();
        let mut engine = open(dir.path());
        let mut model = BTreeMap::<Vec<u8>, Vec<u8>>::new();
        for step in steps {
            match step {
                Step::Put(key, row) => {
                    put(&engine, &key, &[row]);
                    model.insert(key, vec![row]);
                }
                Step::Remove(key) => {
                    remove(&engine, &key);
                    model.remove(&key);
                }
                Step::Flush => flush(&engine),
                Step::Reopen => {
                    engine.close();
                    drop(engine);
                    engine = open(dir.path());
                }
                Step::Look(prefix, after, limit) => {
                    let wanted = model.iter().filter(|(key, _)| {
                        key.starts_with(&prefix) && after.as_ref().is_none_or(|after| *key > after)
                    });
                    let wanted = wanted.map(|(key, row)| (key.clone(), row.clone())).take(limit);
                    let found = page(&engine, &prefix, after.as_deref(), limit);
                    prop_assert_eq!(found, wanted.collect::<Vec<_>>());
                    let row = engine.get(&prefix).unwrap();
                    prop_assert_eq!(row.as_deref(), model.get(&prefix).map(Vec::as_slice));
                }
            }
        }
        let rows: Vec<_> = model.into_iter().collect();
        prop_assert_eq!(all(&engine), rows);
        engine.close();
    }
}

#[test]
fn all_of_many_rows_are_shown_wherever_they_are() {
    let dir = tempfile::tempdir().unwrap();
    let engine = open_once(dir.path());
    let key = |number: usize| number.to_be_bytes();
    for number in 0..4 * PAGE {
        put(&engine, &key(number), b"old");
        if number == 2 * PAGE {
            flush(&engine);
        }
    }
    for number in (0..4 * PAGE).step_by(3) {
        remove(&engine, &key(number));
        put(&engine, &key(number + 1), b"new");
    }
    let row = |number| if number % 3 == 1 { b"new".to_vec() } else { b"old".to_vec() };
    let wanted = (0..=4 * PAGE).filter(|number| number % 3 > 0);
    let wanted: Vec<_> = wanted.map(|number| (key(number).to_vec(), row(number))).collect();
    assert!(all(&engine) == wanted);
    flush(&engine);
    assert!(all(&engine) == wanted);
}

#[test]
fn a_batch_does_not_wait_for_ever_for_those_who_shared_the_last() {
    let dir = tempfile::tempdir().unwrap();
    let engine = open_once(dir.path());
    std::thread::scope(|scope| {
        for number in 0_u8..8 {
            let engine = &engine;
            scope.spawn(move || {
                // The first stays longest: its last batches are shared by fewer and fewer.
                for row in 0..=8 - number {
                    let generation = put(engine, &[number], &[row]);
                    engine.wait_durable(generation).unwrap();
                }
            });
        }
    });
    let last: Vec<_> = (0_u8..8).map(|number| (vec![number], vec![8 - number])).collect();
    assert_eq!(all(&engine), last);
    engine.close();
}

#[test]
fn a_view_stays_as_it_was() {
    let dir = tempfile::tempdir().unwrap();
    let engine = open_once(dir.path());
    put(&engine, b"a", b"1");
    flush(&engine);
    put(&engine, b"b", b"1");
    let view = engine.view(b"", None, 9).unwrap();
    remove(&engine, b"a");
    put(&engine, b"b", b"2");
    put(&engine, b"c", b"2");
    flush(&engine);
    let mut seen = Vec::new();
    view.visit(|key, row| {
        seen.push([key, row].concat());
        true
    })
    .unwrap();
    assert_eq!(seen, [b"a1", b"b1"]);
}

#[test]
fn a_failed_update_writes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let engine = open(dir.path());
    let failed: Result<(), StorageError> = engine.update(|draft| {
        draft.put(b"a".to_vec(), b"1".to_vec());
        Err(StorageError("no".to_owned()))
    });
    assert!(failed.is_err());
    assert_eq!(engine.get(b"a"), Ok(None));
    engine.close();
}

#[test]
fn serials_are_never_handed_out_twice_even_where_they_were_not_written() {
    let dir = tempfile::tempdir().unwrap();
    let mut last = 0;
    for _ in 0..3 {
        let engine = open(dir.path());
        for _ in 0..5 {
            let serial = engine.update::<_, StorageError>(|draft| Ok(draft.serial())).unwrap();
            assert!(serial > last, "{serial} after {last}");
            last = serial;
        }
        engine.close();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn those_who_wait_at_the_same_time_share_a_commit() {
    let dir = tempfile::tempdir().unwrap();
    let engine = open(dir.path());
    let tasks: Vec<_> = (0..64_u8)
        .map(|task| {
            let engine = Arc::clone(&engine);
            tokio::spawn(async move {
                for round in 0..8_u8 {
                    let generation = put(&engine, &[task, round], b"row");
                    engine.durable(generation).await.unwrap();
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    // 512 waits. Were each to have its own commit, sharing would be broken.
    assert!(engine.syncs() < 256, "{} commits", engine.syncs());
    engine.close();
    drop(engine);
    assert_eq!(all(&open_once(dir.path())).len(), 512);
}

/// An engine that is closed when the test is over with it.
struct Closing(Arc<Engine>);

impl std::ops::Deref for Closing {
    type Target = Engine;
    fn deref(&self) -> &Engine {
        &self.0
    }
}

impl Drop for Closing {
    fn drop(&mut self) {
        self.0.close();
    }
}

fn open_once(dir: &Path) -> Closing {
    Closing(open(dir))
}

#[test]
fn what_is_durable_is_in_the_file_at_that_moment() {
    let dir = tempfile::tempdir().unwrap();
    let engine = open_once(dir.path());
    for number in 0..20_u8 {
        put(&engine, &[number], &[number; 100]);
        if number >= 5 {
            remove(&engine, &[number - 5]);
        }
        flush(&engine);
        // As after pulling the plug right now.
        let copy = tempfile::tempdir().unwrap();
        std::fs::copy(dir.path().join("state.redb"), copy.path().join("state.redb")).unwrap();
        assert_eq!(all(&open_once(copy.path())), all(&engine));
    }
}

#[test]
fn a_wait_for_what_is_durable_commits_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let engine = open_once(dir.path());
    let generation = put(&engine, b"a", b"1");
    engine.wait_durable(generation).unwrap();
    engine.wait_durable(generation).unwrap();
    engine.wait_durable(0).unwrap();
    assert_eq!(engine.syncs(), 1);
}

#[test]
fn closing_brings_everything_to_the_disk() {
    let dir = tempfile::tempdir().unwrap();
    let engine = open(dir.path());
    put(&engine, b"a", b"1");
    engine.close();
    assert!(engine.update::<(), StorageError>(|_| Ok(())).is_err());
    assert!(engine.get(b"a").is_err());
    drop(engine);
    assert_eq!(all(&open_once(dir.path())), [(b"a".to_vec(), b"1".to_vec())]);
}

/// Run by the test below in a process whose files may not grow beyond a limit.
#[test]
#[ignore = "needs a limit on the size of files, which the test beside it sets"]
fn child_that_cannot_write() {
    let dir = tempfile::tempdir().unwrap();
    let engine = open_once(dir.path());
    put(&engine, b"before", b"1");
    flush(&engine);
    let generation = put(&engine, b"big", &vec![7; 32 << 20]);
    let fault = engine.wait_durable(generation).unwrap_err();
    assert!(fault.0.contains("writing it failed"), "{fault}");
    // For ever, for everyone, though a small write would fit again.
    let refused = engine.update::<(), StorageError>(|draft| {
        draft.put(b"small".to_vec(), b"1".to_vec());
        Ok(())
    });
    assert_eq!(refused, Err(fault.clone()));
    assert_eq!(engine.wait_durable(generation), Err(fault));
    assert_eq!(engine.get(b"before").unwrap().as_deref(), Some(&b"1"[..]));
    println!("the failure was final");
}

#[test]
fn a_failed_commit_is_final() {
    let test = std::env::current_exe().unwrap();
    let name = "engine::tests::child_that_cannot_write";
    // Ignoring the signal turns it into an error of the write; ulimit counts in KiB or half KiB.
    let script = format!(
        "trap '' XFSZ; ulimit -f 16384; exec {} --exact {name} --ignored --nocapture",
        test.display()
    );
    let child = std::process::Command::new("sh").args(["-c", &script]).output().unwrap();
    let said = String::from_utf8_lossy(&child.stdout);
    assert!(child.status.success() && said.contains("the failure was final"), "{child:?}");
}
