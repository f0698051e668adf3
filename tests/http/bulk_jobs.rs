//! One thing is done with many clients, which are named or searched for.

use std::time::Duration;

use matricula_tests::{Service, within};
use reqwest::{Method, Response};
use serde_json::{Value, json};

use crate::life_cycle_rules::{life, registered, report, shop};
use crate::life_cycle_runs::{ended, job};

const SOON: Duration = Duration::from_secs(60);

async fn order(service: &Service, body: &Value) -> anyhow::Result<Response> {
    service.admin(Method::POST, "/shop/client-jobs", Some(body.clone())).await
}

/// Orders it and waits until it has ended.
async fn done(service: &Service, body: Value) -> anyhow::Result<Value> {
    let answer = order(service, &body).await?;
    anyhow::ensure!(answer.status() == 202, "{}", answer.text().await?);
    let begun: Value = answer.json().await?;
    ended(service, begun["id"].as_str().unwrap_or_default()).await
}

fn counts(job: &Value) -> [i64; 4] {
    ["matched", "done", "passed", "failed"].map(|name| job[name].as_i64().unwrap_or(-1))
}

async fn state(service: &Service, client_id: &str) -> anyhow::Result<Value> {
    Ok(life(service, client_id).await?["state"].clone())
}

#[tokio::test]
async fn each_action_changes_what_it_can_and_says_what_it_could_not() -> anyhow::Result<()> {
    let service = shop().await?;
    service.admin(Method::PUT, "/shop", Some(json!({"eventsEnabled": true}))).await?.error_for_status()?;
    let made = registered(&service, 2, "agent").await?;
    let named = json!([made[0], made[1], made[1], "nobody", "account"]);
    let mut ordered = Vec::new();
    for (action, expected, then) in [
        ("disable", [4, 2, 0, 2], "disabled"),
        ("disable", [4, 0, 2, 2], "disabled"),
        ("hibernate", [4, 0, 0, 4], "disabled"),
        ("enable", [4, 2, 0, 2], "active"),
        ("revive", [4, 0, 2, 2], "active"),
        ("hibernate", [4, 2, 0, 2], "hibernating"),
        ("hibernate", [4, 0, 2, 2], "hibernating"),
        ("revive", [4, 2, 0, 2], "active"),
    ] {
        let job = done(&service, json!({"action": action, "clients": named})).await?;
        assert_eq!((counts(&job), &job["state"]), (expected, &json!("finished")), "{action}: {job}");
        assert_eq!((&job["kind"], &job["action"]), (&json!("bulk"), &json!(action)));
        assert_eq!(state(&service, &made[0]).await?, then, "{action}");
        ordered.push(job["id"].clone());
    }
    let events: Vec<Value> = service.admin(Method::GET, "/shop/events?type=CLIENT_UPDATE", None).await?.json().await?;
    assert_eq!(events.len(), 4);
    assert!(events.iter().all(|event| ordered.contains(&event["details"]["job"])), "{events:?}");
    let job = done(&service, json!({"action": "delete", "clients": named})).await?;
    assert_eq!(counts(&job), [4, 2, 0, 2]);
    let failures: Vec<(&Value, &Value)> =
        job["failures"].as_array().into_iter().flatten().map(|one| (&one["clientId"], &one["reason"])).collect();
    let server = json!("It is a client of the server");
    assert_eq!(failures, [(&json!("account"), &server), (&json!("nobody"), &json!("It does not exist"))]);
    assert!(service.clients("shop", &made[0]).await?.is_empty());
    Ok(())
}

