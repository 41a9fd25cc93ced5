//! The StorageClass's parameters of this backend.

use mooring_sdk::Result;
use mooring_sdk::parameters::Parameters;
use mooring_sdk::types::StringMap;

use crate::tuning::Tuning;

/// What a StorageClass can say.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Wishes<'a> {
    /// The granted pool to use; none: the backend chooses.
    pub(crate) pool: Option<&'a str>,
    /// What the volume can do, for a start.
    pub(crate) tuning: Tuning,
}

/// Reads the parameters. Mutable ones override those of the same name; the pool is none of them.
///
/// # Errors
/// `InvalidArgument` for one that is not known or a value that cannot be.
pub(crate) fn read<'a>(given: &'a StringMap, mutable: &StringMap) -> Result<Wishes<'a>> {
    let changed = Tuning::read(mutable)?;
    let mut parameters = Parameters::read(&[given]);
    let pool = parameters.take("pool");
    let tuning = changed.over(Tuning::take(&mut parameters)?);
    parameters.finish()?;
    Ok(Wishes { pool, tuning })
}
