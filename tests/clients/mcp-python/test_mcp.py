"""The MCP SDK registers on its own way to a protected server, with what that server and the realm tell it.

It keeps no registration access token, so it neither reads nor updates nor deletes.
"""

import contextlib
import http.server
import json
import threading
import urllib.parse

import httpx2
import pytest
from mcp import Client
from mcp.client.auth import OAuthClientProvider, OAuthRegistrationError
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.auth import OAuthClientMetadata
from pydantic import AnyUrl

CALLBACK = "http://localhost:8090/callback"

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend():
    return "asyncio"


class InMemoryTokenStorage:
    """What an application keeps for one user; nothing outlives the test."""

    tokens = client_info = None

    async def get_tokens(self):
        return self.tokens

    async def set_tokens(self, tokens):
        self.tokens = tokens

    async def get_client_info(self):
        return self.client_info

    async def set_client_info(self, client_info):
        self.client_info = client_info


class SentAway(Exception):
    """The user is at the authorization endpoint, and the test ends there."""


class User:
    """Who would log in: a browser would open at `sent_to`."""

    def __init__(self, resource: str, **metadata):
        self.storage = InMemoryTokenStorage()
        self.provider = OAuthClientProvider(
            server_url=resource,
            client_metadata=OAuthClientMetadata(
                **{
                    "client_name": "A client of the MCP SDK",
                    "redirect_uris": [AnyUrl(CALLBACK)],
                    "token_endpoint_auth_method": "none",
                    **metadata,
                }
            ),
            storage=self.storage,
            redirect_handler=self.redirect,
            callback_handler=self.callback,
        )
        self.resource = resource
        self.sent_to = None

    async def redirect(self, address: str) -> None:
        self.sent_to = urllib.parse.urlsplit(address)

    async def callback(self):
        raise SentAway

    async def connect(self) -> None:
        """Connects to the protected server and ends where the SDK ends."""
        async with httpx2.AsyncClient(auth=self.provider, follow_redirects=True) as http_client:
            async with Client(streamable_http_client(self.resource, http_client=http_client)):
                pass

    async def reach_the_authorization_endpoint(self) -> dict[str, str]:
        """Connects; the parameters with which the user comes to the authorization endpoint."""
        with pytest.raises(BaseException) as ended:
            await self.connect()
        assert find(ended.value, SentAway), ended.value
        return dict(urllib.parse.parse_qsl(self.sent_to.query))

    async def be_refused(self) -> str:
        """Connects and is refused; the words of it."""
        with pytest.raises(BaseException) as ended:
            await self.connect()
        refusal = find(ended.value, OAuthRegistrationError)
        assert refusal, ended.value
        return str(refusal)


async def test_a_client_that_connects_registers_and_sends_its_user_to_the_authorization_endpoint(open_realm):
    with protected_resource(open_realm.issuer) as resource:
        user = User(resource)
        sent = await user.reach_the_authorization_endpoint()
    endpoint = f"{user.sent_to.scheme}://{user.sent_to.netloc}{user.sent_to.path}"
    assert endpoint == f"{open_realm.issuer}/protocol/openid-connect/auth"
    registered = user.storage.client_info
    assert registered.client_secret is None
    assert registered.issuer == open_realm.issuer
    assert sent["client_id"] == registered.client_id
    assert sent["redirect_uri"] == CALLBACK
    assert sent["code_challenge_method"] == "S256"
    assert sent["resource"] == resource

    stored = open_realm.client(registered.client_id)
    assert stored["name"] == "A client of the MCP SDK"
    assert stored["publicClient"] and stored["standardFlowEnabled"]
    assert stored["redirectUris"] == [CALLBACK]


async def test_a_client_registers_with_all_scopes_of_the_realm_if_the_protected_server_names_none(open_realm):
    with protected_resource(open_realm.issuer) as resource:
        user = User(resource)
        sent = await user.reach_the_authorization_endpoint()
    asked = set(sent["scope"].split())
    assert {"openid", "profile", "email", "offline_access"} <= asked
    # As in Keycloak: `openid` marks the protocol and is no scope of a client, and those that a client has in any case,
    # here `basic`, are not listed.
    assert asked - {"openid", "basic"} <= set(user.storage.client_info.scope.split())


async def test_a_client_with_a_secret_registers_too(open_realm):
    with protected_resource(open_realm.issuer) as resource:
        user = User(resource, token_endpoint_auth_method="client_secret_post")
        await user.reach_the_authorization_endpoint()
    assert user.storage.client_info.token_endpoint_auth_method == "client_secret_post"
    assert user.storage.client_info.client_secret


