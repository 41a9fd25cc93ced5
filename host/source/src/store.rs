//! What was had before, on disk: content by digest, and small records of what was seen last.
//!
//! Content is checked against its digest whenever it is read, so the directory is a convenience and
//! nothing that has to be trusted. Records are trusted as far as the directory is the process's own.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::error::SourceError;
use crate::layout::bounded;
use crate::reference::Digest;

/// A record is a few lines.
const MAX_RECORD: u64 = 64 << 10;

/// A directory of content and records.
#[derive(Debug, Clone)]
pub struct Store(PathBuf);

/// What a record is about; a folder each.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Kind {
    /// What a tag named when the registry last said.
    Resolved,
    /// The highest version that a driver ran.
    Version,
}

impl Store {
    /// A store in this directory, made where it is missing.
    ///
    /// # Errors
    /// `Local` where it cannot be made.
    pub fn open(dir: PathBuf) -> Result<Self, SourceError> {
        for part in ["content", Kind::Resolved.folder(), Kind::Version.folder()] {
            let path = dir.join(part);
            let mut builder = std::fs::DirBuilder::new();
            std::os::unix::fs::DirBuilderExt::mode(builder.recursive(true), 0o700)
                .create(&path)
                .map_err(|error| SourceError::local("make", &path, error))?;
        }
        Ok(Self(dir))
    }

    /// Content, if it is there whole. What is not what its name says is as good as absent.
    ///
    /// # Errors
    /// `Local` where it cannot be read.
    pub(crate) fn content(
        &self,
        digest: &Digest,
        most: u64,
    ) -> Result<Option<Vec<u8>>, SourceError> {
        let path = self.0.join("content").join(digest.hex());
        match bounded(&path, most) {
            Ok(Some(bytes)) if Digest::of(&bytes) == *digest => Ok(Some(bytes)),
            Ok(Some(_)) | Err(SourceError::Broken { .. }) => {
                tracing::warn!(path = %path.display(), "stored content is damaged; it is fetched anew");
                Ok(None)
            }
            other => other,
        }
    }

    /// Keeps content. Repeating it changes nothing.
    ///
    /// # Errors
    /// `Local`, such as for a full disk.
    pub(crate) fn keep(&self, digest: &Digest, bytes: &[u8]) -> Result<(), SourceError> {
        write(&self.0.join("content").join(digest.hex()), bytes)
    }

    /// A record, if there is one.
    ///
    /// # Errors
    /// `Local`; `Broken` for one that cannot be read.
    pub(crate) fn record<T: DeserializeOwned>(
        &self,
        kind: Kind,
        key: &str,
    ) -> Result<Option<T>, SourceError> {
        let path = self.path(kind, key);
        let Some(bytes) = bounded(&path, MAX_RECORD)? else { return Ok(None) };
        serde_json::from_slice(&bytes).map(Some).map_err(|error| {
            SourceError::broken("this machine", &path.display().to_string(), error.to_string())
        })
    }

    /// Writes a record over the former one, whole or not at all.
    ///
    /// # Errors
    /// `Local`.
    pub(crate) fn note<T: Serialize>(
        &self,
        kind: Kind,
        key: &str,
        value: &T,
    ) -> Result<(), SourceError> {
        let path = self.path(kind, key);
        let bytes = serde_json::to_vec(value)
            .map_err(|error| SourceError::local("write", &path, error.into()))?;
        write(&path, &bytes)
    }

    /// Where a record is; its key is hashed, since no name becomes a part of a path.
    pub(crate) fn path(&self, kind: Kind, key: &str) -> PathBuf {
        self.0.join(kind.folder()).join(Digest::of(key.as_bytes()).hex())
    }
}

impl Kind {
    fn folder(self) -> &'static str {
        match self {
            Self::Resolved => "resolved",
            Self::Version => "versions",
        }
    }
}

/// Writes aside, syncs, renames: a reader sees the old or the new, also after a power cut.
fn write(path: &Path, bytes: &[u8]) -> Result<(), SourceError> {
    let told = |error| SourceError::local("write", path, error);
    let dir = path.parent().unwrap_or(path);
    let mut aside = tempfile::Builder::new().prefix(".part-").tempfile_in(dir).map_err(told)?;
    aside.write_all(bytes).map_err(told)?;
    aside.as_file().sync_all().map_err(told)?;
    aside.persist(path).map_err(|error| told(error.error))?;
    std::fs::File::open(dir).and_then(|dir| dir.sync_all()).map_err(told)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_is_checked_when_it_is_read() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path().join("a/b")).unwrap();
        let digest = Digest::of(b"component");
        assert_eq!(store.content(&digest, 99).unwrap(), None);
        store.keep(&digest, b"component").unwrap();
        assert_eq!(store.content(&digest, 99).unwrap().as_deref(), Some(&b"component"[..]));
        for damaged in [&b"componenX"[..], b"comp", b"", b"component and more"] {
            std::fs::write(dir.path().join("a/b/content").join(digest.hex()), damaged).unwrap();
            assert_eq!(store.content(&digest, 10).unwrap(), None);
        }
        store.keep(&digest, b"component").unwrap();
        assert!(store.content(&digest, 99).unwrap().is_some());
    }

    #[test]
    fn records_are_replaced_and_their_keys_are_no_paths() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path().to_owned()).unwrap();
        let key = "../../etc/passwd";
        assert_eq!(store.record::<u32>(Kind::Version, key).unwrap(), None);
        for value in [1_u32, 2] {
            store.note(Kind::Version, key, &value).unwrap();
            assert_eq!(store.record(Kind::Version, key).unwrap(), Some(value));
        }
        assert_eq!(store.record::<u32>(Kind::Resolved, key).unwrap(), None);
        std::fs::write(store.path(Kind::Version, key), b"\0").unwrap();
        assert!(matches!(store.record::<u32>(Kind::Version, key), Err(SourceError::Broken { .. })));
    }
}
