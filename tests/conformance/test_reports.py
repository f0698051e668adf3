"""Faults that were reported and that every server is to be free of, by the number of the report.

Some tests need more than the address of the server under test; without it they are skipped with Matricula:
MATRICULA_BIN (path of the program) and MATRICULA_DATABASE (the server's database), for realm files.
"""

import base64
import concurrent.futures
import json
import time

import pytest

from harness import POLICY_TYPE, Realm, assert_error, unique
from oidc import JSON
from reports import (
    DATA,
    SlowDocuments,
    both_at_once,
    client_of_its_own,
    cors_headers,
    discovery_of,
    import_realm,
    issuer_at,
    raw_request,
    timed,
)
from saml import ENCRYPTION, SIGNING, acs, attribute_service, entity, key, requested, sp

REDIRECT = "https://client.example/callback"
ORIGIN = "https://app.example"
POST_SERVICE = acs("HTTP-POST", "https://sp.example.com/acs")


@pytest.fixture
def imported(server, tmp_path):
    """Makes the realm of a realm file; it is deleted afterwards."""
    made = []

    def make(content):
        name = unique("imported")
        if isinstance(content, bytes):
            content = content.replace(b"REALM", name.encode())
        made.append(import_realm(server, content, name, tmp_path))
        return made[-1]

    yield make
    for realm in made:
        realm.delete()


@pytest.fixture(scope="module")
def old_export(server, tmp_path_factory):
    """A realm imported from the export of an old Keycloak, which lacks the scopes `basic` and `service_account`."""
    name = unique("old")
    content = (DATA / "old-export.json").read_bytes().replace(b"REALM", name.encode())
    realm = import_realm(server, content, name, tmp_path_factory.mktemp("old"))
    yield realm
    realm.delete()


# -- 1: a secret's expiry is a number of 64 bits ------------------------------------------------


@pytest.mark.parametrize("value", [2893276800, "2893276800", 2**31, 2**63 - 1], ids=repr)
def test_1_expiry_beyond_2038(oidc, value):
    assert oidc.create(redirect_uris=[REDIRECT], client_secret_expires_at=value)["client_secret_expires_at"] == 0


@pytest.mark.parametrize("value", [2**63, "9223372036854775808", "soon"], ids=repr)
def test_1_expiry_beyond_64_bits(oidc, value):
    assert oidc.post(redirect_uris=[REDIRECT], client_secret_expires_at=value).status_code == 400


def test_1_document_with_a_late_expiry_can_be_sent_back(oidc):
    realm, client_id = oidc.realm, unique("late")
    attributes = {"client.secret.expiration.time": "2893276800"}
    realm.create_client(client_id, publicClient=False, secret="not-a-secret", attributes=attributes)
    token = realm.new_registration_token(client_id)
    document = realm.register("openid-connect", "GET", client_id, token=token).json()
    assert document["client_secret_expires_at"] == 2893276800
    document.pop("scope", None)  # Keycloak: only with the client's internal id, see docs/deviations.md, 9
    response = realm.register("openid-connect", "PUT", client_id, token=token, json=document)
    assert response.status_code == 200, response.text


# -- 2: a root URL that stands for the server's own address -------------------------------------


@pytest.mark.parametrize("placeholder", ["${authBaseUrl}", "${authAdminUrl}"])
def test_2_root_url_placeholder_gives_no_admin_url(saml, placeholder):
    realm, client_id = saml.realm, unique("console")
    settings = {"protocol": "openid-connect", "rootUrl": placeholder, "redirectUris": ["/realms/x/console/*"]}
    response = realm.register("default", token=saml.token, json={"clientId": client_id} | settings)
    assert response.status_code == 201, response.text
    assert response.json()["rootUrl"] == placeholder
    assert "adminUrl" not in response.json()
    realm.create_client(client_id + "-2", **settings)
    assert "adminUrl" not in realm.client(client_id + "-2")


@pytest.mark.parametrize("placeholder", ["${authBaseUrl}", "${authAdminUrl}"])
def test_2_the_placeholder_is_no_admin_url(saml, placeholder):
    body = {"clientId": unique("console"), "adminUrl": placeholder}
    response = saml.realm.register("default", token=saml.token, json=body)
    assert_error(response, 400, "invalid_client_metadata", "Admin URL is not a valid URL")


