//! Dates and times of XML Schema, as `validUntil` of metadata holds them. The schema of SAML wants a `dateTime`; Keycloak
//! takes each of the eight types (Java: `DatatypeFactory.newXMLGregorianCalendar`), and so does this.

/// The moment up to which something is valid.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Until {
    /// This second is the last one, Unix time. What is left out counts as its latest, without a zone in UTC.
    Second(i64),
    /// It has no year, so it is never over.
    NoYear,
}

/// Days of the months.
const DAYS: [u8; 12] = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
const SECONDS_OF_A_DAY: i64 = 86_400;
/// Years further away than this are so far away as this one.
const FARTHEST: i64 = 10_000_000;

/// Reads a date, a time or both, such as `2099-12-31T23:59:59.5Z`, `2099-12`, `2099+01:00`, `--12-31` or `23:59:59`.
pub(super) fn parse(text: &str) -> Option<Until> {
    let (text, ahead) = without_zone(text)?;
    let (date, time) = match text.split_once('T') {
        Some((date, time)) => (date, Some(time)),
        None if text.contains(':') => return seconds(text).map(|_| Until::NoYear),
        None => (text, None),
    };
    if let Some(date) = date.strip_prefix("--") {
        return (time.is_none() && is_without_year(date)).then_some(Until::NoYear);
    }
    let (year, rest) = year(date)?;
    let (month, rest) = match rest.strip_prefix('-') {
        Some(rest) => number(rest, 12).filter(|(month, _)| *month > 0)?,
        None => (12, rest),
    };
    let last = days(month, is_leap(year))?;
    let (day, rest) = match rest.strip_prefix('-') {
        Some(rest) => number(rest, last).filter(|(day, _)| *day > 0)?,
        // A time belongs to a day.
        None if time.is_some() => return None,
        None => (last, rest),
    };
    let seconds = time.map_or(Some(SECONDS_OF_A_DAY - 1), seconds)?;
    rest.is_empty().then(|| Until::Second(day_number(year, month, day) * SECONDS_OF_A_DAY + seconds - ahead))
}

/// `12-31`, `12` or, with one more hyphen, `-31`.
fn is_without_year(text: &str) -> bool {
    let is_day = |text: &str, last| number(text, last).is_some_and(|(day, rest)| day > 0 && rest.is_empty());
    if let Some(day) = text.strip_prefix('-') {
        return is_day(day, 31);
    }
    let month = number(text, 12).and_then(|(month, rest)| days(month, true).map(|last| (last, rest)));
    month.is_some_and(|(last, rest)| rest.is_empty() || rest.strip_prefix('-').is_some_and(|day| is_day(day, last)))
}

/// The text in front of a time zone, and how many seconds this is ahead of UTC.
fn without_zone(text: &str) -> Option<(&str, i64)> {
    if let Some(text) = text.strip_suffix('Z') {
        return Some((text, 0));
    }
    // No date has a colon, and no time a hyphen.
    let Some((start, zone)) = text.len().checked_sub(6).and_then(|at| text.split_at_checked(at)) else {
        return Some((text, 0));
    };
    let sign = match zone.as_bytes() {
        [b'+', _, _, b':', ..] => 1,
        [b'-', _, _, b':', ..] => -1,
        _ => return Some((text, 0)),
    };
    let (hours, rest) = number(&zone[1..], 14)?;
    let (minutes, _) = number(rest.strip_prefix(':')?, if hours == 14 { 0 } else { 59 })?;
    Some((start, sign * (i64::from(hours) * 3600 + i64::from(minutes) * 60)))
}

/// The year, which is never 0 and may be before the year 1, and what follows it.
fn year(text: &str) -> Option<(i64, &str)> {
    let (sign, text) = text.strip_prefix('-').map_or((1, text), |text| (-1, text));
    let rest = text.trim_start_matches(|c: char| c.is_ascii_digit());
    let digits = &text[..text.len() - rest.len()];
    let year = digits.parse::<i64>().unwrap_or(FARTHEST).min(FARTHEST);
    (digits.len() >= 4 && year > 0).then_some((sign * year, rest))
}

/// Seconds since midnight of `23:59:59.5`. A minute may have a leap second, and a day may end at 24 o'clock.
fn seconds(text: &str) -> Option<i64> {
    let (hours, rest) = number(text, 24)?;
    let (minutes, rest) = number(rest.strip_prefix(':')?, if hours == 24 { 0 } else { 59 })?;
    let (seconds, rest) = number(rest.strip_prefix(':')?, if hours == 24 { 0 } else { 60 })?;
    let fraction = rest.strip_prefix('.').unwrap_or("0");
    let is_fraction = !fraction.is_empty() && fraction.bytes().all(|byte| byte.is_ascii_digit());
    (is_fraction && (rest.is_empty() || rest.starts_with('.')))
        .then(|| i64::from(hours) * 3600 + i64::from(minutes) * 60 + i64::from(seconds))
}

