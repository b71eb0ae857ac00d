"""An older kubectl, built from the published module that go.mod pins."""

import hashlib
import os
import sys
from pathlib import Path

_FOLDER = Path(__file__).parent / "kubectl"


def old_kubectl_path() -> Path:
    """Where the binary is kept, outside the tree; changes with what go.mod pins."""
    cache = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache"))
    digest = hashlib.sha256((_FOLDER / "go.sum").read_bytes()).hexdigest()[:16]
    return cache / "tiphys" / "kubectl" / digest / "kubectl"


def old_kubectl() -> str | None:
    """The binary, None when nobody built it."""
    path = old_kubectl_path()
    return str(path) if path.exists() else None


if __name__ == "__main__":
    sys.stdout.write(f"{old_kubectl_path()}\n")
