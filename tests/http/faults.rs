//! Faults that need rights on the machine, so that they are asked for: `cargo xtask test faults`.

use std::path::PathBuf;
use std::process::Command;

use anyhow::ensure;
use matricula_tests::Service;
use serde_json::{Value, json};

/// A small file system in memory; it is gone with the test.
struct Disk(PathBuf);

impl Disk {
    fn mount() -> anyhow::Result<Disk> {
        let folder = std::env::temp_dir().join(format!("matricula-disk-{}", uuid::Uuid::new_v4()));
        std::fs::create_dir(&folder)?;
        let disk = Disk(folder);
        disk.run("mount", &["-t", "tmpfs", "-o", "size=8m", "tmpfs"])?;
        Ok(disk)
    }

    fn run(&self, program: &str, arguments: &[&str]) -> anyhow::Result<()> {
        let status = Command::new(program).args(arguments).arg(&self.0).status()?;
        ensure!(status.success(), "{program} {arguments:?} ended with {status}: this test needs to be root");
        Ok(())
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        // Lazily: the server may still be on it.
        let _ = self.run("umount", &["-l"]);
        let _ = std::fs::remove_dir(&self.0);
    }
}

/// Registers a client; the answer's status, and its error.
async fn register(service: &Service, token: &str, description: &str) -> anyhow::Result<(u16, Value)> {
    let body = json!({"description": description, "attributes": {"ballast": "x".repeat(10_000)}});
    let answer = service.register("shop", "default", Some(token)).json(&body).send().await?;
    let retry = answer.headers().contains_key("retry-after");
    let status = answer.status().as_u16();
    assert_eq!(retry, status == 503);
    Ok((status, answer.json::<Value>().await?["error"].clone()))
}

#[tokio::test]
#[ignore = "it mounts a file system: cargo xtask test faults"]
async fn a_full_disk_is_503_until_there_is_room_again_and_nothing_acknowledged_is_lost() -> anyhow::Result<()> {
    let disk = Disk::mount()?;
    let ballast = disk.0.join("ballast");
    std::fs::write(&ballast, vec![1; 3 << 20])?;
    let database = format!("sqlite://{}", disk.0.join("matricula.db").display());
    let mut service = Service::start_on(&database, &[])?;
    service.realm("shop").await?;
    let token = service.initial_access_token("shop", json!({"count": 100_000})).await?;
    let mut stored = 0;
    loop {
        match register(&service, &token, "filling").await? {
            (201, _) => stored += 1,
            (status, error) => {
                assert_eq!((status, error), (503, json!("temporarily_unavailable")));
                break;
            }
        }
        ensure!(stored < 10_000, "the disk does not get full");
    }
    assert_eq!(register(&service, &token, "full").await?.0, 503);
    let ready = service.http.get(format!("{}/health/live", service.url)).send().await?;
    assert_eq!(ready.status(), 200);
    std::fs::remove_file(&ballast)?;
    assert_eq!(register(&service, &token, "room again").await?.0, 201);
    service.kill_and_restart()?;
    let listed = service.clients("shop", "").await?;
    let ours = listed.iter().filter(|client| client["description"] == "filling").count();
    assert_eq!(ours, stored);
    Ok(())
}

#[tokio::test]
#[ignore = "it mounts a file system: cargo xtask test faults"]
async fn a_disk_without_a_byte_left_is_503_and_reads_go_on() -> anyhow::Result<()> {
    let disk = Disk::mount()?;
    let database = format!("sqlite://{}", disk.0.join("matricula.db").display());
    let service = Service::start_on(&database, &[])?;
    service.realm("shop").await?;
    let token = service.initial_access_token("shop", json!({"count": 100})).await?;
    let made = service.register("shop", "default", Some(&token)).json(&json!({"clientId": "mine"})).send().await?;
    let made: Value = made.json().await?;
    let ballast = disk.0.join("ballast");
    let mut file = std::fs::File::create(&ballast)?;
    while std::io::Write::write_all(&mut file, &[1; 4096]).is_ok() {}
    for _ in 0..5 {
        assert_eq!(register(&service, &token, "meanwhile").await?.0, 503);
    }
    let url = format!("{}/realms/shop/clients-registrations/default/mine", service.url);
    let own = made["registrationAccessToken"].as_str().unwrap_or_default();
    assert_eq!(service.http.get(url).bearer_auth(own).send().await?.status(), 200);
    drop(file);
    std::fs::remove_file(&ballast)?;
    assert_eq!(register(&service, &token, "after").await?.0, 201);
    Ok(())
}
