//! Every address that a client has: which scheme it may not have, whether it must be a URI or a URL.

use std::borrow::Cow;

use super::{Problems, attribute, list};
use crate::completion::is_placeholder;
use crate::contract::matricula::registration::client::{Attribute, Client};
use crate::uri::Uri;

/// How an address is held against the rules, and what is said of it.
struct Rule<'f> {
    /// Field of `client`.
    field: &'f str,
    /// What messages call the address.
    subject: &'static str,
    /// What the address must be.
    form: Form,
    /// What an address that begins with `/` is put behind.
    base: Base,
}

#[derive(Clone, Copy, PartialEq)]
enum Form {
    /// A URI without fragment.
    UriWithoutFragment,
    /// A URL without fragment.
    UrlWithoutFragment,
    /// A URL that this server could open.
    Url,
    /// A URL, in which `{name}` stands for anything.
    UrlTemplate,
    /// A URI of which only scripts are refused (it may be a `data:` image).
    Logo,
    /// A URI, with words of its own in the messages.
    RequestUri,
}

#[derive(Clone, Copy)]
enum Base {
    /// Nothing: it stays relative.
    None,
    /// The server's address.
    Server,
    /// The client's root URL; without one it is a path of the server, and good whatever it is.
    Root,
}

/// What stands in for the server's address: whichever it is, it is a good one.
const SERVER: &str = "https://localhost/auth";

