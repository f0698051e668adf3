//! What the server keeps of a client is shown among its attributes, and nobody sets it.

use std::process::{Command, Output, Stdio};

use matricula_tests::{Service, guests, program};
use reqwest::Method;
use serde_json::{Value, json};

/// Attributes as a caller would send them: those of the server, and one of its own.
fn sent() -> Value {
    json!({
        "registration.held": "because", "registration.source": "me", "registration.targets": "-", "life.exempt": "true",
        "life.hibernated": "1", "cimd.etag": "e", "matricula.realm": "r", "software.statement.id": "s",
        "saml.metadata.expired": "1", "colour": "blue",
    })
}

/// Names of the attributes of a client's document that are among those sent.
fn kept(document: &Value) -> Vec<String> {
    let attributes = document["attributes"].as_object().cloned().unwrap_or_default();
    let sent = sent();
    let mut kept: Vec<_> = attributes.into_iter().map(|(name, _)| name).filter(|name| !sent[name].is_null()).collect();
    kept.sort();
    kept
}

#[tokio::test]
async fn nobody_sets_what_the_server_keeps() -> anyhow::Result<()> {
    let service = Service::start()?;
    service.realm("shop").await?;
    let initial = service.initial_access_token("shop", json!({"count": 9})).await?;
    let body = json!({"clientId": "a", "attributes": sent()});
    let made = service.register("shop", "default", Some(&initial)).json(&body).send().await?;
    assert_eq!(made.status(), 201);
    let made: Value = made.json().await?;
    assert_eq!(kept(&made), ["colour"]);
    let own = made["registrationAccessToken"].as_str().unwrap_or_default();
    let url = format!("{}/realms/shop/clients-registrations/default/a", service.url);
    let changed: Value = service.http.put(url).bearer_auth(own).json(&body).send().await?.json().await?;
    assert_eq!(kept(&changed), ["colour"]);

    // Administrators set where a client goes and whether its life is watched; callers leave that as it is.
    service.admin(Method::POST, "/shop/clients", Some(json!({"clientId": "b", "attributes": sent()}))).await?;
    let of_administrators = ["colour", "life.exempt", "registration.targets"];
    for client_id in ["a", "b"] {
        let stored = &service.clients("shop", client_id).await?[0];
        let path = format!("/shop/clients/{}", stored["id"].as_str().unwrap_or_default());
        let changed = service.admin(Method::PUT, &path, Some(json!({"attributes": sent()}))).await?;
        assert_eq!(changed.status(), 204);
        assert_eq!(kept(&service.clients("shop", client_id).await?[0]), of_administrators);
    }
    let own = changed["registrationAccessToken"].as_str().unwrap_or_default();
    let url = format!("{}/realms/shop/clients-registrations/default/a", service.url);
    let body =
        json!({"clientId": "a", "attributes": {"registration.targets": "", "life.exempt": "false", "colour": ""}});
    let changed: Value = service.http.put(url).bearer_auth(own).json(&body).send().await?.json().await?;
    assert_eq!(kept(&changed), ["life.exempt", "registration.targets"]);
    assert_eq!(changed["attributes"]["life.exempt"], "true");
    let held: Value = service.admin(Method::GET, "/shop/clients?held=true", None).await?.json().await?;
    assert_eq!(held, json!([]));
    Ok(())
}

/// A server whose realm `shop` holds every client that is registered with a token.
async fn holding() -> anyhow::Result<(Service, String)> {
    let service = Service::start()?;
    service.realm("shop").await?;
    let component = std::fs::read(guests()?.join("unruly.wasm"))?;
    let token = service.administrator().await?;
    let put = service.http.put(format!("{}/admin/components/unruly", service.url)).bearer_auth(token);
    let stored = put.header("content-type", "application/wasm").body(component).send().await?;
    anyhow::ensure!(stored.status() == 201, "{}", stored.text().await?);
    service.policy("shop", "authenticated", "holds", json!({})).await?;
    let initial = service.initial_access_token("shop", json!({"count": 9})).await?;
    Ok((service, initial))
}

fn offline(service: &Service, arguments: &[&str]) -> anyhow::Result<Output> {
    Ok(Command::new(program()?).args(arguments).args(service.place()).stdin(Stdio::null()).output()?)
}

#[tokio::test]
async fn a_held_client_is_shown_with_its_reason_until_it_is_approved() -> anyhow::Result<()> {
    let (service, initial) = holding().await?;
    let made = service.register("shop", "default", Some(&initial)).json(&json!({"clientId": "waits"})).send().await?;
    assert_eq!(made.status(), 201);
    let reason = made.headers()["matricula-held"].to_str()?.to_owned();
    let made: Value = made.json().await?;
    assert_eq!((&made["enabled"], &made["attributes"]["registration.held"]), (&json!(false), &json!(reason)));
    let stored = &service.clients("shop", "waits").await?[0];
    assert_eq!(stored["attributes"]["registration.held"], reason);
    // A document that comes back changes nothing about it.
    let path = format!("/shop/clients/{}", stored["id"].as_str().unwrap_or_default());
    let mut document = stored.clone();
    document["attributes"]["registration.held"] = "another reason".into();
    assert_eq!(service.admin(Method::PUT, &path, Some(document)).await?.status(), 204);
    let held: Value = service.admin(Method::GET, "/shop/clients?held=true", None).await?.json().await?;
    assert_eq!(held[0]["attributes"]["registration.held"], reason);
    assert_eq!(service.admin(Method::POST, &format!("{path}/approve"), None).await?.status(), 204);
    let stored = &service.clients("shop", "waits").await?[0];
    assert_eq!(stored["enabled"], true);
    assert!(stored["attributes"]["registration.held"].is_null());
    assert_eq!(service.admin(Method::POST, &format!("{path}/approve"), None).await?.status(), 409);
    Ok(())
}

#[tokio::test]
async fn an_export_keeps_who_waits_and_other_files_hold_nobody() -> anyhow::Result<()> {
    let (service, initial) = holding().await?;
    service
        .register("shop", "default", Some(&initial))
        .json(&json!({"clientId": "waits"}))
        .send()
        .await?
        .error_for_status()?;
    let exported = offline(&service, &["realm", "export", "shop"])?;
    let mut document: Value = serde_json::from_slice(&exported.stdout)?;
    let import = async |document: &Value, realm: &str| {
        let path = service.data().join("realm.json");
        std::fs::write(&path, document.to_string())?;
        let done = offline(&service, &["realm", "import", &path.to_string_lossy(), "--realm", realm])?;
        anyhow::ensure!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
        let held = service.admin(Method::GET, &format!("/{realm}/clients?held=true"), None).await?;
        let held: Vec<Value> = held.json().await?;
        anyhow::Ok(held.len())
    };
    assert_eq!(import(&document, "copy").await?, 1);
    assert_eq!(import(&document, "copy").await?, 1, "once more: it is there already");
    let copy: Value = service.admin(Method::GET, "/copy", None).await?.json().await?;
    assert!(copy["attributes"]["matricula.export"].is_null());
    // Elsewhere anybody may have sent the attribute.
    if let Some(attributes) = document["attributes"].as_object_mut() {
        attributes.remove("matricula.export");
    }
    assert_eq!(import(&document, "elsewhere").await?, 0);
    let clients = service.clients("elsewhere", "waits").await?;
    assert_eq!(clients[0]["enabled"], false);
    assert!(clients[0]["attributes"]["registration.held"].is_null());
    Ok(())
}
