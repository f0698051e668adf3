"""Clients that nobody uses, secrets that expire, and actions on many clients (docs/life-cycle.md but for section 6). Keycloak has none of it."""

import time

import pytest

from harness import assert_error
from life_cycle import (
    change,
    ended,
    evaluate,
    gate,
    internal_id,
    job,
    life,
    now,
    read,
    register,
    report,
    run,
    set_life_cycle,
    several,
    state,
    used,
)

pytestmark = pytest.mark.beyond

DAY = 86_400
HOUR = 3_600_000


# -- 1: last use --------------------------------------------------------------------------------


def test_a_new_client_was_never_used(realm):
    (client,) = several(realm, 1)
    shown = life(realm, client["client_id"])
    assert abs(shown.pop("created") - now()) < 60_000
    assert shown == {
        "lastUsed": None,
        "lastUseBy": None,
        "state": "active",
        "hibernatedSince": None,
        "rule": None,
        "next": None,
        "exempt": None,
    }


def test_reading_with_the_registration_access_token_is_a_use(realm):
    (client,) = several(realm, 1)
    realm.admin("GET", f"/clients/{internal_id(realm, client['client_id'])}")
    assert read(realm, client, "wrong").status_code == 401
    assert life(realm, client["client_id"])["lastUsed"] is None
    assert read(realm, client).status_code == 200
    shown = used(realm, client["client_id"])
    assert shown["lastUseBy"] == "management"
    assert abs(shown["lastUsed"] - now()) < 60_000


def test_a_token_is_a_use(realm):
    realm.create_client("service", secret="secret", publicClient=False, serviceAccountsEnabled=True)
    assert realm.token_request(("service", "wrong"), grant_type="client_credentials").status_code == 401
    assert life(realm, "service")["lastUsed"] is None
    assert realm.token_request(("service", "secret"), grant_type="client_credentials").status_code == 200
    assert used(realm, "service")["lastUseBy"] == "token"


