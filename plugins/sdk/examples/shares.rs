//! A complete backend: each volume is a sub-directory of an NFS export, which the operator mounts
//! as the pool `export` of the controller, so that the directories can be made and deleted.
use std::borrow::Cow;

use mooring_sdk::attachments::{
    Answer, Attachment, Attachments, Content, Nfs, NfsVersion, Request,
};
use mooring_sdk::identity::{Description, Identity};
use mooring_sdk::pool::Pools;
use mooring_sdk::types::Volume;
use mooring_sdk::volumes::{CreateRequest, ValidateRequest, Verdict, Volumes};
use mooring_sdk::{Error, Host, Result, Secrets, config, ids};

#[derive(Default)]
struct Shares;

#[derive(serde::Deserialize)]
struct Config {
    server: String,
    path: String,
}

impl Identity for Shares {
    fn info(&self) -> Description {
        Description { name: "shares".into(), version: "1.0.0".into(), ..Description::default() }
    }

    fn config_schema(&self) -> Cow<'static, str> {
        r#"{"$defs": {"config": {"type": "object", "required": ["server", "path"]}}}"#.into()
    }
}

impl Volumes for Shares {
    fn create(&self, request: &CreateRequest) -> Result<Volume> {
        let id = ids::derive("share-", &request.name);
        Host.create_directory("export", &id)?;
        Ok(Volume { id, ..Volume::default() })
    }

    fn delete(&self, id: &str, _secrets: &Secrets) -> Result<()> {
        Ok(Host.delete_directory("export", id)?)
    }

    fn validate(&self, request: &ValidateRequest) -> Result<Verdict> {
        match Host.item("export", &request.id)? {
            Some(_) => Ok(Verdict::Confirmed),
            None => Err(Error::not_found(format!("there is no volume {}", request.id))),
        }
    }
}

impl Attachments for Shares {
    fn describe(&self, request: &Request) -> Result<Answer> {
        let Config { server, path } = config::read(&Host)?;
        let export_path = format!("{path}/{}", request.volume_id);
        let nfs = Nfs { servers: vec![server], export_path, version: NfsVersion::Any };
        Ok(Answer {
            attachment: Attachment::Nfs(nfs),
            content: Content::Unknown,
            minimum_size: None,
        })
    }
}

mooring_sdk::backend!(Shares: volumes, attachments);
