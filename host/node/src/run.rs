//! Carries steps out, one after the other, and stops at the first that fails. Decides nothing
//! but what a step's own safety asks for: a last look on the descriptor that is used.

use std::path::{Path, PathBuf};

use mooring_volume::attachment::BlockDevice;
use mooring_volume::capability::FsType;
use mooring_volume::{Error, Result, SPANS};
use tracing::{Span, field};

use crate::attach;
use crate::mount::{Belongings, Stack};
use crate::observe::Scope;
use crate::os::{
    BindSource, DeviceId, Disk, IoLimits, LoopDevice, Machine, MountEntry, MountFlags,
};
use crate::record::Record;
use crate::seen::Seen;
use crate::steps::{Step, prove};
use crate::tally::Tally;

/// What carries the volume.
#[derive(Debug, Clone)]
enum Carrier {
    /// The loop device of its image.
    Loop(LoopDevice),
    /// A device of the node's own.
    Disk(Disk),
}

impl Carrier {
    fn number(&self) -> DeviceId {
        match self {
            Self::Loop(device) => device.device,
            Self::Disk(disk) => disk.device,
        }
    }
}

/// What the steps of one operation work with.
pub(crate) struct Runner<'a, M: Machine> {
    os: &'a M,
    path: PathBuf,
    kata: PathBuf,
    label: String,
    failed: &'a Tally<&'static str>,
    own: Belongings,
    device: Option<Carrier>,
    linked: Option<BlockDevice>,
    source: Option<M::Handle>,
    proven: Option<M::Handle>,
}

impl<'a, M: Machine> Runner<'a, M> {
    /// For steps that came of `seen`; `source` is what was opened when looking, `linked` by what a
    /// device of the node's own was found.
    pub(crate) fn new(
        os: &'a M,
        scope: &Scope<'a>,
        seen: &Seen,
        (source, linked): (Option<M::Handle>, Option<BlockDevice>),
    ) -> Self {
        let bound = seen.loops.first().cloned().map(Carrier::Loop);
        Self {
            os,
            path: scope.record(&seen.volume),
            kata: scope.kata.to_owned(),
            label: scope.label(&seen.volume),
            failed: scope.failed,
            own: seen.own.clone(),
            device: bound.or_else(|| seen.disk.clone().map(Carrier::Disk)),
            linked,
            source,
            proven: None,
        }
    }

    /// Carries all of them out.
    ///
    /// # Errors
    /// Of the first step that fails; those before it stand.
    pub(crate) fn run(&mut self, steps: &[Step]) -> Result<()> {
        for step in steps {
            let span = step_span(step);
            let _within = span.enter();
            tracing::debug!(?step, "carrying out");
            self.carry_out(step).inspect_err(|error| {
                self.failed.count(step.name());
                span.record("otel.status_code", "error");
                span.record("mooring.code", field::debug(error.code));
            })?;
        }
        Ok(())
    }

    fn carry_out(&mut self, step: &Step) -> Result<()> {
        let os = self.os;
        match step {
            Step::WriteRecord(record) => self.write(record),
            Step::RemoveRecord => Ok(os.remove_record(&self.path)?),
            Step::AttachImage { readonly } => self.attach(*readonly),
            Step::RefreshDevice => match self.device()? {
                Carrier::Loop(device) => Ok(os.refresh_loop(device)?),
                Carrier::Disk(_) => Err(missing("a loop device")),
            },
            Step::ProveFormattable { own_remains } => self.prove(*own_remains),
            Step::MakeFilesystem(fs_type) => {
                let proven = self.proven.take().ok_or_else(|| missing("a proven device"))?;
                os.make_filesystem(&proven, *fs_type)?;
                self.read_back(&proven, *fs_type)
            }
            Step::GrowExt4 => {
                let opened = self.claim()?;
                Ok(os.grow_ext4_offline(&opened)?)
            }
            Step::MountDevice { fs_type, target, flags, options } => {
                let device = self.device()?.number();
                Ok(os.mount_device(device, *fs_type, target, *flags, options)?)
            }
            Step::BindDirectory { target, flags } => {
                let source = self.source.as_ref().ok_or_else(|| missing("the directory"))?;
                Ok(os.bind(BindSource::Directory(source), target, *flags)?)
            }
            Step::Verify { target, flags } => self.verify(target, *flags),
            Step::GrowMounted { target, fs_type } => {
                let mounted = self.top(target)?;
                Ok(os.grow_mounted(&mounted.reference(), *fs_type)?)
            }
            Step::GiveToGroup { target, group } => {
                let mounted = self.top(target)?;
                Ok(os.give_to_group(&mounted.reference(), *group)?)
            }
            Step::CreateDirectory(path) => Ok(os.create_directory(path)?),
            Step::CreateFile(path) => Ok(os.create_file(path)?),
            Step::BindMount { source, target, flags } => {
                Ok(os.bind(BindSource::Mount(source), target, *flags)?)
            }
            Step::BindNode { device, target, flags } => {
                Ok(os.bind(BindSource::DeviceNode(*device), target, *flags)?)
            }
            Step::SetDeviceReadonly { device, readonly } => {
                Ok(os.set_device_readonly(*device, *readonly)?)
            }
            Step::LimitDevice(limits) => Ok(os.set_io_limits(self.device()?.number(), limits)?),
            Step::SetDiscard { target, discard } => {
                Ok(os.set_discard(&self.top(target)?.reference(), *discard)?)
            }
            Step::UnlimitDevice(device) => Ok(os.set_io_limits(*device, &IoLimits::default())?),
            Step::PutDirect { target, info } => {
                let bytes = info.encode().map_err(unwritable)?;
                Ok(os.put_direct_volume(&self.kata, &self.label, target, &bytes)?)
            }
            Step::RemoveDirect(target) => {
                Ok(os.remove_direct_volume(&self.kata, &self.label, target.as_deref())?)
            }
            Step::Unmount(mount) => Ok(os.unmount(mount)?),
            Step::Detach(device) => Ok(os.unbind_loop(device)?),
            Step::DetachSilent(device) => Ok(os.unbind_silent_loop(device)?),
            Step::RemovePlace(path) => Ok(os.remove_empty(path)?),
        }
    }

