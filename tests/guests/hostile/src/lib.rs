//! A backend that does what its caller asks for, and none of it good. `volumes.create` takes the
//! volume's name for the deed, the other functions the id or the token; at load the deed stands in
//! the driver's config, under `at` the function that does it.

mod answers;
mod deeds;
mod echo;

use std::borrow::Cow;

use mooring_sdk::attachments;
use mooring_sdk::identity::Description;
use mooring_sdk::listing::{Entries, Entry};
use mooring_sdk::types::{Page, StringMap, Volume};
use mooring_sdk::volumes::{CreateRequest, Sources, ValidateRequest, Verdict};
use mooring_sdk::{
    Attachments, Capacity, Expansion, Identity, Listing, Nodes, Publishing, Result, Secrets,
    Volumes, capacity, expansion, nodes, publishing,
};

mooring_sdk::backend!(Hostile: volumes, attachments, publishing, listing, capacity, expansion, nodes);

#[derive(Default)]
struct Hostile;

/// The deed that the config asks for at this function of the load.
fn at(function: &str) -> Option<String> {
    let config: serde_json::Value = mooring_sdk::config::read(&mooring_sdk::Host).ok()?;
    let asked = config.get("at")?.as_str()? == function;
    asked.then(|| config.get("deed").and_then(|deed| deed.as_str()).map(str::to_owned)).flatten()
}

impl Identity for Hostile {
    fn info(&self) -> Description {
        if let Some(deed) = at("info") {
            deeds::run(&deed).expect("the deed is done");
        }
        let name = at("name").unwrap_or_else(|| "hostile".to_owned());
        Description {
            name,
            version: "6.6.6".to_owned(),
            manifest: vec![],
            accessibility_constraints: false,
            online_expansion: true,
        }
    }

    fn probe(&self) -> Result<bool> {
        Ok(false)
    }

    fn config_schema(&self) -> Cow<'static, str> {
        match at("schema") {
            Some(schema) => Cow::Owned(schema),
            None => Cow::Borrowed("{}"),
        }
    }
}

impl Volumes for Hostile {
    fn accepts(&self) -> Sources {
        Sources::SNAPSHOT | Sources::VOLUME
    }

    fn create(&self, request: &CreateRequest) -> Result<Volume> {
        echo::if_asked(&request.name, &request.secrets)?;
        deeds::run(&request.name)?;
        Ok(answers::volume(&request.name))
    }

    fn delete(&self, id: &str, secrets: &Secrets) -> Result<()> {
        if id == "print-secret" {
            mooring_sdk::info!("{:?}", secrets.get("token"));
        }
        echo::if_asked(id, secrets)?;
        deeds::run(id)
    }

    fn validate(&self, request: &ValidateRequest) -> Result<Verdict> {
        echo::if_asked(&request.id, &request.secrets)?;
        deeds::run(&request.id)?;
        Ok(Verdict::Refused("no\nnot ever".to_owned()))
    }
}

impl Attachments for Hostile {
    fn describe(&self, request: &attachments::Request) -> Result<attachments::Answer> {
        echo::if_asked(&request.volume_id, &request.secrets)?;
        deeds::run(&request.volume_id)?;
        Ok(answers::attachment(&request.volume_id))
    }
}

impl Publishing for Hostile {
    fn supports_readonly(&self) -> bool {
        true
    }

    fn publish(&self, request: &publishing::Request) -> Result<StringMap> {
        echo::if_asked(&request.volume_id, &request.secrets)?;
        deeds::run(&request.volume_id)?;
        Ok(answers::context(&request.volume_id))
    }

    fn unpublish(&self, volume_id: &str, _: Option<&str>, secrets: &Secrets) -> Result<()> {
        echo::if_asked(volume_id, secrets)?;
        deeds::run(volume_id)
    }
}

impl Listing for Hostile {
    fn list(&self, page: &Page) -> Result<Entries> {
        let token = page.token.clone().unwrap_or_default();
        deeds::run(&token)?;
        Ok(answers::entries(&token))
    }

    fn get(&self, id: &str) -> Result<Entry> {
        deeds::run(id)?;
        Ok(Entry { volume: answers::volume("good"), published_nodes: None })
    }
}

impl Capacity for Hostile {
    fn get(&self, _: &capacity::Request) -> Result<capacity::Answer> {
        Ok(capacity::Answer { available: u64::MAX, maximum_volume: None, minimum_volume: None })
    }
}

impl Expansion for Hostile {
    fn expand(&self, request: &expansion::Request) -> Result<expansion::Answer> {
        echo::if_asked(&request.volume_id, &request.secrets)?;
        deeds::run(&request.volume_id)?;
        Ok(expansion::Answer { capacity: 1, node_expansion_required: true })
    }
}

impl Nodes for Hostile {
    fn describe(&self, facts: &nodes::Facts) -> Result<nodes::Description> {
        deeds::run(&facts.id)?;
        Ok(answers::node(&facts.id))
    }
}
