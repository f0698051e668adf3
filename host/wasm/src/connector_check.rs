//! Whether a connector behaves: what it says of itself makes sense, and it has a first step for each task of a target with
//! the settings that a form starts with.

use matricula_contract::connectors::{
    Abilities, ConnectorKind, HeldTask, LookTask, PutTask, RemoveTask, Step, Target, Task,
};

use super::connector;
use super::self_check::{SelfCheck, defaults, described_well, empty_client};
use super::unfit::Unfit;
use matricula_target::base_url::BaseUrl;
use matricula_target::headers::headers;

/// Ways to authorize that the host has.
const CREDENTIALS: [&str; 5] = ["none", "bearer", "basic", "client-credentials", "standard-webhooks"];
/// Protocols of clients.
const PROTOCOLS: [&str; 2] = ["openid-connect", "saml"];

/// Whether what it says of itself can be used.
fn described(kind: &ConnectorKind) -> Result<(), String> {
    let id = &kind.id;
    for (what, named, known) in
        [("credentials", &kind.credentials, &CREDENTIALS[..]), ("protocols", &kind.protocols, &PROTOCOLS[..])]
    {
        if named.is_empty() {
            return Err(format!("connector {id} can't be used: `describe` names no {what}"));
        }
        if let Some(other) = named.iter().find(|one| !known.contains(&one.as_str())) {
            return Err(format!("connector {id} names {what} {other:?}; there are {}", known.join(", ")));
        }
    }
    match kind.further_urls.iter().find(|name| !super::load::is_plain(name)) {
        Some(name) => Err(format!("connector {id} names a base URL {name:?}, which is no name")),
        None => Ok(()),
    }
}

/// Whether the host could take a step.
fn can_be_taken(step: &Step, kind: &ConnectorKind) -> Result<(), String> {
    let Step::Call(call) = step else { return Ok(()) };
    if let Some(name) = call.url.as_ref().filter(|name| !kind.further_urls.contains(name)) {
        return Err(format!("it calls the base URL {name:?}, which `describe` does not name"));
    }
    let base = BaseUrl::parse("https://target.example").map_err(|error| error.to_string())?;
    base.below(&call.path).map_err(|error| error.to_string())?;
    headers(&call.headers).map(drop)
}

impl SelfCheck<'_> {
    /// A connector.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(super) async fn connector(&mut self, kind: &ConnectorKind) -> Result<(), Unfit> {
        described(kind).map_err(Unfit::because)?;
        described_well("connector", &kind.id, &kind.properties)?;
        let target = Target {
            kind: kind.id.clone(),
            name: "self-check".to_owned(),
            realm: "self-check".to_owned(),
            realm_id: "00000000-0000-4000-8000-000000000000".to_owned(),
            now: 1_700_000_000,
            config: defaults(&kind.properties),
        };
        self.checks_and_reviews(kind, &target).await?;
        for (name, task) in tasks(kind)? {
            let doing = format!("connector {} at {name}", kind.id);
            let step = self
                .ask("connector", &doing, async |instance| {
                    let exports = connector::exports(&instance.exports)?;
                    exports.call_begin(&mut instance.store, &task, &target).await
                })
                .await?;
            can_be_taken(&step, kind).map_err(|why| Unfit::because(format!("self-check of {doing}: {why}")))?;
        }
        Ok(())
    }

    /// What it makes of settings and of a client is its own affair, as long as it answers.
    async fn checks_and_reviews(&mut self, kind: &ConnectorKind, target: &Target) -> Result<(), Unfit> {
        let client = empty_client()?;
        let doing = |function: &str| format!("connector {}: `{function}`", kind.id);
        self.ask("connector", &doing("check-config"), async |instance| {
            let exports = connector::exports(&instance.exports)?;
            exports.call_check_config(&mut instance.store, target).await.map(|_| ())
        })
        .await?;
        self.ask("connector", &doing("review"), async |instance| {
            let exports = connector::exports(&instance.exports)?;
            exports.call_review(&mut instance.store, &client, target).await.map(|_| ())
        })
        .await?;
        self.ask("connector", &doing("wanted"), async |instance| {
            let exports = connector::exports(&instance.exports)?;
            exports.call_wanted(&mut instance.store, &client, target).await.map(|_| ())
        })
        .await
    }
}

