//! What kind of client it is: as the request says on register, as it is stored (or about to be) on all other events. On
//! update both count: a client that is what a condition asks for, and one that wants to become so.

use matricula_policy_sdk::{
    Client, ClientPolicyCondition, Config, ConfigError, ConfigProperty, Host, Moment, Property, Request, Verdict,
};

/// Every client on every event.
pub struct AnyClient;

impl ClientPolicyCondition for AnyClient {
    const ID: &'static str = "any-client";
    const HELP_TEXT: &'static str = "The condition is satisfied by any client on any event.";
    const READS: Option<&'static [&'static str]> = Some(&[]);

    fn read(_: &mut Config) -> Result<Self, ConfigError> {
        Ok(Self)
    }

    fn judge(&self, _: &Request, _: &Moment) -> Verdict {
        Verdict::Yes
    }
}

/// Public, confidential or bearer-only.
pub struct AccessType {
    types: Vec<String>,
}

const TYPE: Property = Property {
    label: "client-accesstype.label",
    help_text: "client-accesstype.tooltip",
    default_value: Some("\"confidential\""),
    ..Property::choices("type")
};

impl ClientPolicyCondition for AccessType {
    const ID: &'static str = "client-access-type";
    const HELP_TEXT: &'static str = "It uses the client's access type (confidential, public, bearer-only) to determine whether the policy is applied. Confidential client has enabled client authentication when public client has disabled client authentication. Bearer-only is deprecated client type.";
    const READS: Option<&'static [&'static str]> = Some(&["public-client", "bearer-only"]);

    fn properties(_: &Host) -> Vec<ConfigProperty> {
        vec![TYPE.form(["confidential", "public", "bearer-only"].map(str::to_owned).into())]
    }

    fn read(config: &mut Config) -> Result<Self, ConfigError> {
        Ok(Self { types: config.list(&TYPE) })
    }

    fn judge(&self, _: &Request, moment: &Moment) -> Verdict {
        let is = |client: &Client| self.types.iter().any(|wanted| wanted == access_type(client));
        Verdict::of(seen(moment).into_iter().flatten().any(is))
    }
}

/// A flag that is left open is off, in an update too (as in Keycloak).
fn access_type(client: &Client) -> &'static str {
    if client.public_client == Some(true) {
        "public"
    } else if client.bearer_only == Some(true) {
        "bearer-only"
    } else {
        "confidential"
    }
}

/// The protocol.
pub struct ClientType {
    protocol: Option<String>,
}

const PROTOCOL: Property = Property {
    label: "Client protocol",
    help_text: "What client login protocol the condition will apply on.",
    kind: "List",
    default_value: Some("\"saml\""),
    ..Property::text("protocol")
};

impl ClientPolicyCondition for ClientType {
    const ID: &'static str = "client-type";
    const HELP_TEXT: &'static str =
        "Condition that uses the client's protocol (OpenID Connect, SAML) to determine whether the policy is applied.";
    const NEGATABLE: bool = false;
    const READS: Option<&'static [&'static str]> = Some(&["protocol"]);

    fn properties(_: &Host) -> Vec<ConfigProperty> {
        vec![PROTOCOL.form(["saml", "openid-connect"].map(str::to_owned).into())]
    }

    fn read(config: &mut Config) -> Result<Self, ConfigError> {
        Ok(Self { protocol: config.text(&PROTOCOL)? })
    }

    fn judge(&self, _: &Request, moment: &Moment) -> Verdict {
        let Some(wanted) = self.protocol.as_deref() else { return Verdict::No };
        let [client, change] = seen(moment);
        // What a new client leaves open is OpenID Connect; what an update leaves open stays.
        let own = client.map(|client| client.protocol.as_deref().unwrap_or("openid-connect"));
        let new = change.and_then(|change| change.protocol.as_deref());
        Verdict::of(own == Some(wanted) || new == Some(wanted))
    }
}

/// The request on register, else the client as it is stored; and the request on update.
fn seen<'a>(moment: &Moment<'a>) -> [Option<&'a Client>; 2] {
    match *moment {
        Moment::Register { proposed } => [Some(proposed), None],
        Moment::Registered { client } | Moment::Updated { client, .. } => [Some(client), None],
        Moment::Update { stored, proposed } => [Some(stored), Some(proposed)],
        Moment::View { stored } | Moment::Unregister { stored } => [Some(stored), None],
    }
}

