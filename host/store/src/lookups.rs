//! Lookups in PostgreSQL: what many requests ask at the same time is asked together.
//!
//! A lookup finds at most one row by a key. While a connection waits for an answer, the lookups that come are collected;
//! those of the same text then travel as one statement with an array for each parameter. Nothing is kept: each answer is
//! read after its question came.

use std::collections::HashMap;
use std::sync::Arc;

use sqlx::postgres::PgArguments;
use sqlx::{AssertSqlSafe, Row as _};
use tokio::sync::{Mutex, mpsc, oneshot};
use tokio::time::timeout;

use super::arrays::{self, with_parameters};
use super::connections::{Connections, PATIENCE, Unanswered, lanes, unavailable};
use super::plans::PlannedConnection;
use super::postgres::{bind, is_of_the_connection};
use super::{Row, StoreError, Value};

/// Lookups that are asked together at most.
const GROUP: usize = 64;
/// Lookups that may wait; more are refused as [`StoreError::Unavailable`].
const QUEUE: usize = 4096;

/// A question for one row, and where its answer goes.
struct Lookup {
    sql: &'static str,
    values: Vec<Value>,
    answer: oneshot::Sender<Result<Option<Row>, StoreError>>,
}

/// The way to the tasks that look up. They end when every `Lookups` is gone.
#[derive(Clone)]
pub struct Lookups {
    queue: mpsc::Sender<Lookup>,
}

impl Lookups {
    /// Starts the tasks.
    pub(super) fn start(connections: &Arc<Connections>) -> Lookups {
        let (queue, lookups) = mpsc::channel(QUEUE);
        let lookups = Arc::new(Mutex::new(lookups));
        for _ in 0..lanes() {
            tokio::spawn(run(Arc::clone(&lookups), Arc::clone(connections)));
        }
        Lookups { queue }
    }

    /// The first row of a SELECT that has no LIMIT.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] when there is no answer in time, or too many wait.
    pub(super) async fn first(&self, sql: &'static str, values: Vec<Value>) -> Result<Option<Row>, StoreError> {
        let (answer, answered) = oneshot::channel();
        self.queue.try_send(Lookup { sql, values, answer }).map_err(|_| unavailable("too many questions wait"))?;
        answered.await.map_err(|_| unavailable("nobody asks it any more"))?
    }
}

/// Asks what waits, group by group.
async fn run(lookups: Arc<Mutex<mpsc::Receiver<Lookup>>>, connections: Arc<Connections>) {
    let mut lane = Lane { connections, session: None };
    loop {
        let mut group = Vec::with_capacity(GROUP);
        if lookups.lock().await.recv_many(&mut group, GROUP).await == 0 {
            break;
        }
        for group in by_text(group) {
            lane.answer(group).await;
        }
    }
}

fn by_text(group: Vec<Lookup>) -> Vec<Vec<Lookup>> {
    let mut texts: Vec<Vec<Lookup>> = Vec::new();
    for lookup in group {
        match texts.iter_mut().find(|same| same.first().is_some_and(|first| first.sql == lookup.sql)) {
            Some(same) => same.push(lookup),
            None => texts.push(vec![lookup]),
        }
    }
    texts
}

/// One of the connections.
struct Lane {
    connections: Arc<Connections>,
    /// Open while it works.
    session: Option<Session>,
}

struct Session {
    connection: PlannedConnection,
    /// Texts for groups, by the text for one.
    texts: HashMap<&'static str, String>,
    losses: u64,
}

impl Lane {
    /// Asks and answers lookups of one text.
    async fn answer(&mut self, group: Vec<Lookup>) {
        // Connections die with a restart of the database. What only reads may be asked again.
        let rows = match self.ask(&group).await {
            Err(Unanswered::OldConnection) => self.ask(&group).await,
            answer => answer,
        };
        match rows {
            Ok(rows) => {
                for (lookup, row) in group.into_iter().zip(rows) {
                    // A caller that went away needs no answer.
                    let _ = lookup.answer.send(Ok(row));
                }
            }
            Err(unanswered) => {
                let detail = StoreError::from(unanswered).into_detail();
                for lookup in group {
                    let _ = lookup.answer.send(Err(unavailable(&detail)));
                }
            }
        }
    }

    /// The row of each lookup.
    async fn ask(&mut self, group: &[Lookup]) -> Result<Vec<Option<Row>>, Unanswered> {
        self.connections.check()?;
        let losses = self.connections.losses();
        // Taken out, so that it is closed unless everything went well.
        let mut session = match self.session.take().filter(|session| session.losses == losses) {
            Some(session) => session,
            None => {
                let connection = self.connections.open_for_keys().await?;
                Session { connection, texts: HashMap::new(), losses }
            }
        };
        match timeout(PATIENCE, session.ask(group)).await {
            Ok(Ok(rows)) => {
                self.session = Some(session);
                Ok(rows)
            }
            Ok(Err(error)) if is_of_the_connection(&error) => {
                self.connections.drop_idle();
                Err(Unanswered::OldConnection)
            }
            Ok(Err(error)) => {
                self.session = Some(session);
                Err(StoreError::from(error).into())
            }
            Err(_) => Err(unavailable("it gives no answer").into()),
        }
    }
}

impl Session {
    async fn ask(&mut self, group: &[Lookup]) -> Result<Vec<Option<Row>>, sqlx::Error> {
        let connection = self.connection.for_statement().await?;
        let first = match group {
            [] => return Ok(Vec::new()),
            [one] => {
                let row = bind(one.sql, &one.values).fetch_optional(connection).await?;
                return Ok(vec![row.map(Row::Postgres)]);
            }
            [first, ..] => first,
        };
        let text = self.texts.entry(first.sql).or_insert_with(|| together(first.sql, first.values.len()));
        let mut values = PgArguments::default();
        let of_each = group.iter().map(|lookup| lookup.values.iter());
        arrays::add(&mut values, of_each).map_err(sqlx::Error::Encode)?;
        // The text is one of ours; values come as parameters.
        let rows = sqlx::query_with(AssertSqlSafe(text.as_str()), values).fetch_all(connection).await?;
        let mut found: Vec<Option<Row>> = group.iter().map(|_| None).collect();
        for row in rows {
            let position: i64 = row.try_get(row.len() - 1)?;
            if let Some(found) = usize::try_from(position - 1).ok().and_then(|at| found.get_mut(at)) {
                *found = Some(Row::Postgres(row));
            }
        }
        Ok(found)
    }
}

/// The SELECT for a group: columns as in the SELECT for one, and the lookup's place in the group, counted from 1.
fn together(sql: &str, values: usize) -> String {
    let arrays: Vec<String> = (1..=values).map(|number| format!("${number}")).collect();
    let names: Vec<String> = (1..=values).map(|number| format!("value_{number}")).collect();
    let one = with_parameters(sql, |number| format!("lookup.value_{number}"));
    format!(
        "SELECT answer.*, lookup.place FROM unnest({}) WITH ORDINALITY AS lookup ({}, place) \
         CROSS JOIN LATERAL ({one} LIMIT 1) AS answer",
        arrays.join(", "),
        names.join(", "),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_group_asks_for_a_row_for_each_of_its_lookups() {
        assert_eq!(
            together("SELECT x FROM a WHERE y = $1 AND z = $2", 2),
            "SELECT answer.*, lookup.place FROM unnest($1, $2) WITH ORDINALITY AS lookup (value_1, value_2, place) \
             CROSS JOIN LATERAL (SELECT x FROM a WHERE y = lookup.value_1 AND z = lookup.value_2 LIMIT 1) AS answer"
        );
    }
}
