//! A component without an answer: the decision says which, in which way, and for whom.

use matricula_tests::{Service, guests};
use reqwest::Method;
use serde_json::{Value, json};

fn with_guests() -> anyhow::Result<Service> {
    Service::start_with(&["--policies", &guests()?.display().to_string()])
}

/// The record of a decision.
async fn record(service: &Service, realm: &str, id: &str) -> anyhow::Result<Value> {
    let path = format!("/{realm}/client-registration-policy/decisions?id={id}");
    let found: Value = service.admin(Method::GET, &path, None).await?.json().await?;
    Ok(found[0].clone())
}

/// What is told of a component.
async fn component(service: &Service, name: &str) -> anyhow::Result<Value> {
    let token = service.administrator().await?;
    let url = format!("{}/admin/components", service.url);
    let all: Value = service.http.get(url).bearer_auth(token).send().await?.json().await?;
    let found = all.as_array().into_iter().flatten().find(|component| component["name"] == name);
    Ok(found.cloned().unwrap_or_default())
}

/// A realm with these client policies; a token for it.
async fn with_client_policies(
    service: &Service,
    realm: &str,
    conditions: Value,
    executors: Value,
) -> anyhow::Result<String> {
    service.realm(realm).await?;
    let profiles = json!({"profiles": [{"name": "p", "executors": executors}]});
    let kept = service.admin(Method::PUT, &format!("/{realm}/client-policies/profiles"), Some(profiles)).await?;
    anyhow::ensure!(kept.status() == 204, "{}", kept.text().await?);
    let policies =
        json!({"policies": [{"name": "Strict", "enabled": true, "conditions": conditions, "profiles": ["p"]}]});
    let kept = service.admin(Method::PUT, &format!("/{realm}/client-policies/policies"), Some(policies)).await?;
    anyhow::ensure!(kept.status() == 204, "{}", kept.text().await?);
    service.initial_access_token(realm, json!({"count": 10})).await
}

#[tokio::test]
async fn a_policy_without_an_answer_is_in_the_record_with_the_way_it_failed() -> anyhow::Result<()> {
    let service = with_guests()?;
    for (policy, component_name, kind, words) in [
        ("traps", "unruly", "trap", "crashed"),
        ("loops", "unruly", "time", "1000 ms"),
        ("hoards", "unruly", "memory", "64 MiB"),
        ("recurses", "unruly", "trap", "crashed"),
        ("overreaches", "unruly", "nonsense", "it amends secret"),
        ("hastens", "unruly", "nonsense", "it amends in a hook that does not allow it"),
        ("sulks", "unruly", "nonsense", "it rejects without a violation"),
        ("miscounts-later", "miscounts-later", "nonsense", "0 decisions of 1 policies"),
    ] {
        service.realm(policy).await?;
        service.policy(policy, "authenticated", policy, json!({})).await?;
        let token = service.initial_access_token(policy, json!({})).await?;
        let refused = service.register(policy, "default", Some(&token)).json(&json!({"clientId": "a"})).send().await?;
        assert_eq!(refused.status(), 500, "{policy}");
        let refused: Value = refused.json().await?;
        let id = refused["decision"].as_str().unwrap_or_default();
        let record = record(&service, policy, id).await?;
        assert_eq!((&record["outcome"], &record["failed"]), (&json!("reject"), &json!(true)), "{policy}");
        let failure = &record["failure"];
        assert_eq!((&failure["policy"], &failure["kind"]), (&json!(policy), &json!(kind)), "{policy}: {failure}");
        assert!(failure["message"].as_str().is_some_and(|text| text.contains(words)), "{policy}: {failure}");
        let label = failure["component"].as_str().unwrap_or_default();
        assert!(label.starts_with(&format!("{component_name}@")), "{policy}: {label}");
        // Hooks before the one that fails accept.
        let said = record["policies"].as_array().into_iter().flatten().rfind(|said| said["name"] == policy);
        let said = said.cloned().unwrap_or_default();
        assert_eq!((&said["verdict"], &said["failure"]["kind"]), (&json!("fail"), &json!(kind)), "{policy}: {said}");
        assert_eq!(said["component"], failure["component"], "{policy}");
        let text = refused.to_string();
        assert!(
            !text.contains("unreachable") && !text.contains(words),
            "{policy}: the caller is told no details: {text}"
        );
        let figures = format!("/{policy}/client-registration-policy/figures");
        let figures: Value = service.admin(Method::GET, &figures, None).await?.json().await?;
        assert_eq!((&figures["policies"][0]["name"], &figures["policies"][0]["failed"]), (&json!(policy), &json!(1)));
        let last = component(&service, component_name).await?["lastFailure"].clone();
        assert_eq!((&last["decision"], &last["realm"], &last["kind"]), (&json!(id), &json!(policy), &json!(kind)));
        let failed = format!("/{policy}/client-registration-policy/decisions?failed=true");
        let found: Value = service.admin(Method::GET, &failed, None).await?.json().await?;
        assert_eq!(found.as_array().map(Vec::len), Some(1), "{policy}");
    }
    Ok(())
}

