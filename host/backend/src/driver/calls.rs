//! The domain's traits, one call into the component each.

use mooring_volume::attachment::{Attached, Attachment, DirectDevice, KataDirect, PoolItem};
use mooring_volume::backend::{
    Attachments, Capacity, CreateVolume, DescribeAttachment, Description, ExpandVolume, Expanded,
    Expansion, GetCapacity, Identity, ListedVolume, Listing, NodeDescription, NodeFacts, Nodes,
    Page, Paged, PublishVolume, Publishing, Space, ValidateVolume, Verdict, Volume, Volumes,
};
use mooring_volume::capacity::CapacityRange;
use mooring_volume::modification::Modification as _;
use mooring_volume::{
    Abilities, Call, DriverName, Error, NodeId, Result, Secrets, StringMap, VolumeId,
};

use super::{Asked, Driver};
use crate::check::Malformed;
use crate::convert;
use crate::run::Guest;

impl Driver {
    /// The functions of an optional interface.
    fn exported<'a, T>(&self, interface: &'a Option<T>, name: &str) -> Result<&'a T> {
        interface.as_ref().ok_or_else(|| {
            Error::unimplemented(format!(
                "driver {} cannot do this: its backend does not export {name}",
                self.name
            ))
        })
    }
}

/// Calls one function of one interface in the guest that it is given.
macro_rules! guest {
    ($indices:expr, $call:ident($($argument:expr),*)) => {{
        // The guest may go on in the slow lane, where nothing of the caller's can be borrowed.
        let indices = $indices.clone();
        move |mut guest: Guest| async move {
            let interface = indices.load(&mut guest.store, &guest.instance)?;
            interface.$call(&mut guest.store, $($argument),*).await
        }
    }};
}

// After the macro, which they use.
mod blocks;
mod health;
mod modification;
mod snapshot;

impl Identity for Driver {
    fn driver(&self) -> &DriverName {
        &self.name
    }

    fn description(&self) -> Description {
        self.description.clone()
    }

    fn abilities(&self) -> Abilities {
        self.abilities.clone()
    }

    async fn probe(&self, call: &Call) -> Result<bool> {
        let identity = &self.exports.identity;
        self.call(Asked::new(call, "identity.probe"), guest!(identity, call_probe()), Ok).await
    }
}

impl Volumes for Driver {
    async fn create(&self, call: &Call, mut request: CreateVolume) -> Result<Volume> {
        self.schema.check_parameters(&request.parameters, &request.mutable_parameters)?;
        let (wanted, source) = (request.capacity.unwrap_or_default(), request.source.clone());
        let asked = self.asked(call, "volumes.create", &mut request.secrets);
        let request = convert::create(request);
        let body = guest!(self.exports.volumes, call_create(&request));
        self.call(asked, body, |volume| {
            let volume = convert::volume(volume)?;
            if volume.capacity != 0 && !wanted.contains(volume.capacity) {
                return Err(size(volume.capacity, &wanted));
            }
            if source.is_some() && volume.source != source {
                return Err(Malformed("a volume that was not made from the source".to_owned()));
            }
            Ok(volume)
        })
        .await
    }

    async fn delete(&self, call: &Call, id: VolumeId, mut secrets: Secrets) -> Result<()> {
        let asked = self.asked(call, "volumes.delete", &mut secrets);
        let secrets = convert::exposed(&secrets);
        let body = guest!(self.exports.volumes, call_delete(id.as_str(), &secrets));
        self.call(asked, body, Ok).await
    }

    async fn validate(&self, call: &Call, mut request: ValidateVolume) -> Result<Verdict> {
        let asked = self.asked(call, "volumes.validate", &mut request.secrets);
        let request = convert::validate(request);
        let body = guest!(self.exports.volumes, call_validate(&request));
        self.call(asked, body, |verdict| Ok(convert::verdict(verdict))).await
    }
}

impl Attachments for Driver {
    async fn describe_attachment(
        &self,
        call: &Call,
        mut request: DescribeAttachment,
    ) -> Result<Attached> {
        let asked = self.asked(call, "attachments.describe", &mut request.secrets);
        let volume = request.volume_id.clone();
        let request = convert::describe(request);
        let body = guest!(self.exports.attachments, call_describe(&request));
        let mut attached = self.call(asked, body, convert::attached).await?;
        self.grants.check(&attached.attachment)?;
        if let Some(PoolItem { pool, name }) = pool_item(&attached.attachment) {
            self.store.materialise(pool, name).await?;
        }
        // Not to know them is no reason to enforce none: an error here fails the whole.
        if self.exports.modification.is_some() {
            attached.limits = self.limits(call, volume).await?;
        }
        Ok(attached)
    }
}

