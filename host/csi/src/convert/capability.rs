//! Volume capabilities.

use mooring_proto::csi::v1 as pb;
use mooring_proto::csi::v1::volume_capability::access_mode::Mode;
use mooring_proto::csi::v1::volume_capability::{AccessMode as PbMode, AccessType as PbType};
use mooring_proto::csi::v1::volume_capability::{BlockVolume, MountVolume};
use mooring_volume::capability::{AccessMode, AccessType, Capability, Mount};
use mooring_volume::{Error, Result};

use super::text;

/// Mount flags together. Source: CSI VolumeCapability.MountVolume.
const LARGEST_FLAGS: usize = 4096;
/// Mount flags by number: more than any file system has.
const MOST_FLAGS: usize = 64;

/// At least one capability.
pub(crate) fn some(list: Vec<pb::VolumeCapability>) -> Result<Vec<Capability>> {
    if list.is_empty() {
        return Err(Error::invalid("volume_capabilities is empty; at least one is required"));
    }
    any(list)
}

/// Capabilities, where none means any.
pub(crate) fn any(list: Vec<pb::VolumeCapability>) -> Result<Vec<Capability>> {
    let numbered = list.into_iter().enumerate();
    numbered.map(|(at, one)| convert(&format!("volume_capabilities[{at}]"), one)).collect()
}

/// The one capability of a call that must have it.
pub(crate) fn required(one: Option<pb::VolumeCapability>) -> Result<Capability> {
    optional(one)?.ok_or_else(|| Error::invalid("volume_capability is missing; it is required"))
}

/// The one capability of a call, where it is given.
pub(crate) fn optional(one: Option<pb::VolumeCapability>) -> Result<Option<Capability>> {
    one.map(|one| convert("volume_capability", one)).transpose()
}

fn convert(field: &str, one: pb::VolumeCapability) -> Result<Capability> {
    let pb::VolumeCapability { access_mode, access_type } = one;
    let mode = mode(field, access_mode)?;
    let access = match access_type {
        Some(PbType::Block(BlockVolume {})) => AccessType::Block,
        Some(PbType::Mount(mount)) => AccessType::Mount(self::mount(field, mount)?),
        None => {
            return Err(Error::invalid(format!(
                "{field} has neither block nor mount; one of them is required"
            )));
        }
    };
    Ok(Capability { access, mode })
}

fn mode(field: &str, mode: Option<PbMode>) -> Result<AccessMode> {
    let PbMode { mode } = mode
        .ok_or_else(|| Error::invalid(format!("{field}.access_mode is missing; it is required")))?;
    let unknown = || {
        Error::invalid(format!(
            "{field}.access_mode.mode is {mode}; one of CSI's modes, 1 to 7, is wanted"
        ))
    };
    match Mode::try_from(mode) {
        Ok(Mode::Unknown) | Err(_) => Err(unknown()),
        Ok(Mode::SingleNodeWriter) => Ok(AccessMode::SingleNodeWriter),
        Ok(Mode::SingleNodeReaderOnly) => Ok(AccessMode::SingleNodeReaderOnly),
        Ok(Mode::MultiNodeReaderOnly) => Ok(AccessMode::MultiNodeReaderOnly),
        Ok(Mode::MultiNodeSingleWriter) => Ok(AccessMode::MultiNodeSingleWriter),
        Ok(Mode::MultiNodeMultiWriter) => Ok(AccessMode::MultiNodeMultiWriter),
        Ok(Mode::SingleNodeSingleWriter) => Ok(AccessMode::SingleNodeSingleWriter),
        Ok(Mode::SingleNodeMultiWriter) => Ok(AccessMode::SingleNodeMultiWriter),
    }
}

fn mount(field: &str, mount: MountVolume) -> Result<Mount> {
    let MountVolume { fs_type, mount_flags, volume_mount_group } = mount;
    text::plain(&format!("{field}.mount.fs_type"), &fs_type, text::LONGEST)?;
    let fs_type = if fs_type.is_empty() { None } else { Some(fs_type.parse()?) };
    check_flags(&format!("{field}.mount.mount_flags"), &mount_flags)?;
    let group = group(field, &volume_mount_group)?;
    Ok(Mount { fs_type, flags: mount_flags, group })
}

/// The form of mount flags; which of them are allowed is the node's rule. They may hold credentials, and are
/// therefore never shown.
fn check_flags(field: &str, flags: &[String]) -> Result<()> {
    let bytes: usize = flags.iter().map(String::len).sum();
    if bytes > LARGEST_FLAGS || flags.len() > MOST_FLAGS {
        return Err(Error::invalid(format!(
            "{field} has {} flags of {bytes} bytes; at most {MOST_FLAGS} of {LARGEST_FLAGS} bytes are allowed",
            flags.len()
        )));
    }
    for (at, flag) in flags.iter().enumerate() {
        let wrong = if flag.is_empty() {
            "is empty"
        } else if flag.chars().any(char::is_control) {
            "holds a control character"
        } else if flag.contains(',') {
            "holds a comma"
        } else {
            continue;
        };
        return Err(Error::invalid(format!(
            "{field}[{at}] {wrong}; one option an entry is wanted"
        )));
    }
    Ok(())
}

fn group(field: &str, group: &str) -> Result<Option<u32>> {
    if group.is_empty() {
        return Ok(None);
    }
    let digits = group.len() <= 10 && group.bytes().all(|b| b.is_ascii_digit());
    // The highest number stands for "no group" in the kernel's calls.
    match group.parse() {
        Ok(id) if digits && id != u32::MAX => Ok(Some(id)),
        Ok(_) | Err(_) => Err(Error::invalid(format!(
            "{field}.mount.volume_mount_group is no group id; a number below {} is wanted",
            u32::MAX
        ))),
    }
}

/// A capability on the wire.
pub(crate) fn wire(capability: Capability) -> pb::VolumeCapability {
    let Capability { access, mode } = capability;
    let mode = match mode {
        AccessMode::SingleNodeWriter => Mode::SingleNodeWriter,
        AccessMode::SingleNodeReaderOnly => Mode::SingleNodeReaderOnly,
        AccessMode::MultiNodeReaderOnly => Mode::MultiNodeReaderOnly,
        AccessMode::MultiNodeSingleWriter => Mode::MultiNodeSingleWriter,
        AccessMode::MultiNodeMultiWriter => Mode::MultiNodeMultiWriter,
        AccessMode::SingleNodeSingleWriter => Mode::SingleNodeSingleWriter,
        AccessMode::SingleNodeMultiWriter => Mode::SingleNodeMultiWriter,
    };
    let access_type = match access {
        AccessType::Block => PbType::Block(BlockVolume {}),
        AccessType::Mount(Mount { fs_type, flags, group }) => PbType::Mount(MountVolume {
            fs_type: fs_type.map(|fs| fs.to_string()).unwrap_or_default(),
            mount_flags: flags,
            volume_mount_group: group.map(|id| id.to_string()).unwrap_or_default(),
        }),
    };
    pb::VolumeCapability {
        access_mode: Some(PbMode { mode: mode.into() }),
        access_type: Some(access_type),
    }
}
