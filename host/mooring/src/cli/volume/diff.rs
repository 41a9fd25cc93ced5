//! `mooring volume diff`: which bytes of a snapshot hold data, or differ from an older one.

use clap::Args;
use mooring_proto::csi::v1 as csi;
use serde::Serialize;
use tokio::time::timeout;
use tonic::{Status, Streaming};

use super::arguments::SecretArgs;
use super::failure::Failure;
use super::output::{Answer, columns, human, properties};
use super::progress;
use super::session::Session;

/// Ranges that people are shown; scripts get all of them.
const SHOWN: usize = 20;

/// List the ranges of a snapshot that hold data, or that differ from an older snapshot.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  mooring volume diff TUESDAY --base MONDAY\n  \
    mooring volume diff MONDAY\n  \
    mooring volume diff TUESDAY --base MONDAY -o json | jq '.ranges[] | [.offset, .bytes]'")]
pub(super) struct DiffArgs {
    /// The snapshot.
    snapshot: String,
    /// An older snapshot of the same volume; without it, all data counts as different.
    #[arg(long, value_name = "ID")]
    base: Option<String>,
    /// Go on from this byte; ranges that end before it are left out.
    #[arg(long, value_name = "OFFSET", default_value_t = 0, value_parser = clap::value_parser!(i64).range(0..))]
    from: i64,
    #[command(flatten)]
    secrets: SecretArgs,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Difference {
    snapshot_id: String,
    base_snapshot_id: Option<String>,
    /// Of the snapshot.
    volume_capacity_bytes: i64,
    /// In all ranges.
    different_bytes: i64,
    ranges: Vec<Range>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
struct Range {
    offset: i64,
    bytes: i64,
}

/// A message of either stream: they hold the same.
struct Page {
    capacity: i64,
    ranges: Vec<csi::BlockMetadata>,
}

impl From<csi::GetMetadataAllocatedResponse> for Page {
    fn from(message: csi::GetMetadataAllocatedResponse) -> Self {
        Self { capacity: message.volume_capacity_bytes, ranges: message.block_metadata }
    }
}

impl From<csi::GetMetadataDeltaResponse> for Page {
    fn from(message: csi::GetMetadataDeltaResponse) -> Self {
        Self { capacity: message.volume_capacity_bytes, ranges: message.block_metadata }
    }
}

impl DiffArgs {
    pub(super) async fn run(self, session: &Session) -> Result<Difference, Failure> {
        let mut metadata = session.metadata().await?;
        let secrets = self.secrets.read()?;
        let mut difference = Difference {
            snapshot_id: self.snapshot.clone(),
            base_snapshot_id: self.base.clone(),
            volume_capacity_bytes: 0,
            different_bytes: 0,
            ranges: Vec::new(),
        };
        let starting_offset = self.from;
        match self.base {
            None => {
                let request = csi::GetMetadataAllocatedRequest {
                    snapshot_id: self.snapshot,
                    starting_offset,
                    max_results: 0,
                    secrets,
                };
                let pages = metadata.get_metadata_allocated(request).await?.into_inner();
                difference.collect(session, pages).await?;
            }
            Some(base) => {
                let request = csi::GetMetadataDeltaRequest {
                    base_snapshot_id: base,
                    target_snapshot_id: self.snapshot,
                    starting_offset,
                    max_results: 0,
                    secrets,
                };
                let pages = metadata.get_metadata_delta(request).await?.into_inner();
                difference.collect(session, pages).await?;
            }
        }
        Ok(difference)
    }
}

impl Difference {
    /// Takes every message in. The stream may be long; what must not take long is one message.
    async fn collect<T: Into<Page>>(
        &mut self,
        session: &Session,
        mut pages: Streaming<T>,
    ) -> Result<(), Failure> {
        let bar = progress::bytes("comparing", 0);
        let late = |_| Status::deadline_exceeded("the stream has stopped");
        while let Some(page) = timeout(session.timeout(), pages.message()).await.map_err(late)?? {
            let Page { capacity, ranges } = page.into();
            self.volume_capacity_bytes = capacity;
            bar.set_length(capacity.unsigned_abs());
            for csi::BlockMetadata { byte_offset, size_bytes } in ranges {
                self.different_bytes = self.different_bytes.saturating_add(size_bytes);
                self.ranges.push(Range { offset: byte_offset, bytes: size_bytes });
                bar.set_position(byte_offset.saturating_add(size_bytes).unsigned_abs());
            }
        }
        bar.finish_and_clear();
        Ok(())
    }
}

impl Answer for Difference {
    fn table(&self) -> String {
        let share = match self.volume_capacity_bytes {
            0 => String::new(),
            whole => {
                let percent = i128::from(self.different_bytes) * 100 / i128::from(whole);
                format!(" ({percent}% of {})", human(whole))
            }
        };
        let what = if self.base_snapshot_id.is_some() { "DIFFERENT" } else { "DATA" };
        let mut text = properties([
            ("SNAPSHOT", self.snapshot_id.clone()),
            ("BASE", self.base_snapshot_id.clone().unwrap_or_default()),
            (what, format!("{}{share}", human(self.different_bytes))),
            ("RANGES", self.ranges.len().to_string()),
        ]);
        if !self.ranges.is_empty() {
            text.push('\n');
            let row = |range: &Range| [range.offset.to_string(), human(range.bytes)];
            let rows = self.ranges.iter().take(SHOWN).map(row).collect();
            text.push_str(&columns(["OFFSET", "LENGTH"], rows));
        }
        if let Some(more) = self.ranges.len().checked_sub(SHOWN).filter(|more| *more > 0) {
            text.push_str(&format!("… and {more} more: -o json has all of them\n"));
        }
        text
    }
}
