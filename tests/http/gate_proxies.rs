//! The configurations of docs/gate.md, run as they stand there by a real nginx and a real haproxy.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, bail, ensure};
use axum::Router;
use axum::extract::Request;
use axum::routing::any;
use matricula_tests::{Service, within};
use reqwest::{Client, Method, Response};
use serde_json::json;

use crate::client_documents::{client, set, shop};

const SOON: Duration = Duration::from_secs(20);

/// A proxy of the page between browsers, an authorization server and Matricula; it ends with this.
struct Front {
    process: Child,
    url: String,
    folder: PathBuf,
}

impl Drop for Front {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// The block of the page that is marked as this language and has this text.
fn block(language: &str, part: &str) -> anyhow::Result<String> {
    let page = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/gate.md"))?;
    let mut blocks = page.split("```").skip(1).step_by(2);
    let found = blocks.find_map(|block| block.strip_prefix(language).filter(|block| block.contains(part)));
    found.map(str::to_owned).with_context(|| format!("docs/gate.md has no block of {language} with {part}"))
}

fn free_port() -> anyhow::Result<u16> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}

/// The server that logs people in: it says which address it was asked for.
async fn authorization_server() -> anyhow::Result<String> {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?.to_string();
    let answer = async |request: Request| format!("logged in at {}", request.uri());
    tokio::spawn(async move { axum::serve(listener, Router::new().fallback(any(answer))).await });
    Ok(address)
}

impl Front {
    /// Starts a program of the page; its files are those blocks, with the addresses of this test.
    async fn start(
        service: &Service,
        program: (&str, &str, &[&str]),
        files: &[(&str, &str, &str)],
    ) -> anyhow::Result<Front> {
        let (name, package, arguments) = program;
        let path =
            ["/usr/sbin", "/usr/bin"].iter().map(|folder| Path::new(folder).join(name)).find(|path| path.exists());
        let Some(path) = path else { bail!("{name} is not there: sudo apt-get install {package}") };
        let (port, server) = (free_port()?, authorization_server().await?);
        let matricula = service.url.trim_start_matches("http://").replace("localhost", "127.0.0.1");
        let folder = std::env::temp_dir().join(format!("matricula-front-{name}-{port}"));
        std::fs::create_dir_all(&folder)?;
        for (file, language, part) in files {
            let text = block(language, part)?;
            let text = text.replace("127.0.0.1:8000", &format!("127.0.0.1:{port}"));
            let text = text.replace("127.0.0.1:8080", &matricula).replace("127.0.0.1:8180", &server);
            std::fs::write(folder.join(file), text)?;
        }
        let log = std::fs::File::create(folder.join("log"))?;
        let process = Command::new(path)
            .args(arguments)
            .current_dir(&folder)
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn()?;
        let front = Front { process, url: format!("http://127.0.0.1:{port}"), folder };
        let is_there = async || Ok(reqwest::get(format!("{}/up", front.url)).await.is_ok());
        within(SOON, is_there)
            .await
            .with_context(|| std::fs::read_to_string(front.folder.join("log")).unwrap_or_default())?;
        Ok(front)
    }

    async fn get(&self, path: &str, headers: &[(&str, &str)]) -> anyhow::Result<Response> {
        let mut request = Client::new().get(format!("{}{path}", self.url));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        Ok(request.send().await?)
    }
}

