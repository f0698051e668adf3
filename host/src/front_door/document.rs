//! The metadata of an authorization server, and what a realm before it makes of it: the same but for what is done here.

use std::sync::Arc;

use arc_swap::ArcSwapOption;
use matricula_realms::Realm;
use matricula_store::scopes::Assigned;
use serde_json::{Map, Value};

/// Members that are this server's to say, and one that repeats the others, signed.
const NOT_THEIRS: [&str; 5] = [
    REGISTRATION_ENDPOINT,
    "client_id_metadata_document_supported",
    "registration_modes_supported",
    "software_statement_alg_values_supported",
    "signed_metadata",
];
const REGISTRATION_ENDPOINT: &str = "registration_endpoint";
/// It is for every protocol, whatever scopes a realm has.
const OPENID: &str = "openid";

/// Metadata that was found good.
#[derive(Debug)]
pub(super) struct Document {
    /// As it came.
    text: String,
    /// What was made of it last: requests need not.
    made: ArcSwapOption<Made>,
}

/// Metadata for the callers of a realm, but for its end.
#[derive(Debug)]
struct Made {
    /// The realm's [`Realm::shown`] that it was made with.
    realm: [u8; 32],
    /// JSON up to the address of the registration endpoint, which callers see as they ask.
    text: String,
}

impl Document {
    pub(super) fn new(text: String) -> Document {
        Document { text, made: ArcSwapOption::empty() }
    }

    /// As it came.
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// Where the server's keys are.
    pub(super) fn jwks_uri(&self) -> Option<String> {
        self.members().get("jwks_uri")?.as_str().map(str::to_owned)
    }

    /// Bytes that it takes, about.
    pub(super) fn bytes(&self) -> u64 {
        2 * self.text.len() as u64
    }

    /// For a caller of a realm, JSON.
    pub(super) fn with(&self, realm: &Realm, registration_endpoint: &str) -> String {
        let known = self.made.load_full().filter(|made| made.realm == realm.shown);
        let made = known.unwrap_or_else(|| {
            let made = Arc::new(Made { realm: realm.shown, text: begin(&self.members(), realm) });
            self.made.store(Some(Arc::clone(&made)));
            made
        });
        format!("{}{}}}", made.text, Value::from(registration_endpoint))
    }

    fn members(&self) -> Map<String, Value> {
        serde_json::from_str(&self.text).unwrap_or_default()
    }
}

/// The metadata of a realm, up to the address of its registration endpoint.
fn begin(theirs: &Map<String, Value>, realm: &Realm) -> String {
    let kept_back = |name: &str| {
        let of_realm = realm.scopes.iter().find(|scope| scope.name == name && name != OPENID);
        of_realm.is_some_and(|scope| scope.assigned == Assigned::None)
    };
    let mut ours: Map<String, Value> = theirs.clone();
    ours.retain(|name, _| !NOT_THEIRS.contains(&name.as_str()));
    if let Some(Value::Array(scopes)) = ours.get_mut("scopes_supported") {
        // There are libraries that ask for all that is named.
        scopes.retain(|scope| !scope.as_str().is_some_and(kept_back));
    }
    if let Some(Value::Object(aliases)) = ours.get_mut("mtls_endpoint_aliases") {
        aliases.shift_remove(REGISTRATION_ENDPOINT);
    }
    let documents = realm.settings.client_id_metadata_documents.enabled;
    ours.insert("client_id_metadata_document_supported".to_owned(), documents.into());
    let mut text = Value::Object(ours).to_string();
    // There is a member before.
    text.pop();
    text + ",\"" + REGISTRATION_ENDPOINT + "\":"
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that panics fails")]
mod tests {
    use matricula_realms::defaults::NewRealm;
    use matricula_store::realm_settings::Settings;
    use serde_json::json;

    use super::*;

    #[test]
    fn all_stays_but_what_is_done_here() {
        let realm = NewRealm::usual("1".to_owned(), "demo".to_owned(), true, Settings::default()).realm;
        let theirs = json!({
            "x_new": {"a": [1, null, 1.0]},
            "registration_endpoint": "https://sso.example/register",
            "issuer": "https://sso.example",
            "signed_metadata": "e30.e30.x",
            "registration_modes_supported": ["theirs"],
            "software_statement_alg_values_supported": ["theirs"],
            "client_id_metadata_document_supported": true,
            "scopes_supported": ["theirs", "openid", "service_account", "profile", 1],
            "mtls_endpoint_aliases": {"token_endpoint": "https://m.sso.example/token", "registration_endpoint": "x"},
        });
        let document = Document::new(theirs.to_string());
        for endpoint in ["https://here.example/\"", "https://there.example/"] {
            let ours: Value = serde_json::from_str(&document.with(&realm, endpoint)).unwrap();
            let expected = json!({
                "x_new": {"a": [1, null, 1.0]},
                "issuer": "https://sso.example",
                "scopes_supported": ["theirs", "openid", "profile", 1],
                "mtls_endpoint_aliases": {"token_endpoint": "https://m.sso.example/token"},
                "client_id_metadata_document_supported": false,
                "registration_endpoint": endpoint,
            });
            assert_eq!(ours, expected);
        }
    }
}
