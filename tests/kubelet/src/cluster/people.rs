//! What people have to do by hand once the cluster is calm, as nothing else would ever do it: each is what
//! an error, or Kubernetes's own documentation, tells them to.

use super::Cluster;
use crate::call::{Call, Driver};
use crate::codes::Code;

impl<D: Driver> Cluster<D> {
    /// What kubelet has forgotten is unstaged by hand: at once or, on a node that was away, once its
    /// kubelet was heard of.
    pub(super) fn drain(&mut self) {
        for kubelet in &mut self.kubelets {
            for (claim, id) in kubelet.forgotten() {
                let staging = kubelet.staging(&claim);
                let call = Call::Unstage { id, staging: staging.clone() };
                self.report.forgotten += 1;
                if let Err(refusal) = self.line.call(Some(kubelet.node), &call) {
                    let why = format!("not drained: {}", refusal.message);
                    self.report.broken.push(why);
                }
                if self.line.driver().remove_directory(kubelet.node, &staging) {
                    kubelet.disk.devices.remove(&claim);
                }
            }
        }
    }

    /// One look at the nodes, and at the pods that don't run.
    pub(super) fn help(&mut self) {
        self.drain();
        self.start_again();
        self.replace();
        self.erase();
    }

    /// A pod whose volume was detached by force from the node that it was staged on, and came back to
    /// that node before kubelet had unstaged it, is deleted, so that it is unstaged. Kubernetes says of
    /// such nodes that volumes on them are not safe to use
    /// (<https://kubernetes.io/docs/concepts/cluster-administration/node-shutdown/>, "Forced storage
    /// detach on timeout").
    fn replace(&mut self) {
        let Self { objects, kubelets, line, returning, report, .. } = self;
        for (uid, pod) in objects.pods.iter_mut().filter(|(_, pod)| !pod.deleting) {
            let Some(kubelet) = kubelets.get(pod.node) else { continue };
            if kubelet.misses(&pod.claim) && !kubelet.runs(*uid, &pod.claim) {
                pod.deleting = true;
                returning.push((pod.claim.clone(), pod.node));
                report.replaced += 1;
                line.say(format!("pod {uid} is deleted by hand: its volume was taken by force"));
            }
        }
    }

    /// Such a pod is started again once its volume is unstaged.
    fn start_again(&mut self) {
        for (claim, node) in std::mem::take(&mut self.returning) {
            if self.kubelets.get(node).is_some_and(|kubelet| kubelet.actual.contains_key(&claim)) {
                self.returning.push((claim, node));
            } else if let Some(line) = self.run_pod(claim, node) {
                self.line.say(line);
            }
        }
    }

    /// A volume that nobody ever used, and that is refused for its content, is erased.
    fn erase(&mut self) {
        for pod in self.objects.pods.values() {
            let kubelet = self.kubelets.get(pod.node);
            let staged = kubelet.and_then(|kubelet| kubelet.actual.get(&pod.claim));
            let unused = self.objects.claims.get(&pod.claim).is_some_and(|it| it.holds == [None]);
            let Some(volume) = staged.filter(|_| unused && !pod.deleting) else { continue };
            if volume.refused == Some(Code::FailedPrecondition)
                && self.line.driver().erase(pod.node, &volume.id)
            {
                self.report.erased += 1;
                self.line.say(format!("{} is erased by hand", volume.id));
            }
        }
    }
}
