"""docs/policy-catalogue.md: the policies that ship beside Keycloak's."""

import json

import pytest

from harness import unique
from oidc import EC_KEY, OKP_KEY, RSA_KEY, OidcProvider
from statements import Key, add_policy, at_once, policy_answer, refused, register_from, texts

pytestmark = pytest.mark.beyond

METADATA = "invalid_client_metadata"
REDIRECT = "https://app.example/cb"
CATALOGUE = ("redirect-rules", "client-quota", "client-naming", "public-addresses", "scope-filter", "mcp-clients", "fapi-2")


@pytest.fixture
def oidc(realm):
    return OidcProvider(realm)


@pytest.fixture
def under(realm, oidc):
    """The provider, with this policy in the set of callers with a token."""

    def made(policy, **config):
        add_policy(realm, policy, **config)
        return oidc

    return made


# -- all of them -------------------------------------------------------------------


def test_all_are_offered_and_none_is_a_default(realm):
    offered = {p["id"]: p for p in realm.admin("GET", "/client-registration-policy/providers").json()}
    assert set(CATALOGUE) | {"software-statement"} <= set(offered)
    assert all(offered[name]["helpText"] for name in CATALOGUE)
    assert not {p["providerId"] for p in realm.policies()} & (set(CATALOGUE) | {"software-statement"})


@pytest.mark.parametrize("sub_type", ["anonymous", "authenticated"])
@pytest.mark.parametrize("policy", [name for name in CATALOGUE if name != "client-quota"])
def test_they_can_be_added_without_settings(realm, policy, sub_type):
    add_policy(realm, policy, sub_type)


@pytest.mark.parametrize(
    "policy, config, label",
    [
        ("redirect-rules", {"loopback": ["sometimes"]}, "Loopback"),
        ("redirect-rules", {"wildcards": ["yes"]}, "Wildcards"),
        ("redirect-rules", {"custom-schemes": ["cursor", "javascript"]}, "javascript"),
        ("redirect-rules", {"allowed-hosts": ["*.*.example.com"]}, "*.*.example.com"),
        ("redirect-rules", {"allowed-schemes": ["gopher"]}, "gopher"),
        ("client-quota", {}, "At least one limit is required"),
        ("client-quota", {"max-per-address": ["0"]}, "Max Per Address"),
        ("client-quota", {"max-per-address": ["1", "2"]}, "Max Per Address"),
        ("client-quota", {"max-per-network": ["5"], "ipv4-prefix": ["33"]}, "Ipv4 Prefix"),
        ("client-naming", {"pattern": ["("]}, "Pattern"),
        ("client-naming", {"protected-names": ["ab"]}, "ab"),
        ("client-naming", {"look-alikes": ["ignore"]}, "Look Alikes"),
        ("public-addresses", {"members": ["client_name"]}, "client_name"),
        ("public-addresses", {"allowed-networks": ["10.0.0.0/33"]}, "10.0.0.0/33"),
        ("scope-filter", {"action": ["keep"]}, "Action"),
        ("scope-filter", {"action": ["replace"]}, "Replacement Scopes"),
        ("scope-filter", {"action": ["replace"], "allowed-scopes": ["a"], "replacement-scopes": ["b"]}, "b"),
        ("mcp-clients", {"confidential": ["maybe"]}, "Confidential"),
        ("fapi-2", {"profile": ["3"]}, "Profile"),
        ("fapi-2", {"min-rsa-bits": ["many"]}, "Min Rsa Bits"),
    ],
)
def test_faults_of_settings_are_named(realm, policy, config, label):
    answer = policy_answer(realm, policy, **config)
    assert answer.status_code == 400, answer.text
    assert label in answer.json().get("errorMessage", answer.text.replace(policy, ""))
    assert "errorMessage" in answer.json(), answer.text


# -- redirect-rules ----------------------------------------------------------------

RULES = {"allowed_hosts": ["*.example.com", "fixed.example:8443"], "loopback": ["addresses"], "custom_schemes": ["cursor"]}


