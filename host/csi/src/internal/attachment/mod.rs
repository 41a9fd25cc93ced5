//! Attachments on the private socket: every kind, there and back.

pub(super) mod decode;
pub(super) mod encode;

#[cfg(test)]
mod tests;
