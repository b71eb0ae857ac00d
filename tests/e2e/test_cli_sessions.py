"""Sessions of the command line at a server: the beginning of the tutorial, typed."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.test_login import initial_password
from tests.e2e.world import World, new_world


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Give a world whose passwords nobody else changes."""
    with new_world(tmp_path_factory.mktemp("sessions")) as running:
        yield running


class CommandLine:
    """`tiphys` with a configuration folder of its own."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def run(self, *arguments: str, code: int = 0) -> str:
        unset = {"ARGOCD_SERVER", "ARGOCD_AUTH_TOKEN"}
        environment = {k: v for k, v in os.environ.items() if k not in unset}
        done = subprocess.run(
            [sys.executable, "-m", "tiphys", *arguments],
            capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL,
            env={**environment, "ARGOCD_CONFIG_DIR": str(self._folder)},
        )  # fmt: skip
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout + done.stderr


@pytest.fixture
def typed(tmp_path: Path) -> CommandLine:
    return CommandLine(tmp_path)


def test_log_in_look_around_change_the_password_log_in_again(
    own: World, typed: CommandLine
) -> None:
    address, password = f"127.0.0.1:{own.port}", initial_password(own)
    login = ("login", address, "--plaintext", "--username", "admin", "--password")

    assert "'admin' logged in successfully" in typed.run(*login, password)
    assert "Username: admin" in typed.run("account", "get-user-info")
    assert typed.run("account", "can-i", "sync", "applications", "default/any").strip() == "yes"
    assert "tiphys-server: v" in typed.run("version")
    assert address in typed.run("context")

    changed = "a longer password"
    new = ("--current-password", password, "--new-password", changed)
    try:
        assert "Password updated" in typed.run("account", "update-password", *new)
        refused = typed.run("account", "list", code=20)
        assert "Log in with `tiphys login" in refused
        assert "Invalid username or password" in typed.run(*login, password, code=20)
        typed.run(*login, changed)
        assert "admin" in typed.run("account", "list")
    finally:  # a real cluster is shared by all tests
        typed.run(*login, changed)
        back = ("--current-password", changed, "--new-password", password)
        typed.run("account", "update-password", *back)


def test_a_session_ends_at_the_server_too(own: World, typed: CommandLine) -> None:
    address = f"127.0.0.1:{own.port}"
    typed.run(
        "login", address, "--plaintext", "--username", "admin", "--password", initial_password(own)
    )
    token = typed.run("account", "session-token").strip()

    typed.run("logout", address)

    with_token = ("account", "list", "--server", address, "--plaintext", "--auth-token", token)
    assert "error:" in typed.run(*with_token, code=20)


def test_a_server_that_is_not_there_is_said_in_one_sentence(own: World, typed: CommandLine) -> None:
    said = typed.run("version", "--server", "127.0.0.1:1", "--plaintext", code=20)

    assert "the server cannot be reached" in said
    assert "Traceback" not in said


def test_without_a_server_the_command_says_what_to_do(typed: CommandLine) -> None:
    said = typed.run("account", "list", code=20)

    assert "no server is known" in said
    assert "tiphys login SERVER" in said
