//! What components may ask the host (interfaces `realm`, `facts` and `fetch` of the contract). Nothing else exists for
//! them: no network, files, environment, clock or randomness.

use std::future::Future;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::time::{Duration, Instant};

use matricula_contract::{
    ClientScope, ScopeAssignment, client, clients, config, decision, facts, fetch, log, next, realm, request,
};
use matricula_network::names::Names;
use matricula_network::outside::Outside;
use matricula_realms::Realm;
use matricula_store::scopes::Assigned;
use matricula_store::{Database, StoreError, realms, roles};

use super::engine::{LOG_LINE, LOG_LINES, LONG};
use super::fixed::Fixed;
use super::limits::{Allowance, Limits};
use super::turns::Turn;
use super::waits::{Places, Waits};
use super::{Failure, WasmError};

/// What the answers come from, the same for all calls.
#[derive(Clone)]
pub struct Sources {
    /// For counts.
    pub database: Database,
    /// DNS.
    pub names: Names,
    /// Documents elsewhere.
    pub outside: Outside,
    /// For calls that wait for these two.
    pub places: Places,
    /// Types of protocol mappers that clients may have.
    pub protocol_mapper_types: Arc<Vec<String>>,
}

/// The setting that says whether Client ID Metadata Documents may come from loopback: the server's, not the realm's.
const LOOPBACK_DOCUMENTS: &str = "clientIdMetadataDocuments.loopback";

/// Where the answers come from.
#[derive(Clone)]
pub enum Answers {
    /// A running server.
    Server(Sources),
    /// Data, for components that are tried out.
    Fixed(Arc<Fixed>),
}

impl From<&Sources> for Answers {
    fn from(sources: &Sources) -> Answers {
        Answers::Server(sources.clone())
    }
}

impl From<&Arc<Fixed>> for Answers {
    fn from(fixed: &Arc<Fixed>) -> Answers {
        Answers::Fixed(Arc::clone(fixed))
    }
}

/// The realm of a call, the address under which the caller sees the server, and what the request may wait for.
#[derive(Clone)]
pub struct RealmOfCall {
    /// As it was when the request began.
    pub realm: Arc<Realm>,
    /// Without a slash at the end.
    pub base_url: Arc<str>,
    waits: Arc<Waits>,
    /// Nothing comes of the answer.
    watched: bool,
    key: RealmKey,
}

/// Tells realms apart where much is counted by them; that two have the same one now and then harms nobody.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct RealmKey(pub(super) u64);

impl RealmOfCall {
    /// For the calls of one request, which have waited for nothing yet.
    pub fn new(realm: Arc<Realm>, base_url: impl Into<Arc<str>>) -> RealmOfCall {
        let mut hasher = DefaultHasher::new();
        realm.id.hash(&mut hasher);
        let key = RealmKey(hasher.finish());
        RealmOfCall { realm, base_url: base_url.into(), waits: Arc::default(), watched: false, key }
    }

    /// The same for one of several of a request.
    pub fn within(self, waits: &Arc<Waits>) -> RealmOfCall {
        RealmOfCall { waits: Arc::clone(waits), ..self }
    }

    /// The same for a call whose answer changes nothing.
    pub fn watched(&self) -> RealmOfCall {
        RealmOfCall { watched: true, ..self.clone() }
    }

    /// Whether everything that was asked for this request is known, so that something may be let through.
    ///
    /// # Errors
    /// When others had no time left to answer.
    pub fn known(&self) -> Result<(), WasmError> {
        if !self.waits.has_given_up() {
            return Ok(());
        }
        Err(WasmError {
            component: String::new(),
            failure: Failure::Unanswered,
            detail: "the request has waited for names and documents of others for as long as it may".to_owned(),
        })
    }

    /// Whose turns its calls take.
    pub(super) fn key(&self) -> RealmKey {
        self.key
    }
}

/// Long calls of all components that are running.
static LONG_CALLS: AtomicU32 = AtomicU32::new(0);

/// A call that has been running for long; counted while it lives.
struct LongCall;

impl LongCall {
    fn begin() -> LongCall {
        LONG_CALLS.fetch_add(1, Relaxed);
        LongCall
    }
}

