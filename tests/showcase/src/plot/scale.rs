//! From values to places on the picture.

/// Evenly.
#[derive(Debug, Clone, Copy)]
pub(super) struct Linear {
    /// The values at the two ends.
    pub(super) from: (f64, f64),
    /// Where these stand.
    pub(super) to: (f64, f64),
}

impl Linear {
    /// Where a value stands; one beyond an end stands there.
    pub(super) fn at(&self, value: f64) -> f64 {
        let (low, high) = self.from;
        let part = if high > low { ((value - low) / (high - low)).clamp(0.0, 1.0) } else { 0.0 };
        self.to.0 + part * (self.to.1 - self.to.0)
    }
}

/// By powers of ten, of which both ends are one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Logarithmic {
    /// The lowest and the highest power.
    pub(super) powers: (i32, i32),
}

impl Logarithmic {
    /// One that all these values stand on; they are above zero.
    pub(super) fn of(values: impl Iterator<Item = f64> + Clone) -> Self {
        let low = values.clone().filter(|it| *it > 0.0).fold(f64::INFINITY, f64::min);
        let high = values.fold(0.0, f64::max);
        if !low.is_finite() {
            return Self { powers: (0, 1) };
        }
        let power = |begin: i32, fits: &dyn Fn(f64) -> bool| {
            (begin..=12).find(|power| fits(10_f64.powi(*power))).unwrap_or(12)
        };
        // The first power that is above the value, and the one before that.
        let lowest = power(-12, &|bound| bound > low) - 1;
        Self { powers: (lowest, power(lowest + 1, &|bound| bound >= high)) }
    }

    /// Where a value stands between `bottom` and `top`.
    pub(super) fn at(self, value: f64, (bottom, top): (f64, f64)) -> f64 {
        let (low, high) = self.powers;
        let from = (f64::from(low), f64::from(high));
        Linear { from, to: (bottom, top) }.at(value.max(f64::MIN_POSITIVE).log10())
    }

    /// The values at which lines are drawn.
    pub(super) fn lines(self) -> impl Iterator<Item = f64> {
        (self.powers.0..=self.powers.1).map(|power| 10_f64.powi(power))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn log(values: &[f64]) -> (i32, i32) {
        Logarithmic::of(values.iter().copied()).powers
    }

    #[test]
    fn powers_of_ten_hold_all_values() {
        assert_eq!(log(&[0.7, 80.0]), (-1, 2));
        assert_eq!(log(&[1.0, 100.0]), (0, 2));
        assert_eq!(log(&[5.0]), (0, 1));
        assert_eq!(log(&[]), (0, 1));
    }

    #[test]
    fn values_stand_between_the_ends() {
        let line = Linear { from: (0.0, 10.0), to: (100.0, 200.0) };
        assert_eq!([-1.0, 0.0, 5.0, 11.0].map(|it| line.at(it)), [100.0, 100.0, 150.0, 200.0]);
        let scale = Logarithmic { powers: (0, 2) };
        assert_eq!([1.0, 10.0, 100.0].map(|it| scale.at(it, (200.0, 0.0))), [200.0, 100.0, 0.0]);
    }
}
