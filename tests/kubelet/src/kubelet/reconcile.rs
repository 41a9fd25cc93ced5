//! What kubelet does next: unmounts before mounts, devices last
//! (`pkg/kubelet/volumemanager/reconciler`, `reconcile`).

use super::{Device, Kubelet, Volume};

/// One operation, of one volume (`operationexecutor`).
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are kubelet's")]
pub enum Operation {
    UnmountVolume { claim: String, uid: u32 },
    MountVolume { claim: String, uid: u32 },
    ExpandInUseVolume { claim: String, uid: u32 },
    UnmountDevice { claim: String },
}

impl Operation {
    /// By what it waits after a failure: operations of a volume exclude each other, pods' apart.
    #[must_use]
    pub fn key(&self) -> String {
        match self {
            Self::UnmountVolume { claim, uid } => format!("unmount {claim} {uid}"),
            Self::MountVolume { claim, .. } => format!("mount {claim}"),
            Self::ExpandInUseVolume { claim, .. } => format!("expand {claim}"),
            Self::UnmountDevice { claim } => format!("unmount device {claim}"),
        }
    }
}

/// What a pod's volume is to be, as the API server says.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// The pod.
    pub uid: u32,
    /// Its claim.
    pub claim: String,
    /// The claim's volume.
    pub id: String,
    /// Whether the volume is attached to this node, or needs not be.
    pub attached: bool,
    /// Whether the claim is smaller than its PersistentVolume.
    pub grows: bool,
}

impl Kubelet {
    /// One turn of the loop: what is to be done, now, of what is not waited for. Volumes that are
    /// wanted nowhere are forgotten here, as kubelet does when another one detaches them.
    pub fn reconcile(&mut self, wanted: &[Wanted], now: u32) -> Vec<Operation> {
        let mut operations = Vec::new();
        for (claim, volume) in &self.actual {
            for uid in volume.pods.keys() {
                if !wanted.iter().any(|it| it.uid == *uid && it.claim == *claim) {
                    operations.push(Operation::UnmountVolume { claim: claim.clone(), uid: *uid });
                }
            }
        }
        for it in wanted {
            let (claim, uid) = (it.claim.clone(), it.uid);
            match self.actual.get(&it.claim) {
                None if it.attached => {
                    let volume = Volume { id: it.id.clone(), ..Volume::default() };
                    self.actual.insert(claim, volume);
                }
                None => {}
                Some(volume) if volume.pods.get(&uid).is_none_or(|mount| !mount.certain) => {
                    let mount = it.attached.then_some(Operation::MountVolume { claim, uid });
                    operations.extend(mount);
                }
                Some(_) if it.grows => {
                    operations.push(Operation::ExpandInUseVolume { claim, uid });
                }
                Some(_) => {}
            }
        }
        let unwanted = |claim: &str| !wanted.iter().any(|it| it.claim == claim);
        self.actual.retain(|claim, volume| {
            let idle = volume.pods.is_empty() && unwanted(claim);
            if idle && volume.device != Device::NotMounted {
                operations.push(Operation::UnmountDevice { claim: claim.clone() });
            }
            !idle || volume.device != Device::NotMounted
        });
        self.in_use = self.actual.keys().cloned().collect();
        self.in_use.extend(wanted.iter().map(|it| it.claim.clone()));
        operations.retain(|operation| self.backoff.allows(&operation.key(), now));
        operations
    }
}
