//! Policy `gate`, one of several versions that tests swap: this one gives no decision, but only when a request is decided
//! about, so that trying it out does not tell.

/// The contract's types, generated from `wit/`.
#[allow(missing_docs, clippy::all, unreachable_pub)]
mod contract {
    wit_bindgen::generate!({
        path: "../../../wit",
        world: "policy",
        generate_all,
        pub_export_macro: false,
    });
}

use contract::exports::matricula::registration::policies::{
    Client, ConfigError, ConfiguredPolicy, Context, Decision, Guest, Hook, PolicyProvider,
};

/// The component.
struct Silent;

impl Guest for Silent {
    fn describe() -> Vec<PolicyProvider> {
        vec![PolicyProvider {
            id: "gate".to_owned(),
            version: "0.1.0".to_owned(),
            help_text: "For tests".to_owned(),
            hooks: vec![Hook::AfterRegister],
            allows_origins: false,
            properties: Vec::new(),
        }]
    }

    fn check_config(_: ConfiguredPolicy) -> Result<(), Vec<ConfigError>> {
        Ok(())
    }

    fn evaluate(
        _: Hook,
        context: Context,
        _: Option<Client>,
        _: Option<Client>,
        policies: Vec<ConfiguredPolicy>,
    ) -> Vec<Decision> {
        let decisions = policies.iter().map(|_| Decision::Accept(Vec::new()));
        if context.realm == "shop" { Vec::new() } else { decisions.collect() }
    }

    fn allowed_origins(_: Context, _: Vec<ConfiguredPolicy>) -> Vec<String> {
        Vec::new()
    }
}

#[cfg(target_arch = "wasm32")]
contract::export!(Silent with_types_in contract);
