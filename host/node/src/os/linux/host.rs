//! Facts about the machine. What can't be read is left out: none of it is worth a failure.

use std::net::IpAddr;
use std::path::Path;

use mooring_volume::backend::NodeFacts;

use super::Linux;
use super::errno::io_failed;
use crate::os::{Host, Result};

const BOOT_ID: &str = "/proc/sys/kernel/random/boot_id";
const ISCSI_INITIATOR: &str = "/etc/iscsi/initiatorname.iscsi";
const NVME_HOST_NQN: &str = "/etc/nvme/hostnqn";
const FC_HOSTS: &str = "/sys/class/fc_host";

impl Host for Linux {
    fn boot_id(&self) -> Result<String> {
        std::fs::read_to_string(BOOT_ID)
            .map(|text| text.trim().to_owned())
            .map_err(|error| io_failed(&error, "reading the boot id from", BOOT_ID))
    }

    fn facts(&self) -> NodeFacts {
        NodeFacts {
            id: String::new(),
            hostname: rustix::system::uname().nodename().to_string_lossy().into_owned(),
            system_uuid: dmi("product_uuid"),
            system_serial: dmi("product_serial"),
            board_asset_tag: dmi("board_asset_tag"),
            product_name: dmi("product_name"),
            asset_tag: dmi("chassis_asset_tag"),
            iscsi_initiator: line(Path::new(ISCSI_INITIATOR), "InitiatorName="),
            nvme_host_nqn: line(Path::new(NVME_HOST_NQN), "nqn.").map(|rest| format!("nqn.{rest}")),
            fc_port_names: fc_port_names(Path::new(FC_HOSTS)),
            addresses: addresses(),
            labels: mooring_volume::StringMap::new(),
        }
    }
}

fn dmi(name: &str) -> Option<String> {
    line(&Path::new("/sys/class/dmi/id").join(name), "")
}

/// What follows `prefix` on the first line that has it.
fn line(path: &Path, prefix: &str) -> Option<String> {
    let text = std::fs::read_to_string(path).ok()?;
    let rest = text.lines().find_map(|line| line.trim().strip_prefix(prefix))?;
    Some(rest.trim().to_owned()).filter(|rest| !rest.is_empty())
}

/// 16 hexadecimal digits each.
fn fc_port_names(hosts: &Path) -> Vec<String> {
    let Ok(entries) = std::fs::read_dir(hosts) else { return Vec::new() };
    let mut names: Vec<String> =
        entries.flatten().filter_map(|entry| line(&entry.path().join("port_name"), "0x")).collect();
    names.sort();
    names
}

/// Addresses by which others may reach the machine: neither loopback nor link-local.
fn addresses() -> Vec<String> {
    let Ok(interfaces) = nix::ifaddrs::getifaddrs() else { return Vec::new() };
    let mut found: Vec<IpAddr> = interfaces
        .filter_map(|interface| interface.address)
        .filter_map(|address| match (address.as_sockaddr_in(), address.as_sockaddr_in6()) {
            (Some(v4), _) => Some(IpAddr::V4(v4.ip())),
            (None, Some(v6)) => Some(IpAddr::V6(v6.ip())),
            (None, None) => None,
        })
        .filter(is_reachable)
        .collect();
    found.sort();
    found.dedup();
    found.iter().map(IpAddr::to_string).collect()
}

fn is_reachable(address: &IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => !v4.is_loopback() && !v4.is_link_local(),
        IpAddr::V6(v6) => !v6.is_loopback() && !v6.is_unicast_link_local(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_found_by_its_prefix() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("file");
        let text = "## comment\nInitiatorName=iqn.1993-08.org.debian:01:abc \nInitiatorAlias=x\n";
        std::fs::write(&path, text).unwrap();
        let found = line(&path, "InitiatorName=");
        assert_eq!(found.as_deref(), Some("iqn.1993-08.org.debian:01:abc"));
        assert_eq!(line(&path, "Other="), None);
        assert_eq!(line(&dir.path().join("absent"), ""), None);
    }

    #[test]
    fn port_names_are_sorted_digits() {
        let dir = tempfile::tempdir().unwrap();
        for (host, name) in [("host1", "0x21000024ff000002\n"), ("host0", "0x21000024ff000001\n")] {
            std::fs::create_dir(dir.path().join(host)).unwrap();
            std::fs::write(dir.path().join(host).join("port_name"), name).unwrap();
        }
        assert_eq!(fc_port_names(dir.path()), ["21000024ff000001", "21000024ff000002"]);
        assert!(fc_port_names(&dir.path().join("absent")).is_empty());
    }

    #[test]
    fn this_machine_has_a_name_and_a_boot() {
        let linux = Linux::new();
        assert!(!linux.facts().hostname.is_empty());
        assert_eq!(linux.boot_id().unwrap().len(), 36);
        assert_eq!(linux.boot_id().unwrap(), linux.boot_id().unwrap());
        for address in linux.facts().addresses {
            assert!(is_reachable(&address.parse().unwrap()), "{address}");
        }
    }
}
