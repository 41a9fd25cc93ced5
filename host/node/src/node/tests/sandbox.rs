//! Volumes that a sandbox mounts: what its runtime is told and asked, on the model and for real.

use std::convert::Infallible;
use std::os::unix::fs::{FileTypeExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use base64::Engine as _;
use http_body_util::{BodyExt as _, Full};
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use mooring_volume::attachment::{
    Attached, Attachment, BlockDevice, Content as Origin, DirectDevice, KataDirect,
};
use mooring_volume::capability::{AccessMode, FsType};
use mooring_volume::{Code, StringMap};

use super::machine::{Bench, SIZE, bench};
use super::world::{DISK, LINK, MIB, SECOND, STAGING, TARGET, Way, World, id, image_path};
use crate::os::twin::{Content, Told};
use crate::os::{BlockDevices as _, LoopDevices as _, Programs as _};

const DIRECT: Way = Way::Direct;

fn told(world: &World, target: &str) -> serde_json::Value {
    let model = world.twin.model();
    serde_json::from_slice(&model.told[Path::new(target)].info).unwrap()
}

fn staged() -> World {
    let world = World::new(DIRECT);
    world.stage(World::stage_request(DIRECT)).unwrap();
    world
}

fn describe(world: &World, direct: KataDirect, content: Origin) {
    let attachment = Attachment::KataDirect(direct);
    let attached = Attached { attachment, content, minimum_size: None, limits: None };
    world.backend.0.lock().unwrap().insert(id("v1"), Ok(attached));
}

fn linked(serial: Option<&str>) -> KataDirect {
    let device = BlockDevice {
        links: vec![LINK.into()],
        serial: serial.map(str::to_owned),
        wwid: None,
        rescan: true,
    };
    let device = DirectDevice::BlockDevice(device);
    KataDirect { device, fs_type: None, metadata: StringMap::new() }
}

#[test]
fn a_stage_neither_formats_nor_mounts_and_a_guest_formats_only_what_is_proven_blank() {
    let world = staged();
    assert_eq!(world.twin.model().mounts.len(), 2);
    assert_eq!(world.content(), Content::Blank);
    world.publish(World::publish_request(DIRECT, TARGET)).unwrap();
    let info = told(&world, TARGET);
    assert_eq!(info["volume-type"], "directvol");
    assert_eq!(info["device"], "/dev/loop0");
    assert_eq!(info["fstype"], "xfs");
    assert_eq!(info["metadata"]["createFilesystem"], "true");
    assert_eq!(info["metadata"]["fsGroup"], "2000");
    assert_eq!(info["metadata"]["tenant"], "a");
    assert_eq!(info["options"], serde_json::json!(["rw", "nosuid", "nodev", "noatime"]));
    world.unpublish(TARGET).unwrap();

    world.set_content(Content::Finished(FsType::Xfs, 64 * MIB, 1));
    let mut request = World::publish_request(DIRECT, TARGET);
    request.readonly = true;
    world.publish(request).unwrap();
    let info = told(&world, TARGET);
    assert_eq!(info["metadata"].get("createFilesystem"), None);
    assert_eq!(info["options"][0], "ro");
    assert!(crate::os::BlockDevices::is_device_readonly(&world.twin, loop0()).unwrap());
}

fn loop0() -> crate::os::DeviceId {
    crate::os::DeviceId { major: 7, minor: 0 }
}

#[test]
fn what_holds_something_else_is_not_handed_over() {
    for (content, origin) in [
        (Content::Blank, Origin::Copied),
        (Content::Blank, Origin::Unknown),
        (Content::Data, Origin::Blank),
        (Content::Foreign, Origin::Blank),
        (Content::Partial(FsType::Xfs), Origin::Blank),
        (Content::Finished(FsType::Ext4, 64 * MIB, 1), Origin::Blank),
    ] {
        let world = World::new(DIRECT);
        world.describe("v1", DIRECT, origin);
        world.set_content(content);
        world.stage(World::stage_request(DIRECT)).unwrap();
        let before = world.snapshot();
        let refused = world.publish(World::publish_request(DIRECT, TARGET)).unwrap_err();
        assert_eq!(refused.code, Code::FailedPrecondition, "{content:?}: {refused}");
        assert_eq!(world.snapshot(), before, "{content:?}");
    }
}

#[test]
fn one_sandbox_has_it_and_others_volumes_are_left_alone() {
    let world = staged();
    world.publish(World::publish_request(DIRECT, TARGET)).unwrap();
    let second = world.publish(World::publish_request(DIRECT, SECOND)).unwrap_err();
    assert_eq!(second.code, Code::FailedPrecondition, "{second}");
    let mut otherwise = World::publish_request(DIRECT, TARGET);
    otherwise.readonly = true;
    assert_eq!(world.publish(otherwise).unwrap_err().code, Code::AlreadyExists);
    assert_eq!(world.unstage().unwrap_err().code, Code::FailedPrecondition);
    world.unpublish(TARGET).unwrap();

    let foreign = Told { info: br#"{"device":"/dev/sda"}"#.to_vec(), sandboxes: vec![] };
    world.twin.model().told.insert(TARGET.into(), foreign.clone());
    let taken = world.publish(World::publish_request(DIRECT, TARGET)).unwrap_err();
    assert_eq!(taken.code, Code::FailedPrecondition, "{taken}");
    world.unpublish(TARGET).unwrap();
    world.unstage().unwrap();
    assert_eq!(world.twin.model().told.get(Path::new(TARGET)), Some(&foreign));
}

#[test]
fn a_lost_record_hides_no_sandbox() {
    let world = staged();
    world.publish(World::publish_request(DIRECT, TARGET)).unwrap();
    world.twin.model().records.clear();
    assert_eq!(world.unstage().unwrap_err().code, Code::FailedPrecondition);
    world.unpublish(TARGET).unwrap();
    world.unstage().unwrap();
    assert!(world.is_free() && world.snapshot().records.is_empty());
    assert!(!world.snapshot().places.contains_key(Path::new(TARGET)));
}

#[test]
fn a_backend_cannot_have_it_formatted_or_name_another_file_system() {
    let metadata = |key: &str| {
        let mut direct = linked(Some("S1"));
        direct.metadata = [(key.to_owned(), "true".to_owned())].into();
        direct
    };
    let world = World::new(DIRECT);
    world.add_image("disk", 77, Content::Blank);
    world.twin.model().map(DISK, &image_path("disk"), LINK, "S1");
    for (direct, code) in [
        (metadata("createFilesystem"), Code::PermissionDenied),
        (metadata("encryptionKey"), Code::PermissionDenied),
        (KataDirect { fs_type: Some("ntfs".into()), ..linked(Some("S1")) }, Code::PermissionDenied),
        (linked(None), Code::PermissionDenied),
    ] {
        describe(&world, direct, Origin::Unknown);
        let refused = world.stage(World::stage_request(DIRECT)).unwrap_err();
        // Devices are granted by pattern, and this world grants none.
        assert_eq!(refused.code, code, "{refused}");
        assert!(world.is_free());
    }
    let mut block = World::stage_request(DIRECT);
    block.capability.access = Way::Block.access();
    world.describe("v1", DIRECT, Origin::Blank);
    assert_eq!(world.stage(block).unwrap_err().code, Code::InvalidArgument);
}

#[test]
fn a_device_of_the_nodes_own_must_say_who_it_is() {
    let mut world = World::new(DIRECT);
    world.granted.devices = vec!["/dev/disk/by-id/vendor-*".into()];
    world.restart();
    describe(&world, linked(Some("S1")), Origin::Unknown);
    let absent = world.stage(World::stage_request(DIRECT)).unwrap_err();
    assert_eq!((absent.code, world.twin.model().rescans), (Code::Unavailable, 1), "{absent}");

    world.add_image("disk", 77, Content::Finished(FsType::Ext4, 64 * MIB, 3));
    let map = |serial: &str| world.twin.model().map(DISK, &image_path("disk"), LINK, serial);
    map("S2");
    let other = world.stage(World::stage_request(DIRECT)).unwrap_err();
    assert_eq!(other.code, Code::FailedPrecondition, "{other}");
    describe(&world, linked(None), Origin::Unknown);
    let nameless = world.stage(World::stage_request(DIRECT)).unwrap_err();
    assert_eq!(nameless.code, Code::FailedPrecondition, "{nameless}");

    map("S1");
    describe(&world, linked(Some("S1")), Origin::Unknown);
    for _ in 0..2 {
        world.stage(World::stage_request(DIRECT)).unwrap();
        world.publish(World::publish_request(DIRECT, TARGET)).unwrap();
    }
    assert_eq!(told(&world, TARGET)["device"], "/dev/sdb");
    assert_eq!(world.stats(STAGING).unwrap().bytes.total, 64 * MIB);
    assert_eq!(world.expand(TARGET, 64 * MIB).unwrap(), 64 * MIB);
    world.unpublish(TARGET).unwrap();
    // Another device came by that name since.
    map("S2");
    let moved = world.publish(World::publish_request(DIRECT, TARGET)).unwrap_err();
    assert_eq!(moved.code, Code::FailedPrecondition, "{moved}");
    world.unstage().unwrap();
    assert!(world.twin.model().disks.contains_key(&DISK), "what is the node's own stays");
}

#[test]
fn a_path_that_the_runtime_could_not_find_is_refused() {
    let world = staged();
    let deep = format!("/var/lib/kubelet/pods/a/{}", "x".repeat(180));
    let refused = world.publish(World::publish_request(DIRECT, &deep)).unwrap_err();
    assert_eq!(refused.code, Code::InvalidArgument, "{refused}");
}

#[test]
fn the_sandbox_says_how_full_it_is_and_grows_it() {
    let world = staged();
    world.publish(World::publish_request(DIRECT, TARGET)).unwrap();
    assert_eq!(world.stats(TARGET).unwrap_err().code, Code::Unavailable, "no sandbox yet");
    world.enter_sandbox(TARGET);
    let stats = world.stats(TARGET).unwrap();
    assert_eq!((stats.bytes.total, stats.bytes.used), (100, Some(40)));
    assert_eq!(stats.inodes.unwrap().total, 7);
    world.twin.model().images.get_mut(&super::world::image_path("v1")).unwrap().size = 96 * MIB;
    assert_eq!(world.expand(TARGET, 96 * MIB).unwrap(), 96 * MIB);
    let asked = world.twin.model().asked.clone();
    assert_eq!(asked[0], "/direct-volume/stats?path=%2Fdev%2Floop0 ");
    let (path, body) = asked[1].split_once(' ').unwrap();
    let body: serde_json::Value = serde_json::from_str(body).unwrap();
    assert_eq!((path, &body["Size"]), ("/direct-volume/resize", &serde_json::json!(96 * MIB)));
    assert_eq!(body["volume_guest_path"], "/dev/loop0");

    world.twin.model().shims.insert("sb".into(), b"Usage: [] Volume Condition: None".to_vec());
    assert_eq!(world.stats(TARGET).unwrap_err().code, Code::Unavailable);
    world.twin.model().shims.clear();
    assert_eq!(world.expand(TARGET, 96 * MIB).unwrap_err().code, Code::Unavailable);
}

#[test]
fn a_reader_gets_a_device_that_refuses_writes() {
    let world = World::new(DIRECT);
    let mut request = World::stage_request(DIRECT);
    request.capability.mode = AccessMode::SingleNodeReaderOnly;
    world.stage(request).unwrap();
    assert!(world.twin.loops().unwrap().answering[0].readonly);
}

/// A shim in miniature: it listens where the runtime in Rust does, and keeps what it was asked.
struct Shim {
    asked: Arc<Mutex<Vec<(String, String)>>>,
}

impl Shim {
    fn start(bench: &Bench, sandbox: &str) -> Self {
        let place = bench.dir.join("kata/rust").join(sandbox);
        std::fs::create_dir_all(&place).unwrap();
        let asked = Arc::<Mutex<Vec<(String, String)>>>::default();
        let kept = Arc::clone(&asked);
        let _runtime = bench.runtime.enter();
        let listener = tokio::net::UnixListener::bind(place.join("shim-monitor.sock")).unwrap();
        bench.runtime.spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let kept = Arc::clone(&kept);
                let service =
                    hyper::service::service_fn(move |request| answer(Arc::clone(&kept), request));
                let serving = http1::Builder::new().serve_connection(TokioIo::new(stream), service);
                tokio::spawn(async move { drop(serving.await) });
            }
        });
        Self { asked }
    }
}

