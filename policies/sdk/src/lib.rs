//! What a registration policy in Rust is written with: the contract's types, [`Policy`] and [`export!`].
//!
//! Read `policy.rs` first; `component.rs` is what the host calls, `component_0_2.rs` (feature `contract-0-2`) the same of a
//! component of contract 0.2.0. `client_policy.rs` and `client_policy_component.rs` are
//! the same for conditions and executors of client policies, `provider.rs` and `provider_component.rs` for providers,
//! `connector.rs` and `connector_component.rs` (feature `connector`) for connectors. All of it compiles natively too,
//! where [`Host`] answers from data, so that policies are tested like any other code.
//!
//! ```
//! use matricula_policy_sdk::{Client, Config, ConfigError, Decision, Policy, Request};
//!
//! struct NoImplicitFlow;
//!
//! impl Policy for NoImplicitFlow {
//!     const ID: &'static str = "no-implicit-flow";
//!     const HELP_TEXT: &'static str = "Clients can't use the implicit flow";
//!
//!     fn read(_: &mut Config) -> Result<Self, ConfigError> {
//!         Ok(Self)
//!     }
//!
//!     fn after_register(&self, _: &Request, client: &Client) -> Decision {
//!         match client.implicit_flow_enabled {
//!             Some(false) => Decision::accept(),
//!             _ => Decision::refuse("The implicit flow is not offered"),
//!         }
//!     }
//! }
//!
//! matricula_policy_sdk::export!(NoImplicitFlow);
//! # fn main() {}
//! ```

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::panic, reason = "a test that panics fails"))]

