//! Pages of volumes.

use mooring_proto::csi::v1 as pb;
use mooring_proto::csi::v1::controller_get_volume_response::VolumeStatus as GetStatus;
use mooring_proto::csi::v1::list_volumes_response::{Entry, VolumeStatus};
use mooring_volume::backend::{ListedVolume, Page, Paged};
use mooring_volume::health::VolumeFinding;
use mooring_volume::{NodeId, Result, VolumeId};

use super::{health, page, volume};
use crate::controller::Ill;

/// Which page is asked for.
pub(crate) fn page(request: pb::ListVolumesRequest) -> Result<Page> {
    let pb::ListVolumesRequest { max_entries, starting_token } = request;
    page::asked(max_entries, starting_token)
}

/// Which volume is asked for.
pub(crate) fn get(request: pb::ControllerGetVolumeRequest) -> Result<VolumeId> {
    let pb::ControllerGetVolumeRequest { volume_id } = request;
    VolumeId::new(volume_id)
}

/// The page, checked against what was asked, and with what is wrong where that can be known.
pub(crate) fn wire(
    paged: Paged<ListedVolume>,
    asked: &Page,
    ill: Option<&Ill>,
) -> Result<pb::ListVolumesResponse> {
    let (entries, next_token) = page::answered("volumes", paged, asked)?;
    let entries = entries.into_iter().map(|listed| entry(listed, ill)).collect::<Result<_>>()?;
    Ok(pb::ListVolumesResponse { entries, next_token })
}

fn entry(listed: ListedVolume, ill: Option<&Ill>) -> Result<Entry> {
    let ListedVolume { volume, published_nodes } = listed;
    let volume_condition = ill
        .map(|ill| health::condition(ill.get(&volume.id).map(Vec::as_slice).unwrap_or_default()));
    let status = (published_nodes.is_some() || volume_condition.is_some()).then(|| VolumeStatus {
        published_node_ids: names(published_nodes.unwrap_or_default()),
        volume_condition,
    });
    Ok(Entry { volume: Some(volume::wire(volume)?), status })
}

/// One volume, and what is wrong with it where that can be known. Its status must be there, and says no node
/// where none is known.
pub(crate) fn wire_one(
    listed: ListedVolume,
    findings: Option<Vec<VolumeFinding>>,
) -> Result<pb::ControllerGetVolumeResponse> {
    let ListedVolume { volume, published_nodes } = listed;
    let published_node_ids = names(published_nodes.unwrap_or_default());
    let volume_condition = findings.as_deref().map(health::condition);
    Ok(pb::ControllerGetVolumeResponse {
        volume: Some(volume::wire(volume)?),
        status: Some(GetStatus { published_node_ids, volume_condition }),
    })
}

fn names(nodes: Vec<NodeId>) -> Vec<String> {
    nodes.into_iter().map(String::from).collect()
}
