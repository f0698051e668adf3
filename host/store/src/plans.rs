//! Fresh plans for prepared statements of PostgreSQL.
//!
//! PostgreSQL plans a prepared statement for the table as it is then. In a table that is nearly empty any index that
//! begins with the realm is as good as the one that names the row; in a table that grew since, a lookup by the wrong one
//! reads every client of the realm. PostgreSQL notices when autovacuum has counted the rows, a minute later at best.

use std::time::{Duration, Instant};

use sqlx::PgConnection;

/// Statements before plans are made anew for the first time.
const FIRST: u64 = 16;
/// How long a plan is used: short beside the minute that autovacuum takes.
const AGE: Duration = Duration::from_secs(10);

/// A connection whose plans are for tables of about the size that they have.
pub(super) struct PlannedConnection {
    connection: PgConnection,
    plans: Plans,
}

impl PlannedConnection {
    /// A connection that has just been opened.
    pub(super) fn new(connection: PgConnection) -> PlannedConnection {
        PlannedConnection { connection, plans: Plans::new(Instant::now()) }
    }

    /// The connection, for a statement or a transaction.
    ///
    /// # Errors
    /// It does not work.
    pub(super) async fn for_statement(&mut self) -> Result<&mut PgConnection, sqlx::Error> {
        if self.plans.are_old(Instant::now()) {
            sqlx::raw_sql("DISCARD PLANS").execute(&mut self.connection).await?;
        }
        Ok(&mut self.connection)
    }
}

/// How many statements a connection has asked, and when its plans are too old.
///
/// A statement adds no more rows than a group has writes, so while the tables are small the plans are made anew whenever
/// the number of statements has doubled. What other connections add shows after [`AGE`].
struct Plans {
    made: Instant,
    statements: u64,
    replan_at: u64,
}

impl Plans {
    fn new(now: Instant) -> Plans {
        Plans { made: now, statements: 0, replan_at: FIRST }
    }

    /// Counts a statement.
    fn are_old(&mut self, now: Instant) -> bool {
        self.statements += 1;
        let many = self.statements >= self.replan_at;
        if many {
            self.replan_at = self.replan_at.saturating_mul(2);
        }
        let old = many || now.duration_since(self.made) >= AGE;
        if old {
            self.made = now;
        }
        old
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plans_are_made_anew_whenever_the_number_of_statements_has_doubled() {
        let now = Instant::now();
        let mut plans = Plans::new(now);
        let renewed: Vec<u64> = (1..=128).filter(|_| plans.are_old(now)).collect();
        assert_eq!(renewed, [16, 32, 64, 128]);
    }

    #[test]
    fn plans_are_made_anew_when_they_are_ten_seconds_old() {
        let opened = Instant::now();
        let mut plans = Plans::new(opened);
        let renewed: Vec<u64> = [9, 10, 11, 19, 20]
            .into_iter()
            .filter(|&second| plans.are_old(opened + Duration::from_secs(second)))
            .collect();
        assert_eq!(renewed, [10, 20]);
    }
}
