"""Which pushes concern an Application: the annotation `manifest-generate-paths`.

Source: Argo CD operator manual, "High Availability", "Manifest Paths Annotation".
"""

import posixpath
from collections.abc import Iterable
from fnmatch import fnmatchcase

_GLOB = frozenset("*?[")


def concerns(annotation: str, source_path: str, changed: Iterable[str]) -> bool:
    """Return whether a push may change what a source renders to.

    Args:
        annotation: paths set apart by `;`. One with a leading slash starts at the root of the
            repository, others at the source; each names a file, a folder with all below it, or a
            glob of one level. An empty annotation names everything.
        source_path: of the source, in its repository.
        changed: the files that the host says were changed; none when it does not say.
    """
    named = [_rooted(path, source_path) for part in annotation.split(";") if (path := part.strip())]
    files = list(changed)
    return not named or not files or any(_covers(path, file) for path in named for file in files)


def _rooted(path: str, source_path: str) -> str:
    joined = path if path.startswith("/") else posixpath.join("/", source_path, path)
    return posixpath.normpath(joined).lstrip("/")


def _covers(path: str, file: str) -> bool:
    if path in {"", "."} or file == path or file.startswith(f"{path}/"):
        return True
    return _GLOB.intersection(path) != set() and _matches(path.split("/"), file.split("/"))


def _matches(patterns: list[str], names: list[str]) -> bool:
    """Match level by level: a star does not reach over a slash."""
    return len(patterns) == len(names) and all(map(fnmatchcase, names, patterns))