#[tokio::test]
async fn of_several_policies_that_are_asked_together_the_one_at_fault_is_named() -> anyhow::Result<()> {
    let service = with_guests()?;
    service.realm("shop").await?;
    for policy in ["holds", "traps", "mondays"] {
        service.policy("shop", "authenticated", policy, json!({})).await?;
    }
    let token = service.initial_access_token("shop", json!({})).await?;
    let before = component(&service, "unruly").await?;
    let refused = service.register("shop", "default", Some(&token)).json(&json!({"clientId": "a"})).send().await?;
    let refused: Value = refused.json().await?;
    assert_eq!(refused["error_description"], "Policy 'traps' could not decide about the request.");
    let record = record(&service, "shop", refused["decision"].as_str().unwrap_or_default()).await?;
    let failed: Vec<_> =
        record["policies"].as_array().into_iter().flatten().filter(|it| it["verdict"] == "fail").collect();
    assert_eq!(failed.len(), 1, "{record}");
    assert_eq!(failed[0]["name"], "traps");
    let after = component(&service, "unruly").await?;
    let failures = |of: &Value| of["failures"].as_u64().unwrap_or_default();
    assert_eq!(failures(&after) - failures(&before), 1, "finding out counts nowhere");
    Ok(())
}

#[tokio::test]
async fn a_policy_whose_component_is_gone_is_recorded_too() -> anyhow::Result<()> {
    let mut service = with_guests()?;
    service.realm("shop").await?;
    service.policy("shop", "authenticated", "mondays", json!({})).await?;
    let empty = service.data().join("no-components");
    std::fs::create_dir_all(&empty)?;
    service.set_option("--policies", &empty.display().to_string());
    service.restart()?;
    let token = service.initial_access_token("shop", json!({})).await?;
    let refused = service.register("shop", "default", Some(&token)).json(&json!({})).send().await?;
    let refused: Value = refused.json().await?;
    let record = record(&service, "shop", refused["decision"].as_str().unwrap_or_default()).await?;
    assert_eq!(record["failure"]["kind"], "missing", "{record}");
    assert_eq!(record["failure"]["component"], Value::Null);
    assert_eq!(record["failure"]["message"], "No component of this server has \"mondays\".");
    Ok(())
}

#[tokio::test]
async fn conditions_and_executors_without_an_answer_are_recorded_with_their_message() -> anyhow::Result<()> {
    let service = with_guests()?;
    let any = json!([{"condition": "any-client", "configuration": {}}]);
    let moody = |does: &str| json!([{"condition": "moody", "configuration": {"does": does}}]);
    let door = |does: &str| json!([{"executor": "door", "configuration": {"does": does}}]);
    let agrees = [json!({"condition": "moody", "configuration": {"does": "yes"}})];
    let and_traps = json!([agrees[0], {"condition": "moody", "configuration": {"does": "trap"}}]);
    for (realm, conditions, executors, kind, words) in [
        ("c-trap", moody("trap"), door(""), "trap", "crashed"),
        ("c-report", moody("report"), door(""), "error", "the register of moods cannot be read"),
        ("c-count", moody("miscount"), door(""), "nonsense", "0 verdicts of 1 conditions"),
        ("c-second", and_traps, door(""), "trap", "crashed"),
        ("e-trap", any.clone(), door("trap"), "trap", "crashed"),
        ("e-report", any.clone(), door("report"), "error", "the hinges are rusty"),
        ("e-count", any.clone(), door("miscount"), "nonsense", "0 outcomes of 1 executors"),
    ] {
        let token = with_client_policies(&service, realm, conditions, executors).await?;
        let refused = service.register(realm, "default", Some(&token)).json(&json!({})).send().await?;
        assert_eq!(refused.status(), 500, "{realm}");
        let refused: Value = refused.json().await?;
        assert_eq!(refused["error_description"], "Policy 'Strict' could not decide about the request.", "{realm}");
        let id = refused["decision"].as_str().unwrap_or_default().to_owned();
        let record = record(&service, realm, &id).await?;
        let failure = &record["failure"];
        assert_eq!((&failure["policy"], &failure["kind"]), (&json!("Strict"), &json!(kind)), "{realm}: {record}");
        assert!(failure["message"].as_str().is_some_and(|text| text.contains(words)), "{realm}: {failure}");
        assert!(failure["component"].as_str().is_some_and(|label| label.starts_with("parts@")), "{realm}: {failure}");
        let strict = &record["clientPolicies"][0];
        let parts = if realm.starts_with("c-") { &strict["conditions"] } else { &strict["executors"] };
        let failed: Vec<_> = parts.as_array().into_iter().flatten().filter(|part| part["verdict"] == "fail").collect();
        assert_eq!(failed.len(), 1, "{realm}: {record}");
        assert_eq!((&failed[0]["failure"]["kind"], &failed[0]["version"]), (&json!(kind), &json!("1.2.3")), "{realm}");
        let log = service.log()?;
        let line = log.lines().find(|line| line.contains(&id)).unwrap_or_default();
        assert!(kind != "error" || line.contains(words), "{realm}: {line}");
        let figures = format!("/{realm}/client-registration-policy/figures");
        let figures: Value = service.admin(Method::GET, &figures, None).await?.json().await?;
        assert_eq!((&figures["policies"][0]["name"], &figures["policies"][0]["failed"]), (&json!("Strict"), &json!(1)));
    }
    Ok(())
}

