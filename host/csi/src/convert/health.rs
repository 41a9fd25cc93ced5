//! What is wrong with volumes: as CSI 1.13 tells it, and as the condition of CSI up to 1.12.

use std::collections::HashSet;
use std::hash::Hash;

use mooring_proto::csi::v1 as pb;
use mooring_proto::csi::v1::node_get_storage_health_response::StorageBackendHealth;
use mooring_proto::csi::v1::volume_health::VolumeHealthEntry;
use mooring_proto::csi::v1::{StorageHealthErrorType, VolumeHealthErrorType};
use mooring_volume::backend::{Page, Paged};
use mooring_volume::health::{
    Finding, StorageFault, StorageFinding, VolumeFault, VolumeFinding, VolumeHealth,
};
use mooring_volume::{Error, Result, Secrets, VolumeId};

use super::{map, page, text};

/// Which volume is asked for.
pub(crate) fn get(request: pb::ControllerGetVolumeHealthRequest) -> Result<(VolumeId, Secrets)> {
    let pb::ControllerGetVolumeHealthRequest { volume_id, secrets } = request;
    Ok((VolumeId::new(volume_id)?, map::secrets(secrets)?))
}

/// Which page is asked for.
pub(crate) fn list(request: pb::ControllerListVolumeHealthRequest) -> Result<(Page, Secrets)> {
    let pb::ControllerListVolumeHealthRequest { max_entries, starting_token, secrets } = request;
    Ok((page::asked(max_entries, starting_token)?, map::secrets(secrets)?))
}

/// The page, checked against what was asked.
///
/// # Errors
/// `Internal` where the backend lists a volume without a finding, or findings that break the rules.
pub(crate) fn wire_page(
    paged: Paged<VolumeHealth>,
    asked: &Page,
) -> Result<pb::ControllerListVolumeHealthResponse> {
    let (entries, next_token) = page::answered("volumes", paged, asked)?;
    let entry = |VolumeHealth { volume, findings }| {
        if findings.is_empty() {
            return Err(fault(format!("no finding of the listed volume {:?}", volume.as_str())));
        }
        wire(volume, findings)
    };
    let entries = entries.into_iter().map(entry).collect::<Result<_>>()?;
    Ok(pb::ControllerListVolumeHealthResponse { entries, next_token })
}

/// One volume; no finding where nothing wrong is known.
///
/// # Errors
/// `Internal` where a reason is no CamelCase word, or fault and reason occur twice.
pub(crate) fn wire(volume: VolumeId, findings: Vec<VolumeFinding>) -> Result<pb::VolumeHealth> {
    check(&findings)?;
    let health_statuses = findings.into_iter().map(finding).collect();
    Ok(pb::VolumeHealth { volume_id: volume.into(), health_statuses })
}

/// The storage of a node; no finding where nothing wrong is known.
///
/// # Errors
/// As [`wire`].
pub(crate) fn wire_storage(
    findings: Vec<StorageFinding>,
) -> Result<pb::NodeGetStorageHealthResponse> {
    check(&findings)?;
    let backend_health = findings.into_iter().map(storage_finding).collect();
    Ok(pb::NodeGetStorageHealthResponse { backend_health })
}

/// Source: CSI: a reason is CamelCase, and with its status occurs once.
fn check<F: Copy + Eq + Hash>(findings: &[Finding<F>]) -> Result<()> {
    let mut seen = HashSet::new();
    for Finding { fault: kind, reason, message: _ } in findings {
        let camel = reason.starts_with(|c: char| c.is_ascii_uppercase())
            && reason.chars().all(|c| c.is_ascii_alphanumeric());
        if !camel || reason.len() > text::LONGEST {
            return Err(fault(format!(
                "the reason {reason:?}, which is no CamelCase word of at most {} bytes,",
                text::LONGEST
            )));
        }
        if !seen.insert((*kind, reason.as_str())) {
            return Err(fault(format!("the finding {reason} twice")));
        }
    }
    Ok(())
}

fn fault(what: String) -> Error {
    Error::internal(format!("the backend answered {what}; this is a fault of the backend"))
}

fn finding(finding: VolumeFinding) -> VolumeHealthEntry {
    let Finding { fault, reason, message } = finding;
    let status = match fault {
        VolumeFault::Degraded => VolumeHealthErrorType::Degraded,
        VolumeFault::Inaccessible => VolumeHealthErrorType::Inaccessible,
        VolumeFault::DataLoss => VolumeHealthErrorType::DataLoss,
    };
    VolumeHealthEntry { status: status.into(), reason, message }
}

fn storage_finding(finding: StorageFinding) -> StorageBackendHealth {
    let Finding { fault, reason, message } = finding;
    let status = match fault {
        StorageFault::Degraded => StorageHealthErrorType::StorageDegraded,
        StorageFault::Unreachable => StorageHealthErrorType::StorageUnreachable,
    };
    StorageBackendHealth { status: status.into(), reason, message, volume_capability: None }
}

/// The condition of CSI up to 1.12: for people, and never without a message.
pub(crate) fn condition(findings: &[VolumeFinding]) -> pb::VolumeCondition {
    if findings.is_empty() {
        return pb::VolumeCondition { abnormal: false, message: "nothing wrong is known".into() };
    }
    let all: Vec<_> = findings.iter().map(ToString::to_string).collect();
    pb::VolumeCondition { abnormal: true, message: all.join("; ") }
}
