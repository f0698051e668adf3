//! What a new realm holds: clients of the server, their roles, client scopes, registration policies (Keycloak's defaults).

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use matricula_contract::server_clients::{OF_EVERY_REALM, REALM_CLIENT};
use matricula_contract::{Attribute, Client};
use matricula_store::client_policy_documents::RealmClientPolicies;
use matricula_store::clients::{self, ClientRow};
use matricula_store::policies::{self, Policy, PolicyRow};
use matricula_store::realm_settings::Settings;
use matricula_store::roles::{self, RoleRow};
use matricula_store::scopes::{self, Assigned, Scope, ScopeRow};
use matricula_store::{StoreError, Write, realms};
use matricula_system::{clock, ids};

use crate::roles::{ADMIN, CREATE_REALM, MANAGEMENT};
use crate::{MASTER, Realm};

/// What `client_id`s of clients that stand for a realm in the master realm end with.
const IN_MASTER: &str = "-realm";

/// Client scopes: name, protocol, what new clients get of it.
const SCOPES: [(&str, &str, Assigned); 15] = [
    ("acr", "openid-connect", Assigned::Default),
    ("address", "openid-connect", Assigned::Optional),
    ("AuthnContextClassRef", "saml", Assigned::Default),
    ("basic", "openid-connect", Assigned::Default),
    ("email", "openid-connect", Assigned::Default),
    ("microprofile-jwt", "openid-connect", Assigned::Optional),
    ("offline_access", "openid-connect", Assigned::Optional),
    ("organization", "openid-connect", Assigned::Optional),
    ("phone", "openid-connect", Assigned::Optional),
    ("profile", "openid-connect", Assigned::Default),
    ("role_list", "saml", Assigned::Default),
    ("roles", "openid-connect", Assigned::Default),
    ("saml_organization", "saml", Assigned::Default),
    ("service_account", "openid-connect", Assigned::None),
    ("web-origins", "openid-connect", Assigned::Default),
];

/// Roles of client `account`; those marked are default roles.
const ACCOUNT_ROLES: [(&str, bool); 8] = [
    ("delete-account", false),
    ("manage-account", true),
    ("manage-account-links", false),
    ("manage-consent", false),
    ("view-applications", false),
    ("view-consent", false),
    ("view-groups", false),
    ("view-profile", true),
];

/// Types of protocol mappers that clients may bring by default.
const ALLOWED_MAPPERS: [&str; 8] = [
    "saml-user-attribute-mapper",
    "oidc-usermodel-attribute-mapper",
    "saml-user-property-mapper",
    "oidc-usermodel-property-mapper",
    "oidc-full-name-mapper",
    "oidc-address-mapper",
    "oidc-sha256-pairwise-sub-mapper",
    "saml-role-list-mapper",
];

/// A realm that is being made, with the rows of what it holds.
pub struct NewRealm {
    /// As requests will see it.
    pub realm: Realm,
    /// In any order.
    pub scopes: Vec<ScopeRow>,
    /// In their order.
    pub policies: Vec<PolicyRow>,
}

impl NewRealm {
    /// A realm with the usual client scopes and policies.
    pub fn usual(id: String, name: String, enabled: bool, settings: Settings) -> NewRealm {
        let (scopes, policies) = (scopes(), policies(&id));
        NewRealm::holding((id, name, enabled), settings, scopes, policies)
    }

    /// A realm with these client scopes and policies; their ids are not in use.
    pub fn holding(
        (id, name, enabled): (String, String, bool),
        settings: Settings,
        scopes: Vec<ScopeRow>,
        policies: Vec<PolicyRow>,
    ) -> NewRealm {
        let realm = Realm {
            id,
            name,
            enabled,
            settings: Arc::new(settings),
            scopes: scopes.iter().map(Scope::from).collect(),
            policies: policies.iter().map(|row| Arc::new(row.policy.clone())).collect(),
            client_policies: Arc::new(RealmClientPolicies::default()),
            targets: Arc::default(),
            // Nobody reads its clients before it is stored and read.
            shown: Default::default(),
        };
        NewRealm { realm, scopes, policies }
    }
}

/// Adds everything that a new realm holds to the write that makes it. The master realm gets a client for the realm too.
pub fn store(write: &mut Write, new: &NewRealm, master_id: Option<&str>) -> Result<(), StoreError> {
    let realm = &new.realm;
    let now = clock::now();
    realms::insert(write, &realm.new_row(), now);
    for scope in &new.scopes {
        scopes::insert(write, &realm.id, scope);
    }
    let built_in = clients_of(realm);
    realms::count_clients(write, &realm.id, built_in.len());
    for client in built_in {
        let row = ClientRow::unstored(client);
        clients::insert_of_server(write, &realm.id, &row)?;
        for (name, is_default) in client_roles(realm, row.client_id()) {
            roles::insert(write, &realm.id, &role(&row.id, name, is_default));
        }
    }
    for name in [default_roles(&realm.name).as_str(), "offline_access", "uma_authorization"] {
        roles::insert(write, &realm.id, &role("", name, true));
    }
    if realm.name == MASTER {
        roles::insert(write, &realm.id, &role("", ADMIN, false));
        roles::insert(write, &realm.id, &role("", CREATE_REALM, false));
    }
    let first = clock::now_us();
    for (place, policy) in (0..).zip(&new.policies) {
        policies::insert(write, &realm.id, policy, first + place);
    }
    if let Some(master_id) = master_id {
        store_in_master(write, realm, master_id)?;
    }
    Ok(())
}

