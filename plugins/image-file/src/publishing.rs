//! On which node a volume is in use.
//!
//! An image is on one machine and used by one node at a time. The volume's record says by which
//! one; beside it stands a slot of that node, so that counting a node's volumes costs no more than
//! there are. First the record, then the slot, and backwards: whatever a call that died has left,
//! the record says, and so the repeated call, the opposite one and deletion find it.

use alloc::format;
use alloc::string::String;
use core::slice;

use mooring_sdk::publishing::{Publishing, Request};
use mooring_sdk::records::Found;
use mooring_sdk::state::{State, StateError};
use mooring_sdk::types::{AccessMode, AccessType, Capability, StringMap};
use mooring_sdk::{Error, Result, Secrets, Services, ids};

use crate::nodes::NODES;
use crate::places::Places;
use crate::record::{Publication, VOLUMES, Volume};
use crate::restore::check_made;
use crate::settings::Settings;
use crate::{ImageFile, objection};

impl<H: Services> Publishing for ImageFile<H> {
    /// The node attaches what is published for reading so that nothing can be written.
    fn supports_readonly(&self) -> bool {
        true
    }

    fn publish(&self, request: &Request) -> Result<StringMap> {
        let (host, id) = (&self.0, &*request.volume_id);
        let Found { value: volume, version } = VOLUMES.find(host, id)?;
        check_made(id, &volume)?;
        if let Some(objection) = objection(volume.direct, slice::from_ref(&request.capability)) {
            return Err(Error::invalid_argument(objection));
        }
        let settings = Settings::read(host)?;
        check_node(host, &settings, &request.node_id, &volume.pool)?;
        let wanted = Publication {
            node: request.node_id.clone(),
            usage: usage(&request.capability),
            readonly: request.readonly,
        };
        let slot = Slot::new(id, &request.node_id);
        let (volume, version) = match &volume.published {
            Some(there) => {
                check_same(id, there, &wanted)?;
                (volume, version)
            }
            None => {
                slot.check_free(host, &settings)?;
                let volume = Volume { published: Some(wanted), ..volume };
                let version = VOLUMES.replace(host, id, &volume, version)?;
                (volume, version)
            }
        };
        if slot.take(host)?
            && let Err(error) = slot.check_taken(host, &settings)
        {
            slot.free(host)?;
            VOLUMES.replace(host, id, &Volume { published: None, ..volume }, version)?;
            return Err(error);
        }
        Ok(StringMap::new())
    }

    fn unpublish(&self, volume_id: &str, node_id: Option<&str>, _secrets: &Secrets) -> Result<()> {
        let host = &self.0;
        let Some(Found { value, version }) = VOLUMES.get(host, volume_id)? else { return Ok(()) };
        let Some(there) = &value.published else { return Ok(()) };
        if node_id.is_some_and(|node| node != there.node) {
            return Ok(());
        }
        Slot::new(volume_id, &there.node).free(host)?;
        VOLUMES.replace(host, volume_id, &Volume { published: None, ..value }, version)?;
        Ok(())
    }
}

/// Whether a node is known, and where the pool is.
fn check_node(host: &impl State, settings: &Settings, node: &str, pool: &str) -> Result<()> {
    let Some(Found { value, .. }) = NODES.get(host, node)? else {
        return Err(Error::not_found(format!(
            "no node {node:?} has registered here (NodeGetInfo); is it another machine's?"
        )));
    };
    match Places::reaches(settings, &value, pool) {
        true => Ok(()),
        false => Err(Error::failed_precondition(format!(
            "pool {pool} is not where node {node:?} is; see config.pools and node.labels"
        ))),
    }
}

