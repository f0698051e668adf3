//! The calls as the host makes them: one engine with the host's settings, an instance that is used again, typed calls
//! that may be interrupted. Only the facts about realm and network come from data.

use std::hint::black_box;
use std::path::Path;
use std::time::{Duration, Instant};

use wasmtime::component::{Component, HasSelf, Linker};
use wasmtime::{
    Config, Engine, InstanceAllocationStrategy, OptLevel, PoolingAllocationConfig, Result, Store, StoreLimits,
    StoreLimitsBuilder, UpdateDeadline, bail, format_err,
};

use crate::cpu_time;
use crate::request::{self, Assigned, Call, Request};

/// World `provider`, with the host's options.
#[allow(missing_docs, unreachable_pub, clippy::all)]
mod provider {
    wasmtime::component::bindgen!({
        path: "../wit",
        world: "provider",
        imports: {
            "matricula:registration/facts.addresses-of": async | trappable,
            "matricula:registration/facts.names-of": async | trappable,
            "matricula:registration/facts.client-count": async | trappable,
            "matricula:registration/fetch.get": async | trappable,
            default: trappable,
        },
        exports: { default: async },
    });
}

/// World `policy`, with the host's options.
#[allow(missing_docs, unreachable_pub, clippy::all)]
mod policy {
    wasmtime::component::bindgen!({
        path: "../wit",
        world: "policy",
        exports: { default: async },
        with: {
            "matricula:registration/client": super::provider::matricula::registration::client,
            "matricula:registration/request": super::provider::matricula::registration::request,
            "matricula:registration/decision": super::provider::matricula::registration::decision,
            "matricula:registration/realm": super::provider::matricula::registration::realm,
            "matricula:registration/facts": super::provider::matricula::registration::facts,
        },
        require_store_data_send: true,
    });
}

/// World `client-policy`, with the host's options.
#[allow(missing_docs, unreachable_pub, clippy::all)]
mod client_policy {
    wasmtime::component::bindgen!({
        path: "../wit",
        world: "client-policy",
        imports: { default: trappable },
        exports: { default: async },
        with: {
            "matricula:registration/client": super::provider::matricula::registration::client,
            "matricula:registration/request": super::provider::matricula::registration::request,
            "matricula:registration/decision": super::provider::matricula::registration::decision,
            "matricula:registration/config": super::policy::matricula::registration::config,
            "matricula:registration/realm": super::provider::matricula::registration::realm,
            "matricula:registration/facts": super::provider::matricula::registration::facts,
        },
        require_store_data_send: true,
    });
}

use client_policy::exports::matricula::registration::client_policies::{Configured, Event, Outcome, Verdict};
use client_policy::{ClientPolicy, ClientPolicyPre};
use policy::exports::matricula::registration::policies::{ConfigEntry, ConfiguredPolicy, Hook};
use policy::{Policy, PolicyPre};
use provider::exports::matricula::registration::providers::{Completed, Document, Registration};
use provider::matricula::registration::client::Client;
use provider::matricula::registration::decision::Decision;
use provider::matricula::registration::realm::{ClientScope, ScopeAssignment};
use provider::matricula::registration::request::{Caller, CallerKind, Context, Issued, Operation, RegistrationAuth};
use provider::matricula::registration::{client, decision, facts, fetch, realm, request as contract_request};
use provider::{Provider, ProviderPre};

// The host's limits (`host/wasm/src/engine.rs`).
const CALL_TIME: Duration = Duration::from_secs(1);
const TICK: Duration = Duration::from_millis(10);
const MEMORY: usize = 64 << 20;
const TABLE_ELEMENTS: usize = 20_000;
const RETURNED: usize = 4 << 20;
const INSTANCES: u32 = 256;
const STACK: usize = 1 << 20;
const KEPT_RESIDENT: usize = 256 << 10;

