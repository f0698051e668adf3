//! Headers that are lists (RFC 9110 §5.6.1): their members over all lines of the header, and whether one of them is named.

use http::{HeaderMap, HeaderName};

/// The members of a header, in their order. A comma in a quoted text ends none; empty members and lines that are not
/// text are left out.
pub fn members<'a>(headers: &'a HeaderMap, name: &HeaderName) -> impl Iterator<Item = &'a str> {
    headers.get_all(name).iter().filter_map(|line| line.to_str().ok()).flat_map(|line| split(line, ','))
}

/// Whether a member says that its sender takes this: a media type, a coding (RFC 9110 §12.5). Case does not matter;
/// weight 0 says that it is not taken, `*` does not name it.
pub fn takes(headers: &HeaderMap, name: &HeaderName, wanted: &str) -> bool {
    members(headers, name).any(|member| {
        let mut parts = split(member, ';');
        let weightless = |parameter: &str| {
            let Some((name, value)) = parameter.split_once('=') else { return false };
            name.trim().eq_ignore_ascii_case("q") && value.trim().parse::<f32>().is_ok_and(|weight| weight <= 0.0)
        };
        parts.next().is_some_and(|name| name.eq_ignore_ascii_case(wanted)) && !parts.any(weightless)
    })
}

/// The parts of a text between separators that stand in no quotes, without blanks around them and without empty ones.
pub fn split(text: &str, separator: char) -> impl Iterator<Item = &str> {
    let (mut quoted, mut escaped) = (false, false);
    let parts = text.split(move |character| {
        let ends = character == separator && !quoted;
        match character {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            _ => {}
        }
        ends
    });
    parts.map(str::trim).filter(|part| !part.is_empty())
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;
    use http::header::{ACCEPT, FORWARDED};

    use super::*;

    #[test]
    fn members_come_over_all_lines_and_commas_in_quotes_end_none() {
        let mut headers = HeaderMap::new();
        headers.append(FORWARDED, HeaderValue::from_static("for=\"a,b\\\",c\" ,, proto=http"));
        headers.append(FORWARDED, HeaderValue::from_static("for=d"));
        assert!(members(&headers, &FORWARDED).eq(["for=\"a,b\\\",c\"", "proto=http", "for=d"]));
    }

    #[test]
    fn what_is_named_with_a_weight_above_zero_is_taken() {
        for (line, taken) in [
            ("text/html", true),
            ("application/json, TEXT/HTML;q=0.5", true),
            ("text/html; level=1 ; Q=0.1", true),
            ("text/html;q=0", false),
            ("text/html;q=0.000, */*", false),
            ("*/*", false),
            ("text/*", false),
            ("text/htmlx", false),
            ("", false),
        ] {
            let headers = HeaderMap::from_iter([(ACCEPT, HeaderValue::from_static(line))]);
            assert_eq!(takes(&headers, &ACCEPT, "text/html"), taken, "{line}");
        }
    }
}
