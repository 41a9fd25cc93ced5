//! The model's Kata runtime.

use std::path::{Path, PathBuf};

use super::{Twin, fail};
use crate::os::{DirectFolder, DirectVolumes, Kind, Result, ShimRequest};

/// A folder below the directory of direct volumes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Told {
    pub(crate) info: Vec<u8>,
    pub(crate) sandboxes: Vec<String>,
}

impl DirectVolumes for Twin {
    fn direct_volumes(&self, _base: &Path) -> Result<Vec<DirectFolder>> {
        self.call("listing direct volumes", |model| {
            let named = model.told.iter().map(|(volume, told)| DirectFolder::Named {
                volume: volume.clone(),
                info: Some(told.info.clone()),
                sandboxes: told.sandboxes.clone(),
            });
            let aside = model.aside.iter().cloned().map(|label| DirectFolder::Aside { label });
            Ok(named.chain(aside).collect())
        })
    }

    fn put_direct_volume(
        &self,
        _base: &Path,
        label: &str,
        volume: &Path,
        info: &[u8],
    ) -> Result<()> {
        // Two calls, so that it can be cut off.
        self.call("filling a direct volume", |model| {
            model.aside.insert(label.to_owned());
            Ok(())
        })?;
        self.call("naming a direct volume", |model| {
            if model.told.contains_key(volume) {
                return fail(Kind::NotEmpty, "naming", volume);
            }
            model.aside.remove(label);
            let told = Told { info: info.to_vec(), sandboxes: Vec::new() };
            model.told.insert(volume.to_owned(), told);
            Ok(())
        })
    }

    fn remove_direct_volume(&self, _base: &Path, label: &str, volume: Option<&Path>) -> Result<()> {
        self.call("hiding a direct volume", |model| {
            if volume.is_some_and(|volume| model.told.remove(volume).is_some()) {
                model.aside.insert(label.to_owned());
            }
            Ok(())
        })?;
        self.call("removing a direct volume", |model| {
            model.aside.remove(label);
            Ok(())
        })
    }

    fn ask_shim(
        &self,
        _places: &[PathBuf],
        sandbox: &str,
        request: &ShimRequest,
    ) -> Result<Vec<u8>> {
        self.call("asking a shim", |model| {
            let Some(answer) = model.shims.get(sandbox).cloned() else {
                return fail(Kind::NotFound, "asking", Path::new(sandbox));
            };
            let body = String::from_utf8_lossy(&request.body);
            model.asked.push(format!("{} {body}", request.target));
            Ok(answer)
        })
    }
}
