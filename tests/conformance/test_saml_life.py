"""Service providers after their registration: updates by metadata, metadata by URL, signed documents, aggregates (docs/saml-metadata.md 3 to 7).

Keycloak has none of it.
"""

import json
import os
import subprocess

import pytest
from signxml import DigestAlgorithm, SignatureMethod, XMLSigner

from harness import assert_error, jwt_claims, unique
from saml import (
    ENCRYPTION,
    NAME_ID_20,
    SIGNING,
    XML,
    SamlProvider,
    acs,
    attribute_service,
    entities,
    entity,
    key,
    name_id,
    requested,
    slo,
    sp,
)
from saml_metadata import (
    certificates,
    descriptor,
    eventually,
    federation,
    instant,
    locations,
    metadata_site,
    preview,
    publish,
    put,
    refresh,
)

pytestmark = pytest.mark.beyond

METADATA = "invalid_client_metadata"
POST = acs("HTTP-POST", "https://sp.example.com/acs")
MOVED = acs("HTTP-POST", "https://sp.example.com/acs/new")
LOCAL = acs("HTTP-POST", "http://localhost/acs")


def made(saml, *children, attributes="", **how):
    """A new client and its entity id."""
    entity_id = unique("https://sp.example.com/saml")
    return saml.create(entity(sp(*(children or (POST,)), **how), entity_id=entity_id, attributes=attributes)), entity_id


def by_url(realm, url, token=None, content=""):
    """Registers a service provider by the address of its metadata."""
    return realm.register(f"saml2-entity-descriptor?metadataUrl={url}", token=token, content=content, headers=XML)


# -- 3: update by metadata ----------------------------------------------------------------------


def test_update_with_the_registration_access_token(saml):
    client, entity_id = made(saml)
    response = put(saml.realm, entity_id, entity(sp(MOVED), entity_id=entity_id), client["registrationAccessToken"])
    assert response.status_code == 200, response.text
    body = response.json()
    assert body["redirectUris"] == ["https://sp.example.com/acs/new"]
    assert body["attributes"]["saml_assertion_consumer_url_post"] == "https://sp.example.com/acs/new"
    assert (body["id"], body["clientId"], body["secret"]) == (client["id"], entity_id, client["secret"])
    assert body["registrationAccessToken"] != client["registrationAccessToken"]
    again = put(saml.realm, entity_id, entity(sp(POST), entity_id=entity_id), client["registrationAccessToken"])
    assert_error(again, 401, "invalid_token")
    again = put(saml.realm, entity_id, entity(sp(POST), entity_id=entity_id), body["registrationAccessToken"])
    assert again.status_code == 200
    assert again.headers["Cache-Control"] == "no-store"


def test_update_with_a_bearer_token(saml):
    client, entity_id = made(saml)
    document = entity(sp(MOVED), entity_id=entity_id)
    assert put(saml.realm, entity_id, document, saml.realm.user_token("view-clients")).status_code == 403
    response = put(saml.realm, entity_id, document, saml.realm.user_token("manage-clients"))
    assert response.status_code == 200, response.text
    assert "registrationAccessToken" not in response.json()
    assert saml.realm.client(entity_id)["redirectUris"] == ["https://sp.example.com/acs/new"]
    read = saml.realm.register("default", "GET", "x", token=client["registrationAccessToken"])
    assert read.status_code == 401


def test_update_is_an_event(realm):
    realm.update(eventsEnabled=True)
    client, entity_id = made(SamlProvider(realm))
    response = put(realm, entity_id, entity(sp(MOVED), entity_id=entity_id), client["registrationAccessToken"])
    assert response.status_code == 200, response.text
    assert [event["clientId"] for event in realm.events(type="CLIENT_UPDATE")] == [entity_id]


def test_update_that_is_refused_changes_nothing(saml):
    client, entity_id = made(saml)
    token = client["registrationAccessToken"]
    other = put(saml.realm, entity_id, entity(sp(MOVED), entity_id="urn:other"), token)
    assert_error(other, 400, METADATA, "Client Identifier modified")
    assert put(saml.realm, entity_id, "<md:Entity", token).status_code == 400
    assert put(saml.realm, entity_id, entity(sp(MOVED), entity_id=entity_id), token, headers={"Content-Type": "text/xml"}).status_code == 415
    bad = put(saml.realm, entity_id, entity(sp(acs("HTTP-POST", "javascript:alert(1)")), entity_id=entity_id), token)
    assert_error(bad, 400, "invalid_redirect_uri")
    assert saml.realm.client(entity_id)["redirectUris"] == ["https://sp.example.com/acs"]
    assert put(saml.realm, entity_id, entity(sp(MOVED), entity_id=entity_id), token).status_code == 200


