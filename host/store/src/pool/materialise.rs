//! From a record to a file, before the first attachment.

use std::path::{Path, PathBuf};

use mooring_volume::pool::{ItemKind, item_path};
use mooring_volume::{Code, Error};

use super::disk::Found;
use super::grant::{Held, Named, blocking};
use super::record::{self, Record, State, Tombstone};
use crate::{PoolError, Scoped, StorageError};

impl Scoped {
    /// Makes sure that an item's file or directory is there before its first attachment, and
    /// says where. For the host's own use, never a guest's. Idempotent; durable when it returns.
    ///
    /// # Errors
    /// `NotFound`; `DataLoss` where the file of an item that was there is missing or shorter than
    /// its record (it is never made anew); `FailedPrecondition` where something else is in its
    /// place, naming the path, or where a clone was cut short; `PermissionDenied` for a pool that
    /// is not granted; `InvalidArgument`; `ResourceExhausted`; `Unavailable`.
    pub async fn materialise(&self, pool: &str, name: &str) -> mooring_volume::Result<PathBuf> {
        let item = self.named(pool, name).map_err(|error| domain(error, pool, name))?;
        let held = self.hold(&item).await;
        let record = self.record(&item).map_err(|error| domain(error, pool, name))?;
        let Some(record) = record else {
            return Err(domain(PoolError::NotFound, pool, name));
        };
        let path = item_path(item.pool.path(), &self.driver.name, record.kind, name)?;
        let held = match record.state {
            State::Present => self.inspect(held, &item, &record, &path).await?,
            State::Promised | State::Making => self
                .make(held, &item, record, &path)
                .await
                .map_err(|error| domain_or(error, pool, name))?,
            State::Cloning => {
                return Err(Error::precondition(format!(
                    "cloning image {name:?} of pool {pool:?} was not completed; repeat it first"
                )));
            }
        };
        // Also what another call wrote: the attachment stands on it.
        self.barrier().await.map_err(|error| domain(error.into(), pool, name))?;
        drop(held);
        Ok(path)
    }

    /// A file that was there must be there still.
    async fn inspect(
        &self,
        held: Held,
        item: &Named,
        record: &Record,
        path: &Path,
    ) -> mooring_volume::Result<Held> {
        let (home, name, kind) = (self.home(&item.pool), item.name.clone(), record.kind);
        let look = move || home.open()?.find(kind, &name);
        let found = blocking(held, look).await;
        let (held, found) = found.map_err(|error| domain(error, &item.pool.name, &item.name))?;
        check(&found, record, path).map_err(|lost| Error::new(Code::DataLoss, lost))?;
        Ok(held)
    }

    /// Promised or Making to Present.
    async fn make(
        &self,
        held: Held,
        item: &Named,
        record: Record,
        path: &Path,
    ) -> Result<Held, Failed> {
        let held = self.displace_former(held, item).await?;
        let (kind, size) = (record.kind, record.size);
        let mut held = held;
        if record.state == State::Promised {
            held = self.vacant(held, item, kind, path).await?;
            self.advance(item, &record, State::Making)?;
            self.barrier().await?;
        }
        let (home, name) = (self.home(&item.pool), item.name.clone());
        let make = move || {
            let folders = home.open()?;
            match kind {
                ItemKind::Image => folders.make_image(&name, size),
                ItemKind::Directory => folders.make_directory(&name),
            }
        };
        let (held, made) = blocking(held, make).await?;
        if !made {
            return Err(Failed::Stranger(path.to_owned()));
        }
        self.advance(item, &record, State::Present)?;
        Ok(held)
    }

