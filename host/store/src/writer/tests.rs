//! What holds for writes on either database.

#![allow(clippy::unwrap_used)]

use super::*;
use crate::{Store, values};

const INSERT: &str = "INSERT INTO realms (id, name, enabled, settings, created_at) VALUES ($1, $1, TRUE, '{}', 0) ON CONFLICT DO NOTHING";

fn realm(id: &str) -> Write {
    let mut write = Write::default();
    write.require(INSERT, values![id], Lost::Taken);
    write
}

async fn store() -> (Store, String) {
    let file = std::env::temp_dir().join(format!("matricula-{}.db", uuid::Uuid::new_v4()));
    let url = format!("sqlite://{}", file.display());
    (Store::open(&url).await.unwrap(), url)
}

async fn names(store: &Store) -> Vec<String> {
    let rows = store.database.all("SELECT name FROM realms ORDER BY name", values![]).await.unwrap();
    rows.iter().map(|row| row.get(0).unwrap()).collect()
}

#[tokio::test]
async fn a_write_that_loses_does_not_harm_its_neighbours() {
    let (store, _) = store().await;
    let (a, b, again, c) = tokio::join!(
        store.writer.write(realm("a")),
        store.writer.write(realm("b")),
        store.writer.write(realm("a")),
        store.writer.write(realm("c")),
    );
    let lost = [&a, &b, &again, &c].iter().filter(|it| matches!(it, Err(StoreError::Lost(Lost::Taken)))).count();
    assert_eq!(lost, 1);
    assert_eq!(names(&store).await, ["a", "b", "c"]);
}

#[tokio::test]
async fn a_write_that_loses_leaves_nothing_behind() {
    let (store, _) = store().await;
    store.writer.write(realm("a")).await.unwrap();
    let mut write = realm("b");
    write.require(INSERT, values!["a"], Lost::Taken);
    assert!(matches!(store.writer.write(write).await, Err(StoreError::Lost(Lost::Taken))));
    assert_eq!(names(&store).await, ["a"]);
}

#[tokio::test]
async fn a_statement_that_fails_refuses_its_write_only() {
    let (store, _) = store().await;
    let mut broken = realm("b");
    broken.run("INSERT INTO realm_counters (realm_id, clients) VALUES ('nowhere', 0)", values![]);
    let (a, b, c) =
        tokio::join!(store.writer.write(realm("a")), store.writer.write(broken), store.writer.write(realm("c")),);
    assert!(a.is_ok() && c.is_ok());
    assert!(matches!(b, Err(StoreError::Unavailable(_))));
    assert_eq!(names(&store).await, ["a", "c"]);
}

#[tokio::test]
async fn what_was_acknowledged_is_there_after_a_restart() {
    let (store, url) = store().await;
    store.writer.write(realm("a")).await.unwrap();
    // No orderly end: the database is opened again beside the first, as after a crash.
    let again = Store::open(&url).await.unwrap();
    assert_eq!(names(&again).await, ["a"]);
    drop(store);
}
