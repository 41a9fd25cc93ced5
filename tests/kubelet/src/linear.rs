//! Whether what concurrent callers saw can be told as one story: some order of the calls, each at a
//! moment between its begin and its end, in which a sequential specification gives the same answers.
//!
//! The search is Wing and Gong's with Lowe's memory of what was tried. Two things keep it small for
//! hundreds of callers. A call that changes nothing where it fits is put there at once: no other order
//! could need it later. And a call whose end nobody knows may have happened at any time since it
//! began, or never; repeated calls of CSI have one effect, so calls of that kind that are alike count as
//! one that may happen whenever it helps.

use std::collections::{BTreeMap, HashSet};
use std::fmt::Debug;
use std::hash::Hash;

/// What the calls mean, one after the other.
pub trait Specification {
    /// All that the answers depend on.
    type State: Clone + Eq + Hash + Debug;
    /// What is called.
    type Call: Clone + Ord + Debug;
    /// What is answered by one whose effect is known.
    type Answer: Clone + Debug;

    /// The state after a call that was answered so; none: it can't be answered so here.
    fn answered(
        &self,
        state: &Self::State,
        call: &Self::Call,
        answer: &Self::Answer,
    ) -> Option<Self::State>;

    /// The state after a call that happened, whatever it answered; none: it can't happen here.
    fn happened(&self, state: &Self::State, call: &Self::Call) -> Option<Self::State>;
}

/// One call, as its caller saw it. Times are any numbers that grow.
#[derive(Debug, Clone)]
pub struct Seen<C, A> {
    /// What was called.
    pub call: C,
    /// When it began.
    pub begun: u64,
    /// When it ended.
    pub ended: u64,
    /// The answer; none where it may or may not have happened.
    pub answer: Option<A>,
}

/// Why there is no such order: the longest story that could be told, and what fits nowhere after it.
#[derive(Debug, Clone)]
pub struct Contradiction {
    /// Calls in the order of the story, and the state after each.
    pub story: Vec<String>,
    /// Calls of which one must come next, and none can.
    pub stuck: Vec<String>,
}

struct Search<'a, S: Specification> {
    specification: &'a S,
    known: Vec<&'a Seen<S::Call, S::Answer>>,
    /// Calls that may have happened, with when the first of them began.
    unknown: Vec<(&'a S::Call, u64)>,
    tried: HashSet<(Vec<u64>, S::State)>,
    longest: Option<(usize, Contradiction)>,
}

/// Checks a history that begins in a state.
///
/// # Errors
/// The contradiction, where it is no story.
pub fn check<S: Specification>(
    specification: &S,
    first: S::State,
    history: &[Seen<S::Call, S::Answer>],
) -> Result<(), Contradiction> {
    let mut begun: BTreeMap<&S::Call, u64> = BTreeMap::new();
    for seen in history.iter().filter(|seen| seen.answer.is_none()) {
        let since = begun.entry(&seen.call).or_insert(seen.begun);
        *since = (*since).min(seen.begun);
    }
    let known: Vec<_> = history.iter().filter(|seen| seen.answer.is_some()).collect();
    let done = vec![0; known.len().div_ceil(64)];
    let mut search = Search {
        specification,
        known,
        unknown: begun.into_iter().collect(),
        tried: HashSet::new(),
        longest: None,
    };
    if search.fits(done, first, &mut Vec::new()) {
        return Ok(());
    }
    let nothing = Contradiction { story: Vec::new(), stuck: Vec::new() };
    Err(search.longest.map_or(nothing, |(_, contradiction)| contradiction))
}

fn has(done: &[u64], at: usize) -> bool {
    done.get(at / 64).is_some_and(|word| word & (1 << (at % 64)) != 0)
}

fn add(done: &mut [u64], at: usize) {
    if let Some(word) = done.get_mut(at / 64) {
        *word |= 1 << (at % 64);
    }
}

impl<S: Specification> Search<'_, S> {
    /// The calls that may come next: those that began before any of the others ended. With it, by when
    /// the next one must have come.
    fn next(&self, done: &[u64]) -> (Vec<usize>, u64) {
        let left: Vec<usize> = (0..self.known.len()).filter(|at| !has(done, *at)).collect();
        let seen = |at: &usize| self.known.get(*at);
        let by = left.iter().filter_map(seen).map(|it| it.ended).min().unwrap_or(u64::MAX);
        let may = |at: &usize| seen(at).is_some_and(|it| it.begun <= by);
        (left.iter().copied().filter(may).collect(), by)
    }

    /// Puts all at once that fits and changes nothing.
    fn settle(&self, done: &mut [u64], state: &S::State, story: &mut Vec<String>) {
        loop {
            let before = story.len();
            for at in self.next(done).0 {
                let Some(seen) = self.known.get(at) else { continue };
                let Some(answer) = &seen.answer else { continue };
                let after = self.specification.answered(state, &seen.call, answer);
                if after.as_ref() == Some(state) {
                    add(done, at);
                    story.push(format!("{:?} → {answer:?}", seen.call));
                }
            }
            if story.len() == before {
                return;
            }
        }
    }

    fn fits(&mut self, mut done: Vec<u64>, state: S::State, story: &mut Vec<String>) -> bool {
        let begun = story.len();
        self.settle(&mut done, &state, story);
        let (next, by) = self.next(&done);
        if next.is_empty() {
            return true;
        }
        if !self.tried.insert((done.clone(), state.clone())) {
            story.truncate(begun);
            return false;
        }
        for at in &next {
            let Some(seen) = self.known.get(*at) else { continue };
            let Some(answer) = &seen.answer else { continue };
            if let Some(after) = self.specification.answered(&state, &seen.call, answer) {
                let mut done = done.clone();
                add(&mut done, *at);
                story.push(format!("{:?} → {answer:?}: {after:?}", seen.call));
                if self.fits(done, after, story) {
                    return true;
                }
                story.pop();
            }
        }
        for (call, since) in self.unknown.clone() {
            let after = self.specification.happened(&state, call).filter(|after| *after != state);
            if let (Some(after), true) = (after, since <= by) {
                story.push(format!("{call:?}, of which nobody knows: {after:?}"));
                if self.fits(done.clone(), after, story) {
                    return true;
                }
                story.pop();
            }
        }
        self.remember(&next, story);
        story.truncate(begun);
        false
    }

    fn remember(&mut self, next: &[usize], story: &[String]) {
        if self.longest.as_ref().is_some_and(|(length, _)| *length >= story.len()) {
            return;
        }
        let stuck = next.iter().filter_map(|at| self.known.get(*at));
        let stuck = stuck.map(|seen| format!("{:?} → {:?}", seen.call, seen.answer)).collect();
        self.longest = Some((story.len(), Contradiction { story: story.to_vec(), stuck }));
    }
}

#[cfg(test)]
#[path = "linear/tests.rs"]
mod tests;
