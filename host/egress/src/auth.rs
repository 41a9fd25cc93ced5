//! Credentials onto a request: one of the methods of a grant, applied where no guest sees it.

mod aws;
mod jwt;

use std::time::SystemTime;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::HeaderName;
use http::header::AUTHORIZATION;
use mooring_volume::Secrets;
use mooring_volume::http::{Basic, Bearer, HttpAuth, OwnHeader};
use zeroize::Zeroizing;

use crate::credential::read;
use crate::error::EgressError;
use crate::headers::sensitive;

/// A request before it is signed: the path and query alone in its URI, its body whole.
pub(crate) type Unsigned = http::Request<bytes::Bytes>;

/// Adds what the grant says. A header of the same name that the guest set is replaced.
///
/// # Errors
/// `ConfigurationError`, where a credential is missing or unfit.
pub(crate) async fn apply(
    auth: &HttpAuth,
    request: &mut Unsigned,
    host: &str,
    secrets: &Secrets,
) -> Result<(), EgressError> {
    // The client certificate belongs to the connection.
    let HttpAuth { basic, bearer, header, aws_sig_v4, jwt, client_certificate: _ } = auth;
    if let Some(Basic { user, password }) = basic {
        let (user, password) = (read(user, secrets).await?, read(password, secrets).await?);
        if user.expose().contains(':') {
            return Err(unfit("basic.user", "a colon cannot be part of it (RFC 7617)"));
        }
        let pair = Zeroizing::new(format!("{}:{}", user.expose(), password.expose()));
        let encoded = Zeroizing::new(STANDARD.encode(pair.as_bytes()));
        set(request, AUTHORIZATION, &Zeroizing::new(format!("Basic {}", *encoded)), "basic")?;
    }
    if let Some(Bearer { token }) = bearer {
        let token = read(token, secrets).await?;
        let value = Zeroizing::new(format!("Bearer {}", token.expose()));
        set(request, AUTHORIZATION, &value, "bearer.token")?;
    }
    if let Some(OwnHeader { name, value }) = header {
        let name: HeaderName =
            name.parse().map_err(|_| unfit("header.name", "it is no header's name"))?;
        set(request, name, read(value, secrets).await?.expose(), "header.value")?;
    }
    if let Some(jwt) = jwt {
        let key = read(&jwt.key, secrets).await?;
        let token = jwt::token(jwt, &key, SystemTime::now())?;
        set(request, AUTHORIZATION, &Zeroizing::new(format!("Bearer {}", *token)), "jwt")?;
    }
    if let Some(aws) = aws_sig_v4 {
        let keys = aws::Keys {
            access: read(&aws.access_key, secrets).await?,
            secret: read(&aws.secret_key, secrets).await?,
            session: match &aws.session_token {
                Some(token) => Some(read(token, secrets).await?),
                None => None,
            },
        };
        aws::sign(request, host, aws, &keys, SystemTime::now())?;
    }
    Ok(())
}

fn set(
    request: &mut Unsigned,
    name: HeaderName,
    value: &str,
    key: &'static str,
) -> Result<(), EgressError> {
    let value = sensitive(value).ok_or_else(|| unfit(key, "it cannot stand in a header"))?;
    request.headers_mut().insert(name, value);
    Ok(())
}

fn unfit(key: &'static str, why: &str) -> EgressError {
    EgressError::ConfigurationError { reason: format!("auth.{key}: {why}") }
}
