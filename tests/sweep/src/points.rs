//! Points of a sweep and what is done at them, and their names, by which one alone is run again:
//! `ext4/stage/mkfs.ext4/pwrite64/12=kill-node-before`.

use std::fmt;
use std::str::FromStr;

use anyhow::{Context as _, bail};
use mooring_tests::Kind;
use nix::errno::Errno;
use serde::{Deserialize, Serialize};

/// Declares an enum whose cases have names on the command line and in results.
macro_rules! named {
    ($(#[$meta:meta])* $name:ident { $($(#[$case_meta:meta])* $case:ident = $text:literal),* $(,)? }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub(crate) enum $name { $($(#[$case_meta])* $case),* }

        impl $name {
            /// All of them, in order.
            pub(crate) const ALL: &[Self] = &[$(Self::$case),*];

            /// As it is written.
            pub(crate) fn name(self) -> &'static str {
                match self { $(Self::$case => $text),* }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.name())
            }
        }

        impl FromStr for $name {
            type Err = anyhow::Error;

            fn from_str(text: &str) -> anyhow::Result<Self> {
                let found = Self::ALL.iter().find(|it| it.name() == text);
                let names = || Self::ALL.iter().map(|it| it.name()).collect::<Vec<_>>().join(", ");
                found.copied().with_context(|| format!("{text:?} is none of {}", names()))
            }
        }
    };
}

named! {
    /// A call of a life, in the life's order.
    Rpc {
        /// NodeStageVolume of a blank volume: it is formatted.
        Stage = "stage",
        /// NodePublishVolume.
        Publish = "publish",
        /// NodeExpandVolume, after the controller's part.
        Expand = "expand",
        /// NodeUnpublishVolume.
        Unpublish = "unpublish",
        /// NodeUnstageVolume.
        Unstage = "unstage",
        /// NodeStageVolume of a volume with data.
        Restage = "restage",
        /// CreateVolume.
        Create = "create",
        /// ControllerExpandVolume.
        Grow = "grow",
        /// CreateSnapshot.
        Snapshot = "snapshot",
        /// CreateVolume of the snapshot.
        Restore = "restore",
        /// CreateVolume of the volume.
        Clone = "clone",
        /// DeleteSnapshot.
        Forget = "forget",
        /// DeleteVolume.
        Delete = "delete",
        /// No call: the store's file is damaged while nobody has it.
        Damage = "damage",
    }
}

named! {
    /// What lives: a volume with a device, as its consumer sees it, or the controller's store.
    Subject {
        /// A file system.
        Ext4 = "ext4",
        /// A file system.
        Xfs = "xfs",
        /// A file system.
        Btrfs = "btrfs",
        /// A device.
        Block = "block",
        /// Rows and images of one controller.
        Store = "store",
    }
}

impl Subject {
    /// The volume's kind; none for the store.
    pub(crate) fn kind(self) -> Option<Kind> {
        match self {
            Self::Ext4 => Some(Kind::Ext4),
            Self::Xfs => Some(Kind::Xfs),
            Self::Btrfs => Some(Kind::Btrfs),
            Self::Block => Some(Kind::Block),
            Self::Store => None,
        }
    }
}

named! {
    /// Who dies.
    Kill {
        /// The program, before the call; its children live on.
        NodeBefore = "kill-before",
        /// The program, when the call has returned.
        NodeAfter = "kill-after",
        /// The program and its children, as a container's end kills, before the call.
        AllBefore = "kill-all-before",
        /// The same, when the call has returned.
        AllAfter = "kill-all-after",
        /// The child alone, as the kernel kills for memory.
        ChildBefore = "kill-child-before",
        /// The same, when the call has returned.
        ChildAfter = "kill-child-after",
    }
}

impl Kill {
    /// Whether the call is carried out first.
    pub(crate) fn is_after(self) -> bool {
        matches!(self, Self::NodeAfter | Self::AllAfter | Self::ChildAfter)
    }

    /// Whether the program itself dies.
    pub(crate) fn is_of_program(self) -> bool {
        !matches!(self, Self::ChildBefore | Self::ChildAfter)
    }
}

/// The errors that are injected.
pub(crate) const ERRORS: [(&str, Errno); 7] = [
    ("EIO", Errno::EIO),
    ("ENOSPC", Errno::ENOSPC),
    ("ENOMEM", Errno::ENOMEM),
    ("EMFILE", Errno::EMFILE),
    ("EBUSY", Errno::EBUSY),
    ("EINTR", Errno::EINTR),
    ("EROFS", Errno::EROFS),
];

