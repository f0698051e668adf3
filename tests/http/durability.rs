//! What was acknowledged is kept.

use std::collections::HashSet;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::ensure;
use matricula_tests::{OwnPostgres, PASSWORD, Service};
use reqwest::{Client, Method, RequestBuilder};
use serde_json::{Value, json};

#[tokio::test]
async fn a_registered_client_and_its_token_are_there_after_a_restart() -> anyhow::Result<()> {
    let mut service = Service::start()?;
    service.realm("shop").await?;
    let token = service.initial_access_token("shop", json!({})).await?;
    let made = service.register("shop", "default", Some(&token)).json(&json!({"clientId": "myclient"})).send().await?;
    assert_eq!(made.status(), 201);
    let made: Value = made.json().await?;
    let before = service.url.clone();
    service.restart()?;
    // The token names the address it was issued under.
    let url = format!("{}/realms/shop/clients-registrations/default/myclient", service.url);
    let host = before.trim_start_matches("http://");
    let token = made["registrationAccessToken"].as_str().unwrap_or_default();
    let read = service.http.get(url).header("Host", host).bearer_auth(token).send().await?;
    assert_eq!(read.status(), 200);
    assert_eq!(read.json::<Value>().await?, made);
    Ok(())
}

/// How often the server is killed: `MATRICULA_TEST_ROUNDS`, else three times.
fn rounds() -> anyhow::Result<u32> {
    std::env::var("MATRICULA_TEST_ROUNDS").map_or(Ok(3), |rounds| Ok(rounds.parse()?))
}

/// A client whose registration was acknowledged.
struct Kept {
    id: String,
    /// The registration access token of the last acknowledged answer.
    token: String,
    /// An update was under way at the kill: whether it was stored, nobody was told.
    in_doubt: bool,
}

/// Registers clients and updates each once, until the server is gone. `register` is a request without its body, `clients` the address
/// of the clients.
async fn load(register: RequestBuilder, clients: String, http: Client, host: String, prefix: String) -> Vec<Kept> {
    let mut kept = Vec::new();
    for number in 0.. {
        let id = format!("{prefix}-{number}");
        let Some(request) = register.try_clone() else { break };
        let Ok(made) = request.json(&json!({"clientId": id})).send().await else { break };
        let (true, Ok(made)) = (made.status() == 201, made.json::<Value>().await) else { break };
        let token = |answer: &Value| answer["registrationAccessToken"].as_str().unwrap_or_default().to_owned();
        let mut client = Kept { token: token(&made), in_doubt: true, id };
        let update = http.put(format!("{clients}/{}", client.id)).header("Host", &host).bearer_auth(&client.token);
        let updated = update.json(&json!({"clientId": client.id, "name": "updated"})).send().await;
        if let Ok(updated) = updated
            && updated.status() == 200
            && let Ok(updated) = updated.json::<Value>().await
        {
            client.token = token(&updated);
            client.in_doubt = false;
        }
        let ended = client.in_doubt;
        kept.push(client);
        if ended {
            break;
        }
    }
    kept
}

/// Lets something happen in the midst of registrations and updates, again and again; then everything that was
/// acknowledged must be there, with its last token, and nothing that is half done. What was there to be lost, in words.
async fn survives(
    mut service: Service,
    rounds: u32,
    mut strike: impl FnMut(&mut Service) -> anyhow::Result<()>,
) -> anyhow::Result<String> {
    const USES: usize = 10_000_000;
    service.realm("shop").await?;
    let token = service.initial_access_token("shop", json!({"count": USES})).await?;
    // The token names the address it was issued under, and each start takes another port.
    let host = service.url.trim_start_matches("http://").to_owned();
    let (mut clients, mut rotations) = (0, 0);
    for round in 0..rounds {
        let mut running = tokio::task::JoinSet::new();
        for worker in 0..8 {
            let register = service.register("shop", "default", Some(&token)).header("Host", &host);
            let address = format!("{}/realms/shop/clients-registrations/default", service.url);
            let prefix = format!("kept-{round}-{worker}");
            running.spawn(load(register, address, service.http.clone(), host.clone(), prefix));
        }
        tokio::time::sleep(Duration::from_millis(300)).await;
        strike(&mut service)?;
        let acknowledged = running.join_all().await.into_iter().flatten().collect::<Vec<Kept>>();
        // Each is there with its last token, and no other.
        for client in &acknowledged {
            let url = format!("{}/realms/shop/clients-registrations/default/{}", service.url, client.id);
            let read = service.http.get(url).header("Host", &host).bearer_auth(&client.token).send().await?;
            if client.in_doubt {
                ensure!(matches!(read.status().as_u16(), 200 | 401), "{}: {}", client.id, read.status());
                continue;
            }
            ensure!(read.status() == 200, "{} of round {round}: {}", client.id, read.status());
            ensure!(read.json::<Value>().await?["name"] == "updated", "{} is half an update", client.id);
            rotations += 1;
        }
        clients += acknowledged.len();
        let listed = service.clients("shop", &format!("kept-{round}-")).await?;
        let stored: HashSet<&str> = listed.iter().filter_map(|client| client["clientId"].as_str()).collect();
        let missing: Vec<&Kept> = acknowledged.iter().filter(|client| !stored.contains(client.id.as_str())).collect();
        ensure!(missing.is_empty(), "{} of {} are gone", missing.len(), acknowledged.len());
    }
    ensure!(clients > 10, "only {clients} registrations before the kills");
    // Uses of the token and clients are one transaction each: not one more of either.
    let stored = service.clients("shop", "kept-").await?.len();
    let listed: Value = service.admin(Method::GET, "/shop/clients-initial-access", None).await?.json().await?;
    let used = USES as u64 - listed[0]["remainingCount"].as_u64().unwrap_or_default();
    assert_eq!(used, stored as u64);
    Ok(format!("{clients} registrations and {rotations} updates were acknowledged, {stored} clients are stored"))
}

