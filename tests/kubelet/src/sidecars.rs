//! The provisioner, the attacher with the attach-detach controller, the resizer and the snapshotter.

use crate::backoff::Backoff;
use crate::call::{Call, Driver, Source};
use crate::cluster::Line;
use crate::desired::{Attachment, Claim, Objects, Origin};
use crate::kubelet::Kubelet;

/// Turns after which the attach-detach controller takes a volume from a node that is away, and has no
/// pod with it any more, though it is not unmounted there (6 minutes, `maxWaitForUnmountDuration`).
const FORCED: u32 = 6;

/// One of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are Kubernetes's")]
pub enum Sidecar {
    Provisioner,
    Attacher,
    Resizer,
    Snapshotter,
}

/// What they remember beside the API server's objects.
#[derive(Debug, Clone, Default)]
pub struct Sidecars {
    backoff: Backoff,
}

impl Sidecars {
    /// One turn of a loop.
    pub fn turn<D: Driver>(
        &mut self,
        which: Sidecar,
        line: &mut Line<D>,
        objects: &mut Objects,
        kubelets: &mut [Kubelet],
    ) {
        match which {
            Sidecar::Provisioner => {
                self.create(line, objects);
                self.delete(line, objects);
            }
            Sidecar::Attacher => {
                if line.driver().attaches() {
                    decide_attachments(line.now(), objects, kubelets);
                    self.attach(line, objects, kubelets);
                }
            }
            Sidecar::Resizer => self.resize(line, objects),
            Sidecar::Snapshotter => self.snapshot(line, objects),
        }
    }

    /// CreateVolume until there is an answer that is one. A deleted claim is given up after a final
    /// code alone (`ProvisioningFinished`): else a volume may be made, and is asked for again.
    fn create<D: Driver>(&mut self, line: &mut Line<D>, objects: &mut Objects) {
        let names: Vec<String> = objects.claims.keys().cloned().collect();
        for name in names {
            let key = format!("create {name}");
            let Some(claim) = objects.claims.get(&name) else { continue };
            if claim.id.is_some() || !self.backoff.allows(&key, line.now()) {
                continue;
            }
            let Some(source) = source_of(objects, claim) else { continue };
            let bytes = claim.bytes;
            let call = Call::CreateVolume { name: name.clone(), bytes, source };
            let answer = line.call(None, &call);
            self.backoff.tried(&key, line.now(), answer.is_ok());
            match answer {
                Ok(made) => {
                    let Some(claim) = objects.claims.get_mut(&name) else { continue };
                    let capacity = made.bytes.max(bytes);
                    (claim.capacity, claim.grown, claim.id) = (capacity, capacity, Some(made.id));
                }
                Err(refusal) => {
                    if refusal.code.is_final()
                        && objects.claims.get(&name).is_some_and(|it| it.deleting)
                    {
                        objects.claims.remove(&name);
                    }
                }
            }
        }
    }

    /// DeleteVolume, once nobody uses the claim, nothing is copied from it, and nothing is attached.
    fn delete<D: Driver>(&mut self, line: &mut Line<D>, objects: &mut Objects) {
        let deleted = objects.claims.iter().filter(|(name, claim)| {
            let attached = objects.attachments.keys().any(|(of, _)| of == *name);
            claim.deleting && !attached && !objects.is_used(name) && !objects.is_copied(name)
        });
        let ids: Vec<_> =
            deleted.filter_map(|(name, claim)| Some((name.clone(), claim.id.clone()?))).collect();
        for (name, id) in ids {
            let key = format!("delete {name}");
            if self.backoff.allows(&key, line.now()) {
                let done = line.call(None, &Call::DeleteVolume { id }).is_ok();
                self.backoff.tried(&key, line.now(), done);
                if done {
                    objects.claims.remove(&name);
                }
            }
        }
    }

    fn attach<D: Driver>(
        &mut self,
        line: &mut Line<D>,
        objects: &mut Objects,
        kubelets: &mut [Kubelet],
    ) {
        let all: Vec<_> = objects.attachments.iter().map(|(k, v)| (k.clone(), v.clone())).collect();
        for ((claim, node), attachment) in all {
            let key = format!("attach {claim} {node} {}", attachment.deleting);
            if attachment.attached && !attachment.deleting || !self.backoff.allows(&key, line.now())
            {
                continue;
            }
            let id = attachment.id;
            let call = if attachment.deleting {
                Call::ControllerUnpublish { id, node }
            } else {
                Call::ControllerPublish { id, node }
            };
            let done = line.call(None, &call).is_ok();
            self.backoff.tried(&key, line.now(), done);
            let key = (claim, node);
            if done && attachment.deleting {
                if let Some(kubelet) = kubelets.get_mut(key.1) {
                    kubelet.detached(&key.0);
                }
                objects.attachments.remove(&key);
            } else if done && let Some(attached) = objects.attachments.get_mut(&key) {
                attached.attached = true;
            }
        }
    }

