//! How long a document is good: as its server says (RFC 9111 §5.2, §5.3), within what the realm allows.

use matricula_network::client_documents::Fetched;
use matricula_network::header_list;
use matricula_store::realm_settings::ClientIdMetadataDocuments;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc2822;

/// Until when a document that was fetched now is good; Unix time in milliseconds, both.
pub(super) fn expires(fetched: &Fetched, settings: &ClientIdMetadataDocuments, now_ms: i64) -> i64 {
    let seconds = said(fetched, now_ms / 1000).unwrap_or_else(|| settings.max_age.into());
    now_ms + 1000 * seconds.clamp(settings.min_age.into(), settings.max_age.into())
}

/// The seconds that the server says, if it does.
fn said(fetched: &Fetched, now: i64) -> Option<i64> {
    let directives = || fetched.cache_control.iter().flat_map(|line| header_list::split(line, ','));
    if directives().any(|directive| is_named(directive, "no-store") || is_named(directive, "no-cache")) {
        return Some(0);
    }
    let max_age = directives().find_map(|directive| {
        let (name, value) = directive.split_once('=')?;
        if !name.trim().eq_ignore_ascii_case("max-age") {
            return None;
        }
        value.trim().trim_matches('"').parse::<i64>().ok()
    });
    // A date that cannot be read is in the past (RFC 9111 §5.3).
    let until = || fetched.expires.as_deref().map(|date| OffsetDateTime::parse(date.trim(), &Rfc2822));
    max_age.or_else(|| until().map(|date| date.map_or(0, |date| date.unix_timestamp() - now)))
}

/// A directive, with or without a value: `no-cache="Set-Cookie"` names fields and is taken as the whole.
fn is_named(directive: &str, name: &str) -> bool {
    directive.split('=').next().is_some_and(|found| found.trim().eq_ignore_ascii_case(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_says_how_long_its_document_is_good_within_what_the_realm_allows() {
        let settings = ClientIdMetadataDocuments { min_age: 60, max_age: 3600, ..ClientIdMetadataDocuments::default() };
        // 6 November 1994 08:49:37.
        let now = 784_111_777;
        for (cache_control, expires_header, seconds) in [
            (&[][..], None, 3600),
            (&["max-age=600"], None, 600),
            (&["public", "Max-Age = \"120\""], None, 120),
            (&["max-age=5"], None, 60),
            (&["max-age=99999"], None, 3600),
            (&["max-age=99999999999999999999"], None, 3600),
            (&["no-store, max-age=600"], None, 60),
            (&["no-cache"], None, 60),
            (&["s-maxage=600"], None, 3600),
            (&[], Some("Sun, 06 Nov 1994 08:59:37 GMT"), 600),
            (&[], Some("Sun, 06 Nov 1994 08:40:00 GMT"), 60),
            (&[], Some("0"), 60),
            (&["max-age=300"], Some("Sun, 06 Nov 1994 08:59:37 GMT"), 300),
        ] {
            let fetched = Fetched {
                document: None,
                etag: None,
                cache_control: cache_control.iter().map(|line| (*line).to_owned()).collect(),
                expires: expires_header.map(str::to_owned),
                address: None,
            };
            let until = expires(&fetched, &settings, now * 1000);
            assert_eq!(until, (now + seconds) * 1000, "{cache_control:?} {expires_header:?}");
        }
    }
}
