//! Redirect Rules: which redirect URIs clients may have. Keycloak has no such policy.
//!
//! Read `rules.rs` first. Other policies use it with settings of their own.

#![cfg_attr(test, allow(clippy::unwrap_used, reason = "a test that panics fails"))]

pub mod addresses;
pub mod hosts;
pub mod rules;
pub mod schemes;
pub mod uri;

use matricula_policy_sdk::{
    Client, Config, ConfigError, ConfigProperty, Decision, Hook, Host, Policy, Property, Request,
};

use hosts::{Entry, Loopback};
use rules::Rules;
use schemes::CustomSchemes;
use uri::WEB;

/// Schemes with a host.
pub const ALLOWED_SCHEMES: Property = Property {
    label: "Allowed Schemes",
    help_text: "Schemes with a host that redirect URIs may have",
    default_value: Some("[\"https\"]"),
    ..Property::choices("allowed-schemes")
};
/// Hosts at these schemes.
pub const ALLOWED_HOSTS: Property = Property {
    label: "Allowed Hosts",
    help_text: "Hosts that redirect URIs may lead to: example.com, *.example.com for it and all below, with :8443 at that \
                port only. Without any: all",
    ..Property::list("allowed-hosts")
};
/// Whether redirect URIs may lead to the user's own machine.
pub const LOOPBACK: Property = Property {
    label: "Loopback",
    help_text: "Whether redirect URIs may lead to the user's own machine, at http or https and any port: addresses are \
                127.0.0.1 and [::1], localhost is that name too",
    default_value: Some("\"none\""),
    ..Property::choice("loopback")
};
/// Schemes of apps.
pub const CUSTOM_SCHEMES: Property = Property {
    label: "Custom Schemes",
    help_text: "Schemes of apps: com.example.app, cursor; *. for every scheme with a dot",
    ..Property::list("custom-schemes")
};
/// URIs that are allowed as they stand.
pub const EXACT: Property = Property {
    label: "Exact",
    help_text: "These URIs are allowed as they stand, whatever else is said",
    ..Property::list("exact")
};
/// Whether a `*` in the path is allowed.
pub const WILDCARDS: Property = Property {
    label: "Wildcards",
    help_text: "A * is allowed in the path of a redirect URI; in the host it never is",
    default_value: Some("\"false\""),
    ..Property::switch("wildcards")
};

/// The policy and its rules.
pub struct RedirectRules {
    rules: Rules,
}

impl Policy for RedirectRules {
    const ID: &'static str = "redirect-rules";
    const HELP_TEXT: &'static str = "Which redirect URIs clients may have: schemes, hosts, loopback, custom schemes";
    const HOOKS: &'static [Hook] = &[Hook::BeforeRegister, Hook::BeforeUpdate];

    fn properties(_: &Host) -> Vec<ConfigProperty> {
        vec![
            ALLOWED_SCHEMES.form(WEB.map(str::to_owned).into()),
            ALLOWED_HOSTS.form(Vec::new()),
            LOOPBACK.form(Loopback::WORDS.map(|(word, _)| word.to_owned()).into()),
            CUSTOM_SCHEMES.form(Vec::new()),
            EXACT.form(Vec::new()),
            WILDCARDS.form(Vec::new()),
        ]
    }

    fn read(config: &mut Config) -> Result<Self, ConfigError> {
        Ok(Self {
            rules: Rules {
                schemes: schemes(config.list(&ALLOWED_SCHEMES))?,
                hosts: hosts(config.list(&ALLOWED_HOSTS), &ALLOWED_HOSTS)?,
                loopback: config.choice(&LOOPBACK, &Loopback::WORDS)?.unwrap_or(Loopback::None),
                custom_schemes: custom_schemes(config.list(&CUSTOM_SCHEMES))?,
                exact: config.list(&EXACT),
                wildcards: config.switch(&WILDCARDS)?.unwrap_or(false),
            },
        })
    }

    fn before_register(&self, _: &Request, proposed: &Client) -> Decision {
        Decision::objections(addresses::violations(&self.rules, proposed, None))
    }

    fn before_update(&self, _: &Request, proposed: &Client, stored: &Client) -> Decision {
        Decision::objections(addresses::violations(&self.rules, proposed, Some(stored)))
    }
}

fn schemes(entries: Vec<String>) -> Result<Vec<String>, ConfigError> {
    match entries.iter().find(|entry| !WEB.contains(&entry.as_str())) {
        Some(entry) => Err(ALLOWED_SCHEMES.error(format!("'Allowed Schemes': '{entry}' is none of http, https"))),
        None if entries.is_empty() => Ok(vec!["https".to_owned()]),
        None => Ok(entries),
    }
}

/// Reads a list of hosts; the property is named in the error.
///
/// # Errors
/// An entry names no host.
pub fn hosts(entries: Vec<String>, property: &Property) -> Result<Vec<Entry>, ConfigError> {
    let read = |entry: String| {
        Entry::read(&entry).ok_or_else(|| property.error(format!("'{}': '{entry}' is no host", property.label)))
    };
    entries.into_iter().map(read).collect()
}

/// Reads the list of schemes of apps.
///
/// # Errors
/// An entry is no scheme, or one that no app may have.
pub fn custom_schemes(entries: Vec<String>) -> Result<CustomSchemes, ConfigError> {
    CustomSchemes::read(entries).map_err(|why| CUSTOM_SCHEMES.error(format!("'Custom Schemes': {why}")))
}

#[cfg(feature = "export")]
matricula_policy_sdk::export_0_2!(RedirectRules);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_what_can_not_be_read_of_the_settings() {
        for (name, value, message) in [
            ("allowed-schemes", "gopher", "'Allowed Schemes': 'gopher' is none of http, https"),
            ("allowed-hosts", "*.*.example.com", "'Allowed Hosts': '*.*.example.com' is no host"),
            ("loopback", "sometimes", "'Loopback' should be one of none, addresses, localhost"),
            ("custom-schemes", "javascript", "'Custom Schemes': 'javascript' is never allowed"),
            ("wildcards", "yes", "'Wildcards' should be 'true' or 'false'"),
        ] {
            let error = RedirectRules::read(&mut Config::default().with(name, &[value])).err().unwrap();
            assert_eq!((error.property.as_deref(), error.message.as_str()), (Some(name), message));
        }
    }

    #[test]
    fn without_settings_https_at_any_host_is_allowed() {
        let rules = RedirectRules::read(&mut Config::default()).unwrap().rules;
        assert_eq!(rules.fault("https://anything.test/cb"), None);
        assert!(rules.fault("http://anything.test/cb").is_some());
    }
}
