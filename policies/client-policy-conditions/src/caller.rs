//! Who registers or changes a client. Nothing is said about those who view or delete one.

use std::net::IpAddr;

use matricula_policy_sdk::{
    CallerKind, ClientPolicyCondition, Config, ConfigError, ConfigProperty, Host, Moment, Property, Request, Verdict,
};

#[path = "../../trusted-hosts/src/entry.rs"]
pub mod entry;

/// What the caller showed.
pub struct UpdaterContext {
    sources: Vec<String>,
}

/// Values of `update-client-source`.
const SOURCES: [&str; 4] = ["ByAuthenticatedUser", "ByAnonymous", "ByInitialAccessToken", "ByRegistrationAccessToken"];

const UPDATE_CLIENT_SOURCE: Property = Property {
    label: "Update Client Context",
    help_text: "Specifies the context how is client created or updated. ByInitialAccessToken is usually OpenID Connect client registration with the initial access token. ByRegistrationAccessToken is usually OpenID Connect client update request with the registration access token. ByAuthenticatedUser is usually Admin REST request with the token on behalf of the particular user or client (service account)",
    default_value: Some("\"ByAuthenticatedUser\""),
    ..Property::choices("update-client-source")
};

impl ClientPolicyCondition for UpdaterContext {
    const ID: &'static str = "client-updater-context";
    const HELP_TEXT: &'static str = "The condition checks the context how is client created/updated to determine whether the policy is applied. For example it checks if client is created with admin REST API or OIDC dynamic client registration. And for the letter case if it is ANONYMOUS client registration or AUTHENTICATED client registration with Initial access token or Registration access token and so on.";
    const READS: Option<&'static [&'static str]> = Some(&[]);

    fn properties(_: &Host) -> Vec<ConfigProperty> {
        vec![UPDATE_CLIENT_SOURCE.form(SOURCES.map(str::to_owned).into())]
    }

    fn read(config: &mut Config) -> Result<Self, ConfigError> {
        Ok(Self { sources: config.list(&UPDATE_CLIENT_SOURCE) })
    }

    fn judge(&self, request: &Request, moment: &Moment) -> Verdict {
        let source = match request.context.caller.kind {
            CallerKind::Anonymous => "ByAnonymous",
            CallerKind::InitialAccessToken => "ByInitialAccessToken",
            CallerKind::RegistrationAccessToken => "ByRegistrationAccessToken",
            CallerKind::Bearer => "ByAuthenticatedUser",
        };
        of_change(moment, || self.sources.iter().any(|wanted| wanted == source))
    }
}

/// The address that the request came from.
pub struct UpdaterSourceHost {
    entries: Vec<String>,
}

const TRUSTED_HOSTS: Property = Property {
    label: "client-updater-trusted-hosts.label",
    help_text: "client-updater-trusted-hosts.tooltip",
    ..Property::list("trusted-hosts")
};

impl ClientPolicyCondition for UpdaterSourceHost {
    const ID: &'static str = "client-updater-source-host";
    const HELP_TEXT: &'static str = "The condition checks the host/domain of the entity who tries to create/update the client to determine whether the policy is applied.";
    const READS: Option<&'static [&'static str]> = Some(&[]);

    fn properties(_: &Host) -> Vec<ConfigProperty> {
        vec![TRUSTED_HOSTS.form(Vec::new())]
    }

    fn read(config: &mut Config) -> Result<Self, ConfigError> {
        Ok(Self { entries: config.list(&TRUSTED_HOSTS) })
    }

    fn judge(&self, request: &Request, moment: &Moment) -> Verdict {
        of_change(moment, || comes_from(&self.entries, &request.context.caller.address, request.host))
    }
}

/// Whether an address is listed, a listed name leads to it, or its own name is in a listed domain. Its own name is asked
/// for last, as the sender decides how long that takes.
fn comes_from(entries: &[String], sender: &str, host: &Host) -> bool {
    let Some(address) = entry::address(sender) else { return false };
    let is = |text: &String| entry::address(text) == Some::<IpAddr>(address);
    let domains: Vec<&str> = entries.iter().filter_map(|entry| entry.strip_prefix("*.")).collect();
    entries.iter().any(|entry| entry::holds(entry, address))
        || entries
            .iter()
            .filter_map(|entry| entry::host_name(entry))
            .any(|name| host.addresses_of(name).first().is_some_and(is))
        || !domains.is_empty()
            && host.names_of(sender).iter().any(|name| domains.iter().any(|domain| is_within(name, domain)))
}

