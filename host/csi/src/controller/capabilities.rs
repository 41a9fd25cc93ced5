//! What a driver advertises: derived from its abilities, so that it cannot be claimed falsely.

use mooring_proto::csi::v1 as pb;
use mooring_proto::csi::v1::controller_service_capability::{Rpc, Type as OfController, rpc};
use mooring_proto::csi::v1::group_controller_service_capability::{
    Rpc as GroupRpc, Type as OfGroup, rpc as group_rpc,
};
use mooring_proto::csi::v1::plugin_capability::{
    Service, Type as OfPlugin, VolumeExpansion, service, volume_expansion,
};
use mooring_volume::{Abilities, Ability, CsiVersion};

/// A capability, of the Controller service or of the whole plugin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Capability {
    Rpc(rpc::Type),
    Service(service::Type),
    Expansion(volume_expansion::Type),
}

use Capability::{Expansion, Rpc as Does, Service as Has};

/// What every driver has: the required interfaces, and what the host itself does.
const ALWAYS: [Capability; 3] = [
    Has(service::Type::ControllerService),
    Does(rpc::Type::CreateDeleteVolume),
    Does(rpc::Type::SingleNodeMultiWriter),
];

/// What CSI 1.12 does not know.
const OF_1_13: [rpc::Type; 2] = [rpc::Type::GetVolumeHealth, rpc::Type::ListVolumeHealth];

/// What an ability gives, beside the others.
fn of(ability: Ability, all: &Abilities) -> &'static [Capability] {
    match ability {
        Ability::Publishing => &[Does(rpc::Type::PublishUnpublishVolume)],
        Ability::ReadonlyPublishing => &[Does(rpc::Type::PublishReadonly)],
        // Source: CSI: published nodes are listed by a driver that publishes.
        Ability::Listing if all.contains(&Ability::Publishing) => &[
            Does(rpc::Type::ListVolumes),
            Does(rpc::Type::GetVolume),
            Does(rpc::Type::ListVolumesPublishedNodes),
        ],
        Ability::Listing => &[Does(rpc::Type::ListVolumes), Does(rpc::Type::GetVolume)],
        Ability::Capacity => &[Does(rpc::Type::GetCapacity)],
        Ability::Expansion if all.contains(&Ability::OnlineExpansion) => {
            &[Does(rpc::Type::ExpandVolume), Expansion(volume_expansion::Type::Online)]
        }
        Ability::Expansion => {
            &[Does(rpc::Type::ExpandVolume), Expansion(volume_expansion::Type::Offline)]
        }
        // Says how Expansion expands.
        Ability::OnlineExpansion => &[],
        Ability::CloneVolume => &[Does(rpc::Type::CloneVolume)],
        Ability::AccessibilityConstraints => &[Has(service::Type::VolumeAccessibilityConstraints)],
        // Shown by NodeGetInfo's answer alone.
        Ability::Nodes => &[],
        // Restoring is a part of CREATE_DELETE_SNAPSHOT.
        Ability::RestoreSnapshot => &[],
        Ability::Modification => &[Does(rpc::Type::ModifyVolume)],
        // GetSnapshot and ListSnapshots need nothing that the interface lacks.
        Ability::Snapshots => &[
            Does(rpc::Type::CreateDeleteSnapshot),
            Does(rpc::Type::ListSnapshots),
            Does(rpc::Type::GetSnapshot),
        ],
        // Source: CSI: a plugin with this service shall serve GroupController, whose one capability is
        // all that there is (`of_group`).
        Ability::GroupSnapshots => &[Has(service::Type::GroupControllerService)],
        Ability::ChangedBlocks => &[Has(service::Type::SnapshotMetadataService)],
        // Source: CSI 1.13: LIST_VOLUME_HEALTH needs GET_VOLUME_HEALTH. CSI up to 1.12: the condition is
        // told by ControllerGetVolume, which is a part of Listing.
        Ability::Health if all.contains(&Ability::Listing) => &[
            Does(rpc::Type::GetVolumeHealth),
            Does(rpc::Type::ListVolumeHealth),
            Does(rpc::Type::VolumeCondition),
        ],
        Ability::Health => &[Does(rpc::Type::GetVolumeHealth), Does(rpc::Type::ListVolumeHealth)],
    }
}

fn all(abilities: &Abilities) -> impl Iterator<Item = Capability> {
    let optional = abilities.iter().flat_map(|&ability| of(ability, abilities));
    ALWAYS.iter().chain(optional).copied()
}

/// For ControllerGetCapabilities.
pub(crate) fn of_controller(
    abilities: &Abilities,
    version: CsiVersion,
) -> Vec<pb::ControllerServiceCapability> {
    let convert = |capability| match capability {
        Does(kind) if version == CsiVersion::V1_12 && OF_1_13.contains(&kind) => None,
        Does(kind) => Some(OfController::Rpc(Rpc { r#type: kind.into() })),
        Has(_) | Expansion(_) => None,
    };
    let wrap = |kind| pb::ControllerServiceCapability { r#type: Some(kind) };
    all(abilities).filter_map(convert).map(wrap).collect()
}

/// For GroupControllerGetCapabilities.
pub(crate) fn of_group(abilities: &Abilities) -> Vec<pb::GroupControllerServiceCapability> {
    if !abilities.contains(&Ability::GroupSnapshots) {
        return Vec::new();
    }
    let kind = group_rpc::Type::CreateDeleteGetVolumeGroupSnapshot;
    let kind = OfGroup::Rpc(GroupRpc { r#type: kind.into() });
    vec![pb::GroupControllerServiceCapability { r#type: Some(kind) }]
}

/// For GetPluginCapabilities.
pub(crate) fn of_plugin(abilities: &Abilities) -> Vec<pb::PluginCapability> {
    let convert = |capability| match capability {
        Has(kind) => Some(OfPlugin::Service(Service { r#type: kind.into() })),
        Expansion(kind) => Some(OfPlugin::VolumeExpansion(VolumeExpansion { r#type: kind.into() })),
        Does(_) => None,
    };
    let wrap = |kind| pb::PluginCapability { r#type: Some(kind) };
    all(abilities).filter_map(convert).map(wrap).collect()
}
