//! Trusted Hosts: from where clients are registered and managed, and where their URIs lead
//! (Keycloak: TrustedHostClientRegistrationPolicy).

#![cfg_attr(test, allow(clippy::unwrap_used, reason = "a test that panics fails"))]

pub mod entry;
pub mod url;

use std::borrow::Cow;

use matricula_policy_sdk::{
    Client, Config, ConfigError, ConfigProperty, Decision, Hook, Host, Policy, Property, Request, Violation,
};

use url::Malformed;

/// The list; see [`entry`] for what it may hold.
pub const TRUSTED_HOSTS: Property =
    Property { label: "trusted-hosts.label", help_text: "trusted-hosts.tooltip", ..Property::list("trusted-hosts") };

/// Whether the sender of a request must be on the list.
pub const CHECK_SENDER: Property = Property {
    label: "host-sending-registration-request-must-match.label",
    help_text: "host-sending-registration-request-must-match.tooltip",
    default_value: Some("\"true\""),
    title: "Host Sending Client Registration Request Must Match",
    ..Property::switch("host-sending-registration-request-must-match")
};

/// Whether the URIs of a client must be on the list.
pub const CHECK_URIS: Property = Property {
    label: "client-uris-must-match.label",
    help_text: "client-uris-must-match.tooltip",
    default_value: Some("\"true\""),
    title: "Client URIs Must Match",
    ..Property::switch("client-uris-must-match")
};

/// Start pages in other languages: attributes `metadata.client_uri#de`.
const TAGGED_BASE_URL: &str = "metadata.client_uri#";

/// Host name of the address that is the client's identifier, among what the context says of the request. Only clients
/// that publish their metadata there have one (provider `client-id-metadata-document`).
const CLIENT_ID_HOST: &str = "client-id-host";

/// The policy, its list and what it checks.
pub struct TrustedHosts {
    entries: Vec<String>,
    check_sender: bool,
    check_uris: bool,
}

impl Policy for TrustedHosts {
    const ID: &'static str = "trusted-hosts";
    const HELP_TEXT: &'static str = "Allows to specify from which hosts is user able to register and which redirect \
                                     URIs can client use in it's configuration";
    const HOOKS: &'static [Hook] = &[Hook::BeforeRegister, Hook::BeforeUpdate, Hook::BeforeView, Hook::BeforeDelete];

    fn properties(_: &Host) -> Vec<ConfigProperty> {
        [TRUSTED_HOSTS, CHECK_SENDER, CHECK_URIS].map(|property| property.form(Vec::new())).into()
    }

    fn read(config: &mut Config) -> Result<Self, ConfigError> {
        Ok(Self {
            entries: config.list(&TRUSTED_HOSTS),
            check_sender: config.switch(&CHECK_SENDER)?.unwrap_or(true),
            check_uris: config.switch(&CHECK_URIS)?.unwrap_or(true),
        })
    }

    fn check(config: &mut Config, _: &Host) -> Result<(), ConfigError> {
        let check_sender = config.switch(&CHECK_SENDER)?.ok_or_else(|| CHECK_SENDER.missing())?;
        let check_uris = config.switch(&CHECK_URIS)?.ok_or_else(|| CHECK_URIS.missing())?;
        if !check_sender && !check_uris {
            let message = "At least one of hosts verification or client URIs validation must be enabled";
            return Err(CHECK_SENDER.error(message));
        }
        // Keycloak has no ranges, so it has none that there are not.
        match config.list(&TRUSTED_HOSTS).into_iter().find(|entry| entry::is_no_range(entry)) {
            Some(entry) => Err(TRUSTED_HOSTS.error(format!("'Trusted Hosts': there is no range of addresses {entry}"))),
            None => Ok(()),
        }
    }

    fn before_register(&self, request: &Request, proposed: &Client) -> Decision {
        let mut violations = self.sender_violations(request);
        if self.check_uris {
            // For other clients the identifier is a name and no address, whatever it looks like.
            let client_id = proposed.client_id.as_deref().filter(|_| client_id_host(request).is_some());
            violations.extend(untrusted_uris(&self.entries, client_id, proposed));
        }
        Decision::objections(violations)
    }

    fn before_update(&self, request: &Request, proposed: &Client, _: &Client) -> Decision {
        self.before_register(request, proposed)
    }

    fn before_view(&self, request: &Request, _: &Client) -> Decision {
        Decision::objections(self.sender_violations(request))
    }

