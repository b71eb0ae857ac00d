"""Every group of the contract suite fails on a planted defect of the sandbox."""

from pathlib import Path

import pytest

from tests.contract.planted import Defect, all_defects, forked, sandbox_with, suite_on
from tests.e2e.api import eventually

FOLDER = Path(__file__).parent
DEFECTS = all_defects()
GROUPS = sorted(path.stem.removeprefix("test_") for path in FOLDER.glob("test_*.py"))

pytestmark = pytest.mark.sandbox_only


@pytest.mark.parametrize("group", [g for g in GROUPS if g != "planted_defects"])
def test_a_group_has_a_defect_that_it_must_notice(group: str) -> None:
    assert group in {defect.group for defect in DEFECTS}


@pytest.mark.parametrize("defect", DEFECTS, ids=lambda defect: defect.name)
def test_a_planted_defect_is_noticed(defect: Defect, tmp_path: Path) -> None:
    processes = forked()
    kubeconfig, log = tmp_path / "kubeconfig", tmp_path / "pytest.log"
    broken = processes.Process(target=sandbox_with, args=(defect.name, tmp_path))
    suite = processes.Process(target=suite_on, args=(kubeconfig, defect.case, log))
    broken.start()
    try:
        eventually("the broken sandbox is ready", kubeconfig.exists, 30)
        suite.start()
        suite.join()
    finally:
        broken.kill()
        broken.join()
    said = log.read_text()[-3000:]
    assert suite.exitcode == 1, said
    assert "1 failed" in said
