//! Registrations that wait for an approval: what the conformance suite does not see of them.

use std::time::Duration;

use anyhow::{Context, ensure};
use matricula_tests::{Service, within};
use reqwest::{Method, Response, StatusCode};
use serde_json::{Value, json};
use tokio::task::JoinSet;

const UNKNOWN: &str = "The pending registration cannot be completed.";

/// A server whose realm `shop` takes anonymous registrations and lets each wait.
async fn shop() -> anyhow::Result<Service> {
    shop_on(Service::start()?).await
}

async fn shop_on(service: Service) -> anyhow::Result<Service> {
    service.realm("shop").await?;
    service.open("shop", "anonymous").await?;
    for set in ["anonymous", "authenticated"] {
        service.policy("shop", set, "approval-required", json!({})).await?;
    }
    set(&service, json!({"approvalInterval": 1})).await?;
    Ok(service)
}

async fn set(service: &Service, life_cycle: Value) -> anyhow::Result<()> {
    let changed = service.admin(Method::PUT, "/shop", Some(json!({"lifeCycle": life_cycle}))).await?;
    ensure!(changed.status() == 204, "{}", changed.text().await?);
    Ok(())
}

fn metadata() -> Value {
    json!({"client_name": "App", "redirect_uris": ["https://app.example/cb"], "registration_mode": ["approval"]})
}

async fn ask(service: &Service, token: Option<&str>) -> anyhow::Result<Response> {
    Ok(service.register("shop", "openid-connect", token).json(&metadata()).send().await?)
}

/// The codes of a registration that waits: to poll with, and to decide with.
async fn waiting(service: &Service, token: Option<&str>) -> anyhow::Result<(String, String)> {
    let answer = ask(service, token).await?;
    ensure!(answer.status() == 202, "{}", answer.text().await?);
    let told: Value = answer.json().await?;
    let code = |name: &str| told[name].as_str().map(str::to_owned).context("no code");
    Ok((code("registration_code")?, code("verification_code")?))
}

async fn poll(service: &Service, code: &str) -> anyhow::Result<Response> {
    Ok(service.register("shop", "openid-connect", None).json(&json!({"registration_code": code})).send().await?)
}

async fn cancel(service: &Service, code: &str) -> anyhow::Result<StatusCode> {
    let body = json!({"registration_code": code, "cancel_registration": true});
    Ok(service.register("shop", "openid-connect", None).json(&body).send().await?.status())
}

async fn decide(service: &Service, code: &str, decision: &str) -> anyhow::Result<StatusCode> {
    Ok(service.admin(Method::POST, &format!("/shop/client-approvals/{code}/{decision}"), None).await?.status())
}

/// `error` of a refusal.
async fn error(answer: Response) -> anyhow::Result<String> {
    ensure!(answer.status() == 400, "{}", answer.status());
    let body: Value = answer.json().await?;
    Ok(body["error"].as_str().unwrap_or_default().to_owned())
}

async fn held(service: &Service) -> anyhow::Result<Vec<Value>> {
    Ok(service.admin(Method::GET, "/shop/clients?held=true", None).await?.json().await?)
}

/// Uses that are left of all initial access tokens.
async fn uses_left(service: &Service) -> anyhow::Result<i64> {
    let tokens: Vec<Value> = service.admin(Method::GET, "/shop/clients-initial-access", None).await?.json().await?;
    Ok(tokens.iter().filter_map(|token| token["remainingCount"].as_i64()).sum())
}

/// Whether the client that waits, or has waited, is there.
async fn has_client(service: &Service) -> anyhow::Result<bool> {
    Ok(service.clients("shop", "-").await?.iter().any(|client| client["name"] == "App"))
}

