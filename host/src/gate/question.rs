//! What the browser asked the authorization server for, as the proxy tells it.
//!
//! Proxies pass on what a browser sends, so none of these can be told from a header of the browser's own: all that are
//! there must name the same client.

use axum::extract::Request;
use axum::http::{HeaderName, HeaderValue};
use matricula_network::form;

use crate::caller::Caller;

/// Where the address of the browser's request is: nginx (path and query, whole), Traefik, Caddy, haproxy.
const ADDRESSES: [HeaderName; 3] = [
    HeaderName::from_static("x-original-uri"),
    HeaderName::from_static("x-original-url"),
    HeaderName::from_static("x-forwarded-uri"),
];
/// Where its method is.
const METHODS: [HeaderName; 2] =
    [HeaderName::from_static("x-original-method"), HeaderName::from_static("x-forwarded-method")];

/// The client of a request.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Asked {
    /// This one.
    Client(String),
    /// None is named in the address.
    Nobody {
        /// The body may name one, which isn't seen.
        is_post: bool,
    },
    /// More than one, or one more than once.
    Twice,
}

impl Asked {
    /// Reads it. `forwarded_path`: the path of the gate is followed by that of the browser's request, as Envoy asks.
    pub(super) fn of(request: &Request, caller: &Caller, forwarded_path: bool) -> Asked {
        let own = request.uri().query().unwrap_or_default();
        let headers = request.headers();
        let addresses = ADDRESSES;
        let lines = addresses.iter().flat_map(|name| headers.get_all(name));
        let told: Vec<_> = lines.map(|line| String::from_utf8_lossy(line.as_bytes())).collect();
        let mut named: Vec<Option<String>> = Vec::new();
        let sources = told.iter().map(|address| (query_of(address), true)).chain([(own, forwarded_path)]);
        for (query, counts_empty) in sources {
            match client_id(query) {
                Ok(Some(client_id)) => named.push(Some(client_id)),
                Ok(None) if counts_empty => named.push(None),
                Ok(None) => {}
                Err(Twice) => return Asked::Twice,
            }
        }
        let first = named.first().cloned().flatten();
        if named.iter().any(|other| *other != first) {
            return Asked::Twice;
        }
        let basic = || caller.basic_credentials().map(|(id, _)| id).filter(|id| !id.is_empty());
        match first.or_else(basic) {
            Some(client_id) => Asked::Client(client_id),
            None => {
                let told = METHODS.iter().find_map(|name| headers.get(name)).map(HeaderValue::as_bytes);
                let method = told.or(forwarded_path.then(|| request.method().as_str().as_bytes()));
                let is_post = method.is_some_and(|method| method.eq_ignore_ascii_case(b"POST"));
                Asked::Nobody { is_post }
            }
        }
    }
}

/// A client is named more than once.
struct Twice;

/// The query of an address, whole or only path and query.
fn query_of(address: &str) -> &str {
    let address = address.split('#').next().unwrap_or_default();
    address.split_once('?').map_or("", |(_, query)| query)
}

/// The `client_id` of a query; an empty one is none.
fn client_id(query: &str) -> Result<Option<String>, Twice> {
    let mut found = None;
    for pair in query.split('&') {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        if form::decode(name) == "client_id" {
            if found.is_some() {
                return Err(Twice);
            }
            found = Some(form::decode(value));
        }
    }
    Ok(found.filter(|client_id| !client_id.is_empty()))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that panics fails")]
mod tests {
    use std::net::IpAddr;

    use axum::body::Body;
    use matricula_network::proxies::{ProxyHeaders, TrustedProxies};

    use super::*;
    use crate::app::Peer;

    fn asked(method: &str, address: &str, headers: &[(&str, &str)]) -> Asked {
        let mut request = Request::builder().method(method).uri(address).header("host", "localhost");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(Body::empty()).unwrap();
        let peer = Peer { address: IpAddr::from([127, 0, 0, 1]), tls: false };
        let caller = Caller::of(peer, &TrustedProxies::new(Vec::new(), ProxyHeaders::default()), &request).unwrap();
        let forwarded = request.uri().path().strip_prefix("/realms/x/gate/").is_some_and(|rest| !rest.is_empty());
        Asked::of(&request, &caller, forwarded)
    }

    fn client(client_id: &str) -> Asked {
        Asked::Client(client_id.to_owned())
    }

    #[test]
    fn every_proxy_tells_it_in_its_own_way() {
        let gate = "/realms/x/gate";
        for (address, headers, expected) in [
            (gate, &[("x-original-uri", "/auth?a=b&client_id=c")][..], client("c")),
            (gate, &[("x-original-url", "https://sso/auth?client_id=c#client_id=d")], client("c")),
            (gate, &[("x-forwarded-uri", "/auth?client%5Fid=a+b%2Bc")], client("a b+c")),
            ("/realms/x/gate/auth?client_id=c", &[], client("c")),
            ("/realms/x/gate?client_id=c", &[], client("c")),
            (gate, &[("x-original-uri", "/par"), ("authorization", "Basic YSUyQmI6cw==")], client("a+b")),
            (gate, &[("x-original-uri", "/auth?client_id=c"), ("authorization", "Basic YTpz")], client("c")),
            (gate, &[("x-original-uri", "/auth;client_id=d?client_id=c")], client("c")),
            (gate, &[("x-original-uri", "/auth?client_id=")], Asked::Nobody { is_post: false }),
            (gate, &[("x-original-uri", "/auth?Client_Id=c")], Asked::Nobody { is_post: false }),
            (gate, &[("x-original-uri", "/auth"), ("x-original-method", "POST")], Asked::Nobody { is_post: true }),
            (gate, &[("x-forwarded-method", "POST")], Asked::Nobody { is_post: true }),
        ] {
            assert_eq!(asked("GET", address, headers), expected, "{address} {headers:?}");
        }
        assert_eq!(asked("POST", "/realms/x/gate/auth", &[]), Asked::Nobody { is_post: true });
        assert_eq!(asked("POST", gate, &[]), Asked::Nobody { is_post: false });
    }

    #[test]
    fn whatever_is_told_must_name_the_same_client() {
        let gate = "/realms/x/gate";
        let same = [("x-original-uri", "/auth?client_id=c"), ("x-forwarded-uri", "/auth?state=x&client_id=c")];
        assert_eq!(asked("GET", gate, &same), client("c"));
        for (address, headers) in [
            (gate, &[("x-original-uri", "/auth?client_id=c&client_id=c")][..]),
            (gate, &[("x-original-uri", "/auth?client_id=c&client%5fid=d")]),
            (gate, &[("x-original-uri", "/auth?client_id=c"), ("x-forwarded-uri", "/auth?client_id=d")]),
            (gate, &[("x-original-uri", "/auth?client_id=c"), ("x-forwarded-uri", "/auth")]),
            (gate, &[("x-original-uri", "/auth?client_id=c"), ("x-original-uri", "/auth?client_id=d")]),
            (gate, &[("x-original-url", "https://sso/auth"), ("x-original-uri", "/auth?client_id=d")]),
            ("/realms/x/gate?client_id=d", &[("x-original-uri", "/auth?client_id=c")]),
            ("/realms/x/gate/auth", &[("x-original-uri", "/auth?client_id=c")]),
        ] {
            assert_eq!(asked("GET", address, headers), Asked::Twice, "{address} {headers:?}");
        }
    }
}
