use std::os::unix::fs::PermissionsExt;

use super::*;

const EMPTY: &[u8] = b"\0asm\x0d\0\x01\0";

fn engine() -> wasmtime::Engine {
    wasmtime::Engine::default()
}

fn cache(engine: &wasmtime::Engine, dir: &Path) -> CodeCache {
    CodeCache::open(engine, Some(dir.to_owned()))
}

/// Files of compiled code that the cache holds.
fn kept(dir: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path());
    entries.filter(|path| path.file_name().unwrap() != KEY_FILE).collect()
}

#[test]
fn keeps_and_finds_code() {
    let (engine, dir) = (engine(), tempfile::tempdir().unwrap());
    let dir = dir.path().join("code");
    let cache = cache(&engine, &dir);
    cache.component(&engine, EMPTY, "digest").unwrap();
    assert_eq!(kept(&dir).len(), 1);
    assert_eq!(fs::metadata(&dir).unwrap().permissions().mode() & 0o777, 0o700);
    assert_eq!(fs::metadata(dir.join(KEY_FILE)).unwrap().permissions().mode() & 0o777, 0o600);
    // Found: even bytes that are no component are not looked at.
    assert!(cache.component(&engine, b"not a component", "digest").is_ok());
    // A new process finds it too.
    assert!(super::tests::cache(&engine, &dir).component(&engine, b"none", "digest").is_ok());
}

#[test]
fn every_flipped_byte_is_noticed_and_the_file_replaced() {
    let (engine, dir) = (engine(), tempfile::tempdir().unwrap());
    let dir = dir.path().join("code");
    let cache = cache(&engine, &dir);
    cache.component(&engine, EMPTY, "digest").unwrap();
    let file = kept(&dir).remove(0);
    let good = fs::read(&file).unwrap();
    let places = (0..good.len()).step_by(good.len() / 64).chain([good.len() - 1]);
    for place in places {
        let mut bad = good.clone();
        bad[place] ^= 0x40;
        fs::write(&file, bad).unwrap();
        assert!(cache.component(&engine, b"none", "digest").is_err(), "byte {place} was taken");
        cache.component(&engine, EMPTY, "digest").unwrap();
        assert!(cache.component(&engine, b"none", "digest").is_ok(), "byte {place} stayed bad");
    }
    for length in [0, 1, MAC, good.len() - 1] {
        fs::write(&file, &good[..length]).unwrap();
        assert!(cache.component(&engine, EMPTY, "digest").is_ok(), "{length} bytes");
    }
}

#[test]
fn code_of_another_component_or_key_is_not_taken() {
    let (engine, dir) = (engine(), tempfile::tempdir().unwrap());
    let (one, two) = (dir.path().join("one"), dir.path().join("two"));
    cache(&engine, &one).component(&engine, EMPTY, "digest").unwrap();
    let file = kept(&one).remove(0);
    let name = file.file_name().unwrap().to_str().unwrap().to_owned();
    fs::copy(&file, one.join(name.replace("digest", "other"))).unwrap();
    assert!(cache(&engine, &one).component(&engine, b"none", "other").is_err());
    let foreign = cache(&engine, &two);
    fs::copy(&file, two.join(&name)).unwrap();
    assert!(foreign.component(&engine, b"none", "digest").is_err());
}

#[test]
fn a_place_that_others_can_write_is_not_used() {
    let (engine, dir) = (engine(), tempfile::tempdir().unwrap());
    fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o777)).unwrap();
    let cache = cache(&engine, dir.path());
    cache.component(&engine, EMPTY, "digest").unwrap();
    assert_eq!(kept(dir.path()), Vec::<PathBuf>::new());
}
