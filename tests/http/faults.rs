//! Faults that need rights on the machine, so that they are asked for: `cargo xtask test faults`.

use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, ensure};
use matricula_tests::{Service, within};
use serde_json::{Value, json};

/// A small file system; it is gone with the test.
struct Disk(PathBuf);

impl Disk {
    /// One in memory.
    fn mount() -> anyhow::Result<Disk> {
        let disk = Disk::place()?;
        disk.run("mount", &["-t", "tmpfs", "-o", "size=8m", "tmpfs"])?;
        Ok(disk)
    }

    /// One in a file, which turns read-only when the kernel finds an error in it.
    fn mount_fragile() -> anyhow::Result<Disk> {
        let disk = Disk::place()?;
        let image = disk.image();
        std::fs::File::create(&image)?.set_len(64 << 20)?;
        let made = Command::new("mkfs.ext4").args(["-q", "-F"]).arg(&image).status().context("mkfs.ext4 is missing")?;
        ensure!(made.success(), "mkfs.ext4 ended with {made}");
        disk.mount_image()?;
        Ok(disk)
    }

    fn place() -> anyhow::Result<Disk> {
        let folder = std::env::temp_dir().join(format!("matricula-disk-{}", uuid::Uuid::new_v4()));
        std::fs::create_dir(&folder)?;
        Ok(Disk(folder))
    }

    fn image(&self) -> PathBuf {
        self.0.with_extension("img")
    }

    fn mount_image(&self) -> anyhow::Result<()> {
        self.run("mount", &["-o", "loop,errors=remount-ro", &self.image().display().to_string()])
    }

    /// Tells the kernel that it has found an error. Nobody can remount what is open for writing (`EBUSY`), so this is how
    /// a disk in use becomes read-only.
    fn break_down(&self) -> anyhow::Result<()> {
        let found = Command::new("findmnt").args(["--noheadings", "--output", "MAJ:MIN"]).arg(&self.0).output()?;
        let number = String::from_utf8(found.stdout)?;
        let device = std::fs::read_link(format!("/sys/dev/block/{}", number.trim()))?;
        let device = device.file_name().and_then(|name| name.to_str()).context("no device")?.to_owned();
        Ok(std::fs::write(format!("/sys/fs/ext4/{device}/trigger_fs_error"), "1")?)
    }

    /// What an operator does with such a disk: unmount, check, mount.
    fn repair(&self) -> anyhow::Result<()> {
        self.run("umount", &[])?;
        let checked = Command::new("e2fsck").args(["-f", "-y"]).arg(self.image()).output()?;
        // 1: errors were corrected.
        let said = String::from_utf8_lossy(&checked.stdout);
        ensure!(checked.status.code().is_some_and(|code| code <= 1), "e2fsck: {}\n{said}", checked.status);
        self.mount_image()
    }

    fn run(&self, program: &str, arguments: &[&str]) -> anyhow::Result<()> {
        let status = Command::new(program).args(arguments).arg(&self.0).status()?;
        ensure!(
            status.success(),
            "{program} {arguments:?} ended with {status}: this test needs to be root: sudo -E cargo xtask test faults"
        );
        Ok(())
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        // Lazily: the server may still be on it.
        let _ = self.run("umount", &["-l"]);
        let _ = std::fs::remove_dir(&self.0);
        let _ = std::fs::remove_file(self.image());
    }
}

/// Makes every write of a server to its database fail as on a read-only disk, from the first moment to the last.
struct NoWrites(Child);

impl NoWrites {
    fn begin(service: &Service, database: &str) -> anyhow::Result<NoWrites> {
        let files = [database.to_owned(), format!("{database}-wal")];
        let mut strace = Command::new("strace");
        strace.args(["-f", "-q", "-o", "/dev/null", "-p", &service.pid().to_string()]);
        strace.args(["-e", "inject=write,pwrite64,ftruncate,fsync,fdatasync:error=EROFS"]);
        for file in &files {
            strace.args(["-P", file]);
        }
        Ok(NoWrites(strace.stdin(Stdio::null()).spawn().context("strace is missing")?))
    }

