//! Capabilities: access types, modes, file systems, mount flags, groups.

use mooring_proto::csi::v1::volume_capability::access_mode::Mode;
use mooring_proto::csi::v1::volume_capability::{AccessMode, AccessType, BlockVolume, MountVolume};
use mooring_proto::csi::v1::*;
use mooring_tests::life::{block, capability, mount, text};
use mooring_tests::{Life, case};
use tonic::Code;

use crate::calls::Call;
use crate::scene::{INVALID, Row, Scene, WRONG_STATE, row};

/// The calls that take a capability.
fn with(scene: &Scene<'_>, one: Option<&VolumeCapability>) -> Vec<Call> {
    let (made, live) = (&scene.made, &scene.live);
    let list: Vec<_> = one.cloned().into_iter().collect();
    let create = CreateVolumeRequest {
        name: "never".into(),
        volume_capabilities: list.clone(),
        ..Default::default()
    };
    let validate = ValidateVolumeCapabilitiesRequest {
        volume_id: made.id(),
        volume_capabilities: list,
        ..Default::default()
    };
    let publish = NodePublishVolumeRequest {
        target_path: scene.target("free/target"),
        volume_capability: one.cloned(),
        ..live.publish_request()
    };
    vec![create.into(), validate.into(), stage(made, one).into(), publish.into()]
}

fn stage(life: &Life, one: Option<&VolumeCapability>) -> NodeStageVolumeRequest {
    NodeStageVolumeRequest { volume_capability: one.cloned(), ..life.stage_request() }
}

fn in_mode(mode: i32) -> VolumeCapability {
    VolumeCapability {
        access_type: Some(AccessType::Block(BlockVolume {})),
        access_mode: Some(AccessMode { mode }),
    }
}

#[test]
fn capabilities_that_are_none_are_refused_by_every_call() {
    case(async |place| {
        let mut scene = Scene::set(place).await;
        let no_access = VolumeCapability { access_type: None, ..block() };
        let no_mode = VolumeCapability { access_mode: None, ..block() };
        let mut rows = Vec::new();
        for (what, one) in [
            ("none", None),
            ("neither block nor mount", Some(&no_access)),
            ("no access mode", Some(&no_mode)),
            ("access mode 0", Some(&in_mode(0))),
            ("access mode 99", Some(&in_mode(99))),
            ("access mode -1", Some(&in_mode(-1))),
        ] {
            let calls = with(&scene, one).into_iter();
            rows.extend(calls.map(|call| row(what, call, INVALID, &["volume_capabilit"])));
        }
        scene.refuses(rows).await;
        scene.strike().await;
    });
}

#[test]
fn file_systems_are_a_closed_set() {
    case(async |place| {
        let mut scene = Scene::set(place).await;
        let long = "x".repeat(64 << 10);
        let mut rows = Vec::new();
        for fs_type in [
            "../x",
            "proc",
            "sysfs",
            "overlay",
            "tmpfs",
            "nfs",
            "fuse.sshfs",
            "EXT4",
            "ext4 ",
            " ext4",
            "ext4,suid",
            "-t",
            "ext4\0",
            "ext4\n",
            "ext2",
            "ntfs",
            "auto",
            "none",
            "btrfs;id",
            &long,
        ] {
            let calls = with(&scene, Some(&mount(fs_type, &[]))).into_iter();
            rows.extend(calls.map(|call| row(short(fs_type), call, INVALID, &["fs_type"])));
        }
        scene.refuses(rows).await;
        scene.strike().await;
    });
}

fn short(text: &str) -> String {
    text.chars().take(40).collect()
}

/// Flags that would change what is mounted, or how: never.
const NEVER: [&str; 29] = [
    "bind",
    "rbind",
    "move",
    "remount",
    "loop",
    "loop=/dev/loop0",
    "offset=4096",
    "sizelimit=1",
    "context=u:r:t",
    "fscontext=u:r:t",
    "defcontext=u:r:t",
    "rootcontext=u:r:t",
    "helper=/bin/sh",
    "uhelper=hal",
    "user",
    "users",
    "owner",
    "x-mount.mkdir",
    "X-mount.subdir=/",
    "journal_path=/etc/x",
    "logdev=/dev/vda",
    "rtdev=/dev/vda",
    "device=/dev/vda",
    "subvol=/",
    "subvolid=5",
    "norecovery",
    "noload",
    "rescue=all",
    "shared",
];

