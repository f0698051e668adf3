//! From a client in a document to the client that is stored: read, completed and checked by provider `default`, as a
//! registration without policies would be. What the document names is stored as it is named.

use std::sync::Arc;

use anyhow::Context;
use serde_json::Value;
use tokio::sync::OnceCell;

use crate::clock;
use crate::ids;
use crate::keys::rsa::RsaKeys;
use crate::random;
use crate::realm_defaults::REALM_CLIENT;
use crate::registration::{effects, name_mappers};
use crate::store::bulk::Loaded;
use crate::store::clients::ClientRow;
use crate::wasm::contract::{Attribute, Client, Document, Effect, Issued, Operation, Registration, Violation};
use crate::wasm::provider::ProviderCall;

/// A client's document is as large as that of a registration at most.
const SIZE: usize = 1 << 20;

/// An entry that was read.
pub(super) struct Read {
    /// Its place in the list.
    pub(super) index: u64,
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
}

impl Reader {
    /// Reads through this provider.
    pub(super) fn new(provider: ProviderCall, of_this_server: bool) -> Reader {
        Reader { provider, keys: Arc::default(), of_this_server }
    }

    /// Reads a client.
    ///
    /// # Errors
    /// When a key cannot be made; what is wrong with the client is part of the result.
    pub(super) async fn read(&self, index: u64, body: Vec<u8>) -> anyhow::Result<Read> {
        let text = Document { content_type: "application/json".to_owned(), body };
        let result = match self.complete(&text).await? {
            Ok(Complete { row, effects, .. }) => {
                let (roles, account) = effects::beside(&row, &effects);
                Ok(Box::new(Ready { loaded: Loaded::new(&row, roles, account)?, text }))
            }
            Err(refused) => Err(refused),
        };
        Ok(Read { index, result })
    }

    /// Reads a client, completes it as a new one, and validates it.
    async fn complete(&self, text: &Document) -> anyhow::Result<Result<Complete, Refused>> {
        let refused = |client_id: String, reasons| Ok(Err(Refused { client_id, reasons }));
        if text.body.len() > SIZE {
            return refused(client_id(&text.body), vec![(None, format!("it is larger than {} MiB", SIZE >> 20))]);
        }
        let (requested, held) = match self.provider.parse_exported(text).await {
            Ok(Ok(read)) => read,
            Ok(Err(violations)) => return refused(client_id(&text.body), self.reasons(violations).await),
            Err(error) => return refused(client_id(&text.body), vec![(None, error.to_string())]),
        };
        let name = || requested.client_id.clone().or_else(|| requested.id.clone()).unwrap_or_default();
        let completed = match self.provider.complete(&requested, None, &issued(&requested)).await {
            Ok(Ok(completed)) => completed,
            Ok(Err(violations)) => return refused(name(), self.reasons(violations).await),
            Err(error) => return refused(name(), vec![(None, error.to_string())]),
        };
        let (mut client, effects) = (completed.client, completed.effects);
        as_named(&requested, &mut client);
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
        let Ok(Complete { requested, row, .. }) = self.complete(&ready.text).await? else {
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
        as_named(&requested, &mut updated);
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

/// Undoes what completing did to what the document names: it is a client as another server stored it, not a request for
/// one (Keycloak, too, loads a realm without the defaults of the protocol).
fn as_named(requested: &Client, client: &mut Client) {
    let blank = |value: &str| value.bytes().all(|byte| byte <= b' ');
    if !requested.attributes.is_empty() {
        let of_server = |attribute: &Attribute| attribute.name == REALM_CLIENT && attribute.value != "true";
        let named = requested.attributes.iter().filter(|attribute| !blank(&attribute.value) && !of_server(attribute));
        client.attributes = named.cloned().collect();
    }
    if requested.redirect_uris.is_some() {
        // Nothing of it follows from the root URL then.
        client.admin_url.clone_from(&requested.admin_url);
        if requested.redirect_uris.as_ref().is_some_and(|uris| uris.iter().all(|uri| blank(uri))) {
            client.redirect_uris = Some(Vec::new());
            let origins = requested.web_origins.iter().flatten().filter(|origin| !blank(origin));
            client.web_origins = Some(origins.cloned().collect());
        }
    }
    if requested.bearer_only == Some(true) {
        client.secret.clone_from(&requested.secret);
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
