//! `matricula realm import`: from a document to a realm.
//!
//! Nothing that is there is changed: an entry is stored, or it is there already with the same content, or it is told why
//! it is not. So a load that was cut short is run again, and goes on.

use std::collections::{HashMap, HashSet, VecDeque};
use std::fs::File;
use std::sync::Arc;
use std::time::Instant;

use anyhow::{Context, anyhow, ensure};
use matricula_realms::defaults::{self, NewRealm};
use matricula_realms::{MASTER, Realm};
use matricula_store::bulk::{Bulk, Loaded};
use matricula_store::client_policy_documents::{Policies, Profiles};
use matricula_store::policies::{Policy, PolicyRow};
use matricula_store::realm_settings::Settings;
use matricula_store::roles::RoleRow;
use matricula_store::scopes::{Assigned, Scope, ScopeRow};
use matricula_store::{Write, client_policies, clients, policies, realms, roles, scopes, targets};
use matricula_system::{clock, ids};
use serde_json::Value;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use super::client::{self, Reader, Ready};
use super::migration::{self, Added};
use super::offline::Offline;
use super::parts::{PolicyPart, RolePart, ScopePart};
use super::report::{Entry, Outcome, Report};
use super::scan::Scanner;
use super::source::Source;
use super::survey::{self, Entries, Survey};
use crate::admin::policies::{check_host_keys, check_settings, knows};
use crate::admin::{client_policies as checks, realms as settings};
use crate::config::Import;
use crate::policies::configured;

/// Clients that are read as one piece of work.
const PIECE: usize = 128;
/// Pieces under work at most.
const PIECES: usize = 16;
/// Clients of one transaction.
const BATCH: usize = 8_192;
/// Roles of one transaction.
const ROLES: usize = 2_048;
/// Why a role without a name is not stored.
const NAMELESS: &str = "a role needs a name";

/// Runs the command.
///
/// # Errors
/// With what was being done, for the operator; also when an entry was not stored.
pub(crate) async fn run(options: Import) -> anyhow::Result<()> {
    let began = Instant::now();
    let source = Source::open(&options.file)?;
    let survey = survey::read(source.from(source.begin)?, source.begin)?;
    let offline = Offline::open(&options.offline).await?;
    let mut report = Report::new(options.report.as_deref(), began, survey.clients)?;
    for told in &survey.told {
        report.note(&Entry { member: &told.member, index: told.index, name: &told.name }, &told.note)?;
    }
    let (name, id, _) = survey.realm.identity();
    let name = options.realm.as_deref().or(name).context("the document names no realm; use --realm")?.to_owned();
    settings::check_name(&name).map_err(|reason| anyhow!("{reason}"))?;
    // Under another name it is another realm.
    let id = id.filter(|_| options.realm.is_none()).map(str::to_owned);
    let (clients_at, client_roles_at, total) = (survey.clients_at, survey.client_roles_at, survey.clients);
    let defaults = default_roles(&survey, &name);
    let of_this_server = survey.realm.is_export_of_this_server();
    let migrated = migrated(&survey);
    let of_file = survey.realm.targets().map(str::to_owned);
    let realm = store_realm(&offline, &mut report, survey, &name, id, &migrated).await?;
    if let Some(of_file) = of_file {
        super::targets::store(&offline, &mut report, &realm, &of_file).await?;
    }
    let mut bulk = Bulk::open(&options.offline.place.database_url()).await?;
    if let Some(at) = clients_at.filter(|_| total > 0) {
        let reader = Reader::new(offline.provider(&realm)?, of_this_server, migrated);
        (report, bulk) = load_clients(&offline, &realm, reader, source.from(at)?, at, (report, bulk)).await?;
    }
    if let Some(at) = client_roles_at {
        load_roles(&offline, &realm, source.from(at)?, at, &mut report, &mut bulk).await?;
    }
    complete(&offline, &realm, &defaults, &mut report).await?;
    bulk.finish().await.context("tidying up after the load")?;
    // A server that runs on this database, or starts on it, gives what was loaded to the realm's targets.
    let mut write = Write::default();
    targets::fill_all(&mut write, &realm.id);
    offline.store.writer.write(write).await.context("leaving the clients to the realm's targets")?;
    let lost = report.finish(&name)?;
    ensure!(lost == 0, "{lost} entries were not stored, see above");
    Ok(())
}

