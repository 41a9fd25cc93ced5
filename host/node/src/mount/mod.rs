//! The mount table as evidence: which mounts belong to a volume, and which do not. Pure.

mod belongings;
mod origin;
mod stack;

pub(crate) use belongings::Belongings;
pub(crate) use origin::{Origin, covering};
pub(crate) use stack::Stack;
