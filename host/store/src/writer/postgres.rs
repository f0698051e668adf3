//! Writes of a PostgreSQL database: a whole group in one round trip.
//!
//! Writes of the same statements have the same *shape*. For each shape a connection makes itself functions
//! ([`functions`]) that take the values of many writes as arrays. So the statements are planned once a connection, the
//! group travels once, whatever the shapes of its writes, and it is one transaction: the statement that calls the
//! functions. It fails when one write fails; then each shape is stored by itself, and where that fails a second function
//! is called, which has a savepoint for each write.

mod functions;

use std::collections::HashMap;
use std::slice;
use std::sync::Arc;
use std::time::Duration;

use sqlx::error::BoxDynError;
use sqlx::postgres::{PgArguments, PgRow};
use sqlx::{Arguments, AssertSqlSafe, Connection, PgConnection, Row};
use tokio::sync::{Mutex, mpsc};
use tokio::time::error::Elapsed;
use tokio::time::timeout;

use super::count::sums;
use super::{GROUP, Job, QUEUE, Statement, Write, Writer, tell};
use crate::connections::{Connections, lanes};
use crate::plans::PlannedConnection;
use crate::postgres::{bind, is_of_the_connection};
use crate::{Database, Lost, StoreError, Value, arrays};

/// How long a group may take: others may hold what it waits for. After that nobody knows whether it was stored.
const PATIENCE: Duration = Duration::from_secs(5);
/// Values of a write that gets a function; PostgreSQL's functions take at most 100 parameters.
const VALUES: usize = 96;
/// Functions of a connection at most. Shapes beyond these are written statement by statement.
const FUNCTIONS: usize = 128;
/// How often a write is tried that stood in the way of another (a deadlock).
const ATTEMPTS: usize = 5;

/// Starts the tasks that write.
pub(crate) fn start(database: Database, connections: &Arc<Connections>) -> Writer {
    let (queue, jobs) = mpsc::channel(QUEUE);
    let jobs = Arc::new(Mutex::new(jobs));
    for _ in 0..lanes() {
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
        let mut groups = by_shape(group);
        if groups.len() > 1 {
            groups = write_at_once(&mut session, &connections, groups).await;
        }
        for mut group in groups {
            for _ in 0..ATTEMPTS {
                group = write_group(&mut session, &connections, group).await;
                if group.jobs.is_empty() {
                    break;
                }
            }
            group.fail("other writes stood in its way");
        }
    }
}

/// The statements of a write.
type Shape = Vec<&'static str>;

/// Writes of one shape.
struct Group {
    shape: Shape,
    jobs: Vec<Job>,
}

impl Group {
    /// Answers all that nobody can say of whether they were stored, or that were not.
    fn fail(self, detail: &str) {
        for job in self.jobs {
            tell(job.answer, Err(StoreError::Unavailable(detail.to_owned())));
        }
    }
}

/// Writes of the same statements together, in an order that is the same everywhere: whoever locks rows in one order
/// cannot stand in each other's way.
fn by_shape(jobs: Vec<Job>) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    for job in jobs {
        let shape: Shape = job.write.alone().map(|statement| statement.sql).collect();
        match groups.iter_mut().find(|group| group.shape == shape) {
            Some(group) => group.jobs.push(job),
            None => groups.push(Group { shape, jobs: vec![job] }),
        }
    }
    for group in &mut groups {
        group.jobs.sort_by(|a, b| values(a.write.alone()).cmp(values(b.write.alone())));
    }
    groups.sort_by(|a, b| a.shape.cmp(&b.shape));
    groups
}

/// All values of statements in their order.
fn values<'a>(statements: impl Iterator<Item = &'a Statement>) -> impl Iterator<Item = &'a Value> {
    statements.flat_map(|statement| &statement.values)
}

/// A connection and the functions that it has by now.
struct Session {
    connection: PlannedConnection,
    /// By shape: the calls.
    functions: HashMap<Shape, Arc<Calls>>,
    losses: u64,
}

/// The functions of a shape.
struct Calls {
    /// Stores all writes or fails: its name and how many parameters it has.
    together: (String, usize),
    /// Stores each write that can be stored, and tells of the others: the whole statement.
    guarded: String,
}

