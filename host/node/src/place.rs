//! Where mounts may go: staging and target paths, checked as text and against the operator's
//! roots. What stands at a path is looked at elsewhere.

use std::path::{Component, Path, PathBuf};

use mooring_volume::{Error, Result};

/// The longest path of Linux, in bytes, with its closing zero.
const LONGEST: usize = 4096;

/// Checks the form of a path: absolute, of plain segments.
///
/// # Errors
/// `InvalidArgument`, naming the field.
pub(crate) fn check_form(field: &str, path: &Path) -> Result<()> {
    let bytes = path.as_os_str().as_encoded_bytes();
    let refuse = |why: &str| {
        let shown: String = path.to_string_lossy().chars().take(200).collect();
        Err(Error::invalid(format!("{field} {shown:?} {why}")))
    };
    if bytes.is_empty() {
        return Err(Error::invalid(format!("{field} is empty; it is required")));
    }
    if bytes.len() >= LONGEST {
        return refuse("has 4096 bytes or more");
    }
    if bytes.iter().any(u8::is_ascii_control) {
        return refuse("holds a control character");
    }
    if !path.is_absolute() {
        return refuse("is relative; an absolute path is wanted");
    }
    // Path::components drops `.` segments; they are harmless, `..` is not.
    let plain = |part: Component<'_>| matches!(part, Component::RootDir | Component::Normal(_));
    if !path.components().all(plain) {
        return refuse("holds a .. segment");
    }
    Ok(())
}

/// A root below which paths are allowed: as the operator wrote it, and without symbolic links.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Root {
    /// As in the configuration, and so in the orchestrator's paths.
    pub(crate) written: PathBuf,
    /// As in the mount table.
    pub(crate) real: PathBuf,
}

/// Directories in which no volume may appear: the host's own state, and the pools.
pub(crate) type Forbidden<'a> = &'a [PathBuf];

/// The path as it stands in the mount table, when it lies below one of the roots.
pub(crate) fn below_roots(path: &Path, roots: &[Root]) -> Option<PathBuf> {
    roots.iter().find_map(|root| {
        let rest =
            [&root.written, &root.real].into_iter().find_map(|r| path.strip_prefix(r).ok())?;
        let inside = rest.components().next().is_some();
        inside.then(|| root.real.join(rest).components().collect())
    })
}

/// Checks that a path may be mounted on, and answers it as it stands in the mount table.
///
/// # Errors
/// `InvalidArgument`, naming the field and the roots.
pub(crate) fn allowed(
    field: &str,
    path: &Path,
    roots: &[Root],
    forbidden: Forbidden<'_>,
) -> Result<PathBuf> {
    check_form(field, path)?;
    let Some(real) = below_roots(path, roots) else {
        let roots: Vec<String> = roots.iter().map(|r| r.written.display().to_string()).collect();
        return Err(Error::invalid(format!(
            "{field} {} is outside the roots that the operator allows (node.targetRoots: {})",
            path.display(),
            roots.join(", ")
        )));
    };
    if let Some(own) = forbidden.iter().find(|own| related(&real, own)) {
        return Err(Error::invalid(format!(
            "{field} {} touches {}, which belongs to the host itself",
            path.display(),
            own.display()
        )));
    }
    Ok(real)
}

/// Whether one of two paths lies in the other, or they are the same.
pub(crate) fn related(one: &Path, other: &Path) -> bool {
    one.starts_with(other) || other.starts_with(one)
}

#[cfg(test)]
mod tests {
    use mooring_volume::Code;

    use super::*;

    fn ask(path: &str) -> Result<PathBuf> {
        let roots = [Root { written: "/var/lib/kubelet".into(), real: "/data/kubelet".into() }];
        allowed("target_path", Path::new(path), &roots, &["/data/kubelet/mooring".into()])
    }

    #[test]
    fn paths_are_answered_as_the_mount_table_has_them() {
        for path in ["/var/lib/kubelet/a/b", "/data/kubelet/a/b", "/data/kubelet/./a//b/"] {
            assert_eq!(ask(path).unwrap(), Path::new("/data/kubelet/a/b"), "{path}");
        }
    }

    #[test]
    fn what_could_harm_is_refused() {
        let long = format!("/var/lib/kubelet/{}", "x/".repeat(2100));
        for path in [
            "",
            "/",
            "/etc",
            "relative",
            "/var/lib/kubelet",
            "/var/lib/kubelet/../../etc",
            "/var/lib/kubeletx/a",
            "/data/kubelet/mooring",
            "/data/kubelet/mooring/a",
            "/var/lib/kubelet/a\nb",
            "/var/lib/kubelet/a\0",
            &long,
        ] {
            assert_eq!(ask(path).unwrap_err().code, Code::InvalidArgument, "{path:?}");
        }
    }
}
