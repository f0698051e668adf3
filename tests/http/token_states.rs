//! The states of initial and registration access tokens, as a model: whatever happens in whatever order, the server
//! agrees with the model about which token is good.

use matricula_tests::Service;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestCaseError, TestRunner};
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

/// Sequences that are tried.
const SEQUENCES: u32 = 40;
/// Steps of a sequence at most.
const STEPS: usize = 25;

/// What may happen to the one client of a sequence and to the token that it is registered with.
#[derive(Clone, Copy, Debug)]
enum Step {
    /// Somebody registers it with the initial access token.
    Register,
    /// Its holder reads it with the token of this age: 0 is the newest.
    Read(usize),
    /// Its holder updates it.
    Update(usize),
    /// Its holder deletes it.
    Delete(usize),
    /// An administrator makes a new registration access token.
    NewToken,
    /// An administrator disables or enables it.
    Enable(bool),
    /// An administrator lets reading replace the token, or not.
    RotateOnRead(bool),
}

fn step() -> impl Strategy<Value = Step> {
    // Mostly the newest token; old ones must stay bad.
    let age = || prop_oneof![3 => Just(0_usize), 1 => 1_usize..4];
    prop_oneof![
        3 => Just(Step::Register),
        4 => age().prop_map(Step::Read),
        4 => age().prop_map(Step::Update),
        1 => age().prop_map(Step::Delete),
        1 => Just(Step::NewToken),
        1 => any::<bool>().prop_map(Step::Enable),
        1 => any::<bool>().prop_map(Step::RotateOnRead),
    ]
}

/// What must hold by now.
struct Model {
    uses_left: u32,
    /// The client is there.
    registered: bool,
    enabled: bool,
    rotates_on_read: bool,
    /// Registration access tokens that were ever given out, the newest first. At most the first is good, and only while
    /// `good` says so.
    tokens: Vec<String>,
    good: bool,
}

struct Run<'a> {
    service: &'a Service,
    client_id: String,
    initial: String,
    model: Model,
}

