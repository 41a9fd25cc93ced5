//! Getting a component from where its source says: offline directory, store, mirrors, registry.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::component::Facts;
use crate::document::{Annotations, Descriptor, Manifest};
use crate::error::SourceError;
use crate::layout::{Layout, bounded};
use crate::reference::{Digest, Reference};
use crate::registry::{Progress, Registry};
use crate::settings::{self, Patience, Registries, RegistrySettings};
use crate::store::{Kind, Store};

/// Larger components are refused, as the host refuses to compile them: bytes.
pub const MAX_COMPONENT: u64 = 128 << 20;

/// A component that nobody has vouched for yet.
#[derive(Debug, Clone)]
pub struct Candidate {
    /// The component.
    pub bytes: Arc<[u8]>,
    /// Their digest.
    pub digest: Digest,
    /// What the bytes say; empty where they are no component.
    pub facts: Facts,
    /// Where they are from.
    pub origin: Origin,
}

/// Where a candidate is from.
#[derive(Debug, Clone)]
pub enum Origin {
    /// This program.
    Embedded(String),
    /// A file.
    File(PathBuf),
    /// A registry, or what stands in for it.
    Registry {
        /// What was asked for.
        reference: Reference,
        /// What it named: the digest of the manifest, which cosign signs.
        manifest: Digest,
        /// What the manifest says of the component.
        annotations: Annotations,
        /// Why this is what the tag named the last time, and not what it names now.
        stale: Option<String>,
    },
}

impl Candidate {
    /// A component whose bytes are at hand.
    #[must_use]
    pub fn new(bytes: Arc<[u8]>, origin: Origin) -> Self {
        let facts = Facts::read(&bytes).unwrap_or_default();
        Self { digest: Digest::of(&bytes), bytes, facts, origin }
    }
}

/// What a tag named when the registry last said.
#[derive(Debug, Serialize, Deserialize)]
struct Resolved {
    reference: String,
    manifest: Digest,
}

/// A manifest that was had from somewhere.
struct Had {
    bytes: Vec<u8>,
    digest: Digest,
    stale: Option<String>,
}

/// Knows the registries, the offline directory and the store.
#[derive(Debug, Clone, Default)]
pub struct Fetcher {
    pub(crate) registries: Registries,
    pub(crate) patience: Patience,
    offline: Option<Layout>,
    store: Option<Store>,
}

impl Fetcher {
    /// Asks registries and keeps nothing.
    ///
    /// # Errors
    /// `Setting` for a key of the registries that cannot be one.
    pub fn new(registries: Registries) -> Result<Self, SourceError> {
        settings::check(&registries)?;
        Ok(Self { registries, ..Self::default() })
    }

    /// Keeps what it had, and goes by it where the registry is away.
    #[must_use]
    pub fn with_store(self, store: Store) -> Self {
        Self { store: Some(store), ..self }
    }

    /// Uses no network at all where there is such a directory.
    #[must_use]
    pub fn with_offline(self, dir: Option<PathBuf>) -> Self {
        Self { offline: dir.map(Layout::new), ..self }
    }

    /// Waits otherwise.
    #[must_use]
    pub fn with_patience(self, patience: Patience) -> Self {
        Self { patience, ..self }
    }

    pub(crate) fn store(&self) -> Option<&Store> {
        self.store.as_ref()
    }

    /// A component on disk.
    ///
    /// # Errors
    /// `Local` where it cannot be read; `Broken` where it is too large.
    pub async fn file(&self, path: &Path) -> Result<Candidate, SourceError> {
        let path = path.to_owned();
        blocking(move || {
            let bytes = bounded(&path, MAX_COMPONENT)?.ok_or_else(|| {
                SourceError::local("read", &path, std::io::ErrorKind::NotFound.into())
            })?;
            Ok(Candidate::new(bytes.into(), Origin::File(path)))
        })
        .await
    }

    /// A component of a registry: the one with this digest, or the one that the tag names now. Where
    /// the registry is away, it is the one that the tag named last, and the candidate says so.
    ///
    /// # Errors
    /// Every kind but `Exists` and `Untrusted`.
    pub async fn component(
        &self,
        reference: &Reference,
        progress: &Progress<'_>,
    ) -> Result<Candidate, SourceError> {
        let Had { bytes, digest, stale } = self.manifest(reference).await?;
        let named = reference.to_string();
        let manifest = Manifest::read(&reference.registry, &named, &bytes)?;
        let layer = manifest.component(&reference.registry, &named)?;
        let content = self.blob(reference, layer, MAX_COMPONENT, progress).await?;
        // The record comes last: what it names is there.
        self.keep(&layer.digest, &content).await;
        self.remember(reference, &digest, bytes, stale.is_some()).await;
        let origin = Origin::Registry {
            reference: reference.clone(),
            manifest: digest,
            annotations: manifest.annotations,
            stale,
        };
        Ok(Candidate::new(content.into(), origin))
    }

