//! The model's files: pools, the node's own disk, records, and the machine's facts.

use std::path::{Path, PathBuf};

use mooring_volume::backend::NodeFacts;

use super::{Content, Handle, Image, Twin, What, fail, found};
use crate::os::{
    BackingFile, Error, Found, Host, Kind, Opened, PathKind, Places, PoolFiles, RecordFiles, Result,
};

impl PoolFiles for Twin {
    fn open_image(&self, root: &Path, below: &Path, _readonly: bool) -> Result<Handle> {
        let path = root.join(below);
        self.call("opening image", |model| {
            if !model.images.contains_key(&path) {
                return fail(Kind::NotFound, "opening image", &path);
            }
            Ok(self.handle(model, What::Image(path.clone())))
        })
    }

    fn open_directory(&self, root: &Path, below: &Path) -> Result<Handle> {
        let path = root.join(below);
        self.call("opening directory", |model| {
            if !model.directories.contains_key(&path) {
                return fail(Kind::NotFound, "opening directory", &path);
            }
            Ok(self.handle(model, What::Directory(path.clone())))
        })
    }

    fn describe(&self, file: &Handle) -> Result<Opened> {
        self.call("describing", |model| match &file.what {
            What::Image(path) => match (model.images.get(path), model.backing(path)) {
                (Some(image), Some(identity)) => {
                    Ok(Opened { identity, size: image.size, path: path.clone() })
                }
                _ => fail(Kind::NotFound, "describing", path),
            },
            What::Directory(path) => Ok(Opened {
                identity: BackingFile { device: 8, inode: 1 },
                size: 0,
                path: path.clone(),
            }),
            What::Device(_) | What::Root(_) => {
                fail(Kind::WrongType, "describing", Path::new("a device"))
            }
        })
    }

    fn lock(&self, file: &Handle) -> Result<()> {
        self.call("locking", |model| {
            let What::Image(path) = &file.what else {
                return fail(Kind::WrongType, "locking", Path::new("no image"));
            };
            let taken = |(id, (other, locked)): (&u64, &(PathBuf, bool))| {
                *id != file.description && other == path && *locked
            };
            if model.open.iter().any(taken) {
                return fail(Kind::Busy, "locking", path);
            }
            model.open.insert(file.description, (path.clone(), true));
            match model.fleeting.remove(path) {
                Some(None) => model.delete_image(path),
                Some(Some(inode)) => {
                    model.images.entry(path.clone()).and_modify(|image| image.inode = inode);
                }
                None => {}
            }
            Ok(())
        })
    }

    fn probe_image(&self, file: &Handle) -> Result<Found> {
        self.call("reading image", |model| match &file.what {
            What::Image(path) => match model.images.get(path) {
                Some(image) => found(image.content),
                None => fail(Kind::NotFound, "reading image", path),
            },
            What::Directory(path) => fail(Kind::WrongType, "reading image", path),
            What::Device(_) | What::Root(_) => {
                fail(Kind::WrongType, "reading image", Path::new("a device"))
            }
        })
    }
}

impl Places for Twin {
    fn real_root(&self, path: &Path) -> Result<PathBuf> {
        self.call("resolving", |_| Ok(path.to_owned()))
    }

    fn path_kind(&self, path: &Path) -> Result<PathKind> {
        self.call("looking at", |model| {
            Ok(model.places.get(path).copied().unwrap_or(PathKind::Absent))
        })
    }

    fn create_directory(&self, path: &Path) -> Result<()> {
        self.create("creating directory", path, PathKind::Directory)
    }

    fn create_file(&self, path: &Path) -> Result<()> {
        self.create("creating file", path, PathKind::File)
    }

    fn remove_empty(&self, path: &Path) -> Result<()> {
        self.call("removing", |model| {
            if model.mounts.iter().any(|entry| entry.point == path) {
                return fail(Kind::Busy, "removing", path);
            }
            if model.places.keys().any(|other| other != path && other.starts_with(path)) {
                return fail(Kind::NotEmpty, "removing", path);
            }
            match model.places.get(path) {
                None => Ok(()),
                Some(PathKind::Directory | PathKind::File) => {
                    model.places.remove(path);
                    Ok(())
                }
                Some(PathKind::Absent | PathKind::Other) => fail(Kind::WrongType, "removing", path),
            }
        })
    }
}

impl Twin {
    fn create(&self, doing: &'static str, path: &Path, kind: PathKind) -> Result<()> {
        self.call(doing, |model| {
            let parent = path.parent();
            let place = parent.and_then(|parent| model.places.get(parent));
            // Directories of records are made with them.
            let own = model.records.keys().any(|record| record.parent() == parent);
            if place != Some(&PathKind::Directory) && !own {
                return fail(Kind::NotFound, doing, path);
            }
            match model.places.get(path) {
                None => {
                    model.places.insert(path.to_owned(), kind);
                    Ok(())
                }
                Some(there) if *there == kind => Ok(()),
                Some(_) => fail(Kind::WrongType, doing, path),
            }
        })
    }
}

impl Twin {
    /// A backend makes an image; one that is there stays.
    pub(crate) fn make(&self, path: &Path, size: u64) -> Result<()> {
        self.call("creating a volume", |model| {
            let (content, inode) = (Content::Blank, 1000 + path.as_os_str().len() as u64);
            let image = Image { inode, size, content, formatted: 0, group: None, data: None };
            model.images.entry(path.to_owned()).or_insert(image);
            Ok(())
        })
    }

    /// A backend deletes an image, unless it is in use.
    pub(crate) fn unmake(&self, path: &Path) -> Result<()> {
        self.call("deleting a volume", |model| {
            let used = model.open.values().any(|(open, locked)| open == path && *locked);
            if used || model.undeletable {
                return fail(Kind::Busy, "deleting", path);
            }
            model.images.remove(path);
            Ok(())
        })
    }
}

impl RecordFiles for Twin {
    fn read_record(&self, path: &Path) -> Result<Option<Vec<u8>>> {
        self.call("reading record", |model| Ok(model.records.get(path).cloned()))
    }

    fn write_record(&self, path: &Path, bytes: &[u8]) -> Result<()> {
        self.call("writing record", |model| {
            model.records.insert(path.to_owned(), bytes.to_vec());
            Ok(())
        })
    }

    fn remove_record(&self, path: &Path) -> Result<()> {
        self.call("removing record", |model| {
            model.records.remove(path);
            Ok(())
        })
    }

    fn list_records(&self, directory: &Path) -> Result<Vec<PathBuf>> {
        self.call("listing records", |model| {
            Ok(model.records.keys().filter(|p| p.parent() == Some(directory)).cloned().collect())
        })
    }
}

impl Host for Twin {
    fn boot_id(&self) -> Result<String, Error> {
        self.call("reading the boot's id", |model| Ok(format!("boot-{}", model.boot)))
    }

    fn facts(&self) -> NodeFacts {
        NodeFacts { hostname: "twin".into(), ..NodeFacts::default() }
    }
}
