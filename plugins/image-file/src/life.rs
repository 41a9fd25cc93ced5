//! Creating and deleting volumes.
//!
//! A call can die between any two effects, so their order is what makes it safe. To create:
//! first the record, then the image; to delete: first the image, then the record. So an image
//! never is without a record, and both the repeated call and the deletion find what is there.
//! Both claim the record first: a creation that is repeated would make anew the image that a
//! deletion has just taken away, and the deletion would leave it without a record.

use alloc::format;

use mooring_sdk::pool::{Kind, PoolError, Pools};
use mooring_sdk::records::Found;
use mooring_sdk::sizing::satisfies;
use mooring_sdk::volumes::{CreateRequest, Sources, ValidateRequest, Verdict, Volumes};
use mooring_sdk::{Error, Result, Secrets, Services, ids, types};

use crate::parameters::{self, Wishes};
use crate::places::Places;
use crate::record::{Source, VOLUMES, Volume};
use crate::{ImageFile, SIZES, objection, publishing, restore, view};

/// Ids are this and a hash of the name.
pub(crate) const PREFIX: &str = "img-";

/// A request to create, and what it says once it is read.
pub(crate) struct Asked<'a> {
    pub(crate) request: &'a CreateRequest,
    pub(crate) wishes: Wishes<'a>,
    pub(crate) places: Places,
}

impl<H: Services> Volumes for ImageFile<H> {
    fn accepts(&self) -> Sources {
        Sources::SNAPSHOT | Sources::VOLUME
    }

    /// Creates a volume: for a new one, one write to the store and one image.
    fn create(&self, request: &CreateRequest) -> Result<types::Volume> {
        let wishes = parameters::read(&request.parameters, &request.mutable_parameters)?;
        if let Some(objection) = objection(wishes.chosen.direct, &request.capabilities) {
            return Err(Error::invalid_argument(objection));
        }
        let asked = Asked { request, wishes, places: Places::read(&self.0)? };
        let id = ids::derive(PREFIX, &request.name);
        let volume = match &request.source {
            Some(source) => restore::create(&self.0, &asked, source.into(), &id),
            None => create_empty(&self.0, &asked, &id),
        }?;
        let topology = asked.places.of(&volume.pool);
        Ok(volume.told(id, topology))
    }

    /// Deletes a volume and its image.
    fn delete(&self, id: &str, _secrets: &Secrets) -> Result<()> {
        VOLUMES.claim(&self.0, id)?;
        let Some(Found { value, version }) = VOLUMES.get(&self.0, id)? else {
            return Ok(());
        };
        if let Some(there) = &value.published {
            return Err(publishing::elsewhere(id, there));
        }
        self.0
            .delete_image(&value.pool, id)
            .map_err(|error| Error::from(error).context(format_args!("image {id}")))?;
        VOLUMES.remove(&self.0, id, version)
    }

    fn validate(&self, request: &ValidateRequest) -> Result<Verdict> {
        view::validate(&self.0, request)
    }
}

fn create_empty(host: &impl Services, asked: &Asked<'_>, id: &str) -> Result<Volume> {
    let Asked { request, wishes, places } = asked;
    let wanted = Volume::new(
        request.name.clone(),
        places.choose(host, wishes.pool, request.accessibility.as_ref())?,
        SIZES.choose(request.capacity.as_ref())?,
        &wishes.chosen,
    );
    let fits = |existing: &Volume| check_same(existing, asked);
    VOLUMES.create(host, id, wanted, fits, |volume| ensure_image(host, id, volume))
}

/// Whether a volume that is there is the one that is asked for.
pub(crate) fn check_same(existing: &Volume, asked: &Asked<'_>) -> Result<()> {
    let Asked { request, wishes, places } = asked;
    let name = &existing.name;
    if *name != request.name {
        return Err(Error::internal(format!(
            "the names {name:?} and {:?} have one id; choose another name",
            request.name
        )));
    }
    let other = if existing.source != request.source.as_ref().map(Source::from) {
        "other content to begin with"
    } else if wishes.pool.is_some_and(|asked| asked != existing.pool) {
        "another pool"
    } else if !satisfies(existing.size, request.capacity.as_ref()) {
        "another size"
    } else if wishes.chosen.direct != existing.direct {
        "another directVolume"
    } else if wishes.chosen.tuning != existing.created_with {
        "other mutable parameters"
    } else if !places.allow(&existing.pool, request.accessibility.as_ref()) {
        "another place"
    } else {
        return Ok(());
    };
    Err(Error::already_exists(format!(
        "volume {name:?} exists, in pool {} with {} bytes, and {other} is asked for",
        existing.pool, existing.size
    )))
}

/// Makes the image unless it is there.
fn ensure_image(pools: &impl Pools, id: &str, volume: &Volume) -> Result<()> {
    match pools.create_image(&volume.pool, id, volume.size) {
        Ok(()) => Ok(()),
        // An expansion that died after its first step leaves an image larger than its record.
        Err(PoolError::Exists) if is_larger(pools, id, volume) => Ok(()),
        Err(error) => Err(Error::from(error).context(format_args!("image {id}"))),
    }
}

/// Whether the image is there and larger than the record says.
pub(crate) fn is_larger(pools: &impl Pools, id: &str, volume: &Volume) -> bool {
    matches!(
        pools.item(&volume.pool, id),
        Ok(Some(item)) if item.kind == Kind::Image && item.size > volume.size
    )
}
