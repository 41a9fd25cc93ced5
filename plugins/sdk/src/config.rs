//! The operator's `config:` of the driver.

use alloc::format;
use alloc::string::String;

use serde::de::DeserializeOwned;

use crate::error::{Error, Result};
use crate::host::Host;

/// Where the configuration comes from.
pub trait Config {
    /// The whole of it as JSON text, an object; `{}` where the operator gave none.
    fn json(&self) -> String;
}

impl Config for Host {
    fn json(&self) -> String {
        crate::bindings::host::config::get()
    }
}

/// The configuration, read into a type of the backend's own. The host has checked it against
/// [`Identity::config_schema`](crate::Identity::config_schema) before.
///
/// # Errors
/// `FailedPrecondition` where schema and type disagree, with the key and the line.
pub fn read<T: DeserializeOwned>(source: &impl Config) -> Result<T> {
    parse(&source.json())
}

/// As [`read`], of a given JSON text.
///
/// # Errors
/// As [`read`].
pub fn parse<T: DeserializeOwned>(json: &str) -> Result<T> {
    serde_json::from_str(json).map_err(|problem| {
        Error::failed_precondition(format!(
            "the driver's config passes its schema but not the backend: {problem}; correct it, or \
             the backend's schema"
        ))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Code;

    #[test]
    fn says_which_key_does_not_fit() {
        #[derive(Debug, PartialEq, serde::Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Config {
            origin: String,
        }
        assert_eq!(parse(r#"{"origin": "a"}"#), Ok(Config { origin: "a".into() }));
        let error = parse::<Config>(r#"{"orign": "a"}"#).unwrap_err();
        assert_eq!(error.code, Code::FailedPrecondition);
        assert!(error.message.contains("orign"), "{error}");
    }
}
