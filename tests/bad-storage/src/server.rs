//! The file server: passes a directory on, but for what the rules say. One thread answers; what hangs is
//! kept aside, so that it keeps nothing else waiting.

use std::collections::HashMap;
use std::ffi::OsStr;
use std::fs::{self, File, Metadata, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, FileExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use fuser::{
    FUSE_ROOT_ID, FileAttr, FileType, Filesystem, KernelConfig, ReplyAttr, ReplyCreate, ReplyData,
    ReplyDirectory, ReplyEmpty, ReplyEntry, ReplyLseek, ReplyOpen, ReplyStatfs, ReplyWrite,
    Request, TimeOrNow,
};
use rustix::fs::{FallocateFlags, SeekFrom};

use crate::fault::{Effect, Faults, Operation};

/// Nothing is remembered by the kernel: storage that hangs is asked each time.
const FORGET: Duration = Duration::ZERO;
const EIO: i32 = 5;
const EINVAL: i32 = 22;

/// What commands change while it serves.
#[derive(Clone, Default)]
pub struct Control(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    faults: Faults,
    held: Vec<Box<dyn FnOnce() + Send>>,
    struck: u64,
}

impl Control {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// One more rule.
    pub fn add(&self, fault: crate::Fault) {
        self.state().faults.add(fault);
    }

    /// No rule any more; what hung is done.
    pub fn mend(&self) {
        let held = {
            let mut state = self.state();
            state.faults.clear();
            std::mem::take(&mut state.held)
        };
        for one in held {
            one();
        }
    }

    /// How many operations hang, and how many were struck since the start.
    #[must_use]
    pub fn counts(&self) -> (usize, u64) {
        let state = self.state();
        (state.held.len(), state.struck)
    }

    /// Does `work`, or what the rules say instead: `work` is told what, if it is for it to do.
    fn through(
        &self,
        (file, operation, bytes): (&Path, Operation, (u64, u64)),
        work: impl FnOnce(Option<Effect>) + Send + 'static,
    ) {
        let mut state = self.state();
        let struck = state.faults.strike(&file.to_string_lossy(), operation, bytes);
        state.struck += u64::from(struck.is_some());
        match struck {
            Some(Effect::Hang) => state.held.push(Box::new(move || work(None))),
            Some(Effect::Delay(time)) => {
                drop(state);
                #[expect(clippy::disallowed_methods, reason = "to be slow is what is asked for")]
                std::thread::spawn(move || {
                    std::thread::sleep(Duration::from_millis(time));
                    work(None);
                });
            }
            other => {
                drop(state);
                work(other);
            }
        }
    }
}

/// A directory, served.
pub struct Server {
    control: Control,
    root: PathBuf,
    /// Where each inode is that the kernel was told of.
    paths: HashMap<u64, PathBuf>,
    open: HashMap<u64, (u64, Arc<File>)>,
    next: u64,
}

impl Server {
    /// Of a directory.
    #[must_use]
    pub fn new(root: PathBuf, control: Control) -> Self {
        let paths = HashMap::from([(FUSE_ROOT_ID, root.clone())]);
        Self { control, root, paths, open: HashMap::new(), next: 1 }
    }

    fn path(&self, ino: u64) -> Result<&PathBuf, i32> {
        self.paths.get(&ino).ok_or(rustix::io::Errno::STALE.raw_os_error())
    }

    /// The path below the directory, by which rules name a file.
    fn below(&self, ino: u64) -> PathBuf {
        let path = self.paths.get(&ino);
        path.and_then(|path| path.strip_prefix(&self.root).ok()).unwrap_or(Path::new("")).to_owned()
    }

    fn child(&self, parent: u64, name: &OsStr) -> Result<PathBuf, i32> {
        Ok(self.path(parent)?.join(name))
    }

    /// What stands at a path, which the kernel is told of from now on.
    fn known(&mut self, path: PathBuf) -> Result<FileAttr, i32> {
        let attributes = attributes(&fs::symlink_metadata(&path).map_err(code)?, None);
        self.paths.insert(attributes.ino, path);
        Ok(attributes)
    }

    fn keep(&mut self, ino: u64, file: File) -> u64 {
        self.next += 1;
        self.open.insert(self.next, (ino, Arc::new(file)));
        self.next
    }

    fn file(&self, handle: u64) -> Result<Arc<File>, i32> {
        let open = self.open.get(&handle).map(|(_, file)| Arc::clone(file));
        open.ok_or(rustix::io::Errno::BADF.raw_os_error())
    }

    /// A file that lost its name is asked by whoever has it open.
    fn metadata(&self, ino: u64) -> Result<FileAttr, i32> {
        let of_open = || self.open.values().find(|(of, _)| *of == ino).map(|(_, file)| file);
        let found = match of_open() {
            Some(file) => file.metadata(),
            None => fs::symlink_metadata(self.path(ino)?),
        };
        found.map(|found| attributes(&found, Some(ino))).map_err(code)
    }

    fn made(
        &mut self,
        request: &Request<'_>,
        path: PathBuf,
        make: impl FnOnce(&Path) -> io::Result<()>,
    ) -> Result<FileAttr, i32> {
        make(&path).map_err(code)?;
        std::os::unix::fs::lchown(&path, Some(request.uid()), Some(request.gid())).map_err(code)?;
        self.known(path)
    }

    fn change(
        &self,
        ino: u64,
        (mode, uid, gid): (Option<u32>, Option<u32>, Option<u32>),
        size: Option<u64>,
        times: (Option<TimeOrNow>, Option<TimeOrNow>),
    ) -> Result<FileAttr, i32> {
        let path = self.path(ino)?;
        let of_open = self.open.values().find(|(of, _)| *of == ino).map(|(_, file)| file);
        if let Some(mode) = mode {
            fs::set_permissions(path, fs::Permissions::from_mode(mode)).map_err(code)?;
        }
        if uid.is_some() || gid.is_some() {
            std::os::unix::fs::lchown(path, uid, gid).map_err(code)?;
        }
        if let Some(size) = size {
            match of_open {
                Some(file) => file.set_len(size),
                None => OpenOptions::new().write(true).open(path).and_then(|it| it.set_len(size)),
            }
            .map_err(code)?;
        }
        if let (Some(modified), Some(file)) = (times.1, of_open) {
            let time = match modified {
                TimeOrNow::SpecificTime(time) => time,
                TimeOrNow::Now => SystemTime::now(),
            };
            file.set_modified(time).map_err(code)?;
        }
        self.metadata(ino)
    }

    fn moved(&mut self, from: &Path, to: &Path) -> Result<(), i32> {
        fs::rename(from, to).map_err(code)?;
        for path in self.paths.values_mut() {
            if let Ok(below) = path.strip_prefix(from) {
                *path = if below.as_os_str().is_empty() { to.to_owned() } else { to.join(below) };
            }
        }
        Ok(())
    }

    fn entries(&self, ino: u64) -> Result<Vec<(u64, FileType, std::ffi::OsString)>, i32> {
        let mut found =
            vec![(ino, FileType::Directory, ".".into()), (ino, FileType::Directory, "..".into())];
        for entry in fs::read_dir(self.path(ino)?).map_err(code)? {
            let entry = entry.map_err(code)?;
            let Ok(metadata) = entry.metadata() else { continue };
            let attributes = attributes(&metadata, None);
            found.push((attributes.ino, attributes.kind, entry.file_name()));
        }
        Ok(found)
    }
}

fn code(error: io::Error) -> i32 {
    error.raw_os_error().unwrap_or(EIO)
}

fn attributes(found: &Metadata, ino: Option<u64>) -> FileAttr {
    let kind = match found.file_type() {
        kind if kind.is_dir() => FileType::Directory,
        kind if kind.is_symlink() => FileType::Symlink,
        _ => FileType::RegularFile,
    };
    let changed = UNIX_EPOCH
        + Duration::new(
            u64::try_from(found.ctime()).unwrap_or(0),
            u32::try_from(found.ctime_nsec()).unwrap_or(0),
        );
    FileAttr {
        ino: ino.unwrap_or(found.ino()),
        size: found.size(),
        blocks: found.blocks(),
        atime: found.accessed().unwrap_or(UNIX_EPOCH),
        mtime: found.modified().unwrap_or(UNIX_EPOCH),
        ctime: changed,
        crtime: UNIX_EPOCH,
        kind,
        perm: u16::try_from(found.mode() & 0o7777).unwrap_or(0),
        nlink: u32::try_from(found.nlink()).unwrap_or(1),
        uid: found.uid(),
        gid: found.gid(),
        rdev: 0,
        blksize: 4096,
        flags: 0,
    }
}

/// Answers with a value or an error.
macro_rules! answer {
    ($reply:ident, $outcome:expr, $value:pat => $then:expr) => {
        match $outcome {
            Ok($value) => $then,
            Err(code) => $reply.error(code),
        }
    };
}

impl Filesystem for Server {
    fn init(&mut self, _: &Request<'_>, config: &mut KernelConfig) -> Result<(), i32> {
        // What hangs of one file must not use up the room of all.
        let _ = config.set_max_background(u16::MAX);
        let _ = config.set_congestion_threshold(u16::MAX);
        Ok(())
    }

    fn lookup(&mut self, _: &Request<'_>, parent: u64, name: &OsStr, reply: ReplyEntry) {
        let found = self.child(parent, name).and_then(|path| self.known(path));
        answer!(reply, found, found => reply.entry(&FORGET, &found, 0));
    }

    fn getattr(&mut self, _: &Request<'_>, ino: u64, _: Option<u64>, reply: ReplyAttr) {
        let found = self.metadata(ino);
        let what = (self.below(ino), Operation::Attributes, (0, 0));
        self.control.through((&what.0, what.1, what.2), move |struck| match (struck, found) {
            (Some(Effect::Fail(code)), _) | (_, Err(code)) => reply.error(code),
            (_, Ok(found)) => reply.attr(&FORGET, &found),
        });
    }

    fn setattr(
        &mut self,
        _: &Request<'_>,
        ino: u64,
        mode: Option<u32>,
        uid: Option<u32>,
        gid: Option<u32>,
        size: Option<u64>,
        atime: Option<TimeOrNow>,
        mtime: Option<TimeOrNow>,
        _: Option<SystemTime>,
        _: Option<u64>,
        _: Option<SystemTime>,
        _: Option<SystemTime>,
        _: Option<SystemTime>,
        _: Option<u32>,
        reply: ReplyAttr,
    ) {
        let changed = self.change(ino, (mode, uid, gid), size, (atime, mtime));
        answer!(reply, changed, changed => reply.attr(&FORGET, &changed));
    }

    fn mkdir(
        &mut self,
        request: &Request<'_>,
        parent: u64,
        name: &OsStr,
        mode: u32,
        umask: u32,
        reply: ReplyEntry,
    ) {
        let make = |path: &Path| fs::DirBuilder::new().mode(mode & !umask).create(path);
        let made = self.child(parent, name).and_then(|path| self.made(request, path, make));
        answer!(reply, made, made => reply.entry(&FORGET, &made, 0));
    }

    fn unlink(&mut self, _: &Request<'_>, parent: u64, name: &OsStr, reply: ReplyEmpty) {
        let gone = self.child(parent, name).and_then(|path| fs::remove_file(path).map_err(code));
        answer!(reply, gone, () => reply.ok());
    }

    fn rmdir(&mut self, _: &Request<'_>, parent: u64, name: &OsStr, reply: ReplyEmpty) {
        let gone = self.child(parent, name).and_then(|path| fs::remove_dir(path).map_err(code));
        answer!(reply, gone, () => reply.ok());
    }

    fn rename(
        &mut self,
        _: &Request<'_>,
        parent: u64,
        name: &OsStr,
        to_parent: u64,
        to_name: &OsStr,
        flags: u32,
        reply: ReplyEmpty,
    ) {
        if flags != 0 {
            return reply.error(EINVAL);
        }
        let moved = self
            .child(parent, name)
            .and_then(|from| Ok((from, self.child(to_parent, to_name)?)))
            .and_then(|(from, to)| self.moved(&from, &to));
        answer!(reply, moved, () => reply.ok());
    }

    fn link(&mut self, _: &Request<'_>, ino: u64, parent: u64, name: &OsStr, reply: ReplyEntry) {
        let linked = self.child(parent, name).and_then(|to| {
            fs::hard_link(self.path(ino)?, &to).map_err(code)?;
            self.known(to)
        });
        answer!(reply, linked, linked => reply.entry(&FORGET, &linked, 0));
    }

    fn open(&mut self, _: &Request<'_>, ino: u64, _: i32, reply: ReplyOpen) {
        let opened = self
            .path(ino)
            .and_then(|path| OpenOptions::new().read(true).write(true).open(path).map_err(code));
        answer!(reply, opened, file => reply.opened(self.keep(ino, file), 0));
    }

    fn create(
        &mut self,
        request: &Request<'_>,
        parent: u64,
        name: &OsStr,
        mode: u32,
        umask: u32,
        _: i32,
        reply: ReplyCreate,
    ) {
        let mut file = None;
        let make = |path: &Path| {
            let mut options = OpenOptions::new();
            options.read(true).write(true).create_new(true).mode(mode & !umask);
            file = Some(options.open(path)?);
            Ok(())
        };
        let made = self.child(parent, name).and_then(|path| self.made(request, path, make));
        match (made, file) {
            (Ok(made), Some(file)) => {
                let handle = self.keep(made.ino, file);
                reply.created(&FORGET, &made, 0, handle, 0);
            }
            (Ok(_), None) => reply.error(EIO),
            (Err(code), _) => reply.error(code),
        }
    }

    fn read(
        &mut self,
        _: &Request<'_>,
        ino: u64,
        handle: u64,
        offset: i64,
        size: u32,
        _: i32,
        _: Option<u64>,
        reply: ReplyData,
    ) {
        let (file, offset) = match (self.file(handle), u64::try_from(offset)) {
            (Ok(file), Ok(offset)) => (file, offset),
            (Err(code), _) => return reply.error(code),
            (_, Err(_)) => return reply.error(EINVAL),
        };
        let path = self.below(ino);
        let what = (path.as_path(), Operation::Read, (offset, u64::from(size)));
        self.control.through(what, move |struck| {
            let length = match struck {
                Some(Effect::Fail(code)) => return reply.error(code),
                Some(Effect::Short(length)) => length.min(size as usize),
                _ => size as usize,
            };
            answer!(reply, read(&file, offset, length), bytes => reply.data(&bytes));
        });
    }

    fn write(
        &mut self,
        _: &Request<'_>,
        ino: u64,
        handle: u64,
        offset: i64,
        data: &[u8],
        _: u32,
        _: i32,
        _: Option<u64>,
        reply: ReplyWrite,
    ) {
        let (file, offset) = match (self.file(handle), u64::try_from(offset)) {
            (Ok(file), Ok(offset)) => (file, offset),
            (Err(code), _) => return reply.error(code),
            (_, Err(_)) => return reply.error(EINVAL),
        };
        let (path, data) = (self.below(ino), data.to_vec());
        let what = (path.as_path(), Operation::Write, (offset, data.len() as u64));
        self.control.through(what, move |struck| {
            let taken = match struck {
                Some(Effect::Fail(code)) => Err(code),
                Some(Effect::Lose) => Ok(()),
                _ => file.write_all_at(&data, offset).map_err(code),
            };
            let length = u32::try_from(data.len()).unwrap_or(u32::MAX);
            answer!(reply, taken, () => reply.written(length));
        });
    }

    fn flush(&mut self, _: &Request<'_>, _: u64, _: u64, _: u64, reply: ReplyEmpty) {
        reply.ok();
    }

    fn release(
        &mut self,
        _: &Request<'_>,
        _: u64,
        handle: u64,
        _: i32,
        _: Option<u64>,
        _: bool,
        reply: ReplyEmpty,
    ) {
        self.open.remove(&handle);
        reply.ok();
    }

    fn fsync(&mut self, _: &Request<'_>, ino: u64, handle: u64, _: bool, reply: ReplyEmpty) {
        let file = match self.file(handle) {
            Ok(file) => file,
            Err(code) => return reply.error(code),
        };
        let path = self.below(ino);
        self.control.through((&path, Operation::Sync, (0, 0)), move |struck| {
            let synced = match struck {
                Some(Effect::Fail(code)) => Err(code),
                Some(Effect::Lose) => Ok(()),
                // Not on the disk of the machine that tests: it does not lose its power.
                _ => file.metadata().map(drop).map_err(code),
            };
            answer!(reply, synced, () => reply.ok());
        });
    }

    fn fsyncdir(&mut self, _: &Request<'_>, _: u64, _: u64, _: bool, reply: ReplyEmpty) {
        reply.ok();
    }

    fn readdir(
        &mut self,
        _: &Request<'_>,
        ino: u64,
        _: u64,
        offset: i64,
        mut reply: ReplyDirectory,
    ) {
        let skip = usize::try_from(offset).unwrap_or(usize::MAX);
        let entries = match self.entries(ino) {
            Ok(entries) => entries,
            Err(code) => return reply.error(code),
        };
        for (place, (ino, kind, name)) in (1..).zip(entries).skip(skip) {
            if reply.add(ino, place, kind, name) {
                break;
            }
        }
        reply.ok();
    }

    fn statfs(&mut self, _: &Request<'_>, _: u64, reply: ReplyStatfs) {
        let found = rustix::fs::statvfs(&self.root).map_err(|errno| errno.raw_os_error());
        answer!(reply, found, it => reply.statfs(
            it.f_blocks, it.f_bfree, it.f_bavail, it.f_files, it.f_ffree, 4096, 255, 4096,
        ));
    }

    fn fallocate(
        &mut self,
        _: &Request<'_>,
        _: u64,
        handle: u64,
        offset: i64,
        length: i64,
        mode: i32,
        reply: ReplyEmpty,
    ) {
        let done = self.file(handle).and_then(|file| {
            let (Ok(from), Ok(length)) = (u64::try_from(offset), u64::try_from(length)) else {
                return Err(EINVAL);
            };
            let flags = FallocateFlags::from_bits_retain(mode.cast_unsigned());
            rustix::fs::fallocate(&file, flags, from, length).map_err(|it| it.raw_os_error())
        });
        answer!(reply, done, () => reply.ok());
    }

    fn lseek(
        &mut self,
        _: &Request<'_>,
        _: u64,
        handle: u64,
        offset: i64,
        whence: i32,
        reply: ReplyLseek,
    ) {
        const SEEK_DATA: i32 = 3;
        const SEEK_HOLE: i32 = 4;
        let found = self.file(handle).and_then(|file| {
            let from = u64::try_from(offset).map_err(|_| EINVAL)?;
            let seek = match whence {
                SEEK_DATA => SeekFrom::Data(from),
                SEEK_HOLE => SeekFrom::Hole(from),
                _ => return Err(EINVAL),
            };
            rustix::fs::seek(&file, seek).map_err(|errno| errno.raw_os_error())
        });
        answer!(reply, found.and_then(|at| i64::try_from(at).map_err(|_| EIO)), at => reply.offset(at));
    }
}

/// As many bytes as there are, up to `length`.
fn read(file: &File, offset: u64, length: usize) -> Result<Vec<u8>, i32> {
    let mut bytes = vec![0; length];
    let mut filled = 0;
    while filled < length {
        match file.read_at(&mut bytes[filled..], offset + filled as u64).map_err(code)? {
            0 => break,
            more => filled += more,
        }
    }
    bytes.truncate(filled);
    Ok(bytes)
}