/// Adds what every realm holds to one whose clients came from a document: the clients of the server that are not among
/// them, and all their roles. `ids` gives the internal id of a client that is there by its `client_id`.
pub fn complete(
    write: &mut Write,
    realm: &Realm,
    ids: &HashMap<&'static str, String>,
) -> Result<Vec<String>, StoreError> {
    let mut added = Vec::new();
    for client in clients_of(realm) {
        let mut row = ClientRow::unstored(client);
        match ids.get(row.client_id()) {
            Some(id) => row.id.clone_from(id),
            None => {
                realms::count_clients(write, &realm.id, 1);
                clients::insert_of_server(write, &realm.id, &row)?;
                added.push(row.client_id().to_owned());
            }
        }
        for (name, is_default) in client_roles(realm, row.client_id()) {
            roles::insert_missing(write, &realm.id, &role(&row.id, name, is_default));
        }
    }
    for name in [default_roles(&realm.name).as_str(), "offline_access", "uma_authorization"] {
        roles::insert_missing(write, &realm.id, &role("", name, true));
    }
    Ok(added)
}

/// The clients of the server in a realm.
pub fn client_ids(realm: &Realm) -> [&'static str; 6] {
    OF_EVERY_REALM.map(|client_id| if client_id == "realm-management" { realm.management_client() } else { client_id })
}

/// The role that stands for all default roles of a realm.
pub fn default_roles(realm: &str) -> String {
    format!("default-roles-{}", realm.to_lowercase())
}

/// Adds the client that stands for a realm to the master realm.
pub fn store_in_master(write: &mut Write, realm: &Realm, master_id: &str) -> Result<(), StoreError> {
    realms::count_clients(write, master_id, 1);
    clients::insert_of_server(
        write,
        master_id,
        &ClientRow::unstored(management_client(&client_in_master(&realm.name), realm)),
    )
}

/// Whether a client of this name is one of those whose roles open the server itself.
pub fn opens_the_server(realm: &Realm, client_id: &str) -> bool {
    client_id == "broker"
        || client_id == realm.management_client()
        || realm.name == MASTER && client_id.ends_with(IN_MASTER)
}

/// `client_id` of the client that stands for a realm in the master realm.
pub fn client_in_master(realm: &str) -> String {
    format!("{realm}{IN_MASTER}")
}

/// The client scopes of a new realm.
pub fn scopes() -> Vec<ScopeRow> {
    SCOPES
        .map(|(name, protocol, assigned)| ScopeRow {
            id: ids::fresh(),
            name: name.to_owned(),
            protocol: protocol.to_owned(),
            assigned,
            attributes: BTreeMap::from([("include.in.token.scope".to_owned(), "true".to_owned())]),
        })
        .into()
}

/// The registration policies of a new realm, in their order.
pub fn policies(realm_id: &str) -> Vec<PolicyRow> {
    let policy = |sub_type: &str, name: &str, provider: &str, config: &[(&str, &[&str])]| PolicyRow {
        id: ids::fresh(),
        parent_id: realm_id.to_owned(),
        version: 1,
        policy: Policy {
            name: Some(name.to_owned()),
            provider_id: provider.to_owned(),
            sub_type: sub_type.to_owned(),
            config: config
                .iter()
                .map(|(name, values)| ((*name).to_owned(), values.iter().map(|value| (*value).to_owned()).collect()))
                .collect(),
        },
    };
    let of_both = |sub_type: &str| {
        [
            policy(
                sub_type,
                "Allowed Protocol Mapper Types",
                "allowed-protocol-mappers",
                &[("allowed-protocol-mapper-types", &ALLOWED_MAPPERS)],
            ),
            policy(
                sub_type,
                "Allowed Client Scopes",
                "allowed-client-templates",
                &[("allow-default-scopes", &["true"])],
            ),
            policy(sub_type, "Allowed Registration Web Origins", "registration-web-origins", &[]),
        ]
    };
    let mut policies = vec![
        policy(
            "anonymous",
            "Trusted Hosts",
            "trusted-hosts",
            &[("host-sending-registration-request-must-match", &["true"]), ("client-uris-must-match", &["true"])],
        ),
        policy("anonymous", "Consent Required", "consent-required", &[]),
        policy("anonymous", "Full Scope Disabled", "scope", &[]),
        policy("anonymous", "Max Clients Limit", "max-clients", &[("max-clients", &["200"])]),
    ];
    policies.extend(of_both("anonymous"));
    policies.extend(of_both("authenticated"));
    policies
}

