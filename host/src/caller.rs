//! A caller as the network shows it, before anything it says is believed.

use std::net::IpAddr;

use axum::extract::{FromRequestParts, Request};
use axum::http::header::{AUTHORIZATION, ORIGIN};
use axum::http::request::Parts;
use axum::http::{Extensions, StatusCode};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use matricula_network::authority::{Authority, Scheme};
use matricula_network::proxies::TrustedProxies;
use matricula_network::{addresses, form};

use crate::app::{App, Peer};
use crate::error::ErrorResponse;

impl FromRequestParts<App> for Caller {
    type Rejection = ErrorResponse;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Self, ErrorResponse> {
        Caller::take(&mut parts.extensions)
    }
}

/// The sender of a request.
#[derive(Clone, Debug)]
pub(crate) struct Caller {
    /// Trusted proxies are already looked through.
    pub(crate) address: IpAddr,
    /// The same as text: IPv6 in its canonical form (RFC 5952).
    pub(crate) address_text: String,
    /// Scheme, host and port that the caller asked for, as addresses begin: `https://id.example:8443`.
    pub(crate) asked: String,
    /// The request's `Origin` header.
    pub(crate) origin: Option<String>,
    scheme: Scheme,
    authorization: Option<String>,
}

impl Caller {
    /// The sender of a request that came over a connection from `peer`.
    ///
    /// # Errors
    /// 400 when it does not tell in a readable way which host it asks for, or where a proxy says that it comes from.
    pub(crate) fn of(peer: Peer, proxies: &TrustedProxies, request: &Request) -> Result<Caller, ErrorResponse> {
        let headers = request.headers();
        let named = Authority::of(request.version(), request.uri(), headers).map_err(malformed)?;
        let told = proxies.origin(peer.address, headers).map_err(|_| malformed("Forwarded cannot be read"))?;
        let scheme = told.scheme.unwrap_or(if peer.tls { Scheme::Https } else { Scheme::Http });
        let authority = match &told.host {
            Some(host) => Authority::parse(host).ok_or_else(|| malformed("The proxy names no valid host"))?,
            // The port in `Host` is that of the way from the proxy to this server (Keycloak).
            None if told.scheme.is_some() => named.without_port(),
            None => named,
        };
        let text = |name| headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
        Ok(Caller {
            address: told.address,
            address_text: told.address.to_string(),
            asked: format!("{}://{}", scheme.as_str(), authority.with_port(told.port).in_address(scheme)),
            origin: text(ORIGIN),
            scheme,
            authorization: text(AUTHORIZATION),
        })
    }

    /// The sender of a request, which was put into its extensions when it came; there is one to be taken.
    ///
    /// # Errors
    /// 500 when it was taken already.
    pub(crate) fn take(extensions: &mut Extensions) -> Result<Caller, ErrorResponse> {
        extensions.remove::<Caller>().ok_or_else(ErrorResponse::server_error)
    }

    /// The same caller as if it were elsewhere.
    pub(crate) fn at(self, address: IpAddr) -> Caller {
        let address = addresses::canonical(address);
        Caller { address, address_text: address.to_string(), ..self }
    }

    /// The same caller as if it had shown this bearer token.
    pub(crate) fn showing(self, token: &str) -> Caller {
        Caller { authorization: Some(format!("Bearer {token}")), ..self }
    }

    /// Whether the caller used TLS.
    pub(crate) fn is_secure(&self) -> bool {
        self.scheme == Scheme::Https
    }

    /// Whether the caller is on this machine or in a private network.
    pub(crate) fn is_local(&self) -> bool {
        addresses::is_local(self.address)
    }

    /// The bearer token of the `Authorization` header. Everything else there counts as no token: another scheme, an
    /// empty token, one with a blank in it.
    pub(crate) fn bearer_token(&self) -> Option<&str> {
        let (scheme, token) = self.authorization.as_deref()?.split_once(' ')?;
        (scheme.eq_ignore_ascii_case("Bearer") && !token.is_empty() && !token.contains(' ')).then_some(token)
    }

    /// Id and secret of HTTP Basic, both form-decoded (RFC 6749 §2.3.1).
    pub(crate) fn basic_credentials(&self) -> Option<(String, String)> {
        let (scheme, encoded) = self.authorization.as_deref()?.split_once(' ')?;
        if !scheme.eq_ignore_ascii_case("Basic") {
            return None;
        }
        let decoded = String::from_utf8(STANDARD.decode(encoded.trim()).ok()?).ok()?;
        let (id, secret) = decoded.split_once(':')?;
        Some((form::decode(id), form::decode(secret)))
    }
}

fn malformed(description: &str) -> ErrorResponse {
    ErrorResponse::new(StatusCode::BAD_REQUEST, "invalid_request", description)
}
