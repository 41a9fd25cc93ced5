//! What the operator grants a driver. Everything is denied that is not listed.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::attachment::{Attachment, AttachmentKind, DirectDevice, PoolItem};
use crate::ephemeral::Ephemeral;
use crate::error::{Error, Result};
pub use crate::http::HttpGrant;

/// `grants:` of a driver in the configuration.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Grants {
    /// Pool name → absolute directory.
    pub pools: BTreeMap<String, PathBuf>,
    /// Origins that the component may send HTTP requests to.
    pub http: Vec<HttpGrant>,
    /// Kinds of attachment that the node may carry out for this driver.
    pub attachments: BTreeSet<AttachmentKind>,
    /// Patterns of /dev/disk links; `*` stands for any characters but `/`.
    pub devices: Vec<String>,
    /// Mount options that are allowed beyond the host's safe list, one by one.
    pub mount_options: Vec<String>,
    /// That pods may have volumes made for them; none: only persistent ones are served.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ephemeral: Option<Ephemeral>,
}

impl Grants {
    /// Whether this attachment may be carried out for the driver.
    ///
    /// # Errors
    /// `PermissionDenied`, naming the grant that would allow it.
    pub fn check(&self, attachment: &Attachment) -> Result<()> {
        let kind = attachment.kind();
        if !self.attachments.contains(&kind) {
            return Err(Error::denied(format!(
                "the backend asks for an attachment of kind {kind}, which this driver is not \
                 granted; add {kind} to grants.attachments to allow it"
            )));
        }
        match attachment {
            Attachment::ImageFile(item) | Attachment::Directory(item) => {
                self.pool(item).map(|_| ())
            }
            Attachment::BlockDevice(device) => self.check_links(&device.links),
            Attachment::KataDirect(direct) => match &direct.device {
                DirectDevice::BlockDevice(device) => self.check_links(&device.links),
                DirectDevice::ImageFile(item) => self.pool(item).map(|_| ()),
            },
            // These name a remote system, and the device found is checked for its identity.
            Attachment::Iscsi(_)
            | Attachment::NvmeOf(_)
            | Attachment::FibreChannel(_)
            | Attachment::Nfs(_)
            | Attachment::Smb(_)
            | Attachment::Rbd(_)
            | Attachment::Cephfs(_)
            | Attachment::Fuse(_)
            | Attachment::MountedDirectory(_)
            | Attachment::External(_) => Ok(()),
        }
    }

    /// The directory of the pool that an item is in, the item's name checked.
    ///
    /// # Errors
    /// `PermissionDenied` for a pool that is not granted, `InvalidArgument` for a bad name.
    pub fn pool(&self, item: &PoolItem) -> Result<&PathBuf> {
        check_item_name(&item.name)?;
        self.pools.get(&item.pool).ok_or_else(|| {
            Error::denied(format!(
                "pool {:?} is not granted to this driver; add it to grants.pools to allow it",
                item.pool
            ))
        })
    }

    fn check_links(&self, links: &[String]) -> Result<()> {
        for link in links {
            if !self.allows_device(link) {
                return Err(Error::denied(format!(
                    "device /dev/disk/{link} matches none of this driver's grants.devices"
                )));
            }
        }
        Ok(())
    }
}

impl Grants {
    /// Whether a link below /dev/disk may be used for a device.
    #[must_use]
    pub fn allows_device(&self, link: &str) -> bool {
        let safe = !link.starts_with('/') && link.split('/').all(|part| part != "..");
        safe && self.devices.iter().any(|pattern| {
            pattern.strip_prefix("/dev/disk/").is_some_and(|pattern| matches(pattern, link))
        })
    }
}

/// Checks the name of an image or directory in a pool: 1 to 128 of `a-z 0-9 . _ -`, starting with
/// a letter or digit, so that it is one path component whatever the backend meant.
///
/// # Errors
/// `InvalidArgument`, saying what a name looks like.
pub fn check_item_name(name: &str) -> Result<()> {
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    let fits = name.len() <= 128
        && name.bytes().next().is_some_and(plain)
        && name.bytes().all(|b| plain(b) || matches!(b, b'.' | b'_' | b'-'));
    if fits {
        Ok(())
    } else {
        Err(Error::invalid(format!(
            "{name:?} is no name for a pool's item: 1 to 128 of a-z, 0-9, '.', '_' and '-' are \
             wanted, the first a letter or digit"
        )))
    }
}

/// Whether `text` fits a pattern in which `*` stands for any characters but `/`.
fn matches(pattern: &str, text: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == text,
        Some((head, rest)) => text.strip_prefix(head).is_some_and(|tail| {
            let reach = tail.find('/').unwrap_or(tail.len());
            (0..=reach)
                .filter(|&at| tail.is_char_boundary(at))
                .any(|at| tail.get(at..).is_some_and(|tail| matches(rest, tail)))
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::attachment::BlockDevice;

    fn image(pool: &str, name: &str) -> Attachment {
        Attachment::ImageFile(PoolItem { pool: pool.into(), name: name.into() })
    }

    fn grants() -> Grants {
        Grants {
            pools: [("default".to_owned(), PathBuf::from("/pool"))].into(),
            attachments: [AttachmentKind::ImageFile, AttachmentKind::BlockDevice].into(),
            devices: vec!["/dev/disk/by-id/nvme-Vendor_*".to_owned()],
            ..Grants::default()
        }
    }

    #[test]
    fn denies_what_is_not_listed() {
        assert!(grants().check(&image("default", "vol-1")).is_ok());
        assert!(Grants::default().check(&image("default", "vol-1")).is_err());
        assert!(grants().check(&image("other", "vol-1")).is_err());
    }

    #[test]
    fn an_item_is_one_plain_path_component() {
        for bad in ["", ".", "..", "../x", "/x", "a/b", "-x", "A", "a\0", &"x".repeat(129)] {
            assert!(grants().check(&image("default", bad)).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn devices_match_patterns_and_do_not_climb() {
        let check = |link: &str| {
            grants().check(&Attachment::BlockDevice(BlockDevice {
                links: vec![link.to_owned()],
                serial: Some("s".into()),
                wwid: None,
                rescan: false,
            }))
        };
        assert!(check("by-id/nvme-Vendor_vol1").is_ok());
        for bad in ["by-id/nvme-Other", "by-id/nvme-Vendor_/../../sda", "../sda", "/dev/sda"] {
            assert!(check(bad).is_err(), "{bad}");
        }
    }
}
