"""Plants a defect in a sandbox and runs a case of the suite on it, each in a process of its own.

A defect is a function in a module of `tests/contract/defects/` that breaks the sandbox of its
process. What it breaks is Python of the sandbox, so this works on the sandbox alone.
"""

import importlib
import multiprocessing
import os
import pkgutil
import sys
from collections.abc import Callable
from multiprocessing.context import ForkServerContext
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.contract import defects
from tiphys.sandbox.main import run_sandbox

FOLDER = Path(__file__).parent
Plant = Callable[[], None]


class Defect(NamedTuple):
    """A way to break the sandbox, and the group of the suite that has to notice.

    Attributes:
        group: the test module without `test_` and `.py`.
        plant: breaks the sandbox of this process.
    """

    group: str
    plant: Plant

    @property
    def case(self) -> str:
        """What has to fail: a test with its parameters, or the whole group if none is named."""
        case = _CASES.get(self.plant)
        return f"test_{self.group}.py::{case}" if case else f"test_{self.group}.py"

    @property
    def name(self) -> str:
        return f"{self.group}.{self.plant.__name__}"


_CASES: dict[Plant, str] = {}


def noticed_by(case: str) -> Callable[[Plant], Plant]:
    """Say which test has to fail on a defect; the others of its group cost time and say nothing."""

    def note(plant: Plant) -> Plant:
        _CASES[plant] = case
        return plant

    return note


def all_defects() -> list[Defect]:
    """Every public function of every module of `defects`; the module is named as its group."""
    found = []
    for module in pkgutil.iter_modules(defects.__path__):
        loaded = importlib.import_module(f"{defects.__name__}.{module.name}")
        found += [
            Defect(module.name, plant)
            for name, plant in vars(loaded).items()
            if callable(plant) and plant.__module__ == loaded.__name__ and not name.startswith("_")
        ]
    return found


def sandbox_with(name: str, home: Path) -> None:
    """Run a sandbox with one planted defect."""
    next(defect for defect in all_defects() if defect.name == name).plant()
    run_sandbox(home, 0, None, None)


def suite_on(kubeconfig: Path, case: str, log: Path) -> None:
    """Run a part of the suite on a server, and end with pytest's own code."""
    # What is broken shows in waiting for what never comes.
    os.environ |= {"TIPHYS_TEST_KUBECONFIG": str(kubeconfig), "TIPHYS_TEST_PATIENCE_S": "5"}
    with log.open("w") as output:
        os.dup2(output.fileno(), sys.stdout.fileno())
        os.dup2(output.fileno(), sys.stderr.fileno())
    # What was loaded before pytest came is not rewritten by it, and need not be.
    quiet = ["-W", "ignore::pytest.PytestAssertRewriteWarning"]
    options = ["-q", "-x", "-p", "no:randomly", "-p", "no:xdist", *quiet]
    code = pytest.main([*options, f"{FOLDER}/{case}"])
    sys.stdout.flush()
    os._exit(code)


def forked() -> ForkServerContext:
    """Return what starts processes that have loaded everything: that costs more than a case."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([__name__, "hypothesis", "_hypothesis_pytestplugin"])
    return context
