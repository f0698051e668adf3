#!/usr/bin/env python3
"""What swaps, uploads and a hanging component cost those who register: swaps.py URL

In one realm clients live their lives (register, read, update, delete, each with the token that the answer before
carried), judged by a policy whose component is changed meanwhile. Rounds alternate, so that what disturbs one disturbs
the other: nothing happens; two compiled versions take turns (1,000 swaps in all); a new version is uploaded and compiled
again and again; callers of another realm wait for a policy that never answers. Printed are the medians of the rounds and
requests that failed. Needs wrk, the components of `cargo xtask build`, and a server that may be filled with anything.
The administrator's password is that of MATRICULA_ADMIN_PASSWORD.
"""

import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

ROUNDS = int(os.environ.get("ROUNDS", "5"))
SECONDS = int(os.environ.get("SECONDS_A_ROUND", "8"))
SWAPS = 1000 // ROUNDS
CONNECTIONS = 8
PASSWORD = os.environ["MATRICULA_ADMIN_PASSWORD"]
COMPONENTS = Path(__file__).resolve().parents[2] / "target/test-components"
POLICY = "org.keycloak.services.clientregistration.policy.ClientRegistrationPolicy"

LIFE = (
    'PATH = "/realms/swaps/clients-registrations/openid-connect"\n'
    """BODY = '{"client_name":"Bench","redirect_uris":["http://localhost/callback"],"client_uri":"http://localhost/"}'\n"""
    + Path(__file__).with_name("lifecycle.lua").read_text()
)


