//! The first walk through a realm's document: everything but the clients and their roles, whose places are noted.

use std::io::Read;

use anyhow::{Context, bail};
use matricula_store::client_policy_documents::{Policies, Profiles};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

use super::parts::{PolicyPart, RolePart, ScopePart};
use super::report::{Note, Outcome, Told};
use super::scan::Scanner;
use super::{UNUSED, VERSION, is_elsewhere, stand_in};
use crate::admin::realms::RealmRepresentation;
use crate::policies::PROVIDER_TYPE;

/// Entries of a list with their places in it: those that can be read.
pub(super) type Entries<T> = Vec<(u64, T)>;

/// What a document says beside its clients.
#[derive(Default)]
pub(crate) struct Survey {
    /// Name, id and settings.
    pub(super) realm: RealmRepresentation,
    /// The version of Keycloak that wrote it.
    pub(super) version: Option<String>,
    /// Absent: a new realm gets the usual ones.
    pub(super) scopes: Option<Entries<ScopePart>>,
    /// Names of scopes that new clients get.
    pub(super) default_scopes: Vec<String>,
    /// Names of scopes that new clients get as optional ones.
    pub(super) optional_scopes: Vec<String>,
    /// Registration policies; absent or none: a new realm gets the usual ones, which keep anonymous callers out.
    pub(super) policies: Option<Entries<PolicyPart>>,
    /// Client profiles.
    pub(super) profiles: Option<Profiles>,
    /// Client policies.
    pub(super) client_policies: Option<Policies>,
    /// Roles of the realm.
    pub(super) roles: Entries<RolePart>,
    /// The role that stands for all default roles.
    pub(super) default_role: Option<String>,
    /// Default roles of the realm as versions below 13 name them.
    pub(super) default_roles: Vec<String>,
    /// Where the list of clients begins.
    pub(super) clients_at: Option<u64>,
    /// How many there are.
    pub(super) clients: u64,
    /// Where the roles of clients begin.
    pub(super) client_roles_at: Option<u64>,
    /// What was left out or cannot be read.
    pub(super) told: Vec<Told>,
}

/// Reads a document up to its end; it begins at `position` of the file. A member that cannot be read is told and left out.
///
/// # Errors
/// When it is no realm's document.
pub(crate) fn read(input: impl Read, position: u64) -> anyhow::Result<Survey> {
    let mut scanner = Scanner::new(input, position);
    let mut survey = Survey::default();
    let mut settings = Map::new();
    let mut first = true;
    // An export of all realms of a server is a list.
    let listed = scanner.peek()? == b'[';
    if listed {
        scanner.enter_list()?;
    }
    scanner.enter_object().context("a realm's document is one JSON object")?;
    while let Some(name) = scanner.next_member(first)? {
        first = false;
        member(&mut scanner, &mut survey, &mut settings, &name).with_context(|| format!("reading {name:?}"))?;
    }
    if listed && scanner.next_item(false)? {
        bail!("the document has several realms: make a file of each");
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
    let told = &mut survey.told;
    match name {
        "clients" => {
            (survey.clients_at, survey.clients) = (None, 0);
            if scanner.peek()? != b'[' {
                return no_list(scanner, told, name);
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
                    survey.roles = list(scanner, told, "roles.realm")?.unwrap_or_default();
                } else {
                    scanner.skip()?;
                }
            }
        }
        "defaultRole" => survey.default_role = part::<RolePart, R>(scanner, told, name)?.and_then(|role| role.name),
        "defaultRoles" => survey.default_roles = texts(scanner, told, name)?,
        "clientScopes" => survey.scopes = list(scanner, told, name)?,
        "defaultDefaultClientScopes" => survey.default_scopes = texts(scanner, told, name)?,
        "defaultOptionalClientScopes" => survey.optional_scopes = texts(scanner, told, name)?,
        "components" => {
            if scanner.peek()? != b'{' {
                return scanner.skip();
            }
            scanner.enter_object()?;
            let mut first = true;
            while let Some(kind) = scanner.next_member(first)? {
                first = false;
                if kind == PROVIDER_TYPE {
                    let policies = list(scanner, told, "components.ClientRegistrationPolicy")?;
                    survey.policies = policies.filter(|policies: &Entries<_>| !policies.is_empty());
                } else {
                    unused(scanner, told, format!("components.{kind}"))?;
                }
            }
        }
        "clientProfiles" => survey.profiles = part(scanner, told, name)?,
        "clientPolicies" => survey.client_policies = part(scanner, told, name)?,
        VERSION => survey.version = part(scanner, told, name)?,
        _ if UNUSED.contains(&name) => unused(scanner, told, name.to_owned())?,
        _ if is_elsewhere(name) => scanner.skip()?,
        _ => {
            let mut value: Value = value(scanner)?;
            let mut notes = Vec::new();
            stand_in::clean(&mut value, name, &mut notes);
            told.extend(notes.into_iter().map(|note| of_entry("realm", None, note)));
            if value.is_null() {
                return Ok(());
            }
            // Each by itself, so that one loses nothing but itself.
            match serde_json::from_value::<RealmRepresentation>(json!({ name: &value })) {
                Ok(_) => drop(settings.insert(name.to_owned(), value)),
                Err(error) => told.push(refused("realm", None, Some(name), error.to_string())),
            }
        }
    }
    Ok(())
}

