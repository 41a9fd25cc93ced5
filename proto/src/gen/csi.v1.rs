// Generated from package csi.v1: see ../lib.rs. Not to be edited.

#[derive(Clone, Copy, PartialEq, Eq, Hash, ::prost::Message)]
pub struct GetPluginInfoRequest {}
impl ::prost::Name for GetPluginInfoRequest {
    const NAME: &'static str = "GetPluginInfoRequest";
    const PACKAGE: &'static str = "csi.v1";
    fn full_name() -> ::prost::alloc::string::String {
        "csi.v1.GetPluginInfoRequest".into()
    }
    fn type_url() -> ::prost::alloc::string::String {
        "/csi.v1.GetPluginInfoRequest".into()
    }
}
#[derive(Clone, PartialEq, ::prost::Message)]
pub struct GetPluginInfoResponse {
    /// Domain-name notation, at most 63 characters: letters, digits, "-" and "." with a letter or digit
    /// at both ends.
    #[prost(string, tag = "1")]
    pub name: ::prost::alloc::string::String,
    /// Free text.
    #[prost(string, tag = "2")]
    pub vendor_version: ::prost::alloc::string::String,
    /// Optional free facts.
    #[prost(btree_map = "string, string", tag = "3")]
    pub manifest: ::prost::alloc::collections::BTreeMap<
        ::prost::alloc::string::String,
        ::prost::alloc::string::String,
    >,
}
impl ::prost::Name for GetPluginInfoResponse {
    const NAME: &'static str = "GetPluginInfoResponse";
    const PACKAGE: &'static str = "csi.v1";
    fn full_name() -> ::prost::alloc::string::String {
        "csi.v1.GetPluginInfoResponse".into()
    }
    fn type_url() -> ::prost::alloc::string::String {
        "/csi.v1.GetPluginInfoResponse".into()
    }
}
#[derive(Clone, Copy, PartialEq, Eq, Hash, ::prost::Message)]
pub struct GetPluginCapabilitiesRequest {}
impl ::prost::Name for GetPluginCapabilitiesRequest {
    const NAME: &'static str = "GetPluginCapabilitiesRequest";
    const PACKAGE: &'static str = "csi.v1";
    fn full_name() -> ::prost::alloc::string::String {
        "csi.v1.GetPluginCapabilitiesRequest".into()
    }
    fn type_url() -> ::prost::alloc::string::String {
        "/csi.v1.GetPluginCapabilitiesRequest".into()
    }
}
#[derive(Clone, PartialEq, ::prost::Message)]
pub struct GetPluginCapabilitiesResponse {
    #[prost(message, repeated, tag = "1")]
    pub capabilities: ::prost::alloc::vec::Vec<PluginCapability>,
}
impl ::prost::Name for GetPluginCapabilitiesResponse {
    const NAME: &'static str = "GetPluginCapabilitiesResponse";
    const PACKAGE: &'static str = "csi.v1";
    fn full_name() -> ::prost::alloc::string::String {
        "csi.v1.GetPluginCapabilitiesResponse".into()
    }
    fn type_url() -> ::prost::alloc::string::String {
        "/csi.v1.GetPluginCapabilitiesResponse".into()
    }
}
/// One trait of the whole plugin.
#[derive(Clone, Copy, PartialEq, Eq, Hash, ::prost::Message)]
pub struct PluginCapability {
    #[prost(oneof = "plugin_capability::Type", tags = "1, 2")]
    pub r#type: ::core::option::Option<plugin_capability::Type>,
}
/// Nested message and enum types in `PluginCapability`.
pub mod plugin_capability {
    #[derive(Clone, Copy, PartialEq, Eq, Hash, ::prost::Message)]
    pub struct Service {
        #[prost(enumeration = "service::Type", tag = "1")]
        pub r#type: i32,
    }
    /// Nested message and enum types in `Service`.
    pub mod service {
        #[derive(
            Clone,
            Copy,
            Debug,
            PartialEq,
            Eq,
            Hash,
            PartialOrd,
            Ord,
            ::prost::Enumeration
        )]
        #[repr(i32)]
        pub enum Type {
            Unknown = 0,
            /// The Controller service is served.
            ControllerService = 1,
            /// Not every node reaches every volume: topology counts.
            VolumeAccessibilityConstraints = 2,
            /// The GroupController service is served.
            GroupControllerService = 3,
            /// The SnapshotMetadata service is served.
            SnapshotMetadataService = 4,
            /// A snapshot can't be restored everywhere: snapshots carry topology.
            SnapshotAccessibilityConstraints = 5,
        }
        impl Type {
            /// String value of the enum field names used in the ProtoBuf definition.
            ///
            /// The values are not transformed in any way and thus are considered stable
            /// (if the ProtoBuf definition does not change) and safe for programmatic use.
            pub fn as_str_name(&self) -> &'static str {
                match self {
                    Self::Unknown => "UNKNOWN",
                    Self::ControllerService => "CONTROLLER_SERVICE",
                    Self::VolumeAccessibilityConstraints => {
                        "VOLUME_ACCESSIBILITY_CONSTRAINTS"
                    }
                    Self::GroupControllerService => "GROUP_CONTROLLER_SERVICE",
                    Self::SnapshotMetadataService => "SNAPSHOT_METADATA_SERVICE",
                    Self::SnapshotAccessibilityConstraints => {
                        "SNAPSHOT_ACCESSIBILITY_CONSTRAINTS"
                    }
                }
            }
            /// Creates an enum from field names used in the ProtoBuf definition.
            pub fn from_str_name(value: &str) -> ::core::option::Option<Self> {
                match value {
                    "UNKNOWN" => Some(Self::Unknown),
                    "CONTROLLER_SERVICE" => Some(Self::ControllerService),
                    "VOLUME_ACCESSIBILITY_CONSTRAINTS" => {
                        Some(Self::VolumeAccessibilityConstraints)
                    }
                    "GROUP_CONTROLLER_SERVICE" => Some(Self::GroupControllerService),
                    "SNAPSHOT_METADATA_SERVICE" => Some(Self::SnapshotMetadataService),
                    "SNAPSHOT_ACCESSIBILITY_CONSTRAINTS" => {
                        Some(Self::SnapshotAccessibilityConstraints)
                    }
                    _ => None,
                }
            }
        }
    }
    impl ::prost::Name for Service {
        const NAME: &'static str = "Service";
        const PACKAGE: &'static str = "csi.v1";
        fn full_name() -> ::prost::alloc::string::String {
            "csi.v1.PluginCapability.Service".into()
        }
        fn type_url() -> ::prost::alloc::string::String {
            "/csi.v1.PluginCapability.Service".into()
        }
    }
    /// Needs EXPAND_VOLUME of the controller, the node or both.
    #[derive(Clone, Copy, PartialEq, Eq, Hash, ::prost::Message)]
    pub struct VolumeExpansion {
        #[prost(enumeration = "volume_expansion::Type", tag = "1")]
        pub r#type: i32,
    }
    /// Nested message and enum types in `VolumeExpansion`.
    pub mod volume_expansion {
        #[derive(
            Clone,
            Copy,
            Debug,
            PartialEq,
            Eq,
            Hash,
            PartialOrd,
            Ord,
            ::prost::Enumeration
        )]
        #[repr(i32)]
        pub enum Type {
            Unknown = 0,
            /// A volume may grow while it is published.
            Online = 1,
            /// A volume may grow only while it is not published to a node.
            Offline = 2,
        }
        impl Type {
            /// String value of the enum field names used in the ProtoBuf definition.
            ///
            /// The values are not transformed in any way and thus are considered stable
            /// (if the ProtoBuf definition does not change) and safe for programmatic use.
            pub fn as_str_name(&self) -> &'static str {
                match self {
                    Self::Unknown => "UNKNOWN",
                    Self::Online => "ONLINE",
                    Self::Offline => "OFFLINE",
                }
            }
            /// Creates an enum from field names used in the ProtoBuf definition.
            pub fn from_str_name(value: &str) -> ::core::option::Option<Self> {
                match value {
                    "UNKNOWN" => Some(Self::Unknown),
                    "ONLINE" => Some(Self::Online),
                    "OFFLINE" => Some(Self::Offline),
                    _ => None,
                }
            }
        }
    }
    impl ::prost::Name for VolumeExpansion {
        const NAME: &'static str = "VolumeExpansion";
        const PACKAGE: &'static str = "csi.v1";
        fn full_name() -> ::prost::alloc::string::String {
            "csi.v1.PluginCapability.VolumeExpansion".into()
        }
        fn type_url() -> ::prost::alloc::string::String {
            "/csi.v1.PluginCapability.VolumeExpansion".into()
        }
    }
    #[derive(Clone, Copy, PartialEq, Eq, Hash, ::prost::Oneof)]
    pub enum Type {
        #[prost(message, tag = "1")]
        Service(Service),
        #[prost(message, tag = "2")]
        VolumeExpansion(VolumeExpansion),
    }
}
impl ::prost::Name for PluginCapability {
    const NAME: &'static str = "PluginCapability";
    const PACKAGE: &'static str = "csi.v1";
    fn full_name() -> ::prost::alloc::string::String {
        "csi.v1.PluginCapability".into()
    }
    fn type_url() -> ::prost::alloc::string::String {
        "/csi.v1.PluginCapability".into()
    }
}
#[derive(Clone, Copy, PartialEq, Eq, Hash, ::prost::Message)]
pub struct ProbeRequest {}
impl ::prost::Name for ProbeRequest {
    const NAME: &'static str = "ProbeRequest";
    const PACKAGE: &'static str = "csi.v1";
    fn full_name() -> ::prost::alloc::string::String {
        "csi.v1.ProbeRequest".into()
    }
    fn type_url() -> ::prost::alloc::string::String {
        "/csi.v1.ProbeRequest".into()
    }
}
#[derive(Clone, Copy, PartialEq, Eq, Hash, ::prost::Message)]
pub struct ProbeResponse {
    /// False: alive but still starting. Absent counts as true.
    #[prost(message, optional, tag = "1")]
    pub ready: ::core::option::Option<bool>,
}
impl ::prost::Name for ProbeResponse {
    const NAME: &'static str = "ProbeResponse";
    const PACKAGE: &'static str = "csi.v1";
    fn full_name() -> ::prost::alloc::string::String {
        "csi.v1.ProbeResponse".into()
    }
    fn type_url() -> ::prost::alloc::string::String {
        "/csi.v1.ProbeResponse".into()
    }
}
#[derive(Clone, PartialEq, ::prost::Message)]
#[prost(skip_debug)]
pub struct CreateVolumeRequest {
    /// Chosen by the orchestrator: the same name again gives the same volume. Any text without control
    /// characters other than white space.
    #[prost(string, tag = "1")]
    pub name: ::prost::alloc::string::String,
    /// Optional. Holds for copies too, which may so have to grow.
    #[prost(message, optional, tag = "2")]
    pub capacity_range: ::core::option::Option<CapacityRange>,
    /// The volume must satisfy every one of them.
    #[prost(message, repeated, tag = "3")]
    pub volume_capabilities: ::prost::alloc::vec::Vec<VolumeCapability>,
    /// Optional, for the plugin alone to understand.
    #[prost(btree_map = "string, string", tag = "4")]
    pub parameters: ::prost::alloc::collections::BTreeMap<
        ::prost::alloc::string::String,
        ::prost::alloc::string::String,
    >,
    #[prost(btree_map = "string, string", tag = "5")]
    pub secrets: ::prost::alloc::collections::BTreeMap<
        ::prost::alloc::string::String,
        ::prost::alloc::string::String,
    >,
    /// Optional: what the new volume starts with.
    #[prost(message, optional, tag = "6")]
    pub volume_content_source: ::core::option::Option<VolumeContentSource>,
    /// Optional; only with VOLUME_ACCESSIBILITY_CONSTRAINTS.
    #[prost(message, optional, tag = "7")]
    pub accessibility_requirements: ::core::option::Option<TopologyRequirement>,
    /// Optional; only with MODIFY_VOLUME. A key here overrides the same key of `parameters`.
    #[prost(btree_map = "string, string", tag = "8")]
    pub mutable_parameters: ::prost::alloc::collections::BTreeMap<
        ::prost::alloc::string::String,
        ::prost::alloc::string::String,
    >,
}
impl ::prost::Name for CreateVolumeRequest {
    const NAME: &'static str = "CreateVolumeRequest";
    const PACKAGE: &'static str = "csi.v1";
    fn full_name() -> ::prost::alloc::string::String {
        "csi.v1.CreateVolumeRequest".into()
    }
    fn type_url() -> ::prost::alloc::string::String {
        "/csi.v1.CreateVolumeRequest".into()
    }
}
/// What a new volume is filled from.
#[derive(Clone, PartialEq, Eq, Hash, ::prost::Message)]
pub struct VolumeContentSource {
    #[prost(oneof = "volume_content_source::Type", tags = "1, 2")]
    pub r#type: ::core::option::Option<volume_content_source::Type>,
}
/// Nested message and enum types in `VolumeContentSource`.
pub mod volume_content_source {
    #[derive(Clone, PartialEq, Eq, Hash, ::prost::Message)]
    pub struct SnapshotSource {
        #[prost(string, tag = "1")]
        pub snapshot_id: ::prost::alloc::string::String,
    }
    impl ::prost::Name for SnapshotSource {
        const NAME: &'static str = "SnapshotSource";
        const PACKAGE: &'static str = "csi.v1";
        fn full_name() -> ::prost::alloc::string::String {
            "csi.v1.VolumeContentSource.SnapshotSource".into()
        }
        fn type_url() -> ::prost::alloc::string::String {
            "/csi.v1.VolumeContentSource.SnapshotSource".into()
        }
    }
    #[derive(Clone, PartialEq, Eq, Hash, ::prost::Message)]
    pub struct VolumeSource {
        #[prost(string, tag = "1")]
        pub volume_id: ::prost::alloc::string::String,
    }
    impl ::prost::Name for VolumeSource {
        const NAME: &'static str = "VolumeSource";
        const PACKAGE: &'static str = "csi.v1";
        fn full_name() -> ::prost::alloc::string::String {
            "csi.v1.VolumeContentSource.VolumeSource".into()
        }
        fn type_url() -> ::prost::alloc::string::String {
            "/csi.v1.VolumeContentSource.VolumeSource".into()
        }
    }
    #[derive(Clone, PartialEq, Eq, Hash, ::prost::Oneof)]
    pub enum Type {
        #[prost(message, tag = "1")]
        Snapshot(SnapshotSource),
        #[prost(message, tag = "2")]
        Volume(VolumeSource),
    }
}
impl ::prost::Name for VolumeContentSource {
    const NAME: &'static str = "VolumeContentSource";
    const PACKAGE: &'static str = "csi.v1";
    fn full_name() -> ::prost::alloc::string::String {
        "csi.v1.VolumeContentSource".into()
    }
    fn type_url() -> ::prost::alloc::string::String {
        "/csi.v1.VolumeContentSource".into()
    }
}
#[derive(Clone, PartialEq, ::prost::Message)]
pub struct CreateVolumeResponse {
    #[prost(message, optional, tag = "1")]
    pub volume: ::core::option::Option<Volume>,
}
impl ::prost::Name for CreateVolumeResponse {
    const NAME: &'static str = "CreateVolumeResponse";
    const PACKAGE: &'static str = "csi.v1";
    fn full_name() -> ::prost::alloc::string::String {
        "csi.v1.CreateVolumeResponse".into()
    }
    fn type_url() -> ::prost::alloc::string::String {
        "/csi.v1.CreateVolumeResponse".into()
    }
}
/// One way in which a volume is to be used.
#[derive(Clone, PartialEq, Eq, Hash, ::prost::Message)]
pub struct VolumeCapability {
    #[prost(message, optional, tag = "3")]
    pub access_mode: ::core::option::Option<volume_capability::AccessMode>,
    #[prost(oneof = "volume_capability::AccessType", tags = "1, 2")]
    pub access_type: ::core::option::Option<volume_capability::AccessType>,
}
/// Nested message and enum types in `VolumeCapability`.
pub mod volume_capability {
    /// As a block device.
    #[derive(Clone, Copy, PartialEq, Eq, Hash, ::prost::Message)]
    pub struct BlockVolume {}
    impl ::prost::Name for BlockVolume {
        const NAME: &'static str = "BlockVolume";
        const PACKAGE: &'static str = "csi.v1";
        fn full_name() -> ::prost::alloc::string::String {
            "csi.v1.VolumeCapability.BlockVolume".into()
        }
        fn type_url() -> ::prost::alloc::string::String {
            "/csi.v1.VolumeCapability.BlockVolume".into()
        }
    }
    /// As a directory.
    #[derive(Clone, PartialEq, Eq, Hash, ::prost::Message)]
    #[prost(skip_debug)]
    pub struct MountVolume {
        /// Empty: the plugin chooses.
        #[prost(string, tag = "1")]
        pub fs_type: ::prost::alloc::string::String,
        /// At most 4 KiB together. May hold credentials (CIFS): handled like a secret, so left out of
        /// Debug output.
        #[prost(string, repeated, tag = "2")]
        pub mount_flags: ::prost::alloc::vec::Vec<::prost::alloc::string::String>,
        /// The group that must be able to read and write; only with VOLUME_MOUNT_GROUP.
        #[prost(string, tag = "3")]
        pub volume_mount_group: ::prost::alloc::string::String,
    }
    impl ::prost::Name for MountVolume {
        const NAME: &'static str = "MountVolume";
        const PACKAGE: &'static str = "csi.v1";
        fn full_name() -> ::prost::alloc::string::String {
            "csi.v1.VolumeCapability.MountVolume".into()
        }
        fn type_url() -> ::prost::alloc::string::String {
            "/csi.v1.VolumeCapability.MountVolume".into()
        }
    }
    #[derive(Clone, Copy, PartialEq, Eq, Hash, ::prost::Message)]
    pub struct AccessMode {
        #[prost(enumeration = "access_mode::Mode", tag = "1")]
        pub mode: i32,
    }
    /// Nested message and enum types in `AccessMode`.
    pub mod access_mode {
        #[derive(
            Clone,
            Copy,
            Debug,
            PartialEq,
            Eq,
            Hash,
            PartialOrd,
            Ord,
            ::prost::Enumeration
        )]
        #[repr(i32)]
        pub enum Mode {
            Unknown = 0,
            /// Read-write on one node. Older than the two SINGLE_NODE_…_WRITER modes that replace it.
            SingleNodeWriter = 1,
            /// Read-only on one node.
            SingleNodeReaderOnly = 2,
            /// Read-only on several nodes.
            MultiNodeReaderOnly = 3,
            /// On several nodes, one of which may write.
            MultiNodeSingleWriter = 4,
            /// Read-write on several nodes.
            MultiNodeMultiWriter = 5,
            /// Read-write at one target path of one node. Only with SINGLE_NODE_MULTI_WRITER.
            SingleNodeSingleWriter = 6,
            /// Read-write at several target paths of one node. Only with SINGLE_NODE_MULTI_WRITER.
            SingleNodeMultiWriter = 7,
        }
        impl Mode {
            /// String value of the enum field names used in the ProtoBuf definition.
            ///
            /// The values are not transformed in any way and thus are considered stable
            /// (if the ProtoBuf definition does not change) and safe for programmatic use.
            pub fn as_str_name(&self) -> &'static str {
                match self {
                    Self::Unknown => "UNKNOWN",
                    Self::SingleNodeWriter => "SINGLE_NODE_WRITER",
                    Self::SingleNodeReaderOnly => "SINGLE_NODE_READER_ONLY",
                    Self::MultiNodeReaderOnly => "MULTI_NODE_READER_ONLY",
                    Self::MultiNodeSingleWriter => "MULTI_NODE_SINGLE_WRITER",
                    Self::MultiNodeMultiWriter => "MULTI_NODE_MULTI_WRITER",
                    Self::SingleNodeSingleWriter => "SINGLE_NODE_SINGLE_WRITER",
                    Self::SingleNodeMultiWriter => "SINGLE_NODE_MULTI_WRITER",
                }
            }
            /// Creates an enum from field names used in the ProtoBuf definition.
            pub fn from_str_name(value: &str) -> ::core::option::Option<Self> {
                match value {
                    "UNKNOWN" => Some(Self::Unknown),
                    "SINGLE_NODE_WRITER" => Some(Self::SingleNodeWriter),
                    "SINGLE_NODE_READER_ONLY" => Some(Self::SingleNodeReaderOnly),
                    "MULTI_NODE_READER_ONLY" => Some(Self::MultiNodeReaderOnly),
                    "MULTI_NODE_SINGLE_WRITER" => Some(Self::MultiNodeSingleWriter),
                    "MULTI_NODE_MULTI_WRITER" => Some(Self::MultiNodeMultiWriter),
                    "SINGLE_NODE_SINGLE_WRITER" => Some(Self::SingleNodeSingleWriter),
                    "SINGLE_NODE_MULTI_WRITER" => Some(Self::SingleNodeMultiWriter),
                    _ => None,
                }
            }
        }
    }
    impl ::prost::Name for AccessMode {
        const NAME: &'static str = "AccessMode";
        const PACKAGE: &'static str = "csi.v1";
        fn full_name() -> ::prost::alloc::string::String {
            "csi.v1.VolumeCapability.AccessMode".into()
        }
        fn type_url() -> ::prost::alloc::string::String {
            "/csi.v1.VolumeCapability.AccessMode".into()
        }
    }
    #[derive(Clone, PartialEq, Eq, Hash, ::prost::Oneof)]
    pub enum AccessType {
        #[prost(message, tag = "1")]
        Block(BlockVolume),
        #[prost(message, tag = "2")]
        Mount(MountVolume),
    }
}
impl ::prost::Name for VolumeCapability {
    const NAME: &'static str = "VolumeCapability";
    const PACKAGE: &'static str = "csi.v1";
    fn full_name() -> ::prost::alloc::string::String {
        "csi.v1.VolumeCapability".into()
    }
    fn type_url() -> ::prost::alloc::string::String {
        "/csi.v1.VolumeCapability".into()
    }
}
/// At least one of the two is given.
#[derive(Clone, Copy, PartialEq, Eq, Hash, ::prost::Message)]
pub struct CapacityRange {
    /// At least so many bytes.
    #[prost(int64, tag = "1")]
    pub required_bytes: i64,
    /// At most so many bytes.
    #[prost(int64, tag = "2")]
    pub limit_bytes: i64,
}
impl ::prost::Name for CapacityRange {
    const NAME: &'static str = "CapacityRange";
    const PACKAGE: &'static str = "csi.v1";
    fn full_name() -> ::prost::alloc::string::String {
        "csi.v1.CapacityRange".into()
    }
    fn type_url() -> ::prost::alloc::string::String {
        "/csi.v1.CapacityRange".into()
    }
}
#[derive(Clone, PartialEq, ::prost::Message)]
pub struct Volume {
    /// 0: not known.
    #[prost(int64, tag = "1")]
    pub capacity_bytes: i64,
    #[prost(string, tag = "2")]
    pub volume_id: ::prost::alloc::string::String,
    /// Facts that later RPCs hand back unchanged. Not for credentials.
    #[prost(btree_map = "string, string", tag = "3")]
    pub volume_context: ::prost::alloc::collections::BTreeMap<
        ::prost::alloc::string::String,
        ::prost::alloc::string::String,
    >,
    /// Echoes the source of the request. An answer without it, where the request had one, is taken for a
    /// plugin that ignored the source.
    #[prost(message, optional, tag = "4")]
    pub content_source: ::core::option::Option<VolumeContentSource>,
    /// From where the volume is reachable; only with VOLUME_ACCESSIBILITY_CONSTRAINTS.
    #[prost(message, repeated, tag = "5")]
    pub accessible_topology: ::prost::alloc::vec::Vec<Topology>,
}
impl ::prost::Name for Volume {
    const NAME: &'static str = "Volume";
    const PACKAGE: &'static str = "csi.v1";
    fn full_name() -> ::prost::alloc::string::String {
        "csi.v1.Volume".into()
    }
    fn type_url() -> ::prost::alloc::string::String {
        "/csi.v1.Volume".into()
    }
}
/// At least one of the two is given.
#[derive(Clone, PartialEq, ::prost::Message)]
pub struct TopologyRequirement {
    /// The volume must be reachable from at least one of them; from all, where it spans as many.
    #[prost(message, repeated, tag = "1")]
    pub requisite: ::prost::alloc::vec::Vec<Topology>,
    /// Tried in this order. A subset of `requisite` where that is given.
    #[prost(message, repeated, tag = "2")]
    pub preferred: ::prost::alloc::vec::Vec<Topology>,
}
impl ::prost::Name for TopologyRequirement {
    const NAME: &'static str = "TopologyRequirement";
    const PACKAGE: &'static str = "csi.v1";
    fn full_name() -> ::prost::alloc::string::String {
        "csi.v1.TopologyRequirement".into()
    }
    fn type_url() -> ::prost::alloc::string::String {
        "/csi.v1.TopologyRequirement".into()
    }
}
/// A place: domain to segment, such as zone to z1. A key is `\[prefix/\]name`, each at most 63
/// characters; keys are equal without regard to case. A value is at most 63 characters.
#[derive(Clone, PartialEq, ::prost::Message)]
pub struct Topology {
    #[prost(btree_map = "string, string", tag = "1")]
    pub segments: ::prost::alloc::collections::BTreeMap<
        ::prost::alloc::string::String,
        ::prost::alloc::string::String,
    >,
}
impl ::prost::Name for Topology {
    const NAME: &'static str = "Topology";
    const PACKAGE: &'static str = "csi.v1";
    fn full_name() -> ::prost::alloc::string::String {
        "csi.v1.Topology".into()
    }
    fn type_url() -> ::prost::alloc::string::String {
        "/csi.v1.Topology".into()
    }
}
#[derive(Clone, PartialEq, ::prost::Message)]
#[prost(skip_debug)]
pub struct DeleteVolumeRequest {
    #[prost(string, tag = "1")]
    pub volume_id: ::prost::alloc::string::String,
    #[prost(btree_map = "string, string", tag = "2")]
    pub secrets: ::prost::alloc::collections::BTreeMap<
        ::prost::alloc::string::String,
        ::prost::alloc::string::String,
    >,
}
impl ::prost::Name for DeleteVolumeRequest {
    const NAME: &'static str = "DeleteVolumeRequest";
    const PACKAGE: &'static str = "csi.v1";
    fn full_name() -> ::prost::alloc::string::String {
        "csi.v1.DeleteVolumeRequest".into()
    }
    fn type_url() -> ::prost::alloc::string::String {
        "/csi.v1.DeleteVolumeRequest".into()
    }
}
#[derive(Clone, Copy, PartialEq, Eq, Hash, ::prost::Message)]
pub struct DeleteVolumeResponse {}
impl ::prost::Name for DeleteVolumeResponse {
    const NAME: &'static str = "DeleteVolumeResponse";
    const PACKAGE: &'static str = "csi.v1";
    fn full_name() -> ::prost::alloc::string::String {
        "csi.v1.DeleteVolumeResponse".into()
    }
    fn type_url() -> ::prost::alloc::string::String {
        "/csi.v1.DeleteVolumeResponse".into()
    }
}
#[derive(Clone, PartialEq, ::prost::Message)]
#[prost(skip_debug)]
pub struct ControllerPublishVolumeRequest {
    #[prost(string, tag = "1")]
    pub volume_id: ::prost::alloc::string::String,
    /// As NodeGetInfo gave it.
    #[prost(string, tag = "2")]
    pub node_id: ::prost::alloc::string::String,
    #[prost(message, optional, tag = "3")]
    pub volume_capability: ::core::option::Option<VolumeCapability>,
    /// Only with PUBLISH_READONLY.
    #[prost(bool, tag = "4")]
    pub readonly: bool,
    #[prost(btree_map = "string, string", tag = "5")]
    pub secrets: ::prost::alloc::collections::BTreeMap<
        ::prost::alloc::string::String,
        ::prost::alloc::string::String,
    >,
    /// As CreateVolume gave it.
    #[prost(btree_map = "string, string", tag = "6")]
    pub volume_context: ::prost::alloc::collections::BTreeMap<
        ::prost::alloc::string::String,
        ::prost::alloc::string::String,
    >,
}
impl ::prost::Name for ControllerPublishVolumeRequest {
    const NAME: &'static str = "ControllerPublishVolumeRequest";
    const PACKAGE: &'static str = "csi.v1";
    fn full_name() -> ::prost::alloc::string::String {
        "csi.v1.ControllerPublishVolumeRequest".into()
    }
    fn type_url() -> ::prost::alloc::string::String {
        "/csi.v1.ControllerPublishVolumeRequest".into()
    }
}
#[derive(Clone, PartialEq, ::prost::Message)]
pub struct ControllerPublishVolumeResponse {
    /// Handed to NodeStageVolume and NodePublishVolume unchanged. Not for credentials.
    #[prost(btree_map = "string, string", tag = "1")]
    pub publish_context: ::prost::alloc::collections::BTreeMap<
        ::prost::alloc::string::String,
        ::prost::alloc::string::String,
    >,
}
impl ::prost::Name for ControllerPublishVolumeResponse {
    const NAME: &'static str = "ControllerPublishVolumeResponse";
    const PACKAGE: &'static str = "csi.v1";
    fn full_name() -> ::prost::alloc::string::String {
        "csi.v1.ControllerPublishVolumeResponse".into()
    }
    fn type_url() -> ::prost::alloc::string::String {
        "/csi.v1.ControllerPublishVolumeResponse".into()
    }
}
#[derive(Clone, PartialEq, ::prost::Message)]
#[prost(skip_debug)]
pub struct ControllerUnpublishVolumeRequest {
    #[prost(string, tag = "1")]
    pub volume_id: ::prost::alloc::string::String,
    /// Empty: from every node.
    #[prost(string, tag = "2")]
    pub node_id: ::prost::alloc::string::String,
    #[prost(btree_map = "string, string", tag = "3")]
    pub secrets: ::prost::alloc::collections::BTreeMap<
        ::prost::alloc::string::String,
        ::prost::alloc::string::String,
    >,
}
impl ::prost::Name for ControllerUnpublishVolumeRequest {
    const NAME: &'static str = "ControllerUnpublishVolumeRequest";
    const PACKAGE: &'static str = "csi.v1";
    fn full_name() -> ::prost::alloc::string::String {
        "csi.v1.ControllerUnpublishVolumeRequest".into()
    }
    fn type_url() -> ::prost::alloc::string::String {
        "/csi.v1.ControllerUnpublishVolumeRequest".into()
    }
}
#[derive(Clone, Copy, PartialEq, Eq, Hash, ::prost::Message)]
pub struct ControllerUnpublishVolumeResponse {}
impl ::prost::Name for ControllerUnpublishVolumeResponse {
    const NAME: &'static str = "ControllerUnpublishVolumeResponse";
    const PACKAGE: &'static str = "csi.v1";
    fn full_name() -> ::prost::alloc::string::String {
        "csi.v1.ControllerUnpublishVolumeResponse".into()
    }
    fn type_url() -> ::prost::alloc::string::String {
        "/csi.v1.ControllerUnpublishVolumeResponse".into()
    }
}
#[derive(Clone, PartialEq, ::prost::Message)]
#[prost(skip_debug)]
pub struct ValidateVolumeCapabilitiesRequest {
    #[prost(string, tag = "1")]
    pub volume_id: ::prost::alloc::string::String,
    #[prost(btree_map = "string, string", tag = "2")]
    pub volume_context: ::prost::alloc::collections::BTreeMap<
        ::prost::alloc::string::String,
        ::prost::alloc::string::String,
    >,
    #[prost(message, repeated, tag = "3")]
    pub volume_capabilities: ::prost::alloc::vec::Vec<VolumeCapability>,
    #[prost(btree_map = "string, string", tag = "4")]
    pub parameters: ::prost::alloc::collections::BTreeMap<
        ::prost::alloc::string::String,
        ::prost::alloc::string::String,
    >,
    #[prost(btree_map = "string, string", tag = "5")]
    pub secrets: ::prost::alloc::collections::BTreeMap<
        ::prost::alloc::string::String,
        ::prost::alloc::string::String,
    >,
    /// A key here overrides the same key of `parameters`.
    #[prost(btree_map = "string, string", tag = "6")]
    pub mutable_parameters: ::prost::alloc::collections::BTreeMap<
        ::prost::alloc::string::String,
        ::prost::alloc::string::String,
    >,
}
impl ::prost::Name for ValidateVolumeCapabilitiesRequest {
    const NAME: &'static str = "ValidateVolumeCapabilitiesRequest";
    const PACKAGE: &'static str = "csi.v1";
    fn full_name() -> ::prost::alloc::string::String {
        "csi.v1.ValidateVolumeCapabilitiesRequest".into()
    }
    fn type_url() -> ::prost::alloc::string::String {
        "/csi.v1.ValidateVolumeCapabilitiesRequest".into()
    }
}
#[derive(Clone, PartialEq, ::prost::Message)]
pub struct ValidateVolumeCapabilitiesResponse {
    /// Absent: not all of it holds.
    #[prost(message, optional, tag = "1")]
    pub confirmed: ::core::option::Option<
        validate_volume_capabilities_response::Confirmed,
    >,
    /// Why not.
    #[prost(string, tag = "2")]
    pub message: ::prost::alloc::string::String,
}
/// Nested message and enum types in `ValidateVolumeCapabilitiesResponse`.
pub mod validate_volume_capabilities_response {
    /// What was checked and holds: echoed, so that the caller sees which fields an older plugin missed.
    #[derive(Clone, PartialEq, ::prost::Message)]
    pub struct Confirmed {
        #[prost(btree_map = "string, string", tag = "1")]
        pub volume_context: ::prost::alloc::collections::BTreeMap<
            ::prost::alloc::string::String,
            ::prost::alloc::string::String,
        >,
        #[prost(message, repeated, tag = "2")]
        pub volume_capabilities: ::prost::alloc::vec::Vec<super::VolumeCapability>,
        #[prost(btree_map = "string, string", tag = "3")]
        pub parameters: ::prost::alloc::collections::BTreeMap<
            ::prost::alloc::string::String,
            ::prost::alloc::string::String,
        >,
        #[prost(btree_map = "string, string", tag = "4")]
        pub mutable_parameters: ::prost::alloc::collections::BTreeMap<
            ::prost::alloc::string::String,
            ::prost::alloc::string::String,
        >,
    }
    impl ::prost::Name for Confirmed {
        const NAME: &'static str = "Confirmed";
        const PACKAGE: &'static str = "csi.v1";
        fn full_name() -> ::prost::alloc::string::String {
            "csi.v1.ValidateVolumeCapabilitiesResponse.Confirmed".into()
        }
        fn type_url() -> ::prost::alloc::string::String {
            "/csi.v1.ValidateVolumeCapabilitiesResponse.Confirmed".into()
        }
    }
}
impl ::prost::Name for ValidateVolumeCapabilitiesResponse {
    const NAME: &'static str = "ValidateVolumeCapabilitiesResponse";
    const PACKAGE: &'static str = "csi.v1";
    fn full_name() -> ::prost::alloc::string::String {
        "csi.v1.ValidateVolumeCapabilitiesResponse".into()
    }
    fn type_url() -> ::prost::alloc::string::String {
        "/csi.v1.ValidateVolumeCapabilitiesResponse".into()
    }
}
#[derive(Clone, PartialEq, Eq, Hash, ::prost::Message)]
pub struct ListVolumesRequest {
    /// 0: no limit.
    #[prost(int32, tag = "1")]
    pub max_entries: i32,
    /// A `next_token` of before; empty to begin.
    #[prost(string, tag = "2")]
    pub starting_token: ::prost::alloc::string::String,
}
impl ::prost::Name for ListVolumesRequest {
    const NAME: &'static str = "ListVolumesRequest";
    const PACKAGE: &'static str = "csi.v1";
    fn full_name() -> ::prost::alloc::string::String {
        "csi.v1.ListVolumesRequest".into()
    }
    fn type_url() -> ::prost::alloc::string::String {
        "/csi.v1.ListVolumesRequest".into()
    }
}
#[derive(Clone, PartialEq, ::prost::Message)]
pub struct ListVolumesResponse {
    #[prost(message, repeated, tag = "1")]
    pub entries: ::prost::alloc::vec::Vec<list_volumes_response::Entry>,
    /// Empty: this was the last page.
    #[prost(string, tag = "2")]
    pub next_token: ::prost::alloc::string::String,
}
/// Nested message and enum types in `ListVolumesResponse`.
pub mod list_volumes_response {
    #[derive(Clone, PartialEq, Eq, Hash, ::prost::Message)]
    pub struct VolumeStatus {
        /// Only with LIST_VOLUMES_PUBLISHED_NODES.
        #[prost(string, repeated, tag = "1")]
        pub published_node_ids: ::prost::alloc::vec::Vec<::prost::alloc::string::String>,
        /// Kept from 1.12; 1.13 reserves the number. Only with VOLUME_CONDITION.
        #[prost(message, optional, tag = "2")]
        pub volume_condition: ::core::option::Option<super::VolumeCondition>,
    }
    impl ::prost::Name for VolumeStatus {
        const NAME: &'static str = "VolumeStatus";
        const PACKAGE: &'static str = "csi.v1";
        fn full_name() -> ::prost::alloc::string::String {
            "csi.v1.ListVolumesResponse.VolumeStatus".into()
        }
        fn type_url() -> ::prost::alloc::string::String {
            "/csi.v1.ListVolumesResponse.VolumeStatus".into()
        }
    }
    #[derive(Clone, PartialEq, ::prost::Message)]
    pub struct Entry {
        #[prost(message, optional, tag = "1")]
        pub volume: ::core::option::Option<super::Volume>,
        /// Needed with LIST_VOLUMES_PUBLISHED_NODES.
        #[prost(message, optional, tag = "2")]
        pub status: ::core::option::Option<VolumeStatus>,
    }
    impl ::prost::Name for Entry {
        const NAME: &'static str = "Entry";
        const PACKAGE: &'static str = "csi.v1";
        fn full_name() -> ::prost::alloc::string::String {
            "csi.v1.ListVolumesResponse.Entry".into()
        }
        fn type_url() -> ::prost::alloc::string::String {
            "/csi.v1.ListVolumesResponse.Entry".into()
        }
    }
}
impl ::prost::Name for ListVolumesResponse {
    const NAME: &'static str = "ListVolumesResponse";
    const PACKAGE: &'static str = "csi.v1";
    fn full_name() -> ::prost::alloc::string::String {
        "csi.v1.ListVolumesResponse".into()
    }
    fn type_url() -> ::prost::alloc::string::String {
        "/csi.v1.ListVolumesResponse".into()
    }
}
#[derive(Clone, PartialEq, ::prost::Message)]
#[prost(skip_debug)]
pub struct ControllerListVolumeHealthRequest {
    /// 0: no limit.
    #[prost(int32, tag = "1")]
    pub max_entries: i32,
    /// A `next_token` of before; empty to begin.
    #[prost(string, tag = "2")]
    pub starting_token: ::prost::alloc::string::String,
    #[prost(btree_map = "string, string", tag = "3")]
    pub secrets: ::prost::alloc::collections::BTreeMap<
        ::prost::alloc::string::String,
        ::prost::alloc::string::String,
    >,
}
impl ::prost::Name for ControllerListVolumeHealthRequest {
    const NAME: &'static str = "ControllerListVolumeHealthRequest";
    const PACKAGE: &'static str = "csi.v1";
    fn full_name() -> ::prost::alloc::string::String {
        "csi.v1.ControllerListVolumeHealthRequest".into()
    }
    fn type_url() -> ::prost::alloc::string::String {
        "/csi.v1.ControllerListVolumeHealthRequest".into()
    }
}
#[derive(Clone, PartialEq, ::prost::Message)]
pub struct ControllerListVolumeHealthResponse {
    /// Only volumes that something is wrong with.
    #[prost(message, repeated, tag = "1")]
    pub entries: ::prost::alloc::vec::Vec<VolumeHealth>,
    /// Empty: this was the last page.
    #[prost(string, tag = "2")]
    pub next_token: ::prost::alloc::string::String,
}
impl ::prost::Name for ControllerListVolumeHealthResponse {
    const NAME: &'static str = "ControllerListVolumeHealthResponse";
    const PACKAGE: &'static str = "csi.v1";
    fn full_name() -> ::prost::alloc::string::String {
        "csi.v1.ControllerListVolumeHealthResponse".into()
    }
    fn type_url() -> ::prost::alloc::string::String {
        "/csi.v1.ControllerListVolumeHealthResponse".into()
    }
}
#[derive(Clone, PartialEq, ::prost::Message)]
pub struct VolumeHealth {
    #[prost(string, tag = "1")]
    pub volume_id: ::prost::alloc::string::String,
    /// Empty: nothing wrong is known.
    #[prost(message, repeated, tag = "2")]
    pub health_statuses: ::prost::alloc::vec::Vec<volume_health::VolumeHealthEntry>,
}
/// Nested message and enum types in `VolumeHealth`.
pub mod volume_health {
    /// One finding. Status and reason together occur once a volume, and the finding stays listed until
    /// it is over.
    #[derive(Clone, PartialEq, Eq, Hash, ::prost::Message)]
    pub struct VolumeHealthEntry {
        #[prost(enumeration = "super::VolumeHealthErrorType", tag = "1")]
        pub status: i32,
        /// CamelCase, for programs.
        #[prost(string, tag = "2")]
        pub reason: ::prost::alloc::string::String,
        /// Optional, for people.
        #[prost(string, tag = "3")]
        pub message: ::prost::alloc::string::String,
    }
    impl ::prost::Name for VolumeHealthEntry {
        const NAME: &'static str = "VolumeHealthEntry";
        const PACKAGE: &'static str = "csi.v1";
        fn full_name() -> ::prost::alloc::string::String {
            "csi.v1.VolumeHealth.VolumeHealthEntry".into()
        }
        fn type_url() -> ::prost::alloc::string::String {
            "/csi.v1.VolumeHealth.VolumeHealthEntry".into()
        }
    }
}
impl ::prost::Name for VolumeHealth {
    const NAME: &'static str = "VolumeHealth";
    const PACKAGE: &'static str = "csi.v1";
    fn full_name() -> ::prost::alloc::string::String {
        "csi.v1.VolumeHealth".into()
    }
    fn type_url() -> ::prost::alloc::string::String {
        "/csi.v1.VolumeHealth".into()
    }
}
#[derive(Clone, PartialEq, ::prost::Message)]
#[prost(skip_debug)]
pub struct ControllerGetVolumeHealthRequest {
    #[prost(string, tag = "1")]
    pub volume_id: ::prost::alloc::string::String,
    #[prost(btree_map = "string, string", tag = "2")]
    pub secrets: ::prost::alloc::collections::BTreeMap<
        ::prost::alloc::string::String,
        ::prost::alloc::string::String,
    >,
}
impl ::prost::Name for ControllerGetVolumeHealthRequest {
    const NAME: &'static str = "ControllerGetVolumeHealthRequest";
    const PACKAGE: &'static str = "csi.v1";
    fn full_name() -> ::prost::alloc::string::String {
        "csi.v1.ControllerGetVolumeHealthRequest".into()
    }
    fn type_url() -> ::prost::alloc::string::String {
        "/csi.v1.ControllerGetVolumeHealthRequest".into()
    }
}
#[derive(Clone, PartialEq, ::prost::Message)]
pub struct ControllerGetVolumeHealthResponse {
    #[prost(message, optional, tag = "1")]
    pub volume_health: ::core::option::Option<VolumeHealth>,
}
impl ::prost::Name for ControllerGetVolumeHealthResponse {
    const NAME: &'static str = "ControllerGetVolumeHealthResponse";
    const PACKAGE: &'static str = "csi.v1";
    fn full_name() -> ::prost::alloc::string::String {
        "csi.v1.ControllerGetVolumeHealthResponse".into()
    }
    fn type_url() -> ::prost::alloc::string::String {
        "/csi.v1.ControllerGetVolumeHealthResponse".into()
    }
}
#[derive(Clone, PartialEq, Eq, Hash, ::prost::Message)]
pub struct ControllerGetVolumeRequest {
    #[prost(string, tag = "1")]
    pub volume_id: ::prost::alloc::string::String,
}
impl ::prost::Name for ControllerGetVolumeRequest {
    const NAME: &'static str = "ControllerGetVolumeRequest";
    const PACKAGE: &'static str = "csi.v1";
    fn full_name() -> ::prost::alloc::string::String {
        "csi.v1.ControllerGetVolumeRequest".into()
    }
    fn type_url() -> ::prost::alloc::string::String {
        "/csi.v1.ControllerGetVolumeRequest".into()
    }
}
#[derive(Clone, PartialEq, ::prost::Message)]
pub struct ControllerGetVolumeResponse {
    #[prost(message, optional, tag = "1")]
    pub volume: ::core::option::Option<Volume>,
    #[prost(message, optional, tag = "2")]
    pub status: ::core::option::Option<controller_get_volume_response::VolumeStatus>,
}
/// Nested message and enum types in `ControllerGetVolumeResponse`.
pub mod controller_get_volume_response {
    #[derive(Clone, PartialEq, Eq, Hash, ::prost::Message)]
    pub struct VolumeStatus {
        /// Needed with LIST_VOLUMES_PUBLISHED_NODES.
        #[prost(string, repeated, tag = "1")]
        pub published_node_ids: ::prost::alloc::vec::Vec<::prost::alloc::string::String>,
        /// Kept from 1.12; 1.13 reserves the number. Only with VOLUME_CONDITION.
        #[prost(message, optional, tag = "2")]
        pub volume_condition: ::core::option::Option<super::VolumeCondition>,
    }
    impl ::prost::Name for VolumeStatus {
        const NAME: &'static str = "VolumeStatus";
        const PACKAGE: &'static str = "csi.v1";
        fn full_name() -> ::prost::alloc::string::String {
            "csi.v1.ControllerGetVolumeResponse.VolumeStatus".into()
        }
        fn type_url() -> ::prost::alloc::string::String {
            "/csi.v1.ControllerGetVolumeResponse.VolumeStatus".into()
        }
    }
}
impl ::prost::Name for ControllerGetVolumeResponse {
    const NAME: &'static str = "ControllerGetVolumeResponse";
    const PACKAGE: &'static str = "csi.v1";
    fn full_name() -> ::prost::alloc::string::String {
        "csi.v1.ControllerGetVolumeResponse".into()
    }
    fn type_url() -> ::prost::alloc::string::String {
        "/csi.v1.ControllerGetVolumeResponse".into()
    }
}
#[derive(Clone, PartialEq, ::prost::Message)]
#[prost(skip_debug)]
pub struct ControllerModifyVolumeRequest {
    #[prost(string, tag = "1")]
    pub volume_id: ::prost::alloc::string::String,
    #[prost(btree_map = "string, string", tag = "2")]
    pub secrets: ::prost::alloc::collections::BTreeMap<
        ::prost::alloc::string::String,
        ::prost::alloc::string::String,
    >,
    /// Only the keys given change. A key that is absent stays as it is.
    #[prost(btree_map = "string, string", tag = "3")]
    pub mutable_parameters: ::prost::alloc::collections::BTreeMap<
        ::prost::alloc::string::String,
        ::prost::alloc::string::String,
    >,
}
impl ::prost::Name for ControllerModifyVolumeRequest {
    const NAME: &'static str = "ControllerModifyVolumeRequest";
    const PACKAGE: &'static str = "csi.v1";
    fn full_name() -> ::prost::alloc::string::String {
        "csi.v1.ControllerModifyVolumeRequest".into()
    }
    fn type_url() -> ::prost::alloc::string::String {
        "/csi.v1.ControllerModifyVolumeRequest".into()
    }
}
#[derive(Clone, Copy, PartialEq, Eq, Hash, ::prost::Message)]
pub struct ControllerModifyVolumeResponse {}
impl ::prost::Name for ControllerModifyVolumeResponse {
    const NAME: &'static str = "ControllerModifyVolumeResponse";
    const PACKAGE: &'static str = "csi.v1";
    fn full_name() -> ::prost::alloc::string::String {
        "csi.v1.ControllerModifyVolumeResponse".into()
    }
    fn type_url() -> ::prost::alloc::string::String {
        "/csi.v1.ControllerModifyVolumeResponse".into()
    }
}
/// What is given narrows the question.
#[derive(Clone, PartialEq, ::prost::Message)]
pub struct GetCapacityRequest {
    #[prost(message, repeated, tag = "1")]
    pub volume_capabilities: ::prost::alloc::vec::Vec<VolumeCapability>,
    #[prost(btree_map = "string, string", tag = "2")]
    pub parameters: ::prost::alloc::collections::BTreeMap<
        ::prost::alloc::string::String,
        ::prost::alloc::string::String,
    >,
    /// Only with VOLUME_ACCESSIBILITY_CONSTRAINTS.
    #[prost(message, optional, tag = "3")]
    pub accessible_topology: ::core::option::Option<Topology>,
}
impl ::prost::Name for GetCapacityRequest {
    const NAME: &'static str = "GetCapacityRequest";
    const PACKAGE: &'static str = "csi.v1";
    fn full_name() -> ::prost::alloc::string::String {
        "csi.v1.GetCapacityRequest".into()
    }
    fn type_url() -> ::prost::alloc::string::String {
        "/csi.v1.GetCapacityRequest".into()
    }
}
#[derive(Clone, Copy, PartialEq, Eq, Hash, ::prost::Message)]
pub struct GetCapacityResponse {
    /// Bytes left for new volumes.
    #[prost(int64, tag = "1")]
    pub available_capacity: i64,
    /// The largest single volume, in bytes; absent: no limit is known.
    #[prost(message, optional, tag = "2")]
    pub maximum_volume_size: ::core::option::Option<i64>,
    /// The smallest single volume, in bytes; absent: no limit is known.
    #[prost(message, optional, tag = "3")]
    pub minimum_volume_size: ::core::option::Option<i64>,
}
impl ::prost::Name for GetCapacityResponse {
    const NAME: &'static str = "GetCapacityResponse";
    const PACKAGE: &'static str = "csi.v1";
    fn full_name() -> ::prost::alloc::string::String {
        "csi.v1.GetCapacityResponse".into()
    }
    fn type_url() -> ::prost::alloc::string::String {
        "/csi.v1.GetCapacityResponse".into()
    }
}
#[derive(Clone, Copy, PartialEq, Eq, Hash, ::prost::Message)]
pub struct ControllerGetCapabilitiesRequest {}
impl ::prost::Name for ControllerGetCapabilitiesRequest {
    const NAME: &'static str = "ControllerGetCapabilitiesRequest";
    const PACKAGE: &'static str = "csi.v1";
    fn full_name() -> ::prost::alloc::string::String {
        "csi.v1.ControllerGetCapabilitiesRequest".into()
    }
    fn type_url() -> ::prost::alloc::string::String {
        "/csi.v1.ControllerGetCapabilitiesRequest".into()
    }
}
#[derive(Clone, PartialEq, ::prost::Message)]
pub struct ControllerGetCapabilitiesResponse {
    #[prost(message, repeated, tag = "1")]
    pub capabilities: ::prost::alloc::vec::Vec<ControllerServiceCapability>,
}
impl ::prost::Name for ControllerGetCapabilitiesResponse {
    const NAME: &'static str = "ControllerGetCapabilitiesResponse";
    const PACKAGE: &'static str = "csi.v1";
    fn full_name() -> ::prost::alloc::string::String {
        "csi.v1.ControllerGetCapabilitiesResponse".into()
    }
    fn type_url() -> ::prost::alloc::string::String {
        "/csi.v1.ControllerGetCapabilitiesResponse".into()
    }
}
#[derive(Clone, Copy, PartialEq, Eq, Hash, ::prost::Message)]
pub struct ControllerServiceCapability {
    #[prost(oneof = "controller_service_capability::Type", tags = "1")]
    pub r#type: ::core::option::Option<controller_service_capability::Type>,
}
/// Nested message and enum types in `ControllerServiceCapability`.
pub mod controller_service_capability {
    #[derive(Clone, Copy, PartialEq, Eq, Hash, ::prost::Message)]
    pub struct Rpc {
        #[prost(enumeration = "rpc::Type", tag = "1")]
        pub r#type: i32,
    }
    /// Nested message and enum types in `RPC`.
    pub mod rpc {
        #[derive(
            Clone,
            Copy,
            Debug,
            PartialEq,
            Eq,
            Hash,
            PartialOrd,
            Ord,
            ::prost::Enumeration
        )]
        #[repr(i32)]
        pub enum Type {
            Unknown = 0,
            CreateDeleteVolume = 1,
            PublishUnpublishVolume = 2,
            ListVolumes = 3,
            GetCapacity = 4,
            /// Includes making volumes from snapshots.
            CreateDeleteSnapshot = 5,
            ListSnapshots = 6,
            /// Volumes can be made from volumes.
            CloneVolume = 7,
            /// ControllerPublishVolume heeds `readonly`.
            PublishReadonly = 8,
            ExpandVolume = 9,
            /// Lists say to which nodes a volume is published. Needs PUBLISH_UNPUBLISH_VOLUME.
            ListVolumesPublishedNodes = 10,
            /// Kept from 1.12; 1.13 reserves the number. Lists and gets carry a volume condition.
            VolumeCondition = 11,
            GetVolume = 12,
            /// The two SINGLE_NODE_…_WRITER modes are known. SINGLE_NODE_WRITER must go on working.
            SingleNodeMultiWriter = 13,
            ModifyVolume = 14,
            GetSnapshot = 15,
            GetVolumeHealth = 16,
            /// Needs GET_VOLUME_HEALTH.
            ListVolumeHealth = 17,
        }
        impl Type {
            /// String value of the enum field names used in the ProtoBuf definition.
            ///
            /// The values are not transformed in any way and thus are considered stable
            /// (if the ProtoBuf definition does not change) and safe for programmatic use.
            pub fn as_str_name(&self) -> &'static str {
                match self {
                    Self::Unknown => "UNKNOWN",
                    Self::CreateDeleteVolume => "CREATE_DELETE_VOLUME",
                    Self::PublishUnpublishVolume => "PUBLISH_UNPUBLISH_VOLUME",
                    Self::ListVolumes => "LIST_VOLUMES",
                    Self::GetCapacity => "GET_CAPACITY",
                    Self::CreateDeleteSnapshot => "CREATE_DELETE_SNAPSHOT",
                    Self::ListSnapshots => "LIST_SNAPSHOTS",
                    Self::CloneVolume => "CLONE_VOLUME",
                    Self::PublishReadonly => "PUBLISH_READONLY",
                    Self::ExpandVolume => "EXPAND_VOLUME",
                    Self::ListVolumesPublishedNodes => "LIST_VOLUMES_PUBLISHED_NODES",
                    Self::VolumeCondition => "VOLUME_CONDITION",
                    Self::GetVolume => "GET_VOLUME",
                    Self::SingleNodeMultiWriter => "SINGLE_NODE_MULTI_WRITER",
                    Self::ModifyVolume => "MODIFY_VOLUME",
                    Self::GetSnapshot => "GET_SNAPSHOT",
                    Self::GetVolumeHealth => "GET_VOLUME_HEALTH",
                    Self::ListVolumeHealth => "LIST_VOLUME_HEALTH",
                }
            }
            /// Creates an enum from field names used in the ProtoBuf definition.
            pub fn from_str_name(value: &str) -> ::core::option::Option<Self> {
                match value {
                    "UNKNOWN" => Some(Self::Unknown),
                    "CREATE_DELETE_VOLUME" => Some(Self::CreateDeleteVolume),
                    "PUBLISH_UNPUBLISH_VOLUME" => Some(Self::PublishUnpublishVolume),
                    "LIST_VOLUMES" => Some(Self::ListVolumes),
                    "GET_CAPACITY" => Some(Self::GetCapacity),
                    "CREATE_DELETE_SNAPSHOT" => Some(Self::CreateDeleteSnapshot),
                    "LIST_SNAPSHOTS" => Some(Self::ListSnapshots),
                    "CLONE_VOLUME" => Some(Self::CloneVolume),
                    "PUBLISH_READONLY" => Some(Self::PublishReadonly),
                    "EXPAND_VOLUME" => Some(Self::ExpandVolume),
                    "LIST_VOLUMES_PUBLISHED_NODES" => {
                        Some(Self::ListVolumesPublishedNodes)
                    }
                    "VOLUME_CONDITION" => Some(Self::VolumeCondition),
                    "GET_VOLUME" => Some(Self::GetVolume),
                    "SINGLE_NODE_MULTI_WRITER" => Some(Self::SingleNodeMultiWriter),
                    "MODIFY_VOLUME" => Some(Self::ModifyVolume),
                    "GET_SNAPSHOT" => Some(Self::GetSnapshot),
                    "GET_VOLUME_HEALTH" => Some(Self::GetVolumeHealth),
                    "LIST_VOLUME_HEALTH" => Some(Self::ListVolumeHealth),
                    _ => None,
                }
            }
        }
    }
    impl ::prost::Name for Rpc {
        const NAME: &'static str = "RPC";
        const PACKAGE: &'static str = "csi.v1";
        fn full_name() -> ::prost::alloc::string::String {
            "csi.v1.ControllerServiceCapability.RPC".into()
        }
        fn type_url() -> ::prost::alloc::string::String {
            "/csi.v1.ControllerServiceCapability.RPC".into()
        }
    }
    #[derive(Clone, Copy, PartialEq, Eq, Hash, ::prost::Oneof)]
    pub enum Type {
        #[prost(message, tag = "1")]
        Rpc(Rpc),
    }
}
impl ::prost::Name for ControllerServiceCapability {
    const NAME: &'static str = "ControllerServiceCapability";
    const PACKAGE: &'static str = "csi.v1";
    fn full_name() -> ::prost::alloc::string::String {
        "csi.v1.ControllerServiceCapability".into()
    }
    fn type_url() -> ::prost::alloc::string::String {
        "/csi.v1.ControllerServiceCapability".into()
    }
}
#[derive(Clone, PartialEq, ::prost::Message)]
#[prost(skip_debug)]
pub struct CreateSnapshotRequest {
    #[prost(string, tag = "1")]
    pub source_volume_id: ::prost::alloc::string::String,
    /// Chosen by the orchestrator: the same name again gives the same snapshot.
    #[prost(string, tag = "2")]
    pub name: ::prost::alloc::string::String,
    #[prost(btree_map = "string, string", tag = "3")]
    pub secrets: ::prost::alloc::collections::BTreeMap<
        ::prost::alloc::string::String,
        ::prost::alloc::string::String,
    >,
    #[prost(btree_map = "string, string", tag = "4")]
    pub parameters: ::prost::alloc::collections::BTreeMap<
        ::prost::alloc::string::String,
        ::prost::alloc::string::String,
    >,
    /// Optional; only with SNAPSHOT_ACCESSIBILITY_CONSTRAINTS.
    #[prost(message, optional, tag = "5")]
    pub accessibility_requirements: ::core::option::Option<TopologyRequirement>,
}
impl ::prost::Name for CreateSnapshotRequest {
    const NAME: &'static str = "CreateSnapshotRequest";
    const PACKAGE: &'static str = "csi.v1";
    fn full_name() -> ::prost::alloc::string::String {
        "csi.v1.CreateSnapshotRequest".into()
    }
    fn type_url() -> ::prost::alloc::string::String {
        "/csi.v1.CreateSnapshotRequest".into()
    }
}
#[derive(Clone, PartialEq, ::prost::Message)]
pub struct CreateSnapshotResponse {
    #[prost(message, optional, tag = "1")]
    pub snapshot: ::core::option::Option<Snapshot>,
}
impl ::prost::Name for CreateSnapshotResponse {
    const NAME: &'static str = "CreateSnapshotResponse";
    const PACKAGE: &'static str = "csi.v1";
    fn full_name() -> ::prost::alloc::string::String {
        "csi.v1.CreateSnapshotResponse".into()
    }
    fn type_url() -> ::prost::alloc::string::String {
        "/csi.v1.CreateSnapshotResponse".into()
    }
}
#[derive(Clone, PartialEq, ::prost::Message)]
pub struct Snapshot {
    /// The size a volume made from it needs at least; 0: not known.
    #[prost(int64, tag = "1")]
    pub size_bytes: i64,
    #[prost(string, tag = "2")]
    pub snapshot_id: ::prost::alloc::string::String,
    #[prost(string, tag = "3")]
    pub source_volume_id: ::prost::alloc::string::String,
    /// When it was cut: the point in time that its data shows.
    #[prost(message, optional, tag = "4")]
    pub creation_time: ::core::option::Option<::prost_types::Timestamp>,
    /// False: cut, though still being copied. No volume can be made from it yet.
    #[prost(bool, tag = "5")]
    pub ready_to_use: bool,
    /// Set: part of that group, and not to be deleted alone.
    #[prost(string, tag = "6")]
    pub group_snapshot_id: ::prost::alloc::string::String,
    /// Where it can be restored; only with SNAPSHOT_ACCESSIBILITY_CONSTRAINTS. Empty: everywhere.
    #[prost(message, repeated, tag = "7")]
    pub accessible_topology: ::prost::alloc::vec::Vec<Topology>,
}
impl ::prost::Name for Snapshot {
    const NAME: &'static str = "Snapshot";
    const PACKAGE: &'static str = "csi.v1";
    fn full_name() -> ::prost::alloc::string::String {
        "csi.v1.Snapshot".into()
    }
    fn type_url() -> ::prost::alloc::string::String {
        "/csi.v1.Snapshot".into()
    }
}
#[derive(Clone, PartialEq, ::prost::Message)]
#[prost(skip_debug)]
pub struct DeleteSnapshotRequest {
    #[prost(string, tag = "1")]
    pub snapshot_id: ::prost::alloc::string::String,
    #[prost(btree_map = "string, string", tag = "2")]
    pub secrets: ::prost::alloc::collections::BTreeMap<
        ::prost::alloc::string::String,
        ::prost::alloc::string::String,
    >,
}
impl ::prost::Name for DeleteSnapshotRequest {
    const NAME: &'static str = "DeleteSnapshotRequest";
    const PACKAGE: &'static str = "csi.v1";
    fn full_name() -> ::prost::alloc::string::String {
        "csi.v1.DeleteSnapshotRequest".into()
    }
    fn type_url() -> ::prost::alloc::string::String {
        "/csi.v1.DeleteSnapshotRequest".into()
    }
}
#[derive(Clone, Copy, PartialEq, Eq, Hash, ::prost::Message)]
pub struct DeleteSnapshotResponse {}
impl ::prost::Name for DeleteSnapshotResponse {
    const NAME: &'static str = "DeleteSnapshotResponse";
    const PACKAGE: &'static str = "csi.v1";
    fn full_name() -> ::prost::alloc::string::String {
        "csi.v1.DeleteSnapshotResponse".into()
    }
    fn type_url() -> ::prost::alloc::string::String {
        "/csi.v1.DeleteSnapshotResponse".into()
    }
}
/// Filters are optional. One that matches nothing gives an empty list and no error.
#[derive(Clone, PartialEq, ::prost::Message)]
#[prost(skip_debug)]
pub struct ListSnapshotsRequest {
    /// 0: no limit.
    #[prost(int32, tag = "1")]
    pub max_entries: i32,
    /// A `next_token` of before; empty to begin.
    #[prost(string, tag = "2")]
    pub starting_token: ::prost::alloc::string::String,
    #[prost(string, tag = "3")]
    pub source_volume_id: ::prost::alloc::string::String,
    #[prost(string, tag = "4")]
    pub snapshot_id: ::prost::alloc::string::String,
    #[prost(btree_map = "string, string", tag = "5")]
    pub secrets: ::prost::alloc::collections::BTreeMap<
        ::prost::alloc::string::String,
        ::prost::alloc::string::String,
    >,
}
impl ::prost::Name for ListSnapshotsRequest {
    const NAME: &'static str = "ListSnapshotsRequest";
    const PACKAGE: &'static str = "csi.v1";
    fn full_name() -> ::prost::alloc::string::String {
        "csi.v1.ListSnapshotsRequest".into()
    }
    fn type_url() -> ::prost::alloc::string::String {
        "/csi.v1.ListSnapshotsRequest".into()
    }
}
#[derive(Clone, PartialEq, ::prost::Message)]
pub struct ListSnapshotsResponse {
    #[prost(message, repeated, tag = "1")]
    pub entries: ::prost::alloc::vec::Vec<list_snapshots_response::Entry>,
    /// Empty: this was the last page.
    #[prost(string, tag = "2")]
    pub next_token: ::prost::alloc::string::String,
}
/// Nested message and enum types in `ListSnapshotsResponse`.
pub mod list_snapshots_response {
    #[derive(Clone, PartialEq, ::prost::Message)]
    pub struct Entry {
        #[prost(message, optional, tag = "1")]
        pub snapshot: ::core::option::Option<super::Snapshot>,
    }
    impl ::prost::Name for Entry {
        const NAME: &'static str = "Entry";
        const PACKAGE: &'static str = "csi.v1";
        fn full_name() -> ::prost::alloc::string::String {
            "csi.v1.ListSnapshotsResponse.Entry".into()
        }
        fn type_url() -> ::prost::alloc::string::String {
            "/csi.v1.ListSnapshotsResponse.Entry".into()
        }
    }
}
impl ::prost::Name for ListSnapshotsResponse {
    const NAME: &'static str = "ListSnapshotsResponse";
    const PACKAGE: &'static str = "csi.v1";
    fn full_name() -> ::prost::alloc::string::String {
        "csi.v1.ListSnapshotsResponse".into()
    }
    fn type_url() -> ::prost::alloc::string::String {
        "/csi.v1.ListSnapshotsResponse".into()
    }
}
#[derive(Clone, PartialEq, ::prost::Message)]
#[prost(skip_debug)]
pub struct GetSnapshotRequest {
    #[prost(string, tag = "1")]
    pub snapshot_id: ::prost::alloc::string::String,
    #[prost(btree_map = "string, string", tag = "2")]
    pub secrets: ::prost::alloc::collections::BTreeMap<
        ::prost::alloc::string::String,
        ::prost::alloc::string::String,
    >,
}
impl ::prost::Name for GetSnapshotRequest {
    const NAME: &'static str = "GetSnapshotRequest";
    const PACKAGE: &'static str = "csi.v1";
    fn full_name() -> ::prost::alloc::string::String {
        "csi.v1.GetSnapshotRequest".into()
    }
    fn type_url() -> ::prost::alloc::string::String {
        "/csi.v1.GetSnapshotRequest".into()
    }
}
#[derive(Clone, PartialEq, ::prost::Message)]
pub struct GetSnapshotResponse {
    #[prost(message, optional, tag = "1")]
    pub snapshot: ::core::option::Option<Snapshot>,
}
impl ::prost::Name for GetSnapshotResponse {
    const NAME: &'static str = "GetSnapshotResponse";
    const PACKAGE: &'static str = "csi.v1";
    fn full_name() -> ::prost::alloc::string::String {
        "csi.v1.GetSnapshotResponse".into()
    }
    fn type_url() -> ::prost::alloc::string::String {
        "/csi.v1.GetSnapshotResponse".into()
    }
}
#[derive(Clone, PartialEq, ::prost::Message)]
#[prost(skip_debug)]
pub struct ControllerExpandVolumeRequest {
    #[prost(string, tag = "1")]
    pub volume_id: ::prost::alloc::string::String,
    #[prost(message, optional, tag = "2")]
    pub capacity_range: ::core::option::Option<CapacityRange>,
    #[prost(btree_map = "string, string", tag = "3")]
    pub secrets: ::prost::alloc::collections::BTreeMap<
        ::prost::alloc::string::String,
        ::prost::alloc::string::String,
    >,
    /// Optional.
    #[prost(message, optional, tag = "4")]
    pub volume_capability: ::core::option::Option<VolumeCapability>,
}
impl ::prost::Name for ControllerExpandVolumeRequest {
    const NAME: &'static str = "ControllerExpandVolumeRequest";
    const PACKAGE: &'static str = "csi.v1";
    fn full_name() -> ::prost::alloc::string::String {
        "csi.v1.ControllerExpandVolumeRequest".into()
    }
    fn type_url() -> ::prost::alloc::string::String {
        "/csi.v1.ControllerExpandVolumeRequest".into()
    }
}
#[derive(Clone, Copy, PartialEq, Eq, Hash, ::prost::Message)]
pub struct ControllerExpandVolumeResponse {
    #[prost(int64, tag = "1")]
    pub capacity_bytes: i64,
    /// NodeExpandVolume must follow.
    #[prost(bool, tag = "2")]
    pub node_expansion_required: bool,
}
impl ::prost::Name for ControllerExpandVolumeResponse {
    const NAME: &'static str = "ControllerExpandVolumeResponse";
    const PACKAGE: &'static str = "csi.v1";
    fn full_name() -> ::prost::alloc::string::String {
        "csi.v1.ControllerExpandVolumeResponse".into()
    }
    fn type_url() -> ::prost::alloc::string::String {
        "/csi.v1.ControllerExpandVolumeResponse".into()
    }
}
#[derive(Clone, PartialEq, ::prost::Message)]
#[prost(skip_debug)]
pub struct NodeStageVolumeRequest {
    #[prost(string, tag = "1")]
    pub volume_id: ::prost::alloc::string::String,
    /// As ControllerPublishVolume gave it.
    #[prost(btree_map = "string, string", tag = "2")]
    pub publish_context: ::prost::alloc::collections::BTreeMap<
        ::prost::alloc::string::String,
        ::prost::alloc::string::String,
    >,
    /// The orchestrator makes the directory. One a volume and node.
    #[prost(string, tag = "3")]
    pub staging_target_path: ::prost::alloc::string::String,
    #[prost(message, optional, tag = "4")]
    pub volume_capability: ::core::option::Option<VolumeCapability>,
    #[prost(btree_map = "string, string", tag = "5")]
    pub secrets: ::prost::alloc::collections::BTreeMap<
        ::prost::alloc::string::String,
        ::prost::alloc::string::String,
    >,
    /// As CreateVolume gave it.
    #[prost(btree_map = "string, string", tag = "6")]
    pub volume_context: ::prost::alloc::collections::BTreeMap<
        ::prost::alloc::string::String,
        ::prost::alloc::string::String,
    >,
}
impl ::prost::Name for NodeStageVolumeRequest {
    const NAME: &'static str = "NodeStageVolumeRequest";
    const PACKAGE: &'static str = "csi.v1";
    fn full_name() -> ::prost::alloc::string::String {
        "csi.v1.NodeStageVolumeRequest".into()
    }
    fn type_url() -> ::prost::alloc::string::String {
        "/csi.v1.NodeStageVolumeRequest".into()
    }
}
#[derive(Clone, Copy, PartialEq, Eq, Hash, ::prost::Message)]
pub struct NodeStageVolumeResponse {}
impl ::prost::Name for NodeStageVolumeResponse {
    const NAME: &'static str = "NodeStageVolumeResponse";
    const PACKAGE: &'static str = "csi.v1";
    fn full_name() -> ::prost::alloc::string::String {
        "csi.v1.NodeStageVolumeResponse".into()
    }
    fn type_url() -> ::prost::alloc::string::String {
        "/csi.v1.NodeStageVolumeResponse".into()
    }
}
/// Carries no context and no secrets: what teardown needs must be known otherwise.
#[derive(Clone, PartialEq, Eq, Hash, ::prost::Message)]
pub struct NodeUnstageVolumeRequest {
    #[prost(string, tag = "1")]
    pub volume_id: ::prost::alloc::string::String,
    #[prost(string, tag = "2")]
    pub staging_target_path: ::prost::alloc::string::String,
}
impl ::prost::Name for NodeUnstageVolumeRequest {
    const NAME: &'static str = "NodeUnstageVolumeRequest";
    const PACKAGE: &'static str = "csi.v1";
    fn full_name() -> ::prost::alloc::string::String {
        "csi.v1.NodeUnstageVolumeRequest".into()
    }
    fn type_url() -> ::prost::alloc::string::String {
        "/csi.v1.NodeUnstageVolumeRequest".into()
    }
}
#[derive(Clone, Copy, PartialEq, Eq, Hash, ::prost::Message)]
pub struct NodeUnstageVolumeResponse {}
impl ::prost::Name for NodeUnstageVolumeResponse {
    const NAME: &'static str = "NodeUnstageVolumeResponse";
    const PACKAGE: &'static str = "csi.v1";
    fn full_name() -> ::prost::alloc::string::String {
        "csi.v1.NodeUnstageVolumeResponse".into()
    }
    fn type_url() -> ::prost::alloc::string::String {
        "/csi.v1.NodeUnstageVolumeResponse".into()
    }
}
#[derive(Clone, PartialEq, ::prost::Message)]
#[prost(skip_debug)]
pub struct NodePublishVolumeRequest {
    #[prost(string, tag = "1")]
    pub volume_id: ::prost::alloc::string::String,
    /// As ControllerPublishVolume gave it.
    #[prost(btree_map = "string, string", tag = "2")]
    pub publish_context: ::prost::alloc::collections::BTreeMap<
        ::prost::alloc::string::String,
        ::prost::alloc::string::String,
    >,
    /// Given with STAGE_UNSTAGE_VOLUME.
    #[prost(string, tag = "3")]
    pub staging_target_path: ::prost::alloc::string::String,
    /// The orchestrator makes the parent, the plugin the last part: a directory for a mount, a file for
    /// a block device.
    #[prost(string, tag = "4")]
    pub target_path: ::prost::alloc::string::String,
    #[prost(message, optional, tag = "5")]
    pub volume_capability: ::core::option::Option<VolumeCapability>,
    #[prost(bool, tag = "6")]
    pub readonly: bool,
    #[prost(btree_map = "string, string", tag = "7")]
    pub secrets: ::prost::alloc::collections::BTreeMap<
        ::prost::alloc::string::String,
        ::prost::alloc::string::String,
    >,
    /// As CreateVolume gave it.
    #[prost(btree_map = "string, string", tag = "8")]
    pub volume_context: ::prost::alloc::collections::BTreeMap<
        ::prost::alloc::string::String,
        ::prost::alloc::string::String,
    >,
}
impl ::prost::Name for NodePublishVolumeRequest {
    const NAME: &'static str = "NodePublishVolumeRequest";
    const PACKAGE: &'static str = "csi.v1";
    fn full_name() -> ::prost::alloc::string::String {
        "csi.v1.NodePublishVolumeRequest".into()
    }
    fn type_url() -> ::prost::alloc::string::String {
        "/csi.v1.NodePublishVolumeRequest".into()
    }
}
#[derive(Clone, Copy, PartialEq, Eq, Hash, ::prost::Message)]
pub struct NodePublishVolumeResponse {}
impl ::prost::Name for NodePublishVolumeResponse {
    const NAME: &'static str = "NodePublishVolumeResponse";
    const PACKAGE: &'static str = "csi.v1";
    fn full_name() -> ::prost::alloc::string::String {
        "csi.v1.NodePublishVolumeResponse".into()
    }
    fn type_url() -> ::prost::alloc::string::String {
        "/csi.v1.NodePublishVolumeResponse".into()
    }
}
/// Carries no context and no secrets: what teardown needs must be known otherwise.
#[derive(Clone, PartialEq, Eq, Hash, ::prost::Message)]
pub struct NodeUnpublishVolumeRequest {
    #[prost(string, tag = "1")]
    pub volume_id: ::prost::alloc::string::String,
    #[prost(string, tag = "2")]
    pub target_path: ::prost::alloc::string::String,
}
impl ::prost::Name for NodeUnpublishVolumeRequest {
    const NAME: &'static str = "NodeUnpublishVolumeRequest";
    const PACKAGE: &'static str = "csi.v1";
    fn full_name() -> ::prost::alloc::string::String {
        "csi.v1.NodeUnpublishVolumeRequest".into()
    }
    fn type_url() -> ::prost::alloc::string::String {
        "/csi.v1.NodeUnpublishVolumeRequest".into()
    }
}
#[derive(Clone, Copy, PartialEq, Eq, Hash, ::prost::Message)]
pub struct NodeUnpublishVolumeResponse {}
impl ::prost::Name for NodeUnpublishVolumeResponse {
    const NAME: &'static str = "NodeUnpublishVolumeResponse";
    const PACKAGE: &'static str = "csi.v1";
    fn full_name() -> ::prost::alloc::string::String {
        "csi.v1.NodeUnpublishVolumeResponse".into()
    }
    fn type_url() -> ::prost::alloc::string::String {
        "/csi.v1.NodeUnpublishVolumeResponse".into()
    }
}
#[derive(Clone, PartialEq, Eq, Hash, ::prost::Message)]
pub struct NodeGetVolumeStatsRequest {
    #[prost(string, tag = "1")]
    pub volume_id: ::prost::alloc::string::String,
    /// Where it is staged or published.
    #[prost(string, tag = "2")]
    pub volume_path: ::prost::alloc::string::String,
    /// Optional.
    #[prost(string, tag = "3")]
    pub staging_target_path: ::prost::alloc::string::String,
}
impl ::prost::Name for NodeGetVolumeStatsRequest {
    const NAME: &'static str = "NodeGetVolumeStatsRequest";
    const PACKAGE: &'static str = "csi.v1";
    fn full_name() -> ::prost::alloc::string::String {
        "csi.v1.NodeGetVolumeStatsRequest".into()
    }
    fn type_url() -> ::prost::alloc::string::String {
        "/csi.v1.NodeGetVolumeStatsRequest".into()
    }
}
#[derive(Clone, PartialEq, ::prost::Message)]
pub struct NodeGetVolumeStatsResponse {
    /// At most one entry a unit.
    #[prost(message, repeated, tag = "1")]
    pub usage: ::prost::alloc::vec::Vec<VolumeUsage>,
    /// Kept from 1.12; 1.13 reserves the number. Only with VOLUME_CONDITION.
    #[prost(message, optional, tag = "2")]
    pub volume_condition: ::core::option::Option<VolumeCondition>,
}
impl ::prost::Name for NodeGetVolumeStatsResponse {
    const NAME: &'static str = "NodeGetVolumeStatsResponse";
    const PACKAGE: &'static str = "csi.v1";
    fn full_name() -> ::prost::alloc::string::String {
        "csi.v1.NodeGetVolumeStatsResponse".into()
    }
    fn type_url() -> ::prost::alloc::string::String {
        "/csi.v1.NodeGetVolumeStatsResponse".into()
    }
}
#[derive(Clone, Copy, PartialEq, Eq, Hash, ::prost::Message)]
pub struct VolumeUsage {
    /// What a workload can still use; `used` and `available` need not add up to `total`.
    #[prost(int64, tag = "1")]
    pub available: i64,
    #[prost(int64, tag = "2")]
    pub total: i64,
    #[prost(int64, tag = "3")]
    pub used: i64,
    #[prost(enumeration = "volume_usage::Unit", tag = "4")]
    pub unit: i32,
}
/// Nested message and enum types in `VolumeUsage`.
pub mod volume_usage {
    #[derive(
        Clone,
        Copy,
        Debug,
        PartialEq,
        Eq,
        Hash,
        PartialOrd,
        Ord,
        ::prost::Enumeration
    )]
    #[repr(i32)]
    pub enum Unit {
        Unknown = 0,
        Bytes = 1,
        Inodes = 2,
    }
    impl Unit {
        /// String value of the enum field names used in the ProtoBuf definition.
        ///
        /// The values are not transformed in any way and thus are considered stable
        /// (if the ProtoBuf definition does not change) and safe for programmatic use.
        pub fn as_str_name(&self) -> &'static str {
            match self {
                Self::Unknown => "UNKNOWN",
                Self::Bytes => "BYTES",
                Self::Inodes => "INODES",
            }
        }
        /// Creates an enum from field names used in the ProtoBuf definition.
        pub fn from_str_name(value: &str) -> ::core::option::Option<Self> {
            match value {
                "UNKNOWN" => Some(Self::Unknown),
                "BYTES" => Some(Self::Bytes),
                "INODES" => Some(Self::Inodes),
                _ => None,
            }
        }
    }
}
impl ::prost::Name for VolumeUsage {
    const NAME: &'static str = "VolumeUsage";
    const PACKAGE: &'static str = "csi.v1";
    fn full_name() -> ::prost::alloc::string::String {
        "csi.v1.VolumeUsage".into()
    }
    fn type_url() -> ::prost::alloc::string::String {
        "/csi.v1.VolumeUsage".into()
    }
}
/// Kept from 1.12; gone in 1.13. For people to read, not for programs to act on.
#[derive(Clone, PartialEq, Eq, Hash, ::prost::Message)]
pub struct VolumeCondition {
    /// True: not available, or not working as it should.
    #[prost(bool, tag = "1")]
    pub abnormal: bool,
    #[prost(string, tag = "2")]
    pub message: ::prost::alloc::string::String,
}
impl ::prost::Name for VolumeCondition {
    const NAME: &'static str = "VolumeCondition";
    const PACKAGE: &'static str = "csi.v1";
    fn full_name() -> ::prost::alloc::string::String {
        "csi.v1.VolumeCondition".into()
    }
    fn type_url() -> ::prost::alloc::string::String {
        "/csi.v1.VolumeCondition".into()
    }
}
#[derive(Clone, PartialEq, Eq, Hash, ::prost::Message)]
pub struct NodeGetVolumeHealthRequest {
    #[prost(string, tag = "1")]
    pub volume_id: ::prost::alloc::string::String,
    /// Where it was published or should have been. Optional.
    #[prost(string, tag = "2")]
    pub volume_publish_path: ::prost::alloc::string::String,
    /// Where it was staged or should have been. Optional.
    #[prost(string, tag = "3")]
    pub staging_target_path: ::prost::alloc::string::String,
}
impl ::prost::Name for NodeGetVolumeHealthRequest {
    const NAME: &'static str = "NodeGetVolumeHealthRequest";
    const PACKAGE: &'static str = "csi.v1";
    fn full_name() -> ::prost::alloc::string::String {
        "csi.v1.NodeGetVolumeHealthRequest".into()
    }
    fn type_url() -> ::prost::alloc::string::String {
        "/csi.v1.NodeGetVolumeHealthRequest".into()
    }
}
#[derive(Clone, PartialEq, ::prost::Message)]
pub struct NodeGetVolumeHealthResponse {
    #[prost(message, optional, tag = "1")]
    pub volume_health: ::core::option::Option<VolumeHealth>,
}
impl ::prost::Name for NodeGetVolumeHealthResponse {
    const NAME: &'static str = "NodeGetVolumeHealthResponse";
    const PACKAGE: &'static str = "csi.v1";
    fn full_name() -> ::prost::alloc::string::String {
        "csi.v1.NodeGetVolumeHealthResponse".into()
    }
    fn type_url() -> ::prost::alloc::string::String {
        "/csi.v1.NodeGetVolumeHealthResponse".into()
    }
}
#[derive(Clone, PartialEq, ::prost::Message)]
#[prost(skip_debug)]
pub struct NodeGetStorageHealthRequest {
    #[prost(btree_map = "string, string", tag = "1")]
    pub secrets: ::prost::alloc::collections::BTreeMap<
        ::prost::alloc::string::String,
        ::prost::alloc::string::String,
    >,
}
impl ::prost::Name for NodeGetStorageHealthRequest {
    const NAME: &'static str = "NodeGetStorageHealthRequest";
    const PACKAGE: &'static str = "csi.v1";
    fn full_name() -> ::prost::alloc::string::String {
        "csi.v1.NodeGetStorageHealthRequest".into()
    }
    fn type_url() -> ::prost::alloc::string::String {
        "/csi.v1.NodeGetStorageHealthRequest".into()
    }
}
#[derive(Clone, PartialEq, ::prost::Message)]
pub struct NodeGetStorageHealthResponse {
    /// Empty: nothing wrong is known.
    #[prost(message, repeated, tag = "1")]
    pub backend_health: ::prost::alloc::vec::Vec<
        node_get_storage_health_response::StorageBackendHealth,
    >,
}
/// Nested message and enum types in `NodeGetStorageHealthResponse`.
pub mod node_get_storage_health_response {
    /// One finding. Status, reason and capability together occur once.
    #[derive(Clone, PartialEq, Eq, Hash, ::prost::Message)]
    pub struct StorageBackendHealth {
        #[prost(enumeration = "super::StorageHealthErrorType", tag = "1")]
        pub status: i32,
        /// CamelCase, for programs.
        #[prost(string, tag = "2")]
        pub reason: ::prost::alloc::string::String,
        /// Optional, for people.
        #[prost(string, tag = "3")]
        pub message: ::prost::alloc::string::String,
        /// Optional: the kind of volume it concerns.
        #[prost(message, optional, tag = "4")]
        pub volume_capability: ::core::option::Option<super::VolumeCapability>,
    }
    impl ::prost::Name for StorageBackendHealth {
        const NAME: &'static str = "StorageBackendHealth";
        const PACKAGE: &'static str = "csi.v1";
        fn full_name() -> ::prost::alloc::string::String {
            "csi.v1.NodeGetStorageHealthResponse.StorageBackendHealth".into()
        }
        fn type_url() -> ::prost::alloc::string::String {
            "/csi.v1.NodeGetStorageHealthResponse.StorageBackendHealth".into()
        }
    }
}
impl ::prost::Name for NodeGetStorageHealthResponse {
    const NAME: &'static str = "NodeGetStorageHealthResponse";
    const PACKAGE: &'static str = "csi.v1";
    fn full_name() -> ::prost::alloc::string::String {
        "csi.v1.NodeGetStorageHealthResponse".into()
    }
    fn type_url() -> ::prost::alloc::string::String {
        "/csi.v1.NodeGetStorageHealthResponse".into()
    }
}
#[derive(Clone, Copy, PartialEq, Eq, Hash, ::prost::Message)]
pub struct NodeGetCapabilitiesRequest {}
impl ::prost::Name for NodeGetCapabilitiesRequest {
    const NAME: &'static str = "NodeGetCapabilitiesRequest";
    const PACKAGE: &'static str = "csi.v1";
    fn full_name() -> ::prost::alloc::string::String {
        "csi.v1.NodeGetCapabilitiesRequest".into()
    }
    fn type_url() -> ::prost::alloc::string::String {
        "/csi.v1.NodeGetCapabilitiesRequest".into()
    }
}
#[derive(Clone, PartialEq, ::prost::Message)]
pub struct NodeGetCapabilitiesResponse {
    #[prost(message, repeated, tag = "1")]
    pub capabilities: ::prost::alloc::vec::Vec<NodeServiceCapability>,
}
impl ::prost::Name for NodeGetCapabilitiesResponse {
    const NAME: &'static str = "NodeGetCapabilitiesResponse";
    const PACKAGE: &'static str = "csi.v1";
    fn full_name() -> ::prost::alloc::string::String {
        "csi.v1.NodeGetCapabilitiesResponse".into()
    }
    fn type_url() -> ::prost::alloc::string::String {
        "/csi.v1.NodeGetCapabilitiesResponse".into()
    }
}
#[derive(Clone, Copy, PartialEq, Eq, Hash, ::prost::Message)]
pub struct NodeServiceCapability {
    #[prost(oneof = "node_service_capability::Type", tags = "1")]
    pub r#type: ::core::option::Option<node_service_capability::Type>,
}
/// Nested message and enum types in `NodeServiceCapability`.
pub mod node_service_capability {
    #[derive(Clone, Copy, PartialEq, Eq, Hash, ::prost::Message)]
    pub struct Rpc {
        #[prost(enumeration = "rpc::Type", tag = "1")]
        pub r#type: i32,
    }
    /// Nested message and enum types in `RPC`.
    pub mod rpc {
        #[derive(
            Clone,
            Copy,
            Debug,
            PartialEq,
            Eq,
            Hash,
            PartialOrd,
            Ord,
            ::prost::Enumeration
        )]
        #[repr(i32)]
        pub enum Type {
            Unknown = 0,
            StageUnstageVolume = 1,
            GetVolumeStats = 2,
            ExpandVolume = 3,
            /// Kept from 1.12; 1.13 reserves the number. Stats carry a volume condition.
            VolumeCondition = 4,
            /// The two SINGLE_NODE_…_WRITER modes are known. SINGLE_NODE_WRITER must go on working.
            SingleNodeMultiWriter = 5,
            /// The plugin applies `volume_mount_group` while mounting.
            VolumeMountGroup = 6,
            GetVolumeHealth = 7,
            GetStorageHealth = 8,
        }
        impl Type {
            /// String value of the enum field names used in the ProtoBuf definition.
            ///
            /// The values are not transformed in any way and thus are considered stable
            /// (if the ProtoBuf definition does not change) and safe for programmatic use.
            pub fn as_str_name(&self) -> &'static str {
                match self {
                    Self::Unknown => "UNKNOWN",
                    Self::StageUnstageVolume => "STAGE_UNSTAGE_VOLUME",
                    Self::GetVolumeStats => "GET_VOLUME_STATS",
                    Self::ExpandVolume => "EXPAND_VOLUME",
                    Self::VolumeCondition => "VOLUME_CONDITION",
                    Self::SingleNodeMultiWriter => "SINGLE_NODE_MULTI_WRITER",
                    Self::VolumeMountGroup => "VOLUME_MOUNT_GROUP",
                    Self::GetVolumeHealth => "GET_VOLUME_HEALTH",
                    Self::GetStorageHealth => "GET_STORAGE_HEALTH",
                }
            }
            /// Creates an enum from field names used in the ProtoBuf definition.
            pub fn from_str_name(value: &str) -> ::core::option::Option<Self> {
                match value {
                    "UNKNOWN" => Some(Self::Unknown),
                    "STAGE_UNSTAGE_VOLUME" => Some(Self::StageUnstageVolume),
                    "GET_VOLUME_STATS" => Some(Self::GetVolumeStats),
                    "EXPAND_VOLUME" => Some(Self::ExpandVolume),
                    "VOLUME_CONDITION" => Some(Self::VolumeCondition),
                    "SINGLE_NODE_MULTI_WRITER" => Some(Self::SingleNodeMultiWriter),
                    "VOLUME_MOUNT_GROUP" => Some(Self::VolumeMountGroup),
                    "GET_VOLUME_HEALTH" => Some(Self::GetVolumeHealth),
                    "GET_STORAGE_HEALTH" => Some(Self::GetStorageHealth),
                    _ => None,
                }
            }
        }
    }
    impl ::prost::Name for Rpc {
        const NAME: &'static str = "RPC";
        const PACKAGE: &'static str = "csi.v1";
        fn full_name() -> ::prost::alloc::string::String {
            "csi.v1.NodeServiceCapability.RPC".into()
        }
        fn type_url() -> ::prost::alloc::string::String {
            "/csi.v1.NodeServiceCapability.RPC".into()
        }
    }
    #[derive(Clone, Copy, PartialEq, Eq, Hash, ::prost::Oneof)]
    pub enum Type {
        #[prost(message, tag = "1")]
        Rpc(Rpc),
    }
}
impl ::prost::Name for NodeServiceCapability {
    const NAME: &'static str = "NodeServiceCapability";
    const PACKAGE: &'static str = "csi.v1";
    fn full_name() -> ::prost::alloc::string::String {
        "csi.v1.NodeServiceCapability".into()
    }
    fn type_url() -> ::prost::alloc::string::String {
        "/csi.v1.NodeServiceCapability".into()
    }
}
#[derive(Clone, Copy, PartialEq, Eq, Hash, ::prost::Message)]
pub struct NodeGetInfoRequest {}
impl ::prost::Name for NodeGetInfoRequest {
    const NAME: &'static str = "NodeGetInfoRequest";
    const PACKAGE: &'static str = "csi.v1";
    fn full_name() -> ::prost::alloc::string::String {
        "csi.v1.NodeGetInfoRequest".into()
    }
    fn type_url() -> ::prost::alloc::string::String {
        "/csi.v1.NodeGetInfoRequest".into()
    }
}
#[derive(Clone, PartialEq, ::prost::Message)]
pub struct NodeGetInfoResponse {
    /// At most 256 bytes. What ControllerPublishVolume is told.
    #[prost(string, tag = "1")]
    pub node_id: ::prost::alloc::string::String,
    /// 0: the orchestrator decides.
    #[prost(int64, tag = "2")]
    pub max_volumes_per_node: i64,
    /// Only with VOLUME_ACCESSIBILITY_CONSTRAINTS.
    #[prost(message, optional, tag = "3")]
    pub accessible_topology: ::core::option::Option<Topology>,
}
impl ::prost::Name for NodeGetInfoResponse {
    const NAME: &'static str = "NodeGetInfoResponse";
    const PACKAGE: &'static str = "csi.v1";
    fn full_name() -> ::prost::alloc::string::String {
        "csi.v1.NodeGetInfoResponse".into()
    }
    fn type_url() -> ::prost::alloc::string::String {
        "/csi.v1.NodeGetInfoResponse".into()
    }
}
#[derive(Clone, PartialEq, ::prost::Message)]
#[prost(skip_debug)]
pub struct NodeExpandVolumeRequest {
    #[prost(string, tag = "1")]
    pub volume_id: ::prost::alloc::string::String,
    /// Where it is published, or else staged.
    #[prost(string, tag = "2")]
    pub volume_path: ::prost::alloc::string::String,
    /// Optional: absent means "whatever the device has now".
    #[prost(message, optional, tag = "3")]
    pub capacity_range: ::core::option::Option<CapacityRange>,
    /// Optional.
    #[prost(string, tag = "4")]
    pub staging_target_path: ::prost::alloc::string::String,
    /// Optional: absent means that the path tells.
    #[prost(message, optional, tag = "5")]
    pub volume_capability: ::core::option::Option<VolumeCapability>,
    #[prost(btree_map = "string, string", tag = "6")]
    pub secrets: ::prost::alloc::collections::BTreeMap<
        ::prost::alloc::string::String,
        ::prost::alloc::string::String,
    >,
}
impl ::prost::Name for NodeExpandVolumeRequest {
    const NAME: &'static str = "NodeExpandVolumeRequest";
    const PACKAGE: &'static str = "csi.v1";
    fn full_name() -> ::prost::alloc::string::String {
        "csi.v1.NodeExpandVolumeRequest".into()
    }
    fn type_url() -> ::prost::alloc::string::String {
        "/csi.v1.NodeExpandVolumeRequest".into()
    }
}
#[derive(Clone, Copy, PartialEq, Eq, Hash, ::prost::Message)]
pub struct NodeExpandVolumeResponse {
    /// 0: not known.
    #[prost(int64, tag = "1")]
    pub capacity_bytes: i64,
}
impl ::prost::Name for NodeExpandVolumeResponse {
    const NAME: &'static str = "NodeExpandVolumeResponse";
    const PACKAGE: &'static str = "csi.v1";
    fn full_name() -> ::prost::alloc::string::String {
        "csi.v1.NodeExpandVolumeResponse".into()
    }
    fn type_url() -> ::prost::alloc::string::String {
        "/csi.v1.NodeExpandVolumeResponse".into()
    }
}
#[derive(Clone, Copy, PartialEq, Eq, Hash, ::prost::Message)]
pub struct GroupControllerGetCapabilitiesRequest {}
impl ::prost::Name for GroupControllerGetCapabilitiesRequest {
    const NAME: &'static str = "GroupControllerGetCapabilitiesRequest";
    const PACKAGE: &'static str = "csi.v1";
    fn full_name() -> ::prost::alloc::string::String {
        "csi.v1.GroupControllerGetCapabilitiesRequest".into()
    }
    fn type_url() -> ::prost::alloc::string::String {
        "/csi.v1.GroupControllerGetCapabilitiesRequest".into()
    }
}
#[derive(Clone, PartialEq, ::prost::Message)]
pub struct GroupControllerGetCapabilitiesResponse {
    #[prost(message, repeated, tag = "1")]
    pub capabilities: ::prost::alloc::vec::Vec<GroupControllerServiceCapability>,
}
impl ::prost::Name for GroupControllerGetCapabilitiesResponse {
    const NAME: &'static str = "GroupControllerGetCapabilitiesResponse";
    const PACKAGE: &'static str = "csi.v1";
    fn full_name() -> ::prost::alloc::string::String {
        "csi.v1.GroupControllerGetCapabilitiesResponse".into()
    }
    fn type_url() -> ::prost::alloc::string::String {
        "/csi.v1.GroupControllerGetCapabilitiesResponse".into()
    }
}
#[derive(Clone, Copy, PartialEq, Eq, Hash, ::prost::Message)]
pub struct GroupControllerServiceCapability {
    #[prost(oneof = "group_controller_service_capability::Type", tags = "1")]
    pub r#type: ::core::option::Option<group_controller_service_capability::Type>,
}
/// Nested message and enum types in `GroupControllerServiceCapability`.
pub mod group_controller_service_capability {
    #[derive(Clone, Copy, PartialEq, Eq, Hash, ::prost::Message)]
    pub struct Rpc {
        #[prost(enumeration = "rpc::Type", tag = "1")]
        pub r#type: i32,
    }
    /// Nested message and enum types in `RPC`.
    pub mod rpc {
        #[derive(
            Clone,
            Copy,
            Debug,
            PartialEq,
            Eq,
            Hash,
            PartialOrd,
            Ord,
            ::prost::Enumeration
        )]
        #[repr(i32)]
        pub enum Type {
            Unknown = 0,
            CreateDeleteGetVolumeGroupSnapshot = 1,
        }
        impl Type {
            /// String value of the enum field names used in the ProtoBuf definition.
            ///
            /// The values are not transformed in any way and thus are considered stable
            /// (if the ProtoBuf definition does not change) and safe for programmatic use.
            pub fn as_str_name(&self) -> &'static str {
                match self {
                    Self::Unknown => "UNKNOWN",
                    Self::CreateDeleteGetVolumeGroupSnapshot => {
                        "CREATE_DELETE_GET_VOLUME_GROUP_SNAPSHOT"
                    }
                }
            }
            /// Creates an enum from field names used in the ProtoBuf definition.
            pub fn from_str_name(value: &str) -> ::core::option::Option<Self> {
                match value {
                    "UNKNOWN" => Some(Self::Unknown),
                    "CREATE_DELETE_GET_VOLUME_GROUP_SNAPSHOT" => {
                        Some(Self::CreateDeleteGetVolumeGroupSnapshot)
                    }
                    _ => None,
                }
            }
        }
    }
    impl ::prost::Name for Rpc {
        const NAME: &'static str = "RPC";
        const PACKAGE: &'static str = "csi.v1";
        fn full_name() -> ::prost::alloc::string::String {
            "csi.v1.GroupControllerServiceCapability.RPC".into()
        }
        fn type_url() -> ::prost::alloc::string::String {
            "/csi.v1.GroupControllerServiceCapability.RPC".into()
        }
    }
    #[derive(Clone, Copy, PartialEq, Eq, Hash, ::prost::Oneof)]
    pub enum Type {
        #[prost(message, tag = "1")]
        Rpc(Rpc),
    }
}
impl ::prost::Name for GroupControllerServiceCapability {
    const NAME: &'static str = "GroupControllerServiceCapability";
    const PACKAGE: &'static str = "csi.v1";
    fn full_name() -> ::prost::alloc::string::String {
        "csi.v1.GroupControllerServiceCapability".into()
    }
    fn type_url() -> ::prost::alloc::string::String {
        "/csi.v1.GroupControllerServiceCapability".into()
    }
}
#[derive(Clone, PartialEq, ::prost::Message)]
#[prost(skip_debug)]
pub struct CreateVolumeGroupSnapshotRequest {
    /// Chosen by the orchestrator: the same name again gives the same group.
    #[prost(string, tag = "1")]
    pub name: ::prost::alloc::string::String,
    #[prost(string, repeated, tag = "2")]
    pub source_volume_ids: ::prost::alloc::vec::Vec<::prost::alloc::string::String>,
    /// The same for every call about one group.
    #[prost(btree_map = "string, string", tag = "3")]
    pub secrets: ::prost::alloc::collections::BTreeMap<
        ::prost::alloc::string::String,
        ::prost::alloc::string::String,
    >,
    #[prost(btree_map = "string, string", tag = "4")]
    pub parameters: ::prost::alloc::collections::BTreeMap<
        ::prost::alloc::string::String,
        ::prost::alloc::string::String,
    >,
}
impl ::prost::Name for CreateVolumeGroupSnapshotRequest {
    const NAME: &'static str = "CreateVolumeGroupSnapshotRequest";
    const PACKAGE: &'static str = "csi.v1";
    fn full_name() -> ::prost::alloc::string::String {
        "csi.v1.CreateVolumeGroupSnapshotRequest".into()
    }
    fn type_url() -> ::prost::alloc::string::String {
        "/csi.v1.CreateVolumeGroupSnapshotRequest".into()
    }
}
#[derive(Clone, PartialEq, ::prost::Message)]
pub struct CreateVolumeGroupSnapshotResponse {
    #[prost(message, optional, tag = "1")]
    pub group_snapshot: ::core::option::Option<VolumeGroupSnapshot>,
}
impl ::prost::Name for CreateVolumeGroupSnapshotResponse {
    const NAME: &'static str = "CreateVolumeGroupSnapshotResponse";
    const PACKAGE: &'static str = "csi.v1";
    fn full_name() -> ::prost::alloc::string::String {
        "csi.v1.CreateVolumeGroupSnapshotResponse".into()
    }
    fn type_url() -> ::prost::alloc::string::String {
        "/csi.v1.CreateVolumeGroupSnapshotResponse".into()
    }
}
#[derive(Clone, PartialEq, ::prost::Message)]
pub struct VolumeGroupSnapshot {
    #[prost(string, tag = "1")]
    pub group_snapshot_id: ::prost::alloc::string::String,
    #[prost(message, repeated, tag = "2")]
    pub snapshots: ::prost::alloc::vec::Vec<Snapshot>,
    /// When all of them were cut.
    #[prost(message, optional, tag = "3")]
    pub creation_time: ::core::option::Option<::prost_types::Timestamp>,
    /// True only when every snapshot is.
    #[prost(bool, tag = "4")]
    pub ready_to_use: bool,
}
impl ::prost::Name for VolumeGroupSnapshot {
    const NAME: &'static str = "VolumeGroupSnapshot";
    const PACKAGE: &'static str = "csi.v1";
    fn full_name() -> ::prost::alloc::string::String {
        "csi.v1.VolumeGroupSnapshot".into()
    }
    fn type_url() -> ::prost::alloc::string::String {
        "/csi.v1.VolumeGroupSnapshot".into()
    }
}
#[derive(Clone, PartialEq, ::prost::Message)]
#[prost(skip_debug)]
pub struct DeleteVolumeGroupSnapshotRequest {
    #[prost(string, tag = "1")]
    pub group_snapshot_id: ::prost::alloc::string::String,
    /// All of the group. One that doesn't match is an error, where the plugin can tell.
    #[prost(string, repeated, tag = "2")]
    pub snapshot_ids: ::prost::alloc::vec::Vec<::prost::alloc::string::String>,
    #[prost(btree_map = "string, string", tag = "3")]
    pub secrets: ::prost::alloc::collections::BTreeMap<
        ::prost::alloc::string::String,
        ::prost::alloc::string::String,
    >,
}
impl ::prost::Name for DeleteVolumeGroupSnapshotRequest {
    const NAME: &'static str = "DeleteVolumeGroupSnapshotRequest";
    const PACKAGE: &'static str = "csi.v1";
    fn full_name() -> ::prost::alloc::string::String {
        "csi.v1.DeleteVolumeGroupSnapshotRequest".into()
    }
    fn type_url() -> ::prost::alloc::string::String {
        "/csi.v1.DeleteVolumeGroupSnapshotRequest".into()
    }
}
#[derive(Clone, Copy, PartialEq, Eq, Hash, ::prost::Message)]
pub struct DeleteVolumeGroupSnapshotResponse {}
impl ::prost::Name for DeleteVolumeGroupSnapshotResponse {
    const NAME: &'static str = "DeleteVolumeGroupSnapshotResponse";
    const PACKAGE: &'static str = "csi.v1";
    fn full_name() -> ::prost::alloc::string::String {
        "csi.v1.DeleteVolumeGroupSnapshotResponse".into()
    }
    fn type_url() -> ::prost::alloc::string::String {
        "/csi.v1.DeleteVolumeGroupSnapshotResponse".into()
    }
}
#[derive(Clone, PartialEq, ::prost::Message)]
#[prost(skip_debug)]
pub struct GetVolumeGroupSnapshotRequest {
    #[prost(string, tag = "1")]
    pub group_snapshot_id: ::prost::alloc::string::String,
    /// All of the group. One that doesn't match is an error, where the plugin can tell.
    #[prost(string, repeated, tag = "2")]
    pub snapshot_ids: ::prost::alloc::vec::Vec<::prost::alloc::string::String>,
    #[prost(btree_map = "string, string", tag = "3")]
    pub secrets: ::prost::alloc::collections::BTreeMap<
        ::prost::alloc::string::String,
        ::prost::alloc::string::String,
    >,
}
impl ::prost::Name for GetVolumeGroupSnapshotRequest {
    const NAME: &'static str = "GetVolumeGroupSnapshotRequest";
    const PACKAGE: &'static str = "csi.v1";
    fn full_name() -> ::prost::alloc::string::String {
        "csi.v1.GetVolumeGroupSnapshotRequest".into()
    }
    fn type_url() -> ::prost::alloc::string::String {
        "/csi.v1.GetVolumeGroupSnapshotRequest".into()
    }
}
#[derive(Clone, PartialEq, ::prost::Message)]
pub struct GetVolumeGroupSnapshotResponse {
    #[prost(message, optional, tag = "1")]
    pub group_snapshot: ::core::option::Option<VolumeGroupSnapshot>,
}
impl ::prost::Name for GetVolumeGroupSnapshotResponse {
    const NAME: &'static str = "GetVolumeGroupSnapshotResponse";
    const PACKAGE: &'static str = "csi.v1";
    fn full_name() -> ::prost::alloc::string::String {
        "csi.v1.GetVolumeGroupSnapshotResponse".into()
    }
    fn type_url() -> ::prost::alloc::string::String {
        "/csi.v1.GetVolumeGroupSnapshotResponse".into()
    }
}
/// A range of bytes.
#[derive(Clone, Copy, PartialEq, Eq, Hash, ::prost::Message)]
pub struct BlockMetadata {
    #[prost(int64, tag = "1")]
    pub byte_offset: i64,
    /// Above 0.
    #[prost(int64, tag = "2")]
    pub size_bytes: i64,
}
impl ::prost::Name for BlockMetadata {
    const NAME: &'static str = "BlockMetadata";
    const PACKAGE: &'static str = "csi.v1";
    fn full_name() -> ::prost::alloc::string::String {
        "csi.v1.BlockMetadata".into()
    }
    fn type_url() -> ::prost::alloc::string::String {
        "/csi.v1.BlockMetadata".into()
    }
}
#[derive(Clone, PartialEq, ::prost::Message)]
#[prost(skip_debug)]
pub struct GetMetadataAllocatedRequest {
    #[prost(string, tag = "1")]
    pub snapshot_id: ::prost::alloc::string::String,
    /// Where to go on: ranges that end at or before it are left out.
    #[prost(int64, tag = "2")]
    pub starting_offset: i64,
    /// Ranges a message; 0: the plugin chooses.
    #[prost(int32, tag = "3")]
    pub max_results: i32,
    #[prost(btree_map = "string, string", tag = "4")]
    pub secrets: ::prost::alloc::collections::BTreeMap<
        ::prost::alloc::string::String,
        ::prost::alloc::string::String,
    >,
}
impl ::prost::Name for GetMetadataAllocatedRequest {
    const NAME: &'static str = "GetMetadataAllocatedRequest";
    const PACKAGE: &'static str = "csi.v1";
    fn full_name() -> ::prost::alloc::string::String {
        "csi.v1.GetMetadataAllocatedRequest".into()
    }
    fn type_url() -> ::prost::alloc::string::String {
        "/csi.v1.GetMetadataAllocatedRequest".into()
    }
}
#[derive(Clone, PartialEq, ::prost::Message)]
pub struct GetMetadataAllocatedResponse {
    /// The same in every message of the stream.
    #[prost(enumeration = "BlockMetadataType", tag = "1")]
    pub block_metadata_type: i32,
    /// The same in every message of the stream.
    #[prost(int64, tag = "2")]
    pub volume_capacity_bytes: i64,
    #[prost(message, repeated, tag = "3")]
    pub block_metadata: ::prost::alloc::vec::Vec<BlockMetadata>,
}
impl ::prost::Name for GetMetadataAllocatedResponse {
    const NAME: &'static str = "GetMetadataAllocatedResponse";
    const PACKAGE: &'static str = "csi.v1";
    fn full_name() -> ::prost::alloc::string::String {
        "csi.v1.GetMetadataAllocatedResponse".into()
    }
    fn type_url() -> ::prost::alloc::string::String {
        "/csi.v1.GetMetadataAllocatedResponse".into()
    }
}
/// Both snapshots are of one volume, and the base is the older one.
#[derive(Clone, PartialEq, ::prost::Message)]
#[prost(skip_debug)]
pub struct GetMetadataDeltaRequest {
    #[prost(string, tag = "1")]
    pub base_snapshot_id: ::prost::alloc::string::String,
    #[prost(string, tag = "2")]
    pub target_snapshot_id: ::prost::alloc::string::String,
    /// Where to go on: ranges that end at or before it are left out.
    #[prost(int64, tag = "3")]
    pub starting_offset: i64,
    /// Ranges a message; 0: the plugin chooses.
    #[prost(int32, tag = "4")]
    pub max_results: i32,
    #[prost(btree_map = "string, string", tag = "5")]
    pub secrets: ::prost::alloc::collections::BTreeMap<
        ::prost::alloc::string::String,
        ::prost::alloc::string::String,
    >,
}
impl ::prost::Name for GetMetadataDeltaRequest {
    const NAME: &'static str = "GetMetadataDeltaRequest";
    const PACKAGE: &'static str = "csi.v1";
    fn full_name() -> ::prost::alloc::string::String {
        "csi.v1.GetMetadataDeltaRequest".into()
    }
    fn type_url() -> ::prost::alloc::string::String {
        "/csi.v1.GetMetadataDeltaRequest".into()
    }
}
#[derive(Clone, PartialEq, ::prost::Message)]
pub struct GetMetadataDeltaResponse {
    /// The same in every message of the stream.
    #[prost(enumeration = "BlockMetadataType", tag = "1")]
    pub block_metadata_type: i32,
    /// The same in every message of the stream.
    #[prost(int64, tag = "2")]
    pub volume_capacity_bytes: i64,
    #[prost(message, repeated, tag = "3")]
    pub block_metadata: ::prost::alloc::vec::Vec<BlockMetadata>,
}
impl ::prost::Name for GetMetadataDeltaResponse {
    const NAME: &'static str = "GetMetadataDeltaResponse";
    const PACKAGE: &'static str = "csi.v1";
    fn full_name() -> ::prost::alloc::string::String {
        "csi.v1.GetMetadataDeltaResponse".into()
    }
    fn type_url() -> ::prost::alloc::string::String {
        "/csi.v1.GetMetadataDeltaResponse".into()
    }
}
/// What is wrong with a volume. Readers ignore values they don't know.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, ::prost::Enumeration)]
#[repr(i32)]
pub enum VolumeHealthErrorType {
    UnknownVolumeHealthType = 0,
    /// Usable, though not as it should be.
    Degraded = 1,
    /// Out of reach: of every node in a controller's answer, of this node in a node's.
    Inaccessible = 2,
    /// Data is lost for good, surely or probably.
    DataLoss = 3,
}
impl VolumeHealthErrorType {
    /// String value of the enum field names used in the ProtoBuf definition.
    ///
    /// The values are not transformed in any way and thus are considered stable
    /// (if the ProtoBuf definition does not change) and safe for programmatic use.
    pub fn as_str_name(&self) -> &'static str {
        match self {
            Self::UnknownVolumeHealthType => "UNKNOWN_VOLUME_HEALTH_TYPE",
            Self::Degraded => "DEGRADED",
            Self::Inaccessible => "INACCESSIBLE",
            Self::DataLoss => "DATA_LOSS",
        }
    }
    /// Creates an enum from field names used in the ProtoBuf definition.
    pub fn from_str_name(value: &str) -> ::core::option::Option<Self> {
        match value {
            "UNKNOWN_VOLUME_HEALTH_TYPE" => Some(Self::UnknownVolumeHealthType),
            "DEGRADED" => Some(Self::Degraded),
            "INACCESSIBLE" => Some(Self::Inaccessible),
            "DATA_LOSS" => Some(Self::DataLoss),
            _ => None,
        }
    }
}
/// What is wrong between a node and its storage.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, ::prost::Enumeration)]
#[repr(i32)]
pub enum StorageHealthErrorType {
    UnknownStorageHealthErrorType = 0,
    /// Works, though not as it should: fewer paths, more latency.
    StorageDegraded = 1,
    /// This node can't reach it.
    StorageUnreachable = 2,
}
impl StorageHealthErrorType {
    /// String value of the enum field names used in the ProtoBuf definition.
    ///
    /// The values are not transformed in any way and thus are considered stable
    /// (if the ProtoBuf definition does not change) and safe for programmatic use.
    pub fn as_str_name(&self) -> &'static str {
        match self {
            Self::UnknownStorageHealthErrorType => "UNKNOWN_STORAGE_HEALTH_ERROR_TYPE",
            Self::StorageDegraded => "STORAGE_DEGRADED",
            Self::StorageUnreachable => "STORAGE_UNREACHABLE",
        }
    }
    /// Creates an enum from field names used in the ProtoBuf definition.
    pub fn from_str_name(value: &str) -> ::core::option::Option<Self> {
        match value {
            "UNKNOWN_STORAGE_HEALTH_ERROR_TYPE" => {
                Some(Self::UnknownStorageHealthErrorType)
            }
            "STORAGE_DEGRADED" => Some(Self::StorageDegraded),
            "STORAGE_UNREACHABLE" => Some(Self::StorageUnreachable),
            _ => None,
        }
    }
}
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, ::prost::Enumeration)]
#[repr(i32)]
pub enum BlockMetadataType {
    Unknown = 0,
    /// Every range of the stream has one size.
    FixedLength = 1,
    /// Sizes differ.
    VariableLength = 2,
}
impl BlockMetadataType {
    /// String value of the enum field names used in the ProtoBuf definition.
    ///
    /// The values are not transformed in any way and thus are considered stable
    /// (if the ProtoBuf definition does not change) and safe for programmatic use.
    pub fn as_str_name(&self) -> &'static str {
        match self {
            Self::Unknown => "UNKNOWN",
            Self::FixedLength => "FIXED_LENGTH",
            Self::VariableLength => "VARIABLE_LENGTH",
        }
    }
    /// Creates an enum from field names used in the ProtoBuf definition.
    pub fn from_str_name(value: &str) -> ::core::option::Option<Self> {
        match value {
            "UNKNOWN" => Some(Self::Unknown),
            "FIXED_LENGTH" => Some(Self::FixedLength),
            "VARIABLE_LENGTH" => Some(Self::VariableLength),
            _ => None,
        }
    }
}
/// Generated client implementations.
pub mod identity_client {
    #![allow(
        unused_variables,
        dead_code,
        missing_docs,
        clippy::wildcard_imports,
        clippy::let_unit_value,
    )]
    use tonic::codegen::*;
    use tonic::codegen::http::Uri;
    /// Who the plugin is. Every plugin process serves it.
    #[derive(Debug, Clone)]
    pub struct IdentityClient<T> {
        inner: tonic::client::Grpc<T>,
    }
    impl IdentityClient<tonic::transport::Channel> {
        /// Attempt to create a new client by connecting to a given endpoint.
        pub async fn connect<D>(dst: D) -> Result<Self, tonic::transport::Error>
        where
            D: TryInto<tonic::transport::Endpoint>,
            D::Error: Into<StdError>,
        {
            let conn = tonic::transport::Endpoint::new(dst)?.connect().await?;
            Ok(Self::new(conn))
        }
    }
    impl<T> IdentityClient<T>
    where
        T: tonic::client::GrpcService<tonic::body::Body>,
        T::Error: Into<StdError>,
        T::ResponseBody: Body<Data = Bytes> + std::marker::Send + 'static,
        <T::ResponseBody as Body>::Error: Into<StdError> + std::marker::Send,
    {
        pub fn new(inner: T) -> Self {
            let inner = tonic::client::Grpc::new(inner);
            Self { inner }
        }
        pub fn with_origin(inner: T, origin: Uri) -> Self {
            let inner = tonic::client::Grpc::with_origin(inner, origin);
            Self { inner }
        }
        pub fn with_interceptor<F>(
            inner: T,
            interceptor: F,
        ) -> IdentityClient<InterceptedService<T, F>>
        where
            F: tonic::service::Interceptor,
            T::ResponseBody: Default,
            T: tonic::codegen::Service<
                http::Request<tonic::body::Body>,
                Response = http::Response<
                    <T as tonic::client::GrpcService<tonic::body::Body>>::ResponseBody,
                >,
            >,
            <T as tonic::codegen::Service<
                http::Request<tonic::body::Body>,
            >>::Error: Into<StdError> + std::marker::Send + std::marker::Sync,
        {
            IdentityClient::new(InterceptedService::new(inner, interceptor))
        }
        /// Compress requests with the given encoding.
        ///
        /// This requires the server to support it otherwise it might respond with an
        /// error.
        #[must_use]
        pub fn send_compressed(mut self, encoding: CompressionEncoding) -> Self {
            self.inner = self.inner.send_compressed(encoding);
            self
        }
        /// Enable decompressing responses.
        #[must_use]
        pub fn accept_compressed(mut self, encoding: CompressionEncoding) -> Self {
            self.inner = self.inner.accept_compressed(encoding);
            self
        }
        /// Limits the maximum size of a decoded message.
        ///
        /// Default: `4MB`
        #[must_use]
        pub fn max_decoding_message_size(mut self, limit: usize) -> Self {
            self.inner = self.inner.max_decoding_message_size(limit);
            self
        }
        /// Limits the maximum size of an encoded message.
        ///
        /// Default: `usize::MAX`
        #[must_use]
        pub fn max_encoding_message_size(mut self, limit: usize) -> Self {
            self.inner = self.inner.max_encoding_message_size(limit);
            self
        }
        /// Name and version. Callable at any time, before anything else works.
        pub async fn get_plugin_info(
            &mut self,
            request: impl tonic::IntoRequest<super::GetPluginInfoRequest>,
        ) -> std::result::Result<
            tonic::Response<super::GetPluginInfoResponse>,
            tonic::Status,
        > {
            self.inner
                .ready()
                .await
                .map_err(|e| {
                    tonic::Status::unknown(
                        format!("Service was not ready: {}", e.into()),
                    )
                })?;
            let codec = tonic_prost::ProstCodec::default();
            let path = http::uri::PathAndQuery::from_static(
                "/csi.v1.Identity/GetPluginInfo",
            );
            let mut req = request.into_request();
            req.extensions_mut()
                .insert(GrpcMethod::new("csi.v1.Identity", "GetPluginInfo"));
            self.inner.unary(req, path, codec).await
        }
        /// Which services and which global traits the plugin has.
        pub async fn get_plugin_capabilities(
            &mut self,
            request: impl tonic::IntoRequest<super::GetPluginCapabilitiesRequest>,
        ) -> std::result::Result<
            tonic::Response<super::GetPluginCapabilitiesResponse>,
            tonic::Status,
        > {
            self.inner
                .ready()
                .await
                .map_err(|e| {
                    tonic::Status::unknown(
                        format!("Service was not ready: {}", e.into()),
                    )
                })?;
            let codec = tonic_prost::ProstCodec::default();
            let path = http::uri::PathAndQuery::from_static(
                "/csi.v1.Identity/GetPluginCapabilities",
            );
            let mut req = request.into_request();
            req.extensions_mut()
                .insert(GrpcMethod::new("csi.v1.Identity", "GetPluginCapabilities"));
            self.inner.unary(req, path, codec).await
        }
        /// Whether the plugin works. An error answer may get it restarted.
        pub async fn probe(
            &mut self,
            request: impl tonic::IntoRequest<super::ProbeRequest>,
        ) -> std::result::Result<tonic::Response<super::ProbeResponse>, tonic::Status> {
            self.inner
                .ready()
                .await
                .map_err(|e| {
                    tonic::Status::unknown(
                        format!("Service was not ready: {}", e.into()),
                    )
                })?;
            let codec = tonic_prost::ProstCodec::default();
            let path = http::uri::PathAndQuery::from_static("/csi.v1.Identity/Probe");
            let mut req = request.into_request();
            req.extensions_mut().insert(GrpcMethod::new("csi.v1.Identity", "Probe"));
            self.inner.unary(req, path, codec).await
        }
    }
}
/// Generated server implementations.
pub mod identity_server {
    #![allow(
        unused_variables,
        dead_code,
        missing_docs,
        clippy::wildcard_imports,
        clippy::let_unit_value,
    )]
    use tonic::codegen::*;
    /// Generated trait containing gRPC methods that should be implemented for use with IdentityServer.
    #[async_trait]
    pub trait Identity: std::marker::Send + std::marker::Sync + 'static {
        /// Name and version. Callable at any time, before anything else works.
        async fn get_plugin_info(
            &self,
            request: tonic::Request<super::GetPluginInfoRequest>,
        ) -> std::result::Result<
            tonic::Response<super::GetPluginInfoResponse>,
            tonic::Status,
        >;
        /// Which services and which global traits the plugin has.
        async fn get_plugin_capabilities(
            &self,
            request: tonic::Request<super::GetPluginCapabilitiesRequest>,
        ) -> std::result::Result<
            tonic::Response<super::GetPluginCapabilitiesResponse>,
            tonic::Status,
        >;
        /// Whether the plugin works. An error answer may get it restarted.
        async fn probe(
            &self,
            request: tonic::Request<super::ProbeRequest>,
        ) -> std::result::Result<tonic::Response<super::ProbeResponse>, tonic::Status>;
    }
    /// Who the plugin is. Every plugin process serves it.
    #[derive(Debug)]
    pub struct IdentityServer<T> {
        inner: Arc<T>,
        accept_compression_encodings: EnabledCompressionEncodings,
        send_compression_encodings: EnabledCompressionEncodings,
        max_decoding_message_size: Option<usize>,
        max_encoding_message_size: Option<usize>,
    }
    impl<T> IdentityServer<T> {
        pub fn new(inner: T) -> Self {
            Self::from_arc(Arc::new(inner))
        }
        pub fn from_arc(inner: Arc<T>) -> Self {
            Self {
                inner,
                accept_compression_encodings: Default::default(),
                send_compression_encodings: Default::default(),
                max_decoding_message_size: None,
                max_encoding_message_size: None,
            }
        }
        pub fn with_interceptor<F>(
            inner: T,
            interceptor: F,
        ) -> InterceptedService<Self, F>
        where
            F: tonic::service::Interceptor,
        {
            InterceptedService::new(Self::new(inner), interceptor)
        }
        /// Enable decompressing requests with the given encoding.
        #[must_use]
        pub fn accept_compressed(mut self, encoding: CompressionEncoding) -> Self {
            self.accept_compression_encodings.enable(encoding);
            self
        }
        /// Compress responses with the given encoding, if the client supports it.
        #[must_use]
        pub fn send_compressed(mut self, encoding: CompressionEncoding) -> Self {
            self.send_compression_encodings.enable(encoding);
            self
        }
        /// Limits the maximum size of a decoded message.
        ///
        /// Default: `4MB`
        #[must_use]
        pub fn max_decoding_message_size(mut self, limit: usize) -> Self {
            self.max_decoding_message_size = Some(limit);
            self
        }
        /// Limits the maximum size of an encoded message.
        ///
        /// Default: `usize::MAX`
        #[must_use]
        pub fn max_encoding_message_size(mut self, limit: usize) -> Self {
            self.max_encoding_message_size = Some(limit);
            self
        }
    }
    impl<T, B> tonic::codegen::Service<http::Request<B>> for IdentityServer<T>
    where
        T: Identity,
        B: Body + std::marker::Send + 'static,
        B::Error: Into<StdError> + std::marker::Send + 'static,
    {
        type Response = http::Response<tonic::body::Body>;
        type Error = std::convert::Infallible;
        type Future = BoxFuture<Self::Response, Self::Error>;
        fn poll_ready(
            &mut self,
            _cx: &mut Context<'_>,
        ) -> Poll<std::result::Result<(), Self::Error>> {
            Poll::Ready(Ok(()))
        }
        fn call(&mut self, req: http::Request<B>) -> Self::Future {
            match req.uri().path() {
                "/csi.v1.Identity/GetPluginInfo" => {
                    #[allow(non_camel_case_types)]
                    struct GetPluginInfoSvc<T: Identity>(pub Arc<T>);
                    impl<
                        T: Identity,
                    > tonic::server::UnaryService<super::GetPluginInfoRequest>
                    for GetPluginInfoSvc<T> {
                        type Response = super::GetPluginInfoResponse;
                        type Future = BoxFuture<
                            tonic::Response<Self::Response>,
                            tonic::Status,
                        >;
                        fn call(
                            &mut self,
                            request: tonic::Request<super::GetPluginInfoRequest>,
                        ) -> Self::Future {
                            let inner = Arc::clone(&self.0);
                            let fut = async move {
                                <T as Identity>::get_plugin_info(&inner, request).await
                            };
                            Box::pin(fut)
                        }
                    }
                    let accept_compression_encodings = self.accept_compression_encodings;
                    let send_compression_encodings = self.send_compression_encodings;
                    let max_decoding_message_size = self.max_decoding_message_size;
                    let max_encoding_message_size = self.max_encoding_message_size;
                    let inner = self.inner.clone();
                    let fut = async move {
                        let method = GetPluginInfoSvc(inner);
                        let codec = tonic_prost::ProstCodec::default();
                        let mut grpc = tonic::server::Grpc::new(codec)
                            .apply_compression_config(
                                accept_compression_encodings,
                                send_compression_encodings,
                            )
                            .apply_max_message_size_config(
                                max_decoding_message_size,
                                max_encoding_message_size,
                            );
                        let res = grpc.unary(method, req).await;
                        Ok(res)
                    };
                    Box::pin(fut)
                }
                "/csi.v1.Identity/GetPluginCapabilities" => {
                    #[allow(non_camel_case_types)]
                    struct GetPluginCapabilitiesSvc<T: Identity>(pub Arc<T>);
                    impl<
                        T: Identity,
                    > tonic::server::UnaryService<super::GetPluginCapabilitiesRequest>
                    for GetPluginCapabilitiesSvc<T> {
                        type Response = super::GetPluginCapabilitiesResponse;
                        type Future = BoxFuture<
                            tonic::Response<Self::Response>,
                            tonic::Status,
                        >;
                        fn call(
                            &mut self,
                            request: tonic::Request<super::GetPluginCapabilitiesRequest>,
                        ) -> Self::Future {
                            let inner = Arc::clone(&self.0);
                            let fut = async move {
                                <T as Identity>::get_plugin_capabilities(&inner, request)
                                    .await
                            };
                            Box::pin(fut)
                        }
                    }
                    let accept_compression_encodings = self.accept_compression_encodings;
                    let send_compression_encodings = self.send_compression_encodings;
                    let max_decoding_message_size = self.max_decoding_message_size;
                    let max_encoding_message_size = self.max_encoding_message_size;
                    let inner = self.inner.clone();
                    let fut = async move {
                        let method = GetPluginCapabilitiesSvc(inner);
                        let codec = tonic_prost::ProstCodec::default();
                        let mut grpc = tonic::server::Grpc::new(codec)
                            .apply_compression_config(
                                accept_compression_encodings,
                                send_compression_encodings,
                            )
                            .apply_max_message_size_config(
                                max_decoding_message_size,
                                max_encoding_message_size,
                            );
                        let res = grpc.unary(method, req).await;
                        Ok(res)
                    };
                    Box::pin(fut)
                }
                "/csi.v1.Identity/Probe" => {
                    #[allow(non_camel_case_types)]
                    struct ProbeSvc<T: Identity>(pub Arc<T>);
                    impl<T: Identity> tonic::server::UnaryService<super::ProbeRequest>
                    for ProbeSvc<T> {
                        type Response = super::ProbeResponse;
                        type Future = BoxFuture<
                            tonic::Response<Self::Response>,
                            tonic::Status,
                        >;
                        fn call(
                            &mut self,
                            request: tonic::Request<super::ProbeRequest>,
                        ) -> Self::Future {
                            let inner = Arc::clone(&self.0);
                            let fut = async move {
                                <T as Identity>::probe(&inner, request).await
                            };
                            Box::pin(fut)
                        }
                    }
                    let accept_compression_encodings = self.accept_compression_encodings;
                    let send_compression_encodings = self.send_compression_encodings;
                    let max_decoding_message_size = self.max_decoding_message_size;
                    let max_encoding_message_size = self.max_encoding_message_size;
                    let inner = self.inner.clone();
                    let fut = async move {
                        let method = ProbeSvc(inner);
                        let codec = tonic_prost::ProstCodec::default();
                        let mut grpc = tonic::server::Grpc::new(codec)
                            .apply_compression_config(
                                accept_compression_encodings,
                                send_compression_encodings,
                            )
                            .apply_max_message_size_config(
                                max_decoding_message_size,
                                max_encoding_message_size,
                            );
                        let res = grpc.unary(method, req).await;
                        Ok(res)
                    };
                    Box::pin(fut)
                }
                _ => {
                    Box::pin(async move {
                        let mut response = http::Response::new(
                            tonic::body::Body::default(),
                        );
                        let headers = response.headers_mut();
                        headers
                            .insert(
                                tonic::Status::GRPC_STATUS,
                                (tonic::Code::Unimplemented as i32).into(),
                            );
                        headers
                            .insert(
                                http::header::CONTENT_TYPE,
                                tonic::metadata::GRPC_CONTENT_TYPE,
                            );
                        Ok(response)
                    })
                }
            }
        }
    }
    impl<T> Clone for IdentityServer<T> {
        fn clone(&self) -> Self {
            let inner = self.inner.clone();
            Self {
                inner,
                accept_compression_encodings: self.accept_compression_encodings,
                send_compression_encodings: self.send_compression_encodings,
                max_decoding_message_size: self.max_decoding_message_size,
                max_encoding_message_size: self.max_encoding_message_size,
            }
        }
    }
    /// Generated gRPC service name
    pub const SERVICE_NAME: &str = "csi.v1.Identity";
    impl<T> tonic::server::NamedService for IdentityServer<T> {
        const NAME: &'static str = SERVICE_NAME;
    }
}
/// Generated client implementations.
pub mod controller_client {
    #![allow(
        unused_variables,
        dead_code,
        missing_docs,
        clippy::wildcard_imports,
        clippy::let_unit_value,
    )]
    use tonic::codegen::*;
    use tonic::codegen::http::Uri;
    /// What happens to volumes and snapshots, wherever the plugin runs. Every RPC is idempotent.
    #[derive(Debug, Clone)]
    pub struct ControllerClient<T> {
        inner: tonic::client::Grpc<T>,
    }
    impl ControllerClient<tonic::transport::Channel> {
        /// Attempt to create a new client by connecting to a given endpoint.
        pub async fn connect<D>(dst: D) -> Result<Self, tonic::transport::Error>
        where
            D: TryInto<tonic::transport::Endpoint>,
            D::Error: Into<StdError>,
        {
            let conn = tonic::transport::Endpoint::new(dst)?.connect().await?;
            Ok(Self::new(conn))
        }
    }
    impl<T> ControllerClient<T>
    where
        T: tonic::client::GrpcService<tonic::body::Body>,
        T::Error: Into<StdError>,
        T::ResponseBody: Body<Data = Bytes> + std::marker::Send + 'static,
        <T::ResponseBody as Body>::Error: Into<StdError> + std::marker::Send,
    {
        pub fn new(inner: T) -> Self {
            let inner = tonic::client::Grpc::new(inner);
            Self { inner }
        }
        pub fn with_origin(inner: T, origin: Uri) -> Self {
            let inner = tonic::client::Grpc::with_origin(inner, origin);
            Self { inner }
        }
        pub fn with_interceptor<F>(
            inner: T,
            interceptor: F,
        ) -> ControllerClient<InterceptedService<T, F>>
        where
            F: tonic::service::Interceptor,
            T::ResponseBody: Default,
            T: tonic::codegen::Service<
                http::Request<tonic::body::Body>,
                Response = http::Response<
                    <T as tonic::client::GrpcService<tonic::body::Body>>::ResponseBody,
                >,
            >,
            <T as tonic::codegen::Service<
                http::Request<tonic::body::Body>,
            >>::Error: Into<StdError> + std::marker::Send + std::marker::Sync,
        {
            ControllerClient::new(InterceptedService::new(inner, interceptor))
        }
        /// Compress requests with the given encoding.
        ///
        /// This requires the server to support it otherwise it might respond with an
        /// error.
        #[must_use]
        pub fn send_compressed(mut self, encoding: CompressionEncoding) -> Self {
            self.inner = self.inner.send_compressed(encoding);
            self
        }
        /// Enable decompressing responses.
        #[must_use]
        pub fn accept_compressed(mut self, encoding: CompressionEncoding) -> Self {
            self.inner = self.inner.accept_compressed(encoding);
            self
        }
        /// Limits the maximum size of a decoded message.
        ///
        /// Default: `4MB`
        #[must_use]
        pub fn max_decoding_message_size(mut self, limit: usize) -> Self {
            self.inner = self.inner.max_decoding_message_size(limit);
            self
        }
        /// Limits the maximum size of an encoded message.
        ///
        /// Default: `usize::MAX`
        #[must_use]
        pub fn max_encoding_message_size(mut self, limit: usize) -> Self {
            self.inner = self.inner.max_encoding_message_size(limit);
            self
        }
        /// Makes a volume, empty or from a source. The name is the idempotency key.
        pub async fn create_volume(
            &mut self,
            request: impl tonic::IntoRequest<super::CreateVolumeRequest>,
        ) -> std::result::Result<
            tonic::Response<super::CreateVolumeResponse>,
            tonic::Status,
        > {
            self.inner
                .ready()
                .await
                .map_err(|e| {
                    tonic::Status::unknown(
                        format!("Service was not ready: {}", e.into()),
                    )
                })?;
            let codec = tonic_prost::ProstCodec::default();
            let path = http::uri::PathAndQuery::from_static(
                "/csi.v1.Controller/CreateVolume",
            );
            let mut req = request.into_request();
            req.extensions_mut()
                .insert(GrpcMethod::new("csi.v1.Controller", "CreateVolume"));
            self.inner.unary(req, path, codec).await
        }
        /// Deletes a volume. A volume that isn't there is a success.
        pub async fn delete_volume(
            &mut self,
            request: impl tonic::IntoRequest<super::DeleteVolumeRequest>,
        ) -> std::result::Result<
            tonic::Response<super::DeleteVolumeResponse>,
            tonic::Status,
        > {
            self.inner
                .ready()
                .await
                .map_err(|e| {
                    tonic::Status::unknown(
                        format!("Service was not ready: {}", e.into()),
                    )
                })?;
            let codec = tonic_prost::ProstCodec::default();
            let path = http::uri::PathAndQuery::from_static(
                "/csi.v1.Controller/DeleteVolume",
            );
            let mut req = request.into_request();
            req.extensions_mut()
                .insert(GrpcMethod::new("csi.v1.Controller", "DeleteVolume"));
            self.inner.unary(req, path, codec).await
        }
        /// Makes a volume reachable from a node.
        pub async fn controller_publish_volume(
            &mut self,
            request: impl tonic::IntoRequest<super::ControllerPublishVolumeRequest>,
        ) -> std::result::Result<
            tonic::Response<super::ControllerPublishVolumeResponse>,
            tonic::Status,
        > {
            self.inner
                .ready()
                .await
                .map_err(|e| {
                    tonic::Status::unknown(
                        format!("Service was not ready: {}", e.into()),
                    )
                })?;
            let codec = tonic_prost::ProstCodec::default();
            let path = http::uri::PathAndQuery::from_static(
                "/csi.v1.Controller/ControllerPublishVolume",
            );
            let mut req = request.into_request();
            req.extensions_mut()
                .insert(GrpcMethod::new("csi.v1.Controller", "ControllerPublishVolume"));
            self.inner.unary(req, path, codec).await
        }
        /// Undoes ControllerPublishVolume. A volume or node that isn't there is a success.
        pub async fn controller_unpublish_volume(
            &mut self,
            request: impl tonic::IntoRequest<super::ControllerUnpublishVolumeRequest>,
        ) -> std::result::Result<
            tonic::Response<super::ControllerUnpublishVolumeResponse>,
            tonic::Status,
        > {
            self.inner
                .ready()
                .await
                .map_err(|e| {
                    tonic::Status::unknown(
                        format!("Service was not ready: {}", e.into()),
                    )
                })?;
            let codec = tonic_prost::ProstCodec::default();
            let path = http::uri::PathAndQuery::from_static(
                "/csi.v1.Controller/ControllerUnpublishVolume",
            );
            let mut req = request.into_request();
            req.extensions_mut()
                .insert(
                    GrpcMethod::new("csi.v1.Controller", "ControllerUnpublishVolume"),
                );
            self.inner.unary(req, path, codec).await
        }
        /// Whether an existing volume has all of the given capabilities.
        pub async fn validate_volume_capabilities(
            &mut self,
            request: impl tonic::IntoRequest<super::ValidateVolumeCapabilitiesRequest>,
        ) -> std::result::Result<
            tonic::Response<super::ValidateVolumeCapabilitiesResponse>,
            tonic::Status,
        > {
            self.inner
                .ready()
                .await
                .map_err(|e| {
                    tonic::Status::unknown(
                        format!("Service was not ready: {}", e.into()),
                    )
                })?;
            let codec = tonic_prost::ProstCodec::default();
            let path = http::uri::PathAndQuery::from_static(
                "/csi.v1.Controller/ValidateVolumeCapabilities",
            );
            let mut req = request.into_request();
            req.extensions_mut()
                .insert(
                    GrpcMethod::new("csi.v1.Controller", "ValidateVolumeCapabilities"),
                );
            self.inner.unary(req, path, codec).await
        }
        /// All volumes, in pages. A bad token is ABORTED.
        pub async fn list_volumes(
            &mut self,
            request: impl tonic::IntoRequest<super::ListVolumesRequest>,
        ) -> std::result::Result<
            tonic::Response<super::ListVolumesResponse>,
            tonic::Status,
        > {
            self.inner
                .ready()
                .await
                .map_err(|e| {
                    tonic::Status::unknown(
                        format!("Service was not ready: {}", e.into()),
                    )
                })?;
            let codec = tonic_prost::ProstCodec::default();
            let path = http::uri::PathAndQuery::from_static(
                "/csi.v1.Controller/ListVolumes",
            );
            let mut req = request.into_request();
            req.extensions_mut()
                .insert(GrpcMethod::new("csi.v1.Controller", "ListVolumes"));
            self.inner.unary(req, path, codec).await
        }
        /// The volumes that are not well, in pages.
        pub async fn controller_list_volume_health(
            &mut self,
            request: impl tonic::IntoRequest<super::ControllerListVolumeHealthRequest>,
        ) -> std::result::Result<
            tonic::Response<super::ControllerListVolumeHealthResponse>,
            tonic::Status,
        > {
            self.inner
                .ready()
                .await
                .map_err(|e| {
                    tonic::Status::unknown(
                        format!("Service was not ready: {}", e.into()),
                    )
                })?;
            let codec = tonic_prost::ProstCodec::default();
            let path = http::uri::PathAndQuery::from_static(
                "/csi.v1.Controller/ControllerListVolumeHealth",
            );
            let mut req = request.into_request();
            req.extensions_mut()
                .insert(
                    GrpcMethod::new("csi.v1.Controller", "ControllerListVolumeHealth"),
                );
            self.inner.unary(req, path, codec).await
        }
        /// How well one volume is, seen from the storage.
        pub async fn controller_get_volume_health(
            &mut self,
            request: impl tonic::IntoRequest<super::ControllerGetVolumeHealthRequest>,
        ) -> std::result::Result<
            tonic::Response<super::ControllerGetVolumeHealthResponse>,
            tonic::Status,
        > {
            self.inner
                .ready()
                .await
                .map_err(|e| {
                    tonic::Status::unknown(
                        format!("Service was not ready: {}", e.into()),
                    )
                })?;
            let codec = tonic_prost::ProstCodec::default();
            let path = http::uri::PathAndQuery::from_static(
                "/csi.v1.Controller/ControllerGetVolumeHealth",
            );
            let mut req = request.into_request();
            req.extensions_mut()
                .insert(
                    GrpcMethod::new("csi.v1.Controller", "ControllerGetVolumeHealth"),
                );
            self.inner.unary(req, path, codec).await
        }
        /// How much room is left for new volumes.
        pub async fn get_capacity(
            &mut self,
            request: impl tonic::IntoRequest<super::GetCapacityRequest>,
        ) -> std::result::Result<
            tonic::Response<super::GetCapacityResponse>,
            tonic::Status,
        > {
            self.inner
                .ready()
                .await
                .map_err(|e| {
                    tonic::Status::unknown(
                        format!("Service was not ready: {}", e.into()),
                    )
                })?;
            let codec = tonic_prost::ProstCodec::default();
            let path = http::uri::PathAndQuery::from_static(
                "/csi.v1.Controller/GetCapacity",
            );
            let mut req = request.into_request();
            req.extensions_mut()
                .insert(GrpcMethod::new("csi.v1.Controller", "GetCapacity"));
            self.inner.unary(req, path, codec).await
        }
        /// Which of the RPCs of this service work.
        pub async fn controller_get_capabilities(
            &mut self,
            request: impl tonic::IntoRequest<super::ControllerGetCapabilitiesRequest>,
        ) -> std::result::Result<
            tonic::Response<super::ControllerGetCapabilitiesResponse>,
            tonic::Status,
        > {
            self.inner
                .ready()
                .await
                .map_err(|e| {
                    tonic::Status::unknown(
                        format!("Service was not ready: {}", e.into()),
                    )
                })?;
            let codec = tonic_prost::ProstCodec::default();
            let path = http::uri::PathAndQuery::from_static(
                "/csi.v1.Controller/ControllerGetCapabilities",
            );
            let mut req = request.into_request();
            req.extensions_mut()
                .insert(
                    GrpcMethod::new("csi.v1.Controller", "ControllerGetCapabilities"),
                );
            self.inner.unary(req, path, codec).await
        }
        /// Takes a snapshot of a volume. The name is the idempotency key.
        pub async fn create_snapshot(
            &mut self,
            request: impl tonic::IntoRequest<super::CreateSnapshotRequest>,
        ) -> std::result::Result<
            tonic::Response<super::CreateSnapshotResponse>,
            tonic::Status,
        > {
            self.inner
                .ready()
                .await
                .map_err(|e| {
                    tonic::Status::unknown(
                        format!("Service was not ready: {}", e.into()),
                    )
                })?;
            let codec = tonic_prost::ProstCodec::default();
            let path = http::uri::PathAndQuery::from_static(
                "/csi.v1.Controller/CreateSnapshot",
            );
            let mut req = request.into_request();
            req.extensions_mut()
                .insert(GrpcMethod::new("csi.v1.Controller", "CreateSnapshot"));
            self.inner.unary(req, path, codec).await
        }
        /// Deletes a snapshot. A snapshot that isn't there is a success.
        pub async fn delete_snapshot(
            &mut self,
            request: impl tonic::IntoRequest<super::DeleteSnapshotRequest>,
        ) -> std::result::Result<
            tonic::Response<super::DeleteSnapshotResponse>,
            tonic::Status,
        > {
            self.inner
                .ready()
                .await
                .map_err(|e| {
                    tonic::Status::unknown(
                        format!("Service was not ready: {}", e.into()),
                    )
                })?;
            let codec = tonic_prost::ProstCodec::default();
            let path = http::uri::PathAndQuery::from_static(
                "/csi.v1.Controller/DeleteSnapshot",
            );
            let mut req = request.into_request();
            req.extensions_mut()
                .insert(GrpcMethod::new("csi.v1.Controller", "DeleteSnapshot"));
            self.inner.unary(req, path, codec).await
        }
        /// Snapshots, in pages. One that was cut but is still uploading is listed too.
        pub async fn list_snapshots(
            &mut self,
            request: impl tonic::IntoRequest<super::ListSnapshotsRequest>,
        ) -> std::result::Result<
            tonic::Response<super::ListSnapshotsResponse>,
            tonic::Status,
        > {
            self.inner
                .ready()
                .await
                .map_err(|e| {
                    tonic::Status::unknown(
                        format!("Service was not ready: {}", e.into()),
                    )
                })?;
            let codec = tonic_prost::ProstCodec::default();
            let path = http::uri::PathAndQuery::from_static(
                "/csi.v1.Controller/ListSnapshots",
            );
            let mut req = request.into_request();
            req.extensions_mut()
                .insert(GrpcMethod::new("csi.v1.Controller", "ListSnapshots"));
            self.inner.unary(req, path, codec).await
        }
        /// One snapshot.
        pub async fn get_snapshot(
            &mut self,
            request: impl tonic::IntoRequest<super::GetSnapshotRequest>,
        ) -> std::result::Result<
            tonic::Response<super::GetSnapshotResponse>,
            tonic::Status,
        > {
            self.inner
                .ready()
                .await
                .map_err(|e| {
                    tonic::Status::unknown(
                        format!("Service was not ready: {}", e.into()),
                    )
                })?;
            let codec = tonic_prost::ProstCodec::default();
            let path = http::uri::PathAndQuery::from_static(
                "/csi.v1.Controller/GetSnapshot",
            );
            let mut req = request.into_request();
            req.extensions_mut()
                .insert(GrpcMethod::new("csi.v1.Controller", "GetSnapshot"));
            self.inner.unary(req, path, codec).await
        }
        /// Grows a volume in the storage.
        pub async fn controller_expand_volume(
            &mut self,
            request: impl tonic::IntoRequest<super::ControllerExpandVolumeRequest>,
        ) -> std::result::Result<
            tonic::Response<super::ControllerExpandVolumeResponse>,
            tonic::Status,
        > {
            self.inner
                .ready()
                .await
                .map_err(|e| {
                    tonic::Status::unknown(
                        format!("Service was not ready: {}", e.into()),
                    )
                })?;
            let codec = tonic_prost::ProstCodec::default();
            let path = http::uri::PathAndQuery::from_static(
                "/csi.v1.Controller/ControllerExpandVolume",
            );
            let mut req = request.into_request();
            req.extensions_mut()
                .insert(GrpcMethod::new("csi.v1.Controller", "ControllerExpandVolume"));
            self.inner.unary(req, path, codec).await
        }
        /// One volume, with the nodes it is published to.
        pub async fn controller_get_volume(
            &mut self,
            request: impl tonic::IntoRequest<super::ControllerGetVolumeRequest>,
        ) -> std::result::Result<
            tonic::Response<super::ControllerGetVolumeResponse>,
            tonic::Status,
        > {
            self.inner
                .ready()
                .await
                .map_err(|e| {
                    tonic::Status::unknown(
                        format!("Service was not ready: {}", e.into()),
                    )
                })?;
            let codec = tonic_prost::ProstCodec::default();
            let path = http::uri::PathAndQuery::from_static(
                "/csi.v1.Controller/ControllerGetVolume",
            );
            let mut req = request.into_request();
            req.extensions_mut()
                .insert(GrpcMethod::new("csi.v1.Controller", "ControllerGetVolume"));
            self.inner.unary(req, path, codec).await
        }
        /// Changes mutable parameters of a volume.
        pub async fn controller_modify_volume(
            &mut self,
            request: impl tonic::IntoRequest<super::ControllerModifyVolumeRequest>,
        ) -> std::result::Result<
            tonic::Response<super::ControllerModifyVolumeResponse>,
            tonic::Status,
        > {
            self.inner
                .ready()
                .await
                .map_err(|e| {
                    tonic::Status::unknown(
                        format!("Service was not ready: {}", e.into()),
                    )
                })?;
            let codec = tonic_prost::ProstCodec::default();
            let path = http::uri::PathAndQuery::from_static(
                "/csi.v1.Controller/ControllerModifyVolume",
            );
            let mut req = request.into_request();
            req.extensions_mut()
                .insert(GrpcMethod::new("csi.v1.Controller", "ControllerModifyVolume"));
            self.inner.unary(req, path, codec).await
        }
    }
}
/// Generated server implementations.
pub mod controller_server {
    #![allow(
        unused_variables,
        dead_code,
        missing_docs,
        clippy::wildcard_imports,
        clippy::let_unit_value,
    )]
    use tonic::codegen::*;
    /// Generated trait containing gRPC methods that should be implemented for use with ControllerServer.
    #[async_trait]
    pub trait Controller: std::marker::Send + std::marker::Sync + 'static {
        /// Makes a volume, empty or from a source. The name is the idempotency key.
        async fn create_volume(
            &self,
            request: tonic::Request<super::CreateVolumeRequest>,
        ) -> std::result::Result<
            tonic::Response<super::CreateVolumeResponse>,
            tonic::Status,
        >;
        /// Deletes a volume. A volume that isn't there is a success.
        async fn delete_volume(
            &self,
            request: tonic::Request<super::DeleteVolumeRequest>,
        ) -> std::result::Result<
            tonic::Response<super::DeleteVolumeResponse>,
            tonic::Status,
        >;
        /// Makes a volume reachable from a node.
        async fn controller_publish_volume(
            &self,
            request: tonic::Request<super::ControllerPublishVolumeRequest>,
        ) -> std::result::Result<
            tonic::Response<super::ControllerPublishVolumeResponse>,
            tonic::Status,
        >;
        /// Undoes ControllerPublishVolume. A volume or node that isn't there is a success.
        async fn controller_unpublish_volume(
            &self,
            request: tonic::Request<super::ControllerUnpublishVolumeRequest>,
        ) -> std::result::Result<
            tonic::Response<super::ControllerUnpublishVolumeResponse>,
            tonic::Status,
        >;
        /// Whether an existing volume has all of the given capabilities.
        async fn validate_volume_capabilities(
            &self,
            request: tonic::Request<super::ValidateVolumeCapabilitiesRequest>,
        ) -> std::result::Result<
            tonic::Response<super::ValidateVolumeCapabilitiesResponse>,
            tonic::Status,
        >;
        /// All volumes, in pages. A bad token is ABORTED.
        async fn list_volumes(
            &self,
            request: tonic::Request<super::ListVolumesRequest>,
        ) -> std::result::Result<
            tonic::Response<super::ListVolumesResponse>,
            tonic::Status,
        >;
        /// The volumes that are not well, in pages.
        async fn controller_list_volume_health(
            &self,
            request: tonic::Request<super::ControllerListVolumeHealthRequest>,
        ) -> std::result::Result<
            tonic::Response<super::ControllerListVolumeHealthResponse>,
            tonic::Status,
        >;
        /// How well one volume is, seen from the storage.
        async fn controller_get_volume_health(
            &self,
            request: tonic::Request<super::ControllerGetVolumeHealthRequest>,
        ) -> std::result::Result<
            tonic::Response<super::ControllerGetVolumeHealthResponse>,
            tonic::Status,
        >;
        /// How much room is left for new volumes.
        async fn get_capacity(
            &self,
            request: tonic::Request<super::GetCapacityRequest>,
        ) -> std::result::Result<
            tonic::Response<super::GetCapacityResponse>,
            tonic::Status,
        >;
        /// Which of the RPCs of this service work.
        async fn controller_get_capabilities(
            &self,
            request: tonic::Request<super::ControllerGetCapabilitiesRequest>,
        ) -> std::result::Result<
            tonic::Response<super::ControllerGetCapabilitiesResponse>,
            tonic::Status,
        >;
        /// Takes a snapshot of a volume. The name is the idempotency key.
        async fn create_snapshot(
            &self,
            request: tonic::Request<super::CreateSnapshotRequest>,
        ) -> std::result::Result<
            tonic::Response<super::CreateSnapshotResponse>,
            tonic::Status,
        >;
        /// Deletes a snapshot. A snapshot that isn't there is a success.
        async fn delete_snapshot(
            &self,
            request: tonic::Request<super::DeleteSnapshotRequest>,
        ) -> std::result::Result<
            tonic::Response<super::DeleteSnapshotResponse>,
            tonic::Status,
        >;
        /// Snapshots, in pages. One that was cut but is still uploading is listed too.
        async fn list_snapshots(
            &self,
            request: tonic::Request<super::ListSnapshotsRequest>,
        ) -> std::result::Result<
            tonic::Response<super::ListSnapshotsResponse>,
            tonic::Status,
        >;
        /// One snapshot.
        async fn get_snapshot(
            &self,
            request: tonic::Request<super::GetSnapshotRequest>,
        ) -> std::result::Result<
            tonic::Response<super::GetSnapshotResponse>,
            tonic::Status,
        >;
        /// Grows a volume in the storage.
        async fn controller_expand_volume(
            &self,
            request: tonic::Request<super::ControllerExpandVolumeRequest>,
        ) -> std::result::Result<
            tonic::Response<super::ControllerExpandVolumeResponse>,
            tonic::Status,
        >;
        /// One volume, with the nodes it is published to.
        async fn controller_get_volume(
            &self,
            request: tonic::Request<super::ControllerGetVolumeRequest>,
        ) -> std::result::Result<
            tonic::Response<super::ControllerGetVolumeResponse>,
            tonic::Status,
        >;
        /// Changes mutable parameters of a volume.
        async fn controller_modify_volume(
            &self,
            request: tonic::Request<super::ControllerModifyVolumeRequest>,
        ) -> std::result::Result<
            tonic::Response<super::ControllerModifyVolumeResponse>,
            tonic::Status,
        >;
    }
    /// What happens to volumes and snapshots, wherever the plugin runs. Every RPC is idempotent.
    #[derive(Debug)]
    pub struct ControllerServer<T> {
        inner: Arc<T>,
        accept_compression_encodings: EnabledCompressionEncodings,
        send_compression_encodings: EnabledCompressionEncodings,
        max_decoding_message_size: Option<usize>,
        max_encoding_message_size: Option<usize>,
    }
    impl<T> ControllerServer<T> {
        pub fn new(inner: T) -> Self {
            Self::from_arc(Arc::new(inner))
        }
        pub fn from_arc(inner: Arc<T>) -> Self {
            Self {
                inner,
                accept_compression_encodings: Default::default(),
                send_compression_encodings: Default::default(),
                max_decoding_message_size: None,
                max_encoding_message_size: None,
            }
        }
        pub fn with_interceptor<F>(
            inner: T,
            interceptor: F,
        ) -> InterceptedService<Self, F>
        where
            F: tonic::service::Interceptor,
        {
            InterceptedService::new(Self::new(inner), interceptor)
        }
        /// Enable decompressing requests with the given encoding.
        #[must_use]
        pub fn accept_compressed(mut self, encoding: CompressionEncoding) -> Self {
            self.accept_compression_encodings.enable(encoding);
            self
        }
        /// Compress responses with the given encoding, if the client supports it.
        #[must_use]
        pub fn send_compressed(mut self, encoding: CompressionEncoding) -> Self {
            self.send_compression_encodings.enable(encoding);
            self
        }
        /// Limits the maximum size of a decoded message.
        ///
        /// Default: `4MB`
        #[must_use]
        pub fn max_decoding_message_size(mut self, limit: usize) -> Self {
            self.max_decoding_message_size = Some(limit);
            self
        }
        /// Limits the maximum size of an encoded message.
        ///
        /// Default: `usize::MAX`
        #[must_use]
        pub fn max_encoding_message_size(mut self, limit: usize) -> Self {
            self.max_encoding_message_size = Some(limit);
            self
        }
    }
    impl<T, B> tonic::codegen::Service<http::Request<B>> for ControllerServer<T>
    where
        T: Controller,
        B: Body + std::marker::Send + 'static,
        B::Error: Into<StdError> + std::marker::Send + 'static,
    {
        type Response = http::Response<tonic::body::Body>;
        type Error = std::convert::Infallible;
        type Future = BoxFuture<Self::Response, Self::Error>;
        fn poll_ready(
            &mut self,
            _cx: &mut Context<'_>,
        ) -> Poll<std::result::Result<(), Self::Error>> {
            Poll::Ready(Ok(()))
        }
        fn call(&mut self, req: http::Request<B>) -> Self::Future {
            match req.uri().path() {
                "/csi.v1.Controller/CreateVolume" => {
                    #[allow(non_camel_case_types)]
                    struct CreateVolumeSvc<T: Controller>(pub Arc<T>);
                    impl<
                        T: Controller,
                    > tonic::server::UnaryService<super::CreateVolumeRequest>
                    for CreateVolumeSvc<T> {
                        type Response = super::CreateVolumeResponse;
                        type Future = BoxFuture<
                            tonic::Response<Self::Response>,
                            tonic::Status,
                        >;
                        fn call(
                            &mut self,
                            request: tonic::Request<super::CreateVolumeRequest>,
                        ) -> Self::Future {
                            let inner = Arc::clone(&self.0);
                            let fut = async move {
                                <T as Controller>::create_volume(&inner, request).await
                            };
                            Box::pin(fut)
                        }
                    }
                    let accept_compression_encodings = self.accept_compression_encodings;
                    let send_compression_encodings = self.send_compression_encodings;
                    let max_decoding_message_size = self.max_decoding_message_size;
                    let max_encoding_message_size = self.max_encoding_message_size;
                    let inner = self.inner.clone();
                    let fut = async move {
                        let method = CreateVolumeSvc(inner);
                        let codec = tonic_prost::ProstCodec::default();
                        let mut grpc = tonic::server::Grpc::new(codec)
                            .apply_compression_config(
                                accept_compression_encodings,
                                send_compression_encodings,
                            )
                            .apply_max_message_size_config(
                                max_decoding_message_size,
                                max_encoding_message_size,
                            );
                        let res = grpc.unary(method, req).await;
                        Ok(res)
                    };
                    Box::pin(fut)
                }
                "/csi.v1.Controller/DeleteVolume" => {
                    #[allow(non_camel_case_types)]
                    struct DeleteVolumeSvc<T: Controller>(pub Arc<T>);
                    impl<
                        T: Controller,
                    > tonic::server::UnaryService<super::DeleteVolumeRequest>
                    for DeleteVolumeSvc<T> {
                        type Response = super::DeleteVolumeResponse;
                        type Future = BoxFuture<
                            tonic::Response<Self::Response>,
                            tonic::Status,
                        >;
                        fn call(
                            &mut self,
                            request: tonic::Request<super::DeleteVolumeRequest>,
                        ) -> Self::Future {
                            let inner = Arc::clone(&self.0);
                            let fut = async move {
                                <T as Controller>::delete_volume(&inner, request).await
                            };
                            Box::pin(fut)
                        }
                    }
                    let accept_compression_encodings = self.accept_compression_encodings;
                    let send_compression_encodings = self.send_compression_encodings;
                    let max_decoding_message_size = self.max_decoding_message_size;
                    let max_encoding_message_size = self.max_encoding_message_size;
                    let inner = self.inner.clone();
                    let fut = async move {
                        let method = DeleteVolumeSvc(inner);
                        let codec = tonic_prost::ProstCodec::default();
                        let mut grpc = tonic::server::Grpc::new(codec)
                            .apply_compression_config(
                                accept_compression_encodings,
                                send_compression_encodings,
                            )
                            .apply_max_message_size_config(
                                max_decoding_message_size,
                                max_encoding_message_size,
                            );
                        let res = grpc.unary(method, req).await;
                        Ok(res)
                    };
                    Box::pin(fut)
                }
                "/csi.v1.Controller/ControllerPublishVolume" => {
                    #[allow(non_camel_case_types)]
                    struct ControllerPublishVolumeSvc<T: Controller>(pub Arc<T>);
                    impl<
                        T: Controller,
                    > tonic::server::UnaryService<super::ControllerPublishVolumeRequest>
                    for ControllerPublishVolumeSvc<T> {
                        type Response = super::ControllerPublishVolumeResponse;
                        type Future = BoxFuture<
                            tonic::Response<Self::Response>,
                            tonic::Status,
                        >;
                        fn call(
                            &mut self,
                            request: tonic::Request<
                                super::ControllerPublishVolumeRequest,
                            >,
                        ) -> Self::Future {
                            let inner = Arc::clone(&self.0);
                            let fut = async move {
                                <T as Controller>::controller_publish_volume(
                                        &inner,
                                        request,
                                    )
                                    .await
                            };
                            Box::pin(fut)
                        }
                    }
                    let accept_compression_encodings = self.accept_compression_encodings;
                    let send_compression_encodings = self.send_compression_encodings;
                    let max_decoding_message_size = self.max_decoding_message_size;
                    let max_encoding_message_size = self.max_encoding_message_size;
                    let inner = self.inner.clone();
                    let fut = async move {
                        let method = ControllerPublishVolumeSvc(inner);
                        let codec = tonic_prost::ProstCodec::default();
                        let mut grpc = tonic::server::Grpc::new(codec)
                            .apply_compression_config(
                                accept_compression_encodings,
                                send_compression_encodings,
                            )
                            .apply_max_message_size_config(
                                max_decoding_message_size,
                                max_encoding_message_size,
                            );
                        let res = grpc.unary(method, req).await;
                        Ok(res)
                    };
                    Box::pin(fut)
                }
                "/csi.v1.Controller/ControllerUnpublishVolume" => {
                    #[allow(non_camel_case_types)]
                    struct ControllerUnpublishVolumeSvc<T: Controller>(pub Arc<T>);
                    impl<
                        T: Controller,
                    > tonic::server::UnaryService<
                        super::ControllerUnpublishVolumeRequest,
                    > for ControllerUnpublishVolumeSvc<T> {
                        type Response = super::ControllerUnpublishVolumeResponse;
                        type Future = BoxFuture<
                            tonic::Response<Self::Response>,
                            tonic::Status,
                        >;
                        fn call(
                            &mut self,
                            request: tonic::Request<
                                super::ControllerUnpublishVolumeRequest,
                            >,
                        ) -> Self::Future {
                            let inner = Arc::clone(&self.0);
                            let fut = async move {
                                <T as Controller>::controller_unpublish_volume(
                                        &inner,
                                        request,
                                    )
                                    .await
                            };
                            Box::pin(fut)
                        }
                    }
                    let accept_compression_encodings = self.accept_compression_encodings;
                    let send_compression_encodings = self.send_compression_encodings;
                    let max_decoding_message_size = self.max_decoding_message_size;
                    let max_encoding_message_size = self.max_encoding_message_size;
                    let inner = self.inner.clone();
                    let fut = async move {
                        let method = ControllerUnpublishVolumeSvc(inner);
                        let codec = tonic_prost::ProstCodec::default();
                        let mut grpc = tonic::server::Grpc::new(codec)
                            .apply_compression_config(
                                accept_compression_encodings,
                                send_compression_encodings,
                            )
                            .apply_max_message_size_config(
                                max_decoding_message_size,
                                max_encoding_message_size,
                            );
                        let res = grpc.unary(method, req).await;
                        Ok(res)
                    };
                    Box::pin(fut)
                }
                "/csi.v1.Controller/ValidateVolumeCapabilities" => {
                    #[allow(non_camel_case_types)]
                    struct ValidateVolumeCapabilitiesSvc<T: Controller>(pub Arc<T>);
                    impl<
                        T: Controller,
                    > tonic::server::UnaryService<
                        super::ValidateVolumeCapabilitiesRequest,
                    > for ValidateVolumeCapabilitiesSvc<T> {
                        type Response = super::ValidateVolumeCapabilitiesResponse;
                        type Future = BoxFuture<
                            tonic::Response<Self::Response>,
                            tonic::Status,
                        >;
                        fn call(
                            &mut self,
                            request: tonic::Request<
                                super::ValidateVolumeCapabilitiesRequest,
                            >,
                        ) -> Self::Future {
                            let inner = Arc::clone(&self.0);
                            let fut = async move {
                                <T as Controller>::validate_volume_capabilities(
                                        &inner,
                                        request,
                                    )
                                    .await
                            };
                            Box::pin(fut)
                        }
                    }
                    let accept_compression_encodings = self.accept_compression_encodings;
                    let send_compression_encodings = self.send_compression_encodings;
                    let max_decoding_message_size = self.max_decoding_message_size;
                    let max_encoding_message_size = self.max_encoding_message_size;
                    let inner = self.inner.clone();
                    let fut = async move {
                        let method = ValidateVolumeCapabilitiesSvc(inner);
                        let codec = tonic_prost::ProstCodec::default();
                        let mut grpc = tonic::server::Grpc::new(codec)
                            .apply_compression_config(
                                accept_compression_encodings,
                                send_compression_encodings,
                            )
                            .apply_max_message_size_config(
                                max_decoding_message_size,
                                max_encoding_message_size,
                            );
                        let res = grpc.unary(method, req).await;
                        Ok(res)
                    };
                    Box::pin(fut)
                }
                "/csi.v1.Controller/ListVolumes" => {
                    #[allow(non_camel_case_types)]
                    struct ListVolumesSvc<T: Controller>(pub Arc<T>);
                    impl<
                        T: Controller,
                    > tonic::server::UnaryService<super::ListVolumesRequest>
                    for ListVolumesSvc<T> {
                        type Response = super::ListVolumesResponse;
                        type Future = BoxFuture<
                            tonic::Response<Self::Response>,
                            tonic::Status,
                        >;
                        fn call(
                            &mut self,
                            request: tonic::Request<super::ListVolumesRequest>,
                        ) -> Self::Future {
                            let inner = Arc::clone(&self.0);
                            let fut = async move {
                                <T as Controller>::list_volumes(&inner, request).await
                            };
                            Box::pin(fut)
                        }
                    }
                    let accept_compression_encodings = self.accept_compression_encodings;
                    let send_compression_encodings = self.send_compression_encodings;
                    let max_decoding_message_size = self.max_decoding_message_size;
                    let max_encoding_message_size = self.max_encoding_message_size;
                    let inner = self.inner.clone();
                    let fut = async move {
                        let method = ListVolumesSvc(inner);
                        let codec = tonic_prost::ProstCodec::default();
                        let mut grpc = tonic::server::Grpc::new(codec)
                            .apply_compression_config(
                                accept_compression_encodings,
                                send_compression_encodings,
                            )
                            .apply_max_message_size_config(
                                max_decoding_message_size,
                                max_encoding_message_size,
                            );
                        let res = grpc.unary(method, req).await;
                        Ok(res)
                    };
                    Box::pin(fut)
                }
                "/csi.v1.Controller/ControllerListVolumeHealth" => {
                    #[allow(non_camel_case_types)]
                    struct ControllerListVolumeHealthSvc<T: Controller>(pub Arc<T>);
                    impl<
                        T: Controller,
                    > tonic::server::UnaryService<
                        super::ControllerListVolumeHealthRequest,
                    > for ControllerListVolumeHealthSvc<T> {
                        type Response = super::ControllerListVolumeHealthResponse;
                        type Future = BoxFuture<
                            tonic::Response<Self::Response>,
                            tonic::Status,
                        >;
                        fn call(
                            &mut self,
                            request: tonic::Request<
                                super::ControllerListVolumeHealthRequest,
                            >,
                        ) -> Self::Future {
                            let inner = Arc::clone(&self.0);
                            let fut = async move {
                                <T as Controller>::controller_list_volume_health(
                                        &inner,
                                        request,
                                    )
                                    .await
                            };
                            Box::pin(fut)
                        }
                    }
                    let accept_compression_encodings = self.accept_compression_encodings;
                    let send_compression_encodings = self.send_compression_encodings;
                    let max_decoding_message_size = self.max_decoding_message_size;
                    let max_encoding_message_size = self.max_encoding_message_size;
                    let inner = self.inner.clone();
                    let fut = async move {
                        let method = ControllerListVolumeHealthSvc(inner);
                        let codec = tonic_prost::ProstCodec::default();
                        let mut grpc = tonic::server::Grpc::new(codec)
                            .apply_compression_config(
                                accept_compression_encodings,
                                send_compression_encodings,
                            )
                            .apply_max_message_size_config(
                                max_decoding_message_size,
                                max_encoding_message_size,
                            );
                        let res = grpc.unary(method, req).await;
                        Ok(res)
                    };
                    Box::pin(fut)
                }
                "/csi.v1.Controller/ControllerGetVolumeHealth" => {
                    #[allow(non_camel_case_types)]
                    struct ControllerGetVolumeHealthSvc<T: Controller>(pub Arc<T>);
                    impl<
                        T: Controller,
                    > tonic::server::UnaryService<
                        super::ControllerGetVolumeHealthRequest,
                    > for ControllerGetVolumeHealthSvc<T> {
                        type Response = super::ControllerGetVolumeHealthResponse;
                        type Future = BoxFuture<
                            tonic::Response<Self::Response>,
                            tonic::Status,
                        >;
                        fn call(
                            &mut self,
                            request: tonic::Request<
                                super::ControllerGetVolumeHealthRequest,
                            >,
                        ) -> Self::Future {
                            let inner = Arc::clone(&self.0);
                            let fut = async move {
                                <T as Controller>::controller_get_volume_health(
                                        &inner,
                                        request,
                                    )
                                    .await
                            };
                            Box::pin(fut)
                        }
                    }
                    let accept_compression_encodings = self.accept_compression_encodings;
                    let send_compression_encodings = self.send_compression_encodings;
                    let max_decoding_message_size = self.max_decoding_message_size;
                    let max_encoding_message_size = self.max_encoding_message_size;
                    let inner = self.inner.clone();
                    let fut = async move {
                        let method = ControllerGetVolumeHealthSvc(inner);
                        let codec = tonic_prost::ProstCodec::default();
                        let mut grpc = tonic::server::Grpc::new(codec)
                            .apply_compression_config(
                                accept_compression_encodings,
                                send_compression_encodings,
                            )
                            .apply_max_message_size_config(
                                max_decoding_message_size,
                                max_encoding_message_size,
                            );
                        let res = grpc.unary(method, req).await;
                        Ok(res)
                    };
                    Box::pin(fut)
                }
                "/csi.v1.Controller/GetCapacity" => {
                    #[allow(non_camel_case_types)]
                    struct GetCapacitySvc<T: Controller>(pub Arc<T>);
                    impl<
                        T: Controller,
                    > tonic::server::UnaryService<super::GetCapacityRequest>
                    for GetCapacitySvc<T> {
                        type Response = super::GetCapacityResponse;
                        type Future = BoxFuture<
                            tonic::Response<Self::Response>,
                            tonic::Status,
                        >;
                        fn call(
                            &mut self,
                            request: tonic::Request<super::GetCapacityRequest>,
                        ) -> Self::Future {
                            let inner = Arc::clone(&self.0);
                            let fut = async move {
                                <T as Controller>::get_capacity(&inner, request).await
                            };
                            Box::pin(fut)
                        }
                    }
                    let accept_compression_encodings = self.accept_compression_encodings;
                    let send_compression_encodings = self.send_compression_encodings;
                    let max_decoding_message_size = self.max_decoding_message_size;
                    let max_encoding_message_size = self.max_encoding_message_size;
                    let inner = self.inner.clone();
                    let fut = async move {
                        let method = GetCapacitySvc(inner);
                        let codec = tonic_prost::ProstCodec::default();
                        let mut grpc = tonic::server::Grpc::new(codec)
                            .apply_compression_config(
                                accept_compression_encodings,
                                send_compression_encodings,
                            )
                            .apply_max_message_size_config(
                                max_decoding_message_size,
                                max_encoding_message_size,
                            );
                        let res = grpc.unary(method, req).await;
                        Ok(res)
                    };
                    Box::pin(fut)
                }
                "/csi.v1.Controller/ControllerGetCapabilities" => {
                    #[allow(non_camel_case_types)]
                    struct ControllerGetCapabilitiesSvc<T: Controller>(pub Arc<T>);
                    impl<
                        T: Controller,
                    > tonic::server::UnaryService<
                        super::ControllerGetCapabilitiesRequest,
                    > for ControllerGetCapabilitiesSvc<T> {
                        type Response = super::ControllerGetCapabilitiesResponse;
                        type Future = BoxFuture<
                            tonic::Response<Self::Response>,
                            tonic::Status,
                        >;
                        fn call(
                            &mut self,
                            request: tonic::Request<
                                super::ControllerGetCapabilitiesRequest,
                            >,
                        ) -> Self::Future {
                            let inner = Arc::clone(&self.0);
                            let fut = async move {
                                <T as Controller>::controller_get_capabilities(
                                        &inner,
                                        request,
                                    )
                                    .await
                            };
                            Box::pin(fut)
                        }
                    }
                    let accept_compression_encodings = self.accept_compression_encodings;
                    let send_compression_encodings = self.send_compression_encodings;
                    let max_decoding_message_size = self.max_decoding_message_size;
                    let max_encoding_message_size = self.max_encoding_message_size;
                    let inner = self.inner.clone();
                    let fut = async move {
                        let method = ControllerGetCapabilitiesSvc(inner);
                        let codec = tonic_prost::ProstCodec::default();
                        let mut grpc = tonic::server::Grpc::new(codec)
                            .apply_compression_config(
                                accept_compression_encodings,
                                send_compression_encodings,
                            )
                            .apply_max_message_size_config(
                                max_decoding_message_size,
                                max_encoding_message_size,
                            );
                        let res = grpc.unary(method, req).await;
                        Ok(res)
                    };
                    Box::pin(fut)
                }
                "/csi.v1.Controller/CreateSnapshot" => {
                    #[allow(non_camel_case_types)]
                    struct CreateSnapshotSvc<T: Controller>(pub Arc<T>);
                    impl<
                        T: Controller,
                    > tonic::server::UnaryService<super::CreateSnapshotRequest>
                    for CreateSnapshotSvc<T> {
                        type Response = super::CreateSnapshotResponse;
                        type Future = BoxFuture<
                            tonic::Response<Self::Response>,
                            tonic::Status,
                        >;
                        fn call(
                            &mut self,
                            request: tonic::Request<super::CreateSnapshotRequest>,
                        ) -> Self::Future {
                            let inner = Arc::clone(&self.0);
                            let fut = async move {
                                <T as Controller>::create_snapshot(&inner, request).await
                            };
                            Box::pin(fut)
                        }
                    }
                    let accept_compression_encodings = self.accept_compression_encodings;
                    let send_compression_encodings = self.send_compression_encodings;
                    let max_decoding_message_size = self.max_decoding_message_size;
                    let max_encoding_message_size = self.max_encoding_message_size;
                    let inner = self.inner.clone();
                    let fut = async move {
                        let method = CreateSnapshotSvc(inner);
                        let codec = tonic_prost::ProstCodec::default();
                        let mut grpc = tonic::server::Grpc::new(codec)
                            .apply_compression_config(
                                accept_compression_encodings,
                                send_compression_encodings,
                            )
                            .apply_max_message_size_config(
                                max_decoding_message_size,
                                max_encoding_message_size,
                            );
                        let res = grpc.unary(method, req).await;
                        Ok(res)
                    };
                    Box::pin(fut)
                }
                "/csi.v1.Controller/DeleteSnapshot" => {
                    #[allow(non_camel_case_types)]
                    struct DeleteSnapshotSvc<T: Controller>(pub Arc<T>);
                    impl<
                        T: Controller,
                    > tonic::server::UnaryService<super::DeleteSnapshotRequest>
                    for DeleteSnapshotSvc<T> {
                        type Response = super::DeleteSnapshotResponse;
                        type Future = BoxFuture<
                            tonic::Response<Self::Response>,
                            tonic::Status,
                        >;
                        fn call(
                            &mut self,
                            request: tonic::Request<super::DeleteSnapshotRequest>,
                        ) -> Self::Future {
                            let inner = Arc::clone(&self.0);
                            let fut = async move {
                                <T as Controller>::delete_snapshot(&inner, request).await
                            };
                            Box::pin(fut)
                        }
                    }
                    let accept_compression_encodings = self.accept_compression_encodings;
                    let send_compression_encodings = self.send_compression_encodings;
                    let max_decoding_message_size = self.max_decoding_message_size;
                    let max_encoding_message_size = self.max_encoding_message_size;
                    let inner = self.inner.clone();
                    let fut = async move {
                        let method = DeleteSnapshotSvc(inner);
                        let codec = tonic_prost::ProstCodec::default();
                        let mut grpc = tonic::server::Grpc::new(codec)
                            .apply_compression_config(
                                accept_compression_encodings,
                                send_compression_encodings,
                            )
                            .apply_max_message_size_config(
                                max_decoding_message_size,
                                max_encoding_message_size,
                            );
                        let res = grpc.unary(method, req).await;
                        Ok(res)
                    };
                    Box::pin(fut)
                }
                "/csi.v1.Controller/ListSnapshots" => {
                    #[allow(non_camel_case_types)]
                    struct ListSnapshotsSvc<T: Controller>(pub Arc<T>);
                    impl<
                        T: Controller,
                    > tonic::server::UnaryService<super::ListSnapshotsRequest>
                    for ListSnapshotsSvc<T> {
                        type Response = super::ListSnapshotsResponse;
                        type Future = BoxFuture<
                            tonic::Response<Self::Response>,
                            tonic::Status,
                        >;
                        fn call(
                            &mut self,
                            request: tonic::Request<super::ListSnapshotsRequest>,
                        ) -> Self::Future {
                            let inner = Arc::clone(&self.0);
                            let fut = async move {
                                <T as Controller>::list_snapshots(&inner, request).await
                            };
                            Box::pin(fut)
                        }
                    }
                    let accept_compression_encodings = self.accept_compression_encodings;
                    let send_compression_encodings = self.send_compression_encodings;
                    let max_decoding_message_size = self.max_decoding_message_size;
                    let max_encoding_message_size = self.max_encoding_message_size;
                    let inner = self.inner.clone();
                    let fut = async move {
                        let method = ListSnapshotsSvc(inner);
                        let codec = tonic_prost::ProstCodec::default();
                        let mut grpc = tonic::server::Grpc::new(codec)
                            .apply_compression_config(
                                accept_compression_encodings,
                                send_compression_encodings,
                            )
                            .apply_max_message_size_config(
                                max_decoding_message_size,
                                max_encoding_message_size,
                            );
                        let res = grpc.unary(method, req).await;
                        Ok(res)
                    };
                    Box::pin(fut)
                }
                "/csi.v1.Controller/GetSnapshot" => {
                    #[allow(non_camel_case_types)]
                    struct GetSnapshotSvc<T: Controller>(pub Arc<T>);
                    impl<
                        T: Controller,
                    > tonic::server::UnaryService<super::GetSnapshotRequest>
                    for GetSnapshotSvc<T> {
                        type Response = super::GetSnapshotResponse;
                        type Future = BoxFuture<
                            tonic::Response<Self::Response>,
                            tonic::Status,
                        >;
                        fn call(
                            &mut self,
                            request: tonic::Request<super::GetSnapshotRequest>,
                        ) -> Self::Future {
                            let inner = Arc::clone(&self.0);
                            let fut = async move {
                                <T as Controller>::get_snapshot(&inner, request).await
                            };
                            Box::pin(fut)
                        }
                    }
                    let accept_compression_encodings = self.accept_compression_encodings;
                    let send_compression_encodings = self.send_compression_encodings;
                    let max_decoding_message_size = self.max_decoding_message_size;
                    let max_encoding_message_size = self.max_encoding_message_size;
                    let inner = self.inner.clone();
                    let fut = async move {
                        let method = GetSnapshotSvc(inner);
                        let codec = tonic_prost::ProstCodec::default();
                        let mut grpc = tonic::server::Grpc::new(codec)
                            .apply_compression_config(
                                accept_compression_encodings,
                                send_compression_encodings,
                            )
                            .apply_max_message_size_config(
                                max_decoding_message_size,
                                max_encoding_message_size,
                            );
                        let res = grpc.unary(method, req).await;
                        Ok(res)
                    };
                    Box::pin(fut)
                }
                "/csi.v1.Controller/ControllerExpandVolume" => {
                    #[allow(non_camel_case_types)]
                    struct ControllerExpandVolumeSvc<T: Controller>(pub Arc<T>);
                    impl<
                        T: Controller,
                    > tonic::server::UnaryService<super::ControllerExpandVolumeRequest>
                    for ControllerExpandVolumeSvc<T> {
                        type Response = super::ControllerExpandVolumeResponse;
                        type Future = BoxFuture<
                            tonic::Response<Self::Response>,
                            tonic::Status,
                        >;
                        fn call(
                            &mut self,
                            request: tonic::Request<super::ControllerExpandVolumeRequest>,
                        ) -> Self::Future {
                            let inner = Arc::clone(&self.0);
                            let fut = async move {
                                <T as Controller>::controller_expand_volume(&inner, request)
                                    .await
                            };
                            Box::pin(fut)
                        }
                    }
                    let accept_compression_encodings = self.accept_compression_encodings;
                    let send_compression_encodings = self.send_compression_encodings;
                    let max_decoding_message_size = self.max_decoding_message_size;
                    let max_encoding_message_size = self.max_encoding_message_size;
                    let inner = self.inner.clone();
                    let fut = async move {
                        let method = ControllerExpandVolumeSvc(inner);
                        let codec = tonic_prost::ProstCodec::default();
                        let mut grpc = tonic::server::Grpc::new(codec)
                            .apply_compression_config(
                                accept_compression_encodings,
                                send_compression_encodings,
                            )
                            .apply_max_message_size_config(
                                max_decoding_message_size,
                                max_encoding_message_size,
                            );
                        let res = grpc.unary(method, req).await;
                        Ok(res)
                    };
                    Box::pin(fut)
                }
                "/csi.v1.Controller/ControllerGetVolume" => {
                    #[allow(non_camel_case_types)]
                    struct ControllerGetVolumeSvc<T: Controller>(pub Arc<T>);
                    impl<
                        T: Controller,
                    > tonic::server::UnaryService<super::ControllerGetVolumeRequest>
                    for ControllerGetVolumeSvc<T> {
                        type Response = super::ControllerGetVolumeResponse;
                        type Future = BoxFuture<
                            tonic::Response<Self::Response>,
                            tonic::Status,
                        >;
                        fn call(
                            &mut self,
                            request: tonic::Request<super::ControllerGetVolumeRequest>,
                        ) -> Self::Future {
                            let inner = Arc::clone(&self.0);
                            let fut = async move {
                                <T as Controller>::controller_get_volume(&inner, request)
                                    .await
                            };
                            Box::pin(fut)
                        }
                    }
                    let accept_compression_encodings = self.accept_compression_encodings;
                    let send_compression_encodings = self.send_compression_encodings;
                    let max_decoding_message_size = self.max_decoding_message_size;
                    let max_encoding_message_size = self.max_encoding_message_size;
                    let inner = self.inner.clone();
                    let fut = async move {
                        let method = ControllerGetVolumeSvc(inner);
                        let codec = tonic_prost::ProstCodec::default();
                        let mut grpc = tonic::server::Grpc::new(codec)
                            .apply_compression_config(
                                accept_compression_encodings,
                                send_compression_encodings,
                            )
                            .apply_max_message_size_config(
                                max_decoding_message_size,
                                max_encoding_message_size,
                            );
                        let res = grpc.unary(method, req).await;
                        Ok(res)
                    };
                    Box::pin(fut)
                }
                "/csi.v1.Controller/ControllerModifyVolume" => {
                    #[allow(non_camel_case_types)]
                    struct ControllerModifyVolumeSvc<T: Controller>(pub Arc<T>);
                    impl<
                        T: Controller,
                    > tonic::server::UnaryService<super::ControllerModifyVolumeRequest>
                    for ControllerModifyVolumeSvc<T> {
                        type Response = super::ControllerModifyVolumeResponse;
                        type Future = BoxFuture<
                            tonic::Response<Self::Response>,
                            tonic::Status,
                        >;
                        fn call(
                            &mut self,
                            request: tonic::Request<super::ControllerModifyVolumeRequest>,
                        ) -> Self::Future {
                            let inner = Arc::clone(&self.0);
                            let fut = async move {
                                <T as Controller>::controller_modify_volume(&inner, request)
                                    .await
                            };
                            Box::pin(fut)
                        }
                    }
                    let accept_compression_encodings = self.accept_compression_encodings;
                    let send_compression_encodings = self.send_compression_encodings;
                    let max_decoding_message_size = self.max_decoding_message_size;
                    let max_encoding_message_size = self.max_encoding_message_size;
                    let inner = self.inner.clone();
                    let fut = async move {
                        let method = ControllerModifyVolumeSvc(inner);
                        let codec = tonic_prost::ProstCodec::default();
                        let mut grpc = tonic::server::Grpc::new(codec)
                            .apply_compression_config(
                                accept_compression_encodings,
                                send_compression_encodings,
                            )
                            .apply_max_message_size_config(
                                max_decoding_message_size,
                                max_encoding_message_size,
                            );
                        let res = grpc.unary(method, req).await;
                        Ok(res)
                    };
                    Box::pin(fut)
                }
                _ => {
                    Box::pin(async move {
                        let mut response = http::Response::new(
                            tonic::body::Body::default(),
                        );
                        let headers = response.headers_mut();
                        headers
                            .insert(
                                tonic::Status::GRPC_STATUS,
                                (tonic::Code::Unimplemented as i32).into(),
                            );
                        headers
                            .insert(
                                http::header::CONTENT_TYPE,
                                tonic::metadata::GRPC_CONTENT_TYPE,
                            );
                        Ok(response)
                    })
                }
            }
        }
    }
    impl<T> Clone for ControllerServer<T> {
        fn clone(&self) -> Self {
            let inner = self.inner.clone();
            Self {
                inner,
                accept_compression_encodings: self.accept_compression_encodings,
                send_compression_encodings: self.send_compression_encodings,
                max_decoding_message_size: self.max_decoding_message_size,
                max_encoding_message_size: self.max_encoding_message_size,
            }
        }
    }
    /// Generated gRPC service name
    pub const SERVICE_NAME: &str = "csi.v1.Controller";
    impl<T> tonic::server::NamedService for ControllerServer<T> {
        const NAME: &'static str = SERVICE_NAME;
    }
}
/// Generated client implementations.
pub mod group_controller_client {
    #![allow(
        unused_variables,
        dead_code,
        missing_docs,
        clippy::wildcard_imports,
        clippy::let_unit_value,
    )]
    use tonic::codegen::*;
    use tonic::codegen::http::Uri;
    /// Snapshots of several volumes at one point in time.
    #[derive(Debug, Clone)]
    pub struct GroupControllerClient<T> {
        inner: tonic::client::Grpc<T>,
    }
    impl GroupControllerClient<tonic::transport::Channel> {
        /// Attempt to create a new client by connecting to a given endpoint.
        pub async fn connect<D>(dst: D) -> Result<Self, tonic::transport::Error>
        where
            D: TryInto<tonic::transport::Endpoint>,
            D::Error: Into<StdError>,
        {
            let conn = tonic::transport::Endpoint::new(dst)?.connect().await?;
            Ok(Self::new(conn))
        }
    }
    impl<T> GroupControllerClient<T>
    where
        T: tonic::client::GrpcService<tonic::body::Body>,
        T::Error: Into<StdError>,
        T::ResponseBody: Body<Data = Bytes> + std::marker::Send + 'static,
        <T::ResponseBody as Body>::Error: Into<StdError> + std::marker::Send,
    {
        pub fn new(inner: T) -> Self {
            let inner = tonic::client::Grpc::new(inner);
            Self { inner }
        }
        pub fn with_origin(inner: T, origin: Uri) -> Self {
            let inner = tonic::client::Grpc::with_origin(inner, origin);
            Self { inner }
        }
        pub fn with_interceptor<F>(
            inner: T,
            interceptor: F,
        ) -> GroupControllerClient<InterceptedService<T, F>>
        where
            F: tonic::service::Interceptor,
            T::ResponseBody: Default,
            T: tonic::codegen::Service<
                http::Request<tonic::body::Body>,
                Response = http::Response<
                    <T as tonic::client::GrpcService<tonic::body::Body>>::ResponseBody,
                >,
            >,
            <T as tonic::codegen::Service<
                http::Request<tonic::body::Body>,
            >>::Error: Into<StdError> + std::marker::Send + std::marker::Sync,
        {
            GroupControllerClient::new(InterceptedService::new(inner, interceptor))
        }
        /// Compress requests with the given encoding.
        ///
        /// This requires the server to support it otherwise it might respond with an
        /// error.
        #[must_use]
        pub fn send_compressed(mut self, encoding: CompressionEncoding) -> Self {
            self.inner = self.inner.send_compressed(encoding);
            self
        }
        /// Enable decompressing responses.
        #[must_use]
        pub fn accept_compressed(mut self, encoding: CompressionEncoding) -> Self {
            self.inner = self.inner.accept_compressed(encoding);
            self
        }
        /// Limits the maximum size of a decoded message.
        ///
        /// Default: `4MB`
        #[must_use]
        pub fn max_decoding_message_size(mut self, limit: usize) -> Self {
            self.inner = self.inner.max_decoding_message_size(limit);
            self
        }
        /// Limits the maximum size of an encoded message.
        ///
        /// Default: `usize::MAX`
        #[must_use]
        pub fn max_encoding_message_size(mut self, limit: usize) -> Self {
            self.inner = self.inner.max_encoding_message_size(limit);
            self
        }
        /// Which of the RPCs of this service work.
        pub async fn group_controller_get_capabilities(
            &mut self,
            request: impl tonic::IntoRequest<
                super::GroupControllerGetCapabilitiesRequest,
            >,
        ) -> std::result::Result<
            tonic::Response<super::GroupControllerGetCapabilitiesResponse>,
            tonic::Status,
        > {
            self.inner
                .ready()
                .await
                .map_err(|e| {
                    tonic::Status::unknown(
                        format!("Service was not ready: {}", e.into()),
                    )
                })?;
            let codec = tonic_prost::ProstCodec::default();
            let path = http::uri::PathAndQuery::from_static(
                "/csi.v1.GroupController/GroupControllerGetCapabilities",
            );
            let mut req = request.into_request();
            req.extensions_mut()
                .insert(
                    GrpcMethod::new(
                        "csi.v1.GroupController",
                        "GroupControllerGetCapabilities",
                    ),
                );
            self.inner.unary(req, path, codec).await
        }
        /// Takes the snapshots of all volumes named, or none. The name is the idempotency key.
        pub async fn create_volume_group_snapshot(
            &mut self,
            request: impl tonic::IntoRequest<super::CreateVolumeGroupSnapshotRequest>,
        ) -> std::result::Result<
            tonic::Response<super::CreateVolumeGroupSnapshotResponse>,
            tonic::Status,
        > {
            self.inner
                .ready()
                .await
                .map_err(|e| {
                    tonic::Status::unknown(
                        format!("Service was not ready: {}", e.into()),
                    )
                })?;
            let codec = tonic_prost::ProstCodec::default();
            let path = http::uri::PathAndQuery::from_static(
                "/csi.v1.GroupController/CreateVolumeGroupSnapshot",
            );
            let mut req = request.into_request();
            req.extensions_mut()
                .insert(
                    GrpcMethod::new(
                        "csi.v1.GroupController",
                        "CreateVolumeGroupSnapshot",
                    ),
                );
            self.inner.unary(req, path, codec).await
        }
        /// Deletes a group and its snapshots. A group that isn't there is a success.
        pub async fn delete_volume_group_snapshot(
            &mut self,
            request: impl tonic::IntoRequest<super::DeleteVolumeGroupSnapshotRequest>,
        ) -> std::result::Result<
            tonic::Response<super::DeleteVolumeGroupSnapshotResponse>,
            tonic::Status,
        > {
            self.inner
                .ready()
                .await
                .map_err(|e| {
                    tonic::Status::unknown(
                        format!("Service was not ready: {}", e.into()),
                    )
                })?;
            let codec = tonic_prost::ProstCodec::default();
            let path = http::uri::PathAndQuery::from_static(
                "/csi.v1.GroupController/DeleteVolumeGroupSnapshot",
            );
            let mut req = request.into_request();
            req.extensions_mut()
                .insert(
                    GrpcMethod::new(
                        "csi.v1.GroupController",
                        "DeleteVolumeGroupSnapshot",
                    ),
                );
            self.inner.unary(req, path, codec).await
        }
        /// One group, with its snapshots.
        pub async fn get_volume_group_snapshot(
            &mut self,
            request: impl tonic::IntoRequest<super::GetVolumeGroupSnapshotRequest>,
        ) -> std::result::Result<
            tonic::Response<super::GetVolumeGroupSnapshotResponse>,
            tonic::Status,
        > {
            self.inner
                .ready()
                .await
                .map_err(|e| {
                    tonic::Status::unknown(
                        format!("Service was not ready: {}", e.into()),
                    )
                })?;
            let codec = tonic_prost::ProstCodec::default();
            let path = http::uri::PathAndQuery::from_static(
                "/csi.v1.GroupController/GetVolumeGroupSnapshot",
            );
            let mut req = request.into_request();
            req.extensions_mut()
                .insert(
                    GrpcMethod::new("csi.v1.GroupController", "GetVolumeGroupSnapshot"),
                );
            self.inner.unary(req, path, codec).await
        }
    }
}
/// Generated server implementations.
pub mod group_controller_server {
    #![allow(
        unused_variables,
        dead_code,
        missing_docs,
        clippy::wildcard_imports,
        clippy::let_unit_value,
    )]
    use tonic::codegen::*;
    /// Generated trait containing gRPC methods that should be implemented for use with GroupControllerServer.
    #[async_trait]
    pub trait GroupController: std::marker::Send + std::marker::Sync + 'static {
        /// Which of the RPCs of this service work.
        async fn group_controller_get_capabilities(
            &self,
            request: tonic::Request<super::GroupControllerGetCapabilitiesRequest>,
        ) -> std::result::Result<
            tonic::Response<super::GroupControllerGetCapabilitiesResponse>,
            tonic::Status,
        >;
        /// Takes the snapshots of all volumes named, or none. The name is the idempotency key.
        async fn create_volume_group_snapshot(
            &self,
            request: tonic::Request<super::CreateVolumeGroupSnapshotRequest>,
        ) -> std::result::Result<
            tonic::Response<super::CreateVolumeGroupSnapshotResponse>,
            tonic::Status,
        >;
        /// Deletes a group and its snapshots. A group that isn't there is a success.
        async fn delete_volume_group_snapshot(
            &self,
            request: tonic::Request<super::DeleteVolumeGroupSnapshotRequest>,
        ) -> std::result::Result<
            tonic::Response<super::DeleteVolumeGroupSnapshotResponse>,
            tonic::Status,
        >;
        /// One group, with its snapshots.
        async fn get_volume_group_snapshot(
            &self,
            request: tonic::Request<super::GetVolumeGroupSnapshotRequest>,
        ) -> std::result::Result<
            tonic::Response<super::GetVolumeGroupSnapshotResponse>,
            tonic::Status,
        >;
    }
    /// Snapshots of several volumes at one point in time.
    #[derive(Debug)]
    pub struct GroupControllerServer<T> {
        inner: Arc<T>,
        accept_compression_encodings: EnabledCompressionEncodings,
        send_compression_encodings: EnabledCompressionEncodings,
        max_decoding_message_size: Option<usize>,
        max_encoding_message_size: Option<usize>,
    }
    impl<T> GroupControllerServer<T> {
        pub fn new(inner: T) -> Self {
            Self::from_arc(Arc::new(inner))
        }
        pub fn from_arc(inner: Arc<T>) -> Self {
            Self {
                inner,
                accept_compression_encodings: Default::default(),
                send_compression_encodings: Default::default(),
                max_decoding_message_size: None,
                max_encoding_message_size: None,
            }
        }
        pub fn with_interceptor<F>(
            inner: T,
            interceptor: F,
        ) -> InterceptedService<Self, F>
        where
            F: tonic::service::Interceptor,
        {
            InterceptedService::new(Self::new(inner), interceptor)
        }
        /// Enable decompressing requests with the given encoding.
        #[must_use]
        pub fn accept_compressed(mut self, encoding: CompressionEncoding) -> Self {
            self.accept_compression_encodings.enable(encoding);
            self
        }
        /// Compress responses with the given encoding, if the client supports it.
        #[must_use]
        pub fn send_compressed(mut self, encoding: CompressionEncoding) -> Self {
            self.send_compression_encodings.enable(encoding);
            self
        }
        /// Limits the maximum size of a decoded message.
        ///
        /// Default: `4MB`
        #[must_use]
        pub fn max_decoding_message_size(mut self, limit: usize) -> Self {
            self.max_decoding_message_size = Some(limit);
            self
        }
        /// Limits the maximum size of an encoded message.
        ///
        /// Default: `usize::MAX`
        #[must_use]
        pub fn max_encoding_message_size(mut self, limit: usize) -> Self {
            self.max_encoding_message_size = Some(limit);
            self
        }
    }
    impl<T, B> tonic::codegen::Service<http::Request<B>> for GroupControllerServer<T>
    where
        T: GroupController,
        B: Body + std::marker::Send + 'static,
        B::Error: Into<StdError> + std::marker::Send + 'static,
    {
        type Response = http::Response<tonic::body::Body>;
        type Error = std::convert::Infallible;
        type Future = BoxFuture<Self::Response, Self::Error>;
        fn poll_ready(
            &mut self,
            _cx: &mut Context<'_>,
        ) -> Poll<std::result::Result<(), Self::Error>> {
            Poll::Ready(Ok(()))
        }
        fn call(&mut self, req: http::Request<B>) -> Self::Future {
            match req.uri().path() {
                "/csi.v1.GroupController/GroupControllerGetCapabilities" => {
                    #[allow(non_camel_case_types)]
                    struct GroupControllerGetCapabilitiesSvc<T: GroupController>(
                        pub Arc<T>,
                    );
                    impl<
                        T: GroupController,
                    > tonic::server::UnaryService<
                        super::GroupControllerGetCapabilitiesRequest,
                    > for GroupControllerGetCapabilitiesSvc<T> {
                        type Response = super::GroupControllerGetCapabilitiesResponse;
                        type Future = BoxFuture<
                            tonic::Response<Self::Response>,
                            tonic::Status,
                        >;
                        fn call(
                            &mut self,
                            request: tonic::Request<
                                super::GroupControllerGetCapabilitiesRequest,
                            >,
                        ) -> Self::Future {
                            let inner = Arc::clone(&self.0);
                            let fut = async move {
                                <T as GroupController>::group_controller_get_capabilities(
                                        &inner,
                                        request,
                                    )
                                    .await
                            };
                            Box::pin(fut)
                        }
                    }
                    let accept_compression_encodings = self.accept_compression_encodings;
                    let send_compression_encodings = self.send_compression_encodings;
                    let max_decoding_message_size = self.max_decoding_message_size;
                    let max_encoding_message_size = self.max_encoding_message_size;
                    let inner = self.inner.clone();
                    let fut = async move {
                        let method = GroupControllerGetCapabilitiesSvc(inner);
                        let codec = tonic_prost::ProstCodec::default();
                        let mut grpc = tonic::server::Grpc::new(codec)
                            .apply_compression_config(
                                accept_compression_encodings,
                                send_compression_encodings,
                            )
                            .apply_max_message_size_config(
                                max_decoding_message_size,
                                max_encoding_message_size,
                            );
                        let res = grpc.unary(method, req).await;
                        Ok(res)
                    };
                    Box::pin(fut)
                }
                "/csi.v1.GroupController/CreateVolumeGroupSnapshot" => {
                    #[allow(non_camel_case_types)]
                    struct CreateVolumeGroupSnapshotSvc<T: GroupController>(pub Arc<T>);
                    impl<
                        T: GroupController,
                    > tonic::server::UnaryService<
                        super::CreateVolumeGroupSnapshotRequest,
                    > for CreateVolumeGroupSnapshotSvc<T> {
                        type Response = super::CreateVolumeGroupSnapshotResponse;
                        type Future = BoxFuture<
                            tonic::Response<Self::Response>,
                            tonic::Status,
                        >;
                        fn call(
                            &mut self,
                            request: tonic::Request<
                                super::CreateVolumeGroupSnapshotRequest,
                            >,
                        ) -> Self::Future {
                            let inner = Arc::clone(&self.0);
                            let fut = async move {
                                <T as GroupController>::create_volume_group_snapshot(
                                        &inner,
                                        request,
                                    )
                                    .await
                            };
                            Box::pin(fut)
                        }
                    }
                    let accept_compression_encodings = self.accept_compression_encodings;
                    let send_compression_encodings = self.send_compression_encodings;
                    let max_decoding_message_size = self.max_decoding_message_size;
                    let max_encoding_message_size = self.max_encoding_message_size;
                    let inner = self.inner.clone();
                    let fut = async move {
                        let method = CreateVolumeGroupSnapshotSvc(inner);
                        let codec = tonic_prost::ProstCodec::default();
                        let mut grpc = tonic::server::Grpc::new(codec)
                            .apply_compression_config(
                                accept_compression_encodings,
                                send_compression_encodings,
                            )
                            .apply_max_message_size_config(
                                max_decoding_message_size,
                                max_encoding_message_size,
                            );
                        let res = grpc.unary(method, req).await;
                        Ok(res)
                    };
                    Box::pin(fut)
                }
                "/csi.v1.GroupController/DeleteVolumeGroupSnapshot" => {
                    #[allow(non_camel_case_types)]
                    struct DeleteVolumeGroupSnapshotSvc<T: GroupController>(pub Arc<T>);
                    impl<
                        T: GroupController,
                    > tonic::server::UnaryService<
                        super::DeleteVolumeGroupSnapshotRequest,
                    > for DeleteVolumeGroupSnapshotSvc<T> {
                        type Response = super::DeleteVolumeGroupSnapshotResponse;
                        type Future = BoxFuture<
                            tonic::Response<Self::Response>,
                            tonic::Status,
                        >;
                        fn call(
                            &mut self,
                            request: tonic::Request<
                                super::DeleteVolumeGroupSnapshotRequest,
                            >,
                        ) -> Self::Future {
                            let inner = Arc::clone(&self.0);
                            let fut = async move {
                                <T as GroupController>::delete_volume_group_snapshot(
                                        &inner,
                                        request,
                                    )
                                    .await
                            };
                            Box::pin(fut)
                        }
                    }
                    let accept_compression_encodings = self.accept_compression_encodings;
                    let send_compression_encodings = self.send_compression_encodings;
                    let max_decoding_message_size = self.max_decoding_message_size;
                    let max_encoding_message_size = self.max_encoding_message_size;
                    let inner = self.inner.clone();
                    let fut = async move {
                        let method = DeleteVolumeGroupSnapshotSvc(inner);
                        let codec = tonic_prost::ProstCodec::default();
                        let mut grpc = tonic::server::Grpc::new(codec)
                            .apply_compression_config(
                                accept_compression_encodings,
                                send_compression_encodings,
                            )
                            .apply_max_message_size_config(
                                max_decoding_message_size,
                                max_encoding_message_size,
                            );
                        let res = grpc.unary(method, req).await;
                        Ok(res)
                    };
                    Box::pin(fut)
                }
                "/csi.v1.GroupController/GetVolumeGroupSnapshot" => {
                    #[allow(non_camel_case_types)]
                    struct GetVolumeGroupSnapshotSvc<T: GroupController>(pub Arc<T>);
                    impl<
                        T: GroupController,
                    > tonic::server::UnaryService<super::GetVolumeGroupSnapshotRequest>
                    for GetVolumeGroupSnapshotSvc<T> {
                        type Response = super::GetVolumeGroupSnapshotResponse;
                        type Future = BoxFuture<
                            tonic::Response<Self::Response>,
                            tonic::Status,
                        >;
                        fn call(
                            &mut self,
                            request: tonic::Request<super::GetVolumeGroupSnapshotRequest>,
                        ) -> Self::Future {
                            let inner = Arc::clone(&self.0);
                            let fut = async move {
                                <T as GroupController>::get_volume_group_snapshot(
                                        &inner,
                                        request,
                                    )
                                    .await
                            };
                            Box::pin(fut)
                        }
                    }
                    let accept_compression_encodings = self.accept_compression_encodings;
                    let send_compression_encodings = self.send_compression_encodings;
                    let max_decoding_message_size = self.max_decoding_message_size;
                    let max_encoding_message_size = self.max_encoding_message_size;
                    let inner = self.inner.clone();
                    let fut = async move {
                        let method = GetVolumeGroupSnapshotSvc(inner);
                        let codec = tonic_prost::ProstCodec::default();
                        let mut grpc = tonic::server::Grpc::new(codec)
                            .apply_compression_config(
                                accept_compression_encodings,
                                send_compression_encodings,
                            )
                            .apply_max_message_size_config(
                                max_decoding_message_size,
                                max_encoding_message_size,
                            );
                        let res = grpc.unary(method, req).await;
                        Ok(res)
                    };
                    Box::pin(fut)
                }
                _ => {
                    Box::pin(async move {
                        let mut response = http::Response::new(
                            tonic::body::Body::default(),
                        );
                        let headers = response.headers_mut();
                        headers
                            .insert(
                                tonic::Status::GRPC_STATUS,
                                (tonic::Code::Unimplemented as i32).into(),
                            );
                        headers
                            .insert(
                                http::header::CONTENT_TYPE,
                                tonic::metadata::GRPC_CONTENT_TYPE,
                            );
                        Ok(response)
                    })
                }
            }
        }
    }
    impl<T> Clone for GroupControllerServer<T> {
        fn clone(&self) -> Self {
            let inner = self.inner.clone();
            Self {
                inner,
                accept_compression_encodings: self.accept_compression_encodings,
                send_compression_encodings: self.send_compression_encodings,
                max_decoding_message_size: self.max_decoding_message_size,
                max_encoding_message_size: self.max_encoding_message_size,
            }
        }
    }
    /// Generated gRPC service name
    pub const SERVICE_NAME: &str = "csi.v1.GroupController";
    impl<T> tonic::server::NamedService for GroupControllerServer<T> {
        const NAME: &'static str = SERVICE_NAME;
    }
}
/// Generated client implementations.
pub mod snapshot_metadata_client {
    #![allow(
        unused_variables,
        dead_code,
        missing_docs,
        clippy::wildcard_imports,
        clippy::let_unit_value,
    )]
    use tonic::codegen::*;
    use tonic::codegen::http::Uri;
    /// Which blocks of a snapshot hold data or have changed, for backup programs.
    #[derive(Debug, Clone)]
    pub struct SnapshotMetadataClient<T> {
        inner: tonic::client::Grpc<T>,
    }
    impl SnapshotMetadataClient<tonic::transport::Channel> {
        /// Attempt to create a new client by connecting to a given endpoint.
        pub async fn connect<D>(dst: D) -> Result<Self, tonic::transport::Error>
        where
            D: TryInto<tonic::transport::Endpoint>,
            D::Error: Into<StdError>,
        {
            let conn = tonic::transport::Endpoint::new(dst)?.connect().await?;
            Ok(Self::new(conn))
        }
    }
    impl<T> SnapshotMetadataClient<T>
    where
        T: tonic::client::GrpcService<tonic::body::Body>,
        T::Error: Into<StdError>,
        T::ResponseBody: Body<Data = Bytes> + std::marker::Send + 'static,
        <T::ResponseBody as Body>::Error: Into<StdError> + std::marker::Send,
    {
        pub fn new(inner: T) -> Self {
            let inner = tonic::client::Grpc::new(inner);
            Self { inner }
        }
        pub fn with_origin(inner: T, origin: Uri) -> Self {
            let inner = tonic::client::Grpc::with_origin(inner, origin);
            Self { inner }
        }
        pub fn with_interceptor<F>(
            inner: T,
            interceptor: F,
        ) -> SnapshotMetadataClient<InterceptedService<T, F>>
        where
            F: tonic::service::Interceptor,
            T::ResponseBody: Default,
            T: tonic::codegen::Service<
                http::Request<tonic::body::Body>,
                Response = http::Response<
                    <T as tonic::client::GrpcService<tonic::body::Body>>::ResponseBody,
                >,
            >,
            <T as tonic::codegen::Service<
                http::Request<tonic::body::Body>,
            >>::Error: Into<StdError> + std::marker::Send + std::marker::Sync,
        {
            SnapshotMetadataClient::new(InterceptedService::new(inner, interceptor))
        }
        /// Compress requests with the given encoding.
        ///
        /// This requires the server to support it otherwise it might respond with an
        /// error.
        #[must_use]
        pub fn send_compressed(mut self, encoding: CompressionEncoding) -> Self {
            self.inner = self.inner.send_compressed(encoding);
            self
        }
        /// Enable decompressing responses.
        #[must_use]
        pub fn accept_compressed(mut self, encoding: CompressionEncoding) -> Self {
            self.inner = self.inner.accept_compressed(encoding);
            self
        }
        /// Limits the maximum size of a decoded message.
        ///
        /// Default: `4MB`
        #[must_use]
        pub fn max_decoding_message_size(mut self, limit: usize) -> Self {
            self.inner = self.inner.max_decoding_message_size(limit);
            self
        }
        /// Limits the maximum size of an encoded message.
        ///
        /// Default: `usize::MAX`
        #[must_use]
        pub fn max_encoding_message_size(mut self, limit: usize) -> Self {
            self.inner = self.inner.max_encoding_message_size(limit);
            self
        }
        /// The ranges of a snapshot that hold data.
        pub async fn get_metadata_allocated(
            &mut self,
            request: impl tonic::IntoRequest<super::GetMetadataAllocatedRequest>,
        ) -> std::result::Result<
            tonic::Response<
                tonic::codec::Streaming<super::GetMetadataAllocatedResponse>,
            >,
            tonic::Status,
        > {
            self.inner
                .ready()
                .await
                .map_err(|e| {
                    tonic::Status::unknown(
                        format!("Service was not ready: {}", e.into()),
                    )
                })?;
            let codec = tonic_prost::ProstCodec::default();
            let path = http::uri::PathAndQuery::from_static(
                "/csi.v1.SnapshotMetadata/GetMetadataAllocated",
            );
            let mut req = request.into_request();
            req.extensions_mut()
                .insert(
                    GrpcMethod::new("csi.v1.SnapshotMetadata", "GetMetadataAllocated"),
                );
            self.inner.server_streaming(req, path, codec).await
        }
        /// The ranges that differ between two snapshots of one volume.
        pub async fn get_metadata_delta(
            &mut self,
            request: impl tonic::IntoRequest<super::GetMetadataDeltaRequest>,
        ) -> std::result::Result<
            tonic::Response<tonic::codec::Streaming<super::GetMetadataDeltaResponse>>,
            tonic::Status,
        > {
            self.inner
                .ready()
                .await
                .map_err(|e| {
                    tonic::Status::unknown(
                        format!("Service was not ready: {}", e.into()),
                    )
                })?;
            let codec = tonic_prost::ProstCodec::default();
            let path = http::uri::PathAndQuery::from_static(
                "/csi.v1.SnapshotMetadata/GetMetadataDelta",
            );
            let mut req = request.into_request();
            req.extensions_mut()
                .insert(GrpcMethod::new("csi.v1.SnapshotMetadata", "GetMetadataDelta"));
            self.inner.server_streaming(req, path, codec).await
        }
    }
}
/// Generated server implementations.
pub mod snapshot_metadata_server {
    #![allow(
        unused_variables,
        dead_code,
        missing_docs,
        clippy::wildcard_imports,
        clippy::let_unit_value,
    )]
    use tonic::codegen::*;
    /// Generated trait containing gRPC methods that should be implemented for use with SnapshotMetadataServer.
    #[async_trait]
    pub trait SnapshotMetadata: std::marker::Send + std::marker::Sync + 'static {
        /// Server streaming response type for the GetMetadataAllocated method.
        type GetMetadataAllocatedStream: tonic::codegen::tokio_stream::Stream<
                Item = std::result::Result<
                    super::GetMetadataAllocatedResponse,
                    tonic::Status,
                >,
            >
            + std::marker::Send
            + 'static;
        /// The ranges of a snapshot that hold data.
        async fn get_metadata_allocated(
            &self,
            request: tonic::Request<super::GetMetadataAllocatedRequest>,
        ) -> std::result::Result<
            tonic::Response<Self::GetMetadataAllocatedStream>,
            tonic::Status,
        >;
        /// Server streaming response type for the GetMetadataDelta method.
        type GetMetadataDeltaStream: tonic::codegen::tokio_stream::Stream<
                Item = std::result::Result<
                    super::GetMetadataDeltaResponse,
                    tonic::Status,
                >,
            >
            + std::marker::Send
            + 'static;
        /// The ranges that differ between two snapshots of one volume.
        async fn get_metadata_delta(
            &self,
            request: tonic::Request<super::GetMetadataDeltaRequest>,
        ) -> std::result::Result<
            tonic::Response<Self::GetMetadataDeltaStream>,
            tonic::Status,
        >;
    }
    /// Which blocks of a snapshot hold data or have changed, for backup programs.
    #[derive(Debug)]
    pub struct SnapshotMetadataServer<T> {
        inner: Arc<T>,
        accept_compression_encodings: EnabledCompressionEncodings,
        send_compression_encodings: EnabledCompressionEncodings,
        max_decoding_message_size: Option<usize>,
        max_encoding_message_size: Option<usize>,
    }
    impl<T> SnapshotMetadataServer<T> {
        pub fn new(inner: T) -> Self {
            Self::from_arc(Arc::new(inner))
        }
        pub fn from_arc(inner: Arc<T>) -> Self {
            Self {
                inner,
                accept_compression_encodings: Default::default(),
                send_compression_encodings: Default::default(),
                max_decoding_message_size: None,
                max_encoding_message_size: None,
            }
        }
        pub fn with_interceptor<F>(
            inner: T,
            interceptor: F,
        ) -> InterceptedService<Self, F>
        where
            F: tonic::service::Interceptor,
        {
            InterceptedService::new(Self::new(inner), interceptor)
        }
        /// Enable decompressing requests with the given encoding.
        #[must_use]
        pub fn accept_compressed(mut self, encoding: CompressionEncoding) -> Self {
            self.accept_compression_encodings.enable(encoding);
            self
        }
        /// Compress responses with the given encoding, if the client supports it.
        #[must_use]
        pub fn send_compressed(mut self, encoding: CompressionEncoding) -> Self {
            self.send_compression_encodings.enable(encoding);
            self
        }
        /// Limits the maximum size of a decoded message.
        ///
        /// Default: `4MB`
        #[must_use]
        pub fn max_decoding_message_size(mut self, limit: usize) -> Self {
            self.max_decoding_message_size = Some(limit);
            self
        }
        /// Limits the maximum size of an encoded message.
        ///
        /// Default: `usize::MAX`
        #[must_use]
        pub fn max_encoding_message_size(mut self, limit: usize) -> Self {
            self.max_encoding_message_size = Some(limit);
            self
        }
    }
    impl<T, B> tonic::codegen::Service<http::Request<B>> for SnapshotMetadataServer<T>
    where
        T: SnapshotMetadata,
        B: Body + std::marker::Send + 'static,
        B::Error: Into<StdError> + std::marker::Send + 'static,
    {
        type Response = http::Response<tonic::body::Body>;
        type Error = std::convert::Infallible;
        type Future = BoxFuture<Self::Response, Self::Error>;
        fn poll_ready(
            &mut self,
            _cx: &mut Context<'_>,
        ) -> Poll<std::result::Result<(), Self::Error>> {
            Poll::Ready(Ok(()))
        }
        fn call(&mut self, req: http::Request<B>) -> Self::Future {
            match req.uri().path() {
                "/csi.v1.SnapshotMetadata/GetMetadataAllocated" => {
                    #[allow(non_camel_case_types)]
                    struct GetMetadataAllocatedSvc<T: SnapshotMetadata>(pub Arc<T>);
                    impl<
                        T: SnapshotMetadata,
                    > tonic::server::ServerStreamingService<
                        super::GetMetadataAllocatedRequest,
                    > for GetMetadataAllocatedSvc<T> {
                        type Response = super::GetMetadataAllocatedResponse;
                        type ResponseStream = T::GetMetadataAllocatedStream;
                        type Future = BoxFuture<
                            tonic::Response<Self::ResponseStream>,
                            tonic::Status,
                        >;
                        fn call(
                            &mut self,
                            request: tonic::Request<super::GetMetadataAllocatedRequest>,
                        ) -> Self::Future {
                            let inner = Arc::clone(&self.0);
                            let fut = async move {
                                <T as SnapshotMetadata>::get_metadata_allocated(
                                        &inner,
                                        request,
                                    )
                                    .await
                            };
                            Box::pin(fut)
                        }
                    }
                    let accept_compression_encodings = self.accept_compression_encodings;
                    let send_compression_encodings = self.send_compression_encodings;
                    let max_decoding_message_size = self.max_decoding_message_size;
                    let max_encoding_message_size = self.max_encoding_message_size;
                    let inner = self.inner.clone();
                    let fut = async move {
                        let method = GetMetadataAllocatedSvc(inner);
                        let codec = tonic_prost::ProstCodec::default();
                        let mut grpc = tonic::server::Grpc::new(codec)
                            .apply_compression_config(
                                accept_compression_encodings,
                                send_compression_encodings,
                            )
                            .apply_max_message_size_config(
                                max_decoding_message_size,
                                max_encoding_message_size,
                            );
                        let res = grpc.server_streaming(method, req).await;
                        Ok(res)
                    };
                    Box::pin(fut)
                }
                "/csi.v1.SnapshotMetadata/GetMetadataDelta" => {
                    #[allow(non_camel_case_types)]
                    struct GetMetadataDeltaSvc<T: SnapshotMetadata>(pub Arc<T>);
                    impl<
                        T: SnapshotMetadata,
                    > tonic::server::ServerStreamingService<
                        super::GetMetadataDeltaRequest,
                    > for GetMetadataDeltaSvc<T> {
                        type Response = super::GetMetadataDeltaResponse;
                        type ResponseStream = T::GetMetadataDeltaStream;
                        type Future = BoxFuture<
                            tonic::Response<Self::ResponseStream>,
                            tonic::Status,
                        >;
                        fn call(
                            &mut self,
                            request: tonic::Request<super::GetMetadataDeltaRequest>,
                        ) -> Self::Future {
                            let inner = Arc::clone(&self.0);
                            let fut = async move {
                                <T as SnapshotMetadata>::get_metadata_delta(&inner, request)
                                    .await
                            };
                            Box::pin(fut)
                        }
                    }
                    let accept_compression_encodings = self.accept_compression_encodings;
                    let send_compression_encodings = self.send_compression_encodings;
                    let max_decoding_message_size = self.max_decoding_message_size;
                    let max_encoding_message_size = self.max_encoding_message_size;
                    let inner = self.inner.clone();
                    let fut = async move {
                        let method = GetMetadataDeltaSvc(inner);
                        let codec = tonic_prost::ProstCodec::default();
                        let mut grpc = tonic::server::Grpc::new(codec)
                            .apply_compression_config(
                                accept_compression_encodings,
                                send_compression_encodings,
                            )
                            .apply_max_message_size_config(
                                max_decoding_message_size,
                                max_encoding_message_size,
                            );
                        let res = grpc.server_streaming(method, req).await;
                        Ok(res)
                    };
                    Box::pin(fut)
                }
                _ => {
                    Box::pin(async move {
                        let mut response = http::Response::new(
                            tonic::body::Body::default(),
                        );
                        let headers = response.headers_mut();
                        headers
                            .insert(
                                tonic::Status::GRPC_STATUS,
                                (tonic::Code::Unimplemented as i32).into(),
                            );
                        headers
                            .insert(
                                http::header::CONTENT_TYPE,
                                tonic::metadata::GRPC_CONTENT_TYPE,
                            );
                        Ok(response)
                    })
                }
            }
        }
    }
    impl<T> Clone for SnapshotMetadataServer<T> {
        fn clone(&self) -> Self {
            let inner = self.inner.clone();
            Self {
                inner,
                accept_compression_encodings: self.accept_compression_encodings,
                send_compression_encodings: self.send_compression_encodings,
                max_decoding_message_size: self.max_decoding_message_size,
                max_encoding_message_size: self.max_encoding_message_size,
            }
        }
    }
    /// Generated gRPC service name
    pub const SERVICE_NAME: &str = "csi.v1.SnapshotMetadata";
    impl<T> tonic::server::NamedService for SnapshotMetadataServer<T> {
        const NAME: &'static str = SERVICE_NAME;
    }
}
/// Generated client implementations.
pub mod node_client {
    #![allow(
        unused_variables,
        dead_code,
        missing_docs,
        clippy::wildcard_imports,
        clippy::let_unit_value,
    )]
    use tonic::codegen::*;
    use tonic::codegen::http::Uri;
    /// What happens on the machine that uses a volume. Every RPC is idempotent.
    #[derive(Debug, Clone)]
    pub struct NodeClient<T> {
        inner: tonic::client::Grpc<T>,
    }
    impl NodeClient<tonic::transport::Channel> {
        /// Attempt to create a new client by connecting to a given endpoint.
        pub async fn connect<D>(dst: D) -> Result<Self, tonic::transport::Error>
        where
            D: TryInto<tonic::transport::Endpoint>,
            D::Error: Into<StdError>,
        {
            let conn = tonic::transport::Endpoint::new(dst)?.connect().await?;
            Ok(Self::new(conn))
        }
    }
    impl<T> NodeClient<T>
    where
        T: tonic::client::GrpcService<tonic::body::Body>,
        T::Error: Into<StdError>,
        T::ResponseBody: Body<Data = Bytes> + std::marker::Send + 'static,
        <T::ResponseBody as Body>::Error: Into<StdError> + std::marker::Send,
    {
        pub fn new(inner: T) -> Self {
            let inner = tonic::client::Grpc::new(inner);
            Self { inner }
        }
        pub fn with_origin(inner: T, origin: Uri) -> Self {
            let inner = tonic::client::Grpc::with_origin(inner, origin);
            Self { inner }
        }
        pub fn with_interceptor<F>(
            inner: T,
            interceptor: F,
        ) -> NodeClient<InterceptedService<T, F>>
        where
            F: tonic::service::Interceptor,
            T::ResponseBody: Default,
            T: tonic::codegen::Service<
                http::Request<tonic::body::Body>,
                Response = http::Response<
                    <T as tonic::client::GrpcService<tonic::body::Body>>::ResponseBody,
                >,
            >,
            <T as tonic::codegen::Service<
                http::Request<tonic::body::Body>,
            >>::Error: Into<StdError> + std::marker::Send + std::marker::Sync,
        {
            NodeClient::new(InterceptedService::new(inner, interceptor))
        }
        /// Compress requests with the given encoding.
        ///
        /// This requires the server to support it otherwise it might respond with an
        /// error.
        #[must_use]
        pub fn send_compressed(mut self, encoding: CompressionEncoding) -> Self {
            self.inner = self.inner.send_compressed(encoding);
            self
        }
        /// Enable decompressing responses.
        #[must_use]
        pub fn accept_compressed(mut self, encoding: CompressionEncoding) -> Self {
            self.inner = self.inner.accept_compressed(encoding);
            self
        }
        /// Limits the maximum size of a decoded message.
        ///
        /// Default: `4MB`
        #[must_use]
        pub fn max_decoding_message_size(mut self, limit: usize) -> Self {
            self.inner = self.inner.max_decoding_message_size(limit);
            self
        }
        /// Limits the maximum size of an encoded message.
        ///
        /// Default: `usize::MAX`
        #[must_use]
        pub fn max_encoding_message_size(mut self, limit: usize) -> Self {
            self.inner = self.inner.max_encoding_message_size(limit);
            self
        }
        /// Prepares a volume once a node: attach, format, mount at the staging path.
        pub async fn node_stage_volume(
            &mut self,
            request: impl tonic::IntoRequest<super::NodeStageVolumeRequest>,
        ) -> std::result::Result<
            tonic::Response<super::NodeStageVolumeResponse>,
            tonic::Status,
        > {
            self.inner
                .ready()
                .await
                .map_err(|e| {
                    tonic::Status::unknown(
                        format!("Service was not ready: {}", e.into()),
                    )
                })?;
            let codec = tonic_prost::ProstCodec::default();
            let path = http::uri::PathAndQuery::from_static(
                "/csi.v1.Node/NodeStageVolume",
            );
            let mut req = request.into_request();
            req.extensions_mut()
                .insert(GrpcMethod::new("csi.v1.Node", "NodeStageVolume"));
            self.inner.unary(req, path, codec).await
        }
        /// Undoes NodeStageVolume. A volume that isn't staged is a success.
        pub async fn node_unstage_volume(
            &mut self,
            request: impl tonic::IntoRequest<super::NodeUnstageVolumeRequest>,
        ) -> std::result::Result<
            tonic::Response<super::NodeUnstageVolumeResponse>,
            tonic::Status,
        > {
            self.inner
                .ready()
                .await
                .map_err(|e| {
                    tonic::Status::unknown(
                        format!("Service was not ready: {}", e.into()),
                    )
                })?;
            let codec = tonic_prost::ProstCodec::default();
            let path = http::uri::PathAndQuery::from_static(
                "/csi.v1.Node/NodeUnstageVolume",
            );
            let mut req = request.into_request();
            req.extensions_mut()
                .insert(GrpcMethod::new("csi.v1.Node", "NodeUnstageVolume"));
            self.inner.unary(req, path, codec).await
        }
        /// Puts a volume at a workload's target path.
        pub async fn node_publish_volume(
            &mut self,
            request: impl tonic::IntoRequest<super::NodePublishVolumeRequest>,
        ) -> std::result::Result<
            tonic::Response<super::NodePublishVolumeResponse>,
            tonic::Status,
        > {
            self.inner
                .ready()
                .await
                .map_err(|e| {
                    tonic::Status::unknown(
                        format!("Service was not ready: {}", e.into()),
                    )
                })?;
            let codec = tonic_prost::ProstCodec::default();
            let path = http::uri::PathAndQuery::from_static(
                "/csi.v1.Node/NodePublishVolume",
            );
            let mut req = request.into_request();
            req.extensions_mut()
                .insert(GrpcMethod::new("csi.v1.Node", "NodePublishVolume"));
            self.inner.unary(req, path, codec).await
        }
        /// Undoes NodePublishVolume and removes the target path.
        pub async fn node_unpublish_volume(
            &mut self,
            request: impl tonic::IntoRequest<super::NodeUnpublishVolumeRequest>,
        ) -> std::result::Result<
            tonic::Response<super::NodeUnpublishVolumeResponse>,
            tonic::Status,
        > {
            self.inner
                .ready()
                .await
                .map_err(|e| {
                    tonic::Status::unknown(
                        format!("Service was not ready: {}", e.into()),
                    )
                })?;
            let codec = tonic_prost::ProstCodec::default();
            let path = http::uri::PathAndQuery::from_static(
                "/csi.v1.Node/NodeUnpublishVolume",
            );
            let mut req = request.into_request();
            req.extensions_mut()
                .insert(GrpcMethod::new("csi.v1.Node", "NodeUnpublishVolume"));
            self.inner.unary(req, path, codec).await
        }
        /// Bytes and inodes in use. An unknown volume or path is NOT_FOUND.
        pub async fn node_get_volume_stats(
            &mut self,
            request: impl tonic::IntoRequest<super::NodeGetVolumeStatsRequest>,
        ) -> std::result::Result<
            tonic::Response<super::NodeGetVolumeStatsResponse>,
            tonic::Status,
        > {
            self.inner
                .ready()
                .await
                .map_err(|e| {
                    tonic::Status::unknown(
                        format!("Service was not ready: {}", e.into()),
                    )
                })?;
            let codec = tonic_prost::ProstCodec::default();
            let path = http::uri::PathAndQuery::from_static(
                "/csi.v1.Node/NodeGetVolumeStats",
            );
            let mut req = request.into_request();
            req.extensions_mut()
                .insert(GrpcMethod::new("csi.v1.Node", "NodeGetVolumeStats"));
            self.inner.unary(req, path, codec).await
        }
        /// How well one volume is, seen from this node.
        pub async fn node_get_volume_health(
            &mut self,
            request: impl tonic::IntoRequest<super::NodeGetVolumeHealthRequest>,
        ) -> std::result::Result<
            tonic::Response<super::NodeGetVolumeHealthResponse>,
            tonic::Status,
        > {
            self.inner
                .ready()
                .await
                .map_err(|e| {
                    tonic::Status::unknown(
                        format!("Service was not ready: {}", e.into()),
                    )
                })?;
            let codec = tonic_prost::ProstCodec::default();
            let path = http::uri::PathAndQuery::from_static(
                "/csi.v1.Node/NodeGetVolumeHealth",
            );
            let mut req = request.into_request();
            req.extensions_mut()
                .insert(GrpcMethod::new("csi.v1.Node", "NodeGetVolumeHealth"));
            self.inner.unary(req, path, codec).await
        }
        /// How well this node reaches its storage.
        pub async fn node_get_storage_health(
            &mut self,
            request: impl tonic::IntoRequest<super::NodeGetStorageHealthRequest>,
        ) -> std::result::Result<
            tonic::Response<super::NodeGetStorageHealthResponse>,
            tonic::Status,
        > {
            self.inner
                .ready()
                .await
                .map_err(|e| {
                    tonic::Status::unknown(
                        format!("Service was not ready: {}", e.into()),
                    )
                })?;
            let codec = tonic_prost::ProstCodec::default();
            let path = http::uri::PathAndQuery::from_static(
                "/csi.v1.Node/NodeGetStorageHealth",
            );
            let mut req = request.into_request();
            req.extensions_mut()
                .insert(GrpcMethod::new("csi.v1.Node", "NodeGetStorageHealth"));
            self.inner.unary(req, path, codec).await
        }
        /// Grows what lies on a volume that has grown: the device's view of its size, then the file system.
        pub async fn node_expand_volume(
            &mut self,
            request: impl tonic::IntoRequest<super::NodeExpandVolumeRequest>,
        ) -> std::result::Result<
            tonic::Response<super::NodeExpandVolumeResponse>,
            tonic::Status,
        > {
            self.inner
                .ready()
                .await
                .map_err(|e| {
                    tonic::Status::unknown(
                        format!("Service was not ready: {}", e.into()),
                    )
                })?;
            let codec = tonic_prost::ProstCodec::default();
            let path = http::uri::PathAndQuery::from_static(
                "/csi.v1.Node/NodeExpandVolume",
            );
            let mut req = request.into_request();
            req.extensions_mut()
                .insert(GrpcMethod::new("csi.v1.Node", "NodeExpandVolume"));
            self.inner.unary(req, path, codec).await
        }
        /// Which of the RPCs of this service work.
        pub async fn node_get_capabilities(
            &mut self,
            request: impl tonic::IntoRequest<super::NodeGetCapabilitiesRequest>,
        ) -> std::result::Result<
            tonic::Response<super::NodeGetCapabilitiesResponse>,
            tonic::Status,
        > {
            self.inner
                .ready()
                .await
                .map_err(|e| {
                    tonic::Status::unknown(
                        format!("Service was not ready: {}", e.into()),
                    )
                })?;
            let codec = tonic_prost::ProstCodec::default();
            let path = http::uri::PathAndQuery::from_static(
                "/csi.v1.Node/NodeGetCapabilities",
            );
            let mut req = request.into_request();
            req.extensions_mut()
                .insert(GrpcMethod::new("csi.v1.Node", "NodeGetCapabilities"));
            self.inner.unary(req, path, codec).await
        }
        /// How the plugin knows this node, and where the node is.
        pub async fn node_get_info(
            &mut self,
            request: impl tonic::IntoRequest<super::NodeGetInfoRequest>,
        ) -> std::result::Result<
            tonic::Response<super::NodeGetInfoResponse>,
            tonic::Status,
        > {
            self.inner
                .ready()
                .await
                .map_err(|e| {
                    tonic::Status::unknown(
                        format!("Service was not ready: {}", e.into()),
                    )
                })?;
            let codec = tonic_prost::ProstCodec::default();
            let path = http::uri::PathAndQuery::from_static("/csi.v1.Node/NodeGetInfo");
            let mut req = request.into_request();
            req.extensions_mut().insert(GrpcMethod::new("csi.v1.Node", "NodeGetInfo"));
            self.inner.unary(req, path, codec).await
        }
    }
}
/// Generated server implementations.
pub mod node_server {
    #![allow(
        unused_variables,
        dead_code,
        missing_docs,
        clippy::wildcard_imports,
        clippy::let_unit_value,
    )]
    use tonic::codegen::*;
    /// Generated trait containing gRPC methods that should be implemented for use with NodeServer.
    #[async_trait]
    pub trait Node: std::marker::Send + std::marker::Sync + 'static {
        /// Prepares a volume once a node: attach, format, mount at the staging path.
        async fn node_stage_volume(
            &self,
            request: tonic::Request<super::NodeStageVolumeRequest>,
        ) -> std::result::Result<
            tonic::Response<super::NodeStageVolumeResponse>,
            tonic::Status,
        >;
        /// Undoes NodeStageVolume. A volume that isn't staged is a success.
        async fn node_unstage_volume(
            &self,
            request: tonic::Request<super::NodeUnstageVolumeRequest>,
        ) -> std::result::Result<
            tonic::Response<super::NodeUnstageVolumeResponse>,
            tonic::Status,
        >;
        /// Puts a volume at a workload's target path.
        async fn node_publish_volume(
            &self,
            request: tonic::Request<super::NodePublishVolumeRequest>,
        ) -> std::result::Result<
            tonic::Response<super::NodePublishVolumeResponse>,
            tonic::Status,
        >;
        /// Undoes NodePublishVolume and removes the target path.
        async fn node_unpublish_volume(
            &self,
            request: tonic::Request<super::NodeUnpublishVolumeRequest>,
        ) -> std::result::Result<
            tonic::Response<super::NodeUnpublishVolumeResponse>,
            tonic::Status,
        >;
        /// Bytes and inodes in use. An unknown volume or path is NOT_FOUND.
        async fn node_get_volume_stats(
            &self,
            request: tonic::Request<super::NodeGetVolumeStatsRequest>,
        ) -> std::result::Result<
            tonic::Response<super::NodeGetVolumeStatsResponse>,
            tonic::Status,
        >;
        /// How well one volume is, seen from this node.
        async fn node_get_volume_health(
            &self,
            request: tonic::Request<super::NodeGetVolumeHealthRequest>,
        ) -> std::result::Result<
            tonic::Response<super::NodeGetVolumeHealthResponse>,
            tonic::Status,
        >;
        /// How well this node reaches its storage.
        async fn node_get_storage_health(
            &self,
            request: tonic::Request<super::NodeGetStorageHealthRequest>,
        ) -> std::result::Result<
            tonic::Response<super::NodeGetStorageHealthResponse>,
            tonic::Status,
        >;
        /// Grows what lies on a volume that has grown: the device's view of its size, then the file system.
        async fn node_expand_volume(
            &self,
            request: tonic::Request<super::NodeExpandVolumeRequest>,
        ) -> std::result::Result<
            tonic::Response<super::NodeExpandVolumeResponse>,
            tonic::Status,
        >;
        /// Which of the RPCs of this service work.
        async fn node_get_capabilities(
            &self,
            request: tonic::Request<super::NodeGetCapabilitiesRequest>,
        ) -> std::result::Result<
            tonic::Response<super::NodeGetCapabilitiesResponse>,
            tonic::Status,
        >;
        /// How the plugin knows this node, and where the node is.
        async fn node_get_info(
            &self,
            request: tonic::Request<super::NodeGetInfoRequest>,
        ) -> std::result::Result<
            tonic::Response<super::NodeGetInfoResponse>,
            tonic::Status,
        >;
    }
    /// What happens on the machine that uses a volume. Every RPC is idempotent.
    #[derive(Debug)]
    pub struct NodeServer<T> {
        inner: Arc<T>,
        accept_compression_encodings: EnabledCompressionEncodings,
        send_compression_encodings: EnabledCompressionEncodings,
        max_decoding_message_size: Option<usize>,
        max_encoding_message_size: Option<usize>,
    }
    impl<T> NodeServer<T> {
        pub fn new(inner: T) -> Self {
            Self::from_arc(Arc::new(inner))
        }
        pub fn from_arc(inner: Arc<T>) -> Self {
            Self {
                inner,
                accept_compression_encodings: Default::default(),
                send_compression_encodings: Default::default(),
                max_decoding_message_size: None,
                max_encoding_message_size: None,
            }
        }
        pub fn with_interceptor<F>(
            inner: T,
            interceptor: F,
        ) -> InterceptedService<Self, F>
        where
            F: tonic::service::Interceptor,
        {
            InterceptedService::new(Self::new(inner), interceptor)
        }
        /// Enable decompressing requests with the given encoding.
        #[must_use]
        pub fn accept_compressed(mut self, encoding: CompressionEncoding) -> Self {
            self.accept_compression_encodings.enable(encoding);
            self
        }
        /// Compress responses with the given encoding, if the client supports it.
        #[must_use]
        pub fn send_compressed(mut self, encoding: CompressionEncoding) -> Self {
            self.send_compression_encodings.enable(encoding);
            self
        }
        /// Limits the maximum size of a decoded message.
        ///
        /// Default: `4MB`
        #[must_use]
        pub fn max_decoding_message_size(mut self, limit: usize) -> Self {
            self.max_decoding_message_size = Some(limit);
            self
        }
        /// Limits the maximum size of an encoded message.
        ///
        /// Default: `usize::MAX`
        #[must_use]
        pub fn max_encoding_message_size(mut self, limit: usize) -> Self {
            self.max_encoding_message_size = Some(limit);
            self
        }
    }
    impl<T, B> tonic::codegen::Service<http::Request<B>> for NodeServer<T>
    where
        T: Node,
        B: Body + std::marker::Send + 'static,
        B::Error: Into<StdError> + std::marker::Send + 'static,
    {
        type Response = http::Response<tonic::body::Body>;
        type Error = std::convert::Infallible;
        type Future = BoxFuture<Self::Response, Self::Error>;
        fn poll_ready(
            &mut self,
            _cx: &mut Context<'_>,
        ) -> Poll<std::result::Result<(), Self::Error>> {
            Poll::Ready(Ok(()))
        }
        fn call(&mut self, req: http::Request<B>) -> Self::Future {
            match req.uri().path() {
                "/csi.v1.Node/NodeStageVolume" => {
                    #[allow(non_camel_case_types)]
                    struct NodeStageVolumeSvc<T: Node>(pub Arc<T>);
                    impl<
                        T: Node,
                    > tonic::server::UnaryService<super::NodeStageVolumeRequest>
                    for NodeStageVolumeSvc<T> {
                        type Response = super::NodeStageVolumeResponse;
                        type Future = BoxFuture<
                            tonic::Response<Self::Response>,
                            tonic::Status,
                        >;
                        fn call(
                            &mut self,
                            request: tonic::Request<super::NodeStageVolumeRequest>,
                        ) -> Self::Future {
                            let inner = Arc::clone(&self.0);
                            let fut = async move {
                                <T as Node>::node_stage_volume(&inner, request).await
                            };
                            Box::pin(fut)
                        }
                    }
                    let accept_compression_encodings = self.accept_compression_encodings;
                    let send_compression_encodings = self.send_compression_encodings;
                    let max_decoding_message_size = self.max_decoding_message_size;
                    let max_encoding_message_size = self.max_encoding_message_size;
                    let inner = self.inner.clone();
                    let fut = async move {
                        let method = NodeStageVolumeSvc(inner);
                        let codec = tonic_prost::ProstCodec::default();
                        let mut grpc = tonic::server::Grpc::new(codec)
                            .apply_compression_config(
                                accept_compression_encodings,
                                send_compression_encodings,
                            )
                            .apply_max_message_size_config(
                                max_decoding_message_size,
                                max_encoding_message_size,
                            );
                        let res = grpc.unary(method, req).await;
                        Ok(res)
                    };
                    Box::pin(fut)
                }
                "/csi.v1.Node/NodeUnstageVolume" => {
                    #[allow(non_camel_case_types)]
                    struct NodeUnstageVolumeSvc<T: Node>(pub Arc<T>);
                    impl<
                        T: Node,
                    > tonic::server::UnaryService<super::NodeUnstageVolumeRequest>
                    for NodeUnstageVolumeSvc<T> {
                        type Response = super::NodeUnstageVolumeResponse;
                        type Future = BoxFuture<
                            tonic::Response<Self::Response>,
                            tonic::Status,
                        >;
                        fn call(
                            &mut self,
                            request: tonic::Request<super::NodeUnstageVolumeRequest>,
                        ) -> Self::Future {
                            let inner = Arc::clone(&self.0);
                            let fut = async move {
                                <T as Node>::node_unstage_volume(&inner, request).await
                            };
                            Box::pin(fut)
                        }
                    }
                    let accept_compression_encodings = self.accept_compression_encodings;
                    let send_compression_encodings = self.send_compression_encodings;
                    let max_decoding_message_size = self.max_decoding_message_size;
                    let max_encoding_message_size = self.max_encoding_message_size;
                    let inner = self.inner.clone();
                    let fut = async move {
                        let method = NodeUnstageVolumeSvc(inner);
                        let codec = tonic_prost::ProstCodec::default();
                        let mut grpc = tonic::server::Grpc::new(codec)
                            .apply_compression_config(
                                accept_compression_encodings,
                                send_compression_encodings,
                            )
                            .apply_max_message_size_config(
                                max_decoding_message_size,
                                max_encoding_message_size,
                            );
                        let res = grpc.unary(method, req).await;
                        Ok(res)
                    };
                    Box::pin(fut)
                }
                "/csi.v1.Node/NodePublishVolume" => {
                    #[allow(non_camel_case_types)]
                    struct NodePublishVolumeSvc<T: Node>(pub Arc<T>);
                    impl<
                        T: Node,
                    > tonic::server::UnaryService<super::NodePublishVolumeRequest>
                    for NodePublishVolumeSvc<T> {
                        type Response = super::NodePublishVolumeResponse;
                        type Future = BoxFuture<
                            tonic::Response<Self::Response>,
                            tonic::Status,
                        >;
                        fn call(
                            &mut self,
                            request: tonic::Request<super::NodePublishVolumeRequest>,
                        ) -> Self::Future {
                            let inner = Arc::clone(&self.0);
                            let fut = async move {
                                <T as Node>::node_publish_volume(&inner, request).await
                            };
                            Box::pin(fut)
                        }
                    }
                    let accept_compression_encodings = self.accept_compression_encodings;
                    let send_compression_encodings = self.send_compression_encodings;
                    let max_decoding_message_size = self.max_decoding_message_size;
                    let max_encoding_message_size = self.max_encoding_message_size;
                    let inner = self.inner.clone();
                    let fut = async move {
                        let method = NodePublishVolumeSvc(inner);
                        let codec = tonic_prost::ProstCodec::default();
                        let mut grpc = tonic::server::Grpc::new(codec)
                            .apply_compression_config(
                                accept_compression_encodings,
                                send_compression_encodings,
                            )
                            .apply_max_message_size_config(
                                max_decoding_message_size,
                                max_encoding_message_size,
                            );
                        let res = grpc.unary(method, req).await;
                        Ok(res)
                    };
                    Box::pin(fut)
                }
                "/csi.v1.Node/NodeUnpublishVolume" => {
                    #[allow(non_camel_case_types)]
                    struct NodeUnpublishVolumeSvc<T: Node>(pub Arc<T>);
                    impl<
                        T: Node,
                    > tonic::server::UnaryService<super::NodeUnpublishVolumeRequest>
                    for NodeUnpublishVolumeSvc<T> {
                        type Response = super::NodeUnpublishVolumeResponse;
                        type Future = BoxFuture<
                            tonic::Response<Self::Response>,
                            tonic::Status,
                        >;
                        fn call(
                            &mut self,
                            request: tonic::Request<super::NodeUnpublishVolumeRequest>,
                        ) -> Self::Future {
                            let inner = Arc::clone(&self.0);
                            let fut = async move {
                                <T as Node>::node_unpublish_volume(&inner, request).await
                            };
                            Box::pin(fut)
                        }
                    }
                    let accept_compression_encodings = self.accept_compression_encodings;
                    let send_compression_encodings = self.send_compression_encodings;
                    let max_decoding_message_size = self.max_decoding_message_size;
                    let max_encoding_message_size = self.max_encoding_message_size;
                    let inner = self.inner.clone();
                    let fut = async move {
                        let method = NodeUnpublishVolumeSvc(inner);
                        let codec = tonic_prost::ProstCodec::default();
                        let mut grpc = tonic::server::Grpc::new(codec)
                            .apply_compression_config(
                                accept_compression_encodings,
                                send_compression_encodings,
                            )
                            .apply_max_message_size_config(
                                max_decoding_message_size,
                                max_encoding_message_size,
                            );
                        let res = grpc.unary(method, req).await;
                        Ok(res)
                    };
                    Box::pin(fut)
                }
                "/csi.v1.Node/NodeGetVolumeStats" => {
                    #[allow(non_camel_case_types)]
                    struct NodeGetVolumeStatsSvc<T: Node>(pub Arc<T>);
                    impl<
                        T: Node,
                    > tonic::server::UnaryService<super::NodeGetVolumeStatsRequest>
                    for NodeGetVolumeStatsSvc<T> {
                        type Response = super::NodeGetVolumeStatsResponse;
                        type Future = BoxFuture<
                            tonic::Response<Self::Response>,
                            tonic::Status,
                        >;
                        fn call(
                            &mut self,
                            request: tonic::Request<super::NodeGetVolumeStatsRequest>,
                        ) -> Self::Future {
                            let inner = Arc::clone(&self.0);
                            let fut = async move {
                                <T as Node>::node_get_volume_stats(&inner, request).await
                            };
                            Box::pin(fut)
                        }
                    }
                    let accept_compression_encodings = self.accept_compression_encodings;
                    let send_compression_encodings = self.send_compression_encodings;
                    let max_decoding_message_size = self.max_decoding_message_size;
                    let max_encoding_message_size = self.max_encoding_message_size;
                    let inner = self.inner.clone();
                    let fut = async move {
                        let method = NodeGetVolumeStatsSvc(inner);
                        let codec = tonic_prost::ProstCodec::default();
                        let mut grpc = tonic::server::Grpc::new(codec)
                            .apply_compression_config(
                                accept_compression_encodings,
                                send_compression_encodings,
                            )
                            .apply_max_message_size_config(
                                max_decoding_message_size,
                                max_encoding_message_size,
                            );
                        let res = grpc.unary(method, req).await;
                        Ok(res)
                    };
                    Box::pin(fut)
                }
                "/csi.v1.Node/NodeGetVolumeHealth" => {
                    #[allow(non_camel_case_types)]
                    struct NodeGetVolumeHealthSvc<T: Node>(pub Arc<T>);
                    impl<
                        T: Node,
                    > tonic::server::UnaryService<super::NodeGetVolumeHealthRequest>
                    for NodeGetVolumeHealthSvc<T> {
                        type Response = super::NodeGetVolumeHealthResponse;
                        type Future = BoxFuture<
                            tonic::Response<Self::Response>,
                            tonic::Status,
                        >;
                        fn call(
                            &mut self,
                            request: tonic::Request<super::NodeGetVolumeHealthRequest>,
                        ) -> Self::Future {
                            let inner = Arc::clone(&self.0);
                            let fut = async move {
                                <T as Node>::node_get_volume_health(&inner, request).await
                            };
                            Box::pin(fut)
                        }
                    }
                    let accept_compression_encodings = self.accept_compression_encodings;
                    let send_compression_encodings = self.send_compression_encodings;
                    let max_decoding_message_size = self.max_decoding_message_size;
                    let max_encoding_message_size = self.max_encoding_message_size;
                    let inner = self.inner.clone();
                    let fut = async move {
                        let method = NodeGetVolumeHealthSvc(inner);
                        let codec = tonic_prost::ProstCodec::default();
                        let mut grpc = tonic::server::Grpc::new(codec)
                            .apply_compression_config(
                                accept_compression_encodings,
                                send_compression_encodings,
                            )
                            .apply_max_message_size_config(
                                max_decoding_message_size,
                                max_encoding_message_size,
                            );
                        let res = grpc.unary(method, req).await;
                        Ok(res)
                    };
                    Box::pin(fut)
                }
                "/csi.v1.Node/NodeGetStorageHealth" => {
                    #[allow(non_camel_case_types)]
                    struct NodeGetStorageHealthSvc<T: Node>(pub Arc<T>);
                    impl<
                        T: Node,
                    > tonic::server::UnaryService<super::NodeGetStorageHealthRequest>
                    for NodeGetStorageHealthSvc<T> {
                        type Response = super::NodeGetStorageHealthResponse;
                        type Future = BoxFuture<
                            tonic::Response<Self::Response>,
                            tonic::Status,
                        >;
                        fn call(
                            &mut self,
                            request: tonic::Request<super::NodeGetStorageHealthRequest>,
                        ) -> Self::Future {
                            let inner = Arc::clone(&self.0);
                            let fut = async move {
                                <T as Node>::node_get_storage_health(&inner, request).await
                            };
                            Box::pin(fut)
                        }
                    }
                    let accept_compression_encodings = self.accept_compression_encodings;
                    let send_compression_encodings = self.send_compression_encodings;
                    let max_decoding_message_size = self.max_decoding_message_size;
                    let max_encoding_message_size = self.max_encoding_message_size;
                    let inner = self.inner.clone();
                    let fut = async move {
                        let method = NodeGetStorageHealthSvc(inner);
                        let codec = tonic_prost::ProstCodec::default();
                        let mut grpc = tonic::server::Grpc::new(codec)
                            .apply_compression_config(
                                accept_compression_encodings,
                                send_compression_encodings,
                            )
                            .apply_max_message_size_config(
                                max_decoding_message_size,
                                max_encoding_message_size,
                            );
                        let res = grpc.unary(method, req).await;
                        Ok(res)
                    };
                    Box::pin(fut)
                }
                "/csi.v1.Node/NodeExpandVolume" => {
                    #[allow(non_camel_case_types)]
                    struct NodeExpandVolumeSvc<T: Node>(pub Arc<T>);
                    impl<
                        T: Node,
                    > tonic::server::UnaryService<super::NodeExpandVolumeRequest>
                    for NodeExpandVolumeSvc<T> {
                        type Response = super::NodeExpandVolumeResponse;
                        type Future = BoxFuture<
                            tonic::Response<Self::Response>,
                            tonic::Status,
                        >;
                        fn call(
                            &mut self,
                            request: tonic::Request<super::NodeExpandVolumeRequest>,
                        ) -> Self::Future {
                            let inner = Arc::clone(&self.0);
                            let fut = async move {
                                <T as Node>::node_expand_volume(&inner, request).await
                            };
                            Box::pin(fut)
                        }
                    }
                    let accept_compression_encodings = self.accept_compression_encodings;
                    let send_compression_encodings = self.send_compression_encodings;
                    let max_decoding_message_size = self.max_decoding_message_size;
                    let max_encoding_message_size = self.max_encoding_message_size;
                    let inner = self.inner.clone();
                    let fut = async move {
                        let method = NodeExpandVolumeSvc(inner);
                        let codec = tonic_prost::ProstCodec::default();
                        let mut grpc = tonic::server::Grpc::new(codec)
                            .apply_compression_config(
                                accept_compression_encodings,
                                send_compression_encodings,
                            )
                            .apply_max_message_size_config(
                                max_decoding_message_size,
                                max_encoding_message_size,
                            );
                        let res = grpc.unary(method, req).await;
                        Ok(res)
                    };
                    Box::pin(fut)
                }
                "/csi.v1.Node/NodeGetCapabilities" => {
                    #[allow(non_camel_case_types)]
                    struct NodeGetCapabilitiesSvc<T: Node>(pub Arc<T>);
                    impl<
                        T: Node,
                    > tonic::server::UnaryService<super::NodeGetCapabilitiesRequest>
                    for NodeGetCapabilitiesSvc<T> {
                        type Response = super::NodeGetCapabilitiesResponse;
                        type Future = BoxFuture<
                            tonic::Response<Self::Response>,
                            tonic::Status,
                        >;
                        fn call(
                            &mut self,
                            request: tonic::Request<super::NodeGetCapabilitiesRequest>,
                        ) -> Self::Future {
                            let inner = Arc::clone(&self.0);
                            let fut = async move {
                                <T as Node>::node_get_capabilities(&inner, request).await
                            };
                            Box::pin(fut)
                        }
                    }
                    let accept_compression_encodings = self.accept_compression_encodings;
                    let send_compression_encodings = self.send_compression_encodings;
                    let max_decoding_message_size = self.max_decoding_message_size;
                    let max_encoding_message_size = self.max_encoding_message_size;
                    let inner = self.inner.clone();
                    let fut = async move {
                        let method = NodeGetCapabilitiesSvc(inner);
                        let codec = tonic_prost::ProstCodec::default();
                        let mut grpc = tonic::server::Grpc::new(codec)
                            .apply_compression_config(
                                accept_compression_encodings,
                                send_compression_encodings,
                            )
                            .apply_max_message_size_config(
                                max_decoding_message_size,
                                max_encoding_message_size,
                            );
                        let res = grpc.unary(method, req).await;
                        Ok(res)
                    };
                    Box::pin(fut)
                }
                "/csi.v1.Node/NodeGetInfo" => {
                    #[allow(non_camel_case_types)]
                    struct NodeGetInfoSvc<T: Node>(pub Arc<T>);
                    impl<T: Node> tonic::server::UnaryService<super::NodeGetInfoRequest>
                    for NodeGetInfoSvc<T> {
                        type Response = super::NodeGetInfoResponse;
                        type Future = BoxFuture<
                            tonic::Response<Self::Response>,
                            tonic::Status,
                        >;
                        fn call(
                            &mut self,
                            request: tonic::Request<super::NodeGetInfoRequest>,
                        ) -> Self::Future {
                            let inner = Arc::clone(&self.0);
                            let fut = async move {
                                <T as Node>::node_get_info(&inner, request).await
                            };
                            Box::pin(fut)
                        }
                    }
                    let accept_compression_encodings = self.accept_compression_encodings;
                    let send_compression_encodings = self.send_compression_encodings;
                    let max_decoding_message_size = self.max_decoding_message_size;
                    let max_encoding_message_size = self.max_encoding_message_size;
                    let inner = self.inner.clone();
                    let fut = async move {
                        let method = NodeGetInfoSvc(inner);
                        let codec = tonic_prost::ProstCodec::default();
                        let mut grpc = tonic::server::Grpc::new(codec)
                            .apply_compression_config(
                                accept_compression_encodings,
                                send_compression_encodings,
                            )
                            .apply_max_message_size_config(
                                max_decoding_message_size,
                                max_encoding_message_size,
                            );
                        let res = grpc.unary(method, req).await;
                        Ok(res)
                    };
                    Box::pin(fut)
                }
                _ => {
                    Box::pin(async move {
                        let mut response = http::Response::new(
                            tonic::body::Body::default(),
                        );
                        let headers = response.headers_mut();
                        headers
                            .insert(
                                tonic::Status::GRPC_STATUS,
                                (tonic::Code::Unimplemented as i32).into(),
                            );
                        headers
                            .insert(
                                http::header::CONTENT_TYPE,
                                tonic::metadata::GRPC_CONTENT_TYPE,
                            );
                        Ok(response)
                    })
                }
            }
        }
    }
    impl<T> Clone for NodeServer<T> {
        fn clone(&self) -> Self {
            let inner = self.inner.clone();
            Self {
                inner,
                accept_compression_encodings: self.accept_compression_encodings,
                send_compression_encodings: self.send_compression_encodings,
                max_decoding_message_size: self.max_decoding_message_size,
                max_encoding_message_size: self.max_encoding_message_size,
            }
        }
    }
    /// Generated gRPC service name
    pub const SERVICE_NAME: &str = "csi.v1.Node";
    impl<T> tonic::server::NamedService for NodeServer<T> {
        const NAME: &'static str = SERVICE_NAME;
    }
}
impl ::core::fmt::Debug for ControllerExpandVolumeRequest {
    fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
        f.debug_struct("ControllerExpandVolumeRequest")
            .field("volume_id", &self.volume_id)
            .field("capacity_range", &self.capacity_range)
            .field(
                "secrets",
                &crate::redacted::Redacted {
                    empty: self.secrets.is_empty(),
                },
            )
            .field("volume_capability", &self.volume_capability)
            .finish()
    }
}
impl ::core::fmt::Debug for ControllerGetVolumeHealthRequest {
    fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
        f.debug_struct("ControllerGetVolumeHealthRequest")
            .field("volume_id", &self.volume_id)
            .field(
                "secrets",
                &crate::redacted::Redacted {
                    empty: self.secrets.is_empty(),
                },
            )
            .finish()
    }
}
impl ::core::fmt::Debug for ControllerListVolumeHealthRequest {
    fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
        f.debug_struct("ControllerListVolumeHealthRequest")
            .field("max_entries", &self.max_entries)
            .field("starting_token", &self.starting_token)
            .field(
                "secrets",
                &crate::redacted::Redacted {
                    empty: self.secrets.is_empty(),
                },
            )
            .finish()
    }
}
impl ::core::fmt::Debug for ControllerModifyVolumeRequest {
    fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
        f.debug_struct("ControllerModifyVolumeRequest")
            .field("volume_id", &self.volume_id)
            .field(
                "secrets",
                &crate::redacted::Redacted {
                    empty: self.secrets.is_empty(),
                },
            )
            .field("mutable_parameters", &self.mutable_parameters)
            .finish()
    }
}
impl ::core::fmt::Debug for ControllerPublishVolumeRequest {
    fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
        f.debug_struct("ControllerPublishVolumeRequest")
            .field("volume_id", &self.volume_id)
            .field("node_id", &self.node_id)
            .field("volume_capability", &self.volume_capability)
            .field("readonly", &self.readonly)
            .field(
                "secrets",
                &crate::redacted::Redacted {
                    empty: self.secrets.is_empty(),
                },
            )
            .field("volume_context", &self.volume_context)
            .finish()
    }
}
impl ::core::fmt::Debug for ControllerUnpublishVolumeRequest {
    fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
        f.debug_struct("ControllerUnpublishVolumeRequest")
            .field("volume_id", &self.volume_id)
            .field("node_id", &self.node_id)
            .field(
                "secrets",
                &crate::redacted::Redacted {
                    empty: self.secrets.is_empty(),
                },
            )
            .finish()
    }
}
impl ::core::fmt::Debug for CreateSnapshotRequest {
    fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
        f.debug_struct("CreateSnapshotRequest")
            .field("source_volume_id", &self.source_volume_id)
            .field("name", &self.name)
            .field(
                "secrets",
                &crate::redacted::Redacted {
                    empty: self.secrets.is_empty(),
                },
            )
            .field("parameters", &self.parameters)
            .field("accessibility_requirements", &self.accessibility_requirements)
            .finish()
    }
}
impl ::core::fmt::Debug for CreateVolumeGroupSnapshotRequest {
    fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
        f.debug_struct("CreateVolumeGroupSnapshotRequest")
            .field("name", &self.name)
            .field("source_volume_ids", &self.source_volume_ids)
            .field(
                "secrets",
                &crate::redacted::Redacted {
                    empty: self.secrets.is_empty(),
                },
            )
            .field("parameters", &self.parameters)
            .finish()
    }
}
impl ::core::fmt::Debug for CreateVolumeRequest {
    fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
        f.debug_struct("CreateVolumeRequest")
            .field("name", &self.name)
            .field("capacity_range", &self.capacity_range)
            .field("volume_capabilities", &self.volume_capabilities)
            .field("parameters", &self.parameters)
            .field(
                "secrets",
                &crate::redacted::Redacted {
                    empty: self.secrets.is_empty(),
                },
            )
            .field("volume_content_source", &self.volume_content_source)
            .field("accessibility_requirements", &self.accessibility_requirements)
            .field("mutable_parameters", &self.mutable_parameters)
            .finish()
    }
}
impl ::core::fmt::Debug for DeleteSnapshotRequest {
    fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
        f.debug_struct("DeleteSnapshotRequest")
            .field("snapshot_id", &self.snapshot_id)
            .field(
                "secrets",
                &crate::redacted::Redacted {
                    empty: self.secrets.is_empty(),
                },
            )
            .finish()
    }
}
impl ::core::fmt::Debug for DeleteVolumeGroupSnapshotRequest {
    fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
        f.debug_struct("DeleteVolumeGroupSnapshotRequest")
            .field("group_snapshot_id", &self.group_snapshot_id)
            .field("snapshot_ids", &self.snapshot_ids)
            .field(
                "secrets",
                &crate::redacted::Redacted {
                    empty: self.secrets.is_empty(),
                },
            )
            .finish()
    }
}
impl ::core::fmt::Debug for DeleteVolumeRequest {
    fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
        f.debug_struct("DeleteVolumeRequest")
            .field("volume_id", &self.volume_id)
            .field(
                "secrets",
                &crate::redacted::Redacted {
                    empty: self.secrets.is_empty(),
                },
            )
            .finish()
    }
}
impl ::core::fmt::Debug for GetMetadataAllocatedRequest {
    fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
        f.debug_struct("GetMetadataAllocatedRequest")
            .field("snapshot_id", &self.snapshot_id)
            .field("starting_offset", &self.starting_offset)
            .field("max_results", &self.max_results)
            .field(
                "secrets",
                &crate::redacted::Redacted {
                    empty: self.secrets.is_empty(),
                },
            )
            .finish()
    }
}
impl ::core::fmt::Debug for GetMetadataDeltaRequest {
    fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
        f.debug_struct("GetMetadataDeltaRequest")
            .field("base_snapshot_id", &self.base_snapshot_id)
            .field("target_snapshot_id", &self.target_snapshot_id)
            .field("starting_offset", &self.starting_offset)
            .field("max_results", &self.max_results)
            .field(
                "secrets",
                &crate::redacted::Redacted {
                    empty: self.secrets.is_empty(),
                },
            )
            .finish()
    }
}
impl ::core::fmt::Debug for GetSnapshotRequest {
    fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
        f.debug_struct("GetSnapshotRequest")
            .field("snapshot_id", &self.snapshot_id)
            .field(
                "secrets",
                &crate::redacted::Redacted {
                    empty: self.secrets.is_empty(),
                },
            )
            .finish()
    }
}
impl ::core::fmt::Debug for GetVolumeGroupSnapshotRequest {
    fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
        f.debug_struct("GetVolumeGroupSnapshotRequest")
            .field("group_snapshot_id", &self.group_snapshot_id)
            .field("snapshot_ids", &self.snapshot_ids)
            .field(
                "secrets",
                &crate::redacted::Redacted {
                    empty: self.secrets.is_empty(),
                },
            )
            .finish()
    }
}
impl ::core::fmt::Debug for ListSnapshotsRequest {
    fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
        f.debug_struct("ListSnapshotsRequest")
            .field("max_entries", &self.max_entries)
            .field("starting_token", &self.starting_token)
            .field("source_volume_id", &self.source_volume_id)
            .field("snapshot_id", &self.snapshot_id)
            .field(
                "secrets",
                &crate::redacted::Redacted {
                    empty: self.secrets.is_empty(),
                },
            )
            .finish()
    }
}
impl ::core::fmt::Debug for NodeExpandVolumeRequest {
    fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
        f.debug_struct("NodeExpandVolumeRequest")
            .field("volume_id", &self.volume_id)
            .field("volume_path", &self.volume_path)
            .field("capacity_range", &self.capacity_range)
            .field("staging_target_path", &self.staging_target_path)
            .field("volume_capability", &self.volume_capability)
            .field(
                "secrets",
                &crate::redacted::Redacted {
                    empty: self.secrets.is_empty(),
                },
            )
            .finish()
    }
}
impl ::core::fmt::Debug for NodeGetStorageHealthRequest {
    fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
        f.debug_struct("NodeGetStorageHealthRequest")
            .field(
                "secrets",
                &crate::redacted::Redacted {
                    empty: self.secrets.is_empty(),
                },
            )
            .finish()
    }
}
impl ::core::fmt::Debug for NodePublishVolumeRequest {
    fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
        f.debug_struct("NodePublishVolumeRequest")
            .field("volume_id", &self.volume_id)
            .field("publish_context", &self.publish_context)
            .field("staging_target_path", &self.staging_target_path)
            .field("target_path", &self.target_path)
            .field("volume_capability", &self.volume_capability)
            .field("readonly", &self.readonly)
            .field(
                "secrets",
                &crate::redacted::Redacted {
                    empty: self.secrets.is_empty(),
                },
            )
            .field("volume_context", &self.volume_context)
            .finish()
    }
}
impl ::core::fmt::Debug for NodeStageVolumeRequest {
    fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
        f.debug_struct("NodeStageVolumeRequest")
            .field("volume_id", &self.volume_id)
            .field("publish_context", &self.publish_context)
            .field("staging_target_path", &self.staging_target_path)
            .field("volume_capability", &self.volume_capability)
            .field(
                "secrets",
                &crate::redacted::Redacted {
                    empty: self.secrets.is_empty(),
                },
            )
            .field("volume_context", &self.volume_context)
            .finish()
    }
}
impl ::core::fmt::Debug for ValidateVolumeCapabilitiesRequest {
    fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
        f.debug_struct("ValidateVolumeCapabilitiesRequest")
            .field("volume_id", &self.volume_id)
            .field("volume_context", &self.volume_context)
            .field("volume_capabilities", &self.volume_capabilities)
            .field("parameters", &self.parameters)
            .field(
                "secrets",
                &crate::redacted::Redacted {
                    empty: self.secrets.is_empty(),
                },
            )
            .field("mutable_parameters", &self.mutable_parameters)
            .finish()
    }
}
impl ::core::fmt::Debug for volume_capability::MountVolume {
    fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
        f.debug_struct("MountVolume")
            .field("fs_type", &self.fs_type)
            .field(
                "mount_flags",
                &crate::redacted::Redacted {
                    empty: self.mount_flags.is_empty(),
                },
            )
            .field("volume_mount_group", &self.volume_mount_group)
            .finish()
    }
}
