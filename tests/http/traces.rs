//! What a collector of OpenTelemetry gets to see, and that it can do no harm.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use matricula_tests::Service;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message;
use serde_json::{Value, json};

/// A caller's trace and its span in it (W3C Trace Context).
const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const CALLER: &str = "00f067aa0ba902b7";

/// Requests that came: head and body.
type Requests = Mutex<Vec<(String, Vec<u8>)>>;

/// A collector: keeps what it gets, or takes connections and says nothing.
struct Collector {
    address: String,
    received: Arc<Requests>,
}

impl Collector {
    fn start(answers: bool) -> anyhow::Result<Collector> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let address = format!("http://{}", listener.local_addr()?);
        let received = Arc::<Requests>::default();
        let kept = Arc::clone(&received);
        // It ends with the tests.
        std::thread::spawn(move || {
            let mut silent = Vec::new();
            for connection in listener.incoming().flatten() {
                if answers {
                    let kept = Arc::clone(&kept);
                    std::thread::spawn(move || while let Ok(true) = take(&connection, &kept) {});
                } else {
                    silent.push(connection);
                }
            }
        });
        Ok(Collector { address, received })
    }

    /// The spans so far, each with the name of its service.
    fn spans(&self) -> anyhow::Result<Vec<(String, Span)>> {
        let mut spans = Vec::new();
        for (head, body) in self.received.lock().unwrap_or_else(PoisonError::into_inner).iter() {
            ensure!(head.starts_with("POST /v1/traces HTTP/1.1\r\n"), "{head}");
            for resource in ExportTraceServiceRequest::decode(body.as_slice())?.resource_spans {
                let attributes = resource.resource.context("no resource")?.attributes;
                let service = attributes.iter().find(|attribute| attribute.key == "service.name");
                let service = format!("{:?}", service.context("no name")?.value);
                for scope in resource.scope_spans {
                    spans.extend(scope.spans.into_iter().map(|span| (service.clone(), span)));
                }
            }
        }
        Ok(spans)
    }
}

/// Takes one request; whether there was one.
fn take(mut connection: &TcpStream, kept: &Requests) -> anyhow::Result<bool> {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        if connection.read(&mut byte)? == 0 {
            return Ok(false);
        }
        head.push(byte[0]);
    }
    let head = String::from_utf8(head)?;
    let length = head.lines().find_map(|line| line.to_lowercase().strip_prefix("content-length: ")?.parse().ok());
    let mut body = vec![0; length.context("no length")?];
    connection.read_exact(&mut body)?;
    kept.lock().unwrap_or_else(PoisonError::into_inner).push((head, body));
    connection.write_all(b"HTTP/1.1 200 OK\r\ncontent-type: application/x-protobuf\r\ncontent-length: 0\r\n\r\n")?;
    Ok(true)
}

