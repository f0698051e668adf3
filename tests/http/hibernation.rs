//! Clients that hibernate: what is left of them where, and what brings them back.

use std::time::Duration;

use matricula_tests::within;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::client_changes::feed;
use crate::deliveries::{SOON, Scene, pending};

/// What was registered at the target: internal id, and document.
async fn registered(scene: &Scene, name: &str) -> anyhow::Result<(String, Value)> {
    let client: Value = scene.register(name).await?.error_for_status()?.json().await?;
    Ok((scene.id(&client["client_id"]).await?, client))
}

/// `hibernate` or `revive` by an administrator: the status.
async fn act(scene: &Scene, id: &str, act: &str) -> anyhow::Result<StatusCode> {
    Ok(scene.service.admin(Method::POST, &format!("/shop/clients/{id}/{act}"), None).await?.status())
}

async fn asleep(scene: &Scene, id: &str) -> anyhow::Result<()> {
    anyhow::ensure!(act(scene, id, "hibernate").await? == 204, "it does not hibernate");
    Ok(())
}

async fn state(scene: &Scene, id: &str) -> anyhow::Result<String> {
    let life: Value = scene.service.admin(Method::GET, &format!("/shop/clients/{id}/life"), None).await?.json().await?;
    Ok(life["state"].as_str().unwrap_or_default().to_owned())
}

async fn start() -> anyhow::Result<Scene> {
    Scene::on(matricula_tests::Service::start()?).await
}

/// A request of a client with its own registration access token.
async fn own(scene: &Scene, method: Method, client: &Value, body: Value) -> anyhow::Result<reqwest::Response> {
    let text = |member: &str| client[member].as_str().unwrap_or_default().to_owned();
    let (url, client_id) = (&scene.service.url, text("client_id"));
    let url = format!("{url}/realms/shop/clients-registrations/openid-connect/{client_id}");
    let request = scene.service.http.request(method, url).bearer_auth(text("registration_access_token"));
    Ok(request.json(&body).send().await?)
}

#[tokio::test]
async fn a_client_that_hibernates_is_at_no_target_and_whole_here() -> anyhow::Result<()> {
    let scene = start().await?;
    scene.target(json!({})).await?;
    let (id, _) = registered(&scene, "Sleeper").await?;
    let path = format!("/shop/clients/{id}");
    let mut before: Value = scene.service.admin(Method::GET, &path, None).await?.json().await?;
    let answer = scene.service.admin(Method::POST, &format!("{path}/hibernate"), None).await?;
    assert_eq!((answer.status().as_u16(), pending(&answer)), (204, None));
    let told: Vec<String> = scene.hook.told().into_iter().map(|(kind, _)| kind).collect();
    assert_eq!(told, ["client.put", "client.remove"]);
    let mut stored: Value = scene.service.admin(Method::GET, &path, None).await?.json().await?;
    let since = stored["attributes"]["life.hibernated"].as_str().and_then(|since| since.parse::<i64>().ok());
    let life: Value = scene.service.admin(Method::GET, &format!("{path}/life"), None).await?.json().await?;
    assert_eq!(
        (&life["state"], &life["hibernatedSince"], &life["rule"]),
        (&json!("hibernating"), &json!(since), &Value::Null)
    );
    for document in [&mut before, &mut stored] {
        document["attributes"].as_object_mut().map(|attributes| attributes.remove("life.hibernated"));
    }
    assert_eq!(stored, before);
    let listed: Value = scene.service.admin(Method::GET, "/shop/clients?state=hibernating", None).await?.json().await?;
    assert_eq!((listed.as_array().map(Vec::len), &listed[0]["id"]), (Some(1), &json!(id)));
    // A target that comes later does not get it either, and the one that is there does again.
    scene.target(json!({"name": "later"})).await?;
    assert_eq!(act(&scene, &id, "revive").await?, 204);
    let puts = || scene.hook.told().iter().filter(|(kind, _)| kind == "client.put").count();
    assert_eq!(puts(), 3);
    assert_eq!(scene.delivery(&id).await?["state"], "delivered");
    Ok(())
}

