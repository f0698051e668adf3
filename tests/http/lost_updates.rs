//! Two administrators at once: of what each names nothing is lost.

use matricula_tests::Service;
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

/// Rounds of each pair.
const ROUNDS: usize = 40;

/// Sends two requests at once; both must be taken.
async fn both(one: RequestBuilder, other: RequestBuilder) -> anyhow::Result<()> {
    let (one, other) = tokio::join!(one.send(), other.send());
    for answer in [one?, other?] {
        let status = answer.status().as_u16();
        anyhow::ensure!(status == 204, "{status} {}", answer.text().await?);
    }
    Ok(())
}

struct Scene {
    service: Service,
    token: String,
}

impl Scene {
    async fn start() -> anyhow::Result<Scene> {
        let service = Service::start()?;
        service.realm("shop").await?;
        // For longer than the test takes.
        service.admin(Method::PUT, "/master", Some(json!({"accessTokenLifespan": 900}))).await?.error_for_status()?;
        let token = service.administrator().await?;
        Ok(Scene { service, token })
    }

    fn put(&self, path: &str, body: Value) -> RequestBuilder {
        self.service
            .http
            .put(format!("{}/admin/realms/shop{path}", self.service.url))
            .bearer_auth(&self.token)
            .json(&body)
    }

    async fn get(&self, path: &str) -> anyhow::Result<Value> {
        let url = format!("{}/admin/realms/shop{path}", self.service.url);
        Ok(self.service.http.get(url).bearer_auth(&self.token).send().await?.error_for_status()?.json().await?)
    }
}

#[tokio::test]
async fn different_members_of_a_user_are_kept() -> anyhow::Result<()> {
    let scene = Scene::start().await?;
    let made =
        scene.service.admin(Method::POST, "/shop/users", Some(json!({"username": "ann", "enabled": true}))).await?;
    let id = made.headers()["location"].to_str()?.rsplit('/').next().unwrap_or_default().to_owned();
    let user = format!("/users/{id}");
    for round in 0..ROUNDS {
        let (first, last) = (format!("first {round}"), format!("last {round}"));
        both(scene.put(&user, json!({"firstName": first})), scene.put(&user, json!({"lastName": last}))).await?;
        let seen = scene.get(&user).await?;
        assert_eq!((&seen["firstName"], &seen["lastName"]), (&json!(first), &json!(last)));
    }
    Ok(())
}

#[tokio::test]
async fn an_edit_of_a_user_and_another_password_are_kept() -> anyhow::Result<()> {
    let scene = Scene::start().await?;
    let made =
        scene.service.admin(Method::POST, "/shop/users", Some(json!({"username": "ann", "enabled": true}))).await?;
    let id = made.headers()["location"].to_str()?.rsplit('/').next().unwrap_or_default().to_owned();
    for round in 0..8 {
        let (password, email) = (format!("password {round}"), format!("ann{round}@example.com"));
        let credential = json!({"type": "password", "value": password});
        let reset = scene.put(&format!("/users/{id}/reset-password"), credential);
        both(reset, scene.put(&format!("/users/{id}"), json!({"email": email}))).await?;
        assert_eq!(scene.get(&format!("/users/{id}")).await?["email"], email);
        let form =
            [("grant_type", "password"), ("client_id", "admin-cli"), ("username", "ann"), ("password", &password)];
        let url = format!("{}/realms/shop/protocol/openid-connect/token", scene.service.url);
        assert_eq!(scene.service.http.post(url).form(&form).send().await?.status(), 200, "{round}");
    }
    Ok(())
}

#[tokio::test]
async fn different_settings_of_a_realm_are_kept() -> anyhow::Result<()> {
    let scene = Scene::start().await?;
    for round in 0..ROUNDS {
        let colour = json!({"attributes": {"colour": format!("blue {round}")}});
        both(scene.put("", colour), scene.put("", json!({"attributes": {"size": format!("{round}")}}))).await?;
        let attributes = &scene.get("").await?["attributes"];
        assert_eq!(attributes["colour"], format!("blue {round}"));
        assert_eq!(attributes["size"], round.to_string());
        let types = json!({"enabledEventTypes": if round % 2 == 0 { json!(["CLIENT_INFO"]) } else { json!([]) }});
        both(scene.put("", json!({"displayName": format!("{round}")})), scene.put("/events/config", types.clone()))
            .await?;
        let seen = scene.get("").await?;
        assert_eq!(
            (&seen["displayName"], &seen["enabledEventTypes"]),
            (&json!(round.to_string()), &types["enabledEventTypes"])
        );
    }
    Ok(())
}

