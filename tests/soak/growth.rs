//! From samples to whether anything grows: a line fitted through what came after the warm-up.

use std::fmt;

use crate::sample::Sample;

/// One thing that is watched.
#[derive(Debug, Clone)]
struct Watched {
    name: &'static str,
    unit: &'static str,
    first: f64,
    last: f64,
    most: f64,
    /// A thousand cycles, by the fitted line.
    slope: f64,
    /// Over all cycles that were fitted, by the line.
    rise: f64,
    /// What that may be.
    allowed: f64,
}

/// All of them.
#[derive(Debug, Clone)]
pub(crate) struct Growth(Vec<Watched>);

/// A name, a unit, what it is in a sample, and how much it may rise over the whole run: nothing that
/// is counted may; memory has the allocator's leeway.
type Watch = (&'static str, &'static str, fn(&Sample) -> usize, f64);

const WATCHED: [Watch; 13] = [
    ("mounts", "", |s| s.mounts, 0.0),
    ("loop devices", "", |s| s.loops, 0.0),
    ("records of the node", "", |s| s.records, 0.0),
    ("images in the pool", "", |s| s.images, 0.0),
    ("processes", "", |s| s.processes, 0.0),
    ("descriptors, node", "", |s| s.node.descriptors, 1.0),
    ("descriptors, controller", "", |s| s.controller.descriptors, 1.0),
    ("threads, node", "", |s| s.node.threads, 3.0),
    ("threads, controller", "", |s| s.controller.threads, 3.0),
    ("RSS, node", "KiB", |s| s.node.resident, 1024.0),
    ("PSS, node", "KiB", |s| s.node.proportional, 1024.0),
    ("PSS, controller", "KiB", |s| s.controller.proportional, 2048.0),
    ("state on disk, controller", "KiB", |s| s.state, 2048.0),
];

fn float(number: usize) -> f64 {
    f64::from(u32::try_from(number).unwrap_or(u32::MAX))
}

impl Growth {
    /// Of at least two samples.
    pub(crate) fn of(samples: &[Sample]) -> Self {
        let settled = &samples[warm_up(samples)..];
        let watched = WATCHED.iter().map(|(name, unit, value, allowed)| {
            let points: Vec<(f64, f64)> =
                settled.iter().map(|s| (f64::from(s.cycles), float(value(s)))).collect();
            let slope = fitted(&points);
            let (from, to) = (points[0], points[points.len() - 1]);
            Watched {
                name,
                unit,
                first: from.1,
                last: to.1,
                most: points.iter().map(|point| point.1).fold(0.0, f64::max),
                slope: slope * 1000.0,
                rise: slope * (to.0 - from.0),
                allowed: *allowed,
            }
        });
        Self(watched.collect())
    }

    /// What grows, in words.
    pub(crate) fn grown(&self) -> Vec<String> {
        let grown = self.0.iter().filter(|it| it.grows());
        grown.map(|it| format!("{} by {:.1} {}", it.name, it.rise, it.unit)).collect()
    }
}

impl Watched {
    fn grows(&self) -> bool {
        // What must be constant has to be so in every sample.
        if self.allowed == 0.0 { self.most > self.first } else { self.rise > self.allowed }
    }
}

/// The samples of the warm-up: the first fifth, and more until both processes have all threads that they come to
/// have, as a pool starts one whenever more is to be done at once than ever before, and each comes with stack and
/// heap. Threads that come in the last quarter are none of the warm-up: what grows with them is told.
fn warm_up(samples: &[Sample]) -> usize {
    let threads = |sample: &Sample| sample.node.threads + sample.controller.threads;
    let most = samples.iter().map(threads).max().unwrap_or_default();
    let all_there = samples.iter().position(|sample| threads(sample) == most).unwrap_or_default();
    let fifth = (samples.len() / 5).min(samples.len() - 2);
    if all_there * 4 > samples.len() * 3 { fifth } else { fifth.max(all_there) }
}

/// The slope of the line with the least squares.
fn fitted(points: &[(f64, f64)]) -> f64 {
    let count = float(points.len());
    let (x, y) =
        points.iter().fold((0.0, 0.0), |sum, it| (sum.0 + it.0 / count, sum.1 + it.1 / count));
    let over: f64 = points.iter().map(|it| (it.0 - x) * (it.1 - y)).sum();
    let under: f64 = points.iter().map(|it| (it.0 - x).powi(2)).sum();
    if under > 0.0 { over / under } else { 0.0 }
}

impl fmt::Display for Growth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "| | after warm-up | at the end | most | a thousand lives | |\n|---|---|---|---|---|---|"
        )?;
        for it in &self.0 {
            let verdict = if it.grows() { "**grows**" } else { "constant" };
            writeln!(
                f,
                "| {} | {:.0} {unit} | {:.0} {unit} | {:.0} {unit} | {:+.2} {unit} | {verdict} |",
                it.name,
                it.first,
                it.last,
                it.most,
                it.slope,
                unit = it.unit,
            )?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn samples(grows: bool) -> Vec<Sample> {
        (0..50u32)
            .map(|at| {
                let mut sample = Sample { cycles: at * 200, ..Sample::default() };
                sample.node.proportional = 10_000 + usize::try_from(at % 7).unwrap() * 30;
                if grows {
                    sample.node.proportional += usize::try_from(at).unwrap() * 50;
                }
                sample
            })
            .collect()
    }

    #[test]
    fn a_leak_is_found_under_noise_and_noise_is_none() {
        assert!(Growth::of(&samples(false)).grown().is_empty());
        let grown = Growth::of(&samples(true)).grown();
        assert!(grown.len() == 1 && grown[0].starts_with("PSS, node"), "{grown:?}");
    }

    #[test]
    fn threads_come_with_memory_once_and_a_leak_stays_one() {
        let mut samples = samples(false);
        for sample in &mut samples[25..] {
            sample.node.threads += 2;
            sample.node.proportional += 3000;
        }
        assert!(Growth::of(&samples).grown().is_empty());
        for (at, sample) in samples.iter_mut().enumerate().skip(25) {
            sample.node.proportional += at * 100;
        }
        assert_eq!(Growth::of(&samples).grown().len(), 1);
    }

    #[test]
    fn threads_that_keep_coming_are_found() {
        let mut samples = samples(false);
        for (at, sample) in samples.iter_mut().enumerate() {
            sample.node.threads += at / 5;
        }
        assert_eq!(Growth::of(&samples).grown().len(), 1);
    }

    #[test]
    fn one_mount_more_is_found() {
        let mut samples = samples(false);
        samples[49].mounts = 1;
        assert_eq!(Growth::of(&samples).grown().len(), 1);
    }
}
