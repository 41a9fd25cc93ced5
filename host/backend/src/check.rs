//! Whether what a component answered can be: sizes, lengths, forms. It is data of a stranger.

mod blocks;
mod health;
mod snapshot;

use mooring_volume::attachment::{
    Attachment, BlockDevice, CephCluster, DirectDevice, External, FibreChannel, Iscsi, IscsiTarget,
    KataDirect, MountedDirectory, Nfs, NvmeOf, NvmeTransport, PoolItem, Smb,
};
use mooring_volume::policy::check_item_name;
use mooring_volume::topology::Topology;
use mooring_volume::{Error, StringMap};

pub(crate) use blocks::blocks;
pub(crate) use health::findings;
pub(crate) use snapshot::{group, moment};

/// CSI "Size Limits": maps have at most 4 KiB.
const MAX_MAP: usize = 4 << 10;
/// CSI "Size Limits": strings have at most 128 bytes where nothing else is said.
const MAX_TEXT: usize = 128;
/// The longest name of the wire formats that attachments carry: NVMe and iSCSI names have 223.
const MAX_NAME: usize = 223;
/// Longest path or document in an attachment.
const MAX_PATH: usize = 4 << 10;
/// Entries of one page, whatever was asked for: about 4 MiB of gRPC.
const MAX_ENTRIES: usize = 10_000;
/// Portals, servers, links of one attachment.
const MAX_WAYS: usize = 64;
/// Places of one volume.
const MAX_PLACES: usize = 256;

/// The component answered what cannot be; the text completes "the backend returned …".
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Malformed(pub(crate) String);

type Checked<T> = Result<T, Malformed>;

fn ensure(holds: bool, returned: impl FnOnce() -> String) -> Checked<()> {
    if holds { Ok(()) } else { Err(Malformed(returned())) }
}

/// An identifier that the domain has checked.
pub(crate) fn id<T>(what: &str, id: Result<T, Error>) -> Checked<T> {
    id.map_err(|error| Malformed(format!("a bad {what}: {}", error.message)))
}

/// A number of bytes, which CSI's messages hold as int64.
pub(crate) fn bytes(what: &str, bytes: u64) -> Checked<u64> {
    count(what, bytes)
}

/// A number that CSI's messages hold as int64.
pub(crate) fn count(what: &str, count: u64) -> Checked<u64> {
    ensure(i64::try_from(count).is_ok(), || format!("{what} {count}, which is past 2^63"))?;
    Ok(count)
}

/// Short text: not empty, no control characters.
pub(crate) fn text(what: &str, text: String) -> Checked<String> {
    ensure(is_plain(&text, MAX_TEXT), || {
        format!("a bad {what}: 1 to {MAX_TEXT} bytes without control characters are wanted")
    })?;
    Ok(text)
}

fn is_plain(text: &str, most: usize) -> bool {
    !text.is_empty() && text.len() <= most && !text.chars().any(char::is_control)
}

/// A map whose names are unique and not empty, of at most 4 KiB.
pub(crate) fn string_map(what: &str, pairs: Vec<(String, String)>) -> Checked<StringMap> {
    let (count, size) =
        (pairs.len(), pairs.iter().map(|(name, value)| name.len() + value.len()).sum::<usize>());
    ensure(size <= MAX_MAP && count <= MAX_MAP, || {
        format!("a {what} of {size} bytes; at most {MAX_MAP} are allowed")
    })?;
    let map: StringMap = pairs.into_iter().collect();
    ensure(map.len() == count, || format!("a {what} that names a key twice"))?;
    ensure(!map.contains_key(""), || format!("a {what} with an empty key"))?;
    Ok(map)
}

/// One place. Source: CSI "Topology": keys are an optional prefix, a slash and a name; names and
/// values have at most 63 characters.
pub(crate) fn topology(place: Vec<(String, String)>) -> Checked<Topology> {
    let place = string_map("topology", place)?;
    let part = |part: &str| {
        let ends = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric());
        part.len() <= 63
            && ends(part.chars().next())
            && ends(part.chars().next_back())
            && part.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'))
    };
    for (key, value) in &place {
        let (prefix, name) = key.rsplit_once('/').unwrap_or(("", key));
        let prefix_fits = !key.contains('/') || prefix.len() <= 253 && prefix.split('.').all(part);
        ensure(prefix_fits && part(name) && part(value), || {
            format!("the topology {key:?} = {value:?}, which is no CSI topology segment")
        })?;
    }
    Ok(Topology(place))
}