#[tokio::test]
async fn a_hint_and_a_version_are_in_the_record_and_the_hint_is_not_for_the_caller() -> anyhow::Result<()> {
    let service = with_guests()?;
    let any = json!([{"condition": "any-client", "configuration": {}}]);
    let shut = json!([{"executor": "door", "configuration": {"does": "refuse"}}]);
    let token = with_client_policies(&service, "shop", any, shut).await?;
    let refused = service.register("shop", "default", Some(&token)).json(&json!({})).send().await?;
    assert_eq!(refused.status(), 403);
    let refused: Value = refused.json().await?;
    assert_eq!(refused["violations"][0].get("hint"), None);
    let found = record(&service, "shop", refused["decision"].as_str().unwrap_or_default()).await?;
    assert_eq!(found["clientPolicies"][0]["executors"][0]["violation"]["hint"], "the key is under the mat");
    assert_eq!(found["clientPolicies"][0]["executors"][0]["version"], "1.2.3");

    service.realm("hosts").await?;
    let refused = service.register("hosts", "default", None).json(&json!({"clientId": "stranger"})).send().await?;
    let refused: Value = refused.json().await?;
    assert_eq!(refused["violations"][0].get("hint"), None);
    let found = record(&service, "hosts", refused["decision"].as_str().unwrap_or_default()).await?;
    let said = &found["policies"][0];
    assert!(said["violations"][0]["hint"].as_str().is_some_and(|hint| hint.contains("127.0.0.1")), "{said}");
    assert!(said["version"].as_str().is_some_and(|version| !version.is_empty()), "{said}");
    Ok(())
}

#[tokio::test]
async fn a_provider_without_an_answer_leaves_a_record_that_the_caller_can_name() -> anyhow::Result<()> {
    let service = with_guests()?;
    service.realm("shop").await?;
    let token = service.initial_access_token("shop", json!({"count": 5})).await?;
    for step in ["parse", "complete", "finish"] {
        let lines = format!("client_id: {step}\nredirect_uri: https://reports.example/callback\nfail: {step}\n");
        let request = service.register("shop", "plain-text", Some(&token)).header("Content-Type", "text/plain");
        let refused = request.body(lines).send().await?;
        assert_eq!(refused.status(), 500, "{step}");
        let id = refused.headers()["matricula-decision"].to_str()?.to_owned();
        let refused: Value = refused.json().await?;
        assert_eq!(refused["decision"], id, "{step}");
        assert_eq!(refused["error_description"], "Provider 'plain-text' could not handle the request.", "{step}");
        let record = record(&service, "shop", &id).await?;
        let failure = &record["failure"];
        assert_eq!((&failure["step"], &failure["kind"]), (&json!(step), &json!("trap")), "{record}");
        assert_eq!((&failure["provider"], &failure["policy"]), (&json!("plain-text"), &Value::Null), "{record}");
        let kind = if step == "parse" { "unknown" } else { "initial-access-token" };
        assert_eq!(record["caller"]["kind"], kind, "{record}");
        assert!(service.log()?.lines().any(|line| line.contains(&id) && line.contains("plain-text")), "{step}");
    }
    assert_eq!(component(&service, "plain-text").await?["lastFailure"]["step"], "finish");
    let lines = "client_id: a\nredirect_uri: https://reports.example/callback\nfail: render\n";
    let request = service.register("shop", "plain-text", Some(&token)).header("Content-Type", "text/plain");
    let made = request.body(lines).send().await?;
    let location = made.headers()["location"].to_str()?.to_owned();
    let text = made.text().await?;
    let own = text.lines().find_map(|line| line.strip_prefix("registration_access_token: ")).unwrap_or_default();
    let refused: Value = service.http.get(location).bearer_auth(own).send().await?.json().await?;
    let record = record(&service, "shop", refused["decision"].as_str().unwrap_or_default()).await?;
    assert_eq!((&record["operation"], &record["failure"]["step"]), (&json!("read"), &json!("render")), "{record}");
    Ok(())
}