/// Whether a name is a domain or in it.
fn is_within(name: &str, domain: &str) -> bool {
    name.strip_suffix(domain).is_some_and(|start| start.is_empty() || start.ends_with('.'))
}

/// Roles of the user whose token was sent.
pub struct UpdaterSourceRoles {
    roles: Vec<String>,
}

const SOURCE_ROLES: Property = Property {
    label: "client-updater-source-roles.label",
    help_text: "client-updater-source-roles.tooltip",
    default_value: Some("\"admin\""),
    ..Property::list("roles")
};

impl ClientPolicyCondition for UpdaterSourceRoles {
    const ID: &'static str = "client-updater-source-roles";
    const HELP_TEXT: &'static str = "The condition checks the role of the entity who tries to create/update the client to determine whether the policy is applied.";
    const READS: Option<&'static [&'static str]> = Some(&[]);

    fn properties(_: &Host) -> Vec<ConfigProperty> {
        vec![SOURCE_ROLES.form(Vec::new())]
    }

    fn read(config: &mut Config) -> Result<Self, ConfigError> {
        Ok(Self { roles: config.list(&SOURCE_ROLES) })
    }

    fn judge(&self, request: &Request, moment: &Moment) -> Verdict {
        let held = &request.context.caller.roles;
        of_change(moment, || self.roles.iter().any(|wanted| held.iter().any(|role| is_role(wanted, role))))
    }
}

/// Whether `client.role` or `role` means a role that is held as `client/role` or `role`. Names may have dots and
/// slashes in them.
fn is_role(wanted: &str, held: &str) -> bool {
    let same_but_at = |slash: usize| {
        wanted.len() == held.len()
            && wanted.as_bytes().get(slash) == Some(&b'.')
            && wanted.as_bytes()[..slash] == held.as_bytes()[..slash]
            && wanted.as_bytes()[slash + 1..] == held.as_bytes()[slash + 1..]
    };
    wanted == held || held.match_indices('/').any(|(slash, _)| same_but_at(slash))
}

/// Groups of the user whose token was sent.
pub struct UpdaterSourceGroups {
    groups: Vec<String>,
}

const SOURCE_GROUPS: Property = Property {
    label: "client-updater-source-groups.label",
    help_text: "client-updater-source-groups.tooltip",
    default_value: Some("\"topGroup\""),
    ..Property::list("groups")
};

impl ClientPolicyCondition for UpdaterSourceGroups {
    const ID: &'static str = "client-updater-source-groups";
    const HELP_TEXT: &'static str = "The condition checks the group of the entity who tries to create/update the client to determine whether the policy is applied.";
    const READS: Option<&'static [&'static str]> = Some(&[]);

    fn properties(_: &Host) -> Vec<ConfigProperty> {
        vec![SOURCE_GROUPS.form(Vec::new())]
    }

    fn read(config: &mut Config) -> Result<Self, ConfigError> {
        Ok(Self { groups: config.list(&SOURCE_GROUPS) })
    }

    fn judge(&self, request: &Request, moment: &Moment) -> Verdict {
        let held = &request.context.caller.groups;
        of_change(moment, || self.groups.iter().any(|wanted| held.iter().any(|path| is_group(wanted, path))))
    }
}

/// Whether a path, or the name of a group at the top, means a group that is held. Tokens may leave out the first slash.
fn is_group(wanted: &str, held: &str) -> bool {
    wanted == held || held.strip_prefix('/') == Some(wanted)
}

/// The verdict about a client that is registered or changed.
fn of_change(moment: &Moment, holds: impl FnOnce() -> bool) -> Verdict {
    if moment.is_change() { Verdict::of(holds()) } else { Verdict::Abstain }
}

