//! Tables `roles` and `role_mappings`.

use super::{Database, Lost, Row, StoreError, Write, values};

/// A role of a client, or of the realm.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoleRow {
    /// UUID.
    pub id: String,
    /// Internal id of the client; empty for roles of the realm.
    pub client: String,
    /// Unique within the client or realm.
    pub name: String,
    /// For administrators.
    pub description: Option<String>,
    /// Every user of the realm has it.
    pub is_default: bool,
}

fn row(row: &Row) -> Result<RoleRow, StoreError> {
    Ok(RoleRow {
        id: row.get(0)?,
        client: row.get(1)?,
        name: row.get(2)?,
        description: row.get(3)?,
        is_default: row.get(4)?,
    })
}

/// Roles of a client in alphabetical order.
pub async fn of_client(database: &Database, realm_id: &str, client: &str) -> Result<Vec<RoleRow>, StoreError> {
    let rows = database
        .all(
            "SELECT id, client, name, description, is_default FROM roles WHERE realm_id = $1 AND client = $2 ORDER BY name",
            values![realm_id, client],
        )
        .await?;
    rows.iter().map(row).collect()
}

/// Roles of the realm and of its clients behind this one of this client, by internal id of the client and name, at most
/// `max`; with the `client_id` of each. Those of the realm come first.
pub async fn behind(
    database: &Database,
    realm_id: &str,
    (client, name): (&str, &str),
    max: i64,
) -> Result<Vec<(RoleRow, String)>, StoreError> {
    let rows = database
        .all(
            "SELECT r.id, r.client, r.name, r.description, r.is_default, coalesce(c.client_id, '') FROM roles r \
             LEFT JOIN clients c ON c.realm_id = r.realm_id AND c.id = r.client \
             WHERE r.realm_id = $1 AND (r.client, r.name) > ($2, $3) ORDER BY r.client, r.name LIMIT $4",
            values![realm_id, client, name, max],
        )
        .await?;
    rows.iter().map(|found| Ok((row(found)?, found.get(5)?))).collect()
}

/// Makes a role of a client, or of the realm, a default one.
pub fn make_default(write: &mut Write, realm_id: &str, client: &str, name: &str) {
    write.run(
        "UPDATE roles SET is_default = TRUE WHERE realm_id = $1 AND client = $2 AND name = $3",
        values![realm_id, client, name],
    );
}

/// Roles of a client that a user was given directly.
pub async fn mapped(
    database: &Database,
    realm_id: &str,
    user_id: &str,
    client: &str,
) -> Result<Vec<RoleRow>, StoreError> {
    let rows = database
        .all(
            "SELECT r.id, r.client, r.name, r.description, r.is_default FROM role_mappings m \
             JOIN roles r ON r.realm_id = m.realm_id AND r.id = m.role_id \
             WHERE m.realm_id = $1 AND m.user_id = $2 AND r.client = $3 ORDER BY r.name",
            values![realm_id, user_id, client],
        )
        .await?;
    rows.iter().map(row).collect()
}

/// Every role of a user, default ones included, composites not resolved: the `client_id` of the role's client (empty
/// for roles of the realm) and the role's name.
pub async fn of_user(database: &Database, realm_id: &str, user_id: &str) -> Result<Vec<(String, String)>, StoreError> {
    let rows = database
        .all(
            "SELECT coalesce(c.client_id, ''), r.name FROM ( \
                 SELECT role_id AS id FROM role_mappings WHERE realm_id = $1 AND user_id = $2 \
                 UNION SELECT id FROM roles WHERE realm_id = $1 AND is_default \
             ) held JOIN roles r ON r.realm_id = $1 AND r.id = held.id \
             LEFT JOIN clients c ON c.realm_id = $1 AND c.id = r.client",
            values![realm_id, user_id],
        )
        .await?;
    rows.iter().map(|row| Ok((row.get(0)?, row.get(1)?))).collect()
}

/// Adds a role; [`Lost::Taken`] when the client has one of the name.
pub fn insert(write: &mut Write, realm_id: &str, role: &RoleRow) {
    write.require(INSERT, parameters(realm_id, role), Lost::Taken);
}

/// Adds a role unless the client has one of the name.
pub fn insert_missing(write: &mut Write, realm_id: &str, role: &RoleRow) {
    write.run(INSERT, parameters(realm_id, role));
}

const INSERT: &str = "INSERT INTO roles (realm_id, id, client, name, description, is_default) \
     VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING";

fn parameters(realm_id: &str, role: &RoleRow) -> Vec<super::Value> {
    values![realm_id, &role.id, &role.client, &role.name, role.description.clone(), role.is_default]
}

/// Makes exactly these roles of a client default ones. They must be there.
pub fn set_defaults(write: &mut Write, realm_id: &str, client: &str, names: &[String]) {
    write.run("UPDATE roles SET is_default = FALSE WHERE realm_id = $1 AND client = $2", values![realm_id, client]);
    for name in names {
        write.run(
            "UPDATE roles SET is_default = TRUE WHERE realm_id = $1 AND client = $2 AND name = $3",
            values![realm_id, client, name],
        );
    }
}

/// Gives a role to a user, who may have it already; [`Lost::Changed`] when there is no such role or user.
pub fn grant(write: &mut Write, realm_id: &str, user_id: &str, role_id: &str) {
    write.require(
        "INSERT INTO role_mappings (realm_id, user_id, role_id) \
         SELECT r.realm_id, u.id, r.id FROM roles r JOIN users u ON u.realm_id = r.realm_id \
         WHERE r.realm_id = $1 AND u.id = $2 AND r.id = $3 \
         ON CONFLICT (realm_id, user_id, role_id) DO UPDATE SET role_id = excluded.role_id",
        values![realm_id, user_id, role_id],
        Lost::Changed,
    );
}

/// Takes a role from a user, who may not have it.
pub fn revoke(write: &mut Write, realm_id: &str, user_id: &str, role_id: &str) {
    write.run(
        "DELETE FROM role_mappings WHERE realm_id = $1 AND user_id = $2 AND role_id = $3",
        values![realm_id, user_id, role_id],
    );
}

/// Gives a role to a user by the names of the role and the internal id of its client.
pub fn grant_by_name(write: &mut Write, realm_id: &str, user_id: &str, client: &str, name: &str) {
    write.require(
        "INSERT INTO role_mappings (realm_id, user_id, role_id) \
         SELECT realm_id, $2, id FROM roles WHERE realm_id = $1 AND client = $3 AND name = $4",
        values![realm_id, user_id, client, name],
        Lost::Changed,
    );
}
