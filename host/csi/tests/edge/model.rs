//! Twins of a backend and of a node: volumes in memory, with the rules of the contract, and a list of every
//! effect. A [`Gate`] holds operations halfway; a [`Mood`] makes them fail as strangers' code does.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Mutex;
use std::time::Duration;

use mooring_volume::attachment::{Attached, Attachment, Content, PoolItem};
use mooring_volume::backend::*;
use mooring_volume::health::{StorageFinding, VolumeFinding};
use mooring_volume::node::{
    ExpandNode, GetStats, GetVolumeHealth, Node, NodeHealth, Publish, PublishInline, Stage, Stats,
    Usage,
};
use mooring_volume::topology::Topology;
use mooring_volume::{
    Abilities, Ability, Call, Code, DriverName, Error, NodeId, Result, Secrets, StringMap,
    VolumeId, VolumeName,
};
use tokio::sync::Semaphore;

mod optional;

use optional::Optional;

/// Holds whoever enters until it is opened.
pub(crate) struct Gate {
    entered: Semaphore,
    open: Semaphore,
}

impl Gate {
    pub(crate) fn open() -> Self {
        Self { entered: Semaphore::new(0), open: Semaphore::new(Semaphore::MAX_PERMITS) }
    }

    pub(crate) fn shut() -> Self {
        Self { entered: Semaphore::new(0), open: Semaphore::new(0) }
    }

    /// Lets everyone through from now on.
    pub(crate) fn release(&self) {
        self.open.add_permits(Semaphore::MAX_PERMITS - self.open.available_permits());
    }

    /// Until as many have come in.
    pub(crate) async fn entered(&self, count: u32) {
        let entered = self.entered.acquire_many(count);
        let entered = tokio::time::timeout(Duration::from_secs(20), entered).await;
        entered.expect("operations come this far").unwrap().forget();
    }

    pub(crate) async fn pass(&self) {
        self.entered.add_permits(1);
        drop(self.open.acquire().await.unwrap());
    }
}

/// How an operation goes.
#[derive(Clone, Default)]
pub(crate) enum Mood {
    #[default]
    Well,
    /// Fails and quotes the secrets that it was given.
    Blabs,
    Panics,
    Fails(Error),
}

/// What both twins have.
pub(crate) struct Stagecraft {
    effects: Mutex<Vec<String>>,
    pub(crate) gate: Gate,
    pub(crate) mood: Mutex<Mood>,
    /// The calls' deadlines, as seconds from when they came.
    pub(crate) budgets: Mutex<Vec<f64>>,
}

impl Stagecraft {
    fn new(gate: Gate) -> Self {
        Self { effects: Mutex::default(), gate, mood: Mutex::default(), budgets: Mutex::default() }
    }

    pub(crate) fn effects(&self) -> Vec<String> {
        self.effects.lock().unwrap().clone()
    }

    pub(crate) fn set(&self, mood: Mood) {
        *self.mood.lock().unwrap() = mood;
    }

    async fn begin(&self, call: &Call, secrets: &Secrets) -> Result<()> {
        let left = call.deadline.saturating_duration_since(std::time::Instant::now());
        self.budgets.lock().unwrap().push(left.as_secs_f64());
        self.gate.pass().await;
        let mood = self.mood.lock().unwrap().clone();
        match mood {
            Mood::Well => Ok(()),
            Mood::Blabs => {
                let all: Vec<_> =
                    secrets.iter().map(|(k, v)| format!("{k}={}", v.expose())).collect();
                Err(Error::new(
                    Code::Unauthenticated,
                    format!("login failed with {}", all.join(" ")),
                ))
            }
            Mood::Panics => panic!("as strangers' code does"),
            Mood::Fails(error) => Err(error),
        }
    }

    fn did(&self, effect: String) {
        self.effects.lock().unwrap().push(effect);
    }
}

/// A backend in memory.
pub(crate) struct Model {
    driver: DriverName,
    abilities: Mutex<Abilities>,
    volumes: Mutex<BTreeMap<VolumeName, Volume>>,
    pub(crate) optional: Optional,
    pub(crate) stage: Stagecraft,
}