/// The attributes of a span, as texts.
fn attributes(span: &Span) -> BTreeMap<&str, String> {
    use opentelemetry_proto::tonic::common::v1::any_value::Value;
    let text = |value: Option<&Value>| match value {
        Some(Value::StringValue(text)) => text.clone(),
        Some(Value::IntValue(number)) => number.to_string(),
        other => format!("{other:?}"),
    };
    let value = |attribute: &opentelemetry_proto::tonic::common::v1::KeyValue| {
        text(attribute.value.as_ref().and_then(|value| value.value.as_ref()))
    };
    span.attributes.iter().map(|attribute| (attribute.key.as_str(), value(attribute))).collect()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[tokio::test]
async fn a_registration_is_a_span_of_the_callers_trace_with_its_parts_below_and_no_secret() -> anyhow::Result<()> {
    let collector = Collector::start(true)?;
    let environment = [
        ("OTEL_EXPORTER_OTLP_ENDPOINT", collector.address.as_str()),
        ("OTEL_SERVICE_NAME", "registration-a"),
        ("MATRICULA_LOG", "matricula=debug"),
    ];
    let mut service = Service::start_in(&environment, &[])?;
    service.realm("shop").await?;
    let token = service.initial_access_token("shop", json!({})).await?;
    let made = service
        .register("shop", "default", Some(&token))
        .header("traceparent", format!("00-{TRACE}-{CALLER}-01"))
        .header("X-Request-Id", "the-one")
        .json(&json!({"clientId": "mine", "secret": "a secret of the client"}))
        .send()
        .await?;
    ensure!(made.status() == 201, "{}", made.text().await?);
    let made: Value = made.json().await?;
    let own = made["registrationAccessToken"].as_str().context("no token")?.to_owned();
    // What was not sent yet is sent at the end.
    service.stop()?;

    let spans = collector.spans()?;
    let of_caller: Vec<&Span> =
        spans.iter().map(|(_, span)| span).filter(|span| hex(&span.trace_id) == TRACE).collect();
    let names: Vec<&str> = of_caller.iter().map(|span| span.name.as_str()).collect();
    let route = "/realms/{realm}/clients-registrations/{*rest}";
    let request = of_caller.iter().find(|span| span.name == format!("POST {route}")).context("no request")?;
    assert_eq!(hex(&request.parent_span_id), CALLER);
    let told = attributes(request);
    for (name, value) in [
        ("http.request.method", "POST"),
        ("http.route", route),
        ("http.response.status_code", "201"),
        ("matricula.realm", "shop"),
        ("matricula.request_id", "the-one"),
    ] {
        assert_eq!(told.get(name).map(String::as_str), Some(value), "{told:?}");
    }
    for part in ["parse", "policies before-register", "complete", "policies after-register", "finish", "store write"] {
        let span = of_caller.iter().find(|span| span.name == part).with_context(|| format!("{part}: {names:?}"))?;
        assert_eq!(span.parent_span_id, request.span_id, "{part}");
        ensure!(span.start_time_unix_nano >= request.start_time_unix_nano, "{part} began before the request");
        ensure!(span.end_time_unix_nano <= request.end_time_unix_nano, "{part} ended after the request");
        if part.starts_with("policies") {
            let told = attributes(span);
            ensure!(told["matricula.policies"].contains("allowed-"), "{told:?}");
            ensure!(told["matricula.component"].starts_with("policies"), "{told:?}");
            ensure!(told["matricula.decision"].len() == 36, "{told:?}");
        }
    }
    // Requests of nobody's trace begin their own.
    let others = spans.iter().filter(|(_, span)| span.parent_span_id.is_empty() && hex(&span.trace_id) != TRACE);
    ensure!(others.count() >= 2, "{names:?}");
    ensure!(spans.iter().all(|(service, _)| service.contains("registration-a")), "{spans:?}");
    let received = collector.received.lock().unwrap_or_else(PoisonError::into_inner);
    for secret in [token.as_str(), &own, "a secret of the client", matricula_tests::PASSWORD] {
        let secret = secret.as_bytes();
        ensure!(
            received.iter().all(|(_, body)| body.windows(secret.len()).all(|part| part != secret)),
            "a secret was sent"
        );
    }
    // The log is as without traces: one span, that of the request.
    let log = service.log()?;
    let lines = log.lines().map(serde_json::from_str).collect::<Result<Vec<Value>, _>>()?;
    let answered = lines.iter().find(|line| line["span"]["request_id"] == "the-one" && line["message"] == "answered");
    assert_eq!(answered.context("not logged")?["span"], json!({"request_id": "the-one", "name": "request"}));
    Ok(())
}

#[tokio::test]
async fn a_collector_that_hangs_or_is_gone_holds_nobody_up() -> anyhow::Result<()> {
    let hanging = Collector::start(false)?;
    let gone = format!("http://{}", TcpListener::bind("127.0.0.1:0")?.local_addr()?);
    for collector in [hanging.address.as_str(), gone.as_str()] {
        // A short queue, so that it is full soon.
        let environment = [("OTEL_BSP_MAX_QUEUE_SIZE", "64"), ("OTEL_BSP_SCHEDULE_DELAY", "50")];
        let mut service = Service::start_in(&environment, &["--otlp-endpoint", collector])?;
        service.realm("shop").await?;
        let token = service.initial_access_token("shop", json!({"count": 1000})).await?;
        let mut slowest = Duration::ZERO;
        for number in 0..200 {
            let began = Instant::now();
            let client = json!({"clientId": format!("c-{number}")});
            let made = service.register("shop", "default", Some(&token)).json(&client).send().await?;
            ensure!(made.status() == 201, "{}", made.text().await?);
            slowest = slowest.max(began.elapsed());
        }
        // The collector is waited for 10 s.
        ensure!(slowest < Duration::from_secs(5), "a request took {slowest:?}");
        let began = Instant::now();
        service.stop()?;
        ensure!(began.elapsed() < Duration::from_secs(10), "the end took {:?}", began.elapsed());
        ensure!(service.log()?.contains("dropped a Span"), "{}", service.log()?);
    }
    Ok(())
}
