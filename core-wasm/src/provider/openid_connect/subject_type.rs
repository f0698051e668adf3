//! `subject_type` ⇄ the protocol mapper that gives each sector its own subject (OIDC Core §8.1;
//! Keycloak: SHA256PairwiseSubMapper).

use crate::contract::exports::matricula::registration::providers::{Completed, Effect};
use crate::contract::matricula::registration::client::{Attribute, Client, ProtocolMapper};

/// In the client as sent: `pairwise` if the document asks for it. Policies may judge it; it is never stored.
pub(super) const REQUESTED: &str = "metadata.subject_type";

/// Where the sector identifier of a document is kept.
pub(super) const SECTOR_IDENTIFIER: &str = "sectorIdentifierUri";

const MAPPER_TYPE_SUFFIX: &str = "-pairwise-sub-mapper";
const MAPPER_SECTOR: &str = "sectorIdentifierUri";

/// Who a user is to the client.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum SubjectType {
    /// The same for all clients.
    Public,
    /// Another one for each sector.
    Pairwise,
}

impl SubjectType {
    /// The subject type of this name, in any case.
    pub(super) fn parse(name: &str) -> Option<Self> {
        if name.eq_ignore_ascii_case("pairwise") {
            Some(Self::Pairwise)
        } else if name.eq_ignore_ascii_case("public") {
            Some(Self::Public)
        } else {
            None
        }
    }

    /// The name in metadata.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Public => "public",
            Self::Pairwise => "pairwise",
        }
    }
}

/// What a document asks for.
pub(super) struct Requested {
    subject_type: SubjectType,
    sector_identifier: Option<String>,
}

impl Requested {
    /// Whether the document names a sector identifier that no mapper will have, so that nobody looks at it again.
    pub(super) fn names_idle_sector(&self) -> bool {
        self.subject_type == SubjectType::Public && self.sector_identifier.is_some()
    }
}

/// Takes the request out of the client as sent. A document without `subject_type` asks for `public`.
pub(super) fn take_request(proposed: &mut Client) -> Requested {
    let marker = proposed.attributes.iter().position(|attribute| attribute.name == REQUESTED);
    let subject_type = match marker {
        Some(index) => SubjectType::parse(&proposed.attributes.swap_remove(index).value),
        None => None,
    };
    let sector_identifier = proposed.attributes.iter().find(|attribute| attribute.name == SECTOR_IDENTIFIER);
    Requested {
        subject_type: subject_type.unwrap_or(SubjectType::Public),
        sector_identifier: sector_identifier
            .filter(|attribute| !attribute.value.trim().is_empty())
            .map(|attribute| attribute.value.clone()),
    }
}

/// Gives the client the mapper it asks for, or takes it away. A mapper that is there keeps its salt.
pub(super) fn apply(requested: Requested, completed: &mut Completed, salt: String) {
    let mappers = completed.client.protocol_mappers.get_or_insert_default();
    if requested.subject_type == SubjectType::Public {
        mappers.retain(|mapper| !is_pairwise(mapper));
        return;
    }
    let mut found = false;
    for mapper in mappers.iter_mut().filter(|mapper| is_pairwise(mapper)) {
        found = true;
        mapper.config.retain(|entry| entry.name != MAPPER_SECTOR);
        mapper.config.extend(sector_entry(requested.sector_identifier.as_deref()));
    }
    if !found {
        let mut config = vec![Attribute { name: "pairwiseSubAlgorithmSalt".to_owned(), value: salt }];
        config.extend(sector_entry(requested.sector_identifier.as_deref()));
        completed.effects.push(Effect::AddProtocolMapper(ProtocolMapper {
            id: None,
            name: "pairwise subject identifier".to_owned(),
            protocol: "openid-connect".to_owned(),
            mapper_type: format!("oidc-sha256{MAPPER_TYPE_SUFFIX}"),
            consent_required: false,
            config,
        }));
    }
}

/// The client's subject type, and the sector identifier of its mapper.
pub(super) fn of(client: &Client) -> (SubjectType, Option<&str>) {
    let mut mappers = client.protocol_mappers.iter().flatten();
    match mappers.find(|mapper| is_pairwise(mapper)) {
        Some(mapper) => {
            let sector = mapper.config.iter().find(|entry| entry.name == MAPPER_SECTOR);
            (SubjectType::Pairwise, sector.map(|entry| entry.value.as_str()))
        }
        None => (SubjectType::Public, None),
    }
}

