//! Putting an artifact into a registry: content first, then the manifest that names it, so that
//! whoever sees the tag can have all of it.

use bytes::Bytes;
use reqwest::header::{CONTENT_TYPE, LOCATION};
use reqwest::{Method, Response, StatusCode, Url};

use super::{Access, Progress, Registry};
use crate::artifact::Artifact;
use crate::document::{CREATED, MANIFEST, Manifest};
use crate::error::SourceError;
use crate::reference::{Digest, Reference};

impl Registry {
    /// Pushes, and says the manifest's digest. A tag that names other content is moved only with
    /// `replace`.
    ///
    /// # Errors
    /// `Exists` for such a tag; `Setting` for a reference without one.
    pub(crate) async fn push(
        &self,
        reference: &Reference,
        (component, artifact): (Bytes, &Artifact),
        replace: bool,
        progress: &Progress<'_>,
    ) -> Result<Digest, SourceError> {
        let (Some(tag), None) = (&reference.tag, &reference.digest) else {
            return Err(SourceError::Setting(format!(
                "{reference}: pushing needs a tag, and no digest"
            )));
        };
        match self.manifest(reference).await {
            Ok((bytes, found)) if self.same(reference, &bytes, artifact) => return Ok(found),
            Ok((_, found)) if !replace => {
                let found = found.to_string();
                return Err(SourceError::Exists { what: reference.to_string(), found });
            }
            Ok(_) | Err(SourceError::Missing { .. }) => {}
            // Some registries deny what is not there, and a broken one can be replaced.
            Err(SourceError::Denied { .. } | SourceError::Broken { .. }) => {}
            Err(error) => return Err(error),
        }
        let repository = self.repository(reference);
        let total = artifact.layer.size;
        progress(0, total);
        let config = Bytes::from(artifact.config.clone());
        self.upload(&repository, config, &artifact.parsed.config.digest).await?;
        self.upload(&repository, component, &artifact.layer.digest).await?;
        progress(total, total);
        let url = self.url(&repository, &format!("manifests/{tag}"));
        let request = || {
            let put = self.request(&Method::PUT, &url).timeout(self.patience.document);
            put.header(CONTENT_TYPE, MANIFEST).body(artifact.manifest.clone())
        };
        self.send(&reference.to_string(), (&repository, Access::Push), &request).await?;
        Ok(Digest::of(&artifact.manifest))
    }

    /// Whether what is there differs by the time of its making alone.
    fn same(&self, reference: &Reference, there: &[u8], artifact: &Artifact) -> bool {
        let said = |manifest: &Manifest| {
            let mut annotations = manifest.annotations.clone();
            annotations.remove(CREATED);
            (manifest.config.media_type.clone(), manifest.layers.clone(), annotations)
        };
        Manifest::read(&self.host, &reference.to_string(), there)
            .is_ok_and(|there| said(&there) == said(&artifact.parsed))
    }

    /// Uploads content that is not there yet, in one piece.
    async fn upload(
        &self,
        repository: &str,
        bytes: Bytes,
        digest: &Digest,
    ) -> Result<(), SourceError> {
        let what = format!("{digest} of {}/{repository}", self.host);
        let scope = (repository, Access::Push);
        let url = self.url(repository, &format!("blobs/{digest}"));
        let there = || self.request(&Method::HEAD, &url).timeout(self.patience.document);
        match self.send(&what, scope, &there).await {
            Ok(_) => return Ok(()),
            Err(SourceError::Missing { .. }) => {}
            Err(error) => return Err(error),
        }
        let url = self.url(repository, "blobs/uploads/");
        let begin = || self.request(&Method::POST, &url).timeout(self.patience.document).body("");
        let begun = self.send(&what, scope, &begin).await?;
        let place = self.place(&what, &begun, digest)?;
        let put = || {
            let put = self.request(&Method::PUT, place.as_str()).timeout(self.patience.component);
            put.header(CONTENT_TYPE, "application/octet-stream").body(bytes.clone())
        };
        let done = self.send(&what, scope, &put).await?;
        match done.status() {
            StatusCode::CREATED => Ok(()),
            other => Err(SourceError::broken(
                &self.host,
                &what,
                format!("the upload ended with {other}"),
            )),
        }
    }

    /// Where the upload goes: on the same registry, since the credentials go along.
    fn place(&self, what: &str, begun: &Response, digest: &Digest) -> Result<Url, SourceError> {
        let broken = |reason: &str| SourceError::broken(&self.host, what, reason);
        let text = begun.headers().get(LOCATION).and_then(|value| value.to_str().ok());
        let text = text.ok_or_else(|| broken("it does not say where to upload"))?;
        let mut place = begun
            .url()
            .join(text)
            .map_err(|_| broken("it says no place that could be uploaded to"))?;
        if place.origin() != begun.url().origin() {
            return Err(broken("it wants the upload on another server"));
        }
        place.query_pairs_mut().append_pair("digest", &digest.to_string());
        Ok(place)
    }
}
