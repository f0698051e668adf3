//! What a caller is told when a request is refused: the only place that knows status codes and error JSON.

mod accept;

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use matricula_contract::Violation;
use matricula_store::tombstones::Tombstone;
use matricula_store::{Lost, StoreError};
use matricula_wasm::{Failure, WasmError};
use serde::Serialize;
use utoipa::ToSchema;

use crate::authentication::AuthenticationError;
use crate::client_policies::Refused as RefusedByClientPolicy;
use crate::json_text::NotUnicode;
use crate::life_cycle::gone::{self, GONE};
use crate::policies::{PolicyViolation, Refused};
pub(crate) use accept::Accept;
use accept::Form;

/// The error code of what may succeed in a moment.
const TEMPORARILY: &str = "temporarily_unavailable";
/// The header that carries the id of the decision about a request.
pub(crate) const DECISION: HeaderName = HeaderName::from_static("matricula-decision");

/// The JSON of an error (RFC 6749 §5.2, RFC 7591 §3.2.2; `errorMessage` and a lone `error` are Keycloak's).
#[derive(Debug, Default, Serialize, ToSchema)]
pub(crate) struct ErrorBody {
    /// Error code.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
    /// For the developer: what is wrong and where.
    #[serde(skip_serializing_if = "Option::is_none")]
    error_description: Option<String>,
    /// For the administrator.
    #[serde(rename = "errorMessage", skip_serializing_if = "Option::is_none")]
    error_message: Option<String>,
    /// Everything that the policies object to. Left out for callers that accept `application/json` and nothing wider.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    violations: Vec<PolicyViolation>,
    /// Id of the decision record. Left out like `violations`; the header `Matricula-Decision` says it always.
    #[serde(skip_serializing_if = "Option::is_none")]
    decision: Option<String>,
}

/// The same as a problem (RFC 9457 §3.1).
#[derive(Serialize)]
struct Problem<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    title: Option<&'static str>,
    status: u16,
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<&'a str>,
    #[serde(flatten)]
    body: &'a ErrorBody,
}

/// What [`fit`] makes other forms of: the body of an error that has members beyond Keycloak's.
#[derive(Clone)]
struct Extended(Arc<ErrorBody>);

impl ErrorBody {
    /// Whether it has members that Keycloak's errors don't have.
    fn is_extended(&self) -> bool {
        !self.violations.is_empty() || self.decision.is_some()
    }

    /// Error code, description and violations.
    pub(crate) fn into_parts(self) -> (Option<String>, Option<String>, Vec<PolicyViolation>) {
        (self.error, self.error_description, self.violations)
    }
}

/// A refusal.
#[derive(Debug)]
pub(crate) struct ErrorResponse {
    status: StatusCode,
    body: Box<ErrorBody>,
    /// Seconds after which the request may be repeated; absent: nobody knows.
    retry_after: Option<u64>,
    /// How the client went that it is about.
    gone: Option<Box<HeaderValue>>,
}

/// Who is asked shapes a refusal of metadata.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Audience {
    /// The registration endpoints: RFC 7591 error codes.
    Registration,
    /// The Admin API: `invalid_input`.
    Administration,
}

impl ErrorResponse {
    /// `{"error": …, "error_description": …}`.
    pub(crate) fn new(status: StatusCode, error: impl Into<String>, description: impl Into<String>) -> ErrorResponse {
        let body =
            ErrorBody { error: Some(error.into()), error_description: Some(description.into()), ..Default::default() };
        ErrorResponse { status, body: Box::new(body), retry_after: None, gone: None }
    }

    /// `{"error": …}`.
    pub(crate) fn bare(status: StatusCode, error: impl Into<String>) -> ErrorResponse {
        let body = ErrorBody { error: Some(error.into()), ..Default::default() };
        ErrorResponse { status, body: Box::new(body), retry_after: None, gone: None }
    }

    /// `{"error": "HTTP 404 Not Found"}`: what Keycloak's framework answers.
    pub(crate) fn framework(status: StatusCode) -> ErrorResponse {
        ErrorResponse::bare(status, format!("HTTP {status}"))
    }

    /// `{"errorMessage": …}`: the Admin API's way.
    pub(crate) fn message(status: StatusCode, message: impl Into<String>) -> ErrorResponse {
        let body = ErrorBody { error_message: Some(message.into()), ..Default::default() };
        ErrorResponse { status, body: Box::new(body), retry_after: None, gone: None }
    }

    /// 409: the Admin API's answer to an id or name that is in use.
    pub(crate) fn conflict() -> ErrorResponse {
        ErrorResponse::new(StatusCode::CONFLICT, "conflict", "Duplicate resource error")
    }

