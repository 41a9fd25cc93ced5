//! `/livez`, `/healthz`, `/readyz` and `/metrics`, on a socket and, if the operator asks, an address.
//!
//! Nothing is told there that an operator would not show to whoever reaches the node's network, and nothing can be ordered:
//! what serves, and swaps, are asked for at the controller's socket. Nor does it make much work: the drivers are probed for all
//! who wait together, and not again for a second after they were all well.
//!
//! `/livez` is for whoever restarts a process that hangs: it answers. `/healthz` says whether each driver's Probe answers. `/readyz` is for whoever waits
//! until all is there: besides, each driver of the configuration is served, and registered where it is to be. Neither
//! looks at a volume.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderName, StatusCode};
use axum::routing::get;
use mooring_proto::csi::v1::ProbeRequest;
use mooring_proto::csi::v1::identity_client::IdentityClient;
use mooring_volume::DriverName;
use tokio::net::{TcpListener, UnixListener};
use tokio::sync::Mutex;
use tokio::task::JoinSet;

use super::metrics::Metrics;
use crate::client;
use crate::run::admin::model::{RegistrationStatus, Registrations};

/// How long the drivers may take to answer Probe, all at once: one that is slow keeps none from being told of.
const PROBE: Duration = Duration::from_secs(5);

/// For how long drivers that were all well are taken to be.
const WELL: Duration = Duration::from_secs(1);

/// What is asked for at each request: as it is now.
type Asked<T> = Box<dyn Fn() -> T + Send + Sync>;

/// What the pages are made of.
pub(crate) struct Telemetry {
    pub(crate) metrics: Arc<Metrics>,
    /// Every driver that is served, with where it answers Probe.
    pub(crate) drivers: Asked<Vec<(DriverName, PathBuf)>>,
    /// Why drivers are not ready, though they may answer.
    pub(crate) unready: Asked<Vec<(DriverName, String)>>,
    /// What kubelet said of the drivers that it is to know.
    pub(crate) registrations: Asked<Vec<RegistrationStatus>>,
    /// The controller process's own telemetry socket, where `/metrics` shows both processes.
    pub(crate) upstream: Option<PathBuf>,
}

impl Telemetry {
    fn router(self) -> Router {
        Router::new()
            .route("/livez", get(livez))
            .route("/healthz", get(healthz))
            .route("/readyz", get(readyz))
            .route("/metrics", get(metrics))
            .route("/v1/registrations", get(registrations))
            .with_state(Arc::new(Pages::new(self)))
    }

    /// Serves until the process ends. A socket file of an earlier run is replaced.
    pub(crate) async fn serve(
        self,
        socket: &Path,
        address: Option<std::net::SocketAddr>,
    ) -> anyhow::Result<()> {
        let router = self.router();
        match std::fs::remove_file(socket) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error.into()),
            Ok(()) | Err(_) => {}
        }
        let unix = UnixListener::bind(socket)?;
        // Until here the umask held, which lets others than the owner read it at most: they
        // cannot connect.
        std::fs::set_permissions(socket, std::fs::Permissions::from_mode(0o600))?;
        if let Some(address) = address {
            let tcp = TcpListener::bind(address).await?;
            let router = router.clone();
            tokio::spawn(async move { axum::serve(tcp, router).await });
        }
        tokio::spawn(async move { axum::serve(unix, router).await });
        Ok(())
    }
}

/// What is wrong with each driver, if anything is.
type Found = BTreeMap<DriverName, Option<String>>;

struct Pages {
    telemetry: Telemetry,
    /// Held while the drivers are asked, so that they are asked once for all who wait.
    last: Mutex<Option<Probed>>,
}

/// What the drivers said when they were asked last.
struct Probed {
    begun: Instant,
    ended: Instant,
    found: Found,
}

impl Probed {
    /// Whether it answers who came at this time: it was begun since, or all was well a moment ago.
    fn answers(&self, came: Instant) -> bool {
        let well = self.found.values().all(Option::is_none);
        self.begun >= came || well && self.ended.elapsed() < WELL
    }
}

