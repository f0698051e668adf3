#!/usr/bin/env python3
"""Table and plot of what `cargo xtask bench` measured: report.py RESULTS [DOCS]

RESULTS holds load.json and limits.json; report.md and performance.svg are written beside them. With DOCS the table takes
the place of the one between the marks in DOCS/performance.md, and the plot goes to DOCS/images.
"""

import json
import os
import re
import sys
from datetime import date
from math import log10
from pathlib import Path

MARKS = "<!-- bench: begin -->", "<!-- bench: end -->"
NAMES = {"keycloak-postgresql": "Keycloak, PostgreSQL", "matricula-postgresql": "Matricula, PostgreSQL",
         "matricula-sqlite": "Matricula, SQLite"}  # fmt: skip
COLOURS = {"keycloak-postgresql": "#8a8d90", "matricula-postgresql": "#0066cc", "matricula-sqlite": "#38812f"}


def table(load: dict, limits: dict) -> str:
    servers = list(next(iter(load["scenarios"].values())))
    reference = "keycloak-postgresql" if "keycloak-postgresql" in servers else None
    lines = [
        f"Measured {date.today()} on {os.cpu_count()} cores that load, servers and databases share, over "
        f"{limits['connections']} connections. CPU is that of the server, in brackets that of PostgreSQL, in milliseconds "
        "a request.",
        "",
        "| scenario | server | requests/s | CPU ms | p50 ms | p99 ms |" + (" rate | CPU | p99 |" if reference else ""),
        "|---|---|--:|--:|--:|--:|" + ("--:|--:|--:|" if reference else ""),
    ]
    for scenario, of_servers in load["scenarios"].items():
        for name, figure in of_servers.items():
            cpu = f"{figure['cpu_ms']:.3f}"
            if figure["database_ms"] is not None:
                cpu += f" ({max(figure['database_ms'], 0):.2f})"
            line = f"| {scenario} | {NAMES[name]} | {figure['per_second']:,.0f} | {cpu} | {figure['p50_ms']:.1f} | {figure['p99_ms']:.1f} |"
            if reference and name != reference:
                of = of_servers[reference]
                line += f" {figure['per_second'] / of['per_second']:.1f} × | 1/{of['cpu_ms'] / figure['cpu_ms']:.1f} |"
                line += f" 1/{of['p99_ms'] / figure['p99_ms']:.1f} |"
            elif reference:
                line += " | | |"
            lines.append(line)
    memory = ", ".join(f"{NAMES[name]} {mib:.0f} MiB" for name, mib in load["peak_mib"].items())
    lines += [
        "",
        f"Peak memory: {memory}. Single rows of a client's size that the databases stored by themselves, each in a "
        f"transaction of its own: PostgreSQL {limits['postgresql']:,}/s (pgbench, same connections), SQLite "
        f"{limits['sqlite']:,}/s (one connection).",
    ]
    return "\n".join(lines) + "\n"


def plot(load: dict) -> str:
    """Requests a second on a logarithmic scale, a group of bars for each scenario."""
    bar, gap, left, width = 14, 18, 250, 520
    servers = list(next(iter(load["scenarios"].values())))
    parts, y = [], 40
    for number, name in enumerate(servers):
        parts.append(f'<rect x="{left + number * 190}" y="10" width="12" height="12" fill="{COLOURS[name]}"/>')
        parts.append(f'<text x="{left + number * 190 + 18}" y="21">{NAMES[name]}</text>')
    scale = width / 4  # 10 to 100,000
    for scenario, of_servers in load["scenarios"].items():
        middle = y + len(of_servers) * bar / 2 + 4
        parts.append(f'<text x="{left - 10}" y="{middle:.0f}" text-anchor="end">{scenario}</text>')
        for name, figure in of_servers.items():
            length = max(length_of(figure["per_second"]) * scale, 1)
            parts.append(f'<rect x="{left}" y="{y}" width="{length:.0f}" height="{bar - 2}" fill="{COLOURS[name]}"/>')
            parts.append(f'<text x="{left + length + 6:.0f}" y="{y + 10}">{figure["per_second"]:,.0f}/s</text>')
            y += bar
        y += gap
    parts.append(f'<text x="{left}" y="{y}">requests a second, logarithmic</text>')
    y += gap
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {left + width + 90} {y}" font-family="sans-serif" '
        'font-size="11" role="img"><title>Requests a second, logarithmic</title>'
        f'<rect width="100%" height="100%" fill="#ffffff"/>{"".join(parts)}</svg>\n'
    )


def length_of(rate: float) -> float:
    """How many times ten it is beyond ten."""
    return log10(max(rate, 10)) - 1


def main() -> None:
    results = Path(sys.argv[1])
    load, limits = (json.loads((results / name).read_text()) for name in ("load.json", "limits.json"))
    text, picture = table(load, limits), plot(load)
    (results / "report.md").write_text(text)
    (results / "performance.svg").write_text(picture)
    print("\n" + text)
    if len(sys.argv) > 2:
        docs = Path(sys.argv[2])
        page = docs / "performance.md"
        pattern = re.compile(f"(?<={re.escape(MARKS[0])}\n).*?(?={re.escape(MARKS[1])})", re.S)
        before = page.read_text()
        if not pattern.search(before):
            sys.exit(f"{page} has no marks {MARKS}")
        page.write_text(pattern.sub(lambda _: text, before))
        (docs / "images/performance.svg").write_text(picture)


main()
