use std::os::unix::fs::PermissionsExt;
use std::sync::Arc;

use super::super::Engine;
use super::*;
use crate::StorageError;

/// A store of which every commit is known: the n-th holds the keys 0 to n.
fn filled(commits: u16) -> (tempfile::TempDir, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let engine = Engine::open(dir.path()).unwrap();
    for number in 0..commits {
        let generation = engine.update::<_, StorageError>(|draft| {
            draft.put(number.to_be_bytes().to_vec(), vec![9; 500]);
            Ok(draft.generation())
        });
        engine.wait_durable(generation.unwrap()).unwrap();
    }
    engine.close();
    let path = dir.path().join("state.redb");
    (dir, path)
}

fn reopened(dir: &Path) -> Result<Vec<Vec<u8>>, OpenError> {
    let engine: Arc<Engine> = Engine::open(dir)?;
    let mut keys = Vec::new();
    let mut whole = true;
    let view = engine.view(b"", None, usize::MAX).unwrap();
    view.visit(|key, row| {
        keys.push(key.to_vec());
        whole &= row == [9; 500];
        true
    })
    .unwrap();
    engine.close();
    assert!(whole, "a row's bytes are not those that were written");
    Ok(keys)
}

fn all(commits: u16) -> Vec<Vec<u8>> {
    (0..commits).map(|number| number.to_be_bytes().to_vec()).collect()
}

#[test]
fn only_its_owner_may_look_into_it() {
    let parent = tempfile::tempdir().unwrap();
    let dir = parent.path().join("a/b");
    Engine::open(&dir).unwrap().close();
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&dir), mode(&dir.join("state.redb"))), (0o700, 0o600));
}

#[test]
fn one_process_at_a_time() {
    let dir = tempfile::tempdir().unwrap();
    let first = Engine::open(dir.path()).unwrap();
    let second = Engine::open(dir.path()).err().unwrap();
    assert!(matches!(second, OpenError::Busy { .. }), "{second}");
    first.close();
    Engine::open(dir.path()).unwrap().close();
}

/// A child has its parent's descriptors, and with them its locks, until it has become another
/// program.
#[test]
fn a_closed_store_is_free_whatever_children_are_being_started() {
    let dir = tempfile::tempdir().unwrap();
    let over = std::sync::atomic::AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !over.load(std::sync::atomic::Ordering::Relaxed) {
                std::process::Command::new("true").status().unwrap();
            }
        });
        let mut refused = Vec::new();
        for _ in 0..100 {
            refused.extend(reopened(dir.path()).err());
        }
        over.store(true, std::sync::atomic::Ordering::Relaxed);
        assert!(refused.is_empty(), "{refused:?}");
    });
}

#[test]
fn a_draft_of_a_file_is_no_store() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("state.redb.new"), "half of it").unwrap();
    assert_eq!(reopened(dir.path()).unwrap(), all(0));
    assert!(!dir.path().join("state.redb.new").exists());
}

#[test]
fn what_is_no_store_is_named_and_left_alone() {
    for content in [&b""[..], b"hello", &[0; 1 << 16], &[0xff; 1 << 16]] {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("state.redb");
        std::fs::write(&path, content).unwrap();
        let error = reopened(dir.path()).unwrap_err();
        assert!(matches!(error, OpenError::Corrupt { .. }), "{error}");
        assert!(error.to_string().contains(path.to_str().unwrap()), "{error}");
        assert_eq!(std::fs::read(&path).unwrap(), content);
    }
}

#[test]
fn a_link_is_no_store() {
    let (_other, target) = filled(1);
    let dir = tempfile::tempdir().unwrap();
    std::os::unix::fs::symlink(target, dir.path().join("state.redb")).unwrap();
    assert!(matches!(reopened(dir.path()), Err(OpenError::Corrupt { .. })));
}

#[test]
fn a_later_format_is_refused() {
    let (dir, path) = filled(1);
    let database = Builder::new().open(&path).unwrap();
    let transaction = database.begin_write().unwrap();
    transaction.open_table(META).unwrap().insert(FORMAT, KNOWN_FORMAT + 1).unwrap();
    transaction.commit().unwrap();
    drop(database);
    assert!(matches!(reopened(dir.path()), Err(OpenError::Newer { found: 3, known: 2, .. })));
}

#[test]
fn a_torn_file_gives_an_error_or_a_state_that_was() {
    const COMMITS: u16 = 40;
    let (_dir, path) = filled(COMMITS);
    let whole = std::fs::read(&path).unwrap();
    let (mut refused, mut served) = (0, 0);
    let mut judge = |bytes: &[u8], what: &str| {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("state.redb"), bytes).unwrap();
        match reopened(dir.path()) {
            // At most the newest commit is given up.
            Ok(keys) => {
                assert!(keys == all(COMMITS) || keys == all(COMMITS - 1), "{what}: {keys:?}");
                served += 1;
            }
            Err(OpenError::Corrupt { .. } | OpenError::File { .. }) => refused += 1,
            Err(other) => panic!("{what}: {other}"),
        }
    };
    for part in 0..16 {
        let length = whole.len() * part / 16;
        judge(&whole[..length], &format!("cut to {length}"));
    }
    // Prime steps: headers, branches and leaves, at ever other offsets.
    for at in (0..whole.len()).step_by(whole.len() / 120).chain((0..512).step_by(13)) {
        let mut bytes = whole.clone();
        bytes[at] ^= 0x5a;
        judge(&bytes, &format!("byte {at} flipped"));
    }
    assert!(refused > 10 && served > 10, "{refused} refused, {served} served");
}

#[test]
fn two_rows_of_one_key_are_damage() {
    let (dir, path) = filled(2);
    let database = Builder::new().open(&path).unwrap();
    let transaction = database.begin_write().unwrap();
    let key = 0_u16.to_be_bytes();
    transaction.open_table(ROWS).unwrap().insert(77, (&key[..], &[9; 500][..])).unwrap();
    transaction.commit().unwrap();
    drop(database);
    let refused = reopened(dir.path()).unwrap_err();
    assert!(matches!(&refused, OpenError::Corrupt { reason, .. } if reason.contains("two rows")));
}
