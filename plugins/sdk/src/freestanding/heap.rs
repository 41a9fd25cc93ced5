//! The heap of a component without the standard library: dlmalloc over the memory that the component starts
//! with, and over more only where that is used up. dlmalloc's own source of memory leaves the former alone on
//! this target and grows the memory by a page in each call. That makes the host change what the processor may touch,
//! and so interrupt its other cores, at each growth and once more before the next call.

use core::alloc::{GlobalAlloc, Layout};
use core::arch::wasm32::memory_grow;
use core::cell::{Cell, UnsafeCell};

use dlmalloc::{Allocator, Dlmalloc};

/// Bytes of a page of linear memory.
const PAGE: usize = 1 << 16;

unsafe extern "C" {
    /// Set by the linker (LLD): the first byte behind the component's data and stack.
    static __heap_base: u8;
    /// Set by the linker: the first byte behind the memory that the component starts with.
    static __heap_end: u8;
}

/// Where the heap takes memory from.
struct Pages {
    begun: Cell<bool>,
}

impl Pages {
    /// What the linker left of the first memory, asked for once, if it has as many bytes.
    fn left(&self, size: usize) -> Option<(*mut u8, usize)> {
        let base = (&raw const __heap_base).cast_mut();
        let length = (&raw const __heap_end).addr().checked_sub(base.addr())?;
        (!self.begun.replace(true) && length >= size).then_some((base, length))
    }
}

// SAFETY: what is handed out is in the component's memory, zero, and nobody else's: it is behind all that the linker has
// placed, and told of once, or it did not exist before. Nothing is ever taken back.
unsafe impl Allocator for Pages {
    fn alloc(&self, size: usize) -> (*mut u8, usize, u32) {
        if let Some((base, length)) = self.left(size) {
            return (base, length, 0);
        }
        let pages = size.div_ceil(PAGE);
        let none = (core::ptr::null_mut(), 0, 0);
        match memory_grow::<0>(pages) {
            usize::MAX => none,
            // A memory that ended at the last address would have an end of 0; the allocator does without.
            before => match (before.checked_mul(PAGE), pages.checked_mul(PAGE)) {
                (Some(base), Some(length)) if base.checked_add(length).is_some() => {
                    (core::ptr::with_exposed_provenance_mut(base), length, 0)
                }
                _ => none,
            },
        }
    }

    fn remap(&self, _: *mut u8, _: usize, _: usize, _: bool) -> *mut u8 {
        core::ptr::null_mut()
    }

    fn free_part(&self, _: *mut u8, _: usize, _: usize) -> bool {
        false
    }

    fn free(&self, _: *mut u8, _: usize) -> bool {
        false
    }

    fn can_release_part(&self, _: u32) -> bool {
        false
    }

    fn allocates_zeros(&self) -> bool {
        true
    }

    fn page_size(&self) -> usize {
        PAGE
    }
}

/// The global allocator that [`crate::freestanding!`] installs.
pub struct Heap(UnsafeCell<Dlmalloc<Pages>>);

impl Heap {
    /// Takes nothing until something is allocated.
    #[must_use]
    #[allow(clippy::new_without_default, reason = "a static is made of it, which needs a const fn")]
    pub const fn new() -> Self {
        Self(UnsafeCell::new(Dlmalloc::new_with_allocator(Pages { begun: Cell::new(false) })))
    }
}

// SAFETY: a component has one thread; the contract has no function that starts another.
unsafe impl Sync for Heap {}

// SAFETY: passed on as it is; each borrow of the cell ends within its function, and none of them calls back.
unsafe impl GlobalAlloc for Heap {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: as above.
        unsafe { (*self.0.get()).malloc(layout.size(), layout.align()) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        // SAFETY: as above; the caller's promises are those asked for.
        unsafe { (*self.0.get()).free(memory, layout.size(), layout.align()) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: as above.
        unsafe { (*self.0.get()).calloc(layout.size(), layout.align()) }
    }

    unsafe fn realloc(&self, memory: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // SAFETY: as above; the caller's promises are those asked for.
        unsafe { (*self.0.get()).realloc(memory, layout.size(), layout.align(), size) }
    }
}