/// Every task that the host would give it, about an empty client.
fn tasks(kind: &ConnectorKind) -> Result<Vec<(&'static str, Task)>, Unfit> {
    let client = empty_client()?;
    let (id, client_id) = ("00000000-0000-4000-8000-000000000001".to_owned(), "self-check".to_owned());
    let named = matricula_contract::Client { id: Some(id.clone()), client_id: Some(client_id.clone()), ..client };
    let removed = RemoveTask { id: id.clone(), client_id: client_id.clone(), generation: 2, known: None };
    let mut tasks = vec![
        ("put", Task::Put(PutTask { client: named.clone(), generation: 1, known: None, adopt: false })),
        ("remove", Task::Remove(removed)),
        ("probe", Task::Probe),
    ];
    if kind.able.contains(Abilities::SHOWS) {
        tasks.push(("look", Task::Look(LookTask { id, client_id, known: None })));
    }
    if kind.able.contains(Abilities::ENUMERATES) {
        tasks.push(("enumerate", Task::Enumerate(None)));
    }
    if kind.able.contains(Abilities::HEARS_HELD) {
        let (reason, decision) = ("a self-check".to_owned(), String::new());
        tasks.push(("held", Task::Held(HeldTask { client: named, generation: 1, reason, decision })));
    }
    Ok(tasks)
}

#[cfg(test)]
mod tests {
    use super::*;
    use matricula_contract::Attribute;
    use matricula_contract::connectors::{Call, Method};

    fn kind(change: impl FnOnce(&mut ConnectorKind)) -> ConnectorKind {
        let mut kind = ConnectorKind {
            id: "mine".to_owned(),
            version: "1".to_owned(),
            help_text: String::new(),
            properties: Vec::new(),
            further_urls: vec!["public".to_owned()],
            credentials: vec!["bearer".to_owned()],
            protocols: vec!["saml".to_owned()],
            able: Abilities::empty(),
        };
        change(&mut kind);
        kind
    }

    #[test]
    fn a_description_names_what_the_host_has() {
        assert_eq!(described(&kind(|_| {})), Ok(()));
        for (kind, why) in [
            (kind(|kind| kind.credentials.clear()), "connector mine can't be used: `describe` names no credentials"),
            (kind(|kind| kind.protocols.clear()), "connector mine can't be used: `describe` names no protocols"),
            (
                kind(|kind| kind.protocols.push("ldap".to_owned())),
                "connector mine names protocols \"ldap\"; there are openid-connect, saml",
            ),
            (
                kind(|kind| kind.further_urls.push("a/b".to_owned())),
                "connector mine names a base URL \"a/b\", which is no name",
            ),
        ] {
            assert_eq!(described(&kind), Err(why.to_owned()));
        }
    }

    #[test]
    fn a_first_call_stays_below_its_target_and_leaves_the_hosts_headers_alone() {
        let step = |url: Option<&str>, path: &str, header: &str| {
            let headers = vec![Attribute { name: header.to_owned(), value: "x".to_owned() }];
            let (url, path, method) = (url.map(str::to_owned), path.to_owned(), Method::Get);
            Step::Call(Call { method, url, path, headers, body: None, authorize: true, state: Vec::new() })
        };
        let kind = kind(|_| {});
        assert_eq!(can_be_taken(&step(Some("public"), "/x", "accept"), &kind), Ok(()));
        assert_eq!(can_be_taken(&Step::Failed(String::new()), &kind), Ok(()));
        for step in [step(Some("other"), "/x", "accept"), step(None, "/../x", "accept"), step(None, "/x", "Host")] {
            assert!(can_be_taken(&step, &kind).is_err(), "{step:?}");
        }
    }
}
