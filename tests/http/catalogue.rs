//! Policies that ship beside Keycloak's: what the conformance suite does not see of them. They come with the program.

use anyhow::Context;
use matricula_tests::Service;
use reqwest::{Method, Response};
use serde_json::{Value, json};

/// A server with the realm `shop`, whose set of callers with a token has this policy, and such a token.
async fn with(policy: &str, config: Value) -> anyhow::Result<(Service, String)> {
    let service = Service::start()?;
    service.realm("shop").await?;
    service.policy("shop", "authenticated", policy, config).await?;
    let token = service.initial_access_token("shop", json!({"count": 20})).await?;
    Ok((service, token))
}

async fn register(service: &Service, provider: &str, token: &str, client: Value) -> anyhow::Result<Response> {
    Ok(service.register("shop", provider, Some(token)).json(&client).send().await?)
}

fn changed(answer: &Response) -> Option<&str> {
    answer.headers().get("matricula-changed")?.to_str().ok()
}

/// Field, value and message of each violation.
fn violations(body: &Value) -> Vec<(&str, &str, &str)> {
    fn text<'a>(one: &'a Value, name: &str) -> &'a str {
        one[name].as_str().unwrap_or_default()
    }
    let all = body["violations"].as_array().into_iter().flatten();
    all.map(|one| (text(one, "field"), text(one, "value"), text(one, "message"))).collect()
}

#[tokio::test]
async fn policies_behind_one_that_amends_a_request_judge_what_it_becomes() -> anyhow::Result<()> {
    let config = json!({"allowed-scopes": ["phone"], "action": ["drop"], "priority": ["-5"]});
    let (service, token) = with("scope-filter", config).await?;
    // Allowed Client Scopes, which the set has from the beginning, would refuse what the realm does not have.
    let client = json!({"redirect_uris": ["https://app.example/cb"], "scope": "phone files:write"});
    let made = register(&service, "openid-connect", &token, client).await?;
    assert_eq!((made.status().as_u16(), changed(&made)), (201, Some("scope")));
    let made: Value = made.json().await?;
    assert_eq!(made["scope"], "phone");
    let decisions = service.admin(Method::GET, "/shop/client-registration-policy/decisions", None).await?;
    let decisions: Value = decisions.json().await?;
    let asked = decisions[0]["policies"].as_array().context("no policies")?;
    let filter = asked.iter().find(|said| said["provider"] == "scope-filter").context("it was not asked")?;
    assert_eq!((&filter["hook"], &filter["verdict"]), (&json!("before-register"), &json!("amend")));
    let change = json!({"field": "scope", "before": ["phone", "files:write"], "after": ["phone"]});
    assert_eq!(filter["changes"], json!([change]));
    Ok(())
}

#[tokio::test]
async fn a_dry_run_shows_what_a_policy_makes_of_a_request() -> anyhow::Result<()> {
    let service = Service::start()?;
    service.realm("shop").await?;
    let body = json!({
        "provider": "openid-connect", "operation": "register", "contentType": "application/json",
        "document": json!({"redirect_uris": ["https://app.example/cb"], "scope": "phone email2"}).to_string(),
        "policies": [{"name": "Scopes", "providerId": "scope-filter",
            "config": {"allowed-scopes": ["phone", "address"], "action": ["replace"], "replacement-scopes": ["address"]}}],
    });
    let found = service.admin(Method::POST, "/shop/client-registration-policy/evaluate", Some(body)).await?;
    let found: Value = found.json().await?;
    assert_eq!((&found["decision"], &found["status"]), (&json!("accept"), &json!(201)), "{found}");
    assert_eq!(found["policies"][0]["changes"][0]["after"], json!(["address"]));
    assert_eq!(found["after"]["optionalClientScopes"], json!(["address"]));
    Ok(())
}

#[tokio::test]
async fn a_watched_policy_changes_no_request() -> anyhow::Result<()> {
    let config = json!({"allowed-scopes": ["phone"], "action": ["drop"], "mode": ["shadow"]});
    let (service, token) = with("scope-filter", config).await?;
    let client = json!({"redirect_uris": ["https://app.example/cb"], "scope": "phone address"});
    let made = register(&service, "openid-connect", &token, client).await?;
    assert_eq!((made.status().as_u16(), changed(&made)), (201, None));
    assert_eq!(made.json::<Value>().await?["scope"], "phone address");
    Ok(())
}