#[tokio::test]
async fn it_takes_a_client_to_hibernate_and_one_that_hibernates_to_revive() -> anyhow::Result<()> {
    let scene = start().await?;
    let (id, _) = registered(&scene, "Sleeper").await?;
    assert_eq!(act(&scene, &id, "revive").await?, 409);
    asleep(&scene, &id).await?;
    assert_eq!(act(&scene, &id, "hibernate").await?, 409);
    assert_eq!(act(&scene, &id, "revive").await?, 204);
    scene.service.admin(Method::PUT, &format!("/shop/clients/{id}"), Some(json!({"enabled": false}))).await?;
    assert_eq!(act(&scene, &id, "hibernate").await?, 409);
    let account = scene.id(&json!("account")).await?;
    assert_eq!(act(&scene, &account, "hibernate").await?, 403);
    assert_eq!(act(&scene, &account, "revive").await?, 403);
    assert_eq!(act(&scene, "nobody", "hibernate").await?, 404);
    Ok(())
}

#[tokio::test]
async fn each_use_and_each_change_of_an_administrator_revives() -> anyhow::Result<()> {
    let scene = start().await?;
    let service = &scene.service;
    service.admin(Method::PUT, "/shop", Some(json!({"eventsEnabled": true}))).await?.error_for_status()?;
    let (id, mut client) = registered(&scene, "Sleeper").await?;
    let path = format!("/shop/clients/{id}");
    let job = json!({"serviceAccountsEnabled": true, "publicClient": false, "secret": "s3cret"});
    service.admin(Method::PUT, &path, Some(job)).await?.error_for_status()?;
    let client_id = client["client_id"].as_str().unwrap_or_default().to_owned();

    asleep(&scene, &id).await?;
    let read = own(&scene, Method::GET, &client, Value::Null).await?;
    assert_eq!((read.status().as_u16(), state(&scene, &id).await?.as_str()), (200, "active"));

    asleep(&scene, &id).await?;
    let refused = own(&scene, Method::PUT, &client, json!({"client_id": "another"})).await?;
    assert_eq!((refused.status().as_u16(), state(&scene, &id).await?.as_str()), (400, "hibernating"));
    let body = json!({"client_id": client_id, "redirect_uris": ["http://127.0.0.1/cb"]});
    let changed = own(&scene, Method::PUT, &client, body).await?;
    assert_eq!((changed.status().as_u16(), state(&scene, &id).await?.as_str()), (200, "active"));
    client = changed.json().await?;

    service.admin(Method::PUT, &path, Some(json!({"serviceAccountsEnabled": true, "secret": "s3cret"}))).await?;
    asleep(&scene, &id).await?;
    let url = format!("{}/realms/shop/protocol/openid-connect/token", service.url);
    let form = [("grant_type", "client_credentials")];
    let token =
        async |secret: &str| service.http.post(&url).basic_auth(&client_id, Some(secret)).form(&form).send().await;
    assert_eq!((token("wrong").await?.status().as_u16(), state(&scene, &id).await?.as_str()), (401, "hibernating"));
    assert_eq!((token("s3cret").await?.status().as_u16(), state(&scene, &id).await?.as_str()), (200, "active"));

    asleep(&scene, &id).await?;
    let body = json!([{"clientId": client_id}, {"clientId": client_id}, {"clientId": "account"}]);
    let told: Value = service.admin(Method::POST, "/shop/client-use", Some(body)).await?.json().await?;
    assert_eq!(told, json!({"accepted": 3, "unknown": [], "revived": [client_id]}));
    assert_eq!(state(&scene, &id).await?, "active");

    asleep(&scene, &id).await?;
    service.admin(Method::PUT, &path, Some(json!({"name": "Awake"}))).await?.error_for_status()?;
    let stored: Value = service.admin(Method::GET, &path, None).await?.json().await?;
    assert_eq!((&stored["name"], &stored["attributes"]["life.hibernated"]), (&json!("Awake"), &Value::Null));

    // Whoever reads it with other rights does not use it.
    asleep(&scene, &id).await?;
    let administrator = json!({"client_id": client_id, "registration_access_token": service.administrator().await?});
    own(&scene, Method::GET, &administrator, Value::Null).await?;
    assert_eq!(state(&scene, &id).await?, "hibernating");
    let again = own(&scene, Method::GET, &client, Value::Null).await?;
    assert_eq!((again.status().as_u16(), state(&scene, &id).await?.as_str()), (200, "active"));

    let events: Vec<Value> = service.admin(Method::GET, "/shop/events?type=CLIENT_REVIVE", None).await?.json().await?;
    let uses: Vec<&Value> = events.iter().rev().map(|event| &event["details"]["use"]).collect();
    let expected = [json!("management"), json!("management"), json!("token"), json!("reported"), Value::Null];
    assert_eq!(uses, expected.iter().chain([&json!("management")]).collect::<Vec<_>>());
    assert!(events.iter().all(|event| event["clientId"] == json!(client_id)));
    let slept: Vec<Value> =
        service.admin(Method::GET, "/shop/events?type=CLIENT_HIBERNATE", None).await?.json().await?;
    assert_eq!((slept.len(), &slept[0]["details"]), (6, &Value::Null));
    Ok(())
}

