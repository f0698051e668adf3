"""Short cuts for the tests of docs/life-cycle.md: settings, the life of a client, runs and jobs."""

from __future__ import annotations

import time
from typing import Any

import httpx

from harness import Realm, unique
from saml_metadata import eventually

LOCAL = "http://localhost/cb"


def now() -> int:
    """The time in milliseconds."""
    return int(time.time() * 1000)


def set_life_cycle(realm: Realm, **settings: Any) -> None:
    """Sets the realm's rules; they act without any reported use unless told otherwise."""
    realm.update(lifeCycle={"requireUse": False} | settings)


def internal_id(realm: Realm, client_id: str) -> str:
    return realm.client(client_id)["id"]


def life(realm: Realm, client_id: str) -> dict[str, Any]:
    response = realm.admin("GET", f"/clients/{internal_id(realm, client_id)}/life")
    assert response.status_code == 200, response.text
    return response.json()


def state(realm: Realm, client_id: str) -> str:
    return life(realm, client_id)["state"]


def used(realm: Realm, client_id: str) -> dict[str, Any]:
    """The life of a client as soon as a use of it is recorded."""

    def recorded() -> dict[str, Any] | None:
        found = life(realm, client_id)
        return found if found["lastUsed"] else None

    return eventually(recorded) or life(realm, client_id)


def report(realm: Realm, *uses: tuple[str, int] | str) -> dict[str, Any]:
    """Tells of uses: client ids, or client ids and times."""
    body = [{"clientId": use} if isinstance(use, str) else {"clientId": use[0], "at": use[1]} for use in uses]
    response = realm.admin("POST", "/client-use", json=body)
    assert response.status_code == 200, response.text
    return response.json()


def ended(realm: Realm, response: httpx.Response) -> dict[str, Any]:
    """The job that the response names, when it has ended."""
    assert response.status_code == 202, response.text
    job = response.json()
    assert response.headers["Location"].endswith(job["id"])

    def read() -> dict[str, Any] | None:
        found = realm.admin("GET", f"/client-jobs/{job['id']}").json()
        return found if found["state"] not in ("queued", "running") else None

    found = eventually(read, 60)
    assert found, "the job does not end"
    return found


def run(realm: Realm, confirmed: bool = True) -> dict[str, Any]:
    """One run of the realm's rules."""
    return ended(realm, realm.admin("POST", "/client-life-cycle/run", json={"confirmed": confirmed}))


def evaluate(realm: Realm, **body: Any) -> dict[str, Any]:
    response = realm.admin("POST", "/client-life-cycle/evaluate", json=body)
    assert response.status_code == 200, response.text
    return response.json()


def gate(realm: Realm, client_id: str, **headers: str) -> httpx.Response:
    """Asks whether a browser may take this client to the authorization server."""
    return realm.server.http.get(f"/realms/{realm.name}/gate", params={"client_id": client_id}, headers=headers)


def job(realm: Realm, action: str, **body: Any) -> httpx.Response:
    return realm.admin("POST", "/client-jobs", json={"action": action} | body)


def register(realm: Realm, token: str | None = None, **metadata: Any) -> dict[str, Any]:
    """A client registered at openid-connect: the response document."""
    response = realm.register("openid-connect", token=token, json={"redirect_uris": [LOCAL]} | metadata)
    assert response.status_code == 201, response.text
    return response.json()


def several(realm: Realm, count: int, **metadata: Any) -> list[dict[str, Any]]:
    """Clients registered with one initial access token."""
    token = realm.initial_access_token(count=count)
    return [register(realm, token, **({"client_name": unique("app")} | metadata)) for _ in range(count)]


def read(realm: Realm, client: dict[str, Any], token: str | None = None) -> httpx.Response:
    return realm.register("openid-connect", "GET", client["client_id"], token=token or client["registration_access_token"])


def change(realm: Realm, client: dict[str, Any], token: str | None = None, **metadata: Any) -> httpx.Response:
    """Updates a client with its registration access token."""
    body = {"client_id": client["client_id"], "redirect_uris": client["redirect_uris"]} | metadata
    return realm.register(
        "openid-connect", "PUT", client["client_id"], token=token or client["registration_access_token"], json=body
    )


# -- approval -----------------------------------------------------------------------------------


def hold(realm: Realm, sub_type: str = "anonymous", **config: list[str]) -> None:
    """Lets every new client wait for an approval."""
    response = realm.add_policy("approval-required", sub_type, **config)
    assert response.status_code == 201, response.text


def ask(realm: Realm, token: str | None = None, **metadata: Any) -> httpx.Response:
    """A registration that is ready to wait."""
    body = {"redirect_uris": [LOCAL], "registration_mode": ["approval"]} | metadata
    return realm.register("openid-connect", token=token, json=body)


def pending(realm: Realm, token: str | None = None, **metadata: Any) -> dict[str, Any]:
    """A registration that waits: the answer with its codes."""
    response = ask(realm, token, **metadata)
    assert response.status_code == 202, response.text
    return response.json()


def poll(realm: Realm, waiting: dict[str, Any] | str, **more: Any) -> httpx.Response:
    code = waiting if isinstance(waiting, str) else waiting["registration_code"]
    return realm.register("openid-connect", json={"registration_code": code} | more)


def decide(realm: Realm, waiting: dict[str, Any], decision: str) -> None:
    response = realm.admin("POST", f"/client-approvals/{waiting['verification_code']}/{decision}")
    assert response.status_code == 204, response.text