def test_2_other_root_urls_are_the_admin_url(saml):
    body = {"protocol": "openid-connect", "rootUrl": "https://shop.example", "redirectUris": ["/cb"]}
    response = saml.realm.register("default", token=saml.token, json=body)
    assert response.json()["adminUrl"] == "https://shop.example"


# -- 3: realm files of old versions ---------------------------------------------------------------


@pytest.mark.parametrize("scope", ["email", "phone", None])
def test_3_registration_in_a_realm_of_an_old_export(old_export, scope):
    body = {"redirect_uris": [REDIRECT]} | ({"scope": scope} if scope else {})
    response = old_export.register("openid-connect", token=old_export.initial_access_token(), json=body)
    assert response.status_code == 201, response.text
    if scope:
        assert response.json()["scope"] == scope


def test_3_import_adds_the_scopes_of_later_versions(old_export):
    assert {"basic", "service_account"} <= {scope["name"] for scope in old_export.admin("GET", "/client-scopes").json()}


# -- 4: discovery, keys and realm for browsers ----------------------------------------------------

DISCOVERY = "/realms/{}/.well-known/openid-configuration"
RFC_8414 = "/.well-known/oauth-authorization-server/realms/{}"
CERTS = "/realms/{}/protocol/openid-connect/certs"
PREFLIGHT = {
    "Origin": ORIGIN,
    "Access-Control-Request-Method": "GET",
    "Access-Control-Request-Headers": "authorization",
}


@pytest.mark.parametrize("path", [DISCOVERY, RFC_8414, CERTS, "/realms/{}"])
def test_4_what_is_public_is_readable_by_every_origin(shared_realm, path):
    response = shared_realm.server.http.get(path.format(shared_realm.name), headers={"Origin": ORIGIN})
    assert response.status_code == 200
    assert response.headers["access-control-allow-origin"] == ORIGIN
    assert response.headers["access-control-allow-credentials"] == "true"


@pytest.mark.parametrize("path", [DISCOVERY, CERTS])
def test_4_no_cors_headers_without_an_origin(shared_realm, path):
    assert cors_headers(shared_realm.server.http.get(path.format(shared_realm.name))) == {}


@pytest.mark.parametrize(
    "path, method",
    [
        (DISCOVERY, "GET"),
        (CERTS, "GET"),
        ("/realms/{}", "GET"),
        ("/realms/{}/protocol/openid-connect/token", "POST"),
        ("/realms/{}/protocol/openid-connect/logout", None),
    ],
)
def test_4_preflight(shared_realm, path, method):
    response = shared_realm.server.http.options(path.format(shared_realm.name), headers=PREFLIGHT)
    assert response.status_code == 200
    headers = response.headers
    assert headers["access-control-allow-origin"] == ORIGIN
    assert headers["access-control-allow-credentials"] == "true"
    assert {"Authorization", "Content-Type"} <= set(headers["access-control-allow-headers"].split(", "))
    if method:
        assert method in headers["access-control-allow-methods"].split(", ")


# -- 5: a slash at the end ------------------------------------------------------------------------


@pytest.mark.parametrize("path", [DISCOVERY, RFC_8414, CERTS, "/realms/{}"])
def test_5_slash_after_what_is_public(shared_realm, path):
    address = path.format(shared_realm.name)
    plain, slash = shared_realm.server.http.get(address), shared_realm.server.http.get(address + "/")
    assert slash.status_code == 200, slash.text
    assert slash.json() == plain.json()


def test_5_slash_after_the_token_endpoint(shared_realm):
    _, username = shared_realm.create_user()
    response = shared_realm.server.http.post(
        f"/realms/{shared_realm.name}/protocol/openid-connect/token/",
        data={"grant_type": "password", "client_id": "admin-cli", "username": username, "password": "password"},
    )
    assert response.status_code == 200, response.text


@pytest.mark.parametrize("provider", ["default", "openid-connect", "install"])
def test_5_slash_after_a_client(shared_realm, provider):
    client_id, token = unique("slash"), shared_realm.user_token("manage-clients")
    shared_realm.create_client(client_id, publicClient=False)
    response = shared_realm.register(provider, "GET", client_id + "/", token=token)
    assert response.status_code == 200, response.text


