//! Secrets that end and are renewed, the secret before, and the registration access token before.

use std::time::Duration;

use matricula_tests::Service;
use reqwest::{Method, Response};
use serde_json::{Value, json};

use crate::life_cycle_rules::{set, shop};

const DAY: i64 = 86_400;

/// A confidential client, registered with an initial access token.
async fn registered(service: &Service) -> anyhow::Result<Value> {
    let initial = service.initial_access_token("shop", json!({"count": 1})).await?;
    let body = json!({"grant_types": ["client_credentials"], "client_name": "Service"});
    let answer = service.register("shop", "openid-connect", Some(&initial)).json(&body).send().await?;
    Ok(answer.error_for_status()?.json().await?)
}

fn text<'a>(document: &'a Value, member: &str) -> &'a str {
    document[member].as_str().unwrap_or_default()
}

/// Status of a token request with this secret.
async fn token(service: &Service, client: &Value, secret: &str) -> anyhow::Result<u16> {
    let url = format!("{}/realms/shop/protocol/openid-connect/token", service.url);
    let request = service.http.post(url).basic_auth(text(client, "client_id"), Some(secret));
    Ok(request.form(&[("grant_type", "client_credentials")]).send().await?.status().as_u16())
}

/// The client's own request with this registration access token.
async fn own(service: &Service, method: Method, client: &Value, token: &str) -> anyhow::Result<Response> {
    let path = format!("openid-connect/{}", text(client, "client_id"));
    let url = format!("{}/realms/shop/clients-registrations/{path}", service.url);
    let body = json!({"client_id": client["client_id"], "grant_types": ["client_credentials"]});
    Ok(service.http.request(method, url).bearer_auth(token).json(&body).send().await?)
}

async fn updated(service: &Service, client: &Value) -> anyhow::Result<Value> {
    let answer = own(service, Method::PUT, client, text(client, "registration_access_token")).await?;
    Ok(answer.error_for_status()?.json().await?)
}

/// The path of the client in the Admin API.
async fn path(service: &Service, client: &Value) -> anyhow::Result<String> {
    let found = service.clients("shop", text(client, "client_id")).await?;
    Ok(format!("/shop/clients/{}", text(&found[0], "id")))
}

async fn rotated(service: &Service, client: &Value) -> anyhow::Result<String> {
    let path = format!("{}/client-secret", path(service, client).await?);
    let answer = service.admin(Method::POST, &path, None).await?.error_for_status()?;
    Ok(text(&answer.json().await?, "value").to_owned())
}

#[tokio::test]
async fn a_secret_ends_and_an_update_renews_it_while_the_client_can_still_change_itself() -> anyhow::Result<()> {
    let service = shop().await?;
    let never = registered(&service).await?;
    set(&service, json!({"secretLifetime": 2})).await?;
    let client = registered(&service).await?;
    let attributes: Value = service.admin(Method::GET, &path(&service, &client).await?, None).await?.json().await?;
    let ends = &attributes["attributes"]["client.secret.expiration.time"];
    assert_eq!(ends.as_str().map(str::to_owned), client["client_secret_expires_at"].as_i64().map(|at| at.to_string()));
    let secret = text(&client, "client_secret");
    assert_eq!(token(&service, &client, secret).await?, 200);
    tokio::time::sleep(Duration::from_millis(3100)).await;
    assert_eq!(token(&service, &client, secret).await?, 401);
    let install = format!("{}/realms/shop/clients-registrations/install/{}", service.url, text(&client, "client_id"));
    let answer = service.http.get(install).basic_auth(text(&client, "client_id"), Some(secret)).send().await?;
    assert_eq!(answer.status(), 401);
    let read = own(&service, Method::GET, &client, text(&client, "registration_access_token")).await?;
    assert_eq!(read.json::<Value>().await?["client_secret"], client["client_secret"], "a read renews nothing");
    set(&service, json!({"secretLifetime": DAY})).await?;
    let renewed = updated(&service, &client).await?;
    assert_ne!(renewed["client_secret"], client["client_secret"]);
    assert_eq!(token(&service, &client, text(&renewed, "client_secret")).await?, 200);
    assert_eq!(token(&service, &client, secret).await?, 401);
    let kept = updated(&service, &renewed).await?;
    assert_eq!(kept["client_secret"], renewed["client_secret"]);
    assert_eq!(kept["client_secret_expires_at"], renewed["client_secret_expires_at"]);
    // One from before the setting ends with it is replaced only.
    assert_eq!(never["client_secret_expires_at"], 0);
    assert_eq!(token(&service, &never, text(&never, "client_secret")).await?, 200);
    assert_eq!(updated(&service, &never).await?["client_secret_expires_at"], 0);
    Ok(())
}

#[tokio::test]
async fn the_secret_before_is_good_for_a_while_and_in_no_document() -> anyhow::Result<()> {
    let service = shop().await?;
    let client = registered(&service).await?;
    let first = text(&client, "client_secret");
    let second = rotated(&service, &client).await?;
    assert_eq!(token(&service, &client, first).await?, 401, "no grace unless a realm wants one");
    set(&service, json!({"secretGrace": DAY})).await?;
    let third = rotated(&service, &client).await?;
    for (secret, status) in [(first, 401), (&second, 200), (&third, 200), ("wrong", 401)] {
        assert_eq!(token(&service, &client, secret).await?, status, "{secret}");
    }
    let path = path(&service, &client).await?;
    let shown = service.admin(Method::GET, &path, None).await?.text().await?;
    assert!(shown.contains("client.secret.rotated.expiration.time") && !shown.contains(&second), "{shown}");
    let attributes = json!({"attributes": {"matricula.secret.rotated": "planted"}});
    service.admin(Method::PUT, &path, Some(attributes)).await?.error_for_status()?;
    assert_eq!(token(&service, &client, "planted").await?, 401);
    assert_eq!(token(&service, &client, &second).await?, 200);
    for status in [204, 404] {
        let answer = service.admin(Method::DELETE, &format!("{path}/client-secret/rotated"), None).await?;
        assert_eq!(answer.status().as_u16(), status);
    }
    assert_eq!((token(&service, &client, &second).await?, token(&service, &client, &third).await?), (401, 200));
    Ok(())
}

#[tokio::test]
async fn a_lost_answer_is_no_lost_client_where_the_token_before_is_good() -> anyhow::Result<()> {
    let service = shop().await?;
    set(&service, json!({"registrationTokenGrace": true})).await?;
    let client = registered(&service).await?;
    let first = text(&client, "registration_access_token");
    let lost = updated(&service, &client).await?;
    let second = updated(&service, &client).await?;
    let (lost, second) = (text(&lost, "registration_access_token"), text(&second, "registration_access_token"));
    let read = async |token: &str| -> anyhow::Result<u16> {
        Ok(own(&service, Method::GET, &client, token).await?.status().as_u16())
    };
    assert_eq!((read(lost).await?, read(first).await?), (401, 200));
    assert_eq!((read(second).await?, read(first).await?, read(second).await?), (200, 401, 200));
    // An administrator's new one ends all others at once.
    let third = own(&service, Method::PUT, &client, second).await?.error_for_status()?.json::<Value>().await?;
    assert_eq!(read(second).await?, 200);
    let path = format!("{}/registration-access-token", path(&service, &client).await?);
    let made: Value = service.admin(Method::POST, &path, None).await?.error_for_status()?.json().await?;
    assert_eq!((read(second).await?, read(text(&third, "registration_access_token")).await?), (401, 401));
    assert_eq!(read(text(&made, "registrationAccessToken")).await?, 200);
    Ok(())
}
