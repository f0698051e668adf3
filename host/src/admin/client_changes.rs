//! What changed among the clients of a realm, for authorization servers that keep clients of their own:
//! `/admin/realms/{realm}/client-changes`.

mod cursor;

use std::time::Duration;

use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use matricula_contract::server_clients::is_of_the_server;
use matricula_store::client_changes::{self, ClientChange};
use matricula_store::{Database, Follower, StoreError};
use matricula_system::clock;
use serde::{Deserialize, Serialize};
use tokio::time::{Instant, timeout_at};
use utoipa::ToSchema;

use super::clients::{Representations, VIEW};
use super::{Administrator, not_stored};
use crate::app::App;
use crate::document;
use crate::error::{ErrorBody, ErrorResponse};
use crate::parameters::Query;
use cursor::Cursor;

/// Changes in an answer without `max`, and with it at most.
const PAGE: i64 = 100;
const LONGEST_PAGE: i64 = 1000;
/// Seconds that a caller may wait at most.
const LONGEST_WAIT: u64 = 60;

/// Which changes are wanted.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Asked {
    after: Option<String>,
    max: Option<String>,
    wait: Option<String>,
}

/// A change of a client, without the client.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Change<'a> {
    /// The place behind this change, for `after`.
    cursor: String,
    /// Number of the client's state, which grows over the realm.
    generation: i64,
    /// Internal id.
    id: &'a str,
    /// The identifier in the protocol.
    client_id: &'a str,
    /// Unix milliseconds.
    time: i64,
    /// The client is gone. If not, `client` follows: as the Admin API shows it.
    removed: bool,
}

/// Lists what changed among the clients
///
/// Each client once, at its latest, in the order of the changes. Without `after`: all clients. With `after`, a cursor of an
/// earlier answer: what changed since, removed clients too. `wait`: seconds in which an answer without changes waits for
/// one, up to 60. `next` is the cursor to go on with, `more` that there is more already. Removed clients are told for 30
/// days: an older cursor is answered 410.
#[utoipa::path(get, path = "/admin/realms/{realm}/client-changes", tag = "clients",
    params(("realm" = String, Path), ("after" = Option<String>, Query), ("max" = Option<i64>, Query),
        ("wait" = Option<i64>, Query)),
    responses((status = 200, body = Object), (status = 400, body = ErrorBody), (status = 401, body = ErrorBody),
        (status = 403, body = ErrorBody), (status = 404, body = ErrorBody), (status = 410, body = ErrorBody),
        (status = 503, body = ErrorBody)))]
pub(crate) async fn list(
    State(app): State<App>,
    mut administrator: Administrator,
    Query(asked): Query<Asked>,
) -> Result<Response, ErrorResponse> {
    administrator.require(&VIEW)?;
    let realm_id = administrator.realm.id.clone();
    let max = number("max", asked.max.as_deref(), PAGE, 1..=LONGEST_PAGE)?;
    let wait = number("wait", asked.wait.as_deref(), 0, 0..=LONGEST_WAIT)?;
    let database = &app.store.database;
    let mut place = match asked.after.as_deref() {
        Some(after) => Place::Behind(behind(database, &realm_id, after).await?),
        None => Place::Beginning,
    };
    let until = Instant::now() + Duration::from_secs(wait);
    let mut follower = if wait > 0 { Some(app.store.followers.follow(&realm_id).ok_or_else(crowded)?) } else { None };
    let page = loop {
        if let Some(follower) = &mut follower {
            follower.reads();
        }
        let page = Page::read(database, &realm_id, place, max).await?;
        let Some(waiting) = follower.as_mut().filter(|_| page.changes.is_empty()) else { break page };
        waiting.has_read(page.next.generation);
        place = Place::Behind(page.next);
        // What came where nobody is told of it is found by one more look at the end.
        if !news(waiting, until).await {
            follower = None;
        }
        administrator = administrator.later(&app).await?;
        administrator.require(&VIEW)?;
    };
    answer(&app, &administrator, page).await
}

/// Waits for a change; false when the time is over or the server stops.
async fn news(follower: &mut Follower, until: Instant) -> bool {
    timeout_at(until, follower.news()).await.unwrap_or(false)
}

/// A number in the address.
fn number<T: std::str::FromStr + PartialOrd + std::fmt::Display>(
    name: &str,
    text: Option<&str>,
    default: T,
    range: std::ops::RangeInclusive<T>,
) -> Result<T, ErrorResponse> {
    let Some(text) = text else { return Ok(default) };
    text.parse().ok().filter(|number| range.contains(number)).ok_or_else(|| {
        let description = format!("'{name}' must be {} to {}", range.start(), range.end());
        ErrorResponse::new(StatusCode::BAD_REQUEST, "invalid_request", description)
    })
}

