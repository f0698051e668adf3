//! Whether a component behaves: what it says of itself makes sense, and it answers when it is asked about a client of
//! which nothing is known, with the settings that a form starts with. What it decides is its own affair; it must decide,
//! and with what belongs to the question. The command line, uploads, the folder and activations all check this.

use std::time::{Duration, Instant};

use matricula_contract::names::{HOST_KEYS, event_name, hook_name};
use matricula_contract::{
    Caller, CallerKind, Client, ConditionProvider, ConfigEntry, ConfigProperty, Configured, ConfiguredPolicy, Context,
    Decision, Document, Event, ExecutorProvider, Hook, Issued, Operation, Outcome, PolicyProvider, Registration,
    RegistrationAuth, RegistrationProvider, Role,
};
use serde_json::Value;

use super::component::{Instance, LoadedComponent};
use super::policy_exports::Told;
use super::unfit::Unfit;

/// Every event of client policies.
const EVENTS: [Event; 6] =
    [Event::Register, Event::Registered, Event::Update, Event::Updated, Event::View, Event::Unregister];

/// Asks a component, each time in a new instance.
pub struct SelfCheck<'a> {
    component: &'a LoadedComponent,
    bytes: &'a [u8],
    /// What it took.
    pub cost: Cost,
}

/// What all calls took.
#[derive(Clone, Copy, Debug, Default)]
pub struct Cost {
    /// How many there were.
    pub calls: u32,
    /// The longest, with making its instance.
    pub slowest: Duration,
    /// Most memory of an instance, in bytes.
    pub memory: usize,
}

