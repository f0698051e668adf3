//! What a request costs the database does not depend on how many clients there are, in a new database either.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use anyhow::ensure;
use matricula_tests::{Service, new_database, within};
use reqwest::Method;
use serde_json::json;
use sqlx::{Connection, PgConnection};

/// Registers clients of chosen ids, eight at once.
async fn register(service: &Arc<Service>, token: &str, clients: i64) -> anyhow::Result<()> {
    let next = Arc::new(AtomicI64::new(0));
    let mut callers = tokio::task::JoinSet::new();
    for _ in 0..8 {
        let (service, token, next) = (Arc::clone(service), token.to_owned(), Arc::clone(&next));
        callers.spawn(async move {
            while next.fetch_add(1, Ordering::Relaxed) < clients {
                let body = json!({"clientId": format!("client-{}", uuid::Uuid::new_v4())});
                let answer = service.register("growing", "default", Some(&token)).json(&body).send().await?;
                ensure!(answer.status() == 201, "{}", answer.text().await?);
            }
            Ok(())
        });
    }
    while let Some(done) = callers.join_next().await {
        done??;
    }
    Ok(())
}

#[tokio::test]
async fn postgresql_reads_few_rows_for_each_registration_while_a_new_database_grows() -> anyhow::Result<()> {
    const CLIENTS: i64 = 3_000;
    // With up to a few hundred clients any index seems as good as the right one; how many registrations that concerns
    // depends on how they are grouped. A plan that is kept from then on reads 1,500 rows for each.
    const ROWS_OF_EACH: i64 = 200;
    let database = new_database()?;
    let service = Arc::new(Service::start_on(&database, &[])?);
    service.realm("growing").await?;
    let token = service.initial_access_token("growing", json!({"count": 100_000})).await?;
    // PostgreSQL plans while the tables are empty.
    register(&service, &token, 32).await?;
    register(&service, &token, CLIENTS).await?;
    let figures = "SELECT sum(idx_scan)::bigint, sum(idx_tup_read)::bigint \
                   FROM pg_stat_user_indexes WHERE relname = 'clients'";
    // Connections report what they did only now and then, when they do something.
    within(Duration::from_secs(30), async || {
        service.admin(Method::GET, "/growing/clients?clientId=nobody", None).await?.error_for_status()?;
        register(&service, &token, 8).await?;
        let mut connection = PgConnection::connect(&database).await?;
        let (searches, rows): (i64, i64) = sqlx::query_as(figures).fetch_one(&mut connection).await?;
        ensure!(rows < ROWS_OF_EACH * CLIENTS, "{rows} rows were read in {searches} searches");
        Ok(searches > CLIENTS)
    })
    .await
}
