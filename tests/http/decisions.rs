//! Decisions that can be asked about, before and after they are made.

use matricula_tests::Service;
use reqwest::Method;
use serde_json::{Value, json};

#[tokio::test]
async fn a_refusal_is_found_by_the_id_that_the_caller_was_told() -> anyhow::Result<()> {
    let service = Service::start()?;
    service.realm("shop").await?;
    let refused = service.register("shop", "default", None).json(&json!({"clientId": "stranger"})).send().await?;
    assert_eq!(refused.status(), 403);
    let refused: Value = refused.json().await?;
    let id = refused["decision"].as_str().unwrap_or_default();
    let path = format!("/shop/client-registration-policy/decisions?id={id}");
    let found: Vec<Value> = service.admin(Method::GET, &path, None).await?.json().await?;
    assert_eq!(found.len(), 1);
    assert_eq!(found[0]["outcome"], "reject");
    assert_eq!(found[0]["violations"], refused["violations"]);
    assert_eq!(found[0]["policies"][0]["provider"], "trusted-hosts");
    Ok(())
}

#[tokio::test]
async fn a_dry_run_tells_what_would_happen_and_stores_nothing() -> anyhow::Result<()> {
    let service = Service::start()?;
    service.realm("shop").await?;
    let path = "/shop/client-registration-policy/evaluate";
    let request = json!({
        "provider": "openid-connect",
        "operation": "register",
        "contentType": "application/json",
        "document": json!({"client_name": "tried", "redirect_uris": ["https://a.example/cb"]}).to_string(),
        "caller": {"kind": "anonymous", "address": "203.0.113.9"},
    });
    let refused: Value = service.admin(Method::POST, path, Some(request.clone())).await?.json().await?;
    assert_eq!((&refused["decision"], &refused["status"]), (&json!("reject"), &json!(403)));
    assert_eq!(refused["violations"].as_array().map(Vec::len), Some(2));

    let mut other = request;
    other["policies"] = json!([{"name": "consent", "providerId": "consent-required"}]);
    let accepted: Value = service.admin(Method::POST, path, Some(other)).await?.json().await?;
    assert_eq!((&accepted["decision"], &accepted["status"]), (&json!("accept"), &json!(201)));
    assert_eq!(accepted["after"]["consentRequired"], true);
    assert_eq!(accepted["policies"][0]["verdict"], "amend");

    let clients = service.admin(Method::GET, "/shop/clients", None).await?;
    assert_eq!(clients.json::<Vec<Value>>().await?.len(), 6, "the realm's own");
    let decisions = service.admin(Method::GET, "/shop/client-registration-policy/decisions", None).await?;
    assert_eq!(decisions.json::<Value>().await?, json!([]));
    Ok(())
}

