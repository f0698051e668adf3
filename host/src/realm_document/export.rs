//! `matricula realm export`: from a realm to a document that `realm import` and Keycloak read. Clients are written page by
//! page; what changes meanwhile is in it or not.

use std::io::{BufWriter, Write};
use std::sync::Arc;

use anyhow::Context;
use matricula_contract::Registration;
use matricula_realms::{Realm, defaults};
use matricula_store::policies::PolicyRow;
use matricula_store::realm_settings::{ClientIdMetadataDocuments, Gate};
use matricula_store::roles::RoleRow;
use matricula_store::scopes::Assigned;
use matricula_store::{clients, policies, roles, scopes};
use matricula_system::private_file::PrivateFile;
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::client::registration;
use super::offline::Offline;
use super::parts::{self, Composites, PolicyPart, RolePart, ScopePart};
use super::targets;
use crate::admin::realms::{EXPORT_MARK, RealmRepresentation, TARGETS};
use crate::client_documents::settings::CLIENT_ID_METADATA_DOCUMENTS;
use crate::config::Export;
use crate::front_door::settings::AUTHORIZATION_SERVER;
use crate::gate::settings::GATE;
use crate::policies::{PROVIDER_TYPE, settings};

/// Rows that are read at a time.
const PAGE: i64 = 500;

/// Runs the command.
///
/// # Errors
/// With what was being done, for the operator.
pub(crate) async fn run(options: Export) -> anyhow::Result<()> {
    let offline = Offline::open(&options.offline).await?;
    let realm = offline.realm(&options.name).await?.with_context(|| format!("there is no realm {}", options.name))?;
    let Some(file) = &options.file else {
        return write(&offline, &realm, std::io::stdout().lock()).await;
    };
    // Secrets are in it.
    let mut output = PrivateFile::create(file).with_context(|| format!("making {}", file.display()))?;
    write(&offline, &realm, &mut output).await.with_context(|| format!("writing {}", file.display()))?;
    output.take_place().with_context(|| format!("writing {}", file.display()))
}

async fn write(offline: &Offline, realm: &Arc<Realm>, output: impl Write) -> anyhow::Result<()> {
    let mut document = Members::begin(BufWriter::with_capacity(1 << 20, output))?;
    let mut settings = match json!(RealmRepresentation::of(realm, true)) {
        Value::Object(settings) => settings,
        _ => Map::new(),
    };
    // Who reads the file can tell that what it says of clients was said by this server.
    settings["attributes"][EXPORT_MARK] = env!("CARGO_PKG_VERSION").into();
    if let Some(targets) = targets::export(offline, &realm.id).await.context("reading targets")? {
        settings["attributes"][TARGETS] = targets.into();
    }
    let client_policies: Vec<Option<Value>> =
        ["clientProfiles", "clientPolicies"].iter().map(|name| settings.remove(*name)).collect();
    // Keycloak refuses members that it does not know: these are some only where they say something.
    let ours = json!({
        AUTHORIZATION_SERVER: Value::Null,
        GATE: Gate::default(),
        CLIENT_ID_METADATA_DOCUMENTS: ClientIdMetadataDocuments::default(),
    });
    for (name, value) in settings.iter().filter(|(name, value)| ours.get(name.as_str()) != Some(*value)) {
        document.member(name, value)?;
    }
    write_roles(offline, realm, &mut document).await?;
    let scopes = scopes::list(&offline.store.database, &realm.id).await.context("reading client scopes")?;
    let scopes: Vec<ScopePart> = scopes.iter().map(ScopePart::from).collect();
    document.member("clientScopes", &scopes)?;
    for (name, wanted) in
        [("defaultDefaultClientScopes", Assigned::Default), ("defaultOptionalClientScopes", Assigned::Optional)]
    {
        let names = realm.scopes.iter().filter(|scope| scope.assigned == wanted).map(|scope| &scope.name);
        document.member(name, &names.collect::<Vec<_>>())?;
    }
    write_clients(offline, realm, &mut document).await?;
    let policies = policies::list(&offline.store.database, &realm.id).await.context("reading policies")?;
    let components = offline.wasm.current();
    let shown = |row: &PolicyRow| {
        let provider = components.policy_provider(&row.policy.provider_id);
        let properties = provider.map(|provider| provider.description.properties.as_slice());
        PolicyPart { config: parts::config(&settings::shown(&row.policy.config, properties)), ..PolicyPart::from(row) }
    };
    let policies: Vec<PolicyPart> = policies.iter().map(shown).collect();
    document.member("components", &json!({ PROVIDER_TYPE: policies }))?;
    for (name, value) in ["clientProfiles", "clientPolicies"].iter().zip(client_policies) {
        document.member(name, &value)?;
    }
    document.end()
}

