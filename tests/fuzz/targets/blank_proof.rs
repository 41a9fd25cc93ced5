//! The proof that a device is blank, over any content.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| mooring_node::fuzzing::blank_proof(input));
