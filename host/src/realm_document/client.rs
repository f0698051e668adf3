//! From a client in a document to the client that is stored: read, completed and checked by provider `default`, as a
//! registration without policies would be. What the document names is stored as it is named.

use std::sync::Arc;

use anyhow::Context;
use matricula_contract::server_clients::REALM_CLIENT;
use matricula_contract::{
    Attribute, Client, Document, Effect, Issued, Operation, ProtocolMapper, Registration, Violation,
};
use matricula_realms::defaults;
use matricula_store::bulk::Loaded;
use matricula_store::clients::ClientRow;
use matricula_system::{clock, ids, random};
use matricula_wasm::provider::ProviderCall;
use serde_json::Value;
use tokio::sync::OnceCell;

use super::migration::Added;
use super::report::{Note, Outcome};
use super::stand_in;
use crate::keys::rsa::RsaKeys;
use crate::registration::{effects, name_mappers};

/// A client's document is as large as that of a registration at most.
const SIZE: usize = 1 << 20;

/// The attribute that says when the server made a secret.
const SECRET_CREATION_TIME: &str = "client.secret.creation.time";

/// An entry that was read.
pub(super) struct Read {
    /// Its place in the list.
    pub(super) index: u64,
    /// What was left out of it, and what it has instead of values.
    pub(super) notes: Vec<Note>,
    /// What became of it.
    pub(super) result: Result<Box<Ready>, Refused>,
}

/// A client that can be stored.
pub(super) struct Ready {
    /// What is stored.
    pub(super) loaded: Loaded,
    /// Its text in the file.
    text: Document,
}

/// A client with all that was found out about it.
struct Complete {
    /// As the document has it.
    requested: Client,
    /// As it is stored.
    row: ClientRow,
    effects: Vec<Effect>,
}

/// A client that cannot.
pub(super) struct Refused {
    /// Its `clientId`, if that can be read.
    pub(super) client_id: String,
    /// Members at fault, and why.
    pub(super) reasons: Vec<(Option<String>, String)>,
}

