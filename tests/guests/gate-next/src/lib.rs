//! Policy `gate-next`, built for contract 0.2.0: it uses the hook and the field that 0.1.0 does not have. Nobody
//! gets a client's credentials, and the refusal says under which number it is recorded.

/// The contract's types, generated from `wit/` and `wit/next/`.
#[allow(missing_docs, clippy::all, unreachable_pub)]
mod contract {
    wit_bindgen::generate!({
        path: ["../../../wit", "../../../wit/next"],
        world: "matricula:registration/policy@0.2.0",
        generate_all,
        pub_export_macro: false,
    });
}

use contract::exports::matricula::registration0_2_0::policies::{
    Client, ConfigError, ConfiguredPolicy, Context, Decision, Guest, Hook, PolicyProvider,
};
use contract::matricula::registration0_1_0::decision::Violation;

/// The component.
struct GateNext;

impl Guest for GateNext {
    fn describe() -> Vec<PolicyProvider> {
        vec![PolicyProvider {
            id: "gate-next".to_owned(),
            version: "1".to_owned(),
            help_text: "For tests".to_owned(),
            hooks: vec![Hook::BeforeView, Hook::BeforeInstall],
            allows_origins: false,
            properties: Vec::new(),
        }]
    }

    fn check_config(_: ConfiguredPolicy) -> Result<(), Vec<ConfigError>> {
        Ok(())
    }

    fn evaluate(
        hook: Hook,
        context: Context,
        _: Option<Client>,
        _: Option<Client>,
        policies: Vec<ConfiguredPolicy>,
    ) -> Vec<Decision> {
        let decide = |_| match hook {
            Hook::BeforeInstall => Decision::Reject(vec![Violation {
                error: None,
                field: None,
                value: None,
                message: format!("see decision {}", context.decision),
                hint: None,
            }]),
            _ => Decision::Accept(Vec::new()),
        };
        policies.iter().map(decide).collect()
    }

    fn allowed_origins(_: Context, _: Vec<ConfiguredPolicy>) -> Vec<String> {
        Vec::new()
    }
}

#[cfg(target_arch = "wasm32")]
contract::export!(GateNext with_types_in contract);
