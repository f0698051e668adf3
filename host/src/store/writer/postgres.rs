//! Writes of a PostgreSQL database: a whole group in one round trip.
//!
//! Writes of the same statements have the same *shape*. For each shape a connection makes itself a function, which
//! takes the values of a whole group as arrays and runs the statements for each write in turn, behind a savepoint. So
//! the statements are planned once a connection, the group travels once, and it is one transaction: the call itself.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use sqlx::error::BoxDynError;
use sqlx::postgres::{PgArguments, PgRow};
use sqlx::{Arguments, AssertSqlSafe, Connection, PgConnection, Row};
use tokio::sync::{Mutex, mpsc};
use tokio::time::timeout;

use super::{GROUP, Job, QUEUE, Statement, Write, Writer, tell};
use crate::store::connections::Connections;
use crate::store::postgres::{bind, is_of_the_connection};
use crate::store::{Database, Lost, StoreError, Value};

/// Connections that write at the same time.
const WRITERS: usize = 2;
/// How long a group may take: others may hold what it waits for. After that nobody knows whether it was stored.
const PATIENCE: Duration = Duration::from_secs(5);
/// Values of a write that gets a function; PostgreSQL's functions take at most 100.
const VALUES: usize = 99;
/// Functions of a connection at most. Shapes beyond these are written statement by statement.
const FUNCTIONS: usize = 128;
/// How often a write is tried that stood in the way of another (a deadlock).
const ATTEMPTS: usize = 5;

/// `SQLSTATE` of a statement that changed no row though it must.
const LOST: &str = "MLOST";

/// Starts the tasks that write.
pub(in crate::store) fn start(database: Database, connections: &Arc<Connections<PgConnection>>) -> Writer {
    let (queue, jobs) = mpsc::channel(QUEUE);
    let jobs = Arc::new(Mutex::new(jobs));
    for _ in 0..WRITERS {
        tokio::spawn(run(Arc::clone(&jobs), Arc::clone(connections)));
    }
    Writer { database, queue }
}

/// Takes what waits, group by group.
async fn run(jobs: Arc<Mutex<mpsc::Receiver<Job>>>, connections: Arc<Connections<PgConnection>>) {
    let mut session = None;
    loop {
        let mut group = Vec::with_capacity(GROUP);
        if jobs.lock().await.recv_many(&mut group, GROUP).await == 0 {
            break;
        }
        for (shape, mut group) in by_shape(group) {
            for _ in 0..ATTEMPTS {
                group = write_group(&mut session, &connections, &shape, group).await;
                if group.is_empty() {
                    break;
                }
            }
            for job in group {
                tell(job.answer, Err(StoreError::Unavailable("other writes stood in its way".to_owned())));
            }
        }
    }
}

/// The statements of a write.
type Shape = Vec<&'static str>;

/// Writes of the same statements together, in an order that is the same everywhere: whoever locks rows in one order
/// cannot stand in each other's way.
fn by_shape(group: Vec<Job>) -> Vec<(Shape, Vec<Job>)> {
    let mut shapes: Vec<(Shape, Vec<Job>)> = Vec::new();
    for job in group {
        let shape: Shape = job.write.statements.iter().map(|statement| statement.sql).collect();
        match shapes.iter_mut().find(|(known, _)| *known == shape) {
            Some((_, jobs)) => jobs.push(job),
            None => shapes.push((shape, vec![job])),
        }
    }
    for (_, jobs) in &mut shapes {
        jobs.sort_by(|a, b| values(&a.write).cmp(values(&b.write)));
    }
    shapes
}

/// All values of a write in the order of its statements.
fn values(write: &Write) -> impl Iterator<Item = &Value> {
    write.statements.iter().flat_map(|statement| &statement.values)
}

/// A connection and the functions that it has by now.
struct Session {
    connection: PgConnection,
    /// By shape: the call.
    functions: HashMap<Shape, Arc<str>>,
    losses: u64,
}

