//! Answers of the gate: a status for the proxy, a page for people, JSON for programs.

use axum::http::header::{CACHE_CONTROL, REFRESH, RETRY_AFTER};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use maud::{Markup, html};
use reqwest::Url;

use super::judgement::Judged;
use crate::error::{DECISION, ErrorResponse};
use crate::life_cycle::gone::GONE;
use crate::metrics::gate::Answer;
use crate::page;

/// The internal id of the client.
const CLIENT: HeaderName = HeaderName::from_static("matricula-client");
/// A page that loads itself again at once, and in two seconds.
const AT_ONCE: HeaderValue = HeaderValue::from_static("0");
const SOON: HeaderValue = HeaderValue::from_static("2");

/// The answer to a question, and what it says.
pub(super) fn of(asked: &HeaderMap, judged: Judged) -> (Response, Answer) {
    match judged {
        Judged::Pass(client) => {
            let mut response = page::or(asked, go_on, || StatusCode::OK.into_response());
            if let Some(client) = client.and_then(|client| HeaderValue::from_str(&client).ok()) {
                response.headers_mut().insert(CLIENT, client);
            }
            (response, Answer::Pass)
        }
        Judged::Refused { refusal, client_id } => {
            let waits = refusal.is_temporary();
            let (reason, decision) = (refusal.reason(), refusal.decision().map(str::to_owned));
            let programs = refusal.into_response();
            let mut marks = HeaderMap::new();
            for name in [DECISION, RETRY_AFTER, GONE] {
                if let Some(value) = programs.headers().get(&name) {
                    marks.insert(name, value.clone());
                }
            }
            let people = || {
                let text = text(&reason, client_id.as_deref(), decision.as_deref(), waits);
                let heading = if waits { "One moment" } else { "This application can\u{2019}t log you in" };
                let mut response = page::show(StatusCode::FORBIDDEN, heading, &text);
                if waits {
                    response.headers_mut().insert(REFRESH, SOON);
                }
                response
            };
            let mut response = page::or(asked, people, || programs);
            response.headers_mut().extend(marks);
            (response, if waits { Answer::Waiting } else { Answer::Refused })
        }
        Judged::Unknown(error) => (unserved(error), Answer::Waiting),
    }
}

/// An answer to the proxy rather than to who asked it.
pub(super) fn unserved(refused: ErrorResponse) -> Response {
    ([(CACHE_CONTROL, HeaderValue::from_static("no-store"))], refused).into_response()
}

/// For who reads this at all: a proxy asks a second time for the page of a refusal, and the answer is another one by then.
fn go_on() -> Response {
    let mut response = page::show(StatusCode::OK, "You can log in now", &html! { p { "One moment." } });
    response.headers_mut().insert(REFRESH, AT_ONCE);
    response
}

/// What is wrong with which client, and what somebody can do about it.
fn text(reason: &str, client_id: Option<&str>, decision: Option<&str>, waits: bool) -> Markup {
    let host = client_id.and_then(|id| Url::parse(id).ok()).and_then(|url| url.host_str().map(str::to_owned));
    html! {
        @if let (Some(host), Some(address)) = (&host, client_id) {
            p { b { (host) } br; (address) }
        }
        p { (reason) }
        p {
            @if waits {
                "This page tries again by itself."
            } @else if client_id.is_none() {
                "Go back to the application and begin anew."
            } @else if host.is_some() {
                "Whoever makes the application, or runs this login, can put it right."
            } @else {
                "Connect the application anew, or ask whoever runs this login to let it in."
            }
        }
        @if let Some(decision) = decision {
            p { small { "Decision " (decision) } }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_from_outside_cannot_change_the_page() {
        let nasty = "https://<b>.example/\"><script>";
        let page = text("Client '<script>' is not registered", Some(nasty), Some("<i>"), false).into_string();
        assert!(!page.contains("<script") && !page.contains("<i>"), "{page}");
        let page = text("x", Some("https://app.example.com/c.json"), None, false).into_string();
        assert!(page.contains("<b>app.example.com</b><br>https://app.example.com/c.json"), "{page}");
    }
}