impl Drop for LongCall {
    fn drop(&mut self) {
        LONG_CALLS.fetch_sub(1, Relaxed);
    }
}

/// What a call does at a tick before it goes on.
pub(super) enum Pause {
    /// It lets others run on its thread.
    None,
    /// It sleeps for so many ticks.
    Ticks(u32),
}

/// The host's side of one instance: who calls, what is left of its limits.
pub struct State {
    /// Memory and tables; wasmtime asks it.
    pub limits: Limits,
    allowance: Arc<Allowance>,
    component: Arc<str>,
    answers: Answers,
    call: Option<RealmOfCall>,
    /// While it runs, and not while it waits for others.
    turn: Option<Turn>,
    /// Why the host ended the call.
    ended: Option<Failure>,
    began: Instant,
    waited: Duration,
    ticks: u32,
    long: Option<LongCall>,
    log_lines: u32,
    /// The last line of this call at level error.
    complaint: Option<String>,
}

impl State {
    /// The state of a new instance, before its first call.
    pub fn new(component: Arc<str>, answers: Answers, allowance: Arc<Allowance>) -> State {
        State {
            limits: Limits::of(&allowance),
            allowance,
            component,
            answers,
            call: None,
            turn: None,
            ended: None,
            began: Instant::now(),
            waited: Duration::ZERO,
            ticks: 0,
            long: None,
            log_lines: 0,
            complaint: None,
        }
    }

    /// A call begins, whose turn it is; without a realm the component is being loaded.
    pub fn begin(&mut self, call: Option<(RealmOfCall, Turn)>) {
        (self.call, self.turn) = call.unzip();
        self.ended = None;
        self.began = Instant::now();
        self.waited = Duration::ZERO;
        self.ticks = 0;
        self.log_lines = 0;
        self.complaint = None;
    }

    /// The call has ended: nothing of it stays.
    pub fn end(&mut self) {
        self.call = None;
        self.turn = None;
        self.long = None;
    }

    /// The call is running at a tick. The more long calls there are, the longer the pauses of each.
    pub(super) fn pause(&mut self) -> Pause {
        self.ticks += 1;
        if self.ticks <= LONG {
            return Pause::None;
        }
        self.long.get_or_insert_with(LongCall::begin);
        Pause::Ticks(LONG_CALLS.load(Relaxed).max(1))
    }

    /// What the component said last at level error in this call: before a trap that is the reason. It is kept also when
    /// there were too many log lines already.
    pub(super) fn complaint(&self) -> Option<&str> {
        self.complaint.as_deref()
    }

    /// What its instance may use.
    pub(super) fn allowance(&self) -> &Allowance {
        &self.allowance
    }

    /// Whether the call has used up its time; waiting for the host does not count.
    pub(crate) fn out_of_time(&self) -> bool {
        self.began.elapsed().saturating_sub(self.waited) > self.allowance.call_time()
    }

    fn realm(&self) -> Option<&Realm> {
        self.call.as_ref().map(|call| &*call.realm)
    }

    /// Why the host ended the call, if it did.
    pub(super) fn ended(&self) -> Option<Failure> {
        self.ended
    }

    /// Ends the call, which is not to blame.
    fn end_as(&mut self, failure: Failure, detail: impl ToString) -> wasmtime::Error {
        self.ended = Some(failure);
        wasmtime::Error::msg(detail.to_string())
    }

    /// Waits for the database on behalf of the component.
    async fn look_up<T>(&mut self, answer: impl Future<Output = Result<T, StoreError>>) -> wasmtime::Result<T> {
        let began = Instant::now();
        let answer = answer.await;
        self.waited += began.elapsed();
        answer.map_err(|error| self.end_as(Failure::Database, error))
    }

