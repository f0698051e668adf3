//! Allowed Client Scopes: which client scopes a client may name (Keycloak: ClientScopesClientRegistrationPolicy, whose
//! id is older than its name).

#![cfg_attr(test, allow(clippy::unwrap_used, reason = "a test that panics fails"))]

use matricula_policy_sdk::{
    Client, Config, ConfigError, ConfigProperty, Decision, Hook, Host, Policy, Property, Request, ScopeAssignment,
    Violation,
};

/// Names that are allowed beside those of the next setting.
pub const ALLOWED_SCOPES: Property = Property {
    label: "allowed-client-scopes.label",
    help_text: "allowed-client-scopes.tooltip",
    ..Property::choices("allowed-client-scopes")
};

/// Whether the realm's default and optional scopes are allowed. Absent: they are.
pub const ALLOW_DEFAULT_SCOPES: Property = Property {
    label: "allow-default-scopes.label",
    help_text: "allow-default-scopes.tooltip",
    default_value: Some("true"),
    ..Property::switch("allow-default-scopes")
};

/// The scope that marks OpenID Connect. It is no client scope, but may be listed like one.
const OPENID: &str = "openid";

/// What the server adds to a new client that names optional scopes only.
const BASIC: &str = "basic";

/// The policy and what it allows.
pub struct AllowedClientTemplates {
    listed: Vec<String>,
    realm_scopes: bool,
}

impl Policy for AllowedClientTemplates {
    const ID: &'static str = "allowed-client-templates";
    const HELP_TEXT: &'static str = "When present, it allows to specify whitelist of client scopes, which will be \
                                     allowed in representation of registered (or updated) client";
    const HOOKS: &'static [Hook] = &[Hook::BeforeRegister, Hook::BeforeUpdate];

    fn properties(host: &Host) -> Vec<ConfigProperty> {
        let mut options = realm_scopes(host, |_| true);
        options.push(OPENID.into());
        vec![ALLOWED_SCOPES.form(options), ALLOW_DEFAULT_SCOPES.form(Vec::new())]
    }

    fn read(config: &mut Config) -> Result<Self, ConfigError> {
        let switch = config.list(&ALLOW_DEFAULT_SCOPES);
        Ok(Self {
            listed: config.list(&ALLOWED_SCOPES),
            // Keycloak doesn't check this switch: whatever is not `true` is off, which allows less.
            realm_scopes: switch.first().is_none_or(|value| value.eq_ignore_ascii_case("true")),
        })
    }

    fn check(config: &mut Config, host: &Host) -> Result<(), ConfigError> {
        let listed = config.list(&ALLOWED_SCOPES);
        let known = realm_scopes(host, |_| true);
        if listed.iter().all(|name| name == OPENID || known.contains(name)) {
            return Ok(());
        }
        Err(ALLOWED_SCOPES.error(format!("Client scopes not allowed: [{}]", listed.join(", "))))
    }

    fn before_register(&self, request: &Request, proposed: &Client) -> Decision {
        Decision::objections(self.violations(proposed, None, request.host))
    }

    fn before_update(&self, request: &Request, proposed: &Client, stored: &Client) -> Decision {
        Decision::objections(self.violations(proposed, Some(stored), request.host))
    }
}

impl AllowedClientTemplates {
    /// An objection to each name that is not allowed. A stored client may repeat the names that it has in the same
    /// group.
    pub fn violations(&self, proposed: &Client, stored: Option<&Client>, host: &Host) -> Vec<Violation> {
        let basic = [BASIC.to_owned()];
        let default = match &proposed.default_client_scopes {
            None if stored.is_none() && proposed.optional_client_scopes.is_some() => &basic,
            names => names.as_deref().unwrap_or_default(),
        };
        let optional = proposed.optional_client_scopes.as_deref().unwrap_or_default();
        let had_default = stored.and_then(|client| client.default_client_scopes.as_deref()).unwrap_or_default();
        let had_optional = stored.and_then(|client| client.optional_client_scopes.as_deref()).unwrap_or_default();

        let mut of_realm = None; // asked for once, and only when a name is not listed
        let mut violations = Vec::new();
        for (field, names, had) in
            [("default-client-scopes", default, had_default), ("optional-client-scopes", optional, had_optional)]
        {
            for name in names.iter().filter(|name| !self.listed.contains(name) && !had.contains(name)) {
                if !of_realm.get_or_insert_with(|| self.allowed_of(host)).contains(name) {
                    violations.push(not_permitted(field, name));
                }
            }
        }
        violations
    }

    fn allowed_of(&self, host: &Host) -> Vec<String> {
        if self.realm_scopes { realm_scopes(host, |assigned| assigned != ScopeAssignment::None) } else { Vec::new() }
    }
}

/// Names of the realm's client scopes, whatever their protocol.
fn realm_scopes(host: &Host, wanted: fn(ScopeAssignment) -> bool) -> Vec<String> {
    let of = |protocol| host.client_scopes(protocol);
    let scopes = ["openid-connect", "saml"].into_iter().flat_map(of);
    scopes.filter(|scope| wanted(scope.assigned)).map(|scope| scope.name).collect()
}

fn not_permitted(field: &str, name: &str) -> Violation {
    Violation::new("Not permitted to use specified clientScope").at(field, name).hint(
        "allowed are the names in 'allowed-client-scopes' and, unless 'allow-default-scopes' is off, the realm's \
         default and optional scopes",
    )
}

#[cfg(feature = "export")]
matricula_policy_sdk::export!(AllowedClientTemplates);

