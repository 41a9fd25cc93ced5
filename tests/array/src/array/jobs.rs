//! Work that outlives its request. A job's effect on the images is made, or is made ready, when it
//! begins; what it adds when its time has come is that it counts. So a restart loses none.

use super::{Array, Result, milliseconds, now, snapshots, volumes};
use crate::folder::Contents;
use crate::model::{Job, JobState, Operation, State};
use crate::problem::{Code, Problem};

use super::Mood;

/// Ended jobs are told of for so long, in milliseconds.
const REMEMBERED: u64 = 300_000;

impl Array {
    /// Begins a job, if the array does such work by jobs; answers its id.
    pub(super) fn begin(
        &self,
        contents: &mut Contents,
        (operation, resource): (Operation, &str),
        mood: Mood,
    ) -> Option<String> {
        let started = now();
        let due = match (mood.stuck, self.jobs) {
            (true, _) => None,
            (false, Some(length)) => Some(started.saturating_add(milliseconds(length))),
            (false, None) => return None,
        };
        let id = format!("job-{:08x}", contents.number());
        let job = Job {
            id: id.clone(),
            operation,
            resource: resource.to_owned(),
            state: JobState::Running,
            started,
            age: 0,
            due,
            error: None,
        };
        contents.jobs.insert(id.clone(), job);
        Some(id)
    }

    /// Ends the jobs whose time has come.
    pub(super) fn settle(&self, held: &mut Contents) -> Result<()> {
        let time = now();
        let due =
            |job: &&Job| job.state == JobState::Running && job.due.is_some_and(|due| due <= time);
        let ended: Vec<Job> = held.jobs.values().filter(due).cloned().collect();
        if ended.is_empty() {
            return Ok(());
        }
        let mut changed = held.clone();
        for job in ended {
            let outcome = self.complete(&mut changed, &job);
            if let Some(job) = changed.jobs.get_mut(&job.id) {
                job.state = if outcome.is_ok() { JobState::Done } else { JobState::Failed };
                job.error = outcome.err();
            }
        }
        changed.jobs.retain(|_, job| {
            job.state == JobState::Running || job.started.saturating_add(REMEMBERED) > time
        });
        self.folder.write(&changed)?;
        *held = changed;
        Ok(())
    }

    /// What a job adds at its end.
    pub(super) fn complete(&self, contents: &mut Contents, job: &Job) -> Result<()> {
        let id = job.resource.as_str();
        match job.operation {
            Operation::CreateVolume => {
                let volume = volumes::find_mut(contents, id)?;
                (volume.state, volume.job) = (State::Ready, None);
                Ok(())
            }
            Operation::ExpandVolume => self.grow(contents, id),
            Operation::DeleteVolume => self.drop_volume(contents, id),
            Operation::CreateSnapshot => {
                let snapshot = snapshots::find_mut(contents, id)?;
                (snapshot.state, snapshot.job) = (State::Ready, None);
                Ok(())
            }
            Operation::DeleteSnapshot => self.drop_snapshot(contents, id),
        }
    }

    /// One job.
    pub(crate) fn job(&self, id: &str) -> Result<Job> {
        self.read(|contents| Ok(aged(find(contents, id)?)))
    }

    /// Stops a running job and takes back what it began; an ended one stays as it is.
    pub(crate) fn cancel(&self, id: &str) -> Result<Job> {
        self.change(|contents| {
            let job = find(contents, id)?.clone();
            if job.state != JobState::Running {
                return Ok(job);
            }
            let resource = job.resource.as_str();
            match job.operation {
                Operation::CreateVolume => self.drop_volume(contents, resource)?,
                Operation::CreateSnapshot => self.drop_snapshot(contents, resource)?,
                Operation::ExpandVolume | Operation::DeleteVolume => {
                    let volume = volumes::find_mut(contents, resource)?;
                    (volume.state, volume.job, volume.resizing) = (State::Ready, None, None);
                }
                Operation::DeleteSnapshot => {
                    let snapshot = snapshots::find_mut(contents, resource)?;
                    (snapshot.state, snapshot.job) = (State::Ready, None);
                }
            }
            let job = Job { state: JobState::Cancelled, ..job };
            contents.jobs.insert(job.id.clone(), job.clone());
            Ok(job)
        })
    }
}

fn find<'a>(contents: &'a Contents, id: &str) -> Result<&'a Job> {
    let found = contents.jobs.get(id);
    found.ok_or_else(|| Problem::new(Code::JobNotFound, format!("no job {id:?}")))
}

fn aged(job: &Job) -> Job {
    Job { age: now().saturating_sub(job.started), ..job.clone() }
}
