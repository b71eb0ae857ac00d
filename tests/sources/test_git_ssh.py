"""Git over ssh: against a real sshd where one is installed, and the command line that is built."""

import getpass
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.peers.git import Work
from tests.sources.requests import request
from tiphys.model.errors import SourceError
from tiphys.sources.access import RepositoryAccess
from tiphys.sources.git.command import failure
from tiphys.sources.git.environment import git_environment
from tiphys.sources.git.repositories import CommitWanted, GitRepositories

_PATH = f"{os.environ.get('PATH', '')}:/usr/sbin"
_SSHD = shutil.which("sshd", path=_PATH)


def _options(access: RepositoryAccess) -> dict[str, str]:
    with git_environment(access) as environment:
        words = environment["GIT_SSH_COMMAND"].split()
        found = dict(word.split("=", 1) for word in words if "=" in word)
        found |= {
            word: words[place + 1] for place, word in enumerate(words) if word in {"-F", "-i"}
        }
        for name in ("-i", "UserKnownHostsFile"):
            path = Path(found.get(name, ""))
            if path.is_file():
                found[f"{name} mode"] = oct(path.stat().st_mode & 0o777)
                found[f"{name} text"] = path.read_text()
        return found


def test_ssh_is_told_our_key_and_known_hosts_and_nothing_of_the_users() -> None:
    access = RepositoryAccess(
        url="git@host:x", ssh_private_key="KEY\n\n", known_hosts="host ssh-ed25519 AAAA"
    )

    options = _options(access)

    assert options["-F"] == "/dev/null"
    assert (options["-i text"], options["-i mode"]) == ("KEY\n", "0o600")
    assert options["UserKnownHostsFile text"] == "host ssh-ed25519 AAAA\n"
    assert options["GlobalKnownHostsFile"] == "/dev/null"
    assert options["StrictHostKeyChecking"] == "yes"
    assert (options["IdentityAgent"], options["IdentitiesOnly"]) == ("none", "yes")
    assert options["BatchMode"] == "yes"


def test_hosts_are_not_checked_only_where_a_repository_says_so() -> None:
    options = _options(RepositoryAccess(url="git@host:x", insecure=True))

    assert options["StrictHostKeyChecking"] == "no"
    assert options["UserKnownHostsFile"] == "/dev/null"
    assert options["IdentityFile"] == "none"


@pytest.mark.parametrize(
    ("printed", "what"),
    [
        ("Host key verification failed.", "the host's key is not known"),
        ("git@h: Permission denied (publickey).", "access denied: the SSH key is missing"),
        (
            "ERROR: Repository not found.\nfatal: Could not read from remote repository.",
            "repository not found",
        ),
        (
            "fatal: unable to access 'https://ann:s3cret@h/x/': Could not resolve host: h",
            "fatal: unable to access 'https://h/x/': Could not resolve host: h",
        ),
        ("remote: token t0ken is bad", "remote: token ****** is bad"),
    ],
)
def test_what_git_prints_becomes_a_sentence_without_secrets(printed: str, what: str) -> None:
    access = RepositoryAccess(url="https://h/x", bearer_token="t0ken")

    assert failure(printed, access).line.startswith(f"https://h/x: {what}")


class _Server(NamedTuple):
    url: str
    key: str
    known_hosts: str


def _keygen(path: Path) -> Path:
    command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(path)]
    subprocess.run(command, check=True)
    return path


@pytest.fixture
def sshd(tmp_path: Path) -> Iterator[_Server]:
    if _SSHD is None:
        pytest.skip("no sshd is installed")
    host, user = _keygen(tmp_path / "host"), _keygen(tmp_path / "user")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    config = tmp_path / "sshd_config"
    config.write_text(
        f"Port {port}\nListenAddress 127.0.0.1\nHostKey {host}\nPidFile none\nStrictModes no\n"
        f"AuthorizedKeysFile {user}.pub\nPasswordAuthentication no\nUsePAM no\n"
        "PermitRootLogin yes\n"
    )
    process = subprocess.Popen(
        [_SSHD, "-D", "-e", "-f", str(config)], stderr=subprocess.DEVNULL, start_new_session=True
    )
    try:
        _wait_for(port, process)
        public = (tmp_path / "host.pub").read_text().split()
        yield _Server(
            url=f"ssh://{getpass.getuser()}@127.0.0.1:{port}{tmp_path}/repo.git",
            key=user.read_text(),
            known_hosts=f"[127.0.0.1]:{port} {public[0]} {public[1]}",
        )
    finally:
        process.kill()
        process.wait()


def _wait_for(port: int, process: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        if process.poll() is not None:
            pytest.skip("sshd does not run here")
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.02)
    pytest.fail("sshd does not listen")


async def _read(tmp_path: Path, access: RepositoryAccess) -> bytes | None:
    git = GitRepositories(tmp_path / "mirrors", fresh_s=30.0, timeout_s=20.0)
    found = await git.commit(CommitWanted(access=access, revision="HEAD"), request())
    return found.open().read("a.txt")


async def test_a_key_opens_a_repository_of_a_known_host(tmp_path: Path, sshd: _Server) -> None:
    Work(tmp_path, "repo").push({"a.txt": "one"})
    access = RepositoryAccess(url=sshd.url, ssh_private_key=sshd.key, known_hosts=sshd.known_hosts)

    assert await _read(tmp_path, access) == b"one"


async def test_an_unknown_host_is_refused_unless_it_is_not_to_be_checked(
    tmp_path: Path, sshd: _Server
) -> None:
    Work(tmp_path, "repo").push({"a.txt": "one"})
    access = RepositoryAccess(url=sshd.url, ssh_private_key=sshd.key)

    with pytest.raises(SourceError) as caught:
        await _read(tmp_path, access)
    assert "the host's key is not known" in caught.value.line
    assert "argocd-ssh-known-hosts-cm" in caught.value.hint
    unchecked = RepositoryAccess(url=sshd.url, ssh_private_key=sshd.key, insecure=True)
    assert await _read(tmp_path, unchecked) == b"one"


async def test_a_wrong_key_is_refused(tmp_path: Path, sshd: _Server) -> None:
    Work(tmp_path, "repo").push({"a.txt": "one"})
    other = _keygen(tmp_path / "other").read_text()
    access = RepositoryAccess(url=sshd.url, ssh_private_key=other, known_hosts=sshd.known_hosts)

    with pytest.raises(SourceError, match="the SSH key is missing or wrong"):
        await _read(tmp_path, access)
