//! Links the target's C library for `memcmp` and its like, which a component without the standard
//! library has nowhere else.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    if std::env::var("CARGO_CFG_TARGET_FAMILY").is_ok_and(|family| family == "wasm") {
        println!("cargo::rustc-link-lib=c");
    }
}