def test_5_slash_and_registration_access_token(oidc):
    client = oidc.create(redirect_uris=[REDIRECT])
    path, token = client["client_id"] + "/", client["registration_access_token"]
    body = {"client_id": client["client_id"], "redirect_uris": [REDIRECT], "client_name": "changed"}
    changed = oidc.realm.register("openid-connect", "PUT", path, token=token, json=body)
    assert changed.status_code == 200, changed.text
    token = changed.json()["registration_access_token"]
    assert oidc.realm.register("openid-connect", "DELETE", path, token=token).status_code == 204


# -- 6: encodings of XML --------------------------------------------------------------------------


def in_encoding(encoding, friendly_name):
    attribute = requested("urn:oid:1.2.3", f'FriendlyName="{friendly_name}"')
    document = f'<?xml version="1.0" encoding="{encoding}"?>' + entity(sp(POST_SERVICE, attribute_service(attribute)))
    return document.encode(encoding)


def friendly_name(response):
    assert response.status_code == 201, response.text
    return response.json()["protocolMappers"][0]["config"]["friendly.name"]


ENCODINGS = [("ISO-8859-1", "Größe"), ("windows-1252", "„Prix“ €"), ("US-ASCII", "size")]


@pytest.mark.parametrize("charset", [False, True], ids=["", "charset"])
@pytest.mark.parametrize("encoding, name", ENCODINGS)
def test_6_declared_encodings_are_accepted(saml, encoding, name, charset):
    headers = {"Content-Type": f"application/xml; charset={encoding}" if charset else "application/xml"}
    assert saml.post(in_encoding(encoding, name), headers).status_code == 201


@pytest.mark.beyond
@pytest.mark.parametrize("encoding, name", ENCODINGS)
def test_6_declared_encodings_are_read_right(saml, encoding, name):
    assert friendly_name(saml.post(in_encoding(encoding, name))) == name


# -- 7: flows that a realm file names -------------------------------------------------------------


def test_7_client_with_a_flow_of_its_own_realm_is_imported(imported):
    realm = imported((DATA / "own-flow.json").read_bytes())
    assert realm.client("portal")["redirectUris"] == ["https://portal.example/*"]


@pytest.mark.beyond
def test_7_unknown_flow_of_a_realm_file_is_left_out(imported):
    realm = imported((DATA / "own-flow.json").read_bytes())
    assert not realm.client("portal").get("authenticationFlowBindingOverrides")


# -- 8, 16: encodings of JSON ---------------------------------------------------------------------


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-be", "utf-32-le"])
def test_8_and_16_encodings_at_the_admin_api(realm, server, encoding):
    def post(path, **body):
        return realm.admin("POST", path, content=json.dumps(body, ensure_ascii=False).encode(encoding), headers=JSON)

    assert post("/clients-initial-access", count=2).status_code == 201
    policy = {"name": "größer", "providerId": "client-disabled", "providerType": POLICY_TYPE, "subType": "anonymous"}
    assert post("/components", **policy, config={}).status_code == 201
    assert post("/clients", clientId="größe").status_code == 201
    assert realm.client("größe") is not None
    other = Realm(server)
    body = json.dumps({"realm": other.name, "displayName": "Größe", "enabled": True}, ensure_ascii=False)
    try:
        assert server.admin("POST", "", content=body.encode(encoding), headers=JSON).status_code == 201
        assert other.admin("GET", "").json()["displayName"] == "Größe"
    finally:
        other.delete()


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-be"])
def test_16_encodings_are_told_by_the_first_bytes(oidc, encoding):
    def content(**body):
        return json.dumps(body, ensure_ascii=False).encode(encoding)

    response = oidc.post_raw(content(client_name="Größe 大", redirect_uris=[REDIRECT]))
    assert response.status_code == 201, response.text
    assert response.json()["client_name"] == "Größe 大"
    response = oidc.realm.register("default", token=oidc.token, content=content(name="Größe 大"), headers=JSON)
    assert response.status_code == 201, response.text
    assert response.json()["name"] == "Größe 大"


