//! Components that come, go and change while the server runs.

use std::path::Path;
use std::time::Duration;

use anyhow::ensure;
use matricula_tests::{Service, guests, within};
use reqwest::{Method, Response};
use serde_json::{Value, json};

/// A version of policy `gate`: `open`, `shut` or `broken`.
pub(super) fn gate(version: &str) -> anyhow::Result<Vec<u8>> {
    let file = guests()?.join(format!("gate-{version}.wasm"));
    Ok(std::fs::read(&file)?)
}

/// Uploads a version of component `gate`.
pub(super) async fn put(service: &Service, query: &str, bytes: Vec<u8>) -> anyhow::Result<Response> {
    let token = service.administrator().await?;
    let url = format!("{}/admin/components/gate{query}", service.url);
    let request = service.http.put(url).bearer_auth(token).header("Content-Type", "application/wasm");
    Ok(request.body(bytes).send().await?)
}

/// A call about components.
async fn call(service: &Service, method: Method, path: &str, body: Option<Value>) -> anyhow::Result<Response> {
    let token = service.administrator().await?;
    let request = service.http.request(method, format!("{}/admin/components{path}", service.url)).bearer_auth(token);
    Ok(match body {
        Some(body) => request.json(&body),
        None => request,
    }
    .send()
    .await?)
}

/// What is told of component `gate`.
async fn listed(service: &Service) -> anyhow::Result<Value> {
    let all: Value = call(service, Method::GET, "", None).await?.json().await?;
    let gate = all.as_array().into_iter().flatten().find(|component| component["name"] == "gate");
    Ok(gate.cloned().unwrap_or_default())
}

/// A realm whose policy `gate` is asked about every registration with a token; gives such a token.
pub(super) async fn guarded(service: &Service) -> anyhow::Result<String> {
    service.realm("shop").await?;
    service.policy("shop", "authenticated", "gate", json!({})).await?;
    service.initial_access_token("shop", json!({"count": 1000})).await
}

/// The status of a registration.
pub(super) async fn status(service: &Service, token: &str) -> anyhow::Result<u16> {
    Ok(service.register("shop", "default", Some(token)).json(&json!({})).send().await?.status().as_u16())
}

#[tokio::test]
async fn an_upload_decides_the_next_request_and_can_be_taken_back() -> anyhow::Result<()> {
    let mut service = Service::start()?;
    let made = put(&service, "", gate("open")?).await?;
    assert_eq!(made.status(), 201, "{}", made.text().await?);
    let token = guarded(&service).await?;
    assert_eq!(status(&service, &token).await?, 201);

    let replaced = put(&service, "", gate("shut")?).await?;
    assert_eq!(replaced.status(), 200);
    let replaced: Value = replaced.json().await?;
    assert_eq!((&replaced["state"], &replaced["source"]), (&json!("active"), &json!("database")));
    assert_eq!(replaced["providers"], json!(["gate"]));
    assert_eq!(replaced["usedBy"], json!([{"realm": "shop", "policy": "gate"}]));
    assert_eq!(replaced["versions"].as_array().map(Vec::len), Some(2));
    assert_eq!(status(&service, &token).await?, 403);

    service.kill_and_restart()?;
    // It has another address now, so its tokens have another issuer.
    let token = service.initial_access_token("shop", json!({"count": 1000})).await?;
    assert_eq!(status(&service, &token).await?, 403, "the choice is kept");

    let versions = listed(&service).await?["versions"].clone();
    let (shut, open) = (&versions[0]["digest"], &versions[1]["digest"]);
    let back = call(&service, Method::POST, "/gate/activate", Some(json!({"digest": open}))).await?;
    assert_eq!(back.status(), 204);
    assert_eq!(status(&service, &token).await?, 201);
    let path = format!("/gate/versions/{}", shut.as_str().unwrap_or_default());
    assert_eq!(call(&service, Method::GET, &path, None).await?.bytes().await?, gate("shut")?);
    assert_eq!(call(&service, Method::DELETE, &path, None).await?.status(), 204);
    assert_eq!(call(&service, Method::GET, &path, None).await?.status(), 404);
    let unknown = call(&service, Method::POST, "/gate/activate", Some(json!({"digest": shut}))).await?;
    assert_eq!(unknown.status(), 404);
    Ok(())
}

#[tokio::test]
async fn a_version_that_is_only_stored_does_not_decide() -> anyhow::Result<()> {
    let service = Service::start()?;
    put(&service, "", gate("open")?).await?;
    let token = guarded(&service).await?;
    assert_eq!(put(&service, "?activate=false", gate("shut")?).await?.status(), 200);
    assert_eq!(status(&service, &token).await?, 201);
    Ok(())
}

#[tokio::test]
async fn what_realms_need_goes_by_force_only_and_is_refused_then() -> anyhow::Result<()> {
    let service = Service::start()?;
    put(&service, "", gate("open")?).await?;
    let token = guarded(&service).await?;
    let kept = call(&service, Method::DELETE, "/gate", None).await?;
    assert_eq!(kept.status(), 409);
    let kept: Value = kept.json().await?;
    let description = kept["error_description"].as_str().unwrap_or_default();
    assert!(description.contains("\"gate\" of realm shop"), "{description}");
    let other = std::fs::read(guests()?.join("plain-text.wasm"))?;
    assert_eq!(put(&service, "", other).await?.status(), 409, "this version has no policy");
    assert_eq!(status(&service, &token).await?, 201);

    assert_eq!(call(&service, Method::DELETE, "/gate?force=true", None).await?.status(), 204);
    assert_eq!(status(&service, &token).await?, 500);
    assert_eq!(listed(&service).await?, Value::Null);
    assert_eq!(call(&service, Method::DELETE, "/gate", None).await?.status(), 404);
    assert_eq!(call(&service, Method::DELETE, "/core?force=true", None).await?.status(), 409);
    Ok(())
}