impl Model {
    pub(crate) fn new(gate: Gate) -> Self {
        Self {
            driver: DriverName::new("model.mooring.dev").unwrap(),
            abilities: Mutex::new(every_ability()),
            volumes: Mutex::default(),
            optional: Optional::default(),
            stage: Stagecraft::new(gate),
        }
    }

    pub(crate) fn can(&self, abilities: &[Ability]) {
        *self.abilities.lock().unwrap() = abilities.iter().copied().collect();
    }

    fn find(&self, id: &VolumeId) -> Result<Volume> {
        let volumes = self.volumes.lock().unwrap();
        let found = volumes.values().find(|volume| volume.id == *id).cloned();
        found.ok_or_else(|| Error::not_found(format!("no volume {id}")))
    }
}

/// Every ability there is.
pub(crate) fn every_ability() -> Abilities {
    use Ability::*;
    let all = [
        Publishing,
        ReadonlyPublishing,
        Listing,
        Capacity,
        Expansion,
        OnlineExpansion,
        Modification,
        Snapshots,
        GroupSnapshots,
        ChangedBlocks,
        Health,
        Nodes,
        CloneVolume,
        RestoreSnapshot,
        AccessibilityConstraints,
    ];
    all.into_iter().collect()
}

impl Identity for Model {
    fn driver(&self) -> &DriverName {
        &self.driver
    }

    fn description(&self) -> Description {
        let manifest = [("home".to_owned(), "https://mooring.dev".to_owned())].into();
        Description { name: "model".into(), version: "1.2.3".into(), manifest }
    }

    fn abilities(&self) -> Abilities {
        self.abilities.lock().unwrap().clone()
    }

    async fn probe(&self, call: &Call) -> Result<bool> {
        self.stage.begin(call, &Secrets::default()).await.map(|()| true)
    }
}

impl Volumes for Model {
    async fn create(&self, call: &Call, request: CreateVolume) -> Result<Volume> {
        self.stage.begin(call, &request.secrets).await?;
        let capacity = request.capacity.and_then(|range| range.required()).unwrap_or(1 << 30);
        let mut volumes = self.volumes.lock().unwrap();
        if let Some(volume) = volumes.get(&request.name) {
            return if volume.capacity == capacity {
                Ok(volume.clone())
            } else {
                Err(Error::already_exists("that name with another size"))
            };
        }
        let volume = Volume {
            id: VolumeId::new(format!("id-{}", volumes.len()))?,
            capacity,
            context: [("pool".to_owned(), "default".to_owned())].into(),
            source: request.source,
            topology: request.accessibility.map(|wanted| wanted.requisite).unwrap_or_default(),
        };
        self.stage.did(format!("create {}", request.name));
        volumes.insert(request.name, volume.clone());
        Ok(volume)
    }

    async fn delete(&self, call: &Call, id: VolumeId, secrets: Secrets) -> Result<()> {
        self.stage.begin(call, &secrets).await?;
        self.stage.did(format!("delete {id}"));
        self.volumes.lock().unwrap().retain(|_, volume| volume.id != id);
        Ok(())
    }

    async fn validate(&self, call: &Call, request: ValidateVolume) -> Result<Verdict> {
        self.stage.begin(call, &request.secrets).await?;
        self.find(&request.id)?;
        let multi = request.capabilities.iter().any(|one| one.mode.is_multi_node());
        Ok(if multi { Verdict::Refused("one node only".into()) } else { Verdict::Confirmed })
    }
}

impl Attachments for Model {
    async fn describe_attachment(
        &self,
        call: &Call,
        request: DescribeAttachment,
    ) -> Result<Attached> {
        self.stage.begin(call, &request.secrets).await?;
        let secrets: Vec<_> = request.secrets.iter().map(|(k, v)| (k, v.expose())).collect();
        self.stage.did(format!(
            "describe {} {:?} {:?} {:?} {} {} {secrets:?}",
            request.volume_id,
            request.volume_context,
            request.publish_context,
            request.capability,
            request.readonly,
            request.node_id,
        ));
        let item = PoolItem { pool: "default".into(), name: "vol-1".into() };
        Ok(Attached {
            attachment: Attachment::ImageFile(item),
            content: Content::Blank,
            minimum_size: Some(4096),
            limits: None,
        })
    }
}

