//! Lines of the kernel's mount table.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| mooring_node::fuzzing::mount_table(input));
