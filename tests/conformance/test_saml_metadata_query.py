"""Registered service providers by the Metadata Query Protocol (docs/saml-metadata.md 1 and 2). Keycloak has none of it."""

import concurrent.futures
import datetime
import gzip
import hashlib
import http.client
from urllib.parse import quote, urlsplit
from xml.sax.saxutils import escape

import pytest
from cryptography.hazmat.primitives import hashes
from lxml import etree
from saml2.mdstore import MetaDataMDX

from harness import BASE_URL, Realm
from saml import ENCRYPTION, NAME_ID_20, SIGNING, SamlProvider, acs, attribute_service, entity, key, name_id, requested, slo, sp
from saml_metadata import (
    DS,
    MD,
    NS,
    TYPE,
    all_entities,
    certificates,
    descriptor,
    entity_ids,
    locations,
    mdq,
    mdq_raw,
    preview,
    publish,
    signing_certificate,
    verified,
)

pytestmark = pytest.mark.beyond

ACS = "https://sp.example.com/acs"
POST = acs("HTTP-POST", ACS)
UNKNOWN = {"error": "Entity not found"}
NOT_OFFERED = {"error": "HTTP 404 Not Found"}


@pytest.fixture(scope="module")
def published(server):
    """A realm that publishes all, for tests that only add clients of their own."""
    made = Realm(server).create()
    made.update(samlMetadata={"publish": "all"})
    yield made
    made.delete()


@pytest.fixture(scope="module")
def providers(published):
    return SamlProvider(published)


def registered(providers, entity_id, *children):
    return providers.create(entity(sp(*(children or (POST,))), entity_id=escape(entity_id)))


# -- 1: what a realm publishes ------------------------------------------------------------------


def test_nothing_is_published_unless_the_realm_says_so(realm):
    SamlProvider(realm).create(entity(sp(POST), entity_id="urn:sp:one"))
    assert mdq(realm, "urn:sp:one").status_code == 404
    publish(realm, "entities")
    assert mdq(realm, "urn:sp:one").status_code == 200
    assert (mdq(realm).status_code, mdq(realm).json()) == (404, NOT_OFFERED)
    publish(realm, "all")
    assert entity_ids(all_entities(realm, 1)) == {"urn:sp:one"}
    publish(realm, "none")
    assert (mdq(realm, "urn:sp:one").status_code, mdq(realm, "urn:sp:one").json()) == (404, NOT_OFFERED)


def test_settings_and_their_defaults(realm):
    shown = realm.admin("GET", "").json().get("samlMetadata")
    assert shown == {
        "publish": "none",
        "validity": 1209600,
        "cacheDuration": 3600,
        "signature": "ignore",
        "signers": [],
        "expired": "refuse",
        "refreshMin": 300,
        "refreshMax": 86400,
        "expiryGrace": 86400,
    }
    realm.update(samlMetadata={"publish": "entities", "validity": 86400, "cacheDuration": 600})
    realm.update(displayName="still there")
    assert realm.admin("GET", "").json()["samlMetadata"] == shown | {
        "publish": "entities",
        "validity": 86400,
        "cacheDuration": 600,
    }
    realm.update(samlMetadata=None)
    assert realm.admin("GET", "").json()["samlMetadata"] == shown


@pytest.mark.parametrize(
    "settings, name",
    [
        ({"publish": "everything"}, "samlMetadata.publish"),
        ({"publish": True}, "samlMetadata.publish"),
        ({"validity": 60}, "samlMetadata.validity"),
        ({"validity": 7200, "cacheDuration": 3600}, "samlMetadata.cacheDuration"),
        ({"signature": "require"}, "samlMetadata.signers"),
        ({"signers": ["not a certificate"]}, "samlMetadata.signers"),
        ({"refreshMin": 600, "refreshMax": 300}, "samlMetadata.refreshM"),
        ({"publihs": "all"}, "samlMetadata.publihs"),
    ],
)
def test_settings_that_are_refused(shared_realm, settings, name):
    response = shared_realm.admin("PUT", "", json={"samlMetadata": settings})
    assert response.status_code == 400, response.text
    assert name in response.json()["errorMessage"]
    assert shared_realm.admin("GET", "").json()["samlMetadata"]["publish"] == "none"


# -- 2: questions -------------------------------------------------------------------------------


