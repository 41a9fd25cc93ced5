//! What the admin socket answers: the one shape for the process that writes it and the command that
//! reads it. Keys are a contract, as those of the configuration are.

use serde::{Deserialize, Serialize};

/// `GET /v1/status`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Status {
    /// By name.
    pub(crate) drivers: Vec<DriverStatus>,
    /// Why the configuration is not the one that is written.
    pub(crate) problem: Option<String>,
    /// `sha256:` and 64 hexadecimal digits of the configuration file that all of this is about: every driver of it
    /// is served by now, or was refused. Empty while the first one is not done with, and where there is no file.
    #[serde(default)]
    pub(crate) configuration: String,
}

/// One driver. Where it does not serve, only its name and the problem say something.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct DriverStatus {
    pub(crate) name: String,
    pub(crate) serving: bool,
    /// As configured.
    pub(crate) source: String,
    /// The component's own name and version.
    pub(crate) backend: String,
    pub(crate) version: String,
    /// `sha256:` and 64 hexadecimal digits.
    pub(crate) digest: String,
    /// When this version took over, RFC 3339.
    pub(crate) since: String,
    /// What the component can do, in the words of `mooring backend inspect`.
    #[serde(default)]
    pub(crate) abilities: Vec<String>,
    /// Of this version: calls that ended, and those that it is at fault for.
    pub(crate) calls: u64,
    pub(crate) failures: u64,
    /// `closed` or `open`.
    pub(crate) breaker: String,
    /// Bytes of linear memory that the last call had.
    pub(crate) memory: u64,
    pub(crate) state_schema: u32,
    /// The version before takes over if this one fails.
    pub(crate) on_trial: bool,
    /// Nodes that are connected.
    pub(crate) nodes: usize,
    pub(crate) last_swap: Option<SwapStatus>,
    /// Whether kubelet knows the driver, by its own word; none where it is registered by somebody else or not at
    /// all. The node process knows: the command adds it to what the controller process answers.
    pub(crate) registered: Option<bool>,
    /// Why kubelet does not know it, in kubelet's own words where it refused it.
    pub(crate) registration_problem: Option<String>,
    /// Why it does not serve as configured.
    pub(crate) problem: Option<String>,
}

/// `GET /v1/registrations` on the node process's telemetry socket.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Registrations {
    /// Those that kubelet is to know, by name.
    pub(crate) drivers: Vec<RegistrationStatus>,
}

/// One driver as kubelet knows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RegistrationStatus {
    pub(crate) name: String,
    pub(crate) registered: bool,
    /// Why not.
    pub(crate) problem: Option<String>,
}

/// The end of a swap.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SwapStatus {
    /// RFC 3339.
    pub(crate) at: String,
    /// `switched`, `refused` or `rolled-back`.
    pub(crate) outcome: String,
    /// The difference, or the reason.
    pub(crate) detail: String,
}

/// `POST /v1/drivers/NAME/swap`, and `…/rehearse`, which changes nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Swapped {
    /// Whether the driver is served otherwise than before, or would be.
    pub(crate) changed: bool,
    /// [`mooring_backend::Difference`].
    pub(crate) difference: serde_json::Value,
    /// The same for people.
    pub(crate) text: String,
}

/// What went wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Refused {
    pub(crate) error: String,
}