#[tokio::test]
async fn a_watched_policy_that_fails_is_recorded_and_refuses_nobody() -> anyhow::Result<()> {
    let service = with_guests()?;
    service.realm("shop").await?;
    for policy in ["traps", "overreaches"] {
        service.policy("shop", "authenticated", policy, json!({"mode": ["shadow"]})).await?;
    }
    let token = service.initial_access_token("shop", json!({})).await?;
    let made = service.register("shop", "default", Some(&token)).json(&json!({"clientId": "a"})).send().await?;
    assert_eq!(made.status(), 201);
    let path = "/shop/client-registration-policy/decisions";
    let found: Value = service.admin(Method::GET, path, None).await?.json().await?;
    assert_eq!((&found[0]["outcome"], &found[0]["failed"]), (&json!("accept"), &Value::Null));
    let said = found[0]["policies"].as_array().cloned().unwrap_or_default();
    for policy in ["traps", "overreaches"] {
        let of = said.iter().rfind(|said| said["name"] == policy).cloned().unwrap_or_default();
        assert_eq!((&of["mode"], &of["verdict"]), (&json!("shadow"), &json!("fail")), "{of}");
    }
    Ok(())
}

#[tokio::test]
async fn a_dry_run_says_which_component_has_no_answer_and_counts_nowhere() -> anyhow::Result<()> {
    let service = with_guests()?;
    service.realm("shop").await?;
    let before = component(&service, "unruly").await?;
    let request = json!({
        "provider": "default", "operation": "register", "contentType": "application/json",
        "document": json!({"clientId": "a"}).to_string(), "policies": [{"name": "Trap", "providerId": "traps"}],
    });
    let path = "/shop/client-registration-policy/evaluate";
    let tried: Value = service.admin(Method::POST, path, Some(request)).await?.json().await?;
    assert_eq!((&tried["decision"], &tried["status"]), (&json!("reject"), &json!(500)), "{tried}");
    assert_eq!((&tried["failure"]["policy"], &tried["failure"]["kind"]), (&json!("Trap"), &json!("trap")));
    let last = tried["policies"].as_array().and_then(|said| said.last());
    assert_eq!(last.map(|said| &said["verdict"]), Some(&json!("fail")), "{tried}");
    let after = component(&service, "unruly").await?;
    for figure in ["failures", "refusals", "lastFailure"] {
        assert_eq!(before[figure], after[figure], "{figure}");
    }
    Ok(())
}

#[tokio::test]
async fn what_client_policies_refuse_an_administrator_is_recorded_under_the_id_that_is_answered() -> anyhow::Result<()>
{
    let service = with_guests()?;
    let any = json!([{"condition": "any-client", "configuration": {}}]);
    for (realm, does, status, failed) in [("shut", "refuse", 400, Value::Null), ("broken", "trap", 500, json!(true))] {
        let executors = json!([{"executor": "door", "configuration": {"does": does}}]);
        with_client_policies(&service, realm, any.clone(), executors).await?;
        let made = service.admin(Method::POST, &format!("/{realm}/clients"), Some(json!({"clientId": "a"}))).await?;
        assert_eq!(made.status().as_u16(), status, "{realm}");
        let made: Value = made.json().await?;
        let record = record(&service, realm, made["decision"].as_str().unwrap_or_default()).await?;
        assert_eq!((&record["clientId"], &record["failed"]), (&json!("a"), &failed), "{realm}: {record}");
        assert_eq!(record["clientPolicies"][0]["name"], "Strict", "{realm}: {record}");
    }
    Ok(())
}
