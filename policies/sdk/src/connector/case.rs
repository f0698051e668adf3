//! Cases of connectors as data: a task, the calls that it makes with recorded answers, and how it ends.
//! `tests/cases/README.md` says what is in them.

use std::fs;
use std::path::Path;

use serde_json::{Map, Value, json};

use super::{HeldTask, LookTask, Loss, PutTask, RemoveTask, Target, Task};
use crate::connector_component::{self as component, Kind};
use crate::connector_contract::exports::matricula::registration0_2_0::connectors::{
    Answer, Call, Done, Finished, ForeignClient, Listed, Method, Response, Step,
};
use crate::{Attribute, Client, ConfigEntry, ProtocolMapper, Violation};

/// Runs the cases of a folder (`*.json`, each a list); how many there are.
///
/// # Errors
/// The cases that came out otherwise, or a file that is none.
pub fn run(kinds: &[Kind], folder: &Path) -> Result<usize, String> {
    let mut files: Vec<_> = fs::read_dir(folder)
        .map_err(|error| format!("{}: {error}", folder.display()))?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension().is_some_and(|extension| extension == "json"))
        .collect();
    files.sort();
    let (mut count, mut failures) = (0, Vec::new());
    for file in files {
        let text = fs::read_to_string(&file).map_err(|error| format!("{}: {error}", file.display()))?;
        let cases: Vec<Value> = serde_json::from_str(&text).map_err(|error| format!("{}: {error}", file.display()))?;
        for case in &cases {
            count += 1;
            if let Err(why) = run_one(kinds, case) {
                failures.push(format!("{}, {}: {why}", file.display(), case["name"]));
            }
        }
    }
    if failures.is_empty() { Ok(count) } else { Err(failures.join("\n")) }
}

fn run_one(kinds: &[Kind], case: &Value) -> Result<(), String> {
    only(case, &["name", "comment", "call", "client", "target", "task", "exchange", "expected"])?;
    let target = target(kinds, &case["target"])?;
    let found = match case["call"].as_str() {
        None => return exchange(kinds, case, target),
        Some("check-config") => match component::check_config(kinds, target) {
            Ok(()) => json!([]),
            Err(errors) => {
                errors.iter().map(|error| json!({"property": error.property, "message": error.message})).collect()
            }
        },
        Some("review") => match component::review(kinds, &client(&case["client"])?, target) {
            Ok(losses) => json!({"ok": losses.iter().map(loss).collect::<Vec<_>>()}),
            Err(violations) => json!({"err": violations.iter().map(violation).collect::<Vec<_>>()}),
        },
        Some("wanted") => texts(&component::wanted(kinds, &client(&case["client"])?, target)),
        Some(other) => return Err(format!("there is no call {other:?}")),
    };
    names(&case["expected"], &found)
}

/// A whole task, step by step.
fn exchange(kinds: &[Kind], case: &Value, target: Target) -> Result<(), String> {
    let task = task(&case["task"])?;
    let steps = case["exchange"].as_array().ok_or("a list `exchange` is expected")?;
    let mut step = component::begin(kinds, &task, target.clone());
    for (index, expected) in steps.iter().enumerate() {
        let told = |why: String| format!("step {}: {why}", index + 1);
        only(expected, &["call", "response", "unreachable", "done", "wait", "refused", "foreign", "gone", "failed"])
            .map_err(told)?;
        let mut compared = expected.clone();
        if let Some(members) = compared.as_object_mut() {
            members.retain(|name, _| !matches!(name.as_str(), "response" | "unreachable"));
        }
        names(&compared, &shown(&step)).map_err(told)?;
        let Step::Call(call) = step else {
            let is_last = index + 1 == steps.len();
            return if is_last { Ok(()) } else { Err(told("the task ends here".into())) };
        };
        let Some(answer) = answer(expected).map_err(told)? else { return Ok(()) };
        step = component::proceed(kinds, &task, target.clone(), &call.state, answer);
    }
    Err(format!("the task goes on: {}", shown(&step)))
}

/// What a call is answered with. Absent: nobody looks further.
fn answer(expected: &Value) -> Result<Option<Answer>, String> {
    if let Some(why) = expected["unreachable"].as_str() {
        return Ok(Some(Answer::Unreachable(why.to_owned())));
    }
    let Some(response) = expected.get("response") else { return Ok(None) };
    only(response, &["status", "headers", "body"])?;
    let status = response["status"].as_u64().and_then(|status| u16::try_from(status).ok());
    Ok(Some(Answer::Response(Response {
        status: status.ok_or("`status` is missing")?,
        headers: attributes(&response["headers"])?,
        body: bytes(&response["body"]).unwrap_or_default(),
    })))
}