@pytest.mark.parametrize(
    "uri",
    [
        "https://example.com/cb", "https://a.b.example.com/cb", "https://A.EXAMPLE.COM/cb", "https://a.example.com:9443/cb",
        "https://fixed.example:8443/cb", "http://127.0.0.1:49152/cb", "http://127.0.0.1/", "http://[::1]:3000/cb", "cursor://cb",
        "CURSOR://anysphere/oauth",
    ],
)
def test_redirect_uris_that_the_rules_allow(under, uri):
    assert under("redirect-rules", **RULES).create(redirect_uris=[uri])["redirect_uris"] == [uri]


@pytest.mark.parametrize(
    "uri, fault",
    [
        ("https://example.com.evil.test/cb", "host is not allowed"),
        ("https://evilexample.com/cb", "host is not allowed"),
        ("https://fixed.example/cb", "host is not allowed"),
        ("https://fixed.example:8444/cb", "host is not allowed"),
        ("http://a.example.com/cb", "scheme is not allowed"),
        ("vscode://cb", "scheme is not allowed"),
        ("http://localhost:3000/cb", "is a loopback address"),
        ("https://user@a.example.com/cb", "has user information"),
        ("https://a.example.com/*", "has a wildcard"),
    ],
)
def test_redirect_uris_that_the_rules_refuse(under, uri, fault):
    answer = under("redirect-rules", **RULES).post(redirect_uris=["https://a.example.com/fine", uri])
    refused(answer, "invalid_redirect_uri", f"Redirect URI {fault}")
    assert texts(answer) == [("redirect_uris", uri, f"Redirect URI {fault}")]


def test_each_value_at_fault_is_named(under):
    bad = ["https://one.test/cb", "http://localhost/cb", "ftp://a.example.com/"]
    answer = under("redirect-rules", **RULES).post(redirect_uris=[bad[0], "https://a.example.com/", *bad[1:]])
    assert answer.status_code == 400, answer.text
    assert sorted(value for _, value, _ in texts(answer)) == sorted(bad)


def test_rules_for_logout_addresses_too(under):
    oidc = under("redirect-rules", **RULES)
    answer = oidc.post(redirect_uris=["https://a.example.com/"], post_logout_redirect_uris=["https://evil.test/out"])
    refused(answer, METADATA, "Post-logout redirect URI host is not allowed")
    assert oidc.post(redirect_uris=["https://a.example.com/"], post_logout_redirect_uris=["+"]).status_code == 201


@pytest.mark.parametrize(
    "config, uri, status",
    [
        ({}, "https://anything.test/cb", 201),
        ({}, "http://anything.test/cb", 400),
        ({}, "http://127.0.0.1:1234/", 400),
        ({"allowed_hosts": ["localhost"]}, "https://localhost/cb", 400),
        ({"loopback": ["localhost"]}, "http://localhost:1234/", 201),
        ({"loopback": ["localhost"]}, "http://localhost.evil.test/", 400),
        ({"custom_schemes": ["*."]}, "com.example.app:/cb", 201),
        ({"custom_schemes": ["*."]}, "myapp:/cb", 400),
        ({"exact": ["http://legacy.test:8080/cb"]}, "http://legacy.test:8080/cb", 201),
        ({"exact": ["http://legacy.test:8080/cb"]}, "http://legacy.test:8080/cb/", 400),
        ({"wildcards": ["true"]}, "https://app.example/*", 201),
        ({"allowed_schemes": ["http", "https"]}, "http://app.example/", 201),
    ],
)
def test_one_rule_at_a_time(under, config, uri, status):
    answer = under("redirect-rules", **config).post(redirect_uris=[uri])
    assert answer.status_code == status, answer.text


def test_what_a_client_has_does_not_lock_it_out(realm, oidc):
    made = oidc.create(redirect_uris=["https://old.test/cb"])
    add_policy(realm, "redirect-rules", allowed_hosts=["new.test"])
    made = oidc.update(made, redirect_uris=["https://old.test/cb", "https://new.test/cb"], client_name="New name")
    answer = oidc.put(made, redirect_uris=["https://old.test/other"])
    refused(answer, "invalid_redirect_uri", "Redirect URI host is not allowed")


