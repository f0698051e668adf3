"""Black-box harness of the conformance suite.

It speaks plain HTTP to a server that offers the Keycloak Client Registration
Service and the part of the Keycloak Admin REST API that is used here.
Every test of the suite passes against Keycloak 26.7.0.
"""

from __future__ import annotations

import base64
import json as json_module
import os
import secrets
import time
from dataclasses import dataclass, field
from typing import Any

import httpx

BASE_URL = os.environ.get("CONFORMANCE_URL", "http://localhost:8180").rstrip("/")
ADMIN_USER = os.environ.get("CONFORMANCE_ADMIN_USER", "admin")
ADMIN_PASSWORD = os.environ.get("CONFORMANCE_ADMIN_PASSWORD", "admin")

POLICY_TYPE = "org.keycloak.services.clientregistration.policy.ClientRegistrationPolicy"


def unique(prefix: str) -> str:
    return f"{prefix}-{secrets.token_hex(4)}"


def _jwt_part(token: str, index: int) -> dict[str, Any]:
    part = token.split(".")[index]
    return json_module.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))


def jwt_header(token: str) -> dict[str, Any]:
    return _jwt_part(token, 0)


def jwt_claims(token: str) -> dict[str, Any]:
    """The claims of a JWT, without any check of its signature."""
    return _jwt_part(token, 1)


# Descriptions that do not say what is wrong: a server may go on after a colon (docs/deviations.md).
VAGUE_DESCRIPTIONS = (
    "Cannot parse the JSON",
    "Client metadata invalid",
    "invalid_client_metadata",
    "invalid_registration",
    "invalid_request",
)


def without_detail(description: Any) -> Any:
    """The description as Keycloak gives it, without what a server added to a vague one."""
    for vague in VAGUE_DESCRIPTIONS:
        if isinstance(description, str) and description.startswith(f"{vague}: "):
            return vague
    return description


class ErrorBody(dict):
    """An expected error body, equal to an answer that says the same, perhaps with the additions of docs/deviations.md."""

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, dict):
            return NotImplemented
        body = {key: value for key, value in other.items() if key not in ("violations", "decision")}
        if "error_description" in self:
            body["error_description"] = without_detail(body.get("error_description"))
        else:
            body.pop("error_description", None)
        return body == dict(self)

    def __ne__(self, other: object) -> bool:
        return not self == other

    __hash__ = None


def refused_by(policy: str, details: str) -> ErrorBody:
    """The body of the 403 of a client registration policy; `policy` is the policy's name."""
    return ErrorBody(
        error="insufficient_scope",
        error_description=f"Policy '{policy}' rejected request to client-registration service. Details: {details}",
    )


def refused_by_executor(code: str) -> ErrorBody:
    """The body of the 403 of a client policy; `code` is the error of its executor."""
    return ErrorBody(error="insufficient_scope", error_description=code)


def assert_error(response: httpx.Response, status: int, error: str, description: str | None = None) -> None:
    """The response is this error: status, JSON type, error and, when given, error_description."""
    assert response.status_code == status, response.text
    assert response.headers["content-type"].split(";")[0] == "application/json"
    assert response.json()["error"] == error
    if description is not None:
        assert without_detail(response.json()["error_description"]) == description


class Server:
    """The server under test, with an administrator's token that is renewed when it ages."""

    def __init__(self) -> None:
        self.http = httpx.Client(base_url=BASE_URL, timeout=30.0)
        self._token = ""
        self._token_at = 0.0

    def admin_token(self) -> str:
        if time.monotonic() - self._token_at > 30:
            response = self.http.post(
                "/realms/master/protocol/openid-connect/token",
                data={
                    "grant_type": "password",
                    "client_id": "admin-cli",
                    "username": ADMIN_USER,
                    "password": ADMIN_PASSWORD,
                },
            )
            response.raise_for_status()
            self._token = response.json()["access_token"]
            self._token_at = time.monotonic()
        return self._token

    def admin(self, method: str, path: str, **kwargs: Any) -> httpx.Response:
        """Any call under /admin/realms, as the administrator."""
        headers = {"Authorization": f"Bearer {self.admin_token()}"} | kwargs.pop("headers", {})
        return self.http.request(method, f"/admin/realms{path}", headers=headers, **kwargs)


