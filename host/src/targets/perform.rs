//! One call of a connector, made: found harmless, authorized, sent, counted.

use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use matricula_contract::connectors::{self, Call, Response};
use matricula_system::clock;
use reqwest::Method;
use tokio::time::Instant;
use tracing::{Instrument as _, field, info_span};

use super::client_credentials::Service;
use super::http::{Request, Unreachable};
use super::runner::Running;
use super::task::Failed;
use matricula_contract::trace_target::TARGET;
use matricula_target::credentials::{Credentials, Secret};
use matricula_target::headers::headers;
use matricula_target::standard_webhooks as webhooks;

impl Running<'_> {
    /// Makes the call. A token that the target refuses is asked anew, once in a task.
    ///
    /// # Errors
    /// When it may not be made, or there is nothing to authorize it with: the task ends.
    pub(super) async fn perform(&mut self, call: &Call) -> Result<Result<Response, Unreachable>, Failed> {
        let mut request = self.request(call)?;
        if !call.authorize {
            return Ok(self.send(&request).await);
        }
        let token = self.authorize(&mut request, None).await?;
        let answer = self.send(&request).await;
        match (&answer, token) {
            (Ok(response), Some(token)) if response.status == 401 && !self.renewed => {
                self.renewed = true;
                self.authorize(&mut request, Some(&token)).await?;
                Ok(self.send(&request).await)
            }
            _ => Ok(answer),
        }
    }

    /// The call as a request, unless it leads elsewhere or sets what belongs to the server: then nothing is sent.
    fn request(&self, call: &Call) -> Result<Request, Failed> {
        let base = match call.url.as_deref() {
            None => &self.reach.url,
            Some(name) => match self.reach.further_urls.get(name) {
                Some(base) => base,
                None if self.connector.description.further_urls.iter().any(|known| known == name) => {
                    return Err(self.failed_with(format!("The target has no base URL {name:?}"), None));
                }
                None => {
                    return Err(self.nonsense(&format!("it calls the base URL {name:?}, which it does not describe")));
                }
            },
        };
        let url = base.below(&call.path).map_err(|error| self.nonsense(&error.to_string()))?;
        let headers = headers(&call.headers).map_err(|error| self.nonsense(&error))?;
        Ok(Request { method: method(call.method), url, headers, body: call.body.clone() })
    }

    /// Puts the target's credentials into a request; the token, if it is one that can be asked anew.
    async fn authorize(&mut self, request: &mut Request, refused: Option<&Secret>) -> Result<Option<Secret>, Failed> {
        let reach = self.reach;
        match &*reach.credentials {
            Credentials::None => Ok(None),
            Credentials::Bearer { token } => {
                self.authorization(&mut request.headers, &format!("Bearer {}", token.reveal()))?;
                Ok(None)
            }
            Credentials::Basic { user, password } => {
                let pair = STANDARD.encode(format!("{user}:{}", password.reveal()));
                self.authorization(&mut request.headers, &format!("Basic {pair}"))?;
                Ok(None)
            }
            Credentials::ClientCredentials { token_url, client_id, client_secret, scope } => {
                let service = Service { token_url, client_id, client_secret, scope: scope.as_deref() };
                let runner = self.runner;
                let token = runner.tokens.get(&runner.client, service, refused).await;
                let token = token.map_err(|none| self.failed_with(none.message, none.pause))?;
                self.words.hide(token.reveal());
                self.authorization(&mut request.headers, &format!("Bearer {}", token.reveal()))?;
                Ok(Some(token))
            }
            Credentials::StandardWebhooks { secrets } => {
                let id = request.headers.get(webhooks::ID).and_then(|id| id.to_str().ok());
                let id =
                    id.ok_or_else(|| self.nonsense(&format!("a call to be signed has no header {}", webhooks::ID)))?;
                let now = clock::now();
                let signature = webhooks::signature(secrets, id, now, request.body.as_deref().unwrap_or_default());
                let signature = self.header(&signature)?;
                request.headers.insert(HeaderName::from_static(webhooks::TIMESTAMP), now.into());
                request.headers.insert(HeaderName::from_static(webhooks::SIGNATURE), signature);
                Ok(None)
            }
        }
    }

    fn authorization(&self, headers: &mut HeaderMap, value: &str) -> Result<(), Failed> {
        headers.insert(header::AUTHORIZATION, self.header(value)?);
        Ok(())
    }

    /// A value that no log shows.
    fn header(&self, value: &str) -> Result<HeaderValue, Failed> {
        let value = HeaderValue::try_from(value);
        let mut value =
            value.map_err(|_| self.failed_with("The credentials can't be sent in a header".to_owned(), None))?;
        value.set_sensitive(true);
        Ok(value)
    }

    /// Sends and counts it.
    async fn send(&self, request: &Request) -> Result<Response, Unreachable> {
        let (realm, target) = (&self.reach.realm.name, &self.reach.target.name);
        let span = info_span!(target: TARGET, "target call", otel.kind = "client",
            http.request.method = %request.method, server.address = request.url.host_str(),
            http.response.status_code = field::Empty, matricula.target = target);
        let began = Instant::now();
        let answer = self.runner.client.send(request).instrument(span.clone()).await;
        let status = answer.as_ref().ok().map(|response| response.status);
        status.inspect(|status| {
            span.record("http.response.status_code", status);
        });
        self.runner.figures.called(realm, target, status, began.elapsed());
        answer
    }
}

fn method(method: connectors::Method) -> Method {
    match method {
        connectors::Method::Get => Method::GET,
        connectors::Method::Head => Method::HEAD,
        connectors::Method::Post => Method::POST,
        connectors::Method::Put => Method::PUT,
        connectors::Method::Patch => Method::PATCH,
        connectors::Method::Delete => Method::DELETE,
    }
}
