"""Registrations that wait for an approval (docs/life-cycle.md 6, draft-dellaert-oauth-approval-based-dcr-00). Keycloak has none of it."""

import concurrent.futures
import time

import pytest

from harness import BASE_URL, assert_error, jwt_claims
from life_cycle import LOCAL, ask, decide, hold, pending, poll, read, set_life_cycle

pytestmark = pytest.mark.beyond

LETTERS = set("BCDFGHJKLMNPQRSTVWXZ")
UNKNOWN = "The pending registration cannot be completed."


@pytest.fixture
def waiting_realm(open_realm):
    """A realm that takes anonymous registrations from this machine; polls may follow each other every second."""
    open_realm.update(lifeCycle={"approvalInterval": 1})
    return open_realm


@pytest.mark.parametrize(
    "path",
    [
        "/realms/{}/.well-known/openid-configuration",
        "/realms/{}/.well-known/oauth-authorization-server",
        "/.well-known/oauth-authorization-server/realms/{}",
    ],
)
def test_discovery(shared_realm, path):
    document = shared_realm.server.http.get(path.format(shared_realm.name)).json()
    assert document.get("registration_modes_supported") == ["immediate", "approval"]


def test_from_the_request_to_the_client(waiting_realm):
    hold(waiting_realm)
    response = ask(waiting_realm, client_name="Agent")
    assert response.status_code == 202, response.text
    assert response.headers["Cache-Control"] == "no-store"
    waiting = response.json()
    assert set(waiting) == {
        "registration_code", "verification_code", "verification_uri", "verification_uri_complete", "expires_in", "interval",
    }
    assert len(waiting["registration_code"]) >= 43
    code = waiting["verification_code"]
    assert len(code) == 9 and code[4] == "-" and set(code) - {"-"} <= LETTERS
    assert waiting["verification_uri"] == f"{BASE_URL}/console/approve"
    assert waiting["verification_uri_complete"] == f"{BASE_URL}/console/approve?verification_code={code}"
    assert (waiting["expires_in"], waiting["interval"]) == (3600, 1)
    first = poll(waiting_realm, waiting)
    assert (first.status_code, first.content, first.headers["Cache-Control"]) == (202, b"", "no-store")
    decide(waiting_realm, waiting, "approve")
    done = poll(waiting_realm, waiting)
    assert done.status_code == 201, done.text
    assert done.headers["Cache-Control"] == "no-store"
    client = done.json()
    assert client["client_name"] == "Agent"
    assert client["client_secret"]
    assert "registration_mode" not in client
    assert done.headers["Location"] == client["registration_client_uri"]
    assert jwt_claims(client["registration_access_token"])["registration_auth"] == "anonymous"
    assert read(waiting_realm, client).status_code == 200
    assert waiting_realm.client(client["client_id"])["enabled"] is True
    assert_error(poll(waiting_realm, waiting), 400, "invalid_registration", UNKNOWN)


def test_without_a_holding_policy_nothing_waits(waiting_realm):
    modes = waiting_realm.server.http.get(f"/realms/{waiting_realm.name}/.well-known/openid-configuration").json()
    assert "approval" in modes.get("registration_modes_supported", [])
    response = ask(waiting_realm)
    assert response.status_code == 201
    assert "registration_mode" not in response.json()


@pytest.mark.parametrize("modes", [None, [], ["immediate"], ["future"]])
def test_who_does_not_ask_is_never_deferred(waiting_realm, modes):
    hold(waiting_realm, reason=["Ask Kim"])
    metadata = {"redirect_uris": [LOCAL]} | ({} if modes is None else {"registration_mode": modes})
    response = waiting_realm.register("openid-connect", json=metadata)
    assert response.status_code == 201, response.text
    assert response.headers.get("Matricula-Held") == "Ask Kim"
    assert waiting_realm.client(response.json()["client_id"])["enabled"] is False


@pytest.mark.parametrize("modes", ["approval", [1], {"approval": True}])
def test_modes_that_are_no_list_of_texts(waiting_realm, modes):
    response = ask(waiting_realm, registration_mode=modes)
    assert_error(response, 400, "invalid_client_metadata")
    assert "registration_mode" in response.json()["error_description"]


