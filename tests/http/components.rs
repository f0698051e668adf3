//! Components of one's own: providers and policies from a folder, and those that misbehave.

use matricula_tests::{Service, guests};
use reqwest::Method;
use serde_json::{Value, json};

fn with_guests() -> anyhow::Result<Service> {
    Service::start_with(&["--policies", &guests()?.display().to_string()])
}

#[tokio::test]
async fn a_provider_from_the_folder_is_served_at_its_own_address() -> anyhow::Result<()> {
    let service = with_guests()?;
    service.realm("shop").await?;
    let token = service.initial_access_token("shop", json!({})).await?;
    let made = service
        .register("shop", "plain-text", Some(&token))
        .header("Content-Type", "text/plain")
        .body("client_id: reports\nredirect_uri: https://reports.example/callback\n")
        .send()
        .await?;
    assert_eq!(made.status(), 201);
    let location = made.headers()["location"].to_str()?.to_owned();
    assert!(location.ends_with("/clients-registrations/plain-text/reports"), "{location}");
    let text = made.text().await?;
    let token = text.lines().find_map(|line| line.strip_prefix("registration_access_token: ")).unwrap_or_default();
    let read = service.http.get(location).bearer_auth(token).send().await?;
    assert_eq!(read.status(), 200);
    assert!(read.text().await?.starts_with("client_id: reports\n"));
    let stored = service.clients("shop", "reports").await?;
    assert_eq!(stored[0]["redirectUris"], json!(["https://reports.example/callback"]));
    Ok(())
}

#[tokio::test]
async fn a_policy_that_fails_refuses_its_requests_and_harms_nobody_else() -> anyhow::Result<()> {
    let service = with_guests()?;
    let policies = [
        ("loops", "unruly"),
        ("traps", "unruly"),
        ("hoards", "unruly"),
        ("recurses", "unruly"),
        ("overreaches", "unruly"),
        ("babbles", "unruly"),
        ("hastens", "unruly"),
        ("sulks", "unruly"),
        ("mumbles", "unruly"),
        ("miscounts-later", "miscounts-later"),
    ];
    for (policy, component) in policies {
        service.realm(policy).await?;
        service.policy(policy, "authenticated", policy, json!({})).await?;
        let token = service.initial_access_token(policy, json!({})).await?;
        let refused =
            service.register(policy, "default", Some(&token)).json(&json!({"clientId": "unlucky"})).send().await?;
        assert_eq!(refused.status(), 500, "{policy}");
        let decision = refused.headers()["matricula-decision"].to_str()?.to_owned();
        let body: Value = refused.json().await?;
        assert_eq!(body["error"], "server_error", "{policy}");
        assert_eq!(body["error_description"], format!("Policy '{policy}' could not decide about the request."));
        assert_eq!(body["decision"], decision);
        assert!(service.clients(policy, "unlucky").await?.is_empty(), "{policy}");
        let listed = service.admin(Method::GET, &format!("/{policy}/clients-initial-access"), None).await?;
        assert_eq!(listed.json::<Value>().await?[0]["remainingCount"], 1, "{policy}");
        let log = service.log()?;
        let line = log.lines().find(|line| line.contains(&decision)).unwrap_or_default();
        assert!(line.contains(&format!("\"component\":\"{component}\"")), "{policy}: {line}");
    }
    service.realm("lucky").await?;
    let token = service.initial_access_token("lucky", json!({})).await?;
    let made = service.register("lucky", "default", Some(&token)).json(&json!({})).send().await?;
    assert_eq!(made.status(), 201);
    Ok(())
}

#[tokio::test]
async fn a_trap_at_any_hook_refuses_the_request_and_changes_nothing() -> anyhow::Result<()> {
    let service = with_guests()?;
    for hook in ["before-register", "after-register", "before-update", "after-update", "before-view", "before-delete"] {
        service.realm(hook).await?;
        service.policy(hook, "authenticated", "traps", json!({"at": [hook]})).await?;
        let token = service.initial_access_token(hook, json!({})).await?;
        let client = json!({"clientId": "app", "name": "as it was"});
        let made = service.register(hook, "default", Some(&token)).json(&client).send().await?;
        if hook.ends_with("register") {
            assert_eq!(made.status(), 500, "{hook}");
            assert!(service.clients(hook, "app").await?.is_empty(), "{hook}");
            continue;
        }
        assert_eq!(made.status(), 201, "{hook}");
        let made: Value = made.json().await?;
        let method = match hook {
            "before-view" => Method::GET,
            "before-delete" => Method::DELETE,
            _ => Method::PUT,
        };
        let url = format!("{}/realms/{hook}/clients-registrations/default/app", service.url);
        let mut request = service.http.request(method.clone(), url);
        if method == Method::PUT {
            request = request.json(&json!({"clientId": "app", "name": "changed"}));
        }
        let token = made["registrationAccessToken"].as_str().unwrap_or_default();
        let refused = request.bearer_auth(token).send().await?;
        assert_eq!(refused.status(), 500, "{hook}");
        assert_eq!(refused.json::<Value>().await?["error"], "server_error", "{hook}");
        assert_eq!(service.clients(hook, "app").await?[0]["name"], "as it was", "{hook}");
    }
    Ok(())
}

#[tokio::test]
async fn a_slow_policy_that_keeps_to_the_limits_is_waited_for_and_others_go_on() -> anyhow::Result<()> {
    let service = with_guests()?;
    service.realm("slow").await?;
    service.policy("slow", "authenticated", "dawdles", json!({})).await?;
    let token = service.initial_access_token("slow", json!({"count": 8})).await?;
    let mut waiting = Vec::new();
    for _ in 0..8 {
        waiting.push(tokio::spawn(service.register("slow", "default", Some(&token)).json(&json!({})).send()));
    }
    let ready = service.http.get(format!("{}/health/ready", service.url)).send().await?;
    assert_eq!(ready.status(), 200);
    for made in waiting {
        assert_eq!(made.await??.status(), 201);
    }
    Ok(())
}

