//! A backend whose entries have the form `SCHEMA NAME`, where the schema is what the driver's config
//! says under `schema` (default 1). It reads no other form. Config `broken` makes a migration write
//! half of the entries and then `fail`, `trap` or `hang`; `probe: unfit` lets it refuse to serve.

use std::borrow::Cow;

use mooring_sdk::attachments::{self, Answer, Attachment, Content, PoolItem};
use mooring_sdk::identity::Description;
use mooring_sdk::state::{State, StateError};
use mooring_sdk::types::Volume;
use mooring_sdk::volumes::{CreateRequest, ValidateRequest, Verdict};
use mooring_sdk::{Attachments, Error, Host, Identity, Migration, Result, Secrets, Volumes};

mooring_sdk::backend!(Migrating: volumes, attachments, migration);

#[derive(Default)]
struct Migrating;

fn setting(key: &str) -> Option<serde_json::Value> {
    let config: serde_json::Value = mooring_sdk::config::read(&Host).ok()?;
    config.get(key).cloned()
}

fn schema() -> u32 {
    setting("schema").and_then(|schema| schema.as_u64()).map_or(1, |schema| schema as u32)
}

fn failed(error: StateError) -> Error {
    Error::unavailable(format!("{error:?}"))
}

impl Identity for Migrating {
    fn info(&self) -> Description {
        Description {
            name: "migrating".to_owned(),
            version: format!("{}.0.0", schema()),
            manifest: vec![],
            accessibility_constraints: false,
            online_expansion: false,
        }
    }

    fn probe(&self) -> Result<bool> {
        // Every entry is of the one form, or something called this over another's state.
        let entries = Host.scan("volume/", None, 1000).map_err(failed)?;
        let own = format!("{} ", schema());
        if let Some(entry) = entries.iter().find(|entry| !entry.value.starts_with(own.as_bytes())) {
            return Err(Error::failed_precondition(format!("{} is of another schema", entry.key)));
        }
        match setting("probe") {
            Some(_) => Err(Error::failed_precondition("it has no array")),
            None => Ok(true),
        }
    }

    fn config_schema(&self) -> Cow<'static, str> {
        Cow::Borrowed("{}")
    }
}

impl Migration for Migrating {
    fn schema_version(&self) -> u32 {
        schema()
    }

    fn migrate(&self, from: u32) -> Result<()> {
        let entries = Host.scan("volume/", None, 1000).map_err(failed)?;
        let half = entries.len() / 2;
        for (number, entry) in entries.into_iter().enumerate() {
            if number == half {
                match setting("broken").as_ref().and_then(|broken| broken.as_str()) {
                    Some("fail") => return Err(Error::failed_precondition("half is enough")),
                    Some("trap") => panic!("as asked for"),
                    Some(_) => loop {
                        std::hint::black_box(number);
                    },
                    None => {}
                }
            }
            let text = String::from_utf8_lossy(&entry.value).into_owned();
            let (_, name) = text
                .strip_prefix(&from.to_string())
                .and_then(|_| text.split_once(' '))
                .ok_or_else(|| Error::internal(format!("{text:?} is not of schema {from}")))?;
            let value = format!("{} {name}", schema());
            Host.replace(&entry.key, value.as_bytes(), entry.version).map_err(failed)?;
        }
        Ok(())
    }
}

impl Volumes for Migrating {
    fn create(&self, request: &CreateRequest) -> Result<Volume> {
        if setting("traps").is_some() {
            panic!("as asked for");
        }
        let value = format!("{} {}", schema(), request.name);
        match Host.insert(&format!("volume/{}", request.name), value.as_bytes()) {
            Ok(_) | Err(StateError::Conflict) => {}
            Err(error) => return Err(failed(error)),
        }
        Ok(Volume {
            id: request.name.clone(),
            capacity: request.capacity.and_then(|range| range.required).unwrap_or(1 << 20),
            context: vec![("schema".to_owned(), schema().to_string())],
            source: None,
            topology: vec![],
        })
    }

    fn delete(&self, _: &str, _: &Secrets) -> Result<()> {
        Ok(())
    }

    fn validate(&self, _: &ValidateRequest) -> Result<Verdict> {
        Ok(Verdict::Confirmed)
    }
}

impl Attachments for Migrating {
    fn describe(&self, request: &attachments::Request) -> Result<Answer> {
        let item = PoolItem { pool: "default".to_owned(), name: request.volume_id.clone() };
        Ok(Answer {
            attachment: Attachment::Directory(item),
            content: Content::Unknown,
            minimum_size: None,
        })
    }
}
