//! The operator's `config:` of this backend, as `schema.json` lets it be.

use alloc::borrow::ToOwned;
use alloc::string::String;

use core::time::Duration;

use mooring_sdk::Result;
use mooring_sdk::config::{self, Config};
use serde::Deserialize;

/// The configuration.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub(crate) struct Settings {
    pub(crate) api_url: Option<String>,
    pub(crate) storage_pool: Option<String>,
    pub(crate) name_prefix: String,
    pub(crate) device_link: String,
    pub(crate) page_size: u32,
    poll_interval: u64,
    patience: u64,
    give_up_after: u64,
    pub(crate) create_hosts: bool,
    pub(crate) max_volumes_per_node: Option<u32>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            api_url: None,
            storage_pool: None,
            name_prefix: "csi-".to_owned(),
            device_link: "by-id/scsi-SMOORING_{serial}".to_owned(),
            page_size: 100,
            poll_interval: 250,
            patience: 20,
            give_up_after: 900,
            create_hosts: false,
            max_volumes_per_node: None,
        }
    }
}

impl Settings {
    /// Reads it.
    ///
    /// # Errors
    /// `FailedPrecondition` where it does not fit.
    pub(crate) fn read(host: &impl Config) -> Result<Self> {
        config::read(host)
    }

    /// Between two looks at a job.
    pub(crate) fn poll_interval(&self) -> Duration {
        Duration::from_millis(self.poll_interval)
    }

    /// For all requests of one call.
    pub(crate) fn patience(&self) -> Duration {
        Duration::from_secs(self.patience)
    }

    /// The age in milliseconds at which a job is cancelled.
    pub(crate) fn give_up_after(&self) -> u64 {
        self.give_up_after.saturating_mul(1000)
    }
}
