//! A node that is killed while a volume is frozen, for real: the next one thaws it when it starts. This
//! program runs itself as the one that is killed.
#![expect(clippy::expect_used, reason = "a test fails loudly; the harness is not there to tell")]

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use mooring_node::os::linux::Linux;
use mooring_node::os::privilege;
use mooring_node::{KataPaths, Node, NodeConfig};
use mooring_volume::attachment::{Attached, Attachment, AttachmentKind, Content, PoolItem};
use mooring_volume::backend::{
    Attachments, CreateVolume, DescribeAttachment, NodeDescription, NodeFacts, Nodes,
    ValidateVolume, Verdict, Volume, Volumes,
};
use mooring_volume::capability::{AccessMode, AccessType, Capability, FsType, Mount};
use mooring_volume::node::{Node as _, Stage};
use mooring_volume::orders::{LONGEST_HOLD, Orders as _};
use mooring_volume::policy::Grants;
use mooring_volume::{
    Call, CallId, DriverName, Error, NodeId, Result, Secrets, StringMap, VolumeId,
};

const DRIVER: &str = "image.mooring.dev";
const SIZE: u64 = 64 << 20;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().collect();
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    match arguments.as_slice() {
        [_, mode, dir] if mode == "--freezes" => runtime.block_on(freezes(Path::new(dir))),
        _ if privilege::is_root() => runtime.block_on(thaws()),
        _ => eprintln!("left out: freezing needs root"),
    }
    ExitCode::SUCCESS
}

/// One image, wherever it is asked for.
struct OneImage;

fn item() -> PoolItem {
    PoolItem { pool: "default".into(), name: "v1".into() }
}

impl Attachments for OneImage {
    async fn describe_attachment(&self, _: &Call, _: DescribeAttachment) -> Result<Attached> {
        Ok(Attached {
            attachment: Attachment::ImageFile(item()),
            content: Content::Blank,
            minimum_size: Some(SIZE),
            limits: None,
        })
    }
}

impl Nodes for OneImage {
    async fn describe_node(&self, _: &Call, _: NodeFacts) -> Result<NodeDescription> {
        Err(Error::unimplemented("nobody asks"))
    }
}

impl Volumes for OneImage {
    async fn create(&self, _: &Call, _: CreateVolume) -> Result<Volume> {
        Err(Error::unimplemented("nobody asks"))
    }

    async fn delete(&self, _: &Call, _: VolumeId, _: Secrets) -> Result<()> {
        Err(Error::unimplemented("nobody asks"))
    }

    async fn validate(&self, _: &Call, _: ValidateVolume) -> Result<Verdict> {
        Err(Error::unimplemented("nobody asks"))
    }
}

fn node(dir: &Path) -> Node<Linux, OneImage> {
    let config = NodeConfig {
        driver: DriverName::new(DRIVER).expect("a name"),
        grants: Grants {
            pools: [("default".to_owned(), dir.join("pool"))].into(),
            attachments: [AttachmentKind::ImageFile].into(),
            ..Grants::default()
        },
        filesystem: FsType::Ext4,
        target_roots: vec![dir.join("kubelet")],
        state_dir: dir.join("state"),
        node_id: NodeId::new("worker-1").expect("an id"),
        labels: StringMap::new(),
        kata: KataPaths::default(),
    };
    Node::new(config, Arc::new(Linux::new()), OneImage)
}

fn call() -> Call {
    Call { id: CallId(1), deadline: Instant::now() + Duration::from_secs(60) }
}

fn volume() -> VolumeId {
    VolumeId::new("v1").expect("an id")
}

fn staging(dir: &Path) -> PathBuf {
    dir.join("kubelet/staging")
}

/// The process that freezes and is killed.
async fn freezes(dir: &Path) {
    let node = node(dir);
    let mount = Mount { fs_type: None, flags: Vec::new(), group: None };
    let request = Stage {
        volume_id: volume(),
        staging_path: staging(dir),
        capability: Capability {
            access: AccessType::Mount(mount),
            mode: AccessMode::SingleNodeWriter,
        },
        volume_context: StringMap::new(),
        publish_context: StringMap::new(),
        secrets: Secrets::default(),
    };
    node.stage(&call(), request).await.expect("it is staged");
    let frozen = node.freeze(vec![item()], LONGEST_HOLD).await.expect("it is frozen");
    assert_eq!(frozen.images, [item()]);
    println!("frozen");
    std::future::pending::<()>().await;
}

/// Whether a thread of this process waits where no signal reaches it, as writers of a frozen file
/// system do.
fn waits(thread: i32) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/self/task/{thread}/stat"));
    stat.is_ok_and(|text| text.rsplit(") ").next().is_some_and(|rest| rest.starts_with('D')))
}

/// Kills it, and starts anew.
async fn thaws() {
    let temporary = tempfile::tempdir().expect("a directory");
    let dir = temporary.path().canonicalize().expect("a directory");
    let images = dir.join("pool").join(DRIVER).join("images");
    std::fs::create_dir_all(&images).expect("a pool");
    std::fs::create_dir_all(staging(&dir)).expect("a place");
    let image = std::fs::File::create(images.join("v1")).expect("an image");
    image.set_len(SIZE).expect("an image");

    let mut child = Command::new(std::env::current_exe().expect("its own path"))
        .arg("--freezes")
        .arg(&dir)
        .stdout(Stdio::piped())
        .spawn()
        .expect("it starts");
    let mut line = String::new();
    let output = child.stdout.take().expect("it was piped");
    BufReader::new(output).read_line(&mut line).expect("a line from the child");
    // SIGKILL.
    child.kill().expect("it is killed");
    child.wait().expect("it ends");
    let path = staging(&dir).join("later");
    let (told, writers) = std::sync::mpsc::channel();
    let writer = std::thread::spawn(move || {
        told.send(rustix::thread::gettid()).expect("the test listens");
        std::fs::write(path, b"written")
    });
    let thread = writers.recv().expect("the writer's id").as_raw_nonzero();
    while !waits(thread.get()) && !writer.is_finished() {
        std::thread::yield_now();
    }

    // From here on nothing is asserted before all is taken down: a frozen volume would stay.
    let notes =
        || std::fs::read_dir(dir.join("state/freezes").join(DRIVER)).map_or(0, Iterator::count);
    let (noted, unwritten) = (notes(), !writer.is_finished());
    let started = node(&dir);
    let recovered = started.recover().await;
    let left = notes();
    let written = writer.join().expect("the writer ends");
    let unstaged = started.unstage(&call(), volume(), staging(&dir)).await;
    assert_eq!(line, "frozen\n");
    assert!(unwritten, "a killed node's volume stays frozen");
    assert_eq!((noted, left), (1, 0), "notes");
    assert_eq!(recovered, Ok(()));
    written.expect("the writer goes on");
    assert_eq!(unstaged, Ok(()));
    println!("ok: a killed node's frozen volume is thawed when the next one starts");
}
