"""What a server does better than Keycloak on purpose. The numbers are those of docs/deviations.md.

Keycloak fails every test of this file; they run with CONFORMANCE_TARGET=matricula only.
"""

import http.server
import json
import threading
import time
from urllib.parse import unquote

import pytest

from harness import POLICY_TYPE, ErrorBody, Realm, assert_error, jwt_claims, refused_by, refused_by_executor
from oidc import JSON, RSA_KEY
from saml import SIGNING, XML, acs, attribute_service, endpoint, entities, entity, key, requested, slo, sp

pytestmark = pytest.mark.beyond

METADATA = "invalid_client_metadata"
REDIRECT = "http://localhost/cb"
APP = "https://app.example"
POST_SERVICE = acs("HTTP-POST", "https://sp.example.com/acs")
UMA = "urn:ietf:params:oauth:grant-type:uma-ticket"
FULL_NAME = {"name": "full name", "protocol": "openid-connect", "protocolMapper": "oidc-full-name-mapper", "config": {}}
AUDIENCE = {
    "name": "audience",
    "protocol": "openid-connect",
    "protocolMapper": "oidc-audience-mapper",
    "config": {"included.custom.audience": "x"},
}


def assert_names(response, status, error, *names):
    """The response is this error, and its description contains these names."""
    assert_error(response, status, error)
    for name in names:
        assert name in response.json()["error_description"]


def number_of_clients(realm: Realm) -> int:
    return len(realm.admin("GET", "/clients").json())


# -- 1: no server error for bad input -----------------------------------------------


@pytest.mark.parametrize(
    "metadata, field",
    [
        ({"subject_type": "magic"}, "subject_type"),
        ({"subject_type": ""}, "subject_type"),
        ({"backchannel_authentication_request_signing_alg": "magic"}, "backchannel_authentication_request_signing_alg"),
        ({"jwks": {}}, "jwks"),
        ({"jwks": {"keys": None}}, "jwks"),
        ({"jwks": {"keys": "text"}}, "jwks"),
        ({"jwks": {"keys": [{"kty": "RSA", "use": "sig"}]}}, "jwks"),
        ({"client_name": "x" * 256}, "client_name"),
        ({"client_name": "a\u0000b"}, "client_name"),
        ({"client_uri": "https://app.example/" + "x" * 256}, "client_uri"),
    ],
    ids=lambda value: str(value)[:60],
)
def test_1_bad_metadata_is_refused_by_name(oidc, metadata, field):
    before = number_of_clients(oidc.realm)
    assert_names(oidc.post(**metadata), 400, METADATA, field)
    assert number_of_clients(oidc.realm) == before
    client = oidc.create(client_name="before")
    assert_names(oidc.put(client, **({"client_name": "after"} | metadata)), 400, METADATA, field)
    assert oidc.get(client).json()["client_name"] == "before"


def test_1_public_client_as_a_resource_server(oidc):
    assert_names(oidc.post(grant_types=[UMA], token_endpoint_auth_method="none"), 400, METADATA, "grant_types")


def test_1_redirect_uri_that_is_too_long(oidc):
    response = oidc.post(redirect_uris=[REDIRECT, "https://app.example/" + "x" * 256])
    assert_names(response, 400, "invalid_redirect_uri", "redirect_uris")


@pytest.mark.parametrize("content", ["", "null"])
@pytest.mark.parametrize("provider", ["openid-connect", "default"])
def test_1_empty_body(oidc, provider, content):
    client = oidc.create(client_name="kept")
    for method, client_id, token in (
        ("POST", None, oidc.token),
        ("PUT", client["client_id"], client["registration_access_token"]),
    ):
        response = oidc.realm.register(provider, method, client_id, token=token, content=content, headers=JSON)
        assert_names(response, 400, "invalid_request", "body")
    assert oidc.get(client).json()["client_name"] == "kept"


@pytest.mark.parametrize(
    "body, field",
    [
        ({"name": "x" * 256}, "name"),
        ({"description": "x" * 256}, "description"),
        ({"secret": "x" * 256}, "secret"),
        ({"clientId": "x" * 256}, "clientId"),
        ({"id": "x" * 37}, "id"),
        ({"defaultRoles": "reader"}, "defaultRoles"),
        ({"authenticationFlowBindingOverrides": {"browser": "no-such-flow"}}, "authenticationFlowBindingOverrides"),
        ({"protocolMappers": [{"protocol": "openid-connect", "protocolMapper": "oidc-full-name-mapper"}]}, "protocolMappers"),
        ({"publicClient": True, "authorizationServicesEnabled": True}, "authorizationServicesEnabled"),
    ],
    ids=lambda value: str(value)[:60],
)
def test_1_bad_client_of_the_default_provider_is_refused_by_name(oidc, body, field):
    before = number_of_clients(oidc.realm)
    assert_names(oidc.realm.register("default", token=oidc.token, json=body), 400, METADATA, field)
    assert number_of_clients(oidc.realm) == before


def test_1_internal_id_in_use(oidc):
    used = oidc.create()["client_id"]
    response = oidc.realm.register("default", token=oidc.token, json={"id": used, "clientId": "second-of-its-id"})
    assert_names(response, 400, METADATA, "id")
    assert oidc.realm.client("second-of-its-id") is None


@pytest.mark.parametrize(
    "document, name",
    [
        ('<p:AuthnRequest xmlns:p="urn:oasis:names:tc:SAML:2.0:protocol" ID="x" Version="2.0"/>', "AuthnRequest"),
        (entities(entities(entity(sp(POST_SERVICE)))), "EntitiesDescriptor"),
        (entity(sp(key("signing", ""), signing=False)), "X509Certificate"),
        (entity(sp(POST_SERVICE), entity_id="urn:" + "x" * 252), "entityID"),
    ],
    ids=["other document", "nested list", "empty certificate", "long entity id"],
)
def test_1_saml_document_that_is_no_service_provider(saml, document, name):
    assert_names(saml.post(document), 400, METADATA, name)