/// Default roles by the `clientId` of their clients; the empty one stands for the realm.
type DefaultRoles = HashMap<String, Vec<String>>;

/// What the role that stands for all default roles contains.
fn default_roles(survey: &Survey, realm: &str) -> DefaultRoles {
    let name = survey.default_role.clone().unwrap_or_else(|| defaults::default_roles(realm));
    let mut found = DefaultRoles::new();
    if !survey.default_roles.is_empty() {
        found.insert(String::new(), survey.default_roles.clone());
    }
    for (_, role) in survey.roles.iter().filter(|(_, role)| role.name.as_ref() == Some(&name)) {
        let Some(composites) = &role.composites else { continue };
        found.entry(String::new()).or_default().extend(composites.realm.iter().cloned());
        for (client_id, names) in &composites.client {
            found.entry(client_id.clone()).or_default().extend(names.iter().cloned());
        }
    }
    found
}

/// What the document's realm lacks because an old version has written it. A document without scopes lacks nothing: its
/// realm gets the usual ones.
fn migrated(survey: &Survey) -> Arc<[&'static Added]> {
    let Some(scopes) = &survey.scopes else { return Arc::default() };
    let has = |name: &str| scopes.iter().any(|(_, scope)| scope.name == name);
    migration::missing(survey.version.as_deref(), has)
}

