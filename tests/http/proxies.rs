//! The configurations of docs/operating.md as they stand there: haproxy and nginx take them, and what callers do goes
//! through them.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, ensure};
use matricula_tests::{Service, within};
use reqwest::{Certificate, Client, Method};
use serde_json::{Value, json};

const PAGE: &str = include_str!("../../docs/operating.md");

/// The block of the page that begins with this line.
fn block(first: &str) -> anyhow::Result<String> {
    let mut blocks = PAGE.split("```").skip(1).step_by(2).filter_map(|block| block.split_once('\n'));
    let block = blocks.find(|(_, text)| text.starts_with(first)).with_context(|| format!("no block {first:?}"))?;
    Ok(block.1.to_owned())
}

/// A proxy before a server, and where it listens.
struct Proxy {
    process: Child,
    folder: PathBuf,
    port: u16,
    http: Client,
}

impl Drop for Proxy {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// A folder with a certificate for `localhost` in it: alone, its key, and both in one file.
fn certificate() -> anyhow::Result<(PathBuf, Client)> {
    let folder = std::env::temp_dir().join(format!("matricula-proxy-{}", uuid::Uuid::new_v4()));
    std::fs::create_dir(&folder)?;
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned(), "127.0.0.1".to_owned()])?;
    let (certificate, key) = (made.cert.pem(), made.signing_key.serialize_pem());
    std::fs::write(folder.join("certificate.pem"), &certificate)?;
    std::fs::write(folder.join("key.pem"), &key)?;
    std::fs::write(folder.join("both.pem"), format!("{certificate}{key}"))?;
    let http = Client::builder().tls_certs_only([Certificate::from_pem(certificate.as_bytes())?]).build()?;
    Ok((folder, http))
}

/// Checks a configuration with `check`, then runs `program` with it.
fn start(
    (folder, http): (PathBuf, Client),
    port: u16,
    program: &str,
    configuration: &str,
    check: &[&str],
    run: &[&str],
) -> anyhow::Result<Proxy> {
    let file = folder.join("proxy.conf");
    std::fs::write(&file, configuration)?;
    let command = |arguments: &[&str]| {
        let mut command = Command::new(program);
        command.args(arguments).arg(&file).stdin(Stdio::null());
        command
    };
    let checked = command(check).output().with_context(|| format!("{program} is missing"))?;
    ensure!(checked.status.success(), "{program}: {}", String::from_utf8_lossy(&checked.stderr));
    let process = command(run).spawn()?;
    Ok(Proxy { process, folder, port, http })
}

fn text(path: &Path) -> String {
    path.display().to_string()
}

fn haproxy(server: &str, port: u16) -> anyhow::Result<Proxy> {
    let certificate = certificate()?;
    let configuration = block("# haproxy")?
        .replace(":443 ", &format!("127.0.0.1:{port} "))
        .replace("/etc/haproxy/registration.pem", &text(&certificate.0.join("both.pem")))
        .replace("10.0.0.1:8080", server)
        .replace("10.0.0.2:8080", server);
    let times = "defaults\n timeout connect 5s\n timeout client 30s\n timeout server 30s\n";
    start(certificate, port, "haproxy", &format!("{times}{configuration}"), &["-c", "-f"], &["-q", "-db", "-f"])
}

/// Major, minor and patch number of the nginx that is there.
fn nginx_version() -> anyhow::Result<(u32, u32, u32)> {
    let output = Command::new("nginx").arg("-v").output().context("nginx is missing")?;
    let said = String::from_utf8(output.stderr)?;
    let (_, version) = said.trim().split_once("nginx/").with_context(|| said.clone())?;
    let mut numbers = version.split(|character: char| !character.is_ascii_digit()).map(str::parse::<u32>);
    let mut next = || numbers.next().context("a number is missing")?.with_context(|| said.clone());
    Ok((next()?, next()?, next()?))
}

fn nginx(server: &str, port: u16) -> anyhow::Result<Proxy> {
    let certificate = certificate()?;
    let folder = text(&certificate.0);
    let page = block("server {")?;
    // Debian 12 has 1.22: it wants what the comment says instead.
    let configuration = if nginx_version()? < (1, 25, 1) {
        let (before, rest) = page.split_once("    http2 on;").context("no http2")?;
        let (_, after) = rest.split_once('\n').context("the last line")?;
        format!("{}{after}", before.replace("443 ssl;", "443 ssl http2;"))
    } else {
        page
    };
    let configuration = configuration
        .replace("listen 443 ssl http2;", &format!("listen 127.0.0.1:{port} ssl http2;"))
        .replace("listen 443 ssl;", &format!("listen 127.0.0.1:{port} ssl;"))
        .replace("/etc/nginx/registration.pem", &text(&certificate.0.join("certificate.pem")))
        .replace("/etc/nginx/registration.key", &text(&certificate.0.join("key.pem")))
        .replace("127.0.0.1:8080", server);
    let temporary: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        .iter()
        .map(|kind| format!("{kind}_temp_path {folder}/{kind};\n"))
        .collect();
    let whole = format!(
        "daemon off;\nmaster_process off;\npid {folder}/pid;\nerror_log stderr;\nevents {{}}\nhttp {{\naccess_log off;\n\
        {temporary}{configuration}}}\n"
    );
    start(certificate, port, "nginx", &whole, &["-q", "-t", "-c"], &["-q", "-c"])
}

