//! The pools of the twin: images with the blocks that were written to them, and copies that take
//! as long as a test wants.

use std::collections::BTreeMap;

use super::Machine;
use crate::pool::{Cloning, CopyState, Extent, Item, Kind, PoolError, Pools, Usage};

mod groups;

/// The bytes of a block that [`Machine::write_block`] writes.
pub const BLOCK: u64 = 4096;

#[derive(Debug, Default)]
pub(super) struct Pool {
    pub(super) total: u64,
    pub(super) available: u64,
    pub(super) reflink: bool,
    pub(super) broken: bool,
    pub(super) items: BTreeMap<String, Held>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Held {
    Image(Image),
    Directory,
}

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Image {
    pub(super) size: u64,
    pub(super) busy: bool,
    /// The image that it was copied from.
    origin: Option<String>,
    /// What was written, by the number of the block.
    pub(super) blocks: BTreeMap<u64, u8>,
    /// How its copying stands, unless it is done.
    pub(super) copying: Option<CopyState>,
}

impl Image {
    fn extents(&self, base: &Self, offset: u64, limit: u32) -> Vec<Extent> {
        let all = self.blocks.keys().chain(base.blocks.keys().filter(|key| {
            // Where only the base has something, the image reads as zeros.
            !self.blocks.contains_key(key)
        }));
        let mut numbers: Vec<u64> = all
            .copied()
            .filter(|number| self.blocks.get(number) != base.blocks.get(number))
            .filter(|number| (number + 1) * BLOCK > offset)
            .collect();
        numbers.sort_unstable();
        let extent = |number: u64| {
            let start = (number * BLOCK).max(offset);
            Extent { offset: start, length: (number + 1) * BLOCK - start }
        };
        numbers.into_iter().take(limit as usize).map(extent).collect()
    }
}

impl Machine {
    pub(super) fn with_image<R>(&self, pool: &str, image: &str, act: impl FnOnce(&mut Image) -> R) {
        let mut pools = self.0.pools.borrow_mut();
        if let Some(Held::Image(image)) =
            pools.get_mut(pool).and_then(|pool| pool.items.get_mut(image))
        {
            act(image);
        }
    }

    fn in_pool<R>(
        &self,
        pool: &str,
        act: impl FnOnce(&mut Pool) -> Result<R, PoolError>,
    ) -> Result<R, PoolError> {
        let mut pools = self.0.pools.borrow_mut();
        let found = pools.get_mut(pool).ok_or_else(|| {
            PoolError::Denied(format!("pool {pool:?} is not granted; add it to grants.pools"))
        })?;
        if found.broken {
            return Err(PoolError::Storage("the pool was broken by the test".to_owned()));
        }
        act(found)
    }

    fn put_item(&self, pool: &mut Pool, name: &str, new: Held) -> Result<(), PoolError> {
        check_item(name, &new)?;
        self.write().map_err(PoolError::Storage)?;
        pool.items.insert(name.to_owned(), new);
        Ok(())
    }

    fn create(&self, pool: &str, name: &str, new: Held) -> Result<(), PoolError> {
        check_item(name, &new)?;
        self.in_pool(pool, |pool| match (pool.items.get(name), &new) {
            (Some(Held::Image(old)), Held::Image(new))
                if old.size == new.size && old.origin.is_none() =>
            {
                Ok(())
            }
            (Some(Held::Directory), Held::Directory) => Ok(()),
            (Some(_), _) => Err(PoolError::Exists),
            (None, _) => self.put_item(pool, name, new),
        })
    }

    fn delete(&self, pool: &str, name: &str, image: bool) -> Result<(), PoolError> {
        self.in_pool(pool, |pool| match pool.items.get(name) {
            Some(Held::Image(Image { busy: true, .. })) => {
                Err(PoolError::InUse(format!("image {name} is attached on this machine")))
            }
            Some(Held::Image(_)) if image => self.drop_item(pool, name),
            Some(Held::Directory) if !image => self.drop_item(pool, name),
            Some(_) => Err(PoolError::Exists),
            None => self.read().map_err(PoolError::Storage),
        })
    }

    fn drop_item(&self, pool: &mut Pool, name: &str) -> Result<(), PoolError> {
        self.write().map_err(PoolError::Storage)?;
        pool.items.remove(name);
        Ok(())
    }
}

impl Pool {
    /// An image that is there for its driver.
    fn image(&self, name: &str) -> Result<&Image, PoolError> {
        match self.items.get(name) {
            Some(Held::Image(image)) if image.copying.is_none() => Ok(image),
            _ => Err(PoolError::NotFound),
        }
    }

    /// The copy of `source` that is there already, done or not.
    fn copied(&self, source: &str, name: &str) -> Result<Option<&Image>, PoolError> {
        match self.items.get(name) {
            Some(Held::Image(image)) if image.origin.as_deref() == Some(source) => Ok(Some(image)),
            Some(_) => Err(PoolError::Exists),
            None => Ok(None),
        }
    }
}

fn check_item(name: &str, new: &Held) -> Result<(), PoolError> {
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    let fits = name.len() <= 128
        && name.bytes().next().is_some_and(plain)
        && name.bytes().all(|b| plain(b) || matches!(b, b'.' | b'_' | b'-'));
    let sized = match new {
        Held::Image(Image { size, .. }) => *size > 0 && size % 512 == 0,
        Held::Directory => true,
    };
    match fits && sized {
        true => Ok(()),
        false => Err(PoolError::Invalid(format!("{name:?} cannot be an item: {new:?}"))),
    }
}

fn copy_of(image: &Image, source: &str, copying: Option<CopyState>) -> Held {
    let origin = Some(source.to_owned());
    Held::Image(Image { origin, copying, busy: false, ..image.clone() })
}

impl Pools for Machine {
    fn names(&self) -> Vec<String> {
        self.0.calls.set(self.0.calls.get() + 1);
        self.0.pools.borrow().keys().cloned().collect()
    }

