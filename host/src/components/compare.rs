//! What would a version have decided? The last recorded registrations are run again, once with the components as they
//! are and once with the candidate, and what is decided otherwise is told. Nothing is stored.

use std::sync::Arc;

use matricula_contract::{Issued, Operation};
use matricula_store::policies::OfToken;
use matricula_store::{StoreError, decisions};
use matricula_wasm::ComponentSet;
use matricula_wasm::facts::RealmOfCall;
use matricula_wasm::provider::ProviderCall;
use serde::Serialize;
use utoipa::ToSchema;

use super::ChangeError;
use crate::app::App;
use crate::caller::Caller;
use crate::policies::Policies;
use crate::registration::decision::Record;
use crate::registration::difference::Difference;
use crate::registration::recording::{self, Recorded};
use crate::registration::rehearsal::{self, Asked};
use crate::registration::{Exchange, issue};

/// What became of the replay.
#[derive(Debug, Default, Serialize, ToSchema)]
pub(crate) struct Comparison {
    /// Registrations that were run again.
    replayed: u32,
    /// Of these, the ones that are decided alike.
    same: u32,
    /// The others, newest first.
    different: Vec<Difference>,
}

/// Compares a version with what decides now, on so many of the last registrations of all realms.
///
/// # Errors
/// When there is no such version, it cannot be used, or the store has no answer.
pub(crate) async fn compare(
    app: &App,
    caller: &Caller,
    name: &str,
    digest: &str,
    last: u32,
) -> Result<Comparison, ChangeError> {
    let (candidate, ready) = app.components.with_candidate(name, digest).await?;
    let (candidate, current) = (Arc::new(candidate), app.wasm.current());
    let mut comparison = Comparison::default();
    for found in decisions::recorded(&app.store.database, last).await? {
        // What an older version of this server has recorded may be of another form.
        let Ok(recorded) = recording::decode(&found.request) else { continue };
        // Both get the same ids.
        let issued = issue();
        let replayed = Replayed { app, caller, realm: &found.realm, recorded: &recorded, issued: &issued };
        let Some(before) = replayed.with(&current).await? else { continue };
        let Some(after) = replayed.with(&candidate).await? else { continue };
        comparison.replayed += 1;
        match before.difference(&after, &found.realm, name) {
            None => comparison.same += 1,
            Some(difference) => comparison.different.push(Difference { decision: found.id, ..difference }),
        }
        // Requests go first.
        tokio::task::yield_now().await;
    }
    app.wasm.instances.retire(&ready.component);
    Ok(comparison)
}

/// A registration that is run again.
struct Replayed<'a> {
    app: &'a App,
    caller: &'a Caller,
    realm: &'a str,
    recorded: &'a Recorded,
    issued: &'a Issued,
}

impl Replayed<'_> {
    /// What would be recorded where these components decide; `None` when its realm or provider is gone.
    async fn with(&self, components: &Arc<ComponentSet>) -> Result<Option<Record>, StoreError> {
        let Replayed { app, caller, recorded, .. } = self;
        let Some(realm) = app.realms.get(self.realm).await? else { return Ok(None) };
        let Some(handle) = components.provider(&recorded.context.provider) else { return Ok(None) };
        let call = RealmOfCall::new(Arc::clone(&realm), recorded.base_url.as_str());
        // What it does is counted nowhere.
        let instances = app.wasm.instances.trying();
        let provider = ProviderCall { provider: Arc::clone(handle), instances, call };
        let address = recorded.context.caller.address.parse();
        let exchange = Exchange {
            app: App::clone(app),
            realm,
            components: Arc::clone(components),
            provider,
            caller: address.map_or_else(|_| Caller::clone(caller), |address| Caller::clone(caller).at(address)),
            operation: Operation::Register,
            client_id: String::new(),
            is_replay: true,
            // The context is that of then.
            served: None,
        };
        let of_token: Vec<_> = recorded.token_policies.iter().cloned().map(Arc::new).collect();
        let of_token = OfToken { policies: &of_token, ..OfToken::default() };
        let context = recorded.context.clone();
        let mut policies = Policies::of_realm(app, &exchange.provider, components, context, of_token);
        let asked = Asked {
            requested: Some(recorded.requested.clone()),
            stored: None,
            free: None,
            issued: self.issued.clone(),
        };
        let outcome = rehearsal::run(&exchange, asked, &mut policies).await;
        Ok(Some(rehearsal::record(&exchange, &policies, outcome)))
    }
}
