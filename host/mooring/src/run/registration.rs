//! Lets kubelet find one driver, for as long as it is served.
//!
//! ```text
//! waiting ── the driver answers ──► its socket stands in kubelet's directory ── kubelet's verdict ──► registered
//!    ▲                                                                                │
//!    └───── a pause, without a socket ◄─────────── refused ◄──────────────────────────┘
//! ```
//!
//! Kubelet does not try a driver again that it refused, until its socket is another one; so it gets another one.
//! A restarted kubelet looks through its directory by itself, and a restarted host puts a new socket in the old one's
//! place, which kubelet sees (inotify's MOVED_TO) and takes for one that was created.

use std::path::Path;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use mooring_csi::{Claim, Plugin, Settings, Telemetry, Verdict, registration_app};
use mooring_proto::csi::v1::NodeGetInfoRequest;
use mooring_proto::csi::v1::node_client::NodeClient;
use mooring_volume::DriverName;
use tokio::sync::{Notify, watch};

use super::meters::Measured;
use crate::client;
use crate::config::Registration;

/// How long the driver may take to answer before it is asked again.
const ANSWER: Duration = Duration::from_secs(10);
/// Between two questions to a driver that does not answer; doubled from the first to the last.
const FIRST_LOOK: Duration = Duration::from_millis(100);
const LAST_LOOK: Duration = Duration::from_secs(5);
/// Without a socket, after a refusal or a socket that could not be had; doubled while it stays so. Kubelet looks once
/// a second for what changed.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LAST_PAUSE: Duration = Duration::from_secs(60);
/// How long kubelet's running calls may take to end: they wait for nothing.
const LEAVE: Duration = Duration::from_secs(2);

/// How a driver stands with kubelet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Standing {
    /// Not registered, for this reason.
    Waiting(String),
    /// Kubelet has said so.
    Registered,
    /// Kubelet has said why not. It stays so until kubelet says something else.
    Refused(String),
}

impl Standing {
    /// Why it is not registered; none where it is.
    pub(crate) fn problem(&self) -> Option<String> {
        match self {
            Self::Waiting(reason) => Some(reason.clone()),
            Self::Registered => None,
            Self::Refused(reason) => Some(format!("kubelet refused it: {reason}")),
        }
    }
}

/// One driver, to be offered to kubelet.
pub(crate) struct Offer {
    pub(crate) driver: DriverName,
    /// Its own CSI socket.
    pub(crate) csi: std::path::PathBuf,
    pub(crate) registration: Registration,
    /// Of the CSI socket: one host at a time registers the driver.
    pub(crate) claim: Claim,
    pub(crate) telemetry: Telemetry,
    pub(crate) measured: Arc<Measured>,
    pub(crate) standing: watch::Sender<Standing>,
}

impl Offer {
    /// Keeps the driver registered until `end`, and removes the socket then.
    pub(crate) async fn keep(self, end: impl Future<Output = ()>) {
        let mut end = pin!(end);
        let mut pause = FIRST_PAUSE;
        loop {
            tokio::select! {
                () = &mut end => return,
                () = self.answers() => {}
            }
            match self.stand(end.as_mut()).await {
                Left::Ended => return,
                Left::Lost => pause = FIRST_PAUSE,
                Left::Never => {}
            }
            tokio::select! {
                () = &mut end => return,
                () = tokio::time::sleep(pause) => {}
            }
            pause = (pause * 2).min(LAST_PAUSE);
        }
    }

    /// Waits until the driver answers what kubelet asks it first, so that kubelet has no reason to refuse it.
    async fn answers(&self) {
        let mut pause = FIRST_LOOK;
        loop {
            let reason = match tokio::time::timeout(ANSWER, node_info(&self.csi)).await {
                Ok(Ok(())) => return,
                Ok(Err(error)) => error.to_string(),
                Err(_) => format!("nothing within {ANSWER:?}"),
            };
            tracing::debug!(driver = %self.driver, reason, "not offered to kubelet yet");
            self.waits(format!("the driver does not answer NodeGetInfo yet: {reason}"));
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(LAST_LOOK);
        }
    }

    /// Lets kubelet find the driver until `end` or a refusal; then the socket is gone.
    async fn stand(&self, end: Pin<&mut impl Future<Output = ()>>) -> Left {
        let Registration { socket, endpoint } = &self.registration;
        // What kubelet said of the last socket stands until it says something of this one.
        if !matches!(*self.standing.borrow(), Standing::Refused(_)) {
            self.waits("kubelet has not asked for it yet".to_owned());
        }
        let listener = match self.claim.bind(socket) {
            Ok(listener) => listener,
            Err(error) => {
                let reason = format!("{:#}", anyhow::Error::from(error));
                tracing::error!(driver = %self.driver, reason, "kubelet cannot find the driver");
                self.waits(reason);
                return Left::Never;
            }
        };
        tracing::info!(driver = %self.driver, socket = %socket.display(), "kubelet can find it");
        let plugin =
            Plugin { driver: self.driver.clone(), endpoint: endpoint.display().to_string() };
        let ear = Arc::new(Ear {
            driver: self.driver.clone(),
            measured: Arc::clone(&self.measured),
            standing: self.standing.clone(),
            was_registered: AtomicBool::new(false),
            refused: Notify::new(),
        });
        let hears = Arc::clone(&ear);
        let hear = move |verdict| hears.hear(verdict);
        let app = registration_app(plugin, hear, &self.telemetry, &Settings::node());
        let mut left = Left::Ended;
        let over = async {
            tokio::select! {
                () = end => {}
                () = ear.refused.notified() => left = Left::Never,
            }
        };
        mooring_csi::serve(listener, app, over, LEAVE).await;
        match left {
            Left::Never if ear.was_registered.load(Ordering::Relaxed) => Left::Lost,
            left @ (Left::Never | Left::Lost | Left::Ended) => left,
        }
    }

    fn waits(&self, reason: String) {
        self.standing.send_replace(Standing::Waiting(reason));
    }
}

/// Why the socket stands no more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Left {
    /// The driver is served no more.
    Ended,
    /// It was registered, and then refused.
    Lost,
    /// It was not registered.
    Never,
}

/// Hears what kubelet says.
struct Ear {
    driver: DriverName,
    measured: Arc<Measured>,
    standing: watch::Sender<Standing>,
    was_registered: AtomicBool,
    refused: Notify,
}

impl Ear {
    fn hear(&self, verdict: Verdict) {
        match verdict {
            Verdict::Registered => {
                tracing::info!(driver = %self.driver, "registered with kubelet");
                self.measured.registration(&self.driver, "registered");
                self.was_registered.store(true, Ordering::Relaxed);
                self.standing.send_replace(Standing::Registered);
            }
            Verdict::Refused(reason) => {
                // Debug escapes control characters: kubelet's words can't forge lines.
                tracing::error!(driver = %self.driver, ?reason, "kubelet refused the driver");
                self.measured.registration(&self.driver, "refused");
                self.standing.send_replace(Standing::Refused(reason));
                self.refused.notify_one();
            }
        }
    }
}

async fn node_info(csi: &Path) -> anyhow::Result<()> {
    let mut node = NodeClient::new(client::connect(csi).await?);
    let mut request = tonic::Request::new(NodeGetInfoRequest {});
    request.set_timeout(ANSWER);
    let answer = node.node_get_info(request).await;
    answer.map(drop).map_err(|status| anyhow::anyhow!("{}", status.message()))
}
