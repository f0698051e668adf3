//! What requests wait for: documents of others that come late or never. Who waits for them keeps nobody else from being
//! served. The documents come when a test lets them, so that states decide and not clocks.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use matricula_tests::{Service, guests, within};
use reqwest::{Method, Response};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;

const REDIRECT: &str = "https://client.example/callback";
const PATIENCE: Duration = Duration::from_secs(8);

/// A web server whose documents, a list of redirect URIs each, come when they may.
struct Documents {
    port: u16,
    /// Requests that have come.
    asked: Arc<AtomicUsize>,
    /// Those of them that are not answered yet.
    open: Arc<AtomicUsize>,
    /// How many of them may be answered, in the order in which they came.
    go: watch::Sender<usize>,
}

impl Documents {
    async fn start() -> anyhow::Result<Documents> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let port = listener.local_addr()?.port();
        let (asked, open) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let (go, may) = watch::channel(0);
        let (count, now) = (Arc::clone(&asked), Arc::clone(&open));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, Arc::clone(&count), Arc::clone(&now), may.clone()));
            }
        });
        Ok(Documents { port, asked, open, go })
    }

    /// Lets every document come.
    fn release(&self) {
        self.go.send_replace(usize::MAX);
    }

    /// The address of a document; `host` leads to this machine.
    fn at(&self, host: &str, name: impl std::fmt::Display) -> String {
        format!("http://{host}:{}/{name}", self.port)
    }
}

/// Answers one request after the other, each when it may.
async fn serve(
    mut stream: TcpStream,
    asked: Arc<AtomicUsize>,
    open: Arc<AtomicUsize>,
    mut may: watch::Receiver<usize>,
) -> anyhow::Result<()> {
    let document = json!([REDIRECT]).to_string();
    let (mut head, mut buffer) = (Vec::new(), [0; 4096]);
    loop {
        while !head.ends_with(b"\r\n\r\n") {
            let read = stream.read(&mut buffer).await?;
            ensure!(read > 0, "closed");
            head.extend_from_slice(&buffer[..read]);
        }
        head.clear();
        let number = asked.fetch_add(1, SeqCst) + 1;
        open.fetch_add(1, SeqCst);
        let gone = tokio::select! {
            may = may.wait_for(|may| *may >= number) => may.is_err(),
            _ = stream.read(&mut buffer) => true,
        };
        open.fetch_sub(1, SeqCst);
        ensure!(!gone, "nobody waits any more");
        let length = document.len();
        let answer =
            format!("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n{document}");
        stream.write_all(answer.as_bytes()).await?;
    }
}

/// A server that fetches documents from this machine.
struct Server {
    service: Service,
    metrics: String,
}

impl Server {
    fn start(options: &[&str]) -> anyhow::Result<Server> {
        let free = std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?.to_string();
        let service = Service::start_with(&[&["--allow-private-fetch", "--metrics", &free], options].concat())?;
        Ok(Server { service, metrics: format!("http://{free}/metrics") })
    }

    /// A realm and an initial access token of it.
    async fn realm(&self, name: &str) -> anyhow::Result<String> {
        self.service.realm(name).await?;
        self.service.initial_access_token(name, json!({"count": 1000})).await
    }

    /// Calls of components that wait for others now.
    async fn waiting(&self) -> anyhow::Result<usize> {
        let text = self.service.http.get(&self.metrics).send().await?.error_for_status()?.text().await?;
        let line = text.lines().find_map(|line| line.strip_prefix("matricula_component_waiting_calls "));
        Ok(line.context("no such figure")?.parse()?)
    }

    async fn until_waiting(&self, number: usize) -> anyhow::Result<()> {
        let held = within(PATIENCE, async || Ok(self.waiting().await? == number)).await;
        held.with_context(|| format!("{number} should wait"))
    }

    /// Registers a client whose pairwise subjects have these sectors.
    fn register(
        &self,
        realm: &str,
        token: &str,
        sectors: &[String],
    ) -> impl Future<Output = reqwest::Result<Response>> + Send + use<> {
        let mapper = |(number, uri): (usize, &String)| {
            json!({
                "name": format!("pairwise {number}"),
                "protocol": "openid-connect",
                "protocolMapper": "oidc-sha256-pairwise-sub-mapper",
                "config": {"sectorIdentifierUri": uri},
            })
        };
        let mappers: Vec<Value> = sectors.iter().enumerate().map(mapper).collect();
        let body = json!({"redirectUris": [REDIRECT], "protocolMappers": mappers});
        self.service.register(realm, "default", Some(token)).json(&body).send()
    }

