use std::path::{Path, PathBuf};

use proptest::prelude::*;
use rustix::fs::{FallocateFlags, fallocate, ioctl_ficlone};

use super::*;

/// Positions of the files in these tests, so that steps meet.
const SIZE: u64 = 3 << 20;

#[derive(Debug, Clone)]
enum Step {
    Write {
        offset: u64,
        length: usize,
        byte: u8,
    },
    Punch {
        offset: u64,
        length: u64,
    },
    Reserve {
        offset: u64,
        length: u64,
    },
    Zero {
        offset: u64,
        length: u64,
    },
    Grow(u64),
    /// To a part of it, and back.
    Cut(u64),
    Sync,
}

fn step() -> impl Strategy<Value = Step> {
    let place = || (0..SIZE, 1..200_000_u64);
    prop_oneof![
        5 => (place(), any::<u8>()).prop_map(|((offset, length), byte)| {
            let (offset, length) = (offset / 512 * 512, length.div_ceil(512) * 512);
            Step::Write { offset, length: usize::try_from(length).unwrap(), byte }
        }),
        2 => place().prop_map(|(offset, length)| Step::Punch { offset, length }),
        1 => place().prop_map(|(offset, length)| Step::Reserve { offset, length }),
        1 => place().prop_map(|(offset, length)| Step::Zero { offset, length }),
        1 => (1_u64..1 << 20).prop_map(|more| Step::Grow(more / 512 * 512)),
        1 => (0..SIZE).prop_map(Step::Cut),
        1 => Just(Step::Sync),
    ]
}

fn take(step: &Step, file: &File) {
    match *step {
        Step::Write { offset, length, byte } => {
            file.write_all_at(&vec![byte; length], offset).unwrap();
        }
        Step::Punch { offset, length } => {
            let flags = FallocateFlags::PUNCH_HOLE | FallocateFlags::KEEP_SIZE;
            fallocate(file, flags, offset, length).unwrap();
        }
        Step::Reserve { offset, length } => {
            fallocate(file, FallocateFlags::KEEP_SIZE, offset, length).unwrap();
        }
        Step::Zero { offset, length } => {
            let flags = FallocateFlags::ZERO_RANGE | FallocateFlags::KEEP_SIZE;
            match fallocate(file, flags, offset, length) {
                // Older kernels' btrfs and tmpfs.
                Err(rustix::io::Errno::OPNOTSUPP) | Ok(()) => {}
                Err(error) => panic!("{error}"),
            }
        }
        Step::Cut(length) => {
            let whole = file.metadata().unwrap().len();
            file.set_len(length).unwrap();
            file.set_len(whole).unwrap();
        }
        Step::Grow(more) => file.set_len(file.metadata().unwrap().len() + more).unwrap(),
        Step::Sync => file.sync_all().unwrap(),
    }
}

fn new(dir: &Path) -> File {
    let file = tempfile::tempfile_in(dir).unwrap();
    file.set_len(SIZE).unwrap();
    file
}

/// A copy that shares blocks where the file system can.
fn copy(dir: &Path, file: &File) -> File {
    let copy = tempfile::tempfile_in(dir).unwrap();
    if ioctl_ficlone(&copy, file).is_err() {
        let bytes = content(file);
        copy.set_len(key(bytes.len())).unwrap();
        for (block, offset) in bytes.chunks(BLOCK).zip((0..).step_by(BLOCK)) {
            if block.iter().any(|byte| *byte != 0) {
                copy.write_all_at(block, offset).unwrap();
            }
        }
    }
    copy
}

fn key(length: usize) -> u64 {
    u64::try_from(length).unwrap()
}

fn content(file: &File) -> Vec<u8> {
    let mut bytes = vec![0; usize::try_from(file.metadata().unwrap().len()).unwrap()];
    file.read_exact_at(&mut bytes, 0).unwrap();
    bytes
}

fn page(base: Option<&File>, image: Option<&File>, range: Range<u64>, limit: usize) -> Vec<Extent> {
    let page = Page { extents: Vec::new(), limit, unread: MOST_READ };
    differences(base, image, range, page).unwrap()
}

/// What changed, page by page.
fn changes(base: &File, image: &File, limit: usize) -> Vec<Extent> {
    let (end, mut position, mut all) = (image.metadata().unwrap().len(), 0, Vec::<Extent>::new());
    loop {
        let page = page(Some(base), Some(image), position..end, limit);
        assert!(page.len() <= limit);
        let Some(last) = page.last() else { return all };
        for pair in page.windows(2) {
            assert!(pair[0].offset + pair[0].length < pair[1].offset, "{pair:?}");
        }
        assert!(page[0].offset >= position && last.length > 0 && last.offset + last.length <= end);
        position = last.offset + last.length;
        all.extend(page);
    }
}

/// The base with what changed of the image.
fn rebuilt(base: &File, image: &File, changes: &[Extent]) -> Vec<u8> {
    let (mut bytes, image) = (content(base), content(image));
    bytes.resize(image.len(), 0);
    for change in changes {
        let start = usize::try_from(change.offset).unwrap();
        let end = start + usize::try_from(change.length).unwrap();
        bytes[start..end].copy_from_slice(&image[start..end]);
    }
    bytes
}

