//! The web pages that come with the binary: `/bench/` and `/console/`, each a folder of files that its build made
//! (`web/<name>`, built by `cargo xtask build`). A binary that was built without a folder answers 404 there.

use axum::Router;
use axum::http::header::{
    ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, IF_NONE_MATCH,
    LOCATION, VARY,
};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use matricula_network::header_list;

use crate::error::ErrorResponse;
use crate::parameters::Path;

/// A file of a page.
struct File {
    /// Its path in the folder: `assets/index-3f2a.js`.
    path: &'static str,
    content: &'static [u8],
    /// The same compressed by gzip, if that is worth it.
    gzip: Option<&'static [u8]>,
}

/// A folder of files below an address.
struct Page {
    /// The first segment of the address.
    name: &'static str,
    files: &'static [File],
    /// Addresses below it that stand for the page itself, whose script looks at them.
    entrances: &'static [&'static str],
    content_security_policy: &'static str,
}

// The tables `BENCH` and `CONSOLE`, in the order of the paths.
include!(concat!(env!("OUT_DIR"), "/web_files.rs"));

/// Every page that there may be, with what its files may do in a browser.
static PAGES: [Page; 2] = [
    Page {
        name: "bench",
        files: BENCH,
        entrances: &[],
        // Components become scripts (`blob:`) and WebAssembly while the page runs.
        content_security_policy: "default-src 'none'; script-src 'self' blob: 'wasm-unsafe-eval'; worker-src 'self'; \
            style-src 'self'; font-src 'self'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; \
            form-action 'none'; frame-ancestors 'self'",
    },
    Page {
        name: "console",
        files: CONSOLE,
        entrances: &["approve"],
        content_security_policy: "default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; \
            img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    },
];

/// The routes of the pages that were built in.
pub(crate) fn routes<S: Clone + Send + Sync + 'static>() -> Router<S> {
    let mut routes = Router::new();
    for page in PAGES.iter().filter(|page| !page.files.is_empty()) {
        let name = page.name;
        routes = routes
            .route(&format!("/{name}"), get(move || async move { slash(name) }))
            .route(&format!("/{name}/"), get(move |asked: HeaderMap| async move { answer(page, "", &asked) }))
            .route(
                &format!("/{name}/{{*path}}"),
                get(move |Path(path): Path<String>, asked: HeaderMap| async move { answer(page, &path, &asked) }),
            );
    }
    routes
}

/// Whether this is the path of a page, but for the slash that it ends in.
pub(crate) fn is_page(path: &str) -> bool {
    path.strip_prefix('/').is_some_and(|name| PAGES.iter().any(|page| page.name == name))
}

/// Relative addresses in a page need the slash.
fn slash(name: &str) -> Response {
    (StatusCode::PERMANENT_REDIRECT, [(LOCATION, format!("{name}/"))]).into_response()
}

fn answer(page: &Page, path: &str, asked: &HeaderMap) -> Response {
    let path = if path.is_empty() || page.entrances.contains(&path) { "index.html" } else { path };
    let Ok(at) = page.files.binary_search_by_key(&path, |file| file.path) else {
        return ErrorResponse::framework(StatusCode::NOT_FOUND).into_response();
    };
    let file = &page.files[at];
    let tag = tag(file.content);
    let mut response = if asked.get(IF_NONE_MATCH).is_some_and(|known| known.as_bytes() == tag.as_bytes()) {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(media_type(path)));
        match file.gzip.filter(|_| header_list::takes(asked, &ACCEPT_ENCODING, "gzip")) {
            Some(gzip) => {
                headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
                (headers, gzip).into_response()
            }
            None => (headers, file.content).into_response(),
        }
    };
    let headers = response.headers_mut();
    // The names of built files below `assets` hold a hash of what is in them.
    let kept = if path.starts_with("assets/") { "public, max-age=31536000, immutable" } else { "no-cache" };
    headers.insert(CACHE_CONTROL, HeaderValue::from_static(kept));
    headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(page.content_security_policy));
    headers.insert(VARY, HeaderValue::from_static("accept-encoding"));
    if let Ok(tag) = HeaderValue::from_str(&tag) {
        headers.insert(ETAG, tag);
    }
    response
}