def test_a_shadow_refuses_nobody(realm, oidc):
    add_policy(realm, "redirect-rules", mode=["shadow"], allowed_hosts=["new.test"])
    made = oidc.create(redirect_uris=["https://old.test/cb"])
    found = realm.admin("GET", "/client-registration-policy/decisions", params={"clientId": made["client_id"]}).json()[0]
    assert "reject" in {p["verdict"] for p in found["policies"] if p["provider"] == "redirect-rules"}


# -- client-quota ------------------------------------------------------------------


def test_a_quota_for_an_address(realm, under):
    oidc = under("client-quota", max_per_address=["2"])
    made = [oidc.create(redirect_uris=[REDIRECT]) for _ in range(2)]
    refused(oidc.post(redirect_uris=[REDIRECT]), "insufficient_scope", "It's allowed to have max 2 clients per address", 403)
    assert register_from(realm, "127.0.0.2", {"redirect_uris": [REDIRECT]}, oidc.token).status_code == 201
    assert oidc.delete(made[0]).status_code == 204
    assert oidc.post(redirect_uris=[REDIRECT]).status_code == 201
    assert oidc.update(made[1], redirect_uris=[REDIRECT], client_name="Still mine")


@pytest.mark.parametrize("prefix, statuses", [("24", [201, 403, 201]), ("8", [201, 403, 403]), ("32", [201, 201, 201])])
def test_a_quota_for_a_network(realm, under, prefix, statuses):
    oidc = under("client-quota", max_per_network=["1"], ipv4_prefix=[prefix])
    addresses = ("127.0.0.2", "127.0.0.3", "127.0.9.1")
    found = [register_from(realm, a, {"redirect_uris": [REDIRECT]}, oidc.token).status_code for a in addresses]
    assert found == statuses


def test_a_quota_for_software(under):
    oidc = under("client-quota", max_per_software=["1"])
    oidc.create(redirect_uris=[REDIRECT], software_id="a")
    answer = oidc.post(redirect_uris=[REDIRECT], software_id="a")
    refused(answer, "insufficient_scope", "It's allowed to have max 1 clients per software", 403)
    assert texts(answer)[0][:2] == ("software_id", "a")
    for software in ("b", None, None):
        assert oidc.post(redirect_uris=[REDIRECT], software_id=software).status_code == 201


def test_a_quota_for_an_initial_access_token(realm, under):
    oidc = under("client-quota", max_per_initial_access_token=["1"])
    oidc.create(redirect_uris=[REDIRECT])
    refused(oidc.post(redirect_uris=[REDIRECT]), "insufficient_scope", "It's allowed to have max 1 clients per initial access token", 403)
    assert OidcProvider(realm).post(redirect_uris=[REDIRECT]).status_code == 201


def test_a_quota_is_exact(realm, under):
    oidc = under("client-quota", max_per_address=["3"])
    answers = at_once(10, lambda _: register_from(realm, "127.0.0.4", {"redirect_uris": [REDIRECT]}, oidc.token))
    assert sorted(a.status_code for a in answers) == [201] * 3 + [403] * 7


# -- client-naming -----------------------------------------------------------------


@pytest.mark.parametrize(
    "config, name, text",
    [
        ({"required": ["true"]}, None, "Client name is required"),
        ({"required": ["true"]}, "  ", "Client name is required"),
        ({"pattern": ["[a-z]+-[0-9]+"]}, "shop", "Client name doesn't match the pattern"),
        ({"pattern": ["[a-z]+-[0-9]+"]}, "shop-1 ", "Client name doesn't match the pattern"),
        ({"protected_names": ["PayPal"], "look_alikes": ["reject"]}, "PayPa1 Support", "Client name looks like 'PayPal'"),
    ],
)
def test_names_that_are_refused(under, config, name, text):
    answer = under("client-naming", **config).post(redirect_uris=[REDIRECT], client_name=name)
    refused(answer, METADATA, text)
    assert answer.json()["violations"][0]["field"] == "client_name"


