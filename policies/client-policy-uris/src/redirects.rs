//! `secure-redirect-uris-enforcer`: redirect URIs, and the targets of a logout, are of a kind that is allowed.

use std::borrow::Cow;
use std::net::IpAddr;

use matricula_policy_sdk::{Client, Config, ConfigError, ConfigProperty, Executor, Host, Outcome, Property, Request};

use super::addresses::{self, FIELDS, Field};
use super::patterns::{Pattern, pattern};
use super::uri::{self, Uri};

/// Which kinds are allowed; all switches default to off.
#[derive(Default)]
pub struct SecureRedirectUris {
    allow_ipv4_loopback: bool,
    allow_ipv6_loopback: bool,
    allow_private_scheme: bool,
    allow_http: bool,
    allow_wildcard: bool,
    permitted_domains: Vec<Pattern>,
    oauth_2_0: bool,
    oauth_2_1: bool,
    allow_open_redirect: bool,
}

const fn switch(name: &'static str, label: &'static str, help_text: &'static str) -> Property {
    Property { label, help_text, default_value: Some("false"), ..Property::switch(name) }
}

const IPV4_LOOPBACK: Property = switch(
    "allow-ipv4-loopback-address",
    "Allow IPv4 loopback address",
    "If ON, then the executor allows IPv4 loopback address as a valid redirect uri. For example, 'http://127.0.0.1:{port}/{path}' . ",
);
const IPV6_LOOPBACK: Property = switch(
    "allow-ipv6-loopback-address",
    "Allow IPv6 loopback address",
    "If ON, then the executor allows IPv6 loopback address as a valid redirect uri. For example, 'http://[::1]:{port}/{path}' . ",
);
const PRIVATE_SCHEME: Property = switch(
    "allow-private-use-uri-scheme",
    "Allow private use URI scheme",
    "If ON, then the executor allows a private-use URI scheme (aka custom URL scheme) as a valid redirect uri. For example, an app that controls the domain name 'app.example.com' can use 'com.example.app' as their scheme.",
);
const HTTP: Property = switch(
    "allow-http-scheme",
    "Allow http scheme",
    "If On, then the executor allows http scheme as a valid redirect uri.",
);
const WILDCARD: Property = switch(
    "allow-wildcard-context-path",
    "Allow wildcard in context-path",
    "If ON, then it will allow wildcard in context-path uris. For example, domain.example.com/*",
);
const DOMAINS: Property = Property {
    label: "Allow permitted domains",
    help_text: "If some domains are filled, the redirect uri host must match one of registered domains. If not filled, then all domains are possible to use. The domains are checked by using regex. For example use pattern like this '(.*)\\.example\\.org' if you want clients to register redirect-uris only from domain 'example.org'.Don't forget to use escaping of special characters like dots as otherwise dot is interpreted as any character in regex!",
    ..Property::list("allow-permitted-domains")
};
const OAUTH_2_0: Property = switch(
    "oauth-2-0-compliant",
    "OAuth 2.0 Compliant",
    "If On, then the executor enforces OAuth 2.0 (RFC 6749) redirect URI rules. This means that URL fragments and wildcard redirect URIs are not allowed. This is less strict than 'OAuth 2.1 Compliant', which additionally disallows 'localhost' and requires HTTPS.",
);
const OAUTH_2_1: Property = switch(
    "oauth-2-1-compliant",
    "OAuth 2.1 Compliant",
    "If On, then the executor checks and matches the uri by following OAuth 2.1 specification. This means that for example URL fragments, wildcard redirect uris or URL using 'localhost' are not allowed.",
);
const OPEN_REDIRECT: Property = switch(
    "allow-open-redirect",
    "Allow open redirect",
    "If ON, then the executor does not verify a redirect uri even if its other setting is ON. WARNING: This is insecure and should be used with care as open redirects are bad practice.",
);

const CODE: &str = "invalid_request";

impl Executor for SecureRedirectUris {
    const ID: &'static str = "secure-redirect-uris-enforcer";
    const HELP_TEXT: &'static str = "On registering and updating a client, this executor only allows a valid redirect uri. On receiving an authorization request, this executor checks whether a redirect uri parameter matches registered redirect uris in the way that depends on the executor's setting.";

    fn properties(_: &Host) -> Vec<ConfigProperty> {
        [IPV4_LOOPBACK, IPV6_LOOPBACK, PRIVATE_SCHEME, HTTP, WILDCARD, DOMAINS, OAUTH_2_0, OAUTH_2_1, OPEN_REDIRECT]
            .map(|property| property.form(Vec::new()))
            .into()
    }

