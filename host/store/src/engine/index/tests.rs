use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

#[derive(Debug, Clone)]
enum Step {
    Insert(Vec<u8>),
    Remove(Vec<u8>),
    Look(Bound<Vec<u8>>, Bound<Vec<u8>>),
}

/// Enough keys for many chunks, few enough that steps meet, the empty one among them.
fn key() -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(prop_oneof![Just(0_u8), b'a'..=b'f', Just(0xff)], 0..5)
}

fn bound() -> impl Strategy<Value = Bound<Vec<u8>>> {
    prop_oneof![
        1 => Just(Bound::Unbounded),
        3 => key().prop_map(Bound::Included),
        3 => key().prop_map(Bound::Excluded),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        12 => key().prop_map(Step::Insert),
        6 => key().prop_map(Step::Remove),
        1 => (bound(), bound()).prop_map(|(from, to)| Step::Look(from, to)),
    ]
}

type Model = BTreeMap<Vec<u8>, u64>;

fn all(index: &Index) -> Vec<(Vec<u8>, u64)> {
    let all = index.range((Bound::Unbounded, Bound::Unbounded));
    all.map(|(key, number)| (key.to_vec(), number)).collect()
}

fn of(model: &Model) -> Vec<(Vec<u8>, u64)> {
    model.iter().map(|(key, number)| (key.clone(), *number)).collect()
}

fn within(bound: (&Bound<Vec<u8>>, &Bound<Vec<u8>>), key: &Vec<u8>) -> bool {
    let after = match bound.0 {
        Bound::Included(from) => key >= from,
        Bound::Excluded(from) => key > from,
        Bound::Unbounded => true,
    };
    after
        && match bound.1 {
            Bound::Included(to) => key <= to,
            Bound::Excluded(to) => key < to,
            Bound::Unbounded => true,
        }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn an_index_is_a_map(
        steps in prop::collection::vec(step(), 1..1500)
    ) {
        let (mut index, mut model) = (Index::default(), Model::new());
        for (number, step) in (0..).zip(steps) {
            match step {
                Step::Insert(key) => {
                    let new = !model.contains_key(&key);
                    prop_assert_eq!(index.insert(&key, number), new);
                    model.entry(key).or_insert(number);
                }
                Step::Remove(key) => prop_assert_eq!(index.remove(&key), model.remove(&key)),
                Step::Look(from, to) => {
                    let wanted = model.iter().filter(|(key, _)| within((&from, &to), key));
                    let wanted: Vec<_> = wanted.map(|(k, n)| (k.clone(), *n)).collect();
                    let range = (from.as_ref().map(Vec::as_slice), to.as_ref().map(Vec::as_slice));
                    let found: Vec<_> =
                        index.range(range).map(|(k, n)| (k.to_vec(), n)).collect();
                    prop_assert_eq!(found, wanted);
                    if let Bound::Included(key) = from {
                        prop_assert_eq!(index.get(&key), model.get(&key).copied());
                    }
                }
            }
        }
        prop_assert_eq!(all(&index), of(&model));
        prop_assert!(index.chunks.iter().all(|chunk| !chunk.rows.is_empty()));
        prop_assert!(index.chunks.iter().all(|chunk| chunk.rows.len() <= LONGEST));
    }
}

#[test]
fn chunks_split_and_go() {
    let mut index = Index::default();
    let keys: Vec<_> = (0..1000_u64).map(|number| (number * 389 % 1000).to_be_bytes()).collect();
    for (number, key) in (0..).zip(&keys) {
        assert!(index.insert(key, number));
    }
    assert!(index.chunks.len() > 1000 / LONGEST);
    for key in &keys {
        assert!(index.remove(key).is_some());
    }
    assert!(index.chunks.is_empty());
}