def test_an_entity_by_its_id(published, providers):
    registered(providers, "https://one.example/sp")
    response = mdq(published, "https://one.example/sp")
    assert response.status_code == 200, response.text
    assert response.headers["Content-Type"].split(";")[0] == TYPE
    root = etree.fromstring(response.content)
    assert (root.tag, root.get("entityID")) == (f"{MD}EntityDescriptor", "https://one.example/sp")
    assert locations(root, "AssertionConsumerService") == [("HTTP-POST", ACS, "0")]
    assert certificates(root, "signing") == [SIGNING]


@pytest.mark.parametrize(
    "entity_id",
    [
        "https://sp.example.org/metadata/sp.xml",
        "https://sp.example.org/shibboleth?x=1&y=2#z",
        "urn:mace:example.org:sp",
        "https://münchen.example/ü",
        "with a blank",
        "a+b",
        "50%25 of it",
        "a/../b",
        "{braces}",
    ],
)
def test_any_entity_id_is_one_segment(published, providers, entity_id):
    registered(providers, entity_id)
    root = descriptor(published, entity_id)
    assert root.get("entityID") == entity_id
    assert mdq_raw(published, quote(entity_id + "x", safe=""))[0] == 404


def test_entity_by_the_sha1_of_its_id(published, providers):
    registered(providers, "https://sha1.example/sp")
    digest = hashlib.sha1(b"https://sha1.example/sp").hexdigest()
    for segment in (f"{{sha1}}{digest}", f"%7Bsha1%7D{digest}", f"%7bsha1%7d{digest.upper()}"):
        status, body = mdq_raw(published, segment)
        assert status == 200, segment
        assert etree.fromstring(body).get("entityID") == "https://sha1.example/sp"
    for segment in (f"%7Bsha1%7D{digest[:-1]}", f"%7Bsha256%7D{digest}", digest, f"%7Bsha1%7D{'0' * 40}"):
        assert mdq_raw(published, segment)[0] == 404, segment


def test_plus_for_a_blank_when_nothing_else_is_found(published, providers):
    registered(providers, "urn:sp:php blank")
    status, body = mdq_raw(published, "urn%3Asp%3Aphp+blank")
    assert status == 200
    assert etree.fromstring(body).get("entityID") == "urn:sp:php blank"
    assert mdq_raw(published, "urn%3Asp%3Aphp%2Bblank")[0] == 404
    registered(providers, "urn:sp:php+blank")
    for segment in ("urn%3Asp%3Aphp+blank", "urn%3Asp%3Aphp%2Bblank"):
        assert etree.fromstring(mdq_raw(published, segment)[1]).get("entityID") == "urn:sp:php+blank"


def test_all_entities_are_one_signed_list(realm):
    publish(realm)
    assert (mdq(realm).status_code, mdq(realm).json()) == (404, UNKNOWN)
    saml = SamlProvider(realm)
    saml.create(entity(sp(POST), entity_id="urn:sp:1"))
    root = verified(realm, all_entities(realm, 1).content)
    assert root.tag == f"{MD}EntitiesDescriptor"
    for number in (2, 3):
        saml.create(entity(sp(POST), entity_id=f"urn:sp:{number}"))
    response = all_entities(realm, 3)
    assert entity_ids(response) == {"urn:sp:1", "urn:sp:2", "urn:sp:3"}
    root = verified(realm, response.content)
    assert root.get("validUntil") and root.get("cacheDuration")
    assert len(list(root.iter(f"{DS}Signature"))) <= 1
    assert not [e for e in root.iter(f"{MD}EntityDescriptor") if e.get("validUntil")]
    assert entity_ids(realm.server.http.get(f"/realms/{realm.name}/mdq/entities/")) == entity_ids(response)


@pytest.mark.parametrize(
    "accept, status",
    [
        (None, 200),
        ("*/*", 200),
        ("application/*", 200),
        (f"text/html, {TYPE};q=0.5", 200),
        ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", 200),
        ("APPLICATION/SAMLMETADATA+XML", 200),
        ("application/json", 406),
        ("application/xml", 406),
        ("text/*", 406),
        (f"{TYPE};q=0", 406),
        (f"*/*, {TYPE};q=0", 406),
    ],
)
def test_accept(published, providers, accept, status):
    if published.client("urn:sp:accept") is None:
        registered(providers, "urn:sp:accept")
    response = mdq(published, "urn:sp:accept", accept=accept)
    assert response.status_code == status, response.text
    if status == 406:
        assert response.json() == {"error": "Only application/samlmetadata+xml is offered"}
        assert mdq(published, "urn:sp:nobody", accept=accept).status_code == 406


