//! A model of kubelet and the sidecars: what a CSI driver is called with, in which order, and what is
//! made of its answers, when nodes, programs and calls fail.
//!
//! ```text
//! plan      a seed's events (pods come, move, grow, die) and what goes wrong with which call
//! desired   the API server's objects
//! kubelet   actual state of the world, reconciler, what is left of it on disk after a restart
//! sidecars  provisioner, attacher, resizer, snapshotter
//! cluster   all of them, tick by tick, over a `Driver`; what must hold meanwhile and in the end
//! shrink    a failing plan made smaller
//! ```
//!
//! It is pure: whoever implements [`Driver`] carries the calls out, over a model of a machine or over
//! real programs. A run is decided by its seed alone where the driver is.
//!
//! Written after the behaviour of kubelet 1.34 (`pkg/kubelet/volumemanager`, `pkg/volume/csi`,
//! `pkg/volume/util/operationexecutor`), external-provisioner 5, external-attacher 4 and
//! external-resizer 1; each file names what it follows.

pub mod backoff;
pub mod call;
pub mod cluster;
pub mod codes;
pub mod desired;
pub mod kubelet;
pub mod linear;
pub mod plan;
pub mod results;
pub mod shrink;
pub mod sidecars;

pub use call::{Answer, Call, Driver, Refusal, Reply, Source};
pub use cluster::{Report, run};
pub use codes::Code;
pub use plan::{How, Mishap, Plan};
pub use shrink::shrink;
