//! What must be exact, however many ask at once, and however many nodes they ask (see `nodes`).

use matricula_tests::Service;
use reqwest::Method;
use serde_json::{Value, json};

/// Statuses of requests that are sent at the same time.
async fn all_at_once(requests: Vec<reqwest::RequestBuilder>) -> Vec<u16> {
    let mut running = tokio::task::JoinSet::new();
    for request in requests {
        running.spawn(async move { request.send().await.map_or(0, |answer| answer.status().as_u16()) });
    }
    running.join_all().await
}

fn count(statuses: &[u16], wanted: u16) -> usize {
    statuses.iter().filter(|status| **status == wanted).count()
}

#[tokio::test]
async fn two_hundred_anonymous_registrations_against_a_limit_of_one_hundred_store_exactly_that() -> anyhow::Result<()> {
    a_limit_of_clients(&Service::start()?).await
}

#[tokio::test]
async fn a_one_time_token_used_sixty_four_times_at_once_registers_one_client() -> anyhow::Result<()> {
    a_one_time_token(&Service::start()?).await
}

#[tokio::test]
async fn a_registration_access_token_used_sixty_four_times_at_once_updates_once() -> anyhow::Result<()> {
    a_registration_access_token(&Service::start()?).await
}

#[tokio::test]
async fn one_client_id_registered_by_many_at_once_belongs_to_one() -> anyhow::Result<()> {
    a_client_id(&Service::start()?).await
}

pub(super) async fn a_limit_of_clients(service: &Service) -> anyhow::Result<()> {
    service.realm("shop").await?;
    service.open("shop", "anonymous").await?;
    // The realm has six clients of its own.
    service.policy("shop", "anonymous", "max-clients", json!({"max-clients": ["106"]})).await?;
    let requests = (0..200).map(|number| {
        service.register("shop", "default", None).json(&json!({"clientId": format!("counted-{number}")}))
    });
    let statuses = all_at_once(requests.collect()).await;
    assert_eq!((count(&statuses, 201), count(&statuses, 403)), (100, 100));
    assert_eq!(service.clients("shop", "counted-").await?.len(), 100);
    Ok(())
}

pub(super) async fn a_one_time_token(service: &Service) -> anyhow::Result<()> {
    service.realm("shop").await?;
    let token = service.initial_access_token("shop", json!({"count": 1})).await?;
    let requests = (0..64).map(|number| {
        service.register("shop", "default", Some(&token)).json(&json!({"clientId": format!("once-{number}")}))
    });
    let statuses = all_at_once(requests.collect()).await;
    assert_eq!((count(&statuses, 201), count(&statuses, 401)), (1, 63));
    assert_eq!(service.clients("shop", "once-").await?.len(), 1);
    Ok(())
}

pub(super) async fn a_registration_access_token(service: &Service) -> anyhow::Result<()> {
    service.realm("shop").await?;
    let token = service.initial_access_token("shop", json!({})).await?;
    let made = service.register("shop", "default", Some(&token)).json(&json!({"clientId": "mine"})).send().await?;
    let made: Value = made.json().await?;
    let token = made["registrationAccessToken"].as_str().unwrap_or_default();
    let url = format!("{}/realms/shop/clients-registrations/default/mine", service.front);
    let requests = (0..64).map(|number| {
        service.http.put(&url).bearer_auth(token).json(&json!({"clientId": "mine", "name": format!("{number}")}))
    });
    let statuses = all_at_once(requests.collect()).await;
    assert_eq!((count(&statuses, 200), count(&statuses, 401)), (1, 63));
    Ok(())
}

pub(super) async fn a_client_id(service: &Service) -> anyhow::Result<()> {
    service.realm("shop").await?;
    let token = service.initial_access_token("shop", json!({"count": 100})).await?;
    let requests =
        (0..50).map(|_| service.register("shop", "default", Some(&token)).json(&json!({"clientId": "wanted"})));
    let statuses = all_at_once(requests.collect()).await;
    assert_eq!((count(&statuses, 201), count(&statuses, 400)), (1, 49));
    let listed = service.admin(Method::GET, "/shop/clients-initial-access", None).await?;
    let listed: Value = listed.json().await?;
    assert_eq!(listed[0]["remainingCount"], 99);
    Ok(())
}