@pytest.mark.parametrize(
    "uri", ["com.example.app:/cb", "app:callback", "urn:ietf:wg:oauth:2.0:oob", "*", "https://*.example.com/cb"]
)
def test_1_redirect_uri_without_a_host_is_refused_by_trusted_hosts(open_realm, uri):
    response = open_realm.register("openid-connect", json={"redirect_uris": [REDIRECT, uri]})
    assert response.status_code == 403
    assert response.json() == refused_by("Trusted Hosts", "URI doesn't match any trusted host or trusted domain")


def test_1_install_of_a_client_with_an_unknown_authenticator(oidc):
    body = {"clientId": "odd-authenticator", "clientAuthenticatorType": "free-text"}
    client = oidc.realm.register("default", token=oidc.token, json=body).json()
    response = oidc.realm.register("install", "GET", "odd-authenticator", token=client["registrationAccessToken"])
    assert response.status_code == 200
    assert response.json()["resource"] == "odd-authenticator"
    assert response.json()["credentials"] == {}


def test_1_executor_and_condition_without_configuration(realm):
    token = realm.initial_access_token()
    profiles = {"profiles": [{"name": "pkce", "executors": [{"executor": "pkce-enforcer"}]}]}
    policies = {
        "policies": [{"name": "all", "enabled": True, "conditions": [{"condition": "any-client"}], "profiles": ["pkce"]}]
    }
    assert realm.admin("PUT", "/client-policies/profiles", json=profiles).status_code == 204
    assert realm.admin("PUT", "/client-policies/policies", json=policies).status_code == 204
    refused = realm.register("default", token=token, json={})
    assert refused.status_code == 403
    assert refused.json() == refused_by_executor(METADATA)
    body = {"attributes": {"pkce.code.challenge.method": "S256"}}
    assert realm.register("default", token=token, json=body).status_code == 201


def test_1_executor_with_a_configuration_of_the_wrong_type(realm):
    executor = {"executor": "pkce-enforcer", "configuration": {"auto-configure": ["yes"]}}
    profiles = {"profiles": [{"name": "pkce", "executors": [executor]}]}
    response = realm.admin("PUT", "/client-policies/profiles", json=profiles)
    assert response.status_code == 400
    assert "invalid configuration" in response.json()["errorMessage"]
    assert realm.admin("GET", "/client-policies/profiles").json() == {"profiles": []}


def test_1_component_update_without_its_provider(realm):
    policy = realm.policy("max-clients", "anonymous")
    response = realm.admin("PUT", f"/components/{policy['id']}", json={"config": {"max-clients": ["7"]}})
    assert response.status_code == 204
    assert realm.policy("max-clients", "anonymous") == policy | {"config": {"max-clients": ["7"]}}


def test_1_component_update_with_an_unknown_provider(realm):
    policy = realm.policy("max-clients", "anonymous")
    response = realm.admin("PUT", f"/components/{policy['id']}", json=policy | {"providerId": "no-such-policy"})
    assert response.status_code == 400
    assert response.json() == {"error": "Invalid provider type or no such provider"}
    assert realm.policy("max-clients", "anonymous") == policy


def test_1_other_bad_input_of_the_admin_api(realm):
    assert_names(realm.admin("POST", "/clients-initial-access", content="", headers=JSON), 400, "invalid_request", "body")
    assert_names(realm.admin("GET", "/events", params={"type": "NO_SUCH_TYPE"}), 400, "invalid_request", "type")
    body = {"clientId": "bad", "description": "x" * 256}
    assert_names(realm.admin("POST", "/clients", json=body), 400, "invalid_input", "description")
    assert realm.client("bad") is None


# -- 2: descriptions say what is wrong --------------------------------------------------


@pytest.mark.parametrize(
    "metadata, field",
    [
        ({"token_endpoint_auth_method": "magic"}, "token_endpoint_auth_method"),
        ({"response_types": ["code", "magic"]}, "response_types"),
        ({"jwks": {"keys": [RSA_KEY]}, "jwks_uri": "https://app.example/jwks"}, "jwks_uri"),
        ({"token_endpoint_auth_method": "private_key_jwt"}, "jwks"),
    ],
    ids=str,
)
def test_2_invalid_metadata_is_named(oidc, metadata, field):
    response = oidc.post(**metadata)
    assert_error(response, 400, METADATA, "Client metadata invalid")
    assert field in response.json()["error_description"].removeprefix("Client metadata invalid: ")


@pytest.mark.parametrize(
    "provider, content, error, name",
    [
        ("openid-connect", '{"redirect_uris": "http://localhost/cb"}', "unknown_error", "redirect_uris"),
        ("openid-connect", '{"require_auth_time": "yes"}', "unknown_error", "require_auth_time"),
        ("default", '{"enabled": "maybe"}', "unknown_error", "enabled"),
        ("openid-connect", '{\n"client_name": "x",\n}', "invalid_request", "line"),
        ("default", "{", "invalid_request", "line"),
    ],
)
def test_2_unreadable_json_is_located(oidc, provider, content, error, name):
    response = oidc.realm.register(provider, token=oidc.token, content=content, headers=JSON)
    assert_error(response, 400, error, "Cannot parse the JSON")
    assert name in response.json()["error_description"].removeprefix("Cannot parse the JSON: ")


