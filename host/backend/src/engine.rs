//! The one engine of the process: how components are compiled, where their memory comes from, and
//! the clock that interrupts them.
//!
//! Invariant: no component runs without an epoch deadline, a limiter and a slot from here.

mod ticker;

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use tokio::sync::Semaphore;
use wasmtime::component::{Component, Linker};
use wasmtime::{Config, Enabled, InstanceAllocationStrategy, PoolingAllocationConfig, Strategy};

use crate::bindings::Everything;
use crate::code::CodeCache;
use crate::compile::Compiler;
use crate::pace::{Lane, SlowLane};
use crate::sandbox::Sandbox;
use ticker::Ticker;

/// Core instances that one component may be made of. Python and JavaScript guests are made of
/// about forty core modules.
const CORE_INSTANCES_PER_COMPONENT: u32 = 100;
/// Linear memories that one component may have.
const MEMORIES_PER_COMPONENT: u32 = 8;
/// Tables that one component may have; each module of a composed guest brings one.
const TABLES_PER_COMPONENT: u32 = 16;
/// Elements of one table: Go puts every function of the program into one.
const TABLE_ELEMENTS: usize = 65_536;
/// Stack of a guest, in bytes. Interpreters recurse deeply.
const WASM_STACK: usize = 1 << 20;
/// Stack of a fiber: the guest's and, above it, that of the host functions that it calls.
const FIBER_STACK: usize = 2 << 20;

/// What the program decides about the engine.
#[derive(Debug, Clone)]
pub struct EngineConfig {
    /// Calls that can run at once in the whole process: the sum of the drivers' concurrency, so
    /// that no driver can take another's slots. Costs address space (34 GiB each), not memory.
    pub calls: u32,
    /// How often a running component is interrupted so that others get their turn.
    pub tick: Duration,
    /// Calls that compute for long and may run at once, of all drivers together. Fewer than the
    /// machine has processors, so that components that spin leave one to the others.
    pub long_calls: u32,
    /// The largest component that is compiled, in bytes.
    pub max_component_size: u64,
    /// Where compiled code is kept (made with mode 0700); none: every start compiles anew.
    pub cache_dir: Option<PathBuf>,
    /// What compiles components; none: this process, without limits.
    pub compiler: Option<Compiler>,
}

impl Default for EngineConfig {
    fn default() -> Self {
        let processors = std::thread::available_parallelism();
        let processors = processors.map_or(1, |count| u32::try_from(count.get()).unwrap_or(1));
        Self {
            calls: 64,
            tick: Duration::from_millis(2),
            long_calls: processors.saturating_sub(1).max(1),
            max_component_size: 128 << 20,
            cache_dir: None,
            compiler: None,
        }
    }
}

/// The engine cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// The machine or its limits do not allow it.
    #[error(
        "cannot set up the component engine for {calls} calls at once: {reason}; lower the sum of \
         limits.concurrency, or raise the limit on address space (ulimit -v)"
    )]
    Setup {
        /// As configured.
        calls: u32,
        /// What the runtime says.
        reason: String,
    },
    /// No thread for the clock, or for long calls.
    #[error("cannot start the engine's threads: {0}")]
    Threads(std::io::Error),
}

/// Compiles and runs components. One a process, shared by all drivers.
pub struct Engine {
    wasm: wasmtime::Engine,
    linker: Linker<Sandbox>,
    /// The same with `wasi:http`.
    http_linker: Linker<Sandbox>,
    /// A permit a call that the pool has room for.
    slots: Arc<Semaphore>,
    /// Where calls go on that compute for long.
    slow: SlowLane,
    ticker: Ticker,
    code: CodeCache,
    compiler: Option<Compiler>,
    max_component_size: u64,
    /// Components by digest: drivers of the same one share its code.
    loaded: Mutex<HashMap<String, Weak<Component>>>,
}

impl Engine {
    /// Sets up the engine, its pool of instances and its clock.
    ///
    /// # Errors
    /// [`EngineError`]. A code cache that cannot be used is no error: it is logged, and code is
    /// compiled at each start.
    pub fn new(config: EngineConfig) -> Result<Arc<Self>, EngineError> {
        let EngineConfig { calls, tick, long_calls, max_component_size, cache_dir, compiler } =
            config;
        let setup = |error: wasmtime::Error| EngineError::Setup { calls, reason: reason(&error) };
        let wasm = wasmtime::Engine::new(&settings(calls)).map_err(setup)?;
        let linker = linker(&wasm).map_err(setup)?;
        Ok(Arc::new(Self {
            http_linker: http_linker(&linker).map_err(setup)?,
            linker,
            slots: Arc::new(Semaphore::new(calls as usize)),
            slow: SlowLane::start(long_calls.max(1) as usize).map_err(EngineError::Threads)?,
            ticker: Ticker::start(&wasm, tick).map_err(EngineError::Threads)?,
            code: CodeCache::open(&wasm, cache_dir),
            wasm,
            compiler,
            max_component_size,
            loaded: Mutex::default(),
        }))
    }

