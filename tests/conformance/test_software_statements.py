"""docs/software-statements.md: statements that are verified, win, are kept, and are issued."""

import json
import time

import pytest

from harness import Realm, assert_error, jwt_claims, jwt_header, unique
from oidc import OidcProvider
from statements import (
    CERTS, Issuer, Key, Web, add_policy, digest, hmac_jws, jws, origin, refused, settings_answer, signed_request, texts, trust,
)

pytestmark = pytest.mark.beyond

INVALID = "invalid_software_statement"
UNAPPROVED = "unapproved_software_statement"
REDIRECT = "https://app.example/cb"


@pytest.fixture(scope="module")
def directory():
    return Issuer(Key("PS256"))


@pytest.fixture(scope="module")
def trusting(server, directory):
    """A realm that trusts the directory, for tests that only add clients."""
    made = Realm(server).create()
    trust(made, directory.setting())
    yield OidcProvider(made)
    made.delete()


@pytest.fixture
def oidc(realm):
    return OidcProvider(realm)


@pytest.fixture
def web():
    made = Web()
    yield made
    made.close()


# -- a realm that says nothing about statements ------------------------------------


def test_a_realm_without_the_setting_ignores_statements(oidc, directory):
    made = oidc.create(redirect_uris=[REDIRECT], client_name="Asked", software_statement=directory.statement(client_name="Stated"))
    assert made["client_name"] == "Asked"
    assert "software_statement" not in made


# -- precedence --------------------------------------------------------------------


def test_values_of_the_statement_win_and_the_others_stay(trusting, directory):
    statement = directory.statement(client_name="Stated", redirect_uris=["https://stated.example/cb"])
    made = trusting.create(
        client_name="Asked", redirect_uris=[REDIRECT, "https://app.example/2"], client_uri="https://app.example/",
        contacts=["a@example.com"], software_statement=statement,
    )
    assert made["client_name"] == "Stated"
    assert made["redirect_uris"] == ["https://stated.example/cb"]
    assert made["client_uri"] == "https://app.example/"
    assert made["contacts"] == ["a@example.com"]
    assert trusting.stored(made)["redirectUris"] == ["https://stated.example/cb"]


def test_the_statement_is_returned_unmodified(trusting, directory):
    statement = directory.statement(client_name="Stated")
    made = trusting.create(redirect_uris=[REDIRECT], software_statement=statement)
    assert made.get("software_statement") == statement
    assert trusting.get(made).json().get("software_statement") == statement


def test_the_answer_names_what_was_changed(trusting, directory):
    statement = directory.statement(client_name="Stated", redirect_uris=[REDIRECT], logo_uri="https://app.example/logo.png")
    answer = trusting.post(client_name="Asked", redirect_uris=["https://other.example/"], software_statement=statement)
    assert answer.status_code == 201, answer.text
    assert answer.headers.get("Matricula-Changed") == "client_name, redirect_uris"


def test_nothing_is_named_where_nothing_was_changed(trusting, directory):
    answer = trusting.post(redirect_uris=[REDIRECT], software_statement=directory.statement(redirect_uris=[REDIRECT]))
    assert answer.status_code == 201, answer.text
    assert "Matricula-Changed" not in answer.headers
    assert answer.json().get("software_statement")


@pytest.mark.parametrize("member", ["client_id", "client_secret", "registration_access_token", "registration_client_uri"])
def test_what_only_the_server_gives_is_not_taken_from_a_statement(trusting, directory, member):
    made = trusting.create(redirect_uris=[REDIRECT], software_statement=directory.statement(client_name="Stated", **{member: "mine"}))
    assert made.get("client_name") == "Stated"
    assert made[member] != "mine"


def test_keys_of_the_statement_replace_the_address_of_the_request(trusting, directory):
    statement = directory.statement(jwks={"keys": [Key("ES256").public]})
    made = trusting.create(
        redirect_uris=[REDIRECT], jwks_uri="https://app.example/keys", token_endpoint_auth_method="private_key_jwt",
        software_statement=statement,
    )
    assert made.get("jwks") and "jwks_uri" not in made


def test_claims_can_be_mapped_to_members(realm, oidc, directory):
    trust(realm, directory.setting(map={"software_client_name": "client_name", "software_jwks_uri": "jwks_uri"}))
    statement = directory.statement(software_client_name="Mapped", software_jwks_uri="https://keys.example/1")
    made = oidc.create(redirect_uris=[REDIRECT], client_name="Asked", software_statement=statement)
    assert made["client_name"] == "Mapped"
    assert made.get("jwks_uri") == "https://keys.example/1"


def test_only_the_members_of_the_setting_are_set(realm, oidc, directory):
    trust(realm, directory.setting(members=["redirect_uris"]))
    statement = directory.statement(client_name="Stated", redirect_uris=["https://stated.example/"])
    made = oidc.create(redirect_uris=[REDIRECT], client_name="Asked", software_statement=statement)
    assert made["client_name"] == "Asked"
    assert made["redirect_uris"] == ["https://stated.example/"]


def test_policies_judge_what_the_statement_says(realm, directory):
    realm.trust_this_host()
    trust(realm, directory.setting())
    statement = directory.statement(redirect_uris=["https://untrusted.example/cb"])
    answer = realm.register("openid-connect", json={"redirect_uris": ["http://localhost/cb"], "software_statement": statement})
    assert answer.status_code == 403, answer.text
    assert answer.json()["violations"][0]["value"] == "https://untrusted.example/cb"


