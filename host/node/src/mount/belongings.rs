//! Which mounts are a volume's own: proven by what they show, never by where they are.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use crate::mount::Origin;
use crate::os::{DeviceId, LoopDevice, MountEntry, SilentLoop};
use crate::record::{Source, Staging};

/// All that mounts of one volume can show.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Belongings {
    /// Its block devices: file systems on them are its own.
    devices: Vec<DeviceId>,
    /// Nodes of devices that are gone: file systems on them are its own.
    lost: Vec<PathBuf>,
    /// Its device nodes and its directory: binds of exactly these are its own.
    exact: Vec<Origin>,
    /// Binds that are its own at these places alone.
    placed: Vec<(PathBuf, Origin)>,
    /// The driver's directories of its pools, where the record can't be read: a mount of any of
    /// them, on the path that the orchestrator names for teardown, is taken for the volume's.
    within: Vec<Origin>,
    /// Likewise the devices that the driver may use, and their nodes.
    possible: Vec<DeviceId>,
    possible_nodes: Vec<Origin>,
}

impl Belongings {
    /// From what the kernel says of loop devices with the volume's label, and what its record of
    /// this boot says. `directories` are those of [`Self::within`].
    pub(crate) fn of(
        loops: &[LoopDevice],
        staging: Option<&Staging>,
        directories: &[PathBuf],
        mounts: &[MountEntry],
    ) -> Self {
        let mut exact: Vec<Origin> =
            loops.iter().filter_map(|device| Origin::of(mounts, &node_of(device.number))).collect();
        match staging.map(|staging| &staging.source) {
            Some(Source::Directory { origin, .. }) => exact.push(origin.clone()),
            Some(Source::Image { .. } | Source::Device(_) | Source::Direct { .. }) | None => {}
        }
        let within = directories.iter().filter_map(|path| Origin::of(mounts, path)).collect();
        let devices = loops.iter().map(|device| device.device).collect();
        Self { devices, exact, within, ..Self::default() }
    }

    /// Adds what a directory's mounts show.
    pub(crate) fn add(&mut self, origin: Origin) {
        self.exact.push(origin);
    }

    /// Adds a loop device that does not answer.
    pub(crate) fn add_silent(&mut self, mounts: &[MountEntry], silent: &SilentLoop) {
        self.devices.push(silent.device);
        self.exact.extend(Origin::of(mounts, &node_of(silent.number)));
    }

    /// Adds a device of the node's own that is there: its number is no other's.
    pub(crate) fn add_device(&mut self, mounts: &[MountEntry], device: DeviceId, node: &Path) {
        self.devices.push(device);
        self.lost.push(node.to_owned());
        self.exact.extend(Origin::of(mounts, node));
    }

    /// Adds what is left of a device that is gone. Its number may have been another's since, which is gone
    /// as well: unless a file system on it was mounted all the time, which one at a place of the record
    /// shows. Of a node's binds those at such places alone are certain.
    pub(crate) fn add_gone(
        &mut self,
        mounts: &[MountEntry],
        (device, node): (DeviceId, &Path),
        staging: &Staging,
    ) {
        let placed = |entry: &MountEntry| {
            entry.is_at(&staging.path) || staging.targets.contains_key(&entry.point)
        };
        let on_it =
            |entry: &MountEntry| entry.block == Some(device) || entry.lost.as_deref() == Some(node);
        if mounts.iter().any(|entry| on_it(entry) && placed(entry)) {
            self.devices.push(device);
            self.lost.push(node.to_owned());
        }
        let Some(origin) = Origin::of(mounts, node) else { return };
        self.placed.extend(staging.targets.keys().map(|target| (target.clone(), origin.clone())));
    }

    /// Adds what is left of a device whose number and node are another's by now: binds of its node
    /// that the mount table marks as deleted, and those where the volume was published.
    pub(crate) fn add_former<'a>(
        &mut self,
        mounts: &[MountEntry],
        node: &Path,
        targets: impl Iterator<Item = &'a PathBuf>,
    ) {
        let Some(origin) = Origin::of(mounts, node) else { return };
        self.placed.extend(targets.map(|target| (target.clone(), origin.clone())));
        let mut root: OsString = origin.root.into();
        root.push("//deleted");
        self.exact.push(Origin { root: root.into(), ..origin });
    }

    /// Adds a device that may be the volume's, where the record can't be read.
    pub(crate) fn add_possible(&mut self, mounts: &[MountEntry], device: DeviceId, node: &Path) {
        self.possible.push(device);
        self.possible_nodes.extend(Origin::of(mounts, node));
    }

    /// Whether a mount is the volume's, for certain.
    pub(crate) fn owns(&self, entry: &MountEntry) -> bool {
        entry.block.is_some_and(|block| self.devices.contains(&block))
            || entry.lost.as_ref().is_some_and(|node| self.lost.contains(node))
            || self.exact.iter().any(|origin| origin.is_shown_by(entry))
            || self.placed.iter().any(|(at, origin)| entry.is_at(at) && origin.is_shown_by(entry))
    }

    /// Whether a mount on the path that the orchestrator names for teardown is to be taken for the
    /// volume's.
    pub(crate) fn may_own(&self, entry: &MountEntry) -> bool {
        self.owns(entry)
            || self.within.iter().any(|origin| origin.holds(entry))
            || entry.block.is_some_and(|block| self.possible.contains(&block))
            || self.possible_nodes.iter().any(|origin| origin.is_shown_by(entry))
    }

    /// The volume's mount that a path lies in, if it does.
    pub(crate) fn around<'a>(
        &self,
        mounts: &'a [MountEntry],
        path: &Path,
    ) -> Option<&'a MountEntry> {
        mounts.iter().find(|e| path.starts_with(&e.point) && !e.is_at(path) && self.owns(e))
    }
}

/// Where the kernel keeps a loop device's node.
pub(crate) fn node_of(number: u32) -> PathBuf {
    PathBuf::from(format!("/dev/loop{number}"))
}
