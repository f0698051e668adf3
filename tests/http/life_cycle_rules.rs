//! What rules about the life of clients would do.

use matricula_tests::Service;
use reqwest::Method;
use serde_json::{Value, json};

use crate::client_changes::make;

const DAY: i64 = 86_400;

fn now() -> anyhow::Result<i64> {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH)?;
    Ok(i64::try_from(since.as_millis())?)
}

pub(crate) async fn shop() -> anyhow::Result<Service> {
    let service = Service::start()?;
    service.realm("shop").await?;
    Ok(service)
}

/// Clients of realm `shop`, registered with one initial access token: their client ids.
pub(crate) async fn registered(service: &Service, number: usize, software: &str) -> anyhow::Result<Vec<String>> {
    let initial = service.initial_access_token("shop", json!({"count": number, "name": software})).await?;
    let mut made = Vec::new();
    for index in 0..number {
        let body = json!({"software_id": software, "client_name": format!("{software} {index}")});
        let answer = service.register("shop", "openid-connect", Some(&initial)).json(&body).send().await?;
        let client: Value = answer.error_for_status()?.json().await?;
        made.push(client["client_id"].as_str().unwrap_or_default().to_owned());
    }
    Ok(made)
}

pub(crate) async fn report(service: &Service, client_id: &str, at: Option<i64>) -> anyhow::Result<()> {
    let body = json!([{"clientId": client_id, "at": at}]);
    service.admin(Method::POST, "/shop/client-use", Some(body)).await?.error_for_status()?;
    Ok(())
}

async fn evaluate(service: &Service, body: Value) -> anyhow::Result<Value> {
    let answer = service.admin(Method::POST, "/shop/client-life-cycle/evaluate", Some(body)).await?;
    Ok(answer.error_for_status()?.json().await?)
}

/// The life of the client of realm `shop` with this client id.
pub(crate) async fn life(service: &Service, client_id: &str) -> anyhow::Result<Value> {
    let id = service.clients("shop", client_id).await?[0]["id"].as_str().unwrap_or_default().to_owned();
    let answer = service.admin(Method::GET, &format!("/shop/clients/{id}/life"), None).await?;
    Ok(answer.error_for_status()?.json().await?)
}

pub(crate) async fn set(service: &Service, life_cycle: Value) -> anyhow::Result<()> {
    service.admin(Method::PUT, "/shop", Some(json!({"lifeCycle": life_cycle}))).await?.error_for_status()?;
    Ok(())
}

#[tokio::test]
async fn a_dry_run_tells_what_would_become_of_whom_and_changes_nothing() -> anyhow::Result<()> {
    let service = shop().await?;
    let dead = registered(&service, 3, "agent").await?;
    let alive = &registered(&service, 1, "tool").await?[0];
    make(&service, "by-hand").await?;
    report(&service, alive, None).await?;
    let later = now()? + 40 * DAY * 1000;
    let told = evaluate(&service, json!({"lifeCycle": {"neverUsedAfter": 30 * DAY}, "at": later})).await?;
    let expected = json!({
        "clients": 5, "hibernate": 3, "delete": 0, "exempt": 1, "blind": false, "asks": false, "truncated": false,
        "rules": {"neverUsedAfter": 3, "idleAfter": 0, "deleteAfter": 0}, "at": later,
    });
    for (name, value) in expected.as_object().into_iter().flatten() {
        assert_eq!(&told[name], value, "{name}");
    }
    let software = &told["bySoftware"][0];
    assert_eq!(
        (&software["softwareId"], &software["clients"], &software["hibernate"], &software["delete"]),
        (&json!("agent"), &json!(3), &json!(3), &json!(0))
    );
    let origins: Vec<(&Value, &Value, &Value)> = told["byOrigin"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|one| (&one["kind"], &one["initialAccessToken"]["name"], &one["clients"]))
        .collect();
    let token = json!("initial-access-token");
    assert_eq!(origins[0], (&token, &json!("agent"), &json!(3)));
    assert!(origins.contains(&(&token, &json!("tool"), &json!(1))), "{origins:?}");
    assert!(origins.contains(&(&json!("administrator"), &Value::Null, &json!(1))), "{origins:?}");
    let sample = told["sample"].as_array().cloned().unwrap_or_default();
    let mut named: Vec<&str> = sample.iter().filter_map(|one| one["clientId"].as_str()).collect();
    named.sort_unstable();
    let mut dead: Vec<&str> = dead.iter().map(String::as_str).collect();
    dead.sort_unstable();
    assert_eq!(named, dead);
    assert_eq!((&sample[0]["action"], &sample[0]["rule"]), (&json!("hibernate"), &json!("neverUsedAfter")));

    let both = json!({"neverUsedAfter": 30 * DAY, "idleAfter": 30 * DAY});
    assert_eq!(evaluate(&service, json!({"lifeCycle": both, "at": later})).await?["hibernate"], 4);
    assert_eq!(evaluate(&service, json!({"lifeCycle": both})).await?["hibernate"], 0);
    assert_eq!(evaluate(&service, json!({})).await?["hibernate"], 0);
    let all = json!({"neverUsedAfter": 1, "exempt": {"administrators": false}});
    assert_eq!(evaluate(&service, json!({"lifeCycle": all, "at": later})).await?["hibernate"], 4);
    assert_eq!(life(&service, dead[0]).await?["state"], "active");
    Ok(())
}

