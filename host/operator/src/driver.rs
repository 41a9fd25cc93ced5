//! The custom resource: a driver as wanted, and what became of it on each node.

use kube::CustomResource;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::spec::Entry;

/// What stands below `spec`: as it was written, whatever this program knows of it.
#[expect(clippy::duplicated_attributes, reason = "one `printcolumn` a column")]
#[derive(Debug, Clone, Default, PartialEq, CustomResource, Serialize, Deserialize)]
#[kube(
    group = "mooring.dev",
    version = "v1alpha1",
    kind = "Driver",
    plural = "drivers",
    shortname = "mdrv",
    category = "mooring",
    status = "DriverStatus",
    derive = "PartialEq",
    doc = "A CSI driver that Mooring's hosts serve: a backend under the object's name, with what it may touch. The hosts \
           take a change over while they run; what they refuse changes nothing, and the status says why.",
    printcolumn(name = "Backend", type_ = "string", json_path = ".spec.backend"),
    printcolumn(name = "Version", type_ = "string", json_path = ".status.version"),
    printcolumn(
        name = "Ready",
        type_ = "string",
        json_path = ".status.conditions[?(@.type=='Ready')].status"
    ),
    printcolumn(
        name = "Reason",
        type_ = "string",
        json_path = ".status.conditions[?(@.type=='UpToDate')].reason"
    ),
    printcolumn(name = "Age", type_ = "date", json_path = ".metadata.creationTimestamp"),
    printcolumn(
        name = "Message",
        type_ = "string",
        json_path = ".status.conditions[?(@.type=='UpToDate')].message",
        priority = "1"
    )
)]
#[serde(transparent)]
pub struct DriverSpec(pub Map<String, Value>);

impl JsonSchema for DriverSpec {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        Entry::schema_name()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        Entry::json_schema(generator)
    }
}

/// What became of it: a summary, and each node's own words. Each node writes its own entry of `nodes`; the rest follows
/// from the entries, so whichever node writes it writes the same.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct DriverStatus {
    /// The component's version; several where nodes differ.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub version: String,
    /// `sha256:` and 64 hexadecimal digits of the component; none where nodes differ.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub digest: String,
    /// What the driver can do on each of the nodes.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(extend("x-kubernetes-list-type" = "set"))]
    pub abilities: Vec<String>,
    /// `Ready`: it is served. `UpToDate`: it is served as this object says. `Sidecars`: what is beside the hosts knows it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["type"]))]
    pub conditions: Vec<Condition>,
    /// One entry a host.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["node"]))]
    pub nodes: Vec<NodeStatus>,
}

/// What one host says of the driver.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct NodeStatus {
    /// The node's name; of a controller of the Deployment followed by `/controller`.
    pub node: String,
    /// Whether the driver is served, in whatever version.
    #[serde(default)]
    pub ready: bool,
    /// Whether it is served as the object says.
    #[serde(default)]
    pub up_to_date: bool,
    /// Of the component that serves.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub version: String,
    /// Of the component that serves.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub digest: String,
    /// What it can do.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub abilities: Vec<String>,
    /// When what serves took over.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub since: String,
    /// How the host stands to what the object wants, in one word.
    #[serde(default)]
    pub reason: Reason,
    /// Why it is not served as the object says, in the host's own words.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub message: String,
    /// Whether the installation has sidecars for it; none where nobody told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sidecars: Option<bool>,
    /// The generation of the object that this is about.
    #[serde(default)]
    pub observed_generation: i64,
}

/// How a host stands to what an object wants.
// One word each and no more, as `kubectl explain` shows them: their meaning is in docs/troubleshooting.md.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Reason {
    /// It serves the object as it is.
    AsConfigured,
    /// The host does not answer.
    HostAway,
    /// The configuration file has a driver of the same name, which wins.
    NamedInFile,
    /// It served, failed, and the version before took over.
    RolledBack,
    /// It can't be served as it is; what served before serves on.
    Refused,
    /// It can't be served as it is, and nothing served before.
    NotServed,
    /// The host has not taken it over yet. Also a word of an operator newer than this one: it judges anew.
    #[default]
    #[serde(other)]
    Progressing,
}

impl Reason {
    /// As it is written.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::AsConfigured => "AsConfigured",
            Self::Progressing => "Progressing",
            Self::HostAway => "HostAway",
            Self::NamedInFile => "NamedInFile",
            Self::RolledBack => "RolledBack",
            Self::Refused => "Refused",
            Self::NotServed => "NotServed",
        }
    }

    /// Which of several is told first.
    #[must_use]
    pub fn weight(self) -> u8 {
        match self {
            Self::AsConfigured => 0,
            Self::Progressing => 1,
            Self::HostAway => 2,
            Self::NamedInFile => 3,
            Self::RolledBack => 4,
            Self::Refused => 5,
            Self::NotServed => 6,
        }
    }
}

impl JsonSchema for Reason {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Reason".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        // Open, so that an operator that is newer can say more without another definition.
        schemars::json_schema!({
            "type": "string",
            "description": "AsConfigured, Progressing, HostAway, NamedInFile, RolledBack, Refused or NotServed.",
        })
    }
}

/// As Kubernetes has them everywhere (`metav1.Condition`).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Condition {
    /// `Ready`, `UpToDate` or `Sidecars`.
    #[serde(rename = "type")]
    pub kind: String,
    /// `True`, `False` or `Unknown`.
    pub status: String,
    /// In one word.
    pub reason: String,
    /// For people.
    pub message: String,
    /// When `status` last became another one.
    #[schemars(extend("format" = "date-time"))]
    pub last_transition_time: String,
    /// The generation of the object that this is about.
    pub observed_generation: i64,
}
