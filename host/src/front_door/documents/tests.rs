#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that panics fails")]

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};

use axum::http::StatusCode;
use axum::response::IntoResponse as _;
use matricula_network::names::Names;
use matricula_realms::defaults::{self, NewRealm};
use matricula_store::realm_settings::Settings;

use super::*;
use crate::targets::stub::{Asked, Stub, endless};

const REALM: &str = "id of demo";

async fn store() -> Store {
    let file = std::env::temp_dir().join(format!("matricula-{}.db", uuid::Uuid::new_v4()));
    let store = Store::open(&format!("sqlite://{}", file.display())).await.unwrap();
    let new = NewRealm::usual(REALM.to_owned(), "demo".to_owned(), true, Settings::default());
    let mut write = Write::default();
    defaults::store(&mut write, &new, None).unwrap();
    store.writer.write(write).await.unwrap();
    store
}

fn documents(store: &Store, fresh_ms: u64) -> Documents {
    let times = Times { fresh: Duration::from_millis(fresh_ms), pause: Duration::from_millis(200) };
    Documents::with(Named::new(Names::from_system().unwrap()).unwrap(), store.clone(), times)
}

fn server(issuer: &str, metadata_url: Option<String>) -> AuthorizationServer {
    let roles_claim = String::new();
    AuthorizationServer { issuer: issuer.to_owned(), metadata_url, trust_tokens: true, audience: None, roles_claim }
}