    async fn is_served(&self, realm: &str, token: &str) -> anyhow::Result<()> {
        let made = self.register(realm, token, &[]).await?;
        ensure!(made.status() == 201, "{realm}: {}", made.text().await?);
        Ok(())
    }
}

/// Everything that was begun ends with this status.
async fn all(mut begun: JoinSet<reqwest::Result<Response>>, status: u16) -> anyhow::Result<()> {
    while let Some(ended) = begun.join_next().await {
        let answer = ended??;
        ensure!(answer.status() == status, "{}: {}", answer.status(), answer.text().await?);
    }
    Ok(())
}

/// It is refused for now, and told when to come again.
async fn is_turned_away(answer: Response) -> anyhow::Result<()> {
    ensure!(answer.status() == 503, "{}", answer.text().await?);
    ensure!(answer.headers().contains_key("retry-after"), "{:?}", answer.headers());
    let body: Value = answer.json().await?;
    ensure!(body["error"] == "temporarily_unavailable", "{body}");
    Ok(())
}

#[tokio::test]
async fn a_realm_whose_requests_wait_stops_neither_others_nor_itself() -> anyhow::Result<()> {
    let (server, slow) = (Server::start(&[])?, Documents::start().await?);
    let (busy, other) = (server.realm("busy").await?, server.realm("other").await?);
    let mut begun = JoinSet::new();
    for number in 0..16 {
        begun.spawn(server.register("busy", &busy, &[slow.at("127.0.0.1", number)]));
    }
    server.until_waiting(16).await?;
    within(PATIENCE, async || Ok(slow.open.load(SeqCst) == 8)).await.context("eight from one host")?;
    // There is a turn for everybody, and a place to wait for everybody but this realm.
    for _ in 0..20 {
        server.is_served("other", &other).await?;
        server.is_served("busy", &busy).await?;
    }
    let listed = server.service.admin(Method::GET, "/other/clients", None).await?;
    assert_eq!(listed.status(), 200);
    is_turned_away(server.register("busy", &busy, &[slow.at("127.0.0.1", "more")]).await?).await?;
    begun.spawn(server.register("other", &other, &[slow.at("localhost", "other")]));
    server.until_waiting(17).await?;
    within(PATIENCE, async || Ok(slow.open.load(SeqCst) == 9)).await.context("and one from another")?;
    slow.release();
    all(begun, 201).await?;
    assert_eq!(server.waiting().await?, 0);
    Ok(())
}

#[tokio::test]
async fn so_many_calls_wait_at_the_same_time_and_no_more() -> anyhow::Result<()> {
    let (server, slow) = (Server::start(&[])?, Documents::start().await?);
    let mut begun = JoinSet::new();
    for realm in ["one", "two", "three", "four"] {
        let token = server.realm(realm).await?;
        for number in 0..16 {
            begun.spawn(server.register(realm, &token, &[slow.at("127.0.0.1", format!("{realm}/{number}"))]));
        }
    }
    let last = server.realm("last").await?;
    server.until_waiting(64).await?;
    is_turned_away(server.register("last", &last, &[slow.at("localhost", "last")]).await?).await?;
    server.is_served("last", &last).await?;
    // Whoever hangs up makes room.
    begun.shutdown().await;
    server.until_waiting(0).await?;
    slow.release();
    let made = server.register("last", &last, &[slow.at("localhost", "last")]).await?;
    assert_eq!(made.status(), 201);
    Ok(())
}

#[tokio::test]
async fn what_many_wait_for_is_fetched_once() -> anyhow::Result<()> {
    let (server, slow) = (Server::start(&[])?, Documents::start().await?);
    let token = server.realm("shop").await?;
    let mut begun = JoinSet::new();
    let first = begun.spawn(server.register("shop", &token, &[slow.at("127.0.0.1", "same")]));
    server.until_waiting(1).await?;
    for _ in 1..10 {
        begun.spawn(server.register("shop", &token, &[slow.at("127.0.0.1", "same")]));
    }
    server.until_waiting(10).await?;
    // The one that asked first gives up; the others still wait for the same answer.
    first.abort();
    server.until_waiting(9).await?;
    slow.release();
    assert!(begun.join_next().await.is_some_and(|ended| ended.is_err()));
    all(begun, 201).await?;
    assert_eq!(slow.asked.load(SeqCst), 1);
    Ok(())
}

