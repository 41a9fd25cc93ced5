//! Why a component could not be had, by what the operator would have to do about it.

use std::path::{Path, PathBuf};

/// What went wrong. No message holds a credential, a token or the query of a URL.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// The registry cannot be reached or is not well: the same may work later.
    #[error("{registry} does not answer: {reason}")]
    Away {
        /// Host and port.
        registry: String,
        /// What was seen.
        reason: String,
    },
    /// The registry wants other credentials, or none would do.
    #[error(
        "{registry} refuses {what}: {reason}; `registries.\"{registry}\".credentials` names a docker \
         config.json that this process can read"
    )]
    Denied {
        /// Host and port.
        registry: String,
        /// What was asked for.
        what: String,
        /// What the registry or the credentials' file said.
        reason: String,
    },
    /// It does not exist there.
    #[error("{registry} has no {what}")]
    Missing {
        /// Host and port, or the offline directory.
        registry: String,
        /// What was asked for.
        what: String,
    },
    /// What came is not what was named: wrong digest, wrong size, no answer that can be read.
    #[error("what {registry} gives as {what} cannot be used: {reason}")]
    Broken {
        /// Host and port, or the directory.
        registry: String,
        /// What was asked for.
        what: String,
        /// What is wrong with it.
        reason: String,
    },
    /// It is there already as something else.
    #[error("{what} is there with other content ({found})")]
    Exists {
        /// The reference.
        what: String,
        /// Its digest.
        found: String,
    },
    /// The policy does not allow it.
    #[error("not trusted: {0}")]
    Untrusted(String),
    /// The configuration cannot be carried out.
    #[error("{0}")]
    Setting(String),
    /// A file of this machine.
    #[error("cannot {doing} {}: {source}", path.display())]
    Local {
        /// A verb.
        doing: &'static str,
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
}

impl SourceError {
    /// Whether the same may work later, without anybody's doing.
    #[must_use]
    pub fn is_away(&self) -> bool {
        matches!(self, Self::Away { .. })
    }

    pub(crate) fn local(doing: &'static str, path: &Path, source: std::io::Error) -> Self {
        Self::Local { doing, path: path.to_owned(), source }
    }

    pub(crate) fn broken(registry: &str, what: &str, reason: impl Into<String>) -> Self {
        Self::Broken { registry: registry.to_owned(), what: what.to_owned(), reason: reason.into() }
    }
}
