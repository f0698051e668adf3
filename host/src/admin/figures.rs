//! What happened in a realm lately: `/admin/realms/{realm}/client-registration-policy/figures`, made from the decisions
//! that are kept.

use std::borrow::Cow;
use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use matricula_store::{StoreError, clients, decisions, realms};
use matricula_system::clock;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Administrator;
use super::clients::VIEW;
use crate::app::App;
use crate::error::{ErrorBody, ErrorResponse};
use crate::parameters::Query;

/// Hours that are looked at without a choice: as long as decisions are kept.
const HOURS: i64 = 7 * 24;
/// Parts that the time is divided into.
const POINTS: i64 = 28;
/// Waiting clients are counted up to here.
const HELD_AT_MOST: i64 = 1_000;

/// Which time to look at.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Period {
    hours: Option<i64>,
}

/// Figures of a realm.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Figures {
    /// Clients, those of the server included.
    clients: u64,
    /// Clients that wait for an administrator, at most 1,000.
    held: u64,
    /// Beginning of the time looked at, Unix milliseconds.
    since: i64,
    /// Length of one part of it in milliseconds.
    step: i64,
    /// One entry per part, oldest first, those in which nothing happened included.
    points: Vec<Point>,
    /// The policies that did more than agree, busiest first.
    policies: Vec<OfPolicy>,
}

/// Registrations in one part of the time.
#[derive(Debug, Default, Clone, Serialize, ToSchema)]
pub(crate) struct Point {
    /// Beginning, Unix milliseconds.
    time: i64,
    /// Let through.
    accepted: u32,
    /// Let through, and waiting for an administrator.
    held: u32,
    /// Refused by policies.
    refused: u32,
}

/// What a policy did to requests of any kind.
#[derive(Debug, Default, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct OfPolicy {
    /// Its name in the realm.
    name: String,
    /// Which kind of policy.
    provider: String,
    /// Requests that it refused.
    refused: u32,
    /// Requests that it held.
    held: u32,
    /// Requests that it changed.
    amended: u32,
    /// Requests that were refused because its component has no answer.
    failed: u32,
    /// Requests that it would have refused, held or changed, but for being in shadow mode.
    shadow: u32,
}

/// As much of a decision's record as counts here.
#[derive(Deserialize)]
struct Recorded<'a> {
    time: i64,
    #[serde(borrow)]
    operation: Cow<'a, str>,
    #[serde(borrow)]
    outcome: Cow<'a, str>,
    #[serde(borrow)]
    policies: Vec<RecordedPolicy<'a>>,
    #[serde(borrow, default, rename = "clientPolicies")]
    client_policies: Vec<RecordedClientPolicy<'a>>,
}

#[derive(Deserialize)]
struct RecordedPolicy<'a> {
    #[serde(borrow)]
    name: Cow<'a, str>,
    #[serde(borrow)]
    provider: Cow<'a, str>,
    #[serde(borrow)]
    mode: Cow<'a, str>,
    #[serde(borrow)]
    verdict: Cow<'a, str>,
}

/// A client policy at one event.
#[derive(Deserialize)]
struct RecordedClientPolicy<'a> {
    #[serde(borrow)]
    name: Cow<'a, str>,
    #[serde(borrow, default)]
    mode: Option<Cow<'a, str>>,
    #[serde(borrow)]
    conditions: Vec<RecordedPart<'a>>,
    #[serde(borrow)]
    executors: Vec<RecordedPart<'a>>,
}

/// A condition or executor.
#[derive(Deserialize)]
struct RecordedPart<'a> {
    #[serde(borrow, alias = "condition", alias = "executor")]
    kind: Cow<'a, str>,
    #[serde(borrow)]
    verdict: Cow<'a, str>,
}

impl RecordedClientPolicy<'_> {
    /// What its conditions and executors did beside agreeing.
    fn said(&self) -> impl Iterator<Item = (&str, &str)> {
        let conditions = self.conditions.iter().filter(|part| part.verdict == "fail");
        let executors = self.executors.iter().filter(|part| matches!(&*part.verdict, "reject" | "amend" | "fail"));
        conditions.chain(executors).map(|part| (&*part.kind, &*part.verdict))
    }
}

/// Tells what happened lately
///
/// Registrations that no policy had a say in are not among them; neither are those of which no decision is kept any more.
#[utoipa::path(get, path = "/admin/realms/{realm}/client-registration-policy/figures", tag = "policies",
    params(("realm" = String, Path), ("hours" = Option<i64>, Query)),
    responses((status = 200, body = Figures), (status = 401, body = ErrorBody), (status = 403, body = ErrorBody),
        (status = 404, body = ErrorBody)))]
pub(crate) async fn read(
    State(app): State<App>,
    administrator: Administrator,
    Query(period): Query<Period>,
) -> Result<Json<Figures>, ErrorResponse> {
    administrator.require(&["view-events", "manage-events"])?;
    administrator.require(&VIEW)?;
    let (database, realm_id) = (&app.store.database, &administrator.realm.id);
    let hours = period.hours.unwrap_or(HOURS).clamp(1, HOURS);
    let now = clock::now_ms();
    let since = now - hours * 60 * 60 * 1000;
    let records = decisions::since(database, realm_id, since).await?;
    let mut figures = Figures {
        clients: realms::client_count(database, realm_id).await?,
        held: clients::count_held(database, realm_id, HELD_AT_MOST).await?,
        since,
        step: (now - since) / POINTS,
        points: Vec::new(),
        policies: Vec::new(),
    };
    // Thousands of records take some time: other requests need the thread.
    let counted = tokio::task::spawn_blocking(move || figures.count(&records).map(|()| figures)).await;
    Ok(Json(counted.map_err(|_| ErrorResponse::server_error())??))
}

