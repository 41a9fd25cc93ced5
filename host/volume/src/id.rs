//! Identifiers: checked once at the edge, and never used as a path.

use std::fmt;

use sha2::{Digest, Sha256};

use crate::error::{Error, Result};

/// Checks an identifier of the orchestrator: 1 to `max` bytes, no control characters.
///
/// Source: CSI "Size Limits" (128 bytes unless said otherwise); the specification forbids control
/// characters in names and ids (RFC 3629 text, "excluding").
fn check(field: &str, text: &str, max: usize) -> Result<()> {
    if text.is_empty() {
        return Err(Error::invalid(format!("{field} is empty; it is required")));
    }
    if text.len() > max {
        return Err(Error::invalid(format!(
            "{field} has {} bytes; at most {max} are allowed",
            text.len()
        )));
    }
    if let Some(bad) = text.chars().find(|c| c.is_control()) {
        return Err(Error::invalid(format!("{field} holds the control character {bad:?}")));
    }
    Ok(())
}

macro_rules! identifier {
    ($(#[$doc:meta])* $name:ident, $field:literal, $max:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// Checks and takes it.
            ///
            /// # Errors
            /// `InvalidArgument`, naming the field, when it is empty, too long or holds control
            /// characters.
            pub fn new(text: impl Into<String>) -> Result<Self> {
                let text = text.into();
                check($field, &text, $max)?;
                Ok(Self(text))
            }

            /// The text as the orchestrator wrote it.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }

            /// A name for it on disk: 64 hexadecimal digits (SHA-256), whatever it holds.
            #[must_use]
            pub fn key(&self) -> String {
                hash(&self.0)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl TryFrom<String> for $name {
            type Error = Error;
            fn try_from(text: String) -> Result<Self> {
                Self::new(text)
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> Self {
                id.0
            }
        }
    };
}

identifier! {
    /// A backend's id of a volume (CSI `volume_id`).
    VolumeId, "volume_id", 128
}
identifier! {
    /// The orchestrator's name for a volume to be made: the key of CreateVolume's idempotence.
    VolumeName, "name", 128
}
identifier! {
    /// A backend's id of a snapshot.
    SnapshotId, "snapshot_id", 128
}
identifier! {
    /// A backend's id of a group of snapshots.
    GroupSnapshotId, "group_snapshot_id", 128
}
identifier! {
    /// The orchestrator's name for a snapshot: the key of CreateSnapshot's idempotence.
    SnapshotName, "name", 128
}
identifier! {
    /// The orchestrator's name for a group of snapshots: the key of its idempotence.
    GroupSnapshotName, "name", 128
}
identifier! {
    /// A node as the driver knows it (CSI `node_id`, at most 256 bytes).
    NodeId, "node_id", 256
}

/// SHA-256 as 64 hexadecimal digits.
fn hash(text: &str) -> String {
    Sha256::digest(text.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A CSI driver name: a domain name of at most 63 characters.
///
/// Source: CSI `GetPluginInfoResponse.name`: domain name notation, 63 characters or less,
/// beginning and ending with an alphanumeric, with dashes, dots and alphanumerics between.
#[derive(
    Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize,
)]
#[serde(try_from = "String", into = "String")]
pub struct DriverName(String);

impl DriverName {
    /// Checks and takes a driver name.
    ///
    /// # Errors
    /// `InvalidArgument` when it is no domain name of at most 63 characters.
    pub fn new(text: impl Into<String>) -> Result<Self> {
        let text = text.into();
        let label = |label: &str| {
            !label.is_empty()
                && !label.starts_with('-')
                && !label.ends_with('-')
                && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
        };
        if text.len() <= 63 && text.split('.').all(label) {
            Ok(Self(text))
        } else {
            Err(Error::invalid(format!(
                "{text:?} is no driver name: a domain name of at most 63 characters is wanted, \
                 such as image.mooring.dev"
            )))
        }
    }

    /// The name as text; safe as a path component.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for DriverName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for DriverName {
    type Error = Error;
    fn try_from(text: String) -> Result<Self> {
        Self::new(text)
    }
}

impl From<DriverName> for String {
    fn from(name: DriverName) -> Self {
        name.0
    }
}

/// Names a call in the log lines of both processes: the upper half is one process's own, drawn at its
/// start, the lower one counts its calls. 0 is for what no caller asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct CallId(pub u64);

impl fmt::Display for CallId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.0 >> 32, self.0 & u64::from(u32::MAX)) {
            (0, number) => write!(f, "{number}"),
            (process, number) => write!(f, "{process:08x}-{number}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_is_told_by_its_process_and_number() {
        assert_eq!(CallId(7).to_string(), "7");
        assert_eq!(CallId((0xabc << 32) | 7).to_string(), "00000abc-7");
    }

    #[test]
    fn refuses_what_could_harm() {
        for bad in ["", "a\0b", "line\nbreak", "\u{7f}", &"x".repeat(129)] {
            assert!(VolumeId::new(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn keys_are_fixed_length_and_safe_as_file_names() {
        for id in ["..", "../../etc", "/", "a,b=c", "-rf", "ü"] {
            let key = VolumeId::new(id).unwrap().key();
            assert!(key.len() == 64 && key.bytes().all(|b| b.is_ascii_hexdigit()), "{id}");
        }
    }

    #[test]
    fn driver_names_are_domain_names() {
        for good in ["image.mooring.dev", "a", "csi-1.example.com"] {
            assert!(DriverName::new(good).is_ok(), "{good}");
        }
        for bad in ["", "..", "a..b", "-a", "a-", "a/b", "ä.dev", &"x".repeat(64)] {
            assert!(DriverName::new(bad).is_err(), "{bad}");
        }
    }
}
