//! Clients at targets: what a webhook is told, when, and what requests say about it.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::any;
use matricula_tests::{Service, within};
use reqwest::{Method, Response};
use serde_json::{Value, json};

pub(crate) const SOON: Duration = Duration::from_secs(20);

/// A webhook's end: keeps what it is told, and answers as it is told to.
#[derive(Clone)]
pub(crate) struct Hook {
    events: Arc<Mutex<Vec<Value>>>,
    answer: Arc<Mutex<(u16, Duration)>>,
    /// Clients of this name are refused.
    refused: Arc<Mutex<String>>,
    url: String,
}

impl Hook {
    pub(crate) async fn start() -> anyhow::Result<Hook> {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
        let url = format!("http://{}/hook", listener.local_addr()?);
        let hook = Hook {
            events: Arc::default(),
            answer: Arc::new(Mutex::new((204, Duration::ZERO))),
            refused: Arc::default(),
            url,
        };
        let routes = Router::new().fallback(any(told)).with_state(hook.clone());
        tokio::spawn(async move { axum::serve(listener, routes).await });
        Ok(hook)
    }

    /// Every event that it was told.
    pub(crate) fn events(&self) -> Vec<Value> {
        self.events.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).clone()
    }

    /// Refuses clients of this name from now on, after the same time as it answers others.
    pub(crate) fn refuses(&self, name: &str) {
        name.clone_into(&mut self.refused.lock().unwrap_or_else(|poisoned| poisoned.into_inner()));
    }

    pub(crate) fn answers(&self, status: u16, after: Duration) {
        *self.answer.lock().unwrap_or_else(|poisoned| poisoned.into_inner()) = (status, after);
    }

    /// The types of what it was told, with the client's name.
    pub(crate) fn told(&self) -> Vec<(String, String)> {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        self.events().iter().map(|event| (text(&event["type"]), text(&event["data"]["client"]["name"]))).collect()
    }
}

async fn told(State(hook): State<Hook>, body: Bytes) -> StatusCode {
    let event: Value = serde_json::from_slice(&body).unwrap_or_default();
    let name = event["data"]["client"]["name"].clone();
    hook.events.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).push(event);
    let (status, after) = *hook.answer.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    tokio::time::sleep(after).await;
    if name == *hook.refused.lock().unwrap_or_else(|poisoned| poisoned.into_inner()) {
        return StatusCode::UNPROCESSABLE_ENTITY;
    }
    StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

pub(crate) struct Scene {
    pub(crate) service: Service,
    pub(crate) hook: Hook,
    pub(crate) token: String,
}

impl Scene {
    async fn start() -> anyhow::Result<Scene> {
        Scene::on(Service::start()?).await
    }

    pub(crate) async fn on(service: Service) -> anyhow::Result<Scene> {
        service.realm("shop").await?;
        let token = service.initial_access_token("shop", json!({"count": 100})).await?;
        Ok(Scene { service, hook: Hook::start().await?, token })
    }

    pub(crate) async fn target(&self, changes: Value) -> anyhow::Result<Value> {
        let mut target = json!({"name": "hook", "connector": "webhook", "url": self.hook.url,
            "credentials": {"type": "standard-webhooks"}});
        if let (Some(target), Some(changes)) = (target.as_object_mut(), changes.as_object()) {
            target.extend(changes.clone());
        }
        let made = self.service.admin(Method::POST, "/shop/targets", Some(target)).await?;
        anyhow::ensure!(made.status() == 201, "{}", made.text().await?);
        Ok(made.json().await?)
    }

    pub(crate) async fn register(&self, name: &str) -> anyhow::Result<Response> {
        let request = self.service.register("shop", "openid-connect", Some(&self.token));
        let body = json!({"client_name": name, "redirect_uris": ["http://127.0.0.1/cb"]});
        Ok(request.json(&body).send().await?)
    }

    pub(crate) async fn delivery(&self, id: &str) -> anyhow::Result<Value> {
        let answer = self.service.admin(Method::GET, &format!("/shop/clients/{id}/targets"), None).await?;
        Ok(answer.json::<Value>().await?[0].take())
    }

    /// The internal id of the client with this `client_id`.
    pub(crate) async fn id(&self, client_id: &Value) -> anyhow::Result<String> {
        let path = format!("/shop/clients?clientId={}", client_id.as_str().unwrap_or_default());
        let found = self.service.admin(Method::GET, &path, None).await?.json::<Value>().await?;
        Ok(found[0]["id"].as_str().unwrap_or_default().to_owned())
    }
}

pub(crate) fn pending(answer: &Response) -> Option<&str> {
    answer.headers().get("matricula-pending").and_then(|value| value.to_str().ok())
}

