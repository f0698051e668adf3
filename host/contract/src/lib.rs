//! The contract as Rust: types and bindings generated from `wit/` for every world; they share their types.

pub mod names;
pub mod secrets;
pub mod server_attributes;
pub mod trace_target;
mod versions;

/// World `provider`: documents ⇄ clients.
#[allow(missing_docs, unreachable_pub, clippy::all)]
pub mod provider {
    wasmtime::component::bindgen!({
        path: "../../wit",
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
pub mod policy {
    wasmtime::component::bindgen!({
        path: "../../wit",
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

/// World `policy` of contract 0.2.0-trial, which shares with 0.1.0 what it does not change.
#[allow(missing_docs, unreachable_pub, clippy::all)]
pub mod next {
    wasmtime::component::bindgen!({
        path: ["../../wit", "../../wit/next"],
        world: "matricula:registration/policy@0.2.0-trial",
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
pub mod client_policy {
    wasmtime::component::bindgen!({
        path: "../../wit",
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

pub use client_policy::exports::matricula::registration::client_policies::{
    ConditionProvider, Configured, Event, ExecutorProvider, Outcome, Role, Verdict,
};
pub use client_policy::matricula::registration::clients;
pub use next::exports::matricula::registration0_2_0_trial::policies::{Hook, PolicyProvider};
pub use policy::exports::matricula::registration::policies::ConfiguredPolicy;
pub use policy::matricula::registration::config::{self, ConfigEntry, ConfigError, ConfigProperty};
pub use provider::exports::matricula::registration::providers::{
    Access, Completed, Document, Effect, Registration, RegistrationProvider,
};
pub use provider::matricula::registration::client::{Attribute, Client, ProtocolMapper};
pub use provider::matricula::registration::decision::{Condition, ConditionKind, Decision, Violation};
pub use provider::matricula::registration::realm::{ClientScope, ScopeAssignment};
pub use provider::matricula::registration::request::{
    Caller, CallerKind, Context, Issued, Operation, RegistrationAuth,
};
pub use provider::matricula::registration::{client, decision, facts, fetch, realm, request};