def test_who_may_not_update(saml):
    _, entity_id = made(saml)
    other, other_id = made(saml)
    document = entity(sp(MOVED), entity_id=entity_id)
    assert_error(put(saml.realm, entity_id, document, None), 401, "invalid_token")
    assert_error(put(saml.realm, entity_id, document, other["registrationAccessToken"]), 401, "invalid_token")
    assert_error(put(saml.realm, entity_id, document, saml.token), 401, "invalid_token")
    unknown = put(saml.realm, "urn:nobody", entity(sp(MOVED), entity_id="urn:nobody"), saml.realm.user_token("manage-clients"))
    assert_error(unknown, 404, "invalid_request", "Client not found")
    assert put(saml.realm, entity_id, "", None).status_code == 400


def test_client_of_another_protocol(realm):
    created = realm.register("default", token=realm.initial_access_token(), json={"clientId": "oidc"}).json()
    response = put(realm, "oidc", entity(sp(POST), entity_id="oidc"), created["registrationAccessToken"])
    assert_error(response, 400, "invalid_client", "Wrong client protocol.")
    assert realm.client("oidc")["protocol"] == "openid-connect"


def test_policies_judge_an_update(open_realm):
    document = entity(sp(LOCAL), entity_id="urn:sp:anonymous")
    created = open_realm.register("saml2-entity-descriptor", content=document, headers=XML)
    assert created.status_code == 201, created.text
    token = created.json()["registrationAccessToken"]
    assert jwt_claims(token)["registration_auth"] == "anonymous"
    refused = put(open_realm, "urn:sp:anonymous", entity(sp(POST), entity_id="urn:sp:anonymous"), token)
    assert_error(refused, 403, "insufficient_scope")
    assert "Trusted Hosts" in refused.json()["error_description"]
    assert refused.json()["violations"][0]["value"] == "https://sp.example.com/acs"
    assert open_realm.client("urn:sp:anonymous")["redirectUris"] == ["http://localhost/acs"]
    assert put(open_realm, "urn:sp:anonymous", document, token).status_code == 200


def test_what_the_new_document_leaves_out_is_removed(saml):
    client, entity_id = made(
        saml, POST, slo("HTTP-POST", "https://sp.example.com/slo"), key("encryption", ENCRYPTION), name_id(f"{NAME_ID_20}persistent")
    )
    assert client["attributes"]["saml.encrypt"] == "true"
    response = put(saml.realm, entity_id, entity(sp(POST), entity_id=entity_id), client["registrationAccessToken"])
    assert response.status_code == 200, response.text
    attributes = response.json()["attributes"]
    for name in ("saml_single_logout_service_url_post", "saml.encryption.certificate"):
        assert not attributes.get(name), name
    assert attributes.get("saml.encrypt") in (None, "false")
    assert attributes["saml_name_id_format"] == "username"
    assert attributes["saml.signing.certificate"] == SIGNING


def test_what_others_added_stays(saml):
    client, entity_id = made(saml)
    saml.realm.update_client(
        entity_id,
        name="Our wiki",
        consentRequired=True,
        redirectUris=["https://sp.example.com/acs", "https://sp.example.com/extra"],
        attributes={"saml.assertion.lifespan": "120"},
    )
    response = put(saml.realm, entity_id, entity(sp(MOVED), entity_id=entity_id), client["registrationAccessToken"])
    assert response.status_code == 200, response.text
    body = response.json()
    assert (body["name"], body["consentRequired"]) == ("Our wiki", True)
    assert body["attributes"]["saml.assertion.lifespan"] == "120"
    assert sorted(body["redirectUris"]) == ["https://sp.example.com/acs/new", "https://sp.example.com/extra"]