def test_answers_when_there_is_nothing(published):
    response = mdq(published, "urn:sp:nobody")
    assert (response.status_code, response.json()) == (404, UNKNOWN)
    assert response.headers["Cache-Control"] == "public, max-age=60"
    assert mdq_raw(published, "a/b")[0] == 404
    unknown = published.server.http.get("/realms/no-such-realm/mdq/entities/x", headers={"Accept": TYPE})
    assert (unknown.status_code, unknown.json()) == (404, {"error": "Realm does not exist"})


def test_disabled_realm(realm):
    publish(realm)
    SamlProvider(realm).create(entity(sp(POST), entity_id="urn:sp:one"))
    assert mdq(realm, "urn:sp:one").status_code == 200
    realm.update(enabled=False)
    assert (mdq(realm, "urn:sp:one").status_code, mdq(realm, "urn:sp:one").json()["error"]) == (403, "access_denied")


def test_methods(published, providers):
    registered(providers, "urn:sp:methods")
    got, head = (mdq(published, "urn:sp:methods", method=method) for method in ("GET", "HEAD"))
    assert (got.status_code, head.status_code, head.content) == (200, 200, b"")
    for name in ("Content-Type", "ETag", "Cache-Control"):
        assert head.headers[name] == got.headers[name]
    for method in ("POST", "PUT", "DELETE"):
        response = mdq(published, "urn:sp:methods", method=method)
        assert response.status_code == 405
        assert {m.strip() for m in response.headers["Allow"].split(",")} == {"GET", "HEAD"}


def test_caching(published, providers):
    registered(providers, "urn:sp:cached")
    first = mdq(published, "urn:sp:cached")
    assert first.status_code == 200, first.text
    assert first.headers["Cache-Control"] == "public, max-age=3600"
    assert {v.strip().lower() for v in first.headers["Vary"].split(",")} >= {"accept", "accept-encoding"}
    etag = first.headers["ETag"]
    assert etag.startswith('"') and etag.endswith('"')
    assert mdq(published, "urn:sp:cached").content == first.content
    for value in (etag, f'"other", {etag}', f"W/{etag}", "*"):
        response = mdq(published, "urn:sp:cached", if_none_match=value)
        assert (response.status_code, response.content) == (304, b""), value
        assert response.headers["ETag"] == etag
        assert response.headers["Cache-Control"] == first.headers["Cache-Control"]
    assert mdq(published, "urn:sp:cached", if_none_match='"other"').status_code == 200
    published.update_client("urn:sp:cached", attributes={"saml.assertion.signature": "true"})
    changed = mdq(published, "urn:sp:cached", if_none_match=etag)
    assert changed.status_code == 200
    assert changed.headers["ETag"] != etag


def test_gzip(published, providers):
    registered(providers, "urn:sp:gzip")
    plain = mdq(published, "urn:sp:gzip", accept_encoding="identity")
    assert plain.status_code == 200, plain.text
    assert "Content-Encoding" not in plain.headers
    url = urlsplit(BASE_URL)
    connection = http.client.HTTPConnection(url.hostname, url.port, timeout=30)
    path = f"/realms/{published.name}/mdq/entities/urn%3Asp%3Agzip"
    connection.request("GET", path, headers={"Accept": TYPE, "Accept-Encoding": "gzip"})
    packed = connection.getresponse()
    assert packed.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(packed.read()) == plain.content
    assert packed.headers["ETag"].endswith('-gzip"')
    for etag in (packed.headers["ETag"], plain.headers["ETag"]):
        for encoding in ("gzip", "identity"):
            assert mdq(published, "urn:sp:gzip", accept_encoding=encoding, if_none_match=etag).status_code == 304


def test_only_enabled_saml_clients_are_published(realm):
    publish(realm)
    SamlProvider(realm).create(entity(sp(POST), entity_id="urn:sp:switched"))
    assert mdq(realm, "urn:sp:switched").status_code == 200
    for enabled, status in ((False, 404), (True, 200)):
        realm.update_client("urn:sp:switched", enabled=enabled)
        assert mdq(realm, "urn:sp:switched").status_code == status
    realm.create_client("oidc", redirectUris=["https://app.example/cb"])
    assert mdq(realm, "oidc").status_code == 404
    realm.admin("DELETE", f"/clients/{realm.client('urn:sp:switched')['id']}")
    assert mdq(realm, "urn:sp:switched").status_code == 404