def test_reported_uses(realm):
    one, other = (client["client_id"] for client in several(realm, 2))
    at = now() - 5 * HOUR
    assert report(realm, (one, at), other, "nobody") == {"accepted": 2, "unknown": ["nobody"], "revived": []}
    assert (life(realm, one)["lastUsed"], life(realm, one)["lastUseBy"]) == (at, "reported")
    assert abs(life(realm, other)["lastUsed"] - now()) < 60_000
    report(realm, (one, at + HOUR // 2))
    assert life(realm, one)["lastUsed"] == at, "within the hour"
    report(realm, (one, at - 10 * HOUR))
    assert life(realm, one)["lastUsed"] == at, "an older use"
    report(realm, (one, at + 2 * HOUR))
    assert life(realm, one)["lastUsed"] == at + 2 * HOUR
    assert report(realm) == {"accepted": 0, "unknown": [], "revived": []}


@pytest.mark.parametrize(
    "body, name",
    [
        ([{"clientId": "a"}] * 1001, "1,000"),
        ([{"clientId": "a"}, {"clientId": "a", "at": "yesterday"}], "[1].at"),
        ([{"clientId": "a", "at": 4_102_444_800_000}], "[0].at"),
        ([{"clientId": "a", "when": 1}], "when"),
        ([{"at": 1}], "[0].clientId"),
        ({"clientId": "a"}, "list"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_reports_that_are_refused(shared_realm, body, name):
    response = shared_realm.admin("POST", "/client-use", json=body)
    assert_error(response, 400, "invalid_request")
    assert name in response.json()["error_description"]


def test_who_may_report(realm):
    (client,) = several(realm, 1)
    body = [{"clientId": client["client_id"]}]
    for role, status in (("view-clients", 200), ("manage-clients", 200), ("create-client", 403), ("view-realm", 403)):
        assert realm.admin_as(realm.user_token(role), "POST", "/client-use", json=body).status_code == status, role


# -- 2: settings, dry run -----------------------------------------------------------------------

DEFAULTS = {
    "neverUsedAfter": 0,
    "idleAfter": 0,
    "deleteAfter": 0,
    "perSoftware": {"max": 0, "grace": 600},
    "exempt": {"administrators": True, "initialAccessTokens": []},
    "requireUse": True,
    "maxPerRun": 1000,
    "runEvery": 3600,
    "tombstones": 2592000,
    "secretLifetime": 0,
    "secretGrace": 0,
    "registrationTokenGrace": False,
    "approvalExpires": 3600,
    "approvalInterval": 5,
}


def test_settings_and_their_defaults(realm):
    assert realm.admin("GET", "").json().get("lifeCycle") == DEFAULTS
    realm.update(lifeCycle={"idleAfter": DAY, "perSoftware": {"max": 3}})
    realm.update(displayName="unchanged")
    assert realm.admin("GET", "").json()["lifeCycle"] == DEFAULTS | {"idleAfter": DAY, "perSoftware": {"max": 3, "grace": 600}}
    realm.update(lifeCycle=None)
    assert realm.admin("GET", "").json()["lifeCycle"] == DEFAULTS


@pytest.mark.parametrize(
    "settings, name",
    [
        ({"idleAfter": -1}, "lifeCycle.idleAfter"),
        ({"idleAfter": "P30D"}, "lifeCycle.idleAfter"),
        ({"idleAfter": 1.5}, "lifeCycle.idleAfter"),
        ({"deleteAter": 1}, "lifeCycle.deleteAter"),
        ({"perSoftware": {"max": 10_001}}, "lifeCycle.perSoftware.max"),
        ({"maxPerRun": 0}, "lifeCycle.maxPerRun"),
        ({"runEvery": 1}, "lifeCycle.runEvery"),
        ({"exempt": {"administrators": "yes"}}, "lifeCycle.exempt.administrators"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_settings_that_are_refused(shared_realm, settings, name):
    response = shared_realm.admin("PUT", "", json={"lifeCycle": settings})
    assert response.status_code == 400, response.text
    assert name in response.json()["errorMessage"]
    assert shared_realm.admin("GET", "").json()["lifeCycle"] == DEFAULTS


def test_dry_run(realm):
    dead = several(realm, 3, software_id="agent")
    (alive,) = several(realm, 1)
    realm.create_client("by-hand")
    report(realm, alive["client_id"])
    later = now() + 40 * DAY * 1000
    rules = {"neverUsedAfter": 30 * DAY}
    shown = evaluate(realm, lifeCycle=rules, at=later)
    assert set(shown) == set(
        "at usesRecordedSince clients hibernate delete exempt blind asks truncated rules bySoftware byOrigin sample".split()
    )
    assert (shown["at"], shown["clients"], shown["hibernate"], shown["delete"], shown["exempt"]) == (later, 5, 3, 0, 1)
    assert (shown["blind"], shown["truncated"], shown["asks"]) == (False, False, False)
    assert shown["rules"] == {"neverUsedAfter": 3, "idleAfter": 0, "deleteAfter": 0}
    (software,) = [entry for entry in shown["bySoftware"] if entry["softwareId"] == "agent"]
    assert (software["clients"], software["hibernate"]) == (3, 3)
    origins = {entry["kind"]: (entry["clients"], entry["hibernate"]) for entry in shown["byOrigin"]}
    assert origins["administrator"] == (1, 0)
    assert {entry["clientId"] for entry in shown["sample"]} == {client["client_id"] for client in dead}
    assert {(entry["action"], entry["rule"]) for entry in shown["sample"]} == {("hibernate", "neverUsedAfter")}
    assert evaluate(realm, lifeCycle=rules)["hibernate"] == 0
    assert evaluate(realm, lifeCycle={"neverUsedAfter": 30 * DAY, "idleAfter": 30 * DAY}, at=later)["hibernate"] == 4
    assert evaluate(realm)["hibernate"] == 0
    assert state(realm, dead[0]["client_id"]) == "active"


def test_a_realm_whose_uses_nobody_reports_is_left_alone(realm):
    clients = several(realm, 3)
    realm.update(lifeCycle={"neverUsedAfter": 1})
    assert read(realm, clients[0]).status_code == 200
    used(realm, clients[0]["client_id"])
    time.sleep(1.2)
    shown = evaluate(realm)
    assert (shown["blind"], shown["hibernate"]) == (True, 0)
    assert run(realm)["done"] == 0
    report(realm, clients[2]["client_id"])
    assert (evaluate(realm)["blind"], evaluate(realm)["hibernate"]) == (False, 1)


@pytest.mark.parametrize("call", ["evaluate", "run"])
def test_who_may_look_and_who_may_act(realm, call):
    for roles, may in (((), ()), (("view-realm", "view-clients"), ("evaluate",)), (("view-clients",), ()), (("manage-clients",), ("run",))):
        response = realm.admin_as(realm.user_token(*roles), "POST", f"/client-life-cycle/{call}", json={})
        assert response.status_code == ({"evaluate": 200, "run": 202}[call] if call in may else 403), roles
        time.sleep(0.5)


# -- 2, 3: runs ---------------------------------------------------------------------------------


def asleep(realm, **metadata):
    """A client that hibernates."""
    (client,) = several(realm, 1, **metadata)
    response = realm.admin("POST", f"/clients/{internal_id(realm, client['client_id'])}/hibernate")
    assert response.status_code == 204, response.text
    return client


def test_run_hibernates_what_was_never_used(realm):
    realm.update(eventsEnabled=True)
    dead, alive = several(realm, 2)
    realm.create_client("by-hand")
    report(realm, alive["client_id"])
    set_life_cycle(realm, neverUsedAfter=1)
    time.sleep(1.2)
    done = run(realm)
    assert (done["kind"], done["state"], done["matched"], done["done"], done["failed"]) == ("life-cycle", "finished", 1, 1, 0)
    assert done["rules"]["neverUsedAfter"] == 1
    shown = life(realm, dead["client_id"])
    assert (shown["state"], shown["rule"]) == ("hibernating", "neverUsedAfter")
    assert abs(shown["hibernatedSince"] - now()) < 60_000
    stored = realm.client(dead["client_id"])
    assert stored["enabled"] is True
    assert stored["attributes"]["life.hibernated"]
    assert [state(realm, name) for name in (alive["client_id"], "by-hand")] == ["active", "active"]
    (event,) = realm.events(type="CLIENT_HIBERNATE")
    assert event["clientId"] == dead["client_id"]
    assert event["details"] == {"rule": "neverUsedAfter", "job": done["id"]}
    found = realm.admin("GET", "/client-registration-policy/decisions", params={"id": done["id"]}).json()
    assert [(d["provider"], d["operation"]) for d in found] == [("life-cycle", "run")]
    listed = realm.admin("GET", "/clients", params={"state": "hibernating"}).json()
    assert [client["clientId"] for client in listed] == [dead["client_id"]]


def test_idle_clients(realm):
    idle, busy = several(realm, 2)
    report(realm, (idle["client_id"], now() - 40 * DAY * 1000), busy["client_id"])
    set_life_cycle(realm, idleAfter=30 * DAY)
    assert run(realm)["rules"]["idleAfter"] == 1
    assert (state(realm, idle["client_id"]), state(realm, busy["client_id"])) == ("hibernating", "active")


def test_exempt_clients(realm):
    made = realm.admin("POST", "/clients-initial-access", json={"count": 5}).json()
    exempt = register(realm, made["token"])
    other, marked, off = several(realm, 3)
    realm.update_client(marked["client_id"], attributes={"life.exempt": "true"})
    realm.update_client(off["client_id"], enabled=False)
    set_life_cycle(realm, neverUsedAfter=1, exempt={"administrators": True, "initialAccessTokens": [made["id"]]})
    time.sleep(1.2)
    assert life(realm, exempt["client_id"])["exempt"] == "initial-access-token"
    assert life(realm, marked["client_id"])["exempt"] == "attribute"
    assert life(realm, "account")["exempt"] == "server"
    assert run(realm)["done"] == 1
    assert state(realm, other["client_id"]) == "hibernating"
    assert state(realm, off["client_id"]) == "disabled"


def test_a_run_that_would_take_many_asks_first(realm):
    clients = several(realm, 12)
    set_life_cycle(realm, neverUsedAfter=1, maxPerRun=11)
    time.sleep(1.2)
    assert evaluate(realm)["asks"] is True
    asked = run(realm, confirmed=False)
    assert (asked["state"], asked["matched"], asked["done"]) == ("asks", 12, 0)
    assert [state(realm, client["client_id"]) for client in clients] == ["active"] * 12
    done = run(realm)
    assert (done["state"], done["done"]) == ("finished", 11)
    assert run(realm)["done"] == 1


def test_deletion_comes_after_hibernation_only(realm):
    realm.update(eventsEnabled=True)
    client = asleep(realm)
    (other,) = several(realm, 1)
    set_life_cycle(realm, deleteAfter=1)
    assert life(realm, client["client_id"])["next"]["action"] == "delete"
    time.sleep(1.2)
    assert run(realm)["rules"]["deleteAfter"] == 1
    assert realm.client(client["client_id"]) is None
    assert state(realm, other["client_id"]) == "active"
    (event,) = realm.events(type="CLIENT_DELETE")
    assert (event["clientId"], event["details"]["rule"]) == (client["client_id"], "deleteAfter")


def test_a_hibernating_client_stays_as_it_was_and_is_revived_by_its_own_read(realm):
    realm.update(eventsEnabled=True)
    client = asleep(realm, client_name="Sleeper")
    response = read(realm, client)
    assert response.status_code == 200
    assert response.json()["client_name"] == "Sleeper"
    assert state(realm, client["client_id"]) == "active"
    assert "life.hibernated" not in realm.client(client["client_id"])["attributes"]
    (event,) = realm.events(type="CLIENT_REVIVE")
    assert (event["clientId"], event["details"]["use"]) == (client["client_id"], "management")


def test_what_revives(realm):
    realm.create_client("service", secret="secret", publicClient=False, serviceAccountsEnabled=True)

    def sleep():
        response = realm.admin("POST", f"/clients/{internal_id(realm, 'service')}/hibernate")
        assert response.status_code == 204, response.text
        assert state(realm, "service") == "hibernating"

    sleep()
    assert realm.token_request(("service", "secret"), grant_type="client_credentials").status_code == 200
    assert state(realm, "service") == "active"
    sleep()
    assert report(realm, "service")["revived"] == ["service"]
    assert state(realm, "service") == "active"
    sleep()
    realm.update_client("service", name="changed")
    assert state(realm, "service") == "active"
    sleep()
    assert realm.admin("POST", f"/clients/{internal_id(realm, 'service')}/revive").status_code == 204
    assert realm.admin("POST", f"/clients/{internal_id(realm, 'service')}/revive").status_code == 409
    assert realm.admin("POST", f"/clients/{internal_id(realm, 'account')}/hibernate").status_code == 403


def test_the_gate_revives(realm):
    realm.update(eventsEnabled=True)
    client = asleep(realm)
    response = gate(realm, client["client_id"])
    assert response.status_code == 200, response.text
    assert response.headers["Matricula-Client"] == internal_id(realm, client["client_id"])
    assert state(realm, client["client_id"]) == "active"
    assert used(realm, client["client_id"])["lastUseBy"] == "gate"
    assert realm.events(type="CLIENT_REVIVE")[0]["details"]["use"] == "gate"


def test_hibernating_clients_do_not_count_for_the_limit(open_realm):
    count = len(open_realm.admin("GET", "/clients").json())
    open_realm.update_policy(open_realm.policy("max-clients", "anonymous"), max_clients=[str(count + 1)])
    first = register(open_realm)
    assert open_realm.register("openid-connect", json={"redirect_uris": ["http://localhost/cb"]}).status_code == 403
    response = open_realm.admin("POST", f"/clients/{internal_id(open_realm, first['client_id'])}/hibernate")
    assert response.status_code == 204, response.text
    register(open_realm)
    assert read(open_realm, first).status_code == 200, "reviving asks no policy"


# -- 3: tombstones ------------------------------------------------------------------------------


def test_the_old_token_of_a_deleted_client_is_told(realm):
    client = asleep(realm)
    (other,) = several(realm, 1)
    set_life_cycle(realm, deleteAfter=1)
    time.sleep(1.2)
    run(realm)
    response = read(realm, client)
    assert_error(response, 401, "invalid_token", "Not authorized to view client. Not valid token or client credentials provided.")
    rule, at = response.headers["Matricula-Gone"].split("; ")
    assert rule == "deleteAfter"
    assert at.endswith("Z")
    assert "Matricula-Gone" not in read(realm, client, other["registration_access_token"]).headers
    assert "Matricula-Gone" not in realm.register("openid-connect", "GET", client["client_id"]).headers
    other_id = internal_id(realm, other["client_id"])
    assert realm.admin("DELETE", f"/clients/{other_id}").status_code == 204
    assert change(realm, other).headers["Matricula-Gone"].startswith("deleted; ")
    realm.create_client(other["client_id"])
    assert "Matricula-Gone" not in read(realm, other).headers


def test_the_gate_tells_what_was_removed(realm):
    client = asleep(realm)
    set_life_cycle(realm, deleteAfter=1)
    time.sleep(1.2)
    run(realm)
    response = gate(realm, client["client_id"])
    assert_error(response, 403, "unauthorized_client", f"Client '{client['client_id']}' was removed")
    assert response.headers["Matricula-Gone"].startswith("deleteAfter; ")


# -- 4: duplicates ------------------------------------------------------------------------------


def test_cap_per_software(open_realm):
    set_life_cycle(open_realm, perSoftware={"max": 2, "grace": 0})
    agent = {"client_name": "Agent", "token_endpoint_auth_method": "none"}
    used_one = register(open_realm, redirect_uris=["http://localhost:4001/cb"], **agent)
    report(open_realm, used_one["client_id"])
    second = register(open_realm, redirect_uris=["http://localhost:4002/cb"], **agent)
    other = register(open_realm, redirect_uris=["http://localhost:4002/other"], **agent)
    third = register(open_realm, redirect_uris=["http://localhost:4003/cb"], **agent)
    assert len({client["client_id"] for client in (used_one, second, third)}) == 3
    assert third["registration_access_token"] != second["registration_access_token"]
    states = [state(open_realm, client["client_id"]) for client in (used_one, second, third, other)]
    assert states == ["active", "hibernating", "active", "active"]
    assert life(open_realm, second["client_id"])["rule"] == "perSoftware"
    report(open_realm, third["client_id"])
    fourth = register(open_realm, redirect_uris=["http://localhost:4004/cb"], **agent)
    fifth = register(open_realm, redirect_uris=["http://localhost:4005/cb"], **agent)
    assert [state(open_realm, client["client_id"]) for client in (used_one, third, fourth, fifth)] == [
        "active", "active", "hibernating", "active",
    ]


def test_cap_leaves_young_and_authenticated_ones_alone(open_realm):
    set_life_cycle(open_realm, perSoftware={"max": 1, "grace": 3600})
    young = [register(open_realm, client_name="Agent") for _ in range(3)]
    assert [state(open_realm, client["client_id"]) for client in young] == ["active"] * 3
    set_life_cycle(open_realm, perSoftware={"max": 1, "grace": 0})
    token = open_realm.initial_access_token(count=3)
    owned = [register(open_realm, token, client_name="Owned") for _ in range(3)]
    unnamed = [register(open_realm) for _ in range(2)]
    assert [state(open_realm, client["client_id"]) for client in owned + unnamed] == ["active"] * 5


# -- 5: secrets and tokens ----------------------------------------------------------------------


def token_with(realm, client, secret):
    body = {"grant_type": "client_credentials"}
    return realm.token_request((client["client_id"], secret), **body).status_code


def confidential(realm):
    token = realm.initial_access_token()
    return register(realm, token, grant_types=["client_credentials"], client_name="Service")


def test_secrets_expire_and_are_renewed_by_an_update(realm):
    never = confidential(realm)
    assert never["client_secret_expires_at"] == 0
    set_life_cycle(realm, secretLifetime=DAY)
    lasting = confidential(realm)
    assert abs(lasting["client_secret_expires_at"] - time.time() - DAY) < 60
    assert realm.client(lasting["client_id"])["attributes"]["client.secret.expiration.time"] == str(lasting["client_secret_expires_at"])
    kept = change(realm, lasting, grant_types=["client_credentials"]).json()
    assert kept["client_secret"] == lasting["client_secret"]
    set_life_cycle(realm, secretLifetime=2, secretGrace=0)
    client = confidential(realm)
    assert token_with(realm, client, client["client_secret"]) == 200
    time.sleep(3.1)
    assert token_with(realm, client, client["client_secret"]) == 401
    assert read(realm, client).json()["client_secret"] == client["client_secret"]
    set_life_cycle(realm, secretLifetime=DAY)
    renewed = change(realm, client, grant_types=["client_credentials"]).json()
    assert renewed["client_secret"] != client["client_secret"]
    assert renewed["client_secret_expires_at"] > time.time() + DAY - 60
    assert token_with(realm, client, renewed["client_secret"]) == 200
    assert token_with(realm, client, client["client_secret"]) == 401
    assert token_with(realm, never, never["client_secret"]) == 200


def test_the_old_secret_has_a_grace(realm):
    set_life_cycle(realm, secretGrace=DAY)
    client = confidential(realm)
    path = f"/clients/{internal_id(realm, client['client_id'])}/client-secret"
    new = realm.admin("POST", path).json()["value"]
    assert [token_with(realm, client, secret) for secret in (new, client["client_secret"], "wrong")] == [200, 200, 401]
    assert client["client_secret"] not in str(realm.client(client["client_id"]))
    newest = realm.admin("POST", path).json()["value"]
    assert [token_with(realm, client, secret) for secret in (newest, new, client["client_secret"])] == [200, 200, 401]
    assert realm.admin("DELETE", f"{path}/rotated").status_code == 204
    assert realm.admin("DELETE", f"{path}/rotated").status_code == 404
    assert [token_with(realm, client, secret) for secret in (newest, new)] == [200, 401]


def test_the_old_registration_access_token_has_a_grace(realm):
    set_life_cycle(realm, registrationTokenGrace=True)
    (client,) = several(realm, 1)
    first = client["registration_access_token"]
    lost = change(realm, client, client_name="one").json()["registration_access_token"]
    second = change(realm, client, client_name="two")
    assert second.status_code == 200, second.text
    second = second.json()["registration_access_token"]
    assert read(realm, client, lost).status_code == 401
    assert read(realm, client, first).status_code == 200
    assert read(realm, client, second).status_code == 200
    assert read(realm, client, first).status_code == 401
    assert read(realm, client, second).status_code == 200


# -- 7: jobs ------------------------------------------------------------------------------------


def test_bulk_action_on_a_list(realm):
    realm.update(eventsEnabled=True)
    one, two = (client["client_id"] for client in several(realm, 2))
    done = ended(realm, job(realm, "disable", clients=[one, two, "nobody", "account"]))
    assert {key: done[key] for key in ("kind", "action", "state", "matched", "done", "passed", "failed")} == {
        "kind": "bulk", "action": "disable", "state": "finished", "matched": 4, "done": 2, "passed": 0, "failed": 2,
    }
    assert {failure["clientId"] for failure in done["failures"]} == {"nobody", "account"}
    assert [realm.client(name)["enabled"] for name in (one, two, "account")] == [False, False, True]
    assert {event["details"]["job"] for event in realm.events(type="CLIENT_UPDATE")} == {done["id"]}
    again = ended(realm, job(realm, "disable", clients=[one]))
    assert (again["done"], again["passed"]) == (0, 1)
    assert [entry["id"] for entry in realm.admin("GET", "/client-jobs").json()] == [again["id"], done["id"]]


def test_bulk_action_on_a_search(realm):
    several(realm, 3, software_id="agent")
    (kept,) = several(realm, 1)
    plan = job(realm, "delete", search={"softwareId": "agent"}, dryRun=True)
    assert plan.status_code == 200, plan.text
    assert (plan.json()["matched"], len(plan.json()["sample"])) == (3, 3)
    assert job(realm, "delete", search={"softwareId": "agent"}, expect=2).status_code == 409
    done = ended(realm, job(realm, "delete", search={"softwareId": "agent", "neverUsed": True}, expect=3))
    assert done["done"] == 3
    assert realm.client(kept["client_id"]) is not None


@pytest.mark.parametrize(
    "body, name",
    [
        ({"search": {}}, "search"),
        ({}, "search"),
        ({"clients": ["a"], "search": {"name": "a"}}, "search"),
        ({"clients": []}, "clients"),
        ({"clients": ["a"] * 10_001}, "clients"),
        ({"search": {"colour": "red"}}, "colour"),
        ({"action": "burn", "clients": ["a"]}, "action"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_bulk_actions_that_are_refused(shared_realm, body, name):
    response = shared_realm.admin("POST", "/client-jobs", json={"action": "delete"} | body)
    assert_error(response, 400, "invalid_request")
    assert name in response.json()["error_description"]


def test_who_may_start_and_see_jobs(realm):
    body = {"action": "disable", "clients": ["nobody"]}
    assert realm.admin_as(realm.user_token("view-clients"), "POST", "/client-jobs", json=body).status_code == 403
    response = realm.admin_as(realm.user_token("manage-clients"), "POST", "/client-jobs", json=body)
    found = ended(realm, response)
    path = f"/client-jobs/{found['id']}"
    assert realm.admin_as(realm.user_token("view-clients"), "GET", path).json() == found
    assert realm.admin_as(realm.user_token("view-realm"), "GET", path).status_code == 403
    assert realm.admin("DELETE", path).status_code == 409
    assert realm.admin("GET", "/client-jobs/no-such-job").status_code == 404