/// The host's engine and its clock.
fn engine() -> Result<Engine> {
    let mut pool = PoolingAllocationConfig::default();
    pool.total_component_instances(INSTANCES)
        .total_core_instances(INSTANCES * 4)
        .total_memories(INSTANCES)
        .total_tables(INSTANCES * 4)
        .total_stacks(INSTANCES)
        .max_core_instances_per_component(4)
        .max_memories_per_component(1)
        .max_tables_per_component(4)
        .table_elements(TABLE_ELEMENTS)
        .max_memory_size(MEMORY)
        .max_component_instance_size(4 << 20)
        .max_core_instance_size(1 << 20)
        .linear_memory_keep_resident(KEPT_RESIDENT)
        .table_keep_resident(64 << 10)
        .async_stack_keep_resident(64 << 10);
    let mut config = Config::new();
    config
        .wasm_component_model(true)
        .cranelift_opt_level(OptLevel::Speed)
        .epoch_interruption(true)
        .max_wasm_stack(STACK / 2)
        .async_stack_size(STACK)
        .allocation_strategy(InstanceAllocationStrategy::Pooling(pool));
    let engine = Engine::new(&config)?;
    let clock = engine.weak();
    std::thread::spawn(move || {
        while let Some(engine) = clock.upgrade() {
            engine.increment_epoch();
            drop(engine);
            std::thread::sleep(TICK);
        }
    });
    Ok(engine)
}

/// Both components, ready to make instances.
pub(crate) struct Components {
    engine: Engine,
    core: ProviderPre<State>,
    policies: PolicyPre<State>,
    client_policies: ClientPolicyPre<State>,
}

impl Components {
    /// Compiles what `cargo xtask build` made.
    pub(crate) fn load() -> Result<Components> {
        let engine = engine()?;
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/components");
        let compiled = |file: &str| -> Result<Component> {
            let bytes = std::fs::read(folder.join(file))
                .map_err(|error| format_err!("no {file} ({error}): run `cargo xtask build`"))?;
            Component::new(&engine, bytes)
        };
        let mut linker = Linker::<State>::new(&engine);
        Provider::add_to_linker::<_, HasSelf<_>>(&mut linker, |state| state)?;
        let core = ProviderPre::new(linker.instantiate_pre(&compiled("core.wasm")?)?)?;
        let mut linker = Linker::<State>::new(&engine);
        Policy::add_to_linker::<_, HasSelf<_>>(&mut linker, |state| state)?;
        let policies = PolicyPre::new(linker.instantiate_pre(&compiled("builtin.wasm")?)?)?;
        let mut linker = Linker::<State>::new(&engine);
        ClientPolicy::add_to_linker::<_, HasSelf<_>>(&mut linker, |state| state)?;
        let client_policies = ClientPolicyPre::new(linker.instantiate_pre(&compiled("client-policy-builtin.wasm")?)?)?;
        Ok(Components { engine, core, policies, client_policies })
    }

    fn store(&self) -> Store<State> {
        let limits = StoreLimitsBuilder::new()
            .memory_size(MEMORY)
            .table_elements(TABLE_ELEMENTS)
            .trap_on_grow_failure(true)
            .build();
        let mut store = Store::new(&self.engine, State { limits, began: Instant::now() });
        store.limiter(|state| &mut state.limits);
        store.set_hostcall_fuel(RETURNED);
        store.set_epoch_deadline(1);
        store.epoch_deadline_callback(|context| {
            let late = context.data().began.elapsed() > CALL_TIME;
            Ok(if late { UpdateDeadline::Interrupt } else { UpdateDeadline::Yield(1) })
        });
        store
    }

