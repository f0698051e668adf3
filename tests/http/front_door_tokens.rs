//! Tokens of the authorization server that a realm stands before: bearer tokens of the realm, and nothing else.

use anyhow::ensure;
use matricula_tests::Service;
use reqwest::Method;
use serde_json::{Value, json};

use crate::front_door::{Fake, set};
use crate::trusted_issuers::Issuer;

async fn shop() -> anyhow::Result<(Service, Issuer)> {
    let service = Service::start()?;
    service.realm("shop").await?;
    let issuer = Issuer::start().await?;
    issuer.publish(json!({"use": "sig", "alg": "RS256"}));
    Ok((service, issuer))
}

async fn status(service: &Service, token: &str) -> anyhow::Result<u16> {
    let answer = service.register("shop", "default", Some(token)).json(&json!({})).send().await?;
    Ok(answer.status().as_u16())
}

#[tokio::test]
async fn a_token_of_the_authorization_server_registers_a_client_if_the_setting_says_so() -> anyhow::Result<()> {
    let (service, issuer) = shop().await?;
    let roles = json!({"realm-management": {"roles": ["create-client"]}});
    let token = issuer.token(json!({}), json!({"resource_access": roles, "roles": ["create-client"]}))?;
    let bare = issuer.token(json!({}), json!({"roles": ["create-client"]}))?;
    let none = issuer.token(json!({}), json!({"aud": null, "resource_access": roles, "roles": []}))?;
    ensure!(status(&service, &token).await? == 401, "nobody is trusted yet");
    for (more, expected) in [
        (json!({}), [201, 403, 201]),
        (json!({"audience": "us"}), [201, 403, 401]),
        (json!({"audience": "others"}), [401, 401, 401]),
        (json!({"rolesClaim": "roles"}), [201, 201, 403]),
        (json!({"trustTokens": false}), [401, 401, 401]),
    ] {
        let mut setting = json!({"issuer": issuer.url});
        for (name, value) in more.as_object().into_iter().flatten() {
            setting[name] = value.clone();
        }
        set(&service, setting).await?;
        for (token, expected) in [&token, &bare, &none].into_iter().zip(expected) {
            ensure!(status(&service, token).await? == expected, "{more}");
        }
    }
    Ok(())
}

#[tokio::test]
async fn only_its_access_tokens_count() -> anyhow::Result<()> {
    let (service, issuer) = shop().await?;
    set(&service, json!({"issuer": issuer.url, "rolesClaim": "roles"})).await?;
    for (header, claims, expected) in [
        (json!({"typ": "at+jwt"}), json!({}), 201),
        (json!({}), json!({"typ": "Bearer"}), 201),
        (json!({}), json!({"typ": "ID"}), 401),
        (json!({}), json!({"typ": "InitialAccessToken"}), 401),
        (json!({}), json!({"typ": "RegistrationAccessToken"}), 401),
        (json!({}), json!({"exp": 1}), 401),
        (json!({"kid": "other"}), json!({}), 401),
        (json!({}), json!({"iss": "https://other.example"}), 401),
    ] {
        let token = issuer.token(header.clone(), claims.clone())?;
        ensure!(status(&service, &token).await? == expected, "{header} {claims}");
    }
    let token = issuer.token(json!({}), json!({"roles": ["manage-realm", "manage-clients"]}))?;
    let realm = format!("{}/admin/realms/shop", service.url);
    let refused = service.http.get(realm).bearer_auth(&token).send().await?;
    ensure!(refused.status() == 401, "it administers nothing");
    Ok(())
}

#[tokio::test]
async fn where_both_have_one_address_the_key_says_whose_token_it_is() -> anyhow::Result<()> {
    let (service, issuer) = shop().await?;
    let own = "https://sso.example/realms/shop";
    let frontend = json!({"attributes": {"frontendUrl": "https://sso.example"}});
    ensure!(service.admin(Method::PUT, "/shop", Some(frontend)).await?.status() == 204);
    let fake = Fake::start(json!({"issuer": own, "jwks_uri": format!("{}/keys", issuer.url)})).await?;
    let mut setting = fake.setting(own);
    setting["rolesClaim"] = "roles".into();
    set(&service, setting).await?;
    let theirs = issuer.token(json!({}), json!({"iss": own}))?;
    let ours = service.initial_access_token("shop", json!({"count": 1})).await?;
    ensure!(status(&service, &theirs).await? == 201);
    ensure!(status(&service, &ours).await? == 201);
    ensure!(status(&service, &ours).await? == 401, "it is spent");
    // What names a key of the realm and is not signed with it is nobody's.
    let certs = format!("{}/realms/shop/protocol/openid-connect/certs", service.url);
    let certs: Value = service.http.get(certs).send().await?.json().await?;
    let forged = issuer.token(json!({"kid": certs["keys"][0]["kid"]}), json!({"iss": own}))?;
    ensure!(status(&service, &forged).await? == 401);
    Ok(())
}
