//! What a component says of itself in its bytes, without compiling or running it.

use semver::Version;
use wasmparser::{Encoding, Parser, Payload};

/// Read from a component's outermost level.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Facts {
    /// The custom section `version`, as `wasm-tools metadata add --version` writes it.
    pub version: Option<String>,
    /// Names of the interfaces that it needs.
    pub imports: Vec<String>,
    /// Names of the interfaces that it offers.
    pub exports: Vec<String>,
}

impl Facts {
    /// Reads the outline. What is inside is checked when it is compiled.
    ///
    /// # Errors
    /// Why it is no component.
    pub fn read(bytes: &[u8]) -> Result<Self, String> {
        let mut facts = Self::default();
        let mut depth = 0_usize;
        for payload in Parser::new(0).parse_all(bytes) {
            let payload = payload.map_err(|error| error.message().to_owned())?;
            if let Payload::Version { encoding, .. } = &payload {
                if depth == 0 && *encoding == Encoding::Module {
                    return Err("it is a core module, not a component".to_owned());
                }
                depth += 1;
            } else if let Payload::End(_) = &payload {
                depth = depth.saturating_sub(1);
            } else if depth == 1 {
                facts.note(payload)?;
            }
        }
        Ok(facts)
    }

    fn note(&mut self, payload: Payload<'_>) -> Result<(), String> {
        let unread = |error: wasmparser::BinaryReaderError| error.message().to_owned();
        if let Payload::ComponentImportSection(section) = payload {
            for import in section {
                self.imports.push(import.map_err(unread)?.name.name.to_owned());
            }
        } else if let Payload::ComponentExportSection(section) = payload {
            for export in section {
                self.exports.push(export.map_err(unread)?.name.name.to_owned());
            }
        } else if let Payload::CustomSection(section) = payload
            && section.name() == "version"
        {
            let text = std::str::from_utf8(section.data()).map_err(|error| error.to_string())?;
            self.version = Some(text.trim().to_owned());
        }
        Ok(())
    }
}

/// A semantic version, with or without `v` before it.
///
/// # Errors
/// A sentence.
pub fn version(text: &str) -> Result<Version, String> {
    let text = text.trim();
    let plain = text.strip_prefix('v').unwrap_or(text);
    Version::parse(plain).map_err(|error| format!("version {text:?} is not semantic: {error}"))
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A component without anything but a version.
    pub(crate) fn component(version: Option<&str>) -> Vec<u8> {
        let mut bytes = b"\0asm\x0d\0\x01\0".to_vec();
        if let Some(text) = version {
            let length = u8::try_from(text.len() + 8).unwrap();
            bytes.extend([0, length, 7]);
            bytes.extend(b"version");
            bytes.extend(text.as_bytes());
        }
        bytes
    }

    #[test]
    fn the_version_is_read_from_the_bytes() {
        let read = |text| Facts::read(&component(text)).map(|facts| facts.version);
        assert_eq!(read(Some("1.2.3\n")), Ok(Some("1.2.3".to_owned())));
        assert_eq!(read(None), Ok(None));
        assert_eq!(version("v1.2.3"), Ok(Version::new(1, 2, 3)));
        assert!(version("latest").unwrap_err().contains("\"latest\""));
    }

    #[test]
    fn what_is_no_component_is_refused() {
        assert!(Facts::read(b"\0asm\x01\0\0\0").unwrap_err().contains("core module"));
        assert!(Facts::read(b"#!/bin/sh").is_err());
        assert!(Facts::read(b"").is_err());
    }
}
