//! How kubelet carries an operation out, and what it believes after each answer
//! (`pkg/volume/util/operationexecutor/operation_generator.go`; `pkg/volume/csi/csi_attacher.go`,
//! `csi_mounter.go`).

use super::{Device, Kubelet, Mount, Operation};
use crate::call::{Answer, Call, Driver};
use crate::cluster::Line;
use crate::desired::Objects;

/// kubelet died in the middle.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Died;

impl Kubelet {
    /// Carries an operation out.
    ///
    /// # Errors
    /// When kubelet died of it: what it believed is gone.
    pub fn operate<D: Driver>(
        &mut self,
        line: &mut Line<D>,
        objects: &mut Objects,
        operation: &Operation,
    ) -> Result<(), Died> {
        let done = match operation {
            Operation::UnmountVolume { claim, uid } => self.unmount_volume(line, claim, *uid)?,
            Operation::MountVolume { claim, uid } => {
                self.mount_volume(line, objects, claim, *uid)?
            }
            Operation::ExpandInUseVolume { claim, uid } => {
                self.expand(line, objects, claim, Some(*uid))?
            }
            Operation::UnmountDevice { claim } => self.unmount_device(line, claim)?,
        };
        self.backoff.tried(&operation.key(), line.now(), done);
        Ok(())
    }

    fn ask<D: Driver>(&self, line: &mut Line<D>, call: &Call) -> Result<Answer, Died> {
        let answer = line.call(Some(self.node), call);
        if line.kubelet_dies() { Err(Died) } else { Ok(answer) }
    }

    fn mount_volume<D: Driver>(
        &mut self,
        line: &mut Line<D>,
        objects: &mut Objects,
        claim: &str,
        uid: u32,
    ) -> Result<bool, Died> {
        let Some(volume) = self.actual.get(claim) else { return Ok(true) };
        let id = volume.id.clone();
        if volume.device != Device::Mounted
            && !(self.mount_device(line, claim, &id)? && self.expand(line, objects, claim, None)?)
        {
            return Ok(false);
        }
        let target = self.target(uid, claim);
        self.disk.pods.insert((uid, claim.to_owned()), id.clone());
        if let Some(parent) = target.parent() {
            line.driver().make_directory(self.node, parent);
        }
        let call = Call::Publish { id, staging: self.staging(claim), target: target.clone() };
        let answer = self.ask(line, &call)?;
        let Some(volume) = self.actual.get_mut(claim) else { return Ok(true) };
        volume.refused = answer.as_ref().err().map(|refusal| refusal.code);
        let before = volume.pods.get(&uid).copied();
        match answer {
            Ok(_) => {
                volume.pods.insert(uid, Mount { certain: true, reconstructed: false });
                return Ok(true);
            }
            Err(refusal) if refusal.code.is_final() => {
                // What was found on disk stays uncertain until it is unmounted.
                if before.is_some_and(|mount| !mount.reconstructed) {
                    volume.pods.remove(&uid);
                }
                if line.driver().remove_directory(self.node, &target) {
                    self.disk.pods.remove(&(uid, claim.to_owned()));
                }
            }
            Err(_) => {
                let reconstructed = before.is_some_and(|mount| mount.reconstructed);
                volume.pods.insert(uid, Mount { certain: false, reconstructed });
            }
        }
        Ok(false)
    }

    fn mount_device<D: Driver>(
        &mut self,
        line: &mut Line<D>,
        claim: &str,
        id: &str,
    ) -> Result<bool, Died> {
        let staging = self.staging(claim);
        line.driver().make_directory(self.node, &staging);
        self.disk.devices.insert(claim.to_owned(), id.to_owned());
        let call = Call::Stage { id: id.to_owned(), staging: staging.clone() };
        let answer = self.ask(line, &call)?;
        let Some(volume) = self.actual.get_mut(claim) else { return Ok(true) };
        volume.refused = answer.as_ref().err().map(|refusal| refusal.code);
        match answer {
            Ok(_) => {
                (volume.device, volume.taken) = (Device::Mounted, false);
                return Ok(true);
            }
            Err(refusal) if refusal.code.is_final() => {
                if !volume.reconstructed {
                    volume.device = Device::NotMounted;
                }
                if line.driver().remove_directory(self.node, &staging) {
                    self.disk.devices.remove(claim);
                }
            }
            Err(_) => volume.device = Device::Uncertain,
        }
        Ok(false)
    }

    /// NodeExpandVolume, where the claim is smaller than its volume: after each stage, and while it is
    /// in use.
    fn expand<D: Driver>(
        &mut self,
        line: &mut Line<D>,
        objects: &mut Objects,
        claim: &str,
        uid: Option<u32>,
    ) -> Result<bool, Died> {
        let (Some(volume), Some(object)) = (self.actual.get(claim), objects.claims.get_mut(claim))
        else {
            return Ok(true);
        };
        let bytes = object.capacity;
        if object.grown >= bytes {
            return Ok(true);
        }
        let staging = self.staging(claim);
        let path = uid.map_or_else(|| staging.clone(), |uid| self.target(uid, claim));
        let call = Call::NodeExpand { id: volume.id.clone(), staging, path, bytes };
        let answer = self.ask(line, &call)?;
        if answer.is_ok() {
            object.grown = bytes;
        }
        Ok(answer.is_ok())
    }

    fn unmount_volume<D: Driver>(
        &mut self,
        line: &mut Line<D>,
        claim: &str,
        uid: u32,
    ) -> Result<bool, Died> {
        let Some(volume) = self.actual.get(claim) else { return Ok(true) };
        let target = self.target(uid, claim);
        let call = Call::Unpublish { id: volume.id.clone(), target: target.clone() };
        let answer = self.ask(line, &call)?;
        let removed = answer.is_ok() && line.driver().remove_directory(self.node, &target);
        let Some(volume) = self.actual.get_mut(claim) else { return Ok(true) };
        if removed {
            volume.pods.remove(&uid);
            self.disk.pods.remove(&(uid, claim.to_owned()));
        } else if let Some(mount) = volume.pods.get_mut(&uid) {
            mount.certain = false;
        }
        Ok(removed)
    }

    fn unmount_device<D: Driver>(&mut self, line: &mut Line<D>, claim: &str) -> Result<bool, Died> {
        let Some(volume) = self.actual.get(claim) else { return Ok(true) };
        let staging = self.staging(claim);
        let call = Call::Unstage { id: volume.id.clone(), staging: staging.clone() };
        let answer = self.ask(line, &call)?;
        let removed = answer.is_ok() && line.driver().remove_directory(self.node, &staging);
        let Some(volume) = self.actual.get_mut(claim) else { return Ok(true) };
        if removed {
            volume.device = Device::NotMounted;
            self.disk.devices.remove(claim);
        } else {
            volume.device = Device::Uncertain;
        }
        Ok(removed)
    }
}
