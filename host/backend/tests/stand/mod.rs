//! What the tests stand on: guests built once a test binary, and drivers over a real engine and a
//! real store in a directory of their own.

#![allow(
    dead_code,
    unreachable_pub,
    reason = "each test binary is a crate of its own and uses a part of it"
)]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, LazyLock, Mutex};
use std::time::{Duration, Instant};

use mooring_backend::{
    Candidate, Driver, DriverConfig, Engine, EngineConfig, GuestCall, HttpOutcome, Limits,
    LoadError, Meter, Outcome, Serving, SwapError, SwapOutcome,
};
use mooring_store::{DEFAULT_QUOTA, Scoped, Store};
use mooring_volume::attachment::AttachmentKind;
use mooring_volume::backend::{CreateVolume, DescribeAttachment};
use mooring_volume::capability::{AccessMode, AccessType, Capability};
use mooring_volume::capacity::CapacityRange;
use mooring_volume::policy::Grants;
use mooring_volume::{Call, CallId, DriverName, NodeId, Secrets, StringMap, VolumeId, VolumeName};

/// Bytes of a mebibyte.
pub const MIB: i64 = 1 << 20;

static PLUGINS: LazyLock<PathBuf> = LazyLock::new(|| build("plugins"));
static GUESTS: LazyLock<PathBuf> = LazyLock::new(|| build("tests/guests"));

/// A shipped backend, such as `image_file`.
pub fn plugin(name: &str) -> Arc<[u8]> {
    read(&PLUGINS, name)
}

/// A guest of `tests/guests`, such as `traps`.
pub fn guest(name: &str) -> Arc<[u8]> {
    read(&GUESTS, name)
}

fn read(dir: &Path, name: &str) -> Arc<[u8]> {
    let path = dir.join(format!("{name}.wasm"));
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display())).into()
}

/// Builds a workspace of guests in its own target directory and says where they are.
fn build(workspace: &str) -> PathBuf {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(workspace);
    let status = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
        .args(["build", "--release", "--quiet", "--target", "wasm32-wasip2", "--target-dir"])
        .arg(dir.join("target"))
        .current_dir(&dir)
        .env_remove("RUSTFLAGS")
        .env_remove("CARGO_ENCODED_RUSTFLAGS")
        .status()
        .expect("cargo runs");
    assert!(status.success(), "{workspace} does not build");
    dir.join("target/wasm32-wasip2/release")
}

/// Remembers what was counted.
#[derive(Default)]
pub struct Counted {
    pub calls: Mutex<Vec<(String, &'static str, Outcome, u64)>>,
    pub breakers: Mutex<Vec<bool>>,
    pub dropped: Mutex<u64>,
    pub requests: Mutex<Vec<HttpOutcome>>,
    pub swaps: Mutex<Vec<SwapOutcome>>,
}

impl Counted {
    pub fn last(&self) -> Outcome {
        self.calls.lock().unwrap().last().expect("a call was counted").2
    }
}

impl Meter for Counted {
    fn guest_call(&self, call: GuestCall<'_>) {
        let GuestCall { driver, function, outcome, duration: _, peak_memory } = call;
        self.calls.lock().unwrap().push((driver.to_string(), function, outcome, peak_memory));
    }

    fn breaker(&self, _: &DriverName, open: bool) {
        self.breakers.lock().unwrap().push(open);
    }

    fn http_request(&self, _: &DriverName, outcome: HttpOutcome, _: Duration) {
        self.requests.lock().unwrap().push(outcome);
    }

    fn swap(&self, _: &DriverName, outcome: SwapOutcome) {
        self.swaps.lock().unwrap().push(outcome);
    }

    fn log_lines_dropped(&self, _: &DriverName, lines: u64) {
        *self.dropped.lock().unwrap() += lines;
    }
}

/// An engine, a store and a pool.
pub struct Stand {
    pub engine: Arc<Engine>,
    pub meter: Arc<Counted>,
    store: Arc<Store>,
    dir: tempfile::TempDir,
}

impl Stand {
    pub fn new() -> Self {
        Self::with(EngineConfig { calls: 32, ..EngineConfig::default() })
    }

    pub fn with(config: EngineConfig) -> Self {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir(dir.path().join("pool")).unwrap();
        Self {
            engine: Engine::new(config).unwrap(),
            meter: Arc::default(),
            store: Store::open(&dir.path().join("state")).unwrap(),
            dir,
        }
    }

    pub fn pool(&self) -> PathBuf {
        self.dir.path().join("pool")
    }

    pub fn grants(&self) -> Grants {
        Grants {
            pools: [("default".to_owned(), self.pool())].into(),
            attachments: [AttachmentKind::ImageFile, AttachmentKind::Directory].into(),
            ..Grants::default()
        }
    }

    pub fn config(&self, name: &str, limits: Limits) -> DriverConfig {
        DriverConfig {
            name: DriverName::new(name).unwrap(),
            config: serde_json::json!({}),
            grants: self.grants(),
            limits,
        }
    }

    pub fn scoped(&self, name: &str, pools: &BTreeMap<String, PathBuf>) -> Arc<Scoped> {
        self.store.scoped(&DriverName::new(name).unwrap(), pools, DEFAULT_QUOTA).unwrap()
    }

    pub async fn try_load(
        &self,
        config: DriverConfig,
        component: Arc<[u8]>,
    ) -> Result<Driver, LoadError> {
        let scoped = self.scoped(config.name.as_str(), &config.grants.pools);
        let meter: Arc<dyn Meter> = Arc::clone(&self.meter) as _;
        Driver::load(&self.engine, config, component, scoped, meter).await
    }

    pub async fn load(&self, name: &str, component: Arc<[u8]>, limits: Limits) -> Driver {
        self.try_load(self.config(name, limits), component).await.expect("it loads")
    }
}

/// A call with half a minute of time.
pub fn call() -> Call {
    call_within(Duration::from_secs(30))
}

pub fn call_within(time: Duration) -> Call {
    Call { id: CallId(7), deadline: Instant::now() + time }
}

pub fn capability() -> Capability {
    Capability { access: AccessType::Block, mode: AccessMode::SingleNodeWriter }
}

pub fn create(name: &str) -> CreateVolume {
    CreateVolume {
        name: VolumeName::new(name).unwrap(),
        capacity: Some(CapacityRange::new(8 * MIB, 0).unwrap()),
        capabilities: vec![capability()],
        parameters: StringMap::new(),
        mutable_parameters: StringMap::new(),
        secrets: Secrets::default(),
        source: None,
        accessibility: None,
    }
}

pub fn describe(id: VolumeId) -> DescribeAttachment {
    DescribeAttachment {
        volume_id: id,
        volume_context: StringMap::new(),
        publish_context: StringMap::new(),
        capability: capability(),
        readonly: false,
        node_id: NodeId::new("node-1").unwrap(),
        secrets: Secrets::default(),
    }
}

impl Stand {
    /// What shall serve under a name, with this config.
    pub fn candidate(&self, name: &str, component: &str, config: serde_json::Value) -> Candidate {
        let config = DriverConfig { config, ..self.config(name, Limits::default()) };
        let store = self.scoped(name, &config.grants.pools);
        Candidate { config, component: guest(component), store }
    }

    pub async fn serve(&self, candidate: Candidate) -> Result<Arc<Serving>, SwapError> {
        Serving::start(&self.engine, candidate, Arc::clone(&self.meter) as _).await
    }
}
