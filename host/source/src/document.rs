//! The JSON documents of registries: image specification 1.1, and of it only what components need.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::error::SourceError;
use crate::reference::Digest;

/// Media type of an image manifest.
pub(crate) const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
/// Media type of a list of manifests.
pub(crate) const INDEX: &str = "application/vnd.oci.image.index.v1+json";
/// Media type of a component's configuration, as the CNCF's Wasm artifact format has it.
pub(crate) const WASM_CONFIG: &str = "application/vnd.wasm.config.v0+json";
/// Media type of a component.
pub(crate) const WASM_LAYER: &str = "application/wasm";
/// Media type of what a cosign signature signs.
pub(crate) const SIMPLE_SIGNING: &str = "application/vnd.dev.cosign.simplesigning.v1+json";

/// Annotation: name of the artifact.
pub(crate) const TITLE: &str = "org.opencontainers.image.title";
/// Annotation: version of what is in the artifact.
pub(crate) const VERSION: &str = "org.opencontainers.image.version";
/// Annotation: where its source code is.
pub(crate) const SOURCE: &str = "org.opencontainers.image.source";
/// Annotation: when it was made, RFC 3339.
pub(crate) const CREATED: &str = "org.opencontainers.image.created";

/// Documents are small: the distribution specification lets registries refuse more than 4 MiB.
pub(crate) const MAX_DOCUMENT: u64 = 4 << 20;

/// Keys and values that say what a thing is.
pub type Annotations = BTreeMap<String, String>;

/// Names some content.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Descriptor {
    pub(crate) media_type: String,
    pub(crate) digest: Digest,
    pub(crate) size: u64,
    #[serde(default, skip_serializing_if = "Annotations::is_empty")]
    pub(crate) annotations: Annotations,
}

/// An image manifest: a configuration and layers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Manifest {
    pub(crate) schema_version: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) media_type: Option<String>,
    pub(crate) config: Descriptor,
    pub(crate) layers: Vec<Descriptor>,
    #[serde(default, skip_serializing_if = "Annotations::is_empty")]
    pub(crate) annotations: Annotations,
}

impl Manifest {
    /// Reads a manifest.
    ///
    /// # Errors
    /// `Broken` for anything else, such as an index of several platforms' manifests.
    pub(crate) fn read(registry: &str, what: &str, bytes: &[u8]) -> Result<Self, SourceError> {
        let broken = |reason: String| SourceError::broken(registry, what, reason);
        let manifest: Self = serde_json::from_slice(bytes).map_err(|error| {
            match serde_json::from_slice::<Index>(bytes) {
                Ok(_) => {
                    broken("it is an index of manifests; name the digest of one of them".to_owned())
                }
                Err(_) => broken(format!("it is no image manifest: {error}")),
            }
        })?;
        match manifest.media_type.as_deref() {
            Some(MANIFEST) | None => Ok(manifest),
            Some(other) => Err(broken(format!("its media type is {other:?}, not {MANIFEST}"))),
        }
    }

    /// The one layer that is the component: of type `application/wasm`, or, in an artifact of another
    /// tool, the only layer that there is. What it holds is looked at before it is used.
    ///
    /// # Errors
    /// `Broken` where there is none, or more than one.
    pub(crate) fn component(&self, registry: &str, what: &str) -> Result<&Descriptor, SourceError> {
        let mut typed = self.layers.iter().filter(|layer| layer.media_type == WASM_LAYER);
        match (typed.next(), typed.next(), self.layers.as_slice()) {
            (Some(layer), None, _) | (None, _, [layer]) => Ok(layer),
            (Some(_), Some(_), _) => Err(SourceError::broken(
                registry,
                what,
                "it has several layers of type application/wasm",
            )),
            (None, ..) => Err(SourceError::broken(
                registry,
                what,
                format!("it has {} layers and none of type application/wasm", self.layers.len()),
            )),
        }
    }
}

/// A list of manifests; `index.json` of a directory is one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Index {
    pub(crate) schema_version: u32,
    pub(crate) manifests: Vec<Descriptor>,
}
