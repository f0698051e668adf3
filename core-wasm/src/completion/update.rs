//! An update of a stored client (Keycloak: `RepresentationToModel.updateClient`): named fields replace, the rest stays.

use super::lists::{addresses, distinct, origins};
use super::scopes::{self, Named};
use super::{SECRET_CREATION_TIME, attributes, creation, mappers};
use crate::contract::exports::matricula::registration::providers::{Completed, Effect};
use crate::contract::matricula::registration::client::Client;
use crate::contract::matricula::registration::request::Issued;
use crate::realm::Realm;

/// Moves the fields that are named from one client to the other.
macro_rules! replace {
    ($sent:ident => $client:ident: $($field:ident)+) => {
        $(if $sent.$field.is_some() {
            $client.$field = $sent.$field;
        })+
    };
}

/// Makes the full client as it is after the update. The id stays.
pub(super) fn update(sent: Client, stored: Client, issued: &Issued, realm: &dyn Realm) -> Completed {
    let mut client = stored;
    let mut effects = Vec::new();
    let from_realm = sent.protocol.is_some() && sent.protocol != client.protocol;
    let new_artifact_identifier = sent.protocol.as_deref() == Some("saml")
        && attributes::get(&sent.attributes, "saml.artifact.binding.identifier").is_none();

    replace!(sent => client:
        client_id name description type_ protocol enabled always_display_in_console surrogate_auth_required
        root_url base_url admin_url public_client bearer_only client_authenticator_type consent_required
        full_scope_allowed standard_flow_enabled implicit_flow_enabled direct_access_grants_enabled
        service_accounts_enabled frontchannel_logout not_before node_re_registration_timeout);
    // The switch alone does nothing here, as in Keycloak.
    let makes_resource_server = sent.authorization_settings.is_some();
    if makes_resource_server || client.authorization_services_enabled == Some(true) {
        be_resource_server(&mut client);
    }
    let creation_time_sent = attributes::get(&sent.attributes, SECRET_CREATION_TIME).is_some();
    attributes::merge(&mut client.attributes, sent.attributes);
    if let Some(nodes) = sent.registered_nodes {
        attributes::merge_entries(client.registered_nodes.get_or_insert_default(), nodes);
    }
    if let Some(overrides) = sent.authentication_flow_binding_overrides {
        attributes::merge_entries(client.authentication_flow_binding_overrides.get_or_insert_default(), overrides);
    }
    update_uris(&mut client, sent.redirect_uris, sent.web_origins);
    let secret_made = update_secret(&mut client, sent.secret, issued);
    if secret_made && !creation_time_sent {
        attributes::set(&mut client.attributes, SECRET_CREATION_TIME, &issued.now.to_string());
    }
    if new_artifact_identifier && let Some(client_id) = &client.client_id {
        creation::set_artifact_identifier(&mut client.attributes, client_id);
    }

    let named = Named { default: sent.default_client_scopes, optional: sent.optional_client_scopes };
    let scopes_named = named.any();
    scopes::assign(&mut client, named, from_realm, realm);
    match sent.service_accounts_enabled {
        _ if client.authorization_services_enabled == Some(true) => effects.push(Effect::CreateServiceAccount),
        Some(true) => {
            // Unlike on create, lists that are named hold exactly.
            if !scopes_named {
                scopes::add_service_account(&mut client, realm);
            }
            effects.push(Effect::CreateServiceAccount);
        }
        Some(false) => {
            scopes::remove_service_account(&mut client);
            effects.push(Effect::RemoveServiceAccount);
        }
        None => {}
    }
    if let Some(mappers) = sent.protocol_mappers {
        client.protocol_mappers = Some(mappers::updated(mappers, client.protocol_mappers.unwrap_or_default()));
    }
    if let Some(roles) = sent.default_roles.map(distinct) {
        client.default_roles = Some(roles.clone());
        effects.push(Effect::SetDefaultRoles(roles));
    }
    // Only the answer to the update that names them shows them.
    client.authorization_settings = sent.authorization_settings;
    if makes_resource_server {
        effects.push(Effect::CreateResourceServer);
    }
    Completed { client, effects }
}

/// A resource server acts for itself: it has a service account and a secret, whatever was sent, and remains one.
fn be_resource_server(client: &mut Client) {
    client.authorization_services_enabled = Some(true);
    client.service_accounts_enabled = Some(true);
    client.public_client = Some(false);
    client.bearer_only = Some(false);
}

/// A client without web origins gets those of its redirect URIs, unless the request names its own.
fn update_uris(client: &mut Client, redirect_uris: Option<Vec<String>>, web_origins: Option<Vec<String>>) {
    if let Some(uris) = redirect_uris {
        client.redirect_uris = Some(addresses(uris));
    }
    if let Some(web_origins) = web_origins {
        client.web_origins = Some(addresses(web_origins));
    } else if client.web_origins.as_ref().is_none_or(Vec::is_empty) {
        client.web_origins = Some(origins(client.redirect_uris.as_deref().unwrap_or_default()));
    }
}

/// A public client has no secret (deviation 11); any other has the sent one, its own, or a new one: `true`.
fn update_secret(client: &mut Client, sent: Option<String>, issued: &Issued) -> bool {
    if client.public_client == Some(true) {
        client.secret = None;
    } else if sent.is_some() {
        client.secret = sent;
    } else if client.secret.is_none() {
        client.secret = Some(issued.secret.clone());
        return true;
    }
    false
}