/// A server that numbers its answers, and can go away.
async fn numbering() -> (Stub, Arc<AtomicBool>) {
    let away = Arc::new(AtomicBool::new(false));
    let (is_away, numbers) = (Arc::clone(&away), Arc::new(AtomicU64::new(0)));
    let answer = move |_: &Asked, _| {
        let number = numbers.fetch_add(1, Relaxed);
        let status = if is_away.load(Relaxed) { StatusCode::BAD_GATEWAY } else { StatusCode::OK };
        (status, format!(r#"{{"issuer":"https://as.example","number":{number}}}"#))
    };
    (Stub::start(answer).await.unwrap(), away)
}

/// What a caller gets, and whether it is stale.
async fn got(documents: &Documents, server: &AuthorizationServer) -> (String, bool) {
    let found = documents.get(REALM, server).await.unwrap_or_else(|reason| panic!("{reason}"));
    let text = found.document.text().rsplit_once("number\":").unwrap().1.trim_end_matches('}').to_owned();
    (text, found.stale)
}

/// Waits for what is done behind the caller's back.
async fn becomes(documents: &Documents, server: &AuthorizationServer, expected: (&str, bool)) {
    for _ in 0..100 {
        if got(documents, server).await == (expected.0.to_owned(), expected.1) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("it is {:?}, not {expected:?}", got(documents, server).await);
}

#[tokio::test]
async fn the_old_one_is_served_while_one_fetch_gets_the_new_one() {
    let (stub, _) = numbering().await;
    let server = server("https://as.example", Some(format!("{}/x?y=1", stub.url)));
    let documents = documents(&store().await, 300);
    assert_eq!(got(&documents, &server).await, ("0".to_owned(), false));
    assert_eq!(got(&documents, &server).await, ("0".to_owned(), false));
    assert_eq!(stub.asked().len(), 1);
    assert_eq!((stub.asked()[0].line.as_str(), stub.asked()[0].header("matricula-fetch")), ("GET /x?y=1", "metadata"));
    tokio::time::sleep(Duration::from_millis(310)).await;
    for _ in 0..10 {
        assert_eq!(got(&documents, &server).await, ("0".to_owned(), false));
    }
    becomes(&documents, &server, ("1", false)).await;
    assert_eq!(stub.asked().len(), 2);
}

#[tokio::test]
async fn the_last_good_one_stays_while_the_server_is_away_over_restarts_too() {
    let (stub, away) = numbering().await;
    let server = server("https://as.example", Some(stub.url.clone()));
    let store = store().await;
    let first = documents(&store, 1);
    assert_eq!(got(&first, &server).await, ("0".to_owned(), false));
    away.store(true, Relaxed);
    becomes(&first, &server, ("0", true)).await;
    let again = documents(&store, 1);
    assert_eq!(got(&again, &server).await.0, "0");
    becomes(&again, &server, ("0", true)).await;
    away.store(false, Relaxed);
    let asked = stub.asked().len();
    for _ in 0..100 {
        if !got(&again, &server).await.1 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert!(!got(&again, &server).await.1);
    assert!(stub.asked().len() > asked);
    // What was kept is the answer to these settings alone.
    let other = AuthorizationServer { issuer: "https://as.example/".to_owned(), ..server };
    let reason = documents(&store, 1).get(REALM, &other).await.err().map(|reason| reason.to_string());
    assert_eq!(reason.as_deref(), Some("issuer is https://as.example"));
}

#[tokio::test]
async fn without_any_the_server_is_asked_again_after_a_pause_by_one_at_a_time() {
    let (stub, away) = numbering().await;
    away.store(true, Relaxed);
    let server = server("https://as.example", Some(stub.url.clone()));
    let documents = documents(&store().await, 60_000);
    let ask = || async { documents.get(REALM, &server).await.err().map(|reason| reason.to_string()) };
    let asked = futures_util::future::join_all((0..20).map(|_| ask())).await;
    assert!(asked.iter().all(|reason| reason.as_deref() == Some("status 502")), "{asked:?}");
    assert_eq!(stub.asked().len(), 1);
    away.store(false, Relaxed);
    assert_eq!(ask().await.as_deref(), Some("status 502"));
    tokio::time::sleep(Duration::from_millis(210)).await;
    assert_eq!(ask().await, None);
    assert_eq!(stub.asked().len(), 2);
}

#[tokio::test]
async fn what_is_wrong_is_told_in_words() {
    let stub = Stub::start(|asked: &Asked, _| {
        let path = asked.line.trim_start_matches("GET ").to_owned();
        let json = |text: &str| (StatusCode::OK, text.to_owned()).into_response();
        match path.as_str() {
            "/other" => json(r#"{"issuer":"https://other.example"}"#),
            "/nobody" => json(r#"{"issuer":1}"#),
            "/list" => json("[]"),
            "/text" => json("<html>"),
            "/endless" => endless().into_response(),
            "/elsewhere" => (StatusCode::FOUND, [("Location", "http://127.0.0.2:1/")]).into_response(),
            "/round" => (StatusCode::FOUND, [("Location", "/round")]).into_response(),
            "/moved" => (StatusCode::FOUND, [("Location", "/good")]).into_response(),
            "/good" => json(r#"{"issuer":"https://as.example"}"#),
            _ => StatusCode::IM_A_TEAPOT.into_response(),
        }
    });
    let stub = stub.await.unwrap();
    let documents = documents(&store().await, 1);
    let reason = async |url: String| {
        let found = documents.get(REALM, &server("https://as.example", Some(url))).await;
        found.err().map(|reason| reason.to_string())
    };
    for (path, text) in [
        ("/other", Some("issuer is https://other.example")),
        ("/nobody", Some("issuer is not named")),
        ("/list", Some("not a JSON object")),
        ("/text", Some("not a JSON object")),
        ("/endless", Some("longer than 262144 bytes")),
        ("/elsewhere", Some("status 302")),
        ("/round", Some("status 302")),
        ("/else", Some("status 418")),
        ("/moved", None),
    ] {
        assert_eq!(reason(format!("{}{path}", stub.url)).await.as_deref(), text, "{path}");
    }
    for url in ["http://127.0.0.1:1/", "http://169.254.169.254/", "http://[::ffff:a9fe:a9fe]/"] {
        assert_eq!(reason(url.to_owned()).await.as_deref(), Some("connection failed"), "{url}");
    }
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", silent.local_addr().unwrap());
    assert_eq!(reason(url).await.as_deref(), Some("no answer in time"));
}

#[tokio::test]
async fn the_address_of_rfc_8414_is_asked_where_that_of_openid_connect_is_not_there() {
    let issuer = Arc::new(RwLock::new(String::new()));
    let told = Arc::clone(&issuer);
    let stub = Stub::start(move |asked: &Asked, _| {
        let issuer = told.read().unwrap_or_else(PoisonError::into_inner).clone();
        match asked.line.as_str() {
            "GET /.well-known/oauth-authorization-server/a" => (StatusCode::OK, format!(r#"{{"issuer":"{issuer}"}}"#)),
            _ => (StatusCode::NOT_FOUND, String::new()),
        }
    });
    let stub = stub.await.unwrap();
    for slash in ["", "/"] {
        let named = format!("{}/a{slash}", stub.url);
        issuer.write().unwrap_or_else(PoisonError::into_inner).clone_from(&named);
        let found = documents(&store().await, 1).get(REALM, &server(&named, None)).await;
        assert!(found.is_ok(), "{named}");
    }
    assert_eq!(stub.asked()[0].line, "GET /a/.well-known/openid-configuration");
}
