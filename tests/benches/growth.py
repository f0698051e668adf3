#!/usr/bin/env python3
"""What operations cost with few and with many clients: growth.py FEW=URL,CLIENTS,PID[,PID…] MANY=URL,CLIENTS,PID[,PID…]

Both servers have a realm `many` with clients app-0000000 and so on (make_realm.py). Each operation runs on both in turn,
in rounds, so that what disturbs one disturbs the other. Printed are milliseconds of CPU a request, of the processes named
(the server, and PostgreSQL's with the number of its main process: its children count with it), and the median latency;
of each the median of the rounds.
Needs wrk. The administrator's password is that of MATRICULA_ADMIN_PASSWORD.
"""

import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import urllib.error
import urllib.parse
import urllib.request

ROUNDS = int(os.environ.get("ROUNDS", "5"))
SECONDS = os.environ.get("SECONDS_A_ROUND", "3")
PASSWORD = os.environ["MATRICULA_ADMIN_PASSWORD"]
REALM = os.environ.get("REALM", "many")

COMMON = """
local number, round, first = %d, %d, true
math.randomseed(round)
local function app() return string.format("app-%%07d", math.random(0, number - 1)) end
local made = 0
request = function()
  %s
end
"""
OPERATIONS = {
    "register": 'made = made + 1; local id = "new-" .. round .. "-" .. made\n'
    'return wrk.format("POST", "/realms/REALM/clients-registrations/default", nil,'
    ' \'{"clientId":"\' .. id .. \'","redirectUris":["https://x.example/cb"]}\')',
    "delete": 'made = made + 1\n'
    'return wrk.format("DELETE", "/realms/REALM/clients-registrations/default/new-" .. round .. "-" .. made)',
    "read": 'return wrk.format("GET", "/realms/REALM/clients-registrations/default/" .. app())',
    "update": 'local id = app()\nreturn wrk.format("PUT", "/realms/REALM/clients-registrations/default/" .. id, nil,'
    ' \'{"clientId":"\' .. id .. \'","name":"Name \' .. math.random(1000) .. \'"}\')',
    "find one": 'return wrk.format("GET", "/admin/realms/REALM/clients?clientId=" .. app())',
    "first page of 20": 'return wrk.format("GET", "/admin/realms/REALM/clients?first=0&max=20")',
    "page of 20 behind one": 'return wrk.format("GET", "/admin/realms/REALM/clients?max=20&after=" .. app())',
    "page of 20 in the middle by number": 'return wrk.format("GET",'
    ' "/admin/realms/REALM/clients?max=20&first=" .. math.floor(number / 2))',
    "search, found at once": 'return wrk.format("GET", "/admin/realms/REALM/clients?search=true&max=20&clientId=pp-000")',
    "search, found nowhere": 'return wrk.format("GET", "/admin/realms/REALM/clients?search=true&max=20&clientId=zzz")',
}


