//! NodePublishVolume and NodeUnpublishVolume of volumes that a pod describes itself.
//!
//! ```text
//!          note: creating        note: created                      note: deleting
//! publish ────────┬─ create ──────────┬─ stage ─ publish ─► OK
//! unpublish                                             unpublish ─ unstage ─┬─► OK ─ delete
//! ```
//! The note is on disk before the backend is asked, so that whatever it made is given back, by the
//! end of the pod or in the background (`leftovers`). The volume is staged in a place of the host's
//! own. A final error of publish leaves nothing on the node and, at the latest soon, in the backend.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use mooring_volume::attachment::Attached;
use mooring_volume::backend::{Attachments, Nodes, Volume, Volumes};
use mooring_volume::capability::AccessType;
use mooring_volume::ephemeral::{EphemeralWish, capacity};
use mooring_volume::node::{Node as _, Publish, PublishInline, Stage};
use mooring_volume::policy::Grants;
use mooring_volume::{Call, Code, Error, Result, StringMap, VolumeId};

use super::settle::{not_final, unlooked};
use super::{Inner, Node, publish, stage};
use crate::guard::Guard;
use crate::note::{Asked, Kept, Made, Note, Phase};
use crate::os::Machine;
use crate::steps::{self, AccessWish, PublishedAccess};

/// Checks the request's form and what a pod may ask for.
///
/// # Errors
/// `InvalidArgument`, `OutOfRange` and `PermissionDenied`.
fn check(grants: &Grants, request: &PublishInline) -> Result<Asked> {
    let Some(grant) = &grants.ephemeral else {
        return Err(Error::invalid(
            "the volume is one that its pod describes itself, and this driver serves persistent volumes \
             alone; use a PersistentVolumeClaim, or let the operator add grants.ephemeral",
        ));
    };
    crate::place::check_form("target_path", &request.target_path)?;
    let AccessType::Mount(mount) = &request.capability.access else {
        return Err(Error::invalid(
            "volume_capability asks for a block device; a volume that its pod describes itself is \
             always mounted",
        ));
    };
    if request.capability.mode.is_multi_node() || request.capability.mode.is_reader_only() {
        return Err(Error::invalid(
            "volume_capability.access_mode is for volumes that others share or have written; a volume \
             that its pod describes itself is that pod's alone: SINGLE_NODE_WRITER is wanted",
        ));
    }
    let EphemeralWish { attributes, size, parameters } = grant.wish(&request.attributes)?;
    capacity(size)?;
    let (fs_type, mode) = (mount.fs_type, request.capability.mode);
    Ok(Asked { attributes, size, parameters, fs_type, mode, place: None })
}

/// What such a volume's stage and publication look like.
struct Requests {
    stage: (Stage, AccessWish),
    publish: (Publish, PublishedAccess),
}

fn requests(
    grants: &Grants,
    request: &PublishInline,
    made: &Made,
    staging: PathBuf,
) -> Result<Requests> {
    let PublishInline { volume_id: _, target_path, capability, readonly, attributes: _, secrets } =
        request.clone();
    let stage = Stage {
        volume_id: made.id.clone(),
        staging_path: staging.clone(),
        capability: capability.clone(),
        volume_context: made.context.clone(),
        publish_context: StringMap::new(),
        secrets: secrets.clone(),
    };
    let publish = Publish {
        volume_id: made.id.clone(),
        staging_path: staging,
        target_path,
        capability,
        readonly,
        volume_context: made.context.clone(),
        publish_context: StringMap::new(),
        secrets,
    };
    let access = (stage::check(grants, &stage)?, publish::check(grants, &publish)?);
    Ok(Requests { stage: (stage, access.0), publish: (publish, access.1) })
}

/// Whether a failed creation has surely made nothing, now and ever before.
pub(super) fn made_nothing(code: Code) -> bool {
    matches!(
        code,
        Code::InvalidArgument | Code::OutOfRange | Code::AlreadyExists | Code::Unimplemented
    )
}

