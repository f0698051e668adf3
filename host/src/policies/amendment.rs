//! What policies may change of a client, and what they never see of it.

use matricula_contract::server_attributes::{self, Author};
use matricula_contract::{Attribute, Client};
use matricula_wasm::provider::ProviderCall;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

/// What no policy sees or changes, beside the secret.
pub(crate) const PRIVATE_KEY: &str = "saml.signing.private.key";

/// One field that a policy changed.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct Change {
    /// Its name in the caller's document, else in the contract.
    pub(crate) field: String,
    /// What it was; null: absent.
    #[schema(value_type = Value)]
    pub(crate) before: Value,
    /// What it is now; null: removed.
    #[schema(value_type = Value)]
    pub(crate) after: Value,
}

/// What a client has that policies don't see.
pub(crate) struct Hidden {
    secret: Option<String>,
    private_key: Option<(usize, Attribute)>,
}

/// Takes the secret and the private key out of a client.
pub(crate) fn hide(client: &mut Client) -> Hidden {
    let at = client.attributes.iter().position(|attribute| attribute.name == PRIVATE_KEY);
    Hidden { secret: client.secret.take(), private_key: at.map(|at| (at, client.attributes.remove(at))) }
}

impl Hidden {
    /// Puts back what was taken out.
    pub(crate) fn reveal(self, client: &mut Client) {
        client.secret = self.secret;
        if let Some((at, attribute)) = self.private_key {
            client.attributes.insert(at.min(client.attributes.len()), attribute);
        }
    }
}

/// Calls a macro with every field that is present as a whole or absent; ids, secret and entries by name are not among
/// them.
macro_rules! each_replaceable {
    ($with:ident) => {
        $with!(
            name,
            description,
            type_,
            protocol,
            enabled,
            always_display_in_console,
            surrogate_auth_required,
            root_url,
            base_url,
            admin_url,
            redirect_uris,
            web_origins,
            public_client,
            bearer_only,
            client_authenticator_type,
            consent_required,
            full_scope_allowed,
            standard_flow_enabled,
            implicit_flow_enabled,
            direct_access_grants_enabled,
            service_accounts_enabled,
            authorization_services_enabled,
            frontchannel_logout,
            default_client_scopes,
            optional_client_scopes,
            protocol_mappers,
            default_roles,
            not_before,
            node_re_registration_timeout,
            authorization_settings,
        )
    };
}

/// Carries out an amendment: present fields replace, attributes are merged. Gives what is different then, under the
/// contract's names; an error is the field that policies may not change.
pub(crate) fn amend(client: &mut Client, mut changes: Client) -> Result<Vec<Change>, &'static str> {
    // Policies have no more say in what the server keeps than documents.
    server_attributes::drop_from(&mut changes.attributes, Author::Administrator);
    if changes.id.is_some() {
        return Err("id");
    }
    if changes.client_id.is_some() {
        return Err("client-id");
    }
    if changes.secret.is_some() {
        return Err("secret");
    }
    if changes.attributes.iter().any(|attribute| attribute.name == PRIVATE_KEY || attribute.name == "realm_client") {
        return Err("attributes");
    }
    let mut made = Vec::new();
    macro_rules! replace {
        ($($field:ident),* $(,)?) => { $(
            if changes.$field.is_some() && changes.$field != client.$field {
                made.push(Change {
                    field: stringify!($field).trim_end_matches('_').replace('_', "-"),
                    before: json(&client.$field),
                    after: json(&changes.$field),
                });
                client.$field = changes.$field;
            }
        )* };
    }
    each_replaceable!(replace);
    merge("attributes", &mut client.attributes, changes.attributes, true, &mut made);
    if let Some(nodes) = changes.registered_nodes {
        merge("registered-nodes", client.registered_nodes.get_or_insert_default(), nodes, false, &mut made);
    }
    if let Some(flows) = changes.authentication_flow_binding_overrides {
        let stored = client.authentication_flow_binding_overrides.get_or_insert_default();
        merge("authentication-flow-binding-overrides", stored, flows, false, &mut made);
    }
    Ok(made)
}

/// What makes one full client of another, as a request would name it: an empty value removes an attribute. Ids are not
/// among it.
pub(crate) fn difference(before: &Client, after: &Client) -> Client {
    let mut changes = Client {
        id: None,
        client_id: None,
        secret: None,
        attributes: changed(&before.attributes, &after.attributes),
        registered_nodes: None,
        authentication_flow_binding_overrides: None,
        ..after.clone()
    };
    macro_rules! same_is_absent {
        ($($field:ident),* $(,)?) => { $(if before.$field == after.$field { changes.$field = None; })* };
    }
    each_replaceable!(same_is_absent);
    let entries = |before: &Option<Vec<Attribute>>, after: &Option<Vec<Attribute>>| {
        let changed = changed(before.as_deref().unwrap_or_default(), after.as_deref().unwrap_or_default());
        (!changed.is_empty()).then_some(changed)
    };
    changes.registered_nodes = entries(&before.registered_nodes, &after.registered_nodes);
    changes.authentication_flow_binding_overrides =
        entries(&before.authentication_flow_binding_overrides, &after.authentication_flow_binding_overrides);
    changes
}

/// The entries that are new or different, and the names of those that are gone.
fn changed(before: &[Attribute], after: &[Attribute]) -> Vec<Attribute> {
    let is_gone = |entry: &&Attribute| after.iter().all(|other| other.name != entry.name);
    let gone = before.iter().filter(is_gone).map(|entry| Attribute { name: entry.name.clone(), value: String::new() });
    after.iter().filter(|entry| !before.contains(entry)).cloned().chain(gone).collect()
}

/// Changes under the names of the caller's document, where it has one.
pub(crate) async fn named(mut changes: Vec<Change>, provider: &ProviderCall) -> Vec<Change> {
    for change in &mut changes {
        if let Some(name) = provider.document_name(&change.field).await.unwrap_or_default() {
            change.field = name;
        }
    }
    changes
}

fn json(value: &impl Serialize) -> Value {
    serde_json::to_value(value).unwrap_or_default()
}

/// Merges entries by name; an empty value removes the entry where that is the rule.
fn merge(field: &str, into: &mut Vec<Attribute>, changes: Vec<Attribute>, empty_removes: bool, made: &mut Vec<Change>) {
    for change in changes {
        let at = into.iter().position(|entry| entry.name == change.name);
        let before = at.map(|at| into[at].value.clone());
        let after = (!change.value.is_empty() || !empty_removes).then(|| change.value.clone());
        if before == after {
            continue;
        }
        made.push(Change { field: format!("{field}.{}", change.name), before: json(&before), after: json(&after) });
        match (at, after) {
            (Some(at), None) => {
                into.remove(at);
            }
            (Some(at), Some(value)) => into[at].value = value,
            (None, Some(_)) => into.push(change),
            (None, None) => {}
        }
    }
}
