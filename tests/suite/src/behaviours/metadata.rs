//! Allocated and changed blocks: the ranges leave out nothing that a backup would miss.

use std::path::PathBuf;

use mooring_proto::csi::v1 as csi;
use tonic::Code;

use crate::ability::{Controller, Need, Service};
use crate::behaviour::Behaviour;
use crate::copy::of_snapshot;
use crate::finding::{Refusal, Verdict, ensure, finding, refused, skipped};
use crate::options::block;
use crate::payload;
use crate::ranges::Ranges;
use crate::scene::Scene;
use crate::volume::Volume;

const NEEDS: &[Need] = &[
    Need::Service(Service::SnapshotMetadataService),
    Need::Controller(Controller::CreateDeleteSnapshot),
];

/// All of this file.
pub(super) const ALL: &[Behaviour] = &[
    Behaviour {
        name: "allocated_ranges_are_well_formed",
        does: "ranges ascend, do not overlap and lie inside the volume; one type, one capacity, \
               FIXED_LENGTH has one size, and max_results is kept",
        says: "ranges ascend without overlap over all messages; type and capacity stay the same; \
               FIXED_LENGTH ranges have one size; max_results is the most of a message",
        section: "Metadata Format, GetMetadataAllocated",
        needs: NEEDS,
        run: |scene| Box::pin(well_formed(scene)),
    },
    Behaviour {
        name: "allocated_ranges_rebuild_the_snapshot",
        does: "an image of the allocated ranges alone, zeros elsewhere, is the restored snapshot, \
               byte for byte",
        says: "the ranges tell all allocated data of the snapshot",
        section: "GetMetadataAllocated",
        needs: NEEDS,
        run: |scene| Box::pin(rebuild(scene)),
    },
    Behaviour {
        name: "delta_and_base_make_the_target",
        does: "the base with the changed ranges copied over it is the target, byte for byte",
        says: "the ranges tell all that differs; FAILED_PRECONDITION where changes are not tracked",
        section: "GetMetadataDelta, GetMetadataDelta Errors",
        needs: NEEDS,
        run: |scene| Box::pin(delta(scene)),
    },
    Behaviour {
        name: "ranges_are_resumed_at_any_offset",
        does: "from the beginning, middle and end of each range, and between: the tail of the whole",
        says: "the stream continues at starting_offset",
        section: "Special considerations for processing a snapshot metadata gRPC stream",
        needs: NEEDS,
        run: |scene| Box::pin(resumed(scene)),
    },
    Behaviour {
        name: "metadata_of_unknown_snapshots_and_offsets",
        does: "an unknown snapshot is NOT_FOUND, an offset past the end OUT_OF_RANGE",
        says: "invalid snapshot_id: NOT_FOUND; starting_offset negative or past the volume: \
               OUT_OF_RANGE",
        section: "GetMetadataAllocated Errors, GetMetadataDelta Errors",
        needs: NEEDS,
        run: |scene| Box::pin(refusals(scene)),
    },
];

async fn read_allocated(
    scene: &Scene,
    request: csi::GetMetadataAllocatedRequest,
) -> Verdict<Result<Ranges, Refusal>> {
    const RPC: &str = "GetMetadataAllocated";
    let most = request.max_results;
    let mut stream = match scene.driver.get_metadata_allocated(request).await {
        Ok(stream) => stream,
        Err(refusal) => return Ok(Err(refusal)),
    };
    let mut ranges = Ranges::new(most);
    loop {
        match stream.message().await {
            Ok(Some(it)) => ranges.take(
                it.block_metadata_type(),
                it.volume_capacity_bytes,
                &it.block_metadata,
            )?,
            Ok(None) => return Ok(Ok(ranges)),
            Err(status) => return Ok(Err(Refusal { rpc: RPC, status })),
        }
    }
}

async fn read_delta(
    scene: &Scene,
    request: csi::GetMetadataDeltaRequest,
) -> Verdict<Result<Ranges, Refusal>> {
    const RPC: &str = "GetMetadataDelta";
    let most = request.max_results;
    let mut stream = match scene.driver.get_metadata_delta(request).await {
        Ok(stream) => stream,
        Err(refusal) => return Ok(Err(refusal)),
    };
    let mut ranges = Ranges::new(most);
    loop {
        match stream.message().await {
            Ok(Some(it)) => ranges.take(
                it.block_metadata_type(),
                it.volume_capacity_bytes,
                &it.block_metadata,
            )?,
            Ok(None) => return Ok(Ok(ranges)),
            Err(status) => return Ok(Err(Refusal { rpc: RPC, status })),
        }
    }
}

async fn allocated(
    scene: &Scene,
    snapshot: &csi::Snapshot,
    starting_offset: i64,
    max_results: i32,
) -> Verdict<Ranges> {
    let request = csi::GetMetadataAllocatedRequest {
        snapshot_id: snapshot.snapshot_id.clone(),
        starting_offset,
        max_results,
        ..Default::default()
    };
    match read_allocated(scene, request).await? {
        Err(refusal) if refusal.code() == Code::FailedPrecondition => {
            skipped(format!("the driver cannot tell here: {refusal}"))
        }
        answer => Ok(answer?),
    }
}