#[tokio::test]
async fn a_file_that_cannot_be_used_is_refused_with_the_reason_and_changes_nothing() -> anyhow::Result<()> {
    let service = Service::start()?;
    put(&service, "", gate("open")?).await?;
    let token = guarded(&service).await?;
    let core_module = b"\0asm\x01\0\0\0".to_vec();
    let empty_component = b"\0asm\x0d\0\x01\0".to_vec();
    for (bytes, reason) in [
        (Vec::new(), "component"),
        (b"no wasm".to_vec(), "component"),
        (core_module, "component"),
        (empty_component, "exports none of"),
        (gate("open")?[..1000].to_vec(), "component"),
    ] {
        let refused = put(&service, "", bytes).await?;
        assert_eq!(refused.status(), 400);
        let refused: Value = refused.json().await?;
        assert_eq!(refused["error"], "invalid_component");
        let description = refused["error_description"].as_str().unwrap_or_default();
        assert!(description.contains(reason), "{description}");
    }
    let token_of_admin = service.administrator().await?;
    let stolen = service.http.put(format!("{}/admin/components/other", service.url)).bearer_auth(token_of_admin);
    let stolen: Value = stolen.body(gate("shut")?).send().await?.json().await?;
    let description = stolen["error_description"].as_str().unwrap_or_default();
    assert!(description.contains("another component offers \"gate\" already: gate"), "{description}");
    assert_eq!(status(&service, &token).await?, 201);
    assert_eq!(listed(&service).await?["versions"].as_array().map(Vec::len), Some(1));
    Ok(())
}

#[tokio::test]
async fn what_the_command_line_refuses_is_refused_everywhere_in_the_same_words() -> anyhow::Result<()> {
    let service = Service::start()?;
    for (name, words) in [
        ("miscounts", "0 decisions of 1 policy"),
        ("fragile", "panicked at"),
        ("reserved", "has a setting `mode`"),
        ("other-types", "it does not export `policies.describe` as the contract 0.1.0 has it"),
        ("asks-more", "it imports `facts.weather`"),
        ("wrong-world", "it is of the wrong world"),
        ("outsider", "it imports what the host does not offer"),
    ] {
        let file = guests()?.join(format!("{name}.wasm"));
        let checked =
            std::process::Command::new(matricula_tests::program()?).args(["policy", "check"]).arg(&file).output()?;
        let checked = String::from_utf8_lossy(&checked.stderr).into_owned();
        for query in ["", "?activate=false"] {
            let refused = put(&service, query, std::fs::read(&file)?).await?;
            assert_eq!(refused.status(), 400, "{name}{query}");
            let refused: Value = refused.json().await?;
            let description = refused["error_description"].as_str().unwrap_or_default();
            assert!(description.contains(words), "{name}: {description}");
            let first = description.lines().next().unwrap_or_default();
            assert!(checked.contains(first), "{name}: {first} is not in {checked}");
        }
        assert_eq!(listed(&service).await?, Value::Null, "{name} is stored nowhere");
    }
    // In the folder too.
    let folder = service.data().join("policies");
    std::fs::create_dir_all(&folder)?;
    std::fs::copy(guests()?.join("fragile.wasm"), folder.join("gate.wasm"))?;
    within(Duration::from_secs(10), async || Ok(listed(&service).await?["state"] == "refused")).await?;
    let reason = listed(&service).await?["reason"].as_str().unwrap_or_default().to_owned();
    assert!(reason.contains("self-check of fragile at before-register with an empty client"), "{reason}");
    Ok(())
}

#[tokio::test]
async fn only_administrators_of_the_server_may_touch_components() -> anyhow::Result<()> {
    let service = Service::start()?;
    let url = format!("{}/admin/components", service.url);
    assert_eq!(service.http.get(&url).send().await?.status(), 401);
    service.realm("shop").await?;
    let user = json!({"username": "anna", "enabled": true, "credentials": [{"type": "password", "value": "anna's"}]});
    assert_eq!(service.admin(Method::POST, "/shop/users", Some(user)).await?.status(), 201);
    let form = [("grant_type", "password"), ("client_id", "admin-cli"), ("username", "anna"), ("password", "anna's")];
    let token_url = format!("{}/realms/shop/protocol/openid-connect/token", service.url);
    let token: Value = service.http.post(token_url).form(&form).send().await?.json().await?;
    let token = token["access_token"].as_str().unwrap_or_default();
    assert_eq!(service.http.get(&url).bearer_auth(token).send().await?.status(), 403);
    let put = service.http.put(format!("{url}/gate")).bearer_auth(token).body(gate("open")?).send().await?;
    assert_eq!(put.status(), 403);
    Ok(())
}

