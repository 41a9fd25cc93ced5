//! Cloning several images at one point in time, all or none.
//!
//! ```text
//!  hold all ─► lock what is quiet ─► announce ─► make work files ─► freeze what is attached
//!    ─► share blocks ─► release ─► sync, name ─► all Present in one write
//! ```
//! The clones have no name that anyone knows before the last write, which also takes the group's
//! row away. Whatever fails, or is cut short, before it, deletes them all: the row tells which. So
//! what is repeated after a crash is never half of one point in time and half of another.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use mooring_volume::attachment::PoolItem;
use mooring_volume::pool::{ItemKind, item_path};
use tracing::Instrument;

use super::Cloning;
use super::clone::unsupported;
use super::disk::Home;
use super::grant::{Held, Named, blocking};
use super::record::State;
use super::transfer::Source;
use crate::freeze::{FreezeError, Frozen};
use crate::{PoolError, Scoped};
use files::{make_work_files, name_all, share_all};

mod files;
mod rows;

/// Images that one call clones.
const MOST: usize = 64;

/// The groups that this process is at: those that a start does not take for left over.
#[derive(Default)]
pub(crate) struct Underway(Mutex<BTreeSet<u64>>);

impl Underway {
    fn lock(&self) -> MutexGuard<'_, BTreeSet<u64>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A source and the name of its clone.
#[derive(Clone)]
struct Pair {
    from: Named,
    item: Named,
}

/// A clone with a file, while it is being made.
struct Making {
    pair: Pair,
    home: Home,
    /// Of the source.
    size: u64,
    source: Source,
    /// Of the clone; 0 until it is announced.
    serial: u64,
    /// The work file, once it is made.
    work: Option<File>,
}

/// All that is being made, with the locks on the names.
type Batch = (Vec<Held>, Vec<Making>);

impl Scoped {
    /// As [`Self::clone_image`], of at most 64 images at once: all at one point in time, all or
    /// none. What is attached is frozen for as long as the sharing takes, by whom
    /// [`Self::set_freezer`] named; what is not cannot be attached meanwhile. Repeating it is OK
    /// once it was done; a repetition after a failure or a crash takes all anew. Once begun it
    /// goes on to its end, whoever waits for it.
    ///
    /// # Errors
    /// Those of [`Self::clone_image`], and: `InUse` where a source is attached and cannot be
    /// frozen; `Storage` where a freeze did not hold; `Exists` where some are there already and
    /// others are not; `Invalid` for more than 64, or a name that is there twice. None of the
    /// clones is there then.
    pub async fn clone_images(&self, clonings: &[Cloning]) -> Result<(), PoolError> {
        let pairs = self.pairs(clonings)?;
        if pairs.is_empty() {
            return Ok(());
        }
        let host = self.another();
        let work = async move { host.clone_group(pairs).await }.in_current_span();
        tokio::spawn(work).await.unwrap_or_else(|error| {
            Err(PoolError::Storage(format!("cloning the images was cut short: {error}")))
        })
    }

    /// Another handle of the same.
    fn another(&self) -> Self {
        Self {
            store: Arc::clone(&self.store),
            driver: Arc::clone(&self.driver),
            pools: self.pools.clone(),
            quota: self.quota,
        }
    }

    fn pairs(&self, clonings: &[Cloning]) -> Result<Vec<Pair>, PoolError> {
        if clonings.len() > MOST {
            let count = clonings.len();
            let reason = format!("{count} images are to be cloned at once; at most {MOST} can");
            return Err(PoolError::Invalid(reason));
        }
        let (mut pairs, mut names) = (Vec::new(), BTreeSet::new());
        for Cloning { pool, source, name } in clonings {
            let pair = Pair { from: self.named(pool, source)?, item: self.named(pool, name)? };
            if !names.insert((pool, name)) {
                return Err(PoolError::Invalid(format!("two clones would be named {name:?}")));
            }
            pairs.push(pair);
        }
        match clonings.iter().find(|cloning| names.contains(&(&cloning.pool, &cloning.source))) {
            None => Ok(pairs),
            Some(Cloning { source, .. }) => Err(PoolError::Invalid(format!(
                "image {source:?} cannot be a source and a clone at once"
            ))),
        }
    }

    async fn clone_group(&self, pairs: Vec<Pair>) -> Result<(), PoolError> {
        self.room().await?;
        let held = self.hold_all(&pairs).await;
        if self.all_there(&pairs)? {
            return Ok(());
        }
        let (mut blank, mut making) = (Vec::new(), Vec::new());
        for pair in pairs {
            let origin = self.image(&pair.from)?;
            match origin.state {
                State::Promised | State::Making => blank.push((pair, origin.size)),
                State::Present | State::Cloning => making.push((pair, origin.size)),
            }
        }
        let mut batch = self.open_sources(held, making).await?;
        let attached = attached(&batch.1);
        let freezer = self.freezer(&attached)?;
        for number in 0..batch.1.len() {
            batch = self.make_way(batch, number).await?;
        }
        let group = self.announce_group(&mut batch.1)?;
        let made = async {
            self.barrier().await?;
            let batch = make_work_files(batch).await?;
            let frozen = match &freezer {
                Some(freezer) => Some(freezer.freeze(&attached).await.map_err(not_frozen)?),
                None => None,
            };
            // Where sharing fails, dropping what is frozen releases it.
            let batch = share_all(batch).await?;
            release(frozen).await?;
            let (held, making) = name_all(batch).await?;
            self.complete(&group, &making, &blank)?;
            Ok(held)
        };
        let made: Result<Vec<Held>, PoolError> = made.await;
        if let Err(error) = &made {
            tracing::warn!(
                driver = %self.driver.name, images = group.members.len(), %error,
                "cloning images together failed; none of the clones is kept"
            );
            self.discard(&group)?;
        }
        self.driver.groups.lock().remove(&group.serial);
        made.map(drop)
    }