    /// The digest of the manifest that a reference names now; asked of the registry, or looked up in
    /// the offline directory, and never in the store.
    ///
    /// # Errors
    /// As `component`.
    pub async fn resolve(&self, reference: &Reference) -> Result<Digest, SourceError> {
        if let Some(digest) = &reference.digest {
            return Ok(digest.clone());
        }
        self.manifest_now(reference).await.map(|(_, digest)| digest)
    }

    /// The payloads of signatures that cosign put beside a manifest, with the signatures' base64. With
    /// `stored`, only what was had before.
    pub(crate) async fn signatures(
        &self,
        reference: &Reference,
        manifest: &Digest,
        stored: bool,
    ) -> Result<Vec<(Vec<u8>, String)>, SourceError> {
        let at = reference.at_tag(&format!("sha256-{}.sig", manifest.hex()));
        let mut documents = Vec::new();
        if stored {
            documents.extend(self.last_named(&at).await?.map(|(bytes, _)| bytes));
        } else {
            match self.manifest(&at).await {
                Ok(had) => {
                    documents.push(had.bytes.clone());
                    self.remember(&at, &had.digest, had.bytes, had.stale.is_some()).await;
                }
                Err(SourceError::Missing { .. }) => {}
                Err(error) => return Err(error),
            }
            if let Some(layout) = self.offline.clone() {
                let at = at.clone();
                documents.extend(blocking(move || layout.signatures(&at)).await?);
            }
        }
        let mut found = Vec::new();
        for document in documents {
            for (layer, signature) in crate::trust::simple_signing(&at, &document)? {
                let payload = self.blob(&at, &layer, crate::trust::MAX_PAYLOAD, &|_, _| ()).await?;
                self.keep(&layer.digest, &payload).await;
                found.push((payload, signature));
            }
        }
        Ok(found)
    }

    /// Offline directory; store for what has a digest; registry; store for what had a name.
    async fn manifest(&self, reference: &Reference) -> Result<Had, SourceError> {
        if self.offline.is_none()
            && let Some(digest) = &reference.digest
            && let Some(bytes) = self.stored(digest, crate::document::MAX_DOCUMENT).await?
        {
            return Ok(Had { bytes, digest: digest.clone(), stale: None });
        }
        match self.manifest_now(reference).await {
            Ok((bytes, digest)) => Ok(Had { bytes, digest, stale: None }),
            Err(error) if error.is_away() && reference.digest.is_none() => {
                let Some((bytes, digest)) = self.last_named(reference).await? else {
                    return Err(error);
                };
                let stale = Some(error.to_string());
                tracing::warn!(%reference, %digest, %error, "going by what the tag named last");
                Ok(Had { bytes, digest, stale })
            }
            Err(error) => Err(error),
        }
    }

    async fn manifest_now(&self, reference: &Reference) -> Result<(Vec<u8>, Digest), SourceError> {
        if let Some(layout) = self.offline.clone() {
            let reference = reference.clone();
            return blocking(move || layout.manifest(&reference)).await;
        }
        let mut refusal = None;
        for registry in self.registries(reference)? {
            match registry.manifest(reference).await {
                Ok(found) => return Ok(found),
                Err(error) => refusal = Some(noted(&registry, error)),
            }
        }
        Err(refusal.unwrap_or_else(|| nowhere(reference)))
    }

    async fn blob(
        &self,
        reference: &Reference,
        blob: &Descriptor,
        most: u64,
        progress: &Progress<'_>,
    ) -> Result<Vec<u8>, SourceError> {
        if let Some(layout) = self.offline.clone() {
            let (reference, blob) = (reference.clone(), blob.clone());
            return blocking(move || layout.blob(&reference, &blob, most)).await;
        }
        if let Some(bytes) = self.stored(&blob.digest, most).await? {
            progress(blob.size, blob.size);
            return Ok(bytes);
        }
        let mut refusal = None;
        for registry in self.registries(reference)? {
            match registry.blob(reference, blob, most, progress).await {
                Ok(found) => return Ok(found),
                Err(error) => refusal = Some(noted(&registry, error)),
            }
        }
        Err(refusal.unwrap_or_else(|| nowhere(reference)))
    }

