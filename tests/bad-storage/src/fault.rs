//! What goes wrong, and with what: rules that say for an operation on some bytes of a file what becomes of
//! it. Pure.

use serde::{Deserialize, Serialize};

/// What is asked of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Operation {
    /// Some bytes.
    Read,
    /// To take some bytes.
    Write,
    /// That what it took is durable.
    Sync,
    /// Its size and the like, as LOOP_GET_STATUS64 asks it of the file behind a loop device, too.
    Attributes,
}

impl Operation {
    /// All.
    pub const ALL: [Self; 4] = [Self::Read, Self::Write, Self::Sync, Self::Attributes];
}

/// What becomes of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Effect {
    /// It fails with this errno.
    Fail(i32),
    /// A read ends after so many bytes, as if the file ended there.
    Short(usize),
    /// It is done so many milliseconds later.
    Delay(u64),
    /// It is done when the storage is mended.
    Hang,
    /// It is answered as done, and was not.
    Lose,
}

/// One rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fault {
    /// A part of the path of the files below the directory; empty: all.
    pub files: String,
    /// Of these operations.
    pub on: Vec<Operation>,
    /// From this byte on; operations without bytes are all meant.
    pub from: u64,
    /// Up to this byte, which is not meant any more.
    pub to: u64,
    /// So many of them pass before the first that is struck.
    pub after: u64,
    /// What becomes of them.
    pub effect: Effect,
}

impl Fault {
    /// Of all bytes of a file.
    #[must_use]
    pub fn of(files: &str, on: &[Operation], effect: Effect) -> Self {
        Self { files: files.to_owned(), on: on.to_vec(), from: 0, to: u64::MAX, after: 0, effect }
    }

    /// Of these bytes alone.
    #[must_use]
    pub fn within(self, from: u64, to: u64) -> Self {
        Self { from, to, ..self }
    }

    /// Only after so many have passed.
    #[must_use]
    pub fn after(self, after: u64) -> Self {
        Self { after, ..self }
    }

    fn is_about(&self, file: &str, operation: Operation, (offset, length): (u64, u64)) -> bool {
        let ranged = matches!(operation, Operation::Read | Operation::Write);
        let touches = offset < self.to && offset.saturating_add(length) > self.from;
        file.contains(&self.files) && self.on.contains(&operation) && (!ranged || touches)
    }
}

/// The rules that hold.
#[derive(Debug, Default)]
pub struct Faults(Vec<Fault>);

impl Faults {
    /// One more rule; the first that is about an operation decides.
    pub fn add(&mut self, fault: Fault) {
        self.0.push(fault);
    }

    /// No rule any more.
    pub fn clear(&mut self) {
        self.0.clear();
    }

    /// What becomes of an operation on `(offset, length)` of a file; none: what was asked.
    pub fn strike(
        &mut self,
        file: &str,
        operation: Operation,
        bytes: (u64, u64),
    ) -> Option<Effect> {
        let fault = self.0.iter_mut().find(|fault| fault.is_about(file, operation, bytes))?;
        if fault.after > 0 {
            fault.after -= 1;
            return None;
        }
        Some(fault.effect)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_strikes_its_files_operations_and_bytes_alone() {
        let mut faults = Faults::default();
        faults.add(Fault::of("a.img", &[Operation::Read], Effect::Fail(5)).within(100, 200));
        let mut strike = |file, operation, bytes| faults.strike(file, operation, bytes);
        assert_eq!(strike("x/a.img", Operation::Read, (199, 1)), Some(Effect::Fail(5)));
        assert_eq!(strike("x/a.img", Operation::Read, (0, 101)), Some(Effect::Fail(5)));
        assert_eq!(strike("x/a.img", Operation::Read, (200, 9)), None);
        assert_eq!(strike("x/a.img", Operation::Read, (0, 100)), None);
        assert_eq!(strike("x/b.img", Operation::Read, (150, 1)), None);
        assert_eq!(strike("x/a.img", Operation::Write, (150, 1)), None);
    }

    #[test]
    fn some_pass_before_the_first_is_struck() {
        let mut faults = Faults::default();
        faults.add(Fault::of("", &[Operation::Sync], Effect::Lose).after(2));
        let struck: Vec<_> =
            (0..4).map(|_| faults.strike("f", Operation::Sync, (0, 0)).is_some()).collect();
        assert_eq!(struck, [false, false, true, true]);
    }
}
