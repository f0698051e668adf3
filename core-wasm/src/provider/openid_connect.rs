//! Provider `openid-connect`: client metadata of RFC 7591, RFC 7592 and OIDC Dynamic Client Registration.
//!
//! `metadata` is the document as read; `request` makes a client of it, `response` a document of a client. `published` is
//! what another provider takes of this one.

mod attributes;
mod authentication_method;
mod grants;
mod jwks;
mod metadata;
mod names;
pub(super) mod published;
mod request;
mod response;
mod subject_type;

use crate::completion;
use crate::contract::exports::matricula::registration::providers::{
    Completed, Document, Registration, RegistrationProvider,
};
use crate::contract::matricula::registration::client::Client;
use crate::contract::matricula::registration::decision::Violation;
use crate::contract::matricula::registration::request::{Issued, Operation};
use crate::provider::Provider;
use crate::realm::Realm;
use crate::representation;
use crate::validation;
use metadata::Metadata;
use response::Credentials;

/// The provider (Keycloak: OIDCClientRegistrationProvider).
pub struct OpenidConnect;

impl Provider for OpenidConnect {
    fn describe(&self) -> RegistrationProvider {
        RegistrationProvider {
            id: "openid-connect".to_owned(),
            operations: vec![Operation::Register, Operation::Read, Operation::Update, Operation::Delete],
            content_types: vec!["application/json".to_owned()],
            protocol: Some("openid-connect".to_owned()),
            cross_origin: true,
            client_authentication: false,
        }
    }

    fn parse(&self, operation: Operation, document: Document, realm: &dyn Realm) -> Result<Client, Vec<Violation>> {
        Metadata::read(&document.body, realm)
            .and_then(|metadata| request::client(metadata, operation))
            .map_err(|violation| vec![violation])
    }

    fn complete(
        &self,
        mut proposed: Client,
        stored: Option<Client>,
        issued: Issued,
        realm: &dyn Realm,
    ) -> Result<Completed, Vec<Violation>> {
        let subject_type = subject_type::take_request(&mut proposed);
        if let Some(stored) = &stored {
            keep_default_scopes(&mut proposed, stored);
            attributes::remove_unless_named(&mut proposed.attributes);
        }
        let mut completed = completion::complete(proposed, stored, &issued, realm, names::member)?;
        // The sector of a mapper is validated with the mapper; a stored one that the request does not name, never.
        if subject_type.names_idle_sector()
            && let Some(violation) = validation::check_sector_identifier(&completed.client, realm)
        {
            return Err(vec![violation]);
        }
        subject_type::apply(subject_type, &mut completed, issued.salt);
        Ok(completed)
    }

    fn render(&self, client: &Client, registration: &Registration, realm: &dyn Realm) -> Document {
        Document {
            content_type: representation::JSON.to_owned(),
            body: response::document(client, registration, Credentials::Shown, realm),
        }
    }

    fn document_name(&self, field: &str) -> Option<String> {
        names::member(field)
    }
}