impl Figures {
    /// Counts records.
    fn count(&mut self, records: &[String]) -> Result<(), StoreError> {
        self.points =
            (0..POINTS).map(|index| Point { time: self.since + index * self.step, ..Point::default() }).collect();
        let mut policies: BTreeMap<(String, String), OfPolicy> = BTreeMap::new();
        for record in records {
            let record: Recorded =
                serde_json::from_str(record).map_err(|error| StoreError::Damaged(error.to_string()))?;
            if record.operation == "register" {
                let index = ((record.time - self.since) / self.step).clamp(0, POINTS - 1);
                if let Some(point) = usize::try_from(index).ok().and_then(|index| self.points.get_mut(index)) {
                    match &*record.outcome {
                        "reject" => point.refused += 1,
                        "hold" => point.held += 1,
                        _ => point.accepted += 1,
                    }
                }
            }
            let mut count = |name: &str, provider: &str, mode: &str, verdict: &str| {
                let of_policy = policies.entry((name.to_owned(), provider.to_owned())).or_default();
                match (mode, verdict) {
                    ("shadow", _) => of_policy.shadow += 1,
                    (_, "reject") => of_policy.refused += 1,
                    (_, "hold") => of_policy.held += 1,
                    (_, "fail") => of_policy.failed += 1,
                    _ => of_policy.amended += 1,
                }
            };
            for policy in record.policies.iter().filter(|policy| policy.verdict != "accept") {
                count(&policy.name, &policy.provider, &policy.mode, &policy.verdict);
            }
            for policy in &record.client_policies {
                let mode = policy.mode.as_deref().unwrap_or("enforce");
                policy.said().for_each(|(kind, verdict)| count(&policy.name, kind, mode, verdict));
            }
        }
        let named = |((name, provider), of_policy)| OfPolicy { name, provider, ..of_policy };
        self.policies = policies.into_iter().map(named).collect();
        self.policies.sort_by_key(|policy| {
            std::cmp::Reverse((policy.refused + policy.failed, policy.held, policy.shadow, policy.amended))
        });
        Ok(())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn figures() -> Figures {
        Figures { clients: 0, held: 0, since: 1_000, step: 10, points: Vec::new(), policies: Vec::new() }
    }

    fn record(time: i64, operation: &str, outcome: &str, mode: &str, verdict: &str) -> String {
        serde_json::json!({
            "id": "x", "time": time, "operation": operation, "outcome": outcome,
            "policies": [{"name": "Hosts \"1\"", "provider": "trusted-hosts", "mode": mode, "verdict": verdict}],
        })
        .to_string()
    }

    #[test]
    fn counts_registrations_by_time_and_outcome() {
        let mut figures = figures();
        let records = [
            record(1_000, "register", "accept", "enforce", "accept"),
            record(1_009, "register", "reject", "enforce", "reject"),
            record(1_010, "register", "hold", "enforce", "hold"),
            record(1_011, "update", "reject", "enforce", "reject"),
            record(9_999, "register", "accept", "enforce", "accept"),
        ];
        figures.count(&records).unwrap();
        let of =
            |index: usize| (figures.points[index].accepted, figures.points[index].held, figures.points[index].refused);
        assert_eq!((of(0), of(1), of(27)), ((1, 0, 1), (0, 1, 0), (1, 0, 0)));
        assert_eq!(figures.points.len(), 28);
        assert_eq!((figures.policies[0].refused, figures.policies[0].held), (2, 1));
    }

    #[test]
    fn what_a_policy_in_shadow_mode_would_do_is_counted_apart() {
        let mut figures = figures();
        figures.count(&[record(1_000, "register", "accept", "shadow", "reject")]).unwrap();
        assert_eq!((figures.policies[0].shadow, figures.policies[0].refused), (1, 0));
        assert_eq!(figures.policies[0].name, "Hosts \"1\"");
    }

    #[test]
    fn what_has_no_answer_is_counted_for_policies_conditions_and_executors() {
        let mut figures = figures();
        let client_policies = serde_json::json!({
            "id": "x", "time": 1_000, "operation": "register", "outcome": "reject", "policies": [],
            "clientPolicies": [
                {"name": "Strict", "event": "register", "applies": false, "executors": [],
                    "conditions": [{"condition": "broken", "verdict": "fail"}]},
                {"name": "Open", "event": "register", "applies": true,
                    "conditions": [{"condition": "any-client", "verdict": "yes"}],
                    "executors": [{"executor": "consent", "verdict": "amend"}, {"executor": "pkce", "verdict": "accept"}]},
            ],
        });
        let records = [record(1_000, "register", "reject", "enforce", "fail"), client_policies.to_string()];
        figures.count(&records).unwrap();
        let of = |name: &str, provider: &str| {
            let found = figures.policies.iter().find(|policy| policy.name == name && policy.provider == provider);
            found.map(|policy| (policy.failed, policy.refused, policy.amended))
        };
        assert_eq!(of("Hosts \"1\"", "trusted-hosts"), Some((1, 0, 0)));
        assert_eq!(of("Strict", "broken"), Some((1, 0, 0)));
        assert_eq!(of("Open", "consent"), Some((0, 0, 1)));
        assert_eq!(of("Open", "pkce"), None);
    }
}
