//! Backups of the embedded database, tried by restoring them.

use matricula_tests::Service;
use serde_json::json;

async fn register(service: &Service, id: &str) -> anyhow::Result<()> {
    let token = service.initial_access_token("shop", json!({})).await?;
    let made = service.register("shop", "default", Some(&token)).json(&json!({"clientId": id})).send().await?;
    anyhow::ensure!(made.status() == 201, "{}", made.text().await?);
    Ok(())
}

#[tokio::test]
async fn a_backup_of_a_running_server_brings_back_what_was_there() -> anyhow::Result<()> {
    let mut service = Service::start()?;
    service.realm("shop").await?;
    register(&service, "before").await?;
    let folder = std::env::temp_dir().join(format!("matricula-backup-{}", uuid::Uuid::new_v4()));
    std::fs::create_dir(&folder)?;
    let file = folder.join("backup.db");
    let name = file.to_str().unwrap_or_default();
    let made = service.maintain(&["backup", name]);
    if service.database().is_some() {
        // PostgreSQL has its own tools, and the error names them.
        let error = made.err().map(|error| error.to_string()).unwrap_or_default();
        assert!(error.contains("pg_dump"), "{error}");
        return Ok(());
    }
    made?;
    assert_eq!(std::os::unix::fs::MetadataExt::mode(&std::fs::metadata(&file)?) & 0o777, 0o600);
    assert!(service.maintain(&["backup", name]).is_err(), "a backup is never written over");
    register(&service, "after").await?;
    assert!(service.maintain(&["restore", name]).is_err(), "a database is never written over");

    service.stop()?;
    for name in ["matricula.db", "matricula.db-wal", "matricula.db-shm"] {
        let file = service.data().join(name);
        if file.exists() {
            std::fs::remove_file(file)?;
        }
    }
    let bytes = std::fs::read(&file)?;
    // What is cut off, damaged or something else is not restored.
    let mut damaged = bytes.clone();
    let middle = damaged.len() / 2;
    damaged[middle..middle + 4096].fill(0x55);
    for bad in [&bytes[..bytes.len() / 2], &damaged[..], b"no database", b""] {
        let other = folder.join("bad.db");
        std::fs::write(&other, bad)?;
        assert!(service.maintain(&["restore", other.to_str().unwrap_or_default()]).is_err(), "{} bytes", bad.len());
        assert!(!service.data().join("matricula.db").exists());
    }
    service.maintain(&["restore", name])?;
    service.start_again()?;
    assert_eq!(service.clients("shop", "before").await?.len(), 1);
    assert!(service.clients("shop", "after").await?.is_empty());
    register(&service, "again").await?;
    std::fs::remove_dir_all(folder)?;
    Ok(())
}
