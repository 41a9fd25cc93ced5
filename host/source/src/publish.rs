//! What people do with registries by hand: push a component, list what is there.

use std::collections::BTreeSet;
use std::time::SystemTime;

use bytes::Bytes;
use semver::Version;
use serde::Serialize;

use crate::artifact::{Artifact, Labels};
use crate::component;
use crate::document::{CREATED, TITLE, VERSION};
use crate::error::SourceError;
use crate::fetch::Fetcher;
use crate::reference::{Digest, Reference};
use crate::registry::{Progress, Tagged};

/// A tag of a repository.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Listed {
    /// The tag.
    pub tag: String,
    /// The manifest's digest.
    pub digest: Digest,
    /// The component's bytes; nothing for what is no component.
    pub size: Option<u64>,
    /// The name that it was given.
    pub title: Option<String>,
    /// The version that it was given.
    pub version: Option<String>,
    /// When it was made, RFC 3339.
    pub created: Option<String>,
    /// Whether cosign put signatures beside it. Whose they are is not looked at.
    pub signed: bool,
}

impl Fetcher {
    /// Pushes a component, and says the manifest's digest. A tag that names other content is moved only
    /// with `replace`; the same content once more is no change.
    ///
    /// # Errors
    /// `Exists` for such a tag; `Setting` for what is no component, for labels that contradict it and
    /// for a reference without a tag.
    pub async fn push(
        &self,
        component: Bytes,
        reference: &Reference,
        labels: &Labels,
        replace: bool,
        progress: &Progress<'_>,
    ) -> Result<Digest, SourceError> {
        let artifact = Artifact::of(&component, labels, SystemTime::now())?;
        let registry = self.registry(reference)?;
        registry.push(reference, (component, &artifact), replace, progress).await
    }

    /// The tags of a repository, versions first and the newest on top.
    ///
    /// # Errors
    /// `Missing` for a repository that the registry does not know.
    pub async fn list(&self, repository: &Reference) -> Result<Vec<Listed>, SourceError> {
        let registry = self.registry(repository)?;
        let tags = registry.tags(repository).await?;
        let (beside, tags): (BTreeSet<_>, Vec<_>) = {
            let (beside, tags): (Vec<_>, Vec<_>) = tags.into_iter().partition(|tag| is_cosign(tag));
            (beside.into_iter().collect(), tags)
        };
        let found = registry.tagged(repository, tags).await?;
        let mut listed: Vec<_> = found
            .into_iter()
            .map(|Tagged { tag, digest, size, mut annotations }| Listed {
                signed: beside.contains(&format!("sha256-{}.sig", digest.hex())),
                title: annotations.remove(TITLE),
                version: annotations.remove(VERSION),
                created: annotations.remove(CREATED),
                tag,
                digest,
                size,
            })
            .collect();
        listed.sort_by(|a, b| order(b).cmp(&order(a)).then_with(|| a.tag.cmp(&b.tag)));
        Ok(listed)
    }
}

/// `sha256-<digest>.sig`, `.att`, `.sbom`: what cosign keeps beside an artifact.
fn is_cosign(tag: &str) -> bool {
    tag.strip_prefix("sha256-").is_some_and(|rest| rest.len() > 64)
}

fn order(listed: &Listed) -> Option<Version> {
    component::version(listed.version.as_ref().unwrap_or(&listed.tag)).ok()
}
