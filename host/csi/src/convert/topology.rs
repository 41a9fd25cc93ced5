//! Where volumes and nodes are.
//!
//! Source of the syntax: CSI, comment of message Topology.

use std::collections::BTreeSet;

use mooring_proto::csi::v1 as pb;
use mooring_volume::topology::{Requirement, Topology};
use mooring_volume::{Error, Result};

use super::map;

/// Longest key prefix, key name and value.
const LONGEST: usize = 63;

/// Where a volume must be reachable; none where nothing is required.
pub(crate) fn requirement(
    requirement: Option<pb::TopologyRequirement>,
) -> Result<Option<Requirement>> {
    let Some(pb::TopologyRequirement { requisite, preferred }) = requirement else {
        return Ok(None);
    };
    if requisite.is_empty() && preferred.is_empty() {
        return Ok(None);
    }
    let places = |name: &str, list: Vec<pb::Topology>| -> Result<Vec<Topology>> {
        let field = |at| format!("accessibility_requirements.{name}[{at}]");
        list.into_iter().enumerate().map(|(at, one)| place(&field(at), one)).collect()
    };
    Ok(Some(Requirement {
        requisite: places("requisite", requisite)?,
        preferred: places("preferred", preferred)?,
    }))
}

/// One place; none where nothing is said of it.
pub(crate) fn optional(field: &str, topology: Option<pb::Topology>) -> Result<Option<Topology>> {
    match topology {
        Some(topology) if !topology.segments.is_empty() => place(field, topology).map(Some),
        Some(_) | None => Ok(None),
    }
}

fn place(field: &str, topology: pb::Topology) -> Result<Topology> {
    let pb::Topology { segments } = topology;
    if segments.is_empty() {
        return Err(Error::invalid(format!("{field} has no segments; at least one is required")));
    }
    let topology = Topology(map::checked(&format!("{field}.segments"), segments)?);
    match fault(&topology) {
        Some(fault) => Err(Error::invalid(format!("{field}.segments: {fault}"))),
        None => Ok(topology),
    }
}

/// A place of the backend's making.
///
/// # Errors
/// `Internal`: the backend broke its contract.
pub(crate) fn wire(topology: Topology) -> Result<pb::Topology> {
    match fault(&topology) {
        Some(fault) => Err(Error::internal(format!(
            "the backend answered a topology that CSI does not allow: {fault}; this is a fault of the backend"
        ))),
        None => Ok(pb::Topology { segments: topology.0 }),
    }
}

/// What is wrong with it, if anything.
fn fault(topology: &Topology) -> Option<String> {
    let mut seen = BTreeSet::new();
    topology.0.iter().find_map(|(key, value)| {
        if !seen.insert(key.to_ascii_lowercase()) {
            return Some(format!("the key {key:?} is there twice, upper and lower case being the same"));
        }
        let (prefix, name) = key.split_once('/').map_or((None, &**key), |(p, n)| (Some(p), n));
        if !(is_name(name) && prefix.is_none_or(is_prefix)) {
            return Some(format!("{key:?} is no key; such as topology.example.com/zone is wanted"));
        }
        (!is_name(value)).then(|| {
            format!("{value:?} is no value for {key:?}; 1 to {LONGEST} letters, digits, '-', '_' or '.' are wanted")
        })
    })
}

fn is_name(text: &str) -> bool {
    let fits = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
    let ends = |b: Option<u8>| b.is_some_and(|b| b.is_ascii_alphanumeric());
    text.len() <= LONGEST
        && text.bytes().all(fits)
        && ends(text.bytes().next())
        && ends(text.bytes().last())
}

fn is_prefix(text: &str) -> bool {
    is_name(text) && text.bytes().all(|b| !b.is_ascii_uppercase() && b != b'_')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn topology(pairs: &[(&str, &str)]) -> Topology {
        Topology(pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect())
    }

    #[test]
    fn syntax() {
        let long = "x".repeat(64);
        for good in
            [&[("zone", "Z1")][..], &[("a.example/Zone", "z"), ("a.example/rack", "r.1_2-3")]]
        {
            assert_eq!(fault(&topology(good)), None, "{good:?}");
        }
        for bad in [
            &[("Zone", "a"), ("zone", "a")][..],
            &[("", "a")],
            &[("zone", "")],
            &[("-zone", "a")],
            &[("A.example/zone", "a")],
            &[("a/b/c", "a")],
            &[("zone", &long)],
            &[(&long, "a")],
        ] {
            assert!(fault(&topology(bad)).is_some(), "{bad:?}");
        }
    }

    #[test]
    fn no_place_is_no_requirement() {
        let nowhere = Some(pb::Topology::default());
        assert_eq!(optional("accessible_topology", nowhere).unwrap(), None);
        let nothing = Some(pb::TopologyRequirement::default());
        assert_eq!(requirement(nothing).unwrap(), None);
    }
}
