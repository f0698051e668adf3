//! Clients may have only so many redirect URIs.

use matricula_policy_sdk::{Client, Config, ConfigError, ConfigProperty, Executor, Host, Outcome, Property, Request};

/// The setting, as the administrator's form shows it.
const MOST: Property = Property {
    label: "Most redirect URIs",
    help_text: "A client may have so many, 5 if nothing is set",
    default_value: Some("\"5\""),
    ..Property::text("most")
};

/// The executor as an administrator set it up.
struct FewRedirectUris {
    most: usize,
}

impl Executor for FewRedirectUris {
    const ID: &'static str = "my-policy";
    const HELP_TEXT: &'static str = "Clients may have only so many redirect URIs";

    fn properties(_: &Host) -> Vec<ConfigProperty> {
        vec![MOST.form(Vec::new())]
    }

    fn read(config: &mut Config) -> Result<Self, ConfigError> {
        let most = config.number(&MOST)?.unwrap_or(5);
        usize::try_from(most).map(|most| Self { most }).map_err(|_| MOST.error("'most' should not be negative"))
    }

    fn on_request(&self, _: &Request, proposed: &Client, _stored: Option<&Client>) -> Outcome {
        let count = proposed.redirect_uris.as_ref().map_or(0, Vec::len);
        if count <= self.most {
            return Outcome::Pass;
        }
        let message = format!("At most {} redirect URIs are allowed", self.most);
        Outcome::refuse_value("invalid_redirect_uri", &message, "redirect-uris", count.to_string())
    }
}

matricula_policy_sdk::export_client_policies!(conditions: [], executors: [FewRedirectUris]);
