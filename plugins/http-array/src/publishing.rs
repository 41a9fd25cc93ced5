//! Which node sees a volume: the array maps it to the host that plays the node's part there.

use alloc::format;
use alloc::string::String;

use mooring_sdk::http::Method;
use mooring_sdk::publishing::{Publishing, Request};
use mooring_sdk::types::StringMap;
use mooring_sdk::{Error, Result, Secrets, capabilities};
use serde_json::json;

use crate::client::{Answer, Client};
use crate::identifiers::{Id, host_name};
use crate::settings::Settings;
use crate::wire::{self, State, Volume};
use crate::{HttpArray, Services, life, nodes, objection, places};

impl<H: Services> Publishing for HttpArray<H> {
    /// The array's device takes no writes.
    fn supports_readonly(&self) -> bool {
        true
    }

    fn publish(&self, request: &Request) -> Result<StringMap> {
        let id = Id::find(&request.volume_id)?;
        let settings = Settings::read(&self.0)?;
        let url = places::told(&self.0, &settings, &id, &request.volume_context)?;
        let client = Client::new(&self.0, &settings, &url, &request.secrets);
        let volume: Volume = client.get(&format!("/volumes/{}", id.local))?;
        if volume.state != State::Ready {
            return Err(Error::unavailable(format!("volume {} is not ready", id.local)));
        }
        let capability = core::slice::from_ref(&request.capability);
        if let Some(objection) = objection(life::is_direct(&volume), capability) {
            return Err(Error::invalid_argument(objection));
        }
        let host = host_name(&request.node_id);
        let note = capabilities::usage(&request.capability);
        let body = format!("{}", json!({ "readonly": request.readonly, "note": note }));
        let path = format!("/volumes/{}/mappings/{host}", id.local);
        let mut answer = client.call(Method::Put, &path, &body)?;
        if matches!(&answer, Answer::Refused(refusal) if refusal.code == "host-not-found") {
            nodes::admit(&client, &request.node_id)?;
            answer = client.call(Method::Put, &path, &body)?;
        }
        match answer {
            Answer::Done(body) => check_mapped(&body, &id.local, &host, request.readonly)?,
            Answer::Job(_) => return Err(Error::internal("the array maps by a job")),
            Answer::Refused(refusal) => {
                let doing = format!("publishing volume {} to {:?}", id.local, request.node_id);
                return Err(refusal.error().context(doing));
            }
        }
        Ok(StringMap::new())
    }

    fn unpublish(&self, volume_id: &str, node_id: Option<&str>, secrets: &Secrets) -> Result<()> {
        let Some(id) = Id::read(volume_id) else { return Ok(()) };
        let settings = Settings::read(&self.0)?;
        let url = places::of(&self.0, &settings, &id)?;
        let client = Client::new(&self.0, &settings, &url, secrets);
        if let Some(node) = node_id {
            return unmap(&client, &id.local, &host_name(node));
        }
        let path = format!("/volumes/{}", id.local);
        let Some(volume) = client.look::<Volume>(&path, "volume-not-found")? else {
            return Ok(());
        };
        volume.mappings.iter().try_for_each(|mapping| {
            // It came from the array, and goes into a path.
            match host_name(&mapping.host) == mapping.host {
                true => unmap(&client, &id.local, &mapping.host),
                false => Err(Error::internal("the array tells of a host that cannot be")),
            }
        })
    }
}

fn check_mapped(body: &[u8], id: &str, host: &str, readonly: bool) -> Result<()> {
    // What is not told is asked again: the next call finds the same mapping.
    let volume: Volume = wire::read(body).map_err(|error| Error::unavailable(error.message))?;
    let is_it = |one: &wire::Mapping| one.host == host && one.readonly == readonly;
    match volume.id == id && volume.mappings.iter().any(is_it) {
        true => Ok(()),
        false => {
            Err(Error::unavailable("the array says that it mapped, and tells no such mapping"))
        }
    }
}

fn unmap(client: &Client<'_, impl Services>, id: &str, host: &str) -> Result<()> {
    let path: String = format!("/volumes/{id}/mappings/{host}");
    match client.call(Method::Delete, &path, "")? {
        Answer::Done(_) => Ok(()),
        Answer::Job(_) => Err(Error::internal("the array unmaps by a job")),
        Answer::Refused(refusal) => match refusal.code.as_str() {
            "mapping-not-found" | "volume-not-found" | "host-not-found" => Ok(()),
            _ => Err(refusal.error().context(format_args!("unpublishing volume {id}"))),
        },
    }
}
