//! What a provider asks the host to do beside storing the client (variant `effect` of the contract).

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use matricula_contract::{Attribute, Client, Effect};
use matricula_realms::Realm;
use matricula_store::clients::ClientRow;
use matricula_store::roles::{self, RoleRow};
use matricula_store::users::{self, Profile, UserRow};
use matricula_store::{StoreError, Write};
use matricula_system::{clock, ids};

use crate::keys::rsa::{self, RsaKeys};

/// Attributes of the signing key of a SAML client.
const SIGNING_CERTIFICATE: &str = "saml.signing.certificate";
const SIGNING_PRIVATE_KEY: &str = "saml.signing.private.key";

/// Carries out what changes the client itself. Policies are done by now: they don't judge it.
pub(crate) async fn amend(keys: &RsaKeys, client: &mut Client, effects: &[Effect]) -> Result<(), StoreError> {
    for effect in effects {
        match effect {
            Effect::AddProtocolMapper(mapper) => {
                let mut mapper = mapper.clone();
                mapper.id.get_or_insert_with(ids::fresh);
                client.protocol_mappers.get_or_insert_default().push(mapper);
            }
            Effect::CreateSigningKey(common_name) => {
                let key = keys.take().await;
                let certificate = key
                    .certificate(common_name, rsa::THREE_YEARS)
                    .map_err(|error| StoreError::Damaged(format!("{error:#}")))?;
                set(&mut client.attributes, SIGNING_CERTIFICATE, STANDARD.encode(certificate));
                set(&mut client.attributes, SIGNING_PRIVATE_KEY, STANDARD.encode(key.der()));
            }
            Effect::CreateServiceAccount
            | Effect::RemoveServiceAccount
            | Effect::CreateResourceServer
            | Effect::SetDefaultRoles(_) => {}
        }
    }
    Ok(())
}

fn set(attributes: &mut Vec<Attribute>, name: &str, value: String) {
    match attributes.iter_mut().find(|attribute| attribute.name == name) {
        Some(attribute) => attribute.value = value,
        None => attributes.push(Attribute { name: name.to_owned(), value }),
    }
}

/// Whether carrying an effect out changes the client itself.
pub(crate) fn changes_client(effect: &Effect) -> bool {
    matches!(effect, Effect::AddProtocolMapper(_) | Effect::CreateSigningKey(_))
}

/// Whether the effects make a resource server.
pub(crate) fn make_resource_server(effects: &[Effect]) -> bool {
    effects.iter().any(|effect| matches!(effect, Effect::CreateResourceServer))
}

/// Adds what is stored beside the client to its write, behind the client itself.
pub(crate) fn store(write: &mut Write, realm: &Realm, client: &ClientRow, effects: &[Effect]) {
    for effect in effects {
        match effect {
            Effect::CreateServiceAccount => users::insert_missing(write, &realm.id, &service_account(client)),
            Effect::RemoveServiceAccount => users::delete_service_account(write, &realm.id, &client.id),
            Effect::CreateResourceServer => roles::insert_missing(write, &realm.id, &role(client, "uma_protection")),
            Effect::SetDefaultRoles(names) => {
                for name in names {
                    roles::insert_missing(write, &realm.id, &role(client, name));
                }
                roles::set_defaults(write, &realm.id, &client.id, names);
            }
            Effect::AddProtocolMapper(_) | Effect::CreateSigningKey(_) => {}
        }
    }
}

/// The same for a client that is loaded with others: its roles and its service account.
pub(crate) fn beside(client: &ClientRow, effects: &[Effect]) -> (Vec<RoleRow>, Option<UserRow>) {
    let (mut roles, mut account) = (Vec::new(), None);
    for effect in effects {
        match effect {
            Effect::CreateServiceAccount => account = Some(service_account(client)),
            Effect::CreateResourceServer => roles.push(role(client, "uma_protection")),
            Effect::SetDefaultRoles(names) => {
                roles.extend(names.iter().map(|name| RoleRow { is_default: true, ..role(client, name) }));
            }
            Effect::RemoveServiceAccount | Effect::AddProtocolMapper(_) | Effect::CreateSigningKey(_) => {}
        }
    }
    (roles, account)
}

/// User name of a client's service account.
pub(crate) fn service_account_name(client_id: &str) -> String {
    format!("service-account-{}", client_id.to_lowercase())
}

fn service_account(client: &ClientRow) -> UserRow {
    UserRow {
        id: ids::fresh(),
        username: service_account_name(client.client_id()),
        email: None,
        enabled: true,
        profile: Profile::default(),
        password_hash: None,
        service_account_client: Some(client.id.clone()),
        created_at: clock::now(),
        version: 1,
    }
}

fn role(client: &ClientRow, name: &str) -> RoleRow {
    RoleRow { id: ids::fresh(), client: client.id.clone(), name: name.to_owned(), description: None, is_default: false }
}
