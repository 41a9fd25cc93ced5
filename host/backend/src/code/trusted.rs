//! The only unsafe code of this crate: taking bytes for compiled code.

#![expect(unsafe_code, reason = "the runtime cannot check what machine code does")]

use wasmtime::component::Component;

/// Takes `code` for a compiled component.
///
/// The caller has verified that this process, or an earlier one of the same installation, has
/// serialized these very bytes (see [`super::Place::load`]); they are in memory of our own, which
/// no file behind them can change any more.
pub(super) fn component(engine: &wasmtime::Engine, code: &[u8]) -> wasmtime::Result<Component> {
    // SAFETY: `deserialize` asks that the bytes come from `Component::serialize` or
    // `Engine::precompile_component` and were not changed since. The MAC over them and their name
    // was made with a key that lies 0600 in a directory of 0700 that this user owns, right after
    // `Component::serialize`; the runtime itself refuses code of another version or settings.
    unsafe { Component::deserialize(engine, code) }
}
