//! What a component can do: the interfaces that it exports, looked up once at load.

use mooring_volume::{Abilities, Ability};
use wasmtime::component::{Instance, InstancePre};

use crate::bindings::exports::mooring::backend::{
    attachments, capacity, changed_blocks, expansion, group_snapshots, health, identity, listing,
    migration, modification, nodes, publishing, snapshots, volumes,
};
use crate::engine::reason;
use crate::load::LoadError;
use crate::outline::Outline;
use crate::sandbox::Sandbox;

/// Where the functions of each exported interface are.
#[derive(Clone)]
pub(crate) struct Exports {
    pub(crate) identity: identity::GuestIndices,
    pub(crate) volumes: volumes::GuestIndices,
    pub(crate) attachments: attachments::GuestIndices,
    pub(crate) publishing: Option<publishing::GuestIndices>,
    pub(crate) listing: Option<listing::GuestIndices>,
    pub(crate) capacity: Option<capacity::GuestIndices>,
    pub(crate) expansion: Option<expansion::GuestIndices>,
    pub(crate) nodes: Option<nodes::GuestIndices>,
    pub(crate) modification: Option<modification::GuestIndices>,
    pub(crate) snapshots: Option<snapshots::GuestIndices>,
    pub(crate) group_snapshots: Option<group_snapshots::GuestIndices>,
    pub(crate) changed_blocks: Option<changed_blocks::GuestIndices>,
    pub(crate) health: Option<health::GuestIndices>,
    pub(crate) migration: Option<migration::GuestIndices>,
}

impl Exports {
    /// Looks up every interface that the outline names.
    ///
    /// # Errors
    /// `Export` for an interface that lacks a function.
    pub(crate) fn find(outline: &Outline, pre: &InstancePre<Sandbox>) -> Result<Self, LoadError> {
        macro_rules! required {
            ($module:ident, $name:literal) => {
                $module::GuestIndices::new(pre).map_err(|error| export($name, &error))?
            };
        }
        macro_rules! optional {
            ($module:ident, $name:literal) => {
                if outline.exports($name) { Some(required!($module, $name)) } else { None }
            };
        }
        Ok(Self {
            identity: required!(identity, "identity"),
            volumes: required!(volumes, "volumes"),
            attachments: required!(attachments, "attachments"),
            publishing: optional!(publishing, "publishing"),
            listing: optional!(listing, "listing"),
            capacity: optional!(capacity, "capacity"),
            expansion: optional!(expansion, "expansion"),
            nodes: optional!(nodes, "nodes"),
            modification: optional!(modification, "modification"),
            snapshots: optional!(snapshots, "snapshots"),
            group_snapshots: optional!(group_snapshots, "group-snapshots"),
            changed_blocks: optional!(changed_blocks, "changed-blocks"),
            health: optional!(health, "health"),
            migration: optional!(migration, "migration"),
        })
    }

    /// Compares the types of every function with the contract's.
    ///
    /// # Errors
    /// `Export` for a function of another type.
    pub(crate) fn check_types(
        &self,
        mut store: &mut wasmtime::Store<Sandbox>,
        instance: &Instance,
    ) -> Result<(), LoadError> {
        macro_rules! check {
            ($indices:expr, $name:literal) => {
                if let Some(indices) = $indices {
                    indices.load(&mut store, instance).map_err(|error| export($name, &error))?;
                }
            };
        }
        check!(Some(&self.identity), "identity");
        check!(Some(&self.volumes), "volumes");
        check!(Some(&self.attachments), "attachments");
        check!(&self.publishing, "publishing");
        check!(&self.listing, "listing");
        check!(&self.capacity, "capacity");
        check!(&self.expansion, "expansion");
        check!(&self.nodes, "nodes");
        check!(&self.modification, "modification");
        check!(&self.snapshots, "snapshots");
        check!(&self.group_snapshots, "group-snapshots");
        check!(&self.changed_blocks, "changed-blocks");
        check!(&self.health, "health");
        check!(&self.migration, "migration");
        Ok(())
    }

    /// The abilities that follow from the exports alone.
    pub(crate) fn abilities(&self) -> Abilities {
        let exported = [
            (self.publishing.is_some(), Ability::Publishing),
            (self.listing.is_some(), Ability::Listing),
            (self.capacity.is_some(), Ability::Capacity),
            (self.expansion.is_some(), Ability::Expansion),
            (self.nodes.is_some(), Ability::Nodes),
            (self.modification.is_some(), Ability::Modification),
            (self.snapshots.is_some(), Ability::Snapshots),
            (self.group_snapshots.is_some(), Ability::GroupSnapshots),
            (self.changed_blocks.is_some(), Ability::ChangedBlocks),
            (self.health.is_some(), Ability::Health),
        ];
        exported.into_iter().filter(|(there, _)| *there).map(|(_, ability)| ability).collect()
    }
}

fn export(interface: &'static str, error: &wasmtime::Error) -> LoadError {
    LoadError::Export { interface, reason: reason(error) }
}
