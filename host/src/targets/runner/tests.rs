//! Tasks of the connector `errand` (`tests/guests`), which does what its target's settings say.

use std::collections::BTreeMap;
use std::time::Instant;

use axum::Json;
use axum::http::StatusCode;
use matricula_contract::ConfigEntry;
use matricula_contract::connectors::{LookTask, PutTask};
use matricula_realms::defaults::NewRealm;
use matricula_store::realm_settings::Settings;
use matricula_wasm::component::{Cache, Part};
use matricula_wasm::fixed::Fixed;
use matricula_wasm::{engine, load};
use serde_json::json;

use super::super::stub::{Asked, Stub};
use super::*;
use matricula_target::base_url::BaseUrl;
use matricula_target::credentials::Credentials;
use matricula_target::standard_webhooks::{SigningSecret, signature};

/// A runner, the connector, and a target of it.
struct Errand {
    runner: Runner,
    connector: Arc<ConnectorHandle>,
    reach: Reach,
}

impl Errand {
    async fn at(url: &str, settings: &[(&str, &str)]) -> Errand {
        let file = concat!(env!("MATRICULA_COMPONENTS"), "/../test-components/errand.wasm");
        let bytes = std::fs::read(file).unwrap_or_else(|error| panic!("{file}: {error}: run `cargo xtask build`"));
        let cache = Cache::new(std::env::temp_dir().join(format!("matricula-tests-{}", std::process::id())));
        let (engine, answers) = (engine::engine().unwrap(), Arc::new(Fixed::default()));
        let component = load::compile(&engine, "errand", &bytes, &cache, &answers, Part::default()).unwrap();
        let (offered, _) = load::examine(&Arc::new(component), &bytes).await.unwrap();
        let connector = Arc::clone(offered.connector("errand").unwrap());
        let names = Names::from_system().unwrap();
        let runner = Runner::new(Instances::default(), names, TargetCalls::new()).unwrap();
        let entry = |(name, value): &(&str, &str)| ConfigEntry { name: (*name).into(), values: vec![(*value).into()] };
        let target = Target {
            kind: "errand".to_owned(),
            name: "sso".to_owned(),
            realm: "shop".to_owned(),
            realm_id: "id".to_owned(),
            now: 0,
            config: settings.iter().map(entry).collect(),
        };
        let realm = NewRealm::usual("id".to_owned(), "shop".to_owned(), true, Settings::default()).realm;
        let reach = Reach {
            realm: Arc::new(realm),
            target,
            url: BaseUrl::parse(url).unwrap(),
            further_urls: BTreeMap::new(),
            credentials: Arc::new(Credentials::None),
        };
        Errand { runner, connector, reach }
    }

    fn with(mut self, credentials: Credentials) -> Errand {
        self.reach.credentials = Arc::new(credentials);
        self
    }

    async fn run(&self, task: Task) -> Ended {
        let deadline = Instant::now() + Duration::from_secs(20);
        self.runner.run(&self.connector, &self.reach, &task, deadline).await
    }

    async fn failed(&self, task: Task) -> Failed {
        match self.run(task).await {
            Ended::Failed(failed) => failed,
            other => panic!("{other:?}"),
        }
    }

    fn failures(&self) -> u64 {
        self.connector.component.figures.failures()
    }
}

fn look() -> Task {
    Task::Look(LookTask { id: "1".to_owned(), client_id: "a".to_owned(), known: None })
}

fn put(secret: &str) -> Task {
    let client = serde_json::from_value(json!({ "secret": secret, "name": "A", "attributes": [] })).unwrap();
    Task::Put(PutTask { client, generation: 1, known: None, adopt: false })
}

