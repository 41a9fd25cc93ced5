//! The node service on two nodes, over models of their machines, as the orchestrator's model calls it.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use mooring_kubelet::{Answer, Driver, How, Mishap, Refusal, Reply};
use mooring_volume::attachment::{AttachmentKind, Content as Known};
use mooring_volume::capability::{AccessMode, Capability, FsType};
use mooring_volume::capacity::CapacityRange;
use mooring_volume::id::NodeId;
use mooring_volume::node::{ExpandNode, Node as _, Publish, Stage};
use mooring_volume::policy::Grants;
use mooring_volume::{Error, Result, Secrets, StringMap};

use super::super::way::Way;
use super::super::world::{World, driver, id, image_path};
use super::faults::{code, fault};
use super::storage::Storage;
use crate::os::twin::Twin;
use crate::os::{LoopDevices, PathKind};
use crate::record;
use crate::{Node, NodeConfig};

const NODES: usize = 2;

/// Both nodes and their storage.
pub(super) struct Machines<'a> {
    runtime: &'a tokio::runtime::Runtime,
    machines: Vec<Twin>,
    storage: Storage,
    nodes: Vec<Arc<Node<Twin, Storage>>>,
    broken: Vec<String>,
}

fn state_dir(node: usize) -> PathBuf {
    format!("/var/lib/mooring-{node}").into()
}

fn root(node: usize) -> PathBuf {
    format!("/var/lib/kubelet-{node}").into()
}

fn config(node: usize) -> NodeConfig {
    NodeConfig {
        filesystem: FsType::Ext4,
        driver: driver(),
        grants: Grants {
            pools: [("default".to_owned(), PathBuf::from("/pool"))].into(),
            attachments: [AttachmentKind::ImageFile, AttachmentKind::BlockDevice].into(),
            mount_options: vec!["noatime".to_owned()],
            devices: vec!["/dev/disk/by-id/vendor-*".to_owned()],
            ..Grants::default()
        },
        target_roots: vec![root(node)],
        state_dir: state_dir(node),
        node_id: NodeId::new(format!("worker-{node}")).unwrap(),
        labels: StringMap::new(),
        kata: crate::KataPaths::default(),
    }
}

impl<'a> Machines<'a> {
    /// With a pool on one machine that both nodes are on, or with a machine each and an array.
    pub(super) fn new(runtime: &'a tokio::runtime::Runtime, seed: u64) -> Self {
        let array = seed % 2 == 1;
        let first = Twin::new();
        let second = if array { Twin::new() } else { first.clone() };
        let machines = vec![first, second];
        let types = [FsType::Ext4, FsType::Xfs, FsType::Btrfs];
        let mut ways: Vec<Way> =
            types.map(|it| if array { Way::Disk(it) } else { Way::Fs(it) }).into();
        ways.push(if array { Way::RawDisk } else { Way::Block });
        let by = usize::try_from(seed / 2).unwrap() % ways.len();
        ways.rotate_left(by);
        let storage = Storage::new(machines.clone(), array, ways);
        let nodes = (0..NODES).map(|node| {
            let os = Arc::new(machines[node].clone());
            Arc::new(Node::new(config(node), os, storage.clone()))
        });
        let nodes = nodes.collect();
        Self { runtime, machines, storage, nodes, broken: Vec::new() }
    }

    fn start(&mut self, node: usize) {
        self.machines[node].arm(None);
        let os = Arc::new(self.machines[node].clone());
        self.nodes[node] = Arc::new(Node::new(config(node), os, self.storage.clone()));
        self.runtime.block_on(self.nodes[node].recover()).unwrap();
    }

    fn capability(&self, volume: &str) -> Capability {
        let way = self.storage.state().volumes.get(volume).map_or(Way::Block, |kept| kept.way);
        Capability { access: way.access(), mode: AccessMode::SingleNodeWriter }
    }

    fn on_node(&self, node: usize, call: &mooring_kubelet::Call) -> Result<Reply> {
        let service = &self.nodes[node];
        let within = World::call();
        use mooring_kubelet::Call;
        let nothing = |(): ()| Reply::default();
        match call {
            Call::Stage { id: volume, staging } => {
                let request = Stage {
                    volume_id: id(volume),
                    staging_path: staging.clone(),
                    capability: self.capability(volume),
                    volume_context: StringMap::new(),
                    publish_context: StringMap::new(),
                    secrets: Secrets::default(),
                };
                self.runtime.block_on(service.stage(&within, request)).map(nothing)
            }
            Call::Publish { id: volume, staging, target } => {
                let request = Publish {
                    volume_id: id(volume),
                    staging_path: staging.clone(),
                    target_path: target.clone(),
                    capability: self.capability(volume),
                    readonly: false,
                    volume_context: StringMap::new(),
                    publish_context: StringMap::new(),
                    secrets: Secrets::default(),
                };
                self.runtime.block_on(service.publish(&within, request)).map(nothing)
            }
            Call::Unpublish { id: volume, target } => self
                .runtime
                .block_on(service.unpublish(&within, id(volume), target.clone()))
                .map(nothing),
            Call::Unstage { id: volume, staging } => self
                .runtime
                .block_on(service.unstage(&within, id(volume), staging.clone()))
                .map(nothing),
            Call::NodeExpand { id: volume, staging, path, bytes } => {
                let request = ExpandNode {
                    volume_id: id(volume),
                    volume_path: path.clone(),
                    staging_path: Some(staging.clone()),
                    capacity: Some(CapacityRange::new(i64::try_from(*bytes).unwrap(), 0).unwrap()),
                    capability: Some(self.capability(volume)),
                    secrets: Secrets::default(),
                };
                let grown = self.runtime.block_on(service.expand(&within, request))?;
                Ok(Reply { bytes: grown, ..Reply::default() })
            }
            Call::CreateVolume { .. }
            | Call::DeleteVolume { .. }
            | Call::ControllerPublish { .. }
            | Call::ControllerUnpublish { .. }
            | Call::ControllerExpand { .. }
            | Call::CreateSnapshot { .. }
            | Call::DeleteSnapshot { .. } => unreachable!("{call} is not for a node"),
        }
    }

