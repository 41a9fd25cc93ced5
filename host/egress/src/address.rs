//! Which addresses may be connected to: a pure judgement on one address and the networks that the
//! operator granted. The ranges are those of the IANA special-purpose address registries.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::IpNet;

/// What an address is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Range {
    /// Reached without further grant.
    Public,
    /// Reached where a granted network lists it.
    Private,
    /// Reached where a granted network lies within loopback.
    Loopback,
    /// Never reached.
    Never(&'static str),
}

/// Addresses at which clouds hand out credentials, where no range tells them.
const METADATA: [IpAddr; 6] = [
    IpAddr::V4(Ipv4Addr::new(169, 254, 169, 254)),
    IpAddr::V4(Ipv4Addr::new(100, 100, 100, 200)),
    IpAddr::V4(Ipv4Addr::new(192, 0, 0, 192)),
    IpAddr::V4(Ipv4Addr::new(168, 63, 129, 16)),
    IpAddr::V6(Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254)),
    IpAddr::V6(Ipv6Addr::new(0xfd20, 0xce, 0, 0, 0, 0, 0, 0x254)),
];

/// Whether an address may be connected to.
///
/// # Errors
/// Why not.
pub(crate) fn judge(address: IpAddr, granted: &[IpNet]) -> Result<(), &'static str> {
    let listed = granted.iter().any(|network| network.contains(&address));
    let (real, embedded) = match address {
        IpAddr::V4(_) => (address, None),
        IpAddr::V6(v6) => unwrapped(v6)?,
    };
    let mapped = real != address && granted.iter().any(|network| network.contains(&real));
    allowed(real, listed || mapped, granted)?;
    match embedded {
        Some(v4) => {
            let v4 = IpAddr::V4(v4);
            allowed(v4, granted.iter().any(|network| network.contains(&v4)), granted)
        }
        None => Ok(()),
    }
}

fn allowed(address: IpAddr, listed: bool, granted: &[IpNet]) -> Result<(), &'static str> {
    match range(address) {
        Range::Public => Ok(()),
        Range::Private if listed => Ok(()),
        Range::Private => Err("it is private; list its network under `networks` to allow it"),
        Range::Loopback if granted.iter().any(|network| is_within_loopback(network, address)) => {
            Ok(())
        }
        Range::Loopback => {
            Err("it is this machine; list 127.0.0.0/8 or ::1/128 under `networks` to allow it")
        }
        Range::Never(what) => Err(what),
    }
}

fn is_within_loopback(network: &IpNet, address: IpAddr) -> bool {
    network.contains(&address)
        && match network {
            IpNet::V4(v4) => v4.prefix_len() >= 8,
            IpNet::V6(v6) => v6.prefix_len() == 128,
        }
}

/// The address that packets go to, and one of IPv4 that a translator on the way takes out of it.
fn unwrapped(v6: Ipv6Addr) -> Result<(IpAddr, Option<Ipv4Addr>), &'static str> {
    let [a, b, c, d, _, _, g, h] = v6.segments();
    let v4 = |high: u16, low: u16| {
        let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
        Ipv4Addr::new(a, b, c, d)
    };
    if let Some(mapped) = v6.to_ipv4_mapped() {
        return Ok((IpAddr::V4(mapped), None));
    }
    match (a, b) {
        // RFC 6052's well-known prefix; its translator reaches what the IPv4 address names.
        (0x64, 0xff9b) if c == 0 && d == 0 => Ok((IpAddr::V6(v6), Some(v4(g, h)))),
        (0x64, 0xff9b) => Err("it belongs to a translator of this network (RFC 8215)"),
        // 6to4.
        (0x2002, high) => Ok((IpAddr::V6(v6), Some(v4(high, c)))),
        (0x2001, 0) => Err("it is of a Teredo tunnel"),
        _ => Ok((IpAddr::V6(v6), None)),
    }
}

fn range(address: IpAddr) -> Range {
    if METADATA.contains(&address) {
        return Range::Never("a cloud's metadata is there");
    }
    match address {
        IpAddr::V4(v4) => range_v4(v4),
        IpAddr::V6(v6) => range_v6(v6),
    }
}