/// The contract's types and imports, generated from `wit/`.
#[allow(missing_docs, clippy::all, unreachable_pub)]
pub mod contract {
    wit_bindgen::generate!({
        path: "wit",
        world: "policy",
        generate_all,
        pub_export_macro: true,
        default_bindings_module: "$crate::contract",
        additional_derives: [PartialEq],
        additional_type_attributes: {
            "matricula:registration/client@0.1.0/attribute": [#[derive(Default)]],
            "matricula:registration/client@0.1.0/protocol-mapper": [#[derive(Default)]],
            "matricula:registration/client@0.1.0/client": [#[derive(Default)]],
            "matricula:registration/decision@0.1.0/violation": [#[derive(Default)]],
            "matricula:registration/request@0.1.0/operation": [#[derive(Default)]],
            "matricula:registration/request@0.1.0/caller-kind": [#[derive(Default)]],
            "matricula:registration/request@0.1.0/caller": [#[derive(Default)]],
            "matricula:registration/request@0.1.0/registration-auth": [#[derive(Default)]],
            "matricula:registration/request@0.1.0/context": [#[derive(Default)]],
            "matricula:registration/config@0.1.0/config-property": [#[derive(Default)]],
        },
        additional_member_attributes: {
            "matricula:registration/request@0.1.0/operation.register": [#[default]],
            "matricula:registration/request@0.1.0/caller-kind.anonymous": [#[default]],
            "matricula:registration/request@0.1.0/registration-auth.anonymous": [#[default]],
        },
    });
}

/// The same for world `client-policy`; it shares its types with [`contract`].
#[allow(missing_docs, clippy::all, unreachable_pub)]
pub mod client_policy_contract {
    wit_bindgen::generate!({
        path: "wit",
        world: "client-policy",
        pub_export_macro: true,
        export_macro_name: "export_client_policies",
        default_bindings_module: "$crate::client_policy_contract",
        additional_derives: [PartialEq],
        with: {
            "matricula:registration/client@0.1.0": crate::contract::matricula::registration::client,
            "matricula:registration/request@0.1.0": crate::contract::matricula::registration::request,
            "matricula:registration/decision@0.1.0": crate::contract::matricula::registration::decision,
            "matricula:registration/config@0.1.0": crate::contract::matricula::registration::config,
            "matricula:registration/realm@0.1.0": crate::contract::matricula::registration::realm,
            "matricula:registration/facts@0.1.0": crate::contract::matricula::registration::facts,
            "matricula:registration/clients@0.1.0": generate,
        },
    });
}

/// The same for world `provider`; it shares its types with [`contract`].
#[allow(missing_docs, clippy::all, unreachable_pub)]
pub mod provider_contract {
    wit_bindgen::generate!({
        path: "wit",
        world: "provider",
        pub_export_macro: true,
        export_macro_name: "export_providers",
        default_bindings_module: "$crate::provider_contract",
        additional_derives: [PartialEq],
        with: {
            "matricula:registration/client@0.1.0": crate::contract::matricula::registration::client,
            "matricula:registration/request@0.1.0": crate::contract::matricula::registration::request,
            "matricula:registration/decision@0.1.0": crate::contract::matricula::registration::decision,
            "matricula:registration/realm@0.1.0": crate::contract::matricula::registration::realm,
            "matricula:registration/facts@0.1.0": crate::contract::matricula::registration::facts,
            "matricula:registration/fetch@0.1.0": generate,
        },
    });
}

/// World `policy` of contract 0.2.0; it shares its types with [`contract`].
#[cfg(feature = "contract-0-2")]
#[allow(missing_docs, clippy::all, unreachable_pub)]
pub mod contract_0_2 {
    wit_bindgen::generate!({
        path: ["wit", "wit/next"],
        // The same world under a name of its own, as macros are named by their world and there is one of 0.1.0.
        inline: "
            package matricula:sdk;
            world next-policy { include matricula:registration/policy@0.2.0; }
        ",
        world: "matricula:sdk/next-policy",
        generate_all,
        pub_export_macro: true,
        export_macro_name: "export_policies_0_2",
        default_bindings_module: "$crate::contract_0_2",
        additional_derives: [PartialEq],
        with: {
            "matricula:registration/client@0.1.0": crate::contract::matricula::registration::client,
            "matricula:registration/request@0.1.0": crate::contract::matricula::registration::request,
            "matricula:registration/decision@0.1.0": crate::contract::matricula::registration::decision,
            "matricula:registration/config@0.1.0": crate::contract::matricula::registration::config,
            "matricula:registration/realm@0.1.0": crate::contract::matricula::registration::realm,
            "matricula:registration/facts@0.1.0": crate::contract::matricula::registration::facts,
        },
    });
}

/// World `connector` of contract 0.2.0; it shares its types with [`contract`].
#[cfg(feature = "connector")]
#[allow(missing_docs, clippy::all, unreachable_pub)]
pub mod connector_contract {
    wit_bindgen::generate!({
        path: ["wit", "wit/next"],
        world: "matricula:registration/connector@0.2.0",
        pub_export_macro: true,
        export_macro_name: "export_connectors",
        default_bindings_module: "$crate::connector_contract",
        additional_derives: [PartialEq],
        additional_type_attributes: {
            "matricula:registration/connectors@0.2.0/finished": [#[derive(Default)]],
            "matricula:registration/connectors@0.2.0/loss": [#[derive(Default)]],
            "matricula:registration/connectors@0.2.0/target": [#[derive(Default)]],
        },
        with: {
            "matricula:registration/client@0.1.0": crate::contract::matricula::registration::client,
            "matricula:registration/decision@0.1.0": crate::contract::matricula::registration::decision,
            "matricula:registration/config@0.1.0": crate::contract::matricula::registration::config,
        },
    });
}

mod amendment;
mod client_policy;
pub mod client_policy_component;
pub mod component;
#[cfg(feature = "contract-0-2")]
pub mod component_0_2;
mod config;
#[cfg(feature = "connector")]
pub mod connector;
#[cfg(feature = "connector")]
pub mod connector_component;
mod decision;
mod host;
#[cfg(target_arch = "wasm32")]
pub mod panic;
mod policy;
mod provider;
pub mod provider_component;

pub use amendment::updated;
pub use client_policy::{Condition as ClientPolicyCondition, Executor, Moment};
pub use client_policy_contract::exports::matricula::registration::client_policies::{
    ConditionProvider, Configured, Event, ExecutorProvider, Offer, Outcome, Role, Verdict,
};
pub use config::{Config, Property};
pub use contract::exports::matricula::registration::policies::{
    ConfigEntry, ConfigError, ConfigProperty, ConfiguredPolicy, Hook, PolicyProvider,
};
pub use contract::matricula::registration::client::{Attribute, Client, ProtocolMapper};
pub use contract::matricula::registration::decision::{Condition, ConditionKind, Decision, Violation};
pub use contract::matricula::registration::facts::Level;
pub use contract::matricula::registration::realm::{ClientScope, ScopeAssignment};
pub use contract::matricula::registration::request::{
    Caller, CallerKind, Context, Issued, Operation, RegistrationAuth,
};
pub use host::Host;
pub use policy::{ALL_HOOKS, Policy, Request};
pub use provider::{Provider, full};
pub use provider_contract::exports::matricula::registration::providers::{
    Completed, Document, Registration, RegistrationProvider,
};
pub use provider_contract::matricula::registration::fetch::Response;
