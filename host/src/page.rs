//! Pages for people who come to an address that programs call: one text, no script, nothing from elsewhere.

use axum::http::header::{ACCEPT, CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, VARY};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use matricula_network::header_list;
use maud::{DOCTYPE, Markup, html};

/// What a browser may do with such a page: show it.
const SECURITY_POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
);
const STYLE: &str = "body{font:1.0625rem/1.5 system-ui,sans-serif;max-width:38rem;margin:4rem auto;padding:0 1.5rem}\
    h1{font-size:1.5rem;line-height:1.25}:root{color-scheme:light dark}";

/// The answer for whoever asks: the page for people, `other` for programs. Nobody keeps either, as both change with what
/// administrators do.
pub(crate) fn or(asked: &HeaderMap, page: impl FnOnce() -> Response, other: impl FnOnce() -> Response) -> Response {
    let mut response = if header_list::takes(asked, &ACCEPT, "text/html") { page() } else { other() };
    let headers = response.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.append(VARY, HeaderValue::from_static("Accept"));
    response
}

/// A page with this heading and text. What came from outside is escaped by `html!`.
pub(crate) fn show(status: StatusCode, heading: &str, text: &Markup) -> Response {
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { (heading) }
                style { (STYLE) }
            }
            body { main { h1 { (heading) } (text) } }
        }
    };
    let headers = [
        (CONTENT_TYPE, HeaderValue::from_static("text/html;charset=UTF-8")),
        (CONTENT_SECURITY_POLICY, SECURITY_POLICY),
    ];
    (status, headers, page.into_string()).into_response()
}