    fn before_delete(&self, request: &Request, _: &Client) -> Decision {
        Decision::objections(self.sender_violations(request))
    }
}

impl TrustedHosts {
    fn sender_violations(&self, request: &Request) -> Vec<Violation> {
        if !self.check_sender {
            return Vec::new();
        }
        // Who may say what is at a listed host has the client's document there, wherever that is served from: it comes
        // from the host by TLS. The list is looked at before DNS is asked.
        let of_client_id = client_id_host(request);
        if of_client_id.is_some_and(|host| self.entries.iter().any(|entry| entry::names(entry, host))) {
            return Vec::new();
        }
        let sender = &request.context.caller.address;
        if is_trusted_sender(&self.entries, sender, request.host) {
            return Vec::new();
        }
        let hint = match of_client_id {
            Some(host) => format!("the document came from {sender}; list that address or '{host}' in 'trusted-hosts'"),
            None => format!("the request came from {sender}; list that address or its name in 'trusted-hosts'"),
        };
        vec![Violation::new("Host not trusted.").hint(hint)]
    }
}

/// The host in whose name the client speaks, if its identifier is an address.
fn client_id_host<'a>(request: &Request<'a>) -> Option<&'a str> {
    let attribute = request.context.attributes.iter().find(|attribute| attribute.name == CLIENT_ID_HOST)?;
    Some(&attribute.value)
}

/// Whether requests from this address are trusted: it is listed, a listed host name leads to it, or its own name is
/// listed. Its own name is asked for last, as the sender decides how long that takes.
pub fn is_trusted_sender(entries: &[String], sender: &str, host: &Host) -> bool {
    let Some(address) = entry::address(sender) else { return false };
    let leads_here = |name| host.addresses_of(name).first().is_some_and(|first| entry::address(first) == Some(address));
    let is_listed = |name: String| entries.iter().any(|entry| entry::names(entry, &name));
    entries.iter().any(|entry| entry::holds(entry, address))
        || entries.iter().filter_map(|entry| entry::host_name(entry)).any(leads_here)
        || entries.iter().any(|entry| entry::may_name(entry)) && host.names_of(sender).into_iter().any(is_listed)
}

/// An objection to each URI of a request that leads to a host that is not listed; first the client's identifier, if it
/// is an address.
pub fn untrusted_uris(entries: &[String], client_id: Option<&str>, client: &Client) -> Vec<Violation> {
    let mut violations = Vec::new();
    let mut judge = |reading: &Reading, field: &str, value: &str| {
        let Some(absolute) = absolute(client.root_url.as_deref(), value) else { return };
        let host = (reading.host_of)(&absolute);
        if !matches!(host, Ok(Some(host)) if entries.iter().any(|entry| entry::names(entry, host))) {
            violations.push(reading.violation(host).at(field, value));
        }
    };
    if let Some(url) = client_id {
        judge(&URL, "client-id", url);
    }
    if let Some(url) = &client.root_url {
        judge(&URL, "root-url", url);
    }
    if let Some(url) = &client.base_url {
        judge(&URL, "base-url", url);
    }
    for attribute in client.attributes.iter().filter(|attribute| attribute.name.starts_with(TAGGED_BASE_URL)) {
        // An empty attribute stands for its removal.
        if !attribute.value.is_empty() {
            judge(&URL, &format!("attributes.{}", attribute.name), &attribute.value);
        }
    }
    if let Some(url) = &client.admin_url {
        judge(&URL, "admin-url", url);
    }
    for uri in client.redirect_uris.iter().flatten().filter(|uri| !uri.is_empty()) {
        judge(&URI, "redirect-uris", uri);
    }
    violations
}

/// A value that begins with a slash is taken below the root URL. Absent: there is none, so it is not checked. A root
/// URL that begins with a slash stays malformed below itself.
fn absolute<'a>(root: Option<&str>, value: &'a str) -> Option<Cow<'a, str>> {
    if !value.starts_with('/') {
        return Some(Cow::Borrowed(value));
    }
    let root = root.filter(|root| !root.is_empty())?;
    Some(Cow::Owned(format!("{root}{value}")))
}

/// The two ways in which Keycloak reads addresses.
struct Reading {
    name: &'static str,
    host_of: fn(&str) -> Result<Option<&str>, Malformed>,
}

/// Root, base and admin URL.
const URL: Reading = Reading { name: "URL", host_of: url::host_of_url };

