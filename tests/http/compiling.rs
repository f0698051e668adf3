//! Compiling happens in a process of its own: what it takes and how it fails is not the server's.

use std::io::Write as _;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use matricula_tests::{Service, guests, program};
use reqwest::Response;
use serde_json::{Value, json};

/// A guest in a variant that nobody has compiled before: with a section of this content, which means nothing.
fn variant(file: &str, content: &str) -> anyhow::Result<Vec<u8>> {
    let mut bytes = std::fs::read(guests()?.join(file))?;
    let section = [&[4][..], b"test", content.as_bytes()].concat();
    bytes.extend([0, u8::try_from(section.len())?]);
    bytes.extend(section);
    Ok(bytes)
}

async fn upload(service: &Service, name: &str, bytes: Vec<u8>) -> anyhow::Result<Response> {
    let url = format!("{}/admin/components/{name}", service.url);
    Ok(service.http.put(url).bearer_auth(service.administrator().await?).body(bytes).send().await?)
}

/// The process that compiles for a server, if there is one.
fn compiler_of(service: &Service) -> Option<String> {
    let processes = std::fs::read_dir("/proc").ok()?.flatten();
    processes.filter_map(|process| process.file_name().into_string().ok()).find(|process| {
        let read = |file: &str| std::fs::read_to_string(format!("/proc/{process}/{file}")).unwrap_or_default();
        let parent = format!("PPid:\t{}\n", service.pid());
        read("cmdline").contains("compile-component") && read("status").contains(&parent)
    })
}

fn resident_mib(service: &Service) -> anyhow::Result<u64> {
    let status = std::fs::read_to_string(format!("/proc/{}/status", service.pid()))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("no VmRSS")?;
    Ok(line.trim().trim_end_matches(" kB").parse::<u64>()? / 1024)
}

/// Files of compiled components.
fn compiled(service: &Service) -> anyhow::Result<usize> {
    Ok(std::fs::read_dir(service.data().join("cache/components"))?.count())
}

#[tokio::test]
async fn a_version_whose_compiler_is_killed_is_refused_in_words() -> anyhow::Result<()> {
    let service = Service::start()?;
    let mut sent = Box::pin(upload(&service, "unruly", variant("unruly.wasm", "killed")?));
    let until = Instant::now() + Duration::from_secs(20);
    let compiler = loop {
        tokio::select! {
            answer = &mut sent => anyhow::bail!("it was compiled before anybody could kill the compiler: {answer:?}"),
            () = tokio::time::sleep(Duration::from_millis(2)) => {}
        }
        if let Some(compiler) = compiler_of(&service) {
            break compiler;
        }
        ensure!(Instant::now() < until, "there was no compiler");
    };
    ensure!(Command::new("kill").args(["-KILL", &compiler]).status()?.success(), "kill");
    let refused = sent.await?;
    assert_eq!(refused.status(), 400);
    let refused: Value = refused.json().await?;
    let description = refused["error_description"].as_str().unwrap_or_default();
    ensure!(description.contains("the compiler was killed"), "{description}");
    // The server goes on, and the same version is welcome.
    let made = upload(&service, "unruly", variant("unruly.wasm", "killed")?).await?;
    ensure!(made.status() == 201, "{}", made.text().await?);
    Ok(())
}

#[tokio::test]
async fn the_compiler_keeps_to_its_memory_and_says_so() -> anyhow::Result<()> {
    let mut command = Command::new(program()?);
    command.args(["compile-component", "--config", "/dev/null", "--memory-mib", "16"]);
    let mut compiler = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
    compiler.stdin.take().context("no input")?.write_all(&variant("unruly.wasm", "large")?)?;
    let output = compiler.wait_with_output()?;
    ensure!(output.status.success(), "{}", output.status);
    assert_eq!(String::from_utf8_lossy(&output.stdout), "-compiling it needs more than 16 MiB of memory");
    Ok(())
}

#[tokio::test]
async fn without_a_cache_components_are_compiled_all_the_same() -> anyhow::Result<()> {
    let mut service = Service::start()?;
    service.stop()?;
    let cache = service.data().join("cache");
    std::fs::remove_dir_all(&cache)?;
    std::fs::write(&cache, "no folder")?;
    service.start_again()?;
    let made = upload(&service, "gate", variant("gate-open.wasm", "without a cache")?).await?;
    ensure!(made.status() == 201, "{}", made.text().await?);
    service.realm("shop").await?;
    service.policy("shop", "authenticated", "gate", json!({})).await?;
    let token = service.initial_access_token("shop", json!({})).await?;
    let made = service.register("shop", "default", Some(&token)).json(&json!({})).send().await?;
    assert_eq!(made.status(), 201);
    ensure!(service.log()?.contains("compiled code could not be kept: the next start compiles again"), "no word of it");
    Ok(())
}

#[tokio::test]
async fn the_first_start_takes_no_more_memory_than_the_second() -> anyhow::Result<()> {
    let mut service = Service::start()?;
    let first = resident_mib(&service)?;
    service.restart()?;
    let second = resident_mib(&service)?;
    println!("{first} MiB after the first start, {second} after the second");
    ensure!(first < second + 16, "{first} MiB after the first start, {second} after the second");
    Ok(())
}

#[tokio::test]
async fn of_many_uploads_the_newest_stay_and_memory_comes_back() -> anyhow::Result<()> {
    let service = Service::start_with(&["--component-versions", "3"])?;
    let built_in = compiled(&service)?;
    let first = upload(&service, "gate", variant("gate-open.wasm", "0")?).await?;
    assert_eq!(first.status(), 201);
    let mut digests = Vec::new();
    let mut resident = vec![resident_mib(&service)?];
    for number in 1..=28 {
        let made = upload(&service, "gate", variant("gate-open.wasm", &number.to_string())?).await?;
        assert_eq!(made.status(), 200);
        let made: Value = made.json().await?;
        digests.insert(0, made["active"].as_str().unwrap_or_default().to_owned());
        let kept: Vec<&str> =
            made["versions"].as_array().into_iter().flatten().filter_map(|it| it["digest"].as_str()).collect();
        // The one that decides, the one before, and three more.
        ensure!(kept.len() <= 5 && kept.iter().take(5).zip(&digests).all(|(kept, made)| kept == made), "{kept:?}");
        resident.push(resident_mib(&service)?);
    }
    assert_eq!(compiled(&service)? - built_in, 5, "what is gone is not kept compiled");
    println!("MiB {resident:?}");
    // The first versions make the pools of the server larger. Each that compiled in this process would leave more than
    // two behind, also later.
    let (before, after) = (resident[8], resident[28]);
    ensure!(after < before + 40, "{before} MiB before 20 uploads, {after} after: {resident:?}");
    Ok(())
}
