//! What a component says of itself before it is compiled: its imports and exports by name.
//!
//! Grants are decided on these names, so that what may not run is never compiled.

use mooring_volume::policy::Grants;
use sha2::{Digest, Sha256};
use wasmparser::{Parser, Payload, Validator, WasmFeatures};

use crate::load::LoadError;

/// The contract that this host serves, and the package's name in front of its interfaces.
const CONTRACT: &str = "mooring:backend";
const HOST: &str = "mooring:host";
const SERVED: Version = Version { major: 0, minor: 1 };

/// Interfaces of [`HOST`] that need no grant.
const UNGRANTED: [&str; 3] = ["logging", "config", "state"];
/// Packages of WASI 0.2 that are linked, with nothing in them.
const WASI: [&str; 6] = ["cli", "clocks", "filesystem", "io", "random", "sockets"];
/// Interfaces that every backend exports.
const REQUIRED: [&str; 3] = ["identity", "volumes", "attachments"];

/// Imports and exports of one component.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Outline {
    /// SHA-256 of the whole, 64 hexadecimal digits.
    pub(crate) digest: String,
    pub(crate) imports: Vec<String>,
    pub(crate) exports: Vec<String>,
}

/// The compatible part of a version: `0.minor` below 1.0, else the major number alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Version {
    major: u64,
    minor: u64,
}

/// A name such as `mooring:host/state@0.1.0`.
struct Interface<'a> {
    package: &'a str,
    name: &'a str,
    version: Option<Version>,
}

impl<'a> Interface<'a> {
    fn parse(text: &'a str) -> Option<Self> {
        let (package, rest) = text.split_once('/')?;
        let (name, version) = match rest.split_once('@') {
            Some((name, version)) => (name, Some(Version::parse(version)?)),
            None => (rest, None),
        };
        Some(Self { package, name, version })
    }
}

impl Version {
    fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split('.');
        let major = parts.next()?.parse().ok()?;
        let minor = parts.next()?.parse().ok()?;
        Some(Self { major, minor })
    }

    fn compatible(self, other: Self) -> bool {
        self.major == other.major && (self.major > 0 || self.minor == other.minor)
    }
}

impl Outline {
    /// Reads the outline of a component.
    ///
    /// # Errors
    /// `NotAComponent`.
    pub(crate) fn read(bytes: &[u8]) -> Result<Self, LoadError> {
        let not = |reason: String| LoadError::NotAComponent { reason };
        if Parser::is_core_wasm(bytes) {
            return Err(not("it is a core module; wrap it with `wasm-tools component new`, or \
                            build for the target wasm32-wasip2"
                .to_owned()));
        }
        if !Parser::is_component(bytes) {
            return Err(not("it does not start as a WebAssembly component does".to_owned()));
        }
        let (mut imports, mut exports, mut depth) = (Vec::new(), Vec::new(), 0_u32);
        for payload in Parser::new(0).parse_all(bytes) {
            #[expect(clippy::wildcard_enum_match_arm, reason = "a foreign, non-exhaustive enum")]
            match payload.map_err(|error| not(error.to_string()))? {
                Payload::ModuleSection { .. } | Payload::ComponentSection { .. } => depth += 1,
                Payload::End(_) => depth = depth.saturating_sub(1),
                Payload::ComponentImportSection(section) if depth == 0 => {
                    for import in section {
                        let import = import.map_err(|error| not(error.to_string()))?;
                        imports.push(import.name.name.to_owned());
                    }
                }
                Payload::ComponentExportSection(section) if depth == 0 => {
                    for export in section {
                        let export = export.map_err(|error| not(error.to_string()))?;
                        exports.push(export.name.name.to_owned());
                    }
                }
                _ => {}
            }
        }
        Ok(Self { digest: digest(bytes), imports, exports })
    }

