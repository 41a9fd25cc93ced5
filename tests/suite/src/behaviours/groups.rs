//! Snapshots of several volumes at one moment.

use std::io::{Seek, SeekFrom, Write};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use mooring_proto::csi::v1 as csi;
use tokio::task::JoinHandle;
use tokio::time::sleep;
use tonic::Code;

use crate::ability::Need;
use crate::behaviour::Behaviour;
use crate::copy::of_snapshot;
use crate::driver::insist;
use crate::finding::{At, Verdict, ensure, finding, refused, skipped};
use crate::ledger::{Made, of_group};
use crate::payload;
use crate::scene::Scene;
use crate::volume::Volume;

/// All of this file.
pub(super) const ALL: &[Behaviour] = &[
    Behaviour {
        name: "group_has_a_member_of_each_volume",
        does: "a group of two volumes has one snapshot of each, which carries the group's id; \
               asked for again and got by id, it is the same",
        says: "group_snapshot_id of a member is that of its group; the call is idempotent by name",
        section: "CreateVolumeGroupSnapshot, GetVolumeGroupSnapshot",
        needs: &[Need::Groups],
        run: |scene| Box::pin(members(scene)),
    },
    Behaviour {
        name: "group_name_belongs_to_its_volumes",
        does: "a group's name with other volumes is refused",
        says: "a name that exists and does not fit the volumes: ALREADY_EXISTS",
        section: "CreateVolumeGroupSnapshot Errors",
        needs: &[Need::Groups],
        run: |scene| Box::pin(other_volumes(scene)),
    },
    Behaviour {
        name: "group_member_is_not_deleted_alone",
        does: "DeleteSnapshot of a member is refused, and the group is whole afterwards",
        says: "a snapshot that is part of a group cannot be deleted alone: INVALID_ARGUMENT",
        section: "DeleteSnapshot Errors",
        needs: &[Need::Groups],
        run: |scene| Box::pin(member_alone(scene)),
    },
    Behaviour {
        name: "group_with_foreign_members_is_refused",
        does: "getting or deleting a group with another's snapshot ids is refused",
        says: "where the ids do not match the group: INVALID_ARGUMENT",
        section: "GetVolumeGroupSnapshot Errors, DeleteVolumeGroupSnapshot Errors",
        needs: &[Need::Groups],
        run: |scene| Box::pin(foreign(scene)),
    },
    Behaviour {
        name: "deleted_group_takes_its_members",
        does: "after DeleteVolumeGroupSnapshot, told twice, the group is NOT_FOUND and no volume \
               can be made of a member",
        says: "the group and its snapshots are deleted; of one that is gone, OK",
        section: "DeleteVolumeGroupSnapshot, GetVolumeGroupSnapshot Errors",
        needs: &[Need::Groups],
        run: |scene| Box::pin(deleted(scene)),
    },
    Behaviour {
        name: "group_is_one_moment",
        does: "a number is counted up in volume A, then in B, while the group is taken: in the \
               restored volumes B ≤ A ≤ B + 1",
        says: "a group guarantees write-order consistency: all its snapshots are of one point in \
               time, or the call fails",
        section: "CreateVolumeGroupSnapshot",
        needs: &[Need::Groups],
        run: |scene| Box::pin(moment(scene)),
    },
];

async fn pair(scene: &Scene) -> Verdict<(Volume, Volume)> {
    Ok((scene.volume("a").await?, scene.volume("b").await?))
}

fn get_request(group: &csi::VolumeGroupSnapshot) -> csi::GetVolumeGroupSnapshotRequest {
    csi::GetVolumeGroupSnapshotRequest {
        group_snapshot_id: group.group_snapshot_id.clone(),
        snapshot_ids: group.snapshots.iter().map(|it| it.snapshot_id.clone()).collect(),
        ..Default::default()
    }
}

/// A driver answers members in any order.
fn sorted(mut group: csi::VolumeGroupSnapshot) -> csi::VolumeGroupSnapshot {
    group.snapshots.sort_by(|a, b| a.snapshot_id.cmp(&b.snapshot_id));
    group
}