    /// Holds all names, always in one order, so that no two calls wait for each other.
    async fn hold_all(&self, pairs: &[Pair]) -> Vec<Held> {
        let all = pairs.iter().flat_map(|pair| [&pair.from, &pair.item]);
        let all: BTreeMap<_, _> = all.map(|item| ((&item.pool.name, &item.name), item)).collect();
        let mut held = Vec::new();
        for item in all.into_values() {
            held.push(self.hold(item).await);
        }
        held
    }

    /// Whether all clones are there; where none is, what an earlier attempt left is taken away.
    fn all_there(&self, pairs: &[Pair]) -> Result<bool, PoolError> {
        let mut there = 0_usize;
        for Pair { from, item } in pairs {
            match self.record(item)? {
                Some(found) if found.origin.as_ref() != Some(&from.name) => {
                    return Err(PoolError::Exists);
                }
                Some(found) if found.state != State::Cloning => there += 1,
                Some(found) => self.discard_left(item, &found)?,
                None => {}
            }
        }
        match there {
            0 => Ok(false),
            all if all == pairs.len() => Ok(true),
            _ => Err(PoolError::Exists),
        }
    }

    async fn open_sources(
        &self,
        held: Vec<Held>,
        wanted: Vec<(Pair, u64)>,
    ) -> Result<Batch, PoolError> {
        let with_homes = wanted.into_iter().map(|(pair, size)| {
            let home = self.home(&pair.item.pool);
            (pair, size, home)
        });
        let wanted: Vec<_> = with_homes.collect();
        let open = move || {
            let mut making = Vec::new();
            for (pair, size, home) in wanted {
                if !pair.item.pool.shares_blocks(&home)? {
                    return Err(unsupported(pair.item.pool.path()));
                }
                let source = home.open()?.source(&pair.from.name, size)?;
                making.push(Making { pair, home, size, source, serial: 0, work: None });
            }
            Ok(making)
        };
        blocking(held, open).await
    }

    /// Makes room for a clone's file, as for a single clone's.
    async fn make_way(&self, batch: Batch, number: usize) -> Result<Batch, PoolError> {
        let Some(item) = batch.1.get(number).map(|making| making.pair.item.clone()) else {
            return Ok(batch);
        };
        let path = item_path(item.pool.path(), &self.driver.name, ItemKind::Image, &item.name)
            .map_err(|error| PoolError::Invalid(error.message))?;
        let batch = self.displace_former(batch, &item).await?;
        Ok(self.vacant(batch, &item, ItemKind::Image, &path).await?)
    }

    /// Whoever freezes what is attached; none where nothing is.
    fn freezer(&self, attached: &[PoolItem]) -> Result<Option<Arc<dyn crate::Freezer>>, PoolError> {
        let Some(first) = attached.first() else { return Ok(None) };
        let freezer = self.driver.freezer.read().unwrap_or_else(PoisonError::into_inner).clone();
        match freezer {
            Some(freezer) => Ok(Some(freezer)),
            None => Err(PoolError::InUse(format!(
                "image {:?} is attached on this machine, and no node is connected that could \
                 freeze it; unstage the volume first, or connect the node",
                first.name
            ))),
        }
    }
}

/// Why a clone does not take the place of a copy.
pub(super) fn being_copied(name: &str) -> PoolError {
    PoolError::Unsupported(format!(
        "image {name:?} is being copied already; ask for the copy, or delete it first"
    ))
}

/// The sources that are attached, each once.
fn attached(making: &[Making]) -> Vec<PoolItem> {
    let of = |making: &Making| match making.source {
        Source::Attached(_) => {
            Some((making.pair.from.pool.name.clone(), making.pair.from.name.clone()))
        }
        Source::Quiet(_) => None,
    };
    let once: BTreeSet<_> = making.iter().filter_map(of).collect();
    once.into_iter().map(|(pool, name)| PoolItem { pool, name }).collect()
}

fn not_frozen(error: FreezeError) -> PoolError {
    match error {
        FreezeError::Impossible(reason) => PoolError::InUse(reason),
        FreezeError::Failed(reason) => {
            PoolError::Storage(format!("freezing what is attached: {reason}; repeat this"))
        }
    }
}

async fn release(frozen: Option<Box<dyn Frozen>>) -> Result<(), PoolError> {
    match frozen {
        None => Ok(()),
        Some(frozen) => frozen.release().await.map_err(|error| {
            PoolError::Storage(format!(
                "what was attached did not stay frozen until all was cloned ({error}), so that \
                 the clones would be of several moments; repeat this"
            ))
        }),
    }
}
