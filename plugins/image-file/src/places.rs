//! From where a pool's volumes are reachable, and which pool is reachable from where.
//!
//! A pool has a place by the configuration, or is local to the machine: then it is reachable from
//! the nodes that registered here. A place is asked for by some of its segments, or by more than
//! the pool knows of (a node's all), so that each may hold the other. A pool that is reachable from
//! the whole of it comes before one that is in a part of it. Keys are equal without
//! regard to case, values are not. Source: CSI, comments of Topology and TopologyRequirement.

use alloc::borrow::ToOwned;
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;

use mooring_sdk::pool::{self, Pools};
use mooring_sdk::records::Listed;
use mooring_sdk::types::{Page, Topology, TopologyRequirement};
use mooring_sdk::{Error, Result, Services};

use crate::nodes::{NODES, Node};
use crate::settings::Settings;

/// The key that each node has a value of, its own.
pub(crate) const NODE: &str = "topology.mooring.dev/node";

/// The most places that a volume can have in the contract's host; a machine is one node.
const MOST: u32 = 256;

/// From how much of a place a volume is reachable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reach {
    /// All of it.
    Everywhere,
    /// Of a zone, say, one rack.
    InPart,
    /// Of a zone, say, one node.
    OnOneNode,
    Nowhere,
}

/// What is known of places.
#[derive(Debug)]
pub(crate) struct Places {
    settings: Settings,
    nodes: Vec<Node>,
}

impl Places {
    /// Reads what is known.
    ///
    /// # Errors
    /// `Unavailable`, and as [`Settings::read`].
    pub(crate) fn read(host: &impl Services) -> Result<Self> {
        let settings = Settings::read(host)?;
        let page = Page { max_entries: MOST, token: None };
        let Listed { entries, next: _ } = NODES.page(host, &page)?;
        Ok(Self { settings, nodes: entries.into_iter().map(|(_, node)| node).collect() })
    }

    /// From where a pool's volumes are reachable; empty where nothing is known.
    pub(crate) fn of(&self, pool: &str) -> Vec<Topology> {
        let place = self.settings.place(pool);
        if !place.is_empty() {
            return vec![place];
        }
        // The node alone: its labels may change while the volume is there.
        self.nodes.iter().map(|node| vec![(NODE.to_owned(), node.value.clone())]).collect()
    }

    /// How a volume of this pool is reachable from a place.
    fn reach(&self, pool: &str, asked: &Topology) -> Reach {
        let place = self.settings.place(pool);
        let mut nodes =
            self.nodes.iter().map(|node| &node.segments).filter(|node| within(&place, node));
        let known = !place.is_empty();
        if known && within(&place, asked) || nodes.clone().any(|node| within(node, asked)) {
            Reach::Everywhere
        } else if known && within(asked, &place) {
            Reach::InPart
        } else if nodes.any(|node| within(asked, node)) {
            Reach::OnOneNode
        } else {
            Reach::Nowhere
        }
    }

    /// Whether a volume of this pool is where it must be.
    pub(crate) fn allow(&self, pool: &str, requirement: Option<&TopologyRequirement>) -> bool {
        requirement.is_none_or(|TopologyRequirement { requisite, preferred: _ }| {
            requisite.is_empty()
                || requisite.iter().any(|asked| self.reach(pool, asked) != Reach::Nowhere)
        })
    }

    /// The pool for a new volume: the one that is reachable from the first preferred place that
    /// any is reachable from, else from a requisite one; without a requirement as
    /// [`pool::choose`] does.
    ///
    /// # Errors
    /// `ResourceExhausted` where no pool is where it must be, and as [`pool::choose`].
    pub(crate) fn choose(
        &self,
        host: &impl Pools,
        asked: Option<&str>,
        requirement: Option<&TopologyRequirement>,
    ) -> Result<String> {
        let Some(TopologyRequirement { requisite, preferred }) = requirement else {
            return pool::choose(host, asked);
        };
        match self.find(host, asked, preferred.iter().chain(requisite))? {
            Some(pool) => Ok(pool),
            // Source: CSI: where only preferences are given, any place will do.
            None if requisite.is_empty() => pool::choose(host, asked),
            None => Err(self.nowhere()),
        }
    }

    /// The first pool that is reachable from the first of these places that any is reachable from.
    ///
    /// # Errors
    /// As [`pool::choose`] for the pool that is asked for.
    pub(crate) fn find<'a>(
        &self,
        host: &impl Pools,
        asked: Option<&str>,
        places: impl Iterator<Item = &'a Topology>,
    ) -> Result<Option<String>> {
        let mut pools = match asked {
            Some(_) => vec![pool::choose(host, asked)?],
            None => host.names(),
        };
        // Without a requirement it would be the one.
        if let Some(at) = pools.iter().position(|pool| pool == "default") {
            pools.swap(0, at);
        }
        for place in places {
            for reach in [Reach::Everywhere, Reach::InPart, Reach::OnOneNode] {
                if let Some(found) = pools.iter().find(|pool| self.reach(pool, place) == reach) {
                    return Ok(Some(found.clone()));
                }
            }
        }
        Ok(None)
    }

    /// No pool is where the volume must be.
    pub(crate) fn nowhere(&self) -> Error {
        Error::resource_exhausted(match self.nodes.is_empty() {
            true => {
                "no pool is reachable from where the volume must be, and no node has registered \
                 here yet (NodeGetInfo); repeat it when one has"
            }
            false => {
                "no pool is reachable from where the volume must be; ask for another place or \
                 pool, or correct config.pools"
            }
        })
    }

    /// Whether a pool is reachable from a node.
    pub(crate) fn reaches(settings: &Settings, node: &Node, pool: &str) -> bool {
        within(&settings.place(pool), &node.segments)
    }
}

/// Whether each segment of `some` is one of `all`.
fn within(some: &Topology, all: &Topology) -> bool {
    some.iter().all(|(key, value)| get(all, key) == Some(value))
}

/// The value of a key, upper and lower case being the same.
pub(crate) fn get<'a>(map: &'a Topology, key: &str) -> Option<&'a String> {
    map.iter().find(|(known, _)| known.eq_ignore_ascii_case(key)).map(|(_, value)| value)
}
