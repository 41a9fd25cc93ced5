//! The service over the model of a machine: what it does, what it refuses, and that it converges
//! from a failure or a crash at every single call.

mod backend;
mod disks;
mod former;
mod health;
mod inline;
mod limits;
mod lossy;
mod machine;
mod orders;
mod refusals;
mod sandbox;
mod schedules;
mod service;
mod silent;
mod sweep;
mod way;
mod world;
