"""Which repository and which Git service a URL path names."""

import re
from enum import StrEnum
from pathlib import Path
from typing import NamedTuple

_SEGMENT = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]*")
_MAX_SEGMENTS = 4


class Service(StrEnum):
    """What a request wants of a repository; the values are the paths below it."""

    REFS = "/info/refs"
    FETCH = "/git-upload-pack"
    PUSH = "/git-receive-pack"
    ABOUT = ""


class Target(NamedTuple):
    """A request's repository, as a name below the root without ".git", and its service."""

    name: str
    service: Service


def parse_path(path: str) -> Target | None:
    """Return what `path` names; None when it names nothing that is served.

    Args:
        path: decoded, below the mount point, with its leading slash: "/demo.git/info/refs".
            "/demo/info/refs" names the same repository.
    """
    for service in Service:
        if path.endswith(service.value):
            name = path.removesuffix(service.value).strip("/").removesuffix(".git")
            return Target(name, service) if is_repository_name(name) else None
    return None


def is_repository_name(name: str) -> bool:
    """Tell whether `name` is one that a repository can have: "demo", "team/demo"."""
    segments = name.split("/")
    return len(segments) <= _MAX_SEGMENTS and all(
        _SEGMENT.fullmatch(part) and ".." not in part and not part.endswith(".git")
        for part in segments
    )


def repository_dir(root: Path, name: str) -> Path:
    """Return where a repository of this name lies, whether it exists or not."""
    return root / f"{name}.git"


def find_repository(root: Path, name: str) -> Path | None:
    """Return the directory of an existing repository; None outside of `root` or when absent.

    A symbolic link may point around within the root, never out of it.
    """
    found = repository_dir(root, name).resolve()
    inside = found.is_relative_to(root.resolve())
    return found if inside and (found / "HEAD").is_file() else None


def repository_names(root: Path) -> list[str]:
    """Return the names of all repositories at the top of `root`, sorted."""
    names = (entry.name.removesuffix(".git") for entry in root.glob("*.git"))
    return sorted(name for name in names if find_repository(root, name))
