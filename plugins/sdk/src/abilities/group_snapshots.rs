//! `group-snapshots`: snapshots of several volumes at one point in time.

use alloc::string::String;
use alloc::vec::Vec;

use crate::abilities::request;
use crate::bindings::group_snapshots as raw;
use crate::error::Result;
use crate::export::Shell;
use crate::secrets::Secrets;
use crate::types::StringMap;

pub use raw::Group;

request! {
    /// CreateVolumeGroupSnapshot.
    CreateRequest from raw::CreateRequest {
        /// The key of idempotence, as a volume's name.
        name: String,
        /// Of which volumes.
        source_volume_ids: Vec<String>,
        /// The VolumeGroupSnapshotClass's.
        parameters: StringMap,
    }
}

/// Snapshots of several volumes at one point in time.
pub trait GroupSnapshots {
    /// Takes all of them, or none.
    ///
    /// # Errors
    /// `AlreadyExists` for that name with other sources, `NotFound` for an unknown volume.
    fn create(&self, request: &CreateRequest) -> Result<Group>;

    /// Deletes a group with its members. An unknown id is OK.
    ///
    /// # Errors
    /// `InvalidArgument` where `snapshot_ids` are not the group's.
    fn delete(&self, id: &str, snapshot_ids: &[String], secrets: &Secrets) -> Result<()>;

    /// One group.
    ///
    /// # Errors
    /// `NotFound` for an unknown id.
    fn get(&self, id: &str, snapshot_ids: &[String], secrets: &Secrets) -> Result<Group>;
}

impl<B: GroupSnapshots + Default> raw::Guest for Shell<B> {
    fn create(request: raw::CreateRequest) -> Result<Group, raw::Error> {
        Ok(Self::made().create(&request.into())?)
    }

    fn delete(
        id: String,
        snapshot_ids: Vec<String>,
        secrets: raw::Secrets,
    ) -> Result<(), raw::Error> {
        Ok(Self::made().delete(&id, &snapshot_ids, &Secrets::new(secrets))?)
    }

    fn get(
        id: String,
        snapshot_ids: Vec<String>,
        secrets: raw::Secrets,
    ) -> Result<Group, raw::Error> {
        Ok(Self::made().get(&id, &snapshot_ids, &Secrets::new(secrets))?)
    }
}
