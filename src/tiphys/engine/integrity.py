"""Whether commits are signed as a project demands it.

Source: Argo CD user guide, "GnuPG signature verification" and "Source integrity"; GnuPG's
doc/DETAILS for the words of gpg.
"""

from collections.abc import Callable, Iterator, Sequence
from enum import StrEnum
from typing import Final

import msgspec

from tiphys.engine.globs import matches as glob_matches
from tiphys.model.errors import InvalidInputError
from tiphys.model.project import AppProjectSpec

MOST_PROBLEMS: Final = 10
UNKNOWN_KEY: Final = "signed with key not in keyring"
_STATUS: Final = "[GNUPG:] "
_FAILURES: Final = {
    "BADSIG": "bad signature",
    "EXPSIG": "expired signature",
    "EXPKEYSIG": "signed with expired key",
    "REVKEYSIG": "signed with revoked key",
    "ERRSIG": UNKNOWN_KEY,
    "NO_PUBKEY": UNKNOWN_KEY,
}
_UNTRUSTED: Final = frozenset({"TRUST_NEVER", "TRUST_UNDEFINED"})


class SignatureMode(StrEnum):
    """What has to be signed."""

    NONE = "none"
    HEAD = "head"
    """The annotated tag that is deployed, else the commit."""
    STRICT = "strict"
    """That, and every commit before it."""


class SignaturePolicy(msgspec.Struct, frozen=True):
    """What has to be signed, and by which keys; ids of keys in upper case."""

    mode: SignatureMode
    keys: tuple[str, ...]


class _Repo(msgspec.Struct, frozen=True):
    url: str = ""


class _Gpg(msgspec.Struct, frozen=True):
    mode: str = SignatureMode.HEAD
    keys: tuple[str, ...] = ()


class _Policy(msgspec.Struct, frozen=True):
    repos: tuple[_Repo, ...] = ()
    gpg: _Gpg = _Gpg()


class _Git(msgspec.Struct, frozen=True):
    policies: tuple[_Policy, ...] = ()


class _Integrity(msgspec.Struct, frozen=True):
    git: _Git = _Git()


def demands_signatures(project: AppProjectSpec) -> bool:
    """Return whether a project says anything of signatures."""
    return bool(project.signature_keys) or project.source_integrity is not None


def signature_policy(
    project: AppProjectSpec, repo_url: str, normalise: Callable[[str], str]
) -> SignaturePolicy | None:
    """Return what a project demands of commits of a repository, None for nothing.

    Raises:
        InvalidInputError: more than one policy is meant for it, or one cannot be read.
    """
    if project.source_integrity is None:
        named = tuple(str(key.get("keyID", "")).upper() for key in project.signature_keys)
        return SignaturePolicy(SignatureMode.HEAD, named) if named else None
    try:
        integrity = msgspec.convert(project.source_integrity, _Integrity)
        meant = [p for p in integrity.git.policies if _is_for(p, normalise(repo_url), normalise)]
        modes = [SignatureMode(policy.gpg.mode or SignatureMode.HEAD) for policy in meant]
    except (msgspec.ValidationError, ValueError) as err:
        raise InvalidInputError(
            f"the policies cannot be read: {err}", where="spec.sourceIntegrity"
        ) from err
    if len(meant) > 1:
        raise InvalidInputError(
            f"{len(meant)} policies are meant for `{repo_url}`",
            where="spec.sourceIntegrity",
            hint="Change the addresses of the policies so that one is left.",
        )
    if not meant or modes[0] is SignatureMode.NONE:
        return None
    return SignaturePolicy(modes[0], tuple(key.upper() for key in meant[0].gpg.keys))


def _is_for(policy: _Policy, url: str, normalise: Callable[[str], str]) -> bool:
    patterns = [repo.url for repo in policy.repos]

    def hits(pattern: str) -> bool:
        return glob_matches(normalise(pattern), url, separator="/") or pattern == "*"

    denied = any(hits(each[1:]) for each in patterns if each.startswith("!"))
    return not denied and any(hits(each) for each in patterns if not each.startswith("!"))


def signature_problem(told: str, allowed: Sequence[str]) -> str:
    """Return what is wrong with a signature, "" when it is good and by a key that is allowed.

    Args:
        told: the lines of status that gpg printed.
        allowed: ids or fingerprints of keys.
    """
    lines = [line.removeprefix(_STATUS).split() for line in told.splitlines() if _STATUS in line]
    words = {fields[0] for fields in lines if fields}
    if not words & {*_FAILURES, "GOODSIG", "VALIDSIG"}:
        return "unsigned"
    for fields in lines:
        if fields[0] in _FAILURES:
            return f"{_FAILURES[fields[0]]}{_named(fields)}"
    good = [fields for fields in lines if fields[0] == "GOODSIG" and len(fields) > 1]
    valid = [fields for fields in lines if fields[0] == "VALIDSIG" and len(fields) > 1]
    if len(good) != 1 or len(valid) != 1:
        return "bad signature"
    if words & _UNTRUSTED:
        return f"signed with untrusted key{_named(good[0])}"
    fingerprints = {good[0][1].upper(), valid[0][1].upper(), valid[0][-1].upper()}
    if not any(_is_key(key, each) for key in allowed for each in fingerprints):
        return f"signed with unallowed key{_named(good[0])}"
    return ""


def _is_key(wanted: str, fingerprint: str) -> bool:
    # Short ids of eight characters are forged in seconds.
    return len(wanted) >= 16 and fingerprint.endswith(wanted[-40:])


def _named(fields: Sequence[str]) -> str:
    return f" (key_id={fields[1].upper()})" if len(fields) > 1 else ""


def verification_failures(found: Sequence[tuple[str, str, str]], source: str = "") -> Iterator[str]:
    """Yield a sentence on each revision that does not hold, the first few of them.

    Args:
        found: revision, author and what is wrong.
        source: how a source of several is called, with a colon and a space at its end.
    """
    for revision, author, problem in found[:MOST_PROBLEMS]:
        yield f"{source}GIT/GPG: Failed verifying revision {revision} by '{author}': {problem}"
