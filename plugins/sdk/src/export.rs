//! From a vendor's type to a component's exports.

use core::marker::PhantomData;

/// Carries a backend to the generated exports: each call makes a backend by `Default`, hands the
/// request over and gives the answer back. The interfaces' modules implement their generated
/// `Guest` traits for it, one each.
#[doc(hidden)]
pub struct Shell<B>(PhantomData<B>);

impl<B: Default> Shell<B> {
    pub(crate) fn made() -> B {
        B::default()
    }
}

/// Makes a component of a backend. It exports `identity`, `volumes`, `attachments` and the
/// optional interfaces that are named, and nothing else: **what a component exports is what its
/// driver advertises**. The type implements [`Default`] (each call makes a new one; do no I/O in
/// it), [`Identity`](crate::Identity) and the trait of each interface:
///
/// | name | trait |
/// |---|---|
/// | `volumes`, `attachments` | [`Volumes`](crate::Volumes), [`Attachments`](crate::Attachments); required |
/// | `publishing` | [`Publishing`](crate::Publishing) |
/// | `listing` | [`Listing`](crate::Listing) |
/// | `capacity` | [`Capacity`](crate::Capacity) |
/// | `expansion` | [`Expansion`](crate::Expansion) |
/// | `modification` | [`Modification`](crate::Modification) |
/// | `snapshots` | [`Snapshots`](crate::Snapshots) |
/// | `group_snapshots` | [`GroupSnapshots`](crate::GroupSnapshots) |
/// | `changed_blocks` | [`ChangedBlocks`](crate::ChangedBlocks) |
/// | `health` | [`Health`](crate::Health) |
/// | `nodes` | [`Nodes`](crate::Nodes) |
/// | `migration` | [`Migration`](crate::Migration) |
#[macro_export]
macro_rules! backend {
    ($backend:ty: volumes, attachments $(, $optional:ident)* $(,)?) => {
        #[cfg(target_family = "wasm")]
        #[allow(unsafe_code, reason = "exports have fixed symbol names")]
        const _: () = {
            type Exported = $crate::export::Shell<$backend>;
            $crate::bindings::identity::export!(Exported with_types_in $crate::bindings::identity);
            $crate::bindings::volumes::export!(Exported with_types_in $crate::bindings::volumes);
            $crate::bindings::attachments::export!(
                Exported with_types_in $crate::bindings::attachments);
            $($crate::bindings::$optional::export!(
                Exported with_types_in $crate::bindings::$optional);)*
        };
        // Elsewhere, for unit tests, the traits are checked and nothing is exported.
        #[cfg(not(target_family = "wasm"))]
        const _: () = {
            const fn can_be_exported<B>()
            where
                B: $crate::bindings::identity::Guest
                    + $crate::bindings::volumes::Guest
                    + $crate::bindings::attachments::Guest
                    $(+ $crate::bindings::$optional::Guest)*
            {
            }
            can_be_exported::<$crate::export::Shell<$backend>>();
        };
    };
    ($($other:tt)*) => {
        ::core::compile_error!(
            "write `mooring_sdk::backend!(MyBackend: volumes, attachments);`, the optional \
             interfaces behind these two"
        );
    };
}

/// For a crate with `#![cfg_attr(target_family = "wasm", no_std)]`: gives it an allocator, and
/// logs a panic through the host. Such a component is smaller by a third and imports nothing of
/// WASI. A crate that uses the standard library does without this macro.
///
/// Calls cost least where such a component is linked with the flags of this workspace's `.cargo/config.toml`: a small
/// stack, and one page of memory more from the start than stack and data need, which is then the heap.
#[macro_export]
macro_rules! freestanding {
    () => {
        #[cfg(target_family = "wasm")]
        #[allow(unsafe_code, reason = "the component model passes memory by address")]
        const _: () = {
            #[global_allocator]
            static ALLOCATOR: $crate::freestanding::Heap = $crate::freestanding::Heap::new();

            #[panic_handler]
            fn panicked(info: &::core::panic::PanicInfo<'_>) -> ! {
                $crate::freestanding::panicked(info)
            }

            #[unsafe(no_mangle)]
            unsafe extern "C" fn cabi_realloc(
                old: *mut u8,
                old_size: usize,
                align: usize,
                size: usize,
            ) -> *mut u8 {
                // SAFETY: the component model's promises to this function are those asked for.
                unsafe { $crate::freestanding::grow(old, old_size, align, size) }
            }
        };
    };
}
