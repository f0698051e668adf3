//! Components of every version of the contract that the server offers, side by side.

use std::path::Path;

use matricula_tests::{Service, guests};
use reqwest::{Method, Response};
use serde_json::{Value, json};

/// A component as it was built when contract 0.1.0 was frozen. It is never built again; `tests/contract/README.md` says
/// where it comes from.
fn frozen(file: &str) -> anyhow::Result<Vec<u8>> {
    Ok(std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("contract/0.1.0").join(file))?)
}

async fn put(service: &Service, name: &str, bytes: Vec<u8>) -> anyhow::Result<Value> {
    let request = service.http.put(format!("{}/admin/components/{name}", service.url));
    let put = request.bearer_auth(service.administrator().await?).body(bytes).send().await?;
    assert_eq!(put.status(), 201);
    Ok(put.json().await?)
}

async fn register(service: &Service, token: &str, client: Value) -> anyhow::Result<Response> {
    Ok(service.register("shop", "default", Some(token)).json(&client).send().await?)
}

#[tokio::test]
async fn components_of_contract_0_1_0_work_beside_one_of_0_2_0() -> anyhow::Result<()> {
    let service = Service::start()?;
    let policy = put(&service, "veteran", frozen("policy.wasm")?).await?;
    let provider = put(&service, "plain-text", frozen("provider.wasm")?).await?;
    let next = put(&service, "gate-next", std::fs::read(guests()?.join("gate-next.wasm"))?).await?;
    for (component, contract) in [(policy, "0.1.0"), (provider, "0.1.0"), (next, "0.2.0")] {
        assert_eq!((&component["state"], &component["versions"][0]["contract"]), (&json!("active"), &json!(contract)));
    }
    service.realm("shop").await?;
    service.policy("shop", "authenticated", "veteran", json!({"greeting": ["welcome"]})).await?;
    service.policy("shop", "authenticated", "gate-next", json!({})).await?;
    let token = service.initial_access_token("shop", json!({"count": 1000})).await?;

    let made: Value = register(&service, &token, json!({"clientId": "a", "name": "A"})).await?.json().await?;
    assert_eq!(made["description"], "welcome", "it amends: {made}");
    let refused: Value = register(&service, &token, json!({"clientId": "unwanted"})).await?.json().await?;
    assert_eq!(refused["violations"][0]["field"], "clientId", "it refuses: {refused}");
    let held: Value = register(&service, &token, json!({"clientId": "unclear"})).await?.json().await?;
    assert_eq!(held["enabled"], false, "it holds: {held}");

    let url = format!("{}/realms/shop/clients-registrations/default/a", service.url);
    let own = made["registrationAccessToken"].as_str().unwrap_or_default().to_owned();
    let read = service.http.get(&url).bearer_auth(&own).send().await?;
    assert_eq!(read.status(), 200, "both are asked before a client is shown, and have no objection");
    let renamed = service.http.put(&url).bearer_auth(&own).json(&json!({"clientId": "a", "name": "B"})).send().await?;
    assert_eq!(renamed.status(), 403);
    let same = service.http.put(&url).bearer_auth(&own).json(&json!({"clientId": "a", "name": "A"})).send().await?;
    assert_eq!(same.status(), 200);
    let own = same.json::<Value>().await?["registrationAccessToken"].as_str().unwrap_or_default().to_owned();
    assert_eq!(service.http.delete(&url).bearer_auth(&own).send().await?.status(), 403);

    let lines = service.register("shop", "plain-text", Some(&token)).header("Content-Type", "text/plain");
    let lines = lines.body("client_id: reports\nredirect_uri: https://reports.example/callback\n").send().await?;
    assert_eq!(lines.status(), 201, "a provider of 0.1.0 registers too");
    Ok(())
}

#[tokio::test]
async fn contract_0_2_0_has_a_hook_and_a_field_more() -> anyhow::Result<()> {
    let service = Service::start()?;
    put(&service, "gate-next", std::fs::read(guests()?.join("gate-next.wasm"))?).await?;
    service.realm("shop").await?;
    service.policy("shop", "authenticated", "gate-next", json!({})).await?;
    let token = service.initial_access_token("shop", json!({})).await?;
    let made: Value = register(&service, &token, json!({"clientId": "a"})).await?.json().await?;
    let url = format!("{}/realms/shop/clients-registrations/install/a", service.url);
    let install = service.http.get(&url).basic_auth("a", made["secret"].as_str()).send().await?;
    assert_eq!(install.status(), 403);
    let install: Value = install.json().await?;
    let description = install["error_description"].as_str().unwrap_or_default();
    let path = "/shop/client-registration-policy/decisions";
    let decisions: Value = service.admin(Method::GET, path, None).await?.json().await?;
    let asked = decisions[0]["policies"].as_array().into_iter().flatten();
    let hooks: Vec<_> = asked.map(|said| said["hook"].as_str().unwrap_or_default()).collect();
    assert_eq!(hooks, ["before-view", "before-install"]);
    let id = decisions[0]["id"].as_str().unwrap_or("no id");
    assert!(description.ends_with(&format!("see decision {id}")), "{description}");
    Ok(())
}

#[tokio::test]
async fn a_connector_is_a_component_of_contract_0_2_0() -> anyhow::Result<()> {
    let service = Service::start()?;
    let bytes = std::fs::read(guests()?.join("errand.wasm"))?;
    let errand = put(&service, "errand", bytes.clone()).await?;
    assert_eq!((&errand["state"], &errand["kind"]), (&json!("active"), &json!("connector")), "{errand}");
    assert_eq!(
        (&errand["versions"][0]["contract"], &errand["providers"]),
        (&json!("0.2.0"), &json!(["errand", "issuer"]))
    );
    let again = service.http.put(format!("{}/admin/components/another", service.url));
    let again = again.bearer_auth(service.administrator().await?).body(bytes).send().await?;
    assert_eq!(again.status(), 400);
    let again: Value = again.json().await?;
    let description = again["error_description"].as_str().unwrap_or_default();
    assert!(description.contains("another component offers \"errand\" already: errand"), "{description}");
    Ok(())
}
