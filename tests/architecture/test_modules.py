"""Rules about the tree itself."""

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FORBIDDEN_NAMES = {"utils", "helpers", "common", "misc", "base", "manager"}


def _modules() -> list[Path]:
    return sorted((ROOT / "src").rglob("*.py"))


def test_no_module_is_longer_than_400_lines() -> None:
    sizes = {path: len(path.read_text().splitlines()) for path in _modules()}

    assert {str(path.relative_to(ROOT)): n for path, n in sizes.items() if n > 400} == {}


def test_no_module_has_a_name_that_says_nothing() -> None:
    assert [str(path) for path in _modules() if path.stem in FORBIDDEN_NAMES] == []


def test_lock_files_name_no_registry() -> None:
    for lock in (ROOT / "requirements").glob("*.lock"):
        assert re.search(r"https?://|--index-url|--find-links", lock.read_text()) is None, lock


def test_the_definitions_are_what_the_records_say() -> None:
    script = ROOT / "scripts" / "generate_crds.py"
    done = subprocess.run(
        [sys.executable, str(script), "--check"], capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stdout + done.stderr