/// A number of two digits, at most `last`, and what follows it.
fn number(text: &str, last: u8) -> Option<(u8, &str)> {
    let (digits, rest) = text.split_at_checked(2)?;
    let number = digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse().ok()).flatten()?;
    (number <= last).then_some((number, rest))
}

/// Days of a month.
fn days(month: u8, is_leap: bool) -> Option<u8> {
    let days = DAYS.get(usize::from(month.checked_sub(1)?))?;
    Some(if month == 2 && !is_leap { 28 } else { *days })
}

fn is_leap(year: i64) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

/// Days since 1970-01-01 (Hinnant: days_from_civil).
fn day_number(year: i64, month: u8, day: u8) -> i64 {
    // Years begin in March, so that the leap day is the last one.
    let year = if month <= 2 { year - 1 } else { year };
    let (era, of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let of_year = (153 * (i64::from(month) + if month > 2 { -3 } else { 9 }) + 2) / 5 + i64::from(day) - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_out_counts_as_its_latest() {
        for (text, second) in [
            ("1970-01-01T00:00:00Z", 0),
            ("1970-01-01T00:00:00", 0),
            ("1970-01-01T02:00:00+02:00", 0),
            ("1969-12-31T23:30:00-00:30", 0),
            ("1970-01-01", 86_399),
            ("1970-01-01Z", 86_399),
            ("1970-01", 31 * 86_400 - 1),
            ("1972-02", (730 + 31 + 29) * 86_400 - 1),
            ("1970", 365 * 86_400 - 1),
            ("1970-14:00", 365 * 86_400 - 1 + 14 * 3600),
            ("1970-01+14:00", 31 * 86_400 - 1 - 14 * 3600),
            ("2026-07-01T12:00:00.999Z", 1_782_907_200),
            ("2099-12-31T24:00:00Z", 4_102_444_800),
            ("2016-12-31T23:59:60Z", 1_483_228_800),
            ("2000-02-29T00:00:00Z", 951_782_400),
        ] {
            assert_eq!(parse(text), Some(Until::Second(second)), "{text}");
        }
        for text in ["99999999999", "1893456000", "9".repeat(40).as_str()] {
            assert!(matches!(parse(text), Some(Until::Second(second)) if second > 1 << 40), "{text}");
        }
        assert!(matches!(parse("-0044-03-15T12:00:00-00:30"), Some(Until::Second(second)) if second < 0));
    }

    #[test]
    fn what_has_no_year_is_never_over() {
        for text in [
            "10:00:00",
            "10:00:00.5",
            "10:00:00Z",
            "10:00:00+14:00",
            "24:00:00.5",
            "23:59:60",
            "--05",
            "--05Z",
            "--05-02:00",
            "--05-31",
            "--02-29",
            "--12-31+01:00",
            "---15",
            "---31Z",
        ] {
            assert_eq!(parse(text), Some(Until::NoYear), "{text}");
        }
    }

    #[test]
    fn what_is_no_date_or_time_is_refused() {
        for text in [
            "",
            "soon",
            "999",
            "00",
            "0000",
            "-0000",
            "00000",
            "-1",
            "+2030",
            "0000-01-01",
            "2030-00",
            "2030-13",
            "2030-1-1",
            "2030-02-29",
            "2030-04-31",
            "2030-01-00",
            "2030-01-32",
            "2030-001",
            "2030-W01",
            "2030T10:00:00",
            "2030-01T10:00:00",
            "2030-01-01T",
            "2030-01-01T25:00:00Z",
            "2030-01-01T24:00:01",
            "2030-01-01T00:60:00Z",
            "2030-01-01T00:00:61Z",
            "2030-01-01T00:00Z",
            "2030-01-01T00:00:00.Z",
            "2030-01-01T00:00:00ZZ",
            "2030-01-01T00:00:00+2",
            "2030-01-01T10:00:00z",
            "2030-01-01t10:00:00Z",
            "2030-01-01T10:00:00+14:30",
            "2030-01-01T10:00:00+15:00",
            "2030-01-01T10:00:00Z+01:00",
            "2030-01-01 00:00:00",
            "2030-01-0é",
            "2030+1:00",
            "2030:01",
            "10:00",
            "1:00:00",
            "10:60:00",
            "25:00:00",
            "24:00:01",
            "10:00:00.",
            "10:00:00,5",
            "10:00:00:00",
            "10:00:00+14:01",
            "T10:00:00",
            "--",
            "--00",
            "--13",
            "--5",
            "--05-",
            "--05--",
            "--05-1",
            "--02-30",
            "--01-00",
            "--05T10:00:00",
            "--05-01T10:00:00",
            "---",
            "---00",
            "---32",
            "---1",
            "----1",
            "P1D",
            "1e3",
            "٢٠٣٠",
            "Z",
            "+01:00",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
