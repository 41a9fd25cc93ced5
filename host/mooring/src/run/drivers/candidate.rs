//! What a driver's configuration asks for, gathered: the component's bytes, verified, and the
//! driver's part of the store.

use std::sync::Arc;

use anyhow::Context as _;
use mooring_backend::{Candidate, DriverConfig, Limits};
use mooring_source::Verified;
use mooring_store::DEFAULT_QUOTA;

use super::Ground;
use crate::config::{Config, Driver};
use crate::run::component;

/// Gathers it; nothing is loaded yet.
pub(super) async fn of(
    ground: &Ground,
    config: &Config,
    driver: &Driver,
) -> anyhow::Result<(Candidate, Verified)> {
    let verified = component::verified(config, driver)
        .await
        .with_context(|| format!("backend {}", driver.backend))?;
    let component = Arc::clone(&verified.candidate.bytes);
    let store = ground.store.scoped(&driver.name, &driver.grants.pools, DEFAULT_QUOTA)?;
    let limits = Limits {
        memory: driver.limits.memory.as_u64(),
        deadline: driver.limits.deadline,
        concurrency: driver.limits.concurrency,
    };
    let config = DriverConfig {
        name: driver.name.clone(),
        config: driver.config.clone(),
        grants: driver.grants.clone(),
        limits,
    };
    Ok((Candidate { config, component, store }, verified))
}
