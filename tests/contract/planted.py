"""Runs a sandbox with one planted defect: python -m tests.contract.planted NAME --home DIR.

A defect is a function in a module of `tests/contract/defects/` that breaks the sandbox of this
process. What it breaks is Python of the sandbox, so this works on the sandbox alone.
"""

import argparse
import importlib
import pkgutil
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from tests.contract import defects
from tiphys.sandbox.main import run_sandbox

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


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("name")
    parser.add_argument("--home", type=Path, required=True)
    given = parser.parse_args()
    next(defect for defect in all_defects() if defect.name == given.name).plant()
    run_sandbox(given.home, 0, None, None)


if __name__ == "__main__":
    main()
