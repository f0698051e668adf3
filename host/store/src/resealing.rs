//! Brings everything that is encrypted, or should be, to the current master key: `matricula encrypt`. A server may run
//! meanwhile.

use tokio::task::JoinSet;

use super::{Database, Store, StoreError, Write, document, keys, sealing, values};

/// Rows that are read at a time.
const PAGE: i64 = 64;

/// A table with a column that is encrypted.
struct Table {
    /// Realm, id and value of the rows behind these, in the order of the table's key.
    select: fn(&Database) -> &'static str,
    /// Replaces the value of a row that still is as it was read.
    update: &'static str,
    /// Where a value belongs.
    place: fn(realm_id: &str, id: &str) -> String,
}

const TABLES: [Table; 2] = [
    Table {
        // In the order of its key, which is another one in SQLite: either reads the key from where the last page ended.
        select: |database| match database {
            Database::Sqlite(_) => {
                "SELECT realm_id, id, document FROM clients WHERE (id, realm_id) > ($2, $1) ORDER BY id, realm_id LIMIT $3"
            }
            Database::Postgres(..) => {
                "SELECT realm_id, id, document FROM clients WHERE (realm_id, id) > ($1, $2) ORDER BY realm_id, id LIMIT $3"
            }
        },
        update: "UPDATE clients SET document = $3 WHERE realm_id = $1 AND id = $2 AND document = $4",
        place: |_, id| document::place(id),
    },
    Table {
        select: |_| {
            "SELECT realm_id, kid, private_key FROM realm_keys WHERE (realm_id, kid) > ($1, $2) \
             ORDER BY realm_id, kid LIMIT $3"
        },
        update: "UPDATE realm_keys SET private_key = $3 WHERE realm_id = $1 AND kid = $2 AND private_key = $4",
        place: keys::place,
    },
];

/// Encrypts every value with the current key that is not, or decrypts it if there is none; how many there were.
///
/// # Errors
/// When a value cannot be read, or the database gives no answer. What was done by then stays done.
pub async fn reseal(store: &Store) -> Result<usize, StoreError> {
    let mut changed = 0;
    for table in &TABLES {
        let (mut realm_id, mut id) = (String::new(), String::new());
        loop {
            let rows = store.database.all((table.select)(&store.database), values![&realm_id, &id, PAGE]).await?;
            if rows.is_empty() {
                break;
            }
            let mut writes = JoinSet::new();
            for row in rows {
                (realm_id, id) = (row.get(0)?, row.get(1)?);
                let before: Vec<u8> = row.get(2)?;
                if sealing::is_current(&before) {
                    continue;
                }
                let place = (table.place)(&realm_id, &id);
                let after = sealing::seal(&place, sealing::open(&place, before.clone())?)?;
                let mut write = Write::default();
                // One that was changed meanwhile was written with the key of the server that did it.
                write.run(table.update, values![&realm_id, &id, after, before]);
                let writer = store.writer.clone();
                writes.spawn(async move { writer.write(write).await });
                changed += 1;
            }
            for done in writes.join_all().await {
                done?;
            }
        }
    }
    Ok(changed)
}
