//! What an amendment does to a client: the third reading of `client` in `wit/client.wit`.

use crate::{Attribute, Client};

/// The client that an update makes of a stored one, as far as fields say: a request is read as an amendment then.
pub fn updated(stored: &Client, proposed: &Client) -> Client {
    let mut client = stored.clone();
    apply(proposed, &mut client);
    client
}

/// Changes the client as the host will, so that the policies that follow see it.
///
/// Ids and the secret stay: the host refuses to amend them.
pub(crate) fn apply(change: &Client, client: &mut Client) {
    // Written out, so that a field added to the contract can't be forgotten here.
    let Client {
        id: _,
        client_id: _,
        secret: _,
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
        registered_nodes,
        authentication_flow_binding_overrides,
        authorization_settings,
        attributes,
    } = change;
    replace(name, &mut client.name);
    replace(description, &mut client.description);
    replace(type_, &mut client.type_);
    replace(protocol, &mut client.protocol);
    replace(enabled, &mut client.enabled);
    replace(always_display_in_console, &mut client.always_display_in_console);
    replace(surrogate_auth_required, &mut client.surrogate_auth_required);
    replace(root_url, &mut client.root_url);
    replace(base_url, &mut client.base_url);
    replace(admin_url, &mut client.admin_url);
    replace(redirect_uris, &mut client.redirect_uris);
    replace(web_origins, &mut client.web_origins);
    replace(public_client, &mut client.public_client);
    replace(bearer_only, &mut client.bearer_only);
    replace(client_authenticator_type, &mut client.client_authenticator_type);
    replace(consent_required, &mut client.consent_required);
    replace(full_scope_allowed, &mut client.full_scope_allowed);
    replace(standard_flow_enabled, &mut client.standard_flow_enabled);
    replace(implicit_flow_enabled, &mut client.implicit_flow_enabled);
    replace(direct_access_grants_enabled, &mut client.direct_access_grants_enabled);
    replace(service_accounts_enabled, &mut client.service_accounts_enabled);
    replace(authorization_services_enabled, &mut client.authorization_services_enabled);
    replace(frontchannel_logout, &mut client.frontchannel_logout);
    replace(default_client_scopes, &mut client.default_client_scopes);
    replace(optional_client_scopes, &mut client.optional_client_scopes);
    replace(protocol_mappers, &mut client.protocol_mappers);
    replace(default_roles, &mut client.default_roles);
    replace(not_before, &mut client.not_before);
    replace(node_re_registration_timeout, &mut client.node_re_registration_timeout);
    replace(authorization_settings, &mut client.authorization_settings);
    merge(attributes, &mut client.attributes);
    if let Some(nodes) = registered_nodes {
        merge(nodes, client.registered_nodes.get_or_insert_default());
    }
    if let Some(overrides) = authentication_flow_binding_overrides {
        merge(overrides, client.authentication_flow_binding_overrides.get_or_insert_default());
    }
}

/// A present field replaces, an absent one stays.
fn replace<T: Clone>(change: &Option<T>, field: &mut Option<T>) {
    if let Some(value) = change {
        *field = Some(value.clone());
    }
}

/// Entry by entry; an empty value removes.
fn merge(changes: &[Attribute], attributes: &mut Vec<Attribute>) {
    for change in changes {
        match attributes.iter().position(|attribute| attribute.name == change.name) {
            Some(at) if change.value.is_empty() => drop(attributes.swap_remove(at)),
            Some(at) => attributes[at].value.clone_from(&change.value),
            None if change.value.is_empty() => {}
            None => attributes.push(change.clone()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn attribute(name: &str, value: &str) -> Attribute {
        Attribute { name: name.into(), value: value.into() }
    }

    #[test]
    fn replaces_present_fields_and_keeps_absent_ones() {
        let mut client = Client {
            name: Some("before".into()),
            description: Some("kept".into()),
            redirect_uris: Some(vec!["https://example.com/a".into(), "https://example.com/b".into()]),
            ..Client::default()
        };
        let change = Client { name: Some(String::new()), redirect_uris: Some(Vec::new()), ..Client::default() };
        apply(&change, &mut client);
        assert_eq!(client.name.as_deref(), Some(""));
        assert_eq!(client.description.as_deref(), Some("kept"));
        assert_eq!(client.redirect_uris, Some(Vec::new()));
    }

    #[test]
    fn never_changes_ids_or_the_secret() {
        let mut client = Client { id: Some("1".into()), client_id: Some("app".into()), ..Client::default() };
        let other = |text: &str| Some(text.to_owned());
        let change = Client { id: other("2"), client_id: other("b"), secret: other("s"), ..Client::default() };
        let before = client.clone();
        apply(&change, &mut client);
        assert_eq!(client, before);
    }

    #[test]
    fn merges_attributes_and_removes_those_with_an_empty_value() {
        let mut client = Client {
            attributes: vec![attribute("a", "1"), attribute("b", "2"), attribute("c", "3")],
            ..Client::default()
        };
        let change = Client {
            attributes: vec![attribute("a", ""), attribute("b", "4"), attribute("d", "5"), attribute("e", "")],
            registered_nodes: Some(vec![attribute("node", "1700000000")]),
            ..Client::default()
        };
        apply(&change, &mut client);
        client.attributes.sort_by(|one, other| one.name.cmp(&other.name));
        assert_eq!(client.attributes, [attribute("b", "4"), attribute("c", "3"), attribute("d", "5")]);
        assert_eq!(client.registered_nodes, Some(vec![attribute("node", "1700000000")]));
    }
}