def test_8_realm_file_that_begins_with_a_byte_order_mark(imported):
    realm = imported(b"\xef\xbb\xbf" + json.dumps({"realm": "REALM", "enabled": True, "displayName": "mark"}).encode())
    assert realm.admin("GET", "").json()["displayName"] == "mark"


# -- 9, 10: the header Host -----------------------------------------------------------------------


@pytest.mark.parametrize("host", ["x.example", "127.0.0.1", "[::1]"])
def test_9_default_port_is_left_out(shared_realm, host):
    assert issuer_at(shared_realm, host.encode() + b":80") == f"http://{host}"


def test_9_other_ports_are_named(shared_realm):
    assert issuer_at(shared_realm, b"x.example:443") == "http://x.example:443"
    assert issuer_at(shared_realm, b"x.example:8080") == "http://x.example:8080"


@pytest.mark.parametrize(
    "host",
    [b"a b.example", b"a.example/evil", b"a.example?x", b"user@a.example", b"a.example:65536", b"a.example:http", b"[::1"],
)
def test_10_malformed_host(shared_realm, host):
    assert discovery_of(shared_realm, b"Host: " + host)[0] == 400


def test_10_missing_host(shared_realm):
    assert discovery_of(shared_realm)[0] == 400


@pytest.mark.beyond
def test_10_empty_host(shared_realm):
    assert discovery_of(shared_realm, b"Host:")[0] == 400


def test_10_malformed_host_at_registration(shared_realm):
    token = shared_realm.initial_access_token().encode()
    status, _ = raw_request(
        f"/realms/{shared_realm.name}/clients-registrations/openid-connect",
        b"Host: a.example/evil",
        b"Authorization: Bearer " + token,
        b"Content-Type: application/json",
        method="POST",
        body=b'{"client_name":"x"}',
    )
    assert status == 400


# -- 14: authorizationSettings --------------------------------------------------------------------


@pytest.mark.parametrize("settings", [{"policyEnforcementMode": "ENFORCING"}, {}])
def test_14_authorization_settings_switch_the_services_on(saml, settings):
    realm, client_id = saml.realm, unique("resource-server")
    body = {"clientId": client_id, "authorizationSettings": settings}
    response = realm.register("default", token=saml.token, json=body)
    assert response.status_code == 201, response.text
    read = realm.register("default", "GET", client_id, token=response.json()["registrationAccessToken"])
    for document in (response.json(), read.json()):
        assert (document["authorizationServicesEnabled"], document["serviceAccountsEnabled"]) == (True, True)


# -- 15: whose clients are the server's -----------------------------------------------------------


def test_15_realm_client_is_computed_on_import(old_export):
    clients = {client["clientId"]: client for client in old_export.admin("GET", "/clients").json()}
    computed = {name: clients[name]["attributes"].get("realm_client") for name in clients}
    assert computed["broker"] == computed["realm-management"] == "true"
    assert computed["library"] == computed["catalogue"] == "false"


# -- 17, 18: SAML metadata ------------------------------------------------------------------------


@pytest.mark.parametrize(
    "value",
    ["2030", "2030-01", "10:00:00", "1893456000", "2030Z", "--05", "2030+01:00", "10:00:00.5"]
    + [pytest.param("2001-01", marks=pytest.mark.quirk)],
)
@pytest.mark.parametrize("on_entity", [True, False], ids=["EntityDescriptor", "SPSSODescriptor"])
def test_17_every_form_of_date_and_time_is_accepted(saml, value, on_entity):
    attributes = f'validUntil="{value}"'
    document = (
        entity(sp(POST_SERVICE), attributes=attributes) if on_entity else entity(sp(POST_SERVICE, attributes=attributes))
    )
    response = saml.post(document)
    assert response.status_code == 201, response.text


@pytest.mark.parametrize("value", ["", "999", "2030-13", "25:00:00", "10:00", "2030-1-1", "P1D", "2030-02-30"])
def test_17_what_is_no_date_or_time_is_refused(saml, value):
    assert saml.post(entity(sp(POST_SERVICE), attributes=f'validUntil="{value}"')).status_code == 400