    /// Waits for others on behalf of the component, which gives its turn away meanwhile. `None`: the request may not wait
    /// any longer.
    async fn wait<T>(&mut self, answer: impl Future<Output = T>) -> wasmtime::Result<Option<T>> {
        let (Some(call), Answers::Server(sources)) = (&self.call, &self.answers) else { return Ok(None) };
        let (waits, watched) = (Arc::clone(&call.waits), call.watched);
        let Some(left) = waits.left(watched) else { return Ok(None) };
        let Some(place) = sources.places.take(call.key) else {
            return Err(self.end_as(Failure::Busy, "too many calls wait for names and documents of others"));
        };
        let began = Instant::now();
        // It keeps nobody from running while it waits.
        self.long = None;
        let away = self.turn.take().map(Turn::leave);
        let answer = tokio::time::timeout(left, answer).await.ok();
        waits.spend(watched, began.elapsed());
        if answer.is_none() {
            waits.give_up(watched);
        }
        if let Some(away) = away {
            self.turn = Some(away.come_back().await);
        }
        drop(place);
        self.waited += began.elapsed();
        Ok(answer)
    }
}

// These interfaces hold types only.
impl client::Host for State {}
impl request::Host for State {}
impl decision::Host for State {}
impl config::Host for State {}
impl next::matricula::registration0_2_0::request::Host for State {}

impl realm::Host for State {
    fn client_scopes(&mut self, protocol: String) -> wasmtime::Result<Vec<ClientScope>> {
        if let Answers::Fixed(fixed) = &self.answers {
            return Ok(fixed.facts().client_scopes(&protocol));
        }
        let scopes = self.realm().map_or(&[][..], |realm| &*realm.scopes);
        Ok(scopes
            .iter()
            .filter(|scope| scope.protocol == protocol)
            .map(|scope| ClientScope {
                name: scope.name.clone(),
                assigned: match scope.assigned {
                    Assigned::None => ScopeAssignment::None,
                    Assigned::Default => ScopeAssignment::Default,
                    Assigned::Optional => ScopeAssignment::Optional,
                },
            })
            .collect())
    }

    fn protocol_mapper_types(&mut self) -> wasmtime::Result<Vec<String>> {
        Ok(match &self.answers {
            Answers::Server(sources) => sources.protocol_mapper_types.to_vec(),
            Answers::Fixed(fixed) => fixed.facts().protocol_mapper_types.clone(),
        })
    }

    fn acr_levels(&mut self) -> wasmtime::Result<Vec<(String, i32)>> {
        if let Answers::Fixed(fixed) = &self.answers {
            return Ok(fixed.facts().acr_levels.clone().into_iter().collect());
        }
        Ok(self.realm().map(Realm::acr_levels).unwrap_or_default())
    }

    fn has_flow(&mut self, id: String) -> wasmtime::Result<bool> {
        Ok(match &self.answers {
            // Authentication flows belong to the server that logs users in; this one has none.
            Answers::Server(_) => false,
            Answers::Fixed(fixed) => fixed.facts().flows.contains(&id),
        })
    }

    fn base_url(&mut self) -> wasmtime::Result<String> {
        if let Answers::Fixed(fixed) = &self.answers {
            return Ok(fixed.facts().base_url.clone());
        }
        Ok(self.call.as_ref().map(|call| call.base_url.to_string()).unwrap_or_default())
    }

    fn setting(&mut self, name: String) -> wasmtime::Result<Option<String>> {
        let sources = match &self.answers {
            Answers::Server(sources) => sources,
            Answers::Fixed(fixed) => return Ok(fixed.facts().settings.get(&name).cloned()),
        };
        if name == LOOPBACK_DOCUMENTS {
            return Ok(sources.outside.is_private_allowed().then(|| "true".to_owned()));
        }
        Ok(self.realm().and_then(|realm| realm.setting(&name)))
    }
}

impl facts::Host for State {
    async fn client_count(&mut self) -> wasmtime::Result<u64> {
        let sources = match &self.answers {
            Answers::Server(sources) => sources,
            Answers::Fixed(fixed) => return Ok(fixed.facts().client_count),
        };
        let Some(call) = self.call.clone() else { return Ok(0) };
        let database = sources.database.clone();
        self.look_up(async move { realms::client_count(&database, &call.realm.id).await }).await
    }

