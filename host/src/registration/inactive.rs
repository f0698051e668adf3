//! Clients that are not for use: documents of OpenID Connect have no member that says so, and an authorization server that
//! asks for a client has to know.

use axum::http::{HeaderMap, HeaderName, HeaderValue};
use matricula_contract::server_clients::is_of_the_server;
use matricula_store::clients::ClientRow;

/// The header that tells why nobody may use a client. Absent: it may be used.
const INACTIVE: HeaderName = HeaderName::from_static("matricula-inactive");

/// Why a client is not for use by those who ask for clients of this protocol; absent: of any.
fn reason(row: &ClientRow, protocol: Option<&str>) -> Option<&'static str> {
    let client = &row.client;
    if is_of_the_server(client) {
        return Some("server");
    }
    if protocol.is_some_and(|protocol| client.protocol.as_deref().unwrap_or(protocol) != protocol) {
        return Some("protocol");
    }
    if client.bearer_only == Some(true) {
        return Some("bearer-only");
    }
    if row.is_held() {
        return Some("held");
    }
    (!row.enabled()).then_some("disabled")
}

/// Tells in an answer if its client is not for use.
pub(super) fn mark(headers: &mut HeaderMap, row: &ClientRow, protocol: Option<&str>) {
    if let Some(reason) = reason(row, protocol) {
        headers.insert(INACTIVE, HeaderValue::from_static(reason));
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that panics fails")]
mod tests {
    use super::*;
    use matricula_contract::Client;
    use serde_json::json;

    #[test]
    fn tells_why_nobody_may_use_a_client() {
        let client = || -> Client {
            let client = json!({ "client_id": "app", "protocol": "openid-connect", "enabled": true, "attributes": [] });
            serde_json::from_value(client).unwrap()
        };
        let of_server = Client { client_id: Some("admin-cli".to_owned()), ..client() };
        let saml = Client { protocol: Some("saml".to_owned()), ..client() };
        let bearer_only = Client { bearer_only: Some(true), ..client() };
        let disabled = Client { enabled: Some(false), ..client() };
        for (client, held, expected) in [
            (client(), None, None),
            (of_server, None, Some("server")),
            (saml.clone(), None, Some("protocol")),
            (bearer_only, None, Some("bearer-only")),
            (disabled.clone(), Some("why"), Some("held")),
            (disabled, None, Some("disabled")),
        ] {
            let row = ClientRow { held: held.map(str::to_owned), ..ClientRow::unstored(client) };
            assert_eq!(reason(&row, Some("openid-connect")), expected);
        }
        assert_eq!(reason(&ClientRow::unstored(saml), None), None);
    }
}