def test_mappers_keep_what_an_administrator_set(saml):
    client, entity_id = made(saml, POST, attribute_service(requested("mail"), requested("phone"), requested("title")))
    mappers = {mapper["name"]: mapper for mapper in client["protocolMappers"]}
    mappers["mail"]["config"]["user.attribute"] = "email"
    mappers["title"]["config"]["user.attribute"] = "jobTitle"
    saml.realm.update_client(entity_id, protocolMappers=list(mappers.values()))
    document = entity(sp(POST, attribute_service(requested("mail", 'FriendlyName="e-mail"'), requested("city"))), entity_id=entity_id)
    response = put(saml.realm, entity_id, document, client["registrationAccessToken"])
    assert response.status_code == 200, response.text
    after = {mapper["name"]: mapper for mapper in response.json()["protocolMappers"]}
    assert set(after) == {"mail", "title", "city"}
    assert after["mail"]["id"] == mappers["mail"]["id"]
    assert after["mail"]["config"]["user.attribute"] == "email"
    assert after["mail"]["config"]["friendly.name"] == "e-mail"


def test_a_document_without_a_signing_certificate(saml):
    client, entity_id = made(saml)
    bare = entity(sp(MOVED, signing=False), entity_id=entity_id)
    response = put(saml.realm, entity_id, bare, client["registrationAccessToken"])
    assert_error(response, 400, METADATA, "The metadata must keep a signing certificate")
    client, entity_id = made(saml, POST, signing=False)
    bare = entity(sp(MOVED, signing=False), entity_id=entity_id)
    response = put(saml.realm, entity_id, bare, client["registrationAccessToken"])
    assert response.status_code == 200, response.text
    for name in ("saml.signing.certificate", "saml.signing.private.key"):
        assert response.json()["attributes"][name] == client["attributes"][name]


def test_only_put_is_offered_besides(saml):
    client, entity_id = made(saml)
    for method in ("GET", "DELETE", "PATCH"):
        response = saml.realm.register("saml2-entity-descriptor", method, "urn:x", token=client["registrationAccessToken"])
        assert response.status_code == 405, method
    options = saml.realm.register("saml2-entity-descriptor", "OPTIONS", "urn:x")
    assert {m.strip() for m in options.headers["Allow"].split(",")} >= {"PUT", "OPTIONS"}


# -- 4: certificate roll-over -------------------------------------------------------------------


def test_roll_over_keeps_the_old_certificate_until_the_metadata_drops_it(realm):
    publish(realm)
    saml = SamlProvider(realm)
    client, entity_id = made(saml)
    new = federation(1).base64
    both = entity(sp(POST, key("signing", SIGNING), key("signing", new), signing=False), entity_id=entity_id)
    response = put(realm, entity_id, both, client["registrationAccessToken"])
    assert response.status_code == 200, response.text
    assert response.json()["attributes"]["saml.signing.certificate"] == SIGNING
    assert certificates(descriptor(realm, entity_id), "signing") == [SIGNING, new]
    assert [c["current"] for c in preview(realm, entity_id)["signingCertificates"]] == [True, False]
    only_new = entity(sp(POST, key("signing", new), signing=False), entity_id=entity_id)
    response = put(realm, entity_id, only_new, response.json()["registrationAccessToken"])
    assert response.json()["attributes"]["saml.signing.certificate"] == new
    assert certificates(descriptor(realm, entity_id), "signing") == [new]


# -- 6: validity --------------------------------------------------------------------------------


def test_expired_metadata_is_refused(realm):
    saml = SamlProvider(realm)
    past = "2001-01-01T00:00:00Z"
    for document in (
        entity(sp(POST), attributes=f'validUntil="{past}"'),
        entities(entity(sp(POST))).replace("<md:EntitiesDescriptor ", f'<md:EntitiesDescriptor validUntil="{past}" '),
    ):
        assert_error(saml.post(document), 400, METADATA, f"The metadata expired at {past}")
    client, entity_id = made(saml, attributes=f'validUntil="{instant(3600)}"')
    assert preview(realm, entity_id)["validUntil"] > 1_700_000_000_000
    expired = entity(sp(MOVED), entity_id=entity_id, attributes=f'validUntil="{instant(-5)}"')
    assert_error(put(realm, entity_id, expired, client["registrationAccessToken"]), 400, METADATA)
    realm.update(samlMetadata={"expired": "accept"})
    assert put(realm, entity_id, expired, client["registrationAccessToken"]).status_code == 200


# -- 5: signed documents ------------------------------------------------------------------------


