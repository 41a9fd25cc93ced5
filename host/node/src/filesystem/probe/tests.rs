use std::path::{Path, PathBuf};
use std::process::Command;

use super::*;
use crate::filesystem::image::Image;

const MIB: u64 = 1024 * 1024;

/// Makes a file system in a file, or says that its program is missing.
fn made(dir: &Path, program: &str, arguments: &[&str], size: u64) -> Option<PathBuf> {
    let path = dir.join(format!("{program}{}", arguments.join("")));
    std::fs::File::create(&path).unwrap().set_len(size).unwrap();
    let Ok(output) = Command::new(program).args(arguments).arg(&path).output() else {
        eprintln!("{program} is not installed: left out");
        return None;
    };
    assert!(output.status.success(), "{program}: {output:?}");
    Some(path)
}

fn found(image: &Image) -> FileSystem {
    match probe(image).unwrap() {
        OnDevice::FileSystem(found) => found,
        OnDevice::NoKnownFileSystem => panic!("nothing found"),
    }
}

const UUID: &str = "0f0e0d0c-0b0a-0908-0706-050403020100";

#[test]
fn what_the_real_programs_make() {
    let dir = tempfile::tempdir().unwrap();
    let cases: &[(&str, &[&str], Kind, u32)] = &[
        ("mkfs.ext4", &["-q", "-F", "-b", "4096", "-U", UUID], Kind::Ext4, 4096),
        ("mkfs.ext4", &["-q", "-F", "-b", "1024", "-U", UUID], Kind::Ext4, 1024),
        ("mkfs.ext3", &["-q", "-F", "-b", "1024", "-U", UUID], Kind::Ext3, 1024),
        ("mkfs.ext2", &["-q", "-F", "-b", "1024", "-U", UUID], Kind::Ext2, 1024),
        (
            "mkfs.xfs",
            &["-q", "-m", concat!("uuid=", "0f0e0d0c-0b0a-0908-0706-050403020100")],
            Kind::Xfs,
            4096,
        ),
        ("mkfs.btrfs", &["-q", "-U", UUID], Kind::Btrfs, 4096),
    ];
    for (program, arguments, kind, block_size) in cases {
        let Some(path) = made(dir.path(), program, arguments, 320 * MIB) else { continue };
        let found = found(&Image::load(&path));
        assert_eq!(
            (found.kind, found.size, found.block_size, found.state),
            (*kind, 320 * MIB, *block_size, State::Finished),
            "{program} {arguments:?}"
        );
        assert_eq!(found.uuid_text(), UUID);
    }
}

/// Where each superblock stands, and a byte of it that may change without making no superblock.
const PLACES: &[(&str, &[&str], u64, u64)] = &[
    ("mkfs.ext4", &["-q", "-F"], 1024, 0x78),
    ("mkfs.xfs", &["-q"], 0, 110),
    ("mkfs.btrfs", &["-q"], 65536, 0x12b),
];

#[test]
fn a_changed_superblock_is_damaged() {
    let dir = tempfile::tempdir().unwrap();
    for (program, arguments, superblock, field) in PLACES {
        let Some(path) = made(dir.path(), program, arguments, 320 * MIB) else { continue };
        let mut image = Image::load(&path);
        image.write(superblock + field, &[0x5a]);
        assert_eq!(found(&image).state, State::Damaged, "{program}");
    }
}

#[test]
fn an_unreadable_superblock_is_an_error() {
    let dir = tempfile::tempdir().unwrap();
    for (program, arguments, superblock, _) in PLACES {
        let Some(path) = made(dir.path(), program, arguments, 320 * MIB) else { continue };
        let mut image = Image::load(&path);
        image.fail(*superblock..superblock + 512);
        let answer = probe(&image);
        assert!(matches!(answer, Err(ProbeError::Unreadable { .. })), "{program}: {answer:?}");
    }
}

#[test]
fn what_mkfs_did_not_finish() {
    let dir = tempfile::tempdir().unwrap();
    if let Some(path) = made(dir.path(), "mkfs.xfs", &["-q"], 320 * MIB) {
        let mut image = Image::load(&path);
        let mut sector = std::fs::read(&path).unwrap()[..512].to_vec();
        sector[126] = 1;
        sector[224..228].fill(0);
        let crc = crc32c::crc32c(&sector);
        sector[224..228].copy_from_slice(&crc.to_le_bytes());
        image.write(0, &sector);
        assert_eq!(found(&image).state, State::Unfinished);
    }
    if let Some(path) = made(dir.path(), "mkfs.btrfs", &["-q"], 320 * MIB) {
        let mut image = Image::load(&path);
        image.write(65536 + 64, b"!BHRfS_M");
        assert_eq!(found(&image).state, State::Unfinished);
    }
    if let Some(path) = made(dir.path(), "mkfs.ext4", &["-q", "-F"], 320 * MIB) {
        let set_state = |mounts: u16| {
            let mut image = Image::load(&path);
            let mut sb = std::fs::read(&path).unwrap()[1024..2048].to_vec();
            sb[0x3a] = 0;
            sb[0x34..0x36].copy_from_slice(&mounts.to_le_bytes());
            let crc = !crc32c::crc32c(&sb[..0x3fc]);
            sb[0x3fc..].copy_from_slice(&crc.to_le_bytes());
            image.write(1024, &sb);
            found(&image).state
        };
        assert_eq!(set_state(0), State::Unfinished);
        assert_eq!(set_state(1), State::Finished, "mounted once: not clean is not unfinished");
    }
}

#[test]
fn two_claims_are_no_answer() {
    let dir = tempfile::tempdir().unwrap();
    let Some(path) = made(dir.path(), "mkfs.ext4", &["-q", "-F"], 320 * MIB) else { return };
    let size = 320 * MIB;
    let claims: &[(u64, &[u8])] = &[
        (0, b"XFSB"),
        (65536 + 64, b"_BHRfS_M"),
        (0, b"LUKS\xba\xbe"),
        (512, b"LABELONE"),
        (4096, &[0xfc, 0x4e, 0x2b, 0xa9]),
        (size - 8192, &[0xfc, 0x4e, 0x2b, 0xa9]),
        (size - 65536, &[0xfc, 0x4e, 0x2b, 0xa9]),
        (512, b"EFI PART"),
    ];
    for (offset, magic) in claims {
        let mut image = Image::load(&path);
        image.write(*offset, magic);
        let answer = probe(&image);
        assert!(matches!(answer, Err(ProbeError::Ambiguous { .. })), "{magic:?}: {answer:?}");
    }
}

#[test]
fn nothing_known_in_zeros_noise_and_stubs() {
    for size in [0, 512, 1024, 2048, 65536, 66000 / 512 * 512, MIB] {
        assert_eq!(probe(&Image::blank(size)).unwrap(), OnDevice::NoKnownFileSystem, "{size}");
    }
}

proptest::proptest! {
    #[test]
    fn any_bytes_get_an_answer(head in proptest::collection::vec(proptest::num::u8::ANY, 4096)) {
        // With each magic in place, whatever stands around it.
        for (offset, magic) in [(1024 + 56, &[0x53, 0xef][..]), (0, b"XFSB"), (65536 + 64, b"_BHRfS_M")] {
            let mut image = Image::blank(MIB);
            image.write(offset / 4096 * 4096, &head);
            image.write(offset, magic);
            if let Ok(OnDevice::FileSystem(found)) = probe(&image) {
                proptest::prop_assert_ne!(found.state == State::Finished, found.size == 0);
            }
        }
    }
}
