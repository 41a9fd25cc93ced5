//! Volumes that a sandbox mounts: staged they are attached, published they are told to the runtime.
//!
//! Invariant: a sandbox gets a device only while no other has it, and only if it holds the file
//! system that is asked for, or is proven blank and may be formatted by the guest.

use std::path::Path;

use mooring_volume::attachment::Content;
use mooring_volume::capability::FsType;
use mooring_volume::{Error, Result, StringMap};

use super::base::{attach, limits_attached};
use super::publish::{PublishWish, combined, record_with, write_unless_known, wrong_place};
use super::stage::{AccessWish, StageWish, check_size, own_device, staged};
use super::{Step, holds, limit};
use crate::attach::{MountInfo, Ready};
use crate::options::Options;
use crate::os::{Found, MountFlags, PathKind};
use crate::record::{Access, DirectSource, Source, Staging, Target};
use crate::seen::{DirectSeen, Place, Seen};

/// The longest target path, in bytes: its base64 is one segment of a path. Source: Linux `NAME_MAX`.
const LONGEST: usize = 255 / 4 * 3;

/// The steps to a staged volume: its device is attached, and nothing else is done.
pub(super) fn stage(seen: &Seen, source: &DirectSeen, wish: &StageWish) -> Result<Vec<Step>> {
    let AccessWish::Mount { fs_type: asked, options, group } = &wish.access else {
        return Err(Error::invalid(
            "volume_capability asks for a block device, and a sandbox mounts this volume itself; ask \
             for a mount",
        ));
    };
    let fs_type = match (*asked, source.fs_type) {
        (Some(asked), Some(said)) if asked != said => {
            return Err(Error::precondition(format!(
                "the backend says that the volume has {said}, and {asked} was asked for; ask for \
                 {said} or for no fs_type"
            )));
        }
        (asked, said) => asked.or(said).unwrap_or(wish.default_fs),
    };
    check_size(source.size, wish)?;
    limit::check_direct(&source.device, &wish.limits)?;
    // The guest writes to the device itself: where it may not, the device refuses.
    let readonly = wish.readonly;
    let access = Access::Mount {
        fs_type: Some(fs_type),
        flags: options.flags,
        options: options.filesystem.clone(),
        group: *group,
    };
    let record_source = Source::Direct {
        device: source.device.clone(),
        metadata: source.metadata.clone(),
        blank: wish.content == Content::Blank,
    };
    let attached = match &source.image {
        Some(image) => {
            let device = own_device(seen, image, wish, readonly)?;
            let mut steps = attach(image, device, readonly);
            steps.extend(limit::limited(limits_attached(image, device), &wish.limits));
            steps
        }
        None => Vec::new(),
    };
    let (_, write) = staged(seen, wish, record_source, access, None);
    Ok(write.into_iter().chain(attached).collect())
}

/// What the record says of a volume that is to be published.
#[derive(Debug, Clone, Copy)]
pub(super) struct Staged<'a> {
    pub(super) staging: &'a Staging,
    pub(super) device: &'a DirectSource,
    pub(super) metadata: &'a StringMap,
    pub(super) blank: bool,
}

/// That no other sandbox has the device: guests do not know of one another's writes.
///
/// # Errors
/// `FailedPrecondition`, naming the target.
pub(crate) fn check_alone(seen: &Seen, target: &Path) -> Result<()> {
    if seen.direct.foreign.contains(target) {
        return Err(Error::precondition(format!(
            "another program has told Kata's runtime of a volume at target_path {}; it is left alone",
            target.display()
        )));
    }
    match seen.direct.own.keys().find(|other| *other != target) {
        None => Ok(()),
        Some(other) => Err(Error::precondition(format!(
            "volume {} is published to a sandbox at {}, and a device can be in one sandbox alone; \
             unpublish it there first",
            seen.volume,
            other.display()
        ))),
    }
}

