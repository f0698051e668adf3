//! A request is gone through without storing anything: for dry runs, comparisons, and versions of components that are
//! only watched.

use matricula_contract::{Client, Effect, Issued, Operation, Registration};
use matricula_store::clients::ClientRow;
use matricula_store::clock;

use super::decision::{Outcome, Record};
use super::{Exchange, Refusal, delete, read, register, update};
use crate::policies::Policies;

/// What is shown in place of the token that a registration would bring.
const NO_TOKEN: &str = "not issued in a dry run";

/// A request as it came, before anything changed it.
#[derive(Clone)]
pub(crate) struct Asked<'a> {
    /// The client as sent, for register and update.
    pub(crate) requested: Option<Client>,
    /// The client that is there, for read, update and delete.
    pub(crate) stored: Option<&'a ClientRow>,
    /// A `client_id` that nobody had a moment ago.
    pub(crate) free: Option<&'a str>,
    /// What the host makes for it.
    pub(crate) issued: Issued,
}

/// Goes through a request; gives the client as it would be stored or is shown, if there is one.
pub(crate) async fn run(
    exchange: &Exchange,
    asked: Asked<'_>,
    policies: &mut Policies,
) -> Result<Option<Client>, Refusal> {
    let Asked { requested, stored, free, issued } = asked;
    let completed = match (exchange.operation, requested, stored) {
        (Operation::Register, Some(requested), _) => {
            register::decide(exchange, requested, free, &issued, policies).await?
        }
        (Operation::Update, Some(requested), Some(stored)) => {
            update::decide(exchange, requested, stored, &issued, policies).await?
        }
        (Operation::Delete, _, Some(stored)) => {
            return delete::decide(exchange, stored, policies).await.map(|()| None);
        }
        (_, _, Some(stored)) => {
            return read::decide(exchange, stored, policies).await.map(|()| Some(stored.client.clone()));
        }
        (_, _, None) => return Ok(None),
    };
    let mut client = completed.client;
    for effect in completed.effects {
        if let Effect::AddProtocolMapper(mapper) = effect {
            client.protocol_mappers.get_or_insert_default().push(mapper);
        }
    }
    let registration = Registration {
        client_uri: exchange.client_uri(client.client_id.as_deref().unwrap_or_default()),
        access_token: Some(NO_TOKEN.to_owned()),
        issued_at: clock::now().unsigned_abs(),
        roles: Vec::new(),
        resource_server: false,
        access: None,
    };
    let finished = exchange.provider.finish(exchange.operation, &client, &registration).await;
    exchange.answered("finish", finished, Some(policies))?;
    Ok(Some(client))
}

/// What would be recorded of it.
pub(crate) fn record(exchange: &Exchange, policies: &Policies, outcome: Result<Option<Client>, Refusal>) -> Record {
    match outcome {
        Ok(_) => Record::of(exchange, policies, Outcome::of(policies), Vec::new()),
        Err(refusal) => match refusal.decision {
            Some(record) => *record,
            None => Record::of(exchange, policies, Outcome::Reject, Vec::new()).because(&refusal.response),
        },
    }
}
