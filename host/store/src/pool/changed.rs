//! Where two images differ: asked of the file system where it can tell, else read.

use std::fs::File;
use std::ops::{ControlFlow, Range};
use std::os::unix::fs::FileExt;

use mooring_volume::pool::{ItemKind, item_path};

use super::Extent;
use super::disk::Home;
use super::grant::{Named, blocking};
use super::layout::{Content, Layout, places_compare};
use super::materialise::check;
use super::query::LONGEST_PAGE;
use super::record::{Record, State};
use crate::{PoolError, Scoped};

/// Bytes that are compared as one; the answer is a multiple of it, but for the ends of the range.
const BLOCK: usize = 4096;
/// Bytes that are read at once.
const CHUNK: usize = 64 * BLOCK;
/// Bytes of an image that one call compares by reading: half a minute, the deadline of a call, is
/// enough for them on a slow disk.
const MOST_READ: u64 = 512 << 20;

impl Scoped {
    /// Extents in which `image` may differ from `base`, from `offset` on, ascending, at most
    /// `limit` (and at most 10,000). Bytes past the end of `base` count as zeros there. The whole
    /// answer, from 0 to the end of `image`, turns a copy of `base` into `image`.
    ///
    /// Where the file system shares blocks (XFS, btrfs), the cost follows the number of extents
    /// that differ and the number of those that do not, never the bytes; what is compressed, and
    /// everything on other file systems, is read and compared. An answer ends early where that
    /// takes long, never without an extent to go on from: then the last one may not differ.
    ///
    /// # Errors
    /// `NotFound`, `Denied`, `Invalid` for a limit of 0, `Storage`.
    pub async fn changed_extents(
        &self,
        pool: &str,
        base: &str,
        image: &str,
        offset: u64,
        limit: u32,
    ) -> Result<Vec<Extent>, PoolError> {
        let (from, to) = (self.named(pool, base)?, self.named(pool, image)?);
        if limit == 0 {
            return Err(PoolError::Invalid("a limit of 0 extents asks for nothing".to_owned()));
        }
        let base = self.image(&from)?;
        let image = self.image(&to)?;
        if offset >= image.size {
            return Ok(Vec::new());
        }
        let limit = usize::try_from(limit.min(LONGEST_PAGE)).unwrap_or(usize::MAX);
        let range = offset..image.size;
        let home = self.home(&to.pool);
        let compare = move || {
            let (base, image) = (opened(&home, &from, &base)?, opened(&home, &to, &image)?);
            let page = Page { extents: Vec::new(), limit, unread: MOST_READ };
            differences(base.as_ref(), image.as_ref(), range, page)
        };
        let ((), extents) = blocking((), compare).await?;
        Ok(extents)
    }
}

/// Opens an image; none where it has no file, and is zeros.
fn opened(home: &Home, item: &Named, record: &Record) -> Result<Option<File>, PoolError> {
    if record.state != State::Present {
        return Ok(None);
    }
    let folders = home.open()?;
    let path = item_path(item.pool.path(), &home.driver, ItemKind::Image, &item.name)
        .map_err(|error| PoolError::Invalid(error.message))?;
    let found = folders.find(ItemKind::Image, &item.name)?;
    check(&found, record, &path).map_err(PoolError::Storage)?;
    folders.image(&item.name).map(Some)
}

/// The extents within `range` in which two images may differ, as many as fit into the page.
fn differences(
    base: Option<&File>,
    image: Option<&File>,
    range: Range<u64>,
    mut page: Page,
) -> Result<Vec<Extent>, PoolError> {
    let (mut one, mut other) = match (base, image) {
        (Some(base), Some(image)) if places_compare(base, image)? => {
            (Layout::extents(base, range.start)?, Layout::extents(image, range.start)?)
        }
        (base, image) => {
            (base.map_or(Layout::None, Layout::runs), image.map_or(Layout::None, Layout::runs))
        }
    };
    let mut position = range.start;
    while position < range.end {
        let ((until, before), (end, after)) = (one.at(position)?, other.at(position)?);
        let next = until.min(end).min(range.end);
        let more = match (verdict(before, after), base, image) {
            (Verdict::Read, Some(base), Some(image)) => {
                compare(base, image, position..next, &mut page)?
            }
            (verdict, _, _) => page.note(position..next, verdict != Verdict::Same),
        };
        if more.is_break() {
            break;
        }
        position = next;
    }
    Ok(page.extents)
}

