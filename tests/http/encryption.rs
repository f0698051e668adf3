//! Secrets at rest: encrypted when there is a master key; and nowhere else where they would be read by chance.

use matricula_tests::{PASSWORD, Service};
use reqwest::Method;
use serde_json::{Value, json};

/// Keys as `openssl rand -base64 32` makes them.
const ONE: &str = "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=";
const TWO: &str = "YWJjZGVmZ2hpamFiY2RlZmdoaWphYmNkZWZnaGlqYWI=";
/// What an encrypted value begins with.
const MARK: &[u8] = b"\xf7sealed";

/// Registers a client; its id and secret.
async fn registered(service: &Service) -> anyhow::Result<(String, String)> {
    let token = service.initial_access_token("shop", json!({})).await?;
    let request = service.register("shop", "openid-connect", Some(&token));
    let made: Value = request.json(&json!({"redirect_uris": ["https://a.example/"]})).send().await?.json().await?;
    let text = |name: &str| made[name].as_str().unwrap_or_default().to_owned();
    Ok((text("client_id"), text("client_secret")))
}

/// The secret that an administrator is shown.
async fn shown(service: &Service, client_id: &str) -> anyhow::Result<String> {
    let path = format!("/shop/clients?clientId={client_id}");
    let found: Value = service.admin(Method::GET, &path, None).await?.json().await?;
    Ok(found[0]["secret"].as_str().unwrap_or_default().to_owned())
}

/// Whether these bytes are anywhere in what the server keeps; of SQLite only.
fn kept(service: &Service, text: &str) -> anyhow::Result<bool> {
    for name in ["matricula.db", "matricula.db-wal"] {
        let bytes = std::fs::read(service.data().join(name)).unwrap_or_default();
        if bytes.windows(text.len()).any(|part| part == text.as_bytes()) {
            return Ok(true);
        }
    }
    Ok(false)
}

#[tokio::test]
async fn with_a_master_key_secrets_and_keys_are_stored_encrypted() -> anyhow::Result<()> {
    let mut service = Service::start_in(&[("MATRICULA_MASTER_KEY", ONE)], &[])?;
    service.realm("shop").await?;
    let (client_id, secret) = registered(&service).await?;
    assert_eq!(secret.len(), 86);
    let (_, key) = service.realm_key("shop", "HS512").await?;
    assert!(key.starts_with(MARK));
    assert!(service.realm_key("master", "RS256").await?.1.starts_with(MARK));
    if service.database().is_none() {
        assert!(!kept(&service, &secret)?);
        assert!(!kept(&service, "PRIVATE KEY")?);
        assert!(kept(&service, &client_id)?, "what is no secret can be searched");
    }
    service.restart()?;
    assert_eq!(shown(&service, &client_id).await?, secret);
    // Without the key, or with another one, it does not start.
    service.stop()?;
    for environment in [&[][..], &[("MATRICULA_MASTER_KEY", TWO)], &[("MATRICULA_MASTER_KEY", "secret")]] {
        service.set_environment(environment);
        assert!(service.start_again().is_err(), "{environment:?}");
    }
    Ok(())
}