impl Nodes for Model {
    async fn describe_node(&self, call: &Call, facts: NodeFacts) -> Result<NodeDescription> {
        self.stage.begin(call, &Secrets::default()).await?;
        self.stage.did(format!("describe {facts:?}"));
        Ok(NodeDescription {
            id: NodeId::new(format!("vendor-{}", facts.id))?,
            topology: Some(Topology([("zone".to_owned(), "a".to_owned())].into())),
            max_volumes: Some(16),
        })
    }
}

impl Listing for Model {
    async fn list(&self, call: &Call, page: Page) -> Result<Paged<ListedVolume>> {
        self.stage.begin(call, &Secrets::default()).await?;
        let volumes = self.volumes.lock().unwrap();
        let start = match page.token {
            None => 0,
            Some(token) => token.parse().map_err(|_| Error::aborted("no such token"))?,
        };
        let most = if page.max_entries == 0 { usize::MAX } else { page.max_entries as usize };
        let listed =
            |volume: &Volume| ListedVolume { volume: volume.clone(), published_nodes: None };
        let entries: Vec<_> = volumes.values().skip(start).take(most).map(listed).collect();
        let end = start + entries.len();
        Ok(Paged { entries, next: (end < volumes.len()).then(|| end.to_string()) })
    }

    async fn get(&self, call: &Call, id: VolumeId) -> Result<ListedVolume> {
        self.stage.begin(call, &Secrets::default()).await?;
        let volume = self.find(&id)?;
        Ok(ListedVolume { volume, published_nodes: Some(vec![NodeId::new("n1")?]) })
    }
}

impl Space for Model {
    async fn capacity(&self, call: &Call, _: GetCapacity) -> Result<Capacity> {
        self.stage.begin(call, &Secrets::default()).await?;
        let (available, maximum_volume) = (u64::MAX, Some(1 << 40));
        Ok(Capacity { available, maximum_volume, minimum_volume: None })
    }
}

impl Expansion for Model {
    async fn expand(&self, call: &Call, request: ExpandVolume) -> Result<Expanded> {
        self.stage.begin(call, &request.secrets).await?;
        self.find(&request.volume_id)?;
        self.stage.did(format!("expand {}", request.volume_id));
        let capacity = request.capacity.required().unwrap_or_default();
        Ok(Expanded { capacity, node_expansion_required: true })
    }
}

impl Publishing for Model {
    async fn publish(&self, call: &Call, request: PublishVolume) -> Result<StringMap> {
        self.stage.begin(call, &request.secrets).await?;
        self.find(&request.volume_id)?;
        self.stage.did(format!("publish {} {}", request.volume_id, request.node_id));
        Ok([("lun".to_owned(), "1".to_owned())].into())
    }

    async fn unpublish(
        &self,
        call: &Call,
        id: VolumeId,
        node: Option<NodeId>,
        secrets: Secrets,
    ) -> Result<()> {
        self.stage.begin(call, &secrets).await?;
        let from = node.map_or_else(|| "every node".to_owned(), String::from);
        self.stage.did(format!("unpublish {id} {from}"));
        Ok(())
    }
}

/// A node in memory.
pub(crate) struct NodeModel {
    staged: Mutex<BTreeMap<VolumeId, PathBuf>>,
    published: Mutex<BTreeSet<(VolumeId, PathBuf)>>,
    pub(crate) description: Mutex<NodeDescription>,
    pub(crate) findings: Mutex<Vec<VolumeFinding>>,
    pub(crate) storage: Mutex<Vec<StorageFinding>>,
    /// What stats fail with, if they do.
    pub(crate) stats: Mutex<Option<Error>>,
    pub(crate) stage: Stagecraft,
}