/// What is known of a stretch in two images.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Same,
    Changed,
    Read,
}

fn verdict(before: Content, after: Content) -> Verdict {
    match (before, after) {
        (Content::Zeros, Content::Zeros) => Verdict::Same,
        // It may have been written with zeros; to look would cost more than to say so.
        (Content::Zeros, _) | (_, Content::Zeros) => Verdict::Changed,
        (
            Content::Stored { physical, shared },
            Content::Stored { physical: other, shared: also_shared },
        ) => match (physical == other, shared && also_shared) {
            (false, _) => Verdict::Changed,
            (true, true) => Verdict::Same,
            // One place in two files that it says it is not shared by: it was written meanwhile.
            (true, false) => Verdict::Read,
        },
        (Content::Unknown, _) | (_, Content::Unknown) => Verdict::Read,
    }
}

/// Reads both images within a range.
fn compare(
    base: &File,
    image: &File,
    range: Range<u64>,
    page: &mut Page,
) -> Result<ControlFlow<()>, PoolError> {
    let (mut before, mut after) = (vec![0; CHUNK], vec![0; CHUNK]);
    let mut position = range.start;
    while position < range.end {
        if page.unread == 0 {
            // Not known to differ, but where the next page begins.
            let end = position.saturating_add(crate::key::bytes(BLOCK)).min(range.end);
            let _full = page.note(position..end, true);
            return Ok(ControlFlow::Break(()));
        }
        let length = usize::try_from(range.end - position).unwrap_or(CHUNK).min(CHUNK);
        page.unread = page.unread.saturating_sub(crate::key::bytes(length));
        let (before, after) = (before.get_mut(..length), after.get_mut(..length));
        let (Some(before), Some(after)) = (before, after) else { break };
        let failed = |error| PoolError::io("reading two images to compare them", error);
        read(base, before, position).map_err(failed)?;
        read(image, after, position).map_err(failed)?;
        for (before, after) in before.chunks(BLOCK).zip(after.chunks(BLOCK)) {
            let next = position.saturating_add(crate::key::bytes(before.len()));
            if page.note(position..next, before != after).is_break() {
                return Ok(ControlFlow::Break(()));
            }
            position = next;
        }
    }
    Ok(ControlFlow::Continue(()))
}

/// Reads at a position. Past the end are zeros: an extent can be longer than its file.
fn read(file: &File, bytes: &mut [u8], position: u64) -> std::io::Result<()> {
    let mut rest = bytes;
    let mut position = position;
    while !rest.is_empty() {
        match file.read_at(rest, position) {
            Ok(0) => {
                rest.fill(0);
                return Ok(());
            }
            Ok(some) => {
                rest = rest.split_at_mut_checked(some).map(|(_, rest)| rest).unwrap_or_default();
                position = position.saturating_add(crate::key::bytes(some));
            }
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// The extents of an answer.
struct Page {
    extents: Vec<Extent>,
    limit: usize,
    /// Bytes that may still be read of each image.
    unread: u64,
}

impl Page {
    /// Takes the next stretch, which follows the one before; breaks where there is no room for
    /// what can come.
    fn note(&mut self, stretch: Range<u64>, changed: bool) -> ControlFlow<()> {
        let full = self.extents.len() >= self.limit;
        let length = stretch.end.saturating_sub(stretch.start);
        match self.extents.last_mut() {
            _ if !changed && full => return ControlFlow::Break(()),
            _ if !changed => {}
            Some(last) if last.offset.saturating_add(last.length) == stretch.start => {
                last.length = last.length.saturating_add(length);
            }
            Some(_) | None if full => return ControlFlow::Break(()),
            Some(_) | None => self.extents.push(Extent { offset: stretch.start, length }),
        }
        ControlFlow::Continue(())
    }
}

#[cfg(test)]
mod tests;