#[cfg(test)]
mod tests {
    use super::*;
    use matricula_policy_sdk::{Caller, Client, Context};

    fn verdict<C: ClientPolicyCondition>(setting: &str, values: &[&str], caller: Caller, host: &Host) -> Verdict {
        let context = Context { caller, ..Context::default() };
        let condition = C::read(&mut Config::default().with(setting, values)).unwrap();
        let request = Request { context: &context, host };
        let client = Client::default();
        assert_eq!(condition.judge(&request, &Moment::View { stored: &client }), Verdict::Abstain);
        assert_eq!(condition.judge(&request, &Moment::Unregister { stored: &client }), Verdict::Abstain);
        condition.judge(&request, &Moment::Register { proposed: &client })
    }

    #[test]
    fn tells_callers_apart_by_what_they_showed() {
        let kinds = [
            CallerKind::Bearer,
            CallerKind::Anonymous,
            CallerKind::InitialAccessToken,
            CallerKind::RegistrationAccessToken,
        ];
        for (source, kind) in SOURCES.iter().zip(kinds) {
            for (other, _) in SOURCES.iter().zip(kinds) {
                let caller = Caller { kind, ..Caller::default() };
                let verdict = verdict::<UpdaterContext>("update-client-source", &[other], caller, &Host::default());
                assert_eq!(verdict, Verdict::of(source == other), "{source} {other}");
            }
        }
    }

    #[test]
    fn finds_a_sender_by_address_name_or_the_domain_of_its_own_name() {
        let host = Host {
            addresses: vec![("app.example.com", vec!["192.0.2.7".into(), "192.0.2.8".into()])],
            names: vec![("192.0.2.8", vec!["b.example.org".into()])],
            ..Host::default()
        };
        for (sender, entry, found) in [
            ("192.0.2.7", "192.0.2.7", true),
            ("192.0.2.7", "192.0.2.0/24", true),
            ("192.0.2.7", "app.example.com", true),
            ("192.0.2.8", "app.example.com", false),
            ("192.0.2.8", "*.example.org", true),
            ("192.0.2.8", "*.b.example.org", true),
            ("192.0.2.8", "*.ample.org", false),
            ("192.0.2.8", "*.c.b.example.org", false),
            ("192.0.2.8", "b.example.org", false),
            ("192.0.2.8", "*.example.com", false),
            ("::1", "0:0:0:0:0:0:0:1", true),
        ] {
            let caller = Caller { address: sender.into(), ..Caller::default() };
            let verdict = verdict::<UpdaterSourceHost>("trusted-hosts", &[entry], caller, &host);
            assert_eq!(verdict, Verdict::of(found), "{sender} {entry}");
        }
    }

    #[test]
    fn writes_the_role_of_a_client_with_a_dot() {
        for (wanted, held, found) in [
            ("admin", "admin", true),
            ("app.admin", "app/admin", true),
            ("admin", "app/admin", false),
            ("my.app.sub.admin", "my.app/sub.admin", true),
            ("app.admin", "app.admin", true),
            ("app/admin", "app.admin", false),
            ("a.b.c", "a/b/c", false),
            ("a.b/c", "a/b/c", true),
        ] {
            let caller = Caller { roles: vec!["other".into(), held.into()], ..Caller::default() };
            let verdict = verdict::<UpdaterSourceRoles>("roles", &[wanted], caller, &Host::default());
            assert_eq!(verdict, Verdict::of(found), "{wanted} {held}");
        }
    }

    #[test]
    fn names_groups_by_path_and_those_at_the_top_by_name() {
        for (wanted, held, found) in [
            ("/org/staff", "/org/staff", true),
            ("staff", "/org/staff", false),
            ("org", "/org/staff", false),
            ("org", "/org", true),
            ("/org", "/org", true),
            ("org", "org", true),
        ] {
            let caller = Caller { groups: vec!["/other".into(), held.into()], ..Caller::default() };
            let verdict = verdict::<UpdaterSourceGroups>("groups", &[wanted], caller, &Host::default());
            assert_eq!(verdict, Verdict::of(found), "{wanted} {held}");
        }
    }
}
