//! Values of many statements of one text as arrays: how PostgreSQL gets a group of them at once.

use sqlx::Arguments;
use sqlx::error::BoxDynError;
use sqlx::postgres::PgArguments;

use super::Value;

/// The type of the array that holds values like this one.
pub(super) fn type_of(value: &Value) -> &'static str {
    match value {
        Value::Text(_) => "text[]",
        Value::Integer(_) => "bigint[]",
        Value::Boolean(_) => "boolean[]",
        Value::Blob(_) => "bytea[]",
    }
}

/// Adds, from the values of each statement, an array of all first values, one of all second values, and so on.
///
/// # Errors
/// When there are more than PostgreSQL takes.
pub(super) fn add<'a>(
    arguments: &mut PgArguments,
    statements: impl Iterator<Item = impl Iterator<Item = &'a Value>>,
) -> Result<(), BoxDynError> {
    let mut statements: Vec<_> = statements.collect();
    loop {
        let column: Vec<&Value> = statements.iter_mut().filter_map(Iterator::next).collect();
        match column.first() {
            None => return Ok(()),
            Some(Value::Text(_)) => arguments.add(each(&column, |value| match value {
                Value::Text(text) => text.as_deref(),
                _ => None,
            }))?,
            Some(Value::Integer(_)) => arguments.add(each(&column, |value| match value {
                Value::Integer(number) => *number,
                _ => None,
            }))?,
            Some(Value::Boolean(_)) => arguments.add(each(&column, |value| match value {
                Value::Boolean(flag) => *flag,
                _ => None,
            }))?,
            Some(Value::Blob(_)) => arguments.add(each(&column, |value| match value {
                Value::Blob(bytes) => bytes.as_deref(),
                _ => None,
            }))?,
        }
    }
}

fn each<'a, T>(column: &[&'a Value], read: impl Fn(&'a Value) -> Option<T>) -> Vec<Option<T>> {
    column.iter().map(|value| read(value)).collect()
}

/// A statement with other words for its parameters; `word` is told their numbers.
pub(super) fn with_parameters(sql: &str, word: impl Fn(usize) -> String) -> String {
    let mut text = String::with_capacity(sql.len() + 64);
    let mut pieces = sql.split('$');
    text.push_str(pieces.next().unwrap_or_default());
    for piece in pieces {
        let end = piece.find(|character: char| !character.is_ascii_digit()).unwrap_or(piece.len());
        let number: usize = piece[..end].parse().unwrap_or_default();
        text.push_str(&word(number));
        text.push_str(&piece[end..]);
    }
    text
}