    async fn addresses_of(&mut self, host: String) -> wasmtime::Result<Vec<String>> {
        let sources = match &self.answers {
            Answers::Server(sources) => sources,
            Answers::Fixed(fixed) => return Ok(fixed.facts().addresses_of(&host)),
        };
        if self.call.is_none() {
            return Ok(Vec::new());
        }
        let texts = |found: Arc<[IpAddr]>| found.iter().map(ToString::to_string).collect();
        if let Some(known) = sources.names.known_addresses_of(&host) {
            return Ok(texts(known));
        }
        let names = sources.names.clone();
        let found = self.wait(async move { names.addresses_of(&host).await }).await?;
        Ok(found.map(texts).unwrap_or_default())
    }

    async fn names_of(&mut self, address: String) -> wasmtime::Result<Vec<String>> {
        let sources = match &self.answers {
            Answers::Server(sources) => sources,
            Answers::Fixed(fixed) => return Ok(fixed.facts().names_of(&address)),
        };
        let (true, Ok(address)) = (self.call.is_some(), address.parse()) else { return Ok(Vec::new()) };
        if let Some(known) = sources.names.known_names_of(address) {
            return Ok(known.to_vec());
        }
        let names = sources.names.clone();
        let found = self.wait(async move { names.names_of(address).await }).await?;
        Ok(found.map(|found| found.to_vec()).unwrap_or_default())
    }

    fn log(&mut self, level: facts::Level, mut message: String) -> wasmtime::Result<()> {
        if message.len() > LOG_LINE {
            message.truncate(message.floor_char_boundary(LOG_LINE));
            message.push('…');
        }
        if level == facts::Level::Error {
            self.complaint = Some(message.clone());
        }
        self.log_lines += 1;
        if self.log_lines > LOG_LINES {
            return Ok(());
        }
        if let Answers::Fixed(fixed) = &self.answers {
            fixed.log(level, message);
            return Ok(());
        }
        let component = &*self.component;
        let realm = self.realm().map(|realm| realm.name.as_str());
        match level {
            facts::Level::Debug => tracing::debug!(component, realm, "{message}"),
            facts::Level::Info => tracing::info!(component, realm, "{message}"),
            facts::Level::Warn => tracing::warn!(component, realm, "{message}"),
            facts::Level::Error => tracing::error!(component, realm, "{message}"),
        }
        Ok(())
    }
}

impl log::Host for State {
    fn write(&mut self, level: log::Level, message: String) -> wasmtime::Result<()> {
        let level = match level {
            log::Level::Debug => facts::Level::Debug,
            log::Level::Info => facts::Level::Info,
            log::Level::Warn => facts::Level::Warn,
            log::Level::Error => facts::Level::Error,
        };
        facts::Host::log(self, level, message)
    }
}

impl clients::Host for State {
    async fn roles_of(&mut self, id: String) -> wasmtime::Result<Vec<String>> {
        let sources = match &self.answers {
            Answers::Server(sources) => sources,
            Answers::Fixed(fixed) => return Ok(fixed.facts().roles_of(&id)),
        };
        let Some(call) = self.call.clone() else { return Ok(Vec::new()) };
        let database = sources.database.clone();
        let found = self.look_up(async move { roles::of_client(&database, &call.realm.id, &id).await }).await?;
        Ok(found.into_iter().map(|role| role.name).collect())
    }
}

impl fetch::Host for State {
    async fn get(&mut self, url: String) -> wasmtime::Result<Result<fetch::Response, String>> {
        let sources = match &self.answers {
            Answers::Server(sources) => sources,
            Answers::Fixed(fixed) => return Ok(fixed.facts().fetch(&url)),
        };
        if self.call.is_none() {
            return Ok(Err("there is no request".to_owned()));
        }
        let answer = match sources.outside.known(&url) {
            Some(known) => Ok(known),
            None => {
                let outside = sources.outside.clone();
                let answer = self.wait(async move { outside.get(&url).await }).await?;
                answer.unwrap_or_else(|| Err("the request may not wait any longer".to_owned()))
            }
        };
        Ok(answer.map(|document| fetch::Response {
            status: document.status,
            content_type: document.content_type,
            body: document.body,
        }))
    }
}