    fn resize<D: Driver>(&mut self, line: &mut Line<D>, objects: &mut Objects) {
        for (name, claim) in &mut objects.claims {
            let key = format!("resize {name}");
            let (Some(id), true) = (claim.id.clone(), claim.capacity < claim.bytes) else {
                continue;
            };
            if claim.deleting || !self.backoff.allows(&key, line.now()) {
                continue;
            }
            let answer = line.call(None, &Call::ControllerExpand { id, bytes: claim.bytes });
            self.backoff.tried(&key, line.now(), answer.is_ok());
            if let Ok(grown) = answer {
                claim.capacity = grown.bytes;
            }
        }
    }

    fn snapshot<D: Driver>(&mut self, line: &mut Line<D>, objects: &mut Objects) {
        let names: Vec<String> = objects.snapshots.keys().cloned().collect();
        for name in names {
            let restored = objects.is_restored(&name);
            let Some(snapshot) = objects.snapshots.get_mut(&name) else { continue };
            let key = format!("snapshot {name} {}", snapshot.id.is_some());
            if !self.backoff.allows(&key, line.now()) {
                continue;
            }
            let done = match (&snapshot.id, snapshot.deleting && !restored) {
                (None, _) => {
                    let volume = snapshot.volume.clone();
                    let call = Call::CreateSnapshot { name: name.clone(), volume };
                    let answer = line.call(None, &call);
                    match answer {
                        Ok(made) => {
                            snapshot.id = Some(made.id);
                            true
                        }
                        // As the provisioner: final, and nobody wants it.
                        Err(refusal) if refusal.code.is_final() && snapshot.deleting => {
                            objects.snapshots.remove(&name);
                            true
                        }
                        Err(_) => false,
                    }
                }
                (Some(id), true) => {
                    let done = line.call(None, &Call::DeleteSnapshot { id: id.clone() }).is_ok();
                    if done {
                        objects.snapshots.remove(&name);
                    }
                    done
                }
                (Some(_), false) => continue,
            };
            self.backoff.tried(&key, line.now(), done);
        }
    }
}

/// What a claim starts with, by the driver's ids; none: that is not there yet.
fn source_of(objects: &Objects, claim: &Claim) -> Option<Option<Source>> {
    match &claim.origin {
        None => Some(None),
        Some(Origin::Snapshot(name)) => {
            let id = objects.snapshots.get(name)?.id.clone()?;
            Some(Some(Source::Snapshot(id)))
        }
        Some(Origin::Claim(name)) => {
            let id = objects.claims.get(name)?.id.clone()?;
            Some(Some(Source::Volume(id)))
        }
    }
}

/// Which attachments there shall be (`pkg/controller/volume/attachdetach/reconciler`): one for each
/// volume that a node's pods want and that is attached nowhere else; none is taken from a node that
/// still uses it, unless that node has been away for long.
fn decide_attachments(now: u32, objects: &mut Objects, kubelets: &[Kubelet]) {
    let pods: Vec<_> = objects.pods.values().cloned().collect();
    for ((claim, node), attachment) in &mut objects.attachments {
        let wanted = pods.iter().any(|pod| pod.claim == *claim && pod.node == *node);
        let Some(kubelet) = kubelets.get(*node) else { continue };
        let long_away = kubelet.away_until > now && kubelet.away_for(now) > FORCED;
        if !wanted && (!kubelet.in_use.contains(claim) || long_away) {
            attachment.deleting = true;
        }
    }
    for pod in pods.iter().filter(|pod| !pod.deleting) {
        let Some(id) = objects.claims.get(&pod.claim).and_then(|claim| claim.id.clone()) else {
            continue;
        };
        if !objects.attachments.keys().any(|(claim, _)| *claim == pod.claim) {
            let attachment = Attachment { id, ..Attachment::default() };
            objects.attachments.insert((pod.claim.clone(), pod.node), attachment);
        }
    }
}