@pytest.mark.parametrize(
    "document, name",
    [
        (entity(sp(POST_SERVICE, "<md:NoSuchElement/>")), "NoSuchElement"),
        (entity(sp(POST_SERVICE), entity_id="x").replace('entityID="x"', ""), "entityID"),
        (entity(sp(key("signing", "AAAA"), signing=False)), "X509Certificate"),
        ("<foo/>", "foo"),
    ],
    ids=["element", "attribute", "certificate", "root"],
)
def test_2_unreadable_saml_document_is_explained(saml, document, name):
    assert_names(saml.post(document), 400, "HTTP 400 Bad Request", name)


# -- 3: refusals by client policies ------------------------------------------------------


@pytest.mark.parametrize(
    "executor, configuration, description",
    [
        ("reject-request", {}, "invalid_request: Request not allowed"),
        (
            "consent-required",
            {"auto-configure": False},
            "invalid_registration: Client is required to enable consentRequired",
        ),
        (
            "pkce-enforcer",
            {"auto-configure": False},
            "invalid_client_metadata: Invalid client metadata: code_challenge_method",
        ),
    ],
)
@pytest.mark.parametrize("provider", ["openid-connect", "default"])
def test_3_refusal_by_a_client_policy_gives_the_detail(realm, provider, executor, configuration, description):
    token = realm.initial_access_token()
    realm.client_policy({executor: configuration})
    response = realm.register(provider, token=token, json={})
    assert_error(response, 403, "insufficient_scope")
    assert response.json()["error_description"] == description
    (violation,) = response.json()["violations"]
    assert (violation["policy"], violation["provider"]) == ("policy", executor)
    assert violation["message"] == description.split(": ", 1)[1]
    assert response.json()["decision"]


# -- 4: refusals by registration policies --------------------------------------------------


def objections(response) -> set[tuple]:
    return {(v["policy"], v["provider"], v.get("field"), v.get("value"), v["message"]) for v in response.json()["violations"]}


def test_4_refusal_lists_everything_that_the_policies_object_to(open_realm):
    response = open_realm.register(
        "openid-connect",
        json={
            "client_uri": "https://one.example/",
            "redirect_uris": ["https://two.example/cb", REDIRECT, "https://three.example/cb"],
            "scope": "phone no-such-scope",
        },
    )
    url = "URL doesn't match any trusted host or trusted domain"
    uri = "URI doesn't match any trusted host or trusted domain"
    assert response.status_code == 403
    assert response.json() == refused_by("Trusted Hosts", url)
    assert response.json()["violations"][0]["message"] == url
    assert objections(response) == {
        ("Trusted Hosts", "trusted-hosts", "client_uri", "https://one.example/", url),
        ("Trusted Hosts", "trusted-hosts", "redirect_uris", "https://two.example/cb", uri),
        ("Trusted Hosts", "trusted-hosts", "redirect_uris", "https://three.example/cb", uri),
        (
            "Allowed Client Scopes",
            "allowed-client-templates",
            "scope",
            "no-such-scope",
            "Not permitted to use specified clientScope",
        ),
    }


def test_4_fields_are_named_as_in_the_document(realm):
    body = {"defaultClientScopes": ["email", "nowhere"], "protocolMappers": [FULL_NAME, AUDIENCE]}
    response = realm.register("default", token=realm.initial_access_token(), json=body)
    assert response.status_code == 403
    assert {entry[1:4] for entry in objections(response)} == {
        ("allowed-client-templates", "defaultClientScopes", "nowhere"),
        ("allowed-protocol-mappers", "protocolMappers", "oidc-audience-mapper"),
    }


def test_4_refusal_of_the_sender_names_no_field(realm):
    response = realm.register("default", json={})
    assert response.json() == refused_by("Trusted Hosts", "Host not trusted.")
    assert response.json()["violations"] == [
        {"policy": "Trusted Hosts", "provider": "trusted-hosts", "message": "Host not trusted."}
    ]


@pytest.mark.parametrize(
    "accept, members, media_type",
    [
        ("application/json", {"error", "error_description"}, "application/json"),
        ("application/json;q=0.9, text/plain", {"error", "error_description"}, "application/json"),
        ("*/*", {"error", "error_description", "violations", "decision"}, "application/json"),
        ("application/json, */*;q=0.1", {"error", "error_description", "violations", "decision"}, "application/json"),
        (
            "application/problem+json",
            {"error", "error_description", "violations", "decision", "type", "title", "status", "detail"},
            "application/problem+json",
        ),
    ],
)
def test_4_who_asks_for_plain_json_gets_keycloaks_members_only(realm, accept, members, media_type):
    response = realm.register("openid-connect", json={}, headers={"Accept": accept})
    assert response.status_code == 403
    assert response.headers["content-type"].split(";")[0] == media_type
    assert set(response.json()) == members
    assert response.json()["error_description"].endswith("Details: Host not trusted.")
    assert response.headers["matricula-decision"]


def test_4_refusal_of_an_update(open_realm):
    token = open_realm.register("default", json={"clientId": "anon"}).json()["registrationAccessToken"]
    body = {"clientId": "anon", "consentRequired": False, "fullScopeAllowed": True}
    response = open_realm.register("default", "PUT", "anon", token=token, json=body)
    assert response.status_code == 403
    assert {entry[:4] for entry in objections(response)} == {
        ("Consent Required", "consent-required", "consentRequired", "false"),
        ("Full Scope Disabled", "scope", "fullScopeAllowed", "true"),
    }
    assert open_realm.client("anon")["consentRequired"] is True


def test_4_decision_is_found_in_the_event_and_in_the_header(server):
    realm = Realm(server).create(eventsEnabled=True)
    try:
        answers = [realm.register("default", json={}) for _ in range(2)]
        decisions = [answer.json()["decision"] for answer in answers]
        assert len(set(decisions)) == 2
        assert [answer.headers["Matricula-Decision"] for answer in answers] == decisions
        events = realm.events(type="CLIENT_REGISTER_ERROR")
        assert {event["details"]["decision"] for event in events} == set(decisions)
        assert {event["details"]["client_registration_policy"] for event in events} == {"Trusted Hosts"}
    finally:
        realm.delete()


