//! The running operator: one task that watches the API, one that keeps the file, one that tells what became of it.

use std::path::{Path, PathBuf};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use futures_util::StreamExt as _;
use kube::runtime::reflector::{self, Store};
use kube::runtime::{WatchStreamExt as _, watcher};
use kube::{Api, Client};
use notify::{RecursiveMode, Watcher as _};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;
use tokio::time::{Instant, MissedTickBehavior};

use crate::driver::Driver;
use crate::follow::{Follower, Objects, Written};
use crate::live::Live;
use crate::report::Teller;

/// The host is asked so often while it takes a change over, and when an object changed.
const SOON: Duration = Duration::from_secs(1);
/// The host is asked so often in any case: roll-backs and failures come by themselves.
const ROUND: Duration = Duration::from_secs(10);
/// What the API may take for all objects together; within a pod's grace when it ends.
const PATIENCE: Duration = Duration::from_secs(20);

/// Where everything is.
#[derive(Debug, Clone)]
pub struct Places {
    /// The configuration file that people write.
    pub base: PathBuf,
    /// The one that the host follows.
    pub live: PathBuf,
    /// The host's program, by which objects are checked.
    pub program: Option<PathBuf>,
    /// The host's status socket. None: as the base says.
    pub socket: Option<PathBuf>,
}

impl Places {
    /// What makes the one file of the other.
    #[must_use]
    pub fn follower(&self) -> Follower {
        Follower::new(self.base.clone(), Live::new(self.live.clone()), self.program.clone())
    }

    /// Where the host tells its status: as the program derives it of the configuration.
    fn socket(&self) -> anyhow::Result<PathBuf> {
        if let Some(socket) = &self.socket {
            return Ok(socket.clone());
        }
        let told = || format!("the configuration file {}", self.base.display());
        let text = std::fs::read_to_string(&self.base).with_context(told)?;
        let base: serde_json::Value = serde_saphyr::from_str(&text).with_context(told)?;
        let path = |pointer: &str| base.pointer(pointer)?.as_str().map(PathBuf::from);
        let sockets = path("/controller/socketDir").unwrap_or_else(|| {
            path("/socketDir").unwrap_or_else(|| "/run/mooring".into()).join("controller")
        });
        Ok(sockets.join("status.sock"))
    }
}