/// Makes the realm, or adds to it what it does not have; clients and their roles follow later.
async fn store_realm(
    offline: &Offline,
    report: &mut Report,
    survey: Survey,
    name: &str,
    id: Option<String>,
    migrated: &[&'static Added],
) -> anyhow::Result<Arc<Realm>> {
    let there = offline.realm(name).await?;
    let mut write = Write::default();
    let NewRealm { mut realm, mut scopes, policies: there_or_usual } = match &there {
        Some(there) => {
            let database = &offline.store.database;
            let scopes = scopes::list(database, &there.id).await.context("reading client scopes")?;
            let policies = policies::list(database, &there.id).await.context("reading policies")?;
            NewRealm { realm: Realm::clone(there), scopes, policies }
        }
        None => {
            let id = id.filter(|id| !id.is_empty()).unwrap_or_else(ids::fresh);
            let scopes = if survey.scopes.is_some() { Vec::new() } else { defaults::scopes() };
            let policies = if survey.policies.is_some() { Vec::new() } else { defaults::policies(&id) };
            let enabled = survey.realm.identity().2.unwrap_or(false);
            NewRealm::holding((id, name.to_owned(), enabled), Settings::default(), scopes, policies)
        }
    };
    let enabled = survey.realm.identity().2.unwrap_or(realm.enabled);
    let before = realm.settings.to_json();
    let mut changed = Settings::clone(&realm.settings);
    let of_realm = Entry { member: "realm", index: None, name };
    if let Err((member, reason)) = survey.realm.apply(&mut changed) {
        report.tell(Outcome::Refused, &of_realm, Some(member), &reason)?;
    }
    for (attribute, reason) in settings::unreadable(&changed) {
        changed.attributes.remove(attribute);
        report.tell(Outcome::Refused, &of_realm, Some(&format!("attributes.{attribute}")), &reason)?;
    }
    realm.settings = Arc::new(changed);
    if there.is_some() {
        if before != realm.settings.to_json() || enabled != realm.enabled {
            report.tell(Outcome::Conflict, &of_realm, None, "it is there with other settings, which stay")?;
        }
    } else {
        let master = offline.realm(MASTER).await?;
        let master = master.context("the database has no realm master: start the server on it once")?;
        realms::insert(&mut write, &realm.new_row(), clock::now());
        let in_master = defaults::client_in_master(name);
        if clients::ids(&offline.store.database, &master.id, &[&in_master]).await?.is_empty() {
            defaults::store_in_master(&mut write, &realm, &master.id)?;
        }
        scopes.iter().for_each(|scope| scopes::insert(&mut write, &realm.id, scope));
        for (place, policy) in (0..).zip(&there_or_usual) {
            policies::insert(&mut write, &realm.id, policy, clock::now_us() + place);
        }
    }
    let named = (survey.default_scopes.as_slice(), survey.optional_scopes.as_slice());
    store_scopes(&mut write, report, &realm.id, &mut scopes, survey.scopes.unwrap_or_default(), named)?;
    for added in migrated {
        if scopes.iter().all(|scope| scope.name != added.name()) {
            println!("added: client scope {:?}, which later versions have", added.name());
            let scope = added.row();
            scopes::insert(&mut write, &realm.id, &scope);
            scopes.push(scope);
        }
    }
    realm.scopes = scopes.iter().map(Scope::from).collect();
    let realm = Arc::new(realm);
    let parts = survey.policies.unwrap_or_default();
    store_policies(offline, &mut write, report, &realm, &there_or_usual, parts).await?;
    store_client_policies(offline, &mut write, report, &realm, survey.profiles, survey.client_policies).await?;
    store_roles(&mut write, report, &realm, survey.roles, survey.default_role)?;
    offline.store.writer.write(write).await.with_context(|| format!("storing realm {name}"))?;
    offline.realms.changed(name);
    offline.realm(name).await?.with_context(|| format!("realm {name} is gone"))
}

fn store_scopes(
    write: &mut Write,
    report: &mut Report,
    realm_id: &str,
    there: &mut Vec<ScopeRow>,
    parts: Entries<ScopePart>,
    (default, optional): (&[String], &[String]),
) -> anyhow::Result<()> {
    for (index, part) in parts {
        let assigned = match &part.name {
            name if default.contains(name) => Assigned::Default,
            name if optional.contains(name) => Assigned::Optional,
            _ => Assigned::None,
        };
        let named = part.id.clone();
        let scope = part.row(assigned);
        let entry = Entry { member: "clientScopes", index: Some(index), name: &scope.name };
        if scope.name.is_empty() || !matches!(scope.protocol.as_str(), "openid-connect" | "saml") {
            let reason = "a name, and openid-connect or saml as protocol, are needed";
            report.tell(Outcome::Refused, &entry, Some("protocol"), reason)?;
            continue;
        }
        let same = |other: &ScopeRow| {
            let what = |scope: &ScopeRow| (scope.protocol.clone(), scope.assigned, scope.attributes.clone());
            what(other) == what(&scope) && named.as_ref().is_none_or(|id| *id == other.id)
        };
        match there.iter().find(|other| other.name == scope.name || other.id == scope.id) {
            Some(other) if other.name == scope.name && same(other) => {}
            Some(_) => report.tell(Outcome::Conflict, &entry, None, "it is there with other content, which stays")?,
            None => {
                scopes::insert(write, realm_id, &scope);
                there.push(scope);
            }
        }
    }
    Ok(())
}

async fn store_policies(
    offline: &Offline,
    write: &mut Write,
    report: &mut Report,
    realm: &Arc<Realm>,
    there: &[PolicyRow],
    parts: Entries<PolicyPart>,
) -> anyhow::Result<()> {
    let first = clock::now_us();
    let mut taken: HashSet<String> = there.iter().map(|row| row.id.clone()).collect();
    for (place, (index, part)) in (0..).zip(parts) {
        let named = part.id.is_some();
        let mut row = part.row(&realm.id);
        let name = row.policy.name.clone().unwrap_or_default();
        let entry = Entry { member: "components.ClientRegistrationPolicy", index: Some(index), name: &name };
        if let Err((field, reason)) = check_policy(offline, realm, &mut row.policy).await? {
            report.tell(Outcome::Refused, &entry, Some(field), &reason)?;
            continue;
        }
        let is_this = |other: &PolicyRow| (other.id == row.id || !named) && other.policy == row.policy;
        if there.iter().any(is_this) {
            continue;
        }
        if !taken.insert(row.id.clone()) {
            report.tell(Outcome::Conflict, &entry, None, "it is there with other content, which stays")?;
            continue;
        }
        policies::insert(write, &realm.id, &row, first + place);
    }
    Ok(())
}

/// Whether the policy can be one of this realm: the member at fault, and why not.
async fn check_policy(
    offline: &Offline,
    realm: &Arc<Realm>,
    policy: &mut Policy,
) -> anyhow::Result<Result<(), (&'static str, String)>> {
    if !matches!(policy.sub_type.as_str(), "anonymous" | "authenticated") {
        return Ok(Err(("subType", "it should be 'anonymous' or 'authenticated'".to_owned())));
    }
    let components = offline.wasm.current();
    let Some(provider) = components.policy_provider(&policy.provider_id) else {
        return Ok(Err(("providerId", format!("no component offers {:?}", policy.provider_id))));
    };
    let call = Offline::call(realm);
    let sent = &policy.config;
    if let Err(reason) = check_settings(&offline.wasm, &call, provider, sent, sent).await? {
        return Ok(Err(("config", reason)));
    }
    policy.config.retain(|name, _| knows(provider, name));
    if let Err(reason) = check_host_keys(policy) {
        return Ok(Err(("config", reason.to_owned())));
    }
    let checked = provider.check_config(&offline.wasm.instances, call, &configured(policy)).await?;
    Ok(checked.map_err(|errors| {
        ("config", errors.into_iter().next().map_or_else(|| "it is not valid".to_owned(), |error| error.message))
    }))
}

async fn store_client_policies(
    offline: &Offline,
    write: &mut Write,
    report: &mut Report,
    realm: &Arc<Realm>,
    profiles: Option<Profiles>,
    policies: Option<Policies>,
) -> anyhow::Result<()> {
    let call = Offline::call(realm);
    let stay = "others are there, which stay";
    let there =
        client_policies::by_realm(&offline.store.database, &realm.id).await.context("reading client policies")?;
    let mut row = there.clone();
    if let Some(mut document) = profiles {
        document.global_profiles = None;
        let entry = Entry { member: "clientProfiles", index: None, name: &realm.name };
        let same = document == there.profiles;
        if !same && !there.profiles.profiles.is_empty() {
            report.tell(Outcome::Conflict, &entry, None, stay)?;
        } else if !same {
            match checks::check_profiles(&offline.wasm, &call, &document).await {
                Ok(()) => row.profiles = document,
                Err(refused) => report.tell(Outcome::Refused, &entry, None, &refused.reason())?,
            }
        }
    }
    if let Some(mut document) = policies {
        document.global_policies = None;
        let entry = Entry { member: "clientPolicies", index: None, name: &realm.name };
        let same = document == there.policies;
        if !same && !there.policies.policies.is_empty() {
            report.tell(Outcome::Conflict, &entry, None, stay)?;
        } else if !same {
            match checks::check_policies(&offline.wasm, &call, &row.profiles, &document).await {
                Ok(()) => row.policies = document,
                Err(refused) => report.tell(Outcome::Refused, &entry, None, &refused.reason())?,
            }
        }
    }
    if row.profiles != there.profiles || row.policies != there.policies {
        client_policies::store(write, &realm.id, &row);
    }
    Ok(())
}

/// Roles of the realm itself. Those that are there stay.
fn store_roles(
    write: &mut Write,
    report: &mut Report,
    realm: &Realm,
    parts: Entries<RolePart>,
    default_role: Option<String>,
) -> anyhow::Result<()> {
    for (index, part) in parts {
        let Some(mut role) = part.row("") else {
            let entry = Entry { member: "roles.realm", index: Some(index), name: "" };
            report.tell(Outcome::Refused, &entry, Some("name"), NAMELESS)?;
            continue;
        };
        if Some(&role.name) == default_role.as_ref() {
            // Its name follows that of the realm.
            role.name = defaults::default_roles(&realm.name);
            role.is_default = true;
        }
        roles::insert_missing(write, &realm.id, &role);
    }
    Ok(())
}

/// Loads the clients: one thread walks through the file, as many as there are processors read clients, one stores them.
async fn load_clients(
    offline: &Offline,
    realm: &Arc<Realm>,
    reader: Reader,
    file: File,
    at: u64,
    (report, bulk): (Report, Bulk),
) -> anyhow::Result<(Report, Bulk)> {
    let (pieces, mut found) = mpsc::channel(PIECES);
    let walk = tokio::task::spawn_blocking(move || walk(file, at, &pieces));
    let (ready, batches) = mpsc::channel(1);
    let loader = Loader {
        database: offline.store.database.clone(),
        realm_id: realm.id.clone(),
        reader: reader.clone(),
        report,
        bulk,
    };
    let storing = tokio::spawn(loader.run(batches));
    let mut working: VecDeque<JoinHandle<anyhow::Result<Vec<client::Read>>>> = VecDeque::with_capacity(PIECES);
    let mut batch = Vec::with_capacity(BATCH);
    loop {
        while working.len() < PIECES {
            let Some(piece) = found.recv().await else { break };
            working.push_back(tokio::spawn(read_piece(reader.clone(), piece)));
        }
        let Some(first) = working.pop_front() else { break };
        batch.extend(first.await.context("reading clients")??);
        // The storing task has ended only if it failed: it says why below.
        if batch.len() >= BATCH && ready.send(std::mem::take(&mut batch)).await.is_err() {
            break;
        }
    }
    let _ = ready.send(batch).await;
    drop((ready, found));
    let stored = storing.await.context("storing clients")??;
    walk.await.context("reading the file")??;
    Ok(stored)
}

/// A client in the file: its place and its text.
type Found = (u64, Vec<u8>);

/// Finds the clients in the file.
fn walk(file: File, at: u64, pieces: &mpsc::Sender<Vec<Found>>) -> anyhow::Result<()> {
    let mut scanner = Scanner::new(file, at);
    scanner.enter_list()?;
    let mut piece = Vec::with_capacity(PIECE);
    let mut index = 0;
    while scanner.next_item(index == 0)? {
        let mut text = Vec::with_capacity(2048);
        scanner.value(&mut text).with_context(|| format!("reading clients[{index}]"))?;
        piece.push((index, text));
        index += 1;
        if piece.len() == PIECE && pieces.blocking_send(std::mem::take(&mut piece)).is_err() {
            return Ok(());
        }
    }
    // Nobody takes it only if storing failed, which is told there.
    let _ = pieces.blocking_send(piece);
    Ok(())
}

async fn read_piece(reader: Reader, piece: Vec<Found>) -> anyhow::Result<Vec<client::Read>> {
    let mut done = Vec::with_capacity(piece.len());
    for (index, text) in piece {
        done.push(reader.read(index, text).await?);
    }
    Ok(done)
}

/// Stores batches of clients.
struct Loader {
    database: matricula_store::Database,
    realm_id: String,
    reader: Reader,
    report: Report,
    bulk: Bulk,
}

impl Loader {
    async fn run(mut self, mut batches: mpsc::Receiver<Vec<client::Read>>) -> anyhow::Result<(Report, Bulk)> {
        while let Some(batch) = batches.recv().await {
            self.store(batch).await?;
            self.report.draw();
        }
        Ok((self.report, self.bulk))
    }

    async fn store(&mut self, batch: Vec<client::Read>) -> anyhow::Result<()> {
        let mut ready: Vec<(u64, Ready)> = Vec::with_capacity(batch.len());
        for client::Read { index, notes, result } in batch {
            let name = match &result {
                Ok(client) => client.loaded.client_id(),
                Err(refused) => &refused.client_id,
            };
            let entry = Entry { member: "clients", index: Some(index), name };
            for note in &notes {
                self.report.note(&entry, note)?;
            }
            match result {
                Ok(client) => ready.push((index, *client)),
                Err(refused) => {
                    let entry = Entry { member: "clients", index: Some(index), name: &refused.client_id };
                    // One entry, however much is wrong with it.
                    let (fields, reasons): (Vec<_>, Vec<_>) = refused.reasons.into_iter().unzip();
                    let fields: Vec<String> = fields.into_iter().flatten().collect();
                    let field = (!fields.is_empty()).then(|| fields.join(", "));
                    self.report.tell(Outcome::Refused, &entry, field.as_deref(), &reasons.join("; "))?;
                }
            }
        }
        let loaded: Vec<&Loaded> = ready.iter().map(|(_, client)| &client.loaded).collect();
        let taken = self.bulk.add(&self.realm_id, &loaded).await.context("storing clients")?;
        self.report.stored += (ready.len() - taken.len()) as u64;
        for at in taken {
            let (index, client) = &ready[at];
            self.judge(*index, client).await?;
        }
        Ok(())
    }

    /// Somebody has the id or `client_id`: is it this client?
    async fn judge(&mut self, index: u64, client: &Ready) -> anyhow::Result<()> {
        let client_id = client.loaded.client_id();
        let entry = Entry { member: "clients", index: Some(index), name: client_id };
        let Some(stored) = clients::by_client_id(&self.database, &self.realm_id, client_id).await? else {
            return self.report.tell(Outcome::Conflict, &entry, Some("id"), "another client has this id");
        };
        let different = self.reader.differences(client, &stored).await?;
        if different.is_empty() {
            self.report.same += 1;
            return Ok(());
        }
        let reason = "it is there with other content, which stays";
        self.report.tell(Outcome::Conflict, &entry, Some(&different.join(", ")), reason)
    }
}

/// Loads the roles of clients, which are there by now.
async fn load_roles(
    offline: &Offline,
    realm: &Arc<Realm>,
    file: File,
    at: u64,
    report: &mut Report,
    bulk: &mut Bulk,
) -> anyhow::Result<()> {
    let mut scanner = Scanner::new(file, at);
    scanner.enter_object()?;
    let mut batch: Vec<(String, Vec<RolePart>)> = Vec::new();
    let (mut first, mut waiting) = (true, 0);
    while let Some(client_id) = scanner.next_member(first)? {
        first = false;
        let mut text = Vec::new();
        scanner.value(&mut text)?;
        let mut parts: Vec<RolePart> = Vec::new();
        let entry = Entry { member: "roles.client", index: None, name: &client_id };
        match serde_json::from_slice(&text)? {
            Value::Null => {}
            Value::Array(list) => {
                for part in list.into_iter().filter(|part| !part.is_null()) {
                    match serde_json::from_value(part) {
                        Ok(part) => parts.push(part),
                        Err(error) => report.tell(Outcome::Refused, &entry, None, &error.to_string())?,
                    }
                }
            }
            _ => report.tell(Outcome::Refused, &entry, None, "it should be a list")?,
        }
        waiting += parts.len();
        if !parts.is_empty() {
            batch.push((client_id, parts));
        }
        if waiting >= ROLES {
            store_client_roles(offline, realm, std::mem::take(&mut batch), report, bulk).await?;
            waiting = 0;
        }
    }
    store_client_roles(offline, realm, batch, report, bulk).await
}

async fn store_client_roles(
    offline: &Offline,
    realm: &Arc<Realm>,
    batch: Vec<(String, Vec<RolePart>)>,
    report: &mut Report,
    bulk: &mut Bulk,
) -> anyhow::Result<()> {
    let names: Vec<&str> = batch.iter().map(|(client_id, _)| client_id.as_str()).collect();
    let ids = clients::ids(&offline.store.database, &realm.id, &names).await?;
    let mut rows: Vec<RoleRow> = Vec::new();
    let (mut seen, mut seen_ids) = (HashSet::new(), HashSet::new());
    for (client_id, parts) in batch {
        let entry = Entry { member: "roles.client", index: None, name: &client_id };
        let Some(id) = ids.get(&client_id) else {
            report.tell(Outcome::Refused, &entry, None, "the client is not there")?;
            continue;
        };
        for part in parts {
            let Some(role) = part.row(id) else {
                report.tell(Outcome::Refused, &entry, None, NAMELESS)?;
                continue;
            };
            if seen.insert((role.client.clone(), role.name.clone())) && seen_ids.insert(role.id.clone()) {
                rows.push(role);
            } else {
                report.tell(Outcome::Refused, &entry, Some(&role.name), "its name or id appears twice")?;
            }
        }
    }
    bulk.add_roles(&realm.id, &rows).await.context("storing roles")
}

/// Adds what every realm has and the document did not bring, and marks the default roles.
async fn complete(
    offline: &Offline,
    realm: &Arc<Realm>,
    defaults: &DefaultRoles,
    report: &mut Report,
) -> anyhow::Result<()> {
    let database = &offline.store.database;
    let usual = defaults::client_ids(realm);
    let named = defaults.keys().map(String::as_str).filter(|client_id| !client_id.is_empty());
    let wanted: Vec<&str> = usual.into_iter().chain(named).collect();
    let mut ids: HashMap<String, String> = HashMap::new();
    for some in wanted.chunks(ROLES) {
        ids.extend(clients::ids(database, &realm.id, some).await?);
    }
    let there = usual.into_iter().filter_map(|client_id| Some((client_id, ids.get(client_id)?.clone()))).collect();
    let mut write = Write::default();
    for client_id in defaults::complete(&mut write, realm, &there)? {
        println!("added: client {client_id:?}, which every realm has");
    }
    offline.store.writer.write(write).await.context("completing the realm")?;
    for (client_id, names) in defaults {
        let client = if client_id.is_empty() { Some("") } else { ids.get(client_id).map(String::as_str) };
        let Some(client) = client else {
            let entry = Entry { member: "roles.realm", index: None, name: &defaults::default_roles(&realm.name) };
            let reason = format!("client {client_id:?} is not there");
            report.tell(Outcome::Refused, &entry, Some("composites.client"), &reason)?;
            continue;
        };
        let mut write = Write::default();
        names.iter().for_each(|name| roles::make_default(&mut write, &realm.id, client, name));
        offline.store.writer.write(write).await.context("marking default roles")?;
    }
    Ok(())
}
