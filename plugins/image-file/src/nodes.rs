//! The nodes that registered here: what volumes can be published to, and where local pools are.

use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::String;

use mooring_sdk::nodes::{Description, Facts, Nodes};
use mooring_sdk::records::{Found, Table};
use mooring_sdk::types::Topology;
use mooring_sdk::{Error, Result, Services, ids};
use serde::{Deserialize, Serialize};

use crate::ImageFile;
use crate::places::{self, NODE};
use crate::settings::Settings;

/// The nodes, by id.
pub(crate) const NODES: Table<Node, Stored> = Table::new("node/");

/// A node's record, a case for each version of its form.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Stored {
    /// Since 0.1.0.
    V1(Node),
}

/// A node.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Node {
    /// What [`NODE`] says of it.
    pub(crate) value: String,
    /// Where it is, itself included.
    pub(crate) segments: Topology,
}

impl From<Stored> for Node {
    fn from(Stored::V1(node): Stored) -> Self {
        node
    }
}

impl From<Node> for Stored {
    fn from(node: Node) -> Self {
        Self::V1(node)
    }
}

impl<H: Services> Nodes for ImageFile<H> {
    fn describe(&self, facts: &Facts) -> Result<Description> {
        let settings = Settings::read(&self.0)?;
        let node = node(&settings, facts)?;
        let topology = Some(node.segments.clone());
        match NODES.get(&self.0, &facts.id)? {
            Some(Found { value, .. }) if value == node => {}
            Some(Found { version, .. }) => {
                NODES.replace(&self.0, &facts.id, &node, version)?;
            }
            None => {
                NODES.insert(&self.0, &facts.id, &node)?;
            }
        }
        Ok(Description {
            id: facts.id.clone(),
            topology,
            max_volumes: settings.max_volumes_per_node,
        })
    }
}

/// The node with the segments by which pools have places, and its own.
fn node(settings: &Settings, facts: &Facts) -> Result<Node> {
    let value = match is_segment(&facts.id) {
        true => facts.id.clone(),
        // An id may be longer and have other characters than a segment.
        false => ids::derive("node-", &facts.id),
    };
    let mut segments = Topology::new();
    for key in settings.keys() {
        // An empty label is one without a value.
        let label = places::get(&facts.labels, key).filter(|value| !value.is_empty());
        match label {
            _ if key.eq_ignore_ascii_case(NODE) => {}
            Some(value) if is_segment(value) => segments.push((key.to_owned(), value.clone())),
            Some(value) => {
                return Err(Error::failed_precondition(format!(
                    "the label {key} of node {:?} is {value:?}, and pools have places by it; 1 to \
                     63 letters, digits, '-', '_' or '.' can be one",
                    facts.id
                )));
            }
            None => {}
        }
    }
    segments.push((NODE.to_owned(), value.clone()));
    Ok(Node { value, segments })
}

/// Whether a text can be a segment's value. Source: CSI, comment of Topology.
fn is_segment(text: &str) -> bool {
    let bytes = text.as_bytes();
    let ends = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_alphanumeric);
    bytes.len() <= 63
        && ends(bytes.first())
        && ends(bytes.last())
        && bytes.iter().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
}
