//! What must be true of the machine: after an answer, and when a volume is gone.

use anyhow::{bail, ensure};
use mooring_proto::csi::v1::ListVolumesRequest;
use mooring_tests::life::records;
use mooring_tests::{Kind, Life, kernel};

use crate::bench::Bench;
use crate::patience::settled;
use crate::points::Rpc;

/// Files that a node may hold open beyond those of its start: what its runtime opens once.
const DESCRIPTORS: usize = 2;

/// After a final answer, the node has nothing of the volume (stage) or of the target (publish). Other
/// calls promise nothing of it.
///
/// # Errors
/// With what is there.
pub(crate) fn clean(bench: &Bench, life: &Life, rpc: Rpc) -> anyhow::Result<()> {
    match rpc {
        Rpc::Stage | Rpc::Restage => {
            let mounts = bench.mounts();
            ensure!(mounts.is_empty(), "mounts are left: {mounts:?}");
            let loops = bench.loops();
            ensure!(loops.is_empty(), "loop devices are left: {loops:?}");
        }
        Rpc::Publish => {
            let mounts = bench.mounts();
            let here: Vec<_> = mounts.iter().filter(|it| it.point == life.target).collect();
            ensure!(here.is_empty(), "mounts are left on the target: {here:?}");
        }
        Rpc::Expand
        | Rpc::Unpublish
        | Rpc::Unstage
        | Rpc::Create
        | Rpc::Grow
        | Rpc::Snapshot
        | Rpc::Restore
        | Rpc::Clone
        | Rpc::Forget
        | Rpc::Delete
        | Rpc::Damage => {}
    }
    Ok(())
}

/// After a stage succeeded: one loop device, and its file system mounted once.
///
/// # Errors
/// With what is there.
pub(crate) fn staged(bench: &Bench, life: &Life) -> anyhow::Result<()> {
    let loops = bench.loops();
    ensure!(loops.len() == 1, "loop devices: {loops:?}");
    let mounts = bench.mounts();
    let here: Vec<_> = mounts.iter().filter(|it| it.point == life.staging).collect();
    if life.kind != Kind::Block {
        ensure!(here.len() == 1, "mounts on the staging path: {mounts:?}");
        ensure!(here.iter().all(|it| it.fs_type == life.kind.fs_type()), "staged: {here:?}");
    }
    Ok(())
}

/// Waits until nothing of any volume is left: what is deleted in the background is waited for.
///
/// # Errors
/// With what is left, and what the log tells of panics.
pub(crate) async fn nothing_left(bench: &mut Bench, life: &mut Life) -> anyhow::Result<()> {
    let mut clients = bench.connect().await?;
    let listed = clients.controller.list_volumes(ListVolumesRequest::default()).await?;
    let listed = listed.into_inner().entries;
    ensure!(listed.is_empty(), "listed: {listed:?}");
    settled(|| left(bench)).await?;
    for made in [life.target.parent(), life.staging.parent()].into_iter().flatten() {
        let _ = std::fs::remove_dir_all(made);
    }
    no_panic(bench)
}

/// The log tells of no panic.
///
/// # Errors
/// With the line.
pub(crate) fn no_panic(bench: &Bench) -> anyhow::Result<()> {
    match bench.log().lines().find(|line| line.contains("panicked at")) {
        Some(line) => bail!("a panic: {line}"),
        None => Ok(()),
    }
}

fn left(bench: &Bench) -> Vec<String> {
    let mut left: Vec<_> = bench.mounts().iter().map(|it| format!("{it:?}")).collect();
    left.extend(bench.loops().iter().map(|it| format!("{it:?}")));
    let paths = &bench.paths;
    let files = [paths.images(), records(&paths.node_state())];
    left.extend(files.into_iter().flatten().map(|it| it.display().to_string()));
    let Some(node) = bench.node_pid() else { return left };
    let children = kernel::processes().into_iter().filter(|it| it.parent == node);
    left.extend(children.map(|it| format!("child {it:?}")));
    let held = kernel::open_files(node).into_iter().filter(|path| {
        let text = path.to_string_lossy();
        (text.starts_with("/dev/loop") && text != "/dev/loop-control")
            || path.starts_with(&paths.targets)
            || path.starts_with(paths.pool())
    });
    left.extend(held.map(|it| format!("open {}", it.display())));
    let gained = bench.descriptors_gained();
    if gained > DESCRIPTORS {
        left.push(format!("{gained} file descriptors more: {:?}", kernel::open_files(node)));
    }
    left
}