/// `scope` of an update replaces the optional scopes and leaves the default ones. A name among these stays there.
fn keep_default_scopes(proposed: &mut Client, stored: &Client) {
    if let Some(optional) = &mut proposed.optional_client_scopes {
        let default = stored.default_client_scopes.as_deref().unwrap_or_default();
        optional.retain(|name| !default.contains(name));
        proposed.default_client_scopes = Some(default.to_vec());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::exports::matricula::registration::providers::Effect;
    use crate::contract::matricula::registration::client::Attribute;
    use crate::realm::fixed::FixedRealm;
    use serde_json::{Value, json};

    const DEVICE: &str = "urn:ietf:params:oauth:grant-type:device_code";

    /// A client as a request leaves it: what the host stores, and what it answers.
    struct Registered {
        stored: Client,
        document: Value,
    }

    impl Registered {
        fn attribute(&self, name: &str) -> Option<&str> {
            let found = self.stored.attributes.iter().find(|attribute| attribute.name == name);
            found.map(|attribute| attribute.value.as_str())
        }

        fn default_scopes(&self) -> Vec<&str> {
            self.stored.default_client_scopes.iter().flatten().map(String::as_str).collect()
        }
    }

    /// A request, as the host handles it in a realm without policies.
    fn request(operation: Operation, stored: Option<Client>, metadata: &Value) -> Result<Registered, Vec<Violation>> {
        let realm = FixedRealm::default();
        let body = metadata.to_string().into_bytes();
        let proposed = OpenidConnect.parse(operation, Document { content_type: String::new(), body }, &realm)?;
        let issued = Issued {
            id: "new-id".into(),
            secret: "new-secret".into(),
            salt: "new-salt".into(),
            now: 7,
            ..Issued::default()
        };
        let Completed { mut client, effects } = OpenidConnect.complete(proposed, stored, issued, &realm)?;
        let mut registration = Registration { issued_at: 7, ..Registration::default() };
        for effect in effects {
            match effect {
                Effect::AddProtocolMapper(mapper) => client.protocol_mappers.get_or_insert_default().push(mapper),
                Effect::CreateResourceServer => registration.resource_server = true,
                _ => {}
            }
        }
        let answer = OpenidConnect.finish(operation, &client, &registration, &realm)?;
        assert_eq!(answer.content_type, "application/json;charset=UTF-8");
        Ok(Registered { stored: client, document: serde_json::from_slice(&answer.body).unwrap() })
    }

    fn register(metadata: Value) -> Registered {
        request(Operation::Register, None, &metadata).unwrap()
    }

    fn update(registered: &Registered, metadata: Value) -> Registered {
        request(Operation::Update, Some(registered.stored.clone()), &metadata).unwrap()
    }

    fn refused(metadata: Value) -> Vec<Violation> {
        request(Operation::Register, None, &metadata).err().unwrap()
    }

    fn full() -> Registered {
        register(json!({
            "redirect_uris": ["https://a.example/cb"], "post_logout_redirect_uris": ["https://a.example/bye"],
            "request_uris": ["https://a.example/request"], "client_name": "name", "client_uri": "https://a.example/",
            "client_name#de": "Name", "logo_uri": "https://a.example/logo", "contacts": ["ops@a.example"],
            "default_max_age": 60, "require_auth_time": true, "scope": "address phone",
            "token_endpoint_auth_method": "private_key_jwt", "token_endpoint_auth_signing_alg": "PS256",
            "jwks": {"keys": [{"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo", "use": "sig"}]},
            "grant_types": ["authorization_code", "implicit", "client_credentials", DEVICE],
            "subject_type": "pairwise", "id_token_signed_response_alg": "PS256", "userinfo_signed_response_alg": "ES256",
            "authorization_signed_response_alg": "PS384", "authorization_encrypted_response_alg": "RSA-OAEP-256",
            "authorization_encrypted_response_enc": "A256GCM",
            "dpop_bound_access_tokens": true, "require_pushed_authorization_requests": true,
            "backchannel_logout_uri": "https://a.example/back", "backchannel_logout_session_required": false,
            "backchannel_logout_revoke_offline_tokens": true, "frontchannel_logout_uri": "https://a.example/front",
            "frontchannel_logout_session_required": true, "backchannel_token_delivery_mode": "poll",
        }))
    }

    #[test]
    fn a_registration_stores_a_confidential_client_of_the_standard_flow() {
        let registered = register(json!({"redirect_uris": ["http://localhost/cb"]}));
        let stored = &registered.stored;
        assert_eq!(stored.client_id.as_deref(), Some("new-id"));
        assert_eq!((stored.id.as_ref(), stored.secret.as_deref()), (stored.client_id.as_ref(), Some("new-secret")));
        assert_eq!(stored.web_origins, Some(vec!["http://localhost".to_owned()]));
        assert_eq!((stored.full_scope_allowed, stored.consent_required), (Some(true), Some(false)));
        assert_eq!(registered.attribute("client.secret.creation.time"), Some("7"));
        assert_eq!(stored.attributes.len(), 4);
        assert_eq!(registered.default_scopes(), ["web-origins", "acr", "profile", "roles", "basic", "email"]);
        assert_eq!(registered.document["scope"], "address phone offline_access organization microprofile-jwt");
        assert_eq!(registered.document["client_secret"], "new-secret");
        assert_eq!(registered.document["frontchannel_logout_session_required"], false);
    }

    #[test]
    fn scope_gives_the_optional_scopes_and_leaves_basic() {
        let registered =
            register(json!({"scope": "openid basic phone nowhere", "grant_types": ["client_credentials"]}));
        assert_eq!(registered.document["scope"], "phone");
        assert_eq!(registered.default_scopes(), ["basic", "service_account"]);
        let updated = update(&register(json!({})), json!({"scope": "phone profile"}));
        assert_eq!(updated.document["scope"], "phone");
        assert_eq!(updated.default_scopes().len(), 6);
        assert_eq!(update(&updated, json!({"scope": ""})).document["scope"], "");
    }

    #[test]
    fn an_update_keeps_most_of_what_it_does_not_name() {
        let before = full();
        let after = update(&before, json!({"client_id": "new-id"}));
        for member in [
            "redirect_uris",
            "post_logout_redirect_uris",
            "request_uris",
            "client_name",
            "client_uri",
            "client_name#de",
            "logo_uri",
            "contacts",
            "default_max_age",
            "require_auth_time",
            "scope",
            "jwks",
            "userinfo_signed_response_alg",
            "dpop_bound_access_tokens",
            "require_pushed_authorization_requests",
            "backchannel_token_delivery_mode",
        ] {
            assert!(!before.document[member].is_null(), "{member}");
            assert_eq!(after.document[member], before.document[member], "{member}");
        }
    }

    #[test]
    fn an_update_resets_flows_authentication_subject_and_logout() {
        let after = update(&full(), json!({})).document;
        for (member, value) in [
            ("token_endpoint_auth_method", json!("client_secret_basic")),
            ("client_secret", json!("new-secret")),
            ("response_types", json!(["code", "none"])),
            ("grant_types", json!(["authorization_code", "client_credentials", DEVICE])),
            ("subject_type", json!("public")),
            ("frontchannel_logout_uri", Value::Null),
            ("frontchannel_logout_session_required", json!(false)),
            ("backchannel_logout_session_required", json!(true)),
            ("backchannel_logout_revoke_offline_tokens", json!(false)),
        ] {
            assert_eq!(after[member], value, "{member}");
        }
    }

    #[test]
    fn an_update_removes_six_members_that_it_does_not_name_whatever_else_it_names() {
        let six = [
            ("token_endpoint_auth_signing_alg", "ES256"),
            ("id_token_signed_response_alg", "ES256"),
            ("authorization_signed_response_alg", "ES256"),
            ("authorization_encrypted_response_alg", "ECDH-ES"),
            ("authorization_encrypted_response_enc", "A128GCM"),
            ("backchannel_logout_uri", "https://a.example/other"),
        ];
        let before = full();
        for named in [json!({}), json!({"jwks_uri": "https://a.example/jwks"}), json!({"request_uris": ["https://a/"]})]
        {
            let after = update(&before, named).document;
            for (member, _) in six {
                assert!(!before.document[member].is_null() && after[member].is_null(), "{member}");
            }
        }
        for (member, value) in six {
            let kept = update(&before, json!({member: value})).document;
            assert_eq!(kept[member], value);
            assert!(six.iter().all(|(other, _)| *other == member || kept[*other].is_null()), "{kept}");
            assert!(update(&before, json!({member: null})).document[member].is_null(), "{member}");
        }
    }

    #[test]
    fn null_among_the_grant_types_is_no_grant() {
        for (metadata, grant_types, response_types) in [
            (json!({"grant_types": [null]}), json!([]), json!([])),
            (
                json!({"grant_types": [null, "authorization_code"]}),
                json!(["authorization_code"]),
                json!(["code", "none"]),
            ),
            (
                json!({"grant_types": [null], "response_types": ["code"]}),
                json!(["authorization_code"]),
                json!(["code", "none"]),
            ),
        ] {
            let document = register(metadata).document;
            assert_eq!((&document["grant_types"], &document["response_types"]), (&grant_types, &response_types));
        }
        let violation = &refused(json!({"response_types": ["code", null]}))[0];
        assert!(violation.message.starts_with("Client metadata invalid: response_types"), "{violation:?}");
    }

    #[test]
    fn empty_values_of_an_update_clear() {
        let after = update(
            &full(),
            json!({
                "redirect_uris": [], "request_uris": [], "post_logout_redirect_uris": [], "client_name": "", "scope": "",
                "client_name#de": "", "logo_uri": "", "contacts": [], "userinfo_signed_response_alg": "", "grant_types": [],
            }),
        );
        for member in ["redirect_uris", "request_uris", "post_logout_redirect_uris"] {
            assert_eq!(after.document[member], json!([]), "{member}");
        }
        for member in ["client_name#de", "logo_uri", "contacts", "userinfo_signed_response_alg"] {
            assert_eq!(after.document[member], Value::Null, "{member}");
        }
        assert_eq!((&after.document["client_name"], &after.document["scope"]), (&json!(""), &json!("")));
        assert_eq!(after.stored.service_accounts_enabled, Some(false));
    }

    #[test]
    fn the_document_of_an_answer_is_accepted_as_an_update() {
        for registered in [full(), register(json!({})), register(json!({"token_endpoint_auth_method": "none"}))] {
            let again = update(&registered, registered.document.clone());
            assert_eq!(again.document, registered.document);
        }
    }

    #[test]
    fn a_pairwise_client_keeps_its_salt() {
        let pairwise = json!({"subject_type": "pairwise", "redirect_uris": ["https://a.example/cb"]});
        let once = update(&register(json!({})), pairwise.clone());
        assert_eq!(once.document["subject_type"], "pairwise");
        assert_eq!(once.attribute(subject_type::REQUESTED), None);
        let mut stored = once.stored.clone();
        stored.protocol_mappers.as_mut().unwrap()[0].config[0].value = "old-salt".to_owned();
        let twice = update(&Registered { stored, ..once }, pairwise);
        assert_eq!(twice.stored.protocol_mappers.as_ref().unwrap()[0].config[0].value, "old-salt");
        assert_eq!(update(&twice, json!({})).stored.protocol_mappers, Some(vec![]));
    }

    #[test]
    fn becoming_public_drops_the_secret() {
        let public = update(&register(json!({})), json!({"token_endpoint_auth_method": "none"}));
        assert_eq!((&public.document["client_secret"], &public.stored.secret), (&Value::Null, &None));
        let again = update(&public, json!({"token_endpoint_auth_method": "client_secret_post"}));
        assert_eq!(again.document["client_secret"], "new-secret");
        assert_eq!(again.document["token_endpoint_auth_method"], "client_secret_post");
    }

    #[test]
    fn a_resource_server_has_a_service_account() {
        let registered = register(json!({"grant_types": [grants::UMA]}));
        assert_eq!(registered.document["grant_types"], json!(["client_credentials", grants::UMA]));
        let violations = refused(json!({"grant_types": [grants::UMA], "token_endpoint_auth_method": "none"}));
        assert!(violations[0].message.starts_with("grant_types "), "{violations:?}");
    }

    #[test]
    fn texts_that_are_too_long_are_refused_by_the_name_of_the_member() {
        let long = format!("https://a.example/{}", "x".repeat(256));
        for (metadata, member, error) in [
            (json!({"client_name": long}), "client_name", None),
            (json!({"client_uri": long}), "client_uri", None),
            (json!({"redirect_uris": ["https://a.example/", long]}), "redirect_uris", Some("invalid_redirect_uri")),
        ] {
            let violation = &refused(metadata)[0];
            assert_eq!(
                (violation.message.starts_with(member), violation.error.as_deref()),
                (true, error),
                "{violation:?}"
            );
        }
    }

    #[test]
    fn validation_sees_what_was_registered() {
        let several = json!({"redirect_uris": ["javascript:x"], "tos_uri": "not a uri", "client_uri#de": "data:x"});
        let violations = refused(several);
        let mut messages: Vec<_> = violations.iter().map(|violation| violation.message.as_str()).collect();
        messages.sort_unstable();
        let expected = [
            "A redirect URI uses an illegal scheme",
            "Base URL uses an illegal scheme",
            "Terms of service URL is not a valid URL",
        ];
        assert_eq!(messages, expected);
        assert!(violations.iter().any(|violation| violation.error.as_deref() == Some("invalid_redirect_uri")));
        for (metadata, start) in [
            (json!({"default_acr_values": ["gold"]}), "Default ACR values need"),
            (json!({"subject_type": "pairwise"}), "Client redirect URIs must contain a valid host component."),
            (json!({"backchannel_authentication_request_signing_alg": "HS256"}), "Unsupported requested CIBA"),
            (json!({"sector_identifier_uri": "relative"}), "Invalid Sector Identifier URI."),
            (json!({"sector_identifier_uri": "x", "subject_type": "pairwise"}), "Invalid Sector Identifier URI."),
        ] {
            let violations = refused(metadata.clone());
            assert_eq!((violations.len(), violations[0].error.as_deref()), (1, None), "{metadata}");
            assert!(violations[0].message.starts_with(start), "{metadata}: {}", violations[0].message);
        }
        let unsigned = register(json!({"backchannel_authentication_request_signing_alg": "none"}));
        assert_eq!(unsigned.document["backchannel_authentication_request_signing_alg"], "none");
    }

    #[test]
    fn a_stored_sector_is_not_looked_at_again() {
        let sector = Attribute { name: subject_type::SECTOR_IDENTIFIER.to_owned(), value: "relative".to_owned() };
        let mut stored = register(json!({})).stored;
        stored.attributes.push(sector);
        assert!(request(Operation::Update, Some(stored), &json!({"client_name": "x"})).is_ok());
    }

    #[test]
    fn describes_itself() {
        let description = OpenidConnect.describe();
        assert_eq!(description.id, "openid-connect");
        assert_eq!(description.operations.len(), 4);
        assert!(description.cross_origin && !description.client_authentication);
    }
}
