//! Staging: what is missing between what was seen and a volume that is staged as asked.

use std::path::PathBuf;

use mooring_volume::attachment::Content;
use mooring_volume::capability::{AccessMode, FsType};
use mooring_volume::limits::NodeLimits;
use mooring_volume::{Error, Result};

use super::alike::{check_source, staged_alike};
use super::base::Base;
use super::content::{self, Evidence, Formatting};
use super::publish::give_to_group;
use super::{Step, direct, has_room, limit};
use crate::options::Options;
use crate::os::{LoopDevice, MountFlags, PathKind};
use crate::record::{Access, Format, Progress, Record, Source, Staging, Stored};
use crate::seen::{ImageSeen, Place, Seen, SourceSeen};

/// What is asked for.
#[derive(Debug, Clone)]
pub(crate) struct StageWish {
    /// Where, as in the mount table.
    pub(crate) path: PathBuf,
    /// What consumers shall see.
    pub(crate) access: AccessWish,
    /// Who writes.
    pub(crate) mode: AccessMode,
    /// Nobody, by the mode or otherwise.
    pub(crate) readonly: bool,
    /// What the backend says that the volume held at first.
    pub(crate) content: Content,
    /// Bytes that the device must at least have.
    pub(crate) minimum_size: Option<u64>,
    /// The file system of blank volumes that do not say which they want.
    pub(crate) default_fs: FsType,
    /// The volume's label for loop devices.
    pub(crate) label: String,
    /// What is to be enforced.
    pub(crate) limits: NodeLimits,
    /// Whether an ext4 can be grown when it is mounted, by the kernel, whose journal makes that safe
    /// from being cut off. Before it is mounted a program does it, which has no journal.
    pub(crate) grows_mounted: bool,
}

/// What consumers shall see.
#[derive(Debug, Clone)]
pub(crate) enum AccessWish {
    /// A raw device.
    Block,
    /// A file system.
    Mount {
        /// None: what is there, else the default.
        fs_type: Option<FsType>,
        /// Checked, `ro` added where nobody may write.
        options: Options,
        /// For the root directory.
        group: Option<u32>,
    },
}

/// The steps from `seen` to `wish`; `place` is what stands at the path.
///
/// # Errors
/// `AlreadyExists` when the volume is staged otherwise; `FailedPrecondition` for what is in the
/// way; `InvalidArgument` for what can never be.
pub(crate) fn stage(
    seen: &Seen,
    source: &SourceSeen,
    wish: &StageWish,
    place: Place,
) -> Result<Vec<Step>> {
    staged_alike(seen, wish)?;
    check_source(seen, source)?;
    check_path(seen, wish, place)?;
    match (source, &wish.access) {
        (SourceSeen::Image(image), AccessWish::Block) => {
            block(seen, Base::image(seen, image, wish, wish.readonly)?, wish)
        }
        (SourceSeen::Device(device), AccessWish::Block) => {
            block(seen, Base::device(seen, device, wish.readonly)?, wish)
        }
        (SourceSeen::Image(image), AccessWish::Mount { fs_type, options, group }) => {
            // Read-only mounts attach read-write all the same: the host replays a dirty log, as
            // every crash-consistent copy has one, and the mount keeps consumers from writing.
            let base = Base::image(seen, image, wish, false)?;
            filesystem(seen, base, wish, &Mounting { wanted: *fs_type, options, group: *group })
        }
        (SourceSeen::Device(device), AccessWish::Mount { fs_type, options, group }) => {
            let base = Base::device(seen, device, false)?;
            filesystem(seen, base, wish, &Mounting { wanted: *fs_type, options, group: *group })
        }
        (
            SourceSeen::Directory { root, below, origin },
            AccessWish::Mount { options, group, .. },
        ) => {
            limit::check_directory(&wish.limits)?;
            // The fs_type is the pool's own and can't be chosen: provisioners fill in a default.
            let source = Source::Directory {
                root: root.clone(),
                below: below.clone(),
                origin: origin.clone(),
            };
            Ok(directory(seen, wish, source, options, *group))
        }
        (SourceSeen::Direct(source), _) => direct::stage(seen, source, wish),
        (SourceSeen::Directory { .. }, AccessWish::Block) => Err(Error::invalid(
            "volume_capability asks for a block device, and this volume is a directory; ask for a \
             mount",
        )),
    }
}

/// The staging path must be a directory that nothing else is mounted on.
fn check_path(seen: &Seen, wish: &StageWish, place: Place) -> Result<()> {
    let path = wish.path.display();
    if let Some(around) = seen.own.around(&seen.mounts, &wish.path) {
        return Err(Error::invalid(format!(
            "staging_target_path {path} lies inside the volume itself, mounted at {}",
            around.point.display()
        )));
    }
    match seen.stack(&wish.path).top() {
        Some(top) if seen.own.owns(top) => return Ok(()),
        Some(top) => {
            return Err(Error::precondition(format!(
                "something else ({}, device {}) is mounted at staging_target_path {path}; \
                 unmount it first",
                top.fs_type, top.device
            )));
        }
        None => {}
    }
    match (&wish.access, place) {
        // A raw volume leaves its staging path alone.
        (AccessWish::Block, _) | (AccessWish::Mount { .. }, Some(PathKind::Directory)) => Ok(()),
        (AccessWish::Mount { .. }, None | Some(PathKind::Absent)) => Err(Error::precondition(
            format!("staging_target_path {path} does not exist; the orchestrator has to make it"),
        )),
        (AccessWish::Mount { .. }, Some(PathKind::File | PathKind::Other)) => {
            Err(Error::invalid(format!("staging_target_path {path} is no directory")))
        }
    }
}

