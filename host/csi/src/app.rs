//! Assembles what one socket serves: services, and the layers around them. Nothing is decided here.

use std::hash::{BuildHasher as _, RandomState};
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use mooring_proto::csi::v1::controller_server::ControllerServer;
use mooring_proto::csi::v1::group_controller_server::GroupControllerServer;
use mooring_proto::csi::v1::identity_server::IdentityServer;
use mooring_proto::csi::v1::node_server::NodeServer;
use mooring_proto::csi::v1::snapshot_metadata_server::SnapshotMetadataServer;
use mooring_proto::mooring::internal::v1::backend_server::BackendServer;
use mooring_proto::pluginregistration::registration_server::RegistrationServer;
use mooring_volume::backend::Backend;
use mooring_volume::node::Node;
use mooring_volume::{CsiVersion, DriverName};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::busy::Busy;
use crate::controller::{Conditions, ControllerService};
use crate::group::GroupService;
use crate::identity::IdentityService;
use crate::internal::{Hub, InternalService};
use crate::layers::deadline::Deadline;
use crate::layers::decoded::Decoded;
use crate::layers::detach::Detach;
use crate::layers::observe::{Caller, Observe, Observer};
use crate::layers::shed::{Limit, Shed};
use crate::link::Link;
use crate::metadata::MetadataService;
use crate::meter::Meter;
use crate::node::NodeService;
use crate::proxy::{FORWARDED, Forward};
use crate::registration::{Plugin, RegistrationService, Verdict};
use crate::services::{Boxed, Services};
use crate::traces::Traces;

/// The largest message that is read or written. Source: gRPC's default, which clients keep to as well.
const MESSAGE_BYTES: usize = 4 << 20;

/// How long calls may take, and how many may run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settings {
    /// For callers that set no deadline.
    pub default_deadline: Duration,
    /// For callers that set a longer one.
    pub longest_deadline: Duration,
    /// Operations at once; more are turned away with UNAVAILABLE. Identity calls do not count.
    pub in_flight: usize,
    /// What is advertised.
    pub version: CsiVersion,
}

impl Settings {
    /// For a controller: 2 minutes, 1 hour, 256 operations.
    #[must_use]
    pub const fn controller() -> Self {
        Self {
            default_deadline: Duration::from_secs(2 * 60),
            longest_deadline: Duration::from_secs(60 * 60),
            in_flight: 256,
            version: CsiVersion::V1_13,
        }
    }

    /// For a node, where formatting and checking take long: 10 minutes, 1 hour, 128 operations.
    #[must_use]
    pub const fn node() -> Self {
        Self {
            default_deadline: Duration::from_secs(10 * 60),
            longest_deadline: Duration::from_secs(60 * 60),
            in_flight: 128,
            version: CsiVersion::V1_13,
        }
    }
}

/// Who is told of calls, and their numbers: one of it a process.
#[derive(Clone)]
pub struct Telemetry {
    meter: Arc<dyn Meter>,
    traces: Arc<dyn Traces>,
    calls: Arc<AtomicU64>,
}

impl Telemetry {
    /// Measures go to `meter`; calls are numbered from 1, under a number drawn for the process. No traces.
    #[must_use]
    pub fn new(meter: Arc<dyn Meter>) -> Self {
        // Not a secret: it keeps apart the numbers of processes whose logs are read together.
        let process = RandomState::new().hash_one(std::process::id()) & !u64::from(u32::MAX);
        Self { meter, traces: Arc::new(()), calls: Arc::new(AtomicU64::new(process | 1)) }
    }

    /// The same, with spans that join traces.
    #[must_use]
    pub fn with_traces(self, traces: Arc<dyn Traces>) -> Self {
        Self { traces, ..self }
    }

    fn of(&self, driver: DriverName, caller: Caller) -> Observer {
        Observer {
            driver,
            caller,
            meter: Arc::clone(&self.meter),
            traces: Arc::clone(&self.traces),
            calls: Arc::clone(&self.calls),
        }
    }
}

/// Who connects to a controller's socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Audience {
    /// The orchestrator's sidecars: CSI alone.
    Orchestrator,
    /// Mooring's node process, on the private socket: CSI, passed through, and the internal service.
    NodeProcess,
}

/// What [`crate::serve`] serves: the services of one driver, with the layers around them. A clone is
/// another handle on the same.
#[derive(Clone)]
pub struct App {
    pub(crate) chain: Boxed,
    pub(crate) tasks: TaskTracker,
    /// Told when serving begins to end, for streams that would not end by themselves.
    pub(crate) ending: CancellationToken,
}

impl App {
    fn new(
        services: Services,
        (tasks, ending): (TaskTracker, CancellationToken),
        observer: Observer,
        settings: &Settings,
    ) -> Self {
        let inner = Deadline::new(settings, services);
        Self { chain: Boxed::new(Observe { observer, inner }), tasks, ending }
    }
}

/// One driver in the controller process. Every app of it shares the guards of its volumes.
#[derive(Debug)]
pub struct Controller<B> {
    backend: Arc<B>,
    busy: Busy,
    hub: Hub,
    conditions: Conditions,
}

