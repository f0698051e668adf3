//! The realm's registration policies at work: which set applies, in which order they run, what they decide
//! (Keycloak: ClientRegistrationPolicyManager).
//!
//! Policies that follow each other and live in the same component are asked in one call. Every policy of a set runs;
//! the first violation gives the wire text. A policy that cannot answer refuses the request.

pub(crate) mod amendment;
mod client_counts;
mod record;
pub(crate) mod settings;

use std::sync::Arc;
use std::time::{Duration, Instant};

pub(crate) use client_counts::ClientCounts;
pub(crate) use record::{Evaluation, Mode, PolicyViolation, Verdict, hook_name};

use crate::app::App;
use crate::client_policies::ClientPolicies;
use crate::error::ErrorResponse;
use crate::ids;
use crate::metrics::Metrics;
use crate::registration::recording;
use crate::store::policies::Policy;
use crate::store::realms;
use crate::wasm::component::LoadedComponent;
use crate::wasm::contract::{
    Client, Condition, ConditionKind, ConfigEntry, ConfiguredPolicy, Context, Decision, Hook, RegistrationAuth,
    Violation,
};
use crate::wasm::facts::RealmOfCall;
use crate::wasm::policy_exports::Told;
use crate::wasm::policy_provider::PolicyProviderHandle;
use crate::wasm::provider::ProviderCall;
use crate::wasm::{ComponentSet, Failure, Wasm, WasmError};
pub(crate) use amendment::{Change, amend, difference, hide, named};

/// The provider type of Keycloak's components that are registration policies.
pub(crate) const PROVIDER_TYPE: &str = "org.keycloak.services.clientregistration.policy.ClientRegistrationPolicy";
/// Keys of a policy's configuration that belong to the host.
pub(crate) const HOST_KEYS: [&str; 2] = ["priority", "mode"];
/// Longest offending value that is shown.
pub(crate) const VALUE_LENGTH: usize = 255;

/// A refusal by policies.
#[derive(Debug)]
pub(crate) struct Refused {
    /// At least one, in the order in which the policies ran.
    pub(crate) violations: Vec<PolicyViolation>,
    /// Id of the decision record.
    pub(crate) decision: String,
}

impl Refused {
    /// Name of the policy that gives the text.
    pub(crate) fn policy(&self) -> &str {
        self.violations.first().map_or("", |violation| &violation.policy)
    }

    /// The error code.
    pub(crate) fn error(&self) -> &str {
        self.violations.first().and_then(|violation| violation.error.as_deref()).unwrap_or("insufficient_scope")
    }

    /// The text for the caller, as Keycloak words it.
    pub(crate) fn description(&self) -> Option<String> {
        let first = self.violations.first()?;
        (!first.message.is_empty()).then(|| {
            format!(
                "Policy '{}' rejected request to client-registration service. Details: {}",
                first.policy, first.message
            )
        })
    }
}

/// Why policies did not let a request through.
#[derive(Debug)]
pub(crate) enum PolicyError {
    /// They refuse it.
    Refused(Refused),
    /// They let it through, but what they make of the client cannot be stored.
    Amended(Refused),
    /// One of them has no answer; its name is for the caller, the rest went to the log.
    Failed {
        /// Name of the policy.
        policy: String,
        /// Name of the component that failed.
        component: String,
        /// Id of the decision record.
        decision: String,
    },
    /// The store or others have no answer, or the server has too much to do: it will pass.
    Other(ErrorResponse),
}

/// A condition of a policy, kept for the transaction that stores the client.
struct Conditional {
    condition: Condition,
    policy: Arc<Policy>,
    /// Index of what the policy said.
    evaluation: usize,
}

/// Policies that follow each other in the set and are asked in one call.
struct Run {
    /// Their component; `None`: it is not loaded.
    provider: Option<Arc<PolicyProviderHandle>>,
    /// At least one.
    policies: Vec<Arc<Policy>>,
    /// Its answer changes nothing.
    shadow: bool,
}