    /// The mirrors, and behind them the registry itself.
    fn registries(&self, reference: &Reference) -> Result<Vec<Registry>, SourceError> {
        let of = |host: &str| self.registries.get(host).cloned().unwrap_or_default();
        let RegistrySettings { mirrors, .. } = of(&reference.registry);
        let mirrors = mirrors.iter().filter_map(|mirror| settings::place(mirror));
        let places = mirrors.chain([(reference.registry.as_str(), None)]);
        places.map(|place| Registry::new(place, &of(place.0), &self.patience)).collect()
    }

    /// The registry itself, for what mirrors do not do.
    pub(crate) fn registry(&self, reference: &Reference) -> Result<Registry, SourceError> {
        if let Some(layout) = &self.offline {
            return Err(SourceError::Setting(format!(
                "{reference}: `offline: {}` allows no network",
                layout.name()
            )));
        }
        let settings = self.registries.get(&reference.registry).cloned().unwrap_or_default();
        Registry::new((&reference.registry, None), &settings, &self.patience)
    }

    async fn stored(&self, digest: &Digest, most: u64) -> Result<Option<Vec<u8>>, SourceError> {
        let Some(store) = self.store.clone() else { return Ok(None) };
        let digest = digest.clone();
        blocking(move || store.content(&digest, most)).await
    }

    /// What a tag named when its registry last answered, if that is still there.
    async fn last_named(
        &self,
        reference: &Reference,
    ) -> Result<Option<(Vec<u8>, Digest)>, SourceError> {
        let Some(store) = self.store.clone() else { return Ok(None) };
        let key = tagged(reference);
        let record = blocking(move || store.record::<Resolved>(Kind::Resolved, &key)).await;
        let Some(Resolved { manifest, .. }) = record.unwrap_or_else(|error| {
            tracing::warn!(%error, "what a tag named last cannot be read");
            None
        }) else {
            return Ok(None);
        };
        let bytes = self.stored(&manifest, crate::document::MAX_DOCUMENT).await?;
        Ok(bytes.map(|bytes| (bytes, manifest)))
    }

    /// Keeps a manifest, and what its tag names. A disk that is full is no reason not to serve.
    async fn remember(&self, reference: &Reference, digest: &Digest, bytes: Vec<u8>, stale: bool) {
        let Some(store) = self.store.clone().filter(|_| !stale) else { return };
        self.keep(digest, &bytes).await;
        if reference.digest.is_some() {
            return;
        }
        let key = tagged(reference);
        let record = Resolved { reference: key.clone(), manifest: digest.clone() };
        let noted = blocking(move || store.note(Kind::Resolved, &key, &record)).await;
        if let Err(error) = noted {
            tracing::warn!(%error, "a restart without the registry will not find this tag");
        }
    }

    async fn keep(&self, digest: &Digest, bytes: &[u8]) {
        let Some(store) = self.store.clone() else { return };
        let (digest, bytes) = (digest.clone(), bytes.to_vec());
        let kept = blocking(move || match store.content(&digest, MAX_COMPONENT)? {
            Some(_) => Ok(()),
            None => store.keep(&digest, &bytes),
        });
        if let Err(error) = kept.await {
            tracing::warn!(%error, "a restart without the registry will not find this component");
        }
    }
}

/// What a record of a tag is about.
fn tagged(reference: &Reference) -> String {
    format!("{}:{}", reference.name(), reference.tag_or_latest())
}

fn noted(registry: &Registry, error: SourceError) -> SourceError {
    tracing::debug!(registry = registry.host(), %error, "not had from there");
    error
}

/// There is always the registry itself, so this is for the type alone.
fn nowhere(reference: &Reference) -> SourceError {
    SourceError::Missing { registry: reference.registry.clone(), what: reference.to_string() }
}

/// Files are read and synced beside the threads that serve.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, SourceError> + Send + 'static,
) -> Result<T, SourceError> {
    tokio::task::spawn_blocking(work).await.unwrap_or_else(|ended| {
        Err(SourceError::local("work on", Path::new("the store"), std::io::Error::other(ended)))
    })
}
