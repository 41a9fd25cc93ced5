//! The only unsafe code of this crate: taking bytes for compiled code.

#![expect(unsafe_code, reason = "the runtime cannot check what machine code does")]

use wasmtime::component::Component;

/// Takes `code` for a compiled component.
///
/// The caller has verified that this program's own compiler made these very bytes: they come
/// straight from it, or bear the MAC of this installation (see [`super::Place::load`]). They are
/// in memory of our own, which no file behind them can change any more.
pub(super) fn component(engine: &wasmtime::Engine, code: &[u8]) -> wasmtime::Result<Component> {
    // SAFETY: `deserialize` asks that the bytes come from `Component::serialize` or
    // `Engine::precompile_component` and were not changed since. They come from the latter: either
    // just now, of this process or over a pipe of its child, which is this program again; or
    // earlier, and then the MAC over them and their name was made right after, with a key that lies
    // 0600 in a directory of 0700 that this user owns. The runtime itself refuses code of another
    // version or other settings.
    unsafe { Component::deserialize(engine, code) }
}
