//! The service over the model of a machine: what it does, what it refuses, and that it converges
//! from a failure or a crash at every single call.

mod backend;
mod inline;
mod machine;
mod refusals;
mod sandbox;
mod service;
mod sweep;
mod world;
