//! The realm's registration policies at work: which set applies, in which order they run, what they decide
//! (Keycloak: ClientRegistrationPolicyManager).
//!
//! Policies that follow each other and live in the same component are asked in one call. Every policy of a set runs;
//! the first violation gives the wire text. A policy that cannot answer refuses the request.

use std::sync::Arc;

use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::realm::Realm;
use crate::store::policies::PolicyRow;
use crate::store::realms;
use crate::wasm::contract::{
    Attribute, Client, Condition, ConditionKind, ConfigEntry, ConfiguredPolicy, Context, Decision, Hook,
    RegistrationAuth, Violation,
};
use crate::wasm::facts::RealmOfCall;
use crate::wasm::policy_provider::PolicyProviderHandle;
use crate::wasm::provider::ProviderCall;
use crate::wasm::{ComponentSet, Failure, Wasm, WasmError};
use crate::{app::App, error::ErrorResponse};

/// The provider type of Keycloak's components that are registration policies.
pub(crate) const PROVIDER_TYPE: &str = "org.keycloak.services.clientregistration.policy.ClientRegistrationPolicy";
/// Keys of a policy's configuration that belong to the host.
pub(crate) const HOST_KEYS: [&str; 2] = ["priority", "mode"];
/// Longest offending value that is shown.
const VALUE_LENGTH: usize = 255;
/// What no policy sees or changes, beside the secret.
const PRIVATE_KEY: &str = "saml.signing.private.key";

/// One objection of a policy, as the caller sees it.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct PolicyViolation {
    /// Name of the policy.
    policy: String,
    /// Which kind of policy.
    provider: String,
    /// Member of the document that is at fault, if one is.
    #[serde(skip_serializing_if = "Option::is_none")]
    field: Option<String>,
    /// Its offending value.
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<String>,
    /// What is not allowed.
    message: String,
    #[serde(skip)]
    error: Option<String>,
}

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
    /// One of them has no answer; its name is for the caller, the rest went to the log.
    Failed {
        /// Name of the policy.
        policy: String,
        /// Id of the decision record.
        decision: String,
    },
    /// The store has no answer.
    Other(ErrorResponse),
}

/// What a condition of a policy is about, kept for the transaction that stores the client.
pub(crate) struct Conditional {
    condition: Condition,
    policy: usize,
}

/// The policies of one request.
pub(crate) struct Policies {
    realm: Arc<Realm>,
    /// Indexes into the realm's policies, in running order.
    set: Vec<usize>,
    components: Arc<ComponentSet>,
    wasm: Wasm,
    provider: ProviderCall,
    call: RealmOfCall,
    context: Context,
    /// Id of the decision record.
    pub(crate) decision: String,
    conditions: Vec<Conditional>,
    /// Why the client is to be held, if a policy wants that.
    pub(crate) held: Option<String>,
}

/// The name of a set in the configuration (Keycloak: `subType`).
pub(crate) fn sub_type(auth: RegistrationAuth) -> &'static str {
    match auth {
        RegistrationAuth::Anonymous => "anonymous",
        RegistrationAuth::Authenticated => "authenticated",
    }
}

