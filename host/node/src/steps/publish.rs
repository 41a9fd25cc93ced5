//! Publishing: what is missing between what was seen and a staged volume that appears at a target.
//!
//! Invariant: nothing is bound but the root of a mount that is proven to be this volume's, or the
//! node of a device that carries this volume's label or is the one in its record. A staging path with nothing mounted on it,
//! or with anything else, is refused: a pod would write to the node's own disk. So is a staging whose device is gone, as a mount
//! outlives that: a pod would get I/O errors, and what it writes would be lost.

use std::path::{Path, PathBuf};

use mooring_volume::capability::AccessMode;
use mooring_volume::{Error, Result};

use super::{Step, direct};
use crate::attach::Ready;
use crate::options::Options;
use crate::os::{DeviceId, MountEntry, MountFlags, PathKind};
use crate::record::{Access, Record, Source, Staging, Target};
use crate::seen::{Place, Seen};

/// What is asked for.
#[derive(Debug, Clone)]
pub(crate) struct PublishWish {
    /// Where the volume is staged, as in the mount table.
    pub(crate) staging: PathBuf,
    /// Where it shall appear, as in the mount table.
    pub(crate) target: PathBuf,
    /// What shall appear.
    pub(crate) access: PublishedAccess,
    /// Who writes.
    pub(crate) mode: AccessMode,
    /// No writes through this target.
    pub(crate) readonly: bool,
    /// The volume's label.
    pub(crate) label: String,
    /// The device, for a sandbox that mounts it.
    pub(crate) ready: Option<Ready>,
}

/// What shall appear.
#[derive(Debug, Clone)]
pub(crate) enum PublishedAccess {
    /// A raw device, as a file.
    Block,
    /// A directory.
    Mount {
        /// Checked.
        options: Options,
        /// For the root directory.
        group: Option<u32>,
    },
}

/// The steps from `seen` to `wish`; `place` is what stands at the target.
///
/// # Errors
/// `FailedPrecondition` where the volume is not staged at the staging path or its device is gone, the
/// target is taken, or its mode allows one target only; `AlreadyExists` where it is published there
/// otherwise.
pub(crate) fn publish(seen: &Seen, wish: &PublishWish, place: Place) -> Result<Vec<Step>> {
    let staging = staged_at(seen, &wish.staging)?;
    check_device(seen, staging)?;
    check_single(seen, staging, wish)?;
    if let Some(around) = seen.own.around(&seen.mounts, &wish.target) {
        return Err(Error::invalid(format!(
            "target_path {} lies inside the volume itself, mounted at {}",
            wish.target.display(),
            around.point.display()
        )));
    }
    if let (Source::Direct { device, metadata, blank }, PublishedAccess::Mount { options, group }) =
        (&staging.source, &wish.access)
    {
        check_options(staging, options)?;
        let staged = direct::Staged { staging, device, metadata, blank: *blank };
        return direct::publish(seen, staged, wish, place, (options, *group));
    }
    match (&staging.access, &wish.access) {
        (Access::Block, PublishedAccess::Block) => block(seen, staging, wish, place),
        (Access::Mount { .. }, PublishedAccess::Mount { options, group }) => {
            mount(seen, staging, wish, place, (options, *group))
        }
        (Access::Block, PublishedAccess::Mount { .. }) => {
            Err(other_access(staging, wish, "a mount", "a block device"))
        }
        (Access::Mount { .. }, PublishedAccess::Block) => {
            Err(other_access(staging, wish, "a block device", "a mount"))
        }
    }
}

fn other_access(staging: &Staging, wish: &PublishWish, asked: &str, is: &str) -> Error {
    let why = format!("volume_capability asks for {asked}, and the volume is staged as {is}");
    if staging.targets.contains_key(&wish.target) {
        Error::already_exists(format!("{why} and published there as such"))
    } else {
        Error::invalid(why)
    }
}

fn staged_at<'a>(seen: &'a Seen, path: &Path) -> Result<&'a Staging> {
    match seen.staging() {
        Some(staging) if staging.path == path => Ok(staging),
        Some(staging) => Err(Error::precondition(format!(
            "volume {} is staged at {}, not at staging_target_path {}",
            seen.volume,
            staging.path.display(),
            path.display()
        ))),
        None => Err(Error::precondition(format!(
            "volume {} is not staged on this node; NodeStageVolume comes first",
            seen.volume
        ))),
    }
}

/// That a device of the node's own is there still. A storage system may take it away while it is staged,
/// and give it back under another number, of which the staging knows nothing; and an orchestrator that
/// believes the volume staged does not stage it again by itself.
fn check_device(seen: &Seen, staging: &Staging) -> Result<()> {
    match &staging.source {
        Source::Device(recorded) if seen.disk.is_none() => Err(Error::precondition(format!(
            "the device {} of volume {} was taken from this node after the volume was staged, so \
             nothing is published; delete the pods that use the volume on this node, so that it is \
             unstaged, and then start them again: that stages it with the device that it has now",
            recorded.node.display(),
            seen.volume
        ))),
        Source::Device(_)
        | Source::Image { .. }
        | Source::Directory { .. }
        | Source::Direct { .. } => Ok(()),
    }
}

