//! A driver's component, from its source to bytes that may be compiled: had, then verified.

use std::sync::Arc;

use mooring_source::{Candidate, Fetcher, Origin, SourceError, Store, Verified};

use crate::config::{Config, Driver, Source};
use crate::embedded;

/// The component of a driver, verified by its policy. Nothing else may be compiled for it.
///
/// # Errors
/// Why it cannot be had, or may not run, and what would put that right.
pub(crate) async fn verified(config: &Config, driver: &Driver) -> Result<Verified, SourceError> {
    let fetcher = fetcher(config)?;
    let candidate = candidate(&fetcher, &driver.backend, &|_, _| ()).await?;
    let verified = driver.trust.verify(driver.name.as_str(), candidate, &fetcher).await?;
    let Verified { candidate, version, signed_by } = &verified;
    tracing::info!(
        driver = %driver.name,
        backend = %driver.backend,
        digest = %candidate.digest,
        version = version.as_ref().map(tracing::field::display),
        signed_by = signed_by.as_ref().map(tracing::field::display),
        "component verified"
    );
    Ok(verified)
}

/// Notes that a component serves, so that a lower version does not replace it unasked. That this
/// cannot be noted is no reason to stop serving.
pub(crate) async fn serves(config: &Config, driver: &Driver, verified: &Verified) {
    let noted = match fetcher(config) {
        Ok(fetcher) => verified.ran(driver.name.as_str(), &fetcher).await,
        Err(error) => Err(error),
    };
    if let Err(error) = noted {
        tracing::warn!(driver = %driver.name, %error, "the version that runs is not noted");
    }
}

/// The component that a source names, before anybody vouches for it.
///
/// # Errors
/// Why it cannot be had.
pub(crate) async fn candidate(
    fetcher: &Fetcher,
    source: &Source,
    progress: &mooring_source::Progress<'_>,
) -> Result<Candidate, SourceError> {
    match source {
        Source::Embedded(name) => {
            let bytes: Arc<[u8]> = embedded::component(name).map(Into::into).ok_or_else(|| {
                let known: Vec<_> = embedded::BACKENDS.iter().map(|(name, _)| *name).collect();
                let known = known.join(", ");
                SourceError::Setting(format!(
                    "no backend of the name {name:?} is embedded; there are {known}"
                ))
            })?;
            Ok(Candidate::new(bytes, Origin::Embedded(name.clone())))
        }
        Source::File(path) => fetcher.file(path).await,
        Source::Registry(reference) => fetcher.component(reference, progress).await,
    }
}

/// As the controller asks: what it had is kept in its own part of the state directory.
fn fetcher(config: &Config) -> Result<Fetcher, SourceError> {
    let store = Store::open(config.controller_state_dir().join("components"))?;
    let fetcher = Fetcher::new(config.registries.clone())?;
    Ok(fetcher.with_offline(config.offline.clone()).with_store(store))
}
