"""Runs git for what touches the network, with credentials that never reach a command line.

Source: git documentation, gitcredentials(7) (GIT_ASKPASS), git-config(1) (GIT_CONFIG_COUNT).
"""

import asyncio
import contextlib
import os
import signal
import stat
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from tiphys.model.errors import SourceError
from tiphys.sources.access import RepositoryAccess

_ASKPASS = """#!/bin/sh
case "$1" in
Username*) printf "%s" "$GIT_USER" ;;
*) printf "%s" "$GIT_PASS" ;;
esac
"""
_MAX_MESSAGE = 400


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
    """
    with _environment(access) as environment:
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
            raise SourceError(what, where=access.url, transient=True) from None
        finally:
            if process.returncode is None:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
                await process.wait()
    if process.returncode:
        raise _failure(errors.decode(errors="replace"), access)
    return output.decode(errors="replace")


@contextlib.contextmanager
def _environment(access: RepositoryAccess) -> Iterator[dict[str, str]]:
    with tempfile.TemporaryDirectory(prefix="tiphys-git-") as name:
        folder = Path(name)
        config = {
            "credential.helper": "",
            "protocol.ext.allow": "never",
            "core.hooksPath": "/dev/null",
            **_tls_config(access, folder),
        }
        environment = {
            "PATH": os.environ.get("PATH", ""),
            "HOME": name,
            "LANG": "C",
            "GIT_TERMINAL_PROMPT": "0",
            "GIT_CONFIG_NOSYSTEM": "1",
            **_credentials(access, folder),
        }
        if access.bearer_token:
            config["http.extraHeader"] = f"Authorization: Bearer {access.bearer_token}"
        if access.proxy:
            config["http.proxy"] = access.proxy
        environment["GIT_CONFIG_COUNT"] = str(len(config))
        for place, (key_name, value) in enumerate(config.items()):
            environment[f"GIT_CONFIG_KEY_{place}"] = key_name
            environment[f"GIT_CONFIG_VALUE_{place}"] = value
        yield environment


def _credentials(access: RepositoryAccess, folder: Path) -> dict[str, str]:
    environment = {}
    if access.username or access.password:
        askpass = _write(folder, "askpass", _ASKPASS, executable=True)
        user = access.username or "git"
        environment = {"GIT_ASKPASS": askpass, "GIT_USER": user, "GIT_PASS": access.password}
    if access.ssh_private_key:
        key = _write(folder, "key", access.ssh_private_key.rstrip() + "\n")
        checks = "no" if access.insecure else "accept-new"
        environment["GIT_SSH_COMMAND"] = (
            f"ssh -i {key} -o IdentitiesOnly=yes -o BatchMode=yes"
            f" -o UserKnownHostsFile={folder}/known_hosts -o StrictHostKeyChecking={checks}"
        )
    return environment


def _tls_config(access: RepositoryAccess, folder: Path) -> dict[str, str]:
    config = {}
    if access.ca_data:
        config["http.sslCAInfo"] = _write(folder, "ca", access.ca_data)
    if access.tls_client_cert_data:
        config["http.sslCert"] = _write(folder, "cert", access.tls_client_cert_data)
        config["http.sslKey"] = _write(folder, "cert-key", access.tls_client_cert_key)
    if access.insecure:
        config["http.sslVerify"] = "false"
    return config


def _write(folder: Path, name: str, text: str, *, executable: bool = False) -> str:
    path = folder / name
    path.touch(mode=0o600)
    path.write_text(text)
    if executable:
        path.chmod(stat.S_IRWXU)
    return str(path)


def _failure(errors: str, access: RepositoryAccess) -> SourceError:
    for secret in access.secrets:
        errors = errors.replace(secret, "******")
    lowered = errors.lower()
    if "not found" in lowered or "does not appear to be a git repository" in lowered:
        hint = "Check the address; a private repository also needs credentials."
        return SourceError("repository not found", where=access.url, hint=hint, transient=False)
    if "authentication failed" in lowered or "could not read username" in lowered:
        hint = "Add a Secret of type `repository` with working credentials."
        return SourceError("authentication required", where=access.url, hint=hint, transient=False)
    text = " ".join(errors.split())[:_MAX_MESSAGE] or "git failed"
    return SourceError(text, where=access.url, transient=True)