@pytest.mark.parametrize(
    "config, name",
    [
        ({"required": ["true"]}, "Shop"), ({"pattern": ["[a-z]+-[0-9]+"]}, "shop-12"), ({"pattern": ["[a-z]+"]}, None),
        ({"protected_names": ["PayPal"], "look_alikes": ["reject"]}, "Pay by pal"),
    ],
)
def test_names_that_are_taken(under, config, name):
    assert under("client-naming", **config).create(redirect_uris=[REDIRECT], client_name=name).get("client_name") == name


@pytest.mark.parametrize("name", ["PayPal", "PAYPAL login", "P-a-y-P-a-l", "Р\u0430yPal"])
def test_a_name_like_a_brand_is_held(under, name):
    answer = under("client-naming", protected_names=["PayPal"]).post(redirect_uris=[REDIRECT], client_name=name)
    assert answer.status_code == 201, answer.text
    assert answer.headers.get("Matricula-Held") == "Client name looks like 'PayPal'"


def test_prefixes_by_token(realm, oidc):
    add_policy(realm, "client-naming", prefix_of_token=["team a=A: "])
    answer = realm.admin("POST", "/clients-initial-access", json={"count": 5, "name": "team a", "labels": {"team": "a"}})
    assert answer.status_code == 201, answer.text
    token = answer.json()["token"]
    answer = realm.register("openid-connect", token=token, json={"redirect_uris": [REDIRECT], "client_name": "Shop"})
    refused(answer, METADATA, "Client name must begin with 'A: '")
    answer = realm.register("openid-connect", token=token, json={"redirect_uris": [REDIRECT], "client_name": "A: Shop"})
    assert answer.status_code == 201, answer.text
    refused(oidc.put(answer.json(), redirect_uris=[REDIRECT], client_name="Shop"), METADATA, "Client name must begin with 'A: '")
    assert oidc.post(redirect_uris=[REDIRECT], client_name="Shop").status_code == 201
    listed = {t.get("name"): t for t in realm.admin("GET", "/clients-initial-access").json()}
    assert listed["team a"]["labels"] == {"team": "a"}


def test_names_that_others_have(under):
    oidc = under("client-naming", existing_names=["true"], look_alikes=["reject"])
    made = oidc.create(redirect_uris=[REDIRECT], client_name="Blue Shop")
    refused(oidc.post(redirect_uris=[REDIRECT], client_name="BLUE-SH0P"), METADATA, "Client name looks like 'Blue Shop'")
    assert oidc.post(redirect_uris=[REDIRECT], client_name="Green Shop").status_code == 201
    assert oidc.put(made, redirect_uris=[REDIRECT], client_name="Blue  Shop").status_code == 200


# -- public-addresses --------------------------------------------------------------


@pytest.mark.parametrize(
    "uri", ["https://8.8.8.8/cb", "https://[2606:4700:4700::1111]/cb", "http://127.0.0.1:8080/cb", "http://localhost/cb", "com.example.app:/cb"]
)
def test_addresses_that_are_public(under, uri):
    assert under("public-addresses").create(redirect_uris=[uri])


@pytest.mark.parametrize(
    "uri",
    ["https://10.0.0.1/cb", "https://192.168.1.1/", "https://169.254.169.254/latest", "https://[fd00::1]/", "https://127.0.0.1/cb",
     "https://localhost/cb", "https://100.64.0.1/"],
)
def test_addresses_that_are_not(under, uri):
    answer = under("public-addresses").post(redirect_uris=["https://8.8.8.8/cb", uri])
    refused(answer, "invalid_redirect_uri", "Host has an address that is not public")
    assert texts(answer) == [("redirect_uris", uri, "Host has an address that is not public")]


@pytest.mark.parametrize("member", ["client_uri", "logo_uri", "jwks_uri", "tos_uri", "backchannel_logout_uri"])
def test_every_member_with_an_address_is_looked_at(under, member):
    answer = under("public-addresses").post(redirect_uris=["https://8.8.8.8/cb"], **{member: "https://10.1.2.3/x"})
    refused(answer, METADATA, "Host has an address that is not public")
    assert texts(answer)[0][:2] == (member, "https://10.1.2.3/x")