/// The steps to a volume that the runtime finds at the target.
pub(super) fn publish(
    seen: &Seen,
    staged: Staged<'_>,
    wish: &PublishWish,
    place: Place,
    (options, group): (&Options, Option<u32>),
) -> Result<Vec<Step>> {
    check_target(&wish.target)?;
    check_alone(seen, &wish.target)?;
    let (Access::Mount { fs_type: Some(fs_type), flags, options: filesystem, .. }, Some(ready)) =
        (&staged.staging.access, &wish.ready)
    else {
        return Err(Error::internal("a device for a sandbox was not looked at"));
    };
    let readonly = wish.readonly || wish.mode.is_reader_only();
    let flags = combined(*flags, options.flags, readonly);
    let make = match &ready.found {
        Some(found) => guest_makes(found, *fs_type, staged.blank && !flags.readonly)?,
        None => false,
    };
    let info = MountInfo::new(
        wish.label.clone(),
        ready.node.clone(),
        (*fs_type, make),
        staged.metadata.clone(),
        (guest_options(flags, filesystem), group),
    );
    let target = Target { flags, mode: wish.mode };
    let record = record_with(seen, wish, &target);
    let mut steps: Vec<Step> =
        write_unless_known(staged.staging, wish, &record).into_iter().collect();
    if let Some(own) = seen.direct.own.get(&wish.target) {
        let known = staged.staging.targets.get(&wish.target);
        if own.info.is_like(&info) && known.is_none_or(|known| *known == target) {
            return Ok(steps);
        }
        return Err(Error::already_exists(format!(
            "volume {} is published at {} with other arguments; unpublish it there first",
            seen.volume,
            wish.target.display()
        )));
    }
    match place {
        Some(PathKind::Directory) => {}
        Some(PathKind::Absent) => steps.push(Step::CreateDirectory(wish.target.clone())),
        None => {
            return Err(Error::precondition(format!(
                "something is mounted at target_path {}; unmount it first",
                wish.target.display()
            )));
        }
        Some(PathKind::File | PathKind::Other) => {
            return Err(wrong_place(&wish.target, "directory"));
        }
    }
    steps.extend(protection(seen, staged, ready, flags.readonly));
    steps.push(Step::PutDirect { target: wish.target.clone(), info: Box::new(info) });
    Ok(steps)
}

fn check_target(target: &Path) -> Result<()> {
    let bytes = target.as_os_str().len();
    if bytes <= LONGEST {
        return Ok(());
    }
    Err(Error::invalid(format!(
        "target_path has {bytes} bytes; Kata's runtime can find a volume by a path of {LONGEST} at \
         most"
    )))
}

/// A loop device is the host's own, and refuses writes where there shall be none. A device that the
/// node has by itself is left as it is: it would outlive the publication.
fn protection(seen: &Seen, staged: Staged<'_>, ready: &Ready, readonly: bool) -> Option<Step> {
    let device = ready.device;
    match staged.device {
        DirectSource::Image { .. } if !seen.loops.iter().any(|bound| bound.readonly) => {
            Some(Step::SetDeviceReadonly { device, readonly })
        }
        DirectSource::Image { .. } | DirectSource::Linked { .. } => None,
    }
}

/// Whether the guest shall make the file system.
fn guest_makes(found: &Found, wanted: FsType, may: bool) -> Result<bool> {
    match found {
        Found::FileSystem(superblock) if superblock.fs_type == wanted => Ok(false),
        Found::FileSystem(superblock) => Err(Error::precondition(format!(
            "the volume holds {}, and {wanted} was asked for; one with a file system is never \
             formatted",
            superblock.fs_type
        ))),
        Found::Blank if may => Ok(true),
        Found::Blank => Err(Error::precondition(
            "the volume reads blank, and it was made from other bytes, or its backend does not know \
             what it held, or it is asked for read-only: so it is not formatted, and there is nothing \
             for a sandbox to mount",
        )),
        Found::Unfinished(fs_type) => Err(holds(&format!("an unfinished {fs_type}"), None)),
        Found::Data { offset } => Err(holds("data of an unknown kind", Some(*offset))),
        Found::Foreign { what, offset } => Err(holds(what, Some(*offset))),
    }
}

fn guest_options(flags: MountFlags, filesystem: &[String]) -> Vec<String> {
    let MountFlags { readonly, nosuid, nodev, noexec, noatime, nodiratime } = flags;
    let named = [
        (nosuid, "nosuid"),
        (nodev, "nodev"),
        (noexec, "noexec"),
        (noatime, "noatime"),
        (nodiratime, "nodiratime"),
    ];
    let mut options = vec![if readonly { "ro" } else { "rw" }.to_owned()];
    options.extend(named.iter().filter(|(on, _)| *on).map(|(_, name)| (*name).to_owned()));
    options.extend(filesystem.iter().cloned());
    options
}
