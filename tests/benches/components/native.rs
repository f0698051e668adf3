//! The same rules as native code: no engine, no copies in and out of a component's memory. The arguments that a call
//! takes by value are made before the clock starts.

use std::hint::black_box;
use std::time::Duration;

use matricula_client_policy_builtin::{CONDITIONS, EXECUTORS};
use matricula_core::contract::exports::matricula::registration::providers::{Completed, Document, Registration};
use matricula_core::contract::matricula::registration::client::Client;
use matricula_core::contract::matricula::registration::decision::Violation;
use matricula_core::contract::matricula::registration::fetch::Response;
use matricula_core::contract::matricula::registration::realm::{ClientScope, ScopeAssignment};
use matricula_core::contract::matricula::registration::request::{Issued, Operation};
use matricula_core::provider::Provider;
use matricula_core::provider::default::DefaultProvider;
use matricula_core::provider::openid_connect::OpenidConnect;
use matricula_core::realm::Realm;
use matricula_policies_builtin::KINDS;
use matricula_policy_sdk as sdk;
use sdk::{client_policy_component, component};
use wasmtime::{Result, bail, format_err};

use crate::cpu_time;
use crate::request::{self, Assigned, Call, ConfiguredPolicy, Request};

/// One registration with the arguments of its calls.
pub(crate) struct Subject {
    provider: &'static dyn Provider,
    host: sdk::Host,
    context: sdk::Context,
    before: Vec<sdk::ConfiguredPolicy>,
    after: Vec<sdk::ConfiguredPolicy>,
    with_origins: Vec<sdk::ConfiguredPolicy>,
    conditions: Vec<sdk::Configured>,
    executors: Vec<sdk::Configured>,
    document: Document,
    issued: Issued,
    registration: Registration,
    /// As sent, for the provider and for policies.
    sent: Client,
    sent_seen: sdk::Client,
    /// Full, without the secret: as policies see it.
    hidden: sdk::Client,
    /// Full, as policies amended it.
    amended: Client,
    answer: Vec<u8>,
}

impl Subject {
    /// Registers once, so that the arguments of every call are there.
    pub(crate) fn prepare(request: &Request) -> Result<Subject> {
        let provider: &dyn Provider = match request.provider {
            "default" => &DefaultProvider,
            _ => &OpenidConnect,
        };
        let host = host();
        let offered = component::describe(KINDS, &host);
        let asked = |wanted: &dyn Fn(&sdk::PolicyProvider) -> bool| {
            let wanted =
                |of: &&ConfiguredPolicy| offered.iter().any(|provider| provider.id == of.provider && wanted(provider));
            request.policies.iter().filter(wanted).map(configured).collect::<Vec<_>>()
        };
        let refused =
            |call: &'static str| move |violations: Vec<Violation>| format_err!("{call} (native): {violations:?}");
        let document =
            Document { content_type: "application/json".to_owned(), body: request.document.as_bytes().to_vec() };
        let issued = Issued {
            id: request::ID.to_owned(),
            secret: request::SECRET.to_owned(),
            salt: request::SALT.to_owned(),
            now: request::NOW,
            attributes: Vec::new(),
        };
        let sent = provider.parse(Operation::Register, document.clone(), &FixedRealm).map_err(refused("parse"))?;
        let Completed { client: full, .. } =
            provider.complete(sent.clone(), None, issued.clone(), &FixedRealm).map_err(refused("complete"))?;
        let client_id = full.client_id.as_deref().unwrap_or_default();
        let mut subject = Subject {
            provider,
            host,
            context: context(request),
            before: asked(&|provider| provider.hooks.contains(&sdk::Hook::BeforeRegister)),
            after: asked(&|provider| provider.hooks.contains(&sdk::Hook::AfterRegister)),
            with_origins: asked(&|provider| provider.allows_origins),
            conditions: request.client_policies.iter().map(|policy| part(&policy.condition)).collect(),
            executors: request.client_policies.iter().flat_map(|policy| &policy.executors).map(part).collect(),
            document,
            issued,
            registration: Registration {
                client_uri: format!(
                    "{}/realms/test/clients-registrations/{}/{client_id}",
                    request::BASE_URL,
                    request.provider
                ),
                access_token: Some(request::access_token()),
                issued_at: request::NOW,
                roles: Vec::new(),
                resource_server: false,
                access: None,
            },
            sent_seen: seen(sent.clone()),
            sent,
            hidden: seen(full.clone()),
            amended: full,
            answer: Vec::new(),
        };
        for decision in subject.evaluate(sdk::Hook::BeforeRegister, subject.sent_seen.clone(), subject.before.clone()) {
            if !matches!(decision, sdk::Decision::Accept(_)) {
                bail!("policies (native): {decision:?}");
            }
        }
        for decision in subject.evaluate(sdk::Hook::AfterRegister, subject.hidden.clone(), subject.after.clone()) {
            match decision {
                sdk::Decision::Accept(_) => {}
                sdk::Decision::Amend(change) => {
                    let client = &mut subject.amended;
                    client.consent_required = change.consent_required.or(client.consent_required);
                    client.full_scope_allowed = change.full_scope_allowed.or(client.full_scope_allowed);
                }
                other => bail!("policies (native): {other:?}"),
            }
        }
        let finished = provider.finish(Operation::Register, &subject.amended, &subject.registration, &FixedRealm);
        subject.answer = finished.map_err(refused("finish"))?.body;
        Ok(subject)
    }

