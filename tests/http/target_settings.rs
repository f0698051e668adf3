//! What is kept of targets beside their clients: their names, their place in a realm's file, the components they need.

use std::process::{Command, Output, Stdio};

use anyhow::{Context, ensure};
use matricula_tests::{Service, guests, program};
use reqwest::{Method, Response};
use serde_json::{Value, json};

async fn admin(service: &Service, method: Method, path: &str, body: Option<Value>) -> anyhow::Result<Response> {
    service.admin(method, &format!("/shop{path}"), body).await
}

async fn get(service: &Service, path: &str) -> anyhow::Result<Value> {
    Ok(admin(service, Method::GET, path, None).await?.error_for_status()?.json().await?)
}

fn hook(name: &str) -> Value {
    json!({"name": name, "connector": "webhook", "url": "http://127.0.0.1:1/hook", "wait": 0,
        "credentials": {"type": "standard-webhooks"}})
}

#[tokio::test]
async fn a_target_may_be_called_probe() -> anyhow::Result<()> {
    let service = Service::start()?;
    service.realm("shop").await?;
    let made = admin(&service, Method::POST, "/targets", Some(hook("probe"))).await?;
    ensure!(made.status() == 201, "{}", made.text().await?);
    assert_eq!(get(&service, "/targets/probe").await?["name"], "probe");
    let changed = admin(&service, Method::PUT, "/targets/probe", Some(json!({"wait": 100}))).await?;
    assert_eq!(changed.status(), 200);
    // A target that is not stored, and this one.
    for (path, body) in [("/targets/probe", Some(hook("other"))), ("/targets/probe/probe", None)] {
        let probed = admin(&service, Method::POST, path, body).await?;
        assert_eq!((probed.status().as_u16(), &probed.json::<Value>().await?["ok"]), (200, &json!(false)), "{path}");
    }
    assert_eq!(admin(&service, Method::POST, "/targets/other", Some(hook("other"))).await?.status(), 405);
    assert_eq!(admin(&service, Method::DELETE, "/targets/probe", None).await?.status(), 204);
    assert_eq!(admin(&service, Method::GET, "/targets/probe", None).await?.status(), 404);
    Ok(())
}

/// A command on the database of a server, which runs meanwhile.
fn offline(service: &Service, arguments: &[&str]) -> anyhow::Result<Output> {
    Ok(Command::new(program()?).args(arguments).args(service.place()).stdin(Stdio::null()).output()?)
}

#[tokio::test]
async fn a_realms_file_has_its_targets_without_their_secrets() -> anyhow::Result<()> {
    let service = Service::start()?;
    service.realm("shop").await?;
    let secret = "s3cret-of-a-target";
    let sso = json!({"name": "sso", "connector": "keycloak", "url": "http://127.0.0.1:1", "config": {"realm": ["demo"]},
        "credentials": {"type": "client-credentials", "tokenUrl": "http://127.0.0.1:1/token", "clientId": "m",
            "clientSecret": secret}, "required": true, "wait": 500, "concurrency": 3});
    let hydra =
        json!({"name": "hydra", "connector": "hydra", "url": "http://127.0.0.1:1", "protocols": ["openid-connect"]});
    for target in [sso, hydra, hook("hook")] {
        let made = admin(&service, Method::POST, "/targets", Some(target)).await?;
        ensure!(made.status() == 201, "{}", made.text().await?);
    }
    let output = offline(&service, &["realm", "export", "shop"])?;
    let file = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(!file.contains(secret) && !file.contains("whsec_"), "{file}");

    let other = Service::start()?;
    let path = other.data().join("realm.json");
    std::fs::write(&path, file)?;
    let import = || offline(&other, &["realm", "import", &path.to_string_lossy()]);
    let output = import()?;
    let told = String::from_utf8_lossy(&output.stdout).into_owned();
    ensure!(output.status.success(), "{told} {}", String::from_utf8_lossy(&output.stderr));
    assert!(told.contains("credentials.clientSecret") && told.contains("credentials.secrets"), "{told}");
    let targets = get(&other, "/targets").await?;
    let named = |name: &str| {
        let found = targets.as_array().into_iter().flatten().find(|target| target["name"] == name);
        found.cloned().context("a target is missing")
    };
    let (sso, hydra, hook) = (named("sso")?, named("hydra")?, named("hook")?);
    assert_eq!([&hook["enabled"], &hydra["enabled"], &sso["enabled"]], [&json!(false), &json!(true), &json!(false)]);
    assert_eq!((&sso["required"], &sso["wait"], &sso["concurrency"]), (&json!(true), &json!(500), &json!(3)));
    assert_eq!((&sso["config"], &sso["credentials"]["clientId"]), (&json!({"realm": ["demo"]}), &json!("m")));
    assert_eq!(sso["credentials"]["clientSecret"], Value::Null);
    // It stays disabled until it has its secret.
    let enable = json!({"enabled": true});
    let refused = admin(&other, Method::PUT, "/targets/sso", Some(enable)).await?;
    assert_eq!(refused.status(), 400);
    assert_eq!(refused.json::<Value>().await?["error_description"], "'credentials.clientSecret' is missing");
    let credentials = json!({"type": "client-credentials", "tokenUrl": "http://127.0.0.1:1/token", "clientId": "m",
        "clientSecret": secret});
    let enable = json!({"enabled": true, "credentials": credentials});
    let enabled = admin(&other, Method::PUT, "/targets/sso", Some(enable)).await?;
    assert_eq!((enabled.status().as_u16(), &enabled.json::<Value>().await?["enabled"]), (200, &json!(true)));
    // What is there stays as it is.
    assert!(import()?.status.success());
    assert_eq!(get(&other, "/targets/sso").await?["enabled"], true);
    let realm = other.admin(Method::GET, "/shop", None).await?.json::<Value>().await?;
    assert_eq!(realm["attributes"]["matricula.targets"], Value::Null);
    Ok(())
}

#[tokio::test]
async fn a_component_that_a_target_needs_goes_by_force_only() -> anyhow::Result<()> {
    let service = Service::start()?;
    service.realm("shop").await?;
    let call = async |method: Method, query: &str, bytes: Vec<u8>| {
        let url = format!("{}/admin/components/errand{query}", service.url);
        let request = service.http.request(method, url).bearer_auth(service.administrator().await?);
        anyhow::Ok(request.header("Content-Type", "application/wasm").body(bytes).send().await?)
    };
    let bytes = std::fs::read(guests()?.join("errand.wasm"))?;
    assert_eq!(call(Method::PUT, "", bytes).await?.status(), 201);
    let target = json!({"name": "sso", "connector": "errand", "url": "http://127.0.0.1:1"});
    let made = admin(&service, Method::POST, "/targets", Some(target)).await?;
    ensure!(made.status() == 201, "{}", made.text().await?);
    let kept = call(Method::DELETE, "", Vec::new()).await?;
    assert_eq!(kept.status(), 409);
    let kept = kept.text().await?;
    assert!(kept.contains("target sso") && kept.contains("of realm shop"), "{kept}");
    assert_eq!(call(Method::DELETE, "?force=true", Vec::new()).await?.status(), 204);
    let broken = get(&service, "/targets/sso").await?;
    assert_eq!((&broken["state"], &broken["component"]), (&json!("broken"), &Value::Null));
    assert_eq!(broken["message"], "No component offers connector 'errand'");
    Ok(())
}