fn is_pairwise(mapper: &ProtocolMapper) -> bool {
    mapper.mapper_type.ends_with(MAPPER_TYPE_SUFFIX)
}

fn sector_entry(sector_identifier: Option<&str>) -> Option<Attribute> {
    sector_identifier.map(|uri| Attribute { name: MAPPER_SECTOR.to_owned(), value: uri.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn attribute(name: &str, value: &str) -> Attribute {
        Attribute { name: name.to_owned(), value: value.to_owned() }
    }

    fn asking_for(subject_type: &str, sector: Option<&str>) -> Client {
        let mut attributes = vec![attribute(REQUESTED, subject_type)];
        attributes.extend(sector.map(|uri| attribute(SECTOR_IDENTIFIER, uri)));
        Client { attributes, ..Client::default() }
    }

    fn completed(mappers: Vec<ProtocolMapper>) -> Completed {
        Completed { client: Client { protocol_mappers: Some(mappers), ..Client::default() }, effects: Vec::new() }
    }

    fn pairwise_mapper(completed: &mut Completed) -> ProtocolMapper {
        match completed.effects.pop() {
            Some(Effect::AddProtocolMapper(mapper)) => mapper,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn reads_the_name_in_any_case() {
        for name in ["pairwise", "PAIRWISE", "Pairwise"] {
            assert_eq!(SubjectType::parse(name), Some(SubjectType::Pairwise));
        }
        assert_eq!(SubjectType::parse("Public"), Some(SubjectType::Public));
        for name in ["", "magic", " pairwise"] {
            assert_eq!(SubjectType::parse(name), None);
        }
    }

    #[test]
    fn pairwise_adds_a_mapper_that_policies_do_not_judge() {
        let mut proposed = asking_for("pairwise", Some("https://a.example/sector"));
        let requested = take_request(&mut proposed);
        assert_eq!(proposed.attributes, [attribute(SECTOR_IDENTIFIER, "https://a.example/sector")]);
        let mut completed = completed(Vec::new());
        apply(requested, &mut completed, "salt".to_owned());
        assert_eq!(completed.client.protocol_mappers, Some(Vec::new()));
        let mapper = pairwise_mapper(&mut completed);
        assert_eq!(mapper.name, "pairwise subject identifier");
        assert_eq!(mapper.mapper_type, "oidc-sha256-pairwise-sub-mapper");
        let expected =
            [attribute("pairwiseSubAlgorithmSalt", "salt"), attribute(MAPPER_SECTOR, "https://a.example/sector")];
        assert_eq!(mapper.config, expected);
    }

    #[test]
    fn a_mapper_that_is_there_keeps_its_salt_and_follows_the_sector() {
        let mut first = completed(Vec::new());
        apply(take_request(&mut asking_for("pairwise", Some("https://a.example/1"))), &mut first, "old".to_owned());
        let mapper = pairwise_mapper(&mut first);
        for sector in [Some("https://a.example/2"), None] {
            let mut second = completed(vec![mapper.clone()]);
            apply(take_request(&mut asking_for("pairwise", sector)), &mut second, "new".to_owned());
            assert!(second.effects.is_empty());
            assert_eq!(of(&second.client), (SubjectType::Pairwise, sector));
            let mappers = second.client.protocol_mappers.unwrap();
            assert_eq!(mappers[0].config[0], attribute("pairwiseSubAlgorithmSalt", "old"));
        }
    }

    #[test]
    fn public_removes_pairwise_mappers_only() {
        let mapper = |mapper_type: &str| ProtocolMapper { mapper_type: mapper_type.to_owned(), ..Default::default() };
        for mut proposed in [Client::default(), asking_for("public", None)] {
            let mut completed = completed(vec![mapper("oidc-sha256-pairwise-sub-mapper"), mapper("oidc-other-mapper")]);
            apply(take_request(&mut proposed), &mut completed, "salt".to_owned());
            assert_eq!(completed.client.protocol_mappers, Some(vec![mapper("oidc-other-mapper")]));
            assert_eq!(of(&completed.client), (SubjectType::Public, None));
        }
    }
}
