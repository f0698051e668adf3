//! The console's session: a signed cookie that names a stored session, so that no token lies in a browser's storage.
//!
//! The cookie is a token of the realm that only this server reads (`typ` = [`kind::CONSOLE`]). It is good while its
//! session is stored, and for as long at most as the realm's `ssoSessionMaxLifespan` says; each use lets the session live
//! on for `ssoSessionIdleTimeout`. Rights are those that the user has at that moment.

use axum::http::header::COOKIE;
use axum::http::{HeaderMap, HeaderName, Method, StatusCode};
use cookie::{Cookie, SameSite};
use matricula_realms::Realm;
use matricula_realms::session_limits::SessionLimits;
use matricula_store::sessions::SessionRow;
use matricula_store::users::UserRow;
use matricula_store::{Lost, StoreError, Write, sessions};
use matricula_system::{clock, random};
use serde_json::Value;
use uuid::Uuid;

use super::AuthenticationError;
use super::bearer_token::{self, Bearer};
use super::client_credentials::same_secret;
use crate::app::App;
use crate::caller::Caller;
use crate::cors;
use crate::error::ErrorResponse;
use crate::keys::Kind;
use crate::tokens::{self, Claims, kind};

/// The header that shows that a request was made by the console's own script.
pub(crate) const CSRF: HeaderName = HeaderName::from_static("matricula-csrf");
/// The claim with the value that [`CSRF`] must have.
const CSRF_CLAIM: &str = "csrf";
/// Seconds of use after which a session is prolonged, or half the time that it lives without use where that is less: not
/// every request needs a write.
const PROLONG_AFTER: i64 = 60;

/// A session that is going on.
pub(crate) struct ConsoleSession {
    /// The user and the rights it has now.
    pub(crate) bearer: Bearer,
    /// Unix seconds: the session ends unless it is used before.
    pub(crate) expires_at: i64,
    /// Unix seconds: it ends then in any case.
    pub(crate) ends_at: i64,
}

impl ConsoleSession {
    /// What the header [`CSRF`] must say.
    pub(crate) fn csrf(&self) -> &str {
        self.bearer.claims.other.get(CSRF_CLAIM).and_then(Value::as_str).unwrap_or_default()
    }

    /// Id of the session.
    pub(crate) fn id(&self) -> &str {
        self.bearer.claims.sid.as_deref().unwrap_or_default()
    }
}

/// Begins a session and gives the cookie's value.
///
/// # Errors
/// When the database or the realm's keys cannot be reached.
pub(crate) async fn begin(app: &App, realm: &Realm, caller: &Caller, user: &UserRow) -> Result<String, StoreError> {
    let (now, limits) = (clock::now(), SessionLimits::of(&realm.settings));
    let session = SessionRow::begun(&user.id, now, limits.expires_at(now, now));
    let claims = Claims {
        exp: Some(limits.ends_at(now)),
        iat: now,
        jti: Uuid::new_v4().to_string(),
        iss: app.issuer(realm, caller),
        typ: kind::CONSOLE.to_owned(),
        sid: Some(session.id.clone()),
        other: [(CSRF_CLAIM.to_owned(), random::text(32).into())].into(),
        ..Claims::default()
    };
    let token = tokens::sign(&app.keys, realm, Kind::Secret, &claims).await?;
    let mut write = Write::default();
    sessions::insert(&mut write, &realm.id, &session, now);
    app.store.writer.write(write).await?;
    Ok(token)
}

/// The cookie's name. Over HTTPS it has the prefix with which browsers let nobody else set it: no page of another host
/// of the domain, and nobody who answers for this one without TLS.
fn name(caller: &Caller) -> &'static str {
    if caller.is_secure() { "__Host-matricula_session" } else { "matricula_session" }
}

/// The header that gives the browser a cookie; without a value it takes the cookie away.
pub(crate) fn set_cookie(caller: &Caller, value: Option<&str>) -> String {
    let cookie = Cookie::build((name(caller), value.unwrap_or_default()))
        .path("/")
        .http_only(true)
        .same_site(SameSite::Strict)
        .secure(caller.is_secure());
    match value {
        Some(_) => cookie.to_string(),
        None => cookie.max_age(cookie::time::Duration::ZERO).to_string(),
    }
}

/// The value of the cookie that a request brings.
pub(crate) fn of<'a>(caller: &Caller, headers: &'a HeaderMap) -> Option<&'a str> {
    let lines = headers.get_all(COOKIE).iter().filter_map(|line| line.to_str().ok());
    let mut cookies = lines.flat_map(Cookie::split_parse).filter_map(Result::ok);
    cookies.find(|cookie| cookie.name() == name(caller) && !cookie.value().is_empty())?.value_raw()
}