#[tokio::test]
async fn client_policies_stand_beside_the_policies_in_dry_runs_and_records() -> anyhow::Result<()> {
    let service = Service::start()?;
    service.realm("shop").await?;
    let profiles = json!({"profiles": [
        {"name": "consent", "executors": [{"executor": "consent-required", "configuration": {"auto-configure": true}}]},
        {"name": "closed", "executors": [{"executor": "reject-request", "configuration": {}}]},
    ]});
    service.admin(Method::PUT, "/shop/client-policies/profiles", Some(profiles)).await?;
    let always = json!([{"condition": "any-client", "configuration": {}}]);
    let saml = json!([{"condition": "client-type", "configuration": {"protocol": "saml"}}]);
    let asks =
        json!([{"condition": "client-updater-context", "configuration": {"update-client-source": ["ByAnonymous"]}}]);
    let policy = |name: &str, conditions: &Value, profile: &str| json!({"name": name, "enabled": true, "conditions": conditions, "profiles": [profile]});
    let policies = json!({"policies": [
        policy("ask users", &always, "consent"), policy("no saml", &saml, "closed"), policy("nobody", &asks, "closed"),
    ]});
    service.admin(Method::PUT, "/shop/client-policies/policies", Some(policies)).await?;

    let request = json!({
        "provider": "openid-connect", "operation": "register", "contentType": "application/json",
        "document": json!({"redirect_uris": ["https://a.example/cb"]}).to_string(), "caller": {"kind": "bearer"},
    });
    let path = "/shop/client-registration-policy/evaluate";
    let tried: Value = service.admin(Method::POST, path, Some(request)).await?.json().await?;
    assert_eq!(tried["decision"], "accept", "{tried}");
    let said = tried["clientPolicies"].as_array().cloned().unwrap_or_default();
    let said: Vec<_> = said.into_iter().filter(|said| said["event"] == "register").collect();
    let applied: Vec<_> = said.iter().map(|said| (said["name"].as_str(), said["applies"].as_bool())).collect();
    assert_eq!(
        applied,
        [(Some("ask users"), Some(true)), (Some("no saml"), Some(false)), (Some("nobody"), Some(false))]
    );
    let executor = &said[0]["executors"][0];
    assert_eq!((&executor["executor"], &executor["verdict"]), (&json!("consent-required"), &json!("amend")));
    assert_eq!(executor["changes"][0]["after"], true);
    assert_eq!(said[1]["conditions"][0]["verdict"], "no");
    assert_eq!(said[1]["executors"], json!([]));

    let refused = service.register("shop", "default", None).json(&json!({"clientId": "stranger"})).send().await?;
    assert_eq!(refused.status(), 403);
    let refused: Value = refused.json().await?;
    let path = format!("/shop/client-registration-policy/decisions?id={}", refused["decision"].as_str().unwrap_or("-"));
    let found: Value = service.admin(Method::GET, &path, None).await?.json().await?;
    let last = &found[0]["clientPolicies"][2];
    assert_eq!(last["name"], "nobody");
    assert_eq!(last["executors"][0]["verdict"], "reject");
    assert_eq!(last["executors"][0]["violation"], refused["violations"][0]);
    Ok(())
}

#[tokio::test]
async fn a_dry_run_names_what_is_wrong_with_it() -> anyhow::Result<()> {
    let service = Service::start()?;
    service.realm("shop").await?;
    for (request, named) in [
        (json!({"provider": "nope", "operation": "register"}), "provider"),
        (json!({"provider": "default", "operation": "paint"}), "operation"),
        (json!({"provider": "default", "operation": "read", "clientId": "nobody"}), "clientId"),
        (json!({"provider": "default", "operation": "register", "caller": {"kind": "x"}}), "caller.kind"),
        (json!({"provider": "default", "operation": "register", "caller": {"address": "x"}}), "caller.address"),
    ] {
        let path = "/shop/client-registration-policy/evaluate";
        let refused = service.admin(Method::POST, path, Some(request)).await?;
        assert_eq!(refused.status(), 400);
        let refused: Value = refused.json().await?;
        let description = refused["error_description"].as_str().unwrap_or_default();
        assert!(description.contains(named), "{refused}");
    }
    Ok(())
}

#[tokio::test]
async fn policies_of_an_initial_access_token_bind_its_clients_for_good() -> anyhow::Result<()> {
    let service = Service::start()?;
    service.realm("shop").await?;
    let body = json!({"name": "partners", "policies": [{"name": "Consent", "providerId": "consent-required"}]});
    let token = service.initial_access_token("shop", body).await?;
    let listed: Value = service.admin(Method::GET, "/shop/clients-initial-access", None).await?.json().await?;
    assert_eq!((&listed[0]["name"], &listed[0]["policies"][0]["name"]), (&json!("partners"), &json!("Consent")));
    let made = service.register("shop", "default", Some(&token)).json(&json!({"clientId": "partner"})).send().await?;
    let made: Value = made.json().await?;
    assert_eq!(made["consentRequired"], true);
    // The token itself may go: its policies stay with the client.
    let id = listed[0]["id"].as_str().unwrap_or_default();
    service.admin(Method::DELETE, &format!("/shop/clients-initial-access/{id}"), None).await?;
    let url = format!("{}/realms/shop/clients-registrations/default/partner", service.url);
    let refused = service
        .http
        .put(url)
        .bearer_auth(made["registrationAccessToken"].as_str().unwrap_or_default())
        .json(&json!({"clientId": "partner", "consentRequired": false}))
        .send()
        .await?;
    assert_eq!(refused.status(), 403);
    Ok(())
}

