//! Backends as WebAssembly components: loading, limits, and each call into them.
//!
//! This is the only crate that knows wasmtime. It turns a component into a
//! [`mooring_volume::backend::Backend`] and knows neither gRPC, nor devices, nor mounts. It runs
//! in the unprivileged controller process alone.
//!
//! ```ignore
//! let engine = Engine::new(EngineConfig { cache_dir: Some(dir), ..EngineConfig::default() })?;
//! let scoped = store.scoped(&config.name, &config.grants.pools, DEFAULT_QUOTA)?;
//! let driver = Driver::load(&engine, config, component, scoped, meter).await?;
//! let volume = driver.create(&call, request).await?;
//! ```

mod bindings;
mod breaker;
mod check;
mod code;
mod compile;
mod convert;
mod driver;
mod engine;
mod exports;
#[cfg(any(test, fuzzing))]
pub mod fuzzing;
mod inspect;
mod limits;
mod load;
mod log;
mod meter;
mod outline;
mod pace;
mod run;
mod sandbox;
mod schema;
mod serving;
mod traced;

pub use compile::{Compiler, compile_child};
pub use driver::{Driver, DriverConfig};
pub use engine::{Engine, EngineConfig, EngineError};
pub use inspect::{InspectedInfo, Inspection, inspect};
pub use limits::Limits;
pub use load::LoadError;
pub use meter::{GuestCall, HttpOutcome, Meter, Outcome, SwapOutcome, Unmetered};
pub use serving::{
    Candidate, Changes, Difference, LastSwap, Serving, ServingStatus, SwapError, Ungranted,
};
