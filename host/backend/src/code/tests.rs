use std::os::unix::fs::PermissionsExt;

use super::*;

const EMPTY: &[u8] = b"\0asm\x0d\0\x01\0";

const NAME: &str = "name";

fn engine() -> wasmtime::Engine {
    wasmtime::Engine::default()
}

fn cache(engine: &wasmtime::Engine, dir: &Path) -> CodeCache {
    CodeCache::open(engine, Some(dir.to_owned()))
}

fn compiled(engine: &wasmtime::Engine) -> Vec<u8> {
    engine.precompile_component(EMPTY).unwrap()
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
    let first = cache(&engine, &dir);
    assert!(first.find(&engine, NAME).is_none());
    first.keep(NAME, &compiled(&engine));
    assert_eq!(kept(&dir).len(), 1);
    assert_eq!(fs::metadata(&dir).unwrap().permissions().mode() & 0o777, 0o700);
    assert_eq!(fs::metadata(dir.join(KEY_FILE)).unwrap().permissions().mode() & 0o777, 0o600);
    assert!(first.find(&engine, NAME).is_some());
    // A later process finds it too.
    assert!(cache(&engine, &dir).find(&engine, NAME).is_some());
}

#[test]
fn every_flipped_byte_is_noticed() {
    let (engine, dir) = (engine(), tempfile::tempdir().unwrap());
    let dir = dir.path().join("code");
    let cache = cache(&engine, &dir);
    cache.keep(NAME, &compiled(&engine));
    let file = kept(&dir).remove(0);
    let good = fs::read(&file).unwrap();
    for place in (0..good.len()).step_by(good.len() / 256).chain([good.len() - 1]) {
        let mut bad = good.clone();
        bad[place] ^= 0x40;
        fs::write(&file, bad).unwrap();
        assert!(cache.find(&engine, NAME).is_none(), "byte {place} was taken");
    }
    for length in [0, 1, MAC, good.len() - 1] {
        fs::write(&file, &good[..length]).unwrap();
        assert!(cache.find(&engine, NAME).is_none(), "{length} bytes");
    }
    cache.keep(NAME, &compiled(&engine));
    assert!(cache.find(&engine, NAME).is_some());
}

#[test]
fn code_of_another_component_or_key_is_not_taken() {
    let (engine, dir) = (engine(), tempfile::tempdir().unwrap());
    let (one, two) = (dir.path().join("one"), dir.path().join("two"));
    let (first, second) = (cache(&engine, &one), cache(&engine, &two));
    first.keep(NAME, &compiled(&engine));
    fs::copy(one.join(NAME), one.join("other")).unwrap();
    assert!(first.find(&engine, "other").is_none());
    fs::copy(one.join(NAME), two.join(NAME)).unwrap();
    assert!(second.find(&engine, NAME).is_none());
}

#[test]
fn it_does_not_grow_for_ever() {
    let (engine, dir) = (engine(), tempfile::tempdir().unwrap());
    let dir = dir.path().join("code");
    let (cache, code) = (cache(&engine, &dir), compiled(&engine));
    for number in 0..KEPT + 3 {
        cache.keep(&format!("{number:03}"), &code);
    }
    assert_eq!(kept(&dir).len(), KEPT);
    let last = format!("{:03}", KEPT + 2);
    assert!(cache.find(&engine, &last).is_some() && cache.find(&engine, "000").is_none());
}

#[test]
fn a_lost_key_costs_a_compilation_and_no_more() {
    let (engine, dir) = (engine(), tempfile::tempdir().unwrap());
    let dir = dir.path().join("code");
    cache(&engine, &dir).keep(NAME, &compiled(&engine));
    fs::write(dir.join(KEY_FILE), b"short").unwrap();
    let later = cache(&engine, &dir);
    assert!(later.find(&engine, NAME).is_none());
    later.keep(NAME, &compiled(&engine));
    assert!(cache(&engine, &dir).find(&engine, NAME).is_some());
}

#[test]
fn a_place_that_others_can_write_is_not_used() {
    let (engine, dir) = (engine(), tempfile::tempdir().unwrap());
    fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o777)).unwrap();
    let cache = cache(&engine, dir.path());
    cache.keep(NAME, &compiled(&engine));
    assert!(cache.find(&engine, NAME).is_none());
    assert_eq!(kept(dir.path()), Vec::<PathBuf>::new());
}
