//! Policy `miscounts-later`: it behaves when it is tried, and then answers with no decision, however many policies it is
//! asked for. The SDK would not let it.

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
struct MiscountsLater;

impl Guest for MiscountsLater {
    fn describe() -> Vec<PolicyProvider> {
        vec![PolicyProvider {
            id: "miscounts-later".to_owned(),
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
        _: Context,
        proposed: Option<Client>,
        _: Option<Client>,
        policies: Vec<ConfiguredPolicy>,
    ) -> Vec<Decision> {
        // Only a client that is tried out has no name by then.
        let is_tried = proposed.is_none_or(|client| client.client_id.is_none());
        if is_tried { policies.iter().map(|_| Decision::Accept(Vec::new())).collect() } else { Vec::new() }
    }

    fn allowed_origins(_: Context, _: Vec<ConfiguredPolicy>) -> Vec<String> {
        Vec::new()
    }
}

#[cfg(target_arch = "wasm32")]
contract::export!(MiscountsLater with_types_in contract);
