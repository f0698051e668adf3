//! How long sessions and tokens are good: what realm and client say, by now and not only when they began.

use std::time::Duration;

use anyhow::ensure;
use matricula_tests::Service;
use reqwest::{Method, Response};
use serde_json::{Value, json};

/// A server with realm `shop`, its client `spa`, and user `ann` who manages clients.
struct Scene {
    service: Service,
    user: String,
}

impl Scene {
    async fn start() -> anyhow::Result<Scene> {
        let service = Service::start()?;
        service.realm("shop").await?;
        let spa = json!({"clientId": "spa", "publicClient": true, "directAccessGrantsEnabled": true});
        service.admin(Method::POST, "/shop/clients", Some(spa)).await?.error_for_status()?;
        let credentials = json!([{"type": "password", "value": "pw"}]);
        let ann = json!({"username": "ann", "enabled": true, "credentials": credentials});
        let made = service.admin(Method::POST, "/shop/users", Some(ann)).await?.error_for_status()?;
        let user = made.headers()["location"].to_str()?.rsplit('/').next().unwrap_or_default().to_owned();
        let scene = Scene { service, user };
        scene.grant(&["manage-clients"]).await?;
        Ok(scene)
    }

    /// Path of the roles of the management client that the user has.
    async fn mapping(&self) -> anyhow::Result<String> {
        let client = &self.service.clients("shop", "realm-management").await?[0];
        Ok(format!("/shop/users/{}/role-mappings/clients/{}", self.user, client["id"].as_str().unwrap_or_default()))
    }

    async fn grant(&self, roles: &[&str]) -> anyhow::Result<()> {
        let roles = roles.iter().map(|role| json!({"name": role})).collect();
        self.service.admin(Method::POST, &self.mapping().await?, Some(roles)).await?.error_for_status()?;
        Ok(())
    }

    async fn realm(&self, settings: Value) -> anyhow::Result<()> {
        let changed = self.service.admin(Method::PUT, "/shop", Some(settings)).await?;
        ensure!(changed.status() == 204, "{}", changed.text().await?);
        Ok(())
    }

    /// Changes client `spa`.
    async fn spa(&self, changes: Value) -> anyhow::Result<()> {
        let spa = &self.service.clients("shop", "spa").await?[0];
        let path = format!("/shop/clients/{}", spa["id"].as_str().unwrap_or_default());
        self.service.admin(Method::PUT, &path, Some(changes)).await?.error_for_status()?;
        Ok(())
    }

    async fn token_request(&self, form: &[(&str, &str)]) -> anyhow::Result<Response> {
        let url = format!("{}/realms/shop/protocol/openid-connect/token", self.service.url);
        Ok(self.service.http.post(url).form(form).send().await?)
    }

    async fn log_in(&self, client: &str) -> anyhow::Result<Value> {
        let form = [
            ("grant_type", "password"),
            ("client_id", client),
            ("username", "ann"),
            ("password", "pw"),
            ("scope", "openid"),
        ];
        Ok(self.token_request(&form).await?.error_for_status()?.json().await?)
    }

    /// What a refresh by this client says: the new tokens, or the description of the error.
    async fn refresh(&self, client: &str, session: &Value) -> anyhow::Result<Result<Value, String>> {
        let token = session["refresh_token"].as_str().unwrap_or_default();
        let form = [("grant_type", "refresh_token"), ("client_id", client), ("refresh_token", token)];
        let answer = self.token_request(&form).await?;
        let good = answer.status() == 200;
        let answer: Value = answer.json().await?;
        Ok(if good { Ok(answer) } else { Err(answer["error_description"].as_str().unwrap_or_default().to_owned()) })
    }

    /// Status of a call of the Admin API and of a registration with this access token.
    async fn statuses(&self, session: &Value) -> anyhow::Result<(u16, u16)> {
        let token = session["access_token"].as_str().unwrap_or_default();
        let url = format!("{}/admin/realms/shop/clients", self.service.url);
        let listed = self.service.http.get(url).bearer_auth(token).send().await?;
        let registered = self.service.register("shop", "default", Some(token)).json(&json!({})).send().await?;
        Ok((listed.status().as_u16(), registered.status().as_u16()))
    }
}

