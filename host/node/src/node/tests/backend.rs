//! A backend for the node's tests.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use mooring_volume::attachment::{Attached, Attachment, Content, PoolItem};
use mooring_volume::backend::{
    Attachments, CreateVolume, DescribeAttachment, NodeDescription, NodeFacts, Nodes,
    ValidateVolume, Verdict, Volume, Volumes,
};
use mooring_volume::id::NodeId;
use mooring_volume::{Call, Result, Secrets, VolumeId};

use super::world::{MIB, id, image_path};
use crate::os::twin::Twin;

/// A backend that answers what it was told to, and makes volumes in a model's pool: each a call that
/// can go wrong as those to the machine.
#[derive(Debug, Clone)]
pub(super) struct Backend(
    pub(super) Arc<Mutex<BTreeMap<VolumeId, Result<Attached>>>>,
    pub(super) Pool,
);

/// Where the backend makes volumes.
#[derive(Debug, Clone)]
pub(super) enum Pool {
    Model(Twin),
    /// A pool's directory of images.
    Real(PathBuf),
}

impl Pool {
    fn make(&self, name: &str, bytes: u64) -> Result<()> {
        match self {
            Self::Model(twin) => Ok(twin.make(&image_path(name), bytes)?),
            Self::Real(images) => {
                let mut options = std::fs::File::options();
                let options = options.write(true).create(true).truncate(false);
                options.open(images.join(name)).unwrap().set_len(bytes).unwrap();
                Ok(())
            }
        }
    }

    fn unmake(&self, name: &str) -> Result<()> {
        match self {
            Self::Model(twin) => Ok(twin.unmake(&image_path(name))?),
            Self::Real(images) => {
                std::fs::remove_file(images.join(name)).unwrap();
                Ok(())
            }
        }
    }
}

impl Volumes for Backend {
    async fn create(&self, _: &Call, request: CreateVolume) -> Result<Volume> {
        let bytes = request.capacity.and_then(|range| range.required()).unwrap_or(64 * MIB);
        let name = request.name.as_str();
        self.1.make(name, bytes)?;
        let item = PoolItem { pool: "default".into(), name: name.into() };
        let attachment = Attachment::ImageFile(item);
        let content = Content::Blank;
        let attached = Attached { attachment, content, minimum_size: None, limits: None };
        let made = id(&format!("backend-{name}"));
        self.0.lock().unwrap().insert(made.clone(), Ok(attached));
        let context = request.parameters;
        Ok(Volume { id: made, capacity: bytes, context, source: None, topology: Vec::new() })
    }

    async fn delete(&self, _: &Call, made: VolumeId, _: Secrets) -> Result<()> {
        let name = made.as_str().strip_prefix("backend-").unwrap();
        self.1.unmake(name)
    }

    async fn validate(&self, _: &Call, _: ValidateVolume) -> Result<Verdict> {
        Ok(Verdict::Confirmed)
    }
}

impl Attachments for Backend {
    async fn describe_attachment(&self, _: &Call, asked: DescribeAttachment) -> Result<Attached> {
        self.0.lock().unwrap().get(&asked.volume_id).cloned().unwrap_or_else(|| {
            Err(mooring_volume::Error::not_found("the backend does not know the volume"))
        })
    }
}

impl Nodes for Backend {
    async fn describe_node(&self, _: &Call, facts: NodeFacts) -> Result<NodeDescription> {
        let id = NodeId::new(format!("{}@{}", facts.id, facts.hostname))?;
        Ok(NodeDescription { id, topology: None, max_volumes: Some(7) })
    }
}