async fn write_clients(
    offline: &Offline,
    realm: &Arc<Realm>,
    document: &mut Members<impl Write>,
) -> anyhow::Result<()> {
    let provider = offline.provider(realm)?;
    document.name("clients")?;
    document.output.write_all(b"[")?;
    let mut last = String::new();
    let mut first = true;
    loop {
        let page = clients::behind(&offline.store.database, &realm.id, &last, PAGE).await.context("reading clients")?;
        let Some(behind) = page.last() else { break };
        last = behind.client_id().to_owned();
        for row in &page {
            let registration = Registration { resource_server: row.resource_server, ..registration() };
            let rendered = provider.render(&row.shown(), &registration).await?;
            document.output.write_all(if first { &b""[..] } else { b",\n" })?;
            document.output.write_all(&rendered.body)?;
            first = false;
        }
    }
    document.output.write_all(b"]")?;
    Ok(())
}

/// The roles of the realm, and those of clients by `clientId`. Default roles are what one role contains.
async fn write_roles(offline: &Offline, realm: &Arc<Realm>, document: &mut Members<impl Write>) -> anyhow::Result<()> {
    let default_role = defaults::default_roles(&realm.name);
    let mut of_realm = Vec::new();
    let mut defaults = Composites::default();
    let mut pages = Roles::new(offline, realm);
    while let Some(page) = pages.next().await? {
        for (role, client_id) in page {
            if role.is_default && role.name != default_role {
                let names = if role.client.is_empty() {
                    &mut defaults.realm
                } else {
                    defaults.client.entry(client_id).or_default()
                };
                names.push(role.name.clone());
            }
            if role.client.is_empty() {
                of_realm.push(RolePart::of(&role, &realm.id));
            }
        }
    }
    if let Some(role) = of_realm.iter_mut().find(|role| role.name.as_ref() == Some(&default_role)) {
        role.composite = true;
        role.composites = Some(defaults);
        document.member("defaultRole", &json!({ "name": default_role, "composite": true, "clientRole": false }))?;
    }
    document.name("roles")?;
    let mut members = Members::begin(&mut document.output)?;
    members.member("realm", &of_realm)?;
    members.name("client")?;
    let mut of_clients = Members::begin(&mut *members.output)?;
    let mut pages = Roles::new(offline, realm);
    let mut of_client: (String, Vec<RolePart>) = (String::new(), Vec::new());
    while let Some(page) = pages.next().await? {
        // A role without a client is of the realm, or left of a client that is gone.
        for (role, client_id) in page.into_iter().filter(|(_, client_id)| !client_id.is_empty()) {
            if of_client.0 != client_id {
                of_clients.list(&of_client.0, &of_client.1)?;
                of_client = (client_id, Vec::new());
            }
            of_client.1.push(RolePart::of(&role, &role.client));
        }
    }
    of_clients.list(&of_client.0, &of_client.1)?;
    of_clients.close()?;
    members.close()
}

/// Pages of roles.
struct Roles<'a> {
    offline: &'a Offline,
    realm: &'a Realm,
    /// Client and name of the last one.
    last: (String, String),
}

impl Roles<'_> {
    fn new<'a>(offline: &'a Offline, realm: &'a Realm) -> Roles<'a> {
        Roles { offline, realm, last: (String::new(), String::new()) }
    }

    async fn next(&mut self) -> anyhow::Result<Option<Vec<(RoleRow, String)>>> {
        let last = (self.last.0.as_str(), self.last.1.as_str());
        let page = roles::behind(&self.offline.store.database, &self.realm.id, last, PAGE).await;
        let page = page.context("reading roles")?;
        let Some((role, _)) = page.last() else { return Ok(None) };
        self.last = (role.client.clone(), role.name.clone());
        Ok(Some(page))
    }
}

/// An object that is written member by member.
struct Members<W> {
    output: W,
    first: bool,
}

impl<W: Write> Members<W> {
    fn begin(mut output: W) -> anyhow::Result<Members<W>> {
        output.write_all(b"{")?;
        Ok(Members { output, first: true })
    }

    /// The name of a member, whose value follows.
    fn name(&mut self, name: &str) -> anyhow::Result<()> {
        self.output.write_all(if self.first { &b"\n"[..] } else { b",\n" })?;
        self.first = false;
        serde_json::to_writer(&mut self.output, name)?;
        self.output.write_all(b": ")?;
        Ok(())
    }

    fn member(&mut self, name: &str, value: &impl Serialize) -> anyhow::Result<()> {
        self.name(name)?;
        serde_json::to_writer(&mut self.output, value)?;
        Ok(())
    }

    /// A member that is left out when it is empty.
    fn list(&mut self, name: &str, values: &[impl Serialize]) -> anyhow::Result<()> {
        if values.is_empty() { Ok(()) } else { self.member(name, &values) }
    }

    /// The end of an object within another.
    fn close(mut self) -> anyhow::Result<()> {
        self.output.write_all(b"}")?;
        Ok(())
    }

    /// The end of the document.
    fn end(mut self) -> anyhow::Result<()> {
        self.output.write_all(b"\n}\n")?;
        self.output.flush()?;
        Ok(())
    }
}