/// Passes a member that this server does not read, and says so unless it is empty.
fn unused<R: Read>(scanner: &mut Scanner<R>, told: &mut Vec<Told>, member: String) -> anyhow::Result<()> {
    let before = scanner.peek().map(|_| scanner.position())?;
    scanner.skip()?;
    // `[]`, `{}` and `null` say nothing.
    if scanner.position() - before > 4 {
        let reason = "this server has no use for it".to_owned();
        let note = Note { outcome: Outcome::NotRead, field: None, reason };
        told.push(of_entry(&member, None, note));
    }
    Ok(())
}

/// Passes a member that should be a list, and says so unless it is `null`.
fn no_list<R: Read>(scanner: &mut Scanner<R>, told: &mut Vec<Told>, member: &str) -> anyhow::Result<()> {
    if !value::<Value, R>(scanner)?.is_null() {
        told.push(refused(member, None, None, "it should be a list".to_owned()));
    }
    Ok(())
}

/// The entries of a list; none when it is `null`, or no list.
fn list<T: DeserializeOwned, R: Read>(
    scanner: &mut Scanner<R>,
    told: &mut Vec<Told>,
    member: &str,
) -> anyhow::Result<Option<Entries<T>>> {
    if scanner.peek()? != b'[' {
        return no_list(scanner, told, member).map(|()| None);
    }
    scanner.enter_list()?;
    let (mut entries, mut index) = (Vec::new(), 0);
    while scanner.next_item(index == 0)? {
        if let Some(entry) = read_part(scanner, told, member, Some(index))? {
            entries.push((index, entry));
        }
        index += 1;
    }
    Ok(Some(entries))
}

/// Names; what is none is told.
fn texts<R: Read>(scanner: &mut Scanner<R>, told: &mut Vec<Told>, member: &str) -> anyhow::Result<Vec<String>> {
    Ok(list(scanner, told, member)?.into_iter().flatten().map(|(_, text)| text).collect())
}

fn part<T: DeserializeOwned, R: Read>(
    scanner: &mut Scanner<R>,
    told: &mut Vec<Told>,
    member: &str,
) -> anyhow::Result<Option<T>> {
    read_part(scanner, told, member, None)
}

/// A part of this form. One that cannot be read is told, `null` is not.
fn read_part<T: DeserializeOwned, R: Read>(
    scanner: &mut Scanner<R>,
    told: &mut Vec<Told>,
    member: &str,
    index: Option<u64>,
) -> anyhow::Result<Option<T>> {
    let mut value: Value = value(scanner)?;
    if value.is_null() {
        return Ok(None);
    }
    let name = value.get("name").and_then(Value::as_str).unwrap_or_default().to_owned();
    let mut notes = Vec::new();
    stand_in::clean(&mut value, "", &mut notes);
    let read = serde_json::from_value(value);
    if let Err(error) = &read {
        notes.push(Note { outcome: Outcome::Refused, field: None, reason: error.to_string() });
    }
    told.extend(notes.into_iter().map(|note| Told { name: name.clone(), ..of_entry(member, index, note) }));
    Ok(read.ok())
}

fn refused(member: &str, index: Option<u64>, field: Option<&str>, reason: String) -> Told {
    of_entry(member, index, Note { outcome: Outcome::Refused, field: field.map(str::to_owned), reason })
}

fn of_entry(member: &str, index: Option<u64>, note: Note) -> Told {
    Told { member: member.to_owned(), index, name: String::new(), note }
}

/// A value of this form.
fn value<T: DeserializeOwned, R: Read>(scanner: &mut Scanner<R>) -> anyhow::Result<T> {
    let mut text = Vec::new();
    scanner.value(&mut text)?;
    Ok(serde_json::from_slice(&text)?)
}
