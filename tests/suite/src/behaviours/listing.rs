//! Lists of volumes: complete, in pages, resumable.

use std::collections::BTreeMap;

use mooring_proto::csi::v1 as csi;
use tonic::Code;

use crate::ability::{Controller, Need};
use crate::behaviour::Behaviour;
use crate::driver::insist;
use crate::finding::{Verdict, ensure, finding, refused};
use crate::scene::Scene;

/// Volumes that are made to be listed.
const VOLUMES: usize = 7;

/// Entries of a page.
const PAGE: i32 = 2;

/// Pages after which a list is taken for endless.
const ENDLESS: usize = 10_000;

const LIST: &[Need] = &[Need::Controller(Controller::ListVolumes)];

/// All of this file.
pub(super) const ALL: &[Behaviour] = &[
    Behaviour {
        name: "volumes_in_pages_each_once",
        does: "7 volumes in pages of at most 2: each exactly once",
        says: "max_entries limits a page; next_token leads to the rest",
        section: "ListVolumes",
        needs: LIST,
        run: |scene| Box::pin(each_once(scene)),
    },
    Behaviour {
        name: "a_list_is_resumed_by_its_token",
        does: "a next_token used twice gives the same page; one of a page of 3 goes on after it",
        says: "starting_token is a next_token of before, and the list goes on there",
        section: "ListVolumes",
        needs: LIST,
        run: |scene| Box::pin(resumed(scene)),
    },
    Behaviour {
        name: "a_token_that_is_none_is_aborted",
        does: "tokens that the driver never gave are answered ABORTED",
        says: "invalid starting_token: ABORTED",
        section: "ListVolumes Errors",
        needs: LIST,
        run: |scene| Box::pin(garbage(scene)),
    },
];

async fn page(scene: &Scene, size: i32, token: &str) -> Verdict<csi::ListVolumesResponse> {
    let request = csi::ListVolumesRequest { max_entries: size, starting_token: token.to_owned() };
    Ok(insist(|| scene.driver.list_volumes(request.clone())).await?)
}

/// All entries, in pages of a size; 0: as the driver likes.
pub(super) async fn entries(
    scene: &Scene,
    size: i32,
) -> Verdict<Vec<csi::list_volumes_response::Entry>> {
    let mut all = Vec::new();
    let mut token = String::new();
    for _ in 0..ENDLESS {
        let answer = page(scene, size, &token).await?;
        let count = answer.entries.len();
        let most = usize::try_from(size).unwrap_or_default();
        ensure!(size == 0 || count <= most, "a page of {count} where {size} are the most");
        all.extend(answer.entries);
        if answer.next_token.is_empty() {
            return Ok(all);
        }
        token = answer.next_token;
    }
    finding(format!("ListVolumes does not end within {ENDLESS} pages"))
}

/// The ids of all volumes.
pub(super) async fn volume_ids(scene: &Scene) -> Verdict<Vec<String>> {
    Ok(entries(scene, 0).await?.iter().map(id).collect())
}

fn id(entry: &csi::list_volumes_response::Entry) -> String {
    entry.volume.as_ref().map(|it| it.volume_id.clone()).unwrap_or_default()
}

async fn each_once(scene: Scene) -> Verdict {
    let mut counts = BTreeMap::new();
    for number in 0..VOLUMES {
        counts.insert(scene.volume(&format!("volume-{number}")).await?.id(), 0);
    }
    for entry in entries(&scene, PAGE).await? {
        if let Some(count) = counts.get_mut(&id(&entry)) {
            *count += 1;
        }
    }
    let wrong: Vec<_> = counts.iter().filter(|(_, count)| **count != 1).collect();
    ensure!(wrong.is_empty(), "listed another number of times than once: {wrong:?}");
    Ok(())
}

async fn resumed(scene: Scene) -> Verdict {
    for number in 0..5 {
        scene.volume(&format!("volume-{number}")).await?;
    }
    let first = page(&scene, 3, "").await?;
    let token = first.next_token;
    ensure!(!token.is_empty(), "no next_token after a page of 3 of at least 5 volumes");
    let (one, other) = (page(&scene, PAGE, &token).await?, page(&scene, PAGE, &token).await?);
    ensure!(one == other, "one token gave two pages: {one:?} and {other:?}");
    let known: Vec<_> = first.entries.iter().map(id).collect();
    let again: Vec<_> = one.entries.iter().map(id).filter(|it| known.contains(it)).collect();
    ensure!(again.is_empty(), "listed on two pages: {again:?}");
    ensure!(!one.entries.is_empty(), "an empty page where 2 more volumes are");
    Ok(())
}

async fn garbage(scene: Scene) -> Verdict {
    scene.volume("volume").await?;
    for token in ["not-a-token", "-1", "18446744073709551616", "\u{1f4a5}"] {
        let request = csi::ListVolumesRequest { max_entries: 1, starting_token: token.to_owned() };
        let answer = scene.driver.list_volumes(request).await;
        refused(answer, &[Code::Aborted], &format!("ListVolumes from {token:?}"))?;
    }
    Ok(())
}
