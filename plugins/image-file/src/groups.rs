//! Snapshots of several volumes at one point in time.
//!
//! The group's record names its members before the first image is made, and until the last is
//! deleted. Then come the images, all or none; then the members' records; then the group's record
//! again, which says that it was taken. What a call that died has left of images and records is
//! found by way of the group.
//!
//! Where blocks are shared, the host freezes what is attached for the moment of it. Elsewhere the
//! members are copied in the background, and no volume of them can be attached meanwhile; so they
//! have to be out of use, and are all begun by one call, or again from the start by the next.

use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use mooring_sdk::group_snapshots::{self as contract, CreateRequest, GroupSnapshots};
use mooring_sdk::parameters::Parameters;
use mooring_sdk::pool::{Cloning, CopyState, PoolError};
use mooring_sdk::records::Found;
use mooring_sdk::{Error, Result, Secrets, Services, ids, types};

use crate::copies::{self, Begun};
use crate::record::{GROUPS, Group, GroupPhase, Member, Phase, SNAPSHOTS, Snapshot};
use crate::{ImageFile, snapshots};

/// Ids of groups are this and a hash of the name.
const PREFIX: &str = "group-";

/// Ids of members are this and a hash of the group's name and the volume's id: another than
/// snapshots have that are taken alone, whose names may be anything.
const MEMBER: &str = "gsnap-";

/// How many images the pool copies at once.
const MOST: usize = 64;

/// A group's record and its version.
type Held = (Group, u64);

impl<H: Services> GroupSnapshots for ImageFile<H> {
    fn create(&self, request: &CreateRequest) -> Result<contract::Group> {
        let host = &self.0;
        Parameters::read(&[&request.parameters]).finish()?;
        let sources = &request.source_volume_ids;
        if !(1..=MOST).contains(&sources.len()) {
            return Err(Error::invalid_argument(format!(
                "{} volumes are named; a group is of 1 to {MOST}",
                sources.len()
            )));
        }
        let id = ids::derive(PREFIX, &request.name);
        GROUPS.claim(host, &id)?;
        let begun = match GROUPS.get(host, &id)? {
            None => begin(host, request, &id)?,
            Some(Found { value, version }) if value.phase == GroupPhase::Deleting => {
                remove(host, &id, (value, version))?;
                begin(host, request, &id)?
            }
            Some(Found { value, version }) => {
                check_same(&value, request)?;
                match value.phase {
                    GroupPhase::Making | GroupPhase::Deleting => {
                        again(host, &id, (value, version))?
                    }
                    GroupPhase::Taken => return told(host, id, &value, Failures::Told),
                }
            }
        };
        let group = take(host, &id, begun)?;
        told(host, id, &group, Failures::Told)
    }

    fn delete(&self, id: &str, snapshot_ids: &[String], _secrets: &Secrets) -> Result<()> {
        GROUPS.claim(&self.0, id)?;
        let Some(Found { value, version }) = GROUPS.get(&self.0, id)? else { return Ok(()) };
        check_members(id, &value, snapshot_ids)?;
        remove(&self.0, id, (value, version))
    }

    fn get(
        &self,
        id: &str,
        snapshot_ids: &[String],
        _secrets: &Secrets,
    ) -> Result<contract::Group> {
        let Found { value, .. } = GROUPS.find(&self.0, id)?;
        check_members(id, &value, snapshot_ids)?;
        match value.phase {
            GroupPhase::Taken => told(&self.0, id.to_owned(), &value, Failures::NotReady),
            GroupPhase::Making => Err(Error::unavailable(format!(
                "group {id} is not taken yet; repeat CreateVolumeGroupSnapshot until it is"
            ))),
            GroupPhase::Deleting => {
                Err(Error::not_found(format!("group {id} is being deleted; take another")))
            }
        }
    }
}

/// Whether a group that is there is the one that is asked for.
fn check_same(existing: &Group, request: &CreateRequest) -> Result<()> {
    let Group { name, members, .. } = existing;
    if *name != request.name {
        return Err(Error::internal(format!(
            "the names {name:?} and {:?} have one id; choose another name",
            request.name
        )));
    }
    let sources = &request.source_volume_ids;
    let all = members.iter().all(|member| sources.contains(&member.source));
    match all && members.len() == sources.len() {
        true => Ok(()),
        false => Err(Error::already_exists(format!(
            "group {name:?} exists, of other volumes than are asked for"
        ))),
    }
}

/// Whether these are the group's. None at all: the caller does not know them.
fn check_members(id: &str, group: &Group, named: &[String]) -> Result<()> {
    let all = group.members.iter().all(|member| named.contains(&member.id));
    match named.is_empty() || all && named.len() == group.members.len() {
        true => Ok(()),
        false => Err(Error::invalid_argument(format!(
            "the snapshots that are named are not those of group {id}; name all of it and no other"
        ))),
    }
}

/// What a group of these volumes that is taken now would be.
fn draft(host: &impl Services, name: &str, sources: &[String]) -> Result<Group> {
    let mut members: Vec<Member> = Vec::with_capacity(sources.len());
    for source in sources {
        let Snapshot { source, pool, size, .. } = snapshots::draft(host, name, source)?;
        let id = ids::derive(MEMBER, &[name, "\0", &source].concat());
        if members.iter().any(|member| member.id == id) {
            return Err(Error::invalid_argument(format!("volume {source} is named twice")));
        }
        members.push(Member { id, source, pool, size });
    }
    Ok(Group { name: name.to_owned(), members, created: host.now(), phase: GroupPhase::Making })
}

