//! The realm setting `gate` as administrators send it.

use matricula_store::realm_settings::{Gate, Unknown};
use serde_json::Value;

use crate::front_door::members::Members;

/// Its name among the members of a realm.
pub(crate) const GATE: &str = "gate";

/// Reads it; what it leaves out, and `null`, is the default.
///
/// # Errors
/// What is wrong with it, for the administrator.
pub(crate) fn read(sent: &Value) -> Result<Gate, String> {
    let Some(members) = Members::of(sent, GATE, &["unknown"])? else { return Ok(Gate::default()) };
    let words = [("pass", Unknown::Pass), ("refuse", Unknown::Refuse)];
    Ok(Gate { unknown: members.word("unknown", &words)?.unwrap_or_default() })
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that panics fails")]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_wrong_is_told_and_what_is_left_out_is_the_default() {
        for (sent, unknown) in [
            (json!(null), Unknown::Pass),
            (json!({}), Unknown::Pass),
            (json!({"unknown": null}), Unknown::Pass),
            (json!({"unknown": "refuse"}), Unknown::Refuse),
        ] {
            assert_eq!(read(&sent).unwrap().unknown, unknown, "{sent}");
        }
        for (sent, text) in [
            (json!([]), "'gate' must be an object"),
            (json!({"x": 1}), "'gate' has no 'x'"),
            (json!({"unknown": "maybe"}), "'gate.unknown' must be pass or refuse"),
            (json!({"unknown": true}), "'gate.unknown' must be pass or refuse"),
        ] {
            assert_eq!(read(&sent).unwrap_err(), text, "{sent}");
        }
    }
}
