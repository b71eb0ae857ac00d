"""The file in which the command line keeps servers and sessions."""

from pathlib import Path

import pytest

from tiphys.cli.remote.configuration import (
    Configuration,
    Named,
    Server,
    configuration_file,
    read_configuration,
    write_configuration,
)
from tiphys.model.errors import InvalidInputError

CONTEXT = Named(name="here", server="localhost:8080", user="here")
SERVER = Server(server="localhost:8080", insecure=True)


def test_what_is_written_is_read_again_and_nobody_else_reads_it(tmp_path: Path) -> None:
    file = tmp_path / "argocd" / "config"
    written = Configuration().logged_in(CONTEXT, SERVER, "token")

    write_configuration(file, written)

    assert read_configuration(file) == written
    assert file.stat().st_mode & 0o777 == 0o600


def test_a_file_of_argocd_is_understood(tmp_path: Path) -> None:
    file = tmp_path / "config"
    file.write_text(
        "contexts:\n- name: a\n  server: s\n  user: a\ncurrent-context: a\n"
        "servers:\n- grpc-web-root-path: ''\n  insecure: true\n  server: s\n  plain-text: true\n"
        "users:\n- auth-token: t\n  name: a\n"
    )
    file.chmod(0o600)

    known = read_configuration(file)

    assert known.context() == Named(name="a", server="s", user="a")
    assert known.server("s") == Server(server="s", insecure=True, plain_text=True)
    user = known.user("a")
    assert user is not None
    assert user.auth_token == "t"


@pytest.mark.parametrize("mode", [0o644, 0o660, 0o700])
def test_a_file_that_others_may_read_is_refused(tmp_path: Path, mode: int) -> None:
    file = tmp_path / "config"
    file.write_text("{}")
    file.chmod(mode)

    with pytest.raises(InvalidInputError, match="others may read") as refused:
        read_configuration(file)
    assert "chmod 600" in refused.value.hint


@pytest.mark.parametrize("text", ["contexts: 1", "- a", "a: [", "users: [{name: 1}]"])
def test_what_is_no_configuration_is_refused_in_a_sentence(tmp_path: Path, text: str) -> None:
    file = tmp_path / "config"
    file.write_text(text)
    file.chmod(0o600)

    with pytest.raises(InvalidInputError, match="is not a configuration"):
        read_configuration(file)


def test_no_file_is_an_empty_configuration(tmp_path: Path) -> None:
    assert read_configuration(tmp_path / "none") == Configuration()


def test_a_second_login_replaces_the_session_and_keeps_the_others() -> None:
    other = Named(name="there", server="elsewhere", user="there")
    known = Configuration().logged_in(other, Server(server="elsewhere"), "other")

    twice = known.logged_in(CONTEXT, SERVER, "old").logged_in(CONTEXT, SERVER, "new")

    assert [found.name for found in twice.contexts] == ["there", "here"]
    assert [user.auth_token for user in twice.users] == ["other", "new"]
    assert twice.current_context == "here"


def test_a_context_that_is_forgotten_takes_what_only_it_used() -> None:
    known = Configuration().logged_in(CONTEXT, SERVER, "token")

    assert known.without(CONTEXT) == Configuration()


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({"ARGOCD_CONFIG_DIR": "/a"}, "/a/config"),
        ({"XDG_CONFIG_HOME": "/x"}, "/x/argocd/config"),
        ({}, ".config/argocd/config"),
    ],
)
def test_the_file_lies_where_argocd_keeps_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, variables: dict[str, str], expected: str
) -> None:
    for name in ("ARGOCD_CONFIG_DIR", "XDG_CONFIG_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    for name, value in variables.items():
        monkeypatch.setenv(name, value)

    assert str(configuration_file()).endswith(expected)