/// One image over time, with a snapshot before each group of steps.
fn each_rebuilds_each(dir: &Path, groups: &[Vec<Step>], limit: usize) {
    let image = new(dir);
    let mut snapshots = Vec::new();
    for group in groups {
        snapshots.push(copy(dir, &image));
        group.iter().for_each(|step| take(step, &image));
    }
    snapshots.push(image);
    for (number, one) in snapshots.iter().enumerate() {
        for (other, two) in snapshots.iter().enumerate() {
            let changes = changes(one, two, limit);
            assert!(rebuilt(one, two, &changes) == content(two), "{number} to {other}");
            assert!(number != other || changes.is_empty(), "{changes:?}");
        }
    }
    let zeros = page(None, None, 0..SIZE, limit);
    assert!(zeros.is_empty());
}

fn groups() -> impl Strategy<Value = Vec<Vec<Step>>> {
    prop::collection::vec(prop::collection::vec(step(), 0..6), 1..4)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn the_base_and_what_changed_are_the_image(groups in groups(), limit in 1..20_usize) {
        each_rebuilds_each(&std::env::temp_dir(), &groups, limit);
    }
}

fn reflink() -> PathBuf {
    let dir = std::env::var_os("MOORING_TEST_REFLINK");
    PathBuf::from(dir.expect("MOORING_TEST_REFLINK names a directory on XFS or btrfs"))
}

#[test]
#[ignore = "needs XFS or btrfs: MOORING_TEST_REFLINK=<dir> cargo test -- --ignored changed"]
fn of_shared_blocks_too_the_base_and_what_changed_are_the_image() {
    let dir = reflink();
    proptest!(ProptestConfig::with_cases(48), |(groups in groups(), limit in 1..20_usize)| {
        each_rebuilds_each(&dir, &groups, limit);
    });
}

#[test]
#[ignore = "needs XFS or btrfs: MOORING_TEST_REFLINK=<dir> cargo test -- --ignored changed"]
fn blocks_that_are_shared_have_not_changed_and_are_not_read() {
    let dir = reflink();
    let base = new(&dir);
    base.write_all_at(&[1; 2 << 20], 0).unwrap();
    let image = copy(&dir, &base);
    assert!(places_compare(&base, &image).unwrap());
    assert_eq!(changes(&base, &image, 9), []);
    image.write_all_at(&[1; 4096], 1 << 20).unwrap();
    // The same bytes in another place: what was not read counts as changed.
    assert_eq!(changes(&base, &image, 9), [Extent { offset: 1 << 20, length: 4096 }]);
}

#[test]
fn what_has_no_file_is_zeros() {
    let file = new(&std::env::temp_dir());
    file.write_all_at(&[1; 8192], 1 << 20).unwrap();
    let data = [Extent { offset: 1 << 20, length: 8192 }];
    assert_eq!(page(None, Some(&file), 0..SIZE, 9), data);
    assert_eq!(page(Some(&file), None, 0..SIZE, 9), data);
    let part = page(None, Some(&file), (1 << 20) + 4096..SIZE, 9);
    assert_eq!(part, [Extent { offset: (1 << 20) + 4096, length: 4096 }]);
}

#[test]
fn a_page_ends_where_the_next_change_would_begin() {
    let (base, image) = (new(&std::env::temp_dir()), new(&std::env::temp_dir()));
    for number in 0..5_u64 {
        image.write_all_at(&[1; 4096], number << 16).unwrap();
    }
    let first = page(Some(&base), Some(&image), 0..SIZE, 2);
    let one = |number: u64| Extent { offset: number << 16, length: 4096 };
    assert_eq!(first, [one(0), one(1)]);
    let rest = page(Some(&base), Some(&image), 4096..SIZE, 9);
    assert_eq!(rest, [one(1), one(2), one(3), one(4)]);
}

#[test]
fn reading_ends_with_a_place_to_go_on_from() {
    // tmpfs does not tell places, so that all is read.
    let dir = Path::new("/dev/shm");
    let (base, image) = (new(dir), new(dir));
    let chunk = key(CHUNK);
    for file in [&base, &image] {
        file.write_all_at(&vec![1; 8 * CHUNK], 0).unwrap();
    }
    image.write_all_at(&[2; BLOCK], 5 * chunk).unwrap();
    let (mut position, mut all) = (0, Vec::new());
    loop {
        let page = Page { extents: Vec::new(), limit: 9, unread: 2 * chunk };
        let page = differences(Some(&base), Some(&image), position..SIZE, page).unwrap();
        let Some(last) = page.last() else { break };
        assert!(last.offset + last.length <= position + 2 * chunk + key(BLOCK), "{last:?}");
        position = last.offset + last.length;
        all.extend(page);
    }
    assert!(rebuilt(&base, &image, &all) == content(&image));
    assert!(all.len() <= 5, "{all:?}");
}
