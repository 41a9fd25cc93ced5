//! The backends that are built into the program.

/// Name and component of each.
pub(crate) const BACKENDS: [(&str, &[u8]); 2] = [
    ("image-file", include_bytes!(concat!(env!("OUT_DIR"), "/image_file.wasm"))),
    ("directory", include_bytes!(concat!(env!("OUT_DIR"), "/directory.wasm"))),
];

/// The component of a name.
pub(crate) fn component(name: &str) -> Option<&'static [u8]> {
    BACKENDS.iter().find(|(known, _)| *known == name).map(|(_, bytes)| *bytes)
}
