//! Tells the objects what became of them: each host its own entry, and all together the summary, by server-side apply.
//!
//! Each host's field manager owns its entry of `status.nodes` alone, so no host writes over another's. The summary has one
//! manager for all, since all compute the same.

use std::collections::BTreeMap;
use std::path::PathBuf;

use k8s_openapi::jiff::{Timestamp, Unit};
use kube::api::{Api, Patch, PatchParams};
use kube::runtime::events::{Recorder, Reporter};
use kube::runtime::reflector::Store;
use kube::{Client, Resource as _, ResourceExt as _};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::driver::{Driver, DriverStatus, NodeStatus, Reason};
use crate::follow::Written;
use crate::host::{self, Status};
use crate::news::news;
use crate::overall::summary;
use crate::standing::{Judged, Known};

/// Owns the summary.
const SUMMARY: &str = "mooring-operator";
/// Source: Kubernetes' API, field managers have 128 characters at most.
const LONGEST_MANAGER: usize = 128;

/// Whom to ask and whom to tell.
pub struct Teller {
    drivers: Api<Driver>,
    recorder: Recorder,
    /// This host's name in `status.nodes`.
    node: String,
    socket: PathBuf,
    /// The drivers that the installation has sidecars for; none: nobody told.
    sidecars: Option<Vec<String>>,
    /// What was told last, by the objects' names.
    told: BTreeMap<String, NodeStatus>,
    /// Of what the summaries were made last. Where operators of two versions run, each writes its own words once and not
    /// against the other's for ever.
    summed: BTreeMap<String, (i64, Vec<NodeStatus>)>,
}

/// What there is to tell of one object.
struct Matter<'a> {
    object: &'a Driver,
    judged: &'a Judged,
    written: &'a str,
    host: Result<&'a Status, &'a str>,
}

impl Teller {
    /// For the host that answers at `socket`.
    #[must_use]
    pub fn new(
        client: Client,
        node: String,
        socket: PathBuf,
        sidecars: Option<Vec<String>>,
    ) -> Self {
        let reporter =
            Reporter { controller: "mooring-operator".to_owned(), instance: Some(node.clone()) };
        Self {
            drivers: Api::all(client.clone()),
            recorder: Recorder::new(client, reporter),
            node,
            socket,
            sidecars,
            told: BTreeMap::new(),
            summed: BTreeMap::new(),
        }
    }

    /// Tells all objects what became of them. Answers whether more is to come soon: the host is at it.
    ///
    /// # Errors
    /// The API's.
    pub async fn tell(
        &mut self,
        objects: &Store<Driver>,
        written: &Written,
    ) -> Result<bool, kube::Error> {
        let asked = host::status(&self.socket).await.map_err(|error| format!("{error:#}"));
        let host = asked.as_ref().map_err(String::as_str);
        let objects = objects.state();
        let there = |name: &String| objects.iter().any(|object| object.name_any() == **name);
        self.told.retain(|name, _| there(name));
        self.summed.retain(|name, _| there(name));
        let mut soon = false;
        for object in &objects {
            let Some(judged) = written.objects.get(&object.name_any()) else { continue };
            let matter = Matter { object, judged, written: &written.digest, host };
            let nodes = self.tell_own(&matter, &mut soon).await?;
            self.tell_all(object, nodes).await?;
        }
        Ok(soon)
    }

    /// Tells this host's own. Answers all entries as they are then.
    async fn tell_own(
        &mut self,
        matter: &Matter<'_>,
        soon: &mut bool,
    ) -> Result<Vec<NodeStatus>, kube::Error> {
        let Matter { object, judged, written, host } = *matter;
        let name = object.name_any();
        let entries = entries(object);
        let seen = entries.iter().find(|entry| entry.node == self.node);
        let before = self.told.get(&name).or(seen).cloned();
        // A host that has never answered is one that starts: there is nothing to tell of it yet.
        if before.is_none() && host.is_err() {
            *soon = true;
            return Ok(entries);
        }
        let sidecars = self.sidecars.as_ref().map(|known| known.contains(&name));
        let known = Known {
            node: &self.node,
            name: &name,
            judged,
            written,
            host,
            sidecars,
            before: before.as_ref(),
        };
        let now = known.standing();
        *soon |= matches!(now.reason, Reason::Progressing | Reason::HostAway);
        if seen == Some(&now) {
            self.told.insert(name, now);
            return Ok(entries);
        }
        let told = self.apply(&name, &self.manager(), &json!({ "nodes": [now] })).await?;
        let told = told.map_or_else(Vec::new, |object| self::entries(&object));
        if before.as_ref() != Some(&now) {
            for event in news(before.as_ref(), &now) {
                tracing::info!(driver = name, reason = event.reason, note = event.note, "told");
                self.recorder.publish(&event, &object.object_ref(&())).await?;
            }
        }
        self.told.insert(name, now);
        Ok(told)
    }