# -- 5: unknown members ------------------------------------------------------------------------

UNKNOWN = {"foo": "text", "software_statement": "a.b.c", "extension": {"deep": [1, None]}, "clientId": "x", "#": 1}


def test_5_unknown_members_are_ignored(oidc):
    plain = oidc.create()
    body = oidc.create(client_name="x", **UNKNOWN)
    assert set(body) == set(plain) | {"client_name"}
    assert set(oidc.stored(body)["attributes"]) == set(oidc.stored(plain)["attributes"])
    updated = oidc.update(body, client_name="y", **UNKNOWN)
    assert updated["client_name"] == "y"
    assert not set(UNKNOWN) & set(oidc.get(updated).json())


def test_5_realm_may_refuse_unknown_members(realm):
    realm.update(attributes={"clientRegistration.unknownMetadata": "reject"})
    token = realm.initial_access_token(count=2)
    refused = realm.register("openid-connect", token=token, json={"client_name": "x", "foo": "y"})
    assert_error(refused, 400, METADATA)
    assert refused.json()["error_description"].startswith(
        'Invalid json representation for OIDCClientRepresentation. Unrecognized field "foo" at line 1 column '
    )
    tagged = realm.register("openid-connect", token=token, json={"client_name": "x", "client_name#de": "y"})
    assert tagged.status_code == 201
    realm.update(attributes={"clientRegistration.unknownMetadata": ""})
    assert realm.register("openid-connect", token=token, json={"foo": "y"}).status_code == 201


# -- 6: all registered metadata is kept -----------------------------------------------------------

KEPT = [
    ("logo_uri", "https://app.example/logo", "data:image/png;base64,AA=="),
    ("tos_uri", "https://app.example/terms", "https://app.example/terms/2"),
    ("policy_uri", "https://app.example/privacy", "https://app.example/privacy/2"),
    ("contacts", ["ops@app.example", "dev@app.example"], ["ops@app.example"]),
    ("application_type", "native", "web"),
    ("software_id", "4NRB1-0XZABZI9E6-5SM3R", "other"),
    ("software_version", "2.1", "2.2"),
    ("default_max_age", 60, 0),
    ("require_auth_time", True, False),
    ("initiate_login_uri", "https://app.example/login", "https://app.example/login/2"),
    ("request_object_encryption_alg", "RSA-OAEP", "ECDH-ES"),
    ("request_object_encryption_enc", "A256GCM", "A128GCM"),
    ("client_name#de", "Beispiel", "Muster"),
    ("client_name#ja-Hani-JP", "クライアント名", "例"),
    ("tos_uri#fr", "https://app.example/fr", "https://app.example/fr/2"),
]


@pytest.mark.parametrize("field, value, other", KEPT, ids=[entry[0] for entry in KEPT])
def test_6_metadata_is_returned_and_lives_until_it_is_replaced(oidc, field, value, other):
    body = oidc.create(**{field: value})
    assert body[field] == value
    assert oidc.get(body).json()[field] == value
    kept = oidc.update(body, client_uri="https://app.example/")
    assert kept[field] == value
    replaced = oidc.update(kept, **{field: other})
    assert replaced[field] == other
    assert oidc.get(replaced).json()[field] == other


@pytest.mark.parametrize("field, value", [entry[:2] for entry in KEPT if isinstance(entry[1], (str, list))])
def test_6_empty_value_removes_metadata(oidc, field, value):
    body = oidc.create(**{field: value})
    assert body[field] == value
    updated = oidc.update(body, **{field: [] if isinstance(value, list) else ""})
    assert field not in updated
    assert field not in oidc.get(updated).json()


@pytest.mark.parametrize(
    "metadata, description",
    [
        ({"client_uri#de": "javascript:x"}, "Base URL uses an illegal scheme"),
        ({"policy_uri#de": "relative"}, "Policy URL is not a valid URL"),
    ],
    ids=str,
)
def test_6_uri_in_another_language_is_validated(oidc, metadata, description):
    assert_error(oidc.post(**metadata), 400, METADATA, description)


def test_6_uri_in_another_language_is_judged_by_policies(open_realm):
    metadata = {"client_uri": "http://localhost/", "client_uri#de": "https://elsewhere.example/"}
    response = open_realm.register("openid-connect", json=metadata)
    assert response.status_code == 403
    assert response.json() == refused_by("Trusted Hosts", "URL doesn't match any trusted host or trusted domain")


def test_6_issue_time_is_returned_by_every_answer(oidc):
    body = oidc.create()
    assert oidc.get(body).json()["client_id_issued_at"] == body["client_id_issued_at"]
    assert oidc.update(body, client_id_issued_at=1)["client_id_issued_at"] == body["client_id_issued_at"]


def test_6_client_of_another_provider_has_an_issue_time(oidc):
    made = oidc.realm.register("default", token=oidc.token, json={"clientId": "issued-elsewhere"}).json()
    read = oidc.realm.register(
        "openid-connect", "GET", "issued-elsewhere", token=made["registrationAccessToken"]
    ).json()
    assert abs(read["client_id_issued_at"] - time.time()) < 60


# -- 7: back-channel logout flags --------------------------------------------------------------------