/// The policies of one request, and what they have said so far.
pub(crate) struct Policies {
    /// In running order.
    set: Vec<Arc<Policy>>,
    components: Arc<ComponentSet>,
    wasm: Wasm,
    metrics: Metrics,
    provider: ProviderCall,
    context: Context,
    /// The realm's client policies, which are asked before these.
    pub(crate) client_policies: ClientPolicies,
    /// Id of the decision record.
    pub(crate) decision: String,
    /// Every policy that was asked, in order.
    pub(crate) evaluations: Vec<Evaluation>,
    conditions: Vec<Conditional>,
    client_counts: ClientCounts,
    /// The conditions are looked at once more by the transaction that stores the client.
    pub(crate) decided_again: bool,
    /// Why the client is to be held, if a policy wants that.
    pub(crate) held: Option<String>,
    /// What is kept of a registration, so that it can be run again.
    pub(crate) recorded: Option<Vec<u8>>,
    /// The full client before the first policy amended it, without what policies do not see.
    unamended: Option<Box<Client>>,
}

/// The name of a set in the configuration (Keycloak: `subType`).
pub(crate) fn sub_type(auth: RegistrationAuth) -> &'static str {
    match auth {
        RegistrationAuth::Anonymous => "anonymous",
        RegistrationAuth::Authenticated => "authenticated",
    }
}

/// A stored policy as components see it.
pub(crate) fn configured(policy: &Policy) -> ConfiguredPolicy {
    ConfiguredPolicy {
        provider: policy.provider_id.clone(),
        name: policy.name.clone().unwrap_or_default(),
        config: policy
            .config
            .iter()
            .filter(|(name, values)| !HOST_KEYS.contains(&name.as_str()) && !values.is_empty())
            .map(|(name, values)| ConfigEntry { name: name.clone(), values: values.clone() })
            .collect(),
    }
}

/// Whether a policy is only watched: it is asked, and its answer changes nothing.
fn is_shadow(policy: &Policy) -> bool {
    policy.config.get("mode").is_some_and(|mode| mode.first().is_some_and(|mode| mode == "shadow"))
}

impl Policies {
    /// The policies of the realm's set that `context` names, and behind them those of the initial access token that the
    /// client came or comes with.
    pub(crate) fn of_realm(
        app: &App,
        provider: &ProviderCall,
        components: &Arc<ComponentSet>,
        context: Context,
        of_token: &[Arc<Policy>],
    ) -> Policies {
        let realm = &provider.call.realm;
        let name = sub_type(context.registration_auth);
        let of_set = |policy: &&Arc<Policy>| policy.sub_type == name;
        let set = realm.policies.iter().filter(of_set).chain(of_token).cloned().collect();
        Policies::new(app, provider, components, context, set)
    }

    /// These policies, in this order.
    pub(crate) fn new(
        app: &App,
        provider: &ProviderCall,
        components: &Arc<ComponentSet>,
        context: Context,
        set: Vec<Arc<Policy>>,
    ) -> Policies {
        let decision = ids::fresh();
        Policies {
            client_policies: ClientPolicies::new(provider, components, &decision, || context.clone()),
            set,
            components: Arc::clone(components),
            wasm: app.wasm.clone(),
            metrics: app.metrics.clone(),
            provider: provider.clone(),
            context,
            decision,
            evaluations: Vec::new(),
            conditions: Vec::new(),
            client_counts: app.client_counts.clone(),
            decided_again: false,
            held: None,
            recorded: None,
            unamended: None,
        }
    }

    /// What the policies are told about the request.
    pub(crate) fn context(&self) -> &Context {
        &self.context
    }

    /// Keeps what a registration asks for, before anything changes it.
    pub(crate) fn record_request(&mut self, requested: &mut Client) {
        let call = &self.provider.call;
        let of_token = self.set.iter().filter(|policy| policy.sub_type.is_empty()).map(Arc::as_ref).collect();
        self.recorded = recording::encode(&self.context, &call.base_url, requested, of_token);
    }