    /// The version of the contract that it speaks, such as `0.1.0`; none where it speaks none.
    pub(crate) fn contract_version(&self) -> Option<&str> {
        let prefix = format!("{CONTRACT}/identity@");
        self.exports.iter().find_map(|export| export.strip_prefix(prefix.as_str()))
    }

    /// Whether it exports an interface of the contract, in a version that is served.
    pub(crate) fn exports(&self, interface: &str) -> bool {
        self.exports.iter().filter_map(|name| Interface::parse(name)).any(|export| {
            export.package == CONTRACT
                && export.name == interface
                && export.version.is_some_and(|version| version.compatible(SERVED))
        })
    }

    /// Whether it is a backend of a version that is served.
    ///
    /// # Errors
    /// `Contract`, with what it exports or lacks.
    pub(crate) fn check_contract(&self) -> Result<(), LoadError> {
        for interface in REQUIRED {
            if !self.exports(interface) {
                return Err(LoadError::Contract { reason: self.lacks(interface) });
            }
        }
        Ok(())
    }

    fn lacks(&self, interface: &str) -> String {
        let wanted = format!("{CONTRACT}/{interface}@{}.{}.0", SERVED.major, SERVED.minor);
        let found = self.exports.iter().find(|name| {
            Interface::parse(name)
                .is_some_and(|export| export.package == CONTRACT && export.name == interface)
        });
        match found {
            Some(found) => {
                format!("it exports {found} where this host serves {wanted}; build it for that")
            }
            None => format!("it does not export {wanted}, which every backend does"),
        }
    }

    /// Grants that its imports need, such as `grants.pools`.
    pub(crate) fn grants_needed(&self) -> Vec<String> {
        let nothing = Grants::default();
        let needed = self.imports.iter().filter_map(|name| match import(name, &nothing) {
            Err(LoadError::Import { grant, .. }) => Some(grant.to_owned()),
            Ok(()) | Err(_) => None,
        });
        let mut needed: Vec<String> = needed.collect();
        needed.sort();
        needed.dedup();
        needed
    }

    /// Whether every import may be had.
    ///
    /// # Errors
    /// `Import` names the grant that would allow it; `Unserved` one that this host has not.
    pub(crate) fn check_imports(&self, grants: &Grants) -> Result<(), LoadError> {
        self.imports.iter().try_for_each(|name| import(name, grants))
    }
}

fn import(name: &str, grants: &Grants) -> Result<(), LoadError> {
    let unserved = |reason| Err(LoadError::Unserved { import: name.to_owned(), reason });
    let needs = |grant| Err(LoadError::Import { import: name.to_owned(), grant });
    let Some(interface) = Interface::parse(name) else {
        return unserved("it is no interface of WASI 0.2 or of mooring:host");
    };
    let served = interface.version.is_none_or(|version| version.compatible(SERVED));
    match interface.package {
        CONTRACT if served => Ok(()),
        HOST if served && UNGRANTED.contains(&interface.name) => Ok(()),
        HOST if served && interface.name == "pool" => {
            if grants.pools.is_empty() {
                needs("grants.pools")
            } else {
                Ok(())
            }
        }
        CONTRACT | HOST => unserved("this host serves version 0.1 of the contract"),
        package => match package.strip_prefix("wasi:") {
            Some("http") if grants.http.is_empty() => needs("grants.http"),
            Some("http") => unserved("this version of the host does not serve HTTP egress yet"),
            Some(package) if WASI.contains(&package) && is_wasi_0_2(&interface) => Ok(()),
            Some(package) if WASI.contains(&package) => {
                unserved("this host serves WASI 0.2; build for the target wasm32-wasip2")
            }
            Some(_) | None => unserved("it is no interface of WASI 0.2 or of mooring:host"),
        },
    }
}

fn is_wasi_0_2(interface: &Interface<'_>) -> bool {
    interface.version == Some(Version { major: 0, minor: 2 })
}

