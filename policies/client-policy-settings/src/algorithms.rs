//! Signature algorithms: ES256 to PS512, nothing else. An algorithm that a request does not name is set.

use matricula_policy_sdk::{
    Attribute, Client, Config, ConfigError, ConfigProperty, Executor, Host, Outcome, Property, Request,
};

use super::binding::attribute;

/// What is good enough for financial services (FAPI 1.0 Advanced §8.6).
const ALGORITHMS: [&str; 6] = ["PS256", "PS384", "PS512", "ES256", "ES384", "ES512"];

const DEFAULT_ALGORITHM: Property = Property {
    label: "Default Algorithm",
    help_text: "Default signature algorithm, which will be set to clients during client registration/update in case that client does not specify any algorithm",
    kind: "List",
    default_value: Some("\"PS256\""),
    ..Property::text("default-algorithm")
};

/// What signs ID tokens, UserInfo answers, request objects and client assertions.
pub struct SecureSignatureAlgorithm {
    default: String,
}

impl Executor for SecureSignatureAlgorithm {
    const ID: &'static str = "secure-signature-algorithm";
    const HELP_TEXT: &'static str = "It refuses the client whose signature algorithms are considered not to be secure. This is applied by server for signing ID Token, UserInfo and Access Token. Also it is used by client for Token Endpoint Authentication signature algorithm (for JWT client authenticators) and OIDC Request object. It accepts ES256, ES384, ES512, PS256, PS384 and PS512.";

    fn properties(_: &Host) -> Vec<ConfigProperty> {
        vec![DEFAULT_ALGORITHM.form(ALGORITHMS.map(str::to_owned).into())]
    }

    fn read(config: &mut Config) -> Result<Self, ConfigError> {
        Ok(Self { default: default(config)? })
    }

    fn on_request(&self, _: &Request, proposed: &Client, _: Option<&Client>) -> Outcome {
        const NAMES: [&str; 4] = [
            "user.info.response.signature.alg",
            "request.object.signature.alg",
            "id.token.signed.response.alg",
            "token.endpoint.auth.signing.alg",
        ];
        enforce(proposed, &NAMES, &self.default)
    }
}

/// What signs requests of decoupled log-ins (CIBA).
pub struct SecureCibaRequestAlgorithm {
    default: String,
}

impl Executor for SecureCibaRequestAlgorithm {
    const ID: &'static str = "secure-ciba-req-sig-algorithm";
    const HELP_TEXT: &'static str = "It refuses the client whose signature algorithms are considered not to be secure. This is applied by server for CIBA backchannel signed authentication request. It accepts ES256, ES384, ES512, PS256, PS384 and PS512.";

    fn properties(_: &Host) -> Vec<ConfigProperty> {
        vec![DEFAULT_ALGORITHM.form(ALGORITHMS.map(str::to_owned).into())]
    }

    fn read(config: &mut Config) -> Result<Self, ConfigError> {
        Ok(Self { default: default(config)? })
    }

    fn on_request(&self, _: &Request, proposed: &Client, _: Option<&Client>) -> Outcome {
        enforce(proposed, &["ciba.backchannel.auth.request.signing.alg"], &self.default)
    }
}

/// The algorithm to set. One that is not good enough counts as the first.
fn default(config: &mut Config) -> Result<String, ConfigError> {
    let configured = config.text(&DEFAULT_ALGORITHM)?;
    Ok(configured.filter(|name| ALGORITHMS.contains(&name.as_str())).unwrap_or_else(|| ALGORITHMS[0].to_owned()))
}

fn enforce(proposed: &Client, names: &[&str], default: &str) -> Outcome {
    let mut attributes = Vec::new();
    for name in names {
        match attribute(proposed, name) {
            None => attributes.push(Attribute { name: (*name).into(), value: default.into() }),
            Some(algorithm) if ALGORITHMS.contains(&algorithm) => {}
            Some(algorithm) => {
                const MESSAGE: &str = "not allowed signature algorithm.";
                return Outcome::refuse_value("invalid_request", MESSAGE, &format!("attributes.{name}"), algorithm);
            }
        }
    }
    if attributes.is_empty() {
        return Outcome::Pass;
    }
    Outcome::Amend(Client { attributes, ..Client::default() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_the_first_algorithm_where_none_or_a_weak_one_is_configured() {
        for (configured, expected) in [("ES512", "ES512"), ("RS256", "PS256"), ("", "PS256")] {
            let read = default(&mut Config::default().with("default-algorithm", &[configured]));
            assert_eq!(read.unwrap(), expected);
        }
    }

    #[test]
    fn sets_what_is_not_named_and_refuses_what_is_weak() {
        let named = |value: &str| Client {
            attributes: vec![Attribute { name: "a".into(), value: value.into() }],
            ..Client::default()
        };
        assert_eq!(enforce(&named("ES256"), &["a"], "PS256"), Outcome::Pass);
        assert_eq!(enforce(&Client::default(), &["a"], "PS256"), Outcome::Amend(named("PS256")));
        for weak in ["RS256", "none", "HS256", "", "ps256"] {
            assert!(matches!(enforce(&named(weak), &["a"], "PS256"), Outcome::Refuse(_)), "{weak}");
        }
    }
}