def signed_realm(realm, *signers):
    realm.update(samlMetadata={"signature": "require", "signers": [signer.pem for signer in signers]})
    return SamlProvider(realm)


NOT_SIGNED = "The metadata must be signed by a trusted signer"


def refused_signature(response, reason):
    assert_error(response, 400, METADATA)
    assert response.json()["error_description"].startswith(f"{NOT_SIGNED}: {reason}"), response.text


def test_signed_documents(realm):
    saml = signed_realm(realm, federation(0), federation(2))
    refused_signature(saml.post(entity(sp(POST))), "no signature")
    refused_signature(saml.post(federation(1).sign(entity(sp(POST)))), "unknown signer")
    good = federation(0).sign(entity(sp(POST), entity_id="urn:sp:signed"))
    refused_signature(saml.post(good.replace(b"sp.example.com", b"sp.example.org")), "signature does not verify")
    client = saml.create(good)
    assert preview(realm, "urn:sp:signed")["signedBy"]
    token = client["registrationAccessToken"]
    refused_signature(put(realm, "urn:sp:signed", entity(sp(MOVED), entity_id="urn:sp:signed"), token), "no signature")
    moved = federation(2).sign(entity(sp(MOVED), entity_id="urn:sp:signed"))
    assert put(realm, "urn:sp:signed", moved, token).status_code == 200


def test_signature_of_the_list_around_the_entity(realm):
    saml = signed_realm(realm, federation(0))
    created = saml.post(federation(0).sign(entities(entity(sp(POST), entity_id="urn:sp:in-list"))))
    assert created.status_code == 201, created.text
    assert preview(realm, "urn:sp:in-list")["signedBy"]
    refused_signature(saml.post(entities(entity(sp(POST)))), "no signature")


def test_weak_signature(realm):
    saml = signed_realm(realm, federation(0))
    weak = XMLSigner(c14n_algorithm="http://www.w3.org/2001/10/xml-exc-c14n#")
    weak.check_deprecated_methods = lambda: None
    weak.sign_alg, weak.digest_alg = SignatureMethod.RSA_SHA1, DigestAlgorithm.SHA1
    refused_signature(saml.post(federation(0).sign(entity(sp(POST)), signer=weak)), "algorithm")


def test_administrators_are_no_exception(realm):
    signed_realm(realm, federation(0))
    token = realm.user_token("manage-clients")
    response = realm.register("saml2-entity-descriptor", token=token, content=entity(sp(POST)), headers=XML)
    refused_signature(response, "no signature")


# -- 4: metadata by URL -------------------------------------------------------------------------


def test_registration_by_url(realm):
    with metadata_site(entity(sp(POST), entity_id="urn:sp:url")) as site:
        created = by_url(realm, site.url, realm.initial_access_token())
        assert created.status_code == 201, created.text
        body = created.json()
    assert body["clientId"] == "urn:sp:url"
    assert body["redirectUris"] == ["https://sp.example.com/acs"]
    assert body["attributes"]["saml.metadataDescriptorUrl"] == site.url
    assert body["attributes"]["saml.useMetadataDescriptorUrl"] == "true"
    assert len(site.requests) == 1
    assert "application/samlmetadata+xml" in site.requests[0]["accept"]
    shown = preview(realm, "urn:sp:url")
    assert (shown["source"], shown["metadataUrl"]) == ("url", site.url)
    assert shown["refresh"]["next"] > shown["received"]


def test_url_that_cannot_be_fetched(realm):
    token = realm.initial_access_token(count=10)
    with metadata_site(entity(sp(POST), entity_id="urn:sp:url")) as site:

        def refused(reason, url=site.url):
            response = by_url(realm, url, token)
            assert_error(response, 400, METADATA, f"Failed to get metadata from {url}: {reason}")
            assert realm.client("urn:sp:url") is None

        site.status = 404
        refused("status 404")
        site.status, site.headers = 302, {"Location": f"{site.base}/other"}
        refused("redirect")
        site.status, site.headers = 200, {}
        site.document = entity(sp(POST), f"<!-- {'x' * 1_048_576} -->", entity_id="urn:sp:url")
        refused("too large")
        site.document = "no metadata"
        assert_error(by_url(realm, site.url, token), 400, METADATA)
        site.document = entity(sp(POST), entity_id="urn:sp:url")
        assert by_url(realm, site.url, token).status_code == 201


