//! What the fuzz targets of `tests/fuzz` call of this crate: answers of components made of bytes from
//! anywhere, and what must hold of what is taken over. Only they and this crate's tests compile it
//! (`--cfg fuzzing`).
#![allow(
    clippy::expect_used,
    clippy::cast_possible_truncation,
    unreachable_pub,
    reason = "a broken promise is told by a panic; bytes become numbers of any width"
)]

use crate::bindings::exports::mooring::backend::{
    attachments as wit, changed_blocks, group_snapshots, health, listing, nodes, snapshots,
};
use crate::bindings::mooring::backend::types;
use crate::check::Malformed;
use crate::convert;

/// Any answers: refused with a reason of one line, or values that fit CSI's messages.
pub fn answers(input: &[u8]) {
    let Some((which, rest)) = input.split_first() else { return };
    let bytes = &mut Bytes(rest);
    match which % 8 {
        0 => judged(convert::attached(answer(bytes)), |_| ()),
        1 => volumes(bytes),
        2 => error(bytes),
        3 => snapshot_pages(bytes),
        4 => groups(bytes),
        5 => findings(bytes),
        6 => blocks(bytes),
        _ => judged(convert::node(node(bytes)), |node| {
            assert!(node.max_volumes.is_none_or(fits), "{:?}", node.max_volumes);
        }),
    }
}

/// A value that passed is looked at; a refusal says why, in one line.
fn judged<T>(answer: Result<T, Malformed>, look: impl FnOnce(&T)) {
    match answer {
        Ok(value) => look(&value),
        Err(Malformed(why)) => {
            assert!(!why.is_empty() && !why.contains(['\n', '\r']), "{why:?}");
        }
    }
}

/// CSI's messages hold numbers as int64.
fn fits(number: u64) -> bool {
    i64::try_from(number).is_ok()
}

fn volumes(bytes: &mut Bytes<'_>) {
    let most = u32::from(bytes.byte() % 4);
    let entries = bytes.list(|bytes| listing::Entry {
        volume: volume(bytes),
        published_nodes: bytes.maybe(|bytes| bytes.list(Bytes::text)),
    });
    let page = listing::Entries { entries, next: bytes.maybe(Bytes::text) };
    judged(convert::entries(page, most), |page| {
        assert!(most == 0 || page.entries.len() <= most as usize, "{}", page.entries.len());
        for entry in &page.entries {
            assert!(fits(entry.volume.capacity), "{}", entry.volume.capacity);
            assert!(!entry.volume.context.contains_key(""), "a name of nothing");
        }
    });
}

fn volume(bytes: &mut Bytes<'_>) -> types::Volume {
    types::Volume {
        id: bytes.text(),
        capacity: bytes.number(),
        context: bytes.map(),
        source: bytes.maybe(|bytes| match bytes.flag() {
            true => types::ContentSource::Snapshot(bytes.text()),
            false => types::ContentSource::Volume(bytes.text()),
        }),
        topology: bytes.list(Bytes::map),
    }
}

fn error(bytes: &mut Bytes<'_>) {
    let told = convert::error(types::Error {
        code: bytes.one_of([types::Code::Unknown, types::Code::NotFound, types::Code::DataLoss]),
        message: bytes.text(),
        retry_after: bytes.maybe(Bytes::number),
    });
    assert!(!told.message.chars().any(char::is_control), "{:?}", told.message);
    assert!(told.message.len() <= 2 << 10, "{}", told.message.len());
}

fn snapshot(bytes: &mut Bytes<'_>) -> types::Snapshot {
    types::Snapshot {
        id: bytes.text(),
        source_volume_id: bytes.text(),
        created: bytes.number(),
        size: bytes.number(),
        ready: bytes.flag(),
        group_id: bytes.maybe(Bytes::text),
    }
}

fn snapshot_pages(bytes: &mut Bytes<'_>) {
    let most = u32::from(bytes.byte() % 4);
    let entries = bytes.list(snapshot);
    let page = snapshots::SnapshotPage { entries, next: bytes.maybe(Bytes::text) };
    judged(convert::snapshots(page, most), |page| {
        assert!(page.entries.iter().all(|snapshot| fits(snapshot.size)), "a size past 2^63");
    });
}

fn groups(bytes: &mut Bytes<'_>) {
    let group = group_snapshots::Group {
        id: bytes.text(),
        members: bytes.list(snapshot),
        created: bytes.number(),
        ready: bytes.flag(),
    };
    judged(convert::group(group), |group| {
        let all_say_so =
            group.members.iter().all(|member| member.group.as_ref() == Some(&group.id));
        assert!(all_say_so && !group.members.is_empty(), "members of another group, or none");
    });
}

fn findings(bytes: &mut Bytes<'_>) {
    let findings = bytes.list(|bytes| health::VolumeFinding {
        fault: bytes.one_of([health::VolumeFault::Degraded, health::VolumeFault::DataLoss]),
        reason: bytes.text(),
        message: bytes.text(),
    });
    judged(convert::volume_findings(findings), |findings| {
        for finding in findings {
            assert!(!finding.message.chars().any(char::is_control), "{:?}", finding.message);
        }
    });
}

/// What a backup relies on: blocks in order, within the volume, without overlap.
fn blocks(bytes: &mut Bytes<'_>) {
    let (offset, limit) = (bytes.number(), u32::from(bytes.byte() % 8));
    let answer = changed_blocks::Blocks {
        kind: bytes
            .one_of([changed_blocks::Kind::FixedLength, changed_blocks::Kind::VariableLength]),
        volume_capacity: bytes.number(),
        blocks: bytes
            .list(|bytes| changed_blocks::Block { offset: bytes.number(), size: bytes.number() }),
    };
    judged(convert::blocks(answer, offset, limit), |page| {
        let mut before = 0;
        for block in &page.blocks {
            let end = block.offset.checked_add(block.size).expect("an end");
            assert!(block.offset >= before && end > offset && end <= page.volume_capacity);
            before = end;
        }
    });
}

