//! UNIX sockets to serve on: made safely, open to few, removed at the end.
//!
//! The directory is made with mode 0700 and the socket with 0600, and the uid of every peer is checked against
//! a set: the kernel tells it, and a file's mode alone does not hold where directories are shared, as between
//! containers. Where other uids than root and our own are allowed, the modes let them through (0711 and 0666),
//! and the check of the peer is what decides.
//!
//! Two servers never share a path: a lock beside the socket (`<path>.lock`) is held until the last operation
//! has ended. The socket is bound under another name, given its mode, and then renamed: nobody ever connects to
//! one with a wrong mode, and what an instance that was killed left behind is replaced in one step.
//!
//! A socket in a directory that others watch ([`Claim::bind`]) goes under the lock of another one, so that no lock lies
//! in that directory, and its first name begins with a dot, as such watchers pass over.
//!
//! A process that was killed while a thread of it waits for storage that hangs is not gone: the kernel keeps
//! that thread, and with it all that the process had open, until the storage answers. It runs nothing any
//! more, so it keeps nobody from taking its place (`lock`).

mod lock;

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs::{self, DirBuilder, Permissions};
use std::io::{self, ErrorKind};
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::fs::{DirBuilderExt as _, FileTypeExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio::net::{UnixListener, UnixStream};

use lock::Lock;

/// Source: unix(7), `sun_path`, with the closing NUL.
const LONGEST_PATH: usize = 107;

/// Why a socket can't be served.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SocketError {
    /// Somebody serves it already.
    #[error(
        "another instance serves {path}; stop it first, or give this one another socket directory"
    )]
    Taken {
        /// The socket.
        path: PathBuf,
    },
    /// Something else is there, and is left alone.
    #[error(
        "{path} is no socket and is not replaced; move it away, or choose another socket directory"
    )]
    Foreign {
        /// The file.
        path: PathBuf,
    },
    /// The kernel's limit.
    #[error(
        "{path} has {} bytes; the path may have 106; choose a shorter socket directory",
        path.as_os_str().len()
    )]
    TooLong {
        /// The socket.
        path: PathBuf,
    },
    /// A system call failed.
    #[error("cannot {doing} {path}")]
    Io {
        /// What was being done.
        doing: &'static str,
        /// To which file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// The uids that may connect besides root and our own.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Peers(BTreeSet<u32>);

impl FromIterator<u32> for Peers {
    fn from_iter<I: IntoIterator<Item = u32>>(uids: I) -> Self {
        Self(uids.into_iter().collect())
    }
}

/// A socket that is listening. Dropping it removes the file, unless another has taken its place.
#[derive(Debug)]
pub struct Listener {
    listener: UnixListener,
    place: Place,
    allowed: BTreeSet<u32>,
    claim: Claim,
}

/// That no other instance serves a socket, for as long as any clone of it is held.
#[derive(Debug, Clone)]
pub struct Claim(Arc<Lock>);

/// Where our socket is.
#[derive(Debug)]
struct Place {
    path: PathBuf,
    /// Its device and inode.
    identity: (u64, u64),
}

impl Listener {
    /// Makes the directory and the socket. To be called within a tokio runtime.
    ///
    /// # Errors
    /// See [`SocketError`]; nothing is left behind then but the directory and the lock's file.
    pub fn bind(path: impl Into<PathBuf>, peers: &Peers) -> Result<Self, SocketError> {
        let path = path.into();
        // The name that is bound first is one byte longer.
        if path.as_os_str().len() >= LONGEST_PATH {
            return Err(SocketError::TooLong { path });
        }
        let few = peers.0.is_empty();
        make_directory(&path, if few { 0o700 } else { 0o711 })?;
        let claim = Claim(Arc::new(lock::take(&path)?));
        let first = with_suffix(&path, "~");
        claim.listen((first, path), peers, if few { 0o600 } else { 0o666 })
    }

    /// What keeps other instances away, for further sockets.
    #[must_use]
    pub fn claim(&self) -> Claim {
        self.claim.clone()
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.place.path
    }

    /// Takes no more peers and removes the socket, and keeps the lock: while operations still run, another
    /// instance, which knows nothing of them, must not begin.
    pub(crate) fn retire(self) -> Claim {
        let Self { listener: _, place: _, allowed: _, claim } = self;
        claim
    }

    /// The next peer that may connect. Others are hung up on, with a line in the log.
    ///
    /// # Errors
    /// The kernel's, such as too many open files; trying again later makes sense.
    pub async fn accept(&self) -> io::Result<UnixStream> {
        loop {
            let (stream, _) = self.listener.accept().await?;
            match stream.peer_cred() {
                Ok(peer) if self.allowed.contains(&peer.uid()) => return Ok(stream),
                Ok(peer) => tracing::warn!(
                    socket = %self.place.path.display(),
                    uid = peer.uid(),
                    pid = peer.pid(),
                    "refused a peer of a uid that is not allowed"
                ),
                Err(error) => tracing::warn!(
                    socket = %self.place.path.display(),
                    %error,
                    "refused a peer whose uid the kernel does not tell"
                ),
            }
        }
    }
}

impl Claim {
    /// A further socket, for root and our own uid, in a directory that must be there. It appears in one step,
    /// with its mode and listening, in the place of one that nobody serves any more. To be called within a tokio runtime.
    ///
    /// # Errors
    /// See [`SocketError`]; nothing is left behind then.
    pub fn bind(&self, path: impl Into<PathBuf>) -> Result<Listener, SocketError> {
        let path = path.into();
        let Some(name) = path.file_name().filter(|_| path.as_os_str().len() < LONGEST_PATH) else {
            return Err(SocketError::TooLong { path });
        };
        let mut hidden = OsString::from(".");
        hidden.push(name);
        let first = path.with_file_name(hidden);
        self.listen((first, path), &Peers::default(), 0o600)
    }

    fn listen(
        &self,
        (first, path): (PathBuf, PathBuf),
        peers: &Peers,
        mode: u32,
    ) -> Result<Listener, SocketError> {
        // What a killed process holds still seems to be listened to.
        if !self.0.taken_over {
            check_place(&path)?;
        }
        let listener = bind_renamed(&first, &path, mode)?;
        let meta = fs::symlink_metadata(&path).map_err(io_error("look at", &path))?;
        // Whose file it is that we just made: the process's own uid.
        let allowed = peers.0.iter().copied().chain([0, meta.uid()]).collect();
        let place = Place { path, identity: (meta.dev(), meta.ino()) };
        Ok(Listener { listener, place, allowed, claim: self.clone() })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let ours = fs::symlink_metadata(&self.path)
            .is_ok_and(|meta| (meta.dev(), meta.ino()) == self.identity);
        if ours && let Err(error) = fs::remove_file(&self.path) {
            tracing::warn!(socket = %self.path.display(), %error, "cannot remove the socket");
        }
    }
}

fn io_error(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> SocketError {
    let path = path.to_owned();
    move |source| SocketError::Io { doing, path, source }
}

/// Makes what is missing of the directory. One that is there keeps its mode: kubelet's and containers' shared
/// ones are others' to keep.
fn make_directory(socket: &Path, mode: u32) -> Result<(), SocketError> {
    let Some(directory) = socket.parent().filter(|directory| !directory.as_os_str().is_empty())
    else {
        return Ok(());
    };
    let new = !directory.exists();
    let failed = || io_error("make the directory", directory);
    DirBuilder::new().recursive(true).mode(mode).create(directory).map_err(failed())?;
    if new {
        // Whatever the umask, which is 077 in the process of the components.
        fs::set_permissions(directory, Permissions::from_mode(mode)).map_err(failed())?;
    }
    let meta = fs::metadata(directory).map_err(io_error("look at", directory))?;
    if meta.mode() & 0o002 != 0 {
        tracing::warn!(
            directory = %directory.display(),
            "anybody can write to the socket's directory, and so put another socket in its place; \
             give it the mode 0755 or less"
        );
    }
    Ok(())
}

/// Whether the place is free, or holds a socket that nobody serves any more.
fn check_place(path: &Path) -> Result<(), SocketError> {
    match fs::symlink_metadata(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        Err(source) => return Err(io_error("look at", path)(source)),
        Ok(meta) if !meta.file_type().is_socket() => {
            return Err(SocketError::Foreign { path: path.to_owned() });
        }
        Ok(_) => {}
    }
    match std::os::unix::net::UnixStream::connect(path) {
        Err(error)
            if matches!(error.kind(), ErrorKind::ConnectionRefused | ErrorKind::NotFound) =>
        {
            Ok(())
        }
        // Served, or not known not to be: by a program that does not use our lock.
        Ok(_) | Err(_) => Err(SocketError::Taken { path: path.to_owned() }),
    }
}

/// Binds the name `first`, which no other use is made of, and gives it the name `path`.
fn bind_renamed(first: &Path, path: &Path, mode: u32) -> Result<UnixListener, SocketError> {
    match fs::remove_file(first) {
        Err(error) if error.kind() != ErrorKind::NotFound => {
            return Err(io_error("remove", first)(error));
        }
        Ok(()) | Err(_) => {}
    }
    let listener = UnixListener::bind(first).map_err(io_error("bind the socket", first))?;
    let placed = fs::set_permissions(first, Permissions::from_mode(mode))
        .map_err(io_error("set the mode of", first))
        .and_then(|()| fs::rename(first, path).map_err(io_error("put the socket at", path)));
    match placed {
        Ok(()) => Ok(listener),
        Err(error) => {
            // What failed is told; what is left over is removed by the next attempt at the latest.
            let _ = fs::remove_file(first);
            Err(error)
        }
    }
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut text = path.as_os_str().to_owned();
    text.push(suffix);
    text.into()
}

#[cfg(test)]
mod tests;
