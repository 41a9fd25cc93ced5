//! Loop devices of the model.

use std::path::Path;

use super::{Bound, Handle, Model, Twin, What, fail, loop_id};
use crate::os::{Kind, LoopDevice, LoopDevices, Loops, Result, SilentLoop};

impl Model {
    /// Of the devices that are bound.
    pub(crate) fn bound_numbers(&self) -> Vec<u32> {
        self.loops.keys().copied().collect()
    }

    /// Gives an image that is bound another path.
    pub(crate) fn move_image(&mut self, from: &Path, to: &Path) {
        for bound in self.loops.values_mut().filter(|bound| bound.image == from) {
            to.clone_into(&mut bound.image);
        }
        if let Some(image) = self.images.remove(from) {
            self.images.insert(to.to_owned(), image);
        }
    }
}

impl LoopDevices for Twin {
    fn loops(&self) -> Result<Loops> {
        self.call("listing loop devices", |model| {
            let mut loops = Loops::default();
            for (number, bound) in &model.loops {
                if model.silent.contains(number) {
                    loops.silent.push(SilentLoop {
                        number: *number,
                        device: loop_id(*number),
                        file: bound.image.clone(),
                        sequence: Some(bound.description),
                    });
                } else {
                    loops.answering.extend(model.device(*number));
                }
            }
            Ok(loops)
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
            unbind(model, device.number)
        })
    }

    fn unbind_silent_loop(&self, device: &SilentLoop) -> Result<()> {
        self.call("unbinding a loop device", |model| {
            let bound = model.loops.get(&device.number);
            if bound.is_none_or(|now| Some(now.description) != device.sequence) {
                return Ok(());
            }
            unbind(model, device.number)
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

fn unbind(model: &mut Model, number: u32) -> Result<()> {
    let device = loop_id(number);
    let mounted = model.mounts.iter().any(|entry| entry.block == Some(device));
    // A frozen file system stays, unmounted or not.
    if mounted || model.frozen.contains(&device) {
        return fail(Kind::Busy, "unbinding", Path::new("a loop device"));
    }
    model.loops.remove(&number);
    model.silent.remove(&number);
    model.release();
    Ok(())
}
