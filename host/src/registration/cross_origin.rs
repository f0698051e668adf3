//! Cross-origin requests of the providers that take part.

use axum::http::{HeaderValue, StatusCode};
use axum::response::Response;
use matricula_contract::RegistrationAuth;
use matricula_store::policies::OfToken;

use super::{Exchange, Refusal, Sender};
use crate::authentication::{AuthenticationError, Identity};
use crate::cors;
use crate::error::ErrorResponse;
use crate::policies::Policies;

/// Methods of the endpoints that take part.
pub(super) const METHODS: &str = "DELETE, POST, GET, OPTIONS, PUT";

/// What the request's origin may do.
enum Verdict {
    /// There is none, or the provider does not look at it.
    Unasked,
    /// It is the server's own: let in, no headers.
    Own,
    /// It is allowed: let in, and its scripts may read the answer, whatever the status.
    Allowed(String),
    /// It is not.
    Refused,
}

/// The origin of a request, judged before anything else about it is known.
pub(crate) struct CrossOrigin {
    verdict: Verdict,
    /// The caller, verified early because its token names origins; taken by [`CrossOrigin::caller`].
    caller: std::sync::Mutex<Option<Result<Sender, AuthenticationError>>>,
}

impl CrossOrigin {
    /// Judges the origin of a request. Only where it matters the caller is verified for it.
    pub(super) async fn of(exchange: &Exchange) -> Result<CrossOrigin, Refusal> {
        let origin = match &exchange.caller.origin {
            Some(origin) if exchange.provider.provider.description.cross_origin => origin,
            _ => return Ok(CrossOrigin { verdict: Verdict::Unasked, caller: None.into() }),
        };
        // Boxed: few requests need it, and all would have room for it.
        Box::pin(CrossOrigin::judge(exchange, origin)).await
    }

    async fn judge(exchange: &Exchange, origin: &str) -> Result<CrossOrigin, Refusal> {
        let caller = exchange.authenticate(exchange.in_address()).await;
        let own = exchange.app.base_url(&exchange.realm, &exchange.caller);
        let verdict = if cors::is_own(origin, &exchange.caller, &own) {
            Verdict::Own
        } else {
            let allowed = match &caller {
                Ok((identity, _)) => {
                    let auth = identity.registration_auth(exchange.operation);
                    let mut policies = exchange.policies(identity, auth, identity.of_token());
                    allowed_origins(exchange, identity, &mut policies).await?
                }
                // A token that does not verify allows no origin; whether the error may be read is up to both sets.
                Err(_) => {
                    let mut allowed = Vec::new();
                    for auth in [RegistrationAuth::Anonymous, RegistrationAuth::Authenticated] {
                        let anonymous = Identity::Anonymous;
                        let mut policies = exchange.policies(&anonymous, auth, OfToken::default());
                        allowed.extend(allowed_origins(exchange, &anonymous, &mut policies).await?);
                    }
                    allowed
                }
            };
            if allowed.iter().any(|allowed| allowed == origin || allowed == "*") {
                Verdict::Allowed(origin.to_owned())
            } else {
                Verdict::Refused
            }
        };
        Ok(CrossOrigin { verdict, caller: Some(caller).into() })
    }

    /// The caller, verified, with the client of this id if it was looked up along the way; then the origin, which is
    /// refused only after a bad token.
    pub(super) async fn caller(&self, exchange: &Exchange, client_id: Option<&str>) -> Result<Sender, Refusal> {
        let early = self.caller.lock().unwrap_or_else(std::sync::PoisonError::into_inner).take();
        let caller = match early {
            Some(caller) => caller,
            None => exchange.authenticate(client_id).await,
        };
        let caller = caller.map_err(|error| exchange.unauthenticated(error))?;
        match self.verdict {
            Verdict::Refused => Err(ErrorResponse::bare(StatusCode::FORBIDDEN, "Invalid origin").into()),
            _ => Ok(caller),
        }
    }

    /// Adds the headers that let an allowed origin read the answer.
    pub(super) fn mark(&self, response: &mut Response) {
        if let Verdict::Allowed(origin) = &self.verdict
            && let Ok(origin) = HeaderValue::from_str(origin)
        {
            cors::allow(response.headers_mut(), origin);
        }
    }
}

/// Origins that a request may come from: those of its token and those of the policies of its set.
pub(super) async fn allowed_origins(
    exchange: &Exchange,
    identity: &Identity,
    policies: &mut Policies,
) -> Result<Vec<String>, Refusal> {
    let mut allowed = identity.claims().and_then(|claims| claims.allowed_origins.clone()).unwrap_or_default();
    let of_policies = policies.allowed_origins().await;
    for origin in of_policies.map_err(|error| exchange.refused(error, policies))? {
        if !allowed.contains(&origin) {
            allowed.push(origin);
        }
    }
    Ok(allowed)
}