/// What holds behind every proxy.
async fn keeps_the_gate(service: &Service, front: &Front, own: &[(&str, &str)]) -> anyhow::Result<()> {
    set(service, json!({"gate": {"unknown": "refuse"}})).await?;
    let made = service.register("shop", "openid-connect", None);
    let made = made.json(&json!({"redirect_uris": ["http://127.0.0.1/cb"]})).send().await?;
    let made: serde_json::Value = made.json().await?;
    let client_id = made["client_id"].as_str().context("no client_id")?;
    let auth = "/realms/shop/protocol/openid-connect/auth";
    let logged_in = front.get(&format!("{auth}?client_id={client_id}&state=x"), &[]).await?;
    ensure!(logged_in.status() == 200, "{}", logged_in.text().await?);
    assert_eq!(logged_in.text().await?, format!("logged in at {auth}?client_id={client_id}&state=x"));
    let page = front.get(&format!("{auth}?client_id=nobody"), &[("accept", "text/html")]).await?;
    assert_eq!(page.status(), 403);
    assert_eq!(page.headers()["content-type"], "text/html;charset=UTF-8");
    let page = page.text().await?;
    assert!(
        page.contains("Client &#39;nobody&#39; is not registered")
            || page.contains("Client 'nobody' is not registered"),
        "{page}"
    );
    // Keycloak takes all of these for the same place, and a browser may send what proxies send.
    for path in [
        "/realms/shop/protocol/openid-connect/auth/",
        "/realms/shop/protocol/openid-connect/auth;x=y",
        "/realms/shop;x/protocol;y/openid-connect;z/auth",
        "/realms;a/shop/protocol/openid-connect/auth",
        "/realms/shop/protocol/openid-connect/registrations",
        "/realms/shop//protocol/openid-connect/auth",
        "/realms/shop/protocol/openid-connect/%61uth",
    ] {
        let refused = front.get(&format!("{path}?client_id=nobody"), &[]).await?;
        let status = refused.status();
        let text = refused.text().await?;
        assert!(status == 403 || !text.contains("openid-connect"), "{path}: {status} {text}");
    }
    for (name, value) in own {
        let refused =
            front.get(&format!("{auth}?client_id=nobody"), &[(*name, &value.replace('@', client_id))]).await?;
        assert_eq!(refused.status(), 403, "{name}");
    }
    let stored = client(service, client_id).await?;
    let path = format!("/shop/clients/{}", stored["id"].as_str().context("no id")?);
    service.admin(Method::PUT, &path, Some(json!({"enabled": false}))).await?;
    assert_eq!(front.get(&format!("{auth}?client_id={client_id}"), &[]).await?.status(), 403);
    // Registration and metadata are here, everything else is there.
    let metadata = front.get("/realms/shop/.well-known/openid-configuration", &[]).await?;
    assert!(metadata.json::<serde_json::Value>().await?.get("registration_endpoint").is_some());
    let registered = Client::new().post(format!("{}/realms/shop/clients-registrations/openid-connect", front.url));
    let registered = registered.json(&json!({"redirect_uris": ["http://127.0.0.1/cb"]})).send().await?;
    assert_eq!(registered.status(), 201);
    let own = front.get("/as/realms/shop/.well-known/openid-configuration", &[]).await?.text().await?;
    assert_eq!(own, "logged in at /realms/shop/.well-known/openid-configuration");
    assert_eq!(
        front.get("/realms/shop/account?x=1", &[]).await?.text().await?,
        "logged in at /realms/shop/account?x=1"
    );
    Ok(())
}

const OF_A_BROWSER: [(&str, &str); 3] = [
    ("x-original-uri", "/realms/shop/protocol/openid-connect/auth?client_id=@"),
    ("x-original-url", "https://sso.example/auth?client_id=@"),
    ("x-forwarded-uri", "/auth?client_id=@"),
];

#[tokio::test]
async fn nginx_keeps_the_gate_as_the_page_says() -> anyhow::Result<()> {
    let (service, _) = shop(json!({})).await?;
    let program = ("nginx", "nginx", &["-p", ".", "-c", "front.conf", "-e", "error.log"][..]);
    let front = Front::start(&service, program, &[("front.conf", "nginx\n", "auth_request")]).await?;
    keeps_the_gate(&service, &front, &OF_A_BROWSER).await
}

#[tokio::test]
async fn haproxy_keeps_the_gate_as_the_page_says() -> anyhow::Result<()> {
    let (service, _) = shop(json!({})).await?;
    let files = [("front.cfg", "haproxy\n", "lua-load"), ("gate.lua", "lua\n", "register_action")];
    let front = Front::start(&service, ("haproxy", "haproxy", &["-f", "front.cfg"]), &files).await?;
    keeps_the_gate(&service, &front, &OF_A_BROWSER).await
}
