//! The realm setting `lifeCycle` as administrators send it.

use std::ops::RangeInclusive;

use matricula_store::realm_settings::LifeCycle;
use serde_json::Value;

/// Its name among the members of a realm.
pub(crate) const LIFE_CYCLE: &str = "lifeCycle";

/// A member that is a whole number.
struct Number {
    /// With a dot where it is a member of a member.
    name: &'static str,
    range: RangeInclusive<i64>,
    of: fn(&mut LifeCycle) -> &mut i64,
}

const NUMBERS: [Number; 3] = [
    Number { name: "tombstones", range: 0..=31_536_000, of: |settings| &mut settings.tombstones },
    Number { name: "approvalExpires", range: 1..=604_800, of: |settings| &mut settings.approval_expires },
    Number { name: "approvalInterval", range: 1..=60, of: |settings| &mut settings.approval_interval },
];

/// Reads it. What it leaves out, or is `null`, has its default.
///
/// # Errors
/// What is wrong with it, for the administrator.
pub(crate) fn read(sent: &Value) -> Result<LifeCycle, String> {
    let mut settings = LifeCycle::default();
    match sent {
        Value::Null => {}
        Value::Object(members) => {
            for (name, value) in members.iter().filter(|(_, value)| !value.is_null()) {
                read_member(&mut settings, name, value)?;
            }
        }
        _ => return Err(format!("'{LIFE_CYCLE}' must be an object")),
    }
    Ok(settings)
}

fn read_member(settings: &mut LifeCycle, name: &str, value: &Value) -> Result<(), String> {
    if let Some(number) = NUMBERS.iter().find(|number| number.name == name) {
        let (least, most) = (number.range.start(), number.range.end());
        let read = value.as_i64().filter(|value| number.range.contains(value));
        *(number.of)(settings) =
            read.ok_or_else(|| format!("'{LIFE_CYCLE}.{name}' must be a whole number from {least} to {most}"))?;
        return Ok(());
    }
    Err(format!("'{LIFE_CYCLE}.{name}' is unknown"))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that panics fails")]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_left_out_has_its_default() {
        for sent in [json!(null), json!({}), json!({"tombstones": null})] {
            assert_eq!(read(&sent).unwrap(), LifeCycle::default(), "{sent}");
        }
        assert_eq!(read(&json!({"tombstones": 0})).unwrap().tombstones, 0);
    }

    #[test]
    fn what_is_wrong_is_told() {
        let tombstones = "'lifeCycle.tombstones' must be a whole number from 0 to 31536000";
        for (sent, text) in [
            (json!([]), "'lifeCycle' must be an object"),
            (json!({"colour": 1}), "'lifeCycle.colour' is unknown"),
            (json!({"tombstones": -1}), tombstones),
            (json!({"tombstones": 31_536_001}), tombstones),
            (json!({"tombstones": 1.5}), tombstones),
            (json!({"tombstones": "P30D"}), tombstones),
            (json!({"approvalExpires": 0}), "'lifeCycle.approvalExpires' must be a whole number from 1 to 604800"),
            (json!({"approvalInterval": 61}), "'lifeCycle.approvalInterval' must be a whole number from 1 to 60"),
        ] {
            assert_eq!(read(&sent).unwrap_err(), text, "{sent}");
        }
    }
}
