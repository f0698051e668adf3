//! The realm's registration policies at work: which set applies, in which order they run, what they decide
//! (Keycloak: ClientRegistrationPolicyManager).
//!
//! Policies that follow each other and live in the same component are asked in one call. Every policy of a set runs;
//! the first violation gives the wire text. A policy that cannot answer refuses the request.

pub(crate) mod amendment;
mod client_counts;
mod record;
pub(crate) mod settings;

use std::ops::Range;
use std::sync::Arc;
use std::time::{Duration, Instant};

use matricula_contract::names::{HOST_KEYS, hook_name};
use matricula_contract::{
    Client, Condition, ConditionKind, ConfigEntry, ConfiguredPolicy, Context, Decision, Hook, RegistrationAuth,
    Violation,
};
use matricula_store::policies::{OfToken, Policy};
use matricula_store::{Database, realms};
use matricula_system::ids;
use matricula_wasm::component::{CONTRACT, LoadedComponent};
use matricula_wasm::facts::RealmOfCall;
use matricula_wasm::instances::Instances;
use matricula_wasm::no_answer::{NoAnswer, Unanswered};
use matricula_wasm::policy_exports::Told;
use matricula_wasm::policy_provider::PolicyProviderHandle;
use matricula_wasm::provider::ProviderCall;
use matricula_wasm::{ComponentSet, Failure, WasmError, WatchedVersion};

pub(crate) use client_counts::ClientCounts;
pub(crate) use record::{Evaluation, Mode, PolicyViolation, TokenOfPolicy, Verdict};

use crate::app::App;
use crate::client_policies::ClientPolicies;
use crate::error::ErrorResponse;
use crate::metrics::Metrics;
use crate::registration::watch::Seen;
use crate::registration::{Exchange, recording};
use crate::targets::review::Reviewed;
pub(crate) use amendment::{Change, amend, difference, hide, named};

/// The provider type of Keycloak's components that are registration policies.
pub(crate) const PROVIDER_TYPE: &str = "org.keycloak.services.clientregistration.policy.ClientRegistrationPolicy";
/// Error codes about the metadata of a client (RFC 7591 §3.2.2).
const REGISTRATION_ERRORS: [&str; 4] =
    ["invalid_redirect_uri", "invalid_client_metadata", "invalid_software_statement", "unapproved_software_statement"];
/// Longest offending value that is shown.
pub(crate) const VALUE_LENGTH: usize = 255;

/// A refusal by policies.
#[derive(Debug)]
pub(crate) struct Refused {
    /// At least one, in the order in which the policies ran.
    pub(crate) violations: Vec<PolicyViolation>,
    /// The first of them says, under a code for it, what is wrong with the metadata: 400.
    pub(crate) concerns_metadata: bool,
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
    /// One of them has no answer; its name is for the caller, the rest went to log and record.
    Failed(Box<Failed>),
    /// The store or others have no answer, or the server has too much to do: it will pass.
    Other(ErrorResponse),
}

/// A policy without an answer.
#[derive(Debug)]
pub(crate) struct Failed {
    /// Name of the policy or client policy.
    pub(crate) policy: String,
    /// Name of the component that failed.
    pub(crate) component: String,
    /// Id of the decision record.
    pub(crate) decision: String,
    /// For the record.
    pub(crate) unanswered: Unanswered,
}

