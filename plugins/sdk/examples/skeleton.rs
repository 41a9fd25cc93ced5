//! Every ability, each refusing: a place to start from. Take what your storage system can do, and
//! leave the rest out of the last line: what is exported is what the driver advertises.
use std::borrow::Cow;

use mooring_sdk::attachments::{self, Attachments};
use mooring_sdk::capacity::{self, Capacity};
use mooring_sdk::changed_blocks::{Blocks, ChangedBlocks, Window};
use mooring_sdk::expansion::{self, Expansion};
use mooring_sdk::group_snapshots::{self, Group, GroupSnapshots};
use mooring_sdk::health::{self, Health};
use mooring_sdk::identity::{Description, Identity};
use mooring_sdk::listing::{self, Listing};
use mooring_sdk::modification::Modification;
use mooring_sdk::nodes::{self, Nodes};
use mooring_sdk::publishing::{self, Publishing};
use mooring_sdk::snapshots::{self, SnapshotPage, Snapshots};
use mooring_sdk::types::{Page, Snapshot, StringMap, Volume};
use mooring_sdk::volumes::{CreateRequest, ValidateRequest, Verdict, Volumes};
use mooring_sdk::{Error, Result, Secrets};

#[derive(Default)]
struct Skeleton;

/// Where your code goes.
fn yours<T>() -> Result<T> {
    Err(Error::unimplemented("the skeleton does nothing"))
}

impl Identity for Skeleton {
    fn info(&self) -> Description {
        Description { name: "skeleton".into(), version: "0.1.0".into(), ..Description::default() }
    }

    fn config_schema(&self) -> Cow<'static, str> {
        r#"{"$defs": {"config": {"type": "object"}, "parameters": {"type": "object"}}}"#.into()
    }
}

impl Volumes for Skeleton {
    fn create(&self, _request: &CreateRequest) -> Result<Volume> {
        yours()
    }

    fn delete(&self, _id: &str, _secrets: &Secrets) -> Result<()> {
        yours()
    }

    fn validate(&self, _request: &ValidateRequest) -> Result<Verdict> {
        yours()
    }
}

impl Attachments for Skeleton {
    fn describe(&self, _request: &attachments::Request) -> Result<attachments::Answer> {
        yours()
    }
}

impl Publishing for Skeleton {
    fn publish(&self, _request: &publishing::Request) -> Result<StringMap> {
        yours()
    }

    fn unpublish(&self, _volume: &str, _node: Option<&str>, _secrets: &Secrets) -> Result<()> {
        yours()
    }
}

impl Listing for Skeleton {
    fn list(&self, _page: &Page) -> Result<listing::Entries> {
        yours()
    }

    fn get(&self, _id: &str) -> Result<listing::Entry> {
        yours()
    }
}

impl Capacity for Skeleton {
    fn get(&self, _request: &capacity::Request) -> Result<capacity::Answer> {
        yours()
    }
}

impl Expansion for Skeleton {
    fn expand(&self, _request: &expansion::Request) -> Result<expansion::Answer> {
        yours()
    }
}

impl Modification for Skeleton {
    fn modify(&self, _id: &str, _parameters: &StringMap, _secrets: &Secrets) -> Result<()> {
        yours()
    }
}

impl Snapshots for Skeleton {
    fn create(&self, _request: &snapshots::CreateRequest) -> Result<Snapshot> {
        yours()
    }

    fn delete(&self, _id: &str, _secrets: &Secrets) -> Result<()> {
        yours()
    }

    fn list(&self, _request: &snapshots::ListRequest) -> Result<SnapshotPage> {
        yours()
    }

    fn get(&self, _id: &str, _secrets: &Secrets) -> Result<Snapshot> {
        yours()
    }
}

impl GroupSnapshots for Skeleton {
    fn create(&self, _request: &group_snapshots::CreateRequest) -> Result<Group> {
        yours()
    }

    fn delete(&self, _id: &str, _snapshot_ids: &[String], _secrets: &Secrets) -> Result<()> {
        yours()
    }

    fn get(&self, _id: &str, _snapshot_ids: &[String], _secrets: &Secrets) -> Result<Group> {
        yours()
    }
}

impl ChangedBlocks for Skeleton {
    fn allocated(&self, _id: &str, _window: Window, _secrets: &Secrets) -> Result<Blocks> {
        yours()
    }

    fn delta(&self, _base: &str, _target: &str, _: Window, _secrets: &Secrets) -> Result<Blocks> {
        yours()
    }
}

impl Health for Skeleton {
    fn get(&self, _volume_id: &str, _secrets: &Secrets) -> Result<Vec<health::VolumeFinding>> {
        yours()
    }

    fn list(&self, _page: &Page, _secrets: &Secrets) -> Result<health::Entries> {
        yours()
    }

    fn backend(
        &self,
        _node_id: Option<&str>,
        _secrets: &Secrets,
    ) -> Result<Vec<health::StorageFinding>> {
        yours()
    }
}

impl Nodes for Skeleton {
    fn describe(&self, _facts: &nodes::Facts) -> Result<nodes::Description> {
        yours()
    }
}

mooring_sdk::backend!(
    Skeleton: volumes, attachments, publishing, listing, capacity, expansion, modification,
    snapshots, group_snapshots, changed_blocks, health, nodes
);