/// The loop device of the volume's image: the volume's own one, if there is one and no other.
pub(super) fn own_device<'a>(
    seen: &Seen,
    image: &'a ImageSeen,
    wish: &StageWish,
    readonly: bool,
) -> Result<Option<&'a LoopDevice>> {
    if let Some(other) = image.loops.iter().find(|device| device.label != wish.label) {
        return Err(Error::precondition(format!(
            "the volume's image is in use: it is bound to /dev/loop{} by something else; `losetup \
             -d /dev/loop{0}` unbinds it, if that is not needed",
            other.number
        )));
    }
    if let Some(stale) = seen.loops.iter().find(|device| device.backing != image.backing) {
        return Err(Error::precondition(format!(
            "/dev/loop{} is bound to an earlier image of this volume; unstage the volume first",
            stale.number
        )));
    }
    match image.loops.first() {
        Some(device) if device.readonly != readonly => Err(Error::already_exists(format!(
            "the volume is attached {}; unstage it first",
            if device.readonly { "read-only" } else { "read-write" }
        ))),
        device => Ok(device),
    }
}

pub(super) fn check_size(size: u64, wish: &StageWish) -> Result<()> {
    match wish.minimum_size {
        Some(least) if size < least => Err(Error::precondition(format!(
            "the volume has {size} bytes, and its backend says that it has at least {least}"
        ))),
        Some(_) | None if size < 512 => Err(Error::precondition(format!(
            "the volume has {size} bytes, which is less than a sector"
        ))),
        Some(_) | None => Ok(()),
    }
}

/// The record with this staging, its publications kept, and the step that writes it if it differs
/// from what is on disk.
pub(super) fn staged(
    seen: &Seen,
    wish: &StageWish,
    source: Source,
    access: Access,
    format: Option<Format>,
) -> (Record, Option<Step>) {
    let mut record = seen.record();
    let targets = record.staging.take().map(|before| before.targets).unwrap_or_default();
    record.format = format;
    record.staging =
        Some(Staging { path: wish.path.clone(), source, access, mode: wish.mode, targets });
    let same = matches!(&seen.stored, Stored::Whole(stored) if **stored == record);
    let step = (!same).then(|| Step::WriteRecord(Box::new(record.clone())));
    (record, step)
}

/// What stays to be known of formatting, before anything is done. A finished file system ends the
/// matter: from then on its remains are a consumer's data, whatever they look like.
fn known_format(seen: &Seen, base: &Base<'_>, formatting: Formatting) -> Option<Format> {
    match formatting {
        Formatting::Done(fs_type, _) => {
            Some(Format { medium: base.medium.clone(), fs_type, progress: Progress::Formatted })
        }
        Formatting::New(_) | Formatting::Again(_) => {
            seen.stored.format().filter(|format| format.medium == base.medium).cloned()
        }
    }
}

/// A raw volume: the device alone, which refuses writes where no consumer may write.
fn block(seen: &Seen, base: Base<'_>, wish: &StageWish) -> Result<Vec<Step>> {
    check_size(base.size, wish)?;
    limit::check_block(&wish.limits)?;
    // Raw data looks like anything, a cut-off mkfs too: nothing is remembered of formatting.
    let (_, write) = staged(seen, wish, base.source, Access::Block, None);
    let limited = limit::limited(base.limits, &wish.limits);
    Ok(write.into_iter().chain(base.attach).chain(limited).collect())
}

#[derive(Debug)]
struct Mounting<'a> {
    wanted: Option<FsType>,
    options: &'a Options,
    group: Option<u32>,
}

/// A file system on a device.
fn filesystem(
    seen: &Seen,
    base: Base<'_>,
    wish: &StageWish,
    mounting: &Mounting<'_>,
) -> Result<Vec<Step>> {
    check_size(base.size, wish)?;
    let mounted = seen.stack(&wish.path).top().is_some();
    let formatting = formatting(seen, &base, wish, mounting)?;
    let fs_type = match formatting {
        Formatting::Done(fs_type, _) | Formatting::New(fs_type) | Formatting::Again(fs_type) => {
            fs_type
        }
    };
    let access = Access::Mount {
        fs_type: Some(fs_type),
        flags: mounting.options.flags,
        options: mounting.options.filesystem.clone(),
        group: given(seen),
    };
    let known = known_format(seen, &base, formatting);
    let (mut record, write) = staged(seen, wish, base.source.clone(), access, known);
    let mut steps: Vec<Step> = write.into_iter().chain(base.attach.iter().cloned()).collect();
    if mounted {
        steps.extend(limit::discarding(seen, &wish.path, &wish.limits));
    } else {
        let offline = !mounting.options.flags.readonly && !wish.grows_mounted;
        steps.extend(prepare(&base, formatting, &mut record, offline));
        steps.extend(mount(wish, fs_type, mounting));
    }
    if grows_mounted(base.size, formatting, mounted || wish.grows_mounted)
        && !mounting.options.flags.readonly
    {
        steps.push(Step::GrowMounted { target: wish.path.clone(), fs_type });
    }
    steps.extend(limit::limited(base.limits, &wish.limits));
    steps.extend(give_to_group(&wish.path, record, mounting.group));
    Ok(steps)
}