# -- faults ------------------------------------------------------------------------


def faults(issuer):
    now = int(time.time())
    return {
        "not a JWT": ("abc", INVALID, "Software statement is not a signed JWT"),
        "two parts": (issuer.statement().rsplit(".", 1)[0], INVALID, "Software statement is not a signed JWT"),
        "no issuer": (issuer.statement(iss=None), INVALID, "Software statement has no issuer"),
        "other issuer": (issuer.statement(iss="https://other.example"), UNAPPROVED,
                         "Software statement issuer is not trusted: https://other.example"),
        "issuer with a slash": (issuer.statement(iss=issuer.name + "/"), UNAPPROVED,
                                f"Software statement issuer is not trusted: {issuer.name}/"),
        "none": (jws({"alg": "none"}, issuer.claims()), INVALID, "Software statement is not signed"),
        "other algorithm": (issuer.statement(alg="RS256"), INVALID, "Software statement algorithm is not allowed: RS256"),
        "unknown key": (issuer.statement(header={"kid": "other"}), INVALID, "Software statement key is unknown: other"),
        "key of another": (Key("PS256", kid=issuer.keys[0].kid).sign(issuer.claims()), INVALID,
                           "Software statement signature is invalid"),
        "expired": (issuer.statement(iat=now - 7200, exp=now - 3600), INVALID, "Software statement has expired"),
        "not yet": (issuer.statement(nbf=now + 3600), INVALID, "Software statement is not valid yet"),
        "made tomorrow": (issuer.statement(iat=now + 86400, exp=now + 90000), INVALID, "Software statement is not valid yet"),
        "within another": (issuer.statement(software_statement="x"), INVALID, "Software statement holds another one"),
        "an access token": (issuer.statement(header={"typ": "at+jwt"}), INVALID, "Software statement has the wrong type: at+jwt"),
        "a bad member": (issuer.statement(redirect_uris="https://app.example/"), INVALID,
                         "Software statement member is invalid: redirect_uris"),
    }


@pytest.mark.parametrize("fault", faults(Issuer(Key("PS256"))))
def test_a_faulty_statement_is_refused(trusting, directory, fault):
    statement, error, text = faults(directory)[fault]
    answer = trusting.post(redirect_uris=[REDIRECT], software_statement=statement)
    assert_error(answer, 400, error, text)
    assert answer.json()["violations"][0]["field"] == "software_statement"


def test_a_secret_made_of_the_public_key_is_no_key(trusting, directory):
    key = directory.keys[0]
    statement = hmac_jws(key.public["n"].encode(), {"alg": "HS256", "kid": key.kid}, directory.claims())
    answer = trusting.post(redirect_uris=[REDIRECT], software_statement=statement)
    assert_error(answer, 400, INVALID, "Software statement algorithm is not allowed: HS256")


def test_a_refused_statement_stores_nothing_and_spends_no_token(realm, directory):
    trust(realm, directory.setting())
    token = realm.initial_access_token()
    before = len(realm.admin("GET", "/clients").json())
    metadata = {"redirect_uris": [REDIRECT], "software_statement": directory.statement(exp=1)}
    assert realm.register("openid-connect", token=token, json=metadata).status_code == 400
    assert len(realm.admin("GET", "/clients").json()) == before
    metadata["software_statement"] = directory.statement()
    assert realm.register("openid-connect", token=token, json=metadata).status_code == 201


@pytest.mark.parametrize(
    "setting, claims, text",
    [
        ({"maxAge": 300}, {"iat": -600}, "Software statement is too old"),
        ({"maxAge": 300}, {"iat": None}, "Software statement lacks claim: iat"),
        ({"audience": "here"}, {"aud": "elsewhere"}, "Software statement audience is wrong"),
        ({"audience": "here"}, {}, "Software statement audience is wrong"),
        ({"requiredClaims": ["org.id"]}, {"org": {"name": "x"}}, "Software statement lacks claim: org.id"),
        ({"jti": "required"}, {"jti": None}, "Software statement lacks claim: jti"),
    ],
)
def test_what_an_issuer_must_say(realm, oidc, directory, setting, claims, text):
    trust(realm, directory.setting(**setting))
    if isinstance(claims.get("iat"), int):
        claims = claims | {"iat": int(time.time()) + claims["iat"]}
    answer = oidc.post(redirect_uris=[REDIRECT], software_statement=directory.statement(**claims))
    assert_error(answer, 400, INVALID, text)


def test_what_an_issuer_must_say_and_says(realm, oidc, directory):
    trust(realm, directory.setting(maxAge=300, audience=["here", "there"], requiredClaims=["org.id"], jti="once"))
    statement = directory.statement(aud=["x", "there"], org={"id": "1"}, client_name="Stated")
    assert oidc.create(redirect_uris=[REDIRECT], software_statement=statement).get("client_name") == "Stated"


def test_a_jti_counts_once(realm, oidc, directory):
    trust(realm, directory.setting(jti="once"))
    statement = directory.statement()
    assert oidc.post(redirect_uris=[REDIRECT], software_statement=statement).status_code == 201
    answer = oidc.post(redirect_uris=[REDIRECT], software_statement=statement)
    assert_error(answer, 400, INVALID, "Software statement was used before")


