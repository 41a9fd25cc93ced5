//! Names of things in registries: digests and references, checked once so that they can stand in
//! URLs and file names.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

/// SHA-256 of some bytes, written `sha256:` and 64 lower-case hexadecimal digits.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Digest(String);

impl Digest {
    /// The digest of these bytes.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect())
    }

    /// The 64 digits: a file name.
    #[must_use]
    pub fn hex(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "sha256:{}", self.0)
    }
}

impl FromStr for Digest {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.strip_prefix("sha256:") {
            Some(hex)
                if hex.len() == 64
                    && hex.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b)) =>
            {
                Ok(Self(hex.to_owned()))
            }
            _ => {
                Err(format!("digest {text:?} is not sha256: and 64 lower-case hexadecimal digits"))
            }
        }
    }
}

impl TryFrom<String> for Digest {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<Digest> for String {
    fn from(digest: Digest) -> Self {
        digest.to_string()
    }
}

/// `registry/repository[:tag][@sha256:…]`, with or without `oci://` before it. The registry is
/// always written out: none is the default.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Reference {
    /// Host and port.
    pub registry: String,
    /// Path below the registry.
    pub repository: String,
    /// What a person calls the version.
    pub tag: Option<String>,
    /// What it must be, whatever the tag says.
    pub digest: Option<Digest>,
}

impl Reference {
    /// The tag, or `latest`, as every client of registries has it.
    #[must_use]
    pub fn tag_or_latest(&self) -> &str {
        self.tag.as_deref().unwrap_or("latest")
    }

    /// `registry/repository`.
    #[must_use]
    pub fn name(&self) -> String {
        format!("{}/{}", self.registry, self.repository)
    }

    /// The same repository at another tag.
    #[must_use]
    pub(crate) fn at_tag(&self, tag: &str) -> Self {
        Self { tag: Some(tag.to_owned()), digest: None, ..self.clone() }
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "oci://{}/{}", self.registry, self.repository)?;
        if let Some(tag) = &self.tag {
            write!(f, ":{tag}")?;
        }
        if let Some(digest) = &self.digest {
            write!(f, "@{digest}")?;
        }
        Ok(())
    }
}

impl FromStr for Reference {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = |what: &str| {
            format!("{text:?}: {what}; write oci://registry.example/repository:tag or …@sha256:…")
        };
        let rest = text.strip_prefix("oci://").unwrap_or(text);
        let (rest, digest) = match rest.split_once('@') {
            Some((rest, digest)) => (rest, Some(digest.parse::<Digest>().map_err(|e| wrong(&e))?)),
            None => (rest, None),
        };
        let (registry, path) =
            rest.split_once('/').ok_or_else(|| wrong("a registry and a repository are needed"))?;
        let (repository, tag) = match path.rsplit_once(':') {
            Some((repository, tag)) => (repository, Some(tag)),
            None => (path, None),
        };
        if !is_authority(registry) {
            return Err(wrong("the registry is not a host name with a dot, a port, or localhost"));
        }
        if !is_repository(repository) {
            return Err(wrong("the repository may have lower-case letters, digits and . _ - /"));
        }
        if !tag.is_none_or(is_tag) {
            return Err(wrong("a tag has 1 to 128 letters, digits and . _ -"));
        }
        Ok(Self {
            registry: registry.to_owned(),
            repository: repository.to_owned(),
            tag: tag.map(str::to_owned),
            digest,
        })
    }
}

/// A host that cannot be mistaken for the first part of a repository, with a port or without.
pub(crate) fn is_authority(text: &str) -> bool {
    let (host, port) = match text.rsplit_once(':') {
        Some((host, port)) if !text.ends_with(']') => (host, Some(port)),
        _ => (text, None),
    };
    let named = |host: &str| {
        !host.is_empty()
            && !host.starts_with(['.', '-'])
            && host.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'.' || b == b'-')
    };
    let literal = host
        .strip_prefix('[')
        .and_then(|host| host.strip_suffix(']'))
        .is_some_and(|host| host.parse::<std::net::Ipv6Addr>().is_ok());
    let plain = named(host) && (host.contains('.') || host == "localhost" || port.is_some());
    (literal || plain) && port.is_none_or(|port| port.parse::<u16>().is_ok())
}

/// The grammar of the distribution specification, "Pulling manifests": `<name>`.
pub(crate) fn is_repository(text: &str) -> bool {
    let word = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    let part = |part: &str| {
        let bytes = part.as_bytes();
        let ends =
            bytes.first().is_some_and(|b| word(*b)) && bytes.last().is_some_and(|b| word(*b));
        let separators = part.split(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit());
        ends && separators
            .filter(|separator| !separator.is_empty())
            .all(|s| matches!(s, "." | "_" | "__") || s.bytes().all(|b| b == b'-'))
    };
    text.len() <= 255 && text.split('/').all(part)
}

/// The same specification: `<reference>` as a tag.
fn is_tag(text: &str) -> bool {
    let word = |b: u8| b.is_ascii_alphanumeric() || b == b'_';
    (1..=128).contains(&text.len())
        && text.bytes().next().is_some_and(word)
        && text.bytes().all(|b| word(b) || b == b'.' || b == b'-')
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEX: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

    #[test]
    fn digests_are_of_the_bytes() {
        assert_eq!(Digest::of(b"").to_string(), format!("sha256:{HEX}"));
        assert_eq!(format!("sha256:{HEX}").parse::<Digest>(), Ok(Digest::of(b"")));
        for wrong in [HEX, "sha256:00", &format!("sha256:{}", HEX.to_uppercase()), "sha512:00"] {
            assert!(wrong.parse::<Digest>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn references_are_read_and_written_alike() {
        for text in [
            "oci://ghcr.io/vendor/backend:1.2.0",
            "oci://localhost/a",
            "oci://registry:5000/a__b/c-d.e:_x",
            "oci://[::1]:5000/a:1",
            &format!("oci://ghcr.io/v/b@sha256:{HEX}"),
            &format!("oci://10.0.0.1:5000/v/b:1@sha256:{HEX}"),
        ] {
            let reference: Reference = text.parse().unwrap();
            assert_eq!(reference.to_string(), text);
            assert_eq!(text.trim_start_matches("oci://").parse(), Ok(reference));
        }
    }

    #[test]
    fn what_could_leave_its_url_or_folder_is_refused() {
        for text in [
            "",
            "ghcr.io",
            "ghcr.io/",
            "/a",
            "vendor/backend:1",
            "ghcr.io/../a",
            "ghcr.io/a/..",
            "ghcr.io/A",
            "ghcr.io//a",
            "ghcr.io/a:",
            "ghcr.io/a:x/y",
            "ghcr.io/a:..",
            "ghcr.io/a?b",
            "ghcr.io/a#b",
            "user:pw@ghcr.io/a",
            "ghcr.io:port/a",
            "ghcr.io/a@sha256:00",
            "ghcr.io/a%2e",
            "ghcr.io/a...b",
            "ghcr.io/a b",
            "../x.y/a",
            "-x.y/a",
            "ghcr.io/a:-x",
            "[::x]:1/a",
            "ghcr.io/a\n",
        ] {
            assert!(text.parse::<Reference>().is_err(), "{text:?}");
        }
    }
}
