//! Brings a file of format 1, which had the rows under their keys, to the present one: in one
//! transaction, so that a crash leaves the file in one format or in the other.

use redb::{Database, ReadableDatabase, ReadableTable, TableDefinition};

use super::{FORMAT, KNOWN_FORMAT, META, ROWS};

/// The rows of format 1.
const KEYED: TableDefinition<'static, &'static [u8], &'static [u8]> = TableDefinition::new("rows");

pub(super) fn migrate(database: &Database) -> Result<(), redb::Error> {
    // Read apart from the transaction that writes, which would make a missing table anew.
    let keyed = database.begin_read()?.open_table(KEYED)?;
    let transaction = super::begin(database)?;
    {
        let mut numbered = transaction.open_table(ROWS)?;
        for (number, row) in (0_u64..).zip(keyed.iter()?) {
            let (key, row) = row?;
            numbered.insert(number, (key.value(), row.value()))?;
        }
        transaction.open_table(META)?.insert(FORMAT, KNOWN_FORMAT)?;
    }
    transaction.delete_table(KEYED)?;
    Ok(transaction.commit()?)
}

#[cfg(test)]
mod tests;
