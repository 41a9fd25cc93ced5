//! A cluster over a driver, turn by turn: a plan's events and mishaps for a while, then calm, in which
//! all must converge, and an end, of which nothing may be left.

mod events;
mod line;
mod people;

use fastrand::Rng;

use crate::call::Driver;
use crate::desired::Objects;
use crate::kubelet::{Kubelet, Wanted};
use crate::plan::Plan;
use crate::sidecars::{Sidecar, Sidecars};

pub use line::Line;

/// Turns within which all must be as it is wanted once nothing goes wrong any more.
pub const CONVERGED: u32 = 100;

/// What came of a run.
#[derive(Debug, Clone, Default)]
pub struct Report {
    /// The promises that were broken; empty: it is well.
    pub broken: Vec<String>,
    /// Line by line.
    pub trace: Vec<String>,
    /// The numbers of the calls that went wrong.
    pub fired: Vec<u32>,
    /// Calls in all.
    pub calls: u32,
    /// Turns of calm until all was as it was wanted.
    pub converged: u32,
    /// Devices that kubelet forgot by a restart, and that were unstaged by hand.
    pub forgotten: u32,
    /// Pods that were deleted by hand, and started again, since their volume had been detached by force
    /// from the node that it was staged on, and had come back.
    pub replaced: u32,
    /// Volumes that were erased by hand, since their first mkfs was cut off on another node.
    pub erased: u32,
}

impl Report {
    /// Whether another run failed in the same way: by the words before the first number.
    #[must_use]
    pub fn is_like(&self, other: &Self) -> bool {
        let kind = |report: &Self| {
            let first = report.broken.first()?;
            Some(first.split(|c: char| c.is_ascii_digit()).next().unwrap_or_default().to_owned())
        };
        !self.broken.is_empty() && kind(self) == kind(other)
    }
}

/// Runs a plan to its end.
pub fn run<D: Driver>(plan: &Plan, driver: D) -> Report {
    let kubelets = (0..driver.nodes()).map(|node| Kubelet::new(node, &driver.root(node))).collect();
    let mut cluster = Cluster {
        rng: Rng::with_seed(plan.seed.wrapping_add(1)),
        line: Line::new(plan.clone(), driver),
        objects: Objects::default(),
        sidecars: Sidecars::default(),
        kubelets,
        named: 0,
        returning: Vec::new(),
        report: Report::default(),
    };
    cluster.live();
    cluster.finish()
}

struct Cluster<D> {
    line: Line<D>,
    objects: Objects,
    sidecars: Sidecars,
    kubelets: Vec<Kubelet>,
    rng: Rng,
    /// Names and stamps that were given.
    named: u32,
    /// Claims and nodes of pods that people will start again.
    returning: Vec<(String, usize)>,
    report: Report,
}

impl<D: Driver> Cluster<D> {
    fn live(&mut self) {
        let events = self.line.plan().events.clone();
        let mut events = events.into_iter().peekable();
        for tick in 0..self.line.plan().ticks {
            self.line.set_now(tick);
            while let Some((_, event, pick)) = events.next_if(|(at, ..)| *at <= tick) {
                self.happen(event, pick);
            }
            self.turn();
            if !self.report.broken.is_empty() {
                return;
            }
        }
        self.line.calm();
        for kubelet in &mut self.kubelets {
            kubelet.away_until = 0;
        }
        // Else the nodes on which they are wanted would wait for ever.
        self.drain();
        if !self.converge("pods run", Self::all_run) {
            return;
        }
        self.use_volumes(true);
        for pod in self.objects.pods.values_mut() {
            pod.deleting = true;
        }
        if !self.converge("pods are gone", Self::no_pods) {
            return;
        }
        self.drain();
        for claim in self.objects.claims.values_mut() {
            claim.deleting = true;
        }
        for snapshot in self.objects.snapshots.values_mut() {
            snapshot.deleting = true;
        }
        if self.converge("volumes are gone", Self::nothing) {
            let left = self.line.driver().left();
            self.report.broken.extend(left.into_iter().map(|it| format!("left: {it}")));
        }
    }

    fn converge(&mut self, what: &str, reached: fn(&Self) -> bool) -> bool {
        for turns in 0..CONVERGED {
            if reached(self) {
                self.report.converged = self.report.converged.max(turns);
                return true;
            }
            self.line.set_now(self.line.now() + 1);
            self.turn();
            self.help();
            if !self.report.broken.is_empty() {
                return false;
            }
        }
        let state = format!("not converged: {what}; {:?} {:?}", self.objects, self.kubelets);
        self.report.broken.push(state);
        false
    }

    fn all_run(&self) -> bool {
        let pods = self.objects.pods.iter();
        let grown = self.objects.claims.values().all(|it| it.deleting || it.bytes <= it.capacity);
        grown
            && self.returning.is_empty()
            && pods.into_iter().all(|(uid, pod)| {
                let kubelet = self.kubelets.get(pod.node);
                let claim = self.objects.claims.get(&pod.claim);
                !pod.deleting
                    && kubelet.is_some_and(|kubelet| kubelet.runs(*uid, &pod.claim))
                    && claim.is_some_and(|claim| claim.grown >= claim.capacity)
            })
    }