def test_refresh(realm):
    realm.update(eventsEnabled=True)
    with metadata_site(entity(sp(POST), entity_id="urn:sp:url")) as site:
        site.headers = {"ETag": '"one"', "Last-Modified": "Sat, 01 Aug 2026 10:00:00 GMT"}
        created = by_url(realm, site.url, realm.initial_access_token())
        assert created.status_code == 201, created.text
        assert refresh(realm, "urn:sp:url")["outcome"] == "unchanged"
        assert site.requests[-1]["if-none-match"] == '"one"'
        assert site.requests[-1]["if-modified-since"] == "Sat, 01 Aug 2026 10:00:00 GMT"
        assert realm.events(type="CLIENT_UPDATE") == []
        site.document, site.headers = entity(sp(MOVED), entity_id="urn:sp:url"), {"ETag": '"two"'}
        assert refresh(realm, "urn:sp:url")["outcome"] == "changed"
    assert realm.client("urn:sp:url")["redirectUris"] == ["https://sp.example.com/acs/new"]
    assert [event["clientId"] for event in realm.events(type="CLIENT_UPDATE")] == ["urn:sp:url"]
    read = realm.register("default", "GET", "urn:sp:url", token=created.json()["registrationAccessToken"])
    assert read.status_code == 200


def test_refresh_that_fails_leaves_the_client_as_it_is(realm):
    realm.update(eventsEnabled=True)
    publish(realm)
    with metadata_site(entity(sp(POST), entity_id="urn:sp:url")) as site:
        created = by_url(realm, site.url, realm.initial_access_token())
        assert created.status_code == 201, created.text
        site.status = 500
        for failures in (1, 2):
            shown = refresh(realm, "urn:sp:url")
            assert (shown["outcome"], shown["failures"]) == ("failed", failures)
            assert "500" in shown["reason"]
        (event,) = realm.events(type="CLIENT_UPDATE_ERROR")
        assert (event["clientId"], event["error"]) == ("urn:sp:url", "metadata_refresh_failed")
        site.status, site.document = 200, entity(sp(MOVED), entity_id="urn:sp:somebody-else")
        assert refresh(realm, "urn:sp:url")["outcome"] in ("failed", "refused")
        site.document = entity(sp(MOVED), entity_id="urn:sp:url")
        shown = refresh(realm, "urn:sp:url")
        assert (shown["outcome"], shown["failures"], shown["reason"]) == ("changed", 0, None)
    assert locations(descriptor(realm, "urn:sp:url"), "AssertionConsumerService")[0][1] == "https://sp.example.com/acs/new"


def test_policies_judge_what_a_refresh_brings(open_realm):
    open_realm.update(eventsEnabled=True)
    with metadata_site(entity(sp(LOCAL), entity_id="urn:sp:url")) as site:
        created = by_url(open_realm, site.url)
        assert created.status_code == 201, created.text
        site.document = entity(sp(POST), entity_id="urn:sp:url")
        shown = refresh(open_realm, "urn:sp:url")
        assert shown["outcome"] == "refused"
        assert "Trusted Hosts" in shown["reason"]
        refresh(open_realm, "urn:sp:url")
    assert open_realm.client("urn:sp:url")["redirectUris"] == ["http://localhost/acs"]
    (event,) = open_realm.events(type="CLIENT_UPDATE_ERROR")
    assert (event["error"], event["details"]["decision"]) == ("not_allowed", shown["decision"])
    found = open_realm.admin("GET", "/client-registration-policy/decisions", params={"id": shown["decision"]}).json()
    assert found[0]["caller"]["kind"] == "metadata-refresh"


def test_refresh_in_the_background(realm):
    realm.update(samlMetadata={"refreshMin": 1, "refreshMax": 2})
    document = entity(sp(POST), entity_id="urn:sp:url", attributes='cacheDuration="PT1S"')
    with metadata_site(document) as site:
        created = by_url(realm, site.url, realm.initial_access_token())
        assert created.status_code == 201, created.text
        site.document = document.replace("/acs", "/acs/new")
        wanted = ["https://sp.example.com/acs/new"]
        assert eventually(lambda: realm.client("urn:sp:url")["redirectUris"] == wanted)


