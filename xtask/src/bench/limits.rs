//! What the databases can do at most: rows like those of clients, stored as fast as they take them.

use crate::apt;
use crate::command::output;
use crate::test::postgres::Postgres;
use anyhow::{Context, Result};
use std::env;
use std::fs;
use std::path::Path;
use std::process::Command;

/// A table like `clients`, with its indexes.
const TABLE: &str = "CREATE TABLE limits (realm_id TEXT COLLATE \"C\", id TEXT COLLATE \"C\", client_id TEXT COLLATE \"C\", \
     document BYTEA, created_at BIGINT, PRIMARY KEY (realm_id, id)); \
     CREATE UNIQUE INDEX limits_client_id ON limits (realm_id, client_id);";
/// One row of the size of a client.
const INSERT: &str = "INSERT INTO limits VALUES ('a realm', gen_random_uuid()::text, gen_random_uuid()::text, \
     decode(repeat('ab', 1000), 'hex'), 1);\n";
/// The same for SQLite: rows a second, each in a transaction of its own.
const SQLITE: &str = r#"
import os, sqlite3, sys, tempfile, time, uuid
with tempfile.TemporaryDirectory() as folder:
    db = sqlite3.connect(os.path.join(folder, "limits.db"), isolation_level=None)
    db.executescript("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"
        "CREATE TABLE limits (realm_id TEXT, id TEXT, client_id TEXT, document BLOB, created_at INTEGER,"
        " PRIMARY KEY (realm_id, id)) STRICT; CREATE UNIQUE INDEX limits_client_id ON limits (realm_id, client_id);")
    end, rows, document = time.monotonic() + float(sys.argv[1]), 0, bytes(1000)
    while time.monotonic() < end:
        db.execute("INSERT INTO limits VALUES ('a realm', ?, ?, ?, 1)", (str(uuid.uuid4()), str(uuid.uuid4()), document))
        rows += 1
    print(rows / float(sys.argv[1]))
"#;

/// Rows a second of both kinds of database, as JSON.
///
/// # Errors
/// pgbench or a database fails.
pub(super) fn measure(postgres: &Postgres, python: &Path, connections: u32, seconds: u32) -> Result<String> {
    apt::ensure(|| super::has("pgbench"), &["postgresql-contrib"])?;
    let database = postgres.database("limits")?;
    output(Command::new("psql").args(["--quiet", "--command", TABLE]).arg(&database))?;
    let script = env::temp_dir().join(format!("matricula-limits-{}.sql", std::process::id()));
    fs::write(&script, INSERT)?;
    let pgbench = output(
        Command::new("pgbench")
            .args(["--no-vacuum", "--protocol=prepared", "--jobs=1", "--client", &connections.to_string()])
            .args(["--time", &seconds.to_string(), "--file"])
            .arg(&script)
            .arg(&database),
    );
    fs::remove_file(&script)?;
    let pgbench = pgbench?;
    let rate = pgbench.lines().find_map(|line| line.strip_prefix("tps = ")?.split(' ').next()?.parse::<f64>().ok());
    let postgresql = rate.context("pgbench told no rate")?;
    let sqlite = output(Command::new(python).args(["-c", SQLITE, &seconds.to_string()]))?;
    let sqlite: f64 = sqlite.trim().parse().context("SQLite told no rate")?;
    eprintln!("limits: single rows a second: PostgreSQL {postgresql:.0}, SQLite {sqlite:.0}");
    Ok(format!("{{\"postgresql\": {postgresql:.0}, \"sqlite\": {sqlite:.0}, \"connections\": {connections}}}\n"))
}