impl Pages {
    fn new(telemetry: Telemetry) -> Self {
        Self { telemetry, last: Mutex::default() }
    }

    async fn probed(&self) -> Found {
        let came = Instant::now();
        let mut last = self.last.lock().await;
        match &*last {
            Some(probed) if probed.answers(came) => probed.found.clone(),
            Some(_) | None => {
                let begun = Instant::now();
                let found = probed(&self.telemetry).await;
                *last = Some(Probed { begun, ended: Instant::now(), found: found.clone() });
                found
            }
        }
    }
}

/// It answers: that is all there is to say.
async fn livez() -> &'static str {
    "ok\n"
}

async fn healthz(State(pages): State<Arc<Pages>>) -> (StatusCode, String) {
    page(&pages.probed().await)
}

async fn readyz(State(pages): State<Arc<Pages>>) -> (StatusCode, String) {
    let mut found = pages.probed().await;
    for (driver, reason) in (pages.telemetry.unready)() {
        found.entry(driver).or_default().get_or_insert(reason);
    }
    page(&found)
}

/// One line a driver: `NAME ok` or `NAME failed: REASON`; 503 if any failed.
fn page(found: &Found) -> (StatusCode, String) {
    let well = found.values().all(Option::is_none);
    let status = if well { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let mut text = String::new();
    for (driver, problem) in found {
        // Writing to a String cannot fail.
        let _ = match problem {
            None => writeln!(text, "{driver} ok"),
            Some(reason) => writeln!(text, "{driver} failed: {reason}"),
        };
    }
    (status, text)
}

/// Asks all drivers at once.
async fn probed(telemetry: &Telemetry) -> Found {
    let drivers = (telemetry.drivers)();
    let unanswered = || Some(format!("no answer within {PROBE:?}"));
    let mut found: Found = drivers.iter().map(|(name, _)| (name.clone(), unanswered())).collect();
    let mut asked = JoinSet::new();
    for (driver, socket) in drivers {
        asked.spawn(async move {
            let problem = match probe(&socket).await {
                Ok(true) => None,
                Ok(false) => Some("not ready yet".to_owned()),
                Err(error) => Some(error.to_string()),
            };
            (driver, problem)
        });
    }
    let all = async {
        while let Some(answer) = asked.join_next().await {
            found.extend(answer);
        }
    };
    // Whoever has not answered by then is in the list as such.
    let _ = tokio::time::timeout(PROBE, all).await;
    found
}

async fn probe(socket: &Path) -> anyhow::Result<bool> {
    let mut identity = IdentityClient::new(client::connect(socket).await?);
    let answer = identity
        .probe(ProbeRequest {})
        .await
        .map_err(|status| anyhow::anyhow!("{}", status.message()))?;
    Ok(answer.into_inner().ready.unwrap_or(true))
}

/// In JSON, for `mooring status`.
async fn registrations(
    State(pages): State<Arc<Pages>>,
) -> ([(HeaderName, &'static str); 1], String) {
    let told = Registrations { drivers: (pages.telemetry.registrations)() };
    // Our own plain types can always be written.
    ([(CONTENT_TYPE, "application/json")], serde_json::to_string(&told).unwrap_or_default())
}

async fn metrics(State(pages): State<Arc<Pages>>) -> String {
    let own = pages.telemetry.metrics.text();
    let Some(upstream) = &pages.telemetry.upstream else { return own };
    match client::get(upstream, "/metrics").await {
        Ok(other) => merge(own, &other),
        Err(error) => {
            tracing::warn!(%error, "the controller's metrics cannot be read");
            own
        }
    }
}

/// Two expositions as one: samples of one family must stand together, so the families of the
/// second follow those of the first, which share no name but for the label `process`.
fn merge(mut first: String, second: &str) -> String {
    if let Some(end) = first.rfind("# EOF") {
        first.truncate(end);
    }
    let seen: std::collections::BTreeSet<String> =
        first.lines().filter(|line| line.starts_with("# ")).map(str::to_owned).collect();
    for line in second.lines().filter(|line| !seen.contains(*line)) {
        first.push_str(line);
        first.push('\n');
    }
    first
}
