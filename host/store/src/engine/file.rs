//! The file itself: made once, checked at each start, never replaced.

mod former;

use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::io;
use std::ops::Range;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use redb::{
    Builder, Database, ReadOnlyTable, ReadableDatabase, ReadableTable, TableDefinition,
    WriteTransaction,
};

use super::Snapshot;
use super::index::Index;
use crate::OpenError;
use crate::lock::Exclusive;

/// A key and its row.
pub(super) type Row = (&'static [u8], &'static [u8]);
/// All rows of all drivers, by numbers without meaning.
pub(super) const ROWS: TableDefinition<'static, u64, Row> = TableDefinition::new("numbered rows");
/// Numbers about the file.
pub(super) const META: TableDefinition<'static, &'static str, u64> = TableDefinition::new("meta");
/// In [`META`]: serials below this may have been handed out.
pub(super) const SERIALS: &str = "serials";
/// Serials that one write to [`SERIALS`] covers. A start skips what the process before it had
/// reserved, so that even numbers that it handed out and did not write are not used again.
pub(super) const RESERVE: u64 = 1 << 32;

const FORMAT: &str = "format";
const ID: &str = "id";
/// Raised when the meaning of rows changes. 1 had the rows under their keys.
const KNOWN_FORMAT: u64 = 2;
/// Memory for pages. A store of 10,000 volumes has a few megabytes; what does not fit comes from
/// the kernel's cache. Twice as much measured no faster there, and costs the process as much more.
const CACHE: usize = 4 << 20;

/// An opened file.
pub(super) struct Opened {
    pub(super) database: Database,
    pub(super) snapshot: Snapshot,
    /// The keys in it.
    pub(super) index: Index,
    /// The number of the next new row.
    pub(super) next: u64,
    /// The next serial, and the first that is not reserved.
    pub(super) serials: Range<u64>,
    pub(super) id: u64,
    /// Holds the directory's lock.
    pub(super) lock: Exclusive,
}

/// Opens `dir`/state.redb, or makes it where there is none.
pub(super) fn open(dir: &Path) -> Result<Opened, OpenError> {
    let path = dir.join("state.redb");
    let lock = lock(dir, &path)?;
    match std::fs::symlink_metadata(&path) {
        // An empty file is what some file systems leave of one after a power cut.
        Ok(found) if found.is_file() && found.len() > 0 => {}
        Ok(found) => {
            let reason = if found.is_file() { "it is empty" } else { "it is no plain file" };
            return Err(OpenError::Corrupt { path, reason: reason.to_owned() });
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => make(dir, &path)?,
        Err(error) => return Err(OpenError::File { path, reason: error.to_string() }),
    }
    // A damaged file can make the database library panic; here that is an answer.
    match catch_unwind(AssertUnwindSafe(|| load(&path))) {
        Ok(loaded) => loaded.map(|loaded| loaded.with(lock)),
        Err(_) => Err(OpenError::Corrupt { path, reason: "reading it panicked".to_owned() }),
    }
}

/// Makes the directory, and keeps other processes out of it.
fn lock(dir: &Path, path: &Path) -> Result<Exclusive, OpenError> {
    let failed = |source| OpenError::Directory { path: dir.to_owned(), source };
    DirBuilder::new().recursive(true).mode(0o700).create(dir).map_err(failed)?;
    match Exclusive::take_patiently(File::open(dir).map_err(failed)?) {
        Ok(lock) => Ok(lock),
        Err(TryLockError::WouldBlock) => Err(OpenError::Busy { path: path.to_owned() }),
        Err(TryLockError::Error(source)) => Err(failed(source)),
    }
}

/// Makes the file under another name first: a power cut leaves a whole store or none.
fn make(dir: &Path, path: &Path) -> Result<(), OpenError> {
    let draft = dir.join("state.redb.new");
    let io = |error: io::Error| OpenError::File { path: draft.clone(), reason: error.to_string() };
    match std::fs::remove_file(&draft) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(io(error)),
        Ok(()) | Err(_) => {}
    }
    let file = OpenOptions::new().read(true).write(true).create_new(true).mode(0o600).open(&draft);
    let file = file.map_err(io)?;
    let synced = file.try_clone().map_err(io)?;
    found(file).map_err(|error| damage(&draft, error))?;
    synced.sync_all().map_err(io)?;
    std::fs::rename(&draft, path).map_err(io)?;
    File::open(dir).and_then(|dir| dir.sync_all()).map_err(io)
}

/// Writes an empty store.
fn found(file: File) -> Result<(), redb::Error> {
    let database = Builder::new().set_cache_size(CACHE).create_file(file)?;
    let transaction = begin(&database)?;
    {
        transaction.open_table(ROWS)?;
        let mut meta = transaction.open_table(META)?;
        meta.insert(FORMAT, KNOWN_FORMAT)?;
        meta.insert(SERIALS, 1)?;
        meta.insert(ID, random())?;
    }
    Ok(transaction.commit()?)
}

