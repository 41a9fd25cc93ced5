//! Ids of volumes and snapshots: which array, then the array's own id. The array is told by a hash of
//! its address, so that an id stays short, and one of another array is never taken for its own.

use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::String;

use mooring_sdk::{Error, Result, ids};

/// Hexadecimal digits that tell an array.
const KEY: usize = 8;

/// The longest id of an array's own, in bytes.
const LONGEST: usize = 64;

/// An id, taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Id {
    /// Which array: [`key`].
    pub(crate) array: String,
    /// The array's own id.
    pub(crate) local: String,
}

impl Id {
    /// Reads an id; none for what this backend never gave.
    pub(crate) fn read(text: &str) -> Option<Self> {
        let (array, local) = text.split_once('.')?;
        let digit = |b: u8| b.is_ascii_digit() || matches!(b, b'a'..=b'f');
        let known = array.len() == KEY && array.bytes().all(digit) && is_plain(local);
        known.then(|| Self { array: array.to_owned(), local: local.to_owned() })
    }

    /// Reads the id of a volume or snapshot that has to be there.
    ///
    /// # Errors
    /// `NotFound` for what this backend never gave.
    pub(crate) fn find(text: &str) -> Result<Self> {
        Self::read(text)
            .ok_or_else(|| Error::not_found(format!("{text:?} is no id that this driver gave")))
    }

    /// The id as orchestrators see it.
    pub(crate) fn tell(array: &str, local: &str) -> String {
        format!("{array}.{local}")
    }
}

/// The hash of an array's address.
pub(crate) fn key(url: &str) -> String {
    ids::derive("", url).chars().take(KEY).collect()
}

/// Whether a text can be an id of the array's own, a serial, a job's id: nothing that means something
/// in a path, a link's name or a log.
pub(crate) fn is_plain(text: &str) -> bool {
    (1..=LONGEST).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
}

/// The array's name for a node: its own where that can stand in a path.
pub(crate) fn host_name(node: &str) -> String {
    let fits = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
    let plain = node.len() <= LONGEST && node.bytes().all(fits);
    match plain && node.bytes().any(|b| b != b'.') {
        true => node.to_owned(),
        false => ids::derive("node-", node),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_read_as_they_were_told_and_nothing_else_is() {
        let text = Id::tell(&key("https://a"), "vol-1");
        let id = Id::read(&text).unwrap();
        assert_eq!((Id::tell(&id.array, &id.local), id.local.as_str()), (text, "vol-1"));
        for odd in
            ["", "vol-1", "x.vol-1", "0123456g.vol-1", "01234567.", "01234567.a/b", "01234567.a.b"]
        {
            assert_eq!(Id::read(odd), None, "{odd}");
        }
        assert_ne!(key("https://a"), key("https://b"));
        // Pinned: ids are stored in clusters, so the derivation can never change.
        assert_eq!(key("https://array.example.com:8443"), "eb269f48");
    }

    #[test]
    fn a_nodes_name_never_leaves_its_place_in_a_path() {
        assert_eq!(host_name("worker-1.example"), "worker-1.example");
        for odd in ["..", "a/b", "", "a b", "i-0\u{fc}"] {
            assert!(host_name(odd).starts_with("node-"), "{odd}");
        }
    }
}
