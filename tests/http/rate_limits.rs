//! Callers that register too often without a token, and callers that guess, are told to wait.

use std::time::Duration;

use matricula_tests::{PASSWORD, Service};
use reqwest::{Method, Response};
use serde_json::{Value, json};

async fn anonymous(service: &Service, realm: &str) -> anyhow::Result<Response> {
    Ok(service
        .register(realm, "openid-connect", None)
        .json(&json!({"redirect_uris": ["https://a.example/"]}))
        .send()
        .await?)
}

async fn set(service: &Service, realm: &str, attribute: &str, value: &str) -> anyhow::Result<Response> {
    let attributes = json!({"attributes": {(attribute): value}});
    service.admin(Method::PUT, &format!("/{realm}"), Some(attributes)).await
}

/// A refusal that says how long to wait.
async fn told_to_wait(answer: Response, at_most: u64) -> anyhow::Result<()> {
    assert_eq!(answer.status(), 429);
    let wait: u64 = answer.headers()["retry-after"].to_str()?.parse()?;
    assert!((1..=at_most).contains(&wait), "{wait}");
    let answer: Value = answer.json().await?;
    assert_eq!(answer["error"], "too_many_requests");
    assert!(answer["error_description"].is_string(), "{answer}");
    Ok(())
}

#[tokio::test]
async fn an_address_registers_as_often_as_the_realm_allows_without_a_token() -> anyhow::Result<()> {
    let service = Service::start_with(&["--trusted-proxy", "127.0.0.1"])?;
    for realm in ["shop", "other"] {
        service.realm(realm).await?;
        service.open(realm, "anonymous").await?;
    }
    for _ in 0..20 {
        assert_eq!(anonymous(&service, "shop").await?.status(), 201, "there is no limit unless one is set");
    }
    assert_eq!(set(&service, "shop", "clientRegistration.anonymousPerAddress", "3/hour").await?.status(), 204);
    for _ in 0..3 {
        assert_eq!(anonymous(&service, "shop").await?.status(), 201);
    }
    told_to_wait(anonymous(&service, "shop").await?, 1200).await?;
    assert_eq!(anonymous(&service, "other").await?.status(), 201, "another realm");
    let token = service.initial_access_token("shop", json!({})).await?;
    let with_token = service.register("shop", "default", Some(&token)).json(&json!({})).send().await?;
    assert_eq!(with_token.status(), 201, "with a token");
    let elsewhere = async |address: &str| {
        let request = service.register("shop", "default", None).header("X-Forwarded-For", address).json(&json!({}));
        anyhow::Ok(request.send().await?)
    };
    for _ in 0..3 {
        assert_eq!(elsewhere("10.1.2.3").await?.status(), 201, "another address");
    }
    told_to_wait(elsewhere("10.1.2.3").await?, 1200).await?;
    // Of IPv6 a network of 64 bits counts as one address.
    for host in 1..4 {
        assert_eq!(elsewhere(&format!("fd00::{host}")).await?.status(), 201);
    }
    told_to_wait(elsewhere("fd00::4").await?, 1200).await?;
    assert_eq!(set(&service, "shop", "clientRegistration.anonymousPerAddress", "").await?.status(), 204);
    assert_eq!(anonymous(&service, "shop").await?.status(), 201, "the limit is gone");
    Ok(())
}

#[tokio::test]
async fn what_cannot_be_registered_counts_too() -> anyhow::Result<()> {
    let service = Service::start_with(&["--anonymous-per-address", "3/day"])?;
    service.realm("shop").await?;
    let bodies = [("application/json", "{"), ("application/json", "{\"redirect_uris\":1}"), ("text/plain", "")];
    for (kind, body) in bodies {
        let request = service.register("shop", "openid-connect", None).header("Content-Type", kind).body(body);
        assert!(matches!(request.send().await?.status().as_u16(), 400 | 415), "{body}");
    }
    for (kind, body) in bodies {
        let request = service.register("shop", "openid-connect", None).header("Content-Type", kind).body(body);
        told_to_wait(request.send().await?, 28_800).await?;
    }
    told_to_wait(anonymous(&service, "shop").await?, 28_800).await?;
    // Who shows a token is another matter, even a bad one.
    let token = service.initial_access_token("shop", json!({})).await?;
    assert_eq!(service.register("shop", "default", Some(&token)).json(&json!({})).send().await?.status(), 201);
    assert_eq!(service.register("shop", "default", Some("bad")).json(&json!({})).send().await?.status(), 401);
    Ok(())
}

#[tokio::test]
async fn administrators_are_told_which_limits_hold() -> anyhow::Result<()> {
    let service = Service::start_with(&["--anonymous-per-realm", "2/day"])?;
    service.realm("shop").await?;
    let limits = async || {
        let answer = service.admin(Method::GET, "/shop/client-registration-policy/limits", None).await?;
        assert_eq!(answer.status(), 200);
        anyhow::Ok(answer.json::<Value>().await?)
    };
    assert_eq!(limits().await?, json!({"anonymousPerAddress": null, "anonymousPerRealm": "2/day"}));
    set(&service, "shop", "clientRegistration.anonymousPerAddress", "20 / hour").await?;
    set(&service, "shop", "clientRegistration.anonymousPerRealm", "none").await?;
    assert_eq!(limits().await?, json!({"anonymousPerAddress": "20/hour", "anonymousPerRealm": null}));
    Ok(())
}

