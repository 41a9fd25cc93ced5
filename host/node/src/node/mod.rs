//! The Node service: takes requests, has them carried out on threads that may block, and answers.
//!
//! One operation a volume and a path at a time. The work goes on when its caller is gone or its
//! deadline has passed, under the same guard: a repeated call finds it busy, then done.

mod expand;
mod health;
mod inline;
mod leftovers;
mod noted;
mod orders;
mod publish;
mod sandbox;
mod settle;
mod stage;
mod stats;
mod teardown;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use mooring_volume::backend::{Attachments, NodeDescription, Nodes, Volumes};
use mooring_volume::capability::FsType;
use mooring_volume::id::NodeId;
use mooring_volume::node::{self, ExpandNode, GetStats, Publish, PublishInline, Stage, Stats};
use mooring_volume::policy::Grants;
use mooring_volume::{Call, Code, DriverName, Error, Result, StringMap, VolumeId};
use tokio::sync::Notify;

use crate::attach::KataPaths;
use crate::freezes::Freezes;
use crate::guard::Guards;
use crate::observe::{self, Scope};
use crate::os::Machine;
use crate::tally::Tally;
use crate::{place, record};

pub use leftovers::Meter;
use settle::unlooked;

/// What the operator says of one driver on this node.
#[derive(Debug, Clone)]
pub struct NodeConfig {
    /// The driver.
    pub driver: DriverName,
    /// What it may.
    pub grants: Grants,
    /// What blank volumes get that do not say which file system they want (`filesystem`).
    pub filesystem: FsType,
    /// Directories that staging and target paths must lie in (`node.targetRoots`). The
    /// orchestrator's paths may start with them as written here or as they really are.
    pub target_roots: Vec<PathBuf>,
    /// The host's own directory; records go to `node/<driver>` below it.
    pub state_dir: PathBuf,
    /// The operator's name for this node (`node.id`).
    pub node_id: NodeId,
    /// The operator's labels for this node (`node.labels`).
    pub labels: StringMap,
    /// Where Kata Containers is to be found (`node.kata`).
    pub kata: KataPaths,
}

/// The Node service of one driver, over a machine `M` and the backend `A` that says where volumes
/// are.
#[derive(Debug)]
pub struct Node<M, A> {
    inner: Arc<Inner<M>>,
    backend: A,
}

/// What the threads that do the work share.
#[derive(Debug)]
struct Inner<M> {
    config: NodeConfig,
    os: Arc<M>,
    guards: Guards,
    freezes: Freezes,
    /// The node as the backend described it, once it was asked.
    described: Mutex<Option<NodeDescription>>,
    /// Steps that failed, by their names.
    failed: Arc<Tally<&'static str>>,
    /// Told when a pod's volume is left to be deleted.
    wake: Arc<Notify>,
}

/// What an operator watches of one driver on this node.
#[derive(Debug, Clone)]
pub struct Counted {
    /// Whose.
    pub driver: DriverName,
    /// Volumes that the node has records of; none where they can't be listed.
    pub volumes: Option<usize>,
    /// Steps that failed since the start, by their names.
    pub failed_steps: BTreeMap<&'static str, u64>,
}

impl<M: Machine, A> Node<M, A> {
    /// Makes the service. Touches nothing.
    pub fn new(config: NodeConfig, os: Arc<M>, backend: A) -> Self {
        let (guards, freezes) = (Guards::default(), Freezes::default());
        let (described, wake) = (Mutex::default(), Arc::default());
        let failed = Arc::default();
        let inner = Inner { config, os, guards, freezes, described, failed, wake };
        Self { inner: Arc::new(inner), backend }
    }

    /// The same service under a new configuration and backend: operations of both exclude each
    /// other, so that a swap while the host runs is safe.
    #[must_use]
    pub fn reconfigured(&self, config: NodeConfig, backend: A) -> Self {
        let inner = Inner {
            config,
            os: Arc::clone(&self.inner.os),
            guards: self.inner.guards.clone(),
            freezes: self.inner.freezes.clone(),
            described: Mutex::new(self.inner.described()),
            failed: Arc::clone(&self.inner.failed),
            wake: Arc::clone(&self.inner.wake),
        };
        Self { inner: Arc::new(inner), backend }
    }

    /// What an operator watches.
    pub fn counted(&self) -> Counted {
        let NodeConfig { driver, state_dir, .. } = &self.inner.config;
        let records = self.inner.os.list_records(&record::directory(state_dir, driver));
        Counted {
            driver: driver.clone(),
            volumes: records.map(|records| records.len()).ok(),
            failed_steps: self.inner.failed.counts(),
        }
    }

    /// Does work that may block, under its guard, for as long as it takes; the caller waits until
    /// its deadline.
    async fn work<T, G, W>(&self, call: &Call, guard: G, work: W) -> Result<T>
    where
        T: Send + 'static,
        G: Send + 'static,
        W: FnOnce(&Inner<M>) -> Result<T> + Send + 'static,
    {
        let inner = Arc::clone(&self.inner);
        let span = tracing::Span::current();
        let task = tokio::task::spawn_blocking(move || {
            let _held = guard;
            span.in_scope(|| work(&inner))
        });
        match tokio::time::timeout_at(call.deadline.into(), task).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(stopped)) => {
                Err(Error::unavailable(format!("the operation stopped unexpectedly: {stopped}")))
            }
            Err(_) => Err(Error::new(
                Code::DeadlineExceeded,
                "the deadline has passed and the operation goes on; call again to learn how it \
                 ended",
            )),
        }
    }
}

