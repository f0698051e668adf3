//! Client-initiated backchannel authentication (CIBA Core §4). Messages name members as `openid-connect` does.

use std::net::IpAddr;

use super::{Problems, attribute};
use crate::contract::matricula::registration::client::Client;
use crate::realm::Realm;
use crate::uri::Url;

const MODE: &str = "ciba.backchannel.token.delivery.mode";
const ENDPOINT: &str = "ciba.backchannel.client.notification.endpoint";
const ALGORITHM: &str = "ciba.backchannel.auth.request.signing.alg";

/// Checks how tokens are delivered and how requests are signed.
pub(super) fn check(client: &Client, realm: &dyn Realm, problems: &mut Problems) {
    let endpoint = attribute(client, ENDPOINT);
    match attribute(client, MODE) {
        None | Some("poll") => {}
        Some("ping") if endpoint.is_some() => {}
        Some("ping") => problems.add(
            &format!("attributes.{ENDPOINT}"),
            "",
            "CIBA Backchannel Client Notification Endpoint must be set for the CIBA ping mode",
        ),
        Some(mode) => problems.add(
            &format!("attributes.{MODE}"),
            mode,
            "Unsupported requested CIBA Backchannel Token Delivery Mode",
        ),
    }
    if let Some(endpoint) = endpoint
        && let Some(message) = endpoint_problem(endpoint, realm)
    {
        problems.add(&format!("attributes.{ENDPOINT}"), endpoint, message);
    }
    if let Some(algorithm) = attribute(client, ALGORITHM)
        && !is_supported(algorithm)
    {
        problems.add(
            &format!("attributes.{ALGORITHM}"),
            algorithm,
            "Unsupported requested CIBA Backchannel Authentication Request Signing Algorithm",
        );
    }
}

fn endpoint_problem(endpoint: &str, realm: &dyn Realm) -> Option<&'static str> {
    let Some(url) = Url::parse(endpoint) else {
        return Some("The url [backchannel_client_notification_endpoint] is malformed");
    };
    match url.scheme.to_ascii_lowercase().as_str() {
        "https" => None,
        "http" if is_open(url.host, realm) => None,
        "http" => Some("The url [backchannel_client_notification_endpoint] requires secure connections"),
        _ => Some("Invalid protocol/scheme for url [backchannel_client_notification_endpoint]"),
    }
}

/// Whether the realm allows plain HTTP to this host (Keycloak: SslRequired).
fn is_open(host: &str, realm: &dyn Realm) -> bool {
    match realm.setting("sslRequired").as_deref() {
        Some("none") => true,
        Some("all") => false,
        _ => is_local(host, realm),
    }
}

/// Whether a host is this machine or in a private network. A name counts by its first address.
fn is_local(host: &str, realm: &dyn Realm) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    let address = match bare.parse::<IpAddr>() {
        Ok(address) => Some(address),
        Err(_) => realm.addresses_of(host).first().and_then(|address| address.parse().ok()),
    };
    match address.map(|address| address.to_canonical()) {
        Some(IpAddr::V4(address)) => address.is_loopback() || address.is_private() || address.is_link_local(),
        Some(IpAddr::V6(address)) => {
            let is_site_local = address.segments()[0] & 0xffc0 == 0xfec0;
            let is_link_local = address.is_unicast_link_local();
            address.is_loopback() || address.is_unique_local() || is_link_local || is_site_local
        }
        None => false,
    }
}

/// Not symmetric: there is no secret to share with the endpoint.
fn is_supported(algorithm: &str) -> bool {
    matches!(
        algorithm,
        "none" | "RS256" | "RS384" | "RS512" | "PS256" | "PS384" | "PS512" | "ES256" | "ES384" | "ES512" | "EdDSA"
    )
}
