use crate::options::Cluster;
use crate::report::Report;
use anyhow::{Result, bail};
pub(crate) fn run(_: &Cluster) -> Result<Report> {
    bail!("not yet")
}
