#!/usr/bin/env python3
"""Load for many minutes, and whether the server grows: soak.py URL METRICS-URL PID SECONDS SAMPLES-FILE

Clients live their lives (register, read, update, rotate, delete, each with the token that the answer before carried),
judged by a policy whose component is swapped every few seconds; others register with an initial access token, are refused,
and send documents that cannot be read. Every few seconds memory, open files, threads and the queues are looked at.

The exit status is 1 when a request failed that should not, or when over the second half of the time
- memory rises: the line through the samples (least squares) ends more than TOLERANCE above where it begins;
- more files are open than in the first half, by more than a few;
- a queue is still not empty at the end.

All samples are written to the file (CSV): a rise that gets slower is a cache that fills, one that does not is a leak.

Needs wrk, the components of `cargo xtask build`, and a server that may be filled with anything. The administrator's
password is that of MATRICULA_ADMIN_PASSWORD.
"""

import csv
import json
import re
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from pathlib import Path

from swaps import LIFE, Server, version

# Of the memory in the middle of the second half.
TOLERANCE = 0.05
# What connections of the moment make of difference in open files.
FILES = 16
# Seconds between samples, and between swaps.
EVERY, SWAP = 2.0, 5.0
CONNECTIONS = 8


class Sample:
    """What the server takes at a moment."""

    def __init__(self, began: float, pid: str, metrics: str) -> None:
        self.time = time.monotonic() - began
        status = Path(f"/proc/{pid}/status").read_text()
        kilobytes = lambda name: int(re.search(rf"^{name}:\s+(\d+) kB", status, re.M).group(1))
        self.memory = kilobytes("VmRSS") / 1024
        self.own_memory = kilobytes("RssAnon") / 1024
        self.threads = int(re.search(r"^Threads:\s+(\d+)", status, re.M).group(1))
        self.files = sum(1 for _ in Path(f"/proc/{pid}/fd").iterdir())
        with urllib.request.urlopen(metrics, timeout=20) as answer:
            text = answer.read().decode()
        figure = lambda name: float(match.group(1)) if (match := re.search(rf"^{name} (\S+)$", text, re.M)) else 0.0
        self.writes = figure("matricula_writer_queue_writes")
        self.connections = figure("matricula_database_connections_used")
        self.stored = figure(r'matricula_writer_writes_total\{outcome="stored"\}')
        self.figures = sum(not line.startswith("#") for line in text.splitlines())


def others(server: Server, done: threading.Event, failed: list[str], counts: dict[int, int]) -> None:
    """Registers with an initial access token and deletes again; is refused; sends nonsense."""
    path = "/realms/swaps/clients-registrations/default"
    issued = json.loads(server.need("POST", "/admin/realms/swaps/clients-initial-access", {"count": 10_000_000}))["token"]
    number = 0
    while not done.is_set():
        number += 1
        status, made = server.call("POST", path, {"clientId": f"soak-{number}"}, token=issued)
        asked = [(201, status)]
        if status == 201:
            own = json.loads(made)["registrationAccessToken"]
            renamed, changed = server.call("PUT", f"{path}/soak-{number}", {"clientId": f"soak-{number}", "name": "b"}, token=own)
            asked.append((200, renamed))
            asked.append((401, server.call("GET", f"{path}/soak-{number}", token=own)[0]))
            if renamed == 200:
                rotated = json.loads(changed)["registrationAccessToken"]
                asked.append((204, server.call("DELETE", f"{path}/soak-{number}", token=rotated)[0]))
        asked.append((401, server.call("POST", path, {}, token="a.b.c")[0]))
        asked.append((400, server.call("POST", path, {"redirectUris": 5}, token=issued)[0]))
        for expected, status in asked:
            counts[status] = counts.get(status, 0) + 1
            if status != expected:
                failed.append(f"{status} instead of {expected} at client {number}")


def swaps(server: Server, digests: list[str], done: threading.Event, counts: list[int]) -> None:
    while not done.wait(SWAP):
        counts[0] += 1
        server.need("POST", "/admin/components/gate/activate", {"digest": digests[counts[0] % 2]})