    fn on_controller(&self, call: &mooring_kubelet::Call) -> Result<Reply> {
        use mooring_kubelet::Call;
        match call {
            Call::CreateVolume { name, bytes, source } => {
                let (id, bytes) = self.storage.make(name, *bytes, source.as_ref())?;
                return Ok(Reply { id, bytes });
            }
            Call::DeleteVolume { id } => self.storage.unmake(id)?,
            Call::ControllerPublish { id, node } => self.storage.map(id, *node)?,
            Call::ControllerUnpublish { id, node } => self.storage.unmap(id, *node),
            Call::ControllerExpand { id, bytes } => {
                let bytes = self.storage.grow(id, *bytes)?;
                return Ok(Reply { bytes, ..Reply::default() });
            }
            Call::CreateSnapshot { name, volume } => {
                let id = self.storage.snap(name, volume)?;
                return Ok(Reply { id, ..Reply::default() });
            }
            Call::DeleteSnapshot { id } => self.storage.unsnap(id),
            Call::Stage { .. }
            | Call::Unstage { .. }
            | Call::Publish { .. }
            | Call::Unpublish { .. }
            | Call::NodeExpand { .. } => unreachable!("{call} is not for the controller"),
        }
        Ok(Reply::default())
    }

    /// The controller's part fails as a whole, before or after its effect. With a code that is final
    /// only where nothing was made, be it by an earlier call whose answer was lost: sidecars give up
    /// then what nobody wants any more, and delete nothing (external-snapshotter,
    /// `createSnapshotWrapper`; external-provisioner, `checkError`), and `wit/README.md` asks it of
    /// backends.
    fn controller(&self, call: &mooring_kubelet::Call, how: Option<How>) -> Result<Reply> {
        let gone = || Err(Error::unavailable("the controller is gone"));
        match how {
            Some(How::Fails(kind)) if kind % 2 == 0 && !self.storage.is_made(call) => {
                Err(Error::internal("it went wrong"))
            }
            Some(How::Fails(_) | How::StaysBroken(_) | How::Dies) => gone(),
            Some(How::FailsLate(_) | How::DiesLate) => {
                let _lost = self.on_controller(call);
                gone()
            }
            Some(How::AnswerLost | How::KubeletDies) | None => self.on_controller(call),
        }
    }

    /// A final code of stage or publish, while anything of the volume is where it was asked to be.
    /// What an earlier boot left of a place, empty, is kubelet's to remove.
    fn check_final(
        &mut self,
        node: usize,
        call: &mooring_kubelet::Call,
        error: &Error,
        before: bool,
    ) {
        use mooring_kubelet::Call;
        if !error.code.is_final() || error.code == mooring_volume::Code::AlreadyExists {
            return;
        }
        let (volume, path, staged) = if let Call::Stage { id, staging } = call {
            (id, staging, true)
        } else if let Call::Publish { id, target, .. } = call {
            (id, target, false)
        } else {
            return;
        };
        let loops = self.machines[node].loops().unwrap().answering;
        let label = record::label(&state_dir(node), &config(node).node_id, &driver(), &id(volume));
        let model = self.machines[node].model();
        let mounted = model.mounts.iter().any(|entry| entry.point == *path);
        let bound = staged && loops.iter().any(|device| device.label == label);
        let made = !staged && !before && model.places.contains_key(path);
        if mounted || bound || made {
            let what = format!("mounted {mounted}, bound {bound}, made {made}");
            self.broken.push(format!("final but not clean: {call} → {error:?}: {what}"));
        }
    }

    /// What must hold of each volume at any time.
    fn check_volumes(&mut self) {
        let kept: Vec<(String, Known)> =
            self.storage.state().volumes.iter().map(|(id, it)| (id.clone(), it.known)).collect();
        for (id, known) in kept {
            let most = u32::from(known == Known::Blank);
            let formatted = self.storage.with_image(&id, |image| image.formatted);
            if formatted > most {
                self.broken.push(format!("formatted: volume {id} {formatted} times"));
            }
        }
    }