#[tokio::test]
async fn the_folder_is_watched_while_the_server_runs() -> anyhow::Result<()> {
    let service = Service::start()?;
    let folder = service.data().join("policies");
    std::fs::create_dir_all(&folder)?;
    let file = folder.join("gate.wasm");
    let open = gate("open")?;
    std::fs::write(&file, &open)?;
    within(Duration::from_secs(10), async || Ok(listed(&service).await?["state"] == "active")).await?;
    assert_eq!(listed(&service).await?["source"], "folder");
    let token = guarded(&service).await?;
    assert_eq!(status(&service, &token).await?, 201);

    // A part of a file is not loaded, and leaves the old one in place.
    let shut = gate("shut")?;
    std::fs::write(&file, &shut[..shut.len() / 2])?;
    within(Duration::from_secs(10), async || Ok(listed(&service).await?["reason"].is_string())).await?;
    assert_eq!(listed(&service).await?["state"], "active");
    assert_eq!(status(&service, &token).await?, 201);
    std::fs::write(&file, &shut)?;
    within(Duration::from_secs(10), async || Ok(status(&service, &token).await? == 403)).await?;
    assert_eq!(listed(&service).await?["reason"], Value::Null);

    std::fs::remove_file(&file)?;
    within(Duration::from_secs(10), async || Ok(status(&service, &token).await? == 500)).await?;

    service.open("shop", "authenticated").await?;
    std::fs::write(&file, &shut[..shut.len() / 2])?;
    within(Duration::from_secs(10), async || Ok(listed(&service).await?["state"] == "refused")).await?;
    std::fs::remove_file(&file)?;
    within(Duration::from_secs(10), async || Ok(listed(&service).await?.is_null())).await?;
    Ok(())
}

#[tokio::test]
async fn what_realms_need_and_is_taken_out_of_the_folder_is_told() -> anyhow::Result<()> {
    let service = Service::start()?;
    let file = service.data().join("policies/gate.wasm");
    std::fs::create_dir_all(service.data().join("policies"))?;
    std::fs::write(&file, gate("open")?)?;
    within(Duration::from_secs(10), async || Ok(listed(&service).await?["state"] == "active")).await?;
    let digest = listed(&service).await?["active"].clone();
    let token = guarded(&service).await?;
    let events = async || {
        let path = "/master/events?type=COMPONENT_REMOVED";
        anyhow::Ok(service.admin(Method::GET, path, None).await?.json::<Vec<Value>>().await?)
    };

    // Gone, and once more another file without what is needed.
    std::fs::remove_file(&file)?;
    within(Duration::from_secs(10), async || Ok(listed(&service).await?["state"] == "refused")).await?;
    within(Duration::from_secs(10), async || Ok(events().await?.len() == 1)).await?;
    let told = listed(&service).await?;
    assert_eq!(told["usedBy"], json!([{"realm": "shop", "policy": "gate"}]));
    assert_eq!(told["active"], Value::Null);
    ensure!(told["reason"].as_str().is_some_and(|reason| reason.contains("gate")), "{told}");
    let event = events().await?.remove(0);
    assert_eq!((&event["details"]["component"], &event["details"]["version"]), (&json!("gate"), &digest));
    assert_eq!(event["details"]["usedBy"], "gate of realm shop");
    ensure!(service.log()?.contains("what realms need is gone with a file of the folder"), "not logged");
    let refused = service.register("shop", "default", Some(&token)).json(&json!({})).send().await?;
    assert_eq!(refused.status(), 500);
    let refused: Value = refused.json().await?;
    assert_eq!(refused["error_description"], "Policy 'gate' could not decide about the request.");

    std::fs::write(&file, gate("open")?)?;
    within(Duration::from_secs(10), async || Ok(status(&service, &token).await? == 201)).await?;
    let told = listed(&service).await?;
    assert_eq!((&told["state"], &told["reason"]), (&json!("active"), &Value::Null));
    std::fs::copy(guests()?.join("plain-text.wasm"), &file)?;
    within(Duration::from_secs(10), async || Ok(events().await?.len() == 2)).await?;
    let told = listed(&service).await?;
    assert_eq!((&told["state"], &told["kind"]), (&json!("active"), &json!("provider")));
    assert_eq!(told["usedBy"], json!([{"realm": "shop", "policy": "gate"}]));
    ensure!(told["reason"].is_string(), "{told}");

    // When nobody needs it any more it is forgotten.
    std::fs::remove_file(&file)?;
    within(Duration::from_secs(10), async || Ok(listed(&service).await?["state"] == "refused")).await?;
    service.open("shop", "authenticated").await?;
    assert_eq!(listed(&service).await?, Value::Null);
    Ok(())
}

#[tokio::test]
async fn what_was_uploaded_goes_before_the_folder() -> anyhow::Result<()> {
    let service = Service::start()?;
    put(&service, "", gate("open")?).await?;
    let token = guarded(&service).await?;
    let folder = service.data().join("policies");
    std::fs::create_dir_all(&folder)?;
    std::fs::write(folder.join("gate.wasm"), gate("shut")?)?;
    let two = async || Ok(listed(&service).await?["versions"].as_array().map(Vec::len) == Some(2));
    within(Duration::from_secs(10), two).await?;
    assert_eq!(status(&service, &token).await?, 201);
    assert_eq!(call(&service, Method::DELETE, "/gate", None).await?.status(), 204, "the folder has the policy too");
    assert_eq!(status(&service, &token).await?, 403);
    Ok(())
}

#[tokio::test]
async fn a_watched_version_is_recorded_and_changes_no_answer() -> anyhow::Result<()> {
    let service = Service::start()?;
    put(&service, "", gate("open")?).await?;
    let token = guarded(&service).await?;
    let put: Value = put(&service, "?activate=false", gate("shut")?).await?.json().await?;
    let shut = &put["versions"][0]["digest"];
    let watched = call(&service, Method::PUT, "/gate/shadow", Some(json!({"digest": shut}))).await?;
    assert_eq!(watched.status(), 204);
    assert_eq!(listed(&service).await?["shadow"], *shut);
    let made = service.register("shop", "default", Some(&token)).json(&json!({"clientId": "seen"})).send().await?;
    assert_eq!(made.status(), 201);
    let path = "/shop/client-registration-policy/decisions";
    let decisions: Value = service.admin(Method::GET, path, None).await?.json().await?;
    let said: Vec<_> = decisions[0]["policies"].as_array().into_iter().flatten().collect();
    let of = |mode: &str| said.iter().find(|said| said["provider"] == "gate" && said["mode"] == mode).copied();
    assert_eq!(of("enforce").map(|said| &said["verdict"]), Some(&json!("accept")));
    assert_eq!(of("shadow").map(|said| &said["verdict"]), Some(&json!("reject")));
    assert_eq!(call(&service, Method::DELETE, "/gate/shadow", None).await?.status(), 204);
    assert_eq!(call(&service, Method::DELETE, "/gate/shadow", None).await?.status(), 404);
    Ok(())
}

