//! What a document must be beside good metadata: it is public, and anybody can have written it.

use std::borrow::Cow;

use serde_json::{Map, Value};

use super::distinct_names;
use super::settings::{Profile, Settings};
use super::url::Url;
use crate::contract::matricula::registration::client::Client;
use crate::contract::matricula::registration::decision::Violation;
use crate::contract::matricula::registration::request::Operation;
use crate::provider::openid_connect::published::{self, objection};
use crate::realm::Realm;
use crate::violation::{INVALID_REDIRECT_URI, refused};

/// Methods that need a secret which both sides know. A document tells it to everybody.
const SHARED_SECRET: [&str; 3] = ["client_secret_basic", "client_secret_post", "client_secret_jwt"];

/// Members of a key that only its owner may know (RFC 7518 §6, and `priv` of post-quantum keys).
const PRIVATE: [&str; 9] = ["d", "p", "q", "dp", "dq", "qi", "oth", "k", "priv"];

/// Members with addresses that somebody follows: the authorization server, or the browsers of its users.
const ADDRESSES: [&str; 9] = [
    "jwks_uri",
    "client_uri",
    "logo_uri",
    "tos_uri",
    "policy_uri",
    "sector_identifier_uri",
    "request_uris",
    "backchannel_logout_uri",
    "frontchannel_logout_uri",
];

/// Those of them that may come in other languages too: `logo_uri#de` (RFC 7591 §2.2).
const IN_OTHER_LANGUAGES: [&str; 4] = ["client_uri", "logo_uri", "tos_uri", "policy_uri"];

/// The client that the document at an address describes.
///
/// # Errors
/// The first rule of these documents that it breaks, else what `openid-connect` says of it.
pub(super) fn client(
    text: &str,
    address: &str,
    operation: Operation,
    settings: &Settings,
    realm: &dyn Realm,
) -> Result<Client, Violation> {
    let Some(members) = distinct_names::read_object(text) else {
        return Err(refused("invalid_client_metadata", "The document is not a JSON object".to_owned()));
    };
    let document = Document { members };
    document.check_identifier(address)?;
    document.check_presence(settings.profile)?;
    document.check_secrets()?;
    document.check_method()?;
    document.check_keys()?;
    document.check_addresses(settings.loopback, realm)?;
    document.check_redirect_uris()?;
    published::client(text.as_bytes(), operation, realm)
}

/// A document as read. Types are looked at by `openid-connect`, afterwards.
struct Document {
    members: Map<String, Value>,
}

impl Document {
    /// A member. `null` is as good as none.
    fn get(&self, name: &str) -> Option<&Value> {
        self.members.get(name).filter(|value| !value.is_null())
    }

    /// A member that is a text.
    fn text(&self, name: &str) -> Option<&str> {
        self.get(name).and_then(Value::as_str)
    }

    /// Whether a member is there, and more than an empty text.
    fn names(&self, name: &str) -> bool {
        self.get(name).is_some_and(|value| value.as_str() != Some(""))
    }

    fn check_identifier(&self, address: &str) -> Result<(), Violation> {
        let own = self.text("client_id");
        if own == Some(address) {
            return Ok(());
        }
        Err(objection("client_id", own.unwrap_or_default(), "client_id of the document differs from its address"))
    }

    fn check_presence(&self, profile: Profile) -> Result<(), Violation> {
        let missing = |name: &str| Err(objection(name, "", format!("{name} is missing")));
        let has_name = || self.text("client_name").map_or(self.names("client_name"), |name| !name.trim().is_empty());
        if profile == Profile::Mcp && !has_name() {
            return missing("client_name");
        }
        if (profile == Profile::Mcp || self.redirects()) && !self.names_redirect_uri() {
            return missing("redirect_uris");
        }
        Ok(())
    }

    /// Whether one of its grants sends the browser back to the client. Absent, `grant_types` is `authorization_code`.
    fn redirects(&self) -> bool {
        match self.get("grant_types") {
            None => true,
            Some(grants) => texts(grants).iter().any(|grant| matches!(&**grant, "authorization_code" | "implicit")),
        }
    }

