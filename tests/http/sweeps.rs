//! Sweeps and adoptions: what a target has beside what it should have, and what becomes of the difference.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Response as Answer};
use axum::routing::get;
use axum::{Json, Router};
use matricula_tests::{Service, within};
use reqwest::{Method, Response};
use serde_json::{Value, json};

const SOON: Duration = Duration::from_secs(20);

/// As much of a Hydra as its connector needs.
#[derive(Clone, Default)]
struct Hydra(Arc<Mutex<Kept>>);

#[derive(Default)]
struct Kept {
    clients: BTreeMap<String, Value>,
    /// They are never shown.
    secrets: BTreeMap<String, Value>,
    /// Lists are answered so much later than they are read.
    list_takes: Duration,
    /// Somebody else answers.
    is_away: bool,
}

impl Hydra {
    async fn start() -> anyhow::Result<(Hydra, String)> {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
        let url = format!("http://{}", listener.local_addr()?);
        let hydra = Hydra::default();
        let routes = Router::new()
            .route("/admin/clients", get(list).post(create))
            .route("/admin/clients/{id}", get(show).put(replace).delete(remove))
            .with_state(hydra.clone());
        tokio::spawn(async move { axum::serve(listener, routes).await });
        Ok((hydra, url))
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    fn client(&self, client_id: &str) -> Option<Value> {
        self.kept().clients.get(client_id).cloned()
    }

    fn secret(&self, client_id: &str) -> Option<Value> {
        self.kept().secrets.get(client_id).cloned()
    }

    fn change(&self, client_id: &str, member: &str, value: Value) {
        if let Some(client) = self.kept().clients.get_mut(client_id) {
            client[member] = value;
        }
    }

    fn add(&self, client_id: &str, metadata: Value) {
        let client = json!({"client_id": client_id, "client_name": "Theirs", "metadata": metadata});
        self.kept().clients.insert(client_id.to_owned(), client);
    }

    fn store(&self, client_id: &str, mut client: Value) -> Json<Value> {
        let mut kept = self.kept();
        if let Some(secret) = client.as_object_mut().and_then(|members| members.remove("client_secret")) {
            kept.secrets.insert(client_id.to_owned(), secret);
        }
        kept.clients.insert(client_id.to_owned(), client.clone());
        Json(client)
    }
}

fn error(status: StatusCode, error: &str) -> Answer {
    (status, Json(json!({ "error": error }))).into_response()
}

async fn list(State(hydra): State<Hydra>) -> Answer {
    let (clients, takes, is_away) = {
        let kept = hydra.kept();
        (kept.clients.values().cloned().collect::<Vec<_>>(), kept.list_takes, kept.is_away)
    };
    tokio::time::sleep(takes).await;
    if is_away { Html("<h1>Welcome</h1>").into_response() } else { Json(clients).into_response() }
}

async fn create(State(hydra): State<Hydra>, Json(client): Json<Value>) -> Answer {
    let client_id = client["client_id"].as_str().unwrap_or_default().to_owned();
    if hydra.client(&client_id).is_some() {
        return error(StatusCode::CONFLICT, "Resource with that value exists already");
    }
    (StatusCode::CREATED, hydra.store(&client_id, client)).into_response()
}

async fn show(State(hydra): State<Hydra>, Path(id): Path<String>) -> Answer {
    let found = hydra.client(&id);
    found.map_or_else(|| error(StatusCode::NOT_FOUND, "Not Found"), |client| Json(client).into_response())
}

async fn replace(State(hydra): State<Hydra>, Path(id): Path<String>, Json(client): Json<Value>) -> Answer {
    hydra.store(&id, client).into_response()
}

async fn remove(State(hydra): State<Hydra>, Path(id): Path<String>) -> Answer {
    let found = hydra.kept().clients.remove(&id);
    found.map_or_else(|| error(StatusCode::NOT_FOUND, "Not Found"), |_| StatusCode::NO_CONTENT.into_response())
}

struct Scene {
    service: Service,
    hydra: Hydra,
    url: String,
}

impl Scene {
    /// A realm with a target.
    async fn start(changes: Value) -> anyhow::Result<Scene> {
        let service = Service::start()?;
        service.realm("shop").await?;
        let (hydra, url) = Hydra::start().await?;
        let scene = Scene { service, hydra, url };
        scene.target(changes).await?;
        Ok(scene)
    }

    async fn target(&self, changes: Value) -> anyhow::Result<()> {
        let mut target = json!({"name": "hydra", "connector": "hydra", "url": self.url, "wait": 10000});
        if let (Some(target), Some(changes)) = (target.as_object_mut(), changes.as_object()) {
            target.extend(changes.clone());
        }
        let made = self.service.admin(Method::POST, "/shop/targets", Some(target)).await?;
        anyhow::ensure!(made.status() == 201, "{}", made.text().await?);
        Ok(())
    }