/// Attributes that the client has.
pub struct Attributes {
    /// None are configured: then no client has them.
    wanted: Option<Vec<(String, String)>>,
}

const ATTRIBUTES: Property = Property {
    label: "client-attributes.label",
    help_text: "client-attributes-condition.tooltip",
    kind: "Map",
    ..Property::text("attributes")
};

impl ClientPolicyCondition for Attributes {
    const ID: &'static str = "client-attributes";
    const HELP_TEXT: &'static str = "The condition checks whether all of the specified client attributes exists on the client to determine whether the policy is applied. This effectively allows client administrator to create client attribute of specified name on the client to make sure that particular client policy will be applied on requests of this client.";
    const READS: Option<&'static [&'static str]> = Some(&["attributes"]);

    fn properties(_: &Host) -> Vec<ConfigProperty> {
        vec![ATTRIBUTES.form(Vec::new())]
    }

    fn read(config: &mut Config) -> Result<Self, ConfigError> {
        let Some(text) = config.text(&ATTRIBUTES)? else { return Ok(Self { wanted: None }) };
        match entries(&text) {
            Some(wanted) => Ok(Self { wanted: Some(wanted) }),
            None => Err(ATTRIBUTES.error("'attributes' should be a list of key and value")),
        }
    }

    fn judge(&self, _: &Request, moment: &Moment) -> Verdict {
        let Some(client) = moment.client() else { return Verdict::Abstain };
        let has = |(name, value): &(String, String)| {
            client.attributes.iter().any(|attribute| attribute.name == *name && attribute.value == *value)
        };
        Verdict::of(self.wanted.as_ref().is_some_and(|wanted| wanted.iter().all(has)))
    }
}

/// The console's text for a map: a JSON list of objects with `key` and `value`.
fn entries(text: &str) -> Option<Vec<(String, String)>> {
    let list: serde_json::Value = serde_json::from_str(text).ok()?;
    let entry = |entry: &serde_json::Value| {
        Some((entry.get("key")?.as_str()?.to_owned(), entry.get("value")?.as_str()?.to_owned()))
    };
    list.as_array()?.iter().map(entry).collect()
}

/// Roles that the client has.
pub struct Roles {
    roles: Vec<String>,
}

const ROLES: Property =
    Property { label: "client-roles.label", help_text: "client-roles-condition.tooltip", ..Property::list("roles") };

