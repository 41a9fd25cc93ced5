//! Ids that follow from names, so that a repeated call finds what the first one made without
//! searching for it.

use alloc::string::String;

use sha2::{Digest, Sha256};

/// How many bytes of the SHA-256 an id carries: 128 bits, for which a collision is not to be
/// expected in any number of volumes that fits a store. Backends still compare the stored name.
const BYTES: usize = 16;

/// The id that belongs to a name: `prefix`, then 32 hexadecimal digits. Whatever the name holds,
/// the id is fit for a pool's item (with a prefix of `a-z 0-9 -`), a key or a vendor's name field.
#[must_use]
pub fn derive(prefix: &str, name: &str) -> String {
    const DIGITS: [char; 16] =
        ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'b', 'c', 'd', 'e', 'f'];
    let digit = |nibble: u8| DIGITS.get(usize::from(nibble)).copied().unwrap_or_default();
    let mut id = String::with_capacity(prefix.len() + 2 * BYTES);
    id.push_str(prefix);
    for byte in Sha256::digest(name.as_bytes()).into_iter().take(BYTES) {
        id.push(digit(byte >> 4));
        id.push(digit(byte & 15));
    }
    id
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_stable_distinct_and_plain() {
        // Pinned: ids are stored in clusters, so the derivation can never change.
        assert_eq!(derive("img-", "pvc-1"), "img-f2868e1aa7cab669517cd9f5ab1b7957");
        assert_ne!(derive("img-", "pvc-1"), derive("img-", "pvc-2"));
        for odd in ["", "../../etc/passwd", "a b\u{fc}\0", &"x".repeat(10_000)] {
            let id = derive("img-", odd);
            let plain = |b: u8| b.is_ascii_digit() || matches!(b, b'a'..=b'f');
            assert!(id.len() == 36 && id.bytes().skip(4).all(plain), "{odd}: {id}");
        }
    }
}
