//! `/realms/{realm}/protocol/openid-connect/auth`: discovery must name an authorization endpoint, and a realm logs nobody
//! in. It says so, to people on a page.

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use matricula_store::realm_settings::AuthorizationServer;
use maud::{Markup, html};
use percent_encoding::utf8_percent_encode;

use crate::app::App;
use crate::error::ErrorResponse;
use crate::parameters::Path;
use crate::registration::answer::UNRESERVED;
use crate::{discovery, page};

/// Its path below that of the realm.
pub(crate) const PATH: &str = "protocol/openid-connect/auth";

/// Any request: it never leads elsewhere, whatever the request names.
pub(crate) async fn answer(State(app): State<App>, Path(realm): Path<String>, asked: HeaderMap) -> Response {
    let realm = match discovery::find(&app, &realm).await {
        Ok(realm) => realm,
        Err(refused) => return refused.into_response(),
    };
    let server = realm.settings.authorization_server.as_ref();
    page::or(
        &asked,
        || page::show(StatusCode::NOT_IMPLEMENTED, "This realm can't log you in yet", &text(&realm.name, server)),
        || {
            let description = match server {
                Some(server) => elsewhere(server),
                None => format!("Realm '{}' is not connected to an authorization server", realm.name),
            };
            ErrorResponse::new(StatusCode::NOT_IMPLEMENTED, "server_error", description).into_response()
        },
    )
}

/// A caller should have been here only by mistake.
fn elsewhere(server: &AuthorizationServer) -> String {
    format!("Log in at the authorization server: {}", server.issuer)
}

fn text(realm: &str, server: Option<&AuthorizationServer>) -> Markup {
    if let Some(server) = server {
        return html! { p { (elsewhere(server)) } };
    }
    let console = format!("/console/#/{}/targets", utf8_percent_encode(realm, UNRESERVED));
    html! {
        p { "Realm " b { (realm) } " is not connected to an authorization server." }
        p { "An administrator connects it in the " a href=(console) { "console, under Targets" } "." }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_realm_is_called_cannot_change_the_page() {
        let text = text("a-\"><b>ü", None).into_string();
        assert!(text.contains("<b>a-&quot;&gt;&lt;b&gt;ü</b>"), "{text}");
        assert!(text.contains("href=\"/console/#/a-%22%3E%3Cb%3E%C3%BC/targets\""), "{text}");
    }
}
