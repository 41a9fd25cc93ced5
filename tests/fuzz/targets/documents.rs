//! What registries answer: manifests, indexes, signatures.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| mooring_source::fuzzing::documents(input));
