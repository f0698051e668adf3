//! What the Admin API tells besides Keycloak's: where a client came from, what happened lately, what was decided.

use matricula_tests::Service;
use reqwest::Method;
use serde_json::{Value, json};

async fn get(service: &Service, path: &str) -> anyhow::Result<Value> {
    Ok(service.admin(Method::GET, path, None).await?.error_for_status()?.json().await?)
}

/// A realm with one client registered and one refused; gives the internal id of the first and the decision of the second.
async fn shop(service: &Service) -> anyhow::Result<(String, String)> {
    service.realm("shop").await?;
    let token = service.initial_access_token("shop", json!({"name": "partners"})).await?;
    let made = service.register("shop", "default", Some(&token)).json(&json!({"clientId": "partner"})).send().await?;
    let made: Value = made.error_for_status()?.json().await?;
    let refused = service.register("shop", "default", None).json(&json!({"clientId": "stranger"})).send().await?;
    let refused: Value = refused.json().await?;
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    Ok((text(&made["id"]), text(&refused["decision"])))
}

#[tokio::test]
async fn a_client_tells_where_it_came_from() -> anyhow::Result<()> {
    let service = Service::start()?;
    let (id, _) = shop(&service).await?;
    let origin = get(&service, &format!("/shop/clients/{id}/origin")).await?;
    assert_eq!(origin["registration"]["kind"], "initial-access-token");
    assert_eq!(origin["registration"]["address"], "127.0.0.1");
    assert_eq!((&origin["initialAccessToken"]["name"], &origin["held"]), (&json!("partners"), &json!(false)));
    let decision = origin["registration"]["decision"].as_str().unwrap_or_default();
    let found = get(&service, &format!("/shop/client-registration-policy/decisions?id={decision}")).await?;
    assert_eq!(found[0]["clientId"], "partner");
    // Changing the client does not change where it came from.
    let path = format!("/shop/clients/{id}");
    service.admin(Method::PUT, &path, Some(json!({"enabled": false}))).await?.error_for_status()?;
    assert_eq!(get(&service, &format!("/shop/clients/{id}/origin")).await?, origin);
    let own = service.clients("shop", "account").await?;
    let own = own[0]["id"].as_str().unwrap_or_default();
    assert_eq!(get(&service, &format!("/shop/clients/{own}/origin")).await?.get("registration"), None);
    Ok(())
}

#[tokio::test]
async fn figures_count_what_was_decided() -> anyhow::Result<()> {
    let service = Service::start()?;
    shop(&service).await?;
    let figures = get(&service, "/shop/client-registration-policy/figures").await?;
    assert_eq!((&figures["clients"], &figures["held"]), (&json!(7), &json!(0)));
    let points = figures["points"].as_array().cloned().unwrap_or_default();
    let sum = |name: &str| points.iter().filter_map(|point| point[name].as_u64()).sum::<u64>();
    assert_eq!((sum("accepted"), sum("refused"), sum("held")), (1, 1, 0));
    assert_eq!(
        (&figures["policies"][0]["provider"], &figures["policies"][0]["refused"]),
        (&json!("trusted-hosts"), &json!(1))
    );
    Ok(())
}

#[tokio::test]
async fn decisions_are_found_by_outcome_client_and_text() -> anyhow::Result<()> {
    let service = Service::start()?;
    let (_, refused) = shop(&service).await?;
    for (query, expected) in [
        ("outcome=reject", 1),
        ("outcome=accept", 1),
        ("outcome=hold", 0),
        ("clientId=partner", 1),
        ("clientId=part", 0),
        ("search=trusted%20hosts", 1),
        ("search=100%25", 0),
        ("search=127.0.0.1", 2),
        ("outcome=accept&search=127.0.0.1&max=1", 1),
    ] {
        let found = get(&service, &format!("/shop/client-registration-policy/decisions?{query}")).await?;
        assert_eq!(found.as_array().map(Vec::len), Some(expected), "{query}");
    }
    let found = get(&service, "/shop/client-registration-policy/decisions?outcome=reject").await?;
    assert_eq!(found[0]["id"], refused.as_str());
    Ok(())
}

#[tokio::test]
async fn events_are_found_by_client_address_and_time() -> anyhow::Result<()> {
    let service = Service::start()?;
    service.realm("shop").await?;
    service
        .admin(Method::PUT, "/shop/events/config", Some(json!({"eventsEnabled": true})))
        .await?
        .error_for_status()?;
    let token = service.initial_access_token("shop", json!({})).await?;
    service.register("shop", "default", Some(&token)).json(&json!({"clientId": "partner"})).send().await?;
    let all = get(&service, "/shop/events").await?;
    let time = all[0]["time"].as_i64().unwrap_or_default();
    for (query, expected) in [
        ("client=partner".to_owned(), 1),
        ("client=other".to_owned(), 0),
        ("ipAddress=127.0.0.1".to_owned(), 1),
        ("ipAddress=203.0.113.9".to_owned(), 0),
        (format!("dateFrom={time}"), 1),
        (format!("dateFrom={}", time + 1), 0),
        (format!("dateTo={}", time - 1), 0),
    ] {
        let found = get(&service, &format!("/shop/events?{query}")).await?;
        assert_eq!(found.as_array().map(Vec::len), Some(expected), "{query}");
    }
    Ok(())
}

#[tokio::test]
async fn conditions_and_executors_describe_themselves() -> anyhow::Result<()> {
    let service = Service::start()?;
    let parts = get(&service, "/master/client-policies/providers").await?;
    let ids = |kind: &str| -> Vec<String> {
        parts[kind].as_array().into_iter().flatten().filter_map(|it| it["id"].as_str().map(str::to_owned)).collect()
    };
    assert!(ids("conditions").contains(&"client-access-type".to_owned()));
    assert!(ids("executors").contains(&"pkce-enforcer".to_owned()));
    Ok(())
}
