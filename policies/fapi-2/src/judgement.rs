//! The whole client held against the profile: what is wrong, and what is absent and can be set (FAPI 2.0 Security Profile
//! §5.3; FAPI 1.0 Advanced §5.2.2).

use matricula_policy_sdk::{Attribute, Client, Decision, Request, Violation, updated};

use crate::{algorithms, keys, redirect_uris};

/// Authenticators of `private_key_jwt` and `tls_client_auth`.
const AUTHENTICATORS: [&str; 2] = ["client-jwt", "client-x509"];
/// The attribute that tells `client_secret_basic` and `client_secret_post` apart.
const SECRET_METHOD: &str = "client.secret.authentication.allowed.method";
/// The attribute of clients whose method Keycloak does not have: `self_signed_tls_client_auth`.
const OTHER_METHOD: &str = "metadata.token_endpoint_auth_method";
const PUSHED_REQUESTS: &str = "require.pushed.authorization.requests";
const CERTIFICATE_BOUND: &str = "tls.client.certificate.bound.access.tokens";
const DPOP_BOUND: &str = "dpop.bound.access.tokens";
const PKCE: &str = "pkce.code.challenge.method";
const REQUEST_URIS: &str = "request.uris";
const SEPARATOR: &str = "##";
/// Its documents have a member for each field; others name grants and methods.
const DEFAULT_PROVIDER: &str = "default";

/// What access tokens are bound to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Binding {
    /// The client's certificate (RFC 8705 §3).
    Certificate,
    /// A key that the client proves to have (RFC 9449).
    Dpop,
    /// One of them.
    Any,
}

/// What is demanded of clients.
#[derive(Debug)]
pub struct Demands {
    /// Authorization requests are pushed (RFC 9126).
    pub pushed_requests: bool,
    /// What access tokens are bound to.
    pub binding: Binding,
    /// What is absent is set.
    pub correct: bool,
    /// The smallest RSA key.
    pub min_rsa_bits: usize,
}

/// What was found.
#[derive(Default)]
struct Findings {
    violations: Vec<Violation>,
    corrections: Vec<Attribute>,
}

/// A new client as a request names it, with what it would get of the rest as far as the profile looks at it.
pub fn completed(proposed: &Client) -> Client {
    let mut client = updated(&Client::default(), proposed);
    let is_openid_connect = client.protocol.as_deref() == Some("openid-connect");
    client.direct_access_grants_enabled.get_or_insert(is_openid_connect);
    client
}

/// A stored client as a request changes it.
pub fn changed(request: &Request, proposed: &Client, stored: &Client) -> Client {
    let mut client = updated(stored, proposed);
    if request.context.provider != DEFAULT_PROVIDER {
        let named = |name: &str| proposed.attributes.iter().any(|attribute| attribute.name == name);
        client.attributes.retain(|attribute| {
            !algorithms::REMOVED_UNLESS_NAMED.contains(&attribute.name.as_str()) || named(&attribute.name)
        });
    }
    client
}

impl Demands {
    /// Refuses the client for all that is wrong, or sets what is absent.
    pub fn decide(&self, request: &Request, client: &Client) -> Decision {
        // No client of OAuth: the profile says nothing of it.
        if client.protocol.as_deref() == Some("saml") {
            return Decision::accept();
        }
        let Findings { violations, corrections } = self.findings(request, client);
        if !violations.is_empty() {
            return Decision::Reject(violations);
        }
        if corrections.is_empty() {
            return Decision::accept();
        }
        Decision::amend(Client { attributes: corrections, ..Client::default() })
    }

    fn findings(&self, request: &Request, client: &Client) -> Findings {
        let mut findings = Findings::default();
        findings.violations.extend(authentication(client));
        findings.violations.extend(grants(request, client));
        findings.violations.extend(redirect_uris::violations(client));
        if self.pushed_requests {
            self.pushed(client, &mut findings);
        }
        self.bound(client, &mut findings);
        self.algorithms(client, &mut findings);
        if let Some(set) = attribute(client, keys::ATTRIBUTE) {
            findings.violations.extend(keys::violations(set, self.min_rsa_bits));
        }
        findings.violations.extend(request_uris(client));
        if attribute(client, PKCE) != Some("S256") {
            // Whatever is sent: most documents have no name for it.
            findings.set(PKCE, "S256");
        }
        findings
    }