    /// Web origins that the policies of this set allow to call from a browser.
    pub(crate) async fn allowed_origins(&self) -> Result<Vec<String>, WasmError> {
        let mut origins = Vec::new();
        for run in self.runs(|provider| provider.description.allows_origins) {
            let Some(provider) = &run.provider else {
                return Err(missing(&run.policies));
            };
            if run.shadow {
                continue;
            }
            let configured: Vec<_> = run.policies.iter().map(|policy| configured(policy)).collect();
            let allowed = provider.allowed_origins(&self.wasm.instances, self.call(), self.told(), &configured).await?;
            origins.extend(allowed);
        }
        Ok(origins)
    }

    /// Before a client is registered: `proposed` is as sent.
    pub(crate) async fn before_register(&mut self, proposed: &mut Client) -> Result<(), PolicyError> {
        self.run(Hook::BeforeRegister, Some(proposed), None).await
    }

    /// Before a registered client is stored: policies may amend or hold it.
    pub(crate) async fn after_register(&mut self, client: &mut Client) -> Result<(), PolicyError> {
        self.run(Hook::AfterRegister, Some(client), None).await
    }

    /// Before a client is updated: `proposed` is as sent.
    pub(crate) async fn before_update(&mut self, proposed: &mut Client, stored: &Client) -> Result<(), PolicyError> {
        self.run(Hook::BeforeUpdate, Some(proposed), Some(stored)).await
    }

    /// Before an updated client is stored: policies may amend it.
    pub(crate) async fn after_update(&mut self, client: &mut Client, stored: &Client) -> Result<(), PolicyError> {
        self.run(Hook::AfterUpdate, Some(client), Some(stored)).await
    }

    /// Before a client is shown; where clients ask for themselves (Keycloak: `install`) also before its credentials are.
    pub(crate) async fn before_view(&mut self, stored: &Client) -> Result<(), PolicyError> {
        self.run(Hook::BeforeView, None, Some(stored)).await?;
        if self.provider.provider.description.client_authentication {
            self.run(Hook::BeforeInstall, None, Some(stored)).await?;
        }
        Ok(())
    }

    /// Before a client is deleted.
    pub(crate) async fn before_delete(&mut self, stored: &Client) -> Result<(), PolicyError> {
        self.run(Hook::BeforeDelete, None, Some(stored)).await
    }

    /// The full client as it was before policies amended it, if they did; `client` is what they made of it.
    pub(crate) fn take_unamended(&mut self, client: &Client) -> Option<Client> {
        let mut before = *self.unamended.take()?;
        // Both are as they were: policies have not seen them.
        let mut seen = client.clone();
        hide(&mut seen).reveal(&mut before);
        Some(before)
    }

    /// Limits on the number of clients that the transaction must find kept, in the order of the conditions.
    pub(crate) fn client_limits(&self) -> Vec<u32> {
        self.conditions
            .iter()
            .map(|conditional| match conditional.condition.kind {
                ConditionKind::ClientCountBelow(limit) => limit,
            })
            .collect()
    }

    /// The refusal when the transaction found that a condition does not hold any more.
    pub(crate) async fn condition_lost(&mut self, index: usize) -> Option<Refused> {
        self.client_counts.forget(&self.provider.call.realm.id);
        let conditional = self.conditions.get(index)?;
        let violation = self.shown(&conditional.policy, conditional.condition.otherwise.clone()).await;
        if let Some(evaluation) = self.evaluations.get_mut(conditional.evaluation) {
            evaluation.verdict = Verdict::Reject;
            evaluation.violations.push(violation.clone());
        }
        Some(Refused { violations: vec![violation], decision: self.decision.clone() })
    }