/// The modes that allow one target only, whether the mode is the new or the old publication's.
fn check_single(seen: &Seen, staging: &Staging, wish: &PublishWish) -> Result<()> {
    let other = staging.targets.iter().find(|(path, target)| {
        let single = !(wish.mode.allows_several_targets() && target.mode.allows_several_targets());
        **path != wish.target && single && seen.stack(path).has_own(&seen.own)
    });
    match other {
        None => Ok(()),
        Some((path, _)) => Err(Error::precondition(format!(
            "volume {} is published at {} and its access mode allows a single target",
            seen.volume,
            path.display()
        ))),
    }
}

/// Checks what is at the target: true when it is there as wanted already.
fn at_target(seen: &Seen, staging: &Staging, wish: &PublishWish, target: &Target) -> Result<bool> {
    let path = wish.target.display();
    let otherwise = || {
        Error::already_exists(format!(
            "volume {} is published at {path} with other arguments (readonly, access mode or \
             mount flags); unpublish it there first",
            seen.volume
        ))
    };
    if staging.targets.get(&wish.target).is_some_and(|known| known != target) {
        return Err(otherwise());
    }
    match seen.stack(&wish.target).top() {
        None => Ok(false),
        Some(top) if !seen.own.owns(top) => Err(Error::precondition(format!(
            "something else ({}, device {}) is mounted at target_path {path}; unmount it first",
            top.fs_type, top.device
        ))),
        Some(top) if top.flags != target.flags => Err(otherwise()),
        Some(_) => Ok(true),
    }
}

pub(super) fn record_with(seen: &Seen, wish: &PublishWish, target: &Target) -> Record {
    let mut record = seen.record();
    if let Some(staging) = &mut record.staging {
        staging.targets.insert(wish.target.clone(), target.clone());
    }
    record
}

pub(super) fn write_unless_known(
    staging: &Staging,
    wish: &PublishWish,
    record: &Record,
) -> Option<Step> {
    let known = staging.targets.contains_key(&wish.target);
    (!known).then(|| Step::WriteRecord(Box::new(record.clone())))
}

/// The mount at the staging path, if it is the volume's.
fn staged_mount<'a>(seen: &'a Seen, staging: &Staging) -> Result<&'a MountEntry> {
    match seen.stack(&staging.path).top() {
        Some(top) if seen.own.owns(top) => Ok(top),
        Some(_) | None => Err(Error::precondition(format!(
            "nothing of volume {} is mounted at staging_target_path {}, so nothing is published: \
             a pod would write to the node's own disk; stage it again",
            seen.volume,
            staging.path.display()
        ))),
    }
}

fn mount(
    seen: &Seen,
    staging: &Staging,
    wish: &PublishWish,
    place: Place,
    (options, group): (&Options, Option<u32>),
) -> Result<Vec<Step>> {
    check_options(staging, options)?;
    let source = staged_mount(seen, staging)?;
    let readonly = wish.readonly || wish.mode.is_reader_only();
    let flags = combined(source.flags, options.flags, readonly);
    let target = Target { flags, mode: wish.mode };
    let there = at_target(seen, staging, wish, &target)?;
    let record = record_with(seen, wish, &target);
    let mut steps: Vec<Step> = write_unless_known(staging, wish, &record).into_iter().collect();
    if !there {
        match place {
            None | Some(PathKind::Directory) => {}
            Some(PathKind::Absent) => steps.push(Step::CreateDirectory(wish.target.clone())),
            Some(PathKind::File | PathKind::Other) => {
                return Err(wrong_place(&wish.target, "directory"));
            }
        }
        let target = wish.target.clone();
        steps.push(Step::BindMount { source: source.reference(), target: target.clone(), flags });
        steps.push(Step::Verify { target, flags });
    }
    if !flags.readonly && !source.readonly_filesystem {
        steps.extend(give_to_group(&staging.path, record, group));
    }
    Ok(steps)
}

/// Options of the file system were set when it was staged and can't be changed by a bind.
fn check_options(staging: &Staging, options: &Options) -> Result<()> {
    let staged: &[String] = match &staging.access {
        Access::Mount { options, .. } => options,
        Access::Block => &[],
    };
    match options.filesystem.iter().find(|option| !staged.contains(option)) {
        None => Ok(()),
        Some(option) => Err(Error::precondition(format!(
            "mount option {option:?} belongs to the file system, which was staged without it; \
             unstage the volume and stage it with that option"
        ))),
    }
}

/// A target has the restrictions of what is below, and its own on top.
pub(super) fn combined(below: MountFlags, asked: MountFlags, readonly: bool) -> MountFlags {
    let MountFlags { readonly: ro, nosuid, nodev, noexec, noatime, nodiratime } = asked;
    MountFlags {
        readonly: below.readonly || ro || readonly,
        nosuid: below.nosuid || nosuid,
        nodev: below.nodev || nodev,
        noexec: below.noexec || noexec,
        noatime: below.noatime || noatime,
        nodiratime: below.nodiratime || nodiratime,
    }
}

