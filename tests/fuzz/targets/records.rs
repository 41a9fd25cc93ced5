//! The node's records: torn, flipped, of others.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| mooring_node::fuzzing::records(input));
