//! A provider, conditions and executors that are well until a request asks them: then their answers make no sense, each in
//! its own way. The SDK would not let them.

/// The contract's types, generated from `wit/`.
#[allow(missing_docs, clippy::all, unreachable_pub)]
mod contract {
    wit_bindgen::generate!({
        path: "../../../wit",
        inline: "
            package test:wayward;

            world wayward {
                include matricula:registration/provider@0.1.0;
                include matricula:registration/client-policy@0.1.0;
            }
        ",
        generate_all,
        pub_export_macro: false,
    });
}

use contract::exports::matricula::registration::client_policies::{
    ConditionProvider, ConfigError, Configured, Context, Event, ExecutorProvider, Guest as ClientPolicies, Offer,
    Outcome, Role, Verdict,
};
use contract::exports::matricula::registration::providers::{
    Client, Completed, Document, Guest as Providers, Issued, Operation, Registration, RegistrationProvider, Violation,
};

/// The component.
struct Wayward;

/// A client of which only this is said.
fn client(name: Option<String>, secret: Option<String>) -> Client {
    Client {
        id: None,
        client_id: None,
        name,
        description: None,
        type_: None,
        protocol: Some("openid-connect".to_owned()),
        enabled: None,
        always_display_in_console: None,
        surrogate_auth_required: None,
        root_url: None,
        base_url: None,
        admin_url: None,
        redirect_uris: None,
        web_origins: None,
        public_client: None,
        bearer_only: None,
        client_authenticator_type: None,
        secret,
        consent_required: None,
        full_scope_allowed: None,
        standard_flow_enabled: None,
        implicit_flow_enabled: None,
        direct_access_grants_enabled: None,
        service_accounts_enabled: None,
        authorization_services_enabled: None,
        frontchannel_logout: None,
        default_client_scopes: None,
        optional_client_scopes: None,
        protocol_mappers: None,
        default_roles: None,
        not_before: None,
        node_re_registration_timeout: None,
        registered_nodes: None,
        authentication_flow_binding_overrides: None,
        authorization_settings: None,
        attributes: Vec::new(),
    }
}

impl Providers for Wayward {
    fn describe() -> Vec<RegistrationProvider> {
        vec![RegistrationProvider {
            id: "wayward".to_owned(),
            operations: vec![Operation::Register],
            content_types: vec!["text/plain".to_owned()],
            protocol: Some("openid-connect".to_owned()),
            cross_origin: false,
            client_authentication: false,
        }]
    }

    /// The document says which step goes wrong.
    fn parse(_: String, _: Operation, document: Document) -> Result<Client, Vec<Violation>> {
        let step = String::from_utf8_lossy(&document.body).into_owned();
        if step == "parse" { Err(Vec::new()) } else { Ok(client(Some(step), None)) }
    }

    fn complete(_: String, proposed: Client, _: Option<Client>, issued: Issued) -> Result<Completed, Vec<Violation>> {
        let step = proposed.name.as_deref().unwrap_or_default();
        if step == "complete" {
            return Err(Vec::new());
        }
        let id = (step != "id").then(|| issued.id.clone());
        let client = Client { client_id: id.clone(), id, enabled: Some(true), ..proposed };
        Ok(Completed { client, effects: Vec::new() })
    }

    fn finish(_: String, _: Operation, client: Client, _: Registration) -> Result<Document, Vec<Violation>> {
        if client.name.as_deref() == Some("finish") { Err(Vec::new()) } else { Ok(empty()) }
    }

    fn render(_: String, _: Client, _: Registration) -> Document {
        empty()
    }

    fn document_name(_: String, _: String) -> Option<String> {
        None
    }
}

fn empty() -> Document {
    Document { content_type: "text/plain".to_owned(), body: Vec::new() }
}

/// Whether a request asks, not a server that tries the component before it takes it.
fn is_asked(context: &Context) -> bool {
    context.realm != "self-check"
}

impl ClientPolicies for Wayward {
    fn describe() -> Offer {
        let condition = |id: &str| ConditionProvider {
            id: id.to_owned(),
            version: "0.1.0".to_owned(),
            help_text: "For tests".to_owned(),
            reads: None,
            properties: Vec::new(),
        };
        let executor = |id: &str| ExecutorProvider {
            id: id.to_owned(),
            version: "0.1.0".to_owned(),
            help_text: "For tests".to_owned(),
            events: vec![Event::Register],
            properties: Vec::new(),
        };
        Offer {
            conditions: ["says-yes", "says-nothing", "cannot-tell"].map(condition).to_vec(),
            executors: ["says-too-much", "gives-up", "tells-secrets"].map(executor).to_vec(),
        }
    }

    fn check_config(_: Role, _: Configured) -> Result<(), Vec<ConfigError>> {
        Ok(())
    }

    fn judge(
        _: Event,
        context: Context,
        _: Option<Client>,
        _: Option<Client>,
        conditions: Vec<Configured>,
    ) -> Vec<Result<Verdict, String>> {
        let asked = is_asked(&context);
        let said = conditions.iter().filter(|condition| !(asked && condition.provider == "says-nothing"));
        said.map(|condition| match condition.provider.as_str() {
            "cannot-tell" if asked => Err("nobody knows".to_owned()),
            _ => Ok(Verdict::Yes),
        })
        .collect()
    }

    fn execute(
        _: Event,
        context: Context,
        _: Option<Client>,
        _: Option<Client>,
        executors: Vec<Configured>,
    ) -> Vec<Result<Outcome, String>> {
        let mut outcomes = Vec::new();
        for executor in executors {
            let outcome = match executor.provider.as_str() {
                "gives-up" if is_asked(&context) => Err("it gives up".to_owned()),
                "tells-secrets" => Ok(Outcome::Amend(client(None, Some("known".to_owned())))),
                _ => Ok(Outcome::Pass),
            };
            outcomes.push(outcome);
            if executor.provider == "says-too-much" && is_asked(&context) {
                outcomes.push(Ok(Outcome::Pass));
            }
        }
        outcomes
    }
}

#[cfg(target_arch = "wasm32")]
contract::export!(Wayward with_types_in contract);
