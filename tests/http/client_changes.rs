//! The changes of a realm's clients, for those who keep clients of their own.

use std::time::{Duration, Instant};

use matricula_tests::Service;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

/// An answer of the feed of realm `shop`.
pub(crate) async fn feed(service: &Service, query: &str) -> anyhow::Result<Value> {
    let (status, body) = asked(service, query).await?;
    anyhow::ensure!(status == 200, "{status} {body}");
    Ok(body)
}

async fn asked(service: &Service, query: &str) -> anyhow::Result<(StatusCode, Value)> {
    let answer = service.admin(Method::GET, &format!("/shop/client-changes?{query}"), None).await?;
    Ok((answer.status(), answer.json().await?))
}

/// The `clientId` of each change, with a minus before those of removed clients.
fn told(answer: &Value) -> Vec<String> {
    let sign = |change: &Value| if change["removed"] == true { "-" } else { "" };
    let changes = answer["changes"].as_array().into_iter().flatten();
    changes.map(|change| format!("{}{}", sign(change), change["clientId"].as_str().unwrap_or_default())).collect()
}

fn next(answer: &Value) -> &str {
    answer["next"].as_str().unwrap_or_default()
}

/// Makes a client of realm `shop` and gives its id.
pub(crate) async fn make(service: &Service, client_id: &str) -> anyhow::Result<String> {
    let body = json!({"clientId": client_id, "publicClient": false, "secret": "s3cret"});
    let made = service.admin(Method::POST, "/shop/clients", Some(body)).await?.error_for_status()?;
    Ok(made.headers()["location"].to_str()?.rsplit('/').next().unwrap_or_default().to_owned())
}

async fn change(service: &Service, id: &str, body: Value) -> anyhow::Result<()> {
    service.admin(Method::PUT, &format!("/shop/clients/{id}"), Some(body)).await?.error_for_status()?;
    Ok(())
}

async fn remove(service: &Service, id: &str) -> anyhow::Result<()> {
    service.admin(Method::DELETE, &format!("/shop/clients/{id}"), None).await?.error_for_status()?;
    Ok(())
}

async fn shop() -> anyhow::Result<Service> {
    let service = Service::start()?;
    service.realm("shop").await?;
    Ok(service)
}

#[tokio::test]
async fn each_client_is_told_once_at_its_latest() -> anyhow::Result<()> {
    let service = shop().await?;
    let empty = feed(&service, "").await?;
    assert_eq!(told(&empty), [""; 0]);
    let [a, b, c] = [make(&service, "a").await?, make(&service, "b").await?, make(&service, "c").await?];
    let all = feed(&service, "").await?;
    assert_eq!((told(&all), &all["more"]), (vec!["a".to_owned(), "b".to_owned(), "c".to_owned()], &json!(false)));
    assert_eq!(told(&feed(&service, &format!("after={}", next(&empty))).await?), ["a", "b", "c"]);
    assert_eq!(told(&feed(&service, &format!("after={}", next(&all))).await?), [""; 0]);
    for name in ["x", "y"] {
        change(&service, &a, json!({"name": name})).await?;
    }
    remove(&service, &b).await?;
    let later = feed(&service, &format!("after={}", next(&all))).await?;
    assert_eq!(told(&later), ["a", "-b"]);
    let [first, second] = [&later["changes"][0], &later["changes"][1]];
    let shown: Value = service.admin(Method::GET, &format!("/shop/clients/{a}"), None).await?.json().await?;
    assert_eq!((&first["id"], &first["client"], &first["client"]["name"]), (&json!(a), &shown, &json!("y")));
    assert!(second["client"].is_null() && second["generation"].as_i64() > first["generation"].as_i64());
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH)?.as_millis();
    for change in [first, second] {
        assert!(now.abs_diff(u128::from(change["time"].as_u64().unwrap_or_default())) < 60_000, "{change}");
    }
    // Each change is a place to go on from.
    let behind_first = first["cursor"].as_str().unwrap_or_default();
    assert_eq!(told(&feed(&service, &format!("after={behind_first}")).await?), ["-b"]);
    // Who begins now need not know of what is gone, and is not told later either.
    let anew = feed(&service, "").await?;
    assert_eq!(told(&anew), ["c", "a"]);
    remove(&service, &c).await?;
    assert_eq!(told(&feed(&service, &format!("after={}", next(&anew))).await?), ["-c"]);
    Ok(())
}

