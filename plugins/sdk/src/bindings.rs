//! The contract as `wit-bindgen` reads it: one world an ability, so that a component's metadata
//! names only what it exports, and one for what the host offers. All `unsafe` of this crate is in
//! what is generated here; the rest of the crate is written by hand over it.

/// An exported interface: its types, its `Guest` trait and its export macro.
macro_rules! ability {
    ($module:ident, $world:literal) => {
        pub mod $module {
            wit_bindgen::generate!({
                world: $world,
                path: "wit",
                pub_export_macro: true,
                additional_derives: [PartialEq, Eq, Clone],
                with: { "mooring:backend/types@0.1.0": crate::bindings::types },
            });
            pub use exports::mooring::backend::$module::*;
        }
    };
}

// The first world also generates `types`, which the others share.
pub mod identity {
    wit_bindgen::generate!({
        world: "mooring:backend/provides-identity",
        path: "wit",
        pub_export_macro: true,
        generate_unused_types: true,
        additional_derives: [PartialEq, Eq, Clone],
        additional_type_attributes: {
            "mooring:backend/types@0.1.0/volume": [#[derive(Default)]],
            "mooring:backend/types@0.1.0/page": [#[derive(Default)]],
            "mooring:backend/types@0.1.0/capacity-range": [#[derive(Default)]],
            "mooring:backend/identity@0.1.0/description": [#[derive(Default)]],
        },
    });
    pub use exports::mooring::backend::identity::*;
}
pub use identity::mooring::backend::types;

ability!(volumes, "mooring:backend/provides-volumes");
ability!(attachments, "mooring:backend/provides-attachments");
ability!(publishing, "mooring:backend/provides-publishing");
ability!(listing, "mooring:backend/provides-listing");
ability!(capacity, "mooring:backend/provides-capacity");
ability!(expansion, "mooring:backend/provides-expansion");
ability!(modification, "mooring:backend/provides-modification");
ability!(snapshots, "mooring:backend/provides-snapshots");
ability!(group_snapshots, "mooring:backend/provides-group-snapshots");
ability!(changed_blocks, "mooring:backend/provides-changed-blocks");
ability!(health, "mooring:backend/provides-health");
ability!(nodes, "mooring:backend/provides-nodes");
ability!(migration, "mooring:backend/provides-migration");

/// The one interface of WASI that a component without the standard library asks for here. It is
/// whole, though one function is not called: it is merged with the C library's copy, which a
/// component with the standard library brings, and the linker refuses an interface that lacks
/// one of the functions.
pub mod wall_clock {
    wit_bindgen::generate!({
        inline: "
            package mooring:clock;
            world asks { import wasi:clocks/wall-clock@0.2.0; }
        ",
        path: "wit",
        generate_all,
    });
    pub use wasi::clocks::wall_clock::*;
}

/// WASI's HTTP, and the clock by which its client waits.
pub mod http {
    wit_bindgen::generate!({
        inline: "
            package mooring:asks;
            world asks {
                import wasi:http/outgoing-handler@0.2.0;
                import wasi:clocks/monotonic-clock@0.2.0;
                import wasi:io/poll@0.2.0;
            }
        ",
        path: "wit",
        generate_all,
    });
    pub use wasi::{
        clocks::monotonic_clock, http::outgoing_handler, http::types, io::poll, io::streams,
    };
}

/// What the host offers. What a component does not call, it does not import.
pub mod host {
    wit_bindgen::generate!({
        world: "mooring:backend/imports",
        path: "wit",
        additional_derives: [PartialEq, Eq, Clone],
        generate_all,
    });
    pub use mooring::host::*;
}
