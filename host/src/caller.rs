//! A caller as the network shows it, before anything it says is believed.

use std::convert::Infallible;
use std::net::IpAddr;

use axum::extract::FromRequestParts;
use axum::http::Uri;
use axum::http::header::{AUTHORIZATION, HOST, HeaderMap, ORIGIN};
use axum::http::request::Parts;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::addresses::{self, TrustedProxies};
use crate::app::{App, Peer};
use crate::form;

impl FromRequestParts<App> for Caller {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Infallible> {
        Ok(app.caller_of(parts.extensions.get::<Peer>(), &parts.headers, &parts.uri))
    }
}

/// The sender of a request.
#[derive(Clone, Debug)]
pub(crate) struct Caller {
    /// Trusted proxies are already looked through.
    pub(crate) address: IpAddr,
    /// The same as text: IPv6 in its canonical form (RFC 5952).
    pub(crate) address_text: String,
    /// `http` or `https`, as the caller used it.
    pub(crate) scheme: String,
    /// Host and port that the caller asked for.
    pub(crate) host: String,
    /// The request's `Origin` header.
    pub(crate) origin: Option<String>,
    authorization: Option<String>,
}

impl Caller {
    /// The sender of a request that came over a connection from `peer`.
    pub(crate) fn new(peer: IpAddr, tls: bool, proxies: &TrustedProxies, headers: &HeaderMap, uri: &Uri) -> Caller {
        let told = proxies.origin(peer, headers);
        let text = |name| headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
        let own_scheme = if tls { "https" } else { "http" };
        Caller {
            address: told.address,
            address_text: told.address.to_string(),
            scheme: told.scheme.filter(|scheme| scheme == "https" || scheme == "http").unwrap_or(own_scheme.to_owned()),
            host: told
                .host
                .or_else(|| uri.authority().map(ToString::to_string))
                .or_else(|| text(HOST))
                .unwrap_or_else(|| "localhost".to_owned()),
            origin: text(ORIGIN),
            authorization: text(AUTHORIZATION),
        }
    }

    /// The same caller as if it were elsewhere.
    pub(crate) fn at(self, address: IpAddr) -> Caller {
        let address = addresses::canonical(address);
        Caller { address, address_text: address.to_string(), ..self }
    }

    /// Whether the caller used TLS.
    pub(crate) fn is_secure(&self) -> bool {
        self.scheme == "https"
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