    fn names_redirect_uri(&self) -> bool {
        match self.get("redirect_uris") {
            None => false,
            Some(Value::Array(uris)) => uris.iter().any(|uri| !uri.is_null() && uri.as_str() != Some("")),
            Some(_) => true,
        }
    }

    fn check_secrets(&self) -> Result<(), Violation> {
        // The value is not repeated, if there is one.
        match ["client_secret", "client_secret_expires_at"].into_iter().find(|name| self.get(name).is_some()) {
            Some(name) => Err(objection(name, "", format!("{name} is not allowed"))),
            None => Ok(()),
        }
    }

    fn check_method(&self) -> Result<(), Violation> {
        const METHOD: &str = "token_endpoint_auth_method";
        let Some(method) = self.text(METHOD).filter(|method| SHARED_SECRET.contains(method)) else { return Ok(()) };
        Err(objection(METHOD, method, format!("{METHOD} '{method}' needs a shared secret")))
    }

    fn check_keys(&self) -> Result<(), Violation> {
        if self.text("token_endpoint_auth_method") == Some("private_key_jwt")
            && self.names("jwks") == self.names("jwks_uri")
        {
            return Err(objection("jwks", "", "private_key_jwt needs jwks or jwks_uri"));
        }
        let keys = self.get("jwks").and_then(|set| set.get("keys")).and_then(Value::as_array);
        if keys.into_iter().flatten().any(is_secret) {
            return Err(objection("jwks", "", "jwks holds a private key"));
        }
        Ok(())
    }

    fn check_addresses(&self, loopback: bool, realm: &dyn Realm) -> Result<(), Violation> {
        let in_other_languages = self
            .members
            .keys()
            .map(String::as_str)
            .filter(|name| name.split_once('#').is_some_and(|(name, _)| IN_OTHER_LANGUAGES.contains(&name)));
        for name in ADDRESSES.into_iter().chain(in_other_languages) {
            for address in self.get(name).map(texts).unwrap_or_default() {
                if !address.is_empty() {
                    check_address(name, &address, loopback, realm)?;
                }
            }
        }
        Ok(())
    }

    fn check_redirect_uris(&self) -> Result<(), Violation> {
        let uris = self.get("redirect_uris").map(texts).unwrap_or_default();
        let Some(pattern) = uris.iter().find(|uri| uri.contains('*')) else { return Ok(()) };
        let message = format!("redirect_uris must be exact: {pattern}");
        Err(Violation { error: Some(INVALID_REDIRECT_URI.to_owned()), ..objection("redirect_uris", pattern, message) })
    }
}

/// The texts of a member that is one or a list of them, as `openid-connect` reads them: numbers count as texts.
fn texts(value: &Value) -> Vec<Cow<'_, str>> {
    match value {
        Value::String(text) => vec![Cow::Borrowed(text)],
        Value::Array(items) => items.iter().filter(|item| !item.is_array()).flat_map(texts).collect(),
        Value::Number(number) => vec![Cow::Owned(number.to_string())],
        Value::Bool(flag) => vec![Cow::Owned(flag.to_string())],
        Value::Null | Value::Object(_) => Vec::new(),
    }
}

/// Whether a key of a set is private, or one that both sides use.
fn is_secret(key: &Value) -> bool {
    PRIVATE.iter().any(|member| key.get(member).is_some()) || key.get("kty").and_then(Value::as_str) == Some("oct")
}

fn check_address(name: &str, address: &str, loopback: bool, realm: &dyn Realm) -> Result<(), Violation> {
    let hint = match Url::parse(address) {
        Some(url) if !url.is_https(loopback) => "it must be an https URL",
        Some(url) if url.host.leads_outside(loopback, realm) => return Ok(()),
        Some(_) => "its host is, or has, an address that is not on the public internet",
        None => "it is no URL, or its host is written in a way that programs read differently",
    };
    let violation = objection(name, address, format!("{name} leads to no public address"));
    Err(Violation { hint: Some(hint.to_owned()), ..violation })
}

#[cfg(test)]
mod tests;
