//! Bodies and connections that would take more than their share.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use matricula_tests::Service;
use serde_json::{Value, json};

#[tokio::test]
async fn a_body_of_more_than_one_mebibyte_is_refused_unread() -> anyhow::Result<()> {
    let service = Service::start()?;
    service.realm("shop").await?;
    let token = service.initial_access_token("shop", json!({})).await?;
    let body = json!({"clientId": "large", "description": "x".repeat(1 << 20)});
    let refused = service.register("shop", "default", Some(&token)).json(&body).send().await?;
    assert_eq!(refused.status(), 413);
    assert_eq!(refused.json::<Value>().await?["error"], "invalid_request");
    assert!(service.clients("shop", "large").await?.is_empty());
    Ok(())
}

#[tokio::test]
async fn a_request_whose_head_does_not_come_is_dropped_and_others_are_served() -> anyhow::Result<()> {
    let service = Service::start()?;
    let mut slow = TcpStream::connect(service.url.trim_start_matches("http://"))?;
    slow.write_all(b"GET /health/ready HTTP/1.1\r\n")?;
    let ready = service.http.get(format!("{}/health/ready", service.url)).send().await?;
    assert_eq!(ready.status(), 200);
    slow.set_read_timeout(Some(Duration::from_secs(20)))?;
    // The server closes the connection; what it says before that is its own affair.
    let mut rest = Vec::new();
    slow.read_to_end(&mut rest)?;
    Ok(())
}
