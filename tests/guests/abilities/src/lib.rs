//! A backend with the optional interfaces of snapshots, groups, changed blocks, health and
//! modification. It answers well, or with the fault that the name, the id or the token says.

mod answers;

use std::borrow::Cow;

use mooring_sdk::attachments::{self, Answer};
use mooring_sdk::changed_blocks::{Blocks, Window};
use mooring_sdk::group_snapshots::Group;
use mooring_sdk::health::{Entries, StorageFinding, VolumeFinding};
use mooring_sdk::identity::Description;
use mooring_sdk::snapshots::{ListRequest, SnapshotPage};
use mooring_sdk::types::{Page, Snapshot, StringMap, Volume};
use mooring_sdk::volumes::{CreateRequest, Sources, ValidateRequest, Verdict};
use mooring_sdk::{
    Attachments, ChangedBlocks, Error, GroupSnapshots, Health, Identity, Modification, Result,
    Secrets, Snapshots, Volumes, group_snapshots, snapshots,
};

mooring_sdk::backend!(
    Abilities: volumes, attachments, snapshots, group_snapshots, changed_blocks, health,
    modification
);

/// What the host may be asked for, so that it can be seen to refuse the rest.
const SCHEMA: &str = r#"{"$defs": {
    "snapshot-parameters": {"properties": {"copies": {}}, "additionalProperties": false},
    "group-parameters": {"properties": {"copies": {}}, "additionalProperties": false},
    "mutable-parameters": {"properties": {"tier": {}}, "additionalProperties": false}
}}"#;

#[derive(Default)]
struct Abilities;

impl Identity for Abilities {
    fn info(&self) -> Description {
        Description {
            name: "abilities".to_owned(),
            version: "1.0.0".to_owned(),
            manifest: vec![],
            accessibility_constraints: false,
            online_expansion: false,
        }
    }

    fn config_schema(&self) -> Cow<'static, str> {
        Cow::Borrowed(SCHEMA)
    }
}

impl Volumes for Abilities {
    fn accepts(&self) -> Sources {
        Sources::SNAPSHOT
    }

    fn create(&self, _: &CreateRequest) -> Result<Volume> {
        Err(Error::unimplemented("no volumes here"))
    }

    fn delete(&self, _: &str, _: &Secrets) -> Result<()> {
        Ok(())
    }

    fn validate(&self, _: &ValidateRequest) -> Result<Verdict> {
        Ok(Verdict::Confirmed)
    }
}

impl Attachments for Abilities {
    fn describe(&self, _: &attachments::Request) -> Result<Answer> {
        Err(Error::unimplemented("no volumes here"))
    }
}

impl Snapshots for Abilities {
    fn create(&self, request: &snapshots::CreateRequest) -> Result<Snapshot> {
        let secret = request.secrets.get("token");
        Ok(answers::snapshot(&request.name, &request.source_volume_id, secret))
    }

    fn delete(&self, id: &str, _: &Secrets) -> Result<()> {
        match id {
            "in-use" => Err(Error::failed_precondition("a volume depends on it")),
            "panic" => panic!("as it was asked to"),
            _ => Ok(()),
        }
    }

    fn list(&self, request: &ListRequest) -> Result<SnapshotPage> {
        let source = request.source_volume_id.as_deref().unwrap_or("any");
        Ok(answers::snapshots(request.page.token.as_deref().unwrap_or_default(), source))
    }

    fn get(&self, id: &str, secrets: &Secrets) -> Result<Snapshot> {
        match id {
            "gone" => Err(Error::not_found("no such snapshot")),
            _ => Ok(answers::snapshot(id, "any", secrets.get("token"))),
        }
    }
}

impl GroupSnapshots for Abilities {
    fn create(&self, request: &group_snapshots::CreateRequest) -> Result<Group> {
        Ok(answers::group(&request.name, &request.source_volume_ids))
    }

    fn delete(&self, _: &str, snapshot_ids: &[String], _: &Secrets) -> Result<()> {
        match snapshot_ids {
            [] => Ok(()),
            [..] => Err(Error::invalid_argument(format!("not its members: {snapshot_ids:?}"))),
        }
    }

    fn get(&self, id: &str, _: &[String], _: &Secrets) -> Result<Group> {
        Ok(answers::group(id, &["a".to_owned(), "b".to_owned()]))
    }
}

impl ChangedBlocks for Abilities {
    fn allocated(&self, snapshot_id: &str, window: Window, _: &Secrets) -> Result<Blocks> {
        Ok(answers::blocks(snapshot_id, window))
    }

    fn delta(&self, base_id: &str, target_id: &str, window: Window, _: &Secrets) -> Result<Blocks> {
        match base_id {
            "foreign" => Err(Error::invalid_argument("snapshots of different volumes")),
            _ => Ok(answers::blocks(target_id, window)),
        }
    }
}

impl Health for Abilities {
    fn get(&self, volume_id: &str, secrets: &Secrets) -> Result<Vec<VolumeFinding>> {
        Ok(answers::volume_findings(volume_id, secrets.get("token")))
    }

    fn list(&self, page: &Page, _: &Secrets) -> Result<Entries> {
        Ok(answers::unsound(page.token.as_deref().unwrap_or_default()))
    }

    fn backend(&self, node_id: Option<&str>, _: &Secrets) -> Result<Vec<StorageFinding>> {
        Ok(answers::storage_findings(node_id.unwrap_or("all")))
    }
}

impl Modification for Abilities {
    fn modify(&self, id: &str, mutable_parameters: &StringMap, _: &Secrets) -> Result<()> {
        match id {
            "gone" => Err(Error::not_found("no such volume")),
            "good" => Ok(()),
            _ => Err(Error::failed_precondition(format!("{id}: {mutable_parameters:?}"))),
        }
    }
}
