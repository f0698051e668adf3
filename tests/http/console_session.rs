//! The console's session: a cookie that the Admin API takes, and everything that it must not be good for.

use matricula_tests::{PASSWORD, Service};
use reqwest::{Method, RequestBuilder, Response};
use serde_json::{Value, json};

/// A signed-in browser: its cookie, its CSRF token and the origin of its page.
struct Browser {
    cookie: String,
    csrf: String,
    origin: String,
}

impl Browser {
    async fn sign_in(service: &Service, user: &str, password: &str, realm: &str) -> anyhow::Result<Browser> {
        let answer = sign_in(service, user, password, realm).await?;
        assert_eq!(answer.status(), 200);
        let set_cookie = answer.headers()["set-cookie"].to_str()?.to_owned();
        assert!(set_cookie.starts_with("matricula_session="), "{set_cookie}");
        for part in ["HttpOnly", "SameSite=Strict", "Path=/"] {
            assert!(set_cookie.contains(part), "{set_cookie}");
        }
        let cookie = set_cookie.split(';').next().unwrap_or_default().to_owned();
        let session: Value = answer.json().await?;
        let csrf = session["csrf"].as_str().unwrap_or_default().to_owned();
        Ok(Browser { cookie, csrf, origin: service.url.clone() })
    }

    fn request(&self, service: &Service, method: Method, path: &str) -> RequestBuilder {
        service.http.request(method, format!("{}{path}", service.url)).header("cookie", &self.cookie)
    }

    /// A request that changes something, the way the console sends it.
    fn change(&self, service: &Service, method: Method, path: &str) -> RequestBuilder {
        self.request(service, method, path).header("origin", &self.origin).header("matricula-csrf", &self.csrf)
    }
}

async fn sign_in(service: &Service, user: &str, password: &str, realm: &str) -> anyhow::Result<Response> {
    let body = json!({"user": user, "password": password, "realm": realm});
    Ok(service.http.post(format!("{}/console/session", service.url)).json(&body).send().await?)
}

/// A user of realm `shop` with a role of its management client.
async fn user(service: &Service, name: &str, role: Option<&str>) -> anyhow::Result<String> {
    let credentials = json!([{"type": "password", "value": "pw", "temporary": false}]);
    let body = json!({"username": name, "enabled": true, "credentials": credentials});
    let made = service.admin(Method::POST, "/shop/users", Some(body)).await?;
    let id = made.headers()["location"].to_str()?.rsplit('/').next().unwrap_or_default().to_owned();
    if let Some(role) = role {
        let clients = service.clients("shop", "realm-management").await?;
        let client = clients[0]["id"].as_str().unwrap_or_default();
        let path = format!("/shop/clients/{client}/roles/{role}");
        let role: Value = service.admin(Method::GET, &path, None).await?.json().await?;
        let path = format!("/shop/users/{id}/role-mappings/clients/{client}");
        service.admin(Method::POST, &path, Some(json!([role]))).await?.error_for_status()?;
    }
    Ok(id)
}

#[tokio::test]
async fn a_signed_in_administrator_reads_and_changes() -> anyhow::Result<()> {
    let service = Service::start()?;
    let browser = Browser::sign_in(&service, "admin", PASSWORD, "master").await?;
    let session: Value = browser.request(&service, Method::GET, "/console/session").send().await?.json().await?;
    assert_eq!((&session["user"], &session["administrator"]), (&json!("admin"), &json!(true)));
    assert_eq!(session["csrf"], browser.csrf);
    assert_eq!(session["realms"], json!(["master"]));
    let body = json!({"realm": "shop", "enabled": true});
    let made = browser.change(&service, Method::POST, "/admin/realms").json(&body).send().await?;
    assert_eq!(made.status(), 201);
    let listed = browser.request(&service, Method::GET, "/admin/realms/shop/clients").send().await?;
    assert_eq!(listed.status(), 200);
    Ok(())
}