    fn told(&self) -> Told<'_> {
        Told { context: &self.context, decision: &self.decision }
    }

    fn call(&self) -> RealmOfCall {
        self.provider.call.clone()
    }

    /// The policies that are wanted, in runs that are asked in one call each. A watched policy runs alone, so that its
    /// answer can be left out; one that is not loaded is always wanted, as nobody knows what it would say.
    fn runs(&self, wanted: impl Fn(&PolicyProviderHandle) -> bool) -> Vec<Run> {
        let mut runs: Vec<Run> = Vec::new();
        for policy in &self.set {
            let provider = self.components.policy_provider(&policy.provider_id);
            if provider.is_some_and(|provider| !wanted(provider)) {
                continue;
            }
            let shadow = is_shadow(policy);
            let same = |run: &&mut Run| match (&run.provider, provider) {
                (Some(last), Some(next)) => Arc::ptr_eq(&last.component, &next.component) && !run.shadow && !shadow,
                _ => false,
            };
            match runs.last_mut().filter(same) {
                Some(run) => run.policies.push(Arc::clone(policy)),
                None => runs.push(Run { provider: provider.cloned(), policies: vec![Arc::clone(policy)], shadow }),
            }
        }
        runs
    }

    /// Asks the policies that want this hook and collects what they object to.
    async fn run(
        &mut self,
        hook: Hook,
        mut proposed: Option<&mut Client>,
        stored: Option<&Client>,
    ) -> Result<(), PolicyError> {
        let runs = self.runs(|provider| provider.description.hooks.contains(&hook));
        if runs.is_empty() {
            return Ok(());
        }
        // Policies see neither the secret nor the private key.
        let hidden = proposed.as_deref_mut().map(hide);
        let seen = stored.map(|stored| {
            let mut seen = stored.clone();
            hide(&mut seen);
            seen
        });
        let mut violations = Vec::new();
        let mut outcome = Ok(());
        for run in &runs {
            // Boxed, as the largest part of what a request is while it waits.
            outcome = Box::pin(self.ask(hook, run, proposed.as_deref_mut(), seen.as_ref(), &mut violations)).await;
            if outcome.is_err() {
                break;
            }
        }
        if let (Some(client), Some(hidden)) = (proposed, hidden) {
            hidden.reveal(client);
        }
        outcome?;
        if violations.is_empty() {
            return self.call().known().map_err(|error| self.failed(None, error));
        }
        Err(PolicyError::Refused(Refused { violations, decision: self.decision.clone() }))
    }

    /// One call of a component, and what its decisions mean.
    async fn ask(
        &mut self,
        hook: Hook,
        run: &Run,
        mut proposed: Option<&mut Client>,
        stored: Option<&Client>,
        violations: &mut Vec<PolicyViolation>,
    ) -> Result<(), PolicyError> {
        let configured: Vec<_> = run.policies.iter().map(|policy| configured(policy)).collect();
        let watched = self.watch(hook, run, (proposed.as_deref(), stored), &configured).await;
        let began = Instant::now();
        let decisions = match &run.provider {
            Some(provider) => {
                let clients = (proposed.as_deref(), stored);
                let call = if run.shadow { self.call().watched() } else { self.call() };
                provider.evaluate(&self.wasm.instances, call, hook, self.told(), clients, &configured).await
            }
            None => Err(missing(&run.policies)),
        };
        let micros = share(began, run.policies.len());
        let decisions = match decisions {
            Ok(decisions) => decisions,
            Err(error) if run.shadow => {
                tracing::warn!(%error, "a watched policy failed");
                return Ok(());
            }
            Err(error) => {
                if let (Some(_), Some(policy)) = (&run.provider, run.policies.first()) {
                    self.metrics.decided(&policy.provider_id, "none", began.elapsed());
                }
                return Err(self.failed(run.policies.first(), error));
            }
        };
        // Without a provider there are no decisions.
        let Some(component) = run.provider.as_ref().map(|provider| Arc::clone(&provider.component)) else {
            return Ok(());
        };
        for (policy, decision) in run.policies.iter().zip(decisions) {
            let mode = if run.shadow { Mode::Shadow } else { Mode::Enforce };
            let mut evaluation = Evaluation::of(policy, component.label(), mode, hook, micros);
            if run.shadow {
                // A watched policy judges a copy.
                let mut copy = proposed.as_deref().cloned();
                let (conditions, held) = (self.conditions.len(), self.held.clone());
                let outcome = self.decided(&component, hook, policy, decision, copy.as_mut(), &mut evaluation).await;
                self.conditions.truncate(conditions);
                self.held = held;
                if let Err(error) = outcome {
                    tracing::warn!(?error, "a watched policy failed");
                }
            } else {
                if let (Decision::Amend(_), Some(client)) = (&decision, proposed.as_deref()) {
                    self.unamended.get_or_insert_with(|| Box::new(client.clone()));
                }
                let proposed = proposed.as_deref_mut();
                self.decided(&component, hook, policy, decision, proposed, &mut evaluation).await?;
                self.metrics.decided(&policy.provider_id, evaluation.verdict.name(), Duration::from_micros(micros));
                violations.extend(evaluation.violations.iter().cloned());
            }
            if evaluation.verdict == Verdict::Reject && !run.shadow {
                component.figures.refused();
            }
            self.evaluations.push(evaluation);
        }
        self.evaluations.extend(watched);
        Ok(())
    }

    /// What the watched version of a component says to the same question about the policies that it offers too. Nothing
    /// comes of it.
    async fn watch(
        &mut self,
        hook: Hook,
        run: &Run,
        (proposed, stored): (Option<&Client>, Option<&Client>),
        configured: &[ConfiguredPolicy],
    ) -> Vec<Evaluation> {
        let watched = |policy: &Policy| {
            let shadow = self.components.shadow(&policy.provider_id)?;
            shadow.description.hooks.contains(&hook).then_some(shadow)
        };
        let Some(shadow) = run.policies.iter().find_map(|policy| watched(policy)).map(Arc::clone) else {
            return Vec::new();
        };
        let asked = run.policies.iter().zip(configured).filter(|(policy, _)| watched(policy).is_some());
        let (policies, configured): (Vec<_>, Vec<_>) = asked.map(|(policy, one)| (policy, one.clone())).unzip();
        let began = Instant::now();
        let clients = (proposed, stored);
        let call = self.call().watched();
        let answer = shadow.evaluate(&self.wasm.instances, call, hook, self.told(), clients, &configured).await;
        let micros = share(began, policies.len());
        let decisions = match answer {
            Ok(decisions) => decisions,
            Err(error) => {
                tracing::warn!(%error, "a watched version failed");
                return Vec::new();
            }
        };
        let (conditions, held) = (self.conditions.len(), self.held.clone());
        let mut seen = proposed.cloned();
        let mut evaluations = Vec::with_capacity(decisions.len());
        for (policy, decision) in policies.into_iter().zip(decisions) {
            let mut evaluation = Evaluation::of(policy, shadow.component.label(), Mode::Shadow, hook, micros);
            let component = &shadow.component;
            match self.decided(component, hook, policy, decision, seen.as_mut(), &mut evaluation).await {
                Ok(()) => evaluations.push(evaluation),
                Err(error) => tracing::warn!(?error, "a watched version failed"),
            }
        }
        self.conditions.truncate(conditions);
        self.held = held;
        evaluations
    }

    /// Carries out one decision of a component.
    async fn decided(
        &mut self,
        component: &LoadedComponent,
        hook: Hook,
        policy: &Arc<Policy>,
        decision: Decision,
        proposed: Option<&mut Client>,
        evaluation: &mut Evaluation,
    ) -> Result<(), PolicyError> {
        match decision {
            Decision::Accept(conditions) => {
                for condition in conditions {
                    if self.holds(&condition).await? {
                        // What the policy says here comes behind what was said before.
                        let evaluation = self.evaluations.len();
                        self.conditions.push(Conditional { condition, policy: Arc::clone(policy), evaluation });
                    } else {
                        evaluation.verdict = Verdict::Reject;
                        evaluation.violations.push(self.shown(policy, condition.otherwise).await);
                    }
                }
            }
            Decision::Amend(changes) => {
                let after = matches!(hook, Hook::AfterRegister | Hook::AfterUpdate);
                let Some(client) = proposed.filter(|_| after) else {
                    let error = component.nonsense("it amends in a hook that does not allow it");
                    return Err(self.failed(Some(policy), error));
                };
                evaluation.verdict = Verdict::Amend;
                evaluation.changes = match amend(client, changes) {
                    Ok(changes) => named(changes, &self.provider).await,
                    Err(field) => {
                        return Err(self.failed(Some(policy), component.nonsense(format!("it amends {field}"))));
                    }
                };
            }
            Decision::Hold(reason) => {
                if hook != Hook::AfterRegister {
                    let error = component.nonsense("it holds in a hook that does not allow it");
                    return Err(self.failed(Some(policy), error));
                }
                evaluation.verdict = Verdict::Hold;
                self.held.get_or_insert(reason);
            }
            Decision::Reject(objections) => {
                if objections.is_empty() {
                    return Err(self.failed(Some(policy), component.nonsense("it rejects without a violation")));
                }
                evaluation.verdict = Verdict::Reject;
                for objection in objections {
                    evaluation.violations.push(self.shown(policy, objection).await);
                }
            }
        }
        Ok(())
    }

    /// Whether a condition holds as of now, or a moment ago if the transaction decides once more.
    async fn holds(&self, condition: &Condition) -> Result<bool, PolicyError> {
        match condition.kind {
            ConditionKind::ClientCountBelow(limit) => {
                let realm_id = &self.provider.call.realm.id;
                if self.decided_again && self.client_counts.was_below(realm_id, limit) {
                    return Ok(true);
                }
                let count = realms::client_count(&self.wasm.database, realm_id)
                    .await
                    .map_err(|error| PolicyError::Other(error.into()))?;
                self.client_counts.counted(realm_id, count);
                Ok(count < u64::from(limit))
            }
        }
    }

    /// A violation as the caller sees it: with the policy's name, and the field under its name in the document.
    async fn shown(&self, policy: &Policy, violation: Violation) -> PolicyViolation {
        if let Some(hint) = &violation.hint {
            tracing::info!(decision = self.decision, policy = policy.name, hint, "a policy refused a request");
        }
        let field = match &violation.field {
            None => None,
            Some(field) => self.provider.document_name(field).await.unwrap_or_default(),
        };
        PolicyViolation {
            policy: policy.name.clone().unwrap_or_default(),
            provider: policy.provider_id.clone(),
            value: violation.value.filter(|_| field.is_some()).map(|value| value.chars().take(VALUE_LENGTH).collect()),
            field,
            message: violation.message,
            error: violation.error,
        }
    }

    fn failed(&self, policy: Option<&Arc<Policy>>, error: WasmError) -> PolicyError {
        if error.failure.is_passing() {
            return PolicyError::Other(error.into());
        }
        let policy = policy.and_then(|policy| policy.name.clone()).unwrap_or_default();
        tracing::error!(
            component = error.component,
            failure = %error.failure,
            detail = error.detail,
            policy,
            decision = self.decision,
            "a policy has no answer; the request is refused"
        );
        PolicyError::Failed { policy, component: error.component, decision: self.decision.clone() }
    }
}

/// The share of each of so many in the time since then, in microseconds.
fn share(began: Instant, of: usize) -> u64 {
    u64::try_from(began.elapsed().as_micros()).unwrap_or(u64::MAX) / of.max(1) as u64
}

/// The error of policies whose component is not loaded.
fn missing(policies: &[Arc<Policy>]) -> WasmError {
    let policy = policies.first();
    WasmError {
        component: policy.map(|policy| policy.provider_id.clone()).unwrap_or_default(),
        failure: Failure::Missing,
        detail: format!("policy {:?} needs it", policy.and_then(|policy| policy.name.clone()).unwrap_or_default()),
    }
}
