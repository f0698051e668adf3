//! Allowed Protocol Mapper Types: which mappers a client may bring
//! (Keycloak: ProtocolMappersClientRegistrationPolicy).

#![cfg_attr(test, allow(clippy::unwrap_used, reason = "a test that panics fails"))]

use matricula_policy_sdk::{
    Attribute, Client, Config, ConfigError, ConfigProperty, Decision, Hook, Host, Policy, Property, ProtocolMapper,
    Request, Violation,
};

/// The types that are allowed. None listed: no mapper is.
pub const ALLOWED_TYPES: Property = Property {
    label: "allowed-protocol-mappers.label",
    help_text: "allowed-protocol-mappers.tooltip",
    ..Property::choices("allowed-protocol-mapper-types")
};

/// The policy and the allowed types.
pub struct AllowedProtocolMappers {
    types: Vec<String>,
}

impl Policy for AllowedProtocolMappers {
    const ID: &'static str = "allowed-protocol-mappers";
    const HELP_TEXT: &'static str = "When present, it allows to specify whitelist of protocol mapper types, which \
                                     will be allowed in representation of registered (or updated) client";
    const HOOKS: &'static [Hook] = &[Hook::BeforeRegister, Hook::AfterRegister, Hook::BeforeUpdate];

    fn properties(host: &Host) -> Vec<ConfigProperty> {
        vec![ALLOWED_TYPES.form(host.protocol_mapper_types())]
    }

    fn read(config: &mut Config) -> Result<Self, ConfigError> {
        Ok(Self { types: config.list(&ALLOWED_TYPES) })
    }

    fn before_register(&self, _: &Request, proposed: &Client) -> Decision {
        Decision::objections(self.forbidden(proposed).map(not_allowed).collect())
    }

    /// Takes away what came by itself: sent mappers of other types were refused before.
    fn after_register(&self, _: &Request, client: &Client) -> Decision {
        if self.forbidden(client).next().is_none() {
            return Decision::accept();
        }
        let kept = mappers(client).filter(|mapper| self.allows(mapper)).cloned().collect();
        Decision::amend(Client { protocol_mappers: Some(kept), ..Client::default() })
    }

    fn before_update(&self, _: &Request, proposed: &Client, stored: &Client) -> Decision {
        Decision::objections(self.forbidden(proposed).filter_map(|mapper| changed(mapper, stored)).collect())
    }
}

impl AllowedProtocolMappers {
    /// The client's mappers of types that are not allowed.
    pub fn forbidden<'a>(&'a self, client: &'a Client) -> impl Iterator<Item = &'a ProtocolMapper> {
        mappers(client).filter(|mapper| !self.allows(mapper))
    }

    fn allows(&self, mapper: &ProtocolMapper) -> bool {
        self.types.contains(&mapper.mapper_type)
    }
}

fn mappers(client: &Client) -> impl Iterator<Item = &ProtocolMapper> {
    client.protocol_mappers.iter().flatten()
}

/// The objection to a mapper of a forbidden type in an update, unless it repeats a stored one: an administrator gave
/// it. Type and configuration must both be equal, as otherwise one forbidden type could become another.
pub fn changed(mapper: &ProtocolMapper, stored: &Client) -> Option<Violation> {
    let Some(id) = &mapper.id else {
        return Some(at(mapper, format!("Missing id for mapper named '{}'", mapper.name)));
    };
    match mappers(stored).find(|known| known.id.as_ref() == Some(id)) {
        None => Some(at(mapper, format!("No existing mapper model found for id '{id}'"))),
        Some(known) if known.mapper_type == mapper.mapper_type && same(&known.config, &mapper.config) => None,
        Some(_) => Some(not_allowed(mapper)),
    }
}

/// Equal as maps: the order says nothing.
fn same(one: &[Attribute], other: &[Attribute]) -> bool {
    one.len() == other.len() && one.iter().all(|setting| other.contains(setting))
}

fn not_allowed(mapper: &ProtocolMapper) -> Violation {
    at(mapper, "ProtocolMapper type not allowed".into())
}

fn at(mapper: &ProtocolMapper, message: String) -> Violation {
    Violation::new(message)
        .at("protocol-mappers", &mapper.mapper_type)
        .hint(format!("mapper '{}': its type is not listed in 'allowed-protocol-mapper-types'", mapper.name))
}

#[cfg(feature = "export")]
matricula_policy_sdk::export!(AllowedProtocolMappers);