#[tokio::test]
async fn what_waits_is_there_after_a_crash() -> anyhow::Result<()> {
    let mut service = shop().await?;
    let (code, shown) = waiting(&service, None).await?;
    let (other, _) = waiting(&service, None).await?;
    service.kill_and_restart()?;
    ensure!(poll(&service, &code).await?.status() == 202);
    ensure!(decide(&service, &shown, "approve").await? == 204);
    service.kill_and_restart()?;
    let fetched = poll(&service, &code).await?;
    ensure!(fetched.status() == 201);
    let client: Value = fetched.json().await?;
    ensure!(client["client_secret"].is_string() && client["registration_access_token"].is_string(), "{client}");
    service.kill_and_restart()?;
    ensure!(error(poll(&service, &code).await?).await? == "invalid_registration");
    ensure!(poll(&service, &other).await?.status() == 202);
    let log = service.log()?;
    ensure!(!log.contains(&code) && !log.contains(&shown), "no code is in the log");
    Ok(())
}

#[tokio::test]
async fn of_all_that_end_it_at_once_one_does() -> anyhow::Result<()> {
    let service = shop().await?;
    for _ in 0..10 {
        let initial = service.initial_access_token("shop", json!({"count": 1})).await?;
        let before = uses_left(&service).await?;
        let (code, shown) = waiting(&service, Some(&initial)).await?;
        let (approved, refused, cancelled, first, second, third) = tokio::join!(
            decide(&service, &shown, "approve"),
            decide(&service, &shown, "refuse"),
            cancel(&service, &code),
            poll(&service, &code),
            poll(&service, &code),
            poll(&service, &code),
        );
        let (approved, refused, cancelled) = (approved?, refused?, cancelled?);
        let polled = [first?, second?, third?, poll(&service, &code).await?];
        let fetched = polled.iter().filter(|answer| answer.status() == 201).count();
        ensure!(!(approved == 204 && refused == 204), "both decisions were taken");
        ensure!(fetched + usize::from(cancelled == 204) + usize::from(refused == 204) == 1, "{polled:?} {cancelled}");
        let there = has_client(&service).await?;
        ensure!(there == (fetched == 1), "{approved} {refused} {cancelled}");
        ensure!(uses_left(&service).await? == before - i64::from(there));
        if there {
            // It is what the next round looks for.
            let clients = service.clients("shop", "-").await?;
            let id = clients.iter().find(|client| client["name"] == "App").and_then(|client| client["id"].as_str());
            let path = format!("/shop/clients/{}", id.context("no id")?);
            ensure!(service.admin(Method::DELETE, &path, None).await?.status() == 204);
        }
    }
    Ok(())
}

#[tokio::test]
async fn what_nobody_asks_for_ends_by_itself() -> anyhow::Result<()> {
    let service = shop().await?;
    service.admin(Method::PUT, "/shop/events/config", Some(json!({"eventsEnabled": true}))).await?;
    set(&service, json!({"approvalExpires": 1})).await?;
    let initial = service.initial_access_token("shop", json!({"count": 2})).await?;
    let (code, _) = waiting(&service, Some(&initial)).await?;
    let (approved, shown) = waiting(&service, Some(&initial)).await?;
    ensure!(uses_left(&service).await? == 0);
    ensure!(decide(&service, &shown, "approve").await? == 204);
    within(Duration::from_secs(20), async || Ok(!has_client(&service).await?)).await?;
    ensure!(uses_left(&service).await? == 2, "both uses were given back");
    for code in [&code, &approved] {
        ensure!(error(poll(&service, code).await?).await? == "expired_token");
    }
    let path = "/shop/events?type=CLIENT_REGISTER_ERROR";
    let events: Vec<Value> = service.admin(Method::GET, path, None).await?.json().await?;
    ensure!(events.len() == 2 && events.iter().all(|event| event["error"] == "expired_token"), "{events:?}");
    Ok(())
}

#[tokio::test]
async fn a_client_that_an_administrator_deletes_meanwhile_is_not_waited_for() -> anyhow::Result<()> {
    let service = shop().await?;
    let initial = service.initial_access_token("shop", json!({"count": 1})).await?;
    let (code, shown) = waiting(&service, Some(&initial)).await?;
    let id = held(&service).await?[0]["id"].as_str().unwrap_or_default().to_owned();
    let gone = service.admin(Method::DELETE, &format!("/shop/clients/{id}"), None).await?;
    ensure!(gone.status() == 204);
    ensure!(decide(&service, &shown, "approve").await? == 404);
    let answer = poll(&service, &code).await?;
    ensure!(answer.headers()["cache-control"] == "no-store");
    let body: Value = answer.json().await?;
    ensure!(body == json!({"error": "invalid_registration", "error_description": UNKNOWN}), "{body}");
    ensure!(uses_left(&service).await? == 1);
    Ok(())
}

