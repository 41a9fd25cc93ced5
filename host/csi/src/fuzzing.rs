//! What the fuzz targets of `tests/fuzz` call of this crate: bytes from the wire into messages, and
//! messages into domain values. Only they and this crate's tests compile it (`--cfg fuzzing`).
#![allow(
    clippy::panic,
    clippy::expect_used,
    unreachable_pub,
    reason = "a broken promise is told by a panic"
)]

use mooring_proto::Message;
use mooring_proto::csi::v1 as pb;
use mooring_proto::mooring::internal::v1 as internal;
use mooring_volume::{Abilities, Ability, Code, Result};

use crate::convert::{
    blocks, capability, group, health, listing, modification, node, publishing, snapshot, volume,
};
use crate::internal::attachment;
use crate::status;

/// What a status may carry, and the sign that it was shortened.
const LONGEST_MESSAGE: usize = 2048 + '…'.len_utf8();

fn every_ability() -> Abilities {
    use Ability::{
        AccessibilityConstraints, Capacity, ChangedBlocks, CloneVolume, Expansion, GroupSnapshots,
        Health, Listing, Modification, Nodes, OnlineExpansion, Publishing, ReadonlyPublishing,
        RestoreSnapshot, Snapshots,
    };
    [
        AccessibilityConstraints,
        Capacity,
        ChangedBlocks,
        CloneVolume,
        Expansion,
        GroupSnapshots,
        Health,
        Listing,
        Modification,
        Nodes,
        OnlineExpansion,
        Publishing,
        ReadonlyPublishing,
        RestoreSnapshot,
        Snapshots,
    ]
    .into()
}

/// A request of CSI: the first byte says which, the others are the message. It is refused, for a
/// reason that a caller may be told, or it is a domain value.
pub fn request(input: &[u8]) {
    let Some((which, bytes)) = input.split_first() else { return };
    let (all, none) = (every_ability(), Abilities::new());
    let abilities = if which & 0x80 == 0 { &all } else { &none };
    match which & 0x7f {
        0 => judged(bytes, |it: pb::CreateVolumeRequest| volume::create(it, abilities)),
        1 => judged(bytes, volume::delete),
        2 => judged(bytes, volume::validate),
        3 => judged(bytes, volume::expand),
        4 => judged(bytes, |it: pb::GetCapacityRequest| volume::get_capacity(it, abilities)),
        5 => judged(bytes, |it: pb::ControllerPublishVolumeRequest| {
            publishing::publish(it, abilities)
        }),
        6 => judged(bytes, publishing::unpublish),
        7 => judged(bytes, listing::page),
        8 => judged(bytes, listing::get),
        9 => judged(bytes, modification::modify),
        10 => judged(bytes, snapshot::create),
        11 => judged(bytes, snapshot::delete),
        12 => judged(bytes, snapshot::get),
        13 => judged(bytes, snapshot::list),
        14 => judged(bytes, group::create),
        15 => judged(bytes, group::delete),
        16 => judged(bytes, group::get),
        17 => judged(bytes, health::get),
        18 => judged(bytes, health::list),
        19 => judged(bytes, blocks::allocated),
        20 => judged(bytes, blocks::delta),
        21 => judged(bytes, node::stage),
        22 => judged(bytes, node::unstage),
        23 => judged(bytes, node::publish),
        24 => judged(bytes, node::unpublish),
        25 => judged(bytes, node::stats),
        26 => judged(bytes, node::volume_health),
        27 => judged(bytes, node::expand),
        28 => capability(bytes),
        _ => attached(bytes),
    }
}

fn judged<M: Message + Default, T>(bytes: &[u8], convert: impl FnOnce(M) -> Result<T>) {
    let Ok(message) = M::decode(bytes) else { return };
    let Err(error) = convert(message) else { return };
    let allowed = [
        Code::InvalidArgument,
        Code::OutOfRange,
        // At a relative `volume_path` no volume can be (`path::of_volume`).
        Code::NotFound,
        // "a final code means clean": these two are told before anything was done, too.
        Code::FailedPrecondition,
        Code::Aborted,
    ];
    assert!(allowed.contains(&error.code), "{error:?}");
    assert!(!error.message.is_empty());
    let status = status::from_error(error);
    assert!(status.message().len() <= LONGEST_MESSAGE, "{}", status.message().len());
}

/// A capability that was taken is the same when it comes back.
fn capability(bytes: &[u8]) {
    let Ok(message) = pb::VolumeCapability::decode(bytes) else { return };
    if let Ok(taken) = capability::required(Some(message)) {
        assert_eq!(capability::required(Some(capability::wire(taken.clone()))), Ok(taken));
    }
}

/// What the process without privilege tells the one with: an attachment, which survives the way there
/// and back, or a refusal.
fn attached(bytes: &[u8]) {
    let Ok(message) = internal::DescribeAttachmentResponse::decode(bytes) else { return };
    if let Ok(taken) = attachment::decode::attached(message) {
        let content = taken.content;
        let sent = attachment::encode::attached(taken);
        let again =
            attachment::decode::attached(sent.clone()).expect("what was taken is taken again");
        assert_eq!(again.content, content);
        assert_eq!(attachment::encode::attached(again), sent);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn whatever_the_bytes(input in prop::collection::vec(any::<u8>(), 0..256)) {
            super::request(&input);
        }
    }
}