fn role(client: &str, name: &str, is_default: bool) -> RoleRow {
    RoleRow { id: ids::fresh(), client: client.to_owned(), name: name.to_owned(), description: None, is_default }
}

fn client_roles<'a>(realm: &Realm, client_id: &str) -> Vec<(&'a str, bool)> {
    match client_id {
        "account" => ACCOUNT_ROLES.to_vec(),
        "broker" => vec![("read-token", false)],
        management if management == realm.management_client() => MANAGEMENT.map(|name| (name, false)).to_vec(),
        _ => Vec::new(),
    }
}

/// The clients of the server in a new realm.
fn clients_of(realm: &Realm) -> Vec<Client> {
    let account = |client_id: &str| {
        let mut client = public_client(client_id, realm);
        client.root_url = Some("${authBaseUrl}".to_owned());
        client.base_url = Some(format!("/realms/{}/account/", realm.name));
        client.redirect_uris = Some(vec![format!("/realms/{}/account/*", realm.name)]);
        client.attributes.push(attribute("post.logout.redirect.uris", "+"));
        client
    };
    let mut account_console = account("account-console");
    account_console.attributes.push(attribute("pkce.code.challenge.method", "S256"));

    let mut admin_cli = public_client("admin-cli", realm);
    admin_cli.standard_flow_enabled = Some(false);
    admin_cli.direct_access_grants_enabled = Some(true);
    admin_cli.full_scope_allowed = Some(true);
    admin_cli.attributes.push(attribute("client.use.lightweight.access.token.enabled", "true"));

    let mut console = public_client("security-admin-console", realm);
    console.root_url = Some("${authAdminUrl}".to_owned());
    console.base_url = Some(format!("/admin/{}/console/", realm.name));
    console.redirect_uris = Some(vec![format!("/admin/{}/console/*", realm.name)]);
    console.web_origins = Some(vec!["+".to_owned()]);
    console.full_scope_allowed = Some(true);
    console.attributes.push(attribute("client.use.lightweight.access.token.enabled", "true"));
    console.attributes.push(attribute("pkce.code.challenge.method", "S256"));
    console.attributes.push(attribute("post.logout.redirect.uris", "+"));

    vec![
        account("account"),
        account_console,
        admin_cli,
        management_client("broker", realm),
        management_client(realm.management_client(), realm),
        console,
    ]
}

fn public_client(client_id: &str, realm: &Realm) -> Client {
    let mut client = client(client_id, realm);
    client.public_client = Some(true);
    client
}

/// A client that nobody logs in to: it only has roles.
fn management_client(client_id: &str, realm: &Realm) -> Client {
    let mut client = client(client_id, realm);
    client.bearer_only = Some(true);
    client.attributes.push(attribute(REALM_CLIENT, "true"));
    client
}

fn attribute(name: &str, value: &str) -> Attribute {
    Attribute { name: name.to_owned(), value: value.to_owned() }
}

/// What all of them have in common.
fn client(client_id: &str, realm: &Realm) -> Client {
    let assigned = |wanted: Assigned| {
        let of_realm =
            realm.scopes.iter().filter(|scope| scope.protocol == "openid-connect" && scope.assigned == wanted);
        Some(of_realm.map(|scope| scope.name.clone()).collect())
    };
    Client {
        id: Some(ids::fresh()),
        client_id: Some(client_id.to_owned()),
        name: Some(format!("${{client_{client_id}}}")),
        description: None,
        type_: None,
        protocol: Some("openid-connect".to_owned()),
        enabled: Some(true),
        always_display_in_console: Some(false),
        surrogate_auth_required: Some(false),
        root_url: None,
        base_url: None,
        admin_url: None,
        redirect_uris: Some(Vec::new()),
        web_origins: Some(Vec::new()),
        public_client: Some(false),
        bearer_only: Some(false),
        client_authenticator_type: Some("client-secret".to_owned()),
        secret: None,
        consent_required: Some(false),
        full_scope_allowed: Some(false),
        standard_flow_enabled: Some(true),
        implicit_flow_enabled: Some(false),
        direct_access_grants_enabled: Some(false),
        service_accounts_enabled: Some(false),
        authorization_services_enabled: None,
        frontchannel_logout: Some(false),
        default_client_scopes: assigned(Assigned::Default),
        optional_client_scopes: assigned(Assigned::Optional),
        protocol_mappers: None,
        default_roles: Some(Vec::new()),
        not_before: Some(0),
        node_re_registration_timeout: Some(0),
        registered_nodes: None,
        authentication_flow_binding_overrides: Some(Vec::new()),
        authorization_settings: None,
        attributes: Vec::new(),
    }
}
