//! Names and passwords of registries, as docker's `config.json` and Kubernetes' pull secrets hold them.

use std::collections::BTreeMap;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use mooring_volume::secret::Secret;
use serde::Deserialize;

/// A name and its password.
pub(crate) struct Credentials {
    pub(crate) user: String,
    pub(crate) password: Secret,
}

impl Credentials {
    /// The value of `Authorization` for HTTP's basic scheme (RFC 7617).
    pub(crate) fn basic(&self) -> Secret {
        let pair = Secret::new(format!("{}:{}", self.user, self.password.expose()));
        Secret::new(format!("Basic {}", STANDARD.encode(pair.expose())))
    }
}

#[derive(Deserialize)]
struct File {
    #[serde(default)]
    auths: BTreeMap<String, Entry>,
}

#[derive(Deserialize)]
struct Entry {
    auth: Option<Secretly>,
    username: Option<String>,
    password: Option<Secretly>,
    identitytoken: Option<Secretly>,
}

/// A secret as it is read.
struct Secretly(Secret);

impl<'de> Deserialize<'de> for Secretly {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(|text| Self(Secret::new(text)))
    }
}

/// The entry of a registry, if the file has one. The file is read each time: secrets are rotated.
///
/// # Errors
/// What is wrong with the file, without any of its text.
pub(crate) fn read(path: &Path, registry: &str) -> Result<Option<Credentials>, String> {
    let told = |what: String| format!("{}: {what}", path.display());
    let text = std::fs::read_to_string(path)
        .map(Secret::new)
        .map_err(|error| told(format!("cannot be read: {error}")))?;
    // A parser's message can quote what it stumbled over.
    let file: File = serde_json::from_str(text.expose()).map_err(|error| {
        told(format!("is no docker config.json (line {}, column {})", error.line(), error.column()))
    })?;
    let found = file.auths.into_iter().find(|(name, _)| host(name) == registry);
    found.map(|(_, entry)| entry.credentials().map_err(told)).transpose()
}

/// Entries are also written as URLs: `https://registry/v1/`.
fn host(name: &str) -> &str {
    let name = name.strip_prefix("https://").or(name.strip_prefix("http://")).unwrap_or(name);
    name.split('/').next().unwrap_or(name)
}

impl Entry {
    fn credentials(self) -> Result<Credentials, String> {
        let Self { auth, username, password, identitytoken } = self;
        if let (Some(user), Some(Secretly(password))) = (username, password) {
            return Ok(Credentials { user, password });
        }
        let Some(Secretly(auth)) = auth else {
            return Err(match identitytoken {
                Some(_) => "identity tokens are not taken; use a name and a password".to_owned(),
                None => "the entry has neither auth nor username and password".to_owned(),
            });
        };
        let wrong = || "auth is not base64 of name:password".to_owned();
        let bytes = STANDARD.decode(auth.expose().trim()).map_err(|_| wrong())?;
        let pair = String::from_utf8(bytes).map(Secret::new).map_err(|_| wrong())?;
        let (user, password) = pair.expose().split_once(':').ok_or_else(wrong)?;
        Ok(Credentials { user: user.to_owned(), password: Secret::new(password.to_owned()) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn look(text: &str, registry: &str) -> Result<Option<String>, String> {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("config.json");
        std::fs::write(&path, text).unwrap();
        let found =
            read(&path, registry).map_err(|why| why.replace(path.to_str().unwrap(), "F"))?;
        Ok(found.map(|found| format!("{} {}", found.user, found.password.expose())))
    }

    #[test]
    fn both_forms_and_both_names_are_read() {
        let auth = STANDARD.encode("robot:pass:word");
        let text = format!(
            r#"{{"auths": {{"https://ghcr.io/v1/": {{"auth": "{auth}"}},
                "r:5000": {{"username": "u", "password": "p", "auth": "!"}}}}, "credsStore": "x"}}"#
        );
        assert_eq!(look(&text, "ghcr.io"), Ok(Some("robot pass:word".to_owned())));
        assert_eq!(look(&text, "r:5000"), Ok(Some("u p".to_owned())));
        assert_eq!(look(&text, "quay.io"), Ok(None));
        assert_eq!(look("{}", "quay.io"), Ok(None));
    }

    #[test]
    fn errors_quote_nothing_of_the_file() {
        for text in [
            r#"{"auths": {"r.io": {"auth": "hunter2"}}}"#,
            r#"{"auths": {"r.io": {"auth": ["hunter2"]}}}"#,
            r#"{"auths": {"r.io": {"password": "hunter2"}}}"#,
            r#"{"auths": "hunter2"}"#,
            "hunter2",
            r#"{"auths": {"r.io": {"identitytoken": "hunter2"}}}"#,
        ] {
            let why = look(text, "r.io").unwrap_err();
            assert!(why.starts_with("F: ") && !why.contains("hunter2"), "{why}");
        }
    }
}
