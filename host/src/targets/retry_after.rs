//! The pause that a target asks for: `Retry-After` (RFC 9110 §10.2.3).

use std::time::Duration;

use matricula_contract::connectors::Response;
use matricula_system::clock;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc2822;

/// The longest pause that is honoured.
pub(super) const LONGEST: Duration = Duration::from_secs(3_600);
/// The shortest: who asks for none gets one all the same.
const SHORTEST: Duration = Duration::from_secs(1);

/// A pause, and for whom.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Pause {
    pub(super) time: Duration,
    /// For everything that the target is asked.
    pub(super) whole_target: bool,
}

/// The pause that an answer asks for.
pub(super) fn asked_by(response: &Response) -> Option<Pause> {
    let header = response.headers.iter().find(|header| header.name == "retry-after")?;
    Some(Pause { time: read(&header.value, clock::now())?, whole_target: is_of_whole_target(response.status) })
}

/// Too many requests, or nobody is served: that is not about one client.
pub(super) fn is_of_whole_target(status: u16) -> bool {
    matches!(status, 429 | 503)
}

/// Seconds or a date.
fn read(value: &str, now: i64) -> Option<Duration> {
    let value = value.trim();
    let seconds = match value.parse::<u64>() {
        Ok(seconds) => seconds,
        Err(_) => {
            let date = OffsetDateTime::parse(value, &Rfc2822).ok()?;
            u64::try_from(date.unix_timestamp() - now).unwrap_or(0)
        }
    };
    Some(Duration::from_secs(seconds).clamp(SHORTEST, LONGEST))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pause_is_seconds_or_a_date_and_at_most_an_hour() {
        // Sun, 06 Nov 1994 08:49:37 GMT
        let now = 784_111_777;
        for (value, seconds) in [
            ("120", Some(120)),
            (" 7 ", Some(7)),
            ("0", Some(1)),
            ("86400", Some(3_600)),
            ("Sun, 06 Nov 1994 08:50:37 GMT", Some(60)),
            ("Sun, 06 Nov 1994 08:49:00 GMT", Some(1)),
            ("Mon, 07 Nov 1994 08:49:37 GMT", Some(3_600)),
            ("soon", None),
            ("-5", None),
            ("", None),
        ] {
            assert_eq!(read(value, now), seconds.map(Duration::from_secs), "{value}");
        }
    }
}
