//! The keys of a realm, read from the database as somebody who stole it would: tests sign with them what a server would
//! never sign.

use anyhow::Context;
use sqlx::{Connection, PgConnection, Row, SqliteConnection};

use crate::Service;

impl Service {
    /// The `kid` and the private key of a realm's active key of this algorithm (`HS512`, `RS256`).
    ///
    /// # Errors
    /// When the realm has none yet, or the database cannot be read.
    pub async fn realm_key(&self, realm: &str, algorithm: &str) -> anyhow::Result<(String, Vec<u8>)> {
        const SQL: &str = "SELECT kid, private_key FROM realm_keys JOIN realms ON realms.id = realm_id \
                           WHERE name = $1 AND algorithm = $2 AND active";
        match self.database() {
            Some(address) => {
                let mut database = PgConnection::connect(address).await?;
                let row = sqlx::query(SQL).bind(realm).bind(algorithm).fetch_optional(&mut database).await?;
                let row = row.with_context(|| format!("realm {realm} has no {algorithm} key"))?;
                Ok((row.try_get(0)?, row.try_get(1)?))
            }
            None => {
                let file = format!("sqlite://{}", self.data().join("matricula.db").display());
                let mut database = SqliteConnection::connect(&file).await?;
                let row = sqlx::query(SQL).bind(realm).bind(algorithm).fetch_optional(&mut database).await?;
                let row = row.with_context(|| format!("realm {realm} has no {algorithm} key"))?;
                Ok((row.try_get(0)?, row.try_get(1)?))
            }
        }
    }

    /// Address of the server's PostgreSQL database; absent: it keeps everything in its folder.
    pub fn database(&self) -> Option<&str> {
        let at = self.options.iter().position(|option| option == "--database")?;
        self.options.get(at + 1).map(String::as_str)
    }
}
