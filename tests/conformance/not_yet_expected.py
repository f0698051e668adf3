"""The tests that Matricula does not pass yet: they run, and are expected to fail (not_yet_expected.txt)."""

from __future__ import annotations

from pathlib import Path

import pytest

LIST = Path(__file__).with_name("not_yet_expected.txt")
REASON = f"listed in {LIST.name}"


class WrongEntry(pytest.Item):
    """A line of the list that is wrong, as a test that fails: so it is seen whichever way the tests are run."""

    def __init__(self, *, problem: str, **kwargs: object) -> None:
        super().__init__(**kwargs)
        self.problem = problem

    def runtest(self) -> None:
        pytest.fail(f"{LIST.name}: {self.name}: {self.problem}; remove the line", pytrace=False)

    def reportinfo(self) -> tuple[Path, int, str]:
        return LIST, 0, self.nodeid


def expect_failures(session: pytest.Session, items: list[pytest.Item], other_target: str) -> None:
    """Expects the listed tests to fail, strictly, and adds a failing test for each line that is wrong.

    `items` are all tests that were collected, before any selection by words or marks; `other_target` is the mark of
    tests that are not for this server.
    """
    collected = {item.nodeid: item for item in items}
    seen: set[str] = set()
    for line in LIST.read_text(encoding="utf-8").splitlines():
        test_id = line.strip()
        if not test_id or test_id.startswith("#"):
            continue
        test = collected.get(test_id)
        problem = None
        if test_id in seen:
            problem = "listed twice"
        elif test is None:
            problem = "no such test" if is_complete(session, collected, test_id) else None
        elif test.get_closest_marker(other_target):
            problem = f"never runs here, as it is marked {other_target}"
        else:
            test.add_marker(pytest.mark.xfail(reason=REASON, strict=True))
        if problem:
            items.append(WrongEntry.from_parent(session, name=test_id, nodeid=f"{LIST.name}::{test_id}", problem=problem))
        seen.add(test_id)


def is_complete(session: pytest.Session, collected: dict[str, pytest.Item], test_id: str) -> bool:
    """Whether every test of the file in this id has been collected: then an id that is not among them is wrong."""
    chosen = session.config.getoption("lf", False) or any("::" in argument for argument in session.config.args)
    if chosen:
        return False
    file = test_id.split("::")[0]
    return not LIST.with_name(file).is_file() or any(nodeid.startswith(f"{file}::") for nodeid in collected)


def report_passing(reporter: pytest.TerminalReporter) -> None:
    """Prints the listed tests that passed, ready to be removed from the list."""
    passing = [report.nodeid for report in reporter.stats.get("failed", []) if "[XPASS(strict)]" in str(report.longrepr)]
    if passing:
        reporter.section(f"these pass now: remove them from {LIST.name}")
        for test_id in sorted(passing):
            reporter.write_line(test_id)
