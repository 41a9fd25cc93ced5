//! Growing volumes.

use alloc::format;

use mooring_sdk::expansion::{Answer, Expansion, Request};
use mooring_sdk::http::Method;
use mooring_sdk::{Error, Result};
use serde_json::json;

use crate::client::{self, Client};
use crate::identifiers::Id;
use crate::settings::Settings;
use crate::wire::{State, Volume};
use crate::{HttpArray, SIZES, Services, jobs, life, objection, places};

impl<H: Services> Expansion for HttpArray<H> {
    /// Grows a volume; one that is large enough keeps its size.
    fn expand(&self, request: &Request) -> Result<Answer> {
        let id = Id::find(&request.volume_id)?;
        let settings = Settings::read(&self.0)?;
        let url = places::of(&self.0, &settings, &id)?;
        let client = Client::new(&self.0, &settings, &url, &request.secrets);
        let path = format!("/volumes/{}", id.local);
        let what = format!("growing volume {}", id.local);
        loop {
            let volume: Volume = client.get(&path)?;
            if volume.state == State::Deleting {
                return Err(Error::not_found("the volume is being deleted"));
            }
            if let Some(job) = &volume.job {
                jobs::await_end(&client, job, &what)?;
                continue;
            }
            if let Some(objection) =
                objection(life::is_direct(&volume), request.capability.as_slice())
            {
                return Err(Error::invalid_argument(objection));
            }
            let size = SIZES.grow(volume.size, &request.capacity)?;
            if size == volume.size {
                // Also where nothing grew: an earlier call may have ended before the node's turn.
                return Ok(Answer { capacity: size, node_expansion_required: true });
            }
            let body = format!("{}", json!({ "size": size }));
            match client.call(Method::Patch, &path, &body)? {
                // Read again: what is told is what is there.
                client::Answer::Done(_) => {}
                client::Answer::Job(job) => jobs::await_end(&client, &job, &what)?,
                client::Answer::Refused(refusal) if refusal.code == "busy" => {
                    client.wait(settings.poll_interval(), &what)?;
                }
                client::Answer::Refused(refusal) => return Err(refusal.error().context(what)),
            }
        }
    }
}
