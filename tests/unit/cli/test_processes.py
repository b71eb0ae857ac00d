"""How the processes of `tiphys up` end."""

import subprocess
import sys

_LEAVES = """
import atexit
from tiphys.cli import processes
atexit.register(print, "taken apart")
print("closed", end="")
processes.leave()
"""


def test_a_process_that_leaves_writes_what_it_said_and_takes_nothing_apart() -> None:
    done = subprocess.run(
        [sys.executable, "-c", _LEAVES], capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "closed", "")
