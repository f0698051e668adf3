//! The host that a request is sent to, which becomes issuer and links: in its header, and in what a trusted proxy says.

use anyhow::{Context, ensure};
use matricula_tests::{Service, speak, status_of};
use serde_json::Value;

const METADATA: &str = "/realms/master/.well-known/openid-configuration";

/// The status of a request with these header lines, and the issuer of the realm that it names.
fn ask(service: &Service, target: &str, version: &str, lines: &[&str]) -> anyhow::Result<(u16, Option<String>)> {
    let mut request = format!("GET {target} HTTP/{version}\r\nConnection: close\r\n");
    for line in lines {
        request.push_str(line);
        request.push_str("\r\n");
    }
    let answer = speak(service, format!("{request}\r\n").as_bytes())?.replace("HTTP/1.0 ", "HTTP/1.1 ");
    let status = *status_of(&answer).first().with_context(|| format!("no answer to {lines:?}: {answer}"))?;
    let (_, body) = answer.split_once("\r\n\r\n").context("no body")?;
    let body: Value = serde_json::from_str(body).unwrap_or_default();
    if status == 400 {
        ensure!(body["error"] == "invalid_request" && body["error_description"].is_string(), "{lines:?}: {body}");
        ensure!(answer.contains("x-request-id: "), "{answer}");
    }
    let issuer = body["issuer"].as_str().and_then(|issuer| issuer.strip_suffix("/realms/master"));
    Ok((status, issuer.map(str::to_owned)))
}

#[tokio::test]
async fn a_request_names_one_good_host_whatever_it_asks_for() -> anyhow::Result<()> {
    let service = Service::start()?;
    for path in [METADATA, "/health/live", "/openapi.json", "/nowhere", "/admin/realms", "/realms/master/"] {
        for hosts in
            [&[][..], &["Host:"], &["Host: a", "Host: a"], &["Host: a", "Host: b"], &["Host: a/b"], &["Host: [::1"]]
        {
            ensure!(ask(&service, path, "1.1", hosts)?.0 == 400, "{path} {hosts:?}");
        }
    }
    let (status, issuer) = ask(&service, METADATA, "1.1", &["Host: id.example:8443"])?;
    ensure!((status, issuer.as_deref()) == (200, Some("http://id.example:8443")), "{status} {issuer:?}");
    // Old load balancers ask so whether a server is there.
    ensure!(ask(&service, "/health/ready", "1.0", &[])?.0 == 200);
    ensure!(ask(&service, "/health/ready", "1.0", &["Host: a b"])?.0 == 400);
    let absolute = format!("http://id.example{METADATA}");
    ensure!(ask(&service, &absolute, "1.1", &["Host: id.example"])?.1.as_deref() == Some("http://id.example"));
    ensure!(ask(&service, &absolute, "1.1", &["Host: other.example"])?.0 == 400);
    Ok(())
}

#[tokio::test]
async fn a_host_that_a_proxy_names_is_held_to_the_same() -> anyhow::Result<()> {
    for family in ["xforwarded", "forwarded"] {
        let service = Service::start_with(&["--trusted-proxy", "127.0.0.1", "--proxy-headers", family])?;
        let told = |host: &str, scheme: &str| match family {
            "xforwarded" => vec![format!("X-Forwarded-Host: {host}"), format!("X-Forwarded-Proto: {scheme}")],
            _ => vec![format!("Forwarded: proto={scheme};host=\"{host}\"")],
        };
        let ask = |host: &str, scheme: &str| {
            let told = told(host, scheme);
            let lines: Vec<&str> = ["Host: backend:8080"].into_iter().chain(told.iter().map(String::as_str)).collect();
            ask(&service, METADATA, "1.1", &lines)
        };
        for (host, scheme, expected) in [
            ("id.example", "https", "https://id.example"),
            ("id.example:443", "HTTPS", "https://id.example"),
            ("id.example:8443", "Https", "https://id.example:8443"),
            ("[2001:db8::1]:443", "https", "https://[2001:db8::1]"),
            ("[2001:db8::1]", "http", "http://[2001:db8::1]"),
            ("id.example:80", "http", "http://id.example"),
            ("id.example:443", "http", "http://id.example:443"),
        ] {
            ensure!(
                ask(host, scheme)?.1.as_deref() == Some(expected),
                "{family} {host} {scheme}: {:?}",
                ask(host, scheme)?
            );
        }
        for host in ["", "a/b", "user@a", "a b", "a:65536", "a:http", "[::1", "::1", "a?b"] {
            ensure!(ask(host, "https")?.0 == 400, "{family} {host:?}: {:?}", ask(host, "https")?);
        }
        let scheme = if family == "xforwarded" { "X-Forwarded-Proto: https" } else { "Forwarded: proto=https" };
        let (_, issuer) = self::ask(&service, METADATA, "1.1", &["Host: id.example:8080", scheme])?;
        ensure!(issuer.as_deref() == Some("https://id.example"), "the port is that of the server: {issuer:?}");
        let port = ["Host: id.example:8080", "X-Forwarded-Proto: https", "X-Forwarded-Port: 8443"];
        let (_, issuer) = self::ask(&service, METADATA, "1.1", &port)?;
        let expected = if family == "xforwarded" { "https://id.example:8443" } else { "http://id.example:8080" };
        ensure!(issuer.as_deref() == Some(expected), "{family}: {issuer:?}");
        let (own, _) = self::ask(&service, METADATA, "1.1", &["Host: a b", told("id.example", "https")[0].as_str()])?;
        ensure!(own == 400, "the request's own host must be good all the same");
    }
    Ok(())
}

#[tokio::test]
async fn a_forwarded_that_cannot_be_read_is_refused_where_it_counts() -> anyhow::Result<()> {
    let lines = ["Host: a", "Forwarded: for=\"10.0.0.1", "Forwarded: for=127.0.0.1"];
    for (options, expected) in [
        (&["--trusted-proxy", "127.0.0.1", "--proxy-headers", "forwarded"][..], 400),
        (&["--trusted-proxy", "127.0.0.1"][..], 200),
        (&["--proxy-headers", "forwarded"][..], 200),
    ] {
        let service = Service::start_with(options)?;
        ensure!(ask(&service, METADATA, "1.1", &lines)?.0 == expected, "{options:?}");
    }
    ensure!(Service::start_with(&["--proxy-headers", "both"]).is_err());
    Ok(())
}
