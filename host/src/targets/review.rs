//! What the targets of a realm say of a client before anything is stored: what they would lose of it, or why they could
//! never take it. Nothing is called.

use std::time::Instant;

use futures_util::future::join_all;
use matricula_contract::connectors::Abilities;
use matricula_contract::{Client, Violation};
use matricula_realms::Realm;
use matricula_store::clients::ClientRow;
use matricula_store::targets::Target;
use matricula_wasm::ComponentSet;
use matricula_wasm::connector::ConnectorHandle;
use matricula_wasm::provider::ProviderCall;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::carrying::shown_losses;
use super::deliveries::Deliveries;
use super::lane::told_of;
use super::runner::Runner;
use crate::policies::PolicyViolation;

/// What a target says of a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Verdict {
    /// It takes it as it is.
    Accept,
    /// It drops or changes something.
    Lossy,
    /// It could never take it.
    Refuse,
}

/// One target that a client goes to.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct Reviewed {
    /// Its name.
    target: String,
    /// Id of its connector.
    connector: String,
    /// The component that was asked: name and digest.
    component: String,
    /// What it says.
    verdict: Verdict,
    /// What it would drop or change.
    #[schema(value_type = Vec<Object>)]
    losses: Value,
    /// Why it could never take it.
    violations: Vec<PolicyViolation>,
    /// How long that took, in microseconds.
    micros: u64,
}

/// What each target says that the client goes to, in the order of their names. A connector that is missing or has no answer
/// says nothing.
pub(crate) async fn review(
    runner: &Runner,
    components: &ComponentSet,
    provider: &ProviderCall,
    client: &ClientRow,
) -> Vec<Reviewed> {
    let all = provider.call.realm.targets.iter().filter(|target| target.is_asked());
    let asked = all.filter_map(|target| {
        let connector = components.connector(&target.connector)?;
        let gets = target.gets(client, connector.is_able(Abilities::DISABLES));
        gets.then(|| review_one(runner, connector, provider, target, &client.client))
    });
    join_all(asked).await.into_iter().flatten().collect()
}

async fn review_one(
    runner: &Runner,
    connector: &ConnectorHandle,
    provider: &ProviderCall,
    target: &Target,
    client: &Client,
) -> Option<Reviewed> {
    let (realm, trying) = (&provider.call.realm, provider.instances.is_trying());
    let began = Instant::now();
    let seen = told_of(realm, &target.name, &target.connector, &target.settings);
    let reviewed = runner.review(connector, realm, (client, &seen), trying).await;
    let micros = u64::try_from(began.elapsed().as_micros()).unwrap_or(u64::MAX);
    let (verdict, losses, violations) = match reviewed {
        Ok(Ok(losses)) if losses.is_empty() => (Verdict::Accept, losses, Vec::new()),
        Ok(Ok(losses)) => (Verdict::Lossy, losses, Vec::new()),
        Ok(Err(violations)) => (Verdict::Refuse, Vec::new(), violations),
        Err(error) => {
            tracing::warn!(realm = realm.name, target = target.name, %error, "a connector could not review a client");
            return None;
        }
    };
    let mut objections = Vec::with_capacity(violations.len());
    for violation in violations {
        objections.push(objection(provider, &target.name, violation).await);
    }
    Some(Reviewed {
        target: target.name.clone(),
        connector: target.connector.clone(),
        component: connector.component.label(),
        verdict,
        losses: shown_losses(&losses),
        violations: objections,
        micros,
    })
}

impl Deliveries {
    /// What those of the reviewed targets object to that must take each client.
    pub(crate) fn objections(&self, realm: &Realm, reviewed: &[Reviewed]) -> Vec<PolicyViolation> {
        let must = |name: &str| realm.targets.iter().any(|target| target.name == name && self.must_take(target));
        reviewed.iter().filter(|one| must(&one.target)).flat_map(|one| one.violations.iter().cloned()).collect()
    }
}

/// What a target objects to, with the field under its name in the caller's document.
async fn objection(provider: &ProviderCall, target: &str, violation: Violation) -> PolicyViolation {
    let field = match &violation.field {
        None => None,
        Some(field) => provider.document_name(field).await.unwrap_or_default(),
    };
    PolicyViolation::of_target(target, field, violation)
}