/// Stores writes of one shape and answers them. Those that are to be tried again come back.
async fn write_group(
    session: &mut Option<Session>,
    connections: &Connections<PgConnection>,
    shape: &Shape,
    jobs: Vec<Job>,
) -> Vec<Job> {
    let mut done: Vec<Result<(), Failure>> = jobs.iter().map(|_| Ok(())).collect();
    if let Err(error) = store(session, connections, shape, &jobs, &mut done).await {
        tracing::error!(%error, writes = jobs.len(), "a group of writes failed");
        for job in jobs {
            tell(job.answer, Err(StoreError::Unavailable(error.to_string())));
        }
        return Vec::new();
    }
    let mut again = Vec::new();
    for (job, result) in jobs.into_iter().zip(done) {
        match result {
            Ok(()) => tell(job.answer, Ok(())),
            Err(Failure::Again) => again.push(job),
            Err(Failure::Refused(error)) => tell(job.answer, Err(error)),
        }
    }
    again
}

/// Why one write of a group was not stored.
enum Failure {
    /// It stood in the way of another.
    Again,
    Refused(StoreError),
}

/// Stores writes of one shape on a connection that works. An error is of the group as a whole.
async fn store(
    session: &mut Option<Session>,
    connections: &Connections<PgConnection>,
    shape: &Shape,
    jobs: &[Job],
    done: &mut [Result<(), Failure>],
) -> Result<(), StoreError> {
    connections.check()?;
    let losses = connections.losses();
    // Taken out, so that it is closed unless everything went well.
    let mut current = match session.take().filter(|session| session.losses == losses) {
        Some(session) => session,
        None => Session { connection: connections.open().await?, functions: HashMap::new(), losses },
    };
    match timeout(PATIENCE, current.store(shape, jobs, done)).await {
        Ok(Ok(())) => *session = Some(current),
        Ok(Err(error)) => {
            if !is_of_the_connection(&error) {
                *session = Some(current);
            }
            return Err(StoreError::Unavailable(error.to_string()));
        }
        Err(_) => return Err(StoreError::Unavailable("it does not finish a write".to_owned())),
    }
    Ok(())
}

impl Session {
    async fn store(
        &mut self,
        shape: &Shape,
        jobs: &[Job],
        done: &mut [Result<(), Failure>],
    ) -> Result<(), sqlx::Error> {
        let Some(call) = self.function(shape, &jobs[0].write).await? else {
            for (job, done) in jobs.iter().zip(done) {
                *done = one_by_one(&mut self.connection, &job.write).await?;
            }
            return Ok(());
        };
        let arguments = arguments(jobs).map_err(sqlx::Error::Encode)?;
        let failed = sqlx::query_with(AssertSqlSafe(call), arguments).fetch_all(&mut self.connection).await?;
        for row in failed {
            let write: i32 = row.try_get(0)?;
            let at = usize::try_from(write - 1).unwrap_or(usize::MAX);
            if let (Some(job), Some(done)) = (jobs.get(at), done.get_mut(at)) {
                *done = Err(failure(&row, &job.write)?);
            }
        }
        Ok(())
    }

    /// The call of the shape's function, made now if there is none; `None` if the shape is to have none.
    async fn function(&mut self, shape: &Shape, example: &Write) -> Result<Option<Arc<str>>, sqlx::Error> {
        if let Some(call) = self.functions.get(shape) {
            return Ok(Some(Arc::clone(call)));
        }
        if values(example).count() > VALUES || self.functions.len() >= FUNCTIONS {
            return Ok(None);
        }
        let name = format!("pg_temp.write_{}", self.functions.len());
        // Its text is made of our own statements; values come as parameters.
        sqlx::raw_sql(AssertSqlSafe(definition(&name, example))).execute(&mut self.connection).await?;
        let parameters: Vec<String> = (1..=values(example).count() + 1).map(|number| format!("${number}")).collect();
        let call: Arc<str> = format!("SELECT * FROM {name}({})", parameters.join(", ")).into();
        self.functions.insert(shape.clone(), Arc::clone(&call));
        Ok(Some(call))
    }
}