#[tokio::test]
async fn different_keys_of_a_policy_are_kept() -> anyhow::Result<()> {
    let scene = Scene::start().await?;
    let policies = scene.get("/components?providerId=trusted-hosts").await?;
    let path = format!("/components/{}", policies[0]["id"].as_str().unwrap_or_default());
    for round in 0..ROUNDS {
        let hosts = json!({"config": {"trusted-hosts": [format!("host-{round}.example")]}});
        let switch = json!({"config": {"client-uris-must-match": [(round % 2 == 0).to_string()]}});
        both(scene.put(&path, hosts.clone()), scene.put(&path, switch.clone())).await?;
        let seen = &scene.get(&path).await?["config"];
        assert_eq!(seen["trusted-hosts"], hosts["config"]["trusted-hosts"]);
        assert_eq!(seen["client-uris-must-match"], switch["config"]["client-uris-must-match"]);
    }
    Ok(())
}

#[tokio::test]
async fn profiles_and_policies_are_kept() -> anyhow::Result<()> {
    let scene = Scene::start().await?;
    for round in 0..ROUNDS {
        let name = format!("p{round}");
        let profiles = json!({"profiles": [{"name": name, "executors": []}]});
        let policies = json!({"policies": [{"name": name, "enabled": false, "conditions": [], "profiles": []}]});
        let profiles = scene.put("/client-policies/profiles", profiles);
        both(profiles, scene.put("/client-policies/policies", policies)).await?;
        assert_eq!(scene.get("/client-policies/profiles").await?["profiles"][0]["name"], name);
        assert_eq!(scene.get("/client-policies/policies").await?["policies"][0]["name"], name);
    }
    Ok(())
}

#[tokio::test]
async fn of_many_who_make_a_scope_an_optional_one_one_does() -> anyhow::Result<()> {
    let scene = Scene::start().await?;
    let made = json!({"name": "orders", "protocol": "openid-connect"});
    let made = scene.service.admin(Method::POST, "/shop/client-scopes", Some(made)).await?;
    let id = made.headers()["location"].to_str()?.rsplit('/').next().unwrap_or_default().to_owned();
    let path = format!("/default-optional-client-scopes/{id}");
    let mut running = tokio::task::JoinSet::new();
    for _ in 0..16 {
        let request = scene.put(&path, Value::Null);
        running.spawn(async move { request.send().await.map_or(0, |answer| answer.status().as_u16()) });
    }
    let mut statuses = running.join_all().await;
    statuses.sort_unstable();
    assert_eq!((statuses[0], &statuses[1..]), (204, &[409_u16; 15][..]));
    Ok(())
}

#[tokio::test]
async fn a_role_is_never_left_of_a_client_that_is_gone() -> anyhow::Result<()> {
    let scene = Scene::start().await?;
    for round in 0..ROUNDS {
        let client = json!({"clientId": format!("c{round}")});
        let made = scene.service.admin(Method::POST, "/shop/clients", Some(client)).await?;
        let path = made.headers()["location"].to_str()?.to_owned();
        let http = &scene.service.http;
        let role = http.post(format!("{path}/roles")).bearer_auth(&scene.token).json(&json!({"name": "admin"}));
        let (role, gone) = tokio::join!(role.send(), http.delete(&path).bearer_auth(&scene.token).send());
        assert!(matches!(role?.status().as_u16(), 201 | 404));
        assert_eq!(gone?.status(), 204);
    }
    let output = std::process::Command::new(matricula_tests::program()?)
        .args(["realm", "export", "shop"])
        .args(scene.service.place())
        .output()?;
    let exported: Value = serde_json::from_slice(&output.stdout)?;
    let roles = exported["roles"]["realm"].as_array().cloned().unwrap_or_default();
    assert!(roles.iter().all(|role| role["name"] != "admin"), "{roles:?}");
    Ok(())
}
