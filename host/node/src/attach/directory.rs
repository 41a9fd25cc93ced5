//! `directory`: a directory of a pool, by a bind mount. It has no size of its own and nothing to
//! format.

use mooring_volume::attachment::PoolItem;
use mooring_volume::policy::Grants;
use mooring_volume::pool::{ItemKind, relative_path};
use mooring_volume::{DriverName, Error, Result};

use super::{Looked, PoolPath, pool_error};
use crate::mount::Origin;
use crate::os::Machine;
use crate::seen::{Seen, SourceSeen};

pub(super) fn locate(driver: &DriverName, grants: &Grants, item: &PoolItem) -> Result<PoolPath> {
    let root = grants.pool(item)?.clone();
    let below = relative_path(driver, ItemKind::Directory, &item.name)?;
    Ok(PoolPath { root, below })
}

pub(super) fn look<M: Machine>(os: &M, path: &PoolPath, seen: &Seen) -> Result<Looked<M::Handle>> {
    let handle = os.open_directory(&path.root, &path.below).map_err(pool_error)?;
    let opened = os.describe(&handle)?;
    let origin = Origin::of(&seen.mounts, &opened.path).ok_or_else(|| {
        Error::internal(format!("{} is on no mount of this node", opened.path.display()))
    })?;
    let seen = SourceSeen::Directory { root: path.root.clone(), below: path.below.clone(), origin };
    Ok(Looked { seen, handle: Some(handle) })
}
