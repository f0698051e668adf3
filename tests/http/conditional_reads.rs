//! Who asks for a client again is told in a few bytes that nothing changed, and who may not be used.

use matricula_tests::Service;
use reqwest::{Method, Response};
use serde_json::{Value, json};

/// Id of what an answer says was made.
fn id_of(made: &Response) -> String {
    let location = made.headers().get("location").and_then(|location| location.to_str().ok());
    location.and_then(|location| location.rsplit('/').next()).unwrap_or_default().to_owned()
}

/// Somebody who reads clients of realm `shop`.
struct Reader {
    token: String,
}

impl Reader {
    /// A service account with this role.
    async fn new(service: &Service, role: &str) -> anyhow::Result<Reader> {
        let account = json!({"clientId": role, "secret": "s", "publicClient": false, "serviceAccountsEnabled": true});
        let id = id_of(&service.admin(Method::POST, "/shop/clients", Some(account)).await?);
        let path = format!("/shop/clients/{id}/service-account-user");
        let user: Value = service.admin(Method::GET, &path, None).await?.json().await?;
        let management = &service.clients("shop", "realm-management").await?[0]["id"];
        let path = format!(
            "/shop/users/{}/role-mappings/clients/{}",
            user["id"].as_str().unwrap_or_default(),
            management.as_str().unwrap_or_default()
        );
        service.admin(Method::POST, &path, Some(json!([{"name": role}]))).await?.error_for_status()?;
        Reader::of(service, role).await
    }

    /// The account that was made for this role, with a new token.
    async fn of(service: &Service, role: &str) -> anyhow::Result<Reader> {
        let url = format!("{}/realms/shop/protocol/openid-connect/token", service.url);
        let form = [("grant_type", "client_credentials"), ("client_id", role), ("client_secret", "s")];
        let answer: Value = service.http.post(url).form(&form).send().await?.error_for_status()?.json().await?;
        Ok(Reader { token: answer["access_token"].as_str().unwrap_or_default().to_owned() })
    }

    /// A read, with the tag of an earlier one.
    async fn get(&self, service: &Service, path: &str, tag: Option<&str>) -> anyhow::Result<Response> {
        let mut request = service.http.get(format!("{}{path}", service.url)).bearer_auth(&self.token);
        if let Some(tag) = tag {
            request = request.header("If-None-Match", tag);
        }
        Ok(request.send().await?)
    }

    /// The tag of a document that is there.
    async fn tag(&self, service: &Service, path: &str) -> anyhow::Result<String> {
        let answer = self.get(service, path, None).await?.error_for_status()?;
        Ok(answer.headers()["etag"].to_str()?.to_owned())
    }
}

const OPENID_CONNECT: &str = "/realms/shop/clients-registrations/openid-connect/app";

/// A server with realm `shop` and its client `app`, and the addresses of its documents.
async fn shop() -> anyhow::Result<(Service, String, [String; 3])> {
    let service = Service::start()?;
    service.realm("shop").await?;
    let app = json!({"clientId": "app", "publicClient": false, "secret": "s3cret", "redirectUris": ["https://a/cb"]});
    let id = id_of(&service.admin(Method::POST, "/shop/clients", Some(app)).await?);
    let documents = [
        OPENID_CONNECT.to_owned(),
        "/realms/shop/clients-registrations/default/app".to_owned(),
        format!("/admin/realms/shop/clients/{id}"),
    ];
    Ok((service, id, documents))
}

#[tokio::test]
async fn a_read_with_the_tag_of_an_earlier_one_is_answered_without_a_document() -> anyhow::Result<()> {
    let (service, id, documents) = shop().await?;
    let (viewer, manager) =
        (Reader::new(&service, "view-clients").await?, Reader::new(&service, "manage-clients").await?);
    for path in &documents {
        let tag = viewer.tag(&service, path).await?;
        assert_eq!(viewer.tag(&service, path).await?, tag);
        for asked in [tag.clone(), format!("\"x\", W/{tag}"), "*".to_owned()] {
            let answer = viewer.get(&service, path, Some(&asked)).await?;
            assert_eq!(answer.status(), 304, "{path} {asked}");
            assert_eq!(answer.headers()["etag"].to_str()?, tag);
            assert_eq!(answer.headers()["cache-control"], "no-store");
            assert_eq!(answer.text().await?, "");
        }
        // Who sees the secret has another document, and is not told that the masked one is the same.
        let clear = manager.get(&service, path, Some(&tag)).await?;
        assert_eq!(clear.status(), 200, "{path}");
        assert_ne!(clear.headers()["etag"].to_str()?, tag);
        service.admin(Method::PUT, &format!("/shop/clients/{id}"), Some(json!({"name": path}))).await?;
        let changed = viewer.get(&service, path, Some(&tag)).await?;
        assert_eq!(changed.status(), 200, "{path}");
        assert_ne!(changed.headers()["etag"].to_str()?, tag);
    }
    Ok(())
}

