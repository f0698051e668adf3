//! Policy `outsider`: a policy as it should be, but that it asks for the time of the machine.

/// The contract's types, generated from `wit/`, and a clock.
#[allow(missing_docs, clippy::all, unreachable_pub)]
mod contract {
    wit_bindgen::generate!({
        path: "../../../wit",
        inline: "
            package test:outsider;

            interface clock {
                now: func() -> u64;
            }

            world outsider {
                include matricula:registration/policy@0.1.0;
                import clock;
            }
        ",
        generate_all,
        pub_export_macro: false,
    });
}

use contract::exports::matricula::registration::policies::{
    Client, ConfigError, ConfiguredPolicy, Context, Decision, Guest, Hook, PolicyProvider,
};

/// The component.
struct Outsider;

impl Guest for Outsider {
    fn describe() -> Vec<PolicyProvider> {
        vec![PolicyProvider {
            id: "outsider".to_owned(),
            version: contract::test::outsider::clock::now().to_string(),
            help_text: "For tests".to_owned(),
            hooks: vec![Hook::BeforeRegister],
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
        _: Option<Client>,
        _: Option<Client>,
        policies: Vec<ConfiguredPolicy>,
    ) -> Vec<Decision> {
        policies.iter().map(|_| Decision::Accept(Vec::new())).collect()
    }

    fn allowed_origins(_: Context, _: Vec<ConfiguredPolicy>) -> Vec<String> {
        Vec::new()
    }
}

#[cfg(target_arch = "wasm32")]
contract::export!(Outsider with_types_in contract);
