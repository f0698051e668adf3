//! Components that answer nonsense, need more than they may, or cannot even begin: each is a failure like a trap, whatever
//! kind of component it is.

use std::time::Duration;

use anyhow::{Context, ensure};
use matricula_tests::{Service, guests, within};
use reqwest::Method;
use serde_json::{Value, json};

fn with_guests(options: &[&str]) -> anyhow::Result<Service> {
    let folder = guests()?.display().to_string();
    Service::start_with(&[&["--policies", &folder], options].concat())
}

/// What is told of a component.
async fn told(service: &Service, name: &str) -> anyhow::Result<Value> {
    let url = format!("{}/admin/components", service.url);
    let all = service.http.get(url).bearer_auth(service.administrator().await?).send().await?.error_for_status()?;
    let all: Vec<Value> = all.json().await?;
    all.into_iter().find(|component| component["name"] == name).with_context(|| format!("no component {name}"))
}

/// Uploads a file of the guests under a name.
async fn upload(service: &Service, name: &str, file: &str) -> anyhow::Result<()> {
    let bytes = std::fs::read(guests()?.join(file))?;
    let url = format!("{}/admin/components/{name}?force=true", service.url);
    let put = service.http.put(url).bearer_auth(service.administrator().await?).body(bytes).send().await?;
    ensure!(put.status().is_success(), "{}", put.text().await?);
    Ok(())
}

/// Three requests that need a component, each of which it fails.
async fn fails(
    service: &Service,
    component: &str,
    what: &str,
    request: impl AsyncFn() -> anyhow::Result<u16>,
) -> anyhow::Result<()> {
    let before = told(service, component).await?["failures"].as_u64().unwrap_or_default();
    for number in 1..=3 {
        let status = request().await?;
        ensure!(status == 500, "{what}: {status}");
        let failures = told(service, component).await?["failures"].as_u64().unwrap_or_default();
        ensure!(failures == before + number, "{what}: {failures} failures, {before} before");
    }
    let now = told(service, component).await?;
    ensure!(now["state"] == "failing", "{what}: {now}");
    Ok(())
}

#[tokio::test]
async fn policies_that_answer_nonsense_fail() -> anyhow::Result<()> {
    let service = with_guests(&[])?;
    service.realm("calm").await?;
    service.policy("calm", "authenticated", "remembers", json!({})).await?;
    let calm = service.initial_access_token("calm", json!({"count": 1000})).await?;
    for policy in ["overreaches", "hastens", "delays", "sulks", "babbles", "mumbles", "hoards", "traps"] {
        // After eight calls that went well it is active again.
        for _ in 0..8 {
            let made = service.register("calm", "default", Some(&calm)).json(&json!({})).send().await?;
            assert_eq!(made.status(), 201, "{policy}");
        }
        ensure!(told(&service, "unruly").await?["state"] == "active", "{policy}");
        service.realm(policy).await?;
        service.policy(policy, "authenticated", policy, json!({})).await?;
        let token = service.initial_access_token(policy, json!({"count": 10})).await?;
        fails(&service, "unruly", policy, async || {
            Ok(service.register(policy, "default", Some(&token)).json(&json!({})).send().await?.status().as_u16())
        })
        .await?;
    }
    Ok(())
}

#[tokio::test]
async fn providers_that_answer_nonsense_fail() -> anyhow::Result<()> {
    let service = with_guests(&[])?;
    service.realm("shop").await?;
    let token = service.initial_access_token("shop", json!({"count": 20})).await?;
    let request = async |step: &'static str| {
        let request = service.register("shop", "wayward", Some(&token)).header("Content-Type", "text/plain");
        anyhow::Ok(request.body(step).send().await?.status().as_u16())
    };
    for step in ["parse", "complete", "id", "finish"] {
        // Three calls each.
        for _ in 0..3 {
            assert_eq!(request("none").await?, 201);
        }
        ensure!(told(&service, "wayward").await?["state"] == "active", "{step}");
        fails(&service, "wayward", step, async || request(step).await).await?;
    }
    Ok(())
}

