//! Bad input of every kind, through the real socket of a real host: the right code, a sentence
//! that names the field, and no effect at all.
//!
//! What has an effect is compared before and after each call: the whole mount table, the loop
//! devices, and every file of the place, the host's own state included.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests fail loudly"
)]

mod calls;
mod capabilities;
mod ids;
mod maps;
mod paths;
mod scene;
mod sizes;
mod wire;