def line(samples: list[Sample]) -> tuple[float, float]:
    """Memory at the first and the last of these moments on the line that is closest to all samples."""
    times, values = [sample.time for sample in samples], [sample.memory for sample in samples]
    middle, mean = sum(times) / len(times), sum(values) / len(values)
    square = sum((moment - middle) ** 2 for moment in times)
    slope = sum((moment - middle) * (value - mean) for moment, value in zip(times, values)) / square
    return mean + slope * (times[0] - middle), mean + slope * (times[-1] - middle)


def main() -> None:
    url, metrics, pid, seconds, file = sys.argv[1].rstrip("/"), sys.argv[2], sys.argv[3], int(sys.argv[4]), sys.argv[5]
    server = Server(url)
    digests = [server.upload("gate", version(number)) for number in range(2)]
    server.realm("swaps", "gate")
    done, failed, counts, swapped = threading.Event(), [], {}, [0]
    # Each thread has an administrator's session of its own.
    beside = [
        threading.Thread(target=others, args=(Server(url), done, failed, counts), daemon=True),
        threading.Thread(target=swaps, args=(Server(url), digests, done, swapped), daemon=True),
    ]
    samples: list[Sample] = []
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as script:
        script.write(LIFE)
        script.flush()
        command = ["wrk", f"-t{CONNECTIONS}", f"-c{CONNECTIONS}", f"-d{seconds}s", "--timeout", "20s", "-s", script.name, url]
        load = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        for thread in beside:
            thread.start()
        began = time.monotonic()
        while load.poll() is None:
            samples.append(Sample(began, pid, metrics))
            time.sleep(EVERY)
        alive = all(thread.is_alive() for thread in beside)
        done.set()
        for thread in beside:
            thread.join()
        out = load.stdout.read()
    time.sleep(2)
    last = Sample(began, pid, metrics)
    requests = int(re.search(r"(\d+) requests in", out).group(1))
    sockets = re.search(r"Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)", out)
    lost = int(re.search(r"BAD (\d+)", out).group(1)) + (sum(map(int, sockets.groups())) if sockets else 0)
    with open(file, "w", newline="") as table:
        writer = csv.DictWriter(table, vars(last).keys())
        writer.writeheader()
        writer.writerows(vars(sample) for sample in [*samples, last])
    first, second = samples[: len(samples) // 2], samples[len(samples) // 2 :]
    begins, ends = line(second)
    files = [max(sample.files for sample in half) for half in (first, second)]
    print(
        f"{samples[-1].time:.0f} s: {requests} requests of lives, {lost} failed; beside them "
        f"{', '.join(f'{count} times {status}' for status, count in sorted(counts.items()))}; {swapped[0]} swaps; "
        f"{last.stored:.0f} writes"
    )
    print(
        f"memory: {samples[0].memory:.0f} MiB at the start, {max(sample.memory for sample in samples):.0f} at most, "
        f"second half from {begins:.1f} to {ends:.1f} on the line ({(ends - begins) / begins:+.1%}); "
        f"files: {files[0]} at most in the first half, {files[1]} in the second; "
        f"threads: {max(sample.threads for sample in samples)} at most; "
        f"writes in the queue: {max(sample.writes for sample in samples):.0f} at most, {last.writes:.0f} at the end; "
        f"connections used: {max(sample.connections for sample in samples):.0f} at most; "
        f"figures: {samples[len(samples) // 2].figures} in the middle, {last.figures} at the end"
    )
    wrong = failed[:5]
    if not alive:
        wrong.append("what ran beside the load ended before it")
    if lost:
        wrong.append(f"{lost} requests of lives failed: {out}")
    if ends - begins > TOLERANCE * (begins + ends) / 2:
        wrong.append("memory rises")
    if files[1] > files[0] + FILES:
        wrong.append("more and more files are open")
    if last.writes or last.connections:
        wrong.append("a queue is not empty at the end")
    if wrong:
        sys.exit("\n".join(wrong))


if __name__ == "__main__":
    main()
