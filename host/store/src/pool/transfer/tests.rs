use std::io::Write;

use super::*;

const SIZE: u64 = 64 << 20;

/// A sparse file with two runs of data, one of them up to its end.
fn source() -> File {
    let file = tempfile::tempfile().unwrap();
    file.set_len(SIZE).unwrap();
    file.write_all_at(&[1; 3 << 20], 1 << 20).unwrap();
    file.write_all_at(&[2; 9 << 20], SIZE - (9 << 20)).unwrap();
    file
}

fn content(file: &File) -> Vec<u8> {
    let mut bytes = vec![0xee; usize::try_from(file.metadata().unwrap().len()).unwrap()];
    file.read_exact_at(&mut bytes, 0).unwrap();
    bytes
}

#[test]
fn holes_stay_holes_and_all_data_is_counted() {
    let (from, to) = (source(), tempfile::tempfile().unwrap());
    let mut copied = 0;
    let whole = transfer(&from, &to, SIZE, |bytes| {
        copied += bytes;
        true
    });
    assert_eq!(whole, Ok(true));
    assert!(content(&from) == content(&to));
    assert_eq!(copied, bytes(&from, 0..SIZE).unwrap());
    assert_eq!(bytes(&to, 0..SIZE).unwrap(), copied);
    assert!(copied < SIZE / 2, "{copied}");
}

#[test]
fn a_buffer_copies_what_the_kernel_would() {
    let (from, to) = (source(), tempfile::tempfile().unwrap());
    let mut way = Way::Buffer(vec![0; BUFFER]);
    let mut position = 0;
    while position < SIZE {
        position += way.copy(&from, &to, position, SIZE - position).unwrap();
    }
    assert!(content(&from) == content(&to));
    assert!(matches!(way.copy(&from, &to, SIZE, 1), Err(PoolError::Storage(_))));
    assert!(matches!(Way::Kernel.copy(&from, &to, SIZE, 1), Err(PoolError::Storage(_))));
}

#[test]
fn a_copy_ends_where_it_is_not_wanted_any_more() {
    let (from, to) = (source(), tempfile::tempfile().unwrap());
    let mut chunks = 0;
    let whole = transfer(&from, &to, SIZE, |_| {
        chunks += 1;
        chunks < 2
    });
    assert_eq!((whole, chunks), (Ok(false), 2));
}

#[test]
fn a_write_moves_the_moment() {
    let mut file = source();
    let before = moment(&file).unwrap();
    assert_eq!(moment(&file), Ok(before));
    // The kernel's clock for files ticks every few milliseconds.
    while moment(&file) == Ok(before) {
        file.write_all(&[1]).unwrap();
    }
}