def test_a_dry_run_uses_no_jti_up(realm, oidc, directory):
    trust(realm, directory.setting(jti="once"))
    statement = directory.statement(client_name="Stated")
    body = {
        "provider": "openid-connect", "operation": "register", "contentType": "application/json",
        "document": json.dumps({"redirect_uris": [REDIRECT], "client_name": "Asked", "software_statement": statement}),
        "caller": {"kind": "initial-access-token", "address": "127.0.0.1"},
    }
    answer = realm.admin("POST", "/client-registration-policy/evaluate", json=body).json()
    assert answer["decision"] == "accept"
    assert answer["after"]["name"] == "Stated"
    report = answer.get("softwareStatement") or {}
    assert report.get("issuer") == directory.name and report.get("presented") is True
    assert {"member": "client_name", "sent": "Asked", "used": "Stated"} in report["overrides"]
    assert oidc.post(redirect_uris=[REDIRECT], software_statement=statement).status_code == 201


# -- keys --------------------------------------------------------------------------


def test_keys_are_fetched_and_kept(realm, oidc, directory, web):
    trust(realm, directory.setting(jwksUri=web.show("/keys", *directory.keys)))
    for _ in range(3):
        made = oidc.create(redirect_uris=[REDIRECT], software_statement=directory.statement(client_name="Stated"))
        assert made.get("client_name") == "Stated"
    assert web.asked == ["/keys"]


def test_an_unknown_key_is_asked_for_once_a_minute(realm, oidc, directory, web):
    trust(realm, directory.setting(jwksUri=web.show("/keys", *directory.keys)))
    assert oidc.post(redirect_uris=[REDIRECT], software_statement=directory.statement()).status_code == 201
    new = Key("PS256")
    web.show("/keys", *directory.keys, new)
    assert oidc.create(redirect_uris=[REDIRECT], software_statement=directory.statement(key=new, client_name="New")).get("client_name") == "New"
    for _ in range(5):
        answer = oidc.post(redirect_uris=[REDIRECT], software_statement=directory.statement(header={"kid": unique("kid")}))
        assert answer.status_code == 400, answer.text
    assert len(web.asked) == 2


def test_an_issuer_that_does_not_answer_is_not_the_callers_fault(realm, oidc, directory, web):
    trust(realm, directory.setting(jwksUri=web.show("/keys", *directory.keys)))
    web.status = 500
    answer = oidc.post(redirect_uris=[REDIRECT], software_statement=directory.statement())
    assert_error(answer, 503, "temporarily_unavailable")
    assert int(answer.headers["Retry-After"]) > 0


@pytest.mark.parametrize("alg", ["RS256", "ES256", "EdDSA"])
def test_algorithms_that_the_setting_allows(realm, oidc, alg):
    issuer = Issuer(Key(alg))
    trust(realm, issuer.setting())
    made = oidc.create(redirect_uris=[REDIRECT], software_statement=issuer.statement(client_name="Stated"))
    assert made.get("client_name") == "Stated"


# -- required ----------------------------------------------------------------------


@pytest.mark.parametrize("required, anonymous, authenticated", [("never", 201, 201), ("anonymous", 400, 201), ("always", 400, 400)])
def test_who_must_bring_one(realm, directory, required, anonymous, authenticated):
    realm.trust_this_host()
    trust(realm, directory.setting(), required=required)
    for token, status in ((None, anonymous), (realm.initial_access_token(), authenticated)):
        answer = realm.register("openid-connect", token=token, json={"redirect_uris": ["http://localhost/cb"]})
        assert answer.status_code == status, answer.text
        if status == 400:
            assert_error(answer, 400, INVALID, "A software statement is required")


def test_providers_that_cannot_bring_one_are_no_way_around(realm, directory):
    trust(realm, directory.setting(), required="always")
    answer = realm.register("default", token=realm.initial_access_token(), json={"clientId": unique("client")})
    refused(answer, INVALID, "A software statement is required")
    assert realm.create_client(unique("by-the-administrator"))


# -- the setting -------------------------------------------------------------------


def test_the_setting_is_returned_and_removed(realm, oidc, directory):
    setting = {"required": "anonymous", "issuers": [directory.setting(maxAge=60)]}
    assert settings_answer(realm, setting).status_code == 204
    found = realm.admin("GET", "").json()["softwareStatements"]
    assert found["required"] == "anonymous" and found["issuers"][0]["maxAge"] == 60
    assert oidc.post(redirect_uris=[REDIRECT], software_statement="junk").status_code == 400
    assert settings_answer(realm, None).status_code == 204
    assert oidc.post(redirect_uris=[REDIRECT], software_statement="junk").status_code == 201


PUBLIC = {"keys": [Key("ES256").public]}


