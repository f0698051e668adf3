//! What scripts of pages of other origins may read (CORS), and the addresses that they ask.

use anyhow::{Context, ensure};
use matricula_tests::{PASSWORD, Service};
use reqwest::header::HeaderMap;
use reqwest::{Method, Response};
use serde_json::{Value, json};

const ORIGIN: &str = "https://app.example";
const READ: [&str; 6] = [
    "/realms/shop",
    "/realms/shop/protocol/openid-connect/certs",
    "/realms/shop/.well-known/openid-configuration",
    "/realms/shop/.well-known/oauth-authorization-server",
    "/.well-known/oauth-authorization-server/realms/shop",
    "/.well-known/openid-configuration/realms/shop",
];
const POSTED: [&str; 3] = ["token", "revoke", "logout"];

async fn shop() -> anyhow::Result<Service> {
    let service = Service::start()?;
    service.realm("shop").await?;
    Ok(service)
}

fn readable(headers: &HeaderMap, origin: &str) -> bool {
    let is = |name: &str, value: &str| headers.get(name).is_some_and(|found| found == value);
    is("access-control-allow-origin", origin)
        && is("access-control-allow-credentials", "true")
        && headers.get_all("vary").iter().any(|vary| vary == "Origin")
}

fn unreadable(headers: &HeaderMap) -> bool {
    !headers.keys().any(|name| name.as_str().starts_with("access-control-"))
}

#[tokio::test]
async fn what_is_public_is_read_by_scripts_of_every_origin() -> anyhow::Result<()> {
    let service = shop().await?;
    for path in READ {
        for slash in ["", "/"] {
            let url = format!("{}{path}{slash}", service.url);
            for method in [Method::GET, Method::HEAD] {
                let read = service.http.request(method.clone(), &url).header("Origin", ORIGIN).send().await?;
                ensure!(read.status() == 200 && readable(read.headers(), ORIGIN), "{method} {url}: {read:?}");
            }
            let plain = service.http.get(&url).send().await?;
            ensure!(plain.status() == 200 && unreadable(plain.headers()), "{url}: {plain:?}");
            // A cache must not give that one to a script.
            ensure!(plain.headers()["vary"] == "Origin", "{url}");
            let unknown = service.http.get(url.replace("shop", "none")).header("Origin", ORIGIN).send().await?;
            ensure!(unknown.status() == 404 && readable(unknown.headers(), ORIGIN), "{url}: {unknown:?}");
        }
    }
    Ok(())
}

#[tokio::test]
async fn preflights_are_answered_wherever_scripts_may_ask() -> anyhow::Result<()> {
    let service = shop().await?;
    let posted = POSTED.map(|name| format!("/realms/shop/protocol/openid-connect/{name}"));
    let read = READ.map(|path| (path.to_owned(), "GET, HEAD, OPTIONS"));
    for (path, methods) in read.into_iter().chain(posted.map(|path| (path, "POST, OPTIONS"))) {
        for slash in ["", "/"] {
            let asked = service.http.request(Method::OPTIONS, format!("{}{path}{slash}", service.url));
            let preflight = asked
                .header("Origin", ORIGIN)
                .header("Access-Control-Request-Method", "GET")
                .header("Access-Control-Request-Headers", "authorization");
            let answer = preflight.send().await?;
            let headers = answer.headers();
            ensure!(answer.status() == 200 && readable(headers, ORIGIN), "{path}{slash}: {answer:?}");
            ensure!(headers["access-control-allow-methods"] == methods, "{path}: {headers:?}");
            ensure!(headers["access-control-max-age"] == "3600");
            let allowed = headers["access-control-allow-headers"].to_str()?;
            for header in ["Authorization", "Content-Type"] {
                ensure!(allowed.split(", ").any(|name| name == header), "{path}: {allowed}");
            }
            let plain = service.http.request(Method::OPTIONS, format!("{}{path}{slash}", service.url)).send().await?;
            ensure!(plain.status() == 200 && unreadable(plain.headers()), "{path}: {plain:?}");
        }
    }
    let elsewhere = service.http.request(Method::OPTIONS, format!("{}/admin/realms", service.url));
    ensure!(elsewhere.header("Origin", ORIGIN).send().await?.status() == 405);
    Ok(())
}

/// A server whose realm `shop` has the user `ann` and public clients: `app` for scripts of an origin of its own, `any`
/// for those of every origin, `none` for no script.
async fn with_clients() -> anyhow::Result<Service> {
    let service = shop().await?;
    let credentials = json!([{"type": "password", "value": PASSWORD, "temporary": false}]);
    let ann = json!({"username": "ann", "enabled": true, "credentials": credentials});
    ensure!(service.admin(Method::POST, "/shop/users", Some(ann)).await?.status() == 201);
    for (name, origins) in [("app", vec![ORIGIN]), ("plus", vec!["+"]), ("any", vec!["*"]), ("none", vec![])] {
        let client = json!({"clientId": name, "publicClient": true, "directAccessGrantsEnabled": true,
            "webOrigins": origins, "redirectUris": [format!("{ORIGIN}/cb")]});
        let made = service.admin(Method::POST, "/shop/clients", Some(client)).await?;
        ensure!(made.status() == 201, "{}", made.text().await?);
    }
    Ok(service)
}

async fn post(service: &Service, name: &str, form: &[(&str, &str)], origin: Option<&str>) -> anyhow::Result<Response> {
    let url = format!("{}/realms/shop/protocol/openid-connect/{name}", service.url);
    let request = service.http.post(url).form(form);
    Ok(match origin {
        Some(origin) => request.header("Origin", origin),
        None => request,
    }
    .send()
    .await?)
}

