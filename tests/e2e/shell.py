"""Runs the command line as a person would."""

import os
import subprocess
import sys

from tests.e2e.world import World


class Shell:
    """Runs `tiphys` commands against the world's cluster."""

    def __init__(self, world: World) -> None:
        self._world = world

    def run(
        self, *arguments: str, code: int = 0, stdin: str = ""
    ) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [sys.executable, "-m", "tiphys", *arguments],
            env={**os.environ, "KUBECONFIG": str(self._world.kubeconfig)},
            input=stdin,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        assert done.returncode == code, (arguments, done.returncode, done.stdout, done.stderr)
        assert "Traceback" not in done.stderr
        return done

    def __call__(self, *arguments: str, code: int = 0, stdin: str = "") -> str:
        return self.run(*arguments, code=code, stdin=stdin).stdout
