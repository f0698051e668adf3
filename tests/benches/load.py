#!/usr/bin/env python3
"""Load on client registration servers, side by side.

Each server is given as NAME=URL[,PID[,DATABASE PID]]; the scenarios run against every server in turn, in interleaved
rounds, so that noise of the machine hits all of them alike. With a PID the server's CPU per request and its resident
memory are measured too, with the number of its database's main process that one's CPU as well (Linux).

    load.py keycloak=http://localhost:8181,1234,99 matricula=http://localhost:8080,5678,99

Needs `wrk` (Debian's package of this name) and the conformance suite's requirements; `cargo xtask bench` sees to both.
Administrator credentials come from CONFORMANCE_ADMIN_USER / CONFORMANCE_ADMIN_PASSWORD. An answer that is no success
makes the figures invalid and the exit status 1.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "conformance"))
import harness  # noqa: E402

OIDC_BODY = json.dumps(
    {
        "client_name": "Bench client",
        "redirect_uris": ["http://localhost/callback", "http://localhost/other"],
        "grant_types": ["authorization_code", "refresh_token"],
        "response_types": ["code"],
        "token_endpoint_auth_method": "client_secret_basic",
        "client_uri": "http://localhost/",
    }
)
DEFAULT_BODY = json.dumps({"redirectUris": ["http://localhost/callback"], "name": "Bench client"})
# With a signing certificate, as real metadata has; without one the server would make an RSA key pair.
CERTIFICATE = "".join(
    line
    for line in (Path(harness.__file__).parent / "data/sp-signing.pem").read_text().splitlines()
    if not line.startswith("-----")
)
SAML_BODY = (
    '<md:EntityDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata" entityID="__ID__">'
    '<md:SPSSODescriptor AuthnRequestsSigned="false" WantAssertionsSigned="false" '
    'protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">'
    '<md:KeyDescriptor use="signing"><ds:KeyInfo xmlns:ds="http://www.w3.org/2000/09/xmldsig#"><ds:X509Data>'
    f"<ds:X509Certificate>{CERTIFICATE}</ds:X509Certificate></ds:X509Data></ds:KeyInfo></md:KeyDescriptor>"
    "<md:NameIDFormat>urn:oasis:names:tc:SAML:2.0:nameid-format:transient</md:NameIDFormat>"
    '<md:AssertionConsumerService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" '
    'Location="http://localhost/acs" index="1" isDefault="true"/>'
    "</md:SPSSODescriptor></md:EntityDescriptor>"
)

# A request that never changes. No Lua runs per answer, so that the generator is not what is measured.
FIXED = """
wrk.method = %s
wrk.body = %s
for name, value in pairs({%s}) do wrk.headers[name] = value end
"""

# Reads walk over many clients.
WALK = """
local number = 0
function request()
  number = number + 1
  return wrk.format("GET", %s .. (number %% %d), {%s})
end
"""

# Entity ids must differ, so the SAML scenario numbers them.
SAML = """
local number = 0
function request()
  number = number + 1
  local body = string.gsub(%s, "__ID__", "urn:bench:" .. %d .. ":" .. number)
  return wrk.format("POST", nil, {["Content-Type"] = "application/xml", ["Authorization"] = %s}, body)
end
"""

# Updates walk over many clients, so that no two requests in flight meet on one of them.
UPDATE = """
local number = 0
function request()
  number = number + 1
  local id = "bench-" .. (number %% %d)
  local body = string.gsub(string.gsub(%s, "__ID__", id), "__NAME__", "Changed " .. number)
  return wrk.format("PUT", %s .. "/" .. id, {["Content-Type"] = "application/json", ["Authorization"] = %s}, body)