@pytest.mark.parametrize(
    "issuer, member",
    [
        ({"jwks": PUBLIC}, "issuer"),
        ({"issuer": "a"}, "jwks"),
        ({"issuer": "a", "jwks": PUBLIC, "jwksUri": "https://a.example/keys"}, "jwks"),
        ({"issuer": "a", "jwks": PUBLIC, "algorithms": ["none"]}, "algorithms"),
        ({"issuer": "a", "jwks": PUBLIC, "algorithms": ["ES256", "HS256"]}, "algorithms"),
        ({"issuer": "a", "jwksUri": "https://a.example/keys", "algorithms": ["HS256"]}, "algorithms"),
        ({"issuer": "a", "jwks": PUBLIC, "algorithms": []}, "algorithms"),
        ({"issuer": "a", "jwks": PUBLIC, "maxAge": -1}, "maxAge"),
        ({"issuer": "a", "jwks": PUBLIC, "clockSkew": 301}, "clockSkew"),
        ({"issuer": "a", "jwks": PUBLIC, "jti": "twice"}, "jti"),
        ({"issuer": "a", "jwks": PUBLIC, "members": ["client_secret"]}, "members"),
        ({"issuer": "a", "jwks": PUBLIC, "map": {"x": "client_id"}}, "map"),
        ({"issuer": "a", "jwks": PUBLIC, "colour": "red"}, "colour"),
    ],
)
def test_faults_of_the_setting(realm, issuer, member):
    answer = settings_answer(realm, {"issuers": [issuer]})
    assert answer.status_code == 400, answer.text
    assert f"issuers[0].{member}" in answer.json()["errorMessage"]


def test_two_entries_of_one_issuer_are_refused(realm, directory):
    answer = settings_answer(realm, {"issuers": [directory.setting(), directory.setting()]})
    assert answer.status_code == 400, answer.text
    assert settings_answer(realm, {"required": "sometimes"}).status_code == 400


def test_discovery_shows_the_algorithms(realm, directory):
    trust(realm, directory.setting(algorithms=["PS256", "ES256"]))
    found = realm.server.http.get(f"/realms/{realm.name}/.well-known/openid-configuration").json()
    assert set(found.get("software_statement_alg_values_supported", [])) >= {"PS256", "ES256"}


# -- what is kept ------------------------------------------------------------------


def test_what_is_kept_of_a_statement(trusting, directory):
    statement = directory.statement(software_id="shop-1", client_name="Stated", software_roles=["X"])
    made = trusting.create(redirect_uris=[REDIRECT], software_statement=statement)
    attributes = trusting.stored(made)["attributes"]
    assert attributes.get("software.statement.issuer") == directory.name
    assert attributes["software.statement.kid"] == directory.keys[0].kid
    assert attributes["software.statement.digest"] == digest(statement)
    assert attributes["software.statement.software_id"] == "shop-1"
    assert abs(int(attributes["software.statement.verified"]) - time.time()) < 60
    assert statement not in attributes.values()
    found = origin(trusting.realm, made["client_id"])
    assert found["issuer"] == directory.name and found["algorithm"] == "PS256" and found["trusted"] is True
    assert found["members"] == ["client_name", "software_id"] and found["claims"]["software_roles"] == ["X"]


def test_clients_are_found_by_issuer_and_software(realm, oidc, directory):
    trust(realm, directory.setting())
    made = [oidc.create(redirect_uris=[REDIRECT], software_statement=directory.statement(software_id=i))["client_id"] for i in "ab"]
    oidc.create(redirect_uris=[REDIRECT])
    found = realm.admin("GET", "/clients", params={"softwareIssuer": directory.name}).json()
    assert {c["clientId"] for c in found} == set(made)
    found = realm.admin("GET", "/clients", params={"softwareIssuer": directory.name, "softwareId": "b"}).json()
    assert [c["clientId"] for c in found] == made[1:]


def test_decisions_tell_of_the_statement(trusting, directory):
    statement = directory.statement(client_name="Stated")
    made = trusting.create(redirect_uris=[REDIRECT], client_name="Asked", software_statement=statement)
    found = trusting.realm.admin(
        "GET", "/client-registration-policy/decisions", params={"clientId": made["client_id"]}
    ).json()[0].get("softwareStatement") or {}
    assert found.get("digest") == digest(statement)
    assert found["overrides"] == [{"member": "client_name", "sent": "Asked", "used": "Stated"}]


# -- updates -----------------------------------------------------------------------


def test_a_document_that_is_sent_back_is_taken(realm, oidc, directory):
    trust(realm, directory.setting(jti="once"))
    made = oidc.create(redirect_uris=[REDIRECT], software_statement=directory.statement(client_name="Stated"))
    document = oidc.get(made).json()
    assert document.get("software_statement")
    again = oidc.put(made, **{k: v for k, v in document.items() if k != "client_id"} | {"client_uri": "https://app.example/new"})
    assert again.status_code == 200, again.text
    assert again.json()["client_uri"] == "https://app.example/new"
    assert again.json()["software_statement"] == document["software_statement"]


def test_an_update_without_one_is_bound_to_the_kept_one(trusting, directory):
    made = trusting.create(redirect_uris=[REDIRECT], software_statement=directory.statement(client_name="Stated"))
    answer = trusting.put(made, redirect_uris=["https://app.example/2"], client_name="Other")
    assert answer.status_code == 200, answer.text
    assert answer.json()["client_name"] == "Stated"
    assert answer.json()["redirect_uris"] == ["https://app.example/2"]


