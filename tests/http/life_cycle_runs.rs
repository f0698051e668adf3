//! Runs of the rules about the life of clients.

use std::time::Duration;

use matricula_tests::{Service, within};
use reqwest::{Method, Response};
use serde_json::{Value, json};

use crate::life_cycle_rules::{life, registered, report, set, shop};

const SOON: Duration = Duration::from_secs(60);

async fn ask(service: &Service, confirmed: bool) -> anyhow::Result<Response> {
    let body = Some(json!({"confirmed": confirmed}));
    service.admin(Method::POST, "/shop/client-life-cycle/run", body).await
}

pub(crate) async fn job(service: &Service, id: &str) -> anyhow::Result<Value> {
    let answer = service.admin(Method::GET, &format!("/shop/client-jobs/{id}"), None).await?;
    Ok(answer.error_for_status()?.json().await?)
}

/// Waits until a job has ended.
pub(crate) async fn ended(service: &Service, id: &str) -> anyhow::Result<Value> {
    within(SOON, async || Ok(!job(service, id).await?["ended"].is_null())).await?;
    job(service, id).await
}

async fn run(service: &Service, confirmed: bool) -> anyhow::Result<Value> {
    let answer = ask(service, confirmed).await?;
    anyhow::ensure!(answer.status() == 202, "{}", answer.text().await?);
    let location = answer.headers()["location"].to_str()?.to_owned();
    let begun: Value = answer.json().await?;
    let id = begun["id"].as_str().unwrap_or_default();
    anyhow::ensure!(location.ends_with(&format!("/shop/client-jobs/{id}")), "{location}");
    ended(service, id).await
}

async fn events(service: &Service, kind: &str) -> anyhow::Result<Vec<Value>> {
    Ok(service.admin(Method::GET, &format!("/shop/events?type={kind}"), None).await?.json().await?)
}

async fn state(service: &Service, client_id: &str) -> anyhow::Result<String> {
    Ok(life(service, client_id).await?["state"].as_str().unwrap_or_default().to_owned())
}

#[tokio::test]
async fn a_run_puts_to_sleep_what_nobody_uses_and_leaves_a_record() -> anyhow::Result<()> {
    let service = shop().await?;
    service.admin(Method::PUT, "/shop", Some(json!({"eventsEnabled": true}))).await?.error_for_status()?;
    let made = registered(&service, 3, "agent").await?;
    report(&service, &made[0], None).await?;
    let marked = service.clients("shop", &made[1]).await?[0]["id"].as_str().unwrap_or_default().to_owned();
    let exempt = Some(json!({"attributes": {"life.exempt": "true"}}));
    service.admin(Method::PUT, &format!("/shop/clients/{marked}"), exempt).await?.error_for_status()?;
    set(&service, json!({"neverUsedAfter": 1})).await?;
    tokio::time::sleep(Duration::from_millis(1200)).await;
    let done = run(&service, false).await?;
    let counted = ["kind", "action", "state", "matched", "done", "passed", "failed"].map(|name| done[name].clone());
    let expected = [json!("life-cycle"), Value::Null, json!("finished"), json!(1), json!(1), json!(0), json!(0)];
    assert_eq!(counted, expected);
    assert_eq!(done["rules"], json!({"neverUsedAfter": 1, "idleAfter": 0, "deleteAfter": 0}));
    assert_eq!(state(&service, &made[0]).await?, "active");
    assert_eq!(state(&service, &made[1]).await?, "active");
    let asleep = life(&service, &made[2]).await?;
    assert_eq!((&asleep["state"], &asleep["rule"]), (&json!("hibernating"), &json!("neverUsedAfter")));
    let told = events(&service, "CLIENT_HIBERNATE").await?;
    assert_eq!((told.len(), &told[0]["clientId"]), (1, &json!(made[2])));
    assert_eq!(told[0]["details"], json!({"rule": "neverUsedAfter", "job": done["id"]}));
    let path = format!("/shop/client-registration-policy/decisions?id={}", done["id"].as_str().unwrap_or_default());
    let records: Value = service.admin(Method::GET, &path, None).await?.json().await?;
    assert_eq!(
        (&records[0]["provider"], &records[0]["operation"], &records[0]["policies"]),
        (&json!("life-cycle"), &json!("run"), &json!([]))
    );
    // A later run has nothing to do.
    assert_eq!(run(&service, false).await?["matched"], 0);
    let jobs: Vec<Value> = service.admin(Method::GET, "/shop/client-jobs", None).await?.json().await?;
    assert_eq!((jobs.len(), &jobs[1]["id"]), (2, &done["id"]));
    Ok(())
}

