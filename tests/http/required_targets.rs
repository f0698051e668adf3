//! Targets that must take each client: what they refuse, or do not take in time, is nowhere.

use std::time::Duration;

use matricula_tests::{Service, guests, within};
use reqwest::{Method, Response};
use serde_json::{Value, json};

use crate::deliveries::{SOON, Scene, pending};

/// A realm whose hook must take each client.
async fn scene(changes: Value) -> anyhow::Result<Scene> {
    let guests = guests()?.display().to_string();
    let scene = Scene::on(Service::start_with(&["--policies", &guests])?).await?;
    let mut target = json!({"required": true, "wait": 10_000});
    if let (Some(target), Some(changes)) = (target.as_object_mut(), changes.as_object()) {
        target.extend(changes.clone());
    }
    scene.target(target).await?;
    Ok(scene)
}

async fn admin(scene: &Scene, method: Method, path: &str, body: Value) -> anyhow::Result<Response> {
    scene.service.admin(method, &format!("/shop{path}"), Some(body)).await
}

async fn get(scene: &Scene, path: &str) -> anyhow::Result<Value> {
    Ok(scene.service.admin(Method::GET, &format!("/shop{path}"), None).await?.json().await?)
}

/// A client of an administrator: its internal id.
async fn made(scene: &Scene, name: &str) -> anyhow::Result<String> {
    let answer = admin(scene, Method::POST, "/clients", json!({"clientId": name, "name": name})).await?;
    anyhow::ensure!(answer.status() == 201, "{}", answer.text().await?);
    Ok(get(scene, &format!("/clients?clientId={name}")).await?[0]["id"].as_str().unwrap_or_default().to_owned())
}

async fn renamed(scene: &Scene, id: &str, name: &str) -> anyhow::Result<Response> {
    admin(scene, Method::PUT, &format!("/clients/{id}"), json!({"name": name})).await
}

/// The hook has the client under this name, and the latest of its generations.
async fn settles(scene: &Scene, id: &str, name: &str) -> anyhow::Result<()> {
    within(SOON, async || {
        let delivery = scene.delivery(id).await?;
        let last = scene.hook.told().last().map(|(_, name)| name.clone());
        Ok(delivery["state"] == "delivered" && last.as_deref() == Some(name))
    })
    .await
}

#[tokio::test]
async fn an_administrator_is_told_what_a_required_target_refuses() -> anyhow::Result<()> {
    let scene = scene(json!({})).await?;
    scene.hook.refuses("Bad");
    let body = json!({"clientId": "bad", "name": "Bad"});
    let answer = admin(&scene, Method::POST, "/clients", body.clone()).await?;
    assert_eq!(answer.status(), 400);
    let decision = answer.headers()["matricula-decision"].to_str()?.to_owned();
    let refusal: Value = answer.json().await?;
    assert_eq!(refusal["error"], "invalid_client_metadata");
    let description = refusal["error_description"].as_str().unwrap_or_default();
    assert!(description.starts_with("Target 'hook' refused the client: "), "{refusal}");
    assert_eq!((&refusal["violations"][0]["target"], &refusal["decision"]), (&json!("hook"), &json!(decision)));
    let records = get(&scene, &format!("/client-registration-policy/decisions?id={decision}")).await?;
    assert_eq!((&records[0]["outcome"], &records[0]["violations"][0]["target"]), (&json!("reject"), &json!("hook")));
    assert_eq!(get(&scene, "/clients?clientId=bad").await?, json!([]));
    // Once it has left, its name is free.
    scene.hook.refuses("");
    within(SOON, async || Ok(admin(&scene, Method::POST, "/clients", body.clone()).await?.status() == 201)).await
}

