//! Settings of components that Keycloak does not have, and what their policies make of clients.

use anyhow::Context;
use matricula_tests::{Service, guests};
use reqwest::Method;
use serde_json::{Value, json};

const TYPE: &str = "org.keycloak.services.clientregistration.policy.ClientRegistrationPolicy";

fn with_guests() -> anyhow::Result<Service> {
    Service::start_with(&["--policies", &guests()?.to_string_lossy()])
}

fn improves(config: Value) -> Value {
    json!({ "name": "Improves", "providerId": "improves", "providerType": TYPE, "subType": "authenticated", "config": config })
}

#[tokio::test]
async fn settings_that_there_are_not_are_refused_by_name() -> anyhow::Result<()> {
    let service = with_guests()?;
    service.realm("shop").await?;
    let before = service.admin(Method::GET, "/shop/components", None).await?.json::<Vec<Value>>().await?.len();
    for (config, named) in [
        (json!({ "key": ["k"], "waht": ["name"] }), "'waht'"),
        (json!({ "key": ["k"], "what": ["everything"] }), "'what'"),
        (json!({ "what": ["name"] }), "'key'"),
        (json!({ "key": [" "] }), "'key'"),
        (json!({ "key": ["**********"] }), "'key'"),
    ] {
        let refused = service.admin(Method::POST, "/shop/components", Some(improves(config.clone()))).await?;
        assert_eq!(refused.status(), 400, "{config}");
        let message = refused.json::<Value>().await?["errorMessage"].as_str().unwrap_or_default().to_owned();
        assert!(message.contains(named), "{config}: {message}");
    }
    // Keycloak's own drop what they do not know.
    let own = json!({ "name": "Few", "providerId": "max-clients", "providerType": TYPE, "subType": "anonymous",
        "config": { "max-clients": ["9"], "colour": ["red"] } });
    assert_eq!(service.admin(Method::POST, "/shop/components", Some(own)).await?.status(), 201);
    let after = service.admin(Method::GET, "/shop/components", None).await?.json::<Vec<Value>>().await?.len();
    assert_eq!(after, before + 1);
    Ok(())
}

#[tokio::test]
async fn a_secret_setting_is_shown_to_nobody_and_stays() -> anyhow::Result<()> {
    let service = with_guests()?;
    service.realm("shop").await?;
    let made = improves(json!({ "key": ["of nobody"], "what": ["nothing"] }));
    let made = service.admin(Method::POST, "/shop/components", Some(made)).await?;
    assert_eq!(made.status(), 201);
    let id = made.headers()["location"].to_str()?.rsplit('/').next().context("no id")?.to_owned();
    let path = format!("/shop/components/{id}");
    let read = async || anyhow::Ok(service.admin(Method::GET, &path, None).await?.json::<Value>().await?);
    let shown = read().await?;
    assert_eq!(shown["config"], json!({ "key": ["**********"], "what": ["nothing"] }));
    // What was read can be sent back.
    assert_eq!(service.admin(Method::PUT, &path, Some(shown.clone())).await?.status(), 204);
    assert_eq!(read().await?, shown);
    let stored = service.maintain(&["realm", "export", "shop"])?;
    assert!(!stored.contains("of nobody"), "{stored}");
    let all = service.admin(Method::GET, "/shop/components", None).await?.text().await?;
    assert!(!all.contains("of nobody"));
    let policy = json!({ "name": "Own", "providerId": "improves", "config": { "key": ["of nobody"] } });
    service.initial_access_token("shop", json!({ "policies": [policy] })).await?;
    let tokens = service.admin(Method::GET, "/shop/clients-initial-access", None).await?.text().await?;
    assert!(tokens.contains("**********") && !tokens.contains("of nobody"), "{tokens}");
    Ok(())
}

#[tokio::test]
async fn what_a_policy_amends_is_checked_like_a_request() -> anyhow::Result<()> {
    let service = with_guests()?;
    for (what, provider, status) in [
        ("name", "default", 400),
        ("protocol", "openid-connect", 400),
        ("mapper", "default", 201),
        ("account", "default", 201),
        ("lines", "default", 201),
    ] {
        service.realm(what).await?;
        service.policy(what, "authenticated", "improves", json!({ "key": ["k"], "what": [what] })).await?;
        let token = service.initial_access_token(what, json!({})).await?;
        let document =
            if provider == "default" { json!({ "clientId": "app" }) } else { json!({ "client_name": "app" }) };
        let made = service.register(what, provider, Some(&token)).json(&document).send().await?;
        assert_eq!(made.status(), status, "{what}");
        let held = made.headers().get("matricula-held").cloned();
        let body: Value = made.json().await?;
        let clients = service.clients(what, "app").await?;
        if status == 400 {
            assert_eq!(body["error"], "invalid_client_metadata", "{what}: {body}");
            assert_eq!(body["violations"][0]["provider"], "improves", "{what}: {body}");
            assert!(body["decision"].is_string(), "{what}: {body}");
            assert!(clients.is_empty(), "{what}");
            continue;
        }
        let id = clients[0]["id"].as_str().context("no id")?;
        match what {
            "mapper" => assert!(body["protocolMappers"][0]["id"].is_string(), "{body}"),
            "account" => {
                assert_eq!(body["serviceAccountsEnabled"], true);
                let user =
                    service.admin(Method::GET, &format!("/{what}/clients/{id}/service-account-user"), None).await?;
                assert_eq!(user.json::<Value>().await?["username"], "service-account-app");
            }
            _ => {
                assert_eq!(held.context("not held")?, "first Set-Cookie: second");
                let approved = service.admin(Method::POST, &format!("/{what}/clients/{id}/approve"), None).await?;
                assert_eq!(approved.status(), 204);
            }
        }
    }
    Ok(())
}