    fn pushed(&self, client: &Client, findings: &mut Findings) {
        let violation = || refused("Pushed authorization requests are needed");
        match flag(client, PUSHED_REQUESTS) {
            Some(true) => {}
            None if self.correct => findings.set(PUSHED_REQUESTS, "true"),
            None => findings.violations.push(violation().field(PUSHED_REQUESTS)),
            Some(false) => findings.violations.push(violation().at(of(PUSHED_REQUESTS), "false")),
        }
    }

    fn bound(&self, client: &Client, findings: &mut Findings) {
        let (certificate, dpop) = (flag(client, CERTIFICATE_BOUND), flag(client, DPOP_BOUND));
        let is_bound = match self.binding {
            Binding::Certificate => certificate == Some(true),
            Binding::Dpop => dpop == Some(true),
            Binding::Any => certificate == Some(true) || dpop == Some(true),
        };
        if is_bound {
            return;
        }
        let (wanted, sent) = match self.binding {
            Binding::Certificate => (CERTIFICATE_BOUND, certificate),
            Binding::Dpop | Binding::Any => (DPOP_BOUND, dpop),
        };
        let violation = refused("Access tokens must be sender-constrained");
        match sent {
            Some(_) => findings.violations.push(violation.at(of(wanted), "false")),
            None if self.correct => findings.set(wanted, "true"),
            // That one of the two was sent as `false` explains no more than that the other is absent.
            None => findings.violations.push(violation),
        }
    }

    fn algorithms(&self, client: &Client, findings: &mut Findings) {
        for name in algorithms::ATTRIBUTES {
            let violation = || refused("Algorithm is not allowed by FAPI");
            match attribute(client, name) {
                Some(algorithm) if algorithms::ALLOWED.contains(&algorithm) => {}
                Some(algorithm) => findings.violations.push(violation().at(of(name), algorithm)),
                // Without a name it is RS256.
                None if name == algorithms::OF_ID_TOKENS && self.correct => findings.set(name, "ES256"),
                None if name == algorithms::OF_ID_TOKENS => findings.violations.push(violation().field(name)),
                None => {}
            }
        }
    }
}

impl Findings {
    fn set(&mut self, name: &str, value: &str) {
        self.corrections.push(Attribute { name: name.into(), value: value.into() });
    }
}

/// A violation that can say of an attribute that is not there.
trait AtField {
    fn field(self, attribute: &str) -> Violation;
}

impl AtField for Violation {
    fn field(self, attribute: &str) -> Violation {
        Violation { field: Some(of(attribute)), ..self }
    }
}

fn authentication(client: &Client) -> Option<Violation> {
    let authenticator = client.client_authenticator_type.as_deref();
    let other = attribute(client, OTHER_METHOD);
    let is_allowed = authenticator.is_some_and(|authenticator| AUTHENTICATORS.contains(&authenticator));
    if is_allowed && client.public_client != Some(true) && other.is_none() {
        return None;
    }
    let violation = refused("Client authentication is not allowed by FAPI");
    // As documents call it, if they named one.
    let method = match authenticator {
        _ if client.public_client == Some(true) => Some("none"),
        Some("client-secret") => attribute(client, SECRET_METHOD),
        Some("client-secret-jwt") => Some("client_secret_jwt"),
        authenticator => other.or(authenticator),
    };
    Some(Violation { field: Some("client-authenticator-type".into()), value: method.map(str::to_owned), ..violation })
}

fn grants(request: &Request, client: &Client) -> Vec<Violation> {
    let is_default = request.context.provider == DEFAULT_PROVIDER;
    let mut violations = Vec::new();
    if client.direct_access_grants_enabled == Some(true) {
        let value = if is_default { "true" } else { "password" };
        violations.push(refused("Grant type is not allowed by FAPI").at("direct-access-grants-enabled", value));
    }
    if client.implicit_flow_enabled == Some(true) {
        let violation = refused("Response type is not allowed by FAPI");
        let field = "implicit-flow-enabled";
        // Which response types were named is not known here.
        violations.push(if is_default {
            violation.at(field, "true")
        } else {
            Violation { field: Some(field.into()), ..violation }
        });
    }
    violations
}

