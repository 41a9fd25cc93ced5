//! What operators say of registries.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::error::SourceError;
use crate::reference::{is_authority, is_repository};

/// Registries by host, with the port where one is written in the references.
pub type Registries = BTreeMap<String, RegistrySettings>;

/// One registry. Without any settings: HTTPS, the system's roots, nobody's name.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct RegistrySettings {
    /// Asked first, in this order: `host[:port][/prefix]`. Each has settings of its own.
    pub mirrors: Vec<String>,
    /// A PEM file of certificates that are trusted besides the system's.
    pub ca: Option<PathBuf>,
    /// A docker `config.json`, such as a mounted `kubernetes.io/dockerconfigjson` secret.
    pub credentials: Option<PathBuf>,
    /// HTTP without TLS: everybody on the way can read the credentials and replace what is pulled by tag.
    pub plain_http: bool,
}

/// How long a registry is waited for.
#[derive(Debug, Clone)]
pub struct Patience {
    /// For a connection.
    pub connect: Duration,
    /// For the next byte.
    pub stall: Duration,
    /// For a whole document.
    pub document: Duration,
    /// For a whole component.
    pub component: Duration,
    /// Between attempts where the registry is not well; there is one attempt more than pauses.
    pub pauses: Vec<Duration>,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(5),
            stall: Duration::from_secs(15),
            document: Duration::from_secs(30),
            component: Duration::from_mins(10),
            pauses: vec![Duration::from_millis(500)],
        }
    }
}

/// Says which of the names cannot be a registry's or a mirror's.
///
/// # Errors
/// `Setting`, with the key.
pub fn check(registries: &Registries) -> Result<(), SourceError> {
    for (host, settings) in registries {
        if !is_authority(host) {
            return Err(SourceError::Setting(format!(
                "registries.{host:?} is not a host name with a dot, a port, or localhost"
            )));
        }
        if let Some(mirror) = settings.mirrors.iter().find(|mirror| place(mirror).is_none()) {
            return Err(SourceError::Setting(format!(
                "registries.{host:?}.mirrors: {mirror:?} is not host[:port][/prefix]"
            )));
        }
    }
    Ok(())
}

/// Host and prefix of a mirror.
pub(crate) fn place(mirror: &str) -> Option<(&str, Option<&str>)> {
    let (host, prefix) = match mirror.split_once('/') {
        Some((host, prefix)) => (host, Some(prefix)),
        None => (mirror, None),
    };
    (is_authority(host) && prefix.is_none_or(is_repository)).then_some((host, prefix))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_and_mirrors_are_checked_by_name() {
        let with = |host: &str, mirror: &str| {
            let settings =
                RegistrySettings { mirrors: vec![mirror.to_owned()], ..Default::default() };
            check(&[(host.to_owned(), settings)].into()).map_err(|error| error.to_string())
        };
        assert_eq!(with("ghcr.io", "mirror:5000/ghcr"), Ok(()));
        assert!(with("ghcr.io/vendor", "mirror:5000").unwrap_err().contains("ghcr.io/vendor"));
        assert!(with("ghcr.io", "https://mirror").unwrap_err().contains("https://mirror"));
        assert!(with("ghcr.io", "mirror:5000/../x").is_err());
    }
}
