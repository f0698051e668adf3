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

/// A member that is true or false.
struct Switch {
    name: &'static str,
    of: fn(&mut LifeCycle) -> &mut bool,
}

/// A member that is a list of texts.
struct Texts {
    name: &'static str,
    of: fn(&mut LifeCycle) -> &mut Vec<String>,
}

/// A hundred years, in seconds: more is a mistake.
const LONGEST: i64 = 3_155_760_000;

const NUMBERS: [Number; 12] = [
    Number { name: "neverUsedAfter", range: 0..=LONGEST, of: |settings| &mut settings.never_used_after },
    Number { name: "idleAfter", range: 0..=LONGEST, of: |settings| &mut settings.idle_after },
    Number { name: "deleteAfter", range: 0..=LONGEST, of: |settings| &mut settings.delete_after },
    Number { name: "perSoftware.max", range: 0..=10_000, of: |settings| &mut settings.per_software.max },
    Number { name: "perSoftware.grace", range: 0..=LONGEST, of: |settings| &mut settings.per_software.grace },
    Number { name: "maxPerRun", range: 1..=10_000, of: |settings| &mut settings.max_per_run },
    Number { name: "runEvery", range: 60..=LONGEST, of: |settings| &mut settings.run_every },
    Number { name: "tombstones", range: 0..=31_536_000, of: |settings| &mut settings.tombstones },
    Number { name: "secretLifetime", range: 0..=LONGEST, of: |settings| &mut settings.secret_lifetime },
    Number { name: "secretGrace", range: 0..=LONGEST, of: |settings| &mut settings.secret_grace },
    Number { name: "approvalExpires", range: 1..=604_800, of: |settings| &mut settings.approval_expires },
    Number { name: "approvalInterval", range: 1..=60, of: |settings| &mut settings.approval_interval },
];

const SWITCHES: [Switch; 3] = [
    Switch { name: "exempt.administrators", of: |settings| &mut settings.exempt.administrators },
    Switch { name: "requireUse", of: |settings| &mut settings.require_use },
    Switch { name: "registrationTokenGrace", of: |settings| &mut settings.registration_token_grace },
];

const TEXTS: [Texts; 1] =
    [Texts { name: "exempt.initialAccessTokens", of: |settings| &mut settings.exempt.initial_access_tokens }];

/// Members that have members.
const OBJECTS: [&str; 2] = ["exempt", "perSoftware"];

/// Reads it. What it leaves out, or is `null`, has its default.
///
/// # Errors
/// What is wrong with it, for the administrator.
pub(crate) fn read(sent: &Value) -> Result<LifeCycle, String> {
    let mut settings = LifeCycle::default();
    if !sent.is_null() {
        read_members(&mut settings, "", sent)?;
    }
    Ok(settings)
}

/// Reads an object whose members have this before their names.
fn read_members(settings: &mut LifeCycle, before: &str, sent: &Value) -> Result<(), String> {
    let Value::Object(members) = sent else {
        let name = format!("{LIFE_CYCLE}.{before}");
        return Err(format!("'{}' must be an object", name.trim_end_matches('.')));
    };
    for (name, value) in members.iter().filter(|(_, value)| !value.is_null()) {
        // A dot of the caller's is no way into a member.
        let known = !name.contains('.');
        let name = format!("{before}{name}");
        if !known {
            return Err(format!("'{LIFE_CYCLE}.{name}' is unknown"));
        }
        if OBJECTS.contains(&name.as_str()) {
            read_members(settings, &format!("{name}."), value)?;
        } else {
            read_member(settings, &name, value).map_err(|wrong| format!("'{LIFE_CYCLE}.{name}' {wrong}"))?;
        }
    }
    Ok(())
}

fn read_member(settings: &mut LifeCycle, name: &str, value: &Value) -> Result<(), String> {
    if let Some(number) = NUMBERS.iter().find(|number| number.name == name) {
        let read = value.as_i64().filter(|value| number.range.contains(value));
        let (least, most) = (number.range.start(), number.range.end());
        *(number.of)(settings) = read.ok_or_else(|| format!("must be a whole number from {least} to {most}"))?;
    } else if let Some(switch) = SWITCHES.iter().find(|switch| switch.name == name) {
        *(switch.of)(settings) = value.as_bool().ok_or("must be true or false")?;
    } else if let Some(texts) = TEXTS.iter().find(|texts| texts.name == name) {
        let list = value.as_array().and_then(|list| list.iter().map(|one| one.as_str().map(str::to_owned)).collect());
        *(texts.of)(settings) = list.ok_or("must be a list of texts")?;
    } else {
        return Err("is unknown".to_owned());
    }
    Ok(())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that panics fails")]
mod tests {
    use matricula_store::realm_settings::Exempt;
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_left_out_has_its_default() {
        for sent in [json!(null), json!({}), json!({"tombstones": null})] {
            assert_eq!(read(&sent).unwrap(), LifeCycle::default(), "{sent}");
        }
        assert_eq!(read(&json!({"tombstones": 0})).unwrap().tombstones, 0);
        let read = read(&json!({"idleAfter": 60, "exempt": {"initialAccessTokens": ["a"]}})).unwrap();
        let exempt = Exempt { administrators: true, initial_access_tokens: vec!["a".to_owned()] };
        assert_eq!(read, LifeCycle { idle_after: 60, exempt, ..LifeCycle::default() });
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
            (json!({"exempt": true}), "'lifeCycle.exempt' must be an object"),
            (json!({"exempt": {"all": true}}), "'lifeCycle.exempt.all' is unknown"),
            (json!({"exempt.administrators": true}), "'lifeCycle.exempt.administrators' is unknown"),
            (json!({"exempt": {"administrators": "yes"}}), "'lifeCycle.exempt.administrators' must be true or false"),
            (
                json!({"exempt": {"initialAccessTokens": [1]}}),
                "'lifeCycle.exempt.initialAccessTokens' must be a list of texts",
            ),
        ] {
            assert_eq!(read(&sent).unwrap_err(), text, "{sent}");
        }
    }
}
