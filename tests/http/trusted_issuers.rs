//! Bearer tokens of other issuers that a realm trusts: another realm of the same server, and an issuer that signs
//! whatever it is told to.

use std::sync::{Arc, Mutex, PoisonError};

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair as RsaKeyPair, KeySize};
use aws_lc_rs::signature::{KeyPair as _, RSA_PKCS1_SHA256, RSA_PKCS1_SHA512, RSA_PSS_SHA256};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use matricula_tests::Service;
use reqwest::Method;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

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

/// Somebody else's issuer: it serves its documents, and signs whatever it is told to.
pub(crate) struct Issuer {
    pub(crate) url: String,
    /// Its keys, as it publishes them.
    published: Arc<Mutex<Vec<Value>>>,
    rsa: RsaKeyPair,
}

impl Issuer {
    pub(crate) async fn start() -> anyhow::Result<Issuer> {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
        let url = format!("http://{}", listener.local_addr()?);
        let published = Arc::new(Mutex::new(Vec::new()));
        let (own, keys) = (url.clone(), Arc::clone(&published));
        tokio::spawn(async move {
            while let Ok((mut connection, _)) = listener.accept().await {
                let mut request = [0; 4096];
                let length = connection.read(&mut request).await.unwrap_or(0);
                let path = String::from_utf8_lossy(&request[..length]);
                let document = if path.starts_with("GET /.well-known/openid-configuration ") {
                    json!({"issuer": own, "jwks_uri": format!("{own}/keys")})
                } else {
                    json!({"keys": *keys.lock().unwrap_or_else(PoisonError::into_inner)})
                };
                let body = document.to_string();
                let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", body.len());
                let _ = connection.write_all((head + &body).as_bytes()).await;
            }
        });
        Ok(Issuer { url, published, rsa: RsaKeyPair::generate(KeySize::Rsa2048)? })
    }

    /// Publishes its key with these members, behind one of the same name that is for something else.
    pub(crate) fn publish(&self, members: Value) {
        let public = self.rsa.public_key();
        let number = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        let mut key = json!({
            "kid": "k", "kty": "RSA",
            "n": number(public.modulus().big_endian_without_leading_zero()),
            "e": number(public.exponent().big_endian_without_leading_zero()),
        });
        let mut other = key.clone();
        other["use"] = "enc".into();
        for (name, value) in members.as_object().into_iter().flatten() {
            key[name] = value.clone();
        }
        *self.published.lock().unwrap_or_else(PoisonError::into_inner) = vec![json!({"kty": "new"}), other, key];
    }

    /// A token with these members in its header and its claims beside the usual ones.
    pub(crate) fn token(&self, header: Value, claims: Value) -> anyhow::Result<String> {
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH)?.as_secs();
        let mut head = json!({"alg": "RS256", "kid": "k"});
        let mut body = json!({"iss": self.url, "aud": "us", "exp": now + 60, "iat": now, "roles": ["create-client"]});
        for (into, members) in [(&mut head, header), (&mut body, claims)] {
            for (name, value) in members.as_object().into_iter().flatten() {
                into[name] = value.clone();
            }
        }
        let text = format!("{}.{}", URL_SAFE_NO_PAD.encode(head.to_string()), URL_SAFE_NO_PAD.encode(body.to_string()));
        let padding: &dyn aws_lc_rs::signature::RsaEncoding = match head["alg"].as_str() {
            Some("RS512") => &RSA_PKCS1_SHA512,
            Some("PS256") => &RSA_PSS_SHA256,
            _ => &RSA_PKCS1_SHA256,
        };
        let mut signature = vec![0; self.rsa.public_modulus_len()];
        self.rsa.sign(padding, &SystemRandom::new(), text.as_bytes(), &mut signature)?;
        Ok(format!("{text}.{}", URL_SAFE_NO_PAD.encode(signature)))
    }
}

