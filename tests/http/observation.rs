//! What an operator sees of requests: their ids in answers and in the log, figures, and that figures stay few.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, ensure};
use matricula_tests::{Service, guests, speak};
use reqwest::Method;
use serde_json::{Value, json};

/// A server with its figures at an address of their own.
fn observed() -> anyhow::Result<(Service, String)> {
    let free = std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?;
    let service = Service::start_with(&["--metrics", &free.to_string()])?;
    Ok((service, format!("http://{free}/metrics")))
}

/// The figures, by name and labels.
async fn figures(service: &Service, url: &str) -> anyhow::Result<BTreeMap<String, f64>> {
    let text = service.http.get(url).send().await?.error_for_status()?.text().await?;
    ensure!(text.ends_with("# EOF\n"), "{text}");
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    lines
        .map(|line| {
            let (name, value) = line.rsplit_once(' ').context("no value")?;
            Ok((name.to_owned(), value.parse::<f64>().with_context(|| line.to_owned())?))
        })
        .collect()
}

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
    let id = raw.lines().find_map(|line| line.strip_prefix("x-request-id: ")).unwrap_or_default();
    ensure!(id.len() == 32 && id.bytes().all(|byte| byte.is_ascii_hexdigit()), "{raw}");
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

#[tokio::test]
async fn figures_tell_of_requests_policies_writes_connections_and_components() -> anyhow::Result<()> {
    let (service, metrics) = observed()?;
    service.realm("shop").await?;
    let token = service.initial_access_token("shop", json!({"count": 1})).await?;
    let made = service.register("shop", "default", Some(&token)).json(&json!({"clientId": "mine"})).send().await?;
    ensure!(made.status() == 201, "{}", made.text().await?);
    let refused =
        service.register("shop", "default", None).json(&json!({"redirectUris": ["http://a/"]})).send().await?;
    ensure!(refused.status() == 403, "{}", refused.text().await?);
    let figures = figures(&service, &metrics).await?;
    let route = r#"route="/realms/{realm}/clients-registrations/{*rest}""#;
    for (name, least) in [
        (format!(r#"matricula_http_requests_total{{method="POST",{route},status="201"}}"#), 1.0),
        (format!(r#"matricula_http_requests_total{{method="POST",{route},status="403"}}"#), 1.0),
        (format!(r#"matricula_http_request_duration_seconds_count{{method="POST",{route}}}"#), 2.0),
        (r#"matricula_policy_decisions_total{policy="trusted-hosts",decision="reject"}"#.to_owned(), 1.0),
        (r#"matricula_policy_duration_seconds_count{policy="trusted-hosts"}"#.to_owned(), 1.0),
        (r#"matricula_component_calls_total{component="core"}"#.to_owned(), 3.0),
        (r#"matricula_component_failures_total{component="core"}"#.to_owned(), 0.0),
        (r#"matricula_component_call_duration_seconds_total{component="policies"}"#.to_owned(), 0.000_001),
        (r#"matricula_component_memory_peak_bytes{component="core"}"#.to_owned(), 65_536.0),
        (r#"matricula_writer_writes_total{outcome="stored"}"#.to_owned(), 3.0),
        (r#"matricula_writer_writes_total{outcome="lost"}"#.to_owned(), 0.0),
        ("matricula_writer_write_duration_seconds_count".to_owned(), 3.0),
        ("matricula_writer_queue_writes".to_owned(), 0.0),
        ("matricula_writer_queue_limit".to_owned(), 1024.0),
        ("matricula_database_reachable".to_owned(), 1.0),
        ("process_resident_memory_bytes".to_owned(), 1e6),
        ("process_open_fds".to_owned(), 3.0),
        ("process_threads".to_owned(), 2.0),
        ("process_cpu_seconds_total".to_owned(), 0.01),
    ] {
        let value = figures.get(&name).with_context(|| format!("{name} is not in {figures:#?}"))?;
        ensure!(*value >= least, "{name} is {value}");
    }
    // SQLite opens as many connections as there are readers.
    let limit = figures.get("matricula_database_connections_limit").copied();
    ensure!(limit.map(|limit| limit > 0.0) == service.is_on_postgres().then_some(true), "{limit:?}");
    Ok(())
}

#[tokio::test]
async fn what_callers_invent_makes_no_figures() -> anyhow::Result<()> {
    let (service, metrics) = observed()?;
    let mut before = 0;
    for round in 0..3 {
        for number in 0..40 {
            let name = format!("invented-{round}-{number}");
            for (method, path) in [
                ("GET", format!("/{name}")),
                ("GET", format!("/realms/{name}")),
                ("POST", format!("/realms/{name}/clients-registrations/{name}/{name}")),
                ("PUT", format!("/admin/realms/{name}/clients/{name}")),
                ("INVENTED", format!("/realms/master/clients-registrations/{name}")),
                (name.as_str(), "/health/live".to_owned()),
            ] {
                let method = Method::from_bytes(method.as_bytes())?;
                service.http.request(method, format!("{}{path}", service.url)).send().await?;
            }
        }
        let figures = figures(&service, &metrics).await?;
        ensure!(figures.keys().all(|name| !name.to_lowercase().contains("invented")), "{figures:#?}");
        ensure!(round == 0 || figures.len() == before, "{before} figures became {}", figures.len());
        before = figures.len();
    }
    Ok(())
}

/// Names of figures in a query.
fn names(query: &str) -> impl Iterator<Item = &str> {
    let words = query.split(|character: char| !character.is_ascii_alphanumeric() && character != '_');
    words.filter(|word| word.starts_with("matricula_") || word.starts_with("process_"))
}

/// Every text under these names, however deep.
fn texts<'v>(value: &'v Value, wanted: &[&str], found: &mut Vec<&'v str>) {
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                if let (Some(text), true) = (member.as_str(), wanted.contains(&name.as_str())) {
                    found.push(text);
                }
                texts(member, wanted, found);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| texts(item, wanted, found)),
        _ => {}
    }
}

#[tokio::test]
async fn the_dashboard_and_the_alerts_ask_for_figures_that_there_are() -> anyhow::Result<()> {
    let dashboard: Value = serde_json::from_str(include_str!("../../docs/operating/grafana-dashboard.json"))?;
    let mut queries = Vec::new();
    texts(&dashboard, &["expr", "query"], &mut queries);
    ensure!(queries.len() > 20, "{queries:?}");
    // The alerts of docs/operating.md.
    let page = include_str!("../../docs/operating.md");
    queries.extend(page.lines().filter_map(|line| line.trim().strip_prefix("expr: ")));
    let (service, metrics) = observed()?;
    service.realm("shop").await?;
    service.register("shop", "default", None).json(&json!({})).send().await?;
    // A target that does not answer is called, and lacks a client.
    let target = json!({"name": "gone", "connector": "webhook", "url": "http://127.0.0.1:1", "wait": 1000,
        "credentials": {"type": "standard-webhooks"}});
    service.admin(Method::POST, "/shop/targets", Some(target)).await?;
    service.admin(Method::POST, "/shop/clients", Some(json!({"clientId": "lacking"}))).await?;
    let there = figures(&service, &metrics).await?;
    let there: BTreeSet<&str> = there.keys().map(|name| name.split('{').next().unwrap_or(name)).collect();
    let asked: BTreeSet<&str> = queries.iter().flat_map(|query| names(query)).collect();
    let of_postgres = |name: &str| name.starts_with("matricula_database_connections_") && !service.is_on_postgres();
    let missing: Vec<_> = asked.difference(&there).filter(|name| !of_postgres(name)).collect();
    ensure!(missing.is_empty(), "not served: {missing:?}; served: {there:#?}");
    ensure!(asked.len() > 15, "{asked:?}");
    Ok(())
}
