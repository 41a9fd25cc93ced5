//! Components without a network: directories in the OCI image layout.
//!
//! A directory is one layout, whose index names manifests by whole references, or it holds a layout
//! a repository at `<dir>/<registry>/<repository>`, whose index names manifests by their tags.

use std::io::Read as _;
use std::path::{Path, PathBuf};

use crate::document::{Descriptor, Index, MANIFEST, MAX_DOCUMENT};
use crate::error::SourceError;
use crate::reference::{Digest, Reference};

/// Image layout specification: what an entry of `index.json` is called.
const REF_NAME: &str = "org.opencontainers.image.ref.name";
/// The same, as containerd writes it, always whole.
const IMAGE_NAME: &str = "io.containerd.image.name";
/// `cosign save` marks its entries by it instead of naming them.
const COSIGN_KIND: &str = "kind";
const COSIGN_SIGNATURES: &str = "dev.cosignproject.cosign/sigs";

/// The directory that an operator fills.
#[derive(Debug, Clone)]
pub(crate) struct Layout(PathBuf);

impl Layout {
    pub(crate) fn new(dir: PathBuf) -> Self {
        Self(dir)
    }

    /// For messages.
    pub(crate) fn name(&self) -> String {
        self.0.display().to_string()
    }

    /// The manifest of a reference, and its digest.
    ///
    /// # Errors
    /// `Missing`; `Broken` for content that is not what its name says.
    pub(crate) fn manifest(&self, reference: &Reference) -> Result<(Vec<u8>, Digest), SourceError> {
        let digest = match &reference.digest {
            Some(digest) => digest.clone(),
            None => self.named(reference)?.ok_or_else(|| self.missing(&reference.to_string()))?,
        };
        Ok((self.content(reference, &digest, MAX_DOCUMENT)?, digest))
    }

    /// Manifests of signatures that carry no name: whose they are, their payload says.
    pub(crate) fn signatures(&self, reference: &Reference) -> Result<Vec<Vec<u8>>, SourceError> {
        let mut found = Vec::new();
        for dir in self.places(reference) {
            for entry in index(&dir)?.into_iter().flat_map(|index| index.manifests) {
                if entry.annotations.get(COSIGN_KIND).is_some_and(|kind| kind == COSIGN_SIGNATURES)
                {
                    found.push(self.content(reference, &entry.digest, MAX_DOCUMENT)?);
                }
            }
        }
        Ok(found)
    }

    /// The content that a descriptor names.
    ///
    /// # Errors
    /// As `manifest`.
    pub(crate) fn blob(
        &self,
        reference: &Reference,
        blob: &Descriptor,
        most: u64,
    ) -> Result<Vec<u8>, SourceError> {
        self.content(reference, &blob.digest, most.min(blob.size))
    }

    /// The repository's own layout, then the common one.
    fn places(&self, reference: &Reference) -> [PathBuf; 2] {
        [self.0.join(&reference.registry).join(&reference.repository), self.0.clone()]
    }

    fn named(&self, reference: &Reference) -> Result<Option<Digest>, SourceError> {
        let tag = reference.tag_or_latest();
        let whole = format!("{}:{tag}", reference.name());
        let is = |entry: &Descriptor, key: &str, name: &str| {
            entry.media_type == MANIFEST && entry.annotations.get(key).is_some_and(|n| n == name)
        };
        let [own, common] = self.places(reference);
        for (dir, names) in [(own, [tag, whole.as_str()]), (common, [whole.as_str(); 2])] {
            let entries = index(&dir)?.map(|index| index.manifests).unwrap_or_default();
            let found = entries.into_iter().find(|entry| {
                names.iter().any(|name| is(entry, REF_NAME, name)) || is(entry, IMAGE_NAME, &whole)
            });
            if let Some(entry) = found {
                return Ok(Some(entry.digest));
            }
        }
        Ok(None)
    }

    fn content(
        &self,
        reference: &Reference,
        digest: &Digest,
        most: u64,
    ) -> Result<Vec<u8>, SourceError> {
        for dir in self.places(reference) {
            let path = dir.join("blobs/sha256").join(digest.hex());
            let Some(bytes) = bounded(&path, most)? else { continue };
            let found = Digest::of(&bytes);
            if found == *digest {
                return Ok(bytes);
            }
            let what = path.display().to_string();
            return Err(SourceError::broken(&self.name(), &what, format!("its digest is {found}")));
        }
        Err(self.missing(&format!("{digest} of {}", reference.name())))
    }

    fn missing(&self, what: &str) -> SourceError {
        SourceError::Missing { registry: self.name(), what: what.to_owned() }
    }
}

fn index(dir: &Path) -> Result<Option<Index>, SourceError> {
    let path = dir.join("index.json");
    let Some(bytes) = bounded(&path, MAX_DOCUMENT)? else { return Ok(None) };
    serde_json::from_slice(&bytes).map(Some).map_err(|error| {
        SourceError::broken(&dir.display().to_string(), "index.json", error.to_string())
    })
}

/// A file of at most so many bytes; nothing where there is no file.
pub(crate) fn bounded(path: &Path, most: u64) -> Result<Option<Vec<u8>>, SourceError> {
    let file = match std::fs::File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(SourceError::local("open", path, error)),
    };
    let mut bytes = Vec::new();
    let read = file.take(most.saturating_add(1)).read_to_end(&mut bytes);
    read.map_err(|error| SourceError::local("read", path, error))?;
    if bytes.len() as u64 > most {
        let (place, reason) =
            (path.display().to_string(), format!("it has more than {most} bytes"));
        return Err(SourceError::broken("this machine", &place, reason));
    }
    Ok(Some(bytes))
}
