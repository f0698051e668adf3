//! `matricula target …` as people use it: what it prints, and how it ends.

use std::process::{Command, Output};
use std::sync::{Arc, Mutex};

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{Method, StatusCode, Uri};
use axum::routing::any;
use axum::{Json, Router};
use matricula_tests::{PASSWORD, Service, program};
use serde_json::{Value, json};

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

/// Runs `matricula target …` against a server.
fn target(server: &str, arguments: &[&str], secret: Option<&str>) -> anyhow::Result<Output> {
    let mut command = Command::new(program()?);
    command.arg("target").args(arguments).args(["--realm", "shop", "--server", server]);
    command.env("MATRICULA_ADMIN_PASSWORD", PASSWORD).env_remove("MATRICULA_TARGET_SECRET");
    if let Some(secret) = secret {
        command.env("MATRICULA_TARGET_SECRET", secret);
    }
    Ok(command.output()?)
}

/// How it ended, and what it said.
fn said(output: &Output) -> (Option<i32>, String, String) {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code(), text(&output.stdout), text(&output.stderr))
}

/// Somebody who answers all requests in the same way, or not at all.
async fn hook(status: StatusCode) -> anyhow::Result<String> {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let url = format!("http://{}/hook", listener.local_addr()?);
    let routes = Router::new().fallback(any(move || async move { status }));
    tokio::spawn(async move { axum::serve(listener, routes).await });
    Ok(url)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_target_is_added_looked_at_paused_and_removed() -> anyhow::Result<()> {
    let service = Service::start()?;
    service.realm("shop").await?;
    let url = hook(StatusCode::NO_CONTENT).await?;
    let run = |arguments: &[&str]| target(&service.url, arguments, Some(SECRET)).map(|output| said(&output));

    let (code, out, error) =
        run(&["add", "crm", "--connector", "webhook", "--url", &url, "--set", "events=client.put"])?;
    assert_eq!(code, Some(0), "{error}");
    assert!(out.starts_with("crm: added; ") && !out.contains("whsec_"), "{out}");
    let stored: Value = service.admin(reqwest::Method::GET, "/shop/targets/crm", None).await?.json().await?;
    assert_eq!(stored["config"], json!({"events": ["client.put"]}));
    assert_eq!(stored["credentials"]["type"], "standard-webhooks");

    let (code, out, _) = run(&["list"])?;
    let row: Vec<&str> = out.lines().nth(1).unwrap_or_default().split_whitespace().collect();
    assert_eq!((code, row), (Some(0), vec!["crm", "webhook", "ready", "no", "0", "0", "0", "0", "-", &url]));
    let (code, out, _) = run(&["probe", "crm"])?;
    assert_eq!((code, out.starts_with("crm: answers, after ")), (Some(0), true), "{out}");
    assert_eq!(run(&["pause", "crm"])?.0, Some(0));
    let (_, out, _) = run(&["show", "crm"])?;
    assert!(out.contains("state         paused\n") && out.contains("config        events=client.put\n"), "{out}");
    for (command, then) in [("resume", "goes on"), ("retry", "what was refused or failed is tried now")] {
        assert_eq!(run(&[command, "crm"])?.1, format!("crm: {then}\n"));
    }
    assert_eq!(run(&["remove", "crm"])?.1, "crm: removed; it keeps our clients\n");
    for command in ["show", "probe", "pause", "resume", "retry", "remove"] {
        let (code, _, error) = run(&[command, "crm"])?;
        assert_eq!((code, error.contains("Target 'crm' does not exist")), (Some(1), true), "{command}: {error}");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_target_that_does_not_answer_is_added_only_untried() -> anyhow::Result<()> {
    let service = Service::start()?;
    service.realm("shop").await?;
    let url = hook(StatusCode::UNAUTHORIZED).await?;
    let add = ["add", "crm", "--connector", "webhook", "--url", &url];
    let (code, _, error) = said(&target(&service.url, &add, None)?);
    assert_eq!(code, Some(1));
    assert!(error.starts_with("matricula: crm was not added: ") && error.contains("--no-probe"), "{error}");
    let none: Value = service.admin(reqwest::Method::GET, "/shop/targets", None).await?.json().await?;
    assert_eq!(none, json!([]));
    let (code, out, error) = said(&target(&service.url, &[&add[..], &["--no-probe"]].concat(), None)?);
    assert_eq!(code, Some(0), "{error}");
    assert!(out.starts_with("Signing secret, shown this once: whsec_"), "{out}");
    let (code, _, error) = said(&target(&service.url, &[&add[..], &["--no-probe"]].concat(), None)?);
    assert_eq!((code, error.contains("Target 'crm' already exists")), (Some(1), true), "{error}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_comes_from_a_file_or_the_environment() -> anyhow::Result<()> {
    let service = Service::start()?;
    service.realm("shop").await?;
    let add = ["--connector", "keycloak", "--url", "http://127.0.0.1:1", "--token-url", "http://127.0.0.1:1/token"];
    let add = |name: &str, more: &[&str], secret: Option<&str>| {
        let arguments = [&["add", name, "--no-probe", "--client-id", "matricula"], &add[..], more].concat();
        target(&service.url, &arguments, secret).map(|output| said(&output))
    };
    let (code, _, error) = add("sso", &[], None)?;
    assert_eq!((code, error.contains("--secret-file or set MATRICULA_TARGET_SECRET")), (Some(2), true), "{error}");
    assert_eq!(add("sso", &[], Some("from the environment"))?.0, Some(0));
    let file = service.data().join("secret.txt");
    std::fs::write(&file, "from a file\n")?;
    let file = file.display().to_string();
    assert_eq!(add("other", &["--secret-file", &file, "--required", "--wait", "500"], None)?.0, Some(0));
    let stored: Value = service.admin(reqwest::Method::GET, "/shop/targets/other", None).await?.json().await?;
    assert_eq!((&stored["required"], &stored["wait"]), (&json!(true), &json!(500)));
    assert_eq!(stored["credentials"]["clientId"], "matricula");
    Ok(())
}

#[test]
fn a_command_line_that_means_nothing_ends_with_2() -> anyhow::Result<()> {
    for arguments in [
        &["add", "sso", "--connector", "keycloak"][..],
        &["add", "sso", "--connector", "keycloak", "--url", "http://127.0.0.1:1", "--set", "realm"],
        &["add", "sso", "--connector", "keycloak", "--url", "http://127.0.0.1:1", "--wait", "20000"],
        &["add", "sso", "--connector", "keycloak", "--url", "http://127.0.0.1:1", "--credentials", "password"],
        &["adopt", "sso"],
        &["adopt", "sso", "--all", "--client", "app"],
        &["sweep", "sso", "--dry-run", "--force"],
        &["probe"],
    ] {
        let (code, _, error) = said(&target("http://127.0.0.1:1", arguments, None)?);
        assert_eq!(code, Some(2), "{arguments:?}: {error}");
    }
    Ok(())
}

/// A server that tells of sweeps what the test wants, and takes note of what it is asked.
#[derive(Clone)]
struct Told {
    /// Answers to `sweep`, and to looks at it.
    reports: Arc<Mutex<Vec<Value>>>,
    asked: Arc<Mutex<Vec<Value>>>,
}

impl Told {
    async fn start(reports: Vec<Value>) -> anyhow::Result<(Told, String)> {
        let told = Told { reports: Arc::new(Mutex::new(reports)), asked: Arc::default() };
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
        let url = format!("http://{}", listener.local_addr()?);
        let routes = Router::new().fallback(any(answer)).with_state(told.clone());
        tokio::spawn(async move { axum::serve(listener, routes).await });
        Ok((told, url))
    }

    fn next(&self) -> Value {
        let mut reports = self.reports.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        if reports.is_empty() { Value::Null } else { reports.remove(0) }
    }

    fn asked(&self) -> Vec<Value> {
        self.asked.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).clone()
    }
}

async fn answer(State(told): State<Told>, method: Method, uri: Uri, body: Bytes) -> (StatusCode, Json<Value>) {
    if uri.path().ends_with("/token") {
        return (StatusCode::OK, Json(json!({"access_token": "a", "expires_in": 60})));
    }
    let body: Value = serde_json::from_slice(&body).unwrap_or_default();
    told.asked.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).push(body.clone());
    match (&method, uri.path()) {
        (&Method::POST, "/admin/realms/shop/targets/sso/sweep") => (StatusCode::ACCEPTED, Json(told.next())),
        (&Method::GET, "/admin/realms/shop/targets/sso/sweeps/s1") => (StatusCode::OK, Json(told.next())),
        (&Method::POST, "/admin/realms/shop/targets/sso/adopt") if body["clientId"] == "theirs" => {
            let description = "Client 'theirs' belongs to another realm";
            (StatusCode::CONFLICT, Json(json!({"error": "conflict", "error_description": description})))
        }
        (&Method::POST, "/admin/realms/shop/targets/sso/adopt") => {
            let fields = json!([{"field": "redirectUris", "target": ["https://old/cb"], "wanted": ["https://new/cb"]}]);
            let answer = json!({"clientId": body["clientId"], "fields": fields, "adopted": body["dryRun"] == false});
            (StatusCode::OK, Json(answer))
        }
        _ => (StatusCode::NOT_FOUND, Json(json!({"error": "not_found"}))),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sweep_is_followed_to_its_end_and_shown() -> anyhow::Result<()> {
    let report = json!({"id": "s1", "state": "done", "reason": null, "clients": 41, "marked": 40, "same": 38,
        "missing": [{"id": "1", "clientId": "gone"}],
        "different": [{"id": "2", "clientId": "app", "fields": [{"field": "name", "target": "Old", "wanted": "New"}]}],
        "orphans": [{"key": "k", "clientId": "left"}], "unmarked": [], "filled": 1, "repaired": 1, "removed": 1,
        "truncated": false});
    let (told, url) = Told::start(vec![json!({"id": "s1", "state": "running"}), report]).await?;
    let (code, out, error) = said(&target(&url, &["sweep", "sso"], None)?);
    assert_eq!(code, Some(0), "{error}");
    let expected = "sso: 41 clients, 40 at the target are ours, 38 are the same\n\
        FOUND      CLIENT  FIELD  THERE  HERE\n\
        missing    gone\n\
        different  app     name   Old    New\n\
        orphans    left\n\
        1 filled, 1 repaired, 1 removed\n";
    assert_eq!(out, expected);
    assert_eq!(told.asked()[0], json!({"dryRun": false, "force": false}));

    let stopped = json!({"id": "s1", "state": "stopped", "reason": "Would remove 12 of 52 clients"});
    let failed = json!({"id": "s1", "state": "failed", "reason": "Connection refused"});
    let (told, url) = Told::start(vec![stopped, failed]).await?;
    let (code, _, error) = said(&target(&url, &["sweep", "sso", "--dry-run"], None)?);
    assert_eq!(
        (code, error.as_str()),
        (Some(1), "matricula: sso: Would remove 12 of 52 clients; --force removes them\n")
    );
    let (code, _, error) = said(&target(&url, &["sweep", "sso", "--force"], None)?);
    assert_eq!((code, error.as_str()), (Some(1), "matricula: sso: Connection refused\n"));
    assert_eq!(told.asked(), [json!({"dryRun": true, "force": false}), json!({"dryRun": false, "force": true})]);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn clients_that_a_target_had_before_are_adopted() -> anyhow::Result<()> {
    let unmarked = |names: &[&str]| {
        let clients: Vec<Value> = names.iter().map(|name| json!({"id": name, "clientId": name})).collect();
        json!({"id": "s1", "state": "done", "unmarked": clients, "truncated": false})
    };
    let (told, url) = Told::start(vec![unmarked(&["one", "two"]), unmarked(&["one", "theirs", "two"])]).await?;
    let (code, out, _) = said(&target(&url, &["adopt", "sso", "--client", "app", "--dry-run"], None)?);
    let expected = "FIELD         THERE               HERE\n\
        redirectUris  [\"https://old/cb\"]  [\"https://new/cb\"]\n\
        app: 1 field differs, not adopted\n";
    assert_eq!((code, out.as_str()), (Some(0), expected));
    let (_, out, _) = said(&target(&url, &["adopt", "sso", "--client", "app"], None)?);
    assert!(out.ends_with("app: 1 field differed, adopted\n"), "{out}");
    let (code, _, error) = said(&target(&url, &["adopt", "sso", "--client", "theirs"], None)?);
    assert_eq!((code, error.contains("Client 'theirs' belongs to another realm")), (Some(1), true), "{error}");

    let (code, out, _) = said(&target(&url, &["adopt", "sso", "--all", "--dry-run"], None)?);
    assert_eq!((code, out.lines().last()), (Some(0), Some("sso: 2 unmarked, 0 adopted")));
    let (code, out, _) = said(&target(&url, &["adopt", "sso", "--all"], None)?);
    assert_eq!(code, Some(1));
    assert_eq!(out, "theirs: Client 'theirs' belongs to another realm\nsso: 3 unmarked, 2 adopted\n");
    let sweeps = told.asked().into_iter().filter(|body| body.get("clientId").is_none());
    assert!(sweeps.into_iter().all(|body| body == json!({"dryRun": true})));
    Ok(())
}
