"""Short cuts for the tests of docs/saml-metadata.md: questions by the Metadata Query Protocol, signed documents, a metadata site."""

from __future__ import annotations

import datetime
import functools
import http.client
import http.server
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import quote, urlsplit

import httpx
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from lxml import etree
from signxml import SignatureConfiguration, XMLSigner, XMLVerifier

from harness import BASE_URL, Realm
from saml import XML

TYPE = "application/samlmetadata+xml"
MD = "{urn:oasis:names:tc:SAML:2.0:metadata}"
DS = "{http://www.w3.org/2000/09/xmldsig#}"
NS = {
    "md": MD[1:-1],
    "ds": DS[1:-1],
    "mdui": "urn:oasis:names:tc:SAML:metadata:ui",
    "mdrpi": "urn:oasis:names:tc:SAML:metadata:rpi",
    "saml": "urn:oasis:names:tc:SAML:2.0:assertion",
}


def eventually(get: Callable[[], Any], seconds: float = 20.0, step: float = 0.3) -> Any:
    """What `get` returns as soon as that is true, at the latest its last answer after so many seconds."""
    end = time.monotonic() + seconds
    while not (value := get()) and time.monotonic() < end:
        time.sleep(step)
    return value


# -- asking -----------------------------------------------------------------------------------


def publish(realm: Realm, mode: str = "all", **settings: Any) -> None:
    realm.update(samlMetadata={"publish": mode} | settings)


def mdq(
    realm: Realm, entity_id: str | None = None, *, accept: str | None = TYPE, method: str = "GET", **headers: str
) -> httpx.Response:
    """Asks for one entity, or for all; more headers as keywords, `_` for `-`."""
    path = f"/realms/{realm.name}/mdq/entities"
    if entity_id is not None:
        path += "/" + quote(entity_id, safe="")
    all_headers = {name.replace("_", "-"): value for name, value in headers.items()}
    request = realm.server.http.build_request(method, path, headers=all_headers)
    if accept is None:
        del request.headers["Accept"]
    else:
        request.headers["Accept"] = accept
    return realm.server.http.send(request)


def mdq_raw(realm: Realm, segment: str) -> tuple[int, bytes]:
    """Asks with the segment exactly as it is written here."""
    url = urlsplit(BASE_URL)
    connection = http.client.HTTPConnection(url.hostname, url.port, timeout=30)
    connection.request("GET", f"/realms/{realm.name}/mdq/entities/{segment}", headers={"Accept": TYPE})
    response = connection.getresponse()
    answer = response.status, response.read()
    connection.close()
    return answer


def all_entities(realm: Realm, count: int) -> httpx.Response:
    """The answer for all entities as soon as it holds so many: the list is made in the background."""

    def ask() -> httpx.Response | None:
        response = mdq(realm)
        if response.status_code == 200 and len(entity_ids(response)) == count:
            return response
        return None

    return eventually(ask, 45) or mdq(realm)


def entity_ids(response: httpx.Response) -> set[str]:
    return {e.get("entityID") for e in etree.fromstring(response.content).iter(f"{MD}EntityDescriptor")}


def descriptor(realm: Realm, entity_id: str) -> etree._Element:
    """The published descriptor of an entity."""
    response = mdq(realm, entity_id)
    assert response.status_code == 200, response.text
    return etree.fromstring(response.content)


def preview(realm: Realm, entity_id: str) -> dict[str, Any]:
    """What the Admin API says of the client's metadata."""
    response = realm.admin("GET", f"/clients/{realm.client(entity_id)['id']}/saml-metadata")
    assert response.status_code == 200, response.text
    return response.json()


def refresh(realm: Realm, entity_id: str) -> dict[str, Any]:
    response = realm.admin("POST", f"/clients/{realm.client(entity_id)['id']}/saml-metadata/refresh")
    assert response.status_code == 200, response.text
    return response.json()["refresh"]


def signing_certificate(realm: Realm) -> x509.Certificate:
    response = realm.server.http.get(f"/realms/{realm.name}/mdq/certificate")
    assert response.status_code == 200, response.text
    return x509.load_pem_x509_certificates(response.content)[0]


