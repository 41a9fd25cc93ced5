//! The model's troubles: what of its storage is damaged, gone or full.

use std::path::{Path, PathBuf};

use mooring_volume::capability::FsType;

use super::{Model, Twin, fail};
use crate::os::{
    DeviceId, FsFaults, FsUsage, Kind, LoopDevice, Measure, MountRef, Result, Symptoms,
};

const TIB: u64 = 1 << 40;

impl Symptoms for Twin {
    fn is_image_deleted(&self, device: &LoopDevice) -> Result<bool> {
        self.call("naming an image", |model| match model.loops.get(&device.number) {
            Some(bound) => Ok(bound.image.to_string_lossy().ends_with(" (deleted)")),
            None => fail(Kind::NotFound, "naming an image", Path::new("an unbound device")),
        })
    }

    fn faults(&self, device: DeviceId, _fs_type: FsType) -> Result<FsFaults> {
        self.call("counting faults", |model| {
            Ok(model.faults.get(&device.minor).copied().unwrap_or_default())
        })
    }

    fn answers(&self, mount: &MountRef) -> Result<()> {
        self.on_mount("asking a root", mount, |model, entry| {
            if model.broken.contains(&entry.point) {
                return fail(Kind::Io, "asking a root", &entry.point);
            }
            Ok(())
        })
    }

    fn pool_usage(&self, root: &Path) -> Result<FsUsage> {
        self.wait();
        self.call("asking a pool", |model| {
            let Some(available) = model.pools.get(root).copied().unwrap_or(Some(TIB / 2)) else {
                return fail(Kind::NotFound, "asking a pool", root);
            };
            let bytes = Measure { total: TIB, available, used: TIB - available };
            Ok(FsUsage { bytes, inodes: bytes })
        })
    }
}

impl Model {
    /// Takes an image's name away; what is bound to it goes on.
    pub(crate) fn delete_image(&mut self, path: &Path) {
        let mut nameless = path.to_owned().into_os_string();
        nameless.push(" (deleted)");
        let nameless = PathBuf::from(nameless);
        if let Some(image) = self.images.remove(path) {
            self.images.insert(nameless.clone(), image);
        }
        for bound in self.loops.values_mut().filter(|bound| bound.image == path) {
            bound.image.clone_from(&nameless);
        }
    }
}