async fn wait(seconds: u64) {
    tokio::time::sleep(Duration::from_secs(seconds)).await;
}

#[tokio::test]
async fn tokens_live_as_long_as_realm_and_client_allow() -> anyhow::Result<()> {
    let scene = Scene::start().await?;
    scene.realm(json!({"ssoSessionMaxLifespan": 100, "ssoSessionIdleTimeout": 50})).await?;
    for (attributes, expires_in, refresh_expires_in) in [
        (json!({"access.token.lifespan": "7"}), 7, 50),
        (json!({"access.token.lifespan": "", "client.session.max.lifespan": "30"}), 30, 30),
        (json!({"client.session.max.lifespan": "", "client.session.idle.timeout": "9"}), 100, 9),
        (json!({"client.session.idle.timeout": "", "use.refresh.tokens": "false"}), 100, 0),
    ] {
        scene.spa(json!({"attributes": attributes})).await?;
        let session = scene.log_in("spa").await?;
        let lives = (&session["expires_in"], &session["refresh_expires_in"]);
        assert_eq!(lives, (&json!(expires_in), &json!(refresh_expires_in)), "{attributes}");
        assert_eq!(session["refresh_token"].is_string(), refresh_expires_in > 0, "{attributes}");
        assert!(session["session_state"].is_string());
    }
    scene.realm(json!({"clientSessionMaxLifespan": 20, "clientSessionIdleTimeout": "10"})).await?;
    let session = scene.log_in("admin-cli").await?;
    assert_eq!((&session["expires_in"], &session["refresh_expires_in"]), (&json!(20), &json!(10)));
    Ok(())
}

#[tokio::test]
async fn sessions_of_clients_cannot_be_longer_than_those_of_users() -> anyhow::Result<()> {
    let scene = Scene::start().await?;
    for (settings, message) in [
        (
            json!({"clientSessionIdleTimeout": 1801}),
            "Client Session Idle Timeout cannot be greater than Realm SSO Idle Timeout.",
        ),
        (
            json!({"clientSessionMaxLifespan": 36001}),
            "Client session max lifespan cannot exceed realm SSO session max lifespan.",
        ),
        (
            json!({"ssoSessionIdleTimeout": -1}),
            "Client Session Idle Timeout cannot be greater than Realm SSO Idle Timeout.",
        ),
    ] {
        let refused = scene.service.admin(Method::PUT, "/shop", Some(settings.clone())).await?;
        assert_eq!(refused.status(), 400, "{settings}");
        assert_eq!(refused.json::<Value>().await?["errorMessage"], message);
    }
    Ok(())
}

#[tokio::test]
async fn limits_that_were_lowered_hold_for_sessions_that_are_there() -> anyhow::Result<()> {
    let scene = Scene::start().await?;
    let sessions = [scene.log_in("admin-cli").await?, scene.log_in("spa").await?];
    for session in &sessions {
        assert_eq!(scene.statuses(session).await?, (200, 201));
    }
    wait(3).await;
    for setting in ["ssoSessionMaxLifespan", "ssoSessionIdleTimeout"] {
        scene.realm(json!({setting: 2})).await?;
        for (client, session) in ["admin-cli", "spa"].iter().zip(&sessions) {
            assert_eq!(scene.statuses(session).await?, (401, 403), "{setting} {client}");
            assert_eq!(scene.refresh(client, session).await?, Err("Session not active".to_owned()), "{setting}");
        }
        scene.realm(json!({setting: 1000})).await?;
        assert_eq!(scene.statuses(&sessions[0]).await?, (200, 201), "{setting}");
    }
    Ok(())
}

#[tokio::test]
async fn a_session_that_was_ended_is_good_for_nothing() -> anyhow::Result<()> {
    let scene = Scene::start().await?;
    let session = scene.log_in("spa").await?;
    let token = session["refresh_token"].as_str().unwrap_or_default();
    let log_out = || {
        let url = format!("{}/realms/shop/protocol/openid-connect/logout", scene.service.url);
        scene.service.http.post(url).form(&[("client_id", "spa"), ("refresh_token", token)]).send()
    };
    assert_eq!(log_out().await?.status(), 204);
    assert_eq!(scene.statuses(&session).await?, (401, 403));
    assert_eq!(scene.refresh("spa", &session).await?, Err("Session not active".to_owned()));
    assert_eq!(log_out().await?.status(), 204);
    Ok(())
}

