//! A storage system for schedules: volumes as images of a pool that both nodes' machine has, or of an
//! array that maps them to one machine at a time.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};

use mooring_kubelet::{Call as Asked, Source};
use mooring_volume::attachment::{Attached, Attachment, Content as Known, PoolItem};
use mooring_volume::backend::{
    Attachments, CreateVolume, DescribeAttachment, NodeDescription, NodeFacts, Nodes,
    ValidateVolume, Verdict, Volume, Volumes,
};
use mooring_volume::{Call, Error, Result, Secrets, VolumeId};

use super::super::way::Way;
use super::super::world::{disk, image_path, limits};
use crate::os::DeviceId;
use crate::os::twin::{Content, Image, Twin};

/// What the storage system knows of one volume.
#[derive(Debug, Clone)]
pub(super) struct Kept {
    pub(super) name: String,
    pub(super) way: Way,
    pub(super) known: Known,
    number: u64,
    /// Where it is mapped to.
    pub(super) mapped: Option<(usize, DeviceId)>,
    /// What it holds, while no machine has it.
    image: Option<Image>,
}

#[derive(Debug, Default)]
pub(super) struct State {
    pub(super) volumes: BTreeMap<String, Kept>,
    snapshots: BTreeMap<String, (String, Way, Known, Image)>,
    counted: u64,
}

/// See above. Each node's machine, in their order; one that stands there twice is shared.
#[derive(Debug, Clone)]
pub(super) struct Storage {
    state: Arc<Mutex<State>>,
    machines: Vec<Twin>,
    pub(super) array: bool,
    ways: Vec<Way>,
}

fn link(number: u64) -> String {
    format!("by-id/vendor-{number}")
}

