//! The ranges of a stream of SnapshotMetadata, held to the format as they arrive.

use std::ops::Range;

use mooring_proto::csi::v1 as csi;

use crate::finding::{Verdict, ensure};

/// What a stream told.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Ranges {
    most: i32,
    head: Option<(csi::BlockMetadataType, i64)>,
    size: Option<i64>,
    /// Byte ranges that ascend, do not overlap and are not empty.
    list: Vec<(i64, i64)>,
}

impl Ranges {
    /// Of a stream with at most so many ranges a message; 0: any number.
    pub(crate) fn new(most: i32) -> Self {
        Self { most, ..Self::default() }
    }

    /// Takes in a message ("Metadata Format").
    pub(crate) fn take(
        &mut self,
        kind: csi::BlockMetadataType,
        capacity: i64,
        ranges: &[csi::BlockMetadata],
    ) -> Verdict {
        let head = *self.head.get_or_insert((kind, capacity));
        ensure!(head == (kind, capacity), "first {head:?}, then {:?}", (kind, capacity));
        ensure!(kind != csi::BlockMetadataType::Unknown, "block_metadata_type is UNKNOWN");
        ensure!(capacity > 0, "volume_capacity_bytes is {capacity}");
        let most = usize::try_from(self.most).unwrap_or_default();
        let count = ranges.len();
        ensure!(most == 0 || count <= most, "{count} ranges in a message of at most {most}");
        for it in ranges {
            let (offset, size) = (it.byte_offset, it.size_bytes);
            ensure!(size > 0, "a range of {size} bytes at {offset}");
            let before = self.list.last().map_or(0, |last| last.1);
            ensure!(offset >= before, "a range at {offset}, where one before ends at {before}");
            let end = offset.saturating_add(size);
            ensure!(end <= capacity, "a range ends at {end} of {capacity}");
            if kind == csi::BlockMetadataType::FixedLength {
                let fixed = *self.size.get_or_insert(size);
                ensure!(size == fixed, "FIXED_LENGTH of {fixed}, then of {size}");
            }
            self.list.push((offset, end));
        }
        Ok(())
    }

    /// Bytes of the volume; 0 where the stream had no message.
    pub(crate) fn capacity(&self) -> i64 {
        self.head.map_or(0, |head| head.1)
    }

    /// Whether there is none.
    pub(crate) fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// The ranges with those that touch made one.
    fn joined(&self) -> Vec<(i64, i64)> {
        let mut joined: Vec<(i64, i64)> = Vec::new();
        for &(start, end) in &self.list {
            match joined.last_mut() {
                Some(last) if last.1 == start => last.1 = end,
                Some(_) | None => joined.push((start, end)),
            }
        }
        joined
    }

    /// Whether two streams tell the same bytes, however they are cut.
    pub(crate) fn same_bytes(&self, other: &Self) -> bool {
        self.joined() == other.joined()
    }

    /// Whether all bytes of a range are told.
    pub(crate) fn cover(&self, wanted: &Range<u64>) -> bool {
        let inside = |&(start, end): &(i64, i64)| {
            u64::try_from(start).is_ok_and(|it| it <= wanted.start)
                && u64::try_from(end).is_ok_and(|it| it >= wanted.end)
        };
        self.joined().iter().any(inside)
    }

    /// What no range tells.
    pub(crate) fn gaps(&self) -> Vec<Range<u64>> {
        let ends = self.list.iter().copied().chain([(self.capacity(), self.capacity())]);
        let mut from = 0;
        let mut gaps = Vec::new();
        for (start, end) in ends {
            if start > from
                && let (Ok(first), Ok(last)) = (u64::try_from(from), u64::try_from(start))
            {
                gaps.push(first..last);
            }
            from = end;
        }
        gaps
    }