    async fn create(&self, client_id: &str) -> anyhow::Result<()> {
        let client = json!({"clientId": client_id, "name": client_id, "secret": format!("secret of {client_id}"),
            "redirectUris": ["https://app.example/cb"]});
        let made = self.service.admin(Method::POST, "/shop/clients", Some(client)).await?;
        anyhow::ensure!(made.status() == 201, "{}", made.text().await?);
        Ok(())
    }

    async fn id(&self, client_id: &str) -> anyhow::Result<String> {
        let path = format!("/shop/clients?clientId={client_id}");
        let found = self.service.admin(Method::GET, &path, None).await?.json::<Value>().await?;
        Ok(found[0]["id"].as_str().unwrap_or_default().to_owned())
    }

    async fn change(&self, client_id: &str, changes: Value) -> anyhow::Result<()> {
        let path = format!("/shop/clients/{}", self.id(client_id).await?);
        let changed = self.service.admin(Method::PUT, &path, Some(changes)).await?;
        anyhow::ensure!(changed.status() == 204, "{}", changed.text().await?);
        Ok(())
    }

    async fn delivery(&self, client_id: &str) -> anyhow::Result<Value> {
        let path = format!("/shop/clients/{}/targets", self.id(client_id).await?);
        Ok(self.service.admin(Method::GET, &path, None).await?.json::<Value>().await?[0].take())
    }

    async fn asks(&self, what: &str, body: Value) -> anyhow::Result<Response> {
        self.service.admin(Method::POST, &format!("/shop/targets/hydra/{what}"), Some(body)).await
    }

    async fn sweep(&self, body: Value) -> anyhow::Result<Value> {
        let answer = self.asks("sweep", body).await?;
        anyhow::ensure!(answer.status() == 200, "{}", answer.text().await?);
        Ok(answer.json().await?)
    }