#[tokio::test]
async fn conditions_and_executors_that_answer_nonsense_fail() -> anyhow::Result<()> {
    let service = with_guests(&[])?;
    for (condition, executor) in [
        ("says-nothing", "says-too-much"),
        ("cannot-tell", "says-too-much"),
        ("says-yes", "says-too-much"),
        ("says-yes", "gives-up"),
        ("says-yes", "tells-secrets"),
    ] {
        let realm = format!("{condition}-{executor}");
        service.realm(&realm).await?;
        let profiles = json!({"profiles": [{"name": "p", "executors": [{"executor": executor, "configuration": {}}]}]});
        let policies = json!({"policies": [{"name": "c", "enabled": true, "profiles": ["p"],
            "conditions": [{"condition": condition, "configuration": {}}]}]});
        for (what, document) in [("profiles", profiles), ("policies", policies)] {
            let put = service.admin(Method::PUT, &format!("/{realm}/client-policies/{what}"), Some(document)).await?;
            ensure!(put.status() == 204, "{}", put.text().await?);
        }
        let token = service.initial_access_token(&realm, json!({"count": 10})).await?;
        fails(&service, "wayward", &realm, async || {
            Ok(service.register(&realm, "default", Some(&token)).json(&json!({})).send().await?.status().as_u16())
        })
        .await?;
    }
    Ok(())
}

#[tokio::test]
async fn a_component_without_the_memory_that_it_needs_fails_and_recovers() -> anyhow::Result<()> {
    let service = with_guests(&[])?;
    service.realm("shop").await?;
    service.policy("shop", "authenticated", "mondays", json!({})).await?;
    let token = service.initial_access_token("shop", json!({"count": 100})).await?;
    let request =
        async || Ok(service.register("shop", "default", Some(&token)).json(&json!({})).send().await?.status().as_u16());
    let limit = async |limits: Value| {
        let url = format!("{}/admin/components/unruly/limits", service.url);
        let put = service.http.put(url).bearer_auth(service.administrator().await?).json(&limits).send().await?;
        anyhow::Ok(put.status().as_u16())
    };
    // What Rust makes of it wants 17 pages, a little more than a MiB: there is no instance.
    assert_eq!(limit(json!({"memoryMib": 1})).await?, 204);
    fails(&service, "unruly", "no instance", request).await?;
    assert_eq!(limit(json!({})).await?, 204);
    for _ in 0..8 {
        let status = request().await?;
        ensure!(status == 201 || status == 403, "{status}: on Mondays it refuses");
    }
    assert_eq!(told(&service, "unruly").await?["state"], "active");
    Ok(())
}

#[tokio::test]
async fn a_version_that_answers_nonsense_on_trial_is_put_back() -> anyhow::Result<()> {
    let service = Service::start_with(&["--trial-calls", "20", "--trial-failures", "10"])?;
    // The same policy in two versions: one that lets everything through, and one that forgets to say anything.
    upload(&service, "gate", "gate-open.wasm").await?;
    let good = told(&service, "gate").await?["active"].clone();
    service.realm("shop").await?;
    service.policy("shop", "authenticated", "gate", json!({})).await?;
    let token = service.initial_access_token("shop", json!({"count": 100})).await?;
    let request = async || {
        anyhow::Ok(service.register("shop", "default", Some(&token)).json(&json!({})).send().await?.status().as_u16())
    };
    assert_eq!(request().await?, 201);
    upload(&service, "gate", "gate-silent.wasm").await?;
    let mut failed = 0;
    while request().await? == 500 {
        failed += 1;
        ensure!(failed < 20, "it was not put back");
    }
    ensure!(failed >= 3, "more than a tenth of 20 calls, not {failed}");
    within(Duration::from_secs(10), async || Ok(told(&service, "gate").await?["active"] == good)).await?;
    assert_eq!(request().await?, 201);
    let gate = told(&service, "gate").await?;
    ensure!(gate["reason"].as_str().is_some_and(|reason| reason.contains("was put back")), "{gate}");
    let events: Value =
        service.admin(Method::GET, "/master/events?type=COMPONENT_PUT_BACK", None).await?.json().await?;
    assert_eq!(events[0]["details"]["component"], "gate");
    Ok(())
}