    /// Offsets at which a stream may be taken up again: borders of ranges, and within and between
    /// them; about `most`, spread over the volume. None where there are no ranges.
    pub(crate) fn interesting_offsets(&self, most: usize) -> Option<Vec<i64>> {
        let mut offsets = vec![0];
        for &(start, end) in &self.joined() {
            offsets.extend([start, start + 1, start + (end - start) / 2, end - 1, end, end + 1]);
        }
        offsets.retain(|it| *it < self.capacity());
        offsets.sort_unstable();
        offsets.dedup();
        let step = offsets.len().div_ceil(most).max(1);
        (!self.is_empty()).then(|| offsets.into_iter().step_by(step).collect())
    }

    /// Whether this is what is left of a whole from an offset on: no range that ends before it, and
    /// the same bytes after it. The first may begin before it, as it did in the whole.
    pub(crate) fn is_tail_of(&self, whole: &Self, offset: i64) -> bool {
        let clipped = |ranges: &Self| -> Vec<(i64, i64)> {
            let from = |(start, end): (i64, i64)| (start.max(offset), end);
            ranges.joined().into_iter().filter(|it| it.1 > offset).map(from).collect()
        };
        let none_before = self.list.iter().all(|range| range.1 > offset);
        let begins = self.list.first().map_or(i64::MAX, |it| it.0);
        let known = whole.list.iter().any(|it| it.0 <= begins && begins < it.1);
        none_before && (known || self.is_empty()) && clipped(self) == clipped(whole)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANY: csi::BlockMetadataType = csi::BlockMetadataType::VariableLength;
    const FIXED: csi::BlockMetadataType = csi::BlockMetadataType::FixedLength;

    fn of(list: &[(i64, i64)]) -> Vec<csi::BlockMetadata> {
        let range = |&(byte_offset, size_bytes)| csi::BlockMetadata { byte_offset, size_bytes };
        list.iter().map(range).collect()
    }

    fn ranges(list: &[(i64, i64)]) -> Ranges {
        let mut ranges = Ranges::new(0);
        ranges.take(ANY, 100, &of(list)).unwrap();
        ranges
    }

    #[test]
    fn what_breaks_the_format_is_noticed() {
        let mut first = Ranges::new(1);
        first.take(FIXED, 100, &of(&[(0, 10)])).unwrap();
        for (kind, capacity, list) in [
            (ANY, 100, &[(10, 10)][..]),
            (FIXED, 101, &[(10, 10)]),
            (FIXED, 100, &[(9, 10)]),
            (FIXED, 100, &[(10, 11)]),
            (FIXED, 100, &[(10, 0)]),
            (FIXED, 100, &[(95, 10)]),
            (FIXED, 100, &[(10, 10), (20, 10)]),
        ] {
            assert!(first.clone().take(kind, capacity, &of(list)).is_err(), "{list:?}");
        }
        first.take(FIXED, 100, &of(&[(10, 10)])).unwrap();
    }

    #[test]
    fn gaps_are_what_is_left() {
        assert_eq!(ranges(&[(0, 10), (10, 10), (50, 10)]).gaps(), [20..50, 60..100]);
        assert_eq!(ranges(&[(0, 100)]).gaps(), []);
        assert!(ranges(&[(0, 10), (10, 10)]).cover(&(5..20)));
        assert!(!ranges(&[(0, 10), (11, 10)]).cover(&(5..20)));
    }

    #[test]
    fn a_tail_is_neither_longer_nor_shorter() {
        let whole = ranges(&[(0, 10), (20, 10), (50, 10)]);
        assert!(ranges(&[(20, 10), (50, 10)]).is_tail_of(&whole, 15));
        assert!(ranges(&[(20, 10), (50, 10)]).is_tail_of(&whole, 25));
        assert!(ranges(&[(25, 5), (50, 10)]).is_tail_of(&whole, 25));
        assert!(!ranges(&[(50, 10)]).is_tail_of(&whole, 25));
        assert!(!ranges(&[(20, 10), (50, 10)]).is_tail_of(&whole, 30));
        assert!(!ranges(&[(0, 10), (20, 10), (50, 10)]).is_tail_of(&whole, 15));
        assert!(!ranges(&[(15, 15), (50, 10)]).is_tail_of(&whole, 15));
        assert!(Ranges::new(0).is_tail_of(&whole, 60));
    }
}