#[tokio::test]
async fn pages_miss_nothing_that_changes_between_them() -> anyhow::Result<()> {
    let service = shop().await?;
    let mut ids = Vec::new();
    for number in 0..5 {
        ids.push(make(&service, &format!("c{number}")).await?);
    }
    let first = feed(&service, "max=2").await?;
    assert_eq!((told(&first), &first["more"]), (vec!["c0".to_owned(), "c1".to_owned()], &json!(true)));
    // One that was told, and one that was not yet.
    remove(&service, &ids[0]).await?;
    change(&service, &ids[2], json!({"name": "changed"})).await?;
    let second = feed(&service, &format!("max=2&after={}", next(&first))).await?;
    assert_eq!((told(&second), &second["more"]), (vec!["c3".to_owned(), "c4".to_owned()], &json!(true)));
    let third = feed(&service, &format!("max=2&after={}", next(&second))).await?;
    assert_eq!((told(&third), &third["more"]), (vec!["-c0".to_owned(), "c2".to_owned()], &json!(false)));
    Ok(())
}

#[tokio::test]
async fn secrets_and_states_are_those_of_the_admin_api() -> anyhow::Result<()> {
    let service = shop().await?;
    let id = make(&service, "app").await?;
    change(&service, &id, json!({"enabled": false})).await?;
    let seen = |answer: &Value| {
        let client = &answer["changes"][0]["client"];
        (client["secret"].as_str().unwrap_or_default().to_owned(), client["enabled"].clone())
    };
    assert_eq!(seen(&feed(&service, "").await?), ("s3cret".to_owned(), json!(false)));
    for (role, expected) in
        [("view-clients", Some("**********")), ("manage-clients", Some("s3cret")), ("view-realm", None)]
    {
        let token = user_token(&service, role).await?;
        let url = format!("{}/admin/realms/shop/client-changes", service.url);
        let answer = service.http.get(&url).bearer_auth(&token).send().await?;
        match expected {
            Some(secret) => assert_eq!(seen(&answer.json().await?), (secret.to_owned(), json!(false)), "{role}"),
            None => assert_eq!(answer.status(), 403),
        }
    }
    assert_eq!(
        service.http.get(format!("{}/admin/realms/shop/client-changes", service.url)).send().await?.status(),
        401
    );
    Ok(())
}

/// An access token of a new user with this role.
async fn user_token(service: &Service, role: &str) -> anyhow::Result<String> {
    let body = json!({"username": role, "enabled": true, "credentials": [{"type": "password", "value": "pw"}]});
    let made = service.admin(Method::POST, "/shop/users", Some(body)).await?.error_for_status()?;
    let user = made.headers()["location"].to_str()?.rsplit('/').next().unwrap_or_default().to_owned();
    let management = &service.clients("shop", "realm-management").await?[0];
    let path = format!("/shop/users/{user}/role-mappings/clients/{}", management["id"].as_str().unwrap_or_default());
    service.admin(Method::POST, &path, Some(json!([{"name": role}]))).await?.error_for_status()?;
    let form = [("grant_type", "password"), ("client_id", "admin-cli"), ("username", role), ("password", "pw")];
    let url = format!("{}/realms/shop/protocol/openid-connect/token", service.url);
    let answer: Value = service.http.post(url).form(&form).send().await?.error_for_status()?.json().await?;
    Ok(answer["access_token"].as_str().unwrap_or_default().to_owned())
}

#[tokio::test]
async fn an_empty_answer_waits_for_a_change() -> anyhow::Result<()> {
    let service = shop().await?;
    make(&service, "before").await?;
    let cursor = next(&feed(&service, "").await?).to_owned();
    let began = Instant::now();
    assert_eq!(told(&feed(&service, &format!("after={cursor}&wait=1")).await?), [""; 0]);
    assert!(began.elapsed() >= Duration::from_secs(1));
    // What is there already is not waited for.
    let began = Instant::now();
    assert_eq!(told(&feed(&service, "wait=30").await?), ["before"]);
    let query = format!("after={cursor}&wait=30");
    let late = async {
        tokio::time::sleep(Duration::from_millis(500)).await;
        // Another realm's clients are not waited for.
        service.realm("other").await?;
        make(&service, "late").await
    };
    let waits = || feed(&service, &query);
    let (one, another, third, made) = tokio::join!(waits(), waits(), waits(), late);
    made?;
    for answer in [one?, another?, third?] {
        assert_eq!(told(&answer), ["late"]);
    }
    assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
    Ok(())
}

