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

impl Named {
    /// Whether there is one.
    pub(super) fn any(&self) -> bool {
        self.default.is_some() || self.optional.is_some()
    }
}

/// Gives the client its scopes. `named` replaces both lists when it has one of them; names that the realm does not have
/// for the protocol are left out, and a name in both counts as default. Without, the client keeps its scopes unless
/// `from_realm` is set: then they are those that the realm gives to new clients.
pub(super) fn assign(client: &mut Client, named: Named, from_realm: bool, realm: &dyn Realm) {
    if named.any() {
        let scopes = of_protocol(client, realm);
        let default = existing(named.default.unwrap_or_default(), &scopes, &[]);
        let optional = existing(named.optional.unwrap_or_default(), &scopes, &default);
        client.default_client_scopes = Some(default);
        client.optional_client_scopes = Some(optional);
    } else if from_realm {
        let scopes = of_protocol(client, realm);
        client.default_client_scopes = Some(assigned(&scopes, ScopeAssignment::Default));
        client.optional_client_scopes = Some(assigned(&scopes, ScopeAssignment::Optional));
    }
}

/// Makes the scope of service accounts a default one, if the realm has it.
pub(super) fn add_service_account(client: &mut Client, realm: &dyn Realm) {
    if of_protocol(client, realm).iter().any(|scope| scope.name == SERVICE_ACCOUNT) {
        remove_service_account(client);
        client.default_client_scopes.get_or_insert_default().push(SERVICE_ACCOUNT.to_owned());
    }
}

/// Takes the scope of service accounts away.
pub(super) fn remove_service_account(client: &mut Client) {
    for names in [&mut client.default_client_scopes, &mut client.optional_client_scopes].into_iter().flatten() {
        names.retain(|name| name != SERVICE_ACCOUNT);
    }
}

fn of_protocol(client: &Client, realm: &dyn Realm) -> Vec<ClientScope> {
    realm.client_scopes(client.protocol.as_deref().unwrap_or_default())
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
