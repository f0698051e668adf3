//! Clients of one software that anonymous callers make: a realm may have a limit for them.

use matricula_tests::Service;
use reqwest::Method;
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::life_cycle_rules::{life, report, set, shop};

async fn open(life_cycle: Value) -> anyhow::Result<Service> {
    let service = shop().await?;
    service.open("shop", "anonymous").await?;
    set(&service, life_cycle).await?;
    Ok(service)
}

async fn registered(service: &Service, name: &str, redirect: &str) -> anyhow::Result<String> {
    let body = json!({"client_name": name, "redirect_uris": [redirect], "token_endpoint_auth_method": "none"});
    let answer = service.register("shop", "openid-connect", None).json(&body).send().await?.error_for_status()?;
    Ok(answer.json::<Value>().await?["client_id"].as_str().unwrap_or_default().to_owned())
}

async fn states(service: &Service, clients: &[String]) -> anyhow::Result<Vec<Value>> {
    let mut states = Vec::new();
    for client_id in clients {
        states.push(life(service, client_id).await?["state"].clone());
    }
    Ok(states)
}

#[tokio::test]
async fn a_new_one_takes_the_place_of_the_oldest_that_nobody_used() -> anyhow::Result<()> {
    let service = open(json!({"perSoftware": {"max": 2, "grace": 0}, "requireUse": false})).await?;
    let used = registered(&service, "Agent", "http://localhost:4001/cb").await?;
    report(&service, &used, None).await?;
    let second = registered(&service, "Agent", "http://localhost:4002/cb").await?;
    let elsewhere = registered(&service, "Agent", "http://localhost:4002/other").await?;
    let third = registered(&service, "Agent", "http://localhost:4003/cb").await?;
    let all = [used, second.clone(), elsewhere, third.clone()];
    assert_eq!(states(&service, &all).await?, ["active", "hibernating", "active", "active"]);
    assert_eq!(life(&service, &second).await?["rule"], "perSoftware");
    // One that is used again counts again.
    report(&service, &second, None).await?;
    report(&service, &third, None).await?;
    let fourth = registered(&service, "Agent", "http://localhost/cb").await?;
    let fifth = registered(&service, "Agent", "http://localhost:5/cb").await?;
    assert_eq!(states(&service, &[second, third, fourth, fifth]).await?, ["active", "active", "hibernating", "active"]);
    Ok(())
}

#[tokio::test]
async fn of_many_at_once_as_many_stay_as_the_limit_allows() -> anyhow::Result<()> {
    let service = open(json!({"perSoftware": {"max": 3, "grace": 0}, "requireUse": false})).await?;
    let mut asked = JoinSet::new();
    for port in 0..24 {
        let body = json!({"client_name": "Agent", "redirect_uris": [format!("http://127.0.0.1:{}/cb", 4000 + port)]});
        let request = service.register("shop", "openid-connect", None).json(&body);
        asked.spawn(async move { request.send().await?.error_for_status()?.json::<Value>().await });
    }
    let mut all = Vec::new();
    for client in asked.join_all().await {
        all.push(client?["client_id"].as_str().unwrap_or_default().to_owned());
    }
    let states = states(&service, &all).await?;
    assert_eq!(states.iter().filter(|state| *state == "active").count(), 3, "{states:?}");
    Ok(())
}

#[tokio::test]
async fn young_ones_and_those_of_tokens_stay_and_so_do_all_where_nobody_tells_of_uses() -> anyhow::Result<()> {
    let service = open(json!({"perSoftware": {"max": 1, "grace": 3600}, "requireUse": false})).await?;
    let mut all = Vec::new();
    for _ in 0..3 {
        all.push(registered(&service, "Agent", "http://localhost/cb").await?);
    }
    set(&service, json!({"perSoftware": {"max": 1, "grace": 0}})).await?;
    all.push(registered(&service, "Agent", "http://localhost/cb").await?);
    set(&service, json!({"perSoftware": {"max": 1, "grace": 0}, "requireUse": false})).await?;
    let initial = service.initial_access_token("shop", json!({"count": 3})).await?;
    for _ in 0..3 {
        let body = json!({"client_name": "Owned"});
        let answer = service.register("shop", "openid-connect", Some(&initial)).json(&body).send().await?;
        let client: Value = answer.error_for_status()?.json().await?;
        all.push(client["client_id"].as_str().unwrap_or_default().to_owned());
    }
    assert_eq!(states(&service, &all).await?, vec!["active"; 7]);
    Ok(())
}

#[tokio::test]
async fn clients_of_the_past_are_counted_after_the_next_run() -> anyhow::Result<()> {
    let service = open(json!({"requireUse": false})).await?;
    let mut all = Vec::new();
    for _ in 0..2 {
        all.push(registered(&service, "Agent", "http://localhost/cb").await?);
    }
    set(&service, json!({"perSoftware": {"max": 2, "grace": 0}, "requireUse": false})).await?;
    let answer = service.admin(Method::POST, "/shop/client-life-cycle/run", Some(json!({}))).await?;
    let begun: Value = answer.error_for_status()?.json().await?;
    crate::life_cycle_runs::ended(&service, begun["id"].as_str().unwrap_or_default()).await?;
    all.push(registered(&service, "Agent", "http://localhost/cb").await?);
    let states = states(&service, &all).await?;
    assert_eq!(states.iter().filter(|state| *state == "active").count(), 2, "{states:?}");
    assert_eq!(states[2], "active");
    Ok(())
}
