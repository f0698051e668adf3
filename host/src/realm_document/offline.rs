//! The database and the components without a server around them.

use std::sync::Arc;

use anyhow::Context;
use matricula_network::names::Names;
use matricula_network::outside::Outside;
use matricula_realms::{Realm, Realms};
use matricula_store::{Store, sealing};
use matricula_wasm::Wasm;
use matricula_wasm::compiler::Compiler;
use matricula_wasm::facts::{RealmOfCall, Sources};
use matricula_wasm::fitness::TrialRules;
use matricula_wasm::provider::ProviderCall;
use matricula_wasm::waits::Places;

use crate::components::signature::TrustedKeys;
use crate::components::{self, Components};
use crate::config;
use crate::protocol_mappers;

/// The provider that knows the representation of a client.
const PROVIDER: &str = "default";

/// What a server would work with.
pub(super) struct Offline {
    pub(super) store: Store,
    pub(super) realms: Realms,
    pub(super) wasm: Wasm,
}

impl Offline {
    /// Opens the database and loads the components, as a server with these options would.
    ///
    /// # Errors
    /// With what was being done, for the operator.
    pub(super) async fn open(options: &config::Offline) -> anyhow::Result<Offline> {
        sealing::take_keys()?;
        let store = Store::open(&options.place.database_url()).await?;
        let names = Names::from_system()?;
        let sources = Sources {
            database: store.database.clone(),
            outside: Outside::new(false, names.clone())?,
            names,
            places: Places::default(),
            protocol_mapper_types: Arc::new(protocol_mappers::types()),
        };
        let from = components::Options {
            data: &options.place.data,
            compiler: Compiler::Here,
            folder: options.policies.clone().unwrap_or_else(|| options.place.data.join("policies")),
            keys: TrustedKeys::read(&options.component_keys)?,
            trial: TrialRules { calls: 0, failures_percent: 0 },
            versions: usize::MAX,
        };
        let components = Components::start(from, store.clone(), sources).await?;
        Ok(Offline { realms: Realms::new(store.database.clone()), wasm: components.wasm().clone(), store })
    }

    /// The realm of this name.
    pub(super) async fn realm(&self, name: &str) -> anyhow::Result<Option<Arc<Realm>>> {
        self.realms.get(name).await.with_context(|| format!("looking for realm {name}"))
    }

    /// Calls of components on behalf of a realm.
    pub(super) fn call(realm: &Arc<Realm>) -> RealmOfCall {
        // What stands for the address of the server in documents of clients is not stored.
        RealmOfCall::new(Arc::clone(realm), "")
    }

    /// The provider that reads and writes clients.
    ///
    /// # Errors
    /// When no component offers it.
    pub(super) fn provider(&self, realm: &Arc<Realm>) -> anyhow::Result<ProviderCall> {
        let components = self.wasm.current();
        let provider = components.provider(PROVIDER).with_context(|| format!("no component offers {PROVIDER:?}"))?;
        let instances = self.wasm.instances.clone();
        Ok(ProviderCall { provider: Arc::clone(provider), instances, call: Offline::call(realm) })
    }
}
