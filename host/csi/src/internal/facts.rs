//! What is known of a machine, and how the vendor describes it.

use mooring_proto::mooring::internal::v1 as pb;
use mooring_volume::backend::{NodeDescription, NodeFacts};
use mooring_volume::{Error, NodeId, Result};

use crate::convert::topology;

pub(super) fn encode(facts: NodeFacts) -> pb::NodeFacts {
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
    pb::NodeFacts {
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
    }
}

pub(super) fn decode(facts: pb::NodeFacts) -> NodeFacts {
    let pb::NodeFacts {
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
    NodeFacts {
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
    }
}

pub(super) fn encode_description(description: NodeDescription) -> Result<pb::DescribeNodeResponse> {
    let NodeDescription { id, topology, max_volumes } = description;
    let topology = topology.map(topology::wire).transpose()?;
    Ok(pb::DescribeNodeResponse { node_id: id.into(), topology, max_volumes })
}

pub(super) fn decode_description(message: pb::DescribeNodeResponse) -> Result<NodeDescription> {
    let pb::DescribeNodeResponse { node_id, topology, max_volumes } = message;
    // The controller's answer, not the orchestrator's request: a fault in it is the host's own.
    let at_fault = |error: Error| Error::internal(error.message).context("the controller's answer");
    Ok(NodeDescription {
        id: NodeId::new(node_id).map_err(at_fault)?,
        topology: topology::optional("topology", topology).map_err(at_fault)?,
        max_volumes,
    })
}
