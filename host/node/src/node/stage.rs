//! NodeStageVolume.

use std::path::PathBuf;

use mooring_volume::attachment::Attached;
use mooring_volume::backend::DescribeAttachment;
use mooring_volume::capability::AccessType;
use mooring_volume::node::Stage;
use mooring_volume::policy::Grants;
use mooring_volume::{Error, Result};

use super::Inner;
use super::settle::not_final;
use crate::attach::{self, Located, Looked, Purpose};
use crate::observe;
use crate::options::{self, On};
use crate::os::Machine;
use crate::place;
use crate::run::Runner;
use crate::seen::{Seen, SourceSeen};
use crate::steps::{self, AccessWish, StageWish, Step};

/// Checks the request's form, before anything is asked or touched.
///
/// # Errors
/// `InvalidArgument` and `PermissionDenied`, naming the field.
pub(super) fn check(grants: &Grants, request: &Stage) -> Result<AccessWish> {
    place::check_form("staging_target_path", &request.staging_path)?;
    match &request.capability.access {
        AccessType::Block => Ok(AccessWish::Block),
        AccessType::Mount(mount) => {
            let on = On::Device(mount.fs_type);
            let mut options = options::check(&mount.flags, &grants.mount_options, on)?;
            options.flags.readonly |= request.is_readonly();
            Ok(AccessWish::Mount { fs_type: mount.fs_type, options, group: mount.group })
        }
    }
}

/// What the backend is asked.
pub(super) fn question<M: Machine>(node: &Inner<M>, request: &Stage) -> DescribeAttachment {
    let readonly = request.is_readonly();
    let Stage { volume_id, staging_path: _, capability, volume_context, publish_context, secrets } =
        request.clone();
    DescribeAttachment {
        volume_id,
        volume_context,
        publish_context,
        capability,
        readonly,
        node_id: node
            .described()
            .map_or_else(|| node.config.node_id.clone(), |description| description.id),
        secrets,
    }
}

impl<M: Machine> Inner<M> {
    /// Stages what the backend described. On failure nothing of it is left, or the code says that
    /// this is not known.
    pub(super) fn stage(
        &self,
        request: &Stage,
        access: AccessWish,
        attached: &Attached,
    ) -> Result<()> {
        let path = self.allowed("staging_target_path", &request.staging_path)?;
        self.stage_at(request, access, attached, path)
    }

    /// As [`Self::stage`], at a path that stands in the mount table so and is right.
    pub(super) fn stage_at(
        &self,
        request: &Stage,
        access: AccessWish,
        attached: &Attached,
        path: PathBuf,
    ) -> Result<()> {
        let before = self.seen_first(&request.volume_id)?;
        let before = match steps::take_lost(&before, &path) {
            None => before,
            Some(steps) => {
                self.run(&before, &steps)
                    .map_err(|error| self.settle_stage(&before, &path, error))?;
                self.seen_first(&request.volume_id)?
            }
        };
        self.try_stage(request, access, attached, (&path, before.clone()))
            .map_err(|error| self.settle_stage(&before, &path, error))
    }

    /// The backend refused to describe the volume, with a code that is final.
    pub(super) fn stage_refused(&self, request: &Stage, error: Error) -> Error {
        let looked = self
            .known_as(&request.staging_path)
            .and_then(|path| Ok((path, self.seen(&request.volume_id)?)));
        match looked {
            Ok((path, before)) => self.settle_stage(&before, &path, error),
            Err(unknown) => not_final(error, &unknown.message),
        }
    }

    fn try_stage(
        &self,
        request: &Stage,
        access: AccessWish,
        attached: &Attached,
        (path, mut seen): (&PathBuf, Seen),
    ) -> Result<()> {
        let located =
            attach::locate(&self.config.driver, &self.config.grants, &attached.attachment)?;
        if let (Located::Directory(_), AccessType::Mount(mount)) =
            (&located, &request.capability.access)
        {
            options::check(&mount.flags, &self.config.grants.mount_options, On::Directory)?;
        }
        let wish = StageWish {
            path: path.clone(),
            access,
            mode: request.capability.mode,
            readonly: request.is_readonly(),
            content: attached.content,
            minimum_size: attached.minimum_size,
            default_fs: self.config.filesystem,
            label: self.scope().label(&request.volume_id),
            limits: attached.limits.unwrap_or_default(),
            grows_mounted: self.os.may_grow_mounted_ext4(),
        };
        steps::staged_alike(&seen, &wish)?;
        let mount = matches!(wish.access, AccessWish::Mount { .. });
        let purpose = Purpose { mount, staging: path.clone() };
        let Looked { seen: source, handle } = attach::look(&*self.os, &located, &seen, &purpose)?;
        let linked = match &source {
            SourceSeen::Directory { origin, .. } => {
                seen.own.add(origin.clone());
                None
            }
            SourceSeen::Device(device) => Some(device.wanted.clone()),
            SourceSeen::Image(_) | SourceSeen::Direct(_) => None,
        };
        let place = observe::place(&*self.os, &seen, path)
            .map_err(|error| error.context("staging_target_path"))?;
        let steps = steps::stage(&seen, &source, &wish, place)?;
        match &source {
            SourceSeen::Image(image) => self.check_formattable(&steps, image.size)?,
            SourceSeen::Device(device) => {
                self.check_formattable(&steps, device.size)?;
                // From here on its mounts are the volume's.
                seen.own.add_device(&seen.mounts, device.disk.device, &device.disk.node);
                seen.disk = Some(device.disk.clone());
            }
            SourceSeen::Directory { .. } | SourceSeen::Direct(_) => {}
        }
        Runner::new(&*self.os, &self.scope(), &seen, (handle, linked)).run(&steps)
    }

    /// Refuses a volume that is too small for its file system, before anything is done.
    fn check_formattable(&self, steps: &[Step], size: u64) -> Result<()> {
        let made = steps.iter().find_map(Step::makes);
        match made.map(|fs_type| (fs_type, self.os.smallest(fs_type))) {
            Some((fs_type, smallest)) if size < smallest => Err(Error::out_of_range(format!(
                "the volume has {size} bytes, and the smallest {fs_type} takes {smallest}; make a \
                 larger volume, or ask for another fs_type"
            ))),
            Some(_) | None => Ok(()),
        }
    }
}