    fn write(&self, record: &Record) -> Result<()> {
        let bytes = record.encode().map_err(unwritable)?;
        Ok(self.os.write_record(&self.path, &bytes)?)
    }

    fn device(&self) -> Result<&Carrier> {
        self.device.as_ref().ok_or_else(|| missing("a device"))
    }

    /// Opens the device so that nobody else can have it.
    fn claim(&self) -> Result<M::Handle> {
        match (self.device()?, &self.linked) {
            (Carrier::Loop(device), _) => Ok(self.os.open_exclusive(device.device)?),
            (Carrier::Disk(disk), Some(wanted)) => attach::claim(self.os, wanted, disk),
            (Carrier::Disk(_), None) => Err(missing("a device that was found")),
        }
    }

    fn attach(&mut self, readonly: bool) -> Result<()> {
        let source = self.source.as_ref().ok_or_else(|| missing("the image"))?;
        let device = self.os.bind_loop(source, &self.label, readonly)?;
        // The new device's mounts are the volume's from here on.
        let mounts = self.os.mounts()?;
        self.own = Belongings::of(std::slice::from_ref(&device), None, &[], &mounts);
        self.device = Some(Carrier::Loop(device));
        Ok(())
    }

    /// The descriptor that is proven here is the one that mkfs gets.
    fn prove(&mut self, own_remains: bool) -> Result<()> {
        let opened = self.claim()?;
        prove(&self.os.probe_device(&opened, self.source.as_ref())?, own_remains)?;
        self.proven = Some(opened);
        Ok(())
    }

    /// Storage may take writes and syncs, and have lost them: what it made is formatted again only as long
    /// as the record does not say that it was done.
    fn read_back(&self, made: &M::Handle, fs_type: FsType) -> Result<()> {
        if self.os.holds(made, fs_type)? {
            return Ok(());
        }
        Err(Error::unavailable(format!(
            "mkfs ended well, and no whole {fs_type} is there to be read: the storage has lost what it took"
        )))
    }

    fn top(&self, target: &Path) -> Result<MountEntry> {
        let mounts = self.os.mounts()?;
        match Stack::at(&mounts, target).top() {
            Some(top) if self.own.owns(top) => Ok(top.clone()),
            Some(_) | None => Err(Error::aborted(format!(
                "what is mounted at {} is not the volume; something else changed the mounts",
                target.display()
            ))),
        }
    }

    /// After a mount: the table must show the volume on top, and its device must still be bound
    /// to the image that it was bound to, or be the disk that it was.
    fn verify(&self, target: &Path, flags: MountFlags) -> Result<()> {
        let top = self.top(target)?;
        if top.flags != flags {
            return Err(Error::aborted(format!(
                "the mount at {} has the flags {:?} where {flags:?} were asked for",
                target.display(),
                top.flags
            )));
        }
        let Some(device) = &self.device else { return Ok(()) };
        let same = match device {
            Carrier::Loop(device) => self.os.loops()?.answering.into_iter().any(|now| {
                now.number == device.number
                    && now.backing == device.backing
                    && now.label == device.label
            }),
            Carrier::Disk(disk) => {
                let now = self.os.disk(disk.device)?;
                now.is_some_and(|now| now.sequence == disk.sequence)
            }
        };
        if same {
            Ok(())
        } else {
            Err(Error::aborted(format!(
                "device {} was bound to another image, or became another disk, while it was mounted",
                device.number()
            )))
        }
    }
}

/// For traces: a step's name, and nothing of what it is about.
fn step_span(step: &Step) -> Span {
    tracing::debug_span!(
        target: SPANS,
        "step",
        otel.name = step.name(),
        otel.status_code = field::Empty,
        mooring.code = field::Empty,
    )
}

fn unwritable(error: serde_json::Error) -> Error {
    Error::invalid(format!("the volume's paths can't be recorded: {error}"))
}

/// A plan that uses what it did not make is this program's fault.
fn missing(what: &str) -> Error {
    Error::internal(format!("the steps use {what} that none of them made"))
}