/// Stores writes of several shapes in one transaction and answers them. They come back if one of them fails.
async fn write_at_once(session: &mut Option<Session>, connections: &Connections, groups: Vec<Group>) -> Vec<Group> {
    let stored = match Session::take(session, connections).await {
        Ok(mut current) => {
            let outcome = timeout(PATIENCE, current.together(&groups)).await;
            current.put_back(session, outcome)
        }
        Err(error) => Err(error),
    };
    match stored {
        Ok(false) => return groups,
        Ok(true) => {
            for job in groups.into_iter().flat_map(|group| group.jobs) {
                tell(job.answer, Ok(()));
            }
        }
        Err(error) => {
            tracing::error!(%error, shapes = groups.len(), "groups of writes failed");
            let detail = error.into_detail();
            groups.into_iter().for_each(|group| group.fail(&detail));
        }
    }
    Vec::new()
}

/// Stores writes of one shape and answers them. Those that are to be tried again come back.
async fn write_group(session: &mut Option<Session>, connections: &Connections, group: Group) -> Group {
    let mut done: Vec<Result<(), Failure>> = group.jobs.iter().map(|_| Ok(())).collect();
    let stored = match Session::take(session, connections).await {
        Ok(mut current) => {
            let outcome = timeout(PATIENCE, current.store(&group, &mut done)).await;
            current.put_back(session, outcome)
        }
        Err(error) => Err(error),
    };
    let mut again = Group { shape: group.shape.clone(), jobs: Vec::new() };
    if let Err(error) = stored {
        tracing::error!(%error, writes = group.jobs.len(), "a group of writes failed");
        group.fail(&error.into_detail());
        return again;
    }
    for (job, result) in group.jobs.into_iter().zip(done) {
        match result {
            Ok(()) => tell(job.answer, Ok(())),
            Err(Failure::Again) => again.jobs.push(job),
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

impl Session {
    /// The session that works, or a new one. It is closed unless it is [put back](Session::put_back).
    async fn take(session: &mut Option<Session>, connections: &Connections) -> Result<Session, StoreError> {
        connections.check()?;
        let losses = connections.losses();
        match session.take().filter(|session| session.losses == losses) {
            Some(session) => Ok(session),
            None => {
                let mut connection = connections.open_for_keys().await?;
                let made = async {
                    // Its text is made of our own statements.
                    let text = AssertSqlSafe(functions::count_all());
                    sqlx::raw_sql(text).execute(connection.for_statement().await?).await
                };
                let silent = |_| StoreError::Unavailable("it gives no answer".to_owned());
                timeout(PATIENCE, made).await.map_err(silent)??;
                Ok(Session { connection, functions: HashMap::new(), losses })
            }
        }
    }

    /// What came of a session's work; it is used again if its connection still works.
    fn put_back<T>(
        self,
        session: &mut Option<Session>,
        outcome: Result<Result<T, sqlx::Error>, Elapsed>,
    ) -> Result<T, StoreError> {
        match outcome {
            Ok(Ok(done)) => {
                *session = Some(self);
                Ok(done)
            }
            Ok(Err(error)) => {
                if !is_of_the_connection(&error) {
                    *session = Some(self);
                }
                Err(StoreError::Unavailable(error.to_string()))
            }
            Err(_) => Err(StoreError::Unavailable("it does not finish a write".to_owned())),
        }
    }

    /// Stores the writes of a group, or tells in `done` why not.
    async fn store(&mut self, group: &Group, done: &mut [Result<(), Failure>]) -> Result<(), sqlx::Error> {
        if self.together(slice::from_ref(group)).await? {
            return Ok(());
        }
        let Some(calls) = self.functions(group).await? else {
            for (job, done) in group.jobs.iter().zip(done) {
                *done = one_by_one(self.connection.for_statement().await?, &job.write).await?;
            }
            return Ok(());
        };
        let mut values = PgArguments::default();
        add(&mut values, &group.jobs, |write| Box::new(write.alone())).map_err(sqlx::Error::Encode)?;
        let call = AssertSqlSafe(calls.guarded.as_str());
        let failed = sqlx::query_with(call, values).fetch_all(self.connection.for_statement().await?).await?;
        for row in failed {
            let write: i32 = row.try_get(0)?;
            let at = usize::try_from(write - 1).unwrap_or(usize::MAX);
            if let (Some(job), Some(done)) = (group.jobs.get(at), done.get_mut(at)) {
                *done = Err(failure(&row, &job.write)?);
            }
        }
        Ok(())
    }

    /// Stores all writes and tells whether it did: it does not when one of them fails, or has no function.
    async fn together(&mut self, groups: &[Group]) -> Result<bool, sqlx::Error> {
        let mut arguments = PgArguments::default();
        let mut calls = Vec::with_capacity(groups.len() + 1);
        let counts = groups.iter().flat_map(|group| &group.jobs).filter_map(|job| job.write.count.as_ref());
        let sums = sums(counts);
        if !sums.is_empty() {
            let realms: Vec<&str> = sums.iter().map(|sum| sum.realm_id).collect();
            let clients: Vec<i64> = sums.iter().map(|sum| sum.clients).collect();
            let at_most: Vec<i64> = sums.iter().map(|sum| sum.at_most).collect();
            let added =
                arguments.add(realms).and_then(|()| arguments.add(clients)).and_then(|()| arguments.add(at_most));
            added.map_err(sqlx::Error::Encode)?;
            calls.push(format!("{}({})", functions::COUNT_ALL, functions::parameters(0, 3)));
        }
        for group in groups {
            let Some(functions) = self.functions(group).await? else { return Ok(false) };
            let (name, parameters) = &functions.together;
            calls.push(format!("{name}({})", functions::parameters(arguments.len(), *parameters)));
            let added = add(&mut arguments, &group.jobs, |write| Box::new(write.statements.iter()));
            added.map_err(sqlx::Error::Encode)?;
        }
        let connection = self.connection.for_statement().await?;
        // The text is made of our own names; values come as parameters.
        let text = AssertSqlSafe(format!("SELECT {}", calls.join(", ")));
        match sqlx::query_with(text, arguments).execute(connection).await {
            Ok(_) => Ok(true),
            Err(error @ sqlx::Error::Database(_)) if !is_of_the_connection(&error) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// The calls of the shape's functions, made now if there are none; `None` if the shape is to have none.
    async fn functions(&mut self, group: &Group) -> Result<Option<Arc<Calls>>, sqlx::Error> {
        if let Some(calls) = self.functions.get(&group.shape) {
            return Ok(Some(Arc::clone(calls)));
        }
        let Some(Job { write: example, .. }) = group.jobs.first() else { return Ok(None) };
        if values(example.alone()).count() > VALUES || self.functions.len() >= FUNCTIONS {
            return Ok(None);
        }
        let number = self.functions.len();
        let together = functions::together(&format!("pg_temp.write_{number}"), example);
        let guarded = functions::guarded(&format!("pg_temp.write_each_{number}"), example);
        for function in [&together, &guarded] {
            // Its text is made of our own statements; values come as parameters.
            let connection = self.connection.for_statement().await?;
            sqlx::raw_sql(AssertSqlSafe(function.definition.as_str())).execute(connection).await?;
        }
        let guarded = format!("SELECT * FROM {}({})", guarded.name, functions::parameters(0, guarded.parameters));
        let calls = Arc::new(Calls { together: (together.name, together.parameters), guarded });
        self.functions.insert(group.shape.clone(), Arc::clone(&calls));
        Ok(Some(calls))
    }
}

/// Adds the values of these statements of a group, an array for each, and the number of writes.
fn add<'a>(
    arguments: &mut PgArguments,
    jobs: &'a [Job],
    statements: impl Fn(&'a Write) -> Box<dyn Iterator<Item = &'a Statement> + 'a>,
) -> Result<(), BoxDynError> {
    arrays::add(arguments, jobs.iter().map(|job| values(statements(&job.write))))?;
    arguments.add(i32::try_from(jobs.len())?)
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
    for Statement { sql, values, otherwise, .. } in write.alone() {
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
