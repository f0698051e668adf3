//! What goes into the tokens of a user or a service account.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use uuid::Uuid;

use super::{FormRequest, TokenAnswer};
use crate::app::App;
use crate::clock;
use crate::error::ErrorResponse;
use crate::keys::Kind;
use crate::realm::Realm;
use crate::roles;
use crate::store::clients::ClientRow;
use crate::store::roles as stored_roles;
use crate::store::users::UserRow;
use crate::store::{Write, sessions};
use crate::tokens::{self, Access, Claims, kind};
use crate::wasm::contract::Client;

/// The client attribute that makes access tokens without roles and profile: they are looked up when one is shown.
const LIGHTWEIGHT: &str = "client.use.lightweight.access.token.enabled";

/// On what ground a token is issued.
pub(super) enum Grant {
    /// A user logged in, or goes on with a session.
    Password {
        /// The session, if there is one already.
        session: Option<String>,
    },
    /// A client asked for itself.
    ClientCredentials,
}

/// Issues the tokens of a user to a client, and stores the session that they belong to.
pub(super) async fn issue(
    app: &App,
    request: &FormRequest,
    client: &ClientRow,
    user: &UserRow,
    grant: Grant,
) -> Result<TokenAnswer, ErrorResponse> {
    let FormRequest { realm, caller, form } = request;
    let settings = &realm.settings;
    let now = clock::now();
    let lightweight = attribute(&client.client, LIGHTWEIGHT) == Some("true");
    let mut write = Write::default();
    let session = match &grant {
        Grant::Password { session: Some(session) } => {
            sessions::extend(&mut write, &realm.id, session, now + settings.sso_session_idle_timeout);
            Some(session.clone())
        }
        Grant::Password { session: None } => {
            Some(begin(&mut write, realm, user, now, settings.sso_session_idle_timeout))
        }
        // The session is only there for the token to be looked up by.
        Grant::ClientCredentials if lightweight => {
            Some(begin(&mut write, realm, user, now, settings.access_token_lifespan))
        }
        Grant::ClientCredentials => None,
    };
    let scope = scope(form.get("scope").unwrap_or_default());
    let base = Claims {
        iat: now,
        iss: app.issuer(realm, caller),
        azp: Some(client.client_id().to_owned()),
        sid: session.clone(),
        scope: Some(scope.clone()),
        ..Claims::default()
    };
    let mut access = Claims {
        exp: Some(now + settings.access_token_lifespan),
        jti: Uuid::new_v4().to_string(),
        typ: kind::BEARER.to_owned(),
        ..base.clone()
    };
    if !lightweight {
        let by_client = roles_of(app, realm, client, user).await?;
        let audience: Vec<Value> = by_client
            .of_clients
            .keys()
            .filter(|name| *name != client.client_id())
            .map(|name| name.clone().into())
            .collect();
        access.aud = match audience.len() {
            0 => Value::Null,
            1 => audience.into_iter().next().unwrap_or_default(),
            _ => Value::Array(audience),
        };
        access.sub = Some(user.id.clone());
        access.acr = Some("1".to_owned());
        access.realm_access = (!by_client.of_realm.is_empty()).then_some(Access { roles: by_client.of_realm });
        access.resource_access = (!by_client.of_clients.is_empty()).then_some(
            by_client
                .of_clients
                .into_iter()
                .map(|(name, roles)| (name, Access { roles: roles.into_iter().collect() }))
                .collect(),
        );
        access.allowed_origins = web_origins(&client.client);
        access.other = profile(user, client, &caller.address_text);
    }
    let refreshable = matches!(grant, Grant::Password { .. });
    let refresh_token = match refreshable {
        true => {
            let claims = Claims {
                exp: Some(now + settings.sso_session_idle_timeout),
                jti: Uuid::new_v4().to_string(),
                aud: Value::String(base.iss.clone()),
                sub: Some(user.id.clone()),
                typ: kind::REFRESH.to_owned(),
                ..base.clone()
            };
            Some(tokens::sign(&app.keys, realm, Kind::Secret, &claims).await?)
        }
        false => None,
    };
    let id_token = match scope.split(' ').any(|name| name == "openid") {
        true => {
            let claims = Claims {
                exp: access.exp,
                jti: Uuid::new_v4().to_string(),
                aud: Value::String(client.client_id().to_owned()),
                sub: Some(user.id.clone()),
                typ: kind::ID.to_owned(),
                acr: Some("1".to_owned()),
                other: profile(user, client, &caller.address_text),
                ..base.clone()
            };
            Some(tokens::sign(&app.keys, realm, Kind::Signature, &claims).await?)
        }
        false => None,
    };
    let access_token = tokens::sign(&app.keys, realm, Kind::Signature, &access).await?;
    app.store.writer.write(write).await?;
    Ok(TokenAnswer {
        access_token,
        expires_in: settings.access_token_lifespan,
        refresh_expires_in: if refreshable { settings.sso_session_idle_timeout } else { 0 },
        refresh_token,
        token_type: "Bearer",
        id_token,
        not_before_policy: settings.not_before,
        session_state: session.filter(|_| refreshable),
        scope,
    })
}