#[tokio::test]
async fn a_master_key_is_set_replaced_and_taken_away_without_losing_anything() -> anyhow::Result<()> {
    let mut service = Service::start()?;
    service.realm("shop").await?;
    let (client_id, secret) = registered(&service).await?;
    assert!(!service.realm_key("shop", "HS512").await?.1.starts_with(MARK));
    for (environment, encrypted) in [
        // Set, replaced, taken away.
        (vec![("MATRICULA_MASTER_KEY", ONE)], true),
        (vec![("MATRICULA_MASTER_KEY", TWO), ("MATRICULA_MASTER_KEY_PREVIOUS", ONE)], true),
        (vec![("MATRICULA_MASTER_KEY_PREVIOUS", TWO)], false),
    ] {
        service.stop()?;
        service.set_environment(&environment);
        service.start_again()?;
        assert_eq!(shown(&service, &client_id).await?, secret, "before: {environment:?}");
        // While the server runs.
        let said = service.maintain(&["encrypt"])?;
        assert!(!said.starts_with("0 "), "{said}");
        assert!(service.maintain(&["encrypt"])?.starts_with("0 "), "nothing is left to do");
        assert_eq!(service.realm_key("shop", "HS512").await?.1.starts_with(MARK), encrypted);
        assert_eq!(shown(&service, &client_id).await?, secret, "after: {environment:?}");
        // The keys of before are not needed any more.
        service.stop()?;
        service.set_environment(if encrypted { &environment[..1] } else { &[] });
        service.start_again()?;
        assert_eq!(shown(&service, &client_id).await?, secret, "alone: {environment:?}");
    }
    Ok(())
}

#[tokio::test]
async fn neither_log_nor_events_nor_decisions_tell_secrets() -> anyhow::Result<()> {
    let service = Service::start_in(&[("MATRICULA_LOG", "trace"), ("MATRICULA_MASTER_KEY", ONE)], &[])?;
    service.realm("shop").await?;
    service.admin(Method::PUT, "/shop", Some(json!({"eventsEnabled": true}))).await?;
    let initial = service.initial_access_token("shop", json!({"count": 9})).await?;
    let body = json!({"clientId": "mine", "secret": "secret-of-mine", "publicClient": false});
    let made: Value = service.register("shop", "default", Some(&initial)).json(&body).send().await?.json().await?;
    let first = made["registrationAccessToken"].as_str().unwrap_or_default().to_owned();
    let url = format!("{}/realms/shop/clients-registrations/default/mine", service.url);
    let body = json!({"clientId": "mine", "secret": "another-secret-of-mine"});
    let updated: Value = service.http.put(&url).bearer_auth(&first).json(&body).send().await?.json().await?;
    let second = updated["registrationAccessToken"].as_str().unwrap_or_default().to_owned();
    // What is refused is told of, too.
    assert_eq!(service.http.put(&url).bearer_auth(&first).json(&body).send().await?.status(), 401);
    let refused =
        service.register("shop", "default", None).json(&json!({"secret": "an-anonymous-secret"})).send().await?;
    assert_eq!(refused.status(), 403);
    let install = format!("{}/realms/shop/clients-registrations/install/mine", service.url);
    assert_eq!(service.http.get(&install).basic_auth("mine", Some("a-wrong-secret")).send().await?.status(), 401);
    let form = [("grant_type", "password"), ("client_id", "admin-cli"), ("username", "admin"), ("password", "a-guess")];
    let login = format!("{}/realms/master/protocol/openid-connect/token", service.url);
    assert_eq!(service.http.post(login).form(&form).send().await?.status(), 400);

    let administrator = service.administrator().await?;
    let events = service.admin(Method::GET, "/shop/events", None).await?.text().await?;
    assert!(events.contains("CLIENT_UPDATE"), "{events}");
    let decisions =
        service.admin(Method::GET, "/shop/client-registration-policy/decisions", None).await?.text().await?;
    assert!(decisions.contains("\"mine\""), "{decisions}");
    let log = service.log()?;
    assert!(log.contains("a policy refused a request"), "the refusal is logged: {log}");
    let signature = |token: &str| token.rsplit('.').next().unwrap_or_default().to_owned();
    let tokens = [&initial, &first, &second, &administrator].map(|token| signature(token));
    let texts =
        [PASSWORD, ONE, "secret-of-mine", "an-anonymous-secret", "a-wrong-secret", "a-guess"].map(str::to_owned);
    for secret in tokens.iter().chain(&texts) {
        for (name, text) in [("log", &log), ("events", &events), ("decisions", &decisions)] {
            let line = text.lines().find(|line| line.contains(secret.as_str()));
            assert!(line.is_none(), "{name}: {line:?}");
        }
    }
    Ok(())
}