def test_unknown_modes_beside_it_are_ignored(waiting_realm):
    hold(waiting_realm)
    assert ask(waiting_realm, registration_mode=["future", "approval", "immediate"]).status_code == 202


def test_what_is_wrong_is_refused_at_once(waiting_realm):
    hold(waiting_realm)
    assert ask(waiting_realm).status_code == 202
    assert_error(ask(waiting_realm, subject_type="magic"), 400, "invalid_client_metadata")
    assert_error(ask(waiting_realm, redirect_uris=["https://evil.example/cb"]), 403, "insufficient_scope")
    assert len(waiting_realm.admin("GET", "/client-approvals").json()) == 1


def test_polls_that_come_too_fast(open_realm):
    hold(open_realm)
    waiting = pending(open_realm)
    assert waiting["interval"] == 5
    assert poll(open_realm, waiting).status_code == 202
    response = poll(open_realm, waiting)
    assert response.status_code == 429
    assert response.headers["Retry-After"] == "5"
    assert response.json()["error"] == "slow_down"
    decide(open_realm, waiting, "approve")
    assert poll(open_realm, waiting).status_code == 201, "a decision is told however fast"


def test_refused(waiting_realm):
    hold(waiting_realm)
    waiting = pending(waiting_realm)
    before = len(waiting_realm.admin("GET", "/clients").json())
    decide(waiting_realm, waiting, "refuse")
    for _ in range(2):
        assert_error(poll(waiting_realm, waiting), 400, "access_denied")
    assert len(waiting_realm.admin("GET", "/clients").json()) == before - 1


def test_expired(waiting_realm):
    hold(waiting_realm)
    set_life_cycle(waiting_realm, approvalExpires=2, approvalInterval=1)
    waiting, approved = pending(waiting_realm), pending(waiting_realm)
    assert waiting["expires_in"] == 2
    decide(waiting_realm, approved, "approve")
    time.sleep(2.5)
    assert_error(poll(waiting_realm, waiting), 400, "expired_token")
    assert_error(poll(waiting_realm, approved), 400, "expired_token")
    response = waiting_realm.admin("POST", f"/client-approvals/{waiting['verification_code']}/approve")
    assert (response.status_code, response.json()) == (404, {"error": "No such pending registration"})
    assert waiting_realm.admin("GET", "/clients", params={"held": "true"}).json() == []


def test_cancelled(waiting_realm):
    hold(waiting_realm)
    waiting = pending(waiting_realm)
    response = poll(waiting_realm, waiting, cancel_registration=True)
    assert (response.status_code, response.content) == (204, b"")
    assert waiting_realm.admin("GET", "/clients", params={"held": "true"}).json() == []
    assert_error(poll(waiting_realm, waiting, cancel_registration=True), 400, "invalid_registration", UNKNOWN)
    assert_error(poll(waiting_realm, waiting), 400, "invalid_registration", UNKNOWN)
    assert_error(poll(waiting_realm, "no-such-code"), 400, "invalid_registration", UNKNOWN)
    other = pending(waiting_realm)
    assert poll(waiting_realm, other, cancel_registration=False).status_code == 202
    for bad, name in (({"registration_code": 1}, "registration_code"), ({"cancel_registration": "yes"}, "cancel_registration")):
        response = waiting_realm.register("openid-connect", json={"registration_code": other["registration_code"]} | bad)
        assert_error(response, 400, "invalid_request")
        assert name in response.json()["error_description"]


def test_initial_access_token_is_given_back(realm):
    hold(realm, "authenticated")
    made = realm.admin("POST", "/clients-initial-access", json={"count": 1}).json()

    def remaining():
        return next(t["remainingCount"] for t in realm.admin("GET", "/clients-initial-access").json() if t["id"] == made["id"])

    waiting = pending(realm, made["token"])
    assert remaining() == 0
    assert_error(ask(realm, made["token"]), 401, "invalid_token")
    assert poll(realm, waiting, cancel_registration=True).status_code == 204
    assert remaining() == 1
    waiting = pending(realm, made["token"])
    decide(realm, waiting, "approve")
    client = poll(realm, waiting).json()
    assert remaining() == 0
    assert jwt_claims(client["registration_access_token"])["registration_auth"] == "authenticated"


