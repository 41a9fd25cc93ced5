//! Volumes: made once by name, grown, and removed unless a host sees them.

use super::{Array, GRANULE, Mood, NewVolume, Outcome, Page, Query, Result, now};
use crate::folder::Contents;
use crate::model::{Condition, Operation, Pool, Source, State, Volume};
use crate::problem::{Code, Problem};

impl Array {
    /// Makes a volume, unless it is there as asked for.
    pub(crate) fn create_volume(&self, new: &NewVolume, mood: Mood) -> Result<Outcome<Volume>> {
        self.change(|contents| {
            if let Some(there) = contents.volumes.values().find(|one| one.name == new.name) {
                return again(there, new);
            }
            let pool = self.pool(&new.pool)?;
            check_size(pool, new.size)?;
            let origin = new.source.as_ref().map(|source| self.origin(contents, source, new));
            let origin = origin.transpose()?;
            self.check_room(contents, pool, if new.thin { 0 } else { new.size })?;
            let number = contents.number();
            let id = format!("vol-{number:08x}");
            match origin {
                Some(from) => self.images.copy(&from, &id, new.size)?,
                None => self.images.create(&id, new.size)?,
            }
            let job = self.begin(contents, (Operation::CreateVolume, &id), mood);
            let volume = Volume {
                id: id.clone(),
                name: new.name.clone(),
                pool: new.pool.clone(),
                size: new.size,
                thin: new.thin,
                serial: format!("{}{number:08x}", contents.array),
                source: new.source.clone(),
                tags: new.tags.clone(),
                state: if job.is_some() { State::Creating } else { State::Ready },
                job: job.clone(),
                resizing: None,
                created: now(),
                mappings: Vec::new(),
                condition: Condition::Good,
            };
            contents.volumes.insert(id, volume.clone());
            Ok(job.map_or(Outcome::Done(volume), Outcome::Job))
        })
    }

    /// The image that a new volume begins with.
    fn origin(&self, contents: &Contents, source: &Source, new: &NewVolume) -> Result<String> {
        let (id, pool, size, state) = match source {
            Source::Snapshot(id) => {
                let found = super::snapshots::find(contents, id)?;
                (id, &found.pool, found.size, found.state)
            }
            Source::Volume(id) => {
                let found = find(contents, id)?;
                self.check_copy(found)?;
                (id, &found.pool, found.size, found.state)
            }
        };
        if state != State::Ready {
            return Err(Problem::new(Code::NotReady, format!("the source {id} is not ready")));
        }
        if *pool != new.pool {
            let message = format!("the source is in pool {pool}; a copy is made there");
            return Err(Problem::new(Code::BadRequest, message));
        }
        if new.size < size {
            let message = format!("the source has {size} bytes, a copy cannot have less");
            return Err(Problem::new(Code::SizeOutOfRange, message));
        }
        Ok(id.clone())
    }

    /// Refuses to copy what a host may write to at the same time, unless the copy is of one moment.
    pub(super) fn check_copy(&self, volume: &Volume) -> Result<()> {
        if volume.mappings.iter().all(|mapping| mapping.readonly) {
            return Ok(());
        }
        if !self.images.shares()? {
            let message = format!(
                "{} is mapped, and the array's file system shares no blocks: no copy of one \
                 moment can be had; unmap it first",
                volume.id
            );
            return Err(Problem::new(Code::CannotCopyInUse, message));
        }
        self.devices.flush(&self.image(&volume.id))
    }

    /// Makes a volume larger; one that is large enough keeps its size.
    pub(crate) fn expand(&self, id: &str, size: u64, mood: Mood) -> Result<Outcome<Volume>> {
        self.change(|contents| {
            let volume = find(contents, id)?;
            if let Some(job) = &volume.job {
                return match volume.resizing {
                    Some(coming) if coming >= size => Ok(Outcome::Job(job.clone())),
                    Some(_) | None => Err(busy(volume)),
                };
            }
            if size <= volume.size {
                return Ok(Outcome::Same(volume.clone()));
            }
            let pool = self.pool(&volume.pool)?;
            check_size(pool, size)?;
            let more = if volume.thin { 0 } else { size - volume.size };
            self.check_room(contents, pool, more)?;
            let job = self.begin(contents, (Operation::ExpandVolume, id), mood);
            let volume = find_mut(contents, id)?;
            (volume.resizing, volume.job) = (Some(size), job.clone());
            if let Some(job) = job {
                return Ok(Outcome::Job(job));
            }
            self.grow(contents, id)?;
            Ok(Outcome::Done(find(contents, id)?.clone()))
        })
    }

