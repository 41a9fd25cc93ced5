//! Volumes: creating, deleting, validating, growing; and how they are shown.

use mooring_proto::csi::v1 as pb;
use mooring_proto::csi::v1::volume_content_source::{
    SnapshotSource, Type as PbSource, VolumeSource,
};
use mooring_volume::backend::{
    ContentSource, CreateVolume, ExpandVolume, GetCapacity, ValidateVolume, Volume,
};
use mooring_volume::id::SnapshotId;
use mooring_volume::{Abilities, Ability, Error, Result, Secrets, VolumeId, VolumeName};

use super::{capability, map, size, topology};

/// A request to create.
pub(crate) fn create(
    request: pb::CreateVolumeRequest,
    abilities: &Abilities,
) -> Result<CreateVolume> {
    let pb::CreateVolumeRequest {
        name,
        capacity_range,
        volume_capabilities,
        parameters,
        secrets,
        volume_content_source,
        accessibility_requirements,
        mutable_parameters,
    } = request;
    Ok(CreateVolume {
        name: VolumeName::new(name)?,
        capacity: size::range(capacity_range)?,
        capabilities: capability::some(volume_capabilities)?,
        parameters: map::checked("parameters", parameters)?,
        mutable_parameters: mutable(mutable_parameters, abilities)?,
        secrets: map::secrets(secrets)?,
        source: volume_content_source.map(|one| source(one, abilities)).transpose()?,
        accessibility: requirement(accessibility_requirements, abilities)?,
    })
}

/// A request to delete.
pub(crate) fn delete(request: pb::DeleteVolumeRequest) -> Result<(VolumeId, Secrets)> {
    let pb::DeleteVolumeRequest { volume_id, secrets } = request;
    Ok((VolumeId::new(volume_id)?, map::secrets(secrets)?))
}

/// A request to validate.
pub(crate) fn validate(request: pb::ValidateVolumeCapabilitiesRequest) -> Result<ValidateVolume> {
    let pb::ValidateVolumeCapabilitiesRequest {
        volume_id,
        volume_context,
        volume_capabilities,
        parameters,
        secrets,
        mutable_parameters,
    } = request;
    Ok(ValidateVolume {
        id: VolumeId::new(volume_id)?,
        context: map::checked("volume_context", volume_context)?,
        capabilities: capability::some(volume_capabilities)?,
        parameters: map::checked("parameters", parameters)?,
        mutable_parameters: map::checked("mutable_parameters", mutable_parameters)?,
        secrets: map::secrets(secrets)?,
    })
}

/// A request to grow.
pub(crate) fn expand(request: pb::ControllerExpandVolumeRequest) -> Result<ExpandVolume> {
    let pb::ControllerExpandVolumeRequest { volume_id, capacity_range, secrets, volume_capability } =
        request;
    Ok(ExpandVolume {
        volume_id: VolumeId::new(volume_id)?,
        capacity: size::range(capacity_range)?
            .ok_or_else(|| Error::invalid("capacity_range is missing; it is required"))?,
        capability: capability::optional(volume_capability)?,
        secrets: map::secrets(secrets)?,
    })
}

/// A question for room.
pub(crate) fn get_capacity(
    request: pb::GetCapacityRequest,
    abilities: &Abilities,
) -> Result<GetCapacity> {
    let pb::GetCapacityRequest { volume_capabilities, parameters, accessible_topology } = request;
    let topology = topology::optional("accessible_topology", accessible_topology)?;
    if topology.is_some() {
        places("accessible_topology", abilities)?;
    }
    Ok(GetCapacity {
        capabilities: capability::any(volume_capabilities)?,
        parameters: map::checked("parameters", parameters)?,
        topology,
    })
}

/// Source: CSI: `mutable_parameters` shall not be specified without MODIFY_VOLUME.
fn mutable(
    parameters: std::collections::BTreeMap<String, String>,
    abilities: &Abilities,
) -> Result<mooring_volume::StringMap> {
    if !parameters.is_empty() && !abilities.contains(&Ability::Modification) {
        return Err(Error::invalid(
            "mutable_parameters is set, and this driver cannot modify volumes (MODIFY_VOLUME); \
             create the volume without a VolumeAttributesClass",
        ));
    }
    map::checked("mutable_parameters", parameters)
}

/// Source: CSI CreateVolume errors: a source that is not supported is INVALID_ARGUMENT.
fn source(source: pb::VolumeContentSource, abilities: &Abilities) -> Result<ContentSource> {
    let pb::VolumeContentSource { r#type } = source;
    let (source, ability, what) = match r#type {
        Some(PbSource::Snapshot(SnapshotSource { snapshot_id })) => {
            let id = SnapshotId::new(snapshot_id).map_err(of_source)?;
            (ContentSource::Snapshot(id), Ability::RestoreSnapshot, "snapshot")
        }
        Some(PbSource::Volume(VolumeSource { volume_id })) => {
            let id = VolumeId::new(volume_id).map_err(of_source)?;
            (ContentSource::Volume(id), Ability::CloneVolume, "volume")
        }
        None => {
            return Err(Error::invalid(
                "volume_content_source has neither snapshot nor volume; name one, or leave it out",
            ));
        }
    };
    if abilities.contains(&ability) {
        return Ok(source);
    }
    Err(Error::invalid(format!(
        "volume_content_source.{what} is set, and this driver cannot make volumes from a {what}; leave it out"
    )))
}

fn of_source(error: Error) -> Error {
    error.context("volume_content_source")
}

/// Source: CSI: shall not be specified without VOLUME_ACCESSIBILITY_CONSTRAINTS.
fn requirement(
    wanted: Option<pb::TopologyRequirement>,
    abilities: &Abilities,
) -> Result<Option<mooring_volume::topology::Requirement>> {
    let wanted = topology::requirement(wanted)?;
    if wanted.is_some() {
        places("accessibility_requirements", abilities)?;
    }
    Ok(wanted)
}

fn places(field: &str, abilities: &Abilities) -> Result<()> {
    if abilities.contains(&Ability::AccessibilityConstraints) {
        return Ok(());
    }
    Err(Error::invalid(format!(
        "{field} is set, and this driver knows no places (VOLUME_ACCESSIBILITY_CONSTRAINTS); leave it out"
    )))
}

/// A volume as the orchestrator sees it.
pub(crate) fn wire(volume: Volume) -> Result<pb::Volume> {
    let Volume { id, capacity, context, source, topology } = volume;
    let source = source.map(|source| match source {
        ContentSource::Snapshot(id) => {
            PbSource::Snapshot(SnapshotSource { snapshot_id: id.into() })
        }
        ContentSource::Volume(id) => PbSource::Volume(VolumeSource { volume_id: id.into() }),
    });
    Ok(pb::Volume {
        capacity_bytes: size::wire(capacity),
        volume_id: id.into(),
        volume_context: map::wire("volume_context", context)?,
        content_source: source.map(|source| pb::VolumeContentSource { r#type: Some(source) }),
        accessible_topology: topology.into_iter().map(topology::wire).collect::<Result<_>>()?,
    })
}
