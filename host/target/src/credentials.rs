//! Who we are at a target. Written by administrators, stored sealed, never shown; the connector does not see them.

use std::fmt;

use matricula_contract::secrets::MASK;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::base_url::BaseUrl;
use crate::standard_webhooks::{SIGNING_SECRETS, SigningSecret};

/// What nobody may read again: neither shown nor logged.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Secret(String);

impl Secret {
    /// For whoever sends it.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl From<String> for Secret {
    fn from(text: String) -> Secret {
        Secret(text)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(MASK)
    }
}

/// The ways to authorize a call, in the form in which they are stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "kebab-case", rename_all_fields = "camelCase")]
pub enum Credentials {
    /// Anybody may.
    None,
    /// RFC 6750.
    Bearer {
        /// Sent as it is.
        token: Secret,
    },
    /// RFC 7617.
    Basic {
        /// Before the colon.
        user: String,
        /// Behind it.
        password: Secret,
    },
    /// A bearer token for our own id and secret (RFC 6749 §4.4).
    ClientCredentials {
        /// Where the token comes from.
        token_url: BaseUrl,
        /// Of the service account.
        client_id: String,
        /// Sent with HTTP Basic.
        client_secret: Secret,
        /// Asked for, if anything is.
        scope: Option<String>,
    },
    /// Each call is signed; the newest secret first.
    StandardWebhooks {
        /// Newest first.
        secrets: Vec<SigningSecret>,
    },
}

/// What an administrator sent, read.
#[derive(Debug)]
pub struct Given {
    /// What is stored.
    pub credentials: Credentials,
    /// Signing secrets were made here: they are shown once.
    pub made: bool,
}

/// What is there already, when a target is changed.
#[derive(Clone, Copy)]
pub struct Stored<'a> {
    /// What is stored.
    pub credentials: &'a Credentials,
    /// The target's address keeps its origin. If not, nobody may send there a secret that he can't read.
    pub url_stays: bool,
}

/// Whose credentials these are to be.
#[derive(Clone, Copy)]
pub struct ForConnector<'a> {
    /// Its id.
    pub id: &'a str,
    /// The types that it names.
    pub types: &'a [String],
}