impl<M: Machine, A: Attachments + Nodes + Volumes> Node<M, A> {
    pub(super) async fn inline(&self, call: &Call, request: PublishInline) -> Result<()> {
        let mut asked = check(&self.inner.config.grants, &request)?;
        // What can never be staged or published is refused before anything is made.
        let sample = Made { id: request.volume_id.clone(), context: StringMap::new() };
        requests(&self.inner.config.grants, &request, &sample, request.target_path.clone())?;
        let guard = self.inner.guards.take(&request.volume_id, &request.target_path)?;
        let guard = Arc::new(guard);
        let description = match self.inner.described() {
            Some(description) => description,
            None => self
                .info(call)
                .await
                .map_err(|error| not_final(error, "what an earlier call left was not looked at"))?,
        };
        asked.place = description.topology.map(|topology| topology.0);
        let (note, new) = self.begin(call, &guard, &request, asked).await?;
        let note = self.create(call, &guard, note, new).await?;
        self.settle_in(call, &guard, request, note).await
    }

    /// The volume's note, on disk, and whether it is new.
    async fn begin(
        &self,
        call: &Call,
        guard: &Arc<Guard>,
        request: &PublishInline,
        asked: Asked,
    ) -> Result<(Note, bool)> {
        let look = |request: PublishInline, asked: Asked| {
            self.work(call, Arc::clone(guard), move |node| node.begin_inline(&request, asked))
        };
        match look(request.clone(), asked.clone()).await? {
            Begun::Note(note, new) => Ok((*note, new)),
            Begun::Leftover => {
                // Of an earlier try. What is asked for now is another volume.
                self.give_back(call, guard, &request.volume_id).await?;
                match look(request.clone(), asked).await? {
                    Begun::Note(note, new) => Ok((*note, new)),
                    Begun::Leftover => {
                        Err(Error::aborted("the volume's earlier self is not gone yet"))
                    }
                }
            }
        }
    }

    /// Has the volume made, unless it was.
    async fn create(&self, call: &Call, guard: &Arc<Guard>, note: Note, new: bool) -> Result<Note> {
        if note.made().is_some() {
            return Ok(note);
        }
        let question = note.question()?;
        let created = self.backend.create(call, question).await;
        let volume = note.volume.clone();
        let next = match created {
            Ok(Volume { id, context, .. }) => {
                let next = note.at(Phase::Created(Made { id, context }));
                let kept = next.clone();
                let noted = self.work(call, Arc::clone(guard), move |node| node.keep(&kept)).await;
                return noted
                    .map(|()| next)
                    .map_err(|error| not_final(error, "the volume is made already"));
            }
            Err(error) if !error.code.is_final() => return Err(error),
            Err(error) if new && made_nothing(error.code) => (error, None),
            Err(error) => (error, Some(note.at(Phase::Deleting(None)))),
        };
        let (error, leftover) = next;
        let kept = self.work(call, Arc::clone(guard), move |node| match leftover {
            Some(leftover) => node.keep(&leftover).map(|()| node.wake.notify_one()),
            None => node.forget(&volume),
        });
        match kept.await {
            Ok(()) => Err(error),
            Err(left) => Err(not_final(error, &left.message)),
        }
    }

    /// Stages and publishes what was made.
    async fn settle_in(
        &self,
        call: &Call,
        guard: &Arc<Guard>,
        request: PublishInline,
        note: Note,
    ) -> Result<()> {
        let Some(made) = note.made().cloned() else {
            return Err(Error::internal("a volume is used that was not made"));
        };
        let volume = note.volume.clone();
        let grants = self.inner.config.grants.clone();
        let prepared = self.work(call, Arc::clone(guard), move |node| {
            let staging = node.own_place(&volume)?;
            node.os.create_directory(&staging)?;
            requests(&grants, &request, &made, staging)
        });
        let prepared = match prepared.await {
            Ok(requests) => {
                let question = stage::question(&self.inner, &requests.stage.0);
                let described = self.backend.describe_attachment(call, question).await;
                Ok((requests, described))
            }
            Err(error) => Err(error),
        };
        self.work(call, Arc::clone(guard), move |node| {
            let done = prepared
                .and_then(|(requests, described)| node.appear(&note.volume, requests, described));
            done.map_err(|error| node.give_up(&note, error))
        })
        .await
    }
}

/// What a publication finds.
enum Begun {
    /// A note that fits, and whether it was written just now.
    Note(Box<Note>, bool),
    /// An earlier volume that is still to be deleted.
    Leftover,
}