/// The places of one volume.
pub(crate) fn topologies(places: Vec<Vec<(String, String)>>) -> Checked<Vec<Topology>> {
    ensure(places.len() <= MAX_PLACES, || {
        format!("{} places of a volume; at most {MAX_PLACES} are allowed", places.len())
    })?;
    places.into_iter().map(topology).collect()
}

/// The length of a page.
pub(crate) fn page(entries: usize, max_entries: u32) -> Checked<()> {
    let asked = if max_entries == 0 { MAX_ENTRIES } else { max_entries as usize };
    let most = asked.min(MAX_ENTRIES);
    ensure(entries <= most, || format!("{entries} entries in a page; at most {most} fit"))
}

/// Where the next page starts.
pub(crate) fn token(token: String) -> Checked<String> {
    ensure(is_plain(&token, MAX_PATH), || {
        format!("a bad page token: 1 to {MAX_PATH} bytes without control characters are wanted")
    })?;
    Ok(token)
}

/// The form of an attachment. Whether it is granted is policy's question.
pub(crate) fn attachment(attachment: &Attachment) -> Checked<()> {
    match attachment {
        Attachment::ImageFile(item) | Attachment::Directory(item) => pool_item(item),
        Attachment::BlockDevice(device) => block_device(device),
        Attachment::Iscsi(target) => iscsi(target),
        Attachment::NvmeOf(namespace) => nvme_of(namespace),
        Attachment::FibreChannel(unit) => fibre_channel(unit),
        Attachment::Nfs(Nfs { servers, export_path, version: _ }) => {
            ways("servers", servers, |server| is_plain(server, 253))?;
            absolute("export-path", export_path)
        }
        Attachment::Smb(share) => smb(share),
        Attachment::Rbd(rbd) => {
            ceph(&rbd.cluster)?;
            for (what, part) in [("pool", &rbd.pool), ("image", &rbd.image)] {
                name(what, part, &['/', '@'])?;
            }
            rbd.namespace.iter().try_for_each(|space| name("namespace", space, &['/', '@']))
        }
        Attachment::Cephfs(cephfs) => {
            ceph(&cephfs.cluster)?;
            name("fs-name", &cephfs.fs_name, &['/', ','])?;
            absolute("path", &cephfs.path)
        }
        Attachment::Fuse(fuse) => {
            name("client", &fuse.client, &['/'])?;
            ensure(is_plain(&fuse.source, MAX_PATH), || "a bad source".to_owned())
        }
        Attachment::MountedDirectory(MountedDirectory { root, path }) => {
            name("root", root, &['/'])?;
            relative("path", path)
        }
        Attachment::KataDirect(KataDirect { device, fs_type, metadata: _ }) => {
            fs_type.iter().try_for_each(|fs| name("fs-type", fs, &['/', ',']))?;
            match device {
                DirectDevice::BlockDevice(device) => block_device(device),
                DirectDevice::ImageFile(item) => pool_item(item),
            }
        }
        Attachment::External(External { program, request, secrets: _ }) => {
            name("program", program, &['/'])?;
            let object = serde_json::from_str::<serde_json::Map<_, _>>(request).is_ok();
            ensure(object && request.len() <= MAX_PATH, || {
                format!("a request that is no JSON object of at most {MAX_PATH} bytes")
            })
        }
    }
}

fn pool_item(item: &PoolItem) -> Checked<()> {
    let PoolItem { pool, name: item } = item;
    name("pool", pool, &['/'])?;
    check_item_name(item).map_err(|error| Malformed(format!("a bad name: {}", error.message)))
}

fn block_device(device: &BlockDevice) -> Checked<()> {
    let BlockDevice { links, serial, wwid, rescan: _ } = device;
    ways("links", links, |link| link.len() <= MAX_PATH && is_beneath(link))?;
    identity(serial.as_ref())?;
    identity(wwid.as_ref())?;
    ensure(serial.is_some() || wwid.is_some(), || {
        "a block device with neither serial nor wwid; one of them is required".to_owned()
    })
}

fn iscsi(target: &Iscsi) -> Checked<()> {
    iscsi_target(&target.portals, &target.iqn)?;
    ensure(target.further_targets.len() < MAX_WAYS, || {
        format!("{} further targets", target.further_targets.len())
    })?;
    for IscsiTarget { portals, iqn, lun: _ } in &target.further_targets {
        iscsi_target(portals, iqn)?;
    }
    identity(target.wwid.as_ref())
}

fn iscsi_target(portals: &[String], iqn: &str) -> Checked<()> {
    ways("portals", portals, is_address)?;
    let named = ["iqn.", "eui.", "naa."].iter().any(|kind| iqn.starts_with(kind));
    ensure(named && is_word(iqn), || format!("the iqn {iqn:?}, which is no iSCSI name"))
}

