//! What is wrong with volumes and arrays, as the arrays see it.

use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use mooring_sdk::health::{
    Entries, Entry, Health, StorageFault, StorageFinding, VolumeFault, VolumeFinding,
};
use mooring_sdk::types::Page;
use mooring_sdk::{Code, Error, Result, Secrets};

use crate::client::Client;
use crate::identifiers::{Id, host_name, key};
use crate::settings::Settings;
use crate::view::{self, Listed};
use crate::wire::{self, Condition, Pool, State, Volume};
use crate::{HttpArray, Services, nodes, places};

/// A pool with less than this part of it free is nearly full: one in twenty.
const NEARLY_FULL: u64 = 20;

impl<H: Services> Health for HttpArray<H> {
    fn get(&self, volume_id: &str, secrets: &Secrets) -> Result<Vec<VolumeFinding>> {
        let id = Id::find(volume_id)?;
        let settings = Settings::read(&self.0)?;
        let url = places::of(&self.0, &settings, &id)?;
        let client = Client::new(&self.0, &settings, &url, secrets);
        let volume: Volume = client.get(&format!("/volumes/{}", id.local))?;
        Ok(finding(&volume.condition).into_iter().collect())
    }

    fn list(&self, page: &Page, secrets: &Secrets) -> Result<Entries> {
        let settings = Settings::read(&self.0)?;
        let asked = view::Asked { list: "volumes", query: "&ill=true", array: None };
        let Listed { found, next } = view::list(&self.0, &settings, secrets, &asked, page)?;
        let ill = |(url, volume): (String, Volume)| {
            let findings =
                finding(&volume.condition).filter(|_| volume.state != State::Creating)?;
            Some(Entry { volume_id: Id::tell(&key(&url), &volume.id), findings: [findings].into() })
        };
        Ok(Entries { entries: found.into_iter().filter_map(ill).collect(), next })
    }

    fn backend(&self, node_id: Option<&str>, secrets: &Secrets) -> Result<Vec<StorageFinding>> {
        let settings = Settings::read(&self.0)?;
        let arrays = places::all(&self.0, &settings)?;
        let (mut lost, mut full) = (Vec::new(), Vec::new());
        let mut known = match node_id {
            Some(node) => nodes::is_noted(&self.0, node)?,
            None => true,
        };
        for (_, url) in &arrays {
            let client = Client::new(&self.0, &settings, url, secrets);
            if let (false, Some(node)) = (known, node_id) {
                known = is_host(&client, node)?;
            }
            match client.get::<wire::Page<Pool>>("/pools") {
                Ok(page) => full.extend(page.items.iter().filter_map(nearly_full)),
                Err(error) if error.code == Code::Unavailable => {
                    lost.push(format!("array {url}: {error}"));
                }
                Err(error) => return Err(error),
            }
        }
        if !known {
            return Err(Error::not_found(format!("no array knows node {node_id:?}")));
        }
        let finding = |fault, reason: &str, what: Vec<String>| {
            (!what.is_empty()).then(|| StorageFinding {
                fault,
                reason: reason.to_owned(),
                message: what.join("; "),
            })
        };
        let lost = finding(StorageFault::Unreachable, "ArrayUnreachable", lost);
        let full = finding(StorageFault::Degraded, "PoolNearlyFull", full);
        Ok(lost.into_iter().chain(full).collect())
    }
}

/// A host, of which nothing but its name is of interest.
#[derive(serde::Deserialize)]
struct Host {
    name: String,
}

impl wire::Checked for Host {
    fn flaw(&self) -> Option<&'static str> {
        self.name.is_empty().then_some("a host without a name")
    }
}

fn is_host(client: &Client<'_, impl Services>, node: &str) -> Result<bool> {
    let found = client.look::<Host>(&format!("/hosts/{}", host_name(node)), "host-not-found")?;
    Ok(found.is_some())
}

fn nearly_full(pool: &Pool) -> Option<String> {
    let Pool { name, total, available, .. } = pool;
    let few = *available < total / NEARLY_FULL;
    few.then(|| format!("pool {name} has {available} of {total} bytes left"))
}

fn finding(condition: &Condition) -> Option<VolumeFinding> {
    let (fault, reason, message) = match condition {
        Condition::Good => return None,
        Condition::Degraded(message) => (VolumeFault::Degraded, "ArrayDegraded", message),
        Condition::Offline(message) => (VolumeFault::Inaccessible, "ArrayOffline", message),
        Condition::Lost(message) => (VolumeFault::DataLoss, "ArrayLost", message),
    };
    let message = format!("the array says: {}", wire::printable(message));
    Some(VolumeFinding { fault, reason: reason.to_owned(), message })
}
