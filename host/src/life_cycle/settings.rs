//! The realm setting `lifeCycle` as administrators send it.

use std::ops::RangeInclusive;

use matricula_store::life_cycle::LifeCycle;
use serde_json::{Map, Value};

/// Its name among the members of a realm.
pub(crate) const LIFE_CYCLE: &str = "lifeCycle";
/// Its members.
const MEMBERS: [&str; 2] = ["approvalExpires", "approvalInterval"];

/// Reads it; `null` is nothing but defaults. What it leaves out has its default.
///
/// # Errors
/// What is wrong with it, for the administrator.
pub(crate) fn read(sent: &Value) -> Result<LifeCycle, String> {
    let default = LifeCycle::default();
    let members = match sent {
        Value::Null => return Ok(default),
        Value::Object(members) => members,
        _ => return Err(format!("'{LIFE_CYCLE}' must be an object")),
    };
    if let Some(unknown) = members.keys().find(|name| !MEMBERS.contains(&name.as_str())) {
        return Err(format!("'{LIFE_CYCLE}.{unknown}' is unknown"));
    }
    Ok(LifeCycle {
        approval_expires: number(members, "approvalExpires", 1..=604_800, default.approval_expires)?,
        approval_interval: number(members, "approvalInterval", 1..=60, default.approval_interval)?,
    })
}

/// A member that is a whole number, if it is there.
fn number(members: &Map<String, Value>, name: &str, range: RangeInclusive<i64>, default: i64) -> Result<i64, String> {
    let value = match members.get(name) {
        None | Some(Value::Null) => return Ok(default),
        Some(value) => value.as_i64().filter(|number| range.contains(number)),
    };
    value.ok_or_else(|| {
        format!("'{LIFE_CYCLE}.{name}' must be a whole number from {} to {}", range.start(), range.end())
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that panics fails")]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_left_out_has_its_default() {
        let default = LifeCycle { approval_expires: 3600, approval_interval: 5 };
        for sent in [json!(null), json!({}), json!({"approvalExpires": null})] {
            assert_eq!(read(&sent).unwrap(), default, "{sent}");
        }
        let sent = json!({"approvalExpires": 604_800, "approvalInterval": 60});
        assert_eq!(read(&sent).unwrap(), LifeCycle { approval_expires: 604_800, approval_interval: 60 });
    }

    #[test]
    fn what_is_wrong_is_told_by_its_name() {
        let expires = "'lifeCycle.approvalExpires' must be a whole number from 1 to 604800";
        let interval = "'lifeCycle.approvalInterval' must be a whole number from 1 to 60";
        for (sent, text) in [
            (json!({"approvalExpires": 0}), expires),
            (json!({"approvalExpires": 604_801}), expires),
            (json!({"approvalExpires": "PT1H"}), expires),
            (json!({"approvalExpires": 1.5}), expires),
            (json!({"approvalInterval": 61}), interval),
            (json!({"approvalInterval": true}), interval),
            (json!({"approvalIntervall": 5}), "'lifeCycle.approvalIntervall' is unknown"),
            (json!([]), "'lifeCycle' must be an object"),
        ] {
            assert_eq!(read(&sent).unwrap_err(), text, "{sent}");
        }
    }
}
