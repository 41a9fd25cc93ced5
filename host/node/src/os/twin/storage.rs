//! The model's devices, programs, mounts and mounted file systems.

use std::path::{Path, PathBuf};

use mooring_volume::capability::FsType;

use super::disks::node_of;
use super::{
    Bound, Content, DEVTMPFS, DISK, Handle, Image, Model, Twin, What, fail, found, loop_id,
};
use crate::mount::Origin;
use crate::os::{
    BindSource, BlockDevices, DeviceId, Found, FsUsage, Kind, Measure, MountEntry, MountFlags,
    MountId, MountRef, MountedFilesystems, Mounts, PathKind, Programs, Result,
};

fn image(model: &mut Model, device: DeviceId) -> Result<&mut Image> {
    match model.image_of(device) {
        Some(image) => Ok(image),
        None => fail(Kind::NotFound, "using", Path::new("an unbound device")),
    }
}

impl BlockDevices for Twin {
    fn open_exclusive(&self, device: DeviceId) -> Result<Handle> {
        self.call("opening device", |model| {
            image(model, device)?;
            if model.mounts.iter().any(|entry| entry.block == Some(device)) {
                return fail(Kind::Busy, "opening", Path::new("a mounted device"));
            }
            if model.disks.get(&device).is_some_and(|disk| disk.held) {
                return fail(Kind::Busy, "opening", Path::new("a device that another has"));
            }
            Ok(self.handle(model, What::Device(device)))
        })
    }

    fn probe_device(&self, device: &Handle, _image: Option<&Handle>) -> Result<Found> {
        let device = device_of(device)?;
        self.call("reading device", |model| found(image(model, device)?.content))
    }

    fn holds(&self, device: &Handle, fs_type: FsType) -> Result<bool> {
        let device = device_of(device)?;
        self.call("reading device", |model| {
            let found = found(image(model, device)?.content)?;
            Ok(matches!(found, Found::FileSystem(made) if made.fs_type == fs_type))
        })
    }

    fn device_size(&self, device: DeviceId) -> Result<u64> {
        self.call("measuring device", |model| {
            let bound = model.bound(device).map(|bound| bound.size);
            match bound.or_else(|| model.disks.get(&device).map(|disk| disk.size)) {
                Some(size) => Ok(size),
                None => fail(Kind::NotFound, "measuring", Path::new("a device")),
            }
        })
    }

    fn is_device_readonly(&self, device: DeviceId) -> Result<bool> {
        self.call("asking device", |model| {
            let bound = model.bound(device).is_some_and(|bound| bound.readonly);
            Ok(bound || model.disks.get(&device).is_some_and(|disk| disk.readonly))
        })
    }

    fn set_device_readonly(&self, device: DeviceId, readonly: bool) -> Result<()> {
        self.call("setting device", |model| {
            if let Some(disk) = model.disks.get_mut(&device) {
                disk.readonly = readonly;
            } else if let Some(bound) = model.bound(device) {
                bound.readonly = readonly;
            } else {
                return fail(Kind::NotFound, "setting", Path::new("a device"));
            }
            Ok(())
        })
    }

    fn device_node(&self, device: DeviceId) -> Result<PathBuf> {
        self.call("finding device", |_| Ok(node_of(device)))
    }
}

fn device_of(handle: &Handle) -> Result<DeviceId> {
    match handle.what {
        What::Device(device) => Ok(device),
        What::Image(_) | What::Directory(_) | What::Root(_) => {
            fail(Kind::WrongType, "using", Path::new("no device"))
        }
    }
}

/// As `smallest` answers of every file system.
pub(crate) const SMALLEST: u64 = 1 << 20;

impl Programs for Twin {
    fn smallest(&self, _fs_type: FsType) -> u64 {
        SMALLEST
    }

