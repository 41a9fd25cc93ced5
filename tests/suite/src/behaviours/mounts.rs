//! What a workload finds at its target: the file system, flags, rights and size asked for.

use std::fs::File;
use std::os::unix::fs::FileTypeExt;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};

use mooring_proto::csi::v1::volume_capability::access_mode::Mode;
use tonic::Code;

use crate::ability::{Controller, Need, Node};
use crate::behaviour::Behaviour;
use crate::finding::{At, Verdict, ensure, finding, skipped};
use crate::options::{block, in_mode};
use crate::scene::Scene;
use crate::{kernel, payload};

/// All of this file.
pub(super) const ALL: &[Behaviour] = &[
    Behaviour {
        name: "filesystem_is_the_one_asked_for",
        does: "the target's file system is of the type asked for, by the kernel's word",
        says: "fs_type is the file system type of the volume",
        section: "CreateVolume (VolumeCapability)",
        needs: &[Need::Mount, Need::FsType],
        run: |scene| Box::pin(filesystem(scene)),
    },
    Behaviour {
        name: "mount_flag_is_in_effect",
        does: "the flag noatime is in the kernel's list of mounts, and data are read there",
        says: "mount_flags are the mount options of the volume; a plugin may not support some",
        section: "CreateVolume (VolumeCapability)",
        needs: &[Need::Mount],
        run: |scene| Box::pin(flag(scene)),
    },
    Behaviour {
        name: "readonly_publish_refuses_writes",
        does: "a volume published read-only is read, and refuses to be written, also by root",
        says: "with readonly, the volume is published in read-only mode",
        section: "NodePublishVolume",
        needs: &[],
        run: |scene| Box::pin(readonly(scene)),
    },
    Behaviour {
        name: "mount_group_can_write",
        does: "a process of the group asked for, and of no other, writes to the volume",
        says: "with VOLUME_MOUNT_GROUP, the volume is mounted so that the group can read and write",
        section: "CreateVolume (VolumeCapability)",
        needs: &[Need::Mount, Need::Node(Node::VolumeMountGroup)],
        run: |scene| Box::pin(group(scene)),
    },
    Behaviour {
        name: "two_targets_show_one_volume",
        does: "what is written at one target is read at the other, which stays when the first goes",
        says: "SINGLE_NODE_MULTI_WRITER: the volume can be published at several targets of a node",
        section: "CreateVolume (AccessMode), NodePublishVolume",
        needs: &[
            Need::Controller(Controller::SingleNodeMultiWriter),
            Need::Node(Node::SingleNodeMultiWriter),
        ],
        run: |scene| Box::pin(two_targets(scene)),
    },
    Behaviour {
        name: "block_device_has_the_size",
        does: "a block volume is a block device at the target, at least as large as asked for",
        says: "the target of a block volume is a device; the volume has the required capacity",
        section: "NodePublishVolume, CreateVolume (CapacityRange)",
        needs: &[],
        run: |scene| Box::pin(device(scene)),
    },
];

async fn filesystem(scene: Scene) -> Verdict {
    let mut volume = scene.volume("volume").await?;
    let target = volume.mount().await?;
    let (found, wanted) = (kernel::mount_at(&target)?.fs_type, &scene.options.fs_type);
    ensure!(found == *wanted, "{found} is mounted, where {wanted} was asked for");
    Ok(())
}

async fn flag(scene: Scene) -> Verdict {
    let capability = scene.options.mount(&["noatime"], "");
    let request = scene.request_as("volume", capability);
    let mut volume = match scene.try_create(request).await? {
        Err(refusal) if refusal.code() == Code::InvalidArgument => {
            return skipped(format!("the driver does not take noatime: {refusal}"));
        }
        answer => answer?,
    };
    let target = volume.mount().await?;
    let mount = kernel::mount_at(&target)?;
    ensure!(mount.has("noatime"), "mounted with {}, without noatime", mount.options.join(","));
    let written = volume.write(&target, 1)?;
    volume.holds(&target, written)
}

async fn readonly(scene: Scene) -> Verdict {
    let mut volume = scene.volume("volume").await?;
    let target = volume.mount().await?;
    let written = volume.write(&target, 1)?;
    volume.unpublish(&target).await?;
    let mut request = volume.publish_request(&target);
    request.readonly = true;
    volume.publish(request).await?;
    volume.holds(&target, written)?;
    // The refusal may come when it is opened or when it is written.
    let attempt = payload::write(&volume.data(&target), 2, volume.is_block());
    ensure!(attempt.is_err(), "published read-only, and written all the same");
    volume.holds(&target, written)
}

/// A group that no system process has.
const GROUP: u32 = 47_011;

/// A user that owns nothing.
const NOBODY: u32 = 65_534;

async fn group(scene: Scene) -> Verdict {
    let capability = scene.options.mount(&[], &GROUP.to_string());
    let mut volume = scene.create(scene.request_as("volume", capability)).await?;
    let target = volume.mount().await?;
    // Through an open folder, so that the rights of the folders above it do not matter.
    let folder = File::open(&target).at(&target)?;
    let output = Command::new("touch")
        .arg("/proc/self/fd/0/of-the-group")
        .stdin(Stdio::from(folder))
        .uid(NOBODY)
        .gid(GROUP)
        .output()
        .at(Path::new("touch"))?;
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    ensure!(output.status.success(), "group {GROUP} cannot write: {told}");
    Ok(())
}

async fn two_targets(scene: Scene) -> Verdict {
    let capability = in_mode(scene.options.capability(), Mode::SingleNodeMultiWriter);
    let mut volume = scene.create(scene.request_as("volume", capability)).await?;
    let one = volume.mount().await?;
    let other = volume.publish(volume.publish_request(&volume.target("other-pod")?)).await?;
    let written = volume.write(&one, 1)?;
    volume.holds(&other, written)?;
    volume.unpublish(&one).await?;
    volume.holds(&other, written)?;
    let written = volume.write(&other, 2)?;
    volume.holds(&other, written)
}

async fn device(scene: Scene) -> Verdict {
    let request = scene.request_as("volume", block());
    let mut volume = scene.block_volume(request).await?;
    let target = volume.mount().await?;
    let kind = std::fs::metadata(&target).at(&target)?.file_type();
    ensure!(kind.is_block_device(), "{} is no block device", target.display());
    let (found, wanted) = (volume.size(&target)?, scene.options.bytes());
    if found < u64::try_from(wanted).unwrap_or_default() {
        return finding(format!("the device has {found} bytes, {wanted} were required"));
    }
    let written = volume.write(&target, 1)?;
    volume.holds(&target, written)
}