async def test_a_client_that_is_registered_is_not_registered_again(open_realm):
    with protected_resource(open_realm.issuer) as resource:
        user = User(resource)
        first = await user.reach_the_authorization_endpoint()
        again = await user.reach_the_authorization_endpoint()
    assert again["client_id"] == first["client_id"]


async def test_scopes_that_the_protected_server_names_and_the_realm_has_are_registered(open_realm):
    open_realm.admin("POST", "/client-scopes", {"name": "mcp:tools", "protocol": "openid-connect"})
    (scope,) = [scope for scope in open_realm.admin("GET", "/client-scopes") if scope["name"] == "mcp:tools"]
    open_realm.admin("PUT", f"/default-optional-client-scopes/{scope['id']}")
    with protected_resource(open_realm.issuer, ["mcp:tools"]) as resource:
        user = User(resource)
        sent = await user.reach_the_authorization_endpoint()
    assert "mcp:tools" in sent["scope"].split()
    assert "mcp:tools" in user.storage.client_info.scope.split()


async def test_a_scope_that_the_realm_does_not_have_is_refused_and_the_client_is_told_why(open_realm):
    with protected_resource(open_realm.issuer, ["mcp:tools"]) as resource:
        words = await User(resource).be_refused()
    assert "403" in words and "insufficient_scope" in words
    assert "Policy 'Allowed Client Scopes' rejected request" in words
    assert "Not permitted to use specified clientScope" in words
    assert "mcp:tools" in words


async def test_a_realm_that_is_closed_refuses_and_the_client_is_told_why(realm):
    with protected_resource(realm.issuer) as resource:
        words = await User(resource).be_refused()
    assert "403" in words and "insufficient_scope" in words
    assert "Policy 'Trusted Hosts' rejected request" in words and "Host not trusted." in words


async def test_a_redirect_uri_that_is_not_trusted_is_refused_and_the_client_is_told_why(open_realm):
    elsewhere = "https://elsewhere.example.com/callback"
    with protected_resource(open_realm.issuer) as resource:
        words = await User(resource, redirect_uris=[AnyUrl(elsewhere)]).be_refused()
    assert "URI doesn't match any trusted host or trusted domain" in words
    assert elsewhere in words


async def test_metadata_that_is_wrong_is_refused_and_the_client_is_told_why(open_realm):
    with protected_resource(open_realm.issuer) as resource:
        words = await User(resource, redirect_uris=[AnyUrl(f"{CALLBACK}#fragment")]).be_refused()
    assert "400" in words and "invalid_redirect_uri" in words
    assert "A redirect URI must not contain an URL fragment" in words


async def test_all_metadata_that_the_sdk_knows_is_registered_and_understood_when_it_comes_back(open_realm):
    full = {
        "client_uri": "http://localhost:8090/",
        "logo_uri": "http://localhost:8090/logo.png",
        "tos_uri": "http://localhost:8090/terms",
        "policy_uri": "http://localhost:8090/policy",
        "contacts": ["operators@example.com"],
        "software_id": "4NRB1-0XZABZI9E6-5SM3R",
        "software_version": "1.0.0",
    }
    with protected_resource(open_realm.issuer) as resource:
        user = User(resource, **full)
        await user.reach_the_authorization_endpoint()
    registered = user.storage.client_info.model_dump(mode="json")
    assert {name: registered[name] for name in full} == full
    assert registered["application_type"] == "native"
    assert {"authorization_code", "refresh_token"} <= set(registered["grant_types"])


@contextlib.contextmanager
def protected_resource(issuer: str, scopes_supported: list[str] | None = None):
    """An MCP server that wants a token of this issuer (RFC 9728); its address."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            if self.path == "/.well-known/oauth-protected-resource/mcp":
                metadata = {"resource": resource, "authorization_servers": [issuer]}
                if scopes_supported:
                    metadata["scopes_supported"] = scopes_supported
                self.answer(200, {"Content-Type": "application/json"}, json.dumps(metadata).encode())
            else:
                self.do_POST()

        def do_POST(self):
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            metadata = f"{origin}/.well-known/oauth-protected-resource/mcp"
            self.answer(401, {"WWW-Authenticate": f'Bearer resource_metadata="{metadata}"'}, b"")

        def answer(self, status: int, headers: dict[str, str], body: bytes):
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(body))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        origin = f"http://127.0.0.1:{server.server_port}"
        resource = f"{origin}/mcp"
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield resource
        finally:
            server.shutdown()


def find(error: BaseException, kind: type[BaseException]) -> BaseException | None:
    """The error of this kind, which the SDK's task groups wrap."""
    if isinstance(error, kind):
        return error
    inner = (find(one, kind) for one in getattr(error, "exceptions", ()))
    causes = (find(one, kind) for one in (error.__cause__, error.__context__) if one)
    return next(filter(None, (*inner, *causes)), None)