#[tokio::test]
async fn a_token_policy_with_a_bad_configuration_is_refused_by_name() -> anyhow::Result<()> {
    let service = Service::start()?;
    service.realm("shop").await?;
    let policies = json!([{"name": "Max", "providerId": "max-clients", "config": {"max-clients": ["many"]}}]);
    let body = json!({"policies": policies});
    let refused = service.admin(Method::POST, "/shop/clients-initial-access", Some(body)).await?;
    assert_eq!(refused.status(), 400);
    assert_eq!(refused.json::<Value>().await?["errorMessage"], "'Max Clients Per Realm' should be a number");
    Ok(())
}

#[tokio::test]
async fn searches_look_through_all_that_is_kept_and_list_the_newest_first() -> anyhow::Result<()> {
    let service = Service::start()?;
    service.realm("shop").await?;
    let token = service.initial_access_token("shop", json!({"count": 500})).await?;
    let one = async |client_id: String| -> anyhow::Result<()> {
        let made = service.register("shop", "default", Some(&token)).json(&json!({"clientId": client_id})).send();
        anyhow::ensure!(made.await?.status() == 201);
        Ok(())
    };
    // More than a search reads at a time, on either side.
    for (needle, others) in [("Needle-1", 0..220), ("Needle-2", 220..260)] {
        one(needle.to_owned()).await?;
        for number in others {
            one(format!("straw-{number}")).await?;
        }
    }
    let list = async |query: &str| -> anyhow::Result<Vec<String>> {
        let path = format!("/shop/client-registration-policy/decisions?{query}");
        let found: Vec<Value> = service.admin(Method::GET, &path, None).await?.json().await?;
        Ok(found.iter().map(|record| record["clientId"].as_str().unwrap_or_default().to_owned()).collect())
    };
    assert_eq!(list("search=nEEDLE").await?, ["Needle-2", "Needle-1"]);
    assert_eq!(list("search=needle&first=1").await?, ["Needle-1"]);
    assert_eq!(list("search=needle&max=1").await?, ["Needle-2"]);
    assert_eq!(list("clientId=needle-1&outcome=accept").await?, ["Needle-1"]);
    assert_eq!(list("clientId=needle&outcome=accept").await?, [""; 0]);
    assert_eq!(list("clientId=needle-1&outcome=reject").await?, [""; 0]);
    assert_eq!(list("max=2").await?, ["straw-259", "straw-258"]);
    assert_eq!(list("first=259&max=2").await?, ["straw-1", "straw-0"]);
    assert_eq!(list("outcome=accept&max=1000").await?.len(), 262);
    Ok(())
}