/// Runs until SIGTERM or SIGINT.
///
/// # Errors
/// When it cannot begin.
pub async fn run(
    places: Places,
    node: String,
    sidecars: Option<Vec<String>>,
) -> anyhow::Result<()> {
    let (mut terminate, mut interrupt) =
        (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    let follower = places.follower();
    // Whatever the API server does: the host needs a file to start with.
    follower.seed()?;
    let socket = places.socket()?;
    let client = Client::try_default()
        .await
        .context("no Kubernetes API is named: neither KUBECONFIG nor a pod's account")?;
    let (seen, looked) = watch::channel(Objects::None);
    let (told, written) = watch::channel(Arc::new(Written::default()));
    let seen = Arc::new(seen);
    let _watching = watch_base(&places.base, Arc::clone(&seen))?;
    let (objects, writer) = reflector::store();
    let drivers: Api<Driver> = Api::all(client.clone());
    tracing::info!(node, socket = %socket.display(), live = %places.live.display(), "following Driver objects");
    let mut teller = Teller::new(client, node, socket, sidecars);
    let (all, changes) = (objects.clone(), seen.subscribe());
    tokio::select! {
        () = follow_objects(drivers, writer, objects.clone(), &seen) => {}
        () = follower.run(looked, told) => {}
        () = keep_telling(&mut teller, &all, written, changes) => {}
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    match tokio::time::timeout(PATIENCE, teller.leave(&objects)).await {
        Ok(Ok(())) => tracing::info!("ended; the objects no longer tell of this host"),
        Ok(Err(error)) => tracing::warn!(%error, "ended; the objects still tell of this host"),
        Err(_) => tracing::warn!(
            "ended; the API server does not answer, and the objects still tell of this host"
        ),
    }
    Ok(())
}

/// Follows the objects, by the library's own back-off. Does not end.
async fn follow_objects(
    drivers: Api<Driver>,
    writer: reflector::store::Writer<Driver>,
    objects: Store<Driver>,
    seen: &watch::Sender<Objects>,
) {
    let events = reflector::reflector(writer, watcher(drivers, watcher::Config::default()))
        .default_backoff();
    let mut events = pin!(events);
    let mut last = String::new();
    while let Some(event) = events.next().await {
        match event {
            // The list is not whole yet.
            Ok(watcher::Event::Init | watcher::Event::InitApply(_)) => {}
            Ok(watcher::Event::InitDone | watcher::Event::Apply(_) | watcher::Event::Delete(_)) => {
                last.clear();
                let mut all = objects.state();
                all.sort_by(|a, b| a.metadata.name.cmp(&b.metadata.name));
                seen.send_replace(Some(all));
            }
            Err(error) => {
                let reason = reason(error);
                if reason != last {
                    tracing::warn!(
                        reason,
                        "Driver objects are not seen; what they said last holds"
                    );
                    last = reason;
                }
            }
        }
    }
}

/// What the API server said, or what kept it from saying something.
fn reason(error: watcher::Error) -> String {
    match error {
        watcher::Error::InitialListFailed(kube::Error::Api(status))
        | watcher::Error::WatchStartFailed(kube::Error::Api(status))
        | watcher::Error::WatchFailed(kube::Error::Api(status)) => status.message,
        watcher::Error::WatchError(status) => status.message,
        watcher::Error::InitialListFailed(_)
        | watcher::Error::WatchStartFailed(_)
        | watcher::Error::WatchFailed(_)
        | watcher::Error::NoResourceVersion => format!("{:#}", anyhow::Error::new(error)),
    }
}

/// Looks again whenever the base file is another one: itself, or the link by which Kubernetes changes a ConfigMap's.
fn watch_base(
    base: &Path,
    seen: Arc<watch::Sender<Objects>>,
) -> anyhow::Result<notify::RecommendedWatcher> {
    let changed = move |event: notify::Result<notify::Event>| match event {
        // Reading it is no change.
        Ok(event) if event.kind.is_access() => {}
        Ok(_) => seen.send_modify(|_| {}),
        Err(error) => {
            tracing::warn!(%error, "changes of the configuration file may not be noticed")
        }
    };
    let mut watcher = notify::recommended_watcher(changed)?;
    let folder =
        base.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    watcher
        .watch(folder, RecursiveMode::NonRecursive)
        .with_context(|| format!("{} is not watched", folder.display()))?;
    Ok(watcher)
}

/// Tells what became of the objects: soon after something changed, and round after round. Does not end.
async fn keep_telling(
    teller: &mut Teller,
    objects: &Store<Driver>,
    mut written: watch::Receiver<Arc<Written>>,
    mut seen: watch::Receiver<Objects>,
) {
    let mut tick = tokio::time::interval(SOON);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let (mut soon, mut last, mut failed) = (true, Instant::now(), String::new());
    loop {
        // At most so often, however many nodes write into the objects.
        tick.tick().await;
        let changed = written.has_changed().unwrap_or(false) || seen.has_changed().unwrap_or(false);
        if !(soon || changed || last.elapsed() >= ROUND) {
            continue;
        }
        seen.mark_unchanged();
        let now = Arc::clone(&written.borrow_and_update());
        last = Instant::now();
        let outcome = tokio::time::timeout(PATIENCE, teller.tell(objects, &now)).await;
        let reason = match outcome {
            Ok(Ok(more)) => {
                soon = more;
                failed.clear();
                continue;
            }
            Ok(Err(kube::Error::Api(status))) => status.message,
            Ok(Err(error)) => format!("{:#}", anyhow::Error::new(error)),
            Err(_) => "no answer in time".to_owned(),
        };
        soon = false;
        if reason != failed {
            tracing::warn!(
                reason,
                "the objects are not told what became of them; it is tried again"
            );
            failed = reason;
        }
    }
}
