"""A push to a Git repository, as its host reports it."""

import re
from pathlib import PurePosixPath

import msgspec

_URL = re.compile(
    r"^(?:[a-z][a-z0-9+.-]*://)?(?:[^@/]+@)?(?P<host>[^/:]+)(?P<port>:\d+)?[/:](?P<path>.+?)(?:\.git)?/?$",
    re.IGNORECASE,
)


class PushEvent(msgspec.Struct, frozen=True, kw_only=True):
    """A push to one ref.

    Attributes:
        urls: the addresses under which the repository is known.
        revision: the ref without its first two parts: "main", "release/1", "v1.2.3".
        after: the commit that the ref points to now, full SHA; zeros when the ref was deleted.
        paths: files that the host says were changed; never a complete list, only a hint.
        touched_head: True when the ref is the repository's default branch, or that is unknown.
    """

    urls: tuple[str, ...]
    revision: str
    after: str
    touched_head: bool
    paths: tuple[str, ...] = ()

    def is_about(self, repo_url: str) -> bool:
        """Return whether the push was to a repository, however its address is spelled."""
        wanted = repository_identity(repo_url)
        return any(repository_identity(url) == wanted for url in self.urls)

    @property
    def folders(self) -> frozenset[str]:
        """Every folder that has a changed file in it, at any depth."""
        return frozenset(
            str(folder) for path in self.paths for folder in PurePosixPath(path).parents
        )


def repository_identity(url: str) -> tuple[str, str]:
    """Return (host, path) of a repository's address, without scheme, user, port and `.git`.

    The same repository over https, ssh and with or without the suffix has the same identity.
    """
    found = _URL.match(url.strip())
    if found is None:
        return "", url.strip().lower()
    host = found["host"].lower()
    for prefix in ("altssh.", "ssh."):
        host = host.removeprefix(prefix)
    return host, found["path"].lower().strip("/")
