//! Documents as others write them: encodings, `null`, times, dates that are over.

use anyhow::Context;
use matricula_tests::Service;
use reqwest::header::CONTENT_TYPE;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

const ENTITY: &str = "<md:EntityDescriptor xmlns:md='urn:oasis:names:tc:SAML:2.0:metadata' entityID='NAME' UNTIL><md:SPSSODescriptor \
    protocolSupportEnumeration='urn:oasis:names:tc:SAML:2.0:protocol'><md:KeyDescriptor/></md:SPSSODescriptor>\
    </md:EntityDescriptor>";

/// Each form of Unicode that JSON may have come in.
fn forms(text: &str) -> Vec<Vec<u8>> {
    let units = |text: &str, unit: fn(u16) -> [u8; 2]| text.encode_utf16().flat_map(unit).collect::<Vec<u8>>();
    let characters =
        |text: &str, unit: fn(u32) -> [u8; 4]| text.chars().flat_map(|c| unit(c.into())).collect::<Vec<u8>>();
    let marked = format!("\u{feff}{text}");
    [text, &marked]
        .into_iter()
        .flat_map(|text| {
            [
                text.as_bytes().to_vec(),
                units(text, u16::to_be_bytes),
                units(text, u16::to_le_bytes),
                characters(text, u32::to_be_bytes),
                characters(text, u32::to_le_bytes),
            ]
        })
        .collect()
}

#[tokio::test]
async fn json_comes_in_any_form_of_unicode() -> anyhow::Result<()> {
    let service = Service::start()?;
    service.realm("shop").await?;
    let token = service.initial_access_token("shop", json!({"count": 100})).await?;
    for body in forms(r#"{"client_name": "Größe 大 😀"}"#) {
        for content_type in [Some("application/json"), Some("Application/JSON; charset=utf-8"), None] {
            let request = service.register("shop", "openid-connect", Some(&token)).body(body.clone());
            let request = content_type.into_iter().fold(request, |request, value| request.header(CONTENT_TYPE, value));
            let answer = request.send().await?;
            assert_eq!(answer.status(), StatusCode::CREATED, "{body:?}");
            assert_eq!(answer.json::<Value>().await?["client_name"], "Größe 大 😀");
        }
    }
    let broken = service.register("shop", "openid-connect", Some(&token)).header(CONTENT_TYPE, "application/json");
    let broken = broken.body(&b"{\0\"\0\0\xd8\"\0}\0"[..]).send().await?;
    assert_eq!(broken.status(), StatusCode::BAD_REQUEST);
    let expected =
        json!({"error": "HTTP 400 Bad Request", "error_description": "Cannot parse the JSON: byte 5 is not UTF-16"});
    assert_eq!(broken.json::<Value>().await?, expected);

    // One that is short enough in the bytes that came, and too long for whoever reads it.
    let long = format!("{{\"client_name\": \"{}\"}}", "大".repeat(500_000));
    let long: Vec<u8> = long.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let request = service.register("shop", "openid-connect", Some(&token)).header(CONTENT_TYPE, "application/json");
    assert_eq!(request.body(long).send().await?.status(), StatusCode::PAYLOAD_TOO_LARGE);

    let (administrator, http) = (service.administrator().await?, reqwest::Client::new());
    let call = async |method: Method, path: &str, body: Vec<u8>| {
        let request = http.request(method, format!("{}/admin/realms/shop{path}", service.url)).body(body);
        request.bearer_auth(&administrator).header(CONTENT_TYPE, "application/json").send().await
    };
    for (number, body) in forms(r#"{"username": "größe-N", "enabled": true}"#).into_iter().enumerate() {
        let body = body
            .into_iter()
            .map(|byte| if byte == b'N' { b'a' + u8::try_from(number).unwrap_or_default() } else { byte })
            .collect();
        assert_eq!(call(Method::POST, "/users", body).await?.status(), StatusCode::CREATED);
    }
    let users: Vec<Value> = service.admin(Method::GET, "/shop/users", None).await?.json().await?;
    assert!(users.iter().any(|user| user["username"] == "größe-a"), "{users:?}");
    let user = users[0]["id"].as_str().context("no id")?.to_owned();
    let clients = service.clients("shop", "realm-management").await?;
    let management = clients[0]["id"].as_str().context("no id")?.to_owned();
    let path = format!("/users/{user}/role-mappings/clients/{management}");
    for body in forms(r#"[{"name": "view-clients", "description": null, "composite": null}]"#) {
        assert_eq!(call(Method::POST, &path, body).await?.status(), StatusCode::NO_CONTENT);
    }
    for body in forms(r#"{"realm": "shop", "displayName": "Größe"}"#) {
        assert_eq!(call(Method::PUT, "", body).await?.status(), StatusCode::NO_CONTENT);
    }
    Ok(())
}