@pytest.mark.parametrize("session, offline", [(True, False), (False, True), (True, True), (False, False)])
@pytest.mark.parametrize("uri", [{}, {"backchannel_logout_uri": "https://app.example/back"}], ids=["alone", "with uri"])
def test_7_back_channel_flags_are_stored_and_shown(oidc, uri, session, offline):
    body = oidc.create(
        backchannel_logout_session_required=session, backchannel_logout_revoke_offline_tokens=offline, **uri
    )
    attributes = oidc.stored(body)["attributes"]
    assert attributes["backchannel.logout.session.required"] == str(session).lower()
    assert attributes["backchannel.logout.revoke.offline.tokens"] == str(offline).lower()
    for document in (body, oidc.get(body).json(), oidc.update(body, **oidc.get(body).json())):
        assert document["backchannel_logout_session_required"] is session
        assert document["backchannel_logout_revoke_offline_tokens"] is offline


def test_7_defaults_of_the_back_channel_flags(oidc):
    body = oidc.create()
    assert body["backchannel_logout_session_required"] is True
    assert body["backchannel_logout_revoke_offline_tokens"] is False


# -- 8: openid in scope ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "scope, optional",
    [("openid", set()), ("openid profile phone", {"profile", "phone"}), ("address openid", {"address"})],
)
def test_8_openid_is_permitted_and_not_stored(oidc, scope, optional):
    body = oidc.create(scope=scope)
    assert set(body["scope"].split()) == optional
    assert set(oidc.stored(body)["optionalClientScopes"]) == optional
    assert oidc.stored(body)["defaultClientScopes"] == ["basic"]


def test_8_openid_is_permitted_in_an_update(open_realm):
    body = open_realm.register("openid-connect", json={"scope": "openid"}).json()
    response = open_realm.register(
        "openid-connect",
        "PUT",
        body["client_id"],
        token=body["registration_access_token"],
        json={"client_id": body["client_id"], "scope": "openid phone"},
    )
    assert response.status_code == 200, response.text
    assert response.json()["scope"] == "phone"


# -- 9, 10: updates -----------------------------------------------------------------------------------------


def test_9_scope_of_a_client_whose_client_id_is_not_its_internal_id(oidc):
    made = oidc.realm.register("default", token=oidc.token, json={"clientId": "named-for-scope"}).json()
    response = oidc.realm.register(
        "openid-connect",
        "PUT",
        "named-for-scope",
        token=made["registrationAccessToken"],
        json={"client_id": "named-for-scope", "scope": "address"},
    )
    assert response.status_code == 200, response.text
    assert response.json()["scope"] == "address"
    stored = oidc.realm.client("named-for-scope")
    assert stored["optionalClientScopes"] == ["address"]
    assert set(stored["defaultClientScopes"]) == set(made["defaultClientScopes"])


@pytest.mark.parametrize("client_id", [None, "other"])
def test_9_scope_with_the_wrong_client_id(oidc, client_id):
    body = oidc.create(scope="phone")
    assert_error(oidc.put(body, client_id=client_id, scope="address"), 400, METADATA, "Client Identifier modified")
    assert oidc.get(body).json()["scope"] == "phone"


SIX = {
    "token_endpoint_auth_signing_alg": "PS256",
    "id_token_signed_response_alg": "PS256",
    "authorization_signed_response_alg": "PS384",
    "authorization_encrypted_response_alg": "RSA-OAEP-256",
    "authorization_encrypted_response_enc": "A256GCM",
    "backchannel_logout_uri": "https://app.example/back",
}


@pytest.mark.parametrize(
    "given",
    [
        {"grant_types": ["authorization_code"]},
        {"token_endpoint_auth_method": "client_secret_post"},
        {"jwks_uri": "https://app.example/jwks"},
        {"userinfo_signed_response_alg": "RS256"},
        {"tls_client_auth_subject_dn": "CN=x"},
        {"request_uris": ["https://app.example/request"]},
    ],
    ids=lambda given: next(iter(given)),
)
def test_10_absent_members_are_removed_whatever_else_is_given(oidc, given):
    body = oidc.create(**SIX)
    updated = oidc.update(body, **given)
    assert not set(SIX) & set(updated)
    again = oidc.update(updated, **SIX)
    assert {field: again.get(field) for field in SIX} == SIX


def test_10_empty_request_uris_always_clear(oidc):
    body = oidc.create(request_uris=["https://app.example/request"])
    assert oidc.update(body, request_uris=[])["request_uris"] == []
    assert "request.uris" not in oidc.stored(body)["attributes"]


# -- 11: public clients ----------------------------------------------------------------------------------------


def test_11_public_client_made_elsewhere_has_no_authentication(oidc):
    made = oidc.realm.register(
        "default", token=oidc.token, json={"clientId": "public-elsewhere", "publicClient": True}
    ).json()
    client = {"client_id": "public-elsewhere", "registration_access_token": made["registrationAccessToken"]}
    read = oidc.get(client).json()
    assert read["token_endpoint_auth_method"] == "none"
    assert "client_secret" not in read
    assert oidc.update(client, **read)["token_endpoint_auth_method"] == "none"
    assert oidc.realm.client("public-elsewhere")["publicClient"] is True


def test_11_public_client_is_never_given_a_secret(oidc):
    body = {"protocol": "openid-connect", "bearerOnly": False}
    made = oidc.realm.register("default", token=oidc.token, json=body).json()
    assert made["publicClient"] is True
    assert "secret" not in made


# -- 12: the protocol of a client ---------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["PUT", "DELETE"])
def test_12_saml_client_is_left_alone_by_openid_connect(saml, method):
    client_id = f"sp-wrong-protocol-{method}"
    token = saml.create(entity(sp(POST_SERVICE), entity_id=client_id))["registrationAccessToken"]
    body = {"client_id": client_id} if method == "PUT" else None
    response = saml.realm.register("openid-connect", method, client_id, token=token, json=body)
    assert_error(response, 400, "invalid_client", "Wrong client protocol.")
    assert saml.realm.client(client_id)["protocol"] == "saml"
    assert saml.realm.register("default", "GET", client_id, token=token).status_code == 200


# -- 13: caching ------------------------------------------------------------------------------------------------------