    /// That what is at a path is this volume, and nothing else.
    fn is_volume(&self, node: usize, volume: &str, point: &Path) -> Result<(), String> {
        let (path, _) = self.machines[node].model().reached(point)?;
        if path == image_path(volume) {
            Ok(())
        } else {
            Err(format!("another's device is there: {}", path.display()))
        }
    }
}

impl Driver for Machines<'_> {
    fn nodes(&self) -> usize {
        NODES
    }

    fn attaches(&self) -> bool {
        self.storage.array
    }

    fn copies(&self) -> bool {
        true
    }

    fn root(&self, node: usize) -> PathBuf {
        root(node)
    }

    fn call(
        &mut self,
        node: Option<usize>,
        call: &mooring_kubelet::Call,
        mishap: Option<Mishap>,
    ) -> Answer {
        let answer = match node {
            None => self.controller(call, mishap.map(|it| it.how)),
            Some(node) => {
                let before = target(call)
                    .is_some_and(|path| self.machines[node].model().places.contains_key(path));
                self.machines[node].arm(mishap.and_then(fault));
                let mut answer = self.on_node(node, call);
                if self.machines[node].is_dead() {
                    answer = Err(Error::unavailable("the host died"));
                    self.start(node);
                }
                self.machines[node].arm(None);
                if let Err(error) = &answer {
                    self.check_final(node, call, &error.clone(), before);
                }
                answer
            }
        };
        self.check_volumes();
        answer.map_err(|error| Refusal { code: code(error.code), message: error.message })
    }

    fn make_directory(&mut self, node: usize, path: &Path) {
        let mut model = self.machines[node].model();
        for above in path.ancestors() {
            model.places.entry(above.to_owned()).or_insert(PathKind::Directory);
        }
    }

    fn remove_directory(&mut self, node: usize, path: &Path) -> bool {
        let mut model = self.machines[node].model();
        if model.mounts.iter().any(|entry| entry.point == path) {
            return false;
        }
        model.places.remove(path);
        true
    }

    fn kill_host(&mut self, node: usize) {
        self.start(node);
    }

    fn kill_controller(&mut self) {}

    fn reboot(&mut self, node: usize) -> Vec<usize> {
        self.machines[node].reboot();
        let shared = !self.storage.array;
        let gone: Vec<usize> = (0..NODES).filter(|other| *other == node || shared).collect();
        for node in &gone {
            self.start(*node);
        }
        gone
    }

    fn write(&mut self, node: usize, id: &str, target: &Path, stamp: u64) -> Result<(), String> {
        self.is_volume(node, id, target)?;
        self.machines[node].model().write(target, stamp)
    }

    fn read(&mut self, node: usize, id: &str, target: &Path) -> Result<Option<u64>, String> {
        self.is_volume(node, id, target)?;
        self.machines[node].model().read(target)
    }

    fn broken(&mut self) -> Vec<String> {
        std::mem::take(&mut self.broken)
    }

    fn erase(&mut self, node: usize, volume: &str) -> bool {
        let record = record::path(&state_dir(node), &driver(), &id(volume));
        let stored = self.machines[node].model().records.get(&record).cloned();
        let knows = |bytes| record::Record::decode(bytes).is_ok_and(|it| it.format.is_some());
        !stored.as_deref().is_some_and(knows) && self.storage.erase(volume)
    }

    fn left(&mut self) -> Vec<String> {
        let mut left = self.storage.left();
        for (node, machine) in self.machines.iter().enumerate() {
            left.extend(
                machine.loops().unwrap().answering.iter().map(|it| format!("loop device {it:?}")),
            );
            let model = machine.model();
            left.extend(model.mounts.iter().skip(2).map(|it| format!("mount {it:?}")));
            left.extend((model.locks() > 0).then(|| "a lock".to_owned()));
            left.extend(model.limits.keys().map(|it| format!("limits of {it}")));
            left.extend(model.frozen.iter().map(|it| format!("frozen {it}")));
            left.extend(model.images.keys().map(|it| format!("image {}", it.display())));
            left.extend(model.places.keys().filter_map(|path| {
                let name = path.file_name()?;
                (name == "mount" || name == "globalmount").then(|| format!("{}", path.display()))
            }));
            for (path, bytes) in &model.records {
                left.extend(remembered(node, path, bytes));
            }
        }
        left
    }
}

/// A record that is left: none may be but what tells how far formatting was, and of no place.
fn remembered(node: usize, path: &Path, bytes: &[u8]) -> Option<String> {
    let forbids_formatting = record::Record::decode(bytes).is_ok_and(|record| {
        let placed = record.staging.as_ref().is_some_and(|staging| !staging.targets.is_empty());
        record.format.is_some() && !placed
    });
    (!forbids_formatting).then(|| format!("record {} on {node}", path.display()))
}

/// Where a volume is to be published.
fn target(call: &mooring_kubelet::Call) -> Option<&PathBuf> {
    if let mooring_kubelet::Call::Publish { target, .. } = call { Some(target) } else { None }
}
