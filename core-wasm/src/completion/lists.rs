//! Lists that are sets: redirect URIs, web origins, roles.

use std::collections::HashSet;

use super::is_blank;

/// The entries, each once, in their order.
pub(super) fn distinct(texts: Vec<String>) -> Vec<String> {
    let mut seen = HashSet::with_capacity(texts.len());
    let keep: Vec<bool> = texts.iter().map(|text| seen.insert(text.as_str())).collect();
    texts.into_iter().zip(keep).filter_map(|(text, keep)| keep.then_some(text)).collect()
}

/// The addresses that are not blank, each once, in their order.
pub(super) fn addresses(mut texts: Vec<String>) -> Vec<String> {
    texts.retain(|text| !is_blank(text));
    distinct(texts)
}

/// The web origins that redirect URIs imply: scheme, host and port as written, of those that begin with `http`.
pub fn origins(redirect_uris: &[String]) -> Vec<String> {
    distinct(redirect_uris.iter().filter(|uri| uri.starts_with("http")).map(|uri| origin(uri).to_owned()).collect())
}

/// A URI up to its path (Keycloak: `UriUtils.getOrigin`, which looks for a slash behind `https://`).
pub(super) fn origin(uri: &str) -> &str {
    match uri.bytes().skip(8).position(|byte| byte == b'/') {
        Some(length) => &uri[..8 + length],
        None => uri,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origins_are_those_of_http_uris() {
        let uris = ["http://a.example/cb", "http://a.example/x", "https://b.example:8443/*", "app:/cb", "/x", "http:"];
        let uris = uris.map(str::to_owned);
        assert_eq!(origins(&uris), ["http://a.example", "https://b.example:8443", "http:"]);
    }

    #[test]
    fn sets_of_addresses_have_no_blank_entries() {
        let texts = ["b", "", " \t", "a", "b"].map(str::to_owned);
        assert_eq!(distinct(texts.to_vec()), ["b", "", " \t", "a"]);
        assert_eq!(addresses(texts.to_vec()), ["b", "a"]);
    }
}