def assert_not_cached(response):
    assert response.status_code in (200, 201), response.text
    assert "no-store" in response.headers.get("Cache-Control", "")
    assert response.headers.get("Pragma") == "no-cache"


def test_13_answers_of_openid_connect_are_not_cached(oidc):
    created = oidc.post()
    assert_not_cached(created)
    assert_not_cached(oidc.get(created.json()))
    assert_not_cached(oidc.put(created.json()))


def test_13_answers_of_the_other_providers_are_not_cached(saml):
    realm = saml.realm
    created = realm.register("default", token=saml.token, json={"clientId": "not-cached", "secret": "s"})
    assert_not_cached(created)
    token = created.json()["registrationAccessToken"]
    assert_not_cached(realm.register("default", "GET", "not-cached", token=token))
    assert_not_cached(realm.register("install", "GET", "not-cached", basic=("not-cached", "s")))
    assert_not_cached(realm.register("default", "PUT", "not-cached", token=token, json={"clientId": "not-cached"}))
    assert_not_cached(saml.post(entity(sp(POST_SERVICE))))


def test_13_tokens_of_the_admin_api_are_not_cached(realm):
    assert_not_cached(realm.admin("POST", "/clients-initial-access", json={}))
    uuid = realm.create_client("target")
    assert_not_cached(realm.admin("POST", f"/clients/{uuid}/registration-access-token"))


# -- 14: cross-origin errors ----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def browser(shared_realm):
    """An initial access token for browser code of APP."""
    response = shared_realm.admin("POST", "/clients-initial-access", json={"count": 20, "webOrigins": [APP]})
    return response.json()["token"]


def assert_readable(response, status):
    assert response.status_code == status, response.text
    assert response.headers.get("Access-Control-Allow-Origin") == APP
    assert response.headers.get("Access-Control-Allow-Credentials") == "true"


@pytest.mark.parametrize(
    "content, status",
    [
        ('{"redirect_uris": ["javascript:x"]}', 400),
        ('{"client_id": "mine"}', 400),
        ('{"token_endpoint_auth_method": "magic"}', 400),
        ("{", 400),
        ('{"scope": "no-such-scope"}', 403),
    ],
)
def test_14_refused_registration_can_be_read_by_the_allowed_origin(shared_realm, browser, content, status):
    headers = JSON | {"Origin": APP}
    assert_readable(shared_realm.register("openid-connect", token=browser, content=content, headers=headers), status)


def test_14_wrong_content_type_can_be_read(shared_realm, browser):
    headers = {"Content-Type": "text/plain", "Origin": APP}
    assert_readable(shared_realm.register("openid-connect", token=browser, content="{}", headers=headers), 415)


def test_14_replaced_registration_token_is_reported_readably(shared_realm, browser):
    origin = {"Origin": APP}
    body = shared_realm.register("openid-connect", token=browser, json={}, headers=origin).json()
    call = {"token": body["registration_access_token"], "headers": origin}
    update = {"client_id": body["client_id"]}
    assert shared_realm.register("openid-connect", "PUT", body["client_id"], json=update, **call).status_code == 200
    assert_readable(shared_realm.register("openid-connect", "GET", body["client_id"], **call), 401)
    assert_readable(shared_realm.register("openid-connect", "DELETE", body["client_id"], **call), 401)


def test_14_origin_of_a_policy_reads_refusals_and_bad_tokens(open_realm):
    policy = open_realm.policy("registration-web-origins", "anonymous")
    assert open_realm.update_policy(policy, web_origins=[APP]).status_code == 204
    headers = {"Origin": APP}
    body = {"redirect_uris": ["https://elsewhere.example/cb"]}
    assert_readable(open_realm.register("openid-connect", json=body, headers=headers), 403)
    assert_readable(open_realm.register("openid-connect", token="garbage", json={}, headers=headers), 401)


# -- 15: identifiers in URIs ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "entity_id", ["https://sp.example.com/saml/metadata", "urn:x:{tenant}", "https://sp.example.com/{a}/{b}", "a%20b"]
)
def test_15_location_of_a_saml_client_can_be_requested(saml, entity_id):
    response = saml.post(entity(sp(POST_SERVICE), entity_id=entity_id))
    assert response.status_code == 201, response.text
    assert response.json()["clientId"] == entity_id
    segment = response.headers["Location"].split("/clients-registrations/saml2-entity-descriptor/", 1)[1]
    assert "/" not in segment
    assert unquote(segment) == entity_id
    read = saml.realm.register("default", "GET", segment, token=response.json()["registrationAccessToken"])
    assert read.status_code == 200
    assert read.json()["clientId"] == entity_id


@pytest.mark.parametrize("client_id", ["team/app", "https://app.example/", "100%25", "a/b?c#d"])
def test_15_locations_of_the_other_providers_can_be_requested(oidc, client_id):
    created = oidc.realm.register("default", token=oidc.token, json={"clientId": client_id})
    assert created.status_code == 201, created.text
    headers = {"Authorization": f"Bearer {created.json()['registrationAccessToken']}"}
    read = oidc.realm.server.http.get(created.headers["Location"], headers=headers)
    assert read.json()["clientId"] == client_id
    segment = created.headers["Location"].rsplit("/", 1)[1]
    document = oidc.realm.register(
        "openid-connect", "GET", segment, token=created.json()["registrationAccessToken"]
    ).json()
    again = oidc.realm.server.http.get(document["registration_client_uri"], headers=headers)
    assert again.json()["client_id"] == client_id


# -- 16, 17, 18: SAML documents ---------------------------------------------------------------------------------------------------


