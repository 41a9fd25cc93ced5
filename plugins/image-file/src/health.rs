//! What is wrong with volumes and pools, as far as it can be seen without reading a byte.

use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use mooring_sdk::health::{
    Entries, Entry, Health, StorageFault, StorageFinding, VolumeFault, VolumeFinding,
};
use mooring_sdk::pool::{Kind, Usage};
use mooring_sdk::records::Listed;
use mooring_sdk::types::Page;
use mooring_sdk::{Error, Result, Secrets, Services};

use crate::nodes::NODES;
use crate::places::Places;
use crate::record::{VOLUMES, Volume};
use crate::settings::Settings;
use crate::{ImageFile, restore};

/// A pool with less than this part of it free is nearly full: one in twenty.
const NEARLY_FULL: u64 = 20;

/// Volumes that one call looks at: a look is a question to the pool.
const MOST: u32 = 200;

impl<H: Services> Health for ImageFile<H> {
    fn get(&self, volume_id: &str, _secrets: &Secrets) -> Result<Vec<VolumeFinding>> {
        let volume = VOLUMES.find(&self.0, volume_id)?.value;
        let finding = Looker::new(&self.0).look(volume_id, &volume)?;
        Ok(finding.into_iter().collect())
    }

    fn list(&self, page: &Page, _secrets: &Secrets) -> Result<Entries> {
        let mut looker = Looker::new(&self.0);
        let look = |id: &str, volume: &Volume| looker.look(id, volume);
        let Listed { entries, next } = VOLUMES.look_through(&self.0, page, MOST, look)?;
        let entry =
            |(volume_id, finding): (String, _)| Entry { volume_id, findings: [finding].into() };
        Ok(Entries { entries: entries.into_iter().map(entry).collect(), next })
    }

    fn backend(&self, node_id: Option<&str>, _secrets: &Secrets) -> Result<Vec<StorageFinding>> {
        let host = &self.0;
        let mut pools = host.names();
        if let Some(id) = node_id {
            let settings = Settings::read(host)?;
            let node = NODES.find(host, id)?.value;
            pools.retain(|pool| Places::reaches(&settings, &node, pool));
        }
        let (mut lost, mut full) = (Vec::new(), Vec::new());
        for pool in pools {
            match host.space(&pool) {
                Err(error) => lost.push(format!("pool {pool}: {}", Error::from(error))),
                Ok(Usage { total, available, .. }) if available < total / NEARLY_FULL => {
                    full.push(format!("pool {pool} has {available} of {total} bytes left"));
                }
                Ok(_) => {}
            }
        }
        let finding = |fault, reason: &str, what: Vec<String>| {
            (!what.is_empty()).then(|| StorageFinding {
                fault,
                reason: reason.to_owned(),
                message: what.join("; "),
            })
        };
        Ok([
            finding(StorageFault::Unreachable, "PoolUnreachable", lost),
            finding(StorageFault::Degraded, "PoolNearlyFull", full),
        ]
        .into_iter()
        .flatten()
        .collect())
    }
}

/// Looks at volumes; asks each pool once whether it is there.
struct Looker<'a, H> {
    host: &'a H,
    /// The pools that were asked, and what was wrong with them.
    pools: Vec<(String, Option<String>)>,
}

impl<'a, H: Services> Looker<'a, H> {
    fn new(host: &'a H) -> Self {
        Self { host, pools: Vec::new() }
    }

    /// What is wrong with a volume, if anything: the worst alone, for the rest follows from it.
    fn look(&mut self, id: &str, volume: &Volume) -> Result<Option<VolumeFinding>> {
        if let Some(problem) = self.pool(&volume.pool) {
            let message = format!("pool {} cannot be reached: {problem}", volume.pool);
            return Ok(Some(finding(VolumeFault::Inaccessible, "PoolUnreachable", message)));
        }
        if !volume.made() {
            return Ok(restore::failure(self.host, id, volume)?.map(|reason| {
                let message = format!(
                    "copying it from its source failed: {reason}; it starts anew with the next \
                     CreateVolume"
                );
                finding(VolumeFault::Inaccessible, "CopyFailed", message)
            }));
        }
        let Volume { pool, size, .. } = volume;
        Ok(match self.host.item(pool, id) {
            Ok(Some(item)) if item.kind == Kind::Image && item.size >= *size => None,
            Ok(Some(item)) if item.kind == Kind::Image => {
                let message = format!(
                    "image {id} in pool {pool} has {} bytes and {size} are recorded: the rest is \
                     lost; restore the volume from a copy",
                    item.size
                );
                Some(finding(VolumeFault::DataLoss, "ImageTruncated", message))
            }
            Ok(_) => {
                let message = format!(
                    "image {id} is not in pool {pool}; restore the volume from a copy. Where \
                     CreateVolume or DeleteVolume of it did not end, repeat that"
                );
                Some(finding(VolumeFault::DataLoss, "ImageMissing", message))
            }
            Err(error) => {
                let message = format!("image {id} in pool {pool}: {}", Error::from(error));
                Some(finding(VolumeFault::Inaccessible, "ImageUnreadable", message))
            }
        })
    }

    fn pool(&mut self, pool: &str) -> Option<String> {
        if let Some((_, problem)) = self.pools.iter().find(|(known, _)| known == pool) {
            return problem.clone();
        }
        let problem = self.host.space(pool).err().map(|error| Error::from(error).message);
        self.pools.push((pool.to_owned(), problem.clone()));
        problem
    }
}

fn finding(fault: VolumeFault, reason: &str, message: String) -> VolumeFinding {
    VolumeFinding { fault, reason: reason.to_owned(), message }
}