@pytest.mark.parametrize(
    "config, uri, status",
    [
        ({"allowed_networks": ["10.0.0.0/8"]}, "https://10.9.9.9/", 201),
        ({"allowed_networks": ["10.0.0.0/8"]}, "https://172.16.0.1/", 400),
        ({"allow_loopback_redirects": ["false"]}, "http://127.0.0.1/cb", 400),
        ({"members": ["client_uri"]}, "https://10.0.0.1/", 201),
        ({}, "https://name.invalid/cb", 400),
        ({"unresolved": ["accept"]}, "https://name.invalid/cb", 201),
    ],
)
def test_settings_of_public_addresses(under, config, uri, status):
    answer = under("public-addresses", **config).post(redirect_uris=[uri])
    assert answer.status_code == status, answer.text
    if ".invalid" in uri and status == 400:
        refused(answer, "invalid_redirect_uri", "Host cannot be resolved")


# -- scope-filter ------------------------------------------------------------------


@pytest.mark.parametrize(
    "config, asked, given",
    [
        ({"action": ["drop"], "allowed_scopes": ["phone"]}, "phone files:write", "phone"),
        ({"action": ["drop"], "allowed_scopes": ["phone", "addr*"]}, "openid address phone other", "address phone"),
        ({"action": ["drop"], "allowed_scopes": []}, "phone", ""),
        ({"action": ["replace"], "allowed_scopes": ["phone", "address"], "replacement_scopes": ["address"]}, "phone x", "address"),
    ],
)
def test_scopes_that_are_changed(under, config, asked, given):
    answer = under("scope-filter", priority=["-5"], **config).post(redirect_uris=[REDIRECT], scope=asked)
    assert answer.status_code == 201, answer.text
    assert sorted(answer.json()["scope"].split()) == given.split()
    assert answer.headers.get("Matricula-Changed") == "scope"


def test_scopes_that_are_refused(under):
    answer = under("scope-filter", priority=["-5"], allowed_scopes=["phone"]).post(redirect_uris=[REDIRECT], scope="phone address email2")
    refused(answer, METADATA, "Scope is not allowed")
    ours = [v for v in answer.json()["violations"] if v["provider"] == "scope-filter"]
    assert [(v["field"], v["value"]) for v in ours] == [("scope", "address"), ("scope", "email2")]


def test_scopes_that_are_left_alone(under):
    oidc = under("scope-filter", action=["drop"], allowed_scopes=["phone"], priority=["-5"])
    answer = oidc.post(redirect_uris=[REDIRECT])
    assert "address" in answer.json()["scope"].split() and "Matricula-Changed" not in answer.headers
    answer = oidc.post(redirect_uris=[REDIRECT], scope="openid phone")
    assert answer.json()["scope"] == "phone" and "Matricula-Changed" not in answer.headers


# -- mcp-clients -------------------------------------------------------------------

EDITOR = {
    "client_name": "Editor",
    "redirect_uris": ["http://localhost:33418/", "cursor://anysphere.cursor-retrieval/oauth/callback"],
    "token_endpoint_auth_method": "none",
    "grant_types": ["authorization_code", "refresh_token"],
    "response_types": ["code"],
    "application_type": "native",
}


def test_an_mcp_client_is_made_safe(under):
    oidc = under("mcp-clients")
    made = oidc.create(**EDITOR)
    stored = oidc.stored(made)
    assert stored["publicClient"] is True and stored["consentRequired"] is True and stored["fullScopeAllowed"] is False
    assert stored["attributes"].get("pkce.code.challenge.method") == "S256"
    assert "client_secret" not in made


def test_a_client_that_asks_for_a_secret_is_made_public(under):
    oidc = under("mcp-clients")
    answer = oidc.post(redirect_uris=["https://app.example/cb"], token_endpoint_auth_method="client_secret_post")
    assert answer.status_code == 201, answer.text
    assert answer.json()["token_endpoint_auth_method"] == "none" and "client_secret" not in answer.json()
    assert answer.headers.get("Matricula-Changed") == "token_endpoint_auth_method"


