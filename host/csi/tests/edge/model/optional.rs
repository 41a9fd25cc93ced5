//! The model's optional interfaces: snapshots, groups, blocks, health, modification.

use std::time::{Duration, UNIX_EPOCH};

use mooring_volume::blocks::{BlockRange, Blocks, ChangedBlocks};
use mooring_volume::health::*;
use mooring_volume::id::*;
use mooring_volume::limits::NodeLimits;
use mooring_volume::modification::{Modification, ModifyVolume};
use mooring_volume::snapshot::*;

use super::*;

/// What the optional interfaces know; a test may set any of it.
#[derive(Default)]
pub(crate) struct Optional {
    pub(crate) snapshots: Mutex<BTreeMap<SnapshotName, Snapshot>>,
    pub(crate) groups: Mutex<BTreeMap<GroupSnapshotName, GroupSnapshot>>,
    /// Answers to calls for blocks, in their order; without any, the end.
    pub(crate) pages: Mutex<std::collections::VecDeque<Result<Blocks>>>,
    /// Offset and limit of each call for blocks.
    pub(crate) ranges: Mutex<Vec<(u64, u32)>>,
    pub(crate) health: Mutex<Vec<VolumeHealth>>,
    pub(crate) limits: Mutex<Option<NodeLimits>>,
}

fn snapshot(id: String, source: VolumeId, group: Option<GroupSnapshotId>) -> Result<Snapshot> {
    let created = UNIX_EPOCH + Duration::new(1_000, 7);
    Ok(Snapshot { id: SnapshotId::new(id)?, source, created, size: 4096, ready: true, group })
}

impl Snapshots for Model {
    async fn create_snapshot(&self, call: &Call, request: CreateSnapshot) -> Result<Snapshot> {
        self.stage.begin(call, &request.secrets).await?;
        let mut snapshots = self.optional.snapshots.lock().unwrap();
        if let Some(one) = snapshots.get(&request.name) {
            return if one.source == request.source {
                Ok(one.clone())
            } else {
                Err(Error::already_exists("that name of another volume"))
            };
        }
        let one = snapshot(format!("snap-{}", snapshots.len()), request.source, None)?;
        self.stage.did(format!("snapshot {}", request.name));
        snapshots.insert(request.name, one.clone());
        Ok(one)
    }

    async fn delete_snapshot(&self, call: &Call, id: SnapshotId, secrets: Secrets) -> Result<()> {
        self.stage.begin(call, &secrets).await?;
        self.stage.did(format!("delete snapshot {id}"));
        self.optional.snapshots.lock().unwrap().retain(|_, one| one.id != id);
        Ok(())
    }

    async fn list_snapshots(&self, call: &Call, request: ListSnapshots) -> Result<Paged<Snapshot>> {
        self.stage.begin(call, &request.secrets).await?;
        let snapshots = self.optional.snapshots.lock().unwrap();
        let fits = |one: &&Snapshot| request.source.as_ref().is_none_or(|id| one.source == *id);
        let all: Vec<_> = snapshots.values().filter(fits).cloned().collect();
        let start: usize = match request.page.token {
            None => 0,
            Some(token) => token.parse().map_err(|_| Error::aborted("no such token"))?,
        };
        let most = match request.page.max_entries {
            0 => usize::MAX,
            most => most as usize,
        };
        let entries: Vec<_> = all.iter().skip(start).take(most).cloned().collect();
        let end = start + entries.len();
        Ok(Paged { entries, next: (end < all.len()).then(|| end.to_string()) })
    }

    async fn get_snapshot(
        &self,
        call: &Call,
        id: SnapshotId,
        secrets: Secrets,
    ) -> Result<Snapshot> {
        self.stage.begin(call, &secrets).await?;
        let snapshots = self.optional.snapshots.lock().unwrap();
        let found = snapshots.values().find(|one| one.id == id).cloned();
        found.ok_or_else(|| Error::not_found("no such snapshot"))
    }
}