    fn make_filesystem(&self, device: &Handle, fs_type: FsType) -> Result<()> {
        let device = device_of(device)?;
        // Two calls, so that it can be cut off.
        self.call("beginning mkfs", |model| {
            let image = image(model, device)?;
            if matches!(image.content, Content::Finished(..) | Content::Foreign) {
                return fail(Kind::Program { code: Some(1) }, "mkfs", Path::new("a used device"));
            }
            (image.content, image.data) = (Content::Partial(fs_type), None);
            Ok(())
        })?;
        self.call("ending mkfs", |model| {
            if model.lossy {
                return Ok(());
            }
            let image = image(model, device)?;
            let uuid = u8::try_from(image.inode % 256).unwrap_or_default();
            image.content = Content::Finished(fs_type, image.size, uuid);
            image.formatted += 1;
            Ok(())
        })
    }

    fn grow_ext4_offline(&self, device: &Handle) -> Result<()> {
        let device = device_of(device)?;
        self.call("growing", |model| {
            model.grown_offline += 1;
            grow(image(model, device)?)
        })
    }
}

fn grow(image: &mut Image) -> Result<()> {
    let Content::Finished(fs_type, _, uuid) = image.content else {
        return fail(Kind::Io, "growing", Path::new("no file system"));
    };
    image.content = Content::Finished(fs_type, image.size, uuid);
    Ok(())
}

impl Model {
    fn bound(&mut self, device: DeviceId) -> Option<&mut Bound> {
        self.loops.get_mut(&device.minor).filter(|_| device.major == loop_id(0).major)
    }

    fn top(&self, point: &Path) -> Option<&MountEntry> {
        self.mounts.iter().rfind(|entry| entry.point == point)
    }

    fn check_place(&self, target: &Path, wanted: PathKind) -> Result<()> {
        match self.places.get(target) {
            Some(kind) if *kind == wanted => Ok(()),
            Some(_) => fail(Kind::WrongType, "mounting", target),
            None => fail(Kind::NotFound, "mounting", target),
        }
    }

    /// Puts a mount on a path; the rest of the entry is `like`'s.
    pub(crate) fn put(&mut self, like: MountEntry, target: &Path, flags: MountFlags) {
        let id = MountId(self.id());
        self.mounts.push(MountEntry { id, point: target.to_owned(), flags, ..like });
    }

    pub(super) fn current(&mut self, mount: &MountRef) -> Result<MountEntry> {
        match self.top(&mount.point) {
            Some(top) if top.id == mount.id => Ok(top.clone()),
            Some(_) | None => fail(Kind::Changed, "using", &mount.point),
        }
    }

    fn twin_of(&self, content: Content, device: DeviceId) -> bool {
        let Content::Finished(FsType::Xfs, _, uuid) = content else { return false };
        self.mounts.iter().filter_map(|entry| entry.block).any(|other| {
            let image = self.path_of(other).and_then(|path| self.images.get(path));
            other != device
                && other != DISK
                && image.is_some_and(
                    |image| matches!(image.content, Content::Finished(_, _, id) if id == uuid),
                )
        })
    }
}

impl Mounts for Twin {
    fn mounts(&self) -> Result<Vec<MountEntry>> {
        self.call("reading mounts", |model| Ok(model.mounts.clone()))
    }

    fn mount_device(
        &self,
        device: DeviceId,
        fs_type: FsType,
        target: &Path,
        flags: MountFlags,
        options: &[String],
    ) -> Result<()> {
        self.call("mounting", |model| {
            model.check_place(target, PathKind::Directory)?;
            let content = image(model, device)?.content;
            let same_uuid = model.twin_of(content, device) && !options.contains(&"nouuid".into());
            if !matches!(content, Content::Finished(there, ..) if there == fs_type) || same_uuid {
                return fail(Kind::Other, "mounting", target);
            }
            // btrfs has an anonymous number in the mount table.
            let anonymous = DeviceId { major: 0, minor: 100 + device.minor };
            let entry = MountEntry {
                id: MountId(0),
                parent: MountId(1),
                device: if fs_type == FsType::Btrfs { anonymous } else { device },
                block: Some(device),
                lost: None,
                root: "/".into(),
                point: target.to_owned(),
                fs_type: fs_type.to_string(),
                flags,
                readonly_filesystem: flags.readonly,
                shut_down: false,
                discards: options
                    .iter()
                    .rfind(|o| o.contains("discard"))
                    .is_some_and(|o| !o.starts_with("no")),
            };
            model.put(entry, target, flags);
            Ok(())
        })
    }

