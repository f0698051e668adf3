#!/usr/bin/env python3
"""What registrations cost with few and with many realms: realms.py FEW=URL,REALMS,PID MANY=URL,REALMS,PID

Makes that many realms on each server (those that are there stay), each with an initial access token. Then it registers
clients, each in a realm taken by chance, on both servers in turn, in rounds. Printed are milliseconds of the server's CPU
a request and the median latency, each the median of the rounds, and the memory before and after.
Needs wrk. The administrator's password is that of MATRICULA_ADMIN_PASSWORD.
"""

import concurrent.futures
import http.client
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse

ROUNDS = int(os.environ.get("ROUNDS", "5"))
SECONDS = os.environ.get("SECONDS_A_ROUND", "4")
PASSWORD = os.environ["MATRICULA_ADMIN_PASSWORD"]

REGISTER = """
local tokens, made = {}, 0
for line in io.lines("%s") do tokens[#tokens + 1] = line end
math.randomseed(%d)
request = function()
  made = made + 1
  local realm = math.random(1, #tokens)
  return wrk.format("POST", string.format("/realms/many-%%05d/clients-registrations/default", realm - 1),
    {["Authorization"] = "Bearer " .. tokens[realm], ["Content-Type"] = "application/json"},
    '{"redirectUris":["https://x.example/cb"]}')
end
"""


class Server:
    def __init__(self, argument):
        self.name, rest = argument.split("=", 1)
        url, number, pid = rest.split(",")
        self.url, self.number, self.pid = url, int(number), int(pid)
        self.address = url.removeprefix("http://")
        self.connections = threading.local()
        self.started = self.memory()
        self.token = self.sign_in()

    def call(self, method, path, body, kind="application/json"):
        """An answer's status and JSON; every thread has a connection of its own."""
        if not hasattr(self.connections, "it"):
            self.connections.it = http.client.HTTPConnection(self.address)
        headers = {"Content-Type": kind}
        if kind == "application/json":
            headers["Authorization"] = "Bearer " + self.token
        self.connections.it.request(method, path, body, headers)
        answer = self.connections.it.getresponse()
        text = answer.read()
        return answer.status, json.loads(text) if text else None

    def sign_in(self):
        # The last time may be so long ago that the server has dropped the connection.
        self.connections.it = http.client.HTTPConnection(self.address)
        form = {"grant_type": "password", "client_id": "admin-cli", "username": "admin", "password": PASSWORD}
        kind = "application/x-www-form-urlencoded"
        path = "/realms/master/protocol/openid-connect/token"
        return self.call("POST", path, urllib.parse.urlencode(form), kind)[1]["access_token"]

    def make(self, number):
        """A realm, if there is none, and a token to register in it."""
        realm = f"many-{number:05d}"
        status, answer = self.call("POST", "/admin/realms", json.dumps({"realm": realm, "enabled": True}))
        if status not in (201, 409):
            raise SystemExit(f"{self.name}: {realm}: {status} {answer}")
        path = f"/admin/realms/{realm}/clients-initial-access"
        status, answer = self.call("POST", path, json.dumps({"expiration": 86400, "count": 1000000}))
        if status != 201:
            raise SystemExit(f"{self.name}: {realm}: {status} {answer}")
        return answer["token"]

    def prepare(self):
        """Makes the realms, and a file with their tokens."""
        began, used = time.monotonic(), self.cpu()
        tokens = []
        with concurrent.futures.ThreadPoolExecutor(8) as threads:
            # An administrator's token lives a minute.
            for start in range(0, self.number, 1000):
                self.token = self.sign_in()
                tokens += threads.map(self.make, range(start, min(start + 1000, self.number)))
        took, used = time.monotonic() - began, self.cpu() - used
        print(f"{self.name}: {self.number} realms and tokens in {took:.0f} s, {used * 1000 / self.number:.2f} ms of CPU each")
        self.made = self.memory()
        self.tokens = tempfile.NamedTemporaryFile("w", suffix=".txt")
        self.tokens.write("\n".join(tokens) + "\n")
        self.tokens.flush()

    def cpu(self):
        """Seconds of CPU so far."""
        with open(f"/proc/{self.pid}/stat") as stat:
            fields = stat.read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def memory(self):
        with open(f"/proc/{self.pid}/status") as status:
            return int(re.search(r"VmRSS:\s+(\d+)", status.read())[1]) / 1024

    def run(self, round_number):
        """Milliseconds of CPU a request, and the median latency in milliseconds."""
        with tempfile.NamedTemporaryFile("w", suffix=".lua") as file:
            file.write(REGISTER % (self.tokens.name, round_number))
            file.flush()
            before = self.cpu()
            out = subprocess.run(
                ["wrk", "-t1", "-c8", f"-d{SECONDS}", "--latency", "-s", file.name, self.url],
                capture_output=True, text=True, check=True,
            ).stdout  # fmt: skip
            used = self.cpu() - before
        if "Non-2xx" in out:
            raise SystemExit(f"{self.name}: {re.search('Non-2xx.*', out)[0]}")
        number = int(re.search(r"(\d+) requests in", out)[1])
        value, unit = re.search(r"50%\s+([\d.]+)(us|ms|s)", out).groups()
        return used * 1000 / number, float(value) * {"us": 0.001, "ms": 1, "s": 1000}[unit], number


def main():
    servers = [Server(argument) for argument in sys.argv[1:]]
    for server in servers:
        server.prepare()
    rounds = {server.name: [] for server in servers}
    # The first round makes what is made at first use; it is printed, not counted.
    for round_number in range(ROUNDS + 1):
        for server in servers:
            result = server.run(round_number)
            if round_number == 0:
                print(f"{server.name}: first round {result[0]:.3f} ms of CPU, p50 {result[1]:.2f} ms, {result[2]} requests")
            else:
                rounds[server.name].append(result)
    print("| realms | CPU ms | p50 ms | registrations | MiB at start | with the realms | after |")
    print("|--:|--:|--:|--:|--:|--:|--:|")
    for server in servers:
        cpu, p50 = (statistics.median(result[i] for result in rounds[server.name]) for i in (0, 1))
        made = sum(result[2] for result in rounds[server.name])
        print(
            f"| {server.number:,} | {cpu:.3f} | {p50:.2f} | {made:,} "
            f"| {server.started:.0f} | {server.made:.0f} | {server.memory():.0f} |"
        )


main()