@pytest.mark.parametrize(
    "change, error, text",
    [
        ({"redirect_uris": ["http://attacker.example/cb"]}, "invalid_redirect_uri", "Redirect URI scheme is not allowed"),
        ({"redirect_uris": ["evil://cb"]}, "invalid_redirect_uri", "Redirect URI scheme is not allowed"),
        ({"redirect_uris": []}, "invalid_redirect_uri", "Redirect URI is needed"),
        ({"grant_types": ["authorization_code", "password"]}, METADATA, "Grant type is not allowed for MCP clients"),
        ({"grant_types": ["client_credentials"]}, METADATA, "Grant type is not allowed for MCP clients"),
        ({"response_types": ["code", "id_token"]}, METADATA, "Response type is not allowed for MCP clients"),
    ],
)
def test_what_an_mcp_client_may_not(under, change, error, text):
    answer = under("mcp-clients").post(**EDITOR | change)
    assert answer.status_code == 400, answer.text
    assert text in {message for _, _, message in texts(answer)}
    assert answer.json()["error"] == error


def test_the_profile_opens_a_realm_and_keeps_it_safe(realm):
    assert realm.register("openid-connect", json=EDITOR).status_code == 403
    body = {"profile": "mcp", "subType": "anonymous"}
    answer = realm.admin("PUT", "/client-registration-policy/profile", params={"dryRun": "true"}, json=body)
    assert answer.status_code == 200, answer.text
    said = answer.json()
    assert realm.register("openid-connect", json=EDITOR).status_code == 403
    answer = realm.admin("PUT", "/client-registration-policy/profile", json=body)
    assert answer.json() == said
    assert "Trusted Hosts" in said["removed"] and said["added"] == ["MCP Clients"]
    made = realm.register("openid-connect", json=EDITOR | {"scope": "openid phone tools:run"})
    assert made.status_code == 201, made.text
    assert made.json()["scope"] == "phone"
    assert realm.register("openid-connect", json={"redirect_uris": ["http://attacker.example/"]}).status_code == 400
    again = realm.admin("PUT", "/client-registration-policy/profile", json=body).json()
    assert again == {"removed": [], "added": [], "changed": []}


def test_an_unknown_profile(realm):
    answer = realm.admin("PUT", "/client-registration-policy/profile", json={"profile": "x", "subType": "anonymous"})
    assert answer.status_code == 400, answer.text
    assert "profile" in answer.json()["error_description"]


# -- fapi-2 ------------------------------------------------------------------------

PAYER = {"redirect_uris": ["https://tpp.example/cb"], "token_endpoint_auth_method": "private_key_jwt", "jwks": {"keys": [EC_KEY]}}


def test_a_fapi_client_is_completed(under):
    oidc = under("fapi-2")
    made = oidc.create(**PAYER)
    assert made["require_pushed_authorization_requests"] is True
    assert made["dpop_bound_access_tokens"] is True
    assert made.get("id_token_signed_response_alg") == "ES256"
    assert oidc.stored(made)["attributes"]["pkce.code.challenge.method"] == "S256"


@pytest.mark.parametrize("key", [EC_KEY, RSA_KEY, OKP_KEY], ids=["EC", "RSA", "OKP"])
def test_keys_for_fapi(under, key):
    jwk = {k: v for k, v in key.items() if k != "alg"}
    assert under("fapi-2").post(**PAYER | {"jwks": {"keys": [jwk]}}).status_code == 201