#[tokio::test]
async fn null_is_absent_wherever_the_admin_api_reads_it() -> anyhow::Result<()> {
    let service = Service::start()?;
    service.realm("shop").await?;
    for (method, path, body, status) in [
        (Method::POST, "/shop/clients-initial-access", json!({"count": null, "webOrigins": [null]}), 201),
        (Method::POST, "/shop/users", json!({"username": "a", "credentials": [{"type": null, "value": "x"}]}), 201),
        (Method::POST, "/shop/users", json!({"username": "b", "credentials": [null]}), 400),
        (Method::POST, "/shop/client-scopes", json!({"name": "s", "protocol": "saml", "attributes": {"a": null}}), 201),
        (Method::PUT, "/shop", json!({"enabledEventTypes": [null], "attributes": {"a": null}}), 204),
        (Method::PUT, "/shop/events/config", json!({"enabledEventTypes": [null]}), 204),
        (Method::PUT, "/shop/client-policies/profiles", json!({"profiles": [{"name": "p", "executors": null}]}), 204),
        (Method::PUT, "/shop/client-policies/profiles", json!({"profiles": [null]}), 400),
        (
            Method::PUT,
            "/shop/client-policies/policies",
            json!({"policies": [{"name": "a", "conditions": [null]}]}),
            400,
        ),
        (Method::POST, "/shop/clients", json!({"clientId": "c", "redirectUris": [null], "webOrigins": [null]}), 201),
        (Method::POST, "/shop/clients", json!({"clientId": "d", "protocolMappers": [null]}), 400),
        (Method::POST, "/shop/clients", json!({"clientId": "e", "defaultClientScopes": [null, "email"]}), 201),
    ] {
        let answer = service.admin(method, path, Some(body.clone())).await?;
        assert_eq!(answer.status(), status, "{path} {body}: {}", answer.text().await?);
    }
    Ok(())
}

#[tokio::test]
async fn metadata_is_read_in_its_encoding_and_up_to_its_end() -> anyhow::Result<()> {
    let service = Service::start()?;
    service.realm("shop").await?;
    let token = service.initial_access_token("shop", json!({"count": 100})).await?;
    let post = async |body: Vec<u8>, content_type: &str| {
        let request = service.register("shop", "saml2-entity-descriptor", Some(&token));
        let answer = request.header(CONTENT_TYPE, content_type).body(body).send().await?;
        let status = answer.status();
        anyhow::Ok((status, answer.json::<Value>().await?))
    };
    let latin = |declaration: &str, id: &str| -> Vec<u8> {
        let document = format!("{declaration}{}", ENTITY.replace("NAME", id).replace("UNTIL", ""));
        document.chars().map(|character| character as u8).collect()
    };
    let declared = "<?xml version='1.0' encoding='ISO-8859-1'?>";
    for (body, content_type, id) in [
        (latin(declared, "urn:größe:1"), "application/xml", "urn:größe:1"),
        (latin(declared, "urn:größe:2"), "application/xml; charset=utf-8", "urn:größe:2"),
        (latin("", "urn:größe:3"), "application/xml; charset=\"iso-8859-1\"", "urn:größe:3"),
        (
            format!("\u{feff}{declared}{}", ENTITY.replace("NAME", "urn:größe:4")).replace("UNTIL", "").into(),
            "application/xml",
            "urn:größe:4",
        ),
    ] {
        let (status, client) = post(body, content_type).await?;
        assert_eq!((status, client["clientId"].as_str()), (StatusCode::CREATED, Some(id)), "{client}");
    }
    for (body, content_type, name) in [
        (latin("<?xml version='1.0' encoding='x-klingon'?>", "a"), "application/xml", "x-klingon"),
        (latin("", "a"), "application/xml; charset=x-klingon", "x-klingon"),
        (latin("<?xml version='1.0' encoding='us-ascii'?>", "größe"), "application/xml", "us-ascii"),
        (latin("", "größe"), "application/xml", "UTF-8"),
    ] {
        let (status, error) = post(body, content_type).await?;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{error}");
        assert!(error["error_description"].as_str().is_some_and(|text| text.contains(name)), "{error}");
    }
    for until in ["2001", "2001-01", "2001-01-01", "2001-01-01T00:00:00Z", "2001-01-01T00:00:00.5+01:00", "-0001"] {
        let document = ENTITY.replace("UNTIL", &format!("validUntil='{until}'"));
        let (status, error) = post(document.into(), "application/xml").await?;
        assert_eq!(status, StatusCode::BAD_REQUEST);
        let expected = format!("The metadata expired at {until}");
        assert_eq!(error, json!({"error": "invalid_client_metadata", "error_description": expected}));
    }
    Ok(())
}