#[tokio::test]
async fn one_address_has_twenty_that_wait_and_tokens_have_more() -> anyhow::Result<()> {
    let service = shop().await?;
    let mut asked = JoinSet::new();
    for _ in 0..24 {
        asked.spawn(service.register("shop", "openid-connect", None).json(&metadata()).send());
    }
    let mut statuses = Vec::new();
    for answer in asked.join_all().await {
        let answer = answer?;
        if answer.status() == 429 {
            ensure!(answer.headers().contains_key("retry-after"));
            ensure!(answer.json::<Value>().await?["error"] == "too_many_requests");
            statuses.push(429);
        } else {
            statuses.push(answer.status().as_u16());
        }
    }
    ensure!(statuses.iter().filter(|status| **status == 202).count() == 20, "{statuses:?}");
    ensure!(statuses.iter().filter(|status| **status == 429).count() == 4, "{statuses:?}");
    let listed: Vec<Value> = service.admin(Method::GET, "/shop/client-approvals", None).await?.json().await?;
    ensure!(listed.len() == 20);
    let some: Vec<Value> =
        service.admin(Method::GET, "/shop/client-approvals?first=2&max=3", None).await?.json().await?;
    ensure!(some.iter().eq(&listed[2..5]), "{some:?}");
    let initial = service.initial_access_token("shop", json!({"count": 1})).await?;
    waiting(&service, Some(&initial)).await?;
    Ok(())
}

#[tokio::test]
async fn polls_are_no_registrations() -> anyhow::Result<()> {
    let service = shop_on(Service::start_with(&["--anonymous-per-address", "2/hour"])?).await?;
    let (code, _) = waiting(&service, None).await?;
    for _ in 0..4 {
        let status = poll(&service, &code).await?.status();
        ensure!(status == 202 || status == 429, "{status}");
    }
    waiting(&service, None).await?;
    ensure!(ask(&service, None).await?.json::<Value>().await?["error"] == "too_many_requests");
    let unknown = poll(&service, "unknown").await?;
    ensure!(error(unknown).await? == "invalid_registration", "polls go on");
    Ok(())
}

#[tokio::test]
async fn a_code_is_good_in_its_realm_at_its_provider() -> anyhow::Result<()> {
    let service = shop().await?;
    service.realm("other").await?;
    let (code, shown) = waiting(&service, None).await?;
    let body = json!({"registration_code": code});
    let elsewhere = service.register("other", "openid-connect", None).json(&body).send().await?;
    ensure!(error(elsewhere).await? == "invalid_registration");
    let path = format!("/other/client-approvals/{shown}");
    ensure!(service.admin(Method::GET, &path, None).await?.status() == 404);
    // To this provider it is a document of a client like any other.
    let refused = service.register("shop", "default", None).json(&body).send().await?;
    ensure!(refused.status() == 400);
    ensure!(refused.json::<Value>().await?["error"] != "invalid_registration");
    ensure!(poll(&service, &code).await?.status() == 202);
    Ok(())
}

#[tokio::test]
async fn no_token_is_looked_at_and_pages_that_may_register_may_poll() -> anyhow::Result<()> {
    let service = shop().await?;
    service
        .policy("shop", "anonymous", "registration-web-origins", json!({"web-origins": ["https://app.example"]}))
        .await?;
    let (code, shown) = waiting(&service, None).await?;
    let body = json!({"registration_code": code, "redirect_uris": [1]});
    let ask = |origin: &'static str, token: &'static str| {
        service.register("shop", "openid-connect", Some(token)).header("origin", origin).json(&body).send()
    };
    let answer = ask("https://app.example", "no token").await?;
    ensure!(answer.status() == 202, "{}", answer.text().await?);
    ensure!(answer.headers()["access-control-allow-origin"] == "https://app.example");
    ensure!(decide(&service, &shown, "approve").await? == 204);
    let refused = ask("https://evil.example", "no token").await?;
    ensure!(refused.status() == 403 && !refused.headers().contains_key("access-control-allow-origin"));
    let fetched = ask("https://app.example", "no token").await?;
    ensure!(fetched.status() == 201, "the other page did not use it up");
    ensure!(fetched.headers()["access-control-allow-origin"] == "https://app.example");
    Ok(())
}