impl<'a> SelfCheck<'a> {
    /// Nothing asked yet.
    pub fn new(component: &'a LoadedComponent, bytes: &'a [u8]) -> SelfCheck<'a> {
        SelfCheck { component, bytes, cost: Cost::default() }
    }

    /// One call of a `what`; `doing` says which.
    async fn ask<T>(
        &mut self,
        what: &str,
        doing: &str,
        run: impl AsyncFnOnce(&mut Instance) -> wasmtime::Result<T>,
    ) -> Result<T, Unfit> {
        let began = Instant::now();
        let instance = self.component.instantiate().await;
        let mut instance = instance.map_err(|error| Unfit::to_begin(self.bytes, &error))?;
        instance.store.data_mut().begin(None);
        instance.store.set_epoch_deadline(1);
        let answer = run(&mut instance).await;
        self.cost.calls += 1;
        self.cost.slowest = self.cost.slowest.max(began.elapsed());
        self.cost.memory = self.cost.memory.max(instance.store.data().limits.memory_peak);
        answer.map_err(|error| {
            Unfit::to_answer(format_args!("self-check of {doing}: the {what} has no answer"), &instance, &error)
        })
    }

    /// A kind of registration policy.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(super) async fn policy(&mut self, kind: &PolicyProvider) -> Result<(), Unfit> {
        let id = &kind.id;
        if kind.hooks.is_empty() && !kind.allows_origins {
            return Err(Unfit::because(format!(
                "policy {id} is never asked: `describe` names no hooks, and `allows-origins` is false"
            )));
        }
        described_well("policy", id, &kind.properties)?;
        if let Some(property) = kind.properties.iter().find(|property| HOST_KEYS.contains(&property.name.as_str())) {
            return Err(Unfit::because(format!(
                "policy {id} has a setting `{}`: that name belongs to the server",
                property.name
            )));
        }
        let policy = ConfiguredPolicy { provider: id.clone(), name: id.clone(), config: defaults(&kind.properties) };
        let policies = std::slice::from_ref(&policy);
        let client = empty_client()?;
        for hook in &kind.hooks {
            let doing = format!("{id} at {} with an empty client", hook_name(*hook));
            let (operation, proposes, stores) = match hook {
                Hook::BeforeRegister | Hook::AfterRegister => (Operation::Register, true, false),
                Hook::BeforeUpdate | Hook::AfterUpdate => (Operation::Update, true, true),
                Hook::BeforeView | Hook::BeforeInstall => (Operation::Read, false, true),
                Hook::BeforeDelete => (Operation::Delete, false, true),
            };
            let context = somebody(operation);
            let told = Told { context: &context, decision: "" };
            let clients = (proposes.then_some(&client), stores.then_some(&client));
            let decisions = self
                .ask("policy", &doing, async |instance| match &instance.exports.policy {
                    Some(exports) => exports.evaluate(&mut instance.store, *hook, told, clients, policies).await,
                    None => Ok(Vec::new()),
                })
                .await?;
            fits(*hook, &decisions).map_err(|problem| Unfit::because(format!("self-check of {doing}: {problem}")))?;
        }
        self.ask("policy", &format!("{id}: `check-config`"), async |instance| match &instance.exports.policy {
            Some(exports) => exports.check_config(&mut instance.store, &policy).await.map(|_| ()),
            None => Ok(()),
        })
        .await?;
        if kind.allows_origins {
            let context = somebody(Operation::Register);
            let told = Told { context: &context, decision: "" };
            self.ask("policy", &format!("{id}: `allowed-origins`"), async |instance| match &instance.exports.policy {
                Some(exports) => exports.allowed_origins(&mut instance.store, told, policies).await.map(|_| ()),
                None => Ok(()),
            })
            .await?;
        }
        Ok(())
    }

    /// A kind of condition of client policies.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(super) async fn condition(&mut self, kind: &ConditionProvider) -> Result<(), Unfit> {
        described_well("condition", &kind.id, &kind.properties)?;
        let part = Configured { provider: kind.id.clone(), policy: String::new(), config: defaults(&kind.properties) };
        let parts = std::slice::from_ref(&part);
        let client = empty_client()?;
        for event in EVENTS {
            let doing = format!("condition {} on {} with an empty client", kind.id, event_name(event));
            let (context, proposed, stored) = occasion(event, &client);
            let verdicts = self
                .ask("condition", &doing, async |instance| {
                    let Some(exports) = &instance.exports.client_policy else { return Ok(Vec::new()) };
                    let guest = exports.matricula_registration_client_policies();
                    guest.call_judge(&mut instance.store, event, &context, proposed, stored, parts).await
                })
                .await?;
            // It may say that it cannot tell: settings may be missing.
            if verdicts.len() != 1 {
                let count = verdicts.len();
                return Err(Unfit::because(format!(
                    "self-check of {doing}: {count} verdicts of 1 condition: a verdict for each is expected"
                )));
            }
        }
        self.check_config("condition", Role::Condition, &part).await
    }

    /// A kind of executor of client policies.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(super) async fn executor(&mut self, kind: &ExecutorProvider) -> Result<(), Unfit> {
        described_well("executor", &kind.id, &kind.properties)?;
        let part = Configured { provider: kind.id.clone(), policy: String::new(), config: defaults(&kind.properties) };
        let parts = std::slice::from_ref(&part);
        let client = empty_client()?;
        for event in &kind.events {
            let doing = format!("executor {} on {} with an empty client", kind.id, event_name(*event));
            let (context, proposed, stored) = occasion(*event, &client);
            let outcomes = self
                .ask("executor", &doing, async |instance| {
                    let Some(exports) = &instance.exports.client_policy else { return Ok(Vec::new()) };
                    let guest = exports.matricula_registration_client_policies();
                    guest.call_execute(&mut instance.store, *event, &context, proposed, stored, parts).await
                })
                .await?;
            let problem = match outcomes.as_slice() {
                [Ok(Outcome::Amend(_))] if proposed.is_none() => {
                    "it amends a client that is only shown or deleted".to_owned()
                }
                [_] => continue,
                _ => format!("{} outcomes of 1 executor: an outcome for each is expected", outcomes.len()),
            };
            return Err(Unfit::because(format!("self-check of {doing}: {problem}")));
        }
        self.check_config("executor", Role::Executor, &part).await
    }

    async fn check_config(&mut self, what: &str, role: Role, part: &Configured) -> Result<(), Unfit> {
        let doing = format!("{what} {}: `check-config`", part.provider);
        self.ask(what, &doing, async |instance| {
            let Some(exports) = &instance.exports.client_policy else { return Ok(()) };
            let guest = exports.matricula_registration_client_policies();
            guest.call_check_config(&mut instance.store, role, part).await.map(|_| ())
        })
        .await
    }

    /// A registration provider.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(super) async fn provider(&mut self, described: &RegistrationProvider) -> Result<(), Unfit> {
        let id = &described.id;
        if described.operations.is_empty() {
            return Err(Unfit::because(format!("provider {id} is never asked: `describe` names no operations")));
        }
        let empty = Document { content_type: String::new(), body: Vec::new() };
        for operation in &described.operations {
            if !matches!(operation, Operation::Register | Operation::Update) {
                continue;
            }
            // What it makes of an empty document is its business, as long as it answers.
            self.ask("provider", &format!("provider {id}: `parse` of an empty document"), async |instance| {
                let Some(exports) = &instance.exports.provider else { return Ok(()) };
                let guest = exports.matricula_registration_providers();
                guest.call_parse(&mut instance.store, id, *operation, &empty).await.map(|_| ())
            })
            .await?;
        }
        let client = empty_client()?;
        let mut full = client.clone();
        if described.operations.contains(&Operation::Register) {
            let doing = format!("provider {id}: `complete` of an empty client");
            let completed = self
                .ask("provider", &doing, async |instance| {
                    let Some(exports) = &instance.exports.provider else { return Ok(None) };
                    let guest = exports.matricula_registration_providers();
                    let completed = guest.call_complete(&mut instance.store, id, &client, None, &issued()).await?;
                    Ok(completed.ok())
                })
                .await?;
            let Some(completed) = completed else { return Ok(()) };
            full = completed.client;
            if full.id.is_none() || full.client_id.is_none() {
                return Err(Unfit::because(format!(
                    "self-check of {doing}: the full client has no id or no client-id"
                )));
            }
            self.ask("provider", &format!("provider {id}: `finish` of a client"), async |instance| {
                let Some(exports) = &instance.exports.provider else { return Ok(()) };
                let guest = exports.matricula_registration_providers();
                let (store, registration) = (&mut instance.store, registration());
                guest.call_finish(store, id, Operation::Register, &full, &registration).await.map(|_| ())
            })
            .await?;
        }
        if described.operations.contains(&Operation::Read) {
            self.ask("provider", &format!("provider {id}: `render` of a client"), async |instance| {
                let Some(exports) = &instance.exports.provider else { return Ok(()) };
                let guest = exports.matricula_registration_providers();
                guest.call_render(&mut instance.store, id, &full, &registration()).await.map(|_| ())
            })
            .await?;
        }
        Ok(())
    }
}

