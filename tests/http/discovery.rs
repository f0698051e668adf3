//! Discovery: what it names is there, and its authorization endpoint tells everybody that there is no login.

use anyhow::{Context, ensure};
use matricula_tests::Service;
use reqwest::{Client, Method, redirect};
use serde_json::{Value, json};

const AUTH: &str = "/realms/shop/protocol/openid-connect/auth";

/// The four addresses of the metadata of realm `shop`.
const METADATA: [&str; 4] = [
    "/realms/shop/.well-known/openid-configuration",
    "/realms/shop/.well-known/oauth-authorization-server",
    "/.well-known/oauth-authorization-server/realms/shop",
    "/.well-known/openid-configuration/realms/shop",
];

async fn shop() -> anyhow::Result<Service> {
    let service = Service::start()?;
    service.realm("shop").await?;
    Ok(service)
}

#[tokio::test]
async fn all_four_addresses_give_the_same_metadata_for_a_minute() -> anyhow::Result<()> {
    let service = shop().await?;
    let mut first = None;
    for path in METADATA {
        let answer = service.http.get(format!("{}{path}", service.url)).send().await?.error_for_status()?;
        ensure!(answer.headers()["cache-control"] == "max-age=60", "{path}");
        let metadata: Value = answer.json().await?;
        ensure!(metadata["authorization_endpoint"] == format!("{}{AUTH}", service.url), "{metadata}");
        ensure!(metadata["client_id_metadata_document_supported"] == false, "{metadata}");
        ensure!(metadata["registration_modes_supported"] == serde_json::json!(["immediate", "approval"]), "{metadata}");
        ensure!(first.get_or_insert_with(|| metadata.clone()) == &metadata, "{path}: {metadata}");
        let unknown = service.http.get(format!("{}{}", service.url, path.replace("shop", "none"))).send().await?;
        ensure!(unknown.status() == 404 && unknown.json::<Value>().await? == json!({"error": "Realm does not exist"}));
    }
    Ok(())
}

#[tokio::test]
async fn a_registration_gets_every_scope_that_discovery_names() -> anyhow::Result<()> {
    let service = shop().await?;
    let scope = json!({"name": "kept-back", "protocol": "openid-connect"});
    ensure!(service.admin(Method::POST, "/shop/client-scopes", Some(scope)).await?.status() == 201);
    let metadata = service.http.get(format!("{}{}", service.url, METADATA[0])).send().await?;
    let metadata: Value = metadata.json().await?;
    let named: Vec<&str> =
        metadata["scopes_supported"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    ensure!(named.contains(&"openid") && named.contains(&"profile") && named.contains(&"phone"), "{named:?}");
    ensure!(!named.contains(&"service_account") && !named.contains(&"kept-back"), "{named:?}");
    let token = service.initial_access_token("shop", json!({})).await?;
    let asked = json!({"redirect_uris": ["https://a.example/cb"], "scope": named.join(" ")});
    let made = service.register("shop", "openid-connect", Some(&token)).json(&asked).send().await?;
    ensure!(made.status() == 201, "{}", made.text().await?);
    Ok(())
}

#[tokio::test]
async fn the_authorization_endpoint_tells_programs_and_people_that_there_is_no_login() -> anyhow::Result<()> {
    let service = shop().await?;
    let http = Client::builder().redirect(redirect::Policy::none()).build()?;
    let asked = format!("{}{AUTH}?client_id=a&redirect_uri=https://evil.example/%3Cb%3E", service.url);
    for method in [Method::GET, Method::POST, Method::PUT, Method::DELETE, Method::OPTIONS] {
        let answer = http.request(method.clone(), &asked).send().await?;
        ensure!(answer.status() == 501, "{method}: {}", answer.status());
        ensure!(answer.headers()["content-type"] == "application/json" && answer.headers()["vary"] == "Accept");
        let expected = json!({"error": "server_error",
            "error_description": "Realm 'shop' is not connected to an authorization server"});
        ensure!(answer.json::<Value>().await? == expected, "{method}");

        let accept = "application/xhtml+xml, Text/HTML;q=0.9, */*;q=0.1";
        let answer = http.request(method.clone(), &asked).header("Accept", accept).send().await?;
        ensure!(answer.status() == 501, "{method}: {}", answer.status());
        for (name, value) in [
            ("content-type", "text/html;charset=UTF-8"),
            (
                "content-security-policy",
                "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
            ),
            ("x-content-type-options", "nosniff"),
            ("referrer-policy", "no-referrer"),
            ("vary", "Accept"),
            ("cache-control", "no-store"),
        ] {
            ensure!(answer.headers().get(name).context(name)? == value, "{method} {name}: {:?}", answer.headers());
        }
        ensure!(!answer.headers().contains_key("location"));
        let page = answer.text().await?;
        ensure!(page.contains("<h1>This realm can't log you in yet</h1>"), "{page}");
        ensure!(page.contains("<b>shop</b>") && page.contains("href=\"/console/#/shop/targets\""), "{page}");
        ensure!(!page.contains("evil") && !page.contains("<script"), "{page}");
    }
    let refused = http.get(&asked).header("Accept", "text/html;q=0, */*").send().await?;
    ensure!(refused.headers()["content-type"] == "application/json", "weight 0 takes no page");
    let unknown = http.get(asked.replace("shop", "none")).header("Accept", "text/html").send().await?;
    ensure!(unknown.status() == 404 && unknown.json::<Value>().await? == json!({"error": "Realm does not exist"}));
    Ok(())
}
