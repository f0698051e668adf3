//! Realms that were made alike share what they have in memory. Nobody may notice.

use anyhow::Context;
use matricula_tests::Service;
use reqwest::Method;
use serde_json::{Value, json};

/// Names of the realms of a test, all made alike.
const REALMS: [&str; 3] = ["first", "second", "third"];

/// A server with alike realms, all of them in memory.
async fn alike() -> anyhow::Result<Service> {
    let service = Service::start()?;
    for realm in REALMS {
        service.realm(realm).await?;
        assert_eq!(service.register(realm, "default", None).json(&json!({})).send().await?.status(), 403);
    }
    Ok(service)
}

async fn get(service: &Service, path: &str) -> anyhow::Result<Value> {
    Ok(service.admin(Method::GET, path, None).await?.error_for_status()?.json().await?)
}

async fn put(service: &Service, path: &str, body: Value) -> anyhow::Result<()> {
    service.admin(Method::PUT, path, Some(body)).await?.error_for_status()?;
    Ok(())
}

/// The one policy of a realm's set that is of this kind.
async fn policy(service: &Service, realm: &str, sub_type: &str, provider: &str) -> anyhow::Result<Value> {
    let listed = get(service, &format!("/{realm}/components")).await?;
    let wanted = |policy: &&Value| policy["subType"] == sub_type && policy["providerId"] == provider;
    listed.as_array().into_iter().flatten().find(wanted).cloned().context("no such policy")
}

/// The answer to a registration by initial access token.
async fn register(service: &Service, realm: &str, body: Value) -> anyhow::Result<(u16, Value)> {
    let token = service.initial_access_token(realm, json!({})).await?;
    let answer = service.register(realm, "default", Some(&token)).json(&body).send().await?;
    Ok((answer.status().as_u16(), answer.json().await?))
}

#[tokio::test]
async fn a_changed_policy_of_one_realm_changes_no_realm_that_shared_it() -> anyhow::Result<()> {
    let service = alike().await?;
    let mapper = json!({"protocolMappers": [
        {"name": "hard", "protocol": "openid-connect", "protocolMapper": "oidc-hardcoded-claim-mapper"}
    ]});
    let before = policy(&service, "second", "authenticated", "allowed-protocol-mappers").await?;
    let mut changed = policy(&service, "first", "authenticated", "allowed-protocol-mappers").await?;
    assert_ne!(changed["id"], before["id"]);
    assert_eq!(changed["config"], before["config"]);
    let path = format!("/first/components/{}", changed["id"].as_str().unwrap_or_default());
    let usual = changed["config"].clone();
    changed["config"] = json!({"allowed-protocol-mapper-types": ["oidc-hardcoded-claim-mapper"]});
    put(&service, &path, changed.clone()).await?;
    for (realm, expected) in REALMS.into_iter().zip([201, 403, 403]) {
        assert_eq!(register(&service, realm, mapper.clone()).await?.0, expected, "{realm}");
    }
    assert_eq!(policy(&service, "second", "authenticated", "allowed-protocol-mappers").await?, before);
    // Back to what the others have.
    changed["config"] = usual;
    put(&service, &path, changed).await?;
    for realm in REALMS {
        assert_eq!(register(&service, realm, mapper.clone()).await?.0, 403, "{realm}");
    }
    Ok(())
}

#[tokio::test]
async fn a_removed_policy_is_gone_from_its_realm_alone() -> anyhow::Result<()> {
    let service = alike().await?;
    service.open("first", "anonymous").await?;
    for (realm, expected) in REALMS.into_iter().zip([201, 403, 403]) {
        let answer = service.register(realm, "default", None).json(&json!({})).send().await?;
        assert_eq!(answer.status(), expected, "{realm}");
    }
    Ok(())
}

#[tokio::test]
async fn a_changed_setting_of_one_realm_changes_no_realm_that_shared_it() -> anyhow::Result<()> {
    let service = alike().await?;
    put(&service, "/first", json!({"attributes": {"frontendUrl": "https://first.example"}})).await?;
    put(&service, "/second", json!({"enabled": false})).await?;
    let issuer = async |realm: &str| -> anyhow::Result<Value> {
        let url = format!("{}/realms/{realm}/.well-known/openid-configuration", service.url);
        Ok(service.http.get(url).send().await?.error_for_status()?.json::<Value>().await?["issuer"].take())
    };
    assert_eq!(issuer("first").await?, "https://first.example/realms/first");
    assert_eq!(issuer("third").await?, format!("{}/realms/third", service.url));
    for (realm, enabled) in REALMS.into_iter().zip([true, false, true]) {
        assert_eq!(get(&service, &format!("/{realm}")).await?["enabled"], enabled, "{realm}");
    }
    Ok(())
}

#[tokio::test]
async fn a_changed_scope_of_one_realm_changes_no_realm_that_shared_it() -> anyhow::Result<()> {
    let service = alike().await?;
    let scopes = get(&service, "/first/client-scopes").await?;
    let scope = scopes.as_array().into_iter().flatten().find(|scope| scope["name"] == "phone").context("no scope")?;
    let path = format!("/first/default-optional-client-scopes/{}", scope["id"].as_str().unwrap_or_default());
    service.admin(Method::DELETE, &path, None).await?.error_for_status()?;
    for (realm, expected) in REALMS.into_iter().zip([false, true, true]) {
        let (_, client) = register(&service, realm, json!({})).await?;
        let optional = client["optionalClientScopes"].as_array().cloned().unwrap_or_default();
        assert_eq!(optional.contains(&json!("phone")), expected, "{realm}: {client}");
    }
    // A scope belongs to its realm, whatever the others call theirs.
    let path = path.replace("/first/", "/second/");
    assert_eq!(service.admin(Method::PUT, &path, None).await?.status(), 404);
    Ok(())
}

#[tokio::test]
async fn client_policies_of_one_realm_hold_in_no_other() -> anyhow::Result<()> {
    let service = alike().await?;
    let profiles = json!({"profiles": [{"name": "p", "executors": [{"executor": "reject-request"}]}]});
    let policies = json!({"policies": [{"name": "q", "enabled": true, "profiles": ["p"],
        "conditions": [{"condition": "any-client"}]}]});
    put(&service, "/first/client-policies/profiles", profiles).await?;
    put(&service, "/first/client-policies/policies", policies).await?;
    for (realm, expected) in REALMS.into_iter().zip([403, 201, 201]) {
        assert_eq!(register(&service, realm, json!({})).await?.0, expected, "{realm}");
    }
    Ok(())
}

#[tokio::test]
async fn a_realm_that_takes_the_name_of_another_has_nothing_of_it() -> anyhow::Result<()> {
    let service = alike().await?;
    service.open("first", "anonymous").await?;
    assert_eq!(service.register("first", "default", None).json(&json!({})).send().await?.status(), 201);
    service.admin(Method::DELETE, "/first", None).await?.error_for_status()?;
    assert_eq!(service.register("first", "default", None).json(&json!({})).send().await?.status(), 404);
    put(&service, "/second", json!({"realm": "first"})).await?;
    assert_eq!(service.register("first", "default", None).json(&json!({})).send().await?.status(), 403);
    assert_eq!(service.register("second", "default", None).json(&json!({})).send().await?.status(), 404);
    Ok(())
}
