//! Several nodes on one PostgreSQL, and what becomes of a node that loses it.

use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use matricula_tests::{Cable, Service, new_database};
use reqwest::{Method, Response};
use serde_json::{Value, json};

use crate::{client_changes, component_files, concurrency};

/// Time for what happens by itself; far more than it takes.
const PATIENCE: Duration = Duration::from_secs(20);

/// Three nodes and a proxy that gives each request to the next of them.
struct Cluster {
    /// Requests of callers to any of these go through the proxy, those of administrators to the node itself.
    nodes: Vec<Service>,
    proxy: Child,
}

impl Cluster {
    fn start() -> anyhow::Result<Cluster> {
        let database = new_database()?;
        let front = format!("127.0.0.1:{}", free_port()?);
        let public_url = format!("http://{front}");
        // What a node prints is the public address, so its own is to be known before.
        let start = || {
            let address = format!("127.0.0.1:{}", free_port()?);
            let mut node = Service::start_on(&database, &["--public-url", &public_url, "--listen", &address])?;
            node.url = format!("http://{address}");
            anyhow::Ok(node)
        };
        // All at once: who comes first makes the tables.
        let started: Vec<_> = std::thread::scope(|scope| {
            let starting: Vec<_> = (0..3).map(|_| scope.spawn(start)).collect();
            starting.into_iter().map(|node| node.join()).collect()
        });
        let mut nodes = Vec::new();
        for node in started {
            nodes.push(node.map_err(|_| anyhow::anyhow!("starting a node panicked"))??);
        }
        let mut configuration = format!(
            "defaults\n mode http\n timeout connect 5s\n timeout client 30s\n timeout server 30s\n\
             frontend all\n bind {front}\n default_backend nodes\nbackend nodes\n balance roundrobin\n"
        );
        for (number, node) in nodes.iter_mut().enumerate() {
            let address = node.url.trim_start_matches("http://");
            configuration.push_str(&format!(" server node{number} {address}\n"));
            node.front.clone_from(&public_url);
        }
        let file = nodes[0].data().join("haproxy.cfg");
        std::fs::write(&file, configuration)?;
        let proxy = Command::new("haproxy")
            .args(["-q", "-db", "-f"])
            .arg(&file)
            .stdin(Stdio::null())
            .spawn()
            .context("starting haproxy; install it: sudo apt-get install haproxy")?;
        let cluster = Cluster { nodes, proxy };
        let until = Instant::now() + PATIENCE;
        while std::net::TcpStream::connect(&front).is_err() {
            ensure!(Instant::now() < until, "haproxy does not listen");
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(cluster)
    }

    /// Waits until a question to each node has this answer, and tells how long it took the slowest.
    async fn everywhere(&self, question: impl AsyncFn(&Service) -> anyhow::Result<bool>) -> anyhow::Result<Duration> {
        let started = Instant::now();
        for node in &self.nodes {
            eventually(async || question(node).await).await?;
        }
        Ok(started.elapsed())
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        let _ = self.proxy.kill();
        let _ = self.proxy.wait();
    }
}

fn free_port() -> anyhow::Result<u16> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}