/// XFS and btrfs grow mounted; ext4 did before, unless it was mounted already or can be grown so.
fn grows_mounted(device: u64, formatting: Formatting, ext4: bool) -> bool {
    match formatting {
        Formatting::Done(FsType::Ext4, size) => ext4 && has_room(size, device),
        Formatting::Done(FsType::Xfs | FsType::Btrfs, size) => has_room(size, device),
        Formatting::New(_) | Formatting::Again(_) => false,
    }
}

fn formatting(
    seen: &Seen,
    base: &Base<'_>,
    wish: &StageWish,
    mounting: &Mounting<'_>,
) -> Result<Formatting> {
    if let Some(found) = base.found {
        return content::decide(Evidence {
            found,
            content: wish.content,
            stored: &seen.stored,
            medium: &base.medium,
            wanted: mounting.wanted,
            default: wish.default_fs,
            readonly: mounting.options.flags.readonly,
        });
    }
    // Mounted already: what it holds is not read again.
    let recorded = seen.staging().and_then(|staging| match &staging.access {
        Access::Mount { fs_type, .. } => *fs_type,
        Access::Block => None,
    });
    let shown = seen.stack(&wish.path).top().and_then(|top| top.fs_type.parse().ok());
    let fs_type = recorded.or(shown).ok_or_else(|| {
        Error::internal(format!("what is mounted at {} was not read", wish.path.display()))
    })?;
    match mounting.wanted {
        Some(wanted) if wanted != fs_type => Err(Error::already_exists(format!(
            "the volume is staged as {fs_type}, and {wanted} was asked for"
        ))),
        Some(_) | None => Ok(Formatting::Done(fs_type, base.mounted_size.unwrap_or(base.size))),
    }
}

/// What is done to a device before it is mounted; `record` becomes what it is afterwards. `offline`:
/// an ext4 has to be grown now.
fn prepare(
    base: &Base<'_>,
    formatting: Formatting,
    record: &mut Record,
    offline: bool,
) -> Vec<Step> {
    let mut make = |fs_type: FsType, own_remains: bool| {
        let mut write = |progress: Progress| {
            record.format = Some(Format { medium: base.medium.clone(), fs_type, progress });
            Step::WriteRecord(Box::new(record.clone()))
        };
        vec![
            Step::ProveFormattable { own_remains },
            write(Progress::Formatting),
            Step::MakeFilesystem(fs_type),
            write(Progress::Formatted),
        ]
    };
    match formatting {
        Formatting::New(fs_type) => make(fs_type, false),
        Formatting::Again(fs_type) => make(fs_type, true),
        Formatting::Done(FsType::Ext4, size) if offline && has_room(size, base.size) => {
            vec![Step::GrowExt4]
        }
        Formatting::Done(..) => Vec::new(),
    }
}

fn mount(wish: &StageWish, fs_type: FsType, mounting: &Mounting<'_>) -> [Step; 2] {
    let mut options = mounting.options.filesystem.clone();
    // XFS refuses a second file system of the same UUID: a clone beside its source, and the source, when its
    // pod comes back, beside a clone that is mounted already.
    if fs_type == FsType::Xfs {
        options.push("nouuid".to_owned());
    }
    options.extend(limit::mount_option(fs_type, &wish.limits).map(str::to_owned));
    let (target, flags) = (wish.path.clone(), mounting.options.flags);
    [
        Step::MountDevice { fs_type, target: target.clone(), flags, options },
        Step::Verify { target, flags },
    ]
}

fn directory(
    seen: &Seen,
    wish: &StageWish,
    source: Source,
    options: &Options,
    group: Option<u32>,
) -> Vec<Step> {
    let flags: MountFlags = options.flags;
    let access = Access::Mount { fs_type: None, flags, options: Vec::new(), group: given(seen) };
    let (record, write) = staged(seen, wish, source, access, None);
    let mut steps: Vec<Step> = write.into_iter().collect();
    if seen.stack(&wish.path).is_empty() {
        let target = wish.path.clone();
        steps.push(Step::BindDirectory { target: target.clone(), flags });
        steps.push(Step::Verify { target, flags });
    }
    steps.extend(give_to_group(&wish.path, record, group));
    steps
}

/// The group that the volume's root was given to already.
fn given(seen: &Seen) -> Option<u32> {
    seen.staging().and_then(|staging| match &staging.access {
        Access::Mount { group, .. } => *group,
        Access::Block => None,
    })
}
