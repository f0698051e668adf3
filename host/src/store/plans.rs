//! Fresh plans for prepared statements of PostgreSQL.
//!
//! PostgreSQL plans a prepared statement for the table as it is then. In a table that is nearly empty any index that
//! begins with the realm is as good as the one that names the row; in a table that grew since, a lookup by the wrong one
//! reads every client of the realm. PostgreSQL notices when autovacuum has counted the rows, a minute later at best.

use sqlx::PgConnection;

/// Statements before plans are made anew for the first time.
const FIRST: u64 = 64;

/// How many statements a connection has asked, and when its plans are too old.
///
/// A statement adds no more rows than a group has writes, so whenever the number of statements has doubled the plans are
/// made anew: seldom enough to cost nothing, often enough that no plan is for a table of another size.
#[derive(Debug)]
pub(super) struct Plans {
    statements: u64,
    replan_at: u64,
}

impl Plans {
    pub(super) fn new() -> Plans {
        Plans { statements: 0, replan_at: FIRST }
    }

    /// To be called before each statement.
    ///
    /// # Errors
    /// The connection does not work.
    pub(super) async fn renew(&mut self, connection: &mut PgConnection) -> Result<(), sqlx::Error> {
        if self.are_old() {
            sqlx::raw_sql("DISCARD PLANS").execute(connection).await?;
        }
        Ok(())
    }

    /// Counts a statement.
    fn are_old(&mut self) -> bool {
        self.statements += 1;
        let old = self.statements >= self.replan_at;
        if old {
            self.replan_at = self.replan_at.saturating_mul(2);
        }
        old
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plans_are_made_anew_whenever_the_number_of_statements_has_doubled() {
        let mut plans = Plans::new();
        let renewed: Vec<u64> = (1..=1024).filter(|_| plans.are_old()).collect();
        assert_eq!(renewed, [64, 128, 256, 512, 1024]);
    }
}
