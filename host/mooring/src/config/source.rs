//! Where a backend comes from, as one word of the configuration.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// `embedded:NAME` or the absolute path of a `.wasm` file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub(crate) enum Source {
    /// Built into this program.
    Embedded(String),
    /// A component on disk.
    File(PathBuf),
}

impl FromStr for Source {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Some(name) = text.strip_prefix("embedded:") {
            return Ok(Self::Embedded(name.to_owned()));
        }
        if text.starts_with("oci://") {
            return Err(format!(
                "backend {text:?}: registries are not served by this version; pull the component \
                 to a file and name its path"
            ));
        }
        let path = PathBuf::from(text);
        if path.is_absolute() {
            Ok(Self::File(path))
        } else {
            Err(format!(
                "backend {text:?} is neither embedded:NAME nor an absolute path to a .wasm file"
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
        }
    }
}
