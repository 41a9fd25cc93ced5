//! What a running component has around it: the data of its store, and the world that it imports.
//!
//! A store lives for one call. It holds no path, no socket, no environment and no arguments; of
//! the host it has the driver's own part of the store, the driver's configuration and a log, and
//! its egress where HTTP is granted.

mod http;
mod imports;
mod output;
mod state;

use std::sync::Arc;
use std::time::Instant;

use mooring_egress::Egress;
use mooring_store::{Claims, Migration, Scoped};
use wasmtime::component::{HasData, ResourceTable};
use wasmtime::{Store, UpdateDeadline};
use wasmtime_wasi::{WasiCtx, WasiCtxBuilder, WasiCtxView, WasiView};
use wasmtime_wasi_http::WasiHttpCtx;

use crate::engine::Engine;
use crate::limits::{Account, Limiter, Limits};
use crate::log::{CallLog, Level};
use crate::pace::Pace;

/// Bytes that a guest may hand over to the host in one call, in either direction.
const LIFTED_BYTES: usize = 8 << 20;
/// Handles that a guest may hold at once.
const HANDLES: usize = 4_096;
/// Resources of WASI (streams, pollables) that the host keeps for a guest at once.
const HOST_RESOURCES: usize = 1_024;
/// Bytes that a guest may ask of the random generator at once.
const RANDOM_BYTES: u64 = 64 << 10;

/// Bytes of the headers of one request or answer, as the host keeps them.
const FIELD_BYTES: usize = 128 << 10;

/// The data of one store.
pub(crate) struct Sandbox {
    wasi: WasiCtx,
    http: WasiHttpCtx,
    hooks: http::Hooks,
    table: ResourceTable,
    limiter: Limiter,
    driver: Arc<Surroundings>,
    log: CallLog,
    /// What it has claimed of the driver's keys, until it ends.
    claims: Option<Claims>,
}

/// What all calls of a driver find around them.
pub(crate) struct Surroundings {
    /// The operator's `config:` as JSON text.
    pub(crate) config: String,
    /// The driver's part of the store; none while a component is only inspected.
    pub(crate) store: Option<Arc<Scoped>>,
    /// What it may send HTTP requests with; none without a grant, and while it is only inspected.
    pub(crate) egress: Option<Arc<Egress>>,
    /// Stands for the state, and alone, while a component migrates it.
    pub(crate) migration: Option<Arc<Migration>>,
}

/// One call's time, account and pace.
pub(crate) struct Budget {
    pub(crate) deadline: Instant,
    pub(crate) account: Arc<Account>,
    pub(crate) pace: Arc<Pace>,
}

/// A component ran until its budget of time ended.
#[derive(Debug, thiserror::Error)]
#[error("the call's time is over")]
pub(crate) struct TimeOver;

/// A view of [`Sandbox`] for the generated linker functions.
pub(crate) struct Imports;

impl HasData for Imports {
    type Data<'a> = &'a mut Sandbox;
}

impl Sandbox {
    /// A fresh store for one call, with its limits and its deadline set.
    pub(crate) fn store(
        engine: &Engine,
        driver: Arc<Surroundings>,
        limits: &Limits,
        log: CallLog,
        budget: Budget,
    ) -> Store<Self> {
        let Budget { deadline, account, pace } = budget;
        let mut table = ResourceTable::new();
        table.set_max_capacity(HOST_RESOURCES);
        let wasi = wasi(&log);
        let limiter = Limiter::new(limits, account);
        let mut http = WasiHttpCtx::new();
        http.set_field_size_limit(FIELD_BYTES);
        let hooks = http::Hooks::new(driver.egress.clone(), log.clone(), deadline);
        let sandbox = Self { wasi, http, hooks, table, limiter, driver, log, claims: None };
        let mut store = Store::new(engine.wasm(), sandbox);
        store.limiter(|sandbox| &mut sandbox.limiter);
        store.set_hostcall_fuel(LIFTED_BYTES);
        store.set_max_component_handles(HANDLES);
        store.set_epoch_deadline(1);
        store.epoch_deadline_callback(move |_| {
            if Instant::now() >= deadline {
                return Err(wasmtime::Error::new(TimeOver));
            }
            Ok(if pace.must_yield() {
                UpdateDeadline::Yield(1)
            } else {
                UpdateDeadline::Continue(1)
            })
        });
        store
    }

    pub(crate) fn imports(&mut self) -> &mut Self {
        self
    }
}

impl WasiView for Sandbox {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView { ctx: &mut self.wasi, table: &mut self.table }
    }
}

/// WASI with nothing in it: guests of most languages import it all and use next to nothing.
fn wasi(log: &CallLog) -> WasiCtx {
    WasiCtxBuilder::new()
        .stdout(output::Lines::new(log.clone(), Level::Info))
        .stderr(output::Lines::new(log.clone(), Level::Warn))
        .max_random_size(RANDOM_BYTES)
        .allow_tcp(false)
        .allow_udp(false)
        .allow_ip_name_lookup(false)
        .allow_blocking_current_thread(false)
        .build()
}