/// The text of a function: for each write its statements, for each that fails a row that says so.
fn definition(name: &str, example: &Write) -> String {
    let types: Vec<&str> = values(example)
        .map(|value| match value {
            Value::Text(_) => "text[]",
            Value::Integer(_) => "bigint[]",
            Value::Boolean(_) => "boolean[]",
            Value::Blob(_) => "bytea[]",
        })
        .chain(["integer"])
        .collect();
    let mut body = String::new();
    let mut before = 0;
    for (index, statement) in example.statements.iter().enumerate() {
        // Writing to a String cannot fail.
        let _ = write!(body, "failed_statement := {index}; {}; ", of_arrays(statement.sql, before));
        if statement.otherwise.is_some() {
            let _ = write!(body, "IF NOT FOUND THEN RAISE EXCEPTION USING ERRCODE = '{LOST}'; END IF; ");
        }
        before += statement.values.len();
    }
    format!(
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
    )
}

/// A statement whose parameters are elements of arrays: `$2` becomes `$7[this_write]` when five values come before.
fn of_arrays(sql: &str, before: usize) -> String {
    let mut text = String::with_capacity(sql.len() + 64);
    let mut pieces = sql.split('$');
    text.push_str(pieces.next().unwrap_or_default());
    for piece in pieces {
        let end = piece.find(|character: char| !character.is_ascii_digit()).unwrap_or(piece.len());
        let number: usize = piece[..end].parse().unwrap_or_default();
        let _ = write!(text, "${}[this_write]{}", before + number, &piece[end..]);
    }
    text
}

/// The values of a group: an array for each, and the number of writes.
fn arguments(jobs: &[Job]) -> Result<PgArguments, BoxDynError> {
    let mut arguments = PgArguments::default();
    let mut columns: Vec<_> = jobs.iter().map(|job| values(&job.write)).collect();
    loop {
        let column: Vec<&Value> = columns.iter_mut().filter_map(Iterator::next).collect();
        match column.first() {
            None => break,
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
    arguments.add(i32::try_from(jobs.len())?)?;
    Ok(arguments)
}

fn each<'a, T>(column: &[&'a Value], read: impl Fn(&'a Value) -> Option<T>) -> Vec<Option<T>> {
    column.iter().map(|value| read(value)).collect()
}

/// What a row of the function's answer means.
fn failure(row: &PgRow, write: &Write) -> Result<Failure, sqlx::Error> {
    let (statement, code, message): (i32, String, String) = (row.try_get(1)?, row.try_get(2)?, row.try_get(3)?);
    let otherwise = usize::try_from(statement).ok().and_then(|index| write.statements.get(index)?.otherwise);
    Ok(match otherwise {
        Some(lost) if code == LOST => Failure::Refused(StoreError::Lost(lost)),
        _ => by_code(&code, message),
    })
}

/// What an error of a statement means for its write.
fn by_code(code: &str, message: String) -> Failure {
    match code {
        // Deadlock, serialization failure.
        "40P01" | "40001" => Failure::Again,
        // Unique violation.
        "23505" => Failure::Refused(StoreError::Lost(Lost::Taken)),
        _ => Failure::Refused(StoreError::Unavailable(message)),
    }
}

/// One write in a transaction of its own, statement by statement: for those that are large or rare.
async fn one_by_one(connection: &mut PgConnection, write: &Write) -> Result<Result<(), Failure>, sqlx::Error> {
    let mut transaction = connection.begin().await?;
    for Statement { sql, values, otherwise } in &write.statements {
        let result = bind(sql, values).execute(&mut *transaction).await;
        let failure = match (result, otherwise) {
            (Ok(done), Some(lost)) if done.rows_affected() == 0 => Failure::Refused(StoreError::Lost(*lost)),
            (Ok(_), _) => continue,
            (Err(sqlx::Error::Database(error)), _) => {
                by_code(error.code().as_deref().unwrap_or_default(), error.to_string())
            }
            (Err(error), _) => return Err(error),
        };
        transaction.rollback().await?;
        return Ok(Err(failure));
    }
    transaction.commit().await?;
    Ok(Ok(()))
}