    fn bind(&self, source: BindSource<'_, Handle>, target: &Path, flags: MountFlags) -> Result<()> {
        self.call("binding", |model| {
            let (entry, place) = match source {
                BindSource::Mount(mount) => (model.current(mount)?, PathKind::Directory),
                BindSource::Directory(handle) => {
                    let What::Directory(path) = &handle.what else {
                        return fail(Kind::WrongType, "binding", target);
                    };
                    (shown(model, path)?, PathKind::Directory)
                }
                BindSource::DeviceNode(device) => {
                    image(model, device)?;
                    let node = node_of(device);
                    let entry = MountEntry { device: DEVTMPFS, ..shown(model, &node)? };
                    (entry, PathKind::File)
                }
            };
            model.check_place(target, place)?;
            model.put(entry, target, flags);
            Ok(())
        })
    }

    fn unmount(&self, mount: &MountRef) -> Result<()> {
        self.call("unmounting", |model| {
            if !model.mounts.iter().any(|entry| entry.id == mount.id) {
                return Ok(());
            }
            model.current(mount)?;
            if model.busy.contains(&mount.point) {
                return fail(Kind::Busy, "unmounting", &mount.point);
            }
            model.mounts.retain(|entry| entry.id != mount.id);
            Ok(())
        })
    }
}

/// A bind's entry for a path of the node's own disk or of /dev.
fn shown(model: &Model, path: &Path) -> Result<MountEntry> {
    let origin = Origin::of(&model.mounts, path);
    match (origin, model.mounts.first()) {
        (Some(Origin { device, root }), Some(like)) => {
            Ok(MountEntry { device, root, block: None, ..like.clone() })
        }
        _ => fail(Kind::NotFound, "binding", path),
    }
}

impl Twin {
    pub(super) fn on_mount<T>(
        &self,
        doing: &'static str,
        mount: &MountRef,
        act: impl FnOnce(&mut Model, MountEntry) -> Result<T>,
    ) -> Result<T> {
        self.wait();
        self.call(doing, |model| {
            let entry = model.current(mount)?;
            act(model, entry)
        })
    }
}

fn carried(model: &mut Model, entry: &MountEntry) -> Result<(u64, Content)> {
    match entry.block {
        Some(device) => image(model, device).map(|image| (image.size, image.content)),
        None => fail(Kind::Unsupported, "asking", &entry.point),
    }
}

impl MountedFilesystems for Twin {
    fn filesystem_size(&self, mount: &MountRef, _fs_type: FsType) -> Result<u64> {
        self.on_mount("measuring a file system", mount, |model, entry| {
            match carried(model, &entry)? {
                (_, Content::Finished(_, size, _)) => Ok(size),
                _ => fail(Kind::Io, "measuring", &entry.point),
            }
        })
    }

    fn may_grow_mounted_ext4(&self) -> bool {
        !self.model().unprivileged
    }

    fn grow_mounted(&self, mount: &MountRef, fs_type: FsType) -> Result<()> {
        self.on_mount("growing a file system", mount, |model, entry| {
            if fs_type == FsType::Ext4 && model.unprivileged {
                return fail(Kind::Denied, "growing", &entry.point);
            }
            match entry.block {
                Some(device) => grow(image(model, device)?),
                None => fail(Kind::Unsupported, "growing", &entry.point),
            }
        })
    }

    fn usage(&self, mount: &MountRef) -> Result<FsUsage> {
        self.on_mount("asking a file system", mount, |model, entry| {
            let total = carried(model, &entry).map_or(1 << 40, |(size, _)| size);
            let measure = Measure { total, available: total / 2, used: total / 2 };
            Ok(FsUsage { bytes: measure, inodes: measure })
        })
    }

    fn give_to_group(&self, mount: &MountRef, group: u32) -> Result<()> {
        self.on_mount("giving a directory away", mount, |model, entry| {
            if let Some(device) = entry.block {
                image(model, device)?.group = Some(group);
            } else if let Some(owner) = model.directories.get_mut(&entry.root) {
                *owner = Some(group);
            }
            Ok(())
        })
    }
}
