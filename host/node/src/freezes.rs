//! File systems that are frozen at present, and the notes by which a program that was killed thaws
//! them when it starts again.
//!
//! A note is on disk before the first file system of its freeze is frozen, and goes after the last
//! is thawed. It names a device and the label that makes it the volume's; one of another boot is
//! void, since a reboot thaws. A program that was killed between its note and its freeze, in the
//! moment in which another program froze the same file system, would thaw that one's: nothing tells
//! the two apart.
//!
//! Invariant: whatever is in [`Hold::frozen`] was frozen here, and is thawed here.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use mooring_volume::orders::FreezeId;
use mooring_volume::{Error, Result, VolumeId};
use serde::{Deserialize, Serialize};

use crate::guard::Guard;
use crate::os::Machine;
use crate::record::{seal, unseal};

/// The format's version; others are refused.
const VERSION: u32 = 1;

/// A volume that was frozen for longer than this rests for as long as that was: so a controller
/// that orders one freeze after the other stops writes for half of the time at most.
const BRIEF: Duration = Duration::from_secs(1);

/// A file system that is frozen or about to be, by the device that carries it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Target {
    /// N in /dev/loopN.
    pub(crate) number: u32,
    /// The volume's label: another volume's device may have the number by now.
    pub(crate) label: String,
}

/// What a note says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Note {
    version: u32,
    /// The boot that it is of.
    boot: String,
    /// What is frozen or about to be.
    filesystems: Vec<Target>,
}

impl Note {
    pub(crate) fn new(boot: String, filesystems: Vec<Target>) -> Self {
        Self { version: VERSION, boot, filesystems }
    }

    /// # Errors
    /// What can't be written as JSON: none of this.
    pub(crate) fn encode(&self) -> Result<Vec<u8>> {
        serde_json::to_vec(self).map(seal).map_err(|error| Error::internal(error.to_string()))
    }

    fn decode(bytes: &[u8]) -> Result<Self, String> {
        let note: Self = serde_json::from_slice(unseal(bytes)?).map_err(|e| e.to_string())?;
        if note.version == VERSION {
            Ok(note)
        } else {
            Err(format!("its version is {}; this program writes {VERSION}", note.version))
        }
    }
}

/// Thaws by any mount of the device. False: it was not frozen, or is no longer the volume's.
///
/// # Errors
/// What the kernel answers; it may be frozen still.
pub(crate) fn thaw<M: Machine>(os: &M, target: &Target) -> Result<bool> {
    let loops = os.loops()?;
    if loops.silent.iter().any(|one| one.number == target.number) {
        return Err(Error::unavailable(format!(
            "/dev/loop{} does not answer, and may be frozen",
            target.number
        )));
    }
    let is_target = |number, label: &str| number == target.number && label == target.label;
    let Some(device) = loops.answering.iter().find(|now| is_target(now.number, &now.label)) else {
        return Ok(false);
    };
    let mut last = None;
    for entry in os.mounts()?.iter().filter(|entry| entry.block == Some(device.device)) {
        // One that another mount covers can't be opened; the next may.
        match os.open_root(&entry.reference()).and_then(|root| os.thaw(&root)) {
            Ok(thawed) => return Ok(thawed),
            Err(error) => last = Some(error),
        }
    }
    Err(last.map_or_else(
        || {
            Error::unavailable(format!(
                "/dev/loop{} may be frozen and is mounted nowhere that this process sees; mount \
                 it and run fsfreeze --unfreeze",
                target.number
            ))
        },
        Error::from,
    ))
}

/// Thaws what the notes in a directory say, and removes them.
///
/// # Errors
/// The first that could not be thawed; its note stays.
pub(crate) fn recover<M: Machine>(os: &M, directory: &Path) -> Result<()> {
    let boot = os.boot_id()?;
    let mut outcome = Ok(());
    for path in os.list_records(directory)? {
        if let Err(error) = recover_one(os, &path, &boot) {
            tracing::error!(note = %path.display(), %error, "what a killed process froze is not thawed");
            outcome = outcome.and(Err(error));
        }
    }
    outcome
}

fn recover_one<M: Machine>(os: &M, path: &Path, boot: &str) -> Result<()> {
    let Some(bytes) = os.read_record(path)? else { return Ok(()) };
    let note = Note::decode(&bytes).map_err(|why| {
        Error::internal(format!("the note {} can't be read: {why}", path.display()))
    })?;
    if note.boot == boot {
        for target in &note.filesystems {
            if thaw(os, target)? {
                tracing::warn!(device = target.number, "thawed what a killed process left frozen");
            }
        }
    }
    Ok(os.remove_record(path)?)
}

/// The freezes of one driver. A clone is another handle on the same.
#[derive(Debug, Clone, Default)]
pub(crate) struct Freezes(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    running: Mutex<Running>,
    /// Held while a note's name is chosen and the note is written.
    notes: Mutex<()>,
}

#[derive(Debug, Default)]
struct Running {
    next: u64,
    freezes: BTreeMap<FreezeId, Arc<Freeze>>,
    /// Until when volumes rest.
    resting: BTreeMap<VolumeId, Instant>,
}

/// One freeze.
#[derive(Debug)]
pub(crate) struct Freeze {
    pub(crate) id: FreezeId,
    shared: Freezes,
    hold: Mutex<Hold>,
}

