//! Another version of component `parts`: its executor is run on another event, and refuses everything there.

/// The contract's types, generated from `wit/`.
#[allow(missing_docs, clippy::all, unreachable_pub)]
mod contract {
    wit_bindgen::generate!({
        path: "../../../wit",
        world: "client-policy",
        generate_all,
        pub_export_macro: false,
    });
}

use contract::exports::matricula::registration::client_policies::{
    Client, ConditionProvider, ConfigError, Configured, Context, Event, ExecutorProvider, Guest, Offer, Outcome, Role,
    Verdict,
};
use contract::matricula::registration::decision::Violation;

/// The component.
struct PartsNext;

impl Guest for PartsNext {
    fn describe() -> Offer {
        let (version, help_text) = ("2.0.0".to_owned(), "For tests".to_owned());
        Offer {
            conditions: vec![ConditionProvider {
                id: "moody".to_owned(),
                version: version.clone(),
                help_text: help_text.clone(),
                reads: None,
                properties: Vec::new(),
            }],
            executors: vec![ExecutorProvider {
                id: "door".to_owned(),
                version,
                help_text,
                events: vec![Event::Registered],
                properties: Vec::new(),
            }],
        }
    }

    fn check_config(_: Role, _: Configured) -> Result<(), Vec<ConfigError>> {
        Ok(())
    }

    fn judge(
        _: Event,
        _: Context,
        _: Option<Client>,
        _: Option<Client>,
        conditions: Vec<Configured>,
    ) -> Vec<Result<Verdict, String>> {
        conditions.iter().map(|_| Ok(Verdict::Yes)).collect()
    }

    fn execute(
        _: Event,
        _: Context,
        _: Option<Client>,
        _: Option<Client>,
        executors: Vec<Configured>,
    ) -> Vec<Result<Outcome, String>> {
        let refuse = |_| {
            Ok(Outcome::Refuse(Violation {
                error: None,
                field: None,
                value: None,
                message: "the door is locked behind you".to_owned(),
                hint: None,
            }))
        };
        executors.iter().map(refuse).collect()
    }
}

#[cfg(target_arch = "wasm32")]
contract::export!(PartsNext with_types_in contract);