#[tokio::test]
async fn a_request_may_need_many_documents_and_those_that_are_known_cost_nothing() -> anyhow::Result<()> {
    let (server, quick) = (Server::start(&[])?, Documents::start().await?);
    quick.release();
    let token = server.realm("shop").await?;
    let sectors: Vec<String> = (0..32).map(|number| quick.at("127.0.0.1", number)).collect();
    for _ in 0..2 {
        let made = server.register("shop", &token, &sectors).await?;
        ensure!(made.status() == 201, "{}", made.text().await?);
        assert_eq!(quick.asked.load(SeqCst), 32);
    }
    Ok(())
}

#[tokio::test]
async fn a_document_that_does_not_come_refuses_the_request_in_the_words_for_it() -> anyhow::Result<()> {
    let (server, slow) = (Server::start(&[])?, Documents::start().await?);
    let token = server.realm("shop").await?;
    let began = Instant::now();
    let refused = server.register("shop", &token, &[slow.at("127.0.0.1", "never")]).await?;
    assert_eq!(refused.status(), 400);
    let refused: Value = refused.json().await?;
    assert_eq!(refused["error_description"], "Failed to get redirect URIs from the Sector Identifier URI.");
    // A document has five seconds, all that one request waits for ten: here is a clock what is tested.
    ensure!(began.elapsed() < Duration::from_secs(8), "{:?}", began.elapsed());
    assert_eq!(server.waiting().await?, 0);
    assert!(server.service.clients("shop", "pairwise").await?.is_empty());
    Ok(())
}

#[tokio::test]
async fn one_request_waits_for_ten_seconds_altogether() -> anyhow::Result<()> {
    let (server, slow) = (Server::start(&[])?, Documents::start().await?);
    let token = server.realm("shop").await?;
    let sectors: Vec<String> = (0..5).map(|number| slow.at("127.0.0.1", number)).collect();
    let began = Instant::now();
    let asked = server.register("shop", &token, &sectors);
    // Each document comes after four seconds.
    let late = async {
        for number in 1..=5 {
            within(Duration::from_secs(20), async || Ok(slow.asked.load(SeqCst) == number)).await?;
            tokio::time::sleep(Duration::from_secs(4)).await;
            slow.go.send_replace(number);
        }
        anyhow::Ok(())
    };
    let refused = tokio::select! {
        answer = asked => answer?,
        ended = late => anyhow::bail!("all five came: {ended:?}"),
    };
    ensure!(began.elapsed() < Duration::from_secs(13), "{:?}", began.elapsed());
    assert_eq!(refused.status(), 400);
    let refused: Value = refused.json().await?;
    assert_eq!(refused["error_description"], "Failed to get redirect URIs from the Sector Identifier URI.");
    assert_eq!(slow.asked.load(SeqCst), 3);
    Ok(())
}

#[tokio::test]
async fn a_realm_that_takes_all_the_turns_it_can_leaves_some_to_others() -> anyhow::Result<()> {
    let folder = guests()?.display().to_string();
    let server = Server::start(&["--policies", &folder])?;
    let (busy, other) = (server.realm("busy").await?, server.realm("other").await?);
    for realm in ["busy", "other"] {
        // It counts for some milliseconds.
        server.service.policy(realm, "authenticated", "dawdles", json!({})).await?;
    }
    let ended = Arc::new(AtomicUsize::new(0));
    let mut begun = JoinSet::new();
    for _ in 0..48 {
        let (request, ended) =
            (server.service.register("busy", "default", Some(&busy)).json(&json!({})), ended.clone());
        begun.spawn(async move {
            // Those that get no turn in a second are turned away.
            while let Some(answer) = request.try_clone().map(reqwest::RequestBuilder::send) {
                let status = answer.await?.status();
                ensure!(status == 201 || status == 503, "{status}");
                ended.fetch_add(1, SeqCst);
            }
            Ok(())
        });
    }
    within(PATIENCE * 4, async || Ok(ended.load(SeqCst) > 48)).await?;
    for _ in 0..10 {
        server.is_served("other", &other).await?;
    }
    ensure!(begun.try_join_next().is_none(), "the load was not there to the end");
    begun.shutdown().await;
    Ok(())
}
