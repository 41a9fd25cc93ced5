//! Volumes that begin with the bytes of a snapshot or of another volume.
//!
//! First the record, which says that the volume is not made yet; then the copy, then its growth;
//! then the record again. A call that dies between leaves a volume that nobody gets to see the
//! bytes of, and both the repeated call and the deletion find it.

use alloc::format;
use alloc::string::String;

use mooring_sdk::pool::{CopyState, PoolError};
use mooring_sdk::records::Found;
use mooring_sdk::sizing::satisfies;
use mooring_sdk::types::CapacityRange;
use mooring_sdk::{Error, Result, Services};

use crate::copies::{self, Begun, LATER};
use crate::life::{Asked, check_same, is_larger};
use crate::record::{Progress, Source, VOLUMES, Volume};
use crate::{SIZES, snapshots};

/// What there is to copy.
struct Origin {
    pool: String,
    size: u64,
}

/// A volume's record and its version.
type Held = (Volume, u64);

/// Creates a volume with a source.
pub(crate) fn create(
    host: &impl Services,
    asked: &Asked<'_>,
    source: Source,
    id: &str,
) -> Result<Volume> {
    VOLUMES.claim(host, id)?;
    let (volume, version) = match VOLUMES.get(host, id)? {
        Some(Found { value, version }) => {
            check_same(&value, asked)?;
            again(host, id, value, version)?
        }
        None => begin(host, asked, source, id)?,
    };
    if volume.made() {
        return Ok(volume);
    }
    let (volume, version) = copy(host, id, (volume, version))?;
    if let Err(error) = grow(host, id, &volume) {
        return Err(taken_back(host, id, (&volume, version), error));
    }
    let volume = Volume { progress: Progress::Made, ..volume };
    VOLUMES.replace(host, id, &volume, version)?;
    Ok(volume)
}

/// Writes the record of a new volume.
fn begin(host: &impl Services, asked: &Asked<'_>, source: Source, id: &str) -> Result<Held> {
    let Asked { request, wishes, places } = asked;
    let Origin { pool, size } = origin(host, &source)?;
    if let Some(asked) = wishes.pool.filter(|asked| *asked != pool) {
        return Err(Error::invalid_argument(format!(
            "the source is in pool {pool} and the volume is asked for in pool {asked:?}; a copy is \
             made in the source's pool"
        )));
    }
    if !places.allow(&pool, request.accessibility.as_ref()) {
        return Err(places
            .nowhere()
            .context(format_args!("the source is in pool {pool}, where a copy of it is made")));
    }
    let size = choose(size, request.capacity.as_ref())?;
    let volume = Volume {
        source: Some(source),
        progress: Progress::Begun,
        ..Volume::new(request.name.clone(), pool, size, &wishes.chosen)
    };
    let version = VOLUMES.insert(host, id, &volume)?;
    Ok((volume, version))
}

/// Takes up what an earlier call began. A volume that was made and has no image is one whose
/// deletion died: it is made anew.
fn again(host: &impl Services, id: &str, volume: Volume, version: u64) -> Result<Held> {
    if !volume.made() || host.item(&volume.pool, id)?.is_some() {
        return Ok((volume, version));
    }
    let volume = Volume { progress: Progress::Begun, ..volume };
    let version = VOLUMES.replace(host, id, &volume, version)?;
    Ok((volume, version))
}

/// The source, if there is one and it can be copied now.
fn origin(host: &impl Services, source: &Source) -> Result<Origin> {
    match source {
        Source::Snapshot(id) => {
            let snapshot = snapshots::ready(host, id)?;
            Ok(Origin { pool: snapshot.pool, size: snapshot.size })
        }
        Source::Volume(id) => {
            let volume = VOLUMES.find(host, id)?.value;
            check_made(id, &volume)?;
            Ok(Origin { pool: volume.pool, size: volume.size })
        }
    }
}

/// Refuses a volume that does not hold its source's bytes yet.
pub(crate) fn check_made(id: &str, volume: &Volume) -> Result<()> {
    match volume.made() {
        true => Ok(()),
        false => Err(Error::unavailable(format!(
            "volume {id} is still being made of its source; repeat CreateVolume until it is done"
        ))
        .retry_after(LATER)),
    }
}

/// The size of a copy: what is asked, else the source's.
fn choose(source: u64, asked: Option<&CapacityRange>) -> Result<u64> {
    let size = match asked.and_then(|range| range.required) {
        Some(_) => SIZES.choose(asked)?,
        None => source,
    };
    if size < source || !satisfies(size, asked) {
        return Err(Error::out_of_range(format!(
            "the source has {source} bytes, and a copy of it cannot be smaller; ask for at least \
             that"
        )));
    }
    Ok(size)
}

/// Copies the source, or looks how far that has come.
///
/// # Errors
/// `Unavailable` until all of it is there.
fn copy(host: &impl Services, id: &str, (volume, version): Held) -> Result<Held> {
    let source = volume.source.as_ref().map(Source::image).unwrap_or_default();
    let (progress, error) = match copies::copy(host, &volume.pool, source, id) {
        Ok(CopyState::Done) => return Ok((volume, version)),
        Ok(CopyState::Running((done, all))) => (
            Progress::Copying,
            Error::unavailable(format!(
                "volume {id} is being copied from {source}: {done} of {all} bytes"
            ))
            .retry_after(LATER),
        ),
        Ok(CopyState::Failed(reason)) => {
            let message = format!(
                "copying volume {id} from {source} failed and starts anew with the next call: \
                 {reason}"
            );
            (Progress::Failed(reason), Error::unavailable(message))
        }
        Err(error) => return Err(taken_back(host, id, (&volume, version), error)),
    };
    if progress != volume.progress {
        VOLUMES.replace(host, id, &Volume { progress, ..volume }, version)?;
    }
    Err(error)
}

/// Whether the copying in the background of a volume that is not made yet has failed, and why.
/// The pool tells that once, so it is written down.
pub(crate) fn failure(host: &impl Services, id: &str, volume: &Volume) -> Result<Option<String>> {
    match &volume.progress {
        Progress::Begun | Progress::Made => Ok(None),
        Progress::Failed(reason) => Ok(Some(reason.clone())),
        Progress::Copying => {
            let source = volume.source.as_ref().map(Source::image).unwrap_or_default();
            let CopyState::Failed(reason) = host.copy_image(&volume.pool, source, id)? else {
                return Ok(None);
            };
            let Found { value, version } = VOLUMES.find(host, id)?;
            let failed = Volume { progress: Progress::Failed(reason.clone()), ..value };
            VOLUMES.replace(host, id, &failed, version)?;
            Ok(Some(reason))
        }
    }
}

/// Gives the copy its own size.
fn grow(host: &impl Services, id: &str, volume: &Volume) -> Result<()> {
    match host.grow_image(&volume.pool, id, volume.size) {
        Ok(()) => Ok(()),
        // The source's expansion died after its first step: its image is larger than its record.
        Err(PoolError::Invalid(_)) if is_larger(host, id, volume) => Ok(()),
        Err(error) => Err(Error::from(error).context(format_args!("image {id}"))),
    }
}

fn taken_back(
    host: &impl Services,
    id: &str,
    (volume, version): (&Volume, u64),
    error: Error,
) -> Error {
    Begun { table: &VOLUMES, images: &[(&*volume.pool, id)], id, version }.take_back(host, error)
}
