//! Mount options: an allow-list a file system, checked one by one, before anything is touched.
//!
//! The orchestrator's `mount_flags` become per-mount flags or options of the file system. What is
//! not listed here needs the operator's `grants.mountOptions`. What would name another device,
//! path or helper, or change what mount(2) does, is refused even when it is granted.

use mooring_volume::capability::FsType;
use mooring_volume::{Error, Result};

use crate::os::MountFlags;

/// At most so many of them; CSI caps their sum at 4 KiB.
const MOST: usize = 64;
/// The longest one, in bytes.
const LONGEST: usize = 128;

/// Options that no grant can allow: they redirect the mount to another device, path, helper or
/// namespace, or ask mount(2) for something else than a new mount.
const NEVER: &[&str] = &[
    "bind",
    "rbind",
    "move",
    "remount",
    "loop",
    "offset",
    "sizelimit",
    "encryption",
    "context",
    "fscontext",
    "defcontext",
    "rootcontext",
    "helper",
    "uhelper",
    "user",
    "users",
    "owner",
    "group",
    "user_id",
    "group_id",
    "rootmode",
    "fd",
    "device",
    "logdev",
    "rtdev",
    "journal_dev",
    "journal_path",
    "subvol",
    "subvolid",
    "source",
    "shared",
    "rshared",
    "slave",
    "rslave",
    "private",
    "rprivate",
    "unbindable",
    "runbindable",
    "norecovery",
    "noload",
    "rescue",
    "degraded",
    "usrjquota",
    "grpjquota",
    "lowerdir",
    "upperdir",
    "workdir",
];

/// Values that an option may have.
#[derive(Debug, Clone, Copy)]
enum Values {
    /// It has none.
    None,
    /// A decimal number.
    Number,
    /// A number with k, m or g behind it, or without.
    Size,
    /// One of these.
    OneOf(&'static [&'static str]),
    /// None, or one of these.
    MaybeOneOf(&'static [&'static str]),
}

use Values::{MaybeOneOf, None as Bare, Number, OneOf, Size};

const ANY: &[(&str, Values)] = &[("sync", Bare), ("dirsync", Bare), ("lazytime", Bare)];

const EXT4: &[(&str, Values)] = &[
    ("discard", Bare),
    ("nodiscard", Bare),
    ("data", OneOf(&["ordered", "journal"])),
    ("commit", Number),
    ("errors", OneOf(&["remount-ro"])),
    ("delalloc", Bare),
    ("nodelalloc", Bare),
    ("user_xattr", Bare),
    ("acl", Bare),
    ("inode_readahead_blks", Number),
    ("stripe", Number),
    ("min_batch_time", Number),
    ("max_batch_time", Number),
    ("init_itable", Number),
    ("noinit_itable", Bare),
    ("auto_da_alloc", Bare),
];

const XFS: &[(&str, Values)] = &[
    ("discard", Bare),
    ("nodiscard", Bare),
    ("inode64", Bare),
    ("largeio", Bare),
    ("nolargeio", Bare),
    ("allocsize", Size),
    ("logbufs", Number),
    ("logbsize", Size),
    ("swalloc", Bare),
    ("wsync", Bare),
    ("filestreams", Bare),
    ("uquota", Bare),
    ("gquota", Bare),
    ("pquota", Bare),
    ("prjquota", Bare),
    ("noquota", Bare),
];

const COMPRESSIONS: &[&str] = &["zlib", "lzo", "zstd", "no", "none"];

const BTRFS: &[(&str, Values)] = &[
    ("discard", MaybeOneOf(&["async", "sync"])),
    ("nodiscard", Bare),
    ("compress", MaybeOneOf(COMPRESSIONS)),
    ("compress-force", MaybeOneOf(COMPRESSIONS)),
    ("ssd", Bare),
    ("nossd", Bare),
    ("autodefrag", Bare),
    ("noautodefrag", Bare),
    ("commit", Number),
    ("max_inline", Size),
    ("thread_pool", Number),
    ("flushoncommit", Bare),
    ("space_cache", OneOf(&["v2"])),
    ("acl", Bare),
];

/// What the file system is, as far as its options go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum On {
    /// One that is mounted from a device. None: not known before the device was read, so every
    /// type's options are allowed for now.
    Device(Option<FsType>),
    /// A directory: it has per-mount flags alone.
    Directory,
}

/// The options of a mount, sorted out.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Options {
    /// Of the mount.
    pub(crate) flags: MountFlags,
    /// Of the file system, sorted, each once.
    pub(crate) filesystem: Vec<String>,
}

