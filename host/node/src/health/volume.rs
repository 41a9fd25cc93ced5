//! What is wrong with a volume, as this node sees it.

use std::path::Path;

use mooring_volume::capability::FsType;
use mooring_volume::health::VolumeFault::{DataLoss, Degraded, Inaccessible};
use mooring_volume::health::VolumeFinding;

use super::{finding, nearly_full, room};
use crate::os::{self, FsFaults, FsUsage, Kind, LoopDevice, MountEntry, Opened};
use crate::record::{Access, Source, Staging, Stored};
use crate::seen::Seen;

/// What was asked of the storage below a volume.
#[derive(Debug)]
pub(crate) struct StorageLooked {
    /// How full its pool is, or why that can't be told.
    pub(crate) pool: os::Result<FsUsage>,
    /// Its image, while a device is bound to it.
    pub(crate) image: Option<ImageLooked>,
}

/// An image that a device is bound to.
#[derive(Debug)]
pub(crate) struct ImageLooked {
    /// The device.
    pub(crate) device: LoopDevice,
    /// Whether the file behind it has no name any more.
    pub(crate) deleted: bool,
    /// What stands where the image is recorded to be.
    pub(crate) there: os::Result<Opened>,
}

/// A mounted file system.
#[derive(Debug)]
pub(crate) struct FilesystemLooked {
    /// One of the volume's mounts.
    pub(crate) mount: MountEntry,
    /// What it has counted.
    pub(crate) faults: FsFaults,
    /// Whether it answers.
    pub(crate) answers: os::Result<()>,
}

/// A volume whose storage did not answer in time.
pub(crate) fn not_answering() -> VolumeFinding {
    let message = "the volume's storage does not answer, and what waits for it hangs; see whether \
                   the pool's disk or server can be reached";
    finding(Inaccessible, "StorageNotAnswering", message)
}

/// From the record and the kernel's tables alone; none where the node knows nothing of the volume.
/// While an operation changes the volume (`changing`), what is not there is no finding.
pub(crate) fn of_tables(seen: &Seen, changing: bool) -> Option<Vec<VolumeFinding>> {
    let record = match &seen.stored {
        Stored::Absent if seen.loops.is_empty() => return None,
        Stored::Absent if changing => return Some(Vec::new()),
        Stored::Absent => {
            let text = "a device is bound to the volume and its record on this node is gone; \
                        unstage the volume, which unbinds the device, and stage it again";
            return Some(vec![finding(Degraded, "RecordMissing", text)]);
        }
        Stored::Unreadable(why) => {
            let text = format!(
                "the volume's record on this node can't be read ({why}), so that the volume can't \
                 be staged or published again; unstage it, and stage it again"
            );
            return Some(vec![finding(Degraded, "RecordUnreadable", text)]);
        }
        Stored::Whole(record) => record,
    };
    let found = match (&record.staging, seen.staging()) {
        (Some(_), Some(staging)) => staged(seen, staging, changing),
        (Some(before), None) if !changing => {
            let text = format!(
                "the machine was started anew since the volume was staged at {}; stage it again",
                before.path.display()
            );
            vec![finding(Inaccessible, "NotStaged", text)]
        }
        (Some(_) | None, _) => Vec::new(),
    };
    Some(found)
}

fn staged(seen: &Seen, staging: &Staging, changing: bool) -> Vec<VolumeFinding> {
    let mut found = Vec::new();
    if !changing {
        found.extend(device_missing(seen, staging));
        if let Source::Direct { .. } = &staging.source {
            found.extend(staging.targets.keys().filter_map(|target| not_told(seen, target)));
        } else {
            let root = match staging.access {
                Access::Block => None,
                Access::Mount { .. } => Some(&staging.path),
            };
            let points = root.into_iter().chain(staging.targets.keys());
            found.extend(points.filter_map(|point| not_mounted(seen, point)));
        }
    }
    if let Some(mount) = mount_of(seen, staging) {
        found.extend(of_mount(staging, mount));
    }
    found
}