/// Redirect URIs.
const URI: Reading = Reading { name: "URI", host_of: url::host_of_uri };

impl Reading {
    fn violation(&self, host: Result<Option<&str>, Malformed>) -> Violation {
        let not_trusted = || Violation::new(format!("{} doesn't match any trusted host or trusted domain", self.name));
        match host {
            Ok(Some(host)) => not_trusted().hint(format!("'{host}' is not listed in 'trusted-hosts'")),
            Ok(None) => not_trusted().hint("it has no host, so no entry of 'trusted-hosts' allows it"),
            Err(Malformed) => Violation::new(format!("{} is malformed", self.name)),
        }
    }
}

#[cfg(feature = "export")]
matricula_policy_sdk::export!(TrustedHosts);

#[cfg(test)]
mod tests {
    use super::*;
    use matricula_policy_sdk::{Attribute, Caller, Context};

    const NOT_LISTED_URL: &str = "URL doesn't match any trusted host or trusted domain";
    const NOT_LISTED_URI: &str = "URI doesn't match any trusted host or trusted domain";

    fn entries(list: &[&str]) -> Vec<String> {
        list.iter().map(|entry| entry.to_string()).collect()
    }

    /// Knows loopback as `localhost`, and `gate.example.com` with two addresses and a name of its own.
    fn host() -> Host {
        Host {
            addresses: vec![
                ("localhost", entries(&["127.0.0.1", "::1"])),
                ("LOCALHOST", entries(&["127.0.0.1"])),
                ("gate.example.com", entries(&["192.0.2.1", "192.0.2.2"])),
            ],
            names: vec![
                ("127.0.0.1", entries(&["localhost"])),
                ("::1", entries(&["localhost"])),
                ("192.0.2.9", entries(&["nine.example.com"])),
            ],
            ..Host::default()
        }
    }

    fn text(text: &str) -> Option<String> {
        Some(text.into())
    }

    /// Field, value and message of each objection.
    fn objections(client: &Client) -> Vec<(String, String, String)> {
        let trusted = entries(&["localhost", "127.0.0.1", "example.com", "*.sub.example.org"]);
        let seen = |one: Violation| (one.field.unwrap(), one.value.unwrap(), one.message);
        untrusted_uris(&trusted, None, client).into_iter().map(seen).collect()
    }

    fn expected(objections: &[(&str, &str, &str)]) -> Vec<(String, String, String)> {
        objections.iter().map(|(field, value, text)| (field.to_string(), value.to_string(), text.to_string())).collect()
    }

    #[test]
    fn trusts_a_sender_by_address_or_name() {
        for (list, sender) in [
            (&["localhost"][..], "127.0.0.1"),
            (&["localhost"], "::1"),
            (&["LOCALHOST"], "127.0.0.1"),
            (&["*.localhost"], "127.0.0.1"),
            (&["no-such-host.invalid", "localhost"], "127.0.0.1"),
            (&["0:0:0:0:0:0:0:1"], "::1"),
            (&["gate.example.com"], "192.0.2.1"),
            (&["nine.example.com"], "192.0.2.9"),
            (&["*.example.com"], "192.0.2.9"),
            (&["192.0.2.0/24"], "192.0.2.77"),
        ] {
            assert!(is_trusted_sender(&entries(list), sender, &host()), "{list:?} {sender}");
        }
    }

    #[test]
    fn trusts_no_other_sender() {
        for (list, sender) in [
            (&[][..], "127.0.0.1"),
            (&["192.0.2.1"], "127.0.0.1"),
            (&["127.0.0.2"], "127.0.0.1"),
            (&["*.0.0.1"], "127.0.0.1"),
            (&["localhost "], "127.0.0.1"),
            (&["*"], "127.0.0.1"),
            (&["*.example.com"], "127.0.0.1"),
            (&["gate.example.com"], "192.0.2.2"),
            (&["192.0.2.0/28"], "192.0.2.77"),
            (&["localhost"], ""),
        ] {
            assert!(!is_trusted_sender(&entries(list), sender, &host()), "{list:?} {sender}");
        }
    }

    #[test]
    fn accepts_uris_on_trusted_hosts() {
        let client = Client {
            root_url: text("https://example.com/app"),
            base_url: text("/start"),
            admin_url: text("http://localhost:8080/k_logout"),
            redirect_uris: Some(entries(&[
                "/cb",
                "/deep/*",
                "app://example.com/cb",
                "https://a.b.sub.example.org/",
                "",
            ])),
            ..Client::default()
        };
        assert_eq!(objections(&client), []);
        assert_eq!(objections(&Client::default()), []);
    }

