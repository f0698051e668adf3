//! Connector `errand`: does what the setting `does` of its target says, well or badly. Its calls go to the setting `path`.
//! Connector `issuer` calls nobody, and makes id and secret of each client that is new to it.

/// The contract's types, generated from `wit/` and `wit/next/`.
#[allow(missing_docs, clippy::all, unreachable_pub)]
mod contract {
    wit_bindgen::generate!({
        path: ["../../../wit", "../../../wit/next"],
        world: "matricula:registration/connector@0.2.0",
        generate_all,
        pub_export_macro: false,
    });
}

use contract::exports::matricula::registration0_2_0::connectors::{
    Abilities, Answer, Attribute, Call, Client, ConfigError, ConnectorKind, Credentials, Done, Finished, Guest, Loss,
    Method, Page, Response, Step, Target, Task, Violation, Wait,
};
use contract::matricula::registration0_1_0::config::ConfigProperty;

/// The component.
struct Errand;

/// A setting of the target.
fn setting<'a>(target: &'a Target, name: &str) -> Option<&'a str> {
    let entry = target.config.iter().find(|entry| entry.name == name)?;
    entry.values.first().map(String::as_str)
}

fn property(name: &str) -> ConfigProperty {
    ConfigProperty {
        name: name.to_owned(),
        label: name.to_owned(),
        help_text: String::new(),
        type_: "String".to_owned(),
        default_value: None,
        options: Vec::new(),
        secret: false,
        required: false,
    }
}

/// A call, with the header `header: value` of the settings.
fn call(target: &Target, state: Vec<u8>) -> Step {
    let header = setting(target, "header").and_then(|header| header.split_once(": "));
    let header = header.map(|(name, value)| Attribute { name: name.to_owned(), value: value.to_owned() });
    Step::Call(Call {
        method: Method::Post,
        url: setting(target, "url").map(str::to_owned),
        path: setting(target, "path").unwrap_or_default().to_owned(),
        headers: header.into_iter().collect(),
        body: Some(b"{\"hello\":\"target\"}".to_vec()),
        authorize: setting(target, "authorize") == Some("true"),
        state,
    })
}

fn finished(known: Vec<u8>, key: String) -> Step {
    let shown = vec![Attribute { name: "shown".to_owned(), value: key.clone() }];
    let (known, key) = (Some(known), Some(key));
    Step::Done(Done::Finished(Finished { known, key, fingerprint: None, shown, losses: Vec::new(), issued: None }))
}

/// The end of a task that is done well: status and body are its key.
fn answered(Response { status, body, .. }: Response) -> Step {
    let text = format!("{status} {}", String::from_utf8_lossy(&body));
    if (200..300).contains(&status) { finished(Vec::new(), text) } else { Step::Failed(text) }
}

impl Guest for Errand {
    fn describe() -> Vec<ConnectorKind> {
        let types = ["none", "bearer", "basic", "client-credentials", "standard-webhooks"];
        let errand = ConnectorKind {
            id: "errand".to_owned(),
            version: "1".to_owned(),
            help_text: "For tests".to_owned(),
            properties: ["does", "path", "url", "header", "authorize", "seconds"].map(property).into(),
            further_urls: vec!["public".to_owned()],
            credentials: types.map(str::to_owned).into(),
            protocols: vec!["openid-connect".to_owned(), "saml".to_owned()],
            able: Abilities::SHOWS | Abilities::ENUMERATES | Abilities::DISABLES,
        };
        let issuer = ConnectorKind { id: "issuer".to_owned(), able: Abilities::ISSUES, ..errand.clone() };
        vec![errand, issuer]
    }

    fn check_config(target: Target) -> Result<(), Vec<ConfigError>> {
        match setting(&target, "does") {
            Some("nothing") => Err(vec![ConfigError { property: None, message: "does nothing".to_owned() }]),
            _ => Ok(()),
        }
    }

    fn review(client: Client, _: Target) -> Result<Vec<Loss>, Vec<Violation>> {
        let lost = |(field, value): (&str, Option<String>)| {
            Some(Loss { field: field.to_owned(), value: Some(value?), becomes: None, message: "lost".to_owned() })
        };
        Ok([("secret", client.secret), ("name", client.name)].into_iter().filter_map(lost).collect())
    }

    fn wanted(client: Client, _: Target) -> Vec<Attribute> {
        client.name.map(|value| Attribute { name: "name".to_owned(), value }).into_iter().collect()
    }

    fn begin(task: Task, target: Target) -> Step {
        if target.kind == "issuer" {
            return issue(task);
        }
        match setting(&target, "does") {
            Some("trap") => unreachable!("as it was told"),
            Some("long state") => call(&target, vec![0; (64 << 10) + 1]),
            Some("long known") => finished(vec![0; (16 << 10) + 1], String::new()),
            Some("other end") => Step::Done(Done::Page(Page { clients: Vec::new(), next: None })),
            Some("pause") => pause(&target),
            Some("tell the secret") => match task {
                Task::Put(put) => Step::Failed(format!("it has {:?}", put.client.secret)),
                _ => Step::Failed("no secret".to_owned()),
            },
            _ => call(&target, b"asked".to_vec()),
        }
    }

    fn proceed(task: Task, target: Target, state: Vec<u8>, answer: Answer) -> Step {
        match (setting(&target, "does"), answer) {
            (Some("call for ever"), _) => call(&target, state),
            (_, Answer::Unreachable(why)) => Step::Failed(why),
            (Some("pause after the answer"), Answer::Response(_)) => pause(&target),
            (_, Answer::Resumed) => finished(state, "resumed".to_owned()),
            (Some("refuse"), Answer::Response(response)) => Step::Refused(Violation {
                error: None,
                field: None,
                value: None,
                message: String::from_utf8_lossy(&response.body).into_owned(),
                hint: None,
            }),
            (_, Answer::Response(response)) => match task {
                Task::Probe => Step::Done(Done::Ready(String::from_utf8_lossy(&response.body).into_owned())),
                _ => answered(response),
            },
        }
    }
}

/// The end of a task of `issuer`.
fn issue(task: Task) -> Step {
    let client = match task {
        Task::Probe => return Step::Done(Done::Ready(String::new())),
        Task::Put(put) if put.known.is_none() => Some(put.client),
        _ => None,
    };
    let issued = client.map(|client| Credentials {
        client_id: Some(format!("issued-{}", client.name.unwrap_or_default())),
        secret: Some("issued secret".to_owned()),
    });
    Step::Done(Done::Finished(Finished {
        known: Some(Vec::new()),
        key: None,
        fingerprint: None,
        shown: Vec::new(),
        losses: Vec::new(),
        issued,
    }))
}

fn pause(target: &Target) -> Step {
    let seconds = setting(target, "seconds").and_then(|seconds| seconds.parse().ok()).unwrap_or_default();
    Step::Wait(Wait { seconds, state: b"paused".to_vec() })
}

#[cfg(target_arch = "wasm32")]
contract::export!(Errand with_types_in contract);