/// What is told of a decision.
async fn decision(service: &Service, query: &str) -> anyhow::Result<Value> {
    let path = format!("/shop/client-registration-policy/decisions?{query}");
    let found: Value = service.admin(Method::GET, &path, None).await?.error_for_status()?.json().await?;
    Ok(found[0].clone())
}

/// Lets a version of component `gate` be watched; its digest.
async fn watch(service: &Service, version: &str) -> anyhow::Result<String> {
    let put: Value = put(service, "?activate=false", gate(version)?).await?.json().await?;
    let digest = put["versions"][0]["digest"].as_str().unwrap_or_default().to_owned();
    let watched = call(service, Method::PUT, "/gate/shadow", Some(json!({"digest": digest}))).await?;
    ensure!(watched.status() == 204, "{}", watched.text().await?);
    Ok(digest)
}

#[tokio::test]
async fn a_watched_version_is_asked_at_its_own_hooks_and_where_the_other_one_refuses_before() -> anyhow::Result<()> {
    let service = Service::start()?;
    put(&service, "", gate("open")?).await?;
    let token = guarded(&service).await?;
    let late = watch(&service, "late").await?;
    let made = service.register("shop", "default", Some(&token)).json(&json!({"clientId": "a"})).send().await?;
    assert_eq!(made.status(), 201);
    let made: Value = made.json().await?;
    let held = decision(&service, "differs=true").await?;
    let watched = &held["watched"][0];
    assert_eq!((&held["outcome"], &watched["verdict"]), (&json!("accept"), &json!("hold")), "{held}");
    assert_eq!((&watched["component"], &watched["differs"]), (&json!(format!("gate@{late}")), &json!(true)));
    assert_eq!((&watched["reason"], &watched["policies"]), (&json!("somebody has to look at it"), &json!(["gate"])));
    let said = held["policies"].as_array().cloned().unwrap_or_default();
    let of_late: Vec<_> = said.iter().filter(|said| said["mode"] == "shadow").map(|said| &said["hook"]).collect();
    assert_eq!(of_late, [&json!("before-register"), &json!("after-register")]);

    // A read that is let through is recorded only where the watched version would have refused it.
    let url = format!("{}/realms/shop/clients-registrations/default/a", service.url);
    let own = made["registrationAccessToken"].as_str().unwrap_or_default();
    // The client is under the set of its registration.
    assert_eq!(service.http.get(&url).bearer_auth(own).send().await?.status(), 200);
    let read = decision(&service, "differs=true").await?;
    assert_eq!((&read["operation"], &read["outcome"]), (&json!("read"), &json!("accept")), "{read}");
    assert_eq!((&read["watched"][0]["verdict"], &read["clientId"]), (&json!("reject"), &json!("a")), "{read}");

    // It would have let through what the other one refuses, and held it later.
    let open = listed(&service).await?["active"].clone();
    assert_eq!(put(&service, "", gate("shut")?).await?.status(), 200);
    assert_eq!(status(&service, &token).await?, 403);
    let refused = decision(&service, "outcome=reject").await?;
    assert_eq!(refused["watched"][0]["verdict"], "hold", "{refused}");

    let watch = listed(&service).await?["watch"].clone();
    assert_eq!((&watch["digest"], &watch["asked"], &watch["differs"]), (&json!(late), &json!(3), &json!(3)), "{watch}");
    let how = |before: &str, after: &str| json!({"before": before, "after": after, "requests": 1});
    assert_eq!(watch["how"], json!([how("accept", "hold"), how("accept", "reject"), how("reject", "hold")]));
    assert_eq!(watch["latest"][0]["decision"], refused["id"], "{watch}");
    assert_eq!(watch["latest"][0]["was"]["violations"][0]["message"], "the gate is shut");

    // Nothing of it counts among what the component does.
    let gate = listed(&service).await?;
    assert_eq!((&gate["refusals"], &gate["failures"]), (&json!(1), &json!(0)), "{gate}");
    call(&service, Method::POST, "/gate/activate", Some(json!({"digest": open}))).await?;
    Ok(())
}

#[tokio::test]
async fn a_watched_version_that_decides_alike_is_told_too() -> anyhow::Result<()> {
    let service = Service::start()?;
    put(&service, "", gate("shut")?).await?;
    let token = guarded(&service).await?;
    let late = watch(&service, "late").await?;
    assert_eq!(call(&service, Method::DELETE, "/gate/shadow", None).await?.status(), 204);
    let open = watch(&service, "open").await?;
    assert_ne!(late, open);
    assert_eq!(put(&service, "", gate("open")?).await?.status(), 200, "what is watched decides now");
    assert_eq!(listed(&service).await?["watch"], Value::Null);
    assert_eq!(status(&service, &token).await?, 201);
    let shut = listed(&service).await?["previous"].clone();
    call(&service, Method::PUT, "/gate/shadow", Some(json!({"digest": shut}))).await?;
    assert_eq!(status(&service, &token).await?, 201);
    let record = decision(&service, "differs=true").await?;
    assert_eq!(record["watched"][0]["violations"][0]["message"], "the gate is shut", "{record}");
    // Another realm, whose policies the component has nothing to do with.
    service.realm("other").await?;
    let other = service.initial_access_token("other", json!({})).await?;
    let made = service.register("other", "default", Some(&other)).json(&json!({})).send().await?;
    assert_eq!(made.status(), 201);
    let found: Value =
        service.admin(Method::GET, "/other/client-registration-policy/decisions", None).await?.json().await?;
    assert_eq!(found[0].get("watched"), None, "{found}");
    assert_eq!(listed(&service).await?["watch"]["asked"], 1);
    Ok(())
}