    #[test]
    fn refuses_each_uri_elsewhere_in_order() {
        let client = Client {
            root_url: text("https://example.net"),
            base_url: text("https://www.example.com/x"),
            admin_url: text("nonsense"),
            redirect_uris: Some(entries(&["/cb", "https://example.com/", "https://example.com/a b", "app:cb", "*"])),
            attributes: vec![Attribute { name: "metadata.client_uri#de".into(), value: "https://example.de/".into() }],
            ..Client::default()
        };
        assert_eq!(
            objections(&client),
            expected(&[
                ("root-url", "https://example.net", NOT_LISTED_URL),
                ("base-url", "https://www.example.com/x", NOT_LISTED_URL),
                ("attributes.metadata.client_uri#de", "https://example.de/", NOT_LISTED_URL),
                ("admin-url", "nonsense", "URL is malformed"),
                ("redirect-uris", "/cb", NOT_LISTED_URI),
                ("redirect-uris", "https://example.com/a b", "URI is malformed"),
                ("redirect-uris", "app:cb", NOT_LISTED_URI),
                ("redirect-uris", "*", NOT_LISTED_URI),
            ])
        );
    }

    #[test]
    fn does_not_check_a_relative_uri_without_a_root() {
        let client = Client { base_url: text("/x"), redirect_uris: Some(entries(&["/cb"])), ..Client::default() };
        assert_eq!(objections(&client), []);
    }

    #[test]
    fn takes_a_relative_or_empty_root_url_for_malformed() {
        for root in ["/x", "", "${authBaseUrl}"] {
            let client = Client { root_url: text(root), ..Client::default() };
            assert_eq!(objections(&client), expected(&[("root-url", root, "URL is malformed")]));
        }
    }

    #[test]
    fn leaves_other_uris_alone() {
        let attribute = |name: &str, value: &str| Attribute { name: name.into(), value: value.into() };
        let client = Client {
            web_origins: Some(entries(&["https://example.net"])),
            attributes: vec![
                attribute("jwks.url", "https://example.net/jwks"),
                attribute("metadata.logo_uri#de", "https://example.net/logo"),
                attribute("metadata.client_uri#de", ""),
            ],
            ..Client::default()
        };
        assert_eq!(objections(&client), []);
    }

    #[test]
    fn checks_the_sender_first_and_the_uris_of_register_and_update_only() {
        let policy = TrustedHosts::read(&mut Config::default()).unwrap();
        let caller = Caller { address: "192.0.2.7".into(), ..Caller::default() };
        let context = Context { caller, ..Context::default() };
        let request = Request { context: &context, host: &host() };
        let client = Client { base_url: text("https://example.net"), ..Client::default() };
        let messages = |decision| match decision {
            Decision::Reject(violations) => violations.into_iter().map(|violation| violation.message).collect(),
            _ => Vec::new(),
        };
        assert_eq!(messages(policy.before_register(&request, &client)), ["Host not trusted.", NOT_LISTED_URL]);
        assert_eq!(messages(policy.before_update(&request, &client, &client)), ["Host not trusted.", NOT_LISTED_URL]);
        assert_eq!(messages(policy.before_view(&request, &client)), ["Host not trusted."]);
        assert_eq!(messages(policy.before_delete(&request, &client)), ["Host not trusted."]);
    }

    /// What is objected to in a client whose document came from 192.0.2.7, by a list with these entries.
    fn messages_about_a_document(list: &[&str], host_name: Option<&str>, client: &Client) -> Vec<String> {
        let policy = TrustedHosts::read(&mut Config::default().with(TRUSTED_HOSTS.name, list)).unwrap();
        let named = |host: &str| Attribute { name: CLIENT_ID_HOST.into(), value: host.into() };
        let context = Context {
            provider: "client-id-metadata-document".into(),
            caller: Caller { address: "192.0.2.7".into(), ..Caller::default() },
            attributes: host_name.map(named).into_iter().collect(),
            ..Context::default()
        };
        match policy.before_register(&Request { context: &context, host: &host() }, client) {
            Decision::Reject(violations) => violations.into_iter().map(|violation| violation.message).collect(),
            _ => Vec::new(),
        }
    }

