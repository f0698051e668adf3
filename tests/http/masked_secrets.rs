//! Who may only view sees no secrets, and what stands for one never becomes one.

use matricula_tests::Service;
use reqwest::Method;
use serde_json::{Value, json};

const MASK: &str = "**********";

/// A server with realm `shop` and its client `app`, whose secret is `s3cret`.
async fn shop() -> anyhow::Result<(Service, String)> {
    let service = Service::start()?;
    service.realm("shop").await?;
    let app = json!({"clientId": "app", "publicClient": false, "secret": "s3cret",
        "attributes": {"client.secret.rotated": "0ld"}});
    let made = service.admin(Method::POST, "/shop/clients", Some(app)).await?.error_for_status()?;
    let id = made.headers()["location"].to_str()?.rsplit('/').next().unwrap_or_default().to_owned();
    Ok((service, id))
}

/// An access token of a new user with this role.
async fn token(service: &Service, role: &str) -> anyhow::Result<String> {
    let body = json!({"username": role, "enabled": true, "credentials": [{"type": "password", "value": "pw"}]});
    let made = service.admin(Method::POST, "/shop/users", Some(body)).await?.error_for_status()?;
    let user = made.headers()["location"].to_str()?.rsplit('/').next().unwrap_or_default().to_owned();
    let management = &service.clients("shop", "realm-management").await?[0];
    let management = management["id"].as_str().unwrap_or_default();
    let path = format!("/shop/users/{user}/role-mappings/clients/{management}");
    service.admin(Method::POST, &path, Some(json!([{"name": role}]))).await?.error_for_status()?;
    let form = [("grant_type", "password"), ("client_id", "admin-cli"), ("username", role), ("password", "pw")];
    let url = format!("{}/realms/shop/protocol/openid-connect/token", service.url);
    let answer: Value = service.http.post(url).form(&form).send().await?.error_for_status()?.json().await?;
    Ok(answer["access_token"].as_str().unwrap_or_default().to_owned())
}

#[tokio::test]
async fn who_may_only_view_sees_no_secrets() -> anyhow::Result<()> {
    let (service, id) = shop().await?;
    for (role, secret, rotated) in [("view-clients", MASK, MASK), ("manage-clients", "s3cret", "0ld")] {
        let token = token(&service, role).await?;
        let get = async |path: &str| {
            let request = service.http.get(format!("{}{path}", service.url)).bearer_auth(&token);
            anyhow::Ok(request.send().await?.error_for_status()?.json::<Value>().await?)
        };
        let registrations = "/realms/shop/clients-registrations";
        let document = get(&format!("{registrations}/default/app")).await?;
        assert_eq!(
            (&document["secret"], &document["attributes"]["client.secret.rotated"]),
            (&json!(secret), &json!(rotated))
        );
        assert_eq!(get(&format!("{registrations}/openid-connect/app")).await?["client_secret"], secret, "{role}");
        assert_eq!(get(&format!("{registrations}/install/app")).await?["credentials"]["secret"], "s3cret", "{role}");
        let clients = "/admin/realms/shop/clients";
        assert_eq!(get(&format!("{clients}/{id}")).await?["secret"], secret, "{role}");
        assert_eq!(get(&format!("{clients}?clientId=app")).await?[0]["secret"], secret, "{role}");
        assert_eq!(get(&format!("{clients}?clientId=app&search=true")).await?[0]["secret"], secret, "{role}");
        assert_eq!(get(&format!("{clients}/{id}/client-secret")).await?["value"], secret, "{role}");
    }
    Ok(())
}

#[tokio::test]
async fn a_mask_that_comes_back_never_becomes_a_secret() -> anyhow::Result<()> {
    let (service, id) = shop().await?;
    let secret = async |client_id: &str| {
        let path = format!("/shop/clients?clientId={client_id}");
        let found: Value = service.admin(Method::GET, &path, None).await?.json().await?;
        anyhow::Ok(found[0]["secret"].as_str().unwrap_or_default().to_owned())
    };
    let masked = |client_id: &str| json!({"clientId": client_id, "publicClient": false, "secret": MASK});
    service.admin(Method::PUT, &format!("/shop/clients/{id}"), Some(masked("app"))).await?.error_for_status()?;
    assert_eq!(secret("app").await?, "s3cret");
    let manager = token(&service, "manage-clients").await?;
    let url = format!("{}/realms/shop/clients-registrations/default/app", service.url);
    let changed = service.http.put(url).bearer_auth(&manager).json(&masked("app")).send().await?.error_for_status()?;
    assert_eq!(changed.json::<Value>().await?["secret"], "s3cret");

    service.admin(Method::POST, "/shop/clients", Some(masked("new-1"))).await?.error_for_status()?;
    let made = service.register("shop", "default", Some(&manager)).json(&masked("new-2")).send().await?;
    assert_eq!(made.error_for_status()?.json::<Value>().await?["secret"], secret("new-2").await?);
    let file = service.data().join("realm.json");
    std::fs::write(&file, json!({"realm": "copy", "enabled": true, "clients": [masked("app")]}).to_string())?;
    let import = ["realm", "import", &file.to_string_lossy()].map(str::to_owned);
    std::process::Command::new(matricula_tests::program()?).args(import).args(service.place()).output()?;
    let copy: Value = service.admin(Method::GET, "/copy/clients?clientId=app", None).await?.json().await?;
    for made in
        [secret("new-1").await?, secret("new-2").await?, copy[0]["secret"].as_str().unwrap_or_default().to_owned()]
    {
        assert!(made.len() > 20, "{made}");
    }
    Ok(())
}

#[tokio::test]
async fn the_password_of_a_realms_mail_server_is_shown_to_nobody() -> anyhow::Result<()> {
    let (service, _) = shop().await?;
    let server =
        |host: &str, password: &str| json!({"smtpServer": {"host": host, "from": "a@b.example", "password": password}});
    service.admin(Method::PUT, "/shop", Some(server("one", "pw"))).await?.error_for_status()?;
    service.admin(Method::PUT, "/shop", Some(server("two", MASK))).await?.error_for_status()?;
    let shown: Value = service.admin(Method::GET, "/shop", None).await?.json().await?;
    assert_eq!(shown["smtpServer"], server("two", MASK)["smtpServer"]);
    let listed: Vec<Value> = service.admin(Method::GET, "", None).await?.json().await?;
    assert!(listed.iter().all(|realm| realm["smtpServer"]["password"] != "pw"));
    let exported = std::process::Command::new(matricula_tests::program()?)
        .args(["realm", "export", "shop"])
        .args(service.place())
        .output()?;
    assert_eq!(serde_json::from_slice::<Value>(&exported.stdout)?["smtpServer"], server("two", "pw")["smtpServer"]);
    Ok(())
}
