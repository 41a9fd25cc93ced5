//! Whether findings can be.

use std::collections::BTreeSet;

use mooring_volume::health::Finding;

use super::{Checked, MAX_TEXT, ensure};

/// Findings of one volume, or of one node's storage.
const MAX_FINDINGS: usize = 256;

/// The findings of one list: reasons for programs, and none twice. A reason is not repeated, since
/// one that is none can be anything.
pub(crate) fn findings<F: Copy + Ord>(findings: &[Finding<F>]) -> Checked<()> {
    ensure(findings.len() <= MAX_FINDINGS, || {
        format!("{} findings; at most {MAX_FINDINGS} are allowed", findings.len())
    })?;
    ensure(findings.iter().all(|finding| is_camel_case(&finding.reason)), || {
        format!("a bad reason: 1 to {MAX_TEXT} letters and digits in CamelCase are wanted")
    })?;
    let distinct: BTreeSet<_> =
        findings.iter().map(|Finding { fault, reason, message: _ }| (*fault, reason)).collect();
    ensure(distinct.len() == findings.len(), || {
        "two findings of the same fault and reason".to_owned()
    })
}

fn is_camel_case(text: &str) -> bool {
    text.len() <= MAX_TEXT
        && text.starts_with(|first: char| first.is_ascii_uppercase())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

#[cfg(test)]
mod tests {
    use mooring_volume::health::VolumeFault;

    use super::*;

    fn finding(fault: VolumeFault, reason: &str) -> Finding<VolumeFault> {
        Finding { fault, reason: reason.to_owned(), message: String::new() }
    }

    #[test]
    fn reasons_are_camel_case() {
        let longest = "X".repeat(MAX_TEXT);
        for good in ["ImageMissing", "X", "Raid5Degraded", &longest] {
            assert_eq!(findings(&[finding(VolumeFault::Degraded, good)]), Ok(()), "{good}");
        }
        let long = "X".repeat(MAX_TEXT + 1);
        for bad in ["", "image", "5Disks", "Image_Missing", "Image Missing", "Ünfit", "X\n", &long]
        {
            assert!(findings(&[finding(VolumeFault::Degraded, bad)]).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn fault_and_reason_occur_once() {
        let lost = finding(VolumeFault::DataLoss, "PoolGone");
        let away = finding(VolumeFault::Inaccessible, "PoolGone");
        assert_eq!(findings(&[lost.clone(), away.clone()]), Ok(()));
        assert!(findings(&[lost.clone(), away, lost]).is_err());
    }

    #[test]
    fn a_list_is_short() {
        let some = |count| -> Vec<_> {
            (0..count).map(|n| finding(VolumeFault::Degraded, &format!("Disk{n}"))).collect()
        };
        assert_eq!(findings(&some(MAX_FINDINGS)), Ok(()));
        assert!(findings(&some(MAX_FINDINGS + 1)).is_err());
    }
}