/// Lets a new realm trust an issuer; its name.
async fn realm_that_trusts(service: &Service, trusted: Value) -> anyhow::Result<String> {
    let realm = format!("r-{}", uuid::Uuid::new_v4());
    let attributes = json!({"clientRegistration.trustedIssuers": trusted.to_string()});
    let body = json!({"realm": realm, "enabled": true, "attributes": attributes});
    service.admin(Method::POST, "", Some(body)).await?.error_for_status()?;
    Ok(realm)
}

async fn status(service: &Service, realm: &str, token: &str) -> anyhow::Result<u16> {
    let answer = service.register(realm, "default", Some(token)).json(&json!({})).send().await?;
    Ok(answer.status().as_u16())
}

#[tokio::test]
async fn the_key_decides_which_algorithm_is_good() -> anyhow::Result<()> {
    let service = Service::start_with(&["--allow-private-fetch"])?;
    let issuer = Issuer::start().await?;
    let trusted = json!([{"issuer": issuer.url, "audience": "us", "rolesClaim": "roles"}]);
    for (number, (key, algorithm, expected)) in [
        (json!({}), "RS256", 201),
        (json!({}), "PS256", 201),
        (json!({"use": "sig", "alg": "RS256"}), "RS256", 201),
        (json!({"alg": "RS256"}), "PS256", 401),
        (json!({"alg": "RS256"}), "RS512", 401),
        (json!({"alg": "PS256"}), "PS256", 201),
        (json!({"alg": "RSA-OAEP"}), "RS256", 401),
        (json!({"use": "enc"}), "RS256", 401),
        (json!({"key_ops": ["verify"]}), "RS256", 201),
        (json!({"key_ops": ["sign"]}), "RS256", 401),
    ]
    .into_iter()
    .enumerate()
    {
        issuer.publish(key.clone());
        // An address of its own for each: documents are kept for a while.
        let mut trusted = trusted.clone();
        trusted[0]["jwksUri"] = format!("{}/keys?{number}", issuer.url).into();
        let realm = realm_that_trusts(&service, trusted).await?;
        let token = issuer.token(json!({"alg": algorithm}), json!({}))?;
        assert_eq!(status(&service, &realm, &token).await?, expected, "{key} {algorithm}");
    }
    Ok(())
}

#[tokio::test]
async fn only_an_access_token_is_taken_for_one() -> anyhow::Result<()> {
    let service = Service::start_with(&["--allow-private-fetch"])?;
    let issuer = Issuer::start().await?;
    issuer.publish(json!({"use": "sig", "alg": "RS256"}));
    let realm =
        realm_that_trusts(&service, json!([{"issuer": issuer.url, "audience": "us", "rolesClaim": "roles"}])).await?;
    for (header, claims, expected) in [
        (json!({"typ": "JWT"}), json!({"typ": "Bearer"}), 201),
        (json!({"typ": "at+jwt"}), json!({}), 201),
        (json!({"typ": "application/at+JWT"}), json!({}), 201),
        (json!({"typ": "logout+jwt"}), json!({}), 401),
        (json!({"typ": "secevent+jwt"}), json!({}), 401),
        (json!({}), json!({"typ": "ID"}), 401),
        (json!({}), json!({"typ": "Refresh"}), 401),
        (json!({"crit": ["exp"]}), json!({}), 401),
        (json!({"kid": "other"}), json!({}), 401),
        (json!({"kid": null}), json!({}), 401),
        (json!({}), json!({"aud": "others"}), 401),
        (json!({}), json!({"exp": 1}), 401),
        (json!({}), json!({"exp": null}), 401),
        (json!({}), json!({"roles": []}), 403),
    ] {
        let token = issuer.token(header.clone(), claims.clone())?;
        assert_eq!(status(&service, &realm, &token).await?, expected, "{header} {claims}");
    }
    let token = issuer.token(json!({}), json!({}))?;
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH)?.as_secs();
    let changed = service.admin(Method::PUT, &format!("/{realm}"), Some(json!({"notBefore": now + 60}))).await?;
    assert_eq!(changed.status(), 204);
    assert_eq!(status(&service, &realm, &token).await?, 401, "it was issued before");
    Ok(())
}

