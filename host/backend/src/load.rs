//! From bytes to a component that can be called: outline → imports against grants → compile or
//! find compiled → link → look up exports → ask it who it is.

use std::sync::Arc;
use std::time::{Duration, Instant};

use mooring_volume::backend::Description;
use mooring_volume::policy::Grants;
use mooring_volume::{Abilities, Ability, CallId};
use wasmtime::component::{Component, InstancePre};

use crate::bindings::exports::mooring::backend::volumes::Sources;
use crate::check::Malformed;
use crate::compile;
use crate::convert;
use crate::engine::{Engine, reason};
use crate::exports::Exports;
use crate::limits::Account;
use crate::log::DriverLog;
use crate::outline::Outline;
use crate::run::{Guest, Recipe};
use crate::sandbox::Sandbox;

/// The least time that a component gets to say who it is, whatever its limit for calls: an
/// interpreter's first start is slow.
pub(crate) const START: Duration = Duration::from_secs(20);

/// A component cannot be loaded. Nothing of what served before is touched.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "the messages say it")]
pub enum LoadError {
    #[error("the component has {size} bytes; at most {max} are loaded")]
    TooLarge { size: u64, max: u64 },
    #[error("this is no WebAssembly component: {reason}")]
    NotAComponent { reason: String },
    #[error("the component is no backend for this host: {reason}")]
    Contract { reason: String },
    #[error(
        "the component imports {import}, which this driver is not granted; add {grant} to its \
         configuration to allow it"
    )]
    Import { import: String, grant: &'static str },
    #[error("the component imports {import}, which cannot be had: {reason}")]
    Unserved { import: String, reason: &'static str },
    #[error("the component needs {proposal}, which this host has turned off")]
    Proposal { proposal: &'static str },
    #[error("the component cannot be compiled: {reason}")]
    Compile { reason: String },
    #[error("the component cannot be linked: {reason}")]
    Link { reason: String },
    #[error("the component's export {interface} is not the contract's: {reason}")]
    Export { interface: &'static str, reason: String },
    #[error("the component did not start: {reason}")]
    Start { reason: String },
    #[error("identity.config-schema of the component is unfit: {reason}")]
    Schema { reason: String },
    #[error("the driver's config does not fit the component: {reason}")]
    Config { reason: String },
    #[error("the driver cannot be granted this: {reason}")]
    Grant { reason: String },
}

/// A component that is compiled and linked.
pub(crate) struct Loaded {
    pub(crate) pre: InstancePre<Sandbox>,
    pub(crate) exports: Exports,
    pub(crate) component: Arc<Component>,
}

/// What a component says of itself once, at load.
#[derive(Debug)]
pub(crate) struct Facts {
    pub(crate) description: Description,
    pub(crate) abilities: Abilities,
    pub(crate) schema: String,
    /// Of its state; 0 where it does not say.
    pub(crate) state_schema: u32,
}

/// Reads the outline, within the engine's cap on size.
///
/// # Errors
/// `TooLarge`, `NotAComponent`.
pub(crate) fn outline(engine: &Engine, bytes: &[u8]) -> Result<Outline, LoadError> {
    let (size, max) = (bytes.len() as u64, engine.max_component_size());
    if size > max {
        return Err(LoadError::TooLarge { size, max });
    }
    Outline::read(bytes)
}

/// Checks, compiles and links.
///
/// # Errors
/// All but `Start`, `Schema`, `Config` and `Grant`.
pub(crate) async fn load(
    engine: &Arc<Engine>,
    bytes: Arc<[u8]>,
    outline: &Outline,
    grants: &Grants,
) -> Result<Loaded, LoadError> {
    outline.check_contract()?;
    outline.check_imports(grants)?;
    let component = compile::component(engine, bytes, &outline.digest).await?;
    let link = |error: wasmtime::Error| LoadError::Link { reason: reason(&error) };
    let pre = engine.linker(!grants.http.is_empty()).instantiate_pre(&component).map_err(link)?;
    Ok(Loaded { exports: Exports::find(outline, &pre)?, pre, component })
}

/// Makes one instance, compares the types of its exports with the contract's and asks what does
/// not change while it is loaded.
///
/// # Errors
/// `Export`, `Start`.
pub(crate) async fn start(
    recipe: &Recipe,
    exports: &Exports,
    log: &Arc<DriverLog>,
) -> Result<Facts, LoadError> {
    let failed = |reason: String| LoadError::Start { reason };
    let deadline = Instant::now() + recipe.limits.deadline.max(START);
    let slots = Arc::clone(recipe.engine.slots());
    let slot = tokio::time::timeout_at(deadline.into(), slots.acquire_owned()).await;
    let Ok(Ok(slot)) = slot else {
        return Err(failed("no slot of the pool became free; raise the engine's calls".to_owned()));
    };
    let account = Arc::new(Account::default());
    let (log, exports) = (log.of_call(CallId(0), None), exports.clone());
    match recipe.run(deadline, &account, log, slot, |guest| ask(guest, exports)).await {
        Ok(answer) => answer,
        Err(failure) => Err(failed(failure.to_string())),
    }
}

/// The outer result is the runtime's, the inner one ours.
async fn ask(mut guest: Guest, exports: Exports) -> wasmtime::Result<Result<Facts, LoadError>> {
    let Guest { store, instance } = &mut guest;
    if let Err(error) = exports.check_types(store, instance) {
        return Ok(Err(error));
    }
    let identity = exports.identity.load(&mut *store, instance)?;
    let volumes = exports.volumes.load(&mut *store, instance)?;
    let info = identity.call_info(&mut *store).await?;
    let schema = identity.call_config_schema(&mut *store).await?;
    let accepts = volumes.call_accepts(&mut *store).await?;
    let readonly = match &exports.publishing {
        Some(publishing) => {
            let publishing = publishing.load(&mut *store, instance)?;
            publishing.call_supports_readonly(&mut *store).await?
        }
        None => false,
    };
    let state_schema = match &exports.migration {
        Some(migration) => {
            let migration = migration.load(&mut *store, instance)?;
            migration.call_schema_version(&mut *store).await?
        }
        None => 0,
    };
    let info = match convert::info(info) {
        Ok(info) => info,
        Err(Malformed(what)) => {
            let reason = format!("identity.info returned {what}");
            return Ok(Err(LoadError::Start { reason }));
        }
    };
    let said = [
        (readonly, Ability::ReadonlyPublishing),
        (info.online_expansion && exports.expansion.is_some(), Ability::OnlineExpansion),
        (info.accessibility_constraints, Ability::AccessibilityConstraints),
        (accepts.contains(Sources::VOLUME), Ability::CloneVolume),
        (accepts.contains(Sources::SNAPSHOT), Ability::RestoreSnapshot),
    ];
    let mut abilities = exports.abilities();
    abilities.extend(said.into_iter().filter(|(said, _)| *said).map(|(_, ability)| ability));
    Ok(Ok(Facts { description: info.description, abilities, schema, state_schema }))
}
