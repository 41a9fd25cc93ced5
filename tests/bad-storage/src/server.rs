//! The file server: passes a directory on, but for what the rules say. One thread answers; what hangs is
//! kept aside, so that it keeps nothing else waiting.

mod control;
mod tree;

use std::ffi::OsStr;
use std::fs::{self, File, OpenOptions};
use std::os::unix::fs::{DirBuilderExt, FileExt, OpenOptionsExt};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use fuser::{
    Filesystem, KernelConfig, ReplyAttr, ReplyCreate, ReplyData, ReplyDirectory, ReplyEmpty,
    ReplyEntry, ReplyLseek, ReplyOpen, ReplyStatfs, ReplyWrite, Request, TimeOrNow,
};
use rustix::fs::{FallocateFlags, SeekFrom};

use crate::fault::{Effect, Operation};
pub use control::Control;
pub use tree::Server;
use tree::code;

/// Nothing is remembered by the kernel: storage that hangs is asked each time.
const FORGET: Duration = Duration::ZERO;
const EIO: i32 = 5;
const EINVAL: i32 = 22;

/// What comes of a value; an error is answered.
macro_rules! answer {
    ($reply:ident, $outcome:expr, $value:pat => $then:expr) => {
        match $outcome {
            Ok($value) => $then,
            Err(code) => return $reply.error(code),
        }
    };
}

impl Server {
    /// An open file, and a place in it.
    fn bytes(&self, handle: u64, offset: i64) -> Result<(Arc<File>, u64), i32> {
        Ok((self.file(handle)?, u64::try_from(offset).map_err(|_| EINVAL)?))
    }
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
        let (file, offset) = answer!(reply, self.bytes(handle, offset), found => found);
        let path = self.below(ino);
        let bytes = (offset, u64::from(size));
        self.control.through((&path, Operation::Read, bytes), move |struck| {
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
        let (file, offset) = answer!(reply, self.bytes(handle, offset), found => found);
        let (path, data) = (self.below(ino), data.to_vec());
        let bytes = (offset, data.len() as u64);
        self.control.through((&path, Operation::Write, bytes), move |struck| {
            let taken = done(struck, || file.write_all_at(&data, offset).map_err(code));
            answer!(reply, taken, () => ());
            reply.written(u32::try_from(data.len()).unwrap_or(u32::MAX));
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
        let file = answer!(reply, self.file(handle), file => file);
        let path = self.below(ino);
        self.control.through((&path, Operation::Sync, (0, 0)), move |struck| {
            // Not on the disk of the machine that tests: it does not lose its power.
            let synced = done(struck, || file.metadata().map(drop).map_err(code));
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
        let entries = answer!(reply, self.entries(ino), entries => entries);
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

/// What a change comes to: an error, done without a trace, or done.
fn done(struck: Option<Effect>, change: impl FnOnce() -> Result<(), i32>) -> Result<(), i32> {
    match struck {
        Some(Effect::Fail(code)) => Err(code),
        Some(Effect::Lose) => Ok(()),
        Some(Effect::Short(_) | Effect::Delay(_) | Effect::Hang) | None => change(),
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