    fn read(config: &mut Config) -> Result<Self, ConfigError> {
        let mut is_on = |property| Ok(config.switch(&property)?.unwrap_or(false));
        let mut read = Self {
            allow_ipv4_loopback: is_on(IPV4_LOOPBACK)?,
            allow_ipv6_loopback: is_on(IPV6_LOOPBACK)?,
            allow_private_scheme: is_on(PRIVATE_SCHEME)?,
            allow_http: is_on(HTTP)?,
            allow_wildcard: is_on(WILDCARD)?,
            oauth_2_0: is_on(OAUTH_2_0)?,
            oauth_2_1: is_on(OAUTH_2_1)?,
            allow_open_redirect: is_on(OPEN_REDIRECT)?,
            permitted_domains: Vec::new(),
        };
        for domain in config.list(&DOMAINS) {
            let unreadable = || DOMAINS.error(format!("'{domain}' is no regular expression"));
            read.permitted_domains.push(pattern(&domain).ok_or_else(unreadable)?);
        }
        Ok(read)
    }

    fn on_request(&self, request: &Request, proposed: &Client, _: Option<&Client>) -> Outcome {
        let redirects = proposed.standard_flow_enabled != Some(false) || proposed.implicit_flow_enabled == Some(true);
        if !redirects {
            return Outcome::Pass;
        }
        if proposed.redirect_uris.as_ref().is_none_or(Vec::is_empty) {
            return Outcome::refuse(CODE, "Invalid Redirect Uri: invalid uri");
        }
        if self.allow_open_redirect {
            return Outcome::Pass;
        }
        let judged = |field: &&Field| matches!(field.title, "redirectUris" | "postLogoutRedirectUris");
        for field in FIELDS.iter().filter(judged) {
            for uri in addresses::of(proposed, field) {
                if let Err(reason) = self.judge(&joined(&uri, proposed.root_url.as_deref()), request.host) {
                    return Outcome::refuse_value(CODE, &format!("Invalid Redirect Uri: {reason}"), field.name, uri);
                }
            }
        }
        Outcome::Pass
    }
}

/// A relative address below the root URL, if there is one.
fn joined<'a>(uri: &'a str, root_url: Option<&str>) -> Cow<'a, str> {
    match root_url {
        Some(root) if uri.starts_with('/') && !root.is_empty() => {
            Cow::Owned(format!("{}{uri}", root.trim_end_matches('/')))
        }
        _ => Cow::Borrowed(uri),
    }
}

/// Where the host of a URI leads.
#[derive(Clone, Copy, PartialEq)]
enum Loopback {
    V4,
    V6,
    No,
}

fn loopback(uri: &Uri, host: &Host) -> Loopback {
    let address = match (uri.address(), uri.host) {
        (Some(address), _) => address,
        (None, None) => return Loopback::No,
        (None, Some(name)) if name.eq_ignore_ascii_case("localhost") => return Loopback::V4,
        // A name counts as what it stands for.
        (None, Some(name)) => match host.addresses_of(name).first().and_then(|first| first.parse().ok()) {
            Some(address) => address,
            None => return Loopback::No,
        },
    };
    match address.to_canonical() {
        IpAddr::V4(address) if address.is_loopback() => Loopback::V4,
        IpAddr::V6(address) if address.is_loopback() => Loopback::V6,
        _ => Loopback::No,
    }
}