# -- 2: signatures ------------------------------------------------------------------------------


def test_signature_and_validity(published, providers):
    registered(providers, "urn:sp:signed")
    response = mdq(published, "urn:sp:signed")
    assert response.status_code == 200, response.text
    root = verified(published, response.content)
    assert root.get("entityID") == "urn:sp:signed"
    document = etree.fromstring(response.content)
    assert document[0].tag == f"{DS}Signature"
    assert len(list(document.iter(f"{DS}Signature"))) == 1
    algorithms = [e.get("Algorithm") for e in document[0].iter() if e.get("Algorithm")]
    assert "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256" in algorithms
    assert "http://www.w3.org/2001/04/xmlenc#sha256" in algorithms
    assert "http://www.w3.org/2001/10/xml-exc-c14n#" in algorithms
    assert document[0].find(".//ds:Reference", NS).get("URI") == f"#{document.get('ID')}"
    ends = datetime.datetime.fromisoformat(document.get("validUntil"))
    days = (ends - datetime.datetime.now(datetime.timezone.utc)).total_seconds() / 86400
    assert 13.9 < days < 14.1
    assert document.get("cacheDuration") in ("PT3600S", "PT1H")


def test_certificate_of_the_realm(published, realm):
    publish(realm, "entities")
    one, other = signing_certificate(published), signing_certificate(realm)
    assert one.public_key().key_size >= 2048
    assert isinstance(one.signature_hash_algorithm, hashes.SHA256)
    assert one.issuer == one.subject
    assert published.name in one.subject.rfc4514_string()
    assert one.not_valid_after_utc > datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=3000)
    assert one.public_key() != other.public_key()
    publish(realm, "none")
    publish(realm, "all")
    assert signing_certificate(realm) == other


def test_the_signing_key_is_changed_in_two_steps(realm):
    publish(realm)
    SamlProvider(realm).create(entity(sp(POST), entity_id="urn:sp:one"))
    old = signing_certificate(realm)
    assert realm.admin("POST", "/saml-metadata/keys/activate").status_code == 409
    assert realm.admin("POST", "/saml-metadata/keys").status_code == 201
    assert realm.admin("POST", "/saml-metadata/keys").status_code == 409
    assert signing_certificate(realm) == old
    pem = realm.server.http.get(f"/realms/{realm.name}/mdq/certificate").text
    assert pem.count("BEGIN CERTIFICATE") == 2
    verified(realm, mdq(realm, "urn:sp:one").content, old)
    assert realm.admin("POST", "/saml-metadata/keys/activate").status_code == 204
    new = signing_certificate(realm)
    assert new.public_key() != old.public_key()
    verified(realm, mdq(realm, "urn:sp:one").content, new)


def test_questions_at_the_same_time_get_the_same_bytes(published, providers):
    registered(providers, "urn:sp:busy")
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: mdq(published, "urn:sp:busy"), range(24)))
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.content for answer in answers}) == 1


# -- 2: what a descriptor holds -----------------------------------------------------------------

FULL = entity(
    '<md:Extensions><mdattr:EntityAttributes xmlns:mdattr="urn:oasis:names:tc:SAML:metadata:attribute">'
    '<saml:Attribute xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" Name="http://macedir.org/entity-category">'
    "<saml:AttributeValue>http://refeds.org/category/research-and-scholarship</saml:AttributeValue></saml:Attribute>"
    "</mdattr:EntityAttributes></md:Extensions>",
    sp(
        '<md:Extensions><mdui:UIInfo xmlns:mdui="urn:oasis:names:tc:SAML:metadata:ui">'
        '<mdui:DisplayName xml:lang="en">Wiki</mdui:DisplayName><mdui:DisplayName xml:lang="de">Das Wiki</mdui:DisplayName>'
        '<mdui:Logo height="60" width="80">https://full.example/logo.png</mdui:Logo></mdui:UIInfo></md:Extensions>',
        key("encryption", ENCRYPTION),
        slo("HTTP-Redirect", "https://full.example/slo", 'ResponseLocation="https://full.example/slo/return"'),
        name_id(f"{NAME_ID_20}persistent", f"{NAME_ID_20}transient"),
        acs("HTTP-POST", "https://full.example/acs", 3),
        acs("HTTP-POST", "https://full.example/acs/two", 7, 'isDefault="true"'),
        acs("HTTP-POST", "https://elsewhere.example/acs", 9),
        acs("HTTP-Artifact", "https://full.example/artifact", 4),
        attribute_service(
            requested("urn:oid:0.9.2342.19200300.100.1.3", 'FriendlyName="mail" isRequired="true"'),
            requested("urn:oid:2.5.4.42", 'FriendlyName="givenName"'),
            index=1,
        ),
        attributes='WantAssertionsSigned="true"',
    ),
    '<md:Organization><md:OrganizationName xml:lang="en">Example</md:OrganizationName><md:OrganizationDisplayName '
    'xml:lang="en">Example Ltd</md:OrganizationDisplayName><md:OrganizationURL xml:lang="en">https://example.com</md:OrganizationURL>'
    "</md:Organization>",
    '<md:ContactPerson contactType="technical"><md:GivenName>Kim</md:GivenName>'
    "<md:EmailAddress>mailto:kim@example.com</md:EmailAddress></md:ContactPerson>",
    entity_id="https://full.example/sp",
)


