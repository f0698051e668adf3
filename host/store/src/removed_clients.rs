//! Table `removed_clients`: what is remembered of clients that are gone, for those who follow the changes of a realm.

use super::clients::ClientRow;
use super::{StoreError, Value, Write, Writer, values};
use matricula_system::clock;

/// How long a removed client is remembered.
pub const KEPT_MS: i64 = 30 * 24 * 60 * 60 * 1000;

/// Remembers a client that this write removes. Its last generation is the one in which it is gone.
pub(super) fn insert(write: &mut Write, realm_id: &str, client: &ClientRow) {
    write.run(
        "INSERT INTO removed_clients (realm_id, generation, id, client_id, removed_at_ms) VALUES ($1, $2, $3, $4, $5)",
        values![realm_id, Value::Generation, &client.id, client.client_id(), clock::now_ms()],
    );
}

/// Forgets what was removed too long ago.
pub(super) async fn trim(writer: &Writer) -> Result<(), StoreError> {
    let mut write = Write::default();
    write.run("DELETE FROM removed_clients WHERE removed_at_ms < $1", values![clock::now_ms() - KEPT_MS]);
    writer.write(write).await
}
