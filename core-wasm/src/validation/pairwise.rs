//! Pairwise subjects (OIDC Core §8.1): all redirect URIs of a client belong to one sector.

use std::collections::HashSet;

use super::Problems;
use crate::contract::matricula::registration::client::Client;
use crate::contract::matricula::registration::decision::Violation;
use crate::realm::Realm;
use crate::uri::Uri;
use crate::violation::about;

/// The field at fault when the sector identifier is.
const SECTOR_IDENTIFIER: &str = "attributes.sectorIdentifierUri";

/// Checks the sector identifier that is the attribute `sectorIdentifierUri`, whatever the client's subjects are: what
/// `openid-connect` does with one that a request names.
pub fn check_sector_identifier(client: &Client, realm: &dyn Realm) -> Option<Violation> {
    let mut problems = Problems::default();
    if let Some(uri) = super::attribute(client, "sectorIdentifierUri") {
        check_sector(client, uri, realm, &mut problems);
    }
    problems.found.pop()
}

/// Checks the redirect URIs for each mapper of pairwise subjects.
pub(super) fn check_mappers(client: &Client, realm: &dyn Realm, problems: &mut Problems) {
    let mappers = client.protocol_mappers.iter().flatten();
    let mut seen = HashSet::new();
    for mapper in mappers.filter(|mapper| mapper.mapper_type.ends_with("-pairwise-sub-mapper")) {
        let sector = mapper.config.iter().find(|entry| entry.name == "sectorIdentifierUri");
        let sector = sector.map(|entry| entry.value.as_str()).filter(|uri| !uri.is_empty());
        // Many mappers must not mean much work.
        let before = problems.found.len();
        match sector {
            _ if !seen.insert(sector) => {}
            Some(uri) => check_sector(client, uri, realm, problems),
            None => check_hosts(client, problems),
        }
        if problems.found.len() > before {
            return;
        }
    }
}

/// Without a sector identifier the host of the redirect URIs is the sector, so they must share one.
fn check_hosts(client: &Client, problems: &mut Problems) {
    let uris = absolute_redirect_uris(client);
    // A URI without host, as apps have, counts as one more host.
    let mut hosts = HashSet::new();
    let invalid = uris.iter().find(|uri| match Uri::parse(uri) {
        Some(uri) => {
            hosts.insert(uri.host.map(str::to_owned));
            false
        }
        None => true,
    });
    let message = if invalid.is_some() {
        "Client contained an invalid redirect URI."
    } else if hosts.is_empty() {
        "Client redirect URIs must contain a valid host component."
    } else if hosts.len() > 1 {
        "Without a configured Sector Identifier URI, client redirect URIs must not contain multiple host components."
    } else {
        return;
    };
    // It is the mapper that does not fit, so the error is not that of redirect URIs.
    let value = invalid.map(String::as_str).unwrap_or_default();
    problems.note(Violation { error: None, ..about("redirect-uris", value, message.to_owned()) });
}

/// The document at the sector identifier must list every redirect URI.
fn check_sector(client: &Client, sector: &str, realm: &dyn Realm, problems: &mut Problems) {
    if !Uri::parse(sector).is_some_and(|uri| uri.scheme.is_some() && uri.host.is_some()) {
        return problems.add(SECTOR_IDENTIFIER, sector, "Invalid Sector Identifier URI.");
    }
    let Some(listed) = fetch(sector, realm) else {
        return problems.add(SECTOR_IDENTIFIER, sector, "Failed to get redirect URIs from the Sector Identifier URI.");
    };
    let listed = Listed::new(&listed);
    if !absolute_redirect_uris(client).iter().all(|uri| listed.allows(uri)) {
        problems.add(
            SECTOR_IDENTIFIER,
            sector,
            "Client redirect URIs does not match redirect URIs fetched from the Sector Identifier URI.",
        );
    }
}

/// The list of texts at an address. It may begin with a byte order mark, and a `null` in it is no URI.
fn fetch(url: &str, realm: &dyn Realm) -> Option<Vec<String>> {
    let response = realm.fetch(url).ok().filter(|response| response.status == 200)?;
    let list = response.body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&response.body);
    let listed: Vec<Option<String>> = serde_json::from_slice(list).ok()?;
    Some(listed.into_iter().flatten().collect())
}

/// The redirect URIs of a sector.
struct Listed<'a> {
    exact: HashSet<&'a str>,
    /// What stands before a `*` at the end of others, sorted, and none the start of another.
    starts: Vec<&'a str>,
    /// Those that end with a slash, without it.
    bare: HashSet<&'a str>,
}

impl<'a> Listed<'a> {
    fn new(uris: &'a [String]) -> Self {
        let patterns = uris.iter().filter(|uri| !uri.contains('?'));
        let mut starts: Vec<&str> = patterns.filter_map(|uri| uri.strip_suffix('*')).collect();
        let bare = starts.iter().filter_map(|start| start.strip_suffix('/')).collect();
        starts.sort_unstable();
        starts.dedup_by(|longer, start| longer.starts_with(*start));
        Listed { exact: uris.iter().map(String::as_str).collect(), starts, bare }
    }

    /// Whether a URI is listed, or within what one with `*` allows; the query is not looked at then.
    fn allows(&self, uri: &str) -> bool {
        let path = uri.split('?').next().unwrap_or_default();
        // The only one that the path can start with is the last that does not sort behind it.
        let place = self.starts.partition_point(|start| *start <= path);
        let within = place > 0 && path.starts_with(self.starts[place - 1]);
        within || self.exact.contains(uri) || self.bare.contains(path)
    }
}

/// The redirect URIs with those that begin with `/` behind the root URL; without one they are left out.
fn absolute_redirect_uris(client: &Client) -> Vec<String> {
    let root = client.root_url.as_deref().unwrap_or_default();
    let absolute = |uri: &String| match uri.strip_prefix('/') {
        Some(_) if root.is_empty() => None,
        Some(_) => Some(format!("{root}{uri}")),
        None => Some(uri.clone()),
    };
    client.redirect_uris.iter().flatten().filter_map(absolute).collect()
}
