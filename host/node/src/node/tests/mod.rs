//! The service over the model of a machine: what it does, what it refuses, and that it converges
//! from a failure or a crash at every single call.

mod limits;
mod machine;
mod refusals;
mod service;
mod sweep;
mod world;
