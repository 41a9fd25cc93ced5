//! What the script that runs the tests is told: what was tried, for its table, and which devices it is to give
//! back where a test is killed.

use std::fs::OpenOptions;
use std::io::Write as _;

use mooring_tests::kernel;

/// The variable with the file of what was tried.
const REPORT: &str = "MOORING_STORAGE_REPORT";

/// The variable with the file of the devices.
const DEVICES: &str = "MOORING_STORAGE_DEVICES";

/// One row: what was wrong, how often, and what came of it.
pub(crate) fn row(fault: &str, cases: usize, outcome: &str) {
    append(REPORT, &format!("| {fault} | {cases} | {outcome} |"));
}

/// A device, and which binding of it. When the mount is gone in which its file lies, its path tells nobody
/// whose it is.
pub(crate) fn device(device: &kernel::Loop) {
    append(DEVICES, &format!("{} {}", device.name, device.sequence));
}

fn append(variable: &str, line: &str) {
    let Some(path) = std::env::var_os(variable) else { return };
    let mut file = OpenOptions::new().create(true).append(true).open(path).unwrap();
    writeln!(file, "{line}").unwrap();
}
