//! How often something may happen, and who has used up how much of it.

use std::fmt::{self, Display};
use std::str::FromStr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use quick_cache::sync::Cache;
use serde::{Serialize, Serializer};

use super::{ENTRIES, Key};

/// So many times in a period: `20/minute`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    number: u32,
    period: Duration,
}

/// The periods of rates, with their lengths in seconds.
const PERIODS: [(&str, u64); 4] = [("second", 1), ("minute", 60), ("hour", 3_600), ("day", 86_400)];

impl FromStr for Rate {
    type Err = String;

    fn from_str(text: &str) -> Result<Rate, String> {
        let refused =
            || format!("{text:?} is no rate such as 20/minute: a number from 1 on, and second, minute, hour or day");
        let (number, period) = text.split_once('/').ok_or_else(refused)?;
        let (_, seconds) = PERIODS.into_iter().find(|(name, _)| *name == period.trim()).ok_or_else(refused)?;
        let number = number.trim().parse().ok().filter(|number| *number > 0).ok_or_else(refused)?;
        Ok(Rate { number, period: Duration::from_secs(seconds) })
    }
}

impl Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.period.as_secs();
        let period = PERIODS.into_iter().find(|(_, length)| *length == seconds).map_or("", |(name, _)| name);
        write!(f, "{}/{period}", self.number)
    }
}

impl Serialize for Rate {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Who has used up how much. The whole number may be used at once; it comes back little by little.
#[derive(Clone)]
pub(super) struct Used {
    began: Instant,
    /// The time, in nanoseconds since `began`, at which nothing will count as used any more.
    until: Arc<Cache<Key, Arc<AtomicU64>>>,
}

impl Used {
    /// Nobody has used anything.
    pub(super) fn nothing() -> Used {
        Used { began: Instant::now(), until: Arc::new(Cache::new(ENTRIES)) }
    }

    /// Uses one of a rate.
    ///
    /// # Errors
    /// The time after which there is one again.
    pub(super) fn take(&self, key: Key, rate: Rate) -> Result<(), Duration> {
        let nanoseconds = |time: Duration| u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
        let (now, whole) = (nanoseconds(self.began.elapsed()), nanoseconds(rate.period));
        let one = whole / u64::from(rate.number);
        let Ok(until) = self.until.get_or_insert_with(&key, || Ok::<_, std::convert::Infallible>(Arc::default()));
        let taken = until.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |until| {
            let until = until.max(now) + one;
            (until - now <= whole).then_some(until)
        });
        taken.map(drop).map_err(|until| Duration::from_nanos((until + one).saturating_sub(now + whole)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_are_read() {
        for (text, expected) in [
            ("20/minute", Some((20, 60))),
            ("1/second", Some((1, 1))),
            (" 5 / day ", Some((5, 86_400))),
            ("0/minute", None),
            ("-1/minute", None),
            ("minute", None),
            ("3/week", None),
            ("", None),
        ] {
            let rate = text.parse::<Rate>().ok();
            assert_eq!(rate.map(|rate| (rate.number, rate.period.as_secs())), expected, "{text:?}");
            if let Some(rate) = rate {
                assert_eq!(rate.to_string(), text.replace(' ', ""));
            }
        }
    }

    #[test]
    fn the_number_may_be_used_and_then_one_after_the_other() {
        let (used, rate) = (Used::nothing(), Rate { number: 3, period: Duration::from_secs(3) });
        for _ in 0..3 {
            assert_eq!(used.take([1; 16], rate), Ok(()));
        }
        let wait = used.take([1; 16], rate).err();
        assert!(wait.is_some_and(|wait| wait <= Duration::from_secs(1)), "{wait:?}");
        assert_eq!(used.take([2; 16], rate), Ok(()), "somebody else");
        std::thread::sleep(Duration::from_millis(1100));
        assert_eq!(used.take([1; 16], rate), Ok(()));
        assert!(used.take([1; 16], rate).is_err());
    }
}
