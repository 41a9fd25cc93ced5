//! Volumes, by CSI's own calls on the private socket: what a node asks for volumes that live as long as their
//! pod.

use mooring_proto::csi::v1 as pb;
use mooring_proto::csi::v1::controller_client::ControllerClient;
use mooring_proto::csi::v1::volume_content_source::{SnapshotSource, Type, VolumeSource};
use mooring_volume::backend::{
    ContentSource, CreateVolume, ValidateVolume, Verdict, Volume, Volumes,
};
use mooring_volume::capacity::CapacityRange;
use mooring_volume::id::SnapshotId;
use mooring_volume::topology::{Requirement, Topology};
use mooring_volume::{Call, Error, Result, Secrets, VolumeId};

use super::attachment::encode::exposed;
use super::client::{RemoteBackend, answer, timed};
use crate::convert::{capability, size, topology};
use crate::link::Link;

impl RemoteBackend {
    fn controller(&self) -> ControllerClient<Link> {
        ControllerClient::new(self.link.clone())
    }
}

impl Volumes for RemoteBackend {
    async fn create(&self, call: &Call, request: CreateVolume) -> Result<Volume> {
        let message = create(request)?;
        let mut client = self.controller();
        let created = client.create_volume(timed(call, message));
        let pb::CreateVolumeResponse { volume } = answer(call, created).await?;
        decode(volume.ok_or_else(|| at_fault(Error::internal("it holds no volume")))?)
            .map_err(at_fault)
    }

    async fn delete(&self, call: &Call, id: VolumeId, secrets: Secrets) -> Result<()> {
        let message = pb::DeleteVolumeRequest { volume_id: id.into(), secrets: exposed(&secrets) };
        let mut client = self.controller();
        let deleted = client.delete_volume(timed(call, message));
        let pb::DeleteVolumeResponse {} = answer(call, deleted).await?;
        Ok(())
    }

    async fn validate(&self, call: &Call, request: ValidateVolume) -> Result<Verdict> {
        let ValidateVolume { id, context, capabilities, parameters, mutable_parameters, secrets } =
            request;
        let message = pb::ValidateVolumeCapabilitiesRequest {
            volume_id: id.into(),
            volume_context: context,
            volume_capabilities: capabilities.into_iter().map(capability::wire).collect(),
            parameters,
            secrets: exposed(&secrets),
            mutable_parameters,
        };
        let mut client = self.controller();
        let validated = client.validate_volume_capabilities(timed(call, message));
        let pb::ValidateVolumeCapabilitiesResponse { confirmed, message } =
            answer(call, validated).await?;
        Ok(if confirmed.is_some() { Verdict::Confirmed } else { Verdict::Refused(message) })
    }
}

/// The controller's answer, not the orchestrator's request: a fault in it is the host's own.
fn at_fault(error: Error) -> Error {
    Error::internal(error.message).context("the controller's answer")
}

fn create(request: CreateVolume) -> Result<pb::CreateVolumeRequest> {
    let CreateVolume {
        name,
        capacity,
        capabilities,
        parameters,
        mutable_parameters,
        secrets,
        source,
        accessibility,
    } = request;
    Ok(pb::CreateVolumeRequest {
        name: name.into(),
        capacity_range: capacity.map(range),
        volume_capabilities: capabilities.into_iter().map(capability::wire).collect(),
        parameters,
        secrets: exposed(&secrets),
        volume_content_source: source
            .map(|source| pb::VolumeContentSource { r#type: Some(from(source)) }),
        accessibility_requirements: accessibility.map(requirement).transpose()?,
        mutable_parameters,
    })
}

fn range(range: CapacityRange) -> pb::CapacityRange {
    pb::CapacityRange {
        required_bytes: range.required().map_or(0, size::wire),
        limit_bytes: range.limit().map_or(0, size::wire),
    }
}

fn from(source: ContentSource) -> Type {
    match source {
        ContentSource::Snapshot(id) => Type::Snapshot(SnapshotSource { snapshot_id: id.into() }),
        ContentSource::Volume(id) => Type::Volume(VolumeSource { volume_id: id.into() }),
    }
}

fn requirement(requirement: Requirement) -> Result<pb::TopologyRequirement> {
    let Requirement { requisite, preferred } = requirement;
    let places = |places: Vec<Topology>| -> Result<Vec<pb::Topology>> {
        places.into_iter().map(topology::wire).collect()
    };
    Ok(pb::TopologyRequirement { requisite: places(requisite)?, preferred: places(preferred)? })
}

fn decode(volume: pb::Volume) -> Result<Volume> {
    let pb::Volume {
        capacity_bytes,
        volume_id,
        volume_context,
        content_source,
        accessible_topology,
    } = volume;
    let source = content_source.and_then(|pb::VolumeContentSource { r#type }| r#type);
    let source = match source {
        Some(Type::Snapshot(SnapshotSource { snapshot_id })) => {
            Some(ContentSource::Snapshot(SnapshotId::new(snapshot_id)?))
        }
        Some(Type::Volume(VolumeSource { volume_id })) => {
            Some(ContentSource::Volume(VolumeId::new(volume_id)?))
        }
        None => None,
    };
    let capacity =
        u64::try_from(capacity_bytes).map_err(|_| Error::internal("its capacity is negative"))?;
    let topology = accessible_topology
        .into_iter()
        .filter_map(|one| topology::optional("accessible_topology", Some(one)).transpose())
        .collect::<Result<_>>()?;
    Ok(Volume {
        id: VolumeId::new(volume_id)?,
        capacity,
        context: volume_context,
        source,
        topology,
    })
}