    /// 429: the caller must wait for so long.
    pub(crate) fn too_many_requests(wait: Duration, description: &str) -> ErrorResponse {
        let response = ErrorResponse::new(StatusCode::TOO_MANY_REQUESTS, "too_many_requests", description);
        let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
        ErrorResponse { retry_after: Some(seconds.max(1)), ..response }
    }

    /// 429 `slow_down`: who polls must wait so many seconds each time.
    pub(crate) fn slow_down(seconds: u64) -> ErrorResponse {
        let description = format!("Wait {seconds} seconds before the next request.");
        let response = ErrorResponse::new(StatusCode::TOO_MANY_REQUESTS, "slow_down", description);
        ErrorResponse { retry_after: Some(seconds), ..response }
    }

    /// 500: the details went to the log.
    pub(crate) fn server_error() -> ErrorResponse {
        ErrorResponse::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "server_error",
            "The request could not be processed; the server's log says why.",
        )
    }

    /// The same, with how the client went that it is about.
    pub(crate) fn of_gone(self, tombstone: &Tombstone) -> ErrorResponse {
        ErrorResponse { gone: gone::value(tombstone).map(Box::new), ..self }
    }

    /// The status.
    pub(crate) fn status(&self) -> StatusCode {
        self.status
    }

    /// In words, where no caller reads it.
    pub(crate) fn reason(&self) -> String {
        let body = &self.body;
        let words = body.error_message.as_ref().or(body.error_description.as_ref()).or(body.error.as_ref());
        words.cloned().unwrap_or_default()
    }

    /// What the caller would read.
    pub(crate) fn into_body(self) -> ErrorBody {
        *self.body
    }

    /// 500: a policy has no answer. Its name is for the caller, what happened is for the log.
    pub(crate) fn policy_failed(policy: &str, decision: String) -> ErrorResponse {
        let mut response = ErrorResponse::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "server_error",
            format!("Policy '{policy}' could not decide about the request."),
        );
        response.body.decision = Some(decision);
        response
    }

    /// 500: a provider has no answer.
    pub(crate) fn provider_failed(provider: &str, decision: String) -> ErrorResponse {
        let description = format!("Provider '{provider}' could not handle the request.");
        let mut response = ErrorResponse::new(StatusCode::INTERNAL_SERVER_ERROR, "server_error", description);
        response.body.decision = Some(decision);
        response
    }

    /// 400: targets that must take the client never do; the first one gives the text.
    pub(crate) fn targets_refused(violations: &[PolicyViolation], decision: String) -> ErrorResponse {
        let (target, message) = violations
            .first()
            .map_or(("", ""), |first| (first.target.as_deref().unwrap_or_default(), first.message.as_str()));
        let mut response =
            ErrorResponse::invalid_client_metadata(&format!("Target '{target}' refused the client: {message}"));
        response.body.violations = violations.iter().map(PolicyViolation::told).collect();
        response.body.decision = Some(decision);
        response
    }

    /// 503: a target that must take the client has not by now; it is tried again after so many seconds.
    pub(crate) fn target_late(target: &str, again: u64) -> ErrorResponse {
        let description = format!("Target '{target}' did not take the client in time");
        let response = ErrorResponse::new(StatusCode::SERVICE_UNAVAILABLE, TEMPORARILY, description);
        ErrorResponse { retry_after: Some(again), ..response }
    }

    /// 503: as much is being fetched as may be.
    pub(crate) fn too_many_documents() -> ErrorResponse {
        let description = "Too many documents are being fetched";
        let response = ErrorResponse::new(StatusCode::SERVICE_UNAVAILABLE, TEMPORARILY, description);
        ErrorResponse { retry_after: Some(1), ..response }
    }

    /// 403: the targets that logins need have not got the client yet; the gate's answer.
    pub(crate) fn on_its_way(client_id: &str) -> ErrorResponse {
        let description = format!("Client '{client_id}' is on its way; try again");
        let response = ErrorResponse::new(StatusCode::FORBIDDEN, TEMPORARILY, description);
        ErrorResponse { retry_after: Some(2), ..response }
    }

    /// The same refusal at the gate, where a proxy takes everything but 403 for a fault.
    pub(crate) fn at_gate(mut self) -> ErrorResponse {
        match self.status {
            // What is wrong with a document is wrong with the client whose id it is.
            StatusCode::BAD_REQUEST => self.body.error = Some("invalid_client".to_owned()),
            StatusCode::SERVICE_UNAVAILABLE => self.retry_after = self.retry_after.or(Some(1)),
            _ => {}
        }
        self.status = StatusCode::FORBIDDEN;
        self
    }

    /// Whether the same request may succeed in a moment.
    pub(crate) fn is_temporary(&self) -> bool {
        self.body.error.as_deref() == Some(TEMPORARILY)
    }

    /// The id of the decision about the request, if there is one.
    pub(crate) fn decision(&self) -> Option<&str> {
        self.body.decision.as_deref()
    }

    /// 503: what the authorization server says of itself is not to be had, for this reason.
    pub(crate) fn no_metadata(reason: &impl std::fmt::Display) -> ErrorResponse {
        let description = format!("The authorization server's metadata can't be fetched: {reason}");
        let response = ErrorResponse::new(StatusCode::SERVICE_UNAVAILABLE, TEMPORARILY, description);
        ErrorResponse { retry_after: Some(5), ..response }
    }

    /// 400: what a provider found wrong with the metadata (see interface `providers` of the contract).
    pub(crate) fn metadata(violations: Vec<Violation>, audience: Audience) -> ErrorResponse {
        let redirect = violations.iter().any(|violation| violation.error.as_deref() == Some("invalid_redirect_uri"));
        let mut error = None;
        let mut messages: Vec<&str> = Vec::with_capacity(violations.len());
        for violation in &violations {
            error = error.or(violation.error.as_deref());
            if !violation.message.is_empty() && !messages.contains(&violation.message.as_str()) {
                messages.push(&violation.message);
            }
        }
        let error = match (error, redirect) {
            // A document that cannot be read has the same shape everywhere.
            (Some(error), _) if audience == Audience::Administration && !is_about_metadata(error) => error,
            _ if audience == Audience::Administration => "invalid_input",
            (_, true) => "invalid_redirect_uri",
            (Some(error), _) => error,
            (None, _) => "invalid_client_metadata",
        };
        if messages.is_empty() {
            return ErrorResponse::bare(StatusCode::BAD_REQUEST, error);
        }
        ErrorResponse::new(StatusCode::BAD_REQUEST, error, messages.join("; "))
    }

    /// 400 `invalid_client_metadata`.
    pub(crate) fn invalid_client_metadata(description: &str) -> ErrorResponse {
        ErrorResponse::new(StatusCode::BAD_REQUEST, "invalid_client_metadata", description)
    }
}

