//! The rows: a key, a payload that the key tells, and the payload's checksum by the client.

/// The table, as `CREATE TABLE` wants it.
pub(crate) const TABLE: &str = "entries (id BIGINT UNSIGNED PRIMARY KEY, crc INT UNSIGNED NOT NULL, payload BLOB NOT NULL) ENGINE=InnoDB";

/// Bytes of a payload: small enough that a row stays within one of InnoDB's pages of 16 KiB.
pub(super) const PAYLOAD: usize = 4900;

/// Rows of a bulk.
pub(super) const BULK: u32 = 32;

/// Writers insert in ascending order, each in a range of its own.
const RANGE: u64 = 1 << 32;

/// The key of a writer's row.
pub(super) fn id(writer: usize, row: usize) -> u64 {
    let number = |count: usize| u64::try_from(count).unwrap_or(u64::MAX);
    number(writer).saturating_mul(RANGE).saturating_add(number(row))
}

/// What stands in the row of that key: bytes that no compression makes smaller.
pub(super) fn payload(id: u64) -> Vec<u8> {
    let mut bytes = vec![0; PAYLOAD];
    fastrand::Rng::with_seed(id).fill(&mut bytes);
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_tell_payloads_apart() {
        assert_eq!(id(2, 7), 0x2_0000_0007);
        assert_eq!(payload(7), payload(7));
        assert_ne!(payload(7), payload(8));
    }
}