    #[test]
    fn trusts_a_document_by_the_host_that_its_client_speaks_for() {
        const SENDER: &str = "Host not trusted.";
        let client = |client_id: &str| Client { client_id: text(client_id), ..Client::default() };
        for (list, host_name, client_id, expected) in [
            (&["app.example.com"][..], "app.example.com", "https://app.example.com/c.json", &[][..]),
            (&["*.example.com"], "app.example.com", "https://app.example.com:8443/c.json", &[]),
            (&["*.example.com"], "example.com", "https://example.com/c.json", &[]),
            (&["192.0.2.0/24", "app.example.com"], "app.example.com", "https://app.example.com/c.json", &[]),
            (&["[::1]"], "[::1]", "https://[::1]/c.json", &[]),
            (&["127.0.0.1"], "127.0.0.1", "http://127.0.0.1:9/c.json", &[]),
            (&["192.0.2.7"], "app.example.com", "https://app.example.com/c.json", &[NOT_LISTED_URL]),
            (&["example.com"], "app.example.com", "https://app.example.com/c.json", &[SENDER, NOT_LISTED_URL]),
            (&["*.example.com"], "badexample.com", "https://badexample.com/c.json", &[SENDER, NOT_LISTED_URL]),
            (&[], "app.example.com", "https://app.example.com/c.json", &[SENDER, NOT_LISTED_URL]),
        ] {
            assert_eq!(
                messages_about_a_document(list, Some(host_name), &client(client_id)),
                expected,
                "{list:?} {client_id}"
            );
        }
    }

    #[test]
    fn judges_no_other_client_by_its_identifier() {
        let client = Client { client_id: text("https://elsewhere.example/c.json"), ..Client::default() };
        assert_eq!(messages_about_a_document(&["192.0.2.7"], None, &client), Vec::<String>::new());
        assert_eq!(messages_about_a_document(&["elsewhere.example"], None, &client), ["Host not trusted."]);
    }

    #[test]
    fn a_trusted_document_leads_to_trusted_hosts_only() {
        let client = Client {
            client_id: text("https://app.example.com/c.json"),
            base_url: text("https://example.net"),
            redirect_uris: Some(entries(&["https://example.net/cb", "https://app.example.com/cb"])),
            ..Client::default()
        };
        let messages = messages_about_a_document(&["app.example.com"], Some("app.example.com"), &client);
        assert_eq!(messages, [NOT_LISTED_URL, NOT_LISTED_URI]);
    }

    #[test]
    fn checks_only_what_is_switched_on() {
        let read = |sender, uris| {
            let config = Config::default().with(CHECK_SENDER.name, &[sender]).with(CHECK_URIS.name, &[uris]);
            TrustedHosts::read(&mut { config }).unwrap()
        };
        let context = Context::default();
        let request = Request { context: &context, host: &host() };
        let client = Client { base_url: text("https://example.net"), ..Client::default() };
        let count = |policy: TrustedHosts| match policy.before_register(&request, &client) {
            Decision::Reject(violations) => violations.len(),
            _ => 0,
        };
        assert_eq!(count(read("true", "true")), 2);
        assert_eq!(count(read("false", "true")), 1);
        assert_eq!(count(read("true", "false")), 1);
    }

    #[test]
    fn checks_the_switches_in_the_order_of_keycloak() {
        let sender = "'Host Sending Client Registration Request Must Match'";
        for (senders, uris, message) in [
            (&[][..], &[][..], format!("{sender} is required")),
            (&["true"], &[], "'Client URIs Must Match' is required".into()),
            (&["yes"], &["true"], format!("{sender} should be 'true' or 'false'")),
            (&["TRUE"], &["true"], format!("{sender} should be 'true' or 'false'")),
            (&["true"], &["1"], "'Client URIs Must Match' should be 'true' or 'false'".into()),
            (&["true"], &["true", "false"], "'Client URIs Must Match' should be a single entry".into()),
            (
                &["false"],
                &["false"],
                "At least one of hosts verification or client URIs validation must be enabled".into(),
            ),
        ] {
            let mut config = Config::default().with(CHECK_SENDER.name, senders).with(CHECK_URIS.name, uris);
            assert_eq!(TrustedHosts::check(&mut config, &Host::default()).unwrap_err().message, message);
        }
    }

    #[test]
    fn refuses_to_run_with_a_switch_that_is_neither_on_nor_off() {
        assert!(TrustedHosts::read(&mut Config::default().with(CHECK_URIS.name, &["no"])).is_err());
    }
}
