//! The gate: a reverse proxy before an authorization server asks here whether the client of a request may go on
//! (nginx `auth_request`, Traefik and Caddy ForwardAuth, haproxy, Envoy `ext_authz`).

mod answer;
mod judgement;
pub(crate) mod memory;
mod question;
pub(crate) mod settings;

use std::time::Instant;

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};

use crate::app::App;
use crate::caller::Caller;
use crate::error::ErrorResponse;

/// `/realms/{realm}/gate`, and whatever follows it in the path.
pub(crate) const PATHS: [&str; 3] = ["/realms/{realm}/gate", "/realms/{realm}/gate/", "/realms/{realm}/gate/{*asked}"];

/// Any request: its body is ignored.
pub(crate) async fn serve(State(app): State<App>, mut request: Request) -> Response {
    let began = Instant::now();
    let caller = match Caller::take(request.extensions_mut()) {
        Ok(caller) => caller,
        Err(refused) => return refused.into_response(),
    };
    let path = request.uri().path();
    // `/realms/{realm}/gate` and what follows.
    let mut parts = path.splitn(5, '/').skip(2);
    let realm = parts.next().unwrap_or_default();
    let realm = percent_encoding::percent_decode_str(realm).decode_utf8_lossy();
    let forwarded_path = parts.nth(1).is_some_and(|rest| !rest.is_empty());
    let realm = match app.realms.get(&realm).await {
        Ok(Some(realm)) if realm.enabled => realm,
        Ok(Some(_)) => {
            let refused = ErrorResponse::new(StatusCode::FORBIDDEN, "access_denied", "Realm not enabled");
            return answer::unserved(refused);
        }
        Ok(None) => {
            let refused = ErrorResponse::new(StatusCode::NOT_FOUND, "invalid_request", "Realm does not exist");
            return answer::unserved(refused);
        }
        Err(error) => return answer::unserved(error.into()),
    };
    let asked = question::Asked::of(&request, &caller, forwarded_path);
    let headers = std::mem::take(request.headers_mut());
    let judged = judgement::judge(&app, &realm, asked, caller).await;
    let (response, said) = answer::of(&headers, judged);
    app.metrics.gate().answered(&realm.name, said, began.elapsed());
    response
}
