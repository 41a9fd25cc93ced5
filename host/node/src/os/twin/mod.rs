//! A model of a machine: mounts, loop devices, images, directories, records, locks. It behaves as
//! the kernel does in what the node's logic relies on, and can fail or crash at any call.
//!
//! What survives a crash of the program is the model; what a reboot takes away is modelled too.
//! It lacks what the logic does not look at: bytes, other processes, hanging storage.

mod consumers;
mod content;
mod direct;
mod disks;
mod files;
mod loops;
mod orders;
mod storage;
mod symptoms;

use content::found;

pub(crate) use content::Content;
pub(crate) use direct::Told;
pub(crate) use disks::Disk;
pub(crate) use storage::SMALLEST;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use super::{
    BackingFile, DeviceId, Error, FsFaults, Handles, IoLimits, Kind, LoopDevice, MountEntry,
    MountFlags, MountId, PathKind, Result,
};

/// Where the model goes wrong. Calls are numbered from 0, reads too.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// This call fails and changes nothing.
    Error(usize, Kind),
    /// This call takes effect and fails all the same.
    LateError(usize, Kind),
    /// Every call from this one on fails and changes nothing.
    Broken(usize, Kind),
    /// The program dies before this call.
    Crash(usize),
    /// The program dies after this call, before it sees the answer.
    LateCrash(usize),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Image {
    pub(crate) inode: u64,
    pub(crate) size: u64,
    pub(crate) content: Content,
    /// How often an mkfs ended on it.
    pub(crate) formatted: u32,
    pub(crate) group: Option<u32>,
    /// What a consumer wrote last.
    pub(crate) data: Option<u64>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Bound {
    pub(super) image: PathBuf,
    pub(super) description: u64,
    pub(super) label: String,
    pub(super) bound_readonly: bool,
    pub(super) readonly: bool,
    pub(super) size: u64,
}

/// The state of the machine.
#[derive(Debug, Default)]
pub(crate) struct Model {
    pub(super) boot: u64,
    pub(super) next_id: u64,
    pub(crate) mounts: Vec<MountEntry>,
    pub(super) loops: BTreeMap<u32, Bound>,
    /// Those that do not say what they are bound to.
    pub(crate) silent: BTreeSet<u32>,
    pub(crate) images: BTreeMap<PathBuf, Image>,
    /// Directories of pools and the groups that they were given to.
    pub(crate) directories: BTreeMap<PathBuf, Option<u32>>,
    /// The node's own disk.
    pub(crate) places: BTreeMap<PathBuf, PathKind>,
    pub(crate) records: BTreeMap<PathBuf, Vec<u8>>,
    /// Open file descriptions of images, and whether each holds the lock.
    pub(super) open: BTreeMap<u64, (PathBuf, bool)>,
    /// Images that another program deletes, or replaces by one of another number, at the very
    /// moment at which they are locked.
    pub(crate) fleeting: BTreeMap<PathBuf, Option<u64>>,
    /// Descriptions that a handle still refers to.
    pub(super) handles: BTreeSet<u64>,
    /// Whether storage loses the end of what mkfs writes.
    pub(crate) lossy: bool,
    /// Whether the program lacks CAP_SYS_RESOURCE.
    pub(crate) unprivileged: bool,
    /// How often an ext4 was grown by a program.
    pub(crate) grown_offline: u32,
    /// What the file systems on loop devices have counted.
    pub(crate) faults: BTreeMap<u32, FsFaults>,
    /// Mount points whose file system answers with an I/O error.
    pub(crate) broken: BTreeSet<PathBuf>,
    /// Bytes available in pools, of a TiB: half where none are named; one with none is not there.
    pub(crate) pools: BTreeMap<PathBuf, Option<u64>>,
    /// Mount points on which files are open.
    pub(crate) busy: BTreeSet<PathBuf>,
    /// Limits of devices, by number: they outlive what the number stands for.
    pub(crate) limits: BTreeMap<DeviceId, IoLimits>,
    /// Whether the machine lacks the means to limit I/O.
    pub(crate) unlimited: bool,
    /// Devices whose file systems are frozen.
    pub(crate) frozen: BTreeSet<DeviceId>,
    /// What Kata's runtime was told, by the volume's path.
    pub(crate) told: BTreeMap<PathBuf, Told>,
    /// Labels of folders that it does not see.
    pub(crate) aside: BTreeSet<String>,
    /// What the shims of sandboxes answer.
    pub(crate) shims: BTreeMap<String, Vec<u8>>,
    /// What they were asked.
    pub(crate) asked: Vec<String>,
    /// Devices of its own.
    pub(crate) disks: BTreeMap<DeviceId, Disk>,
    /// udev's links to them.
    pub(crate) links: BTreeMap<String, DeviceId>,
    /// How often SCSI hosts were to look.
    pub(crate) rescans: u32,
    /// Whether the backend can't delete for now.
    pub(crate) undeletable: bool,
    fault: Option<Fault>,
    calls: usize,
    dead: bool,
}

/// The machine, as a program sees it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Twin {
    model: Arc<Mutex<Model>>,
    storage: Arc<Storage>,
}