/// Whether an error code of a provider is about what a document says, rather than that it cannot be read.
fn is_about_metadata(error: &str) -> bool {
    matches!(error, "invalid_client_metadata" | "invalid_redirect_uri")
}

/// The same of an objection.
pub(crate) fn concerns_metadata(violation: &Violation) -> bool {
    violation.error.as_deref().is_none_or(is_about_metadata)
}

impl IntoResponse for ErrorResponse {
    fn into_response(self) -> Response {
        let decision = self.body.decision.as_deref().and_then(|id| HeaderValue::from_str(id).ok());
        let mut response = (self.status, axum::Json(&self.body)).into_response();
        if self.body.is_extended() {
            response.extensions_mut().insert(Extended(Arc::from(self.body)));
        }
        if let Some(decision) = decision {
            response.headers_mut().insert(DECISION, decision);
        }
        if let Some(gone) = self.gone {
            response.headers_mut().insert(GONE, *gone);
        }
        let soon = (self.status == StatusCode::SERVICE_UNAVAILABLE).then_some(1);
        if let Some(seconds) = self.retry_after.or(soon) {
            response.headers_mut().insert(header::RETRY_AFTER, seconds.into());
        }
        response
    }
}

/// Gives an error with members beyond Keycloak's the form that the caller accepts (deviation 4): the last stop of every
/// answer. Other answers stay as they are.
pub(crate) fn fit(response: &mut Response, accept: &Accept) {
    let Some(Extended(body)) = response.extensions_mut().remove() else { return };
    let status = response.status();
    let (media_type, json) = match accept.form() {
        Form::Full => (None, None),
        Form::Plain => {
            let (error, error_description) = (body.error.clone(), body.error_description.clone());
            (None, serde_json::to_vec(&ErrorBody { error, error_description, ..ErrorBody::default() }).ok())
        }
        Form::Problem => {
            let problem = Problem {
                kind: "about:blank",
                title: status.canonical_reason(),
                status: status.as_u16(),
                detail: body.error_description.as_deref(),
                body: &body,
            };
            (Some(HeaderValue::from_static("application/problem+json")), serde_json::to_vec(&problem).ok())
        }
    };
    response.headers_mut().append(header::VARY, HeaderValue::from_static("Accept"));
    if let Some(media_type) = media_type {
        response.headers_mut().insert(header::CONTENT_TYPE, media_type);
    }
    if let Some(json) = json {
        // That of the body before.
        response.headers_mut().remove(header::CONTENT_LENGTH);
        *response.body_mut() = Body::from(json);
    }
}

impl From<NotUnicode> for ErrorResponse {
    fn from(error: NotUnicode) -> Self {
        let description = format!("Cannot parse the JSON: {error}");
        ErrorResponse::new(StatusCode::BAD_REQUEST, "HTTP 400 Bad Request", description)
    }
}

