//! A host whose pool lies on storage that does as it is told.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use mooring_bad_storage::{Effect, Fault, Operation, Storage};
use mooring_tests::config::Paths;
use mooring_tests::{Host, Kind, Life, Place, Settings, kernel};

use crate::report;

/// The storage and what stands on it. In this order, so that the storage is there longest.
pub(crate) struct Scene {
    pub(crate) host: Host,
    pub(crate) storage: Storage,
}

impl Scene {
    pub(crate) async fn new(place: &Place, settings: Settings) -> Self {
        let storage = storage(place, &Paths::of(place).pool()).await;
        let host = Host::serve(place, settings).await;
        Self { host, storage }
    }

    /// A volume that is staged and published, and its image.
    pub(crate) async fn published(&self, kind: Kind, name: &str) -> (Life, String) {
        let (mut life, image) = self.staged(kind, name).await;
        life.publish().await.unwrap();
        (life, image)
    }

    /// A volume that is staged, and its image.
    pub(crate) async fn staged(&self, kind: Kind, name: &str) -> (Life, String) {
        let before: BTreeSet<PathBuf> = self.host.paths.images().into_iter().collect();
        let mut life = Life::new(&self.host, kind, name).await;
        life.create().await.unwrap();
        life.stage().await.unwrap();
        kernel::loops_below(&self.host.paths.pool()).iter().for_each(report::device);
        let mut new = self.host.paths.images().into_iter().filter(|path| !before.contains(path));
        let (image, None) = (new.next().unwrap(), new.next()) else { panic!("several images") };
        (life, image.file_name().unwrap().to_str().unwrap().to_owned())
    }

    /// From now on all that touches this image hangs.
    pub(crate) fn hang(&mut self, image: &str) {
        self.storage.add(Fault::of(image, &Operation::ALL, Effect::Hang));
    }
}

/// Storage at a point of the place.
pub(crate) async fn storage(place: &Place, point: &Path) -> Storage {
    let program = Path::new(env!("CARGO_BIN_EXE_bad-storage"));
    Storage::serve(program, &place.path("storage"), point).await
}
