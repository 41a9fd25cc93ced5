//! Whether a point in time, alone or in a group, can be.

use std::collections::BTreeSet;
use std::time::{Duration, SystemTime};

use mooring_volume::snapshot::GroupSnapshot;

use super::{Checked, Malformed, ensure};

/// Seconds from 1970 to the end of the year 9999, which is the last that fits.
/// Source: `google/protobuf/timestamp.proto`.
const LAST_SECOND: u64 = 253_402_300_799;
/// Members of one group, as entries of a page are bounded: about 4 MiB of gRPC.
const MAX_MEMBERS: usize = 10_000;

/// Milliseconds since 1970 as a point in time.
pub(crate) fn moment(what: &str, milliseconds: u64) -> Checked<SystemTime> {
    let since = Duration::from_millis(milliseconds);
    ensure(since.as_secs() <= LAST_SECOND, || {
        format!("{what} {milliseconds}, which is past the year 9999")
    })?;
    SystemTime::UNIX_EPOCH
        .checked_add(since)
        .ok_or_else(|| Malformed(format!("{what} {milliseconds}, which is no time here")))
}

/// A group has members, each once, of a volume of its own, and each says that it belongs there.
pub(crate) fn group(group: &GroupSnapshot) -> Checked<()> {
    let GroupSnapshot { id, members, created: _, ready } = group;
    ensure((1..=MAX_MEMBERS).contains(&members.len()), || {
        format!("a group of {} members; 1 to {MAX_MEMBERS} are wanted", members.len())
    })?;
    ensure(members.iter().all(|member| member.group.as_ref() == Some(id)), || {
        "a group with a member that does not name the group as its own".to_owned()
    })?;
    let ids: BTreeSet<_> = members.iter().map(|member| &member.id).collect();
    ensure(ids.len() == members.len(), || "a group with a member twice".to_owned())?;
    let sources: BTreeSet<_> = members.iter().map(|member| &member.source).collect();
    ensure(sources.len() == members.len(), || "a group with two members of one volume".to_owned())?;
    ensure(!ready || members.iter().all(|member| member.ready), || {
        "a group that is ready, with a member that is not".to_owned()
    })
}