    /// Gives a volume the size that it is to have.
    pub(super) fn grow(&self, contents: &mut Contents, id: &str) -> Result<()> {
        let volume = find_mut(contents, id)?;
        let size = volume.resizing.take().unwrap_or(volume.size).max(volume.size);
        volume.job = None;
        self.images.grow(id, size)?;
        self.devices.refresh(&self.image(id))?;
        volume.size = size;
        Ok(())
    }

    /// Removes a volume that no host sees.
    pub(crate) fn delete_volume(&self, id: &str, mood: Mood) -> Result<Outcome<()>> {
        self.change(|contents| {
            let volume = find(contents, id)?;
            if let (State::Deleting, Some(job)) = (volume.state, &volume.job) {
                return Ok(Outcome::Job(job.clone()));
            }
            if volume.job.is_some() {
                return Err(busy(volume));
            }
            if let Some(mapping) = volume.mappings.first() {
                let message = format!("{id} is mapped to host {:?}; unmap it first", mapping.host);
                return Err(Problem::new(Code::Mapped, message));
            }
            if let Some(job) = self.begin(contents, (Operation::DeleteVolume, id), mood) {
                let volume = find_mut(contents, id)?;
                (volume.state, volume.job) = (State::Deleting, Some(job.clone()));
                return Ok(Outcome::Job(job));
            }
            self.drop_volume(contents, id)?;
            Ok(Outcome::Done(()))
        })
    }

    pub(super) fn drop_volume(&self, contents: &mut Contents, id: &str) -> Result<()> {
        contents.volumes.remove(id);
        // The record first: an image without one is removed at the next start.
        self.folder.write(contents)?;
        Ok(self.images.remove(id)?)
    }

    /// One volume.
    pub(crate) fn volume(&self, id: &str) -> Result<Volume> {
        self.read(|contents| Ok(find(contents, id)?.clone()))
    }

    /// Volumes, by id.
    pub(crate) fn volumes(&self, query: &Query) -> Result<Page<Volume>> {
        self.read(|contents| {
            Ok(query.page(contents.volumes.iter(), |one| {
                query.fits_name(&one.name) && (!query.ill || one.condition != Condition::Good)
            }))
        })
    }
}

pub(super) fn find<'a>(contents: &'a Contents, id: &str) -> Result<&'a Volume> {
    contents.volumes.get(id).ok_or_else(|| absent(id))
}

pub(super) fn find_mut<'a>(contents: &'a mut Contents, id: &str) -> Result<&'a mut Volume> {
    contents.volumes.get_mut(id).ok_or_else(|| absent(id))
}

fn absent(id: &str) -> Problem {
    Problem::new(Code::VolumeNotFound, format!("no volume {id:?}"))
}

pub(super) fn busy(volume: &Volume) -> Problem {
    let job = volume.job.as_deref().unwrap_or("another request");
    Problem::new(Code::Busy, format!("{job} works on {}", volume.id))
}

fn check_size(pool: &Pool, size: u64) -> Result<()> {
    match (GRANULE..=pool.total).contains(&size) && size.is_multiple_of(GRANULE) {
        true => Ok(()),
        false => Err(Problem::new(
            Code::SizeOutOfRange,
            format!("{size} bytes: sizes are multiples of {GRANULE} up to {}", pool.total),
        )),
    }
}

/// The volume of that name, if it is the one that is asked for.
fn again(there: &Volume, new: &NewVolume) -> Result<Outcome<Volume>> {
    let Volume { pool, size, thin, source, tags, .. } = there;
    let same = (pool, size, thin, source, tags)
        == (&new.pool, &new.size, &new.thin, &new.source, &new.tags);
    if !same {
        let message = format!("{} has the name {:?}, and is another one", there.id, there.name);
        return Err(Problem::new(Code::NameInUse, message));
    }
    match (there.state, &there.job) {
        (State::Deleting, _) => Err(busy(there)),
        (State::Creating, Some(job)) => Ok(Outcome::Job(job.clone())),
        (State::Creating, None) | (State::Ready, _) => Ok(Outcome::Same(there.clone())),
    }
}
