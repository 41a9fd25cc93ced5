//! Whether a component may be compiled at all: pinned digest, signatures, versions.
//!
//! Everything is checked over the bytes in memory that are compiled afterwards. Each refusal says
//! what would put it right. Keyless signatures are not taken: they need a root of trust that is kept
//! up to date over the network.

mod key;
mod version;

use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use semver::Version;
use serde::{Deserialize, Serialize};

use crate::document::{Descriptor, Manifest, SIMPLE_SIGNING};
use crate::error::SourceError;
use crate::fetch::{Candidate, Fetcher, Origin, blocking};
use crate::layout::bounded;
use crate::reference::{Digest, Reference};

pub use key::Key;

/// What is signed is a few lines.
pub(crate) const MAX_PAYLOAD: u64 = 64 << 10;
/// More signatures are not looked at.
const MAX_SIGNATURES: usize = 64;
/// The annotation that holds the signature of its layer.
const SIGNATURE: &str = "dev.cosignproject.cosign/signature";
/// What a payload says of itself.
const PAYLOAD_TYPE: &str = "cosign container image signature";

/// The policy of one driver.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Trust {
    /// Nothing else is loaded: the manifest's digest of what is in a registry, or the component's own.
    pub digest: Option<Digest>,
    /// One of these must have signed it.
    pub keys: Vec<Key>,
    /// Anything older is refused, and so is what states no version.
    pub minimum_version: Option<Version>,
    /// Also run a version that is lower than one that this driver ran before.
    pub allow_downgrade: bool,
}

/// A candidate that the policy allows.
#[derive(Debug, Clone)]
pub struct Verified {
    /// The component with where it came from.
    pub candidate: Candidate,
    /// The version that it states.
    pub version: Option<Version>,
    /// Which key vouches for it.
    pub signed_by: Option<Key>,
}

impl Trust {
    /// Checks a candidate.
    ///
    /// # Errors
    /// `Untrusted`, with what to do; whatever keeps the signatures from being had.
    pub async fn verify(
        &self,
        driver: &str,
        candidate: Candidate,
        fetcher: &Fetcher,
    ) -> Result<Verified, SourceError> {
        self.pinned(&candidate).map_err(SourceError::Untrusted)?;
        let signed_by = match self.keys.is_empty() {
            true => None,
            false => Some(self.signed(&candidate, fetcher).await?),
        };
        let version = version::of(&candidate);
        if let (Err(why), Some(_)) = (&version, &self.minimum_version) {
            return Err(SourceError::Untrusted(why.clone()));
        }
        let version = version.ok().flatten();
        self.new_enough(version.as_ref()).map_err(SourceError::Untrusted)?;
        // An embedded backend is as old as the program that the operator chose to run.
        let embedded = matches!(candidate.origin, Origin::Embedded(_));
        if !self.allow_downgrade && !embedded {
            version::not_lower(fetcher.store(), driver, version.as_ref())?;
        }
        Ok(Verified { candidate, version, signed_by })
    }

    fn pinned(&self, candidate: &Candidate) -> Result<(), String> {
        let Some(wanted) = &self.digest else { return Ok(()) };
        let manifest = match &candidate.origin {
            Origin::Registry { manifest, .. } => Some(manifest),
            Origin::Embedded(_) | Origin::File(_) => None,
        };
        if *wanted == candidate.digest || Some(wanted) == manifest {
            return Ok(());
        }
        let found = manifest.unwrap_or(&candidate.digest);
        Err(format!("its digest is {found}, and `trust.digest` pins {wanted}"))
    }

    fn new_enough(&self, version: Option<&Version>) -> Result<(), String> {
        match (&self.minimum_version, version) {
            (Some(least), None) => {
                Err(format!("it states no version, and `trust.minimumVersion` is {least}"))
            }
            (Some(least), Some(version)) if version < least => {
                Err(format!("its version is {version}, and `trust.minimumVersion` is {least}"))
            }
            _ => Ok(()),
        }
    }

