"""Runs git for what touches the network, and says in a sentence why it failed."""

import asyncio
import contextlib
import os
import signal
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from tiphys.model.errors import SourceError
from tiphys.sources.access import RepositoryAccess
from tiphys.sources.addresses import redacted
from tiphys.sources.git.environment import git_environment

_MAX_MESSAGE = 400
_MAX_OUTPUT_BYTES = 64 * 1024 * 1024


class _Failure(NamedTuple):
    """Words of git or ssh, and what they mean."""

    words: tuple[str, ...]
    what: str
    hint: str


_CREDENTIALS_HINT = "Add a Secret of type `repository` or `repo-creds` with working credentials."
_FAILURES = (
    _Failure(
        ("host key verification failed", "no matching host key"),
        "the host's key is not known, or not the one that is known",
        "Add its key to ssh_known_hosts in the ConfigMap argocd-ssh-known-hosts-cm.",
    ),
    _Failure(
        ("permission denied (", "permission denied, please", "no supported authentication"),
        "access denied: the SSH key is missing or wrong",
        _CREDENTIALS_HINT,
    ),
    _Failure(
        ("ssl certificate problem", "server certificate verification failed"),
        "its certificate is signed by an unknown authority",
        "Add its authority to the ConfigMap argocd-tls-certs-cm.",
    ),
    _Failure(
        ("returned error: 301", "returned error: 302", "returned error: 307", "error: 308"),
        "it redirects, and tokens are not sent to another address",
        "Write the address that it leads to.",
    ),
    _Failure(
        ("authentication failed", "could not read username", "could not read password"),
        "authentication required",
        _CREDENTIALS_HINT,
    ),
    _Failure(("returned error: 403",), "access denied (403)", _CREDENTIALS_HINT),
    _Failure(
        ("not found", "does not appear to be a git repository", "returned error: 404"),
        "repository not found",
        "Check the address; a private repository also needs credentials.",
    ),
)
# What may pass by itself is told from what a person must mend.
_UNREACHABLE = ("could not resolve", "failed to connect", "connection refused", "timed out")


async def run_git(
    arguments: Sequence[str],
    access: RepositoryAccess,
    *,
    timeout_s: float,
    folder: Path | None = None,
) -> str:
    """Run git and return what it prints.

    Raises:
        SourceError: git failed or took too long; the text holds no credential.
        InvalidInputError: the credentials are of a kind that we cannot use.
    """
    access.require_usable()
    with git_environment(access) as environment:
        process = await asyncio.create_subprocess_exec(
            "git",
            *arguments,
            cwd=folder,
            env=environment,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            start_new_session=True,
        )
        try:
            async with asyncio.timeout(timeout_s):
                output, errors = await process.communicate()
        except TimeoutError:
            what = f"no answer within {timeout_s:.0f} s"
            raise SourceError(what, where=access.where, transient=True) from None
        finally:
            if process.returncode is None:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
                await process.wait()
    if process.returncode:
        raise failure(errors.decode(errors="replace"), access)
    if len(output) > _MAX_OUTPUT_BYTES:
        raise SourceError("it has too many references", where=access.where, transient=False)
    return output.decode(errors="replace")


def failure(errors: str, access: RepositoryAccess) -> SourceError:
    """Return the error for what git printed."""
    text = " ".join(redacted(errors).split())
    for secret in access.secrets:
        text = text.replace(secret, "******")
    lowered = text.lower()
    if not any(words in lowered for words in _UNREACHABLE):
        for known in _FAILURES:
            if any(words in lowered for words in known.words):
                what, hint = known.what, known.hint
                return SourceError(what, where=access.where, hint=hint, transient=False)
    what = text[:_MAX_MESSAGE] or "git failed"
    return SourceError(what, where=access.where, transient=True)
