//! Protocol mappers of a client: one of each name and protocol.

use std::collections::{HashMap, HashSet};

use super::attributes;
use crate::contract::matricula::registration::client::ProtocolMapper;
use crate::contract::matricula::registration::decision::Violation;
use crate::violation::about;

/// What is wrong with the mappers that were sent; Keycloak answers 500 or `Client Identifier in use` (deviations 1, 16).
pub(super) fn check(mappers: &[ProtocolMapper], member: &str) -> Option<Violation> {
    let mut seen = HashSet::new();
    mappers.iter().find_map(|mapper| {
        let problem = if mapper.mapper_type.is_empty() {
            format!("mapper {} needs a protocolMapper", mapper.name)
        } else if !seen.insert((&mapper.protocol, &mapper.name)) {
            format!("there are two mappers with the name {}", mapper.name)
        } else {
            return None;
        };
        Some(about("protocol-mappers", &mapper.mapper_type, format!("{member}: {problem}")))
    })
}

/// The mappers of a new client. Those for the id token that say nothing of the user info serve it as well or as
/// little (Keycloak: `MigrationUtils`).
pub(super) fn created(mut mappers: Vec<ProtocolMapper>) -> Vec<ProtocolMapper> {
    const USER_INFO: &str = "userinfo.token.claim";
    for mapper in &mut mappers {
        if let Some(value) = attributes::get(&mapper.config, "id.token.claim").map(str::to_owned) {
            attributes::default(&mut mapper.config, USER_INFO, &value);
        }
    }
    mappers
}

/// The mappers of an update: all of them, those of a stored name and protocol under the stored id.
pub(super) fn updated(mut mappers: Vec<ProtocolMapper>, stored: Vec<ProtocolMapper>) -> Vec<ProtocolMapper> {
    let ids: HashMap<(String, String), Option<String>> =
        stored.into_iter().map(|mapper| ((mapper.protocol, mapper.name), mapper.id)).collect();
    for mapper in &mut mappers {
        if let Some(id) = ids.get(&(mapper.protocol.clone(), mapper.name.clone())) {
            mapper.id.clone_from(id);
        }
    }
    mappers
}
