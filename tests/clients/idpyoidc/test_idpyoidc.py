"""idpyoidc discovers, registers and reads. It sends no initial access token, and neither updates nor deletes."""

import json
import urllib.parse

import pytest
from idpyoidc.client.defaults import DEFAULT_OIDC_SERVICES
from idpyoidc.client.exception import OidcServiceError
from idpyoidc.client.rp_handler import RPHandler

BASE_URL = "http://localhost:8090"
SERVICES = {
    **DEFAULT_OIDC_SERVICES,
    "read_registration": {"class": "idpyoidc.client.oidc.read_registration.RegistrationRead"},
}


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """The library writes its keys where it runs."""
    monkeypatch.chdir(tmp_path)


def test_sends_its_user_to_the_authorization_endpoint(open_realm):
    client = registered(open_realm)
    address = urllib.parse.urlsplit(client.init_authorization())
    assert f"{address.scheme}://{address.netloc}{address.path}" == f"{open_realm.issuer}/protocol/openid-connect/auth"
    sent = dict(urllib.parse.parse_qsl(address.query))
    stored = open_realm.client(sent["client_id"])
    assert sent["redirect_uri"] in stored["redirectUris"]
    assert stored["standardFlowEnabled"] and not stored["publicClient"]


def test_discovers_creates_and_reads(open_realm):
    client = registered(open_realm, client_name="A client of idpyoidc", contacts=["operators@example.com"])
    created = client.get_context().registration_response
    assert created["client_name"] == "A client of idpyoidc"
    assert client.get_context().client_secret == created["client_secret"]

    read = client.do_request("registration_read")
    assert read["client_id"] == created["client_id"]
    assert read["client_name"] == "A client of idpyoidc"
    assert read["contacts"] == ["operators@example.com"]
    assert sorted(read["redirect_uris"]) == sorted(created["redirect_uris"])
    assert read["jwks_uri"] == created["jwks_uri"]


def test_a_refusal_of_metadata_reaches_the_caller(open_realm):
    assert refused(open_realm, redirect_uris=[f"{BASE_URL}/callback#fragment"]) == {
        "status_code": 400,
        "error": "invalid_redirect_uri",
        "error_description": "A redirect URI must not contain an URL fragment",
    }


def test_a_refusal_by_a_policy_reaches_the_caller(open_realm):
    refusal = refused(open_realm, redirect_uris=["https://elsewhere.example.com/callback"])
    assert refusal["status_code"] == 403
    assert refusal["error"] == "insufficient_scope"
    assert refusal["error_description"] == (
        "Policy 'Trusted Hosts' rejected request to client-registration service. "
        "Details: URI doesn't match any trusted host or trusted domain"
    )
    assert refusal["violations"][0]["value"] == "https://elsewhere.example.com/callback"


def test_a_realm_that_is_closed_refuses_and_the_caller_is_told_why(realm):
    assert "Host not trusted." in refused(realm)["error_description"]


def test_a_refusal_of_a_token_reaches_the_caller(open_realm):
    client = registered(open_realm)
    stored = open_realm.client(client.get_context().client_id)
    open_realm.admin("DELETE", f"/clients/{stored['id']}")
    refusal = client.do_request("registration_read")
    assert refusal["status_code"] == 401
    assert refusal["error"] == "invalid_token"
    assert refusal["error_description"]


def registered(realm, **metadata):
    """A client of the library's, which has discovered the realm and registered."""
    handler = RPHandler(base_url=BASE_URL, services=SERVICES)
    client = handler.init_client(realm.issuer)
    assert handler.do_provider_info(client) == realm.issuer
    # The library supports the scope `openid` alone and refuses an answer whose `scope` has others only. As in Keycloak,
    # who asks for no scope gets the optional ones of the realm, and they are listed; so it asks for what it supports.
    handler.do_client_registration(client, request_args={"scope": "openid", **metadata})
    return client


def refused(realm, **metadata) -> dict:
    """What the library tells of a refusal."""
    with pytest.raises(OidcServiceError) as refusal:
        registered(realm, **metadata)
    return json.loads(str(refusal.value))
