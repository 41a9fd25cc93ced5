//! Snapshots: images of their own, whose bytes are fixed by the request, whenever the job ends.

use super::{Array, Mood, NewSnapshot, Outcome, Page, Query, Result, now, volumes};
use crate::folder::Contents;
use crate::model::{Operation, Snapshot, State};
use crate::problem::{Code, Problem};

impl Array {
    /// Takes a snapshot, unless it is there as asked for.
    pub(crate) fn create_snapshot(
        &self,
        new: &NewSnapshot,
        mood: Mood,
    ) -> Result<Outcome<Snapshot>> {
        self.change(|contents| {
            if let Some(there) = contents.snapshots.values().find(|one| one.name == new.name) {
                return again(there, new);
            }
            let volume = volumes::find(contents, &new.volume)?;
            if volume.state != State::Ready {
                let message = format!("volume {} is not ready", volume.id);
                return Err(Problem::new(Code::NotReady, message));
            }
            self.check_copy(volume)?;
            let (pool, size) = (volume.pool.clone(), volume.size);
            self.check_room(contents, self.pool(&pool)?, self.images.allocated(&new.volume))?;
            let id = format!("snap-{:08x}", contents.number());
            self.images.copy(&new.volume, &id, size)?;
            let job = self.begin(contents, (Operation::CreateSnapshot, &id), mood);
            let snapshot = Snapshot {
                id: id.clone(),
                name: new.name.clone(),
                volume: new.volume.clone(),
                pool,
                size,
                tags: new.tags.clone(),
                state: if job.is_some() { State::Creating } else { State::Ready },
                job: job.clone(),
                created: now(),
            };
            contents.snapshots.insert(id, snapshot.clone());
            Ok(job.map_or(Outcome::Done(snapshot), Outcome::Job))
        })
    }

    /// Removes a snapshot.
    pub(crate) fn delete_snapshot(&self, id: &str, mood: Mood) -> Result<Outcome<()>> {
        self.change(|contents| {
            let snapshot = find(contents, id)?;
            match (snapshot.state, &snapshot.job) {
                (State::Deleting, Some(job)) => return Ok(Outcome::Job(job.clone())),
                (_, Some(job)) => {
                    let message = format!("{job} works on {id}");
                    return Err(Problem::new(Code::Busy, message));
                }
                (_, None) => {}
            }
            if let Some(job) = self.begin(contents, (Operation::DeleteSnapshot, id), mood) {
                let snapshot = find_mut(contents, id)?;
                (snapshot.state, snapshot.job) = (State::Deleting, Some(job.clone()));
                return Ok(Outcome::Job(job));
            }
            self.drop_snapshot(contents, id)?;
            Ok(Outcome::Done(()))
        })
    }

    pub(super) fn drop_snapshot(&self, contents: &mut Contents, id: &str) -> Result<()> {
        contents.snapshots.remove(id);
        self.folder.write(contents)?;
        Ok(self.images.remove(id)?)
    }

    /// One snapshot.
    pub(crate) fn snapshot(&self, id: &str) -> Result<Snapshot> {
        self.read(|contents| Ok(find(contents, id)?.clone()))
    }

    /// Snapshots, by id.
    pub(crate) fn snapshots(&self, query: &Query) -> Result<Page<Snapshot>> {
        self.read(|contents| {
            Ok(query.page(contents.snapshots.iter(), |one| {
                query.fits_name(&one.name)
                    && query.volume.as_deref().is_none_or(|volume| volume == one.volume)
            }))
        })
    }
}

pub(super) fn find<'a>(contents: &'a Contents, id: &str) -> Result<&'a Snapshot> {
    contents.snapshots.get(id).ok_or_else(|| absent(id))
}

pub(super) fn find_mut<'a>(contents: &'a mut Contents, id: &str) -> Result<&'a mut Snapshot> {
    contents.snapshots.get_mut(id).ok_or_else(|| absent(id))
}

fn absent(id: &str) -> Problem {
    Problem::new(Code::SnapshotNotFound, format!("no snapshot {id:?}"))
}

/// The snapshot of that name, if it is the one that is asked for.
fn again(there: &Snapshot, new: &NewSnapshot) -> Result<Outcome<Snapshot>> {
    if (&there.volume, &there.tags) != (&new.volume, &new.tags) {
        let message = format!("{} has the name {:?}, and is another one", there.id, there.name);
        return Err(Problem::new(Code::NameInUse, message));
    }
    match (there.state, &there.job) {
        (State::Deleting, _) => {
            Err(Problem::new(Code::Busy, format!("{} is being removed", there.id)))
        }
        (State::Creating, Some(job)) => Ok(Outcome::Job(job.clone())),
        (State::Creating, None) | (State::Ready, _) => Ok(Outcome::Same(there.clone())),
    }
}
