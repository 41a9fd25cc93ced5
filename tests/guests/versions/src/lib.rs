//! A backend that tells its version in what it answers. It is built twice, as 1.0.0 (`versions`) and as
//! 2.0.0 (`versions-next`); what it does is said by the driver's config, and by the volume's name:
//!
//! - config `label`: told beside the version, once before and once after the call's write.
//! - config `trap`: creating and deleting panics. `probe`: `unfit` or `starting`.
//! - a name with `sleep` takes 300 ms, one with `unsettled` is ABORTED by 1.0.0.

use std::borrow::Cow;
use std::time::Duration;

use mooring_sdk::attachments::{self, Answer, Attachment, Content, PoolItem};
use mooring_sdk::identity::Description;
use mooring_sdk::state::{State, StateError};
use mooring_sdk::types::Volume;
use mooring_sdk::volumes::{CreateRequest, ValidateRequest, Verdict};
use mooring_sdk::{Attachments, Error, Host, Identity, Result, Secrets, Volumes};

mooring_sdk::backend!(Versions: volumes, attachments);

const VERSION: &str = env!("CARGO_PKG_VERSION");

#[derive(Default)]
struct Versions;

fn setting(key: &str) -> Option<String> {
    let config: serde_json::Value = mooring_sdk::config::read(&Host).ok()?;
    config.get(key)?.as_str().map(str::to_owned)
}

fn label() -> String {
    setting("label").unwrap_or_default()
}

fn failed(error: StateError) -> Error {
    Error::unavailable(format!("{error:?}"))
}

fn behave(name: &str) -> Result<()> {
    assert!(setting("trap").is_none(), "as asked for");
    if name.contains("sleep") {
        std::thread::sleep(Duration::from_millis(300));
    }
    if name.contains("unsettled") && VERSION == "1.0.0" {
        return Err(Error::aborted(format!("version {VERSION} is at it")));
    }
    Ok(())
}

impl Identity for Versions {
    fn info(&self) -> Description {
        Description {
            name: "versions".to_owned(),
            version: VERSION.to_owned(),
            manifest: vec![],
            accessibility_constraints: false,
            online_expansion: false,
        }
    }

    fn probe(&self) -> Result<bool> {
        match setting("probe").as_deref() {
            Some("unfit") => Err(Error::failed_precondition("it has no array")),
            Some("starting") => Ok(false),
            _ => Ok(true),
        }
    }

    fn config_schema(&self) -> Cow<'static, str> {
        Cow::Borrowed(r#"{"$defs": {"config": {"properties": {"label": {"type": "string"}}}}}"#)
    }
}

impl Volumes for Versions {
    fn create(&self, request: &CreateRequest) -> Result<Volume> {
        let before = label();
        match Host.insert(&format!("volume/{}", request.name), before.as_bytes()) {
            Ok(_) | Err(StateError::Conflict) => {}
            Err(error) => return Err(failed(error)),
        }
        behave(&request.name)?;
        let told = [("version", VERSION), ("before", &before), ("after", &label())];
        Ok(Volume {
            id: request.name.clone(),
            capacity: request.capacity.and_then(|range| range.required).unwrap_or(1 << 20),
            context: told.map(|(key, value)| (key.to_owned(), value.to_owned())).into(),
            source: request.source.clone(),
            topology: vec![],
        })
    }

    fn delete(&self, id: &str, _: &Secrets) -> Result<()> {
        behave(id)?;
        let key = format!("volume/{id}");
        match Host.get(&key).map_err(failed)? {
            Some(entry) => Host.remove(&key, entry.version).map_err(failed),
            None => Ok(()),
        }
    }

    fn validate(&self, _: &ValidateRequest) -> Result<Verdict> {
        Ok(Verdict::Confirmed)
    }
}

impl Attachments for Versions {
    fn describe(&self, request: &attachments::Request) -> Result<Answer> {
        let item = PoolItem { pool: "default".to_owned(), name: request.volume_id.clone() };
        Ok(Answer {
            attachment: Attachment::Directory(item),
            content: Content::Unknown,
            minimum_size: None,
        })
    }
}