    fn no_pods(&self) -> bool {
        self.objects.pods.is_empty()
            && self.objects.attachments.is_empty()
            && self.kubelets.iter().all(|kubelet| kubelet.actual.is_empty())
    }

    fn nothing(&self) -> bool {
        self.no_pods() && self.objects.claims.is_empty() && self.objects.snapshots.is_empty()
    }

    /// Each loop once, in any order; then the pods, and what the driver saw.
    fn turn(&mut self) {
        let sidecars =
            [Sidecar::Provisioner, Sidecar::Attacher, Sidecar::Resizer, Sidecar::Snapshotter];
        let mut loops: Vec<Result<usize, Sidecar>> = sidecars.into_iter().map(Err).collect();
        loops.extend((0..self.kubelets.len()).map(Ok));
        self.rng.shuffle(&mut loops);
        for one in loops {
            match one {
                Ok(node) => self.reconcile(node),
                Err(which) => {
                    let (line, objects) = (&mut self.line, &mut self.objects);
                    self.sidecars.turn(which, line, objects, &mut self.kubelets);
                }
            }
            self.report.broken.extend(self.line.driver().broken());
        }
        self.use_volumes(false);
    }

    fn reconcile(&mut self, node: usize) {
        let attaches = self.line.driver().attaches();
        let Some(kubelet) = self.kubelets.get_mut(node) else { return };
        if kubelet.away_until > self.line.now() {
            return;
        }
        let wanted = self.objects.wanted_on(node).into_iter().map(|(uid, claim, id)| {
            let attachment = self.objects.attachments.get(&(claim.clone(), node));
            let attached = attachment.is_some_and(|it| it.attached && !it.deleting);
            let grows = self.objects.claims.get(&claim).is_some_and(|it| it.grown < it.capacity);
            Wanted { uid, claim, id, attached: attached || !attaches, grows }
        });
        let wanted: Vec<Wanted> = wanted.collect();
        let mut operations = kubelet.reconcile(&wanted, self.line.now());
        self.rng.shuffle(&mut operations);
        // Unmounts are begun first; among themselves they have no order.
        operations.sort_by_key(|operation| match operation {
            crate::kubelet::Operation::UnmountVolume { .. } => 0,
            crate::kubelet::Operation::MountVolume { .. }
            | crate::kubelet::Operation::ExpandInUseVolume { .. } => 1,
            crate::kubelet::Operation::UnmountDevice { .. } => 2,
        });
        for operation in operations {
            if kubelet.operate(&mut self.line, &mut self.objects, &operation).is_err() {
                kubelet.restart();
                break;
            }
        }
        let gone = |(uid, pod): (&u32, &crate::desired::Pod)| {
            pod.node == node && pod.deleting && !kubelet.knows(*uid)
        };
        let gone: Vec<u32> =
            self.objects.pods.iter().filter(|it| gone((it.0, it.1))).map(|it| *it.0).collect();
        for uid in gone {
            self.objects.pods.remove(&uid);
        }
    }

    /// Pods that run read what was written last, and write.
    fn use_volumes(&mut self, all: bool) {
        let pods: Vec<_> = self.objects.pods.iter().map(|(k, v)| (*k, v.clone())).collect();
        for (uid, pod) in pods {
            let Some(kubelet) = self.kubelets.get(pod.node) else { continue };
            let away = kubelet.away_until > self.line.now();
            if pod.deleting || away || !kubelet.runs(uid, &pod.claim) || !(all || self.rng.bool()) {
                continue;
            }
            let target = kubelet.target(uid, &pod.claim);
            let Some(claim) = self.objects.claims.get(&pod.claim) else { continue };
            let Some(id) = claim.id.clone() else { continue };
            match self.line.driver().read(pod.node, &id, &target) {
                Ok(found) if claim.holds.contains(&found) => {}
                Ok(found) => {
                    let lost = format!("lost: volume {id} holds {found:?}, not {:?}", claim.holds);
                    self.report.broken.push(lost);
                    return;
                }
                Err(why) => {
                    self.report.broken.push(format!("unreadable: volume {id}: {why}"));
                    return;
                }
            }
            self.named += 1;
            let stamp = u64::from(self.named);
            let line = format!("pod {uid} on {} writes {stamp} to {id}", pod.node);
            self.line.say(line);
            match self.line.driver().write(pod.node, &id, &target, stamp) {
                Ok(()) => self.objects.wrote(&pod.claim, stamp),
                Err(why) => self.report.broken.push(format!("unwritable: volume {id}: {why}")),
            }
        }
    }

    fn finish(mut self) -> Report {
        self.line.tell(&mut self.report);
        self.report
    }
}
