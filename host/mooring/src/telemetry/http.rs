//! `/healthz` and `/metrics`, on a socket and, if the operator asks, a loopback address.

use std::fmt::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::get;
use mooring_proto::csi::v1::ProbeRequest;
use mooring_proto::csi::v1::identity_client::IdentityClient;
use mooring_volume::DriverName;
use tokio::net::{TcpListener, UnixListener};

use super::metrics::Metrics;
use crate::client;

/// How long one driver's Probe may take before it counts as unhealthy.
const PROBE: Duration = Duration::from_secs(5);

/// Every driver, with where it answers Probe, as it is now.
pub(crate) type Probed = Box<dyn Fn() -> Vec<(DriverName, PathBuf)> + Send + Sync>;

/// What the two pages are made of.
pub(crate) struct Telemetry {
    pub(crate) metrics: Arc<Metrics>,
    /// Where each driver answers Probe.
    pub(crate) drivers: Probed,
    /// The controller process's own telemetry socket, where `/metrics` shows both processes.
    pub(crate) upstream: Option<PathBuf>,
}

impl Telemetry {
    fn router(self) -> Router {
        Router::new()
            .route("/healthz", get(healthz))
            .route("/metrics", get(metrics))
            .with_state(Arc::new(self))
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

/// One line a driver: `NAME ok` or `NAME failed: REASON`; 503 if any failed.
async fn healthz(State(telemetry): State<Arc<Telemetry>>) -> (StatusCode, String) {
    let mut status = StatusCode::OK;
    let mut text = String::new();
    for (driver, socket) in (telemetry.drivers)() {
        let outcome = tokio::time::timeout(PROBE, probe(&socket)).await;
        // Writing to a String cannot fail.
        let _ = match outcome {
            Ok(Ok(true)) => writeln!(text, "{driver} ok"),
            Ok(Ok(false)) => {
                status = StatusCode::SERVICE_UNAVAILABLE;
                writeln!(text, "{driver} failed: not ready yet")
            }
            Ok(Err(error)) => {
                status = StatusCode::SERVICE_UNAVAILABLE;
                writeln!(text, "{driver} failed: {error}")
            }
            Err(_) => {
                status = StatusCode::SERVICE_UNAVAILABLE;
                writeln!(text, "{driver} failed: no answer within {PROBE:?}")
            }
        };
    }
    (status, text)
}

async fn probe(socket: &Path) -> anyhow::Result<bool> {
    let mut identity = IdentityClient::new(client::connect(socket).await?);
    let answer = identity
        .probe(ProbeRequest {})
        .await
        .map_err(|status| anyhow::anyhow!("{}", status.message()))?;
    Ok(answer.into_inner().ready.unwrap_or(true))
}

async fn metrics(State(telemetry): State<Arc<Telemetry>>) -> String {
    let own = telemetry.metrics.text();
    let Some(upstream) = &telemetry.upstream else { return own };
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