/// The item of a pool that an attachment stands on.
fn pool_item(attachment: &Attachment) -> Option<&PoolItem> {
    match attachment {
        Attachment::ImageFile(item)
        | Attachment::Directory(item)
        | Attachment::KataDirect(KataDirect { device: DirectDevice::ImageFile(item), .. }) => {
            Some(item)
        }
        Attachment::KataDirect(KataDirect { device: DirectDevice::BlockDevice(_), .. })
        | Attachment::BlockDevice(_)
        | Attachment::Iscsi(_)
        | Attachment::NvmeOf(_)
        | Attachment::FibreChannel(_)
        | Attachment::Nfs(_)
        | Attachment::Smb(_)
        | Attachment::Rbd(_)
        | Attachment::Cephfs(_)
        | Attachment::Fuse(_)
        | Attachment::MountedDirectory(_)
        | Attachment::External(_) => None,
    }
}

impl Nodes for Driver {
    async fn describe_node(&self, call: &Call, facts: NodeFacts) -> Result<NodeDescription> {
        let Some(nodes) = &self.exports.nodes else {
            let id = NodeId::new(facts.id)?;
            return Ok(NodeDescription { id, topology: None, max_volumes: None });
        };
        let facts = convert::facts(facts);
        self.call(
            Asked::new(call, "nodes.describe"),
            guest!(nodes, call_describe(&facts)),
            convert::node,
        )
        .await
    }
}

impl Listing for Driver {
    async fn list(&self, call: &Call, page: Page) -> Result<Paged<ListedVolume>> {
        let listing = self.exported(&self.exports.listing, "listing")?;
        let most = page.max_entries;
        let page = convert::page(page);
        let body = guest!(listing, call_list(&page));
        self.call(Asked::new(call, "listing.list"), body, |entries| convert::entries(entries, most))
            .await
    }

    async fn get(&self, call: &Call, id: VolumeId) -> Result<ListedVolume> {
        let listing = self.exported(&self.exports.listing, "listing")?;
        let wanted = id.clone();
        let body = guest!(listing, call_get(wanted.as_str()));
        self.call(Asked::new(call, "listing.get"), body, |entry| {
            let listed = convert::listed(entry)?;
            if listed.volume.id == id { Ok(listed) } else { Err(other(&listed.volume.id)) }
        })
        .await
    }
}

impl Space for Driver {
    async fn capacity(&self, call: &Call, request: GetCapacity) -> Result<Capacity> {
        let capacity = self.exported(&self.exports.capacity, "capacity")?;
        self.schema.check_parameters(&request.parameters, &StringMap::new())?;
        let request = convert::space(request);
        self.call(
            Asked::new(call, "capacity.get"),
            guest!(capacity, call_get(&request)),
            convert::room,
        )
        .await
    }
}

impl Expansion for Driver {
    async fn expand(&self, call: &Call, mut request: ExpandVolume) -> Result<Expanded> {
        let expansion = self.exported(&self.exports.expansion, "expansion")?;
        let wanted = request.capacity;
        let asked = self.asked(call, "expansion.expand", &mut request.secrets);
        let request = convert::expand(request);
        let body = guest!(expansion, call_expand(&request));
        self.call(asked, body, |answer| {
            let expanded = convert::expanded(answer)?;
            let least = wanted.required().unwrap_or(0);
            if expanded.capacity < least {
                return Err(size(expanded.capacity, &wanted));
            }
            Ok(expanded)
        })
        .await
    }
}

impl Publishing for Driver {
    async fn publish(&self, call: &Call, mut request: PublishVolume) -> Result<StringMap> {
        let publishing = self.exported(&self.exports.publishing, "publishing")?;
        let asked = self.asked(call, "publishing.publish", &mut request.secrets);
        let request = convert::publish(request);
        let body = guest!(publishing, call_publish(&request));
        self.call(asked, body, convert::published).await
    }

    async fn unpublish(
        &self,
        call: &Call,
        id: VolumeId,
        node: Option<NodeId>,
        mut secrets: Secrets,
    ) -> Result<()> {
        let publishing = self.exported(&self.exports.publishing, "publishing")?;
        let asked = self.asked(call, "publishing.unpublish", &mut secrets);
        let secrets = convert::exposed(&secrets);
        let node = node.map(|node| node.to_string());
        let body = guest!(publishing, call_unpublish(id.as_str(), node.as_deref(), &secrets));
        self.call(asked, body, Ok).await
    }
}

fn size(capacity: u64, wanted: &CapacityRange) -> Malformed {
    let bound = |bound: Option<u64>| bound.map_or("any".to_owned(), |bytes| bytes.to_string());
    Malformed(format!(
        "a volume of {capacity} bytes where at least {} and at most {} were asked for",
        bound(wanted.required()),
        bound(wanted.limit())
    ))
}

fn other(id: &VolumeId) -> Malformed {
    Malformed(format!("the volume {id} where another was asked for"))
}