impl<B: Backend> Controller<B> {
    /// Over a backend, whose abilities are asked for at each call: a swap needs nothing here.
    #[must_use]
    pub fn new(backend: Arc<B>) -> Self {
        Self {
            backend,
            busy: Busy::default(),
            hub: Hub::default(),
            conditions: Conditions::default(),
        }
    }

    /// The nodes that connect to the app for [`Audience::NodeProcess`], to be given orders.
    #[must_use]
    pub fn hub(&self) -> &Hub {
        &self.hub
    }

    /// What a socket for this audience serves.
    #[must_use]
    pub fn app(&self, audience: Audience, telemetry: &Telemetry, settings: &Settings) -> App {
        let (work, ending) = (Work::new(settings), CancellationToken::new());
        let identity = IdentityServer::new(IdentityService::new(Arc::clone(&self.backend)))
            .max_decoding_message_size(MESSAGE_BYTES)
            .max_encoding_message_size(MESSAGE_BYTES);
        let controller = ControllerServer::new(ControllerService {
            backend: Arc::clone(&self.backend),
            busy: self.busy.clone(),
            hub: self.hub.clone(),
            version: settings.version,
            conditions: self.conditions.clone(),
        })
        .max_decoding_message_size(MESSAGE_BYTES)
        .max_encoding_message_size(MESSAGE_BYTES);
        let group = GroupControllerServer::new(GroupService {
            backend: Arc::clone(&self.backend),
            busy: self.busy.clone(),
        })
        .max_decoding_message_size(MESSAGE_BYTES)
        .max_encoding_message_size(MESSAGE_BYTES);
        let metadata = SnapshotMetadataServer::new(MetadataService {
            backend: Arc::clone(&self.backend),
            tasks: work.tasks.clone(),
            limit: work.limit.clone(),
        })
        .max_decoding_message_size(MESSAGE_BYTES)
        .max_encoding_message_size(MESSAGE_BYTES);
        let csi = Services::default()
            .with(identity, |inner| work.unlimited(inner))
            .with(controller, |inner| work.limited(inner))
            .with(group, |inner| work.limited(inner))
            .with(metadata, |inner| work.limited(inner));
        let services = match audience {
            Audience::Orchestrator => csi,
            Audience::NodeProcess => {
                let internal = InternalService {
                    backend: Arc::clone(&self.backend),
                    hub: self.hub.clone(),
                    ending: ending.clone(),
                };
                let internal = BackendServer::new(internal)
                    .max_decoding_message_size(MESSAGE_BYTES)
                    .max_encoding_message_size(MESSAGE_BYTES);
                csi.with(internal, |inner| work.limited(inner))
            }
        };
        let caller = match audience {
            Audience::Orchestrator => Caller::Outside,
            Audience::NodeProcess => Caller::Own,
        };
        let observer = telemetry.of(self.backend.driver().clone(), caller);
        App::new(services, (work.tasks, ending), observer, settings)
    }
}

/// The layers around what this process does itself.
struct Work {
    tasks: TaskTracker,
    limit: Limit,
}

impl Work {
    fn new(settings: &Settings) -> Self {
        Self { tasks: TaskTracker::new(), limit: Limit::new(settings.in_flight) }
    }

    fn limited<S>(&self, inner: S) -> Detach<Shed<Decoded<S>>> {
        let inner = Shed { limit: self.limit.clone(), inner: Decoded { inner } };
        Detach { tasks: self.tasks.clone(), inner }
    }

    /// For Identity and registration: a probe must not fail, and the process be killed for it, because it is busy.
    fn unlimited<S>(&self, inner: S) -> Detach<Decoded<S>> {
        Detach { tasks: self.tasks.clone(), inner: Decoded { inner } }
    }
}

/// What a driver's socket on a node serves: the Node service here, all others passed through to the
/// controller process.
#[must_use]
pub fn node_app<N: Node>(
    driver: DriverName,
    node: Arc<N>,
    controller: &Link,
    telemetry: &Telemetry,
    settings: &Settings,
) -> App {
    let work = Work::new(settings);
    let service =
        NodeServer::new(NodeService { node, busy: Busy::default(), version: settings.version })
            .max_decoding_message_size(MESSAGE_BYTES)
            .max_encoding_message_size(MESSAGE_BYTES);
    let own = Services::default().with(service, |inner| work.limited(inner));
    let services = FORWARDED
        .iter()
        .fold(own, |services, name| services.named(name, Forward::new(controller.clone())));
    let ending = CancellationToken::new();
    App::new(services, (work.tasks, ending), telemetry.of(driver, Caller::Outside), settings)
}

/// What a driver's socket in kubelet's directory serves. What kubelet says is handed to `hear` before kubelet gets
/// its answer; it must not block.
#[must_use]
pub fn registration_app(
    plugin: Plugin,
    hear: impl Fn(Verdict) + Send + Sync + 'static,
    telemetry: &Telemetry,
    settings: &Settings,
) -> App {
    let work = Work::new(settings);
    let observer = telemetry.of(plugin.driver.clone(), Caller::Outside);
    let service = RegistrationServer::new(RegistrationService { plugin, hear: Box::new(hear) })
        .max_decoding_message_size(MESSAGE_BYTES)
        .max_encoding_message_size(MESSAGE_BYTES);
    let services = Services::default().with(service, |inner| work.unlimited(inner));
    App::new(services, (work.tasks, CancellationToken::new()), observer, settings)
}
