//! Bytes on a connection, as no HTTP library would send them.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use crate::Service;

/// Longest pause of the server that is waited for.
const PAUSE: Duration = Duration::from_secs(2);

/// Sends these bytes over one connection; everything that comes back until the server closes it or says nothing more.
///
/// # Errors
/// When the server cannot be connected to.
pub fn speak(service: &Service, bytes: &[u8]) -> anyhow::Result<String> {
    let mut stream = TcpStream::connect(service.url.trim_start_matches("http://"))?;
    stream.set_read_timeout(Some(PAUSE))?;
    // The server may refuse while it is still being talked to.
    let _ = stream.write_all(bytes);
    let mut answer = Vec::new();
    let mut part = [0; 4096];
    while let Ok(length) = stream.read(&mut part) {
        if length == 0 {
            break;
        }
        answer.extend_from_slice(&part[..length]);
    }
    Ok(String::from_utf8_lossy(&answer).into_owned())
}

/// Statuses of the answers in what came back.
pub fn status_of(answer: &str) -> Vec<u16> {
    let lines = answer.lines().filter_map(|line| line.rsplit("HTTP/1.1 ").next().filter(|rest| *rest != line));
    lines.filter_map(|rest| rest.get(..3)?.parse().ok()).collect()
}