    /// Registers once, so that the arguments of every call are there.
    pub(crate) async fn prepare(&self, request: &Request) -> Result<Subject> {
        let (mut core_store, mut policy_store, mut client_policy_store) = (self.store(), self.store(), self.store());
        let core = self.core.instantiate_async(&mut core_store).await?;
        let policies = self.policies.instantiate_async(&mut policy_store).await?;
        let client_policies = self.client_policies.instantiate_async(&mut client_policy_store).await?;
        let offered = policies.matricula_registration_policies().call_describe(&mut policy_store).await?;
        // The host asks only those that want the hook.
        let asked = |wanted: &dyn Fn(&policy::exports::matricula::registration::policies::PolicyProvider) -> bool| {
            let wanted = |of: &&request::ConfiguredPolicy| {
                offered.iter().any(|provider| provider.id == of.provider && wanted(provider))
            };
            request.policies.iter().filter(wanted).map(configured).collect::<Vec<_>>()
        };
        let before = asked(&|provider| provider.hooks.contains(&Hook::BeforeRegister));
        let after = asked(&|provider| provider.hooks.contains(&Hook::AfterRegister));
        let with_origins = asked(&|provider| provider.allows_origins);
        let mut subject = Subject {
            provider: request.provider,
            core_store,
            core,
            policy_store,
            policies,
            client_policy_store,
            client_policies,
            conditions: request.client_policies.iter().map(|policy| part(&policy.condition)).collect(),
            executors: request.client_policies.iter().flat_map(|policy| &policy.executors).map(part).collect(),
            document: Document {
                content_type: "application/json".to_owned(),
                body: request.document.as_bytes().to_vec(),
            },
            context: context(request),
            before,
            after,
            with_origins,
            issued: Issued {
                id: request::ID.to_owned(),
                secret: request::SECRET.to_owned(),
                salt: request::SALT.to_owned(),
                now: request::NOW,
                attributes: Vec::new(),
            },
            registration: Registration {
                client_uri: String::new(),
                access_token: Some(request::access_token()),
                issued_at: request::NOW,
                roles: Vec::new(),
                resource_server: false,
                access: None,
            },
            sent: None,
            hidden: None,
            amended: None,
            answer: Vec::new(),
        };
        subject.register().await?;
        Ok(subject)
    }
}

/// One registration with the instances that serve it and the arguments of its calls.
pub(crate) struct Subject {
    provider: &'static str,
    core_store: Store<State>,
    core: Provider,
    policy_store: Store<State>,
    policies: Policy,
    client_policy_store: Store<State>,
    client_policies: ClientPolicy,
    conditions: Vec<Configured>,
    executors: Vec<Configured>,
    document: Document,
    context: Context,
    before: Vec<ConfiguredPolicy>,
    after: Vec<ConfiguredPolicy>,
    with_origins: Vec<ConfiguredPolicy>,
    issued: Issued,
    registration: Registration,
    /// As sent.
    sent: Option<Client>,
    /// Full, without the secret: as policies see it.
    hidden: Option<Client>,
    /// Full, as policies amended it.
    amended: Option<Client>,
    answer: Vec<u8>,
}

impl Subject {
    /// Document of the answer.
    pub(crate) fn answer(&self) -> &[u8] {
        &self.answer
    }

    async fn register(&mut self) -> Result<()> {
        let sent = self.parse().await?;
        self.sent = Some(sent);
        if self.judge().await?.iter().any(|verdict| *verdict != Ok(Verdict::Yes)) {
            bail!("a condition that does not hold");
        }
        if let Some(refusal) =
            self.execute().await?.iter().find(|outcome| matches!(outcome, Ok(Outcome::Refuse(_)) | Err(_)))
        {
            bail!("an executor refuses: {refusal:?}");
        }
        if amendments(self.before_register().await?)?.next().is_some() {
            bail!("an amendment before registration");
        }
        let Completed { client: mut full, .. } = self.complete().await?;
        let secret = full.secret.take();
        self.hidden = Some(full.clone());
        for change in amendments(self.after_register().await?)? {
            full.consent_required = change.consent_required.or(full.consent_required);
            full.full_scope_allowed = change.full_scope_allowed.or(full.full_scope_allowed);
        }
        full.secret = secret;
        self.registration.client_uri = format!(
            "{}/realms/test/clients-registrations/{}/{}",
            request::BASE_URL,
            self.provider,
            full.client_id.as_deref().unwrap_or_default()
        );
        self.amended = Some(full);
        self.allowed_origins().await?;
        self.answer = self.finish().await?.body;
        Ok(())
    }

