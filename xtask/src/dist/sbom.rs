//! The list of what a release is made of, in CycloneDX 1.5 (<https://cyclonedx.org>): scanners look for known faults in it.

use super::parts::Part;
use anyhow::Result;
use serde_json::{Value, json};

/// The list as text. It has no serial number, as that would have to be another one each time.
///
/// # Errors
/// It cannot be written as JSON.
pub(super) fn json(version: &str, time: i64, parts: &[Part]) -> Result<String> {
    let own = format!("pkg:generic/matricula@{version}");
    let components: Vec<Value> = parts.iter().map(component).collect();
    let all: Vec<&str> = parts.iter().map(|part| part.purl.as_str()).collect();
    // Only what is listed may be named.
    let needs =
        |part: &Part| part.needs.iter().filter(|purl| all.contains(&purl.as_str())).cloned().collect::<Vec<_>>();
    let mut dependencies = vec![json!({"ref": own, "dependsOn": all})];
    dependencies.extend(parts.iter().map(|part| json!({"ref": part.purl, "dependsOn": needs(part)})));
    let list = json!({
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "metadata": {
            "timestamp": timestamp(time),
            "component": {
                "type": "application",
                "bom-ref": own,
                "name": "matricula",
                "version": version,
                "purl": own,
                "licenses": [{"license": {"id": "Apache-2.0"}}],
            },
        },
        "components": components,
        "dependencies": dependencies,
    });
    Ok(format!("{}\n", serde_json::to_string_pretty(&list)?))
}

fn component(part: &Part) -> Value {
    let mut component = json!({
        "type": "library",
        "bom-ref": part.purl,
        "name": part.name,
        "version": part.version,
        "purl": part.purl,
        "licenses": [{"expression": part.license}],
    });
    if let Some((algorithm, digest)) = &part.digest {
        component["hashes"] = json!([{"alg": algorithm, "content": digest}]);
    }
    component
}

/// A time as RFC 3339 writes it.
fn timestamp(seconds: i64) -> String {
    let (days, rest) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
    // Howard Hinnant's `civil_from_days`: years begin in March, so that leap days come last.
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    format!("{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}Z", rest / 3600, rest / 60 % 60, rest % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_those_of_the_calendar() {
        for (seconds, text) in [
            (0, "1970-01-01T00:00:00Z"),
            (951_782_400, "2000-02-29T00:00:00Z"),
            (1_795_449_516, "2026-11-23T15:58:36Z"),
        ] {
            assert_eq!(timestamp(seconds), text);
        }
    }
}
