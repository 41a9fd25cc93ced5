//! The kernel's mount table in its text form (/proc/self/mountinfo, proc(5)).

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;
use std::path::PathBuf;

use super::blocks::parse_id;
use crate::os::{DeviceId, MountFlags, MountId};

/// A line of the table, with all that it says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Line {
    pub(crate) id: MountId,
    pub(crate) parent: MountId,
    pub(crate) device: DeviceId,
    pub(crate) root: PathBuf,
    pub(crate) point: PathBuf,
    pub(crate) flags: MountFlags,
    pub(crate) fs_type: String,
    pub(crate) source: PathBuf,
    pub(crate) readonly_filesystem: bool,
    pub(crate) shut_down: bool,
    pub(crate) discards: bool,
}

/// Understands a line; none where it is not in the documented form.
pub(crate) fn parse(line: &[u8]) -> Option<Line> {
    let mut fields = line.split(|byte| *byte == b' ');
    let id = number(fields.next()?)?;
    let parent = number(fields.next()?)?;
    let device = parse_id(text(fields.next()?)?)?;
    let root = path(fields.next()?);
    let point = path(fields.next()?);
    let flags = flags(fields.next()?);
    // Optional fields of no fixed number (propagation) end with a dash.
    fields.by_ref().find(|field| *field == b"-")?;
    let fs_type = String::from_utf8_lossy(&unescape(fields.next()?)).into_owned();
    let source = path(fields.next()?);
    let own = fields.next()?;
    let has = |name: &[u8]| options(own).any(|option| option == name);
    // ext4 since Linux 6.15 keeps `rw` and says `emergency_ro` after an error, and `shutdown` after
    // EXT4_IOC_SHUTDOWN (kernel fs/ext4/super.c, _ext4_show_options).
    let readonly_filesystem = has(b"ro") || has(b"emergency_ro");
    let shut_down = has(b"shutdown");
    let discards = options(own).any(|option| {
        option.strip_prefix(b"discard").is_some_and(|rest| matches!(rest, [] | [b'=', ..]))
    });
    Some(Line {
        id,
        parent,
        device,
        root,
        point,
        flags,
        fs_type,
        source,
        readonly_filesystem,
        shut_down,
        discards,
    })
}

fn text(field: &[u8]) -> Option<&str> {
    std::str::from_utf8(field).ok()
}

fn number(field: &[u8]) -> Option<MountId> {
    text(field)?.parse().ok().map(MountId)
}

fn path(field: &[u8]) -> PathBuf {
    PathBuf::from(OsString::from_vec(unescape(field)))
}

fn options(field: &[u8]) -> impl Iterator<Item = &[u8]> {
    field.split(|byte| *byte == b',')
}

fn flags(field: &[u8]) -> MountFlags {
    let has = |name: &[u8]| options(field).any(|option| option == name);
    MountFlags {
        readonly: has(b"ro"),
        nosuid: has(b"nosuid"),
        nodev: has(b"nodev"),
        noexec: has(b"noexec"),
        noatime: has(b"noatime"),
        nodiratime: has(b"nodiratime"),
    }
}

/// Space, tab, newline, backslash and hash are written as a backslash and three octal digits.
fn unescape(field: &[u8]) -> Vec<u8> {
    let mut plain = Vec::with_capacity(field.len());
    let mut rest = field;
    while let [first, tail @ ..] = rest {
        match rest {
            [b'\\', a @ b'0'..=b'3', b @ b'0'..=b'7', c @ b'0'..=b'7', after @ ..] => {
                plain.push((a - b'0') << 6 | (b - b'0') << 3 | (c - b'0'));
                rest = after;
            }
            _ => {
                plain.push(*first);
                rest = tail;
            }
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use std::os::unix::ffi::OsStrExt;
    use std::path::Path;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_example_of_the_manual() {
        let line = parse(
            b"36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 shared:3 - ext3 /dev/root ro,errors=continue",
        )
        .unwrap();
        assert_eq!(
            line,
            Line {
                id: MountId(36),
                parent: MountId(35),
                device: DeviceId { major: 98, minor: 0 },
                root: "/mnt1".into(),
                point: "/mnt2".into(),
                flags: MountFlags { noatime: true, ..MountFlags::default() },
                fs_type: "ext3".into(),
                source: "/dev/root".into(),
                readonly_filesystem: true,
                shut_down: false,
                discards: false,
            }
        );
    }

    #[test]
    fn no_optional_fields_and_all_flags() {
        let line = parse(
            b"1 1 0:5 / / ro,nosuid,nodev,noexec,noatime,nodiratime - fuse.x a\\040b rw,fd=ro",
        )
        .unwrap();
        let flags = MountFlags {
            readonly: true,
            nosuid: true,
            nodev: true,
            noexec: true,
            noatime: true,
            nodiratime: true,
        };
        assert_eq!((line.flags, line.readonly_filesystem), (flags, false));
        assert_eq!(line.source, Path::new("a b"));
    }

    #[test]
    fn what_ext4_says_after_an_error() {
        let of = |options: &str| {
            let line = format!("1 1 7:0 / /m rw - ext4 /dev/loop0 {options}");
            let line = parse(line.as_bytes()).unwrap();
            (line.readonly_filesystem, line.shut_down)
        };
        assert_eq!(of("rw,errors=remount-ro"), (false, false));
        assert_eq!(of("rw,errors=remount-ro,emergency_ro"), (true, false));
        assert_eq!(of("rw,shutdown"), (false, true));
    }

    #[test]
    fn discards_are_told_by_each_file_system_in_its_way() {
        for (options, wanted) in [
            ("rw,discard", true),
            ("rw,discard=async,ssd", true),
            ("rw", false),
            ("rw,nodiscard", false),
        ] {
            let line = format!("1 1 7:0 / /m rw - btrfs /dev/loop0 {options}");
            assert_eq!(parse(line.as_bytes()).unwrap().discards, wanted, "{options}");
        }
    }

    #[test]
    fn cut_lines_are_no_lines() {
        let whole = b"36 35 98:0 / /m rw - ext4 /dev/a rw";
        let source = whole.windows(6).position(|w| w == b"/dev/a").unwrap();
        for end in 0..=source {
            assert_eq!(parse(&whole[..end]).map(|line| line.source), None, "cut at {end}");
        }
    }

    fn escape(path: &[u8]) -> Vec<u8> {
        path.iter()
            .flat_map(|byte| match byte {
                b' ' | b'\t' | b'\n' | b'\\' | b'#' => format!("\\{byte:03o}").into_bytes(),
                plain => vec![*plain],
            })
            .collect()
    }

    proptest! {
        #[test]
        fn any_path_survives(path in prop::collection::vec(1_u8.., 1..64)) {
            let mut line = b"36 35 98:0 ".to_vec();
            line.extend(escape(&path));
            line.push(b' ');
            line.extend(escape(&path));
            line.extend_from_slice(b" rw - ext4 /dev/a rw");
            let line = parse(&line).unwrap();
            prop_assert_eq!(line.point.as_os_str().as_bytes(), &path[..]);
            prop_assert_eq!(line.root.as_os_str().as_bytes(), &path[..]);
        }

        #[test]
        fn any_bytes_are_survived(line in prop::collection::vec(any::<u8>(), 0..128)) {
            let _ = parse(&line);
        }
    }
}
