//! Snapshots as things: readiness, names, lists. Their bytes are in `data`.

use std::collections::BTreeMap;

use mooring_proto::csi::v1 as csi;
use tonic::Code;

use crate::ability::{Controller, Need};
use crate::behaviour::Behaviour;
use crate::driver::{insist, until_ready};
use crate::finding::{Verdict, ensure, finding, refused};
use crate::ledger::Made;
use crate::scene::Scene;

const MAKE: Need = Need::Controller(Controller::CreateDeleteSnapshot);
const LIST: &[Need] = &[MAKE, Need::Controller(Controller::ListSnapshots)];

/// All of this file.
pub(super) const ALL: &[Behaviour] = &[
    Behaviour {
        name: "snapshot_becomes_ready_by_repetition",
        does: "CreateSnapshot is repeated until it is ready: the same id, source and moment",
        says: "while it is processed, the same call is repeated until ready_to_use is true",
        section: "The ready_to_use Parameter",
        needs: &[MAKE],
        run: |scene| Box::pin(readiness(scene)),
    },
    Behaviour {
        name: "snapshot_name_belongs_to_its_source",
        does: "a snapshot's name with another source is refused",
        says: "a name that exists and does not fit the source: ALREADY_EXISTS",
        section: "CreateSnapshot Errors",
        needs: &[MAKE],
        run: |scene| Box::pin(other_source(scene)),
    },
    Behaviour {
        name: "snapshots_are_listed_by_id_and_source",
        does: "listed by id: that one; by source: those of the source, and no other",
        says: "snapshot_id and source_volume_id narrow the list",
        section: "ListSnapshots",
        needs: LIST,
        run: |scene| Box::pin(filters(scene)),
    },
    Behaviour {
        name: "snapshots_in_pages_each_once",
        does: "snapshots of one source in pages of 2: each exactly once",
        says: "max_entries limits a page; next_token leads to the rest",
        section: "ListSnapshots",
        needs: LIST,
        run: |scene| Box::pin(pages(scene)),
    },
    Behaviour {
        name: "unknown_snapshot_filters_match_nothing",
        does: "a list by an id or source that nobody knows is empty",
        says: "what matches nothing gives an empty list and no error",
        section: "ListSnapshots",
        needs: LIST,
        run: |scene| Box::pin(nothing(scene)),
    },
    Behaviour {
        name: "get_snapshot_known_and_unknown",
        does: "GetSnapshot answers what CreateSnapshot did; NOT_FOUND of an unknown id",
        says: "a snapshot that does not exist: NOT_FOUND",
        section: "GetSnapshot, GetSnapshot Errors",
        needs: &[MAKE, Need::Controller(Controller::GetSnapshot)],
        run: |scene| Box::pin(get(scene)),
    },
];

async fn readiness(scene: Scene) -> Verdict {
    let volume = scene.volume("volume").await?;
    let request = scene.snapshot_request(&volume, "snapshot");
    scene.record(Made::SnapshotAsked(request.clone()));
    let first = insist(|| scene.driver.create_snapshot(request.clone())).await?.snapshot;
    let last = until_ready(
        || scene.driver.create_snapshot(request.clone()),
        |answer| answer.snapshot.as_ref().is_some_and(|it| it.ready_to_use),
    );
    let (Some(first), Some(last)) = (first, last.await?.snapshot) else {
        return finding("CreateSnapshot answered OK without a snapshot");
    };
    ensure!(last.ready_to_use, "the snapshot does not become ready");
    ensure!(first.creation_time.is_some(), "a snapshot without creation_time");
    let same = first.snapshot_id == last.snapshot_id && first.creation_time == last.creation_time;
    ensure!(same, "another id or moment by repetition: {first:?}, then {last:?}");
    let source = volume.id();
    ensure!(last.source_volume_id == source, "of {source}, and says {}", last.source_volume_id);
    Ok(())
}