/// Texts that are no single option.
fn no_options() -> Vec<(&'static str, String)> {
    vec![
        ("an empty one", String::new()),
        ("a comma", "noatime,suid".into()),
        ("a NUL", "noatime\0".into()),
        ("a newline", "noatime\nsuid".into()),
        ("a space", "noatime suid".into()),
        ("a quote", "noatime\"".into()),
        ("a dash first", "-o".into()),
        ("5 KiB", "x".repeat(5 << 10)),
    ]
}

#[test]
fn mount_flags_are_an_allow_list() {
    const DENIED: &[Code] = &[Code::PermissionDenied, Code::InvalidArgument];
    const NAMES: &[&str] = &["mount_flags", "mount option"];
    case(async |place| {
        let mut scene = Scene::set(place).await;
        let mut rows = Vec::new();
        for flag in NEVER {
            let call = stage(&scene.made, Some(&mount("ext4", &[flag])));
            rows.push(row(flag, call, INVALID, NAMES));
        }
        for flag in
            ["suid", "dev", "errors=panic", "dax", "no_such_option", "data=writeback", "nobarrier"]
        {
            let call = stage(&scene.made, Some(&mount("ext4", &[flag])));
            rows.push(row(flag, call, DENIED, NAMES));
        }
        for (what, flag) in no_options() {
            let call = stage(&scene.made, Some(&mount("ext4", &["noatime", &flag])));
            rows.push(row(what, call, INVALID, NAMES));
        }
        let many = vec!["noatime"; 1000];
        rows.push(row("1000", stage(&scene.made, Some(&mount("ext4", &many))), INVALID, NAMES));
        scene.refuses(rows).await;
        scene.strike().await;
    });
}

#[test]
fn groups_are_numbers() {
    case(async |place| {
        let mut scene = Scene::set(place).await;
        let mut rows = Vec::new();
        for group in
            ["root", "-1", "0x0", " 0", "4294967295", "4294967296", "99999999999999999999", "1\0"]
        {
            let volume = MountVolume { volume_mount_group: group.into(), ..Default::default() };
            let one = capability(AccessType::Mount(volume), Mode::SingleNodeWriter);
            let names = &["volume_mount_group"];
            rows.push(row(group, stage(&scene.made, Some(&one)), INVALID, names));
        }
        scene.refuses(rows).await;
        scene.strike().await;
    });
}

#[test]
fn a_capability_that_changed_between_calls_is_refused() {
    case(async |place| {
        let mut scene = Scene::set(place).await;
        let (live, device) = (&scene.live, &scene.device);
        let (ext4, xfs) = (mount("ext4", &[]), mount("xfs", &[]));
        let free = scene.target("free/target");
        let publish =
            |life: &Life, target: &str, one: &VolumeCapability| NodePublishVolumeRequest {
                target_path: target.to_owned(),
                volume_capability: Some(one.clone()),
                ..life.publish_request()
            };
        let read_only = NodePublishVolumeRequest { readonly: true, ..live.publish_request() };
        let rows: Vec<Row> = vec![
            row("staged as ext4, now xfs", stage(live, Some(&xfs)), WRONG_STATE, &[]),
            row("staged as ext4, now a device", stage(live, Some(&block())), WRONG_STATE, &[]),
            row("staged as a device, now ext4", stage(device, Some(&ext4)), WRONG_STATE, &[]),
            row(
                "staged without, now with a flag",
                stage(live, Some(&mount("ext4", &["discard"]))),
                WRONG_STATE,
                &[],
            ),
            row("published as a device", publish(live, &free, &block()), WRONG_STATE, &[]),
            row("published as a directory", publish(device, &free, &ext4), WRONG_STATE, &[]),
            row("published read-write, now read-only", read_only, &[Code::AlreadyExists], &[]),
            row(
                "a device's target as a directory",
                publish(device, &text(&device.target), &ext4),
                WRONG_STATE,
                &[],
            ),
        ];
        scene.refuses(rows).await;
        scene.strike().await;
    });
}

#[test]
fn an_image_is_on_one_node() {
    case(async |place| {
        let mut scene = Scene::set(place).await;
        let mut rows = Vec::new();
        for mode in
            [Mode::MultiNodeMultiWriter, Mode::MultiNodeReaderOnly, Mode::MultiNodeSingleWriter]
        {
            let one = capability(AccessType::Block(BlockVolume {}), mode);
            let request = CreateVolumeRequest {
                name: "never".into(),
                volume_capabilities: vec![one],
                ..Default::default()
            };
            rows.push(row(format!("{mode:?}"), request, INVALID, &["node"]));
        }
        scene.refuses(rows).await;
        scene.strike().await;
    });
}
