//! What a registration policy in Rust is written with: the contract's types, [`Policy`] and [`export!`].
//!
//! Read `policy.rs` first; `component.rs` is what the host calls. All of it compiles natively too, where [`Host`]
//! answers from data, so that policies are tested like any other code.
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
        path: "../../wit",
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
            "matricula:registration/policies@0.1.0/config-property": [#[derive(Default)]],
        },
        additional_member_attributes: {
            "matricula:registration/request@0.1.0/operation.register": [#[default]],
            "matricula:registration/request@0.1.0/caller-kind.anonymous": [#[default]],
            "matricula:registration/request@0.1.0/registration-auth.anonymous": [#[default]],
        },
    });
}

mod amendment;
pub mod component;
mod config;
mod decision;
mod host;
mod policy;

pub use config::{Config, Property};
pub use contract::exports::matricula::registration::policies::{
    ConfigEntry, ConfigError, ConfigProperty, ConfiguredPolicy, Hook, PolicyProvider,
};
pub use contract::matricula::registration::client::{Attribute, Client, ProtocolMapper};
pub use contract::matricula::registration::decision::{Condition, ConditionKind, Decision, Violation};
pub use contract::matricula::registration::facts::Level;
pub use contract::matricula::registration::realm::{ClientScope, ScopeAssignment};
pub use contract::matricula::registration::request::{Caller, CallerKind, Context, Operation, RegistrationAuth};
pub use host::Host;
pub use policy::{ALL_HOOKS, Policy, Request};
