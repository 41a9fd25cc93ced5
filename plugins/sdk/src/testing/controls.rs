//! What a test does to the twin's pools: what operators, consumers, other programs and fate do.

use super::Machine;
use super::images::{Held, Pool};
use crate::pool::CopyState;

impl Machine {
    /// Grants a pool of `total` bytes, all free, that can share blocks.
    pub fn grant(&self, pool: &str, total: u64) {
        let new = Pool { total, available: total, reflink: true, ..Pool::default() };
        self.0.pools.borrow_mut().insert(pool.to_owned(), new);
    }

    /// Leaves a pool so many free bytes.
    pub fn set_available(&self, pool: &str, available: u64) {
        if let Some(pool) = self.0.pools.borrow_mut().get_mut(pool) {
            pool.available = available;
        }
    }

    /// Lets a pool answer nothing but errors, or heals it.
    pub fn set_broken(&self, pool: &str, broken: bool) {
        if let Some(pool) = self.0.pools.borrow_mut().get_mut(pool) {
            pool.broken = broken;
        }
    }

    /// Takes an image away behind everyone's back, or cuts it down to `left` bytes.
    pub fn damage(&self, pool: &str, image: &str, left: Option<u64>) {
        match left {
            Some(left) => self.with_image(pool, image, |image| image.size = left),
            None => {
                let mut pools = self.0.pools.borrow_mut();
                pools.get_mut(pool).and_then(|pool| pool.items.remove(image));
            }
        }
    }

    /// Says whether a pool can share blocks. Where not, copies run until
    /// [`end_copy`](Self::end_copy).
    pub fn set_reflink(&self, pool: &str, reflink: bool) {
        if let Some(pool) = self.0.pools.borrow_mut().get_mut(pool) {
            pool.reflink = reflink;
        }
    }

    /// Attaches an image on this machine, or detaches it.
    pub fn set_busy(&self, pool: &str, image: &str, attached: bool) {
        self.with_image(pool, image, |image| image.busy = attached);
    }

    /// Writes a block of an image, as its consumer would; 0 hands it back.
    pub fn write_block(&self, pool: &str, image: &str, number: u64, value: u8) {
        self.with_image(pool, image, |image| match value {
            0 => image.blocks.remove(&number),
            _ => image.blocks.insert(number, value),
        });
    }

    /// The blocks of an image that are not zeros, by number.
    #[must_use]
    pub fn blocks(&self, pool: &str, image: &str) -> Vec<(u64, u8)> {
        let mut found = Vec::new();
        self.with_image(pool, image, |image| {
            found.extend(image.blocks.iter().map(|(number, value)| (*number, *value)));
        });
        found
    }

    /// Ends the copying of an image: done, or failed for a reason.
    pub fn end_copy(&self, pool: &str, image: &str, outcome: Result<(), &str>) {
        let state = outcome.err().map(|reason| CopyState::Failed(reason.to_owned()));
        self.with_image(pool, image, |image| image.copying = state);
    }

    /// The names in a pool, and the images' sizes; also of images that are being copied yet.
    #[must_use]
    pub fn items(&self, pool: &str) -> Vec<(String, u64)> {
        let size = |held: &Held| match held {
            Held::Image(image) => image.size,
            Held::Directory => 0,
        };
        let pools = self.0.pools.borrow();
        pools.get(pool).map_or_else(Vec::new, |pool| {
            pool.items.iter().map(|(name, held)| (name.clone(), size(held))).collect()
        })
    }
}
