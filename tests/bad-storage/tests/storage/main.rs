//! Real volumes of a real host on storage that fails, hangs and lies.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests fail loudly"
)]

mod broken;
mod fresh;
mod hung;
mod placed;
mod report;
mod scene;
