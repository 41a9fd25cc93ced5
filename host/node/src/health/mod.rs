//! What is wrong with a volume or a pool, from what was looked at: which states are findings, how
//! bad each is, and what people are to do. Pure; `node::health` looks.
//!
//! Nothing is remembered from one look to the next: the record and the kernel say it all, and a
//! finding lasts as long as its cause does, through restarts of this program.

mod storage;
mod volume;

use mooring_volume::health::Finding;

use crate::os::Measure;

pub(crate) use storage::{PoolLooked, not_answering as pool_not_answering, of_pool};
pub(crate) use volume::{
    FilesystemLooked, ImageLooked, StorageLooked, device_of, mount_of, not_answering,
    of_filesystem, of_storage, of_tables,
};

/// A pool with less than this part, or this many bytes, of its file system available is nearly
/// full: its images are sparse, and what is written to them takes room in it.
const SCARCE_PART: u64 = 20;
const SCARCE_BYTES: u64 = 1 << 30;

fn nearly_full(Measure { total, available, used: _ }: &Measure) -> bool {
    *total > 0 && (*available < *total / SCARCE_PART || *available < SCARCE_BYTES)
}

fn room(Measure { total, available, used: _ }: &Measure) -> String {
    format!("{available} of {total} bytes are available")
}

/// A finding; its message becomes one line, whatever an error in it says.
fn finding<F>(fault: F, reason: &str, message: impl Into<String>) -> Finding<F> {
    let message = message.into().replace(|c: char| c.is_control(), " ");
    Finding { fault, reason: reason.to_owned(), message }
}

/// One finding of each fault and reason, with all that is said of it.
pub(crate) fn merged<F: Copy + PartialEq>(findings: Vec<Finding<F>>) -> Vec<Finding<F>> {
    let mut all: Vec<Finding<F>> = Vec::new();
    for Finding { fault, reason, message } in findings {
        match all.iter_mut().find(|it| it.fault == fault && it.reason == reason) {
            Some(same) => {
                same.message.push_str("; ");
                same.message.push_str(&message);
            }
            None => all.push(Finding { fault, reason, message }),
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use mooring_volume::health::VolumeFault::{DataLoss, Degraded};

    use super::*;

    #[test]
    fn a_pool_is_nearly_full_below_a_twentieth_or_a_gibibyte() {
        const GIB: u64 = 1 << 30;
        let of = |total, available| nearly_full(&Measure { total, available, used: 0 });
        assert!(of(100 * GIB, 5 * GIB - 1) && !of(100 * GIB, 5 * GIB));
        assert!(of(10 * GIB, GIB - 1) && !of(10 * GIB, GIB));
        assert!(!of(0, 0), "a file system that does not count is not full");
    }

    #[test]
    fn what_is_found_twice_is_told_once_on_one_line() {
        let all = [(Degraded, "A", "x\ny"), (DataLoss, "A", "z"), (Degraded, "A", "w")];
        let all = merged(all.map(|(fault, why, text)| finding(fault, why, text)).into());
        let told: Vec<_> = all.iter().map(|it| (it.fault, &*it.reason, &*it.message)).collect();
        assert_eq!(told, [(Degraded, "A", "x y; w"), (DataLoss, "A", "z")]);
    }
}
