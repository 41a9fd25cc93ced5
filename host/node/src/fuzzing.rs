//! What the fuzz targets of `tests/fuzz` call of this crate: bytes from anywhere into its parsers
//! and the proof of blankness, with what must hold of each answer. Only they and this crate's tests
//! compile it (`--cfg fuzzing`).
#![allow(
    clippy::panic,
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    unreachable_pub,
    reason = "a broken promise is told by a panic"
)]

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

use mooring_volume::VolumeId;

use crate::filesystem::fuzzing as content;
use crate::os::linux::mountinfo;
use crate::record::{Record, Stored, seal};

/// Any content of a device: blank exactly where all that is read is zero and readable, and blank
/// after it was wiped; no superblock, however wrong, is more than an answer.
pub fn blank_proof(input: &[u8]) {
    content::blank_proof(input);
}

/// Any bytes of a record's file: nothing but a whole record of this volume is taken for one, and
/// neither a torn nor a flipped one for none.
pub fn records(input: &[u8]) {
    let volume = VolumeId::new("fuzz").expect("an id");
    read(input, &volume);
    // Past the checksum, as the bytes of a record that somebody wrote.
    let json: Vec<u8> = input.iter().copied().filter(|byte| *byte != b'\n').collect();
    let whole = seal(json);
    let stored = read(&whole, &volume);
    let cut = input.first().map_or(0, |byte| usize::from(*byte) * whole.len() / 256);
    assert!(Stored::decode(Some(&whole[..cut]), &volume).is_unreadable(), "cut at {cut}");
    let at = input.last().map_or(0, |byte| usize::from(*byte) * whole.len() / 256);
    let mut flipped = whole.clone();
    flipped[at] ^= 1 << (input.len() % 8);
    let torn = Stored::decode(Some(&flipped), &volume);
    assert!(torn.is_unreadable(), "flipped at {at}: {torn:?} of {stored:?}");
}

fn read(bytes: &[u8], volume: &VolumeId) -> Stored {
    let stored = Stored::decode(Some(bytes), volume);
    match &stored {
        Stored::Absent => panic!("a file is there"),
        Stored::Unreadable(why) => assert!(!why.is_empty()),
        Stored::Whole(record) => {
            let again = record.encode().expect("what was JSON is JSON");
            assert_eq!(Record::decode(&again).as_ref(), Ok(record.as_ref()));
        }
    }
    stored
}

/// Any line of the mount table; and a line as the kernel writes it, of any names, which must come
/// back as they are.
pub fn mount_table(input: &[u8]) {
    for line in input.split(|byte| *byte == b'\n') {
        let _ = mountinfo::parse(line);
    }
    let mut names = input.split(|byte| *byte == 0).chain(std::iter::repeat(&b"x"[..]));
    let [root, point, fs_type, source] = [(); 4].map(|()| names.next().unwrap_or_default());
    let mut line = b"36 35 98:0 ".to_vec();
    for (name, end) in
        [(root, &b" "[..]), (point, b" rw,noatime shared:1 - "), (fs_type, b" "), (source, b" rw")]
    {
        line.extend(name.iter().flat_map(|byte| mangled(*byte)));
        line.extend_from_slice(end);
    }
    let read = mountinfo::parse(&line).expect("a line as the kernel writes it");
    assert_eq!(read.root.as_os_str(), OsStr::from_bytes(root));
    assert_eq!(read.point.as_os_str(), OsStr::from_bytes(point));
    assert_eq!(read.source.as_os_str(), OsStr::from_bytes(source));
    assert_eq!(read.fs_type, String::from_utf8_lossy(fs_type));
}

/// As the kernel's `mangle` does (fs/proc_namespace.c).
fn mangled(byte: u8) -> Vec<u8> {
    match byte {
        b' ' | b'\t' | b'\n' | b'\\' | b'#' => format!("\\{byte:03o}").into_bytes(),
        other => vec![other],
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn whatever_the_bytes(input in prop::collection::vec(any::<u8>(), 0..256)) {
            super::blank_proof(&input);
            super::records(&input);
            super::mount_table(&input);
        }
    }
}