fn node(bytes: &mut Bytes<'_>) -> nodes::Description {
    nodes::Description {
        id: bytes.text(),
        topology: bytes.maybe(Bytes::map),
        max_volumes: bytes.maybe(Bytes::number),
    }
}

fn answer(bytes: &mut Bytes<'_>) -> wit::Answer {
    wit::Answer {
        attachment: attachment(bytes),
        content: bytes.one_of([wit::Content::Blank, wit::Content::Copied, wit::Content::Unknown]),
        minimum_size: bytes.maybe(Bytes::number),
    }
}

/// Those cases whose forms are checked in ways of their own.
fn attachment(bytes: &mut Bytes<'_>) -> wit::Attachment {
    match bytes.byte() % 8 {
        0 => wit::Attachment::ImageFile(item(bytes)),
        1 => wit::Attachment::BlockDevice(device(bytes)),
        2 => wit::Attachment::Iscsi(wit::Iscsi {
            portals: bytes.list(Bytes::text),
            iqn: bytes.text(),
            lun: bytes.number() as u32,
            further_targets: bytes.list(|bytes| wit::IscsiTarget {
                portals: bytes.list(Bytes::text),
                iqn: bytes.text(),
                lun: bytes.number() as u32,
            }),
            wwid: bytes.maybe(Bytes::text),
            discover: bytes.flag(),
            chap: bytes.maybe(credentials),
            mutual_chap: bytes.maybe(credentials),
            discovery_chap: bytes.maybe(credentials),
        }),
        3 => wit::Attachment::Nfs(wit::Nfs {
            servers: bytes.list(Bytes::text),
            export_path: bytes.text(),
            version: bytes.one_of([wit::NfsVersion::Any, wit::NfsVersion::V42]),
        }),
        4 => wit::Attachment::MountedDirectory(wit::MountedDirectory {
            root: bytes.text(),
            path: bytes.text(),
        }),
        5 => wit::Attachment::KataDirect(wit::KataDirect {
            device: match bytes.flag() {
                true => wit::DirectDevice::BlockDevice(device(bytes)),
                false => wit::DirectDevice::ImageFile(item(bytes)),
            },
            fs_type: bytes.maybe(Bytes::text),
            metadata: bytes.map(),
        }),
        6 => wit::Attachment::Fuse(wit::Fuse {
            client: bytes.text(),
            source: bytes.text(),
            parameters: bytes.map(),
            secrets: bytes.map(),
        }),
        _ => wit::Attachment::External(wit::External {
            program: bytes.text(),
            request: bytes.text(),
            secrets: bytes.map(),
        }),
    }
}

fn item(bytes: &mut Bytes<'_>) -> wit::PoolItem {
    wit::PoolItem { pool: bytes.text(), name: bytes.text() }
}

fn device(bytes: &mut Bytes<'_>) -> wit::BlockDevice {
    wit::BlockDevice {
        links: bytes.list(Bytes::text),
        serial: bytes.maybe(Bytes::text),
        wwid: bytes.maybe(Bytes::text),
        rescan: bytes.flag(),
    }
}

fn credentials(bytes: &mut Bytes<'_>) -> wit::Credentials {
    wit::Credentials { user: bytes.text(), password: bytes.text() }
}

/// What is left of an input. One that is used up goes on as zeros.
struct Bytes<'a>(&'a [u8]);

impl Bytes<'_> {
    fn byte(&mut self) -> u8 {
        let (first, rest) = self.0.split_first().unwrap_or((&0, &[]));
        self.0 = rest;
        *first
    }

    fn flag(&mut self) -> bool {
        self.byte() & 1 == 1
    }

    fn one_of<T: Copy, const N: usize>(&mut self, all: [T; N]) -> T {
        *all.get(usize::from(self.byte()) % N).expect("below the number of them")
    }

    fn maybe<T>(&mut self, some: impl FnOnce(&mut Self) -> T) -> Option<T> {
        self.flag().then(|| some(self))
    }

    /// Small numbers, and those at the edges of the types that hold them.
    fn number(&mut self) -> u64 {
        let small = u64::from(self.byte());
        match self.byte() % 6 {
            0 => small,
            1 => small << 12,
            2 => u64::MAX - small,
            3 => (1 << 63) - small,
            4 => 253_402_300_799_000 + small,
            _ => (0..7).fold(small, |number, _| number << 8 | u64::from(self.byte())),
        }
    }

    /// As long as its first byte says, or 64 times that.
    fn text(&mut self) -> String {
        let length = match self.byte() {
            length @ 0..=191 => usize::from(length),
            length => usize::from(length) * 64,
        };
        let (text, rest) = self.0.split_at(length.min(self.0.len()));
        self.0 = rest;
        String::from_utf8_lossy(text).into_owned()
    }

    fn list<T>(&mut self, mut one: impl FnMut(&mut Self) -> T) -> Vec<T> {
        (0..self.byte() % 8).map(|_| one(self)).collect()
    }

    fn map(&mut self) -> Vec<(String, String)> {
        self.list(|bytes| (bytes.text(), bytes.text()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    proptest::proptest! {
        #[test]
        fn any_answer_is_taken_or_refused(input: Vec<u8>) {
            answers(&input);
        }
    }
}
