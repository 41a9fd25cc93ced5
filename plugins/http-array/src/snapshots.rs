//! Snapshots of the array's own. What one holds is fixed when the array has taken the request; its id
//! is told when the array's job has ended, so that an id that was told is of a snapshot for ever.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use mooring_sdk::http::Method;
use mooring_sdk::parameters::Parameters;
use mooring_sdk::snapshots::{CreateRequest, ListRequest, SnapshotPage, Snapshots};
use mooring_sdk::{Error, Result, Secrets, ids, types};
use serde_json::json;

use crate::client::{Answer, Client};
use crate::identifiers::{Id, key};
use crate::settings::Settings;
use crate::view::{self, Listed};
use crate::wire::{Snapshot, State};
use crate::{HttpArray, Services, jobs, life, places};

impl<H: Services> Snapshots for HttpArray<H> {
    fn create(&self, request: &CreateRequest) -> Result<types::Snapshot> {
        Parameters::read(&[&request.parameters]).finish()?;
        let source = Id::find(&request.source_volume_id)?;
        let settings = Settings::read(&self.0)?;
        let url = places::of(&self.0, &settings, &source)?;
        let client = Client::new(&self.0, &settings, &url, &request.secrets);
        let name = ids::derive(&settings.name_prefix, &request.name);
        let what = format!("taking snapshot {:?}", request.name);
        loop {
            if let Some(found) = client.find("snapshots", &name, |one: &Snapshot| &one.name)? {
                match (found.state, &found.job) {
                    (State::Ready, _) => {
                        check_same(&found, &source, &request.name)?;
                        return Ok(told(&source.array, found));
                    }
                    (State::Creating, Some(job)) => jobs::await_end(&client, job, &what)?,
                    // One that is being deleted is another, of an earlier moment.
                    (State::Creating, None) | (State::Deleting, _) => {
                        client.wait(settings.poll_interval(), &what)?;
                    }
                }
                continue;
            }
            let body = json!({
                "name": name, "volume": source.local, "tags": { life::NAME: request.name },
            });
            match client.call(Method::Post, "/snapshots", &format!("{body}"))? {
                // Read again, by its name: that is what the next call will find.
                Answer::Done(_) => {}
                Answer::Job(job) => jobs::await_end(&client, &job, &what)?,
                Answer::Refused(refusal) if refusal.code == "name-in-use" => {
                    return Err(Error::aborted(format!("{what}: another call takes it; repeat")));
                }
                Answer::Refused(refusal) => return Err(refusal.error().context(what)),
            }
        }
    }

    fn delete(&self, id: &str, secrets: &Secrets) -> Result<()> {
        let Some(id) = Id::read(id) else { return Ok(()) };
        let settings = Settings::read(&self.0)?;
        let url = places::of(&self.0, &settings, &id)?;
        let client = Client::new(&self.0, &settings, &url, secrets);
        let path = format!("/snapshots/{}", id.local);
        let what = format!("deleting snapshot {}", id.local);
        loop {
            match client.call(Method::Delete, &path, "")? {
                Answer::Done(_) => return Ok(()),
                Answer::Job(job) => jobs::await_end(&client, &job, &what)?,
                Answer::Refused(refusal) if refusal.code == "snapshot-not-found" => return Ok(()),
                Answer::Refused(refusal) if refusal.code == "busy" => {
                    let found = client.look::<Snapshot>(&path, "snapshot-not-found")?;
                    match found.and_then(|snapshot| snapshot.job) {
                        Some(job) => jobs::await_end(&client, &job, &what)?,
                        None => client.wait(settings.poll_interval(), &what)?,
                    }
                }
                Answer::Refused(refusal) => return Err(refusal.error()),
            }
        }
    }

    fn list(&self, request: &ListRequest) -> Result<SnapshotPage> {
        let settings = Settings::read(&self.0)?;
        let source = request.source_volume_id.as_deref().map(Id::read);
        // What this backend never gave has no snapshots.
        if source == Some(None) {
            return Ok(SnapshotPage { entries: Vec::new(), next: None });
        }
        let source = source.flatten();
        let query = match &source {
            Some(id) => format!("&volume={}", id.local),
            None => String::new(),
        };
        let array = source.as_ref().map(|id| id.array.as_str());
        let asked = view::Asked { list: "snapshots", query: &query, array };
        let Listed { found, next } =
            view::list(&self.0, &settings, &request.secrets, &asked, &request.page)?;
        let entries = found
            .into_iter()
            .filter(|(_, one): &(String, Snapshot)| one.state != State::Creating)
            .map(|(url, one)| told(&key(&url), one));
        Ok(SnapshotPage { entries: entries.collect(), next })
    }

    fn get(&self, id: &str, secrets: &Secrets) -> Result<types::Snapshot> {
        let id = Id::find(id)?;
        let settings = Settings::read(&self.0)?;
        let url = places::of(&self.0, &settings, &id)?;
        let client = Client::new(&self.0, &settings, &url, secrets);
        Ok(told(&id.array, client.get(&format!("/snapshots/{}", id.local))?))
    }
}

fn check_same(there: &Snapshot, source: &Id, name: &str) -> Result<()> {
    match there.volume == source.local {
        true => Ok(()),
        false => Err(Error::already_exists(format!(
            "snapshot {name:?} exists, of volume {}, another than is asked for",
            there.volume
        ))),
    }
}

fn told(array: &str, snapshot: Snapshot) -> types::Snapshot {
    types::Snapshot {
        id: Id::tell(array, &snapshot.id),
        source_volume_id: Id::tell(array, &snapshot.volume),
        created: snapshot.created,
        size: snapshot.size,
        ready: snapshot.state == State::Ready,
        group_id: None,
    }
}