/// Reads clients. Cloning it is cheap.
#[derive(Clone)]
pub(super) struct Reader {
    provider: ProviderCall,
    /// Keys of SAML clients that come without one; made when the first one does.
    keys: Arc<OnceCell<RsaKeys>>,
    /// The file is an export of this server: its clients wait for an administrator if it says so.
    of_this_server: bool,
    /// Scopes that clients of an old version lack.
    migrated: Arc<[&'static Added]>,
}

impl Reader {
    /// Reads through this provider.
    pub(super) fn new(provider: ProviderCall, of_this_server: bool, migrated: Arc<[&'static Added]>) -> Reader {
        Reader { provider, keys: Arc::default(), of_this_server, migrated }
    }

    /// Reads a client.
    ///
    /// # Errors
    /// When a key cannot be made; what is wrong with the client is part of the result.
    pub(super) async fn read(&self, index: u64, mut body: Vec<u8>) -> anyhow::Result<Read> {
        let mut notes = Vec::new();
        if body.len() <= SIZE {
            stand_in::clean_client(&mut body, &mut notes);
        }
        let text = Document { content_type: "application/json".to_owned(), body };
        let result = match self.complete(&text, &mut notes).await? {
            Ok(Complete { row, effects, .. }) => {
                let (roles, account) = effects::beside(&row, &effects);
                Ok(Box::new(Ready { loaded: Loaded::new(&row, roles, account)?, text }))
            }
            Err(refused) => Err(refused),
        };
        Ok(Read { index, notes, result })
    }

    /// Reads a client, completes it as a new one, and validates it.
    async fn complete(&self, text: &Document, notes: &mut Vec<Note>) -> anyhow::Result<Result<Complete, Refused>> {
        let refused = |client_id: String, reasons| Ok(Err(Refused { client_id, reasons }));
        if text.body.len() > SIZE {
            return refused(client_id(&text.body), vec![(None, format!("it is larger than {} MiB", SIZE >> 20))]);
        }
        let (mut requested, held) = match self.provider.parse_exported(text).await {
            Ok(Ok(read)) => read,
            Ok(Err(violations)) => return refused(client_id(&text.body), self.reasons(violations).await),
            Err(error) => return refused(client_id(&text.body), vec![(None, error.to_string())]),
        };
        leave_out(&mut requested, notes);
        self.migrated.iter().for_each(|added| added.add(&mut requested));
        // Without the defaults of its protocol: it is a client as another server stored it, not a request for one. As
        // in Keycloak, one that does not say whether it is public is not.
        let protocol = requested.protocol.clone();
        if protocol.as_deref() == Some("openid-connect") {
            requested.protocol = None;
        }
        let completed = self.provider.complete(&requested, None, &issued(&requested)).await;
        requested.protocol = protocol;
        let name = || requested.client_id.clone().or_else(|| requested.id.clone()).unwrap_or_default();
        let completed = match completed {
            Ok(Ok(completed)) => completed,
            Ok(Err(violations)) => return refused(name(), self.reasons(violations).await),
            Err(error) => return refused(name(), vec![(None, error.to_string())]),
        };
        let (mut client, mut effects) = (completed.client, completed.effects);
        self.as_named(&requested, &mut client);
        // That requests are signed may have been a default, which does not hold here.
        let signs = client.attributes.iter().any(|one| one.name == "saml.client.signature" && one.value == "true");
        effects.retain(|effect| signs || !matches!(effect, Effect::CreateSigningKey(_)));
        name_mappers(&mut client);
        if effects.iter().any(effects::changes_client) {
            let keys = self.keys.get_or_try_init(|| async { RsaKeys::start() }).await?;
            effects::amend(keys, &mut client, &effects).await.context("making a key")?;
        }
        if let Some(member) = nul(&client) {
            return refused(name(), vec![(Some(member.to_owned()), "it contains U+0000".to_owned())]);
        }
        let resource_server = effects::make_resource_server(&effects);
        let registration = Registration { resource_server, ..registration() };
        match self.provider.finish(Operation::Register, &client, &registration).await {
            Ok(Ok(_)) => {}
            Ok(Err(violations)) => return refused(name(), self.reasons(violations).await),
            Err(error) => return refused(name(), vec![(None, error.to_string())]),
        }
        // Anybody can send such an attribute to another server.
        let held = held.filter(|_| self.of_this_server);
        let row = ClientRow { resource_server, held, ..ClientRow::unstored(client) };
        Ok(Ok(Complete { requested, row, effects }))
    }

    /// Undoes what completing did to what the document names, and says whether the client is the server's own: no document
    /// does (Keycloak computes it).
    fn as_named(&self, requested: &Client, client: &mut Client) {
        as_named(requested, client);
        client.attributes.retain(|attribute| attribute.name != REALM_CLIENT);
        let client_id = client.client_id.as_deref().unwrap_or_default();
        if defaults::opens_the_server(&self.provider.call.realm, client_id) {
            client.attributes.push(Attribute { name: REALM_CLIENT.to_owned(), value: "true".to_owned() });
        }
    }

    /// Names and words of what is wrong.
    async fn reasons(&self, violations: Vec<Violation>) -> Vec<(Option<String>, String)> {
        let mut reasons = Vec::with_capacity(violations.len());
        for violation in violations {
            let field = match &violation.field {
                Some(field) => self.provider.document_name(field).await.ok().flatten().or_else(|| Some(field.clone())),
                None => None,
            };
            let reason =
                if violation.message.is_empty() { violation.error.unwrap_or_default() } else { violation.message };
            reasons.push((field, reason));
        }
        reasons
    }

    /// Whether a stored client says all that this one does; the members in which it does not.
    ///
    /// # Errors
    /// When the component fails.
    pub(super) async fn differences(&self, ready: &Ready, stored: &ClientRow) -> anyhow::Result<Vec<String>> {
        let Ok(Complete { requested, row, effects }) = self.complete(&ready.text, &mut Vec::new()).await? else {
            return Ok(vec!["content".to_owned()]);
        };
        if requested.id.as_ref().is_some_and(|id| *id != stored.id) {
            return Ok(vec!["id".to_owned()]);
        }
        if row.held.is_some() && row.held != stored.held {
            return Ok(vec!["attributes".to_owned()]);
        }
        if row.client == stored.client {
            return Ok(Vec::new());
        }
        // What the document does not name was made up, and differs each time. An update leaves it as it is stored.
        let changes = Client { id: None, ..requested.clone() };
        let Ok(updated) = self.provider.complete(&changes, Some(&stored.client), &issued(&requested)).await? else {
            return Ok(vec!["content".to_owned()]);
        };
        let mut updated = updated.client;
        updated.authorization_settings = None;
        if let (Some(named), Some(read)) = (&requested.protocol_mappers, row.client.protocol_mappers.clone()) {
            updated.protocol_mappers = Some(under_stored_ids(named, read, &stored.client));
        }
        self.as_named(&requested, &mut updated);
        if effects.iter().any(|effect| matches!(effect, Effect::CreateSigningKey(_))) {
            // Made up like a secret.
            let made = |attribute: &&Attribute| attribute.name.starts_with("saml.signing.");
            let there = stored.client.attributes.iter().filter(made);
            updated.attributes.retain(|attribute| !made(&attribute));
            updated.attributes.extend(there.cloned());
        }
        if updated == stored.client {
            return Ok(Vec::new());
        }
        let resource_server = stored.resource_server;
        let mut documents = Vec::new();
        for client in [&updated, &stored.client] {
            let registration = Registration { resource_server, ..registration() };
            let document = self.provider.render(client, &registration).await?;
            documents.push(serde_json::from_slice::<Value>(&document.body).context("reading a rendered client")?);
        }
        let names = documents.iter().filter_map(Value::as_object).flat_map(|members| members.keys());
        let mut names: Vec<String> = names.filter(|name| documents[0][name] != documents[1][name]).cloned().collect();
        names.sort();
        names.dedup();
        Ok(names)
    }
}

/// What stands in a client's document beside the client: nothing.
pub(super) fn registration() -> Registration {
    Registration {
        client_uri: String::new(),
        access_token: None,
        issued_at: 0,
        roles: Vec::new(),
        resource_server: false,
        access: None,
    }
}

/// What the server supplies to a new client, as far as it is needed: random texts cost more than the rest.
fn issued(requested: &Client) -> Issued {
    let needs_secret = requested.secret.is_none() && requested.public_client != Some(true);
    Issued {
        id: requested.id.clone().unwrap_or_else(ids::fresh),
        secret: if needs_secret { random::secret() } else { String::new() },
        salt: random::text(16),
        now: clock::now().unsigned_abs(),
        attributes: Vec::new(),
    }
}

/// Takes out what this server does not have, so that the client is not lost for it.
fn leave_out(requested: &mut Client, notes: &mut Vec<Note>) {
    let mut left_out = |field: String, reason: String| {
        notes.push(Note { outcome: Outcome::NotRead, field: Some(field), reason });
    };
    let flows = requested.authentication_flow_binding_overrides.take().unwrap_or_default();
    for Attribute { name, value } in flows.into_iter().filter(|flow| !is_blank(&flow.value)) {
        left_out(
            format!("authenticationFlowBindingOverrides.{name}"),
            format!("flow {value:?}: this server has no authentication flows"),
        );
    }
    // Having settings is having the services; the settings themselves are not kept.
    let has_services = requested.authorization_settings.take().is_some();
    let wants_services = has_services || requested.authorization_services_enabled == Some(true);
    if wants_services && requested.public_client == Some(true) {
        requested.authorization_services_enabled = None;
        left_out("authorizationServicesEnabled".to_owned(), "a public client cannot have them".to_owned());
    } else if wants_services {
        requested.authorization_services_enabled = Some(true);
    }
}

/// Nothing but white space, as Keycloak sees it.
fn is_blank(text: &str) -> bool {
    text.bytes().all(|byte| byte <= b' ')
}

/// Undoes what completing did to what the document names: it is a client as another server stored it, not a request for
/// one (Keycloak, too, loads a realm without the defaults of the protocol).
fn as_named(requested: &Client, client: &mut Client) {
    if !requested.attributes.is_empty() {
        let named = requested.attributes.iter().filter(|attribute| !is_blank(&attribute.value));
        client.attributes = named.cloned().collect();
    }
    if requested.redirect_uris.is_some() {
        // Nothing of it follows from the root URL then.
        client.admin_url.clone_from(&requested.admin_url);
        if requested.redirect_uris.as_ref().is_some_and(|uris| uris.iter().all(|uri| is_blank(uri))) {
            client.redirect_uris = Some(Vec::new());
            let origins = requested.web_origins.iter().flatten().filter(|origin| !is_blank(origin));
            client.web_origins = Some(origins.cloned().collect());
        }
    }
    if requested.bearer_only == Some(true) {
        client.secret.clone_from(&requested.secret);
        // Of a secret that was made, which it has not.
        let is_named = requested.attributes.iter().any(|attribute| attribute.name == SECRET_CREATION_TIME);
        client.attributes.retain(|attribute| is_named || attribute.name != SECRET_CREATION_TIME);
    }
    if let (Some(named), Some(scopes)) = (&requested.default_client_scopes, &mut client.default_client_scopes) {
        // The scope of service accounts is one of them only if it is named, and in its place.
        let mut kept: Vec<String> = Vec::with_capacity(named.len());
        for name in named {
            if scopes.contains(name) && !kept.contains(name) {
                kept.push(name.clone());
            }
        }
        *scopes = kept;
    }
}

/// Mappers as they were read, which have made-up ids where the document has none: those get the ids that are stored.
fn under_stored_ids(named: &[ProtocolMapper], mut read: Vec<ProtocolMapper>, stored: &Client) -> Vec<ProtocolMapper> {
    for (named, read) in named.iter().zip(&mut read).filter(|(named, _)| named.id.is_none()) {
        let same = |stored: &&ProtocolMapper| stored.protocol == named.protocol && stored.name == named.name;
        if let Some(stored) = stored.protocol_mappers.iter().flatten().find(same) {
            read.id.clone_from(&stored.id);
        }
    }
    read
}

/// The member with U+0000 in it, which no database stores as text: only texts that have columns matter.
fn nul(client: &Client) -> Option<&'static str> {
    let has = |text: &Option<String>| text.as_ref().is_some_and(|text| text.contains('\0'));
    let roles = client.default_roles.iter().flatten().any(|role| role.contains('\0'));
    [("id", has(&client.id)), ("clientId", has(&client.client_id)), ("defaultRoles", roles)]
        .into_iter()
        .find_map(|(member, has)| has.then_some(member))
}

/// The `clientId` of a client that cannot be read as one.
fn client_id(body: &[u8]) -> String {
    let document: Option<Value> = serde_json::from_slice(body).ok();
    document.and_then(|document| Some(document.get("clientId")?.as_str()?.to_owned())).unwrap_or_default()
}
