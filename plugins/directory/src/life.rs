//! Creating and deleting volumes.
//!
//! A call can die between any two effects. To create: first the record, then the directory; to
//! delete: first the directory, then the record. So no directory is ever without a record, and
//! both the repeated call and the deletion find what is there. Both claim the record first, so that
//! neither works on what the other is at.

use alloc::format;

use mooring_sdk::records::Found;
use mooring_sdk::volumes::{CreateRequest, ValidateRequest, Verdict, Volumes};
use mooring_sdk::{Error, Result, Secrets, Services, ids, pool, types};

use crate::record::{Asked, Stored, VOLUMES, Volume, told};
use crate::{Directory, USES, asked_pool, view};

/// Ids are this and a hash of the name.
const PREFIX: &str = "dir-";

impl<H: Services> Volumes for Directory<H> {
    fn create(&self, request: &CreateRequest) -> Result<types::Volume> {
        if let Some(objection) = USES.objection(&request.capabilities) {
            return Err(Error::invalid_argument(objection));
        }
        if request.source.is_some() {
            return Err(Error::invalid_argument("this backend creates empty volumes only"));
        }
        let host = &self.0;
        let asked = asked_pool(&[&request.parameters, &request.mutable_parameters])?;
        let wanted = Volume {
            name: request.name.clone(),
            pool: pool::choose(host, asked)?,
            asked: Asked::from(request.capacity),
        };
        let id = ids::derive(PREFIX, &request.name);
        let fits = |Stored::V1(existing): &Stored| check_same(existing, request, asked);
        let make = |Stored::V1(volume): &Stored| {
            host.create_directory(&volume.pool, &id)
                .map_err(|error| Error::from(error).context(format_args!("directory {id}")))
        };
        VOLUMES.create(host, &id, Stored::V1(wanted), fits, make)?;
        Ok(told(id))
    }

    fn delete(&self, id: &str, _secrets: &Secrets) -> Result<()> {
        let host = &self.0;
        VOLUMES.claim(host, id)?;
        let Some(Found { value: Stored::V1(volume), version }) = VOLUMES.get(host, id)? else {
            return Ok(());
        };
        host.delete_directory(&volume.pool, id)
            .map_err(|error| Error::from(error).context(format_args!("directory {id}")))?;
        VOLUMES.remove(host, id, version)
    }

    fn validate(&self, request: &ValidateRequest) -> Result<Verdict> {
        view::validate(&self.0, request)
    }
}

/// Whether a volume that is there is the one that is asked for.
fn check_same(existing: &Volume, request: &CreateRequest, pool: Option<&str>) -> Result<()> {
    let name = &existing.name;
    if *name != request.name {
        return Err(Error::internal(format!(
            "the names {name:?} and {:?} have one id; choose another name",
            request.name
        )));
    }
    let differs = if pool.is_some_and(|pool| pool != existing.pool) {
        "pool"
    } else if existing.asked != Asked::from(request.capacity) {
        "size"
    } else {
        return Ok(());
    };
    Err(Error::already_exists(format!(
        "volume {name:?} exists and was asked for with another {differs}"
    )))
}