    /// Tells the summary of these entries, where it is another one by them.
    async fn tell_all(
        &mut self,
        object: &Driver,
        nodes: Vec<NodeStatus>,
    ) -> Result<(), kube::Error> {
        let (name, generation) =
            (object.name_any(), object.metadata.generation.unwrap_or_default());
        let of = (generation, nodes);
        if self.summed.get(&name) == Some(&of) {
            return Ok(());
        }
        let found = object.status.clone().unwrap_or_default();
        let wanted = summary(&of.1, generation, &found.conditions, &now());
        if wanted != (DriverStatus { nodes: Vec::new(), ..found }) {
            self.apply(&name, SUMMARY, &json!(wanted)).await?;
        }
        self.summed.insert(name, of);
        Ok(())
    }

    /// Takes this host's entries away, at its orderly end: whoever ends the operator ends the host beside it.
    ///
    /// # Errors
    /// The API's.
    pub async fn leave(&mut self, objects: &Store<Driver>) -> Result<(), kube::Error> {
        for object in objects.state() {
            let mut nodes = entries(&object);
            if nodes.iter().any(|entry| entry.node == self.node) {
                self.apply(&object.name_any(), &self.manager(), &json!({})).await?;
                nodes.retain(|entry| entry.node != self.node);
                self.tell_all(&object, nodes).await?;
            }
        }
        Ok(())
    }

    /// Takes away what a host that is gone for good left behind: as if it had left itself.
    ///
    /// # Errors
    /// The API's.
    pub async fn forget(client: Client, node: String) -> Result<usize, kube::Error> {
        let mut teller = Self::new(client, node, PathBuf::new(), None);
        let mut forgotten = 0;
        for object in teller.drivers.list(&kube::api::ListParams::default()).await?.items {
            let mut nodes = entries(&object);
            if nodes.iter().any(|entry| entry.node == teller.node) {
                teller.apply(&object.name_any(), &teller.manager(), &json!({})).await?;
                nodes.retain(|entry| entry.node != teller.node);
                teller.tell_all(&object, nodes).await?;
                forgotten += 1;
            }
        }
        Ok(forgotten)
    }

    /// Applies a part of the status. None: the object is gone.
    async fn apply(
        &self,
        name: &str,
        manager: &str,
        status: &Value,
    ) -> Result<Option<Driver>, kube::Error> {
        let whole = json!({
            "apiVersion": Driver::api_version(&()),
            "kind": Driver::kind(&()),
            "metadata": { "name": name },
            "status": status,
        });
        let params = PatchParams::apply(manager).force();
        match self.drivers.patch_status(name, &params, &Patch::Apply(&whole)).await {
            Ok(object) => Ok(Some(object)),
            Err(kube::Error::Api(status)) if status.code == 404 => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Owns this host's entries.
    fn manager(&self) -> String {
        let manager = format!("{SUMMARY}-{}", self.node);
        if manager.len() <= LONGEST_MANAGER {
            return manager;
        }
        let hash = Sha256::digest(self.node.as_bytes());
        hash.iter().fold(format!("{SUMMARY}-"), |text, byte| format!("{text}{byte:02x}"))
    }
}

fn entries(object: &Driver) -> Vec<NodeStatus> {
    object.status.as_ref().map(|status| status.nodes.clone()).unwrap_or_default()
}

fn now() -> String {
    let now = Timestamp::now();
    now.round(Unit::Second).unwrap_or(now).to_string()
}