impl Run<'_> {
    fn client(&self, method: Method, token: &str) -> RequestBuilder {
        let url = format!("{}/realms/shop/clients-registrations/default/{}", self.service.url, self.client_id);
        self.service.http.request(method, url).bearer_auth(token)
    }

    /// The token of this age, and whether the server must take it.
    fn token(&self, age: usize) -> Option<(String, bool)> {
        let good = age == 0 && self.model.good && self.model.registered && self.model.enabled;
        self.model.tokens.get(age).map(|token| (token.clone(), good))
    }

    fn took(&mut self, answer: &Value) {
        let Some(token) = answer["registrationAccessToken"].as_str() else { return };
        if self.model.tokens.first().is_none_or(|newest| newest != token) {
            self.model.tokens.insert(0, token.to_owned());
            self.model.good = true;
        }
    }

    /// Takes a step; the expected and the actual status.
    async fn take(&mut self, step: Step) -> anyhow::Result<(u16, u16)> {
        let id = json!({"clientId": self.client_id});
        let (request, expected) = match step {
            Step::Register => {
                let expected = match (self.model.uses_left, self.model.registered) {
                    (0, _) => 401,
                    (_, true) => 400,
                    _ => 201,
                };
                (self.service.register("shop", "default", Some(&self.initial)).json(&id), expected)
            }
            Step::Read(age) | Step::Update(age) | Step::Delete(age) => {
                let Some((token, good)) = self.token(age) else { return Ok((0, 0)) };
                match step {
                    Step::Update(_) => (self.client(Method::PUT, &token).json(&id), if good { 200 } else { 401 }),
                    Step::Delete(_) => (self.client(Method::DELETE, &token), if good { 204 } else { 401 }),
                    _ => (self.client(Method::GET, &token), if good { 200 } else { 401 }),
                }
            }
            Step::NewToken | Step::Enable(_) => return self.administer(step).await,
            Step::RotateOnRead(rotates) => {
                let value = if rotates { "true" } else { "" };
                let settings = json!({"attributes": {"clientRegistration.rotateOnRead": value}});
                let answer = self.service.admin(Method::PUT, "/shop", Some(settings)).await?;
                self.model.rotates_on_read = rotates;
                return Ok((204, answer.status().as_u16()));
            }
        };
        let answer = request.send().await?;
        let status = answer.status().as_u16();
        let answer: Value = answer.json().await.unwrap_or_default();
        match (step, status) {
            (Step::Register, 201) => {
                self.model.uses_left -= 1;
                self.model.registered = true;
                self.model.enabled = true;
                self.took(&answer);
            }
            (Step::Update(_), 200) => {
                let before = self.model.tokens.first().cloned();
                self.took(&answer);
                anyhow::ensure!(self.model.tokens.first() != before.as_ref(), "an update brought no new token");
            }
            (Step::Read(_), 200) => {
                let before = self.model.tokens.first().cloned();
                self.took(&answer);
                let rotated = self.model.tokens.first() != before.as_ref();
                anyhow::ensure!(rotated == self.model.rotates_on_read, "reading rotated: {rotated}");
            }
            (Step::Delete(_), 204) => {
                self.model.registered = false;
                self.model.good = false;
            }
            _ => {}
        }
        Ok((expected, status))
    }

    async fn administer(&mut self, step: Step) -> anyhow::Result<(u16, u16)> {
        let path = format!("/shop/clients?clientId={}", self.client_id);
        let found: Vec<Value> = self.service.admin(Method::GET, &path, None).await?.json().await?;
        let Some(client) = found.first() else { return Ok((0, u16::from(self.model.registered))) };
        let path = format!("/shop/clients/{}", client["id"].as_str().unwrap_or_default());
        if let Step::Enable(enabled) = step {
            let answer = self.service.admin(Method::PUT, &path, Some(json!({"enabled": enabled}))).await?;
            self.model.enabled = enabled;
            return Ok((204, answer.status().as_u16()));
        }
        let answer = self.service.admin(Method::POST, &format!("{path}/registration-access-token"), None).await?;
        let status = answer.status().as_u16();
        self.took(&answer.json().await?);
        Ok((200, status))
    }
}

async fn play(service: &Service, uses: u32, steps: &[Step]) -> anyhow::Result<Result<(), String>> {
    let initial = service.initial_access_token("shop", json!({"count": uses})).await?;
    let settings = json!({"attributes": {"clientRegistration.rotateOnRead": ""}});
    service.admin(Method::PUT, "/shop", Some(settings)).await?;
    let model = Model {
        uses_left: uses,
        registered: false,
        enabled: false,
        rotates_on_read: false,
        tokens: Vec::new(),
        good: false,
    };
    let client_id = format!("model-{}", uuid::Uuid::new_v4());
    let mut run = Run { service, client_id, initial, model };
    for (number, step) in steps.iter().enumerate() {
        let (expected, actual) = run.take(*step).await?;
        if expected != actual {
            return Ok(Err(format!("step {number}, {step:?}: {actual} instead of {expected}")));
        }
    }
    Ok(Ok(()))
}

#[test]
fn whatever_happens_in_whatever_order_only_the_right_token_is_good() -> anyhow::Result<()> {
    let runtime = tokio::runtime::Runtime::new()?;
    let service = Service::start()?;
    runtime.block_on(service.realm("shop"))?;
    let mut runner = TestRunner::new(Config { cases: SEQUENCES, failure_persistence: None, ..Config::default() });
    let sequences = (1_u32..4, prop::collection::vec(step(), 1..STEPS));
    let result = runner.run(&sequences, |(uses, steps)| {
        let played = runtime.block_on(play(&service, uses, &steps));
        played.map_err(|error| TestCaseError::fail(format!("{error:#}")))?.map_err(TestCaseError::fail)
    });
    result.map_err(|error| anyhow::anyhow!("{error}"))
}