    /// Document of the answer.
    pub(crate) fn answer(&self) -> &[u8] {
        &self.answer
    }

    /// CPU time of that many calls.
    pub(crate) fn batch(&self, call: Call, calls: u32) -> Duration {
        let new = Operation::Register;
        match call {
            Call::Parse => {
                time(calls, self.document.clone(), |document| self.provider.parse(new, document, &FixedRealm))
            }
            Call::Judge => time(calls, (self.sent_seen.clone(), self.conditions.clone()), |(client, parts)| {
                let request = sdk::Request { context: &self.context, host: &self.host };
                client_policy_component::judge(CONDITIONS, sdk::Event::Register, &request, Some(&client), None, parts)
            }),
            Call::Execute => time(calls, (self.sent_seen.clone(), self.executors.clone()), |(client, parts)| {
                let request = sdk::Request { context: &self.context, host: &self.host };
                client_policy_component::execute(EXECUTORS, sdk::Event::Register, &request, Some(client), None, parts)
            }),
            Call::BeforeRegister => time(calls, (self.sent_seen.clone(), self.before.clone()), |(client, policies)| {
                self.evaluate(sdk::Hook::BeforeRegister, client, policies)
            }),
            Call::Complete => time(calls, (self.sent.clone(), self.issued.clone()), |(client, issued)| {
                self.provider.complete(client, None, issued, &FixedRealm)
            }),
            Call::AfterRegister => time(calls, (self.hidden.clone(), self.after.clone()), |(client, policies)| {
                self.evaluate(sdk::Hook::AfterRegister, client, policies)
            }),
            Call::AllowedOrigins => time(calls, self.with_origins.clone(), |policies| {
                let request = sdk::Request { context: &self.context, host: &self.host };
                component::allowed_origins(KINDS, &request, policies)
            }),
            Call::Finish => time(calls, (), |()| {
                self.provider.finish(new, black_box(&self.amended), &self.registration, &FixedRealm)
            }),
        }
    }

    fn evaluate(
        &self,
        hook: sdk::Hook,
        client: sdk::Client,
        policies: Vec<sdk::ConfiguredPolicy>,
    ) -> Vec<sdk::Decision> {
        let request = sdk::Request { context: &self.context, host: &self.host };
        component::evaluate(KINDS, hook, &request, Some(client), None, policies)
    }
}

/// CPU time of that many runs, each with an input of its own; what becomes of input and output counts.
fn time<I: Clone, O>(calls: u32, input: I, run: impl Fn(I) -> O) -> Duration {
    let inputs: Vec<I> = (0..calls).map(|_| input.clone()).collect();
    let began = cpu_time();
    for input in inputs {
        drop(black_box(run(black_box(input))));
    }
    cpu_time() - began
}

/// The client as policies see it: without the secret.
fn seen(client: Client) -> sdk::Client {
    let attribute = |from: matricula_core::contract::matricula::registration::client::Attribute| sdk::Attribute {
        name: from.name,
        value: from.value,
    };
    let attributes = |from: Vec<_>| from.into_iter().map(attribute).collect::<Vec<_>>();
    let mapper =
        |from: matricula_core::contract::matricula::registration::client::ProtocolMapper| sdk::ProtocolMapper {
            id: from.id,
            name: from.name,
            protocol: from.protocol,
            mapper_type: from.mapper_type,
            consent_required: from.consent_required,
            config: attributes(from.config),
        };
    sdk::Client {
        id: client.id,
        client_id: client.client_id,
        name: client.name,
        description: client.description,
        type_: client.type_,
        protocol: client.protocol,
        enabled: client.enabled,
        always_display_in_console: client.always_display_in_console,
        surrogate_auth_required: client.surrogate_auth_required,
        root_url: client.root_url,
        base_url: client.base_url,
        admin_url: client.admin_url,
        redirect_uris: client.redirect_uris,
        web_origins: client.web_origins,
        public_client: client.public_client,
        bearer_only: client.bearer_only,
        client_authenticator_type: client.client_authenticator_type,
        secret: None,
        consent_required: client.consent_required,
        full_scope_allowed: client.full_scope_allowed,
        standard_flow_enabled: client.standard_flow_enabled,
        implicit_flow_enabled: client.implicit_flow_enabled,
        direct_access_grants_enabled: client.direct_access_grants_enabled,
        service_accounts_enabled: client.service_accounts_enabled,
        authorization_services_enabled: client.authorization_services_enabled,
        frontchannel_logout: client.frontchannel_logout,
        default_client_scopes: client.default_client_scopes,
        optional_client_scopes: client.optional_client_scopes,
        protocol_mappers: client.protocol_mappers.map(|mappers| mappers.into_iter().map(mapper).collect()),
        default_roles: client.default_roles,
        not_before: client.not_before,
        node_re_registration_timeout: client.node_re_registration_timeout,
        registered_nodes: client.registered_nodes.map(attributes),
        authentication_flow_binding_overrides: client.authentication_flow_binding_overrides.map(attributes),
        authorization_settings: client.authorization_settings,
        attributes: attributes(client.attributes),
    }
}