    /// The mark of the realm's clients.
    async fn mark(&self) -> anyhow::Result<Value> {
        let realm: Value = self.service.admin(Method::GET, "/shop", None).await?.json().await?;
        Ok(realm["id"].clone())
    }
}

/// The clients of a list of a report.
fn names(report: &Value, list: &str) -> Vec<String> {
    let entries = report[list].as_array().into_iter().flatten();
    entries.map(|entry| entry["clientId"].as_str().unwrap_or_default().to_owned()).collect()
}

#[tokio::test]
async fn a_target_in_order_is_the_same() -> anyhow::Result<()> {
    let scene = Scene::start(json!({})).await?;
    for client_id in ["one", "two", "three"] {
        scene.create(client_id).await?;
    }
    let answer = scene.asks("sweep", json!({"dryRun": true})).await?;
    assert_eq!(answer.status(), 200);
    let location = answer.headers()["location"].to_str()?.to_owned();
    let report: Value = answer.json().await?;
    let counts = ["clients", "marked", "same", "filled", "repaired", "removed"].map(|name| report[name].as_u64());
    assert_eq!(counts, [3, 3, 3, 0, 0, 0].map(Some));
    assert_eq!((&report["state"], &report["dryRun"], &report["repair"]), (&json!("done"), &json!(true), &json!(true)));
    let id = report["id"].as_str().unwrap_or_default();
    assert!(location.ends_with(&format!("/admin/realms/shop/targets/hydra/sweeps/{id}")), "{location}");
    let read = async |path: &str| -> anyhow::Result<Value> {
        Ok(scene.service.admin(Method::GET, &format!("/shop/targets/hydra{path}"), None).await?.json().await?)
    };
    assert_eq!(read(&format!("/sweeps/{id}")).await?, report);
    scene.sweep(json!({})).await?;
    let all = read("/sweeps").await?;
    assert_eq!(all.as_array().map(Vec::len), Some(2));
    assert_eq!(all[1], report);
    assert_eq!(read("").await?["lastSweep"], all[0]);
    Ok(())
}

#[tokio::test]
async fn an_emptied_target_is_filled_again_with_secrets() -> anyhow::Result<()> {
    let scene = Scene::start(json!({})).await?;
    for client_id in ["one", "two"] {
        scene.create(client_id).await?;
    }
    scene.hydra.kept().clients.clear();
    scene.hydra.kept().secrets.clear();
    let dry = scene.sweep(json!({"dryRun": true})).await?;
    assert_eq!((names(&dry, "missing").len(), scene.hydra.kept().clients.len()), (2, 0));
    assert_eq!(scene.delivery("one").await?["drift"], "none");
    let report = scene.sweep(json!({})).await?;
    assert_eq!((names(&report, "missing").len(), &report["filled"], &report["marked"]), (2, &json!(2), &json!(0)));
    assert_eq!(scene.hydra.secret("one"), Some(json!("secret of one")));
    let delivery = scene.delivery("one").await?;
    assert_eq!((&delivery["state"], &delivery["drift"]), (&json!("delivered"), &json!("none")));
    Ok(())
}

#[tokio::test]
async fn what_was_changed_at_the_target_is_shown_and_put_right() -> anyhow::Result<()> {
    let scene = Scene::start(json!({})).await?;
    scene.create("one").await?;
    scene.create("two").await?;
    scene.hydra.change("one", "redirect_uris", json!(["https://evil.example/cb"]));
    let shown = scene.sweep(json!({"dryRun": true})).await?;
    let expected = json!([{"field": "redirect_uris", "target": ["https://evil.example/cb"],
        "wanted": ["https://app.example/cb"]}]);
    assert_eq!((names(&shown, "different"), &shown["different"][0]["fields"]), (vec!["one".to_owned()], &expected));
    let only_shown = scene.sweep(json!({"repair": false})).await?;
    assert_eq!((&only_shown["repaired"], &only_shown["same"]), (&json!(0), &json!(1)));
    assert_eq!(scene.delivery("one").await?["drift"], "different");
    let report = scene.sweep(json!({})).await?;
    assert_eq!(report["repaired"], 1);
    assert_eq!(scene.hydra.client("one").unwrap_or_default()["redirect_uris"], json!(["https://app.example/cb"]));
    // Its secret is none of what was changed.
    assert_eq!(scene.hydra.secret("one"), Some(json!("secret of one")));
    assert_eq!(scene.delivery("one").await?["drift"], "none");
    Ok(())
}

#[tokio::test]
async fn orphans_are_removed_and_what_is_not_ours_stays() -> anyhow::Result<()> {
    let scene = Scene::start(json!({})).await?;
    scene.create("one").await?;
    scene.hydra.add("orphan", json!({"matricula": {"realm": scene.mark().await?, "id": "nobody"}}));
    scene.hydra.add("other", json!({"matricula": {"realm": "another", "id": "somebody"}}));
    scene.hydra.add("theirs", json!({}));
    let report = scene.sweep(json!({})).await?;
    assert_eq!((names(&report, "orphans"), &report["removed"]), (vec!["orphan".to_owned()], &json!(1)));
    let left: Vec<String> = scene.hydra.kept().clients.keys().cloned().collect();
    assert_eq!(left, ["one", "other", "theirs"]);
    let none: Value = scene.service.admin(Method::GET, "/shop/targets/hydra/deliveries", None).await?.json().await?;
    assert_eq!(none.as_array().map(Vec::len), Some(1));
    Ok(())
}

#[tokio::test]
async fn many_orphans_are_removed_only_by_force() -> anyhow::Result<()> {
    let scene = Scene::start(json!({})).await?;
    scene.create("one").await?;
    let mark = scene.mark().await?;
    for number in 0..12 {
        scene.hydra.add(&format!("orphan {number}"), json!({"matricula": {"realm": mark, "id": format!("{number}")}}));
    }
    scene.hydra.change("one", "client_name", json!("Changed there"));
    let stopped = scene.sweep(json!({})).await?;
    assert_eq!(
        (&stopped["state"], &stopped["reason"], &stopped["removed"]),
        (&json!("stopped"), &json!("Would remove 12 of 13 clients"), &json!(0))
    );
    // The rest is done.
    assert_eq!((&stopped["repaired"], scene.hydra.kept().clients.len()), (&json!(1), 13));
    let forced = scene.sweep(json!({"force": true})).await?;
    assert_eq!((&forced["state"], &forced["removed"]), (&json!("done"), &json!(12)));
    assert_eq!(scene.hydra.kept().clients.len(), 1);
    Ok(())
}

#[tokio::test]
async fn a_sweep_does_not_undo_what_happens_beside_it() -> anyhow::Result<()> {
    let scene = Scene::start(json!({})).await?;
    for client_id in ["changes", "goes", "stays"] {
        scene.create(client_id).await?;
    }
    // What it reads is two seconds old when it has read it.
    scene.hydra.kept().list_takes = Duration::from_secs(2);
    let sweep = scene.sweep(json!({}));
    let beside = async {
        tokio::time::sleep(Duration::from_millis(500)).await;
        let second = scene.asks("sweep", json!({})).await?;
        let status = second.status().as_u16();
        let refusal: Value = second.json().await?;
        assert_eq!((status, &refusal["error_description"]), (409, &json!("A sweep of target 'hydra' is running")));
        scene.change("changes", json!({"name": "Changed here"})).await?;
        scene.create("new").await?;
        let path = format!("/shop/clients/{}", scene.id("goes").await?);
        assert_eq!(scene.service.admin(Method::DELETE, &path, None).await?.status(), 204);
        anyhow::Ok(())
    };
    let (report, beside) = tokio::join!(sweep, beside);
    beside?;
    let report = report?;
    for list in ["missing", "different", "orphans", "unmarked"] {
        assert_eq!(report[list], json!([]), "{list}");
    }
    assert_eq!(scene.hydra.client("changes").unwrap_or_default()["client_name"], "Changed here");
    let there: Vec<String> = scene.hydra.kept().clients.keys().cloned().collect();
    assert_eq!(there, ["changes", "new", "stays"]);
    Ok(())
}

#[tokio::test]
async fn a_target_that_cannot_be_read_is_left_as_it_is() -> anyhow::Result<()> {
    let scene = Scene::start(json!({})).await?;
    scene.create("one").await?;
    scene.hydra.kept().clients.clear();
    scene.hydra.kept().is_away = true;
    let report = scene.sweep(json!({})).await?;
    assert_eq!((&report["state"], &report["reason"]), (&json!("failed"), &json!("The target's answer can't be read")));
    assert_eq!((&report["missing"], scene.hydra.kept().clients.len()), (&json!([]), 0));
    Ok(())
}

#[tokio::test]
async fn a_sweep_ends_with_its_server() -> anyhow::Result<()> {
    let mut scene = Scene::start(json!({})).await?;
    scene.create("one").await?;
    scene.hydra.kept().list_takes = Duration::from_secs(60);
    let asked = tokio::time::timeout(Duration::from_secs(1), scene.sweep(json!({}))).await;
    assert!(asked.is_err(), "it is not at its end");
    let states = async |scene: &Scene| -> anyhow::Result<Vec<Value>> {
        let all = scene.service.admin(Method::GET, "/shop/targets/hydra/sweeps", None).await?.json::<Value>().await?;
        Ok(all.as_array().into_iter().flatten().map(|report| report["state"].clone()).collect())
    };
    // Whoever asked has gone, and it goes on.
    assert_eq!(states(&scene).await?, ["running"]);
    scene.service.kill_and_restart()?;
    scene.hydra.kept().list_takes = Duration::ZERO;
    within(SOON, async || Ok(states(&scene).await? == ["failed"])).await?;
    assert_eq!(scene.sweep(json!({})).await?["state"], "done");
    assert_eq!(states(&scene).await?, ["done", "failed"]);
    Ok(())
}

#[tokio::test]
async fn what_a_target_never_shows_is_unsupported() -> anyhow::Result<()> {
    let scene = Scene::start(json!({})).await?;
    let client = json!({"clientId": "https://app.example/client", "secret": "secret"});
    assert_eq!(scene.service.admin(Method::POST, "/shop/clients", Some(client)).await?.status(), 201);
    let report = scene.sweep(json!({})).await?;
    assert_eq!((&report["same"], &report["orphans"]), (&json!(1), &json!([])));
    let path = "https://app.example/client".replace(':', "%3A").replace('/', "%2F");
    let delivery = scene.delivery(&path).await?;
    assert_eq!((&delivery["state"], &delivery["drift"]), (&json!("delivered"), &json!("unsupported")));
    Ok(())
}

#[tokio::test]
async fn who_lost_the_mark_is_refused_until_adopted() -> anyhow::Result<()> {
    let scene = Scene::start(json!({})).await?;
    scene.create("one").await?;
    scene.hydra.change("one", "metadata", json!({"theirs": true}));
    let report = scene.sweep(json!({})).await?;
    assert_eq!(names(&report, "unmarked"), ["one"]);
    let delivery = scene.delivery("one").await?;
    assert_eq!(
        (&delivery["state"], &delivery["message"]),
        (&json!("refused"), &json!("The target has a client 'one' that is not ours; adopt it"))
    );
    // It is found again, as adoptions take them from a dry run.
    assert_eq!(names(&scene.sweep(json!({"dryRun": true})).await?, "unmarked"), ["one"]);
    let adopted = scene.asks("adopt", json!({"clientId": "one", "dryRun": false})).await?;
    assert_eq!(adopted.status(), 200);
    assert_eq!(adopted.json::<Value>().await?["adopted"], true);
    assert_eq!(scene.delivery("one").await?["state"], "delivered");
    let metadata = scene.hydra.client("one").unwrap_or_default()["metadata"].take();
    assert_eq!((&metadata["theirs"], &metadata["matricula"]["realm"]), (&json!(true), &scene.mark().await?));
    Ok(())
}

#[tokio::test]
async fn a_client_of_the_target_is_adopted_after_its_differences_were_shown() -> anyhow::Result<()> {
    let scene = Scene::start(json!({})).await?;
    scene.hydra.add("app", json!({}));
    scene.hydra.kept().secrets.insert("app".to_owned(), json!("theirs"));
    scene.create("app").await?;
    assert_eq!(scene.delivery("app").await?["state"], "refused");
    let shown: Value = scene.asks("adopt", json!({"clientId": "app"})).await?.json().await?;
    assert_eq!(
        (&shown["adopted"], &shown["key"], &shown["id"]),
        (&json!(false), &json!("app"), &json!(scene.id("app").await?))
    );
    let fields = shown["fields"].as_array().cloned().unwrap_or_default();
    assert!(fields.contains(&json!({"field": "client_name", "target": "Theirs", "wanted": "app"})), "{shown}");
    assert!(!shown.to_string().contains("secret of app"));
    assert_eq!(scene.hydra.secret("app"), Some(json!("theirs")));
    let done: Value = scene.asks("adopt", json!({"clientId": "app", "dryRun": false})).await?.json().await?;
    assert_eq!((&done["adopted"], &done["fields"]), (&json!(true), &shown["fields"]));
    assert_eq!(scene.hydra.secret("app"), Some(json!("secret of app")));
    assert_eq!(scene.hydra.client("app").unwrap_or_default()["client_name"], "app");
    let events: Value = scene.service.admin(Method::GET, "/shop/events?type=TARGET_ADOPT", None).await?.json().await?;
    assert!(events.is_array());
    Ok(())
}

#[tokio::test]
async fn what_cannot_be_adopted_is_told_apart() -> anyhow::Result<()> {
    let scene = Scene::start(json!({})).await?;
    scene.create("ours").await?;
    scene.hydra.add("other", json!({"matricula": {"realm": "another", "id": "somebody"}}));
    scene.create("other").await?;
    scene.create("lonely").await?;
    scene.change("lonely", json!({"attributes": {"registration.targets": "-"}})).await?;
    within(SOON, async || Ok(scene.hydra.client("lonely").is_none())).await?;
    for (client_id, status, description) in [
        ("nobody", 404, "Client 'nobody' does not exist"),
        ("broker", 404, "Client 'broker' does not exist"),
        ("lonely", 404, "The target has no client 'lonely'"),
        ("ours", 409, "Client 'ours' is ours already"),
        ("other", 409, "Client 'other' belongs to another realm"),
    ] {
        let refused = scene.asks("adopt", json!({"clientId": client_id, "dryRun": false})).await?;
        let answered = refused.status().as_u16();
        assert_eq!(
            (answered, refused.json::<Value>().await?["error_description"].as_str()),
            (status, Some(description))
        );
    }
    scene.hydra.add("lonely", json!({}));
    let elsewhere = scene.asks("adopt", json!({"clientId": "lonely", "dryRun": false})).await?;
    assert_eq!(elsewhere.status(), 409);
    Ok(())
}

#[tokio::test]
async fn what_a_request_says_of_a_sweep_must_be_known() -> anyhow::Result<()> {
    let scene = Scene::start(json!({})).await?;
    for (what, body, description) in [
        ("sweep", json!({"dry": true}), "'dry' is unknown"),
        ("sweep", json!({"force": "yes"}), "'force' must be true or false"),
        ("adopt", json!({"dryRun": true}), "'clientId' is missing"),
    ] {
        let refused = scene.asks(what, body).await?;
        assert_eq!(refused.status(), 400);
        assert_eq!(refused.json::<Value>().await?["error_description"], description);
    }
    let unknown = scene.service.admin(Method::GET, "/shop/targets/hydra/sweeps/none", None).await?;
    assert_eq!(unknown.status(), 404);
    let hook = json!({"name": "hook", "connector": "webhook", "url": scene.url,
        "credentials": {"type": "standard-webhooks"}});
    assert_eq!(scene.service.admin(Method::POST, "/shop/targets", Some(hook)).await?.status(), 201);
    let refused = scene.service.admin(Method::POST, "/shop/targets/hook/sweep", Some(json!({}))).await?;
    assert_eq!(refused.status(), 409);
    assert_eq!(refused.json::<Value>().await?["error_description"], "Connector 'webhook' can't look at its target");
    Ok(())
}
