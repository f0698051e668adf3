//! Pages of the clients that bear our mark.

use matricula_policy_sdk::connector::{Done, Http, Listed, Next, Page, Response, Step, Stop};
use serde_json::{Map, Value};

use crate::{Hydra, State, is_out_of_reach, shown};

/// The first page; the others are named by the header `Link`.
const FIRST: &str = "/admin/clients?page_size=250";

impl Hydra {
    pub(crate) fn begin_page(&self, after: Option<&[u8]>) -> Next<State> {
        let token = after.map(|after| std::str::from_utf8(after).map_err(|_| Stop::out_of_step())).transpose()?;
        let path = token.map_or(FIRST.to_owned(), |token| format!("{FIRST}&page_token={token}"));
        Http::get(path).then(State::Page)
    }

    pub(crate) fn proceed_page(&self, response: Response) -> Next<State> {
        let next = response.header("link").and_then(next_token).map(|token| token.as_bytes().to_vec());
        let clients: Vec<Map<String, Value>> = response.success()?;
        let ours = clients.iter().filter(|there| shown::mark(there) == Some(&self.mark));
        Ok(Step::Done(Done::Page(Page { clients: ours.map(listed).collect(), next })))
    }
}

fn listed(there: &Map<String, Value>) -> Listed {
    let client_id = shown::client_id(there);
    Listed {
        id: shown::our_id(there).map(str::to_owned),
        client_id: client_id.to_owned(),
        known: client_id.as_bytes().to_vec(),
        // One that can't be looked at is left alone.
        fingerprint: (!is_out_of_reach(client_id)).then(|| shown::owned(there).fingerprint()),
    }
}

/// The token of the next page, percent-encoded as it is: `<…?page_size=250&page_token=…>; rel="next"` (RFC 8288).
fn next_token(links: &str) -> Option<&str> {
    let next = links.split(',').find(|link| link.contains("rel=\"next\""))?;
    let url = next.split_once('<')?.1.split_once('>')?.0;
    let (_, query) = url.split_once('?')?;
    query.split('&').find_map(|part| part.strip_prefix("page_token="))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_token_of_the_next_page() {
        let links = r#"</admin/clients?page_size=250&page_token=a>; rel="first",</admin/clients?page_size=250&page_token=b%3D>; rel="next""#;
        assert_eq!(next_token(links), Some("b%3D"));
        assert_eq!(next_token(r#"</admin/clients?page_token=a>; rel="first""#), None);
        assert_eq!(next_token(r#"</admin/clients?page_size=2>; rel="next""#), None);
        assert_eq!(next_token("nonsense"), None);
    }
}