#[tokio::test]
async fn a_watched_version_is_asked_for_policies_that_only_it_has() -> anyhow::Result<()> {
    let service = Service::start()?;
    put(&service, "", gate("late")?).await?;
    service.realm("shop").await?;
    service.policy("shop", "authenticated", "gate-two", json!({})).await?;
    let token = service.initial_access_token("shop", json!({"count": 10})).await?;
    let late = listed(&service).await?["active"].clone();
    assert_eq!(put(&service, "?force=true", gate("open")?).await?.status(), 200);
    assert_eq!(status(&service, &token).await?, 500, "nobody has the policy");
    let watched = call(&service, Method::PUT, "/gate/shadow", Some(json!({"digest": late}))).await?;
    assert_eq!(watched.status(), 204);
    assert_eq!(status(&service, &token).await?, 500);
    let record = decision(&service, "differs=true").await?;
    assert_eq!((&record["failed"], &record["watched"][0]["verdict"]), (&json!(true), &json!("reject")), "{record}");
    assert_eq!(record["watched"][0]["violations"][0]["message"], "the second gate is shut", "{record}");
    Ok(())
}

#[tokio::test]
async fn a_watched_version_of_conditions_and_executors_is_asked_too() -> anyhow::Result<()> {
    let service = Service::start()?;
    let file = |name: &str| anyhow::Ok(std::fs::read(guests()?.join(format!("{name}.wasm")))?);
    assert_eq!(put(&service, "", file("parts")?).await?.status(), 201);
    service.realm("shop").await?;
    let profiles = json!({"profiles": [{"name": "p", "executors": [{"executor": "door", "configuration": {}}]}]});
    service.admin(Method::PUT, "/shop/client-policies/profiles", Some(profiles)).await?;
    let conditions = json!([{"condition": "moody", "configuration": {}}]);
    let policies =
        json!({"policies": [{"name": "Doors", "enabled": true, "conditions": conditions, "profiles": ["p"]}]});
    service.admin(Method::PUT, "/shop/client-policies/policies", Some(policies)).await?;
    let token = service.initial_access_token("shop", json!({"count": 10})).await?;
    let next: Value = put(&service, "?activate=false", file("parts-next")?).await?.json().await?;
    let next = next["versions"][0]["digest"].clone();
    let watched = call(&service, Method::PUT, "/gate/shadow", Some(json!({"digest": next}))).await?;
    assert_eq!(watched.status(), 204, "{}", watched.text().await?);
    assert_eq!(status(&service, &token).await?, 201);
    let record = decision(&service, "differs=true").await?;
    let watched = &record["watched"][0];
    assert_eq!((&watched["verdict"], &watched["policies"]), (&json!("reject"), &json!(["Doors"])), "{record}");
    assert_eq!(watched["violations"][0]["message"], "the door is locked behind you");
    let shadows: Vec<_> =
        record["clientPolicies"].as_array().into_iter().flatten().filter(|said| said["mode"] == "shadow").collect();
    assert_eq!(shadows.len(), 1, "{record}");
    assert_eq!(
        (&shadows[0]["event"], &shadows[0]["executors"][0]["verdict"]),
        (&json!("registered"), &json!("reject"))
    );
    let provider = std::fs::read(guests()?.join("plain-text.wasm"))?;
    let token = service.administrator().await?;
    let url = format!("{}/admin/components/text", service.url);
    let put = service.http.put(&url).bearer_auth(&token).body(provider).send().await?.json::<Value>().await?;
    let digest = &put["versions"][0]["digest"];
    let refused = call(&service, Method::PUT, "/text/shadow", Some(json!({"digest": digest}))).await?;
    assert_eq!(refused.status(), 409, "a document format cannot be watched");
    Ok(())
}

#[tokio::test]
async fn a_watched_version_that_fails_is_told_and_harms_nobody() -> anyhow::Result<()> {
    let service = Service::start()?;
    put(&service, "", gate("open")?).await?;
    let token = guarded(&service).await?;
    watch(&service, "broken").await?;
    for _ in 0..3 {
        assert_eq!(status(&service, &token).await?, 201);
    }
    let record = decision(&service, "differs=true").await?;
    assert_eq!(record["watched"][0]["verdict"], "error", "{record}");
    assert_eq!(record["watched"][0]["failure"]["kind"], "trap", "{record}");
    assert_eq!(record["failed"], Value::Null, "the request itself went well");
    let found = service.admin(Method::GET, "/shop/client-registration-policy/decisions?failed=true", None).await?;
    assert_eq!(found.json::<Value>().await?, json!([]));
    let gate = listed(&service).await?;
    assert_eq!((&gate["watch"]["failed"], &gate["failures"]), (&json!(3), &json!(0)), "{gate}");
    assert_eq!((&gate["state"], &gate["lastFailure"]), (&json!("active"), &Value::Null), "{gate}");
    Ok(())
}

