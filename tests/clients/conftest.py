"""The server under test and what its administrator does before a test. Used by the programs for Python."""

import contextlib
import dataclasses
import os
import uuid

import pytest
import requests

URL = os.environ.get("MATRICULA_URL", "http://localhost:8080")
ADMINISTRATOR = {
    "username": os.environ.get("MATRICULA_ADMIN_USER", "admin"),
    "password": os.environ.get("MATRICULA_ADMIN_PASSWORD", "admin"),
}


@dataclasses.dataclass
class Realm:
    """A realm of its own for a test."""

    name: str

    @property
    def issuer(self) -> str:
        return f"{URL}/realms/{self.name}"

    def admin(self, method: str, path: str = "", body=None):
        """A request to the Admin API, to a path below the realm, that is to succeed; what it answers."""
        return administer(method, f"/{self.name}{path}", body)

    def initial_access_token(self, count: int = 1) -> str:
        """Good for so many registrations."""
        return self.admin("POST", "/clients-initial-access", {"count": count, "expiration": 600})["token"]

    def trust(self, *hosts: str) -> None:
        """Lets software register itself from these hosts, for redirect URIs that lead to them."""
        (policy,) = self.admin("GET", "/components?name=Trusted%20Hosts")
        policy["config"]["trusted-hosts"] = hosts
        self.admin("PUT", f"/components/{policy['id']}", policy)

    def client(self, client_id: str) -> dict:
        """A client as the administrator sees it."""
        (found,) = self.admin("GET", f"/clients?clientId={client_id}")
        return found


@pytest.fixture
def realm():
    """A new realm: anonymous registration is closed in it."""
    with new_realm() as realm:
        yield realm


@pytest.fixture
def open_realm(realm):
    """A realm in which software registers itself from this machine, for redirect URIs that lead to it."""
    realm.trust("localhost")
    return realm


@contextlib.contextmanager
def new_realm():
    realm = Realm(f"clients-{uuid.uuid4()}")
    administer("POST", "", {"realm": realm.name, "enabled": True})
    try:
        yield realm
    finally:
        realm.admin("DELETE")


def administer(method: str, path: str, body=None):
    """A request to the Admin API, to a path below `/admin/realms`."""
    form = {"grant_type": "password", "client_id": "admin-cli", **ADMINISTRATOR}
    token = _answer(requests.post(f"{URL}/realms/master/protocol/openid-connect/token", form))["access_token"]
    headers = {"Authorization": f"Bearer {token}"}
    return _answer(requests.request(method, f"{URL}/admin/realms{path}", json=body, headers=headers))


def _answer(response: requests.Response):
    assert response.ok, f"{response.url} answered {response.status_code}: {response.text}"
    return response.json() if response.content else None