/// How a freeze stands.
#[derive(Debug, Default)]
pub(crate) struct Hold {
    /// What it keeps others from working on.
    pub(crate) volumes: BTreeSet<VolumeId>,
    /// Kept until all is thawed.
    pub(crate) guard: Option<Guard>,
    /// The note, from before it is written until after it is removed.
    pub(crate) note: Option<PathBuf>,
    /// What was frozen.
    pub(crate) frozen: Vec<Target>,
    /// When the first was.
    pub(crate) begun: Option<Instant>,
    /// Whether a thread is at work on it, which ends it when it is done.
    busy: bool,
    /// Whether everything was frozen.
    complete: bool,
    /// Whether it is over: nothing more is frozen.
    pub(crate) ended: bool,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Freezes {
    /// A new one, which someone is at work on until [`Freeze::settle`].
    pub(crate) fn begin(&self) -> Arc<Freeze> {
        let mut running = lock(&self.0.running);
        let id = FreezeId(running.next);
        running.next += 1;
        let hold = Mutex::new(Hold { busy: true, ..Hold::default() });
        let freeze = Arc::new(Freeze { id, shared: self.clone(), hold });
        running.freezes.insert(id, Arc::clone(&freeze));
        freeze
    }

    /// One that is not over, or not tidied up.
    pub(crate) fn of(&self, id: FreezeId) -> Option<Arc<Freeze>> {
        lock(&self.0.running).freezes.get(&id).cloned()
    }

    /// Those that keep a volume frozen.
    pub(crate) fn with(&self, volume: &VolumeId) -> Vec<Arc<Freeze>> {
        self.all().into_iter().filter(|freeze| freeze.hold().volumes.contains(volume)).collect()
    }

    /// All of them.
    pub(crate) fn all(&self) -> Vec<Arc<Freeze>> {
        lock(&self.0.running).freezes.values().cloned().collect()
    }

    /// Refuses a volume that was frozen for long just now.
    ///
    /// # Errors
    /// `ResourceExhausted`, naming it.
    pub(crate) fn check_rest(&self, volumes: &BTreeSet<VolumeId>) -> Result<()> {
        let mut running = lock(&self.0.running);
        let now = Instant::now();
        running.resting.retain(|_, until| *until > now);
        match volumes.iter().find(|volume| running.resting.contains_key(volume)) {
            None => Ok(()),
            Some(volume) => Err(Error::new(
                mooring_volume::Code::ResourceExhausted,
                format!(
                    "volume {volume} was frozen for long just now, and may write for as long \
                     before it is frozen again; try again in some seconds"
                ),
            )),
        }
    }

    /// Lets volumes rest.
    pub(crate) fn rest(&self, volumes: &BTreeSet<VolumeId>, until: Instant) {
        let mut running = lock(&self.0.running);
        running.resting.extend(volumes.iter().map(|volume| (volume.clone(), until)));
    }

    /// Writes a note under a name that no other has.
    ///
    /// # Errors
    /// What the node's disk answers; the note may be there.
    pub(crate) fn write_note<M: Machine>(
        &self,
        os: &M,
        directory: &Path,
        (freeze, note): (&Freeze, &Note),
    ) -> Result<()> {
        let _choosing = lock(&self.0.notes);
        let taken = os.list_records(directory)?;
        let mut names = (0_u64..).map(|n| directory.join(format!("{n}.json")));
        let path = names.find(|path| !taken.contains(path)).unwrap_or_default();
        freeze.hold().note = Some(path.clone());
        Ok(os.write_record(&path, &note.encode()?)?)
    }
}

impl Freeze {
    pub(crate) fn hold(&self) -> MutexGuard<'_, Hold> {
        lock(&self.hold)
    }

    /// The thread that froze is done. Answers whether everything is frozen now, and was not ended
    /// meanwhile.
    pub(crate) fn settle(&self, complete: bool) -> bool {
        let mut hold = self.hold();
        hold.busy = false;
        hold.complete = complete && !hold.ended;
        hold.complete
    }

    /// Ends it: thaws, lets others work on the volumes, removes the note. What fails is tried again
    /// the next time. Answers whether everything was frozen without a break until now.
    ///
    /// # Errors
    /// What the file systems and the node's disk answer.
    pub(crate) fn end<M: Machine>(&self, os: &M) -> Result<bool> {
        let mut hold = self.hold();
        let mut whole = !std::mem::replace(&mut hold.ended, true) && hold.complete;
        let mut failure = None;
        for target in std::mem::take(&mut hold.frozen) {
            match thaw(os, &target) {
                Ok(thawed) => whole &= thawed,
                Err(error) => {
                    hold.frozen.push(target);
                    failure = Some(error);
                }
            }
        }
        if let Some(error) = failure {
            return Err(error);
        }
        if hold.busy {
            // The thread that freezes sees that it is over, and comes here.
            return Ok(false);
        }
        hold.guard = None;
        if let Some(begun) = hold.begun.take().filter(|begun| begun.elapsed() > BRIEF) {
            self.shared.rest(&hold.volumes, Instant::now() + begun.elapsed());
        }
        if let Some(note) = &hold.note {
            os.remove_record(note)?;
            hold.note = None;
        }
        drop(hold);
        lock(&self.shared.0.running).freezes.remove(&self.id);
        Ok(whole)
    }
}