def test_another_statement_replaces_the_kept_one(trusting, directory):
    made = trusting.create(redirect_uris=[REDIRECT], software_statement=directory.statement(software_id="s", client_name="One"))
    second = directory.statement(software_id="s", client_name="Two")
    answer = trusting.put(made, redirect_uris=[REDIRECT], software_statement=second)
    assert answer.status_code == 200, answer.text
    assert answer.json().get("client_name") == "Two" and answer.json()["software_statement"] == second
    assert origin(trusting.realm, made["client_id"])["digest"] == digest(second)


def test_a_statement_of_other_software_is_refused(trusting, directory):
    made = trusting.create(redirect_uris=[REDIRECT], software_statement=directory.statement(software_id="s"))
    answer = trusting.put(made, redirect_uris=[REDIRECT], software_statement=directory.statement(software_id="t"))
    assert_error(answer, 400, INVALID, "Software statement is of other software")
    assert trusting.get(made).status_code == 200


def test_an_update_may_have_to_bring_one(realm, oidc, directory):
    trust(realm, directory.setting(onUpdate="require"))
    made = oidc.create(redirect_uris=[REDIRECT], software_statement=directory.statement(software_id="s"))
    assert_error(oidc.put(made, redirect_uris=[REDIRECT]), 400, INVALID, "A software statement is required")
    assert oidc.put(made, redirect_uris=[REDIRECT], software_statement=directory.statement(software_id="s")).status_code == 200


# -- trust that ends ---------------------------------------------------------------


def test_clients_of_an_issuer_that_is_no_longer_trusted(realm, oidc, directory):
    trust(realm, directory.setting())
    made = oidc.create(redirect_uris=[REDIRECT], software_statement=directory.statement())
    trust(realm, directory.setting(enabled=False))
    text = f"Software statement issuer is not trusted: {directory.name}"
    assert_error(oidc.put(made, redirect_uris=[REDIRECT]), 400, UNAPPROVED, text)
    assert_error(oidc.post(redirect_uris=[REDIRECT], software_statement=directory.statement()), 400, UNAPPROVED, text)
    assert oidc.get(made).status_code == 200
    assert origin(realm, made["client_id"])["trusted"] is False
    assert oidc.delete(made).status_code == 204


@pytest.mark.parametrize("clients, enabled", [("keep", True), ("disable", False)])
def test_distrust_in_one_call(realm, oidc, directory, clients, enabled):
    trust(realm, directory.setting())
    made = oidc.create(redirect_uris=[REDIRECT], software_statement=directory.statement())
    other = oidc.create(redirect_uris=[REDIRECT])
    body = {"issuer": directory.name, "clients": clients}
    answer = realm.admin("POST", "/software-statements/issuers/distrust", json=body)
    assert answer.status_code == 200, answer.text
    assert answer.json() == {"issuer": directory.name, "clients": 1, "disabled": 0 if enabled else 1}
    assert oidc.stored(made)["enabled"] is enabled
    assert oidc.stored(other)["enabled"] is True
    assert realm.admin("GET", "").json()["softwareStatements"]["issuers"][0]["enabled"] is False


def test_issuers_are_listed(realm, oidc, directory, web):
    trust(realm, directory.setting(jwksUri=web.show("/keys", *directory.keys)))
    oidc.create(redirect_uris=[REDIRECT], software_statement=directory.statement())
    answer = realm.admin("GET", "/software-statements/issuers")
    assert answer.status_code == 200, answer.text
    found = next(i for i in answer.json() if i["issuer"] == directory.name)
    assert found["enabled"] is True and found["clients"] == 1 and found["keys"] == [directory.keys[0].kid]
    assert realm.admin("POST", "/software-statements/issuers/distrust", json={"issuer": "x", "clients": "keep"}).status_code == 404


# -- requests that are a JWT -------------------------------------------------------


@pytest.fixture
def software():
    return Key("PS256")


@pytest.fixture
def signing(realm, oidc, directory, software):
    """Makes the body of a signed request; the realm takes only these."""
    trust(realm, directory.setting(), signedRequests={"required": True, "algorithms": ["PS256"], "audience": "the-bank"})

    def body(key=software, header=None, statement=None, **claims):
        now = int(time.time())
        statement = statement or directory.statement(software_id="s", jwks={"keys": [software.public]})
        found = {"iss": "s", "aud": "the-bank", "iat": now, "exp": now + 300, "jti": unique("jti"), "redirect_uris": [REDIRECT]}
        found |= {"software_statement": statement} | claims
        return key.sign({k: v for k, v in found.items() if v is not None}, **(header or {}))

    return body


@pytest.mark.parametrize("content_type", ["application/jwt", "application/jose", "application/jose; charset=utf-8"])
def test_a_signed_request_is_taken(oidc, signing, content_type):
    answer = signed_request(oidc, signing(client_name="Signed"), content_type)
    assert answer.status_code == 201, answer.text
    assert answer.json()["client_name"] == "Signed"
    assert answer.json()["redirect_uris"] == [REDIRECT]


def test_without_the_setting_it_is_an_unknown_media_type(realm, oidc, directory, software):
    trust(realm, directory.setting())
    assert signed_request(oidc, software.sign({"redirect_uris": [REDIRECT]})).status_code == 415


