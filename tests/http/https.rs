//! HTTPS without a proxy.

use std::path::{Path, PathBuf};
use std::time::Duration;

use matricula_tests::{PASSWORD, Service, speak, within};
use reqwest::{Certificate, Client};
use serde_json::{Value, json};

/// Writes a new certificate for this machine and its key into a folder; the certificate as PEM.
fn renew(folder: &Path) -> anyhow::Result<String> {
    let names = ["localhost".to_owned(), "127.0.0.1".to_owned()];
    let made = rcgen::generate_simple_self_signed(names)?;
    std::fs::write(folder.join("certificate.pem"), made.cert.pem())?;
    std::fs::write(folder.join("key.pem"), made.signing_key.serialize_pem())?;
    Ok(made.cert.pem())
}

/// A caller that trusts this certificate only.
fn trusting(certificate: &str) -> anyhow::Result<Client> {
    let certificate = Certificate::from_pem(certificate.as_bytes())?;
    Ok(Client::builder().tls_certs_only([certificate]).build()?)
}

/// A folder of a test's own.
fn folder() -> anyhow::Result<PathBuf> {
    let folder = std::env::temp_dir().join(format!("matricula-https-{}", uuid::Uuid::new_v4()));
    std::fs::create_dir(&folder)?;
    Ok(folder)
}

/// A server with a certificate in this folder, and that certificate.
fn start(folder: &Path) -> anyhow::Result<(Service, String)> {
    let certificate = renew(folder)?;
    let (certificate_file, key) = (folder.join("certificate.pem"), folder.join("key.pem"));
    let options = [
        "--tls-certificate",
        certificate_file.to_str().unwrap_or_default(),
        "--tls-key",
        key.to_str().unwrap_or_default(),
    ];
    let mut service = Service::start_with(&options)?;
    service.http = trusting(&certificate)?;
    Ok((service, certificate))
}

#[tokio::test]
async fn clients_are_registered_over_https_where_the_realm_demands_it() -> anyhow::Result<()> {
    let folder = folder()?;
    let (service, _) = start(&folder)?;
    assert!(service.url.starts_with("https://"), "{}", service.url);
    let realm = json!({"realm": "shop", "enabled": true, "sslRequired": "all"});
    assert_eq!(service.admin(reqwest::Method::POST, "", Some(realm)).await?.status(), 201);
    let token = service.initial_access_token("shop", json!({})).await?;
    let request = service.register("shop", "openid-connect", Some(&token));
    let made = request.json(&json!({"redirect_uris": ["https://a.example/"]})).send().await?;
    assert_eq!(made.status(), 201, "{}", made.text().await?);
    let made: Value = made.json().await?;
    let address = made["registration_client_uri"].as_str().unwrap_or_default();
    assert!(address.starts_with(&service.url), "{address}");
    let own = made["registration_access_token"].as_str().unwrap_or_default();
    assert_eq!(service.http.get(address).bearer_auth(own).send().await?.status(), 200);
    Ok(())
}

#[tokio::test]
async fn over_https_nobody_else_can_set_the_cookie_of_the_console() -> anyhow::Result<()> {
    let folder = folder()?;
    let (service, _) = start(&folder)?;
    let url = format!("{}/console/session", service.url);
    let administrator = json!({"user": "admin", "password": PASSWORD});
    let signed_in = service.http.post(&url).json(&administrator).send().await?;
    assert_eq!(signed_in.status(), 200);
    let cookie = signed_in.headers()["set-cookie"].to_str()?.to_owned();
    let (pair, rest) = cookie.split_once("; ").unwrap_or_default();
    let value = pair.strip_prefix("__Host-matricula_session=").unwrap_or_default();
    assert!(!value.is_empty(), "{cookie}");
    let mut attributes: Vec<&str> = rest.split("; ").collect();
    attributes.sort_unstable();
    assert_eq!(attributes, ["HttpOnly", "Path=/", "SameSite=Strict", "Secure"]);
    let session = async |cookie: String| {
        let read = service.http.get(&url).header("cookie", cookie).send().await?;
        anyhow::Ok(read.json::<Value>().await?["user"].take())
    };
    assert_eq!(session(pair.to_owned()).await?, "admin");
    assert_eq!(
        session(format!("matricula_session={value}")).await?,
        Value::Null,
        "anybody on the way can set that one"
    );
    Ok(())
}

#[tokio::test]
async fn plain_http_gets_no_answer_from_an_encrypted_address() -> anyhow::Result<()> {
    let folder = folder()?;
    let (mut service, _) = start(&folder)?;
    service.url = service.url.replace("https://", "http://");
    let answer = speak(&service, b"GET /health/live HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")?;
    assert!(!answer.contains("HTTP/1.1 200"), "{answer}");
    Ok(())
}

#[tokio::test]
async fn a_new_certificate_is_used_without_a_restart_and_a_broken_one_is_not() -> anyhow::Result<()> {
    let folder = folder()?;
    let (service, old) = start(&folder)?;
    let answers = async |certificate: &str| -> anyhow::Result<bool> {
        // A new client, as connections that are there keep what they agreed on.
        Ok(trusting(certificate)?.get(format!("{}/health/live", service.url)).send().await.is_ok())
    };
    assert!(answers(&old).await?);
    std::fs::write(folder.join("certificate.pem"), "no certificate")?;
    std::fs::remove_file(folder.join("key.pem"))?;
    tokio::time::sleep(Duration::from_millis(2500)).await;
    assert!(answers(&old).await?, "the one before stays");
    assert!(service.log()?.contains("the certificate before stays in use"), "{}", service.log()?);
    let new = renew(&folder)?;
    within(Duration::from_secs(10), async || answers(&new).await).await?;
    assert!(!answers(&old).await?, "nobody is shown the old one any more");
    Ok(())
}

#[tokio::test]
async fn a_certificate_without_its_key_is_an_error_at_the_start() -> anyhow::Result<()> {
    let folder = folder()?;
    renew(&folder)?;
    let certificate = folder.join("certificate.pem");
    let started = Service::start_with(&["--tls-certificate", certificate.to_str().unwrap_or_default()]);
    assert!(started.is_err());
    // Nor may the key be that of another one.
    let other = self::folder()?;
    renew(&other)?;
    let key = other.join("key.pem");
    let options =
        ["--tls-certificate", certificate.to_str().unwrap_or_default(), "--tls-key", key.to_str().unwrap_or_default()];
    assert!(Service::start_with(&options).is_err());
    Ok(())
}