/// SHA-256 as 64 hexadecimal digits.
fn digest(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Proposals that are turned off here, and why.
const PROPOSALS: [(WasmFeatures, &str); 5] = [
    (
        WasmFeatures::CM_ASYNC,
        "asynchronous functions of the component model (WASI 0.3); build with plain functions on WASI 0.2",
    ),
    (WasmFeatures::THREADS, "threads"),
    (WasmFeatures::MEMORY64, "64-bit memories"),
    (WasmFeatures::GC, "garbage-collected types"),
    (WasmFeatures::STACK_SWITCHING, "stack switching"),
];

/// What a component that the engine refuses needs and does not get, if it is one of the proposals
/// that are turned off.
pub(crate) fn missing_proposal(bytes: &[u8]) -> Option<&'static str> {
    let valid = |features| Validator::new_with_features(features).validate_all(bytes).is_ok();
    let all = WasmFeatures::all();
    let mut needed = PROPOSALS.iter().filter(|(feature, _)| !valid(all - *feature));
    if valid(all) { needed.next().map(|(_, name)| *name) } else { None }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use mooring_volume::policy::HttpGrant;

    use super::*;

    fn granted() -> Grants {
        let http = HttpGrant::to("https://array.example.com");
        Grants {
            pools: [("default".to_owned(), PathBuf::from("/pool"))].into(),
            http: vec![http],
            ..Grants::default()
        }
    }

    #[test]
    fn imports_are_granted_by_name() {
        for name in [
            "mooring:host/state@0.1.0",
            "mooring:host/config@0.1.7",
            "mooring:backend/types@0.1.0",
            "wasi:cli/environment@0.2.6",
            "wasi:io/streams@0.2.0",
        ] {
            assert!(import(name, &Grants::default()).is_ok(), "{name}");
        }
        let refused = import("mooring:host/pool@0.1.0", &Grants::default()).unwrap_err();
        assert!(matches!(refused, LoadError::Import { grant: "grants.pools", .. }), "{refused}");
        assert!(import("mooring:host/pool@0.1.0", &granted()).is_ok());
        let refused = import("wasi:http/outgoing-handler@0.2.4", &Grants::default()).unwrap_err();
        assert!(matches!(refused, LoadError::Import { grant: "grants.http", .. }), "{refused}");
    }

    #[test]
    fn what_is_not_served_is_named() {
        for name in [
            "wasi:http/outgoing-handler@0.2.4",
            "wasi:cli/stdout@0.3.0",
            "wasi:nn/graph@0.2.0",
            "mooring:host/state@0.2.0",
            "mooring:host/devices@0.1.0",
            "acme:secrets/steal",
            "run",
        ] {
            let refused = import(name, &granted()).unwrap_err();
            assert!(refused.to_string().contains(name), "{refused}");
        }
    }

    #[test]
    fn what_is_no_component_is_refused() {
        for bytes in [&b""[..], b"\x7fELF", b"\0asm\x01\0\0\0", b"\0asm\x0d\0\x01\0garbage"] {
            let refused = Outline::read(bytes).unwrap_err();
            assert!(matches!(refused, LoadError::NotAComponent { .. }), "{refused}");
        }
        let empty = Outline::read(b"\0asm\x0d\0\x01\0").unwrap();
        let refused = empty.check_contract().unwrap_err();
        assert!(refused.to_string().contains("mooring:backend/identity@0.1.0"), "{refused}");
    }

    #[test]
    fn proposals_that_are_turned_off_are_named() {
        let missing = |text: &str| missing_proposal(&wat::parse_str(text).unwrap());
        assert_eq!(missing("(component)"), None);
        let named = missing("(component (core func (canon backpressure.inc)))").unwrap();
        assert!(named.contains("WASI 0.2"), "{named}");
        assert_eq!(missing("(component (core module (memory 1 1 shared)))"), Some("threads"));
        assert_eq!(missing("(component (core module (memory i64 1)))"), Some("64-bit memories"));
        let gc = "(component (core module (type (struct)) (func (param (ref 0)))))";
        assert_eq!(missing(gc), Some("garbage-collected types"));
    }
}
