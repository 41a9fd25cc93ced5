//! The smallest backend: the three required interfaces, one volume for every name.

use std::borrow::Cow;

use mooring_sdk::attachments::{self, Answer, Attachment, Content, PoolItem};
use mooring_sdk::identity::Description;
use mooring_sdk::types::Volume;
use mooring_sdk::volumes::{CreateRequest, ValidateRequest, Verdict};
use mooring_sdk::{Attachments, Identity, Result, Secrets, Volumes};

mooring_sdk::backend!(Minimal: volumes, attachments);

#[derive(Default)]
struct Minimal;

impl Identity for Minimal {
    fn info(&self) -> Description {
        Description {
            name: "minimal".to_owned(),
            version: "1.2.3".to_owned(),
            manifest: vec![],
            accessibility_constraints: true,
            online_expansion: true,
        }
    }

    fn config_schema(&self) -> Cow<'static, str> {
        Cow::Borrowed("{}")
    }
}

impl Volumes for Minimal {
    fn create(&self, request: &CreateRequest) -> Result<Volume> {
        let wanted = request.capacity.and_then(|range| range.required);
        Ok(Volume {
            id: request.name.clone(),
            capacity: wanted.unwrap_or(1 << 20),
            context: vec![],
            source: request.source.clone(),
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

impl Attachments for Minimal {
    fn describe(&self, request: &attachments::Request) -> Result<Answer> {
        let item = PoolItem { pool: "default".to_owned(), name: request.volume_id.clone() };
        Ok(Answer {
            attachment: Attachment::Directory(item),
            content: Content::Unknown,
            minimum_size: None,
        })
    }
}