#[cfg(test)]
mod tests {
    use super::*;
    use matricula_policy_sdk::ClientScope;

    const DEFAULT: &str = "default-client-scopes";
    const OPTIONAL: &str = "optional-client-scopes";

    /// A realm with `basic`, `email` and `role_list` by default, `phone` at choice, and `custom` unassigned.
    fn host() -> Host {
        let scope = |name: &str, assigned| ClientScope { name: name.into(), assigned };
        Host {
            client_scopes: vec![
                ("openid-connect", scope("basic", ScopeAssignment::Default)),
                ("openid-connect", scope("email", ScopeAssignment::Default)),
                ("openid-connect", scope("phone", ScopeAssignment::Optional)),
                ("openid-connect", scope("custom", ScopeAssignment::None)),
                ("saml", scope("role_list", ScopeAssignment::Default)),
            ],
            ..Host::default()
        }
    }

    fn policy(listed: &[&str], default_scopes: &str) -> AllowedClientTemplates {
        let config = Config::default().with("allowed-client-scopes", listed);
        AllowedClientTemplates::read(&mut config.with("allow-default-scopes", &[default_scopes])).unwrap()
    }

    fn names(names: &[&str]) -> Option<Vec<String>> {
        Some(names.iter().map(|name| name.to_string()).collect())
    }

    fn client(default: Option<&[&str]>, optional: Option<&[&str]>) -> Client {
        Client {
            default_client_scopes: default.and_then(names),
            optional_client_scopes: optional.and_then(names),
            ..Client::default()
        }
    }

    /// Field and value of each objection.
    fn objections(
        policy: &AllowedClientTemplates,
        proposed: &Client,
        stored: Option<&Client>,
    ) -> Vec<(String, String)> {
        let violations = policy.violations(proposed, stored, &host());
        violations.into_iter().map(|violation| (violation.field.unwrap(), violation.value.unwrap())).collect()
    }

    fn expected(objections: &[(&str, &str)]) -> Vec<(String, String)> {
        objections.iter().map(|(field, value)| (field.to_string(), value.to_string())).collect()
    }

    #[test]
    fn allows_the_scopes_of_the_realm_in_either_group() {
        for (default, optional) in [
            (Some(&["email", "phone"][..]), None),
            (None, Some(&["phone", "email"][..])),
            (Some(&["role_list"]), Some(&["phone"])),
            (Some(&[]), Some(&[])),
            (None, None),
        ] {
            assert_eq!(objections(&policy(&[], "true"), &client(default, optional), None), []);
        }
    }

    #[test]
    fn refuses_each_other_scope_by_its_name() {
        let proposed = client(Some(&["email", "custom"]), Some(&["openid", "Email", "", "phone"]));
        assert_eq!(
            objections(&policy(&[], "true"), &proposed, None),
            expected(&[(DEFAULT, "custom"), (OPTIONAL, "openid"), (OPTIONAL, "Email"), (OPTIONAL, "")])
        );
    }

    #[test]
    fn allows_what_is_listed() {
        let proposed = client(Some(&["custom"]), Some(&["openid"]));
        assert_eq!(objections(&policy(&["custom", "openid"], "false"), &proposed, None), []);
    }

    #[test]
    fn allows_only_what_is_listed_when_the_switch_is_off() {
        for off in ["false", "no", "1"] {
            let proposed = client(Some(&["email"]), None);
            assert_eq!(objections(&policy(&["custom"], off), &proposed, None), expected(&[(DEFAULT, "email")]));
        }
        assert_eq!(objections(&policy(&[], "TRUE"), &client(Some(&["email"]), None), None), []);
    }

    #[test]
    fn judges_the_basic_scope_that_comes_with_optional_scopes_alone() {
        let alone = client(None, Some(&["custom"]));
        assert_eq!(objections(&policy(&["custom"], "false"), &alone, None), expected(&[(DEFAULT, "basic")]));
        assert_eq!(objections(&policy(&["custom", "basic"], "false"), &alone, None), []);
        assert_eq!(objections(&policy(&["custom"], "false"), &client(Some(&[]), Some(&["custom"])), None), []);
        assert_eq!(objections(&policy(&["custom"], "false"), &alone, Some(&Client::default())), []);
    }

    #[test]
    fn lets_a_stored_client_repeat_a_scope_in_the_same_group_only() {
        let stored = client(Some(&["email"]), Some(&["phone"]));
        let nothing = policy(&[], "false");
        assert_eq!(objections(&nothing, &stored, Some(&stored)), []);
        let swapped = client(Some(&["phone"]), Some(&["email"]));
        assert_eq!(objections(&nothing, &swapped, Some(&stored)), expected(&[(DEFAULT, "phone"), (OPTIONAL, "email")]));
    }

    #[test]
    fn checks_that_listed_scopes_exist() {
        let check = |listed| {
            let mut config = Config::default().with("allowed-client-scopes", listed);
            AllowedClientTemplates::check(&mut config, &host())
        };
        assert_eq!(check(&["custom", "openid", "role_list"]), Ok(()));
        let error = check(&["email", "no-such-scope"]).unwrap_err();
        assert_eq!(error.message, "Client scopes not allowed: [email, no-such-scope]");
        assert_eq!(error.property.as_deref(), Some("allowed-client-scopes"));
    }

    #[test]
    fn offers_the_scopes_of_the_realm_and_openid() {
        let options = &AllowedClientTemplates::properties(&host())[0].options;
        assert_eq!(options, &["basic", "email", "phone", "custom", "role_list", "openid"]);
    }
}