end
"""

# One client's life per connection.
LIFECYCLE = Path(__file__).with_name("lifecycle.lua").read_text()

CLIENTS = 500


def lua(text: str) -> str:
    return "[==[" + text + "]==]"


@dataclass
class Target:
    name: str
    url: str
    pid: int | None
    database: int | None = None

    def use(self) -> None:
        harness.BASE_URL = self.url

    @staticmethod
    def tree(root: int | None) -> list[int]:
        """A process and its children."""
        if root is None:
            return []
        found, queue = [], [root]
        while queue:
            pid = queue.pop()
            found.append(pid)
            try:
                for task in os.listdir(f"/proc/{pid}/task"):
                    queue += map(int, Path(f"/proc/{pid}/task/{task}/children").read_text().split())
            except OSError:
                pass
        return found

    @staticmethod
    def cpu_seconds(root: int | None) -> float:
        """CPU of a process and its children so far."""
        ticks = 0
        for pid in Target.tree(root):
            try:
                fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
                ticks += int(fields[11]) + int(fields[12])
            except OSError:
                pass
        return ticks / os.sysconf("SC_CLK_TCK")

    def peak_mib(self) -> float:
        total = 0.0
        for pid in self.tree(self.pid):
            try:
                match = re.search(r"VmHWM:\s+(\d+)", Path(f"/proc/{pid}/status").read_text())
                total += int(match.group(1)) / 1024 if match else 0
            except OSError:
                pass
        return total


def prepare(target: Target) -> dict[str, tuple[str, str, bool]]:
    """Makes the realm and returns scenario -> (URL, Lua script, one connection per thread)."""
    target.use()
    realm = harness.Realm(harness.Server()).create(accessTokenLifespan=86400)
    realm.trust_this_host()
    for policy in realm.policies("anonymous"):
        if policy["providerId"] == "max-clients":
            response = realm.update_policy(policy, max_clients=["100000000"])
            assert response.status_code == 204, response.text
    manager = realm.service_account_token("manage-clients", "view-clients", "create-client")
    base = f"{target.url}/realms/{realm.name}/clients-registrations"

    for number in range(CLIENTS):
        for name, public in ((f"bench-{number}", False), (f"bench-public-{number}", True)):
            body = {"clientId": name, "publicClient": public, "redirectUris": ["http://localhost/cb"]}
            assert realm.register("default", token=manager, json=body).status_code == 201

    json_type = '["Content-Type"] = "application/json"'
    bearer = f'["Authorization"] = {lua("Bearer " + manager)}'

    def fixed(method: str, content: str = "", headers: str = "") -> str:
        return FIXED % (lua(method), lua(content) if content else "nil", headers)

    update = json.dumps({"clientId": "__ID__", "redirectUris": ["http://localhost/cb2"], "name": "__NAME__"})
    root = f"/realms/{realm.name}/clients-registrations"
    return {
        "register oidc, anonymous, all policies": (f"{base}/openid-connect", fixed("POST", OIDC_BODY, json_type), False),
        "register default, bearer": (f"{base}/default", fixed("POST", DEFAULT_BODY, f"{json_type}, {bearer}"), False),
        "register saml, bearer": (f"{base}/saml2-entity-descriptor", (SAML, SAML_BODY, "Bearer " + manager), False),
        "read default, bearer": (
            f"{base}/default",
            WALK % (lua(f"{root}/default/bench-"), CLIENTS, bearer),
            False,
        ),
        "update default, bearer": (
            f"{base}/default",
            UPDATE % (CLIENTS, lua(update), lua(f"{root}/default"), lua("Bearer " + manager)),
            False,
        ),
        "install, public client": (
            f"{base}/install",
            WALK % (lua(f"{root}/install/bench-public-"), CLIENTS, ""),
            False,
        ),
        "lifecycle, token rotation": (f"{base}/openid-connect", f"PATH, BODY = {lua(f'{root}/openid-connect')}, {lua(OIDC_BODY)}\n{LIFECYCLE}", True),
    }


UNITS = {"us": 1e-3, "ms": 1.0, "s": 1e3, "m": 6e4}


def milliseconds(text: str) -> float:
    number, unit = re.fullmatch(r"([\d.]+)(us|ms|s|m)", text).groups()
    return float(number) * UNITS[unit]


def measure(target: Target, url: str, script: str | tuple[str, str, str], paired: bool, seconds: int, connections: int) -> dict:
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as file:
        if isinstance(script, tuple):  # entity ids of one run must differ from those of the others
            template, body, authorization = script
            script = template % (lua(body), time.time_ns() // 1000, lua(authorization))
        file.write(script)
        file.flush()
        threads = connections if paired else 1
        before, database_before = target.cpu_seconds(target.pid), target.cpu_seconds(target.database)
        run = subprocess.run(
            ["wrk", f"-t{threads}", f"-c{connections}", f"-d{seconds}s", "--timeout", "20s", "--latency", "-s", file.name, url],
            capture_output=True,
            text=True,
        )
        used = target.cpu_seconds(target.pid) - before
        database_used = target.cpu_seconds(target.database) - database_before
    out = run.stdout
    requests = re.search(r"(\d+) requests in", out)
    if run.returncode or not requests or requests.group(1) == "0":
        raise SystemExit(f"wrk failed for {target.name} {url}:\n{out}\n{run.stderr}")
    count = int(requests.group(1))
    errors = sum(map(int, re.findall(r"(?:BAD|Non-2xx or 3xx responses:) *(\d+)", out)))
    sockets = re.search(r"Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)", out)
    errors += sum(map(int, sockets.groups())) if sockets else 0
    return {
        "per_second": float(re.search(r"Requests/sec:\s+([\d.]+)", out).group(1)),
        "p50_ms": milliseconds(re.search(r"^\s+50%\s+(\S+)", out, re.M).group(1)),
        "p99_ms": milliseconds(re.search(r"^\s+99%\s+(\S+)", out, re.M).group(1)),
        "cpu_ms": used * 1000 / count if target.pid else None,
        "database_ms": database_used * 1000 / count if target.database else None,
        "errors": errors,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("servers", nargs="+", metavar="NAME=URL[,PID[,DATABASE PID]]")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=5)
    parser.add_argument("--warmup", type=int, default=10, help="seconds per scenario before the first round")
    parser.add_argument("--connections", type=int, default=16)
    parser.add_argument("--only", default="", help="run only scenarios whose name contains this")
    parser.add_argument("--json", help="write the figures to this file")
    args = parser.parse_args()

    targets = []
    for text in args.servers:
        name, rest = text.split("=", 1)
        url, *pids = rest.split(",")
        targets.append(Target(name, url.rstrip("/"), *map(int, pids), *[None] * (2 - len(pids))))

    prepared = {t.name: prepare(t) for t in targets}
    scenarios = [s for s in prepared[targets[0].name] if args.only in s]
    runs: dict[str, dict[str, list[dict]]] = {s: {t.name: [] for t in targets} for s in scenarios}
    for scenario in scenarios:
        for round_number in range(args.rounds + 1):
            for target in targets:
                seconds = args.seconds if round_number else args.warmup
                figure = measure(target, *prepared[target.name][scenario], seconds, args.connections)
                if round_number:
                    runs[scenario][target.name].append(figure)

    figures = {s: {t.name: middle(runs[s][t.name]) for t in targets} for s in scenarios}
    print(f"{'scenario':<40}{'server':<20}{'req/s':>9}{'p50 ms':>9}{'p99 ms':>9}{'CPU ms':>9}{'DB ms':>9}{'errors':>8}")
    for scenario, of_servers in figures.items():
        for name, figure in of_servers.items():
            cpu, database = (f"{figure[k]:.3f}" if figure[k] is not None else "-" for k in ("cpu_ms", "database_ms"))
            print(
                f"{scenario:<40}{name:<20}{figure['per_second']:>9.0f}{figure['p50_ms']:>9.2f}"
                f"{figure['p99_ms']:>9.2f}{cpu:>9}{database:>9}{figure['errors']:>8}"
            )
    memory = {t.name: round(t.peak_mib(), 1) for t in targets if t.pid}
    print("peak memory, MiB:", ", ".join(f"{name} {mib:.0f}" for name, mib in memory.items()))
    if args.json:
        Path(args.json).write_text(json.dumps({"scenarios": figures, "peak_mib": memory}, indent=2))
    sys.exit(1 if any(f["errors"] for of_servers in figures.values() for f in of_servers.values()) else 0)


def middle(runs: list[dict]) -> dict:
    """The median of each figure; all errors."""
    figures = {
        key: statistics.median(run[key] for run in runs) if runs[0][key] is not None else None
        for key in ("per_second", "p50_ms", "p99_ms", "cpu_ms", "database_ms")
    }
    return figures | {"errors": sum(run["errors"] for run in runs)}


if __name__ == "__main__":
    main()
