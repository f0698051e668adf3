//! Clients whose id is the address of their metadata: registered, looked at again, changed, disabled and back.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context, ensure};
use axum::Router;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response as Answer};
use axum::routing::any;
use matricula_tests::Service;
use reqwest::{Method, Response};
use serde_json::{Value, json};
use sqlx::{Connection, PgConnection, SqliteConnection};
use tokio::task::JoinSet;

/// What is at an address.
#[derive(Clone)]
struct Page {
    status: u16,
    body: Vec<u8>,
    headers: Vec<(&'static str, String)>,
}

/// A server that has documents.
#[derive(Clone)]
pub(crate) struct Publisher {
    pub(crate) url: String,
    pages: Arc<Mutex<HashMap<String, Page>>>,
    asked: Arc<Mutex<Vec<(String, HeaderMap)>>>,
}

impl Publisher {
    pub(crate) async fn start() -> anyhow::Result<Publisher> {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
        let url = format!("http://{}", listener.local_addr()?);
        let publisher = Publisher { url, pages: Arc::default(), asked: Arc::default() };
        let routes = Router::new().fallback(any(publishes)).with_state(publisher.clone());
        tokio::spawn(async move { axum::serve(listener, routes).await });
        Ok(publisher)
    }

    /// Publishes a document that says its own address; gives that address.
    pub(crate) fn publish(&self, path: &str, members: Value) -> String {
        let address = format!("{}{path}", self.url);
        let mut document = json!({
            "client_id": address, "client_name": "An app", "redirect_uris": ["http://127.0.0.1/cb"],
            "token_endpoint_auth_method": "none", "grant_types": ["authorization_code"], "response_types": ["code"],
        });
        for (name, value) in members.as_object().into_iter().flatten() {
            document[name] = value.clone();
        }
        self.put(path, Page { status: 200, body: document.to_string().into_bytes(), headers: Vec::new() });
        address
    }

    fn put(&self, path: &str, page: Page) {
        self.pages.lock().unwrap_or_else(PoisonError::into_inner).insert(path.to_owned(), page);
    }