impl<M: Machine, A> Node<M, A> {
    /// Whether a volume may be staged at all where it is asked for.
    async fn check_place(&self, request: &Stage) -> Result<()> {
        let (inner, path) = (Arc::clone(&self.inner), request.staging_path.clone());
        let look = move || inner.allowed("staging_target_path", &path).map(drop);
        tokio::task::spawn_blocking(look).await.unwrap_or_else(|stopped| {
            Err(Error::unavailable(format!("looking at the roots stopped unexpectedly: {stopped}")))
        })
    }
}

impl<M: Machine> Inner<M> {
    fn scope(&self) -> Scope<'_> {
        let NodeConfig { driver, grants, state_dir, node_id: node, kata, .. } = &self.config;
        let (kata, failed) = (kata.direct_volumes.as_path(), &*self.failed);
        Scope { driver, grants, state_dir, node, kata, failed }
    }

    /// Checks a path that is to be mounted on; answers it as it stands in the mount table.
    fn allowed(&self, field: &str, path: &Path) -> Result<PathBuf> {
        let roots = observe::roots(&*self.os, &self.config.target_roots).map_err(unlooked)?;
        let own = self.config.grants.pools.values().chain([&self.config.state_dir]);
        let forbidden: Vec<PathBuf> = own
            .flat_map(|path| [Some(path.clone()), self.os.real_root(path).ok()])
            .flatten()
            .collect();
        place::allowed(field, path, &roots, &forbidden)
    }

    /// A path that may be the volume's already, as it stands in the mount table. One outside the
    /// roots is taken as it is: if anything of the volume is there it is found, else nothing is
    /// done.
    fn known_as(&self, path: &Path) -> Result<PathBuf> {
        let roots = observe::roots(&*self.os, &self.config.target_roots).map_err(unlooked)?;
        let known = place::below_roots(path, &roots);
        Ok(known.unwrap_or_else(|| path.components().collect()))
    }
}

impl<M> Inner<M> {
    fn described(&self) -> Option<NodeDescription> {
        self.described.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl<M: Machine, A: Attachments + Nodes + Volumes> node::Node for Node<M, A> {
    async fn stage(&self, call: &Call, request: Stage) -> Result<()> {
        let asked = stage::check(&self.inner.config.grants, &request)?;
        let guard = self.inner.guards.take(&request.volume_id, &request.staging_path)?;
        // Before the backend is asked: its host makes the image that it describes.
        self.check_place(&request).await?;
        let question = stage::question(&self.inner, &request);
        match self.backend.describe_attachment(call, question).await {
            Ok(attached) => {
                let work = move |node: &Inner<M>| node.stage(&request, asked, &attached);
                self.work(call, guard, work).await
            }
            Err(error) if error.code.is_final() => {
                let work = move |node: &Inner<M>| Err(node.stage_refused(&request, error));
                self.work(call, guard, work).await
            }
            Err(error) => Err(error),
        }
    }

    async fn unstage(&self, call: &Call, volume: VolumeId, staging_path: PathBuf) -> Result<()> {
        place::check_form("staging_target_path", &staging_path)?;
        self.thaw_volume(&volume).await?;
        let guard = self.inner.guards.take(&volume, &staging_path)?;
        self.work(call, guard, move |node| node.unstage(&volume, &staging_path)).await
    }

    async fn publish(&self, call: &Call, request: Publish) -> Result<()> {
        let asked = publish::check(&self.inner.config.grants, &request)?;
        let guard = self.inner.guards.take(&request.volume_id, &request.target_path)?;
        self.work(call, guard, move |node| node.publish(&request, asked)).await
    }

    async fn publish_inline(&self, call: &Call, request: PublishInline) -> Result<()> {
        self.inline(call, request).await
    }

    async fn unpublish(&self, call: &Call, volume: VolumeId, target_path: PathBuf) -> Result<()> {
        place::check_form("target_path", &target_path)?;
        let guard = Arc::new(self.inner.guards.take(&volume, &target_path)?);
        let asked = volume.clone();
        let unpublish = move |node: &Inner<M>| node.unpublish_any(&asked, &target_path);
        if self.work(call, Arc::clone(&guard), unpublish).await? {
            self.give_back_soon(call, &guard, &volume).await;
        }
        Ok(())
    }

    async fn stats(&self, call: &Call, request: GetStats) -> Result<Stats> {
        place::check_form("volume_path", &request.volume_path)?;
        let guard = self.inner.guards.read(&request.volume_id, call.deadline).await?;
        self.work(call, guard, move |node| node.stats(&request)).await
    }

    async fn expand(&self, call: &Call, request: ExpandNode) -> Result<u64> {
        place::check_form("volume_path", &request.volume_path)?;
        let guard = self.inner.guards.take(&request.volume_id, &request.volume_path)?;
        self.work(call, guard, move |node| node.expand(&request)).await
    }

    async fn info(&self, call: &Call) -> Result<NodeDescription> {
        let os = Arc::clone(&self.inner.os);
        let facts = tokio::task::spawn_blocking(move || os.facts());
        let mut facts = facts.await.map_err(|stopped| {
            Error::unavailable(format!("looking at the machine stopped unexpectedly: {stopped}"))
        })?;
        self.inner.config.node_id.as_str().clone_into(&mut facts.id);
        facts.labels.clone_from(&self.inner.config.labels);
        let description = self.backend.describe_node(call, facts).await?;
        *self.inner.described.lock().unwrap_or_else(PoisonError::into_inner) =
            Some(description.clone());
        Ok(description)
    }
}
