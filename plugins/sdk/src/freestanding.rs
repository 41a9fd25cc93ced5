//! What a component without the standard library needs in its place: an allocator, the function
//! by which the host allocates in the component, and an end for panics. The one module of this crate
//! with `unsafe` of our own.
#![allow(unsafe_code, reason = "the component model passes memory by address")]

use alloc::alloc::{Layout, alloc, handle_alloc_error, realloc};
use core::panic::PanicInfo;

mod heap;

pub use heap::Heap;

/// The canonical ABI's `realloc`: new memory, or more of what an earlier call gave.
///
/// # Safety
/// `align` is a power of two; `old` with `old_size` and `align` is memory of an earlier call, or
/// `old_size` is 0. The component model promises both to `cabi_realloc`.
pub unsafe fn grow(old: *mut u8, old_size: usize, align: usize, size: usize) -> *mut u8 {
    if size == 0 {
        return core::ptr::without_provenance_mut(align);
    }
    // SAFETY: `align` is a power of two, and the caller never asks for more than the memory has.
    let layout = |size| unsafe { Layout::from_size_align_unchecked(size, align) };
    let new = if old_size == 0 {
        // SAFETY: `size` is not 0.
        unsafe { alloc(layout(size)) }
    } else {
        // SAFETY: `old` is of an earlier call with `old_size` and `align`; `size` is not 0.
        unsafe { realloc(old, layout(old_size), size) }
    };
    if new.is_null() {
        handle_alloc_error(layout(size));
    }
    new
}

/// Logs where and why the component panicked, then traps: the host answers `Internal`.
pub fn panicked(info: &PanicInfo<'_>) -> ! {
    crate::logging::log(crate::logging::Level::Error, format_args!("{info}"));
    core::arch::wasm32::unreachable()
}