async fn get(scene: &Scene, group: &csi::VolumeGroupSnapshot) -> Verdict<csi::VolumeGroupSnapshot> {
    let request = get_request(group);
    let answer = insist(|| scene.driver.get_volume_group_snapshot(request.clone())).await?;
    match answer.group_snapshot {
        Some(group) => Ok(sorted(group)),
        None => finding("GetVolumeGroupSnapshot answered OK without a group"),
    }
}

async fn members(scene: Scene) -> Verdict {
    let (a, b) = pair(&scene).await?;
    let group = sorted(scene.try_group(&[&a, &b], "group").await??);
    let of = |it: &csi::Snapshot| it.source_volume_id.clone();
    let mut sources: Vec<_> = group.snapshots.iter().map(of).collect();
    let mut wanted = vec![a.id(), b.id()];
    sources.sort();
    wanted.sort();
    ensure!(sources == wanted, "the members are of {sources:?}, where {wanted:?} were asked for");
    for member in &group.snapshots {
        ensure!(
            member.group_snapshot_id == group.group_snapshot_id,
            "member {} says group {:?}",
            member.snapshot_id,
            member.group_snapshot_id
        );
    }
    let again = sorted(scene.try_group(&[&a, &b], "group").await??);
    ensure!(again == group, "created: {group:?}; again: {again:?}");
    let got = get(&scene, &group).await?;
    ensure!(got == group, "created: {group:?}; got: {got:?}");
    Ok(())
}

async fn other_volumes(scene: Scene) -> Verdict {
    let (a, b) = pair(&scene).await?;
    let c = scene.volume("c").await?;
    scene.try_group(&[&a, &b], "group").await??;
    let request = scene.group_request(&[&a, &c], "group");
    let answer = insist(|| scene.driver.create_volume_group_snapshot(request.clone())).await;
    refused(answer, &[Code::AlreadyExists], "a group's name with other volumes")
}

async fn member_alone(scene: Scene) -> Verdict {
    let (a, b) = pair(&scene).await?;
    let group = sorted(scene.try_group(&[&a, &b], "group").await??);
    for member in &group.snapshots {
        let id = member.snapshot_id.clone();
        let request = csi::DeleteSnapshotRequest { snapshot_id: id, ..Default::default() };
        let answer = insist(|| scene.driver.delete_snapshot(request.clone())).await;
        refused(answer, &[Code::InvalidArgument], "a member of a group deleted alone")?;
    }
    let got = get(&scene, &group).await?;
    ensure!(got == group, "after refused deletions: {got:?}, where {group:?} was");
    Ok(())
}

async fn foreign(scene: Scene) -> Verdict {
    let (a, b) = pair(&scene).await?;
    let one = scene.try_group(&[&a, &b], "group").await??;
    let other = scene.try_group(&[&a, &b], "other").await??;
    let mut request = get_request(&one);
    request.snapshot_ids = get_request(&other).snapshot_ids;
    let answer = insist(|| scene.driver.get_volume_group_snapshot(request.clone())).await;
    refused(answer, &[Code::InvalidArgument], "GetVolumeGroupSnapshot with foreign members")?;
    let mut request = of_group(&one);
    request.snapshot_ids = of_group(&other).snapshot_ids;
    let answer = insist(|| scene.driver.delete_volume_group_snapshot(request.clone())).await;
    refused(answer, &[Code::InvalidArgument], "DeleteVolumeGroupSnapshot with foreign members")?;
    for group in [&one, &other] {
        get(&scene, group).await?;
    }
    Ok(())
}

async fn deleted(scene: Scene) -> Verdict {
    let (a, b) = pair(&scene).await?;
    let group = scene.try_group(&[&a, &b], "group").await??;
    let request = of_group(&group);
    for _ in 0..2 {
        insist(|| scene.driver.delete_volume_group_snapshot(request.clone())).await?;
    }
    scene.gone(&Made::Group(request));
    let request = get_request(&group);
    let answer = insist(|| scene.driver.get_volume_group_snapshot(request.clone())).await;
    refused(answer, &[Code::NotFound], "a deleted group")?;
    for (number, member) in group.snapshots.iter().enumerate() {
        let (label, source) = (format!("copy-{number}"), of_snapshot(member));
        let copy = scene.try_copy(&a, &label, source, scene.options.bytes()).await?;
        refused(copy, &[Code::NotFound], "a volume of a deleted member")?;
    }
    Ok(())
}