#[tokio::test]
async fn what_a_required_target_does_not_take_in_time_may_be_tried_again() -> anyhow::Result<()> {
    let scene = scene(json!({"wait": 300})).await?;
    let id = made(&scene, "shop").await?;
    scene.hook.answers(204, Duration::from_millis(1500));
    for answer in [
        admin(&scene, Method::POST, "/clients", json!({"clientId": "late"})).await?,
        renamed(&scene, &id, "Late").await?,
        scene.register("Late").await?,
    ] {
        assert_eq!(answer.status(), 503);
        let again: u64 = answer.headers()["retry-after"].to_str()?.parse()?;
        assert!((1..=60).contains(&again));
        let refusal: Value = answer.json().await?;
        assert_eq!(refusal["error"], "temporarily_unavailable");
        assert_eq!(refusal["error_description"], "Target 'hook' did not take the client in time");
    }
    assert_eq!(get(&scene, "/clients?clientId=late").await?, json!([]));
    scene.hook.answers(204, Duration::ZERO);
    // The former state, as a further generation; and what may have come there leaves.
    within(SOON, async || Ok(scene.delivery(&id).await?["state"] == "delivered")).await?;
    assert_eq!(get(&scene, &format!("/clients/{id}")).await?["name"], "shop");
    within(SOON, async || Ok(scene.hook.told().iter().filter(|(kind, _)| kind == "client.remove").count() == 2)).await
}

#[tokio::test]
async fn while_a_target_thinks_the_client_is_what_it_was() -> anyhow::Result<()> {
    let scene = scene(json!({})).await?;
    let id = made(&scene, "before").await?;
    let feed = get(&scene, "/client-changes").await?;
    let cursor = feed["next"].as_str().unwrap_or_default().to_owned();
    scene.hook.answers(204, Duration::from_secs(2));
    let waiting = renamed(&scene, &id, "After");
    let looking = async {
        within(SOON, async || Ok(scene.hook.told().iter().any(|(_, name)| name == "After"))).await?;
        assert_eq!(get(&scene, &format!("/clients/{id}")).await?["name"], "before");
        assert_eq!(get(&scene, &format!("/client-changes?after={cursor}")).await?["changes"], json!([]));
        // Another change waits, and is one of what came of the first.
        let second = admin(&scene, Method::PUT, &format!("/clients/{id}"), json!({"description": "Second"})).await?;
        anyhow::Ok(second.status().as_u16())
    };
    let (first, second) = tokio::join!(waiting, looking);
    assert_eq!((first?.status().as_u16(), second?), (204, 204));
    let client = get(&scene, &format!("/clients/{id}")).await?;
    assert_eq!((&client["name"], &client["description"]), (&json!("After"), &json!("Second")));
    let changes = get(&scene, &format!("/client-changes?after={cursor}")).await?;
    assert_eq!(changes["changes"][0]["client"]["name"], "After");
    let delivery = scene.delivery(&id).await?;
    assert_eq!((&delivery["state"], &delivery["generation"]), (&json!("delivered"), &delivery["deliveredGeneration"]));
    Ok(())
}

#[tokio::test]
async fn a_refused_change_leaves_the_former_state_everywhere() -> anyhow::Result<()> {
    let scene = scene(json!({})).await?;
    let id = made(&scene, "before").await?;
    let secret = get(&scene, &format!("/clients/{id}/client-secret")).await?["value"].clone();
    let generation = scene.delivery(&id).await?["generation"].clone();
    scene.hook.refuses("After");
    let change = json!({"name": "After", "secret": "another"});
    let answer = admin(&scene, Method::PUT, &format!("/clients/{id}"), change).await?;
    assert_eq!(answer.status(), 400);
    assert_eq!(get(&scene, &format!("/clients/{id}")).await?["name"], "before");
    settles(&scene, &id, "before").await?;
    assert!(scene.delivery(&id).await?["generation"].as_i64() > generation.as_i64());
    // It may have seen the other secret.
    let last = scene.hook.events().last().cloned().unwrap_or_default();
    assert_eq!((&last["data"]["client"]["secret"], &secret), (&secret, &json!(secret.as_str())));
    // A later secret is told.
    scene.hook.refuses("");
    let path = format!("/shop/clients/{id}/client-secret");
    let fresh: Value = scene.service.admin(Method::POST, &path, None).await?.json().await?;
    let last = scene.hook.events().last().cloned().unwrap_or_default();
    assert_eq!(last["data"]["client"]["secret"], fresh["value"]);
    Ok(())
}

