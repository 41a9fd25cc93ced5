//! `mooring prepare-pool`: the child by which a start makes a pool ready whose storage may not answer.
//! Nobody else calls it.

use std::io::Write as _;
use std::path::Path;
use std::process::ExitCode;

use crate::run;

/// Makes the pool, its owner and its mode what they have to be; says on standard error why not.
pub(crate) fn run(path: &Path, owner: Option<u32>) -> anyhow::Result<ExitCode> {
    let (code, outcome) = run::pool(path, owner);
    if let Err(error) = outcome {
        writeln!(std::io::stderr(), "{error:#}")?;
    }
    Ok(ExitCode::from(code))
}