def verified(realm: Realm, document: bytes, certificate: x509.Certificate | None = None) -> etree._Element:
    """The element that the realm's signature covers; it must be the root."""
    pem = (certificate or signing_certificate(realm)).public_bytes(serialization.Encoding.PEM).decode()
    signature = SignatureConfiguration(location="./", expect_references=1)
    signed = XMLVerifier().verify(document, x509_cert=pem, expect_config=signature).signed_xml
    assert signed.tag == etree.fromstring(document).tag
    return signed


def locations(element: etree._Element, service: str) -> list[tuple[str, str, str | None]]:
    """Binding (without its prefix), location and index of all services of a kind, in order."""
    return [
        (e.get("Binding").rsplit(":", 1)[1], e.get("Location"), e.get("index")) for e in element.iter(f"{MD}{service}")
    ]


def certificates(element: etree._Element, use: str) -> list[str]:
    found = element.iterfind(f".//md:KeyDescriptor[@use='{use}']//ds:X509Certificate", NS)
    return ["".join(e.text.split()) for e in found]


# -- updating ---------------------------------------------------------------------------------


def put(
    realm: Realm, client_id: str, document: str | bytes, token: str | None, query: str = "", headers: dict[str, str] = XML
) -> httpx.Response:
    """Updates a client by metadata."""
    content = document.encode() if isinstance(document, str) else document
    return realm.register(
        "saml2-entity-descriptor", "PUT", quote(client_id, safe="") + query, token=token, content=content, headers=headers
    )


def instant(seconds: float) -> str:
    """So many seconds from now, as XML writes it."""
    at = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=seconds)
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


# -- signing ----------------------------------------------------------------------------------


class Signer:
    """A key with a self-signed certificate that signs metadata."""

    def __init__(self, days: int = 30) -> None:
        self.key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "Example Federation")])
        now = datetime.datetime.now(datetime.timezone.utc)
        self.certificate = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(self.key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(days=60))
            .not_valid_after(now + datetime.timedelta(days=days))
            .sign(self.key, hashes.SHA256())
        )
        self.pem = self.certificate.public_bytes(serialization.Encoding.PEM).decode()

    @property
    def base64(self) -> str:
        return "".join(line for line in self.pem.splitlines() if "-----" not in line)

    def sign(self, document: str, reference: str = "_metadata", signer: XMLSigner | None = None) -> bytes:
        """The document, signed; its root has no ID yet."""
        root = etree.fromstring(document.encode())
        root.set("ID", reference)
        root.insert(0, etree.Element(f"{DS}Signature", Id="placeholder", nsmap={"ds": DS[1:-1]}))
        signer = signer or XMLSigner(c14n_algorithm="http://www.w3.org/2001/10/xml-exc-c14n#")
        return etree.tostring(signer.sign(root, key=self.key, cert=[self.certificate], reference_uri=f"#{reference}"))


@functools.cache
def federation(number: int = 0) -> Signer:
    """One of a few signers that are made once for a run."""
    return Signer()


# -- serving ----------------------------------------------------------------------------------


class Site:
    """A web server on this machine with one metadata document at any path."""

    def __init__(self) -> None:
        self.document: str | bytes = ""
        self.status = 200
        self.headers: dict[str, str] = {}
        self.requests: list[dict[str, str]] = []
        site = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                site.requests.append({name.lower(): value for name, value in self.headers.items()})
                body = site.document.encode() if isinstance(site.document, str) else site.document
                etag = site.headers.get("ETag")
                status = 304 if etag and self.headers.get("If-None-Match") == etag else site.status
                self.send_response(status)
                for name, value in ({"Content-Type": TYPE} | site.headers).items():
                    self.send_header(name, value)
                if status != 304:
                    self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                if status != 304:
                    self.wfile.write(body)

            def log_message(self, *args: Any) -> None:
                pass

        self.web = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.base = f"http://127.0.0.1:{self.web.server_port}"
        self.url = f"{self.base}/metadata"


@contextmanager
def metadata_site(document: str | bytes = "") -> Iterator[Site]:
    site = Site()
    site.document = document
    threading.Thread(target=site.web.serve_forever, daemon=True).start()
    try:
        yield site
    finally:
        site.web.shutdown()
        site.web.server_close()
