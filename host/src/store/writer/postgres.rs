//! Writes of a PostgreSQL database: a whole group in one round trip.
//!
//! Writes of the same statements have the same *shape*. For each shape a connection makes itself functions
//! ([`functions`]) that take the values of a whole group as arrays. So the statements are planned once a connection, the
//! group travels once, and it is one transaction: the call itself. The first function fails when one write fails; then
//! the second is called, which has a savepoint for each.

mod functions;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use sqlx::error::BoxDynError;
use sqlx::postgres::{PgArguments, PgRow};
use sqlx::{Arguments, AssertSqlSafe, Connection, PgConnection, Row};
use tokio::sync::{Mutex, mpsc};
use tokio::time::timeout;

use super::count::sums;
use super::{GROUP, Job, QUEUE, Statement, Write, Writer, tell};
use crate::store::connections::Connections;
use crate::store::postgres::{bind, is_of_the_connection};
use crate::store::{Database, Lost, StoreError, Value};

/// Connections that write at the same time.
const WRITERS: usize = 2;
/// How long a group may take: others may hold what it waits for. After that nobody knows whether it was stored.
const PATIENCE: Duration = Duration::from_secs(5);
/// Values of a write that gets a function; PostgreSQL's functions take at most 100 parameters.
const VALUES: usize = 96;
/// Functions of a connection at most. Shapes beyond these are written statement by statement.
const FUNCTIONS: usize = 128;
/// How often a write is tried that stood in the way of another (a deadlock).
const ATTEMPTS: usize = 5;

/// Starts the tasks that write.
pub(in crate::store) fn start(database: Database, connections: &Arc<Connections>) -> Writer {
    let (queue, jobs) = mpsc::channel(QUEUE);
    let jobs = Arc::new(Mutex::new(jobs));
    for _ in 0..WRITERS {
        tokio::spawn(run(Arc::clone(&jobs), Arc::clone(connections)));
    }
    Writer { database, queue, figures: Arc::default() }
}

/// Takes what waits, group by group.
async fn run(jobs: Arc<Mutex<mpsc::Receiver<Job>>>, connections: Arc<Connections>) {
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
        let shape: Shape = job.write.alone().map(|statement| statement.sql).collect();
        match shapes.iter_mut().find(|(known, _)| *known == shape) {
            Some((_, jobs)) => jobs.push(job),
            None => shapes.push((shape, vec![job])),
        }
    }
    for (_, jobs) in &mut shapes {
        jobs.sort_by(|a, b| values(a.write.alone()).cmp(values(b.write.alone())));
    }
    shapes
}

/// All values of statements in their order.
fn values<'a>(statements: impl Iterator<Item = &'a Statement>) -> impl Iterator<Item = &'a Value> {
    statements.flat_map(|statement| &statement.values)
}

/// A connection and the functions that it has by now.
struct Session {
    connection: PgConnection,
    /// By shape: the calls.
    functions: HashMap<Shape, Arc<Calls>>,
    losses: u64,
}

/// The calls of a shape's functions.
struct Calls {
    /// Stores all writes or fails.
    together: String,
    /// Stores each write that can be stored, and tells of the others.
    guarded: String,
}

/// Stores writes of one shape and answers them. Those that are to be tried again come back.
async fn write_group(
    session: &mut Option<Session>,
    connections: &Connections,
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
    connections: &Connections,
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
        let Some(calls) = self.functions(shape, &jobs[0].write).await? else {
            for (job, done) in jobs.iter().zip(done) {
                *done = one_by_one(&mut self.connection, &job.write).await?;
            }
            return Ok(());
        };
        match self.together(&calls, jobs).await {
            // One of them fails: which?
            Err(error @ sqlx::Error::Database(_)) if !is_of_the_connection(&error) => {}
            all => return all,
        }
        let arguments = arguments(jobs, |write| Box::new(write.alone())).map_err(sqlx::Error::Encode)?;
        let call = AssertSqlSafe(calls.guarded.as_str());
        let failed = sqlx::query_with(call, arguments).fetch_all(&mut self.connection).await?;
        for row in failed {
            let write: i32 = row.try_get(0)?;
            let at = usize::try_from(write - 1).unwrap_or(usize::MAX);
            if let (Some(job), Some(done)) = (jobs.get(at), done.get_mut(at)) {
                *done = Err(failure(&row, &job.write)?);
            }
        }
        Ok(())
    }

    /// All writes, or an error.
    async fn together(&mut self, calls: &Calls, jobs: &[Job]) -> Result<(), sqlx::Error> {
        let mut arguments = arguments(jobs, |write| Box::new(write.statements.iter())).map_err(sqlx::Error::Encode)?;
        let sums = sums(jobs.iter().filter_map(|job| job.write.count.as_ref()));
        let (mut realms, mut clients, mut at_most) = (Vec::new(), Vec::new(), Vec::new());
        for sum in &sums {
            realms.push(sum.realm_id);
            clients.push(sum.clients);
            at_most.push(sum.at_most);
        }
        let added = arguments.add(realms).and_then(|()| arguments.add(clients)).and_then(|()| arguments.add(at_most));
        added.map_err(sqlx::Error::Encode)?;
        sqlx::query_with(AssertSqlSafe(calls.together.as_str()), arguments).execute(&mut self.connection).await?;
        Ok(())
    }

    /// The calls of the shape's functions, made now if there are none; `None` if the shape is to have none.
    async fn functions(&mut self, shape: &Shape, example: &Write) -> Result<Option<Arc<Calls>>, sqlx::Error> {
        if let Some(calls) = self.functions.get(shape) {
            return Ok(Some(Arc::clone(calls)));
        }
        if values(example.alone()).count() > VALUES || self.functions.len() >= FUNCTIONS {
            return Ok(None);
        }
        let number = self.functions.len();
        let together = functions::together(&format!("pg_temp.write_{number}"), example);
        let guarded = functions::guarded(&format!("pg_temp.write_each_{number}"), example);
        for function in [&together, &guarded] {
            // Its text is made of our own statements; values come as parameters.
            sqlx::raw_sql(AssertSqlSafe(function.definition.as_str())).execute(&mut self.connection).await?;
        }
        let calls = Arc::new(Calls { together: together.call, guarded: guarded.call });
        self.functions.insert(shape.clone(), Arc::clone(&calls));
        Ok(Some(calls))
    }
}

/// The values of these statements of a group: an array for each, and the number of writes.
fn arguments<'a>(
    jobs: &'a [Job],
    statements: impl Fn(&'a Write) -> Box<dyn Iterator<Item = &'a Statement> + 'a>,
) -> Result<PgArguments, BoxDynError> {
    let mut arguments = PgArguments::default();
    let mut columns: Vec<_> = jobs.iter().map(|job| values(statements(&job.write))).collect();
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
    let otherwise = usize::try_from(statement).ok().and_then(|index| write.alone().nth(index)?.otherwise);
    Ok(match otherwise {
        Some(lost) if code == functions::LOST => Failure::Refused(StoreError::Lost(lost)),
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
    for Statement { sql, values, otherwise } in write.alone() {
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