impl ClientPolicyCondition for Roles {
    const ID: &'static str = "client-roles";
    const HELP_TEXT: &'static str = "The condition checks whether one of the specified client roles exists on the client to determine whether the policy is applied. This effectively allows client administrator to create client role of specified name on the client to make sure that particular client policy will be applied on requests of this client.";
    const READS: Option<&'static [&'static str]> = Some(&["default-roles"]);

    fn properties(_: &Host) -> Vec<ConfigProperty> {
        vec![ROLES.form(Vec::new())]
    }

    fn read(config: &mut Config) -> Result<Self, ConfigError> {
        Ok(Self { roles: config.list(&ROLES) })
    }

    fn judge(&self, request: &Request, moment: &Moment) -> Verdict {
        let Some(client) = moment.client() else { return Verdict::Abstain };
        let has = |roles: &[String]| self.roles.iter().any(|wanted| roles.contains(wanted));
        // Roles that come with a request are made when the client is stored.
        let coming = moment.is_change() && has(client.default_roles.as_deref().unwrap_or_default());
        Verdict::of(coming || client.id.as_deref().is_some_and(|id| has(&request.host.client_roles(id))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use matricula_policy_sdk::{Attribute, Context};

    fn verdict<C: ClientPolicyCondition>(setting: &str, value: &str, moment: &Moment) -> Verdict {
        let host = Host { client_roles: vec![("1", vec!["reader".into()])], ..Host::default() };
        let request = Request { context: &Context::default(), host: &host };
        C::read(&mut Config::default().with(setting, &[value])).unwrap().judge(&request, moment)
    }

    #[test]
    fn looks_at_the_request_on_register_and_at_the_stored_client_too_on_update() {
        let public = Client { public_client: Some(true), bearer_only: Some(true), ..Client::default() };
        let confidential = Client::default();
        for (moment, expected) in [
            (Moment::Register { proposed: &public }, &["public"][..]),
            (Moment::Register { proposed: &confidential }, &["confidential"]),
            (Moment::Registered { client: &public }, &["public"]),
            (Moment::Update { proposed: &public, stored: &confidential }, &["public", "confidential"]),
            (Moment::Update { proposed: &public, stored: &public }, &["public"]),
            (Moment::Update { proposed: &confidential, stored: &public }, &["public", "confidential"]),
            (Moment::Updated { client: &public, before: &confidential }, &["public"]),
            (Moment::View { stored: &public }, &["public"]),
        ] {
            for kind in ["public", "confidential", "bearer-only"] {
                let holds = Verdict::of(expected.contains(&kind));
                assert_eq!(verdict::<AccessType>("type", kind, &moment), holds, "{moment:?}");
            }
        }
    }

    #[test]
    fn a_protocol_left_open_is_openid_connect_or_stays() {
        let of = |protocol: &str| Client { protocol: Some(protocol.into()), ..Client::default() };
        let (saml, oidc, open) = (of("saml"), of("openid-connect"), Client::default());
        for (moment, expected) in [
            (Moment::Register { proposed: &saml }, &["saml"][..]),
            (Moment::Register { proposed: &open }, &["openid-connect"]),
            (Moment::Registered { client: &saml }, &["saml"]),
            (Moment::Update { proposed: &open, stored: &saml }, &["saml"]),
            (Moment::Update { proposed: &oidc, stored: &saml }, &["saml", "openid-connect"]),
            (Moment::Updated { client: &oidc, before: &saml }, &["openid-connect"]),
            (Moment::Unregister { stored: &saml }, &["saml"]),
        ] {
            for protocol in ["saml", "openid-connect", ""] {
                let holds = Verdict::of(expected.contains(&protocol));
                assert_eq!(verdict::<ClientType>("protocol", protocol, &moment), holds, "{moment:?}");
            }
        }
    }

    #[test]
    fn wants_every_attribute_of_the_list() {
        let attribute = |name: &str| Attribute { name: name.into(), value: "1".into() };
        let client = Client { attributes: vec![attribute("a"), attribute("b")], ..Client::default() };
        for (wanted, expected) in [
            (r#"[{"key":"a","value":"1"},{"key":"b","value":"1"}]"#, Verdict::Yes),
            (r#"[{"key":"a","value":"2"}]"#, Verdict::No),
            (r#"[{"key":"c","value":"1"}]"#, Verdict::No),
            ("[]", Verdict::Yes),
            ("", Verdict::No),
        ] {
            assert_eq!(
                verdict::<Attributes>("attributes", wanted, &Moment::View { stored: &client }),
                expected,
                "{wanted}"
            );
            let moment = Moment::Register { proposed: &client };
            assert_eq!(verdict::<Attributes>("attributes", wanted, &moment), Verdict::Abstain);
        }
        for text in ["", "{", r#"{"a":"1"}"#, r#"[{"key":"a"}]"#] {
            let read = Attributes::read(&mut Config::default().with("attributes", &[text]));
            assert_eq!(read.is_ok(), text.is_empty(), "{text}");
        }
    }

    #[test]
    fn asks_the_host_for_the_roles_of_a_stored_client() {
        let stored = Client { id: Some("1".into()), ..Client::default() };
        let fresh = Client { default_roles: Some(vec!["writer".into()]), ..Client::default() };
        for (moment, role, expected) in [
            (Moment::View { stored: &stored }, "reader", Verdict::Yes),
            (Moment::View { stored: &stored }, "writer", Verdict::No),
            (Moment::Registered { client: &fresh }, "writer", Verdict::Yes),
            (Moment::Register { proposed: &fresh }, "writer", Verdict::Abstain),
        ] {
            assert_eq!(verdict::<Roles>("roles", role, &moment), expected, "{moment:?} {role}");
        }
    }
}
