//! Profiles: `/admin/realms/{realm}/client-registration-policy/profile` gives a set the policies of a profile, in one
//! transaction.

use axum::Json;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use matricula_store::Write;
use matricula_store::policies::{self, Config, Policy, PolicyRow};
use matricula_system::{clock, ids};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use super::{Administrator, body};
use crate::app::App;
use crate::error::{ErrorBody, ErrorResponse};
use crate::parameters::Query;

/// A profile, and the policy that makes it.
struct Profile {
    name: &'static str,
    /// Which kind of policy.
    provider: &'static str,
    /// What it is called in the set.
    policy: &'static str,
}

static PROFILES: [Profile; 1] = [Profile { name: "fapi-2", provider: "fapi-2", policy: "FAPI 2.0" }];
/// The sets.
const SUB_TYPES: [&str; 2] = ["anonymous", "authenticated"];
const MEMBERS: [&str; 2] = ["profile", "subType"];

/// Whether anything is to be done.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct How {
    dry_run: bool,
}

/// What becomes of a set: names of policies.
#[derive(Debug, Default, Serialize, ToSchema)]
pub(crate) struct ProfileChanges {
    /// Those that go.
    removed: Vec<String>,
    /// Those that come.
    added: Vec<String>,
    /// Those whose settings change.
    changed: Vec<String>,
}

/// Gives a set the policies of a profile
///
/// `{"profile", "subType"}`: `fapi-2`; `anonymous` or `authenticated`. A policy that is there already stays as it is, told
/// by its provider id. With `dryRun=true` it is only said what would become of the set.
#[utoipa::path(put, path = "/admin/realms/{realm}/client-registration-policy/profile", tag = "policies",
    params(("realm" = String, Path), ("dryRun" = Option<bool>, Query)), request_body = Object,
    responses((status = 200, body = ProfileChanges), (status = 400, body = ErrorBody), (status = 401, body = ErrorBody),
        (status = 403, body = ErrorBody), (status = 404, body = ErrorBody)))]
pub(crate) async fn put(
    State(app): State<App>,
    administrator: Administrator,
    Query(how): Query<How>,
    request: Request,
) -> Result<Json<ProfileChanges>, ErrorResponse> {
    administrator.require(&["manage-realm"])?;
    let sent = body::value(&body::text(request.into_body()).await?)?;
    let (profile, sub_type) = read(&sent).map_err(refused)?;
    let realm = &administrator.realm;
    let rows = policies::list(&app.store.database, &realm.id).await?;
    let is_it = |row: &PolicyRow| row.policy.sub_type == sub_type && row.policy.provider_id == profile.provider;
    if rows.iter().any(is_it) {
        return Ok(Json(ProfileChanges::default()));
    }
    if app.wasm.current().policy_provider(profile.provider).is_none() {
        return Err(refused(format!("'profile' needs the policy '{}', which no component offers", profile.provider)));
    }
    let changes = ProfileChanges { added: vec![profile.policy.to_owned()], ..ProfileChanges::default() };
    if how.dry_run {
        return Ok(Json(changes));
    }
    let row = PolicyRow {
        id: ids::fresh(),
        parent_id: realm.id.clone(),
        policy: Policy {
            name: Some(profile.policy.to_owned()),
            provider_id: profile.provider.to_owned(),
            sub_type: sub_type.to_owned(),
            config: Config::new(),
        },
        version: 1,
    };
    let mut write = Write::default();
    policies::insert(&mut write, &realm.id, &row, clock::now_us());
    app.store.writer.write(write).await?;
    app.realms.changed(&realm.name);
    Ok(Json(changes))
}

/// Which profile, and the set that gets it.
fn read(sent: &Value) -> Result<(&'static Profile, &'static str), String> {
    let Value::Object(members) = sent else { return Err("an object is expected".to_owned()) };
    if let Some(unknown) = members.keys().find(|name| !MEMBERS.contains(&name.as_str())) {
        return Err(format!("'{unknown}' is unknown"));
    }
    let text = |name: &str| members.get(name).and_then(Value::as_str);
    let sub_type = SUB_TYPES.into_iter().find(|name| text("subType") == Some(*name));
    let sub_type = sub_type.ok_or_else(|| format!("'subType' must be one of {}", SUB_TYPES.join(", ")))?;
    match PROFILES.iter().find(|profile| text("profile") == Some(profile.name)) {
        Some(profile) => Ok((profile, sub_type)),
        None => {
            let names: Vec<_> = PROFILES.iter().map(|profile| profile.name).collect();
            Err(format!("'profile' must be one of {}", names.join(", ")))
        }
    }
}

fn refused(description: String) -> ErrorResponse {
    ErrorResponse::new(StatusCode::BAD_REQUEST, "invalid_request", description)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn names_what_is_wrong() {
        for (sent, expected) in [
            (json!({"profile": "fapi-2", "subType": "anonymous"}), Ok(("fapi-2", "anonymous"))),
            (json!({"profile": "fapi-2"}), Err("'subType' must be one of anonymous, authenticated")),
            (json!({"profile": "x", "subType": "anonymous"}), Err("'profile' must be one of fapi-2")),
            (json!({"profile": "x", "subType": "anonymous", "y": 1}), Err("'y' is unknown")),
            (json!([]), Err("an object is expected")),
        ] {
            let found = read(&sent).map(|(profile, sub_type)| (profile.name, sub_type));
            assert_eq!(found, expected.map_err(str::to_owned), "{sent}");
        }
    }
}
