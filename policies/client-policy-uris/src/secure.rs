//! `secure-client-uris`: every address begins with `https://` and has no `*` in it.

use matricula_policy_sdk::{Client, Config, ConfigError, ConfigProperty, Executor, Host, Outcome, Property, Request};

use super::addresses::{self, FIELDS};

/// Refuses other addresses. A new client without redirect URIs gets its root URL as the only one.
pub struct SecureClientUris;

/// About log-ins only.
const ALLOW_HTTP_ON_LOCALHOST: Property = Property {
    label: "Allow HTTP on localhost",
    help_text: "Concerns log-ins, not registration.",
    default_value: Some("false"),
    ..Property::switch("allow-http-on-localhost")
};

impl Executor for SecureClientUris {
    const ID: &'static str = "secure-client-uris";
    const HELP_TEXT: &'static str = "It prohibits the client registering/specifying http scheme URI.";

    fn properties(_: &Host) -> Vec<ConfigProperty> {
        vec![ALLOW_HTTP_ON_LOCALHOST.form(Vec::new())]
    }

    fn read(config: &mut Config) -> Result<Self, ConfigError> {
        config.switch(&ALLOW_HTTP_ON_LOCALHOST)?;
        Ok(Self)
    }

    fn on_request(&self, _: &Request, proposed: &Client, stored: Option<&Client>) -> Outcome {
        for field in FIELDS.iter().filter(|field| !field.by_pattern_only) {
            if let Some(address) = addresses::of(proposed, field).into_iter().find(|address| !is_secure(address)) {
                // Two fields have other names here.
                let title = match field.title {
                    "backchannelLogoutUrl" => "logoutUrl",
                    "postLogoutRedirectUris" => "postLogoutUris",
                    title => title,
                };
                let message = format!("Invalid {title}");
                return Outcome::refuse_value("invalid_client_metadata", &message, field.name, address);
            }
        }
        let root_url = proposed.root_url.as_ref().filter(|url| !url.is_empty());
        match root_url {
            Some(url) if stored.is_none() && proposed.redirect_uris.as_ref().is_none_or(Vec::is_empty) => {
                Outcome::Amend(Client { redirect_uris: Some(vec![url.clone()]), ..Client::default() })
            }
            _ => Outcome::Pass,
        }
    }
}

fn is_secure(address: &str) -> bool {
    address.starts_with("https://") && !address.contains('*')
}

#[cfg(test)]
mod tests {
    use super::*;
    use matricula_policy_sdk::{Attribute, Context};

    fn run(proposed: &Client, stored: Option<&Client>) -> Outcome {
        let request = Request { context: &Context::default(), host: &Host::default() };
        SecureClientUris.on_request(&request, proposed, stored)
    }

    #[test]
    fn takes_nothing_but_https_without_a_wildcard() {
        for (address, secure) in [
            ("https://example.com/cb", true),
            ("HTTPS://example.com/cb", false),
            ("http://localhost/cb", false),
            ("https://example.com/*", false),
            ("/relative", false),
            ("app:/cb", false),
        ] {
            let proposed = Client { redirect_uris: Some(vec![address.into()]), ..Client::default() };
            assert_eq!(run(&proposed, None) == Outcome::Pass, secure, "{address}");
        }
    }

    #[test]
    fn names_the_first_field_at_fault() {
        let attribute = |value: &str| Attribute { name: "request.uris".into(), value: value.into() };
        let redirect_uris = Some(vec![String::new(), "http://a.example/cb".into()]);
        for (proposed, message, value) in [
            (
                Client { base_url: Some("/start".into()), redirect_uris: redirect_uris.clone(), ..Client::default() },
                "Invalid baseUrl",
                "/start",
            ),
            (
                Client { redirect_uris: redirect_uris.clone(), ..Client::default() },
                "Invalid redirectUris",
                "http://a.example/cb",
            ),
            (Client { web_origins: Some(vec!["*".into()]), ..Client::default() }, "Invalid webOrigins", "*"),
            (
                Client { attributes: vec![attribute("https://a.example##http://b.example")], ..Client::default() },
                "Invalid requestUris",
                "http://b.example",
            ),
        ] {
            let Outcome::Refuse(violation) = run(&proposed, None) else { unreachable!("{message}") };
            assert_eq!((violation.message.as_str(), violation.value.as_deref()), (message, Some(value)));
        }
    }

    #[test]
    fn the_root_url_becomes_the_redirect_uri_of_a_new_client() {
        let rooted = |redirect_uris| Client {
            root_url: Some("https://a.example/app".into()),
            redirect_uris,
            ..Client::default()
        };
        let amended =
            Outcome::Amend(Client { redirect_uris: Some(vec!["https://a.example/app".into()]), ..Client::default() });
        assert_eq!(run(&rooted(None), None), amended);
        assert_eq!(run(&rooted(Some(Vec::new())), None), amended);
        assert_eq!(run(&rooted(Some(vec!["https://a.example/cb".into()])), None), Outcome::Pass);
        assert_eq!(run(&rooted(None), Some(&Client::default())), Outcome::Pass);
    }
}
