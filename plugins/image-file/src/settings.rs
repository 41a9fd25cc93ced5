//! The operator's `config:` of this backend, as `schema.json` lets it be.

use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use core::fmt;
use core::marker::PhantomData;

use mooring_sdk::config::Config;
use mooring_sdk::pool::Pools;
use mooring_sdk::types::Topology;
use mooring_sdk::{Error, Result};
use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};

/// The configuration.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub(crate) struct Settings {
    pools: Pairs<Pool>,
    /// How many volumes a node holds; none: no bound.
    pub(crate) max_volumes_per_node: Option<u64>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
struct Pool {
    topology: Pairs<String>,
}

/// A JSON object as it stands: there are few keys in it, and each is looked for by its own rule.
#[derive(Debug)]
struct Pairs<T>(Vec<(String, T)>);

impl<T> Default for Pairs<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Pairs<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Reader(PhantomData))
    }
}

struct Reader<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for Reader<T> {
    type Value = Pairs<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Pairs<T>, A::Error> {
        let mut pairs = Vec::new();
        while let Some(key) = map.next_key::<&str>()? {
            pairs.push((key.to_owned(), map.next_value()?));
        }
        Ok(Pairs(pairs))
    }
}

impl Settings {
    /// Reads it.
    ///
    /// # Errors
    /// `FailedPrecondition` where it does not fit.
    pub(crate) fn read(host: &impl Config) -> Result<Self> {
        // The host has checked it against the schema, and says which key does not fit.
        match serde_json_core::from_str(&host.json()) {
            Ok((settings, _)) => Ok(settings),
            Err(error) => Err(Error::failed_precondition(format!(
                "the driver's config passes its schema and cannot be read: {error}; see the \
                 README of image-file"
            ))),
        }
    }

    /// Where a pool is, as far as the operator said so; empty for one that is local to its machine.
    pub(crate) fn place(&self, pool: &str) -> Topology {
        let found = self.pools.0.iter().find(|(name, _)| name == pool);
        found.map(|(_, Pool { topology })| topology.0.clone()).unwrap_or_default()
    }

    /// The keys by which pools have places, each once, upper and lower case being the same.
    pub(crate) fn keys(&self) -> Vec<&str> {
        let mut keys: Vec<&str> = Vec::new();
        for (key, _) in self.pools.0.iter().flat_map(|(_, pool)| &pool.topology.0) {
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
        for (name, Pool { topology }) in &self.pools.0 {
            if !granted.contains(name) {
                return Err(Error::failed_precondition(format!(
                    "config.pools names {name:?}, which grants.pools does not; grant it, or take \
                     it out of config.pools"
                )));
            }
            for (number, (key, _)) in topology.0.iter().enumerate() {
                let rest = topology.0.iter().skip(number + 1);
                if rest.into_iter().any(|(other, _)| other.eq_ignore_ascii_case(key)) {
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
