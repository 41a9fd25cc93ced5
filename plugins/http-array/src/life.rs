//! Creating and deleting volumes. The array's names follow from the orchestrator's, so that whatever a
//! call that died has begun there, the repeated one finds.

use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::String;

use mooring_sdk::http::Method;
use mooring_sdk::sizing::satisfies;
use mooring_sdk::types::{CapacityRange, ContentSource};
use mooring_sdk::volumes::{CreateRequest, Sources, ValidateRequest, Verdict, Volumes};
use mooring_sdk::{Error, Result, Secrets, ids, types};
use serde_json::json;

use crate::client::{Answer, Client};
use crate::identifiers::{Id, key};
use crate::parameters::{self, Wishes};
use crate::settings::Settings;
use crate::wire::{Page, Pool, Snapshot, Source, State, Volume};
use crate::{HttpArray, SIZES, Services, jobs, objection, places, view};

/// The tags of a volume: the orchestrator's name for it, and whether a sandbox gets it.
pub(crate) const NAME: &str = "csi-name";
const DIRECT: &str = "direct";

/// A request to create, and what it says once it is read.
struct Asked<'a> {
    request: &'a CreateRequest,
    wishes: Wishes<'a>,
    source: Option<Source>,
    /// The array's name for the volume.
    name: String,
}

impl<H: Services> Volumes for HttpArray<H> {
    fn accepts(&self) -> Sources {
        Sources::SNAPSHOT | Sources::VOLUME
    }

    fn create(&self, request: &CreateRequest) -> Result<types::Volume> {
        let settings = Settings::read(&self.0)?;
        let wishes = parameters::read(&request.parameters, &request.mutable_parameters)?;
        if let Some(objection) = objection(wishes.direct, &request.capabilities) {
            return Err(Error::invalid_argument(objection));
        }
        let url = places::wished(&settings, wishes.url.as_ref())?;
        let source = request.source.as_ref().map(|source| read_source(source, &key(&url)));
        let source = source.transpose()?;
        let name = ids::derive(&settings.name_prefix, &request.name);
        places::remember(&self.0, &settings, &url)?;
        let client = Client::new(&self.0, &settings, &url, &request.secrets);
        let asked = Asked { request, wishes, source, name };
        Ok(told(&url, create(&client, &asked)?))
    }

    fn delete(&self, id: &str, secrets: &Secrets) -> Result<()> {
        let Some(id) = Id::read(id) else { return Ok(()) };
        let settings = Settings::read(&self.0)?;
        let url = places::of(&self.0, &settings, &id)?;
        let client = Client::new(&self.0, &settings, &url, secrets);
        let path = format!("/volumes/{}", id.local);
        let what = format!("deleting volume {}", id.local);
        loop {
            match client.call(Method::Delete, &path, "")? {
                Answer::Done(_) => return Ok(()),
                Answer::Job(job) => jobs::await_end(&client, &job, &what)?,
                Answer::Refused(refusal) if refusal.code == "volume-not-found" => return Ok(()),
                Answer::Refused(refusal) if refusal.code == "busy" => {
                    let found = client.look::<Volume>(&path, "volume-not-found")?;
                    match found.and_then(|volume| volume.job) {
                        Some(job) => jobs::await_end(&client, &job, &what)?,
                        None => client.wait(settings.poll_interval(), &what)?,
                    }
                }
                Answer::Refused(refusal) => return Err(refusal.error()),
            }
        }
    }

    fn validate(&self, request: &ValidateRequest) -> Result<Verdict> {
        view::validate(&self.0, request)
    }
}

/// The volume, made or found.
fn create(client: &Client<'_, impl Services>, asked: &Asked<'_>) -> Result<Volume> {
    let what = format!("creating volume {:?}", asked.request.name);
    loop {
        if let Some(found) = client.find("volumes", &asked.name, |one: &Volume| &one.name)? {
            if found.state != State::Deleting {
                check_same(&found, asked)?;
            }
            match (found.state, &found.job) {
                (State::Ready, _) => return Ok(found),
                (State::Creating, Some(job)) => jobs::await_end(client, job, &what)?,
                // One that is being deleted is another: to cancel that would bring its bytes back.
                (State::Creating, None) | (State::Deleting, _) => {
                    client.wait(client.settings.poll_interval(), &what)?;
                }
            }
            continue;
        }
        let body = new_volume(client, asked)?;
        match client.call(Method::Post, "/volumes", &body)? {
            // Read again, by its name: that is what the next call will find.
            Answer::Done(_) => {}
            Answer::Job(job) => jobs::await_end(client, &job, &what)?,
            Answer::Refused(refusal) if refusal.code == "name-in-use" => {
                let message = format!("{what}: another call is creating it; repeat this one");
                return Err(Error::aborted(message));
            }
            Answer::Refused(refusal) => return Err(refusal.error().context(what)),
        }
    }
}

/// What the array is asked to make.
fn new_volume(client: &Client<'_, impl Services>, asked: &Asked<'_>) -> Result<String> {
    let Asked { request, wishes, source, name } = asked;
    let range = request.capacity.as_ref();
    let wished = wishes.pool.or(client.settings.storage_pool.as_deref());
    let (pool, size) = match source {
        None => (choose_pool(client, wished)?, SIZES.choose(range)?),
        Some(source) => {
            let (pool, size) = origin(client, source)?;
            if let Some(asked) = wishes.pool.filter(|asked| *asked != pool) {
                return Err(Error::invalid_argument(format!(
                    "the source is in pool {pool:?} and the volume is asked for in pool {asked:?}; \
                     the array copies within a pool"
                )));
            }
            (pool, copy_size(size, range)?)
        }
    };
    let tags = json!({ NAME: request.name, DIRECT: if wishes.direct { "true" } else { "false" } });
    let new = json!({
        "name": name, "pool": pool, "size": size, "thin": true, "source": source, "tags": tags,
    });
    Ok(format!("{new}"))
}