@pytest.fixture(scope="module")
def full(published, providers):
    if published.client("https://full.example/sp") is None:
        providers.create(FULL)
    return published


def test_services_keep_binding_and_index(full):
    root = descriptor(full, "https://full.example/sp")
    assert locations(root, "AssertionConsumerService") == [
        ("HTTP-POST", "https://full.example/acs", "3"),
        ("HTTP-POST", "https://full.example/acs/two", "7"),
        ("HTTP-Artifact", "https://full.example/artifact", "4"),
    ]
    assert [e.get("isDefault") for e in root.iter(f"{MD}AssertionConsumerService")][1] in ("true", "1")
    (logout,) = root.iter(f"{MD}SingleLogoutService")
    assert logout.get("ResponseLocation") == "https://full.example/slo/return"
    assert b"elsewhere.example" not in etree.tostring(root)


def test_keys_name_formats_and_switches(full):
    root = descriptor(full, "https://full.example/sp")
    assert certificates(root, "signing") == [SIGNING]
    assert certificates(root, "encryption") == [ENCRYPTION]
    assert [e.text for e in root.iter(f"{MD}NameIDFormat")] == [f"{NAME_ID_20}persistent", f"{NAME_ID_20}transient"]
    role = root.find("md:SPSSODescriptor", NS)
    assert (role.get("WantAssertionsSigned"), role.get("AuthnRequestsSigned")) == ("true", "true")


def test_requested_attributes(full):
    (service,) = descriptor(full, "https://full.example/sp").iter(f"{MD}AttributeConsumingService")
    assert service.get("index") == "1"
    assert service.find("md:ServiceName", NS).text == "service"
    asked = {e.get("FriendlyName"): e.get("isRequired") in ("true", "1") for e in service.iter(f"{MD}RequestedAttribute")}
    assert asked == {"mail": True, "givenName": False}


def test_people_and_names(full):
    root = descriptor(full, "https://full.example/sp")
    names = {e.get("{http://www.w3.org/XML/1998/namespace}lang"): e.text for e in root.iterfind(".//mdui:DisplayName", NS)}
    assert names == {"en": "Wiki", "de": "Das Wiki"}
    assert root.find(".//mdui:Logo", NS).text == "https://full.example/logo.png"
    assert root.find("md:Organization/md:OrganizationDisplayName", NS).text == "Example Ltd"
    contact = root.find("md:ContactPerson", NS)
    assert contact.get("contactType") == "technical"
    assert contact.find("md:EmailAddress", NS).text == "mailto:kim@example.com"


def test_what_an_entity_says_of_its_own_rank_is_dropped(full):
    root = descriptor(full, "https://full.example/sp")
    assert b"research-and-scholarship" not in etree.tostring(root)
    registration = root.find("md:Extensions/mdrpi:RegistrationInfo", NS)
    assert registration.get("registrationAuthority") == f"{BASE_URL}/realms/{full.name}"
    assert registration.get("registrationInstant").endswith("Z")


