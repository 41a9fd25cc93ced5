//! The backend against the real array, in this process, over real HTTP; and against answers that no
//! array should give. Time is the tests' own: a pause is over at once, and counted.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::{Duration, Instant};

use mooring_array::{Options, Running};
use mooring_sdk::attachments::{self, Attachments};
use mooring_sdk::clock::Timer;
use mooring_sdk::config::Config;
use mooring_sdk::http::{Failure, Http, Method, Request, Response};
use mooring_sdk::nodes::{Facts, Nodes};
use mooring_sdk::publishing;
use mooring_sdk::snapshots;
use mooring_sdk::state::{Entry, State, StateError};
use mooring_sdk::testing::Machine;
use mooring_sdk::types::{AccessMode, AccessType, Capability, CapacityRange, ContentSource, Page};
use mooring_sdk::volumes::{CreateRequest, ValidateRequest, Volumes};
use mooring_sdk::{Code, Error, Result, Secrets};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::*;

mod answers;
mod faults;
mod life;
mod logins;
mod uses;

const MIB: u64 = 1 << 20;

type Sender = Rc<dyn Fn(&Request<'_>) -> Result<Response, Failure>>;

/// The host's part: its twin, a real network or a made-up one, and a clock.
#[derive(Clone)]
struct Bench {
    machine: Machine,
    sender: Sender,
    began: Instant,
    paused: Rc<Cell<Duration>>,
}

impl Bench {
    fn new(sender: Sender, config: &Value) -> Self {
        let machine = Machine::default();
        machine.set_config(&config.to_string());
        Self { machine, sender, began: Instant::now(), paused: Rc::default() }
    }
}

impl Config for Bench {
    fn json(&self) -> String {
        self.machine.json()
    }
}

impl State for Bench {
    fn claim(&self, key: &str) -> Result<(), StateError> {
        self.machine.claim(key)
    }

    fn get(&self, key: &str) -> Result<Option<Entry>, StateError> {
        self.machine.get(key)
    }

    fn insert(&self, key: &str, value: &[u8]) -> Result<u64, StateError> {
        self.machine.insert(key, value)
    }

    fn replace(&self, key: &str, value: &[u8], version: u64) -> Result<u64, StateError> {
        self.machine.replace(key, value, version)
    }

    fn remove(&self, key: &str, version: u64) -> Result<(), StateError> {
        self.machine.remove(key, version)
    }

    fn scan(
        &self,
        prefix: &str,
        after: Option<&str>,
        limit: u32,
    ) -> Result<Vec<Entry>, StateError> {
        self.machine.scan(prefix, after, limit)
    }
}

impl Http for Bench {
    fn send(&self, request: &Request<'_>) -> Result<Response, Failure> {
        (self.sender)(request)
    }
}

impl Timer for Bench {
    fn elapsed(&self) -> Duration {
        self.began.elapsed() + self.paused.get()
    }

    fn pause(&self, wait: Duration) {
        self.paused.set(self.paused.get() + wait);
        std::thread::yield_now();
    }
}

/// Sends over the real network, as the host would.
fn network() -> Sender {
    let config = ureq::Agent::config_builder().http_status_as_error(false).max_redirects(0);
    let agent: ureq::Agent = config.timeout_global(Some(Duration::from_secs(10))).build().into();
    Rc::new(move |request| {
        let lost = |error: ureq::Error| Failure::Lost(error.to_string());
        let mut built =
            ureq::http::Request::builder().method(request.method.name()).uri(request.url);
        for (name, value) in request.headers {
            built = built.header(*name, *value);
        }
        let built = built.body(request.body.to_vec()).unwrap();
        // Bodies of DELETE and GET are empty, which the agent sends as such.
        let built = agent.configure_request(built).allow_non_standard_methods(true).build();
        let mut response = agent.run(built).map_err(lost)?;
        let headers = response.headers().iter().filter_map(|(name, value)| {
            Some((name.as_str().to_owned(), value.to_str().ok()?.to_owned()))
        });
        let headers = headers.collect();
        let limit = u64::try_from(request.largest).unwrap();
        let body = response.body_mut().with_config().limit(limit).read_to_vec().map_err(lost)?;
        Ok(Response { status: response.status().as_u16(), headers, body })
    })
}

/// A real array and the backend over it.
struct Scene {
    array: Running,
    bench: Bench,
    folder: TempDir,
}

impl Scene {
    fn new(adapt: impl FnOnce(&mut Options), config: Value) -> Self {
        let folder = TempDir::new().unwrap();
        let mut options = Options::new(folder.path().to_owned());
        adapt(&mut options);
        let array = mooring_array::start(options).unwrap();
        let mut config = config;
        config["apiUrl"] = json!(format!("http://{}", array.address()));
        let bench = Bench::new(network(), &config);
        let scene = Self { array, bench, folder };
        scene.on().describe_node("n1").unwrap();
        scene
    }

    fn plain() -> Self {
        Self::new(|_| (), json!({}))
    }

    fn url(&self) -> String {
        format!("http://{}", self.array.address())
    }

    fn on(&self) -> HttpArray<Bench> {
        HttpArray(self.bench.clone())
    }

    /// What the array itself says, without faults.
    fn ask(&self, method: Method, path: &str, body: &Value) -> (u16, Value) {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let request = Request {
            method,
            url: &format!("{}{path}", self.url()),
            headers: &[("content-type", "application/json")],
            body: body.as_bytes(),
            timeout: Duration::from_secs(10),
            largest: 1 << 20,
        };
        let response = network()(&request).unwrap();
        (response.status, serde_json::from_slice(&response.body).unwrap_or(Value::Null))
    }

    fn set_faults(&self, faults: &Value) {
        assert_eq!(self.ask(Method::Put, "/admin/faults", faults).0, 204);
    }

    /// The next request of this method goes wrong.
    fn fault(&self, fault: &str, method: &str) {
        self.set_faults(&json!({ "rules": [{ "fault": fault, "method": method }] }));
    }

    /// The array's volumes or snapshots.
    fn there(&self, list: &str) -> Vec<Value> {
        let (status, body) =
            self.ask(Method::Get, &format!("/api/v1/{list}?limit=1000"), &Value::Null);
        assert_eq!(status, 200);
        body["items"].as_array().unwrap().clone()
    }

    fn images(&self) -> usize {
        std::fs::read_dir(self.folder.path().join("images")).unwrap().count()
    }
}

impl HttpArray<Bench> {
    // Volumes and snapshots are both created and deleted: without a name before it, a volume is.
    fn create(&self, request: &CreateRequest) -> Result<mooring_sdk::types::Volume> {
        Volumes::create(self, request)
    }

    fn delete(&self, id: &str, secrets: &Secrets) -> Result<()> {
        Volumes::delete(self, id, secrets)
    }

    fn describe_node(&self, id: &str) -> Result<mooring_sdk::nodes::Description> {
        let facts = Facts {
            id: id.to_owned(),
            hostname: id.to_owned(),
            system_uuid: None,
            system_serial: None,
            board_asset_tag: None,
            product_name: None,
            asset_tag: None,
            iscsi_initiator: None,
            nvme_host_nqn: None,
            fc_port_names: Vec::new(),
            addresses: Vec::new(),
            labels: Vec::new(),
        };
        Nodes::describe(self, &facts)
    }
}

fn mount(mode: AccessMode) -> Capability {
    Capability { access: AccessType::Mount("ext4".to_owned()), mode }
}

fn writer() -> Capability {
    mount(AccessMode::SingleNodeWriter)
}

fn pairs(of: &[(&str, &str)]) -> Vec<(String, String)> {
    of.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

fn request(name: &str, size: u64) -> CreateRequest {
    CreateRequest {
        name: name.to_owned(),
        capacity: Some(CapacityRange { required: Some(size), limit: None }),
        capabilities: vec![writer()],
        parameters: Vec::new(),
        mutable_parameters: Vec::new(),
        source: None,
        accessibility: None,
        secrets: Secrets::default(),
    }
}

fn from(name: &str, size: u64, source: ContentSource) -> CreateRequest {
    CreateRequest { source: Some(source), ..request(name, size) }
}

fn snapshot(name: &str, volume: &str) -> snapshots::CreateRequest {
    snapshots::CreateRequest {
        name: name.to_owned(),
        source_volume_id: volume.to_owned(),
        parameters: Vec::new(),
        secrets: Secrets::default(),
    }
}

fn publication(volume: &str, node: &str) -> publishing::Request {
    publishing::Request {
        volume_id: volume.to_owned(),
        node_id: node.to_owned(),
        capability: writer(),
        readonly: false,
        volume_context: Vec::new(),
        secrets: Secrets::default(),
    }
}

fn staging(volume: &str, node: &str) -> attachments::Request {
    attachments::Request {
        volume_id: volume.to_owned(),
        volume_context: Vec::new(),
        publish_context: Vec::new(),
        capability: writer(),
        readonly: false,
        node_id: node.to_owned(),
        secrets: Secrets::default(),
    }
}

fn growth(volume: &str, size: u64) -> mooring_sdk::expansion::Request {
    mooring_sdk::expansion::Request {
        volume_id: volume.to_owned(),
        capacity: CapacityRange { required: Some(size), limit: None },
        capability: None,
        secrets: Secrets::default(),
    }
}

fn refused(result: Result<impl std::fmt::Debug>) -> Code {
    result.unwrap_err().code
}

fn none() -> Secrets {
    Secrets::default()
}
