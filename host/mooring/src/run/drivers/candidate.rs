//! What a driver's configuration asks for, gathered: the component's bytes and the driver's part of
//! the store.

use anyhow::Context as _;
use mooring_backend::{Candidate, DriverConfig, Limits};
use mooring_store::DEFAULT_QUOTA;

use super::Ground;
use crate::config::Driver;
use crate::run::controller::component;

/// Gathers it; nothing is loaded yet.
pub(super) async fn of(ground: &Ground, driver: &Driver) -> anyhow::Result<Candidate> {
    let source = driver.backend.clone();
    let component = tokio::task::spawn_blocking(move || component(&source)).await?;
    let component = component.with_context(|| format!("backend {}", driver.backend))?;
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
    Ok(Candidate { config, component, store })
}
