//! The text of the functions that store groups of writes of one shape.
//!
//! Both take an array for each value of a write and the number of writes.

use std::fmt::Write as _;

use crate::arrays::{type_of, with_parameters};
use crate::writer::count::COUNT;
use crate::writer::{Statement, Write};

/// `SQLSTATE` of a statement that changed no row though it must.
pub(super) const LOST: &str = "MLOST";

/// A function of a connection.
pub(super) struct Function {
    pub(super) name: String,
    /// Makes it.
    pub(super) definition: String,
    /// How many it has.
    pub(super) parameters: usize,
}

/// The name of the function that counts for a group, or fails: of three arrays with realms, clients to be added, and
/// clients that there may be then.
pub(super) const COUNT_ALL: &str = "pg_temp.count_all";

/// Makes [`COUNT_ALL`].
pub(super) fn count_all() -> String {
    let count = with_parameters(COUNT, |number| format!("${number}[this_realm]"));
    format!(
        "CREATE FUNCTION {COUNT_ALL}(text[], bigint[], bigint[]) RETURNS void LANGUAGE plpgsql AS $function$ \
         BEGIN FOR this_realm IN 1 .. cardinality($1) LOOP {count}; {} END LOOP; END $function$",
        unless("FOUND"),
    )
}

/// Stores the writes without savepoints, or fails. What they count is counted elsewhere.
///
/// Where [`for_all`] can, each statement is run once, with a row for each write.
pub(super) fn together(name: &str, example: &Write) -> Function {
    let mut types: Vec<&str> = types(example.statements.iter()).collect();
    let writes = types.len() + 1;
    types.push("integer");
    let mut body = String::new();
    // Writing to a String cannot fail.
    match for_all(&example.statements) {
        Some(of_all) => {
            for (of_all, statement) in of_all.iter().zip(&example.statements) {
                let _ = write!(body, "{of_all}; ");
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
    Function { name: name.to_owned(), definition, parameters: types.len() }
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
    Function { name: name.to_owned(), definition, parameters: types.len() }
}

/// `$3, $4, …`: so many parameters behind these.
pub(super) fn parameters(before: usize, count: usize) -> String {
    (before + 1..=before + count).map(|number| format!("${number}")).collect::<Vec<_>>().join(", ")
}

/// The types of the arrays of these statements.
fn types<'a>(statements: impl Iterator<Item = &'a Statement>) -> impl Iterator<Item = &'static str> {
    statements.flat_map(|statement| &statement.values).map(type_of)
}

fn unless(holds: &str) -> String {
    format!("IF NOT ({holds}) THEN RAISE EXCEPTION USING ERRCODE = '{LOST}'; END IF; ")
}

/// A statement whose parameters are elements of arrays: `$2` becomes `$7[this_write]` when five values come before.
fn of_arrays(sql: &str, before: usize) -> String {
    with_parameters(sql, |number| format!("${}[this_write]", before + number))
}

/// The statements of one write as statements for many, each run once with a row of values for each write; `None` if there
/// is one that would then do something else.
fn for_all(statements: &[Statement]) -> Option<Vec<String>> {
    let mut tables = Vec::with_capacity(statements.len());
    let mut before = 0;
    let for_all = |statement: &Statement| {
        let kind = Kind::of(statement)?;
        // Statement by statement instead of write by write: they must not see each other's rows.
        if statement.values.is_empty() || tables.contains(&kind.table()) {
            return None;
        }
        tables.push(kind.table());
        let count = statement.values.len();
        let arrays: Vec<String> = (1..=count).map(|number| format!("${}", before + number)).collect();
        let names: Vec<String> = (1..=count).map(|number| format!("value_{number}")).collect();
        before += count;
        Some(kind.for_all(&format!("unnest({}) AS new ({})", arrays.join(", "), names.join(", "))))
    };
    statements.iter().map(for_all).collect()
}

/// Statements that can be told from their text to do for many rows what they do for each.
enum Kind<'a> {
    /// `INSERT INTO table (columns) VALUES (row) tail`.
    Insert { table: &'a str, columns: &'a str, row: &'a str, tail: &'a str },
    /// `UPDATE table SET assignments WHERE condition`.
    Update { table: &'a str, assignments: &'a str, condition: &'a str },
    /// `DELETE FROM table WHERE condition`.
    Delete { table: &'a str, condition: &'a str },
}

impl<'a> Kind<'a> {
    fn of(statement: &Statement) -> Option<Kind<'static>> {
        let sql = statement.sql;
        // Without brackets in it: no functions, no questions about other rows.
        let is_plain = |text: &str| !text.contains('(');
        if let Some(rest) = sql.strip_prefix("INSERT INTO ") {
            let (table, rest) = rest.split_once(" (")?;
            let (columns, rest) = rest.split_once(") VALUES (")?;
            let (row, tail) = rest.split_once(')')?;
            // A row that is there is left alone or changed by the values of one write: only the former is for many rows.
            let leaves = tail.is_empty() || tail == " ON CONFLICT DO NOTHING";
            return (is_plain(row) && leaves).then_some(Kind::Insert { table, columns, row, tail });
        }
        if !is_plain(sql) {
            return None;
        }
        if let Some(rest) = sql.strip_prefix("UPDATE ") {
            let (table, rest) = rest.split_once(" SET ")?;
            let (assignments, condition) = rest.split_once(" WHERE ")?;
            return statement.only_one.then_some(Kind::Update { table, assignments, condition });
        }
        // Rows that are gone after the first of two DELETEs need no second one, unless it must find them.
        let (table, condition) = sql.strip_prefix("DELETE FROM ")?.split_once(" WHERE ")?;
        // PostgreSQL finds the rows of many keys by an index, but reads the whole table for many ranges.
        let by_key = !condition.contains(['<', '>']);
        let once_is_enough = statement.only_one || statement.otherwise.is_none();
        (by_key && once_is_enough).then_some(Kind::Delete { table, condition })
    }

    fn table(&self) -> &'a str {
        match self {
            Kind::Insert { table, .. } | Kind::Update { table, .. } | Kind::Delete { table, .. } => table,
        }
    }

    /// The statement for all rows of `new`.
    fn for_all(&self, new: &str) -> String {
        let of_new = |text: &str| with_parameters(text, |number| format!("new.value_{number}"));
        match self {
            Kind::Insert { table, columns, row, tail } => {
                format!("INSERT INTO {table} ({columns}) SELECT {} FROM {new}{tail}", of_new(row))
            }
            Kind::Update { table, assignments, condition } => {
                format!("UPDATE {table} SET {} FROM {new} WHERE {}", of_new(assignments), of_new(condition))
            }
            Kind::Delete { table, condition } => {
                format!("DELETE FROM {table} USING {new} WHERE {}", of_new(condition))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Lost, values};

    #[test]
    fn statements_become_one_for_a_group_of_writes() {
        let mut write = Write::default();
        write.run("INSERT INTO a (x, y, z) VALUES ($1, $2, $2) ON CONFLICT DO NOTHING", values!["1", 2_i64]);
        write.run("INSERT INTO b (x, n) VALUES ($1, 1)", values!["1"]);
        write.replace(
            "UPDATE c SET n = $2, v = v + 1 WHERE x = $1 AND v = $3",
            values!["1", 2_i64, 3_i64],
            Lost::Changed,
        );
        write.run("DELETE FROM d WHERE x = $1", values!["1"]);
        assert_eq!(
            for_all(&write.statements),
            Some(vec![
                "INSERT INTO a (x, y, z) SELECT new.value_1, new.value_2, new.value_2 FROM unnest($1, $2) \
                 AS new (value_1, value_2) ON CONFLICT DO NOTHING"
                    .to_owned(),
                "INSERT INTO b (x, n) SELECT new.value_1, 1 FROM unnest($3) AS new (value_1)".to_owned(),
                "UPDATE c SET n = new.value_2, v = v + 1 FROM unnest($4, $5, $6) AS new (value_1, value_2, value_3) \
                 WHERE x = new.value_1 AND v = new.value_3"
                    .to_owned(),
                "DELETE FROM d USING unnest($7) AS new (value_1) WHERE x = new.value_1".to_owned(),
            ])
        );
    }

    #[test]
    fn statements_that_see_what_others_of_the_group_did_or_that_name_ranges_stay_alone() {
        for other in [
            "UPDATE b SET n = $2 WHERE x = $1",
            "INSERT INTO b (x, n) VALUES ($1, $2) ON CONFLICT (x) DO UPDATE SET n = $2",
            "DELETE FROM b WHERE x IN (SELECT x FROM c WHERE y = $1 OR z = $2)",
            "DELETE FROM b WHERE x = $1 AND z <= $2",
        ] {
            let mut write = Write::default();
            write.run(other, values!["1", 2_i64]);
            assert_eq!(for_all(&write.statements), None, "{other}");
        }
        let mut twice = Write::default();
        twice.run("DELETE FROM a WHERE x = $1", values!["1"]);
        twice.run("INSERT INTO a (x) VALUES ($1)", values!["1"]);
        assert_eq!(for_all(&twice.statements), None);
    }
}
