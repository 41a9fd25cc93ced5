//! All behaviours, one idea a file.

mod concurrency;
mod data;
mod groups;
mod health;
mod listing;
mod metadata;
mod modification;
mod mounts;
mod publishing;
mod repetition;
mod snapshots;
mod topology;

use crate::behaviour::Behaviour;

/// All of them, in the order in which they are run.
pub(crate) fn all() -> impl Iterator<Item = &'static Behaviour> {
    [
        data::ALL,
        mounts::ALL,
        concurrency::ALL,
        repetition::ALL,
        listing::ALL,
        snapshots::ALL,
        groups::ALL,
        metadata::ALL,
        publishing::ALL,
        topology::ALL,
        modification::ALL,
        health::ALL,
    ]
    .into_iter()
    .flatten()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn names_are_unique_and_sentences_are_there() {
        let mut names = BTreeSet::new();
        for it in all() {
            assert!(names.insert(it.name), "{} twice", it.name);
            for text in [it.does, it.says, it.section] {
                assert!(!text.is_empty() && !text.contains(['|', '\n']), "{}: {text}", it.name);
            }
        }
    }
}
