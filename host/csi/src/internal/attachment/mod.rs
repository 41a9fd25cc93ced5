//! Attachments on the private socket: every kind, there and back.

pub(crate) mod decode;
pub(crate) mod encode;

#[cfg(test)]
mod tests;
