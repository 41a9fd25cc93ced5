//! Findings from the contract's.

use mooring_volume::backend::Paged;
use mooring_volume::health::{
    StorageFault, StorageFinding, VolumeFault, VolumeFinding, VolumeHealth,
};

use super::{MAX_MESSAGE, volume_id};
use crate::bindings::exports::mooring::backend::health;
use crate::check::{self, Malformed};
use crate::log::clean;

pub(crate) fn volume_findings(
    findings: Vec<health::VolumeFinding>,
) -> Result<Vec<VolumeFinding>, Malformed> {
    let findings: Vec<_> = findings.into_iter().map(volume_finding).collect();
    check::findings(&findings)?;
    Ok(findings)
}

fn volume_finding(finding: health::VolumeFinding) -> VolumeFinding {
    let health::VolumeFinding { fault, reason, message } = finding;
    VolumeFinding {
        fault: match fault {
            health::VolumeFault::Degraded => VolumeFault::Degraded,
            health::VolumeFault::Inaccessible => VolumeFault::Inaccessible,
            health::VolumeFault::DataLoss => VolumeFault::DataLoss,
        },
        reason,
        message: clean(&message, MAX_MESSAGE),
    }
}

/// A page of the volumes with which something is wrong.
pub(crate) fn unsound(
    page: health::Entries,
    max_entries: u32,
) -> Result<Paged<VolumeHealth>, Malformed> {
    let health::Entries { entries, next } = page;
    check::page(entries.len(), max_entries)?;
    Ok(Paged {
        entries: entries.into_iter().map(volume_health).collect::<Result<_, _>>()?,
        next: next.map(check::token).transpose()?,
    })
}

fn volume_health(entry: health::Entry) -> Result<VolumeHealth, Malformed> {
    let health::Entry { volume_id: volume, findings } = entry;
    let findings = volume_findings(findings)?;
    if findings.is_empty() {
        return Err(Malformed("a volume without findings among the unsound ones".to_owned()));
    }
    Ok(VolumeHealth { volume: volume_id(volume)?, findings })
}

pub(crate) fn storage_findings(
    findings: Vec<health::StorageFinding>,
) -> Result<Vec<StorageFinding>, Malformed> {
    let findings: Vec<_> = findings.into_iter().map(storage_finding).collect();
    check::findings(&findings)?;
    Ok(findings)
}

fn storage_finding(finding: health::StorageFinding) -> StorageFinding {
    let health::StorageFinding { fault, reason, message } = finding;
    StorageFinding {
        fault: match fault {
            health::StorageFault::Degraded => StorageFault::Degraded,
            health::StorageFault::Unreachable => StorageFault::Unreachable,
        },
        reason,
        message: clean(&message, MAX_MESSAGE),
    }
}