/// Pool and size of a source that can be copied now.
fn origin(client: &Client<'_, impl Services>, source: &Source) -> Result<(String, u64)> {
    let (pool, size, state) = match source {
        Source::Snapshot(id) => {
            let found: Snapshot = client.get(&format!("/snapshots/{id}"))?;
            (found.pool, found.size, found.state)
        }
        Source::Volume(id) => {
            let found: Volume = client.get(&format!("/volumes/{id}"))?;
            (found.pool, found.size, found.state)
        }
    };
    match state {
        State::Ready => Ok((pool, size)),
        State::Creating => Err(Error::unavailable("the source is still being made; repeat")),
        State::Deleting => Err(Error::not_found("the source is being deleted")),
    }
}

/// The size of a copy: what is asked, else the source's.
fn copy_size(source: u64, asked: Option<&CapacityRange>) -> Result<u64> {
    let size = match asked.and_then(|range| range.required) {
        Some(_) => SIZES.choose(asked)?.max(source),
        None => source,
    };
    let smaller = asked.and_then(|range| range.required).is_some_and(|least| least < source);
    match smaller || !satisfies(size, asked) {
        true => Err(Error::out_of_range(format!(
            "the source has {source} bytes, and a copy of it cannot be smaller; ask for at least \
             that"
        ))),
        false => Ok(size),
    }
}

/// The pool that is wished for, else the only one, else `default`.
pub(crate) fn choose_pool(
    client: &Client<'_, impl Services>,
    wished: Option<&str>,
) -> Result<String> {
    if let Some(pool) = wished {
        return Ok(pool.to_owned());
    }
    Ok(find_pool(client, None)?.name)
}

/// A pool as it is.
///
/// # Errors
/// `InvalidArgument` where there is none of that name, or none that is meant without one.
pub(crate) fn find_pool(client: &Client<'_, impl Services>, wished: Option<&str>) -> Result<Pool> {
    let Page { mut items, .. } = client.get::<Page<Pool>>("/pools")?;
    let at = match wished {
        Some(name) => items.iter().position(|pool| pool.name == name),
        None if items.len() == 1 => Some(0),
        None => items.iter().position(|pool| pool.name == "default"),
    };
    match at {
        Some(at) => Ok(items.swap_remove(at)),
        None => Err(Error::invalid_argument(match wished {
            Some(name) => format!("the array has no pool {name:?}"),
            None => "the array has several pools; name one by storage_pool".to_owned(),
        })),
    }
}

/// The source in the array's own words.
fn read_source(source: &ContentSource, array: &str) -> Result<Source> {
    let (text, make): (_, fn(String) -> Source) = match source {
        ContentSource::Snapshot(id) => (id, Source::Snapshot),
        ContentSource::Volume(id) => (id, Source::Volume),
    };
    let id = Id::find(text)?;
    match id.array == array {
        true => Ok(make(id.local)),
        false => Err(Error::invalid_argument(format!(
            "the source {text} is on another array; an array copies its own volumes alone"
        ))),
    }
}

/// Whether a volume that is there is the one that is asked for.
fn check_same(there: &Volume, asked: &Asked<'_>) -> Result<()> {
    let Asked { request, wishes, source, .. } = asked;
    let name = &request.name;
    if there.tags.get(NAME) != Some(name) {
        return Err(Error::internal(format!(
            "the array's volume {} has the name of {name:?} and is not of this driver's making; \
             choose another config.namePrefix",
            there.id
        )));
    }
    let other = if there.source != *source {
        "other content to begin with"
    } else if wishes.pool.is_some_and(|pool| pool != there.pool) {
        "another pool"
    } else if !satisfies(there.size, request.capacity.as_ref()) {
        "another size"
    } else if is_direct(there) != wishes.direct {
        "another directVolume"
    } else {
        return Ok(());
    };
    Err(Error::already_exists(format!(
        "volume {name:?} exists, in pool {} with {} bytes, and {other} is asked for",
        there.pool, there.size
    )))
}

/// Whether a sandbox gets the device.
pub(crate) fn is_direct(volume: &Volume) -> bool {
    volume.tags.get(DIRECT).is_some_and(|value| value == "true")
}

/// A volume as the contract tells it.
pub(crate) fn told(url: &str, volume: Volume) -> types::Volume {
    let array = key(url);
    let direct = is_direct(&volume);
    let source = volume.source.map(|source| match source {
        Source::Snapshot(id) => ContentSource::Snapshot(Id::tell(&array, &id)),
        Source::Volume(id) => ContentSource::Volume(Id::tell(&array, &id)),
    });
    let mut context = alloc::vec![(places::CONTEXT.to_owned(), url.to_owned())];
    if direct {
        context.push(("directVolume".to_owned(), "true".to_owned()));
    }
    types::Volume {
        id: Id::tell(&array, &volume.id),
        capacity: volume.size,
        context,
        source,
        topology: alloc::vec![],
    }
}