/// A number from the system's source of randomness, by way of the standard library.
fn random() -> u64 {
    use std::hash::{BuildHasher, Hasher, RandomState};
    RandomState::new().build_hasher().finish()
}

/// All of [`Opened`] but the lock.
struct Loaded {
    database: Database,
    snapshot: Snapshot,
    index: Index,
    next: u64,
    serials: Range<u64>,
    id: u64,
}

impl Loaded {
    fn with(self, lock: Exclusive) -> Opened {
        let Self { database, snapshot, index, next, serials, id } = self;
        Opened { database, snapshot, index, next, serials, id, lock }
    }
}

/// Opens an existing file and checks every page of it.
fn load(path: &Path) -> Result<Loaded, OpenError> {
    let damage = |error| damage(path, error);
    let mut database =
        Builder::new().set_cache_size(CACHE).open(path).map_err(|error| damage(error.into()))?;
    if !database.check_integrity().map_err(|error| damage(error.into()))? {
        tracing::warn!(path = %path.display(), "the store was damaged; its last good state serves");
    }
    let meta = meta(&database, path)?;
    if meta.format < KNOWN_FORMAT {
        former::migrate(&database).map_err(damage)?;
    }
    let serials = meta.serials..meta.serials.saturating_add(RESERVE);
    reserve(&database, serials.end).map_err(damage)?;
    let rows = rows(&database).map_err(damage)?;
    let (index, next) = order(&rows).map_err(damage)?.ok_or_else(|| OpenError::Corrupt {
        path: path.to_owned(),
        reason: "it has two rows of one key".to_owned(),
    })?;
    Ok(Loaded { database, snapshot: Snapshot(rows), index, next, serials, id: meta.id })
}

fn rows(database: &Database) -> Result<ReadOnlyTable<u64, Row>, redb::Error> {
    Ok(database.begin_read()?.open_table(ROWS)?)
}

/// Reads the order of the rows, and the number of the next; none where a key is there twice.
fn order(rows: &ReadOnlyTable<u64, Row>) -> Result<Option<(Index, u64)>, redb::Error> {
    let (mut index, mut next) = (Index::default(), 0);
    for row in rows.iter()? {
        let (number, row) = row?;
        if !index.insert(row.value().0, number.value()) {
            return Ok(None);
        }
        next = number.value().saturating_add(1);
    }
    Ok(Some((index, next)))
}

struct Meta {
    format: u64,
    serials: u64,
    id: u64,
}

fn meta(database: &Database, path: &Path) -> Result<Meta, OpenError> {
    let number = |name: &'static str| -> Result<u64, OpenError> {
        let read = || -> Result<Option<u64>, redb::Error> {
            let table = database.begin_read()?.open_table(META)?;
            Ok(table.get(name)?.map(|number| number.value()))
        };
        read().map_err(|error| damage(path, error))?.ok_or_else(|| OpenError::Corrupt {
            path: path.to_owned(),
            reason: format!("it does not say its {name}"),
        })
    };
    let found = number(FORMAT)?;
    if found == 0 {
        let reason = "it does not say its format".to_owned();
        return Err(OpenError::Corrupt { path: path.to_owned(), reason });
    }
    if found > KNOWN_FORMAT {
        return Err(OpenError::Newer { path: path.to_owned(), found, known: KNOWN_FORMAT });
    }
    Ok(Meta { format: found, serials: number(SERIALS)?, id: number(ID)? })
}

/// Begins what is committed in two phases: what the file says is the last commit was whole on disk before
/// it said so. With one phase a damaged last commit could not be told from one that a power cut tore, and was
/// rolled back without a word, with what had been acknowledged in it (tests/sweep:
/// store/damage/state.redb/flip/138=after-sigkill). It costs a second fsync.
pub(super) fn begin(database: &Database) -> Result<WriteTransaction, redb::Error> {
    let mut transaction = database.begin_write()?;
    transaction.set_two_phase_commit(true);
    Ok(transaction)
}

fn reserve(database: &Database, end: u64) -> Result<(), redb::Error> {
    let transaction = begin(database)?;
    transaction.open_table(META)?.insert(SERIALS, end)?;
    Ok(transaction.commit()?)
}

/// Tells damage from what an operator can put right otherwise.
fn damage(path: &Path, error: redb::Error) -> OpenError {
    let path: PathBuf = path.to_owned();
    let reason = error.to_string();
    #[expect(clippy::wildcard_enum_match_arm, reason = "foreign, non-exhaustive enums")]
    match error {
        redb::Error::DatabaseAlreadyOpen => OpenError::Busy { path },
        redb::Error::Io(error) => match error.kind() {
            // What the library answers for a file that is none of its own, or too short.
            io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof => {
                OpenError::Corrupt { path, reason }
            }
            _ => OpenError::File { path, reason },
        },
        redb::Error::Corrupted(_)
        | redb::Error::RepairAborted
        | redb::Error::TableDoesNotExist(_)
        | redb::Error::TableTypeMismatch { .. } => OpenError::Corrupt { path, reason },
        _ => OpenError::File { path, reason },
    }
}

#[cfg(test)]
mod tests;
