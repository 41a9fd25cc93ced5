//! The store's file, damaged while nobody has it: a controller then serves all that it acknowledged, or
//! refuses to start and says why. It never serves less.

use std::collections::BTreeMap;
use std::io::{Read as _, Seek as _, SeekFrom, Write as _};
use std::path::Path;

use anyhow::{Context as _, ensure};
use mooring_proto::csi::v1::ListVolumesRequest;
use mooring_tests::config::IMAGE;
use mooring_tests::{Clients, Kind, Life};
use nix::sys::signal::Signal;

use crate::bench::Bench;
use crate::points::{Fault, Rpc, What};
use crate::volume::Lived;

/// Volumes that are acknowledged before.
const VOLUMES: usize = 5;

/// What is done to the file, as points name it.
pub(crate) const DAMAGES: [&str; 3] = ["flip", "cut", "zero"];

/// Lives a store, damages it as each fault says, and looks what the next controller makes of it.
///
/// # Errors
/// A finding: something was lost in silence, or refused without a word.
pub(crate) async fn live(bench: &mut Bench, name: &str, faults: &[Fault]) -> anyhow::Result<Lived> {
    bench.clear();
    bench.start_controller().await?;
    let socket = bench.paths.controller_socket(IMAGE);
    let clients = Clients::connect(&socket).await?;
    let mut acknowledged = BTreeMap::new();
    for number in 0..VOLUMES {
        let name = format!("{name}-{number}");
        let mut life = Life::at(&bench.paths, clients.clone(), Kind::Block, &name);
        life.create().await?;
        acknowledged.insert(life.id(), name);
    }
    let killed = faults.iter().any(|fault| fault.what == What::DamageKilled);
    let controller = bench.controller.take().context("no controller runs")?;
    controller.signal(if killed { Signal::SIGKILL } else { Signal::SIGTERM });
    ensure!(controller.wait().is_some(), "the controller does not end");
    let mut lived = Lived::default();
    let file = bench.paths.controller_state().join("state.redb");
    for (number, fault) in faults.iter().enumerate().filter(|(_, it)| it.rpc == Rpc::Damage) {
        damage(&file, &fault.point.call, fault.point.nth)?;
        lived.hit.push(number);
    }
    bench.forget_log();
    match bench.start_controller().await {
        // The database's own panic about such a file is caught, and is the refusal.
        Err(error) => refused(bench, &error)?,
        Ok(()) => {
            let mut clients = Clients::connect(&socket).await?;
            let answer = clients.controller.list_volumes(ListVolumesRequest::default()).await;
            // An error answer loses nothing, and says so.
            if let Ok(answer) = answer {
                let volumes = answer.into_inner().entries.into_iter().filter_map(|it| it.volume);
                let listed: BTreeMap<_, _> = volumes.map(|it| (it.volume_id.clone(), it)).collect();
                for (id, name) in &acknowledged {
                    let volume = listed.get(id).with_context(|| {
                        format!("{name}, which was acknowledged, is lost in silence")
                    })?;
                    ensure!(volume.capacity_bytes == Kind::Block.sizes().0, "{volume:?}");
                }
                ensure!(listed.len() == acknowledged.len(), "more is listed: {listed:?}");
            }
            crate::checks::no_panic(bench)?;
        }
    }
    bench.clear();
    Ok(lived)
}

/// A refusal names the file, so that an operator knows what to restore.
fn refused(bench: &Bench, error: &anyhow::Error) -> anyhow::Result<()> {
    let log = bench.log();
    ensure!(
        log.contains("state.redb") || log.contains("state database"),
        "refused without naming the file: {error:#}"
    );
    Ok(())
}

/// Damages the file at a place that `nth` chooses.
fn damage(file: &Path, how: &str, nth: u32) -> anyhow::Result<()> {
    let mut random = fastrand::Rng::with_seed(u64::from(nth));
    let mut open = std::fs::OpenOptions::new().read(true).write(true).open(file)?;
    let length = open.metadata()?.len();
    let at = random.u64(0..length.max(1));
    match how {
        "cut" => open.set_len(at)?,
        "zero" => {
            let sector = at / 512 * 512;
            open.seek(SeekFrom::Start(sector))?;
            open.write_all(&[0; 512])?;
        }
        _ => {
            let mut byte = [0];
            open.seek(SeekFrom::Start(at))?;
            open.read_exact(&mut byte)?;
            open.seek(SeekFrom::Start(at))?;
            open.write_all(&byte.map(|it| it ^ (1 << random.u8(0..8))))?;
        }
    }
    Ok(())
}
