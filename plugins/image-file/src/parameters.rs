//! The StorageClass's parameters of this backend.

use mooring_sdk::Result;
use mooring_sdk::parameters::Parameters;
use mooring_sdk::types::StringMap;

use crate::tuning::Tuning;

/// What a volume is like, as a StorageClass says.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Chosen {
    /// Whether the sandbox that it is for mounts it, in place of the node.
    pub(crate) direct: bool,
    /// What the volume can do, for a start.
    pub(crate) tuning: Tuning,
}

/// What a StorageClass can say.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Wishes<'a> {
    /// The granted pool to use; none: the backend chooses.
    pub(crate) pool: Option<&'a str>,
    pub(crate) chosen: Chosen,
}

/// Reads the parameters. Mutable ones override those of the same name; the pool is none of them.
///
/// # Errors
/// `InvalidArgument` for one that is not known or a value that cannot be.
pub(crate) fn read<'a>(given: &'a StringMap, mutable: &StringMap) -> Result<Wishes<'a>> {
    let changed = Tuning::read(mutable)?;
    let mut parameters = Parameters::read(&[given]);
    let pool = parameters.take("pool");
    let direct = parameters.take_switch("directVolume")?.unwrap_or(false);
    let tuning = changed.over(Tuning::take(&mut parameters)?);
    parameters.finish()?;
    Ok(Wishes { pool, chosen: Chosen { direct, tuning } })
}