/// A stored policy as components see it.
pub(crate) fn configured(policy: &PolicyRow) -> ConfiguredPolicy {
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
fn is_shadow(policy: &PolicyRow) -> bool {
    policy.config.get("mode").is_some_and(|mode| mode.first().is_some_and(|mode| mode == "shadow"))
}

impl Policies {
    /// The policies of the set that `context` names.
    pub(crate) fn new(
        app: &App,
        provider: &ProviderCall,
        components: &Arc<ComponentSet>,
        context: Context,
    ) -> Policies {
        let realm = Arc::clone(&provider.call.realm);
        let name = sub_type(context.registration_auth);
        let of_set = |(_, policy): &(usize, &PolicyRow)| policy.sub_type == name && policy.parent_id == realm.id;
        let set = realm.policies.iter().enumerate().filter(of_set).map(|(index, _)| index).collect();
        Policies {
            set,
            components: Arc::clone(components),
            wasm: app.wasm.clone(),
            provider: provider.clone(),
            call: provider.call.clone(),
            context,
            decision: Uuid::new_v4().to_string(),
            conditions: Vec::new(),
            held: None,
            realm,
        }
    }

    /// Web origins that the policies of this set allow to call from a browser.
    pub(crate) async fn allowed_origins(&self) -> Result<Vec<String>, WasmError> {
        let mut origins = Vec::new();
        for (component, policies) in self.runs(|provider| provider.description.allows_origins) {
            let configured: Vec<_> = policies.iter().map(|index| configured(self.policy(*index))).collect();
            let component = component.map_err(|missing| self.missing(missing))?;
            origins.extend(
                component.allowed_origins(&self.wasm.instances, self.call.clone(), &self.context, &configured).await?,
            );
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

    /// Before a client is shown.
    pub(crate) async fn before_view(&mut self, stored: &Client) -> Result<(), PolicyError> {
        self.run(Hook::BeforeView, None, Some(stored)).await
    }

    /// Before a client is deleted.
    pub(crate) async fn before_delete(&mut self, stored: &Client) -> Result<(), PolicyError> {
        self.run(Hook::BeforeDelete, None, Some(stored)).await
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
    pub(crate) async fn condition_lost(&self, index: usize) -> Option<Refused> {
        let conditional = self.conditions.get(index)?;
        let violation = self.shown(conditional.policy, conditional.condition.otherwise.clone()).await;
        Some(Refused { violations: vec![violation], decision: self.decision.clone() })
    }

    fn policy(&self, index: usize) -> &PolicyRow {
        &self.realm.policies[index]
    }

    fn name(&self, index: usize) -> String {
        self.policy(index).name.clone().unwrap_or_default()
    }

    /// Runs of policies that follow each other in the set, are of the same component, and are wanted. An error is the
    /// index of a policy whose provider is not loaded.
    #[expect(clippy::type_complexity, reason = "read by two callers right here")]
    fn runs(
        &self,
        wanted: impl Fn(&PolicyProviderHandle) -> bool,
    ) -> Vec<(Result<&Arc<PolicyProviderHandle>, usize>, Vec<usize>)> {
        let mut runs: Vec<(Result<&Arc<PolicyProviderHandle>, usize>, Vec<usize>)> = Vec::new();
        for &index in &self.set {
            let policy = self.policy(index);
            let provider = self.components.policy_provider(&policy.provider_id).ok_or(index);
            if provider.is_ok_and(|provider| !wanted(provider)) {
                continue;
            }
            // A watched policy runs alone, so that its answer can be left out.
            match (runs.last_mut(), &provider) {
                (Some((Ok(last), policies)), Ok(next))
                    if Arc::ptr_eq(&last.component, &next.component)
                        && !is_shadow(policy)
                        && policies.last().is_some_and(|last| !is_shadow(&self.realm.policies[*last])) =>
                {
                    policies.push(index);
                }
                _ => runs.push((provider, vec![index])),
            }
        }
        runs
    }

    fn missing(&self, index: usize) -> WasmError {
        WasmError {
            component: self.policy(index).provider_id.clone(),
            failure: Failure::Missing,
            detail: format!("policy {:?} needs it", self.name(index)),
        }
    }

    /// Asks the policies that want this hook and collects what they object to.
    async fn run(
        &mut self,
        hook: Hook,
        mut proposed: Option<&mut Client>,
        stored: Option<&Client>,
    ) -> Result<(), PolicyError> {
        let runs: Vec<(Result<Arc<PolicyProviderHandle>, usize>, Vec<usize>)> = self
            .runs(|provider| provider.description.hooks.contains(&hook))
            .into_iter()
            .map(|(provider, policies)| (provider.cloned(), policies))
            .collect();
        if runs.is_empty() {
            return Ok(());
        }
        // Policies see neither the secret nor the private key.
        let hidden = proposed.as_deref_mut().map(hide);
        let seen_stored = stored.map(|stored| {
            let mut seen = stored.clone();
            hide(&mut seen);
            seen
        });
        let outcome = self.ask(hook, &runs, proposed.as_deref_mut(), seen_stored.as_ref()).await;
        if let (Some(client), Some(hidden)) = (proposed, hidden) {
            hidden.reveal(client);
        }
        let violations = outcome?;
        if violations.is_empty() {
            return Ok(());
        }
        Err(PolicyError::Refused(Refused { violations, decision: self.decision.clone() }))
    }

    async fn ask(
        &mut self,
        hook: Hook,
        runs: &[(Result<Arc<PolicyProviderHandle>, usize>, Vec<usize>)],
        mut proposed: Option<&mut Client>,
        stored: Option<&Client>,
    ) -> Result<Vec<PolicyViolation>, PolicyError> {
        let mut violations = Vec::new();
        for (provider, policies) in runs {
            let provider = match provider {
                Ok(provider) => provider,
                Err(index) => return Err(self.failed(*index, self.missing(*index))),
            };
            let configured: Vec<_> = policies.iter().map(|index| configured(self.policy(*index))).collect();
            let call = self.call.clone();
            let clients = (proposed.as_deref(), stored);
            let decisions =
                provider.evaluate(&self.wasm.instances, call, hook, &self.context, clients, &configured).await;
            let shadow = policies.first().is_some_and(|index| is_shadow(self.policy(*index)));
            if shadow {
                if let Err(error) = decisions {
                    tracing::warn!(%error, "a watched policy failed");
                }
                continue;
            }
            let first = policies.first().copied().unwrap_or_default();
            let decisions = decisions.map_err(|error| self.failed(first, error))?;
            for (index, decision) in policies.iter().zip(decisions) {
                self.decided(hook, *index, decision, proposed.as_deref_mut(), &mut violations).await?;
            }
        }
        Ok(violations)
    }

    /// Carries out one decision.
    async fn decided(
        &mut self,
        hook: Hook,
        index: usize,
        decision: Decision,
        proposed: Option<&mut Client>,
        violations: &mut Vec<PolicyViolation>,
    ) -> Result<(), PolicyError> {
        let nonsense = |detail: &str| WasmError {
            component: self.policy(index).provider_id.clone(),
            failure: Failure::Nonsense,
            detail: detail.to_owned(),
        };
        match decision {
            Decision::Accept(conditions) => {
                for condition in conditions {
                    if self.holds(&condition).await? {
                        self.conditions.push(Conditional { condition, policy: index });
                    } else {
                        violations.push(self.shown(index, condition.otherwise).await);
                    }
                }
            }
            Decision::Amend(changes) => {
                let after = matches!(hook, Hook::AfterRegister | Hook::AfterUpdate);
                let Some(client) = proposed.filter(|_| after) else {
                    return Err(self.failed(index, nonsense("it amends in a hook that does not allow it")));
                };
                if let Err(field) = amend(client, changes) {
                    return Err(self.failed(index, nonsense(&format!("it amends {field}"))));
                }
            }
            Decision::Hold(reason) => {
                if hook != Hook::AfterRegister {
                    return Err(self.failed(index, nonsense("it holds in a hook that does not allow it")));
                }
                self.held.get_or_insert(reason);
            }
            Decision::Reject(objections) => {
                if objections.is_empty() {
                    return Err(self.failed(index, nonsense("it rejects without a violation")));
                }
                for objection in objections {
                    violations.push(self.shown(index, objection).await);
                }
            }
        }
        Ok(())
    }

    /// Whether a condition holds as of now; the transaction decides once more.
    async fn holds(&self, condition: &Condition) -> Result<bool, PolicyError> {
        match condition.kind {
            ConditionKind::ClientCountBelow(limit) => {
                let count = realms::client_count(&self.wasm.database, &self.realm.id)
                    .await
                    .map_err(|error| PolicyError::Other(error.into()))?;
                Ok(count < u64::from(limit))
            }
        }
    }

    /// A violation as the caller sees it: with the policy's name, and the field under its name in the document.
    async fn shown(&self, index: usize, violation: Violation) -> PolicyViolation {
        let policy = self.policy(index);
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

    fn failed(&self, index: usize, error: WasmError) -> PolicyError {
        let policy = self.name(index);
        tracing::error!(
            component = error.component,
            failure = %error.failure,
            detail = error.detail,
            policy,
            decision = self.decision,
            "a policy has no answer; the request is refused"
        );
        PolicyError::Failed { policy, decision: self.decision.clone() }
    }
}

/// What a client has that policies don't see.
struct Hidden {
    secret: Option<String>,
    private_key: Option<(usize, Attribute)>,
}

/// Takes the secret and the private key out of a client.
fn hide(client: &mut Client) -> Hidden {
    let at = client.attributes.iter().position(|attribute| attribute.name == PRIVATE_KEY);
    Hidden { secret: client.secret.take(), private_key: at.map(|at| (at, client.attributes.remove(at))) }
}

impl Hidden {
    /// Puts back what was taken out.
    fn reveal(self, client: &mut Client) {
        client.secret = self.secret;
        if let Some((at, attribute)) = self.private_key {
            client.attributes.insert(at.min(client.attributes.len()), attribute);
        }
    }
}

/// Carries out an amendment: present fields replace, attributes are merged. An error is the field that policies may not
/// change.
fn amend(client: &mut Client, changes: Client) -> Result<(), &'static str> {
    if changes.id.is_some() {
        return Err("id");
    }
    if changes.client_id.is_some() {
        return Err("client-id");
    }
    if changes.secret.is_some() {
        return Err("secret");
    }
    if changes.attributes.iter().any(|attribute| attribute.name == PRIVATE_KEY || attribute.name == "realm_client") {
        return Err("attributes");
    }
    macro_rules! replace {
        ($($field:ident),* $(,)?) => { $(if changes.$field.is_some() { client.$field = changes.$field; })* };
    }
    replace!(
        name,
        description,
        type_,
        protocol,
        enabled,
        always_display_in_console,
        surrogate_auth_required,
        root_url,
        base_url,
        admin_url,
        redirect_uris,
        web_origins,
        public_client,
        bearer_only,
        client_authenticator_type,
        consent_required,
        full_scope_allowed,
        standard_flow_enabled,
        implicit_flow_enabled,
        direct_access_grants_enabled,
        service_accounts_enabled,
        authorization_services_enabled,
        frontchannel_logout,
        default_client_scopes,
        optional_client_scopes,
        protocol_mappers,
        default_roles,
        not_before,
        node_re_registration_timeout,
        authorization_settings,
    );
    merge(&mut client.attributes, changes.attributes, true);
    if let Some(nodes) = changes.registered_nodes {
        merge(client.registered_nodes.get_or_insert_default(), nodes, false);
    }
    if let Some(flows) = changes.authentication_flow_binding_overrides {
        merge(client.authentication_flow_binding_overrides.get_or_insert_default(), flows, false);
    }
    Ok(())
}

/// Merges entries by name; an empty value removes the entry where that is the rule.
fn merge(into: &mut Vec<Attribute>, changes: Vec<Attribute>, empty_removes: bool) {
    for change in changes {
        if change.value.is_empty() && empty_removes {
            into.retain(|entry| entry.name != change.name);
        } else if let Some(entry) = into.iter_mut().find(|entry| entry.name == change.name) {
            entry.value = change.value;
        } else {
            into.push(change);
        }
    }
}
