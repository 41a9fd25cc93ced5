//! The array itself: one lock over all that it has, jobs that end when their time has come, and
//! each change on disk before it is told.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};

use crate::devices::{Devices, Unit};
use crate::folder::{Contents, Folder};
use crate::images::Images;
use crate::model::{Condition, Pool, Source, Volume};
use crate::problem::{Code, Problem};

mod jobs;
mod mappings;
mod snapshots;
mod volumes;

/// Sizes are multiples of it, and the smallest is it.
pub(crate) const GRANULE: u64 = 1 << 20;

/// Entries of a page where the client does not say, and the most that it can say.
const PAGE: usize = 100;
const LARGEST_PAGE: usize = 1000;

pub(crate) type Result<T, E = Problem> = std::result::Result<T, E>;

/// The array.
#[derive(Debug)]
pub struct Array {
    folder: Folder,
    images: Images,
    devices: Devices,
    pools: Vec<Pool>,
    /// How long jobs take; none: there are none.
    jobs: Option<Duration>,
    contents: Mutex<Contents>,
}

/// What a client says of a job that its request may become.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Mood {
    /// The job never ends.
    pub(crate) stuck: bool,
}

/// What became of a request: done at once, or a job's id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Outcome<T> {
    /// It is there already, and nothing was changed.
    Same(T),
    Done(T),
    Job(String),
}

/// A request for a volume.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct NewVolume {
    pub(crate) name: String,
    pub(crate) pool: String,
    pub(crate) size: u64,
    #[serde(default)]
    pub(crate) thin: bool,
    #[serde(default)]
    pub(crate) source: Option<Source>,
    #[serde(default)]
    pub(crate) tags: BTreeMap<String, String>,
}

/// A request for a snapshot.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct NewSnapshot {
    pub(crate) name: String,
    pub(crate) volume: String,
    #[serde(default)]
    pub(crate) tags: BTreeMap<String, String>,
}

/// A request for a part of a list, and which entries it may have.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Query {
    pub(crate) limit: Option<usize>,
    /// The id behind which the part begins.
    pub(crate) after: Option<String>,
    pub(crate) name: Option<String>,
    /// What names begin with.
    pub(crate) prefix: Option<String>,
    /// Of snapshots: of which volume.
    pub(crate) volume: Option<String>,
    /// Of volumes: only those with which something is wrong.
    #[serde(default)]
    pub(crate) ill: bool,
}

/// A part of a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Page<T> {
    pub(crate) items: Vec<T>,
    /// `after` of the next part; none on the last.
    pub(crate) next: Option<String>,
}

impl Query {
    /// The part of a list that is sorted by id.
    fn page<'a, T: Clone + 'a>(
        &self,
        all: impl Iterator<Item = (&'a String, &'a T)>,
        fits: impl Fn(&T) -> bool,
    ) -> Page<T> {
        let limit = self.limit.filter(|limit| *limit > 0).unwrap_or(PAGE).min(LARGEST_PAGE);
        let after = self.after.as_deref();
        let mut found = all
            .filter(|(id, one)| after.is_none_or(|after| id.as_str() > after) && fits(one))
            .take(limit + 1)
            .map(|(id, one)| (id.clone(), one.clone()))
            .collect::<Vec<_>>();
        let more = found.len() > limit;
        found.truncate(limit);
        let next = found.last().filter(|_| more).map(|(id, _)| id.clone());
        Page { items: found.into_iter().map(|(_, one)| one).collect(), next }
    }

    fn fits_name(&self, name: &str) -> bool {
        self.name.as_deref().is_none_or(|asked| asked == name)
            && self.prefix.as_deref().is_none_or(|prefix| name.starts_with(prefix))
    }
}

impl Array {
    /// Opens the array of a folder, and maps what was mapped.
    ///
    /// # Errors
    /// What is wrong with the folder, or with this machine's devices.
    pub(crate) fn open(
        folder: &std::path::Path,
        pools: Vec<(String, u64)>,
        jobs: Option<Duration>,
        devices: Devices,
    ) -> anyhow::Result<Self> {
        let (folder, contents) = Folder::open(folder)?;
        let images = Images::open(&folder.images())?;
        for id in images.all()? {
            // Made by a request that died, and never told to anyone.
            if !contents.volumes.contains_key(&id) && !contents.snapshots.contains_key(&id) {
                images.remove(&id)?;
            }
        }
        let pool = |(name, total)| Pool { name, total, available: 0, smallest: 0, largest: 0 };
        let pools = pools.into_iter().map(pool).collect();
        let array = Self { folder, images, devices, pools, jobs, contents: Mutex::new(contents) };
        let units = array.units();
        let serials = array.lock().array.clone();
        array.devices.sweep(array.images.folder(), &serials, &units)?;
        for unit in units {
            array.devices.attach(&unit)?;
        }
        Ok(array)
    }

