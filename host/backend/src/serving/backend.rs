//! The domain's traits, each call handed to the version whose turn it is.

use mooring_volume::attachment::Attached;
use mooring_volume::backend::{
    Attachments, Capacity, CreateVolume, DescribeAttachment, Description, ExpandVolume, Expanded,
    Expansion, GetCapacity, Identity, ListedVolume, Listing, NodeDescription, NodeFacts, Nodes,
    Page, Paged, PublishVolume, Publishing, Space, ValidateVolume, Verdict, Volume, Volumes,
};
use mooring_volume::blocks::{BlockRange, Blocks, ChangedBlocks};
use mooring_volume::health::{Health, StorageFinding, VolumeFinding, VolumeHealth};
use mooring_volume::id::SnapshotId;
use mooring_volume::limits::NodeLimits;
use mooring_volume::modification::{Modification, ModifyVolume};
use mooring_volume::snapshot::{
    CreateGroupSnapshot, CreateSnapshot, GroupReference, GroupSnapshot, GroupSnapshots,
    ListSnapshots, Snapshot, Snapshots,
};
use mooring_volume::{Abilities, Call, DriverName, NodeId, Result, Secrets, StringMap, VolumeId};

use super::Serving;
use super::bindings::Subject;

/// Hands a call to the version of its subject.
macro_rules! handed {
    ($self:ident, $call:ident, $subject:expr, $method:ident($($argument:expr),*)) => {{
        let turn = $self.turn($call, $subject).await?;
        let answer = turn.driver().$method($call, $($argument),*).await;
        turn.end(answer)
    }};
}

impl Identity for Serving {
    fn driver(&self) -> &DriverName {
        &self.name
    }

    fn description(&self) -> Description {
        self.current().driver.description()
    }

    fn abilities(&self) -> Abilities {
        self.current().driver.abilities()
    }

    async fn probe(&self, call: &Call) -> Result<bool> {
        handed!(self, call, None, probe())
    }
}

impl Volumes for Serving {
    async fn create(&self, call: &Call, request: CreateVolume) -> Result<Volume> {
        handed!(self, call, Subject::VolumeName(request.name.clone()), create(request))
    }

    async fn delete(&self, call: &Call, id: VolumeId, secrets: Secrets) -> Result<()> {
        handed!(self, call, Subject::Volume(id.clone()), delete(id, secrets))
    }

    async fn validate(&self, call: &Call, request: ValidateVolume) -> Result<Verdict> {
        handed!(self, call, Subject::Volume(request.id.clone()), validate(request))
    }
}

impl Attachments for Serving {
    async fn describe_attachment(
        &self,
        call: &Call,
        request: DescribeAttachment,
    ) -> Result<Attached> {
        let subject = Subject::Volume(request.volume_id.clone());
        handed!(self, call, subject, describe_attachment(request))
    }
}

impl Nodes for Serving {
    async fn describe_node(&self, call: &Call, facts: NodeFacts) -> Result<NodeDescription> {
        handed!(self, call, None, describe_node(facts))
    }
}

impl Listing for Serving {
    async fn list(&self, call: &Call, page: Page) -> Result<Paged<ListedVolume>> {
        handed!(self, call, None, list(page))
    }

    async fn get(&self, call: &Call, id: VolumeId) -> Result<ListedVolume> {
        handed!(self, call, Subject::Volume(id.clone()), get(id))
    }
}

impl Space for Serving {
    async fn capacity(&self, call: &Call, request: GetCapacity) -> Result<Capacity> {
        handed!(self, call, None, capacity(request))
    }
}

impl Expansion for Serving {
    async fn expand(&self, call: &Call, request: ExpandVolume) -> Result<Expanded> {
        handed!(self, call, Subject::Volume(request.volume_id.clone()), expand(request))
    }
}

impl Publishing for Serving {
    async fn publish(&self, call: &Call, request: PublishVolume) -> Result<StringMap> {
        handed!(self, call, Subject::Volume(request.volume_id.clone()), publish(request))
    }

