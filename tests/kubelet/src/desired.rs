//! The API server's objects: what users asked for, and what the sidecars noted.

use std::collections::BTreeMap;

/// What a user's new claim starts with.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "the cases say it")]
pub enum Origin {
    Snapshot(String),
    Claim(String),
}

/// A PersistentVolumeClaim, and the PersistentVolume that it is bound to.
#[derive(Debug, Clone)]
pub struct Claim {
    /// Asked for.
    pub bytes: u64,
    /// What it starts with.
    pub origin: Option<Origin>,
    /// The volume, once there is one.
    pub id: Option<String>,
    /// Of the PersistentVolume.
    pub capacity: u64,
    /// Of the claim's status: what the node has grown to.
    pub grown: u64,
    /// Was deleted, and waits for its pods and its volume.
    pub deleting: bool,
    /// What a pod may read: any of these, until it wrote by itself.
    pub holds: Vec<Option<u64>>,
}

/// A pod with one volume.
#[derive(Debug, Clone)]
pub struct Pod {
    /// Its volume.
    pub claim: String,
    /// Where it runs.
    pub node: usize,
    /// Was deleted; its containers have ended.
    pub deleting: bool,
}

/// A VolumeAttachment.
#[derive(Debug, Clone, Default)]
pub struct Attachment {
    /// The volume.
    pub id: String,
    /// Its status says so.
    pub attached: bool,
    /// Was deleted, and waits for the driver.
    pub deleting: bool,
}

/// A VolumeSnapshot, and its content.
#[derive(Debug, Clone)]
pub struct Snapshot {
    /// Of which claim.
    pub claim: String,
    /// Its volume.
    pub volume: String,
    /// The driver's, once it is made.
    pub id: Option<String>,
    /// Was deleted.
    pub deleting: bool,
    /// What may be read of it.
    pub holds: Vec<Option<u64>>,
    /// Bytes of its volume at the time, at most.
    pub bytes: u64,
}

/// All of them.
#[derive(Debug, Clone, Default)]
pub struct Objects {
    /// By name.
    pub claims: BTreeMap<String, Claim>,
    /// By uid.
    pub pods: BTreeMap<u32, Pod>,
    /// By claim and node.
    pub attachments: BTreeMap<(String, usize), Attachment>,
    /// By name.
    pub snapshots: BTreeMap<String, Snapshot>,
}

impl Objects {
    /// The pods that kubelet shall run on a node, by uid, with claim and volume: those that have a
    /// volume and were not deleted.
    #[must_use]
    pub fn wanted_on(&self, node: usize) -> Vec<(u32, String, String)> {
        let here = self.pods.iter().filter(|(_, pod)| pod.node == node && !pod.deleting);
        here.filter_map(|(uid, pod)| {
            let id = self.claims.get(&pod.claim)?.id.clone()?;
            Some((*uid, pod.claim.clone(), id))
        })
        .collect()
    }

    /// Whether a pod, deleted or not, still uses a claim (pvc-protection).
    #[must_use]
    pub fn is_used(&self, claim: &str) -> bool {
        self.pods.values().any(|pod| pod.claim == claim)
    }

    /// Whether something is still to be copied from a claim: a snapshot or a clone that is not made.
    #[must_use]
    pub fn is_copied(&self, claim: &str) -> bool {
        let origin = Some(Origin::Claim(claim.to_owned()));
        self.snapshots.values().any(|it| it.claim == claim && it.id.is_none())
            || self.claims.values().any(|it| it.id.is_none() && it.origin == origin)
    }

    /// Whether a claim that is not made yet starts with a snapshot.
    #[must_use]
    pub fn is_restored(&self, snapshot: &str) -> bool {
        let origin = Some(Origin::Snapshot(snapshot.to_owned()));
        self.claims.values().any(|it| it.id.is_none() && it.origin == origin)
    }

    /// A pod wrote: what is copied from now on, or is being copied, may hold it.
    pub fn wrote(&mut self, claim: &str, stamp: u64) {
        if let Some(written) = self.claims.get_mut(claim) {
            written.holds = vec![Some(stamp)];
        }
        for snapshot in self.snapshots.values_mut() {
            if snapshot.claim == claim && snapshot.id.is_none() {
                snapshot.holds.push(Some(stamp));
            }
        }
        let origin = Some(Origin::Claim(claim.to_owned()));
        for clone in self.claims.values_mut().filter(|it| it.id.is_none() && it.origin == origin) {
            clone.holds.push(Some(stamp));
        }
    }
}