pub(super) fn wrong_place(path: &Path, wanted: &str) -> Error {
    Error::invalid(format!("target_path {} exists and is no {wanted}", path.display()))
}

/// The flags of a device node's mount. They keep the node from being replaced; whether the device
/// takes writes is the device's own flag, since the kernel lets a read-only mount's device nodes
/// be written.
fn node_flags(readonly: bool) -> MountFlags {
    MountFlags { readonly, nosuid: true, noexec: true, ..MountFlags::default() }
}

fn block(seen: &Seen, staging: &Staging, wish: &PublishWish, place: Place) -> Result<Vec<Step>> {
    let Some(device) = seen.device() else {
        return Err(Error::precondition(format!(
            "volume {} is attached to no device any more; stage it again",
            seen.volume
        )));
    };
    let readonly = wish.readonly || wish.mode.is_reader_only();
    let flags = node_flags(readonly);
    let target = Target { flags, mode: wish.mode };
    let there = at_target(seen, staging, wish, &target)?;
    let mut record = record_with(seen, wish, &target);
    if there {
        return Ok(write_unless_known(staging, wish, &record).into_iter().collect());
    }
    check_writability(seen, staging, wish)?;
    let protection = protection(seen, &mut record, (device, readonly))?;
    let mut steps: Vec<Step> = write_unless_known(staging, wish, &record).into_iter().collect();
    match place {
        None | Some(PathKind::File) => {}
        Some(PathKind::Absent) => steps.push(Step::CreateFile(wish.target.clone())),
        Some(PathKind::Directory | PathKind::Other) => {
            return Err(wrong_place(&wish.target, "regular file"));
        }
    }
    let target = wish.target.clone();
    steps.extend(protection);
    steps.push(Step::BindNode { device, target: target.clone(), flags });
    steps.push(Step::Verify { target, flags });
    Ok(steps)
}

/// Makes the device refuse writes, or take them. A loop device that was bound read-only to its image
/// stays so. Of a device of the node's own the record says first that it is changed, so that it can be
/// left as it was found.
fn protection(
    seen: &Seen,
    record: &mut Record,
    (device, readonly): (DeviceId, bool),
) -> Result<Option<Step>> {
    let set = Step::SetDeviceReadonly { device, readonly };
    let source = record.staging.as_mut().map(|staging| &mut staging.source);
    let (Some(Source::Device(recorded)), Some(disk)) = (source, &seen.disk) else {
        let stays = seen.loops.iter().any(|device| device.readonly);
        return Ok((!stays).then_some(set));
    };
    match (readonly, disk.readonly) {
        (true, true) | (false, false) => Ok(None),
        (true, false) => {
            recorded.protected = true;
            Ok(Some(set))
        }
        (false, true) if recorded.protected => Ok(Some(set)),
        (false, true) => Err(Error::precondition(format!(
            "the volume's device {} refuses writes by itself; publish the volume read-only, or let \
             its storage system allow them",
            disk.node.display()
        ))),
    }
}

/// A device is writable or not for all its targets at once.
fn check_writability(seen: &Seen, staging: &Staging, wish: &PublishWish) -> Result<()> {
    let readonly = wish.readonly || wish.mode.is_reader_only();
    let staged_readonly = match &staging.source {
        Source::Device(recorded) => recorded.readonly,
        Source::Image { .. } | Source::Directory { .. } | Source::Direct { .. } => {
            seen.loops.iter().any(|device| device.readonly)
        }
    };
    if staged_readonly && !readonly {
        return Err(Error::precondition(format!(
            "volume {} is staged for reading only",
            seen.volume
        )));
    }
    let other = staging.targets.iter().find(|(path, target)| {
        **path != wish.target
            && target.flags.readonly != readonly
            && seen.stack(path).has_own(&seen.own)
    });
    match other {
        None => Ok(()),
        Some((path, _)) => Err(Error::precondition(format!(
            "the raw volume {} is published {} at {}; a device takes writes for all its targets \
             or for none",
            seen.volume,
            if readonly { "read-write" } else { "read-only" },
            path.display()
        ))),
    }
}

/// Gives the root directory to the group, and remembers it once that is done.
pub(super) fn give_to_group(mounted: &Path, record: Record, group: Option<u32>) -> Vec<Step> {
    let (Some(wanted), mut record) = (group, record) else { return Vec::new() };
    let Some(Staging { access: Access::Mount { group, flags, .. }, .. }) = &mut record.staging
    else {
        return Vec::new();
    };
    if *group == Some(wanted) || flags.readonly {
        return Vec::new();
    }
    *group = Some(wanted);
    vec![
        Step::GiveToGroup { target: mounted.to_owned(), group: wanted },
        Step::WriteRecord(Box::new(record)),
    ]
}