    /// Changes how an address is answered.
    fn answers(&self, path: &str, status: u16, headers: &[(&'static str, &str)]) {
        let mut pages = self.pages.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(page) = pages.get_mut(path) {
            page.status = status;
            page.headers = headers.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
        }
    }

    pub(crate) fn asked(&self, path: &str) -> Vec<HeaderMap> {
        let asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        asked.iter().filter(|(uri, _)| uri == path).map(|(_, headers)| headers.clone()).collect()
    }
}

async fn publishes(State(publisher): State<Publisher>, request: Request) -> Answer {
    let path = request.uri().to_string();
    let known = request.headers().get(header::IF_NONE_MATCH).cloned();
    publisher.asked.lock().unwrap_or_else(PoisonError::into_inner).push((path.clone(), request.headers().clone()));
    let page = publisher.pages.lock().unwrap_or_else(PoisonError::into_inner).get(&path).cloned();
    let Some(page) = page else { return StatusCode::NOT_FOUND.into_response() };
    let tag = page.headers.iter().find(|(name, _)| *name == "etag").map(|(_, value)| value.clone());
    let mut response = if tag.is_some() && known.as_ref().and_then(|known| known.to_str().ok()) == tag.as_deref() {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        (StatusCode::from_u16(page.status).unwrap_or_default(), page.body).into_response()
    };
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    for (name, value) in page.headers {
        if let Ok(value) = HeaderValue::from_str(&value) {
            response.headers_mut().insert(name, value);
        }
    }
    response
}

/// A realm `shop` that takes documents, and lets anybody register.
pub(crate) async fn shop(settings: Value) -> anyhow::Result<(Service, Publisher)> {
    let service = Service::start_with(&["--allow-private-fetch"])?;
    service.realm("shop").await?;
    service.open("shop", "anonymous").await?;
    let mut enabled = json!({"enabled": true});
    for (name, value) in settings.as_object().into_iter().flatten() {
        enabled[name] = value.clone();
    }
    set(&service, json!({"clientIdMetadataDocuments": enabled})).await?;
    Ok((service, Publisher::start().await?))
}

pub(crate) async fn set(service: &Service, settings: Value) -> anyhow::Result<()> {
    let changed = service.admin(Method::PUT, "/shop", Some(settings)).await?;
    ensure!(changed.status() == 204, "{}", changed.text().await?);
    Ok(())
}

async fn ask(service: &Service, client_id: &str) -> anyhow::Result<Response> {
    let request = service.register("shop", "client-id-metadata-document", None);
    Ok(request.json(&json!({"client_id": client_id})).send().await?)
}

async fn refused(answer: Response, status: u16, description: &str) -> anyhow::Result<()> {
    let found = answer.status();
    let body: Value = answer.json().await?;
    ensure!(found == status && body["error_description"] == description, "{found} {body}");
    Ok(())
}

pub(crate) async fn client(service: &Service, client_id: &str) -> anyhow::Result<Value> {
    let all: Vec<Value> = service.clients("shop", client_id).await?;
    all.into_iter().find(|client| client["clientId"] == client_id).context("no such client")
}

/// Makes the document of a client so much older, as if that time had passed.
async fn let_time_pass(service: &Service, client_id: &str, ms: i64) -> anyhow::Result<()> {
    const READ: &str = "SELECT origin FROM clients WHERE client_id = $1";
    const WRITE: &str = "UPDATE clients SET origin = $2 WHERE client_id = $1";
    let older = |origin: &str| -> anyhow::Result<String> {
        let mut origin: Value = serde_json::from_str(origin)?;
        for time in ["fetched", "expires"] {
            let then = origin["document"][time].as_i64().context("no time")?;
            origin["document"][time] = json!(then - ms);
        }
        Ok(origin.to_string())
    };
    if let Some(address) = service.database() {
        let mut database = PgConnection::connect(address).await?;
        let (origin,): (String,) = sqlx::query_as(READ).bind(client_id).fetch_one(&mut database).await?;
        sqlx::query(WRITE).bind(client_id).bind(older(&origin)?).execute(&mut database).await?;
    } else {
        let file = format!("sqlite://{}", service.data().join("matricula.db").display());
        let mut database = SqliteConnection::connect(&file).await?;
        let (origin,): (String,) = sqlx::query_as(READ).bind(client_id).fetch_one(&mut database).await?;
        sqlx::query(WRITE).bind(client_id).bind(older(&origin)?).execute(&mut database).await?;
    }
    Ok(())
}

const DAY_MS: i64 = 86_400_000;

#[tokio::test]
async fn a_document_becomes_a_client_and_is_fetched_once() -> anyhow::Result<()> {
    let (service, publisher) = shop(json!({})).await?;
    let address = publisher.publish("/a.json?v=1", json!({"x_colour": "red"}));
    let made = ask(&service, &address).await?;
    assert_eq!(made.status(), 201);
    let location = made.headers()[header::LOCATION].to_str()?.to_owned();
    assert!(location.ends_with("%2Fa.json%3Fv%3D1"), "{location}");
    let made: Value = made.json().await?;
    for absent in ["client_secret", "registration_access_token", "registration_client_uri", "x_colour"] {
        assert!(made.get(absent).is_none(), "{absent}: {made}");
    }
    assert_eq!(ask(&service, &address).await?.status(), 200);
    let asked = publisher.asked("/a.json?v=1");
    assert_eq!(asked.len(), 1);
    assert_eq!(asked[0][header::ACCEPT], "application/json");
    let stored = client(&service, &address).await?;
    assert_eq!(stored["publicClient"], true);
    assert_eq!(stored["attributes"]["registration.source"], "client-id-metadata-document");
    let expires: i64 = stored["attributes"]["cimd.expires"].as_str().context("no end")?.parse()?;
    let fetched: i64 = stored["attributes"]["cimd.fetched"].as_str().context("no start")?.parse()?;
    assert_eq!(expires - fetched, DAY_MS);
    assert_eq!(service.http.get(&location).send().await?.status(), 401, "it has no registration access token");
    for method in [Method::PUT, Method::DELETE] {
        let answer = service.http.request(method, &location).json(&json!({})).send().await?;
        assert_eq!(answer.status(), 405);
    }
    Ok(())
}

#[tokio::test]
async fn it_is_off_until_a_realm_wants_it_and_its_settings_are_checked() -> anyhow::Result<()> {
    let (service, publisher) = shop(json!({})).await?;
    set(&service, json!({"clientIdMetadataDocuments": null})).await?;
    let realm: Value = service.admin(Method::GET, "/shop", None).await?.json().await?;
    let defaults = json!({"enabled": false, "profile": "mcp", "maxBytes": 5120, "minAge": 60, "maxAge": 86400});
    assert_eq!((&realm["clientIdMetadataDocuments"], &realm["gate"]), (&defaults, &json!({"unknown": "pass"})));
    assert_eq!(ask(&service, &publisher.publish("/a.json", json!({}))).await?.status(), 404);
    let discovery = format!("{}/realms/shop/.well-known/openid-configuration", service.url);
    let supported = async || -> anyhow::Result<Value> {
        let found: Value = service.http.get(&discovery).send().await?.json().await?;
        Ok(found["client_id_metadata_document_supported"].clone())
    };
    assert_eq!(supported().await?, false);
    set(&service, json!({"clientIdMetadataDocuments": {"enabled": true, "maxAge": 60}})).await?;
    assert_eq!(supported().await?, true);
    for (settings, text) in [
        (
            json!({"clientIdMetadataDocuments": {"maxBytes": 1}}),
            "'clientIdMetadataDocuments.maxBytes' must be 1024 to 65536",
        ),
        (json!({"clientIdMetadataDocuments": {"colour": 1}}), "'clientIdMetadataDocuments' has no 'colour'"),
        (json!({"gate": {"unknown": "maybe"}}), "'gate.unknown' must be pass or refuse"),
    ] {
        let refused = service.admin(Method::PUT, "/shop", Some(settings)).await?;
        assert_eq!(refused.status(), 400);
        assert_eq!(refused.json::<Value>().await?["errorMessage"], text);
    }
    let realm: Value = service.admin(Method::GET, "/shop", None).await?.json().await?;
    assert_eq!(realm["clientIdMetadataDocuments"]["maxAge"], 60);
    Ok(())
}

#[tokio::test]
async fn what_is_at_the_address_is_told_and_nothing_is_kept() -> anyhow::Result<()> {
    let (service, publisher) = shop(json!({"maxBytes": 1024})).await?;
    let address = publisher.publish("/a.json", json!({"tos_uri": format!("https://x.example/{}", "x".repeat(1024))}));
    let told = |reason: &str| format!("The document could not be fetched: {reason}");
    refused(ask(&service, &address).await?, 400, &told("longer than 1024 bytes")).await?;
    publisher.publish("/a.json", json!({}));
    for status in [404, 302, 500, 201, 304] {
        publisher.answers("/a.json", status, &[("location", "/b.json")]);
        refused(ask(&service, &address).await?, 400, &told(&format!("status {status}"))).await?;
    }
    assert!(publisher.asked("/b.json").is_empty());
    publisher.answers("/a.json", 200, &[("content-type", "text/html")]);
    refused(ask(&service, &address).await?, 400, &told("not JSON")).await?;
    refused(ask(&service, "http://127.0.0.1:1/c.json").await?, 400, &told("connection failed")).await?;
    for (address, reason) in [
        ("https://10.0.0.1/c.json", "client_id leads to no public address"),
        ("https://[::ffff:10.0.0.1]/c.json", "client_id leads to no public address"),
        ("https://169.254.169.254/c.json", "client_id leads to no public address"),
        ("http://app.example.com/c.json", "client_id must be an https URL"),
    ] {
        refused(ask(&service, address).await?, 400, reason).await?;
    }
    let typed = service.register("shop", "client-id-metadata-document", None);
    let typed = typed.json(&json!({"client_id": address, "document": {"client_id": address}})).send().await?;
    refused(typed, 400, "document is not allowed").await?;
    publisher.answers("/a.json", 200, &[]);
    assert_eq!(ask(&service, &address).await?.status(), 201);
    Ok(())
}

#[tokio::test]
async fn a_document_that_had_its_time_is_asked_for_again_and_a_changed_one_changes_the_client() -> anyhow::Result<()> {
    let (service, publisher) = shop(json!({})).await?;
    let address = publisher.publish("/a.json", json!({}));
    publisher.answers("/a.json", 200, &[("etag", "\"one\""), ("cache-control", "max-age=600")]);
    assert_eq!(ask(&service, &address).await?.status(), 201);
    let first = client(&service, &address).await?;
    assert_eq!(first["attributes"]["cimd.etag"], "\"one\"");
    let_time_pass(&service, &address, 601_000).await?;
    assert_eq!(ask(&service, &address).await?.status(), 200);
    let asked = publisher.asked("/a.json");
    assert_eq!((asked.len(), asked[1].get(header::IF_NONE_MATCH)), (2, Some(&HeaderValue::from_static("\"one\""))));
    // Renewed, and nothing else.
    assert_eq!(ask(&service, &address).await?.status(), 200);
    assert_eq!(publisher.asked("/a.json").len(), 2);
    publisher.publish("/a.json", json!({"client_name": "Renamed", "logo_uri": null}));
    let_time_pass(&service, &address, 601_000).await?;
    let changed: Value = ask(&service, &address).await?.json().await?;
    assert_eq!(changed["client_name"], "Renamed");
    let stored = client(&service, &address).await?;
    assert_eq!((&stored["id"], &stored["name"]), (&first["id"], &json!("Renamed")));
    assert!(stored["attributes"].get("cimd.etag").is_none());
    Ok(())
}

#[tokio::test]
async fn a_client_whose_document_is_gone_or_refused_is_disabled_until_it_is_good_again() -> anyhow::Result<()> {
    let (service, publisher) = shop(json!({})).await?;
    let address = publisher.publish("/a.json", json!({}));
    assert_eq!(ask(&service, &address).await?.status(), 201);
    let gone = "The document could not be fetched: status 410";
    publisher.answers("/a.json", 410, &[]);
    assert_eq!(ask(&service, &address).await?.status(), 200, "it is good until its time is over");
    let_time_pass(&service, &address, DAY_MS).await?;
    for _ in 0..2 {
        refused(ask(&service, &address).await?, 400, gone).await?;
        let stored = client(&service, &address).await?;
        assert_eq!((&stored["enabled"], &stored["attributes"]["cimd.problem"]), (&json!(false), &json!(gone)));
    }
    publisher.publish("/a.json", json!({}));
    assert_eq!(ask(&service, &address).await?.status(), 200);
    let stored = client(&service, &address).await?;
    assert_eq!((&stored["enabled"], stored["attributes"].get("cimd.problem")), (&json!(true), None));
    // Another fault than its end is none of the document's for a day.
    publisher.answers("/a.json", 500, &[]);
    let_time_pass(&service, &address, DAY_MS - 60_000).await?;
    assert_eq!(ask(&service, &address).await?.status(), 200);
    let_time_pass(&service, &address, DAY_MS).await?;
    refused(ask(&service, &address).await?, 400, "The document could not be fetched: status 500").await?;
    // A policy refuses what the document says now.
    publisher.publish("/a.json", json!({}));
    assert_eq!(ask(&service, &address).await?.status(), 200);
    service
        .policy(
            "shop",
            "anonymous",
            "trusted-hosts",
            json!({
                "trusted-hosts": ["127.0.0.1"], "host-sending-registration-request-must-match": ["true"],
                "client-uris-must-match": ["true"],
            }),
        )
        .await?;
    publisher.publish("/a.json", json!({"redirect_uris": ["https://evil.example/cb"]}));
    let_time_pass(&service, &address, DAY_MS).await?;
    let answer = ask(&service, &address).await?;
    assert_eq!(answer.status(), 403);
    assert!(answer.headers().contains_key("matricula-decision"));
    assert_eq!(client(&service, &address).await?["enabled"], false);
    let decisions = service.admin(Method::GET, "/shop/client-registration-policy/decisions", None).await?;
    let decisions: Vec<Value> = decisions.json().await?;
    assert_eq!((&decisions[0]["operation"], &decisions[0]["outcome"]), (&json!("update"), &json!("reject")));
    Ok(())
}

#[tokio::test]
async fn an_administrators_word_is_stronger_than_a_document() -> anyhow::Result<()> {
    let (service, publisher) = shop(json!({})).await?;
    let address = publisher.publish("/a.json", json!({}));
    assert_eq!(ask(&service, &address).await?.status(), 201);
    publisher.answers("/a.json", 404, &[]);
    let_time_pass(&service, &address, DAY_MS).await?;
    assert_eq!(ask(&service, &address).await?.status(), 400);
    let mut stored = client(&service, &address).await?;
    let path = format!("/shop/clients/{}", stored["id"].as_str().context("no id")?);
    stored["enabled"] = json!(false);
    assert_eq!(service.admin(Method::PUT, &path, Some(stored)).await?.status(), 204);
    publisher.publish("/a.json", json!({}));
    let asked = publisher.asked("/a.json").len();
    let answer = ask(&service, &address).await?;
    refused(answer, 403, &format!("Client '{address}' is disabled")).await?;
    assert_eq!(publisher.asked("/a.json").len(), asked);
    // Who deletes it sees it come back; one that came another way keeps its id.
    assert_eq!(service.admin(Method::DELETE, &path, None).await?.status(), 204);
    assert_eq!(ask(&service, &address).await?.status(), 201);
    let other = publisher.publish("/b.json", json!({}));
    let made = service.admin(Method::POST, "/shop/clients", Some(json!({"clientId": other}))).await?;
    assert_eq!(made.status(), 201);
    refused(ask(&service, &other).await?, 400, "Client Identifier in use").await
}

#[tokio::test]
async fn policies_are_told_who_served_the_document_and_who_asked() -> anyhow::Result<()> {
    let (service, publisher) = shop(json!({})).await?;
    let address = publisher.publish("/a.json", json!({}));
    let trusted = |hosts: Value| {
        json!({
            "trusted-hosts": hosts, "host-sending-registration-request-must-match": ["true"],
            "client-uris-must-match": ["true"],
        })
    };
    service.policy("shop", "anonymous", "trusted-hosts", trusted(json!(["other.example"]))).await?;
    let answer = ask(&service, &address).await?;
    assert_eq!(answer.status(), 403);
    let body = json!({
        "provider": "client-id-metadata-document", "operation": "register", "contentType": "application/json",
        "document": json!({"client_id": address}).to_string(), "caller": {"kind": "anonymous", "address": "203.0.113.9"},
    });
    let tried = service.admin(Method::POST, "/shop/client-registration-policy/evaluate", Some(body.clone())).await?;
    assert_eq!(tried.json::<Value>().await?["decision"], "reject");
    service.open("shop", "anonymous").await?;
    service.policy("shop", "anonymous", "trusted-hosts", trusted(json!(["127.0.0.1"]))).await?;
    let asked = publisher.asked("/a.json").len();
    let tried = service.admin(Method::POST, "/shop/client-registration-policy/evaluate", Some(body)).await?;
    let tried: Value = tried.json().await?;
    assert_eq!((&tried["decision"], &tried["after"]["clientId"]), (&json!("accept"), &json!(address)), "{tried}");
    assert_eq!(publisher.asked("/a.json").len(), asked + 1);
    assert!(service.clients("shop", "a.json").await?.is_empty());
    assert_eq!(ask(&service, &address).await?.status(), 201);
    Ok(())
}

#[tokio::test]
async fn many_who_ask_for_one_document_fetch_it_once_and_register_one_client() -> anyhow::Result<()> {
    let (service, publisher) = shop(json!({})).await?;
    let address = publisher.publish("/a.json", json!({}));
    let mut all = JoinSet::new();
    for _ in 0..12 {
        let request = service.register("shop", "client-id-metadata-document", None);
        all.spawn(request.json(&json!({"client_id": address})).send());
    }
    let mut statuses = Vec::new();
    while let Some(answer) = all.join_next().await {
        statuses.push(answer??.status().as_u16());
    }
    statuses.sort_unstable();
    assert!(statuses[..11].iter().all(|status| *status == 200) && statuses[11] == 201, "{statuses:?}");
    assert_eq!(service.clients("shop", "a.json").await?.len(), 1);
    Ok(())
}
