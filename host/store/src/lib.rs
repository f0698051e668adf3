//! Everything that is kept: the database, what is read from it and what is written to it.
//!
//! SQL stands beside the function it serves, in one file per table. Reads go to a few connections, writes are lists of
//! statements that the [`writer`] groups into transactions. Both databases get the same SQL: `$1` for parameters, `TRUE`
//! and `FALSE`, `ON CONFLICT`; only migrations and the writer differ.

use std::sync::Arc;

use anyhow::bail;
use rusqlite::ffi::{SQLITE_CONSTRAINT_PRIMARYKEY, SQLITE_CONSTRAINT_UNIQUE};

mod arrays;
pub mod authorization_servers;
pub mod backup;
pub mod bulk;
mod changes;
pub mod client_changes;
pub mod client_jobs;
pub mod client_lives;
pub mod client_policies;
pub mod client_policy_documents;
pub mod client_software;
pub mod client_uses;
pub mod clients;
pub mod component_files;
mod connections;
mod database;
pub mod decisions;
pub mod deliveries;
pub mod document;
pub mod events;
pub mod figures;
mod followers;
pub mod initial_access_tokens;
pub mod keys;
pub mod lenient;
mod lookups;
mod packing;
pub mod pending_registrations;
mod plans;
pub mod policies;
mod postgres;
pub mod proposals;
pub mod realm_settings;
pub mod realms;
pub mod removed_clients;
pub mod resealing;
pub mod roles;
mod row;
pub mod scopes;
pub mod sealing;
pub mod sessions;
mod sqlite;
pub mod sweeps;
pub mod targets;
pub mod tombstones;
mod trimming;
pub mod users;
mod value;
mod writer;

pub use changes::Change;
pub use database::Database;
pub use followers::{Follower, Followers};
use lookups::Lookups;
pub use row::Row;
use trimming::Trimmer;
pub use value::Value;
use value::escape_like;
pub(crate) use value::values;
pub use writer::{Write, Writer};

/// What a write found taken or gone when it came to it. Nothing of the write was stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lost {
    /// Another client, user, role, scope, realm or policy has the name or id.
    Taken,
    /// What was to be changed is not there any more, or was changed meanwhile.
    Changed,
    /// The initial access token has no uses left.
    Spent,
    /// As many as may wait for an approval do.
    TooMany,
    /// The condition of this index, in the order of the write, does not hold.
    Condition(usize),
}

/// Why the store has no answer. Something that is not there is `None`, not an error.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// A write that came too late.
    #[error("lost: {0:?}")]
    Lost(Lost),
    /// The database cannot be reached, is full, or refuses to work.
    #[error("database unavailable: {0}")]
    Unavailable(String),
    /// What is stored cannot be read.
    #[error("stored data damaged: {0}")]
    Damaged(String),
}

impl StoreError {
    /// What happened, for others that are told the same.
    fn into_detail(self) -> String {
        match self {
            StoreError::Unavailable(detail) => detail,
            other => other.to_string(),
        }
    }
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        match error {
            sqlx::Error::ColumnDecode { .. } | sqlx::Error::Decode(_) => StoreError::Damaged(error.to_string()),
            sqlx::Error::Database(error) if error.is_unique_violation() => StoreError::Lost(Lost::Taken),
            other => StoreError::Unavailable(other.to_string()),
        }
    }
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        match error {
            rusqlite::Error::SqliteFailure(error, _)
                if matches!(error.extended_code, SQLITE_CONSTRAINT_PRIMARYKEY | SQLITE_CONSTRAINT_UNIQUE) =>
            {
                StoreError::Lost(Lost::Taken)
            }
            other => StoreError::Unavailable(other.to_string()),
        }
    }
}

/// The store as the rest of the host sees it.
#[derive(Clone)]
pub struct Store {
    /// For reads.
    pub database: Database,
    /// For writes.
    pub writer: Writer,
    /// For what need not be kept any more.
    pub trimmer: Trimmer,
    /// For those who wait for changes of clients.
    pub followers: Followers,
}

impl Store {
    /// Opens the database at `url`, brings its tables up to date and starts the writer.
    ///
    /// # Errors
    /// With what was being done, for the operator.
    pub async fn open(url: &str) -> anyhow::Result<Store> {
        let (database, writer) = match url.split_once(':').map(|(scheme, _)| scheme) {
            Some("sqlite") => {
                let (readers, connection) = sqlite::open(url).await?;
                let database = Database::Sqlite(Arc::new(readers));
                let writer = writer::sqlite::start(database.clone(), connection)?;
                (database, writer)
            }
            Some("postgres" | "postgresql") => {
                let connections = postgres::open(url).await?;
                let database = Database::Postgres(Arc::clone(&connections), Lookups::start(&connections));
                let writer = writer::postgres::start(database.clone(), &connections);
                (database, writer)
            }
            // The address may hold a password: it is not repeated.
            _ => bail!("the database address begins with neither sqlite:// nor postgres://"),
        };
        let trimmer = Trimmer::start(database.clone(), writer.clone());
        let followers = writer.followers.clone();
        Ok(Store { database, writer, trimmer, followers })
    }
}
