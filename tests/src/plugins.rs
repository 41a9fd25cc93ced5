//! Kubelet's plugin manager, as far as a plugin meets it: watches its directory with inotify, tries each socket in the
//! very moment in which it appears, once, and says what became of it.
//!
//! Kubelet itself is kinder (it dials for ten seconds): what passes here does not need that.

use std::ffi::CStr;
use std::fs;
use std::os::fd::OwnedFd;
use std::os::unix::fs::FileTypeExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use hyper_util::rt::TokioIo;
use mooring_proto::csi::v1::NodeGetInfoRequest;
use mooring_proto::pluginregistration::registration_client::RegistrationClient;
use mooring_proto::pluginregistration::{InfoRequest, PluginInfo, RegistrationStatus};
use rustix::fs::inotify::{self, CreateFlags, ReadFlags, WatchFlags};
use tokio::io::AsyncReadExt as _;
use tokio::net::UnixStream;
use tokio::net::unix::pipe;
use tokio::task::JoinHandle;
use tonic::transport::{Channel, Endpoint, Uri};

use crate::{Clients, eventually};

/// What happened in the directory, in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Seen {
    /// A name that kubelet passes over: it begins with a dot, or is no socket.
    Passed(String),
    /// A socket that did not answer when it appeared.
    Failed(String, String),
    /// A driver was registered.
    Registered {
        /// Its name.
        driver: String,
        /// Where it is called.
        endpoint: PathBuf,
        /// What it calls this node.
        node: String,
    },
    /// A driver was refused.
    Refused(String),
    /// A socket is gone.
    Gone(String),
}

#[derive(Debug, Default)]
struct State {
    seen: Mutex<Vec<Seen>>,
    refusal: Mutex<Option<String>>,
}

/// One run of it.
#[derive(Debug)]
pub struct PluginManager {
    state: Arc<State>,
    task: JoinHandle<()>,
}

impl Drop for PluginManager {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl PluginManager {
    /// Makes the directory, watches it, and looks for what is there already. To be called within a runtime.
    ///
    /// # Panics
    /// When the kernel refuses.
    #[must_use]
    pub fn start(directory: &Path) -> Self {
        fs::create_dir_all(directory).unwrap();
        let watch = inotify::init(CreateFlags::NONBLOCK | CreateFlags::CLOEXEC).unwrap();
        let changes = WatchFlags::CREATE
            | WatchFlags::MOVED_TO
            | WatchFlags::DELETE
            | WatchFlags::MOVED_FROM
            | WatchFlags::ONLYDIR;
        inotify::add_watch(&watch, directory, changes).unwrap();
        let there = fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().file_name());
        let there: Vec<_> = there.map(|name| (true, name.into_string().unwrap())).collect();
        let state = Arc::<State>::default();
        let task = tokio::spawn(run(Arc::clone(&state), directory.to_owned(), (watch, there)));
        Self { state, task }
    }

    /// From now on drivers are refused with these words, or not.
    ///
    /// # Panics
    /// Never.
    pub fn refuse(&self, words: Option<&str>) {
        *self.state.refusal.lock().unwrap() = words.map(str::to_owned);
    }

    /// All that was seen until now.
    ///
    /// # Panics
    /// Never.
    #[must_use]
    pub fn seen(&self) -> Vec<Seen> {
        self.state.seen.lock().unwrap().clone()
    }

    /// How often a driver was registered.
    #[must_use]
    pub fn registrations(&self, name: &str) -> usize {
        let of = |it: &&Seen| matches!(it, Seen::Registered { driver, .. } if driver == name);
        self.seen().iter().filter(of).count()
    }

    /// Waits until a driver was registered so many times; answers where it is called, and its name for the node.
    ///
    /// # Panics
    /// When it is not.
    pub async fn registers(&self, name: &str, times: usize) -> (PathBuf, String) {
        eventually(&format!("{name} registered {times} times"), async || {
            let mut all = self.seen().into_iter().filter_map(|it| match it {
                Seen::Registered { driver, endpoint, node } if driver == name => {
                    Some((endpoint, node))
                }
                Seen::Registered { .. }
                | Seen::Passed(_)
                | Seen::Failed(..)
                | Seen::Refused(_)
                | Seen::Gone(_) => None,
            });
            all.nth(times - 1)
        })
        .await
    }

    /// Waits until something was seen.
    ///
    /// # Panics
    /// When it is not.
    pub async fn sees(&self, what: &Seen) {
        eventually(&format!("{what:?}"), async || self.seen().contains(what).then_some(())).await;
    }

    /// Every socket answered when it appeared, and nothing else ever lay in the directory under a name that kubelet
    /// would look at.
    ///
    /// # Panics
    /// When it was otherwise.
    pub fn assert_tidy(&self) {
        for it in self.seen() {
            match it {
                Seen::Failed(..) => panic!("{it:?}"),
                Seen::Passed(name) => assert!(name.starts_with('.'), "{name}"),
                Seen::Registered { .. } | Seen::Refused(_) | Seen::Gone(_) => {}
            }
        }
    }
}