@dataclass
class Realm:
    """A realm made for one test, with short cuts for what a test sets up first."""

    server: Server
    name: str = field(default_factory=lambda: unique("realm"))

    # -- life -----------------------------------------------------------
    def create(self, **settings: Any) -> "Realm":
        response = self.server.admin("POST", "", json={"realm": self.name, "enabled": True} | settings)
        assert response.status_code == 201, response.text
        return self

    def delete(self) -> None:
        self.server.admin("DELETE", f"/{self.name}")

    def admin(self, method: str, path: str, **kwargs: Any) -> httpx.Response:
        return self.server.admin(method, f"/{self.name}{path}", **kwargs)

    def admin_as(self, token: str, method: str, path: str, **kwargs: Any) -> httpx.Response:
        """A call to the realm's admin API with some other token than the administrator's."""
        headers = {"Authorization": f"Bearer {token}"}
        return self.server.http.request(method, f"/admin/realms/{self.name}{path}", headers=headers, **kwargs)

    def update(self, **settings: Any) -> None:
        """Changes settings of the realm."""
        response = self.admin("PUT", "", json=settings)
        assert response.status_code == 204, response.text

    # -- the service under test -----------------------------------------
    def register(
        self,
        provider: str,
        method: str = "POST",
        client_id: str | None = None,
        *,
        token: str | None = None,
        basic: tuple[str, str] | None = None,
        json: Any = None,
        content: bytes | str | None = None,
        headers: dict[str, str] | None = None,
    ) -> httpx.Response:
        """One request to /realms/{realm}/clients-registrations/{provider}[/{client_id}]."""
        path = f"/realms/{self.name}/clients-registrations/{provider}"
        if client_id is not None:
            path += f"/{client_id}"
        all_headers = dict(headers or {})
        if token is not None:
            all_headers["Authorization"] = f"Bearer {token}"
        return self.server.http.request(
            method, path, json=json, content=content, headers=all_headers, auth=basic
        )

    # -- who calls ------------------------------------------------------
    def create_user(self, *roles: str) -> tuple[str, str]:
        """Id and name of a fresh user (password "password") that holds these realm-management roles."""
        username = unique("user")
        response = self.admin(
            "POST",
            "/users",
            json={
                "username": username,
                "enabled": True,
                "email": f"{username}@example.com",
                "firstName": "First",
                "lastName": "Last",
                "emailVerified": True,
                "credentials": [{"type": "password", "value": "password", "temporary": False}],
            },
        )
        assert response.status_code == 201, response.text
        user_id = response.headers["Location"].rsplit("/", 1)[1]
        self.grant(user_id, *roles)
        return user_id, username

    def user_token(self, *roles: str) -> str:
        """A bearer token of a fresh user that holds these realm-management client roles."""
        _, username = self.create_user(*roles)
        return self.password_token(username, "password")

    def token_request(self, auth: tuple[str, str] | None = None, **form: str) -> httpx.Response:
        """One request to the realm's token endpoint."""
        return self.server.http.post(f"/realms/{self.name}/protocol/openid-connect/token", data=form, auth=auth)

    def password_token(self, username: str, password: str, client_id: str = "admin-cli") -> str:
        response = self.server.http.post(
            f"/realms/{self.name}/protocol/openid-connect/token",
            data={"grant_type": "password", "client_id": client_id, "username": username, "password": password},
        )
        assert response.status_code == 200, response.text
        return response.json()["access_token"]

    def service_account_token(self, *roles: str) -> str:
        """A bearer token of a fresh confidential client's service account with these roles."""
        client_id = unique("service")
        response = self.admin(
            "POST",
            "/clients",
            json={
                "clientId": client_id,
                "secret": "service-secret",
                "publicClient": False,
                "serviceAccountsEnabled": True,
                "standardFlowEnabled": False,
            },
        )
        assert response.status_code == 201, response.text
        uuid = response.headers["Location"].rsplit("/", 1)[1]
        user_id = self.admin("GET", f"/clients/{uuid}/service-account-user").json()["id"]
        self.grant(user_id, *roles)
        response = self.server.http.post(
            f"/realms/{self.name}/protocol/openid-connect/token",
            data={"grant_type": "client_credentials"},
            auth=(client_id, "service-secret"),
        )
        assert response.status_code == 200, response.text
        return response.json()["access_token"]

    def grant(self, user_id: str, *roles: str) -> None:
        if not roles:
            return
        management = self.client("realm-management")
        assert management is not None
        available = self.admin("GET", f"/clients/{management['id']}/roles").json()
        chosen = [role for role in available if role["name"] in roles]
        assert len(chosen) == len(roles), f"unknown role among {roles}"
        response = self.admin(
            "POST", f"/users/{user_id}/role-mappings/clients/{management['id']}", json=chosen
        )
        assert response.status_code == 204, response.text

    def initial_access_token(self, count: int = 1, expiration: int = 0) -> str:
        response = self.admin(
            "POST", "/clients-initial-access", json={"count": count, "expiration": expiration}
        )
        assert response.status_code == 201, response.text
        return response.json()["token"]

    def create_client(self, client_id: str, **settings: Any) -> str:
        """Makes a client through the admin API; its internal id."""
        response = self.admin("POST", "/clients", json={"clientId": client_id} | settings)
        assert response.status_code == 201, response.text
        return response.headers["Location"].rsplit("/", 1)[1]

    def update_client(self, client_id: str, **settings: Any) -> None:
        """Changes a client through the admin API."""
        stored = self.client(client_id)
        assert stored is not None
        response = self.admin("PUT", f"/clients/{stored['id']}", json={"clientId": client_id} | settings)
        assert response.status_code == 204, response.text

    def new_registration_token(self, client_id: str) -> str:
        """Regenerates the registration access token of a client as the administrator."""
        stored = self.client(client_id)
        assert stored is not None
        response = self.admin("POST", f"/clients/{stored['id']}/registration-access-token")
        assert response.status_code == 200, response.text
        return response.json()["registrationAccessToken"]

    # -- what is stored -------------------------------------------------
    def client(self, client_id: str) -> dict[str, Any] | None:
        """The admin view of a client by its clientId, or None."""
        found = self.admin("GET", "/clients", params={"clientId": client_id}).json()
        return found[0] if found else None

    def events(self, **params: str) -> list[dict[str, Any]]:
        """The stored user events; the realm must have been created with eventsEnabled."""
        response = self.admin("GET", "/events", params=params)
        assert response.status_code == 200, response.text
        return response.json()

    # -- policies -------------------------------------------------------
    def policies(self, sub_type: str | None = None) -> list[dict[str, Any]]:
        """The client registration policies; sub_type is 'anonymous' or 'authenticated'."""
        found = self.admin("GET", "/components", params={"type": POLICY_TYPE}).json()
        return [p for p in found if sub_type is None or p.get("subType") == sub_type]

    def policy(self, provider_id: str, sub_type: str) -> dict[str, Any]:
        return next(p for p in self.policies(sub_type) if p["providerId"] == provider_id)

    def add_policy(self, provider_id: str, sub_type: str, **config: list[str]) -> httpx.Response:
        return self.admin(
            "POST",
            "/components",
            json={
                "name": unique(provider_id),
                "providerId": provider_id,
                "providerType": POLICY_TYPE,
                "subType": sub_type,
                "config": {key.replace("_", "-"): value for key, value in config.items()},
            },
        )

    def update_policy(self, policy: dict[str, Any], **config: list[str]) -> httpx.Response:
        body = policy | {"config": policy.get("config", {}) | {k.replace("_", "-"): v for k, v in config.items()}}
        return self.admin("PUT", f"/components/{policy['id']}", json=body)

    def remove_policy(self, provider_id: str, sub_type: str) -> None:
        response = self.admin("DELETE", f"/components/{self.policy(provider_id, sub_type)['id']}")
        assert response.status_code == 204, response.text

    def client_policy(
        self,
        executors: dict[str, dict[str, Any]],
        conditions: dict[str, dict[str, Any]] | None = None,
    ) -> None:
        """Makes one enabled client policy the only one: these executors where these conditions hold.

        Both map a provider id to its configuration; without conditions every client matches.
        """
        conditions = {"any-client": {}} if conditions is None else conditions
        profile = {
            "name": "profile",
            "executors": [{"executor": key, "configuration": value} for key, value in executors.items()],
        }
        policy = {
            "name": "policy",
            "enabled": True,
            "conditions": [{"condition": key, "configuration": value} for key, value in conditions.items()],
            "profiles": ["profile"],
        }
        for path, body in (("profiles", {"profiles": [profile]}), ("policies", {"policies": [policy]})):
            response = self.admin("PUT", f"/client-policies/{path}", json=body)
            assert response.status_code == 204, response.text

    def trust_this_host(self) -> None:
        """Lets anonymous requests from this machine through the Trusted Hosts policy."""
        policy = self.policy("trusted-hosts", "anonymous")
        response = self.update_policy(
            policy, trusted_hosts=["localhost", "127.0.0.1", "0:0:0:0:0:0:0:1", "::1"]
        )
        assert response.status_code == 204, response.text
