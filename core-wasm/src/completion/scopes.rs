//! Client scopes of a client: the realm's, the named ones, and that of the service account.

use crate::contract::matricula::registration::client::Client;
use crate::contract::matricula::registration::realm::{ClientScope, ScopeAssignment};
use crate::realm::Realm;

/// The scope of clients with a service account.
const SERVICE_ACCOUNT: &str = "service_account";

/// The lists that a request names.
pub(super) struct Named {
    pub(super) default: Option<Vec<String>>,
    pub(super) optional: Option<Vec<String>>,
}

/// Gives the client its scopes. `named` replaces both lists when it has one of them, names that the realm does not have
/// for the protocol are left out, and a name in both counts as default. Without, the client keeps its scopes unless
/// `from_realm` is set: then they are those that the realm gives to new clients.
pub(super) fn assign(
    client: &mut Client,
    named: Named,
    from_realm: bool,
    service_account: Option<bool>,
    realm: &dyn Realm,
) {
    let is_named = named.default.is_some() || named.optional.is_some();
    if is_named || from_realm || service_account == Some(true) {
        let scopes = realm.client_scopes(client.protocol.as_deref().unwrap_or_default());
        if is_named {
            let default = existing(named.default.unwrap_or_default(), &scopes, &[]);
            let optional = existing(named.optional.unwrap_or_default(), &scopes, &default);
            client.default_client_scopes = Some(default);
            client.optional_client_scopes = Some(optional);
        } else if from_realm {
            client.default_client_scopes = Some(assigned(&scopes, ScopeAssignment::Default));
            client.optional_client_scopes = Some(assigned(&scopes, ScopeAssignment::Optional));
        }
        if service_account == Some(true) && scopes.iter().any(|scope| scope.name == SERVICE_ACCOUNT) {
            let default = client.default_client_scopes.get_or_insert_default();
            if !default.iter().any(|name| name == SERVICE_ACCOUNT) {
                default.push(SERVICE_ACCOUNT.to_owned());
            }
            remove_service_account(&mut client.optional_client_scopes);
        }
    }
    if service_account == Some(false) {
        remove_service_account(&mut client.default_client_scopes);
        remove_service_account(&mut client.optional_client_scopes);
    }
}

fn remove_service_account(names: &mut Option<Vec<String>>) {
    if let Some(names) = names {
        names.retain(|name| name != SERVICE_ACCOUNT);
    }
}

/// The names that are scopes and not taken yet, each once. A realm has few scopes, so what is kept is short.
fn existing(names: Vec<String>, scopes: &[ClientScope], taken: &[String]) -> Vec<String> {
    let mut kept: Vec<String> = Vec::with_capacity(names.len().min(scopes.len()));
    for name in names {
        if scopes.iter().any(|scope| scope.name == name) && !kept.contains(&name) && !taken.contains(&name) {
            kept.push(name);
        }
    }
    kept
}

fn assigned(scopes: &[ClientScope], assignment: ScopeAssignment) -> Vec<String> {
    scopes.iter().filter(|scope| scope.assigned == assignment).map(|scope| scope.name.clone()).collect()
}
