//! Abilities: what a component exports, and so what its driver advertises.

use std::collections::BTreeSet;

/// An optional interface of the vendor contract (`wit/`), or a fact that a required one answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Ability {
    /// `publishing`: PUBLISH_UNPUBLISH_VOLUME.
    Publishing,
    /// `publishing.supports-readonly`: PUBLISH_READONLY.
    ReadonlyPublishing,
    /// `listing`: LIST_VOLUMES, GET_VOLUME.
    Listing,
    /// `capacity`: GET_CAPACITY.
    Capacity,
    /// `expansion`: EXPAND_VOLUME.
    Expansion,
    /// `identity.info.online-expansion`: VolumeExpansion ONLINE instead of OFFLINE.
    OnlineExpansion,
    /// `modification`: MODIFY_VOLUME.
    Modification,
    /// `snapshots`: CREATE_DELETE_SNAPSHOT, LIST_SNAPSHOTS, GET_SNAPSHOT.
    Snapshots,
    /// `group-snapshots`: the GroupController service.
    GroupSnapshots,
    /// `changed-blocks`: the SnapshotMetadata service.
    ChangedBlocks,
    /// `health`: volume health, and the volume condition of CSI ≤ 1.12.
    Health,
    /// `nodes`: topology and volume limit of a node.
    Nodes,
    /// `volumes.accepts` names volumes: CLONE_VOLUME.
    CloneVolume,
    /// `volumes.accepts` names snapshots.
    RestoreSnapshot,
    /// `identity.info.accessibility-constraints`: VOLUME_ACCESSIBILITY_CONSTRAINTS.
    AccessibilityConstraints,
}

/// The abilities of one driver.
pub type Abilities = BTreeSet<Ability>;
