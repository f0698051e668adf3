//! What administrators send, read as leniently as Keycloak does.

use std::collections::BTreeMap;

use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::Value;

/// A switch that may have come as text or number.
pub fn lenient_switch<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<bool>, D::Error> {
    match Value::deserialize(deserializer)? {
        Value::Bool(flag) => Ok(Some(flag)),
        Value::Number(number) => Ok(Some(number.as_f64() != Some(0.0))),
        Value::String(text) if text.eq_ignore_ascii_case("true") => Ok(Some(true)),
        Value::String(text) if text.eq_ignore_ascii_case("false") => Ok(Some(false)),
        other => Err(D::Error::custom(format!("{other} is neither true nor false"))),
    }
}

/// A number that may have come as text.
pub fn lenient_number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<i64>, D::Error> {
    struct Number;
    impl Visitor<'_> for Number {
        type Value = i64;
        fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            formatter.write_str("a whole number")
        }
        fn visit_i64<E: Error>(self, number: i64) -> Result<i64, E> {
            i32::try_from(number).map(i64::from).map_err(|_| E::custom("a number of 32 bits was expected"))
        }
        fn visit_u64<E: Error>(self, number: u64) -> Result<i64, E> {
            i32::try_from(number).map(i64::from).map_err(|_| E::custom("a number of 32 bits was expected"))
        }
        fn visit_f64<E: Error>(self, number: f64) -> Result<i64, E> {
            #[expect(clippy::cast_possible_truncation, reason = "fractions are cut off, as Keycloak does")]
            self.visit_i64(number as i64)
        }
        fn visit_str<E: Error>(self, text: &str) -> Result<i64, E> {
            text.trim().parse::<i32>().map(i64::from).map_err(|_| E::custom(format!("{text:?} is no number")))
        }
    }
    deserializer.deserialize_any(Number).map(Some)
}

/// A list of texts; a `null` in it is none.
pub fn lenient_texts<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Vec<String>>, D::Error> {
    let texts: Option<Vec<Option<String>>> = Option::deserialize(deserializer)?;
    Ok(texts.map(|texts| texts.into_iter().flatten().collect()))
}

/// Texts by name; one that is `null` is as good as absent.
pub fn lenient_entries<'de, D, M>(deserializer: D) -> Result<M, D::Error>
where
    D: Deserializer<'de>,
    M: FromIterator<(String, String)>,
{
    let entries: Option<BTreeMap<String, Option<String>>> = Option::deserialize(deserializer)?;
    Ok(entries.into_iter().flatten().filter_map(|(name, text)| Some((name, text?))).collect())
}
