"""Which tools render on this machine, and what a jail has to let them read.

A package's library is used where it is installed; the command-line tool is the way back, and for
Helm the choice of an operator who wants no third-party build of it.
"""

import hashlib
import importlib.metadata
import importlib.util
import shutil
import sys
import sysconfig
from functools import lru_cache
from pathlib import Path

import tiphys
from tiphys.sources.api import RenderTools

_LIBRARIES = ("/lib", "/lib64", "/usr/lib", "/usr/lib64", "/etc/ld.so.cache")
_COMMANDS = ("/usr", "/bin", "/sbin", "/etc/alternatives")
_PACKAGES = ("helm-python-sdk", "gojsonnet", "PyYAML", "msgspec", "orjson")


def find_tools(*, helm_command: bool = False) -> RenderTools:
    """Return the tools of this machine; a path is empty where there is none.

    Args:
        helm_command: take the `helm` command even where its library is installed.
    """
    has_library = importlib.util.find_spec("helm_python") is not None
    beside = Path(sys.executable).parent / "kubectl"
    return RenderTools(
        kubectl=str(beside) if beside.exists() else shutil.which("kubectl") or "",
        helm=shutil.which("helm") or "",
        helm_library=has_library and not helm_command,
    )


def jail_reads(tools: RenderTools) -> tuple[str, ...]:
    """Return the files and folders that every worker may read and execute."""
    python = {
        sys.prefix,
        f"{sys.base_prefix}/lib",
        f"{sys.base_prefix}/bin",
        *(sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")),
        str(Path(tiphys.__file__).parent),
    }
    commands = {found for tool in (tools.kubectl, tools.helm) if tool for found in _real(tool)}
    return (*sorted(python | commands), *_LIBRARIES)


def command_reads() -> tuple[str, ...]:
    """Return what commands that other people wrote may read besides: the system's programs."""
    return _COMMANDS


def tool_reads(path: str) -> tuple[str, ...]:
    """Return what running one more program needs."""
    return _real(path)


@lru_cache(maxsize=64)
def tool_versions(tools: RenderTools) -> tuple[str, ...]:
    """Return what changes when a tool, or how we call it, changes."""
    ours = hashlib.sha256()
    for module in sorted(Path(__file__).parent.glob("*.py")):
        ours.update(module.read_bytes())
    packages = [f"{name} {_version(name)}" for name in _PACKAGES]
    commands = [_identity(path) for path in (tools.kubectl, tools.helm, tools.kustomize)]
    return (ours.hexdigest(), *packages, *commands, str(tools.helm_library))


def _version(package: str) -> str:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return ""


def _identity(path: str) -> str:
    """Return what tells one build of a program from another, without running it."""
    try:
        status = Path(path).stat() if path else None
    except OSError:
        status = None
    return "" if status is None else f"{Path(path).name} {status.st_size} {status.st_mtime_ns}"


def _real(path: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys((path, str(Path(path).resolve()))))
