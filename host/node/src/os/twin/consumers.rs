//! What others than the program see and do: consumers of volumes through the model's mounts, its
//! storage system, and who watches it.

use std::path::{Path, PathBuf};

use super::disks::node_of;
use super::{Content, DEVTMPFS, Model, Twin, loop_id};
use crate::os::{DeviceId, MountEntry};

impl Model {
    /// The image that a consumer reaches at a path, and whether as a raw device.
    ///
    /// # Errors
    /// Why it reaches none: what it would write would go elsewhere.
    pub(crate) fn reached(&self, point: &Path) -> Result<(PathBuf, bool), String> {
        let top = self.mounts.iter().rfind(|entry| entry.point == point);
        let entry = top.ok_or("nothing is mounted there: the node's own disk is")?;
        let raw = entry.device == DEVTMPFS;
        let device = if raw { self.shown_by(entry) } else { entry.block };
        let device = device.ok_or("no device is there any more")?;
        let image = self.path_of(device).ok_or("its device is gone")?;
        Ok((image.clone(), raw))
    }

    /// The device whose node a mount shows.
    fn shown_by(&self, entry: &MountEntry) -> Option<DeviceId> {
        let loops = self.loops.keys().map(|number| loop_id(*number));
        let mut devices = loops.chain(self.disks.keys().copied());
        devices.find(|device| node_of(*device).file_name() == entry.root.file_name())
    }

    /// A consumer writes at a path, and syncs.
    ///
    /// # Errors
    /// As [`Self::reached`]; where it may not write.
    pub(crate) fn write(&mut self, point: &Path, stamp: u64) -> Result<(), String> {
        let (path, raw) = self.reached(point)?;
        let top = self.mounts.iter().rfind(|entry| entry.point == point);
        if top.is_some_and(|entry| entry.flags.readonly) {
            return Err("it is mounted read-only".to_owned());
        }
        let image = self.images.get_mut(&path).ok_or("its image is gone")?;
        if raw {
            image.content = Content::Data;
        }
        image.data = Some(stamp);
        Ok(())
    }

    /// What was written last to what is at a path.
    ///
    /// # Errors
    /// As [`Self::reached`].
    pub(crate) fn read(&self, point: &Path) -> Result<Option<u64>, String> {
        let (path, _) = self.reached(point)?;
        self.images.get(&path).map(|image| image.data).ok_or("its image is gone".to_owned())
    }

    /// Whether an image's lock is held.
    pub(crate) fn is_locked(&self, image: &Path) -> bool {
        self.open.values().any(|(open, locked)| open == image && *locked)
    }

    /// Whether a device's number stands for nothing, in any table.
    pub(crate) fn is_free(&self, device: DeviceId) -> bool {
        let node = node_of(device);
        !self.disks.contains_key(&device)
            && !self.mounts.iter().any(|entry| {
                let shows = entry.device == DEVTMPFS && entry.root.starts_with("/");
                entry.block == Some(device)
                    || entry.lost.as_ref() == Some(&node)
                    || shows && entry.root.to_string_lossy().contains(&*name_of(&node))
            })
    }
}

impl Twin {
    /// Whether the program died of what it was armed with.
    pub(crate) fn is_dead(&self) -> bool {
        self.model().dead
    }
}

fn name_of(node: &Path) -> std::borrow::Cow<'_, str> {
    node.file_name().unwrap_or_default().to_string_lossy()
}