impl Credentials {
    /// Its type, as documents name it.
    pub fn kind(&self) -> &'static str {
        match self {
            Credentials::None => "none",
            Credentials::Bearer { .. } => "bearer",
            Credentials::Basic { .. } => "basic",
            Credentials::ClientCredentials { .. } => "client-credentials",
            Credentials::StandardWebhooks { .. } => "standard-webhooks",
        }
    }

    /// Reads what an administrator sent. A secret that is absent or masked stays what it is, if it is known and goes to
    /// nobody else.
    ///
    /// # Errors
    /// A sentence that names the member.
    pub fn read(sent: &Value, connector: ForConnector<'_>, stored: Option<Stored<'_>>) -> Result<Given, String> {
        Credentials::read_members(sent, connector, stored, false)
    }

    /// Reads what stands in a file, where secrets are left out: what is absent or masked is [lacking](Self::lacks) then.
    ///
    /// # Errors
    /// A sentence that names the member.
    pub fn read_without_secrets(sent: &Value, connector: ForConnector<'_>) -> Result<Credentials, String> {
        Credentials::read_members(sent, connector, None, true).map(|given| given.credentials)
    }

    fn read_members(
        sent: &Value,
        connector: ForConnector<'_>,
        stored: Option<Stored<'_>>,
        may_lack: bool,
    ) -> Result<Given, String> {
        let members = match sent {
            Value::Object(members) => Members { sent: members, may_lack },
            _ => return Err("'credentials' must be an object".to_owned()),
        };
        let kind = members.text("type")?;
        if !connector.types.iter().any(|known| known == kind) {
            return Err(format!("'credentials' of type {kind} don't fit connector {}", connector.id));
        }
        let same_place = stored.filter(|stored| stored.url_stays).map(|stored| stored.credentials);
        let mut made = false;
        let credentials = match kind {
            "none" => members.only(&[]).map(|()| Credentials::None)?,
            "bearer" => {
                members.only(&["token"])?;
                let known = same_place.and_then(|known| match known {
                    Credentials::Bearer { token } => Some(token),
                    _ => None,
                });
                let token = members.secret("token", known)?;
                if !token.reveal().chars().all(|letter| letter.is_ascii_graphic()) {
                    return Err("'credentials.token' can't be sent in a header".to_owned());
                }
                Credentials::Bearer { token }
            }
            "basic" => {
                members.only(&["user", "password"])?;
                let user = members.text("user")?.to_owned();
                if user.contains(':') {
                    return Err("'credentials.user' must not contain a colon".to_owned());
                }
                let known = same_place.and_then(|known| match known {
                    Credentials::Basic { password, .. } => Some(password),
                    _ => None,
                });
                Credentials::Basic { user, password: members.secret("password", known)? }
            }
            "client-credentials" => members.client_credentials(same_place)?,
            "standard-webhooks" => {
                members.only(&["secrets"])?;
                // These are never sent, only signed with: they may stay wherever the events go.
                let known = stored.and_then(|stored| match stored.credentials {
                    Credentials::StandardWebhooks { secrets } if !secrets.is_empty() => Some(secrets.as_slice()),
                    _ => None,
                });
                made = !may_lack && known.is_none() && members.is_absent("secrets");
                Credentials::StandardWebhooks { secrets: members.signing_secrets(known)? }
            }
            _ => return Err(format!("'credentials' of type {kind} don't fit connector {}", connector.id)),
        };
        Ok(Given { credentials, made })
    }

    /// The member with the secret that is lacking, if one is: it came from a file.
    pub fn lacks(&self) -> Option<&'static str> {
        match self {
            Credentials::Bearer { token } if token.0.is_empty() => Some("token"),
            Credentials::Basic { password, .. } if password.0.is_empty() => Some("password"),
            Credentials::ClientCredentials { client_secret, .. } if client_secret.0.is_empty() => Some("clientSecret"),
            Credentials::StandardWebhooks { secrets } if secrets.is_empty() => Some("secrets"),
            _ => None,
        }
    }

    /// As files have them.
    pub fn without_secrets(&self) -> Value {
        let mut shown = self.shown();
        if let Value::Object(members) = &mut shown {
            for secret in ["token", "password", "clientSecret", "secrets"] {
                members.remove(secret);
            }
        }
        shown
    }

    /// As administrators see them: without secrets.
    pub fn shown(&self) -> Value {
        let masked = |secret: &Secret| if secret.0.is_empty() { Value::Null } else { MASK.into() };
        match self {
            Credentials::None => json!({ "type": self.kind() }),
            Credentials::Bearer { token } => json!({ "type": self.kind(), "token": masked(token) }),
            Credentials::Basic { user, password } => {
                json!({ "type": self.kind(), "user": user, "password": masked(password) })
            }
            Credentials::ClientCredentials { token_url, client_id, client_secret, scope } => json!({
                "type": self.kind(), "tokenUrl": token_url, "clientId": client_id, "clientSecret": masked(client_secret),
                "scope": scope,
            }),
            Credentials::StandardWebhooks { secrets } => {
                json!({ "type": self.kind(), "secrets": vec![MASK; secrets.len()] })
            }
        }
    }

    /// The same with the signing secrets that were made here: once, for whoever made the target.
    pub fn shown_once(&self) -> Value {
        match self {
            Credentials::StandardWebhooks { secrets } => {
                let secrets: Vec<&str> = secrets.iter().map(SigningSecret::reveal).collect();
                json!({ "type": self.kind(), "secrets": secrets })
            }
            _ => self.shown(),
        }
    }
}

/// The members of `credentials` as sent.
struct Members<'a> {
    sent: &'a Map<String, Value>,
    /// A secret that is absent and not known is lacking.
    may_lack: bool,
}

impl<'a> Members<'a> {
    /// No members but these.
    fn only(&self, known: &[&str]) -> Result<(), String> {
        match self.sent.keys().find(|name| *name != "type" && !known.contains(&name.as_str())) {
            Some(unknown) => Err(format!("'credentials.{unknown}' is unknown")),
            None => Ok(()),
        }
    }

    fn is_absent(&self, name: &str) -> bool {
        matches!(self.sent.get(name), None | Some(Value::Null))
    }

