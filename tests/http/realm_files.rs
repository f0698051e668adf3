//! Realms as files: `matricula realm import` and `realm export`, and what the Admin API makes of many clients.

use std::fs::Permissions;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

use anyhow::{Context, ensure};
use matricula_tests::{Service, program};
use reqwest::Method;
use serde_json::{Value, json};

/// A command on the database of a server, which may run meanwhile.
fn offline(service: &Service, arguments: &[&str]) -> anyhow::Result<Output> {
    Ok(Command::new(program()?).args(arguments).args(service.place()).stdin(Stdio::null()).output()?)
}

fn text(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

fn export(service: &Service, realm: &str) -> anyhow::Result<Value> {
    let output = offline(service, &["realm", "export", realm])?;
    ensure!(output.status.success(), "{}", text(&output));
    serde_json::from_slice(&output.stdout).with_context(|| text(&output))
}

/// A file with this document, beside the data of a server.
fn file(service: &Service, name: &str, document: &Value) -> anyhow::Result<PathBuf> {
    let path = service.data().join(name);
    std::fs::write(&path, document.to_string())?;
    Ok(path)
}

fn import(service: &Service, document: &Value, options: &[&str]) -> anyhow::Result<Output> {
    let path = file(service, "realm.json", document)?;
    offline(service, &[&["realm", "import", &path.to_string_lossy()], options].concat())
}

/// A realm with so many clients.
fn realm_of(name: &str, clients: std::ops::Range<usize>) -> Value {
    let client = |number: usize| {
        json!({ "clientId": format!("app-{number:05}"), "protocol": "openid-connect", "publicClient": false,
            "secret": format!("secret of {number}"), "redirectUris": [format!("https://{number}.example/cb")] })
    };
    json!({ "realm": name, "enabled": true, "clients": clients.map(client).collect::<Vec<_>>() })
}

fn ids(clients: &[Value]) -> Vec<&str> {
    clients.iter().filter_map(|client| client["clientId"].as_str()).collect()
}

async fn list(service: &Service, path: &str) -> anyhow::Result<Vec<Value>> {
    Ok(service.admin(Method::GET, path, None).await?.error_for_status()?.json().await?)
}

/// A realm with something of everything.
async fn furnish(service: &Service) -> anyhow::Result<()> {
    service.realm("shop").await?;
    let admin = async |method: Method, path: &str, body: Value| {
        anyhow::Ok(service.admin(method, &format!("/shop{path}"), Some(body)).await?.error_for_status()?)
    };
    let settings =
        json!({ "displayName": "Shop", "accessTokenLifespan": 600, "attributes": { "acr.loa.map": "{\"a\":1}" } });
    admin(Method::PUT, "", settings).await?;
    admin(Method::POST, "/client-scopes", json!({ "name": "orders", "protocol": "openid-connect" })).await?;
    let policy = json!({ "name": "Few", "providerId": "max-clients", "subType": "authenticated",
        "providerType": "org.keycloak.services.clientregistration.policy.ClientRegistrationPolicy",
        "config": { "max-clients": ["5000"] } });
    admin(Method::POST, "/components", policy).await?;
    let profiles = json!({ "profiles": [{ "name": "strict", "executors": [
        { "executor": "consent-required", "configuration": { "auto-configure": true } }] }] });
    admin(Method::PUT, "/client-policies/profiles", profiles).await?;
    let policies = json!({ "policies": [{ "name": "all", "enabled": false, "profiles": ["strict"],
        "conditions": [{ "condition": "any-client", "configuration": {} }] }] });
    admin(Method::PUT, "/client-policies/policies", policies).await?;
    for client in [
        json!({ "clientId": "bare" }),
        json!({ "clientId": "web", "protocol": "openid-connect", "rootUrl": "https://web.example", "redirectUris": ["/cb"] }),
        json!({ "clientId": "robot", "protocol": "openid-connect", "publicClient": false, "serviceAccountsEnabled": true,
            "defaultClientScopes": ["email"], "attributes": { "backchannel.logout.session.required": "false" } }),
        json!({ "clientId": "roles", "defaultRoles": ["reader", "writer"], "secret": "s \"quoted\" \u{1f511}" }),
        json!({ "clientId": "api", "bearerOnly": true, "registeredNodes": { "n1": 1700000000 } }),
        json!({ "clientId": "urn:sp", "protocol": "saml", "attributes": { "saml.client.signature": "false" } }),
        json!({ "clientId": "authz", "authorizationServicesEnabled": true, "publicClient": false }),
        json!({ "clientId": "mapped", "protocolMappers": [{ "name": "m", "protocol": "openid-connect",
            "protocolMapper": "oidc-full-name-mapper", "config": { "id.token.claim": "true" } }] }),
    ] {
        admin(Method::POST, "/clients", client).await?;
    }
    let robot = &service.clients("shop", "robot").await?[0];
    let id = robot["id"].as_str().context("no id")?;
    // Scopes that an update names hold exactly, also without the one of service accounts.
    let update = json!({ "defaultClientScopes": ["profile", "orders"], "optionalClientScopes": ["phone"] });
    admin(Method::PUT, &format!("/clients/{id}"), update).await?;
    admin(Method::POST, &format!("/clients/{id}/roles"), json!({ "name": "operator", "description": "May do it" }))
        .await?;
    Ok(())
}

#[tokio::test]
async fn a_realm_that_is_exported_and_imported_again_is_the_same() -> anyhow::Result<()> {
    let first = Service::start()?;
    furnish(&first).await?;
    let exported = export(&first, "shop")?;
    assert_eq!(exported["clients"].as_array().map(Vec::len), Some(14));
    let second = Service::start()?;
    let imported = import(&second, &exported, &[])?;
    ensure!(imported.status.success(), "{}", text(&imported));
    let again = export(&second, "shop")?;
    for (name, value) in exported.as_object().into_iter().flatten() {
        assert_eq!(value, &again[name], "{name}");
    }
    assert_eq!(exported, again);
    // The server that runs on it knows the realm at once.
    let secret = |clients: Vec<Value>| clients[0]["secret"].clone();
    assert_eq!(secret(second.clients("shop", "roles").await?), secret(first.clients("shop", "roles").await?));
    second.open("shop", "anonymous").await?;
    let registered = second.register("shop", "default", None).json(&json!({ "clientId": "new" })).send().await?;
    assert_eq!(registered.status(), 201);
    let token = second.register("shop", "default", None).json(&json!({ "clientId": "new" })).send().await?;
    assert_eq!(token.status(), 400);
    Ok(())
}

#[tokio::test]
async fn an_import_that_is_run_again_changes_nothing() -> anyhow::Result<()> {
    let service = Service::start()?;
    furnish(&service).await?;
    let exported = export(&service, "shop")?;
    let again = import(&service, &exported, &[])?;
    ensure!(again.status.success(), "{}", text(&again));
    assert!(
        text(&again).contains("Realm shop: 0 clients stored, 14 were there already; refused: 0"),
        "{}",
        text(&again)
    );
    assert_eq!(export(&service, "shop")?, exported);
    // Under another name it is another realm, with ids of its own for what is not a client's.
    let copy = import(&service, &exported, &["--realm", "copy"])?;
    ensure!(copy.status.success(), "{}", text(&copy));
    let copied = export(&service, "copy")?;
    assert_eq!(copied["clients"], exported["clients"]);
    assert_ne!(copied["id"], exported["id"]);
    Ok(())
}

#[tokio::test]
async fn an_import_goes_on_where_it_was_left() -> anyhow::Result<()> {
    let service = Service::start()?;
    let part = import(&service, &realm_of("shop", 0..30), &[])?;
    assert!(text(&part).contains("Realm shop: 30 clients stored, 0 were there already"), "{}", text(&part));
    let whole = import(&service, &realm_of("shop", 0..50), &[])?;
    ensure!(whole.status.success(), "{}", text(&whole));
    assert!(text(&whole).contains("Realm shop: 20 clients stored, 30 were there already"), "{}", text(&whole));
    assert_eq!(service.clients("shop", "app-").await?.len(), 50);
    Ok(())
}

#[tokio::test]
async fn what_cannot_be_imported_is_told_with_its_place_and_the_reason() -> anyhow::Result<()> {
    let service = Service::start()?;
    let mut document = realm_of("shop", 0..3);
    let clients = document["clients"].as_array_mut().context("no clients")?;
    clients.push(json!({ "clientId": "wrong", "rootUrl": "nonsense" }));
    clients.push(json!({ "clientId": "strange", "colour": "red" }));
    clients.push(json!({ "clientId": "flow", "authenticationFlowBindingOverrides": { "browser": "mine" } }));
    clients.push(json!({ "clientId": "app-00001", "secret": "another" }));
    document["components"] = json!({
        "org.keycloak.services.clientregistration.policy.ClientRegistrationPolicy":
            [{ "name": "Own", "providerId": "my-policy", "subType": "anonymous", "config": {} }],
        "org.keycloak.keys.KeyProvider": [{ "name": "rsa", "providerId": "rsa-generated", "config": {} }],
    });
    document["users"] = json!([{ "username": "somebody" }]);
    let report = service.data().join("report.jsonl");
    let imported = import(&service, &document, &["--report", &report.to_string_lossy()])?;
    assert_eq!(imported.status.code(), Some(1));
    let printed = text(&imported);
    for expected in [
        "refused: clients[3] \"wrong\": rootUrl: Root URL is not a valid URL",
        "refused: clients[4] \"strange\": Invalid json representation for ClientRepresentation. Unrecognized field \"colour\"",
        "not read: clients[5] \"flow\": authenticationFlowBindingOverrides.browser: flow \"mine\": this server has no",
        "conflict: clients[6] \"app-00001\": secret: it is there with other content, which stays",
        "refused: components.ClientRegistrationPolicy[0] \"Own\": providerId: no component offers \"my-policy\"",
        "not read: users:",
        "not read: components.org.keycloak.keys.KeyProvider:",
        "Realm shop: 4 clients stored, 0 were there already; refused: 3, in conflict with others: 1.",
        "Left out of what was stored: 3; placeholders that were stored: 0.",
        "4 entries were not stored",
    ] {
        assert!(printed.contains(expected), "{expected} is missing in:\n{printed}");
    }
    let lines = std::fs::read_to_string(report)?;
    let lines: Vec<Value> = lines.lines().map(serde_json::from_str).collect::<Result<_, _>>()?;
    assert_eq!(lines.len(), 7);
    let wrong = lines.iter().find(|line| line["name"] == "wrong").context("not told")?;
    assert_eq!(
        (&wrong["outcome"], &wrong["index"], &wrong["field"]),
        (&json!("refused"), &json!(3), &json!("rootUrl"))
    );
    assert_eq!(service.clients("shop", "app-").await?.len(), 3);
    assert_eq!(service.clients("shop", "app-00001").await?[0]["secret"], "secret of 1");
    Ok(())
}

#[tokio::test]
async fn what_an_old_version_lacks_is_added_and_its_clients_get_it() -> anyhow::Result<()> {
    let service = Service::start()?;
    let mut document = json!({ "realm": "shop", "enabled": true, "keycloakVersion": "15.0.2.redhat-00001",
        "defaultRoles": ["offline_access", "reader"], "roles": { "realm": [{ "name": "reader", "composite": null }] },
        "clientScopes": [{ "name": "email", "protocol": "openid-connect", "attributes": null }],
        "defaultDefaultClientScopes": ["email"],
        "clients": [
            { "clientId": "web", "protocol": "openid-connect", "secret": "of the file", "defaultClientScopes": ["email"] },
            { "clientId": "api", "protocol": "openid-connect", "bearerOnly": true, "defaultClientScopes": ["email"] },
            { "clientId": "sp", "protocol": "saml", "defaultClientScopes": [], "attributes": { "realm_client": "true" } },
            { "clientId": "realm-management", "bearerOnly": true, "attributes": {} },
        ] });
    for _ in 0..2 {
        let imported = import(&service, &document, &[])?;
        ensure!(imported.status.success(), "{}", text(&imported));
    }
    let exported = export(&service, "shop")?;
    let names = |list: &str| exported[list].as_array().into_iter().flatten().cloned().collect::<Vec<_>>();
    assert_eq!(names("defaultDefaultClientScopes"), ["AuthnContextClassRef", "acr", "basic", "email"]);
    assert_eq!(names("defaultOptionalClientScopes"), ["offline_access"]);
    assert_eq!(exported.get("keycloakVersion"), None);
    let client = async |id: &str| anyhow::Ok(service.clients("shop", id).await?.swap_remove(0));
    let web = client("web").await?;
    assert_eq!(web["defaultClientScopes"], json!(["email", "acr", "basic"]));
    // As in Keycloak, a client of a file that does not say whether it is public has a secret.
    assert_eq!((&web["publicClient"], &web["secret"]), (&json!(false), &json!("of the file")));
    assert_eq!(client("api").await?["defaultClientScopes"], json!(["email"]));
    let sp = client("sp").await?;
    assert_eq!(sp["defaultClientScopes"], json!(["AuthnContextClassRef"]));
    assert_eq!(sp["attributes"]["realm_client"], "false");
    assert_eq!(client("realm-management").await?["attributes"]["realm_client"], "true");
    // Whoever opens the realm to anonymous callers says so: a document without policies does not.
    assert_eq!(list(&service, "/shop/components").await?.len(), 10);
    document["realm"] = json!("later");
    document["keycloakVersion"] = json!("26.7.5");
    let imported = import(&service, &document, &[])?;
    ensure!(imported.status.success(), "{}", text(&imported));
    let scopes = list(&service, "/later/client-scopes").await?;
    assert_eq!(scopes.iter().map(|scope| scope["name"].clone()).collect::<Vec<_>>(), ["email", "offline_access"]);
    Ok(())
}

#[tokio::test]
async fn a_document_is_read_in_every_encoding_of_json() -> anyhow::Result<()> {
    let service = Service::start()?;
    let utf16 = |text: &str| text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>();
    let utf32 = |text: &str| text.chars().flat_map(|one| u32::from(one).to_be_bytes()).collect::<Vec<u8>>();
    let document = |name: &str| {
        json!({ "realm": name, "enabled": true, "displayName": "Größe 🔑", "clients": [{ "clientId": "größe" }],
            "roles": { "client": { "größe": [{ "name": "röle" }] } } })
        .to_string()
    };
    for (name, bytes) in [
        ("mark", format!("\u{feff}{}", document("mark")).into_bytes()),
        ("utf16", utf16(&document("utf16"))),
        ("utf16mark", utf16(&format!("\u{feff}{}", document("utf16mark")))),
        ("utf32", utf32(&document("utf32"))),
        ("list", format!("[{}]", document("list")).into_bytes()),
    ] {
        let path = service.data().join(format!("{name}.json"));
        std::fs::write(&path, bytes)?;
        let imported = offline(&service, &["realm", "import", &path.to_string_lossy()])?;
        ensure!(imported.status.success(), "{name}: {}", text(&imported));
        assert_eq!(export(&service, name)?["displayName"], "Größe 🔑", "{name}");
        assert_eq!(service.clients(name, "größe").await?.len(), 1, "{name}");
    }
    Ok(())
}

#[tokio::test]
async fn what_stands_instead_of_values_and_what_cannot_be_read_is_told_and_loses_nothing_else() -> anyhow::Result<()> {
    let service = Service::start()?;
    let document = json!({ "realm": "shop", "enabled": true, "sslRequired": "NONE", "accessTokenLifespan": "soon",
        "smtpServer": { "host": "${SMTP_HOST}", "password": "**********" },
        "attributes": { "clientRegistration.trustedIssuers": "nonsense", "colour": "blue" },
        "clientScopes": [null, { "protocol": "openid-connect" }, { "name": 7 }, { "name": "email", "protocol": "openid-connect" }],
        "defaultDefaultClientScopes": ["email", null],
        "roles": { "realm": [{ "name": null }, { "name": "reader", "composites": { "realm": null } }], "client": { "web": null } },
        "components": { "org.keycloak.services.clientregistration.policy.ClientRegistrationPolicy": null },
        "clientProfiles": { "profiles": null }, "clientPolicies": { "policies": [{ "colour": "red" }] },
        "clients": [
            null,
            { "clientId": "web", "protocol": "openid-connect", "secret": "**********", "name": "${client_web}",
                "attributes": { "colour": "${COLOUR}" }, "rootUrl": "${authBaseUrl}" },
            { "clientId": "page", "publicClient": true, "secret": "**********", "authorizationServicesEnabled": true },
        ] });
    let imported = import(&service, &document, &[])?;
    assert_eq!(imported.status.code(), Some(1));
    let printed = text(&imported);
    for expected in [
        "refused: realm: accessTokenLifespan: ",
        "not read: realm: smtpServer.password: it is masked",
        "placeholder: realm: smtpServer.host: ${SMTP_HOST} is stored as it is",
        "refused: realm \"shop\": attributes.clientRegistration.trustedIssuers: ",
        "refused: clientScopes[1]: protocol: ",
        "refused: clientScopes[2]: invalid type",
        "refused: roles.realm[0]: name: a role needs a name",
        "refused: clientPolicies: unknown field `colour`",
        "refused: clients[0]: ",
        "not read: clients[1] \"web\": secret: it is masked",
        "placeholder: clients[1] \"web\": attributes.colour: ${COLOUR} is stored as it is",
        "not read: clients[2] \"page\": authorizationServicesEnabled: ",
        "Realm shop: 2 clients stored, 0 were there already; refused: 7, in conflict with others: 0.",
    ] {
        assert!(printed.contains(expected), "{expected} is missing in:\n{printed}");
    }
    assert_eq!(printed.matches("${").count(), 2, "{printed}");
    let exported = export(&service, "shop")?;
    assert_eq!((&exported["sslRequired"], &exported["attributes"]["colour"]), (&json!("none"), &json!("blue")));
    assert!(exported["attributes"]["clientRegistration.trustedIssuers"].is_null(), "{exported}");
    assert_eq!(exported["smtpServer"], json!({ "host": "${SMTP_HOST}" }));
    let secret = service.clients("shop", "web").await?[0]["secret"].clone();
    assert!(secret.as_str().is_some_and(|secret| secret.len() > 20), "{secret}");
    Ok(())
}

#[tokio::test]
async fn a_realm_comes_from_standard_input_and_goes_to_a_file() -> anyhow::Result<()> {
    let service = Service::start()?;
    let mut process = Command::new(program()?)
        .args(["realm", "import", "-"])
        .args(service.place())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    let document = realm_of("shop", 0..2).to_string();
    process.stdin.take().context("no input")?.write_all(document.as_bytes())?;
    let output = process.wait_with_output()?;
    ensure!(output.status.success(), "{}", text(&output));
    let path = service.data().join("export.json");
    // Nobody else may read it, whoever may read what lies in its place.
    std::fs::write(&path, "before")?;
    std::fs::set_permissions(&path, Permissions::from_mode(0o666))?;
    let output = offline(&service, &["realm", "export", "shop", "--file", &path.to_string_lossy()])?;
    ensure!(output.status.success(), "{}", text(&output));
    assert_eq!(std::fs::metadata(&path)?.permissions().mode() & 0o777, 0o600);
    let exported: Value = serde_json::from_slice(&std::fs::read(&path)?)?;
    assert_eq!(exported["clients"].as_array().map(Vec::len), Some(8));
    Ok(())
}

#[tokio::test]
async fn many_clients_are_listed_page_by_page() -> anyhow::Result<()> {
    let service = Service::start()?;
    let imported = import(&service, &realm_of("shop", 0..1000), &[])?;
    ensure!(imported.status.success(), "{}", text(&imported));
    let all = list(&service, "/shop/clients").await?;
    assert_eq!(all.len(), 1006);
    assert!(ids(&all).is_sorted());
    assert_eq!(list(&service, "/shop/clients?max=450").await?, all[..450]);
    assert_eq!(list(&service, "/shop/clients?first=990&max=10").await?, all[990..1000]);
    assert_eq!(list(&service, "/shop/clients?first=1003&max=10").await?, all[1003..]);
    assert_eq!(list(&service, "/shop/clients?first=2000&max=10").await?, [] as [Value; 0]);
    assert_eq!(list(&service, "/shop/clients?max=0").await?, [] as [Value; 0]);
    let last = all[499]["clientId"].as_str().context("no id")?;
    assert_eq!(list(&service, &format!("/shop/clients?after={last}&max=3")).await?, all[500..503]);
    let found = list(&service, "/shop/clients?search=true&clientId=PP-0099&max=5").await?;
    assert_eq!(ids(&found), ["app-00990", "app-00991", "app-00992", "app-00993", "app-00994"]);
    let found = list(&service, "/shop/clients?search=true&clientId=pp-0099&first=8&max=5").await?;
    assert_eq!(ids(&found), ["app-00998", "app-00999"]);
    assert_eq!(list(&service, "/shop/clients?search=true&clientId=app-").await?.len(), 1000);
    Ok(())
}

#[tokio::test]
async fn realms_are_listed_page_by_page() -> anyhow::Result<()> {
    let service = Service::start()?;
    for number in 0..5 {
        service.realm(&format!("shop-{number}")).await?;
    }
    let all = list(&service, "").await?;
    let names = |realms: &[Value]| realms.iter().map(|realm| realm["realm"].clone()).collect::<Vec<_>>();
    assert_eq!(names(&all), ["master", "shop-0", "shop-1", "shop-2", "shop-3", "shop-4"]);
    assert_eq!(all[1]["accessTokenLifespan"], 300);
    let some = list(&service, "?briefRepresentation=true&first=2&max=2").await?;
    assert_eq!(names(&some), ["shop-1", "shop-2"]);
    assert_eq!(some[0], json!({ "id": all[2]["id"], "realm": "shop-1", "enabled": true }));
    Ok(())
}

#[tokio::test]
async fn client_policies_come_with_the_document_of_a_realm() -> anyhow::Result<()> {
    let service = Service::start()?;
    let profiles = json!({ "profiles": [{ "name": "strict", "executors": [{ "executor": "consent-required" }] }] });
    let policies = json!({ "policies": [{ "name": "all", "enabled": true, "profiles": ["strict"],
        "conditions": [{ "condition": "any-client" }] }] });
    let document = json!({ "realm": "shop", "enabled": true, "clientProfiles": profiles, "clientPolicies": policies });
    let admin = async |method: Method, path: &str, body: Option<Value>| service.admin(method, path, body).await;
    assert_eq!(admin(Method::POST, "", Some(document)).await?.status(), 201);
    let read: Value = admin(Method::GET, "/shop", None).await?.json().await?;
    assert_eq!(read["clientProfiles"], profiles);
    assert_eq!(read["clientPolicies"], policies);
    let kept: Value = admin(Method::GET, "/shop/client-policies/policies", None).await?.json().await?;
    assert_eq!(kept, policies);
    // What was read can be sent back, and a document without them leaves them alone.
    assert_eq!(admin(Method::PUT, "/shop", Some(read)).await?.status(), 204);
    assert_eq!(admin(Method::PUT, "/shop", Some(json!({ "displayName": "Shop" }))).await?.status(), 204);
    let unknown = json!({ "clientPolicies": { "policies": [{ "name": "x", "profiles": ["nowhere"] }] } });
    let refused = admin(Method::PUT, "/shop", Some(unknown)).await?;
    assert_eq!(refused.status(), 400);
    let kept: Value = admin(Method::GET, "/shop/client-policies/policies", None).await?.json().await?;
    assert_eq!(kept, policies);
    let none = json!({ "clientPolicies": { "policies": [] }, "clientProfiles": { "profiles": [] } });
    assert_eq!(admin(Method::PUT, "/shop", Some(none)).await?.status(), 204);
    let kept: Value = admin(Method::GET, "/shop/client-policies/policies", None).await?.json().await?;
    assert_eq!(kept, json!({ "policies": [] }));
    Ok(())
}