#[tokio::test]
async fn a_comparison_counts_nowhere_and_says_why() -> anyhow::Result<()> {
    let service = Service::start()?;
    put(&service, "", gate("open")?).await?;
    let token = guarded(&service).await?;
    for _ in 0..4 {
        assert_eq!(status(&service, &token).await?, 201);
    }
    let before = listed(&service).await?;
    for (version, after, member, why) in [
        ("shut", "reject", "violations", "the gate is shut"),
        ("late", "hold", "reason", "somebody has to look at it"),
        ("broken", "error", "failure", "crashed"),
    ] {
        let put: Value = put(&service, "?activate=false", gate(version)?).await?.json().await?;
        let mut digests = put["versions"].as_array().into_iter().flatten().map(|version| version["digest"].clone());
        let digest = digests.find(|digest| *digest != before["active"]).unwrap_or_default();
        let compared = call(&service, Method::POST, "/gate/compare", Some(json!({"digest": digest}))).await?;
        let compared: Value = compared.error_for_status()?.json().await?;
        assert_eq!(compared["different"].as_array().map(Vec::len), Some(4), "{version}: {compared}");
        let one = &compared["different"][0];
        assert_eq!((&one["before"], &one["after"]), (&json!("accept"), &json!(after)), "{version}: {one}");
        assert!(one[member].to_string().contains(why), "{version}: {one}");
        assert_eq!(one["policies"], json!(["gate"]), "{version}: {one}");
        let path = format!("/gate/versions/{}", digest.as_str().unwrap_or_default());
        assert_eq!(call(&service, Method::DELETE, &path, None).await?.status(), 204);
    }
    let now = listed(&service).await?;
    for figure in ["calls", "refusals", "failures", "state", "lastFailure"] {
        assert_eq!(before[figure], now[figure], "{figure}");
    }
    // Also of what decides now: it is what is compared with.
    put(&service, "", gate("shut")?).await?;
    assert_eq!(status(&service, &token).await?, 403);
    let before = listed(&service).await?;
    let open = before["previous"].clone();
    let compared = call(&service, Method::POST, "/gate/compare", Some(json!({"digest": open}))).await?;
    let compared: Value = compared.error_for_status()?.json().await?;
    let one = &compared["different"][0];
    assert_eq!((&one["before"], &one["after"]), (&json!("reject"), &json!("accept")), "{one}");
    assert_eq!(one["was"]["violations"][0]["message"], "the gate is shut");
    let now = listed(&service).await?;
    assert_eq!((&before["calls"], &before["refusals"]), (&now["calls"], &now["refusals"]));
    Ok(())
}

#[tokio::test]
async fn a_rollback_leads_to_the_version_that_decided_before() -> anyhow::Result<()> {
    let mut service = Service::start_with(&["--trial-calls", "20", "--trial-failures", "10"])?;
    put(&service, "", gate("open")?).await?;
    let token = guarded(&service).await?;
    let open = listed(&service).await?["active"].clone();
    // Only stored, and refused.
    assert_eq!(put(&service, "?activate=false", gate("late")?).await?.status(), 200);
    assert_eq!(put(&service, "", std::fs::read(guests()?.join("fragile.wasm"))?).await?.status(), 400);
    assert_eq!(listed(&service).await?["previous"], Value::Null);
    let refused = service.command(&["component", "rollback", "gate"]).map_err(|error| error.to_string());
    assert!(refused.is_err_and(|error| error.contains("no other version of gate has decided before")));
    // It fails, and is put back at once.
    assert_eq!(put(&service, "", gate("broken")?).await?.status(), 200);
    let mut failed = 0;
    while status(&service, &token).await? == 500 {
        failed += 1;
        ensure!(failed < 20, "it was not put back");
    }
    assert_eq!(listed(&service).await?["previous"], Value::Null, "{}", listed(&service).await?);
    put(&service, "", gate("shut")?).await?;
    assert_eq!(listed(&service).await?["previous"], open);
    service.kill_and_restart()?;
    assert_eq!(listed(&service).await?["previous"], open, "it is kept");
    let shut = listed(&service).await?["active"].clone();
    let said = service.command(&["component", "rollback", "gate"])?;
    assert!(said.contains(&open.as_str().unwrap_or_default()[..12]), "{said}");
    assert_eq!((&listed(&service).await?["active"], &listed(&service).await?["previous"]), (&open, &shut));
    // What is gone is no way back.
    let path = format!("/gate/versions/{}", shut.as_str().unwrap_or_default());
    assert_eq!(call(&service, Method::DELETE, &path, None).await?.status(), 204);
    assert_eq!(listed(&service).await?["previous"], Value::Null);
    Ok(())
}

#[tokio::test]
async fn a_replay_tells_which_decisions_a_version_would_change() -> anyhow::Result<()> {
    let service = Service::start()?;
    put(&service, "", gate("open")?).await?;
    let token = guarded(&service).await?;
    for name in ["one", "two", "three"] {
        let client = json!({"clientId": name, "secret": "never recorded"});
        let made = service.register("shop", "default", Some(&token)).json(&client).send().await?;
        assert_eq!(made.status(), 201);
    }
    let refused = service.register("shop", "default", None).json(&json!({"clientId": "four"})).send().await?;
    assert_eq!(refused.status(), 403, "the anonymous set has no gate");
    let put: Value = put(&service, "?activate=false", gate("shut")?).await?.json().await?;
    let digests = [&put["versions"][0]["digest"], &put["versions"][1]["digest"]];
    let mut seen = Vec::new();
    for digest in digests {
        let compared = call(&service, Method::POST, "/gate/compare", Some(json!({"digest": digest}))).await?;
        assert_eq!(compared.status(), 200);
        seen.push(compared.json::<Value>().await?);
    }
    assert_eq!((&seen[0]["replayed"], &seen[0]["same"]), (&json!(4), &json!(1)), "{}", seen[0]);
    let different = seen[0]["different"].as_array().cloned().unwrap_or_default();
    assert_eq!(different.len(), 3);
    for difference in different {
        assert_eq!((&difference["before"], &difference["after"]), (&json!("accept"), &json!("reject")));
        assert_eq!(difference["violations"][0]["message"], "the gate is shut");
        assert_eq!(difference["policies"], json!(["gate"]));
    }
    assert_eq!((&seen[1]["replayed"], &seen[1]["same"]), (&json!(4), &json!(4)), "itself");
    let database = std::fs::read(service.data().join("matricula.db-wal")).unwrap_or_default();
    let stored = String::from_utf8_lossy(&database);
    let clients = stored.matches("never recorded").count();
    ensure!(clients <= 2 * 3, "a secret stands beside the client, nowhere else: {clients}");
    Ok(())
}