def test_what_the_approver_sees(waiting_realm):
    hold(waiting_realm, reason=["Ask Kim"])
    waiting = pending(waiting_realm, client_name="Agent")
    code = waiting["verification_code"]
    for written in (code, code.lower(), code.replace("-", "")):
        response = waiting_realm.admin("GET", f"/client-approvals/{written}")
        assert response.status_code == 200, response.text
    shown = response.json()
    assert set(shown) == {"verificationCode", "requested", "expires", "address", "reason", "decision", "client"}
    assert (shown["verificationCode"], shown["reason"], shown["client"]["name"]) == (code, "Ask Kim", "Agent")
    assert shown["expires"] - shown["requested"] == 3_600_000
    assert "secret" not in shown["client"] or "*" in shown["client"]["secret"]
    found = waiting_realm.admin("GET", "/client-registration-policy/decisions", params={"id": shown["decision"]}).json()
    assert found[0]["outcome"] == "hold"
    (listed,) = waiting_realm.admin("GET", "/client-approvals").json()
    assert listed == {key: value for key, value in shown.items() if key != "verificationCode"}
    page = waiting_realm.server.http.get(waiting["verification_uri_complete"])
    assert (page.status_code, page.headers["Content-Type"].split(";")[0]) == (200, "text/html")


def test_rights_of_the_approver(waiting_realm):
    hold(waiting_realm)
    waiting = pending(waiting_realm)
    path = f"/client-approvals/{waiting['verification_code']}"
    viewer = waiting_realm.user_token("view-clients")
    assert waiting_realm.admin_as(viewer, "GET", path).status_code == 200
    assert waiting_realm.admin_as(viewer, "POST", f"{path}/approve").status_code == 403
    assert waiting_realm.admin_as(waiting_realm.user_token("view-realm"), "GET", path).status_code == 403
    _, name = waiting_realm.create_user("manage-clients")
    manager = waiting_realm.password_token(name, "password")
    assert waiting_realm.admin_as(manager, "POST", f"{path}/approve").status_code == 204
    assert waiting_realm.admin_as(manager, "POST", f"{path}/approve").status_code == 404
    client = poll(waiting_realm, waiting).json()
    origin = waiting_realm.admin("GET", f"/clients/{waiting_realm.client(client['client_id'])['id']}/origin").json()
    assert origin["approvedBy"]["user"] == name


def test_guessed_codes_are_slowed_down(waiting_realm):
    hold(waiting_realm)
    assert ask(waiting_realm).status_code == 202
    token = waiting_realm.user_token("manage-clients")
    answers = [
        waiting_realm.admin_as(token, "GET", f"/client-approvals/BBBB-BB{a}{b}") for a, b in zip("BCDFGHJKLMNP", "CDFGHJKLMNPQ")
    ]
    assert [answer.status_code for answer in answers[:10]] == [404] * 10
    assert answers[-1].status_code == 429
    assert int(answers[-1].headers["Retry-After"]) > 0


def test_the_list_of_held_clients_decides_too(waiting_realm):
    hold(waiting_realm)
    waiting = pending(waiting_realm)
    (held,) = waiting_realm.admin("GET", "/clients", params={"held": "true"}).json()
    assert waiting_realm.admin("POST", f"/clients/{held['id']}/approve").status_code == 204
    assert poll(waiting_realm, waiting).json()["client_id"] == held["clientId"]


def test_one_poll_of_many_gets_the_client(waiting_realm):
    hold(waiting_realm)
    waiting = pending(waiting_realm)
    decide(waiting_realm, waiting, "approve")
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: poll(waiting_realm, waiting).status_code, range(8)))
    assert sorted(answers) == [201] + [400] * 7


def test_events(waiting_realm):
    waiting_realm.update(eventsEnabled=True)
    hold(waiting_realm)
    waiting, refused = pending(waiting_realm), pending(waiting_realm)
    assert waiting_realm.events(type="CLIENT_REGISTER") == []
    decide(waiting_realm, waiting, "approve")
    decide(waiting_realm, refused, "refuse")
    client = poll(waiting_realm, waiting).json()
    (event,) = waiting_realm.events(type="CLIENT_REGISTER")
    assert (event["clientId"], event["details"]["approved_by"]) == (client["client_id"], "admin")
    assert [event["error"] for event in waiting_realm.events(type="CLIENT_REGISTER_ERROR")] == ["access_denied"]