impl SecureRedirectUris {
    /// Why a redirect URI is not allowed, in Keycloak's words.
    fn judge(&self, text: &str, host: &Host) -> Result<(), &'static str> {
        const GENERAL: &str = "invalid uri";
        const LOOPBACK: &str = "invalid loopback address";
        const PRIVATE: &str = "invalid private use scheme";
        let allowed = |allowed: bool, reason| if allowed { Ok(()) } else { Err(reason) };
        let uri = uri::parse(text).ok_or(GENERAL)?;
        let scheme = uri.scheme.as_deref();
        let is_http = scheme == Some("http");
        let common = self.has_good_wildcards(text, &uri)
            && !(self.oauth_2_0 || self.oauth_2_1) | !(text.contains('*') || uri.has_fragment);
        let loopback = loopback(&uri, host);
        if loopback != Loopback::No {
            let is_on = match loopback {
                Loopback::V4 => self.allow_ipv4_loopback,
                _ => self.allow_ipv6_loopback,
            };
            let is_compliant =
                uri.address().is_some() && uri.port.is_none() && (loopback == Loopback::V4 || uri.host == Some("::1"));
            return allowed(
                is_on && common && (self.allow_http || !is_http) && (is_compliant || !self.oauth_2_1),
                LOOPBACK,
            );
        }
        match scheme {
            Some("http" | "https") => {
                let is_permitted = self.permitted_domains.is_empty()
                    || uri.host.is_some_and(|host| self.permitted_domains.iter().any(|domain| domain.is_match(host)));
                allowed(common && is_permitted && (!is_http || self.allow_http && !self.oauth_2_1), GENERAL)
            }
            Some(scheme) => {
                let is_compliant = !self.oauth_2_1 || scheme.contains('.');
                allowed(self.allow_private_scheme && common && is_compliant, PRIVATE)
            }
            None => Err(GENERAL),
        }
    }

    /// No `*`, or one at the start of the path where that is allowed.
    fn has_good_wildcards(&self, text: &str, uri: &Uri) -> bool {
        match text.matches('*').count() {
            0 => true,
            1 => self.allow_wildcard && uri.path.starts_with("/*"),
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use matricula_policy_sdk::{Attribute, Context};

    fn run(settings: &str, proposed: &Client) -> Outcome {
        let mut config = Config::default();
        for setting in settings.split_whitespace() {
            config = match setting.split_once('=') {
                Some((name, value)) => config.with(name, &[value]),
                None => config.with(setting, &["true"]),
            };
        }
        let host = Host { addresses: vec![("lan.example", vec!["127.0.0.9".into()])], ..Host::default() };
        let executor = SecureRedirectUris::read(&mut config).unwrap();
        executor.on_request(&Request { context: &Context::default(), host: &host }, proposed, None)
    }

    const LOOPBACK: &str = "allow-ipv4-loopback-address allow-ipv6-loopback-address allow-http-scheme";
    const STRICT: &str = "allow-ipv4-loopback-address allow-ipv6-loopback-address allow-http-scheme \
                          allow-private-use-uri-scheme oauth-2-1-compliant";

    #[test]
    fn judges_each_kind_by_its_own_switches() {
        for (settings, uri, passes) in [
            ("", "https://example.com/cb", true),
            ("", "http://example.com/cb", false),
            ("allow-http-scheme", "http://example.com/cb", true),
            ("", "https://example.com/*", false),
            ("allow-wildcard-context-path", "https://example.com/*", true),
            ("allow-wildcard-context-path", "https://example.com/a/*", false),
            ("allow-wildcard-context-path", "https://example.com/*/*", false),
            ("allow-wildcard-context-path oauth-2-0-compliant", "https://example.com/*", false),
            ("oauth-2-0-compliant", "https://example.com/cb#here", false),
            ("", "https://example.com/cb#here", true),
            ("", "http://127.0.0.1/cb", false),
            ("", "https://localhost/cb", false),
            ("", "https://lan.example/cb", false),
            ("allow-ipv4-loopback-address", "https://lan.example/cb", true),
            ("allow-ipv4-loopback-address", "http://127.0.0.1/cb", false),
            (LOOPBACK, "http://127.0.0.1:8080/cb", true),
            (LOOPBACK, "http://[::1]/cb", true),
            ("allow-ipv4-loopback-address allow-http-scheme", "http://[::1]/cb", false),
            (STRICT, "http://127.0.0.1/cb", true),
            (STRICT, "http://127.0.0.1:8080/cb", false),
            (STRICT, "http://localhost/cb", false),
            (STRICT, "http://[::1]/cb", true),
            (STRICT, "http://[0:0:0:0:0:0:0:1]/cb", false),
            (STRICT, "http://example.com/cb", false),
            (STRICT, "com.example.app:/cb", true),
            (STRICT, "app:/cb", false),
            ("", "com.example.app:/cb", false),
            ("allow-private-use-uri-scheme", "app:/cb", true),
            ("allow-permitted-domains=(.*)\\.example\\.org", "https://a.example.org/", true),
            ("allow-permitted-domains=(.*)\\.example\\.org", "https://a.example.org.evil.example/", false),
            ("allow-open-redirect", "*", true),
            ("", "*", false),
            ("", "/cb", false),
            ("", "https://a b/", false),
        ] {
            let proposed = Client { redirect_uris: Some(vec![uri.into()]), ..Client::default() };
            assert_eq!(run(settings, &proposed) == Outcome::Pass, passes, "{settings} {uri}");
        }
    }

    #[test]
    fn clients_that_are_redirected_need_a_redirect_uri() {
        let flows = |standard, implicit| Client {
            standard_flow_enabled: standard,
            implicit_flow_enabled: implicit,
            ..Client::default()
        };
        for (proposed, passes) in [
            (flows(None, None), false),
            (flows(Some(true), None), false),
            (flows(Some(false), None), true),
            (flows(Some(false), Some(true)), false),
        ] {
            assert_eq!(run("", &proposed) == Outcome::Pass, passes, "{proposed:?}");
            assert_eq!(run("allow-open-redirect", &proposed) == Outcome::Pass, passes, "{proposed:?}");
        }
    }

    #[test]
    fn relative_uris_are_below_the_root_url_and_logouts_are_judged_too() {
        let client = |root: &str, uri: &str, logout: &str| Client {
            root_url: Some(root.into()),
            redirect_uris: Some(vec![uri.into()]),
            attributes: vec![Attribute { name: "post.logout.redirect.uris".into(), value: logout.into() }],
            ..Client::default()
        };
        for (proposed, passes) in [
            (client("https://a.example/", "/cb", "+"), true),
            (client("http://a.example/", "/cb", ""), false),
            (client("", "https://a.example/", "https://a.example/bye"), true),
            (client("", "https://a.example/", "https://a.example/bye##http://a.example/bye"), false),
        ] {
            assert_eq!(run("", &proposed) == Outcome::Pass, passes, "{proposed:?}");
        }
    }

    #[test]
    fn refuses_a_domain_that_is_no_regular_expression() {
        let mut config = Config::default().with("allow-permitted-domains", &["("]);
        assert!(SecureRedirectUris::read(&mut config).is_err());
    }
}
