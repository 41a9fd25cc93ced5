//! What an operator sees of the processes: logs, metrics, health.

pub(crate) mod copies;
pub(crate) mod http;
pub(crate) mod logs;
pub(crate) mod metrics;
