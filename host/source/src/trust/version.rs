//! Versions only rise: the highest one that a driver ran is on disk.

use semver::Version;
use serde::{Deserialize, Serialize};

use crate::component;
use crate::document::VERSION;
use crate::error::SourceError;
use crate::fetch::{Candidate, Origin};
use crate::store::{Kind, Store};

/// The highest version that a driver ran.
#[derive(Debug, Serialize, Deserialize)]
struct Highest {
    driver: String,
    version: Version,
}

/// What a candidate states: its own bytes before what is said of them.
///
/// # Errors
/// A sentence, where that is no semantic version.
pub(super) fn of(candidate: &Candidate) -> Result<Option<Version>, String> {
    let inside = candidate.facts.version.as_ref();
    let text = match &candidate.origin {
        Origin::Registry { annotations, .. } => inside.or_else(|| annotations.get(VERSION)),
        Origin::File(_) => inside,
        Origin::Embedded(_) => None,
    };
    text.map(|text| component::version(text)).transpose()
}

/// Refuses what is lower than what ran, or hides its version where a version ran.
///
/// # Errors
/// `Untrusted`, also where the record cannot be read.
pub(super) fn not_lower(
    store: Option<&Store>,
    driver: &str,
    version: Option<&Version>,
) -> Result<(), SourceError> {
    let Some(store) = store else { return Ok(()) };
    let path = store.path(Kind::Version, driver);
    let record = store.record::<Highest>(Kind::Version, driver).map_err(|error| {
        SourceError::Untrusted(format!(
            "which version ran before cannot be read ({error}); set `trust.allowDowngrade` or remove {}",
            path.display()
        ))
    })?;
    let Some(Highest { version: highest, .. }) = record else { return Ok(()) };
    let states = match version {
        Some(version) if *version >= highest => return Ok(()),
        Some(version) => format!("its version is {version}"),
        None => "it states no version".to_owned(),
    };
    Err(SourceError::Untrusted(format!(
        "{states}, and driver {driver} ran {highest} before; set `trust.allowDowngrade: true` to go back"
    )))
}

/// Notes a version, if it is higher than what ran before.
///
/// # Errors
/// `Local`.
pub(super) fn raise(store: &Store, driver: &str, version: &Version) -> Result<(), SourceError> {
    // A record that cannot be read is written anew: who got here was allowed to.
    let former = store.record::<Highest>(Kind::Version, driver).ok().flatten();
    if former.is_some_and(|former| former.version >= *version) {
        return Ok(());
    }
    let record = Highest { driver: driver.to_owned(), version: version.clone() };
    store.note(Kind::Version, driver, &record)
}