#[tokio::test]
async fn a_refresh_token_is_refused_in_the_words_of_keycloak() -> anyhow::Result<()> {
    let scene = Scene::start().await?;
    let session = scene.log_in("spa").await?;
    let other = "Invalid refresh token. Token client and authorized client don't match";
    assert_eq!(scene.refresh("admin-cli", &session).await?, Err(other.to_owned()));
    let wrong = json!({"refresh_token": session["access_token"]});
    assert_eq!(scene.refresh("spa", &wrong).await?, Err("Invalid refresh token".to_owned()));
    let user = format!("/shop/users/{}", scene.user);
    scene.service.admin(Method::PUT, &user, Some(json!({"enabled": false}))).await?;
    assert_eq!(scene.refresh("spa", &session).await?, Err("User disabled".to_owned()));
    scene.service.admin(Method::PUT, &user, Some(json!({"enabled": true}))).await?;
    assert!(scene.refresh("spa", &session).await?.is_ok());
    Ok(())
}

#[tokio::test]
async fn a_realm_may_count_the_uses_of_refresh_tokens() -> anyhow::Result<()> {
    let scene = Scene::start().await?;
    scene.realm(json!({"revokeRefreshToken": true, "refreshTokenMaxReuse": 1})).await?;
    let session = scene.log_in("spa").await?;
    for _ in 0..2 {
        assert!(scene.refresh("spa", &session).await?.is_ok());
    }
    let too_often = Err("Maximum allowed refresh token reuse exceeded".to_owned());
    assert_eq!(scene.refresh("spa", &session).await?, too_often);
    assert_eq!(scene.refresh("spa", &session).await?, Err("Session not active".to_owned()), "it is over for everybody");
    scene.realm(json!({"refreshTokenMaxReuse": 0})).await?;
    let first = scene.log_in("spa").await?;
    wait(2).await;
    let second = scene.refresh("spa", &first).await?.map_err(anyhow::Error::msg)?;
    assert!(scene.refresh("spa", &second).await?.is_ok());
    assert_eq!(scene.refresh("spa", &first).await?, Err("Stale token".to_owned()));
    Ok(())
}

#[tokio::test]
async fn a_service_account_may_go_on_with_a_session() -> anyhow::Result<()> {
    let scene = Scene::start().await?;
    let attributes = json!({"client_credentials.use_refresh_token": "true"});
    let robot = json!({"clientId": "robot", "secret": "s", "publicClient": false, "serviceAccountsEnabled": true,
        "attributes": attributes});
    scene.service.admin(Method::POST, "/shop/clients", Some(robot)).await?.error_for_status()?;
    let own = [("client_id", "robot"), ("client_secret", "s")];
    let form = [&own[..], &[("grant_type", "client_credentials")]].concat();
    let session: Value = scene.token_request(&form).await?.error_for_status()?.json().await?;
    let token = session["refresh_token"].as_str().unwrap_or_default();
    let form = [&own[..], &[("grant_type", "refresh_token"), ("refresh_token", token)]].concat();
    assert_eq!(scene.token_request(&form).await?.status(), 200);
    Ok(())
}

#[tokio::test]
async fn what_was_issued_before_is_refused_once_not_before_is_later() -> anyhow::Result<()> {
    let scene = Scene::start().await?;
    let initial = scene.service.initial_access_token("shop", json!({"count": 9})).await?;
    let made =
        scene.service.register("shop", "default", Some(&initial)).json(&json!({"clientId": "own"})).send().await?;
    let own = made.json::<Value>().await?["registrationAccessToken"].as_str().unwrap_or_default().to_owned();
    let session = scene.log_in("spa").await?;
    wait(2).await;
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH)?.as_secs();
    scene.spa(json!({"notBefore": now})).await?;
    assert_eq!(scene.statuses(&session).await?, (401, 201), "the client's own counts where Keycloak looks at it");
    assert_eq!(scene.refresh("spa", &session).await?, Err("Stale token".to_owned()));
    scene.spa(json!({"notBefore": 0})).await?;
    assert_eq!(scene.statuses(&session).await?, (200, 201));

    scene.realm(json!({"notBefore": now})).await?;
    assert_eq!(scene.statuses(&session).await?, (401, 401));
    assert_eq!(scene.refresh("spa", &session).await?, Err("Stale token".to_owned()));
    let again = scene.service.register("shop", "default", Some(&initial)).json(&json!({})).send().await?;
    assert_eq!(again.status(), 201, "initial access tokens stay good");
    let url = format!("{}/realms/shop/clients-registrations/default/own", scene.service.url);
    assert_eq!(scene.service.http.get(url).bearer_auth(&own).send().await?.status(), 200);
    let later = scene.log_in("spa").await?;
    assert_eq!(later["not-before-policy"], now);
    assert_eq!(scene.statuses(&later).await?, (200, 201));
    Ok(())
}

