//! The model's limits and frozen file systems.

use std::path::Path;

use super::{DeviceId, Handle, Twin, What, fail};
use crate::os::{Freezing, IoLimits, Kind, MountRef, Result, Throttling};

impl Throttling for Twin {
    fn io_limits(&self, device: DeviceId) -> Result<Option<IoLimits>> {
        self.call("reading limits", |model| {
            Ok(Some(model.limits.get(&device).copied().unwrap_or_default()))
        })
    }

    fn set_io_limits(&self, device: DeviceId, limits: &IoLimits) -> Result<()> {
        self.call("limiting", |model| {
            if limits.is_empty() {
                model.limits.remove(&device);
            } else if model.unlimited {
                return fail(Kind::Unsupported, "limiting", Path::new("a device"));
            } else {
                model.limits.insert(device, *limits);
            }
            Ok(())
        })
    }

    fn set_discard(&self, mount: &MountRef, discard: bool) -> Result<()> {
        self.call("setting discards", |model| {
            let entry = model.current(mount)?;
            if entry.fs_type == "xfs" && entry.discards != discard {
                return fail(Kind::Unsupported, "setting discards", &mount.point);
            }
            for other in &mut model.mounts {
                if other.block == entry.block {
                    other.discards = discard;
                }
            }
            Ok(())
        })
    }
}

fn root_of(handle: &Handle) -> Result<DeviceId> {
    match handle.what {
        What::Root(device) => Ok(device),
        What::Image(_) | What::Directory(_) | What::Device(_) => {
            fail(Kind::WrongType, "freezing", Path::new("no root"))
        }
    }
}

impl Freezing for Twin {
    fn open_root(&self, mount: &MountRef) -> Result<Handle> {
        self.call("opening a root", |model| {
            let Some(device) = model.current(mount)?.block else {
                return fail(Kind::WrongType, "opening a root", &mount.point);
            };
            Ok(self.handle(model, What::Root(device)))
        })
    }

    fn flush(&self, root: &Handle) -> Result<()> {
        self.wait();
        self.call("syncing", |_| root_of(root).map(drop))
    }

    fn freeze(&self, root: &Handle) -> Result<()> {
        let device = root_of(root)?;
        self.call("freezing", |model| {
            if model.frozen.insert(device) {
                Ok(())
            } else {
                fail(Kind::Busy, "freezing", Path::new("a frozen file system"))
            }
        })
    }

    fn thaw(&self, root: &Handle) -> Result<bool> {
        let device = root_of(root)?;
        self.call("thawing", |model| Ok(model.frozen.remove(&device)))
    }
}
