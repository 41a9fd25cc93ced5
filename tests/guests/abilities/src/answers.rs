//! Good answers, and those that a component might give though they cannot be.

use mooring_sdk::changed_blocks::{Block, Blocks, Kind, Window};
use mooring_sdk::group_snapshots::Group;
use mooring_sdk::health::{
    Entries, Entry, StorageFault, StorageFinding, VolumeFault, VolumeFinding,
};
use mooring_sdk::snapshots::SnapshotPage;
use mooring_sdk::types::Snapshot;

const CREATED: u64 = 1_700_000_000_123;
const BLOCK: u64 = 4096;
const VOLUME: u64 = 16 * BLOCK;

pub(crate) fn snapshot(asked: &str, source: &str, secret: Option<&str>) -> Snapshot {
    let good = Snapshot {
        id: asked.to_owned(),
        source_volume_id: source.to_owned(),
        created: CREATED,
        size: VOLUME,
        ready: true,
        group_id: None,
    };
    match asked {
        "id-empty" => Snapshot { id: String::new(), ..good },
        "id-other" => Snapshot { id: "another".to_owned(), ..good },
        "id-secret" => Snapshot { id: secret.unwrap_or_default().to_owned(), ..good },
        "source-empty" => Snapshot { source_volume_id: String::new(), ..good },
        "source-other" => Snapshot { source_volume_id: "another".to_owned(), ..good },
        "source-secret" => {
            Snapshot { source_volume_id: secret.unwrap_or_default().to_owned(), ..good }
        }
        "created-huge" => Snapshot { created: u64::MAX, ..good },
        "size-huge" => Snapshot { size: u64::MAX, ..good },
        "group-empty" => Snapshot { group_id: Some(String::new()), ..good },
        "group-member" => Snapshot { group_id: Some("group".to_owned()), ..good },
        _ => good,
    }
}

pub(crate) fn snapshots(fault: &str, source: &str) -> SnapshotPage {
    let count = match fault {
        "too-many" => 10_001,
        "three" => 3,
        _ => 1,
    };
    let entries = (0..count).map(|_| snapshot(fault, source, None)).collect();
    SnapshotPage { entries, next: (fault == "token-empty").then(String::new) }
}

pub(crate) fn group(asked: &str, sources: &[String]) -> Group {
    let member = |source: &String| Snapshot {
        id: format!("of-{source}"),
        group_id: Some(asked.to_owned()),
        ..snapshot("member", source, None)
    };
    let members: Vec<Snapshot> = sources.iter().map(member).collect();
    let mut group = Group { id: asked.to_owned(), members, created: CREATED, ready: true };
    match asked {
        "id-other" => {
            group.id = "another".to_owned();
            group.members.iter_mut().for_each(|member| member.group_id = Some(group.id.clone()));
        }
        "id-empty" => group.id.clear(),
        "created-huge" => group.created = u64::MAX,
        "none" => group.members.clear(),
        "one-less" => drop(group.members.pop()),
        "one-more" => group.members.push(member(&"another".to_owned())),
        "twice" => group.members[1].id = group.members[0].id.clone(),
        "one-volume" => group.members[1].source_volume_id = sources[0].clone(),
        "groupless" => group.members[0].group_id = None,
        "of-another" => group.members[0].group_id = Some("another".to_owned()),
        "unready-member" => group.members[0].ready = false,
        _ => {}
    }
    group
}

pub(crate) fn blocks(fault: &str, window: Window) -> Blocks {
    let block = |offset, size| Block { offset, size };
    let good = || -> Vec<Block> {
        let first = window.offset / BLOCK;
        let some = (first..VOLUME / BLOCK).map(|number| block(number * BLOCK, BLOCK));
        some.take(window.limit as usize).collect()
    };
    let blocks = match fault {
        "empty-block" => vec![block(0, 0)],
        "past-the-end" => vec![block(VOLUME, BLOCK)],
        "past-all" => vec![block(u64::MAX, BLOCK)],
        "descending" => vec![block(BLOCK, BLOCK), block(0, BLOCK)],
        "overlapping" => vec![block(0, BLOCK), block(BLOCK / 2, BLOCK)],
        "uneven" => vec![block(0, BLOCK), block(BLOCK, BLOCK / 2)],
        "unaligned" => vec![block(BLOCK / 2, BLOCK)],
        "too-many" => (0..=u64::from(window.limit)).map(|at| block(at * BLOCK, BLOCK)).collect(),
        "before-the-offset" => vec![block(0, BLOCK)],
        _ => good(),
    };
    let kind = match fault {
        "overlapping" | "descending" => Kind::VariableLength,
        _ => Kind::FixedLength,
    };
    let volume_capacity = if fault == "capacity-huge" { u64::MAX } else { VOLUME };
    Blocks { kind, volume_capacity, blocks }
}

pub(crate) fn volume_findings(asked: &str, secret: Option<&str>) -> Vec<VolumeFinding> {
    let finding = |fault, reason: &str| VolumeFinding {
        fault,
        reason: reason.to_owned(),
        message: "the image is gone\nrestore it".to_owned(),
    };
    let lost = || finding(VolumeFault::DataLoss, "ImageMissing");
    match asked {
        "sound" => vec![],
        "reason-empty" => vec![finding(VolumeFault::Degraded, "")],
        "reason-snake" => vec![finding(VolumeFault::Degraded, "image_missing")],
        "reason-long" => vec![finding(VolumeFault::Degraded, &"X".repeat(129))],
        "reason-secret" => vec![finding(VolumeFault::Degraded, secret.unwrap_or_default())],
        "twice" => vec![lost(), finding(VolumeFault::Degraded, "ImageMissing"), lost()],
        "many" => (0..257).map(|n| finding(VolumeFault::Degraded, &format!("Disk{n}"))).collect(),
        _ => vec![lost(), finding(VolumeFault::Inaccessible, "ImageMissing")],
    }
}

pub(crate) fn unsound(fault: &str) -> Entries {
    let count = if fault == "three" { 3 } else { 1 };
    let volume_id = if fault == "id-empty" { "" } else { "vol" };
    let entry =
        || Entry { volume_id: volume_id.to_owned(), findings: volume_findings(fault, None) };
    let entries = match fault {
        "nothing-yet" => vec![],
        _ => (0..count).map(|_| entry()).collect(),
    };
    let next = match fault {
        "token-empty" => Some(String::new()),
        "nothing-yet" => Some("more".to_owned()),
        _ => None,
    };
    Entries { entries, next }
}

pub(crate) fn storage_findings(asked: &str) -> Vec<StorageFinding> {
    let reason = if asked == "reason-snake" { "pool_full" } else { "PoolNearlyFull" };
    let finding = |fault| StorageFinding {
        fault,
        reason: reason.to_owned(),
        message: format!("behind {asked}"),
    };
    match asked {
        "twice" => vec![finding(StorageFault::Degraded), finding(StorageFault::Degraded)],
        _ => vec![finding(StorageFault::Degraded), finding(StorageFault::Unreachable)],
    }
}