#[tokio::test]
async fn a_replay_asks_the_policies_of_the_initial_access_token_too() -> anyhow::Result<()> {
    let service = Service::start()?;
    put(&service, "", gate("open")?).await?;
    service.realm("shop").await?;
    let body = json!({"policies": [{"name": "of the token", "providerId": "gate"}]});
    let token = service.initial_access_token("shop", body).await?;
    assert_eq!(status(&service, &token).await?, 201);
    let put: Value = put(&service, "?activate=false", gate("shut")?).await?.json().await?;
    let shut = &put["versions"][0]["digest"];
    let compared = call(&service, Method::POST, "/gate/compare", Some(json!({"digest": shut}))).await?;
    let compared: Value = compared.error_for_status()?.json().await?;
    assert_eq!(compared["different"][0]["policies"], json!(["of the token"]), "{compared}");
    Ok(())
}

#[tokio::test]
async fn a_version_that_fails_on_trial_is_put_back_with_an_event() -> anyhow::Result<()> {
    let service = Service::start_with(&["--trial-calls", "20", "--trial-failures", "10"])?;
    put(&service, "", gate("open")?).await?;
    let token = guarded(&service).await?;
    for _ in 0..2 {
        // The second upload of the same version does not make it the one to go back to.
        assert_eq!(put(&service, "", gate("broken")?).await?.status(), 200, "it only fails when it is asked");
    }
    let mut failed = 0;
    while status(&service, &token).await? == 500 {
        failed += 1;
        ensure!(failed < 20, "it was not put back");
    }
    assert!(failed >= 3, "more than a tenth of 20 calls, not {failed}");
    let gate = listed(&service).await?;
    assert_eq!((&gate["state"], &gate["active"]), (&json!("active"), &gate["versions"][1]["digest"]));
    assert!(gate["reason"].as_str().unwrap_or_default().contains("was put back"), "{gate}");
    let events: Value = service.admin(Method::GET, "/master/events", None).await?.json().await?;
    assert_eq!(
        (&events[0]["type"], &events[0]["details"]["component"]),
        (&json!("COMPONENT_PUT_BACK"), &json!("gate"))
    );
    let asked = service.admin(Method::GET, "/master/events?type=COMPONENT_PUT_BACK", None).await?;
    assert_eq!(asked.json::<Value>().await?, events, "its type can be asked for");
    Ok(())
}

#[tokio::test]
async fn the_command_line_lists_versions_and_watches_one() -> anyhow::Result<()> {
    let service = Service::start()?;
    put(&service, "", gate("open")?).await?;
    put(&service, "?activate=false", gate("shut")?).await?;
    let versions = listed(&service).await?["versions"].clone();
    let [shut, open] = [0, 1].map(|at| versions[at]["digest"].as_str().unwrap_or_default()[..12].to_owned());
    // The version, what it is to the component, and where it comes from.
    let rows = || -> anyhow::Result<Vec<Vec<String>>> {
        let list = service.command(&["component", "versions", "gate"])?;
        let row = |line: &str| line.split_whitespace().take(3).map(str::to_owned).collect();
        Ok(list.lines().skip(1).map(row).collect())
    };
    assert_eq!(rows()?, [[shut.as_str(), "-", "database"], [open.as_str(), "active", "database"]]);
    let watched = service.command(&["component", "watch", "gate", &shut])?;
    assert_eq!(watched, format!("gate: version {shut} is watched\n"));
    assert_eq!(rows()?, [[shut.as_str(), "watched", "database"], [open.as_str(), "active", "database"]]);
    assert_eq!(service.command(&["component", "shadow", "gate", "--end"])?, "gate: no version is watched\n");
    assert_eq!(rows()?[0][1], "-");
    assert_eq!(service.command(&["component", "watch", "gate"])?, watched, "the other one is meant");
    let unknown = service.command(&["component", "versions", "nobody"]);
    assert!(unknown.is_err_and(|error| error.to_string().contains("there is no component \"nobody\"")));
    Ok(())
}

