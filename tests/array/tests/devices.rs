//! Mapped volumes as devices of this machine: as root only. Links and udev's notes are in folders of
//! the test's own; the loop devices are the kernel's.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may fail loudly")]

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};
use tempfile::TempDir;

const MIB: u64 = 1 << 20;

/// The program, and where it keeps things.
struct Scene {
    folder: TempDir,
    server: Child,
    address: String,
}

/// Whether there may be loop devices; says so where not.
fn able() -> bool {
    let able = rustix::process::geteuid().is_root() && Path::new("/dev/loop-control").exists();
    if !able {
        eprintln!("skipped: needs root and loop devices");
    }
    able
}

impl Scene {
    fn new() -> Self {
        let folder = TempDir::new().unwrap();
        let (server, address) = run(folder.path());
        Self { folder, server, address }
    }

    fn restart(&mut self) {
        (self.server, self.address) = run(self.folder.path());
    }

    fn stop(&mut self) {
        let id = rustix::process::Pid::from_child(&self.server);
        rustix::process::kill_process(id, rustix::process::Signal::TERM).unwrap();
        assert!(self.server.wait().unwrap().success());
    }

    fn call(&self, method: &str, path: &str, body: Value) -> (u16, Value) {
        let mut stream = std::net::TcpStream::connect(&self.address).unwrap();
        let body = if body.is_null() { String::new() } else { body.to_string() };
        write!(
            stream,
            "{method} /api/v1{path} HTTP/1.1\r\nhost: array\r\nconnection: close\r\n\
             content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        )
        .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        (status, serde_json::from_str(body).unwrap_or(Value::Null))
    }

    /// A mapped volume.
    fn mapped(&self, name: &str, readonly: bool) -> Value {
        let new = json!({ "name": name, "pool": "default", "size": 4 * MIB });
        let id = self.call("POST", "/volumes", new).1["id"].as_str().unwrap().to_owned();
        self.call("PUT", "/hosts/n1", json!({}));
        let path = format!("/volumes/{id}/mappings/n1");
        let (status, volume) = self.call("PUT", &path, json!({ "readonly": readonly }));
        assert_eq!(status, 200, "{volume}");
        volume
    }

    fn link(&self, volume: &Value) -> PathBuf {
        let serial = volume["serial"].as_str().unwrap();
        self.folder.path().join(format!("disk/by-id/scsi-SMOORING_{serial}"))
    }

    /// The device that the link names, as the kernel calls it.
    fn device(&self, volume: &Value) -> PathBuf {
        let target = fs::read_link(self.link(volume)).unwrap();
        Path::new("/dev").join(target.file_name().unwrap())
    }

    fn note(&self, device: &Path) -> PathBuf {
        let number = device.to_str().unwrap().trim_start_matches("/dev/loop").to_owned();
        self.folder.path().join(format!("udev/b7:{number}"))
    }

    /// Loop devices, links and notes that are there.
    fn left(&self) -> Vec<String> {
        let images = self.folder.path().join("data/images");
        let listed = |folder: &str| {
            let entries = fs::read_dir(self.folder.path().join(folder));
            entries.into_iter().flatten().map(|entry| entry.unwrap().path().display().to_string())
        };
        let loops = fs::read_dir("/sys/block").unwrap().filter_map(|entry| {
            fs::read_to_string(entry.unwrap().path().join("loop/backing_file")).ok()
        });
        loops
            .filter(|image| Path::new(image).starts_with(&images))
            .chain(listed("disk/by-id"))
            .chain(listed("udev"))
            .collect()
    }
}

impl Drop for Scene {
    fn drop(&mut self) {
        // Where a test failed: what stops the server gives its devices back.
        if self.server.try_wait().unwrap().is_none() {
            self.stop();
        }
    }
}

fn run(folder: &Path) -> (Child, String) {
    let mut server = Command::new(env!("CARGO_BIN_EXE_array-server"))
        .arg(folder.join("data"))
        .args(["--links".as_ref(), folder.join("disk/by-id").as_os_str()])
        .args(["--notes".as_ref(), folder.join("udev").as_os_str()])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(server.stdout.take().unwrap()).read_line(&mut line).unwrap();
    (server, line.trim().trim_start_matches("http://").to_owned())
}

#[test]
fn a_mapped_volume_is_a_device_with_its_link_and_serial_and_grows() {
    if !able() {
        return;
    }
    let mut scene = Scene::new();
    let volume = scene.mapped("one", false);
    let (id, serial) = (volume["id"].as_str().unwrap(), volume["serial"].as_str().unwrap());
    let device = scene.device(&volume);
    let note = fs::read_to_string(scene.note(&device)).unwrap();
    assert!(note.contains(&format!("E:ID_SERIAL_SHORT={serial}\n")), "{note}");
    let open = fs::OpenOptions::new().read(true).write(true).open(&device).unwrap();
    open.write_all_at(b"kept", 4 * MIB - 4).unwrap();
    let (status, grown) =
        scene.call("PATCH", &format!("/volumes/{id}"), json!({ "size": 8 * MIB }));
    assert_eq!((status, &grown["size"]), (200, &json!(8 * MIB)));
    let sectors = format!("/sys/block/{}/size", device.file_name().unwrap().to_str().unwrap());
    assert_eq!(fs::read_to_string(sectors).unwrap().trim(), (8 * MIB / 512).to_string());
    open.sync_all().unwrap();
    drop(open);
    let unmap = format!("/volumes/{id}/mappings/n1");
    assert_eq!(scene.call("DELETE", &unmap, Value::Null).0, 204);
    assert_eq!(scene.left(), Vec::<String>::new());
    let image = scene.folder.path().join(format!("data/images/{id}.img"));
    assert_eq!(&fs::read(image).unwrap()[4 * 1024 * 1024 - 4..][..4], b"kept");
    scene.stop();
}

#[test]
fn a_volume_that_is_mapped_for_reading_takes_no_writes_and_its_number_does_again() {
    if !able() {
        return;
    }
    let scene = Scene::new();
    let volume = scene.mapped("one", true);
    let device = scene.device(&volume);
    let refused =
        fs::OpenOptions::new().write(true).open(device).and_then(|it| it.write_at(&[1], 0));
    assert!(refused.is_err());
    let id = volume["id"].as_str().unwrap();
    scene.call("DELETE", &format!("/volumes/{id}/mappings/n1"), Value::Null);
    let other = scene.mapped("two", false);
    let open = fs::OpenOptions::new().write(true).open(scene.device(&other)).unwrap();
    open.write_all_at(&[1], 0).unwrap();
}

#[test]
fn what_is_in_use_is_not_unmapped() {
    if !able() {
        return;
    }
    let scene = Scene::new();
    let volume = scene.mapped("one", false);
    let held = rustix::fs::open(
        scene.device(&volume),
        rustix::fs::OFlags::RDONLY | rustix::fs::OFlags::EXCL | rustix::fs::OFlags::CLOEXEC,
        rustix::fs::Mode::empty(),
    )
    .unwrap();
    let path = format!("/volumes/{}/mappings/n1", volume["id"].as_str().unwrap());
    let (status, refused) = scene.call("DELETE", &path, Value::Null);
    assert_eq!((status, &refused["error"]["code"]), (409, &json!("in-use")));
    assert!(scene.link(&volume).exists() || scene.link(&volume).is_symlink());
    drop(held);
    assert_eq!(scene.call("DELETE", &path, Value::Null).0, 204);
    assert_eq!(scene.left(), Vec::<String>::new());
}

#[test]
fn all_is_given_back_at_the_end_and_there_again_at_the_next_start() {
    if !able() {
        return;
    }
    let mut scene = Scene::new();
    let volume = scene.mapped("one", false);
    fs::OpenOptions::new()
        .write(true)
        .open(scene.device(&volume))
        .unwrap()
        .write_all(b"kept")
        .unwrap();
    scene.stop();
    assert_eq!(scene.left(), Vec::<String>::new());
    scene.restart();
    let mut bytes = [0; 4];
    fs::File::open(scene.device(&volume)).unwrap().read_exact(&mut bytes).unwrap();
    assert_eq!(&bytes, b"kept");
    // Killed: the devices stay, a start takes them up, and an end gives them back.
    scene.server.kill().unwrap();
    scene.server.wait().unwrap();
    let device = scene.device(&volume);
    scene.restart();
    assert_eq!(scene.device(&volume), device, "what may be in use keeps its device");
    scene.server.kill().unwrap();
    scene.server.wait().unwrap();
    scene.restart();
    scene.stop();
    assert_eq!(scene.left(), Vec::<String>::new());
}