def test_16_attribute_that_two_services_ask_for_is_one_mapper(saml):
    first = attribute_service(requested("mail", 'FriendlyName="First"'), requested("phone"))
    second = attribute_service(requested("mail", 'FriendlyName="Second"'), index=1)
    body = saml.create(entity(sp(first + second)))
    names = {mapper["name"]: mapper["config"].get("friendly.name") for mapper in body["protocolMappers"]}
    assert len(body["protocolMappers"]) == 2
    assert names == {"mail": "First", "phone": None}


def test_16_two_mappers_of_one_name_are_refused_by_name(oidc):
    body = {"clientId": "twin-mappers", "protocolMappers": [FULL_NAME, FULL_NAME]}
    assert_names(oidc.realm.register("default", token=oidc.token, json=body), 400, METADATA, "protocolMappers")
    assert_names(oidc.realm.admin("POST", "/clients", json=body), 400, "invalid_input", "protocolMappers")
    assert oidc.realm.client("twin-mappers") is None


def test_17_manage_name_id_service_is_no_logout_service(saml):
    services = endpoint("ManageNameIDService", "HTTP-POST", "https://sp.example.com/manage")
    alone = saml.create(entity(sp(services)))
    assert "saml_single_logout_service_url_post" not in alone["attributes"]
    both = saml.create(entity(sp(services, slo("HTTP-POST", "https://sp.example.com/logout"))))
    assert both["attributes"]["saml_single_logout_service_url_post"] == "https://sp.example.com/logout"


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be"])
def test_18_document_in_sixteen_bit_characters(saml, encoding):
    entity_id = f"urn:größe:{encoding}"
    document = '<?xml version="1.0" encoding="UTF-16"?>' + entity(sp(POST_SERVICE), entity_id=entity_id)
    response = saml.post(document.encode(encoding))
    assert response.status_code == 201, response.text
    assert response.json()["clientId"] == entity_id


# -- 19, 20: policies as components --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "fields, name",
    [
        ({"subType": "other"}, "subType"),
        ({"subType": "ANONYMOUS"}, "subType"),
        ({"subType": None}, "subType"),
        ({"subType": "anonymous", "parentId": "no-such-realm"}, "parentId"),
    ],
    ids=str,
)
def test_19_policy_that_could_never_run_is_refused(realm, fields, name):
    before = realm.policies()
    body = {"name": "stray", "providerId": "client-disabled", "providerType": POLICY_TYPE} | fields
    response = realm.admin("POST", "/components", json=body)
    assert response.status_code == 400
    assert name in response.json()["errorMessage"]
    assert realm.policies() == before
    policy = realm.policy("scope", "anonymous")
    if fields["subType"] is not None:
        response = realm.admin("PUT", f"/components/{policy['id']}", json=policy | fields)
        assert response.status_code == 400
        assert name in response.json()["errorMessage"]
    assert realm.policies() == before


def names(realm: Realm, sub_type: str) -> list[str]:
    return [policy["name"] for policy in realm.policies(sub_type)]


def test_20_policies_are_listed_in_the_order_of_their_creation(realm):
    assert names(realm, "authenticated") == [
        "Allowed Protocol Mapper Types",
        "Allowed Client Scopes",
        "Allowed Registration Web Origins",
    ]
    for name in ("zeta", "alpha"):
        body = {"name": name, "providerId": "scope", "providerType": POLICY_TYPE, "subType": "authenticated"}
        assert realm.admin("POST", "/components", json=body).status_code == 201
    assert names(realm, "authenticated")[3:] == ["zeta", "alpha"]


def test_20_policy_of_the_lowest_priority_answers_first(realm):
    token = realm.initial_access_token()
    bad = {"defaultClientScopes": ["nowhere"], "protocolMappers": [AUDIENCE]}
    mappers = refused_by("Allowed Protocol Mapper Types", "ProtocolMapper type not allowed")
    scopes = refused_by("Allowed Client Scopes", "Not permitted to use specified clientScope")
    assert realm.register("default", token=token, json=bad).json() == mappers
    assert realm.update_policy(realm.policy("allowed-client-templates", "authenticated"), priority=["-1"]).status_code == 204
    assert realm.policy("allowed-client-templates", "authenticated")["config"]["priority"] == ["-1"]
    assert names(realm, "authenticated")[0] == "Allowed Client Scopes"
    assert realm.register("default", token=token, json=bad).json() == scopes
    assert realm.update_policy(realm.policy("allowed-protocol-mappers", "authenticated"), priority=["-2"]).status_code == 204
    assert realm.register("default", token=token, json=bad).json() == mappers


@pytest.mark.parametrize("value", [["first"], ["1.5"], ["1", "2"], ["2147483648"]], ids=str)
def test_20_priority_is_one_whole_number(realm, value):
    policy = realm.policy("consent-required", "anonymous")
    response = realm.update_policy(policy, priority=value)
    assert response.status_code == 400
    assert "priority" in response.json()["errorMessage"].lower()
    assert realm.policy("consent-required", "anonymous")["config"] == {}


# -- 21: mapper types ---------------------------------------------------------------------------------------------------------------------


def test_21_forbidden_mapper_may_not_change_its_type(realm):
    client = realm.register("default", token=realm.initial_access_token(), json={"clientId": "mapped"}).json()
    fixed = AUDIENCE | {"name": "fixed", "config": {"claim.name": "a", "claim.value": "1"}}
    fixed["protocolMapper"] = "oidc-hardcoded-claim-mapper"
    assert realm.admin("POST", f"/clients/{client['id']}/protocol-mappers/models", json=fixed).status_code == 201
    (stored,) = realm.client("mapped")["protocolMappers"]
    body = {"clientId": "mapped", "protocolMappers": [stored | {"protocolMapper": "oidc-hardcoded-role-mapper"}]}
    response = realm.register("default", "PUT", "mapped", token=client["registrationAccessToken"], json=body)
    assert response.status_code == 403
    assert response.json() == refused_by("Allowed Protocol Mapper Types", "ProtocolMapper type not allowed")
    assert realm.client("mapped")["protocolMappers"] == [stored]