    fn space(&self, pool: &str) -> Result<Usage, PoolError> {
        self.read().map_err(PoolError::Storage)?;
        self.in_pool(pool, |pool| {
            Ok(Usage { total: pool.total, available: pool.available, reflink: pool.reflink })
        })
    }

    fn create_image(&self, pool: &str, name: &str, size: u64) -> Result<(), PoolError> {
        self.create(pool, name, Held::Image(Image { size, ..Image::default() }))
    }

    fn grow_image(&self, pool: &str, name: &str, size: u64) -> Result<(), PoolError> {
        self.in_pool(pool, |pool| {
            let old = pool.image(name)?.size;
            if size < old {
                return Err(PoolError::Invalid(format!("{name} has {old} bytes already")));
            }
            if size == old {
                return self.read().map_err(PoolError::Storage);
            }
            if size > pool.total {
                return Err(PoolError::NoSpace(format!("the pool has {} bytes", pool.total)));
            }
            self.write().map_err(PoolError::Storage)?;
            if let Some(Held::Image(image)) = pool.items.get_mut(name) {
                image.size = size;
            }
            Ok(())
        })
    }

    fn clone_image(&self, pool: &str, source: &str, name: &str) -> Result<(), PoolError> {
        self.in_pool(pool, |pool| {
            let copy = pool.copied(source, name)?;
            if copy.is_some_and(|copy| copy.copying.is_none()) {
                return self.read().map_err(PoolError::Storage);
            }
            let copied = copy.is_some();
            let image = pool.image(source)?;
            if !pool.reflink || copied {
                self.read().map_err(PoolError::Storage)?;
                return Err(PoolError::Unsupported("no reflink in this pool".to_owned()));
            }
            let copy = copy_of(image, source, None);
            self.put_item(pool, name, copy)
        })
    }

    fn clone_images(&self, clonings: &[Cloning]) -> Result<(), PoolError> {
        self.clone_all(clonings)
    }

    fn copy_image(&self, pool: &str, source: &str, name: &str) -> Result<CopyState, PoolError> {
        self.in_pool(pool, |pool| {
            if let Some(copy) = pool.copied(source, name)? {
                let state = copy.copying.clone().unwrap_or(CopyState::Done);
                self.read().map_err(PoolError::Storage)?;
                // A failure is told once; the next call starts anew.
                if let CopyState::Failed(_) = state {
                    pool.items.remove(name);
                }
                return Ok(state);
            }
            let image = pool.image(source)?;
            if image.busy {
                return Err(PoolError::InUse(format!("image {source} is being written")));
            }
            let running = CopyState::Running((0, image.size));
            let copy = copy_of(image, source, Some(running.clone()));
            self.put_item(pool, name, copy)?;
            Ok(running)
        })
    }

    fn delete_image(&self, pool: &str, name: &str) -> Result<(), PoolError> {
        self.delete(pool, name, true)
    }

    fn create_directory(&self, pool: &str, name: &str) -> Result<(), PoolError> {
        self.create(pool, name, Held::Directory)
    }

    fn delete_directory(&self, pool: &str, name: &str) -> Result<(), PoolError> {
        self.delete(pool, name, false)
    }

    fn item(&self, pool: &str, name: &str) -> Result<Option<Item>, PoolError> {
        self.read().map_err(PoolError::Storage)?;
        self.in_pool(pool, |pool| {
            let (kind, size, allocated) = match pool.items.get(name) {
                // To its driver, an image that is not whole yet is not there.
                None | Some(Held::Image(Image { copying: Some(_), .. })) => return Ok(None),
                Some(Held::Image(image)) => {
                    (Kind::Image, image.size, image.blocks.keys().map(|_| BLOCK).sum())
                }
                Some(Held::Directory) => (Kind::Directory, 0, 0),
            };
            Ok(Some(Item { name: name.to_owned(), kind, size, allocated }))
        })
    }

    fn allocated_extents(
        &self,
        pool: &str,
        image: &str,
        offset: u64,
        limit: u32,
    ) -> Result<Vec<Extent>, PoolError> {
        self.read().map_err(PoolError::Storage)?;
        self.in_pool(pool, |pool| Ok(pool.image(image)?.extents(&Image::default(), offset, limit)))
    }

    fn changed_extents(
        &self,
        pool: &str,
        base: &str,
        image: &str,
        offset: u64,
        limit: u32,
    ) -> Result<Vec<Extent>, PoolError> {
        self.read().map_err(PoolError::Storage)?;
        self.in_pool(pool, |pool| Ok(pool.image(image)?.extents(pool.image(base)?, offset, limit)))
    }
}
