// Generated from package mooring.internal.v1: see ../lib.rs. Not to be edited.

#[derive(Clone, PartialEq, ::prost::Message)]
#[prost(skip_debug)]
pub struct DescribeAttachmentRequest {
    #[prost(string, tag = "1")]
    pub volume_id: ::prost::alloc::string::String,
    #[prost(btree_map = "string, string", tag = "2")]
    pub volume_context: ::prost::alloc::collections::BTreeMap<
        ::prost::alloc::string::String,
        ::prost::alloc::string::String,
    >,
    #[prost(btree_map = "string, string", tag = "3")]
    pub publish_context: ::prost::alloc::collections::BTreeMap<
        ::prost::alloc::string::String,
        ::prost::alloc::string::String,
    >,
    #[prost(message, optional, tag = "4")]
    pub capability: ::core::option::Option<
        super::super::super::csi::v1::VolumeCapability,
    >,
    #[prost(bool, tag = "5")]
    pub readonly: bool,
    #[prost(string, tag = "6")]
    pub node_id: ::prost::alloc::string::String,
    #[prost(btree_map = "string, string", tag = "7")]
    pub secrets: ::prost::alloc::collections::BTreeMap<
        ::prost::alloc::string::String,
        ::prost::alloc::string::String,
    >,
}
impl ::prost::Name for DescribeAttachmentRequest {
    const NAME: &'static str = "DescribeAttachmentRequest";
    const PACKAGE: &'static str = "mooring.internal.v1";
    fn full_name() -> ::prost::alloc::string::String {
        "mooring.internal.v1.DescribeAttachmentRequest".into()
    }
    fn type_url() -> ::prost::alloc::string::String {
        "/mooring.internal.v1.DescribeAttachmentRequest".into()
    }
}
#[derive(Clone, PartialEq, ::prost::Message)]
pub struct DescribeAttachmentResponse {
    #[prost(message, optional, tag = "1")]
    pub attachment: ::core::option::Option<Attachment>,
    #[prost(enumeration = "Content", tag = "2")]
    pub content: i32,
    /// Bytes that the device must at least have.
    #[prost(uint64, optional, tag = "3")]
    pub minimum_size: ::core::option::Option<u64>,
    /// What the node has to enforce. Absent: nothing.
    #[prost(message, optional, tag = "4")]
    pub limits: ::core::option::Option<NodeLimits>,
}
impl ::prost::Name for DescribeAttachmentResponse {
    const NAME: &'static str = "DescribeAttachmentResponse";
    const PACKAGE: &'static str = "mooring.internal.v1";
    fn full_name() -> ::prost::alloc::string::String {
        "mooring.internal.v1.DescribeAttachmentResponse".into()
    }
    fn type_url() -> ::prost::alloc::string::String {
        "/mooring.internal.v1.DescribeAttachmentResponse".into()
    }
}
/// Rates of 0 are none.
#[derive(Clone, Copy, PartialEq, Eq, Hash, ::prost::Message)]
pub struct NodeLimits {
    #[prost(uint64, tag = "1")]
    pub read_iops: u64,
    #[prost(uint64, tag = "2")]
    pub write_iops: u64,
    /// Bytes a second.
    #[prost(uint64, tag = "3")]
    pub read_bandwidth: u64,
    #[prost(uint64, tag = "4")]
    pub write_bandwidth: u64,
    /// Whether deleted blocks are handed back to the storage. Absent: the file system's default.
    #[prost(bool, optional, tag = "5")]
    pub discard: ::core::option::Option<bool>,
}
impl ::prost::Name for NodeLimits {
    const NAME: &'static str = "NodeLimits";
    const PACKAGE: &'static str = "mooring.internal.v1";
    fn full_name() -> ::prost::alloc::string::String {
        "mooring.internal.v1.NodeLimits".into()
    }
    fn type_url() -> ::prost::alloc::string::String {
        "/mooring.internal.v1.NodeLimits".into()
    }
}
#[derive(Clone, PartialEq, ::prost::Message)]
pub struct DescribeNodeRequest {
    #[prost(message, optional, tag = "1")]
    pub facts: ::core::option::Option<NodeFacts>,
}
impl ::prost::Name for DescribeNodeRequest {
    const NAME: &'static str = "DescribeNodeRequest";
    const PACKAGE: &'static str = "mooring.internal.v1";
    fn full_name() -> ::prost::alloc::string::String {
        "mooring.internal.v1.DescribeNodeRequest".into()
    }
    fn type_url() -> ::prost::alloc::string::String {
        "/mooring.internal.v1.DescribeNodeRequest".into()
    }
}
#[derive(Clone, PartialEq, ::prost::Message)]
pub struct DescribeNodeResponse {
    #[prost(string, tag = "1")]
    pub node_id: ::prost::alloc::string::String,
    #[prost(message, optional, tag = "2")]
    pub topology: ::core::option::Option<super::super::super::csi::v1::Topology>,
    /// Absent: no bound.
    #[prost(uint64, optional, tag = "3")]
    pub max_volumes: ::core::option::Option<u64>,
}
impl ::prost::Name for DescribeNodeResponse {
    const NAME: &'static str = "DescribeNodeResponse";
    const PACKAGE: &'static str = "mooring.internal.v1";
    fn full_name() -> ::prost::alloc::string::String {
        "mooring.internal.v1.DescribeNodeResponse".into()
    }
    fn type_url() -> ::prost::alloc::string::String {
        "/mooring.internal.v1.DescribeNodeResponse".into()
    }
}
#[derive(Clone, PartialEq, ::prost::Message)]
pub struct NodeFacts {
    #[prost(string, tag = "1")]
    pub id: ::prost::alloc::string::String,
    #[prost(string, tag = "2")]
    pub hostname: ::prost::alloc::string::String,
    #[prost(string, optional, tag = "3")]
    pub system_uuid: ::core::option::Option<::prost::alloc::string::String>,
    #[prost(string, optional, tag = "4")]
    pub product_name: ::core::option::Option<::prost::alloc::string::String>,
    #[prost(string, optional, tag = "5")]
    pub asset_tag: ::core::option::Option<::prost::alloc::string::String>,
    #[prost(string, optional, tag = "6")]
    pub iscsi_initiator: ::core::option::Option<::prost::alloc::string::String>,
    #[prost(string, optional, tag = "7")]
    pub nvme_host_nqn: ::core::option::Option<::prost::alloc::string::String>,
    #[prost(string, repeated, tag = "8")]
    pub fc_port_names: ::prost::alloc::vec::Vec<::prost::alloc::string::String>,
    #[prost(string, repeated, tag = "9")]
    pub addresses: ::prost::alloc::vec::Vec<::prost::alloc::string::String>,
    #[prost(btree_map = "string, string", tag = "10")]
    pub labels: ::prost::alloc::collections::BTreeMap<
        ::prost::alloc::string::String,
        ::prost::alloc::string::String,
    >,
    #[prost(string, optional, tag = "11")]
    pub system_serial: ::core::option::Option<::prost::alloc::string::String>,
    #[prost(string, optional, tag = "12")]
    pub board_asset_tag: ::core::option::Option<::prost::alloc::string::String>,
}
impl ::prost::Name for NodeFacts {
    const NAME: &'static str = "NodeFacts";
    const PACKAGE: &'static str = "mooring.internal.v1";
    fn full_name() -> ::prost::alloc::string::String {
        "mooring.internal.v1.NodeFacts".into()
    }
    fn type_url() -> ::prost::alloc::string::String {
        "/mooring.internal.v1.NodeFacts".into()
    }
}
#[derive(Clone, PartialEq, ::prost::Message)]
pub struct Order {
    /// Unique on its stream.
    #[prost(uint64, tag = "1")]
    pub id: u64,
    #[prost(oneof = "order::Kind", tags = "2, 3, 4")]
    pub kind: ::core::option::Option<order::Kind>,
}
/// Nested message and enum types in `Order`.
pub mod order {
    #[derive(Clone, PartialEq, ::prost::Oneof)]
    pub enum Kind {
        #[prost(message, tag = "2")]
        Freeze(super::Freeze),
        #[prost(message, tag = "3")]
        Thaw(super::Thaw),
        #[prost(message, tag = "4")]
        ApplyLimits(super::ApplyLimits),
    }
}
impl ::prost::Name for Order {
    const NAME: &'static str = "Order";
    const PACKAGE: &'static str = "mooring.internal.v1";
    fn full_name() -> ::prost::alloc::string::String {
        "mooring.internal.v1.Order".into()
    }
    fn type_url() -> ::prost::alloc::string::String {
        "/mooring.internal.v1.Order".into()
    }
}
/// Keep all writes away from the file systems on these images, those that are mounted on the node.
#[derive(Clone, PartialEq, ::prost::Message)]
pub struct Freeze {
    /// At most 64.
    #[prost(message, repeated, tag = "1")]
    pub images: ::prost::alloc::vec::Vec<PoolItem>,
    /// When the node thaws by itself, from the first file system on: at most 10,000.
    #[prost(uint32, tag = "2")]
    pub hold_ms: u32,
}
impl ::prost::Name for Freeze {
    const NAME: &'static str = "Freeze";
    const PACKAGE: &'static str = "mooring.internal.v1";
    fn full_name() -> ::prost::alloc::string::String {
        "mooring.internal.v1.Freeze".into()
    }
    fn type_url() -> ::prost::alloc::string::String {
        "/mooring.internal.v1.Freeze".into()
    }
}
#[derive(Clone, Copy, PartialEq, Eq, Hash, ::prost::Message)]
pub struct Thaw {
    /// The id of the order that froze.
    #[prost(uint64, tag = "1")]
    pub freeze: u64,
}
impl ::prost::Name for Thaw {
    const NAME: &'static str = "Thaw";
    const PACKAGE: &'static str = "mooring.internal.v1";
    fn full_name() -> ::prost::alloc::string::String {
        "mooring.internal.v1.Thaw".into()
    }
    fn type_url() -> ::prost::alloc::string::String {
        "/mooring.internal.v1.Thaw".into()
    }
}
/// Enforce exactly these from now on, if the volume is on the node.
#[derive(Clone, PartialEq, Eq, Hash, ::prost::Message)]
pub struct ApplyLimits {
    #[prost(string, tag = "1")]
    pub volume_id: ::prost::alloc::string::String,
    /// Absent: none.
    #[prost(message, optional, tag = "2")]
    pub limits: ::core::option::Option<NodeLimits>,
}
impl ::prost::Name for ApplyLimits {
    const NAME: &'static str = "ApplyLimits";
    const PACKAGE: &'static str = "mooring.internal.v1";
    fn full_name() -> ::prost::alloc::string::String {
        "mooring.internal.v1.ApplyLimits".into()
    }
    fn type_url() -> ::prost::alloc::string::String {
        "/mooring.internal.v1.ApplyLimits".into()
    }
}
/// How an order ended on the node.
#[derive(Clone, PartialEq, ::prost::Message)]
pub struct OrderReport {
    /// The order's.
    #[prost(uint64, tag = "1")]
    pub id: u64,
    #[prost(oneof = "order_report::Outcome", tags = "2, 3, 4, 5")]
    pub outcome: ::core::option::Option<order_report::Outcome>,
}
/// Nested message and enum types in `OrderReport`.
pub mod order_report {
    #[derive(Clone, PartialEq, ::prost::Oneof)]
    pub enum Outcome {
        #[prost(message, tag = "2")]
        Failure(super::Failure),
        #[prost(message, tag = "3")]
        Frozen(super::Frozen),
        #[prost(message, tag = "4")]
        Thawed(super::Thawed),
        #[prost(message, tag = "5")]
        Applied(super::Applied),
    }
}
impl ::prost::Name for OrderReport {
    const NAME: &'static str = "OrderReport";
    const PACKAGE: &'static str = "mooring.internal.v1";
    fn full_name() -> ::prost::alloc::string::String {
        "mooring.internal.v1.OrderReport".into()
    }
    fn type_url() -> ::prost::alloc::string::String {
        "/mooring.internal.v1.OrderReport".into()
    }
}
#[derive(Clone, PartialEq, Eq, Hash, ::prost::Message)]
pub struct Failure {
    /// As gRPC counts them.
    #[prost(int32, tag = "1")]
    pub code: i32,
    #[prost(string, tag = "2")]
    pub message: ::prost::alloc::string::String,
}
impl ::prost::Name for Failure {
    const NAME: &'static str = "Failure";
    const PACKAGE: &'static str = "mooring.internal.v1";
    fn full_name() -> ::prost::alloc::string::String {
        "mooring.internal.v1.Failure".into()
    }
    fn type_url() -> ::prost::alloc::string::String {
        "/mooring.internal.v1.Failure".into()
    }
}
#[derive(Clone, PartialEq, ::prost::Message)]
pub struct Frozen {
    /// Those of the images that are attached on the node: nothing is written to them now.
    #[prost(message, repeated, tag = "1")]
    pub images: ::prost::alloc::vec::Vec<PoolItem>,
}
impl ::prost::Name for Frozen {
    const NAME: &'static str = "Frozen";
    const PACKAGE: &'static str = "mooring.internal.v1";
    fn full_name() -> ::prost::alloc::string::String {
        "mooring.internal.v1.Frozen".into()
    }
    fn type_url() -> ::prost::alloc::string::String {
        "/mooring.internal.v1.Frozen".into()
    }
}
#[derive(Clone, Copy, PartialEq, Eq, Hash, ::prost::Message)]
pub struct Thawed {
    /// Whether everything was frozen without a break until this thaw.
    #[prost(bool, tag = "1")]
    pub held: bool,
}
impl ::prost::Name for Thawed {
    const NAME: &'static str = "Thawed";
    const PACKAGE: &'static str = "mooring.internal.v1";
    fn full_name() -> ::prost::alloc::string::String {
        "mooring.internal.v1.Thawed".into()
    }
    fn type_url() -> ::prost::alloc::string::String {
        "/mooring.internal.v1.Thawed".into()
    }
}
#[derive(Clone, Copy, PartialEq, Eq, Hash, ::prost::Message)]
pub struct Applied {
    /// Whether the volume is on the node.
    #[prost(bool, tag = "1")]
    pub present: bool,
}
impl ::prost::Name for Applied {
    const NAME: &'static str = "Applied";
    const PACKAGE: &'static str = "mooring.internal.v1";
    fn full_name() -> ::prost::alloc::string::String {
        "mooring.internal.v1.Applied".into()
    }
    fn type_url() -> ::prost::alloc::string::String {
        "/mooring.internal.v1.Applied".into()
    }
}
#[derive(Clone, PartialEq, ::prost::Message)]
pub struct Attachment {
    #[prost(
        oneof = "attachment::Kind",
        tags = "1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14"
    )]
    pub kind: ::core::option::Option<attachment::Kind>,
}
/// Nested message and enum types in `Attachment`.
pub mod attachment {
    #[derive(Clone, PartialEq, ::prost::Oneof)]
    pub enum Kind {
        #[prost(message, tag = "1")]
        ImageFile(super::PoolItem),
        #[prost(message, tag = "2")]
        Directory(super::PoolItem),
        #[prost(message, tag = "3")]
        BlockDevice(super::BlockDevice),
        #[prost(message, tag = "4")]
        Iscsi(super::Iscsi),
        #[prost(message, tag = "5")]
        NvmeOf(super::NvmeOf),
        #[prost(message, tag = "6")]
        FibreChannel(super::FibreChannel),
        #[prost(message, tag = "7")]
        Nfs(super::Nfs),
        #[prost(message, tag = "8")]
        Smb(super::Smb),
        #[prost(message, tag = "9")]
        Rbd(super::Rbd),
        #[prost(message, tag = "10")]
        Cephfs(super::Cephfs),
        #[prost(message, tag = "11")]
        Fuse(super::Fuse),
        #[prost(message, tag = "12")]
        MountedDirectory(super::MountedDirectory),
        #[prost(message, tag = "13")]
        KataDirect(super::KataDirect),
        #[prost(message, tag = "14")]
        External(super::External),
    }
}
impl ::prost::Name for Attachment {
    const NAME: &'static str = "Attachment";
    const PACKAGE: &'static str = "mooring.internal.v1";
    fn full_name() -> ::prost::alloc::string::String {
        "mooring.internal.v1.Attachment".into()
    }
    fn type_url() -> ::prost::alloc::string::String {
        "/mooring.internal.v1.Attachment".into()
    }
}
/// A message of its own, so that it is absent or present, and withheld from Debug output either way.
#[derive(Clone, PartialEq, Eq, Hash, ::prost::Message)]
#[prost(skip_debug)]
pub struct Secret {
    #[prost(string, tag = "1")]
    pub value: ::prost::alloc::string::String,
}
impl ::prost::Name for Secret {
    const NAME: &'static str = "Secret";
    const PACKAGE: &'static str = "mooring.internal.v1";
    fn full_name() -> ::prost::alloc::string::String {
        "mooring.internal.v1.Secret".into()
    }
    fn type_url() -> ::prost::alloc::string::String {
        "/mooring.internal.v1.Secret".into()
    }
}
#[derive(Clone, PartialEq, ::prost::Message)]
#[prost(skip_debug)]
pub struct Secrets {
    #[prost(btree_map = "string, string", tag = "1")]
    pub values: ::prost::alloc::collections::BTreeMap<
        ::prost::alloc::string::String,
        ::prost::alloc::string::String,
    >,
}
impl ::prost::Name for Secrets {
    const NAME: &'static str = "Secrets";
    const PACKAGE: &'static str = "mooring.internal.v1";
    fn full_name() -> ::prost::alloc::string::String {
        "mooring.internal.v1.Secrets".into()
    }
    fn type_url() -> ::prost::alloc::string::String {
        "/mooring.internal.v1.Secrets".into()
    }
}
#[derive(Clone, PartialEq, Eq, Hash, ::prost::Message)]
pub struct Credentials {
    #[prost(string, tag = "1")]
    pub user: ::prost::alloc::string::String,
    #[prost(message, optional, tag = "2")]
    pub password: ::core::option::Option<Secret>,
}
impl ::prost::Name for Credentials {
    const NAME: &'static str = "Credentials";
    const PACKAGE: &'static str = "mooring.internal.v1";
    fn full_name() -> ::prost::alloc::string::String {
        "mooring.internal.v1.Credentials".into()
    }
    fn type_url() -> ::prost::alloc::string::String {
        "/mooring.internal.v1.Credentials".into()
    }
}
#[derive(Clone, PartialEq, Eq, Hash, ::prost::Message)]
pub struct PoolItem {
    #[prost(string, tag = "1")]
    pub pool: ::prost::alloc::string::String,
    #[prost(string, tag = "2")]
    pub name: ::prost::alloc::string::String,
}
impl ::prost::Name for PoolItem {
    const NAME: &'static str = "PoolItem";
    const PACKAGE: &'static str = "mooring.internal.v1";
    fn full_name() -> ::prost::alloc::string::String {
        "mooring.internal.v1.PoolItem".into()
    }
    fn type_url() -> ::prost::alloc::string::String {
        "/mooring.internal.v1.PoolItem".into()
    }
}
#[derive(Clone, PartialEq, Eq, Hash, ::prost::Message)]
pub struct BlockDevice {
    #[prost(string, repeated, tag = "1")]
    pub links: ::prost::alloc::vec::Vec<::prost::alloc::string::String>,
    #[prost(string, optional, tag = "2")]
    pub serial: ::core::option::Option<::prost::alloc::string::String>,
    #[prost(string, optional, tag = "3")]
    pub wwid: ::core::option::Option<::prost::alloc::string::String>,
    #[prost(bool, tag = "4")]
    pub rescan: bool,
}
impl ::prost::Name for BlockDevice {
    const NAME: &'static str = "BlockDevice";
    const PACKAGE: &'static str = "mooring.internal.v1";
    fn full_name() -> ::prost::alloc::string::String {
        "mooring.internal.v1.BlockDevice".into()
    }
    fn type_url() -> ::prost::alloc::string::String {
        "/mooring.internal.v1.BlockDevice".into()
    }
}
#[derive(Clone, PartialEq, ::prost::Message)]
pub struct Iscsi {
    #[prost(string, repeated, tag = "1")]
    pub portals: ::prost::alloc::vec::Vec<::prost::alloc::string::String>,
    #[prost(string, tag = "2")]
    pub iqn: ::prost::alloc::string::String,
    #[prost(uint32, tag = "3")]
    pub lun: u32,
    #[prost(string, optional, tag = "4")]
    pub wwid: ::core::option::Option<::prost::alloc::string::String>,
    #[prost(bool, tag = "5")]
    pub discover: bool,
    #[prost(message, optional, tag = "6")]
    pub chap: ::core::option::Option<Credentials>,
    #[prost(message, optional, tag = "7")]
    pub mutual_chap: ::core::option::Option<Credentials>,
    #[prost(message, optional, tag = "8")]
    pub discovery_chap: ::core::option::Option<Credentials>,
    #[prost(message, repeated, tag = "9")]
    pub further_targets: ::prost::alloc::vec::Vec<IscsiTarget>,
}
impl ::prost::Name for Iscsi {
    const NAME: &'static str = "Iscsi";
    const PACKAGE: &'static str = "mooring.internal.v1";
    fn full_name() -> ::prost::alloc::string::String {
        "mooring.internal.v1.Iscsi".into()
    }
    fn type_url() -> ::prost::alloc::string::String {
        "/mooring.internal.v1.Iscsi".into()
    }
}
#[derive(Clone, PartialEq, Eq, Hash, ::prost::Message)]
pub struct IscsiTarget {
    #[prost(string, repeated, tag = "1")]
    pub portals: ::prost::alloc::vec::Vec<::prost::alloc::string::String>,
    #[prost(string, tag = "2")]
    pub iqn: ::prost::alloc::string::String,
    #[prost(uint32, tag = "3")]
    pub lun: u32,
}
impl ::prost::Name for IscsiTarget {
    const NAME: &'static str = "IscsiTarget";
    const PACKAGE: &'static str = "mooring.internal.v1";
    fn full_name() -> ::prost::alloc::string::String {
        "mooring.internal.v1.IscsiTarget".into()
    }
    fn type_url() -> ::prost::alloc::string::String {
        "/mooring.internal.v1.IscsiTarget".into()
    }
}
#[derive(Clone, PartialEq, Eq, Hash, ::prost::Message)]
pub struct NvmeOf {
    #[prost(enumeration = "nvme_of::Transport", tag = "1")]
    pub transport: i32,
    #[prost(string, repeated, tag = "2")]
    pub addresses: ::prost::alloc::vec::Vec<::prost::alloc::string::String>,
    #[prost(string, tag = "3")]
    pub subsystem_nqn: ::prost::alloc::string::String,
    #[prost(string, optional, tag = "8")]
    pub host_nqn: ::core::option::Option<::prost::alloc::string::String>,
    #[prost(message, optional, tag = "9")]
    pub dhchap_key: ::core::option::Option<Secret>,
    #[prost(oneof = "nvme_of::Namespace", tags = "4, 5, 6, 7")]
    pub namespace: ::core::option::Option<nvme_of::Namespace>,
}
/// Nested message and enum types in `NvmeOf`.
pub mod nvme_of {
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
    pub enum Transport {
        Unknown = 0,
        Tcp = 1,
        Rdma = 2,
        Fc = 3,
    }
    impl Transport {
        /// String value of the enum field names used in the ProtoBuf definition.
        ///
        /// The values are not transformed in any way and thus are considered stable
        /// (if the ProtoBuf definition does not change) and safe for programmatic use.
        pub fn as_str_name(&self) -> &'static str {
            match self {
                Self::Unknown => "TRANSPORT_UNKNOWN",
                Self::Tcp => "TRANSPORT_TCP",
                Self::Rdma => "TRANSPORT_RDMA",
                Self::Fc => "TRANSPORT_FC",
            }
        }
        /// Creates an enum from field names used in the ProtoBuf definition.
        pub fn from_str_name(value: &str) -> ::core::option::Option<Self> {
            match value {
                "TRANSPORT_UNKNOWN" => Some(Self::Unknown),
                "TRANSPORT_TCP" => Some(Self::Tcp),
                "TRANSPORT_RDMA" => Some(Self::Rdma),
                "TRANSPORT_FC" => Some(Self::Fc),
                _ => None,
            }
        }
    }
    #[derive(Clone, PartialEq, Eq, Hash, ::prost::Oneof)]
    pub enum Namespace {
        #[prost(uint32, tag = "4")]
        Nsid(u32),
        #[prost(string, tag = "5")]
        Uuid(::prost::alloc::string::String),
        #[prost(string, tag = "6")]
        Nguid(::prost::alloc::string::String),
        #[prost(string, tag = "7")]
        Eui64(::prost::alloc::string::String),
    }
}
impl ::prost::Name for NvmeOf {
    const NAME: &'static str = "NvmeOf";
    const PACKAGE: &'static str = "mooring.internal.v1";
    fn full_name() -> ::prost::alloc::string::String {
        "mooring.internal.v1.NvmeOf".into()
    }
    fn type_url() -> ::prost::alloc::string::String {
        "/mooring.internal.v1.NvmeOf".into()
    }
}
#[derive(Clone, PartialEq, Eq, Hash, ::prost::Message)]
pub struct FibreChannel {
    #[prost(string, repeated, tag = "1")]
    pub target_wwns: ::prost::alloc::vec::Vec<::prost::alloc::string::String>,
    #[prost(uint32, tag = "2")]
    pub lun: u32,
    #[prost(string, optional, tag = "3")]
    pub wwid: ::core::option::Option<::prost::alloc::string::String>,
}
impl ::prost::Name for FibreChannel {
    const NAME: &'static str = "FibreChannel";
    const PACKAGE: &'static str = "mooring.internal.v1";
    fn full_name() -> ::prost::alloc::string::String {
        "mooring.internal.v1.FibreChannel".into()
    }
    fn type_url() -> ::prost::alloc::string::String {
        "/mooring.internal.v1.FibreChannel".into()
    }
}
#[derive(Clone, PartialEq, Eq, Hash, ::prost::Message)]
pub struct Nfs {
    #[prost(string, repeated, tag = "1")]
    pub servers: ::prost::alloc::vec::Vec<::prost::alloc::string::String>,
    #[prost(string, tag = "2")]
    pub export_path: ::prost::alloc::string::String,
    #[prost(enumeration = "nfs::Version", tag = "3")]
    pub version: i32,
}
/// Nested message and enum types in `Nfs`.
pub mod nfs {
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
    pub enum Version {
        Any = 0,
        Version3 = 1,
        Version4 = 2,
        Version41 = 3,
        Version42 = 4,
    }
    impl Version {
        /// String value of the enum field names used in the ProtoBuf definition.
        ///
        /// The values are not transformed in any way and thus are considered stable
        /// (if the ProtoBuf definition does not change) and safe for programmatic use.
        pub fn as_str_name(&self) -> &'static str {
            match self {
                Self::Any => "VERSION_ANY",
                Self::Version3 => "VERSION_3",
                Self::Version4 => "VERSION_4",
                Self::Version41 => "VERSION_4_1",
                Self::Version42 => "VERSION_4_2",
            }
        }
        /// Creates an enum from field names used in the ProtoBuf definition.
        pub fn from_str_name(value: &str) -> ::core::option::Option<Self> {
            match value {
                "VERSION_ANY" => Some(Self::Any),
                "VERSION_3" => Some(Self::Version3),
                "VERSION_4" => Some(Self::Version4),
                "VERSION_4_1" => Some(Self::Version41),
                "VERSION_4_2" => Some(Self::Version42),
                _ => None,
            }
        }
    }
}
impl ::prost::Name for Nfs {
    const NAME: &'static str = "Nfs";
    const PACKAGE: &'static str = "mooring.internal.v1";
    fn full_name() -> ::prost::alloc::string::String {
        "mooring.internal.v1.Nfs".into()
    }
    fn type_url() -> ::prost::alloc::string::String {
        "/mooring.internal.v1.Nfs".into()
    }
}
#[derive(Clone, PartialEq, Eq, Hash, ::prost::Message)]
pub struct Smb {
    #[prost(string, tag = "1")]
    pub server: ::prost::alloc::string::String,
    #[prost(string, tag = "2")]
    pub share: ::prost::alloc::string::String,
    #[prost(string, optional, tag = "3")]
    pub subdirectory: ::core::option::Option<::prost::alloc::string::String>,
    #[prost(oneof = "smb::Auth", tags = "4, 5, 6")]
    pub auth: ::core::option::Option<smb::Auth>,
}
/// Nested message and enum types in `Smb`.
pub mod smb {
    #[derive(Clone, PartialEq, Eq, Hash, ::prost::Message)]
    pub struct Password {
        #[prost(string, optional, tag = "1")]
        pub domain: ::core::option::Option<::prost::alloc::string::String>,
        #[prost(message, optional, tag = "2")]
        pub credentials: ::core::option::Option<super::Credentials>,
    }
    impl ::prost::Name for Password {
        const NAME: &'static str = "Password";
        const PACKAGE: &'static str = "mooring.internal.v1";
        fn full_name() -> ::prost::alloc::string::String {
            "mooring.internal.v1.Smb.Password".into()
        }
        fn type_url() -> ::prost::alloc::string::String {
            "/mooring.internal.v1.Smb.Password".into()
        }
    }
    #[derive(Clone, Copy, PartialEq, Eq, Hash, ::prost::Message)]
    pub struct Kerberos {}
    impl ::prost::Name for Kerberos {
        const NAME: &'static str = "Kerberos";
        const PACKAGE: &'static str = "mooring.internal.v1";
        fn full_name() -> ::prost::alloc::string::String {
            "mooring.internal.v1.Smb.Kerberos".into()
        }
        fn type_url() -> ::prost::alloc::string::String {
            "/mooring.internal.v1.Smb.Kerberos".into()
        }
    }
    #[derive(Clone, Copy, PartialEq, Eq, Hash, ::prost::Message)]
    pub struct Guest {}
    impl ::prost::Name for Guest {
        const NAME: &'static str = "Guest";
        const PACKAGE: &'static str = "mooring.internal.v1";
        fn full_name() -> ::prost::alloc::string::String {
            "mooring.internal.v1.Smb.Guest".into()
        }
        fn type_url() -> ::prost::alloc::string::String {
            "/mooring.internal.v1.Smb.Guest".into()
        }
    }
    #[derive(Clone, PartialEq, Eq, Hash, ::prost::Oneof)]
    pub enum Auth {
        #[prost(message, tag = "4")]
        Password(Password),
        #[prost(message, tag = "5")]
        Kerberos(Kerberos),
        #[prost(message, tag = "6")]
        Guest(Guest),
    }
}
impl ::prost::Name for Smb {
    const NAME: &'static str = "Smb";
    const PACKAGE: &'static str = "mooring.internal.v1";
    fn full_name() -> ::prost::alloc::string::String {
        "mooring.internal.v1.Smb".into()
    }
    fn type_url() -> ::prost::alloc::string::String {
        "/mooring.internal.v1.Smb".into()
    }
}
#[derive(Clone, PartialEq, Eq, Hash, ::prost::Message)]
pub struct CephCluster {
    #[prost(string, repeated, tag = "1")]
    pub monitors: ::prost::alloc::vec::Vec<::prost::alloc::string::String>,
    #[prost(string, optional, tag = "2")]
    pub fsid: ::core::option::Option<::prost::alloc::string::String>,
    #[prost(string, tag = "3")]
    pub user: ::prost::alloc::string::String,
    #[prost(message, optional, tag = "4")]
    pub key: ::core::option::Option<Secret>,
}
impl ::prost::Name for CephCluster {
    const NAME: &'static str = "CephCluster";
    const PACKAGE: &'static str = "mooring.internal.v1";
    fn full_name() -> ::prost::alloc::string::String {
        "mooring.internal.v1.CephCluster".into()
    }
    fn type_url() -> ::prost::alloc::string::String {
        "/mooring.internal.v1.CephCluster".into()
    }
}
#[derive(Clone, PartialEq, Eq, Hash, ::prost::Message)]
pub struct Rbd {
    #[prost(message, optional, tag = "1")]
    pub cluster: ::core::option::Option<CephCluster>,
    #[prost(string, tag = "2")]
    pub pool: ::prost::alloc::string::String,
    #[prost(string, optional, tag = "3")]
    pub namespace: ::core::option::Option<::prost::alloc::string::String>,
    #[prost(string, tag = "4")]
    pub image: ::prost::alloc::string::String,
    #[prost(enumeration = "rbd::Mapper", tag = "5")]
    pub mapper: i32,
}
/// Nested message and enum types in `Rbd`.
pub mod rbd {
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
    pub enum Mapper {
        Unknown = 0,
        Krbd = 1,
        Nbd = 2,
    }
    impl Mapper {
        /// String value of the enum field names used in the ProtoBuf definition.
        ///
        /// The values are not transformed in any way and thus are considered stable
        /// (if the ProtoBuf definition does not change) and safe for programmatic use.
        pub fn as_str_name(&self) -> &'static str {
            match self {
                Self::Unknown => "MAPPER_UNKNOWN",
                Self::Krbd => "MAPPER_KRBD",
                Self::Nbd => "MAPPER_NBD",
            }
        }
        /// Creates an enum from field names used in the ProtoBuf definition.
        pub fn from_str_name(value: &str) -> ::core::option::Option<Self> {
            match value {
                "MAPPER_UNKNOWN" => Some(Self::Unknown),
                "MAPPER_KRBD" => Some(Self::Krbd),
                "MAPPER_NBD" => Some(Self::Nbd),
                _ => None,
            }
        }
    }
}
impl ::prost::Name for Rbd {
    const NAME: &'static str = "Rbd";
    const PACKAGE: &'static str = "mooring.internal.v1";
    fn full_name() -> ::prost::alloc::string::String {
        "mooring.internal.v1.Rbd".into()
    }
    fn type_url() -> ::prost::alloc::string::String {
        "/mooring.internal.v1.Rbd".into()
    }
}
#[derive(Clone, PartialEq, Eq, Hash, ::prost::Message)]
pub struct Cephfs {
    #[prost(message, optional, tag = "1")]
    pub cluster: ::core::option::Option<CephCluster>,
    #[prost(string, tag = "2")]
    pub fs_name: ::prost::alloc::string::String,
    #[prost(string, tag = "3")]
    pub path: ::prost::alloc::string::String,
    #[prost(enumeration = "cephfs::Client", tag = "4")]
    pub client: i32,
}
/// Nested message and enum types in `Cephfs`.
pub mod cephfs {
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
    pub enum Client {
        Unknown = 0,
        Kernel = 1,
        Fuse = 2,
    }
    impl Client {
        /// String value of the enum field names used in the ProtoBuf definition.
        ///
        /// The values are not transformed in any way and thus are considered stable
        /// (if the ProtoBuf definition does not change) and safe for programmatic use.
        pub fn as_str_name(&self) -> &'static str {
            match self {
                Self::Unknown => "CLIENT_UNKNOWN",
                Self::Kernel => "CLIENT_KERNEL",
                Self::Fuse => "CLIENT_FUSE",
            }
        }
        /// Creates an enum from field names used in the ProtoBuf definition.
        pub fn from_str_name(value: &str) -> ::core::option::Option<Self> {
            match value {
                "CLIENT_UNKNOWN" => Some(Self::Unknown),
                "CLIENT_KERNEL" => Some(Self::Kernel),
                "CLIENT_FUSE" => Some(Self::Fuse),
                _ => None,
            }
        }
    }
}
impl ::prost::Name for Cephfs {
    const NAME: &'static str = "Cephfs";
    const PACKAGE: &'static str = "mooring.internal.v1";
    fn full_name() -> ::prost::alloc::string::String {
        "mooring.internal.v1.Cephfs".into()
    }
    fn type_url() -> ::prost::alloc::string::String {
        "/mooring.internal.v1.Cephfs".into()
    }
}
#[derive(Clone, PartialEq, ::prost::Message)]
pub struct Fuse {
    #[prost(string, tag = "1")]
    pub client: ::prost::alloc::string::String,
    #[prost(string, tag = "2")]
    pub source: ::prost::alloc::string::String,
    #[prost(btree_map = "string, string", tag = "3")]
    pub parameters: ::prost::alloc::collections::BTreeMap<
        ::prost::alloc::string::String,
        ::prost::alloc::string::String,
    >,
    #[prost(message, optional, tag = "4")]
    pub secrets: ::core::option::Option<Secrets>,
}
impl ::prost::Name for Fuse {
    const NAME: &'static str = "Fuse";
    const PACKAGE: &'static str = "mooring.internal.v1";
    fn full_name() -> ::prost::alloc::string::String {
        "mooring.internal.v1.Fuse".into()
    }
    fn type_url() -> ::prost::alloc::string::String {
        "/mooring.internal.v1.Fuse".into()
    }
}
#[derive(Clone, PartialEq, Eq, Hash, ::prost::Message)]
pub struct MountedDirectory {
    #[prost(string, tag = "1")]
    pub root: ::prost::alloc::string::String,
    #[prost(string, tag = "2")]
    pub path: ::prost::alloc::string::String,
}
impl ::prost::Name for MountedDirectory {
    const NAME: &'static str = "MountedDirectory";
    const PACKAGE: &'static str = "mooring.internal.v1";
    fn full_name() -> ::prost::alloc::string::String {
        "mooring.internal.v1.MountedDirectory".into()
    }
    fn type_url() -> ::prost::alloc::string::String {
        "/mooring.internal.v1.MountedDirectory".into()
    }
}
#[derive(Clone, PartialEq, ::prost::Message)]
pub struct KataDirect {
    #[prost(string, optional, tag = "3")]
    pub fs_type: ::core::option::Option<::prost::alloc::string::String>,
    #[prost(btree_map = "string, string", tag = "4")]
    pub metadata: ::prost::alloc::collections::BTreeMap<
        ::prost::alloc::string::String,
        ::prost::alloc::string::String,
    >,
    #[prost(oneof = "kata_direct::Device", tags = "1, 2")]
    pub device: ::core::option::Option<kata_direct::Device>,
}
/// Nested message and enum types in `KataDirect`.
pub mod kata_direct {
    #[derive(Clone, PartialEq, Eq, Hash, ::prost::Oneof)]
    pub enum Device {
        #[prost(message, tag = "1")]
        BlockDevice(super::BlockDevice),
        #[prost(message, tag = "2")]
        ImageFile(super::PoolItem),
    }
}
impl ::prost::Name for KataDirect {
    const NAME: &'static str = "KataDirect";
    const PACKAGE: &'static str = "mooring.internal.v1";
    fn full_name() -> ::prost::alloc::string::String {
        "mooring.internal.v1.KataDirect".into()
    }
    fn type_url() -> ::prost::alloc::string::String {
        "/mooring.internal.v1.KataDirect".into()
    }
}
#[derive(Clone, PartialEq, ::prost::Message)]
pub struct External {
    #[prost(string, tag = "1")]
    pub program: ::prost::alloc::string::String,
    #[prost(string, tag = "2")]
    pub request: ::prost::alloc::string::String,
    #[prost(message, optional, tag = "3")]
    pub secrets: ::core::option::Option<Secrets>,
}
impl ::prost::Name for External {
    const NAME: &'static str = "External";
    const PACKAGE: &'static str = "mooring.internal.v1";
    fn full_name() -> ::prost::alloc::string::String {
        "mooring.internal.v1.External".into()
    }
    fn type_url() -> ::prost::alloc::string::String {
        "/mooring.internal.v1.External".into()
    }
}
/// What the volume held when it was made. Only BLANK may ever be formatted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, ::prost::Enumeration)]
#[repr(i32)]
pub enum Content {
    /// Never to be formatted, like COPIED: what is not said is not blank.
    Unknown = 0,
    Blank = 1,
    Copied = 2,
}
impl Content {
    /// String value of the enum field names used in the ProtoBuf definition.
    ///
    /// The values are not transformed in any way and thus are considered stable
    /// (if the ProtoBuf definition does not change) and safe for programmatic use.
    pub fn as_str_name(&self) -> &'static str {
        match self {
            Self::Unknown => "CONTENT_UNKNOWN",
            Self::Blank => "CONTENT_BLANK",
            Self::Copied => "CONTENT_COPIED",
        }
    }
    /// Creates an enum from field names used in the ProtoBuf definition.
    pub fn from_str_name(value: &str) -> ::core::option::Option<Self> {
        match value {
            "CONTENT_UNKNOWN" => Some(Self::Unknown),
            "CONTENT_BLANK" => Some(Self::Blank),
            "CONTENT_COPIED" => Some(Self::Copied),
            _ => None,
        }
    }
}
/// Generated client implementations.
pub mod backend_client {
    #![allow(
        unused_variables,
        dead_code,
        missing_docs,
        clippy::wildcard_imports,
        clippy::let_unit_value,
    )]
    use tonic::codegen::*;
    use tonic::codegen::http::Uri;
    /// A driver's private socket answers these beside the CSI services.
    #[derive(Debug, Clone)]
    pub struct BackendClient<T> {
        inner: tonic::client::Grpc<T>,
    }
    impl BackendClient<tonic::transport::Channel> {
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
    impl<T> BackendClient<T>
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
        ) -> BackendClient<InterceptedService<T, F>>
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
            BackendClient::new(InterceptedService::new(inner, interceptor))
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
        /// Where a volume is, for one stage or expansion of it.
        pub async fn describe_attachment(
            &mut self,
            request: impl tonic::IntoRequest<super::DescribeAttachmentRequest>,
        ) -> std::result::Result<
            tonic::Response<super::DescribeAttachmentResponse>,
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
                "/mooring.internal.v1.Backend/DescribeAttachment",
            );
            let mut req = request.into_request();
            req.extensions_mut()
                .insert(
                    GrpcMethod::new("mooring.internal.v1.Backend", "DescribeAttachment"),
                );
            self.inner.unary(req, path, codec).await
        }
        /// How the vendor describes a machine.
        pub async fn describe_node(
            &mut self,
            request: impl tonic::IntoRequest<super::DescribeNodeRequest>,
        ) -> std::result::Result<
            tonic::Response<super::DescribeNodeResponse>,
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
                "/mooring.internal.v1.Backend/DescribeNode",
            );
            let mut req = request.into_request();
            req.extensions_mut()
                .insert(GrpcMethod::new("mooring.internal.v1.Backend", "DescribeNode"));
            self.inner.unary(req, path, codec).await
        }
        /// The node stays on this stream for as long as it runs, and reports on each order by its id. Whatever is
        /// frozen when the stream ends is thawed by the node.
        pub async fn take_orders(
            &mut self,
            request: impl tonic::IntoStreamingRequest<Message = super::OrderReport>,
        ) -> std::result::Result<
            tonic::Response<tonic::codec::Streaming<super::Order>>,
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
                "/mooring.internal.v1.Backend/TakeOrders",
            );
            let mut req = request.into_streaming_request();
            req.extensions_mut()
                .insert(GrpcMethod::new("mooring.internal.v1.Backend", "TakeOrders"));
            self.inner.streaming(req, path, codec).await
        }
    }
}
/// Generated server implementations.
pub mod backend_server {
    #![allow(
        unused_variables,
        dead_code,
        missing_docs,
        clippy::wildcard_imports,
        clippy::let_unit_value,
    )]
    use tonic::codegen::*;
    /// Generated trait containing gRPC methods that should be implemented for use with BackendServer.
    #[async_trait]
    pub trait Backend: std::marker::Send + std::marker::Sync + 'static {
        /// Where a volume is, for one stage or expansion of it.
        async fn describe_attachment(
            &self,
            request: tonic::Request<super::DescribeAttachmentRequest>,
        ) -> std::result::Result<
            tonic::Response<super::DescribeAttachmentResponse>,
            tonic::Status,
        >;
        /// How the vendor describes a machine.
        async fn describe_node(
            &self,
            request: tonic::Request<super::DescribeNodeRequest>,
        ) -> std::result::Result<
            tonic::Response<super::DescribeNodeResponse>,
            tonic::Status,
        >;
        /// Server streaming response type for the TakeOrders method.
        type TakeOrdersStream: tonic::codegen::tokio_stream::Stream<
                Item = std::result::Result<super::Order, tonic::Status>,
            >
            + std::marker::Send
            + 'static;
        /// The node stays on this stream for as long as it runs, and reports on each order by its id. Whatever is
        /// frozen when the stream ends is thawed by the node.
        async fn take_orders(
            &self,
            request: tonic::Request<tonic::Streaming<super::OrderReport>>,
        ) -> std::result::Result<tonic::Response<Self::TakeOrdersStream>, tonic::Status>;
    }
    /// A driver's private socket answers these beside the CSI services.
    #[derive(Debug)]
    pub struct BackendServer<T> {
        inner: Arc<T>,
        accept_compression_encodings: EnabledCompressionEncodings,
        send_compression_encodings: EnabledCompressionEncodings,
        max_decoding_message_size: Option<usize>,
        max_encoding_message_size: Option<usize>,
    }
    impl<T> BackendServer<T> {
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
    impl<T, B> tonic::codegen::Service<http::Request<B>> for BackendServer<T>
    where
        T: Backend,
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
                "/mooring.internal.v1.Backend/DescribeAttachment" => {
                    #[allow(non_camel_case_types)]
                    struct DescribeAttachmentSvc<T: Backend>(pub Arc<T>);
                    impl<
                        T: Backend,
                    > tonic::server::UnaryService<super::DescribeAttachmentRequest>
                    for DescribeAttachmentSvc<T> {
                        type Response = super::DescribeAttachmentResponse;
                        type Future = BoxFuture<
                            tonic::Response<Self::Response>,
                            tonic::Status,
                        >;
                        fn call(
                            &mut self,
                            request: tonic::Request<super::DescribeAttachmentRequest>,
                        ) -> Self::Future {
                            let inner = Arc::clone(&self.0);
                            let fut = async move {
                                <T as Backend>::describe_attachment(&inner, request).await
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
                        let method = DescribeAttachmentSvc(inner);
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
                "/mooring.internal.v1.Backend/DescribeNode" => {
                    #[allow(non_camel_case_types)]
                    struct DescribeNodeSvc<T: Backend>(pub Arc<T>);
                    impl<
                        T: Backend,
                    > tonic::server::UnaryService<super::DescribeNodeRequest>
                    for DescribeNodeSvc<T> {
                        type Response = super::DescribeNodeResponse;
                        type Future = BoxFuture<
                            tonic::Response<Self::Response>,
                            tonic::Status,
                        >;
                        fn call(
                            &mut self,
                            request: tonic::Request<super::DescribeNodeRequest>,
                        ) -> Self::Future {
                            let inner = Arc::clone(&self.0);
                            let fut = async move {
                                <T as Backend>::describe_node(&inner, request).await
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
                        let method = DescribeNodeSvc(inner);
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
                "/mooring.internal.v1.Backend/TakeOrders" => {
                    #[allow(non_camel_case_types)]
                    struct TakeOrdersSvc<T: Backend>(pub Arc<T>);
                    impl<T: Backend> tonic::server::StreamingService<super::OrderReport>
                    for TakeOrdersSvc<T> {
                        type Response = super::Order;
                        type ResponseStream = T::TakeOrdersStream;
                        type Future = BoxFuture<
                            tonic::Response<Self::ResponseStream>,
                            tonic::Status,
                        >;
                        fn call(
                            &mut self,
                            request: tonic::Request<tonic::Streaming<super::OrderReport>>,
                        ) -> Self::Future {
                            let inner = Arc::clone(&self.0);
                            let fut = async move {
                                <T as Backend>::take_orders(&inner, request).await
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
                        let method = TakeOrdersSvc(inner);
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
                        let res = grpc.streaming(method, req).await;
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
    impl<T> Clone for BackendServer<T> {
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
    pub const SERVICE_NAME: &str = "mooring.internal.v1.Backend";
    impl<T> tonic::server::NamedService for BackendServer<T> {
        const NAME: &'static str = SERVICE_NAME;
    }
}
impl ::core::fmt::Debug for DescribeAttachmentRequest {
    fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
        f.debug_struct("DescribeAttachmentRequest")
            .field("volume_id", &self.volume_id)
            .field("volume_context", &self.volume_context)
            .field("publish_context", &self.publish_context)
            .field("capability", &self.capability)
            .field("readonly", &self.readonly)
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
impl ::core::fmt::Debug for Secret {
    fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
        f.debug_struct("Secret")
            .field(
                "value",
                &crate::redacted::Redacted {
                    empty: self.value.is_empty(),
                },
            )
            .finish()
    }
}
impl ::core::fmt::Debug for Secrets {
    fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
        f.debug_struct("Secrets")
            .field(
                "values",
                &crate::redacted::Redacted {
                    empty: self.values.is_empty(),
                },
            )
            .finish()
    }
}
