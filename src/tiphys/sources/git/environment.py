"""What git is told of credentials, certificates and proxies: nothing of it on a command line.

Credentials are answered only for the host that they are for: a repository may redirect elsewhere.

Source: git documentation, gitcredentials(7) (GIT_ASKPASS), git-config(1) (GIT_CONFIG_COUNT,
http.*, protocol.*); ssh_config(5).
"""

import contextlib
import os
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

from tiphys.model.errors import InvalidInputError
from tiphys.sources.access import RepositoryAccess
from tiphys.sources.addresses import redacted, scheme_of
from tiphys.sources.http import basic_authorization

_ASKPASS = """#!/bin/sh
case "$1" in
*"//$GIT_HOST'"* | *"@$GIT_HOST'"*) ;;
*) exit 1 ;;
esac
case "$1" in
Username*) printf "%s" "$GIT_USER" ;;
*) printf "%s" "$GIT_PASS" ;;
esac
"""
_SCHEMES = ("https", "http", "ssh", "git")
_PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy")


def require_git_address(url: str, file_roots: tuple[str, ...]) -> None:
    """Refuse what is no address of a Git repository that may be read.

    Args:
        url: as a source spells it.
        file_roots: folders of this machine that repositories may lie in.

    Raises:
        InvalidInputError: the scheme is another, or the folder lies in none of the roots.
    """
    scheme = scheme_of(url)
    if scheme in _SCHEMES:
        return
    if scheme != "file":
        raise InvalidInputError(
            "no address of a Git repository",
            where=redacted(url),
            hint="Write https://host/path, or git@host:path.",
        )
    folder = Path(urlsplit(url).path if "://" in url else url).resolve()
    if not any(folder.is_relative_to(Path(root).resolve()) for root in file_roots if root):
        raise InvalidInputError(
            "repositories on the controller's own disk are not allowed",
            where=url,
            hint="Name their folder in tiphys.sources.file.roots of argocd-cmd-params-cm.",
        )


@contextlib.contextmanager
def git_environment(access: RepositoryAccess) -> Iterator[dict[str, str]]:
    """Give the environment for one git command; secrets lie in files that vanish after it."""
    with tempfile.TemporaryDirectory(prefix="tiphys-git-") as name:
        folder = Path(name)
        config = {
            "credential.helper": "",
            "core.hooksPath": "/dev/null",
            "gc.autoDetach": "false",
            # A fetch that is cut off must leave all of its objects or none.
            "fetch.unpackLimit": "1",
            "protocol.allow": "never",
            **{f"protocol.{scheme}.allow": "always" for scheme in _SCHEMES},
            **_tls(access, folder),
            **_headers(access),
        }
        if scheme_of(access.url) == "file":
            config |= {"protocol.file.allow": "always", "safe.directory": "*"}
        if access.proxy:
            config["http.proxy"] = access.proxy
        environment = {
            "PATH": os.environ.get("PATH", os.defpath),
            "HOME": name,
            "LANG": "C",
            "GIT_TERMINAL_PROMPT": "0",
            "GIT_CONFIG_NOSYSTEM": "1",
            **_proxies(access),
            **_password(access, folder),
            **_ssh(access, folder),
        }
        environment["GIT_CONFIG_COUNT"] = str(len(config))
        for place, (key_name, value) in enumerate(config.items()):
            environment[f"GIT_CONFIG_KEY_{place}"] = key_name
            environment[f"GIT_CONFIG_VALUE_{place}"] = value
        yield environment


def _headers(access: RepositoryAccess) -> dict[str, str]:
    authorization = f"Bearer {access.bearer_token}" if access.bearer_token else ""
    if not authorization and access.force_basic_auth:
        authorization = basic_authorization(access)
    if not authorization:
        return {}
    # git would send such a header to wherever it is redirected.
    return {
        "http.extraHeader": f"Authorization: {authorization}",
        "http.followRedirects": "false",
    }


def _password(access: RepositoryAccess, folder: Path) -> dict[str, str]:
    if not (access.username or access.password) or scheme_of(access.url) not in {"http", "https"}:
        return {}
    return {
        "GIT_ASKPASS": _write(folder, "askpass", _ASKPASS, executable=True),
        "GIT_HOST": urlsplit(access.url).netloc,
        "GIT_USER": access.username or "git",
        "GIT_PASS": access.password,
    }


def _ssh(access: RepositoryAccess, folder: Path) -> dict[str, str]:
    """Return how ssh is called: with our key and known hosts, and nothing of the user's."""
    options = [
        "-F /dev/null", "-o BatchMode=yes", "-o IdentitiesOnly=yes", "-o IdentityAgent=none",
        "-o GlobalKnownHostsFile=/dev/null", "-o ConnectTimeout=10",
    ]  # fmt: skip
    if access.ssh_private_key:
        key = _write(folder, "key", access.ssh_private_key.rstrip() + "\n")
        options.append(f"-i {key}")
    else:
        options.append("-o IdentityFile=none")
    if access.insecure:
        options += ["-o StrictHostKeyChecking=no", "-o UserKnownHostsFile=/dev/null"]
    else:
        known = _write(folder, "known_hosts", access.known_hosts.rstrip() + "\n")
        options += ["-o StrictHostKeyChecking=yes", f"-o UserKnownHostsFile={known}"]
    return {"GIT_SSH_COMMAND": f"ssh {' '.join(options)}", "GIT_SSH_VARIANT": "ssh"}


def _proxies(access: RepositoryAccess) -> dict[str, str]:
    if access.proxy:
        return {"NO_PROXY": access.no_proxy} if access.no_proxy else {}
    return {name: os.environ[name] for name in _PROXIES if name in os.environ}


def _tls(access: RepositoryAccess, folder: Path) -> dict[str, str]:
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