async fn other_source(scene: Scene) -> Verdict {
    let (one, other) = (scene.volume("one").await?, scene.volume("other").await?);
    scene.snapshot(&one, "snapshot").await?;
    let request = scene.snapshot_request(&other, "snapshot");
    let answer = insist(|| scene.driver.create_snapshot(request.clone())).await;
    refused(answer, &[Code::AlreadyExists], "a snapshot's name with another source")
}

async fn list(scene: &Scene, request: csi::ListSnapshotsRequest) -> Verdict<Vec<csi::Snapshot>> {
    let mut request = request;
    let most = usize::try_from(request.max_entries).unwrap_or_default();
    let mut all = Vec::new();
    loop {
        let answer = insist(|| scene.driver.list_snapshots(request.clone())).await?;
        let count = answer.entries.len();
        ensure!(most == 0 || count <= most, "a page of {count} where {most} are the most");
        all.extend(answer.entries.into_iter().filter_map(|it| it.snapshot));
        if answer.next_token.is_empty() {
            return Ok(all);
        }
        request.starting_token = answer.next_token;
    }
}

fn of_source(id: String) -> csi::ListSnapshotsRequest {
    csi::ListSnapshotsRequest { source_volume_id: id, ..Default::default() }
}

fn of_id(id: String) -> csi::ListSnapshotsRequest {
    csi::ListSnapshotsRequest { snapshot_id: id, ..Default::default() }
}

async fn filters(scene: Scene) -> Verdict {
    let (one, other) = (scene.volume("one").await?, scene.volume("other").await?);
    let first = scene.snapshot(&one, "snapshot-1").await?;
    let second = scene.snapshot(&one, "snapshot-2").await?;
    let third = scene.snapshot(&other, "snapshot-3").await?;

    let found = list(&scene, of_id(second.snapshot_id.clone())).await?;
    ensure!(found == vec![second.clone()], "listed by one id: {found:?}");
    let found = list(&scene, of_source(one.id())).await?;
    let both = found.contains(&first) && found.contains(&second);
    ensure!(found.len() == 2 && both, "listed by the source of two: {found:?}");
    let found = list(&scene, of_source(other.id())).await?;
    ensure!(found == vec![third.clone()], "listed by the source of one: {found:?}");
    let mut both = of_id(third.snapshot_id);
    both.source_volume_id = one.id();
    let found = list(&scene, both).await?;
    ensure!(found.is_empty(), "listed by an id and another source: {found:?}");
    Ok(())
}

async fn pages(scene: Scene) -> Verdict {
    let volume = scene.volume("volume").await?;
    let mut counts = BTreeMap::new();
    for number in 0..5 {
        let snapshot = scene.snapshot(&volume, &format!("snapshot-{number}")).await?;
        counts.insert(snapshot.snapshot_id, 0);
    }
    let request = csi::ListSnapshotsRequest { max_entries: 2, ..of_source(volume.id()) };
    for snapshot in list(&scene, request).await? {
        *counts.entry(snapshot.snapshot_id).or_insert(0) += 1;
    }
    let right = counts.len() == 5 && counts.values().all(|count| *count == 1);
    ensure!(right, "not each of 5 snapshots once: {counts:?}");
    Ok(())
}

async fn nothing(scene: Scene) -> Verdict {
    for request in [of_id(scene.unknown()), of_source(scene.unknown())] {
        let found = list(&scene, request).await?;
        ensure!(found.is_empty(), "an unknown id matches {found:?}");
    }
    Ok(())
}

async fn get(scene: Scene) -> Verdict {
    let volume = scene.volume("volume").await?;
    let made = scene.snapshot(&volume, "snapshot").await?;
    let ask = |snapshot_id| csi::GetSnapshotRequest { snapshot_id, secrets: BTreeMap::default() };
    let request = ask(made.snapshot_id.clone());
    let found = insist(|| scene.driver.get_snapshot(request.clone())).await?.snapshot;
    ensure!(found.as_ref() == Some(&made), "created: {made:?}; got: {found:?}");
    let answer = scene.driver.get_snapshot(ask(scene.unknown())).await;
    refused(answer, &[Code::NotFound], "an unknown snapshot")
}