/// The session of a cookie of this realm; `None` when there is none any more.
///
/// # Errors
/// When the database or the realm's keys cannot be reached.
pub(crate) async fn session(
    app: &App,
    realm: &Realm,
    caller: &Caller,
    cookie: &str,
) -> Result<Option<ConsoleSession>, ErrorResponse> {
    let verified = tokens::verify(app, realm, &app.issuer(realm, caller), cookie).await?;
    let Some(claims) = verified.map(|verified| verified.claims).filter(|claims| claims.typ == kind::CONSOLE) else {
        return Ok(None);
    };
    let bearer = match bearer_token::examine(app, realm, claims).await {
        Ok(bearer) => bearer,
        Err(AuthenticationError::FailedDecode) => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    let Some(times) = bearer.session.filter(|_| bearer.holder.is_some()) else { return Ok(None) };
    // The limits of the realm may be less by now than when the session began.
    let limits = SessionLimits::of(&realm.settings);
    let ends_at = limits.ends_at(times.started_at).min(bearer.claims.exp.unwrap_or(i64::MAX));
    let expires_at = times.expires_at.min(limits.expires_at(times.started_at, times.used_at)).min(ends_at);
    Ok(Some(ConsoleSession { bearer, expires_at, ends_at }))
}

/// Lets a session live on, as it was used.
///
/// # Errors
/// When the database cannot be reached.
pub(crate) async fn prolong(app: &App, realm: &Realm, session: &ConsoleSession) -> Result<(), StoreError> {
    let now = clock::now();
    let idle = SessionLimits::of(&realm.settings).idle;
    let expires_at = session.ends_at.min(now + idle);
    if expires_at - session.expires_at < PROLONG_AFTER.min(idle / 2) {
        return Ok(());
    }
    let mut write = Write::default();
    sessions::extend(&mut write, &realm.id, session.id(), now, expires_at);
    match app.store.writer.write(write).await {
        // It was ended in this moment: this request is the last one.
        Err(StoreError::Lost(Lost::Changed)) => Ok(()),
        result => result,
    }
}

/// A browser sends the cookie along whoever made it ask: what changes something must come from the console's own pages,
/// and whatever says where it comes from must come from there.
///
/// # Errors
/// 403 when it does not.
pub(crate) fn check_sender(
    app: &App,
    caller: &Caller,
    method: &Method,
    headers: &HeaderMap,
    session: &ConsoleSession,
) -> Result<(), ErrorResponse> {
    check_origin(app, caller)?;
    if matches!(*method, Method::GET | Method::HEAD) {
        return Ok(());
    }
    let shown = headers.get(CSRF).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if caller.origin.is_some() && !session.csrf().is_empty() && same_secret(session.csrf(), shown) {
        return Ok(());
    }
    Err(foreign("The request does not carry the session's CSRF token or its origin. Reload the page."))
}

/// The `Origin` header, where there is one, names this server.
///
/// # Errors
/// 403 when it names another.
pub(crate) fn check_origin(app: &App, caller: &Caller) -> Result<(), ErrorResponse> {
    match &caller.origin {
        Some(origin) if !cors::is_own(origin, caller, &app.own_url(caller)) => {
            Err(foreign("The request comes from the page of another site."))
        }
        _ => Ok(()),
    }
}

fn foreign(description: &str) -> ErrorResponse {
    ErrorResponse::new(StatusCode::FORBIDDEN, "access_denied", description)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::collections::BTreeSet;

    use axum::body::Body;
    use axum::extract::Request;

    use super::*;
    use crate::app::Peer;
    use matricula_network::proxies::{ProxyHeaders, TrustedProxies};

    fn caller(peer: Peer) -> Caller {
        let request = Request::builder().header("host", "id.example").body(Body::empty()).unwrap();
        Caller::of(peer, &TrustedProxies::new(Vec::new(), ProxyHeaders::default()), &request).unwrap()
    }

    fn callers() -> [Caller; 2] {
        [false, true].map(|tls| caller(Peer { address: [127, 0, 0, 1].into(), tls }))
    }

    #[test]
    fn finds_its_cookie_among_others() {
        let [plain, secure] = callers();
        for (header, over_http, over_https) in [
            ("matricula_session=abc", Some("abc"), None),
            ("__Host-matricula_session=abc", None, Some("abc")),
            ("matricula_session=forged; __Host-matricula_session=abc", Some("forged"), Some("abc")),
            ("theme=dark; matricula_session=abc; x=y", Some("abc"), None),
            ("matricula_session=", None, None),
            ("other_matricula_session=abc", None, None),
            ("__host-matricula_session=abc", None, None),
            ("", None, None),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(COOKIE, header.parse().unwrap());
            assert_eq!((of(&plain, &headers), of(&secure, &headers)), (over_http, over_https), "{header}");
        }
    }

    #[test]
    fn a_browser_over_https_lets_nobody_else_set_the_cookie() {
        let [plain, secure] = callers();
        let parts = |cookie: String| cookie.split("; ").map(str::to_owned).collect::<BTreeSet<_>>();
        let expected = |text: &str| text.split("; ").map(str::to_owned).collect::<BTreeSet<_>>();
        for (caller, value, cookie) in [
            (&plain, Some("a"), "matricula_session=a; Path=/; HttpOnly; SameSite=Strict"),
            (&secure, Some("a"), "__Host-matricula_session=a; Path=/; HttpOnly; SameSite=Strict; Secure"),
            (&secure, None, "__Host-matricula_session=; Path=/; HttpOnly; SameSite=Strict; Secure; Max-Age=0"),
        ] {
            assert_eq!(parts(set_cookie(caller, value)), expected(cookie));
        }
    }
}
