//! What is known of clients that are gone.

use matricula_tests::Service;
use reqwest::{Method, Response};
use serde_json::{Value, json};

async fn shop() -> anyhow::Result<Service> {
    let service = Service::start()?;
    service.realm("shop").await?;
    Ok(service)
}

/// Registers a client with this id.
async fn register(service: &Service, client_id: &str) -> anyhow::Result<Value> {
    let initial = service.initial_access_token("shop", json!({"count": 1})).await?;
    let body = json!({"clientId": client_id});
    let made = service.register("shop", "default", Some(&initial)).json(&body).send().await?.error_for_status()?;
    Ok(made.json().await?)
}

fn text<'a>(client: &'a Value, member: &str) -> &'a str {
    client[member].as_str().unwrap_or_default()
}

/// A request with the registration access token of a client.
async fn own(service: &Service, method: Method, provider: &str, client: &Value) -> anyhow::Result<Response> {
    let path = format!("{provider}/{}", text(client, "clientId"));
    let url = format!("{}/realms/shop/clients-registrations/{path}", service.url);
    let request = service.http.request(method, url).bearer_auth(text(client, "registrationAccessToken"));
    let member = if provider == "default" { "clientId" } else { "client_id" };
    Ok(request.json(&json!({member: client["clientId"]})).send().await?)
}

/// What an answer says of how the client went.
fn gone(answer: &Response) -> Option<String> {
    answer.headers().get("matricula-gone").and_then(|value| value.to_str().ok()).map(str::to_owned)
}

async fn delete(service: &Service, client: &Value) -> anyhow::Result<()> {
    let path = format!("/shop/clients/{}", text(client, "id"));
    service.admin(Method::DELETE, &path, None).await?.error_for_status()?;
    Ok(())
}

#[tokio::test]
async fn a_removed_client_is_told_so_and_nobody_else() -> anyhow::Result<()> {
    let service = shop().await?;
    let (first, other) = (register(&service, "first").await?, register(&service, "other").await?);
    delete(&service, &first).await?;
    for provider in ["default", "openid-connect"] {
        for method in [Method::GET, Method::PUT, Method::DELETE] {
            let answer = own(&service, method.clone(), provider, &first).await?;
            assert_eq!(answer.status(), 401, "{provider} {method}");
            let told = gone(&answer).unwrap_or_default();
            let (rule, time) = told.split_once("; ").unwrap_or_default();
            assert_eq!((rule, time.len(), &time[10..11]), ("deleted", "2026-11-29T10:00:00Z".len(), "T"), "{told}");
            let body: Value = answer.json().await?;
            assert_eq!(body["error"], "invalid_token");
        }
    }
    // With a good token of another client, and without any.
    let strange = json!({"clientId": "first", "registrationAccessToken": other["registrationAccessToken"]});
    let answer = own(&service, Method::GET, "default", &strange).await?;
    assert_eq!((answer.status().as_u16(), gone(&answer)), (401, None));
    let url = format!("{}/realms/shop/clients-registrations/default/first", service.url);
    let answer = service.http.get(url).send().await?;
    assert_eq!((answer.status().as_u16(), gone(&answer)), (401, None));
    Ok(())
}

#[tokio::test]
async fn a_client_that_removed_itself_is_told_so() -> anyhow::Result<()> {
    let service = shop().await?;
    let client = register(&service, "app").await?;
    assert_eq!(own(&service, Method::DELETE, "default", &client).await?.status(), 204);
    let answer = own(&service, Method::GET, "default", &client).await?;
    assert!(gone(&answer).is_some_and(|told| told.starts_with("deleted; ")));
    Ok(())
}

#[tokio::test]
async fn a_new_client_of_that_id_ends_it() -> anyhow::Result<()> {
    let service = shop().await?;
    let first = register(&service, "app").await?;
    delete(&service, &first).await?;
    let second = register(&service, "app").await?;
    assert_eq!(gone(&own(&service, Method::GET, "default", &first).await?), None);
    // What is known afterwards is of the second one.
    delete(&service, &second).await?;
    assert_eq!(gone(&own(&service, Method::GET, "default", &first).await?), None);
    assert!(gone(&own(&service, Method::GET, "default", &second).await?).is_some());
    // So does one that gets the id later.
    let third = register(&service, "third").await?;
    let path = format!("/shop/clients/{}", text(&third, "id"));
    for client_id in ["app", "third"] {
        service.admin(Method::PUT, &path, Some(json!({"clientId": client_id}))).await?.error_for_status()?;
    }
    assert_eq!(gone(&own(&service, Method::GET, "default", &second).await?), None);
    Ok(())
}

#[tokio::test]
async fn it_is_kept_as_long_as_the_realm_says() -> anyhow::Result<()> {
    let service = shop().await?;
    let realm: Value = service.admin(Method::GET, "/shop", None).await?.json().await?;
    assert_eq!(realm["lifeCycle"]["tombstones"], 2_592_000);
    for (setting, client_id, is_known) in [(0, "a", false), (1, "b", false), (60, "c", true)] {
        let settings = json!({"lifeCycle": {"tombstones": setting}});
        service.admin(Method::PUT, "/shop", Some(settings)).await?.error_for_status()?;
        let client = register(&service, client_id).await?;
        delete(&service, &client).await?;
        tokio::time::sleep(std::time::Duration::from_millis(1100)).await;
        assert_eq!(gone(&own(&service, Method::GET, "default", &client).await?).is_some(), is_known, "{setting}");
    }
    let refused = service.admin(Method::PUT, "/shop", Some(json!({"lifeCycle": {"tombstones": -1}}))).await?;
    assert_eq!(refused.status(), 400);
    let text = "'lifeCycle.tombstones' must be a whole number from 0 to 31536000";
    assert_eq!(refused.json::<Value>().await?, json!({"errorMessage": text}));
    service.admin(Method::PUT, "/shop", Some(json!({"lifeCycle": null}))).await?.error_for_status()?;
    let realm: Value = service.admin(Method::GET, "/shop", None).await?.json().await?;
    assert_eq!(realm["lifeCycle"]["tombstones"], 2_592_000);
    Ok(())
}