impl Storage {
    pub(super) fn new(machines: Vec<Twin>, array: bool, ways: Vec<Way>) -> Self {
        Self { state: Arc::default(), machines, array, ways }
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    /// Does something with what a volume holds, wherever that is.
    pub(super) fn with_image<T>(&self, id: &str, act: impl FnOnce(&mut Image) -> T) -> T {
        let mut state = self.state();
        let kept = state.volumes.get_mut(id).unwrap();
        if let Some(image) = &mut kept.image {
            return act(image);
        }
        let machine = kept.mapped.map_or(0, |(node, _)| node);
        let mut model = self.machines[machine].model();
        act(model.images.get_mut(&image_path(id)).unwrap())
    }

    pub(super) fn make(
        &self,
        name: &str,
        bytes: u64,
        source: Option<&Source>,
    ) -> Result<(String, u64)> {
        let known =
            self.state().volumes.iter().find(|(_, it)| it.name == name).map(|it| it.0.clone());
        if let Some(id) = known {
            return Ok((id.clone(), self.with_image(&id, |image| image.size)));
        }
        let copied = match source {
            None => None,
            Some(Source::Snapshot(id)) => {
                let state = self.state();
                let (_, way, known, image) = state
                    .snapshots
                    .get(id)
                    .ok_or_else(|| Error::not_found("there is no such snapshot"))?;
                Some((*way, *known, image.clone()))
            }
            Some(Source::Volume(id)) => {
                let (way, known) = {
                    let state = self.state();
                    let from = state.volumes.get(id);
                    let from = from.ok_or_else(|| Error::not_found("there is no such volume"))?;
                    (from.way, from.known)
                };
                Some((way, known, self.with_image(id, |image| image.clone())))
            }
        };
        let mut state = self.state();
        state.counted += 1;
        let number = state.counted;
        let id = format!("vol-{number}");
        let inode = 10 + number;
        let (way, known, image) = match copied {
            None => {
                let way = self.ways[usize::try_from(number).unwrap() % self.ways.len()];
                let content = Content::Blank;
                let image =
                    Image { inode, size: bytes, content, formatted: 0, group: None, data: None };
                (way, Known::Blank, image)
            }
            Some((way, _, image)) => {
                let size = bytes.max(image.size);
                (way, Known::Copied, Image { inode, size, formatted: 0, ..image })
            }
        };
        let size = image.size;
        let image = if self.array {
            Some(image)
        } else {
            self.machines[0].model().images.insert(image_path(&id), image);
            None
        };
        let kept = Kept { name: name.to_owned(), way, known, number, mapped: None, image };
        state.volumes.insert(id.clone(), kept);
        Ok((id, size))
    }

    pub(super) fn unmake(&self, id: &str) -> Result<()> {
        let mut state = self.state();
        let Some(kept) = state.volumes.get(id) else { return Ok(()) };
        if kept.mapped.is_some() {
            return Err(Error::precondition("it is mapped to a node"));
        }
        if !self.array {
            let mut model = self.machines[0].model();
            let path = image_path(id);
            if model.is_locked(&path) {
                return Err(Error::precondition("it is attached to a node"));
            }
            model.images.remove(&path);
        }
        state.volumes.remove(id);
        Ok(())
    }

    pub(super) fn map(&self, id: &str, node: usize) -> Result<()> {
        let mut state = self.state();
        let kept = state.volumes.get_mut(id).ok_or_else(|| Error::not_found("no such volume"))?;
        match kept.mapped {
            Some((there, _)) if there == node => return Ok(()),
            Some(_) => return Err(Error::precondition("it is mapped to another node")),
            None => {}
        }
        let mut model = self.machines[node].model();
        let devices = (1..).map(|n| DeviceId { major: 8, minor: 16 * n });
        let device = devices.into_iter().find(|device| model.is_free(*device)).unwrap();
        let path = image_path(id);
        model.images.insert(path.clone(), kept.image.take().unwrap());
        model.map(device, &path, &link(kept.number), &format!("S{}", kept.number));
        kept.mapped = Some((node, device));
        Ok(())
    }

    /// Takes a volume from a node, used or not.
    pub(super) fn unmap(&self, id: &str, node: usize) {
        let mut state = self.state();
        let Some(kept) = state.volumes.get_mut(id) else { return };
        let Some((_, device)) = kept.mapped.filter(|(there, _)| *there == node) else { return };
        let mut model = self.machines[node].model();
        model.unmap(device);
        kept.image = model.images.remove(&image_path(id));
        kept.mapped = None;
    }

    pub(super) fn grow(&self, id: &str, bytes: u64) -> Result<u64> {
        if !self.state().volumes.contains_key(id) {
            return Err(Error::not_found("no such volume"));
        }
        Ok(self.with_image(id, |image| {
            image.size = image.size.max(bytes);
            image.size
        }))
    }

    pub(super) fn snap(&self, name: &str, id: &str) -> Result<String> {
        if self.state().snapshots.contains_key(name) {
            return Ok(name.to_owned());
        }
        let Some(kept) = self.state().volumes.get(id).cloned() else {
            return Err(Error::not_found("no such volume"));
        };
        let image = self.with_image(id, |image| image.clone());
        let snapshot = (id.to_owned(), kept.way, kept.known, image);
        self.state().snapshots.insert(name.to_owned(), snapshot);
        Ok(name.to_owned())
    }

    pub(super) fn unsnap(&self, name: &str) {
        self.state().snapshots.remove(name);
    }

    /// Whether there is what a call is to make.
    pub(super) fn is_made(&self, call: &Asked) -> bool {
        let state = self.state();
        match call {
            Asked::CreateVolume { name, .. } => state.volumes.values().any(|it| it.name == *name),
            Asked::CreateSnapshot { name, .. } => state.snapshots.contains_key(name),
            Asked::ControllerPublish { id, .. } => {
                state.volumes.get(id).is_some_and(|it| it.mapped.is_some())
            }
            Asked::DeleteVolume { .. }
            | Asked::ControllerUnpublish { .. }
            | Asked::ControllerExpand { .. }
            | Asked::DeleteSnapshot { .. }
            | Asked::Stage { .. }
            | Asked::Unstage { .. }
            | Asked::Publish { .. }
            | Asked::Unpublish { .. }
            | Asked::NodeExpand { .. } => false,
        }
    }

    /// Erases the remains of a volume's first mkfs; false: it holds something else.
    pub(super) fn erase(&self, id: &str) -> bool {
        self.with_image(id, |image| {
            let remains = matches!(image.content, Content::Partial(_));
            let worthless = remains && image.formatted == 0 && image.data.is_none();
            if worthless {
                image.content = Content::Blank;
            }
            worthless
        })
    }

    /// What is still there of anything.
    pub(super) fn left(&self) -> Vec<String> {
        let state = self.state();
        state.volumes.keys().chain(state.snapshots.keys()).cloned().collect()
    }
}

impl Attachments for Storage {
    async fn describe_attachment(&self, _: &Call, asked: DescribeAttachment) -> Result<Attached> {
        let id = asked.volume_id.as_str();
        let kept = self.state().volumes.get(id).cloned();
        let kept = kept.ok_or_else(|| Error::not_found("the backend does not know the volume"))?;
        let attachment = if kept.way.is_disk() {
            Attachment::BlockDevice(disk(&[&link(kept.number)], &format!("S{}", kept.number)))
        } else {
            Attachment::ImageFile(PoolItem { pool: "default".into(), name: id.into() })
        };
        let limits = kept.number.is_multiple_of(2).then(|| limits(1 << 20, None));
        Ok(Attached { attachment, content: kept.known, minimum_size: None, limits })
    }
}

impl Nodes for Storage {
    async fn describe_node(&self, _: &Call, facts: NodeFacts) -> Result<NodeDescription> {
        let id = mooring_volume::id::NodeId::new(facts.id)?;
        Ok(NodeDescription { id, topology: None, max_volumes: None })
    }
}

impl Volumes for Storage {
    async fn create(&self, _: &Call, _: CreateVolume) -> Result<Volume> {
        Err(Error::unavailable("pods' own volumes are not in the schedules"))
    }

    async fn delete(&self, _: &Call, _: VolumeId, _: Secrets) -> Result<()> {
        Err(Error::unavailable("pods' own volumes are not in the schedules"))
    }

    async fn validate(&self, _: &Call, _: ValidateVolume) -> Result<Verdict> {
        Ok(Verdict::Confirmed)
    }
}
