//! What a plan's events do to the objects, the kubelets and the machines.

use super::Cluster;
use crate::call::Driver;
use crate::desired::{Claim, Origin, Pod, Snapshot};
use crate::plan::Event;

const MIB: u64 = 1 << 20;

/// Turns for which a lost node is away.
const AWAY: u32 = 12;

/// Of volumes, at first and at most.
const SIZES: (u64, u64) = (64 * MIB, 256 * MIB);

/// Claims and pods at one time: few, so that they meet.
const CLAIMS: usize = 4;
const PODS: usize = 6;

fn choose<T>(mut from: Vec<T>, pick: u32) -> Option<T> {
    let count = u32::try_from(from.len()).ok().filter(|count| *count > 0)?;
    let at = usize::try_from(pick % count).ok()?;
    Some(from.swap_remove(at))
}

impl<D: Driver> Cluster<D> {
    pub(super) fn happen(&mut self, event: Event, pick: u32) {
        let done = match event {
            Event::MakeClaim => self.make_claim(None, SIZES.0, vec![None]),
            Event::Restore => self.restore(pick),
            Event::Clone => self.copy(pick),
            Event::StartPod => self.start_pod(pick),
            Event::MovePod => self.move_pod(pick),
            Event::DeletePod => self.pod(pick).and_then(|uid| self.end_pod(uid)),
            Event::ForceDeletePod => self.pod(pick).map(|uid| {
                self.objects.pods.remove(&uid);
                format!("pod {uid} is deleted by force")
            }),
            Event::Grow => self.grow(pick),
            Event::TakeSnapshot => self.take_snapshot(pick),
            Event::DeleteClaim => self.delete_claim(pick),
            Event::DeleteSnapshot => {
                let name = choose(self.objects.snapshots.keys().cloned().collect(), pick);
                name.and_then(|name| {
                    self.objects.snapshots.get_mut(&name)?.deleting = true;
                    Some(format!("snapshot {name} is deleted"))
                })
            }
            Event::KubeletRestarts
            | Event::HostDies
            | Event::ControllerDies
            | Event::MachineReboots
            | Event::NodeIsLost => self.fail(event, pick),
        };
        if let Some(line) = done {
            self.line.say(line);
        }
    }

    fn fail(&mut self, event: Event, pick: u32) -> Option<String> {
        let node = choose((0..self.kubelets.len()).collect(), pick)?;
        if event == Event::HostDies {
            self.line.driver().kill_host(node);
        } else if event == Event::KubeletRestarts {
            self.kubelets.get_mut(node)?.restart();
        } else if event == Event::NodeIsLost {
            let (now, kubelet) = (self.line.now(), self.kubelets.get_mut(node)?);
            (kubelet.away_since, kubelet.away_until) = (now, now + AWAY);
        } else if event == Event::MachineReboots {
            for node in self.line.driver().reboot(node) {
                self.kubelets.get_mut(node)?.restart();
            }
        } else {
            self.line.driver().kill_controller();
        }
        Some(format!("node {node}: {event:?}"))
    }

    fn name(&mut self) -> u32 {
        self.named += 1;
        self.named
    }

    fn pod(&self, pick: u32) -> Option<u32> {
        let pods = self.objects.pods.iter().filter(|(_, pod)| !pod.deleting);
        choose(pods.map(|(uid, _)| *uid).collect(), pick)
    }

    fn claim(&self, pick: u32, fit: impl Fn(&Claim) -> bool) -> Option<String> {
        let fitting = self.objects.claims.iter().filter(|(_, claim)| !claim.deleting && fit(claim));
        choose(fitting.map(|(name, _)| name.clone()).collect(), pick)
    }

    fn make_claim(
        &mut self,
        origin: Option<Origin>,
        bytes: u64,
        holds: Vec<Option<u64>>,
    ) -> Option<String> {
        if self.objects.claims.len() >= CLAIMS {
            return None;
        }
        let name = format!("pvc-{}", self.name());
        let line = format!("claim {name} of {} MiB {origin:?}", bytes / MIB);
        let (id, capacity, grown, deleting) = (None, 0, 0, false);
        let claim = Claim { bytes, origin, id, capacity, grown, deleting, holds };
        self.objects.claims.insert(name, claim);
        Some(line)
    }