#[tokio::test]
async fn what_else_the_document_shows_changes_the_tag_too() -> anyhow::Result<()> {
    let (service, id, _) = shop().await?;
    let reader = Reader::new(&service, "manage-clients").await?;
    let tag = reader.tag(&service, OPENID_CONNECT).await?;
    for change in [json!({"defaultSignatureAlgorithm": "ES256"}), json!({"attributes": {"x": "y"}})] {
        service.admin(Method::PUT, "/shop", Some(change.clone())).await?.error_for_status()?;
        assert_ne!(reader.tag(&service, OPENID_CONNECT).await?, tag, "{change}");
    }
    let tag = reader.tag(&service, OPENID_CONNECT).await?;
    let scope = json!({"name": "new", "protocol": "openid-connect"});
    service.admin(Method::POST, "/shop/client-scopes", Some(scope)).await?.error_for_status()?;
    assert_ne!(reader.tag(&service, OPENID_CONNECT).await?, tag);
    // Links begin with the realm's address.
    let tag = reader.tag(&service, OPENID_CONNECT).await?;
    let url = service.url.replace("127.0.0.1", "localhost");
    service.admin(Method::PUT, "/shop", Some(json!({"attributes": {"frontendUrl": url}}))).await?.error_for_status()?;
    let reader = Reader::of(&service, "manage-clients").await?;
    let tag_elsewhere = reader.tag(&service, OPENID_CONNECT).await?;
    assert_ne!(tag_elsewhere, tag);
    // A client that is made anew under the same ids is another one.
    service.admin(Method::DELETE, &format!("/shop/clients/{id}"), None).await?;
    let again = json!({"id": id, "clientId": "app", "publicClient": false, "secret": "s3cret", "redirectUris": ["https://a/cb"]});
    assert_eq!(service.admin(Method::POST, "/shop/clients", Some(again)).await?.status(), 201);
    assert_ne!(reader.tag(&service, OPENID_CONNECT).await?, tag_elsewhere);
    Ok(())
}

#[tokio::test]
async fn a_tag_lets_nobody_in() -> anyhow::Result<()> {
    let (service, id, documents) = shop().await?;
    let reader = Reader::new(&service, "view-clients").await?;
    let nobody = Reader { token: "none".to_owned() };
    let other = Reader::new(&service, "view-events").await?;
    for path in &documents {
        let tag = reader.tag(&service, path).await?;
        assert_eq!(nobody.get(&service, path, Some(&tag)).await?.status(), 401);
        assert_eq!(other.get(&service, path, Some(&tag)).await?.status(), 403);
    }
    let tags = [reader.tag(&service, &documents[0]).await?, reader.tag(&service, &documents[2]).await?];
    service.admin(Method::DELETE, &format!("/shop/clients/{id}"), None).await?;
    for (path, tag) in [&documents[0], &documents[2]].into_iter().zip(tags) {
        assert_eq!(reader.get(&service, path, Some(&tag)).await?.status(), 404);
    }
    Ok(())
}

#[tokio::test]
async fn a_client_that_reads_itself_gets_no_tag() -> anyhow::Result<()> {
    let (service, ..) = shop().await?;
    let initial = service.initial_access_token("shop", json!({"count": 1})).await?;
    let made =
        service.register("shop", "openid-connect", Some(&initial)).json(&json!({"redirect_uris": ["https://a/cb"]}));
    let made: Value = made.send().await?.json().await?;
    let own = Reader { token: made["registration_access_token"].as_str().unwrap_or_default().to_owned() };
    let path =
        format!("/realms/shop/clients-registrations/openid-connect/{}", made["client_id"].as_str().unwrap_or_default());
    let answer = own.get(&service, &path, Some("*")).await?;
    assert_eq!(answer.status(), 200);
    assert!(answer.headers().get("etag").is_none() && answer.headers().get("matricula-inactive").is_none());
    Ok(())
}

#[tokio::test]
async fn a_read_tells_who_is_not_for_use() -> anyhow::Result<()> {
    let (service, id, _) = shop().await?;
    let reader = Reader::new(&service, "view-clients").await?;
    for body in [
        json!({"clientId": "sp", "protocol": "saml"}),
        json!({"clientId": "api", "bearerOnly": true}),
        json!({"clientId": "off", "enabled": false}),
    ] {
        assert_eq!(service.admin(Method::POST, "/shop/clients", Some(body)).await?.status(), 201);
    }
    for (client_id, expected) in [
        ("app", None),
        ("sp", Some("protocol")),
        ("api", Some("bearer-only")),
        ("off", Some("disabled")),
        ("admin-cli", Some("server")),
    ] {
        let path = format!("/realms/shop/clients-registrations/openid-connect/{client_id}");
        let answer = reader.get(&service, &path, None).await?.error_for_status()?;
        let reason = answer.headers().get("matricula-inactive").map(|value| value.to_str()).transpose()?;
        assert_eq!(reason, expected, "{client_id}");
    }
    let tag = reader.tag(&service, OPENID_CONNECT).await?;
    service.admin(Method::PUT, &format!("/shop/clients/{id}"), Some(json!({"enabled": false}))).await?;
    let disabled = reader.get(&service, OPENID_CONNECT, Some(&tag)).await?;
    assert_eq!(disabled.status(), 200);
    let tag = disabled.headers()["etag"].to_str()?.to_owned();
    let again = reader.get(&service, OPENID_CONNECT, Some(&tag)).await?;
    assert_eq!((again.status().as_u16(), again.headers()["matricula-inactive"].to_str()?), (304, "disabled"));
    Ok(())
}
