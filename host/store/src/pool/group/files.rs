//! What is done to the files of a group, each step for all of them.

use rustix::fs::{fsync, ioctl_ficlone};

use super::{Batch, Making};
use crate::PoolError;
use crate::pool::clone::unsupported;
use crate::pool::disk::cannot_share;
use crate::pool::grant::blocking;

/// Makes the files, so that nothing but the sharing is done while others wait.
pub(super) async fn make_work_files((held, mut making): Batch) -> Result<Batch, PoolError> {
    let make = move || {
        for Making { pair, home, serial, work, .. } in &mut making {
            let file = home.open()?.begin_copy(&pair.item.name, *serial)?;
            *work = Some(file.ok_or_else(|| {
                PoolError::Storage(format!("something took the place of {:?}", pair.item.name))
            })?);
        }
        Ok(making)
    };
    blocking(held, make).await
}

pub(super) async fn share_all((held, making): Batch) -> Result<Batch, PoolError> {
    let share = move || {
        for Making { pair, source, work, .. } in &making {
            let Some(work) = work else { continue };
            ioctl_ficlone(work, source.file()).map_err(|error| match cannot_share(error) {
                true => unsupported(pair.item.pool.path()),
                false => PoolError::io(format_args!("cloning image {:?}", pair.from.name), error),
            })?;
        }
        Ok(making)
    };
    blocking(held, share).await
}

/// Brings all clones to stable storage, and gives them their names.
pub(super) async fn name_all((held, making): Batch) -> Result<Batch, PoolError> {
    let name = move || {
        for Making { pair, home, serial, work, .. } in &making {
            let Some(work) = work else { continue };
            fsync(work).map_err(|error| {
                PoolError::io(format_args!("cloning image {:?}", pair.from.name), error)
            })?;
            home.open()?.name_copy(&pair.item.name, *serial)?;
        }
        Ok(making)
    };
    blocking(held, name).await
}
