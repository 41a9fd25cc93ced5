//! A volume as it is printed: keys for scripts, lines for people.

use std::collections::BTreeMap;

use mooring_proto::csi::v1 as csi;
use mooring_proto::csi::v1::volume_content_source::Type as Source;
use serde::Serialize;

use super::failure::Failure;
use super::output::{human, pairs, properties};

/// A volume, as far as an answer tells.
#[derive(Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct VolumeView {
    pub(super) volume_id: String,
    /// 0: the driver does not know.
    pub(super) capacity_bytes: i64,
    pub(super) context: BTreeMap<String, String>,
    /// What it was made from.
    pub(super) source: Option<SourceView>,
    /// Places from which it is reachable; empty: everywhere.
    pub(super) topology: Vec<BTreeMap<String, String>>,
    /// Absent in JSON where the answer is not about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) published_nodes: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) condition: Option<ConditionView>,
}

#[derive(Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) enum SourceView {
    SnapshotId(String),
    VolumeId(String),
}

/// CSI 1.12's volume condition.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(super) struct ConditionView {
    pub(super) abnormal: bool,
    pub(super) message: String,
}

impl VolumeView {
    /// From an answer, where the volume is a required field.
    pub(super) fn required(volume: Option<csi::Volume>) -> Result<Self, Failure> {
        let csi::Volume {
            capacity_bytes,
            volume_id,
            volume_context,
            content_source,
            accessible_topology,
        } = volume.ok_or_else(|| Failure::Protocol("it has no volume".to_owned()))?;
        if volume_id.is_empty() {
            return Err(Failure::Protocol("the volume has no id".to_owned()));
        }
        Ok(Self {
            volume_id,
            capacity_bytes,
            context: volume_context,
            source: content_source.and_then(|source| source.r#type).map(SourceView::from),
            topology: accessible_topology.into_iter().map(|place| place.segments).collect(),
            published_nodes: None,
            condition: None,
        })
    }

    /// With what the answer says of the volume's use.
    pub(super) fn with_status(
        mut self,
        nodes: Vec<String>,
        condition: Option<csi::VolumeCondition>,
    ) -> Self {
        self.published_nodes = Some(nodes);
        self.condition = condition.map(ConditionView::from);
        self
    }

    /// A line a property.
    pub(super) fn table(&self) -> String {
        let places: Vec<String> = self.topology.iter().map(pairs).collect();
        properties([
            ("ID", self.volume_id.clone()),
            ("CAPACITY", self.capacity()),
            ("CONTEXT", pairs(&self.context)),
            ("SOURCE", self.source.as_ref().map(ToString::to_string).unwrap_or_default()),
            ("REACHABLE FROM", places.join("; ")),
            ("PUBLISHED TO", self.published_nodes.clone().unwrap_or_default().join(", ")),
            ("CONDITION", self.condition.as_ref().map(ToString::to_string).unwrap_or_default()),
        ])
    }

    fn capacity(&self) -> String {
        match self.capacity_bytes {
            0 => "not known".to_owned(),
            bytes => format!("{} ({bytes} bytes)", human(bytes)),
        }
    }
}

impl From<Source> for SourceView {
    fn from(source: Source) -> Self {
        match source {
            Source::Snapshot(snapshot) => Self::SnapshotId(snapshot.snapshot_id),
            Source::Volume(volume) => Self::VolumeId(volume.volume_id),
        }
    }
}

impl From<csi::VolumeCondition> for ConditionView {
    fn from(condition: csi::VolumeCondition) -> Self {
        let csi::VolumeCondition { abnormal, message } = condition;
        Self { abnormal, message }
    }
}

impl std::fmt::Display for SourceView {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::SnapshotId(id) => write!(f, "snapshot {id}"),
            Self::VolumeId(id) => write!(f, "volume {id}"),
        }
    }
}

impl std::fmt::Display for ConditionView {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let word = if self.abnormal { "abnormal" } else { "sound" };
        if self.message.is_empty() {
            f.write_str(word)
        } else {
            write!(f, "{word}: {}", self.message)
        }
    }
}