#[tokio::test]
async fn a_change_without_the_csrf_token_or_from_another_origin_is_refused() -> anyhow::Result<()> {
    let service = Service::start()?;
    let browser = Browser::sign_in(&service, "admin", PASSWORD, "master").await?;
    let body = json!({"realm": "shop", "enabled": true});
    let post = || browser.request(&service, Method::POST, "/admin/realms").json(&body);
    let (own, other) = (service.url.as_str(), "https://evil.example");
    for (request, why) in [
        (post(), "nothing"),
        (post().header("origin", own), "no token"),
        (post().header("origin", own).header("matricula-csrf", "x"), "a wrong token"),
        (post().header("matricula-csrf", &browser.csrf), "no origin"),
        (post().header("origin", other).header("matricula-csrf", &browser.csrf), "another origin"),
        (post().header("origin", "null").header("matricula-csrf", &browser.csrf), "an opaque origin"),
        (browser.request(&service, Method::GET, "/admin/realms").header("origin", other), "a read by another site"),
        (browser.request(&service, Method::DELETE, "/console/session"), "signing out"),
    ] {
        assert_eq!(request.send().await?.status(), 403, "{why}");
    }
    assert_eq!(browser.request(&service, Method::GET, "/admin/realms").send().await?.status(), 200);
    Ok(())
}

#[tokio::test]
async fn a_session_that_was_ended_is_refused() -> anyhow::Result<()> {
    let service = Service::start()?;
    let browser = Browser::sign_in(&service, "admin", PASSWORD, "master").await?;
    let ended = browser.change(&service, Method::DELETE, "/console/session").send().await?;
    assert_eq!(ended.status(), 204);
    assert!(ended.headers()["set-cookie"].to_str()?.contains("Max-Age=0"));
    assert_eq!(browser.request(&service, Method::GET, "/admin/realms").send().await?.status(), 401);
    let session: Value = browser.request(&service, Method::GET, "/console/session").send().await?.json().await?;
    assert_eq!(session, Value::Null);
    Ok(())
}

#[tokio::test]
async fn a_session_ends_when_it_is_not_used_and_at_its_limit() -> anyhow::Result<()> {
    for limit in ["ssoSessionIdleTimeout", "ssoSessionMaxLifespan"] {
        let service = Service::start()?;
        service.admin(Method::PUT, "/master", Some(json!({limit: 2}))).await?.error_for_status()?;
        let browser = Browser::sign_in(&service, "admin", PASSWORD, "master").await?;
        assert_eq!(browser.request(&service, Method::GET, "/admin/realms").send().await?.status(), 200);
        tokio::time::sleep(std::time::Duration::from_millis(3_200)).await;
        assert_eq!(browser.request(&service, Method::GET, "/admin/realms").send().await?.status(), 401, "{limit}");
    }
    Ok(())
}

#[tokio::test]
async fn use_prolongs_a_session_up_to_its_limit() -> anyhow::Result<()> {
    let service = Service::start()?;
    let browser = Browser::sign_in(&service, "admin", PASSWORD, "master").await?;
    // The session has half an hour; the realm now gives an hour, so the next use has something to add.
    service.admin(Method::PUT, "/master", Some(json!({"ssoSessionIdleTimeout": 3600}))).await?.error_for_status()?;
    let left = async || -> anyhow::Result<i64> {
        let session: Value = browser.request(&service, Method::GET, "/console/session").send().await?.json().await?;
        Ok(session["expiresIn"].as_i64().unwrap_or_default())
    };
    assert!(left().await? <= 1800, "looking does not prolong");
    browser.request(&service, Method::GET, "/admin/realms").send().await?;
    assert!(left().await? > 3500);
    service.admin(Method::PUT, "/master", Some(json!({"ssoSessionIdleTimeout": 90000}))).await?.error_for_status()?;
    browser.request(&service, Method::GET, "/admin/realms").send().await?;
    assert!(left().await? <= 36_000, "not beyond the limit that it began with");
    Ok(())
}