/// Storage that may stop answering.
#[derive(Debug, Default)]
struct Storage {
    state: Mutex<Hanging>,
    /// Told when it answers again, and when somebody begins to wait for it.
    changed: Condvar,
}

#[derive(Debug, Default)]
struct Hanging {
    hangs: bool,
    waiting: usize,
}

/// An open image, directory or device.
#[derive(Debug)]
pub(crate) struct Handle {
    model: Arc<Mutex<Model>>,
    pub(super) description: u64,
    pub(super) what: What,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum What {
    Image(PathBuf),
    Directory(PathBuf),
    Device(DeviceId),
    /// The root of a mounted file system.
    Root(DeviceId),
}

impl Drop for Handle {
    fn drop(&mut self) {
        let mut model = self.model.lock().unwrap_or_else(PoisonError::into_inner);
        model.handles.remove(&self.description);
        model.release();
    }
}

impl Handles for Twin {
    type Handle = Handle;
}

pub(super) const DISK: DeviceId = DeviceId { major: 8, minor: 1 };
pub(super) const DEVTMPFS: DeviceId = DeviceId { major: 0, minor: 5 };

pub(super) fn loop_id(number: u32) -> DeviceId {
    DeviceId { major: 7, minor: number }
}

impl Model {
    /// Closes descriptions that neither a handle nor a loop device keeps.
    fn release(&mut self) {
        let Self { open, handles, loops, .. } = self;
        open.retain(|id, _| {
            handles.contains(id) || loops.values().any(|bound| bound.description == *id)
        });
    }

    /// How many open file descriptions, of handles or loop devices, hold an image's lock.
    pub(crate) fn locks(&self) -> usize {
        self.open.values().filter(|(_, locked)| *locked).count()
    }

    /// Unbinds all loop devices, as another program would.
    pub(crate) fn cut_loops(&mut self) {
        self.loops.clear();
        self.release();
    }

    pub(super) fn id(&mut self) -> u64 {
        self.next_id += 1;
        self.next_id
    }

    pub(super) fn backing(&self, image: &Path) -> Option<BackingFile> {
        self.images.get(image).map(|image| BackingFile { device: 8, inode: image.inode })
    }

    pub(super) fn device(&self, number: u32) -> Option<LoopDevice> {
        let bound = self.loops.get(&number)?;
        Some(LoopDevice {
            number,
            device: loop_id(number),
            backing: self.backing(&bound.image)?,
            label: bound.label.clone(),
            readonly: bound.bound_readonly,
            size: bound.size,
        })
    }

    /// The image that a device shows.
    pub(super) fn path_of(&self, device: DeviceId) -> Option<&PathBuf> {
        if device.major == loop_id(0).major {
            return self.loops.get(&device.minor).map(|bound| &bound.image);
        }
        self.disks.get(&device).map(|disk| &disk.image)
    }

    pub(super) fn image_of(&mut self, device: DeviceId) -> Option<&mut Image> {
        let path = self.path_of(device)?.clone();
        self.images.get_mut(&path)
    }

    fn boot_mounts(&mut self) {
        self.mounts = Vec::new();
        for (device, point, fs_type) in [(DISK, "/", "ext4"), (DEVTMPFS, "/dev", "devtmpfs")] {
            let id = self.id();
            self.mounts.push(MountEntry {
                id: MountId(id),
                parent: MountId(0),
                device,
                block: (device == DISK).then_some(DISK),
                lost: None,
                root: "/".into(),
                point: point.into(),
                fs_type: fs_type.into(),
                flags: MountFlags::default(),
                readonly_filesystem: false,
                shut_down: false,
                discards: false,
            });
        }
    }
}

impl Twin {
    /// A machine that has just started.
    pub(crate) fn new() -> Self {
        let twin = Self::default();
        let mut model = twin.model();
        model.boot_mounts();
        drop(model);
        twin
    }

