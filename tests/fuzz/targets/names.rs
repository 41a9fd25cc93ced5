//! References, digests, sources and keys, as people write them.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| mooring_source::fuzzing::names_of_things(input));