    /// The key that signed it.
    async fn signed(&self, candidate: &Candidate, fetcher: &Fetcher) -> Result<Key, SourceError> {
        let mut keys = Vec::new();
        for key in &self.keys {
            let loaded = key.load().map_err(|why| {
                SourceError::Untrusted(format!(
                    "`trust.keys`: {why}; the controller has to read it"
                ))
            })?;
            keys.push((key, loaded));
        }
        let by = |message: &[u8], signature: &[u8]| {
            keys.iter().find(|(_, loaded)| loaded.signed(message, signature)).map(|(key, _)| *key)
        };
        match &candidate.origin {
            Origin::Embedded(name) => Err(SourceError::Untrusted(format!(
                "embedded:{name} is a part of this program and has no signature of its own; take \
                 `trust.keys` out, or name a signed component"
            ))),
            Origin::File(path) => {
                let signature = detached(path).await?;
                let found = by(&candidate.bytes, &signature).cloned();
                found.ok_or_else(|| self.unsigned(&format!("{}.sig", path.display()), 1))
            }
            Origin::Registry { reference, manifest, .. } => {
                let mut seen = 0;
                // A signature that was checked with these keys needs no registry on the next start.
                for stored in [true, false] {
                    let signatures = fetcher.signatures(reference, manifest, stored).await;
                    let signatures = match signatures {
                        Err(_) if stored => Vec::new(),
                        other => other?,
                    };
                    seen = signatures.len();
                    let found = signatures.iter().find_map(|(payload, signature)| {
                        let signature = STANDARD.decode(signature).ok()?;
                        by(payload, &signature).filter(|_| names(payload, manifest)).cloned()
                    });
                    if let Some(key) = found {
                        return Ok(key);
                    }
                }
                let place = format!("{}:sha256-{}.sig", reference.name(), manifest.hex());
                Err(self.unsigned(&place, seen))
            }
        }
    }

    fn unsigned(&self, place: &str, seen: usize) -> SourceError {
        let keys: Vec<String> = self.keys.iter().map(ToString::to_string).collect();
        let found = match seen {
            0 => format!("there is no signature at {place}"),
            seen => format!("none of the {seen} signatures at {place} is one"),
        };
        SourceError::Untrusted(format!(
            "`trust.keys` wants a signature of this very content by {}, and {found}; sign it \
             (cosign sign --key, sign-blob --key), or correct the keys",
            keys.join(" or ")
        ))
    }
}

impl Verified {
    /// Notes that this version was loaded, so that a lower one needs an order to run. To be called when
    /// the component serves, and not before: what does not load must not lock out its predecessor.
    ///
    /// # Errors
    /// `Local` where it cannot be noted.
    pub async fn ran(&self, driver: &str, fetcher: &Fetcher) -> Result<(), SourceError> {
        let (Some(store), Some(version)) = (fetcher.store().cloned(), self.version.clone()) else {
            return Ok(());
        };
        let driver = driver.to_owned();
        blocking(move || version::raise(&store, &driver, &version)).await
    }
}

/// The layers of a signature's manifest that cosign would look at, with their signatures.
///
/// # Errors
/// `Broken` for what is no manifest.
pub(crate) fn simple_signing(
    at: &Reference,
    document: &[u8],
) -> Result<Vec<(Descriptor, String)>, SourceError> {
    let manifest = Manifest::read(&at.registry, &at.to_string(), document)?;
    let layers = manifest.layers.into_iter().filter(|layer| layer.media_type == SIMPLE_SIGNING);
    let signed = layers.filter_map(|layer| {
        let signature = layer.annotations.get(SIGNATURE)?.clone();
        Some((layer, signature))
    });
    Ok(signed.take(MAX_SIGNATURES).collect())
}

/// Whether a signed payload is about this manifest.
pub(crate) fn names(payload: &[u8], manifest: &Digest) -> bool {
    let Ok(payload) = serde_json::from_slice::<serde_json::Value>(payload) else { return false };
    let text = |pointer: &str| payload.pointer(pointer).and_then(serde_json::Value::as_str);
    text("/critical/type") == Some(PAYLOAD_TYPE)
        && text("/critical/image/docker-manifest-digest") == Some(manifest.to_string().as_str())
}

/// Where a file's signature is looked for: `<file>.sig`.
#[must_use]
pub fn signature_beside(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".sig");
    name.into()
}

/// `<file>.sig`: base64 of a signature of the file, as `cosign sign-blob --output-signature` writes it.
async fn detached(path: &Path) -> Result<Vec<u8>, SourceError> {
    let path = signature_beside(path);
    let place = path.display().to_string();
    let untrusted = |why: &str| SourceError::Untrusted(format!("`trust.keys`: {place} {why}"));
    let text = blocking(move || bounded(&path, MAX_PAYLOAD)).await?;
    let text = text.ok_or_else(|| {
        untrusted(
            "does not exist; sign the component (cosign sign-blob --key … --output-signature)",
        )
    })?;
    STANDARD.decode(text.trim_ascii()).map_err(|_| untrusted("is not base64 of a signature"))
}