fn begin(host: &impl Services, request: &CreateRequest, id: &str) -> Result<Held> {
    let new = draft(host, &request.name, &request.source_volume_ids)?;
    let version = GROUPS.insert(host, id, &new)?;
    Ok((new, version))
}

/// Takes up what a call that died began. Where that had not come to all images, none of them
/// counts: the point in time is now.
fn again(host: &impl Services, id: &str, (former, version): Held) -> Result<Held> {
    let mut whole = true;
    for Member { id, pool, .. } in &former.members {
        whole = whole && host.item(pool, id)?.is_some();
    }
    if whole {
        return Ok((former, version));
    }
    for Member { id, pool, .. } in &former.members {
        host.delete_image(pool, id)?;
    }
    let sources: Vec<_> = former.members.iter().map(|member| member.source.clone()).collect();
    let new = draft(host, &former.name, &sources)
        .map_err(|error| taken_back(host, id, (&former, version), error))?;
    let version = GROUPS.replace(host, id, &new, version)?;
    Ok((new, version))
}

fn taken_back(
    host: &impl Services,
    id: &str,
    (group, version): (&Group, u64),
    error: Error,
) -> Error {
    let images: Vec<_> = group.members.iter().map(|one| (&*one.pool, &*one.id)).collect();
    Begun { table: &GROUPS, images: &images, id, version }.take_back(host, error)
}

/// Makes the images and the members' records, and says so in the group's.
fn take(host: &impl Services, id: &str, (group, version): Held) -> Result<Group> {
    let phase =
        images(host, &group).map_err(|error| taken_back(host, id, (&group, version), error))?;
    for Member { id: member, source, pool, size } in &group.members {
        let snapshot = Snapshot {
            name: group.name.clone(),
            source: source.clone(),
            pool: pool.clone(),
            size: *size,
            created: group.created,
            phase,
            failure: None,
            group: Some(id.to_owned()),
        };
        match SNAPSHOTS.get(host, member)? {
            Some(there) if there.value == snapshot => {}
            // Of a call that died before all of the images were made.
            Some(there) => drop(SNAPSHOTS.replace(host, member, &snapshot, there.version)?),
            None => drop(SNAPSHOTS.insert(host, member, &snapshot)?),
        }
    }
    let taken = Group { phase: GroupPhase::Taken, ..group };
    GROUPS.replace(host, id, &taken, version)?;
    Ok(taken)
}

/// Makes the images, all or none, or begins to.
fn images(host: &impl Services, group: &Group) -> Result<Phase> {
    let cloning = |Member { id, source, pool, .. }: &Member| Cloning {
        pool: pool.clone(),
        source: source.clone(),
        name: id.clone(),
    };
    let clonings: Vec<_> = group.members.iter().map(cloning).collect();
    match host.clone_images(&clonings) {
        Ok(()) => return Ok(Phase::Ready),
        Err(PoolError::Unsupported(_)) => {}
        Err(error) => return Err(Error::from(error).context("all images at once")),
    }
    for Member { id, source, pool, .. } in &group.members {
        match copies::copy_slowly(host, pool, source, id)? {
            CopyState::Running(_) | CopyState::Done => {}
            CopyState::Failed(reason) => {
                return Err(Error::unavailable(format!(
                    "copying member {id} failed, and all start anew with the next call: {reason}"
                )));
            }
        }
    }
    Ok(Phase::Copying)
}

/// How a member whose copying failed is told.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Failures {
    /// As an error.
    Told,
    /// As one that is not ready.
    NotReady,
}

/// A group that was taken, as the contract tells it.
fn told(
    host: &impl Services,
    id: String,
    group: &Group,
    failures: Failures,
) -> Result<contract::Group> {
    let member = |Member { id, .. }: &Member| -> Result<types::Snapshot> {
        let Found { value, version } = SNAPSHOTS.find(host, id)?;
        match failures {
            Failures::Told => snapshots::taken(host, id.clone(), (value, version)),
            Failures::NotReady => {
                let (now, _) = snapshots::settle(host, id, (value, version))?;
                Ok(now.told(id.clone()))
            }
        }
    };
    let members = group.members.iter().map(member).collect::<Result<Vec<_>>>()?;
    let ready = members.iter().all(|member| member.ready);
    Ok(contract::Group { id, members, created: group.created, ready })
}

/// Deletes what there is of a group: the members, then the group.
fn remove(host: &impl Services, id: &str, (group, version): Held) -> Result<()> {
    let deleting = Group { phase: GroupPhase::Deleting, ..group };
    let version = match group.phase {
        GroupPhase::Deleting => version,
        GroupPhase::Making | GroupPhase::Taken => GROUPS.replace(host, id, &deleting, version)?,
    };
    for Member { id, pool, .. } in &deleting.members {
        match SNAPSHOTS.get(host, id)? {
            Some(Found { value, version }) => snapshots::remove(host, id, (value, version))?,
            None => host
                .delete_image(pool, id)
                .map_err(|error| Error::from(error).context(format_args!("image {id}")))?,
        }
    }
    GROUPS.remove(host, id, version)
}
