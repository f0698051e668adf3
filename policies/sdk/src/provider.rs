//! What an author of registration providers writes: an implementation of [`Provider`].

use crate::{Client, Document, Host, Issued, Operation, Registration, Violation, amendment};

/// A kind of document that clients are registered with, at `/clients-registrations/{id}`
/// (Keycloak: ClientRegistrationProvider). Nothing is kept from one call to the next.
///
/// An error is answered 400, with the messages of its violations.
pub trait Provider {
    /// Last part of the address, in kebab-case and unique in the server.
    const ID: &'static str;

    /// What it offers.
    const OPERATIONS: &'static [Operation] =
        &[Operation::Register, Operation::Read, Operation::Update, Operation::Delete];

    /// Media types of its documents.
    const CONTENT_TYPES: &'static [&'static str];

    /// The protocol of its clients: `openid-connect` or `saml`. `None`: any.
    const PROTOCOL: Option<&'static str> = None;

    /// Whether web pages of other origins may call it.
    const CROSS_ORIGIN: bool = false;

    /// Whether a client may read with its own id and secret. Its documents carry no registration access token then.
    const CLIENT_AUTHENTICATION: bool = false;

    /// A document as a client: the fields that it names, the others absent.
    ///
    /// # Errors
    /// Why it cannot be read.
    fn parse(document: &Document, operation: Operation, host: &Host) -> Result<Client, Vec<Violation>>;

    /// What was sent as a full client.
    ///
    /// # Errors
    /// Why there can be no such client.
    fn complete(sent: Client, stored: Option<Client>, issued: Issued, _host: &Host) -> Result<Client, Vec<Violation>> {
        Ok(full(sent, stored, issued))
    }

    /// Checks a full client, as policies amended it, before it is stored.
    ///
    /// # Errors
    /// Why it cannot be stored.
    fn validate(_client: &Client, _operation: Operation) -> Result<(), Vec<Violation>> {
        Ok(())
    }

    /// The document of a client.
    fn render(client: &Client, registration: &Registration) -> Document;

    /// A field of [`Client`] (`redirect-uris`) as the document calls it; `None`: it has no name there.
    fn document_name(field: &str) -> Option<String>;
}

/// A full client: of a new one what was sent and the defaults of the rest, of a stored one the changes.
pub fn full(sent: Client, stored: Option<Client>, issued: Issued) -> Client {
    if let Some(mut client) = stored {
        amendment::apply(&sent, &mut client);
        return client;
    }
    let is_public = sent.public_client == Some(true);
    Client {
        client_id: sent.client_id.or_else(|| Some(issued.id.clone())),
        id: Some(issued.id),
        protocol: sent.protocol.or_else(|| Some("openid-connect".to_owned())),
        enabled: sent.enabled.or(Some(true)),
        always_display_in_console: sent.always_display_in_console.or(Some(false)),
        surrogate_auth_required: sent.surrogate_auth_required.or(Some(false)),
        redirect_uris: Some(sent.redirect_uris.unwrap_or_default()),
        web_origins: Some(sent.web_origins.unwrap_or_default()),
        public_client: Some(is_public),
        bearer_only: sent.bearer_only.or(Some(false)),
        client_authenticator_type: sent.client_authenticator_type.or_else(|| Some("client-secret".to_owned())),
        secret: sent.secret.or_else(|| (!is_public).then_some(issued.secret)),
        consent_required: sent.consent_required.or(Some(false)),
        full_scope_allowed: sent.full_scope_allowed.or(Some(true)),
        standard_flow_enabled: sent.standard_flow_enabled.or(Some(true)),
        implicit_flow_enabled: sent.implicit_flow_enabled.or(Some(false)),
        direct_access_grants_enabled: sent.direct_access_grants_enabled.or(Some(false)),
        service_accounts_enabled: sent.service_accounts_enabled.or(Some(false)),
        authorization_services_enabled: sent.authorization_services_enabled.or(Some(false)),
        frontchannel_logout: sent.frontchannel_logout.or(Some(false)),
        default_client_scopes: Some(sent.default_client_scopes.unwrap_or_default()),
        optional_client_scopes: Some(sent.optional_client_scopes.unwrap_or_default()),
        protocol_mappers: Some(sent.protocol_mappers.unwrap_or_default()),
        default_roles: Some(sent.default_roles.unwrap_or_default()),
        not_before: sent.not_before.or(Some(0)),
        node_re_registration_timeout: sent.node_re_registration_timeout.or(Some(-1)),
        registered_nodes: Some(sent.registered_nodes.unwrap_or_default()),
        authentication_flow_binding_overrides: Some(sent.authentication_flow_binding_overrides.unwrap_or_default()),
        ..sent
    }
}
