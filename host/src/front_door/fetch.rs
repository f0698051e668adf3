//! The metadata of an authorization server: where it is (OpenID Connect Discovery §4, RFC 8414 §3), and whether what comes
//! from there is it.

use axum::http::HeaderMap;
use matricula_network::named::{Answer, Failure, Named};
use matricula_store::realm_settings::AuthorizationServer;
use reqwest::Url;
use serde_json::{Map, Value};

use super::own_fetch;

/// Letters of an issuer that are told.
const TOLD: usize = 255;

/// Why there is no metadata, in the words that callers read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Reason {
    /// The answer has another status than 200.
    #[error("status {0}")]
    Status(u16),
    /// There is no answer.
    #[error(transparent)]
    Failure(#[from] Failure),
    /// The answer is something else.
    #[error("not a JSON object")]
    NoObject,
    /// It is the metadata of another issuer.
    #[error("issuer is {0}")]
    OtherIssuer(String),
}

/// Fetches the metadata; a JSON object, as it came.
///
/// # Errors
/// Why there is none that can be used.
pub(super) async fn fetch(named: &Named, server: &AuthorizationServer) -> Result<String, Reason> {
    let issuer = server.issuer.strip_suffix('/').unwrap_or(&server.issuer);
    let answer = match &server.metadata_url {
        Some(url) => get(named, url).await?,
        None => match get(named, &format!("{issuer}/.well-known/openid-configuration")).await? {
            Answer { status: 404, .. } => get(named, &of_rfc_8414(issuer)).await?,
            answer => answer,
        },
    };
    if answer.status != 200 {
        return Err(Reason::Status(answer.status));
    }
    let text = String::from_utf8(answer.body).map_err(|_| Reason::NoObject)?;
    let metadata: Map<String, Value> = serde_json::from_str(&text).map_err(|_| Reason::NoObject)?;
    match metadata.get("issuer") {
        Some(Value::String(named)) if *named == server.issuer => Ok(text),
        Some(Value::String(other)) => Err(Reason::OtherIssuer(other.chars().take(TOLD).collect())),
        _ => Err(Reason::OtherIssuer("not named".to_owned())),
    }
}

async fn get(named: &Named, address: &str) -> Result<Answer, Failure> {
    named.get(address, HeaderMap::from_iter([(own_fetch::HEADER, own_fetch::METADATA)])).await
}

/// The well-known part stands before the issuer's path.
fn of_rfc_8414(issuer: &str) -> String {
    let path = Url::parse(issuer).map(|url| url.path().len()).unwrap_or(0);
    // The path of an issuer without one is `/` for the parser.
    let (origin, path) = match issuer.split_at_checked(issuer.len().saturating_sub(path)) {
        Some((origin, path)) if path.starts_with('/') && !origin.ends_with('/') => (origin, path),
        _ => (issuer, ""),
    };
    format!("{origin}/.well-known/oauth-authorization-server{path}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_well_known_part_of_rfc_8414_stands_before_the_path() {
        for (issuer, address) in [
            ("https://sso.example", "https://sso.example/.well-known/oauth-authorization-server"),
            ("http://sso.example:8080", "http://sso.example:8080/.well-known/oauth-authorization-server"),
            ("https://sso.example/a/b", "https://sso.example/.well-known/oauth-authorization-server/a/b"),
            ("https://sso.example/a%20b", "https://sso.example/.well-known/oauth-authorization-server/a%20b"),
        ] {
            assert_eq!(of_rfc_8414(issuer), address);
        }
    }
}