/// What `describe` says of settings must make sense.
fn described_well(what: &str, id: &str, properties: &[ConfigProperty]) -> Result<(), Unfit> {
    let mut seen: Vec<&str> = Vec::with_capacity(properties.len());
    for property in properties {
        let name = property.name.as_str();
        if name.is_empty() {
            return Err(Unfit::because(format!("{what} {id} has a setting without a name")));
        }
        if seen.contains(&name) {
            return Err(Unfit::because(format!("{what} {id} has the setting `{name}` twice")));
        }
        seen.push(name);
        let default = property.default_value.as_deref();
        if default.is_some_and(|default| serde_json::from_str::<Value>(default).is_err()) {
            return Err(Unfit::because(format!("{what} {id}: the default of setting `{name}` is no JSON")));
        }
    }
    Ok(())
}

/// The settings that a form starts with.
fn defaults(properties: &[ConfigProperty]) -> Vec<ConfigEntry> {
    let text = |value: Value| match value {
        Value::String(text) => text,
        other => other.to_string(),
    };
    let values = |default: &str| match serde_json::from_str(default) {
        Ok(Value::Array(values)) => values.into_iter().map(text).collect(),
        Ok(Value::Null) | Err(_) => Vec::new(),
        Ok(other) => vec![text(other)],
    };
    let entries = properties.iter().filter_map(|property| {
        let values: Vec<String> = values(property.default_value.as_deref()?);
        (!values.is_empty()).then(|| ConfigEntry { name: property.name.clone(), values })
    });
    entries.collect()
}

/// Some decisions belong to some hooks.
fn fits(hook: Hook, decisions: &[Decision]) -> Result<(), String> {
    let [decision] = decisions else {
        return Err(format!("{} decisions of 1 policy: a decision for each is expected", decisions.len()));
    };
    match decision {
        Decision::Amend(_) if !matches!(hook, Hook::AfterRegister | Hook::AfterUpdate) => {
            Err("it amends; that is possible in after-register and after-update only".to_owned())
        }
        Decision::Hold(_) if hook != Hook::AfterRegister => {
            Err("it holds the client; that is possible in after-register only".to_owned())
        }
        Decision::Reject(violations) if violations.is_empty() => {
            Err("it rejects without a violation; at least one is expected".to_owned())
        }
        _ => Ok(()),
    }
}

/// What a condition or executor is given on an event.
fn occasion(event: Event, client: &Client) -> (Context, Option<&Client>, Option<&Client>) {
    let (operation, proposes, stores) = match event {
        Event::Register | Event::Registered => (Operation::Register, true, false),
        Event::Update | Event::Updated => (Operation::Update, true, true),
        Event::View => (Operation::Read, false, true),
        Event::Unregister => (Operation::Delete, false, true),
    };
    (somebody(operation), proposes.then_some(client), stores.then_some(client))
}

/// A client of which nothing is known: every field but the list of attributes may be absent.
pub(super) fn empty_client() -> Result<Client, Unfit> {
    serde_json::from_str(r#"{"attributes": []}"#).map_err(|error| Unfit::because(error.to_string()))
}

/// The context of a request that nobody made.
fn somebody(operation: Operation) -> Context {
    Context {
        realm: "self-check".to_owned(),
        provider: "openid-connect".to_owned(),
        operation,
        caller: Caller {
            kind: CallerKind::Anonymous,
            subject: None,
            token_id: None,
            roles: Vec::new(),
            groups: Vec::new(),
            address: "127.0.0.1".to_owned(),
            origin: None,
        },
        registration_auth: RegistrationAuth::Anonymous,
        now: 1_700_000_000,
        attributes: Vec::new(),
    }
}

/// What a host makes for a client; nobody gets it.
fn issued() -> Issued {
    Issued {
        id: "00000000-0000-4000-8000-000000000001".to_owned(),
        secret: "secret".to_owned(),
        salt: "salt".to_owned(),
        now: 1_700_000_000,
        attributes: Vec::new(),
    }
}

fn registration() -> Registration {
    Registration {
        client_uri: "https://id.example/client".to_owned(),
        access_token: Some("token".to_owned()),
        issued_at: 1_700_000_000,
        roles: Vec::new(),
        resource_server: false,
        access: None,
    }
}