/// Asks until the answer is yes.
async fn eventually(question: impl AsyncFn() -> anyhow::Result<bool>) -> anyhow::Result<()> {
    let until = Instant::now() + PATIENCE;
    while !question().await? {
        ensure!(Instant::now() < until, "it did not come to be");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    Ok(())
}

/// A registration at one node, not through the proxy.
async fn register_at(node: &Service, token: Option<&str>) -> anyhow::Result<Response> {
    let mut request = node.http.post(format!("{}/realms/shop/clients-registrations/default", node.url));
    if let Some(token) = token {
        request = request.bearer_auth(token);
    }
    Ok(request.json(&json!({})).send().await?)
}

#[tokio::test]
async fn a_change_of_policies_holds_on_every_node() -> anyhow::Result<()> {
    let cluster = Cluster::start()?;
    let [first, ..] = cluster.nodes.as_slice() else { anyhow::bail!("no nodes") };
    first.realm("shop").await?;
    for node in &cluster.nodes {
        assert_eq!(register_at(node, None).await?.status(), 403);
    }
    first.open("shop", "anonymous").await?;
    let took = cluster.everywhere(async |node| Ok(register_at(node, None).await?.status() == 201)).await?;
    println!("a removed policy was gone everywhere after {took:?}");
    first.policy("shop", "anonymous", "max-clients", json!({"max-clients": ["1"]})).await?;
    let took = cluster.everywhere(async |node| Ok(register_at(node, None).await?.status() == 403)).await?;
    println!("a new policy was there everywhere after {took:?}");
    let disabled = first.admin(Method::PUT, "/shop", Some(json!({"enabled": false}))).await?;
    assert_eq!(disabled.status(), 204);
    let took = cluster
        .everywhere(async |node| Ok(register_at(node, None).await?.json::<Value>().await?["error"] == "access_denied"))
        .await?;
    println!("a realm was disabled everywhere after {took:?}");
    Ok(())
}

#[tokio::test]
async fn a_change_at_another_node_ends_the_wait_for_one() -> anyhow::Result<()> {
    let cluster = Cluster::start()?;
    let [first, second, ..] = cluster.nodes.as_slice() else { anyhow::bail!("no nodes") };
    first.realm("shop").await?;
    let place = client_changes::feed(second, "").await?["next"].as_str().unwrap_or_default().to_owned();
    let query = format!("after={place}&wait=30");
    let late = async {
        tokio::time::sleep(Duration::from_secs(1)).await;
        client_changes::make(first, "late").await?;
        anyhow::Ok(Instant::now())
    };
    let (answer, made) = tokio::join!(client_changes::feed(second, &query), late);
    assert_eq!(answer?["changes"][0]["clientId"], "late");
    let took = made?.elapsed();
    println!("a change ended the wait at another node after {took:?}");
    ensure!(took < Duration::from_secs(5), "{took:?}");
    Ok(())
}

#[tokio::test]
async fn an_uploaded_component_decides_on_every_node() -> anyhow::Result<()> {
    let cluster = Cluster::start()?;
    let [first, ..] = cluster.nodes.as_slice() else { anyhow::bail!("no nodes") };
    assert_eq!(component_files::put(first, "", component_files::gate("open")?).await?.status(), 201);
    let token = component_files::guarded(first).await?;
    for (version, wanted) in [("", 201), ("shut", 403), ("open", 201)] {
        if !version.is_empty() {
            let put = component_files::put(first, "", component_files::gate(version)?).await?;
            assert_eq!(put.status(), 200, "{}", put.text().await?);
        }
        let took =
            cluster.everywhere(async |node| Ok(register_at(node, Some(&token)).await?.status() == wanted)).await?;
        println!("a component decided everywhere after {took:?}");
    }
    Ok(())
}

#[tokio::test]
async fn a_disabled_user_registers_nothing_on_any_node() -> anyhow::Result<()> {
    let cluster = Cluster::start()?;
    let [first, ..] = cluster.nodes.as_slice() else { anyhow::bail!("no nodes") };
    first.realm("shop").await?;
    let credentials = json!([{"type": "password", "value": "a user's password"}]);
    let user = json!({"username": "ada", "enabled": true, "credentials": credentials});
    assert_eq!(first.admin(Method::POST, "/shop/users", Some(user)).await?.status(), 201);
    let users: Value = first.admin(Method::GET, "/shop/users?username=ada", None).await?.json().await?;
    let id = users[0]["id"].as_str().context("no user")?;
    let management: Value =
        first.admin(Method::GET, "/shop/clients?clientId=realm-management", None).await?.json().await?;
    let management = management[0]["id"].as_str().context("no client")?;
    let role: Value = first
        .admin(Method::GET, &format!("/shop/clients/{management}/roles/create-client"), None)
        .await?
        .json()
        .await?;
    let mappings = format!("/shop/users/{id}/role-mappings/clients/{management}");
    assert_eq!(first.admin(Method::POST, &mappings, Some(json!([role]))).await?.status(), 204);
    let form = [
        ("grant_type", "password"),
        ("client_id", "admin-cli"),
        ("username", "ada"),
        ("password", "a user's password"),
    ];
    let url = format!("{}/realms/shop/protocol/openid-connect/token", first.url);
    let answer: Value = first.http.post(url).form(&form).send().await?.error_for_status()?.json().await?;
    let token = answer["access_token"].as_str().context("no token")?;
    for node in &cluster.nodes {
        assert_eq!(register_at(node, Some(token)).await?.status(), 201);
    }
    let disabled = first.admin(Method::PUT, &format!("/shop/users/{id}"), Some(json!({"enabled": false}))).await?;
    assert_eq!(disabled.status(), 204);
    let took = cluster.everywhere(async |node| Ok(register_at(node, Some(token)).await?.status() != 201)).await?;
    println!("a user was disabled everywhere after {took:?}");
    Ok(())
}

#[tokio::test]
async fn a_token_of_one_node_is_good_on_the_others_at_once() -> anyhow::Result<()> {
    let cluster = Cluster::start()?;
    let [first, second, third] = cluster.nodes.as_slice() else { anyhow::bail!("not three nodes") };
    first.realm("shop").await?;
    // The others know the realm, and that it has no keys.
    for node in [second, third] {
        assert_eq!(register_at(node, Some("nonsense")).await?.status(), 401);
    }
    let token = first.initial_access_token("shop", json!({"count": 2})).await?;
    for node in [second, third] {
        assert_eq!(register_at(node, Some(&token)).await?.status(), 201);
    }
    Ok(())
}

#[tokio::test]
async fn what_must_be_exact_is_exact_across_nodes() -> anyhow::Result<()> {
    concurrency::a_limit_of_clients(&Cluster::start()?.nodes[0]).await?;
    concurrency::a_one_time_token(&Cluster::start()?.nodes[0]).await?;
    concurrency::a_registration_access_token(&Cluster::start()?.nodes[0]).await?;
    concurrency::a_client_id(&Cluster::start()?.nodes[0]).await
}

/// Whether a node says that it can serve.
async fn is_ready(node: &Service) -> anyhow::Result<bool> {
    Ok(node.http.get(format!("{}/health/ready", node.url)).send().await?.status() == 200)
}

#[tokio::test]
async fn a_node_without_its_database_says_so_and_recovers_by_itself() -> anyhow::Result<()> {
    let cable = Cable::to(&new_database()?)?;
    let node = Service::start_on(&cable.url, &[])?;
    node.realm("shop").await?;
    let token = node.initial_access_token("shop", json!({"count": 100})).await?;
    for round in 0..2 {
        if round == 0 {
            cable.cut()
        } else {
            cable.block()
        }
        eventually(async || Ok(!is_ready(&node).await?)).await?;
        let alive = node.http.get(format!("{}/health/live", node.url)).send().await?;
        assert_eq!(alive.status(), 200);
        let asked = Instant::now();
        let refused = register_at(&node, Some(&token)).await?;
        println!("a request without a database was refused after {:?}", asked.elapsed());
        assert_eq!(refused.status(), 503);
        assert_eq!(refused.headers()["retry-after"], "1");
        assert_eq!(refused.json::<Value>().await?["error"], "temporarily_unavailable");
        cable.mend();
        eventually(async || is_ready(&node).await).await?;
        assert_eq!(register_at(&node, Some(&token)).await?.status(), 201);
    }
    Ok(())
}

#[tokio::test]
async fn a_node_hears_of_what_was_changed_while_it_was_cut_off() -> anyhow::Result<()> {
    let database = new_database()?;
    let cable = Cable::to(&database)?;
    let near = Service::start_on(&database, &[])?;
    let far = Service::start_on(&cable.url, &[])?;
    near.realm("shop").await?;
    assert_eq!(register_at(&far, None).await?.status(), 403);
    cable.cut();
    eventually(async || Ok(!is_ready(&far).await?)).await?;
    near.open("shop", "anonymous").await?;
    cable.mend();
    eventually(async || is_ready(&far).await).await?;
    assert_eq!(register_at(&far, None).await?.status(), 201);
    Ok(())
}