#[tokio::test]
async fn a_task_is_run_to_its_end() {
    let stub = Stub::start(|_, _| "hello").await.unwrap();
    let settings = [("path", "/clients?x=1"), ("header", "X-Mine: yes")];
    let errand = Errand::at(&format!("{}/base/", stub.url), &settings).await;
    let Ended::Finished(finished) = errand.run(look()).await else { panic!() };
    assert_eq!(finished.key.as_deref(), Some("200 hello"));
    let asked = &stub.asked()[0];
    assert_eq!((asked.line.as_str(), asked.header("x-mine")), ("POST /base/clients?x=1", "yes"));
    assert_eq!((asked.header("authorization"), asked.body.as_str()), ("", r#"{"hello":"target"}"#));
    let Ended::Ready(Some(text)) = errand.run(Task::Probe).await else { panic!() };
    assert_eq!(text, "hello");
}

#[tokio::test]
async fn what_leaves_the_target_is_never_sent_and_the_connectors_failure() {
    let stub = Stub::start(|_, _| "").await.unwrap();
    for (settings, why) in [
        ([("path", "/a/../../b"), ("x", "")], "the path \"/a/../../b\" leaves the base URL"),
        ([("path", "/a%2e%2e/%2e%2e/b"), ("x", "")], "leaves the base URL"),
        ([("path", "@evil.example/"), ("x", "")], "leaves the base URL"),
        (
            [("path", "/"), ("header", "Authorization: Basic x")],
            "the header authorization, which belongs to the server",
        ),
        ([("path", "/"), ("url", "other")], "the base URL \"other\", which it does not describe"),
        ([("does", "long state"), ("path", "/")], "its state is longer than 64 KiB"),
        ([("does", "long known"), ("path", "/")], "it knows more than 16 KiB"),
        ([("does", "other end"), ("path", "/")], "its end is not that of the task"),
        ([("does", "pause"), ("seconds", "3601")], "it waits longer than 3600 s"),
    ] {
        let errand = Errand::at(&stub.url, &settings).await;
        let failed = errand.failed(look()).await;
        assert!(failed.message.contains(why), "{settings:?}: {failed:?}");
        assert!(failed.component_failed && errand.failures() == 1, "{settings:?}: {failed:?}");
        assert_eq!(stub.asked().len(), 0, "{settings:?}");
    }
    let errand = Errand::at(&stub.url, &[("path", "/"), ("url", "public")]).await;
    let failed = errand.failed(look()).await;
    assert_eq!((failed.message.as_str(), failed.component_failed), ("The target has no base URL \"public\"", false));
}

#[tokio::test]
async fn a_trap_is_the_connectors_failure() {
    let errand = Errand::at("http://127.0.0.1:1", &[("does", "trap")]).await;
    let failed = errand.failed(look()).await;
    assert!(failed.component_failed && failed.message.starts_with("The component crashed"), "{failed:?}");
    assert_eq!(errand.failures(), 1);
}

#[tokio::test]
async fn a_task_makes_16_calls_at_most() {
    let stub = Stub::start(|_, _| "").await.unwrap();
    let errand = Errand::at(&stub.url, &[("does", "call for ever"), ("path", "/")]).await;
    let failed = errand.failed(look()).await;
    assert!(failed.component_failed && failed.message.contains("more than 16 calls"), "{failed:?}");
    assert_eq!(stub.asked().len(), 16);
}

#[tokio::test]
async fn a_task_ends_with_its_time() {
    let stub = Stub::start(|_, _| "").await.unwrap();
    let errand = Errand::at(&stub.url, &[("does", "pause"), ("seconds", "1")]).await;
    let deadline = Instant::now() + Duration::from_millis(900);
    // It is told at once that there is no time to wait.
    let ended = errand.runner.run(&errand.connector, &errand.reach, &look(), deadline).await;
    let Ended::Failed(failed) = ended else { panic!("{ended:?}") };
    assert_eq!(failed.message, "The target asks to wait 1 s");
    assert_eq!((failed.retry_after, failed.whole_target), (Some(Duration::from_secs(1)), false));
    let Ended::Finished(finished) = errand.run(look()).await else { panic!() };
    assert_eq!(finished.key.as_deref(), Some("resumed"));
}

#[tokio::test]
async fn a_pause_is_the_whole_targets_when_it_serves_nobody() {
    for (status, whole) in [(429, true), (503, true), (500, false), (404, false)] {
        let answer =
            move |_: &Asked, _: usize| (StatusCode::from_u16(status).unwrap(), [("Retry-After", "5")], "later");
        let stub = Stub::start(answer).await.unwrap();
        let errand = Errand::at(&stub.url, &[("path", "/")]).await;
        let failed = errand.failed(look()).await;
        assert_eq!(failed.message, format!("{status} later"));
        assert_eq!((failed.retry_after, failed.whole_target), (Some(Duration::from_secs(5)), whole), "{status}");
        assert!(!failed.component_failed);
    }
    let stub = Stub::start(|_, _| StatusCode::SERVICE_UNAVAILABLE).await.unwrap();
    let settings = [("does", "pause after the answer"), ("path", "/"), ("seconds", "1")];
    let failed = Errand::at(&stub.url, &settings).await.failed(look()).await;
    assert_eq!((failed.message.as_str(), failed.whole_target), ("The target asks to wait 1 s (503)", true));
}

#[tokio::test]
async fn credentials_are_attached_where_they_are_asked_for() {
    let stub = Stub::start(|_, _| "").await.unwrap();
    let bearer = Credentials::Bearer { token: "t0k".to_owned().into() };
    let basic = Credentials::Basic { user: "u".to_owned(), password: "p".to_owned().into() };
    for (credentials, authorize, sent) in
        [(bearer.clone(), "true", "Bearer t0k"), (bearer, "false", ""), (basic, "true", "Basic dTpw")]
    {
        let errand = Errand::at(&stub.url, &[("path", "/"), ("authorize", authorize)]).await.with(credentials);
        errand.run(look()).await;
        assert_eq!(stub.asked().last().unwrap().header("authorization"), sent);
    }
}

#[tokio::test]
async fn a_token_that_is_refused_is_asked_anew_once() {
    let tokens = Stub::start(|_, before| Json(json!({ "access_token": format!("t{before}"), "expires_in": 300 })));
    let tokens = tokens.await.unwrap();
    let service = || Credentials::ClientCredentials {
        token_url: BaseUrl::parse(&tokens.url).unwrap(),
        client_id: "m".to_owned(),
        client_secret: "s3cret".to_owned().into(),
        scope: None,
    };
    let stub = Stub::start(|asked, _| match asked.header("authorization") {
        "Bearer t1" => (StatusCode::OK, String::new()),
        other => (StatusCode::UNAUTHORIZED, format!("no: {other} s3cret")),
    });
    let stub = stub.await.unwrap();
    let errand = Errand::at(&stub.url, &[("path", "/"), ("authorize", "true")]).await.with(service());
    assert!(matches!(errand.run(look()).await, Ended::Finished(_)));
    assert_eq!((stub.asked().len(), tokens.asked().len()), (2, 2));
    // Kept for the next task.
    assert!(matches!(errand.run(look()).await, Ended::Finished(_)));
    assert_eq!((stub.asked().len(), tokens.asked().len()), (3, 2));

    let never =
        Stub::start(|asked, _| (StatusCode::UNAUTHORIZED, format!("no: {} s3cret", asked.header("authorization"))));
    let never = never.await.unwrap();
    let errand = Errand::at(&never.url, &[("path", "/"), ("authorize", "true")]).await.with(service());
    let failed = errand.failed(look()).await;
    assert_eq!(failed.message, "401 no: Bearer ********** **********");
    assert_eq!(never.asked().len(), 2);
}

#[tokio::test]
async fn a_webhook_is_signed() {
    let stub = Stub::start(|_, _| StatusCode::NO_CONTENT).await.unwrap();
    let secrets = vec![SigningSecret::make(), SigningSecret::make()];
    let signed = Credentials::StandardWebhooks { secrets: secrets.clone() };
    let settings = [("path", ""), ("authorize", "true"), ("header", "webhook-id: msg_1_2")];
    let errand = Errand::at(&format!("{}/hook", stub.url), &settings).await.with(signed.clone());
    assert!(matches!(errand.run(look()).await, Ended::Finished(_)));
    let asked = &stub.asked()[0];
    assert_eq!((asked.line.as_str(), asked.header("webhook-id")), ("POST /hook", "msg_1_2"));
    let timestamp: i64 = asked.header("webhook-timestamp").parse().unwrap();
    assert!((clock::now() - timestamp).abs() < 10);
    let expected = signature(&secrets, "msg_1_2", timestamp, asked.body.as_bytes());
    assert_eq!(asked.header("webhook-signature"), expected);
    let without_id = Errand::at(&stub.url, &[("path", ""), ("authorize", "true")]).await.with(signed);
    assert!(without_id.failed(look()).await.message.contains("no header webhook-id"));
}

#[tokio::test]
async fn secrets_are_in_no_text_that_comes_back() {
    let stub = Stub::start(|_, _| "your password is hunter2, theirs is pa$$word").await.unwrap();
    let basic = Credentials::Basic { user: "u".to_owned(), password: "hunter2".to_owned().into() };
    for does in ["refuse", "tell the secret", "put"] {
        let settings = [("path", "/"), ("does", does), ("authorize", "true")];
        let errand = Errand::at(&stub.url, &settings).await.with(basic.clone());
        let text = format!("{:?}", errand.run(put("pa$$word")).await);
        assert!(text.contains("**********") && !text.contains("hunter2") && !text.contains("pa$$word"), "{text}");
    }
}

#[tokio::test]
async fn nobody_there_is_told_to_the_connector() {
    let errand = Errand::at("http://127.0.0.1:1", &[("path", "/")]).await;
    let failed = errand.failed(look()).await;
    assert!(failed.message.starts_with("The target can't be reached: "), "{failed:?}");
    assert!(!failed.component_failed);
}

#[tokio::test]
async fn a_review_sees_no_secret() {
    let errand = Errand::at("http://127.0.0.1:1", &[]).await;
    let Task::Put(PutTask { client, .. }) = put("s3cret") else { panic!() };
    let (realm, target) = (&errand.reach.realm, &errand.reach.target);
    let review = errand.runner.review(&errand.connector, realm, (&client, target), false).await.unwrap().unwrap();
    let fields: Vec<&str> = review.iter().map(|loss| loss.field.as_str()).collect();
    assert_eq!(fields, ["name"]);
    assert_eq!(errand.runner.check_config(&errand.connector, realm, target).await.unwrap(), Ok(()));
    let wanted = errand.runner.wanted(&errand.connector, realm, (&client, target)).await.unwrap();
    assert_eq!((wanted[0].name.as_str(), wanted[0].value.as_str()), ("name", "A"));
}
