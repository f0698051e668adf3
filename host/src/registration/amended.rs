//! What policies made of a full client, checked and completed as a request for the same changes would be.

use matricula_contract::{Completed, Violation};
use matricula_wasm::provider::ProviderCall;

use super::{Exchange, Refusal, issue, name_mappers};
use crate::policies::{Mode, Policies, PolicyError, PolicyViolation, Refused, VALUE_LENGTH, Verdict, difference};

/// The provider whose updates say the same as an amendment: what is named is replaced.
const PROVIDER: &str = "default";

/// Settles a client that policies have amended: a text that is too long, twin mappers or an unknown flow are refused, a
/// service account gets its user, new mappers their ids.
///
/// # Errors
/// The refusal that names the policy and the member.
pub(super) async fn settle(
    exchange: &Exchange,
    policies: &mut Policies,
    completed: &mut Completed,
) -> Result<(), Refusal> {
    let Some(before) = policies.take_unamended(&completed.client) else { return Ok(()) };
    let mut changes = difference(&before, &completed.client);
    if changes.protocol.is_some() && exchange.provider.provider.description.protocol.is_some() {
        let message = "a client of another protocol is registered elsewhere".to_owned();
        return Err(refused(exchange, policies, vec![about("protocol", message)]).await);
    }
    // Neither is made anew because of something else.
    changes.web_origins.clone_from(&completed.client.web_origins);
    changes.secret.clone_from(&completed.client.secret);
    let components = &exchange.components;
    let provider = components.provider(PROVIDER).unwrap_or(&exchange.provider.provider);
    let provider = ProviderCall { provider: provider.clone(), ..exchange.provider.clone() };
    match provider.complete(&changes, Some(&before), &issue()).await? {
        Ok(amended) => {
            completed.client = amended.client;
            completed.effects.extend(amended.effects);
            name_mappers(&mut completed.client);
            Ok(())
        }
        Err(violations) => Err(refused(exchange, policies, violations).await),
    }
}

fn about(field: &str, message: String) -> Violation {
    Violation { error: None, field: Some(field.to_owned()), value: None, message, hint: None }
}

/// 400 in the name of the policy that changed the field last, else of the last one that changed anything.
async fn refused(exchange: &Exchange, policies: &mut Policies, violations: Vec<Violation>) -> Refusal {
    let mut shown = Vec::with_capacity(violations.len());
    for violation in violations {
        let field = match &violation.field {
            Some(field) => exchange.provider.document_name(field).await.unwrap_or_default(),
            None => None,
        };
        let amendments = || {
            policies.evaluations.iter().rev().filter(|one| one.mode == Mode::Enforce && one.verdict == Verdict::Amend)
        };
        let of_field = amendments().find(|one| one.changes.iter().any(|change| Some(&change.field) == field.as_ref()));
        let (policy, provider) = of_field
            .or_else(|| amendments().next())
            .map_or_else(Default::default, |one| (one.name.clone(), one.provider.clone()));
        let cut = |value: String| value.chars().take(VALUE_LENGTH).collect();
        let error = violation.error.or_else(|| Some("invalid_client_metadata".to_owned()));
        shown.push(PolicyViolation {
            target: None,
            policy,
            provider,
            field,
            value: violation.value.map(cut),
            message: violation.message,
            hint: None,
            error,
        });
    }
    let refused = Refused { violations: shown, concerns_metadata: true, decision: policies.decision.clone() };
    exchange.refused(PolicyError::Amended(refused), policies)
}