impl<M: Machine> Inner<M> {
    fn begin_inline(&self, request: &PublishInline, asked: Asked) -> Result<Begun> {
        let target = self.allowed("target_path", &request.target_path)?;
        match self.note(&request.volume_id).map_err(unlooked)? {
            Kept::Absent => {
                let note = Note::new(request.volume_id.clone(), target, asked);
                self.keep(&note).map_err(|error| not_final(error, "its note may be on disk"))?;
                Ok(Begun::Note(Box::new(note), true))
            }
            Kept::Unreadable(why) => Err(self.untrusted(&request.volume_id, &why)),
            Kept::Whole(note) if matches!(note.phase, Phase::Deleting(_)) => Ok(Begun::Leftover),
            Kept::Whole(note) if note.target == target && note.asked.is_by_the_same_pod(&asked) => {
                Ok(Begun::Note(note, false))
            }
            Kept::Whole(note) => Err(Error::already_exists(format!(
                "volume {} was made for its pod at {}, with other attributes or for another target; \
                 unpublish it there first",
                note.volume,
                note.target.display()
            ))),
        }
    }

    fn appear(
        &self,
        volume: &VolumeId,
        requests: Requests,
        described: Result<Attached>,
    ) -> Result<()> {
        let (stage, access) = requests.stage;
        let _held = self.hold_actual(volume, &stage.volume_id)?;
        let path = stage.staging_path.clone();
        match described {
            Ok(attached) => self.stage_at(&stage, access, &attached, path)?,
            Err(error) if error.code.is_final() => return Err(self.stage_refused(&stage, error)),
            Err(error) => return Err(error),
        }
        let (publish, access) = requests.publish;
        self.publish(&publish, access)
    }

    /// After a failure: where nothing of the volume can stay, all of it goes.
    fn give_up(&self, note: &Note, error: Error) -> Error {
        // It is there since an earlier call that was answered with OK, or it may be there yet.
        if error.code == Code::AlreadyExists || !error.code.is_final() {
            return error;
        }
        match self.is_published(note) {
            Ok(false) => {}
            Ok(true) => return not_final(error, "the volume is published since an earlier call"),
            Err(unknown) => return not_final(error, &unknown.message),
        }
        match self.leave(note) {
            Ok(()) => {
                self.wake.notify_one();
                error
            }
            Err(left) => not_final(error, &format!("undoing it failed: {left}")),
        }
    }

    /// Whether the pod has it.
    fn is_published(&self, note: &Note) -> Result<bool> {
        let Some(made) = note.made() else { return Ok(false) };
        let seen = self.seen(&made.id)?;
        let target = &note.target;
        Ok(seen.stack(target).has_own(&seen.own) || seen.direct.own.contains_key(target))
    }

    /// Takes the volume off the node and notes that it is to be deleted.
    pub(super) fn leave(&self, note: &Note) -> Result<()> {
        let staging = self.own_place(&note.volume)?;
        if let Some(made) = note.made() {
            self.thaw_now(&made.id)?;
            let _held = self.hold_actual(&note.volume, &made.id)?;
            let seen = self.seen_leaving(&made.id)?;
            self.run(&seen, &steps::unpublish(&seen, &note.target)?)?;
            let seen = self.seen_leaving(&made.id)?;
            self.run(&seen, &steps::unstage(&seen, &staging)?)?;
        }
        self.os.remove_empty(&staging)?;
        self.keep(&note.at(Phase::Deleting(note.made().cloned())))
    }

    /// NodeUnpublishVolume of any volume; answers whether one is to be deleted now.
    pub(super) fn unpublish_any(&self, volume: &VolumeId, target: &Path) -> Result<bool> {
        match self.note(volume)? {
            Kept::Absent => self.unpublish(volume, target).map(|()| false),
            Kept::Unreadable(why) => {
                self.leave(&self.recovered(volume, target, &why)?).map(|()| true)
            }
            Kept::Whole(note) if matches!(note.phase, Phase::Deleting(_)) => Ok(true),
            Kept::Whole(note) if note.target == self.known_as(target)? => {
                self.leave(&note).map(|()| true)
            }
            // It has one target, and this is not it.
            Kept::Whole(_) => Ok(false),
        }
    }
}
