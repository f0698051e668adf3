//! A condition and an executor of client policies that do what their setting says: agree, object, fail in several ways.
//! The SDK would not let them do most of it.

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
use contract::matricula::registration::config::ConfigProperty;
use contract::matricula::registration::decision::Violation;

/// The component.
struct Parts;

/// What a part is to do.
fn does(part: &Configured) -> &str {
    let setting = part.config.iter().find(|entry| entry.name == "does");
    setting.and_then(|entry| entry.values.first()).map_or("", |value| value.as_str())
}

/// The setting.
fn setting() -> Vec<ConfigProperty> {
    vec![ConfigProperty {
        name: "does".to_owned(),
        label: "Does".to_owned(),
        help_text: String::new(),
        type_: "String".to_owned(),
        default_value: None,
        options: Vec::new(),
        secret: false,
        required: false,
    }]
}

#[expect(clippy::panic, reason = "this is what it is for")]
fn trap() -> ! {
    panic!("trapped on purpose")
}

impl Guest for Parts {
    fn describe() -> Offer {
        let (version, help_text) = ("1.2.3".to_owned(), "For tests".to_owned());
        Offer {
            conditions: vec![ConditionProvider {
                id: "moody".to_owned(),
                version: version.clone(),
                help_text: help_text.clone(),
                reads: None,
                properties: setting(),
            }],
            executors: vec![ExecutorProvider {
                id: "door".to_owned(),
                version,
                help_text,
                events: vec![Event::Register],
                properties: setting(),
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
        let judge = |part: &Configured| match does(part) {
            "trap" => trap(),
            "report" => Err("the register of moods cannot be read".to_owned()),
            "no" => Ok(Verdict::No),
            _ => Ok(Verdict::Yes),
        };
        if conditions.iter().any(|part| does(part) == "miscount") {
            return Vec::new();
        }
        conditions.iter().map(judge).collect()
    }

    fn execute(
        _: Event,
        _: Context,
        _: Option<Client>,
        _: Option<Client>,
        executors: Vec<Configured>,
    ) -> Vec<Result<Outcome, String>> {
        let execute = |part: &Configured| match does(part) {
            "trap" => trap(),
            "report" => Err("the hinges are rusty".to_owned()),
            "refuse" => Ok(Outcome::Refuse(Violation {
                error: None,
                field: None,
                value: None,
                message: "the door is shut".to_owned(),
                hint: Some("the key is under the mat".to_owned()),
            })),
            _ => Ok(Outcome::Pass),
        };
        if executors.iter().any(|part| does(part) == "miscount") {
            return Vec::new();
        }
        executors.iter().map(execute).collect()
    }
}

#[cfg(target_arch = "wasm32")]
contract::export!(Parts with_types_in contract);
