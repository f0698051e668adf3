//! When clients were used last, and in which state they are.

use std::time::Duration;

use matricula_tests::{Service, within};
use reqwest::Method;
use serde_json::{Value, json};

use crate::client_changes::make;

const HOUR_MS: i64 = 3_600_000;

fn now() -> anyhow::Result<i64> {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH)?;
    Ok(i64::try_from(since.as_millis())?)
}

async fn shop() -> anyhow::Result<Service> {
    let service = Service::start()?;
    service.realm("shop").await?;
    Ok(service)
}

/// The life of the client of realm `shop` with this internal id.
async fn life(service: &Service, id: &str) -> anyhow::Result<Value> {
    let answer = service.admin(Method::GET, &format!("/shop/clients/{id}/life"), None).await?;
    Ok(answer.error_for_status()?.json().await?)
}

/// Tells of uses.
async fn report(service: &Service, body: Value) -> anyhow::Result<Value> {
    let answer = service.admin(Method::POST, "/shop/client-use", Some(body)).await?;
    Ok(answer.error_for_status()?.json().await?)
}

/// A client registered with an initial access token: its internal id, and its document.
async fn registered(service: &Service) -> anyhow::Result<(String, Value)> {
    let initial = service.initial_access_token("shop", json!({"count": 1})).await?;
    let body = json!({"redirect_uris": ["https://app.example.com/cb"]});
    let made = service.register("shop", "openid-connect", Some(&initial)).json(&body).send().await?;
    let made: Value = made.error_for_status()?.json().await?;
    let stored = &service.clients("shop", made["client_id"].as_str().unwrap_or_default()).await?[0];
    Ok((stored["id"].as_str().unwrap_or_default().to_owned(), made))
}

/// Reads a client with its own registration access token.
async fn read_own(service: &Service, client: &Value) -> anyhow::Result<()> {
    let token = client["registration_access_token"].as_str().unwrap_or_default();
    let path = client["client_id"].as_str().unwrap_or_default();
    let url = format!("{}/realms/shop/clients-registrations/openid-connect/{path}", service.url);
    service.http.get(url).bearer_auth(token).send().await?.error_for_status()?;
    Ok(())
}

/// The names of the clients of realm `shop` in a state, without those of the server.
async fn in_state(service: &Service, query: &str) -> anyhow::Result<Vec<String>> {
    let listed = service.admin(Method::GET, &format!("/shop/clients?{query}"), None).await?.error_for_status()?;
    let listed: Vec<Value> = listed.json().await?;
    let names = listed.iter().filter_map(|client| client["clientId"].as_str());
    Ok(names.filter(|name| name.starts_with("app-")).map(str::to_owned).collect())
}

#[tokio::test]
async fn a_use_of_a_clients_own_is_recorded_at_the_latest_when_the_server_stops() -> anyhow::Result<()> {
    let mut service = shop().await?;
    let (id, client) = registered(&service).await?;
    let before = now()?;
    let unused = life(&service, &id).await?;
    assert!(unused["created"].as_i64().is_some_and(|created| (created - before).abs() < 60_000), "{unused}");
    let (last, by, state, exempt) = (&unused["lastUsed"], &unused["lastUseBy"], &unused["state"], &unused["exempt"]);
    assert_eq!((last, by, state, exempt), (&Value::Null, &Value::Null, &json!("active"), &Value::Null));
    read_own(&service, &client).await?;
    service.restart()?;
    let used = life(&service, &id).await?;
    assert_eq!(used["lastUseBy"], "management");
    assert!(used["lastUsed"].as_i64().is_some_and(|used| (used - before).abs() < 60_000), "{used}");
    Ok(())
}

#[tokio::test]
async fn a_token_is_a_use_and_a_refused_one_is_none() -> anyhow::Result<()> {
    let service = shop().await?;
    let body = json!({"clientId": "job", "publicClient": false, "secret": "s3cret", "serviceAccountsEnabled": true});
    service.admin(Method::POST, "/shop/clients", Some(body)).await?.error_for_status()?;
    let id = service.clients("shop", "job").await?[0]["id"].as_str().unwrap_or_default().to_owned();
    let url = format!("{}/realms/shop/protocol/openid-connect/token", service.url);
    let form = [("grant_type", "client_credentials")];
    let refused = service.http.post(&url).basic_auth("job", Some("wrong")).form(&form).send().await?;
    assert_eq!(refused.status(), 401);
    tokio::time::sleep(Duration::from_secs(11)).await;
    assert_eq!(life(&service, &id).await?["lastUsed"], Value::Null);
    service.http.post(&url).basic_auth("job", Some("s3cret")).form(&form).send().await?.error_for_status()?;
    within(Duration::from_secs(15), async || Ok(life(&service, &id).await?["lastUseBy"] == "token")).await
}