#[tokio::test]
async fn what_a_component_may_use_is_set_for_each() -> anyhow::Result<()> {
    let mut service = Service::start()?;
    put(&service, "", gate("open")?).await?;
    let token = guarded(&service).await?;
    assert_eq!(status(&service, &token).await?, 201);
    assert_eq!(listed(&service).await?["limits"], json!({"callMillis": 1000, "memoryMib": 64}));
    for (limits, field) in [(json!({"callMillis": 9}), "callMillis"), (json!({"memoryMib": 257}), "memoryMib")] {
        let refused = call(&service, Method::PUT, "/gate/limits", Some(limits)).await?;
        assert_eq!(refused.status(), 400);
        let refused: Value = refused.json().await?;
        assert!(refused["error_description"].as_str().is_some_and(|text| text.starts_with(field)), "{refused}");
    }
    // What Rust makes of it wants 17 pages, a little more than a MiB.
    let said = service.command(&["component", "limit", "gate", "--memory-mib", "1", "--call-millis", "500"])?;
    assert!(said.contains("500 ms a call, 1 MiB of memory"), "{said}");
    assert_eq!(status(&service, &token).await?, 500);
    service.kill_and_restart()?;
    let token = service.initial_access_token("shop", json!({"count": 10})).await?;
    assert_eq!(listed(&service).await?["limits"], json!({"callMillis": 500, "memoryMib": 1}));
    assert_eq!(status(&service, &token).await?, 500, "it is kept");
    assert_eq!(call(&service, Method::PUT, "/gate/limits", Some(json!({}))).await?.status(), 204);
    assert_eq!(status(&service, &token).await?, 201);
    assert_eq!(call(&service, Method::PUT, "/other/limits", Some(json!({}))).await?.status(), 404);
    Ok(())
}

#[tokio::test]
async fn with_trusted_keys_only_signed_components_are_loaded() -> anyhow::Result<()> {
    let folder = std::env::temp_dir().join(format!("matricula-keys-{}", uuid::Uuid::new_v4()));
    std::fs::create_dir_all(&folder)?;
    let (key, public) = (folder.join("key.pem"), folder.join("public.pem"));
    openssl(&["genpkey", "-algorithm", "ed25519", "-out", &text(&key)])?;
    openssl(&["pkey", "-in", &text(&key), "-pubout", "-out", &text(&public)])?;
    let service = Service::start_with(&["--component-key", &text(&public)])?;
    let unsigned: Value = put(&service, "", gate("open")?).await?.json().await?;
    let description = unsigned["error_description"].as_str().unwrap_or_default();
    assert!(description.contains("not signed"), "{description}");

    let file = guests()?.join("gate-open.wasm");
    let raw = folder.join("signature");
    openssl(&["pkeyutl", "-sign", "-rawin", "-inkey", &text(&key), "-in", &text(&file), "-out", &text(&raw)])?;
    let encoded = folder.join("signature.txt");
    openssl(&["base64", "-A", "-in", &text(&raw), "-out", &text(&encoded)])?;
    let signature = std::fs::read_to_string(&encoded)?;
    let send = async |bytes: Vec<u8>| {
        let token = service.administrator().await?;
        let url = format!("{}/admin/components/gate", service.url);
        let request = service.http.put(url).bearer_auth(token).header("Matricula-Signature", signature.trim());
        anyhow::Ok(request.body(bytes).send().await?.status().as_u16())
    };
    assert_eq!(send(gate("shut")?).await?, 400, "the signature is of another file");
    assert_eq!(send(gate("open")?).await?, 201);
    // In the folder the signature lies beside the file.
    let dropped = service.data().join("policies");
    std::fs::create_dir_all(&dropped)?;
    std::fs::copy(guests()?.join("plain-text.wasm"), dropped.join("plain-text.wasm"))?;
    let refused = async || {
        let all: Value = call(&service, Method::GET, "", None).await?.json().await?;
        let found = all.as_array().into_iter().flatten().find(|component| component["name"] == "plain-text").cloned();
        Ok(found.is_some_and(|component| component["state"] == "refused"))
    };
    within(Duration::from_secs(10), refused).await?;
    std::fs::remove_dir_all(folder)?;
    Ok(())
}

#[tokio::test]
async fn components_are_managed_from_the_command_line() -> anyhow::Result<()> {
    let service = Service::start()?;
    let gate = |version: &str| anyhow::Ok(text(&guests()?.join(format!("gate-{version}.wasm"))));
    let put = service.command(&["component", "put", "gate", &gate("open")?])?;
    assert!(put.contains("is active"), "{put}");
    let token = guarded(&service).await?;
    assert_eq!(status(&service, &token).await?, 201);
    service.command(&["component", "put", "gate", &gate("shut")?, "--inactive"])?;
    let shut = listed(&service).await?["versions"][0]["digest"].as_str().unwrap_or_default().to_owned();
    let compared = service.command(&["component", "compare", "gate", &shut[..12], "--last", "10"])?;
    assert!(compared.starts_with("1 registrations replayed: 0 the same, 1 different"), "{compared}");
    service.command(&["component", "rollback", "gate", "--to", &shut[..12]])?;
    assert_eq!(status(&service, &token).await?, 403);
    service.command(&["component", "rollback", "gate"])?;
    assert_eq!(status(&service, &token).await?, 201);
    let list = service.command(&["component", "list"])?;
    assert!(list.lines().any(|line| line.starts_with("gate") && line.contains("active")), "{list}");
    service.command(&["component", "remove", "gate", "--version", &shut[..12]])?;
    assert!(service.command(&["component", "remove", "gate"]).is_err(), "realm shop needs it");
    service.command(&["component", "remove", "gate", "--force"])?;
    assert_eq!(status(&service, &token).await?, 500);
    Ok(())
}

fn text(path: &Path) -> String {
    path.display().to_string()
}

/// Runs `openssl`.
fn openssl(arguments: &[&str]) -> anyhow::Result<()> {
    let run = std::process::Command::new("openssl").args(arguments).output();
    let run = run.map_err(|error| anyhow::anyhow!("openssl ({error}): apt-get install openssl"))?;
    ensure!(run.status.success(), "openssl {arguments:?}: {}", String::from_utf8_lossy(&run.stderr));
    Ok(())
}