fn request_uris(client: &Client) -> Vec<Violation> {
    let uris = attribute(client, REQUEST_URIS).into_iter().flat_map(|uris| uris.split(SEPARATOR));
    let violation = |uri| refused("Request URIs are not allowed by FAPI").at(of(REQUEST_URIS), uri);
    uris.filter(|uri| !uri.is_empty()).map(violation).collect()
}

/// A violation with the code of most of them.
pub(crate) fn refused(message: &str) -> Violation {
    Violation::new(message).error("invalid_client_metadata")
}

/// An attribute as violations name it.
pub(crate) fn of(attribute: &str) -> String {
    format!("attributes.{attribute}")
}

/// The value of an attribute that is not empty.
fn attribute<'a>(client: &'a Client, name: &str) -> Option<&'a str> {
    let attribute = client.attributes.iter().find(|attribute| attribute.name == name)?;
    Some(attribute.value.as_str()).filter(|value| !value.is_empty())
}

fn flag(client: &Client, name: &str) -> Option<bool> {
    attribute(client, name).map(|value| value.eq_ignore_ascii_case("true"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use matricula_policy_sdk::{Context, Host};

    const ALL: Demands = Demands { pushed_requests: true, binding: Binding::Any, correct: true, min_rsa_bits: 2048 };

    fn client(attributes: &[(&str, &str)]) -> Client {
        let attribute = |(name, value): &(&str, &str)| Attribute { name: (*name).into(), value: (*value).into() };
        Client {
            protocol: Some("openid-connect".into()),
            public_client: Some(false),
            client_authenticator_type: Some("client-jwt".into()),
            direct_access_grants_enabled: Some(false),
            redirect_uris: Some(vec!["https://tpp.example/cb".into()]),
            attributes: attributes.iter().map(attribute).collect(),
            ..Client::default()
        }
    }

    fn decide(demands: &Demands, client: &Client) -> Decision {
        let context = Context { provider: "openid-connect".into(), ..Context::default() };
        demands.decide(&Request { context: &context, host: &Host::default() }, client)
    }

    /// Field without `attributes.`, value and message of each objection.
    fn objections(demands: &Demands, client: &Client) -> Vec<(String, String, String)> {
        let Decision::Reject(violations) = decide(demands, client) else { return Vec::new() };
        let text = |text: Option<String>| text.unwrap_or_default().trim_start_matches("attributes.").to_owned();
        violations.into_iter().map(|v| (text(v.field), text(v.value), v.message)).collect()
    }

    fn set(demands: &Demands, client: &Client) -> Vec<(String, String)> {
        let Decision::Amend(changes) = decide(demands, client) else { return Vec::new() };
        changes.attributes.into_iter().map(|attribute| (attribute.name, attribute.value)).collect()
    }

    fn pair(name: &str, value: &str) -> (String, String) {
        (name.into(), value.into())
    }

    fn one(field: &str, value: &str, message: &str) -> Vec<(String, String, String)> {
        vec![(field.into(), value.into(), message.into())]
    }

    #[test]
    fn sets_what_is_absent() {
        let expected = [
            pair(PUSHED_REQUESTS, "true"),
            pair(DPOP_BOUND, "true"),
            pair(algorithms::OF_ID_TOKENS, "ES256"),
            pair(PKCE, "S256"),
        ];
        assert_eq!(set(&ALL, &client(&[])), expected);
        let whole: Vec<_> = expected.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        assert_eq!(decide(&ALL, &client(&whole)), Decision::accept());
    }

    #[test]
    fn refuses_what_is_sent_wrongly() {
        let authentication = "Client authentication is not allowed by FAPI";
        let secret = Client { client_authenticator_type: Some("client-secret".into()), ..client(&[]) };
        assert_eq!(objections(&ALL, &secret), one("client-authenticator-type", "", authentication));
        let public = Client { public_client: Some(true), ..client(&[]) };
        assert_eq!(objections(&ALL, &public), one("client-authenticator-type", "none", authentication));
        let implicit = Client { implicit_flow_enabled: Some(true), ..client(&[]) };
        let message = "Response type is not allowed by FAPI";
        assert_eq!(objections(&ALL, &implicit), one("implicit-flow-enabled", "", message));
        let password = Client { direct_access_grants_enabled: Some(true), ..client(&[]) };
        let message = "Grant type is not allowed by FAPI";
        assert_eq!(objections(&ALL, &password), one("direct-access-grants-enabled", "password", message));
        for (name, value, message) in [
            (PUSHED_REQUESTS, "false", "Pushed authorization requests are needed"),
            (DPOP_BOUND, "false", "Access tokens must be sender-constrained"),
            (algorithms::OF_ID_TOKENS, "RS256", "Algorithm is not allowed by FAPI"),
            ("token.endpoint.auth.signing.alg", "HS256", "Algorithm is not allowed by FAPI"),
            (REQUEST_URIS, "https://tpp.example/r", "Request URIs are not allowed by FAPI"),
        ] {
            assert_eq!(objections(&ALL, &client(&[(name, value)])), one(name, value, message));
        }
    }

    #[test]
    fn refuses_what_is_absent_where_it_is_not_to_be_set() {
        let strict = Demands { correct: false, ..ALL };
        let found: Vec<_> = objections(&strict, &client(&[])).into_iter().map(|(field, _, _)| field).collect();
        assert_eq!(found, [PUSHED_REQUESTS, "", algorithms::OF_ID_TOKENS]);
        let whole = [(PUSHED_REQUESTS, "true"), (DPOP_BOUND, "true"), (algorithms::OF_ID_TOKENS, "PS256")];
        assert_eq!(set(&strict, &client(&whole)), [pair(PKCE, "S256")]);
    }

    #[test]
    fn tokens_are_bound_as_demanded() {
        let demands = |binding| Demands { pushed_requests: false, binding, ..ALL };
        let (yes, no) = ("true", "false");
        for (binding, certificate, dpop, expected) in [
            (Binding::Any, yes, "", None),
            (Binding::Any, no, "", Some((true, DPOP_BOUND))),
            (Binding::Any, "", no, Some((false, DPOP_BOUND))),
            (Binding::Certificate, "", yes, Some((true, CERTIFICATE_BOUND))),
            (Binding::Certificate, no, yes, Some((false, CERTIFICATE_BOUND))),
            (Binding::Dpop, yes, "", Some((true, DPOP_BOUND))),
            (Binding::Dpop, yes, yes, None),
        ] {
            let client = client(&[(CERTIFICATE_BOUND, certificate), (DPOP_BOUND, dpop)]);
            let set = set(&demands(binding), &client).into_iter().find(|(name, _)| name.contains("bound"));
            let refused = objections(&demands(binding), &client).into_iter().next();
            let found = set.map(|(name, _)| (true, name)).or(refused.map(|(name, _, _)| (false, name)));
            assert_eq!(found, expected.map(|(set, name)| (set, name.to_owned())), "{binding:?} {certificate} {dpop}");
        }
    }

    #[test]
    fn an_algorithm_that_an_update_does_not_name_goes() {
        let stored = client(&[(algorithms::OF_ID_TOKENS, "RS256"), ("user.info.response.signature.alg", "RS256")]);
        for (provider, count) in [("openid-connect", 1), ("default", 2)] {
            let context = Context { provider: provider.into(), ..Context::default() };
            let request = Request { context: &context, host: &Host::default() };
            assert_eq!(changed(&request, &client(&[]), &stored).attributes.len(), count, "{provider}");
        }
    }

    #[test]
    fn what_a_new_client_would_get_counts() {
        let sent = Client { direct_access_grants_enabled: None, ..client(&[]) };
        assert_eq!(completed(&sent).direct_access_grants_enabled, Some(true));
        let saml = Client { protocol: Some("saml".into()), ..Client::default() };
        assert_eq!(decide(&ALL, &completed(&saml)), Decision::accept());
    }
}