#[tokio::test]
async fn where_nobody_tells_of_uses_no_rule_does_anything() -> anyhow::Result<()> {
    let service = shop().await?;
    let clients = registered(&service, 2, "agent").await?;
    let later = now()? + DAY * 1000;
    let asked = json!({"lifeCycle": {"neverUsedAfter": 1}, "at": later});
    let told = evaluate(&service, asked.clone()).await?;
    assert_eq!((&told["blind"], &told["hibernate"], &told["clients"]), (&json!(true), &json!(0), &json!(2)));
    let seeing = json!({"lifeCycle": {"neverUsedAfter": 1, "requireUse": false}, "at": later});
    assert_eq!(evaluate(&service, seeing).await?["hibernate"], 2);
    // One that tells of an old use tells.
    report(&service, &clients[0], Some(now()? - 40 * DAY * 1000)).await?;
    let told = evaluate(&service, asked).await?;
    assert_eq!((&told["blind"], &told["hibernate"]), (&json!(false), &json!(1)));
    Ok(())
}

#[tokio::test]
async fn many_at_once_would_be_asked_about() -> anyhow::Result<()> {
    let service = shop().await?;
    registered(&service, 9, "agent").await?;
    let asked = json!({"lifeCycle": {"neverUsedAfter": 1, "requireUse": false}, "at": now()? + DAY * 1000});
    assert_eq!(evaluate(&service, asked.clone()).await?["asks"], false);
    registered(&service, 1, "agent").await?;
    assert_eq!(evaluate(&service, asked).await?["asks"], true);
    Ok(())
}

#[tokio::test]
async fn the_life_of_a_client_tells_what_comes_and_why_nothing_does() -> anyhow::Result<()> {
    let service = shop().await?;
    let made = registered(&service, 2, "agent").await?;
    set(&service, json!({"neverUsedAfter": DAY, "idleAfter": 2 * DAY, "deleteAfter": 3 * DAY})).await?;
    let unused = life(&service, &made[0]).await?;
    let created = unused["created"].as_i64().unwrap_or_default();
    assert_eq!(unused["next"], json!({"action": "hibernate", "rule": "neverUsedAfter", "at": created + DAY * 1000}));
    let used = now()? - 1000;
    report(&service, &made[0], Some(used)).await?;
    let idle = json!({"action": "hibernate", "rule": "idleAfter", "at": used + 2 * DAY * 1000});
    assert_eq!(life(&service, &made[0]).await?["next"], idle);
    let id = service.clients("shop", &made[0]).await?[0]["id"].as_str().unwrap_or_default().to_owned();
    service.admin(Method::POST, &format!("/shop/clients/{id}/hibernate"), None).await?.error_for_status()?;
    let asleep = life(&service, &made[0]).await?;
    let since = asleep["hibernatedSince"].as_i64().unwrap_or_default();
    assert_eq!(asleep["next"], json!({"action": "delete", "rule": "deleteAfter", "at": since + 3 * DAY * 1000}));
    let token: Value = service.admin(Method::GET, "/shop/clients-initial-access", None).await?.json().await?;
    set(&service, json!({"neverUsedAfter": DAY, "exempt": {"initialAccessTokens": [token[0]["id"]]}})).await?;
    let exempt = life(&service, &made[1]).await?;
    assert_eq!((&exempt["next"], &exempt["exempt"]), (&Value::Null, &json!("initial-access-token")));
    assert_eq!(life(&service, "account").await?["exempt"], "server");
    Ok(())
}

#[tokio::test]
async fn what_cannot_be_evaluated_is_told() -> anyhow::Result<()> {
    let service = shop().await?;
    let at = "'at' must be a time in Unix milliseconds, not in the past and at most 10 years ahead";
    for (body, text) in [
        (json!([]), json!({"error": "invalid_request", "error_description": "an object is expected"})),
        (json!({"when": 1}), json!({"error": "invalid_request", "error_description": "'when' is unknown"})),
        (json!({"at": 1}), json!({"error": "invalid_request", "error_description": at})),
        (json!({"at": "now"}), json!({"error": "invalid_request", "error_description": at})),
        (json!({"at": now()? + 4000 * DAY * 1000}), json!({"error": "invalid_request", "error_description": at})),
        (
            json!({"lifeCycle": {"idleAfter": -1}}),
            json!({"errorMessage": "'lifeCycle.idleAfter' must be a whole number from 0 to 3155760000"}),
        ),
        (json!({"lifeCycle": {"idle": 1}}), json!({"errorMessage": "'lifeCycle.idle' is unknown"})),
    ] {
        let answer = service.admin(Method::POST, "/shop/client-life-cycle/evaluate", Some(body.clone())).await?;
        assert_eq!((answer.status().as_u16(), answer.json::<Value>().await?), (400, text), "{body}");
    }
    Ok(())
}
