//! From single statements to what is shown: quantiles, over all of them and over slices of time.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// What the statements of one slice of time took.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(crate) struct Slice {
    /// Its middle, in seconds since the load began.
    pub(crate) at: f64,
    pub(crate) count: usize,
    /// Milliseconds.
    pub(crate) p50: f64,
    pub(crate) p99: f64,
}

/// What all of them took, in milliseconds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Quantiles {
    pub(crate) p50: f64,
    pub(crate) p99: f64,
    pub(crate) max: f64,
}

impl Quantiles {
    /// Of some durations; zero where there are none.
    pub(crate) fn of(took: impl IntoIterator<Item = Duration>) -> Self {
        let mut took: Vec<Duration> = took.into_iter().collect();
        took.sort_unstable();
        Self { p50: rank(&took, 50), p99: rank(&took, 99), max: rank(&took, 100) }
    }
}

/// The smallest value that at least so many percent do not exceed, in milliseconds. (The nearest rank: a value that
/// was measured, never one between two.)
fn rank(sorted: &[Duration], percent: usize) -> f64 {
    let number = (sorted.len() * percent).div_ceil(100).max(1) - 1;
    rounded(sorted.get(number).map_or(0.0, |took| took.as_secs_f64() * 1000.0))
}

/// With what is worth telling of it: microseconds of a millisecond, milliseconds of a second.
pub(crate) fn rounded(number: f64) -> f64 {
    (number * 1000.0).round() / 1000.0
}

/// Statements, each with its start and what it took, by slices of time in which one *ended*: what waited stands where
/// it was let go. Slices without any are left out: nothing is known of them.
pub(crate) fn slices(statements: &[(Duration, Duration)], width: Duration) -> Vec<Slice> {
    let number =
        |(at, took): &(Duration, Duration)| (*at + *took).as_nanos() / width.as_nanos().max(1);
    let mut ordered = statements.to_vec();
    ordered.sort_unstable_by_key(number);
    let chunks = ordered.chunk_by(|one, other| number(one) == number(other));
    chunks
        .filter_map(|slice| {
            let position = u32::try_from(number(slice.first()?)).ok()?;
            let Quantiles { p50, p99, max: _ } = Quantiles::of(slice.iter().map(|(_, took)| *took));
            let at = rounded((f64::from(position) + 0.5) * width.as_secs_f64());
            Some(Slice { at, count: slice.len(), p50, p99 })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(number: u64) -> Duration {
        Duration::from_millis(number)
    }

    #[test]
    fn quantiles_are_values_that_were_measured() {
        let hundred = Quantiles::of((1..=100).rev().map(ms));
        assert_eq!(hundred, Quantiles { p50: 50.0, p99: 99.0, max: 100.0 });
        assert_eq!(Quantiles::of([ms(7)]), Quantiles { p50: 7.0, p99: 7.0, max: 7.0 });
        // Of few, the slowest is among the slowest hundredth.
        assert_eq!(
            Quantiles::of([ms(1), ms(2), ms(90)]),
            Quantiles { p50: 2.0, p99: 90.0, max: 90.0 }
        );
        assert_eq!(Quantiles::of([]), Quantiles::default());
    }

    #[test]
    fn statements_stand_in_the_slice_in_which_they_ended() {
        let width = ms(250);
        let statements = [(ms(260), ms(1)), (ms(0), ms(10)), (ms(240), ms(300)), (ms(0), ms(20))];
        let slices = slices(&statements, width);
        assert_eq!(
            slices,
            [
                Slice { at: 0.125, count: 2, p50: 10.0, p99: 20.0 },
                Slice { at: 0.375, count: 1, p50: 1.0, p99: 1.0 },
                Slice { at: 0.625, count: 1, p50: 300.0, p99: 300.0 },
            ]
        );
    }

    #[test]
    fn a_slice_in_which_nothing_ended_is_none() {
        let slices = slices(&[(ms(0), ms(1)), (ms(1000), ms(1))], ms(250));
        let at: Vec<f64> = slices.iter().map(|slice| slice.at).collect();
        assert_eq!(at, [0.125, 1.125]);
        assert!(super::slices(&[], ms(250)).is_empty());
    }
}