    fn end(mut self) -> anyhow::Result<()> {
        // It lets go of the server.
        ensure!(Command::new("kill").args(["-INT", &self.0.id().to_string()]).status()?.success(), "strace has ended");
        self.0.wait()?;
        Ok(())
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

#[tokio::test]
#[ignore = "it mounts a file system: cargo xtask test faults"]
async fn a_cache_of_compiled_components_without_a_byte_left_only_makes_the_start_longer() -> anyhow::Result<()> {
    let disk = Disk::mount()?;
    let mut service = Service::start()?;
    service.realm("shop").await?;
    service.stop()?;
    let cache = service.data().join("cache");
    std::fs::remove_dir_all(&cache)?;
    std::os::unix::fs::symlink(&disk.0, &cache)?;
    std::fs::create_dir(disk.0.join("components"))?;
    let mut ballast = std::fs::File::create(disk.0.join("ballast"))?;
    while std::io::Write::write_all(&mut ballast, &[1; 4096]).is_ok() {}
    service.start_again()?;
    let token = service.initial_access_token("shop", json!({})).await?;
    assert_eq!(register(&service, &token, "meanwhile").await?.0, 201);
    ensure!(service.log()?.contains("compiled code could not be kept: the next start compiles again"), "no word of it");
    ensure!(std::fs::read_dir(disk.0.join("components"))?.count() == 0, "a part of a file is left");
    Ok(())
}

#[tokio::test]
#[ignore = "it mounts a file system: cargo xtask test faults"]
async fn a_disk_that_turns_read_only_under_load_is_503_and_after_its_repair_everything_acknowledged_is_there()
-> anyhow::Result<()> {
    let disk = Disk::mount_fragile()?;
    let database = format!("sqlite://{}", disk.0.join("matricula.db").display());
    let mut service = Service::start_on(&database, &[])?;
    service.realm("shop").await?;
    let token = service.initial_access_token("shop", json!({"count": 1_000_000})).await?;
    let made = service.register("shop", "default", Some(&token)).json(&json!({"clientId": "mine"})).send().await?;
    let made: Value = made.json().await?;
    let mut running = tokio::task::JoinSet::new();
    for worker in 0..8 {
        let request = service.register("shop", "default", Some(&token));
        running.spawn(async move {
            let mut acknowledged = Vec::new();
            for number in 0.. {
                let id = format!("kept-{worker}-{number}");
                let request = request.try_clone().context("a request")?;
                let answer = request.json(&json!({"clientId": id})).send().await?;
                match answer.status().as_u16() {
                    201 => acknowledged.push(id),
                    503 => {
                        ensure!(answer.headers().contains_key("retry-after"), "no Retry-After");
                        let body: Value = answer.json().await?;
                        ensure!(body["error"] == "temporarily_unavailable", "{body}");
                        break;
                    }
                    status => anyhow::bail!("{status}: {}", answer.text().await?),
                }
            }
            Ok(acknowledged)
        });
    }
    tokio::time::sleep(Duration::from_millis(500)).await;
    disk.break_down()?;
    let acknowledged = running.join_all().await.into_iter().collect::<anyhow::Result<Vec<Vec<String>>>>()?.concat();
    ensure!(acknowledged.len() > 10, "only {} registrations before", acknowledged.len());
    for _ in 0..5 {
        assert_eq!(register(&service, &token, "meanwhile").await?.0, 503);
    }
    let live = service.http.get(format!("{}/health/live", service.url)).send().await?;
    assert_eq!(live.status(), 200);
    let url = format!("{}/realms/shop/clients-registrations/default/mine", service.url);
    let own = made["registrationAccessToken"].as_str().unwrap_or_default();
    assert_eq!(service.http.get(url).bearer_auth(own).send().await?.status(), 200);

    service.stop()?;
    disk.repair()?;
    service.start_again()?;
    let stored = service.clients("shop", "kept-").await?;
    let stored: Vec<&str> = stored.iter().filter_map(|client| client["clientId"].as_str()).collect();
    let missing: Vec<_> = acknowledged.iter().filter(|id| !stored.contains(&id.as_str())).collect();
    ensure!(missing.is_empty(), "{} of {} are gone", missing.len(), acknowledged.len());
    let token = service.initial_access_token("shop", json!({})).await?;
    assert_eq!(register(&service, &token, "after").await?.0, 201);
    println!("disk turned read-only: {} registrations were acknowledged, 0 lost", acknowledged.len());
    Ok(())
}

#[tokio::test]
#[ignore = "it needs the right to trace processes: cargo xtask test faults"]
async fn writes_that_fail_as_on_a_read_only_disk_are_503_and_the_server_goes_on_by_itself() -> anyhow::Result<()> {
    let disk = Disk::mount()?;
    let file = disk.0.join("matricula.db").display().to_string();
    let mut service = Service::start_on(&format!("sqlite://{file}"), &[])?;
    service.realm("shop").await?;
    let token = service.initial_access_token("shop", json!({"count": 1000})).await?;
    let mut stored = 0;
    for _ in 0..3 {
        assert_eq!(register(&service, &token, "before").await?.0, 201);
        stored += 1;
        let read_only = NoWrites::begin(&service, &file)?;
        within(Duration::from_secs(10), async || {
            let (status, error) = register(&service, &token, "tried").await?;
            ensure!(status == 201 || error == "temporarily_unavailable", "{status} {error}");
            Ok(status == 503)
        })
        .await?;
        for _ in 0..5 {
            assert_eq!(register(&service, &token, "refused").await?.0, 503);
        }
        read_only.end()?;
        assert_eq!(register(&service, &token, "before").await?.0, 201);
        stored += 1;
    }
    service.kill_and_restart()?;
    let listed = service.clients("shop", "").await?;
    let count = |text: &str| listed.iter().filter(|client| client["description"] == text).count();
    assert_eq!((count("before"), count("refused")), (stored, 0));
    Ok(())
}
