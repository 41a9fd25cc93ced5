use super::*;
use crate::error::Code;

const MIB: u64 = 1 << 20;
const SIZES: Sizes = Sizes { granule: MIB, minimum: MIB, maximum: 100 * MIB, default: 10 * MIB };

fn range(required: impl Into<Option<u64>>, limit: impl Into<Option<u64>>) -> CapacityRange {
    CapacityRange { required: required.into(), limit: limit.into() }
}

fn choose(required: impl Into<Option<u64>>, limit: impl Into<Option<u64>>) -> Result<u64, Code> {
    SIZES.choose(Some(&range(required, limit))).map_err(|error| error.code)
}

#[test]
fn a_multiple_of_the_granule_is_given_exactly() {
    assert_eq!(choose(7 * MIB, None), Ok(7 * MIB));
    assert_eq!(choose(7 * MIB, 7 * MIB), Ok(7 * MIB));
    assert_eq!(choose(100 * MIB, None), Ok(100 * MIB));
}

#[test]
fn other_sizes_round_up_within_the_limit() {
    assert_eq!(choose(1, None), Ok(MIB));
    assert_eq!(choose(MIB + 1, None), Ok(2 * MIB));
    assert_eq!(choose(MIB + 1, 2 * MIB), Ok(2 * MIB));
    assert_eq!(choose(MIB + 1, 2 * MIB - 1), Err(Code::OutOfRange));
}

#[test]
fn without_a_required_size_the_default_or_the_limit_counts() {
    assert_eq!(SIZES.choose(None).unwrap(), 10 * MIB);
    assert_eq!(choose(None, None), Ok(10 * MIB));
    assert_eq!(choose(None, 50 * MIB), Ok(10 * MIB));
    assert_eq!(choose(None, 3 * MIB + 5), Ok(3 * MIB));
    assert_eq!(choose(None, MIB - 1), Err(Code::OutOfRange));
}

#[test]
fn sizes_beyond_the_bounds_are_out_of_range() {
    assert_eq!(choose(100 * MIB + 1, None), Err(Code::OutOfRange));
    assert_eq!(choose(u64::MAX, None), Err(Code::OutOfRange));
    assert_eq!(choose(1, 2), Err(Code::OutOfRange));
    assert_eq!(choose(None, u64::MAX), Ok(10 * MIB));
}

#[test]
fn growing_never_shrinks_and_keeps_what_is_enough() {
    let grow = |required: Option<u64>, limit: Option<u64>| {
        SIZES.grow(5 * MIB, &range(required, limit)).map_err(|error| error.code)
    };
    assert_eq!(grow(Some(8 * MIB), None), Ok(8 * MIB));
    assert_eq!(grow(Some(8 * MIB - 1), None), Ok(8 * MIB));
    assert_eq!(grow(Some(5 * MIB), None), Ok(5 * MIB));
    assert_eq!(grow(Some(MIB), None), Ok(5 * MIB));
    assert_eq!(grow(None, Some(9 * MIB)), Ok(5 * MIB));
    assert_eq!(grow(None, Some(4 * MIB)), Err(Code::OutOfRange));
    assert_eq!(grow(Some(8 * MIB - 1), Some(8 * MIB - 1)), Err(Code::OutOfRange));
    assert_eq!(grow(Some(101 * MIB), None), Err(Code::OutOfRange));
}

#[test]
fn an_existing_size_is_compared_with_the_range() {
    assert!(satisfies(5, None));
    assert!(satisfies(5, Some(&range(5, 5))));
    assert!(satisfies(5, Some(&range(4, None))));
    assert!(!satisfies(5, Some(&range(6, None))));
    assert!(!satisfies(5, Some(&range(None, 4))));
}