fn configured(policy: &ConfiguredPolicy) -> sdk::ConfiguredPolicy {
    let entry = |(name, values): &(&str, &[&str])| sdk::ConfigEntry {
        name: (*name).to_owned(),
        values: values.iter().map(|value| (*value).to_owned()).collect(),
    };
    sdk::ConfiguredPolicy {
        provider: policy.provider.to_owned(),
        name: policy.provider.to_owned(),
        config: policy.config.iter().map(entry).collect(),
    }
}

fn part(part: &ConfiguredPolicy) -> sdk::Configured {
    let sdk::ConfiguredPolicy { provider, name, config } = configured(part);
    sdk::Configured { provider, policy: name, config }
}

fn context(request: &Request) -> sdk::Context {
    let token = request.bearer;
    sdk::Context {
        realm: "test".to_owned(),
        provider: request.provider.to_owned(),
        operation: sdk::Operation::Register,
        caller: sdk::Caller {
            kind: if token.is_some() { sdk::CallerKind::Bearer } else { sdk::CallerKind::Anonymous },
            subject: token.map(|_| request::ID.to_owned()),
            token_id: token.map(|_| request::ID.to_owned()),
            roles: token.unwrap_or_default().iter().map(|role| (*role).to_owned()).collect(),
            groups: Vec::new(),
            address: request::ADDRESS.to_owned(),
            origin: None,
        },
        registration_auth: match token {
            Some(_) => sdk::RegistrationAuth::Authenticated,
            None => sdk::RegistrationAuth::Anonymous,
        },
        now: request::NOW,
        attributes: Vec::new(),
    }
}

/// What policies may ask.
fn host() -> sdk::Host {
    let scope = |(name, protocol, assigned): (&str, &'static str, Assigned)| {
        let assigned = match assigned {
            Assigned::None => sdk::ScopeAssignment::None,
            Assigned::Default => sdk::ScopeAssignment::Default,
            Assigned::Optional => sdk::ScopeAssignment::Optional,
        };
        (protocol, sdk::ClientScope { name: name.to_owned(), assigned })
    };
    sdk::Host {
        client_scopes: request::SCOPES.into_iter().map(scope).collect(),
        base_url: request::BASE_URL.to_owned(),
        settings: request::SETTINGS.into_iter().map(|(name, value)| (name, value.to_owned())).collect(),
        client_count: 7,
        ..sdk::Host::default()
    }
}

/// What providers may ask.
struct FixedRealm;

impl Realm for FixedRealm {
    fn client_scopes(&self, protocol: &str) -> Vec<ClientScope> {
        let of_protocol = request::SCOPES.into_iter().filter(|(_, of, _)| *of == protocol);
        of_protocol
            .map(|(name, _, assigned)| ClientScope {
                name: name.to_owned(),
                assigned: match assigned {
                    Assigned::None => ScopeAssignment::None,
                    Assigned::Default => ScopeAssignment::Default,
                    Assigned::Optional => ScopeAssignment::Optional,
                },
            })
            .collect()
    }

    fn acr_levels(&self) -> Vec<(String, i32)> {
        Vec::new()
    }

    fn has_flow(&self, _id: &str) -> bool {
        false
    }

    fn base_url(&self) -> String {
        request::BASE_URL.to_owned()
    }

    fn setting(&self, name: &str) -> Option<String> {
        request::SETTINGS.into_iter().find(|(known, _)| *known == name).map(|(_, value)| value.to_owned())
    }

    fn addresses_of(&self, _host: &str) -> Vec<String> {
        Vec::new()
    }

    fn fetch(&self, _url: &str) -> Result<Response, String> {
        Err("nothing is fetched".to_owned())
    }
}
