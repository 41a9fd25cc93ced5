//! The drivers that the controller process serves, and how they come to be those of the
//! configuration: added, removed, given another version, each without the others noticing.
//!
//! What is wrong with one driver is told, and keeps none of the others from anything.

mod candidate;
mod served;
mod view;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::Duration;

use anyhow::Context as _;
use mooring_backend::{Candidate, Difference, Engine};
use mooring_csi::Telemetry;
use mooring_store::Store;
use mooring_volume::DriverName;
use tokio::task::JoinHandle;

use super::component;
use super::meters::Measured;
use super::reload::Cause;
use super::stop::Stop;
use crate::cli::HostArgs;
use crate::config::{Config, Driver, Source};
use served::Served;
pub(crate) use view::word;

/// What all drivers of the process stand on.
pub(crate) struct Ground {
    pub(crate) engine: Arc<Engine>,
    pub(crate) store: Arc<Store>,
    pub(crate) measured: Arc<Measured>,
    pub(crate) telemetry: Telemetry,
    pub(crate) stop: Stop,
    /// Calls that the engine has room for.
    pub(crate) calls: u32,
}

/// The drivers of the controller process.
pub(crate) struct Drivers {
    ground: Ground,
    /// Where the configuration is read.
    args: HostArgs,
    /// The last good one.
    config: RwLock<Arc<Config>>,
    served: Mutex<BTreeMap<DriverName, Arc<Served>>>,
    /// What keeps the configuration, or a driver of it, from being served.
    problems: Mutex<Problems>,
    /// The digest of the file whose drivers are all served or refused.
    followed: Mutex<Option<String>>,
    /// Those whose running calls end: their sockets are free when they have.
    closing: Mutex<BTreeMap<DriverName, JoinHandle<()>>>,
    /// One change at a time.
    changing: tokio::sync::Mutex<()>,
}

#[derive(Default)]
struct Problems {
    configuration: Option<String>,
    drivers: BTreeMap<DriverName, String>,
}

impl Drivers {
    pub(crate) fn new(ground: Ground, args: HostArgs, config: Config) -> Arc<Self> {
        Arc::new(Self {
            ground,
            args,
            config: RwLock::new(Arc::new(config)),
            served: Mutex::default(),
            problems: Mutex::default(),
            followed: Mutex::default(),
            closing: Mutex::default(),
            changing: tokio::sync::Mutex::default(),
        })
    }