fn crowded() -> ErrorResponse {
    let description = "Too many callers wait for changes";
    ErrorResponse::new(StatusCode::SERVICE_UNAVAILABLE, "temporarily_unavailable", description)
}

/// The place that a caller names, if everything that came after it is still known.
async fn behind(database: &Database, realm_id: &str, text: &str) -> Result<Cursor, ErrorResponse> {
    let Some(cursor) = Cursor::parse(text, realm_id) else {
        return Err(ErrorResponse::new(StatusCode::BAD_REQUEST, "invalid_request", "'after' is no cursor"));
    };
    // The database was put back to an earlier state: what follows then is not what the caller lacks.
    if cursor.is_too_old(clock::now_ms()) || cursor.generation > client_changes::last_given(database, realm_id).await? {
        let description = "The cursor is too old; start without one";
        return Err(ErrorResponse::new(StatusCode::GONE, "gone", description));
    }
    Ok(cursor)
}

/// Where a caller begins to read.
#[derive(Clone, Copy)]
enum Place {
    /// It knows nothing.
    Beginning,
    /// It knows what came up to here.
    Behind(Cursor),
}

/// Changes that go into one answer.
struct Page {
    changes: Vec<ClientChange>,
    /// What `time_ms` of a cursor is at least, see there.
    known_since: i64,
    /// The place behind them.
    next: Cursor,
    /// There are more.
    more: bool,
}

impl Page {
    async fn read(database: &Database, realm_id: &str, place: Place, max: i64) -> Result<Page, StoreError> {
        let now = clock::now_ms();
        let (mut generation, known_since, last) = match place {
            Place::Behind(cursor) => (cursor.generation, cursor.time_ms, cursor.generation),
            // Clients that were removed before are not told of, so the place is behind them too.
            Place::Beginning => (0, now, client_changes::last(database, realm_id).await?),
        };
        let mut changes = Vec::new();
        let wanted = usize::try_from(max).unwrap_or_default();
        loop {
            // One more than is given tells whether there are more.
            let found = match place {
                Place::Behind(_) => client_changes::behind(database, realm_id, generation, max + 1).await?,
                Place::Beginning => client_changes::clients_behind(database, realm_id, generation, max + 1).await?,
            };
            let is_end = found.len() <= wanted;
            generation = found.last().map_or(generation, |change| change.generation);
            changes.extend(found.into_iter().filter(is_told));
            if changes.len() > wanted {
                changes.truncate(wanted);
                let next = Page::place_behind(changes.last(), known_since);
                return Ok(Page { changes, known_since, next, more: true });
            }
            if is_end {
                let next = Cursor { generation: generation.max(last), time_ms: now };
                return Ok(Page { changes, known_since, next, more: false });
            }
        }
    }

    /// The place behind a change. Of what comes after it nothing is older.
    fn place_behind(change: Option<&ClientChange>, known_since: i64) -> Cursor {
        let (generation, time) = change.map_or((0, 0), |change| (change.generation, change.time_ms));
        Cursor { generation, time_ms: time.max(known_since) }
    }
}

/// Clients of the server concern nobody else.
fn is_told(change: &ClientChange) -> bool {
    !change.client.as_ref().is_some_and(|row| is_of_the_server(&row.client))
}

async fn answer(app: &App, administrator: &Administrator, page: Page) -> Result<Response, ErrorResponse> {
    let realm_id = &administrator.realm.id;
    let representations = Representations::new(app, administrator)?;
    let mut body = br#"{"changes":["#.to_vec();
    for (index, change) in page.changes.iter().enumerate() {
        if index > 0 {
            body.push(b',');
        }
        let told = Change {
            cursor: Page::place_behind(Some(change), page.known_since).text(realm_id),
            generation: change.generation,
            id: &change.id,
            client_id: &change.client_id,
            time: change.time_ms,
            removed: change.client.is_none(),
        };
        let told = serde_json::to_vec(&told).map_err(|_| ErrorResponse::server_error())?;
        match &change.client {
            Some(row) => {
                // The client comes before the last brace.
                body.extend(&told[..told.len() - 1]);
                body.extend(br#","client":"#);
                body.extend(representations.render(row, None).await?.body);
                body.push(b'}');
            }
            None => body.extend(told),
        }
    }
    let end = format!(r#"],"next":"{}","more":{}}}"#, page.next.text(realm_id), page.more);
    body.extend(end.as_bytes());
    Ok(not_stored(([(header::CONTENT_TYPE, HeaderValue::from_static(document::JSON))], body)))
}
