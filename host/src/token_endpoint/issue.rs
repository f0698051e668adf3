//! What goes into the tokens of a user or a service account.

use std::collections::{BTreeMap, BTreeSet};

use matricula_contract::Client;
use matricula_realms::session_limits::{SessionLimits, token_times};
use matricula_realms::{Realm, roles};
use matricula_store::clients::ClientRow;
use matricula_store::roles as stored_roles;
use matricula_store::sessions::SessionRow;
use matricula_store::users::UserRow;
use matricula_store::{Write, sessions};
use matricula_system::clock;
use serde_json::Value;
use uuid::Uuid;

use super::{FormRequest, TokenAnswer};
use crate::app::App;
use crate::error::ErrorResponse;
use crate::keys::Kind;
use crate::tokens::{self, Access, Claims, kind};

/// The client attribute that makes access tokens without roles and profile: they are looked up when one is shown.
const LIGHTWEIGHT: &str = "client.use.lightweight.access.token.enabled";
/// The client attribute that, when it is off, leaves out refresh tokens.
const REFRESH_TOKENS: &str = "use.refresh.tokens";
/// The client attribute that gives refresh tokens to the service account too.
const REFRESH_TOKENS_OF_ITS_OWN: &str = "client_credentials.use_refresh_token";

/// On what ground a token is issued.
pub(super) enum Grant {
    /// A user logged in.
    Password,
    /// A user, or a service account, goes on with a session.
    Refresh(SessionRow),
    /// A client asked for itself.
    ClientCredentials,
}

/// Makes the tokens of a user for a client, and adds the session that they belong to to `write`.
pub(super) async fn issue(
    app: &App,
    request: &FormRequest,
    client: &ClientRow,
    user: &UserRow,
    grant: Grant,
    write: &mut Write,
) -> Result<TokenAnswer, ErrorResponse> {
    let FormRequest { realm, caller, form } = request;
    let limits = SessionLimits::of(&realm.settings);
    let now = clock::now();
    let lightweight = is_on(client, LIGHTWEIGHT, false);
    let goes_on = match grant {
        Grant::Password | Grant::Refresh(_) => true,
        Grant::ClientCredentials => is_on(client, REFRESH_TOKENS_OF_ITS_OWN, false),
    };
    let started_at = if let Grant::Refresh(session) = &grant { session.started_at } else { now };
    let times = token_times(realm, &client.client, started_at, now);
    let session = match grant {
        Grant::Refresh(session) => {
            let expires_at = limits.expires_at(session.started_at, now);
            sessions::extend(write, &realm.id, &session.id, now, expires_at);
            Some(session.id)
        }
        Grant::Password | Grant::ClientCredentials if goes_on => {
            let session = SessionRow::begun(&user.id, now, limits.expires_at(now, now));
            sessions::insert(write, &realm.id, &session, now);
            Some(session.id)
        }
        // The session is only there for the token to be looked up by: no limit of sessions ends it before the token.
        _ if lightweight => {
            let session = SessionRow::begun(&user.id, times.access, times.access);
            sessions::insert(write, &realm.id, &session, now);
            Some(session.id)
        }
        _ => None,
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
        exp: Some(times.access),
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
    let refreshable = goes_on && is_on(client, REFRESH_TOKENS, true);
    let refresh_token = match refreshable {
        true => {
            let claims = Claims {
                exp: Some(times.refresh),
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
    Ok(TokenAnswer {
        access_token,
        expires_in: times.access - now,
        refresh_expires_in: if refreshable { times.refresh - now } else { 0 },
        refresh_token,
        token_type: "Bearer",
        id_token,
        not_before_policy: realm.settings.not_before.max(client.client.not_before.map_or(0, i64::from)),
        session_state: session.filter(|_| goes_on),
        scope,
    })
}

/// Whether a switch among the attributes of a client is on; `absent` where it is not there.
fn is_on(client: &ClientRow, name: &str, absent: bool) -> bool {
    let attribute = client.client.attributes.iter().find(|attribute| attribute.name == name);
    attribute.map_or(absent, |attribute| attribute.value.eq_ignore_ascii_case("true"))
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
