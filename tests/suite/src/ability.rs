//! What a driver advertises, and what a behaviour needs of it.

use std::fmt;

use mooring_proto::csi::v1 as csi;
use mooring_proto::csi::v1::controller_service_capability as controller;
use mooring_proto::csi::v1::group_controller_service_capability as groups;
use mooring_proto::csi::v1::node_service_capability as node;
use mooring_proto::csi::v1::plugin_capability as plugin;

use crate::driver::Driver;
use crate::finding::Refusal;
use crate::options::{Access, Options};

pub(crate) use controller::rpc::Type as Controller;
pub(crate) use node::rpc::Type as Node;
pub(crate) use plugin::service::Type as Service;

/// Something that must be there before a behaviour can be looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Need {
    /// An ability of the Controller service.
    Controller(Controller),
    /// An ability of the Node service.
    Node(Node),
    /// A service, or a trait of the whole plugin.
    Service(Service),
    /// Snapshots of several volumes.
    Groups,
    /// Volumes are used as file systems in this run.
    Mount,
    /// This run says which file system volumes are to have.
    FsType,
    /// This run names parameters that can be changed.
    Mutable,
}

impl Need {
    /// Whether it is there.
    pub(crate) fn is_met(self, abilities: &Abilities, options: &Options) -> bool {
        match self {
            Self::Controller(ability) => abilities.controller.contains(&ability),
            Self::Node(ability) => abilities.node.contains(&ability),
            Self::Service(service) => abilities.services.contains(&service),
            Self::Groups => abilities.groups,
            Self::Mount => options.access == Access::Mount,
            Self::FsType => !options.fs_type.is_empty(),
            Self::Mutable => !options.mutable.is_empty(),
        }
    }
}

impl fmt::Display for Need {
    /// Why a behaviour is not looked at where it is missing.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Controller(ability) => write!(f, "no controller {}", ability.as_str_name()),
            Self::Node(ability) => write!(f, "no node {}", ability.as_str_name()),
            Self::Service(service) => write!(f, "no {}", service.as_str_name()),
            Self::Groups => f.write_str("no CREATE_DELETE_GET_VOLUME_GROUP_SNAPSHOT"),
            Self::Mount => f.write_str("for --access mount"),
            Self::FsType => f.write_str("for --fs-type"),
            Self::Mutable => f.write_str("for --mutable"),
        }
    }
}

/// What a driver advertises.
#[derive(Debug, Clone, Default)]
pub(crate) struct Abilities {
    services: Vec<Service>,
    controller: Vec<Controller>,
    node: Vec<Node>,
    groups: bool,
    /// Volumes grow while they are published.
    pub(crate) grows_online: bool,
}

impl Abilities {
    /// Asks for all of them.
    ///
    /// # Errors
    /// The driver's answer.
    pub(crate) async fn ask(driver: &Driver) -> Result<Self, Refusal> {
        let mut found = Self::default();
        let answer = driver.get_plugin_capabilities(csi::GetPluginCapabilitiesRequest {}).await?;
        for capability in answer.capabilities {
            match capability.r#type {
                Some(plugin::Type::Service(service)) => found.services.push(service.r#type()),
                Some(plugin::Type::VolumeExpansion(expansion)) => {
                    let online = plugin::volume_expansion::Type::Online;
                    found.grows_online |= expansion.r#type() == online;
                }
                None => {}
            }
        }
        if found.services.contains(&Service::ControllerService) {
            let request = csi::ControllerGetCapabilitiesRequest {};
            for capability in driver.controller_get_capabilities(request).await?.capabilities {
                let Some(controller::Type::Rpc(rpc)) = capability.r#type else { continue };
                found.controller.push(rpc.r#type());
            }
        }
        if found.services.contains(&Service::GroupControllerService) {
            let request = csi::GroupControllerGetCapabilitiesRequest {};
            for capability in driver.group_controller_get_capabilities(request).await?.capabilities
            {
                let Some(groups::Type::Rpc(rpc)) = capability.r#type else { continue };
                let all = groups::rpc::Type::CreateDeleteGetVolumeGroupSnapshot;
                found.groups |= rpc.r#type() == all;
            }
        }
        let request = csi::NodeGetCapabilitiesRequest {};
        for capability in driver.node_get_capabilities(request).await?.capabilities {
            let Some(node::Type::Rpc(rpc)) = capability.r#type else { continue };
            found.node.push(rpc.r#type());
        }
        Ok(found)
    }

    /// Whether the Controller service has an ability.
    pub(crate) fn controller(&self, ability: Controller) -> bool {
        self.controller.contains(&ability)
    }

    /// Whether the Node service has an ability.
    pub(crate) fn node(&self, ability: Node) -> bool {
        self.node.contains(&ability)
    }
}