fn nvme_of(namespace: &NvmeOf) -> Checked<()> {
    let NvmeOf { transport, addresses, subsystem_nqn, namespace: _, host_nqn, dhchap_key: _ } =
        namespace;
    let address = |address: &str| match transport {
        NvmeTransport::Tcp | NvmeTransport::Rdma => is_address(address),
        NvmeTransport::Fc => address.starts_with("nn-0x") && address.contains(":pn-0x"),
    };
    ways("addresses", addresses, |text| is_word(text) && address(text))?;
    for nqn in [Some(subsystem_nqn), host_nqn.as_ref()].into_iter().flatten() {
        let fits = nqn.starts_with("nqn.") && is_word(nqn);
        ensure(fits, || format!("the nqn {nqn:?}, which is no NVMe name"))?;
    }
    Ok(())
}

fn fibre_channel(unit: &FibreChannel) -> Checked<()> {
    let FibreChannel { target_wwns, lun: _, wwid } = unit;
    identity(wwid.as_ref())?;
    if target_wwns.is_empty() && wwid.is_some() {
        return Ok(());
    }
    ways("target-wwns", target_wwns, |wwn| {
        wwn.len() == 16 && wwn.bytes().all(|digit| digit.is_ascii_hexdigit())
    })
}

fn smb(share: &Smb) -> Checked<()> {
    let Smb { server, share, subdirectory, auth: _ } = share;
    name("server", server, &['/', '\\', ','])?;
    name("share", share, &['/', '\\', ','])?;
    subdirectory.iter().try_for_each(|path| relative("subdirectory", path))
}

fn ceph(cluster: &CephCluster) -> Checked<()> {
    let CephCluster { monitors, fsid, user, key: _ } = cluster;
    ways("monitors", monitors, is_address)?;
    fsid.iter().try_for_each(|fsid| name("fsid", fsid, &['/', ',']))?;
    name("user", user, &['/', ',', '='])
}

/// One to `MAX_WAYS` ways to the same storage, each of its form.
fn ways(what: &str, ways: &[String], fits: impl Fn(&str) -> bool) -> Checked<()> {
    ensure((1..=MAX_WAYS).contains(&ways.len()), || {
        format!("{} {what}; 1 to {MAX_WAYS} are wanted", ways.len())
    })?;
    match ways.iter().find(|way| !fits(way)) {
        None => Ok(()),
        Some(bad) => Err(Malformed(format!("the bad entry {bad:?} in {what}"))),
    }
}

/// A name without the characters that separate names where it will stand.
fn name(what: &str, name: &str, without: &[char]) -> Checked<()> {
    let fits = is_plain(name, MAX_NAME) && !name.contains(without) && name != "." && name != "..";
    ensure(fits && !name.starts_with('-'), || format!("the bad {what} {name:?}"))
}

/// A serial or wwid, where there is one.
fn identity(identity: Option<&String>) -> Checked<()> {
    identity.into_iter().try_for_each(|text| {
        ensure(is_plain(text, MAX_NAME), || format!("the bad serial or wwid {text:?}"))
    })
}

fn is_word(text: &str) -> bool {
    is_plain(text, MAX_NAME) && !text.contains([' ', ',', '/'])
}

/// `address:port`; an IPv6 address in brackets.
fn is_address(text: &str) -> bool {
    text.rsplit_once(':').is_some_and(|(address, port)| {
        let bracketed = address.starts_with('[') && address.ends_with(']');
        !address.is_empty()
            && is_word(address)
            && (bracketed || !address.contains([':', '[', ']']))
            && port.parse::<u16>().is_ok_and(|port| port > 0)
    })
}

/// Relative, with neither empty parts nor `.` nor `..`.
fn is_beneath(path: &str) -> bool {
    is_plain(path, MAX_PATH) && path.split('/').all(|part| !matches!(part, "" | "." | ".."))
}

fn relative(what: &str, path: &str) -> Checked<()> {
    ensure(is_beneath(path), || {
        format!("the {what} {path:?}, which is not plainly beneath its root")
    })
}

/// Absolute on the server, without `..`.
fn absolute(what: &str, path: &str) -> Checked<()> {
    let fits = is_plain(path, MAX_PATH)
        && path.strip_prefix('/').is_some_and(|rest| rest.is_empty() || is_beneath(rest));
    ensure(fits, || format!("the {what} {path:?}, which is no plain absolute path"))
}

#[cfg(test)]
mod tests;