    /// Refuses where something is in the place that the record says is empty: a file that some
    /// other store, or someone else, has put there. Its bytes are not ours to hand out or remove.
    pub(super) async fn vacant<H: Send + 'static>(
        &self,
        held: H,
        item: &Named,
        kind: ItemKind,
        path: &Path,
    ) -> Result<H, Failed> {
        let (home, name) = (self.home(&item.pool), item.name.clone());
        let look = move || home.open()?.find(kind, &name);
        let (held, found) = blocking(held, look).await?;
        match found {
            Found::Nothing => Ok(held),
            Found::Image { .. } | Found::Directory { .. } | Found::Other => {
                Err(Failed::Stranger(path.to_owned()))
            }
        }
    }

    /// Takes the file of a deleted item of that name out of the way. What is written here reaches
    /// the disk no later than the record that announces the new file.
    pub(super) async fn displace_former<H: Send + 'static>(
        &self,
        held: H,
        item: &Named,
    ) -> Result<H, PoolError> {
        let driver = &self.driver.name;
        let stones =
            record::tombstones(&self.store.engine, driver, Some((&item.pool.name, &item.name)))?;
        let mut held = held;
        for stone in stones.into_iter().filter(|stone| !stone.displaced) {
            self.barrier().await?;
            let (home, former) = (self.home(&item.pool), stone.clone());
            let displace = move || home.open()?.displace(&former);
            (held, ()) = blocking(held, displace).await?;
            let row = Tombstone { displaced: true, ..stone.clone() };
            self.write::<_, StorageError>(|draft| {
                draft.put(stone.key(driver), row.encode());
                Ok(())
            })?;
        }
        Ok(held)
    }

    /// Moves a record on, if it still is the item that was meant.
    pub(super) fn advance(
        &self,
        item: &Named,
        record: &Record,
        state: State,
    ) -> Result<(), PoolError> {
        self.write(|draft| {
            let now = record::read(draft, &item.key)?;
            let now = now.filter(|now| now.serial == record.serial).ok_or(PoolError::NotFound)?;
            draft.put(item.key.clone(), Record { state, ..now }.encode());
            Ok(())
        })
    }
}

/// Whether what was found is what the record says; else the sentence for the operator.
pub(super) fn check(found: &Found, record: &Record, path: &Path) -> Result<(), String> {
    let path = path.display();
    match (found, record.kind) {
        (Found::Image { length, .. }, ItemKind::Image) if *length >= record.size => Ok(()),
        (Found::Directory { .. }, ItemKind::Directory) => Ok(()),
        (Found::Image { length, .. }, ItemKind::Image) => Err(format!(
            "{path} has {length} bytes, {} are recorded; the rest of the volume is lost unless \
             the file is restored from a copy. It is left as it is",
            record.size
        )),
        (Found::Nothing, kind) => Err(format!(
            "{path}, the {kind} of a volume that was in use, is missing; it is not made anew, \
             since that would pass for an empty volume. Is the pool's file system mounted? Else \
             restore it from a copy"
        )),
        (Found::Image { .. } | Found::Directory { .. } | Found::Other, kind) => {
            Err(format!("{path} should be the {kind} of a volume and is something else"))
        }
    }
}

/// Why a file could not be made.
#[derive(Debug)]
pub(super) enum Failed {
    Pool(PoolError),
    /// Something is there that no record announced.
    Stranger(PathBuf),
}

impl From<PoolError> for Failed {
    fn from(error: PoolError) -> Self {
        Self::Pool(error)
    }
}

impl From<StorageError> for Failed {
    fn from(error: StorageError) -> Self {
        Self::Pool(error.into())
    }
}

impl From<Failed> for PoolError {
    fn from(failed: Failed) -> Self {
        match failed {
            Failed::Pool(error) => error,
            Failed::Stranger(path) => Self::Storage(stranger(&path)),
        }
    }
}

fn stranger(path: &Path) -> String {
    format!(
        "{} is in the way: the store has no record of having made it, so it is neither used nor \
         removed. Move it away if it is not needed",
        path.display()
    )
}

fn domain_or(failed: Failed, pool: &str, name: &str) -> Error {
    match failed {
        Failed::Pool(error) => domain(error, pool, name),
        Failed::Stranger(path) => Error::precondition(stranger(&path)),
    }
}

fn domain(error: PoolError, pool: &str, name: &str) -> Error {
    let code = match &error {
        PoolError::Denied(_) => Code::PermissionDenied,
        PoolError::NotFound => Code::NotFound,
        PoolError::Exists => Code::AlreadyExists,
        PoolError::NoSpace(_) => Code::ResourceExhausted,
        PoolError::InUse(_) => Code::FailedPrecondition,
        PoolError::Invalid(_) => Code::InvalidArgument,
        PoolError::Unsupported(_) => Code::Unimplemented,
        PoolError::Storage(_) => Code::Unavailable,
    };
    Error::new(code, error.to_string()).context(format!("item {name:?} of pool {pool:?}"))
}
