//! What is pushed: the Wasm artifact of the CNCF's format, as `wkg` writes it.

use std::time::SystemTime;

use serde::Serialize;

use crate::component::{self, Facts};
use crate::document::{
    Annotations, CREATED, Descriptor, MANIFEST, Manifest, SOURCE, TITLE, VERSION, WASM_CONFIG,
    WASM_LAYER,
};
use crate::error::SourceError;
use crate::reference::Digest;

/// What people are told of an artifact.
#[derive(Debug, Clone, Default)]
pub struct Labels {
    /// Its name.
    pub title: Option<String>,
    /// Its version; without it the one that the component says.
    pub version: Option<String>,
    /// Where its source code is, a URL.
    pub source: Option<String>,
}

/// The configuration blob of the format.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct WasmConfig {
    created: String,
    author: Option<String>,
    architecture: &'static str,
    os: &'static str,
    layer_digests: Vec<Digest>,
    component: Outline,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Outline {
    exports: Vec<String>,
    imports: Vec<String>,
    target: Option<String>,
}

/// Everything that has to be in the registry.
pub(crate) struct Artifact {
    pub(crate) layer: Descriptor,
    pub(crate) config: Vec<u8>,
    pub(crate) manifest: Vec<u8>,
    pub(crate) parsed: Manifest,
}

impl Artifact {
    /// Describes a component, of the given moment.
    ///
    /// # Errors
    /// `Setting` for what is no component, and for labels that contradict it.
    pub(crate) fn of(bytes: &[u8], labels: &Labels, at: SystemTime) -> Result<Self, SourceError> {
        let unfit = |what: String| SourceError::Setting(format!("this cannot be pushed: {what}"));
        let facts = Facts::read(bytes).map_err(unfit)?;
        let plain = |text: &String| component::version(text).map_err(unfit);
        let said = labels.version.as_ref().map(plain).transpose()?;
        let inside = facts.version.as_ref().map(plain).transpose()?;
        let version = match (said, inside) {
            (Some(said), Some(inside)) if said != inside => {
                return Err(unfit(format!("the component says version {inside}, not {said}")));
            }
            (said, inside) => said.or(inside).map(|version| version.to_string()),
        };
        let created = humantime::format_rfc3339_seconds(at).to_string();
        let config = WasmConfig {
            created: created.clone(),
            author: None,
            architecture: "wasm",
            os: "wasip2",
            layer_digests: vec![Digest::of(bytes)],
            component: Outline { exports: facts.exports, imports: facts.imports, target: None },
        };
        let config = json(&config)?;
        let said = [
            (TITLE, labels.title.clone()),
            (VERSION, version),
            (SOURCE, labels.source.clone()),
            (CREATED, Some(created)),
        ];
        let said = said.into_iter().filter_map(|(key, value)| Some((key.to_owned(), value?)));
        let layer = descriptor(WASM_LAYER, bytes);
        let parsed = Manifest {
            schema_version: 2,
            media_type: Some(MANIFEST.to_owned()),
            config: descriptor(WASM_CONFIG, &config),
            layers: vec![layer.clone()],
            annotations: said.collect(),
        };
        Ok(Self { layer, config, manifest: json(&parsed)?, parsed })
    }
}

fn descriptor(media_type: &str, bytes: &[u8]) -> Descriptor {
    Descriptor {
        media_type: media_type.to_owned(),
        digest: Digest::of(bytes),
        size: bytes.len() as u64,
        annotations: Annotations::new(),
    }
}

fn json(value: &impl Serialize) -> Result<Vec<u8>, SourceError> {
    serde_json::to_vec(value).map_err(|error| SourceError::Setting(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::component::tests::component;

    fn labels(version: Option<&str>) -> Labels {
        Labels {
            title: Some("array".to_owned()),
            version: version.map(str::to_owned),
            source: None,
        }
    }

    #[test]
    fn the_manifest_is_the_one_of_the_format() {
        let bytes = component(Some("1.2.0"));
        let artifact = Artifact::of(&bytes, &labels(None), SystemTime::UNIX_EPOCH).unwrap();
        let manifest: serde_json::Value = serde_json::from_slice(&artifact.manifest).unwrap();
        assert_eq!(
            manifest,
            serde_json::json!({
                "schemaVersion": 2,
                "mediaType": "application/vnd.oci.image.manifest.v1+json",
                "config": {
                    "mediaType": "application/vnd.wasm.config.v0+json",
                    "digest": Digest::of(&artifact.config),
                    "size": artifact.config.len(),
                },
                "layers": [{
                    "mediaType": "application/wasm",
                    "digest": Digest::of(&bytes),
                    "size": bytes.len(),
                }],
                "annotations": {
                    "org.opencontainers.image.created": "1970-01-01T00:00:00Z",
                    "org.opencontainers.image.title": "array",
                    "org.opencontainers.image.version": "1.2.0",
                },
            })
        );
        let config: serde_json::Value = serde_json::from_slice(&artifact.config).unwrap();
        assert_eq!(
            config,
            serde_json::json!({
                "created": "1970-01-01T00:00:00Z", "author": null, "architecture": "wasm", "os": "wasip2",
                "layerDigests": [Digest::of(&bytes)],
                "component": {"exports": [], "imports": [], "target": null},
            })
        );
    }

    #[test]
    fn labels_do_not_contradict_the_component() {
        let of = |inside, said| {
            Artifact::of(&component(inside), &labels(said), SystemTime::UNIX_EPOCH)
                .map(|artifact| artifact.parsed.annotations.get(VERSION).cloned())
        };
        assert_eq!(of(None, Some("1.0.0")).unwrap().as_deref(), Some("1.0.0"));
        assert_eq!(of(Some("1.0.0"), Some("v1.0.0")).unwrap().as_deref(), Some("1.0.0"));
        assert_eq!(of(None, None).unwrap(), None);
        assert!(of(Some("1.0.0"), Some("2.0.0")).is_err());
        assert!(of(None, Some("newest")).is_err());
    }
}