    /// A text that must be there.
    fn text(&self, name: &str) -> Result<&'a str, String> {
        match self.sent.get(name) {
            Some(Value::String(text)) if !text.is_empty() => Ok(text),
            None | Some(Value::Null | Value::String(_)) => Err(missing(name)),
            Some(_) => Err(format!("'credentials.{name}' must be a text")),
        }
    }

    /// A secret, or the one that is known.
    fn secret(&self, name: &str, known: Option<&Secret>) -> Result<Secret, String> {
        if self.is_absent(name) || self.sent.get(name).is_some_and(|sent| sent == MASK) {
            let known = known.filter(|known| !known.0.is_empty()).cloned();
            let lacking = self.may_lack.then(|| Secret(String::new()));
            return known.or(lacking).ok_or_else(|| missing(name));
        }
        self.text(name).map(|text| Secret(text.to_owned()))
    }

    fn client_credentials(&self, same_place: Option<&Credentials>) -> Result<Credentials, String> {
        self.only(&["tokenUrl", "clientId", "clientSecret", "scope"])?;
        let token_url = BaseUrl::parse(self.text("tokenUrl")?);
        let token_url = token_url.map_err(|error| format!("'credentials.tokenUrl' {error}"))?;
        let known = same_place.and_then(|known| match known {
            Credentials::ClientCredentials { token_url: known, client_secret, .. } => {
                known.has_origin_of(&token_url).then_some(client_secret)
            }
            _ => None,
        });
        let client_secret = self.secret("clientSecret", known)?;
        let scope = if self.is_absent("scope") { None } else { Some(self.text("scope")?.to_owned()) };
        let client_id = self.text("clientId")?.to_owned();
        Ok(Credentials::ClientCredentials { token_url, client_id, client_secret, scope })
    }

    /// Secrets to sign with: those that are known where they are absent or masked, one that is made where none is known.
    fn signing_secrets(&self, known: Option<&[SigningSecret]>) -> Result<Vec<SigningSecret>, String> {
        let wrong = || format!("'credentials.secrets' must be {SIGNING_SECRETS}");
        if self.may_lack && self.is_absent("secrets") {
            return Ok(Vec::new());
        }
        if self.is_absent("secrets") {
            return Ok(known.map_or_else(|| vec![SigningSecret::make()], <[_]>::to_vec));
        }
        let Some(Value::Array(sent)) = self.sent.get("secrets") else { return Err(wrong()) };
        // Masks stand for the known ones in their order, also beside a new one.
        let mut known = known.into_iter().flatten();
        let secret = |sent: &Value| match sent {
            Value::String(text) if text == MASK => known.next().cloned().ok_or_else(|| missing("secrets")),
            Value::String(text) => SigningSecret::parse(text).ok_or_else(wrong),
            _ => Err(wrong()),
        };
        let secrets = sent.iter().map(secret).collect::<Result<Vec<_>, _>>()?;
        if (1..=3).contains(&secrets.len()) { Ok(secrets) } else { Err(wrong()) }
    }
}

fn missing(name: &str) -> String {
    format!("'credentials.{name}' is missing")
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic, reason = "a test that panics fails")]
mod tests {
    use super::*;

    fn types() -> Vec<String> {
        ["none", "bearer", "basic", "client-credentials", "standard-webhooks"].map(str::to_owned).to_vec()
    }

    fn read(sent: Value, stored: Option<(&Credentials, bool)>) -> Result<Given, String> {
        let stored = stored.map(|(credentials, url_stays)| Stored { credentials, url_stays });
        Credentials::read(&sent, ForConnector { id: "keycloak", types: &types() }, stored)
    }

    fn service(secret: &str) -> Value {
        json!({ "type": "client-credentials", "tokenUrl": "https://a.example/token", "clientId": "m", "clientSecret": secret })
    }

    #[test]
    fn every_member_is_named_when_it_is_wrong() {
        for (sent, why) in [
            (json!("none"), "'credentials' must be an object"),
            (json!({}), "'credentials.type' is missing"),
            (json!({ "type": "mtls" }), "'credentials' of type mtls don't fit connector keycloak"),
            (json!({ "type": "none", "token": "x" }), "'credentials.token' is unknown"),
            (json!({ "type": "bearer" }), "'credentials.token' is missing"),
            (json!({ "type": "bearer", "token": MASK }), "'credentials.token' is missing"),
            (json!({ "type": "bearer", "token": 1 }), "'credentials.token' must be a text"),
            (json!({ "type": "bearer", "token": "a\nb" }), "'credentials.token' can't be sent in a header"),
            (json!({ "type": "basic", "password": "p" }), "'credentials.user' is missing"),
            (json!({ "type": "basic", "user": "a:b", "password": "p" }), "'credentials.user' must not contain a colon"),
            (service(""), "'credentials.clientSecret' is missing"),
            (
                json!({ "type": "client-credentials", "tokenUrl": "ftp://x", "clientId": "m", "clientSecret": "s" }),
                "'credentials.tokenUrl' must be an http or https URL without user, query and fragment",
            ),
            (
                json!({ "type": "standard-webhooks", "secrets": [] }),
                "'credentials.secrets' must be 1 to 3 of whsec_ and 24 to 64 bytes in Base64",
            ),
            (json!({ "type": "standard-webhooks", "secrets": [MASK] }), "'credentials.secrets' is missing"),
        ] {
            assert_eq!(read(sent.clone(), None).unwrap_err(), why, "{sent}");
        }
    }