/// Ends the name of a fault after which the volume is taken back.
const BACK: &str = "~back";

/// What happens at a point.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum What {
    /// SIGKILL.
    Kill(Kill),
    /// The call is not carried out and answers an error.
    Fail(Errno),
    /// As is each such call of the same program until the RPC has answered.
    FailOn(Errno),
    /// A file is damaged after its owner was ended by SIGKILL.
    DamageKilled,
    /// The same after SIGTERM.
    DamageStopped,
}

impl fmt::Display for What {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = |errno: &Errno| {
            ERRORS.iter().find(|(_, it)| it == errno).map_or("E?", |(name, _)| name)
        };
        match self {
            Self::Kill(kill) => kill.fmt(f),
            Self::Fail(errno) => f.write_str(name(errno)),
            Self::FailOn(errno) => write!(f, "{}-on", name(errno)),
            Self::DamageKilled => f.write_str("after-sigkill"),
            Self::DamageStopped => f.write_str("after-sigterm"),
        }
    }
}

impl FromStr for What {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> anyhow::Result<Self> {
        match text {
            "after-sigkill" => return Ok(Self::DamageKilled),
            "after-sigterm" => return Ok(Self::DamageStopped),
            _ => {}
        }
        let (name, on) = text.strip_suffix("-on").map_or((text, false), |name| (name, true));
        match ERRORS.iter().find(|(it, _)| *it == name) {
            Some((_, errno)) if on => Ok(Self::FailOn(*errno)),
            Some((_, errno)) => Ok(Self::Fail(*errno)),
            None => text.parse().map(Self::Kill),
        }
    }
}

/// A state-changing call of an RPC: the `nth` of its name that this program makes there.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub(crate) struct Point {
    /// The program's name as the kernel has it; `mooring` for the traced one.
    pub(crate) process: String,
    /// The call, or ioctl's request.
    pub(crate) call: String,
    /// From 1 on.
    pub(crate) nth: u32,
}

impl Point {
    /// Whether a child makes the call.
    pub(crate) fn is_of_child(&self) -> bool {
        self.process != crate::trace::PROGRAM
    }
}

/// One thing that goes wrong in a life.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fault {
    /// Whose life.
    pub(crate) subject: Subject,
    /// In which call.
    pub(crate) rpc: Rpc,
    /// Where in it.
    pub(crate) point: Point,
    /// What.
    pub(crate) what: What,
    /// Whether the volume is taken back after it, as when its pod was deleted, before it goes on.
    pub(crate) back: bool,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { subject, rpc, point: Point { process, call, nth }, what, back } = self;
        let back = if *back { BACK } else { "" };
        write!(f, "{subject}/{rpc}/{process}/{call}/{nth}={what}{back}")
    }
}

impl FromStr for Fault {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> anyhow::Result<Self> {
        let form = "a point is SUBJECT/RPC/PROGRAM/CALL/NUMBER=WHAT";
        let (place, what) = text.split_once('=').context(form)?;
        let (what, back) = what.strip_suffix(BACK).map_or((what, false), |what| (what, true));
        let parts: Vec<_> = place.split('/').collect();
        let [subject, rpc, process, call, nth] = parts.as_slice() else { bail!("{form}") };
        Ok(Self {
            subject: subject.parse()?,
            rpc: rpc.parse()?,
            point: Point {
                process: (*process).to_owned(),
                call: (*call).to_owned(),
                nth: nth.parse().context(form)?,
            },
            what: what.parse()?,
            back,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_lead_back_to_their_faults() {
        for name in [
            "ext4/stage/mkfs.ext4/pwrite64/12=kill-before",
            "block/unstage/mooring/LOOP_CLR_FD/1=kill-all-after",
            "xfs/restage/mooring/fsync/2=EIO",
            "xfs/publish/mooring/open_tree/1=kill-after~back",
            "store/create/mooring/pwrite64/3=ENOSPC-on",
            "store/damage/state.redb/flip/7=after-sigterm",
        ] {
            assert_eq!(name.parse::<Fault>().unwrap().to_string(), name);
        }
        for wrong in ["", "ext4/stage/x/y/1", "ext3/stage/x/y/1=EIO", "ext4/stage/x/y/1=EPERM"] {
            assert!(wrong.parse::<Fault>().is_err(), "{wrong}");
        }
    }
}