def test_an_unsigned_request_where_signed_ones_are_required(oidc, signing, directory):
    assert oidc.post(redirect_uris=[REDIRECT], software_statement=directory.statement()).status_code == 415


@pytest.mark.parametrize(
    "change, text",
    [
        ({"iss": "t"}, "Request issuer is wrong"),
        ({"aud": "another-bank"}, "Request audience is wrong"),
        ({"exp": 1}, "Request has expired"),
        ({"jti": None}, "Request lacks claim: jti"),
        ({"header": {"kid": "x"}}, "Request key is unknown: x"),
    ],
)
def test_faults_of_a_signed_request(oidc, signing, change, text):
    assert_error(signed_request(oidc, signing(**change)), 400, "invalid_client_metadata", text)


def test_a_signed_request_counts_once(oidc, signing):
    body = signing()
    assert signed_request(oidc, body).status_code == 201
    assert_error(signed_request(oidc, body), 400, "invalid_client_metadata", "Request was used before")


def test_a_request_signed_by_another_key(oidc, signing, software):
    body = signing(key=Key("PS256", kid=software.kid))
    assert_error(signed_request(oidc, body), 400, "invalid_client_metadata", "Request signature is invalid")


# -- issuing -----------------------------------------------------------------------


def issue(realm, **body):
    answer = realm.admin("POST", "/software-statements", json={"claims": {"client_name": "Issued"}} | body)
    assert answer.status_code == 201, answer.text
    return answer.json()


@pytest.mark.parametrize("algorithm", ["RS256", "PS256", "ES256"])
def test_an_issued_statement_is_taken(realm, oidc, algorithm):
    trust(realm)
    made = issue(realm, algorithm=algorithm, name="for the shop", lifetime=3600, claims={"client_name": "Issued", "org": {"id": 7}})
    statement = made["softwareStatement"]
    assert jwt_header(statement)["alg"] == algorithm and jwt_header(statement)["typ"] == "software-statement+jwt"
    claims = jwt_claims(statement)
    assert claims["iss"].endswith(f"/realms/{realm.name}") and claims["jti"] == made["id"] and claims["org"] == {"id": 7}
    assert claims["exp"] - claims["iat"] == 3600
    keys = realm.server.http.get(f"/realms/{realm.name}{CERTS}").json()["keys"]
    assert jwt_header(statement)["kid"] in {key["kid"] for key in keys}
    assert not any("d" in key for key in keys)
    client = oidc.create(redirect_uris=[REDIRECT], client_name="Asked", software_statement=statement)
    assert client["client_name"] == "Issued"


def test_issued_statements_are_listed_and_revoked(realm, oidc):
    trust(realm)
    made = issue(realm, name="first")
    client = oidc.create(redirect_uris=[REDIRECT], software_statement=made["softwareStatement"])
    listed = realm.admin("GET", "/software-statements").json()
    assert [s["id"] for s in listed] == [made["id"]]
    assert listed[0]["name"] == "first" and listed[0]["clients"] == 1 and "softwareStatement" not in listed[0]
    assert realm.admin("DELETE", f"/software-statements/{made['id']}").status_code == 204
    answer = oidc.post(redirect_uris=[REDIRECT], software_statement=made["softwareStatement"])
    assert_error(answer, 400, UNAPPROVED, "Software statement has been revoked")
    assert realm.admin("GET", f"/software-statements/{made['id']}").json()["revoked"] is True
    assert oidc.stored(client)["enabled"] is True
    assert realm.admin("DELETE", f"/software-statements/{unique('x')}").status_code == 404


