//! Client scopes of a client: PUT of a client ignores them, so each difference is a call of its own.

use matricula_policy_sdk::Client;
use matricula_policy_sdk::connector::{Http, Loss, Next, Stop};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::Keycloak;
use crate::client::SCOPES;
use crate::shown::Shown;

/// What Keycloak itself gives to clients with a service account, and takes away with it.
const OF_SERVICE_ACCOUNTS: &str = "service_account";

/// One client scope, put into one of the lists or taken out.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Change {
    /// Default or optional.
    list: usize,
    /// The target's id of the scope.
    scope: String,
    adds: bool,
}

/// A client scope as the target lists it.
#[derive(Deserialize)]
pub(crate) struct ClientScope {
    id: String,
    name: String,
}

/// The two lists of names: default and optional.
pub(crate) type Lists = [Vec<String>; 2];

/// What the target shows.
pub(crate) fn of_shown(shown: &Shown) -> Lists {
    SCOPES.map(|list| shown.scopes(list))
}

fn of_client(client: &Client) -> Lists {
    [&client.default_client_scopes, &client.optional_client_scopes].map(|list| list.clone().unwrap_or_default())
}

/// Whether what the target has is other than what it should have.
pub(crate) fn differ(client: &Client, there: &Lists) -> bool {
    !names(client, there, true).is_empty() || !names(client, there, false).is_empty()
}

/// The calls that make the lists equal, as far as the target has the scopes. First what is taken out: a scope is in one
/// list only.
pub(crate) fn changes(client: &Client, there: &Lists, known: &[ClientScope]) -> Vec<Change> {
    let change = |adds: bool| {
        let id = move |name: &str| known.iter().find(|scope| scope.name == name).map(|scope| scope.id.clone());
        let named = names(client, there, adds).into_iter();
        named.filter_map(move |(list, name)| Some(Change { list, scope: id(&name)?, adds }))
    };
    change(false).chain(change(true)).collect()
}

/// Scopes that are to be added, or to be taken out, with their list.
fn names(client: &Client, there: &Lists, adds: bool) -> Vec<(usize, String)> {
    let here = of_client(client);
    let (from, without) = if adds { (&here, there) } else { (there, &here) };
    let keeps_own = !adds && client.service_accounts_enabled == Some(true);
    let names = from.iter().zip(without).enumerate();
    let names = names.flat_map(|(list, (from, without))| {
        let missing = from.iter().filter(|name| !without.contains(name));
        missing.filter(|name| !(keeps_own && *name == OF_SERVICE_ACCOUNTS)).map(move |name| (list, name.clone()))
    });
    names.collect()
}

/// What Keycloak itself adds to a client, so that it is no difference.
pub(crate) fn add_own(client: &Client, wanted: &mut Map<String, Value>) {
    let list = wanted.get_mut(SCOPES[0]).and_then(Value::as_array_mut);
    if let Some(list) = list.filter(|_| client.service_accounts_enabled == Some(true))
        && !list.iter().any(|name| name == OF_SERVICE_ACCOUNTS)
    {
        list.push(OF_SERVICE_ACCOUNTS.into());
    }
}

/// What the target does not have, after everything was done.
pub(crate) fn losses(client: &Client, there: &Lists) -> Vec<Loss> {
    let missing = names(client, there, true).into_iter();
    let loss = |(list, name): (usize, String)| {
        Loss::of(SCOPES[list], format!("The target has no client scope '{name}'")).value(name)
    };
    missing.map(loss).collect()
}

impl Keycloak {
    /// The call for one change.
    pub(crate) fn change_scope<S>(&self, key: &str, change: &Change, state: S) -> Next<S> {
        let list =
            ["default-client-scopes", "optional-client-scopes"].get(change.list).ok_or_else(Stop::out_of_step)?;
        let path = format!("{}/{list}/{}", self.client(key), change.scope);
        if change.adds { Http::put(path).then(state) } else { Http::delete(path).then(state) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(default: &[&str], optional: &[&str]) -> Client {
        Client {
            default_client_scopes: Some(texts(default)),
            optional_client_scopes: Some(texts(optional)),
            ..Client::default()
        }
    }

    fn texts(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn takes_out_before_it_puts_in_and_leaves_unknown_ones_alone() {
        let there = [texts(&["basic", "moves"]), texts(&["phone", "gone"])];
        let known: Vec<ClientScope> = ["basic", "moves", "phone", "gone", "email"]
            .map(|name| ClientScope { id: format!("id-{name}"), name: name.into() })
            .into();
        let client = client(&["basic", "internal"], &["moves", "phone", "email"]);
        let changes = changes(&client, &there, &known);
        let change = |adds: bool, list: usize, name: &str| Change { list, scope: format!("id-{name}"), adds };
        let expected =
            [change(false, 0, "moves"), change(false, 1, "gone"), change(true, 1, "moves"), change(true, 1, "email")];
        assert_eq!(changes, expected);
    }

    #[test]
    fn an_order_is_no_difference() {
        assert!(!differ(&client(&["a", "b"], &["c"]), &[texts(&["b", "a"]), texts(&["c"])]));
        assert!(differ(&client(&["a"], &["c"]), &[texts(&["b", "a"]), texts(&["c"])]));
    }

    #[test]
    fn leaves_what_keycloak_gives_to_service_accounts() {
        let there = [texts(&["service_account"]), texts(&[])];
        let with = Client { service_accounts_enabled: Some(true), ..client(&[], &[]) };
        assert!(!differ(&with, &there));
        assert!(differ(&client(&[], &[]), &there));
    }

    #[test]
    fn names_what_the_target_does_not_have() {
        let losses = losses(&client(&["internal"], &["phone"]), &[texts(&[]), texts(&["phone"])]);
        let [loss] = &losses[..] else { panic!("{losses:?}") };
        assert_eq!((loss.field.as_str(), loss.value.as_deref()), ("defaultClientScopes", Some("internal")));
        assert_eq!(loss.message, "The target has no client scope 'internal'");
    }
}
