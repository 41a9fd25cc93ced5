//! `image-file`: a file of a pool, through a loop device.
//!
//! The exclusive `flock` is taken on the very open file description that the loop device is bound
//! to, so it lasts as long as the device does, however often this program is restarted. The
//! controller's side looks at that lock to know that an image is in use.

use mooring_volume::attachment::PoolItem;
use mooring_volume::policy::Grants;
use mooring_volume::pool::{ItemKind, relative_path};
use mooring_volume::{DriverName, Error, Result};

use super::{Looked, PoolPath, Purpose, mounted_size, pool_error};
use crate::os::{self, BackingFile, Found, Kind, LoopDevice, Machine};
use crate::seen::{ImageSeen, Seen, SourceSeen};

pub(super) fn locate(driver: &DriverName, grants: &Grants, item: &PoolItem) -> Result<PoolPath> {
    let root = grants.pool(item)?.clone();
    let below = relative_path(driver, ItemKind::Image, &item.name)?;
    Ok(PoolPath { root, below })
}

pub(super) fn look<M: Machine>(
    os: &M,
    path: &PoolPath,
    seen: &Seen,
    purpose: &Purpose,
) -> Result<Looked<M::Handle>> {
    let (image, handle) = open(os, path, seen, purpose)?;
    Ok(Looked { seen: SourceSeen::Image(image), handle: Some(handle) })
}

/// Opens the image, locked where it is not attached yet.
pub(super) fn open<M: Machine>(
    os: &M,
    path: &PoolPath,
    seen: &Seen,
    purpose: &Purpose,
) -> Result<(ImageSeen, M::Handle)> {
    let handle = os.open_image(&path.root, &path.below, false).map_err(pool_error)?;
    let opened = os.describe(&handle)?;
    let bound = os.loops()?;
    if let Some(silent) = bound.silent.into_iter().find(|one| one.file == opened.path) {
        return Err(Error::unavailable(format!(
            "/dev/loop{} is bound to the volume's image and does not answer: its storage hangs",
            silent.number
        )));
    }
    let loops: Vec<LoopDevice> =
        bound.answering.into_iter().filter(|device| device.backing == opened.identity).collect();
    if loops.is_empty() {
        os.lock(&handle).map_err(in_use)?;
        still_there(os, path, opened.identity)?;
    }
    let limits = match loops.first() {
        Some(device) => os.io_limits(device.device)?,
        None => None,
    };
    let mounted = mounted_size(os, seen, purpose)?;
    // Another's device is not opened: that would be in the way of its mount. The steps refuse it.
    let others =
        loops.iter().any(|device| !seen.loops.iter().any(|own| own.number == device.number));
    let found = match (purpose.mount, mounted) {
        (true, None) if !others => Some(probe(os, &handle, loops.first())?),
        (true, _) | (false, _) => None,
    };
    let mounted_size = mounted.flatten();
    let image = ImageSeen {
        root: path.root.clone(),
        below: path.below.clone(),
        backing: opened.identity,
        size: opened.size,
        loops,
        found,
        mounted_size,
        limits,
    };
    Ok((image, handle))
}

/// Whether the image that was opened, and is locked now, still has its name: between the two it may
/// have been deleted, whose lock is given back once the name is gone.
fn still_there<M: Machine>(os: &M, path: &PoolPath, opened: BackingFile) -> Result<()> {
    let now = os.open_image(&path.root, &path.below, false).map_err(pool_error)?;
    if os.describe(&now)?.identity == opened {
        return Ok(());
    }
    Err(Error::aborted("the volume's image was replaced while it was being attached; try again"))
}

/// Reads through the device where there is one: its cache may be ahead of the file's.
fn probe<M: Machine>(
    os: &M,
    image: &M::Handle,
    device: Option<&LoopDevice>,
) -> Result<Found, os::Error> {
    match device {
        Some(device) => {
            let opened = os.open_exclusive(device.device)?;
            os.probe_device(&opened, Some(image))
        }
        None => os.probe_image(image),
    }
}

fn in_use(error: os::Error) -> Error {
    if error.kind == Kind::Busy {
        Error::precondition(format!(
            "the volume's image is in use on this machine by another program, which holds its \
             lock: {error}"
        ))
    } else {
        error.into()
    }
}
