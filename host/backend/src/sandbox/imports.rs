//! `mooring:host` for guests: each function hands over to the driver's part of the store or to
//! its log. Conversions between the contract's and the store's words are here as well, both being
//! the same in other types.

use std::sync::Arc;

use mooring_store::{PoolError, Scoped};
use mooring_volume::pool::ItemKind;

use super::Sandbox;
use crate::bindings::mooring::backend::types;
use crate::bindings::mooring::host::{config, logging, pool};
use crate::log::Level;

pub(super) const NO_STORE: &str =
    "there is no store while a component is loaded or inspected, and no pool while it migrates";

impl Sandbox {
    fn own_pools(&self) -> Result<Arc<Scoped>, pool::PoolError> {
        self.driver.store.clone().ok_or_else(|| pool::PoolError::Storage(NO_STORE.to_owned()))
    }
}

impl types::Host for Sandbox {}

impl logging::Host for Sandbox {
    async fn log(&mut self, level: logging::Level, message: String) -> wasmtime::Result<()> {
        let level = match level {
            logging::Level::Trace => Level::Trace,
            logging::Level::Debug => Level::Debug,
            logging::Level::Info => Level::Info,
            logging::Level::Warn => Level::Warn,
            logging::Level::Error => Level::Error,
        };
        self.log.line(level, &message);
        Ok(())
    }
}

impl config::Host for Sandbox {
    async fn get(&mut self) -> wasmtime::Result<String> {
        Ok(self.driver.config.clone())
    }
}

type Pool<T> = wasmtime::Result<Result<T, pool::PoolError>>;

/// Hands a call over to the store where there is one, and converts its answer.
macro_rules! pooled {
    ($self:ident, $method:ident($($argument:expr),*), $convert:expr) => {
        Ok(match $self.own_pools() {
            Ok(store) => match store.$method($($argument),*).await {
                Ok(answer) => Ok($convert(answer)),
                Err(error) => Err(error.into()),
            },
            Err(error) => Err(error),
        })
    };
}

impl pool::Host for Sandbox {
    async fn pools(&mut self) -> wasmtime::Result<Vec<String>> {
        Ok(self.driver.store.clone().map(|store| store.pools()).unwrap_or_default())
    }

    async fn space(&mut self, pool: String) -> Pool<pool::Usage> {
        pooled!(self, space(&pool), Into::into)
    }

    async fn create_image(&mut self, pool: String, name: String, size: u64) -> Pool<()> {
        pooled!(self, create_image(&pool, &name, size), |()| ())
    }

    async fn grow_image(&mut self, pool: String, name: String, size: u64) -> Pool<()> {
        pooled!(self, grow_image(&pool, &name, size), |()| ())
    }

    async fn clone_image(&mut self, pool: String, source: String, name: String) -> Pool<()> {
        pooled!(self, clone_image(&pool, &source, &name), |()| ())
    }

    async fn clone_images(&mut self, clonings: Vec<pool::Cloning>) -> Pool<()> {
        let clonings: Vec<mooring_store::Cloning> = all(clonings);
        pooled!(self, clone_images(&clonings), |()| ())
    }

    async fn copy_image(
        &mut self,
        pool: String,
        source: String,
        name: String,
    ) -> Pool<pool::CopyState> {
        pooled!(self, copy_image(&pool, &source, &name), Into::into)
    }

    async fn delete_image(&mut self, pool: String, name: String) -> Pool<()> {
        pooled!(self, delete_image(&pool, &name), |()| ())
    }

    async fn create_directory(&mut self, pool: String, name: String) -> Pool<()> {
        pooled!(self, create_directory(&pool, &name), |()| ())
    }

    async fn delete_directory(&mut self, pool: String, name: String) -> Pool<()> {
        pooled!(self, delete_directory(&pool, &name), |()| ())
    }

    async fn get(&mut self, pool: String, name: String) -> Pool<Option<pool::Item>> {
        pooled!(self, item(&pool, &name), |item: Option<_>| item.map(Into::into))
    }

    async fn allocated_extents(
        &mut self,
        pool: String,
        image: String,
        offset: u64,
        limit: u32,
    ) -> Pool<Vec<pool::Extent>> {
        pooled!(self, allocated_extents(&pool, &image, offset, limit), all)
    }

    async fn changed_extents(
        &mut self,
        pool: String,
        base: String,
        image: String,
        offset: u64,
        limit: u32,
    ) -> Pool<Vec<pool::Extent>> {
        pooled!(self, changed_extents(&pool, &base, &image, offset, limit), all)
    }
}

fn all<A, B: From<A>>(values: Vec<A>) -> Vec<B> {
    values.into_iter().map(Into::into).collect()
}

impl From<mooring_store::Usage> for pool::Usage {
    fn from(usage: mooring_store::Usage) -> Self {
        let mooring_store::Usage { total, available, reflink } = usage;
        Self { total, available, reflink }
    }
}

impl From<mooring_store::Item> for pool::Item {
    fn from(item: mooring_store::Item) -> Self {
        let mooring_store::Item { name, kind, size, allocated } = item;
        Self { name, kind: kind.into(), size, allocated }
    }
}

impl From<ItemKind> for pool::Kind {
    fn from(kind: ItemKind) -> Self {
        match kind {
            ItemKind::Image => Self::Image,
            ItemKind::Directory => Self::Directory,
        }
    }
}

impl From<mooring_store::Extent> for pool::Extent {
    fn from(extent: mooring_store::Extent) -> Self {
        let mooring_store::Extent { offset, length } = extent;
        Self { offset, length }
    }
}

impl From<pool::Cloning> for mooring_store::Cloning {
    fn from(cloning: pool::Cloning) -> Self {
        let pool::Cloning { pool, source, name } = cloning;
        Self { pool, source, name }
    }
}

impl From<mooring_store::CopyState> for pool::CopyState {
    fn from(state: mooring_store::CopyState) -> Self {
        match state {
            mooring_store::CopyState::Running { done, total } => Self::Running((done, total)),
            mooring_store::CopyState::Done => Self::Done,
            mooring_store::CopyState::Failed(text) => Self::Failed(text),
        }
    }
}

impl From<PoolError> for pool::PoolError {
    fn from(error: PoolError) -> Self {
        match error {
            PoolError::Denied(text) => Self::Denied(text),
            PoolError::NotFound => Self::NotFound,
            PoolError::Exists => Self::Exists,
            PoolError::NoSpace(text) => Self::NoSpace(text),
            PoolError::InUse(text) => Self::InUse(text),
            PoolError::Invalid(text) => Self::Invalid(text),
            PoolError::Unsupported(text) => Self::Unsupported(text),
            PoolError::Storage(text) => Self::Storage(text),
        }
    }
}
