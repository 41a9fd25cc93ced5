//! Waiting for what the array does by jobs.
//!
//! A job is found again by what it works on, so nothing has to be kept: a call whose time is over
//! answers `Unavailable`, and the repeated call waits for the same job. One that never ends is
//! cancelled, which takes back what it began, and begun anew.

use alloc::format;

use mooring_sdk::http::Method;
use mooring_sdk::{Error, Result};

use crate::Services;
use crate::client::{Answer, Client};
use crate::wire::{Job, JobState};

/// Waits until a job has ended, in whatever way but failure; what it worked on tells the rest.
///
/// # Errors
/// What it failed with; `Unavailable` where the call's time is over.
pub(crate) fn await_end(client: &Client<'_, impl Services>, id: &str, what: &str) -> Result<()> {
    let path = format!("/jobs/{id}");
    loop {
        // One that is gone has ended long ago.
        let Some(job) = client.look::<Job>(&path, "job-not-found")? else { return Ok(()) };
        match job.state {
            JobState::Done | JobState::Cancelled => return Ok(()),
            JobState::Failed => {
                let refusal = job.error.ok_or_else(|| Error::internal("a job failed silently"))?;
                return Err(refusal.error().context(format_args!("{what}, job {id}")));
            }
            JobState::Running if job.age >= client.settings.give_up_after() => {
                return match client.call(Method::Delete, &path, "")? {
                    Answer::Done(_) | Answer::Job(_) => Ok(()),
                    Answer::Refused(refusal) if refusal.code == "job-not-found" => Ok(()),
                    Answer::Refused(refusal) => Err(refusal.error()),
                };
            }
            JobState::Running => {
                let reason =
                    format!("{what}: the array works on it yet, job {id}; repeat the call");
                client.wait(client.settings.poll_interval(), &reason)?;
            }
        }
    }
}
