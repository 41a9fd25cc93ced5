//! What is left of volumes that are gone: nothing.

use std::path::{Path, PathBuf};

use mooring_proto::csi::v1::ListVolumesRequest;

use crate::life::text;
use crate::{Host, eventually, kernel, pool};

/// Waits until nothing of any volume is left: no mount, loop device, image, directory, record,
/// open file; the driver lists none. What is deleted in the background is waited for.
pub async fn nothing_left(host: &Host) {
    for driver in host.drivers() {
        let mut clients = host.connect(driver).await;
        match clients.controller.list_volumes(ListVolumesRequest::default()).await {
            Ok(answer) => assert_eq!(answer.into_inner().entries, vec![], "{driver} lists"),
            Err(status) => assert_eq!(status.code(), tonic::Code::Unimplemented, "{status}"),
        }
    }
    let mut left = Vec::new();
    let what = "nothing is left";
    let until = tokio::time::Instant::now() + crate::PATIENCE;
    eventually(what, async || {
        left = everything_left(host).await;
        let over = tokio::time::Instant::now() + std::time::Duration::from_secs(1) > until;
        assert!(left.is_empty() || !over, "left: {left:#?}");
        left.is_empty().then_some(())
    })
    .await;
}

async fn everything_left(host: &Host) -> Vec<String> {
    let mut left = Vec::new();
    let place = host.paths.targets.parent().expect("below the place");
    // A pool on a file system of its own is the test's.
    let mounts = kernel::mounts_below(place);
    left.extend(mounts.iter().filter(|it| !pool::is_of(&it.point)).map(|it| format!("{it:?}")));
    let loops = kernel::loops_below(place);
    left.extend(loops.iter().filter(|it| !pool::is_on(&it.backing)).map(|it| format!("{it:?}")));
    left.extend(host.paths.images().iter().map(|it| text(it)));
    left.extend(host.paths.directories().iter().map(|it| text(it)));
    left.extend(records(&host.paths.node_state()).iter().map(|it| text(it)));
    left.extend(host.volumes_held_open().await.iter().map(|it| format!("open: {}", text(it))));
    left
}

/// The files below the node's state directory that tell of a volume: all of its JSON.
#[must_use]
pub fn records(directory: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(directory).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            found.extend(records(&path));
        } else if path.extension().is_some_and(|it| it == "json" || it == "tmp") {
            found.push(path);
        }
    }
    found
}
