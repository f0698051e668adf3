//! One row of an answer, from whichever database.

use rusqlite::types::{FromSql, FromSqlError, Value, ValueRef};
use sqlx::postgres::PgRow;
use sqlx::{Decode, Postgres, Row as _, Type};

use super::StoreError;

/// One row of an answer; columns are counted from 0 in the order of the SELECT.
pub enum Row {
    /// From SQLite.
    Sqlite(Vec<Value>),
    /// From PostgreSQL.
    Postgres(PgRow),
}

/// What a column can be read as.
pub trait Column: FromSql + for<'r> Decode<'r, Postgres> + Type<Postgres> {}

impl<T> Column for T where T: FromSql + for<'r> Decode<'r, Postgres> + Type<Postgres> {}

impl Row {
    /// The value of a column.
    ///
    /// # Errors
    /// [`StoreError::Damaged`] when the column holds something else.
    pub fn get<T: Column>(&self, column: usize) -> Result<T, StoreError> {
        match self {
            Row::Sqlite(row) => T::column_result(cell(row, column)).map_err(damaged),
            Row::Postgres(row) => Ok(row.try_get(column)?),
        }
    }

    /// A column that holds JSON.
    ///
    /// # Errors
    /// [`StoreError::Damaged`] when it holds something else.
    pub fn json<T: serde::de::DeserializeOwned>(&self, column: usize) -> Result<T, StoreError> {
        serde_json::from_str(self.text(column)?).map_err(|error| StoreError::Damaged(error.to_string()))
    }

    /// A column that holds text, where it is.
    ///
    /// # Errors
    /// [`StoreError::Damaged`] when it holds something else.
    pub fn text(&self, column: usize) -> Result<&str, StoreError> {
        match self {
            Row::Sqlite(row) => cell(row, column).as_str().map_err(damaged),
            Row::Postgres(row) => Ok(row.try_get(column)?),
        }
    }
}

/// A column of SQLite's; one that is not there is as good as empty.
fn cell(row: &[Value], column: usize) -> ValueRef<'_> {
    row.get(column).map_or(ValueRef::Null, ValueRef::from)
}

fn damaged(error: FromSqlError) -> StoreError {
    StoreError::Damaged(error.to_string())
}