    /// CPU time of that many calls.
    pub(crate) async fn batch(&mut self, call: Call, calls: u32) -> Result<Duration> {
        let began = cpu_time();
        for _ in 0..calls {
            match call {
                Call::Parse => drop(black_box(self.parse().await?)),
                Call::Judge => drop(black_box(self.judge().await?)),
                Call::Execute => drop(black_box(self.execute().await?)),
                Call::BeforeRegister => drop(black_box(self.before_register().await?)),
                Call::Complete => drop(black_box(self.complete().await?)),
                Call::AfterRegister => drop(black_box(self.after_register().await?)),
                Call::AllowedOrigins => drop(black_box(self.allowed_origins().await?)),
                Call::Finish => drop(black_box(self.finish().await?)),
            }
        }
        Ok(cpu_time() - began)
    }

    async fn parse(&mut self) -> Result<Client> {
        let store = begin(&mut self.core_store);
        let exports = self.core.matricula_registration_providers();
        exports
            .call_parse(store, self.provider, Operation::Register, &self.document)
            .await?
            .map_err(|violations| format_err!("parse: {violations:?}"))
    }

    async fn complete(&mut self) -> Result<Completed> {
        let store = begin(&mut self.core_store);
        let Some(sent) = &self.sent else { bail!("not parsed") };
        let exports = self.core.matricula_registration_providers();
        exports
            .call_complete(store, self.provider, sent, None, &self.issued)
            .await?
            .map_err(|violations| format_err!("complete: {violations:?}"))
    }

    async fn finish(&mut self) -> Result<Document> {
        let store = begin(&mut self.core_store);
        let Some(client) = &self.amended else { bail!("not completed") };
        let exports = self.core.matricula_registration_providers();
        exports
            .call_finish(store, self.provider, Operation::Register, client, &self.registration)
            .await?
            .map_err(|violations| format_err!("finish: {violations:?}"))
    }

    async fn judge(&mut self) -> Result<Vec<Result<Verdict, String>>> {
        let store = begin(&mut self.client_policy_store);
        let exports = self.client_policies.matricula_registration_client_policies();
        exports.call_judge(store, Event::Register, &self.context, self.sent.as_ref(), None, &self.conditions).await
    }

    async fn execute(&mut self) -> Result<Vec<Result<Outcome, String>>> {
        let store = begin(&mut self.client_policy_store);
        let exports = self.client_policies.matricula_registration_client_policies();
        exports.call_execute(store, Event::Register, &self.context, self.sent.as_ref(), None, &self.executors).await
    }

    async fn before_register(&mut self) -> Result<Vec<Decision>> {
        let store = begin(&mut self.policy_store);
        let exports = self.policies.matricula_registration_policies();
        exports.call_evaluate(store, Hook::BeforeRegister, &self.context, self.sent.as_ref(), None, &self.before).await
    }

    async fn after_register(&mut self) -> Result<Vec<Decision>> {
        let store = begin(&mut self.policy_store);
        let exports = self.policies.matricula_registration_policies();
        exports.call_evaluate(store, Hook::AfterRegister, &self.context, self.hidden.as_ref(), None, &self.after).await
    }

    async fn allowed_origins(&mut self) -> Result<Vec<String>> {
        let store = begin(&mut self.policy_store);
        let exports = self.policies.matricula_registration_policies();
        exports.call_allowed_origins(store, &self.context, &self.with_origins).await
    }
}

/// What the host does with an instance before each call.
fn begin(store: &mut Store<State>) -> &mut Store<State> {
    store.data_mut().began = Instant::now();
    store.set_epoch_deadline(1);
    store
}

/// What the policies change; none of them may refuse.
fn amendments(decisions: Vec<Decision>) -> Result<impl Iterator<Item = Client>> {
    if let Some(Decision::Reject(violations)) =
        decisions.iter().find(|decision| matches!(decision, Decision::Reject(_)))
    {
        bail!("policies refuse: {violations:?}");
    }
    Ok(decisions.into_iter().filter_map(|decision| match decision {
        Decision::Amend(change) => Some(change),
        _ => None,
    }))
}