fn login<'a>(client: &'a str, password: &'a str) -> [(&'a str, &'a str); 4] {
    [("grant_type", "password"), ("client_id", client), ("username", "ann"), ("password", password)]
}

#[tokio::test]
async fn scripts_read_the_token_endpoint_as_the_web_origins_of_the_client_allow() -> anyhow::Result<()> {
    let service = with_clients().await?;
    for client in ["app", "plus", "any"] {
        let answer = post(&service, "token", &login(client, PASSWORD), Some(ORIGIN)).await?;
        ensure!(answer.status() == 200 && readable(answer.headers(), ORIGIN), "{client}: {answer:?}");
        ensure!(answer.headers()["cache-control"] == "no-store");
        // It is told why, too.
        let answer = post(&service, "token", &login(client, "wrong"), Some(ORIGIN)).await?;
        ensure!(answer.status() == 400 && readable(answer.headers(), ORIGIN), "{client}: {answer:?}");
    }
    for (client, origin) in [("none", ORIGIN), ("app", "https://other.example"), ("app", "null"), ("app", "")] {
        let answer = post(&service, "token", &login(client, PASSWORD), Some(origin)).await?;
        ensure!(answer.status() == 403 && unreadable(answer.headers()), "{client} {origin}: {answer:?}");
        ensure!(answer.json::<Value>().await? == json!({"error": "Invalid origin"}));
        let answer = post(&service, "token", &login(client, PASSWORD), None).await?;
        ensure!(answer.status() == 200 && unreadable(answer.headers()), "{client}: {answer:?}");
    }
    // The server's own pages need no headers.
    let answer = post(&service, "token", &login("none", PASSWORD), Some(&service.url)).await?;
    ensure!(answer.status() == 200 && unreadable(answer.headers()), "{answer:?}");
    // Whoever is no client may know it; of what is no grant nobody says for whom it is.
    let answer = post(&service, "token", &login("nobody", PASSWORD), Some(ORIGIN)).await?;
    ensure!(answer.status() == 401 && readable(answer.headers(), ORIGIN), "{answer:?}");
    let magic = [("grant_type", "magic"), ("client_id", "nobody")];
    let answer = post(&service, "token", &magic, Some(ORIGIN)).await?;
    ensure!(answer.status() == 400 && unreadable(answer.headers()), "{answer:?}");
    Ok(())
}

#[tokio::test]
async fn scripts_revoke_and_log_out_as_the_web_origins_of_the_client_allow() -> anyhow::Result<()> {
    let service = with_clients().await?;
    for (name, member, done) in [("revoke", "token", 200), ("logout", "refresh_token", 204)] {
        let tokens: Value = post(&service, "token", &login("app", PASSWORD), None).await?.json().await?;
        let refresh_token = tokens["refresh_token"].as_str().context("no refresh token")?;
        let form = [("client_id", "app"), (member, refresh_token)];
        let answer = post(&service, name, &form, Some("https://other.example")).await?;
        ensure!(answer.status() == 403 && unreadable(answer.headers()), "{name}: {answer:?}");
        let answer = post(&service, name, &form, Some(ORIGIN)).await?;
        ensure!(answer.status() == done && readable(answer.headers(), ORIGIN), "{name}: {answer:?}");
        let answer = post(&service, name, &form[..1], Some(ORIGIN)).await?;
        ensure!(answer.status() == 400 && readable(answer.headers(), ORIGIN), "{name}: {answer:?}");
        let answer = post(&service, name, &[("client_id", "nobody")], Some(ORIGIN)).await?;
        ensure!(answer.status() == 401 && readable(answer.headers(), ORIGIN), "{name}: {answer:?}");
    }
    Ok(())
}

#[tokio::test]
async fn a_path_may_end_in_a_slash_and_a_page_must() -> anyhow::Result<()> {
    let service = with_clients().await?;
    let token = service.initial_access_token("shop", json!({"count": 2})).await?;
    let made = service.register("shop", "openid-connect/", Some(&token)).json(&json!({})).send().await?;
    ensure!(made.status() == 201, "{}", made.text().await?);
    let made: Value = made.json().await?;
    let url = format!("{}/", made["registration_client_uri"].as_str().context("no address")?);
    let own = made["registration_access_token"].as_str().context("no token")?;
    let read = service.http.get(format!("{url}?x=/y/")).bearer_auth(own).send().await?;
    ensure!(read.status() == 200, "{}", read.text().await?);
    ensure!(service.http.delete(&url).bearer_auth(own).send().await?.status() == 204);
    let status =
        async |path: &str| anyhow::Ok(service.http.get(format!("{}{path}", service.url)).send().await?.status());
    for path in ["/health/live/", "/health/ready/", "/openapi.json/", "/console/session/"] {
        ensure!(status(path).await? == 200, "{path}");
    }
    ensure!(status("/realms/shop/protocol/openid-connect/auth/").await? == 501);
    for (path, expected) in [("/realms/shop//", 400), ("/realms/", 404), ("/", 404), ("/admin/realms/", 401)] {
        ensure!(status(path).await? == expected, "{path}: {}", status(path).await?);
    }
    ensure!(status("/console/").await? == status("/console/index.html").await?);
    let login = service.http.post(format!("{}/realms/shop/protocol/openid-connect/token/", service.url));
    ensure!(login.form(&self::login("app", PASSWORD)).send().await?.status() == 200);
    Ok(())
}