/// Says whether a file has changed. Weak: it is the same whether the answer is compressed or not.
fn tag(content: &[u8]) -> String {
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, content);
    let short: String = digest.as_ref().iter().take(12).map(|byte| format!("{byte:02x}")).collect();
    format!("W/\"{short}\"")
}

/// The media type that the end of a path stands for.
fn media_type(path: &str) -> &'static str {
    match path.rsplit_once('.').map_or("", |(_, end)| end) {
        "html" => "text/html; charset=utf-8",
        "js" | "mjs" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "json" => "application/json",
        "wasm" => "application/wasm",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "ico" => "image/x-icon",
        "woff2" => "font/woff2",
        "txt" => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use axum::http::header::X_CONTENT_TYPE_OPTIONS;

    use super::*;

    static FILES: [File; 3] = [
        File { path: "assets/a-12.js", content: b"let a", gzip: Some(b"small") },
        File { path: "favicon.svg", content: b"<svg/>", gzip: None },
        File { path: "index.html", content: b"<!doctype html>", gzip: None },
    ];

    fn page() -> Page {
        Page { name: "bench", files: &FILES, entrances: &["approve"], content_security_policy: "default-src 'none'" }
    }

    fn header(response: &Response, name: axum::http::HeaderName) -> &str {
        response.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    #[test]
    fn the_address_of_a_page_is_its_index() {
        let response = answer(&page(), "", &HeaderMap::new());
        assert_eq!(response.status(), StatusCode::OK);
        assert_eq!(header(&response, CONTENT_TYPE), "text/html; charset=utf-8");
        assert_eq!(header(&response, CACHE_CONTROL), "no-cache");
        assert_eq!(header(&response, CONTENT_SECURITY_POLICY), "default-src 'none'");
        assert_eq!(header(&response, X_CONTENT_TYPE_OPTIONS), "", "that one is of every answer");
    }

    #[test]
    fn an_entrance_is_the_page_too_and_nothing_below_it() {
        assert_eq!(answer(&page(), "approve", &HeaderMap::new()).status(), StatusCode::OK);
        assert_eq!(answer(&page(), "approve/more", &HeaderMap::new()).status(), StatusCode::NOT_FOUND);
    }

    #[test]
    fn files_with_a_hash_in_their_names_are_kept_for_long() {
        let response = answer(&page(), "assets/a-12.js", &HeaderMap::new());
        assert_eq!(header(&response, CACHE_CONTROL), "public, max-age=31536000, immutable");
        assert_eq!(header(&response, CONTENT_ENCODING), "");
    }

    #[test]
    fn compresses_for_those_who_can_read_it() {
        for (codings, compressed) in
            [("gzip, deflate", true), ("br, gzip;q=0.5", true), ("gzip;q=0", false), ("br", false), ("", false)]
        {
            let asked = HeaderMap::from_iter([(ACCEPT_ENCODING, HeaderValue::from_static(codings))]);
            let response = answer(&page(), "assets/a-12.js", &asked);
            assert_eq!(header(&response, CONTENT_ENCODING) == "gzip", compressed, "{codings}");
            assert_eq!(header(&response, VARY), "accept-encoding");
        }
    }

    #[test]
    fn an_unchanged_file_is_not_sent_again() {
        let first = answer(&page(), "", &HeaderMap::new());
        let known = first.headers().get(ETAG).cloned();
        let asked = HeaderMap::from_iter(known.map(|tag| (IF_NONE_MATCH, tag)));
        assert_eq!(answer(&page(), "", &asked).status(), StatusCode::NOT_MODIFIED);
    }

    #[test]
    fn what_is_not_there_is_not_found() {
        for path in ["assets", "assets/", "../Cargo.toml", "index.htm"] {
            assert_eq!(answer(&page(), path, &HeaderMap::new()).status(), StatusCode::NOT_FOUND, "{path}");
        }
    }
}
