//! Who must have signed the certificate that a client shows (`tls_client_auth`, RFC 8705 §2.1).

use matricula_policy_sdk::{
    Attribute, Client, Config, ConfigError, ConfigProperty, Event, Executor, Host, Outcome, Property, Request,
};

use super::binding::attribute;

/// Sets or demands the subject of the authority.
pub struct TlsClientAuthCaSubjectDn {
    subject: Option<String>,
    enforced: bool,
}

const SUBJECT: Property = Property {
    label: "Certificate Authority subject DN",
    help_text: "Default subject DN of the root Certificate Authority (CA) that issued the certificate for the client (trust anchor).\nThe CA Subject DN can be in the RFC4514 or RFC1779 format.\n",
    ..Property::text("ca-subject-dn")
};

const ENFORCED: Property = Property {
    label: "Enforced",
    help_text: "If false, the executor allows to pass other CA DN and the configured value is only used as default\nvalue in client registration service.\nIf true, the executor rejects any CA subject DN different to the one configured in the policy.\n",
    default_value: Some("false"),
    ..Property::switch("enforced")
};

const ATTRIBUTE: &str = "x509.casubjectdn";

impl Executor for TlsClientAuthCaSubjectDn {
    const ID: &'static str = "tls-client-auth-ca-subject-dn";
    const HELP_TEXT: &'static str = "Executor to add a default Certificate Authority (CA) Subject DN when X509 cauthentication (tls_client_auth) is used\nin the client registration service. The value can also be enforced to reject unwanted CA names.\n";
    const EVENTS: &'static [Event] = &[Event::Registered, Event::Updated];

    fn properties(_: &Host) -> Vec<ConfigProperty> {
        vec![SUBJECT.form(Vec::new()), ENFORCED.form(Vec::new())]
    }

    fn read(config: &mut Config) -> Result<Self, ConfigError> {
        Ok(Self { subject: config.text(&SUBJECT)?, enforced: config.switch(&ENFORCED)?.unwrap_or(false) })
    }

    fn on_result(&self, _: &Request, client: &Client, _: Option<&Client>) -> Outcome {
        let Some(subject) = &self.subject else { return Outcome::Pass };
        if client.client_authenticator_type.as_deref() != Some("client-x509") {
            return Outcome::Pass;
        }
        match attribute(client, ATTRIBUTE) {
            None => {
                let attributes = vec![Attribute { name: ATTRIBUTE.into(), value: subject.clone() }];
                Outcome::Amend(Client { attributes, ..Client::default() })
            }
            Some(own) if self.enforced && own != subject => {
                let message = format!("Certificate Authority subject DN must be {subject}");
                Outcome::refuse_value("invalid_request", &message, &format!("attributes.{ATTRIBUTE}"), own)
            }
            Some(_) => Outcome::Pass,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use matricula_policy_sdk::Context;

    #[test]
    fn sets_the_subject_and_demands_it_where_it_is_enforced() {
        for (kind, own, enforced, expected) in [
            ("client-x509", None, false, "amended"),
            ("client-x509", None, true, "amended"),
            ("client-x509", Some("CN=other"), false, "passed"),
            ("client-x509", Some("CN=other"), true, "refused"),
            ("client-x509", Some("CN=ca"), true, "passed"),
            ("client-jwt", Some("CN=other"), true, "passed"),
        ] {
            let attribute = |value: &str| Attribute { name: ATTRIBUTE.into(), value: value.into() };
            let client = Client {
                client_authenticator_type: Some(kind.into()),
                attributes: own.map(attribute).into_iter().collect(),
                ..Client::default()
            };
            let executor = TlsClientAuthCaSubjectDn { subject: Some("CN=ca".into()), enforced };
            let request = Request { context: &Context::default(), host: &Host::default() };
            let outcome = match executor.on_result(&request, &client, None) {
                Outcome::Pass => "passed",
                Outcome::Amend(_) => "amended",
                Outcome::Refuse(_) => "refused",
                Outcome::KeepRegistrationAccessToken => "kept",
            };
            assert_eq!(outcome, expected, "{kind} {own:?} {enforced}");
        }
    }
}