@pytest.mark.parametrize(
    "change, error, text, field",
    [
        ({"token_endpoint_auth_method": "client_secret_basic"}, METADATA, "Client authentication is not allowed by FAPI", "token_endpoint_auth_method"),
        ({"token_endpoint_auth_method": None}, METADATA, "Client authentication is not allowed by FAPI", "token_endpoint_auth_method"),
        ({"token_endpoint_auth_method": "none"}, METADATA, "Client authentication is not allowed by FAPI", "token_endpoint_auth_method"),
        ({"grant_types": ["authorization_code", "implicit"]}, METADATA, "Response type is not allowed by FAPI", "response_types"),
        ({"grant_types": ["authorization_code", "password"]}, METADATA, "Grant type is not allowed by FAPI", "grant_types"),
        ({"response_types": ["code id_token"]}, METADATA, "Response type is not allowed by FAPI", "response_types"),
        ({"redirect_uris": ["http://127.0.0.1/cb"]}, "invalid_redirect_uri", "Redirect URI must use https", "redirect_uris"),
        ({"require_pushed_authorization_requests": False}, METADATA, "Pushed authorization requests are needed", "require_pushed_authorization_requests"),
        ({"dpop_bound_access_tokens": False}, METADATA, "Access tokens must be sender-constrained", "dpop_bound_access_tokens"),
        ({"id_token_signed_response_alg": "RS256"}, METADATA, "Algorithm is not allowed by FAPI", "id_token_signed_response_alg"),
        ({"token_endpoint_auth_signing_alg": "HS256"}, METADATA, "Algorithm is not allowed by FAPI", "token_endpoint_auth_signing_alg"),
        ({"request_uris": ["https://tpp.example/r"]}, METADATA, "Request URIs are not allowed by FAPI", "request_uris"),
        ({"jwks": {"keys": [Key("RS256", bits=1024, kid="short").public]}}, METADATA, "Key is not allowed by FAPI", "jwks"),
    ],
)
def test_what_fapi_does_not_allow(under, change, error, text, field):
    answer = under("fapi-2").post(**PAYER | change)
    assert answer.status_code == 400, answer.text
    assert answer.json()["error"] == error
    assert (field, text) in {(f, m) for f, _, m in texts(answer)}


@pytest.mark.parametrize(
    "config, change, status",
    [
        ({"correct": ["false"]}, {}, 400),
        ({"correct": ["false"]}, {"require_pushed_authorization_requests": True, "dpop_bound_access_tokens": True,
                                  "id_token_signed_response_alg": "PS256"}, 201),
        ({"sender_constrained": ["mtls"]}, {"dpop_bound_access_tokens": True, "tls_client_certificate_bound_access_tokens": False}, 400),
        ({"sender_constrained": ["mtls"]}, {"tls_client_certificate_bound_access_tokens": True}, 201),
        ({"sender_constrained": ["dpop"]}, {}, 201),
        ({"min_rsa_bits": ["3072"]}, {"jwks": {"keys": [{k: v for k, v in RSA_KEY.items() if k != "alg"}]}}, 400),
    ],
)
def test_settings_of_fapi(under, config, change, status):
    answer = under("fapi-2", **config).post(**PAYER | change)
    assert answer.status_code == status, answer.text


def test_fapi_judges_the_whole_client_on_update(realm, oidc):
    made = oidc.create(redirect_uris=["https://tpp.example/cb"])
    add_policy(realm, "fapi-2")
    answer = oidc.put(made, redirect_uris=["https://tpp.example/cb"], client_name="New")
    refused(answer, METADATA, "Client authentication is not allowed by FAPI")


# -- a dry run shows them ----------------------------------------------------------


def test_a_dry_run_with_a_policy_of_the_catalogue(realm):
    body = {
        "provider": "openid-connect", "operation": "register", "contentType": "application/json",
        "document": json.dumps({"redirect_uris": ["https://evil.test/cb"]}),
        "caller": {"kind": "anonymous", "address": "203.0.113.9"},
        "policies": [{"name": "Rules", "providerId": "redirect-rules", "config": {"allowed-hosts": ["good.test"]}}],
    }
    answer = realm.admin("POST", "/client-registration-policy/evaluate", json=body)
    assert answer.status_code == 200, answer.text
    found = answer.json()
    assert found["decision"] == "reject" and found["status"] == 400 and found["error"] == "invalid_redirect_uri"
    assert found["policies"][0]["verdict"] == "reject"


# -- more of each ----------------------------------------------------------------------


@pytest.mark.parametrize("value", ["0", "-1", "1.5", "1000001", " 5", "0x10", "five"])
def test_numbers_of_quotas(realm, value):
    answer = policy_answer(realm, "client-quota", max_per_address=[value])
    assert answer.status_code == 400 and "Max Per Address" in answer.json().get("errorMessage", ""), answer.text


@pytest.mark.parametrize("host", ["172.32.0.1", "11.0.0.1", "100.128.0.1", "[2600::1]", "192.0.3.1", "198.20.0.1"])
def test_addresses_beside_the_private_ones(under, host):
    assert under("public-addresses").post(redirect_uris=[f"https://{host}/cb"]).status_code == 201


