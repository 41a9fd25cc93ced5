//! What the fuzz targets of `tests/fuzz` call of this crate: what registries, signatures and people
//! write, read as this crate reads it. Only they and this crate's tests compile it (`--cfg fuzzing`).
#![allow(
    clippy::panic,
    clippy::expect_used,
    unreachable_pub,
    reason = "a broken promise is told by a panic"
)]

use crate::document::{Index, Manifest};
use crate::reference::Reference;
use crate::trust::{Key, names, simple_signing};
use crate::{Digest, Source};

/// Manifests, indexes and signatures of a registry: refused with a reason, or read, and then the
/// same when they are written and read again.
pub fn documents(input: &[u8]) {
    let at: Reference = "registry.example/a:1".parse().expect("a reference");
    match Manifest::read(&at.registry, "fuzz", input) {
        Ok(manifest) => {
            let _ = manifest.component(&at.registry, "fuzz");
            let written = serde_json::to_vec(&manifest).expect("a manifest is JSON");
            let again = Manifest::read(&at.registry, "fuzz", &written).expect("what was read");
            assert_eq!(again, manifest);
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
    let signed = simple_signing(&at, input).unwrap_or_default();
    assert!(signed.len() <= 64, "{} signatures are looked at", signed.len());
    let _ = serde_json::from_slice::<Index>(input);
    let about = Digest::of(input);
    assert!(!names(input, &about), "a payload that names its own digest");
}

/// References, digests, sources and keys as people write them: what is taken is the same when it is
/// written and read again.
pub fn names_of_things(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else { return };
    if let Ok(reference) = text.parse::<Reference>() {
        assert_eq!(reference.to_string().parse(), Ok(reference));
    }
    if let Ok(digest) = text.parse::<Digest>() {
        assert_eq!(digest.to_string().parse(), Ok(digest));
    }
    if let Ok(source) = text.parse::<Source>() {
        assert_eq!(source.to_string().parse(), Ok(source));
    }
    if let Ok(key @ Key::Pem(_)) = text.parse::<Key>() {
        assert!(key.load().is_ok(), "a key that was taken loads");
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn whatever_the_bytes(input in prop::collection::vec(any::<u8>(), 0..256)) {
            super::documents(&input);
            super::names_of_things(&input);
        }
    }
}
