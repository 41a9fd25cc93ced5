//! The vendor contract's values ⇄ the domain's. Every field is taken apart by name and no match
//! has a wildcard, so that a new field or case breaks the build here and nowhere else.
//!
//! What comes back from a component is checked on the way: see `check`.

mod attachment;
mod blocks;
mod health;
mod modification;
mod snapshot;

use std::time::Duration;

use mooring_volume::backend::{
    Capacity, ContentSource, CreateVolume, DescribeAttachment, Description, ExpandVolume, Expanded,
    GetCapacity, ListedVolume, NodeDescription, NodeFacts, Page, Paged, PublishVolume,
    ValidateVolume, Verdict, Volume,
};
use mooring_volume::capability::{AccessMode, AccessType, Capability, Mount};
use mooring_volume::capacity::CapacityRange;
use mooring_volume::id::SnapshotId;
use mooring_volume::topology::{Requirement, Topology};
use mooring_volume::{Code, Error, NodeId, Secrets, StringMap, VolumeId};

use crate::bindings::exports::mooring::backend::{
    attachments, capacity, expansion, identity, listing, nodes, publishing, volumes,
};
use crate::bindings::mooring::backend::types;
use crate::check::{self, Malformed};
use crate::log::clean;

pub(crate) use attachment::attached;
pub(crate) use blocks::blocks;
pub(crate) use health::{storage_findings, unsound, volume_findings};
pub(crate) use modification::limits;
pub(crate) use snapshot::{
    create_group, create_snapshot, group, list_snapshots, snapshot, snapshot_ids, snapshots,
};

/// Bytes of a message that goes on: gRPC carries it in a header, percent-encoded.
const MAX_MESSAGE: usize = 1 << 10;
/// A backend that says "later" says at most this.
const LONGEST_RETRY: Duration = Duration::from_secs(3600);

// To components.

pub(crate) fn create(request: CreateVolume) -> volumes::CreateRequest {
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
    volumes::CreateRequest {
        name: name.into(),
        capacity: capacity.map(range),
        capabilities: capabilities.into_iter().map(capability).collect(),
        parameters: map(parameters),
        mutable_parameters: map(mutable_parameters),
        secrets: exposed(&secrets),
        source: source.map(|source| match source {
            ContentSource::Snapshot(id) => types::ContentSource::Snapshot(id.into()),
            ContentSource::Volume(id) => types::ContentSource::Volume(id.into()),
        }),
        accessibility: accessibility.map(|Requirement { requisite, preferred }| {
            types::TopologyRequirement {
                requisite: requisite.into_iter().map(|Topology(place)| map(place)).collect(),
                preferred: preferred.into_iter().map(|Topology(place)| map(place)).collect(),
            }
        }),
    }
}

pub(crate) fn validate(request: ValidateVolume) -> volumes::ValidateRequest {
    let ValidateVolume { id, context, capabilities, parameters, mutable_parameters, secrets } =
        request;
    volumes::ValidateRequest {
        id: id.into(),
        context: map(context),
        capabilities: capabilities.into_iter().map(capability).collect(),
        parameters: map(parameters),
        mutable_parameters: map(mutable_parameters),
        secrets: exposed(&secrets),
    }
}

pub(crate) fn describe(request: DescribeAttachment) -> attachments::Request {
    let DescribeAttachment {
        volume_id,
        volume_context,
        publish_context,
        capability: wanted,
        readonly,
        node_id,
        secrets,
    } = request;
    attachments::Request {
        volume_id: volume_id.into(),
        volume_context: map(volume_context),
        publish_context: map(publish_context),
        capability: capability(wanted),
        readonly,
        node_id: node_id.into(),
        secrets: exposed(&secrets),
    }
}

pub(crate) fn publish(request: PublishVolume) -> publishing::Request {
    let PublishVolume { volume_id, node_id, capability: wanted, readonly, volume_context, secrets } =
        request;
    publishing::Request {
        volume_id: volume_id.into(),
        node_id: node_id.into(),
        capability: capability(wanted),
        readonly,
        volume_context: map(volume_context),
        secrets: exposed(&secrets),
    }
}

