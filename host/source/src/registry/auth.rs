//! What a registry wants in `Authorization`: nothing, basic credentials, or a token that another
//! server gives for them (the distribution project's token authentication).

use http_auth::ChallengeRef;
use mooring_volume::secret::Secret;
use reqwest::header::{AUTHORIZATION, WWW_AUTHENTICATE};
use reqwest::{Client, Response, StatusCode, Url};
use serde::Deserialize;

use super::transport;
use crate::credentials::Credentials;
use crate::error::SourceError;
use crate::settings::Patience;

/// A token is some kilobytes.
const MAX_ANSWER: u64 = 256 << 10;

#[derive(Deserialize)]
struct Answer {
    token: Option<String>,
    access_token: Option<String>,
}

/// One registry as this module sees it.
pub(super) struct Asking<'a> {
    pub(super) registry: &'a str,
    pub(super) plain_http: bool,
    pub(super) client: &'a Client,
    pub(super) credentials: Option<&'a Credentials>,
    pub(super) patience: &'a Patience,
}

impl Asking<'_> {
    /// The value of `Authorization` that answers a 401 for these scopes.
    ///
    /// # Errors
    /// `Denied` where there is nothing to answer it with; `Away` where the token's server is.
    pub(super) async fn answer(
        &self,
        refusal: &Response,
        scope: &str,
    ) -> Result<Secret, SourceError> {
        let header = refusal.headers().get(WWW_AUTHENTICATE).and_then(|value| value.to_str().ok());
        let challenges = header.map(http_auth::parse_challenges).and_then(Result::ok);
        let challenges = challenges.unwrap_or_default();
        let of = |scheme: &str| challenges.iter().find(|c| c.scheme.eq_ignore_ascii_case(scheme));
        if let Some(challenge) = of("Bearer") {
            return self.token(challenge, scope).await;
        }
        match (of("Basic"), self.credentials) {
            (Some(_), Some(credentials)) => Ok(credentials.basic()),
            (Some(_), None) => Err(self.denied("it wants a name and a password")),
            (None, _) => Err(self.denied("it wants neither basic nor token authentication")),
        }
    }

    async fn token(
        &self,
        challenge: &ChallengeRef<'_>,
        scope: &str,
    ) -> Result<Secret, SourceError> {
        let parameter = |name: &str| {
            let found = challenge.params.iter().find(|(key, _)| key.eq_ignore_ascii_case(name));
            found.map(|(_, value)| value.to_unescaped())
        };
        let realm = parameter("realm").and_then(|realm| Url::parse(&realm).ok());
        let mut url = realm.ok_or_else(|| self.denied("it names no server for tokens"))?;
        // Whoever answers for the registry says where the password goes; not into the open, though.
        if url.scheme() != "https" && !self.plain_http {
            return Err(self.denied("it wants the credentials sent over HTTP without TLS"));
        }
        if let Some(service) = parameter("service") {
            url.query_pairs_mut().append_pair("service", &service);
        }
        url.query_pairs_mut().append_pair("scope", scope);
        let mut request = self.client.get(url);
        if let Some(credentials) = self.credentials {
            request = request.header(AUTHORIZATION, credentials.basic().expose());
        }
        let away = |reason: String| SourceError::Away {
            registry: self.registry.to_owned(),
            reason: format!("its server for tokens: {reason}"),
        };
        let response = request.send().await.map_err(|error| away(transport::told(error)))?;
        match response.status() {
            StatusCode::OK => {}
            status if status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS => {
                return Err(away(status.to_string()));
            }
            status => return Err(self.denied(&format!("its server for tokens says {status}"))),
        }
        let bounds = (MAX_ANSWER, self.patience.document);
        let body = transport::body(self.registry, "a token", response, bounds, &|_| ()).await?;
        // Neither the body nor the parser's view of it may get into a message.
        let answer = serde_json::from_slice::<Answer>(&body).ok();
        let token = answer.and_then(|answer| answer.token.or(answer.access_token)).map(Secret::new);
        let token = token.ok_or_else(|| self.denied("its server for tokens gives none"))?;
        Ok(Secret::new(format!("Bearer {}", token.expose())))
    }

    fn denied(&self, reason: &str) -> SourceError {
        SourceError::Denied {
            registry: self.registry.to_owned(),
            what: "access".to_owned(),
            reason: reason.to_owned(),
        }
    }
}
