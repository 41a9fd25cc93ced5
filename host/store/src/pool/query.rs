//! Looking at pools and items.

use std::sync::Arc;

use mooring_volume::pool::item_path;

use super::grant::blocking;
use super::materialise::check;
use super::record::State;
use super::{Extent, Item, Usage};
use crate::{PoolError, Scoped};

/// Extents of one answer, whatever the limit: what comes after is asked for from there on.
pub(super) const LONGEST_PAGE: u32 = 10_000;

impl Scoped {
    /// The granted pools, by name, sorted.
    #[must_use]
    pub fn pools(&self) -> Vec<String> {
        self.pools.keys().cloned().collect()
    }

    /// Space of one pool. Where it does not answer, one thread alone waits until it does.
    ///
    /// # Errors
    /// `Denied` for a pool that is not granted, `Storage`, also where it does not answer.
    pub async fn space(&self, pool: &str) -> Result<Usage, PoolError> {
        let pool = Arc::clone(self.pool(pool)?);
        let home = self.home(&pool);
        let asked = Arc::clone(&pool);
        pool.patience.ask(&pool.name, move || asked.usage(&home)).await
    }

    /// One item, if it is there.
    ///
    /// # Errors
    /// `Denied`, `Invalid`, `Storage`.
    pub async fn item(&self, pool: &str, name: &str) -> Result<Option<Item>, PoolError> {
        let item = self.named(pool, name)?;
        let Some(record) = self.record(&item)? else { return Ok(None) };
        let allocated = match record.state {
            // To its driver, a clone that was cut short is not there.
            State::Cloning => return Ok(None),
            State::Promised | State::Making => 0,
            State::Present => {
                let (home, name, kind) = (self.home(&item.pool), item.name.clone(), record.kind);
                let path = item_path(item.pool.path(), &self.driver.name, kind, &name)
                    .map_err(|error| PoolError::Invalid(error.message))?;
                let ((), found) = blocking((), move || home.open()?.find(kind, &name)).await?;
                check(&found, &record, &path).map_err(PoolError::Storage)?;
                found.allocated()
            }
        };
        let (name, kind, size) = (item.name, record.kind, record.size);
        Ok(Some(Item { name, kind, size, allocated }))
    }

    /// Extents of `image` that hold data, from `offset` on, ascending, at most `limit` (and at
    /// most 10,000).
    ///
    /// # Errors
    /// `NotFound`, `Denied`, `Invalid` for a limit of 0, `Storage`.
    pub async fn allocated_extents(
        &self,
        pool: &str,
        image: &str,
        offset: u64,
        limit: u32,
    ) -> Result<Vec<Extent>, PoolError> {
        let item = self.named(pool, image)?;
        if limit == 0 {
            return Err(PoolError::Invalid("a limit of 0 extents asks for nothing".to_owned()));
        }
        let record = self.image(&item)?;
        if record.state != State::Present || offset >= record.size {
            return Ok(Vec::new());
        }
        let home = self.home(&item.pool);
        let range = offset..record.size;
        let limit = usize::try_from(limit.min(LONGEST_PAGE)).unwrap_or(usize::MAX);
        let read = move || home.open()?.extents(&item.name, range, limit);
        let ((), extents) = blocking((), read).await?;
        Ok(extents)
    }
}
