"""Runs the contract suite on the sandbox and on the real control plane, and prints a table.

Usage: python -m tests.contract.table. The real column stays empty where no control plane is built;
`scripts/build-control-plane.sh` builds it.
"""

import json
import os
import subprocess
import sys
import tempfile
from collections import Counter, defaultdict
from pathlib import Path

import pytest
from rich.console import Console
from rich.table import Table

from tests.real.harness import is_built

FOLDER = Path(__file__).parent
_COUNTS = "TIPHYS_CONTRACT_COUNTS"
Counts = dict[str, dict[str, int]]
"""Group to outcome to number of cases."""


class Counting:
    """Counts outcomes by group while pytest runs."""

    def __init__(self) -> None:
        self.counts: defaultdict[str, Counter[str]] = defaultdict(Counter)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.when == "call" or report.outcome != "passed":
            group = Path(report.location[0]).stem.removeprefix("test_")
            self.counts[group][report.outcome] += 1


def _run_here(target: Path) -> int:
    counting = Counting()
    code = pytest.main(["-q", "-p", "no:xdist", str(FOLDER)], plugins=[counting])
    target.write_text(json.dumps(counting.counts))
    return int(code)


def _counts(*prefix: str) -> Counts:
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "counts.json"
        command = [*prefix, sys.executable, "-m", "tests.contract.table"]
        subprocess.run(command, env={**os.environ, _COUNTS: str(target)}, check=False)
        return json.loads(target.read_text()) if target.exists() else {}


def main() -> int:
    if _COUNTS in os.environ:
        return _run_here(Path(os.environ[_COUNTS]))
    servers = {"sandbox": _counts()}
    if is_built():
        servers["real"] = _counts(sys.executable, "-m", "tests.real.harness", "--")
    _print(servers)
    failed = any(found.get("failed") for counts in servers.values() for found in counts.values())
    return 1 if failed else 0


def _print(servers: dict[str, Counts]) -> None:
    table = Table("group", *(f"{server}: passed / failed" for server in servers))
    for group in sorted({group for counts in servers.values() for group in counts}):
        table.add_row(group, *(_cell(counts.get(group, {})) for counts in servers.values()))
    totals = [sum((Counter(found) for found in c.values()), Counter()) for c in servers.values()]
    table.add_section()
    table.add_row("all", *(_cell(total) for total in totals))
    Console().print(table)
    if "real" not in servers:
        print("SKIPPED: the real control plane is not built (scripts/build-control-plane.sh)")


def _cell(found: dict[str, int]) -> str:
    if not found.get("passed") and not found.get("failed"):
        return "-"
    return f"{found.get('passed', 0)} / {found.get('failed', 0)}"


if __name__ == "__main__":
    sys.exit(main())