/// Registers, reads, updates and deletes through a proxy; the caller's address and the public address must be right.
async fn goes_through(start: impl Fn(&str, u16) -> anyhow::Result<Proxy>) -> anyhow::Result<()> {
    let mut service = Service::start_with(&["--trusted-proxy", "127.0.0.1"])?;
    service.realm("shop").await?;
    // Whoever comes without TLS from elsewhere is refused: the proxy must say how its caller came.
    let settings = json!({"enabled": true, "sslRequired": "all"});
    let before = service.initial_access_token("shop", json!({})).await?;
    ensure!(service.admin(Method::PUT, "/shop", Some(settings)).await?.status() == 204);
    let plain = service.register("shop", "openid-connect", Some(&before)).json(&json!({})).send().await?;
    ensure!(plain.status() == 403, "{}", plain.text().await?);

    let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
    let address = service.url.trim_start_matches("http://").to_owned();
    let proxy = start(&address, port)?;
    let url = format!("https://localhost:{}", proxy.port);
    within(Duration::from_secs(10), async || {
        let answer = proxy.http.get(format!("{url}/health/ready")).send().await;
        Ok(answer.is_ok_and(|answer| answer.status() == 200))
    })
    .await?;
    service.front.clone_from(&url);
    let curl = ["-sk", "--http2", "-o", "/dev/null", "-w", "%{http_version}"];
    let spoken = Command::new("curl").args(curl).arg(format!("{url}/health/ready")).output()?;
    ensure!(spoken.stdout == b"2", "HTTP/{}", String::from_utf8_lossy(&spoken.stdout));
    // Tokens name the address that their caller used.
    let form = [
        ("grant_type", "password"),
        ("client_id", "admin-cli"),
        ("username", "admin"),
        ("password", matricula_tests::PASSWORD),
    ];
    let token_url = format!("{url}/realms/master/protocol/openid-connect/token");
    let signed_in: Value = proxy.http.post(token_url).form(&form).send().await?.error_for_status()?.json().await?;
    let administrator = signed_in["access_token"].as_str().context("no access token")?;
    let issue = proxy.http.post(format!("{url}/admin/realms/shop/clients-initial-access")).bearer_auth(administrator);
    let issued: Value = issue.json(&json!({"count": 1})).send().await?.error_for_status()?.json().await?;
    let initial = issued["token"].as_str().context("no token")?;
    let registrations = format!("{url}/realms/shop/clients-registrations/openid-connect");
    let made = proxy
        .http
        .post(&registrations)
        .bearer_auth(initial)
        .header("X-Forwarded-For", "192.0.2.1")
        .header("Forwarded", "for=192.0.2.2;host=evil.example;proto=http")
        .json(&json!({"redirect_uris": ["https://a.example/cb"]}))
        .send()
        .await?;
    ensure!(made.status() == 201, "{}", made.text().await?);
    let made: Value = made.json().await?;
    let client = made["registration_client_uri"].as_str().unwrap_or_default().to_owned();
    ensure!(client.starts_with(&registrations), "{client} is not behind {registrations}");
    let own = made["registration_access_token"].as_str().context("no token")?;
    let read = proxy.http.get(&client).bearer_auth(own).send().await?;
    ensure!(read.status() == 200 && read.headers().contains_key("x-request-id"), "{read:?}");
    let gone = proxy.http.delete(&client).bearer_auth(own).send().await?;
    ensure!(gone.status() == 204, "{}", gone.text().await?);
    // What the caller said of its own address did not get through.
    let decisions = format!("{url}/admin/realms/shop/client-registration-policy/decisions");
    let decisions = proxy.http.get(decisions).bearer_auth(administrator).send().await?.text().await?;
    ensure!(decisions.contains("127.0.0.1") && !decisions.contains("192.0.2."), "{decisions}");
    Ok(())
}

#[tokio::test]
async fn haproxy_takes_the_configuration_of_the_page_and_requests_go_through_it() -> anyhow::Result<()> {
    goes_through(haproxy).await
}

#[tokio::test]
async fn nginx_takes_the_configuration_of_the_page_and_requests_go_through_it() -> anyhow::Result<()> {
    goes_through(nginx).await
}