    async fn unpublish(
        &self,
        call: &Call,
        id: VolumeId,
        node: Option<NodeId>,
        secrets: Secrets,
    ) -> Result<()> {
        handed!(self, call, Subject::Volume(id.clone()), unpublish(id, node, secrets))
    }
}

impl Snapshots for Serving {
    async fn create_snapshot(&self, call: &Call, request: CreateSnapshot) -> Result<Snapshot> {
        let subject = Subject::SnapshotName(request.name.clone());
        handed!(self, call, subject, create_snapshot(request))
    }

    async fn delete_snapshot(&self, call: &Call, id: SnapshotId, secrets: Secrets) -> Result<()> {
        handed!(self, call, Subject::Snapshot(id.clone()), delete_snapshot(id, secrets))
    }

    async fn list_snapshots(&self, call: &Call, request: ListSnapshots) -> Result<Paged<Snapshot>> {
        handed!(self, call, None, list_snapshots(request))
    }

    async fn get_snapshot(
        &self,
        call: &Call,
        id: SnapshotId,
        secrets: Secrets,
    ) -> Result<Snapshot> {
        handed!(self, call, Subject::Snapshot(id.clone()), get_snapshot(id, secrets))
    }
}

impl GroupSnapshots for Serving {
    async fn create_group(
        &self,
        call: &Call,
        request: CreateGroupSnapshot,
    ) -> Result<GroupSnapshot> {
        handed!(self, call, Subject::GroupName(request.name.clone()), create_group(request))
    }

    async fn delete_group(&self, call: &Call, group: GroupReference) -> Result<()> {
        handed!(self, call, Subject::Group(group.id.clone()), delete_group(group))
    }

    async fn get_group(&self, call: &Call, group: GroupReference) -> Result<GroupSnapshot> {
        handed!(self, call, Subject::Group(group.id.clone()), get_group(group))
    }
}

/// The pages of one stream have one version, since how blocks are cut is the same on all of them.
impl ChangedBlocks for Serving {
    async fn allocated(
        &self,
        call: &Call,
        snapshot: SnapshotId,
        range: BlockRange,
    ) -> Result<Blocks> {
        let turn = self.turn(call, Subject::Stream(call.id)).await?;
        let page = turn.driver().allocated(call, snapshot, range).await;
        turn.end_page(page, |page| page.blocks.is_empty())
    }

    async fn delta(
        &self,
        call: &Call,
        base: SnapshotId,
        target: SnapshotId,
        range: BlockRange,
    ) -> Result<Blocks> {
        let turn = self.turn(call, Subject::Stream(call.id)).await?;
        let page = turn.driver().delta(call, base, target, range).await;
        turn.end_page(page, |page| page.blocks.is_empty())
    }
}

impl Health for Serving {
    async fn volume_health(
        &self,
        call: &Call,
        volume: VolumeId,
        secrets: Secrets,
    ) -> Result<Vec<VolumeFinding>> {
        handed!(self, call, Subject::Volume(volume.clone()), volume_health(volume, secrets))
    }

    async fn list_health(
        &self,
        call: &Call,
        page: Page,
        secrets: Secrets,
    ) -> Result<Paged<VolumeHealth>> {
        handed!(self, call, None, list_health(page, secrets))
    }

    async fn storage_health(
        &self,
        call: &Call,
        node: Option<NodeId>,
        secrets: Secrets,
    ) -> Result<Vec<StorageFinding>> {
        handed!(self, call, None, storage_health(node, secrets))
    }
}

impl Modification for Serving {
    async fn modify(&self, call: &Call, request: ModifyVolume) -> Result<()> {
        handed!(self, call, Subject::Volume(request.volume.clone()), modify(request))
    }

    async fn limits(&self, call: &Call, volume: VolumeId) -> Result<Option<NodeLimits>> {
        handed!(self, call, Subject::Volume(volume.clone()), limits(volume))
    }
}
