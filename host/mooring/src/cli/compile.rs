//! `mooring compile`: the child in which the controller process has components compiled. Nobody
//! else calls it.

use std::io::Write as _;
use std::process::ExitCode;

/// Compiles what is on standard input, within the limits that stand before it.
pub(crate) fn run() -> anyhow::Result<ExitCode> {
    // Not locked: the failure below is to be said on standard error by whoever can.
    match mooring_backend::compile_child(std::io::stdin().lock(), std::io::stdout().lock()) {
        Ok(()) => Ok(ExitCode::SUCCESS),
        Err(error) => {
            writeln!(std::io::stderr(), "{error}")?;
            Ok(ExitCode::FAILURE)
        }
    }
}