# -- 22: disabled realms ---------------------------------------------------------------------------------------------------------------------


def test_22_disabled_realm_is_closed(realm):
    realm.trust_this_host()
    token = realm.initial_access_token(count=5)
    own = realm.register("default", token=token, json={"clientId": "mine", "publicClient": True}).json()
    realm.update(enabled=False)
    calls = [
        realm.register("openid-connect", json={}),
        realm.register("default", token=token, json={"clientId": "late"}),
        realm.register("saml2-entity-descriptor", token=token, content=entity(sp(POST_SERVICE)), headers=XML),
        realm.register("default", "DELETE", "mine", token=own["registrationAccessToken"]),
        realm.register("install", "GET", "mine"),
    ]
    for response in calls:
        assert response.status_code == 403
        assert response.json() == ErrorBody(error="access_denied", error_description="Realm not enabled")
    realm.update(enabled=True)
    assert realm.client("late") is None
    assert realm.register("default", "GET", "mine", token=own["registrationAccessToken"]).status_code == 200


# -- 23, 24: limits ------------------------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def sector():
    """A web server on this machine with a sector identifier document and a very long one."""
    document = json.dumps(["http://a.example/cb", "http://b.example/cb"]).encode()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.end_headers()
            self.wfile.write(document + b" " * (65_536 if self.path == "/long" else 0))

        def log_message(self, *args):
            pass

    web = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=web.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{web.server_port}"
    web.shutdown()


def test_23_sector_document_over_64_kibibytes_is_not_read(oidc, sector):
    metadata = {"redirect_uris": ["http://a.example/cb", "http://b.example/cb"], "subject_type": "pairwise"}
    assert oidc.post(sector_identifier_uri=f"{sector}/document", **metadata).status_code == 201
    assert_error(
        oidc.post(sector_identifier_uri=f"{sector}/long", **metadata),
        400,
        METADATA,
        "Failed to get redirect URIs from the Sector Identifier URI.",
    )


@pytest.mark.parametrize("provider", ["openid-connect", "default", "saml2-entity-descriptor"])
def test_24_body_over_one_mebibyte(saml, provider):
    padding = "x" * 1_048_577
    if provider == "saml2-entity-descriptor":
        content, headers = entity(sp(POST_SERVICE)) + f"<!-- {padding} -->", XML
    else:
        content, headers = json.dumps({"attributes": {"x": padding}} if provider == "default" else {"x": padding}), JSON
    before = number_of_clients(saml.realm)
    response = saml.realm.register(provider, token=saml.token, content=content, headers=headers)
    assert response.status_code == 413
    assert number_of_clients(saml.realm) == before
    assert saml.realm.register("default", token=saml.token, json={}).status_code == 201


@pytest.mark.parametrize(
    "client_id, end", [("admin-cli", "disabled"), ("application", "disabled"), ("application", "deleted")]
)
def test_25_token_of_a_user_that_is_gone(realm, client_id, end):
    if client_id == "application":
        realm.create_client("application", publicClient=True, directAccessGrantsEnabled=True)
    user_id, username = realm.create_user("create-client")
    token = realm.password_token(username, "password", client_id)
    assert realm.register("default", token=token, json={}).status_code == 201
    if end == "disabled":
        realm.admin("PUT", f"/users/{user_id}", json={"enabled": False})
    else:
        realm.admin("DELETE", f"/users/{user_id}")
    assert_error(realm.register("default", token=token, json={}), 403, "insufficient_scope", "Forbidden")


def test_25_token_of_a_disabled_service_account_client(realm):
    token = realm.service_account_token("create-client", "manage-clients")
    own = jwt_claims(token)["azp"]
    realm.update_client(own, enabled=False)
    assert_error(realm.register("default", token=token, json={}), 403, "insufficient_scope", "Forbidden")


@pytest.mark.parametrize("provider", ["default", "openid-connect"])
def test_26_reading_rotates_where_the_realm_asks_for_it(realm, provider):
    response = realm.admin("PUT", "", json={"attributes": {"clientRegistration.rotateOnRead": "true"}})
    assert response.status_code == 204, response.text
    body = {} if provider == "default" else {"redirect_uris": [REDIRECT]}
    made = realm.register(provider, token=realm.initial_access_token(), json=body).json()
    member, name = (
        ("registrationAccessToken", "clientId") if provider == "default" else ("registration_access_token", "client_id")
    )
    first = made[member]
    second = realm.register(provider, "GET", made[name], token=first).json()[member]
    assert second != first
    assert_error(realm.register(provider, "GET", made[name], token=first), 401, "invalid_token")
    third = realm.register(provider, "GET", made[name], token=second)
    assert third.status_code == 200
    assert third.json()[member] != second


# -- 28: a document that libraries can read --------------------------------------------------------------------


@pytest.mark.parametrize(
    "path", ["/realms/{}/.well-known/openid-configuration", "/.well-known/oauth-authorization-server/realms/{}"]
)
def test_28_a_realm_without_an_authorization_server_names_a_page_that_says_so(realm, path):
    document = realm.server.http.get(path.format(realm.name)).json()
    address = document["authorization_endpoint"]
    assert address.endswith(f"/realms/{realm.name}/protocol/openid-connect/auth")
    page = realm.server.http.get(address, params={"client_id": "any", "response_type": "code"}, headers={"Accept": "text/html"})
    assert page.status_code == 501
    assert page.headers["content-type"].split(";")[0] == "text/html"
    assert realm.name in page.text
    for_programs = realm.server.http.get(address, params={"client_id": "any"}, headers={"Accept": "application/json"})
    assert_error(for_programs, 501, "server_error")