def test_elements_stand_in_the_order_of_the_schema(full):
    root = descriptor(full, "https://full.example/sp")
    assert [e.tag for e in root] == [f"{DS}Signature"] + [
        MD + name for name in ("Extensions", "SPSSODescriptor", "Organization", "ContactPerson")
    ]
    order = "Extensions KeyDescriptor SingleLogoutService NameIDFormat AssertionConsumerService AttributeConsumingService"
    tags = [e.tag[len(MD) :] for e in root.find("md:SPSSODescriptor", NS)]
    assert list(dict.fromkeys(tags)) == order.split()
    assert tags == sorted(tags, key=order.split().index)


def test_an_administrators_change_counts(realm):
    publish(realm)
    SamlProvider(realm).create(FULL)
    assert len(locations(descriptor(realm, "https://full.example/sp"), "AssertionConsumerService")) == 3
    realm.update_client(
        "https://full.example/sp",
        redirectUris=["https://new.example/acs"],
        attributes={
            "saml_assertion_consumer_url_post": "https://new.example/acs",
            "saml_artifact_binding_url": "",
            "saml_single_logout_service_url_redirect": "",
            "saml.signing.certificate": ENCRYPTION,
        },
    )
    root = descriptor(realm, "https://full.example/sp")
    assert [place[:2] for place in locations(root, "AssertionConsumerService")] == [("HTTP-POST", "https://new.example/acs")]
    assert locations(root, "SingleLogoutService") == []
    assert ENCRYPTION in certificates(root, "signing")


def test_client_that_was_made_without_metadata(realm):
    publish(realm)
    realm.create_client(
        "urn:sp:json",
        protocol="saml",
        name="Made by hand",
        redirectUris=["https://hand.example/*"],
        attributes={"saml_assertion_consumer_url_post": "https://hand.example/acs", "saml_name_id_format": "email"},
    )
    realm.create_client("urn:sp:bare", protocol="saml")
    root = descriptor(realm, "urn:sp:json")
    assert [place[:2] for place in locations(root, "AssertionConsumerService")] == [("HTTP-POST", "https://hand.example/acs")]
    assert root.find(".//mdui:DisplayName", NS).text == "Made by hand"
    assert [e.text for e in root.iter(f"{MD}NameIDFormat")] == ["urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress"]
    assert mdq(realm, "urn:sp:bare").status_code == 404


def test_private_key_that_the_server_made_is_never_published(published, providers):
    made = providers.create(entity(sp(POST, signing=False), entity_id="urn:sp:no-key"))
    private = made["attributes"]["saml.signing.private.key"]
    response = mdq(published, "urn:sp:no-key")
    assert response.status_code == 200, response.text
    assert certificates(etree.fromstring(response.content), "signing") == [made["attributes"]["saml.signing.certificate"]]
    assert private[:60] not in response.text
    assert made["secret"] not in response.text


def test_what_the_administrator_sees(full):
    shown = preview(full, "https://full.example/sp")
    assert set(shown) == set(
        "entityId published source metadataUrl received validUntil cacheDuration signedBy signingCertificates "
        "encryptionCertificates refresh".split()
    )
    assert (shown["entityId"], shown["published"], shown["source"], shown["metadataUrl"]) == (
        "https://full.example/sp", True, "posted", None,
    )
    (certificate,) = shown["signingCertificates"]
    assert (set(certificate), certificate["current"]) == ({"fingerprint", "subject", "notAfter", "current"}, True)
    client = full.client("https://full.example/sp")["id"]
    plain = full.admin("GET", f"/clients/{client}/saml-metadata", params={"format": "xml"})
    assert plain.status_code == 200
    assert len(list(etree.fromstring(plain.content).iter(f"{DS}Signature"))) == 0
    assert full.admin("GET", "/clients/no-such-client/saml-metadata").status_code == 404
    other = full.client("account")["id"]
    assert full.admin("GET", f"/clients/{other}/saml-metadata").status_code == 400


# -- a real client ------------------------------------------------------------------------------


@pytest.mark.parametrize("transform", [None, lambda entity_id: quote(entity_id, safe="")], ids=["sha1", "percent-encoded"])
def test_pysaml2_takes_it(full, transform):
    assert mdq(full, "https://full.example/sp").status_code == 200
    source = MetaDataMDX(f"{BASE_URL}/realms/{full.name}/mdq", entity_transform=transform)
    found = source["https://full.example/sp"]
    services = found["spsso_descriptor"][0]["assertion_consumer_service"]
    assert [s["location"] for s in services][:2] == ["https://full.example/acs", "https://full.example/acs/two"]
    with pytest.raises(KeyError):
        source["https://nobody.example/sp"]