/// Single addresses of every client, with their values.
fn common(client: &Client) -> [(Rule<'static>, Option<&str>); 5] {
    let rule = |field, subject, form, base| Rule { field, subject, form, base };
    [
        (rule("root-url", "Root URL", Form::UrlWithoutFragment, Base::None), client.root_url.as_deref()),
        (rule("base-url", "Base URL", Form::Url, Base::Server), client.base_url.as_deref()),
        (
            rule("attributes.backchannel.logout.url", "Backchannel logout URL", Form::UrlTemplate, Base::Server),
            attribute(client, "backchannel.logout.url"),
        ),
        (rule("attributes.logoUri", "Logo URL", Form::Logo, Base::None), attribute(client, "logoUri")),
        (rule("attributes.policyUri", "Policy URL", Form::Url, Base::None), attribute(client, "policyUri")),
    ]
}

/// Single addresses that are attributes and behind the root URL, or must not be relative.
const ATTRIBUTES: [Rule<'static>; 3] = [
    Rule { field: "attributes.tosUri", subject: "Terms of service URL", form: Form::Url, base: Base::None },
    Rule { field: "attributes.jwks.url", subject: "JWKS URL", form: Form::Url, base: Base::Root },
    Rule {
        field: "attributes.frontchannel.logout.url",
        subject: "Front-channel logout URL",
        form: Form::Url,
        base: Base::Root,
    },
];

/// Single addresses of SAML clients that are attributes.
const SAML: [(&str, &str); 9] = [
    ("attributes.saml_assertion_consumer_url_post", "Assertion Consumer Service POST Binding URL"),
    ("attributes.saml_assertion_consumer_url_redirect", "Assertion Consumer Service Redirect Binding URL"),
    ("attributes.saml_artifact_binding_url", "Artifact Binding URL"),
    ("attributes.saml_single_logout_service_url_post", "Logout Service POST Binding URL"),
    ("attributes.saml_single_logout_service_url_redirect", "Logout Service Redirect Binding URL"),
    ("attributes.saml_single_logout_service_url_soap", "Logout Service SOAP Binding URL"),
    ("attributes.saml_single_logout_service_url_artifact", "Logout Service ARTIFACT Binding URL"),
    ("attributes.saml_artifact_resolution_service_url", "Artifact Resolution Service"),
    ("attributes.saml.metadataDescriptorUrl", "Metadata descriptor URL"),
];

/// Checks every address of the client.
pub(super) fn check(client: &Client, protocol: &str, problems: &mut Problems) {
    let root = resolved_root(client.root_url.as_deref());
    for (rule, value) in common(client) {
        if let Some(value) = value {
            // Placeholders of the server's own clients count as what they stand for.
            let address = if rule.field == "root-url" { root } else { value };
            rule.check(value, address, root, problems);
        }
    }
    let redirect_uris =
        Rule { field: "redirect-uris", subject: "A redirect URI", form: Form::UriWithoutFragment, base: Base::Root };
    for uri in client.redirect_uris.iter().flatten() {
        redirect_uris.check(uri, uri, root, problems);
    }
    if let Some(admin_url) = &client.admin_url {
        check_admin_url(admin_url, protocol, root, problems);
    }
    for rule in &ATTRIBUTES {
        if let Some(value) = attribute(client, &rule.field["attributes.".len()..]) {
            rule.check(value, value, root, problems);
        }
    }
    check_other_languages(client, root, problems);
    let post_logout = Rule {
        field: "attributes.post.logout.redirect.uris",
        subject: "A post-logout redirect URI",
        form: Form::UriWithoutFragment,
        base: Base::Root,
    };
    // `+` stands for the redirect URIs, `-` for none.
    for uri in list(client, "post.logout.redirect.uris").into_iter().filter(|uri| !matches!(*uri, "+" | "-" | "*")) {
        post_logout.check(uri, uri, root, problems);
    }
    let request_uris = Rule {
        field: "attributes.request.uris",
        subject: "Valid request URIs",
        form: Form::RequestUri,
        base: Base::Root,
    };
    for uri in list(client, "request.uris") {
        request_uris.check(uri, uri, root, problems);
    }
    if protocol == "saml" {
        for (field, subject) in SAML {
            let rule = Rule { field, subject, form: Form::Url, base: Base::None };
            if let Some(value) = attribute(client, &field["attributes.".len()..]) {
                rule.check(value, value, root, problems);
            }
        }
    }
}

/// Addresses of pages in other languages, which are kept under the name of the member and a tag (RFC 7591 §2.2), are held
/// against the rules of the page itself.
fn check_other_languages(client: &Client, root: &str, problems: &mut Problems) {
    for Attribute { name, value } in &client.attributes {
        let Some((member, _)) = name.strip_prefix("metadata.").and_then(|member| member.split_once('#')) else {
            continue;
        };
        let (subject, form, base) = match member {
            "client_uri" => ("Base URL", Form::Url, Base::Server),
            "logo_uri" => ("Logo URL", Form::Logo, Base::None),
            "policy_uri" => ("Policy URL", Form::Url, Base::None),
            "tos_uri" => ("Terms of service URL", Form::Url, Base::None),
            _ => continue,
        };
        let rule = Rule { field: &format!("attributes.{name}"), subject, form, base };
        rule.check(value, value, root, problems);
    }
}

/// The admin URL is another thing in each protocol; in OpenID Connect it may leave the host to the application.
fn check_admin_url(admin_url: &str, protocol: &str, root: &str, problems: &mut Problems) {
    let rule = |subject, base| Rule { field: "admin-url", subject, form: Form::Url, base };
    match protocol {
        "openid-connect" => {
            let address = admin_url.replace("${application.session.host}", "localhost");
            rule("Admin URL", Base::Root).check(admin_url, &address, root, problems);
        }
        "saml" => rule("Master SAML Processing URL", Base::None).check(admin_url, admin_url, root, problems),
        _ => {}
    }
}

/// The root URL with the placeholders that Keycloak's own clients have.
fn resolved_root(root: Option<&str>) -> &str {
    match root {
        Some(root) if is_placeholder(root) => SERVER,
        Some(root) => root,
        None => "",
    }
}

impl Rule<'_> {
    /// Checks one address; `value` is what the client has, `address` what it stands for.
    fn check(&self, value: &str, address: &str, root: &str, problems: &mut Problems) {
        let address = self.resolved(address, root);
        if address.is_empty() {
            return;
        }
        let uri = match self.form {
            Form::UrlTemplate => filled(&address).map(Cow::Owned),
            _ => Some(address),
        };
        let Some(uri) = uri.as_deref().and_then(Uri::parse) else {
            return problems.add(self.field, value, &format!("{} {}", self.subject, self.invalid()));
        };
        let illegal = uri.has_scheme("javascript") || (self.form != Form::Logo && uri.has_scheme("data"));
        if illegal {
            let message = match self.form {
                Form::RequestUri => format!("{} has a value with illegal scheme", self.subject),
                _ => format!("{} uses an illegal scheme", self.subject),
            };
            problems.add(self.field, value, &message);
        }
        let without_fragment = matches!(self.form, Form::UriWithoutFragment | Form::UrlWithoutFragment);
        let fragment = without_fragment && uri.fragment.is_some();
        if fragment {
            problems.add(self.field, value, &format!("{} must not contain an URL fragment", self.subject));
        }
        let must_be_url = matches!(self.form, Form::Url | Form::UrlWithoutFragment | Form::UrlTemplate);
        if must_be_url && !illegal && !fragment && !uri.is_url() {
            problems.add(self.field, value, &format!("{} {}", self.subject, self.invalid()));
        }
    }

    fn invalid(&self) -> &'static str {
        match self.form {
            Form::UriWithoutFragment => "is not a valid URI",
            Form::RequestUri => "has an invalid value",
            _ => "is not a valid URL",
        }
    }

    fn resolved<'a>(&self, address: &'a str, root: &str) -> Cow<'a, str> {
        if !address.starts_with('/') {
            return Cow::Borrowed(address);
        }
        match self.base {
            Base::None => Cow::Borrowed(address),
            Base::Server => Cow::Owned(format!("{SERVER}{address}")),
            Base::Root if !root.is_empty() => Cow::Owned(format!("{root}{address}")),
            // Keycloak makes a path of the whole address, escaping what must be, except for braces.
            Base::Root if address.contains(['{', '}']) => Cow::Borrowed("{"),
            Base::Root => Cow::Borrowed(SERVER),
        }
    }
}

/// An address with the bare name in the place of each `{name}`; absent when the braces are not balanced.
fn filled(template: &str) -> Option<String> {
    let mut depth = 0_usize;
    for byte in template.bytes() {
        match byte {
            b'{' => depth += 1,
            b'}' => depth = depth.checked_sub(1)?,
            _ => {}
        }
    }
    (depth == 0).then(|| template.replace(['{', '}'], ""))
}
