//! NodeExpandVolume: takes a grown image into use. Every part of it can be repeated.

use std::path::Path;

use mooring_volume::capability::FsType;
use mooring_volume::node::ExpandNode;
use mooring_volume::{Error, Result};

use super::Inner;
use super::sandbox;
use super::stats::on_node;
use crate::os::{self, Kind, LoopDevice, Machine};
use crate::record::{Access, DirectSource, Source, Staging};
use crate::seen::Seen;
use crate::steps::has_room;

impl<M: Machine> Inner<M> {
    /// Answers the device's size in bytes; for a directory, which has none, what was asked for.
    pub(super) fn expand(&self, request: &ExpandNode) -> Result<u64> {
        let path = self.known_as(&request.volume_path)?;
        let actual = self.actual(&request.volume_id)?;
        let _held = self.hold_actual(&request.volume_id, &actual)?;
        let seen = self.seen(&actual)?;
        let staging = on_node(&seen, &request.volume_id, &path)?;
        let required = request.capacity.and_then(|range| range.required());
        if let Source::Direct { device: DirectSource::Linked { .. }, .. } = &staging.source {
            return self.expand_linked(&seen, staging, &path, required);
        }
        let gone = || {
            Error::precondition(format!(
                "volume {} is attached to no device any more; stage it again",
                request.volume_id
            ))
        };
        let size = match &staging.source {
            Source::Directory { .. } => return Ok(required.unwrap_or(0)),
            Source::Device(recorded) => {
                let disk = seen.disk.as_ref().ok_or_else(gone)?;
                if recorded.rescan {
                    self.os.rescan_device(disk.device)?;
                }
                self.os.device_size(disk.device)?
            }
            Source::Image { .. } | Source::Direct { .. } => {
                self.grow_device(staging, seen.loops.first().ok_or_else(gone)?)?
            }
        };
        check_grown(size, required)?;
        if let Source::Direct { .. } = &staging.source {
            self.sandbox_grow(&seen, size)?;
            return Ok(size);
        }
        if let Access::Mount { fs_type: Some(fs_type), .. } = &staging.access {
            self.grow_filesystem(&seen, staging, *fs_type, size)?;
        }
        Ok(size)
    }

    /// A device that the node has by itself is grown by the storage system.
    fn expand_linked(
        &self,
        seen: &Seen,
        staging: &Staging,
        path: &Path,
        required: Option<u64>,
    ) -> Result<u64> {
        let Source::Direct { device, .. } = &staging.source else {
            return Err(Error::internal("the volume has no device of the node's own"));
        };
        let size = self.os.device_size(sandbox::device(seen, device, path)?)?;
        check_grown(size, required)?;
        self.sandbox_grow(seen, size)?;
        Ok(size)
    }

    fn grow_device(&self, staging: &Staging, device: &LoopDevice) -> Result<u64> {
        let (Source::Image { root, below, backing }
        | Source::Direct { device: DirectSource::Image { root, below, backing }, .. }) =
            &staging.source
        else {
            return Ok(device.size);
        };
        let image = self.os.open_image(root, below, true)?;
        let image = self.os.describe(&image)?;
        if image.identity != *backing || device.backing != *backing || image.size < device.size {
            return Err(Error::precondition(format!(
                "/dev/loop{} has {} bytes of the image that was staged, and {} is another image \
                 or a smaller one; nothing was changed",
                device.number,
                device.size,
                image.path.display()
            )));
        }
        if device.size < image.size / 512 * 512 {
            self.os.refresh_loop(device)?;
        }
        Ok(self.os.device_size(device.device)?)
    }

    fn grow_filesystem(
        &self,
        seen: &Seen,
        staging: &Staging,
        fs_type: FsType,
        size: u64,
    ) -> Result<()> {
        let mounted = seen.stack(&staging.path).top().filter(|top| seen.own.owns(top));
        let mounted = mounted.ok_or_else(|| {
            Error::precondition(format!(
                "nothing of the volume is mounted at {} any more; stage it again",
                staging.path.display()
            ))
        })?;
        if !has_room(self.os.filesystem_size(&mounted.reference(), fs_type)?, size) {
            return Ok(());
        }
        if mounted.readonly_filesystem {
            return Err(Error::precondition(
                "the volume is staged read-only, so its file system can't grow; it does when it is \
                 staged read-write",
            ));
        }
        self.os.grow_mounted(&mounted.reference(), fs_type).map_err(|error| refused(error, fs_type))
    }
}

fn check_grown(size: u64, required: Option<u64>) -> Result<()> {
    match required.filter(|required| *required > size) {
        None => Ok(()),
        Some(required) => Err(Error::precondition(format!(
            "the volume's device has {size} bytes, and {required} are required; the backend has to \
             grow it first (ControllerExpandVolume)"
        ))),
    }
}

fn refused(error: os::Error, fs_type: FsType) -> Error {
    if error.kind == Kind::Denied && fs_type == FsType::Ext4 {
        Error::precondition(format!(
            "{error}: a mounted ext4 grows only for a process with CAP_SYS_RESOURCE, which this \
             node lacks; grant it, or let the volume be staged again: that grows it"
        ))
    } else {
        error.into()
    }
}