async fn run(
    state: Arc<State>,
    directory: PathBuf,
    (watch, there): (OwnedFd, Vec<(bool, String)>),
) {
    // No pipe, but read like one.
    let mut watch = pipe::Receiver::from_owned_fd_unchecked(watch).unwrap();
    let mut buffer = vec![0; 64 << 10];
    let mut changes = there;
    loop {
        for (appeared, name) in changes {
            let seen = if appeared {
                state.appeared(&directory, name).await
            } else if name.starts_with('.') {
                continue;
            } else {
                Seen::Gone(name)
            };
            state.seen.lock().unwrap().push(seen);
        }
        let bytes = watch.read(&mut buffer).await.unwrap();
        changes = changes_in(&buffer[..bytes]);
    }
}

/// What inotify(7) tells, one event after the other: whether a name appeared, or went.
fn changes_in(mut events: &[u8]) -> Vec<(bool, String)> {
    let number =
        |bytes: &[u8], at: usize| u32::from_ne_bytes(bytes[at..at + 4].try_into().unwrap());
    let mut changes = Vec::new();
    while !events.is_empty() {
        let mask = ReadFlags::from_bits_retain(number(events, 4));
        let end = 16 + usize::try_from(number(events, 12)).unwrap();
        let name = CStr::from_bytes_until_nul(&events[16..end]).unwrap().to_str().unwrap();
        let appeared = mask.intersects(ReadFlags::CREATE | ReadFlags::MOVED_TO);
        changes.push((appeared, name.to_owned()));
        events = &events[end..];
    }
    changes
}

impl State {
    async fn appeared(&self, directory: &Path, name: String) -> Seen {
        let path = directory.join(&name);
        let is_socket = || fs::symlink_metadata(&path).is_ok_and(|it| it.file_type().is_socket());
        if name.starts_with('.') || !is_socket() {
            return Seen::Passed(name);
        }
        let refusal = self.refusal.lock().unwrap().clone();
        match register(&path, refusal).await {
            Ok(seen) => seen,
            Err(error) => Seen::Failed(name, error),
        }
    }
}

async fn register(socket: &Path, refusal: Option<String>) -> Result<Seen, String> {
    let mut plugin = RegistrationClient::new(connect(socket).await?);
    let info = plugin.get_info(InfoRequest {}).await.map_err(|it| it.to_string())?.into_inner();
    let PluginInfo { r#type, name: driver, endpoint, supported_versions } = info;
    let outcome = match refusal {
        Some(words) => Err(words),
        None => valid(&r#type, &supported_versions).and(node(Path::new(&endpoint)).await),
    };
    let error = outcome.clone().err().unwrap_or_default();
    let status = RegistrationStatus { plugin_registered: outcome.is_ok(), error };
    plugin.notify_registration_status(status).await.map_err(|it| it.to_string())?;
    Ok(match outcome {
        Ok(node) => Seen::Registered { driver, endpoint: endpoint.into(), node },
        Err(_) => Seen::Refused(driver),
    })
}

/// What kubelet checks before it calls a driver.
fn valid(kind: &str, versions: &[String]) -> Result<(), String> {
    let majors: Vec<u32> =
        versions.iter().filter_map(|it| it.split('.').next()?.parse().ok()).collect();
    if kind == "CSIPlugin" && majors.len() == versions.len() && majors.iter().max() == Some(&1) {
        return Ok(());
    }
    Err(format!("type {kind}, versions {versions:?}"))
}

async fn node(endpoint: &Path) -> Result<String, String> {
    let mut clients = Clients::connect(endpoint).await.map_err(|it| it.to_string())?;
    let info = clients.node.node_get_info(NodeGetInfoRequest {}).await;
    Ok(info.map_err(|it| it.message().to_owned())?.into_inner().node_id)
}

async fn connect(socket: &Path) -> Result<Channel, String> {
    let path = socket.to_owned();
    let connector = tower::service_fn(move |_: Uri| {
        let path = path.clone();
        async move { UnixStream::connect(path).await.map(TokioIo::new) }
    });
    let authority = authority(socket)?;
    let endpoint = Endpoint::from_static("http://localhost").origin(authority);
    let channel = endpoint.connect_with_connector(connector).await;
    channel.map_err(|error| format!("{error:?}"))
}

/// What kubelet says that it talks to: the socket's path, encoded but for what an authority may have.
///
/// # Errors
/// It is none, which servers refuse with PROTOCOL_ERROR.
///
/// Source: grpc-go, `encodeAuthority`.
fn authority(socket: &Path) -> Result<Uri, String> {
    let encoded: String = socket
        .as_os_str()
        .as_encoded_bytes()
        .iter()
        .map(|&byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' => char::from(byte).to_string(),
            _ if b"-_.~!$&'()*+,;=:[]@".contains(&byte) => char::from(byte).to_string(),
            _ => format!("%{byte:02X}"),
        })
        .collect();
    Uri::try_from(format!("http://{encoded}"))
        .map_err(|error| format!("the authority {encoded} is refused: {error}"))
}