/// Begins a session.
fn begin(write: &mut Write, realm: &Realm, user: &UserRow, now: i64, seconds: i64) -> String {
    let session = Uuid::new_v4().to_string();
    sessions::insert(write, &realm.id, &session, &user.id, now, now + seconds);
    session
}

fn attribute<'a>(client: &'a Client, name: &str) -> Option<&'a str> {
    client.attributes.iter().find(|attribute| attribute.name == name).map(|attribute| attribute.value.as_str())
}

/// Granted scopes: `openid` if it was asked for, and what every token has.
fn scope(requested: &str) -> String {
    if requested.split(' ').any(|name| name == "openid") { "openid profile email" } else { "profile email" }.to_owned()
}

/// Effective roles of a user, as far as a client's tokens may carry them.
struct Roles {
    of_realm: Vec<String>,
    of_clients: BTreeMap<String, BTreeSet<String>>,
}

async fn roles_of(app: &App, realm: &Realm, client: &ClientRow, user: &UserRow) -> Result<Roles, ErrorResponse> {
    let full_scope = client.client.full_scope_allowed == Some(true);
    let mut found = Roles { of_realm: Vec::new(), of_clients: BTreeMap::new() };
    for (owner, name) in stored_roles::of_user(&app.store.database, &realm.id, &user.id).await? {
        // Without the full scope a token carries the roles of its own client only.
        if !full_scope && owner != client.client_id() {
            continue;
        }
        if owner.is_empty() {
            found.of_realm.push(name);
        } else {
            found.of_clients.entry(owner).or_default().insert(name);
        }
    }
    found.of_realm.sort();
    if let Some(management) = found.of_clients.get_mut(realm.management_client()) {
        roles::resolve(management);
    }
    Ok(found)
}

/// Origins that browsers may use the token from: those of the client, `+` being those of its redirect URIs.
pub(super) fn web_origins(client: &Client) -> Option<Vec<String>> {
    let mut origins = BTreeSet::new();
    for origin in client.web_origins.iter().flatten() {
        if origin != "+" {
            origins.insert(origin.clone());
            continue;
        }
        for uri in client.redirect_uris.iter().flatten() {
            if let Ok(url) = reqwest::Url::parse(uri)
                && matches!(url.scheme(), "http" | "https")
            {
                origins.insert(url.origin().ascii_serialization());
            }
        }
    }
    (!origins.is_empty()).then(|| origins.into_iter().collect())
}

/// Claims about the user.
fn profile(user: &UserRow, client: &ClientRow, address: &str) -> BTreeMap<String, Value> {
    let mut claims = BTreeMap::new();
    let mut put = |name: &str, value: Value| {
        claims.insert(name.to_owned(), value);
    };
    put("preferred_username", user.username.clone().into());
    put("email_verified", user.profile.email_verified.into());
    if let Some(email) = &user.email {
        put("email", email.clone().into());
    }
    if let Some(first) = &user.profile.first_name {
        put("given_name", first.clone().into());
    }
    if let Some(last) = &user.profile.last_name {
        put("family_name", last.clone().into());
    }
    let name: Vec<&str> =
        [&user.profile.first_name, &user.profile.last_name].into_iter().flatten().map(String::as_str).collect();
    if !name.is_empty() {
        put("name", name.join(" ").into());
    }
    if user.service_account_client.is_some() {
        put("client_id", client.client_id().into());
        put("clientHost", address.into());
        put("clientAddress", address.into());
    }
    claims
}
