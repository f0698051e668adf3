//! `token_endpoint_auth_method` ⇄ Keycloak's client authenticators.

use crate::contract::matricula::registration::client::Client;

/// The attribute that tells the methods with a secret in the request apart.
pub(super) const ALLOWED_METHOD: &str = "client.secret.authentication.allowed.method";

/// The method of public clients.
pub(super) const NONE: &str = "none";

/// The method that needs a key of the client.
pub(super) const PRIVATE_KEY_JWT: &str = "private_key_jwt";

/// The method with a certificate whose subject is agreed on.
pub(super) const TLS: &str = "tls_client_auth";

/// The method with a certificate that is among the keys of the client (RFC 8705 §2.2). Keycloak doesn't offer it; only
/// clients that publish their metadata may name it.
pub(super) const SELF_SIGNED_TLS: &str = "self_signed_tls_client_auth";

/// The attribute that tells the methods with a certificate apart: [`SELF_SIGNED_TLS`] or absent.
pub(super) const PUBLISHED_METHOD: &str = "metadata.token_endpoint_auth_method";

/// The authenticator of a client that names no method.
pub(super) const DEFAULT_AUTHENTICATOR: &str = "client-secret";

/// Methods and the authenticator that each stands for.
const METHODS: [(&str, &str); 6] = [
    ("client_secret_basic", DEFAULT_AUTHENTICATOR),
    ("client_secret_post", DEFAULT_AUTHENTICATOR),
    ("client_secret_jwt", "client-secret-jwt"),
    (PRIVATE_KEY_JWT, "client-jwt"),
    (TLS, "client-x509"),
    (NONE, "none"),
];

/// The authenticator for a method. Absent: there is no such method.
pub(super) fn authenticator(method: &str) -> Option<&'static str> {
    METHODS.iter().find(|(name, _)| *name == method).map(|(_, authenticator)| *authenticator)
}

/// The method of a client, whoever made it; `allowed` is its attribute [`ALLOWED_METHOD`]. Absent: it has none of those
/// that metadata can name.
pub(super) fn method<'a>(client: &Client, allowed: Option<&'a str>) -> Option<&'a str> {
    if client.protocol.as_deref() == Some("saml") {
        return None;
    }
    if client.public_client == Some(true) {
        return Some(NONE);
    }
    match authenticator_of(client) {
        DEFAULT_AUTHENTICATOR => Some(allowed.unwrap_or("client_secret_basic")),
        other => METHODS.iter().find(|(_, authenticator)| *authenticator == other).map(|(name, _)| *name),
    }
}

/// The secret, if the client's method uses it. Other methods have one stored, but it is not shown.
pub(super) fn secret(client: &Client) -> Option<&str> {
    if client.public_client == Some(true) || !matches!(authenticator_of(client), "client-secret" | "client-secret-jwt")
    {
        return None;
    }
    client.secret.as_deref()
}

fn authenticator_of(client: &Client) -> &str {
    client.client_authenticator_type.as_deref().unwrap_or(DEFAULT_AUTHENTICATOR)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(authenticator: &str, public: bool) -> Client {
        Client {
            client_authenticator_type: Some(authenticator.to_owned()),
            public_client: Some(public),
            secret: Some("secret".to_owned()),
            ..Client::default()
        }
    }

    #[test]
    fn knows_the_methods_by_their_exact_name() {
        assert_eq!(authenticator("client_secret_post"), Some("client-secret"));
        assert_eq!(authenticator("private_key_jwt"), Some("client-jwt"));
        for unknown in ["", "magic", "NONE", "self_signed_tls_client_auth", "attest_jwt_client_auth"] {
            assert_eq!(authenticator(unknown), None, "{unknown}");
        }
    }

    #[test]
    fn shows_the_method_and_the_secret_it_uses() {
        let cases = [
            (client("client-secret", false), None, Some("client_secret_basic"), true),
            (client("client-secret", false), Some("client_secret_post"), Some("client_secret_post"), true),
            (client("client-secret-jwt", false), Some("client_secret_post"), Some("client_secret_jwt"), true),
            (client("client-jwt", false), None, Some("private_key_jwt"), false),
            (client("client-x509", false), None, Some("tls_client_auth"), false),
            (client("none", true), None, Some("none"), false),
            (client("client-secret", true), None, Some("none"), false),
            (client("free-text", false), None, None, false),
            (Client { protocol: Some("saml".to_owned()), ..client("client-secret", false) }, None, None, true),
        ];
        for (client, allowed, expected, shown) in cases {
            assert_eq!(method(&client, allowed), expected, "{client:?}");
            assert_eq!(secret(&client).is_some(), shown, "{client:?}");
        }
    }
}