def test_17_requested_attribute_with_an_empty_name(saml):
    response = saml.post(entity(sp(POST_SERVICE, attribute_service(requested("")))))
    assert response.status_code == 201, response.text
    (mapper,) = response.json()["protocolMappers"]
    assert mapper["name"] == ""


@pytest.mark.parametrize("tail", ["zero", "certificate"])
@pytest.mark.parametrize("use", ["signing", "encryption"])
def test_18_certificate_followed_by_something(saml, use, tail):
    first, second = base64.b64decode(SIGNING), base64.b64decode(ENCRYPTION)
    text = base64.b64encode(first + (second if tail == "certificate" else b"\0")).decode()
    assert saml.post(entity(sp(key(use, text), POST_SERVICE, signing=use != "signing"))).status_code == 400


# -- 19: the user of a service account ------------------------------------------------------------


def test_19_user_of_a_service_account_is_found_by_name(shared_realm):
    client_id = unique("robot")
    shared_realm.create_client(client_id, publicClient=False, serviceAccountsEnabled=True)
    name = f"service-account-{client_id}"
    (user,) = shared_realm.admin("GET", "/users", params={"username": name, "exact": "true"}).json()
    assert user["username"] == name
    stored = shared_realm.client(client_id)
    assert user["id"] == shared_realm.admin("GET", f"/clients/{stored['id']}/service-account-user").json()["id"]
    assert name not in {user["username"] for user in shared_realm.admin("GET", "/users").json()}


# -- 20: null in a list ---------------------------------------------------------------------------


def test_20_grant_types_of_null_alone(oidc):
    client = oidc.create(redirect_uris=[REDIRECT], grant_types=[None])
    assert client["grant_types"] == []
    assert client["response_types"] == []


def test_20_response_types_with_null(oidc):
    assert oidc.post(redirect_uris=[REDIRECT], response_types=[None]).status_code == 400


# -- 21: waiting for others' documents ------------------------------------------------------------


@pytest.fixture
def slow():
    documents = SlowDocuments(4, REDIRECT)
    yield documents
    documents.close()


@pytest.mark.beyond
def test_21_who_waits_for_documents_stops_nobody_else(realm, shared_realm, slow):
    server, token, other = realm.server, realm.initial_access_token(count=100), shared_realm.initial_access_token(100)
    body = {"redirectUris": [REDIRECT], "protocolMappers": slow.pairwise(4)}

    def register(number):
        with client_of_its_own(server, token) as http:
            return timed(lambda: http.post(f"/realms/{realm.name}/clients-registrations/default", json=body))

    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        waiting = [pool.submit(register, number) for number in range(16)]
        time.sleep(1)
        for _ in range(6):
            response, seconds = timed(
                lambda: shared_realm.register("openid-connect", token=other, json={"client_name": "x"})
            )
            assert (response.status_code, seconds < 1) == (201, True), (response.text, seconds)
            response, seconds = timed(lambda: shared_realm.admin("GET", "/clients"))
            assert (response.status_code, seconds < 1) == (200, True), (response.text, seconds)
            time.sleep(0.5)
        for done in waiting:
            response, seconds = done.result()
            assert response.status_code in (201, 400, 503), response.text
            assert seconds < 12


@pytest.mark.beyond
def test_21_one_request_waits_ten_seconds_at_most(realm, slow):
    body = {"redirectUris": [REDIRECT], "protocolMappers": slow.pairwise(4)}
    token = realm.initial_access_token(count=2)
    response, seconds = timed(lambda: realm.register("default", token=token, json=body))
    assert response.status_code in (201, 400, 503), response.text
    assert seconds < 11


# -- 23, 24: the end of sessions ------------------------------------------------------------------


def test_23_session_does_not_outlive_its_longest_life(server):
    realm = Realm(server).create(ssoSessionMaxLifespan=5)
    try:
        _, username = realm.create_user()
        form = {"grant_type": "password", "client_id": "admin-cli", "username": username, "password": "password"}
        session = realm.token_request(**form).json()
        assert session["refresh_expires_in"] <= 5
        assert session["expires_in"] <= 5
        form = {"grant_type": "refresh_token", "client_id": "admin-cli", "refresh_token": session["refresh_token"]}
        assert realm.token_request(**form).status_code == 200
        time.sleep(7)
        assert_error(realm.token_request(**form), 400, "invalid_grant", "Token is not active")
    finally:
        realm.delete()


