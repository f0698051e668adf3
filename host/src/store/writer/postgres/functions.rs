//! The text of the functions that store groups of writes of one shape.
//!
//! Both take an array for each value of a write and the number of writes.

use std::fmt::Write as _;

use crate::store::Value;
use crate::store::writer::count::COUNT;
use crate::store::writer::{Statement, Write};

/// `SQLSTATE` of a statement that changed no row though it must.
pub(super) const LOST: &str = "MLOST";

/// A function of a connection.
pub(super) struct Function {
    /// Makes it.
    pub(super) definition: String,
    /// Calls it.
    pub(super) call: String,
}

/// Stores the writes without savepoints, or fails. Behind its other parameters come three arrays with what the group
/// counts: realms, clients to be added, clients that there may be then.
///
/// Where all statements are plain INSERTs each of them is run once, with a row for each write.
pub(super) fn together(name: &str, example: &Write) -> Function {
    let mut types: Vec<&str> = types(example.statements.iter()).collect();
    let writes = types.len() + 1;
    types.extend(["integer", "text[]", "bigint[]", "bigint[]"]);
    let counting = with_parameters(COUNT, |number| format!("${}[this_realm]", writes + number));
    let mut body =
        format!("FOR this_realm IN 1 .. cardinality(${}) LOOP {counting}; {} END LOOP; ", writes + 1, unless("FOUND"),);
    // Writing to a String cannot fail.
    match in_rows(&example.statements) {
        Some(inserts) => {
            for (insert, statement) in inserts.iter().zip(&example.statements) {
                let _ = write!(body, "{insert}; ");
                if statement.otherwise.is_some() {
                    let _ = write!(
                        body,
                        "GET DIAGNOSTICS changed = ROW_COUNT; {}",
                        unless(&format!("changed = ${writes}"))
                    );
                }
            }
        }
        None => {
            let _ = write!(body, "FOR this_write IN 1 .. ${writes} LOOP ");
            let mut before = 0;
            for statement in &example.statements {
                let _ = write!(body, "{}; ", of_arrays(statement.sql, before));
                if statement.otherwise.is_some() {
                    body.push_str(&unless("FOUND"));
                }
                before += statement.values.len();
            }
            body.push_str("END LOOP; ");
        }
    }
    let types_text = types.join(", ");
    let definition = format!(
        "CREATE FUNCTION {name}({types_text}) RETURNS void LANGUAGE plpgsql AS $function$ \
         DECLARE changed integer; BEGIN {body}END $function$"
    );
    Function { definition, call: format!("SELECT {name}({})", parameters(types.len())) }
}

/// Stores each write that can be stored, behind a savepoint of its own; a row for each that fails says why.
pub(super) fn guarded(name: &str, example: &Write) -> Function {
    let types: Vec<&str> = types(example.alone()).chain(["integer"]).collect();
    let mut body = String::new();
    let mut before = 0;
    for (index, statement) in example.alone().enumerate() {
        // Writing to a String cannot fail.
        let _ = write!(body, "failed_statement := {index}; {}; ", of_arrays(statement.sql, before));
        if statement.otherwise.is_some() {
            body.push_str(&unless("FOUND"));
        }
        before += statement.values.len();
    }
    let definition = format!(
        "CREATE FUNCTION {name}({}) RETURNS TABLE \
         (failed_write integer, failed_statement integer, failed_code text, failed_message text) \
         LANGUAGE plpgsql AS $function$ BEGIN \
         FOR this_write IN 1 .. ${} LOOP \
             BEGIN {body} \
             EXCEPTION WHEN OTHERS THEN \
                 failed_write := this_write; failed_code := SQLSTATE; failed_message := SQLERRM; RETURN NEXT; \
             END; \
         END LOOP; END $function$",
        types.join(", "),
        types.len(),
    );
    Function { definition, call: format!("SELECT * FROM {name}({})", parameters(types.len())) }
}

fn parameters(count: usize) -> String {
    (1..=count).map(|number| format!("${number}")).collect::<Vec<_>>().join(", ")
}

/// The types of the arrays of these statements.
fn types<'a>(statements: impl Iterator<Item = &'a Statement>) -> impl Iterator<Item = &'static str> {
    statements.flat_map(|statement| &statement.values).map(|value| match value {
        Value::Text(_) => "text[]",
        Value::Integer(_) => "bigint[]",
        Value::Boolean(_) => "boolean[]",
        Value::Blob(_) => "bytea[]",
    })
}

fn unless(holds: &str) -> String {
    format!("IF NOT ({holds}) THEN RAISE EXCEPTION USING ERRCODE = '{LOST}'; END IF; ")
}

/// A statement whose parameters are elements of arrays: `$2` becomes `$7[this_write]` when five values come before.
fn of_arrays(sql: &str, before: usize) -> String {
    with_parameters(sql, |number| format!("${}[this_write]", before + number))
}

/// The INSERTs of one row each as INSERTs of a row for each write; `None` if there is another kind of statement.
fn in_rows(statements: &[Statement]) -> Option<Vec<String>> {
    let mut before = 0;
    let in_rows = |statement: &Statement| {
        let (head, rest) = statement.sql.split_once(" VALUES (")?;
        let (row, tail) = rest.split_once(')')?;
        // Nothing but values in the row: no brackets, no words that would mean something else in a SELECT.
        let is_plain = head.starts_with("INSERT INTO ") && !row.contains('(') && !statement.values.is_empty();
        // A row that is there is left alone or changed by the values of one write: only the former is for many rows.
        if !is_plain || !(tail.is_empty() || tail == " ON CONFLICT DO NOTHING") {
            return None;
        }
        let columns = with_parameters(row, |number| format!("new.value_{number}"));
        let count = statement.values.len();
        let arrays: Vec<String> = (1..=count).map(|number| format!("${}", before + number)).collect();
        let names: Vec<String> = (1..=count).map(|number| format!("value_{number}")).collect();
        before += count;
        Some(format!("{head} SELECT {columns} FROM unnest({}) AS new ({}){tail}", arrays.join(", "), names.join(", "),))
    };
    statements.iter().map(in_rows).collect()
}

/// A statement with other words for its parameters.
fn with_parameters(sql: &str, word: impl Fn(usize) -> String) -> String {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::values;

    #[test]
    fn inserts_become_one_statement_with_a_row_for_each_write() {
        let mut write = Write::default();
        write.run("INSERT INTO a (x, y, z) VALUES ($1, $2, $2) ON CONFLICT DO NOTHING", values!["1", 2_i64]);
        write.run("INSERT INTO b (x, n) VALUES ($1, 1)", values!["1"]);
        assert_eq!(
            in_rows(&write.statements),
            Some(vec![
                "INSERT INTO a (x, y, z) SELECT new.value_1, new.value_2, new.value_2 FROM unnest($1, $2) \
                 AS new (value_1, value_2) ON CONFLICT DO NOTHING"
                    .to_owned(),
                "INSERT INTO b (x, n) SELECT new.value_1, 1 FROM unnest($3) AS new (value_1)".to_owned(),
            ])
        );
        for other in [
            "UPDATE b SET n = $2 WHERE x = $1",
            "INSERT INTO b (x, n) VALUES ($1, $2) ON CONFLICT (x) DO UPDATE SET n = $2",
        ] {
            let mut write = Write::default();
            write.run(other, values!["1", 2_i64]);
            assert_eq!(in_rows(&write.statements), None);
        }
    }
}