#[tokio::test]
async fn a_target_has_a_client_before_the_caller_has_its_answer() -> anyhow::Result<()> {
    let scene = Scene::start().await?;
    scene.target(json!({})).await?;
    let answer = scene.register("One").await?;
    assert_eq!((answer.status().as_u16(), pending(&answer)), (201, None));
    let client: Value = answer.json().await?;
    assert_eq!(scene.hook.told(), [("client.put".to_owned(), "One".to_owned())]);
    let id = scene.id(&client["client_id"]).await?;
    let delivery = scene.delivery(&id).await?;
    assert_eq!((&delivery["state"], &delivery["secret"]), (&json!("delivered"), &json!("delivered")));
    assert_eq!(delivery["generation"], delivery["deliveredGeneration"]);
    let gone = scene.service.admin(Method::DELETE, &format!("/shop/clients/{id}"), None).await?;
    assert_eq!((gone.status().as_u16(), pending(&gone)), (204, None));
    assert_eq!(scene.hook.told().last().map(|(kind, _)| kind.as_str()), Some("client.remove"));
    Ok(())
}

#[tokio::test]
async fn clients_that_are_there_are_given_to_a_new_target() -> anyhow::Result<()> {
    let scene = Scene::start().await?;
    for name in ["One", "Two", "Three"] {
        assert_eq!(scene.register(name).await?.status(), 201);
    }
    scene.target(json!({})).await?;
    within(SOON, async || Ok(scene.hook.told().len() >= 3)).await?;
    let mut names: Vec<String> = scene.hook.told().into_iter().map(|(_, name)| name).collect();
    names.sort();
    assert_eq!(names, ["One", "Three", "Two"]);
    Ok(())
}

#[tokio::test]
async fn a_slow_target_is_named_and_told_later() -> anyhow::Result<()> {
    let scene = Scene::start().await?;
    scene.target(json!({"wait": 300})).await?;
    scene.hook.answers(204, Duration::from_millis(1500));
    let began = Instant::now();
    let answer = scene.register("Slow").await?;
    assert!(began.elapsed() < Duration::from_millis(1400));
    assert_eq!((answer.status().as_u16(), pending(&answer)), (201, Some("hook")));
    let id = scene.id(&answer.json::<Value>().await?["client_id"]).await?;
    within(SOON, async || Ok(scene.delivery(&id).await?["state"] == "delivered")).await?;
    assert_eq!(scene.hook.told().len(), 1);
    Ok(())
}

#[tokio::test]
async fn a_client_leaves_until_its_target_has_confirmed() -> anyhow::Result<()> {
    let scene = Scene::start().await?;
    scene.target(json!({"wait": 200})).await?;
    let client: Value = scene.register("Leaver").await?.json().await?;
    let id = scene.id(&client["client_id"]).await?;
    scene.hook.answers(500, Duration::ZERO);
    let gone = scene.service.admin(Method::DELETE, &format!("/shop/clients/{id}"), None).await?;
    assert_eq!((gone.status().as_u16(), pending(&gone)), (204, Some("hook")));
    assert_eq!(scene.service.admin(Method::GET, &format!("/shop/clients/{id}"), None).await?.status(), 404);
    let leaving = async || -> anyhow::Result<Value> {
        Ok(scene.service.admin(Method::GET, "/shop/clients?state=leaving", None).await?.json().await?)
    };
    assert_eq!(leaving().await?[0]["clientId"], client["client_id"]);
    // Its name is in use so long.
    let again = json!({"clientId": client["client_id"]});
    assert_eq!(scene.service.admin(Method::POST, "/shop/clients", Some(again)).await?.status(), 409);
    scene.hook.answers(204, Duration::ZERO);
    within(SOON, async || Ok(leaving().await? == json!([]))).await?;
    Ok(())
}

#[tokio::test]
async fn nothing_stays_of_a_client_that_a_required_target_refuses() -> anyhow::Result<()> {
    let scene = Scene::start().await?;
    scene.target(json!({"required": true})).await?;
    let once = scene.service.initial_access_token("shop", json!({"count": 1})).await?;
    scene.hook.answers(422, Duration::ZERO);
    let body = json!({"client_name": "Refused", "redirect_uris": ["http://127.0.0.1/cb"]});
    let register = async || scene.service.register("shop", "openid-connect", Some(&once)).json(&body).send().await;
    let answer = register().await?;
    assert_eq!(answer.status(), 400);
    let refusal: Value = answer.json().await?;
    assert_eq!(
        (&refusal["error"], &refusal["violations"][0]["target"]),
        (&json!("invalid_client_metadata"), &json!("hook"))
    );
    let names = scene.service.admin(Method::GET, "/shop/clients", None).await?.text().await?;
    assert!(!names.contains("Refused"));
    scene.hook.answers(204, Duration::ZERO);
    // The use of the token was given back.
    assert_eq!(register().await?.status(), 201);
    Ok(())
}

#[tokio::test]
async fn what_a_killed_server_left_is_delivered_by_the_next_one() -> anyhow::Result<()> {
    let mut scene = Scene::start().await?;
    scene.target(json!({"wait": 0})).await?;
    scene.hook.answers(204, Duration::from_secs(3));
    for number in 0..20 {
        assert_eq!(scene.register(&format!("Client {number}")).await?.status(), 201);
    }
    scene.service.kill_and_restart()?;
    scene.hook.answers(204, Duration::ZERO);
    within(Duration::from_secs(60), async || {
        let target = scene.service.admin(Method::GET, "/shop/targets/hook", None).await?.json::<Value>().await?;
        Ok(target["deliveries"]["delivered"] == 20)
    })
    .await?;
    Ok(())
}