fn range_v4(v4: Ipv4Addr) -> Range {
    match v4.octets() {
        [0, ..] => Range::Never("it is unspecified"),
        [127, ..] => Range::Loopback,
        [169, 254, ..] => Range::Never("it is link-local"),
        [255, 255, 255, 255] => Range::Never("it is broadcast"),
        [224..=239, ..] => Range::Never("it is multicast"),
        [240..=255, ..] => Range::Never("it is reserved"),
        [10, ..] | [172, 16..=31, ..] | [192, 168, ..] => Range::Private,
        // Shared by carriers, assignments of protocols, documentation, benchmarks.
        [100, 64..=127, ..] | [192, 0, 0 | 2, _] | [198, 18 | 19, ..] => Range::Private,
        [198, 51, 100, _] | [203, 0, 113, _] => Range::Private,
        _ => Range::Public,
    }
}

fn range_v6(v6: Ipv6Addr) -> Range {
    if v6.is_loopback() {
        return Range::Loopback;
    }
    match v6.segments() {
        [0, 0, 0, 0, 0, 0, 0, 0] => Range::Never("it is unspecified"),
        // What is left of the first block is not in use: deprecated forms of IPv4 among them.
        [0, ..] => Range::Never("it is reserved"),
        [0xff00..=0xffff, ..] => Range::Never("it is multicast"),
        [0xfe80..=0xfebf, ..] => Range::Never("it is link-local"),
        // Unique local, and the site-local that was before it.
        [0xfc00..=0xfdff, ..] | [0xfec0..=0xfeff, ..] => Range::Private,
        [0x2001, 0xdb8, ..] | [0x3fff, 0..=0xfff, ..] | [0x100, 0, 0, 0, ..] => Range::Private,
        _ => Range::Public,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(address: &str, networks: &[&str]) -> Result<(), &'static str> {
        let networks: Vec<IpNet> = networks.iter().map(|n| n.parse().unwrap()).collect();
        judge(address.parse().unwrap(), &networks)
    }

    const EVERYTHING: [&str; 2] = ["0.0.0.0/0", "::/0"];

    #[test]
    fn public_addresses_need_no_network() {
        for public in ["93.184.216.34", "2606:2800:220:1::1", "64:ff9b::5db8:d822"] {
            assert_eq!(judged(public, &[]), Ok(()), "{public}");
        }
    }

    #[test]
    fn some_addresses_are_never_reached() {
        for never in [
            "0.0.0.0",
            "0.1.2.3",
            "169.254.169.254",
            "169.254.1.1",
            "224.0.0.1",
            "239.1.1.1",
            "240.0.0.1",
            "255.255.255.255",
            "100.100.100.200",
            "168.63.129.16",
            "::",
            "fe80::1",
            "febf::1",
            "ff02::1",
            "fd00:ec2::254",
            "fd20:ce::254",
            "::ffff:169.254.169.254",
            "::ffff:0.0.0.0",
            "64:ff9b::a9fe:a9fe",
            "64:ff9b:1::a9fe:a9fe",
            "2002:a9fe:a9fe::1",
            "2001::1",
            "::a9fe:a9fe",
            "::7f00:1",
        ] {
            assert!(judged(never, &EVERYTHING).is_err(), "{never}");
            assert!(judged(never, &["127.0.0.0/8", "::1/128"]).is_err(), "{never}");
        }
    }

    #[test]
    fn loopback_is_granted_by_its_name_alone() {
        for loopback in ["127.0.0.1", "127.8.9.10", "::ffff:127.0.0.1", "::1"] {
            assert!(judged(loopback, &[]).is_err(), "{loopback}");
            assert!(judged(loopback, &EVERYTHING).is_err(), "{loopback}");
            assert_eq!(judged(loopback, &["127.0.0.0/8", "::1/128"]), Ok(()), "{loopback}");
        }
        assert!(judged("127.0.0.2", &["127.0.0.1/32"]).is_err());
        assert!(judged("64:ff9b::7f00:1", &["64:ff9b::/96"]).is_err());
    }

    #[test]
    fn private_addresses_need_their_network() {
        for (private, network) in [
            ("10.2.3.4", "10.2.0.0/16"),
            ("172.31.0.1", "172.16.0.0/12"),
            ("192.168.1.1", "192.168.1.1/32"),
            ("100.64.0.1", "100.64.0.0/10"),
            ("fd12::1", "fd12::/64"),
            ("::ffff:10.2.3.4", "10.2.0.0/16"),
            ("64:ff9b::a02:304", "10.2.0.0/16"),
            ("2002:a02:304::1", "10.2.0.0/16"),
        ] {
            assert!(judged(private, &[]).is_err(), "{private}");
            assert!(judged(private, &["10.3.0.0/16"]).is_err(), "{private}");
            assert_eq!(judged(private, &[network]), Ok(()), "{private}");
        }
    }
}