fn configured(policy: &request::ConfiguredPolicy) -> ConfiguredPolicy {
    let entry = |(name, values): &(&str, &[&str])| ConfigEntry {
        name: (*name).to_owned(),
        values: values.iter().map(|value| (*value).to_owned()).collect(),
    };
    ConfiguredPolicy {
        provider: policy.provider.to_owned(),
        name: policy.provider.to_owned(),
        config: policy.config.iter().map(entry).collect(),
    }
}

fn part(part: &request::ConfiguredPolicy) -> Configured {
    let ConfiguredPolicy { provider, name, config } = configured(part);
    Configured { provider, policy: name, config }
}

fn context(request: &Request) -> Context {
    let token = request.bearer;
    Context {
        realm: "test".to_owned(),
        provider: request.provider.to_owned(),
        operation: Operation::Register,
        caller: Caller {
            kind: if token.is_some() { CallerKind::Bearer } else { CallerKind::Anonymous },
            subject: token.map(|_| request::ID.to_owned()),
            token_id: token.map(|_| request::ID.to_owned()),
            roles: token.unwrap_or_default().iter().map(|role| (*role).to_owned()).collect(),
            groups: Vec::new(),
            address: request::ADDRESS.to_owned(),
            origin: None,
        },
        registration_auth: match token {
            Some(_) => RegistrationAuth::Authenticated,
            None => RegistrationAuth::Anonymous,
        },
        now: request::NOW,
        attributes: Vec::new(),
    }
}

/// The host's side of an instance.
pub(crate) struct State {
    limits: StoreLimits,
    began: Instant,
}

// These interfaces hold types only.
impl client::Host for State {}
impl contract_request::Host for State {}
impl decision::Host for State {}
impl policy::matricula::registration::config::Host for State {}

impl realm::Host for State {
    fn client_scopes(&mut self, protocol: String) -> Result<Vec<ClientScope>> {
        let of_protocol = request::SCOPES.into_iter().filter(|(_, of, _)| *of == protocol);
        Ok(of_protocol
            .map(|(name, _, assigned)| ClientScope {
                name: name.to_owned(),
                assigned: match assigned {
                    Assigned::None => ScopeAssignment::None,
                    Assigned::Default => ScopeAssignment::Default,
                    Assigned::Optional => ScopeAssignment::Optional,
                },
            })
            .collect())
    }

    fn protocol_mapper_types(&mut self) -> Result<Vec<String>> {
        Ok(Vec::new())
    }

    fn acr_levels(&mut self) -> Result<Vec<(String, i32)>> {
        Ok(Vec::new())
    }

    fn has_flow(&mut self, _id: String) -> Result<bool> {
        Ok(false)
    }

    fn base_url(&mut self) -> Result<String> {
        Ok(request::BASE_URL.to_owned())
    }

    fn setting(&mut self, name: String) -> Result<Option<String>> {
        let found = request::SETTINGS.into_iter().find(|(known, _)| *known == name);
        Ok(found.map(|(_, value)| value.to_owned()))
    }
}

impl facts::Host for State {
    async fn client_count(&mut self) -> Result<u64> {
        Ok(7)
    }

    async fn addresses_of(&mut self, _host: String) -> Result<Vec<String>> {
        Ok(Vec::new())
    }

    async fn names_of(&mut self, _address: String) -> Result<Vec<String>> {
        Ok(Vec::new())
    }

    fn log(&mut self, _level: facts::Level, _message: String) -> Result<()> {
        Ok(())
    }
}

impl client_policy::matricula::registration::clients::Host for State {
    fn roles_of(&mut self, _id: String) -> Result<Vec<String>> {
        Ok(Vec::new())
    }
}

impl fetch::Host for State {
    async fn get(&mut self, _url: String) -> Result<Result<fetch::Response, String>> {
        Ok(Err("nothing is fetched".to_owned()))
    }
}
