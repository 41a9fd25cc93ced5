//! Where components come from, and why they may run.
//!
//! ```text
//! Source ──► Fetcher ──► Candidate ──► Trust::verify ──► Verified ──► (compiled, loaded) ──► ran
//!            offline directory │ store │ mirrors │ registry
//! ```
//! Nothing here compiles or runs a component; nothing that is compiled comes from a registry. Every
//! byte from elsewhere is counted and hashed before it is used.

mod artifact;
mod component;
mod credentials;
mod document;
mod error;
mod fetch;
#[cfg(any(test, fuzzing))]
pub mod fuzzing;
mod layout;
mod publish;
mod reference;
mod registry;
mod settings;
mod source;
mod store;
mod trust;

pub use artifact::Labels;
pub use component::{Facts, version};
pub use document::Annotations;
pub use error::SourceError;
pub use fetch::{Candidate, Fetcher, MAX_COMPONENT, Origin};
pub use publish::Listed;
pub use reference::{Digest, Reference};
pub use registry::Progress;
pub use settings::{Patience, Registries, RegistrySettings, check};
pub use source::Source;
pub use store::Store;
pub use trust::{Key, Trust, Verified, signature_beside};