/// A block volume with data here and there, in use.
async fn scattered(scene: &Scene) -> Verdict<(Volume, PathBuf, Vec<payload::Written>)> {
    let request = scene.request_as("source", block());
    let mut source = scene.block_volume(request).await?;
    let target = source.mount().await?;
    let size = source.size(&target)?;
    let mut written = Vec::new();
    for (number, part) in [0, 3, 4, 9].into_iter().enumerate() {
        // Not on borders of whatever blocks the driver thinks in.
        let offset = size / 11 * part + 4096 * part;
        written.push(payload::scatter(&target, number as u64 + 1, offset, 1 + part)?);
    }
    Ok((source, target, written))
}

async fn restored(
    scene: &Scene,
    source: &Volume,
    label: &str,
    snapshot: &csi::Snapshot,
) -> Verdict<PathBuf> {
    scene.copy(source, label, of_snapshot(snapshot)).await?.mount().await
}

async fn well_formed(scene: Scene) -> Verdict {
    let (mut source, target, written) = scattered(&scene).await?;
    let (snapshot, _) = scene.snapshot_in_use(&mut source, target, "snapshot").await?;
    let all = allocated(&scene, &snapshot, 0, 0).await?;
    for range in written.iter().map(|it| it.range()) {
        ensure!(all.cover(&range), "bytes {range:?} were written, and are in no range");
    }
    let few = allocated(&scene, &snapshot, 0, 1).await?;
    ensure!(few.same_bytes(&all), "in messages of one range: {few:?}; at once: {all:?}");
    Ok(())
}

async fn rebuild(scene: Scene) -> Verdict {
    let (mut source, target, written) = scattered(&scene).await?;
    let (snapshot, _) = scene.snapshot_in_use(&mut source, target, "snapshot").await?;
    let ranges = allocated(&scene, &snapshot, 0, 0).await?;
    let device = restored(&scene, &source, "restored", &snapshot).await?;
    for it in written {
        it.verify(&device)?;
    }
    for gap in ranges.gaps() {
        payload::equal(&device, None, gap)?;
    }
    Ok(())
}

async fn delta(scene: Scene) -> Verdict {
    let (mut source, target, _) = scattered(&scene).await?;
    let (base, target) = scene.snapshot_in_use(&mut source, target, "base").await?;
    let size = source.size(&target)?;
    // Over old data, into a hole, and the same bytes once more.
    payload::scatter(&target, 1, 0, 1)?;
    payload::scatter(&target, 11, size / 11 * 3 + (128 << 10), 2)?;
    payload::scatter(&target, 12, size / 11 * 7, 3)?;
    let (after, _) = scene.snapshot_in_use(&mut source, target, "target").await?;

    let request = csi::GetMetadataDeltaRequest {
        base_snapshot_id: base.snapshot_id.clone(),
        target_snapshot_id: after.snapshot_id.clone(),
        ..Default::default()
    };
    let ranges = match read_delta(&scene, request).await? {
        Err(refusal) if refusal.code() == Code::FailedPrecondition => {
            return skipped(format!("the driver does not track changes here: {refusal}"));
        }
        answer => answer?,
    };
    let one = restored(&scene, &source, "restored-base", &base).await?;
    let other = restored(&scene, &source, "restored-target", &after).await?;
    for gap in ranges.gaps() {
        payload::equal(&one, Some(&other), gap)?;
    }
    ensure!(!ranges.is_empty(), "two snapshots differ, and no range says so");
    Ok(())
}

async fn resumed(scene: Scene) -> Verdict {
    let (mut source, target, _) = scattered(&scene).await?;
    let (snapshot, _) = scene.snapshot_in_use(&mut source, target, "snapshot").await?;
    let all = allocated(&scene, &snapshot, 0, 0).await?;
    let Some(offsets) = all.interesting_offsets(24) else {
        return finding("data were written, and no range is allocated");
    };
    for offset in offsets {
        let tail = allocated(&scene, &snapshot, offset, 0).await?;
        ensure!(
            tail.is_tail_of(&all, offset),
            "from offset {offset}: {tail:?}; the whole: {all:?}"
        );
    }
    Ok(())
}

async fn refusals(scene: Scene) -> Verdict {
    let ask = |snapshot_id: String, starting_offset| csi::GetMetadataAllocatedRequest {
        snapshot_id,
        starting_offset,
        ..Default::default()
    };
    let answer = read_allocated(&scene, ask(scene.unknown(), 0)).await?;
    refused(answer, &[Code::NotFound], "allocated blocks of an unknown snapshot")?;

    let (mut source, target, _) = scattered(&scene).await?;
    let (snapshot, _) = scene.snapshot_in_use(&mut source, target, "snapshot").await?;
    let capacity = allocated(&scene, &snapshot, 0, 0).await?.capacity();
    for offset in [capacity + 1, i64::MAX, -1] {
        let answer = read_allocated(&scene, ask(snapshot.snapshot_id.clone(), offset)).await?;
        let when = format!("allocated blocks from offset {offset} of {capacity}");
        refused(answer, &[Code::OutOfRange], &when)?;
    }
    for (base, target) in [
        (snapshot.snapshot_id.clone(), scene.unknown()),
        (scene.unknown(), snapshot.snapshot_id.clone()),
    ] {
        let request = csi::GetMetadataDeltaRequest {
            base_snapshot_id: base,
            target_snapshot_id: target,
            ..Default::default()
        };
        let answer = read_delta(&scene, request).await?;
        // Where changes are not tracked at all, that may be said first.
        let codes = [Code::NotFound, Code::FailedPrecondition];
        refused(answer, &codes, "changed blocks of an unknown snapshot")?;
    }
    Ok(())
}