/// Numbers that are counted before the group is taken, so that there is something to see.
const WARM: u64 = 20;

/// Counts a number up in one file, then in the other, each time synced.
struct Counter {
    stop: Arc<AtomicBool>,
    count: Arc<AtomicU64>,
    task: JoinHandle<Verdict>,
}

impl Counter {
    fn start(a: (PathBuf, bool), b: (PathBuf, bool)) -> Self {
        let (stop, count) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
        let (halt, number) = (Arc::clone(&stop), Arc::clone(&count));
        let task = tokio::task::spawn_blocking(move || {
            let mut files = [(payload::open(&a.0, a.1)?, a.0), (payload::open(&b.0, b.1)?, b.0)];
            while !halt.load(Ordering::Acquire) {
                let next = number.load(Ordering::Acquire) + 1;
                for (file, path) in &mut files {
                    file.seek(SeekFrom::Start(0)).at(path)?;
                    file.write_all(&next.to_le_bytes()).at(path)?;
                    file.sync_data().at(path)?;
                }
                number.store(next, Ordering::Release);
            }
            Ok(())
        });
        Self { stop, count, task }
    }

    /// Waits until it has counted to a number.
    async fn reaches(&self, number: u64) {
        // It counts as fast as the volumes sync; nothing announces that.
        while self.count.load(Ordering::Acquire) < number && !self.task.is_finished() {
            sleep(Duration::from_millis(5)).await;
        }
    }

    async fn end(mut self) -> Verdict {
        self.stop.store(true, Ordering::Release);
        match (&mut self.task).await {
            Ok(verdict) => verdict,
            Err(error) => finding(format!("the suite itself failed: {error}")),
        }
    }
}

impl Drop for Counter {
    /// A behaviour that ends early must not keep its volumes busy.
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Release);
    }
}

async fn moment(scene: Scene) -> Verdict {
    let (mut a, mut b) = pair(&scene).await?;
    let (at_a, at_b) = (a.mount().await?, b.mount().await?);
    let counter = Counter::start((a.data(&at_a), a.is_block()), (b.data(&at_b), b.is_block()));
    counter.reaches(WARM).await;
    let answer = scene.try_group(&[&a, &b], "group").await;
    let counted = counter.count.load(Ordering::Acquire);
    counter.reaches(counted + WARM).await;
    counter.end().await?;
    a.put_away(&at_a).await?;
    b.put_away(&at_b).await?;
    let group = match answer? {
        Err(refusal) if refusal.code() == Code::FailedPrecondition => {
            return skipped(format!("the driver takes no group of volumes in use: {refusal}"));
        }
        answer => answer?,
    };
    let in_a = restored(&scene, "restored-a", &a, &group).await?;
    let in_b = restored(&scene, "restored-b", &b, &group).await?;
    ensure!(in_b <= in_a && in_a <= in_b + 1, "not one moment: A says {in_a}, B says {in_b}");
    ensure!(in_b >= WARM, "synced before the group was taken, and lost: {WARM}, found {in_b}");
    Ok(())
}

async fn restored(
    scene: &Scene,
    label: &str,
    source: &Volume,
    group: &csi::VolumeGroupSnapshot,
) -> Verdict<u64> {
    let id = source.id();
    let Some(member) = group.snapshots.iter().find(|it| it.source_volume_id == id) else {
        return finding(format!("the group has no snapshot of {id}"));
    };
    let mut copy = scene.copy(source, label, of_snapshot(member)).await?;
    let target = copy.mount().await?;
    let number = payload::number(&copy.data(&target))?;
    copy.put_away(&target).await?;
    Ok(number)
}
