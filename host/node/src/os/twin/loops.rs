//! Loop devices of the model.

use std::path::Path;

use super::{Bound, Handle, Model, Twin, What, fail};
use crate::os::{Kind, LoopDevice, LoopDevices, Result, SilentLoop};

impl Model {
    /// Of the devices that are bound.
    pub(crate) fn bound_numbers(&self) -> Vec<u32> {
        self.loops.keys().copied().collect()
    }
}

impl LoopDevices for Twin {
    fn loops(&self) -> Result<Vec<LoopDevice>> {
        self.call("listing loop devices", |model| {
            let answer = model.loops.keys().filter(|number| !model.silent.contains(number));
            Ok(answer.filter_map(|number| model.device(*number)).collect())
        })
    }

    fn silent_loops(&self) -> Result<Vec<SilentLoop>> {
        self.call("listing loop devices", |model| {
            let bound = model.loops.iter().filter(|(number, _)| model.silent.contains(number));
            Ok(bound
                .map(|(number, bound)| SilentLoop { number: *number, file: bound.image.clone() })
                .collect())
        })
    }

    fn bind_loop(&self, image: &Handle, label: &str, readonly: bool) -> Result<LoopDevice> {
        self.call("binding a loop device", |model| {
            let What::Image(path) = &image.what else {
                return fail(Kind::WrongType, "binding", Path::new("no image"));
            };
            let number = (0..).find(|n| !model.loops.contains_key(n)).unwrap_or_default();
            let size = model.images.get(path).map_or(0, |image| image.size);
            let bound = Bound {
                image: path.clone(),
                description: image.description,
                label: label.to_owned(),
                bound_readonly: readonly,
                readonly,
                size,
            };
            model.loops.insert(number, bound);
            match model.device(number) {
                Some(device) => Ok(device),
                None => fail(Kind::Changed, "binding", path),
            }
        })
    }

    fn unbind_loop(&self, device: &LoopDevice) -> Result<()> {
        self.call("unbinding a loop device", |model| {
            if model.device(device.number).is_none_or(|now| now.label != device.label) {
                return Ok(());
            }
            let mounted = model.mounts.iter().any(|entry| entry.block == Some(device.device));
            // A frozen file system stays, unmounted or not.
            if mounted || model.frozen.contains(&device.device) {
                return fail(Kind::Busy, "unbinding", Path::new("a loop device"));
            }
            model.loops.remove(&device.number);
            model.release();
            Ok(())
        })
    }

    fn refresh_loop(&self, device: &LoopDevice) -> Result<()> {
        self.call("refreshing a loop device", |model| {
            let size = model.image_of(device.device).map(|image| image.size);
            match (model.loops.get_mut(&device.number), size) {
                (Some(bound), Some(size)) => {
                    bound.size = size;
                    Ok(())
                }
                _ => fail(Kind::Changed, "refreshing", Path::new("a loop device")),
            }
        })
    }
}
