//! One grant, checked and made ready: what it allows, and how its origin is reached.

use ipnet::IpNet;
use mooring_volume::http::{Credential, HttpAuth, HttpGrant, Jwt, OwnHeader};

use crate::error::{EgressError, GrantError};
use crate::origin::{self, Host, Origin};
use crate::tls::Tls;

/// A checked grant.
pub(crate) struct Granted {
    /// Its place in the configuration, by which its connections are told from others'.
    pub(crate) index: usize,
    pub(crate) origin: Origin,
    paths: Vec<String>,
    pub(crate) networks: Vec<IpNet>,
    pub(crate) proxy: Option<Origin>,
    pub(crate) auth: HttpAuth,
    /// None for `http://` origins that are not behind a proxy of `https://`.
    pub(crate) tls: Option<Tls>,
}

impl Granted {
    /// Checks a grant and reads its authorities.
    pub(crate) fn compile(index: usize, grant: &HttpGrant) -> Result<Self, GrantError> {
        let mut granted = Self::check(index, grant)?;
        if granted.origin.tls || granted.proxy.as_ref().is_some_and(|proxy| proxy.tls) {
            let tls = Tls::new(grant.ca.as_deref());
            granted.tls = Some(tls.map_err(|reason| GrantError { index, key: "ca", reason })?);
        }
        Ok(granted)
    }

    /// Checks all that can be checked without a file.
    pub(crate) fn check(index: usize, grant: &HttpGrant) -> Result<Self, GrantError> {
        let HttpGrant { origin, paths, networks, ca, proxy, auth } = grant;
        let wrong = |key, reason| GrantError { index, key, reason };
        let origin = plain_origin(origin).map_err(|reason| wrong("origin", reason))?;
        for path in paths {
            origin::check_path(path).map_err(|why| wrong("paths", format!("{path:?}: {why}")))?;
        }
        let network = |text: &String| {
            let parsed = text.parse::<IpNet>();
            parsed.map_err(|_| {
                wrong("networks", format!("{text:?} is no network; write it like 10.2.0.0/16"))
            })
        };
        let networks = networks.iter().map(network).collect::<Result<Vec<_>, _>>()?;
        if let Host::Address(address) = origin.host {
            crate::address::judge(address, &networks).map_err(|reason| {
                wrong("origin", format!("{address} would never be reached: {reason}"))
            })?;
        }
        let proxy = match proxy {
            Some(text) => Some(plain_origin(text).map_err(|reason| wrong("proxy", reason))?),
            None => None,
        };
        if ca.as_ref().is_some_and(|ca| !ca.is_absolute()) {
            return Err(wrong("ca", "it is no absolute path".to_owned()));
        }
        if ca.is_some() && !origin.tls {
            return Err(wrong("ca", "its origin is not https://".to_owned()));
        }
        check_auth(auth, &origin).map_err(|(key, reason)| wrong(key, reason))?;
        let paths = paths.clone();
        Ok(Self { index, origin, paths, networks, proxy, auth: auth.clone(), tls: None })
    }

    /// How many bytes of a path this grant's prefixes name; none where it does not allow it.
    pub(crate) fn covers(&self, path: &str) -> Option<usize> {
        if self.paths.is_empty() {
            return Some(0);
        }
        let fitting = self.paths.iter().filter(|prefix| origin::below(prefix, path));
        fitting.map(String::len).max()
    }
}

/// The grant that allows a request: that of its origin whose prefix says the most.
///
/// # Errors
/// `HttpRequestDenied`, `HttpRequestUriInvalid`.
pub(crate) fn find<'a>(
    granted: &'a [std::sync::Arc<Granted>],
    uri: &http::Uri,
) -> Result<&'a std::sync::Arc<Granted>, EgressError> {
    let origin = Origin::of(uri).map_err(|reason| EgressError::HttpRequestUriInvalid { reason })?;
    origin::check_path(uri.path())
        .map_err(|reason| EgressError::HttpRequestUriInvalid { reason })?;
    let mut same = granted.iter().filter(|granted| granted.origin == origin).peekable();
    if same.peek().is_none() {
        return Err(EgressError::HttpRequestDenied {
            reason: format!("{origin} is no granted origin; add it to grants.http to allow it"),
        });
    }
    // The first of those that say as much, so that the order of the configuration counts.
    let best = same
        .filter_map(|granted| Some((granted.covers(uri.path())?, granted)))
        .reduce(|best, next| if next.0 > best.0 { next } else { best });
    best.map(|(_, granted)| granted).ok_or_else(|| EgressError::HttpRequestDenied {
        reason: format!("its path is below none of the `paths` that are granted of {origin}"),
    })
}

fn plain_origin(text: &str) -> Result<Origin, String> {
    let wrong =
        |why: &str| format!("{text:?} is no origin, such as https://array.example.com:8443: {why}");
    // What stands before an @ would be a password: it is not shown.
    if text.contains('@') {
        return Err("a user stands before its host; credentials have their place in `auth`".into());
    }
    let uri: http::Uri = text.parse().map_err(|_| wrong("it is no URL"))?;
    if uri.path_and_query().is_some_and(|path| path.as_str() != "/") || text.contains('#') {
        return Err(wrong("it has a path; paths have their place in `paths`"));
    }
    Origin::of(&uri).map_err(wrong)
}

fn check_auth(auth: &HttpAuth, origin: &Origin) -> Result<(), (&'static str, String)> {
    let HttpAuth { basic, bearer, header, aws_sig_v4, jwt, client_certificate } = auth;
    let methods =
        [basic.is_some(), bearer.is_some(), header.is_some(), aws_sig_v4.is_some(), jwt.is_some()];
    if methods.iter().filter(|named| **named).count() > 1 {
        let reason = "one of basic, bearer, header, awsSigV4 and jwt is wanted".to_owned();
        return Err(("auth", reason));
    }
    for (key, credential) in auth.credentials() {
        let fits = match credential {
            Credential::Secret(name) => !name.is_empty(),
            Credential::File(file) => file.file.is_absolute(),
        };
        if !fits {
            let reason =
                format!("{key} is neither a secret's name nor the absolute path of a file");
            return Err(("auth", reason));
        }
    }
    if let Some(OwnHeader { name, .. }) = header {
        let mut headers = http::HeaderMap::new();
        if let Ok(name) = name.parse::<http::HeaderName>() {
            headers.insert(name, http::HeaderValue::from_static(""));
        }
        crate::headers::strip_request(&mut headers);
        if headers.is_empty() {
            return Err(("auth.header.name", format!("{name:?} is no header that may be set")));
        }
    }
    if let Some(Jwt { lifetime, .. }) = jwt
        && !(1..=3600).contains(lifetime)
    {
        return Err(("auth.jwt.lifetime", format!("{lifetime} is not within 1 to 3600 seconds")));
    }
    if client_certificate.is_some() && !origin.tls {
        return Err(("auth.clientCertificate", "its origin is not https://".to_owned()));
    }
    Ok(())
}

#[cfg(test)]
mod tests;