class Server:
    def __init__(self, argument):
        self.name, rest = argument.split("=", 1)
        self.url, number, *pids = rest.split(",")
        self.number, self.pids = int(number), [int(pid) for pid in pids]
        self.token = self.prepare()

    def call(self, method, path, body=None, token=None, form=None):
        data = urllib.parse.urlencode(form).encode() if form else json.dumps(body).encode() if body is not None else None
        request = urllib.request.Request(self.url + path, data, method=method)
        request.add_header("Content-Type", "application/x-www-form-urlencoded" if form else "application/json")
        if token:
            request.add_header("Authorization", "Bearer " + token)
        try:
            with urllib.request.urlopen(request) as answer:
                text = answer.read()
        except urllib.error.HTTPError as error:
            if error.code != 409:
                raise
            return None
        return json.loads(text) if text else None

    def sign_in(self, realm, user, password):
        form = {"grant_type": "password", "client_id": "admin-cli", "username": user, "password": password}
        return self.call("POST", f"/realms/{realm}/protocol/openid-connect/token", form=form)["access_token"]

    def prepare(self):
        """A user who manages clients, with a token that lasts."""
        admin = self.sign_in("master", "admin", PASSWORD)
        base = f"/admin/realms/{REALM}"
        self.call("PUT", base, {"accessTokenLifespan": 86400, "sslRequired": "none"}, admin)
        user = {"username": "loader", "enabled": True, "credentials": [{"type": "password", "value": "loader"}]}
        self.call("POST", base + "/users", user, admin)
        user = self.call("GET", base + "/users?username=loader&exact=true", token=admin)[0]["id"]
        client = self.call("GET", base + "/clients?clientId=realm-management", token=admin)[0]["id"]
        role = self.call("GET", f"{base}/clients/{client}/roles/manage-clients", token=admin)
        self.call("POST", f"{base}/users/{user}/role-mappings/clients/{client}", [role], admin)
        return self.sign_in(REALM, "loader", "loader")

    def cpu(self):
        """Seconds of CPU so far."""
        pids = set(self.pids)
        for entry in os.listdir("/proc"):
            if entry.isdigit():
                try:
                    with open(f"/proc/{entry}/stat") as stat:
                        if int(stat.read().rsplit(")", 1)[1].split()[1]) in self.pids:
                            pids.add(int(entry))
                except (FileNotFoundError, ProcessLookupError):
                    pass
        ticks = 0
        for pid in pids:
            try:
                with open(f"/proc/{pid}/stat") as stat:
                    fields = stat.read().rsplit(")", 1)[1].split()
                ticks += int(fields[11]) + int(fields[12])
            except (FileNotFoundError, ProcessLookupError):
                pass
        return ticks / os.sysconf("SC_CLK_TCK")

    def memory(self):
        with open(f"/proc/{self.pids[0]}/status") as status:
            return int(re.search(r"VmRSS:\s+(\d+)", status.read())[1]) / 1024

    def run(self, operation, round_number):
        """Milliseconds of CPU a request, and the median latency in milliseconds."""
        script = COMMON % (self.number, round_number, OPERATIONS[operation].replace("REALM", REALM))
        with tempfile.NamedTemporaryFile("w", suffix=".lua") as file:
            file.write(script)
            file.flush()
            # Fewer clients are deleted than were registered before.
            seconds = "1" if operation == "delete" else SECONDS
            before = self.cpu()
            out = subprocess.run(
                ["wrk", "-t1", "-c8", f"-d{seconds}", "--latency", "-s", file.name,
                 "-H", "Authorization: Bearer " + self.token, "-H", "Content-Type: application/json", self.url],
                capture_output=True, text=True, check=True,
            ).stdout  # fmt: skip
            used = self.cpu() - before
        if "Non-2xx" in out:
            print(f"{self.name}: {operation}: {re.search('Non-2xx.*', out)[0]}", file=sys.stderr)
        number = int(re.search(r"(\d+) requests in", out)[1])
        value, unit = re.search(r"50%\s+([\d.]+)(us|ms|s)", out).groups()
        return used * 1000 / max(number, 1), float(value) * {"us": 0.001, "ms": 1, "s": 1000}[unit], number


def main():
    servers = [Server(argument) for argument in sys.argv[1:]]
    only = os.environ.get("ONLY")
    start = int(os.environ.get("FIRST_ROUND", "1"))
    results = {}
    for round_number in range(start, start + ROUNDS):
        for operation in OPERATIONS:
            if only and only not in operation:
                continue
            for server in servers:
                results.setdefault((operation, server.name), []).append(server.run(operation, round_number))
    names = [server.name for server in servers]
    print("| operation | " + " | ".join(f"{name}: CPU ms | p50 ms" for name in names) + " | ratio of CPU | of p50 |")
    print("|---" + "|--:" * (2 * len(names) + 2) + "|")
    for operation in OPERATIONS:
        if (operation, names[0]) not in results:
            continue
        cpu, p50 = ([statistics.median(run[i] for run in results[operation, name]) for name in names] for i in (0, 1))
        cells = " | ".join(f"{c:.3f} | {p:.2f}" for c, p in zip(cpu, p50))
        print(f"| {operation} | {cells} | {cpu[-1] / cpu[0]:.2f} | {p50[-1] / p50[0]:.2f} |")
    for server in servers:
        print(f"{server.name}: resident memory {server.memory():.0f} MiB")


main()
