//! NodePublishVolume.

use std::path::PathBuf;

use mooring_volume::capability::AccessType;
use mooring_volume::node::Publish;
use mooring_volume::policy::Grants;
use mooring_volume::{Error, Result};

use super::Inner;
use crate::attach;
use crate::observe;
use crate::options::{self, On};
use crate::os::Machine;
use crate::place;
use crate::record::{Access, Source};
use crate::seen::Seen;
use crate::steps::{self, PublishWish, PublishedAccess};

/// Checks the request's form, before anything is touched.
///
/// # Errors
/// `InvalidArgument` and `PermissionDenied`, naming the field.
pub(super) fn check(grants: &Grants, request: &Publish) -> Result<PublishedAccess> {
    place::check_form("staging_target_path", &request.staging_path)?;
    place::check_form("target_path", &request.target_path)?;
    match &request.capability.access {
        AccessType::Block => Ok(PublishedAccess::Block),
        AccessType::Mount(mount) => {
            let on = On::Device(mount.fs_type);
            let options = options::check(&mount.flags, &grants.mount_options, on)?;
            Ok(PublishedAccess::Mount { options, group: mount.group })
        }
    }
}

impl<M: Machine> Inner<M> {
    /// Publishes a staged volume. On failure nothing of it is left at the target, or the code says
    /// that this is not known.
    pub(super) fn publish(&self, request: &Publish, access: PublishedAccess) -> Result<()> {
        let target = self.allowed("target_path", &request.target_path)?;
        let staging = self.known_as(&request.staging_path)?;
        if place::related(&target, &staging) {
            return Err(Error::invalid(format!(
                "target_path {} and staging_target_path {} are the same or one lies in the other",
                target.display(),
                staging.display()
            )));
        }
        let mut wish = PublishWish {
            staging,
            target,
            access,
            mode: request.capability.mode,
            readonly: request.is_readonly(),
            label: self.scope().label(&request.volume_id),
            ready: None,
        };
        let before = self.seen_first(&request.volume_id)?;
        self.try_publish(&before, &mut wish)
            .map_err(|error| self.settle_publish(&before, &wish.target, error))
    }

    fn try_publish(&self, seen: &Seen, wish: &mut PublishWish) -> Result<()> {
        if let Some(staging) = seen.staging().filter(|staging| staging.path == wish.staging)
            && let Source::Direct { device, .. } = &staging.source
        {
            steps::check_alone(seen, &wish.target)?;
            wish.ready = Some(attach::ready(&*self.os, seen, device, &wish.target)?);
        }
        if let Some(disk) = seen.disk.as_ref().filter(|_| raw_and_unpublished(seen)) {
            attach::unused(&*self.os, disk)?;
        }
        let target: &PathBuf = &wish.target;
        let place = observe::place(&*self.os, seen, target)
            .map_err(|error| error.context("target_path"))?;
        self.run(seen, &steps::publish(seen, wish, place)?)
    }
}

/// Whether it is a raw volume that no consumer has yet: one that has it may have claimed it.
fn raw_and_unpublished(seen: &Seen) -> bool {
    seen.staging().is_some_and(|staging| {
        let mut targets = staging.targets.keys();
        staging.access == Access::Block && !targets.any(|at| seen.stack(at).has_own(&seen.own))
    })
}