/// Checks `flags` one by one. `nosuid` and `nodev` are on whatever is asked, unless the operator
/// granted `suid` or `dev` *and* the volume asks for it.
///
/// # Errors
/// `InvalidArgument` for a form that no option has, or one that can never be; `PermissionDenied`
/// for one that a grant would allow.
pub(crate) fn check(flags: &[String], granted: &[String], on: On) -> Result<Options> {
    if flags.len() > MOST {
        return Err(Error::invalid(format!(
            "volume_capability.mount.mount_flags has {} entries; at most {MOST} are allowed",
            flags.len()
        )));
    }
    let mut options = Options {
        flags: MountFlags { nosuid: true, nodev: true, ..MountFlags::default() },
        filesystem: Vec::new(),
    };
    for flag in flags {
        check_form(flag)?;
        if !per_mount(flag, granted, &mut options.flags)? {
            check_listed(flag, granted, on)?;
            options.filesystem.push(flag.clone());
        }
    }
    options.filesystem.sort();
    options.filesystem.dedup();
    Ok(options)
}

fn key(option: &str) -> &str {
    option.split_once('=').map_or(option, |(key, _)| key)
}

/// An option as errors and logs may show it: without its value, which may be a credential.
/// Source: CSI VolumeCapability.MountVolume: `mount_flags` may contain sensitive information.
fn shown(option: &str) -> String {
    let name: String = key(option).chars().take(LONGEST).collect();
    if option.contains('=') { name + "=…" } else { name }
}

fn check_form(option: &str) -> Result<()> {
    let shown = shown(option);
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'=' | b'.' | b':');
    let starts_well = option.bytes().next().is_some_and(|b| b.is_ascii_lowercase());
    if option.len() > LONGEST || !starts_well || !option.bytes().all(plain) {
        return Err(Error::invalid(format!(
            "volume_capability.mount.mount_flags holds {shown:?}, which is no mount option: one \
             option an entry is wanted, 1 to {LONGEST} of letters, digits and _-=.:, no comma"
        )));
    }
    if NEVER.contains(&key(option)) || option.starts_with("x-") {
        return Err(Error::invalid(format!(
            "volume_capability.mount.mount_flags holds {shown:?}, which is never allowed: it \
             would change what is mounted, or how"
        )));
    }
    Ok(())
}

/// Takes an option that belongs to the mount and not to the file system; false for another.
fn per_mount(option: &str, granted: &[String], flags: &mut MountFlags) -> Result<bool> {
    let asked = |wanted: &str| -> Result<()> {
        if granted.iter().any(|grant| grant == wanted) { Ok(()) } else { Err(denied(wanted)) }
    };
    match option {
        "ro" => flags.readonly = true,
        "noexec" => flags.noexec = true,
        "noatime" => flags.noatime = true,
        "nodiratime" => flags.nodiratime = true,
        // What holds anyway.
        "rw" | "exec" | "relatime" | "nosuid" | "nodev" | "defaults" => {}
        "suid" => {
            asked("suid")?;
            flags.nosuid = false;
        }
        "dev" => {
            asked("dev")?;
            flags.nodev = false;
        }
        _ => return Ok(false),
    }
    Ok(true)
}

fn denied(option: &str) -> Error {
    Error::denied(format!(
        "mount option {:?} is not allowed for this driver; add it to grants.mountOptions, as it \
         stands in the request, to allow it",
        shown(option)
    ))
}

fn check_listed(option: &str, granted: &[String], on: On) -> Result<()> {
    let listed = |list: &[(&str, Values)]| {
        list.iter().any(|(name, values)| *name == key(option) && fits(option, *values))
    };
    let known = match on {
        On::Directory => {
            return Err(Error::invalid(format!(
                "mount option {:?} belongs to a file system on a device; this volume is a \
                 directory, which takes ro, noexec, noatime and nodiratime alone",
                shown(option)
            )));
        }
        On::Device(Some(fs_type)) => listed(ANY) || listed(of(fs_type)),
        On::Device(None) => listed(ANY) || FsType::ALL.iter().any(|fs| listed(of(*fs))),
    };
    if known || granted.iter().any(|grant| grant == option) { Ok(()) } else { Err(denied(option)) }
}

fn of(fs_type: FsType) -> &'static [(&'static str, Values)] {
    match fs_type {
        FsType::Ext4 => EXT4,
        FsType::Xfs => XFS,
        FsType::Btrfs => BTRFS,
    }
}

fn fits(option: &str, values: Values) -> bool {
    let value = option.split_once('=').map(|(_, value)| value);
    let number = |text: &str| {
        !text.is_empty() && text.len() <= 18 && text.bytes().all(|b| b.is_ascii_digit())
    };
    // btrfs takes a level behind the algorithm: zstd:3.
    let known = |list: &[&str], text: &str| match text.split_once(':') {
        None => list.contains(&text),
        Some((name, level)) => {
            matches!(name, "zlib" | "zstd") && list.contains(&name) && number(level)
        }
    };
    match (values, value) {
        (Values::None | Values::MaybeOneOf(_), None) => true,
        (Values::Number, Some(text)) => number(text),
        (Values::Size, Some(text)) => number(text.strip_suffix(['k', 'm', 'g']).unwrap_or(text)),
        (Values::OneOf(list) | Values::MaybeOneOf(list), Some(text)) => known(list, text),
        (Values::None, Some(_)) | (Values::Number | Values::Size | Values::OneOf(_), None) => false,
    }
}

#[cfg(test)]
mod tests;
