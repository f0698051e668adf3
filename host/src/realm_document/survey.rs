//! The first walk through a realm's document: everything but the clients and their roles, whose places are noted.

use std::collections::BTreeMap;
use std::io::Read;

use anyhow::Context;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::parts::{PolicyPart, RolePart, ScopePart};
use super::scan::Scanner;
use super::{UNUSED, is_elsewhere};
use crate::admin::realms::RealmRepresentation;
use crate::client_policies::documents::{Policies, Profiles};
use crate::policies::PROVIDER_TYPE;

/// What a document says beside its clients.
#[derive(Default)]
pub(crate) struct Survey {
    /// Name, id and settings.
    pub(super) realm: RealmRepresentation,
    /// Absent: a new realm gets the usual ones.
    pub(super) scopes: Option<Vec<ScopePart>>,
    /// Names of scopes that new clients get.
    pub(super) default_scopes: Vec<String>,
    /// Names of scopes that new clients get as optional ones.
    pub(super) optional_scopes: Vec<String>,
    /// Registration policies; absent: a new realm gets the usual ones.
    pub(super) policies: Option<Vec<PolicyPart>>,
    /// Client profiles.
    pub(super) profiles: Option<Profiles>,
    /// Client policies.
    pub(super) client_policies: Option<Policies>,
    /// Roles of the realm.
    pub(super) roles: Vec<RolePart>,
    /// The role that stands for all default roles.
    pub(super) default_role: Option<String>,
    /// Where the list of clients begins.
    pub(super) clients_at: Option<u64>,
    /// How many there are.
    pub(super) clients: u64,
    /// Where the roles of clients begin.
    pub(super) client_roles_at: Option<u64>,
    /// Members that are not empty and of no use here.
    pub(super) unused: Vec<String>,
}

/// Reads a document up to its end.
///
/// # Errors
/// When it is no realm's document, or a part other than the clients cannot be read.
pub(crate) fn read(input: impl Read) -> anyhow::Result<Survey> {
    let mut scanner = Scanner::new(input, 0);
    let mut survey = Survey::default();
    let mut settings = Map::new();
    let mut first = true;
    scanner.enter_object().context("a realm's document is one JSON object")?;
    while let Some(name) = scanner.next_member(first)? {
        first = false;
        member(&mut scanner, &mut survey, &mut settings, &name).with_context(|| format!("reading {name:?}"))?;
    }
    survey.realm = serde_json::from_value(Value::Object(settings)).context("reading the realm's settings")?;
    Ok(survey)
}

fn member<R: Read>(
    scanner: &mut Scanner<R>,
    survey: &mut Survey,
    settings: &mut Map<String, Value>,
    name: &str,
) -> anyhow::Result<()> {
    match name {
        "clients" => {
            if scanner.peek()? != b'[' {
                return scanner.skip();
            }
            survey.clients_at = Some(scanner.position());
            scanner.enter_list()?;
            while scanner.next_item(survey.clients == 0)? {
                scanner.skip()?;
                survey.clients += 1;
            }
        }
        "roles" => {
            if scanner.peek()? != b'{' {
                return scanner.skip();
            }
            scanner.enter_object()?;
            let mut first = true;
            while let Some(whose) = scanner.next_member(first)? {
                first = false;
                if whose == "client" && scanner.peek()? == b'{' {
                    survey.client_roles_at = Some(scanner.position());
                    scanner.skip()?;
                } else if whose == "realm" {
                    survey.roles = value(scanner)?.unwrap_or_default();
                } else {
                    scanner.skip()?;
                }
            }
        }
        "defaultRole" => survey.default_role = value::<RolePart, R>(scanner)?.and_then(|role| role.name),
        "clientScopes" => survey.scopes = value(scanner)?,
        "defaultDefaultClientScopes" => survey.default_scopes = value(scanner)?.unwrap_or_default(),
        "defaultOptionalClientScopes" => survey.optional_scopes = value(scanner)?.unwrap_or_default(),
        "components" => {
            let components: Option<BTreeMap<String, Value>> = value(scanner)?;
            if let Some(mut components) = components {
                let policies = components.remove(PROVIDER_TYPE).unwrap_or_else(|| Value::Array(Vec::new()));
                survey.policies = Some(serde_json::from_value(policies)?);
                survey.unused.extend(components.into_keys().map(|kind| format!("components.{kind}")));
            }
        }
        "clientProfiles" => survey.profiles = value(scanner)?,
        "clientPolicies" => survey.client_policies = value(scanner)?,
        _ if UNUSED.contains(&name) => {
            let before = scanner.peek().map(|_| scanner.position())?;
            scanner.skip()?;
            // `[]`, `{}` and `null` say nothing.
            if scanner.position() - before > 4 {
                survey.unused.push(name.to_owned());
            }
        }
        _ if is_elsewhere(name) => scanner.skip()?,
        _ => {
            let value: Option<Value> = value(scanner)?;
            settings.extend(value.map(|value| (name.to_owned(), value)));
        }
    }
    Ok(())
}

/// A value of this form, or `null`.
fn value<T: DeserializeOwned, R: Read>(scanner: &mut Scanner<R>) -> anyhow::Result<Option<T>> {
    let mut text = Vec::new();
    scanner.value(&mut text)?;
    Ok(serde_json::from_slice(&text)?)
}
