//! Errors in the form that the caller accepts, whoever refused and where.

use anyhow::Context;
use matricula_tests::Service;
use reqwest::header::{ACCEPT, CONTENT_TYPE, VARY};
use reqwest::{Method, RequestBuilder, Response, StatusCode};
use serde_json::{Value, json};

/// The members of an error and its media type, for a request with these `Accept` lines. What holds for each is checked.
async fn refused(request: RequestBuilder, accept: &[&str]) -> anyhow::Result<(Vec<String>, String, Value)> {
    let request = accept.iter().fold(request, |request, line| request.header(ACCEPT, *line));
    let answer: Response = request.send().await?;
    let status = answer.status();
    assert!(status.is_client_error() || status.is_server_error(), "{status}");
    let header =
        |name| answer.headers().get_all(name).iter().filter_map(|value| value.to_str().ok()).collect::<Vec<_>>();
    assert!(header(VARY).contains(&"Accept"), "{:?}", answer.headers());
    let decision = header("matricula-decision".parse()?).first().map(|id| (*id).to_owned());
    let media_type = header(CONTENT_TYPE).join(",");
    let body: Value = answer.json().await?;
    if let Some(shown) = body.get("decision") {
        assert_eq!(shown.as_str(), decision.as_deref());
    }
    assert!(decision.is_some_and(|id| !id.is_empty()));
    if media_type == "application/problem+json" {
        assert_eq!(body["status"], status.as_u16());
        assert_eq!(body["title"].as_str(), status.canonical_reason());
        assert_eq!((&body["type"], &body["detail"]), (&json!("about:blank"), &body["error_description"]));
    }
    let members = body.as_object().context("no object")?.keys().cloned().collect();
    Ok((members, media_type, body))
}

const PLAIN: [&str; 2] = ["error", "error_description"];
const ALL: [&str; 4] = ["error", "error_description", "violations", "decision"];

/// Each form of the error that a request gets.
async fn has_three_forms(request: impl Fn() -> RequestBuilder, additions: &[&str]) -> anyhow::Result<Value> {
    let all: Vec<&str> = PLAIN.iter().chain(additions).copied().collect();
    for accept in [&["application/json"][..], &["text/html", "application/JSON;q=0.5"], &["application/json, */*;q=0"]]
    {
        let (members, media_type, _) = refused(request(), accept).await?;
        assert_eq!(
            (members, media_type.as_str()),
            (PLAIN.map(str::to_owned).to_vec(), "application/json"),
            "{accept:?}"
        );
    }
    for accept in [&["application/json", "application/problem+json;q=0.1"][..], &["*/*, application/problem+json"]] {
        let (members, media_type, _) = refused(request(), accept).await?;
        let mut expected = vec!["type", "title", "status", "detail"];
        expected.extend(&all);
        assert_eq!(
            (members, media_type.as_str()),
            (expected.iter().map(|m| (*m).to_owned()).collect(), "application/problem+json")
        );
    }
    let (members, media_type, body) = refused(request(), &["application/json, */*;q=0.1"]).await?;
    assert_eq!((members, media_type.as_str()), (all.iter().map(|m| (*m).to_owned()).collect(), "application/json"));
    Ok(body)
}

#[tokio::test]
async fn a_refusal_of_a_registration_has_three_forms() -> anyhow::Result<()> {
    let service = Service::start()?;
    service.realm("shop").await?;
    let anonymous = || service.register("shop", "default", None).json(&json!({"clientId": "stranger"}));
    let body = has_three_forms(anonymous, &ALL[2..]).await?;
    assert_eq!(body["violations"][0]["policy"], "Trusted Hosts");

    let profiles = json!({"profiles": [{"name": "closed", "executors": [{"executor": "reject-request"}]}]});
    service.admin(Method::PUT, "/shop/client-policies/profiles", Some(profiles)).await?;
    let with = |condition: Value| json!({"policies": [{"name": "nobody", "enabled": true, "conditions": [condition], "profiles": ["closed"]}]});
    let path = "/shop/client-policies/policies";
    service.admin(Method::PUT, path, Some(with(json!({"condition": "any-client"})))).await?;
    let body = has_three_forms(anonymous, &ALL[2..]).await?;
    assert_eq!(body["violations"][0]["provider"], "reject-request");

    // One that is found out late is answered 400.
    let coloured = json!({"condition": "client-attributes", "configuration": {"attributes": "[{\"key\":\"colour\",\"value\":\"red\"}]"}});
    service.admin(Method::PUT, path, Some(with(coloured))).await?;
    let token = service.initial_access_token("shop", json!({"count": 20})).await?;
    let document = json!({"clientId": "red", "attributes": {"colour": "red"}});
    let late = || service.register("shop", "default", Some(&token)).json(&document);
    assert_eq!(late().send().await?.status(), StatusCode::BAD_REQUEST);
    has_three_forms(late, &ALL[2..]).await?;

    let administrator = service.administrator().await?;
    let address = format!("{}/admin/realms/shop/clients", service.url);
    let client = reqwest::Client::new();
    let admin = || client.post(&address).bearer_auth(&administrator).json(&document);
    has_three_forms(admin, &ALL[2..]).await?;
    Ok(())
}

#[tokio::test]
async fn an_error_that_has_keycloaks_members_only_is_the_same_for_everybody() -> anyhow::Result<()> {
    let service = Service::start()?;
    service.realm("shop").await?;
    let token = service.initial_access_token("shop", json!({})).await?;
    for accept in ["application/json", "*/*", "application/problem+json"] {
        let request = service.register("shop", "openid-connect", Some(&token)).json(&json!({"client_id": "x"}));
        let answer = request.header(ACCEPT, accept).send().await?;
        assert_eq!(answer.status(), 400);
        assert_eq!(answer.headers()[CONTENT_TYPE], "application/json");
        assert!(answer.headers().get(VARY).is_none());
        let expected = json!({"error": "invalid_client_metadata", "error_description": "Client Identifier included"});
        assert_eq!(answer.json::<Value>().await?, expected);
    }
    Ok(())
}