#[tokio::test]
async fn followers_see_it_go_and_come() -> anyhow::Result<()> {
    let scene = start().await?;
    let (id, _) = registered(&scene, "Sleeper").await?;
    let changes = async |query: String| -> anyhow::Result<(Vec<Value>, String)> {
        let answer = feed(&scene.service, &query).await?;
        let changes = answer["changes"].as_array().into_iter().flatten();
        let removed = changes.filter(|change| change["id"] == json!(id)).map(|change| change["removed"].clone());
        Ok((removed.collect(), answer["next"].as_str().unwrap_or_default().to_owned()))
    };
    let (seen, mut next) = changes(String::new()).await?;
    assert_eq!(seen, [json!(false)]);
    for (act, removed, from_nothing) in [("hibernate", true, vec![]), ("revive", false, vec![json!(false)])] {
        self::act(&scene, &id, act).await?;
        let (seen, later) = changes(format!("after={next}")).await?;
        assert_eq!(seen, [json!(removed)], "{act}");
        assert_eq!(changes(String::new()).await?.0, from_nothing, "{act}");
        next = later;
    }
    Ok(())
}

#[tokio::test]
async fn those_that_hibernate_do_not_count() -> anyhow::Result<()> {
    let scene = start().await?;
    let service = &scene.service;
    let count = async || -> anyhow::Result<i64> {
        let figures: Value =
            service.admin(Method::GET, "/shop/client-registration-policy/figures", None).await?.json().await?;
        figures["clients"].as_i64().ok_or_else(|| anyhow::anyhow!("{figures}"))
    };
    let before = count().await?;
    let (one, _) = registered(&scene, "One").await?;
    let (two, _) = registered(&scene, "Two").await?;
    assert_eq!(count().await?, before + 2);
    asleep(&scene, &one).await?;
    asleep(&scene, &two).await?;
    assert_eq!(count().await?, before);
    act(&scene, &one, "revive").await?;
    service.admin(Method::DELETE, &format!("/shop/clients/{two}"), None).await?.error_for_status()?;
    assert_eq!(count().await?, before + 1);
    Ok(())
}

#[tokio::test]
async fn a_target_that_must_take_clients_refuses_none_that_comes_back() -> anyhow::Result<()> {
    let scene = start().await?;
    scene.target(json!({"required": true, "wait": 500})).await?;
    let (id, client) = registered(&scene, "Sleeper").await?;
    asleep(&scene, &id).await?;
    scene.hook.answers(500, Duration::ZERO);
    let read = own(&scene, Method::GET, &client, Value::Null).await?;
    assert_eq!((read.status().as_u16(), pending(&read)), (200, Some("hook")));
    assert_eq!(state(&scene, &id).await?, "active");
    scene.hook.answers(204, Duration::ZERO);
    within(SOON, async || Ok(scene.delivery(&id).await?["state"] == "delivered")).await
}

#[tokio::test]
async fn who_puts_to_sleep_and_who_wakes_at_the_same_time_end_in_one_state() -> anyhow::Result<()> {
    let scene = start().await?;
    scene.target(json!({})).await?;
    let (id, client) = registered(&scene, "Sleeper").await?;
    for _ in 0..5 {
        let wakes = || own(&scene, Method::GET, &client, Value::Null);
        let (slept, one, other) = tokio::join!(act(&scene, &id, "hibernate"), wakes(), wakes());
        assert_eq!((slept?.as_u16(), one?.status().as_u16(), other?.status().as_u16()), (204, 200, 200));
        let is_there = state(&scene, &id).await? == "active";
        within(SOON, async || {
            let last = scene.hook.told().last().map(|(kind, _)| kind == "client.put");
            Ok(last == Some(is_there))
        })
        .await?;
        if !is_there {
            act(&scene, &id, "revive").await?;
        }
    }
    let figures = "/shop/client-registration-policy/figures";
    let figures: Value = scene.service.admin(Method::GET, figures, None).await?.json().await?;
    let all: Vec<Value> = scene.service.admin(Method::GET, "/shop/clients", None).await?.json().await?;
    assert_eq!(figures["clients"].as_u64(), Some(all.len() as u64));
    Ok(())
}