/// Whether what is found has everything that is expected. What a case does not name is not compared, but lists are
/// compared as a whole.
fn names(expected: &Value, found: &Value) -> Result<(), String> {
    let differs = || Err(format!("expected {expected}\n  but it is {found}"));
    match (expected, found) {
        (Value::Object(members), Value::Object(there)) => {
            for (name, value) in members {
                names(value, there.get(name).unwrap_or(&Value::Null)).map_err(|why| format!("{name}: {why}"))?;
            }
            Ok(())
        }
        (Value::Array(entries), Value::Array(there)) if entries.len() == there.len() => {
            entries.iter().zip(there).try_for_each(|(entry, there)| names(entry, there))
        }
        _ if expected == found => Ok(()),
        _ => differs(),
    }
}

/// A step as cases write it.
fn shown(step: &Step) -> Value {
    match step {
        Step::Call(call) => json!({"call": call_of(call)}),
        Step::Done(done) => json!({"done": match done {
            Done::Finished(finished) => json!({"finished": finished_of(finished)}),
            Done::Missing => json!("missing"),
            Done::Page(page) => json!({"page": {
                "clients": page.clients.iter().map(listed).collect::<Vec<_>>(),
                "next": page.next.as_deref().map(body),
            }}),
            Done::Ready(what) => json!({"ready": what}),
        }}),
        Step::Wait(wait) => json!({"wait": {"seconds": wait.seconds}}),
        Step::Refused(why) => json!({"refused": violation(why)}),
        Step::Foreign(foreign) => json!({"foreign": foreign_of(foreign)}),
        Step::Gone(why) => json!({"gone": why}),
        Step::Failed(why) => json!({"failed": why}),
    }
}

fn call_of(call: &Call) -> Value {
    let method = match call.method {
        Method::Get => "get",
        Method::Head => "head",
        Method::Post => "post",
        Method::Put => "put",
        Method::Patch => "patch",
        Method::Delete => "delete",
    };
    json!({
        "method": method,
        "url": call.url,
        "path": call.path,
        "headers": texts(&call.headers),
        "body": call.body.as_deref().map(body),
        "authorize": call.authorize,
    })
}

fn finished_of(finished: &Finished) -> Value {
    let issued = finished.issued.as_ref();
    json!({
        "known": finished.known.as_deref().map(body),
        "key": finished.key,
        "fingerprint": finished.fingerprint,
        "shown": texts(&finished.shown),
        "losses": finished.losses.iter().map(loss).collect::<Vec<_>>(),
        "issued": issued.map(|issued| json!({"client-id": issued.client_id, "secret": issued.secret})),
    })
}

fn foreign_of(foreign: &ForeignClient) -> Value {
    json!({"key": foreign.key, "mark": foreign.mark, "shown": texts(&foreign.shown)})
}

fn listed(listed: &Listed) -> Value {
    let Listed { id, client_id, known, fingerprint } = listed;
    json!({"id": id, "client-id": client_id, "known": body(known), "fingerprint": fingerprint})
}

fn loss(loss: &Loss) -> Value {
    json!({"field": loss.field, "value": loss.value, "becomes": loss.becomes, "message": loss.message})
}

fn violation(violation: &Violation) -> Value {
    let Violation { error, field, value, message, hint } = violation;
    json!({"error": error, "field": field, "value": value, "message": message, "hint": hint})
}

/// Bytes as text; what is JSON with members is that.
fn body(bytes: &[u8]) -> Value {
    let text = String::from_utf8_lossy(bytes);
    match serde_json::from_str(&text) {
        Ok(json @ (Value::Object(_) | Value::Array(_))) => json,
        _ => Value::from(text),
    }
}

fn texts(entries: &[Attribute]) -> Value {
    entries.iter().map(|entry| (entry.name.clone(), Value::from(entry.value.as_str()))).collect::<Map<_, _>>().into()
}

fn target(kinds: &[Kind], json: &Value) -> Result<Target, String> {
    only(json, &["kind", "name", "realm", "realm-id", "now", "config"])?;
    let text = |name: &str, otherwise: &str| json[name].as_str().unwrap_or(otherwise).to_owned();
    let config = json["config"].as_object().into_iter().flatten().map(|(name, values)| {
        let values = values.as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned);
        ConfigEntry { name: name.clone(), values: values.collect() }
    });
    Ok(Target {
        kind: text("kind", kinds.first().map_or("", Kind::id)),
        name: text("name", "target"),
        realm: text("realm", "cases"),
        realm_id: text("realm-id", "realm-id"),
        now: json["now"].as_u64().unwrap_or(1_700_000_000),
        config: config.collect(),
    })
}

fn task(json: &Value) -> Result<Task, String> {
    if json.as_str() == Some("probe") {
        return Ok(Task::Probe);
    }
    let (name, data) = json.as_object().and_then(|task| task.iter().next()).ok_or("`task` is missing")?;
    let text = |name: &str| data[name].as_str().unwrap_or_default().to_owned();
    let generation = data["generation"].as_u64().unwrap_or(1);
    let known = bytes(&data["known"]);
    Ok(match name.as_str() {
        "put" => {
            only(data, &["client", "generation", "known", "adopt"])?;
            let adopt = data["adopt"] == true;
            Task::Put(PutTask { client: client(&data["client"])?, generation, known, adopt })
        }
        "remove" => {
            only(data, &["id", "client-id", "generation", "known"])?;
            Task::Remove(RemoveTask { id: text("id"), client_id: text("client-id"), generation, known })
        }
        "look" => {
            only(data, &["id", "client-id", "known"])?;
            Task::Look(LookTask { id: text("id"), client_id: text("client-id"), known })
        }
        "enumerate" => Task::Enumerate(bytes(data)),
        "held" => {
            only(data, &["client", "generation", "reason", "decision"])?;
            let (reason, decision) = (text("reason"), text("decision"));
            Task::Held(HeldTask { client: client(&data["client"])?, generation, reason, decision })
        }
        other => return Err(format!("there is no task {other:?}")),
    })
}

