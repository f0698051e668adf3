//! Pages of the clients that bear our mark. The target can't search for it, so all are looked at.

use matricula_policy_sdk::connector::{Done, Http, Listed, Next, Page, Response, Step, Stop};
use serde_json::{Map, Value};

use crate::Keycloak;
use crate::shown::{Shown, owned};

/// Clients of a page.
const PAGE: usize = 100;

impl Keycloak {
    pub(crate) fn begin_page(&self, after: Option<&[u8]>) -> Next<crate::State> {
        let first = match after {
            Some(after) => std::str::from_utf8(after).ok().and_then(|first| first.parse().ok()),
            None => Some(0),
        };
        let first: usize = first.ok_or_else(Stop::out_of_step)?;
        Http::get(self.path(&format!("/clients?first={first}&max={PAGE}"))).then(crate::State::Page(first))
    }

    pub(crate) fn proceed_page(&self, first: usize, response: Response) -> Next<crate::State> {
        let clients: Vec<Map<String, Value>> = response.success()?;
        let next = (clients.len() >= PAGE).then(|| (first + PAGE).to_string().into_bytes());
        let ours = clients.iter().filter(|client| Shown(client).mark() == Some(&self.mark));
        Ok(Step::Done(Done::Page(Page { clients: ours.map(listed).collect(), next })))
    }
}

fn listed(client: &Map<String, Value>) -> Listed {
    let there = Shown(client);
    Listed {
        id: Some(there.our_id().to_owned()),
        client_id: there.client_id().to_owned(),
        known: there.key().as_bytes().to_vec(),
        fingerprint: Some(owned(client).fingerprint()),
    }
}