#[cfg(test)]
mod tests {
    use super::*;
    use matricula_policy_sdk::Context;

    fn mapper(id: Option<&str>, mapper_type: &str, config: &[(&str, &str)]) -> ProtocolMapper {
        let setting = |(name, value): &(&str, &str)| Attribute { name: name.to_string(), value: value.to_string() };
        ProtocolMapper {
            id: id.map(str::to_owned),
            name: "colour".into(),
            protocol: "openid-connect".into(),
            mapper_type: mapper_type.into(),
            config: config.iter().map(setting).collect(),
            ..ProtocolMapper::default()
        }
    }

    fn client(mappers: &[ProtocolMapper]) -> Client {
        Client { protocol_mappers: Some(mappers.to_vec()), ..Client::default() }
    }

    fn policy(types: &[&str]) -> AllowedProtocolMappers {
        AllowedProtocolMappers::read(&mut Config::default().with("allowed-protocol-mapper-types", types)).unwrap()
    }

    /// What the hook says of a client, with nothing to ask the host.
    fn decide(hook: impl Fn(&Request) -> Decision) -> Decision {
        hook(&Request { context: &Context::default(), host: &Host::default() })
    }

    #[test]
    fn refuses_each_mapper_of_another_type() {
        let sent = [mapper(None, "full-name", &[]), mapper(None, "hardcoded", &[]), mapper(None, "", &[])];
        let decision = decide(|request| policy(&["full-name"]).before_register(request, &client(&sent)));
        assert_eq!(decision, Decision::Reject(vec![not_allowed(&sent[1]), not_allowed(&sent[2])]));
        assert_eq!(not_allowed(&sent[1]).value.as_deref(), Some("hardcoded"));
    }

    #[test]
    fn accepts_a_request_without_mappers() {
        for proposed in [Client::default(), client(&[])] {
            assert_eq!(decide(|request| policy(&[]).before_register(request, &proposed)), Decision::accept());
        }
    }

    #[test]
    fn allows_no_mapper_when_no_type_is_listed() {
        let sent = [mapper(None, "full-name", &[])];
        assert_eq!(policy(&[]).forbidden(&client(&sent)).count(), 1);
    }

    #[test]
    fn takes_forbidden_mappers_from_a_new_client() {
        let allowed = mapper(Some("1"), "full-name", &[]);
        let given = client(&[mapper(Some("2"), "hardcoded", &[]), allowed.clone()]);
        let decision = decide(|request| policy(&["full-name"]).after_register(request, &given));
        assert_eq!(decision, Decision::amend(client(&[allowed])));
        let decision = decide(|request| policy(&["full-name", "hardcoded"]).after_register(request, &given));
        assert_eq!(decision, Decision::accept());
    }

    #[test]
    fn accepts_a_forbidden_mapper_in_an_update_only_as_it_is_stored() {
        let stored = client(&[mapper(Some("1"), "hardcoded", &[("a", "1"), ("b", "2")])]);
        let not_allowed = Some("ProtocolMapper type not allowed");
        for (sent, message) in [
            (mapper(Some("1"), "hardcoded", &[("a", "1"), ("b", "2")]), None),
            (mapper(Some("1"), "hardcoded", &[("b", "2"), ("a", "1")]), None),
            (mapper(Some("1"), "hardcoded", &[("a", "1"), ("b", "3")]), not_allowed),
            (mapper(Some("1"), "hardcoded", &[("a", "1")]), not_allowed),
            (mapper(Some("1"), "audience", &[("a", "1"), ("b", "2")]), not_allowed),
            (mapper(Some("2"), "hardcoded", &[]), Some("No existing mapper model found for id '2'")),
            (mapper(None, "hardcoded", &[]), Some("Missing id for mapper named 'colour'")),
        ] {
            assert_eq!(changed(&sent, &stored).map(|violation| violation.message).as_deref(), message, "{sent:?}");
        }
    }

    #[test]
    fn accepts_a_new_mapper_of_an_allowed_type_in_an_update() {
        let sent = client(&[mapper(None, "full-name", &[])]);
        let decision = decide(|request| policy(&["full-name"]).before_update(request, &sent, &Client::default()));
        assert_eq!(decision, Decision::accept());
    }

    #[test]
    fn offers_the_mapper_types_of_the_server() {
        let host = Host { protocol_mapper_types: vec!["full-name".into()], ..Host::default() };
        assert_eq!(AllowedProtocolMappers::properties(&host)[0].options, ["full-name"]);
    }
}