    pub(crate) fn wasm(&self) -> &wasmtime::Engine {
        &self.wasm
    }

    /// What components may import: with `wasi:http` for those that are granted it.
    pub(crate) fn linker(&self, http: bool) -> &Linker<Sandbox> {
        if http { &self.http_linker } else { &self.linker }
    }

    pub(crate) fn slots(&self) -> &Arc<Semaphore> {
        &self.slots
    }

    /// How a driver's calls compute beside the other drivers'.
    pub(crate) fn lane(&self) -> Lane {
        Lane::new(self.slow.handle().clone())
    }

    /// Keeps the clock running while the result lives.
    pub(crate) fn running(&self) -> ticker::Running {
        self.ticker.running()
    }

    pub(crate) fn code(&self) -> &CodeCache {
        &self.code
    }

    pub(crate) fn compiler(&self) -> Option<&Compiler> {
        self.compiler.as_ref()
    }

    /// The component of a digest, if some driver has it.
    pub(crate) fn loaded(&self, digest: &str) -> Option<Arc<Component>> {
        self.components().get(digest).and_then(Weak::upgrade)
    }

    /// Lets later drivers share a component, for as long as the answer lives. Where another one was
    /// quicker, the answer is its.
    pub(crate) fn keep(&self, digest: &str, component: Component) -> Arc<Component> {
        let mut components = self.components();
        components.retain(|_, component| component.strong_count() > 0);
        if let Some(there) = components.get(digest).and_then(Weak::upgrade) {
            return there;
        }
        let component = Arc::new(component);
        components.insert(digest.to_owned(), Arc::downgrade(&component));
        component
    }

    fn components(&self) -> MutexGuard<'_, HashMap<String, Weak<Component>>> {
        self.loaded.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn max_component_size(&self) -> u64 {
        self.max_component_size
    }
}

/// An error of the runtime with all its causes, in one line, without the guest's stack.
pub(crate) fn reason(error: &wasmtime::Error) -> String {
    let causes: Vec<String> = error.chain().map(ToString::to_string).collect();
    causes.join(": ")
}

/// The settings of every engine here: code that is compiled under them runs under them.
pub(crate) fn settings(calls: u32) -> Config {
    let mut config = Config::new();
    config
        .strategy(Strategy::Cranelift)
        .allocation_strategy(InstanceAllocationStrategy::Pooling(pool(calls)))
        .memory_init_cow(true)
        .epoch_interruption(true)
        .consume_fuel(false)
        .max_wasm_stack(WASM_STACK)
        .async_stack_size(FIBER_STACK)
        .wasm_component_model(true)
        // Stock Go compiles to function references; nothing else of the proposals around it.
        // Threads are not even compiled into the runtime.
        .wasm_function_references(true)
        .wasm_gc(false)
        .wasm_memory64(false)
        // Plain calls on WASI 0.2: no asynchronous component model, nor its bookkeeping.
        .concurrency_support(false);
    config
}

fn pool(calls: u32) -> PoolingAllocationConfig {
    let mut pool = PoolingAllocationConfig::new();
    pool.total_component_instances(calls)
        .total_core_instances(calls.saturating_mul(CORE_INSTANCES_PER_COMPONENT))
        .max_core_instances_per_component(CORE_INSTANCES_PER_COMPONENT)
        .total_memories(calls.saturating_mul(MEMORIES_PER_COMPONENT))
        .max_memories_per_component(MEMORIES_PER_COMPONENT)
        .max_memories_per_module(MEMORIES_PER_COMPONENT)
        .total_tables(calls.saturating_mul(TABLES_PER_COMPONENT))
        .max_tables_per_component(TABLES_PER_COMPONENT)
        .max_tables_per_module(TABLES_PER_COMPONENT)
        .table_elements(TABLE_ELEMENTS)
        .total_stacks(calls)
        // The limiter decides how much of it a call may use.
        .max_memory_size(1 << 32)
        // Slots that stay prepared for a component that ran before: each keeps some pages.
        .max_unused_warm_slots(16)
        // A guest of the SDK has its stack, its data and its first heap in as much: clearing that costs
        // less than giving it back to the kernel, which interrupts every other processor, and
        // faulting it in again.
        .linear_memory_keep_resident(256 << 10)
        .table_keep_resident(8 << 10)
        .pagemap_scan(Enabled::Auto);
    pool
}

fn linker(wasm: &wasmtime::Engine) -> wasmtime::Result<Linker<Sandbox>> {
    let mut linker = Linker::new(wasm);
    wasmtime_wasi::p2::add_to_linker_async(&mut linker)?;
    Everything::add_to_linker::<Sandbox, crate::sandbox::Imports>(&mut linker, Sandbox::imports)?;
    Ok(linker)
}

fn http_linker(linker: &Linker<Sandbox>) -> wasmtime::Result<Linker<Sandbox>> {
    let mut linker = linker.clone();
    wasmtime_wasi_http::p2::add_only_http_to_linker_async(&mut linker)?;
    Ok(linker)
}