#[tokio::test]
async fn no_realm_sees_the_keys_of_another_ones_setting() -> anyhow::Result<()> {
    let service = Service::start_with(&["--allow-private-fetch"])?;
    let (good, evil) = (Issuer::start().await?, Issuer::start().await?);
    good.publish(json!({"alg": "RS256"}));
    evil.publish(json!({"alg": "RS256"}));
    // One realm says of the good issuer that its keys are those of the evil one; the other asks the issuer.
    let entry = json!({"issuer": good.url, "audience": "us", "rolesClaim": "roles"});
    let mut misled = entry.clone();
    misled["jwksUri"] = format!("{}/keys", evil.url).into();
    let misled = realm_that_trusts(&service, json!([misled])).await?;
    let honest = realm_that_trusts(&service, json!([entry])).await?;
    let forged = evil.token(json!({}), json!({"iss": good.url}))?;
    let real = good.token(json!({}), json!({}))?;
    for _ in 0..2 {
        assert_eq!((status(&service, &misled, &forged).await?, status(&service, &misled, &real).await?), (201, 401));
        assert_eq!((status(&service, &honest, &forged).await?, status(&service, &honest, &real).await?), (401, 201));
    }
    // A kid says nothing about the issuer.
    let both = json!([
        {"issuer": good.url, "audience": "us", "rolesClaim": "roles"},
        {"issuer": evil.url, "audience": "us", "rolesClaim": "nothing"},
    ]);
    let both = realm_that_trusts(&service, both).await?;
    assert_eq!(status(&service, &both, &evil.token(json!({}), json!({}))?).await?, 403);
    assert_eq!(status(&service, &both, &forged).await?, 401);
    assert_eq!(status(&service, &both, &real).await?, 201);
    Ok(())
}

#[tokio::test]
async fn roles_and_groups_of_a_trusted_issuer_reach_policies() -> anyhow::Result<()> {
    let service = Service::start_with(&["--allow-private-fetch"])?;
    let issuer = Issuer::start().await?;
    issuer.publish(json!({"alg": "RS256"}));
    let realm =
        realm_that_trusts(&service, json!([{"issuer": issuer.url, "audience": "us", "rolesClaim": "roles"}])).await?;
    let put = async |path: &str, body: Value| {
        let path = format!("/{realm}/client-policies/{path}");
        anyhow::Ok(service.admin(Method::PUT, &path, Some(body)).await?.error_for_status()?)
    };
    put("profiles", json!({"profiles": [{"name": "closed", "executors": [{"executor": "reject-request"}]}]})).await?;
    for (condition, configuration) in [
        ("client-updater-source-groups", json!({"groups": ["partners"]})),
        ("client-updater-source-roles", json!({"roles": ["partner"]})),
        ("client-updater-source-roles", json!({"roles": ["realm-management.create-client"]})),
    ] {
        let conditions = json!([{"condition": condition, "configuration": configuration}]);
        let policies = json!([{"name": "p", "enabled": true, "conditions": conditions, "profiles": ["closed"]}]);
        put("policies", json!({"policies": policies})).await?;
        for (claims, expected) in [
            (json!({"groups": ["/partners"], "roles": ["create-client", "partner"]}), 403),
            (json!({"groups": "/partners", "roles": "create-client partner"}), 403),
            (json!({"groups": ["/others"], "roles": ["manage-clients"]}), 201),
        ] {
            let token = issuer.token(json!({}), claims.clone())?;
            assert_eq!(status(&service, &realm, &token).await?, expected, "{condition} {claims}");
        }
    }
    Ok(())
}