#[tokio::test]
async fn a_dry_run_names_the_caller() -> anyhow::Result<()> {
    let service = Service::start()?;
    service.realm("shop").await?;
    let admin = async |method: Method, path: &str, body: Value| {
        anyhow::Ok(service.admin(method, &format!("/shop{path}"), Some(body)).await?)
    };
    let profiles = json!({"profiles": [{"name": "closed", "executors": [{"executor": "reject-request"}]}]});
    admin(Method::PUT, "/client-policies/profiles", profiles).await?.error_for_status()?;
    let applies = |condition: &str, configuration: Value| {
        let conditions = json!([{"condition": condition, "configuration": configuration}]);
        json!({"policies": [{"name": "p", "enabled": true, "conditions": conditions, "profiles": ["closed"]}]})
    };
    let dry_run = async |caller: Value| {
        let request = json!({"provider": "default", "operation": "register", "document": "{}", "caller": caller});
        let answer = admin(Method::POST, "/client-registration-policy/evaluate", request).await?;
        let status = answer.status().as_u16();
        let answer: Value = answer.json().await?;
        anyhow::Ok(if status == 200 { answer["status"].clone() } else { answer["error_description"].clone() })
    };
    let groups = applies("client-updater-source-groups", json!({"groups": ["partners"]}));
    admin(Method::PUT, "/client-policies/policies", groups).await?.error_for_status()?;
    for (group, expected) in [("/partners", 403), ("/others", 201)] {
        assert_eq!(dry_run(json!({"kind": "bearer", "groups": [group]})).await?, expected, "{group}");
    }
    let roles = applies("client-updater-source-roles", json!({"roles": ["realm-management.create-client"]}));
    admin(Method::PUT, "/client-policies/policies", roles).await?.error_for_status()?;
    for (role, expected) in [("realm-management/create-client", 403), ("create-client", 201)] {
        assert_eq!(dry_run(json!({"kind": "bearer", "roles": [role], "subject": "u"})).await?, expected, "{role}");
    }
    admin(Method::PUT, "/client-policies/policies", json!({"policies": []})).await?.error_for_status()?;

    // An initial access token, by its id and as itself: its policies are asked too.
    let strict = json!({"count": 1, "policies": [{"name": "None", "providerId": "max-clients", "config": {"max-clients": ["1"]}}]});
    let made: Value = admin(Method::POST, "/clients-initial-access", strict).await?.json().await?;
    for token in [&made["id"], &made["token"]] {
        assert_eq!(dry_run(json!({"token": token})).await?, 403, "its policy refuses");
    }
    let plain: Value = admin(Method::POST, "/clients-initial-access", json!({"count": 1})).await?.json().await?;
    for token in [&plain["id"], &plain["token"]] {
        assert_eq!(dry_run(json!({"token": token})).await?, 201, "it is not spent");
    }
    let spent: Value = admin(Method::POST, "/clients-initial-access", json!({"count": 0})).await?.json().await?;
    assert_eq!(dry_run(json!({"token": spent["id"]})).await?, 401);
    assert_eq!(dry_run(json!({"token": "a.b.c"})).await?, 401);

    // A bearer token is worth what it is worth now.
    let user = json!({"username": "ann", "enabled": true, "credentials": [{"type": "password", "value": "pw"}]});
    admin(Method::POST, "/users", user).await?.error_for_status()?;
    let form = [("grant_type", "password"), ("client_id", "admin-cli"), ("username", "ann"), ("password", "pw")];
    let url = format!("{}/realms/shop/protocol/openid-connect/token", service.url);
    let session: Value = service.http.post(url).form(&form).send().await?.json().await?;
    assert_eq!(dry_run(json!({"token": session["access_token"]})).await?, 403);

    for (caller, expected) in [
        (json!({"token": "nope"}), "caller.token: there is no initial access token \"nope\""),
        (json!({"token": plain["id"], "kind": "bearer"}), "caller.kind: the id is that of an initial access token"),
        (json!({"token": plain["token"], "kind": "bearer"}), "caller.kind: the token tells it"),
        (json!({"token": plain["token"], "groups": ["/x"]}), "caller.token: it tells subject, roles and groups"),
        (json!({"groups": ["/x"]}), "caller: subject, roles and groups are those of kind bearer"),
    ] {
        assert_eq!(dry_run(caller.clone()).await?, expected, "{caller}");
    }
    Ok(())
}

