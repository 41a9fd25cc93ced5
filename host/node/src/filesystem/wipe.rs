//! Overwriting what a cut-off mkfs left, so that the next one finds a blank device.

use std::io;

use super::BlockRead;
use super::blank::{Run, Swept, first_set, plan};
use super::pages::Pages;

/// A device that can be written.
pub trait BlockWrite: BlockRead {
    /// Writes all of `bytes` at `offset`; both are as [`BlockRead::read_at`] has them.
    ///
    /// # Errors
    /// What the device answers; part may have been written.
    fn write_at(&self, offset: u64, bytes: &[u8]) -> io::Result<()>;
}

/// Writes zeros wherever [`super::prove_blank`] would meet something else. Whether that may be
/// lost is for the caller to know: only a file system that was never finished may.
///
/// It goes from the end to the start, so that the first superblock, by which the left-over is
/// recognised as such, stays until the last write of all.
///
/// # Errors
/// What reading or writing answers; part may have been wiped.
pub fn wipe<D: BlockWrite>(device: &D) -> io::Result<()> {
    let (mut pages, mut zeros) = (Pages::new(), Pages::new());
    let plan = plan(device.size(), Swept::Partly, device.unit());
    let mut chunks: Vec<_> = plan.into_iter().flat_map(Run::chunks).collect();
    chunks.reverse();
    for (offset, len) in chunks {
        let bytes = pages.read(device, offset, len)?;
        if first_set(bytes).is_some() {
            device.write_at(offset, zeros.start(bytes.len())?)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::filesystem::image::Image;
    use crate::filesystem::{PAGE, probe, prove_blank};

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn a_wiped_device_is_blank(
            mib in 1_u64..100_000,
            places in prop::collection::vec((any::<prop::sample::Index>(), 1_u8..), 0..32),
        ) {
            let size = mib * 1024 * 1024;
            let mut image = Image::blank(size);
            let plan = plan(size, Swept::Partly, PAGE);
            for (place, byte) in places {
                let run = plan[place.index(plan.len())];
                let within = place.index(usize::try_from(run.end - run.start).unwrap()) as u64;
                image.write(run.start + within, &[byte]);
            }
            wipe(&image).unwrap();
            prop_assert!(prove_blank(&image).is_ok());
        }
    }

    #[test]
    fn the_first_superblock_goes_last() {
        let size = 1 << 30;
        for superblock in [0, 65536] {
            let mut image = Image::blank(size);
            image.write(superblock, &[1]);
            image.write(64 << 20, &[1]);
            image.write(size - 1, &[1]);
            wipe(&image).unwrap();
            let first = image.writes().iter().map(|write| write.start).min();
            assert_eq!(first, image.writes().last().map(|write| write.start));
            assert!(probe(&image).is_ok());
        }
    }

    #[test]
    fn a_failing_device_is_an_error() {
        let mut image = Image::blank(1 << 30);
        image.fail(1 << 29..1 << 30);
        assert!(wipe(&image).is_err());
    }
}
