//! The notes of volumes that pods describe themselves: reading, writing, and making do without one.

use std::path::{Path, PathBuf};

use mooring_volume::{Error, Result, StringMap, VolumeId};

use super::Inner;
use crate::guard::Guard;
use crate::note::{Asked, Kept, Made, Note, Phase};
use crate::os::{Machine, PathKind};
use crate::record::{self, Record};

impl<M: Machine> Inner<M> {
    /// The id under which the node has a volume: its backend's.
    pub(super) fn actual(&self, volume: &VolumeId) -> Result<VolumeId> {
        match self.note(volume)? {
            Kept::Whole(note) => Ok(note.made().map_or(volume, |made| &made.id).clone()),
            Kept::Absent | Kept::Unreadable(_) => Ok(volume.clone()),
        }
    }

    /// The right to work on a volume under its backend's id, by which the controller orders freezes
    /// and limits; none where that is the orchestrator's, whose guard the caller has.
    ///
    /// # Errors
    /// `Aborted` while it is frozen, or its limits are changed.
    pub(super) fn hold_actual(
        &self,
        volume: &VolumeId,
        actual: &VolumeId,
    ) -> Result<Option<Guard>> {
        (volume != actual).then(|| self.guards.take_volume(actual)).transpose()
    }

    /// A note in place of one that can't be read: the volume's record names the place that it was
    /// staged at, which is this volume's alone.
    pub(super) fn recovered(&self, volume: &VolumeId, target: &Path, why: &str) -> Result<Note> {
        let staging = self.own_place(volume)?;
        let directory = record::directory(&self.config.state_dir, &self.config.driver);
        for path in self.os.list_records(&directory)? {
            let record = self.os.read_record(&path)?.and_then(|bytes| Record::decode(&bytes).ok());
            let Some((record, there)) =
                record.and_then(|record| Some((record.volume, record.staging?)))
            else {
                continue;
            };
            if there.path == staging {
                let (parameters, mode) = (StringMap::new(), there.mode);
                let asked = Asked {
                    attributes: StringMap::new(),
                    size: None,
                    parameters,
                    fs_type: None,
                    mode,
                    place: None,
                };
                let made = Made { id: record, context: StringMap::new() };
                let note = Note::new(volume.clone(), self.known_as(target)?, asked);
                return Ok(note.at(Phase::Created(made)));
            }
        }
        Err(self.untrusted(volume, why))
    }

    pub(super) fn untrusted(&self, volume: &VolumeId, why: &str) -> Error {
        Error::unavailable(format!(
            "the note {} of volume {volume} can't be trusted ({why}), and no record tells how its \
             backend knows it; delete the volume of that name in the backend, then remove the note",
            self.note_path(volume).display()
        ))
    }

    pub(super) fn notes(&self) -> PathBuf {
        record::directory(&self.config.state_dir, &self.config.driver).join("inline")
    }

    fn note_path(&self, volume: &VolumeId) -> PathBuf {
        self.notes().join(format!("{}.json", volume.key()))
    }

    /// Where a volume is staged: below the host's own directory, which nobody else may enter.
    pub(super) fn own_place(&self, volume: &VolumeId) -> Result<PathBuf> {
        let state = self.os.real_root(&self.config.state_dir)?;
        Ok(record::directory(&state, &self.config.driver).join("inline").join(volume.key()))
    }

    pub(super) fn note(&self, volume: &VolumeId) -> Result<Kept> {
        let bytes = self.os.read_record(&self.note_path(volume))?;
        Ok(Kept::decode(bytes.as_deref(), Some(volume)))
    }

    pub(super) fn keep(&self, note: &Note) -> Result<()> {
        let bytes = note.encode().map_err(|error| {
            Error::invalid(format!("the volume's paths can't be recorded: {error}"))
        })?;
        Ok(self.os.write_record(&self.note_path(&note.volume), &bytes)?)
    }

    pub(super) fn forget(&self, volume: &VolumeId) -> Result<()> {
        Ok(self.os.remove_record(&self.note_path(volume))?)
    }

    /// The volume is gone: so is what was worth knowing of it, such as an mkfs that was cut off.
    pub(super) fn forget_all(&self, note: &Note) -> Result<()> {
        if let Some(made) = note.made() {
            self.os.remove_record(&self.scope().record(&made.id))?;
        }
        self.forget(&note.volume)
    }

    /// Whether nobody will ever unpublish a volume: the directory that its target is in is gone,
    /// which the orchestrator keeps as long as it has the volume to unpublish.
    pub(super) fn is_orphan(&self, note: &Note) -> Result<bool> {
        let Some(parent) = note.target.parent() else { return Ok(false) };
        Ok(self.os.path_kind(parent)? == PathKind::Absent)
    }

    /// Takes off the node what nobody will unpublish.
    pub(super) fn leave_orphan(&self, volume: &VolumeId) -> Result<()> {
        match self.note(volume)? {
            Kept::Whole(note)
                if !matches!(note.phase, Phase::Deleting(_)) && self.is_orphan(&note)? =>
            {
                tracing::warn!(%volume, "its pod is gone and never gave it back; it is deleted");
                self.leave(&note)
            }
            Kept::Whole(_) | Kept::Absent | Kept::Unreadable(_) => Ok(()),
        }
    }
}
