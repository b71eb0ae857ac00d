"""Where a browser may be sent after a login: to us, and nowhere else.

Source: OWASP, "Unvalidated Redirects and Forwards Cheat Sheet".
"""

import posixpath
from collections.abc import Iterable
from urllib.parse import SplitResult, unquote, urlsplit

_PORTS = {"http": 80, "https": 443}


def is_own_url(url: str, bases: Iterable[str]) -> bool:
    """Return whether an absolute address, or a path, lies below one of our own addresses.

    Args:
        url: what somebody wrote into a link.
        bases: our addresses, with or without a path.
    """
    if not url or any(ord(char) <= 32 or ord(char) == 127 or char == "\\" for char in url):
        return False
    try:
        target = urlsplit(url)
        target_place = _place(target)
    except ValueError:
        return False
    if not target.scheme and not target.netloc:
        # A path of ours; "//host" and "path" without a slash are something else.
        is_path = url.startswith("/") and not url.startswith("//")
        return is_path and any(_is_below(target.path, urlsplit(base).path) for base in bases)
    if target.scheme not in _PORTS or target.username is not None or target.password is not None:
        return False
    return any(
        _place(urlsplit(base)) == target_place and _is_below(target.path, urlsplit(base).path)
        for base in bases
    )


def _place(parts: SplitResult) -> tuple[str, str, int | None]:
    return parts.scheme, parts.hostname or "", parts.port or _PORTS.get(parts.scheme)


def _is_below(path: str, base: str) -> bool:
    decoded = unquote(path)
    if "\\" in decoded or any(ord(char) <= 32 for char in decoded):
        return False
    clean = posixpath.normpath("/" + decoded.lstrip("/"))
    root = "/" + base.strip("/")
    return root in {"/", clean} or clean.startswith(root + "/")
