//! Headers that connectors set, and those that are the host's.

use axum::http::{HeaderMap, HeaderName, HeaderValue};
use matricula_contract::Attribute;

use crate::standard_webhooks;

/// Headers of the host: those of credentials, of the message's form and of the connection.
const OWN_HEADERS: [&str; 19] = [
    "authorization",
    "connection",
    "content-length",
    "cookie",
    "expect",
    "forwarded",
    "host",
    "keep-alive",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "via",
    "x-forwarded-for",
    "x-forwarded-host",
    standard_webhooks::TIMESTAMP,
    standard_webhooks::SIGNATURE,
];

/// The headers of a connector.
///
/// # Errors
/// Which one is the host's, or no header.
pub fn headers(sent: &[Attribute]) -> Result<HeaderMap, String> {
    let mut headers = HeaderMap::with_capacity(sent.len() + 4);
    for Attribute { name, value } in sent {
        let no_header = |what: &str| format!("a call has the header {name:?}, whose {what} is none");
        let known = HeaderName::try_from(name.as_str()).map_err(|_| no_header("name"))?;
        if OWN_HEADERS.contains(&known.as_str()) {
            return Err(format!("a call sets the header {known}, which belongs to the server"));
        }
        let value = HeaderValue::try_from(value.as_str()).map_err(|_| no_header("value"))?;
        headers.append(known, value);
    }
    Ok(headers)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that panics fails")]
mod tests {
    use super::*;

    #[test]
    fn headers_of_the_host_are_refused() {
        let header = |name: &str, value: &str| [Attribute { name: name.to_owned(), value: value.to_owned() }];
        for name in ["Authorization", "HOST", "cookie", "Content-Length", "webhook-signature"] {
            let error = headers(&header(name, "x")).unwrap_err();
            assert_eq!(error, format!("a call sets the header {}, which belongs to the server", name.to_lowercase()));
        }
        assert!(headers(&header("a b", "x")).is_err());
        assert!(headers(&header("a", "x\r\nHost: y")).is_err());
        assert_eq!(headers(&header("Content-Type", "application/json")).unwrap().len(), 1);
    }
}
