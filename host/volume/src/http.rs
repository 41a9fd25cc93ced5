//! What the operator grants of HTTP: origins, and the credentials that the host adds by itself.
//!
//! A credential is named, never written: it is a key of the call's secrets, or a mounted file.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::PathBuf;

use serde::de::{self, MapAccess, Visitor, value::MapAccessDeserializer};
use serde::{Deserialize, Deserializer, Serialize};

/// One origin that a component may reach.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct HttpGrant {
    /// Scheme, host and port, such as `https://array.example.com:8443`.
    pub origin: String,
    /// Path prefixes, compared whole segment by whole segment; empty means all.
    #[serde(default)]
    pub paths: Vec<String>,
    /// Networks in CIDR form that the origin's addresses may lie in, where they are private. One
    /// within 127.0.0.0/8 or ::1/128 allows loopback.
    #[serde(default)]
    pub networks: Vec<String>,
    /// PEM file of the only authorities that the origin's certificate may come from; none: those
    /// that the machine knows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ca: Option<PathBuf>,
    /// `http://` or `https://` origin of a proxy that tunnels by CONNECT. It resolves the
    /// origin's name, so that which addresses are reached is its rule then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proxy: Option<String>,
    /// Credentials that the host adds and the component never sees.
    #[serde(default)]
    pub auth: HttpAuth,
}

impl HttpGrant {
    /// All of one origin, without any credential.
    #[must_use]
    pub fn to(origin: &str) -> Self {
        Self { origin: origin.to_owned(), ..Self::default() }
    }
}

/// How requests to one origin are authenticated: at most one of those that go into headers, and a
/// client certificate besides.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct HttpAuth {
    /// RFC 7617.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub basic: Option<Basic>,
    /// RFC 6750.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bearer: Option<Bearer>,
    /// A header of the vendor's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub header: Option<OwnHeader>,
    /// AWS Signature Version 4.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub aws_sig_v4: Option<AwsSigV4>,
    /// A token signed here (RFC 7519, RS256), sent as bearer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub jwt: Option<Jwt>,
    /// TLS client certificate.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_certificate: Option<ClientCertificate>,
}

/// User and password.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Basic {
    pub user: Credential,
    pub password: Credential,
}

/// A token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Bearer {
    pub token: Credential,
}

/// A header, such as `X-Api-Key`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct OwnHeader {
    /// The header's name itself.
    pub name: String,
    /// What stands in it.
    pub value: Credential,
}

/// Keys of an AWS account, and what they sign for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AwsSigV4 {
    /// Such as `eu-central-1`.
    pub region: String,
    /// Such as `s3` or `ec2`.
    pub service: String,
    /// The access key's id.
    pub access_key: Credential,
    /// The secret access key.
    pub secret_key: Credential,
    /// Of temporary keys.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session_token: Option<Credential>,
}

/// What a signed token claims.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Jwt {
    /// PEM of an RSA key, PKCS #8 or PKCS #1.
    pub key: Credential,
    /// `kid` of the header.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key_id: Option<String>,
    /// `iss`.
    pub issuer: String,
    /// `sub`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// `aud`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub audience: Option<String>,
    /// Seconds from `iat` to `exp`, 1 to 3600.
    #[serde(default = "five_minutes")]
    pub lifetime: u32,
    /// Further claims, such as `scope`.
    #[serde(default)]
    pub claims: BTreeMap<String, String>,
}

/// PEM of the certificate chain and of its key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[expect(missing_docs, reason = "the names say it")]
pub struct ClientCertificate {
    pub certificate: Credential,
    pub key: Credential,
}

fn five_minutes() -> u32 {
    300
}

/// Where a credential is: in YAML the name of a secret, or `{file: /path}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Credential {
    /// A key of the call's secrets, which the component does not get.
    Secret(String),
    /// A mounted file, read again for each request, so that it can be exchanged.
    File(CredentialFile),
}

/// A mounted file with a credential; one line break at its end is not part of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CredentialFile {
    /// Absolute path.
    pub file: PathBuf,
}

// By hand, as an untagged enum could not say what is wrong with its content.
impl<'de> Deserialize<'de> for Credential {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(NameOrFile)
    }
}

struct NameOrFile;

impl<'de> Visitor<'de> for NameOrFile {
    type Value = Credential;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the name of a secret, or {file: /path}")
    }

    fn visit_str<E: de::Error>(self, name: &str) -> Result<Credential, E> {
        Ok(Credential::Secret(name.to_owned()))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Credential, A::Error> {
        CredentialFile::deserialize(MapAccessDeserializer::new(map)).map(Credential::File)
    }
}

impl HttpAuth {
    /// Every credential with its key below `auth`, such as `basic.user`.
    #[must_use]
    pub fn credentials(&self) -> Vec<(&'static str, &Credential)> {
        let Self { basic, bearer, header, aws_sig_v4, jwt, client_certificate } = self;
        let mut all = Vec::new();
        if let Some(Basic { user, password }) = basic {
            all.extend([("basic.user", user), ("basic.password", password)]);
        }
        if let Some(Bearer { token }) = bearer {
            all.push(("bearer.token", token));
        }
        if let Some(OwnHeader { value, .. }) = header {
            all.push(("header.value", value));
        }
        if let Some(AwsSigV4 { access_key, secret_key, session_token, .. }) = aws_sig_v4 {
            all.extend([("awsSigV4.accessKey", access_key), ("awsSigV4.secretKey", secret_key)]);
            all.extend(session_token.iter().map(|token| ("awsSigV4.sessionToken", token)));
        }
        if let Some(Jwt { key, .. }) = jwt {
            all.push(("jwt.key", key));
        }
        if let Some(ClientCertificate { certificate, key }) = client_certificate {
            all.push(("clientCertificate.certificate", certificate));
            all.push(("clientCertificate.key", key));
        }
        all
    }
}

/// Names of the secrets that the host applies by itself, which the component does not get.
#[must_use]
pub fn withheld_keys(grants: &[HttpGrant]) -> BTreeSet<String> {
    let credentials = grants.iter().flat_map(|grant| grant.auth.credentials());
    let names = credentials.filter_map(|(_, credential)| match credential {
        Credential::Secret(name) => Some(name.clone()),
        Credential::File(_) => None,
    });
    names.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_names_of_applied_secrets_are_withheld() {
        let secret = |name: &str| Credential::Secret(name.to_owned());
        let file = Credential::File(CredentialFile { file: "/run/key.pem".into() });
        let basic = Basic { user: secret("username"), password: secret("password") };
        let certificate = ClientCertificate { certificate: secret("cert"), key: file };
        let auth = HttpAuth { basic: Some(basic), ..HttpAuth::default() };
        let other = HttpAuth { client_certificate: Some(certificate), ..HttpAuth::default() };
        let grants = [
            HttpGrant { auth, ..HttpGrant::to("https://a") },
            HttpGrant { auth: other, ..HttpGrant::to("https://b") },
        ];
        let withheld: Vec<String> = withheld_keys(&grants).into_iter().collect();
        assert_eq!(withheld, ["cert", "password", "username"]);
    }
}