#[tokio::test]
async fn a_console_session_ends_with_the_limits_of_its_realm() -> anyhow::Result<()> {
    let scene = Scene::start().await?;
    let url = format!("{}/console/session", scene.service.url);
    let sign_in = async || {
        let body = json!({"user": "ann", "password": "pw", "realm": "shop"});
        let answer = scene.service.http.post(&url).json(&body).send().await?.error_for_status()?;
        anyhow::Ok(answer.headers()["set-cookie"].to_str()?.split(';').next().unwrap_or_default().to_owned())
    };
    let session = async |cookie: &str| {
        anyhow::Ok(scene.service.http.get(&url).header("cookie", cookie).send().await?.json::<Value>().await?)
    };
    let cookie = sign_in().await?;
    assert_eq!(session(&cookie).await?["user"], "ann");
    scene.realm(json!({"ssoSessionMaxLifespan": 900, "ssoSessionIdleTimeout": 600})).await?;
    let seen = session(&cookie).await?;
    assert!(seen["endsIn"].as_i64().is_some_and(|left| left <= 900), "{seen}");
    assert!(seen["expiresIn"].as_i64().is_some_and(|left| left <= 600), "{seen}");
    wait(2).await;
    scene.realm(json!({"ssoSessionMaxLifespan": 1})).await?;
    assert!(session(&cookie).await?.is_null());
    scene.realm(json!({"ssoSessionMaxLifespan": 900})).await?;
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH)?.as_secs();
    scene.realm(json!({"notBefore": now})).await?;
    assert!(session(&cookie).await?.is_null());
    assert_eq!(session(&sign_in().await?).await?["user"], "ann");
    Ok(())
}

#[tokio::test]
async fn roles_count_as_they_are_now() -> anyhow::Result<()> {
    let scene = Scene::start().await?;
    let session = scene.log_in("spa").await?;
    assert_eq!(scene.statuses(&session).await?, (200, 201));
    let mapping = scene.mapping().await?;
    let roles: Value = scene.service.admin(Method::GET, &mapping, None).await?.json().await?;
    scene.service.admin(Method::DELETE, &mapping, Some(roles)).await?.error_for_status()?;
    assert_eq!(scene.statuses(&session).await?, (403, 403), "they were taken away");
    let without = scene.log_in("spa").await?;
    scene.grant(&["manage-clients"]).await?;
    assert_eq!(scene.statuses(&without).await?, (200, 403), "the Admin API does not ask the token, as in Keycloak");
    assert_eq!(scene.statuses(&session).await?, (200, 201), "they were given back");
    scene.spa(json!({"fullScopeAllowed": false})).await?;
    assert_eq!(scene.statuses(&session).await?, (200, 201), "the token names them");
    let narrow = scene.log_in("spa").await?;
    assert_eq!(scene.statuses(&narrow).await?, (403, 403), "the client may not use them any more");
    scene.spa(json!({"fullScopeAllowed": true, "enabled": false})).await?;
    assert_eq!(scene.statuses(&session).await?, (401, 201), "the client is disabled");
    let spa = &scene.service.clients("shop", "spa").await?[0];
    let path = format!("/shop/clients/{}", spa["id"].as_str().unwrap_or_default());
    assert_eq!(scene.service.admin(Method::DELETE, &path, None).await?.status(), 204);
    assert_eq!(scene.statuses(&session).await?, (401, 403), "the client is gone");
    Ok(())
}
