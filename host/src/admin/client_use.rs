//! What an authorization server tells of uses of its clients: `/admin/realms/{realm}/client-use`.

use std::collections::HashMap;

use axum::Json;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use futures_util::future::try_join_all;
use matricula_store::client_uses::{Kind, Use};
use matricula_store::{StoreError, clients};
use matricula_system::clock;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::clients::VIEW;
use super::{Administrator, body};
use crate::app::App;
use crate::error::{ErrorBody, ErrorResponse};
use crate::life_cycle::hibernation;

/// Entries of a report at most.
const ENTRIES: usize = 1000;
/// How far ahead of this server's clock another may be, in milliseconds.
const AHEAD_MS: i64 = 5 * 60 * 1000;
/// Clients that are revived at a time: as many as the writer stores together.
const AT_ONCE: usize = 64;

/// What became of a report.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Accepted {
    /// Entries whose client there is.
    accepted: usize,
    /// Client ids that nobody has.
    unknown: Vec<String>,
    /// Client ids of those that hibernated until now.
    revived: Vec<String>,
}

/// Tells of uses of clients
///
/// A list of at most 1,000 `{"clientId", "at"?}`, `at` in Unix milliseconds; without it the use is of now. Of uses within
/// an hour the first one is recorded. Clients that hibernate are revived.
#[utoipa::path(post, path = "/admin/realms/{realm}/client-use", tag = "clients", params(("realm" = String, Path)),
    request_body = Vec<Object>,
    responses((status = 200, body = Accepted), (status = 400, body = ErrorBody), (status = 401, body = ErrorBody),
        (status = 403, body = ErrorBody), (status = 404, body = ErrorBody)))]
pub(crate) async fn report(
    State(app): State<App>,
    administrator: Administrator,
    request: Request,
) -> Result<Json<Accepted>, ErrorResponse> {
    administrator.require(&VIEW)?;
    let sent = body::value(&body::text(request.into_body()).await?)?;
    let entries = read(&sent, clock::now_ms()).map_err(refused)?;
    let realm_id = &administrator.realm.id;
    // No client has U+0000 in its id, and no database looks for it.
    let asked: Vec<&str> = entries.iter().map(|entry| entry.client_id).filter(|id| !id.contains('\0')).collect();
    let ids = clients::ids(&app.store.database, realm_id, &asked).await?;
    let mut latest: HashMap<&str, i64> = HashMap::new();
    let mut unknown: Vec<String> = Vec::new();
    let mut accepted = 0;
    for entry in &entries {
        match ids.get(entry.client_id) {
            Some(id) => {
                accepted += 1;
                let at_ms = latest.entry(id).or_insert(entry.at_ms);
                *at_ms = entry.at_ms.max(*at_ms);
            }
            None if unknown.iter().any(|known| known == entry.client_id) => {}
            None => unknown.push(entry.client_id.to_owned()),
        }
    }
    let mut uses: Vec<Use> = latest
        .into_iter()
        .map(|(id, at_ms)| Use { client: (realm_id.clone(), id.to_owned()), at_ms, kind: Kind::Reported })
        .collect();
    uses.sort_unstable_by(|one, other| one.client.cmp(&other.client));
    app.uses.record(&uses).await?;
    let ids: Vec<&str> = uses.iter().map(|one| one.client.1.as_str()).collect();
    let revived = revive(&app, &administrator, &ids).await?;
    Ok(Json(Accepted { accepted, unknown, revived }))
}

/// Revives those of these clients that hibernate, and names them.
async fn revive(app: &App, administrator: &Administrator, ids: &[&str]) -> Result<Vec<String>, StoreError> {
    let (realm, address) = (&administrator.realm, &administrator.caller.address_text);
    let asleep = clients::hibernating(&app.store.database, &realm.id, ids).await?;
    let mut revived = Vec::new();
    for group in asleep.chunks(AT_ONCE) {
        let all = group.iter().map(|client| hibernation::revive(app, realm, client, Kind::Reported, address));
        for (client, is_revived) in group.iter().zip(try_join_all(all).await?) {
            if is_revived {
                revived.push(client.client_id().to_owned());
            }
        }
    }
    Ok(revived)
}

/// An entry of a report.
struct Entry<'a> {
    client_id: &'a str,
    at_ms: i64,
}

/// Reads a report that came at this time.
///
/// # Errors
/// What is wrong with it.
fn read(sent: &Value, now: i64) -> Result<Vec<Entry<'_>>, String> {
    let Value::Array(sent) = sent else { return Err("a list is expected".to_owned()) };
    if sent.len() > ENTRIES {
        return Err("at most 1,000 entries".to_owned());
    }
    sent.iter().enumerate().map(|(index, entry)| read_entry(index, entry, now)).collect()
}

fn read_entry(index: usize, sent: &Value, now: i64) -> Result<Entry<'_>, String> {
    let Value::Object(members) = sent else { return Err(format!("'[{index}]' must be an object")) };
    if let Some(unknown) = members.keys().find(|name| !matches!(name.as_str(), "clientId" | "at")) {
        return Err(format!("'[{index}].{unknown}' is unknown"));
    }
    let Some(Value::String(client_id)) = members.get("clientId") else {
        return Err(format!("'[{index}].clientId' must be a text"));
    };
    let at_ms = match members.get("at") {
        None | Some(Value::Null) => now,
        Some(at) => at
            .as_i64()
            .filter(|at| (1..=now + AHEAD_MS).contains(at))
            .ok_or_else(|| format!("'[{index}].at' must be a time in Unix milliseconds, at most 5 minutes ahead"))?,
    };
    Ok(Entry { client_id, at_ms })
}

fn refused(description: String) -> ErrorResponse {
    ErrorResponse::new(StatusCode::BAD_REQUEST, "invalid_request", description)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_wrong_with_a_report_is_told_with_its_place() {
        const NOW: i64 = 1_000_000;
        let at = "'[1].at' must be a time in Unix milliseconds, at most 5 minutes ahead";
        let second = |entry: Value| json!([{"clientId": "a"}, entry]);
        for (sent, text) in [
            (json!({"clientId": "a"}), "a list is expected"),
            (json!(vec![json!({"clientId": "a"}); 1001]), "at most 1,000 entries"),
            (second(json!("a")), "'[1]' must be an object"),
            (second(json!({"clientId": "b", "when": 1})), "'[1].when' is unknown"),
            (second(json!({"at": 1})), "'[1].clientId' must be a text"),
            (second(json!({"clientId": 1})), "'[1].clientId' must be a text"),
            (second(json!({"clientId": "b", "at": "1"})), at),
            (second(json!({"clientId": "b", "at": 1.5})), at),
            (second(json!({"clientId": "b", "at": 0})), at),
            (second(json!({"clientId": "b", "at": NOW + AHEAD_MS + 1})), at),
        ] {
            assert_eq!(read(&sent, NOW).err().as_deref(), Some(text), "{sent}");
        }
        let entries =
            json!([{"clientId": "a"}, {"clientId": "b", "at": null}, {"clientId": "c", "at": NOW + AHEAD_MS}]);
        let read = read(&entries, NOW).unwrap_or_default();
        let read: Vec<_> = read.iter().map(|entry| (entry.client_id, entry.at_ms)).collect();
        assert_eq!(read, [("a", NOW), ("b", NOW), ("c", NOW + AHEAD_MS)]);
    }
}
