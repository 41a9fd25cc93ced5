//! What a component might answer that cannot be.

use mooring_sdk::attachments::{
    Answer, Attachment, BlockDevice, Content, DirectDevice, External, Iscsi, KataDirect,
    MountedDirectory, Nfs, NfsVersion, PoolItem,
};
use mooring_sdk::listing::{Entries, Entry};
use mooring_sdk::nodes::Description;
use mooring_sdk::types::{ContentSource, StringMap, Volume};

const SIZE: u64 = 8 << 20;

pub(crate) fn volume(fault: &str) -> Volume {
    let good = Volume {
        id: "good".to_owned(),
        capacity: SIZE,
        context: vec![],
        source: None,
        topology: vec![],
    };
    match fault {
        "id-empty" => Volume { id: String::new(), ..good },
        "id-long" => Volume { id: "x".repeat(129), ..good },
        "id-control" => Volume { id: "a\nb".to_owned(), ..good },
        "capacity-huge" => Volume { capacity: u64::MAX, ..good },
        "capacity-small" => Volume { capacity: SIZE - 1, ..good },
        "source-bad" => Volume { source: Some(ContentSource::Volume(String::new())), ..good },
        "topology-bad" => Volume { topology: vec![pair("zo ne", "a")], ..good },
        "topologies-many" => Volume { topology: vec![pair("zone", "a"); 1_000], ..good },
        "lift-much" => Volume { context: vec![("k".to_owned(), "v".repeat(32 << 20))], ..good },
        "lift-many" => Volume { topology: vec![vec![]; 4 << 20], ..good },
        _ => Volume { context: context(fault), ..good },
    }
}

pub(crate) fn context(fault: &str) -> StringMap {
    match fault {
        "context-large" => pair("k", &"v".repeat(5_000)),
        "context-twice" => vec![("k".to_owned(), "1".to_owned()), ("k".to_owned(), "2".to_owned())],
        "context-nameless" => pair("", "v"),
        _ => vec![],
    }
}

pub(crate) fn entries(fault: &str) -> Entries {
    let count = match fault {
        "too-many" => 10_001,
        "three" => 3,
        _ => 1,
    };
    let entry = || Entry { volume: volume(fault), published_nodes: None };
    let mut entries: Vec<Entry> = (0..count).map(|_| entry()).collect();
    if fault == "node-empty" {
        entries[0].published_nodes = Some(vec![String::new()]);
    }
    let next = (fault == "token-empty").then(String::new);
    Entries { entries, next }
}

pub(crate) fn node(fault: &str) -> Description {
    let good = Description { id: "node".to_owned(), topology: None, max_volumes: None };
    match fault {
        "id-long" => Description { id: "x".repeat(257), ..good },
        "count-huge" => Description { max_volumes: Some(u64::MAX), ..good },
        "topology-bad" => Description { topology: Some(pair("zone", "a b")), ..good },
        _ => good,
    }
}

pub(crate) fn attachment(fault: &str) -> Answer {
    let device = |link: &str, serial: Option<&str>| BlockDevice {
        links: vec![link.to_owned()],
        serial: serial.map(str::to_owned),
        wwid: None,
        rescan: false,
    };
    let item = |pool: &str, name: &str| PoolItem { pool: pool.to_owned(), name: name.to_owned() };
    let attachment = match fault {
        "item-climbs" => Attachment::ImageFile(item("default", "../../etc/shadow")),
        "item-absolute" => Attachment::Directory(item("default", "/etc")),
        "item-unknown" => Attachment::ImageFile(item("default", "never-made")),
        "pool-foreign" => Attachment::ImageFile(item("other", "vol")),
        "link-climbs" => Attachment::BlockDevice(device("by-id/../../sda", Some("s"))),
        "link-absolute" => Attachment::BlockDevice(device("/dev/sda", Some("s"))),
        "device-nameless" => Attachment::BlockDevice(device("by-id/x", None)),
        "device-ungranted" => Attachment::BlockDevice(device("by-id/x", Some("s"))),
        "portal-bad" => Attachment::Iscsi(Iscsi {
            portals: vec!["10.0.0.1; rm -rf /".to_owned()],
            iqn: "iqn.2001-04.com.example:disk".to_owned(),
            lun: 0,
            wwid: None,
            discover: false,
            chap: None,
            mutual_chap: None,
            discovery_chap: None,
            further_targets: Vec::new(),
        }),
        "export-climbs" => Attachment::Nfs(Nfs {
            servers: vec!["nas".to_owned()],
            export_path: "/export/../../etc".to_owned(),
            version: NfsVersion::Any,
        }),
        "directory-climbs" => Attachment::MountedDirectory(MountedDirectory {
            root: "quobyte".to_owned(),
            path: "../../..".to_owned(),
        }),
        "program-path" => Attachment::External(External {
            program: "/bin/sh".to_owned(),
            request: "{}".to_owned(),
            secrets: vec![],
        }),
        "kata-climbs" => Attachment::KataDirect(KataDirect {
            device: DirectDevice::ImageFile(item("default", "..")),
            fs_type: None,
            metadata: vec![],
        }),
        _ => Attachment::ImageFile(item("default", "vol")),
    };
    let minimum_size = (fault == "size-huge").then_some(u64::MAX);
    Answer { attachment, content: Content::Blank, minimum_size }
}

fn pair(name: &str, value: &str) -> StringMap {
    vec![(name.to_owned(), value.to_owned())]
}