#[tokio::test]
async fn what_a_policy_remembers_never_reaches_another_realm() -> anyhow::Result<()> {
    let service = with_guests()?;
    let mut tokens = Vec::new();
    for realm in ["red", "blue"] {
        service.realm(realm).await?;
        service.policy(realm, "authenticated", "remembers", json!({})).await?;
        tokens.push((realm, service.initial_access_token(realm, json!({"count": 5})).await?));
    }
    for _ in 0..5 {
        for (realm, token) in &tokens {
            let made = service.register(realm, "default", Some(token)).json(&json!({})).send().await?;
            let made: Value = made.json().await?;
            let served = made["description"].as_str().unwrap_or_default();
            assert!(served.split(' ').all(|served| served == *realm), "{realm}: {served:?}");
        }
    }
    Ok(())
}

#[tokio::test]
async fn of_a_flood_of_log_lines_only_the_first_are_written() -> anyhow::Result<()> {
    let service = with_guests()?;
    service.realm("shop").await?;
    service.policy("shop", "authenticated", "floods", json!({})).await?;
    let token = service.initial_access_token("shop", json!({})).await?;
    let made = service.register("shop", "default", Some(&token)).json(&json!({})).send().await?;
    assert_eq!(made.status(), 201);
    let log = service.log()?;
    let flood: Vec<_> = log.lines().filter(|line| line.contains("flood ")).collect();
    assert_eq!(flood.len(), 16);
    assert!(flood.iter().all(|line| line.contains("\"component\":\"unruly\"") && line.contains("\"realm\":\"shop\"")));
    Ok(())
}

#[tokio::test]
async fn components_that_do_not_fit_are_named_in_the_log_and_the_others_are_there() -> anyhow::Result<()> {
    let service = with_guests()?;
    let log = service.log()?;
    for (component, reason) in [
        ("wrong-world", "it exports none of"),
        ("outsider", "test:outsider/clock"),
        ("miscounts", "self-check of miscounts at after-register with an empty client: 0 decisions of 1 policy"),
        ("fragile", "self-check of fragile at before-register with an empty client: the policy has no answer"),
        ("reserved", "policy reserved has a setting `mode`: that name belongs to the server"),
    ] {
        let component = format!("\"component\":\"{component}\"");
        let said: Vec<_> = log.lines().filter(|line| line.contains(&component)).collect();
        assert!(said.iter().any(|line| line.contains(reason)), "{component}: {said:?}");
    }
    service.realm("shop").await?;
    service.policy("shop", "authenticated", "holds", json!({})).await?;
    Ok(())
}

#[tokio::test]
async fn a_policy_whose_component_is_gone_refuses_the_request() -> anyhow::Result<()> {
    let mut service = with_guests()?;
    service.realm("shop").await?;
    service.policy("shop", "authenticated", "mondays", json!({})).await?;
    let empty = service.data().join("no-components");
    std::fs::create_dir_all(&empty)?;
    service.set_option("--policies", &empty.display().to_string());
    service.restart()?;
    let token = service.initial_access_token("shop", json!({})).await?;
    let refused = service.register("shop", "default", Some(&token)).json(&json!({})).send().await?;
    assert_eq!(refused.status(), 500);
    assert_eq!(refused.json::<Value>().await?["error"], "server_error");
    Ok(())
}

#[tokio::test]
async fn a_held_client_waits_for_an_administrator() -> anyhow::Result<()> {
    let service = with_guests()?;
    service.realm("shop").await?;
    service.policy("shop", "authenticated", "holds", json!({})).await?;
    let token = service.initial_access_token("shop", json!({"count": 2})).await?;
    let mut tokens = Vec::new();
    for id in ["first", "second"] {
        let held = service.register("shop", "default", Some(&token)).json(&json!({"clientId": id})).send().await?;
        assert_eq!(held.status(), 201);
        assert_eq!(held.headers()["matricula-held"], "new clients are looked at first");
        let held: Value = held.json().await?;
        assert_eq!(held["enabled"], false);
        tokens.push(held["registrationAccessToken"].as_str().unwrap_or_default().to_owned());
    }
    let read = async |id: &str, token: &str| {
        let url = format!("{}/realms/shop/clients-registrations/default/{id}", service.url);
        service.http.get(url).bearer_auth(token).send().await.map(|answer| answer.status().as_u16())
    };
    assert_eq!(read("first", &tokens[0]).await?, 401);
    let waiting: Vec<Value> = service.admin(Method::GET, "/shop/clients?held=true", None).await?.json().await?;
    let ids: Vec<&str> = waiting.iter().filter_map(|client| client["clientId"].as_str()).collect();
    assert_eq!(ids.len(), 2);
    let id_of = |wanted: &str| {
        waiting.iter().find(|client| client["clientId"] == wanted).and_then(|client| client["id"].as_str())
    };
    let (first, second) = (id_of("first").unwrap_or_default(), id_of("second").unwrap_or_default());
    let approve = format!("/shop/clients/{first}/approve");
    assert_eq!(service.admin(Method::POST, &approve, None).await?.status(), 204);
    assert_eq!(service.admin(Method::POST, &approve, None).await?.status(), 409);
    assert_eq!(read("first", &tokens[0]).await?, 200);
    let refuse = service.admin(Method::POST, &format!("/shop/clients/{second}/refuse"), None).await?;
    assert_eq!(refuse.status(), 204);
    assert!(service.clients("shop", "second").await?.is_empty());
    Ok(())
}
