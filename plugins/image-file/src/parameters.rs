//! The StorageClass's parameters of this backend.

use mooring_sdk::Result;
use mooring_sdk::parameters::Parameters;
use mooring_sdk::types::StringMap;

/// What a StorageClass can say.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Wishes<'a> {
    /// The granted pool to use; none: the backend chooses.
    pub(crate) pool: Option<&'a str>,
}

/// Reads the parameters; maps further to the right override those before.
///
/// # Errors
/// `InvalidArgument` for one that is not known.
pub(crate) fn read<'a>(maps: &[&'a StringMap]) -> Result<Wishes<'a>> {
    let mut parameters = Parameters::read(maps);
    let pool = parameters.take("pool");
    parameters.finish()?;
    Ok(Wishes { pool })
}
