import hashlib
import json
import os

import pytest

import not_yet_expected
from harness import Realm, Server
from oidc import OidcProvider
from saml import SamlProvider

TARGETS = {
    "keycloak": ("beyond", "Keycloak does not do this, see docs/deviations.md"),
    "matricula": ("quirk", "a Keycloak quirk that is not copied, see docs/deviations.md"),
}


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "quirk: holds for Keycloak only; a deviation of docs/deviations.md changes it")
    config.addinivalue_line("markers", "beyond: a deviation of docs/deviations.md that Keycloak fails")
    if os.environ.get("CONFORMANCE_TARGET", "keycloak") not in TARGETS:
        raise pytest.UsageError(f"CONFORMANCE_TARGET must be one of: {', '.join(TARGETS)}")


def pytest_make_parametrize_id(val: object) -> str | None:
    """Names lists and objects by what they hold, not by their place, so that a new case changes no other case's id."""
    if isinstance(val, (set, frozenset)):
        val = sorted(val)
    if not isinstance(val, (dict, list, tuple)):
        return None
    text = json.dumps(without_keys(val), default=repr)
    if len(text) > 60:
        text = f"{text[:50]}~{hashlib.sha256(text.encode()).hexdigest()[:8]}"
    return text


def without_keys(val: object) -> object:
    """The same with keys as what they are, not which: they are made anew by every process that runs tests."""
    if isinstance(val, dict):
        kept = {"kty", "crv", "alg", "use"} if "kty" in val else val.keys()
        return {name: without_keys(member) for name, member in val.items() if name in kept}
    return [without_keys(member) for member in val] if isinstance(val, (list, tuple)) else val


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(session: pytest.Session, items: list[pytest.Item]) -> None:
    """Skips the tests that are meant for the other server and expects those to fail that Matricula does not pass yet."""
    target = os.environ.get("CONFORMANCE_TARGET", "keycloak")
    marker, reason = TARGETS[target]
    for item in items:
        if item.get_closest_marker(marker):
            item.add_marker(pytest.mark.skip(reason=reason))
    if target == "matricula":
        not_yet_expected.expect_failures(session, items, marker)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    not_yet_expected.report_passing(terminalreporter)


@pytest.fixture(scope="session")
def server() -> Server:
    return Server()


@pytest.fixture
def realm(server: Server):
    """A fresh realm with the server's defaults, deleted afterwards."""
    made = Realm(server).create()
    yield made
    made.delete()


@pytest.fixture
def open_realm(realm: Realm) -> Realm:
    """A fresh realm that accepts anonymous registration from this machine."""
    realm.trust_this_host()
    return realm


@pytest.fixture(scope="module")
def shared_realm(server: Server):
    """One realm for all tests of a file: only for tests that add clients of their own and change nothing else."""
    made = Realm(server).create()
    yield made
    made.delete()


@pytest.fixture(scope="module")
def oidc(shared_realm: Realm) -> OidcProvider:
    """The openid-connect provider of the file's shared realm."""
    return OidcProvider(shared_realm)


@pytest.fixture(scope="module")
def saml(shared_realm: Realm) -> SamlProvider:
    """The saml2-entity-descriptor provider of the file's shared realm."""
    return SamlProvider(shared_realm)