async fn answer(
    kept: Arc<Mutex<Vec<(String, String)>>>,
    request: Request<Incoming>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let target = format!("{} {}", request.method(), request.uri());
    let body = request.into_body().collect().await.unwrap().to_bytes();
    kept.lock().unwrap().push((target.clone(), String::from_utf8_lossy(&body).into_owned()));
    let usage = r#"{"usage":[{"available":60,"total":100,"used":40,"unit":1}]}"#;
    let (status, body) = if target.contains("/stats") {
        (StatusCode::OK, usage)
    } else {
        (StatusCode::INTERNAL_SERVER_ERROR, "resize_volume is not implemented in kata-agent")
    };
    let mut response = Response::new(Full::new(Bytes::from_static(body.as_bytes())));
    *response.status_mut() = status;
    Ok(response)
}

fn folder(bench: &Bench, target: &Path) -> PathBuf {
    let name = base64::engine::general_purpose::URL_SAFE.encode(target.to_str().unwrap());
    bench.dir.join("kata/direct-volumes").join(name)
}

#[test]
fn a_real_device_reaches_a_real_shim() {
    let Some(bench) = bench(DIRECT) else { return };
    for _ in 0..2 {
        bench.stage().unwrap();
        bench.publish("a", false).unwrap();
    }
    assert_eq!(bench.mounts(), []);
    let folder = folder(&bench, &bench.target("a"));
    let path = folder.join("mountInfo.json");
    let info: serde_json::Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    let node = PathBuf::from(info["device"].as_str().unwrap());
    assert!(std::fs::metadata(&node).unwrap().file_type().is_block_device());
    assert_eq!(info["metadata"]["createFilesystem"], "true");
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o7777;
    assert_eq!((mode(&folder), mode(&path)), (0o700, 0o600));

    // The runtime takes it.
    let _shim = std::fs::write(folder.join("0af3"), "");
    let shim = Shim::start(&bench, "0af3");
    assert_eq!(bench.total(bench.target("a")), 100);
    let refused = bench.expand(2 * SIZE).unwrap_err();
    assert_eq!(refused.code, Code::FailedPrecondition, "{refused}");
    assert!(refused.message.contains("not implemented in kata-agent"), "{refused}");
    let asked = shim.asked.lock().unwrap().clone();
    let query = node.to_str().unwrap().replace('/', "%2F");
    assert_eq!(asked[0].0, format!("POST http://shim/direct-volume/stats?path={query}"));
    assert_eq!(asked[1].0, "POST http://shim/direct-volume/resize");
    let body: serde_json::Value = serde_json::from_str(&asked[1].1).unwrap();
    assert_eq!((&body["VolumePath"], &body["size"]), (&info["device"], &(2 * SIZE).into()));
    assert_eq!(bench.total(bench.staging()), 2 * SIZE, "the device has grown");

    assert_eq!(bench.publish("b", false).unwrap_err().code, Code::FailedPrecondition);
    assert_eq!(bench.unstage().unwrap_err().code, Code::FailedPrecondition);
    for _ in 0..2 {
        bench.unpublish("a").unwrap();
        bench.unstage().unwrap();
    }
    bench.check_free();
}

#[test]
fn a_guests_file_system_is_kept() {
    let Some(bench) = bench(DIRECT) else { return };
    bench.stage().unwrap();
    let opened = bench.linux.open_exclusive(bench.device().device).unwrap();
    bench.linux.probe_device(&opened, None).unwrap();
    bench.linux.make_filesystem(&opened, FsType::Ext4).unwrap();
    drop(opened);
    bench.publish("a", true).unwrap();
    let path = folder(&bench, &bench.target("a")).join("mountInfo.json");
    let info: serde_json::Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    assert_eq!(info["metadata"].get("createFilesystem"), None);
    assert_eq!((&info["fstype"], &info["options"][0]), (&"ext4".into(), &"ro".into()));
    bench.unpublish("a").unwrap();
    bench.unstage().unwrap();
    bench.check_free();
}