#[tokio::test]
async fn a_limit_of_the_server_holds_for_every_realm_that_sets_none() -> anyhow::Result<()> {
    let service = Service::start_with(&["--anonymous-per-realm", "2/day", "--anonymous-per-address", "100/minute"])?;
    for realm in ["shop", "other", "free"] {
        service.realm(realm).await?;
        service.open(realm, "anonymous").await?;
    }
    assert_eq!(set(&service, "free", "clientRegistration.anonymousPerRealm", "none").await?.status(), 204);
    for realm in ["shop", "other"] {
        for _ in 0..2 {
            assert_eq!(anonymous(&service, realm).await?.status(), 201);
        }
        told_to_wait(anonymous(&service, realm).await?, 43_200).await?;
    }
    for _ in 0..10 {
        assert_eq!(anonymous(&service, "free").await?.status(), 201);
    }
    Ok(())
}

#[tokio::test]
async fn exactly_as_many_are_registered_at_once_as_the_limit_allows() -> anyhow::Result<()> {
    let service = Service::start_with(&["--anonymous-per-address", "10/day"])?;
    service.realm("shop").await?;
    service.open("shop", "anonymous").await?;
    let mut running = tokio::task::JoinSet::new();
    for number in 0..64 {
        let body = json!({"clientId": format!("flood-{number}")});
        let request = service.register("shop", "default", None).json(&body);
        running.spawn(async move { request.send().await.map_or(0, |answer| answer.status().as_u16()) });
    }
    let statuses = running.join_all().await;
    let count = |wanted| statuses.iter().filter(|status| **status == wanted).count();
    assert_eq!((count(201), count(429)), (10, 54));
    Ok(())
}

#[tokio::test]
async fn a_limit_that_is_no_rate_is_refused_by_name() -> anyhow::Result<()> {
    let service = Service::start()?;
    service.realm("shop").await?;
    for attribute in ["clientRegistration.anonymousPerAddress", "clientRegistration.anonymousPerRealm"] {
        let refused = set(&service, "shop", attribute, "much").await?;
        assert_eq!(refused.status(), 400);
        let refused: Value = refused.json().await?;
        assert!(refused["errorMessage"].as_str().is_some_and(|text| text.contains(attribute)), "{refused}");
    }
    Ok(())
}

#[tokio::test]
async fn who_guesses_a_password_must_pause_and_others_need_not() -> anyhow::Result<()> {
    let service = Service::start()?;
    let login = async |user: &str, password: &str| {
        let form = [("grant_type", "password"), ("client_id", "admin-cli"), ("username", user), ("password", password)];
        let url = format!("{}/realms/master/protocol/openid-connect/token", service.url);
        anyhow::Ok(service.http.post(url).form(&form).send().await?)
    };
    for number in 0..10 {
        // The name's case makes it no other name.
        let user = if number % 2 == 0 { "admin" } else { "ADMIN" };
        assert_eq!(login(user, &format!("guess {number}")).await?.status(), 400);
    }
    told_to_wait(login("admin", "another guess").await?, 1).await?;
    told_to_wait(login("admin", PASSWORD).await?, 1).await?;
    assert_eq!(login("somebody", "else").await?.status(), 400);
    tokio::time::sleep(Duration::from_millis(1100)).await;
    assert_eq!(login("admin", PASSWORD).await?.status(), 200);
    assert_eq!(login("admin", "wrong").await?.status(), 400, "being right ended it");
    Ok(())
}

#[tokio::test]
async fn who_guesses_a_client_secret_must_pause() -> anyhow::Result<()> {
    let service = Service::start()?;
    service.realm("shop").await?;
    let client = json!({"clientId": "ci", "secret": "right", "publicClient": false, "serviceAccountsEnabled": true});
    assert_eq!(service.admin(Method::POST, "/shop/clients", Some(client)).await?.status(), 201);
    let token = async |secret: &str| {
        let url = format!("{}/realms/shop/protocol/openid-connect/token", service.url);
        let request = service.http.post(url).basic_auth("ci", Some(secret));
        anyhow::Ok(request.form(&[("grant_type", "client_credentials")]).send().await?)
    };
    let install = async |secret: &str| {
        let url = format!("{}/realms/shop/clients-registrations/install/ci", service.url);
        anyhow::Ok(service.http.get(url).basic_auth("ci", Some(secret)).send().await?)
    };
    assert_eq!(token("right").await?.status(), 200);
    assert_eq!(install("right").await?.status(), 200);
    // Both places count together.
    for _ in 0..5 {
        assert_eq!(token("wrong").await?.status(), 401);
        assert_eq!(install("wrong").await?.status(), 401);
    }
    told_to_wait(token("right").await?, 1).await?;
    told_to_wait(install("right").await?, 1).await?;
    tokio::time::sleep(Duration::from_millis(1100)).await;
    assert_eq!(install("right").await?.status(), 200);
    Ok(())
}
