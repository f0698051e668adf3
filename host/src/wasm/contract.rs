//! The contract as Rust: types and bindings generated from `wit/` for every world; they share their types.

/// World `provider`: documents ⇄ clients.
#[allow(missing_docs, unreachable_pub, clippy::all)]
pub(crate) mod provider {
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
        additional_derives: [PartialEq, serde::Serialize, serde::Deserialize],
    });
}

/// World `policy`: client registration policies.
#[allow(missing_docs, unreachable_pub, clippy::all)]
pub(crate) mod policy {
    wasmtime::component::bindgen!({
        path: "../wit",
        world: "policy",
        exports: { default: async },
        additional_derives: [PartialEq, serde::Serialize, serde::Deserialize],
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

/// World `policy` of contract 0.2.0, which shares with 0.1.0 what it does not change.
#[allow(missing_docs, unreachable_pub, clippy::all)]
pub(crate) mod next {
    wasmtime::component::bindgen!({
        path: ["../wit", "../wit/next"],
        world: "matricula:registration/policy@0.2.0",
        exports: { default: async },
        additional_derives: [PartialEq, serde::Serialize, serde::Deserialize],
        with: {
            "matricula:registration/client@0.1.0": super::provider::matricula::registration::client,
            "matricula:registration/request@0.1.0": super::provider::matricula::registration::request,
            "matricula:registration/decision@0.1.0": super::provider::matricula::registration::decision,
            "matricula:registration/config@0.1.0": super::policy::matricula::registration::config,
            "matricula:registration/realm@0.1.0": super::provider::matricula::registration::realm,
            "matricula:registration/facts@0.1.0": super::provider::matricula::registration::facts,
        },
        require_store_data_send: true,
    });
}

/// World `client-policy`: conditions and executors.
#[allow(missing_docs, unreachable_pub, clippy::all)]
pub(crate) mod client_policy {
    wasmtime::component::bindgen!({
        path: "../wit",
        world: "client-policy",
        imports: {
            "matricula:registration/clients.roles-of": async | trappable,
            default: trappable,
        },
        exports: { default: async },
        additional_derives: [PartialEq],
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

/// World `connector` of contract 0.2.0: what targets want.
#[allow(missing_docs, unreachable_pub, clippy::all)]
pub(crate) mod connector {
    wasmtime::component::bindgen!({
        path: ["../wit", "../wit/next"],
        world: "matricula:registration/connector@0.2.0",
        imports: { default: trappable },
        exports: { default: async },
        additional_derives: [PartialEq],
        with: {
            "matricula:registration/client@0.1.0": super::provider::matricula::registration::client,
            "matricula:registration/decision@0.1.0": super::provider::matricula::registration::decision,
            "matricula:registration/config@0.1.0": super::policy::matricula::registration::config,
        },
        require_store_data_send: true,
    });
}

pub(crate) use client_policy::exports::matricula::registration::client_policies::{
    ConditionProvider, Configured, Event, ExecutorProvider, Outcome, Role, Verdict,
};
pub(crate) use client_policy::matricula::registration::clients;
pub(crate) use connector::exports::matricula::registration0_2_0::connectors;
pub(crate) use connector::matricula::registration0_2_0::log;
pub(crate) use next::exports::matricula::registration0_2_0::policies::{Hook, PolicyProvider};
pub(crate) use policy::exports::matricula::registration::policies::ConfiguredPolicy;
pub(crate) use policy::matricula::registration::config::{self, ConfigEntry, ConfigError, ConfigProperty};
pub(crate) use provider::exports::matricula::registration::providers::{
    Access, Completed, Document, Effect, Registration, RegistrationProvider,
};
pub(crate) use provider::matricula::registration::client::{Attribute, Client, ProtocolMapper};
pub(crate) use provider::matricula::registration::decision::{Condition, ConditionKind, Decision, Violation};
pub(crate) use provider::matricula::registration::realm::{ClientScope, ScopeAssignment};
pub(crate) use provider::matricula::registration::request::{
    Caller, CallerKind, Context, Issued, Operation, RegistrationAuth,
};
pub(crate) use provider::matricula::registration::{client, decision, facts, fetch, realm, request};
