//! The vendor contract as Rust types. The one place that runs the generator; nothing but
//! `convert`, `exports`, `load` and the host functions use what it makes.

#![allow(missing_docs, unreachable_pub, reason = "generated from wit/, which documents it")]

wasmtime::component::bindgen!({
    path: "../../wit",
    world: "mooring:backend/everything",
    imports: { default: async | trappable },
    exports: { default: async },
    require_store_data_send: true,
});