    /// The state, to arrange and to look at.
    pub(crate) fn model(&self) -> MutexGuard<'_, Model> {
        self.model.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets calls go wrong from now on; they are counted from 0 again.
    pub(crate) fn arm(&self, fault: Option<Fault>) {
        let mut model = self.model();
        (model.fault, model.calls, model.dead) = (fault, 0, false);
    }

    /// Calls since [`Self::arm`].
    pub(crate) fn calls(&self) -> usize {
        self.model().calls
    }

    /// Makes mounted file systems hang, or answer again.
    pub(crate) fn hang(&self, hangs: bool) {
        self.hanging().hangs = hangs;
        self.storage.changed.notify_all();
    }

    /// Threads that wait for the storage.
    pub(crate) fn waiting(&self) -> usize {
        self.hanging().waiting
    }

    /// Until as many threads wait for the storage.
    pub(crate) fn until_waiting(&self, threads: usize) {
        let state = self.hanging();
        let reached = self.storage.changed.wait_while(state, |state| state.waiting < threads);
        drop(reached.unwrap_or_else(PoisonError::into_inner));
    }

    fn hanging(&self) -> MutexGuard<'_, Hanging> {
        self.storage.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until the storage answers.
    pub(super) fn wait(&self) {
        let mut state = self.hanging();
        state.waiting += 1;
        self.storage.changed.notify_all();
        let answered = self.storage.changed.wait_while(state, |state| state.hangs);
        answered.unwrap_or_else(PoisonError::into_inner).waiting -= 1;
    }

    /// Takes away what a reboot takes away.
    pub(crate) fn reboot(&self) {
        let mut model = self.model();
        model.boot += 1;
        model.loops.clear();
        model.busy.clear();
        model.limits.clear();
        model.frozen.clear();
        // Their numbers are given anew.
        for disk in model.disks.values_mut() {
            (disk.sequence, disk.readonly) = (disk.sequence + 1000, false);
        }
        (model.told, model.aside) = Default::default(); // They are below /run.
        model.boot_mounts();
        model.release();
    }

    pub(super) fn handle(&self, model: &mut Model, what: What) -> Handle {
        let description = model.id();
        if let What::Image(path) = &what {
            model.open.insert(description, (path.clone(), false));
        }
        model.handles.insert(description);
        Handle { model: Arc::clone(&self.model), description, what }
    }

    /// One call, at which the model may go wrong.
    pub(super) fn call<T>(
        &self,
        doing: &'static str,
        act: impl FnOnce(&mut Model) -> Result<T>,
    ) -> Result<T> {
        let mut model = self.model();
        let gone = || Error::new(Kind::Other, doing, "the machine", "the program is dead");
        let wrong = |kind| Error::new(kind, doing, "the machine", "an injected fault");
        if model.dead {
            return Err(gone());
        }
        let call = model.calls;
        model.calls += 1;
        match model.fault {
            Some(Fault::Error(at, kind)) if at == call => Err(wrong(kind)),
            Some(Fault::Broken(from, kind)) if call >= from => Err(wrong(kind)),
            Some(Fault::LateError(at, kind)) if at == call => {
                let made = act(&mut model);
                // A handle in it closes itself, which takes the lock.
                drop(model);
                drop(made);
                Err(wrong(kind))
            }
            Some(Fault::Crash(at)) if at == call => {
                model.dead = true;
                Err(gone())
            }
            Some(Fault::LateCrash(at)) if at == call => {
                let made = act(&mut model);
                model.dead = true;
                drop(model);
                drop(made);
                Err(gone())
            }
            Some(
                Fault::Error(..)
                | Fault::LateError(..)
                | Fault::Broken(..)
                | Fault::Crash(_)
                | Fault::LateCrash(_),
            )
            | None => act(&mut model),
        }
    }
}

pub(super) fn fail<T>(kind: Kind, doing: &'static str, object: &Path) -> Result<T> {
    Err(Error::new(kind, doing, object.display(), format!("{kind:?}")))
}
