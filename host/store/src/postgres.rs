//! Opens a database of a PostgreSQL server.

use std::str::FromStr;
use std::sync::Arc;

use anyhow::Context;
use sqlx::postgres::{PgArguments, PgConnectOptions};
use sqlx::query::Query;
use sqlx::{ConnectOptions, Connection, PgConnection, Postgres};

use super::Value;
use super::connections::Connections;

/// Connections of this node that read at the same time.
const READERS: usize = 8;

/// How the database at `url` is connected to.
pub(super) fn options(url: &str) -> anyhow::Result<PgConnectOptions> {
    // The address may hold a password: it is not repeated.
    let options = PgConnectOptions::from_str(url)
        .context("reading the database address")?
        .application_name("matricula")
        .statement_cache_capacity(256)
        .disable_statement_logging();
    Ok(options)
}

/// Brings the tables up to date, which nodes that start together do one after the other.
///
/// # Errors
/// With what was being done, for the operator.
pub(super) async fn open(url: &str) -> anyhow::Result<Arc<Connections>> {
    let options = options(url)?;
    let place = || format!("database {:?} at {}", options.get_database().unwrap_or_default(), options.get_host());
    let mut first = PgConnection::connect_with(&options).await.with_context(|| format!("connecting to {}", place()))?;
    sqlx::migrate!("migrations/postgres").run(&mut first).await.context("bringing the tables up to date")?;
    first.close().await.context("closing the first connection")?;
    Ok(Arc::new(Connections::new(options, READERS)))
}

/// Whether an error says that the connection cannot be used any more.
pub(super) fn is_of_the_connection(error: &sqlx::Error) -> bool {
    match error {
        // 57P: the server shuts down, crashed, or somebody ended the connection; 08: of the connection.
        sqlx::Error::Database(error) => {
            error.code().is_some_and(|code| code.starts_with("57P") || code.starts_with("08"))
        }
        sqlx::Error::ColumnDecode { .. } | sqlx::Error::Decode(_) | sqlx::Error::Encode(_) => false,
        _ => true,
    }
}

/// Binds values to a statement.
pub(super) fn bind(sql: &'static str, values: &[Value]) -> Query<'static, Postgres, PgArguments> {
    let mut query = sqlx::query(sql);
    for value in values {
        query = match value {
            Value::Text(text) => query.bind(text.as_deref()),
            Value::Integer(number) => query.bind(*number),
            Value::Boolean(flag) => query.bind(*flag),
            Value::Blob(bytes) => query.bind(bytes.as_deref()),
        };
    }
    query
}