impl NodeModel {
    pub(crate) fn new(gate: Gate) -> Self {
        let id = NodeId::new("n1").unwrap();
        Self {
            staged: Mutex::default(),
            published: Mutex::default(),
            description: Mutex::new(NodeDescription { id, topology: None, max_volumes: None }),
            findings: Mutex::default(),
            storage: Mutex::default(),
            stats: Mutex::default(),
            stage: Stagecraft::new(gate),
        }
    }
}

impl NodeHealth for NodeModel {
    async fn volume_health(
        &self,
        call: &Call,
        request: GetVolumeHealth,
    ) -> Result<Vec<VolumeFinding>> {
        self.stage.begin(call, &Secrets::default()).await?;
        if !self.staged.lock().unwrap().contains_key(&request.volume_id) {
            return Err(Error::not_found("not staged"));
        }
        Ok(self.findings.lock().unwrap().clone())
    }

    async fn storage_health(&self, call: &Call, secrets: Secrets) -> Result<Vec<StorageFinding>> {
        self.stage.begin(call, &secrets).await?;
        Ok(self.storage.lock().unwrap().clone())
    }
}

impl Node for NodeModel {
    async fn stage(&self, call: &Call, request: Stage) -> Result<()> {
        self.stage.begin(call, &request.secrets).await?;
        let id = request.volume_id.clone();
        let before = self.staged.lock().unwrap().insert(id, request.staging_path);
        if before.is_none() {
            self.stage.did(format!("stage {}", request.volume_id));
        }
        Ok(())
    }

    async fn unstage(&self, call: &Call, volume: VolumeId, _: PathBuf) -> Result<()> {
        self.stage.begin(call, &Secrets::default()).await?;
        if self.staged.lock().unwrap().remove(&volume).is_some() {
            self.stage.did(format!("unstage {volume}"));
        }
        Ok(())
    }

    async fn publish(&self, call: &Call, request: Publish) -> Result<()> {
        self.stage.begin(call, &request.secrets).await?;
        if !self.staged.lock().unwrap().contains_key(&request.volume_id) {
            return Err(Error::precondition("not staged"));
        }
        let key = (request.volume_id.clone(), request.target_path);
        if self.published.lock().unwrap().insert(key) {
            self.stage.did(format!("publish {}", request.volume_id));
        }
        Ok(())
    }

    async fn publish_inline(&self, call: &Call, request: PublishInline) -> Result<()> {
        self.stage.begin(call, &request.secrets).await?;
        let PublishInline { volume_id, attributes, readonly, .. } = request;
        self.stage.did(format!("publish inline {volume_id} {attributes:?} {readonly}"));
        self.published.lock().unwrap().insert((volume_id, request.target_path));
        Ok(())
    }

    async fn unpublish(&self, call: &Call, volume: VolumeId, target: PathBuf) -> Result<()> {
        self.stage.begin(call, &Secrets::default()).await?;
        if self.published.lock().unwrap().remove(&(volume.clone(), target)) {
            self.stage.did(format!("unpublish {volume}"));
        }
        Ok(())
    }

    async fn stats(&self, _: &Call, request: GetStats) -> Result<Stats> {
        if !self.staged.lock().unwrap().contains_key(&request.volume_id) {
            return Err(Error::not_found("not staged"));
        }
        if let Some(error) = self.stats.lock().unwrap().clone() {
            return Err(error);
        }
        let bytes = Usage { total: 1000, available: Some(600), used: Some(400) };
        let inodes = Some(Usage { total: 10, available: Some(7), used: Some(3) });
        Ok(Stats { bytes, inodes })
    }

    async fn expand(&self, call: &Call, request: ExpandNode) -> Result<u64> {
        self.stage.begin(call, &request.secrets).await?;
        if !self.staged.lock().unwrap().contains_key(&request.volume_id) {
            return Err(Error::not_found("not staged"));
        }
        self.stage.did(format!("expand {}", request.volume_id));
        Ok(request.capacity.and_then(|range| range.required()).unwrap_or(1 << 30))
    }

    async fn info(&self, _: &Call) -> Result<NodeDescription> {
        Ok(self.description.lock().unwrap().clone())
    }
}