pub(crate) fn expand(request: ExpandVolume) -> expansion::Request {
    let ExpandVolume { volume_id, capacity, capability: wanted, secrets } = request;
    expansion::Request {
        volume_id: volume_id.into(),
        capacity: range(capacity),
        capability: wanted.map(capability),
        secrets: exposed(&secrets),
    }
}

pub(crate) fn space(request: GetCapacity) -> capacity::Request {
    let GetCapacity { capabilities, parameters, topology } = request;
    capacity::Request {
        capabilities: capabilities.into_iter().map(capability).collect(),
        parameters: map(parameters),
        topology: topology.map(|Topology(place)| map(place)),
    }
}

pub(crate) fn page(page: Page) -> types::Page {
    let Page { max_entries, token } = page;
    types::Page { max_entries, token }
}

pub(crate) fn facts(facts: NodeFacts) -> nodes::Facts {
    let NodeFacts {
        id,
        hostname,
        system_uuid,
        system_serial,
        board_asset_tag,
        product_name,
        asset_tag,
        iscsi_initiator,
        nvme_host_nqn,
        fc_port_names,
        addresses,
        labels,
    } = facts;
    nodes::Facts {
        id,
        hostname,
        system_uuid,
        system_serial,
        board_asset_tag,
        product_name,
        asset_tag,
        iscsi_initiator,
        nvme_host_nqn,
        fc_port_names,
        addresses,
        labels: map(labels),
    }
}

/// Secrets in clear, for the one call that they are for.
pub(crate) fn exposed(secrets: &Secrets) -> types::Secrets {
    secrets.iter().map(|(name, secret)| (name.to_owned(), secret.expose().to_owned())).collect()
}

pub(crate) fn map(map: StringMap) -> types::StringMap {
    map.into_iter().collect()
}

fn range(range: CapacityRange) -> types::CapacityRange {
    types::CapacityRange { required: range.required(), limit: range.limit() }
}

fn capability(capability: Capability) -> types::Capability {
    let Capability { access, mode } = capability;
    types::Capability {
        access: match access {
            AccessType::Block => types::AccessType::Block,
            // Flags and group are the host's business.
            AccessType::Mount(Mount { fs_type, flags: _, group: _ }) => types::AccessType::Mount(
                fs_type.map(|fs| fs.as_str().to_owned()).unwrap_or_default(),
            ),
        },
        mode: match mode {
            AccessMode::SingleNodeWriter => types::AccessMode::SingleNodeWriter,
            AccessMode::SingleNodeReaderOnly => types::AccessMode::SingleNodeReaderOnly,
            AccessMode::MultiNodeReaderOnly => types::AccessMode::MultiNodeReaderOnly,
            AccessMode::MultiNodeSingleWriter => types::AccessMode::MultiNodeSingleWriter,
            AccessMode::MultiNodeMultiWriter => types::AccessMode::MultiNodeMultiWriter,
            AccessMode::SingleNodeSingleWriter => types::AccessMode::SingleNodeSingleWriter,
            AccessMode::SingleNodeMultiWriter => types::AccessMode::SingleNodeMultiWriter,
        },
    }
}

// From components.

pub(crate) fn error(error: types::Error) -> Error {
    let types::Error { code, message, retry_after } = error;
    Error {
        code: match code {
            types::Code::Cancelled => Code::Cancelled,
            types::Code::Unknown => Code::Unknown,
            types::Code::InvalidArgument => Code::InvalidArgument,
            types::Code::DeadlineExceeded => Code::DeadlineExceeded,
            types::Code::NotFound => Code::NotFound,
            types::Code::AlreadyExists => Code::AlreadyExists,
            types::Code::PermissionDenied => Code::PermissionDenied,
            types::Code::ResourceExhausted => Code::ResourceExhausted,
            types::Code::FailedPrecondition => Code::FailedPrecondition,
            types::Code::Aborted => Code::Aborted,
            types::Code::OutOfRange => Code::OutOfRange,
            types::Code::Unimplemented => Code::Unimplemented,
            types::Code::Internal => Code::Internal,
            types::Code::Unavailable => Code::Unavailable,
            types::Code::DataLoss => Code::DataLoss,
            types::Code::Unauthenticated => Code::Unauthenticated,
        },
        message: clean(&message, MAX_MESSAGE),
        retry_after: retry_after
            .map(|milliseconds| Duration::from_millis(milliseconds).min(LONGEST_RETRY)),
    }
}

