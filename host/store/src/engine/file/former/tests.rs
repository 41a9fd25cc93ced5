use std::collections::BTreeMap;
use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex};

use proptest::test_runner::{RngAlgorithm, TestRng};
use redb::{Builder, StorageBackend};

use super::super::super::Engine;
use super::super::{ID, SERIALS};
use super::*;
use crate::StorageError;

type Rows = BTreeMap<Vec<u8>, Vec<u8>>;

/// Rows as drivers write them, in names' order only.
fn rows(count: u32) -> Rows {
    let row = |number: u32| {
        let key = format!("s\0\u{1}a{:08x}", number.wrapping_mul(0x9e37_79b1));
        (key.into_bytes(), vec![7; usize::try_from(number % 900).unwrap()])
    };
    (0..count).map(row).collect()
}

/// Writes a file as the versions with format 1 did.
fn write(path: &Path, rows: &Rows) {
    let database = Builder::new().create(path).unwrap();
    let transaction = database.begin_write().unwrap();
    {
        let mut keyed = transaction.open_table(KEYED).unwrap();
        for (key, row) in rows {
            keyed.insert(key.as_slice(), row.as_slice()).unwrap();
        }
        let mut meta = transaction.open_table(META).unwrap();
        for (name, number) in [(FORMAT, 1), (SERIALS, 4711), (ID, 99)] {
            meta.insert(name, number).unwrap();
        }
    }
    transaction.commit().unwrap();
}

fn read(engine: &Engine) -> Rows {
    let mut rows = Rows::new();
    engine
        .each(b"", |key, row| assert!(rows.insert(key.to_vec(), row.to_vec()).is_none()))
        .unwrap();
    rows
}

/// What an engine finds in a file of these bytes.
fn found(bytes: &[u8]) -> Rows {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("state.redb"), bytes).unwrap();
    let engine = Engine::open(dir.path()).unwrap();
    let rows = read(&engine);
    engine.close();
    rows
}

#[test]
fn a_file_of_format_1_is_taken_over_whole() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("state.redb");
    let mut rows = rows(3000);
    write(&path, &rows);
    for round in 0..2 {
        let engine = Engine::open(dir.path()).unwrap();
        assert_eq!(engine.id(), 99);
        assert!(read(&engine) == rows, "start {round}");
        let changed = engine.update::<_, StorageError>(|draft| {
            assert!(draft.serial() >= 4711);
            let (first, _) = rows.pop_first().unwrap();
            draft.remove(first);
            rows.insert(b"new".to_vec(), vec![round]);
            draft.put(b"new".to_vec(), vec![round]);
            Ok(draft.generation())
        });
        engine.wait_durable(changed.unwrap()).unwrap();
        assert!(read(&engine) == rows, "start {round}");
        engine.close();
    }
    let database = Builder::new().open(&path).unwrap();
    let read = database.begin_read().unwrap();
    assert_eq!(read.open_table(META).unwrap().get(FORMAT).unwrap().unwrap().value(), KNOWN_FORMAT);
    assert!(read.open_table(KEYED).is_err(), "what was taken over is not kept twice");
}

#[test]
fn a_file_of_format_1_without_rows_is_damaged() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("state.redb");
    write(&path, &rows(3));
    let database = Builder::new().open(&path).unwrap();
    let transaction = database.begin_write().unwrap();
    transaction.delete_table(KEYED).unwrap();
    transaction.commit().unwrap();
    drop(database);
    let refused = Engine::open(dir.path()).err().unwrap();
    assert!(matches!(refused, crate::OpenError::Corrupt { .. }), "{refused}");
}

/// What a database did to its file.
#[derive(Debug, Clone)]
enum Event {
    Write(usize, Vec<u8>),
    Length(usize),
    Sync,
}

/// A file in memory that remembers.
#[derive(Debug, Clone, Default)]
struct Recorder(Arc<Mutex<(Vec<u8>, Vec<Event>)>>);

impl Event {
    fn on(&self, bytes: &mut Vec<u8>) {
        match self {
            Self::Write(offset, data) => {
                bytes.resize(bytes.len().max(offset + data.len()), 0);
                bytes[*offset..offset + data.len()].copy_from_slice(data);
            }
            Self::Length(length) => bytes.resize(*length, 0),
            Self::Sync => {}
        }
    }
}

impl Recorder {
    fn note(&self, event: Event) -> io::Result<()> {
        let mut file = self.0.lock().unwrap();
        event.on(&mut file.0);
        file.1.push(event);
        Ok(())
    }
}

fn at(number: u64) -> usize {
    usize::try_from(number).unwrap()
}

impl StorageBackend for Recorder {
    fn len(&self) -> io::Result<u64> {
        Ok(u64::try_from(self.0.lock().unwrap().0.len()).unwrap())
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let end = at(offset) + out.len();
        out.copy_from_slice(&self.0.lock().unwrap().0[at(offset)..end]);
        Ok(())
    }

    fn set_len(&self, length: u64) -> io::Result<()> {
        self.note(Event::Length(at(length)))
    }

    fn sync_data(&self) -> io::Result<()> {
        self.note(Event::Sync)
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.note(Event::Write(at(offset), data.to_vec()))
    }
}

#[test]
fn a_power_cut_at_any_moment_of_taking_over_loses_no_row() {
    let dir = tempfile::tempdir().unwrap();
    let rows = rows(500);
    write(&dir.path().join("state.redb"), &rows);
    let before = std::fs::read(dir.path().join("state.redb")).unwrap();
    let recorder = Recorder::default();
    recorder.0.lock().unwrap().0.clone_from(&before);
    let database = Builder::new().create_with_backend(recorder.clone()).unwrap();
    migrate(&database).unwrap();
    drop(database);

    let events = recorder.0.lock().unwrap().1.clone();
    assert!(events.iter().filter(|event| matches!(event, Event::Write(..))).count() > 20);
    let mut random = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    let (mut synced, mut since) = (before, Vec::new());
    for (number, event) in events.iter().enumerate() {
        if matches!(event, Event::Sync) {
            since.drain(..).for_each(|event: &Event| event.on(&mut synced));
            continue;
        }
        since.push(event);
        // All that was written so far, and some of it: nothing holds the kernel to the order.
        for whole in [true, false] {
            let mut bytes = synced.clone();
            for event in &since {
                let kept = whole || coin(&mut random) || matches!(event, Event::Length(_));
                if kept {
                    event.on(&mut bytes);
                }
            }
            assert!(found(&bytes) == rows, "after {number} of {} events, {whole}", events.len());
        }
    }
}

fn coin(random: &mut TestRng) -> bool {
    use proptest::prelude::Rng;
    random.next_u32().is_multiple_of(2)
}
