//! Bodies and connections that would take more than their share.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::ensure;
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

fn connect(service: &Service) -> anyhow::Result<TcpStream> {
    let stream = TcpStream::connect(service.url.trim_start_matches("http://"))?;
    stream.set_read_timeout(Some(Duration::from_secs(45)))?;
    Ok(stream)
}

/// Everything that comes until the server closes the connection.
fn rest(mut stream: TcpStream) -> anyhow::Result<String> {
    let mut rest = Vec::new();
    stream.read_to_end(&mut rest)?;
    Ok(String::from_utf8_lossy(&rest).into_owned())
}

#[tokio::test]
async fn who_says_nothing_or_does_not_get_beyond_a_greeting_is_dropped() -> anyhow::Result<()> {
    let service = Service::start()?;
    let began = Instant::now();
    let mut silent = Vec::new();
    for greeting in [&b""[..], b"P", b"PRI * HTTP/2.0\r\n"] {
        let mut stream = connect(&service)?;
        stream.write_all(greeting)?;
        silent.push(stream);
    }
    for stream in silent {
        // Closed or reset: both are an end.
        let _ = rest(stream);
    }
    let took = began.elapsed();
    assert!(took < Duration::from_secs(20), "{took:?}");
    Ok(())
}

#[tokio::test]
async fn a_body_that_comes_too_slowly_is_refused() -> anyhow::Result<()> {
    let service = Service::start()?;
    let mut slow = connect(&service)?;
    slow.write_all(
        b"POST /realms/master/clients-registrations/default HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\
          Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{",
    )?;
    let answer = rest(slow)?;
    assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
    assert!(answer.contains("\"error\":\"invalid_request\""), "{answer}");
    Ok(())
}

/// How many connections do nothing: `MATRICULA_TEST_IDLE`, else 400. This process may have a file for each afterwards.
fn idle_connections() -> anyhow::Result<usize> {
    let Ok(number) = std::env::var("MATRICULA_TEST_IDLE") else { return Ok(400) };
    let number: usize = number.parse()?;
    let files = format!("--nofile={}:", number + 256);
    let raised = Command::new("prlimit").args(["--pid", &std::process::id().to_string(), &files]).status()?;
    anyhow::ensure!(raised.success(), "this process may not open {number} connections");
    Ok(number)
}

#[tokio::test]
async fn many_idle_connections_do_not_keep_others_waiting() -> anyhow::Result<()> {
    let mut service = Service::start()?;
    service.realm("shop").await?;
    let token = service.initial_access_token("shop", json!({"count": 100})).await?;
    let mut idle = Vec::new();
    for number in 0..idle_connections()? {
        let mut stream = connect(&service)?;
        match number % 3 {
            0 => {}
            1 => stream.write_all(b"POST /realms/shop/clients-registrations/default HTTP/1.1\r\nHost: x\r\n")?,
            _ => stream.write_all(
                b"POST /realms/shop/clients-registrations/default HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n{",
            )?,
        }
        idle.push(stream);
    }
    // The connection of before may have been closed meanwhile, as it was idle itself.
    service.http = reqwest::Client::new();
    let began = Instant::now();
    for _ in 0..50 {
        let made = service.register("shop", "default", Some(&token)).json(&json!({})).send().await?;
        assert_eq!(made.status(), 201);
    }
    let took = began.elapsed();
    println!("50 registrations took {took:?} beside {} idle connections", idle.len());
    assert!(took < Duration::from_secs(8), "50 registrations took {took:?} beside {} idle connections", idle.len());
    Ok(())
}

#[tokio::test]
async fn with_all_connections_taken_the_next_caller_waits_and_is_served() -> anyhow::Result<()> {
    let service = Service::start_with(&["--max-connections", "4"])?;
    let idle = [connect(&service)?, connect(&service)?, connect(&service)?, connect(&service)?];
    std::thread::sleep(Duration::from_millis(200));
    let began = Instant::now();
    let ready = service.http.get(format!("{}/health/ready", service.url)).send().await?;
    assert_eq!(ready.status(), 200);
    let took = began.elapsed();
    assert!(took > Duration::from_secs(5), "there was a place after {took:?}");
    drop(idle);
    Ok(())
}

#[tokio::test]
async fn a_stop_loses_no_request_that_has_begun() -> anyhow::Result<()> {
    let mut service = Service::start()?;
    service.realm("shop").await?;
    let token = service.initial_access_token("shop", json!({"count": 100})).await?;
    let mut begun = Vec::new();
    for number in 0..20 {
        let body = json!({"clientId": format!("begun-{number}")}).to_string();
        let mut stream = connect(&service)?;
        let host = service.url.trim_start_matches("http://");
        write!(
            stream,
            "POST /realms/shop/clients-registrations/default HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {token}\r\n\
             Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{{",
            body.len()
        )?;
        begun.push((stream, body));
    }
    std::thread::sleep(Duration::from_millis(200));
    service.terminate()?;
    std::thread::sleep(Duration::from_millis(500));
    assert!(connect(&service).is_err(), "no new connections");
    for (mut stream, body) in begun {
        stream.write_all(&body.as_bytes()[1..])?;
        let answer = rest(stream)?;
        assert!(answer.starts_with("HTTP/1.1 201 "), "{answer}");
    }
    // It has been told already; now it ends.
    service.ended()?;
    service.start_again()?;
    assert_eq!(service.clients("shop", "begun-").await?.len(), 20);
    Ok(())
}

#[test]
fn a_body_that_nobody_waits_for_does_not_end_the_connection() -> anyhow::Result<()> {
    let service = Service::start()?;
    let mut stream = connect(&service)?;
    stream.write_all(
        b"PATCH /realms/master/clients-registrations/default/x HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n",
    )?;
    let mut answer = Vec::new();
    while !answer.windows(4).any(|end| end == b"\r\n\r\n") {
        let mut part = [0; 1024];
        let length = stream.read(&mut part)?;
        ensure!(length > 0, "the connection has ended: {}", String::from_utf8_lossy(&answer));
        answer.extend_from_slice(&part[..length]);
    }
    assert!(answer.starts_with(b"HTTP/1.1 405"), "{}", String::from_utf8_lossy(&answer));
    std::thread::sleep(Duration::from_millis(50));
    stream.write_all(b"{}GET /health/live HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")?;
    assert!(rest(stream)?.contains("HTTP/1.1 200"));
    Ok(())
}