@pytest.mark.parametrize(
    "member, value",
    [("request_uris", ["https://8.8.8.8/", "https://10.0.0.1/r"]), ("post_logout_redirect_uris", ["https://10.0.0.1/r"]), ("policy_uri", "https://10.0.0.1/r"),
     ("frontchannel_logout_uri", "https://10.0.0.1/r"), ("initiate_login_uri", "https://10.0.0.1/r"), ("logo_uri#de", "https://10.0.0.1/r")],
)
def test_more_members_with_addresses(under, member, value):
    answer = under("public-addresses").post(**{"redirect_uris": ["https://8.8.8.8/"], member: value})
    refused(answer, METADATA, "Host has an address that is not public")
    assert texts(answer)[0][0] == member and "10.0.0.1" in texts(answer)[0][1]


@pytest.mark.parametrize("method", ["private_key_jwt", "tls_client_auth", "client_secret_jwt"])
def test_other_ways_to_prove_oneself(under, method):
    more = {"jwks": {"keys": [EC_KEY]}} if method == "private_key_jwt" else {}
    answer = under("mcp-clients").post(redirect_uris=[REDIRECT], token_endpoint_auth_method=method, **more)
    if method == "client_secret_jwt":
        assert answer.status_code == 201 and answer.json()["token_endpoint_auth_method"] == "none", answer.text
    else:
        refused(answer, METADATA, "Client authentication is not allowed for MCP clients")


@pytest.mark.parametrize("body, member", [({"profile": "mcp"}, "subType"), ({"profile": "mcp", "subType": "all"}, "subType"), ({"profile": "mcp", "subType": "anonymous", "x": 1}, "x")])
def test_faults_of_the_profile_call(realm, body, member):
    answer = realm.admin("PUT", "/client-registration-policy/profile", json=body)
    assert answer.status_code == 400, answer.text
    assert member in answer.json()["error_description"]


def test_who_may_set_a_profile(realm):
    body = {"profile": "mcp", "subType": "anonymous"}
    for role, status in (("manage-clients", 403), ("view-realm", 403), ("manage-realm", 200)):
        assert realm.admin_as(realm.user_token(role), "PUT", "/client-registration-policy/profile", json=body).status_code == status


@pytest.mark.parametrize("change, status", [({}, 201), ({"require_pushed_authorization_requests": False}, 201), ({"id_token_signed_response_alg": "RS256"}, 400)])
def test_fapi_1_advanced(under, change, status):
    answer = under("fapi-2", profile=["1"]).post(**PAYER | {"tls_client_certificate_bound_access_tokens": True} | change)
    assert answer.status_code == status, answer.text


@pytest.mark.parametrize("scheme", ["javascript", "DATA", "file", "vbscript", "blob", "about", "ws", "wss", "ftp"])
def test_schemes_that_no_setting_allows(realm, scheme):
    answer = policy_answer(realm, "redirect-rules", custom_schemes=["cursor", scheme])
    assert answer.status_code == 400 and scheme in answer.json().get("errorMessage", ""), answer.text


@pytest.mark.parametrize("name", ["Acme", "Bank of Acme", "Acne Bank", "日本銀行", ""])
def test_names_not_like_a_brand(under, name):
    oidc = under("client-naming", protected_names=["Acme Bank"], look_alikes=["reject"])
    assert oidc.post(redirect_uris=[REDIRECT], client_name=name).status_code == 201


def test_quotas_count_what_was_there_before(realm, oidc):
    for _ in range(2):
        assert oidc.post(redirect_uris=[REDIRECT]).status_code == 201
    add_policy(realm, "client-quota", max_per_address=["2"])
    refused(oidc.post(redirect_uris=[REDIRECT]), "insufficient_scope", "It's allowed to have max 2 clients per address", 403)


def test_clients_of_the_administrator_take_no_room(realm, oidc):
    add_policy(realm, "client-quota", max_per_address=["1"])
    realm.create_client(unique("made"))
    assert oidc.post(redirect_uris=[REDIRECT]).status_code == 201
