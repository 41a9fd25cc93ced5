//! What a file system or a raw volume is put on, an image's loop device or a device of the node's own:
//! the same for all steps that come after it is attached.

use mooring_volume::{Error, Result};

use super::stage::{StageWish, own_device};
use super::{Step, limit};
use crate::os::{Found, IoLimits, LoopDevice};
use crate::record::{Identity, Medium, RecordedDevice, Source};
use crate::seen::{DeviceSeen, ImageSeen, Seen};

/// A device, attached or to be.
#[derive(Debug)]
pub(super) struct Base<'a> {
    /// For the record.
    pub(super) source: Source,
    /// What it is known by across boots.
    pub(super) medium: Medium,
    /// Bytes.
    pub(super) size: u64,
    /// What it holds, where that matters and was read.
    pub(super) found: Option<&'a Found>,
    /// As [`ImageSeen::mounted_size`].
    pub(super) mounted_size: Option<u64>,
    /// Attaches it, or refreshes what is attached.
    pub(super) attach: Vec<Step>,
    /// The limits that hold once that is done.
    pub(super) limits: Option<IoLimits>,
}

impl<'a> Base<'a> {
    /// An image, attached so that it takes writes or not.
    ///
    /// # Errors
    /// `FailedPrecondition` where something else has it; `AlreadyExists` where it is attached the
    /// other way.
    pub(super) fn image(
        seen: &Seen,
        image: &'a ImageSeen,
        wish: &StageWish,
        readonly: bool,
    ) -> Result<Self> {
        let device = own_device(seen, image, wish, readonly)?;
        let (root, below) = (image.root.clone(), image.below.clone());
        Ok(Self {
            source: Source::Image { root, below, backing: image.backing },
            medium: Medium::Image(image.backing),
            size: image.size,
            found: image.found.as_ref(),
            mounted_size: image.mounted_size,
            attach: attach(image, device, readonly),
            limits: limits_attached(image, device),
        })
    }

    /// A device that is there already. It is taken as it is, but for limits: those that hold when it
    /// comes are its number's former ones. `readonly` where no consumer may write to the device.
    ///
    /// # Errors
    /// `AlreadyExists` where it is staged the other way.
    pub(super) fn device(seen: &Seen, device: &'a DeviceSeen, readonly: bool) -> Result<Self> {
        let DeviceSeen { wanted, disk, size, found, mounted_size, limits } = device;
        let before = seen.staging().and_then(|staging| match &staging.source {
            Source::Device(recorded) => Some(recorded),
            Source::Image { .. } | Source::Directory { .. } | Source::Direct { .. } => None,
        });
        if let Some(before) = before
            && before.readonly != readonly
        {
            return Err(Error::already_exists(format!(
                "the volume is staged {}; unstage it first",
                if before.readonly { "for reading only" } else { "for writing" }
            )));
        }
        let identity = Identity { serial: wanted.serial.clone(), wwid: wanted.wwid.clone() };
        let recorded = RecordedDevice {
            identity: identity.clone(),
            number: disk.device,
            sequence: disk.sequence,
            node: disk.node.clone(),
            rescan: wanted.rescan,
            readonly,
            protected: before.is_some_and(|before| before.protected),
        };
        let new = before.is_none();
        Ok(Self {
            source: Source::Device(recorded),
            medium: Medium::Device(identity),
            size: *size,
            found: found.as_ref(),
            mounted_size: *mounted_size,
            attach: if new { vec![limit::unlimited()] } else { Vec::new() },
            limits: if new { Some(IoLimits::default()) } else { *limits },
        })
    }
}

/// Attaching, or refreshing what is attached.
pub(super) fn attach(image: &ImageSeen, device: Option<&LoopDevice>, readonly: bool) -> Vec<Step> {
    match device {
        None => vec![Step::AttachImage { readonly }, limit::unlimited()],
        Some(device) if device.size < image.size / 512 * 512 => vec![Step::RefreshDevice],
        Some(_) => Vec::new(),
    }
}

/// Limits that hold once `attach` is done.
pub(super) fn limits_attached(image: &ImageSeen, device: Option<&LoopDevice>) -> Option<IoLimits> {
    if device.is_some() { image.limits } else { Some(IoLimits::default()) }
}