    #[test]
    fn a_secret_that_a_file_leaves_out_is_missing_until_it_is_given() {
        let of = ForConnector { id: "keycloak", types: &types() };
        for (sent, member) in [
            (json!({ "type": "bearer" }), "token"),
            (json!({ "type": "basic", "user": "u" }), "password"),
            (service(MASK), "clientSecret"),
        ] {
            let lacking = Credentials::read_without_secrets(&sent, of).unwrap();
            assert_eq!(lacking.lacks(), Some(member));
            assert_eq!(lacking.shown()[member], Value::Null);
            let still = read(lacking.shown(), Some((&lacking, true))).unwrap_err();
            assert_eq!(still, format!("'credentials.{member}' is missing"));
        }
        let webhook = json!({ "type": "standard-webhooks" });
        let lacking = Credentials::read_without_secrets(&webhook, of).unwrap();
        assert_eq!(lacking.lacks(), Some("secrets"));
        assert!(read(webhook, Some((&lacking, true))).unwrap().made);
        let whole = read(service("s3cret"), None).unwrap().credentials;
        assert_eq!(whole.lacks(), None);
        let again = Credentials::read_without_secrets(&whole.without_secrets(), of).unwrap();
        assert_eq!(again.lacks(), Some("clientSecret"));
    }

    #[test]
    fn a_secret_stays_where_it_goes_to_nobody_else() {
        let stored = read(service("s3cret"), None).unwrap().credentials;
        for absent in [
            service(MASK),
            json!({ "type": "client-credentials", "tokenUrl": "https://a.example/other", "clientId": "n" }),
        ] {
            let again = read(absent.clone(), Some((&stored, true))).unwrap().credentials;
            let Credentials::ClientCredentials { client_secret, .. } = again else { panic!("{again:?}") };
            assert_eq!(client_secret.reveal(), "s3cret");
            assert_eq!(read(absent, Some((&stored, false))).unwrap_err(), "'credentials.clientSecret' is missing");
        }
        let elsewhere = json!({ "type": "client-credentials", "tokenUrl": "https://b.example/token", "clientId": "m" });
        assert_eq!(read(elsewhere, Some((&stored, true))).unwrap_err(), "'credentials.clientSecret' is missing");
        let other_type = json!({ "type": "bearer", "token": MASK });
        assert_eq!(read(other_type, Some((&stored, true))).unwrap_err(), "'credentials.token' is missing");
    }

    #[test]
    fn signing_secrets_are_made_once_and_stay_at_another_address() {
        let sent = json!({ "type": "standard-webhooks" });
        let Given { credentials, made } = read(sent.clone(), None).unwrap();
        assert!(made);
        let secret = credentials.shown_once()["secrets"][0].as_str().unwrap().to_owned();
        assert!(secret.starts_with("whsec_"));
        assert_eq!(credentials.shown(), json!({ "type": "standard-webhooks", "secrets": [MASK] }));
        let again = read(sent, Some((&credentials, false))).unwrap();
        assert!(!again.made && again.credentials == credentials);
        let new = SigningSecret::make();
        let rotated = json!({ "type": "standard-webhooks", "secrets": [new.reveal(), MASK] });
        let rotated = read(rotated, Some((&credentials, true))).unwrap().credentials;
        assert_eq!(rotated.shown_once()["secrets"], json!([new.reveal(), secret]));
    }

    #[test]
    fn what_is_stored_is_read_again_and_nothing_shows_it() {
        for sent in [
            json!({ "type": "none" }),
            json!({ "type": "bearer", "token": "s3cret" }),
            json!({ "type": "basic", "user": "u", "password": "s3cret" }),
            service("s3cret"),
            json!({ "type": "standard-webhooks" }),
        ] {
            let credentials = read(sent, None).unwrap().credentials;
            let stored = serde_json::to_string(&credentials).unwrap();
            assert_eq!(serde_json::from_str::<Credentials>(&stored).unwrap(), credentials);
            let debug = format!("{credentials:?} {}", credentials.shown());
            assert!(!debug.contains("s3cret") && !debug.contains("whsec_"), "{debug}");
        }
    }
}