/// What a component says of itself, and the two flags that become abilities.
pub(crate) struct Info {
    pub(crate) description: Description,
    pub(crate) accessibility_constraints: bool,
    pub(crate) online_expansion: bool,
}

pub(crate) fn info(info: identity::Description) -> Result<Info, Malformed> {
    let identity::Description {
        name,
        version,
        manifest,
        accessibility_constraints,
        online_expansion,
    } = info;
    let description = Description {
        name: check::text("name", name)?,
        version: check::text("version", version)?,
        manifest: check::string_map("manifest", manifest)?,
    };
    Ok(Info { description, accessibility_constraints, online_expansion })
}

pub(crate) fn volume(volume: types::Volume) -> Result<Volume, Malformed> {
    let types::Volume { id, capacity, context, source, topology } = volume;
    Ok(Volume {
        id: volume_id(id)?,
        capacity: check::bytes("capacity", capacity)?,
        context: check::string_map("context", context)?,
        source: source.map(content_source).transpose()?,
        topology: check::topologies(topology)?,
    })
}

fn content_source(source: types::ContentSource) -> Result<ContentSource, Malformed> {
    Ok(match source {
        types::ContentSource::Snapshot(id) => ContentSource::Snapshot(snapshot_id(id)?),
        types::ContentSource::Volume(id) => ContentSource::Volume(volume_id(id)?),
    })
}

fn volume_id(id: String) -> Result<VolumeId, Malformed> {
    check::id("volume id", VolumeId::new(id))
}

fn snapshot_id(id: String) -> Result<SnapshotId, Malformed> {
    check::id("snapshot id", SnapshotId::new(id))
}

fn node_id(id: String) -> Result<NodeId, Malformed> {
    check::id("node id", NodeId::new(id))
}

pub(crate) fn verdict(verdict: volumes::Verdict) -> Verdict {
    match verdict {
        volumes::Verdict::Confirmed => Verdict::Confirmed,
        volumes::Verdict::Refused(reason) => Verdict::Refused(clean(&reason, MAX_MESSAGE)),
    }
}

pub(crate) fn listed(entry: listing::Entry) -> Result<ListedVolume, Malformed> {
    let listing::Entry { volume: listed, published_nodes } = entry;
    let published_nodes = published_nodes
        .map(|nodes| nodes.into_iter().map(node_id).collect::<Result<Vec<_>, _>>())
        .transpose()?;
    Ok(ListedVolume { volume: volume(listed)?, published_nodes })
}

pub(crate) fn entries(
    entries: listing::Entries,
    max_entries: u32,
) -> Result<Paged<ListedVolume>, Malformed> {
    let listing::Entries { entries, next } = entries;
    check::page(entries.len(), max_entries)?;
    Ok(Paged {
        entries: entries.into_iter().map(listed).collect::<Result<_, _>>()?,
        next: next.map(check::token).transpose()?,
    })
}

pub(crate) fn room(answer: capacity::Answer) -> Result<Capacity, Malformed> {
    let capacity::Answer { available, maximum_volume, minimum_volume } = answer;
    let bound = |name, bytes: Option<u64>| bytes.map(|bytes| check::bytes(name, bytes)).transpose();
    Ok(Capacity {
        available: check::bytes("available", available)?,
        maximum_volume: bound("maximum-volume", maximum_volume)?,
        minimum_volume: bound("minimum-volume", minimum_volume)?,
    })
}

pub(crate) fn expanded(answer: expansion::Answer) -> Result<Expanded, Malformed> {
    let expansion::Answer { capacity, node_expansion_required } = answer;
    Ok(Expanded { capacity: check::bytes("capacity", capacity)?, node_expansion_required })
}

pub(crate) fn published(context: types::StringMap) -> Result<StringMap, Malformed> {
    check::string_map("publish context", context)
}

pub(crate) fn node(description: nodes::Description) -> Result<NodeDescription, Malformed> {
    let nodes::Description { id, topology, max_volumes } = description;
    Ok(NodeDescription {
        id: node_id(id)?,
        topology: topology.map(check::topology).transpose()?,
        max_volumes: max_volumes.map(|count| check::count("max-volumes", count)).transpose()?,
    })
}
