//! Hosts, and which volumes they see. This machine plays all of them, so a volume is seen by one at
//! a time: two would share a device that each takes for its own.

use std::collections::BTreeSet;

use super::{Array, Result, volumes};
use crate::folder::Contents;
use crate::model::{Host, Mapping, State, Volume};
use crate::problem::{Code, Problem};

impl Array {
    /// Makes a host known, or changes what is known of it.
    pub(crate) fn put_host(&self, host: Host) -> Result<Host> {
        self.change(|contents| {
            contents.hosts.insert(host.name.clone(), host.clone());
            Ok(host)
        })
    }

    /// One host.
    pub(crate) fn host(&self, name: &str) -> Result<Host> {
        self.read(|contents| Ok(find(contents, name)?.clone()))
    }

    /// All hosts, by name.
    pub(crate) fn hosts(&self) -> Result<Vec<Host>> {
        self.read(|contents| Ok(contents.hosts.values().cloned().collect()))
    }

    /// Forgets a host that sees nothing.
    pub(crate) fn delete_host(&self, name: &str) -> Result<()> {
        self.change(|contents| {
            find(contents, name)?;
            if let Some((volume, _)) = seen(contents, name).next() {
                let message = format!("{} is mapped to host {name:?}", volume.id);
                return Err(Problem::new(Code::Mapped, message));
            }
            contents.hosts.remove(name);
            Ok(())
        })
    }

    /// Lets a host see a volume; the device is there when this returns.
    pub(crate) fn map(&self, id: &str, asked: Mapping) -> Result<Volume> {
        self.change(|contents| {
            let volume = volumes::find(contents, id)?;
            let host = find(contents, &asked.host)?;
            if volume.state != State::Ready {
                return Err(Problem::new(Code::NotReady, format!("{id} is not ready")));
            }
            if let Some(there) = volume.mappings.first() {
                check_same(id, there, &asked)?;
                return Ok(volume.clone());
            }
            let taken: BTreeSet<u32> = seen(contents, &host.name).map(|(_, one)| one.lun).collect();
            let full = host.slots.is_some_and(|slots| {
                u32::try_from(taken.len()).map_or(true, |taken| taken >= slots)
            });
            if full {
                let message = format!("host {:?} sees as many volumes as it can", host.name);
                return Err(Problem::new(Code::NoSlot, message));
            }
            let lun = (0..).find(|lun| !taken.contains(lun)).unwrap_or_default();
            let volume = volumes::find_mut(contents, id)?;
            volume.mappings.push(Mapping { lun, ..asked });
            let volume = volume.clone();
            // Noted first: a device without a note would be a stranger to the next start.
            self.folder.write(contents)?;
            if let Err(problem) = self.devices.attach(&self.unit(&volume)) {
                volumes::find_mut(contents, id)?.mappings.clear();
                self.folder.write(contents)?;
                return Err(problem);
            }
            Ok(volume)
        })
    }

    /// Takes a volume from a host; the device is gone when this returns.
    pub(crate) fn unmap(&self, id: &str, host: &str) -> Result<()> {
        self.change(|contents| {
            let volume = volumes::find(contents, id)?;
            if !volume.mappings.iter().any(|mapping| mapping.host == host) {
                let message = format!("{id} is not mapped to host {host:?}");
                return Err(Problem::new(Code::MappingNotFound, message));
            }
            self.devices.detach(&self.image(id), &volume.serial)?;
            volumes::find_mut(contents, id)?.mappings.retain(|mapping| mapping.host != host);
            Ok(())
        })
    }
}

fn find<'a>(contents: &'a Contents, name: &str) -> Result<&'a Host> {
    let found = contents.hosts.get(name);
    found.ok_or_else(|| Problem::new(Code::HostNotFound, format!("no host {name:?}")))
}

/// The volumes that a host sees.
fn seen<'a>(contents: &'a Contents, host: &str) -> impl Iterator<Item = (&'a Volume, &'a Mapping)> {
    let all = contents.volumes.values();
    let all = all.flat_map(|volume| volume.mappings.iter().map(move |mapping| (volume, mapping)));
    all.filter(move |(_, mapping)| mapping.host == host)
}

fn check_same(id: &str, there: &Mapping, asked: &Mapping) -> Result<()> {
    if there.host != asked.host {
        let message = format!("{id} is mapped to host {:?}", there.host);
        return Err(Problem::new(Code::MappedElsewhere, message));
    }
    match (there.readonly, &there.note) == (asked.readonly, &asked.note) {
        true => Ok(()),
        false => Err(Problem::new(
            Code::MappedOtherwise,
            format!("{id} is mapped to that host in another way: {}", there.note),
        )),
    }
}