class Server:
    """The server as its administrator sees it."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.token, self.until = "", 0.0

    def call(self, method: str, path: str, body: bytes | dict | None = None, token: str | None = "admin") -> tuple[int, bytes]:
        if token == "admin":
            token = self.administrator()
        data = json.dumps(body).encode() if isinstance(body, dict) else body
        request = urllib.request.Request(self.url + path, data=data, method=method)
        request.add_header("Content-Type", "application/json" if isinstance(body, dict) else "application/wasm")
        if token:
            request.add_header("Authorization", f"Bearer {token}")
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return answer.status, answer.read()
        except urllib.error.HTTPError as error:
            return error.code, error.read()

    def need(self, method: str, path: str, body: bytes | dict | None = None) -> bytes:
        status, text = self.call(method, path, body)
        if status >= 300:
            sys.exit(f"{method} {path}: {status} {text.decode(errors='replace')}")
        return text

    def administrator(self) -> str:
        if time.monotonic() > self.until:
            form = {"grant_type": "password", "client_id": "admin-cli", "username": "admin", "password": PASSWORD}
            data = urllib.parse.urlencode(form).encode()
            with urllib.request.urlopen(f"{self.url}/realms/master/protocol/openid-connect/token", data) as answer:
                self.token = json.load(answer)["access_token"]
            self.until = time.monotonic() + 30
        return self.token

    def realm(self, name: str, policy: str) -> None:
        """A realm in which this policy alone judges."""
        self.need("POST", "/admin/realms", {"realm": name, "enabled": True})
        for other in json.loads(self.need("GET", f"/admin/realms/{name}/components")):
            self.need("DELETE", f"/admin/realms/{name}/components/{other['id']}")
        for sub_type in ("anonymous", "authenticated"):
            body = {"name": policy, "providerId": policy, "providerType": POLICY, "subType": sub_type, "config": {}}
            self.need("POST", f"/admin/realms/{name}/components", body)

    def upload(self, name: str, file: bytes) -> str:
        return json.loads(self.need("PUT", f"/admin/components/{name}", file))["active"]


def version(number: int) -> bytes:
    """The policy `gate` that lets everybody in, with a custom section that makes it a version of its own."""
    name = f"version-{number:012}".encode()
    section = bytes([len(name)]) + name
    return (COMPONENTS / "gate-open.wasm").read_bytes() + bytes([0, len(section)]) + section


def load(server: Server) -> dict[str, float]:
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as script:
        script.write(LIFE)
        script.flush()
        command = ["wrk", f"-t{CONNECTIONS}", f"-c{CONNECTIONS}", f"-d{SECONDS}s", "--timeout", "20s", "--latency"]
        out = subprocess.run([*command, "-s", script.name, server.url], capture_output=True, text=True, check=True).stdout
    units = {"us": 1e-3, "ms": 1.0, "s": 1e3}
    number, unit = re.search(r"^\s+99%\s+([\d.]+)(us|ms|s)", out, re.M).groups()
    sockets = re.search(r"Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)", out)
    lost = int(re.search(r"BAD (\d+)", out).group(1)) + (sum(map(int, sockets.groups())) if sockets else 0)
    return {
        "p99": float(number) * units[unit],
        "per second": float(re.search(r"Requests/sec:\s+([\d.]+)", out).group(1)),
        "requests": int(re.search(r"(\d+) requests in", out).group(1)),
        "lost": lost,
    }


def beside(server: Server, work) -> tuple[dict[str, float], list[float]]:
    """The load while `work` is done again and again; how long each time took, in milliseconds."""
    done, took = threading.Event(), []

    def run() -> None:
        while not done.is_set():
            began = time.monotonic()
            work(len(took))
            took.append((time.monotonic() - began) * 1000)

    thread = threading.Thread(target=run)
    thread.start()
    figures = load(server)
    done.set()
    thread.join()
    return figures, took


def main() -> None:
    server = Server(sys.argv[1].rstrip("/"))
    digests = [server.upload("gate", version(number)) for number in range(2)]
    server.upload("unruly", (COMPONENTS / "unruly.wasm").read_bytes())
    server.realm("swaps", "gate")
    server.realm("hangs", "loops")
    uploaded = iter(range(2, 1_000_000))

    def swap(number: int) -> None:
        due = SECONDS / SWAPS * 0.9
        began = time.monotonic()
        server.need("POST", "/admin/components/gate/activate", {"digest": digests[number % 2]})
        time.sleep(max(0.0, due - (time.monotonic() - began)))

    def upload(_: int) -> None:
        digest = server.upload("gate", version(next(uploaded)))
        server.need("POST", "/admin/components/gate/activate", {"digest": digests[0]})
        server.need("DELETE", f"/admin/components/gate/versions/{digest}")

    waits: list[float] = []

    def hang(_: int) -> None:
        def wait() -> None:
            began = time.monotonic()
            status, _ = server.call("POST", "/realms/hangs/clients-registrations/default", {}, token=None)
            if status != 500:
                sys.exit(f"a policy without an answer let a request through: {status}")
            waits.append((time.monotonic() - began) * 1000)

        callers = [threading.Thread(target=wait) for _ in range(4)]
        for caller in callers:
            caller.start()
        for caller in callers:
            caller.join()

    load(server)
    cases = {"nothing": None, "swaps": swap, "uploads": upload, "a hanging component": hang}
    figures: dict[str, list[dict[str, float]]] = {case: [] for case in cases}
    times: dict[str, list[float]] = {case: [] for case in cases}
    for _ in range(ROUNDS):
        for case, work in cases.items():
            round_figures, took = beside(server, work) if work else (load(server), [])
            figures[case].append(round_figures)
            times[case] += took
    quiet = statistics.median(round_["p99"] for round_ in figures["nothing"])
    print(f"{'beside':<22}{'req/s':>9}{'p99 ms':>9}{'ratio':>8}{'requests':>10}{'lost':>6}{'times':>7}{'median ms':>11}")
    for case, rounds in figures.items():
        p99 = statistics.median(round_["p99"] for round_ in rounds)
        per_second = statistics.median(round_["per second"] for round_ in rounds)
        requests, lost = (sum(round_[name] for round_ in rounds) for name in ("requests", "lost"))
        took = f"{len(times[case]):>7}{statistics.median(times[case]):>11.1f}" if times[case] else ""
        print(f"{case:<22}{per_second:>9.0f}{p99:>9.2f}{p99 / quiet:>8.2f}{requests:>10}{lost:>6}{took}")
    print(f"callers of the hanging component waited {statistics.median(waits):.0f} ms in the median, {max(waits):.0f} at most")


if __name__ == "__main__":
    main()