#[tokio::test]
async fn what_a_caller_did_not_send_was_not_changed() -> anyhow::Result<()> {
    let (service, token) = with("fapi-2", json!({})).await?;
    let key = json!({"kty": "EC", "crv": "P-256", "use": "sig", "kid": "one",
        "x": "MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4", "y": "4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM"});
    let client = json!({"redirect_uris": ["https://tpp.example/cb"], "token_endpoint_auth_method": "private_key_jwt",
        "jwks": {"keys": [key]}});
    let made = register(&service, "openid-connect", &token, client).await?;
    assert_eq!((made.status().as_u16(), changed(&made)), (201, None));
    let made: Value = made.json().await?;
    assert_eq!(made["dpop_bound_access_tokens"], true, "it was set: {made}");
    // Its update at another provider is judged as a whole, and says what it has to say at once.
    let url = format!(
        "{}/realms/shop/clients-registrations/default/{}",
        service.url,
        made["client_id"].as_str().context("no id")?
    );
    let own = made["registration_access_token"].as_str().context("no token")?;
    let change = json!({"clientId": made["client_id"], "clientAuthenticatorType": "client-secret",
        "directAccessGrantsEnabled": true});
    let refused = service.http.put(url).bearer_auth(own).json(&change).send().await?;
    assert_eq!(refused.status(), 400);
    let refused: Value = refused.json().await?;
    assert_eq!(refused["error"], "invalid_client_metadata");
    let messages: Vec<_> = violations(&refused).into_iter().map(|(_, _, message)| message).collect();
    assert_eq!(messages, ["Client authentication is not allowed by FAPI", "Grant type is not allowed by FAPI"]);
    Ok(())
}

#[tokio::test]
async fn the_first_violation_of_all_decides_between_400_and_403() -> anyhow::Result<()> {
    let (service, token) = with("redirect-rules", json!({"allowed-hosts": ["good.test"], "priority": ["5"]})).await?;
    let client = json!({"redirect_uris": ["https://bad.test/cb"]});
    let refused = register(&service, "openid-connect", &token, client).await?;
    assert_eq!(refused.status(), 400);
    let refused: Value = refused.json().await?;
    assert_eq!(refused["error"], "invalid_redirect_uri");
    let expected = [("redirect_uris", "https://bad.test/cb", "Redirect URI host is not allowed")];
    assert_eq!(violations(&refused), expected);
    // Allowed Client Scopes runs before it, and is of contract 0.1.0.
    let client = json!({"redirect_uris": ["https://bad.test/cb"], "scope": "no-such-scope"});
    let refused = register(&service, "openid-connect", &token, client).await?;
    assert_eq!(refused.status(), 403);
    let refused: Value = refused.json().await?;
    assert_eq!(refused["error"], "insufficient_scope");
    assert_eq!(violations(&refused).len(), 2, "{refused}");
    Ok(())
}

#[tokio::test]
async fn a_root_url_is_no_way_around_the_rules_for_redirect_uris() -> anyhow::Result<()> {
    let (service, token) = with("redirect-rules", json!({"allowed-hosts": ["good.test"]})).await?;
    for (client, status) in [
        (json!({"clientId": "a", "protocol": "openid-connect", "rootUrl": "https://bad.test"}), 400),
        (json!({"clientId": "b", "rootUrl": "https://bad.test", "redirectUris": ["/cb"]}), 400),
        (json!({"clientId": "c", "rootUrl": "https://good.test", "redirectUris": ["/cb"]}), 201),
    ] {
        let answer = register(&service, "default", &token, client.clone()).await?;
        assert_eq!(answer.status(), status, "{client}: {}", answer.text().await?);
    }
    Ok(())
}

#[tokio::test]
async fn a_profile_is_added_once_and_can_be_tried_before() -> anyhow::Result<()> {
    let service = Service::start()?;
    service.realm("shop").await?;
    let set = async |query: &str| {
        let path = format!("/shop/client-registration-policy/profile{query}");
        let body = json!({"profile": "fapi-2", "subType": "authenticated"});
        let answer = service.admin(Method::PUT, &path, Some(body)).await?;
        anyhow::ensure!(answer.status() == 200, "{}", answer.text().await?);
        anyhow::Ok(answer.json::<Value>().await?)
    };
    let names = async || {
        let listed = service.admin(Method::GET, "/shop/components", None).await?.json::<Vec<Value>>().await?;
        anyhow::Ok(listed.into_iter().filter(|policy| policy["name"] == "FAPI 2.0").count())
    };
    let expected = json!({"removed": [], "added": ["FAPI 2.0"], "changed": []});
    assert_eq!((set("?dryRun=true").await?, names().await?), (expected.clone(), 0));
    assert_eq!((set("").await?, names().await?), (expected, 1));
    assert_eq!((set("").await?, names().await?), (json!({"removed": [], "added": [], "changed": []}), 1));
    let token = service.initial_access_token("shop", json!({})).await?;
    let client = json!({"redirect_uris": ["https://tpp.example/cb"]});
    assert_eq!(register(&service, "openid-connect", &token, client).await?.status(), 400);
    Ok(())
}

#[tokio::test]
async fn a_profile_that_there_is_not_is_named() -> anyhow::Result<()> {
    let service = Service::start()?;
    service.realm("shop").await?;
    for profile in ["mcp", "fapi-3"] {
        let body = json!({"profile": profile, "subType": "anonymous"});
        let answer = service.admin(Method::PUT, "/shop/client-registration-policy/profile", Some(body)).await?;
        assert_eq!(answer.status(), 400);
        let answer: Value = answer.json().await?;
        let expected = json!({"error": "invalid_request", "error_description": "'profile' must be one of fapi-2"});
        assert_eq!(answer, expected);
    }
    Ok(())
}