#[tokio::test]
async fn who_loses_the_right_while_waiting_is_told_nothing() -> anyhow::Result<()> {
    let service = shop().await?;
    let token = user_token(&service, "view-clients").await?;
    let cursor = next(&feed(&service, "").await?).to_owned();
    let url = format!("{}/admin/realms/shop/client-changes?after={cursor}&wait=30", service.url);
    let waiting = service.http.get(url).bearer_auth(token).send();
    let disable = async {
        tokio::time::sleep(Duration::from_millis(300)).await;
        let users: Value = service.admin(Method::GET, "/shop/users?username=view-clients", None).await?.json().await?;
        let path = format!("/shop/users/{}", users[0]["id"].as_str().unwrap_or_default());
        service.admin(Method::PUT, &path, Some(json!({"enabled": false}))).await?.error_for_status()?;
        make(&service, "secret").await
    };
    let (answer, made) = tokio::join!(waiting, disable);
    made?;
    assert_eq!(answer?.status(), 401);
    Ok(())
}

#[tokio::test]
async fn who_waits_does_not_hold_up_the_end_of_the_server() -> anyhow::Result<()> {
    let mut service = shop().await?;
    let cursor = next(&feed(&service, "").await?).to_owned();
    let token = service.administrator().await?;
    let url = format!("{}/admin/realms/shop/client-changes?after={cursor}&wait=60", service.url);
    let request = service.http.get(url).bearer_auth(token).send();
    let waiting = tokio::spawn(async move { anyhow::Ok(request.await?.json::<Value>().await?) });
    tokio::time::sleep(Duration::from_millis(500)).await;
    let began = Instant::now();
    service.restart()?;
    assert!(began.elapsed() < Duration::from_secs(8), "{:?}", began.elapsed());
    let answer = waiting.await??;
    assert_eq!(told(&answer), [""; 0]);
    assert_eq!(told(&feed(&service, &format!("after={}", next(&answer))).await?), [""; 0]);
    Ok(())
}

#[tokio::test]
async fn a_question_that_cannot_be_answered_is_refused_by_its_name() -> anyhow::Result<()> {
    let service = shop().await?;
    service.realm("other").await?;
    let other: Value = service.admin(Method::GET, "/other/client-changes", None).await?.json().await?;
    for (query, status, error, description) in [
        ("after=nonsense".to_owned(), 400, "invalid_request", "'after' is no cursor"),
        ("after=".to_owned(), 400, "invalid_request", "'after' is no cursor"),
        (format!("after={}", next(&other)), 400, "invalid_request", "'after' is no cursor"),
        ("max=0".to_owned(), 400, "invalid_request", "'max' must be 1 to 1000"),
        ("max=1001".to_owned(), 400, "invalid_request", "'max' must be 1 to 1000"),
        ("max=x".to_owned(), 400, "invalid_request", "'max' must be 1 to 1000"),
        ("wait=61".to_owned(), 400, "invalid_request", "'wait' must be 0 to 60"),
        ("wait=-1".to_owned(), 400, "invalid_request", "'wait' must be 0 to 60"),
    ] {
        let (found, body) = asked(&service, &query).await?;
        assert_eq!(
            (found.as_u16(), body),
            (status, json!({"error": error, "error_description": description})),
            "{query}"
        );
    }
    Ok(())
}

#[tokio::test]
async fn a_cursor_of_a_later_state_of_the_database_is_too_old() -> anyhow::Result<()> {
    let mut service = shop().await?;
    if service.is_on_postgres() {
        return Ok(());
    }
    make(&service, "kept").await?;
    service.stop()?;
    let files = ["matricula.db", "matricula.db-wal", "matricula.db-shm"].map(|name| service.data().join(name));
    let copies = files.each_ref().map(|file| std::fs::read(file).ok());
    service.start_again()?;
    make(&service, "lost").await?;
    let cursor = next(&feed(&service, "").await?).to_owned();
    service.stop()?;
    for (file, copy) in files.iter().zip(copies) {
        match copy {
            Some(copy) => std::fs::write(file, copy)?,
            None if file.exists() => std::fs::remove_file(file)?,
            None => {}
        }
    }
    service.start_again()?;
    let (status, body) = asked(&service, &format!("after={cursor}")).await?;
    assert_eq!(status, 410);
    assert_eq!(body, json!({"error": "gone", "error_description": "The cursor is too old; start without one"}));
    Ok(())
}
