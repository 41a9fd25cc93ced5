//! What kubelet finds again after a restart: the volumes of pods' directories, all of them uncertain;
//! of a device that was staged with no pod's directory yet, nothing
//! (`pkg/kubelet/volumemanager/reconciler/reconstruct.go`, `getVolumesFromPodDir`).

use super::{Device, Kubelet, Mount, Volume};
use crate::backoff::Backoff;

impl Kubelet {
    /// Forgets all that is not on disk.
    pub fn restart(&mut self) {
        self.actual.clear();
        self.backoff = Backoff::default();
        for ((uid, claim), id) in &self.disk.pods {
            let volume = self.actual.entry(claim.clone()).or_insert_with(|| Volume {
                id: id.clone(),
                device: Device::Uncertain,
                reconstructed: true,
                ..Volume::default()
            });
            volume.pods.insert(*uid, Mount { certain: false, reconstructed: true });
        }
    }
}