/// Why a decision was not carried out.
enum Undecided {
    /// It makes no sense.
    Nonsense(String),
    /// The store has no answer.
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
    /// The initial access token that those of no set came with.
    token: Option<TokenOfPolicy>,
    components: Arc<ComponentSet>,
    database: Database,
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
    /// What versions that are only watched say to the request.
    pub(crate) watched: Vec<Seen>,
    /// What the targets say of the client.
    pub(crate) targets: Vec<Reviewed>,
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
        of_token: OfToken<'_>,
    ) -> Policies {
        let realm = &provider.call.realm;
        let name = sub_type(context.registration_auth);
        let of_set = |policy: &&Arc<Policy>| policy.sub_type == name;
        let set = realm.policies.iter().filter(of_set).chain(of_token.policies).cloned().collect();
        let token = (!of_token.policies.is_empty() && !of_token.id.is_empty())
            .then(|| TokenOfPolicy { id: of_token.id.to_owned(), name: of_token.name.map(str::to_owned) });
        Policies { token, ..Policies::new(app, provider, components, context, set) }
    }

    /// The same, to go through the same request where other components decide.
    pub(crate) fn again(&self, exchange: &Exchange) -> Policies {
        let Exchange { app, provider, components, .. } = exchange;
        let context = self.context.clone();
        let client_policies = ClientPolicies::new(provider, components, &self.decision, || context.clone());
        Policies {
            token: self.token.clone(),
            decision: self.decision.clone(),
            client_policies,
            ..Policies::new(app, provider, components, context.clone(), self.set.clone())
        }
    }

    /// Whether the request concerns a component, by what it offers or would offer.
    pub(crate) fn concern(&self, version: &WatchedVersion) -> bool {
        let ids = &version.ids;
        ids.contains(self.provider.id())
            || self.set.iter().any(|policy| ids.contains(&policy.provider_id))
            || self.client_policies.concern(ids)
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
            token: None,
            components: Arc::clone(components),
            database: app.wasm.database.clone(),
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
            watched: Vec::new(),
            targets: Vec::new(),
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
    pub(crate) async fn allowed_origins(&mut self) -> Result<Vec<String>, PolicyError> {
        const STEP: &str = "allowed-origins";
        let mut origins = Vec::new();
        for run in self.runs(|provider| provider.description.allows_origins) {
            if run.shadow {
                continue;
            }
            let configured: Vec<_> = run.policies.iter().map(|policy| configured(policy)).collect();
            let began = Instant::now();
            let allowed = match &run.provider {
                Some(provider) => {
                    provider.allowed_origins(self.instances(), self.call(), self.told(), &configured).await
                }
                None => Err(missing(&run.policies)),
            };
            match allowed {
                Ok(allowed) => origins.extend(allowed),
                Err(error) => {
                    let micros = share(began, run.policies.len());
                    let all = 0..run.policies.len();
                    return Err(self.unanswered(STEP, &run, all, error, micros));
                }
            }
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
        // What watched versions said was beside another outcome.
        self.watched.clear();
        let conditional = self.conditions.get(index)?;
        let violation = self.shown(&conditional.policy, conditional.condition.otherwise.clone()).await;
        if let Some(evaluation) = self.evaluations.get_mut(conditional.evaluation) {
            evaluation.verdict = Verdict::Reject;
            evaluation.violations.push(violation.clone());
        }
        Some(self.refused(vec![violation.told()]))
    }

    /// The way to call components on behalf of this request.
    fn instances(&self) -> &Instances {
        &self.provider.instances
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
            return self.call().known().map_err(|error| PolicyError::Other(error.into()));
        }
        Err(PolicyError::Refused(self.refused(violations)))
    }

    /// The refusal for these violations.
    fn refused(&self, violations: Vec<PolicyViolation>) -> Refused {
        let concerns_metadata = violations.first().is_some_and(|first| {
            let is_registration_error = |error: &str| REGISTRATION_ERRORS.contains(&error);
            first.error.as_deref().is_some_and(is_registration_error) && self.is_of_next_contract(&first.provider)
        });
        Refused { violations, concerns_metadata, decision: self.decision.clone() }
    }

    /// Whether a kind of policy is of 0.2.0, which lets it amend requests and refuse them with 400.
    fn is_of_next_contract(&self, provider_id: &str) -> bool {
        self.components.policy_provider(provider_id).is_some_and(|kind| kind.component.contract != CONTRACT)
    }

    /// Whether a policy may amend at this hook: before the client is full it would change the request.
    fn may_amend(&self, hook: Hook, policy: &Policy) -> bool {
        is_about_full_client(hook)
            || matches!(hook, Hook::BeforeRegister | Hook::BeforeUpdate)
                && self.is_of_next_contract(&policy.provider_id)
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
        let began = Instant::now();
        let clients = (proposed.as_deref(), stored);
        let decisions = match &run.provider {
            Some(provider) => {
                let call = if run.shadow { self.call().watched() } else { self.call() };
                provider.evaluate(self.instances(), call, hook, self.told(), clients, &configured).await
            }
            None => Err(missing(&run.policies)),
        };
        let micros = share(began, run.policies.len());
        let decisions = match decisions {
            Ok(decisions) => decisions,
            Err(error) => {
                let failing = self.failing(hook, run, clients, &configured, &error).await;
                let failed = self.unanswered(hook_name(hook), run, failing, error, micros);
                return if run.shadow { Ok(()) } else { Err(failed) };
            }
        };
        for (index, (policy, decision)) in run.policies.iter().zip(decisions).enumerate() {
            let mut evaluation = self.evaluation(hook_name(hook), run, policy, micros);
            let decided = if run.shadow {
                // A watched policy judges a copy.
                let mut copy = proposed.as_deref().cloned();
                let (conditions, held) = (self.conditions.len(), self.held.clone());
                let decided = self.decided(hook, policy, decision, copy.as_mut(), &mut evaluation).await;
                self.conditions.truncate(conditions);
                self.held = held;
                decided
            } else {
                if is_about_full_client(hook)
                    && let (Decision::Amend(_), Some(client)) = (&decision, proposed.as_deref())
                {
                    self.unamended.get_or_insert_with(|| Box::new(client.clone()));
                }
                self.decided(hook, policy, decision, proposed.as_deref_mut(), &mut evaluation).await
            };
            match decided {
                Ok(()) => {}
                Err(Undecided::Nonsense(detail)) => {
                    let error = self.nonsense(run, detail);
                    let failed = self.unanswered(hook_name(hook), run, index..index + 1, error, micros);
                    if run.shadow {
                        continue;
                    }
                    return Err(failed);
                }
                Err(Undecided::Other(_)) if run.shadow => continue,
                Err(Undecided::Other(response)) => return Err(PolicyError::Other(response)),
            }
            if !run.shadow {
                violations.extend(evaluation.violations.iter().map(PolicyViolation::told));
                self.count(run, &evaluation);
            }
            self.evaluations.push(evaluation);
        }
        Ok(())
    }

    /// Counts what a policy said to a caller.
    fn count(&self, run: &Run, evaluation: &Evaluation) {
        if self.instances().is_trying() {
            return;
        }
        let took = Duration::from_micros(evaluation.micros);
        self.metrics.decided(&evaluation.provider, evaluation.verdict.name(), took);
        if let (Verdict::Reject, Some(provider)) = (evaluation.verdict, &run.provider) {
            provider.component.figures.refused();
        }
    }

    /// A policy that was asked and has not said anything yet.
    fn evaluation(&self, hook: &'static str, run: &Run, policy: &Policy, micros: u64) -> Evaluation {
        let provider = run.provider.as_ref();
        let version = self.components.policy_provider(&policy.provider_id).map(|kind| &kind.description.version);
        Evaluation {
            name: policy.name.clone().unwrap_or_default(),
            provider: policy.provider_id.clone(),
            component: provider.map(|provider| provider.component.label()).unwrap_or_default(),
            version: version.cloned().unwrap_or_default(),
            mode: if run.shadow { Mode::Shadow } else { Mode::Enforce },
            hook,
            verdict: Verdict::Accept,
            // Those of a set say which; those of a dry run came with no token.
            token: if policy.sub_type.is_empty() { self.token.clone() } else { None },
            reason: None,
            failure: None,
            violations: Vec::new(),
            changes: Vec::new(),
            micros,
        }
    }

    /// Which policies of a run the component has no answer for. They were asked in one call: to find out, each is asked
    /// alone, until one fails again. If none does, it is all of them together.
    async fn failing(
        &self,
        hook: Hook,
        run: &Run,
        (proposed, stored): (Option<&Client>, Option<&Client>),
        configured: &[ConfiguredPolicy],
        error: &WasmError,
    ) -> Range<usize> {
        let all = 0..run.policies.len();
        let several = run.policies.len() > 1 && error.failure.is_of_an_answer();
        let Some(provider) = run.provider.as_ref().filter(|_| several) else { return all };
        let instances = self.instances().trying();
        let mut seen = proposed.cloned();
        for (index, one) in configured.iter().enumerate() {
            let one = std::slice::from_ref(one);
            let clients = (seen.as_ref(), stored);
            match provider.evaluate(&instances, self.call().watched(), hook, self.told(), clients, one).await {
                Err(_) => return index..index + 1,
                Ok(decisions) => {
                    for decision in decisions {
                        if let (Decision::Amend(changes), Some(client)) = (decision, seen.as_mut()) {
                            // What cannot be carried out was no reason to fail.
                            let _ = amend(client, changes);
                        }
                    }
                }
            }
        }
        all
    }

    /// The error of a component whose answer makes no sense.
    fn nonsense(&self, run: &Run, detail: String) -> WasmError {
        match &run.provider {
            Some(provider) => self.instances().nonsense(&provider.component, detail),
            // Without a provider there are no decisions.
            None => missing(&run.policies),
        }
    }

    /// Records that these policies of a run have no answer, unless it will pass and no component is to blame. Gives the
    /// error that refuses the request, unless the run is only watched.
    fn unanswered(
        &mut self,
        step: &'static str,
        run: &Run,
        failing: Range<usize>,
        error: WasmError,
        micros: u64,
    ) -> PolicyError {
        if error.failure.is_passing() {
            return PolicyError::Other(error.into());
        }
        let component = run.provider.as_ref().map(|provider| &*provider.component);
        let failure = NoAnswer::new(&error, component);
        let failing = run.policies.get(failing).unwrap_or_default();
        for policy in failing {
            let mut evaluation = self.evaluation(step, run, policy, micros);
            evaluation.verdict = Verdict::Fail;
            evaluation.failure = Some(failure.clone());
            if !run.shadow && component.is_some() && !self.instances().is_trying() {
                self.metrics.decided(&policy.provider_id, "none", Duration::from_micros(micros));
            }
            self.evaluations.push(evaluation);
        }
        let (policy, provider) = failing.first().map_or_else(Default::default, |policy| {
            (policy.name.clone().unwrap_or_default(), policy.provider_id.clone())
        });
        let (decision, consequence) = (self.decision.as_str(), self.consequence(run.shadow));
        let WasmError { component: name, failure: way, detail } = &error;
        if run.shadow || self.instances().is_trying() {
            tracing::warn!(component = name, failure = %way, detail, policy, decision, "a policy has no answer; {consequence}");
        } else {
            tracing::error!(component = name, failure = %way, detail, policy, decision, "a policy has no answer; {consequence}");
        }
        let unanswered = Unanswered {
            step,
            policy: Some(policy.clone()),
            provider,
            component: component.map(LoadedComponent::label),
            failure,
        };
        if let Some(component) = component.filter(|_| !run.shadow && !self.instances().is_trying()) {
            component.failed_at(&self.context.realm, &self.decision, &unanswered);
        }
        PolicyError::Failed(Box::new(Failed {
            policy,
            component: name.clone(),
            decision: self.decision.clone(),
            unanswered,
        }))
    }

    /// What comes of a failure, for the log.
    fn consequence(&self, shadow: bool) -> &'static str {
        match (shadow, self.instances().is_trying()) {
            (_, true) => "nothing comes of it, as this was only tried",
            (true, false) => "nothing comes of it, as it is only watched",
            (false, false) => "the request is refused",
        }
    }

    /// Carries out one decision.
    async fn decided(
        &mut self,
        hook: Hook,
        policy: &Arc<Policy>,
        decision: Decision,
        proposed: Option<&mut Client>,
        evaluation: &mut Evaluation,
    ) -> Result<(), Undecided> {
        let nonsense = |detail: &str| Err(Undecided::Nonsense(detail.to_owned()));
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
                let Some(client) = proposed.filter(|_| self.may_amend(hook, policy)) else {
                    return nonsense("it amends in a hook that does not allow it");
                };
                // In a full client it is looked at later, with all that was amended.
                if !is_about_full_client(hook)
                    && changes.protocol.is_some()
                    && changes.protocol != client.protocol
                    && self.provider.provider.description.protocol.is_some()
                {
                    return nonsense("it amends protocol");
                }
                evaluation.verdict = Verdict::Amend;
                evaluation.changes = match amend(client, changes) {
                    Ok(changes) => named(changes, &self.provider).await,
                    Err(field) => return nonsense(&format!("it amends {field}")),
                };
            }
            Decision::Hold(reason) => {
                if hook != Hook::AfterRegister {
                    return nonsense("it holds in a hook that does not allow it");
                }
                evaluation.verdict = Verdict::Hold;
                evaluation.reason = Some(reason.clone());
                self.held.get_or_insert(reason);
            }
            Decision::Reject(objections) => {
                if objections.is_empty() {
                    return nonsense("it rejects without a violation");
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
    async fn holds(&self, condition: &Condition) -> Result<bool, Undecided> {
        match condition.kind {
            ConditionKind::ClientCountBelow(limit) => {
                let realm_id = &self.provider.call.realm.id;
                if self.decided_again && self.client_counts.was_below(realm_id, limit) {
                    return Ok(true);
                }
                let count = realms::client_count(&self.database, realm_id)
                    .await
                    .map_err(|error| Undecided::Other(error.into()))?;
                self.client_counts.counted(realm_id, count);
                Ok(count < u64::from(limit))
            }
        }
    }

    /// A violation as the caller sees it: with the policy's name, and the field under its name in the document.
    async fn shown(&self, policy: &Policy, violation: Violation) -> PolicyViolation {
        if let Some(hint) = violation.hint.as_ref().filter(|_| !self.instances().is_trying()) {
            tracing::info!(decision = self.decision, policy = policy.name, hint, "a policy refused a request");
        }
        let field = match &violation.field {
            None => None,
            Some(field) => self.provider.document_name(field).await.unwrap_or_default(),
        };
        PolicyViolation {
            target: None,
            policy: policy.name.clone().unwrap_or_default(),
            provider: policy.provider_id.clone(),
            value: violation.value.filter(|_| field.is_some()).map(|value| value.chars().take(VALUE_LENGTH).collect()),
            field,
            message: violation.message,
            hint: violation.hint,
            error: violation.error,
        }
    }
}

/// Whether the client of this hook is the one that is about to be stored.
fn is_about_full_client(hook: Hook) -> bool {
    matches!(hook, Hook::AfterRegister | Hook::AfterUpdate)
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