impl GroupSnapshots for Model {
    async fn create_group(
        &self,
        call: &Call,
        request: CreateGroupSnapshot,
    ) -> Result<GroupSnapshot> {
        self.stage.begin(call, &request.secrets).await?;
        let mut groups = self.optional.groups.lock().unwrap();
        if let Some(group) = groups.get(&request.name) {
            return Ok(group.clone());
        }
        let id = GroupSnapshotId::new(format!("group-{}", groups.len()))?;
        // Members leave their group out, which the edge fills in.
        let member = |source: VolumeId| snapshot(format!("{id}-{source}"), source, None);
        let members = request.sources.into_iter().map(member).collect::<Result<Vec<_>>>()?;
        let group = GroupSnapshot { id, members, created: UNIX_EPOCH, ready: true };
        self.stage.did(format!("group {}", request.name));
        groups.insert(request.name, group.clone());
        Ok(group)
    }

    async fn delete_group(&self, call: &Call, group: GroupReference) -> Result<()> {
        self.stage.begin(call, &group.secrets).await?;
        self.stage.did(format!("delete group {} {}", group.id, group.members.len()));
        self.optional.groups.lock().unwrap().retain(|_, one| one.id != group.id);
        Ok(())
    }

    async fn get_group(&self, call: &Call, group: GroupReference) -> Result<GroupSnapshot> {
        self.stage.begin(call, &group.secrets).await?;
        let groups = self.optional.groups.lock().unwrap();
        let found = groups.values().find(|one| one.id == group.id).cloned();
        found.ok_or_else(|| Error::not_found("no such group"))
    }
}

impl Model {
    async fn blocks(&self, call: &Call, range: BlockRange) -> Result<Blocks> {
        self.optional.ranges.lock().unwrap().push((range.offset, range.limit));
        self.stage.begin(call, &range.secrets).await?;
        let next = self.optional.pages.lock().unwrap().pop_front();
        next.expect("no page is asked for behind the end")
    }
}

impl ChangedBlocks for Model {
    async fn allocated(&self, call: &Call, id: SnapshotId, range: BlockRange) -> Result<Blocks> {
        self.stage.did(format!("allocated {id}"));
        self.blocks(call, range).await
    }

    async fn delta(
        &self,
        call: &Call,
        base: SnapshotId,
        target: SnapshotId,
        range: BlockRange,
    ) -> Result<Blocks> {
        self.stage.did(format!("delta {base} {target}"));
        self.blocks(call, range).await
    }
}

impl Health for Model {
    async fn volume_health(
        &self,
        call: &Call,
        volume: VolumeId,
        secrets: Secrets,
    ) -> Result<Vec<VolumeFinding>> {
        self.stage.begin(call, &secrets).await?;
        self.find(&volume)?;
        let health = self.optional.health.lock().unwrap();
        let found = health.iter().find(|one| one.volume == volume);
        Ok(found.map(|one| one.findings.clone()).unwrap_or_default())
    }

    async fn list_health(
        &self,
        call: &Call,
        _: Page,
        secrets: Secrets,
    ) -> Result<Paged<VolumeHealth>> {
        self.stage.begin(call, &secrets).await?;
        Ok(Paged { entries: self.optional.health.lock().unwrap().clone(), next: None })
    }

    async fn storage_health(
        &self,
        call: &Call,
        _: Option<NodeId>,
        secrets: Secrets,
    ) -> Result<Vec<StorageFinding>> {
        self.stage.begin(call, &secrets).await?;
        Ok(Vec::new())
    }
}

impl Modification for Model {
    async fn modify(&self, call: &Call, request: ModifyVolume) -> Result<()> {
        self.stage.begin(call, &request.secrets).await?;
        self.find(&request.volume)?;
        self.stage.did(format!("modify {} {:?}", request.volume, request.mutable_parameters));
        Ok(())
    }

    async fn limits(&self, call: &Call, _: VolumeId) -> Result<Option<NodeLimits>> {
        self.stage.begin(call, &Secrets::default()).await?;
        Ok(*self.optional.limits.lock().unwrap())
    }
}
