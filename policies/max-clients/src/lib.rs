//! Max Clients: registers no client once the realm has so many (Keycloak: MaxClientsClientRegistrationPolicy).

#![cfg_attr(test, allow(clippy::unwrap_used, reason = "a test that panics fails"))]

use matricula_policy_sdk::{
    Client, Condition, ConditionKind, Config, ConfigError, ConfigProperty, Decision, Hook, Host, Policy, Property,
    Request, Violation,
};

/// How many clients a realm may have, built-in ones included.
pub const MAX_CLIENTS: Property = Property {
    label: "max-clients.label",
    help_text: "max-clients.tooltip",
    default_value: Some("\"200\""),
    title: "Max Clients Per Realm",
    ..Property::text("max-clients")
};

/// The policy and its limit. Zero and less refuse always.
pub struct MaxClients {
    limit: i32,
}

impl Policy for MaxClients {
    const ID: &'static str = "max-clients";
    const HELP_TEXT: &'static str = "When present, then it won't be allowed to register new client if count of \
                                     existing clients in realm is same or bigger than configured limit";
    const HOOKS: &'static [Hook] = &[Hook::BeforeRegister];

    fn properties(_: &Host) -> Vec<ConfigProperty> {
        vec![MAX_CLIENTS.form(Vec::new())]
    }

    fn read(config: &mut Config) -> Result<Self, ConfigError> {
        let limit = config.number(&MAX_CLIENTS)?.ok_or_else(|| MAX_CLIENTS.missing())?;
        Ok(Self { limit })
    }

    fn before_register(&self, _: &Request, _: &Client) -> Decision {
        Decision::Accept(vec![fewer_than(self.limit)])
    }
}

/// The condition under which a client more is within the limit. The database decides it, so that of two concurrent
/// registrations one loses.
pub fn fewer_than(limit: i32) -> Condition {
    Condition {
        // No count is below zero, so negative limits need no case of their own.
        kind: ConditionKind::ClientCountBelow(u32::try_from(limit).unwrap_or(0)),
        otherwise: Violation::new(format!("It's allowed to have max {limit} clients per realm"))
            .hint("built-in clients count too; the setting 'max-clients' holds the limit"),
    }
}

#[cfg(feature = "export")]
matricula_policy_sdk::export!(MaxClients);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn demands_fewer_clients_than_the_limit() {
        for (limit, below, shown) in [("200", 200, "200"), ("+002", 2, "2"), ("0", 0, "0"), ("-5", 0, "-5")] {
            let policy = MaxClients::read(&mut Config::default().with("max-clients", &[limit])).unwrap();
            let condition = fewer_than(policy.limit);
            assert_eq!(condition.kind, ConditionKind::ClientCountBelow(below));
            assert_eq!(condition.otherwise.message, format!("It's allowed to have max {shown} clients per realm"));
            assert_eq!((condition.otherwise.field, condition.otherwise.value), (None, None));
        }
    }

    #[test]
    fn checks_that_the_limit_is_one_number() {
        for (values, message) in [
            (&[][..], "'Max Clients Per Realm' is required"),
            (&["1", "2"], "'Max Clients Per Realm' should be a single entry"),
            (&["many"], "'Max Clients Per Realm' should be a number"),
            (&["2147483648"], "'Max Clients Per Realm' should be a number"),
        ] {
            let mut config = Config::default().with("max-clients", values);
            let error = MaxClients::check(&mut config, &Host::default()).unwrap_err();
            assert_eq!((error.property.as_deref(), error.message.as_str()), (Some("max-clients"), message));
        }
    }
}
