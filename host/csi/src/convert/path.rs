//! Paths, as texts: whether they can be meant at all. The node opens them, segment by segment.

use std::path::PathBuf;

use mooring_volume::{Error, Result};

use super::text;

/// Source: Linux `PATH_MAX`, and `NAME_MAX` for one segment.
const LONGEST: usize = 4096;
const LONGEST_SEGMENT: usize = 255;

/// A path that must be given, absolute, and free of segments that lead elsewhere.
pub(crate) fn absolute(field: &str, path: &str) -> Result<PathBuf> {
    optional(field, path)?
        .ok_or_else(|| Error::invalid(format!("{field} is empty; an absolute path is required")))
}

/// The same, where it may be left out.
pub(crate) fn optional(field: &str, path: &str) -> Result<Option<PathBuf>> {
    if path.is_empty() {
        return Ok(None);
    }
    text::plain(field, path, LONGEST)?;
    if !path.starts_with('/') {
        return Err(relative(field));
    }
    segments(field, path).map(Some)
}

/// Where a volume is, of stats and expansion. A relative path is well formed, and no volume is there:
/// csi-sanity wants NOT_FOUND for it.
pub(crate) fn of_volume(field: &str, path: &str) -> Result<PathBuf> {
    if path.is_empty() || path.starts_with('/') {
        return absolute(field, path);
    }
    text::plain(field, path, LONGEST)?;
    Err(Error::not_found(relative(field).message + "; no volume is there"))
}

fn relative(field: &str) -> Error {
    Error::invalid(format!("{field} is relative; an absolute path is wanted"))
}

/// The path without doubled and closing slashes.
fn segments(field: &str, path: &str) -> Result<PathBuf> {
    let mut clean = PathBuf::from("/");
    for segment in path.split('/').filter(|segment| !segment.is_empty()) {
        if matches!(segment, "." | "..") {
            return Err(Error::invalid(format!(
                "{field} has the segment {segment:?}; a path without \".\" and \"..\" is wanted"
            )));
        }
        if segment.len() > LONGEST_SEGMENT {
            return Err(Error::invalid(format!(
                "{field} has a segment of {} bytes; at most {LONGEST_SEGMENT} are allowed",
                segment.len()
            )));
        }
        clean.push(segment);
    }
    if clean.parent().is_none() {
        return Err(Error::invalid(format!(
            "{field} is the root directory; a path below it is wanted"
        )));
    }
    Ok(clean)
}

/// Refuses two paths of one call of which one is, or lies within, the other: the volume would contain its
/// own mount point.
pub(crate) fn apart(first: (&str, &PathBuf), second: (&str, &PathBuf)) -> Result<()> {
    let ((first, a), (second, b)) = (first, second);
    if a.starts_with(b) || b.starts_with(a) {
        return Err(Error::invalid(format!(
            "{first} and {second} are the same or one lies within the other; two separate paths are wanted"
        )));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use mooring_volume::Code;
    use proptest::prelude::*;

    #[test]
    fn slashes_are_tidied() {
        assert_eq!(absolute("p", "/a//b/").unwrap(), PathBuf::from("/a/b"));
    }

    #[test]
    fn a_relative_place_of_a_volume_is_not_found() {
        assert_eq!(of_volume("volume_path", "some/path").unwrap_err().code, Code::NotFound);
        assert_eq!(of_volume("volume_path", "").unwrap_err().code, Code::InvalidArgument);
        assert_eq!(of_volume("volume_path", "a\nb").unwrap_err().code, Code::InvalidArgument);
    }

    proptest! {
        #[test]
        fn what_passes_stays_where_it_says(path in "[/.a\\PC]{0,40}") {
            if let Ok(clean) = absolute("p", &path) {
                prop_assert!(clean.is_absolute() && clean.parent().is_some());
                let plain = |c| matches!(c, std::path::Component::Normal(_) | std::path::Component::RootDir);
                prop_assert!(clean.components().all(plain));
            }
        }
    }
}
