//! What must be exact, however many ask at once, and however many nodes they ask (see `nodes`).

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::ensure;
use matricula_tests::Service;
use reqwest::Method;
use serde_json::{Value, json};

use crate::component_files;

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

#[tokio::test]
async fn of_updates_and_deletions_at_once_nothing_is_left_behind() -> anyhow::Result<()> {
    let service = Service::start()?;
    service.realm("shop").await?;
    let initial = service.initial_access_token("shop", json!({"count": 100})).await?;
    for round in 0..8 {
        let id = format!("torn-{round}");
        let made = service.register("shop", "default", Some(&initial)).json(&json!({"clientId": id})).send().await?;
        let made: Value = made.json().await?;
        let token = made["registrationAccessToken"].as_str().unwrap_or_default();
        let url = format!("{}/realms/shop/clients-registrations/default/{id}", service.url);
        let requests = (0..16).map(|number| match number % 2 {
            0 => service.http.put(&url).bearer_auth(token).json(&json!({"clientId": id, "name": format!("{number}")})),
            _ => service.http.delete(&url).bearer_auth(token),
        });
        let statuses = all_at_once(requests.collect()).await;
        // One of them was first and made the token void: nobody else had it.
        let (updated, deleted) = (count(&statuses, 200), count(&statuses, 204));
        assert_eq!((updated + deleted, count(&statuses, 401)), (1, 15), "{statuses:?}");
        assert_eq!(service.clients("shop", &id).await?.len(), updated);
    }
    Ok(())
}

/// Registers without a pause while `change` goes on; how often each status came.
async fn under_load(
    service: &Arc<Service>,
    token: Option<&str>,
    change: impl AsyncFnOnce(&Service) -> anyhow::Result<()>,
) -> anyhow::Result<Vec<u16>> {
    let stop = Arc::new(AtomicBool::new(false));
    let mut load = tokio::task::JoinSet::new();
    for worker in 0..4 {
        let (service, stop) = (Arc::clone(service), Arc::clone(&stop));
        let token = token.map(str::to_owned);
        load.spawn(async move {
            let mut statuses = Vec::new();
            while !stop.load(Ordering::Relaxed) {
                let body = json!({"clientId": format!("load-{worker}-{}", statuses.len())});
                let sent = service.register("shop", "default", token.as_deref()).json(&body).send().await;
                statuses.push(sent.map_or(0, |answer| answer.status().as_u16()));
            }
            statuses
        });
    }
    let changed = change(service).await;
    stop.store(true, Ordering::Relaxed);
    let statuses = load.join_all().await.concat();
    changed?;
    Ok(statuses)
}

#[tokio::test]
async fn while_policies_come_and_go_each_registration_is_decided_by_the_old_set_or_the_new() -> anyhow::Result<()> {
    let service = Arc::new(Service::start()?);
    service.realm("shop").await?;
    service.open("shop", "anonymous").await?;
    let statuses = under_load(&service, None, async |service| {
        for _ in 0..10 {
            // The realm has more clients than that, so this one refuses everything.
            service.policy("shop", "anonymous", "max-clients", json!({"max-clients": ["1"]})).await?;
            service.open("shop", "anonymous").await?;
        }
        Ok(())
    })
    .await?;
    let (made, refused) = (count(&statuses, 201), count(&statuses, 403));
    ensure!(made > 0 && refused > 0 && made + refused == statuses.len(), "{made} + {refused} of {}", statuses.len());
    assert_eq!(service.clients("shop", "load-").await?.len(), made);
    Ok(())
}

#[tokio::test]
async fn while_a_component_is_swapped_each_registration_is_decided_by_the_old_one_or_the_new() -> anyhow::Result<()> {
    let service = Arc::new(Service::start()?);
    let (open, shut) = (component_files::gate("open")?, component_files::gate("shut")?);
    component_files::put(&service, "", open.clone()).await?.error_for_status()?;
    component_files::guarded(&service).await?;
    let token = service.initial_access_token("shop", json!({"count": 100_000})).await?;
    let statuses = under_load(&service, Some(&token), async |service| {
        for _ in 0..5 {
            for version in [&shut, &open] {
                component_files::put(service, "", version.clone()).await?.error_for_status()?;
                tokio::time::sleep(std::time::Duration::from_millis(100)).await;
            }
        }
        Ok(())
    })
    .await?;
    let (made, refused) = (count(&statuses, 201), count(&statuses, 403));
    ensure!(made > 0 && refused > 0 && made + refused == statuses.len(), "{made} + {refused} of {}", statuses.len());
    assert_eq!(service.clients("shop", "load-").await?.len(), made);
    Ok(())
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