    /// The last good configuration.
    pub(crate) fn config(&self) -> Arc<Config> {
        Arc::clone(&self.config.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Why drivers of the configuration are not served at all.
    pub(crate) fn unserved(&self) -> Vec<(DriverName, String)> {
        let served = self.served().clone();
        let problems = self.problems();
        let absent = problems.drivers.iter().filter(|(name, _)| !served.contains_key(*name));
        absent.map(|(name, reason)| (name.clone(), reason.clone())).collect()
    }

    /// The names of those that serve.
    pub(crate) fn names(&self) -> Vec<DriverName> {
        self.served().keys().cloned().collect()
    }

    /// The files by whose change the drivers change.
    pub(crate) fn files(&self) -> std::collections::BTreeSet<PathBuf> {
        let config = self.config();
        let components = config.drivers.iter().flat_map(|driver| match &driver.backend {
            Source::File(path) => vec![path.clone(), mooring_source::signature_beside(path)],
            Source::Embedded(_) | Source::Registry(_) => Vec::new(),
        });
        components.chain(self.args.config.clone()).collect()
    }

    /// How often to look again because a component is named by a tag, which may come to mean another one.
    pub(crate) fn tags_asked(&self) -> Option<Duration> {
        let config = self.config();
        let mut sources = config.drivers.iter().map(|driver| &driver.backend);
        let tagged =
            |source: &Source| matches!(source, Source::Registry(it) if it.digest.is_none());
        sources.any(tagged).then_some(config.ask_tags_every)
    }

    /// Whether the configuration is written otherwise than it is served.
    pub(crate) fn is_behind(&self) -> bool {
        let written = self.args.config.as_ref().map(|_| self.args.configuration());
        written.is_some_and(|written| written.is_ok_and(|written| written != *self.config()))
    }

    /// Reads the configuration again, and serves what it says. A bad one changes nothing.
    ///
    /// # Errors
    /// What is wrong with the configuration, or with drivers of it; told and remembered, too.
    pub(crate) async fn reload(&self, cause: Cause) -> anyhow::Result<()> {
        let _one = self.changing.lock().await;
        // Before it is read: if it is another one by then, the next look is about that one.
        let written = self.written();
        let config = match self.reread() {
            Ok(config) => config,
            Err(error) => {
                self.has_followed(written);
                return Err(error);
            }
        };
        let failed = self.serve(&config, cause).await;
        self.has_followed(written);
        anyhow::ensure!(failed.is_empty(), "{}", failed.join("\n"));
        Ok(())
    }

    /// Serves the configuration that the process started with.
    pub(crate) async fn start(&self) {
        let _one = self.changing.lock().await;
        let config = self.config();
        let written = self.written();
        self.serve(&config, Cause::Start).await;
        // It was read before the process had its drivers, and may be another one since.
        if !self.is_behind() {
            self.has_followed(written);
        }
    }

    /// Gives one driver the version that its configuration names now; `rehearse`: only says what
    /// that would change.
    ///
    /// # Errors
    /// Why not. What serves, serves on.
    pub(crate) async fn swap(
        &self,
        name: &DriverName,
        rehearse: bool,
    ) -> anyhow::Result<Difference> {
        let _one = self.changing.lock().await;
        let config = self.reread()?;
        let driver = config.drivers.iter().find(|driver| driver.name == *name);
        let driver = driver.with_context(|| {
            format!("the configuration has no driver {name}; it has {}", listed(&config))
        })?;
        let served = self.served().get(name).cloned();
        let served = served.with_context(|| format!("driver {name} is not served yet"))?;
        let (candidate, verified) = candidate::of(&self.ground, &config, driver).await?;
        if rehearse {
            return Ok(served.serving().rehearse(candidate).await?);
        }
        let difference = served.serving().swap(candidate).await;
        self.told(name, difference.as_ref().err().map(ToString::to_string));
        served.source(&driver.backend);
        let difference = difference?;
        component::serves(&config, driver, &verified).await;
        Ok(difference)
    }

    /// Ends all, at the process's stop.
    pub(crate) async fn ended(&self) {
        let all: Vec<_> = std::mem::take(&mut *self.served()).into_values().collect();
        for served in all {
            served.ended().await;
        }
        let closing = std::mem::take(&mut *self.closing());
        for closing in closing.into_values() {
            if let Err(error) = closing.await {
                tracing::error!(%error, "a driver did not close");
            }
        }
    }

    /// The configuration as it is written now, if it is good; then it is the last good one.
    fn reread(&self) -> anyhow::Result<Arc<Config>> {
        let outcome = self.args.configuration();
        let mut problems = self.problems();
        match outcome {
            Ok(config) => {
                problems.configuration = None;
                drop(problems);
                let before = self.config();
                for key in only_at_start(&before, &config) {
                    tracing::warn!(key, "a change of this key takes a restart of the host");
                }
                let config = Arc::new(Config { drivers: config.drivers, ..(*before).clone() });
                *self.config.write().unwrap_or_else(PoisonError::into_inner) = Arc::clone(&config);
                Ok(config)
            }
            Err(error) => {
                let reason = format!("{error:#}");
                tracing::error!(
                    reason,
                    "the configuration is not taken over; the last good one holds"
                );
                problems.configuration = Some(reason);
                Err(error)
            }
        }
    }

    /// Serves what a configuration says; answers what of it cannot be served.
    async fn serve(&self, config: &Config, cause: Cause) -> Vec<String> {
        self.remove(config);
        let wanted: u32 = config.drivers.iter().map(|driver| driver.limits.concurrency).sum();
        if wanted > self.ground.calls {
            tracing::warn!(
                wanted,
                room = self.ground.calls,
                "drivers were added with more calls than there is room for: they share; a restart \
                 gives each its own"
            );
        }
        let mut failed = Vec::new();
        for driver in &config.drivers {
            let outcome = self.bring(config, driver, cause).await;
            let reason = outcome.err().map(|error| format!("{error:#}"));
            if let Some(reason) = &reason {
                tracing::error!(driver = %driver.name, reason, "not served as configured");
                failed.push(format!("driver {}: {reason}", driver.name));
            }
            self.told(&driver.name, reason);
        }
        failed
    }

    fn remove(&self, config: &Config) {
        let named = |name: &DriverName| config.drivers.iter().any(|driver| driver.name == *name);
        let mut served = self.served();
        let gone: Vec<_> = served.keys().filter(|name| !named(name)).cloned().collect();
        for name in gone {
            if let Some(gone) = served.remove(&name) {
                tracing::info!(driver = %name, "no longer served: its running calls end");
                let closed = tokio::spawn(gone.close());
                self.closing().insert(name, closed);
            }
        }
        drop(served);
        self.problems().drivers.retain(|name, _| named(name));
    }

    /// Serves one driver as configured, however it is served now.
    async fn bring(&self, config: &Config, driver: &Driver, cause: Cause) -> anyhow::Result<()> {
        let (candidate, verified) = candidate::of(&self.ground, config, driver).await?;
        self.take(config, driver, (candidate, cause)).await?;
        component::serves(config, driver, &verified).await;
        Ok(())
    }

    async fn take(
        &self,
        config: &Config,
        driver: &Driver,
        (candidate, cause): (Candidate, Cause),
    ) -> anyhow::Result<()> {
        let served = self.served().get(&driver.name).cloned();
        let Some(served) = served else {
            let closing = self.closing().remove(&driver.name);
            if let Some(closing) = closing {
                closing.await?;
            }
            let served = Served::open(&self.ground, config, driver, candidate).await?;
            self.served().insert(driver.name.clone(), Arc::new(served));
            return Ok(());
        };
        served.source(&driver.backend);
        if cause != Cause::Asked && served.serving().was_rolled_back(&candidate) {
            anyhow::bail!(
                "it served, failed and was rolled back; `mooring backend swap {}` tries it again",
                driver.name
            );
        }
        served.serving().swap(candidate).await?;
        if served.advertises(driver.csi) {
            return Ok(());
        }
        // What is advertised is fixed when a socket is opened.
        self.served().remove(&driver.name);
        let reopened = served.reopen(&self.ground, config, driver).await?;
        self.served().insert(driver.name.clone(), Arc::new(reopened));
        Ok(())
    }

    fn told(&self, name: &DriverName, reason: Option<String>) {
        let mut problems = self.problems();
        match reason {
            Some(reason) => problems.drivers.insert(name.clone(), reason),
            None => problems.drivers.remove(name),
        };
    }

    fn served(&self) -> MutexGuard<'_, BTreeMap<DriverName, Arc<Served>>> {
        self.served.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn closing(&self) -> MutexGuard<'_, BTreeMap<DriverName, JoinHandle<()>>> {
        self.closing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The digest of the configuration file as it is written now; none where there is none.
    fn written(&self) -> Option<String> {
        let text = std::fs::read(self.args.config.as_ref()?).ok()?;
        Some(mooring_source::Digest::of(&text).to_string())
    }

    fn has_followed(&self, written: Option<String>) {
        *self.followed() = written;
    }

    fn followed(&self) -> MutexGuard<'_, Option<String>> {
        self.followed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn problems(&self) -> MutexGuard<'_, Problems> {
        self.problems.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn listed(config: &Config) -> String {
    let names: Vec<_> = config.drivers.iter().map(|driver| driver.name.as_str()).collect();
    names.join(", ")
}

/// Keys other than `drivers` that differ.
pub(crate) fn only_at_start(before: &Config, after: &Config) -> Vec<&'static str> {
    let Config {
        state_dir,
        socket_dir,
        controller,
        node,
        telemetry,
        kubelet,
        registries,
        offline,
        ask_tags_every: _,
        drivers: _,
        // What `drivers` comes to by it has been decided when a configuration is compared.
        default_driver: _,
    } = before;
    let differ = [
        ("stateDir", *state_dir != after.state_dir),
        ("socketDir", *socket_dir != after.socket_dir),
        ("controller", *controller != after.controller),
        ("node", *node != after.node),
        ("telemetry", *telemetry != after.telemetry),
        ("kubelet", *kubelet != after.kubelet),
        ("registries", *registries != after.registries),
        ("offline", *offline != after.offline),
    ];
    differ.into_iter().filter(|(_, differ)| *differ).map(|(key, _)| key).collect()
}
