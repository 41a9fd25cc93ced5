//! Making a file system, on a device that was proven blank, so that what is there afterwards is a whole one
//! or none.
//!
//! mkfs can end with an error when most is written, and mkfs.xfs and mkfs.btrfs can end well although a
//! write had failed (tests/sweep: xfs/stage/mkfs.xfs/pwrite64/55=ENOMEM and 60=EIO): what is left looks like a
//! file system, and breaks under its first user. So those two are checked before they are believed, and what
//! failed is taken away again, as long as it can be told from everybody else's: by the UUID that it was given.

use mooring_volume::capability::FsType;
use rustix::io::retry_on_intr;

use super::errno::{failed, io_failed};
use super::handle::{Device, Handle};
use super::programs::{Tool, succeeded};
use super::proven::Proven;
use super::{Linux, blocks, examine};
use crate::filesystem::{self, OnDevice};
use crate::os::{Error, Found, Kind, Result};

/// Answers another one each time it is read. Source: random(4).
const UUID: &str = "/proc/sys/kernel/random/uuid";

impl Linux {
    pub(super) fn make(&self, device: &Handle, fs_type: FsType) -> Result<()> {
        let (tool, option) = match fs_type {
            FsType::Ext4 => (Tool::MkfsExt4, "-U"),
            FsType::Xfs => (Tool::MkfsXfs, "-m"),
            FsType::Btrfs => (Tool::MkfsBtrfs, "-U"),
        };
        let uuid =
            std::fs::read_to_string(UUID).map_err(|error| io_failed(&error, "reading", UUID))?;
        let uuid = uuid.trim_end();
        let value = if fs_type == FsType::Xfs { format!("uuid={uuid}") } else { uuid.to_owned() };
        let device = blocks::opened(device, tool.doing())?;
        let made = self.unclaimed(device, tool.doing(), || {
            make_way(device, tool.doing())?;
            Proven::still(device.proof().as_ref(), device, tool.doing())?;
            device.prove(None);
            let ended = self.run_tool(tool, &[option, &value], device)?;
            succeeded(tool, device, &ended, |code| code == 0)?;
            retry_on_intr(|| rustix::fs::fsync(&device.device))
                .map_err(|errno| failed(errno, tool.doing(), &device.node))?;
            self.check_new(fs_type, device)
        });
        made.inspect_err(|_| take_away(device, uuid, tool.doing()))
    }

    /// mkfs.ext4 tells each write that failed.
    fn check_new(&self, fs_type: FsType, device: &Device) -> Result<()> {
        let tool = match fs_type {
            FsType::Ext4 => return Ok(()),
            FsType::Xfs => Tool::XfsRepair,
            FsType::Btrfs => Tool::Btrfs,
        };
        let checked = self.run_tool(tool, &[], device)?;
        succeeded(tool, device, &checked, |code| code == 0)
    }
}

/// mkfs.xfs and mkfs.btrfs refuse a device with a signature on it, also that of their own cut-off
/// run, and mkfs.ext4 refuses none where nobody can be asked. So both are done here: what was
/// never finished is wiped, and what is a file system is refused, whatever the caller thought.
fn make_way(device: &Device, doing: &'static str) -> Result<()> {
    let reader = blocks::reader(device, doing)?;
    match examine::file_system(&reader, doing, &device.node)? {
        None => Ok(()),
        Some(Found::Unfinished(fs_type)) => {
            tracing::info!(device = device.node, %fs_type, "wiping what a cut-off mkfs left");
            filesystem::wipe(&reader).map_err(|error| io_failed(&error, doing, &device.node))
        }
        Some(found) => {
            let detail = format!("it is not formatted, since it holds {found:?}");
            Err(Error::new(Kind::NotEmpty, doing, &device.node, detail))
        }
    }
}

/// Wipes what a failed mkfs left that looks like a file system, where it is the one with this UUID. Else, or
/// where that fails, it stays: the next stage finds it.
pub(super) fn take_away(device: &Device, uuid: &str, doing: &'static str) {
    let wiped = || -> Result<bool> {
        if !device.is_claimed() {
            return Ok(false);
        }
        let reader = blocks::reader(device, doing)?;
        let is_own = matches!(
            filesystem::probe(&reader), Ok(OnDevice::FileSystem(found)) if found.uuid_text() == uuid
        );
        if is_own {
            let wiped = filesystem::wipe(&reader);
            wiped.map_err(|error| io_failed(&error, doing, &device.node))?;
        }
        Ok(is_own)
    };
    match wiped() {
        Ok(false) => {}
        Ok(true) => tracing::info!(device = device.node, "wiped what a failed mkfs left"),
        Err(error) => {
            tracing::warn!(device = device.node, %error, "what a failed mkfs left could not be wiped");
        }
    }
}