impl From<StoreError> for ErrorResponse {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Lost(Lost::Taken) => ErrorResponse::conflict(),
            StoreError::Lost(Lost::Spent) => AuthenticationError::NoRemainingCount.into(),
            StoreError::Lost(Lost::Changed | Lost::TooMany | Lost::Condition(_)) => ErrorResponse::new(
                StatusCode::CONFLICT,
                "conflict",
                "It was changed by another request at the same time. Read it again and repeat the change.",
            ),
            StoreError::Unavailable(detail) => {
                tracing::error!(%detail, "the database gave no answer");
                ErrorResponse::new(
                    StatusCode::SERVICE_UNAVAILABLE,
                    TEMPORARILY,
                    "The database cannot be reached. Try again in a moment.",
                )
            }
            StoreError::Damaged(detail) => {
                tracing::error!(%detail, "stored data cannot be read");
                ErrorResponse::server_error()
            }
        }
    }
}

impl From<WasmError> for ErrorResponse {
    fn from(error: WasmError) -> Self {
        let WasmError { component, failure, detail } = error;
        let description = match failure {
            Failure::Busy => "The server has too much to do at the moment. Try again soon.",
            Failure::Unanswered => {
                "Names and documents of others that this needs did not come in time. Try again later."
            }
            Failure::Database => return StoreError::Unavailable(detail).into(),
            _ => {
                tracing::error!(component, %failure, detail, "a component failed");
                return ErrorResponse::server_error();
            }
        };
        tracing::warn!(component, %failure, detail, "a request is refused for now");
        ErrorResponse::new(StatusCode::SERVICE_UNAVAILABLE, TEMPORARILY, description)
    }
}

impl From<AuthenticationError> for ErrorResponse {
    fn from(error: AuthenticationError) -> Self {
        let invalid_token = |reason: &str| ErrorResponse::new(StatusCode::UNAUTHORIZED, "invalid_token", reason);
        match error {
            AuthenticationError::Unavailable(error) => error.into(),
            AuthenticationError::Pause(wait) => crate::abuse::pause(wait),
            AuthenticationError::Forbidden => {
                ErrorResponse::new(StatusCode::FORBIDDEN, "insufficient_scope", "Forbidden")
            }
            AuthenticationError::ClientNotFound => {
                ErrorResponse::new(StatusCode::NOT_FOUND, "invalid_request", "Client not found")
            }
            AuthenticationError::WrongProtocol => {
                ErrorResponse::new(StatusCode::BAD_REQUEST, "invalid_client", "Wrong client protocol.")
            }
            other => invalid_token(&other.to_string()),
        }
    }
}

impl From<Refused> for ErrorResponse {
    fn from(refused: Refused) -> Self {
        let description = refused.description();
        // Keycloak has 403 for all of them; policies of contract 0.2.0 say more.
        let status = if refused.concerns_metadata { StatusCode::BAD_REQUEST } else { StatusCode::FORBIDDEN };
        let body = ErrorBody {
            error: Some(refused.error().to_owned()),
            error_description: description,
            violations: refused.violations,
            decision: Some(refused.decision),
            ..Default::default()
        };
        ErrorResponse { status, body: Box::new(body), retry_after: None, gone: None }
    }
}

impl Refused {
    /// 400: policies let the request through, but what they make of the client cannot be stored.
    pub(crate) fn into_amended(self) -> ErrorResponse {
        let mut messages: Vec<String> = Vec::with_capacity(self.violations.len());
        for violation in &self.violations {
            messages.push(format!("Policy '{}' changes the client: {}", violation.policy, violation.message));
        }
        let error = self.violations.first().and_then(|violation| violation.error.clone());
        let error = error.unwrap_or_else(|| "invalid_client_metadata".to_owned());
        let mut response = ErrorResponse::new(StatusCode::BAD_REQUEST, error, messages.join("; "));
        response.body.violations = self.violations;
        response.body.decision = Some(self.decision);
        response
    }
}

impl RefusedByClientPolicy {
    /// The answer. What an executor finds in the request of a caller is answered 403 with Keycloak's code and what it
    /// is about; what it finds in the result, and what it tells an administrator, 400.
    pub(crate) fn into_response(self, audience: Audience) -> ErrorResponse {
        let (code, message) = (self.code, self.violation.message.clone());
        let mut response = if audience == Audience::Administration || self.late {
            ErrorResponse::new(StatusCode::BAD_REQUEST, code, message)
        } else {
            ErrorResponse::new(StatusCode::FORBIDDEN, "insufficient_scope", format!("{code}: {message}"))
        };
        response.body.violations = vec![self.violation];
        response.body.decision = Some(self.decision);
        response
    }
}
