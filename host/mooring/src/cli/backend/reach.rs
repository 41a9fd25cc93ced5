//! How the commands reach components: words of the command line over those of a configuration.

use std::path::{Path, PathBuf};

use clap::Args;
use mooring_source::{Candidate, Fetcher, Progress, Reference, Source, SourceError};

use super::refusal::Refusal;
use crate::config::Config;
use crate::run::component;

/// Where registries' settings come from.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Registries")]
pub(super) struct ReachArgs {
    /// Take `registries` and `offline` from this configuration.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// A docker config.json with names and passwords [default: what `docker login` wrote].
    #[arg(long, value_name = "FILE")]
    credentials: Option<PathBuf>,
    /// Certificates (PEM) that are trusted besides the system's.
    #[arg(long, value_name = "FILE")]
    ca: Option<PathBuf>,
    /// Speak HTTP without TLS to the registry that is named.
    #[arg(long)]
    plain_http: bool,
    /// Use a directory in the OCI image layout instead of any registry.
    #[arg(long, value_name = "DIR")]
    offline: Option<PathBuf>,
}

impl ReachArgs {
    /// Asks the registries of these references, and any other with its defaults.
    pub(super) fn fetcher(&self, references: &[&Reference]) -> Result<Fetcher, Refusal> {
        let mut config = match &self.config {
            Some(path) => Config::load(path).map_err(|error| Refusal::Usage(error.to_string()))?,
            None => Config::default(),
        };
        for reference in references {
            let settings = config.registries.entry(reference.registry.clone()).or_default();
            settings.plain_http |= self.plain_http;
            settings.ca = self.ca.clone().or(settings.ca.take());
            let own = self.credentials.clone().or(settings.credentials.take());
            settings.credentials = own.or_else(logged_in);
        }
        let offline = self.offline.clone().or(config.offline);
        Ok(Fetcher::new(config.registries)?.with_offline(offline))
    }

    /// The component that a word names.
    pub(super) async fn candidate(
        &self,
        word: &str,
        progress: &Progress<'_>,
    ) -> Result<Candidate, Refusal> {
        let source = source(word)?;
        let references = match &source {
            Source::Registry(reference) => vec![reference],
            Source::Embedded(_) | Source::File(_) => Vec::new(),
        };
        let fetcher = self.fetcher(&references)?;
        Ok(component::candidate(&fetcher, &source, progress).await?)
    }
}

/// `embedded:NAME`, `oci://…`, or a file, here also a relative one.
pub(super) fn source(word: &str) -> Result<Source, Refusal> {
    if word.starts_with("embedded:") || word.starts_with("oci://") {
        return word.parse().map_err(Refusal::Usage);
    }
    let path = Path::new(word);
    std::path::absolute(path).map(Source::File).map_err(|source| {
        SourceError::Local { doing: "find", path: path.to_owned(), source }.into()
    })
}

/// What `docker login` writes, if anybody did.
fn logged_in() -> Option<PathBuf> {
    let dir = std::env::var_os("DOCKER_CONFIG").map(PathBuf::from);
    let dir = dir.or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(".docker")))?;
    Some(dir.join("config.json")).filter(|file| file.is_file())
}
