//! ControllerModifyVolume: parameters that change, and those that must not.

use std::collections::BTreeMap;

use mooring_proto::csi::v1 as csi;
use tonic::Code;

use crate::ability::{Controller, Need};
use crate::behaviour::Behaviour;
use crate::driver::insist;
use crate::finding::{Refusal, Verdict, ensure, refused};
use crate::scene::Scene;
use crate::volume::Volume;

const NEEDS: &[Need] = &[Need::Controller(Controller::ModifyVolume), Need::Mutable];

/// All of this file.
pub(super) const ALL: &[Behaviour] = &[
    Behaviour {
        name: "modification_twice",
        does: "a volume in use is modified, told twice, and keeps its data",
        says: "mutable parameters of an existing volume are changed; the call is idempotent",
        section: "ControllerModifyVolume",
        needs: NEEDS,
        run: |scene| Box::pin(twice(scene)),
    },
    Behaviour {
        name: "modification_is_whole_or_not_at_all",
        does: "an unknown parameter among known ones is refused, and the volume is as before",
        says: "parameters not supported: INVALID_ARGUMENT, and nothing of the call is applied",
        section: "ControllerModifyVolume Errors",
        needs: NEEDS,
        run: |scene| Box::pin(whole(scene)),
    },
    Behaviour {
        name: "modification_of_an_unknown_volume",
        does: "a volume that does not exist is NOT_FOUND",
        says: "volume does not exist: NOT_FOUND",
        section: "ControllerModifyVolume Errors",
        needs: NEEDS,
        run: |scene| Box::pin(unknown(scene)),
    },
    Behaviour {
        name: "volume_is_created_with_mutable_parameters",
        does: "a volume made with mutable parameters, told twice, is one volume; an unknown one is \
               refused",
        says: "mutable_parameters are applied when the volume is made",
        section: "CreateVolume",
        needs: NEEDS,
        run: |scene| Box::pin(at_creation(scene)),
    },
];

fn request(scene: &Scene, volume_id: String) -> csi::ControllerModifyVolumeRequest {
    csi::ControllerModifyVolumeRequest {
        volume_id,
        secrets: BTreeMap::new(),
        mutable_parameters: scene.options.mutable(),
    }
}

async fn modify(
    scene: &Scene,
    request: csi::ControllerModifyVolumeRequest,
) -> Result<csi::ControllerModifyVolumeResponse, Refusal> {
    insist(|| scene.driver.controller_modify_volume(request.clone())).await
}

async fn twice(scene: Scene) -> Verdict {
    let mut volume = scene.volume("volume").await?;
    let target = volume.mount().await?;
    let written = volume.write(&target, 1)?;
    for _ in 0..2 {
        modify(&scene, request(&scene, volume.id())).await?;
    }
    volume.holds(&target, written)?;
    volume.put_away(&target).await?;
    let target = volume.mount().await?;
    volume.holds(&target, written)
}

async fn view(scene: &Scene, volume: &Volume) -> Verdict<Option<csi::Volume>> {
    if !scene.driver.abilities.controller(Controller::GetVolume) {
        return Ok(None);
    }
    let request = csi::ControllerGetVolumeRequest { volume_id: volume.id() };
    Ok(insist(|| scene.driver.controller_get_volume(request.clone())).await?.volume)
}

async fn whole(scene: Scene) -> Verdict {
    let volume = scene.volume("volume").await?;
    let before = view(&scene, &volume).await?;
    let mut wrong = request(&scene, volume.id());
    wrong.mutable_parameters.insert("csi-behaviours/unknown".into(), "1".into());
    let answer = modify(&scene, wrong).await;
    refused(answer, &[Code::InvalidArgument], "an unknown mutable parameter")?;
    let after = view(&scene, &volume).await?;
    ensure!(before == after, "changed by a refused call: {before:?}, then {after:?}");
    modify(&scene, request(&scene, volume.id())).await?;
    Ok(())
}

async fn unknown(scene: Scene) -> Verdict {
    let answer = modify(&scene, request(&scene, scene.unknown())).await;
    refused(answer, &[Code::NotFound], "an unknown volume")
}

async fn at_creation(scene: Scene) -> Verdict {
    let mut request = scene.request("volume");
    request.mutable_parameters = scene.options.mutable();
    let one = scene.create(request.clone()).await?.id();
    let other = scene.create(request.clone()).await?.id();
    ensure!(one == other, "one name gave {one} and {other}");
    request.name = scene.name("other");
    request.mutable_parameters.insert("csi-behaviours/unknown".into(), "1".into());
    let answer = scene.try_create(request).await?;
    refused(answer, &[Code::InvalidArgument], "an unknown mutable parameter at creation")
}
