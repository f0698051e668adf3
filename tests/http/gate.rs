//! The gate before an authorization server: what a reverse proxy is told of the client of a request.

use std::time::Duration;

use anyhow::ensure;
use matricula_tests::{Service, within};
use reqwest::{Method, Response, Url};
use serde_json::{Value, json};

use crate::client_documents::{client, set, shop};

const SOON: Duration = Duration::from_secs(10);

fn asked(client_id: &str) -> anyhow::Result<String> {
    let parameters = [("response_type", "code"), ("client_id", client_id)];
    let url = Url::parse_with_params("http://as/realms/x/protocol/openid-connect/auth", parameters)?;
    Ok(format!("{}?{}", url.path(), url.query().unwrap_or_default()))
}

async fn gate(service: &Service, client_id: &str) -> anyhow::Result<Response> {
    let url = format!("{}/realms/shop/gate", service.url);
    Ok(service.http.get(url).header("x-original-uri", asked(client_id)?).send().await?)
}

async fn denied(answer: Response, error: &str, description: &str) -> anyhow::Result<()> {
    let status = answer.status();
    assert_eq!(answer.headers()["cache-control"], "no-store");
    let body: Value = answer.json().await?;
    ensure!(status == 403 && body["error"] == error && body["error_description"] == description, "{status} {body}");
    Ok(())
}

async fn registered(service: &Service, name: &str) -> anyhow::Result<String> {
    let made = service.register("shop", "openid-connect", None);
    let made = made.json(&json!({"client_name": name, "redirect_uris": ["http://127.0.0.1/cb"]})).send().await?;
    let made: Value = made.json().await?;
    Ok(made["client_id"].as_str().unwrap_or_default().to_owned())
}

#[tokio::test]
async fn a_change_of_a_client_counts_at_once() -> anyhow::Result<()> {
    let (service, _) = shop(json!({})).await?;
    set(&service, json!({"gate": {"unknown": "refuse"}})).await?;
    let client_id = registered(&service, "a").await?;
    let stored = client(&service, &client_id).await?;
    let path = format!("/shop/clients/{}", stored["id"].as_str().unwrap_or_default());
    for _ in 0..5 {
        // Remembered by the second.
        for _ in 0..3 {
            let answer = gate(&service, &client_id).await?;
            assert_eq!(answer.status(), 200);
            assert_eq!(answer.headers()["matricula-client"], stored["id"].as_str().unwrap_or_default());
        }
        service.admin(Method::PUT, &path, Some(json!({"enabled": false}))).await?;
        let reason = format!("Client '{client_id}' is disabled");
        denied(gate(&service, &client_id).await?, "unauthorized_client", &reason).await?;
        service.admin(Method::PUT, &path, Some(json!({"enabled": true}))).await?;
    }
    assert_eq!(gate(&service, &client_id).await?.status(), 200);
    service.admin(Method::PUT, &path, Some(json!({"clientId": "renamed"}))).await?;
    let reason = format!("Client '{client_id}' is not registered");
    denied(gate(&service, &client_id).await?, "unauthorized_client", &reason).await?;
    assert_eq!(gate(&service, "renamed").await?.status(), 200);
    Ok(())
}

#[tokio::test]
async fn a_document_comes_through_the_gate_and_its_faults_are_told_there() -> anyhow::Result<()> {
    let (service, publisher) = shop(json!({})).await?;
    let address = publisher.publish("/a.json", json!({}));
    for _ in 0..3 {
        assert_eq!(gate(&service, &address).await?.status(), 200);
    }
    assert_eq!(publisher.asked("/a.json").len(), 1);
    assert_eq!(client(&service, &address).await?["consentRequired"], false);
    let other = publisher.publish("/b.json", json!({"client_secret": "x"}));
    denied(gate(&service, &other).await?, "invalid_client", "client_secret is not allowed").await?;
    let nowhere = format!("{}/nowhere.json", publisher.url);
    let reason = "The document could not be fetched: status 404";
    denied(gate(&service, &nowhere).await?, "invalid_client", reason).await?;
    denied(gate(&service, "https://app.example.com").await?, "invalid_client", "client_id must have a path").await?;
    assert_eq!(gate(&service, "http://app.example.com/c.json").await?.status(), 200, "no https: none of ours");
    service
        .policy(
            "shop",
            "anonymous",
            "trusted-hosts",
            json!({"trusted-hosts": ["other.example"],
        "host-sending-registration-request-must-match": ["true"], "client-uris-must-match": ["true"]}),
        )
        .await?;
    let refused = gate(&service, &publisher.publish("/c.json", json!({}))).await?;
    assert_eq!(refused.status(), 403);
    assert!(refused.headers().contains_key("matricula-decision"));
    set(&service, json!({"clientIdMetadataDocuments": null})).await?;
    assert_eq!(gate(&service, &address).await?.status(), 200, "known clients stay");
    assert_eq!(gate(&service, &publisher.publish("/d.json", json!({}))).await?.status(), 200, "and others pass");
    assert!(publisher.asked("/d.json").is_empty());
    Ok(())
}

#[tokio::test]
async fn people_read_a_page_and_nothing_from_outside_changes_it() -> anyhow::Result<()> {
    let (service, _) = shop(json!({})).await?;
    set(&service, json!({"gate": {"unknown": "refuse"}})).await?;
    let url = format!("{}/realms/shop/gate", service.url);
    let ask = async |client_id: &str| -> anyhow::Result<Response> {
        let request = service.http.get(&url).header("x-original-uri", asked(client_id)?);
        Ok(request.header("accept", "text/html,*/*;q=0.8").send().await?)
    };
    let page = ask("\"><script>alert(1)</script>").await?;
    assert_eq!(page.status(), 403);
    let headers = page.headers().clone();
    assert_eq!(headers["content-type"], "text/html;charset=UTF-8");
    assert!(headers["content-security-policy"].to_str()?.contains("default-src 'none'"));
    assert_eq!((&headers["vary"], &headers["cache-control"]), (&"Accept".parse()?, &"no-store".parse()?));
    let text = page.text().await?;
    assert!(!text.contains("<script") && text.contains("is not registered"), "{text}");
    let known = ask(&registered(&service, "a").await?).await?;
    assert_eq!((known.status().as_u16(), &known.headers()["refresh"]), (200, &"0".parse()?));
    Ok(())
}

#[tokio::test]
async fn realms_that_are_not_there_or_disabled_have_no_gate() -> anyhow::Result<()> {
    let (service, _) = shop(json!({})).await?;
    let ask = async |realm: &str| -> anyhow::Result<u16> {
        let url = format!("{}/realms/{realm}/gate?client_id=x", service.url);
        Ok(service.http.get(url).send().await?.status().as_u16())
    };
    assert_eq!((ask("shop").await?, ask("nowhere").await?), (200, 404));
    set(&service, json!({"enabled": false})).await?;
    within(SOON, async || Ok(ask("shop").await? == 403)).await
}
