//! What administrators send, read as leniently as Keycloak does.

use serde::de::Error;
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