#[tokio::test]
async fn the_latest_use_counts_and_within_an_hour_the_first() -> anyhow::Result<()> {
    let service = shop().await?;
    let id = make(&service, "app-a").await?;
    make(&service, "app-b").await?;
    let at = now()? - 5 * HOUR_MS;
    let body =
        json!([{"clientId": "app-a", "at": at}, {"clientId": "app-b"}, {"clientId": "gone"}, {"clientId": "gone"}]);
    let accepted = report(&service, body).await?;
    assert_eq!((&accepted["accepted"], &accepted["unknown"]), (&json!(2), &json!(["gone"])));
    for (told, recorded) in
        [(0, 0), (HOUR_MS / 2, 0), (-10 * HOUR_MS, 0), (HOUR_MS, HOUR_MS), (3 * HOUR_MS, 3 * HOUR_MS)]
    {
        report(&service, json!([{"clientId": "app-a", "at": at + told}])).await?;
        assert_eq!(life(&service, &id).await?["lastUsed"], at + recorded, "{told}");
    }
    // Of the same client several times in one report: the latest.
    let several = [1, 3, 2].map(|hours| json!({"clientId": "app-a", "at": at + (2 + hours) * HOUR_MS}));
    assert_eq!(report(&service, json!(several)).await?["accepted"], 3);
    assert_eq!(life(&service, &id).await?["lastUsed"], at + 5 * HOUR_MS);
    assert_eq!(report(&service, json!([])).await?["accepted"], 0);
    Ok(())
}

#[tokio::test]
async fn a_long_report_is_recorded_whole() -> anyhow::Result<()> {
    let service = shop().await?;
    let mut names = Vec::new();
    for number in 0..20 {
        let name = format!("app-{number:02}");
        make(&service, &name).await?;
        names.push(name);
    }
    let entries: Vec<Value> = (0..1000).map(|number| json!({"clientId": names[number % names.len()]})).collect();
    assert_eq!(report(&service, json!(entries)).await?["accepted"], 1000);
    for name in names {
        let id = service.clients("shop", &name).await?[0]["id"].as_str().unwrap_or_default().to_owned();
        assert_eq!(life(&service, &id).await?["lastUseBy"], "reported", "{name}");
    }
    Ok(())
}

#[tokio::test]
async fn a_use_goes_with_its_client() -> anyhow::Result<()> {
    let service = shop().await?;
    let id = make(&service, "app-a").await?;
    report(&service, json!([{"clientId": "app-a"}])).await?;
    service.admin(Method::DELETE, &format!("/shop/clients/{id}"), None).await?.error_for_status()?;
    assert_eq!(service.admin(Method::GET, &format!("/shop/clients/{id}/life"), None).await?.status(), 404);
    let body = json!({"id": id, "clientId": "app-a"});
    service.admin(Method::POST, "/shop/clients", Some(body)).await?.error_for_status()?;
    assert_eq!(life(&service, &id).await?["lastUsed"], Value::Null);
    Ok(())
}

#[tokio::test]
async fn clients_are_listed_by_their_state() -> anyhow::Result<()> {
    let service = shop().await?;
    for (name, enabled) in [("app-a", true), ("app-b", false), ("app-c", true), ("app-d", false)] {
        let body = json!({"clientId": name, "enabled": enabled});
        service.admin(Method::POST, "/shop/clients", Some(body)).await?.error_for_status()?;
    }
    for (query, names) in [
        ("state=active", &["app-a", "app-c"][..]),
        ("state=disabled", &["app-b", "app-d"]),
        ("state=disabled&first=1", &["app-d"]),
        ("state=disabled&max=1", &["app-b"]),
        ("state=disabled&after=app-b", &["app-d"]),
        ("state=disabled&search=true&clientId=PP-B", &["app-b"]),
        ("state=disabled&clientId=app-a", &[]),
        ("state=disabled&clientId=app-b", &["app-b"]),
        ("state=held", &[]),
        ("state=leaving", &[]),
    ] {
        assert_eq!(in_state(&service, query).await?, names, "{query}");
    }
    let refused = service.admin(Method::GET, "/shop/clients?state=asleep", None).await?;
    assert_eq!(refused.status(), 400);
    let id = service.clients("shop", "app-b").await?[0]["id"].as_str().unwrap_or_default().to_owned();
    let disabled = life(&service, &id).await?;
    assert_eq!((&disabled["state"], &disabled["exempt"]), (&json!("disabled"), &json!("administrator")));
    Ok(())
}
