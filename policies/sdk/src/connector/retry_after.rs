//! The header `Retry-After` (RFC 9110 §10.2.3): seconds, or a date.

/// The longest wait that is heeded.
const LONGEST: u64 = 3600;

/// Seconds to wait from `now` (Unix time in seconds), at least 1. Absent: the header says nothing that can be read.
pub(crate) fn seconds(header: &str, now: u64) -> Option<u32> {
    let header = header.trim();
    let seconds = match header.parse::<u64>() {
        Ok(seconds) => seconds,
        // More than fits is long.
        Err(_) if !header.is_empty() && header.bytes().all(|byte| byte.is_ascii_digit()) => LONGEST,
        Err(_) => unix_time(header)?.saturating_sub(now),
    };
    u32::try_from(seconds.clamp(1, LONGEST)).ok()
}

/// The Unix time of `Sun, 06 Nov 1994 08:49:37 GMT`, the one form of dates that is still sent.
fn unix_time(date: &str) -> Option<u64> {
    const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let (_, rest) = date.split_once(", ")?;
    let mut words = rest.split(' ');
    let (day, month, year) = (words.next()?, words.next()?, words.next()?);
    let (time, zone) = (words.next()?, words.next()?);
    let month = u64::try_from(MONTHS.iter().position(|name| *name == month)?).ok()? + 1;
    let mut clock = time.split(':').map(|number| number.parse::<u64>().ok());
    let (hour, minute, second) = (clock.next()??, clock.next()??, clock.next()??);
    let (day, year) = (day.parse::<u64>().ok()?, year.parse::<u64>().ok()?);
    let is_date = (1..=31).contains(&day) && (1970..10_000).contains(&year) && hour < 24 && minute < 60 && second < 61;
    if zone != "GMT" || words.next().is_some() || !is_date {
        return None;
    }
    // Years begin in March, so that the leap day is the last one.
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let days = year * 365 + year / 4 - year / 100 + year / 400 + (month * 153 + 2) / 5 + day - 1;
    const UNTIL_1970: u64 = 719_468;
    Some((days - UNTIL_1970) * 86_400 + hour * 3600 + minute * 60 + second)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_seconds_and_dates() {
        let now = 784_111_777;
        for (header, expected) in [
            ("7", Some(7)),
            (" 120 ", Some(120)),
            ("0", Some(1)),
            ("86400", Some(3600)),
            ("99999999999999999999999", Some(3600)),
            ("Sun, 06 Nov 1994 08:49:37 GMT", Some(1)),
            ("Sun, 06 Nov 1994 08:50:37 GMT", Some(60)),
            ("Sun, 06 Nov 1994 08:48:37 GMT", Some(1)),
            ("Tue, 29 Feb 2028 00:00:00 GMT", Some(3600)),
            ("Sun, 06 Nov 1994 08:49:37 CET", None),
            ("Sun, 06 Nov 1994", None),
            ("Sun, 99 Nov 1994 08:49:37 GMT", None),
            ("soon", None),
            ("-1", None),
            ("", None),
        ] {
            assert_eq!(seconds(header, now), expected, "{header}");
        }
    }

    #[test]
    fn knows_the_days_of_leap_years() {
        assert_eq!(unix_time("Thu, 01 Jan 1970 00:00:00 GMT"), Some(0));
        assert_eq!(unix_time("Tue, 29 Feb 2000 12:00:00 GMT"), Some(951_825_600));
        assert_eq!(unix_time("Sat, 28 Nov 2026 17:00:00 GMT"), Some(1_795_885_200));
    }
}