#[tokio::test]
async fn the_member_is_known_where_unknown_ones_are_refused_and_means_nothing_to_an_update() -> anyhow::Result<()> {
    let service = shop().await?;
    let strict = json!({"attributes": {"clientRegistration.unknownMetadata": "reject"}});
    ensure!(service.admin(Method::PUT, "/shop", Some(strict)).await?.status() == 204);
    let (code, shown) = waiting(&service, None).await?;
    ensure!(decide(&service, &shown, "approve").await? == 204);
    let client: Value = poll(&service, &code).await?.json().await?;
    let (uri, own) = (client["registration_client_uri"].as_str(), client["registration_access_token"].as_str());
    let body = json!({"client_id": client["client_id"], "redirect_uris": ["https://app.example/cb"],
        "registration_mode": "whatever"});
    let request = service.http.put(uri.context("no address")?).bearer_auth(own.context("no token")?);
    let changed = request.json(&body).send().await?;
    ensure!(changed.status() == 200, "{}", changed.text().await?);
    ensure!(changed.json::<Value>().await?.get("registration_mode").is_none());
    Ok(())
}

#[tokio::test]
async fn the_setting_is_checked_shown_and_reset() -> anyhow::Result<()> {
    let service = Service::start()?;
    service.realm("shop").await?;
    let shown = async || -> anyhow::Result<Value> {
        let realm: Value = service.admin(Method::GET, "/shop", None).await?.json().await?;
        Ok(realm["lifeCycle"].clone())
    };
    let defaults = shown().await?;
    ensure!(defaults["approvalExpires"] == 3600 && defaults["approvalInterval"] == 5, "{defaults}");
    set(&service, json!({"approvalExpires": 60})).await?;
    ensure!(shown().await?["approvalExpires"] == 60);
    for (setting, name) in [
        (json!({"approvalExpires": 604_801}), "lifeCycle.approvalExpires"),
        (json!({"approvalInterval": "5"}), "lifeCycle.approvalInterval"),
        (json!({"approvals": 5}), "lifeCycle.approvals"),
        (json!(5), "lifeCycle"),
    ] {
        let refused = service.admin(Method::PUT, "/shop", Some(json!({"lifeCycle": setting}))).await?;
        ensure!(refused.status() == 400);
        let body: Value = refused.json().await?;
        ensure!(body["errorMessage"].as_str().unwrap_or_default().contains(name), "{body}");
    }
    set(&service, json!({"approvalInterval": 7})).await?;
    let replaced = shown().await?;
    ensure!(replaced["approvalExpires"] == 3600 && replaced["approvalInterval"] == 7, "{replaced}");
    set(&service, Value::Null).await?;
    ensure!(shown().await? == defaults);
    Ok(())
}

#[tokio::test]
async fn the_reason_of_the_policy_is_one_line() -> anyhow::Result<()> {
    let service = Service::start()?;
    service.realm("shop").await?;
    for (config, name) in [(json!({"reason": ["two\nlines"]}), "'Reason'"), (json!({"colour": ["blue"]}), "colour")] {
        let body = json!({
            "name": "Ask", "providerId": "approval-required", "subType": "anonymous", "config": config,
            "providerType": "org.keycloak.services.clientregistration.policy.ClientRegistrationPolicy",
        });
        let refused = service.admin(Method::POST, "/shop/components", Some(body)).await?;
        ensure!(refused.status() == 400);
        let body: Value = refused.json().await?;
        ensure!(body["errorMessage"].as_str().unwrap_or_default().contains(name), "{body}");
    }
    Ok(())
}
