//! One call of a target and what came back.

use std::fmt::Write;

use serde::de::DeserializeOwned;
use serde_json::Value;

use super::{Next, Step, Stop};
use crate::connector_contract::exports::matricula::registration0_2_0::connectors::{
    Call, Method, Response as Received,
};
use crate::{Attribute, Violation};

/// A call in the making: below the target's base URL, with the target's credentials.
///
/// `Http::get(format!("/clients/{}", encode(key))).then(State::Seen)` is a step of a task.
#[derive(Clone, Debug, PartialEq)]
pub struct Http {
    method: Method,
    path: String,
    url: Option<String>,
    headers: Vec<Attribute>,
    body: Option<Vec<u8>>,
    authorize: bool,
}

impl Http {
    /// A call without body.
    pub fn new(method: Method, path: impl Into<String>) -> Self {
        Self { method, path: path.into(), url: None, headers: Vec::new(), body: None, authorize: true }
            .header("accept", "application/json")
    }

    /// GET.
    pub fn get(path: impl Into<String>) -> Self {
        Self::new(Method::Get, path)
    }

    /// POST of JSON.
    pub fn post_json(path: impl Into<String>, body: &Value) -> Self {
        Self::new(Method::Post, path).json(body)
    }

    /// PUT of JSON.
    pub fn put_json(path: impl Into<String>, body: &Value) -> Self {
        Self::new(Method::Put, path).json(body)
    }

    /// PUT without body.
    pub fn put(path: impl Into<String>) -> Self {
        Self::new(Method::Put, path)
    }

    /// DELETE.
    pub fn delete(path: impl Into<String>) -> Self {
        Self::new(Method::Delete, path)
    }

    /// With this body.
    #[must_use]
    pub fn json(mut self, body: &Value) -> Self {
        self.body = Some(body.to_string().into_bytes());
        self.header("content-type", "application/json")
    }

    /// With a header more. `Authorization`, `Host`, `Cookie` and `Content-Length` are the host's.
    #[must_use]
    pub fn header(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push(Attribute { name: name.to_owned(), value: value.into() });
        self
    }

    /// Below another base URL: one of [`FURTHER_URLS`](super::Connector::FURTHER_URLS).
    #[must_use]
    pub fn at(mut self, url: &str) -> Self {
        self.url = Some(url.to_owned());
        self
    }

    /// Without the target's credentials.
    #[must_use]
    pub fn anonymous(mut self) -> Self {
        self.authorize = false;
        self
    }

    /// The step that makes this call and goes on from this state.
    ///
    /// # Errors
    /// None; so that it can end a function as it is.
    pub fn then<S>(self, state: S) -> Next<S> {
        Ok(Step::Call(self, state))
    }

    /// As the contract has it.
    pub(crate) fn into_call(self, state: Vec<u8>) -> Call {
        let Self { method, path, url, headers, body, authorize } = self;
        Call { method, url, path, headers, body, authorize, state }
    }
}

/// Percent-encodes a part of a path or a value of a query: everything but letters, digits and `-._~`.
pub fn encode(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => encoded.push(char::from(byte)),
            // Writing to a text does not fail.
            _ => drop(write!(encoded, "%{byte:02X}")),
        }
    }
    encoded
}

/// What a target answered.
#[derive(Clone, Debug)]
pub struct Response {
    /// The status.
    pub status: u16,
    headers: Vec<Attribute>,
    body: Vec<u8>,
}

impl From<Received> for Response {
    fn from(received: Received) -> Self {
        let Received { status, headers, body } = received;
        Self { status, headers, body }
    }
}

impl Response {
    /// Any 2xx.
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// A header; the name in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|header| header.name == name).map(|header| header.value.as_str())
    }

    /// The body as JSON, whatever the status.
    ///
    /// # Errors
    /// It is none, or not of this form.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, Stop> {
        serde_json::from_slice(&self.body).map_err(|_| Stop::unreadable())
    }

    /// The body of a successful answer as JSON.
    ///
    /// # Errors
    /// Another status, or another form.
    pub fn success<T: DeserializeOwned>(&self) -> Result<T, Stop> {
        if self.is_success() { self.json() } else { Err(self.failed()) }
    }

    /// What the target says of an error, in its words: out of the members that OAuth, Keycloak and others use.
    pub fn words(&self) -> Option<String> {
        let body: Value = self.json().ok()?;
        let error = body.get("error");
        let told = ["error_description", "errorMessage", "message"].into_iter().map(|name| body.get(name));
        let mut told = told.chain([error, error.and_then(|error| error.get("message"))]).flatten();
        told.find_map(|words| words.as_str().filter(|words| !words.is_empty())).map(str::to_owned)
    }

    /// The status, and what the target says of it.
    pub fn told(&self) -> String {
        let status = format!("The target answered {}", self.status);
        self.words().map_or(status.clone(), |words| format!("{status}: {words}"))
    }

    /// Not this time: what the target says.
    pub fn failed(&self) -> Stop {
        Stop::Failed(self.told())
    }

    /// What an answer to a change means that was not done: 400, 409, 413 and 422 are about the client and refuse it,
    /// everything else is about the target.
    pub fn not_done(&self) -> Stop {
        match self.status {
            400 | 409 | 413 | 422 => Stop::Refused(Violation::new(self.words().unwrap_or_else(|| self.told()))),
            // Success in another way than expected.
            200..400 => Stop::unreadable(),
            _ => self.failed(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn response(status: u16, body: &str) -> Response {
        Response { status, headers: Vec::new(), body: body.into() }
    }

    #[test]
    fn encodes_what_would_mean_something_in_a_path() {
        assert_eq!(encode("a-b.c_d~1"), "a-b.c_d~1");
        assert_eq!(encode("https://a/?b=c&d=ä"), "https%3A%2F%2Fa%2F%3Fb%3Dc%26d%3D%C3%A4");
    }

    #[test]
    fn tells_what_the_target_says_in_its_words() {
        for (body, told) in [
            (r#"{"errorMessage":"Client app already exists"}"#, "The target answered 409: Client app already exists"),
            (r#"{"error":"x","error_description":"y"}"#, "The target answered 409: y"),
            (r#"{"error":"x","error_description":""}"#, "The target answered 409: x"),
            (r#"{"error":{"message":"z"}}"#, "The target answered 409: z"),
            ("{}", "The target answered 409"),
            ("<html>", "The target answered 409"),
        ] {
            assert_eq!(response(409, body).told(), told, "{body}");
        }
    }

    #[test]
    fn refuses_what_is_about_the_client_and_fails_for_the_rest() {
        let refused = |message: &str| Stop::Refused(Violation::new(message));
        assert_eq!(response(400, r#"{"error":"no"}"#).not_done(), refused("no"));
        assert_eq!(response(422, "").not_done(), refused("The target answered 422"));
        assert_eq!(response(503, "").not_done(), Stop::Failed("The target answered 503".into()));
        assert_eq!(response(200, "<html>").not_done(), Stop::unreadable());
    }

    #[test]
    fn never_takes_what_it_can_not_read_for_success() {
        assert_eq!(response(200, "<html>").success::<Value>(), Err(Stop::unreadable()));
        assert_eq!(response(200, "[1]").success::<Vec<u8>>(), Ok(vec![1]));
    }
}