/// A mount that shows the volume's file system, if one does.
pub(crate) fn mount_of<'a>(seen: &'a Seen, staging: &Staging) -> Option<&'a MountEntry> {
    match staging.access {
        Access::Block => None,
        Access::Mount { .. } => {
            let mut points = [&staging.path].into_iter().chain(staging.targets.keys());
            points.find_map(|point| seen.stack(point).top().filter(|top| seen.own.owns(top)))
        }
    }
}

/// The device that is bound to the image that was staged, if one is.
pub(crate) fn device_of<'a>(seen: &'a Seen, staging: &Staging) -> Option<&'a LoopDevice> {
    let image = staging.source.image()?;
    seen.loops.iter().find(|it| it.backing == image.backing)
}

fn device_missing(seen: &Seen, staging: &Staging) -> Option<VolumeFinding> {
    if let (Source::Device(recorded), None) = (&staging.source, &seen.disk) {
        let text = format!(
            "the volume is staged, and its device {} was taken away from this node; see whether the \
             storage system still gives it to this node, then stop the volume's users, unstage it \
             and stage it again",
            recorded.node.display()
        );
        return Some(finding(Inaccessible, "DeviceMissing", text));
    }
    (staging.source.image().is_some() && device_of(seen, staging).is_none()).then(|| {
        let text = "the volume is staged, and no loop device is bound to its image any more; \
                    stop its users, unstage it and stage it again";
        finding(Inaccessible, "DeviceMissing", text)
    })
}

/// A running guest goes on without what its runtime was told; growth and statistics do not.
fn not_told(seen: &Seen, target: &Path) -> Option<VolumeFinding> {
    (!seen.direct.own.contains_key(target)).then(|| {
        let text = format!(
            "what told Kata's runtime of the volume at {} is gone, so that no sandbox can be \
             started with it there, and none be asked about it; end the pod and start it again",
            target.display()
        );
        finding(Degraded, "SandboxNotTold", text)
    })
}

fn not_mounted(seen: &Seen, point: &Path) -> Option<VolumeFinding> {
    let (stack, shown) = (seen.stack(point), point.display());
    match stack.top() {
        Some(top) if seen.own.owns(top) => None,
        Some(top) if stack.has_own(&seen.own) => {
            let text = format!(
                "the volume's mount at {shown} is covered by another ({}); unmount that",
                top.fs_type
            );
            Some(finding(Inaccessible, "MountCovered", text))
        }
        Some(_) | None => {
            let text = format!(
                "the volume was mounted at {shown} and is not there any more; stop what uses it \
                 there, unpublish and unstage it, and stage it again"
            );
            Some(finding(Inaccessible, "NotMounted", text))
        }
    }
}

/// What the mount table says of the file system itself.
fn of_mount(staging: &Staging, mount: &MountEntry) -> Option<VolumeFinding> {
    let wanted_readonly = match &staging.access {
        Access::Block => true,
        Access::Mount { flags, .. } => flags.readonly,
    };
    if mount.shut_down {
        Some(shut_down())
    } else if mount.root.as_os_str().as_encoded_bytes().ends_with(b"//deleted") {
        let text = "the volume's directory was deleted from its pool while it is mounted; its \
                    users see it empty, so restore it from a backup";
        Some(finding(DataLoss, "DirectoryDeleted", text))
    } else if mount.readonly_filesystem && !wanted_readonly {
        let text = "the volume was staged for writing, and its file system is read-only, as one \
                    becomes after an error, which the kernel's log tells; copy its data away, \
                    unstage it, and check its file system before it is staged again";
        Some(finding(Degraded, "FilesystemReadOnly", text))
    } else {
        None
    }
}

fn shut_down() -> VolumeFinding {
    let text = "the volume's file system was shut down after an error, which the kernel's log \
                tells, and takes neither reads nor writes; stop its users, unstage it, and stage \
                it again, which replays its log";
    finding(Inaccessible, "FilesystemShutDown", text)
}

/// What the volume's file system says of itself.
pub(crate) fn of_filesystem(looked: &FilesystemLooked) -> Vec<VolumeFinding> {
    let FilesystemLooked { mount, faults, answers } = looked;
    let silent = matches!(answers, Err(error) if error.kind == Kind::Io);
    // The mount table has said it already of one that says it there.
    let shut_down = (silent && !mount.shut_down).then(shut_down);
    shut_down.into_iter().chain(of_faults(mount, *faults)).collect()
}