def test_metadata_that_runs_out_disables_the_client(realm):
    realm.update(eventsEnabled=True, samlMetadata={"refreshMin": 1, "refreshMax": 1, "expiryGrace": 1})

    def document(seconds):
        return entity(sp(POST), entity_id="urn:sp:url", attributes=f'validUntil="{instant(seconds)}"')

    with metadata_site(document(4)) as site:
        created = by_url(realm, site.url, realm.initial_access_token())
        assert created.status_code == 201, created.text
        assert realm.client("urn:sp:url")["enabled"]
        assert eventually(lambda: not realm.client("urn:sp:url")["enabled"])
        assert realm.client("urn:sp:url")["attributes"]["saml.metadata.expired"]
        assert realm.events(type="CLIENT_UPDATE")[0]["details"]["reason"] == "metadata_expired"
        site.document = document(3600)
        assert eventually(lambda: realm.client("urn:sp:url")["enabled"])
    assert "saml.metadata.expired" not in realm.client("urn:sp:url")["attributes"]


def test_url_of_a_registered_client(saml):
    client, entity_id = made(saml)
    realm = saml.realm
    conflict = realm.admin("POST", f"/clients/{client['id']}/saml-metadata/refresh")
    assert (conflict.status_code, conflict.json()) == (409, {"error": "No metadata URL"})
    with metadata_site(entity(sp(MOVED), entity_id=entity_id)) as site:
        response = put(realm, entity_id, "", client["registrationAccessToken"], f"?metadataUrl={site.url}")
        assert response.status_code == 200, response.text
        body = response.json()
        assert body["redirectUris"] == ["https://sp.example.com/acs/new"]
        assert body["attributes"]["saml.metadataDescriptorUrl"] == site.url
    document = entity(sp(POST), entity_id=entity_id)
    body = put(realm, entity_id, document, body["registrationAccessToken"], "?metadataUrl=").json()
    assert not body["attributes"].get("saml.metadataDescriptorUrl")
    assert not body["attributes"].get("saml.useMetadataDescriptorUrl")


# -- 7: aggregates ------------------------------------------------------------------------------


@pytest.fixture
def matricula(tmp_path):
    """Runs `matricula realm` on a database of its own that holds the realm `federation`; MATRICULA_BIN is the program's path."""
    program = os.environ.get("MATRICULA_BIN")
    if not program:
        pytest.skip("MATRICULA_BIN does not name the program")
    place = ["--database", f"sqlite://{tmp_path}/m.db", "--data", str(tmp_path / "data")]

    def run(*arguments):
        return subprocess.run([program, "realm", *arguments, *place], capture_output=True, text=True, timeout=120)

    server = subprocess.Popen([program, "serve", "--listen", "127.0.0.1:0", *place], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    while '"ready"' not in (server.stdout.readline() or '"ready"'):
        pass
    server.terminate()
    server.communicate(timeout=30)
    realm = tmp_path / "realm.json"
    realm.write_text(json.dumps({"realm": "federation", "enabled": True}))
    done = run("import", str(realm))
    assert done.returncode == 0, done.stderr
    return run


def test_import_of_an_aggregate(matricula, tmp_path):
    many = [entity(sp(POST), entity_id=f"urn:sp:{number}") for number in range(40)]
    broken = entity(sp(key("signing", "bm8gY2VydGlmaWNhdGU=")), entity_id="urn:sp:broken")
    identity_provider = entity(
        '<md:IDPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol"/>', entity_id="urn:idp"
    )
    file, report = tmp_path / "all.xml", tmp_path / "report"
    file.write_text(entities(*many[:20], entities(*many[20:]), broken, identity_provider))
    done = matricula("import", "--realm", "federation", "--saml-metadata", str(file), "--report", str(report))
    assert done.returncode == 1, done.stderr
    assert done.stdout.splitlines()[-1] == (
        "federation: 42 entities: 40 stored, 0 unchanged, 0 updated, 1 not service providers, 1 not stored"
    )
    (line,) = report.read_text().splitlines()
    assert json.loads(line)["entityID"] == "urn:sp:broken"
    assert set(json.loads(line)) == {"entity", "entityID", "reason"}
    file.write_text(entities(*many[:40]))
    again = matricula("import", "--realm", "federation", "--saml-metadata", str(file))
    assert again.returncode == 0
    assert "0 stored, 40 unchanged" in again.stdout
