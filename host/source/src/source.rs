//! Where a backend comes from, as one word of the configuration.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::reference::Reference;

/// `embedded:NAME`, the absolute path of a `.wasm` file, or
/// `oci://registry/repository[:tag][@sha256:…]`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Source {
    /// Built into this program.
    Embedded(String),
    /// A component on disk.
    File(PathBuf),
    /// A component in a registry.
    Registry(Reference),
}

impl FromStr for Source {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Some(name) = text.strip_prefix("embedded:") {
            return Ok(Self::Embedded(name.to_owned()));
        }
        if text.starts_with("oci://") {
            return text.parse().map(Self::Registry).map_err(|why| format!("backend {why}"));
        }
        let path = PathBuf::from(text);
        if path.is_absolute() {
            Ok(Self::File(path))
        } else {
            Err(format!(
                "backend {text:?} is neither embedded:NAME, an absolute path to a .wasm file, nor \
                 oci://registry/repository:tag"
            ))
        }
    }
}

impl TryFrom<String> for Source {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<Source> for String {
    fn from(source: Source) -> Self {
        source.to_string()
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Embedded(name) => write!(f, "embedded:{name}"),
            Self::File(path) => write!(f, "{}", path.display()),
            Self::Registry(reference) => write!(f, "{reference}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_is_read_and_written_alike() {
        for text in ["embedded:image-file", "/opt/vendor.wasm", "oci://ghcr.io/vendor/backend:1.2"]
        {
            assert_eq!(text.parse::<Source>().unwrap().to_string(), text);
        }
        for text in ["vendor.wasm", "oci://backend", "https://ghcr.io/a", ""] {
            assert!(text.parse::<Source>().is_err(), "{text:?}");
        }
    }
}