@pytest.mark.parametrize(
    "body, member",
    [
        ({"claims": {"iss": "x"}}, "iss"), ({"claims": {"exp": 1}}, "exp"), ({"claims": {"client_secret": "x"}}, "client_secret"),
        ({"claims": {"redirect_uris": "x"}}, "redirect_uris"), ({"lifetime": 1}, "lifetime"), ({"algorithm": "HS256"}, "algorithm"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_what_cannot_be_issued(realm, body, member):
    trust(realm)
    answer = realm.admin("POST", "/software-statements", json={"claims": {}} | body)
    assert answer.status_code == 400, answer.text
    assert member in answer.json()["error_description"]


def test_who_may_issue(realm):
    trust(realm)
    for role, post, get in (("manage-clients", 201, 200), ("view-clients", 403, 200), ("create-client", 403, 403)):
        token = realm.user_token(role)
        assert realm.admin_as(token, "POST", "/software-statements", json={"claims": {}}).status_code == post
        assert realm.admin_as(token, "GET", "/software-statements").status_code == get


def test_a_realm_without_the_setting_issues_nothing(realm):
    assert realm.admin("POST", "/software-statements", json={"claims": {}}).status_code == 409


# -- the policy --------------------------------------------------------------------


@pytest.fixture
def judged(realm, oidc, directory):
    def judge(**config):
        trust(realm, directory.setting())
        add_policy(realm, "software-statement", **config)
        return oidc

    return judge


def test_the_policy_requires_a_statement(judged, directory):
    oidc = judged()
    refused(oidc.post(redirect_uris=[REDIRECT]), INVALID, "A software statement is required")
    assert oidc.post(redirect_uris=[REDIRECT], software_statement=directory.statement()).status_code == 201


def test_the_policy_accepts_issuers(judged, directory):
    oidc = judged(issuers=["https://another.example"])
    answer = oidc.post(redirect_uris=[REDIRECT], software_statement=directory.statement())
    refused(answer, UNAPPROVED, f"Software statement issuer is not accepted: {directory.name}")


@pytest.mark.parametrize(
    "claims, status",
    [
        ({"org": {"status": "Active"}, "software_roles": ["AISP", "PISP"]}, 201),
        ({"org": {"status": "Pending"}, "software_roles": "CBPII"}, 201),
        ({"org": {"status": "Revoked"}, "software_roles": ["AISP"]}, 400),
        ({"org": {"status": "Active"}, "software_roles": ["ASPSP"]}, 400),
        ({"org": {"status": "Active"}}, 400),
    ],
)
def test_the_policy_accepts_claims(judged, directory, claims, status):
    oidc = judged(claim_values=["org.status=Active", "org.status=Pending", "software_roles=AISP", "software_roles=CBPII"])
    answer = oidc.post(redirect_uris=[REDIRECT], software_statement=directory.statement(**claims))
    assert answer.status_code == status, answer.text
    if status == 400:
        assert answer.json()["error"] == UNAPPROVED


def test_redirect_uris_are_a_subset_of_a_claim(judged, directory):
    oidc = judged(redirect_uris_claim=["software_redirect_uris"], redirect_uris_absent=["all"])
    allowed = ["https://tpp.example/1", "https://tpp.example/2"]
    statement = directory.statement(software_redirect_uris=allowed)
    assert oidc.create(redirect_uris=allowed[1:], software_statement=statement)["redirect_uris"] == allowed[1:]
    answer = oidc.post(redirect_uris=[allowed[0], "https://tpp.example/3", "https://tpp.example/1/"], software_statement=statement)
    refused(answer, "invalid_redirect_uri", "Redirect URI is not in the software statement")
    assert [value for _, value, _ in texts(answer)] == ["https://tpp.example/3", "https://tpp.example/1/"]
    assert set(oidc.create(software_statement=statement)["redirect_uris"]) == set(allowed)


def test_keys_are_where_the_statement_says(judged, directory):
    oidc = judged(jwks_uri_claim=["software_jwks_uri"], forbid_inline_jwks=["true"])
    statement = directory.statement(software_jwks_uri="https://keystore.example/1.jwks")
    refused(
        oidc.post(redirect_uris=[REDIRECT], jwks_uri="https://keystore.example/2.jwks", software_statement=statement),
        "invalid_client_metadata", "JWKS URI is not that of the software statement",
    )
    refused(
        oidc.post(redirect_uris=[REDIRECT], jwks=PUBLIC, software_statement=statement), "invalid_client_metadata", "Inline keys are not allowed"
    )
    made = oidc.create(redirect_uris=[REDIRECT], software_statement=statement)
    assert made.get("jwks_uri") == "https://keystore.example/1.jwks"


def test_scopes_come_from_roles(judged, directory):
    oidc = judged(roles_claim=["software_roles"], scopes_of_role=["AISP=phone address", "PISP=offline_access"])
    statement = directory.statement(software_roles=["AISP"])
    made = oidc.create(redirect_uris=[REDIRECT], scope="openid phone", software_statement=statement)
    assert made["scope"] == "phone"
    answer = oidc.post(redirect_uris=[REDIRECT], scope="phone offline_access", software_statement=statement)
    refused(answer, "invalid_client_metadata", "Scope is not permitted by the software statement")
    assert texts(answer)[0][:2] == ("scope", "offline_access")
    assert set(oidc.create(redirect_uris=[REDIRECT], software_statement=statement)["scope"].split()) == {"phone", "address"}


def test_one_client_per_software(judged, directory):
    oidc = judged(clients_per_software=["1"])
    made = oidc.create(redirect_uris=[REDIRECT], software_statement=directory.statement(software_id="s"))
    answer = oidc.post(redirect_uris=[REDIRECT], software_statement=directory.statement(software_id="s"))
    refused(answer, UNAPPROVED, "Software has its clients already")
    assert oidc.post(redirect_uris=[REDIRECT], software_statement=directory.statement(software_id="t")).status_code == 201
    assert oidc.delete(made).status_code == 204
    assert oidc.post(redirect_uris=[REDIRECT], software_statement=directory.statement(software_id="s")).status_code == 201


# -- more forms ---------------------------------------------------------------------


@pytest.mark.parametrize(
    "jwk, works",
    [({}, True), ({"alg": "PS256"}, True), ({"alg": "RS256"}, False), ({"use": "enc"}, False), ({"use": None}, True),
     ({"key_ops": ["verify"]}, True), ({"key_ops": ["encrypt"]}, False)],
)
def test_which_keys_fit(realm, oidc, jwk, works):
    issuer = Issuer(Key("PS256", kid="k", jwk=jwk))
    trust(realm, issuer.setting(algorithms=["PS256", "RS256"]))
    answer = oidc.post(redirect_uris=[REDIRECT], software_statement=issuer.statement(client_name="Fits"))
    if works:
        assert answer.status_code == 201 and answer.json().get("client_name") == "Fits", answer.text
    else:
        assert_error(answer, 400, INVALID, "Software statement key is unknown: k")


@pytest.mark.parametrize("typ", ["jwt", "application/JWT", "software-statement+jwt", None])
def test_types_that_are_taken(trusting, directory, typ):
    made = trusting.create(redirect_uris=[REDIRECT], software_statement=directory.statement(header={"typ": typ}, client_name="Typed"))
    assert made.get("client_name") == "Typed"


@pytest.mark.parametrize(
    "claims, name",
    [({"exp": "tomorrow"}, "exp"), ({"exp": "99999999999"}, "exp"), ({"nbf": []}, "nbf"), ({"iat": True}, "iat"), ({"jti": 5}, "jti"),
     ({"software_id": ["a"]}, "software_id"), ({"aud": 7}, "aud"), ({"aud": [7]}, "aud")],
)
def test_claims_of_the_wrong_type(trusting, directory, claims, name):
    answer = trusting.post(redirect_uris=[REDIRECT], software_statement=directory.statement(**claims))
    assert_error(answer, 400, INVALID, f"Software statement claim is invalid: {name}")


@pytest.mark.parametrize(
    "config, claims, status",
    [
        ({"claim_values": ["a.b.c=1"]}, {"a": {"b": {"c": 1}}}, 201),
        ({"claim_values": ["a.b.c=1"]}, {"a": {"b": {"c": "1"}}}, 201),
        ({"claim_values": ["a.b.c=1"]}, {"a.b.c": 1}, 400),
        ({"claim_values": [r"a\.b=x=y"]}, {"a.b": "x=y"}, 201),
        ({"claim_values": ["ok=true"]}, {"ok": True}, 201),
        ({"claim_values": ["ok=true"]}, {"ok": False}, 400),
        ({"claim_values": ["roles=A"]}, {"roles": []}, 400),
        ({"claim_values": ["roles=A"]}, {"roles": ["a"]}, 400),
        ({"claim_values": ["roles=A"]}, {"roles": {"A": 1}}, 400),
        ({"redirect_uris_claim": ["x"]}, {}, 400),
        ({"redirect_uris_claim": ["x"]}, {"x": REDIRECT}, 201),
        ({"required": ["false"]}, None, 201),
    ],
)
def test_values_of_claims(realm, oidc, directory, config, claims, status):
    trust(realm, directory.setting())
    add_policy(realm, "software-statement", **config)
    statement = None if claims is None else directory.statement(**claims)
    answer = oidc.post(redirect_uris=[REDIRECT], software_statement=statement)
    assert answer.status_code == status, answer.text


# -- the appendix: an ecosystem ------------------------------------------------------


def test_the_rules_of_uk_open_banking(realm, oidc, web):
    directory, software = Issuer(Key("PS256"), name="OpenBanking Ltd"), Key("PS256")
    trust(
        realm,
        directory.setting(map={"software_jwks_endpoint": "jwks_uri", "software_client_name": "client_name"}, requiredClaims=["software_id"]),
        required="always",
        signedRequests={"required": True, "algorithms": ["PS256"], "audience": "0015800001041RHAAY", "jti": "once"},
    )
    add_policy(
        realm, "software-statement", redirect_uris_claim=["software_redirect_uris"], redirect_uris_absent=["all"],
        roles_claim=["software_roles"], scopes_of_role=["AISP=phone", "PISP=address"],
    )
    add_policy(realm, "redirect-rules", allowed_schemes=["https"], loopback=["none"])

    def send(statement, **claims):
        now = int(time.time())
        found = {"iss": "tpp-1", "aud": "0015800001041RHAAY", "iat": now, "exp": now + 60, "jti": unique("jti"), "software_statement": statement}
        return signed_request(oidc, software.sign(found | {"token_endpoint_auth_method": "private_key_jwt"} | claims), "application/jose")

    claims = {
        "software_id": "tpp-1", "software_jwks_endpoint": web.show("/tpp-1.jwks", software), "software_client_name": "TPP",
        "software_redirect_uris": ["https://tpp.example/a", "https://tpp.example/b", "https://localhost/cb"], "software_roles": ["AISP"],
    }
    made = send(directory.statement(**claims), redirect_uris=["https://tpp.example/b"], scope="openid phone")
    assert made.status_code == 201, made.text
    assert made.json()["client_name"] == "TPP" and made.json()["redirect_uris"] == ["https://tpp.example/b"]
    assert made.json()["jwks_uri"] == claims["software_jwks_endpoint"] and made.json()["scope"] == "phone"
    answer = send(directory.statement(**claims), redirect_uris=["https://tpp.example/c"])
    refused(answer, "invalid_redirect_uri", "Redirect URI is not in the software statement")
    answer = send(directory.statement(**claims), redirect_uris=["https://localhost/cb"])
    refused(answer, "invalid_redirect_uri", "Redirect URI is a loopback address")
    claims["software_redirect_uris"] = claims["software_redirect_uris"][:2]
    assert set(send(directory.statement(**claims)).json().get("redirect_uris", [])) == set(claims["software_redirect_uris"])
    answer = send(directory.statement(**claims), scope="address", redirect_uris=["https://tpp.example/b"])
    refused(answer, "invalid_client_metadata", "Scope is not permitted by the software statement")
    answer = send(directory.statement(**claims), iss="tpp-2")
    refused(answer, "invalid_client_metadata", "Request issuer is wrong")
