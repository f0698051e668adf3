//! Whole requests to a server in this process: the real routes, tokens, store and components.
//!
//! An input looks like HTTP: a line with method and path, headers, an empty line, a body. So that it gets anywhere,
//! `Authorization` may name a token (`$ADMIN`, `$INITIAL`, `$OWN`), and a path something that there is (`$CLIENT`, `$ID`).

use std::path::PathBuf;
use std::sync::{LazyLock, Mutex, PoisonError};

use http::{HeaderName, HeaderValue, Method, Request, Response, Uri};
use matricula::fuzzing::Server;
use serde_json::{Value, json};

/// Requests that one database gets; what they store would fill the disk.
const REQUESTS: u32 = 20_000;
/// Password of the administrator.
const PASSWORD: &str = "of the fuzzer";

static HOST: LazyLock<Mutex<Option<Host>>> = LazyLock::new(Mutex::default);

/// A server and what there is in it.
struct Host {
    server: Server,
    /// Where its database is.
    folder: PathBuf,
    /// What stands for itself in an input.
    known: [(&'static str, String); 5],
    requests: u32,
}

/// One request.
pub(crate) fn run(input: &[u8]) {
    let mut host = HOST.lock().unwrap_or_else(PoisonError::into_inner);
    if host.as_ref().is_none_or(|host| host.requests >= REQUESTS) {
        // The old one goes first: its folder is cleared.
        *host = None;
        *host = Some(Host::start());
    }
    let Some(host) = host.as_mut() else { return };
    let Some(request) = host.request(input) else { return };
    host.requests += 1;
    let (method, line) = (request.method().clone(), format!("{} {}", request.method(), request.uri()));
    let answer = host.server.answer(request).expect("an answer to its end");
    let status = answer.status().as_u16();
    // 501: no realm has a login of its own.
    assert!(status < 500 || status == 501, "{line} is answered {status}: {}", String::from_utf8_lossy(answer.body()));
    assert!(answer.headers().contains_key("x-request-id"), "{line} has no id");
    let kind = answer.headers().get("content-type").map_or("", |kind| kind.to_str().unwrap_or_default());
    if kind.starts_with("application/json") && method != Method::HEAD && status != 304 {
        let body: Result<Value, _> = serde_json::from_slice(answer.body());
        body.unwrap_or_else(|error| panic!("{line}: {error} in {}", String::from_utf8_lossy(answer.body())));
    }
}

impl Host {
    /// A server with a realm, a token to register with, and a client.
    fn start() -> Host {
        let folder = std::env::temp_dir().join(format!("matricula-fuzz-{}", std::process::id()));
        // The compiled components are kept, what was stored is not.
        if let Ok(entries) = std::fs::read_dir(&folder) {
            for entry in entries.flatten().filter(|entry| entry.file_name().to_string_lossy().contains(".db")) {
                std::fs::remove_file(entry.path()).expect("the old database goes");
            }
        }
        let data = folder.display().to_string();
        let arguments = ["--data", &data, "--admin-password", PASSWORD, "--trusted-proxy", "127.0.0.1"];
        let server = Server::start(&arguments).expect("a server");
        let mut host = Host { server, folder, known: Default::default(), requests: 0 };
        let form =
            format!("grant_type=password&client_id=admin-cli&username=admin&password={}", PASSWORD.replace(' ', "+"));
        let admin = host.ask("POST", "/realms/master/protocol/openid-connect/token", None, &form);
        let admin = text(&admin, "access_token");
        host.ask("POST", "/admin/realms", Some(&admin), &json!({"realm": "shop", "enabled": true}).to_string());
        let issue = json!({"count": 1_000_000}).to_string();
        let initial = host.ask("POST", "/admin/realms/shop/clients-initial-access", Some(&admin), &issue);
        let initial = text(&initial, "token");
        let client = json!({"clientId": "own", "redirectUris": ["https://own.example/*"]}).to_string();
        let made = host.ask("POST", "/realms/shop/clients-registrations/default", Some(&initial), &client);
        host.known = [
            ("$ADMIN", format!("Bearer {admin}")),
            ("$INITIAL", format!("Bearer {initial}")),
            ("$OWN", format!("Bearer {}", text(&made, "registrationAccessToken"))),
            ("$CLIENT", "own".to_owned()),
            ("$ID", text(&made, "id")),
        ];
        host
    }

    /// A request of our own, which must succeed.
    fn ask(&self, method: &str, path: &str, token: Option<&str>, body: &str) -> Response<Vec<u8>> {
        let kind = if body.starts_with('{') { "application/json" } else { "application/x-www-form-urlencoded" };
        let mut request =
            Request::builder().method(method).uri(path).header("host", "localhost").header("content-type", kind);
        if let Some(token) = token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        let answer = self.server.answer(request.body(body.into()).expect("a request")).expect("an answer");
        assert!(answer.status().is_success(), "{path}: {}", String::from_utf8_lossy(answer.body()));
        answer
    }

    /// The request that an input describes, unless no server would get such a one.
    fn request(&self, input: &[u8]) -> Option<Request<Vec<u8>>> {
        let (head, body) = match input.windows(2).position(|bytes| bytes == b"\n\n") {
            Some(at) => (&input[..at], &input[at + 2..]),
            None => (input, &[][..]),
        };
        let mut head = std::str::from_utf8(head).ok()?.to_owned();
        for (name, value) in &self.known {
            head = head.replace(name, value);
        }
        let mut lines = head.split('\n');
        let (method, path) = lines.next()?.split_once(' ')?;
        let mut request = Request::new(body.to_vec());
        *request.method_mut() = Method::from_bytes(method.as_bytes()).ok()?;
        *request.uri_mut() = path.parse::<Uri>().ok().filter(|uri| uri.path().starts_with('/'))?;
        for line in lines {
            let (name, value) = line.split_once(':')?;
            let name = HeaderName::from_bytes(name.as_bytes()).ok()?;
            request.headers_mut().append(name, HeaderValue::from_str(value.trim()).ok()?);
        }
        // Without one no request comes further.
        request.headers_mut().entry("host").or_insert(HeaderValue::from_static("localhost"));
        // A password has to be slow, which would be all that is tried.
        let slow = body.windows(8).any(|bytes| bytes == b"password") || head.contains("reset-password");
        (!slow).then_some(request)
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        // What is left of it harms nobody.
        let _ = std::fs::remove_file(self.folder.join("matricula.db"));
    }
}

fn text(answer: &Response<Vec<u8>>, member: &str) -> String {
    let body: Value = serde_json::from_slice(answer.body()).expect("JSON");
    body[member].as_str().expect(member).to_owned()
}
