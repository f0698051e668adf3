//! What an operator sees of requests: their ids in answers and in the log.

use std::collections::BTreeSet;

use anyhow::ensure;
use matricula_tests::{Service, guests, speak};
use serde_json::{Value, json};

#[tokio::test]
async fn every_answer_has_an_id_and_keeps_that_of_the_request_if_it_is_plain() -> anyhow::Result<()> {
    let service = Service::start()?;
    let mut seen = BTreeSet::new();
    for path in ["/realms/master", "/nowhere", "/health/live", "/realms/none/clients-registrations/default", "/a//b"] {
        for (sent, kept) in [(None, false), (Some("proxy-17:a_b"), true), (Some("not plain"), false)] {
            let request = service.http.get(format!("{}{path}", service.url));
            let request = if let Some(id) = sent { request.header("X-Request-Id", id) } else { request };
            let answer = request.send().await?;
            let ids: Vec<_> = answer.headers().get_all("x-request-id").iter().collect();
            ensure!(ids.len() == 1, "{path}: {ids:?}");
            let id = ids[0].to_str()?.to_owned();
            if kept {
                assert_eq!(Some(id.as_str()), sent, "{path}");
            } else {
                ensure!(id.len() == 32 && seen.insert(id.clone()), "{path}: {id}");
            }
        }
    }
    let raw =
        speak(&service, b"GET /health/live HTTP/1.1\r\nHost: a\r\nX-Request-Id: a\xff\r\nConnection: close\r\n\r\n")?;
    ensure!(raw.contains("x-request-id: ") && !raw.contains("x-request-id: a"), "{raw}");
    Ok(())
}

#[tokio::test]
async fn every_line_that_is_logged_about_a_request_has_its_id() -> anyhow::Result<()> {
    // Level `warn`, as an operator may have it, and everything.
    for level in ["warn", "matricula=trace"] {
        let guests = guests()?.display().to_string();
        let service = Service::start_in(&[("MATRICULA_LOG", level)], &["--policies", &guests])?;
        service.realm("shop").await?;
        let token = service.initial_access_token("shop", json!({})).await?;
        // This policy fails, which is logged.
        service.policy("shop", "authenticated", "traps", json!({})).await?;
        let refused = service
            .register("shop", "default", Some(&token))
            .header("X-Request-Id", "the-one")
            .json(&json!({"clientId": "mine"}))
            .send()
            .await?;
        ensure!(refused.status() == 500, "{}", refused.text().await?);
        let log = service.log()?;
        let lines = log.lines().map(serde_json::from_str).collect::<Result<Vec<Value>, _>>()?;
        let of_request: Vec<_> = lines.iter().filter(|line| line["span"]["request_id"] == "the-one").collect();
        ensure!(
            of_request.iter().any(|line| line["message"].as_str().unwrap_or_default().contains("no answer")),
            "{log}"
        );
        if level != "warn" {
            ensure!(of_request.iter().any(|line| line["message"] == "answered" && line["status"] == 500), "{log}");
        }
    }
    Ok(())
}