#[tokio::test]
async fn a_disabled_user_is_out_at_once() -> anyhow::Result<()> {
    let service = Service::start()?;
    service.realm("shop").await?;
    let id = user(&service, "keeper", Some("view-clients")).await?;
    let browser = Browser::sign_in(&service, "keeper", "pw", "shop").await?;
    let path = "/admin/realms/shop/clients";
    assert_eq!(browser.request(&service, Method::GET, path).send().await?.status(), 200);
    let disable = json!({"enabled": false});
    service.admin(Method::PUT, &format!("/shop/users/{id}"), Some(disable)).await?.error_for_status()?;
    assert_eq!(browser.request(&service, Method::GET, path).send().await?.status(), 401);
    let again = sign_in(&service, "keeper", "pw", "shop").await?;
    assert_eq!(again.status(), 403);
    assert!(again.text().await?.contains("disabled"));
    Ok(())
}

#[tokio::test]
async fn a_users_roles_are_what_they_may_do() -> anyhow::Result<()> {
    let service = Service::start()?;
    service.realm("shop").await?;
    user(&service, "keeper", Some("view-clients")).await?;
    let browser = Browser::sign_in(&service, "keeper", "pw", "shop").await?;
    let session: Value = browser.request(&service, Method::GET, "/console/session").send().await?.json().await?;
    assert_eq!((&session["realms"], &session["administrator"]), (&json!(["shop"]), &json!(false)));
    assert_eq!(session["roles"], json!(["query-clients", "view-clients"]));
    for (method, path, expected) in [
        (Method::GET, "/admin/realms/shop/clients", 200),
        (Method::GET, "/admin/realms/shop/events", 403),
        (Method::POST, "/admin/realms/shop/clients-initial-access", 403),
        (Method::GET, "/admin/realms/master/clients", 403),
    ] {
        let answer = browser.change(&service, method, path).json(&json!({})).send().await?;
        assert_eq!(answer.status(), expected, "{path}");
    }
    Ok(())
}

#[tokio::test]
async fn who_administers_nothing_is_not_let_in() -> anyhow::Result<()> {
    let service = Service::start()?;
    service.realm("shop").await?;
    user(&service, "visitor", None).await?;
    for (user, password, realm, expected) in [
        ("visitor", "pw", "shop", 403),
        ("visitor", "wrong", "shop", 401),
        ("nobody", "pw", "shop", 401),
        ("admin", PASSWORD, "shop", 401),
        ("admin", PASSWORD, "nowhere", 401),
    ] {
        let answer = sign_in(&service, user, password, realm).await?;
        assert_eq!(answer.status(), expected, "{user} {realm}");
        assert!(answer.headers().get("set-cookie").is_none());
    }
    Ok(())
}

#[tokio::test]
async fn the_cookie_is_no_bearer_token_and_a_bearer_token_is_no_cookie() -> anyhow::Result<()> {
    let service = Service::start()?;
    let browser = Browser::sign_in(&service, "admin", PASSWORD, "master").await?;
    let value = browser.cookie.split_once('=').map(|(_, value)| value).unwrap_or_default();
    let admin = format!("{}/admin/realms", service.url);
    assert_eq!(service.http.get(&admin).bearer_auth(value).send().await?.status(), 401);
    let register = service.register("master", "default", Some(value)).json(&json!({"clientId": "x"})).send().await?;
    assert_eq!(register.status(), 401);
    let token = service.administrator().await?;
    let as_cookie = service.http.get(&admin).header("cookie", format!("matricula_session={token}")).send().await?;
    assert_eq!(as_cookie.status(), 401);
    Ok(())
}

#[tokio::test]
async fn who_guesses_a_password_finds_no_second_door() -> anyhow::Result<()> {
    let service = Service::start()?;
    let form = [("grant_type", "password"), ("client_id", "admin-cli"), ("username", "admin"), ("password", "guess")];
    let url = format!("{}/realms/master/protocol/openid-connect/token", service.url);
    for _ in 0..5 {
        assert_eq!(sign_in(&service, "Admin", "guess", "master").await?.status(), 401);
        assert_eq!(service.http.post(&url).form(&form).send().await?.status(), 400);
    }
    let answer = sign_in(&service, "admin", PASSWORD, "master").await?;
    assert_eq!(answer.status(), 429);
    assert!(answer.headers().contains_key("retry-after"));
    assert_eq!(sign_in(&service, "somebody", "else", "master").await?.status(), 401);
    Ok(())
}
