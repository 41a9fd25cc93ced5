//! Images that are cloned together.

use super::{Held, Machine, check_item, copy_of};
use crate::pool::{Cloning, PoolError};

impl Machine {
    /// Says whether what is attached can be frozen, as it can at first: where not, no node is
    /// connected, or the image is a raw block device.
    pub fn set_freezable(&self, freezable: bool) {
        self.0.unfreezable.set(!freezable);
    }

    /// Copies images at one point in time: one effect, all or none.
    pub(super) fn clone_all(&self, clonings: &[Cloning]) -> Result<(), PoolError> {
        check_list(clonings)?;
        self.read().map_err(PoolError::Storage)?;
        let members = clonings.iter().map(|cloning| self.member(cloning));
        let members = members.collect::<Result<Vec<_>, _>>()?;
        if members.iter().all(Option::is_none) {
            return Ok(());
        }
        if members.iter().any(Option::is_none) {
            return Err(PoolError::Exists);
        }
        self.write().map_err(PoolError::Storage)?;
        for (cloning, member) in clonings.iter().zip(members.into_iter().flatten()) {
            self.in_pool(&cloning.pool, |pool| {
                pool.items.insert(cloning.name.clone(), member);
                Ok(())
            })?;
        }
        Ok(())
    }

    /// What a cloning of a list makes, none where it is there already.
    fn member(&self, cloning: &Cloning) -> Result<Option<Held>, PoolError> {
        let Cloning { pool, source, name } = cloning;
        self.in_pool(pool, |pool| {
            let copy = pool.copied(source, name)?;
            if copy.is_some_and(|copy| copy.copying.is_none()) {
                return Ok(None);
            }
            let copied = copy.is_some();
            let image = pool.image(source)?;
            if !pool.reflink || copied {
                return Err(PoolError::Unsupported("no reflink in this pool".to_owned()));
            }
            if image.busy && self.0.unfreezable.get() {
                return Err(PoolError::InUse(format!("image {source} cannot be frozen")));
            }
            let copy = copy_of(image, source, None);
            check_item(name, &copy)?;
            Ok(Some(copy))
        })
    }
}

fn check_list(clonings: &[Cloning]) -> Result<(), PoolError> {
    if clonings.len() > 64 {
        return Err(PoolError::Invalid(format!("{} clonings; 64 will do", clonings.len())));
    }
    for (place, Cloning { pool, name, .. }) in clonings.iter().enumerate() {
        let meets = clonings.iter().enumerate().any(|(other, cloning)| {
            let same = cloning.name == *name && place != other;
            cloning.pool == *pool && (same || cloning.source == *name)
        });
        if meets {
            return Err(PoolError::Invalid(format!("{name:?} is named twice")));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pool::Pools;

    fn cloning(source: &str, name: &str) -> Cloning {
        Cloning { pool: "default".into(), source: source.into(), name: name.into() }
    }

    #[test]
    fn a_group_is_cloned_as_a_whole_or_not_at_all() {
        let machine = Machine::with_pool();
        let list = [cloning("a", "c"), cloning("b", "d")];
        machine.create_image("default", "a", 4096).unwrap();
        assert_eq!(machine.clone_images(&list), Err(PoolError::NotFound));
        machine.create_image("default", "b", 4096).unwrap();
        machine.set_busy("default", "b", true);
        machine.set_freezable(false);
        assert!(matches!(machine.clone_images(&list), Err(PoolError::InUse(_))));
        machine.set_freezable(true);
        machine.stop_after(0);
        assert!(matches!(machine.clone_images(&list), Err(PoolError::Storage(_))));
        assert_eq!(machine.items("default").len(), 2);
        machine.restart();
        machine.clone_images(&list).unwrap();
        machine.write_block("default", "a", 0, 7);
        machine.clone_images(&list).unwrap();
        assert_eq!(machine.blocks("default", "c"), []);
        machine.delete_image("default", "d").unwrap();
        assert_eq!(machine.clone_images(&list), Err(PoolError::Exists));
        let twice = [cloning("a", "e"), cloning("b", "e")];
        assert!(matches!(machine.clone_images(&twice), Err(PoolError::Invalid(_))));
    }
}
