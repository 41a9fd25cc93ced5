//! Pages of volumes.

use mooring_proto::csi::v1 as pb;
use mooring_proto::csi::v1::controller_get_volume_response::VolumeStatus as GetStatus;
use mooring_proto::csi::v1::list_volumes_response::{Entry, VolumeStatus};
use mooring_volume::backend::{ListedVolume, Page, Paged};
use mooring_volume::{Error, NodeId, Result, VolumeId};

use super::{text, volume};

/// Which page is asked for. What a token means is the backend's affair; a bad one is its ABORTED.
pub(crate) fn page(request: pb::ListVolumesRequest) -> Result<Page> {
    let pb::ListVolumesRequest { max_entries, starting_token } = request;
    let max_entries = u32::try_from(max_entries).map_err(|_| {
        Error::invalid(format!(
            "max_entries is {max_entries}; it must not be negative; 0 means no limit"
        ))
    })?;
    text::plain("starting_token", &starting_token, text::LONGEST)?;
    Ok(Page { max_entries, token: Some(starting_token).filter(|token| !token.is_empty()) })
}

/// Which volume is asked for.
pub(crate) fn get(request: pb::ControllerGetVolumeRequest) -> Result<VolumeId> {
    let pb::ControllerGetVolumeRequest { volume_id } = request;
    VolumeId::new(volume_id)
}

/// The page, checked against what was asked.
///
/// # Errors
/// `Internal` where the backend answers more than that, or a token that cannot be handed back.
pub(crate) fn wire(paged: Paged<ListedVolume>, asked: &Page) -> Result<pb::ListVolumesResponse> {
    let Paged { entries, next } = paged;
    let most = usize::try_from(asked.max_entries).unwrap_or(usize::MAX);
    if most != 0 && entries.len() > most {
        return Err(Error::internal(format!(
            "the backend answered {} volumes where at most {most} were asked for; this is a fault of the backend",
            entries.len()
        )));
    }
    let next_token = next.unwrap_or_default();
    text::plain("next_token", &next_token, text::LONGEST).map_err(|error| {
        Error::internal(format!("{}; this is a fault of the backend", error.message))
    })?;
    let entries = entries.into_iter().map(entry).collect::<Result<_>>()?;
    Ok(pb::ListVolumesResponse { entries, next_token })
}

fn entry(listed: ListedVolume) -> Result<Entry> {
    let ListedVolume { volume, published_nodes } = listed;
    let status = published_nodes
        .map(|nodes| VolumeStatus { published_node_ids: names(nodes), volume_condition: None });
    Ok(Entry { volume: Some(volume::wire(volume)?), status })
}

/// One volume. Its status must be there, and says no node where none is known.
pub(crate) fn wire_one(listed: ListedVolume) -> Result<pb::ControllerGetVolumeResponse> {
    let ListedVolume { volume, published_nodes } = listed;
    let published_node_ids = names(published_nodes.unwrap_or_default());
    Ok(pb::ControllerGetVolumeResponse {
        volume: Some(volume::wire(volume)?),
        status: Some(GetStatus { published_node_ids, volume_condition: None }),
    })
}

fn names(nodes: Vec<NodeId>) -> Vec<String> {
    nodes.into_iter().map(String::from).collect()
}
