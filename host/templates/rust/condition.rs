//! Holds for clients that send users to one of these hosts.

use matricula_policy_sdk::{
    ClientPolicyCondition, Config, ConfigError, ConfigProperty, Host, Moment, Property, Request, Verdict,
};

/// The setting, as the administrator's form shows it.
const HOSTS: Property = Property {
    label: "Hosts",
    help_text: "It holds for clients with a redirect URI at one of these",
    ..Property::list("hosts")
};

/// The condition as an administrator set it up.
struct RedirectHost {
    hosts: Vec<String>,
}

impl ClientPolicyCondition for RedirectHost {
    const ID: &'static str = "my-policy";
    const HELP_TEXT: &'static str = "Clients that send users to one of these hosts";
    const READS: Option<&'static [&'static str]> = Some(&["redirect-uris"]);

    fn properties(_: &Host) -> Vec<ConfigProperty> {
        vec![HOSTS.form(Vec::new())]
    }

    fn read(config: &mut Config) -> Result<Self, ConfigError> {
        let hosts = config.list(&HOSTS);
        match hosts.iter().find(|host| host.contains('/')) {
            Some(wrong) => Err(HOSTS.error(format!("'{wrong}' should be a host name, such as app.example.com"))),
            None => Ok(Self { hosts }),
        }
    }

    fn judge(&self, _: &Request, moment: &Moment) -> Verdict {
        // An update that names no redirect URIs keeps those that are stored.
        let (first, then) = match *moment {
            Moment::Register { proposed } => (proposed, None),
            Moment::Update { proposed, stored } => (proposed, Some(stored)),
            Moment::Registered { client } | Moment::Updated { client, .. } => (client, None),
            Moment::View { stored } | Moment::Unregister { stored } => (stored, None),
        };
        let uris = first.redirect_uris.as_ref().or_else(|| then?.redirect_uris.as_ref());
        Verdict::of(uris.into_iter().flatten().any(|uri| self.hosts.iter().any(|host| host == host_of(uri))))
    }
}

/// `app.example.com` of `https://app.example.com:8443/callback`.
fn host_of(uri: &str) -> &str {
    let rest = uri.split_once("://").map_or("", |(_, rest)| rest);
    rest.split(['/', ':', '?', '#']).next().unwrap_or_default()
}

matricula_policy_sdk::export_client_policies!(conditions: [RedirectHost], executors: []);
