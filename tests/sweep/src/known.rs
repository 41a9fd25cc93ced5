//! Limits that are known: what a sweep finds again is counted and told, and does not fail it. Each one
//! leaves the volume refused, with its data where they were; none of them loses or formats anything.

use crate::points::{Fault, Subject};

/// Why a finding is a known limit; none: it is not.
pub(crate) fn limit(fault: &Fault, finding: &str) -> Option<&'static str> {
    let process = fault.point.process.as_str();
    let stuck = finding.contains("does not succeed when it is repeated");
    let grows = fault.subject == Subject::Ext4 && matches!(process, "e2fsck" | "resize2fs");
    let inconsistent =
        ["e2fsck ended with", "superblock damaged"].iter().any(|it| finding.contains(it));
    if grows && stuck && inconsistent {
        return Some(
            "growing an unmounted ext4 has no journal: cut off in the middle, or failed by its device, \
             it is left to an operator (`e2fsck -f`)",
        );
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_loss_is_never_a_known_limit() {
        let cut: Fault = "ext4/restage/resize2fs/write/6=kill-all-before".parse().unwrap();
        let stuck = "restage does not succeed when it is repeated 60 times: e2fsck ended with 4";
        assert!(limit(&cut, stuck).is_some());
        for loss in ["mkfs finished 2 times", "the file at 0 differs", "left: [loop0]"] {
            assert_eq!(limit(&cut, loss), None, "{loss}");
        }
        let killed: Fault = "xfs/stage/mkfs.xfs/pwrite64/6=kill-before".parse().unwrap();
        assert_eq!(limit(&killed, stuck), None, "mkfs is repeated");
    }
}
