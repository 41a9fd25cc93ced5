//! What a repository has: its tags, and what they name.

use futures_util::{StreamExt as _, TryStreamExt as _};
use reqwest::header::LINK;
use reqwest::{Response, Url};
use serde::Deserialize;

use super::{Access, Registry, transport};
use crate::document::{Annotations, MAX_DOCUMENT, Manifest};
use crate::error::SourceError;
use crate::reference::{Digest, Reference};

/// More are not asked for: a person reads them.
const MAX_TAGS: usize = 2000;
/// Manifests asked for at once.
const AT_ONCE: usize = 8;

/// A tag and what is behind it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Tagged {
    pub(crate) tag: String,
    pub(crate) digest: Digest,
    /// The component's bytes; nothing where it is no component.
    pub(crate) size: Option<u64>,
    pub(crate) annotations: Annotations,
}

#[derive(Deserialize)]
struct Page {
    #[serde(default)]
    tags: Option<Vec<String>>,
}

impl Registry {
    /// Every tag's name.
    pub(crate) async fn tags(&self, reference: &Reference) -> Result<Vec<String>, SourceError> {
        let repository = self.repository(reference);
        let what = format!("tags of {}", reference.name());
        let mut url = self.url(&repository, "tags/list?n=500");
        let mut tags = Vec::new();
        loop {
            let request = || self.client.get(&url);
            let response = self.send(&what, (&repository, Access::Pull), &request).await?;
            let next = next(&response);
            let bounds = (MAX_DOCUMENT, self.patience.document);
            let body = transport::body(&self.host, &what, response, bounds, &|_| ()).await?;
            let page: Page = serde_json::from_slice(&body)
                .map_err(|error| SourceError::broken(&self.host, &what, error.to_string()))?;
            let page = page.tags.unwrap_or_default();
            let ended = page.is_empty() || tags.len() + page.len() >= MAX_TAGS;
            tags.extend(page);
            match next {
                Some(next) if !ended => next.as_str().clone_into(&mut url),
                _ => break,
            }
        }
        tags.truncate(MAX_TAGS);
        Ok(tags)
    }

    /// What these tags name, in their order; tags that went away meanwhile are left out.
    pub(crate) async fn tagged(
        &self,
        reference: &Reference,
        tags: Vec<String>,
    ) -> Result<Vec<Tagged>, SourceError> {
        let looked = futures_util::stream::iter(tags)
            .map(|tag| async move {
                match self.manifest(&reference.at_tag(&tag)).await {
                    Ok((bytes, digest)) => Ok(Some(self.described(tag, digest, &bytes))),
                    Err(SourceError::Missing { .. }) => Ok(None),
                    Err(error) => Err(error),
                }
            })
            .buffered(AT_ONCE);
        looked.try_filter_map(|found| std::future::ready(Ok(found))).try_collect().await
    }

    fn described(&self, tag: String, digest: Digest, bytes: &[u8]) -> Tagged {
        let manifest = Manifest::read(&self.host, &tag, bytes).ok();
        let size = manifest
            .as_ref()
            .and_then(|manifest| manifest.component(&self.host, &tag).ok().map(|layer| layer.size));
        let annotations = manifest.map(|manifest| manifest.annotations).unwrap_or_default();
        Tagged { tag, digest, size, annotations }
    }
}

/// The next page, on the same server (RFC 8288, as the distribution specification uses it).
fn next(response: &Response) -> Option<Url> {
    let link = response.headers().get(LINK)?.to_str().ok()?;
    let (target, rest) = link.strip_prefix('<')?.split_once('>')?;
    let url = response.url().join(target).ok()?;
    (rest.contains("rel=\"next\"") && url.origin() == response.url().origin()).then_some(url)
}
