//! A realm that stands before an authorization server: what it says of itself, and how it is told to.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context, ensure};
use axum::Router;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::routing::any;
use matricula_tests::{Service, new_database, within};
use reqwest::{Method, Response};
use serde_json::{Value, json};

const SOON: Duration = Duration::from_secs(20);
const ISSUER: &str = "https://as.example/realms/shop";
const STALE: &str = "110 - \"Response is Stale\"";

/// An authorization server that says of itself what it is told to.
#[derive(Clone)]
pub(crate) struct Fake {
    pub(crate) url: String,
    document: Arc<Mutex<(u16, String)>>,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Fake {
    pub(crate) async fn start(document: Value) -> anyhow::Result<Fake> {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
        let url = format!("http://{}", listener.local_addr()?);
        let fake = Fake { url, document: Arc::new(Mutex::new((200, document.to_string()))), asked: Arc::default() };
        let routes = Router::new().fallback(any(says)).with_state(fake.clone());
        tokio::spawn(async move { axum::serve(listener, routes).await });
        Ok(fake)
    }

    fn answers(&self, status: u16, document: &str) {
        *self.document.lock().unwrap_or_else(PoisonError::into_inner) = (status, document.to_owned());
    }

    /// Paths, with their queries, and whether this server said that it asks.
    fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The setting that leads to it.
    pub(crate) fn setting(&self, issuer: &str) -> Value {
        json!({"issuer": issuer, "metadataUrl": format!("{}/metadata?x=1", self.url)})
    }
}

async fn says(State(fake): State<Fake>, request: Request) -> (StatusCode, String) {
    let fetch = request.headers().get("matricula-fetch").and_then(|value| value.to_str().ok()).unwrap_or_default();
    fake.asked.lock().unwrap_or_else(PoisonError::into_inner).push(format!("{} {fetch}", request.uri()));
    let (status, document) = fake.document.lock().unwrap_or_else(PoisonError::into_inner).clone();
    (StatusCode::from_u16(status).unwrap_or_default(), document)
}

async fn shop() -> anyhow::Result<Service> {
    let service = Service::start()?;
    service.realm("shop").await?;
    Ok(service)
}

/// Changes the setting of realm `shop`.
pub(crate) async fn set(service: &Service, setting: Value) -> anyhow::Result<()> {
    let changed = service.admin(Method::PUT, "/shop", Some(json!({"authorizationServer": setting}))).await?;
    ensure!(changed.status() == 204, "{}", changed.text().await?);
    Ok(())
}

async fn shown(service: &Service) -> anyhow::Result<Value> {
    let realm: Value = service.admin(Method::GET, "/shop", None).await?.json().await?;
    realm.get("authorizationServer").cloned().context("the realm does not show the setting")
}

async fn ask(service: &Service) -> anyhow::Result<Response> {
    let url = format!("{}/realms/shop/.well-known/openid-configuration", service.url);
    Ok(service.http.get(url).send().await?)
}

fn document() -> Value {
    json!({
        "issuer": ISSUER,
        "authorization_endpoint": "https://as.example/auth",
        "registration_endpoint": "https://as.example/register",
        "scopes_supported": ["service_account", "theirs", "openid", "phone"],
        "mtls_endpoint_aliases": {"token_endpoint": "https://m.as.example/token", "registration_endpoint": "x"},
        "signed_metadata": "e30.e30.x",
        "x_new": {"a": [1, null]},
    })
}

#[tokio::test]
async fn the_metadata_is_that_of_the_authorization_server_with_registration_here() -> anyhow::Result<()> {
    let service = shop().await?;
    let fake = Fake::start(document()).await?;
    set(&service, fake.setting(ISSUER)).await?;
    let expected = json!({
        "issuer": ISSUER,
        "authorization_endpoint": "https://as.example/auth",
        "registration_endpoint": format!("{}/realms/shop/clients-registrations/openid-connect", service.url),
        "scopes_supported": ["theirs", "openid", "phone"],
        "mtls_endpoint_aliases": {"token_endpoint": "https://m.as.example/token"},
        "client_id_metadata_document_supported": false,
        "registration_modes_supported": ["immediate", "approval"],
        "x_new": {"a": [1, null]},
    });
    for path in [
        "/realms/shop/.well-known/openid-configuration",
        "/realms/shop/.well-known/oauth-authorization-server",
        "/.well-known/oauth-authorization-server/realms/shop",
        "/.well-known/openid-configuration/realms/shop",
    ] {
        for origin in [None, Some("https://inspector.example")] {
            let mut request = service.http.get(format!("{}{path}", service.url));
            if let Some(origin) = origin {
                request = request.header("Origin", origin);
            }
            let answer = request.send().await?;
            ensure!(answer.status() == 200, "{path}: {}", answer.text().await?);
            for (name, value) in [
                ("access-control-allow-origin", "*"),
                ("cache-control", "max-age=60"),
                ("content-type", "application/json"),
            ] {
                ensure!(answer.headers()[name] == value, "{path} {name}: {:?}", answer.headers());
            }
            ensure!(!answer.headers().contains_key("warning"));
            ensure!(answer.json::<Value>().await? == expected, "{path}");
        }
    }
    ensure!(fake.asked() == ["/metadata?x=1 metadata"], "{:?}", fake.asked());
    // The realm's scopes decide, from the next request on.
    let scope = json!({"name": "theirs", "protocol": "openid-connect"});
    ensure!(service.admin(Method::POST, "/shop/client-scopes", Some(scope)).await?.status() == 201);
    let changed: Value = ask(&service).await?.json().await?;
    ensure!(changed["scopes_supported"] == json!(["openid", "phone"]), "{changed}");
    Ok(())
}

#[tokio::test]
async fn a_realm_that_has_no_metadata_yet_says_why_and_asks_again() -> anyhow::Result<()> {
    let service = shop().await?;
    let fake = Fake::start(json!({"issuer": "https://other.example"})).await?;
    set(&service, fake.setting(ISSUER)).await?;
    let refused = ask(&service).await?;
    ensure!(refused.status() == 503 && refused.headers()["retry-after"] == "5", "{:?}", refused.headers());
    let expected = json!({
        "error": "temporarily_unavailable",
        "error_description": "The authorization server's metadata can't be fetched: issuer is https://other.example",
    });
    ensure!(refused.json::<Value>().await? == expected);
    for _ in 0..5 {
        ensure!(ask(&service).await?.status() == 503);
    }
    ensure!(fake.asked().len() <= 2, "at most once a second: {:?}", fake.asked());
    fake.answers(200, &document().to_string());
    within(SOON, async || Ok(ask(&service).await?.status() == 200)).await?;
    Ok(())
}

#[tokio::test]
async fn the_last_good_metadata_stays_while_the_server_is_away_after_a_restart_too() -> anyhow::Result<()> {
    let mut service = shop().await?;
    let fake = Fake::start(document()).await?;
    set(&service, fake.setting(ISSUER)).await?;
    let metadata: Value = ask(&service).await?.json().await?;
    let names_all = |found: &Value| found["x_new"] == metadata["x_new"] && found["issuer"] == ISSUER;
    fake.answers(500, "");
    // It is written behind the caller's back.
    tokio::time::sleep(Duration::from_millis(500)).await;
    service.kill_and_restart()?;
    let first = ask(&service).await?;
    ensure!(first.status() == 200 && names_all(&first.json().await?));
    within(SOON, async || {
        let answer = ask(&service).await?;
        ensure!(answer.status() == 200);
        Ok(answer.headers().get("warning").is_some_and(|warning| warning == STALE))
    })
    .await?;
    let mut changed = document();
    changed["x_new"] = 2.into();
    fake.answers(200, &changed.to_string());
    within(SOON, async || {
        let answer = ask(&service).await?;
        let is_stale = answer.headers().contains_key("warning");
        Ok(!is_stale && answer.json::<Value>().await?["x_new"] == 2)
    })
    .await?;
    Ok(())
}

#[tokio::test]
async fn an_address_that_leads_back_here_is_found_out() -> anyhow::Result<()> {
    let service = shop().await?;
    set(&service, json!({"issuer": format!("{}/realms/shop", service.url)})).await?;
    let refused: Value = ask(&service).await?.json().await?;
    let expected = "The authorization server's metadata can't be fetched: status 508";
    ensure!(refused["error_description"] == expected, "{refused}");
    let url = format!("{}/.well-known/oauth-authorization-server/realms/shop", service.url);
    let looped = service.http.get(url).header("Matricula-Fetch", "metadata").send().await?;
    ensure!(looped.status() == 508);
    let expected = json!({"error": "server_error", "error_description": "metadataUrl leads back to this server"});
    ensure!(looped.json::<Value>().await? == expected);
    Ok(())
}

#[tokio::test]
async fn the_setting_is_replaced_as_a_whole_and_null_takes_it_away() -> anyhow::Result<()> {
    let service = shop().await?;
    ensure!(shown(&service).await?.is_null());
    let defaults = json!({"issuer": "https://as.example/", "metadataUrl": null, "trustTokens": true, "audience": null,
        "rolesClaim": "resource_access.realm-management.roles"});
    let whole = json!({"issuer": "https://as.example/", "metadataUrl": "http://10.0.0.1/x?y=1", "trustTokens": false,
        "audience": "us", "rolesClaim": "roles"});
    for (sent, expected) in [(json!({"issuer": "https://as.example/"}), &defaults), (whole.clone(), &whole)] {
        set(&service, sent).await?;
        ensure!(shown(&service).await? == *expected, "{}", shown(&service).await?);
    }
    let kept = service.admin(Method::PUT, "/shop", Some(json!({"notBefore": 0}))).await?;
    ensure!(kept.status() == 204 && shown(&service).await? == whole, "absent: it stays");
    for (setting, text) in [
        (json!({}), "'authorizationServer.issuer' must be an http or https URL without query and fragment"),
        (
            json!({"issuer": "https://as.example?x=1"}),
            "'authorizationServer.issuer' must be an http or https URL without query and fragment",
        ),
        (json!({"issuer": "https://as.example", "colour": 1}), "'authorizationServer' has no 'colour'"),
    ] {
        let body = json!({"notBefore": 1, "authorizationServer": setting});
        let refused = service.admin(Method::PUT, "/shop", Some(body)).await?;
        ensure!(refused.status() == 400 && refused.json::<Value>().await? == json!({"errorMessage": text}), "{text}");
        ensure!(shown(&service).await? == whole, "nothing changes");
    }
    let realm: Value = service.admin(Method::GET, "/shop", None).await?.json().await?;
    ensure!(realm["notBefore"] == 0, "{realm}");
    set(&service, json!({"issuer": "https://as.example/"})).await?;
    ensure!(shown(&service).await? == defaults, "what it leaves out has its default");
    set(&service, Value::Null).await?;
    ensure!(shown(&service).await?.is_null());
    let own: Value = ask(&service).await?.json().await?;
    ensure!(own["issuer"] == format!("{}/realms/shop", service.url), "{own}");
    Ok(())
}

#[tokio::test]
async fn a_new_realm_can_bring_the_setting_along() -> anyhow::Result<()> {
    let service = Service::start()?;
    let body = |setting: Value| json!({"realm": "shop", "enabled": true, "authorizationServer": setting});
    let refused = service.admin(Method::POST, "", Some(body(json!({"issuer": "x"})))).await?;
    ensure!(refused.status() == 400);
    let made = service.admin(Method::POST, "", Some(body(json!({"issuer": ISSUER})))).await?;
    ensure!(made.status() == 201, "{}", made.text().await?);
    ensure!(shown(&service).await?["issuer"] == ISSUER);
    Ok(())
}

#[tokio::test]
async fn a_realms_file_carries_the_setting() -> anyhow::Result<()> {
    let service = shop().await?;
    let exported = || service.maintain(&["realm", "export", "shop"]);
    let without: Value = serde_json::from_str(&exported()?)?;
    ensure!(without.get("authorizationServer").is_none(), "Keycloak does not know it");
    set(&service, json!({"issuer": ISSUER, "audience": "us"})).await?;
    let setting = shown(&service).await?;
    let mut document: Value = serde_json::from_str(&exported()?)?;
    ensure!(document["authorizationServer"] == setting);
    ensure!(service.admin(Method::DELETE, "/shop", None).await?.status() == 204);
    let file = service.data().join("shop.json");
    std::fs::write(&file, document.to_string())?;
    let import = || service.maintain(&["realm", "import", &file.to_string_lossy()]);
    import()?;
    ensure!(shown(&service).await? == setting);
    // What cannot be is told, and the rest is there.
    ensure!(service.admin(Method::DELETE, "/shop", None).await?.status() == 204);
    document["authorizationServer"]["colour"] = 1.into();
    std::fs::write(&file, document.to_string())?;
    let told = import().err().map(|error| error.to_string()).unwrap_or_default();
    ensure!(told.contains("entries were not stored"), "{told}");
    ensure!(shown(&service).await?.is_null());
    Ok(())
}

#[tokio::test]
async fn the_authorization_endpoint_names_the_server_to_log_in_at() -> anyhow::Result<()> {
    let service = shop().await?;
    set(&service, json!({"issuer": ISSUER})).await?;
    let url = format!("{}/realms/shop/protocol/openid-connect/auth?redirect_uri=https://evil.example/", service.url);
    let answer = service.http.get(&url).send().await?;
    ensure!(answer.status() == 501);
    let told = format!("Log in at the authorization server: {ISSUER}");
    ensure!(answer.json::<Value>().await? == json!({"error": "server_error", "error_description": told}));
    let page = service.http.get(&url).header("Accept", "text/html").send().await?;
    ensure!(page.status() == 501 && page.headers()["content-type"] == "text/html;charset=UTF-8");
    let page = page.text().await?;
    ensure!(page.contains(&told) && !page.contains("href") && !page.contains("evil"), "{page}");
    Ok(())
}

#[tokio::test]
async fn a_change_counts_at_once_on_the_other_node() -> anyhow::Result<()> {
    let database = new_database()?;
    let here = Service::start_on(&database, &[])?;
    here.realm("shop").await?;
    let there = Service::start_on(&database, &[])?;
    ensure!(ask(&there).await?.status() == 200);
    let fake = Fake::start(document()).await?;
    set(&here, fake.setting(ISSUER)).await?;
    tokio::time::sleep(Duration::from_millis(250)).await;
    ensure!(ask(&there).await?.json::<Value>().await?["issuer"] == ISSUER);
    // The other node has what this one stored, should the server be away.
    fake.answers(404, "");
    set(&here, Value::Null).await?;
    set(&here, fake.setting(ISSUER)).await?;
    ensure!(ask(&here).await?.json::<Value>().await?["issuer"] == ISSUER);
    Ok(())
}