#[tokio::test]
async fn a_refusal_by_a_policy_of_an_initial_access_token_names_the_token() -> anyhow::Result<()> {
    let service = Service::start()?;
    service.realm("shop").await?;
    let max = json!({"name": "Few", "providerId": "max-clients", "config": {"max-clients": ["1"]}});
    let body = json!({"name": "partners", "count": 5, "policies": [max]});
    let made: Value = service.admin(Method::POST, "/shop/clients-initial-access", Some(body)).await?.json().await?;
    let (id, token) = (&made["id"], made["token"].as_str().unwrap_or_default());
    let expected = json!({"id": id, "name": "partners"});
    let refused = service.register("shop", "default", Some(token)).json(&json!({"clientId": "a"})).send().await?;
    assert_eq!(refused.status(), 403);
    let refused: Value = refused.json().await?;
    assert!(!refused.to_string().contains("partners"), "the caller is told nothing of it: {refused}");
    let path = format!("/shop/client-registration-policy/decisions?id={}", refused["decision"].as_str().unwrap_or("-"));
    let found: Value = service.admin(Method::GET, &path, None).await?.json().await?;
    let of = |record: &Value| {
        let said = record["policies"].as_array().into_iter().flatten();
        said.map(|said| (said["name"].as_str().unwrap_or_default().to_owned(), said["token"].clone()))
            .collect::<Vec<_>>()
    };
    assert!(of(&found[0]).contains(&("Few".to_owned(), expected.clone())), "{found}");
    assert!(of(&found[0]).iter().all(|(name, token)| (name == "Few") != token.is_null()), "{found}");

    let request = json!({
        "provider": "default", "operation": "register", "contentType": "application/json",
        "document": json!({"clientId": "a"}).to_string(),
        "caller": {"token": id},
    });
    let path = "/shop/client-registration-policy/evaluate";
    let tried: Value = service.admin(Method::POST, path, Some(request)).await?.json().await?;
    assert_eq!(tried["decision"], "reject", "{tried}");
    assert!(of(&tried).contains(&("Few".to_owned(), expected)), "{tried}");
    Ok(())
}

#[tokio::test]
async fn the_token_is_named_for_good_also_when_it_is_gone() -> anyhow::Result<()> {
    let service = Service::start()?;
    service.realm("shop").await?;
    let consent = json!({"name": "Consent", "providerId": "consent-required"});
    let body = json!({"name": "partners", "policies": [consent]});
    let made: Value = service.admin(Method::POST, "/shop/clients-initial-access", Some(body)).await?.json().await?;
    let (id, token) = (made["id"].as_str().unwrap_or_default(), made["token"].as_str().unwrap_or_default());
    let client = service.register("shop", "default", Some(token)).json(&json!({"clientId": "partner"})).send().await?;
    let client: Value = client.json().await?;
    service.admin(Method::DELETE, &format!("/shop/clients-initial-access/{id}"), None).await?;
    let url = format!("{}/realms/shop/clients-registrations/default/partner", service.url);
    let own = client["registrationAccessToken"].as_str().unwrap_or_default();
    let changed = json!({"clientId": "partner", "consentRequired": false});
    let refused: Value = service.http.put(url).bearer_auth(own).json(&changed).send().await?.json().await?;
    let path = format!("/shop/client-registration-policy/decisions?id={}", refused["decision"].as_str().unwrap_or("-"));
    let found: Value = service.admin(Method::GET, &path, None).await?.json().await?;
    let said = found[0]["policies"].as_array().into_iter().flatten().find(|said| said["name"] == "Consent");
    assert_eq!(said.map(|said| &said["token"]), Some(&json!({"id": id, "name": "partners"})), "{found}");
    let request = json!({
        "provider": "default", "operation": "update", "contentType": "application/json", "clientId": "partner",
        "document": changed.to_string(), "caller": {"kind": "registration-access-token"},
    });
    let path = "/shop/client-registration-policy/evaluate";
    let tried: Value = service.admin(Method::POST, path, Some(request)).await?.json().await?;
    assert_eq!(tried["decision"], "reject", "the token's policies bind the client in a dry run too: {tried}");
    Ok(())
}
