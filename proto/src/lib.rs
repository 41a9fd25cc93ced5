//! The wire: CSI 1.13 ([`csi::v1`]), kubelet's plugin registration ([`pluginregistration`]) and Mooring's own
//! services, as Rust types, servers and clients.
//!
//! Only generated code and what it needs lives here. Nothing here knows a domain value, a rule or a
//! transport; `mooring-csi` converts between these types and those of `mooring-volume`.
//!
//! The `.proto` files of this folder are the source. After a change, regenerate and commit `src/gen/`:
//!
//! ```sh
//! UPDATE=1 cargo test -p mooring-proto --test generated
//! ```
//!
//! A new `.proto` file needs that, and then its package's `include!` below. Packages keep their nesting,
//! since generated code refers to other packages by relative path.
//!
//! Invariant: no message prints a secret. A message with a field marked `csi_secret` gets a `Debug`
//! that withholds that field's value.

mod redacted;

/// Bytes of the wire to and from what is defined here.
pub use prost::Message;
/// A moment of the wire.
pub use prost_types::Timestamp;

/// `csi`: the Container Storage Interface.
pub mod csi {
    /// `csi.v1`: CSI 1.13, and what 1.12 and older still read.
    #[allow(missing_docs, clippy::all, reason = "generated; documented in csi.proto")]
    pub mod v1 {
        include!("gen/csi.v1.rs");
    }
}

/// `mooring`: Mooring's own services.
pub mod mooring {
    /// `mooring.internal`: between Mooring's own processes.
    pub mod internal {
        /// `mooring.internal.v1`: what the node and the controller process say to each other.
        #[allow(missing_docs, clippy::all, reason = "generated; documented in internal.proto")]
        pub mod v1 {
            include!("gen/mooring.internal.v1.rs");
        }
    }
}

/// `pluginregistration`: how kubelet comes to know a plugin of its node, version 1.
#[allow(missing_docs, clippy::all, reason = "generated; documented in registration.proto")]
pub mod pluginregistration {
    include!("gen/pluginregistration.rs");
}

/// Every `.proto` file of this crate and its imports, as an encoded `google.protobuf.FileDescriptorSet`
/// with all options: what gRPC reflection serves.
pub const FILE_DESCRIPTOR_SET: &[u8] = include_bytes!("gen/descriptors.bin");
