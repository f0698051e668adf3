//! `dateTime` of XML Schema, as `validUntil` of metadata holds it.

use std::ops::RangeInclusive;

/// Whether the text is a date and time such as `2099-12-31T23:59:59.5Z`; with or without a zone, or the date alone.
pub(super) fn is_time(text: &str) -> bool {
    after_date(text).and_then(after_time).is_some_and(is_zone)
}

fn after_date(text: &str) -> Option<&str> {
    let text = text.strip_prefix('-').unwrap_or(text);
    let rest = after_digits(text);
    let has_year = text.len() - rest.len() >= 4;
    has_year
        .then_some(rest)
        .and_then(|rest| after_number('-', 1..=12, rest))
        .and_then(|rest| after_number('-', 1..=31, rest))
}

fn after_time(text: &str) -> Option<&str> {
    if !text.starts_with('T') {
        return Some(text);
    }
    let rest = after_number('T', 0..=24, text)?;
    let rest = after_number(':', 0..=59, rest)?;
    let rest = after_number(':', 0..=60, rest)?;
    match rest.strip_prefix('.') {
        Some(fraction) => Some(after_digits(fraction)).filter(|rest| rest.len() < fraction.len()),
        None => Some(rest),
    }
}

fn is_zone(text: &str) -> bool {
    let hours = after_number('+', 0..=14, text).or_else(|| after_number('-', 0..=14, text));
    matches!(text, "" | "Z") || hours.and_then(|rest| after_number(':', 0..=59, rest)) == Some("")
}

/// What follows a separator and a number of two digits within the range.
fn after_number(separator: char, range: RangeInclusive<u8>, text: &str) -> Option<&str> {
    let (digits, rest) = text.strip_prefix(separator)?.split_at_checked(2)?;
    let is_number = after_digits(digits).is_empty() && digits.parse().is_ok_and(|number| range.contains(&number));
    is_number.then_some(rest)
}

fn after_digits(text: &str) -> &str {
    text.trim_start_matches(|c: char| c.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_and_times_of_xml_schema_are_times() {
        for text in [
            "2099-12-31T23:59:59Z",
            "2001-01-01T00:00:00.123456",
            "2026-07-01T12:00:00+02:00",
            "-0044-03-15T12:00:00-00:30",
            "12026-01-01T24:00:00Z",
            "2030-01-01",
            "2030-01-01+14:00",
        ] {
            assert!(is_time(text), "{text}");
        }
        for text in [
            "",
            "soon",
            "2030",
            "99-01-01T00:00:00Z",
            "2030-13-01T00:00:00Z",
            "2030-01-32",
            "2030-1-1T00:00:00Z",
            "2030-01-01T25:00:00Z",
            "2030-01-01T00:60:00Z",
            "2030-01-01T00:00Z",
            "2030-01-01T00:00:00.Z",
            "2030-01-01T00:00:00ZZ",
            "2030-01-01T00:00:00+2",
            "2030-01-01 00:00:00",
            "2030-01-0é",
        ] {
            assert!(!is_time(text), "{text}");
        }
    }
}
