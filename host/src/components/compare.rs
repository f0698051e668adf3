//! What would a version have decided? The last recorded registrations are run again, once with the components as they
//! are and once with the candidate, and what is decided otherwise is told. Nothing is stored.

use std::sync::Arc;

use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

use super::ChangeError;
use crate::app::App;
use crate::caller::Caller;
use crate::policies::{Policies, PolicyViolation};
use crate::registration::recording::{self, Recorded};
use crate::registration::{Exchange, register};
use crate::store::{StoreError, decisions};
use crate::wasm::ComponentSet;
use crate::wasm::contract::Operation;
use crate::wasm::facts::RealmOfCall;
use crate::wasm::provider::ProviderCall;

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

/// A registration that is decided otherwise.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Difference {
    /// Id of its decision record.
    decision: String,
    /// Name of the realm.
    realm: String,
    /// What is decided with the components as they are.
    before: Verdict,
    /// What would be decided with the candidate.
    after: Verdict,
    /// What would be objected to.
    violations: Vec<PolicyViolation>,
    /// Names of the policies that say something else, or change something else.
    policies: Vec<String>,
}

/// What becomes of a registration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Verdict {
    /// It is let through.
    Accept,
    /// The client waits for an administrator.
    Hold,
    /// It is refused.
    Reject,
    /// A component has no answer.
    Error,
}

/// How a registration went.
struct Replay {
    verdict: Verdict,
    violations: Vec<PolicyViolation>,
    /// Who was asked (policy, hook) and what was said, without what differs from run to run.
    said: Vec<(String, String, Value)>,
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
        let Some(before) = replay(app, caller, &current, &found.realm, &recorded).await? else { continue };
        let Some(after) = replay(app, caller, &candidate, &found.realm, &recorded).await? else { continue };
        comparison.replayed += 1;
        let policies = before.differs_in(&after);
        if before.verdict == after.verdict && policies.is_empty() {
            comparison.same += 1;
        } else {
            comparison.different.push(Difference {
                decision: found.id,
                realm: found.realm,
                before: before.verdict,
                after: after.verdict,
                violations: after.violations,
                policies,
            });
        }
        // Requests go first.
        tokio::task::yield_now().await;
    }
    app.wasm.instances.retire(&ready.component);
    Ok(comparison)
}

/// Runs a registration again; `None` when its realm or provider is gone.
async fn replay(
    app: &App,
    caller: &Caller,
    components: &Arc<ComponentSet>,
    realm: &str,
    recorded: &Recorded,
) -> Result<Option<Replay>, StoreError> {
    let Some(realm) = app.realms.get(realm).await? else { return Ok(None) };
    let Some(handle) = components.provider(&recorded.context.provider) else { return Ok(None) };
    let call = RealmOfCall::new(Arc::clone(&realm), recorded.base_url.as_str());
    let provider = ProviderCall { provider: Arc::clone(handle), instances: app.wasm.instances.clone(), call };
    let address = recorded.context.caller.address.parse();
    let exchange = Exchange {
        app: app.clone(),
        realm,
        components: Arc::clone(components),
        provider,
        caller: address.map_or_else(|_| caller.clone(), |address| caller.clone().at(address)),
        operation: Operation::Register,
        client_id: String::new(),
        is_replay: true,
    };
    let of_token: Vec<_> = recorded.token_policies.iter().cloned().map(Arc::new).collect();
    let context = recorded.context.clone();
    let mut policies = Policies::of_realm(app, &exchange.provider, components, context, &of_token);
    let (verdict, violations) = match register::decide(&exchange, recorded.requested.clone(), None, &mut policies).await
    {
        Ok(_) if policies.held.is_some() => (Verdict::Hold, Vec::new()),
        Ok(_) => (Verdict::Accept, Vec::new()),
        Err(refusal) if refusal.response.status().is_server_error() => (Verdict::Error, Vec::new()),
        Err(refusal) => (Verdict::Reject, refusal.response.into_body().into_parts().2),
    };
    let mut said: Vec<(String, String, Value)> = Vec::new();
    for evaluation in &policies.client_policies.evaluations {
        for executor in &evaluation.executors {
            let when = format!("{} {}", evaluation.event, executor.executor);
            said.push((evaluation.name.clone(), when, json!([executor.verdict, executor.changes])));
        }
    }
    for evaluation in &policies.evaluations {
        let value = json!([evaluation.verdict, evaluation.violations, evaluation.changes]);
        said.push((evaluation.name.clone(), evaluation.hook.to_owned(), value));
    }
    Ok(Some(Replay { verdict, violations, said }))
}

impl Replay {
    /// Names of the policies that say something else in the other run. One that is not asked there, as the run ended
    /// before, says nothing else.
    fn differs_in(&self, other: &Replay) -> Vec<String> {
        let differs = |(name, when, value): &&(String, String, Value)| {
            let same = |(n, w, _): &&(String, String, Value)| n == name && w == when;
            other.said.iter().find(same).is_some_and(|(_, _, there)| there != value)
        };
        let mut names: Vec<String> = self.said.iter().filter(differs).map(|(name, _, _)| name.clone()).collect();
        names.sort_unstable();
        names.dedup();
        names
    }
}
