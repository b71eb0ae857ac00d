"""Addresses of repositories: what they mean, when two are the same, and how they may be shown."""

import re
from typing import NamedTuple
from urllib.parse import unquote, urlsplit, urlunsplit

from tiphys.model.errors import InvalidInputError

_SCP = re.compile(r"^(?:(?P<user>[^@/:\s]+)@)?(?P<host>[^@/:\s]+):(?P<path>(?!//)[^\s]+)$")
_PORT = re.compile(r"\d+(/|$)")
_SCHEME = re.compile(r"^[a-z][a-z0-9+.-]*://", re.IGNORECASE)
# Up to the last `@` before the path, as git reads it: a password may hold one. The scheme is left
# out of it, for looking for one at each letter of a long word takes the square of its length.
_USER_INFO = re.compile(r"://[^/\s'\"]*@")
# Two spellings of one repository; the others stay apart, for what answers there may differ.
_DROPPED_SCHEMES = ("ssh://", "git+ssh://", "oci://")


class PlainAddress(NamedTuple):
    """An address without credentials, and the credentials that it held."""

    url: str
    username: str = ""
    password: str = ""


def scheme_of(url: str) -> str:
    """Return "https", "http", "ssh", "git", "file", "oci", ...; "" for `host/path`."""
    if _SCHEME.match(url):
        return url.partition("://")[0].lower()
    if url.startswith(("/", ".")):
        return "file"
    return "ssh" if _scp(url) else ""


def host_of(url: str) -> str:
    """Return the host in lower case, without user and port; "" when there is none."""
    found = _scp(url)
    if found:
        return found["host"].lower()
    text = url if _SCHEME.match(url) else f"//{url}"
    try:
        return (urlsplit(text).hostname or "").lower()
    except ValueError:
        return ""


def normalise_url(url: str) -> str:
    """Return one spelling for all addresses of a repository, in lower case.

    No user, no `.git`; `git@host:path` and `ssh://host/path` are the same, http and https are not:
    what is right for one must not be sent to the other.
    """
    return repository_identity(url).lower()


def repository_identity(url: str) -> str:
    """Return what `normalise_url` does, but paths that differ in case stay apart."""
    text = url.strip()
    found = _scp(text)
    if found:
        text = f"{found['host']}/{found['path'].lstrip('/')}"
    text = _USER_INFO.sub("://", text)
    for scheme in _DROPPED_SCHEMES:
        text = text.removeprefix(scheme)
    host, slash, path = text.partition("/") if "://" not in text else _split(text)
    text = f"{host.lower()}{slash}{path}"
    return text.rstrip("/").removesuffix(".git").rstrip("/")


def _scp(url: str) -> re.Match[str] | None:
    """Return the parts of `user@host:path`; `host:5000/path` is a registry with its port."""
    found = None if _SCHEME.match(url) else _SCP.match(url)
    if found and not found["user"] and _PORT.match(found["path"]):
        return None
    return found


def _split(url: str) -> tuple[str, str, str]:
    scheme, _, rest = url.partition("://")
    host, slash, path = rest.partition("/")
    return f"{scheme}://{host}", slash, path


def is_prefix(prefix: str, url: str) -> bool:
    """Return whether a normalised address begins with another; a host counts as a whole."""
    if not prefix or not url.startswith(prefix):
        return False
    has_path = "/" in prefix.partition("://")[2] if "://" in prefix else "/" in prefix
    return has_path or url[len(prefix) :][:1] in {"", "/", ":"}


def without_credentials(url: str) -> PlainAddress:
    """Take user and password out of an http address; others keep their user."""
    if scheme_of(url) not in {"http", "https"}:
        return PlainAddress(url)
    try:
        parts = urlsplit(url)
        user, password = unquote(parts.username or ""), unquote(parts.password or "")
    except ValueError as err:
        raise InvalidInputError(f"no valid address: {err}", where=redacted(url)) from None
    location = parts.netloc.rpartition("@")[2]
    return PlainAddress(urlunsplit(parts._replace(netloc=location)), user, password)


def redacted(text: str) -> str:
    """Return a text in which no address shows a user or password."""
    return _USER_INFO.sub("://", text)