@pytest.fixture(scope="module")
def revoked(server):
    """A realm whose notBefore is later than the tokens that are given here."""
    realm = Realm(server).create()
    _, username = realm.create_user("manage-clients")
    form = {"grant_type": "password", "client_id": "admin-cli", "username": username, "password": "password"}
    session = realm.token_request(**form).json()
    assert realm.admin_as(session["access_token"], "GET", "/clients").status_code == 200
    time.sleep(1.2)
    realm.update(notBefore=int(time.time()))
    yield realm, session, form
    realm.delete()


def test_24_bearer_token_from_before_at_the_admin_api(revoked):
    realm, session, _ = revoked
    response = realm.admin_as(session["access_token"], "GET", "/clients")
    assert_error(response, 401, "HTTP 401 Unauthorized")


def test_24_refresh_token_from_before(revoked):
    realm, session, _ = revoked
    response = realm.token_request(
        grant_type="refresh_token", client_id="admin-cli", refresh_token=session["refresh_token"]
    )
    assert_error(response, 400, "invalid_grant", "Stale token")


@pytest.mark.beyond
def test_24_bearer_token_from_before_at_registration(revoked):
    realm, session, _ = revoked
    assert realm.register("default", token=session["access_token"], json={}).status_code == 401


def test_24_later_tokens_work(revoked):
    realm, _, form = revoked
    time.sleep(1.2)
    session = realm.token_request(**form).json()
    assert realm.admin_as(session["access_token"], "GET", "/clients").status_code == 200
    assert realm.register("default", token=session["access_token"], json={}).status_code == 201


# -- 25: who is held is not the caller's to say ---------------------------------------------------


@pytest.mark.beyond
def test_25_nobody_holds_a_client_by_its_attribute(realm):
    attributes = {"registration.held": "because", "colour": "blue"}
    token = realm.initial_access_token()
    response = realm.register("default", token=token, json={"clientId": "a", "attributes": attributes})
    assert response.status_code == 201, response.text
    assert response.json()["attributes"]["colour"] == "blue"
    realm.create_client("b", attributes=attributes)
    for client_id in ("a", "b"):
        stored = realm.client(client_id)
        assert stored["attributes"]["colour"] == "blue"
        assert "registration.held" not in stored["attributes"]
        assert realm.admin("POST", f"/clients/{stored['id']}/approve").status_code == 409
    assert realm.admin("GET", "/clients", params={"held": "true"}).json() == []


# -- 26: two administrators at once ---------------------------------------------------------------


def test_26_profile_and_password_of_a_user(realm):
    user_id, username = realm.create_user()
    path = f"/admin/realms/{realm.name}/users/{user_id}"
    with client_of_its_own(realm.server) as one, client_of_its_own(realm.server) as two:

        def password(number):
            credential = {"type": "password", "value": f"password {number}", "temporary": False}
            assert one.put(f"{path}/reset-password", json=credential).status_code == 204

        def profile(number):
            assert two.put(path, json={"email": f"user{number}@example.com"}).status_code == 204

        def check(number):
            answer = realm.token_request(
                grant_type="password", client_id="admin-cli", username=username, password=f"password {number}"
            )
            email = realm.admin("GET", f"/users/{user_id}").json()["email"]
            if (answer.status_code, email) != (200, f"user{number}@example.com"):
                return number, answer.status_code, email

        assert both_at_once(50, password, profile, check) == []


@pytest.mark.beyond
def test_26_different_settings_of_a_realm(realm):
    path = f"/admin/realms/{realm.name}"
    with client_of_its_own(realm.server) as one, client_of_its_own(realm.server) as two:

        def name(number):
            assert one.put(path, json={"displayName": f"name {number}"}).status_code == 204

        def lifespan(number):
            assert two.put(path, json={"accessTokenLifespan": 100 + number}).status_code == 204

        def check(number):
            now = realm.admin("GET", "").json()
            found = (now.get("displayName"), now["accessTokenLifespan"])
            return None if found == (f"name {number}", 100 + number) else found

        assert both_at_once(50, name, lifespan, check) == []
