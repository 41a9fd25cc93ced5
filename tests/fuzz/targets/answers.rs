//! What components answer: volumes, attachments, snapshots, findings, blocks, errors.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| mooring_backend::fuzzing::answers(input));