#[tokio::test]
async fn a_client_that_a_required_target_refuses_stays_held() -> anyhow::Result<()> {
    let scene = scene(json!({})).await?;
    scene.service.policy("shop", "authenticated", "holds", json!({})).await?;
    scene.hook.refuses("Held");
    let client: Value = scene.register("Held").await?.json().await?;
    let id = scene.id(&client["client_id"]).await?;
    assert_eq!(scene.hook.told(), []);
    let approve = async || scene.service.admin(Method::POST, &format!("/shop/clients/{id}/approve"), None).await;
    assert_eq!(approve().await?.status(), 400);
    assert_eq!(get(&scene, "/clients?held=true").await?[0]["id"], json!(id));
    scene.hook.refuses("");
    within(SOON, async || Ok(approve().await?.status() == 204)).await?;
    assert_eq!(get(&scene, "/clients?held=true").await?, json!([]));
    settles(&scene, &id, "Held").await
}

#[tokio::test]
async fn a_crash_while_a_target_thinks_is_a_refusal() -> anyhow::Result<()> {
    let mut scene = scene(json!({})).await?;
    let id = made(&scene, "before").await?;
    scene.hook.answers(204, Duration::from_secs(5));
    let path = format!("{}/admin/realms/shop/clients/{id}", scene.service.url);
    let token = scene.service.administrator().await?;
    let request = reqwest::Client::new().put(path).bearer_auth(token).json(&json!({"name": "After"}));
    tokio::spawn(request.send());
    within(SOON, async || Ok(scene.hook.told().iter().any(|(_, name)| name == "After"))).await?;
    scene.service.kill_and_restart()?;
    scene.hook.answers(204, Duration::ZERO);
    assert_eq!(get(&scene, &format!("/clients/{id}")).await?["name"], "before");
    settles(&scene, &id, "before").await
}

#[tokio::test]
async fn what_disables_or_deletes_is_never_refused() -> anyhow::Result<()> {
    let scene = scene(json!({"wait": 200})).await?;
    let id = made(&scene, "shop").await?;
    scene.hook.answers(500, Duration::ZERO);
    let disabled = admin(&scene, Method::PUT, &format!("/clients/{id}"), json!({"enabled": false})).await?;
    assert_eq!((disabled.status().as_u16(), pending(&disabled)), (204, Some("hook")));
    assert_eq!(get(&scene, &format!("/clients/{id}")).await?["enabled"], false);
    let deleted = scene.service.admin(Method::DELETE, &format!("/shop/clients/{id}"), None).await?;
    assert_eq!((deleted.status().as_u16(), pending(&deleted)), (204, Some("hook")));
    Ok(())
}

#[tokio::test]
async fn a_deletion_ends_a_change_that_a_target_thinks_about() -> anyhow::Result<()> {
    let scene = scene(json!({})).await?;
    let id = made(&scene, "shop").await?;
    scene.hook.answers(204, Duration::from_secs(2));
    let looking = async {
        within(SOON, async || Ok(scene.hook.told().iter().any(|(_, name)| name == "After"))).await?;
        scene.hook.answers(204, Duration::ZERO);
        scene.service.admin(Method::DELETE, &format!("/shop/clients/{id}"), None).await
    };
    let (changed, deleted) = tokio::join!(renamed(&scene, &id, "After"), looking);
    assert_eq!((changed?.status().as_u16(), deleted?.status().as_u16()), (404, 204));
    within(SOON, async || Ok(get(&scene, "/clients?state=leaving").await? == json!([]))).await?;
    assert_eq!(scene.hook.told().last().map(|(kind, _)| kind.as_str()), Some("client.remove"));
    Ok(())
}

