//! `snapshots` and `group-snapshots`.

use std::collections::BTreeSet;

use mooring_volume::backend::Paged;
use mooring_volume::id::SnapshotId;
use mooring_volume::snapshot::{
    CreateGroupSnapshot, CreateSnapshot, GroupReference, GroupSnapshot, GroupSnapshots,
    ListSnapshots, Snapshot, Snapshots,
};
use mooring_volume::{Call, Error, Result, Secrets};

use super::{Driver, Guest, Malformed, convert};

impl Snapshots for Driver {
    async fn create_snapshot(&self, call: &Call, mut request: CreateSnapshot) -> Result<Snapshot> {
        let snapshots = self.exported(&self.exports.snapshots, "snapshots")?;
        self.schema.check_snapshot_parameters(&request.parameters)?;
        let source = request.source.clone();
        let asked = self.asked(call, "snapshots.create", &mut request.secrets);
        let request = convert::create_snapshot(request);
        let body = guest!(snapshots, call_create(&request));
        self.call(asked, body, |snapshot| {
            let snapshot = convert::snapshot(snapshot)?;
            if snapshot.source != source {
                return Err(Malformed("a snapshot of another volume".to_owned()));
            }
            // It could never be deleted: a member goes with its group alone.
            if snapshot.group.is_some() {
                return Err(Malformed(
                    "a group's member where a snapshot was asked for".to_owned(),
                ));
            }
            Ok(snapshot)
        })
        .await
    }

    async fn delete_snapshot(
        &self,
        call: &Call,
        id: SnapshotId,
        mut secrets: Secrets,
    ) -> Result<()> {
        let snapshots = self.exported(&self.exports.snapshots, "snapshots")?;
        let asked = self.asked(call, "snapshots.delete", &mut secrets);
        let secrets = convert::exposed(&secrets);
        let body = guest!(snapshots, call_delete(id.as_str(), &secrets));
        self.call(asked, body, Ok).await
    }

    async fn list_snapshots(
        &self,
        call: &Call,
        mut request: ListSnapshots,
    ) -> Result<Paged<Snapshot>> {
        let snapshots = self.exported(&self.exports.snapshots, "snapshots")?;
        let (most, source) = (request.page.max_entries, request.source.clone());
        let asked = self.asked(call, "snapshots.list", &mut request.secrets);
        let request = convert::list_snapshots(request);
        let body = guest!(snapshots, call_list(&request));
        self.call(asked, body, |page| {
            let page = convert::snapshots(page, most)?;
            let fits = |snapshot: &Snapshot| {
                source.as_ref().is_none_or(|source| snapshot.source == *source)
            };
            if !page.entries.iter().all(fits) {
                return Err(Malformed("a snapshot of another volume in the list".to_owned()));
            }
            Ok(page)
        })
        .await
    }

    async fn get_snapshot(
        &self,
        call: &Call,
        id: SnapshotId,
        mut secrets: Secrets,
    ) -> Result<Snapshot> {
        let snapshots = self.exported(&self.exports.snapshots, "snapshots")?;
        let asked = self.asked(call, "snapshots.get", &mut secrets);
        let (wanted, secrets) = (id.clone(), convert::exposed(&secrets));
        let body = guest!(snapshots, call_get(wanted.as_str(), &secrets));
        self.call(asked, body, |snapshot| {
            let snapshot = convert::snapshot(snapshot)?;
            if snapshot.id == id {
                Ok(snapshot)
            } else {
                Err(Malformed("another snapshot than the one that was asked for".to_owned()))
            }
        })
        .await
    }
}

impl GroupSnapshots for Driver {
    async fn create_group(
        &self,
        call: &Call,
        mut request: CreateGroupSnapshot,
    ) -> Result<GroupSnapshot> {
        let groups = self.exported(&self.exports.group_snapshots, "group-snapshots")?;
        self.schema.check_group_parameters(&request.parameters)?;
        let sources: BTreeSet<_> = request.sources.iter().cloned().collect();
        let asked = self.asked(call, "group-snapshots.create", &mut request.secrets);
        let request = convert::create_group(request);
        let body = guest!(groups, call_create(&request));
        self.call(asked, body, |group| {
            let group = convert::group(group)?;
            let taken: BTreeSet<_> =
                group.members.iter().map(|member| member.source.clone()).collect();
            if taken != sources {
                return Err(Malformed("a group of other volumes than were asked for".to_owned()));
            }
            Ok(group)
        })
        .await
    }

    async fn delete_group(&self, call: &Call, group: GroupReference) -> Result<()> {
        let groups = self.exported(&self.exports.group_snapshots, "group-snapshots")?;
        let GroupReference { id, members, mut secrets } = group;
        let asked = self.asked(call, "group-snapshots.delete", &mut secrets);
        let members = convert::snapshot_ids(members);
        let secrets = convert::exposed(&secrets);
        let body = guest!(groups, call_delete(id.as_str(), &members, &secrets));
        self.call(asked, body, Ok).await
    }

    async fn get_group(&self, call: &Call, group: GroupReference) -> Result<GroupSnapshot> {
        let groups = self.exported(&self.exports.group_snapshots, "group-snapshots")?;
        let GroupReference { id, members, mut secrets } = group;
        let believed: BTreeSet<_> = members.iter().cloned().collect();
        let asked = self.asked(call, "group-snapshots.get", &mut secrets);
        let (wanted, members) = (id.clone(), convert::snapshot_ids(members));
        let secrets = convert::exposed(&secrets);
        let body = guest!(groups, call_get(wanted.as_str(), &members, &secrets));
        let group = self
            .call(asked, body, |group| {
                let group = convert::group(group)?;
                if group.id == id {
                    Ok(group)
                } else {
                    Err(Malformed("another group than the one that was asked for".to_owned()))
                }
            })
            .await?;
        // Source: CSI "GetVolumeGroupSnapshot Errors": a mismatch is INVALID_ARGUMENT.
        let actual: BTreeSet<_> = group.members.iter().map(|member| member.id.clone()).collect();
        if believed.is_empty() || believed == actual {
            return Ok(group);
        }
        Err(Error::invalid(format!(
            "the group {id} has other members than the snapshot_ids of this call"
        )))
    }
}