    /// Takes all devices off this machine; the mappings stay, and the next start makes them again.
    pub(crate) fn release(&self) {
        for unit in self.units() {
            if let Err(problem) = self.devices.release(&unit) {
                eprintln!("array-server: {}: {problem}", unit.image.display());
            }
        }
    }

    fn units(&self) -> Vec<Unit> {
        let contents = self.lock();
        let mapped = contents.volumes.values().filter(|volume| !volume.mappings.is_empty());
        mapped.map(|volume| self.unit(volume)).collect()
    }

    fn unit(&self, volume: &Volume) -> Unit {
        Unit {
            image: self.image(&volume.id),
            serial: volume.serial.clone(),
            readonly: volume.mappings.iter().all(|mapping| mapping.readonly),
        }
    }

    fn image(&self, id: &str) -> PathBuf {
        self.images.path(id)
    }

    fn lock(&self) -> MutexGuard<'_, Contents> {
        // A panic between two changes leaves what was there: changes are made on a copy.
        self.contents.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reads, after jobs whose time has come are done.
    fn read<T>(&self, look: impl FnOnce(&Contents) -> Result<T>) -> Result<T> {
        let mut held = self.lock();
        self.settle(&mut held)?;
        look(&held)
    }

    /// Changes, on disk when this returns; what fails changes nothing.
    fn change<T>(&self, work: impl FnOnce(&mut Contents) -> Result<T>) -> Result<T> {
        let mut held = self.lock();
        self.settle(&mut held)?;
        let mut changed = held.clone();
        let answer = work(&mut changed)?;
        self.folder.write(&changed)?;
        *held = changed;
        Ok(answer)
    }

    /// The array's id.
    pub(crate) fn id(&self) -> String {
        self.lock().array.clone()
    }

    /// The pools, and what room there is in them.
    pub(crate) fn pools(&self) -> Result<Vec<Pool>> {
        self.read(|contents| {
            let filled = |pool: &Pool| {
                let available = pool.total.saturating_sub(self.used(contents, &pool.name));
                let largest = pool.total - pool.total % GRANULE;
                Pool { available, smallest: GRANULE, largest, ..pool.clone() }
            };
            Ok(self.pools.iter().map(filled).collect())
        })
    }

    fn pool(&self, name: &str) -> Result<&Pool> {
        let found = self.pools.iter().find(|pool| pool.name == name);
        found.ok_or_else(|| Problem::new(Code::PoolNotFound, format!("no pool {name:?}")))
    }

    /// Bytes that are taken in a pool.
    fn used(&self, contents: &Contents, pool: &str) -> u64 {
        let volumes = contents.volumes.values().filter(|volume| volume.pool == pool);
        let volumes = volumes.map(|volume| match volume.thin {
            true => self.images.allocated(&volume.id),
            false => volume.size.max(volume.resizing.unwrap_or(0)),
        });
        let snapshots = contents.snapshots.values().filter(|snapshot| snapshot.pool == pool);
        let snapshots = snapshots.map(|snapshot| self.images.allocated(&snapshot.id));
        volumes.chain(snapshots).fold(0, u64::saturating_add)
    }

    fn check_room(&self, contents: &Contents, pool: &Pool, bytes: u64) -> Result<()> {
        let available = pool.total.saturating_sub(self.used(contents, &pool.name));
        match bytes <= available {
            true => Ok(()),
            false => Err(Problem::new(
                Code::NoSpace,
                format!("pool {} has {available} bytes left, {bytes} are needed", pool.name),
            )),
        }
    }

    /// Says how a volume is, for a test.
    pub(crate) fn set_condition(&self, id: &str, condition: Condition) -> Result<()> {
        self.change(|contents| {
            volumes::find_mut(contents, id)?.condition = condition;
            Ok(())
        })
    }
}

/// Milliseconds since 1970.
fn now() -> u64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