/// What is below the volume's file system.
pub(crate) fn of_storage(staging: &Staging, looked: &StorageLooked) -> Vec<VolumeFinding> {
    let StorageLooked { pool, image } = looked;
    match pool {
        Ok(usage) => {
            let image = image.as_ref().and_then(|image| of_image(staging, image));
            image.into_iter().chain(of_pool(usage)).collect()
        }
        // Where the pool is gone, so is all that is in it.
        Err(error) => {
            let text = format!("the volume's pool can't be reached ({error}); mount it again");
            vec![finding(Inaccessible, "PoolUnreachable", text)]
        }
    }
}

fn of_pool(FsUsage { bytes, inodes: _ }: &FsUsage) -> Option<VolumeFinding> {
    nearly_full(bytes).then(|| {
        let text = format!(
            "the volume's pool is nearly full: {}; writes to the volume fail when it is, so make \
             room in the pool",
            room(bytes)
        );
        finding(Degraded, "PoolNearlyFull", text)
    })
}

fn of_image(staging: &Staging, looked: &ImageLooked) -> Option<VolumeFinding> {
    let ImageLooked { device, deleted, there } = looked;
    let recorded = staging.source.image()?;
    let path = recorded.root.join(recorded.below);
    let path = path.display();
    if *deleted {
        let text = format!(
            "the image {path} was deleted while it is in use, and its data are gone when the \
             volume is unstaged; copy them away before that, and do not restart the machine"
        );
        return Some(finding(DataLoss, "ImageDeleted", text));
    }
    let same = matches!(there, Ok(opened) if opened.identity == device.backing);
    match there {
        Ok(opened) if same && opened.size < device.size => {
            let text = format!(
                "the image {path} was cut to {} bytes, and its device has {}: what was behind the \
                 cut is lost; stop the volume's users, and restore it from a snapshot or a backup",
                opened.size, device.size
            );
            Some(finding(DataLoss, "ImageCut", text))
        }
        Ok(_) if same => None,
        Ok(_) => Some(moved(&format!("another file stands at {path}"))),
        Err(error) if error.kind == Kind::NotFound => Some(moved(&format!("{path} is not there"))),
        Err(error) => {
            let text = format!("the volume's image can't be looked at ({error}); check its pool");
            Some(finding(Inaccessible, "ImageUnreachable", text))
        }
    }
}

fn moved(how: &str) -> VolumeFinding {
    let text = format!(
        "{how}: the volume's image was moved away while it is in use; move it back before the \
         volume is unstaged, since it is looked for there when it is staged again"
    );
    finding(Degraded, "ImageMoved", text)
}

fn of_faults(mount: &MountEntry, faults: FsFaults) -> Vec<VolumeFinding> {
    let FsFaults { metadata, device, corrupt } = faults;
    let checker = match mount.fs_type.parse() {
        Ok(FsType::Ext4) => "e2fsck",
        Ok(FsType::Xfs) => "xfs_repair",
        Ok(FsType::Btrfs) => "btrfs scrub",
        Err(_) => "its own checker",
    };
    let mut found = Vec::new();
    if metadata > 0 {
        let text = format!(
            "the volume's file system has counted {metadata} errors in its metadata; copy its data \
             away, unstage it, and check it with {checker}, which clears the count"
        );
        found.push(finding(Degraded, "FilesystemErrors", text));
    }
    if device > 0 {
        let text = format!(
            "{device} reads or writes of the volume's device have failed; check the pool's disk, \
             then the volume with {checker} (`btrfs device stats -z` clears the count)"
        );
        found.push(finding(Degraded, "DeviceErrors", text));
    }
    if corrupt > 0 {
        let text = format!(
            "{corrupt} blocks of the volume were not what had been written to them; check it with \
             {checker}, and restore the files that it names (`btrfs device stats -z` clears the \
             count)"
        );
        found.push(finding(DataLoss, "DataDamaged", text));
    }
    found
}
