//! What a device holds, as far as the node's decisions go. Made from `filesystem`'s answers.

use mooring_volume::capability::FsType;

/// What was found on a device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// Proven (`filesystem::prove_blank`): all that was read was read without error and is zero.
    Blank,
    /// A finished file system that the host serves.
    FileSystem(Superblock),
    /// The beginning of a file system that the host serves, whose mkfs was cut off.
    Unfinished(FsType),
    /// Something else that is known by its signature, or a superblock that is damaged or
    /// contradicted by another: not mounted, never formatted.
    Foreign {
        /// What it is, for people: "a LUKS header", "ext3", "ext4, its superblock damaged".
        what: String,
        /// Where it stands, in bytes.
        offset: u64,
    },
    /// Bytes that are not zero and belong to nothing known (also what a cut-off mkfs.ext4 leaves).
    Data {
        /// Where the first of them stands, in bytes.
        offset: u64,
    },
}

/// What a superblock says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Superblock {
    /// Which file system.
    pub fs_type: FsType,
    /// Its UUID.
    pub uuid: [u8; 16],
    /// Bytes that it spans.
    pub size: u64,
}
