//! One registry: the requests of the distribution specification that pulling needs.
//!
//! Nothing that it says is believed: bytes are counted and hashed here.

mod auth;
mod push;
mod tags;
mod transport;

use std::collections::BTreeMap;

use mooring_volume::secret::Secret;
use reqwest::header::{ACCEPT, AUTHORIZATION, HeaderValue};
use reqwest::{Client, Method, RequestBuilder, Response, StatusCode};
use tokio::sync::Mutex;

use crate::credentials::{self, Credentials};
use crate::document::{Descriptor, INDEX, MANIFEST, MAX_DOCUMENT};
use crate::error::SourceError;
use crate::reference::{Digest, Reference};
use crate::settings::{Patience, RegistrySettings};

pub(crate) use tags::Tagged;

/// Bytes that are there, and how many there will be.
pub type Progress<'a> = dyn Fn(u64, u64) + Send + Sync + 'a;

/// What a request is for: the scopes of its token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Access {
    Pull,
    Push,
}

/// A registry, or the mirror of one.
pub(crate) struct Registry {
    host: String,
    prefix: Option<String>,
    plain_http: bool,
    credentials: Option<Credentials>,
    client: Client,
    patience: Patience,
    /// What the registry took as `Authorization`, by repository.
    granted: Mutex<BTreeMap<(String, Access), Secret>>,
}

impl Registry {
    /// Reads the settings' files; connects to nothing yet.
    ///
    /// # Errors
    /// `Setting`, `Denied` where the credentials cannot be read.
    pub(crate) fn new(
        (host, prefix): (&str, Option<&str>),
        settings: &RegistrySettings,
        patience: &Patience,
    ) -> Result<Self, SourceError> {
        let read = |path| credentials::read(path, host);
        let found = settings.credentials.as_deref().map(read).transpose();
        let credentials = found.map_err(|reason| SourceError::Denied {
            registry: host.to_owned(),
            what: "access".to_owned(),
            reason,
        })?;
        Ok(Self {
            host: host.to_owned(),
            prefix: prefix.map(str::to_owned),
            plain_http: settings.plain_http,
            credentials: credentials.flatten(),
            client: transport::client(settings, patience)?,
            patience: patience.clone(),
            granted: Mutex::default(),
        })
    }

    /// Host and port, for messages.
    pub(crate) fn host(&self) -> &str {
        &self.host
    }

    /// The manifest of a reference, by its digest where it has one, and the digest of what came.
    ///
    /// # Errors
    /// `Broken` also where it is not what the digest names.
    pub(crate) async fn manifest(
        &self,
        reference: &Reference,
    ) -> Result<(Vec<u8>, Digest), SourceError> {
        let named = match &reference.digest {
            Some(digest) => digest.to_string(),
            None => reference.tag_or_latest().to_owned(),
        };
        let what = reference.to_string();
        let repository = self.repository(reference);
        let url = self.url(&repository, &format!("manifests/{named}"));
        // An index is asked for too, so that it can be told from nothing at all.
        let accept = format!("{MANIFEST}, {INDEX}");
        let request = || self.client.get(&url).header(ACCEPT, &accept);
        let bounds = (MAX_DOCUMENT, self.patience.document);
        let bytes = self.get(&what, &repository, &request, bounds, &|_| ()).await?;
        let found = Digest::of(&bytes);
        match &reference.digest {
            Some(wanted) if *wanted != found => {
                Err(SourceError::broken(&self.host, &what, format!("its digest is {found}")))
            }
            Some(_) | None => Ok((bytes, found)),
        }
    }

    /// The content that a descriptor names: its size and its digest, or nothing.
    ///
    /// # Errors
    /// `Broken` also where it is larger than `most` bytes.
    pub(crate) async fn blob(
        &self,
        reference: &Reference,
        blob: &Descriptor,
        most: u64,
        progress: &Progress<'_>,
    ) -> Result<Vec<u8>, SourceError> {
        let what = format!("{} of {}", blob.digest, reference.name());
        let broken = |reason| Err(SourceError::broken(&self.host, &what, reason));
        if blob.size > most {
            return broken(format!("it has {} bytes; at most {most} are taken", blob.size));
        }
        let repository = self.repository(reference);
        let url = self.url(&repository, &format!("blobs/{}", blob.digest));
        let request = || self.client.get(&url);
        let bounds = (blob.size, self.patience.component);
        let told = |done| progress(done, blob.size);
        let bytes = self.get(&what, &repository, &request, bounds, &told).await?;
        let (size, found) = (bytes.len() as u64, Digest::of(&bytes));
        if size != blob.size {
            return broken(format!("it has {size} bytes instead of {}", blob.size));
        }
        if found != blob.digest {
            return broken(format!("its digest is {found}"));
        }
        Ok(bytes)
    }