    /// As large as its source, or twice that.
    fn size_of_copy(bytes: u64, pick: u32) -> u64 {
        if pick.is_multiple_of(2) { bytes } else { bytes.saturating_mul(2).min(SIZES.1).max(bytes) }
    }

    fn restore(&mut self, pick: u32) -> Option<String> {
        let ready = self.objects.snapshots.iter().filter(|(_, it)| it.id.is_some() && !it.deleting);
        let name = choose(ready.map(|(name, _)| name.clone()).collect(), pick)?;
        let snapshot = self.objects.snapshots.get(&name)?;
        let (bytes, holds) = (Self::size_of_copy(snapshot.bytes, pick), snapshot.holds.clone());
        self.make_claim(Some(Origin::Snapshot(name)), bytes, holds)
    }

    /// Only what was written to is copied: of what was never used nobody knows what it is.
    fn copy(&mut self, pick: u32) -> Option<String> {
        let name = self.claim(pick, |it| it.id.is_some() && !it.holds.contains(&None))?;
        let claim = self.objects.claims.get(&name)?;
        let (bytes, holds) = (Self::size_of_copy(claim.bytes, pick), claim.holds.clone());
        self.make_claim(Some(Origin::Claim(name)), bytes, holds)
    }

    fn take_snapshot(&mut self, pick: u32) -> Option<String> {
        if !self.line.driver().copies() {
            return None;
        }
        let claim = self.claim(pick, |it| it.id.is_some() && !it.holds.contains(&None))?;
        let of = self.objects.claims.get(&claim)?;
        let (volume, holds, bytes) = (of.id.clone()?, of.holds.clone(), of.bytes);
        let name = format!("snap-{}", self.name());
        let line = format!("snapshot {name} of {claim}");
        let snapshot = Snapshot { claim, volume, id: None, deleting: false, holds, bytes };
        self.objects.snapshots.insert(name, snapshot);
        Some(line)
    }

    /// A pod of a claim runs where the claim's other pods do.
    fn start_pod(&mut self, pick: u32) -> Option<String> {
        let claim = self.claim(pick, |_| true)?;
        let others = self.objects.pods.values().find(|it| it.claim == claim && !it.deleting);
        let node = match others {
            Some(pod) => pod.node,
            None => choose((0..self.kubelets.len()).collect(), pick / 7)?,
        };
        self.run_pod(claim, node)
    }

    pub(super) fn run_pod(&mut self, claim: String, node: usize) -> Option<String> {
        if self.objects.pods.len() >= PODS {
            return None;
        }
        let uid = self.name();
        let line = format!("pod {uid} on {node} with {claim}");
        self.objects.pods.insert(uid, Pod { claim, node, deleting: false });
        Some(line)
    }

    fn move_pod(&mut self, pick: u32) -> Option<String> {
        let uid = self.pod(pick)?;
        let Pod { claim, node, .. } = self.objects.pods.get(&uid)?.clone();
        for pod in self.objects.pods.values_mut().filter(|pod| pod.claim == claim) {
            pod.deleting = true;
        }
        let to = (node + 1) % self.kubelets.len();
        self.run_pod(claim, to).map(|line| format!("pod {uid} moves: {line}"))
    }

    fn end_pod(&mut self, uid: u32) -> Option<String> {
        self.objects.pods.get_mut(&uid)?.deleting = true;
        Some(format!("pod {uid} is deleted"))
    }

    fn grow(&mut self, pick: u32) -> Option<String> {
        let name = self.claim(pick, |it| it.id.is_some() && it.bytes < SIZES.1)?;
        let claim = self.objects.claims.get_mut(&name)?;
        claim.bytes = (claim.bytes + 32 * MIB).min(SIZES.1);
        Some(format!("claim {name} grows to {} MiB", claim.bytes / MIB))
    }

    fn delete_claim(&mut self, pick: u32) -> Option<String> {
        let name = self.claim(pick, |_| true)?;
        // Its pods are deleted with it, or it would wait for them.
        for pod in self.objects.pods.values_mut().filter(|pod| pod.claim == name) {
            pod.deleting = true;
        }
        self.objects.claims.get_mut(&name)?.deleting = true;
        Some(format!("claim {name} is deleted"))
    }
}
