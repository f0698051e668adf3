//! What was acknowledged is kept.

use anyhow::ensure;
use matricula_tests::Service;
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

#[tokio::test]
async fn every_acknowledged_client_survives_a_kill() -> anyhow::Result<()> {
    let mut service = Service::start()?;
    service.realm("shop").await?;
    let token = service.initial_access_token("shop", json!({"count": 100_000})).await?;
    // The token names the address it was issued under, and each start takes another port.
    let host = service.url.trim_start_matches("http://").to_owned();
    let mut acknowledged = Vec::new();
    for round in 0..3 {
        let mut running = tokio::task::JoinSet::new();
        for worker in 0..8 {
            let request = service.register("shop", "default", Some(&token)).header("Host", &host);
            running.spawn(async move {
                let mut stored = Vec::new();
                for number in 0.. {
                    let id = format!("kept-{round}-{worker}-{number}");
                    let Some(request) = request.try_clone() else { break };
                    match request.json(&json!({"clientId": id})).send().await {
                        Ok(answer) if answer.status() == 201 => stored.push(id),
                        // The server is gone: whether this one was stored, nobody was told.
                        _ => break,
                    }
                }
                stored
            });
        }
        tokio::time::sleep(std::time::Duration::from_millis(300)).await;
        service.kill_and_restart()?;
        for stored in running.join_all().await {
            acknowledged.extend(stored);
        }
    }
    ensure!(acknowledged.len() > 10, "only {} registrations before the kills", acknowledged.len());
    let listed = service.clients("shop", "kept-").await?;
    let stored: std::collections::HashSet<&str> =
        listed.iter().filter_map(|client| client["clientId"].as_str()).collect();
    let missing: Vec<&String> = acknowledged.iter().filter(|id| !stored.contains(id.as_str())).collect();
    ensure!(missing.is_empty(), "{} of {} are gone: {missing:?}", missing.len(), acknowledged.len());
    Ok(())
}