#[tokio::test]
async fn what_targets_would_lose_or_refuse_is_told_before() -> anyhow::Result<()> {
    let scene = scene(json!({"required": false})).await?;
    let target = json!({"name": "sso", "connector": "hydra", "url": "http://127.0.0.1:9", "required": true});
    assert_eq!(admin(&scene, Method::POST, "/targets", target).await?.status(), 201);
    let dry = async |document: Value| -> anyhow::Result<Value> {
        let body = json!({"provider": "openid-connect", "operation": "register", "contentType": "application/json",
            "document": document.to_string(), "caller": {"kind": "bearer"}});
        let answer = admin(&scene, Method::POST, "/client-registration-policy/evaluate", body).await?;
        anyhow::ensure!(answer.status() == 200, "{}", answer.text().await?);
        Ok(answer.json().await?)
    };
    let answer = dry(json!({"redirect_uris": ["https://app.example.com/cb"], "software_id": "x"})).await?;
    let [hook, sso] = [&answer["targets"][0], &answer["targets"][1]];
    assert_eq!((&hook["target"], &hook["verdict"], &hook["losses"]), (&json!("hook"), &json!("accept"), &json!([])));
    assert_eq!((&sso["target"], &sso["connector"], &sso["verdict"]), (&json!("sso"), &json!("hydra"), &json!("lossy")));
    let fields: Vec<&Value> = sso["losses"].as_array().into_iter().flatten().map(|loss| &loss["field"]).collect();
    assert!(fields.contains(&&json!("software_id")), "{sso}");
    assert!(sso["component"].as_str().is_some_and(|label| label.contains('@')) && sso["micros"].is_u64(), "{sso}");

    let document = json!({"redirect_uris": ["https://app.example.com/*"], "client_name": "Wide"});
    let answer = dry(document.clone()).await?;
    assert_eq!((&answer["decision"], &answer["status"]), (&json!("reject"), &json!(400)));
    assert_eq!(answer["targets"][1]["verdict"], "refuse");

    let request = scene.service.register("shop", "openid-connect", Some(&scene.token));
    let answer = request.json(&document).send().await?;
    assert_eq!(answer.status(), 400);
    let refusal: Value = answer.json().await?;
    let message = "Hydra compares redirect URIs exactly: https://app.example.com/*";
    assert_eq!(refusal["error_description"], format!("Target 'sso' refused the client: {message}"));
    let violation =
        json!({"target": "sso", "field": "redirect_uris", "value": "https://app.example.com/*", "message": message});
    assert_eq!(refusal["violations"], json!([violation]));
    // Nobody was called.
    assert_eq!(scene.hook.told(), []);
    let path = format!("/client-registration-policy/decisions?id={}", refusal["decision"].as_str().unwrap_or_default());
    let records = get(&scene, &path).await?;
    let verdicts: Vec<&Value> =
        records[0]["targets"].as_array().into_iter().flatten().map(|one| &one["verdict"]).collect();
    assert_eq!(verdicts, [&json!("accept"), &json!("refuse")]);
    Ok(())
}

#[tokio::test]
async fn what_a_target_issues_is_in_the_answer_and_goes_to_the_others() -> anyhow::Result<()> {
    let scene = scene(json!({"required": false})).await?;
    let issuer = json!({"name": "issuer", "connector": "issuer", "url": "http://127.0.0.1:9", "wait": 0});
    assert_eq!(admin(&scene, Method::POST, "/targets", issuer).await?.status(), 201);
    let answer = scene.register("own").await?;
    let (status, place) = (answer.status().as_u16(), answer.headers()["location"].to_str()?.to_owned());
    let client: Value = answer.json().await?;
    assert_eq!((status, &client["client_id"]), (201, &json!("issued-own")), "{client}");
    assert_eq!(client["client_secret"], "issued secret");
    assert!(place.ends_with("/issued-own"), "{place}");
    assert_eq!(client["registration_client_uri"], json!(place));
    let id = scene.id(&client["client_id"]).await?;
    let last = scene.hook.events().last().cloned().unwrap_or_default();
    let told = &last["data"]["client"];
    assert_eq!((&told["clientId"], &told["secret"]), (&json!("issued-own"), &json!("issued secret")), "{last}");
    let token = client["registration_access_token"].as_str().unwrap_or_default();
    let read = scene.service.http.get(&place).bearer_auth(token).send().await?;
    assert_eq!((read.status().as_u16(), &read.json::<Value>().await?["client_id"]), (200, &json!("issued-own")));
    for delivery in get(&scene, &format!("/clients/{id}/targets")).await?.as_array().into_iter().flatten() {
        assert_eq!(delivery["state"], "delivered", "{delivery}");
    }
    Ok(())
}