#[tokio::test]
async fn a_search_finds_what_is_all_of_what_is_given() -> anyhow::Result<()> {
    let service = shop().await?;
    let agents = registered(&service, 3, "agent").await?;
    let tools = registered(&service, 2, "tool").await?;
    report(&service, &tools[0], None).await?;
    let by_hand = json!({"clientId": "By-Hand", "name": "Shop", "enabled": false, "redirectUris":
        ["https://Shop.Example:8443/cb", "com.example.app:/cb"]});
    service.admin(Method::POST, "/shop/clients", Some(by_hand)).await?.error_for_status()?;
    let tokens: Value = service.admin(Method::GET, "/shop/clients-initial-access", None).await?.json().await?;
    let token = tokens.as_array().into_iter().flatten().find(|one| one["name"] == "tool").map(|one| one["id"].clone());
    for (search, matched) in [
        (json!({"softwareId": "agent"}), 3),
        (json!({"softwareId": "agent", "name": "AGENT 1"}), 1),
        (json!({"initialAccessToken": token}), 2),
        (json!({"origin": "initial-access-token"}), 5),
        (json!({"origin": "administrator"}), 1),
        (json!({"clientId": "by-h"}), 1),
        (json!({"state": "disabled"}), 1),
        (json!({"state": "active", "origin": "administrator"}), 0),
        (json!({"redirectHost": "shop.EXAMPLE"}), 1),
        (json!({"redirectHost": "example"}), 0),
        (json!({"neverUsed": false}), 1),
        (json!({"neverUsed": true, "softwareId": "tool"}), 1),
        (json!({"lastUsedBefore": 4_102_444_800_000_i64}), 1),
        (json!({"createdBefore": 1}), 0),
        (json!({"createdAfter": 1, "name": "o"}), 3),
    ] {
        let plan = order(&service, &json!({"action": "delete", "search": search, "dryRun": true})).await?;
        assert_eq!(plan.status(), 200);
        let plan: Value = plan.json().await?;
        let sample = plan["sample"].as_array().map_or(0, Vec::len);
        assert_eq!((&plan["matched"], sample), (&json!(matched), matched), "{search}");
    }
    let search = json!({"softwareId": "agent"});
    let unexpected = order(&service, &json!({"action": "delete", "search": search, "expect": 2})).await?;
    assert_eq!(unexpected.status(), 409);
    assert_eq!(unexpected.json::<Value>().await?["error"], "conflict");
    assert_eq!(state(&service, &agents[0]).await?, "active");
    let job = done(&service, json!({"action": "delete", "search": search, "expect": 3})).await?;
    assert_eq!(counts(&job), [3, 3, 0, 0]);
    assert_eq!(state(&service, &tools[1]).await?, "active");
    Ok(())
}

#[tokio::test]
async fn what_cannot_be_ordered_is_named() -> anyhow::Result<()> {
    let service = shop().await?;
    let one = "exactly one of 'clients' and 'search' must be given";
    let list = "'clients' must be a list of 1 to 10000 client ids";
    for (body, text) in [
        (json!([]), "an object is expected"),
        (json!({"clients": ["a"]}), "'action' must be disable, enable, hibernate, revive or delete"),
        (json!({"action": "burn", "clients": ["a"]}), "'action' must be disable, enable, hibernate, revive or delete"),
        (json!({"action": "delete"}), one),
        (json!({"action": "delete", "clients": ["a"], "search": {"name": "a"}}), one),
        (json!({"action": "delete", "clients": []}), list),
        (json!({"action": "delete", "clients": [1]}), list),
        (json!({"action": "delete", "clients": vec!["a"; 10_001]}), list),
        (json!({"action": "delete", "search": {}}), "'search' must not be empty"),
        (json!({"action": "delete", "search": {"colour": "red"}}), "'search.colour' is unknown"),
        (json!({"action": "delete", "clients": ["a"], "expect": "1"}), "'expect' must be a whole number"),
        (json!({"action": "delete", "clients": ["a"], "dryRun": 1}), "'dryRun' must be true or false"),
        (json!({"action": "delete", "clients": ["a"], "when": 1}), "'when' is unknown"),
    ] {
        let answer = order(&service, &body).await?;
        assert_eq!(answer.status(), 400, "{text}");
        assert_eq!(answer.json::<Value>().await?, json!({"error": "invalid_request", "error_description": text}));
    }
    let jobs: Value = service.admin(Method::GET, "/shop/client-jobs", None).await?.json().await?;
    assert_eq!(jobs, json!([]));
    Ok(())
}

#[tokio::test]
async fn jobs_of_a_realm_wait_for_each_other_and_go_on_where_a_crash_ended_them() -> anyhow::Result<()> {
    let mut service = shop().await?;
    let made = registered(&service, 400, "agent").await?;
    let mut ids = Vec::new();
    for action in ["disable", "enable", "delete"] {
        let body = json!({"action": action, "search": {"softwareId": "agent"}});
        let begun: Value = order(&service, &body).await?.json().await?;
        ids.push(begun["id"].as_str().unwrap_or_default().to_owned());
    }
    within(SOON, async || Ok(job(&service, &ids[2]).await?["done"].as_i64() > Some(20))).await?;
    service.kill_and_restart()?;
    for id in &ids {
        let job = ended(&service, id).await?;
        assert_eq!((counts(&job), &job["state"]), ([400, 400, 0, 0], &json!("finished")), "{job}");
    }
    assert!(service.clients("shop", &made[0]).await?.is_empty());
    Ok(())
}