    fn repository(&self, reference: &Reference) -> String {
        match &self.prefix {
            Some(prefix) => format!("{prefix}/{}", reference.repository),
            None => reference.repository.clone(),
        }
    }

    fn url(&self, repository: &str, rest: &str) -> String {
        let scheme = if self.plain_http { "http" } else { "https" };
        format!("{scheme}://{}/v2/{repository}/{rest}", self.host)
    }

    /// Gets a body; again where the registry is not well, since asking changes nothing.
    async fn get(
        &self,
        what: &str,
        repository: &str,
        request: &(dyn Fn() -> RequestBuilder + Send + Sync),
        bounds: (u64, std::time::Duration),
        progress: &transport::Told<'_>,
    ) -> Result<Vec<u8>, SourceError> {
        let mut pauses = self.patience.pauses.iter();
        loop {
            let tried = async {
                let response = self.send(what, (repository, Access::Pull), request).await?;
                transport::body(&self.host, what, response, bounds, progress).await
            };
            match (tried.await, pauses.next()) {
                (Err(error), Some(pause)) if error.is_away() => {
                    tracing::debug!(%error, "asking again");
                    tokio::time::sleep(*pause).await;
                }
                (tried, _) => return tried,
            }
        }
    }

    /// Sends a request, with what the registry wants in `Authorization`; any answer but a success is
    /// an error.
    async fn send(
        &self,
        what: &str,
        (repository, access): (&str, Access),
        request: &(dyn Fn() -> RequestBuilder + Send + Sync),
    ) -> Result<Response, SourceError> {
        let key = (repository.to_owned(), access);
        let mut granted = self.granted.lock().await.get(&key).cloned();
        let mut asked = false;
        loop {
            let mut ready = request();
            if let Some(value) = &granted {
                ready = ready.header(AUTHORIZATION, sensitive(value)?);
            }
            let response =
                ready.send().await.map_err(|error| self.away(what, transport::told(error)))?;
            if response.status() == StatusCode::UNAUTHORIZED && !asked {
                asked = true;
                let asking = auth::Asking {
                    registry: &self.host,
                    plain_http: self.plain_http,
                    client: &self.client,
                    credentials: self.credentials.as_ref(),
                    patience: &self.patience,
                };
                let value = asking.answer(&response, &scope(repository, access)).await?;
                self.granted.lock().await.insert(key.clone(), value.clone());
                granted = Some(value);
                continue;
            }
            return self.judged(what, response);
        }
    }

    fn judged(&self, what: &str, response: Response) -> Result<Response, SourceError> {
        let (registry, what) = (self.host.clone(), what.to_owned());
        match response.status() {
            status if status.is_success() => Ok(response),
            status @ (StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN) => {
                let whose = match &self.credentials {
                    Some(credentials) => format!("asked as {:?}", credentials.user),
                    None => "asked without credentials".to_owned(),
                };
                Err(SourceError::Denied { registry, what, reason: format!("{status}, {whose}") })
            }
            StatusCode::NOT_FOUND => Err(SourceError::Missing { registry, what }),
            status
                if status.is_server_error()
                    || status == StatusCode::TOO_MANY_REQUESTS
                    || status == StatusCode::REQUEST_TIMEOUT =>
            {
                Err(self.away(&what, status.to_string()))
            }
            status => Err(SourceError::Broken { registry, what, reason: status.to_string() }),
        }
    }

    fn away(&self, what: &str, reason: String) -> SourceError {
        SourceError::Away { registry: self.host.clone(), reason: format!("{what}: {reason}") }
    }

    fn request(&self, method: &Method, url: &str) -> RequestBuilder {
        self.client.request(method.clone(), url)
    }
}

/// A header that neither logs nor HTTP/2's tables keep.
fn sensitive(value: &Secret) -> Result<HeaderValue, SourceError> {
    let mut header = HeaderValue::from_str(value.expose()).map_err(|_| {
        SourceError::Setting(
            "a token or password has characters that no header can hold".to_owned(),
        )
    })?;
    header.set_sensitive(true);
    Ok(header)
}

fn scope(repository: &str, access: Access) -> String {
    match access {
        Access::Pull => format!("repository:{repository}:pull"),
        Access::Push => format!("repository:{repository}:pull,push"),
    }
}
