"""Every group of the contract suite fails on a planted defect of the sandbox."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.contract.planted import Defect, all_defects
from tests.e2e.api import eventually
from tests.e2e.world import Process

FOLDER = Path(__file__).parent
DEFECTS = all_defects()
GROUPS = sorted(path.stem.removeprefix("test_") for path in FOLDER.glob("test_*.py"))

pytestmark = pytest.mark.sandbox_only


@pytest.mark.parametrize("group", [g for g in GROUPS if g != "planted_defects"])
def test_a_group_has_a_defect_that_it_must_notice(group: str) -> None:
    assert group in {defect.group for defect in DEFECTS}


@pytest.mark.parametrize("defect", DEFECTS, ids=lambda defect: defect.name)
def test_a_planted_defect_is_noticed(defect: Defect, tmp_path: Path) -> None:
    home = tmp_path / "sandbox"
    home.mkdir()
    arguments = [sys.executable, "-m", "tests.contract.planted", defect.name, "--home", str(home)]
    broken = Process(arguments, home / "sandbox.log")
    kubeconfig = home / "kubeconfig"
    try:
        eventually("the broken sandbox is ready", kubeconfig.exists, 30)
        case = f"{FOLDER}/{defect.case}"
        # What is broken shows in waiting for what never comes.
        environment = {"TIPHYS_TEST_KUBECONFIG": str(kubeconfig), "TIPHYS_TEST_PATIENCE_S": "5"}
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:randomly", case],
            env={**os.environ, **environment},
            capture_output=True,
            text=True,
            check=False,
        )
    finally:
        broken.kill()
    assert done.returncode == 1, done.stdout[-3000:]
    assert "1 failed" in done.stdout, done.stdout[-3000:]