/// Whether a publication that is there is the one that is asked for.
fn check_same(id: &str, there: &Publication, wanted: &Publication) -> Result<()> {
    if there.node != wanted.node {
        return Err(elsewhere(id, there));
    }
    match there == wanted {
        true => Ok(()),
        false => Err(Error::already_exists(format!(
            "volume {id} is published to node {:?} in another way: {}{}; unpublish it first",
            there.node,
            there.usage,
            if there.readonly { ", read-only" } else { "" }
        ))),
    }
}

/// The volume is in use by another node than the one that is meant.
pub(crate) fn elsewhere(id: &str, there: &Publication) -> Error {
    Error::failed_precondition(format!(
        "volume {id} is published to node {:?}; unpublish it there first",
        there.node
    ))
}

/// A capability as CSI spells it.
fn usage(capability: &Capability) -> String {
    let mode = match capability.mode {
        AccessMode::SingleNodeWriter => "SINGLE_NODE_WRITER",
        AccessMode::SingleNodeReaderOnly => "SINGLE_NODE_READER_ONLY",
        AccessMode::MultiNodeReaderOnly => "MULTI_NODE_READER_ONLY",
        AccessMode::MultiNodeSingleWriter => "MULTI_NODE_SINGLE_WRITER",
        AccessMode::MultiNodeMultiWriter => "MULTI_NODE_MULTI_WRITER",
        AccessMode::SingleNodeSingleWriter => "SINGLE_NODE_SINGLE_WRITER",
        AccessMode::SingleNodeMultiWriter => "SINGLE_NODE_MULTI_WRITER",
    };
    match &capability.access {
        AccessType::Block => [mode, " block"].concat(),
        AccessType::Mount(fs_type) => [mode, " mount ", fs_type].concat(),
    }
}

/// That a node holds a volume: a key without a value.
struct Slot<'a> {
    node: &'a str,
    key: String,
    /// What the keys of all slots of the node start with.
    prefix: String,
}

impl<'a> Slot<'a> {
    fn new(volume: &str, node: &'a str) -> Self {
        // A node's id may hold anything, a key's end included.
        let prefix = [&*ids::derive("slot/", node), "/"].concat();
        Self { node, key: [&*prefix, volume].concat(), prefix }
    }

    /// Takes the slot; false where it was taken before.
    fn take(&self, host: &impl State) -> Result<bool> {
        match host.insert(&self.key, &[]) {
            Ok(_) => Ok(true),
            Err(StateError::Conflict) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    fn free(&self, host: &impl State) -> Result<()> {
        match host.get(&self.key)? {
            Some(entry) => Ok(host.remove(&self.key, entry.version)?),
            None => Ok(()),
        }
    }

    /// Refuses where the node is full already.
    fn check_free(&self, host: &impl State, settings: &Settings) -> Result<()> {
        self.check(host, settings, |held, most| held < most)
    }

    /// As [`check_free`](Self::check_free), where the slot is taken: another call may have taken
    /// the last one at the same time.
    fn check_taken(&self, host: &impl State, settings: &Settings) -> Result<()> {
        self.check(host, settings, |held, most| held <= most)
    }

    fn check(
        &self,
        host: &impl State,
        settings: &Settings,
        fits: impl FnOnce(u64, u64) -> bool,
    ) -> Result<()> {
        let Some(most) = settings.max_volumes_per_node else { return Ok(()) };
        match fits(self.held(host)?, most) {
            true => Ok(()),
            false => Err(Error::resource_exhausted(format!(
                "node {:?} holds the {most} volumes that config.maxVolumesPerNode allows; unpublish \
                 one, or use another node",
                self.node
            ))),
        }
    }

    /// How many volumes the node holds.
    fn held(&self, host: &impl State) -> Result<u64> {
        let (mut held, mut after) = (0, None::<String>);
        loop {
            // A scan may end early; only an empty one says that there is no more.
            let found = host.scan(&self.prefix, after.as_deref(), 1000)?;
            let Some(last) = found.last() else { return Ok(held) };
            after = Some(last.key.clone());
            held += found.iter().map(|_| 1).sum::<u64>();
        }
    }
}
