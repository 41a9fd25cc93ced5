//! The configuration file: refused with a reason, or one that can be written and read again.
#![no_main]

#[path = "../../../host/mooring/src/config/mod.rs"]
#[allow(dead_code, unused_imports, reason = "of the program's module, a part is used")]
mod config;

use std::path::Path;

use config::Config;

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    let Ok(text) = std::str::from_utf8(input) else { return };
    let path = Path::new("/fuzz.yaml");
    match Config::parse(path, text).and_then(Config::checked) {
        Ok(config) => {
            let written = serde_json::to_string(&config).expect("a configuration is JSON");
            let again = Config::parse(path, &written).and_then(Config::checked);
            assert!(again.is_ok(), "{}\n{written}", again.unwrap_err());
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
});