fn client(json: &Value) -> Result<Client, String> {
    let mut client = Client::default();
    for (name, value) in json.as_object().ok_or("a client is expected")? {
        let text = || value.as_str().map(str::to_owned);
        let flag = value.as_bool();
        let list = || -> Option<Vec<String>> {
            value.as_array().map(|list| list.iter().filter_map(Value::as_str).map(str::to_owned).collect())
        };
        match name.as_str() {
            "id" => client.id = text(),
            "client-id" => client.client_id = text(),
            "name" => client.name = text(),
            "description" => client.description = text(),
            "type" => client.type_ = text(),
            "protocol" => client.protocol = text(),
            "enabled" => client.enabled = flag,
            "always-display-in-console" => client.always_display_in_console = flag,
            "surrogate-auth-required" => client.surrogate_auth_required = flag,
            "root-url" => client.root_url = text(),
            "base-url" => client.base_url = text(),
            "admin-url" => client.admin_url = text(),
            "redirect-uris" => client.redirect_uris = list(),
            "web-origins" => client.web_origins = list(),
            "public-client" => client.public_client = flag,
            "bearer-only" => client.bearer_only = flag,
            "client-authenticator-type" => client.client_authenticator_type = text(),
            "secret" => client.secret = text(),
            "consent-required" => client.consent_required = flag,
            "full-scope-allowed" => client.full_scope_allowed = flag,
            "standard-flow-enabled" => client.standard_flow_enabled = flag,
            "implicit-flow-enabled" => client.implicit_flow_enabled = flag,
            "direct-access-grants-enabled" => client.direct_access_grants_enabled = flag,
            "service-accounts-enabled" => client.service_accounts_enabled = flag,
            "authorization-services-enabled" => client.authorization_services_enabled = flag,
            "frontchannel-logout" => client.frontchannel_logout = flag,
            "default-client-scopes" => client.default_client_scopes = list(),
            "optional-client-scopes" => client.optional_client_scopes = list(),
            "default-roles" => client.default_roles = list(),
            "not-before" => client.not_before = number(value),
            "node-re-registration-timeout" => client.node_re_registration_timeout = number(value),
            "registered-nodes" => client.registered_nodes = Some(attributes(value)?),
            "authentication-flow-binding-overrides" => {
                client.authentication_flow_binding_overrides = Some(attributes(value)?);
            }
            "authorization-settings" => client.authorization_settings = text(),
            "protocol-mappers" => {
                client.protocol_mappers =
                    Some(value.as_array().into_iter().flatten().map(mapper).collect::<Result<_, _>>()?);
            }
            "attributes" => client.attributes = attributes(value)?,
            other => return Err(format!("a client has no field {other:?}")),
        }
    }
    Ok(client)
}

fn mapper(json: &Value) -> Result<ProtocolMapper, String> {
    only(json, &["id", "name", "protocol", "mapper-type", "consent-required", "config"])?;
    let text = |name: &str| json[name].as_str().map(str::to_owned);
    Ok(ProtocolMapper {
        id: text("id"),
        name: text("name").unwrap_or_default(),
        protocol: text("protocol").unwrap_or_default(),
        mapper_type: text("mapper-type").unwrap_or_default(),
        consent_required: json["consent-required"] == true,
        config: attributes(&json["config"])?,
    })
}

fn attributes(json: &Value) -> Result<Vec<Attribute>, String> {
    let text = |value: &Value| value.as_str().map(str::to_owned).ok_or("a text is expected");
    let entries = json.as_object().into_iter().flatten();
    entries.map(|(name, value)| Ok(Attribute { name: name.clone(), value: text(value)? })).collect()
}

fn number(json: &Value) -> Option<i32> {
    json.as_i64().and_then(|number| number.try_into().ok())
}

/// Text as it is, JSON as its text.
fn bytes(json: &Value) -> Option<Vec<u8>> {
    match json {
        Value::Null => None,
        Value::String(text) => Some(text.clone().into_bytes()),
        other => Some(other.to_string().into_bytes()),
    }
}

/// Another member is a mistake.
fn only(json: &Value, known: &[&str]) -> Result<(), String> {
    let unknown = json.as_object().and_then(|members| members.keys().find(|name| !known.contains(&name.as_str())));
    unknown.map_or(Ok(()), |name| Err(format!("there is no {name:?}, only {}", known.join(", "))))
}