#[tokio::test]
async fn what_hibernates_long_enough_is_deleted_and_known_by_the_rule() -> anyhow::Result<()> {
    let service = shop().await?;
    service.admin(Method::PUT, "/shop", Some(json!({"eventsEnabled": true}))).await?.error_for_status()?;
    let initial = service.initial_access_token("shop", json!({"count": 1})).await?;
    let body = json!({"clientId": "app"});
    let made = service.register("shop", "default", Some(&initial)).json(&body).send().await?.error_for_status()?;
    let client: Value = made.json().await?;
    let id = client["id"].as_str().unwrap_or_default();
    let other = &registered(&service, 1, "agent").await?[0];
    service.admin(Method::POST, &format!("/shop/clients/{id}/hibernate"), None).await?.error_for_status()?;
    set(&service, json!({"deleteAfter": 1, "requireUse": false})).await?;
    tokio::time::sleep(Duration::from_millis(1200)).await;
    let done = run(&service, false).await?;
    assert_eq!((&done["done"], &done["rules"]["deleteAfter"]), (&json!(1), &json!(1)));
    assert!(service.clients("shop", "app").await?.is_empty());
    assert_eq!(state(&service, other).await?, "active");
    let told = events(&service, "CLIENT_DELETE").await?;
    assert_eq!(told[0]["details"], json!({"rule": "deleteAfter", "job": done["id"]}));
    let url = format!("{}/realms/shop/clients-registrations/default/app", service.url);
    let token = client["registrationAccessToken"].as_str().unwrap_or_default();
    let gone = service.http.get(url).bearer_auth(token).send().await?;
    let header = gone.headers().get("matricula-gone").and_then(|value| value.to_str().ok()).unwrap_or_default();
    assert!(gone.status() == 401 && header.starts_with("deleteAfter; "), "{header}");
    Ok(())
}

#[tokio::test]
async fn a_run_that_would_take_many_asks_first() -> anyhow::Result<()> {
    let service = shop().await?;
    let made = registered(&service, 12, "agent").await?;
    set(&service, json!({"neverUsedAfter": 1, "requireUse": false, "maxPerRun": 11})).await?;
    tokio::time::sleep(Duration::from_millis(1200)).await;
    let asked = run(&service, false).await?;
    assert_eq!((&asked["state"], &asked["matched"], &asked["done"]), (&json!("asks"), &json!(12), &json!(0)));
    assert_eq!(asked["rules"]["neverUsedAfter"], 12);
    for client_id in &made {
        assert_eq!(state(&service, client_id).await?, "active");
    }
    let done = run(&service, true).await?;
    assert_eq!((&done["state"], &done["matched"], &done["done"]), (&json!("finished"), &json!(11), &json!(11)));
    // Longest unused first.
    assert_eq!(state(&service, &made[11]).await?, "active");
    assert_eq!(run(&service, true).await?["done"], 1);
    Ok(())
}

#[tokio::test]
async fn one_run_at_a_time_and_it_can_be_stopped() -> anyhow::Result<()> {
    let service = shop().await?;
    registered(&service, 200, "agent").await?;
    set(&service, json!({"neverUsedAfter": 1, "requireUse": false})).await?;
    tokio::time::sleep(Duration::from_millis(1200)).await;
    let begun: Value = ask(&service, true).await?.json().await?;
    let id = begun["id"].as_str().unwrap_or_default().to_owned();
    let second = ask(&service, true).await?;
    let stopped = service.admin(Method::DELETE, &format!("/shop/client-jobs/{id}"), None).await?;
    // It may have been quick.
    if second.status() == 409 && stopped.status() == 204 {
        let job = ended(&service, &id).await?;
        assert_eq!(job["state"], "stopped");
        tokio::time::sleep(Duration::from_secs(1)).await;
        assert_eq!(self::job(&service, &id).await?["done"], job["done"]);
    }
    let ended = ended(&service, &id).await?;
    let again = service.admin(Method::DELETE, &format!("/shop/client-jobs/{id}"), None).await?;
    assert_eq!(again.status(), 409, "{ended}");
    assert_eq!(service.admin(Method::GET, "/shop/client-jobs/none", None).await?.status(), 404);
    assert_eq!(service.admin(Method::DELETE, "/shop/client-jobs/none", None).await?.status(), 404);
    Ok(())
}

#[tokio::test]
async fn a_run_goes_on_where_a_crash_ended_it() -> anyhow::Result<()> {
    let mut service = shop().await?;
    let made = registered(&service, 300, "agent").await?;
    set(&service, json!({"neverUsedAfter": 1, "requireUse": false})).await?;
    tokio::time::sleep(Duration::from_millis(1200)).await;
    let begun: Value = ask(&service, true).await?.json().await?;
    let id = begun["id"].as_str().unwrap_or_default().to_owned();
    within(SOON, async || Ok(job(&service, &id).await?["done"] != 0)).await?;
    service.kill_and_restart()?;
    let done = ended(&service, &id).await?;
    assert_eq!((&done["state"], &done["matched"], &done["done"]), (&json!("finished"), &json!(300), &json!(300)));
    let listed = service.admin(Method::GET, "/shop/clients?state=hibernating", None).await?;
    assert_eq!(listed.json::<Vec<Value>>().await?.len(), made.len());
    Ok(())
}
