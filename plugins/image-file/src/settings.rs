//! The operator's `config:` of this backend, as `schema.json` lets it be.

use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use mooring_sdk::config::{self, Config};
use mooring_sdk::pool::Pools;
use mooring_sdk::types::Topology;
use mooring_sdk::{Error, Result};
use serde::Deserialize;

/// The configuration.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub(crate) struct Settings {
    pools: BTreeMap<String, Pool>,
    /// How many volumes a node holds; none: no bound.
    pub(crate) max_volumes_per_node: Option<u64>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
struct Pool {
    topology: BTreeMap<String, String>,
}

impl Settings {
    /// Reads it.
    ///
    /// # Errors
    /// `FailedPrecondition` where it does not fit.
    pub(crate) fn read(host: &impl Config) -> Result<Self> {
        match &*host.json() {
            "{}" => Ok(Self::default()),
            given => config::parse(given),
        }
    }

    /// Where a pool is, as far as the operator said so; empty for one that is local to its machine.
    pub(crate) fn place(&self, pool: &str) -> Topology {
        let topology = self.pools.get(pool).map(|pool| pool.topology.clone());
        topology.unwrap_or_default().into_iter().collect()
    }

    /// The keys by which pools have places, each once, upper and lower case being the same.
    pub(crate) fn keys(&self) -> Vec<&str> {
        let mut keys: Vec<&str> = Vec::new();
        for key in self.pools.values().flat_map(|pool| pool.topology.keys()) {
            if !keys.iter().any(|known| known.eq_ignore_ascii_case(key)) {
                keys.push(key);
            }
        }
        keys
    }

    /// Refuses what a schema cannot: a place for a pool that is not granted, a key spelled twice.
    ///
    /// # Errors
    /// `FailedPrecondition`.
    pub(crate) fn check(&self, pools: &impl Pools) -> Result<()> {
        let granted = pools.names();
        for (name, Pool { topology }) in &self.pools {
            if !granted.contains(name) {
                return Err(Error::failed_precondition(format!(
                    "config.pools names {name:?}, which grants.pools does not; grant it, or take \
                     it out of config.pools"
                )));
            }
            let mut rest = topology.keys();
            while let Some(key) = rest.next() {
                if rest.clone().any(|other| other.eq_ignore_ascii_case(key)) {
                    return Err(Error::failed_precondition(format!(
                        "config.pools.{name}.topology has the key {key:?} twice, upper and lower \
                         case being the same"
                    )));
                }
            }
        }
        Ok(())
    }
}
