//! One module an interface of the contract: its types, its trait, and how calls reach the trait.
//! `wit/` says what each call promises.

pub mod attachments;
pub mod capacity;
pub mod changed_blocks;
pub mod expansion;
pub mod group_snapshots;
pub mod health;
pub mod identity;
pub mod listing;
pub mod migration;
pub mod modification;
pub mod nodes;
pub mod publishing;
pub mod snapshots;
pub mod volumes;

/// A request as backends see it: the fields of the generated record with the same names, its
/// secrets wrapped so that they are not printed.
macro_rules! request {
    ($(#[$meta:meta])* $name:ident from $raw:ty {
        $($(#[$doc:meta])* $field:ident: $type:ty,)*
    }) => {
        $(#[$meta])*
        #[derive(Debug, Clone)]
        pub struct $name {
            $($(#[$doc])* pub $field: $type,)*
            /// The secrets of this call.
            pub secrets: $crate::Secrets,
        }

        impl From<$raw> for $name {
            fn from(raw: $raw) -> Self {
                // Names every field, so that one that is new in the contract breaks the build.
                use $raw as Raw;
                let Raw { $($field,)* secrets } = raw;
                Self { $($field,)* secrets: $crate::Secrets::new(secrets) }
            }
        }
    };
}
pub(crate) use request;
