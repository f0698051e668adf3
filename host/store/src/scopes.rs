//! Table `client_scopes`.

use std::collections::BTreeMap;

use super::{Database, Lost, StoreError, Write, values};

/// What a new client that names no scopes gets of a scope.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Assigned {
    /// Not.
    None,
    /// As a default scope: every token carries it.
    Default,
    /// As an optional scope: a request may ask for it.
    Optional,
}

impl Assigned {
    /// As it is stored.
    pub fn as_str(self) -> &'static str {
        match self {
            Assigned::None => "none",
            Assigned::Default => "default",
            Assigned::Optional => "optional",
        }
    }

    fn of(text: &str) -> Result<Assigned, StoreError> {
        match text {
            "none" => Ok(Assigned::None),
            "default" => Ok(Assigned::Default),
            "optional" => Ok(Assigned::Optional),
            other => Err(StoreError::Damaged(format!("client_scopes.assigned {other:?}"))),
        }
    }
}

/// What requests need of a client scope.
#[derive(Clone, Debug)]
pub struct Scope {
    /// Unique in the realm.
    pub name: String,
    /// `openid-connect` or `saml`.
    pub protocol: String,
    /// What new clients get of it.
    pub assigned: Assigned,
}

impl From<&ScopeRow> for Scope {
    fn from(row: &ScopeRow) -> Self {
        Scope { name: row.name.clone(), protocol: row.protocol.clone(), assigned: row.assigned }
    }
}

/// A client scope of a realm as administrators see it.
#[derive(Clone, Debug)]
pub struct ScopeRow {
    /// UUID.
    pub id: String,
    /// Unique in the realm.
    pub name: String,
    /// `openid-connect` or `saml`.
    pub protocol: String,
    /// What new clients get of it.
    pub assigned: Assigned,
    /// Free data.
    pub attributes: BTreeMap<String, String>,
}

/// Every client scope of a realm, in alphabetical order.
pub async fn list(database: &Database, realm_id: &str) -> Result<Vec<ScopeRow>, StoreError> {
    let rows = database
        .all(
            "SELECT id, name, protocol, assigned, attributes FROM client_scopes WHERE realm_id = $1 ORDER BY name",
            values![realm_id],
        )
        .await?;
    rows.iter()
        .map(|row| {
            Ok(ScopeRow {
                id: row.get(0)?,
                name: row.get(1)?,
                protocol: row.get(2)?,
                assigned: Assigned::of(&row.get::<String>(3)?)?,
                attributes: row.json(4)?,
            })
        })
        .collect()
}

/// Reads what [`super::realms::whole`] gives of client scopes.
pub fn read_whole(json: &str) -> Result<Vec<Scope>, StoreError> {
    let rows: Vec<(String, String, String)> =
        serde_json::from_str(json).map_err(|error| StoreError::Damaged(error.to_string()))?;
    rows.into_iter()
        .map(|(name, protocol, assigned)| Ok(Scope { name, protocol, assigned: Assigned::of(&assigned)? }))
        .collect()
}

/// Adds a scope; [`Lost::Taken`] when the name is in use.
pub fn insert(write: &mut Write, realm_id: &str, scope: &ScopeRow) {
    write.require(
        "INSERT INTO client_scopes (realm_id, id, name, protocol, assigned, attributes) VALUES ($1, $2, $3, $4, $5, $6) \
         ON CONFLICT DO NOTHING",
        values![
            realm_id,
            &scope.id,
            &scope.name,
            &scope.protocol,
            scope.assigned.as_str(),
            serde_json::json!(scope.attributes).to_string()
        ],
        Lost::Taken,
    );
}

/// Makes a scope one that new clients get, or none of theirs any more, if new clients get still of it what they got when
/// it was read: [`Lost::Changed`] when somebody was faster.
pub fn assign(write: &mut Write, realm_id: &str, scope: &ScopeRow, assigned: Assigned) {
    write.require(
        "UPDATE client_scopes SET assigned = $3 WHERE realm_id = $1 AND id = $2 AND assigned = $4",
        values![realm_id, &scope.id, assigned.as_str(), scope.assigned.as_str()],
        Lost::Changed,
    );
}
