//! Bearer tokens of other issuers that a realm trusts. The other issuer is another realm of the same server.

use matricula_tests::Service;
use reqwest::Method;
use serde_json::{Value, json};

/// A server with realm `partner`, whose service account `ci` may create clients there, and realm `shop`; an access token
/// of that service account.
async fn partner() -> anyhow::Result<(Service, String)> {
    let service = Service::start_with(&["--allow-private-fetch"])?;
    service.realm("partner").await?;
    service.realm("shop").await?;
    let client = json!({"clientId": "ci", "secret": "s", "publicClient": false, "serviceAccountsEnabled": true});
    let made = service.admin(Method::POST, "/partner/clients", Some(client)).await?;
    let id = made.headers()["location"].to_str()?.rsplit('/').next().unwrap_or_default().to_owned();
    let user: Value =
        service.admin(Method::GET, &format!("/partner/clients/{id}/service-account-user"), None).await?.json().await?;
    let user = user["id"].as_str().unwrap_or_default();
    let management = &service.clients("partner", "realm-management").await?[0];
    let management = management["id"].as_str().unwrap_or_default();
    let path = format!("/partner/users/{user}/role-mappings/clients/{management}");
    let roles = json!([{"name": "create-client"}]);
    assert_eq!(service.admin(Method::POST, &path, Some(roles)).await?.status(), 204);
    let url = format!("{}/realms/partner/protocol/openid-connect/token", service.url);
    let form = [("grant_type", "client_credentials"), ("client_id", "ci"), ("client_secret", "s")];
    let answer: Value = service.http.post(url).form(&form).send().await?.json().await?;
    let token = answer["access_token"].as_str().unwrap_or_default().to_owned();
    Ok((service, token))
}

async fn trust(service: &Service, audience: &str, roles_claim: &str) -> anyhow::Result<()> {
    let issuer = format!("{}/realms/partner", service.url);
    let trusted = json!([{"issuer": issuer, "audience": audience, "rolesClaim": roles_claim}]);
    let attributes = json!({"attributes": {"clientRegistration.trustedIssuers": trusted.to_string()}});
    assert_eq!(service.admin(Method::PUT, "/shop", Some(attributes)).await?.status(), 204);
    Ok(())
}

#[tokio::test]
async fn a_token_of_a_trusted_issuer_registers_a_client() -> anyhow::Result<()> {
    let (service, token) = partner().await?;
    let register = async || service.register("shop", "default", Some(&token)).json(&json!({})).send().await;
    assert_eq!(register().await?.status(), 401, "nobody is trusted yet");
    trust(&service, "realm-management", "resource_access.realm-management.roles").await?;
    assert_eq!(register().await?.status(), 201);
    Ok(())
}

#[tokio::test]
async fn audience_and_roles_of_a_trusted_issuer_must_fit() -> anyhow::Result<()> {
    let (service, token) = partner().await?;
    let register = async || service.register("shop", "default", Some(&token)).json(&json!({})).send().await;
    trust(&service, "somebody-else", "resource_access.realm-management.roles").await?;
    assert_eq!(register().await?.status(), 401);
    trust(&service, "realm-management", "nothing.here").await?;
    assert_eq!(register().await?.status(), 403);
    Ok(())
}

#[tokio::test]
async fn a_list_of_issuers_that_cannot_be_read_is_refused() -> anyhow::Result<()> {
    let service = Service::start()?;
    service.realm("shop").await?;
    let attributes = json!({"attributes": {"clientRegistration.trustedIssuers": "[{\"issuer\": 1}]"}});
    let refused = service.admin(Method::PUT, "/shop", Some(attributes)).await?;
    assert_eq!(refused.status(), 400);
    let refused: Value = refused.json().await?;
    assert!(refused["errorMessage"].as_str().is_some_and(|text| text.contains("trustedIssuers")), "{refused}");
    Ok(())
}
