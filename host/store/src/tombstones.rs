//! Table `tombstones`: what is kept of clients that are gone, and nothing of their metadata.
//!
//! A tombstone says something while no client has its `client_id`. It ends with the next one: what is kept after that is
//! of the later client.

use super::clients::{CLIENT_ID_METADATA_DOCUMENT, ClientRow};
use super::realm_settings::Settings;
use super::{Database, StoreError, Write, Writer, values};
use matricula_system::clock;

/// Why a client is removed, and how long that is known.
#[derive(Clone, Copy, Debug)]
pub struct Removal<'a> {
    /// The rule of the realm that removes it; absent: somebody does.
    pub rule: Option<&'a str>,
    /// Seconds; 0: it leaves no tombstone.
    pub kept_for: i64,
}

impl Removal<'_> {
    /// Nobody is to know of it: nobody has had the client.
    pub const WITHOUT_TRACE: Removal<'static> = Removal { rule: None, kept_for: 0 };

    /// Somebody removes a client of a realm with these settings.
    pub fn by_hand(settings: &Settings) -> Removal<'static> {
        Removal { rule: None, kept_for: settings.life_cycle.tombstones }
    }
}

/// What is known of a client that is gone.
#[derive(Clone, Debug)]
pub struct Tombstone {
    /// Internal id.
    pub id: String,
    /// When it was removed, Unix milliseconds.
    pub removed_ms: i64,
    /// The rule of the realm that removed it; absent: somebody did.
    pub rule: Option<String>,
    /// `jti` of the registration access token that was good.
    pub registration_token_id: Option<String>,
    /// The provider that it was registered with; absent: nobody registered it.
    provider: Option<String>,
}

impl Tombstone {
    /// Whether somebody had registered it, who can do so again: no administrator made it, and it came from no document, which
    /// it would come back from.
    pub fn was_registered(&self) -> bool {
        self.provider.as_deref().is_some_and(|provider| provider != CLIENT_ID_METADATA_DOCUMENT)
    }
}

/// What is known of the client that had this `client_id`, which no client has now.
pub async fn find(database: &Database, realm_id: &str, client_id: &str) -> Result<Option<Tombstone>, StoreError> {
    let sql = "SELECT id, removed_ms, rule, registration_token_id, provider FROM tombstones \
               WHERE realm_id = $1 AND client_id = $2 AND kept_until_ms > $3";
    let found = database.first(sql, values![realm_id, client_id, clock::now_ms()]).await?;
    found
        .map(|row| {
            Ok(Tombstone {
                id: row.get(0)?,
                removed_ms: row.get(1)?,
                rule: row.get(2)?,
                registration_token_id: row.get(3)?,
                provider: row.get(4)?,
            })
        })
        .transpose()
}

/// Before a client is removed in this write: keeps what is to be known of it, in place of what is known of one before it.
pub(super) fn insert(write: &mut Write, realm_id: &str, client: &ClientRow, removal: Removal<'_>) {
    if removal.kept_for == 0 {
        end(write, realm_id, client.client_id());
        return;
    }
    let now = clock::now_ms();
    write.run_apart(
        "INSERT INTO tombstones (realm_id, client_id, id, removed_ms, kept_until_ms, rule, registration_token_id, provider) \
         SELECT c.realm_id, c.client_id, c.id, $3, $4, $5, c.registration_token_id, $6 FROM clients c \
         WHERE c.realm_id = $1 AND c.id = $2 ON CONFLICT (realm_id, client_id) DO UPDATE SET id = excluded.id, \
         removed_ms = excluded.removed_ms, kept_until_ms = excluded.kept_until_ms, rule = excluded.rule, \
         registration_token_id = excluded.registration_token_id, provider = excluded.provider",
        values![
            realm_id,
            &client.id,
            now,
            now.saturating_add(removal.kept_for.saturating_mul(1000)),
            removal.rule,
            client.origin.as_ref().map(|origin| origin.provider.clone()),
        ],
    );
}

/// Forgets what is known of a client that had this `client_id`, which another one gets by this write.
pub fn end(write: &mut Write, realm_id: &str, client_id: &str) {
    write.run("DELETE FROM tombstones WHERE realm_id = $1 AND client_id = $2", values![realm_id, client_id]);
}

/// Forgets what was kept long enough.
pub(super) async fn trim(writer: &Writer) -> Result<(), StoreError> {
    let mut write = Write::default();
    write.run("DELETE FROM tombstones WHERE kept_until_ms <= $1", values![clock::now_ms()]);
    writer.write(write).await
}