#[tokio::test]
async fn every_acknowledged_client_rotation_and_token_use_survives_a_kill() -> anyhow::Result<()> {
    let rounds = rounds()?;
    let kept = survives(Service::start()?, rounds, Service::kill_and_restart).await?;
    println!("{rounds} kills: {kept}");
    Ok(())
}

// Callers must go on while PostgreSQL is killed: on one thread they would wait for that.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_acknowledged_survives_a_kill_of_postgresql_and_the_server_goes_on() -> anyhow::Result<()> {
    let mut database = OwnPostgres::start()?;
    let service = Service::start_on(&database.url(), &[])?;
    let rounds = rounds()?;
    let mut late = 0;
    let strike = |service: &mut Service| {
        database.kill()?;
        // While it is gone, the server says so.
        let url = format!("{}/health/ready", service.url);
        let gone = Command::new("curl").args(["-s", "-o", "/dev/null", "-w", "%{http_code}", &url]).output()?;
        ensure!(gone.stdout == b"503", "{}", String::from_utf8_lossy(&gone.stdout));
        database.start_again()?;
        let until = Instant::now() + Duration::from_secs(20);
        while !Command::new("curl").args(["-sf", "-o", "/dev/null", &url]).status()?.success() {
            ensure!(Instant::now() < until, "the server does not find the database again");
            std::thread::sleep(Duration::from_millis(50));
        }
        // A connection that writes, and the one that listens, may find out a moment later that they were dead: then the
        // server says once more that it has no database.
        let sign_in = format!("{}/realms/master/protocol/openid-connect/token", service.url);
        let form = "grant_type=password&client_id=admin-cli&username=admin";
        let password = format!("password={PASSWORD}");
        let mut steady = Instant::now();
        loop {
            let mut curl = Command::new("curl");
            curl.args(["-s", "-o", "/dev/null", "-w", "%{http_code} %header{retry-after}", "-d", form]);
            let answer = curl.args(["--data-urlencode", &password, &sign_in]).output()?;
            let answer = String::from_utf8(answer.stdout)?;
            match answer.split_once(' ') {
                Some(("200", _)) if steady.elapsed() > Duration::from_millis(700) => return Ok(()),
                Some(("200", _)) => {}
                Some(("503", retry)) if !retry.is_empty() => {
                    late += 1;
                    steady = Instant::now();
                }
                _ => anyhow::bail!("{answer}"),
            }
            ensure!(Instant::now() < until, "the server does not write again");
            std::thread::sleep(Duration::from_millis(50));
        }
    };
    let kept = survives(service, rounds, strike).await?;
    println!("{rounds} kills of PostgreSQL: {kept}, {late} times somebody was asked to come again after it was ready");
    Ok(())
}

#[tokio::test]
async fn damaged_native_code_of_components_is_noticed_and_made_anew() -> anyhow::Result<()> {
    let mut service = Service::start()?;
    service.realm("shop").await?;
    service.stop()?;
    let mut damaged = 0;
    for entry in std::fs::read_dir(service.data().join("cache/components"))? {
        let file = entry?.path();
        let mut bytes = std::fs::read(&file)?;
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        std::fs::write(&file, bytes)?;
        damaged += 1;
    }
    ensure!(damaged >= 3, "{damaged} files");
    service.start_again()?;
    let token = service.initial_access_token("shop", json!({})).await?;
    let made = service.register("shop", "openid-connect", Some(&token)).json(&json!({})).send().await?;
    ensure!(made.status() == 201, "{}", made.text().await?);
    assert_eq!(service.log()?.matches("made anew").count(), damaged);
    Ok(())
}
