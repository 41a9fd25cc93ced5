//! The rows of a group: announced together, complete together or deleted together.

use std::sync::Arc;

use mooring_volume::pool::ItemKind;

use super::{Making, Pair, being_copied};
use crate::pool::delete::tombstone;
use crate::pool::grant::Named;
use crate::pool::members::{self, Group, Member};
use crate::pool::reaper;
use crate::pool::record::{self, Record, State, Tombstone};
use crate::{PoolError, Scoped, StorageError};

impl Scoped {
    /// Writes the records of all clones with a file, and the group's row, as one step.
    pub(super) fn announce_group(&self, making: &mut [Making]) -> Result<Group, PoolError> {
        self.write(|draft| {
            let (mut members, mut cost) = (Vec::new(), 0_u64);
            for Making { pair: Pair { from, item }, size, serial, .. } in making {
                if record::read(draft, &item.key)?.is_some() {
                    return Err(PoolError::Exists);
                }
                *serial = draft.serial();
                let record = clone_of(from, *size, State::Cloning, *serial);
                let (pool, name) = (item.pool.name.clone(), item.name.clone());
                cost = cost.saturating_add(record.cost(&pool, &name));
                members.push(Member { pool, name, serial: *serial });
                draft.put(item.key.clone(), record.encode());
            }
            let group = Group { serial: draft.serial(), members };
            self.charge(cost, 0).map_err(PoolError::NoSpace)?;
            // Before anyone can see the row.
            self.driver.groups.lock().insert(group.serial);
            draft.put(group.key(&self.driver.name), group.encode());
            Ok(group)
        })
    }

    /// Makes all clones present as one step; those of images without a file read as zeros, too.
    pub(super) fn complete(
        &self,
        group: &Group,
        making: &[Making],
        blank: &[(Pair, u64)],
    ) -> Result<(), PoolError> {
        self.write(|draft| {
            let mut cost = 0_u64;
            for Making { pair, size, serial, .. } in making {
                let found = record::read(draft, &pair.item.key)?;
                if found.is_none_or(|found| found.serial != *serial) {
                    return Err(PoolError::NotFound);
                }
                let record = clone_of(&pair.from, *size, State::Present, *serial);
                draft.put(pair.item.key.clone(), record.encode());
            }
            for (Pair { from, item }, size) in blank {
                // A record needs no lock on the name.
                if record::read(draft, &item.key)?.is_some() {
                    return Err(PoolError::Exists);
                }
                let record = clone_of(from, *size, State::Promised, draft.serial());
                cost = cost.saturating_add(record.cost(&item.pool.name, &item.name));
                draft.put(item.key.clone(), record.encode());
            }
            draft.remove(group.key(&self.driver.name));
            self.charge(cost, 0).map_err(PoolError::NoSpace)
        })
    }

    /// Deletes what there is of a group that is not complete, as one step.
    pub(super) fn discard(&self, group: &Group) -> Result<(), StorageError> {
        let driver = &self.driver.name;
        let (stones, generation) = self.write::<_, StorageError>(|draft| {
            let (mut stones, mut freed) = (Vec::new(), 0_u64);
            for Member { pool, name, serial } in &group.members {
                let key = crate::key::Key::Item.of_item(driver, pool, name);
                let found = record::read(draft, &key)?;
                let ours =
                    |found: &Record| found.serial == *serial && found.state == State::Cloning;
                if let Some(found) = found.filter(ours) {
                    freed = freed.saturating_add(found.cost(pool, name));
                    let (pool, name, kind) = (pool.clone(), name.clone(), found.kind);
                    let stone = Tombstone { pool, name, serial: *serial, kind, displaced: false };
                    draft.remove(key);
                    draft.put(stone.key(driver), stone.encode());
                    stones.push(stone);
                }
            }
            draft.remove(group.key(driver));
            self.credit(freed);
            Ok((stones, draft.generation()))
        })?;
        stones.into_iter().for_each(|stone| self.bury(stone, generation));
        Ok(())
    }

    fn bury(&self, stone: Tombstone, generation: u64) {
        // One in a pool that is not granted now waits for the day when it is.
        if let Some(pool) = self.pools.get(&stone.pool) {
            self.store.reaper.send(reaper::Job {
                driver: Arc::clone(&self.driver),
                pool: Arc::clone(pool),
                stone,
                generation,
                lock: None,
            });
        }
    }

    /// Deletes the groups that an earlier process left incomplete.
    pub(crate) fn take_up_groups(&self) -> Result<(), StorageError> {
        for group in members::groups(&self.store.engine, &self.driver.name)? {
            if !self.driver.groups.lock().contains(&group.serial) {
                self.discard(&group)?;
            }
        }
        Ok(())
    }

    /// Takes away a clone that was cut short, with its group where it has one.
    pub(super) fn discard_left(&self, item: &Named, found: &Record) -> Result<(), PoolError> {
        if self.copying(item)?.is_some() {
            return Err(being_copied(&item.name));
        }
        if self.discard_group_of(item, found)? {
            return Ok(());
        }
        let generation = self.entomb(item, found)?;
        self.bury(tombstone(item, found), generation);
        Ok(())
    }

    /// Takes a group away that was cut short, of which the held item is a member; answers false
    /// where there is none.
    pub(in crate::pool) fn discard_group_of(
        &self,
        item: &Named,
        found: &Record,
    ) -> Result<bool, PoolError> {
        let groups = members::groups(&self.store.engine, &self.driver.name)?;
        let is = |group: &Group| group.has(&item.pool.name, &item.name, found.serial);
        match groups.into_iter().find(is) {
            Some(group) => self.discard(&group).map(|()| true).map_err(Into::into),
            None => Ok(false),
        }
    }
}

fn clone_of(from: &Named, size: u64, state: State, serial: u64) -> Record {
    Record { kind: ItemKind::Image, state, size, serial, origin: Some(from.name.clone()) }
}
