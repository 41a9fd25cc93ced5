//! Requests of CSI, and attachments of the private socket: bytes, messages, domain values.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| mooring_csi::fuzzing::request(input));
